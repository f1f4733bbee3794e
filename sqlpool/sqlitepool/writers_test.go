package sqlitepool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/sqlpool"
)

// counter makes the table that everybody adds to.
func counter(t testing.TB, db *sql.DB) {
	t.Helper()
	exec(t, db, "CREATE TABLE counter (n INTEGER)")
	exec(t, db, "INSERT INTO counter VALUES (0)")
}

// impatient returns an engine whose connections do not wait for locks at all: where
// nobody reads at the same moment, the gate alone keeps them from seeing any.
func impatient(t testing.TB) *Engine {
	t.Helper()
	return newEngine(t, "sqlite:"+fresh(t).address.path+"?busy_timeout=0s")
}

// TestWritersNeverSeeALock has 64 write in every way, while 16 read. Without the gate
// a second is not enough for them.
func TestWritersNeverSeeALock(t *testing.T) {
	e := newEngine(t, "sqlite:"+fresh(t).address.path+"?busy_timeout=1s")
	db := openDB(t, e, 80)
	counter(t, db)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			pause := time.NewTicker(time.Millisecond) // in a closed loop they would have all of the processors
			defer pause.Stop()
			for last := 0; ctx.Err() == nil; <-pause.C {
				var n int
				if err := db.QueryRowContext(t.Context(), "SELECT n FROM counter").Scan(&n); err != nil || n < last {
					t.Errorf("got %d after %d, %v", n, last, err)
					return
				}
				last = n
			}
		})
	}
	times := fewer.Of(200)
	done, locked, err := add(t.Context(), e, db, 64, times)
	stop()
	readers.Wait()
	if done != 64*times || locked != 0 || err != nil {
		t.Errorf("got %d of %d done, %d locked, %v", done, 64*times, locked, err)
	}
	if n := scan[int](t, db, "SELECT n FROM counter"); n != done {
		t.Errorf("got a sum of %d, want %d", n, done)
	}
	if e.gate.held {
		t.Error("the gate is still held")
	}
	sound(t, e)
}

// adds is how often each worker of a process adds one.
var adds = fewer.Of(100)

