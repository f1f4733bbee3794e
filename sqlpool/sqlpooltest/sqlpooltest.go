// Package sqlpooltest proves that the pool of package sqlpool keeps its promises
// over an engine.
//
// [Run] checks them rule by rule, each on a pool of its own over a real database.
// A rule is one sentence, with the reason why it must hold. [RunBadDays] does to
// the server what happens to servers, while a program works with it. The tests of
// this package spoil the pool on purpose: the suite must catch every one.
package sqlpooltest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A Harness tells the suite of an engine.
type Harness struct {
	// Source returns the source of an empty database. The suite sets its limits.
	Source func(t testing.TB) sqlpool.Source

	// Open makes the engine of a source.
	Open sqlpool.Open

	// OpenDB stands between a pool and its DB; nil means [sql.OpenDB].
	OpenDB func(driver.Connector) *sql.DB

	// Server is the server of the sources, for the bad days.
	Server func(t servers.T) *servers.Server

	// spoil makes the pool a worse one. It stands where OpenDB does.
	spoil func(e *watchedEngine, c driver.Connector) driver.Connector
}

// A tb is what a rule needs of a test. [testing.TB] is one; the tests of this
// package have another, which a rule may fail without failing the test.
type tb interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// A rule is one sentence of the contract and the check that proves it.
type rule struct {
	name    string
	because string

	// limits changes what the source would be otherwise: 4 connections, none of
	// them kept warm.
	limits func(*sqlpool.Source)

	// only are the dialects that the rule is about; nil means all.
	only []sqlpool.Dialect

	check func(t tb, r *rig)
}

// allRules returns the rules.
func allRules() []rule {
	return slices.Concat(lendingRules, leavingRules, sessionRules, endRules, watchRules, txRules, conflictRules, keyRules, answerRules)
}

// servedBy are the dialects of those with a server.
var servedBy = []sqlpool.Dialect{sqlpool.MySQL, sqlpool.PostgreSQL}

// Run checks every rule, each on a pool of its own. The rules count goroutines:
// nothing may run beside them.
func Run(t *testing.T, h Harness) {
	source := h.Source(t)
	for _, r := range allRules() {
		if !r.concerns(h.dialect(t, source)) {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			h.check(t, source, r)
			if t.Failed() {
				t.Logf("because %s", r.because)
			}
		})
	}
}

// concerns reports whether a rule is about a dialect.
func (r *rule) concerns(d sqlpool.Dialect) bool {
	return r.only == nil || slices.Contains(r.only, d)
}

// dialect is that of the engine.
func (h *Harness) dialect(t tb, source sqlpool.Source) sqlpool.Dialect {
	e, err := h.Open(source)
	if err != nil {
		t.Fatalf("open the engine: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("close the engine: %v", err)
	}
	return e.Dialect()
}

// check checks a rule on a pool of its own, and that nothing is left of the pool.
func (h *Harness) check(t tb, source sqlpool.Source, r rule) {
	before := goroutines()
	source.MinIdle, source.MaxOpen, source.WaitTimeout = -1, 4, 3*patience
	if r.limits != nil {
		r.limits(&source)
	}
	rig := h.newRig(t, source)
	defer func() {
		rig.end(t)
		wantGoroutines(t, before)
	}()
	r.check(t, rig)
}
