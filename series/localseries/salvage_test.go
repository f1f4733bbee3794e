package localseries

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// onFiles writes files into a folder of the operating system.
func (f files) onFiles(t *testing.T, folder string) {
	t.Helper()
	for p, b := range f {
		p = strings.TrimPrefix(p, "data/")
		path := filepath.Join(folder, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// salvaged returns what a salvaged store holds after a loss of power.
func salvaged(t *testing.T, all files) (string, Salvaged) {
	t.Helper()
	from, to := all.with(t, "", nil), disktest.New(1)
	s := &salvage{ctx: t.Context(), data: from.Folder("data"), log: from.Folder("log")}
	must(t, s.whatCounts())
	must(t, s.copyTo(to.Folder("data"), to.Folder("log")))
	to = to.Crash()
	e, err := newEngine(to.Folder("data"), to.Folder("log"), nil)
	must(t, err)
	defer e.Close()
	return contents(t, e), s.found
}

func TestSalvageOfWhatIsSoundIsAll(t *testing.T) {
	for _, closed := range []bool{true, false} {
		all, want := left(t, closed)
		home := t.TempDir()
		from, to := filepath.Join(home, "from"), filepath.Join(home, "to")
		all.onFiles(t, from)
		found, err := Salvage(t.Context(), from, to)
		must(t, err)
		e, err := NewEngine(to, nil)
		must(t, err)
		if got := contents(t, e); got != want || len(found.Lost) > 0 {
			t.Errorf("closed %v: got\n%s\nwant\n%s\nlost %v", closed, got, want, found.Lost)
		}
		must(t, e.Close())
	}
}

func TestSalvageDoesWithoutTheFilesThatSayWhichOthersCount(t *testing.T) {
	all, want := left(t, true)
	for path := range all {
		if strings.Contains(path, "root.") || strings.Contains(path, manifestPrefix) {
			delete(all, path)
		}
	}
	if got, found := salvaged(t, all); got != want || len(found.Lost) == 0 {
		t.Errorf("got\n%s\nwant\n%s\nlost %v", got, want, found.Lost)
	}
}

// segmentsAlone returns the files but for the log and those that say which others
// count.
func segmentsAlone(all files) files {
	left := files{}
	for path, b := range all {
		if strings.HasPrefix(path, "data/"+segmentPrefix) {
			left[path] = b
		}
	}
	return left
}

// wantNoneRaised wants that what is salvaged of segments alone is what e holds.
func wantNoneRaised(t *testing.T, what string, e *Engine, left files) {
	t.Helper()
	want := contents(t, e)
	if got, _ := salvaged(t, segmentsAlone(left)); got != want {
		t.Errorf("%s: salvaged\n%s\nwant\n%s", what, got, want)
	}
}

// deleted returns an engine that has a segment of rows, and one of a tomb over
// some of them, which are about to be merged.
func deleted(t *testing.T, h *bench) *Engine {
	t.Helper()
	e := h.open(t)
	write(t, e, bars(1, 9, 1))
	must(t, e.flush())
	must(t, e.Delete(t.Context(), rebarKey, market.Range{From: at(3), To: at(6)}))
	must(t, e.flush())
	e.sizes.merge = 2
	return e
}

// another writes a segment that will be merged with the last one.
func another(t *testing.T, e *Engine, minute int) {
	t.Helper()
	write(t, e, bars(minute, minute+1, 2))
	must(t, e.flush())
}

func TestSalvageDoesNotRaiseTheDeadOfSegmentsThatAreBack(t *testing.T) {
	h := newBench(quiet(100))
	e := deleted(t, h)
	defer e.Close()
	back := segmentsAlone(filesOf(t, h.disk))
	mergeAll(t, e)
	for path, b := range back { // one at a time, as after a crash
		left := filesOf(t, h.disk)
		left[path] = b
		wantNoneRaised(t, path+" is back", e, left)
	}
}

func TestSalvageDoesNotRaiseTheDeadOfSegmentsThatCannotBeRemoved(t *testing.T) {
	h := newBench(quiet(100))
	e := deleted(t, h)
	defer e.Close()
	h.disk.Ask("data", func(op, name string) error {
		if op == "remove" && name == segmentName(1) {
			return errors.New("used by another process")
		}
		return nil
	})
	for i := range 3 {
		if _, err := e.mergeOnce(); !errors.Is(err, fault.Unavailable) {
			t.Fatalf("merge %d, of which a segment cannot be removed: got %v, want fault.Unavailable", i, err)
		}
		wantNoneRaised(t, fmt.Sprint("merge ", i), e, filesOf(t, h.disk))
		another(t, e, 20+i)
	}
	h.disk.Ask("data", nil)
	mergeAll(t, e)
	another(t, e, 30)
	mergeAll(t, e)
	if left := segmentsAlone(filesOf(t, h.disk)); len(left) != 1 || len(e.find(rebarKey).tombs) > 0 {
		t.Errorf("it can be removed again: got %d segments and tombs %v, want 1 and none", len(left), e.find(rebarKey).tombs)
	}
	wantNoneRaised(t, "in the end", e, filesOf(t, h.disk))
}

// A manifest that could not be written may count after a crash: the segments that
// it names stay until another one does.
func TestSalvageDoesNotRaiseTheDeadOfAManifestThatFailed(t *testing.T) {
	for _, what := range []string{"flush", "merge"} {
		h := newBench(quiet(100))
		e := h.open(t)
		write(t, e, bars(1, 9, 1))
		if what == "merge" {
			must(t, e.flush())
			another(t, e, 10)
			e.sizes.merge = 2
		}
		h.disk.FailFolderSync(1) // that of the segment succeeds
		do := e.flush
		if what == "merge" {
			do = func() error { _, err := e.mergeOnce(); return err }
		}
		if err := do(); !errors.Is(err, fault.Unavailable) {
			t.Fatalf("%s: got %v, want fault.Unavailable", what, err)
		}
		must(t, e.Delete(t.Context(), rebarKey, market.Range{From: at(3), To: at(6)}))
		must(t, e.flush())
		e.sizes.merge = 2
		for i := range 4 {
			another(t, e, 20+i)
			mergeAll(t, e)
			wantNoneRaised(t, fmt.Sprintf("%s, and %d merges", what, i+1), e, filesOf(t, h.disk))
		}
		if left := segmentsAlone(filesOf(t, h.disk)); len(left) != 1 {
			t.Errorf("%s: got %d segments, want 1", what, len(left))
		}
		must(t, e.Close())
	}
}

// The names of segments that were removed are gone for good only when a manifest
// was written after it, and only then is the tomb over their rows.
func TestSalvageDoesNotRaiseTheDeadAfterACrash(t *testing.T) {
	for seed := range uint64(400) {
		h := newBench(quiet(100))
		h.disk = disktest.New(seed)
		e := deleted(t, h)
		h.disk.StopAt(h.disk.Done() + 1 + int(seed%80))
		if seed%3 == 0 {
			h.disk.FailFolderSync(int(seed % 11))
		}
		for i := range 3 { // any of these may fail
			_, _ = e.mergeOnce()
			_ = e.Write(t.Context(), []series.Frame{bars(2, 3, float64(i))})
			_ = e.flush()
		}
		left := filesOf(t, h.disk.Crash())
		_ = e.Close()
		got, _ := salvaged(t, segmentsAlone(left))
		for minute := 3; minute < 6; minute++ {
			if row := fmt.Sprint(rebarKey, at(minute)); strings.Contains(got, row) {
				t.Fatalf("seed %d: %s was deleted, salvaged\n%s", seed, row, got)
			}
		}
	}
}

// What can be read can be salvaged: reading takes heads out of the directory.
func TestSalvageTakesHeadsOutOfTheDirectory(t *testing.T) {
	all, want := left(t, true)
	for path, b := range all {
		if !strings.Contains(path, segmentPrefix) {
			continue
		}
		for i := bytes.Index(b, order.AppendUint32(nil, chunkMagic)); i < segmentStart+chunkStart; i++ {
			spoilt := maps.Clone(all)
			spoilt[path] = slices.Clone(b)
			spoilt[path][i] ^= 0x10
			if got, found := salvaged(t, spoilt); got != want || len(found.Lost) > 0 {
				t.Fatalf("byte %d of %s: got\n%s\nwant\n%s\nlost %v", i, path, got, want, found.Lost)
			}
		}
	}
}

// TestSalvageLeavesOutWhatIsDamaged damages each byte of the files, one by one: what is salvaged is what was there, unless something is said to be lost.
func TestSalvageLeavesOutWhatIsDamaged(t *testing.T) {
	for _, closed := range []bool{true, false} {
		all, want := left(t, closed)
		for path := range all {
			salvageEach(t, fmt.Sprintf("closed %v", closed), want, all, path)
		}
	}
}

// salvageEach damages each byte of a file, one by one.
func salvageEach(t *testing.T, what, want string, all files, path string) {
	t.Helper()
	for i := 0; i < len(all[path]); i += fewer.Step(7) {
		spoilt := maps.Clone(all)
		spoilt[path] = slices.Clone(all[path])
		spoilt[path][i] ^= 0x10
		if got, found := salvaged(t, spoilt); got != want && len(found.Lost) == 0 {
			t.Errorf("%s: byte %d of %s: got\n%s\nwant\n%s\nand nothing is said to be lost", what, i, path, got, want)
		}
	}
}
