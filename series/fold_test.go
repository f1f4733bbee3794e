package series_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := market.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// plainFold is the definition of Resample, row by row and window by window.
func plainFold(rows []market.Bar, v market.Interval, z *time.Location) []market.Bar {
	var all []market.Bar
	for _, b := range rows {
		from, _ := v.Window(b.Time, z)
		last := len(all) - 1
		if last < 0 || all[last].Time != from {
			b.Time = from
			all = append(all, b)
			continue
		}
		a := &all[last]
		a.High, a.Low = math.Max(a.High, b.High), math.Min(a.Low, b.Low)
		a.Close, a.OpenInterest = b.Close, b.OpenInterest
		a.Volume += b.Volume
		a.Turnover += b.Turnover
	}
	return all
}

// resampled returns the bars that s makes.
func resampled(t *testing.T, s *series.Store, q series.FoldQuery) []market.Bar {
	t.Helper()
	var got []market.Bar
	for f, err := range s.Resample(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Key.Kind != series.Bars || f.Key.Interval != q.Interval {
			t.Fatalf("got a frame of %s, want bars of %s", f.Key, q.Interval)
		}
		got = slices.AppendSeq(got, f.Bars())
	}
	return got
}

func TestRealBarsResampleAsTheDefinitionSays(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "America/New_York"), zone(t, "Asia/Kolkata")}
	for _, set := range fewer.Some(realdata.Open(t).Bars) {
		s := open(t)
		rows := all(t, set.Rows(), func(b market.Bar) market.Bar { return b })
		if err := s.WriteBars(t.Context(), set.Symbol, set.Interval, rows); err != nil {
			t.Fatal(err)
		}
		for _, v := range []market.Interval{15 * market.Minute, market.Hour, 7 * market.Hour, 24 * market.Hour, market.Day, market.Week} {
			if set.Interval == market.Day && v != market.Week || set.Interval > 0 && v > 0 && v%set.Interval != 0 {
				continue
			}
			wantFolds(t, s, series.BarKey(set.Symbol, set.Interval), rows, v, zones)
		}
	}
}

// wantFolds wants the rows of k to become bars of v as the definition says, in
// every zone.
func wantFolds(t *testing.T, s *series.Store, k series.Key, rows []market.Bar, v market.Interval, zones []*time.Location) {
	t.Helper()
	for _, z := range zones {
		q := series.FoldQuery{Keys: []series.Key{k}, Interval: v, Zone: z, Volume: market.Traded}
		if got, want := resampled(t, s, q), plainFold(rows, v, z); !slices.Equal(got, want) {
			t.Errorf("%s to %s in %s: got %d bars, want %d, or other ones", k, v, z, len(got), len(want))
		}
	}
}

func TestRealTradesMakeTheBarsThatTheDefinitionSays(t *testing.T) {
	for _, set := range fewer.Some(realdata.Open(t).Ticks) {
		s := open(t)
		rows := all(t, set.Rows(), func(x realdata.Trade) market.Tick { return x.Tick })
		if err := s.WriteTicks(t.Context(), set.Symbol, rows); err != nil {
			t.Fatal(err)
		}
		var trades []market.Bar
		for _, x := range rows {
			trades = append(trades, market.Bar{Time: x.Time, Open: x.LastPrice, High: x.LastPrice, Low: x.LastPrice, Close: x.LastPrice, Volume: x.LastVolume})
		}
		for _, v := range []market.Interval{market.Second, market.Minute, market.Day} {
			wantFolds(t, s, series.TickKey(set.Symbol), trades, v, []*time.Location{time.UTC})
		}
	}
}

