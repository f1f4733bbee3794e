package series

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// Resample yields the rows of bars or ticks as bars of a coarser interval, in
// windows of time by q.Zone; trading sessions play no part. A window without a
// row has no bar. Both ends of q.Range are moved outwards to the ends of their
// windows, so that no bar is made of a part of its rows.
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
// Where ticks count [Cumulative], a tick adds what its volume is above that of
// the tick before, also of one before q.Range, and all of it where it is less: a
// trading day has begun. So it is with turnover, for itself. A tick without a
// price is passed over, unless it counts less than the tick before. The first
// tick of a series adds nothing, since what it counts from is not known.
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
		q.Range = q.windows()
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
func (s *Store) tickVolume(ctx context.Context, k Key) (TickVolume, error) {
	o, err := about(ctx, s.engine, k)
	if err != nil {
		return "", err
	}
	if v := TickVolume(o.Attrs[AttrTickVolume]); v == Traded || v == Cumulative {
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
	if q.Zone == nil {
		return fault.SeriesQuery.Errorf("no time zone is named, by which days and windows begin")
	}
	for _, k := range q.Keys {
		switch {
		case k.Kind == Indicator:
			return fault.SeriesQuery.Errorf("key %s: an indicator has no open, high, low and close", k)
		case k.Kind == Ticks && q.Volume != "" && q.Volume != Traded && q.Volume != Cumulative:
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
	d := &folder{query: q, out: newBuilder(k.Symbol, q.Interval)}
	if k.Kind == Ticks && q.Volume == Cumulative {
		if d.count, err = s.counterAt(ctx, k, q.Range.From); err != nil {
			return false, err
		}
	}
	columns := names(barColumns)
	if k.Kind == Ticks {
		columns = []string{"last_price", "last_volume", "volume", "turnover", "open_interest"}
	}
	for f, err := range s.engine.Read(ctx, Query{Keys: q.Keys, Range: q.Range, Columns: columns}) {
		if err != nil {
			return false, err
		}
		if k.Kind == Ticks {
			d.ticks(f, yield)
		} else {
			d.bars(f, yield)
		}
		if d.stopped {
			return false, nil
		}
	}
	d.end(yield)
	return !d.stopped, nil
}

// A folder makes bars of rows in the order of time.
type folder struct {
	query   FoldQuery
	out     *builder
	stopped bool // yield wants no more

	bar    market.Bar
	begun  bool        // bar has rows
	until  market.Time // the end of the bar's window
	day    market.Time // the day that holds it, from
	dayEnd market.Time // and to

	count counter // of ticks that count Cumulative
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
		if !d.begun || t >= d.until {
			if d.begin(t, yield); d.stopped {
				return
			}
			d.bar.Open, d.bar.High, d.bar.Low = open[i], high[i], low[i]
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
		x := price[i]
		if x == 0 {
			d.count.pass(counted{volume[i], turnover[i]})
			continue
		}
		if !d.begun || t >= d.until {
			if d.begin(t, yield); d.stopped {
				return
			}
			d.bar.Open, d.bar.High, d.bar.Low = x, x, x
		}
		if x > d.bar.High {
			d.bar.High = x
		}
		if x < d.bar.Low {
			d.bar.Low = x
		}
		d.bar.Close, d.bar.OpenInterest = x, interest[i]
		traded := counted{last[i], turnover[i]}
		if d.query.Volume == Cumulative {
			traded = d.count.since(counted{volume[i], turnover[i]})
		}
		d.bar.Volume += traded.volume
		d.bar.Turnover += traded.turnover
	}
}

// begin ends the bar before and begins the one whose window holds t.
func (d *folder) begin(t market.Time, yield func(*Frame, error) bool) {
	if d.flush(); d.out.full() {
		d.yield(yield)
	}
	from, until := d.window(t)
	d.bar, d.begun, d.until = market.Bar{Time: from}, true, until
}

// window is [market.Interval.Window] for times that ascend: within a day it
// only counts.
func (d *folder) window(t market.Time) (from, to market.Time) {
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
