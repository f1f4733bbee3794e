// Package redfire_test keeps the shape of the code: which package may import
// which, where each vendor's client lives, what is documented, how long and how
// tangled a function may be. The import table is in this file, the limits are
// in limits_test.go. Each check is a function from a description of the code to
// sentences about its offences, so that offences_test.go can show that it fails
// where it should.
package redfire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/redfire-quant/redfire"

// The root package, redfire.go, is "redfire" in the tables below; the others
// go by their directory. "x/..." means x's engines, suites and other packages
// below it.
const rootPackage = "redfire"

// library is what needs no choice of engine.
var library = []string{
	"fault", "market", "config", "spool", "sqlpool", "cache", "series", "vnpytables",
	"marketfile", "indicator", "live", "journal", "health",
}

var engines = []string{
	"sqlpool/mysqlpool", "sqlpool/postgrespool", "sqlpool/sqlitepool",
	"cache/rediscache",
	"series/localseries", "series/influxseries",
	"journal/sqlitejournal", "journal/mongojournal",
}

// allowed lists, for each package, the project packages that it may import.
// What lies below a store may import what the store may, the store, and what lies
// below itself; what
// lies below a package's internal/ may import what the package may.
var allowed = map[string][]string{
	"fault":                  {},
	"market":                 {"fault"},
	"config":                 {"fault", "market"},
	"internal/disk":          {},
	"internal/raw":           {},
	"internal/disk/disktest": {"internal/disk"},
	"internal/seglog":        {"fault", "internal/disk"},
	"spool":                  {"fault", "internal/seglog"},
	"sqlpool":                {"fault", "internal/disk"},
	"cache":                  {"fault", "spool"},
	"series":                 {"fault", "market", "internal/disk", "internal/seglog", "spool"},
	"vnpytables":             {"fault", "market", "sqlpool"},
	"marketfile":             {"fault", "market", "series"},
	"indicator":              {"fault", "market"},
	"live":                   {"fault", "market", "series", "indicator"},
	"journal":                {"fault", "internal/seglog", "spool"},
	"health":                 {"fault"},

	"series/localseries/codec": {"fault", "market"},

	// What a suite does to real servers, it needs them for.
	"sqlpool/sqlpooltest": {"fault", "sqlpool", "internal/fewer", "internal/servers"},

	// These stand last and see more than one store.
	rootPackage:       slices.Concat(library, engines, []string{"httpapi/client"}),
	"httpapi":         append(slices.Clone(library), rootPackage, "internal/disk", "httpapi/tokens", "httpapi/wire", "httpapi/problem", "httpapi/answers", "httpapi/client"),
	"httpapi/wire":    {"fault", "market", "series", "internal/raw"},
	"httpapi/problem": {"fault", "series"},
	"httpapi/answers": {"fault", "market", "series", "httpapi/problem"},
	"httpapi/client":  {"fault", "market", "series", "httpapi/wire", "httpapi/problem", "httpapi/answers"},
	"httpapi/tokens":  {"fault", "internal/disk"},
	"console":         {"fault", "market", "config", "health", "httpapi", rootPackage},
	"cmd/redfire":     slices.Concat(library, engines, []string{rootPackage, "httpapi", "httpapi/client", "httpapi/tokens", "console", "internal/disk", "internal/realdata"}),
	"examples":        slices.Concat(library, engines, []string{rootPackage, "httpapi", "httpapi/client"}),

	// These are no part of the program.
	"clients/python":           {"internal/disk"}, // its tests
	"internal/docs":            {"fault", "market", "config", "httpapi", rootPackage},
	"internal/servers":         {"internal/disk", "internal/servers/engines"},
	"internal/servers/engines": {},
	"internal/servers/install": {"internal/disk", "internal/servers/engines"},
	"internal/realdata":        {"fault", "market"},
	"internal/fewer":           {},
	"deploy":                   {"config"},
}

// stores are the packages with engines and a suite below them.
var stores = []string{"sqlpool", "cache", "series", "journal"}

