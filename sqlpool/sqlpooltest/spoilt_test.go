package sqlpooltest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A spoilt is a connector that is wrong in one way.
type spoilt struct {
	driver.Connector
	engine  *watchedEngine
	connect func(ctx context.Context) (driver.Conn, error)
	change  func(c *spoiltConn)
}

func (s *spoilt) Connect(ctx context.Context) (driver.Conn, error) {
	connect := s.Connector.Connect
	if s.connect != nil {
		connect = s.connect
	}
	inner, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &spoiltConn{wholeConn: inner.(wholeConn)}
	if s.change != nil {
		s.change(c)
	}
	return c, nil
}

// A spoiltConn is a connection that is wrong in one way.
type spoiltConn struct {
	wholeConn
	reset    func(ctx context.Context) error
	valid    func() bool
	exec     func(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error)
	query    func(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error)
	begin    func(ctx context.Context, o driver.TxOptions) (driver.Tx, error)
	prepare  func(ctx context.Context, query string) (driver.Stmt, error)
	argument func(v *driver.NamedValue) error
}

func (c *spoiltConn) ResetSession(ctx context.Context) error {
	if c.reset != nil {
		return c.reset(ctx)
	}
	return c.wholeConn.ResetSession(ctx)
}

func (c *spoiltConn) IsValid() bool {
	if c.valid != nil {
		return c.valid()
	}
	return c.wholeConn.IsValid()
}

func (c *spoiltConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.exec != nil {
		return c.exec(ctx, query, args)
	}
	return c.wholeConn.ExecContext(ctx, query, args)
}

func (c *spoiltConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.query != nil {
		return c.query(ctx, query, args)
	}
	return c.wholeConn.QueryContext(ctx, query, args)
}

func (c *spoiltConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.begin != nil {
		return c.begin(ctx, o)
	}
	return c.wholeConn.BeginTx(ctx, o)
}

func (c *spoiltConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.prepare != nil {
		return c.prepare(ctx, query)
	}
	return c.wholeConn.PrepareContext(ctx, query)
}

func (c *spoiltConn) CheckNamedValue(v *driver.NamedValue) error {
	if c.argument != nil {
		return c.argument(v)
	}
	return c.wholeConn.(driver.NamedValueChecker).CheckNamedValue(v)
}

// Unwrap returns what is spoilt.
func (c *spoiltConn) Unwrap() driver.Conn { return c.wholeConn }

// A spoiltTx is a transaction that is wrong in one way.
type spoiltTx struct {
	driver.Tx
	commit, rollback func() error
}

func (x spoiltTx) Commit() error {
	if x.commit != nil {
		return x.commit()
	}
	return x.Tx.Commit()
}

func (x spoiltTx) Rollback() error {
	if x.rollback != nil {
		return x.rollback()
	}
	return x.Tx.Rollback()
}

// A way is one of spoiling a pool, and the rule that is about it: another might
// see it by chance.
type way struct {
	name   string // a pool that ...
	rule   string
	spoil  func(s *spoilt)
	engine func(sqlpool.Engine) sqlpool.Engine
}

// ofConns spoils each connection.
func ofConns(change func(c *spoiltConn)) func(*spoilt) {
	return func(s *spoilt) { s.change = change }
}

