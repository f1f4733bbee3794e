package sqlitepool

import (
	"cmp"
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
)

// keep is how many statements a connection keeps prepared, and keepLength how long
// their text may be: what inserts a thousand rows at once is not worth its memory.
const (
	keep       = 100
	keepLength = 8 << 10
)

// A rawStmt is a statement of the driver.
type rawStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// A statement is one that is prepared.
type statement struct {
	c     *conn
	raw   rawStmt
	text  string
	reads bool          // it surely writes nothing
	keep  bool          // it is worth keeping
	busy  bool          // its rows are open
	place *list.Element // among those that are kept, or nil
}

// statements are those that a connection keeps, by their text.
type statements struct {
	byText map[string]*statement
	recent list.List // of *statement, the one used last at the front
}

// statement returns a statement that nobody uses. It is to be given back by give.
func (c *conn) statement(ctx context.Context, query string) (*statement, error) {
	if s := c.statements.byText[query]; s != nil && !s.busy {
		c.statements.recent.MoveToFront(s.place)
		return s, nil
	}
	return c.prepare(ctx, query)
}

// prepare has SQLite read a statement.
func (c *conn) prepare(ctx context.Context, query string) (*statement, error) {
	if c.closed {
		return nil, driver.ErrBadConn
	}
	p, err := c.raw.PrepareContext(ctx, strings.TrimSpace(query))
	if err != nil {
		return nil, err
	}
	raw, ok := p.(rawStmt)
	if !ok {
		return nil, errors.Join(errDriver, p.Close())
	}
	s := &statement{c: c, raw: raw, text: query}
	single, reads, err := c.at.look(p)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	s.reads = single && readsOnly(query, reads)
	s.keep = single && len(query) <= keepLength && slices.Contains(kept, keyword(query))
	c.prepared[s] = struct{}{}
	c.changed = c.changed || !single || changesSession(query)
	return s, nil
}

// give takes back what statement returned, and keeps it if that is worth while.
func (c *conn) give(s *statement) error {
	all := &c.statements
	switch {
	case c.closed:
		return nil // it went with the connection
	case s.place != nil:
		return nil
	case !s.keep || all.byText[s.text] != nil:
		return s.end()
	}
	if all.byText == nil {
		all.byText = map[string]*statement{}
	}
	all.byText[s.text] = s
	s.place = all.recent.PushFront(s)
	for last := all.recent.Back(); all.recent.Len() > keep; last = all.recent.Back() {
		old := all.recent.Remove(last).(*statement)
		old.place = nil
		delete(all.byText, old.text)
		if !old.busy { // else its rows close it
			return old.end()
		}
	}
	return nil
}

// Close ends the use of a statement that was prepared by the caller.
func (s *statement) Close() error {
	if s.c.closed {
		return nil
	}
	return s.end()
}

// end has SQLite forget the statement.
func (s *statement) end() error {
	delete(s.c.prepared, s)
	return s.raw.Close()
}

// NumInput leaves it to the driver to count.
func (s *statement) NumInput() int { return s.raw.NumInput() }

// Exec is ExecContext.
func (s *statement) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query is QueryContext.
func (s *statement) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	all := make([]driver.NamedValue, len(args))
	for i, v := range args {
		all[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return all
}

// ExecContext runs the statement to its end.
func (s *statement) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	if err := checkTimes(args); err != nil {
		return nil, err
	}
	if s.busy {
		return s.c.ExecContext(ctx, s.text, args)
	}
	if err := s.c.enter(ctx, s); err != nil {
		return nil, err
	}
	defer func() { s.c.left(err) }()
	defer s.c.guard(s, &err)()
	if err != nil {
		return nil, err
	}
	r, err = s.raw.ExecContext(ctx, args)
	if err == nil {
		err = s.c.kept(s)
	}
	return r, err
}

