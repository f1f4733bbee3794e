package sqlpool

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"sync"
	"time"
)

// A fake is an engine of no database, with which a test decides what the server
// does and when. What a real one does is for the suite.
type fake struct {
	mu       sync.Mutex // guards the fields below
	dialTime time.Duration
	dialErr  error
	room     int // how many connections are let in; 0 for all
	readOnly string
	silent   bool // nothing answers
	classes  map[error]Class
	open     int
	most     int // that were ever open at once
	dials    int
	resets   int
	cancels  int
	fail     func(query string) error
}

var (
	errRefused  = errors.New("connection refused")
	errPassword = errors.New("wrong password")
	errDeadlock = errors.New("deadlock")
	errFull     = errors.New("too many connections")
	errNoWrites = errors.New("read-only")
	errCut      = errors.New("connection cut")
)

func newFake() *fake {
	return &fake{classes: map[error]Class{
		errRefused: Unreachable, errPassword: AccessDenied, errDeadlock: Deadlock, errFull: TooManyConnections,
		errNoWrites: ReadOnlyServer, errCut: LostAfter, driver.ErrBadConn: LostBefore,
	}}
}

// set changes what the server does.
func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// see returns a copy of what there is.
func see[V any](f *fake, get func(*fake) V) V {
	f.mu.Lock()
	defer f.mu.Unlock()
	return get(f)
}

func (f *fake) Connect(ctx context.Context) (driver.Conn, error) {
	wait := see(f, func(f *fake) time.Duration { f.dials++; return f.dialTime })
	if see(f, func(f *fake) bool { return f.room > 0 && f.dials > f.room }) {
		return nil, errFull
	}
	if err := f.answer(ctx); err != nil {
		return nil, err
	}
	pause(ctx, wait)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dialErr != nil {
		return nil, f.dialErr
	}
	f.open++
	f.most = max(f.most, f.open)
	return &fakeConn{fake: f}, nil
}

// answer waits for as long as the server is silent.
func (f *fake) answer(ctx context.Context) error {
	for see(f, func(f *fake) bool { return f.silent }) {
		pause(ctx, time.Millisecond)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (f *fake) Inspect(ctx context.Context, c driver.Conn) (Server, error) {
	if err := c.(*fakeConn).Ping(ctx); err != nil {
		return Server{}, err
	}
	return Server{System: "fake", ReadOnly: see(f, func(f *fake) string { return f.readOnly })}, nil
}

func (f *fake) Reset(ctx context.Context, c driver.Conn) error {
	f.set(func(f *fake) { f.resets++ })
	return c.(*fakeConn).Ping(ctx)
}

func (f *fake) Cancel(context.Context, driver.Conn) error {
	f.set(func(f *fake) { f.cancels++ })
	return nil
}

func (f *fake) Classify(err error) Class {
	for known, class := range f.classes {
		if errors.Is(err, known) {
			return class
		}
	}
	return Other
}

func (f *fake) Dialect() Dialect { return SQLite }

func (f *fake) Close() error { return nil }

// A fakeConn is a connection of a fake. Like those of drivers it is not safe for
// concurrent use, which the race detector sees.
type fakeConn struct {
	fake   *fake
	calls  int
	broken bool
	closed bool
}

func (c *fakeConn) run(ctx context.Context, query string) error {
	c.calls++
	if c.broken || c.closed {
		return driver.ErrBadConn
	}
	if err := c.fake.answer(ctx); err != nil {
		c.broken = true // as a driver does whose call was given up
		return err
	}
	fail := see(c.fake, func(f *fake) func(string) error { return f.fail })
	if fail == nil {
		return nil
	}
	err := fail(query)
	c.broken = errors.Is(err, errCut)
	return err
}

func (c *fakeConn) Ping(ctx context.Context) error { return c.run(ctx, "PING") }

func (c *fakeConn) IsValid() bool { return !c.broken }

func (c *fakeConn) ExecContext(ctx context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), c.run(ctx, query)
}

func (c *fakeConn) QueryContext(ctx context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	if err := c.run(ctx, query); err != nil {
		return nil, err
	}
	return &fakeRows{}, nil
}

func (c *fakeConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return &fakeStmt{c, query}, c.run(ctx, "PREPARE")
}

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *fakeConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *fakeConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	return fakeTx{c}, c.run(ctx, "BEGIN")
}

func (c *fakeConn) Close() error {
	c.calls++
	if c.closed {
		return errors.New("closed twice")
	}
	c.closed = true
	c.fake.set(func(f *fake) { f.open-- })
	return nil
}

type fakeTx struct{ *fakeConn }

func (t fakeTx) Commit() error   { return t.run(context.Background(), "COMMIT") }
func (t fakeTx) Rollback() error { return t.run(context.Background(), "ROLLBACK") }

type fakeStmt struct {
	conn  *fakeConn
	query string
}

func (s *fakeStmt) Close() error  { return nil }
func (s *fakeStmt) NumInput() int { return -1 }

func (s *fakeStmt) Exec([]driver.Value) (driver.Result, error) {
	return nil, errors.ErrUnsupported
}

func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error) {
	return nil, errors.ErrUnsupported
}

func (s *fakeStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

func (s *fakeStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}

// fakeRows are one row with a 1 in it.
type fakeRows struct{ done bool }

func (r *fakeRows) Columns() []string { return []string{"one"} }
func (r *fakeRows) Close() error      { return nil }

func (r *fakeRows) Next(dest []driver.Value) error {
	if r.done {
		return io.EOF
	}
	r.done = true
	dest[0] = int64(1)
	return nil
}
