package series

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/market"
)

// DayCoverage tells how many of the bars of a trading day there are.
type DayCoverage struct {
	Day market.Date

	// Expected is how many bars the calendar expects, and Present how many of
	// them are stored.
	Expected, Present int

	// Outside is how many bars are stored that the calendar does not expect:
	// outside of sessions, or between the times at which bars begin.
	Outside int
}

// A Coverage tells how many of the bars of a series there are, day by day.
type Coverage struct {
	Key Key

	// Calendar is the name of the calendar that expects them.
	Calendar string

	// Days are the trading days from the first to the last, those without a bar
	// too. Of bars of a week each is the first day of its week.
	Days []DayCoverage
}

// Total returns the sums over all days.
func (c *Coverage) Total() (expected, present, outside int64) {
	for _, d := range c.Days {
		expected += int64(d.Expected)
		present += int64(d.Present)
		outside += int64(d.Outside)
	}
	return expected, present, outside
}

// coverageBlock is how many series are read in one go.
const coverageBlock = 16

// Coverage yields how many of the expected bars each series of q has, day by day,
// in the order of q.Keys. Trading days count whole: those whose date lies in
// q.Range, or else those from the day of the first row to the last that had a bar to
// come by the last row; a series without rows then has no days. Only the times of
// bars are read, by several goroutines at once.
//
// A symbol without a calendar, and rows or a range beyond the days that its
// calendar knows, are errors.
func (s *Store) Coverage(ctx context.Context, q ExpectedQuery) iter.Seq2[*Coverage, error] {
	return func(yield func(*Coverage, error) bool) {
		err := s.begin(ctx)
		if err == nil {
			err = q.validate()
		}
		if err != nil {
			yield(nil, fmt.Errorf("series: coverage: %w", err))
			return
		}
		ctx, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer stop()
		for block := range s.coverageBlocks(ctx, q, &wg) {
			done := <-block
			for _, c := range done.found {
				if !yield(c, nil) {
					return
				}
			}
			if done.err != nil {
				yield(nil, fmt.Errorf("series: coverage: %w", done.err))
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, fmt.Errorf("series: coverage: %w", err))
		}
	}
}

// A covered is what was found of a block of series, up to an error.
type covered struct {
	found []*Coverage
	err   error
}

// coverageBlocks has blocks of series looked at by goroutines, and yields what
// will be found in the order of q.Keys. It does not run far ahead.
func (s *Store) coverageBlocks(ctx context.Context, q ExpectedQuery, wg *sync.WaitGroup) <-chan chan covered {
	workers := runtime.GOMAXPROCS(0)
	blocks := make(chan chan covered, workers)
	wg.Go(func() {
		defer close(blocks)
		free := make(chan struct{}, workers)
		for keys := range slices.Chunk(q.Keys, coverageBlock) {
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				return
			}
			block := make(chan covered, 1)
			select {
			case blocks <- block:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				block <- s.coverBlock(ctx, q, keys)
				<-free
			})
		}
	})
	return blocks
}

func (s *Store) coverBlock(ctx context.Context, q ExpectedQuery, keys []Key) (done covered) {
	for _, k := range keys {
		c, err := s.cover(ctx, q, k)
		if err != nil {
			done.err = fmt.Errorf("%s: %w", k, err)
			return done
		}
		done.found = append(done.found, c)
	}
	return done
}

// cover looks at one series.
func (s *Store) cover(ctx context.Context, q ExpectedQuery, k Key) (*Coverage, error) {
	calendar, err := q.Calendar(k.Symbol)
	if err != nil {
		return nil, err
	}
	c := &coverer{Coverage: Coverage{Key: k, Calendar: calendar.Name()}, calendar: calendar}
	c.matcher = matcher{
		present: c.isPresent,
		missing: c.isMissing,
		stray:   c.outside,
	}
	if err := c.bound(q.Range); err != nil {
		return nil, err
	}
	for f, err := range s.engine.Read(ctx, Query{Keys: []Key{k}, Range: c.span, Columns: []string{}}) {
		if err == nil && c.expect == nil {
			err = c.start(f.Time[0])
		}
		if err != nil {
			return nil, err
		}
		c.rows(f.Time)
		if c.err != nil {
			return nil, c.err
		}
	}
	return &c.Coverage, c.finish()
}

// A coverer makes a Coverage.
type coverer struct {
	matcher
	Coverage
	calendar *market.Calendar
	days     market.Dates // that are asked for; an end that is 0 is that of the rows
	span     market.Range // of their rows
	last     market.Date  // that had a bar to come before a row or at it, 0 for none
	err      error
}

