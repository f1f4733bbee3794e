package series_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// calendarNamed returns one of RedFire's calendars.
func calendarNamed(t testing.TB, name string) *market.Calendar {
	t.Helper()
	cs, err := market.NewCalendars()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cs.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at reads a time of Shanghai.
func at(t testing.TB, s string) market.Time {
	t.Helper()
	got, err := market.ParseTime(s, zone(t, "Asia/Shanghai"))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// minutesFrom returns bars of a minute, each with a price of its own.
func minutesFrom(t testing.TB, from, to string) []market.Bar {
	var all []market.Bar
	for m := at(t, from); m < at(t, to); m += 60e9 {
		price := float64(100 + m/60e9%1000)
		all = append(all, market.Bar{Time: m, Open: price, High: price + 2, Low: price - 1, Close: price + 1, Volume: 10, Turnover: 1000, OpenInterest: price})
	}
	return all
}

// plainSessions is the definition of Resample by a calendar, row by row.
func plainSessions(rows []market.Bar, v market.Interval, c *market.Calendar, r market.Range) (made []market.Bar, outside int) {
	w := c.Windows(v)
	for _, b := range rows {
		win, _, standing := w.At(b.Time)
		if standing == market.OutOfSession {
			outside++
		}
		if !standing.Trades() || !r.Contains(win.Time) || standing == market.InAuction && b.Volume == 0 {
			continue
		}
		last := len(made) - 1
		if last < 0 || made[last].Time != win.Time {
			b.Time = win.Time
			made = append(made, b)
			continue
		}
		a := &made[last]
		a.High, a.Low = math.Max(a.High, b.High), math.Min(a.Low, b.Low)
		a.Close, a.OpenInterest = b.Close, b.OpenInterest
		a.Volume += b.Volume
		a.Turnover += b.Turnover
	}
	return made, outside
}

func TestResampleBySessionsIsThatOfEachRow(t *testing.T) {
	c := calendarNamed(t, "shfe_au")
	// Two weeks around a weekend and the Labour Day holiday, every minute of the
	// clock: also those without trading.
	rows := minutesFrom(t, "2019-04-24 20:30", "2019-05-09 03:00")
	for i := range rows {
		if i%7 == 0 {
			rows[i].Volume = 0
		}
	}
	s := open(t)
	if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
		t.Fatal(err)
	}
	for _, v := range []market.Interval{5 * market.Minute, 30 * market.Minute, market.Hour, 4 * market.Hour, market.Day, market.Week} {
		for _, r := range []market.Range{
			{},
			{From: at(t, "2019-04-25"), To: at(t, "2019-04-27")},
			{From: at(t, "2019-04-26 10:40"), To: at(t, "2019-05-06 21:10")},
			{From: at(t, "2019-04-26 22:10"), To: at(t, "2019-04-30 09:00")},
			{From: at(t, "2019-04-28"), To: at(t, "2019-04-28 12:00")},
			{To: at(t, "2019-04-26 21:30")},
		} {
			bars, _ := c.Rows(v, r)
			want, outside := plainSessions(rows, v, c, bars)
			told := 0
			got := resampled(t, s, series.FoldQuery{
				Keys: []series.Key{bars1m}, Range: r, Interval: v, Calendar: c,
				Outside: func(k series.Key, at market.Time) { told++ },
			})
			if !slices.Equal(got, want) {
				t.Errorf("%s in %s: got %d bars, want %d\n%v\n%v", v, r, len(got), len(want), got, want)
			}
			if r == (market.Range{}) && told != outside {
				t.Errorf("%s: told of %d rows outside of sessions, want %d", v, told, outside)
			}
		}
	}
}

var bars1m = series.BarKey(rebar, market.Minute)

func TestDayBarHasTheNightBeforeIt(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	rows := slices.Concat(minutesFrom(t, "2019-05-10 20:59", "2019-05-10 23:01"), minutesFrom(t, "2019-05-13 09:00", "2019-05-13 15:01"))
	if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
		t.Fatal(err)
	}
	day := market.Range{From: at(t, "2019-05-13"), To: at(t, "2019-05-14")}
	got := resampled(t, s, series.FoldQuery{Keys: []series.Key{bars1m}, Range: day, Interval: market.Day, Calendar: c})
	// 122 bars of the night with its auction and its close, then those of the day
	// with the closes of 10:15, 11:30 and 15:00.
	if len(got) != 1 || got[0].Time != at(t, "2019-05-13") || got[0].Open != rows[0].Open || got[0].Volume != 10*(122+226+2) {
		t.Errorf("got %+v", got)
	}
	friday := market.Range{From: at(t, "2019-05-10"), To: at(t, "2019-05-11")}
	if got := resampled(t, s, series.FoldQuery{Keys: []series.Key{bars1m}, Range: friday, Interval: market.Day, Calendar: c}); len(got) != 0 {
		t.Errorf("the day before has %+v", got)
	}
}

