package marketfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/redfire-quant/redfire/fault"
)

// arrowMark is how an Arrow file begins and ends, and continued how a message of
// it does.
const (
	arrowMark = "ARROW1"
	continued = 0xFFFFFFFF
)

// isArrow reports whether an Arrow file or stream begins so. The messages of old
// streams begin with their length: no text does, since one of its bytes is 0.
func isArrow(begin []byte) bool {
	if len(begin) < 8 {
		return false
	}
	length, root := binary.LittleEndian.Uint32(begin), binary.LittleEndian.Uint32(begin[4:])
	old := length >= 16 && length < 1<<24 && root >= 4 && root < 64
	return bytes.HasPrefix(begin, []byte(arrowMark)) || length == continued && root != 0 || old
}

// arrowMessages reads the messages of an Arrow stream, or of a file, whose footer
// tells where they are. It gives the library messages that are whole, unpacked, and
// within bounds. A stream without its end was cut off, which the library takes for
// its end.
type arrowMessages struct {
	in     *input
	from   io.Reader // of the message that is next
	known  int64     // bytes that there are at most, 0 if that is not known
	footer *arrowFooter
	begun  bool // the schema was read
	width  int  // columns of it
	ended  bool
	err    error
	zstd   *zstd.Decoder
	lz4    *lz4.Reader
}

func newArrowMessages(in *input) (*arrowMessages, error) {
	m := &arrowMessages{in: in, from: in.text}
	begin, err := in.text.Peek(len(arrowMark))
	switch {
	case err != nil:
		return nil, m.readFault(err)
	case string(begin) != arrowMark:
		if !in.packed {
			m.known = in.size
		}
		return m, nil
	case in.packed || in.size == 0:
		return nil, fault.FileForm.Errorf("it is an Arrow file that is packed or in a pipe: unpack it to a disk first, or write an Arrow stream; its end is read before its beginning")
	}
	m.known = in.size
	m.footer, err = readArrowFooter(io.NewSectionReader(in.file, 0, in.size))
	return m, err
}

// Retain and Release are there for the library.
func (m *arrowMessages) Retain()  {}
func (m *arrowMessages) Release() {}

// Message returns the next message, io.EOF after the last. The error of another
// kind stays in err, since the library takes some for the end.
func (m *arrowMessages) Message() (*ipc.Message, error) {
	if m.ended {
		return nil, io.EOF
	}
	if m.err != nil {
		return nil, m.err
	}
	msg, err := m.message()
	if err == nil && msg == nil {
		m.ended = true
		return nil, io.EOF
	}
	m.err = err
	return msg, err
}

// message returns the next message, nil after the last.
func (m *arrowMessages) message() (*ipc.Message, error) {
	var want byte
	if m.footer != nil {
		if !m.begun {
			return m.schema()
		}
		b, ok := m.footer.next()
		if !ok {
			return nil, nil
		}
		m.in.taken.Store(b.from + b.size)
		m.from, want = io.NewSectionReader(m.in.file, b.from, b.size), b.kind
	}
	length, err := m.length()
	if err != nil {
		return nil, err
	}
	if length == 0 && m.footer == nil {
		return nil, m.end()
	}
	if length < 8 || length > mostMeta {
		return nil, fault.FileDamaged.Errorf("a message begins with %d bytes", length)
	}
	meta, err := m.part(int64(length))
	if err != nil {
		return nil, err
	}
	root := flatRoot(meta)
	size, kind := root.int64(3), root.byte(1)
	if size < 0 || size > mostBatch {
		return nil, errBatch(size)
	}
	body, err := m.part(size)
	if err != nil {
		return nil, err
	}
	if want != 0 && kind != want {
		return nil, errKind(kind)
	}
	if body, err = m.check(root, body); err != nil {
		return nil, err
	}
	return ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body)), nil
}

// schema returns the schema of a file as a message.
func (m *arrowMessages) schema() (*ipc.Message, error) {
	meta := m.footer.schema
	if _, err := m.check(flatRoot(meta), nil); err != nil {
		return nil, err
	}
	return ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(nil)), nil
}

func errBatch(size int64) error {
	return fault.FileForm.Errorf("a batch of it has %d bytes, at most %d are read: write it in smaller batches", size, mostBatch)
}

// length reads the length of what describes the next message, 0 after the last.
func (m *arrowMessages) length() (uint32, error) {
	var b [4]byte
	_, err := io.ReadFull(m.from, b[:])
	if err == nil && binary.LittleEndian.Uint32(b[:]) == continued {
		_, err = io.ReadFull(m.from, b[:])
	}
	if err != nil {
		return 0, m.readFault(err)
	}
	return binary.LittleEndian.Uint32(b[:]), nil
}

// part reads so many bytes. Room is made for no more than there are, and where
// that is not known for twice as many as came.
func (m *arrowMessages) part(n int64) ([]byte, error) {
	const least = 1 << 20
	if m.known > 0 && n > m.known {
		return nil, errCut()
	}
	room := min(n, max(least, m.known))
	b := make([]byte, room)
	for at := 0; ; {
		got, err := io.ReadFull(m.from, b[at:])
		if err != nil {
			return nil, m.readFault(err)
		}
		if at += got; int64(at) == n {
			return b, nil
		}
		b = append(make([]byte, 0, min(n, 2*int64(at))), b...)
		b = b[:cap(b)]
	}
}

func errCut() error {
	return fault.FileDamaged.Errorf("the file ends before its data does: it was cut off")
}

