package marketfile

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// realOptions are those that the files of real bars need, by symbol.
func realOptions(t testing.TB) map[string]Options {
	newYork, shanghai := zoned(t, "America/New_York"), zoned(t, "Asia/Shanghai")
	return map[string]Options{
		"SPX":     {Path: "{symbol}/{interval}.csv", DateOrder: MonthDayYear},
		"COMP":    {Path: "{symbol}/{interval}.csv", DateOrder: MonthDayYear},
		"AAPL":    {Path: "{symbol}/{interval}.csv"},
		"SPY":     {Path: "{symbol}/{interval}_*.csv", Zone: newYork, BarTime: Start},
		"BTCUSD":  {Path: "{symbol}/{interval}_*.csv"},
		"BTCUSDT": {Path: "{symbol}/{interval}_*.csv"},
		"rb":      {Path: "{symbol}/{interval}_*.csv", Zone: shanghai, Preset: "wtpy"},
	}
}

func TestRealBarsAreImportedRowForRow(t *testing.T) {
	options := realOptions(t)
	for _, set := range realdata.Open(t).Bars {
		o := options[set.Symbol.Code]
		o.Rejects = t.TempDir()
		s := emptyStore(t)
		var want []market.Bar
		for b, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, b)
		}
		for i := range 2 {
			r, err := imports(t, s, series.Bars, &o, set.File)
			if err != nil || r.Read != int64(len(want)) || []int64{r.New, r.Unchanged}[i] != r.Read {
				t.Fatalf("%s: got %s %v, %v", set.Symbol, counts(r), r.Reasons, err)
			}
		}
		i := 0
		for got, err := range s.Bars(t.Context(), set.Symbol, set.Interval, market.Range{}) {
			if err != nil || i == len(want) || got != want[i] {
				t.Fatalf("%s: row %d: got %+v, %v", set.Symbol, i, got, err)
			}
			i++
		}
		if i != len(want) {
			t.Errorf("%s: %d rows came back of %d", set.Symbol, i, len(want))
		}
	}
}

func TestRealBarsNeedTheirOptions(t *testing.T) {
	want := map[string][]string{
		"SPX": {"symbol", "interval", "date-order", "tz", "bar-time"}, "COMP": {"symbol", "interval", "date-order", "tz", "bar-time"},
		"AAPL": {"symbol", "interval", "tz", "bar-time"}, "SPY": {"symbol", "interval", "tz", "bar-time"},
		"BTCUSD": {"symbol", "interval"}, "BTCUSDT": {"symbol", "interval"}, "rb": {"symbol", "interval", "tz", "bar-time"},
	}
	withPath := map[string][]string{"SPX": {"date-order"}, "COMP": {"date-order"}, "SPY": {"tz", "bar-time"}, "rb": {"tz", "bar-time"}}
	options := realOptions(t)
	for _, set := range realdata.Open(t).Bars {
		s := emptyStore(t)
		_, err := imports(t, s, series.Bars, &Options{}, set.File)
		if got := neededBy(t, err); !slices.Equal(got, want[set.Symbol.Code]) {
			t.Errorf("%s: got %v, want %v", set.Symbol, got, want[set.Symbol.Code])
		}
		needed := withPath[set.Symbol.Code]
		if needed == nil {
			continue
		}
		_, err = imports(t, s, series.Bars, &Options{Path: options[set.Symbol.Code].Path}, set.File)
		if got := neededBy(t, err); !slices.Equal(got, needed) {
			t.Errorf("%s: got %v, want %v", set.Symbol, got, needed)
		}
	}
}

// Of SPY's trades 18 % equal an earlier one in every column. All come back.
func TestRealTradesAreImportedRowForRow(t *testing.T) {
	for _, set := range fewer.Some(realdata.Open(t).Ticks) {
		s, err := localseries.Open(t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		o := &Options{Path: "{symbol}/*", Rejects: t.TempDir()}
		if set.Symbol.Exchange == market.NYSE {
			o.Keep = []Kept{{Column: "venue"}}
		}
		r, err := imports(t, s, series.Ticks, o, set.Files...)
		if err != nil || r.New != r.Read || r.Files != len(set.Files) {
			t.Fatalf("%s: got %s %v, %v", set.Symbol, counts(r), r.Reasons, err)
		}
		again, err := imports(t, s, series.Ticks, o, set.Files...)
		if err != nil || again.Unchanged != r.Read {
			t.Errorf("%s: got %s, %v", set.Symbol, counts(again), err)
		}
		if got := int64(compareTrades(t, s, set)); got != r.Read {
			t.Errorf("%s: %d rows came back of %d", set.Symbol, got, r.Read)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// compareTrades compares what is stored with the rows of the files, and returns
// how many there are.
func compareTrades(t *testing.T, s *series.Store, set realdata.Ticks) (n int) {
	t.Helper()
	var want []realdata.Trade
	for x, err := range set.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, x)
	}
	for f, err := range s.Read(t.Context(), series.Query{Keys: []series.Key{series.TickKey(set.Symbol)}}) {
		if err != nil {
			t.Fatal(err)
		}
		venues := f.Column("venue")
		i := 0
		for got := range f.Ticks() {
			venue := ""
			if venues != nil {
				venue = venues.Texts.Dict[venues.Texts.Index[i]]
			}
			if n == len(want) || got != want[n].Tick || venue != want[n].Venue {
				t.Fatalf("%s: row %d: got %+v of %q", set.Symbol, n, got, venue)
			}
			i++
			n++
		}
	}
	return n
}

// Files of a week, the last day first: sorting gives the same as their order.
func TestRealTradesAreSorted(t *testing.T) {
	sets := realdata.Open(t).Ticks
	set := sets[len(sets)-1]
	files := slices.Clone(set.Files)
	slices.Reverse(files)
	s := emptyStore(t)
	o := &Options{Path: "{symbol}/*", Keep: []Kept{{Column: "venue"}}, Rejects: t.TempDir(), Scratch: scratchIn(t)}
	r, err := imports(t, s, series.Ticks, o, files...)
	if err != nil || r.New != r.Read || compareTrades(t, s, set) != int(r.Read) {
		t.Errorf("got %s, %v", counts(r), err)
	}
	if _, err := imports(t, s, series.Ticks, &Options{}, set.Files[0]); !slices.Equal(neededBy(t, err), []string{"symbol"}) {
		t.Errorf("got %v", err)
	}
	if all, _ := filepath.Glob(filepath.Join(o.Rejects, "*")); len(all) > 0 {
		t.Errorf("got %v", all)
	}
}