// QueryContext runs the statement up to its first row.
func (s *statement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.busy {
		return s.c.QueryContext(ctx, s.text, args)
	}
	r, err := s.query(ctx, args)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (s *statement) query(ctx context.Context, args []driver.NamedValue) (_ *rows, err error) {
	c := s.c
	if err := checkTimes(args); err != nil {
		return nil, err
	}
	if err := c.enter(ctx, s); err != nil {
		return nil, err
	}
	var got driver.Rows
	func() {
		defer c.guard(s, &err)()
		if err == nil {
			got, err = s.raw.QueryContext(ctx, args)
		}
	}()
	if err != nil {
		c.left(err)
		return nil, err
	}
	raw, ok := got.(rawRows)
	if !ok {
		err = errors.Join(errDriver, got.Close())
		c.left(err)
		return nil, err
	}
	s.busy = true
	if !s.reads {
		c.writing++
	}
	return &rows{rawRows: raw, s: s, ended: ctx.Err, unwatch: c.watch(ctx)}, nil
}

// guard keeps a read-only transaction from writing while s runs, which the driver
// does not do. What surely reads only needs no guard.
func (c *conn) guard(s *statement, err *error) (undo func()) {
	if c.tx == nil || !c.tx.readOnly || s.reads || keyword(s.text) == "COMMIT" || keyword(s.text) == "ROLLBACK" {
		return func() {}
	}
	set := func(query string) error {
		_, err := c.raw.ExecContext(context.Background(), query, nil)
		return err
	}
	*err = set("PRAGMA query_only=1")
	return func() { *err = join(*err, set("PRAGMA query_only=0")) }
}

// A rawRows is rows of the driver.
type rawRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// A rows is the answer to a query.
type rows struct {
	rawRows
	s       *statement
	owner   *conn        // that takes the statement back; nil if its caller keeps it
	ended   func() error // of the context of the query
	unwatch func()
	failed  error
}

// Next reads a row. It ends when the context of the query does.
func (r *rows) Next(dest []driver.Value) error {
	c := r.s.c
	if c.closed {
		return driver.ErrBadConn
	}
	if err := r.ended(); err != nil {
		return err
	}
	c.setStepping(true)
	err := r.rawRows.Next(dest)
	c.setStepping(false)
	if err != nil && isInterrupt(err) && r.ended() != nil {
		err = r.ended()
	}
	if errors.Is(err, io.EOF) {
		err = cmp.Or(c.kept(r.s), err)
	}
	r.failed = err
	return err
}

// Close ends reading. What writes, and was not read to its end, is done nevertheless.
func (r *rows) Close() error {
	r.unwatch()
	s, c := r.s, r.s.c
	if c.closed {
		return nil
	}
	err := r.rawRows.Close()
	s.busy = false
	if !s.reads {
		c.writing--
	}
	c.left(join(r.failed, err))
	if r.owner != nil {
		err = join(err, c.give(s))
	}
	return err
}

// ColumnTypeScanType is what the values of a column are.
func (r *rows) ColumnTypeScanType(index int) reflect.Type {
	t := r.rawRows.ColumnTypeScanType(index)
	if t == nil { // there is no row, or no value in it
		return reflect.TypeFor[any]()
	}
	if t.Kind() == reflect.String && slices.Contains(timeTypes, r.ColumnTypeDatabaseTypeName(index)) {
		return reflect.TypeFor[time.Time]()
	}
	return t
}

// timeTypes are the declared types whose text the driver reads as times.
var timeTypes = []string{"DATE", "DATETIME", "TIMESTAMP"}

func (c *conn) setStepping(on bool) {
	c.step.Lock()
	c.stepping = on
	c.step.Unlock()
}

// watch interrupts the reading of rows, from the end of ctx until what it returns is
// called. SQLite forgets an interrupt that comes before it has begun, so there is
// one after the other.
func (c *conn) watch(ctx context.Context) (unwatch func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	closing, gone := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(gone)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			c.step.Lock()
			if c.stepping {
				c.at.interrupt()
			}
			c.step.Unlock()
			select {
			case <-tick.C:
			case <-closing:
				return
			}
		}
	})
	return func() {
		if !stop() {
			close(closing)
			<-gone
		}
	}
}
