package localseries

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/redfire-quant/redfire/series"
)

// A cache keeps the rows of chunks unpacked. A chunk never changes, so what is kept
// of it is right as long as there is anybody who reads it; which of its rows count
// is found out at each read.
//
// What is read once is not kept: one who reads everything would drive out what
// others read again and again. A chunk is kept from its second reading on, and
// leaves when there is no room and nobody has read it since the hand came by last,
// as on a clock.
type cache struct {
	most         int64 // bytes
	eager        bool  // what is read once is kept
	hits, misses atomic.Int64

	mu    sync.Mutex // guards the fields below
	bytes int64
	kept  []*chunk
	hand  int // the place in kept that is looked at next
}

// An unpacked is what a cache knows of a chunk.
type unpacked struct {
	rows atomic.Pointer[series.Frame] // nil if they are not kept; of all columns
	once atomic.Bool                  // it was read before
	used atomic.Bool                  // it was read since the hand came by
}

// frame returns the rows of c, nil if they are not kept. They must not be changed.
func (a *cache) frame(c *chunk) *series.Frame {
	f := c.unpacked.rows.Load()
	if f == nil {
		a.misses.Add(1)
		return nil
	}
	a.hits.Add(1)
	if !c.unpacked.used.Load() {
		c.unpacked.used.Store(true)
	}
	return f
}

// wants reports whether the rows of c are to be kept, of which some columns are
// being read.
func (a *cache) wants(c *chunk, columns []string) bool {
	if a.most <= 0 {
		return false
	}
	for i := range c.blocks {
		if !wants(columns, c.blocks[i].name) {
			return false
		}
	}
	return c.unpacked.once.Swap(true) || a.eager
}

// put keeps the rows of c, if there is room for them.
func (a *cache) put(c *chunk, f *series.Frame) {
	size := frameBytes(f)
	if size > a.most {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.unpacked.rows.Load() != nil {
		return // by another reader, meanwhile
	}
	for a.bytes+size > a.most {
		a.turnLocked()
	}
	c.unpacked.used.Store(false) // who reads it again keeps it
	c.unpacked.rows.Store(f)
	a.kept = append(a.kept, c)
	a.bytes += size
}

// turnLocked moves the hand on, and lets go of the chunk there if nobody read it.
func (a *cache) turnLocked() {
	if a.hand >= len(a.kept) {
		a.hand = 0
	}
	if !a.kept[a.hand].unpacked.used.Swap(false) {
		a.removeLocked(a.hand)
	}
	a.hand++ // also past the one that took the place, which came last
}

// removeLocked lets go of what is kept at a place.
func (a *cache) removeLocked(at int) {
	c, last := a.kept[at], len(a.kept)-1
	a.bytes -= frameBytes(c.unpacked.rows.Swap(nil))
	c.unpacked.once.Store(false)
	a.kept[at], a.kept[last] = a.kept[last], nil
	a.kept = a.kept[:last]
}

// forget lets go of the chunks of segments, which count no more. Who began to read
// one before may bring a chunk back, until others take its room.
func (a *cache) forget(old []*segment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.kept) - 1; i >= 0; i-- {
		if slices.Contains(old, a.kept[i].segment) {
			a.removeLocked(i)
		}
	}
}

// frameBytes returns how much memory the values of a frame take, about.
func frameBytes(f *series.Frame) int64 {
	n := int64(512 + 8*len(f.Time) + 4*len(f.Seq)) // and the frame itself
	for i := range f.Cols {
		c := &f.Cols[i]
		n += int64(128 + 8*len(c.Floats) + 8*len(c.Ints) + len(c.Valid))
		if c.Texts == nil {
			continue
		}
		n += int64(4 * len(c.Texts.Index))
		for _, text := range c.Texts.Dict {
			n += int64(16 + len(text))
		}
	}
	return n
}

// Stats are what an engine has done since it was opened.
type Stats struct {
	// CacheBytes is how much memory the rows take that are kept unpacked.
	CacheBytes int64

	// CacheHits are the chunks that were read and did not have to be unpacked, and
	// CacheMisses those that had to be.
	CacheHits, CacheMisses int64
}

// Stats returns what the engine has done until now.
func (e *Engine) Stats() Stats {
	a := &e.cache
	a.mu.Lock()
	defer a.mu.Unlock()
	return Stats{CacheBytes: a.bytes, CacheHits: a.hits.Load(), CacheMisses: a.misses.Load()}
}
