package market

import (
	"cmp"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A CalendarSpec says what a calendar is made of. What is zero is as in the
// calendar that Like names.
type CalendarSpec struct {
	// Name is the name of the calendar. One that has the name of a calendar of
	// RedFire's changes it, and with it all calendars that are like it.
	Name string

	// Like is the name of the calendar from which this one differs.
	Like string

	// Zone is the time zone of the exchange's clock, as [LoadZone] reads it.
	Zone string

	// Known are the days for which the calendar is known. Outside of them it
	// tells nothing.
	Known Dates

	// Weekdays are the days of the week on which there is trading as a rule.
	Weekdays Weekdays

	// Table are trading days, ascending: from the first of them to the last it
	// counts, and not the weekdays.
	Table []Date

	// Closed are days without trading, Open are days with it.
	Closed, Open []Dates

	// Hours are the sessions. Where several have a day the later one counts, and
	// all of them come after those of the calendar that Like names.
	Hours []Hours

	// NoNight are trading days whose night session is not held.
	NoNight []Dates

	// Auction is how long before the first session of the night, and of the day,
	// an opening auction begins: what is traded then belongs to the first bar.
	Auction time.Duration

	// Closing is how long after the end of a session what was traded in it may
	// still be told: it belongs to the last bar.
	Closing time.Duration

	// Symbols are patterns of the symbols that have this calendar: "rb*.SHFE",
	// "*.LOCAL". A * stands for any text, a ? for one character.
	Symbols []string

	exchange Exchange // of the product that has RedFire's calendar
	product  string   // as the exchange writes it, "" if it is not of one
}

// An edit makes days trading days, or takes them away.
type edit struct {
	days Dates
	open bool
}

// A plan is a spec that does not lean on another one.
type calendarPlan struct {
	CalendarSpec
	edits []edit
}

// over returns what s makes of the plan of the calendar that it is like.
func (s *CalendarSpec) over(base calendarPlan) calendarPlan {
	p := base
	p.Name, p.Like, p.Symbols = s.Name, s.Like, s.Symbols
	p.Zone = cmp.Or(s.Zone, base.Zone)
	p.Known.First = cmp.Or(s.Known.First, base.Known.First)
	p.Known.Last = cmp.Or(s.Known.Last, base.Known.Last)
	p.Weekdays = cmp.Or(s.Weekdays, base.Weekdays)
	p.Auction = cmp.Or(s.Auction, base.Auction)
	p.Closing = cmp.Or(s.Closing, base.Closing)
	if s.Table != nil {
		p.Table = s.Table
	}
	p.Hours = slices.Concat(base.Hours, s.Hours)
	p.NoNight = slices.Concat(base.NoNight, s.NoNight)
	p.edits = slices.Clone(base.edits)
	for _, d := range s.Closed {
		p.edits = append(p.edits, edit{d, false})
	}
	for _, d := range s.Open {
		p.edits = append(p.edits, edit{d, true})
	}
	return p
}

// validate returns an error for what is wrong in s by itself.
func (s *CalendarSpec) validate() error {
	switch {
	case s.Auction < 0 || s.Closing < 0:
		return fault.MarketCalendar.Errorf("calendar %s: an auction or a closing of less than nothing", s.Name)
	case s.Auction > time.Hour || s.Closing > time.Hour:
		return fault.MarketCalendar.Errorf("calendar %s: an auction or a closing of more than an hour", s.Name)
	case !slices.IsSorted(s.Table):
		return fault.MarketCalendar.Errorf("calendar %s: the trading days of its table do not ascend", s.Name)
	}
	if err := s.validateHours(); err != nil {
		return fault.MarketCalendar.Errorf("calendar %s: %w", s.Name, err)
	}
	for _, days := range slices.Concat(s.Open, s.Closed) {
		if days.First == 0 || days.Last == 0 {
			return fault.MarketCalendar.Errorf("calendar %s: name the first and the last of the days %s", s.Name, days)
		}
	}
	for _, open := range s.Open {
		for _, closed := range s.Closed {
			if open.First <= closed.Last && closed.First <= open.Last {
				return fault.MarketCalendar.Errorf("calendar %s: %s is open, and closed by %s", s.Name, open, closed)
			}
		}
	}
	return nil
}

// validateHours returns an error for days and sessions that no text means: they
// would be passed over.
func (s *CalendarSpec) validateHours() error {
	days := slices.Concat(s.Closed, s.Open, s.NoNight)
	for _, h := range s.Hours {
		days = append(days, h.Days)
		for _, p := range slices.Concat(h.Night, h.Eve, h.Day) {
			if err := p.validate(); err != nil {
				return err
			}
		}
	}
	for _, ds := range days {
		if err := ds.validate(); err != nil {
			return err
		}
	}
	return nil
}