// TestTwoEnginesAndTwoProcesses have lines of their own, which meet by busy_timeout.
// Nothing is lost or doubled, and whoever fails is told that it was locked.
func TestTwoEnginesAndTwoProcesses(t *testing.T) {
	for _, wait := range []string{"1ms", "30s"} {
		e := fresh(t)
		url := "sqlite:" + e.address.path + "?busy_timeout=" + wait
		setUp := openDB(t, e, 1)
		counter(t, setUp)
		other, lines := start(t, "add", url, nil)
		var all sync.WaitGroup
		var dones, lockeds [2]int
		for i := range dones {
			all.Go(func() {
				e := newEngine(t, url)
				var err error
				if dones[i], lockeds[i], err = add(t.Context(), e, openDB(t, e, 8), 8, adds); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		var done, locked int
		said := finish(t, other, lines)
		if _, err := fmt.Sscan(said, &done, &locked); err != nil {
			t.Fatalf("the other process says %q: %v", said, err)
		}
		t.Logf("busy_timeout=%s: done %v and %d, locked %v and %d", wait, dones, done, lockeds, locked)
		done, locked = done+dones[0]+dones[1], locked+lockeds[0]+lockeds[1]
		if done+locked != 3*8*adds || wait == "30s" && locked != 0 {
			t.Errorf("busy_timeout=%s: got %d done and %d locked", wait, done, locked)
		}
		if n := scan[int](t, setUp, "SELECT n FROM counter"); n != done {
			t.Errorf("busy_timeout=%s: got a sum of %d, want %d", wait, n, done)
		}
		sound(t, e)
	}
}

// holding reports whether a statement of another connection has to wait.
func holding(t *testing.T, db *sql.DB) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "UPDATE counter SET n = n + 1")
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	return err != nil
}

// TestTransactionsBySQLHoldTheGate until they end, however they do.
func TestTransactionsBySQLHoldTheGate(t *testing.T) {
	db := openDB(t, impatient(t), 4)
	counter(t, db)
	f := func(first, last string) {
		t.Helper()
		c := sqlConn(t, db)
		exec(t, c, first)
		exec(t, c, "UPDATE counter SET n = n + 1")
		if !holding(t, db) {
			t.Errorf("%s: another one writes", first)
		}
		if last != "" {
			exec(t, c, last)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if holding(t, db) {
			t.Errorf("%s, %q: the gate is still held", first, last)
		}
	}
	f("BEGIN IMMEDIATE", "COMMIT")
	f("begin exclusive", "END")
	f("/* a comment */ BEGIN", "ROLLBACK")
	f("SAVEPOINT s", "RELEASE s")
	f("BEGIN; UPDATE counter SET n = n + 1", "COMMIT")
	f("BEGIN IMMEDIATE", "")
	f("SAVEPOINT s", "")
}

// TestADeferredBeginIsNotLockedOut waits at its first write; if it read before
// others wrote, it is told that it must be run again.
func TestADeferredBeginIsNotLockedOut(t *testing.T) {
	e := impatient(t)
	db := openDB(t, e, 4)
	counter(t, db)
	c := sqlConn(t, db)
	exec(t, c, "BEGIN")
	scan[int](t, c, "SELECT n FROM counter")
	if holding(t, db) {
		t.Error("it holds the gate, and has only read")
	}
	_, err := c.ExecContext(t.Context(), "UPDATE counter SET n = 0")
	if got := e.Classify(err); got != sqlpool.SerializationFailure {
		t.Errorf("got %v, %q, want a serialization failure", err, got)
	}
	exec(t, c, "ROLLBACK")
	if holding(t, db) {
		t.Error("the gate is still held")
	}
}

// TestRowsThatWriteHoldTheGate until they are closed.
func TestRowsThatWriteHoldTheGate(t *testing.T) {
	db := openDB(t, impatient(t), 4)
	counter(t, db)
	exec(t, db, "INSERT INTO counter VALUES (0), (0)")
	c := sqlConn(t, db)
	rows, err := c.QueryContext(t.Context(), "WITH x AS (SELECT 1) UPDATE counter SET n = 5 RETURNING n")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if got := scan[int](t, c, "SELECT count(*) FROM counter"); got != 3 {
		t.Errorf("got %d rows, want 3", got)
	}
	if !rows.Next() || !holding(t, db) {
		t.Errorf("another one writes, or there is no row: %v", rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if got := scan[int](t, db, "SELECT sum(n) FROM counter"); got != 15 {
		t.Errorf("got a sum of %d, want 15", got)
	}
	if holding(t, db) {
		t.Error("the gate is still held")
	}
}

// TestWhatOnlyReadsWaitsForNobody runs while a transaction is open.
func TestWhatOnlyReadsWaitsForNobody(t *testing.T) {
	e := impatient(t)
	db := openDB(t, e, 4)
	counter(t, db)
	tx := begin(t, db, nil)
	exec(t, tx, "UPDATE counter SET n = 9")
	for _, query := range []string{
		"SELECT n FROM counter", "WITH x AS (SELECT n FROM counter) SELECT n FROM x", "VALUES (0)", "-- why\nSELECT 0",
		"PRAGMA user_version", "PRAGMA table_info(counter)", "EXPLAIN SELECT 1",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := db.ExecContext(ctx, query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		cancel()
	}
	if !e.gate.held {
		t.Error("the transaction does not hold the gate")
	}
}

// TestAClosedConnectionLeavesNothing, though rows of it that write are open, and a
// statement is.
func TestAClosedConnectionLeavesNothing(t *testing.T) {
	e := impatient(t)
	db := openDB(t, e, 1)
	counter(t, db)
	c := connect(t, e)
	for _, query := range []string{"BEGIN IMMEDIATE", "INSERT INTO counter VALUES (1), (2)"} {
		if _, err := c.ExecContext(t.Context(), query, nil); err != nil {
			t.Fatal(err)
		}
	}
	prepared, err := c.PrepareContext(t.Context(), "UPDATE counter SET n = 8 RETURNING n")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := prepared.(driver.StmtQueryContext).QueryContext(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Close(), rows.Close(), prepared.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	exec(t, db, "UPDATE counter SET n = n + 1")
	if got := scan[int](t, db, "SELECT sum(n) FROM counter"); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
}

// killed starts a process that inserts, kills it, and notes what it said is there.
func killed(t *testing.T, e *Engine, acknowledged map[string]bool) {
	t.Helper()
	c, lines := start(t, "insert", "sqlite:"+e.address.path, nil)
	for n := 0; lines.Scan(); n++ {
		acknowledged[lines.Text()] = true
		if n != fewer.Of(300) {
			continue
		}
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	if err := c.Wait(); err == nil {
		t.Error("the process was not killed")
	}
}

// TestKillLosesNothing kills a process that inserts, and finds every row of which it
// said that it is there.
func TestKillLosesNothing(t *testing.T) {
	e := fresh(t)
	db := openDB(t, e, 1)
	exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME)")
	acknowledged := map[string]bool{}
	for range 5 {
		killed(t, e, acknowledged)
	}
	for id := range acknowledged {
		if scan[int](t, db, "SELECT count(*) FROM t WHERE id = ?", id) != 1 {
			t.Errorf("row %s is lost", id)
		}
	}
	sound(t, e)
	t.Logf("%d rows were acknowledged", len(acknowledged))
}
