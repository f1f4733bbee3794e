package localseries

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/series"
)

// files are the contents of the files of a folder by their paths.
type files map[string][]byte

var folders = []string{"data", "log"}

func filesOf(t *testing.T, d *disktest.Disk) files {
	t.Helper()
	all := files{}
	for _, folder := range folders {
		names, err := d.Folder(folder).List()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if all[folder+"/"+name], err = disk.ReadFile(d.Folder(folder), name, 1<<20); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// with returns a disk that has the files, one of them changed.
func (f files) with(t *testing.T, path string, changed []byte) *disktest.Disk {
	t.Helper()
	d := disktest.New(1)
	for p, b := range f {
		if p == path {
			b = changed
		}
		folder, name, _ := strings.Cut(p, "/")
		file, err := d.Folder(folder).Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(b, 0); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// left returns the files of a folder of every kind of segment, and what it holds:
// one that was closed, or one of which the process was killed.
func left(t *testing.T, closed bool) (files, string) {
	t.Helper()
	d := &onDisk{disktest.New(5), &Options{Memory: 700, sizes: sizes{bulk: 9, chunk: 5, merge: 3}}}
	e := d.open(t)
	steps := randomSteps(4, 6)
	for _, s := range steps {
		do(t, e, s)
	}
	want := after(t, steps)
	if closed {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		return filesOf(t, d.disk.Kill()), want
	}
	killed := d.disk.Kill()
	_ = e.Close()
	return filesOf(t, killed), want
}

// wantHonest wants an error that names a file, or the right answer, and that no
// file goes away. It reports whether there was an error.
func wantHonest(t *testing.T, what, want string, d *disktest.Disk) (found bool) {
	t.Helper()
	got, err := outcome(t, d)
	switch {
	case err != nil && !errors.Is(err, fault.Corrupt) && !errors.Is(err, fault.Unsupported):
		t.Errorf("%s: got %v, want fault.Corrupt", what, err)
	case err != nil && !slices.ContainsFunc(folders, func(name string) bool { return strings.Contains(err.Error(), name+"/") }):
		t.Errorf("%s: %v names no file", what, err)
	case err == nil && got != want:
		t.Errorf("%s: got\n%s\nwant\n%s\nor an error", what, got, want)
	}
	return err != nil
}

func outcome(t *testing.T, d *disktest.Disk) (string, error) {
	t.Helper()
	e, err := newEngine(d.Folder("data"), d.Folder("log"), nil)
	if err != nil {
		return "", err
	}
	defer e.Close()
	for _, err := range e.Read(t.Context(), series.Query{Keys: crashKeys}) {
		if err != nil {
			return "", err
		}
	}
	return contents(t, e), nil
}

func TestEveryByteThatIsFlippedIsFoundOrDoesNotMatter(t *testing.T) {
	for _, closed := range []bool{true, false} {
		all, want := left(t, closed)
		found, flipped := 0, 0
		for path, b := range all {
			found += all.flipEach(t, path, want)
			flipped += len(b)
		}
		t.Logf("closed %v: %d of %d flipped bytes of %d files are errors, the others did no harm", closed, found, flipped, len(all))
	}
}

// flipEach flips a bit of every byte of a file, one after another, and returns
// how many of them were found to be damage.
func (f files) flipEach(t *testing.T, path, want string) (found int) {
	t.Helper()
	for i := 0; i < len(f[path]); i += fewer.Step(7) {
		changed := slices.Clone(f[path])
		changed[i] ^= 1 << (i % 8)
		if wantHonest(t, fmt.Sprintf("byte %d of %s flipped", i, path), want, f.with(t, path, changed)) {
			found++
		}
	}
	return found
}

func TestEveryFileThatIsCutIsFoundOrDoesNotMatter(t *testing.T) {
	for _, closed := range []bool{true, false} {
		all, want := left(t, closed)
		for path, b := range all {
			for n := 0; n < len(b); n += fewer.Step(7) {
				wantHonest(t, fmt.Sprintf("%s cut at %d", path, n), want, all.with(t, path, b[:n]))
			}
			gone := maps.Clone(all)
			delete(gone, path)
			wantHonest(t, path+" gone", want, gone.with(t, "", nil))
		}
	}
}

func TestVerifyNamesWhatIsDamaged(t *testing.T) {
	all, _ := left(t, true)
	for path, b := range all {
		if !strings.Contains(path, segmentPrefix) {
			continue
		}
		for i := range b {
			changed := slices.Clone(b)
			changed[i] ^= 4
			d := all.with(t, path, changed)
			e, err := newEngine(d.Folder("data"), d.Folder("log"), nil)
			if err != nil {
				continue // found when it is opened
			}
			found := verify(t, e)
			if len(found) != 1 || found[0].File != path || !errors.Is(found[0].Err, fault.Corrupt) || found[0].Key.Kind == 0 || found[0].Offset > int64(i) {
				t.Errorf("byte %d of %s flipped: got %+v, want one damage there", i, path, found)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	d := all.with(t, "", nil)
	e, err := newEngine(d.Folder("data"), d.Folder("log"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if found := verify(t, e); len(found) > 0 {
		t.Errorf("of what is sound: got %+v", found)
	}
}

func verify(t *testing.T, e *Engine) (all []Damage) {
	t.Helper()
	for d, err := range e.Verify(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func TestOpeningTellsWhatItMovedAside(t *testing.T) {
	all, want := left(t, false)
	var last string
	for path := range all {
		if strings.HasSuffix(path, ".log") && path > last {
			last = path
		}
	}
	d := all.with(t, last, append(slices.Clone(all[last]), "half a group"...))
	e, err := newEngine(d.Folder("data"), d.Folder("log"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	torn := e.Torn()
	if len(torn) != 1 || torn[0].Bytes != int64(len("half a group")) {
		t.Fatalf("got %+v, want the 12 bytes that nobody acknowledged", torn)
	}
	kept, err := disk.ReadFile(d.Folder("log"), strings.TrimPrefix(torn[0].File, "log/"), 1<<20)
	if err != nil || !strings.HasSuffix(string(kept), "half a group") {
		t.Errorf("%s holds %q, %v", torn[0].File, kept, err)
	}
	if got := contents(t, e); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
