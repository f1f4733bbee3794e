package sqlitepool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"

	"modernc.org/sqlite"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// TestClasses provokes each class that statements can.
func TestClasses(t *testing.T) {
	e := fresh(t)
	db := openDB(t, e, 1)
	for _, query := range []string{
		"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, n INTEGER CHECK (n > 0))",
		"CREATE TABLE child (t INTEGER REFERENCES t)", "CREATE TABLE strict (n INTEGER) STRICT",
		"CREATE TABLE wide (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID", "INSERT INTO t VALUES (1, 'a', 1)",
		"INSERT INTO wide VALUES (1, 2)", "INSERT INTO child VALUES (1)",
		"CREATE TRIGGER no BEFORE INSERT ON child WHEN NEW.t = 99 BEGIN SELECT RAISE(ABORT, 'no'); END",
	} {
		exec(t, db, query)
	}
	f := func(want sqlpool.Class, query string, args ...any) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), query, args...)
		if got := e.Classify(err); got != want {
			t.Errorf("%s: got %q of %v, want %q", query, got, err, want)
		}
		if _, ok := err.(*sqlite.Error); !ok {
			t.Errorf("%s: got a %T, not the driver's error itself", query, err)
		}
		if err != nil && e.Classify(fmt.Errorf("wrapped: %w", err)) != want {
			t.Errorf("%s: not when it is wrapped", query)
		}
	}
	f(sqlpool.UniqueViolation, "INSERT INTO t VALUES (1, 'b', 1)")
	f(sqlpool.UniqueViolation, "INSERT INTO t VALUES (2, 'a', 1)")
	f(sqlpool.UniqueViolation, "INSERT INTO wide VALUES (1, 2)")
	f(sqlpool.UniqueViolation, "UPDATE t SET id = 1 WHERE id = 1; INSERT INTO t VALUES (1, 'c', 1)")
	f(sqlpool.ForeignKeyViolation, "INSERT INTO child VALUES (7)")
	f(sqlpool.ForeignKeyViolation, "DELETE FROM t")
	f(sqlpool.ConstraintViolation, "INSERT INTO t VALUES (2, NULL, 1)")
	f(sqlpool.ConstraintViolation, "INSERT INTO t VALUES (2, 'b', 0)")
	f(sqlpool.ConstraintViolation, "INSERT INTO t VALUES ('no number', 'b', 1)")
	f(sqlpool.ConstraintViolation, "INSERT INTO strict VALUES ('text')")
	f(sqlpool.ConstraintViolation, "INSERT INTO child VALUES (99)")
	f(sqlpool.ConstraintViolation, "SELECT zeroblob(2000000000)")
	f(sqlpool.Syntax, "SELEC 1")
	f(sqlpool.Syntax, "SELECT 1 FROM")
	f(sqlpool.Syntax, "SELECT ,")
	f(sqlpool.Syntax, "SELECT #")
	f(sqlpool.NoObject, "SELECT * FROM missing")
	f(sqlpool.NoObject, "SELECT missing FROM t")
	f(sqlpool.NoObject, "SELECT missing(1)")
	f(sqlpool.NoObject, "DROP INDEX missing")
	f(sqlpool.NoObject, "SELECT * FROM missing.t")
	f(sqlpool.NoObject, "INSERT INTO t (missing) VALUES (1)")
	f(sqlpool.Syntax, "SELECT abs(1, 2, 3)")
	f(sqlpool.Unreachable, "ATTACH '/no/such/folder/x.db' AS other")
	f(sqlpool.Other, "CREATE TABLE t (x)")
}

func TestClassesOfOthers(t *testing.T) {
	e := fresh(t)
	f := func(want sqlpool.Class, err error) {
		t.Helper()
		if got := e.Classify(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	f(sqlpool.Other, nil)
	f(sqlpool.Other, errors.New("of somebody"))
	f(sqlpool.Other, context.Canceled)
	f(sqlpool.Other, fmt.Errorf("x: %w", context.DeadlineExceeded))
	f(sqlpool.Unreachable, fault.SQLUnreachable.Errorf("gone"))
	f(sqlpool.NotSupported, fault.SQLNotSupported.Errorf("no"))
	f(sqlpool.Other, fault.SQLSource.Errorf("no"))
}

// TestInterruptIsAClass when it is not by a context.
func TestInterruptIsAClass(t *testing.T) {
	e := fresh(t)
	c := connect(t, e)
	rows, err := c.QueryContext(t.Context(), "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.at.interrupt()
	for err = rows.Next(make([]driver.Value, 1)); err == nil; {
		err = rows.Next(make([]driver.Value, 1))
	}
	if got := e.Classify(err); got != sqlpool.Interrupted {
		t.Errorf("got %q of %v", got, err)
	}
	if err := rows.Close(); err != nil && e.Classify(err) != sqlpool.Interrupted {
		t.Error(err)
	}
	if _, err := c.one(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestLockedByAnotherConnection is what other processes make.
func TestLockedByAnotherConnection(t *testing.T) {
	e := fresh(t)
	counter(t, openDB(t, e, 1))
	holder := openDB(t, newEngine(t, "sqlite:"+e.address.path), 1)
	begin(t, holder, nil)
	impatient := newEngine(t, "sqlite:"+e.address.path+"?busy_timeout=10ms")
	_, err := openDB(t, impatient, 1).BeginTx(t.Context(), nil)
	if got := e.Classify(err); got != sqlpool.Locked {
		t.Errorf("got %q of %v", got, err)
	}
	if impatient.gate.held {
		t.Error("the gate is still held")
	}
	ctx, cancel := context.WithCancel(t.Context())
	patient := newEngine(t, "sqlite:"+e.address.path+"?busy_timeout=1h")
	db := openDB(t, patient, 1)
	if err := db.PingContext(ctx); err != nil {
		t.Fatal(err)
	}
	waits := make(chan error)
	go func() {
		_, err := db.BeginTx(ctx, nil)
		waits <- err
	}()
	cancel()
	if err := <-waits; !errors.Is(err, context.Canceled) || patient.gate.held {
		t.Errorf("cancelled while waiting for another: got %v, the gate is held %v", err, patient.gate.held)
	}
}

func TestWordsOfStatements(t *testing.T) {
	f := func(query, want string, reads, changes bool) {
		t.Helper()
		if got := keyword(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
		if got := readsOnly(query, true); got != reads {
			t.Errorf("%q reads only: got %v", query, got)
		}
		if got := changesSession(query); got != changes {
			t.Errorf("%q changes the session: got %v", query, got)
		}
	}
	f("select 1", "SELECT", true, false)
	f(" ;\n-- a comment; x\n/* and /* another */ Insert into t", "INSERT", false, false)
	f("-- only a comment", "", false, false)
	f("/* without an end", "", false, false)
	f("", "", false, false)
	f("SELECT(1)", "SELECT", true, false)
	f("PRAGMA optimize", "PRAGMA", false, false)
	f("PRAGMA main.wal_checkpoint(TRUNCATE)", "PRAGMA", false, false)
	f("PRAGMA temp . table_info ( t )", "PRAGMA", true, false)
	f("PRAGMA cache_size = 7", "PRAGMA", true, true)
	f("CREATE TEMPORARY VIEW v AS SELECT 1", "CREATE", false, true)
	f("DETACH x", "DETACH", true, true)
	f("savepoint s", "SAVEPOINT", true, false)
	if !slices.Contains(kept, "WITH") || slices.Contains(kept, "PRAGMA") {
		t.Error("PRAGMAs are kept, which have their effect when they are prepared")
	}
}
