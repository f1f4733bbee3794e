package redfire_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestTheArchitectureTestCatchesOffences gives every check something that it
// must let pass and something that it must not.
func TestTheArchitectureTestCatchesOffences(t *testing.T) {
	t.Run("imports", catchesImports)
	t.Run("clients", catchesClients)
	t.Run("reach", catchesReach)
	t.Run("package docs", catchesMissingDocs)
	t.Run("dependencies", catchesDependencies)
	t.Run("tools", catchesTools)
	t.Run("paths", catchesPaths)
	t.Run("functions", catchesFunctions)
	t.Run("nesting", catchesNesting)
	t.Run("one in twenty", catchesPercentile)
	t.Run("files", catchesFiles)
	t.Run("parameters", catchesParameters)
	t.Run("engines", catchesEngines)
	t.Run("names", catchesNames)
	t.Run("init", catchesInit)
	t.Run("ratio", catchesRatio)
	t.Run("generated", leavesGeneratedAlone)
}

// want fails the test unless each of wants is in an offence of its own, in any
// order, and there are no others.
func want(t *testing.T, offences []string, wants ...string) {
	t.Helper()
	if len(offences) != len(wants) {
		t.Errorf("got %d offences, want %d: %q", len(offences), len(wants), offences)
	}
	for _, w := range wants {
		if !strings.Contains(strings.Join(offences, "\n"), w) {
			t.Errorf("no offence says %q: %q", w, offences)
		}
	}
}

func catchesImports(t *testing.T) {
	f := func(name string, imports, testImports []string, wants ...string) {
		t.Helper()
		p := goPackage{ImportPath: full(name)}
		for _, dep := range imports {
			p.Imports = append(p.Imports, full(dep))
		}
		for _, dep := range testImports {
			p.XTestImports = append(p.XTestImports, full(dep))
		}
		want(t, importOffences([]goPackage{p}), wants...)
	}
	f("market", []string{"fault"}, []string{"fault", "market"})
	f("fault", []string{"market"}, nil, "fault imports market")
	f("market", []string{"config"}, nil, "market imports config")
	f("market", nil, []string{"config"}, "tests of market import config")
	f("cache", []string{"series"}, nil, "cache imports series")

	f("series/localseries", []string{"series", "internal/seglog", "market"}, []string{"series/seriestest", "internal/realdata"})
	f("series/localseries", []string{"series/localseries/codec"}, nil)
	f("series/localseries/codec", []string{"series"}, nil, "series/localseries/codec imports series")
	f("series/influxseries", []string{"series/localseries/codec"}, nil, "imports series/localseries/codec")
	f("series/localseries", []string{"series/influxseries"}, nil, "series/localseries imports series/influxseries")
	f("series/localseries", []string{"series/seriestest"}, nil, "imports series/seriestest")
	f("series/localseries", []string{"sqlpool"}, nil, "imports sqlpool")
	f("series/seriestest", []string{"series", "internal/realdata"}, nil)
	f("series", []string{"series/localseries"}, nil, "series imports series/localseries")
	f("series", []string{"series/internal/chunk"}, []string{"series/localseries", "series/seriestest"})
	f("series/internal/chunk", []string{"fault"}, nil)
	f("live", []string{"series"}, []string{"series/localseries"})
	f("live", nil, []string{"journal/sqlitejournal"}, "tests of live import journal/sqlitejournal")
	f("health", nil, []string{"internal/servers"})
	f("health", []string{"internal/servers"}, nil, "health imports internal/servers")

	f(rootPackage, []string{"sqlpool", "sqlpool/mysqlpool", "journal/mongojournal"}, nil)
	f(rootPackage, []string{"httpapi", "series/seriestest"}, nil, "redfire imports httpapi", "redfire imports series/seriestest")
	f("httpapi", []string{rootPackage, "series"}, nil)
	f("httpapi", []string{"series/influxseries"}, nil, "httpapi imports series/influxseries")
	f("console", []string{"series"}, nil, "console imports series")
	f("cmd/redfire", []string{rootPackage, "httpapi", "console", "config"}, nil)
	f("examples/recorder", []string{"series", "series/localseries"}, nil)
	f("examples/recorder", []string{"internal/seglog"}, nil, "imports internal/seglog")

	f("orders", nil, nil, "orders: not in the import table")
	f("internal/strutil", nil, nil, "internal/strutil: not in the import table")
	f("market/calendar", nil, nil, "market/calendar: not in the import table")
}

// full is the import path of a package of ours.
func full(name string) string {
	if name == rootPackage {
		return module
	}
	return module + "/" + name
}

