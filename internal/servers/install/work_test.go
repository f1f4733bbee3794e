//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// helperVariable makes this test the command, with steps that only pretend, on
// the folder that it names.
const helperVariable = "INSTALL_TEST_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(helperVariable); folder != "" {
		w, missing := pretend(folder, os.Stderr)
		why, well := w.get(context.Background(), missing)
		fmt.Println(why, well)
		return
	}
	os.Exit(m.Run())
}

// pretend returns a work whose one step, InfluxDB 1, runs a program for as long as
// there is a file named wait in the folder, and then publishes what it printed.
func pretend(folder string, progress interface{ Write([]byte) (int, error) }) (w *work, missing []string) {
	missing = []string{engines.InfluxDB1.Name}
	w = &work{folder: folder, progress: newProgress(progress), machine: machine{goos: "linux"}}
	w.steps = []step{{name: influxd1, what: "a pretence", usual: time.Second, size: 1, lane: building, do: func(w *work) recipe {
		return func(ctx context.Context, log *os.File) error {
			part, err := w.temporary(influxd1)
			if err != nil {
				return err
			}
			file := filepath.Join(part, "file")
			script := `echo $$ >> "$1/pids"; echo half > "$2"; while [ -e "$1/wait" ]; do sleep 0.02; done; echo whole > "$2"`
			if err := execute(ctx, log, command{args: []string{"sh", "-c", script, "sh", folder, file}}); err != nil {
				return err
			}
			return w.publish(ctx, log, file, "bin/influxd1")
		}
	}}}
	w.look = func(context.Context) []string {
		if _, err := os.Stat(filepath.Join(folder, "bin/influxd1")); err == nil {
			return nil
		}
		return missing
	}
	return w, missing
}

// helper starts the command in a process of its own, and returns what it prints.
func helper(t *testing.T, folder string) (*exec.Cmd, *safeBuffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out safeBuffer
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), helperVariable+"="+folder)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// A safeBuffer is written by a process while it is read.
type safeBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// until waits for something that another process does.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !happened() {
		select {
		case <-deadline.C:
			t.Fatalf("waited 30 s for: %s", what)
		case <-ticker.C:
		}
	}
}

