package market

import (
	"slices"
	"testing"
	"time"
)

// newYorkSessions returns the sessions of a day of the clock in New York, as in
// 09:30-16:00, "" if there is no trading.
func newYorkSessions(t *testing.T, c *Calendar, day string) string {
	t.Helper()
	sessions, err := c.Sessions(mustDate(day))
	if err != nil {
		t.Fatal(err)
	}
	var h Hours
	for _, s := range sessions {
		if s.Day != mustDate(day) || s.Night {
			t.Errorf("%s: a session of %s, night %t", day, s.Day, s.Night)
		}
		midnight := s.Day.In(c.Zone())
		h.Day = append(h.Day, Span{time.Duration(s.From - midnight), time.Duration(s.To - midnight)})
	}
	return h.Sessions()
}

// A newYorkDay has the sessions that it should have, and tells why.
type newYorkDay struct{ day, want, because string }

func wantNewYork(t *testing.T, days []newYorkDay) {
	t.Helper()
	c := calendarOf(t, usStock)
	for _, d := range days {
		if got := newYorkSessions(t, c, d.day); got != d.want {
			t.Errorf("%s, %s: got %q, want %q", d.day, d.because, got, d.want)
		}
	}
}

func TestNewYorkKeepsItsHolidays(t *testing.T) {
	wantNewYork(t, []newYorkDay{
		{"2024-01-01", "", "New Year's Day"},
		{"2023-01-02", "", "New Year's Day on a Sunday"},
		{"2021-12-31", "09:30-16:00", "New Year's Day on a Saturday is not made up for"},
		{"2022-01-03", "09:30-16:00", "nor on Monday"},
		{"1997-01-20", "09:30-16:00", "Martin Luther King's birthday was not kept until 1998"},
		{"1998-01-19", "", "Martin Luther King's birthday"},
		{"1970-02-23", "", "Washington's birthday on a Sunday"},
		{"1964-02-21", "", "Washington's birthday on a Saturday"},
		{"1971-02-15", "", "Washington's birthday on the third Monday"},
		{"1971-02-22", "10:00-15:30", "and no more on its date"},
		{"1969-02-12", "10:00-14:00", "Lincoln's birthday was kept until 1953"},
		{"2024-03-29", "", "Good Friday"},
		{"2008-03-21", "", "the earliest Good Friday"},
		{"2038-04-23", "", "the latest Good Friday"},
		{"2024-04-01", "09:30-16:00", "Easter Monday"},
		{"1967-05-30", "", "Memorial Day on its date"},
		{"1970-05-29", "10:00-15:30", "Memorial Day on a Saturday after the last Friday of a month"},
		{"1971-05-31", "", "Memorial Day on the last Monday"},
		{"2026-05-25", "", "Memorial Day at its earliest"},
		{"2021-06-18", "09:30-16:00", "Juneteenth was not kept until 2022"},
		{"2022-06-20", "", "Juneteenth on a Sunday"},
		{"2027-06-18", "", "Juneteenth on a Saturday"},
		{"2026-07-03", "", "Independence Day on a Saturday"},
		{"2021-07-05", "", "Independence Day on a Sunday"},
		{"2025-09-01", "", "Labor Day"},
		{"2025-10-13", "09:30-16:00", "Columbus Day was kept until 1953"},
		{"1967-11-07", "", "Election Day"},
		{"1969-11-04", "10:00-15:00", "Election Day without a president"},
		{"1980-11-04", "", "the last Election Day that was kept"},
		{"1984-11-06", "10:00-16:00", "Election Day"},
		{"2025-11-11", "09:30-16:00", "Veterans Day was kept until 1953"},
		{"2025-11-27", "", "Thanksgiving"},
		{"2018-11-22", "", "Thanksgiving at its earliest"},
		{"2021-12-24", "", "Christmas on a Saturday"},
		{"2022-12-26", "", "Christmas on a Sunday"},
		{"2024-06-15", "", "a Saturday"},
		{"2024-06-16", "", "a Sunday"},
	})
}

func TestNewYorkIsClosedForOnce(t *testing.T) {
	wantNewYork(t, []newYorkDay{
		{"1963-11-22", "10:00-14:07", "President Kennedy is shot"},
		{"1963-11-25", "", "and buried"},
		{"1968-06-12", "", "the first Wednesday for the paperwork"},
		{"1968-07-03", "10:00-15:30", "a Wednesday of a week with a holiday"},
		{"1968-09-04", "10:00-15:30", "so was this"},
		{"1968-11-13", "10:00-15:30", "and this"},
		{"1968-12-18", "", "the last Wednesday for the paperwork"},
		{"1969-01-08", "10:00-14:00", "Wednesdays were only short again"},
		{"1969-07-21", "", "the first men on the moon"},
		{"1977-07-14", "", "no electricity"},
		{"1985-09-27", "", "hurricane Gloria"},
		{"2001-09-10", "09:30-16:00", "the day before the attacks"},
		{"2001-09-11", "", "the attacks"},
		{"2001-09-14", "", "the fourth day of them"},
		{"2001-09-17", "09:30-16:00", "it is open again; three minutes of silence are not in the calendar"},
		{"2002-09-11", "12:00-16:00", "a year later"},
		{"2012-10-29", "", "hurricane Sandy"},
		{"2012-10-30", "", "hurricane Sandy"},
		{"2012-10-31", "09:30-16:00", "it is open again"},
		{"2018-12-05", "", "mourning for the elder President Bush"},
		{"2025-01-09", "", "mourning for President Carter"},
		{"2005-06-01", "09:30-16:00", "a fault of NYSE alone"},
	})
}

