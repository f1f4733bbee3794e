package marketfile

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/redfire-quant/redfire/fault"
)

// An arrowColumn is a column of an Arrow file, and how its values are read.
type arrowColumn struct {
	name  string
	typed cellType
	what  string // what it holds, if it cannot be read

	// read sets the values of cells, whatever stands where there is none.
	read func(c *cells, a arrow.Array)

	mu     sync.Mutex      // guards those below
	dict   arrow.ArrayData // the dictionary that was read last
	values *cells          // of it
}

func newArrowColumn(name string, t arrow.DataType) *arrowColumn {
	c := &arrowColumn{name: name, what: t.String()}
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	if c.typed, c.read = arrowReading(t); c.read == nil {
		c.typed = cellType{kind: cellOther}
	}
	return c
}

// arrowReading returns what values of a type are, and how they are read; nil if
// they are not.
func arrowReading(t arrow.DataType) (cellType, func(*cells, arrow.Array)) {
	switch t := t.(type) {
	case *arrow.NullType:
		return cellType{}, readNothing
	case *arrow.BooleanType:
		return cellType{}, readTruths
	case *arrow.Float32Type:
		return cellType{kind: cellFloat}, readSingles
	case *arrow.Float64Type:
		return cellType{kind: cellFloat}, readDoubles
	case arrow.DecimalType:
		return cellType{kind: cellFloat}, readDecimals(int(t.GetScale()))
	case *arrow.TimestampType:
		kind := cellWall
		if t.TimeZone != "" {
			kind = cellInstant
		}
		return cellType{kind, t.Unit.Multiplier()}, readWholes
	case *arrow.Date32Type, *arrow.Date64Type:
		return cellType{cellWall, 24 * time.Hour}, readWholes
	case *arrow.Time32Type:
		return cellType{}, readClocks(t.Unit.Multiplier())
	case *arrow.Time64Type:
		return cellType{}, readClocks(t.Unit.Multiplier())
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType, *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType:
		return cellType{}, readTexts
	}
	if arrow.IsInteger(t.ID()) {
		return cellType{kind: cellInt}, readWholes
	}
	return cellType{}, nil
}

// cells returns values of a column of a batch.
func (c *arrowColumn) cells(a arrow.Array, from, to int) (cells, error) {
	part := array.NewSlice(a, int64(from), int64(to))
	if d, ok := part.(*array.Dictionary); ok {
		return c.picked(d)
	}
	return c.plain(part), nil
}

func (c *arrowColumn) plain(a arrow.Array) cells {
	v := cells{typed: c.typed, exact: true}
	c.read(&v, a)
	v.null = nullsOf(a)
	for i, null := range v.null {
		if null && v.texts != nil {
			v.texts[i] = nil
		}
	}
	return v
}

// nullsOf tells of each value whether there is none; nil if there are all.
func nullsOf(a arrow.Array) []bool {
	if a.NullN() == 0 {
		return nil
	}
	null := make([]bool, a.Len())
	for i := range null {
		null[i] = a.IsNull(i)
	}
	return null
}

// picked returns values that are numbers in a dictionary.
func (c *arrowColumn) picked(a *array.Dictionary) (cells, error) {
	dict, null := c.dictionary(a), nullsOf(a)
	var at cells
	readWholes(&at, a.Indices())
	if at.ints == nil {
		return cells{}, errDictionary(-1, dict.count())
	}
	size := uint64(dict.count())
	none := dict.null != nil || null != nil
	if none && null == nil {
		null = make([]bool, len(at.ints))
	}
	for i, x := range at.ints {
		switch {
		case none && null[i]:
			at.ints[i] = 0
		case uint64(x) >= size:
			return cells{}, errDictionary(x, dict.count())
		default:
			if dict.null != nil {
				null[i] = dict.null[x]
			}
		}
	}
	v := cells{typed: c.typed, exact: true, null: null}
	switch {
	case dict.floats != nil:
		v.floats = pickedAt(dict.floats, at.ints)
	case dict.ints != nil:
		v.ints = pickedAt(dict.ints, at.ints)
	default:
		v.texts = pickedAt(dict.texts, at.ints)
		for i := range v.null {
			if v.null[i] {
				v.texts[i] = nil
			}
		}
	}
	return v, nil
}

func errDictionary(at int64, size int) error {
	return fault.FileDamaged.Errorf("there is no value %d in a dictionary of %d", at, size)
}

// pickedAt returns values of a dictionary, of which an empty one has only absent
// values.
func pickedAt[T any](from []T, at []int64) []T {
	to := make([]T, len(at))
	if len(from) == 0 {
		return to
	}
	for i, x := range at {
		to[i] = from[x]
	}
	return to
}

// dictionary returns the values of the dictionary of an array, which is that of
// many.
func (c *arrowColumn) dictionary(a *array.Dictionary) *cells {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := a.Data().Dictionary(); d != c.dict {
		v := c.plain(a.Dictionary())
		c.dict, c.values = d, &v
	}
	return c.values
}

// readNothing is for columns without values.
func readNothing(c *cells, a arrow.Array) { c.texts = make([][]byte, a.Len()) }

func readDoubles(c *cells, a arrow.Array) { c.floats = some(a.(*array.Float64).Float64Values()) }

