package servers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/disk"
)

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func TestATemplateIsMadeOnceAndAsAWhole(t *testing.T) {
	path, data := filepath.Join(t.TempDir(), "template"), t.TempDir()
	calls := 0
	fill := func() error {
		calls++
		writeFile(t, filepath.Join(data, "sub", "file"), "content", 0o640)
		return nil
	}
	broken := errors.New("broken")
	if err := keepTemplate(path, data, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("what failed is kept")
	}
	// Whoever made it before was killed in the middle.
	writeFile(t, filepath.Join(path+".unfinished", "half"), "", 0o600)
	for range 2 {
		if err := keepTemplate(path, data, fill); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("made %d times", calls)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) != 0 {
		t.Errorf("the folder where it was made has %v, %v", left, err)
	}
	if names, err := filepath.Glob(filepath.Join(path, "*")); err != nil || len(names) != 1 {
		t.Errorf("it has %v, %v: want sub alone", names, err)
	}
}

func TestACopyHasWhatTheTemplateHas(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(from, "sub", "private"), "one", 0o600)
	writeFile(t, filepath.Join(from, "public"), "two", 0o644)
	var done []string
	err := copyTree(from, to, func(path string) error {
		done = append(done, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(done) != 3 {
		t.Errorf("told of %v: want the folder and both files", done)
	}
	f := func(name, content string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(to, name)
		b, err := os.ReadFile(path)
		if err != nil || string(b) != content {
			t.Errorf("%s: got %q, %v, want %q", name, b, err, content)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: got %v, %v, want mode %v", name, info.Mode(), err, mode)
		}
	}
	f("sub/private", "one", 0o600)
	f("public", "two", 0o644)
	if err := os.Symlink("public", filepath.Join(from, "link")); err != nil {
		t.Fatal(err)
	}
	if err := copyTree(from, t.TempDir(), func(string) error { return nil }); err == nil {
		t.Error("a link, which could lead anywhere, is copied")
	}
}

func TestALockIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	unlock, err := disk.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollEvery)
	defer cancel()
	if _, err := lockWhenFree(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a lock that is held: got %v, want %v", err, context.DeadlineExceeded)
	}
	unlocked := make(chan error)
	time.AfterFunc(3*pollEvery, func() { unlocked <- unlock() })
	again, err := lockWhenFree(t.Context(), dir)
	if err := errors.Join(err, <-unlocked); err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// TestServersOfOneTemplateAreStrangers starts two of each: what tells servers
// apart is not copied with the data.
func TestServersOfOneTemplateAreStrangers(t *testing.T) {
	f := func(d dialect, queries ...string) {
		t.Run(d.recipe.engine().Name, func(t *testing.T) {
			a, b := d.start(t), own(t, d.recipe)
			if a.Password == b.Password || a.Addr == b.Addr {
				t.Error("two servers have one password or address")
			}
			for _, query := range queries {
				if x, y := ask[string](t, d.connect(t, a, ""), query), ask[string](t, d.connect(t, b, ""), query); x == y {
					t.Errorf("%s is %q for both", query, x)
				}
			}
		})
	}
	f(mariaDialect(), "SELECT @@server_id", "SELECT @@server_uid")
	f(mysqlDialect(), "SELECT @@server_id", "SELECT @@server_uuid")
	f(postgresDialect())
}
