package localseries

import (
	"fmt"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// changesOf returns the changes after a number.
func changesOf(t *testing.T, e *Engine, since uint64) []series.Change {
	t.Helper()
	var all []series.Change
	for c, err := range e.Changes(t.Context(), since) {
		must(t, err)
		all = append(all, c)
	}
	return all
}

// rangeOfBars is that of bars from and up to.
func rangeOfBars(from, to int) market.Range { return market.Range{From: at(from), To: at(to-1) + 1} }

func TestAFollowerThatKeepsUpIsToldOfEachChangeAlone(t *testing.T) {
	e := newBench(quiet(100)).open(t)
	defer e.Close()
	ctx := t.Context()
	var since []uint64
	var want []market.Range
	did := func(in market.Range, err error) {
		t.Helper()
		must(t, err)
		since, want = append(since, e.last), append(want, in)
	}
	// The rows of one live bar after another share a piece.
	for i := range 8 {
		write(t, e, bars(i+1, i+2, 1))
		did(rangeOfBars(i+1, i+2), nil)
	}
	did(rangeOfBars(3, 4), e.Delete(ctx, rebarKey, rangeOfBars(3, 4)))
	did(rangeOfBars(1, 100), e.Replace(ctx, rangeOfBars(1, 100), bars(50, 62, 7))) // as a segment
	did(rangeOfBars(200, 230), e.Write(ctx, []series.Frame{bars(200, 230, 8)}))    // as a segment, too
	did(nothing, e.Write(ctx, []series.Frame{{Key: rebarKey, Attrs: map[string]string{"source": "x"}}}))
	did(market.Range{}, e.Delete(ctx, rebarKey, market.Range{}))
	for i, from := range since {
		var got []market.Range
		for _, c := range changesOf(t, e, from) {
			got = append(got, c.Range)
		}
		if !slices.Equal(got, want[i+1:]) {
			t.Errorf("after change %d: got %v, want %v", i, got, want[i+1:])
		}
	}
}

func TestOlderChangesAreToldFromWhatTheSeriesKnow(t *testing.T) {
	e := newBench(quiet(1 << 20)).open(t)
	defer e.Close()
	write(t, e, bars(1, 2, 1))
	first := e.last
	for i := range 2*keptRecent + 10 {
		write(t, e, bars(i+2, i+3, 1))
	}
	if _, ok := e.recent.since(first); ok {
		t.Fatalf("%d changes are known one by one", len(e.recent.changes))
	}
	told := changesOf(t, e, first)
	if len(told) == 0 || told[len(told)-1].Seq != e.last || told[0].Range.From > at(2) {
		t.Errorf("after the first change: got %v", told)
	}
	if n := len(e.recent.changes); n < keptRecent || n > 2*keptRecent {
		t.Errorf("%d changes are kept, want %d to %d", n, keptRecent, 2*keptRecent)
	}
	if got := changesOf(t, e, e.recent.after); len(got) != len(e.recent.changes) {
		t.Errorf("got %d changes, want %d", len(got), len(e.recent.changes))
	}
}

func TestAFollowerGoesOnWhereTheStoreIsOpenedAgain(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 4, 1))
	since := e.last
	write(t, e, bars(5, 6, 1))
	must(t, e.Close())
	e = h.open(t)
	defer e.Close()
	told := changesOf(t, e, since)
	if len(told) == 0 || told[len(told)-1].Range.To <= at(5) {
		t.Errorf("what was changed before it was opened again: got %v", told)
	}
	since = e.last
	write(t, e, bars(6, 7, 1))
	if told := changesOf(t, e, since); len(told) != 1 || told[0].Range != rangeOfBars(6, 7) {
		t.Errorf("got %v, want the bar of 6 alone", told)
	}
}

// What a follower that has nothing to read costs the store.
func BenchmarkChangesWhereThereAreNone(b *testing.B) {
	for _, n := range []int{10, 10000} {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			e, err := NewEngine(b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			frames := make([]series.Frame, n)
			for i := range frames {
				frames[i] = bars(1, 2, 1)
				frames[i].Key.Symbol.Code = fmt.Sprint(i)
			}
			if err := e.Write(b.Context(), frames); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for b.Loop() {
				for c, err := range e.Changes(b.Context(), e.last) {
					b.Fatal("there is one: ", c, err)
				}
			}
		})
	}
}
