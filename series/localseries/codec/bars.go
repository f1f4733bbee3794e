package codec

import "encoding/binary"

// The columns of bars, in their order.
const (
	open = iota
	high
	low
	closing
)

// AppendBars appends each of the four columns, of equal lengths, to the slice
// in its place as a block, and returns them. The blocks of high, low and close
// stand only with that of open beside them: see [Bars].
func AppendBars(dst [4][]byte, open, high, low, closing []float64) [4][]byte {
	columns := [4][]float64{open, high, low, closing}
	e, ok := commonDecimal(columns[:]...)
	if !ok || len(open) == 0 {
		for i, v := range columns {
			dst[i] = AppendFloats(dst[i], v)
		}
		return dst
	}
	p := prices{open, high, low, closing}
	for i, kind := range barKinds {
		dst[i] = append(dst[i], kind, byte(e))
		if kind == kindOpen {
			dst[i] = binary.AppendVarint(dst[i], integer(open[0], powers[e]))
		}
		dst[i] = appendColumn(dst[i], &source{floats: columns[i], form: kind, scale: powers[e], bars: &p})
	}
	return dst
}

var barKinds = [4]byte{open: kindOpen, high: kindHigh, low: kindLow, closing: kindClose}

// Bars unpacks the columns whose dst is not nil, which have one length. It
// always needs the blocks of open and close, those of high and low only if
// they are wanted.
func Bars(dst [4][]float64, blocks [4][]byte) error {
	rows, some := 0, false
	for _, v := range dst {
		if v == nil {
			continue
		}
		if some && len(v) != rows {
			return ErrCorrupt
		}
		rows, some = len(v), true
	}
	if !some {
		return nil
	}
	if len(blocks[open]) > 0 && blocks[open][0] == kindOpen {
		return together(dst, blocks, rows)
	}
	for i, v := range dst {
		if v == nil {
			continue
		}
		if err := Floats(v, blocks[i]); err != nil {
			return err
		}
	}
	return nil
}

// A bundle is the four columns while they are unpacked together, those of high
// and low perhaps not at all.
type bundle struct {
	columns       [4]column
	scale         decimal
	last          int64 // the close before
	first, second workspace
	o, c          [groupRows]int64
	unwanted      [groupRows]float64
}

// together unpacks columns that refer to each other.
func together(dst [4][]float64, blocks [4][]byte, rows int) error {
	var b bundle
	if !b.parse(dst, blocks, rows) {
		return ErrCorrupt
	}
	for at := 0; at < rows; at += groupRows {
		end := min(at+groupRows, rows)
		var out [4][]float64
		for i, v := range dst {
			if v != nil {
				out[i] = v[at:end]
			}
		}
		if !b.next(out, end-at) {
			return ErrCorrupt
		}
	}
	for i := range b.columns {
		if err := b.columns[i].end(); err != nil {
			return err
		}
	}
	return nil
}

// parse reads the heads of the blocks.
func (b *bundle) parse(dst [4][]float64, blocks [4][]byte, rows int) (ok bool) {
	for i, kind := range barKinds {
		if (i == high || i == low) && dst[i] == nil {
			continue
		}
		r := reader{rest: blocks[i]}
		if r.byte() != kind {
			return false
		}
		scale := r.decimal()
		if i == open {
			b.scale, b.last = scale, r.varint()
		}
		b.columns[i], ok = parseColumn(r.rest, rows)
		if !ok || scale != b.scale || b.columns[i].depth != 0 {
			return false
		}
	}
	return true
}

// next unpacks the next n bars.
func (b *bundle) next(dst [4][]float64, n int) bool {
	c := &b.columns
	if !c[open].small(&b.first, n) || !c[closing].small(&b.second, n) {
		return false
	}
	opens, closes := dst[open], dst[closing]
	if opens == nil {
		opens = b.unwanted[:n]
	}
	if closes == nil {
		closes = b.unwanted[:n]
	}
	b.chain(opens, closes)
	if dst[high] != nil {
		if !c[high].small(&b.first, n) {
			return false
		}
		b.above(dst[high])
	}
	if dst[low] != nil {
		if !c[low].small(&b.first, n) {
			return false
		}
		b.below(dst[low])
	}
	return true
}

// chain makes prices of what is left of open and close.
func (b *bundle) chain(opens, closes []float64) {
	last, scale := b.last, b.scale
	baseO, stepO := b.columns[open].base, int64(b.columns[open].step)
	baseC, stepC := b.columns[closing].base, int64(b.columns[closing].step)
	u, v := b.first.u[:len(opens)], b.second.u[:len(opens)]
	o, c := b.o[:len(opens)], b.c[:len(opens)]
	closes = closes[:len(opens)]
	for i := range opens {
		x := last + (baseO + stepO*int64(u[i]))
		last = x + (baseC + stepC*int64(v[i]))
		o[i], c[i] = max(x, last), min(x, last)
		opens[i], closes[i] = scale.quotient(x), scale.quotient(last)
	}
	b.last = last
}

func (b *bundle) above(dst []float64) {
	base, step, scale := b.columns[high].base, int64(b.columns[high].step), b.scale
	u, upper := b.first.u[:len(dst)], b.o[:len(dst)]
	for i := range dst {
		dst[i] = scale.quotient(upper[i] + (base + step*int64(u[i])))
	}
}

func (b *bundle) below(dst []float64) {
	base, step, scale := b.columns[low].base, int64(b.columns[low].step), b.scale
	u, lower := b.first.u[:len(dst)], b.c[:len(dst)]
	for i := range dst {
		dst[i] = scale.quotient(lower[i] - (base + step*int64(u[i])))
	}
}
