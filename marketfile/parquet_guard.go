package marketfile

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"

	"github.com/redfire-quant/redfire/fault"
)

// The library makes room for as many values as a page says that it has, in each
// of several places. That is checked here first: where damage has made gigabytes
// of it, the process would end.

const (
	mostValues = 128 << 20 // values of a page
	mostText   = 256 << 20 // bytes of the texts of a page, where each repeats some of the one before
)

// A pageGuard checks what a page holds.
type pageGuard struct {
	rest   []byte
	values int // that the page says it has
}

// checkPage checks an unpacked page, whose first bytes are levels.
func checkPage(h *format.PageHeader, page []byte, levels int32, optional bool) error {
	v1, v2 := &h.DataPageHeader.V, &h.DataPageHeaderV2.V
	g := &pageGuard{rest: page}
	switch {
	case h.DictionaryPageHeader.Valid:
		if n := h.DictionaryPageHeader.V.NumValues; n < 0 || int(n) > len(page) {
			return fault.FileDamaged.Errorf("a dictionary of %d bytes has %d values", len(page), n)
		}
		return nil
	case h.DataPageHeaderV2.Valid:
		g.values = int(v2.NumValues)
		defined := &pageGuard{rest: page[v2.RepetitionLevelsByteLength:levels], values: g.values}
		g.rest = page[levels:]
		if !optional || defined.runs(1) && g.values <= mostValues {
			return g.check(v2.Encoding)
		}
	case h.DataPageHeader.Valid:
		g.values = int(v1.NumValues)
		defined := &pageGuard{values: g.values}
		ok := g.values <= mostValues
		if optional && v1.DefinitionLevelEncoding == format.RLE {
			defined.rest, ok = g.part()
		}
		if ok && defined.runs(1) {
			return g.check(v1.Encoding)
		}
	default:
		return nil
	}
	return errValues(g.values)
}

func errValues(n int) error {
	return fault.FileDamaged.Errorf("a page does not hold the %d values that it should", n)
}

// part takes a part whose length stands in front of it.
func (g *pageGuard) part() (part []byte, ok bool) {
	const size = 4
	if len(g.rest) < size {
		return nil, false
	}
	n := uint64(binary.LittleEndian.Uint32(g.rest))
	if n > uint64(len(g.rest)-size) {
		return nil, false
	}
	part, g.rest = g.rest[size:size+n], g.rest[size+n:]
	return part, true
}

// check checks values that are written in some way.
func (g *pageGuard) check(e format.Encoding) error {
	ok := g.values <= mostValues
	switch {
	case !ok:
	case e == format.RLEDictionary || e == format.PlainDictionary: //nolint:staticcheck // old files have it
		if len(g.rest) > 0 {
			width := uint64(g.rest[0])
			g.rest = g.rest[1:]
			ok = width <= 32 && g.runs(width)
		}
	case e == format.RLE:
		if g.rest, ok = g.part(); ok {
			ok = g.runs(1)
		}
	case e == format.DeltaBinaryPacked:
		_, ok = g.differences()
	case e == format.DeltaLengthByteArray:
		lengths, sound := g.lengths()
		ok = sound && sum(lengths) <= int64(len(g.rest))
	case e == format.DeltaByteArray:
		ok = g.repeating()
	}
	if !ok {
		return errValues(g.values)
	}
	return nil
}

// runs reports whether runs of values of a width in bits are about as many as the
// page has: the last may be filled up.
func (g *pageGuard) runs(width uint64) bool {
	const more = 512
	all, most := uint64(0), uint64(g.values)+more
	for len(g.rest) > 0 {
		head, ok := g.number()
		count, length := head>>1, (width+7)/8
		if head&1 == 1 {
			length = count * width
			count *= 8
		}
		if all += count; !ok || head > most<<1 || all > 2*most || length > uint64(len(g.rest)) {
			return false
		}
		g.rest = g.rest[length:]
	}
	return true
}

// truths returns runs of single bits one by one, no more than the page has. They
// were checked.
func (g *pageGuard) truths() []byte {
	bits, at := make([]byte, (g.values+7)/8), 0
	for at < g.values && len(g.rest) > 0 {
		head, _ := g.number()
		count := int(head >> 1)
		if head&1 == 1 {
			for _, b := range g.rest[:count] {
				at += appendBits(bits, at, b, min(8, g.values-at))
			}
			g.rest = g.rest[count:]
			continue
		}
		run := -(g.rest[0] & 1) // all bits or none
		for g.rest = g.rest[1:]; count > 0 && at < g.values; {
			n := appendBits(bits, at, run, min(8, count, g.values-at))
			at, count = at+n, count-n
		}
	}
	return bits[:(at+7)/8]
}

// appendBits sets n bits from at on to the lowest of b, and returns n. None was
// set before.
func appendBits(bits []byte, at int, b byte, n int) int {
	for i := range n {
		bits[(at+i)/8] |= b >> i & 1 << ((at + i) % 8)
	}
	return n
}

func (g *pageGuard) number() (uint64, bool) {
	v, n := binary.Uvarint(g.rest)
	if n <= 0 {
		return 0, false
	}
	g.rest = g.rest[n:]
	return v, true
}

// differences passes over numbers that are written as differences, and returns
// their bytes.
func (g *pageGuard) differences() (passed []byte, ok bool) {
	begin := g.rest
	var head [4]uint64 // values of a block, parts of a block, values in all, the first
	for i := range head {
		if head[i], ok = g.number(); !ok {
			return nil, false
		}
	}
	const mostInBlock = 1 << 20
	perBlock, parts, left := head[0], head[1], head[2]
	if left > uint64(g.values) || parts == 0 || perBlock > mostInBlock || parts > perBlock {
		return nil, false
	}
	left -= min(left, 1)
	for left > 0 {
		if left, ok = g.block(perBlock/parts, parts, left); !ok {
			return nil, false
		}
	}
	return begin[:len(begin)-len(g.rest)], true
}

// block passes over a block, and returns how many values are left.
func (g *pageGuard) block(perPart, parts, left uint64) (uint64, bool) {
	if _, ok := g.number(); !ok || uint64(len(g.rest)) < parts {
		return 0, false
	}
	widths := g.rest[:parts]
	g.rest = g.rest[parts:]
	for _, width := range widths {
		if left == 0 {
			break
		}
		length := min(uint64(len(g.rest)), (perPart*uint64(width)+7)/8) // the last may be cut off
		g.rest = g.rest[length:]
		left -= min(left, max(perPart, 1))
	}
	return left, true
}

// lengths takes lengths that are written as differences.
func (g *pageGuard) lengths() ([]int32, bool) {
	text, ok := g.differences()
	if !ok {
		return nil, false
	}
	all, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, text)
	if err != nil {
		return nil, false
	}
	for _, n := range all {
		if n < 0 {
			return nil, false
		}
	}
	return all, true
}

func sum(all []int32) (s int64) {
	for _, n := range all {
		s += int64(n)
	}
	return s
}

// repeating checks texts each of which begins as the one before.
func (g *pageGuard) repeating() bool {
	same, ok := g.lengths()
	if !ok {
		return false
	}
	more, ok := g.lengths()
	if !ok || len(same) != len(more) || sum(more) > int64(len(g.rest)) {
		return false
	}
	length, all := int64(0), int64(0)
	for i := range same {
		if int64(same[i]) > length {
			return false
		}
		length = int64(same[i]) + int64(more[i])
		all += length
	}
	return all <= mostText
}
