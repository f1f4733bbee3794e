package seriestest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// seriesRules are about whole series: what is removed, exchanged and told.
var seriesRules = []rule{
	{"Delete removes the rows of a half-open range", "those beside it stay", deleteRange},
	{"Delete twice, and of nothing, is no error", "a call may be repeated", deleteTwice},
	{"what was deleted may be written again", "a delete ends with the call", writeAgain},
	{"Replace exchanges the rows of a range", "those beside it stay", replaceRange},
	{"Replace by nothing removes the rows", "a source may have withdrawn them", replaceByNothing},
	{"attributes are replaced all at once or left", "nil leaves them, an empty map removes them", attributes},
	{"a frame of attributes needs no rows", "what a series is may be known before its first row", attributesAlone},
	{"attributes go with the whole series only", "a range of rows is not the series", attributesDeleted},
	{"Replace takes more rows than Write", "what must be seen at once cannot be split by the store", largeReplace},
	{"Replace keeps attributes as Write does", "nil leaves them", attributesReplaced},
	{"Overview counts exactly", "the count is what an operator compares with the source", overviewCounts},
	{"Overview tells extra columns and their types", "a writer must know them before it writes", overviewExtras},
	{"Overview in brief tells attributes and extra columns", "a writer asks for them often, and counting may be slow", overviewBrief},
	{"Overview is in the order of keys and filtered", "a program pages through it", overviewOrder},
}

func deleteRange(t tb, e series.Engine) {
	f, other := bars(rebarBars, 1, 60, 120, 180, 240, 300), bars(silverBars, 1, 120)
	write(t, e, f, other)
	remove(t, e, rebarBars, between(120, 240))
	wantRows(t, e, of(rebarBars, silverBars), f.Slice(0, 1), f.Slice(3, 5), other)
	remove(t, e, rebarBars, market.Range{From: at(60) + 1, To: at(240) + 1})
	wantRows(t, e, of(rebarBars), f.Slice(0, 1), f.Slice(4, 5))
	remove(t, e, rebarBars, market.Range{To: at(61)})
	wantRows(t, e, of(rebarBars), f.Slice(4, 5))
	remove(t, e, rebarBars, market.Range{From: at(300)})
	wantRows(t, e, of(rebarBars, silverBars), other)
	wantOverview(t, e, series.Filter{}, summary(other))
}

func deleteTwice(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60, 120)
	write(t, e, f)
	for range 2 {
		remove(t, e, rebarBars, between(60, 61))
		remove(t, e, silverBars, between(60, 61))
		remove(t, e, silverBars, market.Range{})
		remove(t, e, rebarTicks, market.Range{})
		wantRows(t, e, of(rebarBars, silverBars), f.Slice(1, 2))
	}
	remove(t, e, rebarBars, market.Range{})
	remove(t, e, rebarBars, market.Range{})
	wantOverview(t, e, series.Filter{})
}

func writeAgain(t tb, e series.Engine) {
	f := with(bars(rebarBars, 1, 60, 120, 180), column("venue", "A", "B", "C"))
	write(t, e, f)
	remove(t, e, rebarBars, between(60, 121))
	g := bars(rebarBars, 2, 60)
	write(t, e, g)
	wantRows(t, e, of(rebarBars), g, f.Slice(2, 3))
	remove(t, e, rebarBars, market.Range{})
	write(t, e, f)
	wantRows(t, e, of(rebarBars), f)
}

func replaceRange(t tb, e series.Engine) {
	f, other := with(bars(rebarBars, 1, 60, 120, 180, 240), column("id", int64(1), int64(2), int64(3), int64(4))), bars(silverBars, 1, 120)
	write(t, e, f, other)
	g := bars(rebarBars, 2, 120, 150)
	replace(t, e, between(120, 240), g)
	wantRows(t, e, of(rebarBars, silverBars), f.Slice(0, 1), g, f.Slice(3, 4), other)
	h := bars(rebarBars, 3, 500)
	replace(t, e, market.Range{From: at(240)}, h)
	wantRows(t, e, of(rebarBars), f.Slice(0, 1), g, h)
	replace(t, e, market.Range{}, f)
	wantRows(t, e, of(rebarBars), f)
	k := ticks(rebarTicks, 1, place{at(1), 0}, place{at(1), 1}, place{at(2), 0})
	replace(t, e, market.Range{}, k)
	l := ticks(rebarTicks, 2, place{at(1) + 5, 1})
	replace(t, e, market.Range{From: at(1), To: at(2)}, l)
	wantRows(t, e, of(rebarTicks), l, k.Slice(2, 3))
	wantOverview(t, e, series.Filter{Symbol: rebar, Kind: series.Bars}, summary(f))
}

