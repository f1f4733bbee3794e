package memseries

import (
	"slices"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A pick is one row of a frame.
type pick struct {
	from *series.Frame
	row  int
}

// merge returns the rows of both frames in order; where both have a row in the
// same place, that of f.
func merge(old, f *series.Frame) *series.Frame {
	var order []pick
	i, j := 0, 0
	for i < old.Len() || j < f.Len() {
		switch {
		case j == f.Len() || i < old.Len() && old.ComparePlace(i, f, j) < 0:
			order = append(order, pick{old, i})
			i++
			continue
		case i < old.Len() && old.ComparePlace(i, f, j) == 0:
			i++
		}
		order = append(order, pick{f, j})
		j++
	}
	return gather(f.Key, order)
}

// without returns the rows of old that do not lie in r.
func without(old *series.Frame, r market.Range) *series.Frame {
	from, to := old.Find(r)
	var order []pick
	for i := range old.Len() {
		if i < from || i >= to {
			order = append(order, pick{old, i})
		}
	}
	return gather(old.Key, order)
}

// gather returns a frame of the given rows, with every column that any of them
// has a value in. Package series has a function like it, which this one is
// there to judge: they are two on purpose.
func gather(k series.Key, order []pick) *series.Frame {
	f := &series.Frame{Key: k, Time: make([]market.Time, len(order))}
	if k.Kind == series.Ticks {
		f.Seq = make([]uint32, len(order))
	}
	types := map[string]series.Type{}
	var names []string
	var last *series.Frame
	for i, p := range order {
		f.Time[i] = p.from.Time[p.row]
		if f.Seq != nil {
			f.Seq[i] = p.from.Seq[p.row]
		}
		if p.from == last {
			continue
		}
		last = p.from
		for _, c := range last.Cols {
			if types[c.Name] == 0 && (hasValue(&c) || !isExtra(k.Kind, c.Name)) {
				types[c.Name] = c.Type()
				names = append(names, c.Name)
			}
		}
	}
	for _, name := range names {
		f.Cols = append(f.Cols, gatherColumn(k.Kind, name, types[name], order))
	}
	return f
}

// gatherColumn returns the column name of the given rows.
func gatherColumn(kind series.Kind, name string, t series.Type, order []pick) series.Column {
	c := series.Column{Name: name}
	switch t {
	case series.Float64:
		c.Floats = make([]float64, len(order))
	case series.Int64:
		c.Ints = make([]int64, len(order))
	case series.Text:
		c.Texts = &series.Texts{Index: make([]uint32, len(order))}
	}
	valid := make([]bool, len(order))
	codes := map[string]uint32{}
	var last *series.Frame
	var from *series.Column
	for i, p := range order {
		if p.from != last {
			last, from = p.from, p.from.Column(name)
		}
		if from == nil || !hasValue(from) { // which has no type then
			// A base column that a frame lacks is 0 in all of its rows.
			valid[i] = !isExtra(kind, name)
			if valid[i] && c.Texts != nil {
				c.Texts.Index[i] = code(c.Texts, codes, "")
			}
			continue
		}
		if valid[i] = from.Valid == nil || from.Valid[p.row]; !valid[i] {
			continue
		}
		switch t {
		case series.Float64:
			c.Floats[i] = from.Floats[p.row]
		case series.Int64:
			c.Ints[i] = from.Ints[p.row]
		case series.Text:
			c.Texts.Index[i] = code(c.Texts, codes, from.Texts.Dict[from.Texts.Index[p.row]])
		}
	}
	if slices.Contains(valid, false) {
		c.Valid = valid
	}
	return c
}

// code returns the place of s in the dictionary of t, which it may add to.
func code(t *series.Texts, codes map[string]uint32, s string) uint32 {
	n, ok := codes[s]
	if !ok {
		n = uint32(len(t.Dict))
		codes[s] = n
		t.Dict = append(t.Dict, s)
	}
	return n
}

// isExtra reports whether name is no base column of the kind.
func isExtra(kind series.Kind, name string) bool { return !series.IsBase(kind, name) }

func hasValue(c *series.Column) bool {
	return c.Len() > 0 && (c.Valid == nil || slices.Contains(c.Valid, true))
}
