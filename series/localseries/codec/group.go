package codec

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

//go:generate go run unpackgen.go .

const (
	// groupRows is how many values share a width.
	groupRows = 128

	// widest is the widest value that one load of 8 bytes holds wherever it
	// begins in a byte. Wider ones are packed as whole 64 bits.
	widest = 56

	// slack is how far behind the values the unpackers may read.
	slack = 8

	// patched marks the width of a group that has exceptions.
	patched = 0x80
)

var order = binary.LittleEndian

// packedSize returns the bytes of so many values.
func packedSize(count int, width uint) int { return (count*int(width) + 7) / 8 }

// allowedWidth returns the least width that can be packed and is not below w.
func allowedWidth(w uint) uint {
	if w > widest {
		return 64
	}
	return w
}

// A lengths counts values by their length in bits.
type lengths [65]uint8

// measure counts the lengths of u, which has groupRows values at most. Two
// tables let the increments of equal neighbours overlap.
func measure(u []uint64) lengths {
	var even, odd lengths
	i := 0
	for ; i+1 < len(u); i += 2 {
		even[bits.Len64(u[i])]++
		odd[bits.Len64(u[i+1])]++
	}
	if i < len(u) {
		even[bits.Len64(u[i])]++
	}
	for i := range even {
		even[i] += odd[i]
	}
	return even
}

// A plan is how a group is packed: all values to width bits, and of those that
// are longer the upper bits again, to excess bits.
type plan struct {
	width, excess uint
	exceptions    int
	size          int // in bytes
}

// best returns the smallest plan; of equals the one with fewer exceptions.
func (l *lengths) best(count int) plan {
	longest := uint(64)
	for longest > 0 && l[longest] == 0 {
		longest--
	}
	width := allowedWidth(longest)
	p := plan{width: width, size: 1 + packedSize(count, width)}
	longer := 0
	for w := int(longest) - 1; w >= 0 && longer < count; w-- {
		longer += int(l[w+1])
		if w > widest {
			continue
		}
		excess := allowedWidth(longest - uint(w))
		size := 3 + packedSize(count, uint(w)) + longer + packedSize(longer, excess)
		if size < p.size {
			p = plan{uint(w), excess, longer, size}
		}
	}
	return p
}

// appendGroup packs u, which has groupRows values at most.
func appendGroup(dst []byte, u []uint64) []byte {
	l := measure(u)
	p := l.best(len(u))
	dst = slices.Grow(dst, p.size)
	if p.exceptions == 0 {
		return appendPacked(append(dst, byte(p.width)), u, p.width)
	}
	dst = append(dst, byte(p.width)|patched, byte(p.exceptions), byte(p.excess))
	dst = appendPacked(dst, u, p.width)
	var upper [groupRows]uint64
	n := 0
	for i, v := range u {
		if v>>p.width != 0 {
			upper[n] = v >> p.width
			n++
			dst = append(dst, byte(i))
		}
	}
	return appendPacked(dst, upper[:n], p.excess)
}

// appendPacked appends the lower width bits of each value, the first in the
// lowest bits.
func appendPacked(dst []byte, u []uint64, width uint) []byte {
	if width == 64 {
		for _, v := range u {
			dst = order.AppendUint64(dst, v)
		}
		return dst
	}
	var word uint64
	var used uint
	mask := uint64(1)<<width - 1
	for _, v := range u {
		v &= mask
		word |= v << (used & 63)
		used += width
		if used >= 64 {
			dst = order.AppendUint64(dst, word)
			used -= 64
			word = v >> ((width - used) & 63)
		}
	}
	for ; used > 0; used -= min(used, 8) {
		dst = append(dst, byte(word))
		word >>= 8
	}
	return dst
}

// A workspace is where a group is unpacked. One does for all groups, since
// making it clears it.
type workspace struct {
	u     [groupRows]uint64
	upper [groupRows]uint64
}

// takeGroup unpacks the group that block begins with into the first count
// values of u, and returns what follows it. What it leaves in the others is of
// no meaning.
func (w *workspace) takeGroup(block []byte, count int) (rest []byte, ok bool) {
	if len(block) == 0 {
		return nil, false
	}
	width := uint(block[0])
	if width&patched != 0 {
		return w.takePatched(block, count)
	}
	return take(&w.u, block[1:], count, width)
}

func (w *workspace) takePatched(block []byte, count int) (rest []byte, ok bool) {
	if len(block) < 3 {
		return nil, false
	}
	width, exceptions, excess := uint(block[0]&^patched), int(block[1]), uint(block[2])
	rest, ok = take(&w.u, block[3:], count, width)
	if !ok || width == 64 || exceptions > count || exceptions > len(rest) {
		return nil, false
	}
	rows := rest[:exceptions]
	if rest, ok = take(&w.upper, rest[exceptions:], exceptions, excess); !ok {
		return nil, false
	}
	upper := w.upper[:len(rows)]
	for i, row := range rows {
		if int(row) >= count {
			return nil, false
		}
		w.u[row%groupRows] |= upper[i] << (width & 63)
	}
	return rest, true
}

// take unpacks so many values from the beginning of block.
func take(u *[groupRows]uint64, block []byte, count int, width uint) (rest []byte, ok bool) {
	size := packedSize(count, width)
	if width > widest && width != 64 || len(block) < size {
		return nil, false
	}
	octets := (count + 7) / 8
	if len(block) < octets*int(width)+slack {
		unpackEnd(u, block[:size], octets, width)
	} else {
		unpackOctets(u, block, octets, width)
	}
	return block[size:], true
}

// unpackEnd unpacks values that have too little behind them.
func unpackEnd(u *[groupRows]uint64, src []byte, octets int, width uint) {
	var longer [groupRows*8 + slack]byte
	copy(longer[:], src)
	unpackOctets(u, longer[:], octets, width)
}

func unpack64(u *[groupRows]uint64, src []byte, octets int) {
	for i := range 8 * octets {
		u[i%groupRows] = order.Uint64(src[8*i:])
	}
}
