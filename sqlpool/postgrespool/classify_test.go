package postgrespool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A scene is where errors are provoked.
type scene struct {
	*servers.Server
	source sqlpool.Source
	root   *sql.DB // that of source
}

// A provocation is a way to an error of a class.
type provocation struct {
	class sqlpool.Class
	name  string
	do    func(t *testing.T, s scene) error
}

// statementFails provokes by a single statement.
func statementFails(query string, args ...any) func(*testing.T, scene) error {
	return func(t *testing.T, s scene) error {
		_, err := s.root.ExecContext(t.Context(), query, args...)
		return err
	}
}

// constructed is for what takes more than a test to provoke.
func constructed(code, message string) func(*testing.T, scene) error {
	return func(*testing.T, scene) error { return &pgconn.PgError{Severity: "ERROR", Code: code, Message: message} }
}

var provocations = []provocation{
	{sqlpool.Other, "no error", func(*testing.T, scene) error { return nil }},
	{sqlpool.Other, "an error of others", func(*testing.T, scene) error { return errors.New("of others") }},
	{sqlpool.Other, "what a program raises", statementFails("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$")},
	{sqlpool.Other, "a table that exists", statementFails("CREATE TABLE parent (id INT)")},
	{sqlpool.Other, "an argument that cannot be sent", statementFails("INSERT INTO parent (id) VALUES ($1)", struct{}{})},
	{sqlpool.Other, "a context that ended before", canceled},
	{sqlpool.Other, "a context that ended amid a statement", givenUp},
	{sqlpool.Other, "a context that ended amid connecting", canceledConnecting},
	{sqlpool.Other, "a statement of OnConnect that fails", onConnect("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$")},
	{sqlpool.Other, "a code of others", constructed("", "of a proxy")},
	{sqlpool.Other, "an error of input and output", constructed("58030", "could not read block 7: Input/output error")},

	{sqlpool.UniqueViolation, "a primary key", statementFails("INSERT INTO parent (id) VALUES (1)")},
	{sqlpool.UniqueViolation, "a unique index", statementFails("INSERT INTO parent (id, name) VALUES ($1, 'one')", 77)},
	{sqlpool.ForeignKeyViolation, "no parent", statementFails("INSERT INTO child (parent) VALUES (99)")},
	{sqlpool.ForeignKeyViolation, "a child", statementFails("DELETE FROM parent WHERE id = 1")},
	{sqlpool.ForeignKeyViolation, "restricted", statementFails("UPDATE parent SET id = 100 WHERE id = 1")},
	{sqlpool.ConstraintViolation, "null", statementFails("INSERT INTO parent (id) VALUES (NULL)")},
	{sqlpool.ConstraintViolation, "too long", statementFails("INSERT INTO parent (id, name) VALUES (5, $1)", strings.Repeat("x", 21))},
	{sqlpool.ConstraintViolation, "out of range", statementFails("INSERT INTO parent (id) VALUES (1::bigint << 40)")},
	{sqlpool.ConstraintViolation, "a check", statementFails("INSERT INTO parent (id, size) VALUES (6, -1)")},
	{sqlpool.ConstraintViolation, "no date", statementFails("INSERT INTO parent (id, born) VALUES (7, '2026-02-31')")},
	{sqlpool.ConstraintViolation, "no number", statementFails("INSERT INTO parent (id) VALUES ('seven')")},
	{sqlpool.ConstraintViolation, "an exclusion", statementFails("INSERT INTO room (at) VALUES ('[1,3]'), ('[2,4]')")},

	{sqlpool.Deadlock, "two transactions", deadlock},
	{sqlpool.SerializationFailure, "repeatable read", snapshot},
	{sqlpool.SerializationFailure, "a table that changed amid a transaction", voidPlan},

	{sqlpool.Syntax, "a word", statementFails("SELEC 1")},
	{sqlpool.Syntax, "a prepared statement", statementFails("SELECT FROM WHERE $1", 1)},
	{sqlpool.Syntax, "columns and values", statementFails("INSERT INTO parent (id) VALUES (1, 2)")},
	{sqlpool.NoObject, "a table", statementFails("DELETE FROM nowhere")},
	{sqlpool.NoObject, "a column", statementFails("UPDATE parent SET nothing = 1")},
	{sqlpool.NoObject, "a function", statementFails("SELECT no_such_function(1)")},
	{sqlpool.NoObject, "a setting", statementFails("SET no_such_setting = 1")},
	{sqlpool.NoObject, "a schema", statementFails("CREATE TABLE nowhere.x (id INT)")},
	{sqlpool.NoObject, "a parameter of the address", func(t *testing.T, s scene) error {
		s.source.URL += "&no_such_setting=1"
		return connectFails(t, s.source)
	}},

	{sqlpool.AccessDenied, "the password", func(t *testing.T, s scene) error {
		s.source.Password = given("wrong")
		return connectFails(t, s.source)
	}},
	{sqlpool.AccessDenied, "no password", func(t *testing.T, s scene) error {
		s.source.Password = func(context.Context) (string, error) { return "", errors.New("the file is gone") }
		return connectFails(t, s.source)
	}},
	{sqlpool.AccessDenied, "a table", func(t *testing.T, s scene) error {
		_, err := open(t, s.as(t, "reader", "")).ExecContext(t.Context(), "DELETE FROM child")
		return err
	}},
	{sqlpool.AccessDenied, "a database", func(t *testing.T, s scene) error {
		exec(t, s.root, "REVOKE CONNECT ON DATABASE classes FROM public")
		defer exec(t, s.root, "GRANT CONNECT ON DATABASE classes TO public")
		return connectFails(t, s.as(t, "reader", ""))
	}},
	{sqlpool.NoDatabase, "of the address", func(t *testing.T, s scene) error {
		return connectFails(t, sourceOf(s.Access, "nowhere"))
	}},
	{sqlpool.TooManyConnections, "of an account", func(t *testing.T, s scene) error {
		return untilRefused(t, s.as(t, "lonely", "CONNECTION LIMIT 2"), 3)
	}},
	{sqlpool.TooManyConnections, "of a database", func(t *testing.T, s scene) error {
		exec(t, s.root, "ALTER DATABASE classes CONNECTION LIMIT 1")
		defer exec(t, s.root, "ALTER DATABASE classes CONNECTION LIMIT -1")
		return untilRefused(t, s.as(t, "reader", ""), 2)
	}},
	{sqlpool.TooManyConnections, "of the server", func(t *testing.T, s scene) error {
		return untilRefused(t, s.as(t, "reader", ""), 100)
	}},
	{sqlpool.ReadOnlyServer, "default_transaction_read_only", func(t *testing.T, s scene) error {
		s.source.URL += "&default_transaction_read_only=on"
		_, err := open(t, s.source).ExecContext(t.Context(), "DELETE FROM child WHERE parent = $1", 1)
		return err
	}},
	{sqlpool.ReadOnlyServer, "a read-only transaction", func(t *testing.T, s scene) error {
		tx, err := s.root.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.ExecContext(t.Context(), "DELETE FROM child")
		return errors.Join(err, tx.Rollback())
	}},

	{sqlpool.Unreachable, "a closed port", func(t *testing.T, s scene) error {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		s.source.URL = strings.Replace(s.source.URL, s.Addr, addr, 1)
		return connectFails(t, s.source)
	}},
	{sqlpool.Unreachable, "a black hole", func(t *testing.T, s scene) error {
		p := s.Proxy()
		p.BlackHole(servers.ToClient)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := newEngine(t, s.through(p)).Connect(ctx)
		return err
	}},
	{sqlpool.Unreachable, "cut amid connecting", func(t *testing.T, s scene) error {
		p := s.Proxy()
		p.BlackHole(servers.ToClient)
		failed := make(chan error, 1)
		e := newEngine(t, s.through(p))
		go func() {
			_, err := e.Connect(t.Context())
			failed <- err
		}()
		for {
			p.Reset()
			select {
			case err := <-failed:
				return err
			case <-time.After(time.Millisecond):
			}
		}
	}},
	{sqlpool.Unreachable, "starting up", constructed("57P03", "the database system is starting up")},

	{sqlpool.LostBefore, "idle", lostIdle},
	{sqlpool.LostBefore, "a lost transaction", func(t *testing.T, s scene) error {
		p := s.Proxy()
		tx, err := open(t, s.through(p)).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = lost(t, s, p, func(ctx context.Context) error {
			_, err := tx.ExecContext(ctx, "SELECT pg_sleep(60)")
			return err
		})
		return tx.Commit()
	}},
	{sqlpool.LostBefore, "the server ended what lay idle", idledOut("idle_session_timeout", "SELECT 1")},
	{sqlpool.LostBefore, "the server ended an idle transaction", idledOut("idle_in_transaction_session_timeout", "BEGIN")},
	{sqlpool.LostAfter, "amid a statement", func(t *testing.T, s scene) error {
		p := s.Proxy()
		db := open(t, s.through(p))
		return lost(t, s, p, func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "SELECT pg_sleep(60)")
			return err
		})
	}},
	{sqlpool.LostAfter, "cut amid a prepared statement", func(t *testing.T, s scene) error {
		p := s.Proxy()
		db := open(t, s.through(p))
		return lost(t, s, p, func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "SELECT pg_sleep($1)", 60)
			return err
		})
	}},
	{sqlpool.LostAfter, "killed amid a statement", func(t *testing.T, s scene) error {
		return blocked(t, s, "SELECT pg_terminate_backend($1)")
	}},
	{sqlpool.LostAfter, "a crash of another session", constructed("57P02", "terminating connection because of crash of another server process")},

	{sqlpool.Timeout, "waiting for a lock", func(t *testing.T, s scene) error {
		tx := s.lock(t)
		defer tx.Rollback()
		s.source.URL += "&lock_timeout=50"
		_, err := open(t, s.source).ExecContext(t.Context(), "UPDATE parent SET size = size + 1 WHERE id = 1")
		return err
	}},
	{sqlpool.Timeout, "not waiting for a lock", func(t *testing.T, s scene) error {
		tx := s.lock(t)
		defer tx.Rollback()
		return statementFails("SELECT * FROM parent WHERE id = 1 FOR UPDATE NOWAIT")(t, s)
	}},
	{sqlpool.Timeout, "a statement", func(t *testing.T, s scene) error {
		s.source.URL += "&statement_timeout=50"
		_, err := open(t, s.source).ExecContext(t.Context(), "SELECT pg_sleep(60)")
		return err
	}},
	{sqlpool.Interrupted, "a query killed", func(t *testing.T, s scene) error {
		return blocked(t, s, "SELECT pg_cancel_backend($1)")
	}},

	{sqlpool.DiskFull, "a table", constructed("53100", "could not extend file \"base/5/1\": No space left on device")},
	{sqlpool.DiskFull, "the log", constructed("58030", "could not write to file \"pg_wal/xlogtemp.1\": No space left on device")},
	{sqlpool.Damaged, "a table", constructed("XX001", "invalid page in block 7 of relation base/5/1")},
	{sqlpool.Damaged, "an index", constructed("XX002", "could not find left sibling of block 7 in index \"parent_pkey\"")},
	{sqlpool.NotSupported, "a statement", statementFails("SELECT COUNT(*) FROM parent FOR UPDATE")},
	{sqlpool.NotSupported, "more than one database", statementFails("SELECT * FROM elsewhere.public.parent")},
	{sqlpool.NotSupported, "an isolation level", func(t *testing.T, s scene) error {
		_, err := s.root.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelLinearizable})
		return err
	}},
}

