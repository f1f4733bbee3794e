package series

import (
	"cmp"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A Frame holds rows of one series as columns: row i is the i-th element of
// each. Rows are in ascending order and no two have the same place.
//
// The place of a row of bars or of an indicator is its Time. The place of a
// tick is the microsecond of its Time and its Seq, in this order.
type Frame struct {
	Key Key

	// Attrs are attributes of the whole series: its zone, its source, how its
	// volume counts. nil says nothing about them. Otherwise they replace all
	// that the series had; of several writes the one accepted last counts. A
	// frame of attributes need not have rows.
	Attrs map[string]string

	// Time has an element a row. For bars and indicators it is a whole second.
	Time []market.Time

	// Seq has an element a row of ticks, and is nil otherwise.
	Seq []uint32

	// Cols are the other columns, no two of the same name.
	//
	// Base columns, those of [BaseColumns], belong to every row of bars and
	// ticks: one that a frame lacks is 0, or "", in all of its rows.
	//
	// Any other column is an extra one, a series' own, of which a series has 64
	// at most. It may be absent row by row, and is absent in all rows of a frame
	// that lacks it; one that is absent in all rows is as good as lacking. Within
	// a series a name stands for one type.
	Cols []Column
}

// A Column holds the values of one name. Of Floats, Ints and Texts one is not
// nil and has an element a row; it is the column's type.
type Column struct {
	Name   string
	Floats []float64
	Ints   []int64
	Texts  *Texts

	// Valid tells of each row whether it has a value; nil means that all have.
	// What stands in a row without one has no meaning.
	Valid []bool
}

// Texts are values out of a dictionary: the text of row i is Dict[Index[i]].
// No text stands in Dict twice, and none is longer than 1,024 bytes.
type Texts struct {
	Dict  []string
	Index []uint32
}

// A Type is the type of a column's values.
type Type uint8

// The types of columns.
const (
	Float64 Type = iota + 1
	Int64
	Text
)

var typeNames = [...]string{Float64: "float64", Int64: "int64", Text: "text"}

// String returns float64, int64 or text.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}

// TypeNamed returns the type that String calls name, 0 for none.
func TypeNamed(name string) Type { return Type(max(0, slices.Index(typeNames[:], name))) }

// Type returns the type of c, 0 if c has no values or those of two types.
func (c *Column) Type() Type {
	switch {
	case c.Floats != nil && c.Ints == nil && c.Texts == nil:
		return Float64
	case c.Floats == nil && c.Ints != nil && c.Texts == nil:
		return Int64
	case c.Floats == nil && c.Ints == nil && c.Texts != nil:
		return Text
	}
	return 0
}

// Len returns the number of values, those of absent rows included.
func (c *Column) Len() int {
	switch c.Type() {
	case Float64:
		return len(c.Floats)
	case Int64:
		return len(c.Ints)
	case Text:
		return len(c.Texts.Index)
	}
	return 0
}

// Len returns the number of rows.
func (f *Frame) Len() int { return len(f.Time) }

// Column returns the column called name, nil if f lacks it.
func (f *Frame) Column(name string) *Column {
	i := slices.IndexFunc(f.Cols, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Cols[i]
}

// Clone returns a copy that shares nothing with f.
func (f *Frame) Clone() *Frame {
	g := &Frame{Key: f.Key, Time: slices.Clone(f.Time), Seq: slices.Clone(f.Seq)}
	if f.Attrs != nil {
		g.Attrs = make(map[string]string, len(f.Attrs))
		for name, value := range f.Attrs {
			g.Attrs[name] = value
		}
	}
	for i := range f.Cols {
		g.Cols = append(g.Cols, f.Cols[i].clone())
	}
	return g
}

func (c *Column) clone() Column {
	d := Column{Name: c.Name, Floats: slices.Clone(c.Floats), Ints: slices.Clone(c.Ints), Valid: slices.Clone(c.Valid)}
	if c.Texts != nil {
		d.Texts = &Texts{slices.Clone(c.Texts.Dict), slices.Clone(c.Texts.Index)}
	}
	return d
}

// Bounds of names and attributes.
const (
	maxAttrs     = 64
	maxAttrValue = 1024
	maxExtras    = 64
	maxText      = 1024
)

// columnName is the form of the names of extra columns and attributes: one that
// every engine and every file format can hold.
var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Validate returns an error of kind [fault.Invalid] if f cannot be stored: the
// key names no series, columns differ in length, a name or type is wrong, a row
// has no time or one that is out of bounds, a number is NaN or infinite, or a
// tick has something in a level of the book beyond its depth. The error tells
// row (from 0) and column. It does not look at the order of rows.
func (f *Frame) Validate() error {
	if err := f.Key.Validate(); err != nil {
		return err
	}
	if err := validateAttrs(f.Attrs); err != nil {
		return err
	}
	if err := f.validateShape(); err != nil {
		return err
	}
	if err := f.validateTimes(); err != nil {
		return err
	}
	for i := range f.Cols {
		if err := f.Cols[i].validateValues(); err != nil {
			return fault.At(fault.Place{Field: f.Cols[i].Name}, err)
		}
	}
	if f.Key.Kind == Ticks {
		return f.validateBook()
	}
	return nil
}

func validateAttrs(attrs map[string]string) error {
	if len(attrs) > maxAttrs {
		return fault.SeriesFrame.Errorf("%d attributes are more than %d", len(attrs), maxAttrs)
	}
	for name, value := range attrs {
		if !columnName.MatchString(name) {
			return fault.SeriesFrame.Errorf("attribute %q is not named by lower-case letters, digits and underscores", name)
		}
		if len(value) > maxAttrValue || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
			return fault.SeriesFrame.Errorf("the value of attribute %q is not UTF-8 without control characters of at most %d bytes", name, maxAttrValue)
		}
	}
	return nil
}

// validateShape checks names, types and lengths of the columns.
func (f *Frame) validateShape() error {
	if seqs := f.Len(); f.Key.Kind == Ticks && len(f.Seq) != seqs || f.Key.Kind != Ticks && f.Seq != nil {
		return fault.SeriesFrame.Errorf("there are %d values of Seq for %d rows of %s", len(f.Seq), seqs, f.Key.Kind)
	}
	seen, extras := make(map[string]bool, len(f.Cols)), 0
	for i := range f.Cols {
		c := &f.Cols[i]
		err := c.validateShape(f.Len(), f.Key.Kind)
		if err == nil && seen[c.Name] {
			err = fault.SeriesFrame.Errorf("the column stands twice")
		}
		if err != nil {
			return fault.At(fault.Place{Field: c.Name}, err)
		}
		seen[c.Name] = true
		if !IsBase(f.Key.Kind, c.Name) {
			extras++
		}
	}
	if extras > maxExtras {
		return fault.SeriesFrame.Errorf("%d extra columns are more than %d", extras, maxExtras)
	}
	return nil
}

func (c *Column) validateShape(rows int, kind Kind) error {
	switch t := c.Type(); {
	case t == 0:
		return fault.SeriesFrame.Errorf("the column has no values, or those of two types")
	case c.Len() != rows:
		return fault.SeriesFrame.Errorf("the column has %d values for %d rows", c.Len(), rows)
	case c.Valid != nil && len(c.Valid) != rows:
		return fault.SeriesFrame.Errorf("Valid has %d values for %d rows", len(c.Valid), rows)
	}
	base, ok := baseColumn(kind, c.Name)
	switch {
	case ok && base.Type != c.Type():
		return fault.SeriesFrame.Errorf("the column is of type %s, not %s", base.Type, c.Type())
	case ok && slices.Contains(c.Valid, false):
		return fault.SeriesFrame.Errorf("row %d has no value, but the column belongs to every row", slices.Index(c.Valid, false))
	case !ok && (!columnName.MatchString(c.Name) || slices.Contains([]string{"time", "seq"}, c.Name)):
		return fault.SeriesFrame.Errorf("an extra column is named by at most 63 lower-case letters, digits and underscores, and not time or seq")
	}
	return nil
}

func (f *Frame) validateTimes() error {
	whole := f.Key.Kind != Ticks
	for i, t := range f.Time {
		if t != 0 && t >= market.MinTime && t <= market.MaxTime && !(whole && t%1e9 != 0) {
			continue
		}
		err := t.Validate()
		if err == nil {
			err = fault.MarketSubsecond.Errorf("%s is not a whole second", t)
		}
		return fault.At(fault.Place{Field: "time"}, fault.SeriesFrame.Errorf("row %d: %w", i, err))
	}
	return nil
}

// validateBook checks what only ticks have: times of arrival, and levels of the
// book that are 0 beyond the depth.
func (f *Frame) validateBook() error {
	if c := f.Column("localtime"); c != nil {
		for i, t := range c.Ints {
			if err := market.Time(t).Validate(); t != 0 && err != nil {
				return fault.At(fault.Place{Field: c.Name}, fault.SeriesFrame.Errorf("row %d: %w", i, err))
			}
		}
	}
	depth := make([]int64, f.Len())
	if c := f.Column("depth"); c != nil {
		depth = c.Ints
	}
	for i, d := range depth {
		if d < 0 || d > bookDepth {
			return fault.At(fault.Place{Field: "depth"}, fault.SeriesFrame.Errorf("row %d: %w", i, fault.MarketDepth.Errorf("depth %d is not 0 to 5", d)))
		}
	}
	for level := range bookDepth {
		for _, of := range levelColumns(level + 1) {
			c := f.Column(of.Name)
			if c == nil {
				continue
			}
			if i := c.beyond(depth, level); i >= 0 {
				err := fault.MarketDepth.Errorf("%v stands in a level beyond depth %d", c.Floats[i], depth[i])
				return fault.At(fault.Place{Field: c.Name}, fault.SeriesFrame.Errorf("row %d: %w", i, err))
			}
		}
	}
	return nil
}

// beyond returns the first row that has a value in c, a column of a level from
// 0, though its depth does not reach there; -1 if there is none.
func (c *Column) beyond(depth []int64, level int) int {
	for i, x := range c.Floats {
		if depth[i] <= int64(level) && isSet(x) { // -0 too
			return i
		}
	}
	return -1
}

func (c *Column) validateValues() error {
	if i := c.notFinite(); i >= 0 {
		return fault.SeriesFrame.Errorf("row %d: %w", i, fault.MarketNotFinite.Errorf("%v is not a finite number", c.Floats[i]))
	}
	if c.Texts == nil {
		return nil
	}
	seen := make(map[string]bool, len(c.Texts.Dict))
	for code, s := range c.Texts.Dict {
		switch {
		case len(s) > maxText:
			return c.textFault(code, fault.MarketText.Errorf("a text has %d bytes, more than %d", len(s), maxText))
		case !utf8.ValidString(s):
			return c.textFault(code, fault.MarketText.Errorf("%q is not UTF-8", s))
		case seen[s]:
			return fault.SeriesFrame.Errorf("the dictionary has %q twice", s)
		}
		seen[s] = true
	}
	for i, code := range c.Texts.Index {
		if c.has(i) && int64(code) >= int64(len(c.Texts.Dict)) {
			return fault.SeriesFrame.Errorf("row %d: there is no text %d in a dictionary of %d", i, code, len(c.Texts.Dict))
		}
	}
	return nil
}

// textFault returns the error of a text, with the first row that has it.
func (c *Column) textFault(code int, err error) error {
	for i, of := range c.Texts.Index {
		if c.has(i) && int64(of) == int64(code) {
			return fault.SeriesFrame.Errorf("row %d: %w", i, err)
		}
	}
	return fault.SeriesFrame.Errorf("the dictionary: %w", err)
}

// notFinite returns the first row whose number is NaN or infinite, -1 if there
// is none.
func (c *Column) notFinite() int {
	// x-x is 0 for every number but NaN and the infinities, for which it is NaN:
	// one sum tells of all, without a branch for each. Four sums at a time, since
	// each addition waits for the one before.
	var a, b, d, e float64
	x := c.Floats
	for ; len(x) >= 4; x = x[4:] {
		a += x[0] - x[0]
		b += x[1] - x[1]
		d += x[2] - x[2]
		e += x[3] - x[3]
	}
	sum := a + b + d + e
	for _, y := range x {
		sum += y - y
	}
	if sum == 0 {
		return -1
	}
	for i, x := range c.Floats {
		if x-x != 0 && c.has(i) {
			return i
		}
	}
	return -1
}

// HasValue reports whether any row has a value.
func (c *Column) HasValue() bool {
	return c.Len() > 0 && (c.Valid == nil || slices.Contains(c.Valid, true))
}

// has reports whether row i has a value.
func (c *Column) has(i int) bool { return c.Valid == nil || c.Valid[i] }

// sorted reports whether the rows are in ascending order and no two in the same
// place.
func (f *Frame) sorted() bool {
	if f.Key.Kind != Ticks {
		for i := 1; i < len(f.Time); i++ {
			if f.Time[i-1] >= f.Time[i] {
				return false
			}
		}
		return true
	}
	for i := 1; i < f.Len(); i++ {
		if f.ComparePlace(i-1, f, i) >= 0 {
			return false
		}
	}
	return true
}

// Slice returns rows from up to, but not including, to. It shares the values
// with f.
func (f *Frame) Slice(from, to int) Frame {
	g := Frame{Key: f.Key, Attrs: f.Attrs, Time: f.Time[from:to], Cols: make([]Column, len(f.Cols))}
	if f.Seq != nil {
		g.Seq = f.Seq[from:to]
	}
	for i := range f.Cols {
		g.Cols[i] = f.Cols[i].slice(from, to)
	}
	return g
}

func (c *Column) slice(from, to int) Column {
	d := Column{Name: c.Name}
	switch c.Type() {
	case Float64:
		d.Floats = c.Floats[from:to]
	case Int64:
		d.Ints = c.Ints[from:to]
	case Text:
		d.Texts = &Texts{c.Texts.Dict, c.Texts.Index[from:to]}
	}
	if c.Valid != nil {
		d.Valid = c.Valid[from:to]
	}
	return d
}

// ComparePlace compares the place of row i with that of row j of g, a frame of
// the same kind.
func (f *Frame) ComparePlace(i int, g *Frame, j int) int {
	if f.Key.Kind != Ticks {
		return cmp.Compare(f.Time[i], g.Time[j])
	}
	return cmp.Or(cmp.Compare(f.Time[i].Micro(), g.Time[j].Micro()), cmp.Compare(f.Seq[i], g.Seq[j]))
}

// Find returns the rows of f that lie in r, as the first and one past the last.
// The rows must be in order.
func (f *Frame) Find(r market.Range) (from, to int) {
	at := func(t market.Time) int {
		return sort.Search(f.Len(), func(i int) bool {
			if f.Key.Kind == Ticks {
				return f.Time[i].Micro() >= t.Micro()
			}
			return f.Time[i] >= t
		})
	}
	to = f.Len()
	if r.To != 0 {
		to = at(r.To)
	}
	if r.From != 0 {
		from = min(at(r.From), to)
	}
	return from, to
}
