package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// typed runs a command over a data folder and returns what it printed.
func typed(t *testing.T, wantCode int, data string, args ...string) (out, errs string) {
	t.Helper()
	p, o, e := newProgram()
	if code := p.run(t.Context(), append(args, "--data", data)); code != wantCode {
		t.Fatalf("%v: exit code %d, want %d\n%s", args, code, wantCode, e)
	}
	return o.String(), e.String()
}

// commands are those that read or write a store of filled.
var commands = [][]string{
	{"bars", "ls"},
	{"ticks", "ls", "-o", "json"},
	{"bars", "get", "rb2601.SHFE", "1m", "-o", "csv"},
	{"bars", "get", "rb2601.SHFE", "1m", "-o", "json"},
	{"bars", "get", "rb2601.SHFE", "1m"},
	{"ticks", "get", "rb2601.SHFE", "-o", "ndjson"},
	{"bars", "rm", "btcusdt.LOCAL", "--until", "2000-01-01"},
	{"bars", "resample", "rb2601.SHFE", "1m", "1h", "--dry-run", "-o", "csv"},
	{"bars", "resample", "rb2601.SHFE", "1m", "4h"},
	{"ticks", "bars", "rb2601.SHFE", "1m"},
	{"ticks", "profile", "rb2601.SHFE", "--step", "1"},
	{"bars", "verify"},
}

func TestAResultOfTheStoreThatCannotBeWrittenIsAnError(t *testing.T) {
	data := filled(t)
	for _, args := range commands {
		p, _, errs := newProgram()
		p.out = full{}
		if code := p.run(t.Context(), append(args, "--data", data)); code != 1 {
			t.Errorf("%v to a full disk: exit code %d, want 1", args, code)
		}
		if got := errs.String(); !strings.Contains(got, "no space left on device") || !strings.Contains(got, "RF-CLI-003") {
			t.Errorf("%v to a full disk: stderr %q does not say so", args, got)
		}
	}
}

func TestAnInterruptedCommandEndsWith130(t *testing.T) {
	data := filled(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	copied := filepath.Join(t.TempDir(), "copy")
	all := append(slices.Clone(commands),
		[]string{"bars", "backup", copied},
		[]string{"bars", "salvage", copied},
		[]string{"bars", "rm", "rb2601.SHFE", "--yes"},
	)
	for _, args := range all {
		p, _, errs := newProgram()
		if code := p.run(ctx, append(args, "--data", data)); code != 130 {
			t.Errorf("%v: exit code %d, want 130; stderr %q", args, code, errs)
		}
	}
	if _, err := os.Stat(copied); err == nil {
		t.Error("half a copy was left")
	}
	if out, _ := typed(t, 0, data, "bars", "ls", "-o", "ndjson"); strings.Count(out, "\n") != 4 {
		t.Errorf("after the interruptions there are\n%s", out)
	}
}

// A terminal that says nothing.
type silent struct{ ctx context.Context } //nolint:containedctx // it lives as long as a test

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, io.EOF
}

func TestAnInterruptionEndsAQuestion(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, _, _ := newProgram()
	p.run(ctx, []string{"version"})
	p.in = silent{t.Context()}
	cancel()
	if _, err := p.ask(ctx, "?"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestTheEndOfALogThatWasMovedAsideIsTold(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		data := filled(t)
		logs, err := filepath.Glob(filepath.Join(data, "series", "log", "*.log"))
		if err != nil || len(logs) != 1 {
			t.Fatalf("got logs %q, %v", logs, err)
		}
		log, err := os.OpenFile(logs[0], os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = log.WriteString(strings.Repeat("torn", 100))
		if err := errors.Join(err, log.Close()); err != nil {
			t.Fatal(err)
		}
		_, errs := typed(t, 0, data, append([]string{"bars", "ls"}, args...)...)
		if !strings.HasPrefix(errs, want) || !strings.Contains(errs, ".torn") {
			t.Errorf("%v: got %q, want %q", args, errs, want)
		}
		if _, errs := typed(t, 0, data, "bars", "ls"); errs != "" {
			t.Errorf("told again: %q", errs)
		}
	}
	f("warning: the end of the log, 400 bytes that were never acknowledged, was moved aside to ")
	f("警告：日志末尾 400 字节（从未确认写入）已移至 ", "--lang", "zh")
	f(`{"warning":"the end of the log, 400 bytes`, "-o", "json")
}

func TestTheNewestRowsAreTheLastOfAll(t *testing.T) {
	data := filled(t)
	all, _ := typed(t, 0, data, "ticks", "get", "rb2601.SHFE", "-o", "ndjson")
	lines := strings.SplitAfter(strings.TrimSpace(all), "\n")
	for n := 1; n <= 130; n++ {
		got, _ := typed(t, 0, data, "ticks", "get", "rb2601.SHFE", "-o", "ndjson", "--last", strconv.Itoa(n))
		if want := strings.Join(lines[max(0, len(lines)-n):], ""); strings.TrimSpace(got) != want {
			t.Fatalf("--last %d: got\n%s\nwant\n%s", n, got, want)
		}
	}
	before, _ := typed(t, 0, data, "ticks", "get", "rb2601.SHFE", "-o", "ndjson", "--last", "3", "--until", "2026-01-05T01:00:20.000001Z")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, `01:00:20Z","seq":1`) })
	if want := strings.Join(lines[i-2:i+1], ""); before != want {
		t.Errorf("--last 3 --until: got\n%s\nwant\n%s", before, want)
	}
}

