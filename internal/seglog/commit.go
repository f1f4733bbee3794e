package seglog

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
)

const (
	// maxGroup is how many bytes are synced together, if not one call has more.
	maxGroup = 16 << 20

	// idle is how long the marker may be behind when nothing is written.
	idle = 100 * time.Millisecond
)

// commitAll commits what is queued until the log is closed.
func (l *Log) commitAll() {
	defer close(l.ended)
	rest := time.NewTimer(idle)
	defer rest.Stop()
	for {
		select {
		case <-l.wake:
		case <-rest.C:
			l.keepMarker()
			continue
		}
		l.gather()
		for calls := l.take(); len(calls) > 0; calls = l.take() {
			l.commit(calls)
			l.gather()
		}
		if l.isClosed() {
			l.keepMarker()
			return
		}
		rest.Reset(idle)
	}
}

func (l *Log) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// gather waits while the queue grows: those who were just told that their
// records are durable come again, and should share a sync rather than wait for
// the one of whoever was first.
func (l *Log) gather() {
	for before := -1; ; runtime.Gosched() {
		l.mu.Lock()
		n := len(l.queue)
		l.mu.Unlock()
		if n == before {
			return
		}
		before = n
	}
}

// take returns the calls to commit next.
func (l *Log) take() []*call {
	l.mu.Lock()
	defer l.mu.Unlock()
	var bytes int64
	n := 0
	for n < len(l.queue) && (n == 0 || bytes+int64(len(l.queue[n].records)) <= maxGroup && !l.queue[n].turn && !l.queue[0].turn) {
		bytes += int64(len(l.queue[n].records))
		n++
	}
	calls := slices.Clone(l.queue[:n])
	l.queue = slices.Delete(l.queue, 0, n)
	if n > 0 {
		l.shortenLocked(bytes)
	}
	return calls
}

// commit writes calls as one group, and tells them how it went.
func (l *Log) commit(calls []*call) {
	if calls[0].turn {
		l.buffer = l.buffer[:0]
		calls[0].done <- l.turnSegment()
		return
	}
	calls = l.withinFloor(calls)
	if len(calls) == 0 {
		return
	}
	err := l.writeGroup(calls)
	if err == nil {
		l.mu.Lock()
		l.synced += Position(len(l.buffer))
		l.stats.Calls += int64(len(calls))
		l.stats.Groups++
		l.mu.Unlock()
		l.mark()
	}
	for _, c := range calls {
		if err == nil && l.opts.Applied != nil {
			c.apply(l.opts.Applied)
		}
		c.done <- err
	}
}

// apply calls do with the records of c.
func (c *call) apply(do func(Position, []byte)) {
	at := c.at
	for content, rest, ok := parseRecord(c.records); ok; content, rest, ok = parseRecord(rest) {
		do(at, content)
		at += Size(content)
	}
}

// withinFloor returns the calls for which the disk has room, and tells the
// others that it has not.
func (l *Log) withinFloor(calls []*call) []*call {
	free, err := l.folder.Free()
	if errors.Is(err, errors.ErrUnsupported) {
		return calls
	}
	if err != nil {
		return l.refuse(calls, failed(err))
	}
	for _, c := range calls {
		free -= int64(len(c.records))
	}
	within := calls[:0:0]
	for _, c := range calls {
		floor := l.opts.Floor
		if c.reserved {
			floor = l.opts.Reserve
		}
		if free < floor {
			c.done <- fault.DiskFull.Errorf("%s: %d MB would be left free on the disk, less than %d", l.folder.Path(""), max(0, free)>>20, floor>>20)
			continue
		}
		within = append(within, c)
	}
	return within
}

func (l *Log) refuse(calls []*call, err error) []*call {
	for _, c := range calls {
		c.done <- err
	}
	return nil
}

