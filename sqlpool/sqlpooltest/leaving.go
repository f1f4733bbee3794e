package sqlpooltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/sqlpool"
)

// leavingRules are about callers who leave in the midst of something.
var leavingRules = []rule{
	{name: "a cancelled query ends and leaves nothing", because: "a request that was given up must cost nothing more",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 2 }, check: cancelQuery},
	{name: "a cancelled query ends at the server", because: "the server is everybody's", only: servedBy,
		limits: func(s *sqlpool.Source) { s.MaxOpen = 2 },
		check: func(t tb, r *rig) {
			cancelled(t, r, func(ctx context.Context) error { return slowQuery(ctx, r) })
			eventually(t, "nobody runs it any more", func() bool { return ask[int](t, r.beside, slowRunners[r.Dialect()]) == 0 })
		}},
	{name: "a cancelled transaction is rolled back", because: "what was not committed did not happen",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 2 }, check: cancelTransaction},
	{name: "rows that were given up come back", because: "a reader that stops early must cost no connection",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 1 }, check: cancelRows},
	{name: "a context that has ended gets nothing", because: "work that nobody waits for is not begun",
		check: func(t tb, r *rig) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := r.DB().ExecContext(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
			if _, err := r.InTx(ctx, nil, nothing); !errors.Is(err, context.Canceled) {
				t.Errorf("a transaction got %v, want context.Canceled", err)
			}
		}},
	{name: "leaving at any moment leaks nothing", because: "a leak of one in a million is a pool without connections by Friday",
		check: leaveAtAnyMoment},
}

// slowRunners counts who runs the slow query, by dialect.
var slowRunners = map[sqlpool.Dialect]string{
	sqlpool.MySQL:      "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30%'",
	sqlpool.PostgreSQL: "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(30%'",
}

// leaveAfter is how long a caller stays who leaves in the midst of a statement.
const leaveAfter = 50 * time.Millisecond

// cancelled gives f a context that ends while f is at it, and holds that f ends
// with it.
func cancelled(t tb, r *rig, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), leaveAfter)
	defer cancel()
	began := time.Now()
	err := f(ctx)
	took := time.Since(began)
	if err == nil {
		t.Errorf("it succeeded though its context ended")
	} else if class := r.ClassOf(err); !errors.Is(err, context.DeadlineExceeded) && class != sqlpool.Interrupted {
		t.Errorf("got %v (%s), want context.DeadlineExceeded", err, class)
	}
	if took > 2*time.Second {
		t.Errorf("it ended after %s, not %s", took, leaveAfter)
	}
}

func slowQuery(ctx context.Context, r *rig) error {
	var v sql.NullString
	return r.DB().QueryRowContext(ctx, r.slow).Scan(&v)
}

func cancelQuery(t tb, r *rig) {
	for range 3 {
		cancelled(t, r, func(ctx context.Context) error { return slowQuery(ctx, r) })
		cancelled(t, r, func(ctx context.Context) error {
			_, err := r.DB().ExecContext(ctx, r.slow)
			return err
		})
	}
	wantWhole(t, r, 2)
}

// wantWhole holds that all n connections of the pool are to be had.
func wantWhole(t tb, r *rig, n int) {
	t.Helper()
	eventually(t, "nothing is in use", func() bool { s := r.Stats(); return s.InUse == 0 && s.Waiting == 0 && s.Dialling == 0 })
	var all []*sql.Conn
	for i := range n {
		all = append(all, r.conn(t, fmt.Sprint(i)))
	}
	if s := r.Stats(); s.InUse != n || s.Opened-s.Closed < int64(n) {
		t.Errorf("%d in use, %d opened and %d closed, want %d in use", s.InUse, s.Opened, s.Closed, n)
	}
	for _, c := range all {
		exec(t, c, "SELECT 1")
	}
	release(t, all...)
}

func cancelTransaction(t tb, r *rig) {
	table := r.table(t)
	cancelled(t, r, func(ctx context.Context) error {
		_, err := r.InTx(ctx, nil, func(tx *sql.Tx) error {
			exec(t, tx, r.put(table, 1, 1))
			var v sql.NullString
			return tx.QueryRowContext(ctx, r.slow).Scan(&v)
		})
		return err
	})
	cancelled(t, r, func(ctx context.Context) error {
		tx, err := r.DB().BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		exec(t, tx, r.put(table, 2, 1))
		<-ctx.Done()
		if err := tx.Commit(); err == nil {
			return nil
		}
		return ctx.Err()
	})
	if n := rows(t, r.DB(), table); n != 0 {
		t.Errorf("%d rows of transactions that were given up", n)
	}
	// Their locks are gone too.
	exec(t, r.DB(), r.put(table, 1, 1))
	exec(t, r.DB(), r.put(table, 2, 1))
	wantWhole(t, r, 2)
}

func cancelRows(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.beside, "INSERT INTO "+table+" (id, n) VALUES (1, 1), (2, 2), (3, 3), (4, 4)")
	ctx, cancel := context.WithCancel(sqlpool.WithLabel(t.Context(), "reader"))
	defer cancel()
	//nolint:rowserrcheck,sqlclosecheck // rows that nobody closes are what this is about
	found, err := r.DB().QueryContext(ctx, "SELECT id FROM "+table)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	found.Next()
	if s := r.Stats(); s.InUse != 1 {
		t.Errorf("%d connections are in use while rows are read, want 1", s.InUse)
	}
	cancel()
	wantWhole(t, r, 1)
}

// leaveAtAnyMoment gives up after a time by chance, in the midst of everything
// that a program does.
func leaveAtAnyMoment(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.beside, r.put(table, 1, 0))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range fewer.Of(120) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((n*13+i*5)%60*100)*time.Microsecond)
				// Whether it was done in time is not the question.
				_ = somethingOf(ctx, r, n, table)
				cancel()
			}
		})
	}
	all.Wait()
	wantWhole(t, r, 4)
	if open := r.engine.open.Load(); open > 4+1 {
		t.Errorf("%d connections are open", open)
	}
}

// readPrepared reads by a statement that is prepared for it.
func readPrepared(ctx context.Context, r *rig, table string) (err error) {
	s, err := r.DB().PrepareContext(ctx, "SELECT n FROM "+table+" WHERE id = "+r.mark)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var v int64
	return s.QueryRowContext(ctx, 1).Scan(&v)
}

// somethingOf is one of the things that a program does.
func somethingOf(ctx context.Context, r *rig, n int, table string) error {
	switch n % 5 {
	case 0:
		return takeAndGive(ctx, r.DB())
	case 1:
		_, err := r.InTx(ctx, nil, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE "+table+" SET n = n + 1 WHERE id = 1")
			return err
		})
		return err
	case 2:
		var v sql.NullString
		return r.DB().QueryRowContext(ctx, r.doze).Scan(&v)
	case 3:
		return readPrepared(ctx, r, table)
	default:
		c, err := r.DB().Conn(ctx)
		if err != nil {
			return err
		}
		return errors.Join(c.PingContext(ctx), c.Close())
	}
}
