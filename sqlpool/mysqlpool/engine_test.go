package mysqlpool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

var _ sqlpool.Engine = (*Engine)(nil)

func TestInspect(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		e := newEngine(t, sourceOf(s, ""))
		root := open(t, sourceOf(s, ""))
		c := connect(t, e)
		system := strings.ToLower(s.Engine.Name)
		most := ask[int](t, root, "SELECT @@max_connections")
		f := func(statement, readOnly string) {
			t.Helper()
			exec(t, root, statement)
			got, err := e.Inspect(t.Context(), c)
			want := sqlpool.Server{System: system, Version: s.Version, MaxConnections: most, ReadOnly: readOnly}
			if err != nil || got != want {
				t.Errorf("%s: got %+v, %v, want %+v", statement, got, err, want)
			}
		}
		f("DO 1", "")
		f("SET GLOBAL read_only = ON", "@@read_only") // root may write all the same
		if system == onlyMySQL {
			f("SET GLOBAL super_read_only = ON", "@@super_read_only")
		}
		f("SET GLOBAL read_only = OFF", "")
		if got, err := e.Inspect(t.Context(), nil); !errors.Is(err, errOtherConn) {
			t.Errorf("another's: got %+v, %v", got, err)
		}
	})
}

func TestAReplicaIsReadOnly(t *testing.T) {
	cluster := servers.MySQLReplicas(t)
	e := newEngine(t, sourceOf(cluster.Replica, ""))
	got, err := e.Inspect(t.Context(), connect(t, e))
	if err != nil || got.ReadOnly != "@@super_read_only" {
		t.Errorf("got %+v, %v", got, err)
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
		if err == nil || !strings.Contains(err.Error(), want) || fault.CodeOf(err) != fault.SQLSource && fault.CodeOf(err) != fault.SQLNotSupported {
			t.Errorf("%s: got %v, %v, want %q", url, e, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is told: %v", url, err)
		}
	}
	f("", "", "does not begin with mysql://")
	f("postgres://root@h/d", "", "does not begin with mysql://")
	f("mysql://root@/vnpy", "", "names no host")
	f("mysql://root:hunter2@h/vnpy", "", "holds a password")
	f("mysql://root:hunter2/x@h/vnpy", "", "not a URL")
	f("mysql://root@h:port/vnpy", "", "not a URL")
	f("mysql://root@h/a/b", "", "name of a database")
	f("mysql://root@h/a#b", "", "behind #")
	f("mysql://root@h1:1,h2:2/vnpy", "", "several hosts")
	f("mysql://root@h/vnpy?charset", "", "name=value")
	f("mysql://root@h/vnpy?charset=%zz", "", "name=value")
	f("mysql://root@h/vnpy?parsetime=false", "", `did you mean "parseTime"`)
	f("mysql://root@h/vnpy?a%20b=1", "", "nor can a variable")
	f("mysql://root@h/vnpy?x;DROP=1", "", "nor can a variable")
	f("mysql://root@h/vnpy?allowAllFiles=true", "", "any file of this machine")
	f("mysql://root@h/vnpy?rejectReadOnly=true", "", "by itself")
	f("mysql://root@h/vnpy?strict=true", "", "by itself")
	f("mysql://root@h/vnpy?timeout=soon", "", "duration")
	f("mysql://root@h/vnpy?tls=unknown", "", "unknown")
	f("mysql://root@h/vnpy?interpolateParams=true&collation=gbk_chinese_ci", "", "unsafe")
	f("mysql://root@h/vnpy", filepath.Join(dir, "nowhere.pem"), "nowhere.pem")
	f("mysql://root@h/vnpy", noPEM, "none in PEM")
	f("mysql://root@h/vnpy?tls=skip-verify", noPEM, "verified")
}

func TestOverrides(t *testing.T) {
	f := func(query, setUp string, want ...string) {
		t.Helper()
		e := newEngine(t, sqlpool.Source{URL: "mysql://root@h/vnpy?" + query})
		if got := e.Overrides(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
		if !strings.Contains(e.setUp, setUp) {
			t.Errorf("%s: got %s, want %s", query, e.setUp, setUp)
		}
	}
	f("", "SET NAMES utf8mb4")
	f("timeout=3s&max_statement_time=5", ", max_statement_time = 5")
	f("time_zone='Asia/Shanghai'&loc=Asia%2FShanghai&parseTime=false", "time_zone = 'Asia/Shanghai'", "time_zone", "loc", "parseTime")
	f("sql_mode=''", "sql_mode = ''", "sql_mode")
	f("charset=latin1&collation=latin1_bin", "SET time_zone", "charset", "collation")
	f("character_set_results=latin1", "character_set_results = latin1", "character_set_results")
}

func TestConnectionsSayWhoseTheyAre(t *testing.T) {
	f := func(application, query, want string) {
		t.Helper()
		e := newEngine(t, sqlpool.Source{URL: "mysql://root@h/vnpy" + query, Application: application})
		if got := e.config.ConnectionAttributes; got != want {
			t.Errorf("%q: got %q, want %q", application, got, want)
		}
	}
	f("", "", "program_name:redfire")
	f("orders, main: two", "?connectionAttributes=a:b", "program_name:orders  main  two,a:b")
}

func TestDialect(t *testing.T) {
	if got := newEngine(t, sqlpool.Source{URL: "mysql://root@h"}).Dialect(); got != sqlpool.MySQL {
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
	onEach(t, func(t *testing.T, s *servers.Server) {
		root := open(t, sourceOf(s, ""))
		mode := ask[string](t, root, "SELECT @@global.sql_mode")
		exec(t, root, "SET GLOBAL time_zone = '-05:00'")
		exec(t, root, "SET GLOBAL sql_mode = 'NO_ZERO_IN_DATE,NO_ZERO_DATE'")
		defer exec(t, root, "SET GLOBAL time_zone = '+00:00'")
		defer exec(t, root, "SET GLOBAL sql_mode = '"+mode+"'")
		source := database(t, s, "sessions")
		source.Application = "orders, main"
		source.OnConnect = []string{"SET @one = 1", "SET @two = @one + 1"}
		db := open(t, source)
		exec(t, db, "CREATE TABLE x (id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME(6), stamp TIMESTAMP(6) NULL, text VARCHAR(20))")
		moment := time.Date(2026, 1, 5, 9, 30, 0, 123456000, shanghai)
		text := "沪深300 😀"
		for _, unprepared := range []bool{false, true} {
			source.Unprepared = unprepared
			db := open(t, source)
			exec(t, db, "INSERT INTO x (at, stamp, text) VALUES (?, ?, ?)", moment, moment, text)
			var at, stamp time.Time
			var got, written string
			row := db.QueryRowContext(t.Context(), "SELECT at, stamp, text, CAST(at AS CHAR) FROM x ORDER BY id DESC LIMIT ?", 1)
			if err := row.Scan(&at, &stamp, &got, &written); err != nil {
				t.Fatal(err)
			}
			if at != moment.UTC() || stamp != moment.UTC() || got != text {
				t.Errorf("got %v, %v, %q, want %v, %q", at, stamp, got, moment.UTC(), text)
			}
			if written != "2026-01-05 01:30:00.123456" {
				t.Errorf("it is written as %s", written)
			}
		}
		if now := ask[time.Time](t, db, "SELECT NOW(6)"); now.Location() != time.UTC || time.Since(now).Abs() > time.Minute {
			t.Errorf("now is %v", now)
		}
		if _, err := db.ExecContext(t.Context(), "INSERT INTO x (text) VALUES (?)", strings.Repeat("x", 21)); newEngine(t, source).Classify(err) != sqlpool.ConstraintViolation {
			t.Errorf("a text that is too long: got %v", err)
		}
		if got := ask[string](t, db, "SELECT @@sql_mode"); !strings.Contains(got, "NO_ZERO_DATE") || !strings.Contains(got, "NO_ENGINE_SUBSTITUTION") {
			t.Errorf("the modes are %s", got)
		}
		if got := ask[string](t, db, "SELECT CONCAT(@@character_set_client, @@character_set_results, @@character_set_connection)"); got != strings.Repeat("utf8mb4", 3) {
			t.Errorf("the character sets are %s", got)
		}
		if got := ask[int](t, db, "SELECT @two"); got != 2 {
			t.Errorf("OnConnect: got %d, want 2", got)
		}
		// What the server's modes lack altogether is added too.
		exec(t, root, "SET GLOBAL sql_mode = ''")
		if got := ask[string](t, open(t, source), "SELECT @@sql_mode"); got != "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION" {
			t.Errorf("the modes are %s", got)
		}
		source.URL += "?time_zone='%2B08:00'"
		if got := ask[string](t, open(t, source), "SELECT @@time_zone"); got != "+08:00" {
			t.Errorf("overridden: the time zone is %s", got)
		}
	})
}

func TestThePasswordIsAskedEachTime(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		asked := 0
		source := sourceOf(s, "")
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
	})
}

func TestATransactionEndsWithinItsContext(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
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
	})
}