// writeGroup writes calls and syncs them. If a sync fails, it is not known what
// of the file is durable: another file is begun, and they are written to that.
func (l *Log) writeGroup(calls []*call) error {
	l.fill(calls)
	if err := l.roomInSegment(); err != nil {
		return err
	}
	if _, err := l.file.WriteAt(l.buffer, l.offset()); err != nil {
		return l.takeBack(err)
	}
	first := l.file.Sync()
	if first == nil {
		return nil
	}
	l.unsure = true
	err := l.roomInSegment()
	if err == nil {
		if _, err = l.file.WriteAt(l.buffer, l.offset()); err == nil {
			err = l.file.Sync()
		}
	}
	if err != nil {
		l.unsure = true
		return fault.DiskUnsure.Errorf("a sync failed, and so did writing to another file: %w", errors.Join(first, err))
	}
	return nil
}

// fill puts calls into the buffer as a group, and says where each one stands.
func (l *Log) fill(calls []*call) {
	g := group{at: l.synced, synced: l.synced}
	for _, c := range calls {
		g.bytes += uint32(len(c.records))
		g.count += c.count
	}
	l.buffer = appendGroup(l.buffer[:0], g)
	for _, c := range calls {
		c.at = l.synced + Position(len(l.buffer))
		l.buffer = append(l.buffer, c.records...)
	}
}

// offset returns where in the last segment the next group is written.
func (l *Log) offset() int64 { return segmentHeader + int64(l.synced-l.last().base) }

func (l *Log) last() segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.segments[len(l.segments)-1]
}

// takeBack undoes a write that failed. If it cannot, nobody reads what is there
// once the next segment begins where it did; but whoever opens the log before that
// finds it, should it be whole.
func (l *Log) takeBack(cause error) error {
	if err := l.file.Truncate(l.offset()); err != nil {
		l.unsure = true
		return fault.DiskUnsure.Errorf("a write failed, and so did taking it back: %w", errors.Join(cause, err))
	}
	return failed(cause)
}

// roomInSegment begins another segment if the last one is full, or cannot be
// written to any more: where one was begun by half, what is written to the one
// before would not count.
func (l *Log) roomInSegment() error {
	full := l.offset() > segmentHeader && l.offset()+int64(len(l.buffer)) > l.opts.SegmentBytes
	if !full && !l.unsure && l.halfMade == "" {
		return nil
	}
	return l.turnSegment()
}

// turnSegment begins another segment.
func (l *Log) turnSegment() error {
	next := segment{l.next, l.synced}
	l.next++ // another one, also when this one cannot be begun
	f, err := l.begin(next)
	if err != nil {
		return err
	}
	old := l.file
	l.mu.Lock()
	l.segments = append(l.segments, next)
	l.mu.Unlock()
	l.file, l.unsure = f, false
	if err := old.Close(); err != nil {
		return failed(err)
	}
	return nil
}

// begin makes the file of a segment, durably.
func (l *Log) begin(s segment) (disk.File, error) {
	// Nothing may stand between two segments that is none, nor come back there.
	if l.halfMade != "" {
		if err := l.folder.Remove(l.halfMade); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, failed(err)
		}
		if err := l.folder.Sync(); err != nil {
			return nil, failed(err)
		}
		l.halfMade = ""
	}
	name := segmentName(s.number)
	f, err := l.folder.Create(name)
	if err != nil {
		if !errors.Is(err, fs.ErrExist) {
			l.halfMade = name // it may be there all the same
		}
		return nil, failed(err)
	}
	_, err = f.WriteAt(headerOf(l.id, s), 0)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = l.folder.Sync()
	}
	if err != nil {
		l.halfMade = name
		return nil, failed(errors.Join(err, f.Close()))
	}
	return f, nil
}

// mark notes in the marker how far the log is durable. It does not sync it: a
// process that is killed leaves it nevertheless.
func (l *Log) mark() {
	if _, err := l.marker.WriteAt(markerOf(l.synced), 0); err != nil {
		l.markerErr = failed(err)
		return
	}
	l.stale = true
}

// keepMarker makes the marker durable.
func (l *Log) keepMarker() {
	if !l.stale {
		return
	}
	l.stale = false
	if err := l.marker.Sync(); err != nil {
		l.markerErr = failed(err)
	}
}
