//go:build unix

package servers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell is a child that runs a script, in a folder of its own.
func shell(t *testing.T, script string) *child {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := startChild(order{
		Path: "/bin/sh", Args: []string{"-c", script}, Env: os.Environ(),
		Log: filepath.Join(folder, "sh.log"), Folder: folder,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.kill(); err != nil {
			t.Error(err)
		}
		c.release()
	})
	return c
}

func waitGone(t *testing.T, c *child) {
	t.Helper()
	select {
	case <-c.gone:
	case <-time.After(time.Minute):
		t.Fatalf("%v is still there", c.order.Args)
	}
}

// waitFor waits until the condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	eventually(t, what, func(context.Context) error {
		if holds() {
			return nil
		}
		return errors.New("not yet")
	})
}

// family waits until pid has n processes below it and returns them all.
func family(t *testing.T, pid, n int) []int {
	t.Helper()
	var all []int
	waitFor(t, "descendants", func() bool {
		var err error
		if all, err = tree(pid); err != nil {
			t.Fatal(err)
		}
		return len(all) == n+1
	})
	return all
}

func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	// A zombie takes signals too.
	all, err := tree(1)
	return err != nil || slices.Contains(all, pid)
}

func TestAKeeperTellsHowItsProgramEnded(t *testing.T) {
	for script, want := range map[string]string{
		"exit 0":      "exit status 0",
		"exit 3":      "exit status 3",
		"kill -9 $$":  "signal killed",
		"kill -15 $$": "signal terminated",
	} {
		c := shell(t, script)
		waitGone(t, c)
		if c.status != want {
			t.Errorf("%s: %s, want %s", script, c.status, want)
		}
	}
}

func TestAKeeperTellsWhyNothingStarted(t *testing.T) {
	folder := t.TempDir()
	for name, o := range map[string]order{
		"no such program": {Path: "/no/such/program", Log: filepath.Join(folder, "log"), Folder: folder},
		"no such folder":  {Path: "/bin/sh", Log: "/no/such/folder/log", Folder: folder},
	} {
		c, err := startChild(o)
		if err == nil {
			c.release()
			t.Errorf("%s: started", name)
			continue
		}
		if !strings.Contains(err.Error(), "no such file") || !strings.Contains(err.Error(), o.Path) {
			t.Errorf("%s: %v: want the program and that it is missing", name, err)
		}
	}
}

func TestKillReachesAllThatAProgramStarted(t *testing.T) {
	c := shell(t, "sleep 1000 & sh -c 'sleep 1000 & sleep 1000' & wait")
	all := family(t, c.pid, 4)
	if err := c.kill(); err != nil {
		t.Fatal(err)
	}
	if !c.hasEnded() || c.status != "signal killed" {
		t.Errorf("after kill: %q", c.status)
	}
	for _, pid := range all {
		if alive(pid) {
			t.Errorf("process %d of %v is still there", pid, all)
		}
	}
	if err := c.kill(); err != nil {
		t.Errorf("a second kill: %v", err)
	}
}

func TestWhatAProgramLeavesIsKilledWithIt(t *testing.T) {
	c := shell(t, "sleep 1000 & sleep 1000 & read line < "+fifo(t))
	all := family(t, c.pid, 2)
	if err := syscall.Kill(c.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitGone(t, c)
	for _, pid := range all {
		if alive(pid) {
			t.Errorf("process %d of %v is still there", pid, all)
		}
	}
}

// TestWhatAProgramLeavesIsKilledThoughItForks leaves a process that is never the
// same: each starts the next and ends. Nobody has to kill the last of them, but
// that is a minute away.
func TestWhatAProgramLeavesIsKilledThoughItForks(t *testing.T) {
	script := filepath.Join(t.TempDir(), "next")
	writeFile(t, script, "[ $1 -lt 30000 ] && sh '"+script+"' $(($1 + 1)) &\n", 0o600)
	for range 3 {
		began := time.Now()
		c := shell(t, "sh '"+script+"' 0 & sleep 0.1")
		waitGone(t, c)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("what a program left was there for %v", took)
		}
		if c.status != "exit status 0" {
			t.Errorf("it ended by %s", c.status)
		}
	}
}

// fifo is a file that who reads it waits for.
func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTerminateWaitsAndGivesUpInTime(t *testing.T) {
	c := shell(t, "trap 'exit 7' TERM; sleep 1000 & wait")
	family(t, c.pid, 1)
	if err := c.terminate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.status != "exit status 7" {
		t.Errorf("ended by %s, want its own way", c.status)
	}
	stubborn := shell(t, "trap '' TERM; while :; do sleep 0.05; done")
	family(t, stubborn.pid, 1)
	ctx, cancel := contextFor(t, 200*time.Millisecond)
	defer cancel()
	if err := stubborn.terminate(ctx); err == nil {
		t.Error("a program that ignores the request has ended")
	}
}

func TestAKeeperWhoseBinaryIsDeadRemovesTheFolder(t *testing.T) {
	c := shell(t, "sleep 1000 & wait")
	all := family(t, c.pid, 1)
	if err := c.freeze(); err != nil { // the frozen die too
		t.Fatal(err)
	}
	// The system does this with all that a dead process had open.
	if err := c.orders.Close(); err != nil {
		t.Fatal(err)
	}
	waitGone(t, c)
	if err := c.keeper.Wait(); err != nil {
		t.Errorf("the keeper: %v", err)
	}
	for _, pid := range all {
		if alive(pid) {
			t.Errorf("process %d of %v is still there", pid, all)
		}
	}
	if _, err := os.Stat(c.order.Folder); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestAKeeperThatIsReleasedLeavesTheFolder(t *testing.T) {
	c := shell(t, "exit 0")
	waitGone(t, c)
	c.release()
	if _, err := os.Stat(c.order.Folder); err != nil {
		t.Error(err)
	}
}
