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

	"modernc.org/sqlite"

	"github.com/redfire-quant/redfire/sqlpool"
)

// TestEverySessionIsAsTheSourceSays asks each of 30 connections, all in use at once.
func TestEverySessionIsAsTheSourceSays(t *testing.T) {
	e := newEngine(t, "sqlite:"+fresh(t).address.path+"?cache_size=-1234&mmap_size=65536&busy_timeout=7s")
	e.onConnect = []string{"CREATE TEMP TABLE here (x)", "PRAGMA recursive_triggers=ON"}
	db := openDB(t, e, 30)
	for range 30 {
		c := sqlConn(t, db)
		for pragma, want := range map[string]string{
			"synchronous": "2", "foreign_keys": "1", "journal_mode": "wal", "busy_timeout": "7000", "query_only": "0",
			"cache_size": "-1234", "mmap_size": "65536", "recursive_triggers": "1",
		} {
			if got := scan[string](t, c, "PRAGMA "+pragma); got != want {
				t.Errorf("%s: got %s, want %s", pragma, got, want)
			}
		}
		exec(t, c, "INSERT INTO here VALUES (1)")
	}
	if got := scan[int](t, sqlConn(t, openDB(t, newEngine(t, "sqlite:"+fresh(t).address.path+"?synchronous=normal"), 1)), "PRAGMA synchronous"); got != 1 {
		t.Errorf("got synchronous %d, want 1", got)
	}
}

func TestReadOnlyTransactionsDoNotWrite(t *testing.T) {
	e := fresh(t)
	db := openDB(t, e, 3)
	counter(t, db)
	writer := begin(t, db, nil) // for none of this one waits
	tx := begin(t, db, &sql.TxOptions{ReadOnly: true})
	if got := scan[int](t, tx, "SELECT n FROM counter"); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
	exec(t, writer, "UPDATE counter SET n = 1")
	if err := writer.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"UPDATE counter SET n = 2", "CREATE TABLE x (y)", "SELECT 1; DELETE FROM counter", "WITH x AS (SELECT 1) DELETE FROM counter", "PRAGMA user_version = 5",
	} {
		_, err := tx.ExecContext(t.Context(), query)
		if own, ok := err.(*sqlite.Error); !ok || e.Classify(own) != sqlpool.ReadOnlyServer {
			t.Errorf("%s: got %T %v, want the driver's error that it is read-only", query, err, err)
		}
	}
	if got := scan[int](t, tx, "SELECT n FROM counter"); got != 0 {
		t.Errorf("got %d, want 0, as when it began", got)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	exec(t, db, "UPDATE counter SET n = 3") // by the same connection
	exec(t, db, "CREATE TABLE x (y)")
}

// TestNothingIsWrittenOutsideOfATransactionThatWasRolledBack: SQLite rolls back by
// itself when a write is interrupted, and would let the next statements commit alone.
func TestNothingIsWrittenOutsideOfATransactionThatWasRolledBack(t *testing.T) {
	e := fresh(t)
	db := openDB(t, e, 1)
	counter(t, db)
	tx := begin(t, db, nil)
	exec(t, tx, "UPDATE counter SET n = 1")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := tx.ExecContext(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) INSERT INTO counter SELECT i FROM n")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO counter VALUES (2)"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("afterwards: got %v, want an error that names the first one", err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("the commit succeeds")
	}
	if got := scan[int](t, db, "SELECT count(*) * 100 + sum(n) FROM counter"); got != 100 {
		t.Errorf("got %d, want the one row as it was", got)
	}
	exec(t, db, "UPDATE counter SET n = 5")
	if e.gate.held {
		t.Error("the gate is still held")
	}
}

func TestCommitObeysItsContext(t *testing.T) {
	db := openDB(t, fresh(t), 1)
	counter(t, db)
	c := sqlConn(t, db)
	err := c.Raw(func(dc any) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		tx, err := dc.(*conn).BeginTx(ctx, driver.TxOptions{})
		if err != nil {
			return err
		}
		if _, err := dc.(*conn).ExecContext(t.Context(), "UPDATE counter SET n = 1", nil); err != nil {
			return err
		}
		cancel()
		if err := tx.Commit(); err != context.Canceled {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if err := tx.Rollback(); err != driver.ErrBadConn {
			t.Errorf("rollback after it: got %v", err)
		}
		return nil
	})
	if got := scan[int](t, c, "SELECT n FROM counter"); got != 0 || err != nil {
		t.Errorf("got %d, %v, want 0", got, err)
	}
}

// endless is a query whose first row comes at once, and the second never.
const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n WHERE i = 1 OR i < 0"

