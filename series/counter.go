package series

import (
	"context"
	"math"

	"github.com/redfire-quant/redfire/market"
)

// counterAt returns a counter that has seen the ticks of k before an instant, 0
// for none of them. Few ticks have no price, so it asks for few, and for more
// while that does not do.
func (s *Store) counterAt(ctx context.Context, k Key, from market.Time) (market.TickCounter, error) {
	if from == 0 {
		return market.TickCounter{}, nil
	}
	q := Query{Keys: []Key{k}, Range: market.Range{To: from}, Columns: []string{"last_price", "volume", "turnover"}, Reverse: true}
	for _, q.Limit = range [...]int{64, 4096} {
		c, rows, err := s.countBackwards(ctx, q)
		if err != nil || c.Known() || rows < q.Limit {
			return c, err
		}
	}
	q.Limit = 0
	c, _, err := s.countBackwards(ctx, q)
	return c, err
}

// countBackwards returns a counter that has seen the ticks from the last one
// with a price on, and how many ticks it read to find that.
func (s *Store) countBackwards(ctx context.Context, q Query) (c market.TickCounter, rows int, err error) {
	passed := market.Counted{Volume: math.Inf(1), Turnover: math.Inf(1)} // the least
	for f, err := range s.engine.Read(ctx, q) {
		if err != nil {
			return market.TickCounter{}, 0, err
		}
		rows += f.Len()
		price, volume, turnover := floatsOf(f, "last_price"), floatsOf(f, "volume"), floatsOf(f, "turnover")
		for i, x := range price {
			now := market.Counted{Volume: volume[i], Turnover: turnover[i]}
			if x == 0 {
				passed = market.Counted{Volume: min(passed.Volume, now.Volume), Turnover: min(passed.Turnover, now.Turnover)}
				continue
			}
			c.Since(now)
			c.Pass(passed)
			return c, rows, nil
		}
	}
	return c, rows, nil
}

// countedBefore reports whether there is a tick of k before an instant that counts
// by a calendar: it has a price and lies in a session. Most do, so it asks for few,
// and for more while that does not do.
func (s *Store) countedBefore(ctx context.Context, k Key, c *market.Calendar, from market.Time) (bool, error) {
	q := Query{Keys: []Key{k}, Range: market.Range{To: from}, Columns: []string{"last_price"}, Reverse: true}
	windows := c.Windows(market.Day)
	for _, q.Limit = range [...]int{1, 4096, 0} {
		rows := 0
		for f, err := range s.engine.Read(ctx, q) {
			if err != nil {
				return false, err
			}
			if rows += f.Len(); anyCounts(f, windows) {
				return true, nil
			}
		}
		if rows < q.Limit {
			break
		}
	}
	return false, nil
}

// anyCounts reports whether a tick of f has a price and lies in a session.
func anyCounts(f *Frame, w *market.Windows) bool {
	for i, x := range floatsOf(f, "last_price") {
		if _, _, standing := w.At(f.Time[i]); x != 0 && standing.Trades() {
			return true
		}
	}
	return false
}
