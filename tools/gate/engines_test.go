package main

import (
	"slices"
	"strings"
	"testing"
)

// installer is a program that prints what the project's installer would.
const installer = `package main

import "fmt"

func main() {
	fmt.Println("engine MariaDB: 10.11.14 in /usr/sbin")
	fmt.Println("engine InfluxDB 2: 2.7.12 in the cache")
	fmt.Println("engine Redis: 7.0.15 in /usr/bin")
	fmt.Println("engine MongoDB: NOT RUN: no network: dial tcp")
}
`

// newGateWithEngines returns a gate that has heard the installer above.
func newGateWithEngines(t *testing.T) (*gate, *strings.Builder) {
	t.Helper()
	g, out := newGate(t)
	write(t, g, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, g, "internal/servers/install/main.go", installer)
	if err := installEngines(t.Context(), g); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return g, out
}

// lastLines returns the lines of g's report from "all that ran" or the first
// failure on.
func lastLines(g *gate, out *strings.Builder) []string {
	g.report(0)
	_, report, _ := strings.Cut(out.String(), "in all\n\n")
	return strings.Split(strings.TrimSpace(report), "\n")
}

func TestTheInstallerNamesTheEngines(t *testing.T) {
	g, out := newGateWithEngines(t)
	if !strings.Contains(out.String(), "engine MariaDB: 10.11.14 in /usr/sbin\n") {
		t.Errorf("its output is not shown: %q", out)
	}
	want := []string{
		"all that ran passed",
		"engine MariaDB: NOT RUN: no test used it",
		"engine InfluxDB 2: NOT RUN: no test used it",
		"engine Redis: NOT RUN: no test used it",
		"engine MongoDB: NOT RUN: no network: dial tcp",
	}
	if got := lastLines(g, out); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// engineEvents is what go test -json prints of tests that use engines.
const engineEvents = `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: engine MariaDB: 10.11.14\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    a_test.go:3: engine MariaDB: 10.11.14\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    a_test.go:4: engine of another kind: off\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC/x","Output":"    a_test.go:5: engine InfluxDB 2: 2.7.12 at 1.2.3.4:8086 (REDFIRE_TEST_INFLUX)\n"}
{"Action":"pass","Package":"p","Test":"TestC/x"}
{"Action":"output","Package":"p","Test":"TestD","Output":"    a_test.go:6: engine MongoDB: NOT RUN: no network: dial tcp\n"}
{"Action":"output","Package":"p","Test":"TestD","Output":"--- SKIP: TestD (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestD"}
{"Action":"output","Package":"q","Test":"TestE","Output":"    a_test.go:7: engine MongoDB: NOT RUN: no network: dial tcp\n"}
{"Action":"skip","Package":"q","Test":"TestE"}
{"Action":"output","Package":"q","Test":"TestF","Output":"    a_test.go:8: no moon\n"}
{"Action":"skip","Package":"q","Test":"TestF"}
`

func TestEnginesThatRanAreTold(t *testing.T) {
	g, out := newGateWithEngines(t)
	for _, stage := range []string{"one", "two"} {
		g.stage = stage
		if failed, err := g.readEvents(strings.NewReader(engineEvents)); err != nil || len(failed) > 0 {
			t.Fatalf("got %q, %v", failed, err)
		}
	}
	want := []string{
		"all that ran passed",
		"NOT RUN: q TestF (one, two): a_test.go:8: no moon",
		"engine MariaDB: ran against 10.11.14",
		"engine InfluxDB 2: ran against 2.7.12 at 1.2.3.4:8086 (REDFIRE_TEST_INFLUX)",
		"engine Redis: NOT RUN: no test used it",
		"engine MongoDB: NOT RUN: no network: dial tcp (2 tests kept from running: one, two)",
	}
	if got := lastLines(g, out); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestAnEngineMayRunInOneStageAndNotInAnother(t *testing.T) {
	g, out := newGateWithEngines(t)
	g.stage, g.strict, g.mayMiss = "tests", true, []string{"skip"}
	g.engines = g.engines[2:3] // Redis alone
	g.noteEngine("a_test.go:3: engine Redis: 7.0.15")
	if well := g.report(0); !well || !strings.HasSuffix(out.String(), "everything ran\nengine Redis: ran against 7.0.15\n") {
		t.Errorf("got %v and %q", well, out)
	}
	g.stage = "32-bit tests"
	if !g.skippedForEngine(testName{"p", "TestX"}, []string{"=== RUN\n", "engine Redis: NOT RUN: too wide\n"}) {
		t.Error("the skip is not the engine's")
	}
	out.Reset()
	want := []string{
		"FAILED: engine Redis: did not run, and here it has to",
		"engine Redis: ran against 7.0.15; NOT RUN: too wide (1 tests kept from running: 32-bit tests)",
	}
	if got := lastLines(g, out); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestAHostIsToldWhereNoTestStartedTheEngine(t *testing.T) {
	f := func(want string, lines ...string) {
		t.Helper()
		g, _ := newGate(t)
		e := g.engine("MongoDB")
		for _, line := range lines {
			g.noteEngine("    x_test.go:3: engine MongoDB: " + line + "\n")
		}
		if got := e.String(); got != "engine MongoDB: ran against "+want {
			t.Errorf("%q: got %q, want %q", lines, got, want)
		}
	}
	const first, second = "8.0 at h:1 (REDFIRE_TEST_MONGODB)", "8.0 at h:2 (REDFIRE_TEST_MONGODB)"
	f(first, first, first)
	f(first+" and "+second, first, second)
	f("8.0", first, second, "8.0")
	f("8.0", "8.0", first, second)
	f("7.0 and 8.0", "7.0", first, "8.0")
	f("at h:1 (X)", " at h:1 (X)")
}

func TestCIRefusesAnEngineThatDidNotRun(t *testing.T) {
	f := func(strict bool, mayMiss []string, want bool) {
		t.Helper()
		g, out := newGateWithEngines(t)
		g.strict, g.mayMiss = strict, mayMiss
		if got := g.report(0); got != want {
			t.Errorf("strict %v, may miss %q: got %v, want %v", strict, mayMiss, got, want)
		}
		if refused := strings.Contains(out.String(), "FAILED: engine Redis: did not run"); refused == want {
			t.Errorf("strict %v, may miss %q: got %q", strict, mayMiss, out)
		}
	}
	f(false, nil, true)
	f(true, nil, false)
	f(true, []string{"engine"}, true)
}

// Without the stage, as in the quick check, no engine is known before a test
// skips for want of it.
func TestASkipNamesAnEngineByItself(t *testing.T) {
	g, out := newGate(t)
	if _, err := g.readEvents(strings.NewReader(engineEvents)); err != nil {
		t.Fatal(err)
	}
	got := lastLines(g, out)
	if want := "engine MongoDB: NOT RUN: no network: dial tcp (2 tests kept from running: )"; len(got) != 3 || got[2] != want {
		t.Errorf("got %q", got)
	}
}

func TestAnInstallerInTroubleIsAFailure(t *testing.T) {
	f := func(main, want string) {
		t.Helper()
		g, out := newGate(t)
		write(t, g, "go.mod", "module example.com/m\n\ngo 1.26\n")
		write(t, g, "internal/servers/install/main.go", "package main\n\nimport \"os\"\n\nfunc main() { "+main+" }\n")
		if err := installEngines(t.Context(), g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\n%s", main, err, out)
		}
	}
	f("os.Exit(3)", "go run ./internal/servers/install: exit status")
	f("println(); os.Stdout.WriteString(\"engine Redis: 7 in /usr\\n\"); os.Exit(1)", "go run ./internal/servers/install: exit status")
	f("os.Exit(0)", "named no engine")
}

func TestAnEngineThatCannotBeHadIsNoFailureOfTheInstaller(t *testing.T) {
	g, out := newGate(t)
	write(t, g, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, g, "internal/servers/install/main.go",
		"package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"engine Redis: NOT RUN: no network\\n\"); os.Exit(1) }\n")
	if err := installEngines(t.Context(), g); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []string{"all that ran passed", "engine Redis: NOT RUN: no network"}
	if got := lastLines(g, out); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	g.strict = true
	if g.report(0) {
		t.Error("in CI it is no failure")
	}
}
