package series

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// maxLevels bounds the memory of a profile.
const maxLevels = 1 << 20

// A ProfileLevel is a step of price and what was traded in it.
type ProfileLevel struct {
	// Price is the lower end of the step: it holds prices from Price up to, but
	// not including, the next step's.
	Price float64

	// Volume is the sum of the volumes, added up in the order of time.
	Volume float64
}

// Profile returns how much was traded at which price, in steps of the given
// width, the lowest first: of bars by their close and volume, of ticks by their
// last price and what each adds in [Store.Resample]. How the volume of ticks
// counts must be an attribute of the series, [AttrTickVolume]. Steps in which
// nothing was traded are left out; there are at most 1,048,576 others.
//
// Prices and step are taken for the decimal numbers that they are written as,
// and steps begin at whole multiples of it: in floating point 0.3/0.1 is less
// than 3, and the price would be in the step below.
func (s *Store) Profile(ctx context.Context, k Key, r market.Range, step float64) ([]ProfileLevel, error) {
	fail := func(err error) ([]ProfileLevel, error) {
		return nil, fmt.Errorf("series: profile %s: %w", k, err)
	}
	bins, err := newBinner(step)
	if err != nil {
		return fail(err)
	}
	if err := s.begin(ctx); err != nil {
		return fail(err)
	}
	t, err := s.trades(ctx, k, r)
	if err != nil {
		return fail(err)
	}
	sums := map[int64]float64{}
	for f, err := range s.Read(ctx, Query{Keys: []Key{k}, Range: r, Columns: []string{t.price, t.volume}}) {
		if err != nil {
			return fail(err)
		}
		if err := t.add(sums, bins, f); err != nil {
			return fail(err)
		}
	}
	levels := make([]ProfileLevel, 0, len(sums))
	for _, bin := range slices.Sorted(maps.Keys(sums)) {
		levels = append(levels, ProfileLevel{bins.price(bin), sums[bin]})
	}
	return levels, nil
}

// trades tell at which price how much was traded.
type trades struct {
	price, volume string // columns
	count         *market.TickCounter
}

// trades returns those of k, from the beginning of r on.
func (s *Store) trades(ctx context.Context, k Key, r market.Range) (trades, error) {
	if err := (Query{Keys: []Key{k}, Range: r}).validate(); err != nil {
		return trades{}, err
	}
	switch k.Kind {
	case Bars:
		return trades{price: "close", volume: "volume"}, nil
	case Indicator:
		return trades{}, fault.SeriesQuery.Errorf("key %s: an indicator has no volume", k)
	}
	v, err := s.tickVolume(ctx, k)
	if err != nil || v == market.Traded {
		return trades{price: "last_price", volume: "last_volume"}, err
	}
	c, err := s.counterAt(ctx, k, r.From)
	return trades{"last_price", "volume", &c}, err
}

// add adds what was traded by the rows of f to the sums of their steps.
func (t *trades) add(sums map[int64]float64, bins *binner, f *Frame) error {
	prices, volumes := floatsOf(f, t.price), floatsOf(f, t.volume)
	for i, x := range prices {
		volume := volumes[i]
		switch {
		case x == 0 && f.Key.Kind == Ticks && t.count != nil:
			t.count.Pass(market.Counted{Volume: volume})
			continue
		case x == 0 && f.Key.Kind == Ticks:
			continue
		case t.count != nil:
			volume = t.count.Since(market.Counted{Volume: volume}).Volume
		}
		if volume == 0 {
			continue
		}
		bin, err := bins.of(x)
		if err != nil {
			return err
		}
		if sums[bin] += volume; len(sums) > maxLevels {
			return fault.SeriesQuery.Errorf("a profile has at most %d steps; choose a wider one than %v", maxLevels, bins.width)
		}
	}
	return nil
}

// A binner finds the step that a price lies in. It counts in integers: prices
// and the step are multiples of 10^-places.
type binner struct {
	width  float64
	step   int64 // in units of 10^-places
	exact  *big.Rat
	places int
	scale  float64 // 10^places
}

// exactInt is the largest of the floats up to which all integers are floats.
const exactInt = 1 << 53

func newBinner(step float64) (*binner, error) {
	if !(step > 0) || math.IsInf(step, 0) {
		return nil, fault.SeriesQuery.Errorf("the step of a profile is %v, not a number above 0", step)
	}
	b := &binner{width: step, exact: decimal(step), scale: 1}
	// 22 is the last power of ten that is a float64 itself.
	for b.places < 22 && math.Round(step*b.scale)/b.scale != step {
		b.places++
		b.scale *= 10
	}
	if n := math.Round(step * b.scale); n < exactInt && n/b.scale == step {
		b.step = int64(n)
	}
	return b, nil
}

// decimal returns the shortest decimal number that is read as x.
func decimal(x float64) *big.Rat {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'g', -1, 64))
	if !ok {
		panic(fmt.Sprintf("series: %v is no decimal number", x)) // x is finite
	}
	return r
}

// of returns the number of the step that holds price.
func (b *binner) of(price float64) (int64, error) {
	// A price that has no more places than the step is a whole number of units:
	// n/scale is then correctly rounded, so it is price only if n is right.
	n := math.Round(price * b.scale)
	if b.step != 0 && math.Abs(n) < exactInt && n/b.scale == price {
		return floorDiv(int64(n), b.step), nil
	}
	q := new(big.Rat).Quo(decimal(price), b.exact)
	bin := new(big.Int).Div(q.Num(), q.Denom()) // Euclid's: rounded down
	if !bin.IsInt64() {
		return 0, fault.SeriesQuery.Errorf("the price %v is too many steps from 0", price)
	}
	return bin.Int64(), nil
}

func floorDiv(n, d int64) int64 {
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}

// price returns the lower end of step number bin.
func (b *binner) price(bin int64) float64 {
	x, _ := new(big.Rat).Mul(new(big.Rat).SetInt64(bin), b.exact).Float64()
	return x
}
