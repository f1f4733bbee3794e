package marketfile

import (
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/redfire-quant/redfire/series"
)

// An arrowSheet writes an Arrow IPC file or stream. Symbols, intervals and names
// of indicators are numbers in dictionaries of all that may come; other texts are
// texts, since such a file has each dictionary once, in front of rows that are not
// known yet.
type arrowSheet struct {
	of      *shape
	w       interface{ Write(arrow.RecordBatch) error }
	end     io.Closer
	schema  *arrow.Schema
	least   int                    // rows that are worth a batch
	rows    int                    // in columns
	codes   map[series.Key][]int32 // the place of each key in the dictionaries
	texts   [][]string             // the dictionaries
	dicts   []arrow.Array
	columns []sentColumn // as many as fields
	room    *streamRoom  // of a stream that is not packed; w and end are nil
}

// streamRows are enough rows for a batch of a stream. What stands before the values
// of a batch takes as much time and space as some hundred rows.
const streamRows = 1 << 10

func newArrowSheet(m *shape, w io.Writer) (*arrowSheet, error) {
	s := &arrowSheet{of: m}
	attributes, err := m.attributes()
	if err != nil {
		return nil, err
	}
	s.setDictionaries()
	if m.Format == ArrowStream && !m.Compress {
		return s, s.unpacked(w, attributes)
	}
	s.setSchema(attributes)
	s.makeDictionaries()
	s.columns = make([]sentColumn, s.schema.NumFields())
	packed := []ipc.Option{ipc.WithSchema(s.schema), ipc.WithZstd(), ipc.WithCompressConcurrency(1)}
	if m.Format == ArrowStream {
		s.least = streamRows
		to := ipc.NewWriter(w, packed...)
		s.w, s.end = to, to
		return s, nil
	}
	s.least = exportRows
	to, err := ipc.NewFileWriter(w, packed...)
	s.w, s.end = to, to
	return s, err
}

func (s *arrowSheet) setSchema(attributes string) {
	meta := arrow.NewMetadata([]string{attributesKey}, []string{attributes})
	s.schema = arrow.NewSchema(s.of.arrowFields(), &meta)
}

// unpacked makes a stream whose batches are written as they lie in memory.
func (s *arrowSheet) unpacked(w io.Writer, attributes string) error {
	s.least = streamRows
	s.room = streamRooms.Get().(*streamRoom) //nolint:forcetypeassert // there is nothing else
	r := s.room
	r.writer.w, r.writer.begun = w, false
	r.shape = append(r.shape[:0], byte(s.of.kind))
	for i := range s.of.columns {
		c := &s.of.columns[i]
		r.shape = append(append(r.shape, s.of.typedName(c)...), 0, byte(c.Type))
		if c.extra {
			r.shape = append(r.shape, 1)
		}
	}
	r.shape = append(append(r.shape, 0), attributes...)
	if !r.writer.knows(r.shape) {
		s.setSchema(attributes)
		if err := r.writer.describe(r.shape, s.schema); err != nil {
			return err
		}
	}
	n := len(s.texts) + 1 + len(s.of.columns)
	if s.of.kind == series.Ticks {
		n++
	}
	r.columns = slices.Grow(r.columns[:0], n)[:n]
	s.columns = r.columns
	return nil
}

