//go:build unix

package engines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// machine is one without engines: an empty folder, and an empty one on PATH.
// Servers that are where distributions put them are there nevertheless.
func machine(t *testing.T) (folder, path string) {
	t.Helper()
	folder, path = t.TempDir(), t.TempDir()
	t.Setenv("REDFIRE_ENGINES", folder)
	t.Setenv("PATH", path)
	return folder, path
}

// program writes a script that runs without anything on PATH.
func program(t *testing.T, name, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// saying is a script that prints line for --version.
func saying(line string) string { return `[ "$1" = --version ] && echo '` + line + `'` }

func TestOlder(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		if got := older(a, b); got != want {
			t.Errorf("older(%q, %q): got %v, want %v", a, b, got, want)
		}
	}
	f("10.2", "10.11", true)
	f("10.11", "10.2", false)
	f("10.11.18", "10.11", false)
	f("10.11", "10.11.18", true)
	f("15", "15", false)
	f("15", "15.0", false)
	f("15.0", "15", false)
	f("9", "9.0", false)
	f("8.4.9", "9.0", true)
	f("2.7.12-rc1", "2.7", false)
	f("2.7rc1.9", "2.7.1", true)
	f("(devel)", "2.7", true)
	f("", "1", true)
	f("99999999999999999999", "1", true)
}

// TestVersionsAreReadFromWhatServersSay has the lines of releases, and those of
// other products that go by the same name.
func TestVersionsAreReadFromWhatServersSay(t *testing.T) {
	f := func(e Engine, line, want string) {
		t.Helper()
		dir := t.TempDir()
		program(t, filepath.Join(dir, e.server), saying(line))
		if got := e.version(t.Context(), place{dirs: []string{dir}}); got != want {
			t.Errorf("%s says %q: got %q, want %q", e.server, line, got, want)
		}
	}
	f(MariaDB, "mariadbd  Ver 10.11.18-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)", "10.11.18")
	f(MariaDB, "mariadbd  Ver 11.4.2-MariaDB-ubu2404-log for debian-linux-gnu on x86_64", "11.4.2")
	f(MySQL, "/usr/sbin/mysqld  Ver 9.7.4 for Linux on x86_64 (Source distribution)", "9.7.4")
	f(MySQL, "/usr/sbin/mysqld  Ver 8.0.36-0ubuntu0.22.04.1 for Linux on x86_64 ((Ubuntu))", "8.0.36")
	f(MySQL, "mysqld  Ver 10.11.18-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)", "")
	f(PostgreSQL, "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18")
	f(PostgreSQL, "postgres (PostgreSQL) 19beta1", "19")
	f(PostgreSQL, "postgres (EnterpriseDB) 15.4", "")
	f(Redis, "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=d6ba6ba9e9a0d6b6", "7.0.15")
	f(Redis, "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1", "")
	f(InfluxDB2, "InfluxDB v2.7.12 (git: none)", "") // a script is no Go program
}

func TestTheFolderComesBeforePath(t *testing.T) {
	_, path := machine(t)
	program(t, filepath.Join(path, "redis-server"), saying("Redis server v=7.9.1 sha=0"))
	p, err := Find(t.Context(), Redis)
	if err != nil {
		t.Fatal(err)
	}
	if want := "engine Redis: 7.9.1 in " + path + "/redis-server"; p.String() != want || p.Root != "" {
		t.Errorf("got %q in root %q, want %q", p, p.Root, want)
	}

	e := Redis
	e.built = true // such a one only counts in the folder
	if p, err := Find(t.Context(), e); err == nil {
		t.Errorf("got %s, want none outside the folder", p)
	}
	folder, err := Folder()
	if err != nil {
		t.Fatal(err)
	}
	program(t, filepath.Join(folder, "bin/redis-server"), saying("Redis server v=7.9.2 sha=0"))
	if p, err := Find(t.Context(), e); err != nil || p.Version != "7.9.2" {
		t.Errorf("got %v, %v, want 7.9.2", p, err)
	}
}

