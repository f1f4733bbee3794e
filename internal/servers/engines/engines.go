// Package engines knows the real servers that RedFire is tested against, and
// finds their programs on this machine.
//
// An [Engine] is looked for in the [Folder] that the install command fills
// first, then on PATH and where distributions put servers. What is older than
// the tests need does not count. What was bootstrapped from Debian lies in a
// folder of its own, a [Program.Root], and only runs with that folder as its root.
package engines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// An Engine is a kind of server.
type Engine struct {
	// Name is how the tests and the install command call it.
	Name string

	// Variable is the environment variable whose URL points the tests at a
	// server that runs already.
	Variable string

	// AtLeast is the oldest version that counts.
	AtLeast string

	server  string                                    // the program that tells its version
	version func(ctx context.Context, p place) string // "" when it is another product
	roots   []string                                  // roots below Folder where it may lie
	built   bool                                      // it is built from Go modules, and only counts so
	beside  beside                                    // what it cannot do without
}

// beside is a program in a root of its own that belongs to an engine.
type beside struct{ root, server string }

// The engines. They are values of the package, never written to.
var (
	MariaDB = Engine{
		Name: "MariaDB", Variable: "REDFIRE_TEST_MARIADB", AtLeast: "10.11",
		server: "mariadbd", version: said("mariadbd", `Ver ([\d.]+)-MariaDB`), roots: []string{RootDebian},
	}
	MySQL = Engine{
		Name: "MySQL", Variable: "REDFIRE_TEST_MYSQL", AtLeast: "9.0",
		server: "mysqld", version: said("mysqld", `Ver ([\d.]+)(?:-\d\S*)? for`), roots: []string{RootMySQL},
	}
	PostgreSQL = Engine{
		Name: "PostgreSQL", Variable: "REDFIRE_TEST_POSTGRES", AtLeast: "15",
		server: "postgres", version: said("postgres", `\(PostgreSQL\) ([\d.]+)`), roots: []string{RootDebian},
	}
	Redis = Engine{
		Name: "Redis", Variable: "REDFIRE_TEST_REDIS", AtLeast: "7.0",
		server: "redis-server", version: said("redis-server", `Redis server v=([\d.]+)`), roots: []string{RootDebian},
	}
	InfluxDB2 = Engine{
		Name: "InfluxDB 2", Variable: "REDFIRE_TEST_INFLUXDB2", AtLeast: "2.7",
		server: "influxd", version: module("influxd", "github.com/influxdata/influxdb/v2"), built: true,
	}
	InfluxDB1 = Engine{
		Name: "InfluxDB 1", Variable: "REDFIRE_TEST_INFLUXDB1", AtLeast: "1.8",
		server: "influxd1", version: module("influxd1", "github.com/influxdata/influxdb"), built: true,
	}
	// MongoDB is its protocol, as FerretDB speaks it over PostgreSQL with the
	// DocumentDB extension. The version is FerretDB's.
	MongoDB = Engine{
		Name: "MongoDB", Variable: "REDFIRE_TEST_MONGODB", AtLeast: "2.7",
		server: "ferretdb", version: module("ferretdb", "github.com/FerretDB/FerretDB/v2"), built: true,
		beside: beside{RootDocumentDB, "postgres"},
	}
)

// The roots that the install command bootstraps below [Folder].
const (
	RootDebian     = "roots/debian"     // MariaDB with Galera, PostgreSQL, Redis
	RootMySQL      = "roots/mysql"      // its client library conflicts with MariaDB's
	RootDocumentDB = "roots/documentdb" // PostgreSQL with the extension
)

// All returns the engines, in the order in which they are told.
func All() []Engine {
	return []Engine{MariaDB, MySQL, PostgreSQL, Redis, InfluxDB2, InfluxDB1, MongoDB}
}

// Folder is where the install command puts what it gets: REDFIRE_ENGINES, or
// redfire-engines below the user's cache folder.
func Folder() (string, error) {
	if folder := os.Getenv("REDFIRE_ENGINES"); folder != "" {
		return filepath.Abs(folder)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("engines: REDFIRE_ENGINES is not set: %w", err)
	}
	return filepath.Join(cache, "redfire-engines"), nil
}

// A Missing is the error of an engine that this machine has not, or cannot run.
type Missing struct {
	Engine Engine
	Why    string
}

// Error is the line by which the engine is reported as not run.
func (m *Missing) Error() string { return fmt.Sprintf("engine %s: NOT RUN: %s", m.Engine.Name, m.Why) }

// A Program is an engine that was found on this machine.
type Program struct {
	Engine  Engine
	Version string

	// Root is the folder that the engine's programs have as their root, "" for
	// the machine's own.
	Root string

	path string   // of the server, seen from Root
	dirs []string // where its programs lie, seen from Root
}

// String is the line by which the engine is reported as there.
func (p *Program) String() string {
	return fmt.Sprintf("engine %s: %s in %s", p.Engine.Name, p.Version, filepath.Join(p.Root, p.path))
}

// A place is where an engine may lie: programs in dirs, seen from root.
type place struct {
	root string
	dirs []string
}

