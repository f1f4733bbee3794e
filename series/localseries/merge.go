package localseries

import (
	"cmp"
	"sort"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A source is rows that stand in order: in memory, or in a chunk, from which
// they are loaded when their turn comes.
type source struct {
	frame *series.Frame
	chunk *chunk
	hi    uint64         // of two rows in one place that with the higher one counts
	tombs []market.Range // in which its rows do not count
}

// A cursor is a source that is being read.
type cursor struct {
	frame *series.Frame
	at    int // the next row
	end   int // where to stop
	step  int // 1, or -1 backwards
	hi    uint64
}

func (c *cursor) done() bool { return c.at == c.end }

// before reports whether the next row of c comes before that of d.
func (c *cursor) before(d *cursor) bool {
	order := c.frame.ComparePlace(c.at, d.frame, d.at) * c.step
	return order < 0 || order == 0 && c.hi > d.hi
}

// same reports whether the next rows of both stand in one place.
func (c *cursor) same(d *cursor) bool { return c.frame.ComparePlace(c.at, d.frame, d.at) == 0 }

// run returns how many rows of c come before the next one of d, 1 at least.
func (c *cursor) run(d *cursor) int {
	left := (c.end - c.at) * c.step
	isBefore := func(n int) bool { return c.frame.ComparePlace(c.at+n*c.step, d.frame, d.at)*c.step < 0 }
	// Galloping: runs are long or short, and both should be cheap.
	hi := 1
	for hi < left && isBefore(hi) {
		hi *= 2
	}
	lo := hi/2 + 1
	hi = min(hi, left)
	for lo < hi {
		if mid := (lo + hi) / 2; isBefore(mid) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return max(1, lo)
}

// A merge puts the rows of cursors in order. Of rows in one place it takes the
// one with the highest number.
type merge struct{ cursors []*cursor }

// newMerge returns a merge, forwards, of sources that are in memory.
func newMerge(sources []source) *merge {
	m := &merge{}
	for _, s := range sources {
		m.push(&cursor{s.frame, 0, s.frame.Len(), 1, s.hi})
	}
	return m
}

func (m *merge) push(c *cursor) {
	if !c.done() {
		m.cursors = append(m.cursors, c)
	}
}

// next returns rows that come next, all of one frame, and before bound if that is
// not nil: from one up to, not including, another. Backwards they are to be taken
// from the last on. Without any, f is nil.
func (m *merge) next(most int, bound *position) (f *series.Frame, from, to int) {
	first, second := m.lead()
	if first == nil {
		return nil, 0, 0
	}
	n := (first.end - first.at) * first.step
	if second != nil {
		n = first.run(second)
	}
	n = min(n, most)
	if bound != nil {
		n = min(n, first.upTo(n, *bound))
	}
	if n == 0 {
		return nil, 0, 0
	}
	m.pass(first)
	f, from, to = first.frame, first.at, first.at+n
	if first.step < 0 {
		from, to = first.at-n+1, first.at+1
	}
	first.at += n * first.step
	m.drop()
	return f, from, to
}

// upTo returns how many of the next n rows of c come before a position.
func (c *cursor) upTo(n int, bound position) int {
	return sort.Search(n, func(i int) bool {
		return positionOf(c.frame, c.at+i*c.step).compare(bound, c.frame.Key.Kind)*c.step >= 0
	})
}

// reaches reports whether the next row of m does not come before all of s.
func (m *merge) reaches(s *source, k series.Kind, reverse bool) bool {
	first, _ := m.lead()
	order := positionOf(first.frame, first.at).compare(s.near(reverse), k)
	if reverse {
		order = -order
	}
	return order >= 0
}

func positionOf(f *series.Frame, i int) position {
	p := position{time: f.Time[i]}
	if f.Seq != nil {
		p.seq = f.Seq[i]
	}
	return p
}

// compare compares two places of series of a kind.
func (p position) compare(q position, k series.Kind) int {
	if k != series.Ticks {
		return cmp.Compare(p.time, q.time)
	}
	return cmp.Or(cmp.Compare(p.time.Micro(), q.time.Micro()), cmp.Compare(p.seq, q.seq))
}

// kind returns what its rows are.
func (s *source) kind() series.Kind {
	if s.chunk != nil {
		return s.chunk.kind
	}
	return s.frame.Key.Kind
}

// first returns the place of the first row of s.
func (s *source) first() position {
	if s.chunk != nil {
		return s.chunk.first
	}
	return positionOf(s.frame, 0)
}

// last returns the place of the last row of s.
func (s *source) last() position {
	if s.chunk != nil {
		return s.chunk.last
	}
	return positionOf(s.frame, s.frame.Len()-1)
}

// near returns the place of the row that is read first.
func (s *source) near(reverse bool) position {
	if reverse {
		return s.last()
	}
	return s.first()
}

// lead returns the cursor whose row comes next, and the one that follows it.
func (m *merge) lead() (first, second *cursor) {
	for _, c := range m.cursors {
		switch {
		case first == nil || c.before(first):
			first, second = c, first
		case second == nil || c.before(second):
			second = c
		}
	}
	return first, second
}

// pass passes over the rows that stand where that of first does: first has the
// highest number.
func (m *merge) pass(first *cursor) {
	for _, c := range m.cursors {
		if c != first && c.same(first) {
			c.at += c.step
		}
	}
}

// drop leaves out the cursors that are done.
func (m *merge) drop() {
	left := m.cursors[:0]
	for _, c := range m.cursors {
		if !c.done() {
			left = append(left, c)
		}
	}
	m.cursors = left
}

// addTo adds all that is left, forwards, to a builder.
func (m *merge) addTo(b *builder) {
	for f, from, to := m.next(pieceRows, nil); f != nil; f, from, to = m.next(pieceRows, nil) {
		b.add(f, from, to)
	}
}
