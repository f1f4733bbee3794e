package series

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// Resample yields the rows of bars or ticks as bars of a coarser interval. A
// window without a row has no bar.
//
// By q.Zone, windows are those of time, and trading sessions play no part. Both
// ends of q.Range are moved outwards to the ends of their windows, so that no bar
// is made of a part of its rows.
//
// By q.Calendar, windows are those of its sessions; the bars are those whose time
// lies in q.Range, of which the begin is moved to that of its window, and they are
// made of all their rows wherever these lie: those of a trading day begin on the
// evening before. What was traded in an opening auction goes into the first bar,
// and what is told just after the close of a session into the last. Rows outside
// of sessions go into no bar: q.Outside is told of them; a bar is outside if all of
// its interval is. A row beyond the days that the calendar knows is an error of
// kind [fault.NotFound]. Bars of a day are those of the calendar already, and their
// weeks begin in its zone.
//
// Of the rows of a window the bar has the first open, the highest high, the
// lowest low (of equal ones the first: 0 and -0 are equal), the last close and
// open interest, and the sums of volume and turnover, added up one by one in the
// order of time, beginning with 0. A sum may be infinite. The bar of a window
// that begins at 1970-01-01T00:00Z has the Time 0, and cannot be stored.
//
// A tick is a row whose four prices are its last price; one whose last price is
// 0 tells of no trade and makes no bar, as in vn.py.
//
// Where ticks count [market.Cumulative], a tick adds what its volume is above that of
// the tick before, also of one before q.Range, and all of it where it is less, or
// where the calendar says so: a trading day has begun. So it is with turnover, for
// itself. A tick without a price is passed over, unless it counts less than the
// tick before. The first tick of a series adds nothing, since what it counts from
// is not known.
func (s *Store) Resample(ctx context.Context, q FoldQuery) iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		err := s.begin(ctx)
		if err == nil {
			err = q.validate()
		}
		if err != nil {
			yield(nil, fmt.Errorf("series: resample: %w", err))
			return
		}
		if q.Calendar == nil {
			q.Range = q.windows()
		}
		for _, k := range q.Keys {
			goOn, err := s.resampleKey(ctx, q, k, yield)
			if err != nil {
				yield(nil, fmt.Errorf("series: resample %s: %w", k, err))
			}
			if err != nil || !goOn {
				return
			}
		}
	}
}

// resampleKey yields the bars of one key, by the engine or else by the store,
// and tells whether yield wants more.
func (s *Store) resampleKey(ctx context.Context, q FoldQuery, k Key, yield func(*Frame, error) bool) (goOn bool, err error) {
	q.Keys = []Key{k}
	if k.Kind == Ticks && q.Volume == "" {
		if q.Volume, err = s.tickVolume(ctx, k); err != nil {
			return false, err
		}
	}
	if q.Calendar != nil && k.Interval.Daily() {
		// Days are as the calendar has them already, and begin where it says.
		q.Zone, q.Calendar = q.Calendar.Zone(), nil
		q.Range = q.windows()
	}
	if q.Calendar != nil {
		return s.fold(ctx, q, yield)
	}
	goOn = true
	supported := orUnsupported(s.engine.Fold(ctx, q), func(f *Frame, failed error) bool {
		if err = failed; err == nil {
			goOn = yield(f, nil)
		}
		return goOn && err == nil
	})
	if !supported {
		return s.fold(ctx, q, yield)
	}
	return goOn, err
}

// tickVolume returns how the volume of the ticks of k counts, by its attribute.
func (s *Store) tickVolume(ctx context.Context, k Key) (market.TickVolume, error) {
	o, err := about(ctx, s.engine, k)
	if err != nil {
		return "", err
	}
	if v := market.TickVolume(o.Attrs[AttrTickVolume]); v == market.Traded || v == market.Cumulative {
		return v, nil
	}
	return "", fault.SeriesQuery.Errorf("key %s: say how the volume of the ticks counts, traded or cumulative; the series has no attribute tick_volume that does", k)
}