func TestBarsOfTheClockGoIntoTheSessionThatBeginsInThem(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	hours := flat(at(t, "2019-05-13 09:00"), at(t, "2019-05-13 10:00"), at(t, "2019-05-13 11:00"), at(t, "2019-05-13 12:00"), at(t, "2019-05-13 13:00"), at(t, "2019-05-13 14:00"))
	if err := s.WriteBars(t.Context(), rebar, market.Hour, hours); err != nil {
		t.Fatal(err)
	}
	outside := 0
	got := resampled(t, s, series.FoldQuery{
		Keys: []series.Key{series.BarKey(rebar, market.Hour)}, Interval: market.Day, Calendar: c,
		Outside: func(series.Key, market.Time) { outside++ },
	})
	if len(got) != 1 || got[0].Volume != 5 || outside != 1 {
		t.Errorf("got %+v, %d outside", got, outside)
	}
	days := flat(at(t, "2019-05-13"), at(t, "2019-05-14"), at(t, "2019-05-20"))
	if err := s.WriteBars(t.Context(), rebar, market.Day, days); err != nil {
		t.Fatal(err)
	}
	got = resampled(t, s, series.FoldQuery{Keys: []series.Key{series.BarKey(rebar, market.Day)}, Interval: market.Week, Calendar: c})
	if len(got) != 2 || got[0].Volume != 2 || got[1].Time != at(t, "2019-05-20") {
		t.Errorf("weeks of days: got %+v", got)
	}
}

func TestResampleBeyondTheCalendarIsSaid(t *testing.T) {
	s := open(t)
	if err := s.WriteBars(t.Context(), rebar, market.Minute, minutesFrom(t, "2031-05-13 09:00", "2031-05-13 09:05")); err != nil {
		t.Fatal(err)
	}
	err := failure(s.Resample(t.Context(), series.FoldQuery{Keys: []series.Key{bars1m}, Interval: market.Day, Calendar: calendarNamed(t, "shfe_rb")}))
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want NotFound", err)
	}
}

// randomTicks returns ticks of some days with what feeds send: auctions, ticks at
// the close, repeated prices before the open, volume that begins anew.
func randomTicks(t testing.TB, rnd *rand.Rand, c *market.Calendar, days market.Dates) []market.Tick {
	var all []market.Tick
	for day := range c.TradingDays(days) {
		sessions, err := c.Sessions(day)
		if err != nil {
			t.Fatal(err)
		}
		volume := 0.0
		for i, s := range sessions {
			from := s.From
			if i == 0 || sessions[i-1].Night {
				from -= market.Time(rnd.IntN(6)) * 60e9
			}
			all = append(all, ticksOfSession(rnd, from, s.To+market.Time(rnd.IntN(90))*1e9, &volume)...)
		}
	}
	for i := range all {
		all[i].Seq = uint32(i)
	}
	slices.SortStableFunc(all, func(a, b market.Tick) int { return cmp.Compare(a.Time, b.Time) })
	return all
}

