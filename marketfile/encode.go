package marketfile

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// A Format is a form in which rows are written.
type Format string

// The forms in which rows are written.
const (
	CSV         Format = "csv"
	NDJSON      Format = "ndjson"
	JSON        Format = "json" // one array of the objects that NDJSON has a line each
	Parquet     Format = "parquet"
	Arrow       Format = "arrow"  // an IPC file, also known as Feather 2
	ArrowStream Format = "arrows" // an IPC stream, which is read while it is written
)

// EncodeOptions say how rows are written. The zero value is ready to use.
type EncodeOptions struct {
	// Format is the form; "" means CSV.
	Format Format

	// Columns are the columns to write besides symbol, interval, name, time and
	// seq, in the order of the store; nil means all base columns and all extra ones.
	Columns []string

	// Zone is the time zone whose offset times are written with as text; nil
	// means UTC.
	Zone *time.Location

	// Plain names extra columns in a text without their type, "rsi" and not
	// "rsi:float64". Import does not know them again by such names.
	Plain bool

	// Compress packs the columns of an Arrow stream with Zstandard. Files that
	// are Parquet or Arrow are packed in any case.
	Compress bool
}

// An Encoder writes rows in one of the forms, frame by frame. Text it writes in
// pieces of 64 KiB. An Arrow stream has a batch for each frame of a thousand rows
// or more, and one for several smaller ones; it is written in many pieces, of which
// some have few bytes.
//
// Without [Encoder.Close] what was written is a part. A reader can tell that of
// JSON, Parquet and an Arrow file, not of CSV, NDJSON and an Arrow stream that end
// with a whole row or batch. An Encoder is for one goroutine at a time.
type Encoder struct {
	shape  *shape
	out    *sink
	sheet  sheet
	rows   int64
	closed bool
	err    error // the first one; nothing is written after it
}

// NewEncoder returns an Encoder that writes to w rows of the series that about
// tells of, all of one kind. Of an overview the key, the attributes and the extra
// columns count. A column that is of two types in two of them is an error. A nil
// opts is the same as a pointer to the zero EncodeOptions.
func NewEncoder(w io.Writer, kind series.Kind, about []series.Overview, opts *EncodeOptions) (*Encoder, error) {
	o := EncodeOptions{}
	if opts != nil {
		o = *opts
	}
	e, err := newEncoder(w, kind, about, o)
	if err != nil {
		return nil, fmt.Errorf("marketfile: encode: %w", err)
	}
	return e, nil
}

// Write writes the rows of a frame, any number in any order, of one of the series
// that NewEncoder was told of. What else f holds has to be valid as by
// [series.Frame.Validate]. Columns that NewEncoder was not told of are left out. f
// is not changed, and is the caller's again when Write returns. After an error
// nothing more is written.
func (e *Encoder) Write(f *series.Frame) error {
	if err := e.write(f); err != nil {
		return fmt.Errorf("marketfile: encode: %w", err)
	}
	return nil
}

// Close writes what is left, and the end of the form. It does not close the
// writer. After an error it returns that error, and writes nothing; a second
// Close does nothing.
func (e *Encoder) Close() error {
	if err := e.close(); err != nil {
		return fmt.Errorf("marketfile: encode: %w", err)
	}
	return nil
}

// Rows returns how many rows were given to Write.
func (e *Encoder) Rows() int64 { return e.rows }

func newEncoder(w io.Writer, kind series.Kind, about []series.Overview, o EncodeOptions) (*Encoder, error) {
	if o.Format == "" {
		o.Format = CSV
	}
	m, err := newShape(kind, about, o)
	if err != nil {
		return nil, err
	}
	e := &Encoder{shape: m, out: &sink{w: w}}
	e.sheet, err = m.sheet(e.out)
	return e, e.cause(err)
}

