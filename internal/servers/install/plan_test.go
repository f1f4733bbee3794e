package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// bare is a Debian machine on which nothing is installed.
func bare() machine {
	return machine{goos: "linux", root: true, apt: true, mirror: "http://mirror/debian"}
}

// planned returns the names of the steps.
func planned(p plan) string {
	var all []string
	for _, s := range p.steps {
		all = append(all, s.name)
	}
	return strings.Join(all, " ")
}

func TestPlan(t *testing.T) {
	f := func(what string, change func(*machine), missing, want string) {
		t.Helper()
		m := bare()
		if change != nil {
			change(&m)
		}
		p := makePlan(steps(), strings.Split(missing, ","), m)
		if got := planned(p); got != want || len(p.cannot) != 0 {
			t.Errorf("%s, missing %s:\n got %s, cannot %v\nwant %s", what, missing, got, p.cannot, want)
		}
	}
	everything := strings.Join(names(engines.All()), ",")
	f("bare", nil, everything, "packages roots/debian roots/mysql roots/documentdb ferretdb influxd1 compiler flux influxd")
	tools := func(m *machine) { m.mmdebstrap, m.compiler, m.cargo = true, true, "/usr/bin/cargo" }
	f("with tools", tools, everything, "roots/debian roots/mysql roots/documentdb ferretdb influxd1 flux influxd")
	f("with tools", tools, "Redis", "roots/debian")
	f("with tools", tools, "MariaDB,PostgreSQL,Redis", "roots/debian")
	f("bare", nil, "MySQL", "packages roots/mysql")
	f("bare", nil, "InfluxDB 1", "influxd1")
	f("bare", nil, "InfluxDB 2", "compiler flux influxd")
	f("without C", func(m *machine) { m.cargo = "cargo" }, "InfluxDB 2", "compiler flux influxd")
	f("without Rust", func(m *machine) { m.compiler = true }, "InfluxDB 2", "compiler flux influxd")
	f("bare", nil, "MongoDB", "packages roots/documentdb ferretdb")
	f("half of it there", func(m *machine) { m.has = []string{ferretdb} }, "MongoDB", "packages roots/documentdb")
	f("the other half", func(m *machine) { m.has = []string{engines.RootDocumentDB} }, "MongoDB", "ferretdb")
	// Go builds need neither root nor Debian.
	mac := func(m *machine) { *m = machine{goos: "darwin", compiler: true, cargo: "cargo"} }
	f("a Mac", mac, "InfluxDB 1,InfluxDB 2", "influxd1 flux influxd")
	f("root's half there already", func(m *machine) { *m = machine{goos: "linux", has: []string{engines.RootDocumentDB}} }, "MongoDB", "ferretdb")
}

func TestPlanTellsWhatAMachineCannotHave(t *testing.T) {
	f := func(what string, m machine, engine, want string) {
		t.Helper()
		p := makePlan(steps(), []string{engine}, m)
		if why := p.cannot[engine]; len(p.steps) != 0 || !strings.Contains(why, want) {
			t.Errorf("%s, %s: got steps %q and why %q, want %q in it", what, engine, planned(p), why, want)
		}
	}
	user, ubuntu, alpine := bare(), bare(), bare()
	user.root = false
	ubuntu.debian = errors.New("no mirror of Debian is among the sources of apt")
	alpine.apt = false
	f("a user", user, "MySQL", "needs root, to be bootstrapped and to be entered: run this once as root, and the tests as root; or install MySQL 9.0 or later")
	f("a user", user, "InfluxDB 2", "run this once as root")
	f("a user", user, "MongoDB", "needs root")
	f("Ubuntu", ubuntu, "MariaDB", "no mirror of Debian is among the sources of apt; or install MariaDB 10.11 or later")
	f("Alpine", alpine, "Redis", "needs Debian's apt-get")
	f("Alpine", alpine, "InfluxDB 2", "needs a C compiler and cargo 1.72 or later")
	f("a Mac", machine{goos: "darwin"}, "MongoDB", "needs Debian's apt-get")
	f("Windows", machine{goos: "windows", compiler: true}, "InfluxDB 1", engines.ErrNoServers.Error())

	// What can be had is got all the same.
	p := makePlan(steps(), names(engines.All()), alpine)
	if got := planned(p); got != influxd1 || len(p.cannot) != 6 {
		t.Errorf("Alpine, everything: got %q, cannot %v", got, p.cannot)
	}
}

