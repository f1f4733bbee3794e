package seglog

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
)

// A Record is what was appended. Its Data is valid until the next step.
type Record struct {
	At   Position
	Data []byte
}

// Read yields the records from a position on, oldest first, up to what is
// durable when it begins. The position must be that of a record, [Stats].First,
// or the end. Damage is [fault.Corrupt] and ends it; a position that was cut
// away, or is yet to come, is [fault.NotFound].
func (l *Log) Read(ctx context.Context, from Position) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		segments, end, err := l.from(from)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for i, s := range segments {
			to := end
			if i+1 < len(segments) {
				to = segments[i+1].base
			}
			if from >= to {
				continue
			}
			goOn, err := l.readSegment(ctx, s, max(from, s.base), to, yield)
			if err != nil {
				yield(Record{}, err)
			}
			if err != nil || !goOn {
				return
			}
		}
	}
}

// from returns the segments that hold what stands at from and behind it.
func (l *Log) from(from Position) ([]segment, Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, 0, errClosed
	case from < l.segments[0].base || from > l.synced:
		return nil, 0, fault.DiskCut.Errorf("the log holds %d to %d, not %d", l.segments[0].base, l.synced, from)
	}
	i := len(l.segments) - 1
	for i > 0 && l.segments[i].base > from {
		i--
	}
	return append([]segment(nil), l.segments[i:]...), l.synced, nil
}

func (l *Log) readSegment(ctx context.Context, s segment, from, to Position, yield func(Record, error) bool) (goOn bool, err error) {
	name := segmentName(s.number)
	f, err := l.folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, _, gone := l.from(s.base); gone != nil {
			return false, gone // it was let go of meanwhile
		}
		return false, damaged(l.folder.Path(name), 0, err)
	}
	if err != nil {
		return false, failed(err)
	}
	defer f.Close()
	w := &window{file: f, at: segmentHeader + int64(from-s.base), to: segmentHeader + int64(to-s.base)}
	for w.at < w.to {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		goOn, err := w.step(s, yield)
		if errors.Is(err, fault.Corrupt) {
			err = damaged(l.folder.Path(name), w.at, err)
		} else if err != nil {
			err = failed(err)
		}
		if err != nil {
			return false, err
		}
		if !goOn {
			return false, nil
		}
	}
	return true, nil
}

// A window is a part of a file that is read forwards.
type window struct {
	file disk.File
	at   int64 // where the next thing stands
	to   int64 // where the last one ends
	kept []byte
	from int64 // where kept stands in the file
}

// step yields the record at w, or passes over the header of a group.
func (w *window) step(s segment, yield func(Record, error) bool) (goOn bool, err error) {
	b, err := w.bytes(recordHeader)
	if err != nil {
		return false, err
	}
	if order.Uint32(b) == groupMagic {
		if b, err = w.bytes(groupHeader); err != nil {
			return false, err
		}
		g, ok := parseGroup(b)
		if !ok || g.at != s.base+Position(w.at-segmentHeader) {
			return false, errGroup
		}
		w.at += groupHeader
		return true, nil
	}
	n := int64(order.Uint32(b))
	if n == 0 || n > MaxRecord {
		return false, errRecord
	}
	if b, err = w.bytes(recordHeader + n); err != nil {
		return false, err
	}
	content, _, ok := parseRecord(b)
	if !ok {
		return false, errRecord
	}
	at := w.at
	w.at += int64(len(b))
	return yield(Record{s.base + Position(at-segmentHeader), content}, nil), nil
}

// bytes returns the next n bytes.
func (w *window) bytes(n int64) ([]byte, error) {
	if w.at+n > w.to {
		return nil, errShort
	}
	if w.at < w.from || w.at+n > w.from+int64(len(w.kept)) {
		if err := w.load(n); err != nil {
			return nil, err
		}
	}
	return w.kept[w.at-w.from:][:n], nil
}

// load reads at least n bytes, and as a rule many more.
func (w *window) load(n int64) error {
	const ahead = 256 << 10
	size := min(max(n, ahead), w.to-w.at)
	if int64(cap(w.kept)) < size {
		w.kept = make([]byte, size)
	}
	w.kept, w.from = w.kept[:size], w.at
	got, err := w.file.ReadAt(w.kept, w.at)
	if int64(got) == size {
		return nil
	}
	w.kept = w.kept[:0]
	if err == nil || errors.Is(err, io.EOF) {
		return errShort
	}
	return err
}
