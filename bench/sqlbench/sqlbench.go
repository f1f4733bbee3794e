// Package sqlbench measures RedFire's pools beside what programs use otherwise:
// database/sql as it comes, a connection for each call, and pgxpool.
//
// [Run] starts a MariaDB, a MySQL and a PostgreSQL and makes an SQLite file, and
// has workers read and write by each contender in turn, in short slices: a pair of
// slices that follow each other gives a ratio, and what is told is the median of
// the ratios, with the interval in which the median of all such pairs lies with 95
// in 100. So what else the machine does meets both.
package sqlbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
)

// Options tune a run. The zero value is ready to use.
type Options struct {
	// Quick measures fewer and shorter slices.
	Quick bool

	// Dir is the folder below which the SQLite file is kept; "" is the one for
	// temporary files. It should be on a disk.
	Dir string

	// Progress is told what is being done; nil means nobody is.
	Progress func(line string)
}

// A plan says how much is measured.
type plan struct {
	pairs   int           // slices of each contender
	slice   time.Duration // how long one lasts
	workers int
	think   time.Duration // of a worker between calls, where there is such a pause
	rows    int           // of the table that is read
}

var (
	wholePlan = plan{pairs: 21, slice: 300 * time.Millisecond, workers: 30, think: 2 * time.Millisecond, rows: 10_000}
	quickPlan = plan{pairs: 6, slice: 100 * time.Millisecond, workers: 30, think: 2 * time.Millisecond, rows: 1000}
)

// The names of the contenders.
const (
	ours      = "us"
	untouched = "database/sql"
	perCall   = "per call"
	tuned     = "tuned"
	direct    = "pgxpool"
)

// Run measures everything and removes what it made, also if ctx ends. It needs
// servers.Run around it.
func Run(ctx context.Context, opts Options) (*report.Report, error) {
	p := wholePlan
	if opts.Quick {
		p = quickPlan
	}
	return run(ctx, opts, p)
}

func run(ctx context.Context, opts Options, p plan) (_ *report.Report, err error) {
	if opts.Progress == nil {
		opts.Progress = func(string) {}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(opts.Dir, "redfire-bench-")
	if err != nil {
		return nil, fmt.Errorf("sqlbench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &runner{plan: p, dir: dir, progress: opts.Progress, report: &report.Report{Us: ours, Peers: []string{untouched, tuned, perCall, direct}}}
	r.notes()
	if err := r.checkouts(ctx); err != nil {
		return nil, fmt.Errorf("sqlbench: %w", err)
	}
	for _, s := range sites() {
		if err := r.measure(ctx, s); err != nil {
			return nil, fmt.Errorf("sqlbench: %s: %w", s.name, err)
		}
	}
	return r.report, nil
}

// A runner is a run that is under way.
type runner struct {
	plan     plan
	dir      string
	progress func(string)
	report   *report.Report
	idle     float64 // calls a second of workers who only think; 0 before it was measured
}

func (r *runner) notes() {
	note := func(who, why string) {
		r.report.Notes = append(r.report.Notes, report.Gap{Engine: who, Why: why})
	}
	note("all", fmt.Sprintf("the servers run on the same %d cores, durable as their makers ship them; %d workers; a slice lasts %s; x is the median of %d ratios of slices that follow each other, and behind it the interval of 95 in 100",
		runtime.GOMAXPROCS(0), r.plan.workers, r.plan.slice, r.plan.pairs))
	note(ours, "a pool as a source of its defaults has it: 15 to 30 connections")
	note(untouched, "the same driver under sql.Open, with nothing set: 2 idle connections, no limit")
	note(tuned, "database/sql with 30 connections, all kept; with MySQL and MariaDB interpolateParams too")
	note(perCall, "sql.Open, one call, Close")
	note(direct, "pgx's own pool, without database/sql, of 30 connections")
}
