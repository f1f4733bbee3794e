package series

import (
	"context"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A Remote is an [Engine] that is the [Store] of another process, whose rows
// others write as well. What a store reads before it writes or deletes is read
// over there, where nobody writes in between; types of extra columns are checked
// there too.
type Remote interface {
	// WriteCounted does what [Store.Write] does. The frames are as those of
	// Engine.Write.
	WriteCounted(ctx context.Context, frames []Frame, o WriteOptions) (Counts, error)

	// ReplaceCounted does what [Store.Replace] does. The frame is as that of
	// Engine.Replace.
	ReplaceCounted(ctx context.Context, r market.Range, f Frame, o WriteOptions) (Counts, error)

	// DeleteCounted does what [Store.Delete] does.
	DeleteCounted(ctx context.Context, k Key, r market.Range) (Counts, error)
}

// writeRemote gives prepared frames to an engine that counts and refuses by
// itself. Those of several calls are compared here first: a row that is refused in
// the second must not leave the first one written.
func (s *Store) writeRemote(ctx context.Context, far Remote, frames []*Frame, o WriteOptions) (counts Counts, err error) {
	if several := len(slices.Collect(calls(frames))) > 1; several && o.RefuseDifferent {
		if _, _, err := s.compareAll(ctx, frames, true); err != nil {
			return Counts{}, err
		}
	}
	err = s.eachCall(frames, func(call []Frame) error {
		c, err := far.WriteCounted(ctx, call, o)
		counts.add(c)
		return err
	})
	return counts, err
}

// deleteRemote deletes by an engine that counts by itself.
func (s *Store) deleteRemote(ctx context.Context, far Remote, k Key, r market.Range) (Counts, error) {
	counts, err := far.DeleteCounted(ctx, k, r)
	s.note(err, k, r)
	s.bell.ring()
	return counts, err
}

func (c *Counts) add(d Counts) {
	c.New += d.New
	c.Unchanged += d.Unchanged
	c.Replaced += d.Replaced
	c.Deleted += d.Deleted
}

// errPartly is the error of a call of which some frames are stored.
func errPartly(stored, next int, err error) error {
	return fault.SeriesPartly.Errorf("%d rows are stored, and the next %d may be: %w", stored, next, err)
}