func TestDaysOfDaylightSavingTimeHave23And25Hours(t *testing.T) {
	z := zone(t, "America/New_York")
	for _, c := range []struct {
		day   time.Time
		hours int
	}{{time.Date(2025, 3, 9, 0, 0, 0, 0, z), 23}, {time.Date(2025, 11, 2, 0, 0, 0, 0, z), 25}} {
		s := open(t)
		var rows []market.Bar
		for at := c.day.AddDate(0, 0, -1); at.Before(c.day.AddDate(0, 0, 2)); at = at.Add(time.Minute) {
			rows = append(rows, market.Bar{Time: market.Time(at.UnixNano()), Open: 1, High: 1, Low: 1, Close: 1, Volume: 1})
		}
		writeBars(t, s, rows...)
		q := series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Day, Zone: z}
		days := resampled(t, s, q)
		if len(days) != 3 || days[1].Volume != float64(c.hours*60) || !days[1].Time.In(z).Equal(c.day) {
			t.Errorf("%s: got %v, want a day of %d hours in the middle", c.day.Format(time.DateOnly), days, c.hours)
		}
		q.Interval = market.Hour
		if hours := resampled(t, s, q); len(hours) != 48+c.hours {
			t.Errorf("%s: got %d hours, want %d", c.day.Format(time.DateOnly), len(hours), 48+c.hours)
		}
	}
}

func TestNoBarIsMadeOfAPartOfItsRows(t *testing.T) {
	s := open(t)
	writeBars(t, s, manyBars(180)...)
	q := series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Hour, Zone: time.UTC}
	whole := resampled(t, s, q)
	q.Range = market.Range{From: minute(61), To: minute(61) + 1e9}
	if got := resampled(t, s, q); !slices.Equal(got, whole[1:2]) {
		t.Errorf("a minute out of the second hour: got %v, want %v", got, whole[1:2])
	}
	q.Range = market.Range{From: minute(60), To: minute(120)}
	if got := resampled(t, s, q); !slices.Equal(got, whole[1:2]) {
		t.Errorf("the second hour: got %v, want %v", got, whole[1:2])
	}
	for _, i := range []int{60, 61} {
		q.Range = market.Range{From: minute(i), To: minute(i)}
		if got := resampled(t, s, q); len(got) != 0 {
			t.Errorf("no time at all, from minute %d: got %v", i, got)
		}
	}
}

func TestAWindowThatBeginsWith1970IsNoOpenEnd(t *testing.T) {
	s := open(t)
	at := func(sec market.Time) market.Bar {
		return market.Bar{Time: sec * 1e9, Open: 1, High: 1, Low: 1, Close: 1, Volume: 1}
	}
	writeBars(t, s, at(-7200), at(-60), at(60), at(7200))
	q := series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Hour, Zone: time.UTC}
	q.Range = market.Range{From: 60e9, To: 120e9}
	if got := resampled(t, s, q); len(got) != 1 || got[0].Volume != 1 {
		t.Errorf("the first hour of 1970: got %v, want one bar", got)
	}
	q.Range = market.Range{From: -60e9, To: -1e9}
	if got := resampled(t, s, q); len(got) != 1 || got[0].Time != -3600e9 {
		t.Errorf("the last hour of 1969: got %v, want one bar", got)
	}
}

func TestCumulativeVolumeIsCountedFromTickToTick(t *testing.T) {
	s := open(t)
	at := func(sec int, price, volume, turnover float64) market.Tick {
		return market.Tick{Time: minute(0) + market.Time(sec)*1e9, LastPrice: price, LastVolume: 99, Volume: volume, Turnover: turnover, OpenInterest: float64(sec)}
	}
	err := s.WriteTicks(t.Context(), rebar, []market.Tick{
		at(0, 10, 100, 1000), at(30, 11, 130, 1330), // the first counts nothing
		at(60, 0, 150, 1500), at(90, 12, 160, 1690), // no price: counted with the next
		at(120, 9, 5, 45), at(150, 8, 6, 53), // a new trading day
	})
	if err != nil {
		t.Fatal(err)
	}
	q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Zone: time.UTC, Volume: market.Cumulative}
	want := []market.Bar{
		{Time: minute(0), Open: 10, High: 11, Low: 10, Close: 11, Volume: 30, Turnover: 330, OpenInterest: 30},
		{Time: minute(1), Open: 12, High: 12, Low: 12, Close: 12, Volume: 30, Turnover: 360, OpenInterest: 90},
		{Time: minute(2), Open: 9, High: 9, Low: 8, Close: 8, Volume: 6, Turnover: 53, OpenInterest: 150},
	}
	if got := resampled(t, s, q); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := s.Write(t.Context(), []series.Frame{{Key: ticks, Attrs: map[string]string{series.AttrTickVolume: "cumulative"}}}, nil); err != nil {
		t.Fatal(err)
	}
	q.Volume = "" // what the series says of itself
	for i := range want {
		q.Range = market.Range{From: minute(i), To: minute(i + 1)}
		if got := resampled(t, s, q); !slices.Equal(got, want[i:i+1]) {
			t.Errorf("minute %d alone: got %v, want %v", i, got, want[i])
		}
	}
}

