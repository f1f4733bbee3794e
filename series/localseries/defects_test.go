package localseries

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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

// salvagedRows returns the rows of what Salvage makes of a disk.
func salvagedRows(t *testing.T, d *disktest.Disk) (string, Salvaged) {
	t.Helper()
	home := t.TempDir()
	from, to := filepath.Join(home, "from"), filepath.Join(home, "to")
	filesOf(t, d).onFiles(t, from)
	found, err := Salvage(t.Context(), from, to)
	must(t, err)
	e, err := NewEngine(to, nil)
	must(t, err)
	defer e.Close()
	return rowsOf(t, e), found
}

// Seen once: Salvage does without the records that begin a bulk, so rows from
// before it and from behind it are joined, and the older ones win over the bulk.
func TestSalvageKeepsRowsFromBeforeABulkApart(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 4, 1))
	write(t, e, bars(1, 13, 7))
	write(t, e, bars(20, 22, 8))
	want := rowsOf(t, e)
	got, found := salvagedRows(t, h.disk.Kill())
	if got != want {
		t.Errorf("got %s, want %s; lost %v", got, want, found.Lost)
	}
	_ = e.Close()
}

// Seen once: a group that no Append was told of, since two syncs failed, hides
// from Salvage the one that was written in its place and acknowledged.
func TestSalvageTakesTheGroupThatCounts(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 2, 1))
	h.disk.Ask("log", func(op, name string) error {
		if op == "sync" && name == "0000000001.log" || op == "create" {
			return errors.New("input/output error")
		}
		return nil
	})
	if err := e.Write(t.Context(), []series.Frame{bars(2, 3, 2)}); !errors.Is(err, fault.Unknown) {
		t.Fatalf("got %v, want fault.Unknown", err)
	}
	h.disk.Ask("log", nil)
	write(t, e, bars(3, 4, 3))
	want := rowsOf(t, e)
	got, found := salvagedRows(t, h.disk.Kill())
	if got != want {
		t.Errorf("got %s, want %s; lost %v", got, want, found.Lost)
	}
	_ = e.Close()
}

// Seen once: a write was left while it was being committed. Its types are not
// known yet, so that others are let through, and what applies them panics.
func TestATypeThatMayHaveBeenWrittenIsKnown(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	st := series.New(e, nil)
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h.disk.Ask("log", func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".log") {
			once.Do(func() { close(reached); <-goOn })
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	if _, err := st.Write(ctx, []series.Frame{withInts(bars(1, 3, 1), "x")}, nil); !errors.Is(err, fault.Unknown) {
		t.Fatalf("got %v, want fault.Unknown", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := st.Write(t.Context(), []series.Frame{withFloats(bars(3, 5, 1), "x")}, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, fault.SeriesType) {
			t.Errorf("got %v, want fault.SeriesType", err)
		}
	case <-time.After(time.Second):
		t.Fatal("a column of another type waits to be written: it will end the process")
	}
	close(goOn)
	must(t, st.Close())
}

// Seen once: a backup that is not there is made, and restored empty.
func TestABackupThatIsNotThereIsNotRestored(t *testing.T) {
	home := t.TempDir()
	backup := filepath.Join(home, "typo")
	if err := Restore(t.Context(), backup, filepath.Join(home, "to")); err == nil {
		t.Error("a backup that does not exist was restored")
	}
	if _, err := os.Stat(backup); err == nil {
		t.Error("the backup that does not exist was made")
	}
}

// Seen once: who is told by Verify of damage in the log, and closes the store,
// waits for ever.
func TestWhoIsToldOfADamagedLogMayClose(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 4, 1))
	f, err := h.disk.Folder("log").Open("0000000001.log")
	must(t, err)
	_, err = f.WriteAt([]byte{0xff}, 110)
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for d, err := range e.Verify(t.Context()) {
			t.Log(d.Err, err)
			_ = e.Close()
		}
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Second):
		t.Fatal("Close waits for Verify, which waits for it")
	}
}

