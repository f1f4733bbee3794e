// Package seriestest proves that an engine keeps the contract of
// [series.Engine].
//
// [Run] checks the contract rule by rule, each on an engine of its own. A rule
// is one sentence, with the reason why it must hold. What an engine cannot do is
// said in its [Harness] and printed, so that a difference is documented and not
// silent. The tests of this package break engines on purpose: the suite must
// catch every one.
package seriestest

import (
	"context"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/series"
)

// A Harness makes engines for the suite and says what they cannot do.
type Harness struct {
	// Name is that of the engine.
	Name string

	// Open returns an empty engine. The suite closes it.
	Open func(t testing.TB) series.Engine

	// Reopen opens again what the last Open of the same test opened and the
	// suite closed, as a new process would. It is nil for an engine that does
	// not outlive its process.
	Reopen func(t testing.TB) series.Engine

	// Crash ends what the last Open of the same test opened as the death of the
	// process would, and opens it again. nil: the engine cannot be killed.
	Crash func(t testing.TB) series.Engine

	// NoWholeRows: a reader may see one column of a row before and another
	// after a concurrent write.
	NoWholeRows bool

	// NoWholeFrames: a reader may see some rows of a frame before and others
	// after a concurrent write.
	NoWholeFrames bool

	// NoAtomicReplace: a reader may see half of a Replace.
	NoAtomicReplace bool

	// KeptChanges is how many changes the engine knows at most, 0 for an
	// engine that keeps all or none, or does not say.
	KeptChanges int

	// leftOut are rules that a sketch is too slow for.
	leftOut []string
}

// A tb is what a rule needs of a test. [testing.TB] is one; the tests of this
// package have another, which a rule may fail without failing the test.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// A rule is one sentence of the contract and the check that proves it.
type rule struct {
	name    string
	because string
	check   func(t tb, e series.Engine)
}

// A lasting rule is about what is there in the next process.
type lasting struct {
	name    string
	because string
	write   func(t tb, e series.Engine)
	check   func(t tb, e series.Engine)
}

// rules returns the rules that the engine promises to keep.
func (h *Harness) rules() []rule {
	all := slices.Concat(rowRules, placeRules, readRules, seriesRules, changeRules, endRules, togetherRules)
	if h.KeptChanges > 0 {
		all = append(all, forgottenChanges(h.KeptChanges))
	}
	return slices.DeleteFunc(all, func(r rule) bool { return slices.Contains(h.broken(), r.name) })
}

// broken returns the names of the rules that the engine does not promise.
func (h *Harness) broken() []string {
	names := slices.Clone(h.leftOut)
	if h.NoWholeRows {
		names = append(names, wholeRows)
	}
	if h.NoWholeFrames {
		names = append(names, wholeFrames)
	}
	if h.NoAtomicReplace {
		names = append(names, atomicReplace)
	}
	return names
}

// Run checks every rule of the contract, each on an engine of its own.
func Run(t *testing.T, h Harness) {
	for _, name := range h.broken() {
		t.Logf("%s does not promise: %s", h.Name, name)
	}
	for _, r := range h.rules() {
		t.Run(r.name, func(t *testing.T) {
			e := h.Open(t)
			defer e.Close()
			defer explain(t, r.because)
			r.check(t, e)
		})
	}
	runLasting(t, &h, "after Close", h.Reopen, true)
	runLasting(t, &h, "after a crash", h.Crash, false)
}

// runLasting checks what is there when the engine is opened again.
func runLasting(t *testing.T, h *Harness, when string, again func(testing.TB) series.Engine, closes bool) {
	if again == nil {
		t.Logf("%s does not promise that its rows are there %s", h.Name, when)
		return
	}
	for _, r := range lastingRules {
		t.Run(r.name+" "+when, func(t *testing.T) {
			defer explain(t, r.because)
			e := h.Open(t)
			r.write(t, e)
			if closes {
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
			}
			e = again(t)
			defer e.Close()
			r.check(t, e)
		})
	}
}

// explain says why the rule must hold, if it does not.
func explain(t testing.TB, because string) {
	if t.Failed() {
		t.Logf("because %s", because)
	}
}