// What is printed is read back as the same, in each form.
func TestRowsAreReadBackAsTheyAreStored(t *testing.T) {
	data := filled(t)
	rng := rand.New(rand.NewPCG(1, 2))
	odd := []float64{0.1, 1e-9, 123456789.123, -37.63, 5e-324, 1.7976931348623157e308, 1e21, 0.30000000000000004, math.Copysign(0, -1)}
	var want []market.Bar
	for i := range 500 {
		x := rng.NormFloat64() * math.Pow(10, float64(rng.IntN(12)-4))
		want = append(want, market.Bar{Time: market.Time(i+1) * 1e9, Open: x, High: odd[i%len(odd)], Low: -x, Close: math.Round(x), Volume: float64(i)})
	}
	y := symbol("odd", market.LOCAL)
	s, err := localseries.Open(filepath.Join(data, "series"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.WriteBars(t.Context(), y, market.Second, want), s.Close()); err != nil {
		t.Fatal(err)
	}
	same := func(form string, got []market.Bar) {
		t.Helper()
		if !slices.EqualFunc(got, want, func(a, b market.Bar) bool {
			return a == b && math.Signbit(a.High) == math.Signbit(b.High)
		}) {
			t.Errorf("%s: the bars are not those that were stored", form)
		}
	}
	var got []market.Bar
	out, _ := typed(t, 0, data, "bars", "get", "odd.LOCAL", "-o", "json", "--tz", "Asia/Shanghai")
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	same("json", got)
	out, _ = typed(t, 0, data, "bars", "get", "odd.LOCAL", "-o", "ndjson")
	got = nil
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var b market.Bar
		if err := d.Decode(&b); err != nil {
			t.Fatal(err)
		}
		got = append(got, b)
	}
	same("ndjson", got)
	out, _ = typed(t, 0, data, "bars", "get", "odd.LOCAL", "-o", "csv", "--tz", "-03:30")
	same("csv", parseBars(t, out))
}

func parseBars(t *testing.T, text string) []market.Bar {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []market.Bar
	for _, l := range lines[1:] {
		var b market.Bar
		if b.Time, err = market.ParseTime(l[0], nil); err != nil {
			t.Fatal(err)
		}
		for i, x := range []*float64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume, &b.Turnover, &b.OpenInterest} {
			if *x, err = strconv.ParseFloat(l[i+1], 64); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, b)
	}
	return all
}

// Ticks as market.Tick writes them are read back too: levels beyond the depth are
// null, which is as good as left out.
func TestTicksAreReadBackAsTheyAreStored(t *testing.T) {
	out, _ := typed(t, 0, filled(t), "ticks", "get", "rb2601.SHFE", "-o", "json")
	var got []market.Tick
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if want := ticks(100); !slices.Equal(got, want) {
		t.Errorf("got %d ticks that are not the %d stored", len(got), len(want))
	}
}