// TestReadingEndsWithItsContext before the first row, and between two.
func TestReadingEndsWithItsContext(t *testing.T) {
	db := openDB(t, fresh(t), 1)
	f := func(query string, wantRows int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began, n := time.Now(), 0
		rows, err := db.QueryContext(ctx, query)
		if err == nil {
			defer rows.Close()
			for rows.Next() {
				n++
			}
			err = rows.Err()
		}
		if !errors.Is(err, context.DeadlineExceeded) || n != wantRows || time.Since(began) > 2*time.Second {
			t.Errorf("%s: got %d rows and %v after %v", query, n, err, time.Since(began))
		}
	}
	for range 5 {
		f(endless, 1)
		f("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n", 0)
		if got := scan[int](t, db, "SELECT 1"); got != 1 {
			t.Error("the connection cannot be used again")
		}
	}
}

func TestResetMakesASessionAsNew(t *testing.T) {
	e := fresh(t)
	counter(t, openDB(t, e, 1))
	f := func(want error, queries ...string) {
		t.Helper()
		c := connect(t, e)
		for _, query := range queries {
			if _, err := c.ExecContext(t.Context(), query, nil); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
		if err := e.Reset(t.Context(), c); err != want {
			t.Errorf("%q: got %v, want %v", queries, err, want)
		}
		if c.at.inTransaction() || e.gate.held || want == nil && !c.IsValid() {
			t.Errorf("%q: a transaction is open, or the gate held", queries)
		}
	}
	f(nil, "SELECT 1")
	f(nil, "BEGIN IMMEDIATE", "UPDATE counter SET n = 1")
	f(nil, "PRAGMA table_info(counter)", "PRAGMA user_version")
	f(driver.ErrBadConn, "PRAGMA foreign_keys = OFF")
	f(driver.ErrBadConn, "pragma query_only(1)")
	f(driver.ErrBadConn, "PRAGMA main.synchronous=0")
	f(driver.ErrBadConn, "CREATE TEMP TABLE x (y)")
	f(driver.ErrBadConn, "CREATE TABLE temp.x (y)")
	f(driver.ErrBadConn, "ATTACH ':memory:' AS other")
	f(driver.ErrBadConn, "SELECT 1; PRAGMA synchronous = 0")
	c := connect(t, e)
	if c.Unwrap() == nil || e.Reset(t.Context(), c) != driver.ErrBadConn {
		t.Error("a connection whose driver's own was used is not closed")
	}
}

// TestTransactionsLeftOpenLetTheGateGo when the connection is given back, lent again,
// or closed.
func TestTransactionsLeftOpenLetTheGateGo(t *testing.T) {
	e := fresh(t)
	c := connect(t, e)
	if _, err := c.BeginTx(t.Context(), driver.TxOptions{}); err != nil || !c.IsValid() || e.gate.held {
		t.Errorf("given back in a transaction: got %v, and the gate is held %v", err, e.gate.held)
	}
	if _, err := c.BeginTx(t.Context(), driver.TxOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.ResetSession(t.Context()); err != nil || !c.IsValid() || e.gate.held {
		t.Errorf("after ResetSession: got %v, valid %v", err, c.IsValid())
	}
	if _, err := c.BeginTx(t.Context(), driver.TxOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil || e.gate.held {
		t.Errorf("closed in a transaction: %v, the gate is held %v", err, e.gate.held)
	}
	if err := c.Ping(t.Context()); err != driver.ErrBadConn {
		t.Errorf("closed: got %v", err)
	}
}

// TestTimesComeBack as the same instants, in UTC, and sort as text.
func TestTimesComeBack(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	local := time.Local
	time.Local = shanghai
	t.Cleanup(func() { time.Local = local })
	db := openDB(t, fresh(t), 2)
	exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, a DATETIME, b TIMESTAMP, c DATE, d TEXT)")
	instants := []time.Time{
		time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(2026, 1, 5, 9, 30, 0, 0, shanghai), time.Date(2026, 1, 5, 9, 30, 0, 1, shanghai),
		time.Date(2026, 1, 5, 9, 30, 0, 250_000_000, shanghai), time.Date(2026, 1, 5, 9, 30, 1, 0, time.FixedZone("", 8*3600)),
		time.Date(2026, 11, 1, 1, 30, 0, 0, newYork), time.Date(2026, 11, 1, 1, 30, 0, 0, newYork).Add(time.Hour), time.Now(),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	}
	last := ""
	for i, at := range instants {
		exec(t, db, "INSERT INTO t VALUES (?, ?, ?, ?, ?)", i, at, at, at, at)
		var a, b, c time.Time
		var text string
		if err := db.QueryRowContext(t.Context(), "SELECT a, b, c, d FROM t WHERE id = ?", i).Scan(&a, &b, &c, &text); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		for _, got := range []time.Time{a, b, c} {
			if !got.Equal(at) || got.Location() != time.UTC {
				t.Errorf("got %s, want %s in UTC", got, at)
			}
		}
		if i < 8 && text <= last {
			t.Errorf("%q does not sort behind %q", text, last)
		}
		last = text
		if got := scan[time.Time](t, db, "SELECT a FROM t WHERE a = ? LIMIT 1", at.In(newYork)); !got.Equal(at) {
			t.Errorf("by its instant: got %s, want %s", got, at)
		}
	}
	exec(t, db, "INSERT INTO t (id, a, b) VALUES (100, CURRENT_TIMESTAMP, '2026-01-05 09:30:00')")
	if got := scan[time.Time](t, db, "SELECT a FROM t WHERE id = 100"); time.Since(got).Abs() > time.Minute {
		t.Errorf("CURRENT_TIMESTAMP is %s", got)
	}
	if got := scan[time.Time](t, db, "SELECT b FROM t WHERE id = 100"); !got.Equal(time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC)) {
		t.Errorf("without an offset: got %s", got)
	}
	if got := scan[string](t, db, "SELECT date('2026-01-05')"); got != "2026-01-05" {
		t.Errorf("text turned into %s", got)
	}
	for _, at := range []time.Time{time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO t (a) VALUES (?)", at); err == nil {
			t.Errorf("%s is taken", at)
		}
	}
}