// TestWhatIsLostIsNoUnsentOne loses connections while they await an answer.
// database/sql must not be told to do anything once more.
func TestWhatIsLostIsNoUnsentOne(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		source := database(t, s, "lost")
		exec(t, open(t, source), "CREATE TABLE x (id INT)")
		e := newEngine(t, source)
		f := func(what string, want sqlpool.Class, run func(c *conn) error) {
			t.Helper()
			p := s.Proxy()
			c := connect(t, newEngine(t, scene{Server: s, source: source}.through(p)))
			queryAll(t, c, "SELECT ?", int64(1))
			tx, err := c.BeginTx(t.Context(), driver.TxOptions{})
			if err != nil {
				t.Fatal(err)
			}
			// The statement arrives, and its answer does not.
			p.BlackHole(servers.ToClient)
			failed := make(chan error, 1)
			go func() {
				if run == nil {
					failed <- tx.Commit()
				} else {
					failed <- run(c)
				}
			}()
			time.AfterFunc(50*time.Millisecond, p.Reset)
			if err := <-failed; e.Classify(err) != want {
				t.Errorf("%s: got %q, %v", what, e.Classify(err), err)
			}
		}
		f("a commit", sqlpool.LostAfter, nil)
		f("a statement", sqlpool.LostAfter, func(c *conn) error {
			_, err := c.ExecContext(t.Context(), "INSERT INTO x VALUES (1)", nil)
			return err
		})
		f("a kept statement", sqlpool.LostAfter, func(c *conn) error {
			_, err := c.QueryContext(t.Context(), "SELECT ?", arguments(int64(1)))
			return err
		})
		f("an inspection", sqlpool.LostAfter, func(c *conn) error { _, err := e.Inspect(t.Context(), c); return err })
		// These change nothing.
		f("a beginning", sqlpool.LostBefore, func(c *conn) error {
			_, err := c.BeginTx(t.Context(), driver.TxOptions{})
			return err
		})
		f("a statement that is being prepared", sqlpool.LostBefore, func(c *conn) error {
			_, err := c.ExecContext(t.Context(), "INSERT INTO x VALUES (?)", arguments(int64(1)))
			return err
		})
	})
}

