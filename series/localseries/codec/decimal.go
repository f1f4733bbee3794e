package codec

import (
	"math"
	"runtime"
)

// powers are those of ten that are exact.
var powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// maxInteger is above those of which all are exact.
const maxInteger = 1 << 53

// integer returns the integer that x is, divided by scale. If fits says no
// there is none, and the result is not the same on every machine.
func integer(x, scale float64) int64 { return int64(math.RoundToEven(float64(x * scale))) }

// fits reports whether division of an integer by scale gives x, to the bit.
func fits(x, scale float64) bool {
	m := math.RoundToEven(float64(x * scale))
	// A zero that has lost its sign must not pass.
	return math.Abs(m) < maxInteger && math.Float64bits(float64(int64(m))/scale) == math.Float64bits(x)
}

// misses counts the values that do not fit, up to a limit.
func misses(v []float64, scale float64, limit int) (n int) {
	for _, x := range v {
		if !fits(x, scale) {
			if n++; n > limit {
				break
			}
		}
	}
	return n
}

// A survey counts how many values fit which power of ten.
type survey struct {
	change [len(powers) + 1]int // of the count, from one power to the next
	rows   int
}

func (s *survey) add(x float64) {
	s.rows++
	for e, scale := range powers {
		if !fits(x, scale) {
			continue
		}
		s.change[e]++
		m := math.Abs(float64(integer(x, scale)))
		last := e
		for last+1 < len(powers) && float64(m*powers[last+1-e]) < maxInteger {
			last++
		}
		s.change[last+1]--
		return
	}
}

// addAll adds so many values of v, spread over it, or all. The places slide
// along, so as not to hit what comes again every so many rows.
func (s *survey) addAll(v []float64, count int) {
	stride := max(1, len(v)/count)
	for i := range min(count, len(v)) {
		s.add(v[i*stride+i%stride])
	}
}

// best returns the power at which digits and what does not fit take least.
func (s *survey) best() (e, missing int) {
	const digit, miss = 332, 8000 // hundredths of a bit
	least, fitting := int64(0), 0
	for p := range powers {
		fitting += s.change[p]
		cost := digit*int64(p)*int64(s.rows) + miss*int64(s.rows-fitting)
		if p == 0 || cost < least {
			least, e, missing = cost, p, s.rows-fitting
		}
	}
	return e, missing
}

// common returns the least power that all values fit.
func (s *survey) common() (e int, ok bool) {
	fitting := 0
	for p := range powers {
		if fitting += s.change[p]; fitting == s.rows {
			return p, true
		}
	}
	return 0, false
}

// Of how many values the first guess is made, and what part of a column may be
// exceptions: beyond it the bits take less.
const (
	surveyed      = 64
	mostException = 4
)

// decimalOf returns the power of ten for a column and how many values do not
// fit it.
func decimalOf(v []float64) (e, missing int, ok bool) {
	var some survey
	some.addAll(v, surveyed)
	e, missing = some.best()
	if missing*mostException > some.rows {
		return 0, 0, false
	}
	limit := len(v) / mostException
	if missing = misses(v, powers[e], limit); missing > len(v)/surveyed {
		var all survey
		all.addAll(v, len(v))
		e, _ = all.best()
		missing = misses(v, powers[e], limit)
	}
	return e, missing, missing <= limit
}

// commonDecimal returns the power of ten that all values of all columns fit.
func commonDecimal(columns ...[]float64) (e int, ok bool) {
	for _, count := range [...]int{surveyed / 4, math.MaxInt} {
		var s survey
		for _, v := range columns {
			s.addAll(v, count)
		}
		if e, ok = s.common(); !ok {
			return 0, false
		}
		missing := 0
		for _, v := range columns {
			missing += misses(v, powers[e], 0)
		}
		if missing == 0 {
			return e, true
		}
	}
	return 0, false
}

// A decimal divides integers within 2^53 by a power of ten, correctly rounded.
type decimal struct {
	scale float64

	divides bool // else it multiplies with the inverse, and what that lacks
	inverse float64
	rest    float64
}

// fused tells where math.FMA is an instruction.
const fused = runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64"

// decimalFor returns the decimal of 10^e. Multiplying with the inverse in two
// parts rounds as division does, since it errs by less than a quotient can be
// near to the middle of two doubles: an integer below 2^53 divided by 10^e is
// 2^-54 / 5^e of itself away from that, or more.
func decimalFor(e int) decimal {
	d := decimal{scale: powers[e], inverse: 1 / powers[e], divides: !fused}
	d.rest = math.FMA(-d.inverse, d.scale, 1) / d.scale
	return d
}

// quotient returns the value that an integer stands for.
func (d *decimal) quotient(m int64) float64 {
	x := float64(m)
	if d.divides {
		return x / d.scale
	}
	return math.FMA(x, d.inverse, float64(x*d.rest))
}

// divide turns integers into the values that they stand for.
func (d decimal) divide(dst []float64, v []int64) {
	dst = dst[:len(v)]
	for i, m := range v {
		dst[i] = d.quotient(m)
	}
}
