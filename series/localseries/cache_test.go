package localseries

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// wantSound wants a cache to hold what it says, and no more than it may.
func wantSound(t *testing.T, e *Engine) {
	t.Helper()
	a := &e.cache
	a.mu.Lock()
	defer a.mu.Unlock()
	bytes := int64(0)
	for i, c := range a.kept {
		f := c.unpacked.rows.Load()
		if f == nil || slices.Contains(a.kept[:i], c) {
			t.Fatalf("place %d of %d holds a chunk with rows %v, and maybe twice", i, len(a.kept), f)
		}
		bytes += frameBytes(f)
	}
	if bytes != a.bytes || bytes > max(a.most, 0) {
		t.Errorf("%d chunks of %d bytes are kept, counted as %d, of at most %d", len(a.kept), bytes, a.bytes, a.most)
	}
}

// cached is an engine whose calls of ten rows and more become chunks of five, and
// that merges when told.
func cached(bytes int64, eager bool) *Options {
	o := quiet(100)
	o.Cache, o.sizes.eager = bytes, eager
	return o
}

func TestAChunkIsUnpackedTwiceAndThenKept(t *testing.T) {
	e := newBench(cached(0, false)).open(t)
	defer e.Close()
	write(t, e, bars(1, 21, 1))
	want := rowsOf(t, e)
	for i, stats := range []Stats{{0, 0, 4}, {1, 0, 8}, {1, 4, 8}, {1, 8, 8}} {
		if i > 0 && rowsOf(t, e) != want {
			t.Errorf("reading %d: other rows", i)
		}
		got := e.Stats()
		if (got.CacheBytes > 0) != (stats.CacheBytes > 0) || got.CacheHits != stats.CacheHits || got.CacheMisses != stats.CacheMisses {
			t.Errorf("reading %d: got %+v, want %+v", i, got, stats)
		}
	}
	wantSound(t, e)
}

func TestNothingIsKeptWhereNothingMayBe(t *testing.T) {
	for _, most := range []int64{-1, 100} { // a chunk takes more
		e := newBench(cached(most, true)).open(t)
		write(t, e, bars(1, 21, 1))
		for range 3 {
			rowsOf(t, e)
		}
		if got := e.Stats(); got != (Stats{CacheMisses: 12}) {
			t.Errorf("%d bytes: got %+v", most, got)
		}
		wantSound(t, e)
		must(t, e.Close())
	}
}

// What is deleted, replaced or merged is not read from what is kept, and the room of
// segments that count no more is given back.
func TestWhatIsKeptIsNotWhatCounts(t *testing.T) {
	e := newBench(cached(0, true)).open(t)
	defer e.Close()
	write(t, e, bars(1, 21, 1))
	rowsOf(t, e)
	must(t, e.Delete(t.Context(), rebarKey, market.Range{From: at(3), To: at(20)}))
	if got := rowsOf(t, e); got != "1=1 2=1 20=1" {
		t.Errorf("after Delete: got %s", got)
	}
	write(t, e, bars(2, 3, 2))
	write(t, e, bars(5, 15, 3))
	want := "1=1 2=2 5=3 6=3 7=3 8=3 9=3 10=3 11=3 12=3 13=3 14=3 20=1"
	if got := rowsOf(t, e); got != want {
		t.Errorf("after writing again: got %s", got)
	}
	before := e.Stats().CacheBytes
	must(t, e.flush())
	e.sizes.merge = 2
	mergeAll(t, e)
	wantSound(t, e)
	if got := e.Stats().CacheBytes; before == 0 || got != 0 {
		t.Errorf("%d bytes are kept of %d when all segments were merged", got, before)
	}
	for range 2 {
		if got := rowsOf(t, e); got != want {
			t.Errorf("after merging: got %s", got)
		}
	}
	must(t, e.Delete(t.Context(), rebarKey, market.Range{}))
	if got := rowsOf(t, e); got != "" {
		t.Errorf("after Delete of all: got %s", got)
	}
}

