package mysqlpool

import (
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// overBoth runs f with a database of a MariaDB and of a MySQL, and a pool of one
// connection over it.
func overBoth(t *testing.T, name string, f func(t *testing.T, source sqlpool.Source, pool *sqlpool.Pool)) {
	t.Helper()
	for _, start := range []func(servers.T) *servers.Server{servers.MariaDB, servers.MySQL} {
		s := start(t)
		t.Run(s.Version, func(t *testing.T) {
			source := database(t, s, name)
			source.MinIdle, source.MaxOpen = 1, 1
			f(t, source, poolOf(t, source))
		})
	}
}

func poolOf(t *testing.T, source sqlpool.Source) *sqlpool.Pool {
	t.Helper()
	pools, err := sqlpool.New([]sqlpool.Source{source}, func(s sqlpool.Source) (sqlpool.Engine, error) { return NewEngine(s) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pools.Close(); err != nil {
			t.Error(err)
		}
	})
	pool, err := pools.Pool(source.Name)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

func TestKeysThatDifferInASpaceAreTwo(t *testing.T) {
	overBoth(t, "spaces", func(t *testing.T, _ sqlpool.Source, pool *sqlpool.Pool) {
		for _, key := range []string{"order 1", "order 1 ", "Order 1", "ordér 1"} {
			token, err := pool.InTx(t.Context(), &sqlpool.TxOptions{Key: key}, func(*sql.Tx) error { return nil })
			if err != nil || token.Repeated {
				t.Errorf("%q: got %+v, %v", key, token, err)
			}
		}
	})
}

func TestAServerThatDoesNotCommitByItselfIsToldTo(t *testing.T) {
	overBoth(t, "autocommit", func(t *testing.T, source sqlpool.Source, pool *sqlpool.Pool) {
		root := open(t, source)
		exec(t, root, "CREATE TABLE a (v INT)")
		exec(t, root, "SET GLOBAL autocommit = 0")
		defer exec(t, root, "SET GLOBAL autocommit = 1")
		later := poolOf(t, source)
		exec(t, later.DB(), "INSERT INTO a VALUES (?)", 1)
		if got := ask[int](t, root, "SELECT COUNT(*) FROM a"); got != 1 {
			t.Errorf("of one acknowledged row others see %d", got)
		}
	})
}

func TestAHiddenStatementReachesNoOtherHolder(t *testing.T) {
	overBoth(t, "hidden", func(t *testing.T, source sqlpool.Source, pool *sqlpool.Pool) {
		db, root := pool.DB(), open(t, source)
		exec(t, db, "CREATE TABLE k (v VARCHAR(20))")
		exec(t, db, "-- name: Make :exec\nCREATE TEMPORARY TABLE k (v VARCHAR(20))")
		exec(t, db, "INSERT INTO k VALUES ('money')")
		exec(t, db, "/*!40101 SET autocommit=0 */")
		exec(t, db, "INSERT INTO k VALUES ('more')")
		if got := ask[int](t, root, "SELECT COUNT(*) FROM k"); got != 2 {
			t.Errorf("of two acknowledged rows others see %d", got)
		}
	})
}

func TestAProcedureThatFailsIsNotRunAgain(t *testing.T) {
	overBoth(t, "trust_procedure", func(t *testing.T, _ sqlpool.Source, pool *sqlpool.Pool) {
		db := pool.DB()
		exec(t, db, "CREATE TABLE c (v INT)")
		exec(t, db, "CREATE PROCEDURE p (x INT) BEGIN INSERT INTO c VALUES (x); EXECUTE nosuch; END")
		for _, call := range []string{"CALL p(?)", "-- why\n /* and how */ call p(?)"} {
			exec(t, db, "DELETE FROM c")
			if _, err := db.ExecContext(t.Context(), call, 7); err == nil {
				t.Error("it does not fail")
			}
			if got := ask[int](t, db, "SELECT COUNT(*) FROM c"); got != 1 {
				t.Errorf("%q: it was run %d times", call, got)
			}
		}
	})
}

// TestADeadlockInTheMidstOfRowsIsSeen has a function forget to ask its rows for
// their error: what it writes behind them is not kept alone.
func TestADeadlockInTheMidstOfRowsIsSeen(t *testing.T) {
	overBoth(t, "trust_rows", func(t *testing.T, source sqlpool.Source, pool *sqlpool.Pool) {
		root := open(t, source)
		exec(t, root, "CREATE TABLE d (id INT PRIMARY KEY, v INT)")
		exec(t, root, "INSERT INTO d VALUES (1, 0), (2, 0)")
		exec(t, root, "CREATE TABLE heavy AS SELECT table_name FROM information_schema.tables LIMIT 50")
		exec(t, root, "CREATE TABLE booked (v INT)")
		ready, locked := make(chan struct{}), make(chan struct{})
		var other sync.WaitGroup
		other.Go(func() { // it has written more, so that the other one is rolled back
			tx, err := root.BeginTx(t.Context(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			exec(t, tx, "UPDATE heavy SET table_name = 'x'")
			exec(t, tx, "UPDATE d SET v = v + 10 WHERE id = 2")
			close(locked)
			<-ready
			<-time.After(300 * time.Millisecond) // until the other one waits
			exec(t, tx, "UPDATE d SET v = v + 10 WHERE id = 1")
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
		})
		var once sync.Once
		_, err := pool.InTx(t.Context(), nil, func(tx *sql.Tx) error {
			exec(t, tx, "INSERT INTO booked VALUES (1)")
			exec(t, tx, "UPDATE d SET v = v + 1 WHERE id = 1")
			once.Do(func() { <-locked; close(ready) })
			rows, err := tx.QueryContext(t.Context(), "SELECT id, v FROM d FOR UPDATE") //nolint:rowserrcheck // the mistake of a caller
			if err != nil {
				return err
			}
			for rows.Next() {
				continue
			}
			rows.Close() //nolint:sqlclosecheck // the mistake of a caller
			_, err = tx.ExecContext(t.Context(), "INSERT INTO booked VALUES (2)")
			return err
		})
		other.Wait()
		if one, two := ask[int](t, root, "SELECT COUNT(*) FROM booked WHERE v = 1"), ask[int](t, root, "SELECT COUNT(*) FROM booked WHERE v = 2"); err != nil || one != 1 || two != 1 {
			t.Errorf("got %v, with %d and %d of the rows of one transaction", err, one, two)
		}
	})
}
