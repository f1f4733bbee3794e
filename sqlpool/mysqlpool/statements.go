package mysqlpool

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"reflect"
	"regexp"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/fault"
)

const (
	// keptStatements is how many statements a connection keeps. A server allows
	// 16,382 in all, by default.
	keptStatements = 128

	// longestKept is how long the text of a kept statement may be, in bytes. What
	// is longer was made for the occasion, such as an INSERT of many rows.
	longestKept = 16 << 10
)

// Numbers of errors that tell about prepared statements.
const (
	unknownStatement  = 1243
	tooManyStatements = 1461
	statementIsStale  = 1615
)

// A prepared is a statement at the server. Whoever runs the same text shares it:
// a connection does one thing at a time, and nothing of a run is left in the
// statement.
type prepared struct {
	text   string
	stmt   statementContext
	users  int  // how many of [statement] there are
	kept   bool // it is in the cache
	failed bool // the server knows it no more
}

// A statementContext is what the driver's statements are.
type statementContext interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// A cache holds the statements of a connection that were used last.
type cache struct {
	byText map[string]*list.Element // of *prepared
	order  *list.List               // the last used first
}

func newCache() *cache { return &cache{byText: map[string]*list.Element{}, order: list.New()} }

// find returns the statement of a text, or nil.
func (k *cache) find(text string) *prepared {
	e, found := k.byText[text]
	if !found {
		return nil
	}
	k.order.MoveToFront(e)
	return e.Value.(*prepared)
}

// add keeps p and returns the one that is kept no more for it, or nil.
func (k *cache) add(p *prepared) (evicted *prepared) {
	if k.order.Len() >= keptStatements {
		evicted = k.order.Back().Value.(*prepared)
		k.remove(evicted)
	}
	p.kept = true
	k.byText[p.text] = k.order.PushFront(p)
	return evicted
}

// remove keeps p no more.
func (k *cache) remove(p *prepared) {
	if e, found := k.byText[p.text]; found && e.Value == p {
		k.order.Remove(e)
		delete(k.byText, p.text)
	}
	p.kept = false
}

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 || c.unprepared {
		return c.inner.QueryContext(ctx, query, args)
	}
	if len(query) > longestKept {
		return nil, driver.ErrSkip // database/sql prepares and closes it
	}
	p, err := c.prepared(ctx, query)
	if err != nil {
		return nil, c.withoutPreparing(err)
	}
	return c.query(ctx, p, args)
}

// query runs p for its rows.
func (c *conn) query(ctx context.Context, p *prepared, args []driver.NamedValue) (driver.Rows, error) {
	return runPrepared(ctx, c, p, func(s statementContext) (driver.Rows, error) {
		return s.QueryContext(ctx, args)
	})
}

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 || c.unprepared {
		return c.inner.ExecContext(ctx, query, args)
	}
	if len(query) > longestKept {
		return nil, driver.ErrSkip // database/sql prepares and closes it
	}
	p, err := c.prepared(ctx, query)
	if err != nil {
		return nil, c.withoutPreparing(err)
	}
	return c.execute(ctx, p, args)
}

// execute runs p, whose rows are not wanted. When a MariaDB does not repeat what
// the columns are, the driver, which is to skip that, skips rows instead, and then
// waits for ever. So what gives rows is run as a query.
func (c *conn) execute(ctx context.Context, p *prepared, args []driver.NamedValue) (driver.Result, error) {
	return runPrepared(ctx, c, p, func(s statementContext) (driver.Result, error) {
		if !givesRows(s) {
			return s.ExecContext(ctx, args)
		}
		rows, err := s.QueryContext(ctx, args)
		if err != nil {
			return nil, err
		}
		return nothingChanged{}, rows.Close()
	})
}

// givesRows reports whether the driver knows columns of s. A test fails if it does
// not keep them like that any more.
func givesRows(s statementContext) bool {
	columns := reflect.Indirect(reflect.ValueOf(s)).FieldByName("columns")
	return columns.IsValid() && columns.Len() > 0
}

// nothingChanged is what the driver says of a statement that gives rows.
type nothingChanged struct{}

func (nothingChanged) LastInsertId() (int64, error) { return 0, nil }
func (nothingChanged) RowsAffected() (int64, error) { return 0, nil }

// PrepareContext implements [driver.ConnPrepareContext]. Closing the statement
// leaves it at the server, for the next time.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.unprepared {
		return &text{c: c, text: query}, nil
	}
	p, err := c.prepared(ctx, query)
	if err != nil {
		if c.giveUpPreparing(err) {
			return &text{c: c, text: query}, nil
		}
		return nil, err
	}
	p.users++
	return &statement{c: c, p: p}, nil
}

// withoutPreparing returns [driver.ErrSkip], with which database/sql calls
// PrepareContext, if the connection now does without prepared statements. Else it
// returns err.
func (c *conn) withoutPreparing(err error) error {
	if c.giveUpPreparing(err) {
		return driver.ErrSkip
	}
	return err
}

// mayHaveActed finds statements that run others, one of which may be what the
// server has lost.
var mayHaveActed = regexp.MustCompile(`(?is)^(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*(?:call|do|execute|begin)\b|/\*[!M]`)

// runPrepared carries out do with p, which is prepared again, once, if the server
// has lost it. What it has lost it has not run.
func runPrepared[T any](ctx context.Context, c *conn, p *prepared, do func(statementContext) (T, error)) (T, error) {
	var none T
	if p.failed {
		if err := c.renew(ctx, p); err != nil {
			return none, err
		}
	}
	got, err := do(p.stmt)
	if !isLost(err) {
		return got, err
	}
	c.drop(p)
	if mayHaveActed.MatchString(p.text) {
		return got, err
	}
	if err := c.renew(ctx, p); err != nil {
		return none, err
	}
	if got, err = do(p.stmt); isLost(err) {
		c.drop(p)
	}
	return got, err
}