// Who reads some columns is given those, out of what is kept too, but makes nothing
// be kept: it would be a part.
func TestSomeColumnsOfWhatIsKept(t *testing.T) {
	e := newBench(cached(0, true)).open(t)
	defer e.Close()
	f := withFloats(withInts(bars(1, 21, 1), "x"), "y")
	write(t, e, f)
	read := func(want string, columns ...string) {
		t.Helper()
		for g, err := range e.Read(t.Context(), series.Query{Keys: []series.Key{rebarKey}, Columns: columns}) {
			must(t, err)
			var names []string
			for i := range g.Cols {
				names = append(names, g.Cols[i].Name)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != want || g.Len() != 5 {
				t.Errorf("columns %v: got %d rows of %s", columns, g.Len(), got)
			}
		}
	}
	some := func() {
		read("close", "close")
		read("x y", "y", "x", "nothing")
		read("", []string{}...)
	}
	some()
	if got := e.Stats(); got.CacheBytes > 0 {
		t.Errorf("parts are kept: %+v", got)
	}
	read("close x y", "close", "x", "y")
	kept := e.Stats()
	if kept.CacheBytes == 0 {
		t.Error("who reads all columns by name makes nothing be kept")
	}
	some()
	if got := e.Stats(); got.CacheMisses != kept.CacheMisses || got.CacheBytes != kept.CacheBytes {
		t.Errorf("got %+v, it was %+v", got, kept)
	}
}

func TestWhatIsReadAgainStaysAndWhatIsReadOnceGoes(t *testing.T) {
	e := newBench(cached(8000, false)).open(t) // some chunks
	defer e.Close()
	write(t, e, bars(1, 201, 1))
	read := func(from, to int) {
		for _, err := range e.Read(t.Context(), series.Query{Keys: []series.Key{rebarKey}, Range: market.Range{From: at(from), To: at(to)}}) {
			must(t, err)
		}
	}
	hits := func(do func()) int64 {
		before := e.Stats().CacheHits
		do()
		wantSound(t, e)
		return e.Stats().CacheHits - before
	}
	for range 2 {
		read(1, 5)
	}
	read(6, 201) // once
	if got := hits(func() { read(1, 5) }); got != 1 {
		t.Errorf("what was read twice is gone after all was read once: %d hits", got)
	}
	for from := 6; from < 200; from += 5 {
		read(from, from+4) // for the second time
		if got := hits(func() { read(1, 5) }); got != 1 {
			t.Errorf("from %d: what is read again and again is gone", from)
		}
	}
	if got := hits(func() { read(21, 25) }); got != 0 {
		t.Errorf("what nobody read any more is there: %d hits", got)
	}
}

// Readers compare what they read while others drive it out of the cache, and while
// segments are written and merged.
func TestManyReadWhatDrivesEachOtherOut(t *testing.T) {
	o := cached(6000, true)
	o.sizes.merge = 3
	e := newBench(o).open(t)
	defer e.Close()
	const rows = 400
	write(t, e, bars(1, rows+1, 0))
	var all sync.WaitGroup
	for r := range 8 {
		all.Go(func() {
			for n := range 60 {
				from := 1 + (r*53+n*17)%(rows-30)
				q := series.Query{Keys: []series.Key{rebarKey}, Range: market.Range{From: at(from), To: at(from + 30)}, Reverse: n%3 == 0}
				if err := everyMinute(t, e, q); err != nil {
					t.Errorf("from %d: %v", from, err)
				}
			}
		})
	}
	all.Go(func() {
		for n := range 40 {
			from := 1 + n*37%(rows-12)
			if err := e.Write(t.Context(), []series.Frame{bars(from, from+12, float64(n))}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	wantSound(t, e)
	if got := e.Stats(); got.CacheHits == 0 || got.CacheMisses == 0 {
		t.Errorf("got %+v", got)
	}
}

// everyMinute reads a range, of which each minute has a row.
func everyMinute(t *testing.T, e *Engine, q series.Query) error {
	var times []market.Time
	for f, err := range e.Read(t.Context(), q) {
		if err != nil {
			return err
		}
		times = append(times, f.Time...)
	}
	if q.Reverse {
		slices.Reverse(times)
	}
	for i, got := range times {
		if want := q.Range.From + market.Time(i)*60e9; got != want {
			return fmt.Errorf("row %d is of %s, not %s", i, got, want)
		}
	}
	if len(times) != 30 {
		return fmt.Errorf("there are %d rows", len(times))
	}
	return nil
}

func BenchmarkReadKept(b *testing.B) {
	for name, kept := range map[string]int64{"kept": 0, "unpacked each time": -1} {
		b.Run(name, func(b *testing.B) {
			s, err := Open(b.TempDir(), &Options{Cache: kept})
			must(b, err)
			defer s.Close()
			y := symbols(1)[0]
			must(b, s.WriteBars(b.Context(), y, market.Minute, walk(0, 100_000)))
			for b.Loop() {
				for _, err := range s.Read(b.Context(), series.Query{Keys: []series.Key{series.BarKey(y, market.Minute)}}) {
					must(b, err)
				}
			}
			perSecond(b, 100_000)
		})
	}
}