var ways = []way{
	{name: "lends what is of an old generation", rule: "a connection to a server that became read-only is not lent again",
		spoil: ofConns(func(c *spoiltConn) {
			c.valid = func() bool { c.wholeConn.IsValid(); return true }
			c.reset = func(ctx context.Context) error { _ = c.wholeConn.ResetSession(ctx); return nil }
		})},
	{name: "loses a wake-up", rule: "who waits is served",
		spoil: ofConns(func(c *spoiltConn) { c.valid = func() bool { c.wholeConn.IsValid(); return true } })},
	{name: "loses a wake-up now and then", rule: "who waits is served",
		spoil: func(s *spoilt) {
			var n atomic.Int64 // of all connections
			s.change = func(c *spoiltConn) { c.valid = func() bool { return c.wholeConn.IsValid() || n.Add(1)%7 == 0 } }
		}},
	{name: "lends a session as its holder left it", rule: "the next holder does not meet an open transaction",
		spoil: ofConns(parkAll)},
	{name: "keeps settings", rule: "the next holder does not meet a setting", spoil: ofConns(parkAll)},
	{name: "keeps temporary tables", rule: "the next holder does not meet a temporary table", spoil: ofConns(parkAll)},
	{name: "makes nothing as new", rule: "the next holder does not meet an attached database",
		engine: func(e sqlpool.Engine) sqlpool.Engine { return neverNew{e} }},
	{name: "does not reset always", rule: "the session is made as new always, if the source says so", spoil: ofConns(parkAll)},
	{name: "runs OnConnect nowhere", rule: "OnConnect runs in each session first",
		spoil: ofConns(func(c *spoiltConn) {
			_, _ = c.wholeConn.ExecContext(context.Background(), "DROP TABLE IF EXISTS ready", nil)
		})},
	{name: "drops what comes when its caller has left", rule: "who gives up waiting leaves nothing",
		spoil: func(s *spoilt) {
			s.connect = func(ctx context.Context) (driver.Conn, error) {
				c, err := s.Connector.Connect(ctx)
				pause(time.Millisecond)
				if err == nil && ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return c, err
			}
		}},
	{name: "lends one connection to two", rule: "a connection is one caller's alone", spoil: lendTwice},
	{name: "makes connections by itself", rule: "never more than MaxOpen",
		spoil: func(s *spoilt) {
			s.connect = func(ctx context.Context) (driver.Conn, error) { return s.engine.Connect(ctx) }
		}},
	{name: "makes a connection for each call", rule: "connections are used again",
		spoil: func(s *spoilt) {
			s.connect = func(ctx context.Context) (driver.Conn, error) { return s.engine.Connect(ctx) }
		}},
	{name: "serves the last first", rule: "first come, first served", spoil: lastFirst},
	{name: "waits for ever", rule: "who waits in vain is told by whom, without values",
		spoil: func(s *spoilt) {
			s.connect = func(ctx context.Context) (driver.Conn, error) {
				c, err := s.Connector.Connect(ctx)
				if err != nil {
					pause(3 * time.Second)
				}
				return c, err
			}
		}},
	{name: "tells nobody's name", rule: "holders are named by their labels", spoil: nameless},
	{name: "does not name leaks", rule: "a transaction left open is found and named", spoil: nameless},
	{name: "does not name who reads for ever", rule: "rows that nobody closes are found and named", spoil: nameless},
	{name: "does not name who holds when it closes", rule: "Close names those who do not end", spoil: nameless},
	{name: "commits whatever comes", rule: "a commit that fails is an error",
		spoil: ofTxs(func(x *spoiltTx) { x.commit = func() error { _ = x.Tx.Commit(); return nil } })},
	{name: "forgets to commit", rule: "what a transaction writes is there, once",
		spoil: ofTxs(func(x *spoiltTx) { x.commit = x.Tx.Rollback })},
	{name: "commits what failed", rule: "an error rolls back and is passed on",
		spoil: ofTxs(func(x *spoiltTx) { x.rollback = x.Tx.Commit })},
	{name: "commits when it panics", rule: "a panic rolls back and passes on",
		spoil: ofTxs(func(x *spoiltTx) { x.rollback = x.Tx.Commit })},
	{name: "commits what was cancelled", rule: "a cancelled transaction is rolled back", spoil: deaf},
	{name: "does not hear that a query is given up", rule: "a cancelled query ends and leaves nothing", spoil: deaf},
	{name: "lets a read-only transaction write", rule: "isolation and read-only reach the server",
		spoil: ofConns(func(c *spoiltConn) {
			c.begin = func(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
				return c.wholeConn.BeginTx(ctx, driver.TxOptions{})
			}
		})},
	{name: "has transactions that are none", rule: "writers beside each other lose nothing",
		spoil: ofConns(func(c *spoiltConn) {
			c.begin = func(context.Context, driver.TxOptions) (driver.Tx, error) { return noTx{}, nil }
		})},
	{name: "tells no kinds", rule: "a violation has its kind",
		engine: func(e sqlpool.Engine) sqlpool.Engine { return kindless{e} }},
	{name: "wraps the driver's errors", rule: "a transaction that is not InTx keeps its own errors",
		spoil: ofConns(func(c *spoiltConn) {
			c.exec = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
				result, err := c.wholeConn.ExecContext(ctx, query, args)
				if err != nil && !errors.Is(err, driver.ErrSkip) {
					err = errors.Join(err)
				}
				return result, err
			}
		})},
	{name: "forgets keys", rule: "a key is applied once, however often and by how many at once", spoil: skipping("INSERT INTO redfire_keys", 1)},
	{name: "deletes no old keys", rule: "keys older than a week are deleted", spoil: skipping("DELETE FROM redfire_keys", 0)},
	{name: "keeps a key whose transaction failed", rule: "a key whose transaction failed may come again",
		spoil: ofTxs(func(x *spoiltTx) { x.rollback = x.Tx.Commit })},
	{name: "folds keys", rule: "keys differ by each character",
		spoil: ofConns(func(c *spoiltConn) {
			c.argument = func(v *driver.NamedValue) error {
				if s, ok := v.Value.(string); ok {
					v.Value = strings.ToLower(s)
				}
				return nil
			}
		})},
	{name: "turns arguments into text", rule: "arguments are taken as database/sql untouched takes them",
		spoil: ofConns(func(c *spoiltConn) {
			c.argument = func(v *driver.NamedValue) error { v.Value = "text"; return nil }
		})},
	{name: "turns values into text", rule: "values and types are those of database/sql untouched",
		spoil: ofConns(func(c *spoiltConn) {
			c.query = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
				rows, err := c.wholeConn.QueryContext(ctx, query, args)
				if err != nil {
					return nil, err
				}
				return struct{ driver.Rows }{rows}, nil // it hides the types
			}
		})},
	{name: "runs prepared statements twice", rule: "prepared statements work over many connections",
		spoil: ofConns(func(c *spoiltConn) {
			c.prepare = func(ctx context.Context, query string) (driver.Stmt, error) {
				s, err := c.wholeConn.PrepareContext(ctx, query)
				return twice{s}, err
			}
		})},
	{name: "fails a call when a lifetime ends", rule: "lifetimes end, and no call fails for it",
		spoil: ofConns(func(c *spoiltConn) {
			old := false
			c.reset = func(ctx context.Context) error { old = c.wholeConn.ResetSession(ctx) != nil; return nil }
			c.query = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
				if old {
					return nil, errors.New("the connection is too old")
				}
				return c.wholeConn.QueryContext(ctx, query, args)
			}
			c.begin = func(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
				if old {
					return nil, errors.New("the connection is too old")
				}
				return c.wholeConn.BeginTx(ctx, o)
			}
		})},
	{name: "counts what nobody asked for", rule: "figures add up",
		spoil: func(s *spoilt) {
			s.connect = func(ctx context.Context) (driver.Conn, error) {
				if c, err := s.Connector.Connect(ctx); err == nil {
					_ = c.Close()
				}
				return s.Connector.Connect(ctx)
			}
		}},
	{name: "runs statements twice", rule: "statements are counted by their form",
		spoil: ofConns(func(c *spoiltConn) {
			c.exec = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
				_, _ = c.wholeConn.ExecContext(ctx, "SELECT 'x', 'y'", nil)
				return c.wholeConn.ExecContext(ctx, query, args)
			}
		})},
	{name: "resets what needs none", rule: "a plain statement costs no reset",
		spoil: ofConns(func(c *spoiltConn) {
			_, _ = c.wholeConn.ExecContext(context.Background(), "PRAGMA foreign_keys = ON", nil)
		})},
	{name: "gives something else as the driver's connection", rule: "Raw gives the driver's connection",
		spoil: func(s *spoilt) {
			s.connect = func(ctx context.Context) (driver.Conn, error) { return s.engine.Connect(ctx) }
		}},
	{name: "says that a closed pool is something else", rule: "after Close everything is closed",
		engine: func(e sqlpool.Engine) sqlpool.Engine { return unclosable{e} }},
	{name: "keeps connections of those who left", rule: "leaving at any moment leaks nothing",
		spoil: func(s *spoilt) {
			s.connect = func(ctx context.Context) (driver.Conn, error) {
				c, err := s.Connector.Connect(ctx)
				if err == nil && ctx.Done() != nil {
					pause(time.Millisecond)
				}
				if err == nil && ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return c, err
			}
		}},
}

