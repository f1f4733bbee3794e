package series_test

import (
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func TestTicksThatAllHaveOneValueKeepIt(t *testing.T) {
	s := open(t)
	want := []market.Tick{tick(1, 0, 1), tick(2, 0, 1)}
	for i := range want {
		want[i].Name, want[i].Local, want[i].Depth = "rebar", -5, 1
	}
	putTicks(t, s, want...)
	if got := collect(t, s.Ticks(t.Context(), rebar, market.Range{})); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTicksOfWhichSomeHaveAValueKeepIt(t *testing.T) {
	s := open(t)
	want := []market.Tick{tick(1, 0, 1), tick(2, 0, 1), tick(3, 0, 1)}
	want[0].Name, want[1].Local, want[1].Depth, want[0].Open = "rebar", 5, 2, 7
	putTicks(t, s, want...)
	if got := collect(t, s.Ticks(t.Context(), rebar, market.Range{})); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBaseColumnsAreTheCallersOwn(t *testing.T) {
	for _, k := range []series.Kind{series.Bars, series.Ticks} {
		got := series.BaseColumns(k)
		name := got[0].Name
		got[0].Name = "spoilt"
		if again := series.BaseColumns(k)[0].Name; again != name {
			t.Errorf("%s: got %s, want %s", k, again, name)
		}
	}
}

func TestAFilterLetsThroughWhatItNames(t *testing.T) {
	k := series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "rsi"}
	for _, f := range []series.Filter{
		{}, {Kind: k.Kind}, {Symbol: rebar}, {Exchange: market.SHFE}, {Interval: market.Minute}, {Name: "rsi"},
		{Kind: k.Kind, Symbol: rebar, Exchange: market.SHFE, Interval: market.Minute, Name: "rsi"},
	} {
		if !f.Match(k) {
			t.Errorf("%+v does not let %s through", f, k)
		}
	}
	for _, f := range []series.Filter{
		{Kind: series.Bars}, {Symbol: market.Symbol{Code: "rb2601", Exchange: market.INE}}, {Exchange: market.INE}, {Interval: market.Hour}, {Name: "ema"},
	} {
		if f.Match(k) {
			t.Errorf("%+v lets %s through", f, k)
		}
	}
}
