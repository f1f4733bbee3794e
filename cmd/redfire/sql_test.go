package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/internal/servers"
)

// wantRun runs the program and wants an exit code and texts in what it says.
func wantRun(t *testing.T, env []string, code int, says []string, args ...string) (out string) {
	t.Helper()
	got, out, errs := runWith(t, env, args...)
	for _, text := range says {
		if !strings.Contains(out+errs, text) {
			t.Errorf("%v: it does not say %q:\n%s%s", args, text, out, errs)
		}
	}
	if got != code {
		t.Errorf("%v: got %d, want %d:\n%s%s", args, got, code, out, errs)
	}
	return out
}

// until repeats something until it holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit, again := time.After(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-limit:
			t.Fatalf("it did not happen: %s", what)
		case <-again.C:
		}
	}
}

// The file of "config init --stack" works as it is, but for the port and the
// password of a test's server.
func TestTheStackWorksWithMySQL(t *testing.T) {
	server := servers.MySQL(t)
	change(t, sourceOf(server, ""), "CREATE DATABASE IF NOT EXISTS vnpy")
	folder := t.TempDir()
	file := filepath.Join(folder, "redfire.yaml")
	wantRun(t, nil, 0, nil, "config", "init", "--stack", "--config", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if address := config.Stack()["sql.main.url"]; address != "mysql://root@localhost:3306/vnpy" || !strings.Contains(string(text), address) {
		t.Fatalf("the stack's address is %q", address)
	}
	writeFile(t, file, []byte(strings.Replace(string(text), "localhost:3306", server.Addr, 1)))
	env := []string{"REDFIRE_CONFIG=" + file, "REDFIRE_SQL__MAIN__PASSWORD=" + server.Password, "REDFIRE_SERVER__LISTEN=127.0.0.1:0"}
	wantRun(t, env, 0, []string{"main", "ok", "mysql 9", "takes writes", "no", "151"}, "sql", "ping")
	wantRun(t, env, 0, []string{"mysqlpool"}, "sql", "pools")
	s := serveAs(t, env, "serve", "--data", filepath.Join(folder, "data"))
	until(t, "it is served", func() bool {
		return strings.Contains(get(t, s.url+"/readyz"), `"name":"sql.main","engine":"mysqlpool","state":"ok"`)
	})
	code, out, errs := s.stop()
	for _, want := range []string{"cache: down: ", "journal: down: ", "sql.main: ok (mysqlpool)"} {
		if !strings.Contains(errs, want) {
			t.Errorf("serve ends with %d and does not say %q: %s", code, want, errs)
		}
	}
	if strings.Contains(out+errs, server.Password) {
		t.Error("serve tells the password")
	}
}

func TestAPasswordThatIsCorrectedIsTakenWithoutARestart(t *testing.T) {
	server := servers.MariaDB(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "password")
	writeFile(t, file, []byte("wrong\n"))
	env := []string{"REDFIRE_SQL__MAIN__URL=" + server.URL() + "/", "REDFIRE_SQL__MAIN__PASSWORD_FILE=" + file}
	wantRun(t, env, 4, []string{"down", "RF-SQL-005"}, "sql", "ping")
	s := serveAs(t, env, "serve", "--data", folder, "--listen", "127.0.0.1:0")
	until(t, "it is down", func() bool { return strings.Contains(get(t, s.url+"/readyz"), `"code":"RF-SQL-005"`) })
	wantRun(t, nil, 0, []string{"down", "1045"}, "sql", "pools", "--server", s.url)
	writeFile(t, file, []byte(server.Password+"\n"))
	until(t, "it is back", func() bool {
		return strings.Contains(get(t, s.url+"/readyz"), `"name":"sql.main","engine":"mysqlpool","state":"ok"`)
	})
	wantRun(t, nil, 0, []string{"main", "mysqlpool", "mariadb", "ok"}, "sql", "pools", "--server", s.url)
	if _, out, errs := s.stop(); strings.Contains(out+errs, server.Password) {
		t.Error("serve tells the password")
	}
}

func TestQueryShowsValuesAsTheyAre(t *testing.T) {
	env := []string{"REDFIRE_DATA=" + t.TempDir()}
	change(t, env, "CREATE TABLE 合约 (代码 TEXT, 价 NUMERIC, 时间 DATETIME, 字节 BLOB)",
		"INSERT INTO 合约 VALUES ('螺纹钢', 3100.5, '2026-01-05 01:00:00', x'00ff'), (NULL, NULL, NULL, NULL), ('NULL', 1, NULL, x'4142')")
	f := func(want string, args ...string) {
		t.Helper()
		if got := wantRun(t, env, 0, nil, append([]string{"sql", "query"}, args...)...); got != want {
			t.Errorf("%v: got\n%s\nwant\n%s", args, got, want)
		}
	}
	const all = "SELECT * FROM 合约"
	f("代码        价  时间                  字节\n螺纹钢  3100.5  2026-01-05T01:00:00Z  0x00ff\nNULL      NULL  NULL                  NULL\n\"NULL\"       1  NULL                  AB\n", all)
	f("代码,价,时间,字节\n螺纹钢,3100.5,2026-01-05T01:00:00Z,0x00ff\n,,,\nNULL,1,,AB\n", all, "-o", "csv")
	f(`{"代码":"螺纹钢","价":3100.5,"时间":"2026-01-05T01:00:00Z","字节":"0x00ff"}`+"\n", all+" WHERE 价 > ?", "2", "-o", "ndjson")
	f(`{"x":1,"x_2":2,"a\"b":3}`+"\n", `SELECT 1 AS x, 2 AS x, 3 AS "a""b"`, "-o", "ndjson")
	f("[]\n", all+" WHERE 价 = 9", "-o", "json")
	wantRun(t, env, 0, []string{"There are more rows; the first 2 are shown"}, "sql", "query", all, "--limit", "2")
	wantRun(t, env, 0, []string{"1 rows changed"}, "sql", "query", "--write", "DELETE FROM 合约 WHERE 价 = ?", "1")
	wantRun(t, env, 0, []string{"7"}, "sql", "query", "--write", "INSERT INTO 合约 VALUES ('a', 7, NULL, NULL) RETURNING 价")
}

func TestQueryShowsWhatServersHave(t *testing.T) {
	f := func(env []string, statement, want string, args ...string) {
		t.Helper()
		got := wantRun(t, env, 0, nil, append([]string{"sql", "query", "-o", "ndjson", statement}, args...)...)
		if got != want+"\n" {
			t.Errorf("%s: got %s, want %s", statement, got, want)
		}
	}
	maria := sourceOf(servers.MariaDB(t), "")
	const mysql = "SELECT CAST(0.10 AS DECIMAL(20,10)) AS d, CAST(18446744073709551615 AS UNSIGNED) AS u, TIMESTAMP'2026-01-05 01:00:00.25' AS t, DATE'2026-01-05' AS day, '柜台' AS s, x'00ff' AS b, NULL AS n, 1.5e0 AS f"
	const told = `{"d":"0.1000000000","u":18446744073709551615,"t":"2026-01-05T01:00:00.25Z","day":"2026-01-05","s":"柜台","b":"0x00ff","n":null,"f":1.5}`
	f(maria, mysql, told)
	f(maria, "SELECT ? + 1 AS n", `{"n":6}`, "5")
	postgres := sourceOf(servers.PostgreSQL(t), "postgres")
	f(postgres, "SELECT 0.10::numeric(20,10) AS d, 9223372036854775807 AS u, '2026-01-05 09:00+08'::timestamptz AS t, '2026-01-05'::date AS day, '柜台' AS s, '\\x00ff'::bytea AS b, NULL AS n, 'NaN'::float8 AS f, true AS yes",
		`{"d":"0.1000000000","u":9223372036854775807,"t":"2026-01-05T01:00:00Z","day":"2026-01-05","s":"柜台","b":"0x00ff","n":null,"f":"NaN","yes":true}`)
	f(postgres, "SELECT $1::int + 1 AS n", `{"n":6}`, "5")
}

func TestQueryEndsInTimeAndAtTheServer(t *testing.T) {
	env := sourceOf(servers.MariaDB(t), "")
	began := time.Now()
	wantRun(t, env, 1, []string{"RF-SQL-017", "took longer than 300ms"}, "sql", "query", "--timeout", "300ms", "SELECT SLEEP(60)")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	stopped, stop := context.WithCancel(t.Context())
	context.AfterFunc(ctx, stop)
	p, _, errs := newProgram(env...)
	if code := p.run(stopped, []string{"sql", "query", "SELECT SLEEP(61)"}); code != 130 {
		t.Errorf("interrupted: got %d, %s", code, errs)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	until(t, "the statements end at the server", func() bool {
		return wantRun(t, env, 0, nil, "sql", "query", "-o", "csv", "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'") == "n\n0\n"
	})
}

func TestSQLCommandsThatAreWrongSayWhy(t *testing.T) {
	env := []string{"REDFIRE_DATA=" + t.TempDir(), "REDFIRE_SQL__REPORTS__URL=mysql://root:hunter2@127.0.0.1:1/vnpy"}
	f := func(code int, says string, args ...string) {
		t.Helper()
		got, out, errs := runWith(t, env, append([]string{"sql"}, args...)...)
		if got != code || !strings.Contains(errs, says) || strings.Contains(out+errs, "hunter2") {
			t.Errorf("%v: got %d, %q, want %d and %q", args, got, out+errs, code, says)
		}
	}
	f(1, `did you mean "reports"?`, "query", "--source", "report", "SELECT 1")
	f(1, "there are main, reports", "ping", "zzzzzzzz")
	f(1, "RF-SQL-004", "ping", "reports")
	f(1, "RF-SQL-004", "query", "--source", "reports", "SELECT 1")
	f(1, "RF-SQL-006", "query", "SELECT 1")
	f(1, "RF-SQL-006", "backup", "x.db")
	f(2, "RF-SQL-026", "backup", "--source", "reports", "x.sql")
	f(2, "mysqldump", "backup", "--source", "reports", "x.sql")
	f(2, "argument is missing", "query")
	f(2, "--limit and --timeout", "query", "--limit", "0", "SELECT 1")
	f(2, "counted by the server", "slow")
	f(2, "--limit is from", "slow", "--server", "http://127.0.0.1:1", "--limit", "0")
	f(2, "leave out --server", "ping", "--server", "http://127.0.0.1:1")
	f(2, "exclude each other", "pools", "--server", "http://127.0.0.1:1", "--data", "x")
	f(1, "RF-API-019", "pools", "--server", "http://127.0.0.1:1")
	f(1, "RF-API-019", "slow", "--server", "http://127.0.0.1:1")
	if code, out, errs := runWith(t, append(env, "REDFIRE_LANG=zh"), "sql", "query", "DROP TABLE x"); code != 2 || !strings.Contains(errs, "以 DROP 开头的语句可能改动数据库") {
		t.Errorf("in Chinese: got %d, %s%s", code, out, errs)
	}
	// Nothing was made by what only read.
	if files, err := filepath.Glob(filepath.Join(strings.TrimPrefix(env[0], "REDFIRE_DATA="), "*")); err != nil || len(files) > 0 {
		t.Errorf("there is %q, %v", files, err)
	}
}

func TestPoolsPingSlowAndBackupOfAFile(t *testing.T) {
	folder := t.TempDir()
	env := []string{"REDFIRE_DATA=" + folder}
	change(t, env, "CREATE TABLE account (name TEXT)", "INSERT INTO account VALUES ('alpha')")
	wantRun(t, env, 0, []string{"main: the whole of the file is sound", "takes writes", "sqlite 3"}, "sql", "ping", "--check")
	copied := filepath.Join(t.TempDir(), "copy.db")
	wantRun(t, env, 0, []string{"backed up main, 8192 bytes"}, "sql", "backup", copied)
	wantRun(t, env, 2, []string{"RF-SQL-026"}, "sql", "backup", copied)
	wantRun(t, []string{"REDFIRE_SQL__MAIN__URL=sqlite:" + copied}, 0, []string{"alpha"}, "sql", "query", "SELECT * FROM account")
	s := serveAs(t, env, "serve", "--listen", "127.0.0.1:0")
	wantRun(t, nil, 0, []string{"main", "sqlitepool", "ok"}, "sql", "pools", "--server", s.url)
	out := wantRun(t, nil, 0, nil, "sql", "slow", "--server", s.url, "-o", "json")
	var all []map[string]any
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Errorf("got %s: %v", out, err)
	}
	wantRun(t, nil, 1, []string{"RF-SQL-001"}, "sql", "slow", "--server", s.url, "--source", "mein")
}

func TestTooManyConnectionsForAServerAreWarnedOf(t *testing.T) {
	server := servers.MariaDB(t)
	env := append(sourceOf(server, ""), "REDFIRE_SQL__MAIN__MAX_OPEN=140")
	wantRun(t, env, 0, []string{"more than four fifths", "main: 141 of 151"}, "sql", "ping")
}

func TestADeadServerIsToldSoon(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // it never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	wantRun(t, []string{"REDFIRE_SQL__MAIN__URL=mysql://root@" + l.Addr().String() + "/vnpy"}, 1, []string{"RF-SQL-004", "down"}, "sql", "ping")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
