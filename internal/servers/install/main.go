// Install gets the servers that RedFire is tested against, those that this
// machine has not.
//
//	go run ./internal/servers/install [-list] [ENGINE...]
//
// What it gets goes into one folder, REDFIRE_ENGINES or redfire-engines below the
// user's cache folder: servers of Debian's packages in roots of their own, those
// that are Go programs built from their modules. On the machine itself it installs
// at most the tools for that, as Debian packages. The last lines on stdout tell of
// each engine which version is where, or why there is none.
//
// Everything is made under another name and renamed when it is whole, so that a
// run may be ended in any way at any moment: the next one removes what was left
// and goes on. Two runs at once do the work once. A run ends with the process that
// started it, and everything that it started ends with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // who asks twice does not want to wait for the cleaning up
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: 0 if everything is there that this machine can have, 1
// if getting it failed, 2 for a command line that makes no sense.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	flags := flag.NewFlagSet("install", flag.ContinueOnError)
	flags.SetOutput(progress)
	list := flags.Bool("list", false, "only tell what is there")
	flags.Usage = func() {
		fmt.Fprintf(progress, "usage: install [-list] [ENGINE...]\nengines: %s\n", strings.Join(names(engines.All()), ", "))
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		fmt.Fprintln(progress, "install:", err)
		return 2
	}
	folder, err := engines.Folder()
	if err != nil {
		fmt.Fprintln(progress, "install:", err)
		return 1
	}

	found := look(ctx, chosen)
	var why map[string]string
	code := 0
	if missing := found.missing(); !*list && len(missing) > 0 {
		var well bool
		if why, well = get(ctx, folder, missing, newProgress(progress)); !well {
			code = 1
		}
		// What was done is told also by a run that was ended.
		found = look(context.WithoutCancel(ctx), chosen)
	}
	for _, f := range found {
		fmt.Fprintln(out, f.line(why[f.engine.Name]))
	}
	return code
}

// choose returns the engines of these names, all of them if there are none.
func choose(args []string) ([]engines.Engine, error) {
	if len(args) == 0 {
		return engines.All(), nil
	}
	var chosen []engines.Engine
	known := map[string]bool{}
	for _, e := range engines.All() {
		for _, name := range args {
			if strings.EqualFold(name, e.Name) && !known[strings.ToLower(name)] {
				known[strings.ToLower(name)] = true
				chosen = append(chosen, e)
			}
		}
	}
	for _, name := range args {
		if !known[strings.ToLower(name)] {
			return nil, fmt.Errorf("no engine %q: there are %s", name, strings.Join(names(engines.All()), ", "))
		}
	}
	return chosen, nil
}

func names(all []engines.Engine) []string {
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
	}
	return names
}

// A finding is what was found of an engine: a program, or why there is none.
type finding struct {
	engine  engines.Engine
	program *engines.Program
	err     error
}

// line tells of the engine. What this run could not do about it is a better
// reason than that it is missing.
func (f finding) line(why string) string {
	var missing *engines.Missing
	switch {
	case f.program != nil:
		return f.program.String()
	case why != "":
	case errors.As(f.err, &missing):
		why = missing.Why
	default:
		why = f.err.Error()
	}
	return (&engines.Missing{Engine: f.engine, Why: strings.Join(strings.Fields(why), " ")}).Error()
}

type findings []finding

// missing returns the names of those that are not there.
func (fs findings) missing() []string {
	var missing []string
	for _, f := range fs {
		if f.program == nil {
			missing = append(missing, f.engine.Name)
		}
	}
	return missing
}

// look finds all of wanted at once, since each is asked for its version.
func look(ctx context.Context, wanted []engines.Engine) findings {
	found := make(findings, len(wanted))
	var all sync.WaitGroup
	for i, e := range wanted {
		all.Go(func() {
			program, err := engines.Find(ctx, e)
			found[i] = finding{e, program, err}
		})
	}
	all.Wait()
	return found
}
