package localseries

import (
	"context"
	"iter"
	"math"
	"slices"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Read does what [series.Engine] says of it.
func (e *Engine) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		if err := e.begin(ctx); err != nil {
			yield(nil, err)
			return
		}
		all := make([][]source, len(q.Keys))
		for i, k := range q.Keys {
			if s := e.find(k); s != nil {
				all[i] = s.sources(q.Range)
			}
		}
		defer releaseAll(all)
		r := &reader{ctx: ctx, query: &q, yield: yield, cache: &e.cache}
		defer r.release()
		for i, k := range q.Keys {
			if goOn, err := r.read(k, all[i]); err != nil || !goOn {
				if err != nil {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// releaseAll gives back the segments of sources.
func releaseAll(all [][]source) {
	for _, sources := range all {
		for i := range sources {
			if c := sources[i].chunk; c != nil {
				// An error of closing a file that was only read, and is removed, says
				// nothing of what was read.
				_ = c.segment.release()
			}
		}
	}
}

// A reader answers a query, one series after another.
type reader struct {
	ctx   context.Context //nolint:containedctx // it lives as long as the call
	query *series.Query
	yield func(*series.Frame, error) bool
	cache *cache // nil where what is read is not to be kept

	key     series.Key
	left    int // rows that may still be yielded
	out     *builder
	buffers []*buffer // that are free
}

func (r *reader) release() {
	for _, b := range r.buffers {
		buffers.Put(b)
	}
}

func (r *reader) buffer() *buffer {
	if n := len(r.buffers); n > 0 {
		b := r.buffers[n-1]
		r.buffers = r.buffers[:n-1]
		return b
	}
	return buffers.Get().(*buffer)
}

// read yields the rows of a series.
func (r *reader) read(k series.Key, sources []source) (goOn bool, err error) {
	r.key, r.left, r.out = k, r.query.Limit, nil
	if r.left == 0 {
		r.left = math.MaxInt
	}
	slices.SortStableFunc(sources, func(a, b source) int { return a.first().compare(b.first(), k.Kind) })
	groups := clusters(sources)
	if r.query.Reverse {
		slices.Reverse(groups)
	}
	for _, g := range groups {
		if err := r.ctx.Err(); err != nil {
			return false, err
		}
		if r.left == 0 {
			return true, nil
		}
		if len(g) == 1 {
			goOn, err = r.readAlone(&g[0])
		} else {
			goOn, err = r.readMerged(g)
		}
		if err != nil || !goOn {
			return goOn, err
		}
	}
	return true, nil
}

// clusters divides sources, which are ordered by their first rows, into groups
// of such that overlap.
func clusters(sources []source) [][]source {
	if len(sources) == 0 {
		return nil
	}
	k := sources[0].kind()
	var groups [][]source
	var end position
	from := 0
	for i := range sources {
		if i > from && end.compare(sources[i].first(), k) < 0 {
			groups = append(groups, sources[from:i:i])
			from = i
		}
		if last := sources[i].last(); i == from || end.compare(last, k) < 0 {
			end = last
		}
	}
	if from < len(sources) {
		groups = append(groups, sources[from:])
	}
	return groups
}

// load returns the rows of a source, and what gives back its buffer.
func (r *reader) load(s *source) (*series.Frame, *buffer, error) {
	if s.chunk == nil {
		return r.chosen(s.frame), nil, nil
	}
	if r.cache != nil {
		if f := r.cache.frame(s.chunk); f != nil {
			return r.chosen(f), nil, nil
		}
	}
	b := r.buffer()
	if r.cache == nil || !r.cache.wants(s.chunk, r.query.Columns) {
		f, err := s.chunk.load(r.key, r.query.Columns, b)
		return f, b, err
	}
	f, err := s.chunk.unpack(r.key, b)
	if err == nil {
		r.cache.put(s.chunk, f)
	}
	return f, b, err
}

// chosen returns f with the columns that are wanted.
func (r *reader) chosen(f *series.Frame) *series.Frame {
	if r.query.Columns == nil {
		return f
	}
	g := *f
	g.Cols = slices.DeleteFunc(slices.Clone(f.Cols), func(c series.Column) bool { return !wants(r.query.Columns, c.Name) })
	return &g
}

// readAlone yields the rows of a source that nothing overlaps, as they stand.
func (r *reader) readAlone(s *source) (goOn bool, err error) {
	f, b, err := r.load(s)
	if b != nil {
		defer func() { r.buffers = append(r.buffers, b) }()
	}
	if err != nil {
		return false, err
	}
	parts := s.visible(f, r.query.Range)
	if r.query.Reverse {
		slices.Reverse(parts)
	}
	for _, p := range parts {
		n := min(p[1]-p[0], r.left)
		if n == 0 {
			continue
		}
		r.left -= n
		g := f.Slice(p[0], p[0]+n)
		if r.query.Reverse {
			g = f.Slice(p[1]-n, p[1])
			turned := newBuilder(r.key)
			turned.addReversed(&g)
			g = turned.frame
		}
		if g.Attrs = nil; !r.yield(&g, nil) {
			return false, nil
		}
	}
	return true, nil
}

// visible returns the rows of f in r that no tomb covers, as parts from and up
// to.
func (s *source) visible(f *series.Frame, r market.Range) [][2]int {
	from, to := f.Find(r)
	parts := [][2]int{{from, to}}
	for _, t := range s.tombs {
		cut, end := f.Find(t)
		var left [][2]int
		for _, p := range parts {
			if p[0] < min(p[1], cut) {
				left = append(left, [2]int{p[0], min(p[1], cut)})
			}
			if max(p[0], end) < p[1] {
				left = append(left, [2]int{max(p[0], end), p[1]})
			}
		}
		parts = left
	}
	return parts
}

// outRows is how many merged rows are yielded at once.
const outRows = 4096

// readMerged yields the rows of sources that overlap.
func (r *reader) readMerged(sources []source) (goOn bool, err error) {
	if r.query.Reverse {
		slices.SortStableFunc(sources, func(a, b source) int { return b.last().compare(a.last(), r.key.Kind) })
	}
	if r.out == nil {
		r.out = newBuilder(r.key)
	}
	m := &merge{}
	held := map[*series.Frame]*buffer{}
	defer func() {
		for _, b := range held {
			r.buffers = append(r.buffers, b)
		}
	}()
	r.out.reset()
	for {
		// What may come next is loaded, and no more.
		for len(sources) > 0 && (len(m.cursors) == 0 || m.reaches(&sources[0], r.key.Kind, r.query.Reverse)) {
			if err := r.open(m, &sources[0], held); err != nil {
				return false, err
			}
			sources = sources[1:]
		}
		var bound *position
		if len(sources) > 0 {
			bound = new(position)
			*bound = sources[0].near(r.query.Reverse)
		}
		f, from, to := m.next(min(outRows-r.out.frame.Len(), r.left-r.out.frame.Len()), bound)
		if f == nil && len(sources) == 0 {
			return r.flush()
		}
		if f == nil {
			continue
		}
		if r.query.Reverse {
			g := f.Slice(from, to)
			r.out.addReversed(&g)
		} else {
			r.out.add(f, from, to)
		}
		r.free(m, held)
		if n := r.out.frame.Len(); n == outRows || n == r.left {
			if goOn, err := r.flush(); err != nil || !goOn || r.left == 0 {
				return goOn, err
			}
			if err := r.ctx.Err(); err != nil {
				return false, err
			}
		}
	}
}

// open loads a source into a merge.
func (r *reader) open(m *merge, s *source, held map[*series.Frame]*buffer) error {
	f, b, err := r.load(s)
	if err != nil {
		if b != nil {
			r.buffers = append(r.buffers, b)
		}
		return err
	}
	if b != nil {
		held[f] = b
	}
	for _, p := range s.visible(f, r.query.Range) {
		c := &cursor{f, p[0], p[1], 1, s.hi}
		if r.query.Reverse {
			c = &cursor{f, p[1] - 1, p[0] - 1, -1, s.hi}
		}
		m.push(c)
	}
	return nil
}

// free takes back the buffers of frames that are read to their end.
func (r *reader) free(m *merge, held map[*series.Frame]*buffer) {
	for f, b := range held {
		if !slices.ContainsFunc(m.cursors, func(c *cursor) bool { return c.frame == f }) {
			r.buffers = append(r.buffers, b)
			delete(held, f)
		}
	}
}

// flush yields what is in out.
func (r *reader) flush() (goOn bool, err error) {
	n := r.out.frame.Len()
	if n == 0 {
		return true, nil
	}
	if err := r.out.sound(); err != nil {
		return false, err
	}
	r.left -= n
	goOn = r.yield(&r.out.frame, nil)
	r.out.reset()
	return goOn, nil
}
