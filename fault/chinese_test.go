package fault

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
)

// formats returns the formats of all errors with a code in the module, and
// where each stands.
func formats(t *testing.T) map[string]token.Position {
	t.Helper()
	found := map[string]token.Position{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "tools" || d.Name() == "bench" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if format, ok := codeFormat(n); ok {
				found[format] = files.Position(n.Pos())
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 50 {
		t.Fatalf("found %d formats; the test does not see the calls", len(found))
	}
	return found
}

// codeFormat returns the format of a call such as fault.ConfigShape.Errorf.
// One that is not a literal is "": the catalogue cannot have it.
func codeFormat(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	errorf, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || errorf.Sel.Name != "Errorf" {
		return "", false
	}
	code, ok := errorf.X.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	if from, ok := code.X.(*ast.Ident); !ok || from.Name != "fault" {
		return "", false
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", true
	}
	format, err := strconv.Unquote(lit.Value)
	return format, err == nil
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9.]*[a-zA-Z]`)

// verbs returns the verbs of a format in their order.
func verbs(format string) []string {
	return verb.FindAllString(strings.ReplaceAll(format, "%%", ""), -1)
}

// faultIn tells what is wrong with the Chinese of a format, "" for nothing.
func faultIn(format, zh string, known bool) string {
	switch {
	case format == "":
		return "is not a literal, so that the catalogue cannot have it"
	case !known:
		return "is missing from the catalogue in fault/chinese.go"
	case !slices.Equal(verbs(format), verbs(zh)):
		return "has other verbs in Chinese than in English"
	case hasWords(format) && !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }):
		return "is not Chinese in Chinese"
	}
	return ""
}

func hasWords(format string) bool {
	return strings.ContainsFunc(verb.ReplaceAllString(format, ""), unicode.IsLetter)
}

func TestEveryErrorIsSaidInChineseToo(t *testing.T) {
	used := formats(t)
	for format, pos := range used {
		zh, known := chinese[format]
		if why := faultIn(format, zh, known); why != "" {
			t.Errorf("%s: the format %q %s", pos, format, why)
		}
	}
	for format := range chinese {
		if _, ok := used[format]; !ok {
			t.Errorf("fault/chinese.go: no error says %q any more; take it out", format)
		}
	}
}

func TestTheCheckOfTheCatalogueFindsWhatIsWrong(t *testing.T) {
	f := func(format, zh string, known bool, want string) {
		t.Helper()
		if got := faultIn(format, zh, known); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("faultIn(%q, %q, %t) = %q, want %q", format, zh, known, got, want)
		}
	}
	f("port %q of %q", "%q(属于 %q)", true, "")
	f("%s: %w", "%s:%w", true, "")
	f("", "", false, "is not a literal")
	f("port %q", "", false, "is missing")
	f("port %q", "端口 %d", true, "has other verbs")
	f("port %d of %q", "%q 的端口 %d", true, "has other verbs")
	f("port %q", "port %q", true, "is not Chinese")
}

func TestMessageSaysTheSameInChinese(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		if got := Message(err, "zh"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := Message(err, "en"); got != err.Error() {
			t.Errorf("in English: got %q, want %q", got, err)
		}
	}
	symbol := MarketSymbol.Errorf("symbol %q: %w", "a.b", MarketSymbol.Errorf("the code is empty"))
	f(symbol, `合约代码 "a.b"：代码为空`)
	f(At(Place{File: "a.csv", Line: 3}, symbol), `a.csv:3: 合约代码 "a.b"：代码为空`)
	f(fmt.Errorf("series: write: %w", symbol), `series: write: 合约代码 "a.b"：代码为空`)
	f(List{symbol, MarketNoTime.Errorf("no time")}, "合约代码 \"a.b\"：代码为空\n没有时间")
	f(fmt.Errorf("localseries: open: %w", errors.Join(symbol, nil)), `localseries: open: 合约代码 "a.b"：代码为空`)
	f(errors.Join(symbol, MarketNoTime.Errorf("no time")), "合约代码 \"a.b\"：代码为空\n没有时间")
	f(errors.New("disk on fire"), "disk on fire")
	f(MarketNoTime.Errorf("not in the catalogue %d", 1), "not in the catalogue 1")
	f(fmt.Errorf("%w: %w", Unavailable, symbol), `unavailable: symbol "a.b": the code is empty`)
	f(fmt.Errorf("%w, twice", symbol), `symbol "a.b": the code is empty, twice`)
}
