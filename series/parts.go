package series

import "iter"

// The most that the frames of one call of [Engine.Write] hold together: rows,
// and bytes of values and attributes, 8 for a number and the length of each text
// of a dictionary once.
const (
	MaxRows  = 1 << 20
	MaxBytes = 64 << 20
)

// calls yields frames as an engine takes them: those of one call together, one
// that is too large in parts.
func calls(frames []*Frame) iter.Seq[[]Frame] {
	return func(yield func([]Frame) bool) {
		var call []Frame
		rows, bytes := 0, 0
		for part := range allParts(frames) {
			rows += part.Len()
			bytes += part.size()
			if len(call) > 0 && (rows > MaxRows || bytes > MaxBytes) {
				if !yield(call) {
					return
				}
				call, rows, bytes = call[:0], part.Len(), part.size()
			}
			call = append(call, part)
		}
		if len(call) > 0 {
			yield(call)
		}
	}
}

func allParts(frames []*Frame) iter.Seq[Frame] {
	return func(yield func(Frame) bool) {
		for _, f := range frames {
			for part := range parts(f) {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// parts yields f in pieces that one call can hold. A frame without rows is one
// piece.
func parts(f *Frame) iter.Seq[Frame] {
	return func(yield func(Frame) bool) {
		if f.Len() <= MaxRows && f.size() <= MaxBytes {
			yield(*f)
			return
		}
		from, bytes := 0, attrSize(f.Attrs)
		for i := range f.Len() {
			n := f.rowSize(i)
			if i > from && (i-from == MaxRows || bytes+n > MaxBytes) {
				if !yield(f.part(from, i)) {
					return
				}
				from, bytes = i, 0
			}
			bytes += n
		}
		yield(f.part(from, f.Len()))
	}
}

// part returns rows of f with no more texts than they have; the attributes go
// with the first of them.
func (f *Frame) part(from, to int) Frame {
	g := f.Slice(from, to)
	if from > 0 {
		g.Attrs = nil
	}
	for i := range g.Cols {
		if c := &g.Cols[i]; c.Texts != nil {
			c.Texts = c.usedTexts()
		}
	}
	return *g.withoutEmpty()
}

func (c *Column) usedTexts() *Texts {
	used := &Texts{Index: make([]uint32, c.Len())}
	codes := map[string]uint32{}
	for i, code := range c.Texts.Index {
		if c.has(i) {
			used.Index[i] = used.code(codes, c.Texts.Dict[code])
		}
	}
	return used
}

// cell is the size of a number.
const cell = 8

// size returns the bytes of values of f, Time, Seq and attributes too.
func (f *Frame) size() int {
	n := cell*(len(f.Cols)+2)*f.Len() + attrSize(f.Attrs)
	for i := range f.Cols {
		if t := f.Cols[i].Texts; t != nil {
			for _, s := range t.Dict {
				n += len(s)
			}
		}
	}
	return n
}

func attrSize(attrs map[string]string) (n int) {
	for name, value := range attrs {
		n += len(name) + len(value)
	}
	return n
}

// rowSize returns the bytes of values of row i, as if no other had its texts.
func (f *Frame) rowSize(i int) int {
	n := cell * (len(f.Cols) + 2)
	for j := range f.Cols {
		if c := &f.Cols[j]; c.Texts != nil && c.has(i) {
			n += len(c.Texts.Dict[c.Texts.Index[i]])
		}
	}
	return n
}
