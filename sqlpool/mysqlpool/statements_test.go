package mysqlpool

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// one opens a database by a single connection.
func one(t testing.TB, source sqlpool.Source) *sql.DB {
	t.Helper()
	db := open(t, source)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	return db
}

// askPrepared is ask by a statement that is prepared, and closed.
func askPrepared[T any](t testing.TB, db *sql.DB, query string, args ...any) T {
	t.Helper()
	stmt, err := db.PrepareContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	var v T
	if err := stmt.QueryRowContext(t.Context(), args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// execPrepared is exec by a statement that is prepared, and closed.
func execPrepared(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	stmt, err := db.PrepareContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	if _, err := stmt.ExecContext(t.Context(), args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// status returns a counter of the session of db.
func status(t testing.TB, db execer, name string) int {
	t.Helper()
	var label string
	var value int
	if err := db.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE '"+name+"'").Scan(&label, &value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// atServer returns how many statements the server keeps for all.
func atServer(t testing.TB, db execer) int {
	t.Helper()
	var label string
	var value int
	if err := db.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").Scan(&label, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// alone waits until the server has forgotten the sessions of other tests, with
// their statements.
func alone(t testing.TB, db execer) {
	t.Helper()
	waitFor(t, "the statements of others to go", func() bool { return atServer(t, db) == 0 })
}

func TestATextIsPreparedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		db := one(t, sourceOf(s, ""))
		for i := range 20 {
			if got := ask[int](t, db, "SELECT ? + 1", i); got != i+1 {
				t.Fatalf("got %d, want %d", got, i+1)
			}
			exec(t, db, "DO ?", i)
		}
		if got := askPrepared[int](t, db, "SELECT ? + 1", 5); got != 6 {
			t.Errorf("got %d, want 6", got)
		}
		ask[int](t, db, "SELECT ? + 1", 1)
		// MySQL prepares one by itself when a parameter is of another type than it
		// thought.
		n := status(t, db, "Com_stmt_prepare")
		if strings.EqualFold(s.Engine.Name, onlyMySQL) {
			n -= status(t, db, "Com_stmt_reprepare")
		}
		if n != 2 {
			t.Errorf("%d statements were prepared, want 2", n)
		}
		if n := status(t, db, "Com_stmt_close"); n != 0 {
			t.Errorf("%d statements were closed, want none", n)
		}
	})
}

func TestStatementsThatAreNotKept(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		db := one(t, sourceOf(s, ""))
		alone(t, db)
		long := "SELECT ? + 1 /* " + strings.Repeat("x", longestKept) + " */"
		for i := range 3 {
			if got := ask[int](t, db, long, i); got != i+1 {
				t.Errorf("got %d, want %d", got, i+1)
			}
		}
		ask[int](t, db, "SELECT ?", 1) // what nobody uses is closed before
		if n := atServer(t, db); n != 1 {
			t.Errorf("the server keeps %d statements, want 1", n)
		}
		for i := range 3 * keptStatements {
			ask[int](t, db, fmt.Sprintf("SELECT ? + %d", i), 1)
		}
		if n := atServer(t, db); n > keptStatements+1 {
			t.Errorf("the server keeps %d statements, want at most %d", n, keptStatements+1)
		}
		// The last used are those that are kept.
		n := status(t, db, "Com_stmt_prepare")
		ask[int](t, db, fmt.Sprintf("SELECT ? + %d", 2*keptStatements), 1)
		if more := status(t, db, "Com_stmt_prepare") - n; more != 0 {
			t.Errorf("%d statements were prepared, want none", more)
		}
	})
}

func TestAStatementInUseOutlivesItsPlace(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		root := one(t, sourceOf(s, ""))
		alone(t, root)
		c := connect(t, newEngine(t, sourceOf(s, "")))
		stmt, err := c.PrepareContext(t.Context(), "SELECT ? + 100")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 * keptStatements {
			queryAll(t, c, fmt.Sprintf("SELECT ? + %d", i), int64(i))
		}
		rows, err := stmt.(driver.StmtQueryContext).QueryContext(t.Context(), arguments(int64(7)))
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, rows); got != "[[107]]" {
			t.Errorf("got %s", got)
		}
		if err := errors.Join(stmt.Close(), stmt.Close()); err != nil {
			t.Error(err)
		}
		c.closeUnused()
		waitFor(t, "the statement to be closed", func() bool { return atServer(t, root) == keptStatements })
	})
}

