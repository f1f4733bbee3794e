package localseries

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Segments of about one size are merged when there are so many of them, into one
// that is about so many times as large: a row is written a few times, and the
// number of files stays small.
const (
	mergeWidth = 8
	mergeTier  = 1 << 20 // bytes of a segment of the first size
	mergeMost  = 1 << 30 // bytes of one that is merged no more

	// mergeBacklog is how many segments there are when writers wait for merging.
	mergeBacklog = 20 * mergeWidth
)

// mergeSegments merges segments whenever there are enough of them, until the
// engine is closed.
func (e *Engine) mergeSegments() {
	for e.await(e.more) {
		for {
			merged, err := e.mergeOnce()
			e.memory.Lock()
			e.memory.merged = attempt{e.memory.merged.tries + 1, err}
			e.memory.Unlock()
			e.tell()
			if err != nil || !merged || e.closed.Load() {
				break
			}
		}
	}
}

// tell wakes those who wait for room.
func (e *Engine) tell() {
	e.memory.Lock()
	defer e.memory.Unlock()
	close(e.memory.less)
	e.memory.less = make(chan struct{})
}

// toMerge returns the segments to merge next, nil for none.
func (e *Engine) toMerge() []*segment {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	tiers := map[int][]*segment{}
	for _, s := range e.segments {
		if s.size > mergeMost {
			continue
		}
		t := (bits.Len64(uint64(s.size/mergeTier)) + 2) / 3 // powers of 8
		if tiers[t] = append(tiers[t], s); len(tiers[t]) == e.sizes.merge {
			return tiers[t]
		}
	}
	return nil
}

// mergeOnce merges some segments, and reports whether there were any to merge.
func (e *Engine) mergeOnce() (merged bool, err error) {
	old := e.toMerge()
	if old == nil {
		return false, nil
	}
	w, err := e.newSegment()
	if err != nil {
		return false, err
	}
	m := &merger{engine: e, old: old, to: w}
	for _, s := range e.entries(series.Filter{}) {
		if err := m.series(s); err != nil {
			return false, errors.Join(err, w.discard())
		}
	}
	s, chunks, err := w.finish()
	if err != nil {
		return false, err
	}
	if err := e.exchange(old, s, m.forgotten); err != nil {
		return false, err
	}
	m.settle(chunks)
	return true, e.retire(old)
}

// A merger writes what counts of some segments into another one.
type merger struct {
	engine    *Engine
	old       []*segment
	to        *segmentWriter
	forgotten uint64 // the last change that a tomb told of which is left out
	changed   []*merged
}

// A merged is a series of which something was merged.
type merged struct {
	entry  *entry
	chunks []*chunk // that are replaced
	from   int      // which of the new chunks are its own
	to     int
	tombs  []tomb // that are left out
}

// series merges what the segments have of one series.
func (m *merger) series(s *entry) error {
	s.mu.RLock()
	mine := &merged{entry: s, from: len(m.to.chunks)}
	var others []*chunk
	for _, c := range s.chunks {
		if slices.Contains(m.old, c.segment) {
			mine.chunks = append(mine.chunks, c)
		} else {
			others = append(others, c)
		}
	}
	tombs, attrs, said, frozen := s.tombs, s.attrs, s.said, s.frozen
	s.mu.RUnlock()
	m.tombs(mine, tombs, frozen)
	if m.holds(s.key, chunkAttrs, said) {
		m.to.add(appendAttrChunk(nil, s.key, attrs, said))
	}
	if err := m.rows(mine, others, tombs); err != nil {
		return err
	}
	mine.to = len(m.to.chunks)
	if mine.to > mine.from || len(mine.chunks)+len(mine.tombs) > 0 {
		m.changed = append(m.changed, mine)
	}
	return nil
}

// holds reports whether one of the old segments has a tombstone or attributes of
// a series that came by a change.
func (m *merger) holds(k series.Key, what byte, seq uint64) bool {
	return slices.ContainsFunc(m.old, func(s *segment) bool {
		_, ok := s.notes[note{k, what, seq}]
		return ok
	})
}

// tombs keeps the tombs of the old segments that still cover rows. The others are
// left out: what they covered is unlinked.
func (m *merger) tombs(mine *merged, tombs []tomb, frozen []*piece) {
	s := mine.entry
	for _, t := range tombs {
		if !m.holds(s.key, chunkTomb, t.seq) {
			continue
		}
		s.mu.RLock()
		covers := len(frozen) > 0 || slices.ContainsFunc(s.chunks, func(c *chunk) bool { return c.hi < t.seq && meets(t.in, c.first.time, c.last.time) })
		s.mu.RUnlock()
		if covers {
			m.to.add(appendTomb(nil, s.key, t))
			continue
		}
		mine.tombs = append(mine.tombs, t)
		m.forgotten = max(m.forgotten, t.seq)
	}
}

