package market

import (
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Date is a day of the calendar, without a time and without a zone: a trading
// day is one. It counts days, 1 for 0001-01-01, so that d+1 is the day after.
// 0 means that there is no date.
type Date int32

// dayOne is the number of seconds from 1970 back to the day before day 1.
const dayOne = -719163

const secondsOfDay = 24 * 60 * 60

// The first and the last date of which all instants can be stored.
var (
	firstDate = DateOf(1678, time.January, 1)
	lastDate  = DateOf(2261, time.December, 31)
)

// DateOf returns the date of a year, a month and a day; months and days out of
// range count on, as in [time.Date].
func DateOf(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/secondsOfDay - dayOne)
}

// ParseDate reads 2026-01-05. The error is [fault.Invalid].
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if d := DateOf(t.Date()); err == nil && firstDate <= d && d <= lastDate {
		return d, nil
	}
	return 0, fault.MarketHours.Errorf("%q is not a date from 1678 to 2261 such as 2026-01-05", clip(s))
}

// wall returns the midnight that begins d plus an offset, as a clock would show
// it; its zone has no meaning.
func (d Date) wall(offset time.Duration) time.Time {
	return time.Unix((int64(d)+dayOne)*secondsOfDay, 0).UTC().Add(offset)
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday(d % 7) }

// Monday returns the Monday of the week that has d.
func (d Date) Monday() Date { return d - (d-1)%7 }

// Date returns the year, the month and the day.
func (d Date) Date() (year int, month time.Month, day int) { return d.wall(0).Date() }

// In returns the instant at which d begins in zone.
func (d Date) In(zone *time.Location) Time {
	y, m, day := d.Date()
	return Time(midnight(y, m, day, zone).UnixNano())
}

// Date returns the date that the clock of zone shows at t, which must not be 0.
func (t Time) Date(zone *time.Location) Date { return DateOf(t.instant().In(zone).Date()) }

// String returns d as 2026-01-05, and "" for 0.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.wall(0).Format(time.DateOnly)
}

// MarshalText returns the text of [Date.String].
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what [ParseDate] reads, and the empty text as 0.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDate(string(text))
	if err == nil {
		*d = v
	}
	return err
}

// Dates are the days from First to Last, both included. An end that is 0 is
// open.
type Dates struct{ First, Last Date }

// ParseDates reads one date, 2026-10-01, or the first and the last of several,
// 2026-10-01..2026-10-08, of which either may be left out.
func ParseDates(s string) (Dates, error) {
	first, last, several := strings.Cut(s, "..")
	if !several {
		d, err := ParseDate(s)
		return Dates{d, d}, err
	}
	var ds Dates
	if err := ds.First.UnmarshalText([]byte(first)); err != nil {
		return Dates{}, err
	}
	if err := ds.Last.UnmarshalText([]byte(last)); err != nil {
		return Dates{}, err
	}
	if err := ds.validate(); err != nil {
		return Dates{}, err
	}
	return ds, nil
}

func (ds Dates) validate() error {
	if ds.Last != 0 && ds.Last < ds.First {
		return fault.MarketHours.Errorf("the days %s end before they begin", ds)
	}
	return nil
}

// Contains reports whether d is one of the days.
func (ds Dates) Contains(d Date) bool {
	return ds.First <= d && (ds.Last == 0 || d <= ds.Last)
}

// String returns the form that [ParseDates] reads.
func (ds Dates) String() string {
	if ds.First == ds.Last && ds.First != 0 {
		return ds.First.String()
	}
	return ds.First.String() + ".." + ds.Last.String()
}

// MarshalText returns the text of [Dates.String].
func (ds Dates) MarshalText() ([]byte, error) { return []byte(ds.String()), nil }

// UnmarshalText reads what [ParseDates] reads.
func (ds *Dates) UnmarshalText(text []byte) error {
	v, err := ParseDates(string(text))
	if err == nil {
		*ds = v
	}
	return err
}