// some returns what is not nil, though there may be none.
func some[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func readSingles(c *cells, a arrow.Array) {
	c.floats = make([]float64, a.Len())
	for i, x := range a.(*array.Float32).Float32Values() {
		c.floats[i] = widen(x)
	}
}

// readWholes reads whole numbers, and times as such. Those that may be too large
// for an int64 are texts if one is.
func readWholes(c *cells, a arrow.Array) {
	switch a := a.(type) {
	case *array.Int8:
		c.ints = widened(a.Int8Values())
	case *array.Int16:
		c.ints = widened(a.Int16Values())
	case *array.Int32:
		c.ints = widened(a.Int32Values())
	case *array.Int64:
		c.ints = some(a.Int64Values())
	case *array.Uint8:
		c.ints = widened(a.Uint8Values())
	case *array.Uint16:
		c.ints = widened(a.Uint16Values())
	case *array.Uint32:
		c.ints = widened(a.Uint32Values())
	case *array.Uint64:
		c.readLargest(a.Uint64Values())
	case *array.Timestamp:
		c.ints = widened(a.TimestampValues())
	case *array.Date32:
		c.ints = widened(a.Date32Values())
	case *array.Date64:
		const perDay = 86400_000
		c.ints = widened(a.Date64Values())
		for i, ms := range c.ints {
			if c.ints[i] = ms / perDay; ms%perDay < 0 {
				c.ints[i]--
			}
		}
	}
}

func widened[T ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](from []T) []int64 {
	to := make([]int64, len(from))
	for i, x := range from {
		to[i] = int64(x)
	}
	return to
}

func (c *cells) readLargest(from []uint64) {
	all := uint64(0)
	for _, x := range from {
		all |= x
	}
	if all <= math.MaxInt64 {
		c.ints = widened(from)
		return
	}
	c.texts = make([][]byte, len(from))
	for i, x := range from {
		c.texts[i] = strconv.AppendUint(nil, x, 10)
	}
}

func readTruths(c *cells, a arrow.Array) {
	texts, bits := [2][]byte{[]byte("false"), []byte("true")}, a.(*array.Boolean)
	c.texts = make([][]byte, a.Len())
	for i := range c.texts {
		c.texts[i] = texts[0]
		if bits.Value(i) {
			c.texts[i] = texts[1]
		}
	}
}

// readClocks reads times of the day, as texts.
func readClocks(unit time.Duration) func(*cells, arrow.Array) {
	return func(c *cells, a arrow.Array) {
		c.texts = make([][]byte, a.Len())
		for i := range c.texts {
			n := int64(0)
			switch a := a.(type) {
			case *array.Time32:
				n = int64(a.Value(i))
			case *array.Time64:
				n = int64(a.Value(i))
			}
			of := time.Unix(0, 0).UTC().Add(time.Duration(n) * unit)
			c.texts[i] = of.AppendFormat(nil, "15:04:05.999999999")
		}
	}
}

// readDecimals reads whole numbers that stand for so many decimals. The library's
// own way to make large ones of them loses digits on 32 bits.
func readDecimals(scale int) func(*cells, arrow.Array) {
	return func(c *cells, a arrow.Array) {
		c.floats = make([]float64, a.Len())
		for i := range c.floats {
			if a.IsNull(i) {
				continue
			}
			switch a := a.(type) {
			case *array.Decimal32:
				c.floats[i] = decimal(int64(a.Value(i)), scale)
			case *array.Decimal64:
				c.floats[i] = decimal(int64(a.Value(i)), scale)
			case *array.Decimal128:
				c.floats[i] = wideDecimal(scale, a.Value(i).LowBits(), uint64(a.Value(i).HighBits()))
			case *array.Decimal256:
				parts := a.Value(i).Array()
				c.floats[i] = wideDecimal(scale, parts[:]...)
			}
		}
	}
}

// wideDecimal does what bigDecimal does for a number in parts, the lowest first.
func wideDecimal(scale int, parts ...uint64) float64 {
	sign := uint64(int64(parts[0]) >> 63)
	if !slices.ContainsFunc(parts[1:], func(p uint64) bool { return p != sign }) {
		return decimal(int64(parts[0]), scale)
	}
	var b []byte
	for _, p := range slices.Backward(parts) {
		b = binary.BigEndian.AppendUint64(b, p)
	}
	return bigDecimal(b, scale)
}

// readTexts reads texts, which stay where they are but for those of views.
func readTexts(c *cells, a arrow.Array) {
	c.texts = make([][]byte, a.Len())
	if a.Len() == 0 {
		return // there may be no offsets
	}
	switch a := a.(type) {
	case *array.String:
		cutTexts(c.texts, a.ValueBytes(), a.ValueOffsets())
	case *array.Binary:
		cutTexts(c.texts, a.ValueBytes(), a.ValueOffsets())
	case *array.LargeString:
		cutTexts(c.texts, a.ValueBytes(), a.ValueOffsets())
	case *array.LargeBinary:
		cutTexts(c.texts, a.ValueBytes(), a.ValueOffsets())
	case *array.StringView:
		gatherTexts(c.texts, a, func(i int) string { return a.Value(i) })
	case *array.BinaryView:
		gatherTexts(c.texts, a, func(i int) string { return string(a.Value(i)) })
	}
}

func cutTexts[T int32 | int64](to [][]byte, all []byte, offsets []T) {
	all = some(all)
	for i := range to {
		from, end := offsets[i]-offsets[0], offsets[i+1]-offsets[0]
		to[i] = all[from:end:end]
	}
}

func gatherTexts(to [][]byte, a arrow.Array, value func(i int) string) {
	room := []byte{}
	for i := range to {
		if a.IsNull(i) {
			continue
		}
		begin := len(room)
		room = append(room, value(i)...)
		to[i] = room[begin:len(room):len(room)]
	}
}
