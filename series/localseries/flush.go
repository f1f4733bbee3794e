package localseries

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/redfire-quant/redfire/internal/seglog"
)

// grow notes that rows came into memory, and has segments written when there are
// too many, or the log is too long.
func (e *Engine) grow(bytes int64, long bool) {
	e.memory.Lock()
	e.memory.bytes += bytes
	full := e.memory.bytes-e.memory.frozen >= e.opts.Memory
	e.memory.Unlock()
	if full || long {
		give(e.full)
	}
}

// An attempt is something that is tried again and again.
type attempt struct {
	tries int
	err   error // of the last one
}

// since returns the error, if it was tried anew since there were so many tries:
// the one that was under way then does not count.
func (a attempt) since(tries int) error {
	if a.tries > tries+1 {
		return a.err
	}
	return nil
}

// awaitMemory waits until there is room for more rows, and few enough segments. If
// that does not come because of an error, it is tried once more, and then it is
// this.
func (e *Engine) awaitMemory(ctx context.Context) error {
	m := &e.memory
	m.Lock()
	flushes, merges := m.flushed.tries, m.merged.tries
	m.Unlock()
	for {
		m.Lock()
		less := m.less
		var err error
		large, many := m.bytes >= 2*e.opts.Memory, m.segments >= mergeBacklog
		if large && m.flushed.err != nil {
			err = m.flushed.since(flushes)
			give(e.full)
		}
		if many && m.merged.err != nil {
			err = cmp.Or(err, m.merged.since(merges))
			give(e.more)
		}
		m.Unlock()
		if !large && !many || err != nil {
			return err
		}
		select {
		case <-less:
		case <-e.closing:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// writeSegments writes what is in memory to segments whenever there is too much
// of it, until the engine is closed.
func (e *Engine) writeSegments() {
	for e.await(e.full) {
		err := e.flush()
		e.memory.Lock()
		e.memory.flushed = attempt{e.memory.flushed.tries + 1, err}
		e.tellLocked()
		e.memory.Unlock()
		give(e.more)
	}
}

// await waits for a token, and reports whether there was one before the engine
// was closed.
func (e *Engine) await(tokens <-chan struct{}) bool {
	select {
	case <-tokens:
		return !e.closed.Load()
	case <-e.closing:
		return false
	}
}

// give gives a token, if there is none.
func give(tokens chan<- struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}

// flush writes what is in memory to a segment, and lets go of the log before it.
func (e *Engine) flush() (err error) {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	if e.gone {
		return errClosed
	}
	frozen, more, floor := e.freezeAll()
	if len(frozen)+len(more) == 0 {
		return nil
	}
	var chunks [][]*chunk
	added := slices.Clone(more)
	var s *segment
	if len(frozen) > 0 {
		if s, chunks, err = e.writeFrozen(frozen); err == nil {
			added = append(added, s)
		}
	}
	if err == nil {
		if err = e.publish(added, floor); err != nil && s != nil {
			err = e.unlist(s, err)
		}
	}
	if err != nil {
		e.applying.Lock()
		e.unlisted = append(more, e.unlisted...)
		e.applying.Unlock()
		for _, f := range frozen {
			f.undo()
		}
		e.thawed(false)
		return err
	}
	for i, f := range frozen {
		f.thaw(chunks[i])
	}
	e.thawed(true)
	e.applying.Lock()
	e.floor = floor
	e.applying.Unlock()
	return e.log.Cut(floor)
}

// freezeAll freezes all series at one moment, and returns the segments that count
// and are in no manifest yet, and how far the log goes at it.
func (e *Engine) freezeAll() ([]*frost, []*segment, seglog.Position) {
	e.applying.Lock()
	defer e.applying.Unlock()
	var frozen []*frost
	e.mu.RLock()
	for _, s := range e.series {
		if f := s.freeze(); f != nil {
			frozen = append(frozen, f)
		}
	}
	e.mu.RUnlock()
	slices.SortFunc(frozen, func(a, b *frost) int { return a.entry.key.Compare(b.entry.key) })
	e.memory.Lock()
	e.memory.frozen = e.memory.bytes
	e.memory.Unlock()
	more := e.unlisted
	e.unlisted = nil
	return frozen, more, e.applied
}

// thawed notes that nothing is being written any more. If it was written, it is
// no longer in memory.
func (e *Engine) thawed(written bool) {
	e.memory.Lock()
	defer e.memory.Unlock()
	if written {
		e.memory.bytes -= e.memory.frozen
	}
	e.memory.frozen = 0
	e.tellLocked()
}

// writeFrozen writes a segment, and returns the chunks of each series.
func (e *Engine) writeFrozen(frozen []*frost) (*segment, [][]*chunk, error) {
	w, err := e.newSegment()
	if err != nil {
		return nil, nil, err
	}
	owner := make([]int, 0, len(frozen)) // of each chunk
	var whole []byte
	put := func(i int, b []byte) {
		w.add(b)
		owner = append(owner, i)
		whole = b[:0]
	}
	for i, f := range frozen {
		for _, t := range f.tombs {
			put(i, appendTomb(whole, f.entry.key, t))
		}
		if f.attrsToo {
			put(i, appendAttrChunk(whole, f.entry.key, f.attrs, f.said))
		}
		for _, p := range joinAll(f.pieces) {
			for from := 0; from < p.frame.Len(); from += e.sizes.chunk {
				rows := p.frame.Slice(from, min(from+e.sizes.chunk, p.frame.Len()))
				put(i, appendChunk(whole, &rows, p.lo, p.hi, p.hi))
			}
		}
	}
	s, all, err := w.finish()
	if err != nil {
		return nil, nil, err
	}
	chunks := make([][]*chunk, len(frozen))
	for n, h := range all {
		if h.chunk != nil {
			chunks[owner[n]] = append(chunks[owner[n]], h.chunk)
		}
	}
	return s, chunks, nil
}

// joinAll returns pieces of which those of one epoch do not overlap.
func joinAll(pieces []*piece) []*piece {
	var all []*piece
	for len(pieces) > 0 {
		n := 1
		for n < len(pieces) && pieces[n].epoch == pieces[0].epoch {
			n++
		}
		all = append(all, joinPieces(pieces[:n]...))
		pieces = pieces[n:]
	}
	return all
}

// publish makes a manifest count that has more segments, and in which the log
// begins at floor.
func (e *Engine) publish(more []*segment, floor seglog.Position) error {
	m := *e.manifest
	m.floor = floor
	return e.publishLocked(m, append(slices.Clip(e.segments), more...))
}

// publishLocked makes m the manifest that counts, with these segments. The caller
// holds flushing.
func (e *Engine) publishLocked(m manifest, segments []*segment) error {
	m.generation = e.manifest.generation + 1
	m.segments = nil
	for _, s := range segments {
		m.segments = append(m.segments, listed{s.number, s.size, s.sum, s.accepted})
		m.next = max(m.next, s.number+1)
	}
	e.stale = append(e.stale, e.manifest.generation)
	e.manifest.generation++ // it may count, also when this fails
	if err := m.publish(e.folder); err != nil {
		return err
	}
	e.manifest = &m
	e.segments = segments
	e.countSegments()
	e.retired = append(e.retired, e.doubtful...)
	e.doubtful = nil
	_ = e.removeStale() // it is tried again
	return nil
}

// unlist takes leave of a segment that no manifest could be made to count, and
// returns why. Where a manifest that names it may count after a crash, it stays
// until one counts that does not. The caller holds flushing.
func (e *Engine) unlist(s *segment, why error) error {
	why = errors.Join(why, s.release())
	if !errors.Is(why, errUnlisted) {
		e.doubtful = append(e.doubtful, s.number)
		return why
	}
	err := e.folder.Remove(segmentName(s.number))
	if err != nil {
		e.retired = append(e.retired, s.number) // it is tried again
	}
	return errors.Join(why, err)
}

// countSegments notes how many segments wait to be merged.
func (e *Engine) countSegments() {
	n := 0
	for _, s := range e.segments {
		if s.merges() {
			n++
		}
	}
	e.memory.Lock()
	defer e.memory.Unlock()
	e.memory.segments = n
}

// removeStale removes manifests and segments that do not count any more. What
// cannot be removed does no harm, since merging keeps the tombs over it. The names
// that are gone become durable with the next manifest, before that removes a tomb.
// The caller holds flushing.
func (e *Engine) removeStale() error {
	var errs []error
	gone := func(name string) bool {
		err := e.folder.Remove(name)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return true
		}
		errs = append(errs, failed(err))
		return false
	}
	e.stale = slices.DeleteFunc(e.stale, func(generation uint64) bool { return gone(manifestName(generation)) })
	e.retired = slices.DeleteFunc(e.retired, func(number uint64) bool { return gone(segmentName(number)) })
	return errors.Join(errs...)
}
