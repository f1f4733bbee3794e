package redfire_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
)

// A watched is a connector whose statements are counted.
type watched struct {
	driver.Connector

	statements *atomic.Int64
}

func (w watched) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := w.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return watchedConn{c.(conn), w.statements}, nil
}

// A conn is what the connections of a pool are. What stands between them and the DB
// has to be all of it: by ResetSession and IsValid the pool knows who has which.
type conn interface {
	driver.Pinger
	driver.ConnBeginTx
	driver.ConnPrepareContext
	statements
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// statements are what a conn runs.
type statements interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
}

type watchedConn struct {
	conn

	statements *atomic.Int64
}

func (c watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.statements.Add(1)
	return c.conn.ExecContext(ctx, query, args)
}

func (c watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.statements.Add(1)
	return c.conn.QueryContext(ctx, query, args)
}

// What looks at each statement stands between the pool and its DB.
func ExampleOptions_openSQLDB() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	c, err := config.Load(&config.Options{Env: []string{"REDFIRE_DATA=" + folder}})
	if err != nil {
		panic(err)
	}
	var statements atomic.Int64
	data, err := redfire.Open(context.Background(), c, &redfire.Options{
		OpenSQLDB: func(c driver.Connector) *sql.DB { return sql.OpenDB(watched{c, &statements}) },
	})
	if err != nil {
		panic(err)
	}
	pool, err := data.SQL.Pool("main")
	if err != nil {
		panic(err)
	}
	for _, statement := range []string{"CREATE TABLE account (name TEXT)", "INSERT INTO account VALUES ('alpha')"} {
		if _, err := pool.DB().ExecContext(context.Background(), statement); err != nil {
			panic(err)
		}
	}
	name := ""
	err = pool.DB().QueryRowContext(context.Background(), "SELECT name FROM account").Scan(&name)
	fmt.Println(name, err, statements.Load(), data.Close())
	// Output: alpha <nil> 3 <nil>
}
