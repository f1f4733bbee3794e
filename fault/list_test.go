package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/redfire-quant/redfire/fault"
)

func TestAListOfNoneOrOneIsThatError(t *testing.T) {
	if err := fault.List(nil).Err(); err != nil {
		t.Errorf("empty list: got %#v, want nil", err)
	}
	one := errors.New("x")
	var list fault.List
	if err := (fault.List{one}).Err(); !errors.Is(err, one) || errors.As(err, &list) {
		t.Errorf("list of one: got %#v, want the failure itself", err)
	}
}

func TestAListHoldsAllItsFailures(t *testing.T) {
	err := fault.List{
		fault.At(fault.Place{Line: 2}, fault.ConfigUnknownKey.Errorf("a")),
		fault.ConfigUnreadable.Errorf("b"),
	}.Err()
	wrapped := fmt.Errorf("config: %w", err)
	if got, want := err.Error(), "line 2: a\nb"; got != want {
		t.Errorf("text: got %q, want %q", got, want)
	}
	for _, target := range []error{fault.ConfigUnknownKey, fault.Invalid, fault.ConfigUnreadable, fault.Denied} {
		if !errors.Is(wrapped, target) {
			t.Errorf("errors.Is(%v, %v): got false", wrapped, target)
		}
	}
	if kind, code := fault.KindOf(wrapped), fault.CodeOf(wrapped); kind != fault.Invalid || code != fault.ConfigUnknownKey {
		t.Errorf("kind and code of a list: got %q, %q, want those of its first failure", kind, string(code))
	}
	if exit := fault.ExitCode(wrapped); exit != 2 {
		t.Errorf("ExitCode: got %d, want 2", exit)
	}
	var list fault.List
	if !errors.As(wrapped, &list) || len(list) != 2 {
		t.Errorf("errors.As: got %v, want both failures", list)
	}
}
