package market

import (
	"slices"
	"sync"
	"time"
)

// newYorkFirst and newYorkLast are the first and the last year that are known.
const (
	newYorkFirst = 1960
	newYorkLast  = 2050
)

// newYork returns the calendar of stocks in New York.
func newYork() CalendarSpec { return newYorkSpec() }

// newYorkSpec is the calendar of NYSE, whose hours and holidays Nasdaq and the
// other exchanges for stocks have as well. The rules are those of NYSE as they
// changed; what was out of the rule is from its own list of special closings. The
// Python packages exchange_calendars and pandas_market_calendars, against which
// bench/calendars holds it day by day, have them from there too.
//
// Interruptions within a day are not in it. Nor are openings and closings that only
// one exchange was late or early with, by a fault of its machines, a fire or a
// drill, or by minutes, for a silence: others traded.
var newYorkSpec = sync.OnceValue(func() CalendarSpec {
	s := CalendarSpec{
		Name: usStock, Zone: "America/New_York", Weekdays: MondayToFriday,
		Known: Dates{DateOf(newYorkFirst, time.January, 1), DateOf(newYorkLast, time.December, 31)},
	}
	var closed []Date
	for _, text := range newYorkClosed {
		closed = append(closed, mustDate(text))
	}
	for _, text := range newYorkHours {
		s.Hours = append(s.Hours, mustHours(text))
	}
	for year := newYorkFirst; year <= newYorkLast; year++ {
		closed = append(closed, newYorkHolidays(year)...)
		for _, half := range newYorkHalves(year) {
			s.Hours = append(s.Hours, Hours{Days: Dates{half, half}, Day: []Span{{9*hour + 30*minute, 13 * hour}}})
		}
	}
	closed = append(closed, paperWednesdays(closed)...)
	for _, text := range newYorkOddHours {
		s.Hours = append(s.Hours, mustHours(text))
	}
	slices.Sort(closed)
	for _, d := range slices.Compact(closed) {
		s.Closed = append(s.Closed, Dates{d, d})
	}
	return s
})

func mustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// newYorkHolidays returns the holidays of a year. By NYSE's rule those on a Sunday
// are kept on Monday and those on a Saturday on Friday, but New Year's Day is not:
// the year's accounts end with that Friday.
func newYorkHolidays(year int) []Date {
	on := func(m time.Month, day int) Date { return DateOf(year, m, day) }
	days := []Date{
		easter(year) - 2, // Good Friday
		observed(on(time.July, 4)),
		nth(1, time.Monday, on(time.September, 1)),  // Labor Day
		nth(4, time.Thursday, on(time.November, 1)), // Thanksgiving
		observed(on(time.December, 25)),
	}
	if newYear := on(time.January, 1); newYear.Weekday() != time.Saturday {
		days = append(days, observed(newYear))
	}
	if year >= 1998 {
		days = append(days, nth(3, time.Monday, on(time.January, 1))) // Martin Luther King's birthday
	}
	if year >= 2022 {
		days = append(days, observed(on(time.June, 19))) // Juneteenth
	}
	if year >= 1971 {
		days = append(days,
			nth(3, time.Monday, on(time.February, 1)), // Washington's birthday
			nth(1, time.Monday, on(time.May, 25)),     // Memorial Day
		)
	} else {
		days = append(days, observed(on(time.February, 22))) // Washington's birthday
	}
	// Memorial Day of 1970 was a Saturday too, and Friday the last of the month.
	if year < 1970 {
		days = append(days, observed(on(time.May, 30)))
	}
	// Election Day was kept after 1968 only where a president was elected, and after
	// 1980 no more.
	if year <= 1968 || year <= 1980 && year%4 == 0 {
		days = append(days, nth(1, time.Tuesday, on(time.November, 2)))
	}
	return days
}

// newYorkHalves returns the days of a year that end at 13:00 by rule.
func newYorkHalves(year int) []Date {
	var days []Date
	if year >= 1993 {
		days = append(days, nth(4, time.Thursday, DateOf(year, time.November, 1))+1)
		if eve := DateOf(year, time.December, 24); eve.Weekday() >= time.Monday && eve.Weekday() <= time.Thursday {
			days = append(days, eve)
		}
	}
	if year < 1995 {
		return days
	}
	// Where July 4 is a Thursday it was the Friday after it, until 2013.
	switch july3 := DateOf(year, time.July, 3); july3.Weekday() {
	case time.Monday, time.Tuesday, time.Thursday:
		days = append(days, july3)
	case time.Wednesday:
		if year < 2013 {
			july3 += 2
		}
		days = append(days, july3)
	}
	return days
}

// paperWednesdays returns the Wednesdays of 1968 on which the brokers caught up
// with their paperwork: those of the weeks, from June 12 on, without another day
// that is closed.
func paperWednesdays(closed []Date) []Date {
	var days []Date
	for d := DateOf(1968, time.June, 12); d < DateOf(1968, time.December, 31); d += 7 {
		if !slices.ContainsFunc(closed, Dates{d - 2, d + 2}.Contains) {
			days = append(days, d)
		}
	}
	return days
}

// observed returns the day on which a holiday is kept.
func observed(d Date) Date {
	switch d.Weekday() {
	case time.Saturday:
		return d - 1
	case time.Sunday:
		return d + 1
	}
	return d
}

// nth returns the nth such day of the week from d on.
func nth(n int, w time.Weekday, d Date) Date {
	return d + Date((w-d.Weekday()+7)%7) + Date(7*(n-1))
}

// easter returns Easter Sunday of a year of the Gregorian calendar: the method of
// Butcher, as in Meeus, Astronomical Algorithms, chapter 8.
func easter(year int) Date {
	century, rest := year/100, year%100
	golden := year % 19
	moon := (19*golden + century - century/4 - (century-(century+8)/25+1)/3 + 15) % 30
	sunday := (32 + 2*(century%4) + 2*(rest/4) - moon - rest%4) % 7
	late := (golden + 11*moon + 22*sunday) / 451
	n := moon + sunday - 7*late + 114
	return DateOf(year, time.Month(n/31), n%31+1)
}
