package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// stale returns what is wrong with the generated files below dir.
func stale(dir string, made ...file) []string {
	var wrong []string
	for _, f := range made {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.path)))
		// Git may check text out with CRLF.
		if text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")); err != nil || !bytes.Equal(text, f.text) {
			wrong = append(wrong, f.path)
		}
	}
	return wrong
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	dir := root(t)
	code, err := comments(dir)
	if err != nil {
		t.Fatalf("%v: then run go generate ./...", err)
	}
	made, err := pages(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stale(dir, append(code, made...)...) {
		t.Errorf("%s is stale: run go generate ./...", path)
	}
	if got := len(code) + len(made); got != 8 {
		t.Errorf("got %d files, want the code, three pages in two languages and the schema", got)
	}
}

// copied returns a module with what comments and pages read, where change changes
// the file name: one of config's, or httpapi/docs.zh.yaml.
func copied(t *testing.T, name string, change func(string) string) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{"config/config.go", "config/docs.zh.yaml", "httpapi/docs.zh.yaml"} {
		text, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(from)))
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimPrefix(from, "config/") == name {
			changed := change(string(text))
			if changed == string(text) {
				t.Fatalf("%s: the test changes nothing", name)
			}
			text = []byte(changed)
		}
		if err := (file{from, text}).write(dir); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAKeyWithoutADescriptionIsAnError(t *testing.T) {
	f := func(name, old, replacement, says string) {
		t.Helper()
		dir := copied(t, name, func(text string) string { return strings.Replace(text, old, replacement, 1) })
		if _, err := comments(dir); !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%s without %q: got %v, want %q", name, old, err, says)
		}
	}
	f("config.go", "	// MaxOpen is how many connections may be open at once.\n", "", "the field of sql.NAME.max_open in config.go has no doc comment")
	f("config.go", "	// TLS is the encryption of the connections.\n", "", "sql.NAME.tls in config.go")
	f("config.go", "	// Journal keeps logs and the audit trail.\n", "	//\n", "journal in config.go")
	f("docs.zh.yaml", "sql.NAME.max_open: ", "sql.NAME.max_closed: ", "no description of sql.NAME.max_open")
	f("docs.zh.yaml", "data: ", "datta: ", "no description of data")
	f("docs.zh.yaml", "cache: ", "zebra: 斑马\ncache: ", "what is no key: zebra")
	f("docs.zh.yaml", "cache: ", "cache: [", "docs.zh.yaml")
	f("config.go", "package config", "package", "config.go")
}

func TestAChangedDescriptionMakesTheCodeStale(t *testing.T) {
	f := func(name, old, replacement string) {
		t.Helper()
		made, err := comments(copied(t, name, func(text string) string { return strings.Replace(text, old, replacement, 1) }))
		if err != nil {
			t.Fatal(err)
		}
		if got := stale(root(t), made...); len(got) != 1 || got[0] != "config/docs_gen.go" {
			t.Errorf("%s with %q: got %q stale, want config/docs_gen.go", name, replacement, got)
		}
	}
	f("config.go", "may be open at once", "may be open together")
	f("docs.zh.yaml", "K 线", "蜡烛图")
}

func TestStaleAndMissingFilesAreFound(t *testing.T) {
	dir := t.TempDir()
	made := []file{{"a/one.md", []byte("one\n")}, {"a/two.md", []byte("two\n")}, {"three.md", []byte("three\n")}}
	for _, f := range made[:2] {
		if err := f.write(dir); err != nil {
			t.Fatal(err)
		}
	}
	made[1].text = []byte("other\n")
	if got := strings.Join(stale(dir, made...), " "); got != "a/two.md three.md" {
		t.Errorf("got %q, want a/two.md three.md", got)
	}
	if err := (file{"crlf.md", []byte("a\r\nb\r\n")}).write(dir); err != nil {
		t.Fatal(err)
	}
	if got := stale(dir, file{"crlf.md", []byte("a\nb\n")}); got != nil {
		t.Errorf("with CRLF: got %q, want it current", got)
	}
}

