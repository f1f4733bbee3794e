package seglog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// A log is a folder of segments, 0000000001.log and on, and a marker. Numbers
// are little-endian and have no sign. A checksum is CRC-32C, that of iSCSI: of
// the bytes "123456789" it is 0xe3069283.
//
// A segment begins with a header of 64 bytes:
//
//	 0  8  "RFSEGLOG"
//	 8  4  version, 1
//	12  4  0
//	16 16  what the log is called, by chance; the same in all its segments
//	32  8  the number of the segment, as in its name
//	40  8  base: the position of what follows, and where the segment before ends
//	48 12  0
//	60  4  checksum of the 60 bytes before
//
// Groups follow, one behind the other. A group is a header of 32 bytes and
// records:
//
//	 0  4  0xf1e2d3c4
//	 4  4  bytes of records, with the 8 before each content
//	 8  8  the position of the group
//	16  8  how far the log was durable when the group was written
//	24  4  number of records
//	28  4  checksum of the 28 bytes before
//
// A record:
//
//	0  4  length of the content, 1 to 2^28: none looks like a group
//	4  4  checksum of the 4 bytes before and the content
//	8     content
//
// What stands at an offset of a segment has the position base + offset - 64. The
// position of a group is that of its header, the position of a record that of
// its length.
//
// The numbers of segments ascend, and may leave some out. What stands in a
// segment at or behind the base of the next one does not count: a sync of it
// failed, and it was written again there. In the last segment the log ends
// before the first group that is not sound, of which a checksum or the position
// is wrong, or a part is missing: all records of a group count, or none. A last
// segment whose header is not sound does not count either. It is damage if the
// log ends before what the marker, or a sound header of a group further on,
// says was durable.
//
// The marker, "synced", may be behind:
//
//	 0  8  the position up to which all is durable
//	 8 12  0
//	20  4  checksum of the 20 bytes before
const (
	segmentHeader = 64
	groupHeader   = 32
	recordHeader  = 8
	markerSize    = 24

	version    = 1
	groupMagic = 0xf1e2d3c4
	markerName = "synced"
	suffix     = ".log"
	tornSuffix = ".torn"
)

var segmentMagic = [8]byte([]byte("RFSEGLOG"))

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// Size returns how many bytes of log a record takes.
func Size(record []byte) Position { return Position(recordHeader + len(record)) }

func segmentName(number uint64) string { return fmt.Sprintf("%010d%s", number, suffix) }

// numberOf returns the number of the segment called name.
func numberOf(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && n > 0 && segmentName(n) == name
}

var order = binary.LittleEndian

// A header is what stands at the beginning of a segment.
type header struct {
	version uint32
	id      [16]byte
	segment
}

func headerOf(id [16]byte, s segment) []byte {
	b := make([]byte, segmentHeader)
	copy(b, segmentMagic[:])
	order.PutUint32(b[8:], version)
	copy(b[16:], id[:])
	order.PutUint64(b[32:], s.number)
	order.PutUint64(b[40:], uint64(s.base))
	order.PutUint32(b[60:], checksum(b[:60]))
	return b
}

// parseHeader returns what a segment's header says; ok is false if it fails its
// check.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < segmentHeader || [8]byte(b) != segmentMagic || order.Uint32(b[60:]) != checksum(b[:60]) {
		return h, false
	}
	s := segment{order.Uint64(b[32:]), Position(order.Uint64(b[40:]))}
	return header{order.Uint32(b[8:]), [16]byte(b[16:]), s}, true
}

// A group is the header of one.
type group struct {
	bytes  uint32
	at     Position
	synced Position
	count  uint32
}

func appendGroup(b []byte, g group) []byte {
	from := len(b)
	b = order.AppendUint32(b, groupMagic)
	b = order.AppendUint32(b, g.bytes)
	b = order.AppendUint64(b, uint64(g.at))
	b = order.AppendUint64(b, uint64(g.synced))
	b = order.AppendUint32(b, g.count)
	return order.AppendUint32(b, checksum(b[from:]))
}

func parseGroup(b []byte) (g group, ok bool) {
	if len(b) < groupHeader || order.Uint32(b) != groupMagic || order.Uint32(b[28:]) != checksum(b[:28]) {
		return g, false
	}
	return group{order.Uint32(b[4:]), Position(order.Uint64(b[8:])), Position(order.Uint64(b[16:])), order.Uint32(b[24:])}, true
}

func appendRecord(b, content []byte) []byte {
	length := order.AppendUint32(nil, uint32(len(content)))
	b = append(b, length...)
	b = order.AppendUint32(b, crc32.Update(checksum(length), castagnoli, content))
	return append(b, content...)
}

// parseRecord returns the first record of b, and the rest.
func parseRecord(b []byte) (content, rest []byte, ok bool) {
	if len(b) < recordHeader {
		return nil, b, false
	}
	n := int64(order.Uint32(b))
	if n == 0 || n > MaxRecord || n > int64(len(b)-recordHeader) {
		return nil, b, false
	}
	content = b[recordHeader : recordHeader+n]
	if order.Uint32(b[4:]) != crc32.Update(checksum(b[:4]), castagnoli, content) {
		return nil, b, false
	}
	return content, b[recordHeader+n:], true
}

// validRecords reports whether b is count records and nothing else.
func validRecords(b []byte, count uint32) bool {
	for ; count > 0; count-- {
		var ok bool
		if _, b, ok = parseRecord(b); !ok {
			return false
		}
	}
	return len(b) == 0
}

func markerOf(p Position) []byte {
	b := make([]byte, markerSize)
	order.PutUint64(b, uint64(p))
	order.PutUint32(b[20:], checksum(b[:20]))
	return b
}

// parseMarker returns what a marker says; one that fails its check says
// nothing.
func parseMarker(b []byte) (p Position, ok bool) {
	if len(b) != markerSize || order.Uint32(b[20:]) != checksum(b[:20]) {
		return 0, false
	}
	return Position(order.Uint64(b)), true
}
