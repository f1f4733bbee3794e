package localseries

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var rebarKey = series.BarKey(market.Symbol{Code: "rb2601", Exchange: market.SHFE}, market.Minute)

func at(m int) market.Time { return market.Time(60e9 * int64(m)) }

// bars returns rows of minutes from and up to, each with a close.
func bars(from, to int, v float64) series.Frame {
	f := series.Frame{Key: rebarKey, Time: []market.Time{}}
	c := series.Column{Name: "close", Floats: []float64{}}
	for m := from; m < to; m++ {
		f.Time = append(f.Time, at(m))
		c.Floats = append(c.Floats, v)
	}
	f.Cols = []series.Column{c}
	return f
}

func withInts(f series.Frame, name string) series.Frame {
	f.Cols = append(f.Cols, series.Column{Name: name, Ints: make([]int64, f.Len())})
	return f
}
func withFloats(f series.Frame, name string) series.Frame {
	f.Cols = append(f.Cols, series.Column{Name: name, Floats: make([]float64, f.Len())})
	return f
}

func rowsOf(t testing.TB, e *Engine) string {
	t.Helper()
	var b strings.Builder
	for f, err := range e.Read(t.Context(), series.Query{Keys: []series.Key{rebarKey}}) {
		if err != nil {
			t.Fatal(err)
		}
		c := f.Column("close")
		for i := range f.Len() {
			fmt.Fprintf(&b, "%d=%v ", int64(f.Time[i])/60e9, c.Floats[i])
		}
	}
	return strings.TrimSpace(b.String())
}

type bench struct {
	disk *disktest.Disk
	opts *Options
}

func newBench(opts *Options) *bench { return &bench{disktest.New(1), opts} }

func (h *bench) open(t testing.TB) *Engine {
	t.Helper()
	e, err := h.tryOpen()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (h *bench) tryOpen() (*Engine, error) {
	return newEngine(h.disk.Folder("data"), h.disk.Folder("log"), h.opts)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, e *Engine, f series.Frame) {
	t.Helper()
	must(t, e.Write(t.Context(), []series.Frame{f}))
}

// quiet is an engine that merges when told, by hand: the goroutine has no token.
func quiet(merge int) *Options {
	return &Options{sizes: sizes{bulk: 10, chunk: 5, merge: merge}}
}

// holdBulk starts a bulk write, and returns when its segment is about to be
// created; release lets it go on and waits for it.
func (h *bench) holdBulk(t testing.TB, do func() error) (release func()) {
	t.Helper()
	reached, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	h.disk.Ask("data", func(op, name string) error {
		if op == "create" && strings.HasPrefix(name, segmentPrefix) {
			first := false
			once.Do(func() { first = true })
			if first {
				close(reached)
				<-goOn
			}
		}
		return nil
	})
	go func() { done <- do() }()
	select {
	case <-reached:
	case err := <-done:
		t.Fatalf("bulk ended early: %v", err)
	}
	return func() {
		t.Helper()
		close(goOn)
		must(t, <-done)
	}
}

func mergeAll(t testing.TB, e *Engine) {
	t.Helper()
	for {
		merged, err := e.mergeOnce()
		must(t, err)
		if !merged {
			return
		}
	}
}

func TestRowsFromBeforeABulkDoNotGrowTogetherWithThoseAfterIt(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	defer e.Close()
	write(t, e, bars(1, 4, 1))
	release := h.holdBulk(t, func() error { return e.Write(t.Context(), []series.Frame{bars(1, 13, 7)}) })
	write(t, e, bars(20, 22, 8)) // behind the rows from before, and after the bulk by number
	release()
	want := "1=7 2=7 3=7 4=7 5=7 6=7 7=7 8=7 9=7 10=7 11=7 12=7 20=8 21=8"
	if got := rowsOf(t, e); got != want {
		t.Errorf("in memory: got %s, want %s", got, want)
	}
	must(t, e.flush())
	if got := rowsOf(t, e); got != want {
		t.Errorf("in segments: got %s, want %s", got, want)
	}
}

// Seen once: a tomb that covers a bulk write in flight is dropped by a merge.
func TestATombStaysWhileABulkThatItCoversIsWritten(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	defer e.Close()
	ctx := t.Context()
	write(t, e, bars(100, 101, 1)) // the series exists
	release := h.holdBulk(t, func() error { return e.Write(ctx, []series.Frame{bars(1, 13, 7)}) })
	write(t, e, bars(1, 3, 8))                                              // after the bulk by number
	must(t, e.Delete(ctx, rebarKey, market.Range{From: at(5), To: at(13)})) // after that write
	must(t, e.flush())
	write(t, e, bars(200, 201, 1))
	must(t, e.flush())
	e.sizes.merge = 2
	mergeAll(t, e)
	release()
	got := rowsOf(t, e)
	if got != "1=8 2=8 3=7 4=7 100=1 200=1" && got != "1=7 2=7 3=7 4=7 5=7 6=7 7=7 8=7 9=7 10=7 11=7 12=7 100=1 200=1" {
		t.Fatalf("got %s: the write won over the bulk, the later delete did not", got)
	}
}

// Seen once: the same, and the type of an extra column has changed: readers and merges panic.
func TestTypesAreNotMixedWhileABulkIsWritten(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	ctx := t.Context()
	write(t, e, withFloats(bars(100, 101, 1), "x"))
	release := h.holdBulk(t, func() error { return e.Write(ctx, []series.Frame{withFloats(bars(1, 13, 7), "x")}) })
	must(t, e.Delete(ctx, rebarKey, market.Range{}))
	must(t, e.flush())
	e.sizes.merge = 2
	write(t, e, withInts(bars(3, 4, 9), "x"))
	must(t, e.flush())
	mergeAll(t, e)
	release()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("reading panics: %v", p)
		}
	}()
	t.Log(rowsOf(t, e))
}

