package market_test

import (
	"errors"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestSymbolsLikeAPattern(t *testing.T) {
	f := func(pattern, symbol string, want bool) {
		t.Helper()
		y, err := market.ParseSymbol(symbol)
		if err != nil {
			t.Fatal(err)
		}
		like, err := market.SymbolsLike(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := like(y); got != want {
			t.Errorf("%q, %s: got %v, want %v", pattern, y, got, want)
		}
	}
	f("", "rb2601.SHFE", true)
	f("rb*", "rb2601.SHFE", true)
	f("RB*", "rb2601.SHFE", true)
	f("rb260?", "rb2601.SHFE", true)
	f("*.SHFE", "rb2601.SHFE", true)
	f("rb", "rb2601.SHFE", false)
	f("*.DCE", "rb2601.SHFE", false)
	f("a.b", "axb.SHFE", false)
	f("[a]", "a.SHFE", false)
	f("螺纹?", "螺纹钢.SHFE", true)
	if _, err := market.SymbolsLike("\xff*"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a pattern that is not UTF-8: got %v, want fault.Invalid", err)
	}
}