func (e *Encoder) write(f *series.Frame) error {
	switch {
	case e.err != nil:
	case e.closed:
		e.err = fault.FileOption.Errorf("the encoder is closed")
	case !e.shape.keys[f.Key]:
		e.err = fault.FileOption.Errorf("the encoder was not told of %s", f.Key)
	default:
		e.err = e.shape.find(f)
	}
	for part := range parts(f) {
		if e.err == nil && part != f {
			e.err = e.shape.find(part)
		}
		if e.err == nil {
			e.err = e.cause(e.sheet.write(part))
		}
		if e.err != nil {
			break
		}
		e.rows += int64(part.Len())
	}
	return e.err
}

func (e *Encoder) close() error {
	if e.err == nil && !e.closed {
		e.err = e.cause(e.sheet.close())
	}
	e.closed = true
	return e.err
}

// cause returns the error of the writer if there is one, whatever a library made
// of it, and err otherwise.
func (e *Encoder) cause(err error) error {
	if e.out.err != nil {
		return fault.FileUnwritable.Errorf("%w", fault.WithoutPath(e.out.err))
	}
	return err
}

// exportRows is how many rows are written at once: row groups and batches of
// files have as many.
const exportRows = 64 << 10

// parts yields the rows of a frame, at most exportRows at a time.
func parts(f *series.Frame) iter.Seq[*series.Frame] {
	return func(yield func(*series.Frame) bool) {
		if f.Len() <= exportRows {
			if f.Len() > 0 {
				yield(f)
			}
			return
		}
		for from := 0; from < f.Len(); from += exportRows {
			part := f.Slice(from, min(from+exportRows, f.Len()))
			if !yield(&part) {
				return
			}
		}
	}
}

// A sheet writes rows in some form.
type sheet interface {
	// write writes the rows of a frame, at most exportRows, whose columns the
	// shape has found. The frame is not kept.
	write(f *series.Frame) error
	// close writes what is left.
	close() error
}

// A shape is what all rows of an encoder have in common.
type shape struct {
	EncodeOptions
	kind    series.Kind
	keys    map[series.Key]bool
	attrs   map[string]map[string]string // of series that have any, by key
	columns []exported
}

// An exported is a column of the store that is written.
type exported struct {
	series.BaseColumn
	extra  bool
	col    *series.Column // in the frame at hand, nil if that lacks it
	floats []float64      // of col, if every row has one
}

// newShape finds out what is to be written.
func newShape(kind series.Kind, about []series.Overview, o EncodeOptions) (*shape, error) {
	switch o.Format {
	case CSV, NDJSON, JSON, Parquet, Arrow, ArrowStream:
	default:
		return nil, fault.FileOption.Errorf("%q is no form to export: csv, ndjson, json, parquet, arrow or arrows", o.Format)
	}
	if kind.String() == "" {
		return nil, fault.FileOption.Errorf("%d is no kind of series", kind)
	}
	m := &shape{EncodeOptions: o, kind: kind, keys: make(map[series.Key]bool, len(about)), attrs: map[string]map[string]string{}}
	for _, c := range series.BaseColumns(kind) {
		m.columns = append(m.columns, exported{BaseColumn: c})
	}
	if err := m.findColumns(about); err != nil {
		return nil, err
	}
	return m, m.choose()
}

// findColumns finds all extra columns of the series, and their attributes.
func (m *shape) findColumns(about []series.Overview) error {
	extras, of := map[string]series.Type{}, map[string]series.Key{}
	for _, o := range about {
		if o.Key.Kind != m.kind {
			return fault.FileOption.Errorf("%s are to be exported, and %s is none", m.kind, o.Key)
		}
		m.keys[o.Key] = true
		if len(o.Attrs) > 0 {
			m.attrs[o.Key.String()] = maps.Clone(o.Attrs)
		}
		if len(o.Extra) == 0 {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(o.Extra)) {
			t := o.Extra[name]
			if had, ok := extras[name]; ok && had != t {
				return fault.FileColumns.Errorf("the column %q is of type %s in %s and of type %s in %s: export them into two files", name, had, of[name], t, o.Key)
			}
			extras[name], of[name] = t, o.Key
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extras)) {
		m.columns = append(m.columns, exported{BaseColumn: series.BaseColumn{Name: name, Type: extras[name]}, extra: true})
	}
	return nil
}