// TestWhatCannotBeUsedIsNotFound uses an engine that no distribution has.
func TestWhatCannotBeUsedIsNotFound(t *testing.T) {
	_, path := machine(t)
	e := Engine{Name: "X", AtLeast: "2.5", server: "xserver", version: said("xserver", `X ([\d.]+)`)}
	name := filepath.Join(path, "xserver")
	f := func(what, script, want string) {
		t.Helper()
		if script != "" {
			program(t, name, script)
		}
		p, err := Find(t.Context(), e)
		var missing *Missing
		if !errors.As(err, &missing) {
			t.Fatalf("%s: got %v, %v, want a Missing", what, p, err)
		}
		if want = "engine X: NOT RUN: " + want + ": go run ./internal/servers/install"; err.Error() != want {
			t.Errorf("%s:\n got %q\nwant %q", what, err, want)
		}
	}
	f("nothing", "", "it is not installed")
	f("too old", saying("X 2.4.9"), "version 2.4.9 in "+name+" is too old: 2.5 or later is needed")
	f("another product", saying("Y 2.6"), "it is not installed")
	f("failing", saying("X 2.6")+"; exit 1", "it is not installed")
	f("nothing said", "exit 0", "it is not installed")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
	f("a folder", "", "it is not installed")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	program(t, name, saying("X 2.6"))
	if p, err := Find(t.Context(), e); err != nil || p.Version != "2.6" {
		t.Fatalf("a good one: got %v, %v", p, err)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	f("not executable", "", "it is not installed")
}

func TestAnOldOneDoesNotHideAGoodOne(t *testing.T) {
	_, first := machine(t)
	second := t.TempDir()
	t.Setenv("PATH", first+":"+second)
	e := Engine{Name: "X", AtLeast: "2.5", server: "xserver", version: said("xserver", `X ([\d.]+)`)}
	program(t, filepath.Join(first, "xserver"), saying("X 1.0"))
	program(t, filepath.Join(second, "xserver"), saying("X 3.0"))
	if p, err := Find(t.Context(), e); err != nil || p.Version != "3.0" {
		t.Errorf("got %v, %v, want 3.0", p, err)
	}
}

func TestALinkedServerHasItsProgramsBesideIt(t *testing.T) {
	_, path := machine(t)
	lib := t.TempDir()
	e := Engine{Name: "X", AtLeast: "1", server: "xserver", version: said("xserver", `X ([\d.]+)`)}
	program(t, filepath.Join(lib, "xserver"), saying("X 1.0"))
	program(t, filepath.Join(lib, "xinit"), "echo made")
	if err := os.Symlink(filepath.Join(lib, "xserver"), filepath.Join(path, "xserver")); err != nil {
		t.Fatal(err)
	}
	p, err := Find(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := p.Command(t.Context(), "xinit")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.Output(); err != nil || string(out) != "made\n" {
		t.Errorf("got %q, %v, want made", out, err)
	}
	if _, err := p.Command(t.Context(), "xdump"); err == nil {
		t.Error("a program that is not there: got no error")
	}
}

// TestAProgramThatHangsIsEnded starts one whose child holds the output open.
func TestAProgramThatHangsIsEnded(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `sleep 1000 & echo $! > "$1".new && mv "$1".new "$1"; wait`, "sh", pid)
	began := time.Now()
	if got := output(t.Context(), cmd, 300*time.Millisecond); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	b, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	waitGone(t, child)
}

// waitGone waits until a process has ended. A zombie has, but is not reaped yet.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for syscall.Kill(pid, 0) == nil {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, state, found := strings.Cut(string(stat), ") "); err == nil && found && state[0] == 'Z' {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("process %d is left", pid)
		case <-ticker.C:
		}
	}
}

func TestFindEndsWithItsContext(t *testing.T) {
	_, path := machine(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	e := Engine{Name: "X", AtLeast: "1", server: "xserver", version: said("xserver", `X ([\d.]+)`)}
	program(t, filepath.Join(path, "xserver"), "while :; do :; done")
	if p, err := Find(ctx, e); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, %v, want the context's error", p, err)
	}
}

