package mysqlpool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/fault"
)

// A connection is what the driver's connections are.
type connection interface {
	driver.Conn
	driver.Pinger
	driver.ConnBeginTx
	driver.NamedValueChecker
	driver.SessionResetter
	driver.Validator
	runner
}

// A runner runs statements.
type runner interface {
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
}

const (
	// partingLimit is how long writing a last packet may take. It is a few bytes,
	// which wait only if the server has long stopped reading.
	partingLimit = 250 * time.Millisecond

	// rollbackLimit is how long rolling back may take when the context of the
	// transaction has ended.
	rollbackLimit = 2 * time.Second
)

// A conn is a connection to MySQL, the driver's with what the package adds.
type conn struct {
	inner connection
	raw   net.Conn // what inner writes to
	at    place
	born  time.Time

	statements *cache
	unclosed   []driver.Stmt // to be closed at the server

	// unprepared tells that parameters are written into the text of statements.
	// interpolate has the driver do so.
	unprepared  bool
	interpolate func()
}

// A place is a session of a server.
type place struct {
	id                   int64
	host, port, serverID string
}

// begin sets up the session.
func (c *conn) begin(ctx context.Context, e *Engine) error {
	if err := c.locate(ctx); err != nil {
		return err
	}
	statements := e.source.OnConnect
	if e.setUp != "" {
		statements = append([]string{e.setUp}, statements...)
	}
	for _, statement := range statements {
		if _, err := c.inner.ExecContext(ctx, statement, nil); err != nil {
			return err
		}
	}
	return nil
}

// locate asks which session of which server c is.
func (c *conn) locate(ctx context.Context) error {
	c.born = time.Now() // the server has run since then at least
	values, err := c.ask(ctx, "SELECT CONNECTION_ID(), @@hostname, @@port, @@server_id")
	if err != nil {
		return err
	}
	c.at = place{host: fmt.Sprint(values[1]), port: fmt.Sprint(values[2]), serverID: fmt.Sprint(values[3])}
	if c.at.id, err = strconv.ParseInt(fmt.Sprint(values[0]), 10, 64); err != nil {
		return fmt.Errorf("the id of the connection: %w", err)
	}
	return nil
}

// ask returns the only row of a query without parameters. Texts are strings.
func (c *conn) ask(ctx context.Context, query string) ([]driver.Value, error) {
	all, err := c.askAll(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("it answers with %d rows, not one", len(all))
	}
	return all[0], nil
}

// askAll is ask for any number of rows.
func (c *conn) askAll(ctx context.Context, query string) (all [][]driver.Value, err error) {
	rows, err := c.inner.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		row := make([]driver.Value, len(rows.Columns()))
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		for i, value := range row {
			if text, is := value.([]byte); is {
				row[i] = string(text) // it is the driver's
			}
		}
		all = append(all, row)
	}
}

// giveUp closes c and returns err.
func (c *conn) giveUp(err error) error {
	_ = c.Close() // the session was not begun
	return err
}

// Unwrap returns the driver's own connection.
func (c *conn) Unwrap() driver.Conn { return c.inner }

// Ping implements [driver.Pinger].
func (c *conn) Ping(ctx context.Context) error { return c.inner.Ping(ctx) }

// IsValid implements [driver.Validator].
func (c *conn) IsValid() bool { return c.inner.IsValid() }

// ResetSession implements [driver.SessionResetter]. It looks whether the server
// has closed the connection, or written anything that nobody asked for.
func (c *conn) ResetSession(ctx context.Context) error { return c.inner.ResetSession(ctx) }

// CheckNamedValue implements [driver.NamedValueChecker].
func (c *conn) CheckNamedValue(v *driver.NamedValue) error { return c.inner.CheckNamedValue(v) }

// Close implements [driver.Conn]. It does not wait for the server.
func (c *conn) Close() error {
	if c.raw != nil {
		// If it cannot be set, the connection is closed already.
		_ = c.raw.SetDeadline(time.Now().Add(partingLimit))
	}
	return c.inner.Close()
}

// Prepare implements [driver.Conn].
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Begin implements [driver.Conn].
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	switch level := sql.IsolationLevel(options.Isolation); level {
	case sql.LevelDefault, sql.LevelReadUncommitted, sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable:
	default:
		return nil, fault.SQLNotSupported.Errorf("MySQL has no isolation level %q", level)
	}
	if _, err := c.inner.BeginTx(ctx, options); err != nil {
		return nil, harmless(err)
	}
	return &transaction{c: c, ctx: ctx}, nil
}

// harmless turns the loss of a connection amid what changes nothing into
// [driver.ErrBadConn], with which database/sql goes on with another connection.
func harmless(err error) error {
	if errors.Is(err, mysql.ErrInvalidConn) {
		return driver.ErrBadConn
	}
	return err
}

// A transaction ends within the context that it was begun with: the driver's
// own would wait for ever.
type transaction struct {
	c   *conn
	ctx context.Context //nolint:containedctx // driver.Tx is given none
}

// Commit implements [driver.Tx]. If the context ended before anything was sent, or
// the server refuses, it rolls back.
func (t *transaction) Commit() error {
	err := t.ctx.Err()
	if err == nil {
		_, err = t.c.inner.ExecContext(t.ctx, "COMMIT", nil)
	}
	if err == nil || !t.c.inner.IsValid() {
		return err
	}
	// A caller may compare err with that of the context.
	if failed := t.rollback(); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// Rollback implements [driver.Tx].
func (t *transaction) Rollback() error { return t.rollback() }

func (t *transaction) rollback() error {
	ctx := t.ctx
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), rollbackLimit)
		defer cancel()
	}
	_, err := t.c.inner.ExecContext(ctx, "ROLLBACK", nil)
	return err
}
