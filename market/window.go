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

	// InAuction is in an auction before the first session of a night or a day. What
	// is traded then belongs to the first window; prices without a trade do not,
	// since feeds repeat those of the session before.
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
	if i == len(sessions) && t < w.c.finish {
		return Window{}, w.c.finish, OutOfSession
	}
	if i == len(sessions) {
		return Window{}, until, OutOfCalendar
	}
	opens := sessions[i].elapsed == 0
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
	monday := c.days[i].date.Monday()
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

// ByClock reports whether the windows of v are those of [Interval.Window] in the
// zone of the calendar, on all days: no break cuts one, and none goes on over
// midnight but where that does not matter. Those of a [Day] and a [Week] are where
// no session lies on another date than its trading day.
func (c *Calendar) ByClock(v Interval) bool {
	clock, step := wallClock{zone: c.zone}, Time(v.Duration())
	for i, d := range c.days {
		for _, s := range c.sessions[d.from:d.to] {
			date, midnight := d.date, d.begins
			switch {
			case s.Night:
				date, midnight = c.days[i-1].date, c.days[i-1].begins
			case s.From < d.begins:
				date, midnight = d.date-1, clock.first((d.date - 1).wall(0))
			}
			if date != d.date && step == 0 || !s.byClock(step, midnight, clock.first((date+1).wall(0))) {
				return false
			}
		}
	}
	return true
}

// byClock reports whether the windows of a session have the length step by the
// clock too, on which its date lasts from one midnight to the next. A step of 0 is
// a day.
func (s *Session) byClock(step, midnight, next Time) bool {
	switch {
	case step == 0:
		return s.To <= next
	case (s.From-midnight)%step != 0 || s.elapsed%step != 0:
		return false
	case s.To == next:
		return true
	case s.To > next && (next-midnight)%step != 0:
		return false
	}
	return (s.To-midnight)%step == 0
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

// Bars yields the bars of v whose time lies in r, in order. The range is as for
// [Calendar.Expect].
func (c *Calendar) Bars(v Interval, r Range) (iter.Seq[Run], error) {
	e, err := c.Expect(v, r)
	if err != nil {
		return nil, err
	}
	return func(yield func(Run) bool) {
		e := *e
		for run, ok := e.Next(); ok && yield(run); run, ok = e.Next() {
		}
	}, nil
}

// An Expectation tells the bars that [Calendar.Bars] yields one run after the
// other. It is not for several goroutines.
type Expectation struct {
	c    *Calendar
	v    Interval
	step Time
	r    Range
	next int // session, or day where bars are daily
}

// Expect returns the [Expectation] of the bars of v in r. An open end of r is that
// of the days that are known; an end outside of them is [fault.NotFound].
func (c *Calendar) Expect(v Interval, r Range) (*Expectation, error) {
	first := c.begin
	if v == Week {
		first = min(first, c.weekWindow(0).Time)
	}
	if r.From == 0 {
		r.From = first
	}
	if r.To == 0 {
		r.To = c.end
	}
	for _, end := range []Time{r.From, r.To - 1} {
		if end < first || end >= c.end {
			return nil, c.beyond(end.String())
		}
	}
	e := &Expectation{c: c, v: v, step: Time(v.Duration()), r: r}
	if e.next = c.after(r.From); e.step == 0 {
		e.next = c.dayOf(r.From.Date(c.zone).Monday())
	}
	return e, nil
}

// Next returns the next run, and false after the last.
func (e *Expectation) Next() (Run, bool) {
	if e.step == 0 {
		return e.nextDay()
	}
	for e.next < len(e.c.sessions) {
		s := &e.c.sessions[e.next]
		if s.From >= e.r.To {
			break
		}
		e.next++
		run := Run{Day: s.Day, Step: e.step, First: s.From}
		if over := s.elapsed % e.step; over > 0 {
			run.First += e.step - over
		}
		if run.First < e.r.From {
			run.First += (e.r.From - run.First + e.step - 1) / e.step * e.step
		}
		if end := min(s.To, e.r.To); run.First < end {
			run.N = int((end-run.First-1)/e.step) + 1
			return run, true
		}
	}
	return Run{}, false
}

func (e *Expectation) nextDay() (Run, bool) {
	for e.next < len(e.c.days) {
		day := e.next
		e.next++
		win := e.c.dayWindow(day)
		if e.v == Week {
			if win = e.c.weekWindow(day); win.Day != e.c.days[day].date {
				continue // not the first day of the week
			}
		}
		if win.Time >= e.r.To {
			return Run{}, false
		}
		if win.Time >= e.r.From {
			return Run{Day: win.Day, First: win.Time, N: 1, Step: 1}, true
		}
	}
	return Run{}, false
}

// Rows returns, of bars of v that are made of finer rows, the times of those that
// an asked range means, and a range that holds their rows and what was asked for.
// The begin of the first range is moved to that of its window, or of the next one
// where there is no trading; the end is as it is, since a bar is in a range if its
// time is. Open ends stay open.
func (c *Calendar) Rows(v Interval, asked Range) (bars, rows Range) {
	bars = asked
	w := c.Windows(v)
	if asked.From != 0 {
		win, _, s := w.At(asked.From)
		if i := c.after(asked.From); !s.Trades() && i < len(c.sessions) {
			win, _, s = w.At(c.sessions[i].From)
		}
		if s.Trades() {
			bars.From = storable(min(win.Time, asked.From))
		}
		rows.From = storable(min(c.rowsFrom(v, bars.From)-c.auction, asked.From))
	}
	if asked.To != 0 {
		rows.To = storable(max(c.rowsTo(w, asked.To)+c.closing, asked.To))
	}
	return bars, rows
}

// rowsFrom returns a time before which there are no rows, but for those of an
// auction, of bars of v from t on.
func (c *Calendar) rowsFrom(v Interval, t Time) Time {
	if !v.Daily() {
		return t
	}
	day := t.Date(c.zone)
	if v == Week {
		day = day.Monday()
	}
	if i := c.dayOf(day); i < len(c.days) {
		return c.dayWindow(i).From
	}
	return t
}

// Begun returns the last window that has begun at t; there may be none.
func (w *Windows) Begun(t Time) (win Window, begun bool) {
	i, sessions := w.find(t), w.c.sessions
	switch {
	case i < len(sessions) && sessions[i].From <= t:
		return w.window(i, t), true
	case i == 0:
		return Window{To: MinTime}, false
	}
	return w.window(i-1, sessions[i-1].To-1), true
}

// rowsTo returns a time after which there are no rows of bars before t, but for
// those that are told after the close.
func (c *Calendar) rowsTo(w *Windows, t Time) Time {
	if w.step > 0 {
		if win, begun := w.Begun(t - 1); begun {
			return max(t, win.To)
		}
		return t
	}
	last := (t - 1).Date(c.zone)
	if w.v == Week {
		last = last.Monday() + 6
	}
	if i := c.dayOf(last+1) - 1; i >= 0 {
		return c.dayWindow(i).To
	}
	return t
}
