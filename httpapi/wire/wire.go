// Package wire carries frames of series between a server and its Go client,
// exactly: every column with its type, absent values, attributes, several series
// of different columns in one message. Who is no Go client speaks Arrow.
//
// A message is a number of sections and an end. All numbers are little-endian,
// and a length is an unsigned varint as of package encoding/binary.
//
//	'H' length JSON   a header: key, attributes and columns of what follows
//	'R' length rows   a frame: its times as int64, of ticks their numbers as uint32,
//	                  and then column by column
//	'E'               the end: a message without it was cut off
//
// A column is the byte 1 and a bit a row, the lowest first, that tells whether
// there is a value, or the byte 0 if all have one; and then its values: float64 or
// int64, or for texts their number, each with its length, and a uint32 a row.
package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/raw"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// MediaType is that of a message.
const MediaType = "application/vnd.redfire.frames"

const (
	markHeader = 'H'
	markRows   = 'R'
	markEnd    = 'E'
)

// A header is what frames have in common.
type header struct {
	Kind     string            `json:"kind"`
	Symbol   market.Symbol     `json:"symbol"`
	Interval market.Interval   `json:"interval,omitzero"`
	Name     string            `json:"name,omitempty"`
	Attrs    map[string]string `json:"attrs"` // null says nothing about them
	Columns  []column          `json:"columns"`
}

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func headerOf(f *series.Frame) *header {
	h := &header{Kind: f.Key.Kind.String(), Symbol: f.Key.Symbol, Interval: f.Key.Interval, Name: f.Key.Name, Attrs: f.Attrs}
	for i := range f.Cols {
		h.Columns = append(h.Columns, column{f.Cols[i].Name, f.Cols[i].Type().String()})
	}
	return h
}

// same reports whether frames of h may follow those of g without a word.
func (h *header) same(g *header) bool {
	return g != nil && h.Kind == g.Kind && h.Symbol == g.Symbol && h.Interval == g.Interval && h.Name == g.Name &&
		slices.Equal(h.Columns, g.Columns) && (h.Attrs == nil) == (g.Attrs == nil) && maps.Equal(h.Attrs, g.Attrs)
}

// key returns the key that h tells.
func (h *header) key() (series.Key, error) {
	kind := series.KindNamed(h.Kind)
	if kind == 0 {
		return series.Key{}, fault.APIBody.Errorf("there is no kind %q of series", h.Kind)
	}
	return series.Key{Kind: kind, Symbol: h.Symbol, Interval: h.Interval, Name: h.Name}, nil
}

// A Writer writes a message.
type Writer struct {
	w    io.Writer
	now  *header
	text []byte // what is not written yet
}

// NewWriter returns a writer of a message to w. The message has its end when
// Close has returned.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes a frame, of which nothing is kept.
func (w *Writer) Write(f *series.Frame) error {
	if f.Len() == 0 { // its columns may have no type
		f = &series.Frame{Key: f.Key, Attrs: f.Attrs}
	}
	if h := headerOf(f); !h.same(w.now) {
		text, err := json.Marshal(h)
		if err != nil {
			return fmt.Errorf("wire: write %s: %w", f.Key, err)
		}
		w.now = h
		w.text = append(w.length(markHeader, len(text)), text...)
	}
	w.text = w.length(markRows, f.Len())
	if err := w.values(raw.Little(f.Time)); err != nil {
		return err
	}
	if f.Key.Kind == series.Ticks {
		if err := w.values(raw.Little(f.Seq)); err != nil {
			return err
		}
	}
	for i := range f.Cols {
		if err := w.column(&f.Cols[i]); err != nil {
			return err
		}
	}
	return w.flush()
}

// Close writes the end.
func (w *Writer) Close() error {
	w.text = append(w.text, markEnd)
	return w.flush()
}

// length appends a mark and a length.
func (w *Writer) length(mark byte, n int) []byte {
	return binary.AppendUvarint(append(w.text, mark), uint64(n))
}

func (w *Writer) column(c *series.Column) error {
	if c.Valid == nil {
		w.text = append(w.text, 0)
	} else {
		w.text = append(w.text, 1)
		from := len(w.text)
		w.text = append(w.text, make([]byte, (len(c.Valid)+7)/8)...)
		for i, there := range c.Valid {
			if there {
				w.text[from+i/8] |= 1 << (i % 8)
			}
		}
	}
	switch {
	case c.Floats != nil:
		return w.values(raw.Little(c.Floats))
	case c.Ints != nil:
		return w.values(raw.Little(c.Ints))
	case c.Texts == nil: // a column without rows
		return nil
	}
	w.text = binary.AppendUvarint(w.text, uint64(len(c.Texts.Dict)))
	for _, s := range c.Texts.Dict {
		w.text = append(binary.AppendUvarint(w.text, uint64(len(s))), s...)
	}
	return w.values(raw.Little(c.Texts.Index))
}

