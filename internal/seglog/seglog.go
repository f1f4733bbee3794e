// Package seglog keeps records in an append-only log on disk.
//
// [Log.Append] returns when its records are durable: those of all callers that
// wait are written together and synced once. The records of a call are kept
// all or none. [Log.Read] yields what is durable from a [Position] on, also
// while others append, and [Log.Cut] lets go of the oldest.
//
// Every record, and every group of records that was synced together, has a
// checksum. A group also tells how far the log was durable before it, and a
// marker file tells it of the last one: so damage to what was acknowledged can
// be told from a tail that a loss of power tore. The former is
// [fault.Corrupt], and nothing is changed; the latter is moved into a file of
// its own, and [Open] reports it. Nothing is cut off silently.
//
// format.go has the format of the files to the byte.
package seglog

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
)

// A Position says where a record stands: how many bytes of log there are before
// it, those that are cut away included.
type Position uint64

// Options tune a Log. The zero value is ready to use.
type Options struct {
	// SegmentBytes is the size at which a file ends and another begins; 0 means
	// 64 MiB.
	SegmentBytes int64

	// Floor is how many bytes of the disk stay free: Append does not go below
	// it; 0 means 256 MiB. AppendReserved goes down to Reserve, by default a
	// quarter of Floor.
	Floor, Reserve int64

	// Applied is called with every record that has become durable, in order and
	// by one goroutine, before its Append returns. The record is valid until it
	// returns. It must not call the log.
	Applied func(at Position, record []byte)

	// First is the position at which a log begins that is new.
	First Position

	// QueueBytes is how much may wait to be written before callers wait for
	// room; 0 means 64 MiB. A single call may have more.
	QueueBytes int64
}

// MaxRecord and MaxCall are the most bytes of one record, and of the records of
// one call.
const (
	MaxRecord = 1 << 28
	MaxCall   = 1 << 29
)

// A Log is an open log. It is safe for concurrent use.
type Log struct {
	folder disk.Folder
	opts   Options
	id     [16]byte
	wake   chan struct{} // holds a token when there is something to commit
	ended  chan struct{} // is closed when nothing is committed any more

	cutting sync.Mutex // held by Cut

	// The committer alone uses these.
	file      disk.File // of the last segment
	marker    disk.File
	next      uint64 // the number of the next segment
	unsure    bool   // the last segment cannot be written to any more
	halfMade  string // a segment that was not begun for good, and is to be removed
	buffer    []byte
	stale     bool  // the marker is not durable
	markerErr error // the last one

	mu       sync.Mutex // guards the fields below
	queue    []*call
	waiting  int64         // bytes in queue
	room     chan struct{} // is closed when the queue gets shorter
	segments []segment     // by base
	synced   Position      // the end of what is durable
	closed   bool
	stats    Stats
}

// A segment is a file of a log.
type segment struct {
	number uint64
	base   Position
}

// Stats tell what a log has done since it was opened, and how large it is.
type Stats struct {
	First, End Position // what it holds
	Segments   int
	Calls      int64 // that were acknowledged
	Groups     int64 // that were synced
}

// A call is one Append.
type call struct {
	records  []byte // as they are written
	count    uint32
	reserved bool
	turn     bool // another segment is to be begun, and nothing written
	at       Position
	done     chan error
}

// Append writes records in their order, and returns the position of the first
// when all are durable. The others follow it: each stands [Size] of the one
// before behind it. The records are the caller's again when Append returns.
//
// If ctx ends before they are given to commit, nothing is written and the error
// is the context's alone. After that the error is [fault.Unknown] as well. Where
// the disk has less free than Options.Floor it is [fault.Exhausted]. After any
// error but fault.Unknown nothing was written.
func (l *Log) Append(ctx context.Context, records ...[]byte) (Position, error) {
	return l.append(ctx, false, records)
}

// AppendReserved is Append for records that make room, or end something: it
// uses the space between Options.Floor and Options.Reserve too.
func (l *Log) AppendReserved(ctx context.Context, records ...[]byte) (Position, error) {
	return l.append(ctx, true, records)
}

func (l *Log) append(ctx context.Context, reserved bool, records [][]byte) (Position, error) {
	c, err := newCall(records)
	if err != nil {
		return 0, err
	}
	c.reserved = reserved
	if err := l.enqueue(ctx, c); err != nil {
		return 0, err
	}
	select {
	case err := <-c.done:
		return c.at, err
	case <-ctx.Done():
	}
	l.withdraw(c, ctx.Err())
	select {
	case err := <-c.done:
		return c.at, err
	default:
		return 0, fault.DiskUnsure.Errorf("the call was left while it was being written: %w", ctx.Err())
	}
}

