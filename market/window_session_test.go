package market_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func hoursOf(t testing.TB, texts ...string) []market.Hours {
	t.Helper()
	var hours []market.Hours
	for _, s := range texts {
		h, err := market.ParseHours(s)
		if err != nil {
			t.Fatal(err)
		}
		hours = append(hours, h)
	}
	return hours
}

func datesOf(t testing.TB, s string) market.Dates {
	t.Helper()
	ds, err := market.ParseDates(s)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// odd returns calendars that strain every rule: breaks, nights, eves, sessions
// that go on to the next date, auctions, closings, and clocks that change.
func odd(t testing.TB) []*market.Calendar {
	t.Helper()
	var all []*market.Calendar
	for _, s := range []struct {
		name, zone, known string
		weekdays          market.Weekdays
		auction, closing  time.Duration
		hours             []string
	}{
		{"always", "UTC", "1969-12-25..1970-01-02", market.EveryDay, 0, 0, []string{"00:00-24:00"}},
		{"always, told late", "UTC", "2024-01-01..2024-01-09", market.EveryDay, 0, 2 * time.Minute, []string{"00:00-24:00"}},
		{"twelve hours twice", "-00:00", "2024-01-05..2024-01-09", market.EveryDay, 0, 0, []string{"00:00-12:00 12:00-24:00"}},
		{"eve", "America/Chicago", "2024-03-06..2024-03-13", market.MondayToFriday, time.Hour, time.Minute, []string{"eve 17:00-24:00 day 00:00-16:00"}},
		{"eve with a break", "America/Chicago", "2024-10-31..2024-11-06", market.MondayToFriday, 0, 0, []string{"eve 19:00-24:00 day 00:00-07:45 08:30-13:20"}},
		{"night", "Asia/Shanghai", "2024-09-09..2024-10-15", market.MondayToFriday, 5 * time.Minute, time.Minute, []string{"night 21:00-26:30 day 09:00-10:15 10:30-11:30 13:30-15:00", "2024-09-24.. night 21:00-23:00 day 09:00-10:00"}},
		{"all three", "Europe/London", "2024-10-21..2024-11-01", market.MondayToFriday, 10 * time.Minute, 3 * time.Minute, []string{"night 19:00-19:07 eve 23:00-24:00 day 00:00-02:00 08:00-12:10"}},
		{"into the next date", "America/New_York", "2024-03-04..2024-03-15", market.MondayToFriday, 0, 5 * time.Minute, []string{"18:00-26:00"}},
		{"in the skipped hour", "America/New_York", "2024-03-08..2024-03-12", market.EveryDay, time.Minute, 0, []string{"02:30-05:00"}},
		{"in the repeated hour", "America/New_York", "2024-11-01..2024-11-05", market.EveryDay, 0, 0, []string{"01:30-05:00"}},
		{"a border in the repeated hour", "America/New_York", "2024-11-01..2024-11-05", market.EveryDay, 0, 0, []string{"00:10-01:30 01:30-05:00"}},
		{"midnight twice", "America/Havana", "2020-10-30..2020-11-03", market.EveryDay, 0, 0, []string{"00:00-24:00"}},
		{"no midnight", "America/Havana", "2020-03-06..2020-03-10", market.EveryDay, 0, 0, []string{"00:00-24:00"}},
		{"half an hour", "Australia/Lord_Howe", "2020-10-01..2020-10-06", market.EveryDay, 0, time.Minute, []string{"00:00-01:45 02:15-12:00"}},
		{"half an hour back", "Australia/Lord_Howe", "2020-04-02..2020-04-07", market.EveryDay, 0, time.Minute, []string{"00:00-01:45 02:00-12:00"}},
		{"over the date line", "Pacific/Apia", "2011-12-26..2012-01-04", market.MondayToFriday ^ 1<<time.Friday, 0, 0, []string{"09:00-17:00"}},
		{"a day twice", "Pacific/Apia", "1892-07-01..1892-07-08", market.MondayToFriday, 0, 0, []string{"09:00-17:00"}},
		{"an eve of its own", "UTC", "2024-01-05..2024-01-09", market.EveryDay, 0, 0, []string{"eve 21:00-24:00 day 07:00-14:00"}},
		{"five hours twice", "UTC", "2024-01-05..2024-01-09", market.EveryDay, 0, 0, []string{"20:00-30:00"}},
		{"a single day", "Asia/Tokyo", "2024-01-04..2024-01-04", market.EveryDay, time.Minute, time.Minute, []string{"eve 16:30-30:00 day 08:45-15:15"}},
	} {
		c, err := market.NewCalendar(market.CalendarSpec{
			Name: s.name, Zone: s.zone, Known: datesOf(t, s.known), Weekdays: s.weekdays,
			Auction: s.auction, Closing: s.closing, Hours: hoursOf(t, s.hours...),
			Closed: []market.Dates{datesOf(t, "2024-09-16..2024-09-17"), datesOf(t, "2024-10-01..2024-10-07")},
		})
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		all = append(all, c)
	}
	return all
}

var sessionIntervals = []market.Interval{
	61 * market.Second, 7 * market.Minute, 30 * market.Minute, market.Hour, 5 * market.Hour, 12 * market.Hour, 24 * market.Hour, market.Day, market.Week,
}

func sessionsOf(t testing.TB, c *market.Calendar) []market.Session {
	t.Helper()
	var all []market.Session
	for d := c.Known().First; d <= c.Known().Last; d++ {
		s, err := c.Sessions(d)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s...)
	}
	return all
}

