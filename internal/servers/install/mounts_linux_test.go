package main

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestMountsBelow(t *testing.T) {
	const table = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:5 / /e/part/root/dev rw - devtmpfs udev rw
31 30 0:6 / /e/part/root/dev/pts rw shared:3 - devpts devpts rw
32 22 0:7 / /e/part/a\040b\134c rw - tmpfs tmpfs rw
33 22 0:8 / /e/partner rw - tmpfs tmpfs rw
34 22 0:9 / /e/part rw - tmpfs tmpfs rw
broken
`
	want := []string{"/e/part/root/dev", "/e/part/root/dev/pts", `/e/part/a b\c`, "/e/part"}
	if got := mountsBelow("/e/part", table); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := mountsBelow("/e/par", table); got != nil {
		t.Errorf("got %q, want none", got)
	}
}

func TestDetachWhereNothingIsMounted(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "absent")} {
		if err := detach(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestSweepDoesNotRemoveWhatIsMounted mounts a folder into a half bootstrapped
// root, where this may be done: by root, on most machines.
func TestSweepDoesNotRemoveWhatIsMounted(t *testing.T) {
	precious := filepath.Join(t.TempDir(), "precious")
	if err := write(filepath.Join(precious, "file"), "kept"); err != nil {
		t.Fatal(err)
	}
	w := &work{folder: t.TempDir()}
	point := filepath.Join(w.folder, "part/x y/root/dev")
	if err := os.MkdirAll(point, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(precious, point, "", syscall.MS_BIND, ""); err != nil {
		t.Logf("no mounts here: %v", err)
	}
	if err := w.sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(precious, "file")); err != nil {
		t.Errorf("what was mounted is gone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(w.folder, "part")); !os.IsNotExist(err) {
		t.Errorf("what is not whole is left: %v", err)
	}
}
