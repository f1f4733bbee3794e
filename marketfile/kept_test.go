package marketfile_test

import (
	"errors"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

func TestAKeptColumnIsNamedPerhapsWithItsType(t *testing.T) {
	f := func(text, column string, of series.Type) {
		t.Helper()
		if got, err := marketfile.ParseKept(text); err != nil || got.Column != column || got.Type != of {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	f("settle", "settle", 0)
	f("settle:float", "settle", series.Float64)
	f("a:b:int", "a:b", series.Int64)
	f("合约:text", "合约", series.Text)
	if _, err := marketfile.ParseKept("settle:double"); !errors.Is(err, fault.Invalid) {
		t.Errorf("an unknown type: got %v", err)
	}
}
