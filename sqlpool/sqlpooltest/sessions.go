package sqlpooltest

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/redfire-quant/redfire/sqlpool"
)

// A left is what a holder leaves in its session.
type left struct {
	what    string
	dialect sqlpool.Dialect
	leave   []string // what the holder runs
	ask     string   // a query of one value, which tells
	fails   bool     // the query fails in a session that is as new
	outside bool     // it is asked in another session, and must be the same as before
	unseen  bool     // the statement does not tell: only ResetAlways helps
}

// TABLE stands for the name of the rule's table.
var lefts = []left{
	{what: "an open transaction", dialect: sqlpool.MySQL, leave: []string{"BEGIN", "INSERT INTO TABLE (id, n) VALUES (77, 1)"}, ask: "SELECT COUNT(*) FROM TABLE WHERE id = 77"},
	{what: "an XA transaction", dialect: sqlpool.MySQL, leave: []string{"XA START 'x'"}, ask: "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = CONNECTION_ID()"},
	{what: "a setting", dialect: sqlpool.MySQL, leave: []string{"SET SESSION sql_mode = ''"}, ask: "SELECT @@sql_mode"},
	{what: "a user variable", dialect: sqlpool.MySQL, leave: []string{"SET @mine = 7"}, ask: "SELECT COALESCE(@mine, 'none')"},
	{what: "a user variable of a select", dialect: sqlpool.MySQL, leave: []string{"SELECT @mine := 7"}, ask: "SELECT COALESCE(@mine, 'none')"},
	{what: "a user variable by INTO", dialect: sqlpool.MySQL, leave: []string{"SELECT 7 INTO @mine"}, ask: "SELECT COALESCE(@mine, 'none')"},
	{what: "a user variable of a procedure", dialect: sqlpool.MySQL, leave: []string{"DROP PROCEDURE IF EXISTS mine", "CREATE PROCEDURE mine() SET @mine = 7", "CALL mine()"}, ask: "SELECT COALESCE(@mine, 'none')", unseen: true},
	{what: "a temporary table", dialect: sqlpool.MySQL, leave: []string{"CREATE TEMPORARY TABLE mine (a INT)"}, ask: "SELECT COUNT(*) FROM mine", fails: true},
	{what: "a lock by name", dialect: sqlpool.MySQL, leave: []string{"DO GET_LOCK('mine', 0)"}, ask: "SELECT IS_FREE_LOCK('mine')", outside: true},
	{what: "locked tables", dialect: sqlpool.MySQL, leave: []string{"LOCK TABLES TABLE READ"}, ask: "SELECT COUNT(*) FROM information_schema.processlist WHERE 1 = 0"},
	{what: "autocommit off", dialect: sqlpool.MySQL, leave: []string{"SET autocommit = 0"}, ask: "SELECT @@autocommit"},
	{what: "another database", dialect: sqlpool.MySQL, leave: []string{"USE information_schema"}, ask: "SELECT DATABASE()"},
	{what: "a limit to waiting", dialect: sqlpool.MySQL, leave: []string{"SET SESSION innodb_lock_wait_timeout = 77"}, ask: "SELECT @@innodb_lock_wait_timeout"},
	{what: "a time zone", dialect: sqlpool.MySQL, leave: []string{"SET time_zone = '+08:00'"}, ask: "SELECT @@time_zone"},

	{what: "an open transaction", dialect: sqlpool.PostgreSQL, leave: []string{"BEGIN", "INSERT INTO TABLE (id, n) VALUES (77, 1)"}, ask: "SELECT COUNT(*)::text FROM TABLE WHERE id = 77"},
	{what: "a failed transaction", dialect: sqlpool.PostgreSQL, leave: []string{"BEGIN", "!SELECT 1/0"}, ask: "SELECT 1"},
	{what: "a setting", dialect: sqlpool.PostgreSQL, leave: []string{"SET work_mem = '77MB'"}, ask: "SHOW work_mem"},
	{what: "a setting by function", dialect: sqlpool.PostgreSQL, leave: []string{"SELECT set_config('work_mem', '77MB', false)"}, ask: "SHOW work_mem"},
	{what: "a setting of one's own", dialect: sqlpool.PostgreSQL, leave: []string{"SET app.who = 'me'"}, ask: "SELECT COALESCE(NULLIF(current_setting('app.who', true), ''), 'none')"},
	{what: "a setting of a block", dialect: sqlpool.PostgreSQL, leave: []string{"DO 'BEGIN EXECUTE ''SET work_mem = 78000''; END'"}, ask: "SHOW work_mem"},
	{what: "a setting of a function", dialect: sqlpool.PostgreSQL, leave: []string{"CREATE OR REPLACE FUNCTION mine() RETURNS int AS 'SET work_mem = 79000; SELECT 1' LANGUAGE sql", "SELECT mine()"}, ask: "SHOW work_mem", unseen: true},
	{what: "a search path", dialect: sqlpool.PostgreSQL, leave: []string{"SET search_path = pg_catalog"}, ask: "SHOW search_path"},
	{what: "a role", dialect: sqlpool.PostgreSQL, leave: []string{"SET ROLE pg_read_all_data"}, ask: "SELECT current_user::text"},
	{what: "a temporary table", dialect: sqlpool.PostgreSQL, leave: []string{"CREATE TEMP TABLE mine (a INT)"}, ask: "SELECT COUNT(*) FROM mine", fails: true},
	{what: "a temporary table by INTO", dialect: sqlpool.PostgreSQL, leave: []string{"SELECT 1 AS a INTO TEMP mine"}, ask: "SELECT COUNT(*) FROM mine", fails: true},
	{what: "a temporary table by schema", dialect: sqlpool.PostgreSQL, leave: []string{"CREATE TABLE pg_temp.mine (a INT)"}, ask: "SELECT COUNT(*) FROM mine", fails: true},
	{what: "an advisory lock", dialect: sqlpool.PostgreSQL, leave: []string{"SELECT pg_advisory_lock(77)"}, ask: "SELECT COUNT(*)::text FROM pg_locks WHERE locktype = 'advisory' AND objid = 77", outside: true},
	{what: "listening", dialect: sqlpool.PostgreSQL, leave: []string{"LISTEN mine"}, ask: "SELECT COUNT(*)::text FROM pg_listening_channels()"},
	{what: "a cursor", dialect: sqlpool.PostgreSQL, leave: []string{"DECLARE mine CURSOR WITH HOLD FOR SELECT 1"}, ask: "SELECT COUNT(*)::text FROM pg_cursors WHERE name = 'mine'"},
	{what: "a prepared statement", dialect: sqlpool.PostgreSQL, leave: []string{"PREPARE mine AS SELECT 1"}, ask: "SELECT COUNT(*)::text FROM pg_prepared_statements WHERE name = 'mine'"},

	{what: "an open transaction", dialect: sqlpool.SQLite, leave: []string{"BEGIN IMMEDIATE", "INSERT INTO TABLE (id, n) VALUES (77, 1)"}, ask: "SELECT COUNT(*) FROM TABLE WHERE id = 77"},
	{what: "a savepoint", dialect: sqlpool.SQLite, leave: []string{"SAVEPOINT mine", "INSERT INTO TABLE (id, n) VALUES (77, 1)"}, ask: "SELECT COUNT(*) FROM TABLE WHERE id = 77"},
	{what: "a setting", dialect: sqlpool.SQLite, leave: []string{"PRAGMA foreign_keys = OFF"}, ask: "PRAGMA foreign_keys"},
	{what: "writing forbidden", dialect: sqlpool.SQLite, leave: []string{"PRAGMA query_only = ON"}, ask: "PRAGMA query_only"},
	{what: "a temporary table", dialect: sqlpool.SQLite, leave: []string{"CREATE TEMP TABLE mine (a INT)"}, ask: "SELECT COUNT(*) FROM mine", fails: true},
	{what: "a temporary view", dialect: sqlpool.SQLite, leave: []string{"CREATE TEMPORARY VIEW mine AS SELECT 1"}, ask: "SELECT COUNT(*) FROM mine", fails: true},
	{what: "a temporary table by schema", dialect: sqlpool.SQLite, leave: []string{"CREATE TABLE temp.mine (a INT)"}, ask: "SELECT COUNT(*) FROM mine", fails: true},
	{what: "an attached database", dialect: sqlpool.SQLite, leave: []string{"ATTACH ':memory:' AS mine"}, ask: "SELECT COUNT(*) FROM pragma_database_list WHERE name = 'mine'"},
}

