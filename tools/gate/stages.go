package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// plans returns the stages of each command, in order: what is quick and likely
// to fail comes first.
//
// All tests run three times, and each run differs from the others in more than one
// thing: under the race detector in the zone of the machine, plainly in Kathmandu,
// whose offset is of hours and three quarters, and on 32 bits in New York, which
// has daylight saving time. A failure of two of these together would be
// found by more runs alone, and none such was seen.
func plans() map[string][]stage {
	return map[string][]stage{
		"check": {
			{"format", format},
			{"vet", vet},
			{"lint", lint},
			{"unit tests", unitTests},
		},
		"lint": {
			{"lint", lint},
		},
		"fuzz": {
			{"fuzz", fuzz},
		},
		"test": {
			{"format", format},
			{"tidy", tidy},
			{"vet", vet},
			{"generated files", generated},
			{"lint", lint},
			{"engines", installEngines},
			{"32-bit build", buildFor(env386...)},
			{"race tests", raceTests},
			{"tests in Kathmandu", zoneTests("Asia/Kathmandu")},
			{"32-bit tests in New York", tests32("America/New_York")},
			{"tests of the tools", toolTests},
			{"fuzz", fuzz},
			{"build without cgo", buildFor("CGO_ENABLED=0")},
			{"build for windows/amd64", buildFor("GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")},
			{"build for darwin/arm64", buildFor("GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0")},
			{"verify modules", verify},
			{"known vulnerabilities", vulnerabilities},
		},
	}
}

// env386 builds for 32 bits. Linux is named because macOS has none.
var env386 = []string{"GOOS=linux", "GOARCH=386", "CGO_ENABLED=0"}

