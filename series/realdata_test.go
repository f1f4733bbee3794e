package series_test

import (
	"iter"
	"testing"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// all returns the rows of seq, and fails on an error.
func all[T, R any](t *testing.T, seq iter.Seq2[T, error], row func(T) R) []R {
	t.Helper()
	var rows []R
	for x, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row(x))
	}
	return rows
}

// writeTwice writes f twice and wants the second time to change nothing.
func writeTwice(t *testing.T, s *series.Store, f series.Frame) {
	t.Helper()
	for _, want := range []series.Counts{{New: int64(f.Len())}, {Unchanged: int64(f.Len())}} {
		got, err := s.Write(t.Context(), []series.Frame{f}, &series.WriteOptions{RefuseDifferent: true})
		if err != nil || got != want {
			t.Fatalf("%s: got %+v, %v, want %+v", f.Key, got, err, want)
		}
	}
}

func TestRealBarsComeBackRowForRow(t *testing.T) {
	for _, set := range realdata.Open(t).Bars {
		s := open(t)
		want := all(t, set.Rows(), func(b market.Bar) market.Bar { return b })
		writeTwice(t, s, series.FrameOfBars(set.Symbol, set.Interval, want))
		i := 0
		for got, err := range s.Bars(t.Context(), set.Symbol, set.Interval, market.Range{}) {
			if err != nil || i == len(want) || got != want[i] {
				t.Fatalf("%s: row %d: got %+v, %v", set.Symbol, i, got, err)
			}
			i++
		}
		t.Logf("%s %s: %d bars", set.Symbol, set.Interval, i)
	}
}

// Of SPY's trades 18 % equal an earlier one in every column. All come back.
func TestRealTradesComeBackRowForRow(t *testing.T) {
	for _, set := range fewer.Some(realdata.Open(t).Ticks) {
		s := open(t)
		venues := &series.Texts{}
		codes := map[string]uint32{}
		want := all(t, set.Rows(), func(x realdata.Trade) market.Tick {
			code, ok := codes[x.Venue]
			if !ok {
				code = uint32(len(venues.Dict))
				codes[x.Venue] = code
				venues.Dict = append(venues.Dict, x.Venue)
			}
			venues.Index = append(venues.Index, code)
			return x.Tick
		})
		f := series.FrameOfTicks(set.Symbol, want)
		f.Cols = append(f.Cols, series.Column{Name: "venue", Texts: venues})
		writeTwice(t, s, f)
		i := 0
		for got, err := range s.Ticks(t.Context(), set.Symbol, market.Range{}) {
			if err != nil || i == len(want) || got != want[i] {
				t.Fatalf("%s: row %d: got %+v, %v", set.Symbol, i, got, err)
			}
			i++
		}
		row := 0
		for _, got := range venuesOf(t, s, f.Key) {
			if want := venues.Dict[venues.Index[row]]; got != want {
				t.Fatalf("%s: row %d: venue %q, want %q", set.Symbol, row, got, want)
			}
			row++
		}
		if i != len(want) || row != len(want) {
			t.Fatalf("%s: %d ticks and %d venues came back, want %d", set.Symbol, i, row, len(want))
		}
		t.Logf("%s: %d trades", set.Symbol, i)
	}
}

// venuesOf returns the extra column venue of every row of k.
func venuesOf(t *testing.T, s *series.Store, k series.Key) []string {
	t.Helper()
	var all []string
	for f, err := range s.Read(t.Context(), series.Query{Keys: []series.Key{k}, Columns: []string{"venue"}}) {
		if err != nil {
			t.Fatal(err)
		}
		c := f.Column("venue").Texts
		for _, code := range c.Index {
			all = append(all, c.Dict[code])
		}
	}
	return all
}
