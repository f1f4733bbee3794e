package localseries

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/seglog"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// bulkRows is how many rows a call has that goes into a segment of its own, and
// not through the log.
const bulkRows = 100_000

// isBulk reports whether frames are many rows of few series.
func (e *Engine) isBulk(frames []series.Frame) bool {
	rows := 0
	for i := range frames {
		rows += frames[i].Len()
	}
	return rows >= e.sizes.bulk && rows/len(frames) >= e.sizes.bulk/25
}

// bulk writes frames as a segment. A record of the log comes before it, whose
// position is the number of the change: what is written to the same series
// meanwhile has a higher one. Another record comes after it, with which the
// segment counts. Without that nothing was written.
//
// With in, the rows in that range do not count any more.
func (e *Engine) bulk(ctx context.Context, frames []series.Frame, in *market.Range) error {
	e.bulks.RLock()
	defer e.bulks.RUnlock()
	if err := e.begin(ctx); err != nil {
		return err
	}
	if in == nil { // frames that say nothing are no change
		frames = slices.DeleteFunc(slices.Clone(frames), func(f series.Frame) bool { return f.Len() == 0 && f.Attrs == nil })
	}
	keys := make([]series.Key, len(frames))
	for i := range frames {
		keys[i] = frames[i].Key
	}
	if err := e.room(frames); err != nil {
		return err
	}
	if err := e.awaitMemory(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// It changes nothing, and must not be left halfway.
	at, err := e.log.Append(context.WithoutCancel(ctx), beginRecord(keys))
	if err != nil {
		return closedOr(err)
	}
	if err = e.writeBulk(ctx, frames, in, uint64(at)); err != nil && !isUnknown(err) {
		e.giveUp(keys, uint64(at))
	}
	return err
}

// writeBulk writes frames as change number at, and those that follow it.
func (e *Engine) writeBulk(ctx context.Context, frames []series.Frame, in *market.Range, at uint64) error {
	w, err := e.newSegment()
	if err != nil {
		return err
	}
	for i := range frames {
		seq := at + uint64(i)
		if in != nil {
			w.add(appendTomb(nil, frames[i].Key, tomb{*in, seq, seq}))
		}
		if frames[i].Attrs != nil {
			w.add(appendAttrChunk(nil, frames[i].Key, frames[i].Attrs, seq))
		}
		if err := w.addRows(ctx, &frames[i], seq, e.sizes.chunk); err != nil {
			return errors.Join(err, w.discard())
		}
	}
	s, chunks, err := w.finish()
	if err != nil {
		return err
	}
	return e.accept(ctx, s, chunks)
}

// room returns an error if the disk has no room for frames as they are, which is
// more than they take when they are packed.
func (e *Engine) room(frames []series.Frame) error {
	free, err := e.folder.Free()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return failed(err)
	}
	for i := range frames {
		free -= int64(8 * (len(frames[i].Cols) + 2) * frames[i].Len())
	}
	if free < e.opts.Floor {
		return fault.DiskFull.Errorf("%s: %d MB would be left free on the disk, less than %d", e.folder.Path(""), max(0, free)>>20, e.opts.Floor>>20)
	}
	return nil
}

// accept makes a segment count.
func (e *Engine) accept(ctx context.Context, s *segment, chunks []headed) error {
	e.applying.Lock()
	e.written[s.number] = written{s, chunks}
	e.applying.Unlock()
	_, err := e.log.Append(ctx, acceptRecord(s, len(groups(chunks))))
	if err == nil || isUnknown(err) {
		return err
	}
	e.applying.Lock()
	delete(e.written, s.number)
	e.applying.Unlock()
	return errors.Join(closedOr(err), s.file.Close(), e.folder.Remove(segmentName(s.number)))
}

// A written is a segment that does not count yet.
type written struct {
	segment *segment
	chunks  []headed
}

// newSegment begins a segment with a number of its own.
func (e *Engine) newSegment() (*segmentWriter, error) {
	e.applying.Lock()
	number := e.numbers
	e.numbers++
	e.applying.Unlock()
	return createSegment(e.folder, number)
}

