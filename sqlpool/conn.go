package sqlpool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A conn is one lending of a session to the DB. The DB keeps it while nobody
// uses it, and closes it when it is to go back to the pool. It is used by one
// goroutine at a time, as package database/sql sees to.
type conn struct {
	*session

	prepared map[*stmt]struct{} // that are not closed yet
	closed   bool
}

// A tag is what the pool is told by a context.
type tag struct {
	label   string
	pull    bool     // the conn is taken only to be given back
	attempt *attempt // of InTx
}

type tagKey struct{}

// tagOf returns what ctx tells, or nil.
func tagOf(ctx context.Context) *tag {
	t, _ := ctx.Value(tagKey{}).(*tag)
	return t
}

// WithLabel returns a context whose connections are held under the name label:
// in the log, in statistics, and in the errors of those who wait for them. It
// begins and ends with a part of a program, such as "orders".
func WithLabel(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, tagKey{}, &tag{label: label})
}

// ResetSession is called by the DB before it lends the conn again.
func (c *conn) ResetSession(ctx context.Context) error {
	p := c.pool
	t := tagOf(ctx)
	if t != nil && t.pull {
		return nil
	}
	now := p.now()
	if !c.fit(now) {
		return driver.ErrBadConn
	}
	if !c.sound(ctx, now) {
		p.suspect()
		return driver.ErrBadConn
	}
	c.lend(now, t)
	return nil
}

// IsValid is called by the DB when the holder gives the conn back. Only one that
// is as good as new, and for which nobody waits, stays with the DB.
func (c *conn) IsValid() bool {
	p := c.pool
	now := p.now()
	c.returned(now)
	if c.lasting || c.inTx || p.source.ResetAlways || !c.usable() || !c.fit(now) {
		return false
	}
	// Who waits has raised waiting before it looks for sessions that nobody holds,
	// as this one is since it was returned: one of the two sees the other.
	return p.waiting.Load() == 0
}

// Close gives the session back to the pool.
func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	for s := range c.prepared {
		// One of a sql.Conn is not closed with it by the DB. That the session may be
		// dead is seen below.
		_ = s.Stmt.Close()
	}
	c.prepared = nil
	c.returned(c.pool.now())
	c.pool.takeBack(c.session)
	return nil
}

// Ping asks the server whether it is there.
func (c *conn) Ping(ctx context.Context) error {
	c.gaveUp = ctx.Done()
	return c.parts.ping.Ping(ctx)
}

// CheckNamedValue converts an argument as the driver wants it.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if c.parts.values == nil {
		return driver.ErrSkip
	}
	return c.parts.values.CheckNamedValue(v)
}

// ExecContext runs a statement that returns no rows.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.doomed != nil {
		return nil, c.doomed
	}
	about := c.statement(query)
	began := c.begins(ctx, about)
	result, err := c.parts.exec.ExecContext(ctx, query, args)
	if err != driver.ErrSkip { //nolint:errorlint // database/sql compares like this
		c.ends(about, began, err)
	}
	return result, err
}

// QueryContext runs a statement that returns rows.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.doomed != nil {
		return nil, c.doomed
	}
	about := c.statement(query)
	began := c.begins(ctx, about)
	rows, err := c.parts.query.QueryContext(ctx, query, args)
	if err != driver.ErrSkip { //nolint:errorlint // database/sql compares like this
		c.queried(about, began, err)
	}
	return c.watched(rows, err)
}

// queried notes that a query was answered. Outside a transaction its rows are
// read before the conn comes back, and that counts too.
func (s *session) queried(about *statement, began time.Duration, err error) {
	if err == nil && !s.inTx {
		s.reads, s.began = about, began
		return
	}
	s.ends(about, began, err)
}

// PrepareContext prepares a statement.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.doomed != nil {
		return nil, c.doomed
	}
	about := c.statement(query)
	c.gaveUp = ctx.Done()
	prepared, err := c.parts.prepare.PrepareContext(ctx, query)
	if err != nil {
		c.failed(err)
		return nil, err
	}
	s := &stmt{Stmt: prepared, conn: c, about: about}
	s.exec, _ = prepared.(driver.StmtExecContext)
	s.query, _ = prepared.(driver.StmtQueryContext)
	s.values, _ = prepared.(driver.NamedValueChecker)
	if s.exec == nil || s.query == nil {
		return nil, errors.Join(errPoor, prepared.Close())
	}
	if c.prepared == nil {
		c.prepared = make(map[*stmt]struct{})
	}
	c.prepared[s] = struct{}{}
	return s, nil
}

