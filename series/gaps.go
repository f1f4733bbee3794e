package series

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/redfire-quant/redfire/market"
)

// A DefectKind says what is wrong with stored bars.
type DefectKind string

// What can be wrong.
const (
	// Gap is a stretch of bars that are expected and not stored.
	Gap DefectKind = "gap"

	// Outside is a stretch of bars outside of the sessions: of the auctions, of
	// holidays, or stamped by the wrong clock.
	Outside DefectKind = "outside"

	// OffGrid is a bar within a session at whose time none begins.
	OffGrid DefectKind = "off-grid"

	// Duplicate is an OffGrid bar whose window has another bar already.
	Duplicate DefectKind = "duplicate"

	// Contradiction is a bar that contradicts itself: see [market.Bar.Findings].
	Contradiction DefectKind = "contradiction"
)

// A Defect is something wrong with stored bars.
type Defect struct {
	Key  Key
	Kind DefectKind

	// Range holds the times of the bars. That of a gap ends where the window of
	// the last bar does.
	Range market.Range

	// Bars is how many bars are missing, or wrong.
	Bars int

	// Findings are the contradictions of a bar.
	Findings []market.Finding
}

// Gaps yields what is wrong with the bars of each series of q, in the order of
// q.Keys and then of time: bars that are missing, those that the calendar does not
// expect, and those that contradict themselves. Holidays, nights and breaks are no
// gaps, and a gap that goes on behind one is one gap. What is missing in front of
// the first row and behind the last counts only up to an end that q.Range has.
//
// A symbol without a calendar, and rows or a range beyond the days that its
// calendar knows, are errors.
func (s *Store) Gaps(ctx context.Context, q ExpectedQuery) iter.Seq2[Defect, error] {
	return func(yield func(Defect, error) bool) {
		err := s.begin(ctx)
		if err == nil {
			err = q.validate()
		}
		if err != nil {
			yield(Defect{}, fmt.Errorf("series: gaps: %w", err))
			return
		}
		for _, k := range q.Keys {
			goOn, err := s.gapsOf(ctx, q, k, yield)
			if err != nil {
				yield(Defect{}, fmt.Errorf("series: gaps: %s: %w", k, err))
			}
			if err != nil || !goOn {
				return
			}
		}
	}
}

// gapsOf yields the defects of one series and tells whether yield wants more.
func (s *Store) gapsOf(ctx context.Context, q ExpectedQuery, k Key, yield func(Defect, error) bool) (goOn bool, err error) {
	calendar, err := q.Calendar(k.Symbol)
	if err != nil {
		return false, err
	}
	g := &gapFinder{key: k, calendar: calendar, windows: calendar.Windows(k.Interval)}
	g.matcher = matcher{present: g.isPresent, missing: g.isMissing, stray: g.isStray}
	r := q.Range
	if r.From != 0 && r.To != 0 && r.From < r.To {
		if err := g.begin(calendar, k.Interval, r); err != nil {
			return false, err
		}
	}
	for f, err := range s.engine.Read(ctx, Query{Keys: []Key{k}, Range: r, Columns: names(barColumns)}) {
		if err == nil && g.expect == nil {
			err = g.begin(calendar, k.Interval, market.Range{From: cmp.Or(r.From, f.Time[0]), To: r.To})
		}
		if err != nil {
			return false, err
		}
		g.rows(f.Time)
		g.judge(f)
		if g.err != nil {
			return false, g.err
		}
		if !g.give(yield) {
			return false, nil
		}
	}
	if g.expect != nil && r.To != 0 {
		g.end(func(*market.Run) bool { return true })
	}
	g.flush()
	return g.give(yield), nil
}

// A gapFinder finds the defects of one series.
type gapFinder struct {
	matcher
	key      Key
	calendar *market.Calendar
	windows  *market.Windows
	found    []Defect    // to be given out
	open     Defect      // a stretch that may go on, of no kind if there is none
	bar      market.Time // the last window that has a bar
	err      error
}

// give hands out what was found before the stretch that may go on, and tells
// whether yield wants more.
func (g *gapFinder) give(yield func(Defect, error) bool) bool {
	slices.SortStableFunc(g.found, func(a, b Defect) int { return cmp.Compare(a.Range.From, b.Range.From) })
	n := 0
	for ; n < len(g.found); n++ {
		if g.open.Kind != "" && g.found[n].Range.From >= g.open.Range.From {
			break
		}
		if !yield(g.found[n], nil) {
			return false
		}
	}
	g.found = slices.Delete(g.found, 0, n)
	return true
}

// flush ends the stretch.
func (g *gapFinder) flush() {
	if g.open.Kind != "" {
		g.found = append(g.found, g.open)
	}
	g.open = Defect{}
}

// stretch adds bars to the stretch of a kind, or begins one.
func (g *gapFinder) stretch(kind DefectKind, first, to market.Time, n int) {
	if g.open.Kind != kind {
		g.flush()
		g.open = Defect{Key: g.key, Kind: kind, Range: market.Range{From: first}}
	}
	g.open.Bars += n
	g.open.Range.To = to
}

func (g *gapFinder) isPresent(run *market.Run, first market.Time, n int) {
	g.flush()
	g.bar = first + market.Time(n-1)*run.Step
}

func (g *gapFinder) isMissing(run *market.Run, first market.Time, n int) {
	g.stretch(Gap, first, g.endOf(run, first+market.Time(n-1)*run.Step), n)
}

// endOf returns where the window of a bar of a run ends.
func (g *gapFinder) endOf(run *market.Run, bar market.Time) market.Time {
	switch g.key.Interval {
	case market.Day:
		return (run.Day + 1).In(g.calendar.Zone())
	case market.Week:
		return (bar.Date(g.calendar.Zone()) + 7).In(g.calendar.Zone())
	}
	win, _, _ := g.windows.At(bar)
	return win.To
}

func (g *gapFinder) isStray(_ int, t market.Time) {
	win, _, standing := g.windows.At(t)
	if !g.key.Interval.Daily() {
		if standing == market.OutOfCalendar {
			_, g.err = g.calendar.TradingDay(t)
		}
	} else {
		day := t.Date(g.calendar.Zone())
		sessions, err := g.calendar.Sessions(day)
		switch {
		case err != nil:
			g.err = err
		case len(sessions) == 0:
			standing = market.OutOfSession
		default:
			win, _, _ = g.windows.At(sessions[0].From)
			standing = market.InSession
		}
	}
	if standing != market.InSession {
		g.stretch(Outside, t, t+1e9, 1)
		return
	}
	kind := OffGrid
	if win.Time == g.bar {
		kind = Duplicate
	}
	g.flush()
	g.bar = win.Time
	g.found = append(g.found, Defect{Key: g.key, Kind: kind, Range: market.Range{From: t, To: t + 1e9}, Bars: 1})
}

// judge finds the bars that contradict themselves.
func (g *gapFinder) judge(f *Frame) {
	for b := range f.Bars() {
		if b.Low >= 0 && b.Low <= min(b.Open, b.Close) && max(b.Open, b.Close) <= b.High && min(b.Volume, b.Turnover, b.OpenInterest) >= 0 {
			continue
		}
		findings := slices.DeleteFunc(b.Findings(g.key.Interval, g.calendar.Zone()), func(x market.Finding) bool { return x.Rule == market.OffGrid })
		if len(findings) > 0 {
			g.found = append(g.found, Defect{Key: g.key, Kind: Contradiction, Range: market.Range{From: b.Time, To: b.Time + 1e9}, Bars: 1, Findings: findings})
		}
	}
}
