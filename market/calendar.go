package market

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Calendar knows when an exchange trades: its trading days, and the sessions
// of each. It does not change, and may be used by several goroutines.
//
// A trading day is the exchange's day, to which a night session of the evening
// before belongs: the session of Friday 21:00 is the beginning of Monday's, or
// of the next trading day's. Windows of an [Interval] are counted in trading time
// from the beginning of the night, and anew from that of the day; they go on over
// the breaks within. So the bars of an hour of a Chinese future begin at 09:00,
// 10:00, 11:15 and 14:15, and the last has three quarters of an hour. A bar of a
// [Day] has all sessions of a trading day, one of a [Week] those of its trading
// days from Monday on.
type Calendar struct {
	plan     calendarPlan
	zone     *time.Location
	sessions []Session
	days     []tradingDay
	begin    Time // of the first day that is known, and what belongs to it
	finish   Time // from here on the next day, which is not known, may trade
	end      Time // of the last one
	auction  Time
	closing  Time
}

// A Session is a stretch of trading without a break, from From to, and without,
// To.
type Session struct {
	// Day is the trading day that it belongs to.
	Day Date

	From, To Time

	// Night tells that it is held on the evening of the trading day before.
	Night bool

	// elapsed is the trading time before it, in the night or in the day.
	elapsed Time
}

// length returns how long the session lasts.
func (s *Session) length() Time { return s.To - s.From }

// A tradingDay is a date and which of the sessions are its own.
type tradingDay struct {
	date     Date
	begins   Time // the midnight of its bar
	from, to int32
}

// Name returns the name of the calendar.
func (c *Calendar) Name() string { return c.plan.Name }

// Zone returns the zone of the exchange's clock, in which its days are counted.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Known returns the days for which the calendar is known.
func (c *Calendar) Known() Dates { return c.plan.Known }

// Spec returns what the calendar is made of, its own and what it has from the
// calendars that it is like, but for Closed and Open: [Calendar.TradingDays] and
// [Calendar.Holidays] tell what came of them. The slices must not be changed.
func (c *Calendar) Spec() CalendarSpec { return c.plan.CalendarSpec }

// beyond is the error for what lies outside of the days that are known.
func (c *Calendar) beyond(what string) error {
	return fault.MarketBeyond.Errorf("%s: the calendar %s knows the days %s", what, c.Name(), c.plan.Known)
}

// Sessions returns the sessions of d in the order of time, none if it is no
// trading day. A day for which the calendar is not known is [fault.NotFound]. The
// slice must not be changed.
func (c *Calendar) Sessions(d Date) ([]Session, error) {
	if !c.plan.Known.Contains(d) {
		return nil, c.beyond(d.String())
	}
	i, ok := slices.BinarySearchFunc(c.days, d, func(t tradingDay, d Date) int { return int(t.date - d) })
	if !ok {
		return nil, nil
	}
	return c.sessions[c.days[i].from:c.days[i].to], nil
}

// TradingDay returns the trading day that t belongs to: that of the session that
// holds it or has just closed, else that of the next one. The error is
// [fault.NotFound] if no session that is known follows.
func (c *Calendar) TradingDay(t Time) (Date, error) {
	i := c.after(t)
	if i > 0 && t < c.sessions[i-1].To+c.closing && (i == len(c.sessions) || t < c.sessions[i].From) {
		i--
	}
	if i == len(c.sessions) || t < c.begin {
		return 0, c.beyond(t.String())
	}
	return c.sessions[i].Day, nil
}

// Session returns the session that holds t, or else, with open false, the next
// one. The error is [fault.NotFound] if no session that is known follows.
func (c *Calendar) Session(t Time) (s Session, open bool, err error) {
	i := c.after(t)
	if i == len(c.sessions) || t < c.begin {
		return Session{}, false, c.beyond(t.String())
	}
	return c.sessions[i], t >= c.sessions[i].From, nil
}

// after returns the first session that ends after t.
func (c *Calendar) after(t Time) int {
	return sort.Search(len(c.sessions), func(i int) bool { return c.sessions[i].To > t })
}

// TradingDays yields the trading days among ds, as far as they are known, in
// order.
func (c *Calendar) TradingDays(ds Dates) iter.Seq[Date] {
	return func(yield func(Date) bool) {
		i := sort.Search(len(c.days), func(i int) bool { return c.days[i].date >= ds.First })
		for ; i < len(c.days) && ds.Contains(c.days[i].date); i++ {
			if !yield(c.days[i].date) {
				return
			}
		}
	}
}

// Span returns the time that belongs to the trading days among ds, as
// [Calendar.TradingDay] tells: from when the session before them has closed to when
// their last has. It is false if there are none.
func (c *Calendar) Span(ds Dates) (Range, bool) {
	first := c.dayOf(ds.First)
	last := len(c.days) - 1
	if ds.Last != 0 {
		last = c.dayOf(ds.Last+1) - 1
	}
	if first > last {
		return Range{}, false
	}
	r := Range{From: c.begin, To: c.closes(last)}
	if first > 0 {
		r.From = c.closes(first - 1)
	}
	return Range{storable(r.From), storable(r.To)}, true
}

// closes returns the end of the time that belongs to day i.
func (c *Calendar) closes(i int) Time {
	told := c.dayWindow(i).To + c.closing
	if i+1 < len(c.days) {
		told = min(told, c.dayWindow(i+1).From)
	}
	return told
}

// storable returns an end of a range that is t, or as near to it as can be: 0
// would be open.
func storable(t Time) Time { return cmp.Or(min(max(t, MinTime), MaxTime), 1) }

// Holidays yields the days among ds on which there would be trading by the day of
// the week and is none, as far as they are known, in order.
func (c *Calendar) Holidays(ds Dates) iter.Seq[Date] {
	return func(yield func(Date) bool) {
		last := c.plan.Known.Last
		if ds.Last != 0 {
			last = min(last, ds.Last)
		}
		d := max(ds.First, c.plan.Known.First)
		i := sort.Search(len(c.days), func(i int) bool { return c.days[i].date >= d })
		for ; d <= last; d++ {
			if i < len(c.days) && c.days[i].date == d {
				i++
				continue
			}
			if c.plan.Weekdays.Has(d) && !yield(d) {
				return
			}
		}
	}
}
