package series

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// A bell wakes those who wait for the next change. It remembers none of them:
// all wait at one channel, which ringing closes.
type bell struct {
	mu   sync.Mutex    // guards the field below
	rung chan struct{} // nil while nobody listens
}

// next returns a channel that is closed when the bell rings next.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}

// LastChange returns the number of the last change that was accepted: Changes
// and Watch after it tell what comes from now on.
func (s *Store) LastChange(ctx context.Context) (uint64, error) {
	// No change has this number, so that every engine says what its last one is.
	for _, err := range s.changes(ctx, math.MaxUint64) {
		var forgotten *Forgotten
		if errors.As(err, &forgotten) {
			return forgotten.Last, nil
		}
		if err != nil {
			return 0, fmt.Errorf("series: last change: %w", err)
		}
	}
	return 0, fmt.Errorf("series: last change: %w", fault.SeriesChanges.Errorf("the engine does not tell the number of its last change"))
}

// Watch yields what Changes does, and then what is accepted next, as it comes,
// until ctx ends or the store is closed: that error is the last step, as any
// other is. What is changed through s is told at once, what others change within
// [Options.LookAgain].
//
// Nothing is kept for the caller while it is at a step: what comes meanwhile is
// read when it asks for the next one. One that lags far behind is told that it
// is, by a [Forgotten].
func (s *Store) Watch(ctx context.Context, since uint64) iter.Seq2[Change, error] {
	return wrapped("series: watch", func(yield func(Change, error) bool) {
		last := since
		timer := time.NewTimer(s.lookAgain)
		defer timer.Stop()
		for {
			// Listening begins before reading does: a change that the reading
			// just misses rings this bell.
			rung := s.bell.next()
			for c, err := range s.changes(ctx, last) {
				if !yield(c, err) || err != nil {
					return
				}
				last = c.Seq
			}
			timer.Reset(s.lookAgain)
			select {
			case <-rung:
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	})
}