// TestStepsComeAfterWhatTheyStandOn holds for those of one lane by their order, and
// for others because a lane may wait for one that does not wait for it.
func TestStepsComeAfterWhatTheyStandOn(t *testing.T) {
	var before []string
	var engineSteps []string
	for _, e := range engines.All() {
		engineSteps = append(engineSteps, needs(e.Name)...)
	}
	for _, s := range steps() {
		for _, name := range s.after {
			if !slices.Contains(before, name) {
				t.Errorf("%s comes after %s, which is not before it", s.name, name)
			}
		}
		before = append(before, s.name)
		if s.what == "" || s.usual <= 0 || s.size <= 0 || s.do == nil || s.lane >= lanes {
			t.Errorf("%s: got %+v", s.name, s)
		}
	}
	for _, name := range engineSteps {
		if !slices.Contains(before, name) {
			t.Errorf("an engine needs %s, which is no step", name)
		}
	}
}

func TestMirror(t *testing.T) {
	const keyring = "usr/share/keyrings/debian-archive-keyring.gpg"
	f := func(what string, files map[string]string, want, wantErr string) {
		t.Helper()
		root := t.TempDir()
		for name, text := range files {
			if err := write(filepath.Join(root, name), text); err != nil {
				t.Fatal(err)
			}
		}
		got, err := debianMirror(root)
		if got != want || (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: got %q, %v, want %q, %q", what, got, err, want, wantErr)
		}
	}
	f("deb822", map[string]string{keyring: "", "etc/apt/sources.list.d/debian.sources": `# of the installer
Types: deb
URIs: http://mirror.one/debian-security
Suites: bookworm-security
Components: main

Types: deb-src
URIs: http://mirror.source/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://mirror.off/debian
Suites: bookworm
Components: main

types: deb deb-src
URIs:
# a comment between
 http://mirror.two/debian/
 http://mirror.three/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`}, "http://mirror.two/debian", "")
	f("one line", map[string]string{keyring: "", "etc/apt/sources.list": `
# deb http://mirror.off/debian bookworm main
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
deb-src http://mirror.source/debian bookworm main
deb http://mirror.one/debian-security bookworm-security main
deb	[ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ]	http://mirror.two/debian	bookworm	main contrib # ours
deb http://mirror.three/debian bookworm main
`}, "http://mirror.two/debian", "")
	f("pgp keyring", map[string]string{
		"usr/share/keyrings/debian-archive-keyring.pgp": "", "etc/apt/sources.list": "deb http://mirror/debian sid main\n",
	}, "http://mirror/debian", "")
	f("snapshot", map[string]string{
		keyring: "", "etc/apt/sources.list": "deb http://mirror/archive/debian/20250520T000000Z bookworm main\n",
	}, "http://mirror/archive/debian/20250520T000000Z", "")
	f("a list of mirrors", map[string]string{
		keyring: "", "etc/apt/mirrors/debian.list": "# near\nhttp://mirror.near/debian priority:1\nhttp://mirror.far/debian\n",
		"etc/apt/sources.list.d/debian.sources": "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n",
	}, "http://mirror.near/debian", "")
	f("a list that is not there", map[string]string{
		keyring: "", "etc/apt/sources.list": "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main\n",
	}, "", "no mirror of Debian")
	f("others by the same names", map[string]string{
		keyring:                               "",
		"etc/apt/sources.list.d/aaa.list":     "deb [signed-by=/etc/apt/keyrings/aaa.gpg] http://aaa/debian bookworm main\n",
		"etc/apt/sources.list.d/bbb.sources":  "Types: deb\nURIs: http://bbb/debian\nSuites: stable\nComponents: main\nSigned-By: /etc/apt/keyrings/bbb.asc\n",
		"etc/apt/sources.list.d/ccc.list":     "deb http://ccc/linux/debian bookworm stable\n",
		"etc/apt/sources.list.d/ddd.list.off": "deb http://ddd/debian bookworm main\n",
	}, "", "no mirror of Debian")
	f("Debian's file before others", map[string]string{
		keyring:                                 "",
		"etc/apt/sources.list.d/aaa.sources":    "Types: deb\nURIs: http://aaa/debian\nSuites: stable\nComponents: main\n",
		"etc/apt/sources.list.d/debian.sources": "Types: deb\nURIs: http://mirror/debian\nSuites: trixie\nComponents: main\n",
	}, "http://mirror/debian", "")
	f("Ubuntu", map[string]string{
		keyring: "", "etc/apt/sources.list.d/ubuntu.sources": "Types: deb\nURIs: http://archive/ubuntu\nSuites: noble\nComponents: main\n",
	}, "", "no mirror of Debian")
	f("no keyring", map[string]string{"etc/apt/sources.list": "deb http://mirror/debian sid main\n"}, "", "debian-archive-keyring is not installed")
	f("no apt", nil, "", "no mirror of Debian")
}