func TestATickWithoutAPriceMayTellThatADayHasBegun(t *testing.T) {
	s := open(t)
	at := func(i int, price, volume float64) market.Tick {
		return market.Tick{Time: minute(i), LastPrice: price, Volume: volume}
	}
	rows := []market.Tick{at(0, 10, 5), at(1, 0, 0), at(2, 0, 3), at(3, 10, 10)}
	for i := range 100 { // more than are read at once
		rows = append(rows, at(4+i, 0, 20))
	}
	writeTicks(t, s, rebar, market.Cumulative, append(rows, at(104, 10, 11))...)
	for from, want := range map[int][]float64{0: {0, 10, 1}, 1: {10, 1}, 2: {10, 1}, 3: {10, 1}, 4: {1}, 104: {1}} {
		q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Zone: time.UTC, Range: market.Range{From: minute(from)}}
		var got []float64
		for _, b := range resampled(t, s, q) {
			got = append(got, b.Volume)
		}
		if !slices.Equal(got, want) {
			t.Errorf("from minute %d: got volumes %v, want %v", from, got, want)
		}
	}
}

func TestTurnoverThatIsMissingLeavesVolumeAlone(t *testing.T) {
	s := open(t)
	writeTicks(t, s, rebar, market.Cumulative,
		market.Tick{Time: minute(0), LastPrice: 10, Volume: 1000, Turnover: 1e6},
		market.Tick{Time: minute(0) + 1e9, LastPrice: 10, Volume: 1001},
		market.Tick{Time: minute(0) + 2e9, LastPrice: 10, Volume: 1002, Turnover: 1.002e6})
	q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Hour, Zone: time.UTC}
	if got := resampled(t, s, q); len(got) != 1 || got[0].Volume != 2 {
		t.Errorf("got %v, want one bar of volume 2", got)
	}
}

// partial is an engine that folds one bar, and fails then.
type partial struct{ series.Engine }

func (partial) Fold(context.Context, series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		f := series.FrameOfBars(rebar, market.Hour, []market.Bar{bar(0, 1)})
		if yield(&f, nil) {
			yield(nil, fault.Unsupported)
		}
	}
}

func TestAFoldThatFailsMidwayIsNotBegunAgain(t *testing.T) {
	s := series.New(partial{memseries.NewEngine()}, nil)
	writeBars(t, s, bar(0, 1), bar(61, 1))
	rows := 0
	var failed error
	for f, err := range s.Resample(t.Context(), series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Hour, Zone: time.UTC}) {
		if failed = err; err == nil {
			rows += f.Len()
		}
	}
	if rows != 1 || !errors.Is(failed, fault.Unsupported) {
		t.Errorf("got %d bars and %v, want 1 and fault.Unsupported", rows, failed)
	}
}

// unable is an engine that cannot fold, and must not be read while it says so.
type unable struct {
	series.Engine
	folding bool
	t       *testing.T
}

func (e *unable) Fold(context.Context, series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		e.folding = true
		yield(nil, errors.ErrUnsupported)
		e.folding = false
	}
}

func (e *unable) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	if e.folding {
		e.t.Error("the engine is read inside of Fold")
	}
	return e.Engine.Read(ctx, q)
}