// Seen once: the power goes between the two roots. What the older one names is
// removed, and that one is left as it is, so that neither is spare.
func TestBothRootsAreSoundAfterOneWasWritten(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 4, 1))
	must(t, e.flush())
	write(t, e, bars(11, 14, 2))
	h.disk.Ask("data", func(op, name string) error {
		if op == "rename" && name == rootNames[1] {
			return errors.New("input/output error")
		}
		return nil
	})
	if err := e.flush(); err == nil {
		t.Fatal("the root could not be written, and nothing is said")
	}
	want := rowsOf(t, e)
	h.disk = h.disk.Kill()
	_ = e.Close()
	e = h.open(t)
	must(t, e.Close())
	for _, spoilt := range rootNames {
		all := filesOf(t, h.disk.Kill())
		h.disk = all.with(t, "data/"+spoilt, make([]byte, 40))
		e, err := newEngine(h.disk.Folder("data"), h.disk.Folder("log"), h.opts)
		if err != nil {
			t.Errorf("without %s: %v", spoilt, err)
			h.disk = all.with(t, "", nil)
			continue
		}
		if got := rowsOf(t, e); got != want {
			t.Errorf("without %s: got %s, want %s", spoilt, got, want)
		}
		must(t, e.Close())
	}
}

// Seen once: each flush and merge whose manifest cannot be written leaves a
// segment and an open file.
func TestAManifestThatCannotBeWrittenLeavesNoSegments(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	defer e.Close()
	write(t, e, bars(1, 4, 1))
	must(t, e.flush())
	write(t, e, bars(4, 6, 1))
	must(t, e.flush())
	h.disk.Ask("data", func(op, name string) error {
		if op == "create" && strings.HasPrefix(name, manifestPrefix) {
			return disk.ErrFull
		}
		return nil
	})
	write(t, e, bars(11, 14, 2))
	e.sizes.merge = 2
	for range 20 {
		_ = e.flush()
		_, _ = e.mergeOnce()
	}
	names, err := h.disk.Folder("data").List()
	must(t, err)
	n := 0
	for _, name := range names {
		if _, ok := segmentNumber(name); ok {
			n++
		}
	}
	if n > 6 {
		t.Errorf("there are %d segments, of which 2 count", n)
	}
}

// Seen once: the record is damaged that deleted a column before it became one of
// another type. Salvage panics, or whoever reads what it made.
func TestSalvageStandsColumnsOfTwoTypes(t *testing.T) {
	for _, flushed := range []bool{false, true} {
		h := newBench(quiet(100))
		e := h.open(t)
		write(t, e, withFloats(bars(1, 4, 1), "x"))
		if flushed {
			must(t, e.flush())
		}
		must(t, e.Delete(t.Context(), rebarKey, market.Range{}))
		at := int64(64 + e.applied - 5)
		write(t, e, withInts(bars(2, 6, 2), "x"))
		d := h.disk.Kill()
		f, err := d.Folder("log").Open("0000000001.log")
		must(t, err)
		_, err = f.WriteAt([]byte{0xff}, at)
		must(t, err)
		home := t.TempDir()
		from, to := filepath.Join(home, "from"), filepath.Join(home, "to")
		filesOf(t, d).onFiles(t, from)
		found, err := Salvage(t.Context(), from, to)
		must(t, err)
		if len(found.Lost) == 0 {
			t.Error("nothing is said to be lost")
		}
		e2, err := NewEngine(to, nil)
		must(t, err)
		t.Log(rowsOf(t, e2), found)
		must(t, e2.Close())
		_ = e.Close()
	}
}

// Seen once: a flush, of Backup, that comes when Close is done writes a manifest
// into a folder that somebody else has.
func TestNothingIsWrittenAfterClose(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 4, 1))
	h.disk.Ask("data", func(op, name string) error {
		if op == "create" {
			return disk.ErrFull
		}
		return nil
	})
	if err := e.Close(); err == nil {
		t.Fatal("there was no room, and nothing is said")
	}
	h.disk.Ask("data", nil)
	again := h.open(t)
	defer again.Close()
	write(t, again, bars(5, 7, 2))
	must(t, again.flush())
	want := h.disk.Done()
	_ = e.flush() // of a Backup that began before Close
	if got := h.disk.Done(); got != want {
		t.Errorf("%d operations on a folder that somebody else holds", got-want)
	}
}