func (q FoldQuery) validate() error {
	if err := (Query{Keys: q.Keys, Range: q.Range}).validate(); err != nil {
		return err
	}
	if err := q.Interval.Validate(); err != nil {
		return err
	}
	if q.Zone == nil && q.Calendar == nil {
		return fault.SeriesQuery.Errorf("no time zone is named, by which days and windows begin")
	}
	for _, k := range q.Keys {
		switch {
		case k.Kind == Indicator:
			return fault.SeriesQuery.Errorf("key %s: an indicator has no open, high, low and close", k)
		case k.Kind == Ticks && q.Volume != "" && q.Volume != market.Traded && q.Volume != market.Cumulative:
			return fault.SeriesQuery.Errorf("key %s: the volume of ticks counts traded or cumulative, not %q", k, q.Volume)
		case k.Kind == Bars && !coarser(q.Interval, k.Interval):
			return fault.SeriesQuery.Errorf("key %s: bars of %s are not made of whole bars of %s", k, q.Interval, k.Interval)
		}
	}
	return nil
}

// coarser reports whether whole bars of interval v make up one of interval to.
// All that is shorter than a day ends at midnight.
func coarser(to, v market.Interval) bool {
	switch {
	case to == market.Week:
		return v != market.Week
	case to == market.Day:
		return v != market.Week && v != market.Day
	}
	return v > 0 && to > v && to%v == 0
}

// windows returns the range of q with its ends moved outwards to those of
// their windows.
func (q FoldQuery) windows() market.Range {
	r := q.Range
	if r.From != 0 && r.From == r.To {
		return r
	}
	// A window may begin or end in 1970 at 0, which as an end would be open; a
	// nanosecond later there are the same rows.
	if r.From != 0 {
		from, _ := q.Interval.Window(r.From, q.Zone)
		r.From = cmp.Or(from, 1)
	}
	if r.To != 0 {
		_, to := q.Interval.Window(r.To-1, q.Zone)
		r.To = cmp.Or(to, 1)
	}
	return r
}

// fold resamples what the engine reads of the one key of q, and tells whether
// yield wants more.
func (s *Store) fold(ctx context.Context, q FoldQuery, yield func(*Frame, error) bool) (goOn bool, err error) {
	k := q.Keys[0]
	d := &folder{query: q, asked: q.Range, out: newBuilder(k.Symbol, q.Interval), until: market.MinTime}
	rows := q.Range
	if q.Calendar != nil {
		d.windows = q.Calendar.Windows(q.Interval)
		if q.Range.From == 0 || q.Range.From != q.Range.To {
			d.query.Range, rows = q.Calendar.Rows(q.Interval, q.Range)
			if rows.From != 0 { // a bar may begin before and reach into it: 09:00 by the clock, of a session from 09:30
				rows.From -= max(0, market.Time(k.Interval.Duration())-1)
			}
		}
	}
	if k.Kind == Ticks {
		if rows, err = wholeMicros(rows); err != nil {
			return false, err
		}
		if q.Volume == market.Cumulative {
			if rows, err = s.beginCounting(ctx, d, rows); err != nil {
				return false, err
			}
		}
	}
	columns := names(barColumns)
	if k.Kind == Ticks {
		columns = []string{"last_price", "last_volume", "volume", "turnover", "open_interest"}
	}
	for f, err := range s.engine.Read(ctx, Query{Keys: q.Keys, Range: rows, Columns: columns}) {
		if err != nil {
			return false, err
		}
		if k.Kind == Ticks {
			d.ticks(f, yield)
		} else {
			d.bars(f, yield)
		}
		if d.stopped {
			return false, d.err
		}
	}
	d.end(yield)
	return !d.stopped, nil
}

// beginCounting makes the counter of d, and returns the range to read: by a
// calendar a trading day is counted from its beginning.
func (s *Store) beginCounting(ctx context.Context, d *folder, rows market.Range) (market.Range, error) {
	k, calendar := d.query.Keys[0], d.query.Calendar
	if calendar == nil {
		var err error
		d.count, err = s.counterAt(ctx, k, rows.From)
		return rows, err
	}
	d.days = calendar.DayCounter()
	if rows.From == 0 {
		return rows, nil
	}
	_, days := calendar.Rows(market.Day, market.Range{From: rows.From})
	days.From, days.To = min(days.From, rows.From), rows.To
	rows, err := wholeMicros(days)
	if err != nil {
		return rows, err
	}
	counted, err := s.countedBefore(ctx, k, calendar, rows.From)
	if counted {
		d.days.NewDay()
	}
	return rows, err
}