// testsMayImport is what any test may import beside what its package may, the
// package itself, and whatever lies below the stores among those.
var testsMayImport = []string{"internal/disk/disktest", "internal/fewer", "internal/realdata", "internal/servers"}

// clients names the one package that may import each vendor's client. InfluxDB
// has none: influxseries speaks its protocol itself.
var clients = map[string]string{
	"github.com/go-sql-driver/mysql":           "sqlpool/mysqlpool",
	"github.com/jackc/pgx":                     "sqlpool/postgrespool",
	"modernc.org/sqlite":                       "sqlpool/sqlitepool",
	"github.com/redis/go-redis":                "cache/rediscache",
	"zombiezen.com/go/sqlite":                  "journal/sqlitejournal",
	"go.mongodb.org/mongo-driver":              "journal/mongojournal",
	"github.com/prometheus":                    rootPackage,
	"github.com/influxdata/influxdb-client-go": "nothing",
	"github.com/influxdata/influxdb1-client":   "nothing",
	"github.com/InfluxCommunity/influxdb3-go":  "nothing",
	"github.com/ClickHouse/clickhouse-go":      "nothing",
	"github.com/apache/cassandra-gocql-driver": "nothing yet",
	"github.com/gocql/gocql":                   "nothing yet",
	"github.com/redis/rueidis":                 "nothing: go-redis is the client of Redis",
	"github.com/lib/pq":                        "nothing: pgx is the client of PostgreSQL",
	"github.com/mattn/go-sqlite3":              "nothing: it needs cgo",
}