func replaceByNothing(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60, 120, 180)
	write(t, e, f)
	replace(t, e, between(60, 180), about(rebarBars, nil))
	wantRows(t, e, of(rebarBars), f.Slice(2, 3))
	replace(t, e, between(60, 180), about(rebarBars, nil))
	replace(t, e, between(60, 180), about(silverBars, nil))
	replace(t, e, market.Range{}, about(rebarBars, nil))
	wantRows(t, e, of(rebarBars, silverBars))
	wantOverview(t, e, series.Filter{})
}

// attributed returns f with attributes.
func attributed(f series.Frame, attrs map[string]string) series.Frame {
	f.Attrs = attrs
	return f
}

func attributes(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60)
	first := map[string]string{series.AttrZone: "Asia/Shanghai", series.AttrSource: "a=\"b\", c\\", "empty": ""}
	second := map[string]string{series.AttrPriceTick: "0.5", series.AttrSource: "价"}
	write(t, e, attributed(f, first))
	wantOverview(t, e, series.Filter{}, summary(attributed(f, first)))
	write(t, e, f)
	wantOverview(t, e, series.Filter{}, summary(attributed(f, first)))
	write(t, e, attributed(f, first), attributed(f, second), f)
	wantOverview(t, e, series.Filter{}, summary(attributed(f, second)))
	write(t, e, attributed(f, map[string]string{}))
	wantOverview(t, e, series.Filter{}, summary(f))
}

func attributesAlone(t tb, e series.Engine) {
	attrs := map[string]string{series.AttrTickVolume: string(market.Cumulative)}
	write(t, e, about(rebarTicks, attrs))
	wantOverview(t, e, series.Filter{}, summary(about(rebarTicks, attrs)))
	wantRows(t, e, of(rebarTicks))
	f := bars(rebarBars, 1, 60)
	write(t, e, f, about(rebarBars, attrs))
	wantRows(t, e, of(rebarBars), f)
	write(t, e, about(rebarTicks, map[string]string{}))
	wantOverview(t, e, series.Filter{}, summary(attributed(f, attrs)))
}

func attributesDeleted(t tb, e series.Engine) {
	attrs := map[string]string{series.AttrSource: "test"}
	write(t, e, attributed(bars(rebarBars, 1, 60, 120), attrs))
	remove(t, e, rebarBars, between(1, 1000))
	wantOverview(t, e, series.Filter{}, summary(about(rebarBars, attrs)))
	remove(t, e, rebarBars, market.Range{From: at(1)})
	remove(t, e, rebarBars, market.Range{To: at(1000)})
	wantOverview(t, e, series.Filter{}, summary(about(rebarBars, attrs)))
	remove(t, e, rebarBars, market.Range{})
	wantOverview(t, e, series.Filter{})
	write(t, e, bars(rebarBars, 1, 60))
	wantOverview(t, e, series.Filter{}, summary(bars(rebarBars, 1, 60)))
}

func largeReplace(t tb, e series.Engine) {
	f := series.Frame{Key: rebarRSI, Time: make([]market.Time, series.MaxRows+2)}
	for i := range f.Time {
		f.Time[i] = at(int64(i) + 1)
	}
	write(t, e, bars(rebarRSI, 1, 0x7fffffff))
	replace(t, e, market.Range{}, f)
	wantOverview(t, e, series.Filter{}, summary(f))
	for _, q := range []series.Query{{Limit: 2}, {Limit: 2, Reverse: true}} {
		q.Keys = []series.Key{rebarRSI}
		want := linesOf(f.Slice(0, 2))
		if q.Reverse {
			want = linesOf(f.Slice(f.Len()-2, f.Len()))
			slices.Reverse(want)
		}
		wantLines(t, fmt.Sprintf("read %+v", q), read(t, e, q), want)
	}
}

func attributesReplaced(t tb, e series.Engine) {
	attrs, others := map[string]string{series.AttrSource: "test"}, map[string]string{series.AttrZone: "UTC"}
	f := bars(rebarBars, 1, 60)
	write(t, e, attributed(f, attrs))
	replace(t, e, market.Range{}, f)
	wantOverview(t, e, series.Filter{}, summary(attributed(f, attrs)))
	replace(t, e, market.Range{}, about(rebarBars, nil))
	wantOverview(t, e, series.Filter{}, summary(about(rebarBars, attrs)))
	replace(t, e, between(1, 2), about(rebarBars, others))
	wantOverview(t, e, series.Filter{}, summary(about(rebarBars, others)))
}

func overviewCounts(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60, 120, 180)
	k := ticks(rebarTicks, 1, place{at(1) + 7, 0}, place{at(1) + 3, 1}, place{at(1), 5000})
	write(t, e, f, k)
	wantOverview(t, e, series.Filter{}, summary(f), summary(k))
	write(t, e, f, bars(rebarBars, 2, 120), k)
	wantOverview(t, e, series.Filter{}, summary(f), summary(k))
	write(t, e, bars(rebarBars, 2, 90, 240))
	wantOverview(t, e, series.Filter{}, summary(bars(rebarBars, 1, 60, 90, 120, 180, 240)), summary(k))
	remove(t, e, rebarBars, between(60, 120))
	remove(t, e, rebarBars, between(60, 120))
	wantOverview(t, e, series.Filter{}, summary(bars(rebarBars, 1, 120, 180, 240)), summary(k))
	replace(t, e, market.Range{From: at(180)}, bars(rebarBars, 1, 200))
	wantOverview(t, e, series.Filter{}, summary(bars(rebarBars, 1, 120, 200)), summary(k))
}

