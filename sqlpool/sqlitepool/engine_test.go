package sqlitepool

import (
	"context"
	"database/sql"
	"database/sql/driver"
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
