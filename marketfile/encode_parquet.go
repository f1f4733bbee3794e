package marketfile

import (
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/redfire-quant/redfire/series"
)

// groupRows is how many rows a row group has before it is written.
const groupRows = exportRows

// A parquetSheet writes a Parquet file.
type parquetSheet struct {
	of     *shape
	w      *parquet.GenericWriter[any]
	rows   int // of the row group
	values []parquet.Value
}

// An orderedGroup has its columns in the order in which they were added; those of
// a parquet.Group stand in the order of their names.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

// Fields returns the columns.
func (g *orderedGroup) Fields() []parquet.Field { return g.fields }

func (g *orderedGroup) add(name string, n parquet.Node) {
	g.Group[name] = n
	g.fields = append(g.fields, parquet.Group{name: n}.Fields()...)
}

// newParquetSheet begins a file: times as differences, texts by a dictionary, the
// other numbers as they are. Of 400,000 bars that and zstd took the least space.
func newParquetSheet(m *shape, w io.Writer) (*parquetSheet, error) {
	attributes, err := m.attributes()
	if err != nil {
		return nil, err
	}
	time := func() parquet.Node {
		return parquet.Encoded(parquet.Timestamp(parquet.Nanosecond), &parquet.DeltaBinaryPacked)
	}
	text := parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	g := &orderedGroup{Group: parquet.Group{}}
	for _, name := range keyFields(m.kind) {
		g.add(name, text)
	}
	g.add(fieldTime, time())
	if m.kind == series.Ticks {
		g.add(fieldSeq, parquet.Encoded(parquet.Uint(32), &parquet.DeltaBinaryPacked))
	}
	for i := range m.columns {
		c := &m.columns[i]
		var n parquet.Node
		switch {
		case c.isLocal():
			n = parquet.Optional(time())
		case c.Type == series.Float64:
			n = parquet.Leaf(parquet.DoubleType)
		case c.Type == series.Int64:
			n = parquet.Int(64)
		default:
			n = text
		}
		if c.extra {
			n = parquet.Optional(n)
		}
		g.add(m.typedName(c), n)
	}
	config, err := parquet.NewWriterConfig(parquet.NewSchema(m.kind.String(), g),
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.DictionaryMaxBytes(1<<20),
		parquet.KeyValueMetadata(attributesKey, attributes))
	if err != nil {
		return nil, err
	}
	return &parquetSheet{of: m, w: parquet.NewGenericWriter[any](w, config)}, nil
}

func (s *parquetSheet) write(f *series.Frame) error {
	s.rows += f.Len()
	next := 0
	put := func(value func(i int) parquet.Value) error {
		s.values = s.values[:0]
		for i := range f.Len() {
			s.values = append(s.values, value(i))
		}
		_, err := s.w.ColumnWriters()[next].WriteRowValues(s.values)
		next++
		return err
	}
	same := func(text string) error {
		v := parquet.ByteArrayValue([]byte(text))
		return put(func(int) parquet.Value { return v })
	}
	var err error
	for _, text := range appendKey(nil, f.Key) {
		if err == nil {
			err = same(text)
		}
	}
	if err == nil {
		err = put(func(i int) parquet.Value { return parquet.Int64Value(int64(f.Time[i])) })
	}
	if err == nil && s.of.kind == series.Ticks {
		err = put(func(i int) parquet.Value { return parquet.Int32Value(int32(f.Seq[i])) })
	}
	for i := range s.of.columns {
		if err == nil {
			c := &s.of.columns[i]
			err = put(c.parquetValue())
		}
	}
	if err != nil || s.rows < groupRows {
		return err
	}
	s.rows = 0
	return s.w.Flush()
}

// parquetValue returns what makes values of those of the frame at hand.
func (c *exported) parquetValue() func(i int) parquet.Value {
	value := c.parquetPlain()
	if !c.extra && !c.isLocal() {
		return value
	}
	return func(i int) parquet.Value {
		if c.absent(i) || c.isLocal() && (c.col == nil || c.col.Ints[i] == 0) {
			return parquet.NullValue()
		}
		v := value(i)
		return v.Level(0, 1, 0)
	}
}

func (c *exported) parquetPlain() func(i int) parquet.Value {
	col := c.col
	switch {
	case col == nil:
		v := map[series.Type]parquet.Value{
			series.Float64: parquet.DoubleValue(0), series.Int64: parquet.Int64Value(0), series.Text: parquet.ByteArrayValue(nil),
		}[c.Type]
		return func(int) parquet.Value { return v }
	case c.Type == series.Float64:
		return func(i int) parquet.Value { return parquet.DoubleValue(col.Floats[i]) }
	case c.Type == series.Int64:
		return func(i int) parquet.Value { return parquet.Int64Value(col.Ints[i]) }
	}
	dict := make([]parquet.Value, len(col.Texts.Dict))
	for i, text := range col.Texts.Dict {
		dict[i] = parquet.ByteArrayValue([]byte(text))
	}
	return func(i int) parquet.Value { return dict[col.Texts.Index[i]] }
}

func (s *parquetSheet) close() error { return s.w.Close() }
