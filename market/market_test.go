package market_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// wantFault fails unless err is of code, of that code's kind, and says that
// it arose in field.
func wantFault(t *testing.T, input any, err error, code fault.Code, field string) {
	t.Helper()
	if got := fault.CodeOf(err); got != code {
		t.Errorf("%#v: got error %v of code %q, want %q", input, err, string(got), string(code))
		return
	}
	if entry, ok := code.Entry(); !ok || fault.KindOf(err) != entry.Kind {
		t.Errorf("%#v: got kind %q of error %v, want %q", input, fault.KindOf(err), err, entry.Kind)
	}
	if place, _ := fault.PlaceOf(err); place.Field != field {
		t.Errorf("%#v: got field %q of error %v, want %q", input, place.Field, err, field)
	}
}

// zone returns a zone that package time knows, without the package's help.
func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// at returns the instant that s, in RFC 3339, stands for.
func at(t testing.TB, s string) market.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return market.Time(x.UnixNano())
}

func TestABarIs64BytesWithoutAPointer(t *testing.T) {
	if got := reflect.TypeFor[market.Bar]().Size(); got != 64 {
		t.Errorf("size of a Bar: got %d bytes, want 64", got)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[market.Bar]()) {
		if k := f.Type.Kind(); k != reflect.Int64 && k != reflect.Float64 {
			t.Errorf("field %s of a Bar is %s", f.Name, f.Type)
		}
	}
}
