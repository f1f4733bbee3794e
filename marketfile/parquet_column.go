package marketfile

import (
	"bytes"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"github.com/redfire-quant/redfire/fault"
)

// A parquetColumn is a column of a Parquet file, and how its values are read.
type parquetColumn struct {
	leaf     int // which of the file's leaves it is, none if all of it is null
	optional bool
	typed    cellType
	what     string // what it holds, if it cannot be read

	// Of these one is set. It appends values of a page to what is there.
	floats func(to []float64, v encoding.Values, from, n int) []float64
	ints   func(to []int64, v encoding.Values, from, n int) []int64
	texts  func(to [][]byte, v encoding.Values, from, n int) [][]byte
}

func newParquetColumn(c *parquet.Column) *parquetColumn {
	p := &parquetColumn{leaf: none, optional: c.Optional(), typed: cellType{kind: cellOther}}
	switch {
	case c.Repeated():
		p.what = "lists"
		return p
	case !c.Leaf():
		p.what = "records or lists"
		return p
	}
	p.leaf = c.Index()
	if logical := c.Type().LogicalType(); logical != nil {
		if p.byLogicalType(logical.Value, c.Type()) {
			return p
		}
	}
	p.byKind(c.Type())
	return p
}

// byLogicalType finds out how to read values that have a logical type, and
// reports whether it matters.
func (p *parquetColumn) byLogicalType(logical any, physical parquet.Type) bool {
	kind := physical.Kind()
	switch l := logical.(type) {
	case *format.NullType:
		p.leaf, p.typed, p.texts = none, cellType{}, nothing
	case *format.DecimalType:
		p.typed, p.floats = cellType{kind: cellFloat}, decimals(kind, int(l.Scale))
	case *format.DateType:
		p.typed, p.ints = cellType{cellWall, 24 * time.Hour}, wholes(kind, true)
	case *format.TimestampType:
		p.typed, p.ints = cellType{cellWall, l.Unit.Value.Duration()}, wholes(kind, true)
		if l.IsAdjustedToUTC {
			p.typed.kind = cellInstant
		}
	case *format.TimeType:
		p.typed, p.texts = cellType{}, clocks(kind, l.Unit.Value.Duration())
	case *format.IntType:
		p.typed = cellType{kind: cellInt}
		if kind == parquet.Int64 && !l.IsSigned {
			p.texts = bigWholes
		} else {
			p.ints = wholes(kind, l.IsSigned)
		}
	case *format.UUIDType, *format.Float16Type, *format.BsonType, *format.VariantType, *format.GeometryType, *format.GeographyType:
		p.what = physical.String()
	default:
		return false // texts, enums, JSON
	}
	return true
}

func (p *parquetColumn) byKind(t parquet.Type) {
	switch kind := t.Kind(); kind {
	case parquet.Double:
		p.typed, p.floats = cellType{kind: cellFloat}, doubles
	case parquet.Float:
		p.typed, p.floats = cellType{kind: cellFloat}, singles
	case parquet.Int32, parquet.Int64:
		p.typed, p.ints = cellType{kind: cellInt}, wholes(kind, true)
	case parquet.Int96:
		p.typed, p.ints = cellType{cellInstant, 1}, julians
	case parquet.ByteArray:
		p.typed, p.texts = cellType{}, byteArrays
	case parquet.Boolean:
		p.typed, p.texts = cellType{}, truths
	default:
		p.what = t.String()
	}
}

// make returns cells with room for n values.
func (p *parquetColumn) make(n int) cells {
	c := cells{typed: p.typed, exact: true}
	switch {
	case p.floats != nil:
		c.floats = make([]float64, 0, n)
	case p.ints != nil:
		c.ints = make([]int64, 0, n)
	default:
		c.texts = make([][]byte, 0, n)
	}
	return c
}

// A parquetCursor reads a column of a row group from its beginning to its end.
type parquetCursor struct {
	column *parquetColumn
	chunk  *parquet.FileColumnChunk // nil if all is null
	stream *pageStream
	skip   int64 // rows to pass over first

	pages parquet.Pages
	page  parquet.Page    // nil for none
	owned encoding.Values // its values, or the numbers of them in the dictionary
	count int             // of the values
	row   int             // of the page, the next one
	value int             // the next one

	dictionary parquet.Dictionary
	dict       cells // its values
	indexes    []int32
}

func (u *parquetCursor) close() {
	if u.page != nil {
		parquet.Release(u.page)
		u.page = nil
	}
	if u.pages != nil {
		_ = u.pages.Close() // it gives memory back, and never fails
		u.pages = nil
	}
}

// read reads n rows into c.
func (u *parquetCursor) read(c *cells, n int) error {
	*c = u.column.make(n)
	if u.chunk == nil {
		c.texts = c.texts[:n]
		return nil
	}
	if u.pages == nil {
		if err := u.begin(); err != nil {
			return err
		}
	}
	for n > 0 {
		if u.page == nil || u.row == int(u.page.NumRows()) {
			if err := u.turn(); err != nil {
				return err
			}
			continue
		}
		rows := min(n, int(u.page.NumRows())-u.row)
		if err := u.take(c, rows); err != nil {
			return err
		}
		n -= rows
	}
	return nil
}

// begin opens the pages, and passes over rows.
func (u *parquetCursor) begin() error {
	u.pages = u.chunk.PagesFrom(u.stream)
	for u.skip > 0 {
		if err := u.turn(); err != nil {
			return err
		}
		rows := int(min(u.skip, u.page.NumRows()))
		u.value += u.defined(rows)
		u.row += rows
		u.skip -= int64(rows)
	}
	return nil
}

