package seriestest

import (
	"math"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// rowRules are about what is in a row.
var rowRules = []rule{
	{"what was written is read", "that is what a store is for", wholeRowIsRead},
	{"an empty engine holds nothing", "a series that nobody wrote is no error", emptyEngine},
	{"floats come back bit for bit", "a price is data, not an approximation", floatsBitForBit},
	{"integers and texts come back as they were", "localtime needs 64 bits, and texts hold anything", integersAndTexts},
	{"a base column that is left out is 0", "base columns belong to every row", baseLeftOut},
	{"levels of a book go with their tick", "a level that a tick lacks must not be that of the tick it replaced", levelsByRow},
	{"extra columns are absent by row and by frame", "absent is not 0", extrasByRow},
	{"extra columns have any of three types", "a trade id is no float", extraTypes},
	{"dictionaries may differ between frames", "an index means nothing without its dictionary", dictionaries},
	{"a row replaces the whole row in its place", "the write accepted last wins", upsert},
	{"a row replaces extra columns too", "what the new row does not say is not known any more", upsertExtras},
	{"the frames of a call count in their order", "the later one was accepted last", framesInOrder},
	{"a column comes and goes", "rows with and without it are of one series", columnComesAndGoes},
	{"the frames are the caller's again", "a caller that fills its buffers anew must not change what is stored", callersAgain},
	{"nothing is written by no frames and no rows", "batches are empty at times", emptyInput},
	{"rows come in any order of calls", "history is imported after live data", outOfOrder},
	{"a large frame comes back whole", "importers write as much at once as they may", largeFrame},
}

func wholeRowIsRead(t tb, e series.Engine) {
	b, k, v := bars(rebarBars, 1, 60, 120, 180), ticks(rebarTicks, 1, place{at(60), 0}, place{at(61), 0}), bars(rebarRSI, 1, 60)
	write(t, e, b, k, v)
	wantRows(t, e, of(rebarBars), b)
	wantRows(t, e, of(rebarTicks), k)
	wantRows(t, e, of(rebarRSI), v)
}

func emptyEngine(t tb, e series.Engine) {
	wantRows(t, e, of(rebarBars, rebarTicks, rebarRSI))
	wantRows(t, e, series.Query{Keys: []series.Key{rebarBars}, Columns: []string{"close"}, Reverse: true, Limit: 1})
	wantOverview(t, e, series.Filter{})
	remove(t, e, rebarBars, market.Range{})
}

// oddFloats are hard to keep by anything that rounds, divides or prints.
var oddFloats = []float64{
	0, math.Copysign(0, -1), 0.1, 1.0 / 3, 0.1 + 0.2, 123456789.12345679, -37.63,
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 2.2250738585072011e-308, 2.2250738585072014e-308,
	math.MaxFloat64, -math.MaxFloat64, 1 << 53, 1<<53 + 2, 1e15 + 0.3, 1e22, 1e23, 5e-324, 1.7976931348623155e308,
}

func floatsBitForBit(t tb, e series.Engine) {
	f, values := bars(rebarBars, 1), make([]any, len(oddFloats))
	for i, x := range oddFloats {
		f.Time = append(f.Time, at(int64(60*i+60)))
		values[i] = x
	}
	f = with(f, column("open", values...), column("close", values...), column("extra", values...))
	for i := range f.Cols {
		if len(f.Cols[i].Floats) == 0 {
			f.Cols[i].Floats = make([]float64, len(oddFloats))
		}
	}
	write(t, e, f)
	wantRows(t, e, of(rebarBars), f)
	k := ticks(rebarTicks, 1, place{at(1), 0}, place{at(1), 1})
	k = with(k, column("last_price", math.Copysign(0, -1), math.MaxFloat64), column("bid_price_1", 5e-324, math.Copysign(0, -1)))
	write(t, e, k)
	wantRows(t, e, of(rebarTicks), k)
}

func integersAndTexts(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{at(1), 0}, place{at(2), 0}, place{at(3), 0}, place{at(4), 0})
	f = with(f,
		column("localtime", int64(market.MaxTime), int64(market.MinTime), int64(1<<53+1), int64(-1)),
		column("name", "", "螺纹钢2601", "a\nb\tc\r\x00\"'\\,= ", "\\"),
		column("id", int64(math.MaxInt64), int64(math.MinInt64), int64(0), int64(1<<53+1)),
		column("note", "", "{\"a\": 1}\u2028", "\"\\\n\x7f\x00", "\\"))
	write(t, e, f)
	wantRows(t, e, of(rebarTicks), f)
}