// parkAll has the DB keep each connection as it is.
func parkAll(c *spoiltConn) {
	c.valid = func() bool { c.wholeConn.IsValid(); return true }
	c.reset = func(context.Context) error { return nil }
}

// nameless takes the labels from callers.
func nameless(s *spoilt) {
	s.connect = func(ctx context.Context) (driver.Conn, error) {
		return s.Connector.Connect(sqlpool.WithLabel(ctx, "somebody"))
	}
}

// deaf does not hear that a context ended, for a while.
func deaf(s *spoilt) {
	later := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	}
	s.change = func(c *spoiltConn) {
		c.exec = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
			ctx, cancel := later(ctx)
			defer cancel()
			return c.wholeConn.ExecContext(ctx, query, args)
		}
		c.query = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
			ctx, cancel := later(ctx)
			context.AfterFunc(ctx, cancel)
			return c.wholeConn.QueryContext(ctx, query, args)
		}
		c.begin = func(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
			x, err := c.wholeConn.BeginTx(context.WithoutCancel(ctx), o)
			if err != nil {
				return nil, err
			}
			return spoiltTx{Tx: x, rollback: func() error {
				_, _ = c.wholeConn.ExecContext(context.WithoutCancel(ctx), "COMMIT", nil)
				return x.Rollback()
			}}, nil
		}
	}
}