// isLost reports whether err tells that the server does not know a statement, or
// not well enough to run it.
func isLost(err error) bool {
	var refusal *mysql.MySQLError
	return errors.As(err, &refusal) && (refusal.Number == unknownStatement || refusal.Number == statementIsStale)
}

// prepared returns the statement of a text, from the cache if it is there.
func (c *conn) prepared(ctx context.Context, query string) (*prepared, error) {
	if p := c.statements.find(query); p != nil {
		return p, nil
	}
	stmt, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	p := &prepared{text: query, stmt: stmt}
	if len(query) <= longestKept {
		c.release(c.statements.add(p))
	}
	return p, nil
}

// prepare has the server prepare a text. If it has too many, those that nobody
// uses go.
func (c *conn) prepare(ctx context.Context, query string) (statementContext, error) {
	c.closeUnused()
	stmt, err := c.inner.PrepareContext(ctx, query)
	var refusal *mysql.MySQLError
	if errors.As(err, &refusal) && refusal.Number == tooManyStatements {
		for e := c.statements.order.Back(); e != nil; e = c.statements.order.Back() {
			p := e.Value.(*prepared)
			c.statements.remove(p)
			c.release(p)
		}
		c.closeUnused()
		stmt, err = c.inner.PrepareContext(ctx, query)
	}
	if err != nil {
		return nil, harmless(err)
	}
	return stmt.(statementContext), nil //nolint:forcetypeassert // the driver's have both
}

// giveUpPreparing reports whether err tells that the server takes no more
// statements, and that the connection now does without.
func (c *conn) giveUpPreparing(err error) bool {
	var refusal *mysql.MySQLError
	if !errors.As(err, &refusal) || refusal.Number != tooManyStatements || c.interpolate == nil {
		return false
	}
	c.interpolate()
	c.unprepared = true
	return true
}

// drop forgets p at the server, but leaves it to those who use it.
func (c *conn) drop(p *prepared) {
	c.statements.remove(p)
	c.unclosed = append(c.unclosed, p.stmt)
	p.failed = true
}

// renew prepares p again, and keeps it if it is the only one of its text.
func (c *conn) renew(ctx context.Context, p *prepared) error {
	stmt, err := c.prepare(ctx, p.text)
	if err != nil {
		return err
	}
	p.stmt, p.failed = stmt, false
	if len(p.text) <= longestKept && c.statements.byText[p.text] == nil {
		c.release(c.statements.add(p))
	}
	return nil
}

// release has p closed if nobody uses it, nor will.
func (c *conn) release(p *prepared) {
	if p != nil && !p.kept && p.users == 0 && !p.failed {
		c.unclosed = append(c.unclosed, p.stmt)
		p.failed = true
	}
}

// closeUnused closes what is to be closed, before the next statement is prepared:
// while rows are being read nothing can be.
func (c *conn) closeUnused() {
	if len(c.unclosed) == 0 || !c.inner.IsValid() {
		return
	}
	for _, stmt := range c.unclosed {
		// The server does not answer. If writing fails, so does what comes next.
		_ = stmt.Close()
	}
	c.unclosed = c.unclosed[:0]
}

// A statement is one that somebody asked to be prepared.
type statement struct {
	c      *conn
	p      *prepared
	closed bool
}

// Close implements [driver.Stmt].
func (s *statement) Close() error {
	if !s.closed {
		s.closed = true
		s.p.users--
		s.c.release(s.p)
	}
	return nil
}

// NumInput implements [driver.Stmt].
func (s *statement) NumInput() int { return s.p.stmt.NumInput() }

// CheckNamedValue implements [driver.NamedValueChecker].
func (s *statement) CheckNamedValue(v *driver.NamedValue) error { return s.c.CheckNamedValue(v) }

// ExecContext implements [driver.StmtExecContext].
func (s *statement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.c.execute(ctx, s.p, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (s *statement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.query(ctx, s.p, args)
}

// Exec implements [driver.Stmt].
func (s *statement) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), named(args))
}

// Query implements [driver.Stmt].
func (s *statement) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), named(args))
}

// A text is a statement that is not prepared: its parameters are written into it.
type text struct {
	c    *conn
	text string
}

// Close implements [driver.Stmt].
func (t *text) Close() error { return nil }

// NumInput implements [driver.Stmt]: it is not known.
func (t *text) NumInput() int { return -1 }

// CheckNamedValue implements [driver.NamedValueChecker].
func (t *text) CheckNamedValue(v *driver.NamedValue) error { return t.c.CheckNamedValue(v) }

// ExecContext implements [driver.StmtExecContext].
func (t *text) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	result, err := t.c.inner.ExecContext(ctx, t.text, args)
	return result, unfit(err, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (t *text) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := t.c.inner.QueryContext(ctx, t.text, args)
	return rows, unfit(err, args)
}

// Exec implements [driver.Stmt].
func (t *text) Exec(args []driver.Value) (driver.Result, error) {
	return t.ExecContext(context.Background(), named(args))
}

// Query implements [driver.Stmt].
func (t *text) Query(args []driver.Value) (driver.Rows, error) {
	return t.QueryContext(context.Background(), named(args))
}

// unfit turns what the driver says of parameters that it cannot write into a text
// into an error for the caller.
func unfit(err error, args []driver.NamedValue) error {
	if errors.Is(err, driver.ErrSkip) {
		return fault.SQLSyntax.Errorf("the statement has another number of placeholders than %d, or is too long", len(args))
	}
	return err
}

// named is args with their positions.
func named(args []driver.Value) []driver.NamedValue {
	all := make([]driver.NamedValue, len(args))
	for i, value := range args {
		all[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return all
}
