package localseries

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/redfire-quant/redfire/fault"
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
			e.tellLocked()
			e.memory.Unlock()
			if err != nil || !merged || e.closed.Load() {
				break
			}
		}
	}
}

// tellLocked wakes those who wait for room. The caller holds memory.
func (e *Engine) tellLocked() {
	close(e.memory.less)
	e.memory.less = make(chan struct{})
}

// toMerge returns the segments to merge next, nil for none.
func (e *Engine) toMerge() []*segment {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	tiers := map[int][]*segment{}
	for _, s := range e.segments {
		if !s.merges() {
			continue
		}
		t := (bits.Len64(uint64(s.size/mergeTier)) + 2) / 3 // powers of 8
		if tiers[t] = append(tiers[t], s); len(tiers[t]) == e.sizes.merge {
			return tiers[t]
		}
	}
	return nil
}

// merges reports whether s is merged with others of its size.
func (s *segment) merges() bool { return s.size <= mergeMost && !s.damagedOnce.Load() }

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
	m := &merger{engine: e, old: old, to: w, keep: e.lingers()}
	for _, s := range e.entries(series.Filter{}) {
		err := m.series(s)
		if errors.Is(err, fault.Corrupt) {
			// Who reads the rows is told; the others go on.
			for _, s := range old {
				s.damagedOnce.Store(true)
			}
			e.flushing.Lock()
			e.countSegments()
			e.flushing.Unlock()
			return true, w.discard()
		}
		if err != nil {
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
	keep      bool   // all tombs: there are files with rows of which nobody knows
	forgotten uint64 // the last change that a tomb told of which is left out
	changed   []*merged
}

// A merged is a series of which something was merged, as it was at one moment.
type merged struct {
	entry  *entry
	chunks []*chunk // that are replaced
	from   int      // which of the new chunks are its own
	to     int
	left   []tomb // that are left out

	others []*chunk // of other segments
	tombs  []tomb
	begun  []uint64 // changes that are being written
	spans  []span   // of what is in memory
	attrs  map[string]string
	said   uint64
}

// view returns a series as it is at one moment.
func (m *merger) view(s *entry) *merged {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v := &merged{entry: s, from: len(m.to.chunks), tombs: s.tombs, begun: slices.Clone(s.begun), attrs: s.attrs, said: s.said}
	for _, c := range s.chunks {
		if slices.Contains(m.old, c.segment) {
			v.chunks = append(v.chunks, c)
		} else {
			v.others = append(v.others, c)
		}
	}
	for _, p := range slices.Concat(s.frozen, s.open) {
		v.spans = append(v.spans, span{p.lo, p.hi, p.hi})
	}
	return v
}

// series merges what the segments have of one series.
func (m *merger) series(s *entry) error {
	v := m.view(s)
	m.tombs(v)
	if m.holds(s.key, chunkAttrs, v.said) {
		m.to.add(appendAttrChunk(nil, s.key, v.attrs, v.said))
	}
	if err := m.rows(v); err != nil {
		return err
	}
	v.to = len(m.to.chunks)
	if v.to > v.from || len(v.chunks)+len(v.left) > 0 {
		m.changed = append(m.changed, v)
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

// tombs keeps the tombs of the old segments that still cover rows, or may cover
// some that are being written. The others are left out: what they covered is
// removed, so that Salvage does not find it without them.
func (m *merger) tombs(v *merged) {
	k := v.entry.key
	for _, t := range v.tombs {
		if !m.holds(k, chunkTomb, t.seq) {
			continue
		}
		over := func(c *chunk) bool { return c.hi < t.seq && meets(t.in, c.first.time, c.last.time) }
		if m.keep || slices.ContainsFunc(v.chunks, over) || slices.ContainsFunc(v.others, over) ||
			slices.ContainsFunc(v.begun, func(seq uint64) bool { return seq < t.seq }) ||
			slices.ContainsFunc(v.spans, func(p span) bool { return p.hi < t.seq }) {
			m.to.add(appendTomb(nil, k, t))
			continue
		}
		v.left = append(v.left, t)
		m.forgotten = max(m.forgotten, t.number)
	}
}

// rows merges rows. Where a chunk of another segment stands between them, or
// nothing would be won, they are copied as they are.
func (m *merger) rows(v *merged) error {
	if len(v.chunks) == 0 {
		return nil
	}
	k := v.entry.key
	lo, hi, number, rows := v.chunks[0].lo, uint64(0), uint64(0), 0
	sources := make([]source, len(v.chunks))
	buried := false
	for i, c := range v.chunks {
		lo, hi, number = min(lo, c.lo), max(hi, c.hi), max(number, c.number)
		rows += c.rows
		sources[i] = source{chunk: c, hi: c.hi, tombs: tombsOver(v.tombs, c.hi)}
		for _, in := range sources[i].tombs {
			buried = buried || meets(in, c.first.time, c.last.time)
		}
	}
	whole := len(clusters(sources)) == len(sources) && !buried
	few := 4*len(sources) <= 5*(rows/m.engine.sizes.chunk+1)
	if whole && few || v.between(lo, hi) {
		for _, c := range v.chunks {
			if err := m.copy(k, c); err != nil {
				return err
			}
		}
		return nil
	}
	had := len(m.to.chunks)
	if err := m.join(k, sources, span{lo, hi, number}); err != nil {
		return err
	}
	if len(m.to.chunks) == had && !slices.ContainsFunc(v.tombs, func(t tomb) bool { return t.number > number }) {
		m.forgotten = max(m.forgotten, number) // nothing else tells of it
	}
	return nil
}

// between reports whether anything that is not merged came between two changes,
// or is yet to come there.
func (v *merged) between(lo, hi uint64) bool {
	return slices.ContainsFunc(v.others, func(c *chunk) bool { return c.lo < hi && c.hi > lo }) ||
		slices.ContainsFunc(v.begun, func(seq uint64) bool { return lo < seq && seq < hi }) ||
		slices.ContainsFunc(v.spans, func(p span) bool { return p.lo < hi && p.hi > lo })
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
	if err := out.sound(); err != nil {
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
	if err := e.publishLocked(m, append(left, s)); err != nil {
		return e.unlist(s, err)
	}
	e.applying.Lock()
	e.forgotten = m.forgotten
	e.applying.Unlock()
	return nil
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
		s.chunks = byFirstRow(rows)
		s.tombs = slices.DeleteFunc(slices.Clone(s.tombs), func(t tomb) bool { return slices.Contains(x.left, t) })
		s.mu.Unlock()
	}
}

// retire removes segments that do not count any more. Those who read them go on.
func (e *Engine) retire(old []*segment) error {
	e.cache.forget(old)
	e.flushing.Lock()
	defer e.flushing.Unlock()
	var errs []error
	for _, s := range old {
		errs = append(errs, s.release())
		e.retired = append(e.retired, s.number)
	}
	return errors.Join(append(errs, e.removeStale())...)
}

// lingers reports whether there are segments that do not count, and could not be
// removed yet. Of those in doubt the rows are elsewhere, too, until a manifest
// counts that names neither, and then they are retired.
func (e *Engine) lingers() bool {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	return len(e.retired) > 0
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
