package series_test

import (
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// stamped returns flat bars, each of them with a price and a volume of its own.
func stamped(t testing.TB, times ...string) []market.Bar {
	var all []market.Bar
	for i, s := range times {
		x := float64(i + 1)
		all = append(all, market.Bar{Time: at(t, s), Open: x, High: x, Low: x, Close: x, Volume: x})
	}
	return all
}

func TestBarsOfTheClockBelongToTheirSessionInAnyRange(t *testing.T) {
	c := calendarNamed(t, "cffex_if")
	s := open(t)
	// Trading begins at 09:30.
	rows := stamped(t, "2019-05-13 09:00", "2019-05-13 10:00", "2019-05-13 13:00", "2019-05-14 09:00")
	if err := s.WriteBars(t.Context(), rebar, market.Hour, rows); err != nil {
		t.Fatal(err)
	}
	q := series.FoldQuery{Keys: []series.Key{series.BarKey(rebar, market.Hour)}, Calendar: c}
	f := func(v market.Interval, from, to string, want ...float64) {
		t.Helper()
		q.Interval, q.Range = v, market.Range{From: at(t, from), To: at(t, to)}
		var got []float64
		for _, b := range resampled(t, s, q) {
			got = append(got, b.Volume)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s from %s to %s: got volumes %v, want %v", v, from, to, got, want)
		}
	}
	f(2*market.Hour, "2019-05-13 09:30", "2019-05-13 11:00", 3)
	f(2*market.Hour, "2019-05-13 09:31", "2019-05-13 09:32", 3)
	f(2*market.Hour, "2019-05-13 13:00", "2019-05-15", 3, 4)
	f(market.Day, "2019-05-13", "2019-05-15", 6, 4)
	f(market.Day, "2019-05-13", "2019-05-14", 6)
	f(market.Week, "2019-05-13", "2019-05-20", 10)
	f(market.Week, "2019-05-14", "2019-05-20", 10)
}

func TestABarOfTheClockThatReachesAnAuctionAloneIsOneOfTheAuction(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	rows := stamped(t, "2019-05-13 20:45", "2019-05-13 21:00", "2019-05-14 08:45", "2019-05-14 09:00")
	rows[0].Volume = 0 // the price of the session before, once more
	if err := s.WriteBars(t.Context(), rebar, 15*market.Minute, rows); err != nil {
		t.Fatal(err)
	}
	got := resampled(t, s, series.FoldQuery{Keys: []series.Key{series.BarKey(rebar, 15*market.Minute)}, Interval: market.Hour, Calendar: c})
	if len(got) != 2 || got[0].Open != 2 || got[0].Volume != 2 || got[1].Open != 3 || got[1].Volume != 7 {
		t.Errorf("got %+v", got)
	}
}

func TestARangeBetweenSessionsHasNoBars(t *testing.T) {
	c := calendarNamed(t, "us_stocks")
	s := open(t)
	writeTicks(t, s, rebar, market.Cumulative, market.Tick{Time: at(t, "2019-05-10 23:00"), LastPrice: 1, Volume: 1}, market.Tick{Time: at(t, "2019-05-13 23:00"), LastPrice: 1, Volume: 1})
	weekend := market.Range{From: at(t, "2019-05-11 20:00"), To: at(t, "2019-05-12 20:00")}
	for _, v := range []market.Interval{market.Minute, market.Hour, market.Day} {
		for _, volume := range []market.TickVolume{market.Traded, market.Cumulative} {
			got := resampled(t, s, series.FoldQuery{Keys: []series.Key{ticks}, Range: weekend, Interval: v, Calendar: c, Volume: volume})
			if len(got) != 0 {
				t.Errorf("%s of %s: got %+v", v, volume, got)
			}
		}
	}
}

func TestRowsThatAreAskedForAreToldIfTheyLieOutside(t *testing.T) {
	s := open(t)
	rows := stamped(t, "2019-05-13 08:00", "2019-05-13 09:00", "2019-05-13 20:00")
	if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
		t.Fatal(err)
	}
	var told []market.Time
	got := resampled(t, s, series.FoldQuery{
		Keys: []series.Key{bars1m}, Interval: market.Day, Calendar: calendarNamed(t, "cffex_if"),
		Range:   market.Range{From: at(t, "2019-05-13"), To: at(t, "2019-05-14")},
		Outside: func(_ series.Key, t market.Time) { told = append(told, t) },
	})
	if len(got) != 0 || !slices.Equal(told, []market.Time{rows[0].Time, rows[1].Time, rows[2].Time}) {
		t.Errorf("got %+v, told of %v", got, told)
	}
}

func TestWhatCountsBeforeARangeIsWhatCountsInTheWhole(t *testing.T) {
	f := func(want []float64, rows ...market.Tick) {
		t.Helper()
		s := open(t)
		writeTicks(t, s, rebar, market.Cumulative, rows...)
		q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Calendar: calendarNamed(t, "shfe_rb")}
		for _, from := range []string{"", "2019-05-13 21:00", "2019-05-13 22:00"} {
			if from != "" {
				q.Range.From = at(t, from)
			}
			var got []float64
			for _, b := range resampled(t, s, q) {
				got = append(got, b.Volume)
			}
			if !slices.Equal(got, want) {
				t.Errorf("from %q: got %v, want %v", from, got, want)
			}
		}
	}
	tick := func(when string, price, volume float64) market.Tick {
		return market.Tick{Time: at(t, when), LastPrice: price, Volume: volume}
	}
	first, second := tick("2019-05-13 22:30", 100, 50), tick("2019-05-13 22:31", 100, 57)
	f([]float64{0, 7}, first, second)
	// These do not count: one lies in no session, one has no price.
	f([]float64{0, 7}, tick("2019-05-09 17:00", 100, 90), first, second)
	f([]float64{0, 7}, tick("2019-05-09 14:00", 0, 90), first, second)
}

