package postgrespool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/redfire-quant/redfire/fault"
)

const (
	// partingLimit is how long writing a last packet may take. It is a few bytes,
	// which wait only if the server has long stopped reading.
	partingLimit = 250 * time.Millisecond

	// rollbackLimit is how long rolling back may take when the context of the
	// transaction has ended.
	rollbackLimit = 2 * time.Second

	// idle is the state of a session without a transaction.
	idle = 'I'
)

// A conn is a connection to PostgreSQL, that of pgx with what the package adds.
type conn struct {
	*stdlib.Conn
	wire       *wire // under TLS, if there is any
	unprepared bool
}

// Unwrap returns pgx's own connection.
func (c *conn) Unwrap() driver.Conn { return c.Conn }

// IsValid implements [driver.Validator].
func (c *conn) IsValid() bool { return !c.Conn.Conn().IsClosed() }

// ResetSession implements [driver.SessionResetter]. It looks whether the server
// has closed the connection. If the server wrote something that nobody asked for,
// it is asked.
func (c *conn) ResetSession(ctx context.Context) error {
	if err := c.Conn.ResetSession(ctx); err != nil {
		return err
	}
	switch peek(c.wire.Conn) {
	case closed:
		return driver.ErrBadConn
	case waiting:
		// It may be that a setting changed, or that the server says goodbye.
		return c.Ping(ctx)
	}
	return nil
}

// Close implements [driver.Conn]. It does not wait for the server.
func (c *conn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), partingLimit)
	defer cancel()
	return c.Conn.Conn().Close(ctx)
}

// Ping implements [driver.Pinger].
func (c *conn) Ping(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	return c.told(ctx, c.wire.sent.Load(), c.Conn.Conn().Ping(ctx))
}

// simple runs statements without parameters, in one round trip.
func (c *conn) simple(ctx context.Context, statements string) ([]*pgconn.Result, error) {
	sent := c.wire.sent.Load()
	results, err := c.Conn.Conn().PgConn().Exec(ctx, statements).ReadAll()
	return results, c.told(ctx, sent, err)
}

// Begin implements [driver.Conn].
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// Prepare implements [driver.Conn].
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// levels are the isolation levels of PostgreSQL.
var levels = map[sql.IsolationLevel]pgx.TxIsoLevel{
	sql.LevelDefault:         "",
	sql.LevelReadUncommitted: pgx.ReadUncommitted,
	sql.LevelReadCommitted:   pgx.ReadCommitted,
	sql.LevelRepeatableRead:  pgx.RepeatableRead,
	sql.LevelSnapshot:        pgx.RepeatableRead,
	sql.LevelSerializable:    pgx.Serializable,
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if !c.IsValid() {
		return nil, driver.ErrBadConn
	}
	level, found := levels[sql.IsolationLevel(options.Isolation)]
	if !found {
		return nil, fault.SQLNotSupported.Errorf("PostgreSQL has no isolation level %q", sql.IsolationLevel(options.Isolation))
	}
	own := pgx.TxOptions{IsoLevel: level}
	if options.ReadOnly {
		own.AccessMode = pgx.ReadOnly
	}
	tx, err := c.Conn.Conn().BeginTx(ctx, own)
	if err != nil {
		return nil, c.toldOfNothing(ctx, err)
	}
	return &transaction{c: c, tx: tx, ctx: ctx}, nil
}

// A transaction ends within the context that it was begun with.
type transaction struct {
	c   *conn
	tx  pgx.Tx
	ctx context.Context //nolint:containedctx // driver.Tx is given none
}

// Commit implements [driver.Tx]. If the context ended before anything was sent,
// it rolls back.
func (t *transaction) Commit() error {
	if err := t.ctx.Err(); err != nil {
		// A caller may compare err with that of the context.
		if failed := t.Rollback(); failed != nil {
			return errors.Join(err, failed)
		}
		return err
	}
	if !t.c.IsValid() {
		return driver.ErrBadConn // and therefore rolled back
	}
	sent := t.c.wire.sent.Load()
	return t.c.told(t.ctx, sent, t.tx.Commit(t.ctx))
}