// Prepare is what a driver.Conn must have; database/sql calls PrepareContext.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// Begin is what a driver.Conn must have; database/sql calls BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx begins a transaction.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.gaveUp = ctx.Done()
	begun, err := c.parts.begin.BeginTx(ctx, opts)
	if err != nil {
		c.failed(err)
		return nil, err
	}
	c.inTx, c.reading = true, opts.ReadOnly
	t := &tx{session: c.session, raw: begun}
	if about := tagOf(ctx); about != nil {
		t.attempt = about.attempt
	}
	return t, nil
}

// A stmt is a prepared statement.
type stmt struct {
	driver.Stmt
	conn   *conn
	about  *statement
	exec   driver.StmtExecContext
	query  driver.StmtQueryContext
	values driver.NamedValueChecker
}

// Close closes the statement, unless its conn has done so already: then the
// session may be somebody else's.
func (s *stmt) Close() error {
	if s.conn.closed {
		return nil
	}
	delete(s.conn.prepared, s)
	return s.Stmt.Close()
}

// ExecContext runs a statement that returns no rows.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if s.conn.doomed != nil {
		return nil, s.conn.doomed
	}
	began := s.conn.begins(ctx, s.about)
	result, err := s.exec.ExecContext(ctx, args)
	s.conn.ends(s.about, began, err)
	return result, err
}

// QueryContext runs a statement that returns rows.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.conn.doomed != nil {
		return nil, s.conn.doomed
	}
	began := s.conn.begins(ctx, s.about)
	rows, err := s.query.QueryContext(ctx, args)
	s.conn.queried(s.about, began, err)
	return s.conn.watched(rows, err)
}

// CheckNamedValue converts an argument as the driver wants it.
func (s *stmt) CheckNamedValue(v *driver.NamedValue) error {
	switch {
	case s.values != nil:
		return s.values.CheckNamedValue(v)
	case s.conn.parts.values != nil:
		return s.conn.parts.values.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// A tx is a transaction.
type tx struct {
	*session
	raw     driver.Tx
	attempt *attempt // nil outside InTx
}

// Commit commits. A transaction that the server has rolled back already is not
// committed: with MySQL the statements after that would have been kept alone.
func (t *tx) Commit() error {
	if cause := t.doomed; cause != nil {
		if err := t.Rollback(); err != nil {
			return fmt.Errorf("%w (and rolling back: %v)", cause, err) //nolint:errorlint // cause is what counts
		}
		return cause
	}
	if t.attempt != nil {
		t.attempt.sent = true
	}
	conflict := t.conflict
	err := t.raw.Commit()
	t.over(err)
	if err != nil && conflict != nil && t.pool.engine.Classify(err) == Other && !ended(err) {
		return fmt.Errorf("%w (and committing: %v)", conflict, err) //nolint:errorlint // conflict is what counts
	}
	return err
}

// Rollback rolls back.
func (t *tx) Rollback() error {
	err := t.raw.Rollback()
	t.over(err)
	return err
}

func (t *tx) over(err error) {
	t.doomed, t.conflict, t.reading, t.inTx = nil, nil, false, false
	if err != nil {
		// Nobody knows how the session stands now.
		t.lasting = true
		t.failed(err)
	}
}

// Raw calls f with the driver's own connection under c, for what database/sql has
// no words for: COPY and LISTEN of PostgreSQL, LOAD DATA of MySQL. What f leaves
// behind in the session is gone when c is closed. f must not keep the connection.
func Raw(c *sql.Conn, f func(driverConn any) error) error {
	return c.Raw(func(lent any) error {
		for {
			switch between := lent.(type) {
			case *conn:
				between.lasting = true
				if wrapped, ok := between.raw.(interface{ Unwrap() driver.Conn }); ok {
					return f(wrapped.Unwrap())
				}
				return f(between.raw)
			case interface{ Raw() driver.Conn }: // as of otelsql
				lent = between.Raw()
			case interface{ Unwrap() driver.Conn }:
				lent = between.Unwrap()
			default:
				return fault.SQLNotSupported.Errorf("sqlpool: the connection is %T, which is none of a pool", lent)
			}
		}
	})
}
