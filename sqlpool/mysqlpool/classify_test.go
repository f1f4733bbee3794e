package mysqlpool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A scene is where errors are provoked.
type scene struct {
	*servers.Server
	source sqlpool.Source
	root   *sql.DB // that of source
}

const (
	onlyMariaDB = "mariadb"
	onlyMySQL   = "mysql"
)

// A provocation is a way to an error of a class.
type provocation struct {
	class sqlpool.Class
	name  string
	only  string // the system where there is such a thing; "" for both
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
func constructed(number uint16, message string) func(*testing.T, scene) error {
	return func(*testing.T, scene) error { return &mysql.MySQLError{Number: number, Message: message} }
}

var provocations = []provocation{
	{sqlpool.Other, "no error", "", func(*testing.T, scene) error { return nil }},
	{sqlpool.Other, "an error of others", "", func(*testing.T, scene) error { return errors.New("of others") }},
	{sqlpool.Other, "what a program signals", "", statementFails("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'")},
	{sqlpool.Other, "a context that ended before", "", canceled},
	{sqlpool.Other, "a context that ended amid a statement", "", givenUp},
	{sqlpool.Other, "a context that ended amid connecting", "", canceledConnecting},
	{sqlpool.Other, "a statement of OnConnect that fails", "", onConnect("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'")},
	{sqlpool.Other, "a limit on statements", "", limited},
	{sqlpool.Other, "1290 of another option", "", constructed(1290, "The MySQL server is running with the --secure-file-priv option so it cannot execute this statement")},

	{sqlpool.UniqueViolation, "a primary key", "", statementFails("INSERT INTO parent (id) VALUES (1)")},
	{sqlpool.UniqueViolation, "a unique index", "", statementFails("INSERT INTO parent (id, name) VALUES (?, 'one')", 77)},
	{sqlpool.ForeignKeyViolation, "no parent", "", statementFails("INSERT INTO child (parent) VALUES (99)")},
	{sqlpool.ForeignKeyViolation, "a child", "", statementFails("DELETE FROM parent WHERE id = 1")},
	{sqlpool.ConstraintViolation, "null", "", statementFails("INSERT INTO parent (id) VALUES (NULL)")},
	{sqlpool.ConstraintViolation, "too long", "", statementFails("INSERT INTO parent (id, name) VALUES (5, ?)", strings.Repeat("x", 21))},
	{sqlpool.ConstraintViolation, "out of range", "", statementFails("INSERT INTO parent (id) VALUES (?)", int64(1)<<40)},
	{sqlpool.ConstraintViolation, "a check", "", statementFails("INSERT INTO parent (id, size) VALUES (6, -1)")},
	{sqlpool.ConstraintViolation, "no default", "", statementFails("INSERT INTO child () VALUES ()")},
	{sqlpool.ConstraintViolation, "no date", "", statementFails("INSERT INTO parent (id, born) VALUES (7, '2026-02-31')")},
	{sqlpool.ConstraintViolation, "no number", "", statementFails("INSERT INTO parent (id) VALUES (?)", "seven")},

	{sqlpool.Deadlock, "two transactions", "", deadlock},
	{sqlpool.SerializationFailure, "snapshot isolation", onlyMariaDB, snapshot},
	{sqlpool.SerializationFailure, "group replication", onlyMySQL, constructed(3101, "Plugin instructed the server to rollback the current transaction.")},

	{sqlpool.Syntax, "a word", "", statementFails("SELEC 1")},
	{sqlpool.Syntax, "a prepared statement", "", statementFails("SELECT FROM ?", 1)},
	{sqlpool.Syntax, "columns and values", "", statementFails("INSERT INTO parent (id) VALUES (1, 2)")},
	{sqlpool.NoObject, "a table", "", statementFails("DELETE FROM nowhere")},
	{sqlpool.NoObject, "a column", "", statementFails("UPDATE parent SET nothing = 1")},
	{sqlpool.NoObject, "a function", "", statementFails("DO no_such_function(1)")},
	{sqlpool.NoObject, "a variable", "", statementFails("SET no_such_variable = 1")},
	{sqlpool.NoObject, "a table to drop", "", statementFails("DROP TABLE nowhere")},
	{sqlpool.NoObject, "a parameter of the address", "", func(t *testing.T, s scene) error {
		s.source.URL += "?no_such_variable=1"
		return connectFails(t, s.source)
	}},

	{sqlpool.AccessDenied, "the password", "", func(t *testing.T, s scene) error {
		s.source.Password = given("wrong")
		return connectFails(t, s.source)
	}},
	{sqlpool.AccessDenied, "no password", "", func(t *testing.T, s scene) error {
		s.source.Password = func(context.Context) (string, error) { return "", errors.New("the file is gone") }
		return connectFails(t, s.source)
	}},
	{sqlpool.AccessDenied, "a table", "", func(t *testing.T, s scene) error {
		_, err := open(t, s.as(t, "reader", "GRANT SELECT ON classes.* TO")).ExecContext(t.Context(), "DELETE FROM child")
		return err
	}},
	{sqlpool.AccessDenied, "a privilege", "", func(t *testing.T, s scene) error {
		_, err := open(t, s.as(t, "reader", "GRANT SELECT ON classes.* TO")).ExecContext(t.Context(), "SET GLOBAL max_connections = 100")
		return err
	}},
	{sqlpool.AccessDenied, "a database", "", func(t *testing.T, s scene) error {
		source := s.as(t, "reader", "GRANT SELECT ON classes.* TO")
		source.URL = strings.Replace(source.URL, "/classes", "/mysql", 1)
		return connectFails(t, source)
	}},
	{sqlpool.NoDatabase, "of the address", "", func(t *testing.T, s scene) error {
		return connectFails(t, sourceOf(s.Server, "nowhere"))
	}},
	{sqlpool.NoDatabase, "none chosen", "", func(t *testing.T, s scene) error {
		_, err := open(t, sourceOf(s.Server, "")).ExecContext(t.Context(), "DELETE FROM parent")
		return err
	}},
	{sqlpool.TooManyConnections, "of the server", "", full},
	{sqlpool.TooManyConnections, "of an account", "", accountFull},
	{sqlpool.ReadOnlyServer, "super_read_only", onlyMySQL, func(t *testing.T, s scene) error {
		exec(t, s.root, "SET GLOBAL super_read_only = ON")
		defer exec(t, s.root, "SET GLOBAL read_only = OFF")
		_, err := s.root.ExecContext(t.Context(), "DELETE FROM child")
		return err
	}},
	{sqlpool.ReadOnlyServer, "read_only", "", func(t *testing.T, s scene) error {
		source := s.as(t, "writer", "GRANT ALL ON classes.* TO")
		exec(t, s.root, "SET GLOBAL read_only = ON")
		defer exec(t, s.root, "SET GLOBAL read_only = OFF")
		_, err := open(t, source).ExecContext(t.Context(), "DELETE FROM child WHERE parent = ?", 1)
		return err
	}},
	{sqlpool.ReadOnlyServer, "a read-only transaction", "", func(t *testing.T, s scene) error {
		tx, err := s.root.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = tx.ExecContext(t.Context(), "DELETE FROM child")
		return errors.Join(err, tx.Rollback())
	}},

	{sqlpool.Unreachable, "a closed port", "", func(t *testing.T, s scene) error {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addr := l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		s.source.URL = strings.Replace(s.source.URL, s.Addr, addr, 1)
		return connectFails(t, s.source)
	}},
	{sqlpool.Unreachable, "a black hole", "", func(t *testing.T, s scene) error {
		p := s.Proxy()
		p.BlackHole(servers.ToClient)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := newEngine(t, s.through(p)).Connect(ctx)
		return err
	}},
	{sqlpool.Unreachable, "cut amid connecting", "", func(t *testing.T, s scene) error {
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
	{sqlpool.Unreachable, "no quorum", onlyMariaDB, constructed(1047, "WSREP has not yet prepared node for application use")},

	{sqlpool.LostBefore, "idle", "", lostIdle},
	{sqlpool.LostBefore, "a lost transaction", "", func(t *testing.T, s scene) error {
		p := s.Proxy()
		tx, err := open(t, s.through(p)).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = lost(t, s, p, func(ctx context.Context) error {
			_, err := tx.ExecContext(ctx, "UPDATE parent SET size = 1 WHERE SLEEP(60) = 0")
			return err
		})
		return tx.Commit()
	}},
	{sqlpool.LostAfter, "amid a statement", "", func(t *testing.T, s scene) error {
		p := s.Proxy()
		db := open(t, s.through(p))
		return lost(t, s, p, func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "DO SLEEP(60)")
			return err
		})
	}},
	{sqlpool.LostAfter, "amid a prepared statement", "", func(t *testing.T, s scene) error {
		p := s.Proxy()
		db := open(t, s.through(p))
		return lost(t, s, p, func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "UPDATE parent SET size = 1 WHERE SLEEP(?) = 0", 60)
			return err
		})
	}},
	{sqlpool.LostAfter, "killed amid a statement", "", func(t *testing.T, s scene) error {
		return blocked(t, s, "KILL %d")
	}},

	{sqlpool.Timeout, "waiting for a lock", "", func(t *testing.T, s scene) error {
		tx := s.lock(t)
		defer tx.Rollback()
		source := s.source
		source.OnConnect = []string{"SET innodb_lock_wait_timeout = 1"}
		_, err := open(t, source).ExecContext(t.Context(), "UPDATE parent SET size = size + 1 WHERE id = 1")
		return err
	}},
	{sqlpool.Timeout, "not waiting for a lock", "", func(t *testing.T, s scene) error {
		tx := s.lock(t)
		defer tx.Rollback()
		return statementFails("SELECT * FROM parent WHERE id = 1 FOR UPDATE NOWAIT")(t, s)
	}},
	{sqlpool.Timeout, "max_execution_time", onlyMySQL, statementFails("SELECT /*+ MAX_EXECUTION_TIME(50) */ COUNT(*) FROM " + endless)},
	{sqlpool.Timeout, "max_statement_time", onlyMariaDB, statementFails("SET STATEMENT max_statement_time = 0.05 FOR SELECT COUNT(*) FROM " + endless)},
	{sqlpool.Interrupted, "a query killed", "", func(t *testing.T, s scene) error {
		return blocked(t, s, "KILL QUERY %d")
	}},

	{sqlpool.DiskFull, "of the server", "", constructed(1021, "Disk full (/tmp/#sql); waiting for someone to free some space...")},
	{sqlpool.DiskFull, "a table", "", constructed(1114, "The table 'parent' is full")},
	{sqlpool.DiskFull, "by the system", "", constructed(1026, `Error writing file '/tmp/x' (Errcode: 28 "No space left on device")`)},
	{sqlpool.DiskFull, "by the engine", "", constructed(1030, "Got error 28 from storage engine")},
	{sqlpool.Damaged, "an index", "", constructed(1712, "Index parent is corrupted")},
	{sqlpool.Damaged, "a table", "", constructed(1194, "Table 'parent' is marked as crashed and should be repaired")},
	{sqlpool.NotSupported, "a statement", "", statementFails("SELECT * FROM parent WHERE id IN (SELECT parent FROM child LIMIT 1)")},
	{sqlpool.NotSupported, "an isolation level", "", func(t *testing.T, s scene) error {
		_, err := s.root.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelLinearizable})
		return err
	}},
	{sqlpool.NotSupported, "several hosts", "", func(*testing.T, scene) error {
		_, err := NewEngine(sqlpool.Source{URL: "mysql://root@one,two/vnpy"})
		return err
	}},
}

