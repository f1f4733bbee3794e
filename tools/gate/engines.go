package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// An engine is a server that tests run against.
type engine struct {
	name     string
	lacking  string   // why the machine does not have it, as the installer says
	versions []string // those that tests ran against
	reasons  []string // why tests skipped for want of it
	stages   []string // in which they did
	kept     []testName
}

// installEngines gets the servers that the machine lacks, as far as it can, and
// learns by which names tests call them.
func installEngines(ctx context.Context, g *gate) error {
	var said bytes.Buffer
	install := goTool("", nil, "run", "./internal/servers/install")
	err := g.exec(ctx, install, io.MultiWriter(g.out, &said))
	for line := range strings.Lines(said.String()) {
		name, state, ok := cutEngine(line)
		if !ok {
			continue
		}
		e := g.engine(name)
		if why, lacking := strings.CutPrefix(state, "NOT RUN:"); lacking {
			e.lacking = strings.TrimSpace(why)
		}
	}
	lacking := slices.ContainsFunc(g.engines, func(e *engine) bool { return e.lacking != "" })
	switch {
	case err != nil && lacking:
		// The engine is told with the reason, which is a failure where it has to run.
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", install, err)
	case len(g.engines) == 0:
		return errors.New("the installer named no engine")
	}
	return nil
}

// cutEngine finds "engine NAME: STATE" in a line.
func cutEngine(line string) (name, state string, ok bool) {
	_, said, ok := strings.Cut(" "+strings.TrimSpace(line), " engine ")
	if !ok {
		return "", "", false
	}
	name, state, ok = strings.Cut(said, ": ")
	return name, state, ok && name != "" && state != ""
}

// engine returns the engine of that name, new if it was not heard of before.
func (g *gate) engine(name string) *engine {
	if i := g.indexEngine(name); i >= 0 {
		return g.engines[i]
	}
	e := &engine{name: name}
	g.engines = append(g.engines, e)
	return e
}

func (g *gate) indexEngine(name string) int {
	return slices.IndexFunc(g.engines, func(e *engine) bool { return e.name == name })
}

// noteEngine notes the engine that a line of a test's output says it runs
// against. Only names that the installer told count: any test may print such a
// line about something else.
func (g *gate) noteEngine(line string) {
	name, state, ok := cutEngine(line)
	i := g.indexEngine(name)
	if ok && i >= 0 && !strings.HasPrefix(state, "NOT RUN") {
		g.engines[i].ran(strings.TrimSpace(state))
	}
}

// ran notes the version that a test ran against, and at which host if the test did
// not start it. The hosts are not told where other tests started one: the tests of
// the variables that name a host start one as well, at another address each time.
func (e *engine) ran(version string) {
	if !elsewhere(version) {
		e.versions = slices.DeleteFunc(e.versions, elsewhere)
	} else if slices.ContainsFunc(e.versions, func(v string) bool { return !elsewhere(v) }) {
		return
	}
	e.versions = addNew(e.versions, version)
}

// elsewhere reports whether a version is that of a server at a named host.
func elsewhere(version string) bool { return strings.Contains(" "+version, " at ") }

// skippedForEngine notes a test that skipped for want of an engine, if output
// says that it did.
func (g *gate) skippedForEngine(test testName, output []string) bool {
	for _, line := range output {
		name, state, _ := cutEngine(line)
		why, lacking := strings.CutPrefix(state, "NOT RUN:")
		if !lacking {
			continue
		}
		e := g.engine(name)
		e.reasons = addNew(e.reasons, strings.TrimSpace(why))
		e.stages = addNew(e.stages, g.stage)
		e.kept = addNew(e.kept, test)
		return true
	}
	return false
}

// missed reports whether the engine did not run, or not wherever a test asked
// for it.
func (e *engine) missed() bool { return len(e.versions) == 0 || len(e.kept) > 0 }

// String says against which version tests ran, or why none did.
func (e *engine) String() string {
	var said []string
	if len(e.versions) > 0 {
		said = append(said, "ran against "+strings.Join(e.versions, " and "))
	}
	switch {
	case len(e.kept) > 0:
		said = append(said, fmt.Sprintf("NOT RUN: %s (%d tests kept from running: %s)",
			strings.Join(e.reasons, "; "), len(e.kept), strings.Join(e.stages, ", ")))
	case len(e.versions) > 0:
	case e.lacking != "":
		said = append(said, "NOT RUN: "+e.lacking)
	default:
		said = append(said, "NOT RUN: no test used it")
	}
	return "engine " + e.name + ": " + strings.Join(said, "; ")
}

// addNew appends v to s unless it is there.
func addNew[T comparable](s []T, v T) []T {
	if slices.Contains(s, v) {
		return s
	}
	return append(s, v)
}
