package series_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// changed returns a store over an engine that does nothing, after n changes, and
// the number before them.
func changed(t *testing.T, most, n int) (*series.Store, uint64) {
	t.Helper()
	s := series.New(forgetful{still{}}, &series.Options{KnownChanges: most})
	base := lastChange(t, s)
	for i := range n {
		writeBars(t, s, bar(i, 1))
	}
	return s, base
}

// wantChangesFrom wants got to be the changes numbered from first to last,
// counted from base.
func wantChangesFrom(t *testing.T, got []series.Change, base uint64, first, last int) {
	t.Helper()
	if len(got) != last-first+1 {
		t.Errorf("got %d changes, want those from %d to %d", len(got), first, last)
	}
	for i, c := range got {
		if c.Seq != base+uint64(first+i) || c.Range.From != minute(first+i-1) {
			t.Errorf("got %v, want change %d of minute %d", c, first+i, first+i-1)
		}
	}
}

func TestAStoreKnowsAtLeastSoManyChangesAndTwiceAsManyAtMost(t *testing.T) {
	for most := 1; most <= 3; most++ {
		for n := range 20 {
			s, base := changed(t, most, n)
			for since := max(0, n-most); since <= n; since++ {
				wantChangesFrom(t, collect(t, s.Changes(t.Context(), base+uint64(since))), base, since+1, n)
			}
			if n <= 2*most {
				continue
			}
			if err := failure(s.Changes(t.Context(), base+uint64(n-2*most-1))); !errors.Is(err, fault.SeriesChanges) {
				t.Errorf("%d of %d changes ago: got %v, want fault.SeriesChanges", 2*most+1, n, err)
			}
		}
	}
}

func TestChangesThatAreMadeWhileSomeAreReadDisturbNothing(t *testing.T) {
	s, base := changed(t, 4, 8)
	var got []series.Change
	for c, err := range s.Changes(t.Context(), base+4) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
		for range 5 {
			writeBars(t, s, bar(99, 1))
		}
	}
	wantChangesFrom(t, got, base, 5, 8)
}

func TestChangesThatAreMadeAtOnceAreAllNumbered(t *testing.T) {
	const each = 500
	s, base := changed(t, 1<<16, 0)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range each {
				if err := s.WriteBars(t.Context(), rebar, market.Minute, []market.Bar{bar(0, 1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got := collect(t, s.Changes(t.Context(), base))
	for i, c := range got {
		if c.Seq != base+uint64(i+1) {
			t.Fatalf("change %d has the number %d", i+1, c.Seq)
		}
	}
	if len(got) != 8*each {
		t.Errorf("got %d changes, want %d", len(got), 8*each)
	}
}
