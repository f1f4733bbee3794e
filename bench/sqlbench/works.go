package sqlbench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
)

// A work is a kind of call, and how it comes.
type work struct {
	name    string
	write   bool
	think   bool
	workers int // 0 is as many as the plan has
}

var works = []work{
	{name: "select"},
	{name: "select, think 2 ms", think: true},
	{name: "select, 1 worker", workers: 1},
	{name: "transaction", write: true},
	{name: "transaction, think 2 ms", write: true, think: true},
}

// perCallMore is by how much a connection for each call is to be beaten, at
// least.
const perCallMore = 1.5

// goals are the ratios that we set ourselves.
func goals(site string, w work) map[string]float64 {
	all := map[string]float64{untouched: 1, perCall: perCallMore}
	if site == "PostgreSQL" {
		if w.think {
			all[untouched] = 5
		}
		switch {
		case w.write || w.think:
		case w.workers == 1:
			all[direct] = 0.85
		default:
			all[direct] = 0.95
		}
	}
	return all
}

// openedGoal is how many connections we may open where database/sql opens one.
const openedGoal = 10

// measure measures all works at a site.
func (r *runner) measure(ctx context.Context, s site) error {
	r.progress("start " + s.name)
	skipped, err := in(ctx, s.name, r.progress, func(b *bed) (err error) {
		at, err := s.start(b, r.dir)
		if err != nil {
			return err
		}
		all, err := contenders(ctx, s, at)
		for _, c := range all {
			defer func() { err = errors.Join(err, c.close()) }()
		}
		if err == nil {
			err = r.fill(ctx, s, at)
		}
		for _, w := range works {
			if err == nil {
				err = r.do(ctx, s, w, all)
			}
		}
		return err
	})
	if skipped != "" {
		r.report.NotRun = append(r.report.NotRun, report.Gap{Engine: s.name, Why: skipped})
	}
	return errors.Join(err, ctx.Err())
}

// fill makes the table.
func (r *runner) fill(ctx context.Context, s site, at address) (err error) {
	db := openPlain(at)
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range s.create {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for id := range r.plan.rows {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO account (id, name, cash) VALUES (%d, '账户 %d', 0)", id, id)); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// do has the contenders work by turns.
func (r *runner) do(ctx context.Context, s site, w work, all []contender) error {
	r.progress(fmt.Sprintf("%s: %s", s.name, w.name))
	rates := &report.Result{Work: s.name + ": " + w.name, Unit: "calls/s", RatioGoals: goals(s.name, w)}
	values := make([][]float64, len(all))
	calls, opened := make([]int, len(all)), make([]int64, len(all))
	for round := range r.plan.pairs + 1 {
		for i := range all {
			// Each goes first as often as the others.
			c := (i + round) % len(all)
			before := all[c].opened()
			rate, n, err := r.slice(ctx, w, all[c])
			if err != nil {
				return fmt.Errorf("%s: %s: %w", w.name, all[c].name, err)
			}
			if round > 0 { // the first warms up
				values[c] = append(values[c], rate)
				calls[c] += n
				opened[c] += all[c].opened() - before
			}
		}
	}
	for i, c := range all {
		rates.Put(c.name, report.Median(values[i]), calls[i])
		if i > 0 {
			rates.Pair(c.name, values[0], values[i])
		}
	}
	if w.think {
		only, err := r.thinking(ctx)
		if err != nil {
			return err
		}
		rates.Bound("as many workers who only think", only)
	}
	r.report.Results = append(r.report.Results, rates)
	if !w.think || w.write {
		return nil
	}
	churn := &report.Result{Work: s.name + ": connections opened in 1,000 calls, think 2 ms", Unit: "connections", Less: true}
	per := func(i int) float64 { return 1000 * float64(opened[i]) / float64(calls[i]) }
	churn.Goal = per(1) / openedGoal
	churn.Put(ours, per(0), calls[0])
	churn.Put(untouched, per(1), calls[1])
	r.report.Results = append(r.report.Results, churn)
	return nil
}

// thinking returns how many calls a second there are when they take no time:
// timers are late, the more so with other work on the same cores.
func (r *runner) thinking(ctx context.Context) (float64, error) {
	if r.idle > 0 {
		return r.idle, nil
	}
	nothing := contender{read: func(context.Context, int) error { return nil }}
	rates := make([]float64, r.plan.pairs)
	for i := range rates {
		var err error
		if rates[i], _, err = r.slice(ctx, work{think: true}, nothing); err != nil {
			return 0, err
		}
	}
	r.idle = report.Median(rates)
	return r.idle, nil
}

// slice has one contender work for a while and returns calls a second.
func (r *runner) slice(ctx context.Context, w work, c contender) (rate float64, calls int, err error) {
	workers := w.workers
	if workers == 0 {
		workers = r.plan.workers
	}
	do := c.read
	if w.write {
		do = c.write
	}
	var done atomic.Int64
	var over atomic.Bool
	errs := make([]error, workers)
	var all sync.WaitGroup
	began := time.Now()
	for i := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			for !over.Load() && ctx.Err() == nil && errs[i] == nil {
				// Each worker writes rows of its own, so that none waits for another's.
				errs[i] = do(ctx, random.IntN(r.plan.rows/workers)*workers+i)
				done.Add(1)
				if w.think {
					<-time.After(r.plan.think)
				}
			}
		})
	}
	select {
	case <-time.After(r.plan.slice):
	case <-ctx.Done():
	}
	over.Store(true)
	all.Wait()
	calls = int(done.Load())
	return float64(calls) / time.Since(began).Seconds(), calls, errors.Join(errs...)
}
