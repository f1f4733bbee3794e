package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// verb finds the verbs of a format.
var verb = regexp.MustCompile(`%[-+# 0]*[0-9.]*(?:\[[0-9]+\])?[a-zA-Z]`)

// faultOf tells what is wrong with the two texts of a message, "" for nothing.
func faultOf(en, zh string) string {
	switch {
	case strings.TrimSpace(en) == "":
		return "has no English"
	case strings.TrimSpace(zh) == "":
		return "has no Chinese"
	case !slices.Equal(verb.FindAllString(en, -1), verb.FindAllString(zh, -1)):
		return "has other verbs in Chinese than in English"
	case strings.HasSuffix(en, "\n") || strings.HasSuffix(zh, "\n"):
		return "ends with a line break"
	case !strings.ContainsFunc(zh, han) && en != zh:
		return "is not Chinese in Chinese"
	}
	return ""
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

func TestEveryMessageIsInBothLanguages(t *testing.T) {
	messages := 0
	inspect(t, func(pos token.Position, n ast.Node) {
		lit, ok := n.(*ast.CompositeLit)
		if name, isIdent := ident(lit, ok); !isIdent || name != "message" || len(lit.Elts) == 0 {
			return
		}
		messages++
		en, zh := literal(t, lit.Elts[0]), literal(t, lit.Elts[1])
		if why := faultOf(en, zh); why != "" {
			t.Errorf("%s: the message %q %s", pos, en, why)
		}
	})
	if messages < 50 {
		t.Fatalf("found %d messages; the test does not see the catalogue", messages)
	}
	t.Logf("%d messages", messages)
}

func TestTheCheckOfMessagesFindsWhatIsWrong(t *testing.T) {
	f := func(en, zh, want string) {
		t.Helper()
		if got := faultOf(en, zh); got != want {
			t.Errorf("faultOf(%q, %q) = %q, want %q", en, zh, got, want)
		}
	}
	f("wrote %s", "已写出 %s", "")
	f("%v [%s]", "%v [%s]", "")
	f("wrote %s", "", "has no Chinese")
	f("", "已写出", "has no English")
	f("wrote %s", "已写出 %d", "has other verbs in Chinese than in English")
	f("wrote", "wrote it", "is not Chinese in Chinese")
	f("wrote\n", "已写出\n", "ends with a line break")
}

// What a command shows comes from the catalogue: no help text and no output
// is written where it is used.
func TestWhatIsSaidComesFromTheCatalogue(t *testing.T) {
	inspect(t, func(pos token.Position, n ast.Node) {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			key, ok := n.Key.(*ast.Ident)
			if ok && slices.Contains([]string{"Short", "Long", "prose"}, key.Name) && isText(n.Value) {
				t.Errorf("%s: %s is written here; put it into the catalogue", pos, key.Name)
			}
		case *ast.CallExpr:
			if printsText(n) {
				t.Errorf("%s: words are printed here; put them into the catalogue", pos)
			}
		}
	})
}

// printsText reports whether a call of fmt.Fprint and the like has words of
// its own.
func printsText(call *ast.CallExpr) bool {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !strings.HasPrefix(fun.Sel.Name, "Fprint") {
		return false
	}
	return slices.ContainsFunc(call.Args[1:], func(e ast.Expr) bool {
		lit, ok := e.(*ast.BasicLit)
		return ok && strings.ContainsFunc(verb.ReplaceAllString(strings.ReplaceAll(lit.Value, `\n`, ""), ""), unicode.IsLetter)
	})
}

func isText(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

// inspect visits the syntax of the package, without its tests.
func inspect(t *testing.T, visit func(token.Position, ast.Node)) {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(files, source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if n != nil {
				visit(files.Position(n.Pos()), n)
			}
			return true
		})
	}
}

func ident(lit *ast.CompositeLit, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	id, ok := lit.Type.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}

// literal returns the value of a literal, or of several joined by +.
func literal(t *testing.T, e ast.Expr) string {
	t.Helper()
	if sum, ok := e.(*ast.BinaryExpr); ok {
		return literal(t, sum.X) + literal(t, sum.Y)
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("a message is not a literal: %T", e)
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
