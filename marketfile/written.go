package marketfile

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// written tells which bars of a series an import has written: those of two files
// for one time may be far apart. Bars follow each other, so that spans of them
// are few.
type written struct {
	spans []span // ascending, apart from each other
}

// A span holds bars that follow each other without a gap.
type span struct{ first, last market.Time }

// mostSpans is how many spans are remembered, of all series. Beyond that a series
// has one from its first bar to its last, and a bar in a gap of it counts as
// written.
const mostSpans = 4 << 20

// add notes bars, in their order, of which two follow each other if they are no
// further apart than step.
func (w *written) add(times []market.Time, step market.Time) {
	for _, t := range times {
		if last := len(w.spans) - 1; last >= 0 && t >= w.spans[last].first && t <= w.spans[last].last+step {
			w.spans[last].last = max(t, w.spans[last].last)
			continue
		}
		w.spans = append(w.spans, span{t, t})
	}
	if !slices.IsSortedFunc(w.spans, func(a, b span) int { return cmp.Compare(a.first, b.first) }) {
		w.join(step)
	}
}

// join puts the spans in order, and makes one of those that touch.
func (w *written) join(step market.Time) {
	slices.SortFunc(w.spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	kept := w.spans[:1]
	for _, s := range w.spans[1:] {
		if last := &kept[len(kept)-1]; s.first <= last.last+step {
			last.last = max(last.last, s.last)
			continue
		}
		kept = append(kept, s)
	}
	w.spans = kept
}

// hull makes one span of all.
func (w *written) hull() {
	if n := len(w.spans); n > 1 {
		w.spans = append(w.spans[:0:0], span{w.spans[0].first, w.spans[n-1].last})
	}
}

// has reports whether the bar of t was written.
func (w *written) has(t market.Time) bool {
	i, found := slices.BinarySearchFunc(w.spans, t, func(s span, t market.Time) int { return cmp.Compare(s.first, t) })
	return found || i > 0 && t <= w.spans[i-1].last
}

// stepOf returns how far apart bars of v are at most that follow each other.
func stepOf(v market.Interval) market.Time {
	switch v {
	case market.Day:
		return market.Time(25 * time.Hour)
	case market.Week:
		return market.Time((7*24 + 1) * time.Hour)
	}
	return market.Time(v.Duration())
}

// remember notes bars that were written.
func (m *importer) remember(f *series.Frame) {
	w := &m.known[f.Key].written
	m.spans -= len(w.spans)
	w.add(f.Time, stepOf(f.Key.Interval))
	if m.spans+len(w.spans) > mostSpans {
		w.hull()
	}
	m.spans += len(w.spans)
}

// leaveTwice takes the bars out of frames for which this import wrote others.
func (m *importer) leaveTwice(ctx context.Context, frames []series.Frame) error {
	for i := range frames {
		f := &frames[i]
		w := &m.known[f.Key].written
		if !slices.ContainsFunc(f.Time, w.has) {
			continue
		}
		different, err := m.different(ctx, f)
		if err != nil {
			return err
		}
		different = slices.DeleteFunc(different, func(row int) bool { return !w.has(f.Time[row]) })
		err = m.leave(f, different, func(row int) error {
			return fault.FileTwice.Errorf("a line before has another row for %s", f.Time[row])
		})
		if err != nil {
			return err
		}
	}
	return nil
}
