package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// A dialect is what the tests have to know of an SQL server.
type dialect struct {
	start  func(T) *Server
	recipe recipe
	open   func(Access, string) (*sql.DB, error)
	insert string
	key    string // the type of a key that counts by itself
}

func mariaDialect() dialect {
	return dialect{MariaDB, mariaDB{}, openMySQL, "INSERT INTO written (writer, number) VALUES (?, ?)", "BIGINT AUTO_INCREMENT"}
}

func mysqlDialect() dialect {
	return dialect{MySQL, mySQL{}, openMySQL, "INSERT INTO written (writer, number) VALUES (?, ?)", "BIGINT AUTO_INCREMENT"}
}

func postgresDialect() dialect {
	return dialect{PostgreSQL, postgres{}, openPostgresDB, "INSERT INTO written (writer, number) VALUES ($1, $2)", "BIGSERIAL"}
}

// openPostgresDB is openPostgres by database/sql.
func openPostgresDB(a Access, name string) (*sql.DB, error) {
	c, err := postgresConfig(a, name)
	if err != nil {
		return nil, err
	}
	return stdlib.OpenDB(*c), nil
}

// database returns a new database of s, of which nobody else knows, with the
// table written.
func (d dialect) database(t *testing.T, s *Server) (db *sql.DB, name string) {
	t.Helper()
	name = "t" + strings.ToLower(newPassword()[:12])
	admin := d.connect(t, s, "")
	execute(t, admin, "CREATE DATABASE "+name)
	db = d.connect(t, s, name)
	execute(t, db, "CREATE TABLE written (id "+d.key+" PRIMARY KEY, writer INT NOT NULL, number INT NOT NULL)")
	return db, name
}

