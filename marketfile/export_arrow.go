package marketfile

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/redfire-quant/redfire/series"
)

// An arrowSheet writes an Arrow IPC file. Symbols and intervals are numbers in
// dictionaries of all that are exported; other texts are texts, since such a file
// has each dictionary once, in front of rows that are not known yet.
type arrowSheet struct {
	of      *export
	w       *ipc.FileWriter
	schema  *arrow.Schema
	rows    int // in builders
	codes   [2]map[string]int32
	dicts   [2]arrow.Array
	build   []array.Builder
	indexed int // how many columns are numbers in a dictionary
}

func newArrowSheet(e *export, w io.Writer) (*arrowSheet, error) {
	s := &arrowSheet{of: e}
	attributes, err := json.Marshal(e.attrs)
	if err != nil {
		return nil, err
	}
	instant := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	indexed := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	fields := []arrow.Field{{Name: fieldSymbol, Type: indexed}}
	symbols, intervals := []string{}, []string{}
	for _, k := range e.Keys {
		symbols, intervals = append(symbols, k.Symbol.String()), append(intervals, k.Interval.String())
	}
	s.setDictionary(symbols)
	if e.Kind == series.Bars {
		s.setDictionary(intervals)
		fields = append(fields, arrow.Field{Name: fieldInterval, Type: indexed})
	}
	fields = append(fields, arrow.Field{Name: fieldTime, Type: instant})
	if e.Kind == series.Ticks {
		fields = append(fields, arrow.Field{Name: fieldSeq, Type: arrow.PrimitiveTypes.Uint32})
	}
	for i := range e.columns {
		c := &e.columns[i]
		f := arrow.Field{Name: c.typedName(e.Kind), Nullable: c.extra || c.isLocal()}
		switch {
		case c.isLocal():
			f.Type = instant
		case c.Type == series.Float64:
			f.Type = arrow.PrimitiveTypes.Float64
		case c.Type == series.Int64:
			f.Type = arrow.PrimitiveTypes.Int64
		default:
			f.Type = arrow.BinaryTypes.String
		}
		fields = append(fields, f)
	}
	meta := arrow.NewMetadata([]string{attributesKey}, []string{string(attributes)})
	s.schema = arrow.NewSchema(fields, &meta)
	for i, f := range fields {
		if i < s.indexed {
			f.Type = arrow.PrimitiveTypes.Int32
		}
		s.build = append(s.build, array.NewBuilder(memory.DefaultAllocator, f.Type))
	}
	s.w, err = ipc.NewFileWriter(w, ipc.WithSchema(s.schema), ipc.WithZstd(), ipc.WithCompressConcurrency(1))
	return s, err
}

// setDictionary sets the dictionary of the next column that has one.
func (s *arrowSheet) setDictionary(texts []string) {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues(texts, nil)
	codes := make(map[string]int32, len(texts))
	for i, text := range texts {
		codes[text] = int32(i)
	}
	s.codes[s.indexed], s.dicts[s.indexed] = codes, b.NewArray()
	s.indexed++
}

func (s *arrowSheet) write(f *series.Frame) error {
	s.rows += f.Len()
	names := [2]string{f.Key.Symbol.String(), f.Key.Interval.String()}
	for at := range s.indexed {
		code := s.codes[at][names[at]]
		b := s.build[at].(*array.Int32Builder)
		b.Reserve(f.Len())
		for range f.Len() {
			b.UnsafeAppend(code)
		}
	}
	next := s.indexed
	times := s.build[next].(*array.TimestampBuilder)
	times.Reserve(f.Len())
	for _, t := range f.Time {
		times.UnsafeAppend(arrow.Timestamp(t))
	}
	next++
	if s.of.Kind == series.Ticks {
		s.build[next].(*array.Uint32Builder).AppendValues(f.Seq, nil)
		next++
	}
	for i := range s.of.columns {
		c := &s.of.columns[i]
		c.appendArrow(s.build[next+i], f.Column(c.Name), f.Len())
	}
	if s.rows < exportRows {
		return nil
	}
	return s.flush()
}

// appendArrow appends rows of a column, nil if the frame lacks it.
func (c *exported) appendArrow(b array.Builder, col *series.Column, rows int) {
	b.Reserve(rows)
	if col == nil {
		if c.extra || c.isLocal() {
			b.AppendNulls(rows)
		} else {
			b.AppendEmptyValues(rows)
		}
		return
	}
	var valid []bool
	if c.extra {
		valid = col.Valid
	}
	switch b := b.(type) {
	case *array.Float64Builder:
		b.AppendValues(col.Floats, valid)
	case *array.Int64Builder:
		b.AppendValues(col.Ints, valid)
	case *array.TimestampBuilder:
		for _, t := range col.Ints {
			if t == 0 {
				b.AppendNull()
				continue
			}
			b.Append(arrow.Timestamp(t))
		}
	case *array.StringBuilder:
		for i, code := range col.Texts.Index {
			if valid != nil && !valid[i] {
				b.AppendNull()
				continue
			}
			b.Append(col.Texts.Dict[code])
		}
	}
}

// flush writes a batch.
func (s *arrowSheet) flush() error {
	columns := make([]arrow.Array, len(s.build))
	for i, b := range s.build {
		columns[i] = b.NewArray()
		if i < s.indexed {
			columns[i] = array.NewDictionaryArray(s.schema.Field(i).Type, columns[i], s.dicts[i])
		}
	}
	batch := array.NewRecordBatch(s.schema, columns, int64(s.rows))
	s.rows = 0
	return s.w.Write(batch)
}

func (s *arrowSheet) close() error {
	if s.rows > 0 {
		if err := s.flush(); err != nil {
			return err
		}
	}
	return s.w.Close()
}
