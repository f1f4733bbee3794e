package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAFolderKeepsFiles(t *testing.T) {
	d, err := Open(filepath.Join(t.TempDir(), "a", "数据"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Create("f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("hello"), 3); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Truncate(6), d.Sync(), d.Rename("f", "g")); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Size(); n != 6 || err != nil {
		t.Errorf("got a size of %d, %v, want 6", n, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadFile(d, "g", 6); string(b) != "\x00\x00\x00hel" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
	if _, err := ReadFile(d, "g", 5); err == nil {
		t.Error("a file that is larger than the limit was read")
	}
	if err := os.Mkdir(d.Path("folder"), 0o750); err != nil {
		t.Fatal(err)
	}
	if names, err := d.List(); !slices.Equal(names, []string{"g"}) || err != nil {
		t.Errorf("got files %q, %v, want g", names, err)
	}
	if _, err := d.Create("g"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create what is there: got %v, want fs.ErrExist", err)
	}
	if err := d.Remove("g"); err != nil {
		t.Error(err)
	}
	if _, err := d.Open("g"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open what is gone: got %v, want fs.ErrNotExist", err)
	}
	if n, err := d.Free(); n <= 0 && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %d bytes free, %v", n, err)
	}
}

func TestAFolderIsHeldOnce(t *testing.T) {
	path := t.TempDir()
	unlock, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	if _, err := Lock(path); !errors.As(err, &held) || held.Holder.PID != os.Getpid() || held.Path != path {
		t.Errorf("got %v, want a HeldError that names this process", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if unlock, err = Lock(path); err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}
