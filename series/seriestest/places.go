package seriestest

import (
	"math"
	"slices"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// placeRules are about where rows stand and which of them lie in a range.
var placeRules = []rule{
	{"ranges are half-open", "From is read and To is not, so that ranges side by side share no row", halfOpen},
	{"an end of a range that is 0 is open", "0 is no time", openEnds},
	{"an end of a range may lie between rows", "1 ns after a row the row is out", betweenRows},
	{"ranges may hold no row", "most of the night has none", emptyRanges},
	{"rows stand before 1970 as after it", "daily bars go back a century", before1970},
	{"the first and the last time can be stored", "the bounds are inside", extremeTimes},
	{"a tick's place is its microsecond and its Seq", "a fifth of real ticks equal another in all but Seq", tickPlaces},
	{"ticks of one microsecond stand in the order of Seq", "nanoseconds are data, not order", seqBeforeNanoseconds},
	{"a tick keeps its nanoseconds", "they are data", keepsNanoseconds},
	{"Seq goes from 0 to its maximum", "the whole of uint32 is promised", extremeSeq},
	{"a range of ticks holds whole microseconds", "all ticks of an instant are in or out", tickRanges},
	{"microseconds around 1970 are told apart", "division rounds towards 0, time does not", ticksAround1970},
}

func halfOpen(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60, 120, 180, 240)
	write(t, e, f)
	wantRows(t, e, in(between(120, 240), rebarBars), f.Slice(1, 3))
	wantRows(t, e, in(between(60, 61), rebarBars), f.Slice(0, 1))
	wantRows(t, e, in(between(60, 300), rebarBars), f)
}

func openEnds(t tb, e series.Engine) {
	f := bars(rebarBars, 1, -4_000_000_000, -60, 60, 4_000_000_000)
	write(t, e, f)
	wantRows(t, e, in(market.Range{}, rebarBars), f)
	wantRows(t, e, in(market.Range{From: at(60)}, rebarBars), f.Slice(2, 4))
	wantRows(t, e, in(market.Range{From: at(-60)}, rebarBars), f.Slice(1, 4))
	wantRows(t, e, in(market.Range{To: at(60)}, rebarBars), f.Slice(0, 2))
	wantRows(t, e, in(market.Range{To: at(-60)}, rebarBars), f.Slice(0, 1))
}

func betweenRows(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60, 120, 180)
	write(t, e, f)
	wantRows(t, e, in(market.Range{From: at(60) + 1, To: at(180) + 1}, rebarBars), f.Slice(1, 3))
	wantRows(t, e, in(market.Range{From: at(60), To: at(60) + 1}, rebarBars), f.Slice(0, 1))
	wantRows(t, e, in(market.Range{From: at(120) - 1, To: at(180) - 1}, rebarBars), f.Slice(1, 2))
	wantRows(t, e, in(market.Range{From: at(180) + 1}, rebarBars))
}

func emptyRanges(t tb, e series.Engine) {
	write(t, e, bars(rebarBars, 1, 60, 120))
	for _, r := range []market.Range{between(61, 120), between(121, 500), between(1, 60), between(60, 60), {To: at(60)}, {From: at(121)}} {
		wantRows(t, e, in(r, rebarBars))
	}
}

func before1970(t tb, e series.Engine) {
	f := bars(rebarBars, 1, -86400*365, -60, -1, 1, 60)
	write(t, e, f)
	wantRows(t, e, of(rebarBars), f)
	wantRows(t, e, in(market.Range{From: at(-60), To: 1}, rebarBars), f.Slice(1, 3))
	wantRows(t, e, in(market.Range{From: -1}, rebarBars), f.Slice(3, 5))
	wantRows(t, e, in(between(-60, -1), rebarBars), f.Slice(1, 2))
	wantOverview(t, e, series.Filter{}, summary(f))
}

func extremeTimes(t tb, e series.Engine) {
	first, last := int64(market.MinTime)/1e9, int64(market.MaxTime)/1e9
	f := bars(rebarBars, 1, first, first+1, 60, last-1, last)
	k := ticks(rebarTicks, 1, place{market.MinTime, 0}, place{market.MinTime, math.MaxUint32}, place{market.MaxTime, 0}, place{market.MaxTime, 7})
	write(t, e, f, k)
	wantRows(t, e, of(rebarBars, rebarTicks), f, k)
	wantRows(t, e, in(market.Range{From: market.MinTime, To: market.MaxTime}, rebarBars), f)
	wantRows(t, e, in(market.Range{From: market.MaxTime - 999}, rebarTicks), k.Slice(2, 4))
	wantOverview(t, e, series.Filter{}, summary(f), summary(k))
	remove(t, e, rebarBars, market.Range{From: at(last)})
	remove(t, e, rebarBars, market.Range{To: at(first) + 1})
	wantRows(t, e, of(rebarBars), f.Slice(1, 4))
}