func newCall(records [][]byte) (*call, error) {
	size := 0
	for i, r := range records {
		if len(r) == 0 || len(r) > MaxRecord {
			return nil, fault.DiskTooLarge.Errorf("record %d has %d bytes, not 1 to %d", i, len(r), MaxRecord)
		}
		size += recordHeader + len(r)
	}
	if len(records) == 0 || size > MaxCall {
		return nil, fault.DiskTooLarge.Errorf("a call has %d records of %d bytes together, not 1 to %d bytes", len(records), size, MaxCall)
	}
	c := &call{records: make([]byte, 0, size), count: uint32(len(records)), done: make(chan error, 1)}
	for _, r := range records {
		c.records = appendRecord(c.records, r)
	}
	return c, nil
}

// enqueue hands c to the committer, when there is room.
func (l *Log) enqueue(ctx context.Context, c *call) error {
	size := int64(len(c.records))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			return errClosed
		}
		if len(l.queue) == 0 || l.waiting+size <= l.opts.QueueBytes {
			l.queue = append(l.queue, c)
			l.waiting += size
			l.mu.Unlock()
			l.signal()
			return nil
		}
		room := l.room
		l.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
	}
}

var errClosed = fault.DiskClosed.Errorf("the log is closed")

func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// withdraw takes c out of the queue, if it is still there, for the given reason.
func (l *Log) withdraw(c *call, reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.queue, c); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		l.shortenLocked(int64(len(c.records)))
		c.done <- reason
	}
}

func (l *Log) shortenLocked(bytes int64) {
	l.waiting -= bytes
	close(l.room)
	l.room = make(chan struct{})
}

// Stats returns what the log has done so far.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.First, s.End, s.Segments = l.segments[0].base, l.synced, len(l.segments)
	return s
}

// Cut lets go of the files that hold nothing from before on. What they hold of
// it stays readable. If before is the end, that is all of them, but for a small
// one.
func (l *Log) Cut(before Position) error {
	l.cutting.Lock()
	defer l.cutting.Unlock()
	if err := l.turnAt(before); err != nil {
		return err
	}
	for {
		s, ok := l.oldest(before)
		if !ok {
			return nil
		}
		// One at a time, and the one before for good, also if that was let go of by
		// a call that failed, or a process that was killed: there is never a gap.
		if err := l.folder.Sync(); err != nil {
			return failed(err)
		}
		name := segmentName(s.number)
		if err := l.folder.Remove(name); err != nil {
			return failed(err)
		}
		l.mu.Lock()
		l.segments = l.segments[1:]
		l.mu.Unlock()
	}
}

// smallSegment is what is not worth another file.
const smallSegment = 64 << 10

// turnAt has another segment begun if all of a last one that is not small is to
// be let go of.
func (l *Log) turnAt(before Position) error {
	l.mu.Lock()
	last := l.segments[len(l.segments)-1]
	turn := !l.closed && before >= l.synced && l.synced-last.base > smallSegment
	l.mu.Unlock()
	if !turn {
		return nil
	}
	c := &call{turn: true, done: make(chan error, 1)}
	if err := l.enqueue(context.Background(), c); err != nil {
		return err
	}
	return <-c.done
}

// oldest returns the oldest segment if it ends at before or earlier.
func (l *Log) oldest(before Position) (segment, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.segments) < 2 || l.segments[1].base > before {
		return segment{}, false
	}
	return l.segments[0], true
}

// Close waits for what is being committed, refuses the calls that wait, and
// closes the files. Calls after it fail with [fault.Closed]; a second Close does
// nothing.
func (l *Log) Close() error {
	l.mu.Lock()
	was := l.closed
	l.closed = true
	for _, c := range l.queue {
		c.done <- errClosed
	}
	l.queue = nil
	l.shortenLocked(l.waiting)
	l.mu.Unlock()
	if was {
		<-l.ended
		return nil
	}
	l.signal()
	<-l.ended
	return errors.Join(l.file.Close(), l.marker.Close(), l.markerErr)
}

// withDefaults returns opts with what is not set.
func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	all.SegmentBytes = cmp.Or(all.SegmentBytes, 64<<20)
	all.Floor = cmp.Or(all.Floor, 256<<20)
	all.Reserve = cmp.Or(all.Reserve, all.Floor/4)
	all.QueueBytes = cmp.Or(all.QueueBytes, 64<<20)
	return all
}
