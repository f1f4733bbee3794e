package seglog

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
)

// A Torn is what a loss of power left of records that were not acknowledged.
type Torn struct {
	File  string // where it was moved to
	At    Position
	Bytes int64
}

// Open opens the log in a folder, which may be empty. Nobody else may have it
// open. It returns what it moved aside, if anything. A nil opts is the same as a
// pointer to the zero Options.
//
// The error is [fault.Corrupt] if something is damaged or missing that was
// acknowledged; nothing is changed then.
func Open(folder disk.Folder, opts *Options) (*Log, []Torn, error) {
	l := &Log{
		folder: folder, opts: opts.withDefaults(), room: make(chan struct{}),
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	torn, err := l.load()
	if err != nil {
		if l.file != nil {
			err = errors.Join(err, l.file.Close())
		}
		if l.marker != nil {
			err = errors.Join(err, l.marker.Close())
		}
		return nil, nil, fmt.Errorf("seglog: open: %w", err)
	}
	go l.commitAll()
	return l, torn, nil
}

// load reads the folder. It changes nothing before all of it is found to be
// sound.
func (l *Log) load() ([]Torn, error) {
	known, err := l.openMarker()
	if err != nil {
		return nil, err
	}
	halfMade, err := l.openSegments()
	if err != nil {
		return nil, err
	}
	size, end, err := l.scanLast()
	if err != nil {
		return nil, err
	}
	if err := l.checkEnd(known, end, size, halfMade); err != nil {
		return nil, err
	}
	l.synced = end
	torn, err := l.moveAside(size, halfMade)
	if err != nil {
		return nil, err
	}
	if l.file == nil {
		err = l.create()
	} else {
		err = l.settle(known)
	}
	return torn, err
}

// openMarker opens the marker and returns what it says, 0 if that is nothing.
func (l *Log) openMarker() (Position, error) {
	f, err := l.folder.Open(markerName)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = l.folder.Create(markerName)
	}
	if err != nil {
		return 0, failed(err)
	}
	l.marker = f
	b := make([]byte, markerSize)
	n, _ := f.ReadAt(b, 0) // what cannot be read says nothing
	known, _ := parseMarker(b[:n])
	return known, nil
}

// openSegments checks how the segments follow each other, and opens the last. It
// returns the name of one behind it whose header is none, "" if there is no
// such.
func (l *Log) openSegments() (halfMade string, err error) {
	names, err := l.folder.List()
	if err != nil {
		return "", failed(err)
	}
	l.next = 1
	for _, name := range names {
		n, ok := numberOf(name)
		if !ok {
			continue
		}
		if halfMade != "" {
			return "", damaged(l.folder.Path(halfMade), 0, errHeader)
		}
		l.next = n + 1
		ok, err := l.openSegment(name, n)
		if err != nil {
			return "", err
		}
		if !ok {
			halfMade = name
		}
	}
	return halfMade, nil
}

// openSegment adds a segment to those of l; ok is false if it has no header.
func (l *Log) openSegment(name string, n uint64) (ok bool, err error) {
	f, err := l.folder.Open(name)
	if err != nil {
		return false, failed(err)
	}
	b := make([]byte, segmentHeader)
	got, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, errors.Join(failed(err), f.Close())
	}
	h, ok := parseHeader(b[:got])
	if !ok {
		return false, f.Close()
	}
	if err := l.follows(name, n, h); err != nil {
		return false, errors.Join(err, f.Close())
	}
	if l.file != nil {
		if err := l.file.Close(); err != nil {
			return false, errors.Join(failed(err), f.Close())
		}
	}
	l.id, l.file = h.id, f
	l.segments = append(l.segments, h.segment)
	return true, nil
}

