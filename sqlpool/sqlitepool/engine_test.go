package sqlitepool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"testing"

	"github.com/redfire-quant/redfire/sqlpool"
)

// An opener gives database/sql the connections of an engine.
type opener struct{ e *Engine }

func (o opener) Connect(ctx context.Context) (driver.Conn, error) { return o.e.Connect(ctx) }
func (o opener) Driver() driver.Driver                            { return nil }

// newEngine returns the engine of an address.
func newEngine(t testing.TB, url string) *Engine {
	t.Helper()
	e, err := NewEngine(sqlpool.Source{Name: "main", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// fresh returns the engine of a file that does not exist yet.
func fresh(t testing.TB) *Engine {
	t.Helper()
	return newEngine(t, "sqlite:"+filepath.Join(t.TempDir(), "数据", "main.db"))
}

// openDB returns a database of connections of an engine.
func openDB(t testing.TB, e *Engine, connections int) *sql.DB {
	t.Helper()
	db := sql.OpenDB(opener{e})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// connect returns a connection of an engine.
func connect(t testing.TB, e *Engine) *conn {
	t.Helper()
	made, err := e.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.Close(); err != nil {
			t.Error(err)
		}
	})
	return made.(*conn)
}

// An execer is a *sql.DB, *sql.Conn or *sql.Tx.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func exec(t testing.TB, db execer, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func scan[T any](t testing.TB, db execer, query string, args ...any) (v T) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func begin(t testing.TB, db *sql.DB, opts *sql.TxOptions) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	return tx
}

func sqlConn(t testing.TB, db *sql.DB) *sql.Conn {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// sound fails the test for each damage in a file.
func sound(t testing.TB, e *Engine) {
	t.Helper()
	for found, err := range e.Check(t.Context()) {
		t.Errorf("damaged: %s %v", found, err)
	}
}