// Seen once: replace of many rows: a follower that polled between begin and accept is not
// told of the range.
func TestChangesTellTheRangeOfABulkReplace(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	defer e.Close()
	ctx := t.Context()
	write(t, e, bars(1, 9, 1))
	other := series.BarKey(market.Symbol{Code: "cu", Exchange: market.SHFE}, market.Minute)
	release := h.holdBulk(t, func() error { return e.Replace(ctx, market.Range{From: at(1), To: at(100)}, bars(50, 62, 7)) })
	f := bars(1, 2, 1)
	f.Key = other
	write(t, e, f)
	since := uint64(0)
	for c, err := range e.Changes(ctx, 0) {
		must(t, err)
		since = c.Seq
	}
	release()
	for c, err := range e.Changes(ctx, since) {
		must(t, err)
		if c.Key == rebarKey && c.Range.From <= at(1) {
			return
		}
		t.Logf("told %+v", c)
	}
	t.Fatal("rows 1 to 8 were deleted by the replace, and nobody was told")
}

// Seen once: a tomb that a merge forgets is not told by Changes.
func TestADeleteThatAMergeForgotIsForgotten(t *testing.T) {
	for _, reopen := range []bool{false, true} {
		t.Run(fmt.Sprint("reopen=", reopen), func(t *testing.T) {
			h := newBench(quiet(100))
			e := h.open(t)
			ctx := t.Context()
			write(t, e, bars(1, 4, 1))
			must(t, e.flush())
			since := e.last
			must(t, e.Delete(ctx, rebarKey, market.Range{From: at(1), To: at(2) + 1e9}))
			must(t, e.flush())
			e.sizes.merge = 2
			mergeAll(t, e)
			e.sizes.merge = 100
			write(t, e, bars(20, 21, 1))
			must(t, e.flush())
			e.sizes.merge = 2
			mergeAll(t, e) // drops the tomb
			write(t, e, bars(30, 31, 1))
			if reopen {
				must(t, e.Close())
				e = h.open(t)
			}
			defer e.Close()
			for c, err := range e.Changes(ctx, since) {
				if errors.As(err, new(*series.Forgotten)) {
					return
				}
				must(t, err)
				if c.Range.From != 0 && c.Range.From > at(1) {
					t.Fatalf("told %+v: not that rows from %v were deleted", c, at(1))
				}
			}
		})
	}
}

// Seen once: removing the old manifest fails once, after the new one counts.
func TestAManifestThatCannotBeRemovedDoesNoHarm(t *testing.T) {
	for _, what := range []string{"flush", "merge"} {
		t.Run(what, func(t *testing.T) {
			h := newBench(quiet(100))
			e := h.open(t)
			write(t, e, bars(1, 4, 1))
			must(t, e.flush())
			write(t, e, bars(11, 14, 2))
			var once sync.Once
			fail := func(op, name string) (err error) {
				if op == "remove" && strings.HasPrefix(name, manifestPrefix) && !strings.HasSuffix(name, ".new") {
					once.Do(func() { err = &fs.PathError{Op: "remove", Path: name, Err: errors.New("used by another process")} })
				}
				return err
			}
			if what == "flush" {
				h.disk.Ask("data", fail)
				t.Log("flush:", e.flush())
				e.sizes.merge = 2
				mergeAll(t, e)
			} else {
				must(t, e.flush())
				h.disk.Ask("data", fail)
				e.sizes.merge = 2
				_, err := e.mergeOnce()
				t.Log("merge:", err)
				e.sizes.merge = 100
				write(t, e, bars(21, 22, 3))
				must(t, e.flush())
				e.sizes.merge = 2
				mergeAll(t, e)
			}
			want := rowsOf(t, e)
			h.disk = h.disk.Crash()
			e2 := h.open(t)
			defer e2.Close()
			if got := rowsOf(t, e2); got != want {
				t.Fatalf("after reopening got %q, want %q", got, want)
			}
		})
	}
}

