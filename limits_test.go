package redfire_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// The limits. Those of a function hold for code and for tests, apart.
const (
	maxFunctionLines = 100
	p95FunctionLines = 60
	maxComplexity    = 20
	p95Complexity    = 12
	maxNesting       = 3
	maxCodeFileLines = 700
	maxTestFileLines = 1000
	maxEngineMethods = 8
	maxParameters    = 5 // ctx and four more; tests are free
	minTestsToCode   = 1.0
)

// bannedPackages name no subject.
var bannedPackages = []string{
	"util", "utils", "common", "helper", "helpers", "base", "core", "model", "models", "types", "manager", "misc",
}

// bannedSuffixes of type names say nothing about the thing.
var bannedSuffixes = []string{"Manager", "Helper", "Processor", "Handler", "Impl", "Data", "Info"}

// nameOnly are those suffixes that are a name of their own: redfire.Data.
var nameOnly = []string{"Data", "Info", "Handler"}

// shapeTests check the code's shape, not what it does, so they are no tests in
// the ratio of tests to code.
var shapeTests = []string{"arch_test.go", "limits_test.go", "offences_test.go"}

// A source is a file of the project.
type source struct {
	path        string
	lines       int
	filled      int // lines with something in them
	test        bool
	syntax      *ast.File // nil for a script
	functions   []function
	signatures  []signature
	packageName string
}

// A function is one with a body. Function literals count to the one they are in.
type function struct {
	where      string // file:line: name
	lines      int
	complexity int
	nesting    int
}

// A signature is that of a function or of an interface's method.
type signature struct {
	where      string
	parameters int
}

func TestFunctionLimits(t *testing.T) {
	for _, m := range modules(t) {
		for _, test := range []bool{false, true} {
			figures, offences := functionOffences(m.name, test, m.sources)
			t.Log(figures)
			report(t, offences)
		}
	}
}

func TestFileLimits(t *testing.T) {
	for _, m := range modules(t) {
		figures, offences := fileOffences(m.name, m.sources)
		t.Log(figures)
		report(t, offences)
	}
}

func TestParameterLimits(t *testing.T) {
	for _, m := range modules(t) {
		report(t, parameterOffences(m.sources))
	}
}

func TestEngineLimits(t *testing.T) {
	for _, m := range modules(t) {
		report(t, engineOffences(m.sources))
	}
}

func TestThereIsAsMuchTestAsCodeLimits(t *testing.T) {
	figures, offences := ratioOffences(modules(t)[0].sources)
	t.Log(figures)
	report(t, offences)
}

func TestNamesSayWhatThingsAre(t *testing.T) {
	for _, m := range modules(t) {
		report(t, nameOffences(m.sources))
	}
}

func TestNothingHappensBeforeMain(t *testing.T) {
	for _, m := range modules(t) {
		report(t, initOffences(m.sources))
	}
}

// functionOffences compares the functions of code or of tests with the limits.
func functionOffences(module string, test bool, sources []source) (figures string, offences []string) {
	var all []function
	for _, s := range sources {
		if s.test == test {
			all = append(all, s.functions...)
		}
	}
	kind := map[bool]string{false: "code", true: "tests"}[test]
	lines := measure(all, func(f function) int { return f.lines })
	tangle := measure(all, func(f function) int { return f.complexity })
	figures = fmt.Sprintf("%s, %s: %d functions; lines p50 %d, p95 %d (limit %d), max %d (limit %d); complexity p50 %d, p95 %d (limit %d), max %d (limit %d)",
		module, kind, len(all), lines.p50, lines.p95, p95FunctionLines, lines.max, maxFunctionLines,
		tangle.p50, tangle.p95, p95Complexity, tangle.max, maxComplexity)
	for _, f := range all {
		if f.lines > maxFunctionLines {
			offences = append(offences, fmt.Sprintf("%s has %d lines, %d at most: give a part of it a name of its own", f.where, f.lines, maxFunctionLines))
		}
		if f.complexity > maxComplexity {
			offences = append(offences, fmt.Sprintf("%s has cyclomatic complexity %d, %d at most: give a part of it a name of its own", f.where, f.complexity, maxComplexity))
		}
		if f.nesting > maxNesting {
			offences = append(offences, fmt.Sprintf("%s nests %d deep, %d at most: return early, or give the inside a name of its own", f.where, f.nesting, maxNesting))
		}
	}
	if lines.p95 > p95FunctionLines {
		offences = append(offences, fmt.Sprintf("%s, %s: one function in twenty has more than %d lines: shorten the longest:%s",
			module, kind, p95FunctionLines, largest(all, func(f function) int { return f.lines })))
	}
	if tangle.p95 > p95Complexity {
		offences = append(offences, fmt.Sprintf("%s, %s: one function in twenty has a complexity over %d: divide the worst:%s",
			module, kind, p95Complexity, largest(all, func(f function) int { return f.complexity })))
	}
	return figures, offences
}

