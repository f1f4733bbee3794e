// Package venv makes the virtual environment of Python in which the peers of the
// benchmarks run, and those that files are held against.
//
// [Python] makes it below the user's cache folder, once: it stays there for the
// next run. It holds vn.py with its adapter for SQLite, pandas, pyarrow, Polars,
// and two packages of exchanges' calendars, all of one version each.
package venv

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/internal/disk"
)

// The versions that results are told with.
const (
	VNPy   = "vnpy==4.5.0"
	SQLite = "vnpy_sqlite==1.1.3"
	Pandas = "pandas==3.1.1"
	Arrow  = "pyarrow==26.0.1"
	Polars = "polars==2.1.0"

	ExchangeCalendars = "exchange_calendars==4.13.2"
	MarketCalendars   = "pandas_market_calendars==5.5.0"
)

// bare are vn.py and its adapter, without their own dependencies: those of vnpy
// are a desktop's, half a gigabyte that the database never touches.
var bare = []string{VNPy, SQLite}

// needs are what these import when data is saved and loaded, and the others.
var needs = []string{
	"peewee==4.5.3", "numpy==2.4.6", "ta-lib==0.8.2", "tzlocal==5.4.5", "tzdata==2026.6", Pandas, Arrow, Polars,
	ExchangeCalendars, MarketCalendars,
}

// Python returns the path of the environment's Python. The first call makes the
// environment, which takes a minute or two and the network, and tells progress
// of it; one that another process is making is waited for.
func Python(ctx context.Context, progress func(line string)) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("venv: %w", err)
	}
	dir := filepath.Join(cache, "redfire-bench", name())
	if err := prepare(ctx, dir, progress); err != nil {
		return "", fmt.Errorf("venv: %w", err)
	}
	return interpreter(dir), nil
}

// name is another one for other packages.
func name() string {
	h := fnv.New32a()
	for _, p := range slices.Concat(bare, needs) {
		fmt.Fprintln(h, p)
	}
	return fmt.Sprintf("python-%08x", h.Sum32())
}

func interpreter(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python")
}

// prepare makes the environment in dir, unless it is there.
func prepare(ctx context.Context, dir string, progress func(string)) (err error) {
	ready := filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return nil
	}
	base, err := exec.LookPath("python3")
	if err != nil {
		return fmt.Errorf("no Python: %w", err)
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := os.Stat(ready); err == nil {
		return nil // made by the one that held the lock
	}
	progress("python: installing vn.py, pandas, pyarrow, Polars and calendars into " + dir + ", once")
	pip := []string{interpreter(dir), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"}
	for _, c := range [][]string{
		{base, "-m", "venv", "--clear", dir},
		slices.Concat(pip, needs),
		slices.Concat(pip, []string{"--no-deps"}, bare),
		{interpreter(dir), "-c", "import vnpy_sqlite, pyarrow, polars, exchange_calendars, pandas_market_calendars"},
	} {
		if err := runQuietly(ctx, c); err != nil {
			return err
		}
	}
	return os.WriteFile(ready, nil, 0o644)
}

// lock holds a folder beside the environment, and waits for whoever does.
func lock(ctx context.Context, path string) (unlock func() error, err error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		unlock, err := disk.Lock(path)
		var held *disk.HeldError
		if !errors.As(err, &held) {
			return unlock, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// runQuietly runs a command of at most five minutes. Its error has what the
// command said last.
func runQuietly(ctx context.Context, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Dir = os.TempDir()
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args[1:min(len(args), 4)], " "), err, LastLine(out))
	}
	return nil
}

// LastLine returns the last line of what a process said, where Python tells what
// went wrong.
func LastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
