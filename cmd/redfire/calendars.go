package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// calendars returns RedFire's calendars with what the configuration changes and
// adds. They are made once.
func (p *program) calendars() (*market.Calendars, error) {
	if p.trading != nil {
		return p.trading, nil
	}
	_, c, err := p.settings()
	if err != nil {
		return nil, err
	}
	cs, err := market.NewCalendars(c.CalendarSpecs()...)
	if err != nil {
		return nil, err
	}
	p.trading, p.configured = cs, slices.Sorted(maps.Keys(c.Calendars))
	return cs, nil
}

// completeCalendars completes the name of a calendar.
func (p *program) completeCalendars() []string {
	cs, err := p.calendars()
	if err != nil {
		return nil
	}
	return cs.Names()
}

// ownersOf returns which symbols have c: those of its exchanges or of its product,
// and the patterns of the configuration.
func ownersOf(cs *market.Calendars, c *market.Calendar) []string {
	all := []string{}
	exchanges, product := cs.Owners(c.Name())
	for _, e := range exchanges {
		all = append(all, strings.TrimSpace(string(e)+" "+product))
	}
	return append(all, c.Spec().Symbols...)
}

// A period is days in which trading days have the same hours as a rule.
type period struct {
	Days  market.Dates `json:"days"`
	Hours string       `json:"hours"`
}

// periods returns the periods of a calendar in the order of time.
func periods(c *market.Calendar) []period {
	known, hours := c.Known(), c.Spec().Hours
	starts := []market.Date{known.First}
	for _, h := range hours {
		starts = append(starts, h.Days.First, h.Days.Last+1)
	}
	slices.Sort(starts)
	starts = slices.DeleteFunc(slices.Compact(starts), func(d market.Date) bool { return !known.Contains(d) })
	var all []period
	for i, first := range starts {
		last := known.Last
		if i+1 < len(starts) {
			last = starts[i+1] - 1
		}
		text := ""
		for _, h := range slices.Backward(hours) {
			if h.Days.Contains(first) {
				text = joined(h).Sessions()
				break
			}
		}
		if n := len(all); n > 0 && all[n-1].Hours == text {
			all[n-1].Days.Last = last
			continue
		}
		all = append(all, period{market.Dates{First: first, Last: last}, text})
	}
	return all
}

// shortest is how many days the hours of a period have to stand for people to be
// told of them: half days are listed as they come.
const shortest = 60

// lasting returns the periods without those of a few days, of which it returns how
// many there are.
func lasting(all []period) (long []period, few int) {
	for _, p := range all {
		n := len(long)
		switch {
		case n > 0 && long[n-1].Hours == p.Hours:
			long[n-1].Days.Last = p.Days.Last
		case p.Days.Last-p.Days.First < shortest && len(all) > 1:
			few++
		default:
			long = append(long, p)
		}
	}
	if len(long) == 0 {
		return all, 0
	}
	return long, few
}

const wholeDay = 24 * time.Hour

// joined returns h with those sessions as one that touch each other, as days have
// them.
func joined(h market.Hours) market.Hours {
	var day []market.Span
	for _, s := range h.Eve {
		day = append(day, market.Span{From: s.From - wholeDay, To: s.To - wholeDay})
	}
	night, day := touching(h.Night), touching(append(day, h.Day...))
	return hoursOf(night, day)
}

func touching(spans []market.Span) []market.Span {
	var all []market.Span
	for _, s := range spans {
		if n := len(all); n > 0 && all[n-1].To == s.From {
			all[n-1].To = s.To
			continue
		}
		all = append(all, s)
	}
	return all
}

// hoursOf returns hours of spans that count from the beginning of the trading day:
// those before it are of its eve.
func hoursOf(night, day []market.Span) market.Hours {
	h := market.Hours{Night: night}
	for _, s := range day {
		if s.From < 0 {
			h.Eve = append(h.Eve, market.Span{From: s.From + wholeDay, To: s.To + wholeDay})
			continue
		}
		h.Day = append(h.Day, s)
	}
	return h
}

// sessionsText returns sessions of one trading day as the clock of zone shows
// them, in the form of the configuration: night 21:00-23:00 day 09:00-10:15.
func sessionsText(all []market.Session, zone *time.Location) string {
	var night, day []market.Span
	for _, s := range all {
		begins := s.From.Date(zone)
		span := market.Span{From: wall(s.From, begins, zone), To: wall(s.To, begins, zone)}
		if s.Night {
			night = append(night, span)
			continue
		}
		ahead := time.Duration(begins-s.Day) * wholeDay
		day = append(day, market.Span{From: span.From + ahead, To: span.To + ahead})
	}
	return hoursOf(night, day).Sessions()
}

// wall returns how long after the midnight of a date the clock of zone shows t.
func wall(t market.Time, since market.Date, zone *time.Location) time.Duration {
	at := t.In(zone)
	h, m, s := at.Clock()
	return time.Duration(t.Date(zone)-since)*wholeDay + time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}

// short returns a length of time without the zeros at its end.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
