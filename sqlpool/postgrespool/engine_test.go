package postgrespool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

var _ sqlpool.Engine = (*Engine)(nil)

func TestInspect(t *testing.T) {
	s := servers.PostgreSQL(t)
	most := ask[int](t, open(t, sourceOf(s.Access, "postgres")), "SELECT current_setting('max_connections')::int")
	f := func(query, readOnly string) {
		t.Helper()
		source := sourceOf(s.Access, "postgres")
		source.URL += query
		e := newEngine(t, source)
		got, err := e.Inspect(t.Context(), connect(t, e))
		want := sqlpool.Server{System: "postgresql", Version: s.Version, MaxConnections: most, ReadOnly: readOnly}
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", query, got, err, want)
		}
		if got, err := e.Inspect(t.Context(), nil); !errors.Is(err, errOtherConn) {
			t.Errorf("another's: got %+v, %v", got, err)
		}
	}
	f("", "")
	f("&default_transaction_read_only=on", "default_transaction_read_only")
}

func TestAReplicaIsReadOnly(t *testing.T) {
	cluster := servers.PostgreSQLReplicas(t)
	e := newEngine(t, sourceOf(cluster.Replica.Access, "postgres"))
	c := connect(t, e)
	got, err := e.Inspect(t.Context(), c)
	if err != nil || got.ReadOnly != "pg_is_in_recovery()" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := c.ExecContext(t.Context(), "CREATE TABLE x (id INT)", nil); e.Classify(err) != sqlpool.ReadOnlyServer {
		t.Errorf("a write: %v", err)
	}
	cluster.Promote()
	if got, err := e.Inspect(t.Context(), c); err != nil || got.ReadOnly != "" {
		t.Errorf("promoted: got %+v, %v", got, err)
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "no.pem")
	if err := os.WriteFile(noPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(url, caFile, want string) {
		t.Helper()
		e, err := NewEngine(sqlpool.Source{URL: url, CAFile: caFile})
		if err == nil || !strings.Contains(err.Error(), want) || fault.CodeOf(err) != fault.SQLSource {
			t.Errorf("%s: got %v, %v, want %q", url, e, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is told: %v", url, err)
		}
	}
	f("", "", "does not begin with postgres://")
	f("mysql://root@h/d", "", "does not begin with postgres://")
	f("postgres://me@/d", "", "names no host")
	f("postgres://me@:5432/d", "", "names no host")
	f("postgres://me@a,,b/d", "", "names no host")
	f("postgres://h/d", "", "names no user")
	f("postgres://me:hunter2@h/d", "", "holds a password")
	f("postgres://me:hunter2/x@h/d", "", "a password")
	f("postgres://me@h:port/d", "", "the address")
	f("postgres://me@h/a/b", "", "name of a database")
	f("postgres://me@h/a#b", "", "behind #")
	f("postgres://me@h/d?sslmode", "", "name=value")
	f("postgres://me@h/d?sslmode=%zz", "", "name=value")
	f("postgres://me@h/d?sslmode=perhaps", "", "sslmode")
	f("postgres://me@h/d?SSLMode=disable", "", `did you mean "sslmode"`)
	f("postgres://me@h/d?a%20b=1", "", "nor can a variable")
	f("postgres://me@h/d?password=hunter2", "", "a file of its own")
	f("postgres://me@h/d?Password=hunter2", "", "a file of its own")
	f("postgres://me@h/d?host=other", "", "before the parameters")
	f("postgres://me@h/d?service=x", "", "by itself")
	f("postgres://me@h/d", filepath.Join(dir, "nowhere.pem"), "nowhere.pem")
	f("postgres://me@h/d", noPEM, "none in PEM")
	f("postgres://me@h/d?sslmode=require", noPEM, "verified")
	f("postgres://me@h/d?sslrootcert=x", noPEM, "sslrootcert")
}

// TestTheEnvironmentIsNotAsked sets what libpq would go by.
func TestTheEnvironmentIsNotAsked(t *testing.T) {
	for _, name := range []string{
		"PGHOST", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGAPPNAME", "PGSSLMODE", "PGTZ", "PGOPTIONS", "PGTARGETSESSIONATTRS",
		"PGPASSFILE", "PGCHANNELBINDING", "PGREQUIREAUTH", "PGSSLROOTCERT", "PGSERVICEFILE", "PGSSLNEGOTIATION",
		"PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGSSLSNI", "PGSSLCERTMODE", "PGSSLCERT", "PGSSLKEY",
		"PGCONNECT_TIMEOUT", "PGPORT",
	} {
		t.Setenv(name, "9")
	}
	s := servers.PostgreSQL(t)
	connect(t, newEngine(t, sourceOf(s.Access, "postgres")))
}

func TestOverrides(t *testing.T) {
	f := func(query string, want ...string) {
		t.Helper()
		e := newEngine(t, sqlpool.Source{URL: "postgresql://me@h" + query})
		if got := e.Overrides(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	f("")
	f("/d?statement_timeout=5s&sslmode=disable")
	f("/d?TimeZone=Asia%2FShanghai&client_encoding=GBK&application_name=x", "TimeZone", "application_name", "client_encoding")
	f("/d?options=-c%20x=y", "options")
	if got := newEngine(t, sqlpool.Source{URL: "postgres://me@h,i:5433/d"}).Dialect(); got != sqlpool.PostgreSQL {
		t.Errorf("got %q", got)
	}
}

// TestSessions sets up the process and the server so that nothing is right by
// itself.
func TestSessions(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	before := time.Local
	time.Local = shanghai
	defer func() { time.Local = before }()
	s := servers.PostgreSQL(t)
	source := database(t, s, "sessions")
	exec(t, open(t, source), "ALTER DATABASE sessions SET timezone = 'America/New_York'")
	exec(t, open(t, source), "ALTER DATABASE sessions SET datestyle = 'SQL, DMY'")
	source.Application = "orders"
	source.OnConnect = []string{"SET my.one = 1", "SET my.two = 2; SET my.three = 3"}
	exec(t, open(t, source), "CREATE TABLE x (id SERIAL, at TIMESTAMP, stamp TIMESTAMPTZ, day DATE, text TEXT, many TIMESTAMP[])")
	moment := time.Date(2026, 1, 5, 2, 30, 0, 123456000, shanghai) // the day before in UTC
	text := "沪深300 😀"
	for _, unprepared := range []bool{false, true} {
		source.Unprepared = unprepared
		db := open(t, source)
		exec(t, db, "INSERT INTO x (at, stamp, text) VALUES ($1, $2, $3)", moment, &moment, text)
		exec(t, db, "UPDATE x SET at = $1 WHERE stamp = $2", sql.NullTime{Time: moment, Valid: true}, moment)
		var at, stamp time.Time
		var got, written string
		row := db.QueryRowContext(t.Context(), "SELECT at, stamp, text, at::text || ' ' || stamp::text FROM x ORDER BY id DESC LIMIT $1", 1)
		if err := row.Scan(&at, &stamp, &got, &written); err != nil {
			t.Fatal(err)
		}
		if at != moment.UTC() || stamp != moment.UTC() || got != text {
			t.Errorf("got %v, %v, %q, want %v, %q", at, stamp, got, moment.UTC(), text)
		}
		if written != "2026-01-04 18:30:00.123456 2026-01-04 18:30:00.123456+00" {
			t.Errorf("they are written as %s", written)
		}
		exec(t, db, "UPDATE x SET at = $1", nil)
		if got := ask[*time.Time](t, db, "SELECT at FROM x LIMIT 1"); got != nil {
			t.Errorf("null: got %v", got)
		}
		if now := ask[time.Time](t, db, "SELECT now()"); now.Location() != time.UTC || time.Since(now).Abs() > time.Minute {
			t.Errorf("now is %v", now)
		}
	}
	source.Unprepared = false
	db := open(t, source)
	exec(t, db, "INSERT INTO x (day, many) VALUES ($1, $2)", moment, []time.Time{moment})
	if got := ask[string](t, db, "SELECT day::text || many::text FROM x WHERE day IS NOT NULL"); got != `2026-01-05{"2026-01-04 18:30:00.123456"}` {
		t.Errorf("a day and an array: got %s", got)
	}
	if got := ask[string](t, db, "SELECT current_setting('application_name') || current_setting('my.three')"); got != "orders3" {
		t.Errorf("got %q", got)
	}
	if got := ask[string](t, db, "SHOW client_encoding"); got != "UTF8" {
		t.Errorf("got %q", got)
	}
	source.URL += "&TimeZone=Asia%2FShanghai"
	if got := ask[string](t, open(t, source), "SHOW timezone"); got != "Asia/Shanghai" {
		t.Errorf("overridden: got %q", got)
	}
}

func TestThePasswordIsAskedEachTime(t *testing.T) {
	s := servers.PostgreSQL(t)
	asked := 0
	source := sourceOf(s.Access, "postgres")
	source.Password = func(ctx context.Context) (string, error) {
		asked++
		return map[bool]string{true: "wrong", false: s.Password}[asked == 2], ctx.Err()
	}
	e := newEngine(t, source)
	for i, want := range []sqlpool.Class{sqlpool.Other, sqlpool.AccessDenied, sqlpool.Other} {
		c, err := e.Connect(t.Context())
		if got := e.Classify(err); got != want || (err == nil) != (want == sqlpool.Other) {
			t.Errorf("connection %d: got %v", i, err)
		}
		if err == nil {
			_ = c.Close() // it was asked for nothing
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
	source.Password = nil
	t.Setenv("PGPASSWORD", s.Password)
	e = newEngine(t, source)
	if c, err := e.Connect(t.Context()); e.Classify(err) != sqlpool.AccessDenied {
		t.Errorf("without: got %v, %v", c, err)
	}
}

func TestATransactionEndsWithinItsContext(t *testing.T) {
	s := servers.PostgreSQL(t)
	source := database(t, s, "within")
	exec(t, open(t, source), "CREATE TABLE x (id INT)")
	f := func(end func(driver.Tx) error, silent bool) (*conn, time.Duration, error) {
		p := s.Proxy()
		c := connect(t, newEngine(t, scene{Server: s, source: source}.through(p)))
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		tx, err := c.BeginTx(ctx, driver.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.ExecContext(ctx, "INSERT INTO x VALUES (1)", nil); err != nil {
			t.Fatal(err)
		}
		if silent {
			p.BlackHole(servers.ToClient)
		} else {
			<-ctx.Done()
		}
		began := time.Now()
		err = end(tx)
		return c, time.Since(began), err
	}
	c, took, err := f(driver.Tx.Commit, true)
	if !errors.Is(err, context.DeadlineExceeded) || took > time.Second || c.IsValid() {
		t.Errorf("a commit at a silent server: %v after %v", err, took)
	}
	c, took, err = f(driver.Tx.Rollback, true)
	if !errors.Is(err, context.DeadlineExceeded) || took > time.Second || c.IsValid() {
		t.Errorf("a rollback at a silent server: %v after %v", err, took)
	}
	c, _, err = f(driver.Tx.Commit, false)
	if err != context.DeadlineExceeded || !c.IsValid() { // callers may compare
		t.Errorf("a commit too late: %v", err)
	}
	if got := queryAll(t, c, "SELECT COUNT(*) FROM x"); got != "[[1]]" { // of the first, which was committed
		t.Errorf("a commit too late: %s rows", got)
	}
	c, _, err = f(driver.Tx.Rollback, false)
	if err != nil || !c.IsValid() {
		t.Errorf("a rollback too late: %v", err)
	}
	if got := queryAll(t, c, "SELECT COUNT(*) FROM x"); got != "[[1]]" {
		t.Errorf("a rollback too late: %s rows", got)
	}
}

// TestALostCommitIsNoUnsentOne loses connections while they await the answer to
// COMMIT. database/sql must not be told to do anything once more.
func TestALostCommitIsNoUnsentOne(t *testing.T) {
	s := servers.PostgreSQL(t)
	source := database(t, s, "commits")
	exec(t, open(t, source), "CREATE TABLE x (id INT)")
	e := newEngine(t, source)
	f := func(what string, want sqlpool.Class, run func(c *conn) error) {
		t.Helper()
		p := s.Proxy()
		c := connect(t, newEngine(t, scene{Server: s, source: source}.through(p)))
		p.BlackHole(servers.ToClient)
		failed := make(chan error, 1)
		sent := c.wire.sent.Load()
		go func() { failed <- run(c) }()
		waitFor(t, "the statement to be sent", func() bool { return c.wire.sent.Load() > sent || len(failed) > 0 })
		p.Reset()
		if err := <-failed; e.Classify(err) != want {
			t.Errorf("%s: got %q, %v", what, e.Classify(err), err)
		}
	}
	f("a statement", sqlpool.LostAfter, func(c *conn) error {
		_, err := c.ExecContext(t.Context(), "INSERT INTO x VALUES (1)", nil)
		return err
	})
	f("a query", sqlpool.LostAfter, func(c *conn) error {
		_, err := c.QueryContext(t.Context(), "SELECT 1", nil)
		return err
	})
	f("a statement with an argument", sqlpool.LostAfter, func(c *conn) error {
		_, err := c.ExecContext(t.Context(), "INSERT INTO x VALUES ($1)", named([]driver.Value{int64(1)}))
		return err
	})
	f("a ping", sqlpool.LostAfter, func(c *conn) error { return c.Ping(t.Context()) })
	f("an inspection", sqlpool.LostAfter, func(c *conn) error { _, err := e.Inspect(t.Context(), c); return err })
	f("a reset", sqlpool.LostAfter, func(c *conn) error { return e.Reset(t.Context(), c) })
	// These change nothing.
	f("a beginning", sqlpool.LostBefore, func(c *conn) error {
		_, err := c.BeginTx(t.Context(), driver.TxOptions{})
		return err
	})
	f("preparing", sqlpool.LostBefore, func(c *conn) error {
		_, err := c.PrepareContext(t.Context(), "SELECT 1")
		return err
	})
	p := s.Proxy()
	c := connect(t, newEngine(t, scene{Server: s, source: source}.through(p)))
	tx, err := c.BeginTx(t.Context(), driver.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.BlackHole(servers.ToClient)
	failed := make(chan error, 1)
	sent := c.wire.sent.Load()
	go func() { failed <- tx.Commit() }()
	waitFor(t, "the commit to be sent", func() bool { return c.wire.sent.Load() > sent })
	p.Reset()
	if err := <-failed; e.Classify(err) != sqlpool.LostAfter {
		t.Errorf("a commit: got %q, %v", e.Classify(err), err)
	}
}

func TestClosingDoesNotWait(t *testing.T) {
	s := servers.PostgreSQL(t)
	c := connect(t, newEngine(t, sourceOf(s.Access, "postgres")))
	s.Freeze()
	defer s.Thaw()
	began := time.Now()
	_ = c.Close() // it may not have been able to say goodbye
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestCancel(t *testing.T) {
	s := servers.PostgreSQL(t)
	root := open(t, sourceOf(s.Access, "postgres"))
	e := newEngine(t, sourceOf(s.Access, "postgres"))
	f := func(what string, prepare func(c *conn)) {
		t.Helper()
		c := connect(t, e)
		prepare(c)
		pid := c.Conn.Conn().PgConn().PID()
		began := time.Now()
		if err := e.Cancel(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the session to end", func() bool {
			return ask[int](t, root, "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
		})
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: it took %v", what, took)
		}
		if err := e.Cancel(t.Context(), c); err != nil {
			t.Errorf("%s: again: %v", what, err)
		}
	}
	f("given up", func(c *conn) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := c.ExecContext(ctx, "SELECT pg_sleep(30)", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	})
	f("idle", func(*conn) {})
	if err := e.Cancel(t.Context(), nil); !errors.Is(err, errOtherConn) {
		t.Errorf("another's: %v", err)
	}
}

// TestCancelAtAFrozenServer has the server read a statement, and what asks it to
// end that, when it goes on.
func TestCancelAtAFrozenServer(t *testing.T) {
	s := servers.PostgreSQL(t)
	root := open(t, sourceOf(s.Access, "postgres"))
	e := newEngine(t, sourceOf(s.Access, "postgres"))
	f := func(limit time.Duration) {
		c := connect(t, e)
		s.Freeze()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := c.ExecContext(ctx, "SELECT pg_sleep(20)", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a statement: %v", err)
		}
		late, cancelLate := context.WithTimeout(t.Context(), limit)
		defer cancelLate()
		if limit > time.Second {
			time.AfterFunc(50*time.Millisecond, s.Thaw)
		}
		began := time.Now()
		err := e.Cancel(late, c)
		if took := time.Since(began); (err == nil) != (limit > time.Second) || took > 2*time.Second {
			t.Errorf("with %v: %v after %v", limit, err, took)
		}
		s.Thaw()
		exec(t, root, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE 'SELECT pg_sleep(20%'")
	}
	f(100 * time.Millisecond)
	f(10 * time.Second)
	waitFor(t, "the sessions to end", func() bool { return running(t, root, "SELECT pg_sleep(20") == 0 })
}

// TestReset leaves all behind that a session can.
func TestReset(t *testing.T) {
	s := servers.PostgreSQL(t)
	source := database(t, s, "resets")
	source.OnConnect = []string{"SET my.own = 'first'"}
	root := open(t, source)
	exec(t, root, "CREATE TABLE x (id INT)")
	exec(t, root, "CREATE SEQUENCE numbers")
	exec(t, root, "DROP ROLE IF EXISTS other")
	exec(t, root, "CREATE ROLE other")
	defer exec(t, root, "DROP ROLE other")
	e := newEngine(t, source)
	c := connect(t, e)
	pid := c.Conn.Conn().PgConn().PID()
	for range 2 { // the second shows that what is prepared can be used still
		for _, statement := range []string{
			"SET TimeZone = 'Asia/Shanghai'", "SET my.own = 'other'", "LISTEN news", "SELECT pg_advisory_lock(7)",
			"CREATE TEMP TABLE mine (id INT)", "SELECT nextval('numbers')", "SET SESSION AUTHORIZATION other", "RESET SESSION AUTHORIZATION",
			"SET ROLE other", "RESET ROLE", "DECLARE walk CURSOR WITH HOLD FOR SELECT 1",
			`PREPARE "its own" AS SELECT 1`, "PREPARE another AS SELECT 2", "BEGIN", "INSERT INTO x VALUES (1)", "SET ROLE other",
		} {
			if _, err := c.ExecContext(t.Context(), statement, nil); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		if err := e.Reset(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]string{
			"SELECT current_setting('TimeZone') || current_setting('my.own') || current_user": "[[UTCfirstpostgres]]",
			"SELECT COUNT(*) FROM pg_listening_channels()":                                    "[[0]]",
			"SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'":                       "[[0]]",
			"SELECT COUNT(*) FROM pg_class WHERE relname = 'mine'":                            "[[0]]",
			"SELECT COUNT(*) FROM pg_cursors WHERE name = 'walk'":                             "[[0]]",
			"SELECT COUNT(*) FROM pg_prepared_statements WHERE from_sql":                      "[[0]]",
			"SELECT COUNT(*) FROM x":                                                          "[[0]]",
		} {
			if got := queryAll(t, c, query); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		if _, err := c.ExecContext(t.Context(), "SELECT currval('numbers')", nil); err == nil {
			t.Error("the sequence knows its value")
		}
		if got := queryAll(t, c, "SELECT $1::int", int64(5)); got != "[[5]]" {
			t.Errorf("got %s", got)
		}
	}
	// In a failed transaction.
	for _, statement := range []string{"BEGIN", "SELEC"} {
		_, _ = c.ExecContext(t.Context(), statement, nil) // the second is to fail
	}
	if err := e.Reset(t.Context(), c); err != nil {
		t.Error(err)
	}
	if got := c.Conn.Conn().PgConn().PID(); got != pid {
		t.Error("it is another session")
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if err := e.Reset(t.Context(), c); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("a closed one: %v", err)
	}
	if err := e.Reset(t.Context(), nil); !errors.Is(err, errOtherConn) {
		t.Errorf("another's: %v", err)
	}
}

func TestStatementsSurviveChangesOfTheirTables(t *testing.T) {
	s := servers.PostgreSQL(t)
	source := database(t, s, "changes")
	e := newEngine(t, source)
	c, other := connect(t, e), open(t, source)
	query := "SELECT * FROM x WHERE id >= $1"
	stmt := driver.Stmt(nil)
	f := func(change, want string) {
		t.Helper()
		exec(t, other, change)
		if stmt == nil {
			var err error
			if stmt, err = c.PrepareContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if got := queryAll(t, c, query, int64(0)); got != want {
				t.Errorf("%s: got %s, want %s", change, got, want)
			}
			rows, err := stmt.(driver.StmtQueryContext).QueryContext(t.Context(), named([]driver.Value{int64(0)}))
			if err != nil {
				t.Fatalf("%s: %v", change, err)
			}
			if got := read(t, rows); got != want {
				t.Errorf("%s: prepared: got %s, want %s", change, got, want)
			}
		}
	}
	f("CREATE TABLE x (id INT PRIMARY KEY, a INT)", "[]")
	f("INSERT INTO x VALUES (1, 10)", "[[1 10]]")
	f("ALTER TABLE x ADD COLUMN b TEXT DEFAULT 'b'", "[[1 10 b]]")
	f("ALTER TABLE x DROP COLUMN a", "[[1 b]]")
	f("ALTER TABLE x ALTER COLUMN id TYPE BIGINT", "[[1 b]]")
	f("ALTER TABLE x RENAME COLUMN b TO c", "[[1 b]]")
	f("CREATE INDEX i ON x (c)", "[[1 b]]")
	exec(t, other, "DROP TABLE x")
	if _, err := c.QueryContext(t.Context(), query, named([]driver.Value{int64(0)})); e.Classify(err) != sqlpool.NoObject {
		t.Errorf("dropped: %v", err)
	}
	f("CREATE TABLE x (id INT, z DATE DEFAULT '2026-01-05')", "[]")
	f("INSERT INTO x VALUES (7)", "[[7 2026-01-05 00:00:00 +0000 UTC]]")
	if err := stmt.Close(); err != nil {
		t.Error(err)
	}
}

func TestATextIsPreparedOnce(t *testing.T) {
	s := servers.PostgreSQL(t)
	source := sourceOf(s.Access, "postgres")
	f := func(source sqlpool.Source, want string) {
		t.Helper()
		c := connect(t, newEngine(t, source))
		for i := range 3 * keptStatements {
			if got := queryAll(t, c, fmt.Sprintf("SELECT $1::int + %d", i%(2*keptStatements)), int64(1)); got != fmt.Sprintf("[[%d]]", i%(2*keptStatements)+1) {
				t.Fatalf("got %s", got)
			}
		}
		stmt, err := c.PrepareContext(t.Context(), "SELECT $1::int + 1")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			rows, err := stmt.(driver.StmtQueryContext).QueryContext(t.Context(), named([]driver.Value{int64(1)}))
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, rows); got != "[[2]]" {
				t.Errorf("got %s", got)
			}
			if _, err := stmt.(driver.StmtExecContext).ExecContext(t.Context(), named([]driver.Value{int64(1)})); err != nil {
				t.Error(err)
			}
		}
		if err := errors.Join(stmt.Close(), stmt.Close()); err != nil {
			t.Error(err)
		}
		if got := queryAll(t, c, "SELECT COUNT(*) FROM pg_prepared_statements"); got != want {
			t.Errorf("the server keeps %s statements, want %s", got, want)
		}
	}
	// The one that counts has taken the place of another, which pgx closes before
	// the next.
	f(source, fmt.Sprintf("[[%d]]", keptStatements+1))
	source.Unprepared = true
	f(source, "[[0]]")
}

func TestConnections(t *testing.T) {
	s := servers.PostgreSQL(t)
	source := sourceOf(s.Access, "postgres")
	c := connect(t, newEngine(t, source))
	if err := errors.Join(c.Ping(t.Context()), c.ResetSession(t.Context())); err != nil || !c.IsValid() {
		t.Errorf("a sound one: %v", err)
	}
	if _, is := c.Unwrap().(*stdlib.Conn); !is {
		t.Error("what is unwrapped is not pgx's")
	}
}

func TestConnectionsOnWhichTheServerSpeaks(t *testing.T) {
	s := servers.PostgreSQL(t)
	source := sourceOf(s.Access, "postgres")
	root := open(t, source)
	c := connect(t, newEngine(t, source))
	// What it says by itself is no harm.
	if _, err := c.ExecContext(t.Context(), "LISTEN news", nil); err != nil {
		t.Fatal(err)
	}
	exec(t, root, "NOTIFY news")
	waitFor(t, "the news", func() bool { return peek(c.wire.Conn) == waiting })
	if err := c.ResetSession(t.Context()); err != nil || !c.IsValid() {
		t.Errorf("after news: %v", err)
	}
	// One that the server ended is seen before it is used.
	exec(t, root, "SELECT pg_terminate_backend($1)", c.Conn.Conn().PgConn().PID())
	waitFor(t, "the session to end", func() bool { return peek(c.wire.Conn) != silent })
	if err := c.ResetSession(t.Context()); err == nil {
		t.Error("one that was ended is sound")
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if c.IsValid() || c.ResetSession(t.Context()) == nil || c.Ping(t.Context()) == nil {
		t.Error("a closed one is sound")
	}
	if _, err := c.BeginTx(t.Context(), driver.TxOptions{}); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("a closed one begins: %v", err)
	}
	if _, err := c.PrepareContext(t.Context(), "SELECT 1"); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("a closed one prepares: %v", err)
	}
}

func TestTransactionsAndStatements(t *testing.T) {
	c := connect(t, newEngine(t, sourceOf(servers.PostgreSQL(t).Access, "postgres")))
	for _, options := range []driver.TxOptions{{}, {ReadOnly: true}, {Isolation: 2}, {Isolation: 6, ReadOnly: true}} {
		tx, err := c.BeginTx(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
	}
	tx, err := c.Begin()
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := c.Prepare("SELECT $1::int")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := stmt.Query([]driver.Value{int64(1)}) //nolint:staticcheck // it is part of the interface
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, rows); got != "[[1]]" || stmt.NumInput() != 1 {
		t.Errorf("got %s of %d", got, stmt.NumInput())
	}
	if _, err := stmt.Exec([]driver.Value{int64(1)}); err != nil { //nolint:staticcheck // as above
		t.Error(err)
	}
	if err := errors.Join(stmt.Close(), tx.Rollback()); err != nil {
		t.Error(err)
	}
}

func queryAll(t testing.TB, c *conn, text string, args ...driver.Value) string {
	t.Helper()
	rows, err := c.QueryContext(t.Context(), text, named(args))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return read(t, rows)
}

// read returns the rows, and closes them.
func read(t testing.TB, rows driver.Rows) string {
	t.Helper()
	var all [][]driver.Value
	for {
		row := make([]driver.Value, len(rows.Columns()))
		if rows.Next(row) != nil {
			break
		}
		all = append(all, row)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(all)
}
