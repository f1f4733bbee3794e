package sqlitepool

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

func TestAddressesOfFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	f := func(url, path string, pragmas ...string) {
		t.Helper()
		a, err := parseAddress(url)
		if err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		if want := filepath.Join(dir, path); a.path != want {
			t.Errorf("%s: got the path %s, want %s", url, a.path, want)
		}
		for i := 0; i < len(pragmas); i += 2 {
			if got := a.pragmas[pragmas[i]]; got != pragmas[i+1] {
				t.Errorf("%s: got %s %q, want %q", url, pragmas[i], got, pragmas[i+1])
			}
		}
	}
	f("sqlite:main.db", "main.db", "synchronous", "FULL", "busy_timeout", "10000", "foreign_keys", "ON")
	f("sqlite:"+filepath.Join(dir, "a", "..", "main.db"), "main.db")
	f("sqlite:a.db?synchronous=normal&busy_timeout=5s&cache_size=-2000", "a.db", "synchronous", "normal", "busy_timeout", "5000", "cache_size", "-2000")
	f("sqlite:a.db?mmap_size=1000000&wal_autocheckpoint=0&journal_size_limit=-1&temp_store=memory", "a.db", "mmap_size", "1000000")
	f("sqlite:what?.db", "what?.db")
	f("sqlite:what?.db?busy_timeout=1ms", "what?.db", "busy_timeout", "1")
	f("sqlite:a?b=c?", "a?b=c")
	f("sqlite:账户 100%/主库#1.db", "账户 100%/主库#1.db")
	f("sqlite:%41.db", "%41.db")
}

func TestAddressesThatAreRefused(t *testing.T) {
	f := func(url, part string) {
		t.Helper()
		_, err := NewEngine(sqlpool.Source{Name: "main", URL: url})
		if !errors.Is(err, fault.SQLSource) || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got %v, want fault.SQLSource with %q", url, err, part)
		}
	}
	f("mysql://h/d", "sqlite:path")
	f("sqlite:", "no file")
	f("sqlite:?mode=ro", "no file")
	f("sqlite::memory:", "memory")
	f("sqlite:file::memory:?cache=shared", "memory")
	f("sqlite:file:a.db", "sqlite:path")
	f("sqlite://host/a.db", "sqlite:path")
	f("sqlite:a\x00.db", "byte")
	f("sqlite:folder/", "folder")
	f("sqlite:a.db?journal=off", `"journal"; there are busy_timeout, cache_size, `)
	f("sqlite:a.db?synchronous=off", `cannot be "off"`)
	f("sqlite:a.db?mode=memory", `cannot be "memory"`)
	f("sqlite:a.db?busy_timeout=5000", `cannot be "5000"`)
	f("sqlite:a.db?busy_timeout=-1s", `cannot be "-1s"`)
	f("sqlite:a.db?cache_size=1;DROP", `cannot be "1;DROP"`)
	f("sqlite:a.db?mmap_size=-1", `cannot be "-1"`)
	f("sqlite:a.db?mode=ro&mode=rw", "twice")
}

// TestStrangeNames finds the file under the very name that the address has, and the
// rows in it again.
func TestStrangeNames(t *testing.T) {
	for _, name := range []string{"主库.db", "with space.db", "100%.db", "%41%3f.db", "a?b.db", "a#b.db", "a&b=c;d.db", "it's \"quoted\".db", "新 目录/深 层/库?.db"} {
		path := filepath.Join(t.TempDir(), name)
		e := newEngine(t, "sqlite:"+path+"?")
		db := openDB(t, e, 2)
		exec(t, db, "CREATE TABLE t (x)")
		exec(t, db, "INSERT INTO t VALUES (7)")
		if at, err := os.Stat(path); err != nil || at.Size() == 0 {
			t.Errorf("%s: got %v, %v", name, at, err)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(entries) != 3 { // with -wal and -shm
			t.Errorf("%s: got the files %v, %v", name, entries, err)
		}
		if got := scan[int](t, openDB(t, newEngine(t, "sqlite:"+path+"?mode=ro"), 1), "SELECT x FROM t"); got != 7 {
			t.Errorf("%s: got %d, want 7", name, got)
		}
	}
}
