package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeGo puts a go tool first in the path that notes how it was called, and can
// run 32-bit programs or not. It returns what reads its notes.
func fakeGo(t *testing.T, can32 bool) (notes func() string) {
	t.Helper()
	dir := t.TempDir()
	said := "fuzztime"
	if !can32 {
		said = "exec format error"
	}
	script := `#!/bin/sh
case "$1" in
env) printf '1\nsh\n' ;;
run) echo "` + said + `" ;;
list) printf 'm\nm/internal/servers\nm/internal/servers/engines\n' ;;
*) echo "TZ=$TZ GOARCH=$GOARCH GOGC=$GOGC $*" >> "` + dir + `/notes" ;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, name := range []string{"TZ", "GOARCH", "GOGC"} {
		t.Setenv(name, "")
	}
	return func() string {
		b, err := os.ReadFile(filepath.Join(dir, "notes"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

func TestAllTestsRunInThreeWays(t *testing.T) {
	f := func(can32 bool, want string) {
		t.Helper()
		notes := fakeGo(t, can32)
		g, out := newGate(t)
		write(t, g, "tools/go.mod", "module example.com/m\n")
		for _, stage := range []func(context.Context, *gate) error{raceTests, zoneTests("Asia/Kathmandu"), tests32("America/New_York")} {
			if err := stage(t.Context(), g); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		if got := notes(); got != want {
			t.Errorf("32 bits %v: got\n%s\nwant\n%s", can32, got, want)
		}
		if can32 == (len(g.missing) > 0) {
			t.Errorf("32 bits %v: missing %v", can32, g.missing)
		}
	}
	const test = " test -json -vet=off -timeout=30m "
	// Servers are started under race alone.
	const others = "-count=1 -shuffle=on m m/internal/servers/engines\n"
	const two = "TZ= GOARCH= GOGC=400" + test + "-race -p=3 -count=1 -shuffle=on ./...\n" +
		"TZ=Asia/Kathmandu GOARCH= GOGC=" + test + others
	f(true, two+"TZ=America/New_York GOARCH=386 GOGC=400"+test+others)
	f(false, two+"TZ=America/New_York GOARCH= GOGC="+test+others)
}

func TestKeptResultsDoNotCountInCI(t *testing.T) {
	f := func(strict bool, want string) {
		t.Helper()
		notes := fakeGo(t, true)
		g, out := newGate(t)
		g.strict = strict
		write(t, g, "tools/go.mod", "module example.com/m\n")
		if err := toolTests(t.Context(), g); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if got := notes(); !strings.HasSuffix(got, want+"\n") || strings.Contains(got, "-count=1") != strict {
			t.Errorf("strict %v: got %q", strict, got)
		}
	}
	f(false, "-timeout=30m ./...")
	f(true, "-timeout=30m -count=1 ./...")
}
