package main

import (
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// sourceOf is the environment in which main is a database of a server.
func sourceOf(s *servers.Server, database string) []string {
	return []string{"REDFIRE_SQL__MAIN__URL=" + s.URL() + "/" + database, "REDFIRE_SQL__MAIN__PASSWORD=" + s.Password}
}

// change runs statements that must succeed.
func change(t *testing.T, env []string, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if code, out, errs := runWith(t, env, "sql", "query", "--write", statement); code != 0 {
			t.Fatalf("%s: got %d, %s%s", statement, code, out, errs)
		}
	}
}

// wantReads runs statements that only read, and such as the database lets through in
// a transaction that only reads, though they change something.
func wantReads(t *testing.T, env []string, reads, others []string) {
	t.Helper()
	for _, statement := range reads {
		if code, out, errs := runWith(t, env, "sql", "query", statement); code != 0 {
			t.Errorf("%s: got %d, %s%s", statement, code, out, errs)
		}
	}
	for _, statement := range others {
		if code, out, errs := runWith(t, env, "sql", "query", statement); code != 2 || !strings.Contains(errs, "RF-SQL-025") || out != "" {
			t.Errorf("%s: got %d, %s%s, want it refused", statement, code, out, errs)
		}
	}
}

// What stands in these lists was let through by the server, or by one of the two, in
// START TRANSACTION READ ONLY, but for the last lines.
func TestQueryOnlyReadsOnMySQLAndMariaDB(t *testing.T) {
	f := func(s *servers.Server) {
		t.Helper()
		env := sourceOf(s, "")
		change(t, env, "CREATE DATABASE guard", "CREATE TABLE guard.t (a INT)", "CREATE TABLE guard.gone (a INT)", "INSERT INTO guard.t VALUES (7)",
			"CREATE PROCEDURE guard.p() INSERT INTO guard.t VALUES (2)",
			"CREATE FUNCTION guard.f() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO guard.t VALUES (3); RETURN 1; END")
		wantReads(t, env,
			[]string{"SELECT a FROM guard.t", "SHOW TABLES FROM guard", "DESCRIBE guard.t", "EXPLAIN SELECT 1", "SELECT 'INTO OUTFILE; DROP' AS x -- INTO", "(SELECT 1)", "SELECT 1;", "SELECT `a` FROM guard.t /* INTO */", `SELECT 'a\';b', "x"`},
			[]string{
				"CREATE TABLE guard.t1 (a INT)", "SELECT 1 INTO OUTFILE '/tmp/redfire-out'", "SELECT 1 INTO DUMPFILE '/tmp/redfire-out'", "SELECT 1 INTO @x",
				"SELECT 1 /*! INTO OUTFILE '/tmp/redfire-out' */", "SELECT 1 /*M! INTO OUTFILE '/tmp/redfire-out' */", "SET GLOBAL max_connections = 150", "SELECT GET_LOCK('a', 1)",
				"ANALYZE TABLE guard.t", "OPTIMIZE TABLE guard.t", "FLUSH TABLES", "DO SLEEP(0)", "RESET MASTER", "PURGE BINARY LOGS BEFORE NOW()", "LOCK TABLES guard.t WRITE",
				"COMMIT", "START TRANSACTION", "PREPARE s FROM 'SELECT 1'", "TRUNCATE guard.t", "DROP TABLE guard.gone", "HANDLER guard.t OPEN", "SELECT @x := 1",
				"CALL guard.p()", "SELECT 1; DROP TABLE guard.gone", "SELECT NEXT VALUE FOR guard.s", "KILL 99999", "SELECT 1--2; DROP TABLE guard.gone",
				"SELECT guard.f()", "SELECT * FROM guard.t FOR UPDATE", "INSERT INTO guard.t VALUES (1)",
			})
		if code, out, _ := runWith(t, env, "sql", "query", "-o", "csv", "SELECT COUNT(*) AS n FROM guard.t"); code != 0 || out != "n\n1\n" {
			t.Errorf("afterwards: got %d, %q", code, out)
		}
	}
	f(servers.MariaDB(t))
	f(servers.MySQL(t))
}

