package marketfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// A streamWriter writes the messages of an Arrow stream whose buffers are not
// packed. The library makes some hundred objects for a stream and for each batch,
// which is more work than to write two thousand rows; what it makes of a schema is
// remembered.
//
// A message is a mark, the length of what describes it, and that, a flatbuffer; and
// then the buffers of its columns, one behind the other. A flatbuffer is tables that
// refer to each other by their distances, all numbers little-endian. Those here
// always have the same shape, so that only the numbers in it differ.
type streamWriter struct {
	w       io.Writer
	begun   bool
	shape   []byte // what schema is of
	schema  []byte // the message
	message []byte
	nodes   []arrowNode
	buffers [][]byte
}

// An arrowNode tells of a column.
type arrowNode struct{ rows, nulls int }

// column adds a column whose values are in buffers.
func (s *streamWriter) column(rows, nulls int, buffers ...[]byte) {
	s.nodes = append(s.nodes, arrowNode{rows, nulls})
	s.buffers = append(s.buffers, buffers...)
}

// Numbers of the format.
const (
	arrowVersion = 4  // that of version 1.0 and later
	arrowAlign   = 64 // of buffers
)

// knows reports whether the schema is that of a shape.
func (s *streamWriter) knows(shape []byte) bool { return bytes.Equal(s.shape, shape) }

// describe makes the message of a schema, which depends on nothing but what is in
// shape.
func (s *streamWriter) describe(shape []byte, schema *arrow.Schema) error {
	var b bytes.Buffer
	if err := ipc.NewWriter(&b, ipc.WithSchema(schema)).Close(); err != nil {
		return err
	}
	s.shape = append(s.shape[:0], shape...)
	s.schema = append(s.schema[:0], b.Bytes()[:b.Len()-len(arrowEnd)]...)
	return nil
}

// arrowEnd is the end of a stream.
const arrowEnd = "\xff\xff\xff\xff\x00\x00\x00\x00"

// begin writes the schema and the dictionaries.
func (s *streamWriter) begin(dictionaries [][]string) error {
	if s.begun {
		return nil
	}
	s.begun = true
	if _, err := s.w.Write(s.schema); err != nil {
		return err
	}
	for id, texts := range dictionaries {
		ends, text := []int32{0}, []byte{}
		for _, t := range texts {
			text = append(text, t...)
			ends = append(ends, int32(len(text)))
		}
		s.column(len(texts), 0, nil, arrow.GetBytes(ends), text)
		if err := s.write(arrowDictionary, id, len(texts)); err != nil {
			return err
		}
	}
	return nil
}

// close writes the end.
func (s *streamWriter) close() error {
	if err := s.begin(nil); err != nil {
		return err
	}
	_, err := io.WriteString(s.w, arrowEnd)
	return err
}

// write writes a message of the columns that were added.
func (s *streamWriter) write(kind byte, id, rows int) error {
	var body int
	for _, b := range s.buffers {
		body += aligned(len(b))
	}
	s.message = s.head(s.message[:0], kind, id, body)
	s.message = s.batch(s.message, rows)
	for len(s.message)%8 != 0 {
		s.message = append(s.message, 0)
	}
	binary.LittleEndian.PutUint32(s.message[4:], uint32(len(s.message)-8))
	_, err := s.w.Write(s.message)
	for _, b := range s.buffers {
		if err == nil && len(b) > 0 {
			_, err = s.w.Write(b)
		}
		if gap := aligned(len(b)) - len(b); err == nil && gap > 0 {
			_, err = s.w.Write(noBytes[:gap])
		}
	}
	s.nodes = s.nodes[:0]
	clear(s.buffers)
	s.buffers = s.buffers[:0]
	return err
}

var noBytes [arrowAlign]byte

func aligned(n int) int { return (n + arrowAlign - 1) &^ (arrowAlign - 1) }

// head begins a message. Behind it stands the table of a batch. Distances are told
// from where they stand; that of a table to what tells of its fields goes back.
func (s *streamWriter) head(b []byte, kind byte, id, body int) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, continued)
	b = le.AppendUint32(b, 0)  // the length, which is not known yet
	b = le.AppendUint32(b, 16) // 0: to the table of the message
	for _, x := range [...]uint16{12, 20, 16, 18, 4, 8} {
		b = le.AppendUint16(b, x) // 4: sizes, and where in the table its four fields are
	}
	b = le.AppendUint32(b, 12) // 16: the table: back to 4
	b = le.AppendUint32(b, 28) // from 20 to 48: the table of a batch, or of a dictionary
	b = le.AppendUint64(b, uint64(body))
	b = le.AppendUint16(b, arrowVersion) // 32
	b = append(b, kind, 0)
	if kind != arrowDictionary {
		return b
	}
	for _, x := range [...]uint16{8, 16, 8, 4, 0, 0} {
		b = le.AppendUint16(b, x) // 36: sizes, and where the two fields are
	}
	b = le.AppendUint32(b, 12) // 48: back to 36
	b = le.AppendUint32(b, 28) // from 52 to 80: the table of a batch
	b = le.AppendUint64(b, uint64(id))
	return le.AppendUint32(b, 0)
}

// batch adds the table of a batch, and what it refers to. It stands 12 bytes behind
// what tells of its fields.
func (s *streamWriter) batch(b []byte, rows int) []byte {
	le := binary.LittleEndian
	for _, x := range [...]uint16{10, 20, 8, 4, 16, 0} {
		b = le.AppendUint16(b, x)
	}
	b = le.AppendUint32(b, 12)
	b = le.AppendUint32(b, 16) // from 4 to 20: the columns
	b = le.AppendUint64(b, uint64(rows))
	b = le.AppendUint32(b, uint32(4+4+16*len(s.nodes)+4)) // from 16: the buffers
	b = le.AppendUint32(b, uint32(len(s.nodes)))          // 20
	for _, n := range s.nodes {
		b = le.AppendUint64(le.AppendUint64(b, uint64(n.rows)), uint64(n.nulls))
	}
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, uint32(len(s.buffers)))
	at := 0
	for _, x := range s.buffers {
		b = le.AppendUint64(le.AppendUint64(b, uint64(at)), uint64(len(x)))
		at += aligned(len(x))
	}
	return b
}

// A streamRoom is what the next stream may use again.
type streamRoom struct {
	writer  streamWriter
	columns []sentColumn
	shape   []byte
}

var streamRooms = sync.Pool{New: func() any { return &streamRoom{} }}
