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
	"github.com/redfire-quant/redfire/series/memseries"
)

func TestChangesAtTheEndsOfTimeCanBeRead(t *testing.T) {
	for _, at := range []market.Time{market.MinTime, -1000, -999, 1, 999, 1000, market.MaxTime} {
		for _, e := range []series.Engine{memseries.NewEngine(), forgetful{memseries.NewEngine()}} {
			s := series.New(e, nil)
			var since uint64
			if _, ok := e.(forgetful); ok {
				since = lastChange(t, s)
			}
			row := market.Tick{Time: at, LastPrice: 1}
			counts, err := s.Write(t.Context(), []series.Frame{series.FrameOfTicks(rebar, []market.Tick{row})}, &series.WriteOptions{Count: true})
			if err != nil || counts.New+counts.Unchanged != 1 || counts.Deleted != 0 {
				t.Errorf("%d: got %+v, %v, want one row", at, counts, err)
			}
			changed := collect(t, s.Changes(t.Context(), since))
			got := collect(t, s.Ticks(t.Context(), rebar, changed[0].Range))
			if len(got) != 1 || got[0] != row {
				t.Errorf("%d: in %s: got %v, want %v", at, changed[0].Range, got, row)
			}
		}
	}
}

// cellText is the value of row i of c, as text.
func cellText(c *series.Column, i int) string {
	switch c.Type() {
	case series.Float64:
		return fmt.Sprintf("%s=%v", c.Name, c.Floats[i])
	case series.Int64:
		return fmt.Sprintf("%s=%d", c.Name, c.Ints[i])
	}
	return fmt.Sprintf("%s=%q", c.Name, c.Texts.Dict[c.Texts.Index[i]])
}

// rowTexts tells the rows of f, absent values left out, columns by name.
func rowTexts(f *series.Frame) []string {
	var rows []string
	for i, at := range f.Time {
		var cells []string
		for j := range f.Cols {
			if c := &f.Cols[j]; c.Valid == nil || c.Valid[i] {
				cells = append(cells, cellText(c, i))
			}
		}
		slices.Sort(cells)
		rows = append(rows, fmt.Sprintf("%d: %s", at, strings.Join(cells, " ")))
	}
	return rows
}

