package seriesbench

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// spoilt is our store with something wrong.
type spoilt struct {
	us
	row   func(*market.Bar)
	panic bool
	wrote func()
}

// WriteBars writes other bars.
func (e *spoilt) WriteBars(ctx context.Context, parts []bars) error {
	if e.panic {
		panic("no more")
	}
	if e.wrote != nil {
		e.wrote()
	}
	for _, p := range parts {
		rows := slices.Clone(p.rows)
		if e.row != nil {
			e.row(&rows[len(rows)/2])
		}
		if err := e.us.WriteBars(ctx, []bars{{p.symbol, rows}}); err != nil {
			return err
		}
	}
	return nil
}

func entryOf(name string, e engine) entry {
	return entry{name: name, new: func() engine { return e }, plan: small, quick: small}
}

// figuresOf runs everything over some engines beside ours and returns for each
// what it reports: the works with a value, and the reasons for the others.
func figuresOf(t *testing.T, dir string, others ...entry) (measured map[string]int, missing map[string][]string) {
	t.Helper()
	realTapes(t)
	r, err := run(t.Context(), Options{Dir: dir}, append([]entry{entryOf(ours, &us{})}, others...), scenes())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.Table(&out); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
	measured, missing = map[string]int{}, map[string][]string{}
	for _, result := range r.Results {
		for engine := range result.Rows() {
			measured[engine]++
		}
		for _, gap := range result.Gaps() {
			missing[gap.Engine] = append(missing[gap.Engine], gap.Why)
		}
	}
	return measured, missing
}

func TestABrokenEngineHasNoFiguresAndTheRestGoesOn(t *testing.T) {
	dir := t.TempDir()
	measured, missing := figuresOf(t, dir,
		entryOf("another close", &spoilt{row: func(b *market.Bar) { b.Close = math.Nextafter(b.Close, 0) }}),
		entryOf("another turnover", &spoilt{row: func(b *market.Bar) { b.Turnover++ }}),
		entryOf("a row less", &spoilt{row: func(b *market.Bar) { b.Time += market.Time(60e9); b.Volume = 0 }}),
		entryOf("panics", &spoilt{panic: true}),
		entryOf("right", &spoilt{}),
	)
	if measured["right"] != measured[ours] || measured[ours] < 6 {
		t.Errorf("measured are %v", measured)
	}
	for name, says := range map[string]string{
		"another close": "read columns: check: symbol 0, row 500", "another turnover": "read rows: symbol 0, row 500",
		"a row less": "check: ", "panics": "panic: no more",
	} {
		// Ticks are written as they should be; a turnover is no column of batches.
		if most := map[string]int{"another turnover": 4}[name]; measured[name] > max(most, 2) {
			t.Errorf("%s: %d works have figures", name, measured[name])
		}
		if !slices.ContainsFunc(missing[name], func(why string) bool {
			return strings.HasPrefix(why, "FAILED: ") && strings.Contains(why, says)
		}) {
			t.Errorf("%s: got %q, want FAILED with %q", name, missing[name], says)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, error %v", left, err)
	}
}

func TestTheEnginesOfThisProcessHaveFigures(t *testing.T) {
	var others []entry
	for _, e := range entries()[1:] {
		if e.prepare == nil {
			e.plan = small
			others = append(others, e)
		}
	}
	measured, missing := figuresOf(t, t.TempDir(), others...)
	for _, e := range others {
		if measured[e.name] < 5 {
			t.Errorf("%s: %d works have figures", e.name, measured[e.name])
		}
		for _, why := range missing[e.name] {
			if strings.HasPrefix(why, "FAILED") {
				t.Errorf("%s: %s", e.name, why)
			}
		}
	}
}

func TestAnEngineThatCannotRunIsToldOf(t *testing.T) {
	realTapes(t)
	absent := entry{name: "absent", prepare: func(context.Context, func(string)) error { return errors.New("no Python") }}
	r, err := run(t.Context(), Options{Dir: t.TempDir()}, []entry{entryOf(ours, &us{}), absent}, scenes()[:1])
	if err != nil {
		t.Fatal(err)
	}
	if len(r.NotRun) != 1 || r.NotRun[0].Engine != "absent" || r.NotRun[0].Why != "no Python" {
		t.Errorf("got %v", r.NotRun)
	}
}

func TestARunThatIsInterruptedInTheMiddleLeavesNothing(t *testing.T) {
	realTapes(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	all := []entry{entryOf(ours, &us{}), entryOf("stops", &spoilt{wrote: cancel}), entryOf("never", &spoilt{panic: true})}
	_, err := run(ctx, Options{Dir: dir}, all, scenes())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, error %v", left, err)
	}
}

func TestDaysAreCountedSymbolBySymbol(t *testing.T) {
	const day = market.Time(24 * time.Hour)
	b := func(at market.Time) market.Bar { return market.Bar{Time: at} }
	all := []bars{
		{rows: []market.Bar{b(5*day - 1), b(5 * day), b(6*day - 1), b(9 * day)}},
		{rows: []market.Bar{b(9 * day), b(9*day + 1)}},
		{},
	}
	if got := days(all); !slices.Equal(got, []int{1, 2, 1, 2}) {
		t.Errorf("got %v", got)
	}
}

func TestHoursAreWhatTheyShouldBe(t *testing.T) {
	const minute = market.Time(60e9)
	at := market.Time(1_700_000_000) / 3600 * 3600 * 1e9
	b := func(after market.Time, open, high, low, closing, volume float64) market.Bar {
		return market.Bar{Time: at + after*minute, Open: open, High: high, Low: low, Close: closing, Volume: volume}
	}
	all := []bars{
		{rows: []market.Bar{b(5, 2, 3, 1, 2, 10), b(6, 2, 9, 2, 3, 20), b(60, 4, 4, 4, 4, 1)}},
		{rows: []market.Bar{b(60, 5, 6, 5, 6, 2)}},
	}
	want := []market.Bar{b(0, 2, 9, 1, 3, 30), b(60, 4, 4, 4, 4, 1), b(60, 5, 6, 5, 6, 2)}
	var got []market.Bar
	if err := hours(all, func(h market.Bar) error { got = append(got, h); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestACheckerFindsWhatIsTooMuchAndTooLittle(t *testing.T) {
	all := []bars{{rows: []market.Bar{{Time: 1}, {Time: 2}}}, {}, {rows: []market.Bar{{Time: 3}}}}
	f := func(says string, times ...market.Time) {
		t.Helper()
		check, failed := checkBars(all, differentBar), error(nil)
		for _, at := range times {
			if failed == nil {
				failed = check.next(&market.Bar{Time: at})
			}
		}
		if failed == nil {
			failed = check.end()
		}
		if says == "" && failed != nil || says != "" && (failed == nil || !strings.Contains(failed.Error(), says)) {
			t.Errorf("%v: got %v, want %q", times, failed, says)
		}
	}
	f("", 1, 2, 3)
	f("read 2 rows, written were 3", 1, 2)
	f("read 0 rows, written were 3")
	f("more rows than were written", 1, 2, 3, 4)
	f("symbol 0, row 1", 1, 3)
	f("symbol 2, row 0", 1, 2, 2)
}
