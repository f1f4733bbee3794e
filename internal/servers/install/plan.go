package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// A step makes one thing that engines consist of.
type step struct {
	name  string        // also of its log
	what  string        // for people
	usual time.Duration // what it takes on two cores
	size  int64         // the most that it needs of the disk
	after []string      // steps that come before it
	lane  lane
	do    func(w *work) recipe
}

// A lane is a row of steps that run one after the other. The lanes run at once:
// bootstrapping waits for the network most of the time, building never does.
type lane int

const (
	bootstrapping lane = iota
	building
	lanes
)

// The names of the steps.
const (
	packages = "packages"
	compiler = "compiler"
	influxd  = "influxd"
	influxd1 = "influxd1"
	ferretdb = "ferretdb"
	flux     = "flux"
)

const megabyte = 1 << 20

// steps returns all steps, in the order in which each lane takes them.
func steps() []step {
	debian := func(name, what, suite string, include ...string) step {
		return step{
			name: name, what: what, usual: time.Minute, size: 900 * megabyte, after: []string{packages},
			lane: bootstrapping, do: func(w *work) recipe { return w.bootstrap(name, suite, include) },
		}
	}
	return []step{
		{
			name: packages, what: "mmdebstrap on this machine", usual: 6 * time.Second, size: 50 * megabyte,
			lane: bootstrapping, do: (*work).installMmdebstrap,
		},
		debian(engines.RootDebian, "MariaDB, PostgreSQL and Redis", "bookworm", "mariadb-server", "galera-4", "postgresql", "redis-server"),
		debian(engines.RootMySQL, "MySQL", "sid", "mysql-server"),
		debian(engines.RootDocumentDB, "DocumentDB for MongoDB's protocol", "forky", "postgresql-18", "postgresql-18-documentdb"),
		{
			name: ferretdb, what: "FerretDB for MongoDB's protocol", usual: time.Minute, size: 450 * megabyte,
			lane: building, do: (*work).buildFerretDB,
		},
		{
			name: influxd1, what: "InfluxDB 1", usual: time.Minute, size: 350 * megabyte,
			lane: building, do: (*work).buildInfluxDB1,
		},
		{
			name: compiler, what: "compilers of C and Rust on this machine", usual: 30 * time.Second, size: 900 * megabyte, after: []string{packages},
			lane: building, do: (*work).installCompilers,
		},
		{
			name: flux, what: "Flux for InfluxDB 2", usual: time.Minute, size: 350 * megabyte, after: []string{compiler},
			lane: building, do: (*work).buildFlux,
		},
		{
			name: influxd, what: "InfluxDB 2", usual: 150 * time.Second, size: 900 * megabyte, after: []string{flux},
			lane: building, do: (*work).buildInfluxDB2,
		},
	}
}

// A machine is what a plan depends on.
type machine struct {
	goos   string
	root   bool
	apt    bool  // it has apt-get
	debian error // why no Debian can be bootstrapped, nil if it can
	mirror string

	mmdebstrap bool
	compiler   bool   // it has one of C
	cargo      string // one that is new enough, "" if there is none

	// has are the steps whose things are there. Only what an engine has beside
	// another thing needs to stand here.
	has []string
}

// needs returns the steps that make an engine.
func needs(engine string) []string {
	switch engine {
	case engines.MySQL.Name:
		return []string{engines.RootMySQL}
	case engines.InfluxDB2.Name:
		return []string{flux, influxd}
	case engines.InfluxDB1.Name:
		return []string{influxd1}
	case engines.MongoDB.Name:
		return []string{engines.RootDocumentDB, ferretdb}
	}
	return []string{engines.RootDebian}
}

// A plan is what is to be done.
type plan struct {
	steps  []step
	cannot map[string]string // the engines that this machine cannot have, and why
}

// makePlan plans which of all steps get the missing engines onto m.
func makePlan(all []step, missing []string, m machine) plan {
	p := plan{cannot: map[string]string{}}
	var wanted []string
	for _, engine := range missing {
		if why := m.lacks(engine); why != "" {
			p.cannot[engine] = why
			continue
		}
		wanted = append(wanted, needs(engine)...)
	}
	wanted = slices.DeleteFunc(wanted, func(name string) bool { return slices.Contains(m.has, name) })
	if !m.mmdebstrap && slices.ContainsFunc(wanted, isRoot) {
		wanted = append(wanted, packages)
	}
	if slices.Contains(wanted, flux) && !m.compiles() {
		wanted = append(wanted, compiler)
	}
	for _, s := range all {
		if slices.Contains(wanted, s.name) {
			p.steps = append(p.steps, s)
		}
	}
	return p
}

// lacks returns what m has not that it needs to get engine, "" if it has all.
func (m machine) lacks(engine string) string {
	if m.goos == "windows" || m.goos == "plan9" {
		return engines.ErrNoServers.Error()
	}
	for _, name := range needs(engine) {
		if why := m.lacksFor(engine, name); why != "" && !slices.Contains(m.has, name) {
			return why
		}
	}
	return ""
}

func (m machine) lacksFor(engine, step string) string {
	bootstrapped := isRoot(step)
	switch {
	case bootstrapped && (m.goos != "linux" || !m.apt):
		return "it needs Debian's apt-get, to be bootstrapped" + orInstall(engine)
	case bootstrapped && m.debian != nil:
		return "it cannot be bootstrapped: " + m.debian.Error() + orInstall(engine)
	case bootstrapped && !m.root:
		return "it needs root, to be bootstrapped and to be entered: run this once as root, and the tests as root" + orInstall(engine)
	case step == flux && !m.compiles() && !(m.root && m.apt):
		return "it needs a C compiler and cargo " + oldestCargo + " or later: run this once as root where Debian's apt-get is, or install them"
	}
	return ""
}

// orInstall is the way out for engines that also count when they are on PATH.
func orInstall(engine string) string {
	for _, e := range engines.All() {
		if e.Name == engine && engine != engines.MongoDB.Name {
			return fmt.Sprintf("; or install %s %s or later", e.Name, e.AtLeast)
		}
	}
	return ""
}

func isRoot(step string) bool { return strings.HasPrefix(step, "roots/") }

// compiles reports whether m can compile C and Rust.
func (m machine) compiles() bool { return m.compiler && m.cargo != "" }

// size is the most that the plan needs of the disk.
func (p plan) size() int64 {
	var all int64
	for _, s := range p.steps {
		all += s.size
	}
	return all
}

// blame tells which engines lack something because steps failed. A step that was
// not taken has the error of the one before it.
func blame(missing []string, failed map[string]error) map[string]string {
	why := map[string]string{}
	for _, engine := range missing {
		for _, name := range needs(engine) {
			if err := failed[name]; err != nil && why[engine] == "" {
				why[engine] = err.Error()
			}
		}
	}
	return why
}

// goos is where this runs. It stands here so that machines of tests differ.
const goos = runtime.GOOS