// wholeMicros moves the ends of a range of ticks outwards to whole microseconds.
func wholeMicros(r market.Range) (market.Range, error) {
	if over := r.From % 1000; over != 0 && r.From != 1 {
		r.From -= (over + 1000) % 1000
	}
	if over := r.To % 1000; over != 0 && r.To != 1 {
		r.To += 1000 - (over+1000)%1000
	}
	return r, r.ValidateTicks()
}

// A folder makes bars of rows in the order of time.
type folder struct {
	query   FoldQuery
	out     *builder
	stopped bool  // yield wants no more, or there was an error
	err     error // of which the caller is told

	bar    market.Bar
	begun  bool        // bar has rows
	until  market.Time // up to it, what was found of the last row holds
	day    market.Time // the day that holds it, from
	dayEnd market.Time // and to

	asked    market.Range    // before Calendar.Rows moved its begin
	windows  *market.Windows // of the calendar, nil without one
	window   market.Window   // of the rows up to until
	standing market.Standing // of them

	count market.TickCounter // of ticks that count Cumulative
	days  *market.DayCounter // instead, by the calendar
}

// floatsOf returns the column of f called name, or zeros.
func floatsOf(f *Frame, name string) []float64 {
	if c := f.Column(name); c != nil {
		return c.Floats[:f.Len()]
	}
	return make([]float64, f.Len())
}

func (d *folder) bars(f *Frame, yield func(*Frame, error) bool) {
	open, high, low, closing := floatsOf(f, "open"), floatsOf(f, "high"), floatsOf(f, "low"), floatsOf(f, "close")
	volume, turnover, interest := floatsOf(f, "volume"), floatsOf(f, "turnover"), floatsOf(f, "open_interest")
	for i, t := range f.Time {
		if t >= d.until || d.windows != nil {
			fresh, goes := d.enter(f.Key, t, volume[i] > 0, yield)
			if d.stopped {
				return
			}
			if !goes {
				continue
			}
			if fresh {
				d.bar.Open, d.bar.High, d.bar.Low = open[i], high[i], low[i]
			}
		}
		if high[i] > d.bar.High {
			d.bar.High = high[i]
		}
		if low[i] < d.bar.Low {
			d.bar.Low = low[i]
		}
		d.bar.Close, d.bar.OpenInterest = closing[i], interest[i]
		d.bar.Volume += volume[i]
		d.bar.Turnover += turnover[i]
	}
}

func (d *folder) ticks(f *Frame, yield func(*Frame, error) bool) {
	price, last := floatsOf(f, "last_price"), floatsOf(f, "last_volume")
	volume, turnover, interest := floatsOf(f, "volume"), floatsOf(f, "turnover"), floatsOf(f, "open_interest")
	for i, t := range f.Time {
		x, traded := price[i], market.Counted{Volume: last[i], Turnover: turnover[i]}
		if d.query.Volume == market.Cumulative {
			traded = d.since(t, x, market.Counted{Volume: volume[i], Turnover: turnover[i]})
		}
		if x == 0 {
			continue
		}
		if t >= d.until || d.windows != nil {
			fresh, goes := d.enter(f.Key, t, traded.Volume > 0, yield)
			if d.stopped {
				return
			}
			if !goes {
				continue
			}
			if fresh {
				d.bar.Open, d.bar.High, d.bar.Low = x, x, x
			}
		}
		if x > d.bar.High {
			d.bar.High = x
		}
		if x < d.bar.Low {
			d.bar.Low = x
		}
		d.bar.Close, d.bar.OpenInterest = x, interest[i]
		d.bar.Volume += traded.Volume
		d.bar.Turnover += traded.Turnover
	}
}

