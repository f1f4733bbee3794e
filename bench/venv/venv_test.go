package venv

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestPythonHasThePackages(t *testing.T) {
	if testing.Short() {
		t.Skip("it may have to be installed: not in a short run")
	}
	python, err := Python(t.Context(), func(line string) { t.Log(line) })
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "-m", "pip", "freeze").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dashes := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }
	have := strings.Fields(dashes(string(out)))
	for _, p := range slices.Concat(bare, needs) {
		if !slices.Contains(have, dashes(p)) {
			t.Errorf("%s is not among %q", p, have)
		}
	}
}

func TestAnEnvironmentThatIsReadyIsTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ready"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := prepare(t.Context(), dir, func(line string) { t.Error(line) }); err != nil {
		t.Error(err)
	}
}

func TestWithoutPythonTheReasonIsTold(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := prepare(t.Context(), filepath.Join(t.TempDir(), "env"), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "no Python") {
		t.Errorf("got %v", err)
	}
}

func TestTheOneThatWaitsForTheLockGetsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	others.Go(func() {
		unlock, err := lock(t.Context(), path)
		if err != nil {
			t.Error(err)
			return
		}
		if err := unlock(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("held, and interrupted: got %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
	others.Wait()
}

func TestTheErrorOfACommandHasItsLastLine(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	err = runQuietly(t.Context(), []string{python, "-c", "print('one'); raise SystemExit('no such thing')"})
	if err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("got %v", err)
	}
}