// A goPackage is what "go list" says of a package of the project.
type goPackage struct {
	ImportPath, Name, Doc              string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

// name is the package as the tables here call it.
func (p goPackage) name() string {
	name, _ := projectPackage(p.ImportPath)
	return name
}

// allTestImports are those of tests in the package and beside it.
func (p goPackage) allTestImports() []string {
	return slices.Concat(p.TestImports, p.XTestImports)
}

// projectPackage turns an import path into the name used in the tables, if
// the path is one of ours.
func projectPackage(importPath string) (name string, ours bool) {
	if importPath == module {
		return rootPackage, true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func TestImportsGoOneWay(t *testing.T) {
	report(t, importOffences(listPackages(t, "./...")))
}

func TestEveryVendorsClientHasOnePackage(t *testing.T) {
	report(t, clientOffences(listPackages(t, "./...")))
}

func TestNoStoreReachesAVendorsClient(t *testing.T) {
	report(t, reachOffences(listPackages(t, "-deps", "./...")))
}

func TestEveryPackageHasADoc(t *testing.T) {
	report(t, docOffences(listPackages(t, "./...")))
}

func TestDependenciesPageIsTrue(t *testing.T) {
	page := readFile(t, "docs/dependencies.md")
	report(t, dependencyOffences(page, readModFile(t, "."), listPackages(t, "./...")))
	report(t, toolOffences(page, readModFile(t, "tools")))
}

func TestNoFileNamesADevelopersMachine(t *testing.T) {
	args := []string{"-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"}
	out, err := exec.CommandContext(t.Context(), "git", args...).Output()
	if err != nil {
		t.Skipf("git cannot list the files: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		content, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		report(t, pathOffences(name, content))
	}
}

// importOffences compares the imports of packages with the table.
func importOffences(packages []goPackage) []string {
	var offences []string
	for _, p := range packages {
		name := p.name()
		may, ok := mayImport(name)
		if !ok {
			offences = append(offences, name+": not in the import table: add it to allowed in arch_test.go, with as few packages as it needs")
			continue
		}
		for _, dep := range ownImports(p.Imports) {
			if !permits(may, dep) {
				offences = append(offences, fmt.Sprintf("%s imports %s: allowed in arch_test.go lets it import only [%s]",
					name, dep, strings.Join(may, " ")))
			}
		}
		testsMay := testImports(name, may)
		for _, dep := range ownImports(p.allTestImports()) {
			if !permits(testsMay, dep) {
				offences = append(offences, fmt.Sprintf("tests of %s import %s: allowed in arch_test.go lets them import only [%s]",
					name, dep, strings.Join(testsMay, " ")))
			}
		}
	}
	return offences
}

// mayImport returns the project packages that the package name may import, and
// whether the table knows it.
func mayImport(name string) ([]string, bool) {
	own := name + "/internal/..."
	if may, ok := allowed[name]; ok {
		return append(slices.Clone(may), own), true
	}
	if parent, _, found := strings.Cut(name, "/internal/"); found {
		may, ok := mayImport(parent)
		return append(may, own), ok
	}
	top, _, below := strings.Cut(name, "/")
	switch {
	case below && slices.Contains(stores, top):
		may := append(slices.Clone(allowed[top]), top, top+"/internal/...", name+"/...")
		if isSuite(name) {
			may = append(may, "internal/realdata")
		}
		return may, true
	case below && top == "examples":
		return append(slices.Clone(allowed[top]), own), true
	}
	return nil, false
}

// testImports returns what tests of the package name may import, given what the
// package may.
func testImports(name string, may []string) []string {
	all := slices.Concat(may, []string{name}, testsMayImport)
	top, _, _ := strings.Cut(name, "/")
	for _, dep := range append(slices.Clone(may), top) {
		if slices.Contains(stores, dep) && !slices.Contains(all, dep+"/...") {
			all = append(all, dep+"/...")
		}
	}
	return all
}

// isSuite reports whether a package is the suite of a store: series/seriestest.
func isSuite(name string) bool {
	store, suite, _ := strings.Cut(name, "/")
	return suite == store+"test" && slices.Contains(stores, store)
}

// ownImports returns those imports that are packages of the project.
func ownImports(imports []string) []string {
	var own []string
	for _, importPath := range imports {
		if name, ours := projectPackage(importPath); ours {
			own = append(own, name)
		}
	}
	return own
}

// permits reports whether list names the package or what it lies below.
func permits(list []string, name string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		if above, found := strings.CutSuffix(entry, "/..."); found {
			return strings.HasPrefix(name, above+"/")
		}
		return entry == name
	})
}

// servers starts real servers for tests, and asks them with the clients that
// their users have.
const servers = "internal/servers"

// clientOffences finds imports of vendors' clients in packages that are not
// theirs. Tests are no exception.
func clientOffences(packages []goPackage) []string {
	var offences []string
	for _, p := range packages {
		for _, importPath := range slices.Concat(p.Imports, p.allTestImports()) {
			client, home := clientOf(importPath)
			if client != "" && home != p.name() && p.name() != servers {
				offences = append(offences, fmt.Sprintf("%s imports %s, which is for %s alone: use what that package offers", p.name(), importPath, home))
			}
		}
	}
	return offences
}

// clientOf returns the vendor's client that importPath is part of, and the one
// package that may import it.
func clientOf(importPath string) (client, home string) {
	for client, home := range clients {
		if within(importPath, client) {
			return client, home
		}
	}
	return "", ""
}

// within reports whether importPath is module, or lies below it.
func within(importPath, module string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// reachOffences follows the imports of each store, so that a library between
// cannot carry a vendor's client in.
func reachOffences(packages []goPackage) []string {
	imports := map[string][]string{}
	for _, p := range packages {
		imports[p.ImportPath] = p.Imports
	}
	var offences []string
	for _, store := range stores {
		importer := reached(module+"/"+store, imports)
		for _, dep := range slices.Sorted(maps.Keys(importer)) {
			if client, _ := clientOf(dep); client != "" {
				offences = append(offences, fmt.Sprintf("%s reaches %s through %s: a client belongs into an engine", store, dep, importer[dep]))
			}
		}
	}
	return offences
}

// reached returns all that start imports, directly or not, with one importer
// of each.
func reached(start string, imports map[string][]string) (importer map[string]string) {
	importer = map[string]string{}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		for _, dep := range imports[queue[0]] {
			if importer[dep] == "" {
				importer[dep] = queue[0]
				queue = append(queue, dep)
			}
		}
	}
	return importer
}

// docOffences finds packages without a package doc.
func docOffences(packages []goPackage) []string {
	var offences []string
	for _, p := range packages {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			offences = append(offences, p.name()+": no package doc: say above the package clause what the package promises, then where to look")
		}
	}
	return offences
}

// A dependency is a row of docs/dependencies.md.
type dependency struct {
	module string
	by     map[string]bool // package -> only by its tests
}

// A modFile is what "go mod edit -json" says of a go.mod.
type modFile struct {
	Require []struct {
		Path     string
		Indirect bool
	}
	Tool []struct{ Path string }
}

// direct returns the modules that are required by the module itself.
func (m modFile) direct() []string {
	var paths []string
	for _, r := range m.Require {
		if !r.Indirect {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

// dependencyOffences compares the page with go.mod and with the imports.
func dependencyOffences(page string, mod modFile, packages []goPackage) []string {
	rows, offences := parseDependencies(page, "The module", []string{"module", "what for", "why this one", "licence", "imported by"})
	uses, missing := thirdPartyUses(mod.direct(), packages)
	offences = append(offences, missing...)
	listed := map[string]bool{}
	for _, row := range rows {
		listed[row.module] = true
		if !slices.Contains(mod.direct(), row.module) {
			offences = append(offences, row.module+": in docs/dependencies.md, but not a direct requirement of go.mod: take the row out")
			continue
		}
		offences = append(offences, rowOffences(row, uses[row.module])...)
	}
	for _, path := range mod.direct() {
		if !listed[path] {
			offences = append(offences, path+": not in docs/dependencies.md: add a row that says what for, why this one, its licence, who imports it")
		}
	}
	return offences
}

// thirdPartyUses returns, for each required module, the packages that import it
// and whether only their tests do. The sentences are about imports of what is
// not required directly.
func thirdPartyUses(direct []string, packages []goPackage) (uses map[string]map[string]bool, offences []string) {
	uses = map[string]map[string]bool{}
	note := func(name string, imports []string, test bool) {
		for _, importPath := range imports {
			if _, ours := projectPackage(importPath); ours || isStandard(importPath) {
				continue
			}
			found := moduleOf(importPath, direct)
			if found == "" {
				offences = append(offences, fmt.Sprintf("%s imports %s, which go.mod does not require directly: run go mod tidy", name, importPath))
				continue
			}
			if uses[found] == nil {
				uses[found] = map[string]bool{}
			}
			if _, known := uses[found][name]; !known {
				uses[found][name] = test
			}
		}
	}
	for _, p := range packages {
		note(p.name(), p.Imports, false)
		note(p.name(), p.allTestImports(), true)
	}
	return uses, offences
}

// isStandard reports whether an import path is of the standard library: its
// first element is no domain.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// moduleOf returns the longest of modules that importPath lies within.
func moduleOf(importPath string, modules []string) string {
	best := ""
	for _, m := range modules {
		if within(importPath, m) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// rowOffences compares who imports a module with who is said to.
func rowOffences(row dependency, uses map[string]bool) []string {
	var offences []string
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		testsOnly, said := row.by[name]
		switch {
		case !said:
			offences = append(offences, fmt.Sprintf("%s imports %s, which docs/dependencies.md does not say: use the package that has it, or add this one to the row",
				name, row.module))
		case testsOnly && !uses[name]:
			offences = append(offences, fmt.Sprintf("%s imports %s outside its tests; docs/dependencies.md says (tests)", name, row.module))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(row.by)) {
		if _, used := uses[name]; !used {
			offences = append(offences, fmt.Sprintf("docs/dependencies.md says that %s imports %s, which it does not", name, row.module))
		}
	}
	return offences
}

// toolOffences compares the page with the tool lines of the tools module.
func toolOffences(page string, mod modFile) []string {
	rows, offences := parseDependencies(page, "The tools", []string{"module", "what for", "why this one", "licence"})
	var modules []string
	for _, row := range rows {
		modules = append(modules, row.module)
	}
	used := map[string]bool{}
	for _, tool := range mod.Tool {
		m := moduleOf(tool.Path, modules)
		used[m] = true
		if m == "" {
			offences = append(offences, tool.Path+": a tool of tools/go.mod that docs/dependencies.md does not list")
		}
	}
	for _, m := range modules {
		if !used[m] {
			offences = append(offences, m+": in docs/dependencies.md, but no tool of tools/go.mod")
		}
	}
	return offences
}

// parseDependencies reads the table below a heading. Each cell must hold
// something; cells of "imported by" name packages divided by commas, with
// "(tests)" behind those of which only the tests import the module.
func parseDependencies(page, heading string, columns []string) (rows []dependency, offences []string) {
	_, section, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		return nil, []string{"docs/dependencies.md: no heading ## " + heading}
	}
	section, _, _ = strings.Cut(section, "\n## ")
	headed := false
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|-") || strings.HasPrefix(line, "| -") {
			continue
		}
		cells := tableCells(line)
		switch {
		case !headed:
			headed = true
			if !slices.Equal(cells, columns) {
				offences = append(offences, fmt.Sprintf("docs/dependencies.md: %s: columns are %q, want %q", heading, cells, columns))
			}
		case len(cells) != len(columns) || slices.Contains(cells, ""):
			offences = append(offences, "docs/dependencies.md: a row with an empty or missing cell: "+line)
		default:
			rows = append(rows, parseRow(cells))
		}
	}
	return rows, offences
}

func tableCells(line string) []string {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i, c := range cells {
		cells[i] = strings.TrimSpace(c)
	}
	return cells
}

func parseRow(cells []string) dependency {
	d := dependency{module: strings.Trim(cells[0], "`"), by: map[string]bool{}}
	if len(cells) < 5 {
		return d
	}
	for user := range strings.SplitSeq(cells[4], ",") {
		name, tests := strings.CutSuffix(strings.TrimSpace(user), "(tests)")
		d.by[strings.Trim(strings.TrimSpace(name), "`")] = tests
	}
	return d
}

// homes matches the start of a path that exists on one machine only. It is put
// together from parts so that it does not match itself.
var homes = regexp.MustCompile(`(?:^|[\s"'=(\[<:` + "`" + `]|file://)(/(?:home|Users)/` + `[\w.-]+/|/(?:ro` + `ot|wo` + `rk)/|C:\\` + `Users\\)`)

// pathOffences finds paths of a developer's machine in a text file.
func pathOffences(name string, content []byte) []string {
	if bytes.IndexByte(content[:min(len(content), 8000)], 0) >= 0 {
		return nil // not text
	}
	var offences []string
	line := 0
	for text := range bytes.Lines(content) {
		line++
		if m := homes.FindSubmatch(text); m != nil {
			offences = append(offences, fmt.Sprintf("%s:%d: %q is a path of one machine: make it relative, or take it from the environment", name, line, m[1]))
		}
	}
	return offences
}

// report fails the test for each offence.
func report(t *testing.T, offences []string) {
	t.Helper()
	for _, o := range offences {
		t.Error(o)
	}
}

func listPackages(t *testing.T, args ...string) []goPackage {
	t.Helper()
	args = append([]string{"list", "-json=ImportPath,Name,Doc,GoFiles,Imports,TestImports,XTestImports"}, args...)
	dec := json.NewDecoder(bytes.NewReader(runGo(t, args...)))
	var packages []goPackage
	for {
		var p goPackage
		err := dec.Decode(&p)
		if err == io.EOF {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func readModFile(t *testing.T, dir string) modFile {
	t.Helper()
	file := path.Join(dir, "go.mod")
	readFile(t, file) // so that "go test" knows what this depends on
	var m modFile
	if err := json.Unmarshal(runGo(t, "mod", "edit", "-json", file), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func runGo(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, messages.Bytes())
	}
	return out
}
