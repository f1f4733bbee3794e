package codec

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/redfire-quant/redfire/fault"
)

// ErrCorrupt means that a block is not one of as many values as were asked
// for. What was written to dst by then is of no meaning. It is a
// [fault.Corrupt].
var ErrCorrupt = fmt.Errorf("codec: a block does not hold the values: %w", fault.Corrupt)

// The first byte of a block says what it is. That of integers is made of a
// depth, 0 to maxDepth, and flags.
const (
	maxDepth   = 2
	depthBits  = 0x03
	signedFlag = 0x04
	flatFlag   = 0x08

	kindInts    = 0x00
	kindDecimal = 0x10
	kindPatched = 0x11
	kindBits    = 0x12
	kindOpen    = 0x18
	kindClose   = 0x19
	kindHigh    = 0x1a
	kindLow     = 0x1b
	kindRuns    = 0x20 // and 1 if the first is true
	kindBitmap  = 0x22
)

// AppendInts appends v to dst as a block and returns it.
func AppendInts(dst []byte, v []int64) []byte {
	return appendColumn(dst, &source{form: kindInts, ints: v})
}

// Ints unpacks into dst the block of exactly len(dst) integers.
func Ints(dst []int64, block []byte) error {
	c, ok := parseColumn(block, len(dst))
	if !ok {
		return ErrCorrupt
	}
	var w workspace
	for at := 0; at < len(dst); at += groupRows {
		if !c.next(dst[at:min(at+groupRows, len(dst))], &w) {
			return ErrCorrupt
		}
	}
	return c.end()
}

// A shape is how the values of a column become small numbers: differences are
// taken depth times, base is subtracted, step divides what is left, and if
// that has a sign it goes to the lowest bit.
type shape struct {
	depth  int
	signed bool
	flat   bool // all differences are base
	base   int64
	step   uint64

	differences // as they stand before the first value
}

// differences is what the next value builds upon: the value and the difference
// before it.
type differences struct {
	value, slope int64
}

// take replaces values by their differences.
func (d *differences) take(v []int64, depth int) {
	switch depth {
	case 1:
		for i, x := range v {
			v[i] = x - d.value
			d.value = x
		}
	case 2:
		for i, x := range v {
			slope := x - d.value
			v[i] = slope - d.slope
			d.value, d.slope = x, slope
		}
	}
}

// before returns what to begin with so that the first differences, which have
// nothing before them, equal the next one.
func before(s *source, depth int) (d differences) {
	if depth == 0 || s.len() <= depth {
		return d
	}
	var v [groupRows]int64
	s.read(v[:min(groupRows, s.len())], 0)
	slope := v[1] - v[0]
	if depth == 1 {
		return differences{value: v[0] - slope}
	}
	bend := v[2] - v[1] - slope
	d.value = v[0] - (slope - bend)
	d.slope = slope - bend - bend
	return d
}

// appendColumn appends the block of a column of integers.
func appendColumn(dst []byte, s *source) []byte {
	sh := shapeOf(s)
	first := byte(sh.depth)
	if sh.signed {
		first |= signedFlag
	}
	if sh.flat {
		first |= flatFlag
	}
	dst = binary.AppendUvarint(append(dst, first), uint64(s.len()))
	dst = binary.AppendVarint(dst, sh.base)
	if !sh.flat {
		dst = binary.AppendUvarint(dst, sh.step)
	}
	if sh.depth > 0 {
		dst = binary.AppendVarint(dst, sh.value)
	}
	if sh.depth > 1 {
		dst = binary.AppendVarint(dst, sh.slope)
	}
	if sh.flat {
		return dst
	}
	var v [groupRows]int64
	var u [groupRows]uint64
	exact := divisorOf(sh.step)
	for at := 0; at < s.len(); at += groupRows {
		n := min(groupRows, s.len()-at)
		s.read(v[:n], at)
		sh.take(v[:n], sh.depth)
		sh.reduce(u[:n], v[:n], exact)
		dst = appendGroup(dst, u[:n])
	}
	return dst
}

