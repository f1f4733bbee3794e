package marketfile

import (
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A builder collects rows of one series until they are written.
type builder struct {
	frame   series.Frame
	codes   []map[string]uint32 // of each column, those of its texts
	origins []origin
	texts   int // bytes of the texts in codes
}

// An origin is where a row came from.
type origin struct {
	file int
	line int64
	raw  []byte
}

// fits returns an error if a column of r has another type than before.
func (b *builder) fits(r *rows) error {
	for i := range r.cols {
		v := &r.cols[i]
		if c := b.frame.Column(v.Name); c != nil && c.Type() != v.Type {
			return fault.FileColumns.Errorf("the column %s is %s, and %s in a file before", v.Name, v.Type, c.Type())
		}
	}
	return nil
}

// add appends rows from up to, but not including, to of r, which are of file.
func (b *builder) add(r *rows, from, to, file int) {
	before := len(b.frame.Time)
	b.frame.Time = append(b.frame.Time, r.time[from:to]...)
	if b.frame.Key.Kind == series.Ticks {
		b.frame.Seq = append(b.frame.Seq, r.seq[from:to]...)
	}
	for i := from; i < to; i++ {
		b.origins = append(b.origins, origin{file, r.lines[i], r.rawAt(i)})
	}
	for i := range r.cols {
		v := &r.cols[i]
		at := b.column(v, i, before)
		b.append(at, v, from, to)
	}
	if len(r.cols) < len(b.frame.Cols) {
		b.pad()
	}
}

// column returns the place of the column of v, which is probably that of the
// hint; it is made, with nothing in the rows there are, if there is none.
func (b *builder) column(v *values, hint, rows int) int {
	if hint < len(b.frame.Cols) && b.frame.Cols[hint].Name == v.Name {
		return hint
	}
	if i := slices.IndexFunc(b.frame.Cols, func(c series.Column) bool { return c.Name == v.Name }); i >= 0 {
		return i
	}
	c := series.Column{Name: v.Name}
	switch v.Type {
	case series.Float64:
		c.Floats = []float64{}
	case series.Int64:
		c.Ints = []int64{}
	default:
		c.Texts = &series.Texts{}
	}
	if v.valid != nil {
		c.Valid = []bool{}
	}
	b.frame.Cols = append(b.frame.Cols, c)
	b.codes = append(b.codes, map[string]uint32{})
	at := len(b.frame.Cols) - 1
	b.padColumn(at, rows)
	return at
}

func (b *builder) append(at int, v *values, from, to int) {
	c := &b.frame.Cols[at]
	switch {
	case v.floats != nil:
		c.Floats = append(c.Floats, v.floats[from:to]...)
	case v.ints != nil:
		c.Ints = append(c.Ints, v.ints[from:to]...)
	default:
		for _, text := range v.texts[from:to] {
			c.Texts.Index = append(c.Texts.Index, b.code(at, text))
		}
	}
	if c.Valid != nil {
		c.Valid = append(c.Valid, v.valid[from:to]...)
	}
}

// code returns the number of a text of a column.
func (b *builder) code(at int, text []byte) uint32 {
	if code, ok := b.codes[at][string(text)]; ok {
		return code
	}
	t := b.frame.Cols[at].Texts
	code := uint32(len(t.Dict))
	t.Dict = append(t.Dict, string(text))
	b.texts += len(text)
	b.codes[at][string(text)] = code
	return code
}

// pad fills columns that the last rows did not have.
func (b *builder) pad() {
	for at := range b.frame.Cols {
		b.padColumn(at, len(b.frame.Time))
	}
}

func (b *builder) padColumn(at, rows int) {
	c := &b.frame.Cols[at]
	n := rows - c.Len()
	switch {
	case n <= 0:
		return
	case c.Floats != nil:
		c.Floats = append(c.Floats, make([]float64, n)...)
	case c.Ints != nil:
		c.Ints = append(c.Ints, make([]int64, n)...)
	default:
		empty := b.code(at, nil)
		for range n {
			c.Texts.Index = append(c.Texts.Index, empty)
		}
	}
	if c.Valid != nil {
		c.Valid = append(c.Valid, make([]bool, n)...)
	}
}

// reset forgets the rows, and keeps the memory.
func (b *builder) reset() {
	b.frame.Time, b.frame.Attrs = b.frame.Time[:0], nil
	if b.frame.Seq != nil {
		b.frame.Seq = b.frame.Seq[:0]
	}
	b.texts = 0
	clear(b.origins) // they hold the text of files
	b.origins = b.origins[:0]
	for i := range b.frame.Cols {
		c := &b.frame.Cols[i]
		switch {
		case c.Floats != nil:
			c.Floats = c.Floats[:0]
		case c.Ints != nil:
			c.Ints = c.Ints[:0]
		default:
			c.Texts = &series.Texts{Index: c.Texts.Index[:0]}
			clear(b.codes[i])
		}
		if c.Valid != nil {
			c.Valid = c.Valid[:0]
		}
	}
}

// sort puts the rows in order, and returns those that stand in the place of
// another and differ from it: all but the first of them, or with replace all but
// the last. The number of those that are equal to another is same.
func (b *builder) sort(replace bool) (same int64, twice []reject, files []int) {
	f := &b.frame
	if b.ascending() {
		return 0, nil, nil
	}
	order := make([]int, f.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return f.ComparePlace(i, f, j) })
	kept := order[:0]
	leave := func(i, other int) {
		o := b.origins[i]
		twice = append(twice, reject{o.line, o.raw, fault.FileTwice.Errorf("line %d has another row for %s", b.origins[other].line, f.Time[i])})
		files = append(files, o.file)
	}
	for _, i := range order {
		last := len(kept) - 1
		switch {
		case last < 0 || f.ComparePlace(kept[last], f, i) != 0:
			kept = append(kept, i)
		case f.SameRow(kept[last], f, i):
			same++
		case replace:
			leave(kept[last], i)
			kept[last] = i
		default:
			leave(i, kept[last])
		}
	}
	b.pick(kept)
	return same, twice, files
}

func (b *builder) ascending() bool {
	f := &b.frame
	for i := 1; i < f.Len(); i++ {
		if f.ComparePlace(i-1, f, i) >= 0 {
			return false
		}
	}
	return true
}

// pick keeps the rows of that order.
func (b *builder) pick(order []int) {
	f := &b.frame
	f.Time = picked(f.Time, order)
	f.Seq = picked(f.Seq, order)
	b.origins = picked(b.origins, order)
	for i := range f.Cols {
		c := &f.Cols[i]
		c.Floats, c.Ints, c.Valid = picked(c.Floats, order), picked(c.Ints, order), picked(c.Valid, order)
		if c.Texts != nil {
			c.Texts = &series.Texts{Dict: c.Texts.Dict, Index: picked(c.Texts.Index, order)}
		}
	}
}

func picked[T any](all []T, order []int) []T {
	if all == nil {
		return nil
	}
	some := make([]T, len(order))
	for i, j := range order {
		some[i] = all[j]
	}
	return some
}