// values writes numbers behind what is not written yet.
func (w *Writer) values(b []byte) error {
	const few = 4 << 10
	if len(b) < few {
		w.text = append(w.text, b...)
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.w.Write(b)
	return err
}

func (w *Writer) flush() error {
	_, err := w.w.Write(w.text)
	w.text = w.text[:0]
	return err
}

// errCut is the error of a message without an end.
var errCut = fmt.Errorf("the message ends before its end: %w", io.ErrUnexpectedEOF)

// Read yields the frames of a message, which may hold at most that many bytes of
// values. A frame is the caller's. What is no message, or is cut off, is an error;
// it ends the sequence. What the frames hold is not checked: [series.Store] does.
func Read(r io.Reader, most int64) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		in := &reader{r: bufio.NewReaderSize(r, 64<<10), left: most}
		for {
			f, err := in.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// A reader reads a message.
type reader struct {
	r    *bufio.Reader
	left int64 // bytes that may be held
	key  series.Key
	now  *header
	cols []series.Type
}

// next returns the next frame, io.EOF behind the last.
func (in *reader) next() (*series.Frame, error) {
	for {
		mark, err := in.r.ReadByte()
		switch {
		case err != nil:
			return nil, cut(err)
		case mark == markEnd:
			return nil, io.EOF
		case mark == markRows && in.now != nil:
			return in.frame()
		case mark != markHeader:
			return nil, fault.APIBody.Errorf("the body is no message of frames: byte %#x stands where a section begins", mark)
		}
		if err := in.header(); err != nil {
			return nil, err
		}
	}
}

// cut returns the error of reading, the end of what was sent being none that is
// expected.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// size reads a length of things of some bytes each, and takes them from what may
// be held.
func (in *reader) size(each int64) (int, error) {
	n, err := binary.ReadUvarint(in.r)
	if err != nil {
		return 0, cut(err)
	}
	if each = max(each, 1); in.left < 0 || n > uint64(in.left/each) {
		return 0, errTooMuch()
	}
	in.left -= int64(n) * each
	return int(n), nil
}

func errTooMuch() error {
	return fault.APITooLarge.Errorf("the body tells of more data than a request may bring at once")
}

// mostHeader is how long a header may be: keys, attributes and columns are few.
const mostHeader = 1 << 20

func (in *reader) header() error {
	n, err := in.size(1)
	if err != nil {
		return err
	}
	if n > mostHeader {
		return errTooMuch()
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in.r, text); err != nil {
		return cut(err)
	}
	h := &header{}
	if err := json.Unmarshal(text, h); err != nil {
		return fault.APIBody.Errorf("the header of a frame: %w", err)
	}
	if in.key, err = h.key(); err != nil {
		return err
	}
	if in.left -= 16 * int64(n); in.left < 0 {
		return errTooMuch()
	}
	in.cols = in.cols[:0]
	for _, c := range h.Columns {
		t := series.TypeNamed(c.Type)
		if t == 0 {
			return fault.APIBody.Errorf("the column %q of %s is of a type %q that does not exist", c.Name, in.key, c.Type)
		}
		in.cols = append(in.cols, t)
	}
	in.now = h
	return nil
}

func (in *reader) frame() (*series.Frame, error) {
	width := int64(8)
	if in.key.Kind == series.Ticks {
		width += 4
	}
	rows, err := in.size(width + 9*int64(len(in.cols)))
	if err != nil {
		return nil, err
	}
	const overhead = 1 << 10 // of a frame, however few rows it has
	if in.left -= overhead + 64*int64(len(in.cols)); in.left < 0 {
		return nil, errTooMuch()
	}
	f := &series.Frame{Key: in.key, Attrs: in.now.Attrs}
	if f.Time, err = numbers[market.Time](in, rows); err != nil {
		return nil, err
	}
	if in.key.Kind == series.Ticks {
		if f.Seq, err = numbers[uint32](in, rows); err != nil {
			return nil, err
		}
	}
	for i, t := range in.cols {
		c, err := in.column(t, rows)
		if err != nil {
			return nil, err
		}
		c.Name = in.now.Columns[i].Name
		f.Cols = append(f.Cols, c)
	}
	return f, nil
}

// numbers reads numbers.
func numbers[T raw.Number](in *reader, rows int) ([]T, error) {
	values := make([]T, rows)
	b := raw.Bytes(values)
	if _, err := io.ReadFull(in.r, b); err != nil {
		return nil, cut(err)
	}
	if raw.BigEndian && rows > 0 {
		raw.Swap(b, len(b)/rows)
	}
	return values, nil
}

func (in *reader) column(t series.Type, rows int) (c series.Column, err error) {
	mark, err := in.r.ReadByte()
	switch {
	case err != nil:
		return c, cut(err)
	case mark == 1:
		if c.Valid, err = in.valid(rows); err != nil {
			return c, err
		}
	case mark != 0:
		return c, fault.APIBody.Errorf("byte %#x stands where a column of %s begins", mark, in.key)
	}
	switch t {
	case series.Float64:
		c.Floats, err = numbers[float64](in, rows)
	case series.Int64:
		c.Ints, err = numbers[int64](in, rows)
	default:
		c.Texts, err = in.texts(rows)
	}
	return c, err
}

// valid reads which rows have a value.
func (in *reader) valid(rows int) ([]bool, error) {
	bits := make([]byte, (rows+7)/8)
	if _, err := io.ReadFull(in.r, bits); err != nil {
		return nil, cut(err)
	}
	valid := make([]bool, rows)
	for i := range valid {
		valid[i] = bits[i/8]&(1<<(i%8)) != 0
	}
	return valid, nil
}

func (in *reader) texts(rows int) (*series.Texts, error) {
	n, err := in.size(16)
	if err != nil {
		return nil, err
	}
	t := &series.Texts{Dict: make([]string, n)}
	for i := range t.Dict {
		size, err := in.size(1)
		if err != nil {
			return nil, err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in.r, text); err != nil {
			return nil, cut(err)
		}
		t.Dict[i] = string(text)
	}
	t.Index, err = numbers[uint32](in, rows)
	return t, err
}