// Seen once: memory is full, a flush fails for want of space; then there is space again.
func TestWritersGoOnWhenThereIsSpaceAgain(t *testing.T) {
	h := newBench(&Options{Memory: 2000, Floor: 1, sizes: sizes{bulk: 1000, chunk: 5, merge: 100}})
	e := h.open(t)
	defer e.Close()
	h.disk.Ask("data", func(op, name string) error {
		if op == "create" && strings.HasPrefix(name, segmentPrefix) {
			return disk.ErrFull
		}
		return nil
	})
	var err error
	for i := 0; i < 10000 && err == nil; i++ {
		err = e.Write(t.Context(), []series.Frame{bars(i+1, i+2, 1)})
	}
	t.Log("refused with", err)
	<-time.After(50 * time.Millisecond)
	h.disk.Ask("data", nil) // room again
	for range 30 {
		if err = e.Write(t.Context(), []series.Frame{bars(1, 2, 1)}); err == nil {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	t.Fatalf("the disk has had room for long, still %v", err)
}

// Seen once: more segments that are merged no more than mergeBacklog: writers hang.
func TestSegmentsThatAreNotMergedDoNotStopWriters(t *testing.T) {
	h := newBench(&Options{Memory: 1, sizes: sizes{bulk: 1000, chunk: 5}})
	e := h.open(t)
	for i := range mergeBacklog + 1 {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err := e.Write(ctx, []series.Frame{bars(i+1, i+2, 1)})
		cancel()
		if err != nil {
			e.memory.Lock()
			t.Fatalf("write %d, %d segments: %v (failed %v, unmerged %v)", i, e.memory.segments, err, e.memory.flushed.err, e.memory.merged.err)
		}
		must(t, e.flush())
		e.flushing.Lock()
		for _, s := range e.segments {
			s.size = mergeMost + 1 // as if it were that large
		}
		e.flushing.Unlock()
	}
	e.Close()
}

// Seen once: a read that is under way when the store is closed gets Corrupt.
func TestAReadDuringCloseIsNotCorrupt(t *testing.T) {
	e, err := NewEngine(t.TempDir(), quiet(100))
	must(t, err)
	for i := range 5 {
		write(t, e, bars(1+10*i, 6+10*i, 1))
		must(t, e.flush())
	}
	n := 0
	for _, err := range e.Read(t.Context(), series.Query{Keys: []series.Key{rebarKey}}) {
		if errors.Is(err, fault.Corrupt) {
			t.Fatalf("got %v", err)
		}
		if n++; n == 1 {
			must(t, e.Close())
		}
	}
	t.Log(n)
}

// Seen once: the types of extra columns that were deleted come back when a store is opened.
func TestTypesThatWereDeletedStayGone(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, withFloats(bars(1, 3, 1), "x"))
	must(t, e.flush())
	must(t, e.Delete(t.Context(), rebarKey, market.Range{}))
	write(t, e, bars(5, 6, 1))
	must(t, e.Close())
	e = h.open(t)
	st := series.New(e, nil)
	defer st.Close()
	for o, err := range e.Overview(t.Context(), series.Filter{}) {
		must(t, err)
		t.Log(o.Extra)
		if len(o.Extra) > 0 {
			t.Errorf("the types are there again: %v", o.Extra)
		}
	}
	if _, err := st.Write(t.Context(), []series.Frame{withInts(bars(7, 8, 1), "x")}, nil); err != nil {
		t.Errorf("a column of another type: %v", err)
	}
}

// Seen once: the older rows win when a bulk segment is accepted while a merge looks.
func TestAMergeDoesNotJoinAcrossABulkThatIsAcceptedMeanwhile(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	defer e.Close()
	ctx := t.Context()
	f := bars(1, 3, 1)
	f.Attrs = map[string]string{"source": strings.Repeat("x", bufferBytes)}
	write(t, e, f)
	must(t, e.flush())
	release := h.holdBulk(t, func() error { return e.Write(ctx, []series.Frame{bars(1, 13, 7)}) })
	write(t, e, bars(2, 4, 8))
	other := f
	other.Key = series.BarKey(market.Symbol{Code: "zn", Exchange: market.SHFE}, market.Minute)
	write(t, e, other)
	must(t, e.flush())
	// 1=7 2=8 3=8 4..12=7 is right. Merge segments 1 and 2 while the bulk is accepted.
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h.disk.Ask("data", func(op, name string) error {
		if op == "write" && name == segmentName(e.numbers-1) {
			once.Do(func() { close(reached); <-goOn })
		}
		return nil
	})
	e.sizes.merge = 2
	done := make(chan error, 1)
	go func() { _, err := e.mergeOnce(); done <- err }()
	select {
	case <-reached:
	case err := <-done:
		t.Fatal("merge ended", err)
	}
	h.disk.Ask("data", nil)
	release()
	want := rowsOf(t, e)
	close(goOn)
	must(t, <-done)
	if got := rowsOf(t, e); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

// Seen once: one sync of a manifest fails. The next publish wants to remove the manifest
// that never came to be, and fails after its own counts.
func TestAFailedManifestLosesNothingAtTheNextOne(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 4, 1))
	must(t, e.flush())
	write(t, e, bars(11, 14, 2))
	h.disk.FailSync(1) // the segment's succeeds, the manifest's fails
	t.Log("flush:", e.flush())
	t.Log("flush again:", e.flush())
	e.sizes.merge = 2
	mergeAll(t, e)
	want := rowsOf(t, e)
	h.disk = h.disk.Crash()
	e2 := h.open(t)
	defer e2.Close()
	if got := rowsOf(t, e2); got != want {
		t.Fatalf("after reopening got %q, want %q", got, want)
	}
}