// pids are the processes that steps of a folder ran.
func pids(t *testing.T, folder string) []int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "pids"))
	if err != nil {
		return nil
	}
	var all []int
	for word := range strings.FieldsSeq(string(b)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if _, state, found := strings.Cut(string(stat), ") "); err == nil && found && state[0] == 'Z' {
		return true // nobody reaped it yet
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// wait has the steps of a folder wait until the file is removed.
func wait(t *testing.T, folder string) (file string) {
	t.Helper()
	file = filepath.Join(folder, "wait")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// wantWhole checks that the step is done, once, and that nothing else is left.
func wantWhole(t *testing.T, folder string) {
	t.Helper()
	if b, err := os.ReadFile(filepath.Join(folder, "bin/influxd1")); err != nil || string(b) != "whole\n" {
		t.Errorf("got %q, %v, want it whole", b, err)
	}
	for _, name := range []string{"part", "build"} {
		if _, err := os.Stat(filepath.Join(folder, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

func TestAStepThatIsInterruptedIsDoneByTheNextRun(t *testing.T) {
	folder := t.TempDir()
	file := wait(t, folder)
	var out safeBuffer
	w, missing := pretend(folder, &out)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan string)
	go func() {
		why, well := w.get(ctx, missing)
		done <- fmt.Sprint(why, well)
	}()
	until(t, "the step to run", func() bool { return len(pids(t, folder)) == 1 })
	cancel()
	if got, want := <-done, fmt.Sprint(map[string]string{"InfluxDB 1": errEnded.Error()}, false); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	until(t, "its process to end", func() bool { return ended(pids(t, folder)[0]) })
	if _, err := os.Stat(filepath.Join(folder, "part")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not whole is left: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	w, _ = pretend(folder, &out)
	if why, well := w.get(t.Context(), missing); !well || len(why) != 0 {
		t.Errorf("the next run: got %v, %v", why, well)
	}
	wantWhole(t, folder)
}

func TestARunThatIsKilledTakesItsProcessesAlong(t *testing.T) {
	folder := t.TempDir()
	file := wait(t, folder)
	cmd, _ := helper(t, folder)
	until(t, "the step to run", func() bool { return len(pids(t, folder)) == 1 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the run that was killed ended well")
	}
	until(t, "its process to end", func() bool { return ended(pids(t, folder)[0]) })
	left, err := filepath.Glob(filepath.Join(folder, "part/*/file"))
	if err != nil || len(left) != 1 {
		t.Errorf("got %q, %v, want what is not whole under another name", left, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	next, out := helper(t, folder)
	if err := next.Wait(); err != nil || !strings.HasSuffix(out.String(), "map[] true\n") {
		t.Errorf("the next run: %v\n%s", err, out)
	}
	wantWhole(t, folder)
}

// TestARunEndsWithWhoeverStartedIt stands for go run, which is killed.
func TestARunEndsWithWhoeverStartedIt(t *testing.T) {
	folder := t.TempDir()
	wait(t, folder)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out")
	starter := exec.CommandContext(t.Context(), "sh", "-c", `"$1" > "$2" 2>&1; echo over`, "sh", self, out)
	starter.Env = append(os.Environ(), helperVariable+"="+folder)
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the step to run", func() bool { return len(pids(t, folder)) == 1 })
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := starter.Wait(); err == nil {
		t.Error("the starter that was killed ended well")
	}
	until(t, "the step's process to end", func() bool { return ended(pids(t, folder)[0]) })
	until(t, "the run to tell so", func() bool {
		b, err := os.ReadFile(out)
		return err == nil && strings.Contains(string(b), errEnded.Error()+"] false\n")
	})
}

func TestTwoRunsDoTheWorkOnce(t *testing.T) {
	folder := t.TempDir()
	file := wait(t, folder)
	first, firstOut := helper(t, folder)
	until(t, "the step to run", func() bool { return len(pids(t, folder)) == 1 })
	second, secondOut := helper(t, folder)
	says := fmt.Sprintf("waiting: %s is held by process %d on ", folder, first.Process.Pid)
	until(t, "the second to say who it waits for", func() bool { return strings.Contains(secondOut.String(), says) })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first: %v\n%s", err, firstOut)
	}
	if err := second.Wait(); err != nil || !strings.HasSuffix(secondOut.String(), "map[] true\n") {
		t.Errorf("the second: %v\n%s", err, secondOut)
	}
	if got := len(pids(t, folder)); got != 1 {
		t.Errorf("the step was taken %d times", got)
	}
	wantWhole(t, folder)
}

func TestWaitingForAnotherRunCanBeEnded(t *testing.T) {
	folder := t.TempDir()
	w, missing := pretend(folder, &safeBuffer{})
	unlock, err := w.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if why, well := w.get(ctx, missing); well || why["InfluxDB 1"] != errEnded.Error() {
		t.Errorf("got %v, %v", why, well)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}

// fakes returns a work with steps that note in which order they are taken.
func fakes(t *testing.T, fail map[string]error) (w *work, out *safeBuffer, taken func() []string) {
	t.Helper()
	out = &safeBuffer{}
	w = &work{folder: t.TempDir(), progress: newProgress(out), machine: bare(), steps: steps()}
	w.look = func(context.Context) []string { return names(engines.All()) }
	t.Setenv("REDFIRE_ENGINES", w.folder)
	var mu sync.Mutex
	var order []string
	for i := range w.steps {
		s := &w.steps[i]
		name := s.name
		s.size = 1
		s.do = func(*work) recipe {
			return func(_ context.Context, log *os.File) error {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, name)
				fmt.Fprintf(log, "first line of %s\nlast line of %s\n", name, name)
				return fail[name]
			}
		}
	}
	return w, out, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return order
	}
}

func TestAllStepsAreTaken(t *testing.T) {
	w, out, taken := fakes(t, nil)
	why, well := w.get(t.Context(), names(engines.All()))
	if !well || len(why) != 0 || len(taken()) != len(steps()) {
		t.Errorf("got %v, %v after %q\n%s", why, well, taken(), out)
	}
	for _, s := range steps() {
		if !strings.Contains(out.String(), s.what+": begun, takes about ") || !strings.Contains(out.String(), s.what+": done in 0:00") {
			t.Errorf("nothing is told of %s:\n%s", s.what, out)
		}
	}
}

func TestAFailureIsToldAndTheRestIsDone(t *testing.T) {
	w, out, taken := fakes(t, map[string]error{flux: errors.New("no"), engines.RootMySQL: errors.New("gone")})
	why, well := w.get(t.Context(), names(engines.All()))
	log := filepath.Join(w.folder, "log/flux.log")
	if well || len(why) != 2 || why["InfluxDB 2"] != "Flux for InfluxDB 2: no; what it printed is in "+log || !strings.Contains(why["MySQL"], "gone") {
		t.Errorf("got %v, %v", why, well)
	}
	if got := len(taken()); got != len(steps())-1 {
		t.Errorf("%d steps were taken, want all but InfluxDB 2's: %q", got, taken())
	}
	if !strings.Contains(out.String(), "\tfirst line of flux\n\tlast line of flux\n") {
		t.Errorf("the end of the log is not shown:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(w.folder, "build")); err != nil {
		t.Errorf("the caches are gone, though a build failed: %v", err)
	}
}

func TestAFullDiskIsToldBefore(t *testing.T) {
	w, _, taken := fakes(t, nil)
	for i := range w.steps {
		w.steps[i].size = 1 << 56
	}
	why, well := w.get(t.Context(), names(engines.All()))
	if well || len(taken()) != 0 || !regexp.MustCompile(`has \d+ MB free, about \d+ MB are needed`).MatchString(why["Redis"]) {
		t.Errorf("got %v, %v after %q", why, well, taken())
	}
}

func TestAFolderThatCannotBeMadeIsTold(t *testing.T) {
	w, _, _ := fakes(t, nil)
	if err := os.WriteFile(filepath.Join(w.folder, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	w.folder = filepath.Join(w.folder, "file/below")
	why, well := w.get(t.Context(), names(engines.All()))
	if well || len(why) != len(engines.All()) || !strings.Contains(why["Redis"], "not a directory") {
		t.Errorf("got %v, %v", why, well)
	}
}

func TestPublishReplacesWhatIsThere(t *testing.T) {
	w, _ := pretend(t.TempDir(), &safeBuffer{})
	for _, text := range []string{"old", "new"} {
		for _, dir := range []string{"part", "roots"} {
			if err := os.MkdirAll(filepath.Join(w.folder, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		part, err := w.temporary("roots/x")
		if err != nil {
			t.Fatal(err)
		}
		if err := write(filepath.Join(part, "root/etc/version"), text); err != nil {
			t.Fatal(err)
		}
		log, err := os.Create(filepath.Join(w.folder, "x.log"))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close() //nolint:revive // two files
		if err := w.publish(t.Context(), log, filepath.Join(part, "root"), "roots/x"); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(w.folder, "roots/x/etc/version")); err != nil || string(b) != text {
			t.Errorf("got %q, %v, want %s", b, err, text)
		}
	}
	if err := w.sweep(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(w.folder); err != nil || len(left) != 2 {
		t.Errorf("got %v, %v, want roots and the log", left, err)
	}
}

func TestABuildIsDoneAgainWithoutTheCachesOfARunThatWasEnded(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	w := &work{folder: t.TempDir()}
	half := filepath.Join(w.folder, "build/go/half")
	order := ""
	ctx, cancel := context.WithCancel(t.Context())
	ends := func(context.Context, *os.File) error { cancel(); return write(half, "") }
	first := func(context.Context, *os.File) error { order += "f"; return nil }
	fails := func(context.Context, *os.File) error {
		order += "b"
		if _, err := os.Stat(half); err == nil {
			return errors.New("the cache is half written")
		}
		return nil
	}
	f := func(ctx context.Context, what string, build recipe, want string, well bool) {
		t.Helper()
		order = ""
		if err := w.afresh(flux, build, first)(ctx, log); (err == nil) != well || order != want {
			t.Errorf("%s: got %v after %q, want %v after %q", what, err, order, well, want)
		}
	}
	if err := write(half, ""); err != nil {
		t.Fatal(err)
	}
	f(t.Context(), "a build that fails by itself", fails, "b", false)
	f(t.Context(), "one that fails so again keeps the caches", fails, "b", false)
	f(ctx, "one that is ended", ends, "", true)
	f(t.Context(), "the next", fails, "bfb", true)
	f(t.Context(), "and the next", fails, "b", true)
}
