package market_test

import (
	"testing"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// A change is a place and a time at which the clocks were set.
type change struct {
	zone   *time.Location
	around time.Time
}

// changes lists the strangest days that clocks have had.
func changes(t *testing.T) []change {
	t.Helper()
	var all []change
	for _, c := range []struct{ zone, around, because string }{
		{"America/New_York", "2025-03-09T07:00:00Z", "forward at 02:00"},
		{"America/New_York", "2025-11-02T06:00:00Z", "back at 02:00"},
		{"America/New_York", "2040-12-31T12:00:00Z", "nothing, but golang/go#81583"},
		{"America/St_Johns", "2009-11-01T02:31:00Z", "back at 00:01 into the day before"},
		{"America/St_Johns", "2009-03-08T03:31:00Z", "forward at 00:01"},
		{"America/St_Johns", "1988-04-03T03:31:00Z", "forward by two hours at 00:01"},
		{"Asia/Beirut", "2021-03-27T22:00:00Z", "forward over midnight"},
		{"Asia/Beirut", "2021-10-30T21:00:00Z", "back from midnight"},
		{"America/Havana", "2020-03-08T05:00:00Z", "forward over midnight"},
		{"America/Havana", "2020-11-01T05:00:00Z", "back to midnight"},
		{"Africa/Cairo", "2023-04-27T22:00:00Z", "forward over midnight"},
		{"Africa/Cairo", "2023-10-26T21:00:00Z", "back from midnight"},
		{"America/Sao_Paulo", "2018-11-04T03:00:00Z", "forward over midnight"},
		{"America/Sao_Paulo", "2018-02-18T02:00:00Z", "back from midnight"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "a Friday left out"},
		{"Pacific/Apia", "1892-07-05T11:26:56Z", "a Monday twice"},
		{"Pacific/Kwajalein", "1993-08-21T12:00:00Z", "a day left out"},
		{"America/Juneau", "1867-10-19T00:31:41Z", "back by a day in the afternoon"},
		{"Antarctica/Troll", "2016-03-27T01:00:00Z", "forward by two hours"},
		{"Antarctica/Troll", "2016-10-30T01:00:00Z", "back by two hours"},
		{"Australia/Lord_Howe", "2020-10-03T15:30:00Z", "forward by half an hour"},
		{"Australia/Lord_Howe", "2020-04-04T15:00:00Z", "back by half an hour"},
		{"Asia/Kathmandu", "1985-12-31T18:30:00Z", "forward by a quarter over midnight"},
		{"Asia/Shanghai", "1900-12-31T15:54:17Z", "local mean time ends"},
		{"Europe/Amsterdam", "1937-06-30T23:40:28Z", "an offset with seconds"},
		{"Africa/Casablanca", "2024-03-10T02:00:00Z", "back for Ramadan"},
		{"Europe/Dublin", "2020-03-29T01:00:00Z", "summer is standard time"},
		{"America/Nuuk", "2023-03-26T01:00:00Z", "forward for good"},
		{"Asia/Pyongyang", "2018-05-04T15:00:00Z", "forward by half an hour over midnight"},
	} {
		around, err := time.Parse(time.RFC3339, c.around)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, change{zone(t, c.zone), around})
	}
	return append(all, change{time.FixedZone("+05:45", 20700), time.Unix(1767576600, 0)})
}

// days returns, by stepping through time, the instants within d of c at which
// the clock first shows another date: the beginnings of days.
func (c change) days(d time.Duration) []market.Time {
	date := func(x time.Time) int {
		y, m, d := x.In(c.zone).Date()
		return y*10000 + int(m)*100 + d
	}
	var starts []market.Time
	latest := date(c.around.Add(-d))
	for x := c.around.Add(-d); x.Before(c.around.Add(d)); {
		if now := date(x); now > latest {
			latest = now
			starts = append(starts, market.Time(x.UnixNano()))
		}
		if date(x.Add(time.Minute)) > latest || x.Sub(c.around).Abs() < 3*time.Minute {
			x = x.Add(time.Second)
		} else {
			x = x.Add(time.Minute)
		}
	}
	return starts
}

func TestWindowsAreThoseOfAClockReadStepByStep(t *testing.T) {
	for _, c := range changes(t) {
		days := c.days(50 * time.Hour)
		if len(days) < 3 {
			t.Fatalf("%s: got days %v", c.zone, days)
		}
		for i, day := range days[:len(days)-1] {
			wantWindowsOfDay(t, c, day, days[i+1])
		}
	}
}

func wantWindowsOfDay(t *testing.T, c change, day, next market.Time) {
	t.Helper()
	intervals := []market.Interval{7 * market.Second, 17 * market.Minute, market.Hour, 4 * market.Hour, 7 * market.Hour, 24 * market.Hour}
	for _, x := range instants(day, next, market.Time(c.around.UnixNano())) {
		wantWindow(t, market.Day, x, c.zone, day, next)
		for _, v := range intervals {
			step := market.Time(v.Duration())
			from := day + (x-day)/step*step
			wantWindow(t, v, x, c.zone, from, min(from+step, next))
		}
	}
}

// instants returns instants from day to next, more of them near its ends and
// near change.
func instants(day, next, change market.Time) []market.Time {
	var all []market.Time
	for x := day; x < next; x += 23*60e9 + 11e9 {
		all = append(all, x)
	}
	for _, x := range []market.Time{day, next, change} {
		for _, d := range []market.Time{-61e9, -1e9, -1, 0, 1, 1e9, 59e9, 61e9} {
			if x+d >= day && x+d < next {
				all = append(all, x+d)
			}
		}
	}
	return all
}