func catchesClients(t *testing.T) {
	f := func(name, importPath string, wants ...string) {
		t.Helper()
		want(t, clientOffences([]goPackage{{ImportPath: full(name), Imports: []string{importPath}}}), wants...)
		want(t, clientOffences([]goPackage{{ImportPath: full(name), TestImports: []string{importPath}}}), wants...)
	}
	f("cache/rediscache", "github.com/redis/go-redis/v9")
	f("cache", "github.com/redis/go-redis/v9", "which is for cache/rediscache alone")
	f("journal/sqlitejournal", "modernc.org/sqlite", "which is for sqlpool/sqlitepool alone")
	f("series/influxseries", "github.com/influxdata/influxdb-client-go/v2", "which is for nothing alone")
	f("series", "github.com/prometheus/client_golang/prometheus", "which is for redfire alone")
	f("cache", "github.com/redis/go-redis-like")
}

func catchesReach(t *testing.T) {
	packages := []goPackage{
		{ImportPath: full("sqlpool"), Imports: []string{"example.com/orm"}},
		{ImportPath: "example.com/orm", Imports: []string{"database/sql", "github.com/jackc/pgx/v5"}},
		{ImportPath: full("sqlpool/postgrespool"), Imports: []string{"github.com/jackc/pgx/v5"}},
		{ImportPath: full("cache"), Imports: []string{full("fault")}},
	}
	want(t, reachOffences(packages), "sqlpool reaches github.com/jackc/pgx/v5 through example.com/orm")
}

func catchesMissingDocs(t *testing.T) {
	want(t, docOffences([]goPackage{
		{ImportPath: full("fault"), GoFiles: []string{"fault.go"}, Doc: "Package fault names failures."},
		{ImportPath: full("market"), GoFiles: []string{"market.go"}},
		{ImportPath: full("cmd/redfire"), Name: "main", GoFiles: []string{"main.go"}},
		{ImportPath: module}, // only tests
	}), "market: no package doc", "cmd/redfire: no package doc")
}

const dependenciesPage = `# Dependencies

## The module

| module | what for | why this one | licence | imported by |
|---|---|---|---|---|
| ` + "`example.com/yaml`" + ` | YAML | lines | MIT | ` + "`config`" + ` |
| example.com/script/v2 | scripts | small | BSD | cmd/redfire (tests) |

## The tools

| module | what for | why this one | licence |
|---|---|---|---|
| example.com/lint/v2 | linters | all in one | GPL |
`

func catchesDependencies(t *testing.T) {
	mod := func(direct ...string) (m modFile) {
		for _, d := range append(direct, "example.com/deep") {
			m.Require = append(m.Require, struct {
				Path     string
				Indirect bool
			}{d, d == "example.com/deep"})
		}
		return m
	}
	yaml, script := "example.com/yaml", "example.com/script/v2"
	config := goPackage{ImportPath: full("config"), Imports: []string{"os", yaml + "/ast"}}
	cmd := goPackage{ImportPath: full("cmd/redfire"), XTestImports: []string{script}}
	f := func(m modFile, packages []goPackage, wants ...string) {
		t.Helper()
		want(t, dependencyOffences(dependenciesPage, m, packages), wants...)
	}
	all := []goPackage{config, cmd}
	f(mod(yaml, script), all)
	f(mod(yaml, script, "example.com/new"), all, "example.com/new: not in docs/dependencies.md")
	f(mod(yaml), []goPackage{config}, script+": in docs/dependencies.md, but not a direct requirement")
	f(mod(yaml, script), []goPackage{config, {ImportPath: full("cmd/redfire"), Imports: []string{script}}}, "outside its tests")
	f(mod(yaml, script), append(all, goPackage{ImportPath: full("market"), Imports: []string{yaml}}), "market imports example.com/yaml, which docs/dependencies.md does not say")
	f(mod(yaml, script), []goPackage{cmd}, "config imports example.com/yaml, which it does not")
	f(mod(yaml, script), append(all, goPackage{ImportPath: full("market"), Imports: []string{"example.com/deep/x"}}), "which go.mod does not require directly")

	m := mod(yaml, script)
	want(t, dependencyOffences("# Nothing\n", m, nil), "no heading", yaml+": not in", script+": not in")
	spoilt := strings.Replace(dependenciesPage, "| MIT |", "| |", 1)
	want(t, dependencyOffences(spoilt, m, []goPackage{cmd}), "empty or missing cell", yaml+": not in")
	spoilt = strings.Replace(dependenciesPage, "| imported by |", "| users |", 1)
	want(t, dependencyOffences(spoilt, m, all), "columns are")
}

func catchesTools(t *testing.T) {
	f := func(tool string, wants ...string) {
		t.Helper()
		want(t, toolOffences(dependenciesPage, modFile{Tool: []struct{ Path string }{{tool}}}), wants...)
	}
	f("example.com/lint/v2/cmd/lint")
	f("example.com/fmt", "example.com/fmt: a tool of tools/go.mod", "example.com/lint/v2: in docs/dependencies.md, but no tool")
}

