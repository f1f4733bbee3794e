package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A command is a child process of a stage.
type command struct {
	dir  string   // below the root; "" is the root
	env  []string // over the gate's own
	args []string
}

// goTool is a command of the go tool in module directory dir.
func goTool(dir string, env []string, args ...string) command {
	return command{dir, env, append([]string{"go"}, args...)}
}

// String writes the command as one would type it.
func (c command) String() string {
	words := slices.Concat(c.env, c.args)
	if c.dir != "" && c.dir != "." {
		words = append([]string{"cd", c.dir, "&&"}, words...)
	}
	return strings.Join(words, " ")
}

// exec prints c and runs it, with its output going to stdout and, where that
// is not stdout already, its messages to the gate's output.
func (g *gate) exec(ctx context.Context, c command, stdout io.Writer) error {
	fmt.Fprintf(g.out, "$ %s\n", c)
	cmd := g.prepare(ctx, c)
	cmd.Stdout = stdout
	cmd.Stderr = g.out
	return cmd.Run()
}

// show runs c with all its output shown.
func (g *gate) show(ctx context.Context, c command) error {
	return g.exec(ctx, c, g.out)
}

// showAll runs commands one after the other and stops at one that fails.
func (g *gate) showAll(ctx context.Context, cs ...command) error {
	for _, c := range cs {
		if err := g.show(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
	}
	return nil
}

// capture runs c without showing anything and returns all it printed.
func (g *gate) capture(ctx context.Context, c command) (string, error) {
	out, err := g.prepare(ctx, c).CombinedOutput()
	return string(out), err
}

// captureShown runs c, shows its output and returns it too.
func (g *gate) captureShown(ctx context.Context, c command) (string, error) {
	var kept bytes.Buffer
	both := io.MultiWriter(g.out, &kept)
	fmt.Fprintf(g.out, "$ %s\n", c)
	cmd := g.prepare(ctx, c)
	cmd.Stdout, cmd.Stderr = both, both
	err := cmd.Run()
	return kept.String(), err
}

func (g *gate) prepare(ctx context.Context, c command) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Dir = filepath.Join(g.root, c.dir)
	// The outer make's job slots and a workspace above the project are not
	// the stage's business.
	drop := func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "MAKEFLAGS" || name == "MFLAGS" || name == "MAKELEVEL"
	}
	cmd.Env = append(slices.DeleteFunc(os.Environ(), drop), "GOWORK=off")
	cmd.Env = append(cmd.Env, c.env...)
	return cmd
}

// lastLine returns the last line of s that holds anything.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
