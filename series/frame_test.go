package series_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// goodFrame returns a frame of ticks with every type of column.
func goodFrame() series.Frame {
	return series.Frame{
		Key:   ticks,
		Attrs: map[string]string{"zone": "Asia/Shanghai"},
		Time:  []market.Time{minute(0), minute(1)},
		Seq:   []uint32{0, 0},
		Cols: []series.Column{
			{Name: "last_price", Floats: []float64{1, 2}},
			{Name: "bid_price_2", Floats: []float64{0, 2}},
			{Name: "depth", Ints: []int64{0, 2}},
			{Name: "venue", Texts: &series.Texts{Dict: []string{"N", "P"}, Index: []uint32{1, 0}}, Valid: []bool{true, false}},
		},
	}
}

func TestAFrameThatCannotBeStoredSaysWhy(t *testing.T) {
	good := goodFrame()
	if err := good.Validate(); err != nil {
		t.Fatalf("the good frame: %v", err)
	}
	f := func(want string, spoil func(*series.Frame)) {
		t.Helper()
		frame := goodFrame()
		spoil(&frame)
		err := frame.Validate()
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want fault.Invalid with %q", err, want)
		}
	}
	column := func(i int, c series.Column) func(*series.Frame) {
		return func(f *series.Frame) { f.Cols[i] = c }
	}
	f("has no kind", func(f *series.Frame) { f.Key.Kind = 0 })
	f("the exchange is empty", func(f *series.Frame) { f.Key.Symbol.Exchange = "" })
	f("ticks have no interval", func(f *series.Frame) { f.Key.Interval = market.Minute })
	f("only indicators have a name", func(f *series.Frame) { f.Key.Name = "rsi" })
	f(`attribute "Zone" is not named`, func(f *series.Frame) { f.Attrs = map[string]string{"Zone": ""} })
	f(`the value of attribute "zone"`, func(f *series.Frame) { f.Attrs = map[string]string{"zone": "a\nb"} })
	f(`the value of attribute "zone"`, func(f *series.Frame) { f.Attrs = map[string]string{"zone": strings.Repeat("x", 1025)} })
	f("1 values of Seq for 2 rows", func(f *series.Frame) { f.Seq = f.Seq[:1] })
	f("time: row 1: no time", func(f *series.Frame) { f.Time[1] = 0 })
	f("time: row 0: time", func(f *series.Frame) { f.Time[0] = math.MinInt64 })
	f("last_price: row 1: NaN", func(f *series.Frame) { f.Cols[0].Floats[1] = math.NaN() })
	f("depth: row 1: depth 6 is not 0 to 5", func(f *series.Frame) { f.Cols[2].Ints[1] = 6 })
	f("depth: row 0: depth -1 is not 0 to 5", func(f *series.Frame) { f.Cols[2].Ints[0] = -1 })
	f("bid_price_2: row 1: 2 stands in a level beyond depth 1", func(f *series.Frame) { f.Cols[2].Ints[1] = 1 })
	f("bid_price_2: row 0: -0 stands in a level beyond depth 0", func(f *series.Frame) { f.Cols[1].Floats[0] = math.Copysign(0, -1) })
	f("ask_volume_1: row 0: 1 stands in a level beyond depth 0", column(0, series.Column{Name: "ask_volume_1", Floats: []float64{1, 0}}))
	f("bid_price_2: row 1: 2 stands in a level beyond depth 0", column(2, series.Column{Name: "last_volume", Floats: []float64{0, 0}}))
	f("bid_price_2: row 0 has no value", func(f *series.Frame) { f.Cols[1].Valid = []bool{false, true} })
	f("localtime: row 1: time", column(0, series.Column{Name: "localtime", Ints: []int64{0, math.MinInt64}}))
	f("last_price: row 0: +Inf", func(f *series.Frame) { f.Cols[0].Floats[0] = math.Inf(1) })
	f("last_price: the column has 1 values for 2 rows", column(0, series.Column{Name: "last_price", Floats: []float64{1}}))
	f("last_price: the column is of type float64, not int64", column(0, series.Column{Name: "last_price", Ints: []int64{1, 2}}))
	f("last_price: row 1 has no value", column(0, series.Column{Name: "last_price", Floats: []float64{1, 2}, Valid: []bool{true, false}}))
	f("last_price: Valid has 1 values", column(0, series.Column{Name: "last_price", Floats: []float64{1, 2}, Valid: []bool{true}}))
	f("venue: the column stands twice", column(0, series.Column{Name: "venue", Ints: []int64{1, 2}}))
	f("venue: the column has no values, or those of two types", column(3, series.Column{Name: "venue"}))
	f("venue: the column has no values, or those of two types", column(3, series.Column{Name: "venue", Ints: []int64{1, 2}, Floats: []float64{1, 2}}))
	f("venue: row 0: a text has 1025 bytes, more than 1024", func(f *series.Frame) { f.Cols[3].Texts.Dict[1] = strings.Repeat("x", 1025) })
	f("65 extra columns are more than 64", func(f *series.Frame) {
		for i := range 64 {
			f.Cols = append(f.Cols, series.Column{Name: fmt.Sprint("x", i), Ints: []int64{1, 2}})
		}
	})
	f(`venue: the dictionary has "N" twice`, func(f *series.Frame) { f.Cols[3].Texts.Dict[1] = "N" })
	f(`venue: row 0: "\xff" is not UTF-8`, func(f *series.Frame) { f.Cols[3].Texts.Dict[1] = "\xff" })
	f(`venue: the dictionary: "\xff" is not UTF-8`, func(f *series.Frame) { f.Cols[3].Texts.Dict = append(f.Cols[3].Texts.Dict, "\xff") })
	f("venue: row 0: there is no text 2 in a dictionary of 2", func(f *series.Frame) { f.Cols[3].Texts.Index[0] = 2 })
	for _, name := range []string{"", "Venue", "9x", "a-b", "时间", "time", "seq", strings.Repeat("x", 64)} {
		f("an extra column is named by", column(3, series.Column{Name: name, Ints: []int64{1, 2}}))
	}
}