// TestRoots finds a server in a root, which only root may enter.
func TestRoots(t *testing.T) {
	folder, _ := machine(t)
	root := filepath.Join(folder, "roots/x")
	if _, err := FindRoot(MongoDB, "roots/x", "postgres"); err == nil {
		t.Error("no root: got no error")
	}
	program(t, filepath.Join(root, "usr/lib/postgresql/9/bin/postgres"), "")
	program(t, filepath.Join(root, "usr/lib/postgresql/18/bin/postgres"), "")
	p, err := FindRoot(MongoDB, "roots/x", "postgres")
	var missing *Missing
	switch {
	case os.Geteuid() != 0:
		if !errors.As(err, &missing) || missing.Why != "only root may run what lies in "+root {
			t.Errorf("got %v, %v, want that only root may run it", p, err)
		}
	case err != nil:
		t.Error(err)
	default:
		if path, err := p.Path("postgres"); err != nil || path != "/usr/lib/postgresql/18/bin/postgres" {
			t.Errorf("got %q, %v, want that of 18", path, err)
		}
		cmd, err := p.Command(t.Context(), "postgres", "-D", "/tmp/x")
		if err != nil || cmd.Dir != "/" || cmd.SysProcAttr.Chroot != root {
			t.Errorf("got %v, %v, want a command with the root entered", cmd, err)
		}
	}
}

// TestWhatAnEngineStandsOnIsLookedFor has an engine whose other half is missing.
func TestWhatAnEngineStandsOnIsLookedFor(t *testing.T) {
	folder, path := machine(t)
	program(t, filepath.Join(path, "xserver"), saying("X 1.0"))
	e := Engine{
		Name: "X", AtLeast: "1", server: "xserver", version: said("xserver", `X ([\d.]+)`),
		beside: beside{"roots/y", "yserver"},
	}
	var missing *Missing
	if p, err := Find(t.Context(), e); !errors.As(err, &missing) || !strings.Contains(missing.Why, "roots/y with yserver is not installed") {
		t.Errorf("got %v, %v, want that it is not installed", p, err)
	}
	program(t, filepath.Join(folder, "roots/y/usr/bin/yserver"), "")
	if p, err := Find(t.Context(), e); os.Geteuid() == 0 && err != nil {
		t.Errorf("got %v, %v, want it found", p, err)
	}
}

// TestModulesAreReadFromPrograms takes this test for an engine.
func TestModulesAreReadFromPrograms(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := place{dirs: []string{filepath.Dir(self)}}
	own := module(filepath.Base(self), "github.com/redfire-quant/redfire")(t.Context(), p)
	if own == "" {
		t.Error("the version of this module: got none")
	}
	if got := module(filepath.Base(self), "example.com/other")(t.Context(), p); got != "" {
		t.Errorf("a module that is not in it: got %q", got)
	}
	if got := module("absent", "example.com/other")(t.Context(), p); got != "" {
		t.Errorf("no program: got %q", got)
	}
}

func TestFolder(t *testing.T) {
	t.Setenv("REDFIRE_ENGINES", "here")
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Folder(); err != nil || got != filepath.Join(wd, "here") {
		t.Errorf("got %q, %v, want it absolute", got, err)
	}
	t.Setenv("REDFIRE_ENGINES", "")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Folder(); err != nil || got != filepath.Join(cache, "redfire-engines") {
		t.Errorf("got %q, %v, want it below the user's cache folder", got, err)
	}
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	if got, err := Folder(); err == nil {
		t.Errorf("no home: got %q", got)
	}
}

func TestNamesAndVariablesAreTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range All() {
		for _, s := range []string{strings.ToLower(e.Name), e.Variable, e.server} {
			if s == "" || seen[s] {
				t.Errorf("%s: %q is empty, or another engine's", e.Name, s)
			}
			seen[s] = true
		}
		if !strings.HasPrefix(e.Variable, "REDFIRE_TEST_") || len(numbers(e.AtLeast)) == 0 {
			t.Errorf("%s: variable %q, at least %q", e.Name, e.Variable, e.AtLeast)
		}
	}
}