func tickPlaces(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{at(1), 0}, place{at(1), 1}, place{at(1), 2}, place{at(1) + 1000, 0}, place{at(1) + 1000, 1})
	f.Cols = []series.Column{column("last_price", 1.5, 1.5, 1.5, 1.5, 1.5)}
	write(t, e, f)
	wantRows(t, e, of(rebarTicks), f)
	write(t, e, f)
	wantRows(t, e, of(rebarTicks), f)
	g := ticks(rebarTicks, 5, place{at(1), 1}, place{at(1), 5})
	write(t, e, g)
	wantRows(t, e, of(rebarTicks), f.Slice(0, 1), g.Slice(0, 1), f.Slice(2, 3), g.Slice(1, 2), f.Slice(3, 5))
}

func seqBeforeNanoseconds(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{at(1) + 900, 0}, place{at(1) + 100, 1}, place{at(1) + 500, 2}, place{at(1) + 1000, 0})
	write(t, e, f.Slice(1, 2))
	write(t, e, f.Slice(2, 4))
	write(t, e, f.Slice(0, 1))
	wantRows(t, e, of(rebarTicks), f)
	wantOverview(t, e, series.Filter{}, summary(f))
}

func keepsNanoseconds(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{at(1) + 1, 0}, place{at(1) + 999, 1}, place{at(1) + 123_456_789, 0}, place{at(2) - 1, 0})
	write(t, e, f)
	wantRows(t, e, of(rebarTicks), f)
	// The same microsecond and Seq: the same tick, told with other nanoseconds.
	g := ticks(rebarTicks, 2, place{at(1) + 777, 0})
	write(t, e, g)
	wantRows(t, e, of(rebarTicks), g, f.Slice(1, 4))
}

func extremeSeq(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{at(1), 0}, place{at(1), 999}, place{at(1), 1000}, place{at(1), 1001}, place{at(1), 65535}, place{at(1), 65536},
		place{at(1), math.MaxInt32}, place{at(1), math.MaxInt32 + 1}, place{at(1), math.MaxUint32 - 1}, place{at(1), math.MaxUint32}, place{at(1) + 1000, 0})
	write(t, e, f)
	wantRows(t, e, of(rebarTicks), f)
	wantRows(t, e, series.Query{Keys: []series.Key{rebarTicks}, Limit: 4}, f.Slice(0, 4))
	wantLines(t, "reversed", read(t, e, series.Query{Keys: []series.Key{rebarTicks}, Limit: 9, Reverse: true}), reversed(f)[:9])
}

// reversed returns the lines of f from the last to the first.
func reversed(f series.Frame) []string {
	all := lines(&f)
	slices.Reverse(all)
	return all
}

func tickRanges(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{at(1) - 1, 0}, place{at(1), 0}, place{at(1) + 999, 1}, place{at(1) + 3, 2000}, place{at(1) + 1000, 0}, place{at(1) + 1001, 1})
	write(t, e, f)
	wantRows(t, e, in(market.Range{From: at(1), To: at(1) + 1000}, rebarTicks), f.Slice(1, 4))
	wantRows(t, e, in(market.Range{To: at(1)}, rebarTicks), f.Slice(0, 1))
	wantRows(t, e, in(market.Range{From: at(1) + 1000}, rebarTicks), f.Slice(4, 6))
	wantRows(t, e, in(market.Range{From: at(1) - 1000, To: at(1) + 1000}, rebarTicks), f.Slice(0, 4))
	remove(t, e, rebarTicks, market.Range{From: at(1), To: at(1) + 1000})
	wantRows(t, e, of(rebarTicks), f.Slice(0, 1), f.Slice(4, 6))
}

func ticksAround1970(t tb, e series.Engine) {
	f := ticks(rebarTicks, 1, place{-1001, 0}, place{-1000, 1}, place{-1, 2}, place{1, 0}, place{999, 1}, place{1000, 0})
	write(t, e, f)
	wantRows(t, e, of(rebarTicks), f)
	wantRows(t, e, in(market.Range{From: -1000, To: 1000}, rebarTicks), f.Slice(1, 5))
	wantRows(t, e, in(market.Range{To: -1000}, rebarTicks), f.Slice(0, 1))
	// The microsecond at 1970 is the one in which 1 ns lies: 0 would be open.
	wantRows(t, e, in(market.Range{From: -1000, To: 1}, rebarTicks), f.Slice(1, 3))
}
