package sqlpooltest

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/sqlpool"
)

// answerRules are about the pool's not being seen.
var answerRules = []rule{
	{name: "values and types are those of database/sql untouched", because: "what works with database/sql must work with a pool", check: sameValues},
	{name: "arguments are taken as database/sql untouched takes them", because: "what works with database/sql must work with a pool", check: sameArguments},
	{name: "prepared statements work over many connections", because: "who prepares once runs for days", check: preparedStatements},
	{name: "a statement that outlives its connection disturbs nobody", because: "the connection is another's by then",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 1 }, check: statementOutlivesConn},
	{name: "one connection is one session", because: "a temporary table belongs to it",
		check: func(t tb, r *rig) {
			c := r.conn(t, "one")
			exec(t, c, "CREATE TEMPORARY TABLE mine (a INT)")
			exec(t, c, "INSERT INTO mine VALUES (7)")
			if n := ask[int](t, c, "SELECT a FROM mine"); n != 7 {
				t.Errorf("got %d", n)
			}
			release(t, c)
		}},
	{name: "Raw gives the driver's connection", because: "COPY and LOAD DATA need it",
		check: func(t tb, r *rig) {
			c := r.conn(t, "raw")
			var kind string
			if err := sqlpool.Raw(c, func(driverConn any) error { kind = fmt.Sprintf("%T", driverConn); return nil }); err != nil {
				t.Errorf("raw: %v", err)
			}
			if kind == "" || strings.Contains(kind, "sqlpool") {
				t.Errorf("it is %s", kind)
			}
			release(t, c)
			eventually(t, "a session as new", func() bool { s := r.Stats(); return s.Resets == 1 })
		}},
	{name: "LastInsertId and RowsAffected are the driver's", because: "programs ask for them",
		check: func(t tb, r *rig) {
			table := r.table(t)
			result := exec(t, r.DB(), "INSERT INTO "+table+" (id, n) VALUES (1, 1), (2, 1)")
			if n, err := result.RowsAffected(); n != 2 || err != nil {
				t.Errorf("RowsAffected: %d, %v", n, err)
			}
			want := exec(t, r.beside, r.put(table, 3, 1))
			got := exec(t, r.DB(), r.put(table, 4, 1))
			wantID, wantErr := want.LastInsertId()
			gotID, gotErr := got.LastInsertId()
			if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) || r.Dialect() == sqlpool.SQLite && gotID != wantID+1 {
				t.Errorf("LastInsertId: %d, %v, and untouched: %d, %v", gotID, gotErr, wantID, wantErr)
			}
		}},
	{name: "a procedure gives all of its results", because: "programs read them by NextResultSet",
		only: []sqlpool.Dialect{sqlpool.MySQL}, check: manyResults},
	{name: "a query without rows is no error, and one of no row is sql.ErrNoRows", because: "programs compare it",
		check: func(t tb, r *rig) {
			table := r.table(t)
			var n int64
			if err := r.DB().QueryRowContext(t.Context(), "SELECT n FROM "+table).Scan(&n); err != sql.ErrNoRows {
				t.Errorf("got %v", err)
			}
		}},
}

func manyResults(t tb, r *rig) {
	exec(t, r.beside, "DROP PROCEDURE IF EXISTS results")
	exec(t, r.beside, "CREATE PROCEDURE results() BEGIN SELECT 1; SELECT 2, 3; END")
	found, err := r.DB().QueryContext(t.Context(), "CALL results()") //nolint:rowserrcheck // closeRows asks
	if err != nil {
		t.Fatalf("call: %v", err)
	}
	defer closeRows(t, found)
	var values []int
	for more := true; more; more = found.NextResultSet() {
		names, err := found.Columns()
		if err != nil {
			t.Errorf("columns: %v", err)
		}
		for found.Next() {
			row, into := make([]int, len(names)), make([]any, len(names))
			for i := range into {
				into[i] = &row[i]
			}
			if err := found.Scan(into...); err != nil {
				t.Errorf("scan: %v", err)
			}
			values = append(values, row...)
		}
	}
	if fmt.Sprint(values) != "[1 2 3]" {
		t.Errorf("got %v", values)
	}
}