func TestQueryOnlyReadsOnPostgreSQL(t *testing.T) {
	env := sourceOf(servers.PostgreSQL(t), "postgres")
	change(t, env, "CREATE TABLE guard (a INT)", "INSERT INTO guard VALUES (7)", "CREATE SEQUENCE guard_s", "CREATE PROCEDURE guard_p() LANGUAGE sql AS 'INSERT INTO guard VALUES (2)'",
		"CREATE FUNCTION guard_f() RETURNS INT LANGUAGE sql AS 'INSERT INTO guard VALUES (3); SELECT 1'")
	wantReads(t, env,
		[]string{
			"SELECT a FROM guard", "TABLE guard", "VALUES (1)", "SHOW work_mem", "EXPLAIN ANALYZE SELECT 1", "SELECT 'a;b', $$;DROP$$, $x$ ; $x$, E'\\';'", "SELECT 1 /* a /* ; */ ; */", "SELECT now() -- ; x",
			"SELECT pg_backend_pid()", "WITH x AS (SELECT 1) SELECT * FROM x",
		},
		[]string{
			"SELECT pg_terminate_backend(0)", "SELECT pg_cancel_backend (0)", "SELECT pg_reload_conf()", "SELECT \"pg_reload_conf\"()", "SELECT U&\"pg\\005freload_conf\"()", "SELECT pg_catalog.pg_reload_conf()",
			"COPY (SELECT 1) TO PROGRAM 'touch /tmp/redfire-out'", "COPY (SELECT 1) TO '/tmp/redfire-out'", "SELECT set_config('work_mem', '5MB', false)", "SET work_mem = '5MB'", "SET TRANSACTION READ WRITE",
			"SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT pg_notify('a', 'b')", "NOTIFY a", "LISTEN a", "SELECT pg_advisory_lock(1)", "SELECT pg_switch_wal()",
			"SELECT pg_create_restore_point('x')", "SELECT pg_stat_reset()", "SELECT pg_rotate_logfile()", "SELECT pg_logical_emit_message(false, 'a', 'b')",
			"SELECT pg_create_physical_replication_slot('x')", "SELECT pg_drop_replication_slot('x')", "CHECKPOINT", "COMMIT", "LOCK TABLE guard", "PREPARE q AS SELECT 1", "SELECT pg_backup_start('x')",
			"SELECT pg_import_system_collations('pg_catalog')", "SELECT pg_log_backend_memory_contexts(pg_backend_pid())",
			"SELECT nextval('guard_s')", "CALL guard_p()", "DO $$ BEGIN INSERT INTO guard VALUES (1); END $$", "SELECT 1 INTO other", "SELECT 1; SELECT 2",
			"SELECT guard_f()", "WITH x AS (INSERT INTO guard VALUES (5) RETURNING a) SELECT * FROM x", "EXPLAIN ANALYZE INSERT INTO guard VALUES (6)", "SELECT * FROM guard FOR UPDATE", "SELECT setval('guard_s', 9)",
		})
	if code, out, _ := runWith(t, env, "sql", "query", "-o", "csv", "SELECT COUNT(*) AS n FROM guard"); code != 0 || out != "n\n1\n" {
		t.Errorf("afterwards: got %d, %q", code, out)
	}
}

func TestQueryOnlyReadsOnSQLite(t *testing.T) {
	folder := t.TempDir()
	env := []string{"REDFIRE_DATA=" + folder}
	change(t, env, "CREATE TABLE guard (a INT)", "INSERT INTO guard VALUES (7)", "CREATE TRIGGER guard_t AFTER DELETE ON guard BEGIN SELECT 1; SELECT 2; END")
	wantReads(t, env,
		[]string{
			"SELECT a FROM guard", "PRAGMA user_version", "PRAGMA main.user_version", "PRAGMA table_info(guard)", "PRAGMA table_info('guard')", "PRAGMA integrity_check", "EXPLAIN DELETE FROM guard",
			"SELECT * FROM pragma_user_version", "VALUES (1)", "SELECT [a] FROM guard", "SELECT 'it''s; one'",
		},
		[]string{
			"ATTACH '" + folder + "/y.db' AS y", "PRAGMA query_only = 0", "PRAGMA query_only(0)", "PRAGMA main.user_version(7)", "PRAGMA user_version = 5", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_checkpoint",
			"REINDEX", "PRAGMA optimize", "COMMIT", "SAVEPOINT a", "PRAGMA writable_schema = 1", "VACUUM INTO '" + folder + "/v.db'", "SELECT 1; DELETE FROM guard", "SELECT load_extension('x')",
			"PRAGMA query_only = 0; DELETE FROM guard", "WITH x AS (SELECT 1) DELETE FROM guard", "PRAGMA", "PRAGMA nonsense",
		})
	if code, out, _ := runWith(t, env, "sql", "query", "-o", "csv", "SELECT COUNT(*) AS n FROM guard"); code != 0 || out != "n\n1\n" {
		t.Errorf("afterwards: got %d, %q", code, out)
	}
}

func TestAStatementIsUnderstoodWhateverItsQuotes(t *testing.T) {
	f := func(d sqlpool.Dialect, text, first string, several bool) {
		t.Helper()
		if u := understand(text, d); u.first != first || u.several != several {
			t.Errorf("%s: %s: got %q, several: %v", d, text, u.first, u.several)
		}
	}
	for _, d := range []sqlpool.Dialect{sqlpool.MySQL, sqlpool.PostgreSQL, sqlpool.SQLite} {
		f(d, "", "", false)
		f(d, " ; ", "", false)
		f(d, "-- only this", "", false)
		f(d, "/* a */ select 1 ; -- b", "SELECT", false)
		f(d, "select ';'; select 2", "SELECT", true)
		f(d, "select 'a", "SELECT", false)
		f(d, "/* a", "", false)
	}
	f(sqlpool.MySQL, `select 'a\'; drop table x'`, "SELECT", false)
	f(sqlpool.SQLite, `select 'a\'; drop table x`, "SELECT", true)
	f(sqlpool.PostgreSQL, `select 'a\'; drop table x`, "SELECT", true)
	f(sqlpool.PostgreSQL, `select $a$ ; $b$ ; $a$`, "SELECT", false)
	f(sqlpool.PostgreSQL, `select x$a$ ; drop table y -- $a$`, "SELECT", true)
	f(sqlpool.PostgreSQL, "select $a$ ; ", "SELECT", false)
	f(sqlpool.MySQL, "select 1 # ; a\n", "SELECT", false)
	f(sqlpool.MySQL, "select 1--1; drop table y", "SELECT", true)
}

func FuzzUnderstand(f *testing.F) {
	for _, seed := range []string{"select 1", "$a$", "'\\", "/*/*", "[x", "U&\"a\"", "`", "$$;$$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []sqlpool.Dialect{sqlpool.MySQL, sqlpool.PostgreSQL, sqlpool.SQLite} {
			if err := understand(text, d).refuseWrites(d); err == nil && strings.TrimSpace(text) == "" {
				t.Error("nothing is a statement")
			}
		}
	})
}
