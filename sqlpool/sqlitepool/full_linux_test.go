package sqlitepool

import (
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/redfire-quant/redfire/sqlpool"
)

// TestARealDiskThatIsFull fills a small disk of its own, for which it must be root.
// What was acknowledged is there, and with room again it goes on.
func TestARealDiskThatIsFull(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("NOT RUN: a disk of 4 MiB cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	e := newEngine(t, "sqlite:"+filepath.Join(small, "main.db"))
	db := openDB(t, e, 4)
	exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, b)")
	const insert = "INSERT INTO t (b) VALUES (randomblob(2000))"
	written := 0
	var err error
	for err == nil && written < 10_000 {
		if _, err = db.ExecContext(t.Context(), insert); err == nil {
			written++
		}
	}
	if got := e.Classify(err); got != sqlpool.DiskFull {
		t.Fatalf("after %d rows: got %q of %v", written, got, err)
	}
	if e.gate.held {
		t.Error("the gate is still held")
	}
	fill := begin(t, db, nil)
	failed := error(nil)
	for range 3000 {
		if _, failed = fill.ExecContext(t.Context(), insert); failed != nil {
			break
		}
	}
	if failed = errors.Join(failed, fill.Commit()); e.Classify(failed) != sqlpool.DiskFull {
		t.Errorf("in a transaction: got %v", failed)
	}
	if got := scan[int](t, db, "SELECT count(*) FROM t"); got != written {
		t.Errorf("got %d rows, want %d", got, written)
	}
	err = e.Backup(t.Context(), filepath.Join(small, "backup.db"), nil)
	if got := e.Classify(err); got != sqlpool.DiskFull {
		t.Errorf("backup: got %q of %v", got, err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT, "size=16m"); err != nil {
		t.Fatal(err)
	}
	exec(t, db, insert)
	if got := scan[int](t, db, "SELECT count(*) FROM t"); got != written+1 {
		t.Errorf("with room again: got %d rows, want %d", got, written+1)
	}
	sound(t, e)
	t.Logf("full after %d rows", written)
}

// TestAFileWithoutRights is looked at by a process that is not root.
func TestAFileWithoutRights(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "redfire") //nolint:usetesting // others must get into its parents
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "main.db")
	e := newEngine(t, "sqlite:"+path)
	c := connect(t, e)
	for _, query := range []string{"CREATE TABLE counter (n INTEGER)", "INSERT INTO counter VALUES (0)"} {
		if _, err := c.ExecContext(t.Context(), query, nil); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "program"), program, 0o755); err != nil { //nolint:gosec // as above
		t.Fatal(err)
	}
	f := func(mode os.FileMode, want string) {
		t.Helper()
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Chmod(path+end, mode); err != nil {
				t.Fatal(err)
			}
		}
		child, lines := start(t, "rights", "sqlite:"+path, func(c *osexec.Cmd) {
			c.Path, c.Dir = filepath.Join(dir, "program"), "/"
			if os.Getuid() == 0 {
				c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			}
		})
		if got := finish(t, child, lines); got != want {
			t.Errorf("mode %o: got %q, want %q", mode, got, want)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as above
		t.Fatal(err)
	}
	f(0o444, "the file's rights/read-only")
	f(0o000, "connect: unreachable")
}