func catchesPaths(t *testing.T) {
	f := func(text string, wants ...string) {
		t.Helper()
		want(t, pathOffences("x.md", []byte("first line\n"+text+"\n")), wants...)
	}
	home, root, work := "/ho"+"me/", "/ro"+"ot/", "/wo"+"rk/"
	f("see "+home+"li/redfire/x.go", "x.md:2")
	f(`"`+root+`go/bin"`, "x.md:2")
	f("cd "+work+"main", "x.md:2")
	f("file://"+work+"main", "x.md:2")
	f("/Us"+"ers/li/redfire", "x.md:2")
	f("https://example.com" + work + "main and the home/ and work/ of a user")
	f("/usr/local/bin and ./redfire-data")
	f("\x00 " + root + "x")
}

// codeOf is a source file of the package fault.
func codeOf(t *testing.T, name, text string) []source {
	t.Helper()
	s, ok, err := parse(name, []byte(text))
	if err != nil || !ok {
		t.Fatalf("%s: ok %v, %v", name, ok, err)
	}
	return []source{s}
}

func catchesFunctions(t *testing.T) {
	f := func(body string, wants ...string) {
		t.Helper()
		_, offences := functionOffences("m", false, codeOf(t, "fault/x.go", "package fault\n\nfunc f(a int) {\n"+body+"}\n"))
		want(t, offences, wants...)
	}
	f("")
	f(strings.Repeat("\ta++\n", 58))
	f(strings.Repeat("\ta++\n", 59), "more than 60 lines")
	f(strings.Repeat("\ta++\n", 99), "fault/x.go:3: f has 101 lines, 100 at most", "more than 60 lines")
	f(strings.Repeat("\tif a > 1 { a++ }\n", 11))
	f(strings.Repeat("\tif a > 1 { a++ }\n", 12), "complexity over 12")
	f(strings.Repeat("\tif a > 1 && a < 3 { a++ }\n", 10), "f has cyclomatic complexity 21, 20 at most", "complexity over 12")

	cases := "\tswitch a {\n\tcase 1, 2:\n\tcase 3:\n\tdefault:\n\t}\n\tselect {\n\tcase <-c:\n\tdefault:\n\t}\n\tfor range a {\n\t}\n\tfor a < 3 || a > 9 {\n\t}\n"
	s := codeOf(t, "fault/x.go", "package fault\n\nfunc f(a int) {\n"+cases+"}\n")
	if got := s[0].functions[0].complexity; got != 7 {
		t.Errorf("complexity: got %d, want 7", got)
	}
}

func catchesNesting(t *testing.T) {
	f := func(depth int, body string) {
		t.Helper()
		s := codeOf(t, "fault/x.go", "package fault\n\nfunc f(a []int) {\n"+body+"\n}\n")
		if got := s[0].functions[0].nesting; got != depth {
			t.Errorf("%s: nesting: got %d, want %d", body, got, depth)
		}
		_, offences := functionOffences("m", false, s)
		if depth > maxNesting {
			want(t, offences, fmt.Sprintf("f nests %d deep, 3 at most", depth))
		} else {
			want(t, offences)
		}
	}
	f(0, "")
	f(3, "for range a { for { if a == nil { a = nil } } }")
	f(4, "for range a { for { if a == nil { for range a { } } } }")
	f(4, "switch { case a == nil: select { default: for { switch a.(type) { } } } }")
	f(1, "if a == nil { } else if len(a) == 1 { } else if len(a) == 2 { } else { }")
	f(2, "if a == nil { } else { if len(a) == 1 { } }")
	f(2, "for { if a == nil { func() { for { } }() } }")
}

func catchesPercentile(t *testing.T) {
	functions := make([]function, 20)
	for i := range functions {
		functions[i] = function{where: fmt.Sprintf("f%d", i), lines: 10, complexity: 2}
	}
	f := func(test bool, wants ...string) {
		t.Helper()
		_, offences := functionOffences("m", test, []source{{functions: functions}})
		want(t, offences, wants...)
	}
	functions[0].lines = 90
	f(false) // one in twenty may
	functions[1].lines = 80
	f(false, "one function in twenty has more than 60 lines: shorten the longest:\n\t  90  f0\n\t  80  f1")
	f(true) // these are code
}

func catchesFiles(t *testing.T) {
	f := func(name string, lines int, wants ...string) {
		t.Helper()
		text := "package fault\n" + strings.Repeat("\n", lines-1)
		_, offences := fileOffences("m", codeOf(t, name, text))
		want(t, offences, wants...)
	}
	f("fault/x.go", 700)
	f("fault/x.go", 701, "fault/x.go has 701 lines, 700 at most")
	f("fault/x_test.go", 1000)
	f("fault/x_test.go", 1001, "1000 at most")
	f("series/seriestest/x.go", 1000)
}