// notOfPostgreSQL are the classes that PostgreSQL has no errors of.
var notOfPostgreSQL = []sqlpool.Class{sqlpool.Locked}

func TestClassify(t *testing.T) {
	server := servers.PostgreSQL(t)
	s := scene{Server: server, source: database(t, server, "classes")}
	s.root = open(t, s.source)
	exec(t, s.root, "CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20) UNIQUE, size INT CHECK (size >= 0), born DATE)")
	exec(t, s.root, "CREATE TABLE child (parent INT NOT NULL REFERENCES parent (id) ON UPDATE RESTRICT)")
	exec(t, s.root, "CREATE TABLE room (at INT4RANGE, EXCLUDE USING gist (at WITH &&))")
	exec(t, s.root, "INSERT INTO parent (id, name, size) VALUES (1, 'one', 1), (2, 'two', 2)")
	exec(t, s.root, "INSERT INTO child (parent) VALUES (1)")
	seen := map[sqlpool.Class]bool{}
	e := newEngine(t, s.source)
	for _, p := range provocations {
		seen[p.class] = true
		t.Run(string(p.class)+"/"+p.name, func(t *testing.T) {
			err := p.do(t, s)
			if got := e.Classify(err); got != p.class {
				t.Errorf("got %q for %T %v", got, err, err)
			}
			if got := e.Classify(fmt.Errorf("wrapped: %w", err)); err != nil && got != p.class {
				t.Errorf("wrapped: got %q", got)
			}
		})
	}
	for class := range maps.Keys(sqlpool.Classes()) {
		if !seen[class] && !slices.Contains(notOfPostgreSQL, class) {
			t.Errorf("no error of class %q is provoked", class)
		}
	}
}

