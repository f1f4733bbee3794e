// Command bench measures RedFire beside its peers and beside what the machine
// could do, in one run:
//
//	go run . [-quick] [-json] [-dir folder] series
//	go run . [-quick] [-json] [-dir folder] [-gb n] files
//	go run . [-quick] [-json] [-dir folder] http
//	go run . [-quick] [-json] [-dir folder] sql
//
// Results go to standard output, as a table or, with -json, as a JSON object a
// line; what is being done goes to standard error. A peer that cannot run, or
// fails, is told of and the rest goes on. README.md says how to read the result.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redfire-quant/redfire/bench/filesbench"
	"github.com/redfire-quant/redfire/bench/httpbench"
	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/bench/seriesbench"
	"github.com/redfire-quant/redfire/bench/sqlbench"
	"github.com/redfire-quant/redfire/internal/servers"
)

// The exit codes.
const (
	exitOK = iota
	exitFailed
	exitUsage
	exitInterrupted = 130 // as shells have it
)

func main() {
	os.Exit(servers.Run(program{}))
}

// A program is what package servers takes for tests that it ends servers behind.
type program struct{}

// Run measures and returns the exit code.
func (program) Run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// subjects are what can be measured.
var subjects = map[string]func(context.Context, settings) (*report.Report, error){
	"series": measureSeries,
	"files":  measureFiles,
	"http":   measureHTTP,
	"sql":    measureSQL,
}

// settings are what the flags say.
type settings struct {
	quick, json bool
	dir         string
	gb          float64 // below 0 if not said
	progress    func(line string)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	set := settings{progress: func(line string) { fmt.Fprintln(errs, line) }}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.BoolVar(&set.quick, "quick", false, "measure over fewer rows: under a minute, and rougher figures")
	flags.BoolVar(&set.json, "json", false, "write a JSON object a line, not a table")
	flags.StringVar(&set.dir, "dir", "", "the `folder` for the engines' files, on the disk to be measured (default: that for temporary files)")
	flags.Float64Var(&set.gb, "gb", -1, "files: the gigabytes of CSV whose import is watched for its `memory` (default: 1, and 0 with -quick)")
	flags.Usage = func() {
		fmt.Fprintln(errs, "usage: bench [-quick] [-json] [-dir folder] [-gb n] series|files|http|sql")
		flags.PrintDefaults()
	}
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return exitUsage // said by flags
	}
	if flags.NArg() == 2 && flags.Arg(0) == importPipe {
		return ended(ctx, filesbench.ImportPipe(ctx, flags.Arg(1), out), errs)
	}
	if flags.NArg() == 3 && flags.Arg(0) == serveHTTP {
		return ended(ctx, httpbench.Serve(ctx, flags.Args()[1:], os.Stdin, out), errs)
	}
	if flags.NArg() != 1 || subjects[flags.Arg(0)] == nil {
		fmt.Fprintf(errs, "bench: name one thing to measure, series, files, http or sql, behind the flags; got %q\n", flags.Args())
		flags.Usage()
		return exitUsage
	}
	result, err := subjects[flags.Arg(0)](ctx, set)
	if err == nil {
		err = write(result, set.json, out)
	}
	return ended(ctx, err, errs)
}

// ended tells how a run ended and returns the exit code.
func ended(ctx context.Context, err error, errs io.Writer) int {
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(errs, "bench: interrupted")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(errs, "bench:", err)
		return exitFailed
	}
	return exitOK
}

func write(r *report.Report, asJSON bool, out io.Writer) error {
	if asJSON {
		return r.JSON(out)
	}
	return r.Table(out)
}

func measureSeries(ctx context.Context, set settings) (*report.Report, error) {
	return seriesbench.Run(ctx, seriesbench.Options{Quick: set.quick, Dir: set.dir, Progress: set.progress})
}

// importPipe is the first argument of the process that files starts to see how
// much memory an import takes; the second is the folder of its store.
const importPipe = "import-pipe"

func measureFiles(ctx context.Context, set settings) (*report.Report, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	opts := filesbench.Options{Quick: set.quick, Dir: set.dir, Progress: set.progress, GB: set.gb, Importer: []string{self, importPipe}}
	if set.gb < 0 {
		opts.GB = 1
		if set.quick {
			opts.GB = 0
		}
	}
	return filesbench.Run(ctx, opts)
}

// serveHTTP is the first argument of the process that answers requests; the others
// are what httpbench.Serve takes.
const serveHTTP = "serve-http"

func measureHTTP(ctx context.Context, set settings) (*report.Report, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return httpbench.Run(ctx, httpbench.Options{Quick: set.quick, Dir: set.dir, Progress: set.progress, Server: []string{self, serveHTTP}})
}

func measureSQL(ctx context.Context, set settings) (*report.Report, error) {
	return sqlbench.Run(ctx, sqlbench.Options{Quick: set.quick, Dir: set.dir, Progress: set.progress})
}