// samples are tables of all types with values, by dialect: what makes the table,
// and what reads it.
var samples = map[sqlpool.Dialect][]string{
	sqlpool.MySQL: {
		"CREATE TABLE suitetypes (a TINYINT, b SMALLINT UNSIGNED, c MEDIUMINT, d INT, e BIGINT UNSIGNED, f DECIMAL(20,6), g FLOAT, h DOUBLE, i BIT(9), j DATE, k TIME(3), l DATETIME(6), m TIMESTAMP(6) NULL, n YEAR, o CHAR(4), p VARCHAR(20), q BINARY(3), r VARBINARY(9), s BLOB, u TEXT, v ENUM('a','b'), w SET('a','b'), x JSON, y BOOLEAN, z LONGTEXT)",
		"INSERT INTO suitetypes VALUES (-128, 65535, -8388608, 2147483647, 18446744073709551615, 12345678901234.567891, 1.5, 2.718281828459045, b'101010101', '2026-01-05', '-12:34:56.789', '2026-01-05 01:30:00.123456', '2026-01-05 01:30:00.123456', 2026, '单', '螺纹钢', x'000102', x'ff', x'00ff', 'text', 'b', 'a,b', '{\"a\": 1}', TRUE, '')",
		"INSERT INTO suitetypes (a) VALUES (NULL)",
	},
	sqlpool.PostgreSQL: {
		"CREATE TABLE suitetypes (a SMALLINT, b INTEGER, c BIGINT, d NUMERIC(20,6), e REAL, f DOUBLE PRECISION, g MONEY, h CHAR(4), i VARCHAR(20), j TEXT, k BYTEA, l TIMESTAMP, m TIMESTAMPTZ, n DATE, o TIME, p TIMETZ, q INTERVAL, r BOOLEAN, s POINT, u CIDR, v INET, w MACADDR, x BIT(3), y UUID, z JSON, aa JSONB, ab INTEGER[], ac TEXT[], ad INT4RANGE, ae XML, af OID, ag NAME)",
		"INSERT INTO suitetypes VALUES (-32768, 2147483647, 9223372036854775807, 12345678901234.567891, 1.5, 2.718281828459045, 12.34, '单', '螺纹钢', 'text', '\\x00ff', '2026-01-05 01:30:00.123456', '2026-01-05 09:30:00.123456+08', '2026-01-05', '12:34:56.789', '12:34:56+08', '1 day 2 hours', TRUE, '(1,2)', '10.0.0.0/8', '10.0.0.1', '08:00:2b:01:02:03', B'101', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}', '{\"a\": 1}', '{1,2}', '{a,b}', '[1,3)', '<a/>', 7, 'name')",
		"INSERT INTO suitetypes (a) VALUES (NULL)",
	},
	sqlpool.SQLite: {
		"CREATE TABLE suitetypes (a INTEGER, b BIGINT, c REAL, d TEXT, e BLOB, f NUMERIC, g BOOLEAN, h DATETIME, i DATE, j TIMESTAMP, k DECIMAL(10,2), l VARCHAR(20), m)",
		"INSERT INTO suitetypes VALUES (1, 9223372036854775807, 2.718281828459045, '螺纹钢', x'00ff', 1.5, 1, '2026-01-05 01:30:00.123456+00:00', '2026-01-05', '2026-01-05 01:30:00', 12.34, 'text', x'01')",
		"INSERT INTO suitetypes (a) VALUES (NULL)",
	},
}

// sameValues reads tables of all types through the pool and beside it, by text and
// by a prepared statement, by all ways of scanning.
func sameValues(t tb, r *rig) {
	exec(t, r.beside, "DROP TABLE IF EXISTS suitetypes")
	for _, statement := range samples[r.Dialect()] {
		exec(t, r.beside, statement)
	}
	defer exec(t, r.beside, "DROP TABLE suitetypes")
	for _, query := range []string{"SELECT * FROM suitetypes", "SELECT * FROM suitetypes WHERE 1 = " + r.mark} {
		var args []any
		if strings.HasSuffix(query, r.mark) {
			args = append(args, 1)
		}
		got, want := describe(t, r.DB(), query, args...), describe(t, r.beside, query, args...)
		if got != want || !strings.Contains(got, "NULL") {
			t.Errorf("%s: got\n%s\nand untouched\n%s", query, got, want)
		}
	}
}

