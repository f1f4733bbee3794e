package httpbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/bench/tape"
	"github.com/redfire-quant/redfire/internal/realdata"
)

// serverEnv makes this program the process that serves.
const serverEnv = "HTTPBENCH_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) == "" {
		os.Exit(m.Run())
	}
	if err := Serve(context.Background(), os.Args[len(os.Args)-2:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var smallPlan = plan{big: 9000, symbols: 3, each: 5000, bars: 500, asks: 6, clients: 4, span: 30 * time.Millisecond, rounds: 2, posted: 10_000}

// self is this program, as the process that serves.
func self(t *testing.T) []string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(serverEnv, "1")
	return []string{name}
}

func TestEveryWorkIsMeasured(t *testing.T) {
	realdata.Open(t)
	dir := t.TempDir()
	var progress int
	r, err := run(t.Context(), Options{Dir: dir, Server: self(t), Progress: func(string) { progress++ }}, smallPlan)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, error %v", left, err)
	}
	goals, memories := 0, 0
	for _, result := range r.Results {
		if result.Rows()[ours] == 0 || len(result.Gaps()) > 0 {
			t.Errorf("%s: got %v, %v", result.Work, result.Rows(), result.Gaps())
		}
		if result.Goal > 0 {
			goals++
		}
	}
	for _, n := range r.Notes {
		if strings.HasPrefix(n.Engine, "memory of the server") {
			memories++
		}
	}
	if goals != 9 || memories != len(loads) || progress < len(r.Results) {
		t.Errorf("got %d goals, %d memories, %d lines of progress", goals, memories, progress)
	}
	var table strings.Builder
	if err := errors.Join(r.Table(&table), r.JSON(io.Discard)); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
}

func TestAServerThatDoesNotServeIsTold(t *testing.T) {
	realdata.Open(t)
	f := func(says string, server ...string) {
		t.Helper()
		dir := t.TempDir()
		_, err := run(t.Context(), Options{Dir: dir, Server: server}, smallPlan)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want %q", server, err, says)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%q: left in the folder: %v, error %v", server, left, err)
		}
	}
	f("no process")
	name := self(t)[0]
	f("no such file", name+".none")
	t.Setenv(serverEnv, "")
	f("the server: ", name, "-test.run=^$")
}

func TestArgumentsOfServe(t *testing.T) {
	for _, args := range [][]string{nil, {"a"}, {"a", "b", "c"}} {
		if err := Serve(t.Context(), args, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
	var out strings.Builder
	if err := Serve(t.Context(), []string{t.TempDir(), keepNothing}, strings.NewReader(""), &out); err != nil || !strings.Contains(out.String(), `"plain":"http://127.0.0.1:`) {
		t.Errorf("got %q, error %v", out.String(), err)
	}
}

func TestAnInterruptedRunLeavesNothing(t *testing.T) {
	realdata.Open(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	p := smallPlan
	p.rounds = 1 << 20
	server := self(t)
	_, err := run(ctx, Options{Dir: dir, Server: server, Progress: func(line string) {
		if strings.Contains(line, "as Arrow") {
			cancel()
		}
	}}, p)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, error %v", left, err)
	}
}

func TestTheMedianIsInTheMiddle(t *testing.T) {
	for _, c := range []struct {
		want float64
		of   []float64
	}{{0, nil}, {2, []float64{2}}, {2.5, []float64{3, 2}}, {3, []float64{9, 1, 3}}, {2.5, []float64{9, 1, 3, 2}}} {
		if got := median(c.of); got != c.want {
			t.Errorf("%v: got %v, want %v", c.of, got, c.want)
		}
	}
}

func TestAllWaysOfEncodingJSONWriteOneText(t *testing.T) {
	bars := []plainBar{{Symbol: "a.X", Interval: "1m", Time: 60e9, Open: 1.25, High: 1e-7, Low: 1e21, Close: -0.5, Volume: 100}, {Symbol: "a.X", Interval: "1m", Time: 120e9}}
	for n, want := range []string{
		"[]",
		`[{"symbol":"a.X","interval":"1m","time":"1970-01-01T00:01:00Z","open":1.25,"high":1e-7,"low":1e+21,"close":-0.5,"volume":100,"turnover":0,"open_interest":0}]`,
	} {
		for way, write := range plainWays {
			var b bytes.Buffer
			if err := write(&b, rowsOf(bars[:n], nil)); err != nil || string(lineless(b.Bytes())) != want {
				t.Errorf("%s: got %s, %v, want %s", way, b.Bytes(), err, want)
			}
		}
	}
	gone := errors.New("gone")
	for way, write := range plainWays {
		if err := write(io.Discard, rowsOf(bars, gone)); !errors.Is(err, gone) {
			t.Errorf("%s: got %v", way, err)
		}
	}
}

func rowsOf(bars []plainBar, failed error) iter.Seq2[plainBar, error] {
	return func(yield func(plainBar, error) bool) {
		for _, b := range bars {
			if !yield(b, nil) {
				return
			}
		}
		if failed != nil {
			yield(plainBar{}, failed)
		}
	}
}

func TestWhatIsAskedForIsThereAndTheSameInEachRun(t *testing.T) {
	realdata.Open(t)
	tapes, err := tape.Read()
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{plan: smallPlan, tapes: tapes}
	first, again := r.asks("json"), r.asks("json")
	for i, a := range first {
		if *a != *again[i] {
			t.Errorf("request %d: %+v and %+v", i, a, again[i])
		}
		if a.in.From >= a.in.To || !strings.Contains(a.path("json"), "symbol="+a.symbol.String()) || !strings.Contains(a.plain("rows"), "/json/rows?") {
			t.Errorf("request %d is %s", i, a.path("json"))
		}
	}
}
