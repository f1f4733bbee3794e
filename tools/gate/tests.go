package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// goTest runs "go test args" in module dir. It shows what plain go test shows
// and notes every test that skipped and the engines that tests ran against. Vet
// has been run before, and a busy machine may take more than the ten minutes that
// a package has by default.
func (g *gate) goTest(ctx context.Context, dir string, env []string, args ...string) error {
	args = append([]string{"-vet=off", "-timeout=30m"}, args...)
	fmt.Fprintf(g.out, "$ %s\n", goTool(dir, env, append([]string{"test"}, args...)...))
	cmd := g.prepare(ctx, goTool(dir, env, append([]string{"test", "-json"}, args...)...))
	cmd.Stderr = g.out
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failed, readErr := g.readEvents(stdout)
	err = cmd.Wait()
	if err != nil && len(failed) > 0 {
		err = errors.New(strings.Join(failed, ", "))
	}
	return errors.Join(readErr, err)
}

// An event is a line of go test -json; see "go doc test2json".
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output
	Test       string
	Output     string
}

// An eventLog keeps what tests printed until it is known whether that matters.
type eventLog struct {
	gate   *gate
	output map[testName][]string
	failed []string // tests, and packages that failed outside of one
}

type testName struct{ pkg, test string }

// String leaves out what the project's packages have in common.
func (n testName) String() string {
	const module = "github.com/redfire-quant/"
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(n.pkg, module+"redfire/"), module) + " " + n.test)
}

// readEvents shows and notes what the events of r say, to its end, and returns
// what failed.
func (g *gate) readEvents(r io.Reader) (failed []string, err error) {
	l := eventLog{gate: g, output: map[testName][]string{}}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			l.line(line)
		}
		if err == io.EOF {
			return l.failed, nil
		}
		if err != nil {
			return l.failed, err
		}
	}
}

func (l *eventLog) line(line string) {
	var e event
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		fmt.Fprint(l.gate.out, line) // the go tool itself said this
		return
	}
	name := testName{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(l.gate.out, e.Output)
	case "output":
		l.output[name] = append(l.output[name], e.Output)
		l.gate.noteEngine(e.Output)
	case "skip":
		if e.Test != "" && !l.gate.skippedForEngine(name, l.output[name]) {
			l.gate.notRun(noTest, name.String(), reason(l.output[name]))
		}
		l.end(name, false)
	case "pass", "fail":
		l.end(name, e.Action == "fail")
	}
}

// end shows the output of what ended, if it failed, and the verdict on a
// package in any case.
func (l *eventLog) end(name testName, failed bool) {
	if name.test == "" && failed {
		l.showUnfinished(name.pkg)
	}
	if failed {
		l.noteFailure(name)
	}
	for _, s := range l.output[name] {
		verdict := name.test == "" && (strings.HasPrefix(s, "ok ") || strings.HasPrefix(s, "? "))
		if (failed || verdict) && !strings.HasPrefix(s, "=== ") {
			fmt.Fprint(l.gate.out, s)
		}
	}
	delete(l.output, name)
}

// noteFailure notes a test, or a package none of whose tests is noted.
func (l *eventLog) noteFailure(name testName) {
	switch {
	case strings.Contains(name.test, "/"): // its parent fails with it
	case name.test != "":
		l.failed = append(l.failed, name.String())
	case !slices.ContainsFunc(l.failed, func(f string) bool { return strings.HasPrefix(f, name.String()+" ") }):
		l.failed = append(l.failed, name.String())
	}
}

// showUnfinished shows the output of tests that the end of their package, by
// panic or time-out, found running.
func (l *eventLog) showUnfinished(pkg string) {
	var names []string
	for name := range l.output {
		if name.pkg == pkg && name.test != "" {
			names = append(names, name.test)
		}
	}
	slices.Sort(names)
	for _, test := range names {
		l.end(testName{pkg, test}, true)
	}
}

// reason is what a test said before it skipped.
func reason(output []string) string {
	var said []string
	for _, s := range output {
		s = strings.TrimSpace(s)
		if s != "" && !strings.HasPrefix(s, "=== ") && !strings.HasPrefix(s, "--- ") {
			said = append(said, s)
		}
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}
