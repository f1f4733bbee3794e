package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/redfire-quant/redfire/fault"
)

func TestCodesAreWellFormedUniqueAndSorted(t *testing.T) {
	form := regexp.MustCompile(`^RF-[A-Z]{3}-[0-9]{3}$`)
	var seen []fault.Code
	for _, e := range fault.Codes() {
		if !form.MatchString(string(e.Code)) {
			t.Errorf("code %q is not written as in RF-CFG-003", e.Code)
		}
		if slices.Contains(seen, e.Code) {
			t.Errorf("code %s stands twice", e.Code)
		}
		seen = append(seen, e.Code)
	}
	if !slices.IsSorted(seen) {
		t.Errorf("Codes is not sorted: %v", seen)
	}
}

func TestEachCodeHasAKindASummaryAndACure(t *testing.T) {
	for _, e := range fault.Codes() {
		if !slices.ContainsFunc(fault.Rules(), func(r fault.Rule) bool { return r.Kind == e.Kind }) {
			t.Errorf("%s: kind %q is not in the table of kinds", e.Code, e.Kind)
		}
		wantBoth(t, string(e.Code)+" summary", e.Summary)
		wantBoth(t, string(e.Code)+" cure", e.Cure)
		if strings.HasSuffix(e.Summary.En, ".") || strings.HasSuffix(e.Summary.Zh, "。") {
			t.Errorf("%s: a summary is part of a sentence and has no full stop: %q", e.Code, e.Summary)
		}
		if !strings.HasSuffix(e.Cure.En, ".") || !strings.HasSuffix(e.Cure.Zh, "。") {
			t.Errorf("%s: a cure is whole sentences: %q", e.Code, e.Cure)
		}
	}
}

// wantBoth fails unless x is there in English and in Chinese.
func wantBoth(t *testing.T, name string, x fault.Text) {
	t.Helper()
	han := func(r rune) bool { return unicode.Is(unicode.Han, r) }
	if strings.TrimSpace(x.En) == "" || x.En != strings.TrimSpace(x.En) || strings.ContainsFunc(x.En, han) {
		t.Errorf("%s: %q is not English", name, x.En)
	}
	if x.Zh != strings.TrimSpace(x.Zh) || !strings.ContainsFunc(x.Zh, han) {
		t.Errorf("%s: %q is not Chinese", name, x.Zh)
	}
}

func TestEachCodeConstantIsInTheTable(t *testing.T) {
	constants, _ := declared(t)
	var inTable []string
	for _, e := range fault.Codes() {
		inTable = append(inTable, string(e.Code))
	}
	for name, code := range constants {
		if !slices.Contains(inTable, code) {
			t.Errorf("constant %s = %s is not in the table", name, code)
		}
		if !ast.IsExported(name) {
			t.Errorf("constant %s = %s is not exported", name, code)
		}
	}
	for _, code := range inTable {
		n := 0
		for _, c := range constants {
			if c == code {
				n++
			}
		}
		if n != 1 {
			t.Errorf("code %s of the table: got %d constants, want 1", code, n)
		}
	}
}

func TestAnAreaIsOneSliceNumberedFromOne(t *testing.T) {
	prefixes := map[string]string{"commandEntries": "RF-CLI-", "configEntries": "RF-CFG-", "marketEntries": "RF-MKT-", "sqlEntries": "RF-SQL-", "seriesEntries": "RF-SER-", "diskEntries": "RF-DSK-", "fileEntries": "RF-FIL-", "apiEntries": "RF-API-"}
	names := map[string]string{"RF-CLI-": "Command", "RF-CFG-": "Config", "RF-MKT-": "Market", "RF-SER-": "Series", "RF-DSK-": "Disk", "RF-FIL-": "File", "RF-API-": "API"}
	constants, areas := declared(t)
	if len(areas) != len(prefixes) {
		t.Errorf("got areas %v, want those of %v", areas, prefixes)
	}
	for slice, members := range areas {
		prefix, ok := prefixes[slice]
		if !ok {
			t.Errorf("slice %s has no prefix; add it to this test", slice)
		}
		for i, name := range members {
			want := fmt.Sprintf("%s%03d", prefix, i+1)
			if constants[name] != want {
				t.Errorf("%s[%d] is %s = %s, want %s", slice, i, name, constants[name], want)
			}
			if !strings.HasPrefix(name, names[prefix]) {
				t.Errorf("constant %s of %s does not begin with %s", name, want, names[prefix])
			}
		}
	}
}

// declared reads from the package's source its constants of type Code, by
// name, and the names in each slice of entries, in order.
func declared(t *testing.T) (constants map[string]string, areas map[string][]string) {
	t.Helper()
	constants, areas = map[string]string{}, map[string][]string{}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				readSpec(t, spec, constants, areas)
			}
			return true
		})
	}
	if len(constants) == 0 || len(areas) == 0 {
		t.Fatal("no codes in the source of the package")
	}
	return constants, areas
}