// as returns the source of an account with an option.
func (s scene) as(t *testing.T, user, option string) sqlpool.Source {
	t.Helper()
	if ask[int](t, s.root, "SELECT COUNT(*) FROM pg_roles WHERE rolname = $1", user) == 0 {
		exec(t, s.root, "CREATE ROLE "+user+" LOGIN PASSWORD 'pass' "+option)
	}
	source := s.source
	source.URL = strings.Replace(source.URL, s.User+"@", user+"@", 1)
	source.Password = given("pass")
	return source
}

// through returns the source by way of p.
func (s scene) through(p *servers.Proxy) sqlpool.Source {
	source := s.source
	source.URL = strings.Replace(source.URL, s.Addr, p.Addr, 1)
	return source
}

// lock returns a transaction that holds the first row.
func (s scene) lock(t *testing.T) *sql.Tx {
	t.Helper()
	tx, err := s.root.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, tx, "UPDATE parent SET size = size + 1 WHERE id = 1")
	return tx
}

func connectFails(t *testing.T, source sqlpool.Source) error {
	c, err := newEngine(t, source).Connect(t.Context())
	if err == nil {
		_ = c.Close() // the test fails
	}
	return err
}

func onConnect(statement string) func(*testing.T, scene) error {
	return func(t *testing.T, s scene) error {
		s.source.OnConnect = []string{statement}
		return connectFails(t, s.source)
	}
}

