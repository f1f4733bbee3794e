// Package filesbench measures how fast files of market data get into a durable
// store, ours and others, beside what the machine could do at most.
//
// [Run] writes files of the same real rows for all, and checks what each of them
// made of them. What is measured are the works of works.go; who is measured, and
// how it is set up, are the contenders of contender.go. How much memory an
// import of ours takes is measured in a process of its own, which does
// [ImportPipe].
package filesbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/bench/tape"
)

// Options tune a run. The zero value is a whole run without a word that leaves
// out the memory.
type Options struct {
	// Quick measures over fewer rows.
	Quick bool

	// GB is how many gigabytes of CSV are imported to see how much memory that
	// takes; 0 imports none.
	GB float64

	// Importer is the command line of a process that does ImportPipe, to which
	// the folder of the store is added.
	Importer []string

	// Dir is the folder below which files and stores are kept while they are
	// measured; "" is the one for temporary files. It should be on a disk.
	Dir string

	// Progress is told what is being done; nil means nobody is.
	Progress func(line string)
}

// Run measures everything and removes what it put on the disk, also if ctx ends.
// A contender that cannot be measured, or fails, is told of in the results; the
// error is about the run as a whole.
func Run(ctx context.Context, opts Options) (*report.Report, error) {
	return run(ctx, opts, contenders(), works())
}

func run(ctx context.Context, opts Options, all []contender, works []work) (_ *report.Report, err error) {
	if opts.Progress == nil {
		opts.Progress = func(string) {}
	}
	tapes, err := tape.Read()
	if err != nil {
		return nil, fmt.Errorf("filesbench: %w", err)
	}
	dir, err := os.MkdirTemp(opts.Dir, "redfire-bench-")
	if err != nil {
		return nil, fmt.Errorf("filesbench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &runner{
		opts: opts, dir: dir, works: works, report: &report.Report{Us: ours},
		files: &library{dir: filepath.Join(dir, "files"), tapes: tapes, sets: map[setKey]*set{}},
	}
	for i := range all {
		if err := r.prepare(ctx, all[i]); err != nil {
			return nil, err
		}
	}
	if err := r.measureAll(ctx); err != nil {
		return nil, fmt.Errorf("filesbench: %w", err)
	}
	return r.report, nil
}

// A runner is a run that is under way.
type runner struct {
	opts       Options
	dir        string
	files      *library
	contenders []contender
	works      []work
	report     *report.Report
}

// prepare takes a contender into the run, or into the report with the reason why
// it is not. An error is the end of ctx.
func (r *runner) prepare(ctx context.Context, c contender) error {
	if r.opts.Quick {
		c.size = c.quick
	}
	if c.name != ours {
		r.report.Peers = append(r.report.Peers, c.name)
	}
	if c.prepare != nil {
		if err := c.prepare(ctx, r.opts.Progress); err != nil {
			r.opts.Progress(c.name + ": NOT RUN: " + err.Error())
			r.report.NotRun = append(r.report.NotRun, report.Gap{Engine: c.name, Why: err.Error()})
			return ctx.Err()
		}
	}
	r.report.Notes = append(r.report.Notes, report.Gap{Engine: c.name, Why: c.note})
	r.contenders = append(r.contenders, c)
	return ctx.Err()
}

// rounds is how often everything is measured: the best of two is less at the
// mercy of what else the machine does.
func (r *runner) rounds() int {
	if r.opts.Quick {
		return 1
	}
	return 2
}

func (r *runner) measureAll(ctx context.Context) error {
	for _, w := range r.works {
		r.report.Results = append(r.report.Results, &report.Result{Work: w.name, Unit: "rows/s", Goal: w.goal})
	}
	for range r.rounds() {
		if err := r.measureOnce(ctx); err != nil {
			return err
		}
	}
	if r.opts.GB > 0 {
		return r.measureMemory(ctx)
	}
	return nil
}

func (r *runner) measureOnce(ctx context.Context) error {
	for i := range r.works {
		for j := range r.contenders {
			r.measure(ctx, &r.works[i], &r.contenders[j], r.report.Results[i])
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// measure runs a contender at a work and puts its figure into the result, or why
// there is none.
func (r *runner) measure(ctx context.Context, w *work, c *contender, result *report.Result) {
	r.opts.Progress(c.name + ": " + w.name)
	value, rows, err := r.attempt(ctx, w, c, result)
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, errors.ErrUnsupported):
		result.Miss(c.name, err.Error())
	case err != nil:
		why := "FAILED: " + strings.ReplaceAll(err.Error(), "\n", "; ")
		r.opts.Progress(c.name + ": " + why)
		result.Miss(c.name, why)
	default:
		result.Put(c.name, value, rows)
	}
}

func (r *runner) attempt(ctx context.Context, w *work, c *contender, result *report.Result) (rate float64, rows int, err error) {
	files, err := r.files.set(ctx, w, c.size)
	if err != nil {
		return 0, 0, err
	}
	dir, err := os.MkdirTemp(r.dir, "work-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	j := &job{dir: dir, files: files}
	took, err := c.run(ctx, j)
	if err != nil {
		return 0, 0, err
	}
	for _, l := range w.limits {
		if j.stored == 0 {
			break // limits are told for what our store holds
		}
		spent, err := l.run(ctx, j)
		if err != nil {
			return 0, 0, fmt.Errorf("limit: %w", err)
		}
		result.Bound(l.name, float64(files.rows())/spent.Seconds())
	}
	return float64(files.rows()) / took.Seconds(), files.rows(), nil
}