// endless is what takes more than a minute to count.
const endless = "information_schema.collations a, information_schema.collations b, information_schema.collations c, information_schema.collations d"

// notOfMySQL are the classes that MySQL has no errors of.
var notOfMySQL = []sqlpool.Class{sqlpool.Locked}

func TestClassify(t *testing.T) {
	onEach(t, func(t *testing.T, server *servers.Server) {
		s := scene{Server: server, source: database(t, server, "classes")}
		s.root = open(t, s.source)
		exec(t, s.root, "CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20) UNIQUE, size INT CHECK (size >= 0), born DATE)")
		exec(t, s.root, "CREATE TABLE child (parent INT NOT NULL, FOREIGN KEY (parent) REFERENCES parent (id))")
		exec(t, s.root, "INSERT INTO parent (id, name, size) VALUES (1, 'one', 1), (2, 'two', 2)")
		exec(t, s.root, "INSERT INTO child (parent) VALUES (1)")
		system := strings.ToLower(server.Engine.Name)
		seen := map[sqlpool.Class]bool{}
		e := newEngine(t, s.source)
		for _, p := range provocations {
			if p.only != "" && p.only != system {
				continue
			}
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
			if !seen[class] && !slices.Contains(notOfMySQL, class) && (class != sqlpool.SerializationFailure || system == onlyMariaDB) {
				t.Errorf("no error of class %q is provoked", class)
			}
		}
	})
}