func TestTheStoreFoldsWhenTheEngineHasSaidThatItCannot(t *testing.T) {
	s := series.New(&unable{Engine: memseries.NewEngine(), t: t}, nil)
	writeBars(t, s, bar(0, 1))
	if got := resampled(t, s, series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Hour, Zone: time.UTC}); len(got) != 1 {
		t.Errorf("got %v, want one bar", got)
	}
}

func TestAFoldThatMakesNoSenseIsRefused(t *testing.T) {
	s := open(t)
	f := func(name string, k series.Key, spoil func(*series.FoldQuery)) {
		t.Helper()
		q := series.FoldQuery{Keys: []series.Key{k}, Interval: market.Hour, Zone: time.UTC, Volume: market.Traded}
		spoil(&q)
		if err := failure(s.Resample(t.Context(), q)); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want fault.Invalid", name, err)
		}
	}
	to := func(v market.Interval) func(*series.FoldQuery) { return func(q *series.FoldQuery) { q.Interval = v } }
	f("no zone", bars, func(q *series.FoldQuery) { q.Zone = nil })
	f("no interval", bars, to(0))
	f("the same interval", bars, to(market.Minute))
	f("a finer one", bars, to(market.Second))
	f("hours of days", series.BarKey(rebar, market.Day), to(market.Hour))
	f("days of weeks", series.BarKey(rebar, market.Week), to(market.Day))
	f("90 minutes of hours", series.BarKey(rebar, market.Hour), to(90*market.Minute))
	f("ticks that count in another way", ticks, func(q *series.FoldQuery) { q.Volume = "total" })
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{tick(1, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	f("ticks that count nobody knows how", ticks, func(q *series.FoldQuery) { q.Volume = "" })
	f("an indicator", series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "rsi"}, to(market.Hour))
	f("a range backwards", bars, func(q *series.FoldQuery) { q.Range = market.Range{From: 2e9, To: 1e9} })
}

func TestAReaderMayStopInTheMiddleOfAFold(t *testing.T) {
	s := open(t)
	writeBars(t, s, manyBars(10_000)...)
	frames := 0
	for f, err := range s.Resample(t.Context(), series.FoldQuery{Keys: []series.Key{bars}, Interval: 2 * market.Minute, Zone: time.UTC}) {
		if err != nil || f.Len() != 4096 {
			t.Fatalf("got a frame of %d bars, %v, want 4096", f.Len(), err)
		}
		frames++
		break
	}
	if frames != 1 {
		t.Errorf("got %d frames, want 1", frames)
	}
}

func BenchmarkStoreResamplesMinutesToHours(b *testing.B) {
	const rows = 200_000
	s := memseries.Open(nil)
	if err := s.WriteBars(b.Context(), rebar, market.Minute, manyBars(rows)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range s.Resample(b.Context(), series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Hour, Zone: zone(b, "Asia/Shanghai")}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b, rows)
}

// counts is a tick that says what was traded since the day began.
func counts(at market.Time, price, volume, turnover float64) market.Tick {
	return market.Tick{Time: at, LastPrice: price, LastVolume: 77, Volume: volume, Turnover: turnover}
}

func putTicks(t *testing.T, s *series.Store, rows ...market.Tick) {
	t.Helper()
	if err := s.WriteTicks(t.Context(), rebar, rows); err != nil {
		t.Fatal(err)
	}
}

func TestTheTickBeforeARangeIsFoundHoweverFarItIs(t *testing.T) {
	for _, silent := range []int{0, 1, 63, 64, 65, 4095, 4096, 4097, 9000} {
		s := open(t)
		rows := []market.Tick{counts(minute(-1), 9, 40, 400), counts(minute(0), 10, 100, 1000)}
		for i := range silent {
			rows = append(rows, counts(minute(0)+market.Time(i+1)*1e6, 0, 110, 1100))
		}
		putTicks(t, s, append(rows, counts(minute(1), 11, 130, 1350))...)
		q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Zone: time.UTC, Volume: market.Cumulative}
		q.Range.From = minute(1)
		want := market.Bar{Time: minute(1), Open: 11, High: 11, Low: 11, Close: 11, Volume: 30, Turnover: 350}
		if got := resampled(t, s, q); len(got) != 1 || got[0] != want {
			t.Errorf("%d ticks without a price between: got %v, want %v", silent, got, want)
		}
	}
}