func TestStatementsSurviveChangesOfTheirTables(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		source := database(t, s, "changes")
		db, other := one(t, source), one(t, source)
		query := "SELECT * FROM x WHERE id >= ? ORDER BY id"
		f := func(change, want string) {
			t.Helper()
			if change != "" {
				exec(t, other, change)
			}
			rows, err := db.QueryContext(t.Context(), query, 0)
			if err != nil {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %v, want %s", change, err, want)
				}
				return
			}
			if got := readAll(t, rows); got != want {
				t.Errorf("%s: got %s, want %s", change, got, want)
			}
		}
		exec(t, other, "CREATE TABLE x (id INT PRIMARY KEY, a INT)")
		f("INSERT INTO x VALUES (1, 10)", "id a [1 10]")
		f("ALTER TABLE x ADD COLUMN b VARCHAR(10) DEFAULT 'b'", "id a b [1 10 b]")
		f("ALTER TABLE x DROP COLUMN a", "id b [1 b]")
		f("ALTER TABLE x MODIFY COLUMN id BIGINT", "id b [1 b]")
		f("ALTER TABLE x RENAME COLUMN b TO c", "id c [1 b]")
		f("CREATE INDEX i ON x (c)", "id c [1 b]")
		f("ANALYZE TABLE x", "id c [1 b]")
		f("TRUNCATE x", "id c")
		f("DROP TABLE x", "doesn't exist")
		f("CREATE TABLE x (id VARCHAR(5), z DATE)", "id z")
		f("INSERT INTO x VALUES ('7', '2026-01-05')", "id z [7 2026-01-05 00:00:00 +0000 UTC]")
		f("FLUSH TABLES", "id z [7 2026-01-05 00:00:00 +0000 UTC]")
	})
}

// TestRowsThatNobodyWants runs statements for their effect that give rows, fewer
// than they have columns.
func TestRowsThatNobodyWants(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		db := one(t, database(t, s, "unwanted"))
		exec(t, db, "CREATE TABLE x (id INT, a INT, b INT)")
		text := "SELECT id, a, b FROM x WHERE id = ?"
		stmt, err := db.PrepareContext(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 3 {
			if got := result(db.ExecContext(ctx, text, 1)); got != "0 0 <nil> <nil>" {
				t.Fatal(got)
			}
			if got := query(t, db.QueryContext, text, 1); got != "id a b" {
				t.Errorf("got %s", got)
			}
			if _, err := stmt.ExecContext(ctx, 1); err != nil {
				t.Fatal(err)
			}
		}
		if strings.EqualFold(s.Engine.Name, onlyMySQL) {
			return
		}
		for range 3 {
			if _, err := db.ExecContext(ctx, "INSERT INTO x (id) VALUES (?) RETURNING id, a, b", 1); err != nil {
				t.Fatal(err)
			}
		}
		if got := ask[int](t, db, "SELECT COUNT(*) FROM x WHERE id = ?", 1); got != 3 {
			t.Errorf("%d rows were inserted, want 3", got)
		}
	})
}