// sessionRules are about what a session is when it is lent.
var sessionRules = append(leftRules(),
	rule{name: "the session is made as new always, if the source says so", because: "nobody can tell what a function of one's own leaves",
		limits: func(s *sqlpool.Source) { s.MaxOpen, s.ResetAlways = 1, true },
		check: func(t tb, r *rig) {
			for range 5 {
				ask[int](t, r.DB(), "SELECT 1")
			}
			eventually(t, "five resets", func() bool { return r.Stats().Resets == 5 })
		}},
	rule{name: "a plain statement costs no reset", because: "a reset costs as much as a select",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 1 },
		check: func(t tb, r *rig) {
			table := r.table(t)
			exec(t, r.DB(), r.put(table, 1, 1))
			exec(t, r.DB(), r.set(table, 1, 2))
			ask[int64](t, r.DB(), "SELECT n FROM "+table+" WHERE id = "+r.mark, 1)
			if _, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), r.set(table, 1, 3))
				return err
			}); err != nil {
				t.Errorf("a transaction: %v", err)
			}
			if s := r.Stats(); s.Resets != 0 || s.Opened != 1 {
				t.Errorf("%d resets and %d connections, want none and one", s.Resets, s.Opened)
			}
		}},
	rule{name: "OnConnect runs in each session first", because: "what a program relies on must not depend on who had the connection before",
		limits: func(s *sqlpool.Source) { s.OnConnect = []string{"CREATE TEMPORARY TABLE ready (a INT)"} },
		check: func(t tb, r *rig) {
			for i := range 3 {
				c := r.conn(t, fmt.Sprint(i))
				exec(t, c, "INSERT INTO ready VALUES (1)")
				if n := rows(t, c, "ready"); n != 1 {
					t.Errorf("%d rows, want the one of this session", n)
				}
				exec(t, c, "DROP TABLE ready")
				exec(t, c, "CREATE TEMPORARY TABLE another (a INT)")
				release(t, c)
			}
		}},
)