func TestVolumeAndTurnoverBeginAnewEachByItself(t *testing.T) {
	s := open(t)
	putTicks(t, s, counts(minute(0), 10, 10, 100),
		counts(minute(1), 10, 12, 60), // less turnover
		counts(minute(2), 10, 3, 70),  // less volume
		counts(minute(3), 10, 3, 70))  // as much of both
	q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Zone: time.UTC, Volume: market.Cumulative}
	var got []float64
	for _, b := range resampled(t, s, q) {
		got = append(got, b.Volume, b.Turnover)
	}
	if want := []float64{0, 0, 2, 60, 3, 10, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("got volumes and turnovers %v, want %v", got, want)
	}
}

func TestABarHasTheOpenInterestOfItsLastRowAlsoIfThatIs0(t *testing.T) {
	s := open(t)
	a, b := tick(1, 0, 1), tick(2, 0, 1)
	a.OpenInterest = 5
	putTicks(t, s, a, b)
	rows := []market.Bar{bar(0, 1), bar(1, 1)}
	rows[1].OpenInterest = 0
	writeBars(t, s, rows...)
	for _, k := range []series.Key{bars, ticks} {
		q := series.FoldQuery{Keys: []series.Key{k}, Interval: market.Hour, Zone: time.UTC, Volume: market.Traded}
		if got := resampled(t, s, q); len(got) != 1 || got[0].OpenInterest != 0 {
			t.Errorf("%s: got %v, want one bar of open interest 0", k, got)
		}
	}
}

func TestEveryWindowEndsAtMidnight(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Asia/Shanghai"), zone(t, "America/New_York"), zone(t, "Asia/Kolkata")}
	for _, first := range []market.Time{-200_000, 1741392000, 1761955200} { // 1969, and when clocks are changed in New York
		s := open(t)
		var rows []market.Bar
		for i := range 3 * 24 * 6 {
			b := bar(i, float64(i*7%13))
			b.Time = (first + market.Time(600*i)) * 1e9
			rows = append(rows, b)
		}
		k := series.BarKey(rebar, 10*market.Minute)
		if err := s.WriteBars(t.Context(), rebar, k.Interval, rows); err != nil {
			t.Fatal(err)
		}
		for _, v := range []market.Interval{20 * market.Minute, 7 * market.Hour, 24 * market.Hour, market.Day, market.Week} {
			wantFolds(t, s, k, rows, v, zones)
		}
	}
}

func TestAFoldOfManyBarsLosesNone(t *testing.T) {
	for _, n := range []int{4095, 4096, 4097, 2 * 4096, 10_000} {
		s := open(t)
		rows := manyBars(2 * n)
		writeBars(t, s, rows...)
		q := series.FoldQuery{Keys: []series.Key{bars}, Interval: 2 * market.Minute, Zone: time.UTC}
		if got, want := resampled(t, s, q), plainFold(rows, q.Interval, q.Zone); len(want) != n || !slices.Equal(got, want) {
			t.Errorf("got %d bars, want %d, or other ones", len(got), len(want))
		}
	}
}

func TestAReaderMayStopBetweenTheKeysOfAFold(t *testing.T) {
	two := market.Symbol{Code: "cu2601", Exchange: market.SHFE}
	for _, e := range []series.Engine{memseries.NewEngine(), &folding{Engine: memseries.NewEngine()}} {
		s := series.New(e, nil)
		keys := []series.Key{bars, series.BarKey(two, market.Minute)}
		if _, err := s.Write(t.Context(), []series.Frame{manyRows(keys[0], 1, 7), manyRows(keys[1], 1, 7)}, nil); err != nil {
			t.Fatal(err)
		}
		q := series.FoldQuery{Keys: keys, Interval: market.Hour, Zone: time.UTC}
		wantFirst(t, s.Resample(t.Context(), q))
		if all := collect(t, s.Resample(t.Context(), q)); len(all) != 2 {
			t.Errorf("got %d frames, want 2", len(all))
		}
	}
}