// ofTxs spoils each transaction.
func ofTxs(change func(x *spoiltTx)) func(*spoilt) {
	return ofConns(func(c *spoiltConn) {
		c.begin = func(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
			inner, err := c.wholeConn.BeginTx(ctx, o)
			if err != nil {
				return nil, err
			}
			x := &spoiltTx{Tx: inner}
			change(x)
			return x, nil
		}
	})
}

type noTx struct{}

func (noTx) Commit() error   { return nil }
func (noTx) Rollback() error { return nil }

// lendTwice gives each connection to a second caller too, who may use it when
// the first does not at this moment.
func lendTwice(s *spoilt) {
	var mu sync.Mutex
	var last driver.Conn
	n := 0
	s.connect = func(ctx context.Context) (driver.Conn, error) {
		mu.Lock()
		n++
		if again := last; n%2 == 0 && again != nil {
			last = nil
			mu.Unlock()
			return again, nil
		}
		mu.Unlock()
		c, err := s.Connector.Connect(ctx)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			last = c
		}
		return c, err
	}
	s.change = func(c *spoiltConn) {
		c.exec = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
			mu.Lock()
			defer mu.Unlock()
			return c.wholeConn.ExecContext(ctx, query, args)
		}
		c.valid = func() bool { mu.Lock(); defer mu.Unlock(); return c.wholeConn.IsValid() }
		c.reset = func(ctx context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			return c.wholeConn.ResetSession(ctx)
		}
	}
}

// lastFirst serves who came last.
func lastFirst(s *spoilt) {
	type served struct {
		conn driver.Conn
		err  error
	}
	var mu sync.Mutex
	var queue []chan served
	s.connect = func(ctx context.Context) (driver.Conn, error) {
		mine := make(chan served, 1)
		mu.Lock()
		queue = append(queue, mine)
		mu.Unlock()
		go func() {
			c, err := s.Connector.Connect(ctx)
			mu.Lock()
			defer mu.Unlock()
			queue[len(queue)-1] <- served{c, err}
			queue = queue[:len(queue)-1]
		}()
		got := <-mine
		return got.conn, got.err
	}
}

// skipping says of statements that begin so that they changed so many rows, and
// does not run them.
func skipping(prefix string, changed driver.RowsAffected) func(*spoilt) {
	return ofConns(func(c *spoiltConn) {
		c.exec = func(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
			if strings.HasPrefix(query, prefix) {
				return changed, nil
			}
			return c.wholeConn.ExecContext(ctx, query, args)
		}
	})
}

type neverNew struct{ sqlpool.Engine }

func (neverNew) Reset(context.Context, driver.Conn) error { return nil }

type kindless struct{ sqlpool.Engine }

func (kindless) Classify(error) sqlpool.Class { return sqlpool.Other }

type unclosable struct{ sqlpool.Engine }

func (unclosable) Close() error { return errors.New("not today") }

// twice runs what it is given twice.
type twice struct{ driver.Stmt }

func (s twice) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	exec := s.Stmt.(driver.StmtExecContext)
	if _, err := exec.ExecContext(ctx, args); err != nil {
		return nil, err
	}
	return exec.ExecContext(ctx, args)
}

func (s twice) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

// spoiltBy is a harness of pools that are spoilt.
func spoiltBy(w way) Harness {
	h := onSQLite()
	if w.spoil != nil {
		h.spoil = func(e *watchedEngine, c driver.Connector) driver.Connector {
			s := &spoilt{Connector: c, engine: e}
			w.spoil(s)
			return s
		}
	}
	if w.engine != nil {
		open := h.Open
		h.Open = func(source sqlpool.Source) (sqlpool.Engine, error) {
			e, err := open(source)
			return w.engine(e), err
		}
	}
	return h
}

// TestSuiteCatchesSpoiltPools breaks a pool in one way after another. The rule
// that is about it must see it.
func TestSuiteCatchesSpoiltPools(t *testing.T) {
	// The race detector finds nothing in them but what was spoilt.
	for _, w := range fewer.Some(ways) {
		t.Run(w.name, func(t *testing.T) {
			h := spoiltBy(w)
			r := ruleOf(t, w.rule)
			// What goes wrong now and then does not in each run.
			for range 20 {
				if found := failing(t.Context(), func(t2 tb) { h.check(t2, h.Source(t), r) }); len(found) > 0 {
					t.Logf("caught by %q: %.150s", w.rule, found[0])
					return
				}
			}
			t.Errorf("MISSED by %q: a pool that %s", w.rule, w.name)
		})
	}
}

// TestSuitePassesWhatIsNotSpoilt has something stand between the pool and its DB,
// as tracing does.
func TestSuitePassesWhatIsNotSpoilt(t *testing.T) {
	h := onSQLite()
	h.OpenDB = func(c driver.Connector) *sql.DB { return sql.OpenDB(&spoilt{Connector: c}) }
	Run(t, h)
}