// addRows adds the rows of f as chunks. Packing is what takes time, and is done
// by all processors.
func (w *segmentWriter) addRows(ctx context.Context, f *series.Frame, seq uint64, size int) error {
	parts := 4 * runtime.GOMAXPROCS(0)
	packed := make([][]byte, parts)
	for from := 0; from < f.Len(); from += parts * size {
		if err := ctx.Err(); err != nil {
			return err
		}
		var packing sync.WaitGroup
		for i := range parts {
			packed[i] = packed[i][:0]
			first := from + i*size
			if first >= f.Len() {
				continue
			}
			packing.Go(func() {
				rows := f.Slice(first, min(first+size, f.Len()))
				packed[i] = appendChunk(packed[i], &rows, seq, seq, seq)
			})
		}
		packing.Wait()
		for _, whole := range packed {
			if len(whole) > 0 {
				w.add(whole)
			}
		}
	}
	return w.err
}

// applyBegin puts a wall into series: what comes after it is not joined with what
// was before, since a segment will stand between them.
func (e *Engine) applyBegin(p *parser, at uint64) {
	for i := range p.count(1) {
		s := e.next(p)
		s.wall()
		s.mu.Lock()
		s.begun = append(s.begun, at+uint64(i))
		s.mu.Unlock()
	}
}

// wall keeps what comes from now on apart from what there is.
func (s *entry) wall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
}

// giveUp notes that changes will never be accepted.
func (e *Engine) giveUp(keys []series.Key, at uint64) {
	for i, k := range keys {
		s := e.entry(k)
		s.mu.Lock()
		s.endLocked(at + uint64(i))
		s.mu.Unlock()
	}
}

// endLocked notes that no segment is being written of a change any more.
func (s *entry) endLocked(seq uint64) {
	s.begun = slices.DeleteFunc(s.begun, func(begun uint64) bool { return begun == seq })
}

// applyAccept makes a segment count. When the log is replayed, it is opened.
func (e *Engine) applyAccept(at seglog.Position, p *parser) error {
	known := listed{number: p.uint64(), size: int64(p.uint64()), sum: p.uint64(), accepted: uint64(at)}
	if p.err != nil {
		return p.err
	}
	w, ok := e.written[known.number]
	if !ok {
		s, chunks, err := openSegment(e.folder, known)
		if err != nil {
			return err
		}
		w = written{s, chunks}
	}
	delete(e.written, known.number)
	w.segment.accepted = uint64(at)
	if e.unlisted = append(e.unlisted, w.segment); len(e.unlisted) >= e.sizes.merge {
		give(e.full)
	}
	e.numbers = max(e.numbers, known.number+1)
	e.takeAll(w.chunks, uint64(at))
	for _, h := range w.chunks {
		if h.chunk != nil {
			e.entry(h.key).learnAll([]*chunk{h.chunk})
		}
	}
	return nil
}

// takeAll notes what a segment has, each series at once. If its rows count since
// it was accepted, that is a change of each series with a number of its own.
func (e *Engine) takeAll(chunks []headed, accepted uint64) {
	for i, g := range groups(chunks) {
		number := uint64(0)
		if accepted > 0 {
			number = accepted + uint64(i)
		}
		for _, h := range g {
			number = max(number, h.last)
		}
		if number > e.last {
			e.recent.note(number, g[0].key, covered(g))
		}
		e.last = max(e.last, number)
		e.entry(g[0].key).take(g, number, accepted > 0)
	}
}

// covered returns the range that the chunks of one series tell of.
func covered(chunks []headed) market.Range {
	c := cover{kind: chunks[0].key.Kind}
	for _, h := range chunks {
		switch h.what {
		case chunkRows:
			c.rows(h.chunk.first.time, h.chunk.last.time)
		case chunkTomb:
			c.add(h.in)
		}
	}
	return c.inRange()
}

// groups returns the chunks of each series. Those of one stand together.
func groups(chunks []headed) [][]headed {
	var all [][]headed
	for len(chunks) > 0 {
		n := 1
		for n < len(chunks) && chunks[n].key == chunks[0].key {
			n++
		}
		all = append(all, chunks[:n:n])
		chunks = chunks[n:]
	}
	return all
}
