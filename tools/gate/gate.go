package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A gate is one run of a list of stages.
type gate struct {
	root     string
	out      io.Writer
	make     string // the make that started us
	fuzzTime time.Duration
	strict   bool     // kinds of mustRun that did not run are failures
	mayMiss  []string // kinds that are no failures all the same

	stage   string // the one that runs now
	results []result
	missing []missing
	engines []*engine // in the installer's order
}

// A stage is one check.
type stage struct {
	name string
	run  func(ctx context.Context, g *gate) error
}

type result struct {
	name string
	took time.Duration
	err  error
}

// A kind says what sort of check did not run.
type kind string

const (
	noRace   kind = "race"
	noLint   kind = "lint"
	noTest   kind = "skip"
	noEngine kind = "engine"
	noTool   kind = "tool" // what a machine or network may lack, in CI as well
)

// mustRun are the kinds whose absence is a failure in CI.
var mustRun = []kind{noRace, noLint, noTest, noEngine}

// A missing is a check that did not run: what and why, and in which stages.
type missing struct {
	kind      kind
	what, why string
	stages    []string
}

// notRun notes that the stage running now left out what, because of why. The
// same from several stages is told once.
func (g *gate) notRun(k kind, what, why string) {
	why = strings.Join(strings.Fields(why), " ")
	for i, m := range g.missing {
		if m.kind == k && m.what == what && m.why == why {
			g.missing[i].stages = append(m.stages, g.stage)
			return
		}
	}
	g.missing = append(g.missing, missing{k, what, why, []string{g.stage}})
}

// run runs every stage and reports whether all is well.
func (g *gate) run(ctx context.Context, stages []stage) bool {
	start := time.Now()
	for _, s := range stages {
		g.stage = s.name
		fmt.Fprintf(g.out, "== %s\n", s.name)
		begin := time.Now()
		err := s.run(ctx, g)
		r := result{s.name, time.Since(begin), err}
		g.results = append(g.results, r)
		fmt.Fprintf(g.out, "-- %s\n", r)
		if ctx.Err() != nil {
			fmt.Fprintln(g.out, "gate: interrupted")
			return false
		}
	}
	return g.report(time.Since(start))
}

// String says how the stage went, in one line.
func (r result) String() string {
	if r.err != nil {
		return fmt.Sprintf("%s: %.1f s: FAILED: %s", r.name, r.took.Seconds(), r.why())
	}
	return fmt.Sprintf("%s: %.1f s", r.name, r.took.Seconds())
}

// why is what failed, in one line however many things that are.
func (r result) why() string {
	return strings.ReplaceAll(r.err.Error(), "\n", "; ")
}

// report prints the stages, the failures, what did not run and, last, the engines.
func (g *gate) report(took time.Duration) bool {
	fmt.Fprintln(g.out, "\n== stages")
	for _, r := range g.results {
		fmt.Fprintf(g.out, "%7.1f s  %s\n", r.took.Seconds(), r.name)
	}
	fmt.Fprintf(g.out, "%7.1f s  in all\n\n", took.Seconds())
	failures := g.failures()
	for _, f := range failures {
		fmt.Fprintf(g.out, "FAILED: %s\n", f)
	}
	if len(failures) == 0 {
		fmt.Fprintln(g.out, "all that ran passed")
	}
	for _, m := range g.missing {
		fmt.Fprintf(g.out, "NOT RUN: %s (%s): %s\n", m.what, strings.Join(m.stages, ", "), m.why)
	}
	if len(g.missing) == 0 && !slices.ContainsFunc(g.engines, (*engine).missed) {
		fmt.Fprintln(g.out, "everything ran")
	}
	for _, e := range g.engines {
		fmt.Fprintln(g.out, e)
	}
	return len(failures) == 0
}

// failures are the stages that failed and what did not run though it has to here.
func (g *gate) failures() []string {
	var failures []string
	for _, r := range g.results {
		if r.err != nil {
			failures = append(failures, r.name+": "+r.why())
		}
	}
	for _, m := range g.missing {
		if g.refuses(m.kind) {
			failures = append(failures, m.what+": did not run, and here it has to")
		}
	}
	for _, e := range g.engines {
		if e.missed() && g.refuses(noEngine) {
			failures = append(failures, "engine "+e.name+": did not run, and here it has to")
		}
	}
	return failures
}

// refuses reports whether a check of kind k has to run here.
func (g *gate) refuses(k kind) bool {
	return g.strict && slices.Contains(mustRun, k) && !slices.Contains(g.mayMiss, string(k))
}