// follows returns an error if a segment cannot stand behind those of l.
func (l *Log) follows(name string, n uint64, h header) error {
	path := l.folder.Path(name)
	switch {
	case h.version != version:
		return fault.DiskFormat.Errorf("%s is of format %d, not %d", path, h.version, version)
	case h.number != n:
		return damaged(path, 0, fault.DiskDamaged.Errorf("the header is that of segment %d", h.number))
	case len(l.segments) == 0:
		return nil
	case h.id != l.id:
		return damaged(path, 0, fault.DiskDamaged.Errorf("the segment is of another log"))
	}
	before := l.segments[len(l.segments)-1]
	size, err := l.file.Size()
	if err != nil {
		return failed(err)
	}
	if end := before.base + Position(max(size-segmentHeader, 0)); h.base < before.base || h.base > end {
		return damaged(l.folder.Path(segmentName(before.number)), size, fault.DiskDamaged.Errorf("the segment goes from %d to %d, and the next one begins at %d", before.base, end, h.base))
	}
	return nil
}

// scanLast returns the size of the last segment, and the end of its sound
// groups.
func (l *Log) scanLast() (size int64, end Position, err error) {
	if l.file == nil {
		return 0, 0, nil
	}
	s := l.segments[len(l.segments)-1]
	if size, err = l.file.Size(); err != nil {
		return 0, 0, failed(err)
	}
	w := &window{file: l.file, at: segmentHeader, to: size}
	for w.at < w.to {
		whole, err := w.group(s)
		if err != nil {
			return 0, 0, failed(err)
		}
		if !whole {
			break
		}
	}
	return size, s.base + Position(w.at-segmentHeader), nil
}

// group passes over a group, if all of it is sound.
func (w *window) group(s segment) (whole bool, err error) {
	b, err := w.bytes(groupHeader)
	if err != nil {
		return false, passShort(err)
	}
	g, ok := parseGroup(b)
	if !ok || g.at != s.base+Position(w.at-segmentHeader) {
		return false, nil
	}
	if b, err = w.bytes(groupHeader + int64(g.bytes)); err != nil {
		return false, passShort(err)
	}
	if !validRecords(b[groupHeader:], g.count) {
		return false, nil
	}
	w.at += int64(len(b))
	return true, nil
}

func passShort(err error) error {
	if errors.Is(err, errShort) {
		return nil
	}
	return err
}

// checkEnd returns an error if the log was durable beyond end: by the marker, or
// by a group that stands behind it.
func (l *Log) checkEnd(known, end Position, size int64, halfMade string) error {
	file, offset := halfMade, int64(0)
	if l.file != nil {
		s := l.segments[len(l.segments)-1]
		file, offset = segmentName(s.number), segmentHeader+int64(end-s.base)
		mark, err := marks(l.file, offset, size, func(g group, at int64) bool { return g.at == s.base+Position(at-segmentHeader) })
		if err != nil {
			return failed(err)
		}
		known = max(known, mark)
	}
	if halfMade != "" {
		mark, err := l.marksOf(halfMade)
		if err != nil {
			return err
		}
		known = max(known, mark)
	}
	if known > end {
		return damaged(l.folder.Path(file), offset, fault.DiskDamaged.Errorf("the log is sound up to %d, and was durable up to %d", end, known))
	}
	return nil
}