func wantWindow(t *testing.T, v market.Interval, x market.Time, z *time.Location, from, to market.Time) {
	t.Helper()
	if gotFrom, gotTo := v.Window(x, z); gotFrom != from || gotTo != to {
		t.Errorf("window of %s in %s that holds %s: got %s to %s, want %s to %s", v, z, x, gotFrom, gotTo, from, to)
	}
}

func TestWeeksBeginOnMondays(t *testing.T) {
	for _, c := range changes(t) {
		var mondays []market.Time
		for _, day := range c.days(12 * 24 * time.Hour) {
			if day.In(c.zone).Weekday() == time.Monday {
				mondays = append(mondays, day)
			}
		}
		if len(mondays) < 2 {
			t.Fatalf("%s: got Mondays %v", c.zone, mondays)
		}
		for i, monday := range mondays[:len(mondays)-1] {
			for x := monday; x < mondays[i+1]; x += 5*3600e9 + 1 {
				wantWindow(t, market.Week, x, c.zone, monday, mondays[i+1])
			}
			wantWindow(t, market.Week, mondays[i+1]-1, c.zone, monday, mondays[i+1])
		}
	}
}

func TestWindowsLeaveNoGapAndNeverOverlap(t *testing.T) {
	f := func(v market.Interval, name string, first, last string) {
		t.Helper()
		z := zone(t, name)
		from, to := v.Window(at(t, first), z)
		for n := 0; to < at(t, last); n++ {
			if from >= to {
				t.Fatalf("%s in %s: window %s to %s holds nothing", v, name, from, to)
			}
			wantWindow(t, v, to-1, z, from, to)
			next, end := v.Window(to, z)
			if next != to {
				t.Fatalf("%s in %s: after the window to %s comes one from %s", v, name, to, next)
			}
			from, to = next, end
		}
	}
	f(market.Hour, "America/New_York", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
	f(23*market.Hour, "America/St_Johns", "2009-01-01T00:00:00Z", "2010-01-01T00:00:00Z")
	f(market.Day, "America/St_Johns", "1987-01-01T00:00:00Z", "2012-01-01T00:00:00Z")
	f(market.Day, "Pacific/Apia", "2009-01-01T00:00:00Z", "2013-01-01T00:00:00Z")
	f(market.Week, "Pacific/Apia", "1890-01-01T00:00:00Z", "2013-01-01T00:00:00Z")
	f(market.Week, "Africa/Cairo", "1900-01-01T00:00:00Z", "2100-01-01T00:00:00Z")
	f(market.Day, "Asia/Shanghai", "1899-01-01T00:00:00Z", "1992-01-01T00:00:00Z")
}

func TestWindowAsPeopleSayIt(t *testing.T) {
	f := func(v market.Interval, name, x, from, to string) {
		t.Helper()
		wantWindow(t, v, at(t, x), zone(t, name), at(t, from), at(t, to))
	}
	f(market.Minute, "UTC", "2026-01-05T01:30:59.999999999Z", "2026-01-05T01:30:00Z", "2026-01-05T01:31:00Z")
	f(market.Day, "Asia/Shanghai", "2026-01-05T15:59:59Z", "2026-01-04T16:00:00Z", "2026-01-05T16:00:00Z")
	// 23 and 25 hours; 24h is counted from midnight and cut at the next.
	f(market.Day, "America/New_York", "2025-03-09T12:00:00Z", "2025-03-09T05:00:00Z", "2025-03-10T04:00:00Z")
	f(market.Day, "America/New_York", "2025-11-02T12:00:00Z", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z")
	f(24*market.Hour, "America/New_York", "2025-11-03T04:30:00Z", "2025-11-03T04:00:00Z", "2025-11-03T05:00:00Z")
	f(4*market.Hour, "America/New_York", "2025-03-10T03:59:00Z", "2025-03-10T01:00:00Z", "2025-03-10T04:00:00Z")
	f(7*market.Hour, "UTC", "2026-01-05T23:00:00Z", "2026-01-05T21:00:00Z", "2026-01-06T00:00:00Z")
	// Sunday night and Monday.
	f(market.Week, "Asia/Shanghai", "2026-01-11T15:59:59Z", "2026-01-04T16:00:00Z", "2026-01-11T16:00:00Z")
	f(market.Week, "Asia/Shanghai", "2026-01-11T16:00:00Z", "2026-01-11T16:00:00Z", "2026-01-18T16:00:00Z")
	f(market.Week, "UTC", "1969-12-31T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z")
	// The day before the one that Samoa left out, and the day after.
	f(market.Day, "Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z")
	f(market.Day, "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")
}

func TestWindowReachesTheBoundsOfTime(t *testing.T) {
	f := func(name string, x market.Time) {
		t.Helper()
		for _, v := range []market.Interval{market.Second, market.Hour, 24 * market.Hour, market.Day, market.Week} {
			from, to := v.Window(x, zone(t, name))
			if from > x || to <= x || to-from > 192*3600e9 {
				t.Errorf("%s in %s: window %d to %d does not hold %s", v, name, int64(from), int64(to), x)
			}
		}
	}
	for _, name := range []string{"UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"} {
		f(name, market.MinTime)
		f(name, -1)
		f(name, 1)
		f(name, market.MaxTime)
	}
}
