package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// fuzzersOfM are two fuzzers of which one finds something at once, and what is none.
const fuzzersOfM = `package m

import "testing"

func FuzzGood(f *testing.F) {
	f.Add("a")
	f.Fuzz(func(t *testing.T, s string) { fuzzy(t, s, "\x00 none has this") })
}

func fuzzy(t *testing.T, got, bad string) {
	if got == bad {
		t.Fatal("bad luck")
	}
}

type FuzzType struct{}

func (FuzzType) FuzzMethod() {}
`

const fuzzerOfX = `package m_test

import "testing"

func FuzzBad(f *testing.F) {
	f.Add("a")
	f.Fuzz(func(t *testing.T, s string) {
		if s != "a" {
			t.Fatal("bad luck")
		}
	})
}
`

func TestFuzzersAreFoundAndRun(t *testing.T) {
	g, out := newGate(t)
	g.fuzzTime = time.Second
	write(t, g, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, g, "none/none.go", "package none\n")
	write(t, g, "m/m.go", "package m\n")
	write(t, g, "m/m_test.go", fuzzersOfM)
	found, err := g.fuzzed(t.Context())
	if err != nil || len(found) != 1 || !slices.Equal(found[0].fuzzers, []string{"FuzzGood"}) {
		t.Fatalf("got %v, %v", found, err)
	}
	if err := fuzz(t.Context(), g); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(out.String(), "fuzz example.com/m/m FuzzGood\nfuzz: elapsed: ") {
		t.Errorf("got %q", out)
	}
	write(t, g, "m/x_test.go", fuzzerOfX)
	out.Reset()
	err = fuzz(t.Context(), g)
	if err == nil || !strings.HasPrefix(err.Error(), "example.com/m/m FuzzBad: ") || strings.Contains(err.Error(), "FuzzGood") {
		t.Errorf("got %v\n%s", err, out)
	}
	if !strings.Contains(out.String(), "Failing input written to testdata") {
		t.Errorf("got %q", out)
	}
}

func TestFuzzersThatDoNotCompileAreAFailure(t *testing.T) {
	g, out := newGate(t)
	write(t, g, "go.mod", "module example.com/m\n\ngo 1.26\n")
	write(t, g, "m_test.go", "package m\n\nimport \"testing\"\n\nfunc FuzzX(f *testing.F) { x }\n")
	if err := fuzz(t.Context(), g); err == nil || !strings.Contains(out.String(), "undefined: x") {
		t.Errorf("got %v and %q", err, out)
	}
}

func TestTheEndOfTheFuzzTimeIsNoFailure(t *testing.T) {
	f := func(out string, want bool) {
		t.Helper()
		if got := timeUp(out); got != want {
			t.Errorf("%q: got %v, want %v", out, got, want)
		}
	}
	f("--- FAIL: FuzzX (3.01s)\n    context deadline exceeded\nFAIL\n", true)
	f("--- FAIL: FuzzX (3.01s)\n    context deadline exceeded\n    Failing input written to x\nFAIL\n", false)
	f("--- FAIL: FuzzX (3.01s)\n    x_test.go:3: got context deadline exceeded\nFAIL\n", false)
}
