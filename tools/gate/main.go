// Gate runs the project's checks, stage by stage, and tells in its last lines
// what it could not run and why.
//
//	gate [-root DIR] [-fuzztime D] check|lint|test|fuzz
//
// check is the quick one, test has everything. All stages run, whatever fails
// before them. Under CI=true it is a failure of test when the race detector, the
// linters, an engine or a single test did not run; MAY_MISS="race lint engine
// skip" names those of the four that a machine may miss.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, plans(), os.Args[1:], os.Getenv, os.Stdout))
}

// run is the program, with the stages of each command: 0 for all well, 1 for a
// failed check, 2 for a command line that makes no sense.
func run(ctx context.Context, plans map[string][]stage, args []string, getenv func(string) string, out io.Writer) int {
	flags := flag.NewFlagSet("gate", flag.ContinueOnError)
	flags.SetOutput(out)
	root := flags.String("root", ".", "the project's `directory`")
	fuzzTime := flags.Duration("fuzztime", 2*time.Second, "how long each fuzzer runs")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	stages, ok := plans[flags.Arg(0)]
	if !ok || flags.NArg() != 1 {
		fmt.Fprintln(out, "gate: want one of check, lint, test, fuzz")
		return 2
	}
	dir, err := filepath.Abs(*root)
	if err != nil {
		fmt.Fprintln(out, "gate:", err)
		return 2
	}
	g := &gate{
		root:     dir,
		out:      out,
		make:     getenv("MAKE"),
		fuzzTime: *fuzzTime,
		mayMiss:  strings.Fields(getenv("MAY_MISS")),
		strict:   flags.Arg(0) == "lint" || flags.Arg(0) == "test" && getenv("CI") == "true",
	}
	if g.make == "" {
		g.make = "make"
	}
	if g.run(ctx, stages) {
		return 0
	}
	return 1
}
