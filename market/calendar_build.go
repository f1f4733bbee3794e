package market

import (
	"slices"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// NewCalendar returns the calendar of a spec that is like no other. The error is
// [fault.Invalid].
func NewCalendar(s CalendarSpec) (*Calendar, error) {
	if s.Like != "" {
		return nil, fault.MarketCalendar.Errorf("calendar %s: it is like %s, which only a set of calendars knows", s.Name, s.Like)
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	return s.over(calendarPlan{}).build()
}

// A calendarBuilder makes the sessions of a plan, day by day from the first that
// is known.
type calendarBuilder struct {
	plan    calendarPlan
	clock   wallClock
	trading []bool
	hours   []int16 // of each day, one more than which of the plan's; 0 is none
	noNight []bool
}

func (p calendarPlan) build() (*Calendar, error) {
	zone, err := LoadZone(p.Zone)
	if err != nil {
		return nil, fault.MarketCalendar.Errorf("calendar %s: %w", p.Name, err)
	}
	n := int(p.Known.Last-p.Known.First) + 1
	switch {
	case p.Known.First == 0 || p.Known.Last == 0 || n < 1 || p.Known.First < firstDate || p.Known.Last > lastDate:
		return nil, fault.MarketCalendar.Errorf("calendar %s: say for which days it is known, as in 2000-01-01..2030-12-31, not %s", p.Name, p.Known)
	case p.Weekdays == 0:
		return nil, fault.MarketCalendar.Errorf("calendar %s: say on which days of the week there is trading, as in mon-fri", p.Name)
	case len(p.Hours) == 0 || len(p.Hours) > 1<<14:
		return nil, fault.MarketCalendar.Errorf("calendar %s: say its sessions, as in %q", p.Name, hoursForm)
	}
	b := &calendarBuilder{plan: p, clock: wallClock{zone: zone}, trading: make([]bool, n), hours: make([]int16, n), noNight: make([]bool, n)}
	b.findDays()
	for i, h := range p.Hours {
		b.each(h.Days, func(day int) { b.hours[day] = int16(i + 1) })
	}
	for _, days := range p.NoNight {
		b.each(days, func(day int) { b.noNight[day] = true })
	}
	c := &Calendar{plan: p, zone: zone, auction: Time(p.Auction), closing: Time(p.Closing)}
	if err := b.fill(c); err != nil {
		return nil, err
	}
	c.begin = min(p.Known.First.In(zone), c.sessions[0].From-c.auction)
	c.end = max((p.Known.Last + 1).In(zone), c.sessions[len(c.sessions)-1].To+c.closing)
	c.finish = c.end
	if slices.ContainsFunc(p.Hours, func(h Hours) bool { return len(h.Night)+len(h.Eve) > 0 }) {
		c.finish = c.sessions[len(c.sessions)-1].To + c.closing
	}
	return c, nil
}

// each calls do with the number of each day of ds that is known.
func (b *calendarBuilder) each(ds Dates, do func(day int)) {
	first, last := max(ds.First, b.plan.Known.First), b.plan.Known.Last
	if ds.Last != 0 {
		last = min(last, ds.Last)
	}
	for d := first; d <= last; d++ {
		do(int(d - b.plan.Known.First))
	}
}

func (b *calendarBuilder) findDays() {
	p := &b.plan
	var first, last Date
	if n := len(p.Table); n > 0 {
		first, last = p.Table[0], p.Table[n-1]
	}
	b.each(Dates{}, func(day int) {
		d := p.Known.First + Date(day)
		b.trading[day] = p.Weekdays.Has(d) && (d < first || d > last)
	})
	for _, d := range p.Table {
		b.each(Dates{d, d}, func(day int) { b.trading[day] = true })
	}
	for _, e := range p.edits {
		b.each(e.days, func(day int) { b.trading[day] = e.open })
	}
}

// fill fills c with its days and sessions.
func (b *calendarBuilder) fill(c *Calendar) error {
	var before Date // the trading day before, 0 for none
	for day, trading := range b.trading {
		if !trading {
			continue
		}
		d := b.plan.Known.First + Date(day)
		if b.hours[day] == 0 {
			return fault.MarketCalendar.Errorf("calendar %s: the trading day %s has no sessions; say them, or from which day it is known", b.plan.Name, d)
		}
		h := &b.plan.Hours[b.hours[day]-1]
		from := len(c.sessions)
		if before != 0 && !b.noNight[day] && b.onlyWeekend(before, d) {
			b.add(c, h.Night, before, Session{Day: d, Night: true})
		}
		b.add(c, h.Eve, d-1, Session{Day: d})
		b.add(c, h.Day, d, Session{Day: d})
		if from == len(c.sessions) {
			return fault.MarketCalendar.Errorf("calendar %s: the trading day %s has no sessions but a night that is not held, or such as the clocks were put forward over", b.plan.Name, d)
		}
		if err := b.check(c, from); err != nil {
			return err
		}
		begins := b.clock.first(d.wall(0))
		c.days = append(c.days, tradingDay{d, begins, int32(from), int32(len(c.sessions))})
		before = d
	}
	if len(c.sessions) == 0 {
		return fault.MarketCalendar.Errorf("calendar %s: no day has a session", b.plan.Name)
	}
	return nil
}

// onlyWeekend reports whether there is no day of trading by the day of the week
// between two trading days.
func (b *calendarBuilder) onlyWeekend(before, d Date) bool {
	for between := before + 1; between < d; between++ {
		if b.plan.Weekdays.Has(between) {
			return false
		}
	}
	return true
}

// add adds the sessions of spans on the clock of a date. Where one begins as the
// other ends, both are one.
//
// Of an hour that the clocks show twice a session has both, unless another one
// ends in it before this begins. A date has one midnight, the first, as its bars
// do.
func (b *calendarBuilder) add(c *Calendar, spans []Span, on Date, s Session) {
	for _, p := range spans {
		first, last := b.clock.find(on.wall(p.From))
		s.From, s.To = Time(first.UnixNano()), b.clock.last(on.wall(p.To))
		if p.To%(24*time.Hour) == 0 {
			s.To = b.clock.first(on.wall(p.To))
		}
		n := len(c.sessions)
		if again := Time(last.UnixNano()); n > 0 && s.From < c.sessions[n-1].To && c.sessions[n-1].To <= again {
			s.From = again
		}
		if s.From >= s.To {
			continue // the clocks were put forward over all of it
		}
		if n > 0 && c.sessions[n-1].Day == s.Day && c.sessions[n-1].Night == s.Night {
			if c.sessions[n-1].To == s.From {
				c.sessions[n-1].To = s.To
				continue
			}
			s.elapsed = c.sessions[n-1].elapsed + c.sessions[n-1].length()
		}
		c.sessions = append(c.sessions, s)
	}
}

// check returns an error if a session from the given one on begins before the
// one in front of it ends.
func (b *calendarBuilder) check(c *Calendar, from int) error {
	for i := max(from, 1); i < len(c.sessions); i++ {
		if s, before := &c.sessions[i], &c.sessions[i-1]; s.From < before.To {
			return fault.MarketCalendar.Errorf("calendar %s: the session of %s from %s begins before another ends, at %s", b.plan.Name, s.Day, s.From, before.To)
		}
	}
	return nil
}

// A wallClock finds instants of what a clock shows. It remembers a stretch of
// time in which the clocks do not change.
type wallClock struct {
	zone     *time.Location
	from, to time.Time // wall-clock times well within the stretch
	offset   time.Duration
}

// steady reports whether wall is well within the stretch, which it looks for.
func (w *wallClock) steady(wall time.Time) bool {
	if !w.from.IsZero() && wall.After(w.from) && wall.Before(w.to) {
		return true
	}
	at := wall.In(w.zone) // within hours of the instant
	_, offset := at.Zone()
	start, end := at.ZoneBounds()
	w.offset = time.Duration(offset) * time.Second
	if start.IsZero() {
		start = wall.AddDate(-300, 0, 0)
	}
	if end.IsZero() {
		end = wall.AddDate(300, 0, 0)
	}
	w.from, w.to = start.Add(2*farthest), end.Add(-2*farthest)
	return wall.After(w.from) && wall.Before(w.to)
}

// find returns the first and the last instant at which the clock shows wall, or
// twice the one at which it was put forward over it.
func (w *wallClock) find(wall time.Time) (first, last time.Time) {
	if w.steady(wall) {
		at := wall.Add(-w.offset)
		return at, at
	}
	found, jump := instantsOf(wall, w.zone)
	if len(found) == 0 {
		return jump, jump
	}
	return found[0], found[len(found)-1]
}

// first returns the first instant at which the clock shows wall, last the last.
func (w *wallClock) first(wall time.Time) Time {
	first, _ := w.find(wall)
	return Time(first.UnixNano())
}

func (w *wallClock) last(wall time.Time) Time {
	_, last := w.find(wall)
	return Time(last.UnixNano())
}
