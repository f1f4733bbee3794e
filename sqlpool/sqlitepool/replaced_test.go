package sqlitepool_test

import (
	"context"
	"database/sql"
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

// openPool opens a pool of its own for source.
func openPool(t *testing.T, source sqlpool.Source) (*sqlpool.Pools, *sqlpool.Pool) {
	t.Helper()
	open := func(s sqlpool.Source) (sqlpool.Engine, error) { return sqlitepool.NewEngine(s) }
	pools, err := sqlpool.New([]sqlpool.Source{source}, open, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pools.Close(); err != nil {
			t.Error(err)
		}
	})
	pool, err := pools.Pool(source.Name)
	if err != nil {
		t.Fatal(err)
	}
	return pools, pool
}

// TestAFileThatIsReplacedIsNoticed puts a backup back under a pool that goes on
// writing, as an operator may who has not stopped the program.
func TestAFileThatIsReplacedIsNoticed(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that is open cannot be replaced there
	}
	path := filepath.Join(t.TempDir(), "main.db")
	source := sqlpool.Source{Name: "main", URL: "sqlite:" + path, MinIdle: 2, MaxOpen: 4}
	pools, pool := openPool(t, source)
	if _, err := pool.DB().ExecContext(t.Context(), "CREATE TABLE t (v INTEGER)"); err != nil {
		t.Fatal(err)
	}
	engine, ok := pool.Engine().(*sqlitepool.Engine)
	if !ok {
		t.Fatalf("the engine is %T", pool.Engine())
	}
	replace(t, engine, path)
	// From now on what is acknowledged is in the new file.
	acknowledged, began := 0, time.Now()
	for acknowledged < 20 && time.Since(began) < 10*time.Second {
		_, err := pool.DB().ExecContext(t.Context(), "INSERT INTO t VALUES (2)")
		switch {
		case err == nil:
			acknowledged++
		case fault.KindOf(pool.Classify(err)) != fault.Unavailable:
			t.Errorf("got %v, want fault.Unavailable", err)
		default:
			<-time.After(time.Millisecond)
		}
	}
	t.Logf("the new file was written %s after it was there", time.Since(began).Round(time.Millisecond))
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

// TestNothingIsAcknowledgedThatWentAstray moves the file away behind the back of
// whoever has begun to write.
func TestNothingIsAcknowledgedThatWentAstray(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that is open cannot be moved there
	}
	// Each writes, has the file moved away, and tells how the write ended.
	tries := map[string]func(ctx context.Context, pool *sqlpool.Pool, move func() error) error{
		"a transaction": func(ctx context.Context, pool *sqlpool.Pool, move func() error) error {
			_, err := pool.InTx(ctx, nil, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO t VALUES (1)")
				return errors.Join(err, move())
			})
			return err
		},
		"a transaction of SQL": func(ctx context.Context, pool *sqlpool.Pool, move func() error) error {
			c, err := pool.DB().Conn(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
			if _, err := c.ExecContext(ctx, "BEGIN; INSERT INTO t VALUES (1)"); err != nil {
				return err
			}
			if err := move(); err != nil {
				return err
			}
			_, err = c.ExecContext(ctx, "COMMIT")
			return pool.Classify(err)
		},
		"a statement whose rows are read": func(ctx context.Context, pool *sqlpool.Pool, move func() error) error {
			rows, err := pool.DB().QueryContext(ctx, "INSERT INTO t VALUES (1), (2) RETURNING v")
			if err != nil {
				return err
			}
			defer rows.Close()
			read := 0
			for ; rows.Next(); read++ {
				if read > 0 {
					continue
				}
				if err := move(); err != nil {
					return err
				}
			}
			if read != 2 {
				t.Errorf("%d rows", read)
			}
			return pool.Classify(rows.Err())
		},
	}
	for name, try := range tries {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "main.db")
			_, pool := openPool(t, sqlpool.Source{Name: "main", URL: "sqlite:" + path})
			if _, err := pool.DB().ExecContext(t.Context(), "CREATE TABLE t (v INTEGER)"); err != nil {
				t.Fatal(err)
			}
			err := try(t.Context(), pool, func() error { return os.Rename(path, path+".away") })
			if !errors.Is(err, fault.Unknown) {
				t.Errorf("got %v, want fault.Unknown", err)
			}
			if _, err := pool.DB().ExecContext(t.Context(), "INSERT INTO t VALUES (3)"); !errors.Is(pool.Classify(err), fault.Unavailable) {
				t.Errorf("afterwards: got %v, want fault.Unavailable", err)
			}
		})
	}
}

// TestAWrongNameIsNoValue asks for a column that is not there, in double quotes.
func TestAWrongNameIsNoValue(t *testing.T) {
	_, pool := openPool(t, sqlpool.Source{Name: "main", URL: "sqlite:" + filepath.Join(t.TempDir(), "main.db")})
	if _, err := pool.DB().ExecContext(t.Context(), `CREATE TABLE t ("v" INTEGER)`); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`SELECT count(*) FROM t WHERE "naem" = 1`, `INSERT INTO t VALUES ("x")`, `CREATE TABLE u (v TEXT DEFAULT "x", CHECK (v <> "y"))`} {
		if _, err := pool.DB().ExecContext(t.Context(), query); pool.ClassOf(err) != sqlpool.NoObject {
			t.Errorf("%s: got %v, want that there is no such name", query, err)
		}
	}
}