// seconds stores n bars of a second, and in each hundred of them a hole of 20.
func seconds(t *testing.T, data string, n int) {
	t.Helper()
	s, err := localseries.Open(filepath.Join(data, "series"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []market.Bar
	begin := instant("2026-01-05 09:00")
	for i := range n {
		if i%100 < 80 {
			x := float64(i % 977)
			all = append(all, market.Bar{Time: begin + market.Time(i)*market.Time(time.Second), Open: x, High: x + 1, Low: x - 1, Close: x, Volume: 1})
		}
	}
	stale := []market.Bar{
		{Time: begin - market.Time(time.Hour), Close: 1}, // before the first second
		{Time: begin + 90*market.Time(time.Second)},      // in a hole
		{Time: begin + 1000*market.Time(time.Second)},    // where another will be
		{Time: begin + market.Time(n+10)*1e9&^1, Low: 2}, // behind the last second
	}
	stale[3].Time -= stale[3].Time % 2e9
	y := symbol("cu2603", market.SHFE)
	err = errors.Join(s.WriteBars(t.Context(), y, market.Second, all), s.WriteBars(t.Context(), y, 2*market.Second, stale), s.Close())
	if err != nil {
		t.Fatal(err)
	}
}

func TestResamplingInPartsIsTheSameAsAtOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	const n = 4 * partRows
	seconds(t, data, n)
	want, _ := typed(t, 0, data, "bars", "resample", "cu2603.SHFE", "1s", "2s", "--dry-run", "-o", "csv")
	windows := int64(strings.Count(want, "\n") - 1)
	if windows < partRows {
		t.Fatalf("there are %d windows, not more than a part", windows)
	}
	f := func(want series.Counts) {
		t.Helper()
		out, _ := typed(t, 0, data, "bars", "resample", "cu2603.SHFE", "1s", "2s", "-o", "json")
		var got series.Counts
		if err := json.Unmarshal([]byte(out), &got); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	f(series.Counts{New: windows - 1, Replaced: 1, Deleted: 1})
	f(series.Counts{Unchanged: windows})
	got, _ := typed(t, 0, data, "bars", "get", "cu2603.SHFE", "2s", "-o", "csv", "--tz", "Asia/Shanghai")
	lines := strings.SplitAfter(got, "\n")
	if len(lines) != int(windows)+4 { // the head, two others, and the end
		t.Fatalf("got %d lines for %d windows", len(lines), windows)
	}
	lines = slices.Delete(lines, 1, 2)
	lines = slices.Delete(lines, len(lines)-2, len(lines)-1)
	if strings.Join(lines, "") != want {
		t.Error("the bars stored are not those that --dry-run prints")
	}
}

func TestSumsThatCannotBeStoredAreNotPrintedEither(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s, err := localseries.Open(filepath.Join(data, "series"), nil)
	if err != nil {
		t.Fatal(err)
	}
	huge := []market.Bar{{Time: 1e18, Volume: 1.5e308}, {Time: 1e18 + 60e9, Volume: 1.5e308}}
	if err := errors.Join(s.WriteBars(t.Context(), symbol("x", market.LOCAL), market.Minute, huge), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{"--dry-run", "--dry-run=false"} {
		_, errs := typed(t, 2, data, "bars", "resample", "x.LOCAL", "1m", "1h", "--tz", "+01:00", more)
		if !strings.Contains(errs, "is not a finite number") {
			t.Errorf("%s: got %q", more, errs)
		}
	}
}

func TestDecimalsHaveNoMoreDigitsThanTheyNeed(t *testing.T) {
	f := func(x float64, want string) {
		t.Helper()
		if got := decimal(x).String(); got != want {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
	f(3100, "3100")
	f(3110.1, "3110.1")
	f(math.Nextafter(0.3, 1), "0.30000000000000004")
	f(-37.63, "-37.63")
	f(0.00000012, "0.00000012")
	f(1e20, "100000000000000000000")
	f(1e21, "1e+21")
	f(5e-324, "5e-324")
}

func TestTimesOfClocksBeforeZonesAreReadBack(t *testing.T) {
	zone, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"1890-01-01T00:00:00Z", "2026-01-05T01:30:00.000000001Z", "1988-07-01T00:00:00Z"} {
		want, err := market.ParseTime(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := market.ParseTime(stamp{want, zone}.String(), nil); err != nil || got != want {
			t.Errorf("%s: read back as %s, %v", text, got, err)
		}
	}
}

func TestTheStoreIsNotLookedForWhereItIsNotWanted(t *testing.T) {
	var out bytes.Buffer
	p := &program{out: &out, err: &out, env: []string{}}
	p.run(t.Context(), []string{"version"})
	p.data = filepath.Join(t.TempDir(), "new")
	o, err := p.openSeries(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if o.path != filepath.Join(p.data, "series") || o.engine == nil {
		t.Errorf("got %+v", o)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(t.TempDir(), "series")
	if err := errors.Join(os.Mkdir(mine, 0o750), os.WriteFile(filepath.Join(mine, "notes"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	p.data = filepath.Dir(mine)
	if _, err := p.openSeries(t.Context(), false); err == nil || !strings.Contains(err.Error(), "has files in it, notes among them") {
		t.Errorf("a folder of somebody's: got %v", err)
	}
}
