package localseries

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/zeebo/xxh3"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
)

// A segment is a file of chunks, segment-0000000001 and on, that is written once:
//
//	 0  8  "RFSEGMNT"
//	 8  8  version, 1
//	16  8  the number in its name
//	24  8  XXH3-64 of the 24 bytes before
//	32     chunks
//	       a directory: of each chunk 8 bytes of its offset, and its head
//	       40 bytes of trailer: 8 of the offset of the directory, 8 of its length,
//	       8 of its XXH3-64, "RFSEGEND", and XXH3-64 of the 32 before
const (
	segmentStart   = 32
	segmentTrailer = 40
	segmentVersion = 1
	segmentPrefix  = "segment-"
)

var (
	segmentMagic = []byte("RFSEGMNT")
	trailerMagic = []byte("RFSEGEND")
)

type segment struct {
	number uint64
	path   string
	file   disk.File
	size   int64
	sum    uint64 // of the directory

	// accepted is the change with which its rows began to count; 0 says that
	// they did before, in the log.
	accepted uint64

	notes map[note]struct{} // what it has besides rows
	users users             // besides the engine

	damagedOnce atomic.Bool // it could not be merged
}

// noted notes what the segment has besides rows.
func (s *segment) noted(chunks []headed) {
	s.notes = map[note]struct{}{}
	for _, h := range chunks {
		if h.chunk == nil {
			s.notes[note{h.key, h.what, h.hi}] = struct{}{}
		}
	}
}

func segmentName(number uint64) string { return fmt.Sprintf("%s%010d", segmentPrefix, number) }

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, segmentPrefix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && segmentName(n) == name
}

// A segmentWriter writes a segment. Nothing of it counts before finish returns.
type segmentWriter struct {
	segment   *segment
	folder    disk.Folder
	buffer    []byte
	at        int64 // where the buffer begins in the file
	directory []byte
	chunks    []headed
	err       error
}

// bufferBytes is how much is written to a file at once.
const bufferBytes = 1 << 20

func createSegment(folder disk.Folder, number uint64) (*segmentWriter, error) {
	name := segmentName(number)
	f, err := folder.Create(name)
	if err != nil {
		return nil, failed(err)
	}
	head := append([]byte{}, segmentMagic...)
	head = order.AppendUint64(head, segmentVersion)
	head = order.AppendUint64(head, number)
	head = order.AppendUint64(head, xxh3.Hash(head))
	return &segmentWriter{segment: &segment{number: number, path: folder.Path(name), file: f}, folder: folder, buffer: head}, nil
}

// add adds a whole chunk, which the caller may use again.
func (w *segmentWriter) add(whole []byte) {
	if w.err != nil {
		return
	}
	head := whole[:order.Uint32(whole[4:])]
	at := w.at + int64(len(w.buffer))
	h, err := parseHead(head)
	if err != nil {
		w.err = fmt.Errorf("a chunk that was just made: %w", err)
		return
	}
	if h.chunk != nil {
		h.chunk.segment, h.chunk.at = w.segment, at+int64(len(head))
	}
	w.chunks = append(w.chunks, h)
	w.directory = append(order.AppendUint64(w.directory, uint64(at)), head...)
	w.buffer = append(w.buffer, whole...)
	if len(w.buffer) >= bufferBytes {
		w.write()
	}
}

func (w *segmentWriter) write() {
	if w.err != nil {
		return
	}
	if _, err := w.segment.file.WriteAt(w.buffer, w.at); err != nil {
		w.err = failed(err)
	}
	w.at += int64(len(w.buffer))
	w.buffer = w.buffer[:0]
}

// finish makes the segment durable.
func (w *segmentWriter) finish() (*segment, []headed, error) {
	at := w.at + int64(len(w.buffer))
	w.segment.sum = xxh3.Hash(w.directory)
	trailer := order.AppendUint64(nil, uint64(at))
	trailer = order.AppendUint64(trailer, uint64(len(w.directory)))
	trailer = order.AppendUint64(trailer, w.segment.sum)
	trailer = append(trailer, trailerMagic...)
	trailer = order.AppendUint64(trailer, xxh3.Hash(trailer))
	w.buffer = append(append(w.buffer, w.directory...), trailer...)
	w.write()
	w.segment.size = w.at
	if w.err == nil {
		if err := errors.Join(w.segment.file.Sync(), w.folder.Sync()); err != nil {
			w.err = failed(err)
		}
	}
	if w.err != nil {
		return nil, nil, errors.Join(w.err, w.discard())
	}
	w.segment.noted(w.chunks)
	return w.segment, w.chunks, nil
}

