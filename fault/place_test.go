package fault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
)

func TestPlaceSaysWhatIsKnown(t *testing.T) {
	f := func(p fault.Place, want string) {
		t.Helper()
		if got := p.String(); got != want {
			t.Errorf("%+v: got %q, want %q", p, got, want)
		}
	}
	f(fault.Place{}, "")
	f(fault.Place{File: "a.yaml"}, "a.yaml")
	f(fault.Place{File: "a.yaml", Line: 3}, "a.yaml:3")
	f(fault.Place{File: "a.yaml", Line: 3, Column: 5}, "a.yaml:3:5")
	f(fault.Place{File: "a.yaml", Line: 3, Column: 5, Field: "sql.main.url"}, "a.yaml:3:5: sql.main.url")
	f(fault.Place{File: "environment", Field: "sql.main.url"}, "environment: sql.main.url")
	f(fault.Place{Line: 3}, "line 3")
	f(fault.Place{Line: 3, Column: 5}, "line 3:5")
	f(fault.Place{Line: 3, Field: "open"}, "line 3: open")
	f(fault.Place{Field: "open"}, "open")
	f(fault.Place{Column: 5}, "column 5")
	f(fault.Place{Column: 5, Field: "open"}, "column 5: open")
	f(fault.Place{File: "a.csv", Column: 5}, "a.csv: column 5")
	f(fault.Place{File: "行情.csv", Line: 1, Field: "最新价"}, "行情.csv:1: 最新价")
}

func TestPlaceKeepsAStrangersControlCharactersOffTheScreen(t *testing.T) {
	f := func(p fault.Place, want string) {
		t.Helper()
		if got := p.String(); got != want {
			t.Errorf("%#v: got %q, want %q", p, got, want)
		}
	}
	f(fault.Place{Field: "a\nERROR b"}, `"a\nERROR b"`)
	f(fault.Place{Field: "a\x1b[2J"}, `"a\x1b[2J"`)
	f(fault.Place{Field: "a\u202eb"}, `"a\u202eb"`)
	f(fault.Place{Field: "a\xff"}, `"a\xff"`)
	f(fault.Place{File: "a\r.csv", Line: 2}, `"a\r.csv":2`)
}

func TestAtPutsThePlaceInFront(t *testing.T) {
	cause := errors.New("too large")
	f := func(p fault.Place, want string) {
		t.Helper()
		err := fault.At(p, cause)
		if err.Error() != want || !errors.Is(err, cause) {
			t.Errorf("At(%+v): got %q, want %q, with its cause", p, err, want)
		}
	}
	f(fault.Place{File: "a.csv", Line: 7, Field: "open"}, "a.csv:7: open: too large")
	f(fault.Place{Column: 5}, "column 5: too large")
	f(fault.Place{}, "too large")
	if err := fault.At(fault.Place{Line: 1}, nil); err != nil {
		t.Errorf("At of no error: got %v", err)
	}
	if _, found := fault.PlaceOf(fault.At(fault.Place{}, cause)); found {
		t.Error("At of no place: got a place")
	}
}

func TestPlaceOfJoinsNestedPlaces(t *testing.T) {
	inner := fault.At(fault.Place{Field: "open"}, fault.MarketNotFinite.Errorf("NaN"))
	outer := fault.At(fault.Place{File: "a.csv", Line: 7}, inner)
	f := func(err error, want fault.Place, found bool) {
		t.Helper()
		if got, ok := fault.PlaceOf(err); got != want || ok != found {
			t.Errorf("PlaceOf(%v): got %+v, %v, want %+v, %v", err, got, ok, want, found)
		}
	}
	f(nil, fault.Place{}, false)
	f(errors.New("x"), fault.Place{}, false)
	f(fault.At(fault.Place{}, errors.New("x")), fault.Place{}, false)
	f(inner, fault.Place{Field: "open"}, true)
	f(outer, fault.Place{File: "a.csv", Line: 7, Field: "open"}, true)
	f(fmt.Errorf("import: %w", outer), fault.Place{File: "a.csv", Line: 7, Field: "open"}, true)
	f(fault.At(fault.Place{File: "b.csv", Line: 2, Column: 3, Field: "row"}, outer), fault.Place{File: "b.csv", Line: 2, Column: 3, Field: "row"}, true)
	f(fault.At(fault.Place{File: "b.csv"}, outer), fault.Place{File: "b.csv", Line: 7, Field: "open"}, true)
	f(errors.Join(errors.New("x"), inner, outer), fault.Place{Field: "open"}, true)
	f(fault.MarketForm.Errorf("tick: %w", inner), fault.Place{Field: "open"}, true)
	if got, want := outer.Error(), "a.csv:7: open: NaN"; got != want {
		t.Errorf("text of a place in a place: got %q, want %q", got, want)
	}
}

func TestPlaceInJSONLeavesOutWhatIsNotKnown(t *testing.T) {
	f := func(p fault.Place, want string) {
		t.Helper()
		got, err := json.Marshal(p)
		if err != nil || string(got) != want {
			t.Errorf("%+v: got %s, %v, want %s", p, got, err, want)
		}
	}
	f(fault.Place{}, `{}`)
	f(fault.Place{File: "a", Line: 1, Column: 2, Field: "b"}, `{"file":"a","line":1,"column":2,"field":"b"}`)
}

func TestWithoutPathLeavesTheReasonAlone(t *testing.T) {
	_, err := os.Open("no/such/file")
	if got := fault.WithoutPath(fmt.Errorf("x: %w", err)).Error(); strings.Contains(got, "no/such") || !errors.Is(fault.WithoutPath(err), fs.ErrNotExist) {
		t.Errorf("WithoutPath(%v) = %q, want the reason without the path", err, got)
	}
	if other := errors.New("x"); fault.WithoutPath(other) != other {
		t.Error("WithoutPath changed an error without a path")
	}
	if fault.WithoutPath(nil) != nil {
		t.Error("WithoutPath of no error is an error")
	}
}