func baseLeftOut(t tb, e series.Engine) {
	f := series.Frame{Key: rebarBars, Time: []market.Time{at(60), at(120)}, Cols: []series.Column{column("close", 1.5, 2.5)}}
	write(t, e, f)
	wantRows(t, e, of(rebarBars), f)
	g := series.Frame{Key: rebarTicks, Time: []market.Time{at(60)}, Seq: []uint32{0}}
	write(t, e, g)
	wantRows(t, e, of(rebarTicks), g)
	// What a row had is gone when a later one leaves it out.
	write(t, e, bars(rebarBars, 1, 60), ticks(rebarTicks, 1, place{at(60), 0}))
	write(t, e, f, g)
	wantRows(t, e, of(rebarBars), f)
	wantRows(t, e, of(rebarTicks), g)
}

func levelsByRow(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{at(1), 0}, place{at(2), 0}, place{at(3), 0})
	f = with(f, column("depth", int64(2), int64(1), int64(5)))
	for i, side := range []string{"bid_price", "bid_volume", "ask_price", "ask_volume"} {
		f = with(f, column(side+"_2", 0.5, 0.0, 5.5), column(side+"_3", 0.0, 0.0, math.Copysign(0, -1)), column(side+"_5", 0.0, 0.0, float64(i)))
	}
	write(t, e, f)
	wantRows(t, e, of(rebarTicks), f)
	g := ticks(rebarTicks, 2, place{at(1), 0}, place{at(3), 0})
	write(t, e, g)
	wantRows(t, e, of(rebarTicks), g.Slice(0, 1), f.Slice(1, 2), g.Slice(1, 2))
}

func extrasByRow(t tb, e series.Engine) {
	f := with(bars(rebarBars, 1, 60, 120, 180), column("settlement", 1.5, nil, 0.0), column("none", nil, nil, nil))
	g := bars(rebarBars, 1, 240, 300)
	h := with(bars(rebarBars, 1, 360), column("venue", "DCE"))
	write(t, e, f, g)
	write(t, e, h)
	wantRows(t, e, of(rebarBars), f, g, h)
	for _, q := range []series.Query{{Columns: []string{"settlement"}}, {Columns: []string{"venue"}}} {
		q.Keys = []series.Key{rebarBars}
		var want []series.Frame
		for _, frame := range []series.Frame{f, g, h} {
			want = append(want, only(frame, q.Columns...))
		}
		wantRows(t, e, q, want...)
	}
}

// only returns f with no other columns than these.
func only(f series.Frame, names ...string) series.Frame {
	g := f
	g.Cols = nil
	for _, name := range names {
		if c := f.Column(name); c != nil {
			g.Cols = append(g.Cols, *c)
		}
	}
	return g
}

func extraTypes(t tb, e series.Engine) {
	f := with(bars(rebarBars, 1, 60, 120, 180),
		column("settlement", 3951.5, nil, -0.5), column("trade_id", int64(1)<<62+1, int64(-5), nil), column("venue", nil, "", "ARCA"))
	g := with(bars(rebarRSI, 1, 60, 120), column("count", int64(7), nil), column("state", nil, "up"))
	k := with(ticks(rebarTicks, 1, place{at(1), 0}, place{at(1), 1}), column("venue", "P", "Q"), column("flags", int64(3), nil))
	write(t, e, f, g, k)
	wantRows(t, e, of(rebarBars, rebarRSI, rebarTicks), f, g, k)
}

func dictionaries(t tb, e series.Engine) {
	f := with(bars(rebarBars, 1, 60, 120, 180), column("venue", "A", "B", "A"))
	g := with(bars(rebarBars, 1, 90, 150, 210), column("venue", "B", "C", "A"))
	h := with(bars(rebarBars, 1, 240), series.Column{Name: "venue", Texts: &series.Texts{Dict: []string{"unused", "C"}, Index: []uint32{1}}})
	write(t, e, f)
	write(t, e, g, h)
	wantRows(t, e, of(rebarBars), f.Slice(0, 1), g.Slice(0, 1), f.Slice(1, 2), g.Slice(1, 2), f.Slice(2, 3), g.Slice(2, 3), h)
}

func upsert(t tb, e series.Engine) {
	old, f := bars(rebarBars, 1, 60, 120, 180, 240), bars(rebarBars, 2, 120, 180, 210)
	write(t, e, old)
	write(t, e, f)
	wantRows(t, e, of(rebarBars), old.Slice(0, 1), f, old.Slice(3, 4))
	write(t, e, old)
	wantRows(t, e, of(rebarBars), old.Slice(0, 3), f.Slice(2, 3), old.Slice(3, 4))
}

