package codec_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/series/localseries/codec"
)

// A reading takes a block apart as the package's doc says, bit by bit. It
// shares nothing with the package, and panics where a block is too short.
type reading struct{ rest []byte }

func (r *reading) byte() byte { return r.bytes(1)[0] }

func (r *reading) bytes(n int) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reading) uvarint() (x uint64) {
	for shift := 0; ; shift += 7 {
		b := r.byte()
		x |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return x
		}
	}
}

func (r *reading) varint() int64 {
	x := r.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

func (r *reading) packed(count, width int) []uint64 {
	b := r.bytes((count*width + 7) / 8)
	return repeat(count, func(i int) (x uint64) {
		for j := range width {
			bit := i*width + j
			x |= uint64(b[bit/8]>>(bit%8)&1) << j
		}
		return x
	})
}

func (r *reading) group(count int) []uint64 {
	first := int(r.byte())
	if first < 0x80 {
		return r.packed(count, first)
	}
	width, exceptions, excess := first-0x80, int(r.byte()), int(r.byte())
	u := r.packed(count, width)
	rows := r.bytes(exceptions)
	for i, upper := range r.packed(exceptions, excess) {
		u[rows[i]] |= upper << width
	}
	return u
}

func (r *reading) ints() []int64 {
	kind := r.byte()
	n, base := int(r.uvarint()), r.varint()
	depth, signed, flat := kind&3, kind&4 != 0, kind&8 != 0
	var step uint64
	var value, slope int64
	if !flat {
		step = r.uvarint()
	}
	if depth > 0 {
		value = r.varint()
	}
	if depth > 1 {
		slope = r.varint()
	}
	var v []int64
	for len(v) < n {
		count := min(128, n-len(v))
		u := make([]uint64, count)
		if !flat {
			u = r.group(count)
		}
		for _, x := range u {
			if signed {
				x = x>>1 ^ -(x & 1)
			}
			d := base + int64(step*x)
			switch depth {
			case 0:
				value = d
			case 1:
				value += d
			case 2:
				slope += d
				value += slope
			}
			v = append(v, value)
		}
	}
	return v
}

func divided(v []int64, power int) []float64 {
	return repeat(len(v), func(i int) float64 { return float64(v[i]) / math.Pow10(power) })
}

func referenceFloats(block []byte) (v []float64, rest []byte) {
	r := reading{block}
	kind := r.byte()
	if kind == 0x12 {
		for _, b := range r.ints() {
			v = append(v, math.Float64frombits(uint64(b)))
		}
		return v, r.rest
	}
	power := int(r.byte())
	v = divided(r.ints(), power)
	if kind == 0x11 {
		row := -1
		for range r.uvarint() {
			row += int(r.uvarint()) + 1
			v[row] = math.Float64frombits(binary.LittleEndian.Uint64(r.bytes(8)))
		}
	}
	return v, r.rest
}

func referenceBars(blocks [4][]byte) (v [4][]float64, rest int) {
	if blocks[0][0] != 0x18 {
		for i, b := range blocks {
			floats, left := referenceFloats(b)
			v[i] = floats
			rest += len(left)
		}
		return v, rest
	}
	var ints [4][]int64
	power, last := 0, int64(0)
	for i, b := range blocks {
		r := reading{b[1:]}
		power = int(r.byte())
		if i == 0 {
			last = r.varint()
		}
		ints[i] = r.ints()
		rest += len(r.rest)
	}
	o, h, l, c := ints[0], ints[1], ints[2], ints[3]
	for i := range o {
		o[i] += last
		c[i] += o[i]
		h[i] += max(o[i], c[i])
		l[i] = min(o[i], c[i]) - l[i]
		last = c[i]
	}
	for i := range v {
		v[i] = divided(ints[i], power)
	}
	return v, rest
}

// TestTheDocSaysAll reads blocks with nothing but what the doc says.
func TestTheDocSaysAll(t *testing.T) {
	for _, n := range []int{0, 1, 2, 127, 128, 300} {
		for name, v := range intColumns(n) {
			r := reading{codec.AppendInts(nil, v)}
			if got := r.ints(); !slices.Equal(got, v) || len(r.rest) > 0 {
				t.Errorf("%s: got %v and %d bytes more, want %v", name, head(got), len(r.rest), head(v))
			}
		}
		for name, v := range floatColumns(n) {
			got, rest := referenceFloats(codec.AppendFloats(nil, v))
			if !slices.EqualFunc(got, v, sameBits) || len(rest) > 0 {
				t.Errorf("%s: got %v and %d bytes more, want %v", name, head(got), len(rest), head(v))
			}
		}
		for name, v := range barColumns(n) {
			got, rest := referenceBars(codec.AppendBars([4][]byte{}, v[0], v[1], v[2], v[3]))
			same := func(a, b []float64) bool { return slices.EqualFunc(a, b, sameBits) }
			if !slices.EqualFunc(got[:], v[:], same) || rest > 0 {
				t.Errorf("%s: got %v and %d bytes more, want %v", name, got, rest, v)
			}
		}
		for name, v := range boolColumns(n) {
			if got := referenceBools(codec.AppendBools(nil, v), n); !slices.Equal(got, v) {
				t.Errorf("%s: got %v, want %v", name, head(got), head(v))
			}
		}
	}
}

func referenceBools(block []byte, n int) []bool {
	r := reading{block}
	kind := r.byte()
	if kind == 0x22 {
		r.uvarint()
		bits := r.packed(n, 1)
		return repeat(n, func(i int) bool { return bits[i] == 1 })
	}
	v, value := []bool{}, kind == 0x21
	for len(v) < n {
		for range r.uvarint() {
			v = append(v, value)
		}
		value = !value
	}
	return v
}