// turn takes the next page.
func (u *parquetCursor) turn() error {
	if u.page != nil {
		parquet.Release(u.page)
		u.page = nil
	}
	page, err := u.pages.ReadPage()
	if err != nil {
		return err
	}
	u.page, u.row, u.value = page, 0, 0
	u.owned, u.indexes = page.Data(), nil
	d := page.Dictionary()
	if d == nil {
		u.owned = kept(u.owned)
		u.count = countOf(u.owned)
		return nil
	}
	u.indexes = u.owned.Int32()
	u.count = len(u.indexes)
	if d != u.dictionary {
		values := kept(d.Page().Data())
		u.dictionary, u.dict = d, u.column.make(countOf(values))
		u.column.append(&u.dict, values, 0, countOf(values))
	}
	return nil
}

// kept returns values of which the bytes outlive their page.
func kept(v encoding.Values) encoding.Values {
	if v.Kind() != encoding.ByteArray {
		return v
	}
	text, offsets := v.ByteArray()
	return encoding.ByteArrayValues(bytes.Clone(text), offsets)
}

// countOf returns how many values there are.
func countOf(v encoding.Values) int {
	text, offsets := v.Data()
	switch v.Kind() {
	case encoding.Boolean:
		return len(text) * 8
	case encoding.Int32, encoding.Float:
		return len(text) / 4
	case encoding.Int64, encoding.Double:
		return len(text) / 8
	case encoding.Int96:
		return len(text) / 12
	case encoding.ByteArray:
		return max(0, len(offsets)-1)
	case encoding.FixedLenByteArray:
		_, size := v.FixedLenByteArray()
		return len(text) / max(1, size)
	}
	return 0
}

// defined returns how many of the next rows of the page have a value.
func (u *parquetCursor) defined(rows int) int {
	levels := u.page.DefinitionLevels()
	if len(levels) == 0 {
		return rows
	}
	return bytes.Count(levels[u.row:u.row+rows], []byte{1})
}

// take appends rows of the page to c.
func (u *parquetCursor) take(c *cells, rows int) error {
	n := u.defined(rows)
	if n > u.count-u.value {
		return fault.FileDamaged.Errorf("a page has %d values, not %d and more", u.count, u.value+n)
	}
	before := c.count()
	switch {
	case n == 0: // of a page without values it cannot be told whether they are indexes
	case u.indexes == nil:
		u.column.append(c, u.owned, u.value, n)
	default:
		if err := c.pickFrom(&u.dict, u.indexes[u.value:u.value+n]); err != nil {
			return err
		}
	}
	if n < rows || c.null != nil {
		c.spread(before, rows, u.page.DefinitionLevels(), u.row)
	}
	u.row, u.value = u.row+rows, u.value+n
	return nil
}

func (p *parquetColumn) append(c *cells, v encoding.Values, from, n int) {
	switch {
	case p.floats != nil:
		c.floats = p.floats(c.floats, v, from, n)
	case p.ints != nil:
		c.ints = p.ints(c.ints, v, from, n)
	default:
		c.texts = p.texts(c.texts, v, from, n)
	}
}

// count returns how many values there are.
func (c *cells) count() int { return len(c.floats) + len(c.ints) + len(c.texts) }

// pickFrom appends the values of a dictionary that have these numbers.
func (c *cells) pickFrom(dict *cells, indexes []int32) error {
	size := uint32(dict.count())
	for _, i := range indexes {
		if uint32(i) >= size {
			return fault.FileDamaged.Errorf("there is no value %d in a dictionary of %d", i, size)
		}
	}
	switch {
	case dict.floats != nil:
		c.floats = appendPicked(c.floats, dict.floats, indexes)
	case dict.ints != nil:
		c.ints = appendPicked(c.ints, dict.ints, indexes)
	default:
		c.texts = appendPicked(c.texts, dict.texts, indexes)
	}
	return nil
}

func appendPicked[T any](to, from []T, indexes []int32) []T {
	for _, i := range indexes {
		to = append(to, from[i])
	}
	return to
}

// spread puts the values behind the first ones where the levels say that there is
// one, so that there are as many as rows.
func (c *cells) spread(before, rows int, levels []byte, from int) {
	if c.null == nil {
		c.null = make([]bool, before, max(before+rows, cap(c.floats), cap(c.ints), cap(c.texts)))
	}
	for i := range rows {
		c.null = append(c.null, len(levels) > 0 && levels[from+i] != 1)
	}
	null := c.null[before:]
	switch {
	case c.floats != nil:
		c.floats = spread(c.floats, before, null)
	case c.ints != nil:
		c.ints = spread(c.ints, before, null)
	default:
		c.texts = spread(c.texts, before, null)
	}
}

func spread[T any](all []T, before int, null []bool) []T {
	next := len(all) - 1
	var zero T
	for len(all) < before+len(null) {
		all = append(all, zero)
	}
	for i := len(null) - 1; i >= 0; i-- {
		if null[i] {
			all[before+i] = zero
			continue
		}
		all[before+i] = all[next]
		next--
	}
	return all
}

// julianDay is that of 1970-01-01.
const julianDay = 2440588

// julians reads times as old versions of Spark and pandas write them: nanoseconds
// of a day, and the Julian day.
func julians(to []int64, v encoding.Values, from, n int) []int64 {
	for _, x := range v.Int96()[from : from+n] {
		to = append(to, sinceEpoch(x))
	}
	return to
}

func sinceEpoch(x deprecated.Int96) int64 {
	const perDay, most = int64(24 * time.Hour), 100_000 // days: more than are stored
	days := int64(int32(x[2])) - julianDay
	nanos := int64(x[1])<<32 | int64(x[0])
	if days < -most || days > most || nanos < -perDay || nanos > perDay {
		return 1<<63 - 1 // no time that can be stored
	}
	return days*perDay + nanos
}