// since returns what was traded since the tick before one at t, of price x, that
// counts now.
func (d *folder) since(t market.Time, x float64, now market.Counted) market.Counted {
	switch {
	case x == 0 && d.days != nil:
		d.days.Pass(now)
	case x == 0:
		d.count.Pass(now)
	case d.days != nil:
		traded, _ := d.days.SinceAt(t, now)
		return traded
	default:
		return d.count.Since(now)
	}
	return market.Counted{}
}

// enter finds the bar that a row at t goes into, if any, and tells whether the row
// is its first. The bar before is put out then.
func (d *folder) enter(k Key, t market.Time, traded bool, yield func(*Frame, error) bool) (fresh, goes bool) {
	if d.windows == nil {
		from, until := d.clockWindow(t)
		d.begin(from, yield)
		d.until = until
		return true, true
	}
	if t >= d.until {
		d.window, d.until, d.standing = d.windows.At(t)
	}
	if end := t + market.Time(k.Interval.Duration()); d.standing == market.OutOfSession && d.until < end {
		// A bar by the clock that a session begins in, or its auction: 13:00 of one
		// from 13:30.
		var opens market.Time
		if d.window, opens, d.standing = d.windows.At(d.until); opens < end {
			d.standing = market.InSession
		}
		d.until = t + 1
	}
	switch {
	case d.standing == market.OutOfCalendar:
		_, d.err = d.query.Calendar.TradingDay(t)
		d.stopped = true
		return false, false
	case d.standing == market.OutOfSession && d.query.Outside != nil && d.asked.Contains(t):
		d.query.Outside(k, t)
	}
	if !d.standing.Trades() || !d.query.Range.Contains(d.window.Time) || d.standing == market.InAuction && !traded {
		return false, false
	}
	if d.begun && d.bar.Time == d.window.Time {
		return false, true
	}
	d.begin(d.window.Time, yield)
	return true, true
}

// begin ends the bar before and begins another.
func (d *folder) begin(at market.Time, yield func(*Frame, error) bool) {
	if d.flush(); d.out.full() {
		d.yield(yield)
	}
	d.bar, d.begun = market.Bar{Time: at}, true
}

// clockWindow is [market.Interval.Window] for times that ascend: within a day it
// only counts.
func (d *folder) clockWindow(t market.Time) (from, to market.Time) {
	step := market.Time(d.query.Interval.Duration())
	if step == 0 {
		return d.query.Interval.Window(t, d.query.Zone)
	}
	if t < d.day || t >= d.dayEnd {
		d.day, d.dayEnd = market.Day.Window(t, d.query.Zone)
	}
	from = d.day + (t-d.day)/step*step
	return from, min(from+step, d.dayEnd)
}

// flush puts the bar out, if there is one.
func (d *folder) flush() {
	if d.begun {
		d.out.add(&d.bar)
	}
	d.begun = false
}

func (d *folder) yield(yield func(*Frame, error) bool) {
	d.stopped = !yield(d.out.frame(), nil)
}

// end puts out what is left.
func (d *folder) end(yield func(*Frame, error) bool) {
	if d.flush(); d.out.rows() > 0 {
		d.yield(yield)
	}
}

// builderRows is how many bars a builder puts into a frame.
const builderRows = 4096

// A builder makes frames of bars. The frame it gives is valid until the next
// bar is added.
type builder struct {
	made  Frame
	given bool
}

func newBuilder(y market.Symbol, v market.Interval) *builder {
	return &builder{made: FrameOfBars(y, v, nil)}
}

func (b *builder) rows() int {
	if b.given {
		return 0
	}
	return b.made.Len()
}

func (b *builder) full() bool { return b.rows() == builderRows }

func (b *builder) frame() *Frame {
	b.given = true
	return &b.made
}

func (b *builder) add(x *market.Bar) {
	if b.given {
		b.made.Time = b.made.Time[:0]
		for i := range b.made.Cols {
			b.made.Cols[i].Floats = b.made.Cols[i].Floats[:0]
		}
		b.given = false
	}
	b.made.Time = append(b.made.Time, x.Time)
	for i, value := range [...]float64{x.Open, x.High, x.Low, x.Close, x.Volume, x.Turnover, x.OpenInterest} {
		c := &b.made.Cols[i]
		c.Floats = append(c.Floats, value)
	}
}