// Seen once: a follower that takes one change at a time and goes on from its number.
func TestChangesMayBeReadOneByOne(t *testing.T) {
	h := newBench(nil)
	e := h.open(t)
	defer e.Close()
	ctx := t.Context()
	write(t, e, bars(1, 4, 1))
	must(t, e.flush())
	since := e.last
	must(t, e.Delete(ctx, rebarKey, market.Range{From: at(1), To: at(3)})) // first change
	f := bars(1, 2, 1)
	f.Key = series.BarKey(market.Symbol{Code: "cu", Exchange: market.SHFE}, market.Minute)
	write(t, e, f)               // second
	write(t, e, bars(20, 21, 1)) // third
	told := false
	for range 5 {
		for c, err := range e.Changes(ctx, since) {
			must(t, err)
			t.Logf("told %+v", c)
			told = told || c.Key == rebarKey && (c.Range.From == 0 || c.Range.From <= at(1))
			since = c.Seq
			break // a page of one
		}
	}
	if !told {
		t.Fatal("nobody was told that rows 1 and 2 were deleted")
	}
}

// Seen once: a store was said to be damaged when a file could not be opened, for want
// of handles say.
func TestAFileThatCannotBeOpenedIsNotCorrupt(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 5, 1))
	must(t, e.Close())
	for _, prefix := range []string{"root.", manifestPrefix, segmentPrefix} {
		h.disk.Ask("data", func(op, name string) error {
			if op == "open" && strings.HasPrefix(name, prefix) {
				return &fs.PathError{Op: op, Path: name, Err: errors.New("too many open files")}
			}
			return nil
		})
		if _, err := h.tryOpen(); !errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Corrupt) {
			t.Errorf("%s cannot be opened: got %v, want fault.Unavailable alone", prefix, err)
		}
	}
}

// Numbers of changes go on where they were: who has read up to one of them asks for
// what came after it, also when the store was opened again meanwhile.
func TestNumbersOfChangesGoOnWhenAStoreIsOpenedAgain(t *testing.T) {
	numbers := func(e *Engine, since uint64) (all []uint64) {
		t.Helper()
		for c, err := range e.Changes(t.Context(), since) {
			must(t, err)
			all = append(all, c.Seq)
		}
		return all
	}
	f := func(what string, last func(e *Engine)) {
		t.Helper()
		h := newBench(quiet(100))
		e := h.open(t)
		write(t, e, bars(1, 5, 1))
		must(t, e.flush())
		last(e)
		before := numbers(e, 0)
		since := before[len(before)-1]
		must(t, e.Close())
		e = h.open(t)
		defer e.Close()
		if got := numbers(e, since); len(got) > 0 {
			t.Errorf("%s: opened again: got changes %d after %d, want none", what, got, since)
		}
		write(t, e, bars(50, 51, 2))
		if got := numbers(e, since); len(got) != 1 || got[0] <= since {
			t.Errorf("%s: written to again: got changes %d after %d, want one", what, got, since)
		}
	}
	all := market.Range{}
	f("rows", func(e *Engine) { write(t, e, bars(3, 9, 2)) })
	f("rows of a segment of their own", func(e *Engine) { write(t, e, bars(1, 30, 2)) })
	f("a delete", func(e *Engine) { must(t, e.Delete(t.Context(), rebarKey, all)) })
	f("a replace", func(e *Engine) { must(t, e.Replace(t.Context(), all, bars(1, 2, 2))) })
	f("attributes", func(e *Engine) {
		b := bars(1, 1, 1)
		b.Attrs = map[string]string{"source": "x"}
		write(t, e, b)
	})
	f("a delete that was merged away", func(e *Engine) {
		must(t, e.Delete(t.Context(), rebarKey, market.Range{From: at(1), To: at(9)}))
		for range 3 {
			must(t, e.flush())
			e.sizes.merge = len(e.segments)
			_, err := e.mergeOnce()
			must(t, err)
		}
		e.sizes.merge = 100
	})
}