// Seen once: the last change is the acceptance of rows that were deleted while
// they were written. Once they are merged away its number is not known any more,
// and who follows is told that his is newer than the last.
func TestNumbersDoNotGoBackWhenDeadRowsAreMergedAway(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(100, 101, 1))
	release := h.holdBulk(t, func() error { return e.Write(t.Context(), []series.Frame{bars(1, 13, 7)}) })
	must(t, e.Delete(t.Context(), rebarKey, market.Range{From: at(1), To: at(200)}))
	release()
	must(t, e.flush())
	since := uint64(0)
	for c, err := range e.Changes(t.Context(), 0) {
		must(t, err)
		since = c.Seq
	}
	e.sizes.merge = 2
	mergeAll(t, e)
	must(t, e.Close())
	e = h.open(t)
	defer e.Close()
	for _, err := range e.Changes(t.Context(), since) {
		must(t, err)
	}
}

// Seen once: what Salvage makes gives numbers again that were given before, above
// all that of a bulk, which is in the manifest alone: who follows misses changes.
func TestNumbersOfASalvagedStoreAreNew(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 13, 7))
	since := e.last
	must(t, e.Close())
	home := t.TempDir()
	from, to := filepath.Join(home, "from"), filepath.Join(home, "to")
	filesOf(t, h.disk.Kill()).onFiles(t, from)
	_, err := Salvage(t.Context(), from, to)
	must(t, err)
	e, err = NewEngine(to, nil)
	must(t, err)
	defer e.Close()
	other := bars(1, 2, 1)
	other.Key = series.BarKey(market.Symbol{Code: "cu", Exchange: market.SHFE}, market.Minute)
	write(t, e, bars(20, 21, 8))
	for range 9 {
		write(t, e, other)
	}
	for c, err := range e.Changes(t.Context(), since) {
		if errors.As(err, new(*series.Forgotten)) {
			return
		}
		must(t, err)
		if c.Key == rebarKey {
			return
		}
	}
	t.Error("who follows is not told of a row")
}

// Seen once: rows that come from the last to the first, each in a call of its own,
// make as many pieces, and writing them takes for ever.
func TestRowsThatComeBackwardsAreJoined(t *testing.T) {
	h := newBench(nil)
	e := h.open(t)
	defer e.Close()
	for m := 2000; m > 0; m-- {
		write(t, e, bars(m, m+1, 1))
	}
	if n := len(e.find(rebarKey).open); n > 20 {
		t.Errorf("2000 rows stand in %d pieces", n)
	}
}

// Seen once: texts are not counted, so that memory holds many times what it may.
func TestTextsCountAsMemory(t *testing.T) {
	h := newBench(&Options{Memory: 1 << 30})
	e := h.open(t)
	defer e.Close()
	for m := range 500 {
		f := bars(m+1, m+2, 1)
		for _, name := range []string{"a", "b", "c", "d"} {
			text := strings.Repeat(name, 1000) + string(rune('0'+m))
			f.Cols = append(f.Cols, series.Column{Name: name, Texts: &series.Texts{Dict: []string{text}, Index: []uint32{0}}})
		}
		write(t, e, f)
	}
	e.memory.Lock()
	defer e.memory.Unlock()
	if e.memory.bytes < 2e6 {
		t.Errorf("2 MB of texts are counted as %d bytes", e.memory.bytes)
	}
}

