package marketfile

import (
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// The words of [Options.Calendar] that are no names of calendars.
const (
	// CalendarAuto is the calendar of each symbol.
	CalendarAuto = "auto"

	// CalendarNone is no calendar: bars are counted by the clock.
	CalendarNone = "none"
)

// A barEnd finds the start of bars that are stamped at their end, of one series.
type barEnd struct {
	interval market.Interval
	name     string          // of the calendar, "" for the clock
	windows  *market.Windows // of the calendar
	zone     *time.Location  // of the clock
	strict   bool            // what is no end by the calendar is none at all
}

// newBarEnd returns that of a symbol. Without a word which calendar counts, one is
// needed only where it matters: where bars of that length go on over a break, or
// are cut by it.
func (l *layout) newBarEnd(y market.Symbol, v market.Interval) (*barEnd, error) {
	b := &barEnd{interval: v}
	var known bool
	b.zone, known = l.zoneOf(y.Exchange)
	if l.calendar == CalendarNone {
		if !known && v >= market.Hour {
			return nil, fault.FileNeeds.Errorf("the file does not say in which time zone its times are (--tz Asia/Shanghai)")
		}
		return b, nil
	}
	c, unknown := l.calendarOf(y)
	long := v >= market.Hour || v.Daily()
	switch {
	case unknown != nil && (l.calendar != "" || long):
		return nil, fault.FileNeeds.Errorf("the start of a bar of %s cannot be told from its end: %w", v, unknown)
	case c == nil:
		return b, nil
	case l.calendar == "" && !v.Daily() && !c.ByClock(v):
		return nil, fault.FileNeeds.Errorf("bars of %s of %s go on over a break or are cut by it: say whether they count trading time (--calendar auto) or the clock (--calendar none)", v, y)
	}
	b.name, b.windows = c.Name(), c.Windows(v)
	b.strict = l.calendar != "" || long
	return b, nil
}

// calendarOf returns the calendar that was named, or the symbol's own.
func (l *layout) calendarOf(y market.Symbol) (*market.Calendar, error) {
	if l.calendar != "" && l.calendar != CalendarAuto {
		return l.calendars.Named(l.calendar)
	}
	return l.calendars.Of(y)
}

// start returns the time of the bar that ends at t.
func (b *barEnd) start(t market.Time) (market.Time, error) {
	if b.windows != nil {
		win, ok := b.windows.Ending(t)
		switch {
		case ok:
			return win.Time, nil
		case b.strict && win.To != 0:
			return 0, fault.FileCalendar.Errorf("no bar of %s ends at %s by the calendar %s: the one that holds this time ends at %s", b.interval, t, b.name, win.To)
		case b.strict:
			return 0, fault.FileCalendar.Errorf("no bar of %s ends at %s by the calendar %s: there is no trading then", b.interval, t, b.name)
		}
	}
	if b.interval < market.Hour && b.interval > 0 {
		return t - market.Time(b.interval.Duration()), nil
	}
	from, _ := b.interval.Window(t-1, b.zone)
	return from, nil
}