// TestAStatementThatTheServerLost closes a statement behind the back of the
// connection.
func TestAStatementThatTheServerLost(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		c := connect(t, newEngine(t, sourceOf(s, "")))
		handle, err := c.PrepareContext(t.Context(), "SELECT ? + 1")
		if err != nil {
			t.Fatal(err)
		}
		for round := range 3 {
			// A statement of the driver forgets the connection when it is closed:
			// another one closes it.
			p := c.statements.find("SELECT ? + 1")
			id := idOf(p.stmt)
			closeAtServer(t, c, id)
			if got := queryAll(t, c, "SELECT ? + 1", int64(round)); got != fmt.Sprintf("[[%d]]", round+1) {
				t.Errorf("round %d: got %s", round, got)
			}
			if idOf(p.stmt) == id {
				t.Error("it was not prepared again")
			}
			closeAtServer(t, c, idOf(p.stmt))
			rows, err := handle.(driver.StmtQueryContext).QueryContext(t.Context(), arguments(int64(5)))
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, rows); got != "[[6]]" {
				t.Errorf("round %d: got %s", round, got)
			}
		}
		if n := c.statements.order.Len(); n != 1 {
			t.Errorf("%d statements are kept, want 1", n)
		}
	})
}

// idOf is the number of a statement at the server.
func idOf(stmt statementContext) uint32 {
	return uint32(reflect.ValueOf(stmt).Elem().FieldByName("id").Uint()) //nolint:gosec // it is one
}

// closeAtServer sends COM_STMT_CLOSE, which is not answered.
func closeAtServer(t testing.TB, c *conn, id uint32) {
	t.Helper()
	packet := binary.LittleEndian.AppendUint32([]byte{5, 0, 0, 0, 0x19}, id)
	if _, err := c.raw.Write(packet); err != nil {
		t.Fatal(err)
	}
}

func TestAServerThatTakesNoMoreStatements(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		root, db := one(t, sourceOf(s, "")), one(t, sourceOf(s, ""))
		alone(t, root)
		before := ask[int](t, root, "SELECT @@max_prepared_stmt_count")
		for i := range 10 {
			ask[int](t, db, fmt.Sprintf("SELECT ? + %d", i), 1)
		}
		exec(t, root, fmt.Sprintf("SET GLOBAL max_prepared_stmt_count = %d", atServer(t, root)))
		defer exec(t, root, fmt.Sprintf("SET GLOBAL max_prepared_stmt_count = %d", before))
		if got := ask[int](t, db, "SELECT ? + 100", 1); got != 101 {
			t.Errorf("with its own closed: got %d", got)
		}
		if n := status(t, db, "Com_stmt_close"); n != 10 {
			t.Errorf("%d statements were closed, want 10", n)
		}
		exec(t, root, "SET GLOBAL max_prepared_stmt_count = 0")
		if got := ask[int](t, db, "SELECT ? + 200", 1); got != 201 {
			t.Errorf("with none at all: got %d", got)
		}
		if got := ask[string](t, db, "SELECT CONCAT(?, '!')", `'"\ 数据😀`); got != `'"\ 数据😀!` {
			t.Errorf("with none at all: got %q", got)
		}
		if got := askPrepared[int](t, db, "SELECT ? + 300", 1); got != 301 {
			t.Errorf("a prepared one: got %d", got)
		}
		execPrepared(t, one(t, sourceOf(s, "")), "DO ?", 1)
	})
}

func TestUnprepared(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		source := sourceOf(s, "")
		source.Unprepared = true
		db := one(t, source)
		if got := ask[string](t, db, "SELECT CONCAT(?, ?)", "it's", 7); got != "it's7" {
			t.Errorf("got %q", got)
		}
		exec(t, db, "DO ?", 1)
		if got := askPrepared[string](t, db, "SELECT ?", "x"); got != "x" {
			t.Errorf("got %q", got)
		}
		execPrepared(t, db, "DO ?", "x")
		e := newEngine(t, source)
		if _, err := db.ExecContext(t.Context(), "DO ?", 1, 2); e.Classify(err) != sqlpool.Syntax {
			t.Errorf("an argument too many: got %v", err)
		}
		if n := status(t, db, "Com_stmt_prepare"); n != 0 {
			t.Errorf("%d statements were prepared", n)
		}
	})
}