func TestWhatStandsInARowWithoutAValueDoesNotMatter(t *testing.T) {
	f := goodFrame()
	f.Cols = append(f.Cols, series.Column{Name: "settlement", Floats: []float64{math.NaN(), 1}, Valid: []bool{false, true}})
	f.Cols[3].Texts.Index[1] = 99
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
}

func TestBarsAndIndicatorsHaveNoSeqAndWholeSeconds(t *testing.T) {
	f := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(0, 1)})
	f.Seq = []uint32{0}
	if err := f.Validate(); !errors.Is(err, fault.SeriesFrame) {
		t.Errorf("bars with Seq: got %v, want fault.SeriesFrame", err)
	}
	g := series.Frame{Key: series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "rsi(14)"}, Time: []market.Time{minute(0) + 1}}
	if err := g.Validate(); !errors.Is(err, fault.MarketSubsecond) {
		t.Errorf("an indicator between seconds: got %v, want fault.MarketSubsecond", err)
	}
}

func TestACloneSharesNothing(t *testing.T) {
	f := goodFrame()
	g := f.Clone()
	f.Attrs["zone"], f.Time[0], f.Seq[0] = "UTC", 1, 9
	f.Cols[0].Floats[0], f.Cols[3].Valid[0], f.Cols[2].Ints[0], f.Cols[3].Texts.Dict[0], f.Cols[3].Texts.Index[0] = 9, false, 9, "x", 0
	want := goodFrame()
	if g.Attrs["zone"] != "Asia/Shanghai" || !slices.Equal(g.Time, want.Time) || !slices.Equal(g.Seq, want.Seq) {
		t.Errorf("got %+v, want %+v", g, want)
	}
	for i, c := range g.Cols {
		w := want.Cols[i]
		if !slices.Equal(c.Floats, w.Floats) || !slices.Equal(c.Ints, w.Ints) || !slices.Equal(c.Valid, w.Valid) {
			t.Errorf("column %s: got %+v, want %+v", c.Name, c, w)
		}
	}
	if texts := g.Cols[3].Texts; texts.Dict[0] != "N" || texts.Index[0] != 1 {
		t.Errorf("texts: got %+v", texts)
	}
}

