package filesbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/bench/tape"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
)

// importerEnv makes this program the process that imports.
const importerEnv = "FILESBENCH_IMPORT"

func TestMain(m *testing.M) {
	if os.Getenv(importerEnv) == "" {
		os.Exit(m.Run())
	}
	if err := ImportPipe(context.Background(), os.Args[len(os.Args)-1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var smallSize = size{2, 2000}

// measured runs works over contenders and returns the report.
func measured(t *testing.T, opts Options, all []contender, works []work) *report.Report {
	t.Helper()
	realdata.Open(t)
	opts.Dir, opts.Quick = t.TempDir(), true
	for i := range all {
		all[i].quick = smallSize
	}
	r, err := run(t.Context(), opts, all, works)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(opts.Dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, error %v", left, err)
	}
	var table strings.Builder
	if err := r.Table(&table); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table.String())
	return r
}

// able returns the contenders that can run here.
func able(t *testing.T) (all []contender) {
	t.Helper()
	for _, c := range contenders() {
		if c.prepare != nil {
			if testing.Short() {
				continue
			}
			if err := c.prepare(t.Context(), func(line string) { t.Log(line) }); err != nil {
				t.Skip(c.name, ": ", err)
			}
		}
		all = append(all, c)
	}
	return all
}

func TestEveryContenderStoresWhatWasWritten(t *testing.T) {
	all := able(t)
	for _, result := range measured(t, Options{}, all, works()).Results {
		for _, c := range all {
			if n := result.Rows()[c.name]; n != 4000 {
				t.Errorf("%s: %s: %d rows, %v", result.Work, c.name, n, result.Gaps())
			}
		}
		if len(result.Limits) == 0 {
			t.Errorf("%s has no limit", result.Work)
		}
	}
}

func TestAContenderThatIsWrongHasNoFigureAndTheRestGoesOn(t *testing.T) {
	all := []contender{
		contenders()[0],
		{name: "a row less", run: func(_ context.Context, j *job) (time.Duration, error) {
			return time.Second, j.check(int64(j.files.rows()-1), j.files.sum)
		}},
		{name: "another price", run: func(_ context.Context, j *job) (time.Duration, error) {
			return time.Second, j.check(int64(j.files.rows()), j.files.sum*1.001)
		}},
		{name: "lacks it", run: func(context.Context, *job) (time.Duration, error) { return 0, unsupported("no files") }},
		{name: "absent", prepare: func(context.Context, func(string)) error { return errors.New("no Python") }},
		{name: "right", run: func(_ context.Context, j *job) (time.Duration, error) {
			return time.Second, j.check(int64(j.files.rows()), j.files.sum)
		}},
	}
	r := measured(t, Options{}, all, works()[:1])
	result := r.Results[0]
	for name, says := range map[string]string{
		"a row less": "FAILED: check: it has 3999 rows, written were 4000", "another price": "FAILED: check: its prices", "lacks it": "no files",
	} {
		if !slices.ContainsFunc(result.Gaps(), func(g report.Gap) bool { return g.Engine == name && strings.HasPrefix(g.Why, says) }) {
			t.Errorf("%s: got %v, want %q", name, result.Gaps(), says)
		}
	}
	if rows := result.Rows(); len(rows) != 2 || rows[ours] != 4000 || rows["right"] != 4000 {
		t.Errorf("got rows %v", rows)
	}
	if len(r.NotRun) != 1 || r.NotRun[0].Why != "no Python" {
		t.Errorf("not run: %v", r.NotRun)
	}
}

func TestARunThatIsInterruptedInTheMiddleLeavesNothing(t *testing.T) {
	realdata.Open(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	stops := contender{name: "stops", quick: smallSize, run: func(context.Context, *job) (time.Duration, error) {
		cancel()
		return 0, nil
	}}
	_, err := run(ctx, Options{Dir: dir, Quick: true}, []contender{stops}, works())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, error %v", left, err)
	}
}

func TestTheMemoryOfAnImportIsMeasuredInItsProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip(peakMissing)
	}
	t.Setenv(importerEnv, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := func(importer []string, says string) {
		t.Helper()
		r := measured(t, Options{GB: 0.02, Importer: importer}, nil, nil)
		result := r.Results[0]
		rows, gaps := result.Rows()[ours], result.Gaps()
		if says == "" && (rows < 200_000 || len(gaps) > 0) || says != "" && (len(gaps) != 1 || !strings.Contains(gaps[0].Why, says)) {
			t.Errorf("%q: got %d rows, %v, want %q", importer, rows, gaps, says)
		}
	}
	f([]string{self}, "")
	f(nil, "no process")
	f([]string{self + ".none"}, "no such file")
	f([]string{self, os.DevNull}, "") // what stands before the folder is passed over
	t.Setenv(importerEnv, "")
	f([]string{self, "-test.run=^$"}, "FAILED")
}

func TestThePipeHasAsManyBytesAsAskedFor(t *testing.T) {
	realdata.Open(t)
	tapes, err := tape.Read()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	rows, err := writeRows(&out, tapes, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if out.Len() < 100_000 || out.Len() > 100_200 || len(lines) != rows+1 {
		t.Errorf("got %d bytes, %d lines, and %d rows", out.Len(), len(lines), rows)
	}
	if lines[0] != "symbol,datetime,open,high,low,close,volume" || !strings.Contains(lines[1], ".LOCAL,20") {
		t.Errorf("it begins with %q", lines[:2])
	}
}

func TestRowsThatAreNotTheSameAreTold(t *testing.T) {
	f := func(says string, want int, failed error, got ...int) {
		t.Helper()
		rows := iter.Seq2[int, error](func(yield func(int, error) bool) {
			for _, g := range got {
				if !yield(g, nil) {
					return
				}
			}
			if failed != nil {
				yield(0, failed)
			}
		})
		err := same(rows, want, func(n int) int { return n })
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%v of %d: got %v, want %q", got, want, err, says)
		}
	}
	f("", 3, nil, 0, 1, 2)
	f("there are 2 rows", 3, nil, 0, 1)
	f("more than the 1 rows", 1, nil, 0, 1)
	f("row 1 is 7", 3, nil, 0, 7, 2)
	f("gone", 3, errors.New("gone"), 0, 1)
}

func TestLinesHoldWhatTheirRowsDo(t *testing.T) {
	at := market.Time(time.Date(2013, 10, 8, 13, 30, 0, 5e6, time.UTC).UnixNano())
	bar := market.Bar{Time: at - 5e6, Open: 0.1, High: 612.25, Low: 1e-7, Close: 100, Volume: 20_000_000}
	if got := string(appendBar(nil, bar)); got != "2013-10-08 13:30:00,0.1,612.25,0.0000001,100,20000000\n" {
		t.Errorf("bar: got %q", got)
	}
	if got := string(appendTick(nil, market.Tick{Time: at, LastPrice: 1.5, LastVolume: 300})); got != "2013-10-08 13:30:00.005,1.5,300\n" {
		t.Errorf("tick: got %q", got)
	}
}