func TestNewYorkHasShortDays(t *testing.T) {
	wantNewYork(t, []newYorkDay{
		{"1991-11-29", "09:30-16:00", "after Thanksgiving; not short until 1992"},
		{"1992-11-27", "09:30-14:00", "after Thanksgiving"},
		{"2024-11-29", "09:30-13:00", "after Thanksgiving"},
		{"1974-12-24", "10:00-14:00", "Christmas Eve"},
		{"1979-12-24", "10:00-16:00", "Christmas Eve, not short"},
		{"1991-12-24", "09:30-14:00", "Christmas Eve"},
		{"2024-12-24", "09:30-13:00", "Christmas Eve"},
		{"2025-12-26", "09:30-16:00", "after Christmas"},
		{"2003-12-26", "09:30-13:00", "after Christmas, for once"},
		{"1999-12-31", "09:30-13:00", "before the year 2000"},
		{"1994-07-05", "09:30-16:00", "after Independence Day on a Monday"},
		{"2023-07-03", "09:30-13:00", "a Monday"},
		{"2024-07-03", "09:30-13:00", "a Wednesday"},
		{"2002-07-03", "09:30-16:00", "a Wednesday until 2013"},
		{"2002-07-05", "09:30-13:00", "the Friday after it"},
		{"2013-07-05", "09:30-16:00", "no more from 2013 on"},
		{"2025-07-03", "09:30-13:00", "a Thursday"},
		{"1967-08-08", "10:00-14:00", "the first of nine short days"},
		{"1987-10-23", "09:30-14:00", "after the crash"},
		{"1987-11-12", "09:30-16:00", "hours are as usual again"},
		{"1996-01-08", "11:00-14:00", "snow"},
	})
}

func TestNewYorkOpensByTheClockOfNewYork(t *testing.T) {
	c := calendarOf(t, usStock)
	for _, d := range []struct{ day, from, to, because string }{
		{"2024-03-08", "2024-03-08T14:30:00Z", "2024-03-08T21:00:00Z", "winter"},
		{"2024-03-11", "2024-03-11T13:30:00Z", "2024-03-11T20:00:00Z", "summer"},
		{"2024-11-01", "2024-11-01T13:30:00Z", "2024-11-01T20:00:00Z", "summer"},
		{"2024-11-04", "2024-11-04T14:30:00Z", "2024-11-04T21:00:00Z", "winter"},
		{"1974-01-07", "1974-01-07T14:00:00Z", "1974-01-07T19:30:00Z", "summer time in winter, to save oil"},
		{"1974-09-30", "1974-09-30T14:00:00Z", "1974-09-30T19:30:00Z", "until 15:30 for the last time"},
		{"1974-10-01", "1974-10-01T14:00:00Z", "1974-10-01T20:00:00Z", "until 16:00"},
		{"1985-09-26", "1985-09-26T14:00:00Z", "1985-09-26T20:00:00Z", "from 10:00 for the last time"},
		{"1985-09-30", "1985-09-30T13:30:00Z", "1985-09-30T20:00:00Z", "from 09:30"},
		{"2049-12-31", "2049-12-31T14:30:00Z", "2049-12-31T21:00:00Z", "far ahead"},
	} {
		s, err := c.Sessions(mustDate(d.day))
		if err != nil || len(s) != 1 || s[0].From.String() != d.from || s[0].To.String() != d.to {
			t.Errorf("%s, %s: got %v, %v, want %s to %s", d.day, d.because, s, err, d.from, d.to)
		}
	}
}

func TestNewYorkHasSoManyTradingDays(t *testing.T) {
	c := calendarOf(t, usStock)
	for year, want := range map[int]int{
		1968: 226, 1969: 250, 1977: 252, 1985: 252, 1996: 254, 2001: 248, 2012: 250, 2018: 251, 2019: 252,
		2020: 253, 2021: 252, 2022: 251, 2023: 250, 2024: 252, 2025: 250, 2026: 251, 2027: 251,
	} {
		days := Dates{DateOf(year, time.January, 1), DateOf(year, time.December, 31)}
		if got := len(slices.Collect(c.TradingDays(days))); got != want {
			t.Errorf("%d: got %d trading days, want %d", year, got, want)
		}
		if got := len(slices.Collect(c.Holidays(days))); got < 7 || got > 40 {
			t.Errorf("%d: got %d holidays", year, got)
		}
	}
}

func TestEasterIsWhereTheChurchHasIt(t *testing.T) {
	for _, day := range []string{
		"1818-03-22", "1943-04-25", "1961-04-02", "1981-04-19", "2000-04-23", "2008-03-23", "2024-03-31",
		"2025-04-20", "2038-04-25", "2049-04-18", "2076-04-19",
	} {
		d := mustDate(day)
		if year, _, _ := d.Date(); easter(year) != d {
			t.Errorf("%d: got %s, want %s", year, easter(year), d)
		}
	}
}

func TestStocksOfNewYorkHaveItsCalendar(t *testing.T) {
	cs, err := NewCalendars()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Exchange{NYSE, NASDAQ, AMEX, ARCA, BATS, IEX} {
		if name, err := cs.NameOf(Symbol{Code: "SPY", Exchange: e}); err != nil || name != usStock {
			t.Errorf("%s: got %q, %v", e, name, err)
		}
	}
}

// BenchmarkNewYork makes the calendar of its spec.
func BenchmarkNewYork(b *testing.B) {
	spec := newYork()
	for b.Loop() {
		if _, err := NewCalendar(spec); err != nil {
			b.Fatal(err)
		}
	}
}