func TestClosingDoesNotWait(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		c := connect(t, newEngine(t, sourceOf(s, "")))
		s.Freeze()
		defer s.Thaw()
		began := time.Now()
		_ = c.Close() // it may not have been able to say goodbye
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestCancel(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		root := open(t, sourceOf(s, ""))
		e := newEngine(t, sourceOf(s, ""))
		c := connect(t, e)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := c.ExecContext(ctx, "DO SLEEP(?)", arguments(int64(60))); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if len(running(t, root, "SLEEP(")) != 1 {
			t.Error("the server has ended it by itself")
		}
		began := time.Now()
		if err := e.Cancel(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the session to end", func() bool { return len(running(t, root, "SLEEP(")) == 0 })
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		if err := e.Cancel(t.Context(), c); err != nil {
			t.Errorf("what has ended: %v", err)
		}
		if err := e.Cancel(t.Context(), nil); !errors.Is(err, errOtherConn) {
			t.Errorf("another's: %v", err)
		}
	})
}

// TestCancelSparesOthers asks for sessions to be ended that may be others'.
func TestCancelSparesOthers(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		e := newEngine(t, sourceOf(s, ""))
		f := func(what string, change func(*conn)) {
			t.Helper()
			c := connect(t, e)
			change(c)
			if err := e.Cancel(t.Context(), c); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if err := c.Ping(t.Context()); err != nil {
				t.Errorf("%s: it is ended: %v", what, err)
			}
		}
		f("another server", func(c *conn) { c.at.host += "2" })
		f("another port", func(c *conn) { c.at.port += "2" })
		f("another number of a server", func(c *conn) { c.at.serverID += "2" })
		f("a later session", func(c *conn) { c.at.id += 1000 })
		other := sourceOf(s, "")
		root := open(t, other)
		exec(t, root, "CREATE USER IF NOT EXISTS stranger@'%' IDENTIFIED BY 'pass'")
		other.URL, other.Password = strings.Replace(other.URL, s.User+"@", "stranger@", 1), given("pass")
		stranger := connect(t, newEngine(t, other))
		f("another account", func(c *conn) { c.at.id = stranger.at.id })
		if err := stranger.Ping(t.Context()); err != nil {
			t.Errorf("the other account's is ended: %v", err)
		}
		f("a server that began later", func(c *conn) { c.born = c.born.AddDate(-50, 0, 0) })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		c := connect(t, e)
		s.Freeze()
		defer s.Thaw()
		began := time.Now()
		if err := e.Cancel(ctx, c); err == nil || time.Since(began) > time.Second {
			t.Errorf("a frozen server: %v after %v", err, time.Since(began))
		}
	})
}

func TestReset(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		e := newEngine(t, sourceOf(s, ""))
		if err := e.Reset(t.Context(), connect(t, e)); !errors.Is(err, driver.ErrBadConn) {
			t.Errorf("got %v", err)
		}
	})
}

func TestConnections(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		c := connect(t, newEngine(t, sourceOf(s, "")))
		if err := errors.Join(c.Ping(t.Context()), c.ResetSession(t.Context())); err != nil || !c.IsValid() {
			t.Errorf("a sound one: %v", err)
		}
		if _, is := c.Unwrap().(*conn); is {
			t.Error("what is unwrapped is not the driver's")
		}
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
		stmt, err := c.Prepare("SELECT ?")
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
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Error(err)
		}
		if c.IsValid() || c.ResetSession(t.Context()) == nil || c.Ping(t.Context()) == nil {
			t.Error("a closed one is sound")
		}
	})
}

func TestAServerWithoutTLSIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	authority := servers.NewAuthority(t)
	if err := os.WriteFile(file, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	onEach(t, func(t *testing.T, s *servers.Server) {
		source := sourceOf(s, "")
		source.CAFile = file
		e := newEngine(t, source)
		c, err := e.Connect(t.Context())
		if e.Classify(err) != sqlpool.Unreachable {
			t.Errorf("got %v, %v", c, err)
		}
		t.Log(fmt.Sprint(err))
	})
}
