// Package seriesbench measures series.Store beside other ways to keep bars and
// ticks, and beside what the machine could do at most.
//
// [Run] gives the same real rows to all, each made durable as its users would
// have it, and checks what comes back against what was written. What is
// measured are the scenes of works.go; who is measured, and how it is set up,
// are the entries of engine.go; which store is ours says ours.go.
package seriesbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/bench/tape"
)

// Options tune a run. The zero value is a whole run without a word.
type Options struct {
	// Quick measures over fewer rows.
	Quick bool

	// Dir is the folder below which the engines keep their files while they are
	// measured; "" is the one for temporary files. It should be on a disk.
	Dir string

	// Progress is told what is being done; nil means nobody is.
	Progress func(line string)
}

// Run measures everything and removes what it put on the disk, also if ctx
// ends. An engine that cannot be measured, or fails, is told of in the results;
// the error is about the run as a whole.
func Run(ctx context.Context, opts Options) (*report.Report, error) {
	return run(ctx, opts, entries(), scenes())
}

func run(ctx context.Context, opts Options, all []entry, scenes []scene) (_ *report.Report, err error) {
	if opts.Progress == nil {
		opts.Progress = func(string) {}
	}
	data, err := tape.Read()
	if err != nil {
		return nil, fmt.Errorf("seriesbench: %w", err)
	}
	dir, err := os.MkdirTemp(opts.Dir, "redfire-bench-")
	if err != nil {
		return nil, fmt.Errorf("seriesbench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &runner{dir: dir, progress: opts.Progress, data: &tapes{data}, report: &report.Report{Us: ours}}
	for i := range all {
		if err := r.prepare(ctx, all[i], opts.Quick); err != nil {
			return nil, err
		}
	}
	for i := range scenes {
		for _, w := range scenes[i].works {
			r.report.Results = append(r.report.Results, &report.Result{Work: w.name, Unit: w.unit, Less: w.less})
		}
	}
	for range rounds(opts.Quick) {
		if err := r.round(ctx, scenes); err != nil {
			return nil, err
		}
	}
	return r.report, nil
}

// rounds is how often everything is measured: the best of two is less at the
// mercy of what else the machine does.
func rounds(quick bool) int {
	if quick {
		return 1
	}
	return 2
}

// A runner is a run that is under way.
type runner struct {
	dir      string
	progress func(string)
	data     *tapes
	entries  []entry
	plan     plan // ours
	report   *report.Report
}

// prepare takes an entry into the run, or into the report with the reason why
// it is not. An error is the end of ctx.
func (r *runner) prepare(ctx context.Context, e entry, quick bool) error {
	if quick {
		e.plan = e.quick
	}
	if e.name == ours {
		r.plan = e.plan
	} else {
		r.report.Peers = append(r.report.Peers, e.name)
	}
	if e.prepare == nil {
		r.take(e)
		return ctx.Err()
	}
	if err := e.prepare(ctx, r.progress); err != nil {
		r.progress(e.name + ": NOT RUN: " + err.Error())
		r.report.NotRun = append(r.report.NotRun, report.Gap{Engine: e.name, Why: err.Error()})
		return ctx.Err()
	}
	r.take(e)
	return ctx.Err()
}

func (r *runner) take(e entry) {
	r.report.Notes = append(r.report.Notes, report.Gap{Engine: e.name, Why: e.note})
	r.entries = append(r.entries, e)
}

// round measures everything once.
func (r *runner) round(ctx context.Context, scenes []scene) error {
	rest := r.report.Results
	for i := range scenes {
		n := len(scenes[i].works)
		if err := r.scene(ctx, &scenes[i], rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// scene measures the limits and then engine by engine.
func (r *runner) scene(ctx context.Context, sc *scene, results []*report.Result) error {
	for i, w := range sc.works {
		for _, l := range w.limits {
			value, err := l.run(ctx, &machine{dir: r.dir, plan: r.plan, data: r.data})
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("seriesbench: %s: limit: %w", w.name, err)
			}
			results[i].Bound(l.name, value)
		}
	}
	for i := range r.entries {
		figures, err := r.measure(ctx, sc, &r.entries[i])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.note(sc, &r.entries[i], results, figures, err)
	}
	return nil
}

// A figure is what came of a work: a measure, or why there is none.
type figure struct {
	measure
	missing error
}

// measure runs the works of a scene on a new engine. An error is the engine's:
// its figures do not count.
func (r *runner) measure(ctx context.Context, sc *scene, e *entry) (figures []figure, err error) {
	dir, err := os.MkdirTemp(r.dir, "scene-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &session{entry: e, engine: e.new(), dir: filepath.Join(dir, "store"), plan: e.plan, data: r.data}
	// What could not be opened to the end is closed too.
	defer func() { err = errors.Join(err, s.engine.Close()) }()
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	figures = make([]figure, len(sc.works))
	for i, w := range sc.works {
		r.progress(fmt.Sprintf("%s: %s", e.name, w.name))
		figures[i].measure, err = w.run(ctx, s)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		figures[i].missing = err
		if err != nil && i == 0 {
			return figures[:1], nil
		}
	}
	return figures, nil
}

// note puts the figures of an engine into the results.
func (r *runner) note(sc *scene, e *entry, results []*report.Result, figures []figure, failed error) {
	if failed != nil {
		r.progress(fmt.Sprintf("%s: FAILED: %v", e.name, failed))
		for _, result := range results {
			result.Miss(e.name, "FAILED: "+failed.Error())
		}
		return
	}
	for i, f := range figures {
		if f.missing != nil {
			results[i].Miss(e.name, f.missing.Error())
			continue
		}
		results[i].Put(e.name, f.value, f.rows)
	}
	for _, result := range results[len(figures):] {
		result.Miss(e.name, "it lacks "+sc.works[0].name)
	}
}
