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

var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// Every block marked console is a session: lines after "$ " are typed, those
// below are what comes back. The blocks of a page share folder and environment.
func TestExamplesInTheDocsAreTrue(t *testing.T) {
	sessions := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := console.FindAllSubmatch(text, -1)
		if len(blocks) == 0 {
			continue
		}
		sessions += len(blocks)
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Chdir(t.TempDir())
			env := []string{}
			for _, b := range blocks {
				env = replay(t, env, string(b[1]))
			}
		})
	}
	if sessions < 6 {
		t.Errorf("found %d sessions in the docs; the test does not see them", sessions)
	}
}

// replay types a session and returns the environment that it leaves.
func replay(t *testing.T, env []string, session string) []string {
	t.Helper()
	for step := range strings.SplitSeq(strings.TrimPrefix(session, "$ "), "\n$ ") {
		command, want, _ := strings.Cut(strings.TrimRight(step, "\n"), "\n")
		words := strings.Fields(command)
		switch words[0] {
		case "export":
			env = append(env, words[1])
		case "redfire":
			var out bytes.Buffer
			p := &program{out: &out, err: &out, env: env}
			p.run(t.Context(), words[1:])
			if got := strings.TrimRight(out.String(), "\n"); got != want {
				t.Errorf("$ %s\ngot\n%s\nwant\n%s", command, got, want)
			}
		default:
			t.Errorf("$ %s: the test cannot type this command", command)
		}
	}
	return env
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
