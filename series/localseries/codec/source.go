package codec

import "math"

// A source is a column that is being packed, as integers. They are made anew
// each time they are read, a group at a time, so that none need be kept.
type source struct {
	form   byte // the kind of block
	ints   []int64
	floats []float64
	scale  float64
	bars   *prices // that the column is one of
}

// prices are the four columns of bars.
type prices struct{ open, high, low, closing []float64 }

func (s *source) len() int {
	if s.form == kindInts {
		return len(s.ints)
	}
	return len(s.floats)
}

// residual reports whether the values are differences already.
func (s *source) residual() bool { return s.bars != nil }

// read puts the values from row at on into v.
func (s *source) read(v []int64, at int) {
	if s.form == kindInts {
		copy(v, s.ints[at:])
		return
	}
	f := s.floats[at : at+len(v)]
	switch s.form {
	case kindBits:
		for i, x := range f {
			v[i] = int64(math.Float64bits(x))
		}
	case kindDecimal:
		for i, x := range f {
			v[i] = integer(x, s.scale)
		}
	case kindPatched:
		s.readPatched(v, f)
	default:
		s.bars.read(v, at, s.form, s.scale)
	}
}

// readPatched puts the value before, or behind at the beginning of a group, in
// the place of one that has no decimal form.
func (s *source) readPatched(v []int64, f []float64) {
	var last int64
	for _, x := range f {
		if fits(x, s.scale) {
			last = integer(x, s.scale)
			break
		}
	}
	for i, x := range f {
		if fits(x, s.scale) {
			last = integer(x, s.scale)
		}
		v[i] = last
	}
}

// read puts what is left of a column of bars, given the others, into v.
func (p *prices) read(v []int64, at int, kind byte, scale float64) {
	end := at + len(v)
	open, closing := p.open[at:end], p.closing[at:end]
	switch kind {
	case kindOpen:
		last := integer(p.open[0], scale)
		if at > 0 {
			last = integer(p.closing[at-1], scale)
		}
		for i, x := range open {
			v[i] = integer(x, scale) - last
			last = integer(closing[i], scale)
		}
	case kindClose:
		for i, x := range closing {
			v[i] = integer(x, scale) - integer(open[i], scale)
		}
	case kindHigh:
		for i, x := range p.high[at:end] {
			v[i] = integer(x, scale) - integer(max(open[i], closing[i]), scale)
		}
	case kindLow:
		for i, x := range p.low[at:end] {
			v[i] = integer(min(open[i], closing[i]), scale) - integer(x, scale)
		}
	}
}
