package market

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A Span is a part of a day as the exchange's clock shows it, counted from the
// midnight with which a date begins. From is in it and To is not. Past 24 hours
// it is the next date: 21:00-26:30 ends at half past two in the morning.
type Span struct{ From, To time.Duration }

// ParseSpan reads 21:00-26:30.
func ParseSpan(s string) (Span, error) {
	from, to, ok := strings.Cut(s, "-")
	var p Span
	if ok {
		p.From, ok = clockTime(from)
	}
	if ok {
		p.To, ok = clockTime(to)
	}
	if !ok || p.validate() != nil {
		return Span{}, noSession(s)
	}
	return p, nil
}

func (p Span) validate() error {
	if p.From < 0 || p.From >= p.To || p.From >= 24*time.Hour || p.To > 48*time.Hour {
		return noSession(p.String())
	}
	return nil
}

func noSession(s string) error {
	return fault.MarketHours.Errorf("%q is no session such as 09:00-10:15 or 21:00-26:30", clip(s))
}

// clockTime reads 09:30, the hour up to 48.
func clockTime(s string) (time.Duration, bool) {
	hour, minute, ok := strings.Cut(s, ":")
	if !ok || len(hour) != 2 || len(minute) != 2 {
		return 0, false
	}
	h, err := strconv.ParseUint(hour, 10, 8)
	m, err2 := strconv.ParseUint(minute, 10, 8)
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, err == nil && err2 == nil && m < 60
}

// String returns the form that [ParseSpan] reads.
func (p Span) String() string {
	clock := func(d time.Duration) string {
		return fmt.Sprintf("%02d:%02d", d/time.Hour, d%time.Hour/time.Minute)
	}
	return clock(p.From) + "-" + clock(p.To)
}

// Hours are the sessions of trading days, in the order of time.
type Hours struct {
	// Days are the trading days that have these hours.
	Days Dates

	// Night are the sessions on the evening of the trading day before. They are
	// not held where more than a weekend lies between: in China there is no
	// trading in the night before a holiday.
	Night []Span

	// Eve are the sessions on the calendar day before.
	Eve []Span

	// Day are the sessions on the trading day itself.
	Day []Span
}

// hoursForm is what [ParseHours] reads, for messages.
const hoursForm = "2016-05-03.. night 21:00-23:00 day 09:00-10:15 10:30-11:30 13:30-15:00"

// ParseHours reads sessions, and before them the days that have them unless all
// have:
//
//	09:30-11:30 13:00-15:00
//	2026-12-24 09:30-13:00
//	2016-05-03.. night 21:00-23:00 day 09:00-10:15 10:30-11:30 13:30-15:00
//	eve 17:00-24:00 day 00:00-16:00
func ParseHours(s string) (Hours, error) {
	var h Hours
	words := strings.Fields(s)
	if len(words) > 0 && strings.Count(words[0], "-") >= 2 || len(words) > 0 && strings.Contains(words[0], "..") {
		days, err := ParseDates(words[0])
		if err != nil {
			return Hours{}, err
		}
		h.Days, words = days, words[1:]
	}
	group := &h.Day
	for _, w := range words {
		switch w {
		case "night":
			group = &h.Night
		case "eve":
			group = &h.Eve
		case "day":
			group = &h.Day
		default:
			p, err := ParseSpan(w)
			if err != nil {
				return Hours{}, err
			}
			if n := len(*group); n > 0 && p.From < (*group)[n-1].To {
				return Hours{}, fault.MarketHours.Errorf("session %s begins before the one in front of it ends, %s", p, (*group)[n-1])
			}
			*group = append(*group, p)
		}
	}
	if len(h.Night)+len(h.Eve)+len(h.Day) == 0 {
		return Hours{}, fault.MarketHours.Errorf("%q names no session; write as in %q", clip(s), hoursForm)
	}
	return h, nil
}

// String returns the form that [ParseHours] reads.
func (h Hours) String() string {
	var words []string
	if h.Days != (Dates{}) {
		words = append(words, h.Days.String())
	}
	return strings.Join(append(words, h.Sessions()), " ")
}

// Sessions returns the sessions alone, as [ParseHours] reads them.
func (h Hours) Sessions() string {
	var words []string
	add := func(name string, spans []Span) {
		if len(spans) > 0 && (name != "day" || len(words) > 0) {
			words = append(words, name)
		}
		for _, p := range spans {
			words = append(words, p.String())
		}
	}
	add("night", h.Night)
	add("eve", h.Eve)
	add("day", h.Day)
	return strings.Join(words, " ")
}

// MarshalText returns the text of [Hours.String].
func (h Hours) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what [ParseHours] reads.
func (h *Hours) UnmarshalText(text []byte) error {
	v, err := ParseHours(string(text))
	if err == nil {
		*h = v
	}
	return err
}

// Weekdays are days of the week, a bit for each from Sunday on. 0 is none.
type Weekdays uint8

// The days of the week on which there is trading as a rule.
const (
	EveryDay       Weekdays = 1<<7 - 1
	MondayToFriday Weekdays = 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday
)

// weekdayNames are the names from Sunday on.
var weekdayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseWeekdays reads names of days and of stretches of them: mon-fri, sun-thu,
// mon,wed.
func ParseWeekdays(s string) (Weekdays, error) {
	var all Weekdays
	for part := range strings.SplitSeq(s, ",") {
		first, last, several := strings.Cut(part, "-")
		if !several {
			last = first
		}
		from, to := slices.Index(weekdayNames, first), slices.Index(weekdayNames, last)
		if from < 0 || to < 0 {
			return 0, fault.MarketHours.Errorf("%q are no days of the week such as mon-fri", clip(s))
		}
		for d := from; ; d = (d + 1) % 7 {
			all |= 1 << d
			if d == to {
				break
			}
		}
	}
	return all, nil
}

// Has reports whether d is on one of the days.
func (w Weekdays) Has(d Date) bool { return w>>d.Weekday()&1 != 0 }

// String returns a form that [ParseWeekdays] reads.
func (w Weekdays) String() string {
	switch w {
	case MondayToFriday:
		return "mon-fri"
	case EveryDay:
		return "mon-sun"
	}
	var names []string
	for d, name := range weekdayNames {
		if w>>d&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// MarshalText returns the text of [Weekdays.String].
func (w Weekdays) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what [ParseWeekdays] reads, and the empty text as 0.
func (w *Weekdays) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*w = 0
		return nil
	}
	v, err := ParseWeekdays(string(text))
	if err == nil {
		*w = v
	}
	return err
}