// TestTwoQueriesAtOnce shows that of one connection only one query at a time has
// rows to be read, so that nobody can run a kept statement under the rows that it
// gives: the driver refuses, with and without ours.
func TestTwoQueriesAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		f := func(name string, db *sql.DB) {
			defer db.Close()
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			text := "SELECT a.collation_name FROM information_schema.collations a, information_schema.collations b WHERE a.id > ?"
			rows, err := tx.QueryContext(t.Context(), text, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			if !rows.Next() {
				t.Fatal(rows.Err())
			}
			if got := query(t, tx.QueryContext, text, 0); got != "driver: bad connection" && got != "busy buffer" {
				t.Errorf("%s: a second query: %.100s", name, got)
			}
			_ = errors.Join(rows.Err(), tx.Rollback()) // they may fail
			// The connection is either gone or in order.
			if got := ask[int](t, db, "SELECT ? + 1", 1); got != 2 {
				t.Errorf("%s: got %d", name, got)
			}
		}
		f("ours", one(t, sourceOf(s, "")))
		f("the driver's", plain(t, s, ""))
		// Of two connections, both have their own statement.
		db := open(t, sourceOf(s, ""))
		var all [2]*sql.Rows
		for i := range all {
			rows, err := db.QueryContext(t.Context(), "SELECT ? UNION SELECT 2", 1) //nolint:sqlclosecheck,rowserrcheck // readAll does both
			if err != nil {
				t.Fatal(err)
			}
			all[i] = rows
		}
		for _, rows := range all {
			if got := readAll(t, rows); !strings.HasSuffix(got, "[1] [2]") {
				t.Errorf("got %s", got)
			}
		}
	})
}

// plain opens a database by the driver alone.
func plain(t testing.TB, s *servers.Server, name string) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", s.Addr, s.User, s.Password, name
	config.ParseTime, config.Logger = true, &mysql.NopLogger{}
	config.Params = map[string]string{"time_zone": "'+00:00'"}
	inner, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(inner)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestRandomPrograms runs the same statements over ours and over the driver
// alone, each with its own table.
func TestRandomPrograms(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		ours, theirs := one(t, database(t, s, "ours")), plain(t, s, "")
		exec(t, theirs, "DROP DATABASE IF EXISTS theirs")
		exec(t, theirs, "CREATE DATABASE theirs")
		theirs = plain(t, s, "theirs")
		const seed = 7
		random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the same each time
		p := program{t: t, dbs: [2]*sql.DB{ours, theirs}}
		for step := range fewer.Of(600) {
			if outcome := p.step(random); outcome[0] != outcome[1] {
				t.Fatalf("step %d, %s: ours: %s\nthe driver's: %s", step, p.did, outcome[0], outcome[1])
			}
		}
	})
}

// A program does the same to two databases.
type program struct {
	t     testing.TB
	dbs   [2]*sql.DB
	stmts [][2]*sql.Stmt
	did   string
}

