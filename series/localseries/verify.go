package localseries

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A Damage is a place in a file whose bytes fail their check.
type Damage = series.Damage

// Verify reads every byte that counts, and yields what is damaged. Others may read
// and write meanwhile. An error ends it. Damage to the files that say which others
// count is found when a store is opened.
func (e *Engine) Verify(ctx context.Context) iter.Seq2[Damage, error] {
	return func(yield func(Damage, error) bool) {
		if err := e.begin(ctx); err != nil {
			yield(Damage{}, err)
			return
		}
		v := &verifier{ctx: ctx, yield: yield, goOn: true}
		for _, s := range e.counting() {
			if v.goOn {
				v.segment(s)
			}
			v.fail(s.release())
		}
		if v.goOn {
			v.found(Damage{}, e.checkLog(ctx))
		}
	}
}

// counting returns the segments that count. Who has read them must release them.
func (e *Engine) counting() []*segment {
	e.flushing.Lock()
	defer e.flushing.Unlock()
	e.applying.Lock()
	defer e.applying.Unlock()
	all := slices.Concat(e.segments, e.unlisted)
	for _, s := range all {
		s.acquire()
	}
	return all
}

// A verifier reads files to find what is damaged in them.
type verifier struct {
	ctx   context.Context //nolint:containedctx // it lives as long as the call
	yield func(Damage, error) bool
	goOn  bool
}

// fail ends it, if there is an error.
func (v *verifier) fail(err error) {
	if err != nil && v.goOn {
		v.goOn = false
		v.yield(Damage{}, err)
	}
}

// found yields an error as damage, or ends with it if it is none.
func (v *verifier) found(d Damage, err error) {
	switch {
	case !v.goOn || err == nil:
	case errors.Is(err, fault.Corrupt):
		d.Err = err
		v.goOn = v.yield(d, nil)
	default:
		v.fail(err)
	}
}

func (v *verifier) segment(s *segment) {
	chunks, err := s.open()
	if err != nil {
		v.found(Damage{File: s.path}, err)
		return
	}
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	at := int64(segmentStart)
	for i := range chunks {
		if v.fail(v.ctx.Err()); !v.goOn {
			return
		}
		at = v.chunk(s, &chunks[i], at, b)
	}
}

// chunk checks a chunk at an offset, and returns that of the next one.
func (v *verifier) chunk(s *segment, h *headed, at int64, b *buffer) (next int64) {
	d := Damage{File: s.path, Offset: at, Key: h.key, Range: h.in}
	if c := h.chunk; c != nil {
		d.Range = series.RangeOf(h.key.Kind, c.first.time, c.last.time)
	}
	err := s.sameHead(h, at)
	if err == nil && h.chunk != nil {
		_, err = h.chunk.load(h.key, nil, b)
	}
	v.found(d, err)
	return at + h.length + h.body
}

// sameHead returns an error if the head of a chunk is not that of the directory.
func (s *segment) sameHead(h *headed, at int64) error {
	b, err := s.read(at, h.length)
	if err != nil {
		return err
	}
	if own, err := parseHead(b); err != nil || own.sum != h.sum || own.body != h.body {
		return s.damaged(at, errSum)
	}
	return nil
}

// checkLog reads the part of the log that counts, and returns what is wrong with
// it. Damage ends a log: there is only one. Who is told of it may call the engine.
func (e *Engine) checkLog(ctx context.Context) error {
	e.flushing.Lock() // nothing of it is let go of meanwhile
	defer e.flushing.Unlock()
	e.applying.Lock()
	floor := e.floor
	e.applying.Unlock()
	for _, err := range e.log.Read(ctx, floor) {
		if err != nil {
			return err
		}
	}
	return nil
}
