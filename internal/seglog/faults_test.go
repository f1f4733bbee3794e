package seglog

import (
	"errors"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
)

// A read that is under way when the oldest files are cut says the log is damaged.
func TestACutDuringAReadIsNotCorrupt(t *testing.T) {
	d := disktest.New(1)
	l, _, err := Open(d.Folder("log"), &Options{SegmentBytes: 200, Floor: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := t.Context()
	for range 20 {
		if _, err := l.Append(ctx, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, err := range l.Read(ctx, l.Stats().First) {
		if errors.Is(err, fault.Corrupt) {
			t.Fatalf("of a log that is sound: %v", err)
		}
		if n++; n == 1 {
			if err := l.Cut(l.Stats().End); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The disk is away for a moment while a segment is begun: neither its header is
// written, nor can it be removed. Then all is well again, and writes are
// acknowledged; but the log cannot be opened any more.
func TestASegmentThatWasBegunByHalfDoesNoHarm(t *testing.T) {
	d := disktest.New(1)
	away := false
	d.Ask("log", func(op, name string) error {
		if away && name != "synced" && op != "create" {
			return errors.New("the disk is away")
		}
		return nil
	})
	l, _, err := Open(d.Folder("log"), &Options{SegmentBytes: 200, Floor: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if _, err := l.Append(ctx, make([]byte, 150)); err != nil {
		t.Fatal(err)
	}
	away = true
	_, err = l.Append(ctx, make([]byte, 150))
	t.Log("away:", err)
	away = false
	if _, err := l.Append(ctx, make([]byte, 150)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	d.Ask("log", nil)
	l, _, err = Open(d.Folder("log"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

// A sync that fails says nothing of the file, and neither does one that succeeds
// after it: what is written next goes to another file.
func TestAFileOfWhichASyncFailedIsNotWrittenTo(t *testing.T) {
	for first := range 12 {
		for which := 1; which < 32; which++ {
			afterFailedSyncs(t, first, which)
		}
	}
}

// afterFailedSyncs lets some syncs of segments succeed, and of those that follow
// the ones fail that have a bit in which.
func afterFailedSyncs(t *testing.T, first, which int) {
	t.Helper()
	syncs, bad := 0, map[string]bool{}
	d := disktest.New(1)
	d.Ask("log", func(op, name string) error {
		switch {
		case name == markerName:
		case op == "write" && bad[name]:
			t.Errorf("after %d syncs those of %b fail: %s is written to after that", first, which, name)
		case op == "sync":
			if syncs++; syncs > first && which>>(syncs-first-1)&1 > 0 {
				bad[name] = true
				return disktest.ErrSync
			}
		}
		return nil
	})
	l, _, err := Open(d.Folder("log"), small)
	if err != nil {
		return
	}
	for range 12 {
		if _, err := l.Append(t.Context(), make([]byte, 100)); err != nil && !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.Unknown) {
			t.Errorf("after %d syncs those of %b fail: got %v", first, which, err)
		}
	}
	which = 0
	appendTo(t, l, "the disk is well again")
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A segment that was begun by half would be the last one for whoever opens the
// log: what is acknowledged after it must not stand before it.
func TestWhatComesAfterASegmentThatWasBegunByHalfCounts(t *testing.T) {
	for _, fail := range []func(*disktest.Disk){
		func(d *disktest.Disk) { d.FailSync(0) },
		func(d *disktest.Disk) { d.FailFolderSync(0) },
	} {
		d := disktest.New(1)
		l := open(t, d.Folder("log"), small)
		appendTo(t, l, "first")
		fail(d)
		if _, err := l.Append(t.Context(), make([]byte, 390)); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a segment that cannot be begun: got %v, want fault.Unavailable", err)
		}
		appendTo(t, l, "second") // has room in the segment before
		want(t, open(t, d.Kill().Folder("log"), small), 0, "first", "second")
	}
}

// Seen once: a file was made, and the disk said that it was not. It stood between
// those that came before and after it, and the log could not be opened again.
func TestAFileThatIsSaidNotToBeMadeDoesNoHarm(t *testing.T) {
	d := disktest.New(1)
	l := open(t, d.Folder("log"), small)
	appendTo(t, l, "first")
	d.Ask("log", func(op, _ string) error {
		if op == "create" {
			return &disktest.Late{Err: errors.New("input/output error")}
		}
		return nil
	})
	for range 2 {
		if _, err := l.Append(t.Context(), make([]byte, 390)); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a file that cannot be made: got %v, want fault.Unavailable", err)
		}
	}
	d.Ask("log", nil)
	appendTo(t, l, "second")
	want(t, open(t, d.Kill().Folder("log"), small), 0, "first", "second")
}

// Seen once: a write failed and could not be taken back, and the caller was told
// that nothing was changed. It was whole, and whoever opened the log then found it.
func TestAWriteThatCannotBeTakenBackIsUnknown(t *testing.T) {
	for seed := range uint64(20) {
		d := disktest.New(seed)
		l := open(t, d.Folder("log"), small)
		appendTo(t, l, "first")
		d.StopAt(d.Done() + 1) // the write, of which a part happens
		_, err := l.Append(t.Context(), []byte("second"))
		if !errors.Is(err, fault.Unknown) || errors.Is(err, fault.Unavailable) {
			t.Fatalf("got %v, want fault.Unknown alone", err)
		}
	}
}

// A file that was let go of may be back after a crash, but not one without those
// behind it.
func TestACutNeverLeavesAGap(t *testing.T) {
	f := func(what string, do func(d *disktest.Disk, l *Log) *disktest.Disk) {
		t.Helper()
		for seed := range uint64(50) {
			d := disktest.New(seed)
			l := open(t, d.Folder("log"), small)
			for range 12 {
				appendTo(t, l, string(make([]byte, 200)))
			}
			after := do(d, l)
			again, _, err := Open(after.Folder("log"), small)
			if err != nil {
				t.Fatalf("%s, seed %d: %v", what, seed, err)
			}
			_ = again.Close()
		}
	}
	f("one cut", func(d *disktest.Disk, l *Log) *disktest.Disk {
		if err := l.Cut(l.Stats().End); err != nil {
			t.Error(err)
		}
		return d.Crash()
	})
	f("a sync fails, and it is cut again", func(d *disktest.Disk, l *Log) *disktest.Disk {
		d.FailFolderSync(2)
		if err := l.Cut(l.Stats().End); err == nil {
			t.Error("a sync of the folder failed, and Cut did not")
		}
		if err := l.Cut(l.Stats().End); err != nil {
			t.Error(err)
		}
		return d.Crash()
	})
	f("the process is killed meanwhile, and the next one cuts", func(d *disktest.Disk, l *Log) *disktest.Disk {
		d.StopAt(d.Done() + 3)
		if err := l.Cut(l.Stats().End); err == nil {
			t.Error("the power went, and Cut did not fail")
		}
		d = d.Kill()
		next := open(t, d.Folder("log"), small)
		d.StopAt(d.Done() + 3)
		if err := next.Cut(next.Stats().End); err == nil {
			t.Error("the power went, and Cut did not fail")
		}
		return d.Crash()
	})
}