// TestKeptStatementsSeeTheSchemaChange by this connection and by another.
func TestKeptStatementsSeeTheSchemaChange(t *testing.T) {
	e := fresh(t)
	a, b := openDB(t, e, 1), openDB(t, e, 1)
	exec(t, a, "CREATE TABLE t (x INTEGER)")
	exec(t, a, "INSERT INTO t VALUES (1)")
	columns := func(db *sql.DB) int {
		t.Helper()
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM t")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil || !rows.Next() || rows.Err() != nil {
			t.Fatal(err, rows.Err())
		}
		return len(names)
	}
	for want := 1; want < 6; want++ {
		if got := columns(a); got != want {
			t.Errorf("got %d columns, want %d", got, want)
		}
		if got := columns(b); got != want {
			t.Errorf("by another: got %d columns, want %d", got, want)
		}
		exec(t, []*sql.DB{a, b}[want%2], fmt.Sprintf("ALTER TABLE t ADD COLUMN x%d", want))
	}
	exec(t, a, "DROP TABLE t")
	if _, err := b.QueryContext(t.Context(), "SELECT * FROM t"); e.Classify(err) != sqlpool.NoObject { //nolint:sqlclosecheck,rowserrcheck // there are none
		t.Errorf("got %v", err)
	}
}

// TestKeptStatementsAreFew, and one that is in use is not given to another.
func TestKeptStatementsAreFew(t *testing.T) {
	e := fresh(t)
	db := openDB(t, e, 1)
	c := sqlConn(t, db)
	scan[int](t, c, "SELECT 1 UNION SELECT 2") // from now on it is kept
	outer, err := c.QueryContext(t.Context(), "SELECT 1 UNION SELECT 2")
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	n := 0
	for ; outer.Next(); n++ {
		if got := scan[int](t, c, "SELECT 1 UNION SELECT 2"); got != 1 {
			t.Errorf("got %d, want 1", got)
		}
		for i := range 3 * keep {
			if got := scan[int](t, c, fmt.Sprintf("SELECT %d", i)); got != i {
				t.Errorf("got %d, want %d", got, i)
			}
		}
	}
	if outer.Err() != nil || n != 2 {
		t.Errorf("got %d rows, want 2: %v", n, outer.Err())
	}
	err = c.Raw(func(dc any) error {
		all := &dc.(*conn).statements
		if len(all.byText) != keep || all.recent.Len() != keep {
			t.Errorf("got %d and %d statements, want %d", len(all.byText), all.recent.Len(), keep)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestPreparedStatements are used by many, on many connections, also while their own
// rows are open.
func TestPreparedStatements(t *testing.T) {
	e := fresh(t)
	db := openDB(t, e, 8)
	counter(t, db)
	add, err := db.PrepareContext(t.Context(), "UPDATE counter SET n = n + ? RETURNING n")
	if err != nil {
		t.Fatal(err)
	}
	defer add.Close()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 20 {
				var n int
				if err := add.QueryRowContext(t.Context(), 1).Scan(&n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	tx := begin(t, db, nil)
	within := tx.StmtContext(t.Context(), add)
	defer within.Close()
	rows, err := within.QueryContext(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if _, err := within.ExecContext(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if err := errors.Join(rows.Close(), rows.Err(), tx.Commit()); err != nil {
		t.Error(err)
	}
	if got := scan[int](t, db, "SELECT n FROM counter"); got != 16*20+2 {
		t.Errorf("got %d, want %d", got, 16*20+2)
	}
}
