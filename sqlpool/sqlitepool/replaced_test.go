package sqlitepool_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/sqlitepool"
)

// replace puts a backup in the place of the file.
func replace(t *testing.T, engine *sqlitepool.Engine, path string) {
	t.Helper()
	backup := path + ".backup"
	if err := errors.Join(engine.Backup(t.Context(), backup, nil), os.Remove(path+"-wal"), os.Remove(path+"-shm"), os.Rename(backup, path)); err != nil {
		t.Fatal(err)
	}
}

// TestAFileThatIsReplacedIsNoticed puts a backup back under a pool that goes on
// writing.
func TestAFileThatIsReplacedIsNoticed(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that is open cannot be replaced there
	}
	path := filepath.Join(t.TempDir(), "main.db")
	source := sqlpool.Source{Name: "main", URL: "sqlite:" + path, MinIdle: 2, MaxOpen: 4, ProbeEvery: 20 * time.Millisecond}
	var engine *sqlitepool.Engine
	pools, err := sqlpool.New([]sqlpool.Source{source}, func(s sqlpool.Source) (_ sqlpool.Engine, err error) {
		engine, err = sqlitepool.NewEngine(s)
		return engine, err
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pools.Close(); err != nil {
			t.Error(err)
		}
	}()
	pool, err := pools.Pool("main")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.DB().ExecContext(t.Context(), "CREATE TABLE t (v INTEGER)"); err != nil {
		t.Fatal(err)
	}
	replace(t, engine, path)
	noticed := time.Now().Add(5 * time.Second)
	for pool.Stats().Evictions == 0 {
		if time.Now().After(noticed) {
			t.Fatal("after 5 s the pool writes to the file that is gone")
		}
		_, err := pool.DB().ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
		if err != nil && fault.KindOf(pool.Classify(err)) == "" {
			t.Errorf("an error of no kind: %v", err)
		}
	}
	// From now on what is acknowledged is in the new file.
	acknowledged := 0
	for tries := 0; acknowledged < 20 && time.Now().Before(noticed.Add(5*time.Second)); tries++ {
		if _, err := pool.DB().ExecContext(t.Context(), "INSERT INTO t VALUES (2)"); err == nil {
			acknowledged++
		} else {
			<-time.After(10 * time.Millisecond)
		}
	}
	other := source
	other.Name = "other"
	if err := pools.Add(other); err != nil {
		t.Fatal(err)
	}
	fresh, err := pools.Pool("other")
	if err != nil {
		t.Fatal(err)
	}
	var found int
	if err := fresh.DB().QueryRowContext(t.Context(), "SELECT count(*) FROM t WHERE v = 2").Scan(&found); err != nil || found != acknowledged || found < 20 {
		t.Errorf("of %d acknowledged rows the file has %d, %v", acknowledged, found, err)
	}
}
