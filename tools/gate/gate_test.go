package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newGate returns a gate over an empty directory and what it will print.
func newGate(t *testing.T) (*gate, *strings.Builder) {
	t.Helper()
	var out strings.Builder
	return &gate{root: t.TempDir(), out: &out, make: "make"}, &out
}

func write(t *testing.T, g *gate, name, content string) {
	t.Helper()
	file := filepath.Join(g.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAllStagesRunAndTheReportComesLast(t *testing.T) {
	g, out := newGate(t)
	ran := 0
	fine := func(context.Context, *gate) error { ran++; return nil }
	broken := func(context.Context, *gate) error {
		ran++
		return errors.Join(errors.New("one thing"), errors.New("another"))
	}
	lacking := func(_ context.Context, g *gate) error {
		ran++
		g.notRun(noTest, "cache TestRedis", "no server\n   here")
		return nil
	}
	well := g.run(t.Context(), []stage{{"one", broken}, {"two", fine}, {"three", lacking}, {"four", lacking}})
	if well || ran != 4 {
		t.Errorf("got well %v after %d stages, want false after 4", well, ran)
	}
	_, report, _ := strings.Cut(out.String(), "in all\n\n")
	want := "FAILED: one: one thing; another\nNOT RUN: cache TestRedis (three, four): no server here\n"
	if report != want {
		t.Errorf("report:\n got %q\nwant %q", report, want)
	}
}

func TestEverythingRan(t *testing.T) {
	g, out := newGate(t)
	if !g.run(t.Context(), []stage{{"one", func(context.Context, *gate) error { return nil }}}) {
		t.Error("got a failure")
	}
	if !strings.HasSuffix(out.String(), "all that ran passed\neverything ran\n") {
		t.Errorf("got %q", out)
	}
}

func TestAnInterruptEndsTheRun(t *testing.T) {
	g, out := newGate(t)
	ctx, cancel := context.WithCancel(t.Context())
	stop := func(context.Context, *gate) error { cancel(); return nil }
	never := func(context.Context, *gate) error { t.Error("the next stage ran"); return nil }
	if g.run(ctx, []stage{{"one", stop}, {"two", never}}) {
		t.Error("got well")
	}
	if !strings.HasSuffix(out.String(), "gate: interrupted\n") {
		t.Errorf("got %q", out)
	}
}

func TestCIRefusesSomeAbsences(t *testing.T) {
	f := func(strict bool, mayMiss []string, k kind, want bool) {
		t.Helper()
		g, out := newGate(t)
		g.strict, g.mayMiss = strict, mayMiss
		g.notRun(k, "something", "because")
		if got := g.report(0); got != want {
			t.Errorf("strict %v, may miss %q, %s: got %v, want %v\n%s", strict, mayMiss, k, got, want, out)
		}
		if !strings.HasSuffix(out.String(), ": because\n") {
			t.Errorf("the last line is not the reason: %q", out)
		}
	}
	f(false, nil, noRace, true)
	f(true, nil, noRace, false)
	f(true, nil, noLint, false)
	f(true, nil, noTest, false)
	f(true, nil, noEngine, false)
	f(true, nil, noTool, true)
	f(true, []string{"race"}, noRace, true)
	f(true, []string{"race"}, noTest, false)
}

// events is what go test -json prints of a package with a test that passes,
// one that skips, one that skips silently and one that fails.
const events = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: hidden\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestB/x","Output":"=== RUN   TestB/x\n"}
{"Action":"output","Package":"p","Test":"TestB/x","Output":"    a_test.go:7: no server at 1.2.3.4\n"}
{"Action":"output","Package":"p","Test":"TestB/x","Output":"    --- SKIP: TestB/x (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB/x","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestC","Output":"--- SKIP: TestC (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestC","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestD","Output":"=== RUN   TestD\n"}
{"Action":"output","Package":"p","Test":"TestD","Output":"    a_test.go:9: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestD","Output":"--- FAIL: TestD (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestD","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestE","Output":"    started\n"}
{"Action":"output","Package":"p","Output":"-test.shuffle 42\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.003s\n"}
{"Action":"fail","Package":"p","Elapsed":0.003}
{"Action":"output","Package":"q","Output":"PASS\n"}
{"Action":"output","Package":"q","Output":"ok  \tq\t0.002s\n"}
{"Action":"pass","Package":"q","Elapsed":0.002}
{"Action":"output","Package":"r","Output":"?   \tr\t[no test files]\n"}
{"Action":"skip","Package":"r","Elapsed":0}
{"ImportPath":"s","Action":"build-output","Output":"s/s.go:3:1: syntax error\n"}
{"Action":"output","Package":"s","Output":"FAIL\ts [build failed]\n"}
{"Action":"fail","Package":"s","Elapsed":0}
go: something of the go tool itself`

func TestGoTestShowsFailuresAndNotesSkips(t *testing.T) {
	g, out := newGate(t)
	failed, err := g.readEvents(strings.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"p TestD", "p TestE", "s"}; !slices.Equal(failed, want) {
		t.Errorf("failed: got %q, want %q", failed, want)
	}
	want := `    a_test.go:9: got 1, want 2
--- FAIL: TestD (0.00s)
    started
-test.shuffle 42
FAIL	p	0.003s
ok  	q	0.002s
?   	r	[no test files]
s/s.go:3:1: syntax error
FAIL	s [build failed]
go: something of the go tool itself`
	if out.String() != want {
		t.Errorf("output:\n%s\nwant:\n%s", out, want)
	}
	var got []string
	for _, m := range g.missing {
		got = append(got, m.what+": "+m.why)
	}
	wantMissing := []string{"p TestB/x: a_test.go:7: no server at 1.2.3.4", "p TestC: no reason given"}
	if !slices.Equal(got, wantMissing) {
		t.Errorf("skipped: got %q, want %q", got, wantMissing)
	}
}

func TestTestsGoByShortNames(t *testing.T) {
	f := func(n testName, want string) {
		t.Helper()
		if n.String() != want {
			t.Errorf("got %q, want %q", n, want)
		}
	}
	f(testName{"github.com/redfire-quant/redfire", "TestA"}, "redfire TestA")
	f(testName{"github.com/redfire-quant/redfire/cmd/redfire", "TestA/b"}, "cmd/redfire TestA/b")
	f(testName{"github.com/redfire-quant/redfire/market", ""}, "market")
	f(testName{"example.com/m", "TestA"}, "example.com/m TestA")
}

func TestGoTestRunsTheGoTool(t *testing.T) {
	g, out := newGate(t)
	write(t, g, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, g, "m_test.go", "package m\n\nimport \"testing\"\n\nfunc TestSkips(t *testing.T) { t.Skip(\"no moon\") }\n")
	if err := g.goTest(t.Context(), ".", nil, "./..."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(out.String(), "\nok  \texample.com/m\t") {
		t.Errorf("no ok line: %q", out)
	}
	if len(g.missing) != 1 || !strings.HasSuffix(g.missing[0].why, "no moon") {
		t.Errorf("skipped: got %v", g.missing)
	}
	write(t, g, "m_test.go", "package m\n\nimport \"testing\"\n\nfunc TestFails(t *testing.T) { t.Fatal(\"no sun\") }\n")
	if err := g.goTest(t.Context(), ".", nil, "./..."); err == nil || !strings.Contains(out.String(), "no sun") {
		t.Errorf("got %v and %q", err, out)
	}
}

func TestFormatNamesTheFile(t *testing.T) {
	g, _ := newGate(t)
	write(t, g, "a/good.go", "package a\n\nvar x = 1\n")
	write(t, g, "a/testdata/bad.go", "package   a\n")
	write(t, g, ".cache/bad.go", "package   a\n")
	if err := format(t.Context(), g); err != nil {
		t.Error(err)
	}
	write(t, g, "a/bad.go", "package   a\n")
	if err := format(t.Context(), g); err == nil || err.Error() != "run gofmt -s -w a/bad.go" {
		t.Errorf("got %v", err)
	}
	write(t, g, "a/bad.go", "pack")
	if err := format(t.Context(), g); err == nil || !strings.Contains(err.Error(), "a/bad.go") {
		t.Errorf("got %v", err)
	}
}

func TestStaleGeneratedFilesAreNamed(t *testing.T) {
	g, out := newGate(t)
	write(t, g, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, g, "gen.go", "package m\n\n//go:generate go run ./gen\n")
	write(t, g, "gen/main.go", "package main\n\nimport \"os\"\n\nfunc main() { os.WriteFile(\"page.md\", []byte(\"new\"), 0o644) }\n")
	write(t, g, "page.md", "old")
	if err := generated(t.Context(), g); err == nil || !strings.HasSuffix(err.Error(), ": page.md") {
		t.Errorf("stale: got %v\n%s", err, out)
	}
	if err := generated(t.Context(), g); err != nil {
		t.Errorf("fresh: got %v\n%s", err, out)
	}
}

func TestMissingLintersAreNoFailure(t *testing.T) {
	g, out := newGate(t)
	write(t, g, "Makefile", "tools:\n\t@echo 'x: dial tcp: no such host'; echo later; exit 1\n")
	if err := lint(t.Context(), g); err != nil {
		t.Errorf("lint: %v", err)
	}
	if err := vulnerabilities(t.Context(), g); err != nil {
		t.Errorf("vulnerabilities: %v", err)
	}
	if len(g.missing) != 2 || g.missing[0].kind != noLint || !strings.HasSuffix(g.missing[0].why, "no such host") {
		t.Errorf("missing: got %v\n%s", g.missing, out)
	}
}

func TestTheReasonIsNotMakesOwnLine(t *testing.T) {
	f := func(out, want string) {
		t.Helper()
		if got := toolFailure(out); got != want {
			t.Errorf("%q: got %q, want %q", out, got, want)
		}
	}
	f("go: downloading x\nx: dial tcp: no such host\nmake: *** [x] Error 1\n", "x: dial tcp: no such host")
	f("lookup disabled by GOPROXY=off\nmake: *** [x] Error 1\n", "lookup disabled by GOPROXY=off")
	f("make: *** No rule\n", "make tools failed")
}

func TestVulnerabilities(t *testing.T) {
	f := func(script string, wantErr, wantMissing bool) {
		t.Helper()
		g, out := newGate(t)
		write(t, g, "Makefile", "tools:\n")
		bin := filepath.Join(g.root, ".cache", "bin", "govulncheck")
		write(t, g, ".cache/bin/govulncheck", "#!/bin/sh\n"+script+"\n")
		if err := os.Chmod(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		err := vulnerabilities(t.Context(), g)
		if (err != nil) != wantErr || (len(g.missing) > 0) != wantMissing {
			t.Errorf("%s: got %v and missing %v\n%s", script, err, g.missing, out)
		}
	}
	f("exit 0", false, false)
	f("echo GO-2026-1; exit 3", true, false)
	f("echo 'govulncheck: fetching vulnerabilities: no such host'; exit 1", false, true)
	f("echo 'package x: syntax error'; exit 1", true, false)
}

func TestCommandsReadAsTyped(t *testing.T) {
	f := func(c command, want string) {
		t.Helper()
		if c.String() != want {
			t.Errorf("got %q, want %q", c, want)
		}
	}
	f(goTool("", nil, "vet", "./..."), "go vet ./...")
	f(goTool("tools", []string{"A=1"}, "vet"), "cd tools && A=1 go vet")
}

func TestTheCommandLine(t *testing.T) {
	plans := map[string][]stage{
		"quiet": {{"quiet", func(context.Context, *gate) error { return nil }}},
		"loud":  {{"loud", func(context.Context, *gate) error { return errors.New("loud") }}},
	}
	f := func(want int, args ...string) {
		t.Helper()
		var out strings.Builder
		if got := run(t.Context(), plans, args, func(string) string { return "" }, &out); got != want {
			t.Errorf("%q: got %d, want %d\n%s", args, got, want, &out)
		}
	}
	f(2)
	f(2, "nonsense")
	f(2, "quiet", "more")
	f(2, "-nonsense", "quiet")
	f(0, "-root", t.TempDir(), "quiet")
	f(1, "-root", t.TempDir(), "loud")
}
