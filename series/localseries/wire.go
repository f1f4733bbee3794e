package localseries

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Numbers are little-endian; a count is an unsigned LEB128 varint; a text is a
// count of bytes and the bytes.

var order = binary.LittleEndian

func appendCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendText(b []byte, s string) []byte { return append(appendCount(b, len(s)), s...) }

func appendTime(b []byte, t market.Time) []byte { return order.AppendUint64(b, uint64(t)) }

// errShape is the error of bytes that have passed their check and still are not
// what they should be.
var errShape = fault.DiskDamaged.Errorf("the content is not well formed")

// A parser takes values off the front of bytes. Once one is not there, err is
// set, and all that follow are zero.
type parser struct {
	b     []byte
	err   error
	again *scratch // where numbers are put, nil for memory of their own
}

// A scratch is memory that is used again for each frame.
type scratch struct {
	frame  series.Frame
	floats []float64
}

// room returns n numbers of memory that is used again, or of their own.
func room[T any](of *[]T, n int) []T {
	if len(*of)+n > cap(*of) {
		// What was given away stays with who has it.
		*of = make([]T, 0, 2*(len(*of)+n))
	}
	from := len(*of)
	*of = (*of)[:from+n]
	return (*of)[from:]
}

func (p *parser) take(n int) []byte {
	if n < 0 || n > len(p.b) {
		p.err, p.b = errShape, nil
		return nil
	}
	b := p.b[:n]
	p.b = p.b[n:]
	return b
}

func (p *parser) byte() byte {
	if b := p.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *parser) uint32() uint32 {
	if b := p.take(4); b != nil {
		return order.Uint32(b)
	}
	return 0
}

func (p *parser) uint64() uint64 {
	if b := p.take(8); b != nil {
		return order.Uint64(b)
	}
	return 0
}

func (p *parser) time() market.Time { return market.Time(p.uint64()) }

// count returns a count of things that take at least size bytes each.
func (p *parser) count(size int) int {
	n, used := binary.Uvarint(p.b)
	if used <= 0 || n > uint64(len(p.b)) || n*uint64(size) > uint64(len(p.b)) {
		p.err, p.b = errShape, nil
		return 0
	}
	p.b = p.b[used:]
	return int(n)
}

func (p *parser) text() string { return string(p.take(p.count(1))) }

// A key is its kind, its interval as 4 bytes, and the texts of code, exchange
// and name.
func appendKey(b []byte, k series.Key) []byte {
	b = append(b, byte(k.Kind))
	b = order.AppendUint32(b, uint32(k.Interval))
	b = appendText(b, k.Symbol.Code)
	b = appendText(b, string(k.Symbol.Exchange))
	return appendText(b, k.Name)
}

func (p *parser) key() series.Key {
	k := series.Key{Kind: series.Kind(p.byte()), Interval: market.Interval(p.uint32())}
	k.Symbol.Code = p.text()
	k.Symbol.Exchange = market.Exchange(p.text())
	k.Name = p.text()
	return k
}

// Attributes are a count, 0 for none said and 1 more than there are otherwise,
// and two texts each, in the order of names.
func appendAttrs(b []byte, attrs map[string]string) []byte {
	if attrs == nil {
		return append(b, 0)
	}
	b = appendCount(b, len(attrs)+1)
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		b = appendText(appendText(b, name), attrs[name])
	}
	return b
}

func (p *parser) attrs() map[string]string {
	n := p.count(1)
	if n == 0 {
		return nil
	}
	attrs := map[string]string{}
	for range n - 1 {
		name := p.text()
		attrs[name] = p.text()
	}
	return attrs
}

// The name of a column is the number of the base column, from 1, as a byte; or 0
// and a text.
func appendName(b []byte, k series.Kind, name string) []byte {
	if i := slices.IndexFunc(baseOf(k), func(c series.BaseColumn) bool { return c.Name == name }); i >= 0 {
		return append(b, byte(i+1))
	}
	return appendText(append(b, 0), name)
}

func (p *parser) name(k series.Kind) string {
	n := int(p.byte())
	base := baseOf(k)
	switch {
	case n == 0:
		return p.text()
	case n > len(base):
		p.err, p.b = errShape, nil
		return ""
	}
	return base[n-1].Name
}

var (
	baseOfBars  = series.BaseColumns(series.Bars)
	baseOfTicks = series.BaseColumns(series.Ticks)
)

func baseOf(k series.Kind) []series.BaseColumn {
	switch k {
	case series.Bars:
		return baseOfBars
	case series.Ticks:
		return baseOfTicks
	}
	return nil
}

func appendFloats(b []byte, v []float64) []byte {
	b = slices.Grow(b, 8*len(v))
	for _, x := range v {
		b = order.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

func appendInts[T ~int64](b []byte, v []T) []byte {
	b = slices.Grow(b, 8*len(v))
	for _, x := range v {
		b = order.AppendUint64(b, uint64(x))
	}
	return b
}

func appendUints(b []byte, v []uint32) []byte {
	b = slices.Grow(b, 4*len(v))
	for _, x := range v {
		b = order.AppendUint32(b, x)
	}
	return b
}

func (p *parser) floats(n int) []float64 {
	b := p.take(8 * n)
	var v []float64
	if p.again != nil {
		v = room(&p.again.floats, len(b)/8)
	} else {
		v = make([]float64, len(b)/8)
	}
	for i := range v {
		v[i] = math.Float64frombits(order.Uint64(b[8*i:]))
	}
	return v
}

func ints[T ~int64](p *parser, n int) []T {
	b := p.take(8 * n)
	v := make([]T, len(b)/8)
	for i := range v {
		v[i] = T(order.Uint64(b[8*i:]))
	}
	return v
}

func (p *parser) uints(n int) []uint32 {
	b := p.take(4 * n)
	v := make([]uint32, len(b)/4)
	for i := range v {
		v[i] = order.Uint32(b[4*i:])
	}
	return v
}