func TestFindCutsTicksByMicroseconds(t *testing.T) {
	f := series.Frame{
		Key:  ticks,
		Time: []market.Time{-1500, -999, 999, 1001, 1500, 2000}, // in the microseconds -2, -1, 0, 1, 1, 2
		Seq:  []uint32{0, 0, 0, 0, 1, 0},
	}
	g := func(r market.Range, from, to int) {
		t.Helper()
		if a, b := f.Find(r); a != from || b != to {
			t.Errorf("Find(%v) = %d, %d, want %d, %d", r, a, b, from, to)
		}
	}
	g(market.Range{}, 0, 6)
	g(market.Range{From: 1000, To: 2000}, 3, 5)
	g(market.Range{From: 1000}, 3, 6)
	g(market.Range{To: 1000}, 0, 3)
	g(market.Range{To: 1}, 0, 2) // before 1970
	g(market.Range{From: 1}, 2, 6)
	g(market.Range{From: -2000, To: -1000}, 0, 1)
	g(market.Range{From: 9000}, 6, 6)
	g(market.Range{From: 2000, To: 2000}, 5, 5)
}

func TestKeysAreOrderedByKindSymbolIntervalAndName(t *testing.T) {
	ind := func(name string) series.Key {
		return series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: name}
	}
	other := market.Symbol{Code: "rb2601", Exchange: market.INE}
	want := []series.Key{
		series.BarKey(market.Symbol{Code: "a", Exchange: market.DCE}, market.Week),
		series.BarKey(other, market.Second),
		series.BarKey(rebar, market.Second), series.BarKey(rebar, 24*market.Hour), series.BarKey(rebar, market.Day), series.BarKey(rebar, market.Week),
		ticks, ind("a"), ind("b"),
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, series.Key.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := ind("rsi(14)").String(), "indicator rb2601.SHFE 1m rsi(14)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestANumberThatIsNotFiniteIsFoundInEveryRow(t *testing.T) {
	for row := range 11 {
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			f := manyRows(bars, 11, 1)
			f.Cols[0].Floats[row] = x
			err := f.Validate()
			if want := fmt.Sprintf("open: row %d: %v", row, x); !errors.Is(err, fault.MarketNotFinite) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

func TestAFrameMayGoUpToItsBounds(t *testing.T) {
	f := goodFrame()
	f.Attrs = map[string]string{"zone": strings.Repeat("x", 1024)}
	for i := range 63 {
		f.Attrs[fmt.Sprint("a", i)] = "x"
		f.Cols = append(f.Cols, series.Column{Name: fmt.Sprint("x", i), Ints: []int64{1, 2}})
	}
	f.Cols[3].Texts.Dict[0] = strings.Repeat("x", 1024)
	f.Cols = append(f.Cols, series.Column{Name: "localtime", Ints: []int64{0, int64(market.MaxTime)}})
	f.Time = []market.Time{market.MinTime, market.MaxTime}
	if err := f.Validate(); err != nil {
		t.Errorf("at its bounds: %v", err)
	}
	f.Attrs["b"] = "x"
	if err := f.Validate(); !errors.Is(err, fault.SeriesFrame) {
		t.Errorf("65 attributes: got %v, want fault.SeriesFrame", err)
	}
	f.Attrs = map[string]string{"zone": "\xff"}
	if err := f.Validate(); !errors.Is(err, fault.SeriesFrame) {
		t.Errorf("an attribute that is not UTF-8: got %v, want fault.SeriesFrame", err)
	}
}

func TestASliceSharesItsRowsAndKeepsTheAttributes(t *testing.T) {
	f := goodFrame()
	g := f.Slice(1, 2)
	c := g.Column("venue")
	if g.Attrs["zone"] != "Asia/Shanghai" || !slices.Equal(g.Time, f.Time[1:]) || len(g.Seq) != 1 || !slices.Equal(c.Valid, []bool{false}) {
		t.Errorf("got %+v, want the second row with attributes", g)
	}
	f.Cols[0].Floats[1] = 7
	if g.Cols[0].Floats[0] != 7 {
		t.Errorf("got %v, want the values to be shared", g.Cols[0].Floats)
	}
}

func TestARangeBackwardsHoldsNoRows(t *testing.T) {
	f := manyRows(bars, 5, 0)
	if from, to := f.Find(market.Range{From: 4e9, To: 2e9}); from != to {
		t.Errorf("got rows %d to %d, want none", from, to)
	}
}
