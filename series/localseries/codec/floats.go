package codec

import (
	"encoding/binary"
	"math"
)

// AppendFloats appends v to dst as a block and returns it.
func AppendFloats(dst []byte, v []float64) []byte {
	e, missing, ok := decimalOf(v)
	switch {
	case !ok:
		return appendColumn(append(dst, kindBits), &source{floats: v, form: kindBits})
	case missing == 0:
		return appendColumn(append(dst, kindDecimal, byte(e)), &source{floats: v, form: kindDecimal, scale: powers[e]})
	}
	dst = appendColumn(append(dst, kindPatched, byte(e)), &source{floats: v, form: kindPatched, scale: powers[e]})
	dst = binary.AppendUvarint(dst, uint64(missing))
	next := 0
	for i, x := range v {
		if !fits(x, powers[e]) {
			dst = binary.AppendUvarint(dst, uint64(i-next))
			dst = order.AppendUint64(dst, math.Float64bits(x))
			next = i + 1
		}
	}
	return dst
}

// Floats unpacks into dst the block of exactly len(dst) numbers.
func Floats(dst []float64, block []byte) error {
	r := reader{rest: block}
	kind := r.byte()
	var scale decimal
	switch kind {
	case kindDecimal, kindPatched:
		scale = r.decimal()
	case kindBits:
	default:
		return ErrCorrupt
	}
	c, ok := parseColumn(r.rest, len(dst))
	if !ok {
		return ErrCorrupt
	}
	var v [groupRows]int64
	var w workspace
	for at := 0; at < len(dst); at += groupRows {
		out := dst[at:min(at+groupRows, len(dst))]
		if !c.next(v[:len(out)], &w) {
			return ErrCorrupt
		}
		if kind == kindBits {
			fromBits(out, v[:len(out)])
		} else {
			scale.divide(out, v[:len(out)])
		}
	}
	if kind == kindPatched && !c.patch(dst) {
		return ErrCorrupt
	}
	return c.end()
}

func fromBits(dst []float64, v []int64) {
	for i, b := range v {
		dst[i] = math.Float64frombits(uint64(b))
	}
}

// patch puts the values that have no decimal form, which stand behind the
// integers, into their places.
func (c *column) patch(dst []float64) (ok bool) {
	r := reader{rest: c.rest}
	next := uint64(0)
	for range r.uvarint() {
		gap, value := r.uvarint(), r.bytes(8)
		if r.failed || gap >= uint64(len(dst))-next {
			return false
		}
		dst[next+gap] = math.Float64frombits(order.Uint64(value))
		next += gap + 1
	}
	c.rest = r.rest
	return !r.failed
}

// decimal reads a power of ten.
func (r *reader) decimal() decimal {
	e := int(r.byte())
	if e >= len(powers) {
		r.fail()
		return decimal{}
	}
	return decimalFor(e)
}