// spread is where the middle, the 95th percentile and the end of a measure are.
type spread struct{ p50, p95, max int }

func measure(all []function, of func(function) int) spread {
	if len(all) == 0 {
		return spread{}
	}
	var sizes []int
	for _, f := range all {
		sizes = append(sizes, of(f))
	}
	slices.Sort(sizes)
	rank := func(p float64) int { return sizes[int(math.Ceil(p*float64(len(sizes))))-1] }
	return spread{rank(0.50), rank(0.95), sizes[len(sizes)-1]}
}

// largest writes the functions in the last twentieth, one a line.
func largest(all []function, of func(function) int) string {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b function) int { return cmp.Compare(of(b), of(a)) })
	var b strings.Builder
	for _, f := range sorted[:len(sorted)/20+1] {
		fmt.Fprintf(&b, "\n\t%4d  %s", of(f), f.where)
	}
	return b.String()
}

// fileOffences compares the length of files with the limits.
func fileOffences(module string, sources []source) (figures string, offences []string) {
	longest := map[bool]int{}
	for _, s := range sources {
		limit := maxCodeFileLines
		if s.test {
			limit = maxTestFileLines
		}
		longest[s.test] = max(longest[s.test], s.lines)
		if s.lines > limit {
			offences = append(offences, fmt.Sprintf("%s has %d lines, %d at most: divide it by subject", s.path, s.lines, limit))
		}
	}
	return fmt.Sprintf("%s: %d files; longest file of code %d lines (limit %d), of tests %d (limit %d)",
		module, len(sources), longest[false], maxCodeFileLines, longest[true], maxTestFileLines), offences
}

// parameterOffences finds functions and methods of code with too many
// parameters.
func parameterOffences(sources []source) []string {
	var offences []string
	for _, s := range sources {
		for _, f := range s.signatures {
			if !s.test && f.parameters > maxParameters {
				offences = append(offences, fmt.Sprintf("%s has %d parameters, ctx and %d more at most: put those that belong together into a struct",
					f.where, f.parameters, maxParameters-1))
			}
		}
	}
	return offences
}

// engineOffences finds interfaces named Engine that are too wide, those they
// embed counted in.
func engineOffences(sources []source) []string {
	interfaces := map[string]*ast.InterfaceType{} // directory and name
	for _, s := range sources {
		for _, spec := range typeSpecs(s) {
			if it, ok := spec.Type.(*ast.InterfaceType); ok {
				interfaces[path.Dir(s.path)+" "+spec.Name.Name] = it
			}
		}
	}
	var count func(dir string, it *ast.InterfaceType) int
	count = func(dir string, it *ast.InterfaceType) int {
		n := 0
		for _, field := range it.Methods.List {
			n += max(1, len(field.Names))
			name, local := field.Type.(*ast.Ident)
			if embedded := interfaces[dir+" "+identName(name)]; local && embedded != nil {
				n += count(dir, embedded) - 1
			}
		}
		return n
	}
	var offences []string
	for key, it := range interfaces {
		dir, name, _ := strings.Cut(key, " ")
		if n := count(dir, it); name == "Engine" && n > maxEngineMethods {
			offences = append(offences, fmt.Sprintf("%s: Engine has %d methods, %d at most: what every engine does alike belongs into the store", dir, n, maxEngineMethods))
		}
	}
	return offences
}

