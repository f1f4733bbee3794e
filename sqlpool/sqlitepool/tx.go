package sqlitepool

import (
	"context"
	"database/sql/driver"
)

// A tx is a transaction.
type tx struct {
	c        *conn
	ended    func() error // of the context of BeginTx
	readOnly bool
}

// Begin is BeginTx.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx begins a transaction. Unless it only reads, it waits its turn and then has
// the file to itself, so that it cannot fail later for what others wrote. All are
// serializable, whatever the level asked for. What a read-only one sees is decided by
// its first query.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	query := "BEGIN IMMEDIATE"
	if opts.ReadOnly {
		query = "BEGIN"
	}
	if _, err := c.ExecContext(ctx, query, nil); err != nil {
		if !c.closed && c.at.inTransaction() { // ctx ended when it had begun
			err = join(err, c.rollBack())
		}
		return nil, err
	}
	c.tx, c.broke = &tx{c, ctx.Err, opts.ReadOnly}, nil
	return c.tx, nil
}

// Commit commits, unless the context has ended. Once it has begun it is not given up:
// whoever stopped waiting would not know what became of it.
func (t *tx) Commit() error {
	c := t.c
	switch {
	case c.closed || c.tx != t:
		return driver.ErrBadConn
	case t.ended() != nil:
		return join(t.ended(), c.rollBack())
	case !c.at.inTransaction():
		err := c.rolledBack()
		return join(err, c.rollBack())
	}
	_, err := c.ExecContext(context.Background(), "COMMIT", nil)
	return join(err, c.rollBack())
}

// Rollback rolls back.
func (t *tx) Rollback() error {
	if t.c.closed || t.c.tx != t {
		return driver.ErrBadConn
	}
	return t.c.rollBack()
}