func canceled(t *testing.T, s scene) error {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.root.ExecContext(ctx, "SELECT 1")
	return err
}

func canceledConnecting(t *testing.T, s scene) error {
	p := s.Proxy()
	p.BlackHole(servers.ToClient)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := newEngine(t, s.through(p)).Connect(ctx)
	return err
}

func givenUp(t *testing.T, s scene) error {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.root.ExecContext(ctx, "SELECT pg_sleep(2)")
	return err
}

func untilRefused(t *testing.T, source sqlpool.Source, most int) error {
	e := newEngine(t, source)
	for range most {
		c, err := e.Connect(t.Context())
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }() //nolint:revive // all are open until the last is refused
	}
	return nil
}

func deadlock(t *testing.T, s scene) error {
	a := s.lock(t)
	b, err := s.root.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, b, "UPDATE parent SET size = size + 1 WHERE id = 2")
	failed := make(chan error, 1)
	go func() {
		_, err := b.ExecContext(t.Context(), "UPDATE parent SET size = size + 1 WHERE id = 1")
		failed <- errors.Join(err, b.Rollback())
	}()
	_, err = a.ExecContext(t.Context(), "UPDATE parent SET size = size + 1 WHERE id = 2")
	return errors.Join(err, a.Rollback(), <-failed)
}