func catchesParameters(t *testing.T) {
	f := func(name, text string, wants ...string) {
		t.Helper()
		want(t, parameterOffences(codeOf(t, name, "package fault\n"+text)), wants...)
	}
	f("fault/x.go", "func F(ctx context.Context, a, b, c, d int) {}")
	f("fault/x.go", "func F(ctx context.Context, a, b, c, d, e int) {}", "F has 6 parameters, ctx and 4 more at most")
	f("fault/x.go", "type E interface { M(ctx context.Context, a, b int, c, d, e string) }", "interface method M has 6")
	f("fault/x_test.go", "func F(a, b, c, d, e, f, g int) {}")
}

func catchesEngines(t *testing.T) {
	f := func(text string, wants ...string) {
		t.Helper()
		want(t, engineOffences(codeOf(t, "cache/x.go", "package cache\n"+text)), wants...)
	}
	f("type Engine interface { A(); B(); C(); D(); E(); F(); G(); H() }")
	f("type Engine interface { A(); B(); C(); D(); E(); F(); G(); H(); I() }", "cache: Engine has 9 methods, 8 at most")
	f("type Engine interface { A(); B(); C(); D(); E(); F(); G(); io.Closer }")
	f("type reader interface { A(); B() }\ntype Engine interface { reader; C(); D(); E(); F(); G(); H(); I() }", "Engine has 9 methods")
	f("type Wide interface { A(); B(); C(); D(); E(); F(); G(); H(); I() }") // interfacebloat sees to it
}

func catchesNames(t *testing.T) {
	f := func(text string, wants ...string) {
		t.Helper()
		want(t, nameOffences(codeOf(t, "x/x.go", text)), wants...)
	}
	f("package util", "package util: name it after its subject")
	f("package common_test", "package common_test")
	f("package x\ntype SessionManager struct{}", "type SessionManager: Manager says nothing")
	f("package x\ntype manager struct{}", "type manager")
	f("package x\nfunc f() { type rowInfo struct{} }", "type rowInfo: Info says nothing")
	f("package x\ntype Data struct{}\ntype metadata int")
	f("package x\ntype logHandler struct{}\nfunc (*logHandler) Handle() {}\ntype apiHandler struct{}\nfunc (h apiHandler) ServeHTTP() {}")
	f("package x\ntype TickHandler func()", "type TickHandler")
	f("package x\ntype T[V any] struct{}\nfunc (T[V]) GetName() string { return \"\" }", "GetName is a getter: leave out the Get")
	f("package x\ntype T struct{}\nfunc (T) Get() {}\nfunc (T) GetMany(keys ...string) {}\nfunc (T) Getaway() {}")
}

func catchesInit(t *testing.T) {
	want(t, initOffences(codeOf(t, "x/x.go", "package x\nfunc init() {}")), "x/x.go: func init")
	want(t, initOffences(codeOf(t, "x/x.go", "package x\ntype t int\nfunc (t) init() {}")))
}

func catchesRatio(t *testing.T) {
	f := func(sources []source, wants ...string) {
		t.Helper()
		_, offences := ratioOffences(sources)
		want(t, offences, wants...)
	}
	code := codeOf(t, "fault/x.go", "package fault\n\nvar a int\n\n\n")[0]
	enough := codeOf(t, "fault/x_test.go", "package fault\nvar b int\n")[0]
	little := codeOf(t, "fault/x_test.go", "package fault\n")[0]
	script := codeOf(t, "cmd/redfire/testdata/x.txtar", "exec redfire\n")[0]
	shape := codeOf(t, "arch_test.go", "package fault\nvar b int\n")[0]
	f([]source{code, enough})
	f([]source{code, little}, "0.50 of test for each of code")
	f([]source{code, little, script})
	f([]source{code, little, shape}, "0.50 of test for each of code")
}

func leavesGeneratedAlone(t *testing.T) {
	text := "// Code generated by x. DO NOT EDIT.\n\npackage fault\n" + strings.Repeat("\n", maxCodeFileLines)
	if _, ok, err := parse("fault/x.go", []byte(text)); ok || err != nil {
		t.Errorf("generated file: got %v, %v, want it left out", ok, err)
	}
	if _, _, err := parse("fault/x.go", []byte("package")); err == nil {
		t.Error("a file that cannot be parsed: got no error")
	}
}

// TestTheShapeTestsAreWhereTheRatioLooks keeps the shape tests out of the ratio under
// their own names.
func TestTheShapeTestsAreWhereTheRatioLooks(t *testing.T) {
	for _, name := range shapeTests {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}