// modules returns the directories of the project's modules that exist.
func (g *gate) modules() []string {
	var dirs []string
	for _, dir := range []string{".", "tools", "bench"} {
		if _, err := os.Stat(filepath.Join(g.root, dir, "go.mod")); err == nil {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// inModules runs "go args" in every module; the first failure is returned when
// all have run.
func (g *gate) inModules(ctx context.Context, args ...string) error {
	var errs []error
	for _, dir := range g.modules() {
		if err := g.showAll(ctx, goTool(dir, nil, args...)); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func vet(ctx context.Context, g *gate) error {
	return g.inModules(ctx, "vet", "./...")
}

func tidy(ctx context.Context, g *gate) error {
	if err := g.inModules(ctx, "mod", "tidy", "-diff"); err != nil {
		return fmt.Errorf("run go mod tidy there: %w", err)
	}
	return nil
}

func verify(ctx context.Context, g *gate) error {
	return g.inModules(ctx, "mod", "verify")
}

// tools has make build the linters, which it does when their versions change.
func tools(ctx context.Context, g *gate) error {
	out, err := g.captureShown(ctx, command{"", nil, []string{g.make, "tools"}})
	if err != nil {
		return fmt.Errorf("the tools could not be built: %s", toolFailure(out))
	}
	return nil
}

// toolFailure finds in make's output the line that tells why: the network's, or
// the last one that is not make's own.
func toolFailure(out string) string {
	said := "make tools failed"
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "dial tcp") {
			return line
		}
		if line != "" && !strings.HasPrefix(line, "make") {
			said = line
		}
	}
	return said
}

func lint(ctx context.Context, g *gate) error {
	if err := tools(ctx, g); err != nil {
		g.notRun(noLint, "golangci-lint", err.Error())
		return nil
	}
	linter := filepath.Join(g.root, ".cache", "bin", "golangci-lint")
	env := []string{"GOLANGCI_LINT_CACHE=" + filepath.Join(g.root, ".cache", "golangci-lint")}
	args := []string{linter, "run", "--allow-parallel-runners", "--config", filepath.Join(g.root, ".golangci.yml"), "./..."}
	var errs []error
	for _, dir := range g.modules() {
		if err := g.show(ctx, command{dir, env, args}); err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", dir, err))
		}
	}
	return errors.Join(errs...)
}

// vulnerabilities asks govulncheck, which exits 3 for a finding and otherwise
// when it could not look.
func vulnerabilities(ctx context.Context, g *gate) error {
	if err := tools(ctx, g); err != nil {
		g.notRun(noTool, "govulncheck", err.Error())
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	out, err := g.captureShown(ctx, command{"", nil, []string{filepath.Join(g.root, ".cache", "bin", "govulncheck"), "./..."}})
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && exit.ExitCode() == 3:
		return errors.New("update the module or the Go that is named")
	case ctx.Err() != nil:
		g.notRun(noTool, "govulncheck", "its database did not answer in time")
		return nil
	case strings.Contains(out, "fetching vulnerabilities"):
		g.notRun(noTool, "govulncheck", lastLine(out))
		return nil
	}
	return err
}

func unitTests(ctx context.Context, g *gate) error {
	packages, err := g.withoutServers(ctx)
	if err != nil {
		return err
	}
	return g.goTest(ctx, ".", nil, append([]string{"-short"}, packages...)...)
}

// fewerCollections has memory collected less often, which is a third of the time of
// tests that make much garbage. The plain run goes without, as users do: what tests
// measure of memory is measured there.
const fewerCollections = "GOGC=400"

// anew are arguments that have tests run in another order each time. The results
// kept by the go tool do not count: it does not know that TZ matters.
var anew = []string{"-count=1", "-shuffle=on"}

// serversPackage starts all servers, clusters of them too, and kills them: two
// minutes in which it mostly waits. What a zone or 32 bits make of it is nothing,
// so its tests run once, under race.
const serversPackage = "/internal/servers"

// withoutServers lists the project's packages but that one.
func (g *gate) withoutServers(ctx context.Context) ([]string, error) {
	out, err := g.capture(ctx, goTool("", nil, "list", "./..."))
	if err != nil {
		return nil, errors.New(lastLine(out))
	}
	packages := strings.Fields(out)
	if len(packages) == 0 {
		return nil, errors.New("go list names no packages")
	}
	return slices.DeleteFunc(packages, func(p string) bool { return strings.HasSuffix(p, serversPackage) }), nil
}

// raceTests runs all tests with the race detector where there is a C compiler
// for it, else without.
func raceTests(ctx context.Context, g *gate) error {
	// Three at once, since that of the servers waits while two others work.
	args := slices.Concat([]string{"-race", "-p=3"}, anew, []string{"./..."})
	// Each process that ends well would sleep a second first, and tests start many.
	env := []string{"GORACE=atexit_sleep_ms=10", fewerCollections}
	if why := g.whyNoRace(ctx); why != "" {
		g.notRun(noRace, "race detector", why)
		args = args[1:]
	}
	return g.goTest(ctx, ".", env, args...)
}

func (g *gate) whyNoRace(ctx context.Context) string {
	out, err := g.capture(ctx, goTool("", nil, "env", "CGO_ENABLED", "CC"))
	if err != nil {
		return lastLine(out)
	}
	enabled, cc, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if enabled != "1" {
		return "no C compiler, or CGO_ENABLED=0"
	}
	if _, err := exec.LookPath(strings.Fields(cc + " cc")[0]); err != nil {
		return "no C compiler: " + err.Error()
	}
	return ""
}

// zoneTests runs all tests but the servers' where the local time is another.
func zoneTests(zone string) func(context.Context, *gate) error {
	return envTests("TZ=" + zone)
}

// envTests runs all tests but the servers' in an environment.
func envTests(env ...string) func(context.Context, *gate) error {
	return func(ctx context.Context, g *gate) error {
		packages, err := g.withoutServers(ctx)
		if err != nil {
			return err
		}
		return g.goTest(ctx, ".", env, slices.Concat(anew, packages)...)
	}
}

// toolTests tests the modules beside the project's own. Where nothing of them
// changed, a developer has the results that the go tool kept; CI has none of these.
func toolTests(ctx context.Context, g *gate) error {
	args := []string{"./..."}
	if g.strict {
		args = []string{"-count=1", "./..."}
	}
	var errs []error
	for _, dir := range g.modules() {
		if dir == "." {
			continue
		}
		errs = append(errs, g.goTest(ctx, dir, nil, args...))
	}
	return errors.Join(errs...)
}

// buildFor builds for another platform, and vets, which compiles the tests.
func buildFor(env ...string) func(context.Context, *gate) error {
	return func(ctx context.Context, g *gate) error {
		return g.showAll(ctx, goTool("", env, "build", "./..."), goTool("", env, "vet", "./..."))
	}
}

// tests32 runs the tests as a 32-bit program in a zone, where the machine can, and
// else without that in the zone.
func tests32(zone string) func(context.Context, *gate) error {
	return func(ctx context.Context, g *gate) error {
		if out, err := g.capture(ctx, goTool("tools", env386, "run", "./gate", "-h")); !strings.Contains(out, "fuzztime") {
			g.notRun(noTool, "32-bit tests", fmt.Sprintf("%s/%s cannot run them: %s, %v", runtime.GOOS, runtime.GOARCH, lastLine(out), err))
			return zoneTests(zone)(ctx, g)
		}
		return envTests(append([]string{"TZ=" + zone, fewerCollections}, env386...)...)(ctx, g)
	}
}