// Rollback implements [driver.Tx].
func (t *transaction) Rollback() error {
	ctx := t.ctx
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), rollbackLimit)
		defer cancel()
	}
	if !t.c.IsValid() {
		return driver.ErrBadConn // and therefore rolled back
	}
	sent := t.c.wire.sent.Load()
	return t.c.told(ctx, sent, t.tx.Rollback(ctx))
}

// A lostError is the loss of a connection on which a statement had been sent.
type lostError struct{ err error }

func (e *lostError) Error() string {
	return "the connection was lost after the statement had been sent: " + e.err.Error()
}
func (e *lostError) Unwrap() error { return e.err }

// errGone is the cause of a loss that pgx does not tell.
var errGone = errors.New("it was closed")

// told returns err as database/sql has to know it, of a call that began when so
// many bytes had been sent. It is [driver.ErrBadConn], with which database/sql
// runs a statement on another connection, only if none has been sent since: what
// pgx says itself, by SafeToRetry, is not true of a connection that is lost while
// the answer is awaited.
func (c *conn) told(ctx context.Context, sent int64, err error) error {
	var refusal *pgconn.PgError
	switch {
	case err == nil, errors.As(err, &refusal), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case c.IsValid() && !errors.Is(err, driver.ErrBadConn):
		return err // such as an argument that cannot be sent
	case c.wire.sent.Load() == sent:
		return driver.ErrBadConn
	case errors.Is(err, driver.ErrBadConn), pgconn.SafeToRetry(err):
		return &lostError{errGone}
	}
	return &lostError{err}
}

// toldOfNothing is told of a call that changes nothing, which may be repeated
// when it was sent, too.
func (c *conn) toldOfNothing(ctx context.Context, err error) error {
	return c.told(ctx, c.wire.sent.Load(), err)
}

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return again(ctx, c, func() (driver.Result, error) { return c.Conn.ExecContext(ctx, query, args) })
}

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return again(ctx, c, func() (driver.Rows, error) { return c.Conn.QueryContext(ctx, query, args) })
}

// again carries out do once more if the plan of its statement was void: then it
// was not run, and pgx has forgotten the statement. Within a transaction nothing
// more can be run.
func again[T any](ctx context.Context, c *conn, do func() (T, error)) (T, error) {
	sent := c.wire.sent.Load()
	got, err := do()
	if isVoidPlan(err) && c.IsValid() && c.Conn.Conn().PgConn().TxStatus() == idle {
		sent = c.wire.sent.Load()
		got, err = do()
	}
	return got, c.told(ctx, sent, err)
}

// isVoidPlan reports whether err tells that a prepared statement would give other
// columns than when it was prepared. Its code is that of much else.
func isVoidPlan(err error) bool {
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.Code == "0A000" && refusal.Routine == "RevalidateCachedQuery"
}

// PrepareContext implements [driver.ConnPrepareContext]. It has the server check
// the statement. To run it is what pgx's cache of statements is for: so nothing is
// left to be closed at the server, and a plan that became void is made again.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if !c.IsValid() {
		return nil, driver.ErrBadConn
	}
	if c.unprepared {
		return &statement{c: c, text: query, inputs: -1}, nil
	}
	described, err := c.Conn.Conn().Prepare(ctx, "", query)
	if err != nil {
		return nil, c.toldOfNothing(ctx, err)
	}
	return &statement{c: c, text: query, inputs: len(described.ParamOIDs)}, nil
}

// A statement is one that somebody asked to be prepared.
type statement struct {
	c      *conn
	text   string
	inputs int
}

// Close implements [driver.Stmt].
func (s *statement) Close() error { return nil }

// NumInput implements [driver.Stmt]. It is -1 if that is not known.
func (s *statement) NumInput() int { return s.inputs }

// ExecContext implements [driver.StmtExecContext].
func (s *statement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.c.ExecContext(ctx, s.text, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (s *statement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.QueryContext(ctx, s.text, args)
}

// Exec implements [driver.Stmt].
func (s *statement) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query implements [driver.Stmt].
func (s *statement) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

// named is args with their positions.
func named(args []driver.Value) []driver.NamedValue {
	all := make([]driver.NamedValue, len(args))
	for i, value := range args {
		all[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return all
}
