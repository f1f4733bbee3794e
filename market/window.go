package market

import (
	"iter"
	"sort"
)

// A Window is the trading time of one bar.
type Window struct {
	// Time is the time of the bar: the first instant of the window or, of a [Day]
	// and a [Week], midnight of the trading day or of Monday in the exchange's
	// zone.
	Time Time

	// From and To are the first instant of trading and the end of it. Breaks,
	// nights and days without trading may lie between.
	From, To Time

	// Day is the trading day, of a [Week] the first one.
	Day Date
}

// A Standing tells how an instant stands to the sessions of a calendar.
type Standing uint8

// What instants can be.
const (
	// OutOfCalendar is outside of the days that are known.
	OutOfCalendar Standing = iota

	// OutOfSession is when there is no trading.
	OutOfSession

	// InSession is within a session.
	InSession

	// InAuction is in the auction before the first session of a trading day. It
	// belongs to the first window.
	InAuction

	// JustClosed is so soon after a session that what was traded in it may still
	// be told. It belongs to the last window before.
	JustClosed
)

// Trades reports whether what happens then belongs to a window.
func (s Standing) Trades() bool { return s >= InSession }

// Windows finds the windows of one interval. It is quick where times ascend, and
// not for several goroutines.
type Windows struct {
	c    *Calendar
	v    Interval
	step Time
	next int // the session that was found last
}

// Windows returns a [Windows] for v, which must be valid.
func (c *Calendar) Windows(v Interval) *Windows {
	return &Windows{c: c, v: v, step: Time(v.Duration())}
}

// At returns the window that t belongs to, if its standing is one that trades.
// All times from t on and before until have the same answer.
func (w *Windows) At(t Time) (win Window, until Time, s Standing) {
	i, sessions := w.find(t), w.c.sessions
	if i < len(sessions) && t >= sessions[i].From {
		win = w.window(i, t)
		return win, min(win.To, sessions[i].To), InSession
	}
	until = MaxTime
	if i < len(sessions) {
		until = sessions[i].From
	}
	if i > 0 && t < sessions[i-1].To+w.c.closing {
		return w.window(i-1, sessions[i-1].To-1), min(until, sessions[i-1].To+w.c.closing), JustClosed
	}
	if i == len(sessions) {
		return Window{}, until, OutOfCalendar
	}
	opens := i == 0 || sessions[i].Day != sessions[i-1].Day
	switch {
	case opens && t >= until-w.c.auction:
		return w.window(i, until), until, InAuction
	case opens:
		until -= w.c.auction
	}
	if i == 0 && t < w.c.begin {
		return Window{}, min(until, w.c.begin), OutOfCalendar
	}
	return Window{}, until, OutOfSession
}

// find returns the first session that ends after t.
func (w *Windows) find(t Time) int {
	sessions := w.c.sessions
	for near := w.next; near < min(w.next+3, len(sessions)); near++ {
		if t < sessions[near].To && (near == 0 || t >= sessions[near-1].To) {
			w.next = near
			return near
		}
	}
	w.next = w.c.after(t)
	return w.next
}

// window returns the window that holds t, an instant of session i.
func (w *Windows) window(i int, t Time) Window {
	switch w.v {
	case Day:
		return w.c.dayWindow(w.c.dayOf(w.c.sessions[i].Day))
	case Week:
		return w.c.weekWindow(w.c.dayOf(w.c.sessions[i].Day))
	}
	s := &w.c.sessions[i]
	start := (s.elapsed + t - s.From) / w.step * w.step
	first := i
	for w.c.sessions[first].elapsed > start {
		first--
	}
	f := &w.c.sessions[first]
	from := f.From + start - f.elapsed
	return Window{Time: from, From: from, To: w.c.reach(i, start+w.step), Day: s.Day}
}

// reach returns when so much trading time has gone by since the night or the day
// of session i began, or the end of it.
func (c *Calendar) reach(i int, elapsed Time) Time {
	for {
		s := &c.sessions[i]
		if elapsed <= s.elapsed+s.length() {
			return s.From + elapsed - s.elapsed
		}
		if i+1 == len(c.sessions) || c.sessions[i+1].elapsed == 0 {
			return s.To
		}
		i++
	}
}

// dayOf returns which of the days a trading day is, or the next one.
func (c *Calendar) dayOf(d Date) int {
	return sort.Search(len(c.days), func(i int) bool { return c.days[i].date >= d })
}

func (c *Calendar) dayWindow(i int) Window {
	d := &c.days[i]
	return Window{Time: d.begins, From: c.sessions[d.from].From, To: c.sessions[d.to-1].To, Day: d.date}
}

// weekWindow returns the window of the week that has day i.
func (c *Calendar) weekWindow(i int) Window {
	monday := c.days[i].date - (c.days[i].date-1)%7
	first, last := c.dayOf(monday), c.dayOf(monday+7)-1
	win := c.dayWindow(first)
	win.To = c.dayWindow(last).To
	if win.Day != monday {
		win.Time = monday.In(c.zone)
	}
	return win
}

// Ending returns the window of v that ends at t, for bars that are stamped at
// their end. ok is false if none does.
func (w *Windows) Ending(t Time) (win Window, ok bool) {
	win, _, s := w.At(t - 1)
	return win, s == InSession && win.To == t
}

// A Run is bars that are expected one after another.
type Run struct {
	// Day is the trading day of their session, of a [Week] the first.
	Day Date

	// First is the time of the first of them. There are N, Step apart.
	First Time
	N     int
	Step  Time
}

// Last returns the time of the last bar.
func (r Run) Last() Time { return r.First + Time(r.N-1)*r.Step }

// Bars yields the bars of v whose time lies in r, of which both ends must be
// given, in order. An end outside of the days that are known is [fault.NotFound].
func (c *Calendar) Bars(v Interval, r Range) (iter.Seq[Run], error) {
	for _, end := range []Time{r.From, r.To - 1} {
		if !c.plan.Known.Contains(end.Date(c.zone)) {
			return nil, c.beyond(end.String())
		}
	}
	if v == Day || v == Week {
		return func(yield func(Run) bool) { c.dailyBars(v, r, yield) }, nil
	}
	return func(yield func(Run) bool) { c.intradayBars(v, r, yield) }, nil
}

func (c *Calendar) dailyBars(v Interval, r Range, yield func(Run) bool) {
	i := c.dayOf(r.From.Date(c.zone) - 7)
	for ; i < len(c.days) && c.days[i].begins < r.To+7*secondsOfDay*1e9; i++ {
		win := c.dayWindow(i)
		if v == Week {
			if win = c.weekWindow(i); win.Day != c.days[i].date {
				continue // not the first day of the week
			}
		}
		if r.Contains(win.Time) && !yield(Run{Day: win.Day, First: win.Time, N: 1, Step: 1}) {
			return
		}
	}
}

func (c *Calendar) intradayBars(v Interval, r Range, yield func(Run) bool) {
	step := Time(v.Duration())
	for i := c.after(r.From); i < len(c.sessions) && c.sessions[i].From < r.To; i++ {
		s := &c.sessions[i]
		run := Run{Day: s.Day, Step: step, First: s.From + (step-s.elapsed%step)%step}
		end := min(s.To, r.To)
		if run.First < r.From {
			run.First += (r.From - run.First + step - 1) / step * step
		}
		if run.First >= end {
			continue
		}
		run.N = int((end-run.First-1)/step) + 1
		if !yield(run) {
			return
		}
	}
}