// wantRows wants s to have the rows of k that rowTexts tells.
func wantRows(t *testing.T, s *series.Store, k series.Key, want ...string) {
	t.Helper()
	var got []string
	for f, err := range s.Read(t.Context(), series.Query{Keys: []series.Key{k}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rowTexts(f)...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows of %s: got\n%s\nwant\n%s", k, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func wantCounts(t *testing.T, s *series.Store, want series.Counts, frames ...series.Frame) {
	t.Helper()
	if got, err := s.Write(t.Context(), frames, &series.WriteOptions{Count: true}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func indicator(name string) series.Key {
	return series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: name}
}

func TestFramesOfOneKeyAreJoinedRowByRow(t *testing.T) {
	s := open(t)
	a := series.Frame{Key: bars, Time: []market.Time{3e9, 1e9, 5e9}, Cols: []series.Column{
		{Name: "open", Floats: []float64{3, 1, 5}},
		{Name: "id", Ints: []int64{33, 11, 55}, Valid: []bool{true, false, true}},
	}}
	b := series.Frame{Key: bars, Time: []market.Time{2e9, 4e9, 5e9}, Cols: []series.Column{
		{Name: "close", Floats: []float64{2, 4, 6}},
		{Name: "note", Texts: &series.Texts{Dict: []string{"x", "y", "z"}, Index: []uint32{2, 9, 0}}, Valid: []bool{true, false, true}},
	}}
	if _, err := s.Write(t.Context(), []series.Frame{a, b}, nil); err != nil {
		t.Fatal(err)
	}
	wantRows(t, s, bars,
		"1000000000: close=0 open=1",
		`2000000000: close=2 note="z" open=0`,
		"3000000000: close=0 id=33 open=3",
		"4000000000: close=4 open=0",
		`5000000000: close=6 note="x" open=0`,
	)
}

func TestAJoinedFrameHasNoValidWhereEveryRowHasAValue(t *testing.T) {
	e := &seeing{Engine: memseries.NewEngine()}
	a := series.Frame{Key: bars, Time: []market.Time{2e9}, Cols: []series.Column{{Name: "open", Floats: []float64{2}}}}
	b := series.Frame{Key: bars, Time: []market.Time{1e9}, Cols: []series.Column{{Name: "close", Floats: []float64{1}}}}
	if _, err := series.New(e, nil).Write(t.Context(), []series.Frame{a, b}, nil); err != nil {
		t.Fatal(err)
	}
	for i := range e.frames {
		if err := e.frames[i].Validate(); err != nil || e.frames[i].Len() != 2 {
			t.Errorf("the engine was given %+v: %v, want a valid frame of 2 rows", e.frames[i], err)
		}
	}
	if len(e.frames) != 1 {
		t.Errorf("got %d frames, want 1", len(e.frames))
	}
}

func TestOfManyRowsInOnePlaceTheLastCounts(t *testing.T) {
	s := open(t)
	var rows []market.Bar
	for i := range 300 {
		rows = append(rows, bar(i%3, float64(i)))
	}
	writeBars(t, s, rows...)
	wantBars(t, s, market.Range{}, rows[297:]...)
	f := series.Frame{Key: indicator("rsi"), Time: []market.Time{1e9, 1e9}, Cols: []series.Column{{Name: "rsi", Floats: []float64{1, 2}}}}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Errorf("an indicator: %v", err)
	}
	wantRows(t, s, f.Key, "1000000000: rsi=2")
}

func TestOfSeveralAttributesInOneCallTheLastCount(t *testing.T) {
	s := open(t)
	f := func(name string, want map[string]string, attrs ...map[string]string) {
		t.Helper()
		var frames []series.Frame
		for i, a := range attrs {
			g := series.FrameOfBars(rebar, market.Minute, []market.Bar{bar(9-i, 1), bar(8-i, 1)})
			g.Attrs = a
			frames = append(frames, g)
		}
		if _, err := s.Write(t.Context(), frames, nil); err != nil {
			t.Fatal(err)
		}
		got := collect(t, s.Overview(t.Context(), series.Filter{}))
		if len(got) != 1 || fmt.Sprint(got[0].Attrs) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	a, b := map[string]string{"source": "a"}, map[string]string{"source": "b"}
	f("one frame that is not in order", a, a)
	f("none are said", a, nil, nil)
	f("the last are said", b, a, b)
	f("the first are said", a, a, nil)
	f("they are taken away", nil, a, map[string]string{})
}

func TestARowIsTheSameOnlyIfEveryColumnIs(t *testing.T) {
	frame := func(cols ...series.Column) series.Frame {
		return series.Frame{Key: bars, Time: []market.Time{1e9}, Cols: cols}
	}
	number := func(name string, x float64) series.Column { return series.Column{Name: name, Floats: []float64{x}} }
	integer := func(x int64) series.Column { return series.Column{Name: "id", Ints: []int64{x}} }
	text := func(x string) series.Column {
		return series.Column{Name: "note", Texts: &series.Texts{Dict: []string{x}, Index: []uint32{0}}}
	}
	absent := series.Column{Name: "id", Ints: []int64{7}, Valid: []bool{false}}
	f := func(name string, same bool, old, f series.Frame) {
		t.Helper()
		s := open(t)
		if _, err := s.Write(t.Context(), []series.Frame{old}, nil); err != nil {
			t.Fatal(err)
		}
		want := series.Counts{Replaced: 1}
		if same {
			want = series.Counts{Unchanged: 1}
		}
		t.Run(name, func(t *testing.T) { wantCounts(t, s, want, f) })
	}
	f("another number", false, frame(number("open", 1)), frame(number("open", 2)))
	f("a minus", false, frame(number("open", 0)), frame(number("open", math.Copysign(0, -1))))
	f("another integer", false, frame(integer(1)), frame(integer(2)))
	f("another text", false, frame(text("a")), frame(text("b")))
	f("an integer that is gone", false, frame(integer(1)), frame())
	f("an integer 0 that is gone", false, frame(integer(0)), frame())
	f("an integer 0 that was not there", false, frame(), frame(integer(0)))
	f("an integer 0 that is absent", false, frame(integer(0)), frame(absent))
	f("a base column that is gone", false, frame(number("open", 1)), frame())
	f("an absent integer", true, frame(), frame(absent))
	f("no column for an absent one", true, frame(absent, text("a")), frame(text("a")))
	f("a base column of 0 that is left out", true, frame(number("open", 0)), frame())
	f("a base column of 0 that was left out", true, frame(), frame(number("open", 0)))
	f("a text that is empty", false, frame(text("")), frame())
}

func TestATickAtAnotherNanosecondIsAnotherTick(t *testing.T) {
	s := open(t)
	a, b := tick(1, 0, 1), tick(1, 0, 1)
	b.Time += 5
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{a, b}); !errors.Is(err, fault.SeriesSamePlace) {
		t.Errorf("in one call: got %v, want fault.SeriesSamePlace", err)
	}
	wantCounts(t, s, series.Counts{New: 1}, series.FrameOfTicks(rebar, []market.Tick{b}))
	wantCounts(t, s, series.Counts{Replaced: 1}, series.FrameOfTicks(rebar, []market.Tick{a}))
	wantCounts(t, s, series.Counts{Unchanged: 1}, series.FrameOfTicks(rebar, []market.Tick{a}))
}

func TestAChangeOfTicksCoversTheirWholeMicroseconds(t *testing.T) {
	s := series.New(forgetful{memseries.NewEngine()}, nil)
	since := lastChange(t, s)
	at := func(times ...market.Time) {
		t.Helper()
		var rows []market.Tick
		for i, x := range times {
			rows = append(rows, market.Tick{Time: x, Seq: uint32(i), LastPrice: 1})
		}
		if err := s.WriteTicks(t.Context(), rebar, rows); err != nil {
			t.Fatal(err)
		}
	}
	at(5_123, 7_001)
	at(7)      // the first microsecond of 1970
	at(-1_500) // before 1970
	if _, err := s.Write(t.Context(), []series.Frame{{Key: ticks, Seq: []uint32{}, Attrs: map[string]string{"source": "x"}}}, nil); err != nil {
		t.Fatal(err)
	}
	want := []market.Range{{From: 5_000, To: 8_000}, {From: 1, To: 1_000}, {From: -2_000, To: -1_000}, {From: 1, To: 1}}
	var got []market.Range
	for _, c := range collect(t, s.Changes(t.Context(), since)) {
		got = append(got, c.Range)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAChangeThatEndsWith1969HasNoOpenEnd(t *testing.T) {
	s := series.New(forgetful{memseries.NewEngine()}, nil)
	since := lastChange(t, s)
	putTicks(t, s, market.Tick{Time: -500, LastPrice: 1})
	got := collect(t, s.Changes(t.Context(), since))
	if want := (market.Range{From: -1000, To: 1}); len(got) != 1 || got[0].Range != want {
		t.Errorf("got %v, want the range %v", got, want)
	}
}

func TestTwoTypesOfOneColumnInOneCallAreRefused(t *testing.T) {
	s := open(t)
	_, err := s.Write(t.Context(), []series.Frame{extraBar(0, idNumber()), extraBar(1, series.Column{Name: "id", Floats: []float64{2.5}})}, nil)
	if !errors.Is(err, fault.SeriesType) {
		t.Errorf("got %v, want fault.SeriesType", err)
		wantRows(t, s, bars)
	}
}