// choose leaves out the columns that were not asked for.
func (m *shape) choose() error {
	if m.Columns == nil {
		return nil
	}
	for _, name := range m.Columns {
		if !slices.ContainsFunc(m.columns, func(c exported) bool { return c.Name == name }) {
			return fault.FileColumns.Errorf("no series has a column %q", name)
		}
	}
	m.columns = slices.DeleteFunc(m.columns, func(c exported) bool { return !slices.Contains(m.Columns, c.Name) })
	return nil
}

// find finds the columns of a frame. Sheets take the values as they lie, so one
// that is not of its type or length is an error here.
func (m *shape) find(f *series.Frame) error {
	if seqs := len(f.Seq); m.kind == series.Ticks && seqs != f.Len() {
		return fault.SeriesFrame.Errorf("there are %d values of Seq for %d rows of %s", seqs, f.Len(), m.kind)
	}
	for i := range m.columns {
		c := &m.columns[i]
		c.col, c.floats = f.Column(c.Name), nil
		switch {
		case c.col == nil:
		case c.col.Type() != c.Type:
			return fault.FileColumns.Errorf("the column %q of %s is of type %s, and the encoder was told of %s", c.Name, f.Key, c.col.Type(), c.Type)
		case c.col.Len() != f.Len():
			return fault.SeriesFrame.Errorf("the column has %d values for %d rows", c.col.Len(), f.Len())
		case c.col.Valid != nil && len(c.col.Valid) != f.Len():
			return fault.SeriesFrame.Errorf("Valid has %d values for %d rows", len(c.col.Valid), f.Len())
		case c.col.Valid == nil || !c.extra:
			c.floats = c.col.Floats
		}
	}
	return nil
}

func (m *shape) sheet(w io.Writer) (sheet, error) {
	switch m.Format {
	case NDJSON, JSON:
		return newJSONSheet(m, w), nil
	case Parquet:
		return newParquetSheet(m, w)
	case Arrow, ArrowStream:
		return newArrowSheet(m, w)
	}
	return newCSVSheet(m, w), nil
}

// keyFields are the columns that say of which series a row is, and come first.
func keyFields(kind series.Kind) []string {
	switch kind {
	case series.Bars:
		return []string{fieldSymbol, fieldInterval}
	case series.Indicator:
		return []string{fieldSymbol, fieldInterval, fieldName}
	}
	return []string{fieldSymbol}
}

// fieldName is the column of an indicator's name.
const fieldName = "name"

// appendKey appends the values of keyFields.
func appendKey(texts []string, k series.Key) []string {
	texts = append(texts, k.Symbol.String())
	if k.Kind != series.Ticks {
		texts = append(texts, k.Interval.String())
	}
	if k.Kind == series.Indicator {
		texts = append(texts, k.Name)
	}
	return texts
}

// header is the name of a column in a text, where it has to say its type.
func (m *shape) header(c *exported) string {
	if c.extra && !m.Plain {
		return c.tagged()
	}
	return m.typedName(c)
}

func (c *exported) tagged() string { return c.Name + ":" + c.Type.String() }

// typedName is the name in a file that knows types: that of the column, unless
// one of ours has it.
func (m *shape) typedName(c *exported) string {
	ours := isField(m.kind, c.Name) && c.Name != fieldDate && c.Name != fieldExchange
	if m.kind == series.Indicator {
		ours = slices.Contains(keyFields(m.kind), c.Name)
	}
	if c.extra && ours {
		return c.tagged()
	}
	return c.Name
}

// isLocal reports whether c is the time at which a tick was received.
func (c *exported) isLocal() bool { return c.Name == "localtime" && !c.extra }

// absent reports whether a row has no value.
func (c *exported) absent(i int) bool {
	if !c.extra {
		return false
	}
	return c.col == nil || c.col.Valid != nil && !c.col.Valid[i]
}

// attributes returns those of all series as JSON.
func (m *shape) attributes() (string, error) {
	if len(m.attrs) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(m.attrs)
	return string(text), err
}

// A sink remembers the first error of writing.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	s.err = err
	return n, err
}
