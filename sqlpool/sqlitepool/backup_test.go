package sqlitepool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
)

// accounts makes a table of accounts that have 100 each, and enough beside it for a
// backup to take a while.
func accounts(t testing.TB) *Engine {
	t.Helper()
	e := fresh(t)
	db := openDB(t, e, 8)
	exec(t, db, "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER, at DATETIME)")
	exec(t, db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) INSERT INTO account SELECT i, 100, NULL FROM n")
	exec(t, db, "CREATE TABLE ballast (b)")
	exec(t, db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20000) INSERT INTO ballast SELECT randomblob(1000) FROM n")
	return e
}

// TestABackupIsOfOneMoment copies while others move money between accounts at both
// ends of the file.
func TestABackupIsOfOneMoment(t *testing.T) {
	e := accounts(t)
	db := openDB(t, e, 8)
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	moved := 0
	for w := range 4 {
		writers.Go(func() {
			for i := w; ctx.Err() == nil; i += 7 {
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				exec(t, tx, "UPDATE account SET balance = balance - 1 WHERE id = ?", i%1000+1)
				exec(t, tx, "UPDATE account SET balance = balance + 1 WHERE id = ?", 1000-i%1000)
				if err := tx.Commit(); err != nil {
					t.Error(err)
				}
				if w == 0 {
					moved++
				}
			}
		})
	}
	dir := t.TempDir()
	for _, name := range []string{"备份 1%.db", "2.db", "3.db"} {
		path := filepath.Join(dir, name)
		var done, total int64
		err := e.Backup(t.Context(), path, func(d, all int64) {
			if d < done || d > all {
				t.Errorf("%d of %d after %d", d, all, done)
			}
			done, total = d, all
		})
		if err != nil {
			t.Fatal(err)
		}
		at, err := os.Stat(path)
		if err != nil || done != total || at.Size() != total {
			t.Errorf("got %d of %d, and a file of %v bytes, %v", done, total, at.Size(), err)
		}
		copied := newEngine(t, "sqlite:"+path)
		sound(t, copied)
		if got := scan[int](t, openDB(t, copied, 1), "SELECT sum(balance) + count(*) FROM account"); got != 101_000 {
			t.Errorf("got a sum of %d, want 101000", got)
		}
		if err := e.Backup(t.Context(), path, nil); !errors.Is(err, fault.SQLBackup) {
			t.Errorf("over a file: got %v", err)
		}
	}
	stop()
	writers.Wait()
	t.Logf("one of 4 writers moved %d times", moved)
}

func TestABackupThatFailsLeavesNothing(t *testing.T) {
	e := accounts(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	steps := 0
	err := e.Backup(ctx, filepath.Join(dir, "b.db"), func(int64, int64) {
		if steps++; steps == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	late := filepath.Join(dir, "late.db")
	err = e.Backup(t.Context(), late, func(done, total int64) {
		if done == total {
			if err := os.WriteFile(late, []byte("of somebody"), 0o600); err != nil {
				t.Error(err)
			}
		}
	})
	if !errors.Is(err, fault.SQLBackup) {
		t.Errorf("another one took the name: got %v", err)
	}
	if got, err := os.ReadFile(late); string(got) != "of somebody" || err != nil {
		t.Errorf("another one's file is %q, %v", got, err)
	}
	if err := e.Backup(t.Context(), filepath.Join(dir, "no", "b.db"), nil); !errors.Is(err, fault.SQLBackup) {
		t.Errorf("no folder: got %v", err)
	}
	if err := os.Remove(late); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if err := removeAll(e.address.path); err != nil {
		t.Fatal(err)
	}
	if err := e.Backup(t.Context(), filepath.Join(dir, "b.db"), nil); !errors.Is(err, fault.SQLUnreachable) {
		t.Errorf("without a source: got %v", err)
	}
}
