package series

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// A ring remembers the last changes, for engines that do not.
type ring struct {
	most int // it remembers at least so many, and twice as many at most

	mu      sync.Mutex // guards the fields below
	changes []Change
	first   uint64 // nothing is known of changes up to this
	seq     uint64 // of the last change
}

func newRing(most int) ring {
	now := uint64(time.Now().UnixMicro())
	return ring{most: most, first: now, seq: now}
}

func (r *ring) note(k Key, in market.Range) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	if len(r.changes) == 2*r.most {
		r.first = r.changes[r.most-1].Seq
		r.changes = append(r.changes[:0], r.changes[r.most:]...)
	}
	r.changes = append(r.changes, Change{Seq: r.seq, Key: k, Range: in})
}

// after yields the changes with a number above since.
func (r *ring) after(since uint64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		changes, err := r.known(since)
		if err != nil {
			yield(Change{}, err)
			return
		}
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (r *ring) known(since uint64) ([]Change, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since > r.seq || since < r.first {
		return nil, Forget(since, r.seq)
	}
	return slices.Clone(r.changes[since-r.first:]), nil // the numbers are without gaps
}
