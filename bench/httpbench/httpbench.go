// Package httpbench measures how fast rows come and go by HTTP, beside what
// net/http itself makes of the same bytes.
//
// [Run] writes real rows into a store, has a server in a process of its own, which
// does [Serve], and reads and writes by it. The same process serves the same bytes
// as files, which is the limit, and the same rows by encoding/json, which is the
// peer. What is compared is measured by turns, and the median of the rounds counts.
// What is measured are the works of works.go and load.go.
package httpbench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/bench/tape"
)

// Options tune a run. The zero value has no process to serve, and fails.
type Options struct {
	// Quick measures over fewer rows, and less often.
	Quick bool

	// Server is the command line of a process that does Serve, to which its
	// arguments are added.
	Server []string

	// Dir is the folder below which the stores and files are kept while they are
	// measured; "" is the one for temporary files. It should be on a disk.
	Dir string

	// Progress is told what is being done; nil means nobody is.
	Progress func(line string)
}

// A plan says how much is measured.
type plan struct {
	big           int           // bars of the one large series
	symbols, each int           // of the many series, and bars in each
	bars          int           // that a client asks for at once
	asks          int           // different requests of the clients
	clients       int           // at once
	span          time.Duration // for which the clients ask
	rounds        int
	posted        int // bars that are written at once
}

var (
	wholePlan = plan{big: 500_000, symbols: 100, each: 10_000, bars: 2000, asks: 512, clients: 200, span: 2 * time.Second, rounds: 7, posted: 1_000_000}
	quickPlan = plan{big: 100_000, symbols: 20, each: 10_000, bars: 2000, asks: 64, clients: 200, span: 500 * time.Millisecond, rounds: 3, posted: 200_000}
)

// The names of what is compared.
const (
	ours  = "us"
	plain = "encoding/json"
	store = "Store.Write"
)

// Run measures everything and removes what it put on the disk, also if ctx ends.
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
	tapes, err := tape.Read()
	if err != nil {
		return nil, fmt.Errorf("httpbench: %w", err)
	}
	dir, err := os.MkdirTemp(opts.Dir, "redfire-bench-")
	if err != nil {
		return nil, fmt.Errorf("httpbench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &runner{opts: opts, plan: p, dir: dir, tapes: tapes, report: &report.Report{Us: ours, Peers: []string{plain, store}}}
	if err := r.measure(ctx); err != nil {
		return nil, fmt.Errorf("httpbench: %w", err)
	}
	return r.report, nil
}

// A runner is a run that is under way.
type runner struct {
	opts   Options
	plan   plan
	dir    string
	tapes  *tape.Tapes
	report *report.Report
}

func (r *runner) static() string { return filepath.Join(r.dir, "static") }

// measure does all works: those that read once with the chunks that a server keeps
// decoded by default, and once without.
func (r *runner) measure(ctx context.Context) error {
	r.notes()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	for _, kept := range []string{keepNothing, keepDefault} {
		if err := r.with(ctx, kept, r.measureReads); err != nil {
			return err
		}
	}
	return r.with(ctx, keepDefault, r.measureWrites)
}

// with starts a server, measures by it, and stops it.
func (r *runner) with(ctx context.Context, kept string, do func(context.Context, *server) error) (err error) {
	s, err := r.start(ctx, kept)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return errors.Join(do(ctx, s), ctx.Err())
}

func (r *runner) notes() {
	note := func(who, why string) {
		r.report.Notes = append(r.report.Notes, report.Gap{Engine: who, Why: why})
	}
	cores := runtime.GOMAXPROCS(0)
	note("all", fmt.Sprintf("one process serves and another reads, by loopback, on the same %d cores; bytes are not packed; everything is read once before it is timed; each figure is the median of %d, taken by turns with those beside it", cores, r.plan.rounds))
	note(ours, "httpapi over localseries, of the default configuration; uncached is with series.cache 0B")
	note(plain, "a handler of net/http that reads the same store and writes the same text: the fastest of json.Encoder and json.Marshal row by row, and json.Marshal of a slice")
	note(store, "series.Store.Write of the same frames into localseries, in the process of the client")
}

// result adds a result to the report.
func (r *runner) result(a report.Result) *report.Result {
	r.opts.Progress(a.Work)
	r.report.Results = append(r.report.Results, &a)
	return &a
}

// A measure is one of several that are compared; it is of the unit of its work.
type measure struct {
	name string
	run  func(ctx context.Context) (float64, error)

	took []float64
}

// byTurns runs measures one after the other, round by round, once before it counts.
func (r *runner) byTurns(ctx context.Context, all ...*measure) error {
	for round := range r.plan.rounds + 1 {
		for _, m := range all {
			v, err := m.run(ctx)
			if err = errors.Join(err, ctx.Err()); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			if round > 0 {
				m.took = append(m.took, v)
			}
		}
	}
	return nil
}

func (m *measure) median() float64 { return median(m.took) }

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	n := len(all)
	if n == 0 {
		return 0
	}
	return (all[(n-1)/2] + all[n/2]) / 2
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
