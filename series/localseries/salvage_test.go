package localseries

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// salvaged returns what a salvaged store holds.
func salvaged(t *testing.T, all files) (string, Salvaged) {
	t.Helper()
	home := t.TempDir()
	from, to := filepath.Join(home, "from"), filepath.Join(home, "to")
	all.onFiles(t, from)
	found, err := Salvage(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEngine(to, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return contents(t, e), found
}

func TestSalvageOfWhatIsSoundIsAll(t *testing.T) {
	for _, closed := range []bool{true, false} {
		all, want := left(t, closed)
		got, found := salvaged(t, all)
		if got != want || len(found.Lost) > 0 {
			t.Errorf("closed %v: got\n%s\nwant\n%s\nlost %v", closed, got, want, found.Lost)
		}
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

// TestSalvageLeavesOutWhatIsDamaged damages the files in many places, one by one:
// what is salvaged is what was there, unless something is said to be lost.
func TestSalvageLeavesOutWhatIsDamaged(t *testing.T) {
	for _, closed := range []bool{true, false} {
		all, want := left(t, closed)
		for path := range all {
			salvageEach(t, fmt.Sprintf("closed %v", closed), want, all, path)
		}
	}
}

// salvageEach damages a file in many places, one by one.
func salvageEach(t *testing.T, what, want string, all files, path string) {
	t.Helper()
	for i := 3; i < len(all[path]); i += 97 {
		spoilt := maps.Clone(all)
		spoilt[path] = slices.Clone(all[path])
		spoilt[path][i] ^= 0x10
		if got, found := salvaged(t, spoilt); got != want && len(found.Lost) == 0 {
			t.Errorf("%s: byte %d of %s: got\n%s\nwant\n%s\nand nothing is said to be lost", what, i, path, got, want)
		}
	}
}
