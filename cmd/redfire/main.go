// Command redfire is the data back end of a quant-trading system on the
// command line.
//
// Results go to standard output, errors to standard error. The exit code tells
// the kind of an error; docs/en/errors.md lists them. Messages are in English
// or Chinese, by --lang or else by REDFIRE_LANG, LC_ALL, LC_MESSAGES or LANG.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ()}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
