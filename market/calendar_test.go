package market

import (
	"errors"
	"testing"

	"github.com/redfire-quant/redfire/fault"
)

// shanghai reads a time of the clock in Shanghai.
func shanghai(t *testing.T, s string) Time {
	t.Helper()
	zone, err := LoadZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	at, err := ParseTime(s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func calendarOf(t *testing.T, name string) *Calendar {
	t.Helper()
	cs, err := NewCalendars()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cs.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNightBelongsToTheNextTradingDay(t *testing.T) {
	c := calendarOf(t, "shfe_rb")
	f := func(at, want string) {
		t.Helper()
		d, err := c.TradingDay(shanghai(t, at))
		if err != nil || d.String() != want {
			t.Errorf("%s: got %s, %v, want %s", at, d, err, want)
		}
	}
	f("2019-05-07 21:30", "2019-05-08") // vnpy #3188
	f("2019-05-08 09:30", "2019-05-08")
	f("2019-05-10 21:30", "2019-05-13") // over a weekend
	f("2019-05-10 15:00:00.5", "2019-05-10")
	f("2019-05-10 15:01", "2019-05-13")
	f("2019-09-30 14:59", "2019-09-30")
	f("2019-09-30 21:30", "2019-10-08") // no night before a holiday
	f("2020-02-03 21:30", "2020-02-04") // nights were suspended
	f("2020-05-06 21:30", "2020-05-07")
	f("2020-05-07 10:20", "2020-05-07") // a break
}

func TestNightsAreHeldUnlessAHolidayOrTheEpidemicForbids(t *testing.T) {
	c := calendarOf(t, "shfe_au")
	f := func(day string, want int, night bool) {
		t.Helper()
		d, err := ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Sessions(d)
		if err != nil || len(s) != want || len(s) > 0 && s[0].Night != night {
			t.Errorf("%s: got %v, %v, want %d sessions, night %t", day, s, err, want, night)
		}
	}
	f("2019-05-13", 4, true)
	f("2019-05-12", 0, false) // a Sunday
	f("2019-10-08", 3, false)
	f("2020-02-03", 3, false)
	f("2020-05-06", 3, false)
	f("2020-05-07", 4, true)
}

func TestWindowsCountTradingTime(t *testing.T) {
	c := calendarOf(t, "shfe_au")
	f := func(v Interval, at, from, to string, standing Standing) {
		t.Helper()
		w, until, s := c.Windows(v).At(shanghai(t, at))
		if s != standing {
			t.Errorf("%s %s: standing %d, want %d", v, at, s, standing)
		}
		if until <= shanghai(t, at) {
			t.Errorf("%s %s: until %s", v, at, until)
		}
		if s.Trades() && (w.From != shanghai(t, from) || w.To != shanghai(t, to)) {
			t.Errorf("%s %s: got %s to %s, want %s to %s", v, at, w.From, w.To, from, to)
		}
	}
	f(Minute, "2019-05-08 10:14:59.999", "2019-05-08 10:14", "2019-05-08 10:15", InSession)
	f(Minute, "2019-05-08 10:15", "2019-05-08 10:14", "2019-05-08 10:15", JustClosed)
	f(Minute, "2019-05-08 10:16", "", "", OutOfSession)
	f(Hour, "2019-05-08 10:40", "2019-05-08 10:00", "2019-05-08 11:15", InSession)
	f(Hour, "2019-05-08 11:20", "2019-05-08 11:15", "2019-05-08 14:15", InSession)
	f(Hour, "2019-05-08 14:59", "2019-05-08 14:15", "2019-05-08 15:00", InSession)
	f(Hour, "2019-05-08 15:00", "2019-05-08 14:15", "2019-05-08 15:00", JustClosed)
	f(Hour, "2019-05-09 02:10", "2019-05-09 02:00", "2019-05-09 02:30", InSession)
	f(30*Minute, "2019-05-08 13:40", "2019-05-08 11:15", "2019-05-08 13:45", InSession)
	f(Hour, "2019-05-08 20:57", "2019-05-08 21:00", "2019-05-08 22:00", InAuction)
	f(Hour, "2019-05-09 08:57", "2019-05-09 09:00", "2019-05-09 10:00", InAuction)
	f(Hour, "2019-10-08 08:57", "2019-10-08 09:00", "2019-10-08 10:00", InAuction)
	f(Day, "2019-05-10 21:30", "2019-05-10 21:00", "2019-05-13 15:00", InSession)
	f(Week, "2019-05-10 21:30", "2019-05-10 21:00", "2019-05-17 15:00", InSession)
}

func TestBarsExpected(t *testing.T) {
	c := calendarOf(t, "shfe_rb")
	f := func(v Interval, from, to string, want int) {
		t.Helper()
		runs, err := c.Bars(v, Range{shanghai(t, from), shanghai(t, to)})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for r := range runs {
			n += r.N
			for i := range r.N {
				at := r.First + Time(i)*r.Step
				w, _, _ := c.Windows(v).At(max(at, r.First))
				if v > 0 && w.Time != at {
					t.Errorf("%s %s: bar %s is none, but %s", v, r.Day, at, w.Time)
				}
			}
		}
		if n != want {
			t.Errorf("%s from %s to %s: got %d, want %d", v, from, to, n, want)
		}
	}
	f(Minute, "2019-05-08", "2019-05-09", 225+120)
	f(Minute, "2019-05-08 10:10", "2019-05-08 10:31", 6)
	f(Hour, "2019-05-08", "2019-05-09", 4+2)
	f(30*Minute, "2019-05-08", "2019-05-09", 8+4)
	f(Day, "2019-05-06", "2019-05-13", 5)
	f(Week, "2019-05-06", "2019-05-20", 2)
	if _, err := c.Bars(Minute, Range{shanghai(t, "2030-01-01"), shanghai(t, "2030-01-02")}); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want that 2030 is not known", err)
	}
}

func TestCalendarFollowsTheClocks(t *testing.T) {
	c, err := NewCalendar(CalendarSpec{
		Name: "lme", Zone: "Europe/London", Weekdays: MondayToFriday,
		Known: Dates{DateOf(2024, 1, 1), DateOf(2024, 12, 31)}, Hours: []Hours{mustHours("01:00-19:00")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[Date]string{
		DateOf(2024, 3, 29): "2024-03-29T01:00:00Z", DateOf(2024, 4, 1): "2024-04-01T00:00:00Z",
		DateOf(2024, 10, 25): "2024-10-25T00:00:00Z", DateOf(2024, 10, 28): "2024-10-28T01:00:00Z",
	} {
		s, err := c.Sessions(day)
		if err != nil || len(s) != 1 || s[0].From.String() != want {
			t.Errorf("%s: got %v, %v, want %s", day, s, err, want)
		}
	}
}

func TestAllCalendarsOfRedFireCanBeMade(t *testing.T) {
	cs, err := NewCalendars()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range cs.Names() {
		if _, err := cs.Named(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheEveningOfTheLastDayIsKnownWhereNobodyTradesAtNight(t *testing.T) {
	evening := shanghai(t, "2026-12-31 20:00")
	if _, until, s := calendarOf(t, "china_stocks").Windows(Minute).At(evening); s != OutOfSession || until != shanghai(t, "2027-01-01") {
		t.Errorf("stocks: got %d until %s", s, until)
	}
	if _, _, s := calendarOf(t, "shfe_rb").Windows(Minute).At(evening); s != OutOfCalendar {
		t.Errorf("rebar: got %d", s)
	}
	if _, _, s := calendarOf(t, "china_stocks").Windows(Minute).At(shanghai(t, "2027-01-01")); s != OutOfCalendar {
		t.Errorf("the year after: got %d", s)
	}
}
