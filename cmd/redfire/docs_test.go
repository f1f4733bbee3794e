package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are the pages whose examples are run, from the module's root.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 4 {
		t.Fatalf("found only %q", all)
	}
	return all
}

var (
	block   = regexp.MustCompile("(?s)```(console|python)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?")
	namedIn = regexp.MustCompile("(?s)```(?:csv|yaml|json) ([^\n]+)\n(.*?)```")
	took    = regexp.MustCompile(`[0-9.]+ (s\b|秒)|[0-9]+ rows/s|每秒 [0-9]+ 行|\bid: [0-9]+`)
)

// Every block marked console is a session: lines after "$ " are typed, those
// below are what comes back, in which "..." stands for any lines, and times and
// the numbers of changes are as good as any. What ends with & runs until the end of
// the page, and listens on another port than the page says. The blocks of a page share folder and environment. A block
// marked csv, yaml or json and a name is a file that is there. A block marked
// python is a program, and one marked text behind it what that prints: these and
// the lines that begin with python3 are run where REDFIRE_TEST_PYTHON names a
// Python that has pandas.
func TestExamplesInTheDocsAreTrue(t *testing.T) {
	sessions := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := block.FindAllSubmatch(text, -1)
		if len(blocks) == 0 {
			continue
		}
		sessions += len(blocks)
		t.Run(strings.TrimPrefix(filepath.ToSlash(page), "../../"), func(t *testing.T) {
			s := newSession(t, namedIn.FindAllSubmatch(text, -1))
			defer s.end()
			for _, b := range blocks {
				if string(b[1]) == "python" {
					s.python(string(b[2]), string(b[3]))
					continue
				}
				s.replay(string(b[2]))
			}
		})
	}
	if sessions < 6 {
		t.Errorf("found %d sessions in the docs; the test does not see them", sessions)
	}
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wordsOf returns the words of a command, as a shell cuts them: those in single
// quotation marks are one.
func wordsOf(command string) (words []string) {
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

// fits reports whether the lines that came back are those of the docs.
func fits(got, want string) bool {
	got, want = took.ReplaceAllString(got, "#"), took.ReplaceAllString(want, "#")
	parts := strings.Split("\n"+want+"\n", "\n...\n")
	got = "\n" + got + "\n"
	if len(parts) == 1 {
		return got == parts[0]
	}
	for i, part := range parts {
		at := strings.Index(got, strings.TrimSuffix(part, "\n"))
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		got = got[at+len(strings.TrimSuffix(part, "\n")):]
	}
	return strings.TrimSpace(got) == "" || parts[len(parts)-1] == ""
}

func TestLinesOfTheDocsFitWhatCameBack(t *testing.T) {
	f := func(want bool, got, doc string) {
		t.Helper()
		if fits(got, doc) != want {
			t.Errorf("fits(%q, %q) = %v", got, doc, !want)
		}
	}
	f(true, "a\nb", "a\nb")
	f(false, "a\nb", "a")
	f(false, "a", "a\nb")
	f(true, "a\nb\nc", "a\n...\nc")
	f(false, "a\nb\nc", "a\n...\nb")
	f(false, "x\na\nc", "a\n...\nc")
	f(true, "a\nb\nc", "a\n...")
	f(true, "done in 0.2 s, 5 rows/s", "done in 1.4 s, 77 rows/s")
	f(false, "done, 5 rows", "done, 6 rows")
	if got := wordsOf("redfire bars import x --path '{a} b' --tz UTC"); len(got) != 8 || got[5] != "{a} b" {
		t.Errorf("got words %q", got)
	}
}

var (
	link       = regexp.MustCompile(`\]\(([^)#:]+)\)`)
	makeTarget = regexp.MustCompile("`make ([a-z]+)")
)

func TestLinksAndMakeTargetsInTheDocsExist(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), string(m[1]))); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
		for _, m := range makeTarget.FindAllSubmatch(text, -1) {
			if !bytes.Contains(makefile, append([]byte("\n"), append(m[1], ':')...)) {
				t.Errorf("%s names make %s, which the Makefile does not have", page, m[1])
			}
		}
	}
}

func TestBothLanguagesHaveTheSamePages(t *testing.T) {
	names := func(lang string) string {
		found, err := filepath.Glob("../../docs/" + lang + "/*.md")
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", lang, found, err)
		}
		return strings.ReplaceAll(strings.Join(found, "\n"), "/"+lang+"/", "/LANG/")
	}
	if en, zh := names("en"), names("zh"); en != zh {
		t.Errorf("docs/en has\n%s\nand docs/zh has\n%s", en, zh)
	}
}