func TestATickThatCountsIsFoundBehindManyThatDoNot(t *testing.T) {
	s := open(t)
	rows := []market.Tick{{Time: at(t, "2019-05-09 14:00"), LastPrice: 100, Volume: 90}}
	for i := range 5000 {
		rows = append(rows, market.Tick{Time: at(t, "2019-05-09 17:00") + market.Time(i)*1e9, LastPrice: 100, Volume: 90})
	}
	rows = append(rows, market.Tick{Time: at(t, "2019-05-13 22:30"), LastPrice: 100, Volume: 50})
	writeTicks(t, s, rebar, market.Cumulative, rows...)
	for _, from := range []string{"2019-05-09", "2019-05-13 21:00"} {
		q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Calendar: calendarNamed(t, "shfe_rb"), Range: market.Range{From: at(t, from)}}
		got := resampled(t, s, q)
		if last := len(got) - 1; last < 0 || got[last].Volume != 50 {
			t.Errorf("from %s: got %+v, want 50 in the last", from, got)
		}
	}
}

func TestTheEndsOfARangeByACalendar(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	if err := s.WriteBars(t.Context(), rebar, market.Minute, minutesFrom(t, "2019-05-13 09:00", "2019-05-13 11:30")); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteBars(t.Context(), rebar, market.Day, stamped(t, "2019-05-13", "2019-05-14", "2019-05-15")); err != nil {
		t.Fatal(err)
	}
	q := series.FoldQuery{Keys: []series.Key{bars1m}, Interval: market.Hour, Calendar: c, Zone: zone(t, "Asia/Tokyo")}
	q.Range = market.Range{From: at(t, "2019-05-13 10:05"), To: at(t, "2019-05-13 10:05")}
	if got := resampled(t, s, q); len(got) != 0 {
		t.Errorf("nothing was asked for, got %+v", got)
	}
	// A zone does not count beside a calendar: the bar of 10:00 is one of 09:05.
	q.Range = market.Range{From: at(t, "2019-05-13 09:05"), To: at(t, "2019-05-13 09:10")}
	if got := resampled(t, s, q); len(got) != 1 || got[0].Time != at(t, "2019-05-13 09:00") {
		t.Errorf("got %+v", got)
	}
	q.Range = market.Range{From: at(t, "2019-05-13 11:16")}
	if got := resampled(t, s, q); len(got) != 1 || got[0].Time != at(t, "2019-05-13 11:15") {
		t.Errorf("got %+v", got)
	}
	q = series.FoldQuery{Keys: []series.Key{series.BarKey(rebar, market.Day)}, Interval: market.Week, Calendar: c}
	q.Range = market.Range{From: at(t, "2019-05-14 12:00"), To: at(t, "2019-05-15")}
	if got := resampled(t, s, q); len(got) != 1 || got[0].Volume != 6 {
		t.Errorf("a week of days: got %+v", got)
	}
}

func TestCountingGoesOnWhereARangeBegins(t *testing.T) {
	s := open(t)
	tick := func(when string, volume float64) market.Tick {
		return market.Tick{Time: at(t, when), LastPrice: 1, Volume: volume}
	}
	writeTicks(t, s, rebar, market.Cumulative, tick("2019-05-10 14:00", 90), tick("2019-05-13 09:30", 100), tick("2019-05-13 14:00", 107))
	q := series.FoldQuery{Keys: []series.Key{ticks}, Interval: market.Minute, Calendar: calendarNamed(t, "shfe_rb"), Range: market.Range{From: at(t, "2019-05-13 14:00")}}
	if got := resampled(t, s, q); len(got) != 1 || got[0].Volume != 7 {
		t.Errorf("got %+v", got)
	}
}

func TestResampleBySessionsStopsWhereItIsTold(t *testing.T) {
	s := open(t)
	rows := minutesFrom(t, "2019-05-01", "2019-05-08")
	other := series.BarKey(market.Symbol{Code: "other", Exchange: market.SHFE}, market.Minute)
	for _, y := range []market.Symbol{rebar, other.Symbol} {
		if err := s.WriteBars(t.Context(), y, market.Minute, rows); err != nil {
			t.Fatal(err)
		}
	}
	// More bars than a frame has: it stops before the rows end.
	for _, err := range s.Resample(t.Context(), series.FoldQuery{Keys: []series.Key{bars1m, other}, Interval: 2 * market.Minute, Calendar: calendarNamed(t, "24x7")}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

func TestRowsBeforeTheAskedOnesAreNotToldThoughTheyAreCounted(t *testing.T) {
	s := open(t)
	tick := func(when string, volume float64) market.Tick {
		return market.Tick{Time: at(t, when), LastPrice: 1, Volume: volume}
	}
	writeTicks(t, s, rebar, market.Cumulative, tick("2019-05-13 08:00", 1), tick("2019-05-13 09:30", 4), tick("2019-05-13 12:00", 4), tick("2019-05-13 13:30", 9))
	var told []market.Time
	got := resampled(t, s, series.FoldQuery{
		Keys: []series.Key{ticks}, Interval: market.Minute, Calendar: calendarNamed(t, "cffex_if"), Range: market.Range{From: at(t, "2019-05-13 11:59")},
		Outside: func(_ series.Key, t market.Time) { told = append(told, t) },
	})
	if len(got) != 1 || got[0].Volume != 5 || !slices.Equal(told, []market.Time{at(t, "2019-05-13 12:00")}) {
		t.Errorf("got %+v, told of %v", got, told)
	}
}
