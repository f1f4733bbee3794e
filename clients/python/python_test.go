//go:build !race && !386

// The program that is tested here is Python's: once is enough.

package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/disk"
)

// needs are the packages of the tests, of one version each, and what those need.
var needs = []string{
	"pandas==3.1.1", "polars==2.1.0", "pyarrow==26.0.1", "urllib3==2.8.0", "tzdata==2026.6",
	"pytest==9.2.0", "mypy==2.4.1", "pandas-stubs==3.1.0.261029", "setuptools==80.9.0",
}

func TestTheClientAgainstAServer(t *testing.T) {
	python := environment(t)
	server := filepath.Join(t.TempDir(), "redfire.exe")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", server, "../../cmd/redfire").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	command, err := json.Marshal([]string{server, "serve"})
	if err != nil {
		t.Fatal(err)
	}
	run(t, python, "PYTHON_TEST_SERVER="+string(command), "-m", "pytest", "-p", "no:cacheprovider")
}

func TestTheTypesOfTheClientAreStrict(t *testing.T) {
	run(t, environment(t), "MYPY_CACHE_DIR="+cached(t, "mypy"), "-m", "mypy", "--strict", "redfire", "tests")
}

// TestThePythonOfTheDocsIsTrue runs the pages of the docs again with a Python: their
// lines of it are left out otherwise.
func TestThePythonOfTheDocsIsTrue(t *testing.T) {
	c := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run", "^TestExamplesInTheDocsAreTrue$", "../../cmd/redfire")
	c.Env = append(os.Environ(), "REDFIRE_TEST_PYTHON="+environment(t))
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// run runs Python in this folder, with a variable beside those of the environment.
func run(t *testing.T, python, variable string, args ...string) {
	t.Helper()
	readAll(t)
	c := exec.CommandContext(t.Context(), python, args...)
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1", "PYTHONPATH=.", variable)
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// readAll reads what Python does: results of tests are kept until a file changes that
// the test itself has read.
func readAll(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		_, err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// cached returns a folder of the user's cache.
func cached(t *testing.T, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	return filepath.Join(cache, "redfire-python", name)
}

// environment returns the Python of a virtual environment with what the tests need,
// which the first call on a machine makes: it takes a minute and the network.
func environment(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it may have to be installed: not in a short run")
	}
	base, err := exec.LookPath("python3")
	if err != nil {
		t.Skipf("no Python: %v", err)
	}
	version, err := exec.CommandContext(t.Context(), base, "-c", "import sys; print(sys.version, sys.executable)").Output()
	if err != nil {
		t.Skipf("no Python: %v", err)
	}
	h := fnv.New32a()
	fmt.Fprintln(h, string(version), needs)
	dir := cached(t, fmt.Sprintf("%08x", h.Sum32()))
	if err := prepare(t.Context(), base, dir); err != nil {
		t.Skipf("no environment of Python: %v", err)
	}
	return interpreter(dir)
}

func interpreter(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python")
}

// prepare makes the environment in dir, unless it is there. One that another process
// is making is waited for.
func prepare(ctx context.Context, base, dir string) (err error) {
	ready := filepath.Join(dir, "ready")
	if exists(ready) {
		return nil
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if exists(ready) {
		return nil // made by the one that held the lock
	}
	pip := []string{interpreter(dir), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"}
	for _, c := range [][]string{
		{base, "-m", "venv", "--clear", dir},
		slices.Concat(pip, needs),
		{interpreter(dir), "-c", "import pandas, polars, pyarrow, urllib3, pytest, mypy"},
	} {
		if err := install(ctx, c); err != nil {
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

// install runs a command of at most five minutes. Its error has what the command said
// last.
func install(ctx context.Context, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Dir = os.TempDir()
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s: %w: %s", strings.Join(args[1:min(len(args), 4)], " "), err, lines[len(lines)-1])
	}
	return nil
}

func TestAnEnvironmentThatIsReadyIsTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ready"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context(), "no such program", dir); err != nil {
		t.Error(err)
	}
}

func TestAnEnvironmentThatCannotBeMadeTellsWhy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "env")
	if err := prepare(t.Context(), "no-such-program", dir); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("got %v", err)
	}
	if exists(filepath.Join(dir, "ready")) {
		t.Error("it is taken for ready")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