// leaveWrite writes to a log whose sync is held, and leaves the call.
func leaveWrite(t *testing.T, h *bench, f series.Frame) (e *Engine, goOn func()) {
	t.Helper()
	e = h.open(t)
	reached, released := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h.disk.Ask("log", func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, ".log") {
			once.Do(func() { close(reached); <-released })
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	if err := e.Write(ctx, []series.Frame{f}); !errors.Is(err, fault.Unknown) {
		t.Fatalf("got %v, want fault.Unknown", err)
	}
	return e, func() { close(released) }
}

// Seen once: the first write of a series was left while it was being committed. A
// delete that comes then finds nothing to delete, and the rows are there after it.
func TestADeleteComesAfterAWriteThatWasLeft(t *testing.T) {
	e, goOn := leaveWrite(t, newBench(quiet(100)), bars(1, 4, 1))
	defer e.Close()
	done := make(chan error, 1)
	go func() { done <- e.Delete(t.Context(), rebarKey, market.Range{}) }()
	select {
	case err := <-done:
		t.Errorf("Delete returned %v before the write", err)
		goOn()
	case <-time.After(50 * time.Millisecond):
		goOn()
		must(t, <-done)
	}
	other := bars(1, 2, 1)
	other.Key = series.BarKey(market.Symbol{Code: "cu", Exchange: market.SHFE}, market.Minute)
	write(t, e, other)
	if got := rowsOf(t, e); got != "" {
		t.Errorf("after a delete got %s", got)
	}
}

// Seen once: chunks of one series have a column of two types, after a folder was
// salvaged: whoever reads panics.
func TestReadingColumnsOfTwoTypesIsAnError(t *testing.T) {
	for _, reverse := range []bool{false, true} {
		h := newBench(quiet(100))
		e := h.open(t)
		write(t, e, withFloats(bars(1, 4, 1), "x"))
		must(t, e.flush())
		s := e.find(rebarKey)
		s.extra = nil // as if it had been deleted
		write(t, e, withInts(bars(2, 6, 2), "x"))
		must(t, e.flush())
		var found error
		for _, err := range e.Read(t.Context(), series.Query{Keys: []series.Key{rebarKey}, Reverse: reverse}) {
			found = errors.Join(found, err)
		}
		if !errors.Is(found, fault.Corrupt) {
			t.Errorf("reverse %v: got %v, want fault.Corrupt", reverse, found)
		}
		e.sizes.merge = 2
		mergeAll(t, e)
		must(t, e.Close())
	}
}

// A restored store does not give the numbers again that the lost one gave after
// the backup: who followed that one would miss changes.
func TestNumbersOfARestoredStoreAreNew(t *testing.T) {
	home := t.TempDir()
	e, err := NewEngine(filepath.Join(home, "a"), &Options{Floor: 1})
	must(t, err)
	write(t, e, bars(1, 3, 1))
	must(t, e.Backup(t.Context(), filepath.Join(home, "b")))
	write(t, e, bars(3, 5, 1))
	write(t, e, bars(5, 7, 1))
	since := e.last
	must(t, e.Close())
	must(t, Restore(t.Context(), filepath.Join(home, "b"), filepath.Join(home, "c")))
	e, err = NewEngine(filepath.Join(home, "c"), &Options{Floor: 1})
	must(t, err)
	defer e.Close()
	write(t, e, bars(1, 2, 9)) // the follower has another value there
	other := bars(1, 2, 1)
	other.Key = series.BarKey(market.Symbol{Code: "cu", Exchange: market.SHFE}, market.Minute)
	for range 5 {
		write(t, e, other)
	}
	for c, err := range e.Changes(t.Context(), since) {
		if errors.As(err, new(*series.Forgotten)) || c.Key == rebarKey {
			return
		}
	}
	t.Error("who follows is not told of a row")
}

// Seen once: Salvage leaves out a record, since its column is of another type than
// the rows that were deleted before it. It had seen the attributes of a later bulk.
func TestSalvageForgetsTheTypesOfWhatIsDeleted(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, withFloats(bars(1, 4, 1), "x"))
	must(t, e.flush())
	must(t, e.Delete(t.Context(), rebarKey, market.Range{}))
	write(t, e, withInts(bars(2, 6, 2), "x"))
	bulk := bars(20, 40, 3)
	bulk.Attrs = map[string]string{"source": "x"}
	write(t, e, bulk)
	want := rowsOf(t, e)
	got, found := salvagedRows(t, h.disk.Kill())
	if got != want || len(found.Lost) > 0 {
		t.Errorf("got %s, want %s; lost %v", got, want, found.Lost)
	}
	_ = e.Close()
}

// Seen once: a store was said to be damaged when a segment of the log could not be
// read for the moment.
func TestASegmentThatCannotBeReadForNowIsNotCorrupt(t *testing.T) {
	h := newBench(quiet(100))
	e := h.open(t)
	write(t, e, bars(1, 30, 1))
	h.disk = h.disk.Kill()
	_ = e.Close()
	h.disk.Ask("data", func(op, name string) error {
		if op == "read" && strings.HasPrefix(name, segmentPrefix) {
			return errors.New("input/output error")
		}
		return nil
	})
	if _, err := h.tryOpen(); !errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v, want fault.Unavailable alone", err)
	}
}

// Seen once: a backup was restored twice within seconds, and both stores gave the
// same numbers, so that who followed one missed changes of the other.
func TestNumbersOfTwoCopiesDiffer(t *testing.T) {
	const ahead uint64 = 1 << 62 // of the clock
	if a, b := newNumbers(ahead), newNumbers(ahead); a == b || min(a, b) <= ahead {
		t.Errorf("got %d and %d, want two numbers above %d", a, b, ahead)
	}
}
