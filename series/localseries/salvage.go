package localseries

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/seglog"
	"github.com/redfire-quant/redfire/series"
)

// Salvaged says what Salvage found.
type Salvaged struct {
	Chunks  int // that are sound
	Rows    int64
	Records int // of the log that are sound, and in no chunk
	Lost    []Damage
}

// Salvage makes a new store of what is sound in a folder that is damaged, which
// stays as it is. It is told what was lost, as far as that is known. If the files
// are lost that say which others count, all of them do: rows that were deleted
// shortly before may be there again.
func Salvage(ctx context.Context, from, to string) (Salvaged, error) {
	s := &salvage{ctx: ctx}
	if err := s.run(from, to); err != nil {
		return s.found, fmt.Errorf("localseries: salvage %s: %w", from, err)
	}
	return s.found, nil
}

type salvage struct {
	ctx      context.Context //nolint:containedctx // it lives as long as the call
	found    Salvaged
	data     disk.Folder
	log      disk.Folder
	manifest *manifest // nil if it is lost
	numbers  []uint64  // of the segments that count
	records  []seglog.Record
	gaps     map[int]bool // the records before which others are lost
	top      uint64       // the highest number of a change
}

func (s *salvage) run(from, to string) (err error) {
	if _, err := os.Stat(from); err != nil {
		return failed(err)
	}
	unlock, err := lock(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if s.data, err = disk.Open(from); err != nil {
		return failed(err)
	}
	if s.log, err = disk.Open(filepath.Join(from, "log")); err != nil {
		return failed(err)
	}
	if err := s.whatCounts(); err != nil {
		return err
	}
	data, err := newFolder(to)
	if err != nil {
		return err
	}
	log, err := disk.Open(filepath.Join(to, "log"))
	if err != nil {
		return failed(err)
	}
	if err := s.copyTo(data, log); err != nil {
		return err
	}
	return verifyFolder(s.ctx, to)
}

// copyTo makes a store in empty folders of what counts and is sound.
func (s *salvage) copyTo(data, log disk.Folder) error {
	w, err := createSegment(data, 1)
	if err != nil {
		return err
	}
	for _, n := range s.numbers {
		if err := s.segment(n, w); err != nil {
			return errors.Join(err, w.discard())
		}
	}
	segment, _, err := w.finish()
	if err != nil {
		return err
	}
	if err := s.publish(data, log, segment); err != nil {
		return err
	}
	return s.replay(data, log)
}

// whatCounts finds the segments that count, and the records behind the floor.
func (s *salvage) whatCounts() error {
	s.gaps = map[int]bool{}
	m, _, err := readManifest(s.data)
	if err != nil && !errors.Is(err, fault.Corrupt) {
		return err
	}
	if s.manifest = m; m == nil {
		s.lost(Damage{File: s.data.Path(rootNames[0])}, errors.Join(err, errHead))
		if err := s.allSegments(); err != nil {
			return err
		}
	} else {
		for _, l := range m.segments {
			s.numbers = append(s.numbers, l.number)
		}
	}
	for r, err := range seglog.Salvage(s.log) {
		switch {
		case errors.Is(err, fault.Corrupt):
			s.lost(Damage{File: s.log.Path("")}, err)
			s.gaps[len(s.records)] = true
		case err != nil:
			return err
		case m == nil || r.At >= m.floor:
			s.records = append(s.records, seglog.Record{At: r.At, Data: bytes.Clone(r.Data)})
			s.top = max(s.top, uint64(r.At)+uint64(len(r.Data)))
			s.accepted(r.Data)
		}
	}
	return nil
}

func (s *salvage) allSegments() error {
	names, err := s.data.List()
	if err != nil {
		return failed(err)
	}
	for _, name := range names {
		if n, ok := segmentNumber(name); ok {
			s.numbers = append(s.numbers, n)
		}
	}
	return nil
}

// accepted notes the segment that a record tells of.
func (s *salvage) accepted(record []byte) {
	p := &parser{b: record}
	if p.byte() != recordAccept {
		return
	}
	if n := p.uint64(); p.err == nil && !slices.Contains(s.numbers, n) {
		s.numbers = append(s.numbers, n)
	}
}

func (s *salvage) lost(d Damage, err error) {
	d.Err = err
	s.found.Lost = append(s.found.Lost, d)
}

// segment copies the sound chunks of a segment.
func (s *salvage) segment(number uint64, to *segmentWriter) error {
	name := segmentName(number)
	f, err := s.data.Open(name)
	if err != nil {
		s.lost(Damage{File: s.data.Path(name)}, fault.DiskDamaged.Errorf("%w", err))
		return nil
	}
	from := &segment{number: number, path: s.data.Path(name), file: f}
	if from.size, err = f.Size(); err == nil {
		err = s.chunks(from, to)
	}
	return errors.Join(err, f.Close())
}

// chunks looks for heads of chunks, one behind the other, and further on where
// there is none.
func (s *salvage) chunks(from *segment, to *segmentWriter) error {
	at := int64(segmentStart)
	b, err := from.read(0, from.size)
	if err != nil {
		return err
	}
	from.mendHeads(b)
	if i := bytes.LastIndex(b, trailerMagic); i >= 24 && uint64(len(b)) > order.Uint64(b[i-24:]) && order.Uint64(b[i-24:]) >= segmentStart {
		b = b[:order.Uint64(b[i-24:])] // the directory has heads without bodies
	}
	magic := order.AppendUint32(nil, chunkMagic)
	for at < int64(len(b)) {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if n := s.chunk(from, b, at, to); n > 0 {
			at += n
			continue
		}
		next := int64(len(b))
		if i := bytes.Index(b[min(at+1, next):], magic); i >= 0 {
			next = at + 1 + int64(i)
		}
		s.lost(Damage{File: from.path, Offset: at}, from.damaged(at, fmt.Errorf("%d bytes: %w", next-at, errSum)))
		at = next
	}
	return to.err
}

// mendHeads puts the heads of the directory, if that is sound, in the place of
// those before the bodies: reading goes by them, too.
func (s *segment) mendHeads(b []byte) {
	at := int64(len(b)) - segmentTrailer
	if at < segmentStart {
		return
	}
	trailer := b[at:]
	from, ok := parseTrailer(trailer, at)
	if !ok || xxh3.Hash(b[from:at]) != order.Uint64(trailer[16:]) {
		return
	}
	directory := b[from:at]
	chunks, err := s.parse(directory, from)
	if err != nil {
		return // no directory that was written
	}
	for _, h := range chunks {
		offset := int64(order.Uint64(directory))
		copy(b[offset:], directory[8:8+h.length])
		directory = directory[8+h.length:]
	}
}

// chunk copies a chunk if it is sound, and returns its length, 0 if there is none.
func (s *salvage) chunk(from *segment, b []byte, at int64, to *segmentWriter) int64 {
	rest := b[at:]
	if len(rest) < chunkStart || order.Uint32(rest) != chunkMagic || int64(order.Uint32(rest[4:])) > int64(len(rest)) {
		return 0
	}
	h, err := parseHead(rest[:order.Uint32(rest[4:])])
	if err != nil || h.length+h.body > int64(len(rest)) {
		return 0
	}
	whole := rest[:h.length+h.body]
	if c := h.chunk; c != nil {
		for i := range c.blocks {
			x := &c.blocks[i]
			if body := whole[h.length:]; xxh3.Hash(body[x.offset:x.offset+x.length]) != x.sum {
				in := series.RangeOf(h.key.Kind, c.first.time, c.last.time)
				s.lost(Damage{File: from.path, Offset: at, Key: h.key, Range: in}, from.damaged(at+h.length+x.offset, errSum))
				return h.length + h.body
			}
		}
		s.found.Rows += int64(c.rows)
	}
	s.found.Chunks++
	s.top = max(s.top, h.hi, h.last)
	to.add(whole)
	return h.length + h.body
}

// publish makes a store of the segment, whose numbers go on behind all that were
// given.
func (s *salvage) publish(data, log disk.Folder, segment *segment) error {
	if s.manifest != nil {
		s.top = max(s.top, uint64(s.manifest.floor), s.manifest.forgotten)
	}
	s.top = newNumbers(s.top)
	first := seglog.Position(s.top + 1)
	l, _, err := seglog.Open(log, &seglog.Options{First: first})
	if err == nil {
		err = l.Close()
	}
	if err == nil {
		m := &manifest{generation: 1, floor: first, next: 2, forgotten: s.top, segments: []listed{{segment.number, segment.size, segment.sum, 0}}}
		err = m.publish(data)
	}
	return errors.Join(err, segment.file.Close())
}

// replay applies the records to the new store, with the numbers that they had.
func (s *salvage) replay(data, log disk.Folder) error {
	e, err := newEngine(data, log, nil)
	if err != nil {
		return err
	}
	for i, r := range s.records {
		if r.Data[0] == recordAccept {
			continue // its segment is copied
		}
		if s.gaps[i] { // a bulk may have begun there
			for _, x := range e.entries(series.Filter{}) {
				x.wall()
			}
		}
		e.applying.Lock()
		bytes, err := e.applyRecord(uint64(r.At), r.Data)
		e.applying.Unlock()
		e.grow(bytes, false)
		if err != nil {
			s.lost(Damage{File: s.log.Path("")}, fault.DiskDamaged.Errorf("the record at %d of the log: %w", r.At, err))
			continue
		}
		if r.Data[0] != recordBegin {
			s.found.Records++
		}
	}
	return e.Close()
}