func identName(id *ast.Ident) string {
	if id == nil {
		return ""
	}
	return id.Name
}

// ratioOffences compares the amount of test with the amount of code.
func ratioOffences(sources []source) (figures string, offences []string) {
	var code, tests, scripts int
	for _, s := range sources {
		switch {
		case slices.Contains(shapeTests, s.path):
		case s.syntax == nil:
			scripts += s.filled
		case s.test:
			tests += s.filled
		default:
			code += s.filled
		}
	}
	ratio := float64(tests+scripts) / float64(max(code, 1))
	figures = fmt.Sprintf("%d lines of code, %d of tests in Go, %d of test scripts, blank ones left out: %.2f of test for each of code (limit %.1f)",
		code, tests, scripts, ratio, minTestsToCode)
	if ratio < minTestsToCode {
		offences = append(offences, figures+": test what is not tested")
	}
	return figures, offences
}

// nameOffences finds names that tell nothing.
func nameOffences(sources []source) []string {
	var offences []string
	methods := map[string][]string{} // directory and type -> methods
	for _, s := range sources {
		for _, fn := range declaredFunctions(s) {
			key := path.Dir(s.path) + " " + receiver(fn)
			methods[key] = append(methods[key], fn.Name.Name)
			if isGetter(fn) {
				offences = append(offences, fmt.Sprintf("%s: %s is a getter: leave out the Get", s.path, fn.Name.Name))
			}
		}
	}
	for _, s := range sources {
		if slices.Contains(bannedPackages, strings.TrimSuffix(s.packageName, "_test")) {
			offences = append(offences, fmt.Sprintf("%s: package %s: name it after its subject", s.path, s.packageName))
		}
		for _, spec := range typeSpecs(s) {
			suffix := bannedSuffix(spec.Name.Name)
			own := methods[path.Dir(s.path)+" "+spec.Name.Name]
			handles := slices.Contains(own, "ServeHTTP") || slices.Contains(own, "Handle") // net/http, log/slog
			if suffix != "" && !(suffix == "Handler" && handles) {
				offences = append(offences, fmt.Sprintf("%s: type %s: %s says nothing, name it by its role", s.path, spec.Name.Name, suffix))
			}
		}
	}
	return offences
}

// bannedSuffix returns the banned suffix that a type name has.
func bannedSuffix(name string) string {
	for _, suffix := range bannedSuffixes {
		if strings.EqualFold(name, suffix) {
			if slices.Contains(nameOnly, suffix) {
				return ""
			}
			return suffix
		}
		if strings.HasSuffix(name, suffix) {
			return suffix
		}
	}
	return ""
}

// isGetter reports whether fn is a method GetX without arguments.
func isGetter(fn *ast.FuncDecl) bool {
	rest, found := strings.CutPrefix(fn.Name.Name, "Get")
	return found && rest != "" && unicode.IsUpper([]rune(rest)[0]) && fn.Recv != nil && fn.Type.Params.NumFields() == 0
}

// initOffences finds functions named init.
func initOffences(sources []source) []string {
	var offences []string
	for _, s := range sources {
		for _, fn := range declaredFunctions(s) {
			if fn.Recv == nil && fn.Name.Name == "init" {
				offences = append(offences, s.path+": func init: do it in Open, or in main, where it can fail and be seen")
			}
		}
	}
	return offences
}

func declaredFunctions(s source) []*ast.FuncDecl {
	var all []*ast.FuncDecl
	if s.syntax == nil {
		return nil
	}
	for _, d := range s.syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			all = append(all, fn)
		}
	}
	return all
}

// typeSpecs returns the types that a file declares, in functions as well.
func typeSpecs(s source) []*ast.TypeSpec {
	var all []*ast.TypeSpec
	if s.syntax == nil {
		return nil
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			all = append(all, spec)
		}
		return true
	})
	return all
}