// describe is all that a query gives, in text.
func describe(t tb, db execer, query string, args ...any) string {
	t.Helper()
	found, err := db.QueryContext(t.Context(), query, args...) //nolint:rowserrcheck // closeRows asks
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer closeRows(t, found)
	var text strings.Builder
	types, err := found.ColumnTypes()
	if err != nil {
		t.Errorf("the types of the columns: %v", err)
	}
	for _, c := range types {
		length, hasLength := c.Length()
		precision, scale, hasScale := c.DecimalSize()
		null, hasNull := c.Nullable()
		fmt.Fprintln(&text, c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength, precision, scale, hasScale, null, hasNull)
	}
	for found.Next() {
		values, into := make([]any, len(types)), make([]any, len(types))
		texts, intoTexts := make([]sql.NullString, len(types)), make([]any, len(types))
		for i := range into {
			into[i], intoTexts[i] = &values[i], &texts[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Errorf("scan: %v", err)
		}
		for i, v := range values {
			if v == nil {
				v = "NULL"
			}
			fmt.Fprintf(&text, "%s %T %v", types[i].Name(), v, v)
			// Not all can be had as text, but then neither untouched.
			if err := found.Scan(intoTexts...); err != nil {
				fmt.Fprint(&text, " no text")
			}
			fmt.Fprintln(&text, "", texts[i].String)
		}
	}
	return text.String()
}

// closeRows closes rows that were read to their end.
func closeRows(t tb, found *sql.Rows) {
	t.Helper()
	if err := errors.Join(found.Err(), found.Close()); err != nil {
		t.Errorf("read to the end: %v", err)
	}
}

// mine is a type that names itself in the database, by its own words.
type mine struct{ text string }

func sameArguments(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.beside, "DROP TABLE "+table)
	exec(t, r.beside, "CREATE TABLE "+table+" (a VARCHAR(200))")
	text := "text"
	seven := int64(7)
	for _, arg := range []any{nil, "x", []byte("bytes"), 7, int64(-7), uint8(7), 1.5, true, time.Date(2026, 1, 5, 1, 30, 0, 123456000, time.UTC),
		&text, &seven, (*string)(nil), sql.NullString{String: "v", Valid: true}, sql.NullInt64{}, uint64(1) << 63,
		sql.Null[string]{V: "g", Valid: true}, mine{"m"}, []int{1}, struct{}{}, time.Second, sql.Named("a", 1),
	} {
		var outcomes []string
		for _, db := range []execer{r.beside, r.DB()} {
			exec(t, r.beside, "DELETE FROM "+table)
			_, err := db.ExecContext(t.Context(), "INSERT INTO "+table+" (a) VALUES ("+r.mark+")", arg)
			var stored sql.NullString
			if err == nil {
				err = r.beside.QueryRowContext(t.Context(), "SELECT a FROM "+table).Scan(&stored)
			}
			outcomes = append(outcomes, fmt.Sprintf("%v %v %T", stored, err, err))
		}
		if outcomes[0] != outcomes[1] {
			t.Errorf("%s %v: got %s, and untouched %s", reflect.TypeOf(arg), arg, outcomes[1], outcomes[0])
		}
	}
}

// preparedStatements uses some statements from many goroutines, so that their
// connections change hands.
func preparedStatements(t tb, r *rig) {
	table := r.twoRows(t)
	read, err := r.DB().PrepareContext(t.Context(), "SELECT id + "+r.markInt+" FROM "+table+" WHERE id = 1") //nolint:sqlclosecheck // closeStmt does
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	defer closeStmt(t, read)
	write, err := r.DB().PrepareContext(t.Context(), "UPDATE "+table+" SET n = n + "+r.markInt+" WHERE id = 1") //nolint:sqlclosecheck // closeStmt does
	if err != nil {
		t.Fatalf("prepare: %v", err)
	}
	defer closeStmt(t, write)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			for range 20 {
				var n int
				if err := read.QueryRowContext(t.Context(), i).Scan(&n); err != nil || n != 1+i {
					t.Errorf("read: %d, %v, want %d", n, err, 1+i)
				}
				if _, err := write.ExecContext(t.Context(), 1); err != nil {
					t.Errorf("write: %v", err)
				}
				_, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
					//nolint:sqlclosecheck // it ends with the transaction
					_, err := tx.StmtContext(t.Context(), write).ExecContext(t.Context(), 2)
					return err
				})
				if err != nil {
					t.Errorf("write in a transaction: %v", err)
				}
			}
		})
	}
	all.Wait()
	if n := ask[int64](t, r.beside, "SELECT n FROM "+table+" WHERE id = 1"); n != 12*20*3 {
		t.Errorf("the sum is %d, want %d", n, 12*20*3)
	}
}

// closeStmt closes a prepared statement.
func closeStmt(t tb, s *sql.Stmt) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close a prepared statement: %v", err)
	}
}

// statementOutlivesConn closes a statement when another one has its connection.
func statementOutlivesConn(t tb, r *rig) {
	for range 20 {
		c := r.conn(t, "first")
		s, err := c.PrepareContext(t.Context(), "SELECT 1 + "+r.markInt)
		if err != nil {
			t.Fatalf("prepare: %v", err)
		}
		var n int
		if err := s.QueryRowContext(t.Context(), 1).Scan(&n); err != nil || n != 2 {
			t.Errorf("got %d, %v", n, err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 50 {
				if err := takeAndGive(t.Context(), r.DB()); err != nil {
					t.Errorf("the next holder: %v", err)
				}
			}
		}()
		eventually(t, "a waiter", func() bool { return r.Stats().Waiting == 1 })
		release(t, c)
		//nolint:sqlclosecheck // when it is closed is what this is about
		if err := s.Close(); err != nil {
			t.Errorf("close the statement: %v", err)
		}
		<-done
	}
	if s := r.Stats(); s.Lost != 0 {
		t.Errorf("%d connections were lost", s.Lost)
	}
}

// unique is a text that is nowhere else.
func unique() string { return rand.Text() }