// plainWindows returns the windows of v, made session by session.
func plainWindows(c *market.Calendar, v market.Interval, sessions []market.Session) []market.Window {
	var all []market.Window
	var left market.Time // of the window that is not full
	for i, s := range sessions {
		monday := s.Day - market.Date((s.Day.Weekday()+6)%7)
		if v.Duration() == 0 {
			label, last := s.Day, len(all)-1
			if v == market.Week {
				label = monday
			}
			if last < 0 || all[last].Time != label.In(c.Zone()) {
				all = append(all, market.Window{Time: label.In(c.Zone()), From: s.From, Day: s.Day})
				last++
			}
			all[last].To = s.To
			continue
		}
		if i == 0 || sessions[i-1].Day != s.Day || sessions[i-1].Night != s.Night {
			left = 0
		}
		for at := s.From; at < s.To; {
			if left == 0 {
				left = market.Time(v.Duration())
				all = append(all, market.Window{Time: at, From: at, Day: s.Day})
			}
			step := min(left, s.To-at)
			at, left = at+step, left-step
			all[len(all)-1].To = at
		}
	}
	return all
}

// moments returns instants at and around all that happens, and some at random.
func moments(c *market.Calendar, sessions []market.Session) []market.Time {
	r := rand.New(rand.NewPCG(1, 2))
	var all []market.Time
	for _, s := range sessions {
		for _, x := range []market.Time{s.From, s.To, s.Day.In(c.Zone()), s.From - market.Time(c.Spec().Auction), s.To + market.Time(c.Spec().Closing)} {
			for _, d := range []market.Time{-3600e9, -1, 0, 1, 40e9} {
				all = append(all, x+d)
			}
		}
		all = append(all, s.From+market.Time(r.Int64N(int64(s.To-s.From))))
	}
	for range 20 {
		all = append(all, sessions[0].From-2*86400e9+market.Time(r.Int64N(int64(sessions[len(sessions)-1].To-sessions[0].From)+4*86400e9)))
	}
	all = append(all, market.MinTime, market.MaxTime, 1, -1)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// plainAt is [market.Windows.At], read slowly.
func plainAt(c *market.Calendar, sessions []market.Session, windows []market.Window, x market.Time) (win market.Window, day market.Date, s market.Standing) {
	windowAt := func(x market.Time) market.Window {
		return windows[sort.Search(len(windows), func(i int) bool { return windows[i].To > x })]
	}
	auction, closing := market.Time(c.Spec().Auction), market.Time(c.Spec().Closing)
	next := slices.IndexFunc(sessions, func(s market.Session) bool { return s.To > x })
	if next >= 0 && x >= sessions[next].From {
		return windowAt(x), sessions[next].Day, market.InSession
	}
	last := next - 1
	if next < 0 {
		last = len(sessions) - 1
	}
	if last >= 0 && x < sessions[last].To+closing {
		return windowAt(sessions[last].To - 1), sessions[last].Day, market.JustClosed
	}
	if next < 0 {
		evenings := slices.ContainsFunc(c.Spec().Hours, func(h market.Hours) bool { return len(h.Night)+len(h.Eve) > 0 })
		if !evenings && x < (c.Known().Last+1).In(c.Zone()) {
			return win, 0, market.OutOfSession
		}
		return win, 0, market.OutOfCalendar
	}
	n := sessions[next]
	opens := next == 0 || sessions[next-1].Day != n.Day || sessions[next-1].Night != n.Night
	switch {
	case opens && x >= n.From-auction:
		return windowAt(n.From), n.Day, market.InAuction
	case next == 0 && x < c.Known().First.In(c.Zone()):
		return win, 0, market.OutOfCalendar
	}
	return win, n.Day, market.OutOfSession
}

// A view is a calendar, an interval, and what is told about both slowly.
type view struct {
	*market.Calendar
	v        market.Interval
	sessions []market.Session
	windows  []market.Window
}

// views calls f with all intervals of all calendars that are odd, and goes on to
// the next calendar when one fails.
func views(t *testing.T, f func(t *testing.T, c view)) {
	t.Helper()
	for _, c := range odd(t) {
		t.Run(c.Name(), func(t *testing.T) {
			sessions := sessionsOf(t, c)
			for _, v := range sessionIntervals {
				if f(t, view{c, v, sessions, plainWindows(c, v, sessions)}); t.Failed() {
					return
				}
			}
		})
	}
}

func TestEveryInstantStandsToTheSessionsAsAPlainReadingSays(t *testing.T) {
	views(t, func(t *testing.T, c view) {
		w := c.Windows(c.v)
		for _, x := range moments(c.Calendar, c.sessions) {
			win, until, s := w.At(x)
			wantWin, day, want := plainAt(c.Calendar, c.sessions, c.windows, x)
			if win != wantWin || s != want || s.Trades() != (win != market.Window{}) {
				t.Errorf("%s at %s: got %v, standing %d, want %v, %d", c.v, x, win, s, wantWin, want)
			}
			if got, err := c.TradingDay(x); got != day || (err == nil) != (day != 0) || err != nil && !errors.Is(err, fault.NotFound) {
				t.Errorf("at %s: trading day %s, %v, want %s", x, got, err, day)
			}
			wantSession(t, c, x, s)
			if x < market.MaxTime && until <= x {
				t.Errorf("%s at %s: until %s", c.v, x, until)
			}
			for _, y := range []market.Time{until - 1, x + market.Time(uint64(until-x)/2)} {
				if again, end, st := c.Windows(c.v).At(y); x < until && (again != win || st != s || end != until) {
					t.Errorf("%s: at %s %v, standing %d until %s, but at %s %v, %d until %s", c.v, x, win, s, until, y, again, st, end)
				}
			}
		}
	})
}

// wantSession fails unless [market.Calendar.Session] finds the session that ends
// next after x, which stands to it so.
func wantSession(t *testing.T, c view, x market.Time, s market.Standing) {
	t.Helper()
	got, open, err := c.Session(x)
	n := slices.IndexFunc(c.sessions, func(s market.Session) bool { return s.To > x })
	switch {
	case err != nil && s != market.OutOfCalendar && n >= 0:
		t.Errorf("at %s: session %v", x, err)
	case err == nil && (n < 0 || got != c.sessions[n] || open != (s == market.InSession)):
		t.Errorf("at %s: session %v, open %t", x, got, open)
	}
}

// someRanges returns ranges that begin and end where something happens.
func someRanges(c view) []market.Range {
	r := rand.New(rand.NewPCG(3, 4))
	times := slices.DeleteFunc(moments(c.Calendar, c.sessions), func(x market.Time) bool {
		_, err := c.TradingDay(x)
		_, before := c.TradingDay(x - 1)
		return err != nil || before != nil || x == 0
	})
	all := []market.Range{{}}
	for range 25 {
		x, y := times[r.IntN(len(times))], times[r.IntN(len(times))]
		all = append(all, market.Range{From: min(x, y), To: max(x, y)}, market.Range{From: x}, market.Range{To: y})
	}
	return all
}

func clipped[T any](s []T) []T { return s[:min(len(s), 5)] }

func TestBarsAreExpectedAtTheTimesOfWindows(t *testing.T) {
	views(t, func(t *testing.T, c view) {
		for _, r := range someRanges(c) {
			var got, want []market.Window
			runs, err := c.Bars(c.v, r)
			if err != nil {
				t.Fatalf("%s in %s: %v", c.v, r, err)
			}
			for run := range runs {
				for i := range run.N {
					got = append(got, market.Window{Time: run.First + market.Time(i)*run.Step, Day: run.Day})
				}
				if last := got[len(got)-1].Time; run.Last() != last {
					t.Errorf("%s in %s: the last of a run is %s, not %s", c.v, r, run.Last(), last)
				}
			}
			for _, w := range c.windows {
				if w.Time == 0 && r.From <= 0 && r.To >= 0 || r.Contains(w.Time) {
					want = append(want, market.Window{Time: w.Time, Day: w.Day})
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s in %s: got %d bars, want %d\n%v\n%v", c.v, r, len(got), len(want), clipped(got), clipped(want))
			}
		}
	})
}

func TestRowsHoldAllOfTheBarsThatAreAsked(t *testing.T) {
	views(t, func(t *testing.T, c view) {
		auction, closing := market.Time(c.Spec().Auction), market.Time(c.Spec().Closing)
		for _, r := range someRanges(c) {
			bars, rows := c.Rows(c.v, r)
			if bars.To != r.To || bars.From > r.From || (bars.From == 0) != (r.From == 0) || (rows.From == 0) != (r.From == 0) || (rows.To == 0) != (r.To == 0) {
				t.Errorf("%s in %s: got bars %s of rows %s", c.v, r, bars, rows)
			}
			for _, w := range c.windows {
				if w.Time == 0 {
					continue // no bar has it
				}
				if r.From != 0 && w.From <= r.From && r.From < w.To && bars.From > w.Time {
					t.Errorf("%s in %s: the bars %s are without the one of %s, which goes on", c.v, r, bars, w.Time)
				}
				whole := market.Range{From: w.From - auction, To: w.To - 1 + closing}
				if r.From < r.To && bars.Contains(w.Time) && !(rows.Contains(whole.From) && rows.Contains(whole.To)) {
					t.Errorf("%s in %s: the bar of %s is made of %s, not all in %s", c.v, r, w.Time, whole, rows)
				}
			}
		}
	})
}

func TestRowsAreFewMoreThanThoseOfTheBars(t *testing.T) {
	views(t, func(t *testing.T, c view) {
		for _, r := range someRanges(c) {
			_, rows := c.Rows(c.v, r)
			if r.From != 0 && rows.From < r.From-10*86400e9 || r.To != 0 && rows.To > r.To+10*86400e9 {
				t.Errorf("%s in %s: got rows %s", c.v, r, rows)
			}
		}
	})
}

func TestSpanIsTheTimeOfItsTradingDays(t *testing.T) {
	for _, c := range odd(t) {
		sessions := sessionsOf(t, c)
		for first := c.Known().First; first <= c.Known().Last; first++ {
			for _, ds := range []market.Dates{{First: first, Last: first}, {First: first, Last: first + 3}, {First: first}, {Last: first}} {
				wantSpan(t, c, sessions, ds)
			}
		}
	}
}

func wantSpan(t *testing.T, c *market.Calendar, sessions []market.Session, ds market.Dates) {
	t.Helper()
	r, ok := c.Span(ds)
	if some := slices.ContainsFunc(sessions, func(s market.Session) bool { return ds.Contains(s.Day) }); ok != some {
		t.Errorf("%s: span of %s is %s, %t", c.Name(), ds, r, ok)
	}
	if !ok {
		return
	}
	if _, err := c.Expect(market.Minute, r); err != nil {
		t.Errorf("%s: nothing can be expected in the span of %s: %v", c.Name(), ds, err)
	}
	for _, x := range moments(c, sessions) {
		if day, err := c.TradingDay(x); err == nil && x != 0 && r.Contains(x) != ds.Contains(day) {
			t.Errorf("%s: %s of %s is in the span of %s, %s: %t", c.Name(), x, day, ds, r, r.Contains(x))
		}
	}
}

func TestByClockIsWhereIntervalsHaveTheSameWindows(t *testing.T) {
	found := map[bool]int{}
	views(t, func(t *testing.T, c view) {
		same := true
		for _, w := range c.windows {
			from, to := c.v.Window(w.From, c.Zone())
			if c.v.Duration() == 0 {
				_, last := c.v.Window(w.To-1, c.Zone())
				same = same && from == w.Time && last == to
			} else {
				same = same && from == w.From && to == w.To
			}
		}
		found[same]++
		got := c.ByClock(c.v)
		if c.v == market.Week {
			same = c.ByClock(market.Day) // a week may hold both dates
		}
		if got != same {
			t.Errorf("windows of %s by the clock: got %t, want %t", c.v, got, same)
		}
	})
	if found[true] < 20 || found[false] < 20 {
		t.Errorf("the calendars are too much alike: %v", found)
	}
}

func TestEndingFindsTheWindowThatEndsThen(t *testing.T) {
	views(t, func(t *testing.T, c view) {
		ends := map[market.Time]market.Window{}
		for _, w := range c.windows {
			ends[w.To] = w
		}
		w := c.Windows(c.v)
		for _, x := range append(moments(c.Calendar, c.sessions), c.windows[len(c.windows)/2].To) {
			got, ok := w.Ending(x)
			if want, ends := ends[x]; ok != ends || ok && got != want {
				t.Errorf("window of %s that ends at %s: got %v, %t, want %v, %t", c.v, x, got, ok, want, ends)
			}
		}
	})
}

func shanghaiTime(t testing.TB, s string) market.Time {
	t.Helper()
	if s == "" {
		return 0
	}
	x, err := market.ParseTime(s, zone(t, "Asia/Shanghai"))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestRowsOfABarThatGoesOnOverABreakOrAHoliday(t *testing.T) {
	c := named(t, calendarsWith(t), "shfe_rb")
	f := func(v market.Interval, from, to, wantBars, wantFrom, wantTo string) {
		t.Helper()
		bars, rows := c.Rows(v, market.Range{From: shanghaiTime(t, from), To: shanghaiTime(t, to)})
		if bars != (market.Range{From: shanghaiTime(t, wantBars), To: shanghaiTime(t, to)}) || rows != (market.Range{From: shanghaiTime(t, wantFrom), To: shanghaiTime(t, wantTo)}) {
			zone := c.Zone()
			t.Errorf("%s from %s to %s: bars from %s, rows from %s to %s", v, from, to, bars.From.In(zone), rows.From.In(zone), rows.To.In(zone))
		}
	}
	// The bar of 10:00 ends at 11:15, though nobody trades at 10:20.
	f(market.Hour, "", "2019-05-08 10:20", "", "", "2019-05-08 11:16")
	f(market.Hour, "", "2019-05-08 10:15:30", "", "", "2019-05-08 11:16")
	f(market.Hour, "", "2019-05-08 11:15", "", "", "2019-05-08 11:16")
	f(market.Hour, "", "2019-05-08 12:00", "", "", "2019-05-08 14:16")
	f(market.Hour, "", "2019-05-08 16:00", "", "", "2019-05-08 16:01")
	f(market.Hour, "2019-05-08 10:20", "", "2019-05-08 10:00", "2019-05-08 09:55", "")
	f(market.Hour, "2019-05-08 10:05", "", "2019-05-08 10:00", "2019-05-08 09:55", "")
	f(market.Hour, "2019-05-08 16:00", "", "2019-05-08 16:00", "2019-05-08 15:55", "")
	f(market.Day, "2019-05-08 12:00", "2019-05-08 12:00", "2019-05-08", "2019-05-07 20:55", "2019-05-08 15:01")
	f(market.Day, "2019-05-08 18:00", "2019-05-09", "2019-05-08 18:00", "2019-05-07 20:55", "2019-05-09")
	f(market.Day, "2019-05-11", "2019-05-12", "2019-05-11", "2019-05-10 20:55", "2019-05-12")
	// Monday 2019-10-07 was a holiday; the bar of its week has that time.
	f(market.Week, "", "2019-10-08", "", "", "2019-10-11 15:01")
	f(market.Week, "2019-10-08 10:00", "2019-10-07 00:00:01", "2019-10-07", "2019-10-08 08:55", "2019-10-11 15:01")
	f(market.Week, "", "2019-10-07", "", "", "2019-10-07")
	f(market.Day, "2019-10-08 08:50", "", "2019-10-08", "2019-10-08 08:50", "")
	f(market.Day, "2019-10-08 06:00", "", "2019-10-08", "2019-10-08 06:00", "")
}

func TestRowsStayWithinTime(t *testing.T) {
	c := named(t, calendarsWith(t), "shfe_rb")
	for _, v := range []market.Interval{market.Minute, market.Day, market.Week} {
		for _, asked := range []market.Range{{From: market.MinTime, To: market.MaxTime}, {From: market.MaxTime, To: market.MaxTime}, {From: market.MinTime, To: market.MinTime + 1}} {
			bars, rows := c.Rows(v, asked)
			if bars != asked || rows.From < market.MinTime || rows.To > market.MaxTime || rows.From == 0 || rows.To == 0 {
				t.Errorf("%s in %s: got bars %s of rows %s", v, asked, bars, rows)
			}
		}
	}
}

func TestNothingIsKnownOutsideOfTheDaysThatAre(t *testing.T) {
	c := named(t, calendarsWith(t), "shfe_rb")
	for _, x := range []market.Time{market.MinTime, -1, 1, shanghaiTime(t, "1990-12-18 12:00"), shanghaiTime(t, "2199-01-01"), market.MaxTime} {
		_, day := c.TradingDay(x)
		_, open, session := c.Session(x)
		_, _, standing := c.Windows(market.Hour).At(x)
		_, expect := c.Expect(market.Hour, market.Range{From: x, To: x})
		if !errors.Is(day, fault.NotFound) || !errors.Is(session, fault.NotFound) || !errors.Is(expect, fault.NotFound) || open || standing != market.OutOfCalendar {
			t.Errorf("%s: got %v, %v, %v, standing %d", x, day, session, expect, standing)
		}
	}
	first, _ := c.Span(market.Dates{Last: c.Known().First + 100})
	if _, _, err := c.Session(first.From); err != nil {
		t.Errorf("the first instant: %v", err)
	}
	for v, want := range map[market.Interval]bool{market.Day: true, market.Week: true} {
		if got := named(t, calendarsWith(t), "china_stocks").ByClock(v); got != want {
			t.Errorf("days of stocks by the clock: %t", got)
		}
		if c.ByClock(v) {
			t.Errorf("%s of futures with a night are by the clock", v)
		}
	}
}

func TestSessionsWhereTheClocksChange(t *testing.T) {
	f := func(zone, day, hours string, want ...string) {
		t.Helper()
		c, err := market.NewCalendar(market.CalendarSpec{Name: "x", Zone: zone, Known: datesOf(t, day), Weekdays: market.EveryDay, Hours: hoursOf(t, hours)})
		if err != nil {
			t.Errorf("%s on %s in %s: %v", hours, day, zone, err)
			return
		}
		var got []string
		for _, s := range sessionsOf(t, c) {
			got = append(got, s.From.UTC().Format("02 15:04")+" to "+s.To.UTC().Format("02 15:04"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s on %s in %s: got %q, want %q", hours, day, zone, got, want)
		}
	}
	const york, havana, howe = "America/New_York", "America/Havana", "Australia/Lord_Howe"
	// Put forward from 02:00 to 03:00.
	f(york, "2024-03-10", "01:00-04:00", "10 06:00 to 10 08:00")
	f(york, "2024-03-10", "02:30-04:00", "10 07:00 to 10 08:00")
	f(york, "2024-03-10", "01:00-02:30", "10 06:00 to 10 07:00")
	f(york, "2024-03-10", "02:00-03:00 05:00-06:00", "10 09:00 to 10 10:00")
	f(york, "2024-03-10", "01:00-02:10 02:20-02:40 02:50-04:00", "10 06:00 to 10 08:00")
	// Put back from 02:00 to 01:00.
	f(york, "2024-11-03", "00:30-04:00", "03 04:30 to 03 09:00")
	f(york, "2024-11-03", "01:30-04:00", "03 05:30 to 03 09:00")
	f(york, "2024-11-03", "00:30-01:30", "03 04:30 to 03 06:30")
	f(york, "2024-11-03", "00:30-01:00 01:00-04:00", "03 04:30 to 03 09:00")
	f(york, "2024-11-03", "00:30-01:30 01:40-04:00", "03 04:30 to 03 06:30", "03 06:40 to 03 09:00")
	// Put back from 01:00 to midnight, and forward over it.
	f(havana, "2020-10-31", "22:00-24:00", "01 02:00 to 01 04:00")
	f(havana, "2020-10-31..2020-11-01", "00:00-24:00", "31 04:00 to 01 04:00", "01 04:00 to 02 05:00")
	f(havana, "2020-11-01", "eve 22:00-24:00 day 00:00-12:00", "01 02:00 to 01 17:00")
	f(havana, "2020-03-07..2020-03-08", "00:00-24:00", "07 05:00 to 08 05:00", "08 05:00 to 09 04:00")
	// By half an hour.
	f(howe, "2020-10-04", "01:45-02:45", "03 15:15 to 03 15:45")
	f(howe, "2020-04-05", "01:45-02:15", "04 14:45 to 04 15:45")
}
