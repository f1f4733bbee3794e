package localseries

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A counted is what is known of the rows of a series.
type counted struct {
	rows        int64
	first, last market.Time
}

// Overview does what [series.Engine] says of it.
func (e *Engine) Overview(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error] {
	return func(yield func(series.Overview, error) bool) {
		if err := e.begin(ctx); err != nil {
			yield(series.Overview{}, err)
			return
		}
		for _, s := range e.entries(f) {
			o, err := e.overviewOf(ctx, s, f.Brief)
			if err != nil {
				yield(series.Overview{}, err)
				return
			}
			if (o.Count > 0 || o.Attrs != nil || f.Brief && o.Extra != nil) && !yield(o, nil) {
				return
			}
		}
	}
}

func (e *Engine) overviewOf(ctx context.Context, s *entry, brief bool) (series.Overview, error) {
	s.mu.RLock()
	o := series.Overview{Key: s.key, Attrs: maps.Clone(s.attrs), Extra: maps.Clone(s.extra)}
	s.mu.RUnlock()
	if len(o.Attrs) == 0 {
		o.Attrs = nil
	}
	if brief {
		return o, nil
	}
	c, err := s.count(ctx)
	o.Count, o.First, o.Last = c.rows, c.first, c.last
	return o, err
}

// count counts the rows. Those of which nothing else stands in the way are not
// read: a chunk says how many it has.
func (s *entry) count(ctx context.Context) (counted, error) {
	s.mu.RLock()
	known, last := s.counted, s.last
	s.mu.RUnlock()
	if known != nil {
		return *known, nil
	}
	var c counted
	r := &reader{ctx: ctx, query: &series.Query{Columns: []string{}}, key: s.key}
	defer r.release()
	r.yield = func(f *series.Frame, _ error) bool {
		c.add(int64(f.Len()), f.Time[0], f.Time[f.Len()-1])
		return true
	}
	sources := s.sources(market.Range{})
	defer releaseAll([][]source{sources})
	slices.SortStableFunc(sources, func(a, b source) int { return a.first().compare(b.first(), s.key.Kind) })
	for _, g := range clusters(sources) {
		if len(g) == 1 && len(g[0].tombs) == 0 {
			c.add(g[0].rows(), g[0].first().time, g[0].last().time)
			continue
		}
		if _, err := r.read(s.key, g); err != nil {
			return c, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == last {
		s.counted = &c
	}
	return c, nil
}

func (c *counted) add(rows int64, first, last market.Time) {
	if c.rows == 0 {
		c.first = first
	}
	c.rows += rows
	c.last = last
}

func (s *source) rows() int64 {
	if s.chunk != nil {
		return int64(s.chunk.rows)
	}
	return int64(s.frame.Len())
}

// Changes does what [series.Engine] says of it.
func (e *Engine) Changes(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
	return func(yield func(series.Change, error) bool) {
		if err := e.begin(ctx); err != nil {
			yield(series.Change{}, err)
			return
		}
		all, err := e.changesSince(since)
		if err != nil {
			yield(series.Change{}, err)
			return
		}
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// changesSince returns the changes of all series. Nothing is applied meanwhile, so
// that none with a lower number comes later. Who has nothing yet need not know what
// was deleted.
func (e *Engine) changesSince(since uint64) ([]series.Change, error) {
	e.applying.Lock()
	defer e.applying.Unlock()
	if since > e.last || since > 0 && since < e.forgotten {
		return nil, series.Forget(since, e.last)
	}
	all, ok := e.recent.since(since)
	if ok {
		return all, nil
	}
	for _, s := range e.entries(series.Filter{}) {
		all = s.appendChanges(all, since)
	}
	slices.SortFunc(all, func(a, b series.Change) int { return cmp.Compare(a.Seq, b.Seq) })
	return all, nil
}

// appendChanges appends the changes of a series: of chunks and pieces the last
// one, with all their rows.
func (s *entry) appendChanges(all []series.Change, since uint64) []series.Change {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.last <= since {
		return all
	}
	covers := map[uint64]*cover{}
	at := func(seq uint64) *cover {
		if covers[seq] == nil {
			covers[seq] = &cover{kind: s.key.Kind}
		}
		return covers[seq]
	}
	for _, c := range s.chunks {
		if seq := max(c.hi, c.number); seq > since {
			at(seq).rows(c.first.time, c.last.time)
		}
	}
	for _, p := range slices.Concat(s.frozen, s.open) {
		if p.hi > since {
			at(p.hi).rows(p.frame.Time[0], p.frame.Time[p.frame.Len()-1])
		}
	}
	for _, t := range s.tombs {
		if t.number > since {
			at(t.number).add(t.in)
		}
	}
	if s.said > since {
		at(s.said)
	}
	at(s.last)
	for seq, c := range covers {
		all = append(all, series.Change{Seq: seq, Key: s.key, Range: c.inRange()})
	}
	return all
}

// nothing is the range of a change of attributes alone.
var nothing = market.Range{From: 1, To: 1}

// A cover is the least range that covers others.
type cover struct {
	kind series.Kind
	any  bool
	r    market.Range
}

// inRange returns the range, an empty one for nothing.
func (c *cover) inRange() market.Range {
	if !c.any {
		return nothing
	}
	return c.r
}

// rows covers rows from one time to another.
func (c *cover) rows(first, last market.Time) {
	c.add(series.RangeOf(c.kind, first, last))
}

func (c *cover) add(r market.Range) {
	if !c.any {
		c.any, c.r = true, r
		return
	}
	if r.From == 0 || c.r.From == 0 {
		c.r.From = 0
	} else {
		c.r.From = min(c.r.From, r.From)
	}
	if r.To == 0 || c.r.To == 0 {
		c.r.To = 0
	} else {
		c.r.To = max(c.r.To, r.To)
	}
}