func (m *arrowMessages) readFault(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && !m.in.packed {
		return errCut()
	}
	return readFault(err)
}

func errKind(kind byte) error {
	return fault.FileDamaged.Errorf("a message is of kind %d, where it cannot be", kind)
}

// check checks a message, and returns its body unpacked.
func (m *arrowMessages) check(root flatTable, body []byte) ([]byte, error) {
	t, ok := root.table(2)
	if !ok {
		return nil, fault.FileDamaged.Errorf("a message holds nothing")
	}
	names := &schemaGuard{}
	if names.keyed(root, 4); names.bytes > mostMeta {
		return nil, fault.FileDamaged.Errorf("a message has names of more than %d MB", mostMeta>>20)
	}
	columns := m.width
	switch kind := root.byte(1); {
	case kind == arrowSchema && !m.begun:
		m.begun = true
		_, m.width = t.vector(1, 4)
		return body, checkSchema(t)
	case kind == arrowDictionary && m.begun:
		if t, ok = t.table(1); !ok {
			return nil, fault.FileDamaged.Errorf("a message holds nothing")
		}
		columns = 1
	case kind == arrowBatch && m.begun:
	default:
		return nil, errKind(kind)
	}
	if err := checkBatch(t, columns); err != nil {
		return nil, err
	}
	return m.unpack(t, body)
}

// A stretch is a part of a body, as the message tells it.
type stretch struct {
	at     int // in the message, where it is told
	packed []byte
	size   int // unpacked; stored if it is not packed
	stored bool
}

// unpack unpacks the parts of a body. The library takes them for stored ones
// among packed ones, in front of which the format puts a -1.
func (m *arrowMessages) unpack(t flatTable, body []byte) ([]byte, error) {
	const head = 8
	packing, packed := t.table(3)
	at, n := t.vector(2, 16)
	parts, room := make([]stretch, 0, n), int64(0)
	for i := range n {
		from, length := binary.LittleEndian.Uint64(t.bytes[at+16*i:]), binary.LittleEndian.Uint64(t.bytes[at+16*i+8:])
		if from > uint64(len(body)) || length > uint64(len(body))-from || length > 0 && from%8 != 0 {
			return nil, fault.FileDamaged.Errorf("a column lies outside of its batch")
		}
		if !packed || length == 0 {
			continue
		}
		s, err := stretchOf(body[from:from+length], packing.byte(0))
		if err != nil {
			return nil, err
		}
		s.at = at + 16*i
		if room += head + int64(s.size+7)&^7; room > mostBatch {
			return nil, errBatch(room)
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return body, nil
	}
	all, from := make([]byte, room), 0
	for _, s := range parts {
		binary.LittleEndian.PutUint64(all[from:], 1<<64-1)
		if err := m.unpackPart(all[from+head:from+head+s.size], s, packing.byte(0)); err != nil {
			return nil, err
		}
		binary.LittleEndian.PutUint64(t.bytes[s.at:], uint64(from))
		binary.LittleEndian.PutUint64(t.bytes[s.at+8:], uint64(head+s.size))
		from += head + (s.size+7)&^7
	}
	return all, nil
}

// The ways in which parts of a body are packed.
const (
	arrowLZ4  = 0
	arrowZstd = 1
)

// stretchOf returns a part of a body, in front of which is how long it is
// unpacked. That is no more than so many bytes can become.
func stretchOf(b []byte, packing byte) (stretch, error) {
	const (
		head     = 8
		mostLZ4  = 255   // bytes that one becomes
		mostZstd = 32768 // four bytes make a block of 128 kB
		spare    = 1 << 16
	)
	if len(b) < head {
		return stretch{}, fault.FileDamaged.Errorf("a packed column has %d bytes", len(b))
	}
	s := stretch{packed: b[head:]}
	size := int64(binary.LittleEndian.Uint64(b))
	if s.stored = size == -1; s.stored {
		s.size = len(s.packed)
		return s, nil
	}
	times := int64(mostLZ4)
	if packing == arrowZstd {
		times = mostZstd
	}
	if size < 0 || size > mostBatch || size > times*int64(len(s.packed))+spare {
		return stretch{}, fault.FileDamaged.Errorf("%d packed bytes would become %d", len(s.packed), size)
	}
	s.size = int(size)
	return s, nil
}

// unpackPart unpacks a part of a body, all of which fills to.
func (m *arrowMessages) unpackPart(to []byte, s stretch, packing byte) (err error) {
	n := len(to)
	switch {
	case s.stored:
		copy(to, s.packed)
	case packing == arrowZstd:
		if m.zstd == nil {
			if m.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true)); err != nil {
				return err
			}
			m.in.ends = append(m.in.ends, m.zstd.Close)
		}
		var got []byte
		got, err = m.zstd.DecodeAll(s.packed, to[:0:len(to)])
		n = len(got)
	case packing == arrowLZ4:
		if m.lz4 == nil {
			m.lz4 = lz4.NewReader(nil)
		}
		m.lz4.Reset(bytes.NewReader(s.packed))
		n, err = fill(to, m.lz4)
	default:
		return fault.FileForm.Errorf("its columns are packed by %d, which is not read: write it with zstd or lz4", packing)
	}
	if err != nil || n != len(to) {
		return fault.FileDamaged.Errorf("a packed column does not become the %d bytes that it should", len(to))
	}
	return nil
}

// end sees to it that nothing follows the end of a stream.
func (m *arrowMessages) end() error {
	_, err := m.in.text.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return m.readFault(err)
	}
	return fault.FileDamaged.Errorf("something follows the end of the stream")
}