// Seen once: a column was of floats; all was deleted while its segments were being merged,
// and then it is of integers. Once the tombstone is merged into a later segment
// than the dead rows, a store that is opened takes the column for floats again,
// lets them be written, and whoever reads panics.
func TestTypesOfDeadRowsDoNotCount(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	ctx := t.Context()
	big := func(f series.Frame, mib int) series.Frame {
		f.Attrs = map[string]string{"source": strings.Repeat("x", mib<<20)}
		return f
	}
	write(t, e, big(withFloats(bars(1, 5, 1), "x"), 9))
	must(t, e.flush())
	write(t, e, big(withFloats(bars(7, 9, 1), "x"), 9))
	must(t, e.flush())
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h.disk.Ask("data", func(op, name string) error {
		if op == "sync" && strings.HasPrefix(name, segmentPrefix) {
			first := false
			once.Do(func() { first = true })
			if first {
				close(reached)
				<-goOn
			}
		}
		return nil
	})
	e.sizes.merge = 2
	done := make(chan error, 1)
	go func() { _, err := e.mergeOnce(); done <- err }()
	<-reached
	must(t, e.Delete(ctx, rebarKey, market.Range{}))
	write(t, e, withInts(bars(100, 30100, 2), "x")) // bulk, large by its many chunks
	e.sizes.merge = 100
	must(t, e.flush())
	close(goOn)
	must(t, <-done)
	write(t, e, bars(50, 51, 3))
	must(t, e.flush())
	e.sizes.merge = 2
	mergeAll(t, e)
	e.sizes.merge = 100
	must(t, e.Close())

	e = h.open(t)
	for _, s := range e.segments {
		t.Log(s.number, s.size)
	}
	for _, c := range e.find(rebarKey).chunks {
		if c.rows != 5 {
			t.Log("chunk of segment", c.segment.number, "rows", c.rows, "hi", c.hi)
		}
	}
	t.Log(e.find(rebarKey).tombs)
	st := series.New(e, nil)
	if got := e.find(rebarKey).extra["x"]; got != series.Int64 {
		t.Errorf("x is of type %v, the rows that count have %v", got, series.Int64)
	}
	_, err := st.Write(ctx, []series.Frame{withInts(bars(40000, 40001, 4), "x")}, nil)
	t.Log("integers:", err)
	_, err = st.Write(ctx, []series.Frame{withFloats(bars(300, 301, 4), "x")}, nil)
	t.Log("floats:", err)
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("reading panics: %v", p)
		}
	}()
	_ = rowsOf(t, e)
}

// Seen once: one damaged chunk of one series: merges fail, and in the end nothing can be
// written to any series.
func TestADamagedChunkDoesNotStopWriting(t *testing.T) {
	h := newBench(&Options{sizes: sizes{bulk: 1000, chunk: 5}})
	e := h.open(t)
	defer e.Close()
	other := bars(1, 2, 1)
	other.Key = series.BarKey(market.Symbol{Code: "cu", Exchange: market.SHFE}, market.Minute)
	write(t, e, other)
	must(t, e.flush())
	f, err := h.disk.Folder("data").Open(e.segments[0].path[len("data/"):])
	must(t, err)
	c := e.find(other.Key).chunks[0]
	_, err = f.WriteAt([]byte{0xff, 0xff}, c.at)
	must(t, err)
	for i := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err := e.Write(ctx, []series.Frame{bars(i+1, i+2, 1)})
		cancel()
		if err != nil {
			t.Fatalf("write %d of a series that is sound: %v", i, err)
		}
		must(t, e.flush())
		give(e.more)
	}
}
