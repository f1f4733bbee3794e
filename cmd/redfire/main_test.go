package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/servers"
)

func TestMain(m *testing.M) {
	testscript.Main(withServers{m}, map[string]func(){"redfire": mainBothWays})
}

// withServers ends the servers that tests have started. It is not in the way of the
// program that the scripts run, which testscript starts before it.
type withServers struct{ m *testing.M }

// Run runs the tests.
func (w withServers) Run() int { return servers.Run(w.m) }

// TestScripts runs the command as its users do: each file in testdata/script
// is a session in a folder and an environment of its own.
//
// Under the race detector and on 32 bits those that work on stored series are left to
// the test that does them both ways: it does all that they do here. Under the race
// detector the session of calendars is left out too: its commands start no goroutine,
// and some make every calendar there is, which takes them 3 s each.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	if !fewer.Whole() {
		others = sessionsOnSeries(t)
	}
	if raceDetector {
		others = append(others, filepath.Join("testdata", "script", "calendar.txtar"))
	}
	files = slices.DeleteFunc(files, func(name string) bool { return slices.Contains(others, name) })
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "fill": fill, "hold": hold, "damage": damage,
		},
	})
}

// setUp makes the environment of a session. Under the race detector a process that
// ends well sleeps for a second first, to see what other goroutines still do: with
// hundreds of commands, that was most of the time that the sessions took.
func setUp(e *testscript.Env) error {
	e.Setenv("LANG", "C.UTF-8")
	e.Setenv("GORACE", "atexit_sleep_ms=10")
	return nil
}

// exits runs a command and fails unless it ends with the given exit code:
//
//	exits 2 redfire version --bogus
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v: exit code %d, want %d", args[1:], got, want)
	}
}