// as returns the source of an account that has what grant gives.
func (s scene) as(t *testing.T, user, grant string) sqlpool.Source {
	t.Helper()
	exec(t, s.root, "CREATE USER IF NOT EXISTS "+user+"@'%' IDENTIFIED BY 'pass'")
	exec(t, s.root, grant+" "+user+"@'%'")
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
	_, err := s.root.ExecContext(ctx, "DO 1")
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
	_, err := s.root.ExecContext(ctx, "DO SLEEP(2)")
	return err
}

// limited runs more statements than an account may in an hour.
func limited(t *testing.T, s scene) error {
	source := s.as(t, "thrifty", "GRANT SELECT ON classes.* TO")
	exec(t, s.root, "ALTER USER thrifty@'%' WITH MAX_QUERIES_PER_HOUR 20")
	db := open(t, source)
	for range 30 {
		if _, err := db.ExecContext(t.Context(), "DO 1"); err != nil {
			return err
		}
	}
	return nil
}

// full opens connections until the server lets in no more.
func full(t *testing.T, s scene) error {
	source := s.as(t, "writer", "GRANT ALL ON classes.* TO")
	before := ask[int](t, s.root, "SELECT @@max_connections")
	exec(t, s.root, "SET GLOBAL max_connections = 10")
	defer exec(t, s.root, fmt.Sprintf("SET GLOBAL max_connections = %d", before))
	return untilRefused(t, source, 12)
}

