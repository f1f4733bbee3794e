package postgrespool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

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

// clean makes a session new, all but for what is prepared: DISCARD ALL would take
// that away behind the back of pgx. So it asks for what was prepared by statements
// of the holder. Settings return to those that the connection began with.
const clean = `CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; ` +
	`SELECT pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES; ` +
	`SELECT name FROM pg_prepared_statements WHERE from_sql`

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
	results, err := c.simple(ctx, statements)
	if err != nil {
		return err
	}
	for _, row := range results[len(results)-1].Rows {
		name := pgx.Identifier{string(row[0])}.Sanitize()
		if _, err := c.simple(ctx, "DEALLOCATE "+name); err != nil {
			return err
		}
	}
	return e.onConnect(ctx, c)
}

// Of asking the server again to end a statement.
const (
	firstPause = 20 * time.Millisecond
	longPause  = 500 * time.Millisecond
)

// Cancel ends the session at the server. When a context ends, pgx asks the server
// to end the statement, once, and closes the connection when the server has. If
// the statement had arrived, but was not begun, the server has forgotten the
// question by then: Cancel asks again until the session has ended.
func (e *Engine) Cancel(ctx context.Context, of driver.Conn) error {
	c, is := of.(*conn)
	if !is {
		return errOtherConn
	}
	inner := c.Conn.Conn().PgConn()
	if !inner.IsClosed() {
		return errors.Join(inner.CancelRequest(ctx), inner.Close(ctx))
	}
	var failed error
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		select {
		case <-inner.CleanupDone():
			return nil
		case <-ctx.Done():
			// Who waits for the server's last words waits no more.
			_ = inner.Conn().Close()
			return errors.Join(ctx.Err(), failed)
		case <-time.After(pause):
			failed = inner.CancelRequest(ctx)
		}
	}
}