func TestNewEnough(t *testing.T) {
	for answer, want := range map[string]bool{
		"cargo 1.95.0 (f2d3ce0bd 2026-03-21)\n": true, "cargo 1.72.0": true, "cargo 2.0.0": true,
		"cargo 1.65.0\n": false, "cargo 1.9.0": false, "error: no default toolchain\n": false, "": false,
	} {
		if got := newEnough(answer); got != want {
			t.Errorf("%q: got %v, want %v", answer, got, want)
		}
	}
}

func TestFindCargo(t *testing.T) {
	old, good := t.TempDir(), t.TempDir()
	for dir, version := range map[string]string{old: "1.65.0", good: "1.95.0"} {
		if err := write(filepath.Join(dir, "cargo"), "#!/bin/sh\necho cargo "+version+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", old+string(os.PathListSeparator)+good)
	if got := findCargo(t.Context()); goos != "windows" && got != filepath.Join(good, "cargo") {
		t.Errorf("got %q, want the newer one in %s", got, good)
	}
}

func TestTheEnvironmentOfBuildsIsTheirs(t *testing.T) {
	for name, value := range map[string]string{
		"GOFLAGS": "-mod=vendor", "GOWORK": "/x/go.work", "GOOS": "plan9", "RUSTFLAGS": "-D warnings", "GOPROXY": "https://proxy", "CGO_ENABLED": "0", "CGO_CFLAGS": "-Wno", "GOTOOLCHAIN": "local",
	} {
		t.Setenv(name, value)
	}
	w := &work{folder: "/f"}
	env := w.goEnv("CGO_ENABLED=1")
	for _, want := range []string{"GOFLAGS=-mod=mod", "GOWORK=off", "CGO_ENABLED=1", "GOPROXY=https://proxy", "GOTOOLCHAIN=local", "GOCACHE=" + filepath.Join("/f", "build", "go")} {
		name, _, _ := strings.Cut(want, "=")
		var got []string
		for _, pair := range env {
			if strings.HasPrefix(pair, name+"=") {
				got = append(got, pair)
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want only %s", got, want)
		}
	}
	for _, pair := range env {
		if strings.HasPrefix(pair, "GOOS=") || strings.HasPrefix(pair, "RUSTFLAGS=") {
			t.Errorf("got %s", pair)
		}
	}
}