// snapshot changes what another transaction has changed since it was first seen.
func snapshot(t *testing.T, s scene) error {
	tx, err := s.root.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	ask[int](t, tx, "SELECT size FROM parent WHERE id = 1")
	exec(t, s.root, "UPDATE parent SET size = size + 1 WHERE id = 1")
	_, err = tx.ExecContext(t.Context(), "UPDATE parent SET size = 7 WHERE id = 1")
	return errors.Join(err, tx.Rollback())
}

// voidPlan runs in a transaction a prepared statement whose columns are others now.
func voidPlan(t *testing.T, s scene) error {
	exec(t, s.root, "CREATE TABLE moving (id INT)")
	defer exec(t, s.root, "DROP TABLE moving")
	db := open(t, s.source)
	db.SetMaxOpenConns(1)
	exec(t, db, "SELECT * FROM moving WHERE id = $1", 1)
	exec(t, s.root, "ALTER TABLE moving ADD more INT")
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.ExecContext(t.Context(), "SELECT * FROM moving WHERE id = $1", 1)
	return errors.Join(err, tx.Rollback())
}

// idledOut lets a connection lie idle for longer than a limit, behind a
// statement.
func idledOut(limit, statement string) func(*testing.T, scene) error {
	return func(t *testing.T, s scene) error {
		s.source.URL += "&" + limit + "=20"
		c := connect(t, newEngine(t, s.source))
		if _, err := c.ExecContext(t.Context(), statement, nil); err != nil {
			t.Fatal(err)
		}
		pid := c.Conn.Conn().PgConn().PID()
		waitFor(t, "the session to end", func() bool {
			return ask[int](t, s.root, "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
		})
		_, err := c.ExecContext(t.Context(), "SELECT 1", nil)
		return err
	}
}

// lostIdle runs a statement on a connection that was reset before.
func lostIdle(t *testing.T, s scene) error {
	p := s.Proxy()
	c := connect(t, newEngine(t, s.through(p)))
	p.Reset()
	waitFor(t, "the reset to arrive", func() bool { return c.ResetSession(t.Context()) != nil })
	_, err := c.ExecContext(t.Context(), "SELECT 1", nil)
	return err
}

// lost resets the connections of p while f runs a statement with pg_sleep.
func lost(t *testing.T, s scene, p *servers.Proxy, f func(context.Context) error) error {
	t.Helper()
	failed := make(chan error, 1)
	go func() { failed <- f(t.Context()) }()
	waitFor(t, "the statement to run", func() bool { return running(t, s.root, "SELECT pg_sleep(") > 0 })
	p.Reset()
	err := <-failed
	exec(t, s.root, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%'")
	waitFor(t, "the session to end", func() bool { return running(t, s.root, "SELECT pg_sleep(") == 0 })
	return err
}

// blocked runs a statement that waits for a lock, and kill meanwhile.
func blocked(t *testing.T, s scene, kill string) error {
	t.Helper()
	tx := s.lock(t)
	defer tx.Rollback()
	c := connect(t, newEngine(t, s.source))
	pid := c.Conn.Conn().PgConn().PID()
	failed := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(t.Context(), "UPDATE parent SET size = size + 2 WHERE id = 1", nil)
		failed <- err
	}()
	waitFor(t, "the statement to run", func() bool { return running(t, s.root, "UPDATE parent SET size = size + 2") > 0 })
	exec(t, s.root, kill, pid)
	return <-failed
}

// running returns how many sessions run a statement that begins so.
func running(t *testing.T, db *sql.DB, beginning string) int {
	t.Helper()
	return ask[int](t, db, "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND starts_with(query, $1)", beginning)
}

// waitFor waits until happened, for ten seconds at most.
func waitFor(t testing.TB, what string, happened func() bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for !happened() {
		select {
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