// ticksOfSession returns ticks that count on from volume.
func ticksOfSession(rnd *rand.Rand, from, to market.Time, volume *float64) []market.Tick {
	var all []market.Tick
	for now := from; now < to; now += market.Time(rnd.IntN(200_000)) * 1e6 {
		if rnd.IntN(3) > 0 {
			*volume += float64(rnd.IntN(5))
		}
		price := float64(100 + rnd.IntN(20))
		if rnd.IntN(30) == 0 {
			price = 0
		}
		all = append(all, market.Tick{Time: now, LastPrice: price, LastVolume: 1, Volume: *volume, Turnover: *volume * 10})
	}
	return all
}

func TestBarCloserMakesTheBarsOfResample(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		name := []string{"shfe_au", "shfe_rb", "cffex_if", "china_stocks", "us_stocks", "24x7"}[seed%6]
		c := calendarNamed(t, name)
		rows := randomTicks(t, rnd, c, market.Dates{First: market.DateOf(2019, 4, 24), Last: market.DateOf(2019, 5, 8)})
		for _, volume := range []market.TickVolume{market.Traded, market.Cumulative} {
			for _, v := range []market.Interval{market.Minute, 30 * market.Minute, market.Hour, market.Day} {
				compareCloser(t, fmt.Sprintf("seed %d, %s, %s, %s", seed, name, volume, v), c, rows, volume, v)
			}
		}
	}
}

func compareCloser(t *testing.T, name string, c *market.Calendar, rows []market.Tick, volume market.TickVolume, v market.Interval) {
	t.Helper()
	s := open(t)
	writeTicks(t, s, rebar, volume, rows...)
	want := resampled(t, s, series.FoldQuery{Keys: []series.Key{ticks}, Interval: v, Calendar: c})
	var now market.Time
	closer := &market.BarCloser{Calendar: c, Interval: v, Volume: volume, Wait: time.Minute, Now: func() time.Time { return now.UTC() }}
	var got []market.Bar
	add := func(b market.Bar, closed bool) {
		if closed {
			got = append(got, b)
		}
	}
	for _, tick := range rows {
		if due, ok := closer.Due(); ok && due < tick.Time {
			now = due
			add(closer.Expire())
		}
		now = tick.Time
		b, closed, err := closer.Add(&tick)
		if err != nil && !errors.Is(err, fault.NotFound) {
			t.Fatalf("%s: %v", name, err)
		}
		add(b, closed)
	}
	now += 1e18
	add(closer.Expire())
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d bars, want %d", name, len(got), len(want))
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("bar %d: got %+v, want %+v", i, got[i], want[i])
			}
		}
	}
}

func TestCumulativeDayBeginsWhereTheCalendarSays(t *testing.T) {
	s := open(t)
	tick := func(when string, price, volume float64) market.Tick {
		return market.Tick{Time: at(t, when), LastPrice: price, Volume: volume}
	}
	writeTicks(t, s, rebar, market.Cumulative,
		tick("2019-05-08 14:58", 100, 3), tick("2019-05-08 14:59", 100, 5),
		// The next day has traded more than the one before when it is first seen.
		tick("2019-05-08 21:00", 101, 9), tick("2019-05-08 21:01", 101, 10))
	q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Calendar: calendarNamed(t, "shfe_rb")}
	for _, from := range []string{"2019-05-08 14:59", "2019-05-08 21:00", "2019-05-08 21:01"} {
		q.Range = market.Range{From: at(t, from)}
		var got []float64
		for _, b := range resampled(t, s, q) {
			got = append(got, b.Volume)
		}
		want := []float64{2, 9, 1}[3-len(got):]
		if !slices.Equal(got, want) {
			t.Errorf("from %s: got %v, want %v", from, got, want)
		}
	}
}
