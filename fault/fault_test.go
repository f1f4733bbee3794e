package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/fault"
)

// kinds is the table of the design, written down a second time on purpose.
var kinds = []struct {
	kind   fault.Kind
	text   string
	status int
	also   []int
	exit   int
}{
	{fault.Invalid, "invalid", 400, []int{413, 415, 422}, 2},
	{fault.Denied, "denied", 403, []int{401}, 4},
	{fault.NotFound, "not found", 404, nil, 1},
	{fault.Conflict, "conflict", 409, nil, 1},
	{fault.Exhausted, "exhausted", 429, []int{507}, 1},
	{fault.Unavailable, "unavailable", 503, nil, 1},
	{fault.Unknown, "outcome unknown", 504, nil, 1},
	{fault.Corrupt, "corrupt", 500, nil, 3},
	{fault.Unsupported, "unsupported", 501, nil, 1},
	{fault.Closed, "closed", 503, nil, 1},
}

func TestEachKindHasItsStatusAndExitCode(t *testing.T) {
	rules := fault.Rules()
	if len(rules) != len(kinds) {
		t.Fatalf("Rules: got %d kinds, want %d", len(rules), len(kinds))
	}
	for i, want := range kinds {
		r := rules[i]
		if r.Kind != want.kind || r.Status != want.status || !slices.Equal(r.Also, want.also) || r.Exit != want.exit {
			t.Errorf("rule %d: got %+v, want %+v", i, r, want)
		}
		if got := want.kind.Error(); got != want.text {
			t.Errorf("text of a kind: got %q, want %q", got, want.text)
		}
		err := fmt.Errorf("series: write: %w", fmt.Errorf("%w: %w", want.kind, errors.New("cause")))
		if got := fault.HTTPStatus(err); got != want.status {
			t.Errorf("HTTPStatus(%v): got %d, want %d", err, got, want.status)
		}
		if got := fault.ExitCode(err); got != want.exit {
			t.Errorf("ExitCode(%v): got %d, want %d", err, got, want.exit)
		}
		if got := fault.KindOf(err); got != want.kind {
			t.Errorf("KindOf(%v): got %q, want %q", err, got, want.kind)
		}
	}
}

func TestEachKindHasAMeaningInBothLanguages(t *testing.T) {
	for _, r := range fault.Rules() {
		wantBoth(t, string(r.Kind), r.Meaning)
	}
}

func TestChangingTheRulesChangesNoRule(t *testing.T) {
	rules := fault.Rules()
	rules[0].Status, rules[0].Also[0] = 1, 1
	if r := fault.Rules()[0]; r.Status != 400 || r.Also[0] != 413 {
		t.Errorf("after a caller wrote to the slice: got %+v", r)
	}
}

func TestOneKindIsNotAnother(t *testing.T) {
	for _, a := range kinds {
		for _, b := range kinds {
			if got := errors.Is(a.kind, b.kind); got != (a.kind == b.kind) {
				t.Errorf("errors.Is(%q, %q): got %v", a.kind, b.kind, got)
			}
		}
	}
}

func TestUnsupportedIsTheStandardLibrarysToo(t *testing.T) {
	for _, k := range kinds {
		err := fmt.Errorf("fold: %w", k.kind)
		if got, want := errors.Is(err, errors.ErrUnsupported), k.kind == fault.Unsupported; got != want {
			t.Errorf("errors.Is(%v, errors.ErrUnsupported): got %v, want %v", err, got, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	f := func(name string, err error, want fault.Kind) {
		t.Helper()
		if got := fault.KindOf(err); got != want {
			t.Errorf("%s: KindOf(%v): got %q, want %q", name, err, got, want)
		}
	}
	f("nil", nil, "")
	f("foreign", fs.ErrNotExist, "")
	f("bare", fault.Corrupt, fault.Corrupt)
	f("wrapped twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", fault.Closed)), fault.Closed)
	f("text alone", errors.New("a: "+fault.Closed.Error()), "")
	f("code", fault.ConfigMissing, fault.NotFound)
	f("coded", fault.ConfigMissing.Errorf("x"), fault.NotFound)
	f("coded over a cause of another kind", fault.ConfigMissing.Errorf("x: %w", fault.Denied), fault.NotFound)
	f("unregistered code over a cause", fault.Code("RF-XXX-001").Errorf("x: %w", fault.Denied), fault.Denied)
	f("unregistered code", fault.Code("RF-XXX-001").Errorf("x"), "")
	f("outermost wins", fmt.Errorf("%w: %w", fault.Unknown, fault.Unavailable), fault.Unknown)
	f("first of joined", errors.Join(fs.ErrNotExist, fault.Conflict, fault.Invalid), fault.Conflict)
	f("placed", fault.At(fault.Place{Line: 1}, fault.Invalid), fault.Invalid)
	f("placed in joined", errors.Join(fault.At(fault.Place{Line: 1}, fault.ConfigValue.Errorf("x"))), fault.Invalid)
	f("context", context.Canceled, "")
	f("context beside unknown", fmt.Errorf("%w: %w", fault.Unknown, context.Canceled), fault.Unknown)
}

func TestHTTPStatusWithoutAKind(t *testing.T) {
	f := func(err error, want int) {
		t.Helper()
		if got := fault.HTTPStatus(err); got != want {
			t.Errorf("HTTPStatus(%v): got %d, want %d", err, got, want)
		}
	}
	f(errors.New("x"), 500)
	f(fault.Kind("new"), 500)
	f(fmt.Errorf("read: %w", context.Canceled), 499)
	f(fmt.Errorf("read: %w", context.DeadlineExceeded), 504)
	f(fmt.Errorf("%w: %w", fault.Unknown, context.Canceled), 504)
	f(fmt.Errorf("%w: %w", fault.Unavailable, context.DeadlineExceeded), 503)
	f(errors.Join(errors.New("x"), fault.NotFound), 404)
}

func TestExitCodeWithoutAKind(t *testing.T) {
	f := func(err error, want int) {
		t.Helper()
		if got := fault.ExitCode(err); got != want {
			t.Errorf("ExitCode(%v): got %d, want %d", err, got, want)
		}
	}
	f(nil, 0)
	f(errors.New("x"), 1)
	f(context.DeadlineExceeded, 1)
	f(fmt.Errorf("import: %w", context.Canceled), 130)
	f(fmt.Errorf("%w: %w", fault.Unknown, context.Canceled), 130)
	f(errors.Join(fault.Corrupt, context.Canceled), 130)
	f(errors.Join(errors.New("x"), fault.Corrupt), 3)
	if fault.ExitRefused != 5 || fault.ExitInterrupted != 130 {
		t.Errorf("exit codes without a kind: got %d and %d, want 5 and 130", fault.ExitRefused, fault.ExitInterrupted)
	}
}

func TestTheUnsupportedOfTheStandardLibraryIsOurs(t *testing.T) {
	err := fmt.Errorf("series: fold: %w", errors.ErrUnsupported)
	if got := fault.KindOf(err); got != fault.Unsupported {
		t.Errorf("KindOf(%v) = %q, want %q", err, got, fault.Unsupported)
	}
	if got := fault.HTTPStatus(err); got != 501 {
		t.Errorf("HTTPStatus(%v) = %d, want 501", err, got)
	}
}
