package sqlpooltest

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redfire-quant/redfire/sqlpool"
)

// A rig is a pool under test with all that a rule sees it by.
type rig struct {
	*sqlpool.Pool
	words

	pools  *sqlpool.Pools
	engine *watchedEngine
	log    *logbook
	beside *sql.DB       // connections of the same engine, without the pool
	again  func(tb) *rig // opens what another program has of the same database
	ended  bool
	tables int

	mu   sync.Mutex // guards the field below
	lent []*sql.Conn
}

// patience is how long a rule waits for what must happen.
const patience = 10 * time.Second

// closeTime is how long Close waits for holders.
const closeTime = time.Second

// newRig opens a pool.
func (h *Harness) newRig(t tb, source sqlpool.Source) *rig {
	t.Helper()
	return h.newRigBeside(t, source, source)
}

// newRigBeside opens a pool, and connections beside it by another source.
func (h *Harness) newRigBeside(t tb, source, other sqlpool.Source) *rig {
	t.Helper()
	r := &rig{log: &logbook{}, again: func(t tb) *rig { return h.newRigBeside(t, source, other) }}
	open := func(s sqlpool.Source) (sqlpool.Engine, error) {
		e, err := h.Open(s)
		r.engine = &watchedEngine{Engine: e}
		return r.engine, err
	}
	openDB := h.OpenDB
	if h.spoil != nil {
		openDB = func(c driver.Connector) *sql.DB { return sql.OpenDB(h.spoil(r.engine, c)) }
	}
	var err error
	r.pools, err = sqlpool.New([]sqlpool.Source{source}, open, &sqlpool.Options{
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), OpenDB: openDB,
		CloseTime: closeTime,
	})
	if err != nil {
		t.Fatalf("open a pool: %v", err)
	}
	if r.Pool, err = r.pools.Pool(source.Name); err != nil {
		t.Fatalf("the pool: %v", err)
	}
	r.words = wordsOf[r.Dialect()]
	beside, err := h.Open(other)
	if err != nil {
		t.Fatalf("open the engine: %v", err)
	}
	r.beside = sql.OpenDB(plain{beside})
	return r
}

// plain gives database/sql the connections of an engine as they are.
type plain struct{ sqlpool.Engine }

func (p plain) Driver() driver.Driver { return noDriver{} }

type noDriver struct{}

func (noDriver) Open(string) (driver.Conn, error) { return nil, errors.ErrUnsupported }

// end closes the pool: nobody may hold a connection, and none may be open then.
func (r *rig) end(t tb) {
	t.Helper()
	if t.Failed() {
		// Where a rule was left in the midst, what it holds is not to disturb the next.
		for _, c := range r.lent {
			_ = c.Close() // most are closed
		}
	}
	if err := r.beside.Close(); err != nil {
		t.Errorf("close the connections beside the pool: %v", err)
	}
	if r.ended {
		return
	}
	if err := r.pools.Close(); err != nil {
		t.Errorf("close the pool: %v", err)
	}
	if open := r.engine.open.Load(); open != 0 {
		t.Errorf("%d connections are open after Close", open)
	}
	s := r.Stats()
	if s.InUse != 0 || s.Idle != 0 || s.Waiting != 0 || s.Opened != s.Closed {
		t.Errorf("after Close: %d in use, %d idle, %d waiting, %d opened and %d closed", s.InUse, s.Idle, s.Waiting, s.Opened, s.Closed)
	}
	if s.Use.Count != s.Uses {
		t.Errorf("after Close: %d uses, but %d were timed", s.Uses, s.Use.Count)
	}
}

// A watchedEngine is an engine whose connections are counted, and which may say
// that its server is read-only.
type watchedEngine struct {
	sqlpool.Engine
	open, most atomic.Int64
	made       atomic.Uint64
	readOnly   atomic.Bool
	closed     atomic.Bool
}

func (e *watchedEngine) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := e.Engine.Connect(ctx)
	if err != nil {
		return nil, err
	}
	number := e.made.Add(1)
	open := e.open.Add(1)
	for most := e.most.Load(); open > most && !e.most.CompareAndSwap(most, open); most = e.most.Load() {
		continue
	}
	return &watchedConn{wholeConn: c.(wholeConn), engine: e, number: number}, nil
}

func (e *watchedEngine) Inspect(ctx context.Context, c driver.Conn) (sqlpool.Server, error) {
	s, err := e.Engine.Inspect(ctx, c.(*watchedConn).wholeConn)
	if e.readOnly.Load() {
		s.ReadOnly = "the suite"
	}
	return s, err
}

func (e *watchedEngine) Reset(ctx context.Context, c driver.Conn) error {
	return e.Engine.Reset(ctx, c.(*watchedConn).wholeConn)
}