func accountFull(t *testing.T, s scene) error {
	source := s.as(t, "lonely", "GRANT SELECT ON classes.* TO")
	exec(t, s.root, "ALTER USER lonely@'%' WITH MAX_USER_CONNECTIONS 2")
	return untilRefused(t, source, 3)
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
	s.source.OnConnect = []string{"SET innodb_snapshot_isolation = ON"}
	tx, err := open(t, s.source).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ask[int](t, tx, "SELECT size FROM parent WHERE id = 1")
	exec(t, s.root, "UPDATE parent SET size = size + 1 WHERE id = 1")
	_, err = tx.ExecContext(t.Context(), "UPDATE parent SET size = 7 WHERE id = 1")
	return errors.Join(err, tx.Rollback())
}

// lostIdle runs a statement on a connection that was reset before.
func lostIdle(t *testing.T, s scene) error {
	p := s.Proxy()
	c := connect(t, newEngine(t, s.through(p)))
	p.Reset()
	waitFor(t, "the reset to arrive", func() bool { return c.ResetSession(t.Context()) != nil })
	_, err := c.ExecContext(t.Context(), "DO 1", nil)
	return err
}

// lost resets the connections of p while f runs a statement with SLEEP.
func lost(t *testing.T, s scene, p *servers.Proxy, f func(context.Context) error) error {
	t.Helper()
	failed := make(chan error, 1)
	go func() { failed <- f(t.Context()) }()
	waitFor(t, "the statement to run", func() bool { return len(running(t, s.root, "SLEEP(")) > 0 })
	p.Reset()
	err := <-failed
	for _, id := range running(t, s.root, "SLEEP(") {
		exec(t, s.root, fmt.Sprintf("KILL %d", id))
	}
	waitFor(t, "the session to end", func() bool { return len(running(t, s.root, "SLEEP(")) == 0 })
	return err
}

// blocked runs a statement that waits for a lock, and kill meanwhile.
func blocked(t *testing.T, s scene, kill string) error {
	t.Helper()
	tx := s.lock(t)
	defer tx.Rollback()
	c := connect(t, newEngine(t, s.source))
	failed := make(chan error, 1)
	go func() {
		_, err := c.ExecContext(t.Context(), "UPDATE parent SET size = size + 1 WHERE id = ?", []driver.NamedValue{{Ordinal: 1, Value: int64(1)}})
		failed <- err
	}()
	waitFor(t, "the statement to run", func() bool { return slices.Contains(running(t, s.root, "SET size = size"), c.at.id) })
	exec(t, s.root, fmt.Sprintf(kill, c.at.id))
	return <-failed
}

// running returns the sessions that run a statement with part in it.
func running(t *testing.T, db *sql.DB, part string) []int64 {
	t.Helper()
	rows, err := db.QueryContext(t.Context(),
		"SELECT id FROM information_schema.processlist WHERE info LIKE ? AND id <> CONNECTION_ID()", "%"+part+"%")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		all = append(all, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
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