// reduce makes small numbers of differences.
func (sh *shape) reduce(u []uint64, v []int64, by divisor) {
	if sh.signed {
		for i, x := range v {
			x = (x - sh.base) >> by.shift * by.inverse
			u[i] = uint64(x<<1) ^ uint64(x>>63)
		}
		return
	}
	for i, x := range v {
		u[i] = uint64(x-sh.base) >> by.shift * uint64(by.inverse)
	}
}

// A divisor divides what it divides without remainder: by a shift and, the
// rest being odd, by multiplication with its inverse modulo 2^64.
type divisor struct {
	shift   uint
	inverse int64
}

func divisorOf(step uint64) divisor {
	shift := uint(bits.TrailingZeros64(step))
	odd := step >> (shift & 63)
	inverse := odd // right in 3 bits, in twice as many after each round
	for range 5 {
		inverse *= 2 - odd*inverse
	}
	return divisor{shift & 63, int64(inverse)}
}

// A column is a block of integers that is being unpacked.
type column struct {
	shape
	rest []byte
}

// parseColumn reads the head of a block of n integers.
func parseColumn(block []byte, n int) (c column, ok bool) {
	r := reader{rest: block}
	first := r.byte()
	c.depth, c.signed, c.flat = int(first&depthBits), first&signedFlag != 0, first&flatFlag != 0
	if first > depthBits|signedFlag|flatFlag || c.depth > maxDepth {
		return c, false
	}
	if r.uvarint() != uint64(n) {
		return c, false
	}
	c.base = r.varint()
	if !c.flat {
		c.step = r.uvarint()
	}
	if c.depth > 0 {
		c.value = r.varint()
	}
	if c.depth > 1 {
		c.slope = r.varint()
	}
	c.rest = r.rest
	return c, !r.failed
}

// next unpacks the next values: groupRows, or as many as are left.
func (c *column) next(v []int64, w *workspace) (ok bool) {
	if c.flat {
		c.fill(v)
		return true
	}
	if c.rest, ok = w.takeGroup(c.rest, len(v)); !ok {
		return false
	}
	c.restore(v, w.u[:])
	return true
}

// small unpacks the next n values into u as small numbers, those with a sign
// as if they were integers. A value is base and step times its number.
func (c *column) small(w *workspace, n int) (ok bool) {
	if c.flat {
		clear(w.u[:n])
		return true
	}
	if c.rest, ok = w.takeGroup(c.rest, n); !ok {
		return false
	}
	if c.signed {
		u := w.u[:n]
		for i, x := range u {
			u[i] = uint64(unsign(x))
		}
	}
	return true
}

// end fails if anything is left.
func (c *column) end() error {
	if len(c.rest) > 0 {
		return ErrCorrupt
	}
	return nil
}

func (c *column) fill(v []int64) {
	switch c.depth {
	case 0:
		for i := range v {
			v[i] = c.base
		}
	case 1:
		for i := range v {
			c.value += c.base
			v[i] = c.value
		}
	case 2:
		for i := range v {
			c.slope += c.base
			c.value += c.slope
			v[i] = c.value
		}
	}
}

// restore does the reverse of reduce and take.
func (c *column) restore(v []int64, u []uint64) {
	u = u[:len(v)]
	base, step, value, slope := c.base, int64(c.step), c.value, c.slope
	switch {
	case c.depth == 0 && c.signed:
		for i, x := range u {
			v[i] = base + step*unsign(x)
		}
	case c.depth == 0:
		for i, x := range u {
			v[i] = base + step*int64(x)
		}
	case c.depth == 1 && c.signed:
		for i, x := range u {
			value += base + step*unsign(x)
			v[i] = value
		}
	case c.depth == 1:
		for i, x := range u {
			value += base + step*int64(x)
			v[i] = value
		}
	default:
		for i, x := range u {
			if c.signed {
				x = uint64(unsign(x))
			}
			slope += base + step*int64(x)
			value += slope
			v[i] = value
		}
	}
	c.value, c.slope = value, slope
}

// unsign takes the sign from the lowest bit.
func unsign(x uint64) int64 { return int64(x>>1 ^ -(x & 1)) }