// bound finds the trading days that a range means.
func (c *coverer) bound(r market.Range) error {
	zone := c.calendar.Zone()
	if r.From != 0 {
		c.days.First = r.From.Date(zone)
	}
	if r.To != 0 {
		c.days.Last = (r.To - 1).Date(zone)
	}
	for _, end := range []market.Date{c.days.First, c.days.Last} {
		if end == 0 {
			continue
		}
		if _, err := c.calendar.Sessions(end); err != nil {
			return err
		}
	}
	span, ok := c.spanOf(c.days)
	if !ok || r.From != 0 && r.From == r.To {
		c.span = market.Range{From: 1, To: 1} // nothing
		return nil
	}
	if r.From != 0 {
		c.span.From = span.From
	}
	if r.To != 0 { // what is traded after the close is of that day too
		c.span.To = max(span.To, (c.days.Last + 1).In(zone))
	}
	if r.From != 0 && r.To != 0 {
		return c.start(0)
	}
	return nil
}

// spanOf returns the times of the rows of trading days, false if there are none.
func (c *coverer) spanOf(days market.Dates) (market.Range, bool) {
	if !c.Key.Interval.Daily() {
		return c.calendar.Span(days)
	}
	zone := c.calendar.Zone()
	r := market.Range{From: days.First.In(zone)}
	if days.Last != 0 {
		r.To = (days.Last + 1).In(zone)
	}
	return r, true
}

// dayOf returns the trading day of a row.
func (c *coverer) dayOf(t market.Time) (market.Date, error) {
	if !c.Key.Interval.Daily() {
		return c.calendar.TradingDay(t)
	}
	day := t.Date(c.calendar.Zone())
	_, err := c.calendar.Sessions(day)
	return day, err
}

// start begins with the first of the days, or else that of the first row.
func (c *coverer) start(first market.Time) (err error) {
	days := c.days
	if days.First == 0 {
		if days.First, err = c.rowDay(first); err != nil {
			return err
		}
	}
	if c.days.First == 0 && c.Key.Interval == market.Week {
		days.First = days.First.Monday() // its bar stands there
	}
	span, ok := c.spanOf(days)
	if !ok {
		return nil
	}
	return c.begin(c.calendar, c.Key.Interval, span)
}

// finish tells what is missing behind the last bar, up to the last of the days.
func (c *coverer) finish() error {
	if c.expect == nil || c.err != nil {
		return c.err
	}
	last := cmp.Or(c.days.Last, c.last)
	c.end(func(run *market.Run) bool {
		if c.Key.Interval == market.Week { // its bar may stand before its first trading day
			return run.First.Date(c.calendar.Zone()) <= last
		}
		return run.Day <= last
	})
	return nil
}

func (c *coverer) isMissing(run *market.Run, _ market.Time, n int) {
	c.last = run.Day
	c.add(run.Day, DayCoverage{Expected: n})
}

func (c *coverer) isPresent(run *market.Run, _ market.Time, n int) {
	c.last = run.Day
	c.add(run.Day, DayCoverage{Expected: n, Present: n})
}

// add adds to what is known of a day.
func (c *coverer) add(day market.Date, d DayCoverage) {
	if n := len(c.Days); n == 0 || c.Days[n-1].Day != day {
		c.Days = append(c.Days, DayCoverage{Day: day})
	}
	last := &c.Days[len(c.Days)-1]
	last.Expected += d.Expected
	last.Present += d.Present
	last.Outside += d.Outside
}

// outside counts a bar that is not expected. One between two sessions counts for
// the day of the next, as [market.Calendar.TradingDay] has it, but after the last
// session of a date for that date: what is traded after the close in New York is
// of no later day.
func (c *coverer) outside(_ int, t market.Time) {
	day, err := c.rowDay(t)
	if err != nil {
		c.err = err
		return
	}
	if c.Key.Interval == market.Week {
		c.add(c.firstOfWeek(day), DayCoverage{Outside: 1})
		return
	}
	if c.days.Contains(day) {
		c.add(day, DayCoverage{Outside: 1})
	}
}

// rowDay returns the day that a row counts for.
func (c *coverer) rowDay(t market.Time) (market.Date, error) {
	if date := t.Date(c.calendar.Zone()); c.closedFor(date, t) {
		return date, nil
	}
	return c.dayOf(t)
}

// closedFor reports whether t lies behind the last session of its date, and in front
// of all of the next trading day: in the night, that has begun.
func (c *coverer) closedFor(date market.Date, t market.Time) bool {
	own, err := c.calendar.Sessions(date)
	if err != nil || len(own) == 0 || t < own[len(own)-1].To || c.Key.Interval.Daily() {
		return false
	}
	next, open, err := c.calendar.Session(t)
	if err != nil || open {
		return err != nil
	}
	all, err := c.calendar.Sessions(next.Day)
	return err == nil && next.From.Date(c.calendar.Zone()) > date && all[0].From == next.From
}

// firstOfWeek returns the first trading day of the week of a day, Monday if it has
// none.
func (c *coverer) firstOfWeek(day market.Date) market.Date {
	monday := day.Monday()
	for first := range c.calendar.TradingDays(market.Dates{First: monday, Last: monday + 6}) {
		return first
	}
	return monday
}