// receiver returns the name of the type that fn is a method of.
func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// parse measures one file. It returns false for a generated one.
func parse(name string, text []byte) (s source, ok bool, err error) {
	s = source{path: name, test: isTest(name)}
	for line := range strings.Lines(string(text)) {
		s.lines++
		if strings.TrimSpace(line) != "" {
			s.filled++
		}
	}
	if !strings.HasSuffix(name, ".go") {
		return s, true, nil
	}
	files := token.NewFileSet()
	s.syntax, err = parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || ast.IsGenerated(s.syntax) {
		return source{}, false, err
	}
	s.packageName = s.syntax.Name.Name
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		s.note(files, n)
		return true
	})
	return s, true, nil
}

// note measures n if it is something that a limit is about.
func (s *source) note(files *token.FileSet, n ast.Node) {
	where := func(name string) string {
		return fmt.Sprintf("%s:%d: %s", s.path, files.Position(n.Pos()).Line, name)
	}
	switch n := n.(type) {
	case *ast.FuncDecl:
		s.signatures = append(s.signatures, signature{where(n.Name.Name), n.Type.Params.NumFields()})
		if n.Body != nil {
			s.functions = append(s.functions, function{
				where:      where(n.Name.Name),
				lines:      files.Position(n.End()).Line - files.Position(n.Pos()).Line + 1,
				complexity: complexity(n),
				nesting:    nesting(n),
			})
		}
	case *ast.InterfaceType:
		for _, field := range n.Methods.List {
			if method, ok := field.Type.(*ast.FuncType); ok {
				name := where("interface method " + field.Names[0].Name)
				s.signatures = append(s.signatures, signature{name, method.Params.NumFields()})
			}
		}
	}
}

// complexity counts paths as gocyclo does: one, and one more for each if, for,
// case, && and ||.
func complexity(fn *ast.FuncDecl) int {
	paths := 1
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			paths++
		case *ast.CaseClause:
			paths += min(1, len(n.List)) // default has none
		case *ast.CommClause:
			if n.Comm != nil {
				paths++
			}
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				paths++
			}
		}
		return true
	})
	return paths
}

// nesting returns how deep fn's ifs, loops, switches and selects nest. A chain
// of else-ifs is one level; a function literal begins anew.
func nesting(fn *ast.FuncDecl) int {
	deepest := 0
	ast.Walk(nestingVisitor{0, &deepest}, fn)
	return deepest
}

type nestingVisitor struct {
	level   int
	deepest *int
}

func (v nestingVisitor) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.FuncLit:
		return nestingVisitor{0, v.deepest}
	case *ast.IfStmt:
		in := v.deeper()
		ast.Walk(in, n.Body)
		if chained, ok := n.Else.(*ast.IfStmt); ok {
			ast.Walk(v, chained)
		} else if n.Else != nil {
			ast.Walk(in, n.Else)
		}
		return nil
	case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		return v.deeper()
	}
	return v
}

func (v nestingVisitor) deeper() nestingVisitor {
	v.level++
	*v.deepest = max(*v.deepest, v.level)
	return v
}

// isTest reports whether a file is there for tests only: a test, a suite, a
// test script, or the servers and data that tests use.
func isTest(name string) bool {
	dir := path.Dir(name)
	return !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || isSuite(dir) || slices.Contains(testsMayImport, dir)
}

// A goModule is the sources of one of the project's modules.
type goModule struct {
	name    string
	sources []source
}

// modules reads the project's modules, its own first.
func modules(t *testing.T) []goModule {
	t.Helper()
	own := goModule{name: "redfire"}
	others := []goModule{{name: "tools"}, {name: "bench"}}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !isSource(name) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		s, ok, err := parse(name, text)
		if err != nil || !ok {
			return err
		}
		top, _, _ := strings.Cut(name, "/")
		if i := slices.IndexFunc(others, func(m goModule) bool { return m.name == top }); i >= 0 {
			others[i].sources = append(others[i].sources, s)
			return nil
		}
		own.sources = append(own.sources, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return append([]goModule{own}, slices.DeleteFunc(others, func(m goModule) bool { return len(m.sources) == 0 })...)
}

// isSource reports whether a file is Go code that is compiled, or a script for
// testscript.
func isSource(name string) bool {
	inTestdata := slices.Contains(strings.Split(name, "/"), "testdata")
	return strings.HasSuffix(name, ".go") && !inTestdata || strings.HasSuffix(name, ".txtar") && inTestdata
}
