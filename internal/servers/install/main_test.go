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
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// nothing is a machine without tools and, but for servers of the distribution,
// without engines.
func nothing(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	t.Setenv("REDFIRE_ENGINES", folder)
	t.Setenv("PATH", t.TempDir())
	return folder
}

// lines is what the last lines look like, which the gate reads.
var lines = regexp.MustCompile(`^engine ([^:]+): (?:([0-9][^ ]*) in (/.*)|NOT RUN: (\S.*))$`)

func TestListTellsOneLineForEachEngine(t *testing.T) {
	folder := nothing(t)
	var out, progress bytes.Buffer
	if code := run(t.Context(), []string{"-list"}, &out, &progress); code != 0 || progress.Len() != 0 {
		t.Errorf("got exit %d, progress %q", code, progress.String())
	}
	all := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for i, e := range engines.All() {
		if found := lines.FindStringSubmatch(all[min(i, len(all)-1)]); found == nil || found[1] != e.Name {
			t.Errorf("line %d: got %q, want that of %s", i, all, e.Name)
		}
	}
	if len(all) != len(engines.All()) {
		t.Errorf("got %d lines", len(all))
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("-list made %v, %v", left, err)
	}
}

func TestWhatIsThereIsNotInstalled(t *testing.T) {
	folder := nothing(t)
	name := filepath.Join(os.Getenv("PATH"), "redis-server")
	if err := write(name, "#!/bin/sh\necho Redis server v=7.9.1 sha=0\n"); err != nil {
		t.Fatal(err)
	}
	var out, progress bytes.Buffer
	if code := run(t.Context(), []string{"redis"}, &out, &progress); code != 0 || progress.Len() != 0 {
		t.Errorf("got exit %d, progress %q", code, progress.String())
	}
	if want := "engine Redis: 7.9.1 in " + name + "\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v in the folder, want it untouched", left, err)
	}
}

func TestWhatAMachineCannotHaveIsNoFailure(t *testing.T) {
	nothing(t)
	var out, progress bytes.Buffer
	if code := run(t.Context(), []string{"MongoDB"}, &out, &progress); code != 0 {
		t.Errorf("got exit %d, progress %q", code, progress.String())
	}
	if want := "engine MongoDB: NOT RUN: it needs Debian's apt-get, to be bootstrapped\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestCommandLine(t *testing.T) {
	f := func(args string, code int, want string) {
		t.Helper()
		var out, progress bytes.Buffer
		if got := run(t.Context(), strings.Fields(args), &out, &progress); got != code || out.Len() != 0 || !strings.Contains(progress.String(), want) {
			t.Errorf("%s: got exit %d, out %q, progress %q, want %d and %q", args, got, out.String(), progress.String(), code, want)
		}
	}
	nothing(t)
	f("oracle", 2, `no engine "oracle": there are MariaDB, MySQL, PostgreSQL, Redis, InfluxDB 2, InfluxDB 1, MongoDB`)
	f("-list redis oracle", 2, `no engine "oracle"`)
	f("-nosuch", 2, "usage: install [-list] [ENGINE...]")
	f("-h", 0, "engines: MariaDB, MySQL")
	t.Setenv("REDFIRE_ENGINES", "")
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	f("redis", 1, "REDFIRE_ENGINES is not set")
}

func TestChoose(t *testing.T) {
	f := func(args []string, want string) {
		t.Helper()
		chosen, err := choose(args)
		if got := strings.Join(names(chosen), ","); err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", args, got, err, want)
		}
	}
	f(nil, strings.Join(names(engines.All()), ","))
	f([]string{"influxdb 2", "REDIS", "redis"}, "Redis,InfluxDB 2")
}

func TestLines(t *testing.T) {
	f := func(err error, why, want string) {
		t.Helper()
		if got := (finding{engine: engines.Redis, err: err}).line(why); got != want {
			t.Errorf("%v, %q: got %q, want %q", err, why, got, want)
		}
	}
	gone := &engines.Missing{Engine: engines.Redis, Why: "it is gone"}
	f(gone, "", "engine Redis: NOT RUN: it is gone")
	f(fmt.Errorf("looking: %w", gone), "", "engine Redis: NOT RUN: it is gone")
	f(gone, "no\n\troot  here", "engine Redis: NOT RUN: no root here")
	f(errors.New("cut off"), "", "engine Redis: NOT RUN: cut off")
}

func TestProgressWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	if p.every != 15*time.Second || p.width() != 0 {
		t.Errorf("a buffer is taken for a terminal: %v, %d", p.every, p.width())
	}
	p.tell() // of nothing
	one, two := p.begin("one", time.Minute), p.begin("two", 2*time.Minute)
	p.tell()
	one(nil)
	two(errors.New("no"))
	p.begin("three", time.Second)(errEnded)
	want := `[0:00] one: begun, takes about 1:00
[0:00] two: begun, takes about 2:00
[0:00] one 0:00 of about 1:00; two 0:00 of about 2:00
[0:00] one: done in 0:00
[0:00] two: FAILED after 0:00: no
[0:00] three: begun, takes about 0:01
[0:00] three: ended after 0:00
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var out safeBuffer
	p := newProgress(&out)
	p.width = func() int { return 29 }
	p.every = time.Millisecond
	stop := p.start()
	end := p.begin("one", time.Minute)
	const line = "[0:00] one 0:00 of about 1:…"
	until(t, "the line", func() bool { return strings.Contains(out.String(), "\r\x1b[K"+line) })
	end(nil)
	stop()
	if got := out.String(); !strings.HasSuffix(got, "\r\x1b[K[0:00] one: done in 0:00\n") {
		t.Errorf("got %q, want the line erased before the last", got)
	}
}

func TestClockAndTail(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0:00", 59600 * time.Millisecond: "1:00", 754 * time.Second: "12:34"} {
		if got := clock(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
	name := filepath.Join(t.TempDir(), "log")
	var text strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := tail(name, 2); got != "\tline 9998\n\tline 9999" {
		t.Errorf("got %q", got)
	}
	if got := tail(name+".absent", 2); !strings.Contains(got, "no such file") {
		t.Errorf("no log: got %q", got)
	}
}

// TestThePlaceOfPkgConfig asks as go does, whose rules of quoting are a shell's.
func TestThePlaceOfPkgConfig(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pkg-config")
	source, library := "/a folder/it's $HOME/flux", "/the library"
	if err := write(name, pkgConfig(source, library)); err != nil {
		t.Fatal(err)
	}
	f := func(flag, want string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), name, flag, "--", "flux").Output()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: got %q, %v, want %q", flag, out, err, want)
		}
	}
	f("--cflags", `"-I/a folder/it's $HOME/flux/libflux/include"`)
	f("--libs", `"-L/the library" -lflux -ldl -lm`)
}

// TestApt has a machine whose lists are old, and one whose dpkg was interrupted.
func TestApt(t *testing.T) {
	f := func(what, script, want string) {
		t.Helper()
		dir := t.TempDir()
		t.Setenv("PATH", dir+":/bin:/usr/bin")
		note := `#!/bin/sh
cd ` + dir + `; echo "$(basename "$0") $*" >> calls
`
		for name, text := range map[string]string{"apt-get": note + script, "dpkg": note + "touch repaired\n"} {
			if err := write(filepath.Join(dir, name), text); err != nil {
				t.Fatal(err)
			}
		}
		log, err := os.Create(filepath.Join(dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		err = apt(t.Context(), log, "one", "two")
		calls, readErr := os.ReadFile(filepath.Join(dir, "calls"))
		got := strings.ReplaceAll(strings.TrimSpace(string(calls)), "\n", "; ")
		got = strings.ReplaceAll(got, "apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 one two", "install")
		if err != nil || readErr != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", what, got, err, want)
		}
	}
	f("all is well", "exit 0", "install")
	f("old lists", `[ "$1" = update ] && touch new; [ -e new ]`, "install; apt-get update; install")
	f("interrupted", `[ "$1" = update ] || [ -e repaired ] || { echo "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"; exit 100; }`,
		"install; dpkg --configure -a; apt-get update; install")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := apt(ctx, nil, "one"); !errors.Is(err, errEnded) {
		t.Errorf("ended before: got %v", err)
	}
}
