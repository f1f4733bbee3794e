package sqlitepool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A rawConn is a connection of the driver.
type rawConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ExecerContext
	IsReadOnly(schema string) (bool, error)
}

// A conn is a connection that waits its turn to write, keeps its statements
// prepared, and can be interrupted while it reads.
type conn struct {
	engine     *Engine
	raw        rawConn
	at         handle
	file       fs.FileInfo // what was opened
	readOnly   bool
	statements statements
	prepared   map[*statement]struct{} // all that SQLite has still

	holds   bool  // the gate
	writing int   // rows that are open and may write still
	changed bool  // settings, temporary tables or the like may not be as at Connect
	tx      *tx   // that of BeginTx
	broke   error // what made SQLite roll it back
	closed  bool
	astray  bool // the file is not at its path any more
	joined  bool // counted by the engine

	step     sync.Mutex // guards the field below
	stepping bool       // rows are being read, and may be interrupted
}

func newConn(e *Engine, dc driver.Conn, file fs.FileInfo) (*conn, error) {
	raw, ok := dc.(rawConn)
	if !ok {
		return nil, errDriver
	}
	at, err := handleOf(dc)
	if err != nil {
		return nil, err
	}
	return &conn{engine: e, raw: raw, at: at, file: file, prepared: map[*statement]struct{}{}}, nil
}

// Unwrap returns the driver's own connection. What is done with it is not known
// here, so that Reset closes the connection.
func (c *conn) Unwrap() driver.Conn {
	c.changed = true
	return c.raw
}

// Close closes the connection; what it has not committed is gone. SQLite would keep
// a connection alive, with its locks, for as long as it has statements.
func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	var errs []error
	for s := range c.prepared {
		if err := s.end(); err != nil && !isInterrupt(err) {
			errs = append(errs, err)
		}
	}
	err := errors.Join(append(errs, c.raw.Close())...)
	c.at.close()
	if c.joined {
		c.joined = false
		c.engine.part()
	}
	if c.holds {
		c.holds = false
		c.engine.gate.leave()
	}
	return err
}

// IsValid reports whether the connection can be used still. It is asked when a holder
// gives it back: a transaction that was left open ends here, since all who write wait
// for it.
func (c *conn) IsValid() bool { return !c.closed && c.rollBack() == nil && !c.astray }

// ResetSession rolls back a transaction that was left open.
func (c *conn) ResetSession(context.Context) error {
	if c.closed || c.rollBack() != nil || c.astray {
		return driver.ErrBadConn
	}
	return nil
}

// Ping reports whether the file is still there and can be read.
func (c *conn) Ping(ctx context.Context) error {
	if c.closed {
		return driver.ErrBadConn
	}
	if err := c.engine.same(c.file); err != nil {
		return err
	}
	_, err := c.one(ctx, "SELECT count(*) FROM sqlite_schema")
	return err
}

// one returns the one value that a query has.
func (c *conn) one(ctx context.Context, query string) (driver.Value, error) {
	rows, err := c.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	dest := make([]driver.Value, len(rows.Columns()))
	err = rows.Next(dest)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("sqlitepool: %s has no answer", query)
	}
	if err = join(err, rows.Close()); err != nil {
		return nil, err
	}
	return dest[0], nil
}

// enter is called before a statement runs. If it may write, it waits until it may.
func (c *conn) enter(ctx context.Context, s *statement) error {
	if c.closed {
		return driver.ErrBadConn
	}
	if c.tx != nil && !c.at.inTransaction() {
		return c.rolledBack()
	}
	if s.reads || c.holds || c.readOnly || c.tx != nil && c.tx.readOnly {
		return nil
	}
	if err := c.engine.gate.enter(ctx); err != nil {
		return err
	}
	c.holds = true
	if err := c.there(); err != nil {
		c.left(err)
		return err
	}
	return nil
}

// there reports it if the file is not at its path any more, after which the
// connection is good for nothing. To ask costs a microsecond or two, and is done
// before and after each transaction that writes.
func (c *conn) there() error {
	if runtime.GOOS == "windows" { // which does not let go of a file that is open
		return nil
	}
	err := c.engine.same(c.file)
	c.astray = c.astray || err != nil
	return err
}

// kept is called before a statement is said to have succeeded. If it has committed
// something, the file must be where others look for it.
func (c *conn) kept(s *statement) error {
	if !c.holds || c.at.inTransaction() || keyword(s.text) == "ROLLBACK" {
		return nil
	}
	if err := c.there(); err != nil {
		return fault.SQLLost.Errorf("what was written may be lost: %w", err)
	}
	return nil
}

// left is called after a statement has run. err is how it ended.
func (c *conn) left(err error) {
	open := c.at.inTransaction()
	if err != nil && c.tx != nil && c.broke == nil && !open {
		c.broke = err
	}
	if c.holds && !open && c.writing == 0 {
		c.holds = false
		c.engine.gate.leave()
	}
}

// rolledBack is the error of a transaction that SQLite has ended by itself: after an
// interrupt of a write, say, or for want of space. To go on would be to write
// outside of any transaction.
func (c *conn) rolledBack() error {
	if c.broke == nil {
		return errors.New("sqlitepool: the transaction is over: it was committed or rolled back by SQL")
	}
	return fmt.Errorf("sqlitepool: the transaction was rolled back by an earlier error: %w", c.broke)
}

// rollBack ends a transaction that is open.
func (c *conn) rollBack() error {
	c.tx, c.broke = nil, nil
	if !c.at.inTransaction() {
		c.left(nil)
		return nil
	}
	_, err := c.ExecContext(context.Background(), "ROLLBACK", nil)
	return err
}

// Prepare is PrepareContext.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext prepares a statement.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ExecContext runs a statement, or several.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(ctx, args)
	return r, join(err, c.give(s))
}

// QueryContext runs a query.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.query(ctx, args)
	if err != nil {
		return nil, join(err, c.give(s))
	}
	r.owner = c
	return r, nil
}

// join returns what both errors say. One alone stays what it is: programs compare the
// driver's errors.
func join(err, also error) error {
	switch {
	case also == nil:
		return err
	case err == nil:
		return also
	}
	return errors.Join(err, also)
}

// checkTimes refuses times that cannot be written so that they sort.
func checkTimes(args []driver.NamedValue) error {
	for i := range args {
		t, ok := args[i].Value.(time.Time)
		if !ok {
			continue
		}
		if y := t.UTC().Year(); y < 0 || y > 9999 {
			return fmt.Errorf("sqlitepool: the time %s is not within the years 0 to 9999", t)
		}
	}
	return nil
}