func (l *Log) marksOf(name string) (Position, error) {
	f, err := l.folder.Open(name)
	if err != nil {
		return 0, failed(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return 0, failed(err)
	}
	mark, err := marks(f, 0, size, func(group, int64) bool { return true })
	if err != nil {
		return 0, failed(err)
	}
	return mark, nil
}

// marks returns how far the log was durable by the headers of groups in a part
// of a file, wherever they stand.
func marks(f disk.File, from, to int64, isOne func(group, int64) bool) (mark Position, err error) {
	magic := order.AppendUint32(nil, groupMagic)
	w := &window{file: f, at: from, to: to}
	for w.at+groupHeader <= to {
		n := min(to-w.at, 1<<20)
		b, err := w.bytes(n)
		if err != nil {
			return 0, passShort(err)
		}
		for i := bytes.Index(b, magic); i >= 0 && i+groupHeader <= len(b); {
			if g, ok := parseGroup(b[i:]); ok && isOne(g, w.at+int64(i)) {
				mark = max(mark, g.synced)
			}
			next := bytes.Index(b[i+1:], magic)
			if next < 0 {
				break
			}
			i += 1 + next
		}
		w.at += max(1, n-groupHeader+1)
	}
	return mark, nil
}

// moveAside moves what is not sound, and was never acknowledged, into files of
// its own.
func (l *Log) moveAside(size int64, halfMade string) (torn []Torn, err error) {
	if l.file != nil {
		if torn, err = l.cutTail(size); err != nil {
			return nil, failed(err)
		}
	}
	if halfMade == "" {
		return torn, nil
	}
	more, err := l.takeAway(halfMade)
	if err != nil {
		return nil, failed(err)
	}
	return append(torn, more...), nil
}

// cutTail moves aside what stands behind the end in the last segment.
func (l *Log) cutTail(size int64) ([]Torn, error) {
	s := l.segments[len(l.segments)-1]
	offset := segmentHeader + int64(l.synced-s.base)
	if size <= offset {
		return nil, nil
	}
	t, err := l.copyAside(l.file, segmentName(s.number), offset, size)
	if err == nil {
		err = errors.Join(l.file.Truncate(offset), l.file.Sync())
	}
	return []Torn{t}, err
}

// takeAway moves all of a segment aside that has no header.
func (l *Log) takeAway(name string) (torn []Torn, err error) {
	f, err := l.folder.Open(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err == nil && size > 0 {
		torn = make([]Torn, 1)
		torn[0], err = l.copyAside(f, name, 0, size)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return torn, errors.Join(l.folder.Remove(name), l.folder.Sync())
}

// copyAside copies a part of a file into a new one, durably.
func (l *Log) copyAside(f disk.File, name string, from, to int64) (Torn, error) {
	aside := name + tornSuffix
	g, err := l.folder.Create(aside)
	for n := 2; errors.Is(err, fs.ErrExist); n++ {
		aside = fmt.Sprintf("%s.%d%s", name, n, tornSuffix)
		g, err = l.folder.Create(aside)
	}
	if err != nil {
		return Torn{}, err
	}
	_, err = io.Copy(io.NewOffsetWriter(g, 0), io.NewSectionReader(f, from, to-from))
	if err == nil {
		err = errors.Join(g.Sync(), l.folder.Sync())
	}
	return Torn{l.folder.Path(aside), l.synced, to - from}, errors.Join(err, g.Close())
}

// create begins an empty log.
func (l *Log) create() error {
	if _, err := rand.Read(l.id[:]); err != nil {
		return failed(err)
	}
	s := segment{number: l.next, base: l.opts.First}
	l.next++
	f, err := l.begin(s)
	if err != nil {
		return err
	}
	l.file, l.segments, l.synced = f, []segment{s}, s.base
	return nil
}

// settle makes all that was found durable, beyond what is known to be so: it may
// be in memory alone, after a sync that failed or a process that was killed. So may
// the names of the files be.
func (l *Log) settle(known Position) error {
	s := l.segments[len(l.segments)-1]
	from := int64(0) // the header may not be durable either
	if known > s.base {
		from = segmentHeader + int64(known-s.base)
	}
	to := segmentHeader + int64(l.synced-s.base)
	var err error
	if from < to {
		// Written again, since a sync that failed may have left it for clean.
		_, err = io.Copy(io.NewOffsetWriter(l.file, from), io.NewSectionReader(l.file, from, to-from))
		if err == nil {
			err = l.file.Sync()
		}
	}
	if err == nil {
		err = l.folder.Sync()
	}
	if err != nil {
		return failed(err)
	}
	l.mark()
	l.keepMarker()
	return nil
}

// failed returns the error of an operation on a file that changed nothing.
func failed(err error) error {
	if errors.Is(err, disk.ErrFull) {
		return fault.DiskFull.Errorf("%w", err)
	}
	return fault.DiskFailed.Errorf("%w", err)
}

// damaged returns the error of a file in which something is wrong at an offset.
func damaged(path string, offset int64, err error) error {
	return fault.DiskDamaged.Errorf("%s: offset %d: %w", path, offset, err)
}

var (
	errHeader = fault.DiskDamaged.Errorf("the header fails its check")
	errGroup  = fault.DiskDamaged.Errorf("a group fails its check")
	errRecord = fault.DiskDamaged.Errorf("a record fails its check")
	errShort  = fault.DiskDamaged.Errorf("the file ends too early")
)
