package sqlitepool

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

func TestTheFirstConnectionMakesTheFile(t *testing.T) {
	e := fresh(t)
	connect := func() error {
		c, err := e.Connect(t.Context())
		if err != nil {
			return err
		}
		return c.Close()
	}
	if _, err := os.Stat(filepath.Dir(e.address.path)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("NewEngine touched the disk: %v", err)
	}
	if err := connect(); err != nil {
		t.Fatal(err)
	}
	at, err := os.Stat(e.address.path)
	if err != nil || runtime.GOOS != "windows" && at.Mode().Perm()&0o007 != 0 {
		t.Errorf("got %v, %v, want a file that others cannot read", at, err)
	}
	if err := removeAll(e.address.path); err != nil {
		t.Fatal(err)
	}
	err = connect()
	if got := e.Classify(err); got != sqlpool.Unreachable || !errors.Is(err, fault.SQLUnreachable) {
		t.Errorf("when it was removed: got %v, %q", err, got)
	}
	if _, err := os.Stat(e.address.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made again: %v", err)
	}
}

func TestAFileThatIsNotMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "main.db")
	for _, mode := range []string{"ro", "rw"} {
		e := newEngine(t, "sqlite:"+path+"?mode="+mode)
		_, err := e.Connect(t.Context())
		if e.Classify(err) != sqlpool.NoDatabase || !errors.Is(err, fault.SQLNoDatabase) {
			t.Errorf("mode=%s: got %v", mode, err)
		}
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, "sqlite:"+filepath.Join(blocked, "main.db"))
	if _, err := e.Connect(t.Context()); e.Classify(err) != sqlpool.Unreachable {
		t.Errorf("below a file: got %v", err)
	}
	e = newEngine(t, "sqlite:"+t.TempDir())
	if _, err := e.Connect(t.Context()); e.Classify(err) != sqlpool.Unreachable {
		t.Errorf("a folder: got %v, %q", err, e.Classify(err))
	}
}

// TestAFileThatVanishes under its connections is noticed by each of them.
func TestAFileThatVanishes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT RUN: Windows does not let a file vanish that is open")
	}
	e := fresh(t)
	counter(t, openDB(t, e, 1))
	c := connect(t, e)
	aside := e.address.path + ".aside"
	f := func(want sqlpool.Class, part string) {
		t.Helper()
		_, inspected := e.Inspect(t.Context(), c)
		for _, err := range []error{inspected, c.Ping(t.Context())} {
			if e.Classify(err) != want || want != "" && !strings.Contains(err.Error(), part) {
				t.Errorf("got %v, %q, want %q", err, e.Classify(err), part)
			}
		}
	}
	f("", "")
	if err := os.Rename(e.address.path, aside); err != nil {
		t.Fatal(err)
	}
	f(sqlpool.Unreachable, "removed")
	if err := os.WriteFile(e.address.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f(sqlpool.Unreachable, "replaced")
	if err := os.Rename(aside, e.address.path); err != nil {
		t.Fatal(err)
	}
	f("", "")
}

func TestInspectTellsWhatTheFileTakes(t *testing.T) {
	e := fresh(t)
	counter(t, openDB(t, e, 1))
	f := func(e *Engine, want string, queries ...string) {
		t.Helper()
		c := connect(t, e)
		for _, query := range queries {
			if _, err := c.ExecContext(t.Context(), query, nil); err != nil {
				t.Fatal(err)
			}
		}
		got, err := e.Inspect(t.Context(), c)
		if err != nil || got.System != "sqlite" || !strings.HasPrefix(got.Version, "3.") || got.ReadOnly != want || got.MaxConnections != 0 {
			t.Errorf("got %+v, %v, want ReadOnly %q", got, err, want)
		}
	}
	f(e, "")
	f(e, "query_only", "PRAGMA query_only=1")
	f(newEngine(t, "sqlite:"+e.address.path+"?mode=ro"), "mode=ro")
	if e.Dialect() != sqlpool.SQLite || e.Cancel(t.Context(), nil) != nil || e.Close() != nil {
		t.Error("the engine is not SQLite's")
	}
	if _, err := e.Inspect(t.Context(), nil); err == nil {
		t.Error("a connection of nobody is inspected")
	}
}

func TestAFileThatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "main.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, "sqlite:"+path)
	_, err := e.Connect(t.Context())
	if got := e.Classify(err); got != sqlpool.Damaged || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, %q, want that it is damaged, and its name", err, got)
	}
}

// damage writes over bytes of a file that nobody has open.
func damage(t *testing.T, path string, at int64, with string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(io.NewOffsetWriter(f, at), with); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	e := fresh(t)
	c := connect(t, e)
	for _, query := range []string{
		"CREATE TABLE parent (id INTEGER PRIMARY KEY)", "CREATE TABLE child (parent INTEGER REFERENCES parent)",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)", "CREATE INDEX i ON t (name)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, 'name ' || i FROM n",
	} {
		if _, err := c.ExecContext(t.Context(), query, nil); err != nil {
			t.Fatal(err)
		}
	}
	sound(t, e)
	for _, query := range []string{"PRAGMA foreign_keys=OFF", "INSERT INTO child VALUES (7)", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := c.ExecContext(t.Context(), query, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := check(t, e); len(got) != 1 || !strings.Contains(got[0], "row 1 of table child") {
		t.Errorf("got %q, want the row that refers to none", got)
	}
	at, err := os.Stat(e.address.path)
	if err != nil {
		t.Fatal(err)
	}
	damage(t, e.address.path, at.Size()/2/4096*4096, strings.Repeat("\x05", 3000))
	if got := check(t, e); len(got) < 2 {
		t.Errorf("got %q, want the damaged page too", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for found, err := range e.Check(ctx) {
		if found != "" || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: got %q, %v", found, err)
		}
	}
	for found, err := range e.Check(t.Context()) {
		if found == "" || err != nil {
			t.Errorf("got %q, %v", found, err)
		}
		break // and nothing stays open
	}
	damage(t, e.address.path, 0, strings.Repeat("x", 100))
	for found, err := range e.Check(t.Context()) {
		if found != "" || e.Classify(err) != sqlpool.Damaged {
			t.Errorf("no database: got %q, %v", found, err)
		}
	}
}

func check(t *testing.T, e *Engine) (all []string) {
	t.Helper()
	for found, err := range e.Check(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		all = append(all, found)
	}
	return all
}