func (d dialect) connect(t *testing.T, s *Server, name string) *sql.DB {
	t.Helper()
	db, err := d.open(s.Access, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func ask[V any](t *testing.T, db *sql.DB, query string, args ...any) (answer V) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func TestKillMariaDB(t *testing.T) { killWhileWriting(t, mariaDialect()) }

func TestKillMySQL(t *testing.T) { killWhileWriting(t, mysqlDialect()) }

func TestKillPostgreSQL(t *testing.T) { killWhileWriting(t, postgresDialect()) }

// killWhileWriting kills the server while several write to it: what it has
// acknowledged is there afterwards, once.
func killWhileWriting(t *testing.T, d dialect) {
	const writers, enough = 4, 200
	s := d.start(t)
	db, name := d.database(t, s)
	acknowledged := make(chan int, writers*enough*100) // the writer's number
	ended := make(chan struct{})
	for writer := range writers {
		go func() {
			defer func() { ended <- struct{}{} }()
			for number := 1; ; number++ {
				if _, err := db.ExecContext(t.Context(), d.insert, writer, number); err != nil {
					return
				}
				acknowledged <- writer
			}
		}()
	}
	var last [writers]int // numbers that were acknowledged
	for range enough {
		last[<-acknowledged]++
	}
	processes := processesOf(t, s)
	s.Kill()
	wantGone(t, processes)
	for range writers {
		<-ended
	}
	close(acknowledged)
	for writer := range acknowledged {
		last[writer]++
	}
	began := time.Now()
	s.Restart()
	t.Logf("%s: killed with %d processes, answers again after %v", s.Engine.Name, len(processes), time.Since(began).Round(time.Millisecond))
	wantWritten(t, d.connect(t, s, name), last[:])
}

// wantWritten holds the table written against the last number that each writer
// had acknowledged: the one after it may be there as well.
func wantWritten(t *testing.T, db *sql.DB, last []int) {
	t.Helper()
	all := 0
	for writer, number := range last {
		const query = "SELECT CAST(%s AS CHAR(9)) FROM written WHERE writer = %d"
		count := func(what string) (n int) {
			t.Helper()
			if _, err := fmt.Sscan(ask[string](t, db, fmt.Sprintf(query, what, writer)), &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		rows, different, highest := count("count(*)"), count("count(DISTINCT number)"), count("coalesce(max(number), 0)")
		if rows != different || rows != highest || rows < number || rows > number+1 {
			t.Errorf("writer %d: %d rows, %d different, up to %d: want all of %d, once, and at most one more", writer, rows, different, highest, number)
		}
		all += number
	}
	if !t.Failed() {
		t.Logf("%d acknowledged rows are there, once each", all)
	}
}

func TestFreezeMariaDB(t *testing.T) { freezeWhileAsking(t, mariaDialect()) }

func TestFreezeMySQL(t *testing.T) { freezeWhileAsking(t, mysqlDialect()) }

func TestFreezePostgreSQL(t *testing.T) { freezeWhileAsking(t, postgresDialect()) }

// freezeWhileAsking freezes the server: neither connections of before nor new
// ones get an answer until it thaws.
func freezeWhileAsking(t *testing.T, d dialect) {
	s := d.start(t)
	db, name := d.database(t, s)
	execute(t, db, "INSERT INTO written (writer, number) VALUES (0, 1)")
	s.Freeze()
	timeOut := func(what string, do func(context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s while frozen: got %v, want %v", what, err, context.DeadlineExceeded)
		}
	}
	timeOut("a query", func(ctx context.Context) error {
		var n int
		return db.QueryRowContext(ctx, "SELECT count(*) FROM written").Scan(&n)
	})
	fresh := d.connect(t, s, name)
	timeOut("a new connection", fresh.PingContext)
	s.Thaw()
	execute(t, fresh, "INSERT INTO written (writer, number) VALUES (0, 2)")
	wantWritten(t, d.connect(t, s, name), []int{2})
}

func TestStopMariaDB(t *testing.T) { stopWithClients(t, mariaDialect()) }

func TestStopMySQL(t *testing.T) { stopWithClients(t, mysqlDialect()) }

func TestStopPostgreSQL(t *testing.T) { stopWithClients(t, postgresDialect()) }

// stopWithClients stops the server in good order while a client is connected,
// for which PostgreSQL could wait for ever.
func stopWithClients(t *testing.T, d dialect) {
	s := d.start(t)
	db, name := d.database(t, s)
	execute(t, db, "INSERT INTO written (writer, number) VALUES (0, 1)")
	processes := processesOf(t, s)
	began := time.Now()
	s.Stop()
	t.Logf("%s stopped after %v", s.Engine.Name, time.Since(began).Round(time.Millisecond))
	wantGone(t, processes)
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("a stopped server answers")
	}
	s.Restart()
	wantWritten(t, d.connect(t, s, name), []int{1})
}

func TestMariaDBIsMariaDB(t *testing.T) {
	db := mariaDialect().connect(t, MariaDB(t), "")
	if version := ask[string](t, db, "SELECT VERSION()"); !strings.Contains(version, "MariaDB") {
		t.Errorf("version %q", version)
	}
	wantSettings(t, db, "SELECT @@%s", map[string]string{
		"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1", "innodb_doublewrite": "1", "log_bin": "1", "gtid_strict_mode": "1",
		"character_set_server": "utf8mb4", "global.time_zone": "+00:00", "skip_name_resolve": "1",
	})
}

func TestMySQLIsMySQL(t *testing.T) {
	s := MySQL(t)
	db, _ := mysqlDialect().database(t, s)
	if !strings.HasPrefix(s.Version, "9.") && len(s.Version) < len("10.0.0") || strings.Contains(s.Version, "MariaDB") {
		t.Errorf("version %q", s.Version)
	}
	if plugin := ask[string](t, db, "SELECT plugin FROM mysql.user WHERE user = 'root'"); plugin != "caching_sha2_password" {
		t.Errorf("passwords are checked by %s", plugin)
	}
	execute(t, db, "INSERT INTO written VALUES (1, 7, 1) AS new ON DUPLICATE KEY UPDATE number = new.number",
		"INSERT INTO written VALUES (1, 7, 2) AS new ON DUPLICATE KEY UPDATE number = new.number")
	if number := ask[int](t, db, "SELECT number FROM written WHERE id = 1"); number != 2 {
		t.Errorf("the upsert left %d", number)
	}
	wantSettings(t, db, "SELECT @@%s", map[string]string{
		"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1", "innodb_doublewrite": "ON", "log_bin": "1", "gtid_mode": "ON",
		"character_set_server": "utf8mb4", "global.time_zone": "+00:00", "skip_name_resolve": "1", "global.super_read_only": "0",
	})
}

func TestPostgreSQLIsPostgreSQL(t *testing.T) {
	db := postgresDialect().connect(t, PostgreSQL(t), "")
	if version := ask[string](t, db, "SELECT version()"); !strings.HasPrefix(version, "PostgreSQL") {
		t.Errorf("version %q", version)
	}
	wantSettings(t, db, "SHOW %s", map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "password_encryption": "scram-sha-256",
		"server_encoding": "UTF8", "timezone": "UTC", "data_checksums": "off",
	})
	if hash := ask[string](t, db, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'"); !strings.HasPrefix(hash, "SCRAM-SHA-256$") {
		t.Error("the password is not kept as SCRAM-SHA-256 has it")
	}
}

func wantSettings(t *testing.T, db *sql.DB, query string, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := ask[string](t, db, fmt.Sprintf(query, name)); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestSQLServersWantThePassword(t *testing.T) {
	f := func(d dialect, refused func(error) bool) {
		t.Run(d.recipe.engine().Name, func(t *testing.T) {
			s := *d.start(t)
			for _, password := range []string{"", "wrong"} {
				s.Password = password
				if err := d.connect(t, &s, "").PingContext(t.Context()); !refused(err) {
					t.Errorf("password %q: %v", password, err)
				}
			}
		})
	}
	byMySQL := func(err error) bool {
		var e *mysql.MySQLError
		return errors.As(err, &e) && e.Number == 1045
	}
	f(mariaDialect(), byMySQL)
	f(mysqlDialect(), byMySQL)
	f(postgresDialect(), func(err error) bool {
		var e *pgconn.PgError
		// Without a password the client gives up when it is asked for one.
		return errors.As(err, &e) && e.Code == "28P01" || err != nil && strings.Contains(err.Error(), "password")
	})
}

// TestVariablesNameSQLServers points the tests at a server of before.
func TestVariablesNameSQLServers(t *testing.T) {
	for _, d := range []dialect{mariaDialect(), mysqlDialect(), postgresDialect()} {
		engine := d.recipe.engine()
		t.Run(engine.Name, func(t *testing.T) {
			here := d.start(t)
			t.Setenv(engine.Variable, here.urlWith(url.UserPassword(here.User, here.Password)))
			there := d.start(t)
			if there.node != nil || there.Access != here.Access || there.Version != here.Version {
				t.Errorf("got a server at %s of version %q, want the one at %s of version %q", there.Addr, there.Version, here.Addr, here.Version)
			}
		})
	}
}
