package sqlbench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/sqlpool"
)

func openPlain(at address) *sql.DB { return sql.OpenDB(at.plain) }

// checkoutGoal is how much longer than by database/sql alone it may take to take a
// connection and give it back.
const checkoutGoal = 100 // ns

// checkouts measures what it costs to take a connection and give it back, of a
// database that is none: ours beside database/sql alone.
func (r *runner) checkouts(ctx context.Context) (err error) {
	r.progress("checkout")
	pools, err := sqlpool.New([]sqlpool.Source{{Name: "none", URL: "none:", LeakAfter: -1}}, func(sqlpool.Source) (sqlpool.Engine, error) { return none{}, nil }, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pools.Close()) }()
	pool, err := pools.Pool("none")
	if err != nil {
		return err
	}
	if err := pool.Ping(ctx); err != nil {
		return err
	}
	plain := sql.OpenDB(none{})
	defer func() { err = errors.Join(err, plain.Close()) }()
	dbs := []*sql.DB{pool.DB(), plain}
	times, allocs := make([][]float64, len(dbs)), make([][]float64, len(dbs))
	for round := range r.plan.pairs + 1 {
		for i := range dbs {
			c := (i + round) % len(dbs)
			ns, objects, err := takeAndGive(ctx, dbs[c])
			if err != nil {
				return err
			}
			if round > 0 {
				times[c], allocs[c] = append(times[c], ns), append(allocs[c], objects)
			}
		}
	}
	took := &report.Result{Work: "checkout", Unit: "ns", Less: true, Goal: report.Median(times[1]) + checkoutGoal}
	took.Put(ours, report.Median(times[0]), checkoutCalls*r.plan.pairs)
	took.Put(untouched, report.Median(times[1]), checkoutCalls*r.plan.pairs)
	took.Pair(untouched, times[0], times[1])
	made := &report.Result{Work: "checkout: objects allocated", Unit: "objects", Less: true, Goal: report.Median(allocs[1])}
	made.Put(ours, report.Median(allocs[0]), checkoutCalls*r.plan.pairs)
	made.Put(untouched, report.Median(allocs[1]), checkoutCalls*r.plan.pairs)
	r.report.Results = append(r.report.Results, took, made)
	return nil
}

const checkoutCalls = 100_000

// takeAndGive returns the nanoseconds and the allocated objects of one checkout,
// whole objects only: what a stack in 64 costs is a part of one.
func takeAndGive(ctx context.Context, db *sql.DB) (ns, objects float64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range checkoutCalls {
		c, err := db.Conn(ctx)
		if err != nil {
			return 0, 0, err
		}
		if err := c.Close(); err != nil {
			return 0, 0, err
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return float64(took.Nanoseconds()) / checkoutCalls, float64((after.Mallocs - before.Mallocs) / checkoutCalls), nil
}

// none is a database that does nothing, at once.
type none struct{}

var errNone = errors.New("there is no database")

// Connect returns a connection that does nothing.
func (none) Connect(context.Context) (driver.Conn, error) { return noneConn{}, nil }

// Driver returns none: nothing is opened by a name.
func (none) Driver() driver.Driver { return nil }

// Inspect tells that it takes writes.
func (none) Inspect(context.Context, driver.Conn) (sqlpool.Server, error) {
	return sqlpool.Server{System: "none"}, nil
}

// Reset has nothing to do.
func (none) Reset(context.Context, driver.Conn) error { return nil }

// Cancel has nothing to do.
func (none) Cancel(context.Context, driver.Conn) error { return nil }

// Classify knows no errors.
func (none) Classify(error) sqlpool.Class { return sqlpool.Other }

// Dialect is as good as any.
func (none) Dialect() sqlpool.Dialect { return sqlpool.SQLite }

// Close has nothing to do.
func (none) Close() error { return nil }

type noneConn struct{}

func (noneConn) Prepare(string) (driver.Stmt, error) { return nil, errNone }
func (noneConn) Begin() (driver.Tx, error)           { return nil, errNone }
func (noneConn) Close() error                        { return nil }
func (noneConn) Ping(context.Context) error          { return nil }
func (noneConn) IsValid() bool                       { return true }
func (noneConn) ResetSession(context.Context) error  { return nil }
func (noneConn) PrepareContext(context.Context, string) (driver.Stmt, error) {
	return nil, errNone
}

func (noneConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return nil, errNone
}

func (noneConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return nil, errNone
}

func (noneConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return nil, errNone
}
