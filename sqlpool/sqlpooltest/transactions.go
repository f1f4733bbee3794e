package sqlpooltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// txRules are about transactions that nobody disturbs.
var txRules = []rule{
	{name: "what a transaction writes is there, once", because: "it was acknowledged",
		check: func(t tb, r *rig) {
			table := r.table(t)
			runs := 0
			token, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
				runs++
				_, err := tx.ExecContext(t.Context(), r.put(table, 1, 1))
				return err
			})
			if err != nil || runs != 1 || token.Attempts != 1 || token.Repeated {
				t.Errorf("got %+v, %v after %d runs", token, err, runs)
			}
			if n := rows(t, r.beside, table); n != 1 {
				t.Errorf("%d rows, want 1", n)
			}
		}},
	{name: "an error rolls back and is passed on", because: "half a transaction is none",
		check: func(t tb, r *rig) {
			table := r.table(t)
			mine := errors.New("mine")
			_, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
				exec(t, tx, r.put(table, 1, 1))
				return mine
			})
			if !errors.Is(err, mine) {
				t.Errorf("got %v, want the error of the function", err)
			}
			wantUntouched(t, r, table)
		}},
	{name: "a panic rolls back and passes on", because: "a defect must cost neither a row nor a connection",
		check: func(t tb, r *rig) {
			table := r.table(t)
			func() {
				defer func() {
					if got := recover(); got != "mine" {
						t.Errorf("the panic is %v", got)
					}
				}()
				_, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
					exec(t, tx, r.put(table, 1, 1))
					panic("mine")
				})
				t.Errorf("it returned %v", err)
			}()
			wantUntouched(t, r, table)
		}},
	{name: "a commit that fails is an error", because: "what was refused at the end was not kept",
		only: []sqlpool.Dialect{sqlpool.PostgreSQL, sqlpool.SQLite},
		check: func(t tb, r *rig) {
			table := r.table(t)
			child := table + "child"
			exec(t, r.beside, "DROP TABLE IF EXISTS "+child)
			exec(t, r.beside, "CREATE TABLE "+child+" (id BIGINT REFERENCES "+table+" (id) DEFERRABLE INITIALLY DEFERRED)")
			_, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), "INSERT INTO "+child+" (id) VALUES (1)")
				return err
			})
			if fault.CodeOf(err) != fault.SQLForeignKey {
				t.Errorf("got %v, want a foreign key violation", err)
			}
			wantUntouched(t, r, child)
			exec(t, r.beside, "DROP TABLE "+child)
		}},
	{name: "isolation and read-only reach the server", because: "they were asked for", check: optionsReachTheServer},
	{name: "a violation has its kind", because: "programs decide by it",
		check: func(t tb, r *rig) {
			table := r.table(t)
			exec(t, r.beside, r.put(table, 1, 1))
			_, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), r.put(table, 1, 1))
				return err
			})
			if !errors.Is(err, fault.Conflict) || fault.CodeOf(err) != fault.SQLUnique {
				t.Errorf("got %v, want that it is there", err)
			}
			_, err = r.DB().ExecContext(t.Context(), "SELECT a FROM nowhere")
			if !errors.Is(r.Classify(err), fault.NotFound) {
				t.Errorf("got %v, want that there is no such table", r.Classify(err))
			}
			_, err = r.DB().ExecContext(t.Context(), "SELEC 1")
			if !errors.Is(r.Classify(err), fault.Invalid) {
				t.Errorf("got %v, want that this is no SQL", r.Classify(err))
			}
		}},
	{name: "a transaction that is not InTx keeps its own errors", because: "programs compare the driver's",
		check: func(t tb, r *rig) {
			table := r.table(t)
			exec(t, r.beside, r.put(table, 1, 1))
			_, want := r.beside.ExecContext(t.Context(), r.put(table, 1, 1))
			_, got := r.DB().ExecContext(t.Context(), r.put(table, 1, 1))
			if got == nil || fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) || got.Error() != want.Error() {
				t.Errorf("got %T %v, want %T %v", got, got, want, want)
			}
		}},
}

// wantUntouched holds that table has no rows, and the pool all of its connections.
func wantUntouched(t tb, r *rig, table string) {
	t.Helper()
	if n := rows(t, r.beside, table); n != 0 {
		t.Errorf("%d rows, want none", n)
	}
	exec(t, r.beside, "INSERT INTO "+table+" SELECT * FROM "+table) // nobody has locked it
	wantWhole(t, r, 4)
}

// isolations ask for the level and for whether a transaction may write.
var isolations = map[sqlpool.Dialect]string{
	sqlpool.PostgreSQL: "SELECT current_setting('transaction_isolation')",
}