func (p *program) step(random *rand.Rand) (outcome [2]string) {
	value := random.IntN(20)
	texts := []string{
		"SELECT * FROM x WHERE id >= ? ORDER BY id LIMIT 5", "INSERT INTO x (id) VALUES (?)", "DELETE FROM x WHERE id = ?",
		"SELECT COUNT(*) FROM x WHERE id < ?", "SELECT * FROM nowhere WHERE id = ?", "SELEC ?", "SELECT ? + 1, 'two', NULL, NOW() > 0",
	}
	for i := range 200 {
		texts = append(texts, fmt.Sprintf("SELECT ? + %d", i))
	}
	changes := []string{
		"CREATE TABLE x (id INT PRIMARY KEY)", "CREATE TABLE x (id VARCHAR(10) PRIMARY KEY, y INT DEFAULT 5)", "DROP TABLE x",
		"ALTER TABLE x ADD COLUMN z DATETIME DEFAULT '2026-01-05 01:02:03'", "ALTER TABLE x DROP COLUMN z", "TRUNCATE TABLE x",
	}
	text := texts[random.IntN(len(texts))]
	if random.IntN(2) == 0 {
		text = texts[random.IntN(7)]
	}
	switch kind := random.IntN(20); {
	case kind < 9:
		p.did = text
		return p.both(func(i int) string { return query(p.t, p.dbs[i].QueryContext, text, value) })
	case kind < 12:
		text = texts[1+random.IntN(2)] // the driver alone may hang in one that gives rows
		p.did = "execute " + text
		return p.both(func(i int) string { return result(p.dbs[i].ExecContext(p.t.Context(), text, value)) })
	case kind < 13:
		text = changes[random.IntN(len(changes))]
		p.did = text
		return p.both(func(i int) string { return result(p.dbs[i].ExecContext(p.t.Context(), text)) })
	case kind < 15 && len(p.stmts) < 8:
		p.did = "prepare " + text
		var made [2]*sql.Stmt
		outcome = p.both(func(i int) string {
			var err error
			made[i], err = p.dbs[i].PrepareContext(p.t.Context(), text) //nolint:sqlclosecheck // a later step does
			return said(err)
		})
		switch {
		case made[0] != nil && made[1] != nil:
			p.stmts = append(p.stmts, made)
		case made[0] != nil:
			// It is kept from before, and fails when it is run.
			return p.both(func(int) string { return said(made[0].Close()) })
		}
		return outcome
	case len(p.stmts) == 0:
		p.did = "nothing"
		return outcome
	case kind < 18:
		at := random.IntN(len(p.stmts))
		p.did = "run prepared"
		return p.both(func(i int) string {
			return query(p.t, func(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
				return p.stmts[at][i].QueryContext(ctx, args...)
			}, "", value)
		})
	default:
		at := random.IntN(len(p.stmts))
		p.did = "close prepared"
		outcome = p.both(func(i int) string { return said(p.stmts[at][i].Close()) })
		p.stmts = slices.Delete(p.stmts, at, at+1)
		return outcome
	}
}

func (p *program) both(do func(i int) string) [2]string { return [2]string{do(0), do(1)} }

// said is what an error says, but for the name of the database.
func said(err error) string {
	return strings.NewReplacer("ours.", "", "theirs.", "", "`ours`.", "", "`theirs`.", "").Replace(fmt.Sprint(err))
}

func query(t testing.TB, do func(context.Context, string, ...any) (*sql.Rows, error), text string, args ...any) string {
	t.Helper()
	rows, err := do(t.Context(), text, args...)
	if err != nil {
		return said(err)
	}
	return readAll(t, rows)
}

func result(r sql.Result, err error) string {
	if err != nil {
		return said(err)
	}
	affected, failed := r.RowsAffected()
	id, failedToo := r.LastInsertId()
	return fmt.Sprint(affected, id, failed, failedToo)
}

// readAll returns columns and rows, and closes them.
func readAll(t testing.TB, rows *sql.Rows) string {
	t.Helper()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Clone(columns)
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for i, value := range values {
			if b, is := value.([]byte); is {
				values[i] = string(b)
			}
		}
		all = append(all, fmt.Sprint(values))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return said(err)
	}
	return strings.Join(all, " ")
}

func arguments(values ...driver.Value) []driver.NamedValue { return named(values) }

func queryAll(t testing.TB, c *conn, text string, args ...driver.Value) string {
	t.Helper()
	rows, err := c.QueryContext(t.Context(), text, arguments(args...))
	if err != nil {
		t.Fatal(err)
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
		for i, value := range row {
			if b, is := value.([]byte); is {
				row[i] = string(b)
			}
		}
		all = append(all, row)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(all)
}