// Find finds e; the error is a [Missing] where it is not to be had.
func Find(ctx context.Context, e Engine) (*Program, error) {
	folder, err := Folder()
	if err != nil {
		return nil, err
	}
	why := "it is not installed"
	for _, p := range e.places(folder) {
		path, err := p.path(e.server)
		if err != nil {
			continue
		}
		if !mayEnter(p.root) {
			why = "only root may run what lies in " + p.root
			continue
		}
		version := e.version(ctx, p)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case version == "":
			continue
		case e.TooOld(version):
			why = fmt.Sprintf("version %s in %s is too old: %s or later is needed", version, filepath.Join(p.root, path), e.AtLeast)
			continue
		}
		if e.beside.root != "" {
			if _, err := FindRoot(e, e.beside.root, e.beside.server); err != nil {
				return nil, err
			}
		}
		return &Program{e, version, p.root, path, p.dirs}, nil
	}
	return nil, &Missing{e, why + ": go run ./internal/servers/install"}
}

// FindRoot finds a root that belongs to an engine beside its own program, as
// DocumentDB's does to FerretDB.
func FindRoot(e Engine, root, server string) (*Program, error) {
	folder, err := Folder()
	if err != nil {
		return nil, err
	}
	p := debian(filepath.Join(folder, root))
	path, err := p.path(server)
	if err != nil {
		return nil, &Missing{e, fmt.Sprintf("%s with %s is not installed: go run ./internal/servers/install", root, server)}
	}
	if !mayEnter(p.root) {
		return nil, &Missing{e, "only root may run what lies in " + p.root}
	}
	return &Program{Engine: e, Root: p.root, path: path, dirs: p.dirs}, nil
}

// places returns where e may lie, best first.
func (e Engine) places(folder string) []place {
	own := place{dirs: []string{filepath.Join(folder, "bin")}}
	if e.built {
		return []place{own}
	}
	var all []place
	for _, root := range e.roots {
		all = append(all, debian(filepath.Join(folder, root)))
	}
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), distributed("/")...) {
		all = append(all, local(dir, e.server))
	}
	return all
}

// local is a folder of this machine. Where the server is a link there, its other
// programs lie beside what the link points to. Beside sbin there is a bin, with
// what is for all users, such as mariadb-install-db.
func local(dir, server string) place {
	p := place{dirs: []string{dir}}
	if real, err := filepath.EvalSymlinks(filepath.Join(dir, server)); err == nil && filepath.Dir(real) != dir {
		p.dirs = append(p.dirs, filepath.Dir(real))
	}
	for _, d := range p.dirs {
		if filepath.Base(d) == "sbin" {
			p.dirs = append(p.dirs, filepath.Join(filepath.Dir(d), "bin"))
		}
	}
	return p
}

// debian is a root that was bootstrapped from Debian's packages.
func debian(root string) place {
	p := place{root: root}
	for _, dir := range distributed(root) {
		p.dirs = append(p.dirs, strings.TrimPrefix(dir, root))
	}
	return p
}

// distributed returns the folders below root where Linux distributions put
// servers, the newest PostgreSQL before the others.
func distributed(root string) []string {
	dirs := []string{filepath.Join(root, "usr/sbin"), filepath.Join(root, "usr/bin")}
	postgres, err := filepath.Glob(filepath.Join(root, "usr/lib/postgresql/*/bin"))
	if err != nil {
		postgres = nil // the pattern is well formed
	}
	version := func(dir string) []int { return numbers(filepath.Base(filepath.Dir(dir))) }
	slices.SortFunc(postgres, func(a, b string) int { return slices.Compare(version(b), version(a)) })
	return append(postgres, dirs...)
}

// path returns where program lies, seen from the root.
func (p place) path(program string) (string, error) {
	for _, dir := range p.dirs {
		name := filepath.Join(dir, program)
		info, err := os.Stat(filepath.Join(p.root, name))
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return name, nil
		}
	}
	return "", fmt.Errorf("engines: no %s in %s", program, strings.Join(p.dirs, ", "))
}

// Path returns where program, one of the engine's, lies, seen from Root.
func (p *Program) Path(program string) (string, error) {
	return place{p.Root, p.dirs}.path(program)
}

// SearchPath is where the engine's programs find each other, seen from Root.
func (p *Program) SearchPath() string { return strings.Join(p.dirs, string(filepath.ListSeparator)) }

// Command is a run of program, one of the engine's, with its root entered.
func (p *Program) Command(ctx context.Context, program string, args ...string) (*exec.Cmd, error) {
	return place{p.Root, p.dirs}.command(ctx, program, args...)
}

func (p place) command(ctx context.Context, program string, args ...string) (*exec.Cmd, error) {
	path, err := p.path(program)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	if p.root != "" {
		// A root has its own libraries and its own idea of everything else.
		cmd.Dir, cmd.Env = "/", []string{"PATH=" + strings.Join(p.dirs, ":"), "LC_ALL=C.UTF-8"}
		if err := enter(cmd, p.root); err != nil {
			return nil, err
		}
	}
	return cmd, nil
}

// ErrNoServers says that servers are not run on this operating system.
var ErrNoServers = errors.New("servers run on Linux and macOS")
