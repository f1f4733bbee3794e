package series

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// prepare returns the frames of a call as engines want them: valid, one for
// each key, rows in order, no two in the same place.
func prepare(frames []Frame) ([]*Frame, error) {
	byKey := map[Key][]*Frame{}
	var keys []Key
	for i := range frames {
		f := &frames[i]
		if err := f.Validate(); err != nil {
			return nil, err
		}
		if byKey[f.Key] == nil {
			keys = append(keys, f.Key)
		}
		byKey[f.Key] = append(byKey[f.Key], f.withoutEmpty())
	}
	ready := make([]*Frame, 0, len(keys))
	for _, k := range keys {
		if err := sameTypes(byKey[k]); err != nil {
			return nil, err
		}
		f, err := joined(byKey[k])
		if err != nil {
			return nil, err
		}
		ready = append(ready, f)
	}
	return ready, nil
}

// withoutEmpty returns f without extra columns in which no row has a value, f
// itself if there are none.
func (f *Frame) withoutEmpty() *Frame {
	empty := func(c Column) bool {
		return !IsBase(f.Key.Kind, c.Name) && !c.HasValue()
	}
	if !slices.ContainsFunc(f.Cols, empty) {
		return f
	}
	g := *f
	g.Cols = slices.DeleteFunc(slices.Clone(f.Cols), empty)
	return &g
}

// sameTypes returns an error if an extra column is of two types in frames of
// one key.
func sameTypes(frames []*Frame) error {
	types := map[string]Type{}
	for _, f := range frames {
		for name, t := range f.extraTypes() {
			if known := types[name]; known != 0 && known != t {
				return fault.At(fault.Place{Field: name}, fault.SeriesType.Errorf("in one call the column of %s is of types %s and %s", f.Key, known, t))
			}
			types[name] = t
		}
	}
	return nil
}

// A place is one row of a frame.
type place struct {
	from *Frame
	row  int
}

// joined returns the rows of frames of one key in order, and of those in the
// same place the last. A single frame that is in order already is returned as
// it is.
func joined(frames []*Frame) (*Frame, error) {
	if len(frames) == 1 && frames[0].sorted() {
		return frames[0], nil
	}
	var rows []place
	var attrs map[string]string
	for _, f := range frames {
		for i := range f.Len() {
			rows = append(rows, place{f, i})
		}
		if f.Attrs != nil {
			attrs = f.Attrs
		}
	}
	slices.SortStableFunc(rows, func(a, b place) int { return a.from.ComparePlace(a.row, b.from, b.row) })
	kept := rows[:0]
	for _, r := range rows {
		last := len(kept) - 1
		if last < 0 || kept[last].from.ComparePlace(kept[last].row, r.from, r.row) != 0 {
			kept = append(kept, r)
			continue
		}
		if r.from.Key.Kind == Ticks && !kept[last].from.SameRow(kept[last].row, r.from, r.row) {
			return nil, fault.SeriesSamePlace.Errorf("two different ticks of %s have the time %s and the Seq %d; number them in the order of their arrival", r.from.Key, r.from.Time[r.row], r.from.Seq[r.row])
		}
		kept[last] = r
	}
	f := gather(frames[0].Key, kept)
	f.Attrs = attrs
	return f, nil
}

// gather returns a frame of the given rows.
func gather(k Key, rows []place) *Frame {
	f := &Frame{Key: k, Time: make([]market.Time, len(rows))}
	if k.Kind == Ticks {
		f.Seq = make([]uint32, len(rows))
	}
	for i, r := range rows {
		f.Time[i] = r.from.Time[r.row]
		if f.Seq != nil {
			f.Seq[i] = r.from.Seq[r.row]
		}
	}
	for _, c := range columnsOf(rows) {
		f.Cols = append(f.Cols, gatherColumn(k.Kind, c, rows))
	}
	return f
}

// columnsOf returns name and type of every column in the frames of rows.
func columnsOf(rows []place) []BaseColumn {
	var columns []BaseColumn
	var seen []*Frame
	for _, r := range rows {
		if len(seen) > 0 && seen[len(seen)-1] == r.from || slices.Contains(seen, r.from) {
			continue
		}
		seen = append(seen, r.from)
		for i := range r.from.Cols {
			c := BaseColumn{Name: r.from.Cols[i].Name, Type: r.from.Cols[i].Type()}
			if !slices.ContainsFunc(columns, func(b BaseColumn) bool { return b.Name == c.Name }) {
				columns = append(columns, c)
			}
		}
	}
	return columns
}

func gatherColumn(kind Kind, of BaseColumn, rows []place) Column {
	c := Column{Name: of.Name}
	switch of.Type {
	case Float64:
		c.Floats = make([]float64, len(rows))
	case Int64:
		c.Ints = make([]int64, len(rows))
	case Text:
		c.Texts = &Texts{Index: make([]uint32, len(rows))}
	}
	valid, codes := make([]bool, len(rows)), map[string]uint32{}
	var last *Frame
	var from *Column
	for i, r := range rows {
		if r.from != last {
			last, from = r.from, r.from.Column(of.Name)
		}
		v := valueAt(kind, of.Name, from, r.row)
		valid[i] = v.present
		switch of.Type {
		case Float64:
			c.Floats[i] = v.number
		case Int64:
			c.Ints[i] = v.integer
		case Text:
			c.Texts.Index[i] = c.Texts.code(codes, v.text)
		}
	}
	if slices.Contains(valid, false) {
		c.Valid = valid
	}
	return c
}

