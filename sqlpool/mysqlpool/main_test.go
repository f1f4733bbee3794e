package mysqlpool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"os"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

func TestMain(m *testing.M) { os.Exit(servers.Run(m)) }

// systems are the servers that all tests run against.
var systems = []struct {
	name  string
	start func(servers.T) *servers.Server
}{
	{"mariadb", servers.MariaDB},
	{"mysql", servers.MySQL},
}

// onEach runs a test against each system.
func onEach(t *testing.T, f func(t *testing.T, s *servers.Server)) {
	for _, system := range systems {
		t.Run(system.name, func(t *testing.T) { f(t, system.start(t)) })
	}
}

// given is a password that does not change.
func given(password string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return password, nil }
}

// sourceOf is the source of database name of s.
func sourceOf(s *servers.Server, name string) sqlpool.Source {
	return sqlpool.Source{Name: "main", URL: s.URL() + "/" + name, Password: given(s.Password)}
}

func newEngine(t testing.TB, source sqlpool.Source) *Engine {
	t.Helper()
	e, err := NewEngine(source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func connect(t testing.TB, e *Engine) *conn {
	t.Helper()
	c, err := e.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // a test may have broken it
	return c.(*conn)
}

// A connector hands the connections of an engine to database/sql.
type connector struct{ *Engine }

func (c connector) Driver() driver.Driver { return nil }

func open(t testing.TB, source sqlpool.Source) *sql.DB {
	t.Helper()
	db := sql.OpenDB(connector{newEngine(t, source)})
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// database makes an empty database, and returns its source.
func database(t testing.TB, s *servers.Server, name string) sqlpool.Source {
	t.Helper()
	db := open(t, sourceOf(s, ""))
	exec(t, db, "DROP DATABASE IF EXISTS "+name)
	exec(t, db, "CREATE DATABASE "+name)
	return sourceOf(s, name)
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

// ask returns the only value of a query.
func ask[T any](t testing.TB, db execer, query string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}
