package postgrespool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"

	"github.com/redfire-quant/redfire/sqlpool"
)

// errOtherConn is a defect of the caller.
var errOtherConn = errors.New("the connection is not of this engine")

// inspection asks all that Inspect tells. Without parameters it is one round
// trip, and nothing is prepared for it.
const inspection = `SELECT current_setting('server_version'), current_setting('max_connections'), ` +
	`pg_is_in_recovery(), current_setting('default_transaction_read_only')`

// Inspect asks the server what it is, in one round trip.
func (e *Engine) Inspect(ctx context.Context, at driver.Conn) (sqlpool.Server, error) {
	c, is := at.(*conn)
	if !is {
		return sqlpool.Server{}, errOtherConn
	}
	results, err := c.simple(ctx, inspection)
	if err != nil {
		return sqlpool.Server{}, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return sqlpool.Server{}, errors.New("it answers with another number of rows than one")
	}
	row := results[0].Rows[0]
	s := sqlpool.Server{System: "postgresql", Version: string(row[0])}
	if s.MaxConnections, err = strconv.Atoi(string(row[1])); err != nil {
		return sqlpool.Server{}, fmt.Errorf("max_connections: %w", err)
	}
	switch {
	case string(row[2]) != "f":
		s.ReadOnly = "pg_is_in_recovery()"
	case string(row[3]) != "off":
		s.ReadOnly = "default_transaction_read_only"
	}
	return s, nil
}

// clean makes a session new, all but for what pgx has prepared: DISCARD ALL would
// take that away behind its back. Settings return to those that the connection
// began with.
const clean = `CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; ` +
	`SELECT pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES`

// Reset makes a session new, in one round trip, beside those of OnConnect.
func (e *Engine) Reset(ctx context.Context, of driver.Conn) error {
	c, is := of.(*conn)
	if !is {
		return errOtherConn
	}
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	statements := clean
	if c.Conn.Conn().PgConn().TxStatus() != idle {
		statements = "ROLLBACK; " + clean
	}
	if _, err := c.simple(ctx, statements); err != nil {
		return err
	}
	return e.onConnect(ctx, c)
}

// Cancel ends the session at the server. When a context ends, pgx asks the server
// to, and closes the connection, but does not wait for it: Cancel does.
func (e *Engine) Cancel(ctx context.Context, of driver.Conn) error {
	c, is := of.(*conn)
	if !is {
		return errOtherConn
	}
	inner := c.Conn.Conn().PgConn()
	if !inner.IsClosed() {
		return errors.Join(inner.CancelRequest(ctx), inner.Close(ctx))
	}
	select {
	case <-inner.CleanupDone():
		return nil
	case <-ctx.Done():
		// Who waits for the server's last words waits no more.
		_ = inner.Conn().Close()
		return ctx.Err()
	}
}