// A rowValue is the value of one column in one row.
type rowValue struct {
	present bool
	number  float64
	integer int64
	text    string
}

// valueAt returns the value of row i of c, the column called name; c is nil
// where the frame lacks it, which for base columns means 0.
func valueAt(kind Kind, name string, c *Column, i int) rowValue {
	if c == nil {
		return rowValue{present: IsBase(kind, name)}
	}
	if !c.has(i) {
		return rowValue{}
	}
	switch c.Type() {
	case Float64:
		return rowValue{present: true, number: c.Floats[i]}
	case Int64:
		return rowValue{present: true, integer: c.Ints[i]}
	}
	return rowValue{present: true, text: c.Texts.Dict[c.Texts.Index[i]]}
}

// same reports whether v and w are the same value, numbers bit for bit.
func (v rowValue) same(w rowValue) bool {
	return v.present == w.present && math.Float64bits(v.number) == math.Float64bits(w.number) &&
		v.integer == w.integer && v.text == w.text
}

// SameRow reports whether row i of f and row j of g are the same in Time and every
// column, a missing one counting as 0 or as absent.
func (f *Frame) SameRow(i int, g *Frame, j int) bool {
	if f.Time[i] != g.Time[j] {
		return false
	}
	for n := range f.Cols {
		c := &f.Cols[n]
		if !valueAt(f.Key.Kind, c.Name, c, i).same(valueAt(f.Key.Kind, c.Name, g.Column(c.Name), j)) {
			return false
		}
	}
	for n := range g.Cols {
		c := &g.Cols[n]
		if f.Column(c.Name) == nil && !valueAt(f.Key.Kind, c.Name, c, j).same(valueAt(f.Key.Kind, c.Name, nil, i)) {
			return false
		}
	}
	return true
}

// isSet reports whether x is anything but 0; -0 is.
func isSet(x float64) bool { return math.Float64bits(x) != 0 }

// rangeOf returns the range that holds the rows of f, an empty one for none.
func rangeOf(f *Frame) market.Range {
	if f.Len() == 0 {
		return market.Range{From: 1, To: 1}
	}
	return RangeOf(f.Key.Kind, f.Time[0], f.Time[f.Len()-1])
}

// RangeOf returns the least range that holds rows of kind k whose first and last
// have these times; those of ticks hold their whole microseconds. An end that
// cannot be written is open.
func RangeOf(k Kind, first, last market.Time) market.Range {
	if k == Ticks {
		first, last = market.Time(first.Micro()*1000), market.Time(last.Micro()*1000+999)
	}
	r := market.Range{From: cmp.Or(first, 1), To: cmp.Or(last+1, 1)} // 0 would be an open end
	if r.To > market.MaxTime {
		r.To = 0
	}
	return r
}

// A comparison is what writing a frame would do, and the first row in which it
// differs from what is stored.
type comparison struct {
	Counts
	first market.Time
}

// compareAll counts what writing frames would do, and refuses rows that differ
// if it should. It returns the frames that would change anything.
func (s *Store) compareAll(ctx context.Context, frames []*Frame, refuse bool) (all Counts, left []*Frame, err error) {
	for _, f := range frames {
		c, err := s.compare(ctx, f, rangeOf(f), refuse)
		if err != nil {
			return Counts{}, nil, err
		}
		all.New += c.New
		all.Unchanged += c.Unchanged
		all.Replaced += c.Replaced
		if f.Attrs != nil || c.New+c.Replaced > 0 {
			left = append(left, f)
		}
	}
	return all, left, nil
}

// compare holds f against the rows stored in r, and refuses rows that differ if
// it should. Deleted are those of which f has nothing in their place.
func (s *Store) compare(ctx context.Context, f *Frame, r market.Range, refuse bool) (Counts, error) {
	var c comparison
	next := 0
	for g, err := range s.engine.Read(ctx, Query{Keys: []Key{f.Key}, Range: r}) {
		if err != nil {
			return Counts{}, err
		}
		next = c.add(f, next, g)
	}
	if refuse && c.Replaced > 0 {
		return Counts{}, fault.SeriesDiffers.Errorf("%d rows of %s differ from those stored, the first of them at %s", c.Replaced, f.Key, c.first)
	}
	c.New = int64(f.Len()) - c.Unchanged - c.Replaced
	return c.Counts, nil
}

// add counts the stored rows of g against those of f from row i on, and returns
// the row to go on from.
func (c *comparison) add(f *Frame, i int, g *Frame) int {
	for j := range g.Len() {
		for i < f.Len() && f.ComparePlace(i, g, j) < 0 {
			i++
		}
		switch {
		case i == f.Len() || f.ComparePlace(i, g, j) != 0:
			c.Deleted++
		case f.SameRow(i, g, j):
			c.Unchanged++
		default:
			if c.Replaced++; c.Replaced == 1 {
				c.first = f.Time[i]
			}
		}
	}
	return i
}