// rows merges rows. Where a chunk of another segment stands between them, or
// nothing would be won, they are copied as they are.
func (m *merger) rows(mine *merged, others []*chunk, tombs []tomb) error {
	if len(mine.chunks) == 0 {
		return nil
	}
	k := mine.entry.key
	lo, hi, number, rows := mine.chunks[0].lo, uint64(0), uint64(0), 0
	sources := make([]source, len(mine.chunks))
	buried := false
	for i, c := range mine.chunks {
		lo, hi, number = min(lo, c.lo), max(hi, c.hi), max(number, c.number)
		rows += c.rows
		sources[i] = source{chunk: c, hi: c.hi, tombs: tombsOver(tombs, c.hi)}
		for _, in := range sources[i].tombs {
			buried = buried || meets(in, c.first.time, c.last.time)
		}
	}
	whole := len(clusters(sources)) == len(sources) && !buried
	few := 4*len(sources) <= 5*(rows/m.engine.sizes.chunk+1)
	between := slices.ContainsFunc(others, func(c *chunk) bool { return c.lo < hi && c.hi > lo })
	if whole && few || between || m.between(mine.entry, lo, hi) {
		for _, c := range mine.chunks {
			if err := m.copy(k, c); err != nil {
				return err
			}
		}
		return nil
	}
	return m.join(k, sources, span{lo, hi, number})
}

// between reports whether rows that are in no segment yet came between two
// changes.
func (m *merger) between(s *entry, lo, hi uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.ContainsFunc(s.begun, func(seq uint64) bool { return lo < seq && seq < hi }) ||
		slices.ContainsFunc(slices.Concat(s.frozen, s.open), func(p *piece) bool { return p.lo < hi && p.hi > lo })
}

// A span is which changes a chunk holds.
type span struct{ lo, hi, number uint64 }

// join writes the rows of sources that count as chunks.
func (m *merger) join(k series.Key, sources []source, of span) error {
	size := m.engine.sizes.chunk
	out := newBuilder(k)
	var whole []byte
	put := func() {
		if out.frame.Len() > 0 {
			whole = appendChunk(whole[:0], &out.frame, of.lo, of.hi, of.number)
			m.to.add(whole)
			out.reset()
		}
	}
	r := &reader{ctx: context.Background(), query: &series.Query{Range: market.Range{}}}
	defer r.release()
	r.yield = func(f *series.Frame, _ error) bool {
		for from := 0; from < f.Len(); {
			n := min(size-out.frame.Len(), f.Len()-from)
			out.add(f, from, from+n)
			if from += n; out.frame.Len() == size {
				put()
			}
		}
		return true
	}
	if _, err := r.read(k, sources); err != nil {
		return err
	}
	put()
	return m.to.err
}

// copy writes a chunk as it is, once it has passed its checks.
func (m *merger) copy(k series.Key, c *chunk) error {
	n := int64(0)
	for i := range c.blocks {
		n += c.blocks[i].length
	}
	body, err := c.segment.read(c.at, n)
	if err != nil {
		return err
	}
	for i := range c.blocks {
		b := &c.blocks[i]
		if xxh3.Hash(body[b.offset:b.offset+b.length]) != b.sum {
			return c.damaged(b.offset, errSum)
		}
	}
	m.to.add(appendWhole(nil, c.head(k), body))
	return m.to.err
}

// exchange makes a manifest count that has one segment in the place of others.
func (e *Engine) exchange(old []*segment, s *segment, forgotten uint64) error {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	left := slices.DeleteFunc(slices.Clone(e.segments), func(s *segment) bool { return slices.Contains(old, s) })
	m := *e.manifest
	m.forgotten = max(m.forgotten, forgotten)
	return e.publishLocked(m, append(left, s))
}

// settle puts the new chunks in the place of the old ones.
func (m *merger) settle(chunks []headed) {
	for _, x := range m.changed {
		s := x.entry
		s.mu.Lock()
		rows := slices.DeleteFunc(slices.Clone(s.chunks), func(c *chunk) bool { return slices.Contains(x.chunks, c) })
		for _, h := range chunks[x.from:x.to] {
			if h.chunk != nil {
				rows = append(rows, h.chunk)
			}
		}
		slices.SortFunc(rows, func(a, b *chunk) int { return a.first.compare(b.first, s.key.Kind) })
		s.chunks = rows
		s.tombs = slices.DeleteFunc(slices.Clone(s.tombs), func(t tomb) bool { return slices.Contains(x.tombs, t) })
		s.mu.Unlock()
	}
}

// retire removes segments that do not count any more. Those who read them go on.
func (e *Engine) retire(old []*segment) error {
	var errs []error
	for _, s := range old {
		errs = append(errs, s.release())
		if err := e.folder.Remove(segmentName(s.number)); err != nil {
			errs = append(errs, failed(err))
		}
	}
	if err := e.folder.Sync(); err != nil {
		errs = append(errs, failed(err))
	}
	return errors.Join(errs...)
}

// A note is what a segment has of a series besides rows.
type note struct {
	key  series.Key
	what byte
	seq  uint64
}

// users counts who has the file of a segment open: the engine, and readers.
type users struct {
	mu sync.Mutex
	n  int
}

func (s *segment) acquire() {
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	s.users.n++
}

// release closes the file when nobody uses it any more.
func (s *segment) release() error {
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	if s.users.n--; s.users.n < 0 {
		return s.file.Close()
	}
	return nil
}
