package series

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// rememberedInstants is how many instants of a symbol a Sequencer remembers:
// ticks that arrive late by no more than so many of them are numbered rightly.
const rememberedInstants = 64

// A Sequencer gives the ticks of a stream their Seq: the place among those of
// the same microsecond, in the order of their arrival. It is for recorders, and
// safe for concurrent use; of one symbol the ticks must come from one goroutine,
// or their order means nothing.
//
// A tick that is numbered and not kept leaves a gap in Seq, which does no harm.
// A tick that is numbered twice is two ticks: a recorder keeps the number with
// the tick, in its queue on disk, and numbers nothing again.
type Sequencer struct {
	mu      sync.Mutex // guards symbols and what they point to
	symbols map[market.Symbol]*instants
}

// instants are the last ones of a symbol.
type instants struct {
	last  []instant // in ascending order
	floor int64     // nothing is known of instants before this
}

type instant struct {
	micro int64
	next  uint64 // the Seq of its next tick
}

// NewSequencer returns a Sequencer that has seen no tick. It is right for
// symbols of which nothing is stored; [Store.Sequencer] goes on where the
// stored ticks end.
func NewSequencer() *Sequencer {
	return &Sequencer{symbols: map[market.Symbol]*instants{}}
}

// Sequencer returns a Sequencer that goes on behind the last stored tick of each
// symbol. Ticks that wait in a queue and are not stored yet must be told to it
// by [Sequencer.Resume].
func (s *Store) Sequencer(ctx context.Context, symbols ...market.Symbol) (*Sequencer, error) {
	q := NewSequencer()
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("series: sequencer: %w", err)
	}
	var keys []Key
	seen := map[market.Symbol]bool{}
	for _, y := range symbols {
		if !seen[y] {
			keys = append(keys, TickKey(y))
		}
		seen[y] = true
	}
	if len(keys) == 0 {
		return q, nil
	}
	for f, err := range s.Read(ctx, Query{Keys: keys, Columns: []string{}, Reverse: true, Limit: 1}) {
		if err != nil {
			return nil, fmt.Errorf("series: sequencer: %w", err)
		}
		q.Resume(f.Key.Symbol, f.Time[0], f.Seq[0])
	}
	return q, nil
}

// Resume tells that a tick of y with this time and Seq exists already, and that
// nothing is known of earlier instants.
func (q *Sequencer) Resume(y market.Symbol, t market.Time, seq uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.of(y)
	micro, next := t.Micro(), uint64(seq)+1
	n.floor = max(n.floor, micro)
	n.last = slices.DeleteFunc(n.last, func(i instant) bool { return i.micro < n.floor })
	if micro < n.floor {
		return
	}
	if i, found := n.find(micro); found {
		n.last[i].next = max(n.last[i].next, next)
	} else {
		n.last = slices.Insert(n.last, i, instant{micro, next})
	}
}

// Number sets the Seq of t, the next tick of y that arrived. It fails with
// fault.SeriesLate if t is older than the instants that are remembered, so
// that its number cannot be known, and leaves t as it is.
func (q *Sequencer) Number(y market.Symbol, t *market.Tick) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.of(y)
	micro := t.Time.Micro()
	if micro < n.floor {
		return fault.SeriesLate.Errorf("a tick of %s at %s is older than the %d instants that are remembered", y, t.Time, rememberedInstants)
	}
	i, found := n.find(micro)
	if !found {
		n.last = slices.Insert(n.last, i, instant{micro: micro})
	}
	if n.last[i].next > math.MaxUint32 {
		return fault.SeriesLate.Errorf("there are no more numbers for ticks of %s at %s", y, t.Time)
	}
	t.Seq = uint32(n.last[i].next)
	n.last[i].next++
	if len(n.last) > rememberedInstants {
		n.floor = n.last[0].micro + 1
		n.last = slices.Delete(n.last, 0, 1)
	}
	return nil
}

func (q *Sequencer) of(y market.Symbol) *instants {
	n, ok := q.symbols[y]
	if !ok {
		n = &instants{floor: math.MinInt64}
		q.symbols[y] = n
	}
	return n
}

// find returns where the instant is, or would stand.
func (n *instants) find(micro int64) (int, bool) {
	// Nearly every tick is of the last instant or behind it.
	if last := len(n.last) - 1; last < 0 || n.last[last].micro < micro {
		return last + 1, false
	}
	return slices.BinarySearchFunc(n.last, micro, func(i instant, m int64) int { return cmp.Compare(i.micro, m) })
}