// arrowFields returns the columns of a file.
func (m *shape) arrowFields() []arrow.Field {
	instant := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	indexed := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	fields := make([]arrow.Field, 0, len(m.columns)+4)
	for _, name := range keyFields(m.kind) {
		fields = append(fields, arrow.Field{Name: name, Type: indexed})
	}
	fields = append(fields, arrow.Field{Name: fieldTime, Type: instant})
	if m.kind == series.Ticks {
		fields = append(fields, arrow.Field{Name: fieldSeq, Type: arrow.PrimitiveTypes.Uint32})
	}
	for i := range m.columns {
		c := &m.columns[i]
		f := arrow.Field{Name: m.typedName(c), Nullable: c.nullable()}
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
	return fields
}

// nullable reports whether a row may be without a value.
func (c *exported) nullable() bool { return c.extra || c.isLocal() }

// setDictionaries makes the dictionaries of what keys consist of, in the order of
// the texts.
func (s *arrowSheet) setDictionaries() {
	width := len(keyFields(s.of.kind))
	s.codes = make(map[series.Key][]int32, len(s.of.keys))
	all, texts := make([][]string, width), make([]string, 0, width)
	for k := range s.of.keys {
		for at, text := range appendKey(texts, k) {
			all[at] = append(all[at], text)
		}
	}
	for at := range all {
		slices.Sort(all[at])
		all[at] = slices.Compact(all[at])
	}
	s.texts = all
	for k := range s.of.keys {
		codes := make([]int32, width)
		for at, text := range appendKey(texts, k) {
			i, _ := slices.BinarySearch(all[at], text)
			codes[at] = int32(i)
		}
		s.codes[k] = codes
	}
}

// makeDictionaries makes of them what the library takes.
func (s *arrowSheet) makeDictionaries() {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for _, texts := range s.texts {
		b.AppendValues(texts, nil)
		s.dicts = append(s.dicts, b.NewArray())
	}
}

// write makes a batch of a frame that is large enough, out of the values as they
// lie there. Those of smaller ones are copied until they are enough.
func (s *arrowSheet) write(f *series.Frame) error {
	n, lent := f.Len(), s.rows == 0 && f.Len() >= s.least
	next := 0
	for _, code := range s.codes[f.Key] {
		s.columns[next].same(code, n, lent)
		next++
	}
	s.columns[next].put(arrow.GetBytes(f.Time), lent)
	next++
	if s.of.kind == series.Ticks {
		s.columns[next].put(arrow.GetBytes(f.Seq), lent)
		next++
	}
	for i := range s.of.columns {
		a := &s.columns[next+i]
		c := &s.of.columns[i]
		if c.nullable() {
			a.mark(s.rows, n, c)
		}
		a.values(c, n, lent)
	}
	if s.rows += n; s.rows < s.least {
		return nil
	}
	return s.flush()
}

// flush writes a batch.
func (s *arrowSheet) flush() error {
	var err error
	if s.room != nil {
		err = s.writeUnpacked()
	} else {
		err = s.writePacked()
	}
	s.rows = 0
	for i := range s.columns {
		s.columns[i].clear()
	}
	return err
}

// writeUnpacked writes a batch of the columns as they lie there.
func (s *arrowSheet) writeUnpacked() error {
	to := &s.room.writer
	if err := to.begin(s.texts); err != nil {
		return err
	}
	first := len(s.columns) - len(s.of.columns)
	for i := range s.columns {
		a := &s.columns[i]
		var valid []byte
		if a.nulls > 0 {
			valid = a.valid
		}
		if i >= first && s.of.columns[i-first].Type == series.Text {
			to.column(s.rows, a.nulls, valid, arrow.GetBytes(a.ends), a.text)
		} else {
			to.column(s.rows, a.nulls, valid, a.fixed)
		}
	}
	return to.write(arrowBatch, 0, s.rows)
}

func (s *arrowSheet) writePacked() error {
	arrays := make([]arrow.Array, len(s.columns))
	for i := range s.columns {
		t := s.schema.Field(i).Type
		if i >= len(s.dicts) {
			arrays[i] = array.MakeFromData(s.columns[i].data(t, s.rows))
			continue
		}
		codes := array.MakeFromData(s.columns[i].data(arrow.PrimitiveTypes.Int32, s.rows))
		arrays[i] = array.NewDictionaryArray(t, codes, s.dicts[i])
	}
	batch := array.NewRecordBatch(s.schema, arrays, int64(s.rows))
	return s.w.Write(batch)
}

func (s *arrowSheet) close() error {
	if s.rows > 0 {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if s.room == nil {
		return s.end.Close()
	}
	err := s.room.writer.close()
	s.room.writer.w = nil
	streamRooms.Put(s.room)
	s.room, s.columns = nil, nil
	return err
}

// An sentColumn holds values of a batch as Arrow lays them out.
type sentColumn struct {
	fixed   []byte  // of numbers; of a frame, or kept
	kept    []byte  // room for numbers that are copied
	valid   []byte  // a bit a row
	nulls   int     // rows without a value
	ends    []int32 // of texts, behind a 0
	text    []byte
	code    int32   // what codes are full of
	codes   []int32 // room for the same code again and again
	nothing []byte  // zeros
}

// put adds numbers, which stay where they are if they are lent.
func (a *sentColumn) put(numbers []byte, lent bool) {
	if lent {
		a.fixed = numbers
		return
	}
	a.kept = append(a.kept, numbers...)
	a.fixed = a.kept
}

// same adds n times the same code.
func (a *sentColumn) same(code int32, n int, lent bool) {
	if code != a.code || len(a.codes) < n {
		a.code, a.codes = code, slices.Grow(a.codes[:0], n)[:n]
		for i := range a.codes {
			a.codes[i] = code
		}
	}
	a.put(arrow.GetBytes(a.codes[:n]), lent)
}

// values adds those of the frame at hand.
func (a *sentColumn) values(c *exported, n int, lent bool) {
	const width = 8
	switch {
	case c.Type == series.Text:
		a.addTexts(c, n)
	case c.col == nil:
		if len(a.nothing) < n*width {
			a.nothing = make([]byte, n*width)
		}
		a.put(a.nothing[:n*width], lent)
	case c.Type == series.Float64:
		a.put(arrow.GetBytes(c.col.Floats), lent)
	default:
		a.put(arrow.GetBytes(c.col.Ints), lent)
	}
}

func (a *sentColumn) addTexts(c *exported, n int) {
	if len(a.ends) == 0 {
		a.ends = append(a.ends, 0)
	}
	a.ends = slices.Grow(a.ends, n)
	for i := range n {
		if c.col != nil && !c.absent(i) {
			a.text = append(a.text, c.col.Texts.Dict[c.col.Texts.Index[i]]...)
		}
		a.ends = append(a.ends, int32(len(a.text)))
	}
}

// mark notes which of the n rows behind the first ones have a value.
func (a *sentColumn) mark(rows, n int, c *exported) {
	for bytes := (rows + n + 7) / 8; len(a.valid) < bytes; {
		a.valid = append(a.valid, 0)
	}
	if c.col == nil {
		a.nulls += n
		return
	}
	for i := range n {
		if c.absent(i) || c.isLocal() && c.col.Ints[i] == 0 {
			a.nulls++
			continue
		}
		a.valid[(rows+i)/8] |= 1 << ((rows + i) % 8)
	}
}

// data returns the column as Arrow has it. It is used up when the batch is written.
func (a *sentColumn) data(t arrow.DataType, rows int) arrow.ArrayData {
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(a.fixed)}
	if a.nulls > 0 {
		buffers[0] = memory.NewBufferBytes(a.valid)
	}
	if t.ID() == arrow.STRING {
		buffers = []*memory.Buffer{buffers[0], memory.NewBufferBytes(arrow.GetBytes(a.ends)), memory.NewBufferBytes(a.text)}
	}
	return array.NewData(t, rows, buffers, nil, a.nulls, 0)
}

// clear makes room for the next batch.
func (a *sentColumn) clear() {
	a.fixed, a.kept, a.valid, a.nulls = nil, a.kept[:0], a.valid[:0], 0
	a.ends, a.text = a.ends[:0], a.text[:0]
}