func TestDescriptionsAreSentencesWithoutTheNameInGo(t *testing.T) {
	f := func(comment, want string) {
		t.Helper()
		dir := copied(t, "config.go", func(text string) string {
			return strings.Replace(text, "// MaxOpen is how many connections may be open at once.", comment, 1)
		})
		found, err := fieldComments(filepath.Join(dir, "config", "config.go"))
		if err != nil {
			t.Fatal(err)
		}
		if got := found["sql.NAME.max_open"]; got != want {
			t.Errorf("%s: got %q, want %q", comment, got, want)
		}
	}
	f("// MaxOpen is a number.", "A number.")
	f("// MaxOpen are numbers.\n\t// Many.", "Numbers.\nMany.")
	f("// MaxOpen holds numbers.", "Holds numbers.")
	f("// MaxOpen keeps numbers.", "Keeps numbers.")
	f("// MaxOpen limits MaxOpen.", "max_open limits MaxOpen.")
	f("//", "")
}

func TestAllKeysAndCodesAreOnThePagesOfBothLanguages(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		keys, errors := string(configPage(lang)), string(errorPage(lang))
		f := func(page, what string, parts ...string) {
			t.Helper()
			for _, part := range parts {
				if !strings.Contains(page, part) {
					t.Errorf("%s: %s: got no %q", lang, what, part)
				}
			}
		}
		for _, k := range config.Keys() {
			f(keys, k.Path, k.Path, joinLines(k.Doc.In(lang), lang), k.Default, k.Example, k.Variable, k.Min, k.Max)
		}
		for _, e := range fault.Codes() {
			f(errors, string(e.Code), "## "+string(e.Code)+"\n", capital(e.Summary.In(lang)), e.Cure.In(lang), "`"+string(e.Kind)+"`")
		}
		for _, r := range fault.Rules() {
			if row := fmt.Sprintf("| `%s` | %s | %s | %d |\n", r.Kind, r.Meaning.In(lang), statuses(r), r.Exit); !strings.Contains(errors, row) {
				t.Errorf("%s: errors.md: got no row %s", lang, row)
			}
		}
	}
}

func TestPagesAreWholeAndInOneLanguage(t *testing.T) {
	made, err := pages(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range made {
		text := string(f.text)
		if bad := regexp.MustCompile(`%!|%\[|\bTODO\b| +\n|\n\n\n`).FindString(text); bad != "" {
			t.Errorf("%s: got %q", f.path, bad)
		}
		if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s: got %q at its end, want one line break", f.path, text[len(text)-2:])
		}
		chinese := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		if want := strings.HasPrefix(f.path, "docs/zh/"); chinese != want {
			t.Errorf("%s: has Chinese: %v, want %v", f.path, chinese, want)
		}
		if strings.HasSuffix(f.path, ".md") && !strings.HasPrefix(text, generated) {
			t.Errorf("%s: does not say that it is made", f.path)
		}
	}
}

func TestLinksOfThePagesLeadToFiles(t *testing.T) {
	made, err := pages(root(t))
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, f := range made {
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(string(f.text), -1) {
			links++
			if _, err := os.Stat(filepath.Join(root(t), filepath.Dir(filepath.FromSlash(f.path)), filepath.FromSlash(link[1]))); err != nil {
				t.Errorf("%s: %s: %v", f.path, link[1], err)
			}
		}
	}
	if links == 0 {
		t.Error("got no links, want those to the schema")
	}
}

func TestTheCommandSaysWhatItCanMake(t *testing.T) {
	f := func(says string, args ...string) {
		t.Helper()
		if err := run(args); !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: got %v, want %q", args, err, says)
		}
	}
	f("comments or pages")
	f("comments or pages", "comments", "pages")
	f(`there is no "page"`, "page")
	t.Chdir(t.TempDir())
	f("no go.mod", "pages")
}

func TestTheCommandWritesItsFiles(t *testing.T) {
	dir := copied(t, "docs.zh.yaml", func(text string) string { return strings.Replace(text, "K 线", "蜡烛图", 1) })
	if err := (file{"go.mod", []byte("module example\n")}).write(dir); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "config"))
	for _, what := range []string{"comments", "pages"} {
		if err := run([]string{what}); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	made, err := pages(root(t))
	if err != nil {
		t.Fatal(err)
	}
	code, err := comments(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := stale(dir, append(code, made...)...); got != nil {
		t.Errorf("got %q missing or different", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "config", "docs_gen.go"))
	if err != nil || !bytes.Contains(text, []byte("蜡烛图")) {
		t.Errorf("docs_gen.go: got %v, want what docs.zh.yaml says", err)
	}
}