func optionsReachTheServer(t tb, r *rig) {
	table := r.table(t)
	_, err := r.InTx(t.Context(), &sqlpool.TxOptions{ReadOnly: true}, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), r.put(table, 1, 1))
		return err
	})
	if fault.CodeOf(err) != fault.SQLReadOnly {
		t.Errorf("a write in a read-only transaction: got %v, want that it is read-only", err)
	}
	if n := rows(t, r.DB(), table); n != 0 {
		t.Errorf("it wrote %d rows", n)
	}
	if s := r.Stats(); s.Evictions != 0 {
		t.Errorf("connections were replaced since a read-only transaction could not write")
	}
	exec(t, r.DB(), r.put(table, 1, 1))
	if query := isolations[r.Dialect()]; query != "" {
		_, err := r.InTx(t.Context(), &sqlpool.TxOptions{Isolation: sql.LevelSerializable}, func(tx *sql.Tx) error {
			if got := ask[string](t, tx, query); got != "serializable" {
				t.Errorf("the level is %s", got)
			}
			return nil
		})
		if err != nil {
			t.Errorf("serializable: %v", err)
		}
	}
	if r.Dialect() == sqlpool.SQLite {
		return
	}
	// What a transaction has read may change with READ COMMITTED, and not above.
	for level, want := range map[sql.IsolationLevel]int64{sql.LevelReadCommitted: 2, sql.LevelRepeatableRead: 1} {
		exec(t, r.beside, r.set(table, 1, 1))
		_, err := r.InTx(t.Context(), &sqlpool.TxOptions{Isolation: level}, func(tx *sql.Tx) error {
			query := "SELECT n FROM " + table + " WHERE id = 1"
			ask[int64](t, tx, query)
			exec(t, r.beside, r.set(table, 1, 2))
			if got := ask[int64](t, tx, query); got != want {
				t.Errorf("%s: a second look gives %d, want %d", level, got, want)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", level, err)
		}
	}
}

// conflictRules are about transactions that get in each other's way.
var conflictRules = []rule{
	{name: "a deadlock is repeated, and both are committed once", because: "the server rolled it back, and it is nobody's fault",
		only: servedBy, check: func(t tb, r *rig) { conflict(t, r, sql.LevelDefault, crossing) }},
	{name: "a serialization failure is repeated", because: "the server rolled it back, and it is nobody's fault",
		only: []sqlpool.Dialect{sqlpool.PostgreSQL}, check: func(t tb, r *rig) { conflict(t, r, sql.LevelSerializable, readingFirst) }},
	{name: "repeating has a limit", because: "a conflict that does not end must be told",
		only: servedBy, check: repeatingHasALimit},
	{name: "a deadlock that the function swallowed is not committed half", because: "MySQL has rolled back what came before it, and would keep what comes after",
		only: servedBy, check: swallowedDeadlock},
	{name: "writers beside each other lose nothing", because: "that is what transactions are for", check: counting},
}

// A meeting has both transactions come so far before they go on, the first time.
type meeting struct {
	arrived atomic.Int32
	both    chan struct{}
}

func newMeeting() *meeting { return &meeting{both: make(chan struct{})} }

func (m *meeting) wait(t tb) {
	if n := m.arrived.Add(1); n == 2 {
		close(m.both)
	} else if n > 2 {
		return
	}
	select {
	case <-m.both:
	case <-time.After(patience):
		t.Errorf("the other transaction never came")
	}
}

// crossing changes two rows, each transaction in the other order.
func crossing(ctx context.Context, t tb, r *rig, tx *sql.Tx, table string, who int64, m *meeting) error {
	if _, err := tx.ExecContext(ctx, add(table, who)); err != nil {
		return err
	}
	m.wait(t)
	_, err := tx.ExecContext(ctx, add(table, 1-who))
	return err
}

// readingFirst writes what depends on the row that the other one changes.
func readingFirst(ctx context.Context, t tb, r *rig, tx *sql.Tx, table string, who int64, m *meeting) error {
	var sum int64
	if err := tx.QueryRowContext(ctx, "SELECT SUM(n) FROM "+table).Scan(&sum); err != nil {
		return err
	}
	m.wait(t)
	for id := range int64(2) {
		if _, err := tx.ExecContext(ctx, add(table, (who+id)%2)); err != nil {
			return err
		}
	}
	return nil
}

func add(table string, id int64) string {
	return fmt.Sprintf("UPDATE %s SET n = n + 1 WHERE id = %d", table, id)
}

// twoRows makes a table of rows 0 and 1.
func (r *rig) twoRows(t tb) string {
	t.Helper()
	table := r.table(t)
	exec(t, r.beside, r.put(table, 0, 0))
	exec(t, r.beside, r.put(table, 1, 0))
	return table
}

type collision func(ctx context.Context, t tb, r *rig, tx *sql.Tx, table string, who int64, m *meeting) error

// conflict runs two transactions that cannot both succeed at once.
func conflict(t tb, r *rig, level sql.IsolationLevel, f collision) {
	table := r.twoRows(t)
	m := newMeeting()
	var attempts atomic.Int64
	var all sync.WaitGroup
	for who := range int64(2) {
		all.Go(func() {
			token, err := r.InTx(t.Context(), &sqlpool.TxOptions{Isolation: level}, func(tx *sql.Tx) error {
				return f(t.Context(), t, r, tx, table, who, m)
			})
			if err != nil {
				t.Errorf("transaction %d: %v", who, err)
			}
			attempts.Add(int64(token.Attempts))
		})
	}
	all.Wait()
	if attempts.Load() < 3 {
		t.Errorf("%d attempts: nobody was in anybody's way", attempts.Load())
	}
	if sum := ask[int64](t, r.beside, "SELECT SUM(n) FROM "+table); sum != 4 {
		t.Errorf("the sum is %d, want 4: two transactions of two rows each", sum)
	}
	if s := r.Stats(); s.Repeated != attempts.Load()-2 {
		t.Errorf("%d repeated of %d attempts", s.Repeated, attempts.Load())
	}
}

// repeatingHasALimit: of two transactions that are in each other's way in each
// attempt one gives up.
func repeatingHasALimit(t tb, r *rig) {
	table := r.twoRows(t)
	var failed, attempts atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m := newMeeting()
	var all sync.WaitGroup
	for who := range int64(2) {
		all.Go(func() {
			token, err := r.InTx(ctx, &sqlpool.TxOptions{Attempts: 1}, func(tx *sql.Tx) error {
				return crossing(ctx, t, r, tx, table, who, m)
			})
			attempts.Add(int64(token.Attempts))
			switch {
			case err == nil:
			case errors.Is(err, fault.Conflict) && fault.CodeOf(err) == fault.SQLDeadlock:
				failed.Add(1)
			default:
				t.Errorf("transaction %d: %v, want a deadlock", who, err)
			}
		})
	}
	all.Wait()
	if failed.Load() != 1 || attempts.Load() != 2 {
		t.Errorf("%d of two transactions failed in %d attempts, want one in 2", failed.Load(), attempts.Load())
	}
	if sum := ask[int64](t, r.beside, "SELECT SUM(n) FROM "+table); sum != 2 {
		t.Errorf("the sum is %d, want 2 of the one that was committed", sum)
	}
}

// swallowedDeadlock has a function go on after a deadlock as if nothing were.
func swallowedDeadlock(t tb, r *rig) {
	table := r.twoRows(t)
	for _, inTx := range []bool{true, false} {
		m := newMeeting()
		var swallowed, refused atomic.Int64
		f := func(tx *sql.Tx, who int64) error {
			if err := crossing(t.Context(), t, r, tx, table, who, m); err != nil {
				swallowed.Add(1)
			}
			if _, err := tx.ExecContext(t.Context(), r.put(table, 10+who, 1)); err != nil {
				refused.Add(1)
			}
			return nil
		}
		var all sync.WaitGroup
		for who := range int64(2) {
			all.Go(func() {
				if inTx {
					if _, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error { return f(tx, who) }); err != nil && r.Dialect() == sqlpool.MySQL {
						t.Errorf("transaction %d: %v", who, err)
					}
					return
				}
				tx, err := r.DB().BeginTx(t.Context(), nil)
				if err != nil {
					t.Errorf("begin: %v", err)
					return
				}
				_ = f(tx, who)
				if err := tx.Commit(); err != nil && r.ClassOf(err) != sqlpool.Deadlock && r.Dialect() == sqlpool.MySQL {
					t.Errorf("commit: %v", err)
				}
			})
		}
		all.Wait()
		if swallowed.Load() == 0 || refused.Load() == 0 {
			t.Errorf("%d deadlocks, after which %d statements were refused, want one each", swallowed.Load(), refused.Load())
		}
		// Each transaction adds one to both rows and puts one, or does nothing.
		sum := ask[int64](t, r.beside, "SELECT SUM(n) FROM "+table+" WHERE id < 10")
		if added := rows(t, r.beside, table) - 2; sum != 2*added || inTx && added != 2 && r.Dialect() == sqlpool.MySQL {
			t.Errorf("in InTx %v: %d rows were put, and the others add up to %d", inTx, added, sum)
		}
		exec(t, r.beside, "DELETE FROM "+table+" WHERE id >= 10")
		exec(t, r.beside, "UPDATE "+table+" SET n = 0")
	}
}

// counting has many add to one row what they have read.
func counting(t tb, r *rig) {
	table := r.twoRows(t)
	lock := ""
	if r.Dialect() != sqlpool.SQLite {
		lock = " FOR UPDATE"
	}
	const callers, each = 8, 10
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				_, err := r.InTx(t.Context(), nil, func(tx *sql.Tx) error {
					var n int64
					if err := tx.QueryRowContext(t.Context(), "SELECT n FROM "+table+" WHERE id = 1"+lock).Scan(&n); err != nil {
						return err
					}
					_, err := tx.ExecContext(t.Context(), r.set(table, 1, n+1))
					return err
				})
				if err != nil {
					t.Errorf("add: %v", err)
				}
			}
		})
	}
	all.Wait()
	if n := ask[int64](t, r.beside, "SELECT n FROM "+table+" WHERE id = 1"); n != callers*each {
		t.Errorf("%d of %d additions are there", n, callers*each)
	}
}
