package series

import (
	"context"
	"math"

	"github.com/redfire-quant/redfire/market"
)

// counted is what a tick counts.
type counted struct{ volume, turnover float64 }

// A counter tells what was traded from what ticks count, in the order of time.
type counter struct {
	before counted // the last tick
	known  bool    // there was one
}

// since returns what was traded between the tick before and one that counts
// now.
func (c *counter) since(now counted) counted {
	before, known := c.before, c.known
	c.before, c.known = now, true
	if !known {
		return counted{}
	}
	return counted{above(now.volume, before.volume), above(now.turnover, before.turnover)}
}

// above returns what x is above before, and x if it is less.
func above(x, before float64) float64 {
	if x < before {
		return x
	}
	return x - before
}

// pass passes over a tick without a price, which may tell that a day has begun.
func (c *counter) pass(now counted) {
	c.before.volume = min(c.before.volume, now.volume)
	c.before.turnover = min(c.before.turnover, now.turnover)
}

// counterAt returns a counter that has seen the ticks of k before an instant, 0
// for none of them. Few ticks have no price, so it asks for few, and for more
// while that does not do.
func (s *Store) counterAt(ctx context.Context, k Key, from market.Time) (counter, error) {
	if from == 0 {
		return counter{}, nil
	}
	q := Query{Keys: []Key{k}, Range: market.Range{To: from}, Columns: []string{"last_price", "volume", "turnover"}, Reverse: true}
	for _, q.Limit = range [...]int{64, 4096} {
		c, rows, err := s.countBackwards(ctx, q)
		if err != nil || c.known || rows < q.Limit {
			return c, err
		}
	}
	q.Limit = 0
	c, _, err := s.countBackwards(ctx, q)
	return c, err
}

// countBackwards returns a counter that has seen the ticks from the last one
// with a price on, and how many ticks it read to find that.
func (s *Store) countBackwards(ctx context.Context, q Query) (c counter, rows int, err error) {
	passed := counted{math.Inf(1), math.Inf(1)} // the least
	for f, err := range s.engine.Read(ctx, q) {
		if err != nil {
			return counter{}, 0, err
		}
		rows += f.Len()
		price, volume, turnover := floatsOf(f, "last_price"), floatsOf(f, "volume"), floatsOf(f, "turnover")
		for i, x := range price {
			now := counted{volume[i], turnover[i]}
			if x == 0 {
				passed = counted{min(passed.volume, now.volume), min(passed.turnover, now.turnover)}
				continue
			}
			c.since(now)
			c.pass(passed)
			return c, rows, nil
		}
	}
	return c, rows, nil
}