func overviewExtras(t tb, e series.Engine) {
	write(t, e, with(bars(rebarBars, 1, 60, 120), column("venue", "A", nil), column("never", nil, nil)), bars(silverBars, 1, 60))
	write(t, e, with(bars(rebarBars, 1, 180), column("id", int64(1)), column("settlement", 0.0)))
	want := map[string]series.Type{"venue": series.Text, "id": series.Int64, "settlement": series.Float64}
	all := overview(t, e, series.Filter{})
	if len(all) != 2 {
		t.Fatalf("overview tells of %d series, not 2", len(all))
	}
	for i, o := range all {
		if i == 1 && !maps.Equal(o.Extra, want) || i == 0 && len(o.Extra) != 0 {
			t.Errorf("extra columns of %s: got %v, want %v", o.Key, o.Extra, want)
		}
	}
	remove(t, e, rebarBars, market.Range{})
	write(t, e, bars(rebarBars, 1, 60))
	if all := overview(t, e, series.Filter{Symbol: rebar}); len(all) != 1 || len(all[0].Extra) != 0 {
		t.Errorf("a series that is new has extra columns: %+v", all)
	}
}

func overviewBrief(t tb, e series.Engine) {
	attrs := map[string]string{series.AttrZone: "UTC"}
	write(t, e, with(bars(rebarBars, 1, 60), column("venue", "A")), attributed(bars(silverBars, 1, 60), attrs), ticks(rebarTicks, 1, place{at(1), 0}))
	got := map[series.Key]string{}
	for _, o := range overview(t, e, series.Filter{Brief: true}) {
		if len(o.Attrs)+len(o.Extra) > 0 {
			got[o.Key] = fmt.Sprint(o.Attrs, o.Extra)
		}
	}
	want := map[series.Key]string{rebarBars: "map[] map[venue:text]", silverBars: "map[zone:UTC] map[]"}
	if !maps.Equal(got, want) {
		t.Errorf("overview in brief: got %v, want %v", got, want)
	}
	if all := overview(t, e, series.Filter{Brief: true, Kind: series.Ticks, Symbol: silver}); len(all) > 0 {
		t.Errorf("overview in brief of a series that is not there: %+v", all)
	}
}

func overviewOrder(t tb, e series.Engine) {
	y := func(code string, x market.Exchange) market.Symbol { return market.Symbol{Code: code, Exchange: x} }
	keys := []series.Key{
		series.BarKey(y("RB2601", "SHFE"), market.Minute),
		series.BarKey(y("rb2601", "INE"), market.Minute),
		series.BarKey(y("rb2601", "SHFE"), market.Minute), series.BarKey(y("rb2601", "SHFE"), 5*market.Minute),
		series.BarKey(y("rb2601", "SHFE"), market.Hour), series.BarKey(y("rb2601", "SHFE"), 24*market.Hour),
		series.BarKey(y("rb2601", "SHFE"), market.Day), series.BarKey(y("rb2601", "SHFE"), market.Week),
		series.BarKey(y("rb2605", "SHFE"), market.Minute),
		series.TickKey(y("rb2601", "INE")), series.TickKey(y("rb2601", "SHFE")),
		{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "ma(10)"},
		{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "ma(5)"},
		{Kind: series.Indicator, Symbol: rebar, Interval: market.Day, Name: "ma(5)"},
	}
	if !slices.IsSortedFunc(keys, series.Key.Compare) {
		t.Fatalf("the rule is wrong: its keys are not in order")
	}
	for i := range keys {
		write(t, e, sample(keys[i*5%len(keys)], 1))
	}
	for _, f := range []series.Filter{
		{}, {Kind: series.Bars}, {Kind: series.Ticks}, {Kind: series.Indicator}, {Symbol: rebar}, {Exchange: "INE"}, {Interval: market.Minute},
		{Interval: market.Day}, {Name: "ma(5)"}, {Kind: series.Indicator, Symbol: rebar, Interval: market.Day, Name: "ma(5)"},
		{Symbol: rebar, Exchange: "INE"}, {Exchange: "NONE"}, {Name: "ma"}, {Kind: series.Bars, Name: "ma(5)"},
	} {
		var want []series.Overview
		for _, k := range keys {
			if f.Match(k) {
				want = append(want, summary(sample(k, 1)))
			}
		}
		wantOverview(t, e, f, want...)
	}
}
