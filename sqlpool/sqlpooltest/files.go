package sqlpooltest

import (
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// RunBadDaysOfFiles does to a database file what happens to files: the disk is
// full, the file goes away, others write to it. The URL of a source is a scheme
// and a path.
func RunBadDaysOfFiles(t *testing.T, h Harness) {
	t.Run("the disk is full", func(t *testing.T) { h.diskFull(t, h.Source(t)) })
	t.Run("the file goes away for a while", func(t *testing.T) { h.fileAway(t, h.Source(t)) })
	t.Run("somebody else writes", func(t *testing.T) { h.somebodyWrites(t, h.Source(t)) })
}

// diskFull lets the file have so many pages.
func (h *Harness) diskFull(t *testing.T, source sqlpool.Source) {
	source.OnConnect = []string{"PRAGMA max_page_count = 100"}
	r := h.newRig(t, source)
	defer r.end(t)
	exec(t, r.beside, "CREATE TABLE full (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
	kept := 0
	var err error
	for kept < 1000 && err == nil {
		_, err = r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "INSERT INTO full (text) VALUES (?)", strings.Repeat("x", 3000))
			return err
		})
		if err == nil {
			kept++
		}
	}
	if !errors.Is(err, fault.Exhausted) || fault.CodeOf(err) != fault.SQLDiskFull {
		t.Errorf("got %v, want that the disk is full", err)
	}
	if n := rows(t, r.DB(), "full"); n != int64(kept) {
		t.Errorf("%d rows, want the %d that were acknowledged", n, kept)
	}
	exec(t, r.DB(), "DELETE FROM full")
	exec(t, r.DB(), "INSERT INTO full (text) VALUES ('there is room')")
	wantWhole(t, r, 4)
}

// fileAway moves the file away and back: what was acknowledged must be in it.
func (h *Harness) fileAway(t *testing.T, source sqlpool.Source) {
	source.ProbeEvery = 20 * time.Millisecond
	r := h.newRig(t, source)
	defer r.end(t)
	table := r.newTable(t)
	_, path, _ := strings.Cut(source.URL, ":")
	written := int64(0)
	write := func() error {
		_, err := r.DB().ExecContext(t.Context(), r.put(table, written+1, 1))
		if err == nil {
			written++
		}
		return err
	}
	if err := write(); err != nil {
		t.Fatalf("write: %v", err)
	}
	if err := r.beside.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatalf("move the file away: %v", err)
	}
	began := time.Now()
	var err error
	eventually(t, "a write that fails", func() bool { err = write(); return err != nil })
	t.Logf("%d writes were acknowledged, and %s passed, until it was seen that the file is away: %v", written-1, time.Since(began).Round(time.Millisecond), err)
	if !errors.Is(r.Classify(err), fault.Unavailable) {
		t.Errorf("got %v, want fault.Unavailable", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Errorf("another file was made in its place")
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatalf("move the file back: %v", err)
	}
	back := time.Now()
	eventually(t, "a write", func() bool { return write() == nil })
	t.Logf("first write %s after the file was back", time.Since(back).Round(time.Millisecond))
	if n := rows(t, r.DB(), table); n != written {
		t.Errorf("%d rows, want the %d that were acknowledged", n, written)
	}
}

// somebodyWrites has another engine, with a line of its own, hold the lock.
func (h *Harness) somebodyWrites(t *testing.T, source sqlpool.Source) {
	r := h.newRig(t, source)
	defer r.end(t)
	table := r.newTable(t)
	for i := range int64(5) {
		tx, err := r.beside.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatalf("begin: %v", err)
		}
		exec(t, tx, r.put(table, 100+i, 1))
		done := make(chan error, 1)
		go func() {
			_, err := r.DB().ExecContext(t.Context(), r.put(table, i, 1))
			done <- err
		}()
		pause(30 * time.Millisecond)
		select {
		case err := <-done:
			t.Errorf("who writes did not wait: %v", err)
			done <- err
		default:
		}
		if err := tx.Commit(); err != nil {
			t.Errorf("commit: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("who waited: %v", err)
		}
	}
	if n := rows(t, r.DB(), table); n != 10 {
		t.Errorf("%d rows, want 10", n)
	}
}