func (e *watchedEngine) Cancel(ctx context.Context, c driver.Conn) error {
	return e.Engine.Cancel(ctx, c.(*watchedConn).wholeConn)
}

func (e *watchedEngine) Close() error {
	e.closed.Store(true)
	return e.Engine.Close()
}

// A wholeConn is what an engine's connections are at least.
type wholeConn interface {
	driver.Conn
	driver.Pinger
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// A watchedConn is a connection that is counted.
type watchedConn struct {
	wholeConn
	engine *watchedEngine
	number uint64
	closed bool
}

type whichKey struct{}

// ExecContext also tells the caller which connection it is, if that is asked.
func (c *watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if which, ok := ctx.Value(whichKey{}).(*uint64); ok {
		*which = c.number
	}
	return c.wholeConn.ExecContext(ctx, query, args)
}

func (c *watchedConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.wholeConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// Unwrap returns the driver's own connection.
func (c *watchedConn) Unwrap() driver.Conn {
	if wrapped, ok := c.wholeConn.(interface{ Unwrap() driver.Conn }); ok {
		return wrapped.Unwrap()
	}
	return c.wholeConn
}

func (c *watchedConn) Close() error {
	err := c.wholeConn.Close()
	if !c.closed {
		c.closed = true
		c.engine.open.Add(-1)
	}
	return err
}

// A logbook is what an operator was told.
type logbook struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// find returns the first line that holds all parts.
func (l *logbook) find(parts ...string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		found := true
		for _, part := range parts {
			found = found && strings.Contains(line, part)
		}
		if found {
			return line
		}
	}
	return ""
}

// eventually waits until what is so, and fails with what it is about if it does
// not come.
func eventually(t tb, about string, what func() bool) {
	t.Helper()
	if !within(patience, func() bool { return t.Context().Err() != nil || what() }) || t.Context().Err() != nil {
		t.Fatalf("this never came: %s", about)
	}
}

// within waits until what is so, for limit at most.
func within(limit time.Duration, what func() bool) bool {
	over := time.NewTimer(limit)
	defer over.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !what() {
		select {
		case <-over.C:
			return what()
		case <-tick.C:
		}
	}
	return true
}

// goroutines is how many there are but for those of database/sql that end by
// themselves in a while.
func goroutines() int { return runtime.NumGoroutine() }

// wantGoroutines holds that there are no more goroutines than before.
func wantGoroutines(t tb, before int) {
	t.Helper()
	if within(3*time.Second, func() bool { return goroutines() <= before }) {
		return
	}
	all := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after:\n%s", before, goroutines(), all[:runtime.Stack(all, true)])
}

// conn takes a connection under a label.
func (r *rig) conn(t tb, label string) *sql.Conn {
	t.Helper()
	c, err := r.DB().Conn(sqlpool.WithLabel(t.Context(), label))
	if err != nil {
		t.Fatalf("take a connection for %q: %v", label, err)
	}
	r.mu.Lock()
	r.lent = append(r.lent, c)
	r.mu.Unlock()
	return c
}

// release gives connections back.
func release(t tb, all ...*sql.Conn) {
	t.Helper()
	for _, c := range all {
		if err := c.Close(); err != nil {
			t.Errorf("give a connection back: %v", err)
		}
	}
}

// physical returns the number of the connection that a caller was given, as it is
// known below the pool.
func physical(t tb, db execer) (number uint64) {
	t.Helper()
	_, err := db.ExecContext(context.WithValue(t.Context(), whichKey{}, &number), "SELECT 1")
	if err != nil {
		t.Errorf("ask which connection it is: %v", err)
	}
	return number
}

// An execer is a *sql.DB, *sql.Conn or *sql.Tx.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// exec runs a statement.
func exec(t tb, db execer, query string, args ...any) sql.Result {
	t.Helper()
	result, err := db.ExecContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return result
}

// ask returns the only value of a query.
func ask[T any](t tb, db execer, query string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// table makes a table of an id and a number, which is the rule's alone, and
// returns its name.
func (r *rig) table(t tb) string {
	t.Helper()
	r.tables++
	name := fmt.Sprintf("suite%d", r.tables)
	exec(t, r.beside, "DROP TABLE IF EXISTS "+name)
	exec(t, r.beside, "CREATE TABLE "+name+" (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)"+r.tableEnd)
	return name
}

// put writes n in row id of a table.
func (w words) put(table string, id, n int64) string {
	return fmt.Sprintf("INSERT INTO %s (id, n) VALUES (%d, %d)", table, id, n)
}

// set changes n in row id of a table.
func (w words) set(table string, id, n int64) string {
	return fmt.Sprintf("UPDATE %s SET n = %d WHERE id = %d", table, n, id)
}

// rows is how many there are in a table.
func rows(t tb, db execer, table string) int64 {
	t.Helper()
	return ask[int64](t, db, "SELECT COUNT(*) FROM "+table)
}
