package seglog

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/redfire-quant/redfire/internal/disk"
)

// Salvage yields the records in a folder that pass their check, whatever stands
// between them, oldest first, and errors of kind [fault.Corrupt] for what does
// not. It goes on after these, and changes nothing. A record that no Append was
// told of may be among them. Positions ascend.
func Salvage(d disk.Folder) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		names, err := d.List()
		if err != nil {
			yield(Record{}, failed(err))
			return
		}
		names = slices.DeleteFunc(names, func(name string) bool { _, ok := numberOf(name); return !ok })
		s := &salvager{yield: yield, goOn: true}
		for i, name := range names {
			if s.goOn {
				s.end = nextBase(d, names[i+1:])
				s.segment(d, name)
			}
		}
	}
}

// nextBase returns where the next segment begins whose header is sound.
func nextBase(d disk.Folder, names []string) Position {
	for _, name := range names {
		f, err := d.Open(name)
		if err != nil {
			continue
		}
		b := make([]byte, segmentHeader)
		n, _ := f.ReadAt(b, 0) // what cannot be read says nothing
		h, ok := parseHeader(b[:n])
		if f.Close() == nil && ok {
			return h.base
		}
	}
	return math.MaxUint64
}

// A salvager looks for what is sound.
type salvager struct {
	yield func(Record, error) bool
	goOn  bool
	next  Position // records before it were yielded
	end   Position // groups of the segment that stand there or behind do not count
}

// segment looks through a file. It is as large as a segment may be: it is read
// whole.
func (s *salvager) segment(d disk.Folder, name string) {
	b, err := disk.ReadFile(d, name, 2*MaxCall)
	if err != nil {
		s.goOn = s.yield(Record{}, failed(err))
		return
	}
	at := 0
	if h, ok := parseHeader(b); ok {
		at = segmentHeader
		switch {
		case s.end < h.base:
			s.end = math.MaxUint64 // that is no segment of this log
		case s.end-h.base < Position(len(b)-at):
			b = b[:at+int(s.end-h.base)]
		}
	}
	magic := order.AppendUint32(nil, groupMagic)
	for s.goOn && at < len(b) {
		if g, ok := parseGroup(b[at:]); ok {
			if g.at >= s.end {
				at = len(b) // what follows was not kept either
				continue
			}
			sound := s.group(g, b[at+groupHeader:min(len(b), at+groupHeader+int(g.bytes))])
			if at += groupHeader + sound; uint32(sound) == g.bytes {
				continue
			}
		}
		// Something is wrong here: whatever looks like a group is next.
		from := at
		if i := bytes.Index(b[min(at+1, len(b)):], magic); i >= 0 {
			at += 1 + i
		} else {
			at = len(b)
		}
		if s.goOn {
			s.goOn = s.yield(Record{}, damaged(d.Path(name), int64(from), fmt.Errorf("%d bytes: %w", at-from, errRecord)))
		}
	}
}

// group yields the records of a group, and returns how many bytes were sound.
func (s *salvager) group(g group, b []byte) (sound int) {
	rest := b
	for s.goOn && len(rest) > 0 {
		at := g.at + Position(groupHeader+sound)
		content, more, ok := parseRecord(rest)
		if !ok {
			return sound
		}
		sound += len(rest) - len(more)
		rest = more
		if at >= s.next { // one that was written again after a sync that failed
			s.next = at + 1
			s.goOn = s.yield(Record{at, content}, nil)
		}
	}
	return sound
}