func readSpec(t *testing.T, spec *ast.ValueSpec, constants map[string]string, areas map[string][]string) {
	t.Helper()
	if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
		for i, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants[spec.Names[i].Name] = text
		}
		return
	}
	if len(spec.Values) != 1 {
		return
	}
	list, ok := spec.Values[0].(*ast.CompositeLit)
	if !ok {
		return
	}
	array, ok := list.Type.(*ast.ArrayType)
	if !ok {
		return
	}
	if of, ok := array.Elt.(*ast.Ident); !ok || of.Name != "Entry" {
		return
	}
	for _, entry := range list.Elts {
		areas[spec.Names[0].Name] = append(areas[spec.Names[0].Name], entry.(*ast.CompositeLit).Elts[0].(*ast.Ident).Name)
	}
}

func TestCodeIsAnErrorOfItsKind(t *testing.T) {
	for _, e := range fault.Codes() {
		if !errors.Is(e.Code, e.Kind) || fault.KindOf(e.Code) != e.Kind || fault.CodeOf(e.Code) != e.Code {
			t.Errorf("%s: kind %q and code %q, want %q and itself", e.Code, fault.KindOf(e.Code), fault.CodeOf(e.Code), e.Kind)
		}
		if got := e.Code.Error(); got != string(e.Code) {
			t.Errorf("%s: Error: got %q, want the code", string(e.Code), got)
		}
		if got, ok := e.Code.Entry(); !ok || got != e {
			t.Errorf("%s: Entry: got %v, %v", e.Code, got, ok)
		}
	}
}

func TestACodeThatIsNotInTheTableIsOnlyAText(t *testing.T) {
	for _, c := range []fault.Code{"", "RF-XXX-001", "rf-cfg-001"} {
		if _, ok := c.Entry(); ok || c.Unwrap() != nil || c.Error() != string(c) {
			t.Errorf("%q: got entry %v, kind %v, text %q", string(c), ok, c.Unwrap(), c.Error())
		}
	}
}

func TestErrorfKeepsTextCodeKindAndCauses(t *testing.T) {
	err := fault.ConfigUnreadable.Errorf("read %q: %w, %w", "a.yaml", fs.ErrPermission, fs.ErrClosed)
	if got, want := err.Error(), `read "a.yaml": permission denied, file already closed`; got != want {
		t.Errorf("text: got %q, want %q", got, want)
	}
	wrapped := []error{
		err,
		fmt.Errorf("config: %w", err),
		errors.Join(errors.New("other"), err),
		fault.At(fault.Place{Line: 3}, err),
		fmt.Errorf("run: %w", errors.Join(fault.At(fault.Place{Field: "sql"}, err))),
	}
	for _, w := range wrapped {
		for _, target := range []error{fault.ConfigUnreadable, fault.Denied, fs.ErrPermission, fs.ErrClosed} {
			if !errors.Is(w, target) {
				t.Errorf("errors.Is(%v, %v): got false", w, target)
			}
		}
		if errors.Is(w, fault.ConfigMissing) || errors.Is(w, fault.Invalid) {
			t.Errorf("%v is of a code or kind that it does not have", w)
		}
		if got := fault.CodeOf(w); got != fault.ConfigUnreadable {
			t.Errorf("CodeOf(%v): got %q", w, string(got))
		}
	}
}

func TestCodeOf(t *testing.T) {
	f := func(err error, want fault.Code) {
		t.Helper()
		if got := fault.CodeOf(err); got != want {
			t.Errorf("CodeOf(%v): got %q, want %q", err, string(got), string(want))
		}
	}
	f(nil, "")
	f(errors.New("x"), "")
	f(fault.Invalid, "")
	f(fault.MarketTime.Errorf("x: %w", fault.MarketSymbol.Errorf("y")), fault.MarketTime)
	f(errors.Join(fault.Invalid, fault.MarketSymbol, fault.MarketTime), fault.MarketSymbol)
	// The cure of a cause of another kind is not that of the failure.
	f(fmt.Errorf("%w: %w", fault.Unavailable, fault.MarketTime.Errorf("x")), "")
}

func TestChangingTheCodesChangesNoCode(t *testing.T) {
	codes := fault.Codes()
	first := codes[0]
	codes[0] = fault.Entry{}
	if got := fault.Codes()[0]; got != first {
		t.Errorf("after a caller wrote to the slice: got %v, want %v", got, first)
	}
}

func TestTextIsEnglishUnlessChineseIsAskedFor(t *testing.T) {
	x := fault.Text{En: "one", Zh: "一"}
	for lang, want := range map[string]string{"": "one", "en": "one", "zh": "一", "fr": "one"} {
		if got := x.In(lang); got != want {
			t.Errorf("In(%q): got %q, want %q", lang, got, want)
		}
	}
}