// folding is an engine that folds: it answers each query with one bar, and then
// err if there is one.
type folding struct {
	series.Engine
	err error
}

func (e *folding) Fold(_ context.Context, q series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		f := series.FrameOfBars(q.Keys[0].Symbol, q.Interval, []market.Bar{bar(0, 42)})
		if yield(&f, nil) && e.err != nil {
			yield(nil, e.err)
		}
	}
}

func TestAnErrorInAFoldIsTold(t *testing.T) {
	e := newUnsure()
	s := series.New(e, nil)
	writeBars(t, s, bar(0, 1))
	putTicks(t, s, tick(1, 0, 1))
	e.reads = fault.Unavailable
	broken := series.New(&folding{memseries.NewEngine(), fault.Unavailable}, nil)
	q := series.FoldQuery{Keys: []series.Key{bars}, Interval: market.Hour, Zone: time.UTC}
	f := func(name string, s *series.Store, q series.FoldQuery) {
		t.Helper()
		if err := failure(s.Resample(t.Context(), q)); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: got %v, want fault.Unavailable", name, err)
		}
	}
	f("of an engine that folds", broken, q)
	f("of bars that are read", s, q)
	q.Keys = []series.Key{series.TickKey(market.Symbol{Code: "none", Exchange: market.DCE})}
	f("of an overview", s, q)
	q.Volume, q.Range = market.Cumulative, market.Range{From: minute(60)}
	f("of the tick before", series.New(backless{memseries.NewEngine()}, nil), q)
}

// backless is an engine that cannot read backwards.
type backless struct{ series.Engine }

func (e backless) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	if q.Reverse {
		return ending[*series.Frame](func(func(*series.Frame, error) bool) {}, fault.Unavailable)
	}
	return e.Engine.Read(ctx, q)
}

func TestTicksWhoseAttributeSaysNothingKnownAreNotFolded(t *testing.T) {
	s := open(t)
	f := series.FrameOfTicks(rebar, []market.Tick{tick(1, 0, 1)})
	f.Attrs = map[string]string{series.AttrTickVolume: "total"}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Hour, Zone: time.UTC}
	if err := failure(s.Resample(t.Context(), q)); !errors.Is(err, fault.SeriesQuery) {
		t.Errorf("got %v, want fault.SeriesQuery", err)
	}
	q.Volume, q.Interval = market.Traded, 0
	if err := failure(s.Resample(t.Context(), q)); !errors.Is(err, fault.Invalid) {
		t.Errorf("without an interval: got %v, want fault.Invalid", err)
	}
}

func TestAPriceBelow0IsATrade(t *testing.T) {
	s := open(t)
	putTicks(t, s, counts(minute(0), -30, 100, -3000), counts(minute(1), -37.63, 130, -2500), counts(minute(2), -1, 140, -2400))
	q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Zone: time.UTC, Volume: market.Cumulative}
	q.Range.From = minute(1)
	want := []market.Bar{
		{Time: minute(1), Open: -37.63, High: -37.63, Low: -37.63, Close: -37.63, Volume: 30, Turnover: 500},
		{Time: minute(2), Open: -1, High: -1, Low: -1, Close: -1, Volume: 10, Turnover: 100},
	}
	if got := resampled(t, s, q); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNoDayIsMadeOfDaysAndNoWeekOfWeeks(t *testing.T) {
	s := open(t)
	for _, v := range []market.Interval{market.Day, market.Week} {
		q := series.FoldQuery{Keys: []series.Key{series.BarKey(rebar, v)}, Interval: v, Zone: time.UTC}
		if err := failure(s.Resample(t.Context(), q)); !errors.Is(err, fault.SeriesQuery) {
			t.Errorf("%s: got %v, want fault.SeriesQuery", v, err)
		}
	}
}
