package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A fuzzed is a package with fuzzers.
type fuzzed struct {
	ImportPath, Dir           string
	TestGoFiles, XTestGoFiles []string

	fuzzers []string
	binary  string
}

// fuzz runs every fuzzer of the module for fuzzTime. Each package is compiled for
// it once, and each fuzzer has one core: with all of them for each in turn, most
// of a short time goes by in starting and waiting.
func fuzz(ctx context.Context, g *gate) (err error) {
	packages, err := g.fuzzed(ctx)
	if err != nil {
		return fmt.Errorf("list fuzzers: %w", err)
	}
	cache, err := g.capture(ctx, goTool("", nil, "env", "GOCACHE"))
	if err != nil {
		return fmt.Errorf("go env: %w: %s", err, lastLine(cache))
	}
	binaries, err := os.MkdirTemp("", "gate-fuzz-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(binaries)) }()
	var runs []func() (string, error)
	var errs []error
	for i, p := range packages {
		p.binary = filepath.Join(binaries, fmt.Sprintf("%d.test", i))
		if err := g.showAll(ctx, goTool("", nil, "test", "-c", "-fuzz=.", "-o", p.binary, p.ImportPath)); err != nil {
			errs = append(errs, err)
			continue
		}
		corpus := filepath.Join(strings.TrimSpace(cache), "fuzz", filepath.FromSlash(p.ImportPath))
		for _, name := range p.fuzzers {
			runs = append(runs, func() (string, error) { return g.fuzzOne(ctx, p, name, corpus) })
		}
	}
	return errors.Join(append(errs, g.abreast(runs))...)
}

// fuzzed finds the packages with fuzzers.
func (g *gate) fuzzed(ctx context.Context) ([]fuzzed, error) {
	list, err := g.capture(ctx, goTool("", nil, "list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "./..."))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, lastLine(list))
	}
	var found []fuzzed
	for decoder := json.NewDecoder(strings.NewReader(list)); ; {
		var p fuzzed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		for _, file := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
			names, err := fuzzers(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			p.fuzzers = append(p.fuzzers, names...)
		}
		if len(p.fuzzers) > 0 {
			found = append(found, p)
		}
	}
}

// fuzzers finds the fuzzers in a file.
func fuzzers(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
			found = append(found, f.Name.Name)
		}
	}
	return found, nil
}

// abreast does runs, one on each core, and shows what each printed when it is
// through.
func (g *gate) abreast(runs []func() (string, error)) error {
	var mu sync.Mutex // guards errs and g.out
	var errs []error
	var wait sync.WaitGroup
	next := make(chan func() (string, error))
	for range runtime.NumCPU() {
		wait.Go(func() {
			for run := range next {
				out, err := run()
				mu.Lock()
				fmt.Fprint(g.out, out)
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	for _, run := range runs {
		next <- run
	}
	close(next)
	wait.Wait()
	return errors.Join(errs...)
}

// fuzzOne runs one fuzzer and returns what it printed. Left alone, it spends most
// of a short time on making inputs shorter that are no failures.
func (g *gate) fuzzOne(ctx context.Context, p fuzzed, name, corpus string) (string, error) {
	dir, err := filepath.Rel(g.root, p.Dir)
	if err != nil {
		return "", err
	}
	out, err := g.capture(ctx, command{dir, nil, []string{
		p.binary, "-test.run=^$", "-test.paniconexit0", "-test.parallel=1", "-test.fuzz=^" + name + "$",
		"-test.fuzzcachedir=" + corpus, "-test.fuzztime=" + g.fuzzTime.String(), "-test.fuzzminimizetime=1s",
	}})
	test := testName{p.ImportPath, name}
	out = fmt.Sprintf("fuzz %s\n%s", test, out)
	switch {
	case err == nil:
		return out, nil
	case timeUp(out):
		return out + "the time was up and no failing input found (golang/go#75804): passed\n", nil
	}
	return out, fmt.Errorf("%s: %w", test, err)
}

// bareDeadline is how the go tool, up to 1.26, at times reports the end of the
// fuzz time: as a failure of the fuzzer that says nothing else.
var bareDeadline = regexp.MustCompile(`--- FAIL: \w+ \([\d.]+s\)\n    context deadline exceeded\nFAIL\n`)

// timeUp reports whether a fuzzer failed only because its time was up.
func timeUp(out string) bool {
	return bareDeadline.MatchString(out) && !strings.Contains(out, "Failing input written")
}