func leftRules() []rule {
	all := make([]rule, len(lefts))
	for i, l := range lefts {
		all[i] = rule{
			name: "the next holder does not meet " + l.what, because: "a session is lent as new",
			only:   []sqlpool.Dialect{l.dialect},
			limits: func(s *sqlpool.Source) { s.MaxOpen, s.ResetAlways = 1, l.unseen },
			check:  func(t tb, r *rig) { leaveBehind(t, r, l) },
		}
	}
	return all
}

// leaveBehind holds that what is left is gone, also for one who waited for the
// connection, and that the session is one to work with.
func leaveBehind(t tb, r *rig, l left) {
	table := r.table(t)
	query := inTable(l.ask, table)
	var before string
	if !l.fails {
		before = ask[string](t, r.beside, query)
	}
	check := func(db execer, who string) {
		t.Helper()
		var got string
		err := db.QueryRowContext(t.Context(), query).Scan(&got)
		switch {
		case l.fails && err == nil:
			t.Errorf("%s meets it", who)
		case !l.fails && (err != nil || got != before):
			t.Errorf("%s: %s gives %q, %v, want %q", who, query, got, err, before)
		}
	}
	for round := range 2 {
		holder := r.conn(t, "holder")
		leave(t, holder, l, table)
		waited := make(chan struct{})
		go func() {
			defer close(waited)
			if round == 0 {
				return
			}
			c, err := r.DB().Conn(t.Context())
			if err != nil {
				t.Errorf("who waited got %v", err)
				return
			}
			check(c, "who waited")
			release(t, c)
		}()
		if round == 1 {
			eventually(t, "a waiter", func() bool { return r.Stats().Waiting == 1 })
		}
		release(t, holder)
		<-waited
		check(r.DB(), "the next holder")
		if l.outside {
			check(r.beside, "somebody else")
		}
		if _, err := r.DB().ExecContext(t.Context(), r.put(table, int64(100+round), 1)); err != nil {
			t.Errorf("the next holder cannot write: %v", err)
		}
		if n := rows(t, r.beside, table); n != int64(round+1) {
			t.Errorf("others see %d rows, want %d", n, round+1)
		}
	}
}

// leave runs what leaves something behind. An exclamation mark tells what fails.
func leave(t tb, c *sql.Conn, l left, table string) {
	t.Helper()
	for _, statement := range l.leave {
		if statement[0] == '!' {
			if _, err := c.ExecContext(t.Context(), statement[1:]); err == nil {
				t.Errorf("%s did not fail", statement[1:])
			}
			continue
		}
		runWhole(t, c, inTable(statement, table))
	}
}

// runWhole runs a statement whether it has rows or not, and reads them.
func runWhole(t tb, c *sql.Conn, statement string) {
	t.Helper()
	found, err := c.QueryContext(context.WithoutCancel(t.Context()), statement) //nolint:rowserrcheck // closeRows asks
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer closeRows(t, found)
	for found.Next() {
		continue
	}
}
