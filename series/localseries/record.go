package localseries

import (
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A record of the log is what one call did: a byte that says what, and then
//
//	write     a count of frames, and frames
//	replace   a range, and a frame
//	delete    a key, and a range
//	begin     a count of keys, of which a segment is about to be written
//	accept    8 bytes each: number and size of a segment that counts from now
//	          on, and the XXH3-64 of its directory; a byte of 0 for each of its
//	          series, so that each of them has a position for its number
//
// A range is two times. A frame is a key, attributes, a count of rows, times of 8
// bytes, for ticks Seq of 4 bytes, a count of columns, and columns. A column is a
// name, a byte of type, with 128 added if rows may be absent, a byte of 0 or 1
// for each row then, and the values: 8 bytes each, or for texts a count and the
// texts of a dictionary, and 4 bytes for each row.
const (
	recordWrite = iota + 1
	recordReplace
	recordDelete
	recordBegin
	recordAccept
)

const mayBeAbsent = 128

func appendRange(b []byte, r market.Range) []byte { return appendTime(appendTime(b, r.From), r.To) }

func (p *parser) timeRange() market.Range { return market.Range{From: p.time(), To: p.time()} }

// keyBytes returns the bytes of the key that stands next, and passes over it.
func (p *parser) keyBytes() []byte {
	from := p.b
	p.take(5)
	for range 3 {
		p.take(p.count(1))
	}
	return from[:len(from)-len(p.b)]
}

func writeRecord(frames []series.Frame) []byte {
	b := appendCount([]byte{recordWrite}, len(frames))
	for i := range frames {
		b = appendFrame(b, &frames[i])
	}
	return b
}

func replaceRecord(r market.Range, f *series.Frame) []byte {
	return appendFrame(appendRange([]byte{recordReplace}, r), f)
}

func deleteRecord(k series.Key, r market.Range) []byte {
	return appendRange(appendKey([]byte{recordDelete}, k), r)
}

func beginRecord(keys []series.Key) []byte {
	b := appendCount([]byte{recordBegin}, len(keys))
	for _, k := range keys {
		b = appendKey(b, k)
	}
	return b
}

func acceptRecord(s *segment, keys int) []byte {
	b := order.AppendUint64([]byte{recordAccept}, s.number)
	b = order.AppendUint64(b, uint64(s.size))
	b = order.AppendUint64(b, s.sum)
	return append(b, make([]byte, keys)...)
}

func appendFrame(b []byte, f *series.Frame) []byte {
	b = appendKey(b, f.Key)
	b = appendAttrs(b, f.Attrs)
	b = appendCount(b, f.Len())
	b = appendInts(b, f.Time)
	if f.Key.Kind == series.Ticks {
		b = appendUints(b, f.Seq)
	}
	b = appendCount(b, len(f.Cols))
	for i := range f.Cols {
		b = appendColumn(b, f.Key.Kind, &f.Cols[i])
	}
	return b
}

func appendColumn(b []byte, k series.Kind, c *series.Column) []byte {
	b = appendName(b, k, c.Name)
	if c.Valid == nil {
		b = append(b, byte(c.Type()))
	} else {
		b = append(b, byte(c.Type())+mayBeAbsent)
		for _, ok := range c.Valid {
			if ok {
				b = append(b, 1)
			} else {
				b = append(b, 0)
			}
		}
	}
	switch c.Type() {
	case series.Float64:
		return appendFloats(b, c.Floats)
	case series.Int64:
		return appendInts(b, c.Ints)
	}
	b = appendCount(b, len(c.Texts.Dict))
	for _, s := range c.Texts.Dict {
		b = appendText(b, s)
	}
	return appendUints(b, c.Texts.Index)
}

func (p *parser) frame(k series.Key) *series.Frame {
	f := &series.Frame{}
	if p.again != nil {
		p.again.floats, f = p.again.floats[:0], &p.again.frame
	}
	*f = series.Frame{Key: k, Attrs: p.attrs(), Cols: f.Cols[:0]}
	n := p.count(8)
	f.Time = ints[market.Time](p, n)
	if f.Key.Kind == series.Ticks {
		f.Seq = p.uints(n)
	}
	for range p.count(2) {
		f.Cols = append(f.Cols, p.column(f.Key.Kind, n))
	}
	return f
}

func (p *parser) column(k series.Kind, n int) series.Column {
	c := series.Column{Name: p.name(k)}
	t := p.byte()
	if t >= mayBeAbsent {
		t -= mayBeAbsent
		c.Valid = make([]bool, n)
		for i, ok := range p.take(n) {
			c.Valid[i] = ok == 1
		}
	}
	switch series.Type(t) {
	case series.Float64:
		c.Floats = p.floats(n)
	case series.Int64:
		c.Ints = ints[int64](p, n)
	case series.Text:
		c.Texts = p.texts(n)
		for i, code := range c.Texts.Index {
			if int64(code) >= int64(len(c.Texts.Dict)) && (c.Valid == nil || c.Valid[i]) {
				p.err = errShape
			}
		}
	default:
		p.err, p.b = errShape, nil
	}
	return c
}

func (p *parser) texts(n int) *series.Texts {
	t := &series.Texts{Dict: make([]string, p.count(1))}
	for i := range t.Dict {
		t.Dict[i] = p.text()
	}
	t.Index = p.uints(n)
	return t
}