// discard removes what was written so far.
func (w *segmentWriter) discard() error {
	return errors.Join(w.segment.file.Close(), w.folder.Remove(segmentName(w.segment.number)))
}

// openSegment opens a segment of which size and checksum of the directory are
// known, and returns what its chunks say of themselves.
func openSegment(folder disk.Folder, known listed) (*segment, []headed, error) {
	name := segmentName(known.number)
	f, err := folder.Open(name)
	if err != nil {
		return nil, nil, missing(folder.Path(name), err)
	}
	s := &segment{number: known.number, path: folder.Path(name), file: f, size: known.size, sum: known.sum, accepted: known.accepted}
	chunks, err := s.open()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	s.noted(chunks)
	return s, chunks, nil
}

func (s *segment) damaged(offset int64, err error) error {
	return fault.DiskDamaged.Errorf("%s: offset %d: %w", s.path, offset, err)
}

// open reads header, trailer and directory.
func (s *segment) open() ([]headed, error) {
	size, err := s.file.Size()
	if err != nil {
		return nil, failed(err)
	}
	if size != s.size {
		return nil, s.damaged(size, fault.DiskDamaged.Errorf("the file has %d bytes, not %d", size, s.size))
	}
	head, err := s.read(0, segmentStart)
	if err != nil {
		return nil, err
	}
	if string(head[:8]) != string(segmentMagic) || order.Uint64(head[24:]) != xxh3.Hash(head[:24]) || order.Uint64(head[16:]) != s.number {
		return nil, s.damaged(0, errHead)
	}
	if v := order.Uint64(head[8:]); v != segmentVersion {
		return nil, fault.DiskFormat.Errorf("%s is of format %d, not %d", s.path, v, segmentVersion)
	}
	at := size - segmentTrailer
	trailer, err := s.read(at, segmentTrailer)
	if err != nil {
		return nil, err
	}
	from, ok := parseTrailer(trailer, at)
	if !ok {
		return nil, s.damaged(at, errTrailer)
	}
	directory, err := s.read(from, at-from)
	if err != nil {
		return nil, err
	}
	if sum := xxh3.Hash(directory); sum != s.sum || sum != order.Uint64(trailer[16:]) {
		return nil, s.damaged(from, errSum)
	}
	return s.parse(directory, from)
}

var (
	errHead    = fault.DiskDamaged.Errorf("the header fails its check")
	errTrailer = fault.DiskDamaged.Errorf("the trailer fails its check")
)

// parseTrailer returns where the directory begins that ends at the trailer, which
// stands at at.
func parseTrailer(b []byte, at int64) (from int64, ok bool) {
	if string(b[24:32]) != string(trailerMagic) || order.Uint64(b[32:]) != xxh3.Hash(b[:32]) {
		return 0, false
	}
	from, length := int64(order.Uint64(b)), int64(order.Uint64(b[8:]))
	return from, from >= segmentStart && length >= 0 && from+length == at
}

func (s *segment) read(at, n int64) ([]byte, error) {
	b := make([]byte, n)
	if at < 0 {
		return nil, s.damaged(0, io.ErrUnexpectedEOF)
	}
	if _, err := s.file.ReadAt(b, at); errors.Is(err, io.EOF) {
		return nil, s.damaged(at, io.ErrUnexpectedEOF)
	} else if err != nil {
		return nil, failed(err)
	}
	return b, nil
}

// parse reads the directory, which stands at an offset.
func (s *segment) parse(directory []byte, at int64) ([]headed, error) {
	var all []headed
	end := int64(segmentStart)
	for len(directory) > 0 {
		if len(directory) < 8+chunkStart {
			return nil, s.damaged(at, errShape)
		}
		offset := int64(order.Uint64(directory))
		n := int64(order.Uint32(directory[12:]))
		if offset != end || n > int64(len(directory)-8) {
			return nil, s.damaged(at, errShape)
		}
		h, err := parseHead(directory[8 : 8+n])
		if err != nil {
			return nil, s.damaged(at, err)
		}
		if h.chunk != nil {
			h.chunk.segment, h.chunk.at = s, offset+n
		}
		all = append(all, h)
		end = offset + n + h.body
		directory = directory[8+n:]
	}
	if end != at {
		return nil, s.damaged(at, errShape)
	}
	return all, nil
}

// missing returns the error of opening a file that must be there.
func missing(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.DiskDamaged.Errorf("%s: %w", path, err)
	}
	return failed(err)
}

// failed returns the error of an operation on a file.
func failed(err error) error {
	if errors.Is(err, disk.ErrFull) {
		return fault.DiskFull.Errorf("%w", err)
	}
	return fault.DiskFailed.Errorf("%w", err)
}