func upsertExtras(t tb, e series.Engine) {
	write(t, e, with(bars(rebarBars, 1, 60, 120, 180), column("venue", "A", "B", "C"), column("id", int64(1), int64(2), int64(3))))
	f := with(bars(rebarBars, 2, 60, 120), column("venue", nil, "D"))
	write(t, e, f)
	rest := with(bars(rebarBars, 1, 180), column("venue", "C"), column("id", int64(3)))
	wantRows(t, e, of(rebarBars), f, rest)
	plain := bars(rebarBars, 3, 60, 120, 180)
	write(t, e, plain)
	wantRows(t, e, of(rebarBars), plain)
}

func framesInOrder(t tb, e series.Engine) {
	first, second, third := bars(rebarBars, 1, 60, 120), bars(rebarBars, 2, 120, 180), bars(rebarBars, 3, 120)
	other := bars(silverBars, 1, 60)
	write(t, e, first, other, second, third)
	wantRows(t, e, of(rebarBars), first.Slice(0, 1), third, second.Slice(1, 2))
	wantRows(t, e, of(silverBars), other)
}

func columnComesAndGoes(t tb, e series.Engine) {
	with1, without, with2 := with(bars(rebarBars, 1, 60), column("id", int64(1))), bars(rebarBars, 1, 120), with(bars(rebarBars, 1, 180), column("id", int64(0)))
	write(t, e, with1)
	write(t, e, without)
	write(t, e, with2)
	wantRows(t, e, of(rebarBars), with1, without, with2)
	remove(t, e, rebarBars, between(60, 61))
	remove(t, e, rebarBars, between(180, 181))
	wantRows(t, e, of(rebarBars), without)
	// With the whole series its types are gone as well.
	remove(t, e, rebarBars, market.Range{})
	asText := with(bars(rebarBars, 1, 60), column("id", "one"))
	write(t, e, asText)
	wantRows(t, e, of(rebarBars), asText)
}

func callersAgain(t tb, e series.Engine) {
	make1 := func() series.Frame {
		f := with(ticks(rebarTicks, 1, place{at(1), 0}, place{at(1), 1}, place{at(2), 0}), column("venue", "A", nil, "B"), column("id", nil, int64(1), int64(2)))
		f.Attrs = map[string]string{"source": "test"}
		return f
	}
	frames := []series.Frame{make1(), bars(rebarBars, 1, 60)}
	write(t, e, frames...)
	wantLines(t, "the caller's frames after a write", linesOf(frames...), linesOf(make1(), bars(rebarBars, 1, 60)))
	spoil(&frames[0])
	spoil(&frames[1])
	wantRows(t, e, of(rebarTicks, rebarBars), make1(), bars(rebarBars, 1, 60))
	wantOverview(t, e, series.Filter{Kind: series.Ticks}, summary(make1()))
	f := make1()
	replace(t, e, market.Range{}, f)
	spoil(&f)
	wantRows(t, e, of(rebarTicks), make1())
	wantOverview(t, e, series.Filter{Kind: series.Ticks}, summary(make1()))
}

func emptyInput(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60)
	write(t, e, f)
	if err := e.Write(t.Context(), nil); err != nil {
		t.Errorf("write of nothing: %v", err)
	}
	write(t, e, about(rebarBars, nil), about(silverBars, nil), about(rebarTicks, nil))
	write(t, e, bars(rebarBars, 1), ticks(rebarTicks, 1), with(bars(rebarBars, 1), column("venue")))
	wantRows(t, e, of(rebarBars, silverBars, rebarTicks), f)
	wantOverview(t, e, series.Filter{}, summary(f))
}

func outOfOrder(t tb, e series.Engine) {
	late, early, middle := bars(rebarBars, 1, 300, 360), bars(rebarBars, 1, 60, 120), bars(rebarBars, 1, 90, 240, 330)
	write(t, e, late)
	write(t, e, early)
	write(t, e, middle)
	wantRows(t, e, of(rebarBars), early.Slice(0, 1), middle.Slice(0, 1), early.Slice(1, 2), middle.Slice(1, 2), late.Slice(0, 1), middle.Slice(2, 3), late.Slice(1, 2))
}

func largeFrame(t tb, e series.Engine) {
	const rows = 20_000
	seconds := make([]int64, rows)
	for i := range seconds {
		seconds[i] = int64(60*i) - 60*rows/2 + 30
	}
	f := bars(rebarBars, 1, seconds...)
	write(t, e, f)
	wantRows(t, e, of(rebarBars), f)
	wantRows(t, e, in(between(seconds[9_000], seconds[9_003]), rebarBars), f.Slice(9_000, 9_003))
	wantOverview(t, e, series.Filter{}, summary(f))
}
