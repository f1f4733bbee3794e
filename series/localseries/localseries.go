// Package localseries keeps series in a folder of its own files. It is what runs
// when no server is configured.
//
// A write is acknowledged when it is durable: a record of a log, which the calls
// that wait share a sync of (package seglog). From there rows go into memory, and
// when there are many of them, as packed and checksummed chunks into a segment, a
// file that is never changed. A manifest says which segments, and which part of
// the log, count. Rows are found where they were written last: of two in one
// place the one whose change has the higher number counts, and the numbers are
// the positions of the log.
//
// Every byte is covered by a checksum, and reading checks those of what it reads.
// Damage is [fault.Corrupt], and names file and offset.
package localseries

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/seglog"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Options tune an engine. The zero value is ready to use.
type Options struct {
	// Memory is how many bytes of rows are held in memory before they are
	// written to a segment; 0 means 40 MiB. While they are being written as much
	// again may come.
	Memory int64

	// Floor is how many bytes of the disk stay free; 0 means 256 MiB. Deletes go
	// down to a quarter of it.
	Floor int64

	// Cache is how many bytes of rows that were read more than once are kept
	// unpacked; 0 means 64 MiB, and less than that none. What is kept was checked
	// when it was read: damage that comes to the disk later is told by Verify, and
	// by a read that has to unpack it again.
	Cache int64

	sizes sizes // those of tests
}

// sizes are at which size things happen.
type sizes struct {
	bulk  int   // rows of a call that becomes a segment
	chunk int   // rows of a chunk
	log   int64 // bytes of log that have to be replayed
	merge int   // segments of a size that become one
	eager bool  // what is read once is kept unpacked
}

// Open opens the store in the folder at path, which is made if it does not exist.
// Who opens it has it alone: until it is closed, or its process ends, others get
// fault.DiskHeld, which names the process. A nil opts is the same as a pointer to
// the zero Options.
func Open(path string, opts *Options) (*series.Store, error) {
	e, err := NewEngine(path, opts)
	if err != nil {
		return nil, err
	}
	return series.New(e, nil), nil
}

// NewEngine opens the engine in the folder at path, as Open does.
func NewEngine(path string, opts *Options) (*Engine, error) {
	data, err := disk.Open(path)
	if err != nil {
		return nil, fmt.Errorf("localseries: open: %w", failed(err))
	}
	log, err := disk.Open(filepath.Join(path, "log"))
	if err != nil {
		return nil, fmt.Errorf("localseries: open: %w", failed(err))
	}
	unlock, err := lock(path)
	if err != nil {
		return nil, fmt.Errorf("localseries: open: %w", err)
	}
	e, err := newEngine(data, log, opts)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	e.unlock = unlock
	return e, nil
}

// lock holds the folder at path.
func lock(path string) (unlock func() error, err error) {
	unlock, err = disk.Lock(path)
	if held := (*disk.HeldError)(nil); errors.As(err, &held) {
		return nil, fault.DiskHeld.Errorf("%w", err)
	}
	if err != nil {
		return nil, failed(err)
	}
	return unlock, nil
}

// An Engine keeps series in a folder. It is safe for concurrent use.
type Engine struct {
	opts    Options
	sizes   sizes
	folder  disk.Folder
	log     *seglog.Log
	closed  atomic.Bool
	ended   sync.WaitGroup // the writer of segments
	torn    []seglog.Torn  // what opening moved aside
	unlock  func() error   // nil where nothing is locked
	full    chan struct{}  // holds a token when memory is full
	more    chan struct{}  // holds a token when there may be segments to merge
	closing chan struct{}  // is closed by Close

	bulks    sync.RWMutex // read-held by calls that write segments; held by Close
	flushing sync.Mutex   // held while segments are written; guards the fields below
	manifest *manifest
	segments []*segment
	stale    []uint64 // generations of manifests to remove
	doubtful []uint64 // segments of manifests that could not be written, and may count
	retired  []uint64 // segments to remove
	gone     bool     // the folder may be somebody else's

	// applying is held while a record is applied to memory: who has it sees all
	// that is durable up to applied, and nothing else.
	applying  sync.Mutex
	applied   seglog.Position // the end of the last record
	floor     seglog.Position // where the log begins to count
	last      uint64          // the number of the last change
	recent    recent
	forgotten uint64 // what was deleted up to this change is not known any more
	failed    error  // a record could not be applied
	again     scratch
	byKey     map[string]*entry // the entries, by the bytes of their keys
	numbers   uint64            // the number of the next segment
	written   map[uint64]written
	unlisted  []*segment // count, and are in no manifest yet

	cache cache

	mu     sync.RWMutex // guards the fields below, not what is in the entries
	series map[series.Key]*entry

	memory struct {
		sync.Mutex
		bytes    int64         // of rows that are not in segments
		frozen   int64         // of them, those that are being written
		less     chan struct{} // is closed when there are fewer
		flushed  attempt       // to write a segment
		merged   attempt       // to merge some
		segments int
	}
}

func newEngine(data, log disk.Folder, opts *Options) (*Engine, error) {
	e := &Engine{folder: data, series: map[series.Key]*entry{}, byKey: map[string]*entry{}, written: map[uint64]written{}, full: make(chan struct{}, 1), more: make(chan struct{}, 1), closing: make(chan struct{})}
	if opts != nil {
		e.opts = *opts
	}
	e.opts.Memory = cmp.Or(e.opts.Memory, 40<<20)
	e.opts.Floor = cmp.Or(e.opts.Floor, 256<<20)
	e.cache.most, e.cache.eager = cmp.Or(e.opts.Cache, 64<<20), e.opts.sizes.eager
	e.sizes = sizes{
		bulk:  cmp.Or(e.opts.sizes.bulk, bulkRows),
		chunk: cmp.Or(e.opts.sizes.chunk, rowsOfChunk),
		log:   cmp.Or(e.opts.sizes.log, 256<<20),
		merge: cmp.Or(e.opts.sizes.merge, mergeWidth),
	}
	e.memory.less = make(chan struct{})
	if err := e.open(log); err != nil {
		return nil, fmt.Errorf("localseries: open: %w", errors.Join(err, e.closeFiles()))
	}
	e.ended.Go(e.writeSegments)
	e.ended.Go(e.mergeSegments)
	give(e.more)
	return e, nil
}

var errClosed = fault.SeriesClosed.Errorf("the store is closed")

// begin reports whether a call may go on.
func (e *Engine) begin(ctx context.Context) error {
	if e.closed.Load() {
		return errClosed
	}
	return ctx.Err()
}

// Write does what [series.Engine] says of it.
func (e *Engine) Write(ctx context.Context, frames []series.Frame) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	said := slices.ContainsFunc(frames, func(f series.Frame) bool { return f.Len() > 0 || f.Attrs != nil })
	if !said {
		return nil
	}
	if e.isBulk(frames) {
		return e.bulk(ctx, frames, nil)
	}
	return e.commit(ctx, writeRecord(frames), false)
}

// Replace does what [series.Engine] says of it.
func (e *Engine) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	if frames := []series.Frame{f}; e.isBulk(frames) {
		return e.bulk(ctx, frames, &r)
	}
	return e.commit(ctx, replaceRecord(r, &f), false)
}

// Delete does what [series.Engine] says of it.
func (e *Engine) Delete(ctx context.Context, k series.Key, r market.Range) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	// Also where there is nothing yet: a write that was left may be on its way.
	return e.commit(ctx, deleteRecord(k, r), true)
}

// commit makes a record durable. The log applies it before it returns. What makes
// room waits for none.
func (e *Engine) commit(ctx context.Context, record []byte, makesRoom bool) error {
	do := e.log.AppendReserved
	if !makesRoom {
		if err := e.awaitMemory(ctx); err != nil {
			return err
		}
		do = e.log.Append
	}
	if _, err := do(ctx, record); err != nil {
		return closedOr(err)
	}
	e.applying.Lock()
	defer e.applying.Unlock()
	return e.failed
}

// closedOr returns the error of a log, that of the store if it is closed.
func closedOr(err error) error {
	if errors.Is(err, fault.DiskClosed) {
		return errClosed
	}
	return err
}

func isUnknown(err error) bool { return errors.Is(err, fault.Unknown) }

// A Torn is the end of a log that a loss of power left, of calls that were not
// acknowledged. Nothing reads it again: it is kept for people.
type Torn struct {
	File  string // where it was moved to
	Bytes int64
}

// Torn returns what was moved aside when the engine was opened, usually nothing.
func (e *Engine) Torn() []Torn {
	all := make([]Torn, 0, len(e.torn))
	for _, t := range e.torn {
		all = append(all, Torn{t.File, t.Bytes})
	}
	return all
}

// find returns the entry of k, nil if there is none.
func (e *Engine) find(k series.Key) *entry {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.series[k]
}

// entry returns the entry of k, which it makes if there is none.
func (e *Engine) entry(k series.Key) *entry {
	if s := e.find(k); s != nil {
		return s
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.series[k]
	if s == nil {
		s = &entry{key: k}
		e.series[k] = s
	}
	return s
}

// entries returns the entries that f lets through, in the order of keys.
func (e *Engine) entries(f series.Filter) []*entry {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if one := (series.Key{Kind: f.Kind, Symbol: f.Symbol, Interval: f.Interval, Name: f.Name}); e.series[one] != nil && f.Exchange == "" {
		return []*entry{e.series[one]}
	}
	var all []*entry
	for k, s := range e.series {
		if f.Match(k) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return a.key.Compare(b.key) })
	return all
}

// apply puts what a record did into memory. The log calls it, in order.
func (e *Engine) apply(at seglog.Position, record []byte) {
	e.applying.Lock()
	defer e.applying.Unlock()
	bytes, err := e.applyRecord(uint64(at), record)
	if err != nil && errors.Is(err, fault.Unavailable) {
		e.failed = err // a file could not be read, which says nothing of it
	} else if err != nil {
		e.failed = fault.DiskDamaged.Errorf("the record at %d of the log: %w", at, err)
	}
	e.applied = at + seglog.Size(record)
	e.grow(bytes, int64(e.applied-e.floor) >= e.sizes.log)
}

// applyRecord returns how many bytes of rows a record has brought.
func (e *Engine) applyRecord(seq uint64, record []byte) (bytes int64, err error) {
	p := &parser{b: record, again: &e.again}
	switch p.byte() {
	case recordWrite:
		for i := range p.count(1) {
			s := e.next(p)
			f := p.frame(s.key)
			if err := cmp.Or(p.err, s.fits(f)); err != nil {
				return bytes, err
			}
			// Each frame is a change of its own. A record is longer than the
			// number of its frames, so the numbers are its own.
			bytes += s.write(f, seq+uint64(i))
			e.changed(seq+uint64(i), s.key, rangeOfRows(f))
		}
	case recordReplace:
		r := p.timeRange()
		s := e.next(p)
		f := p.frame(s.key)
		if err := cmp.Or(p.err, s.fits(f)); err != nil {
			return 0, err
		}
		bytes = s.replace(r, f, seq)
		e.changed(seq, s.key, r)
	case recordDelete:
		s := e.next(p)
		r := p.timeRange()
		if p.err != nil {
			return 0, p.err
		}
		s.remove(r, seq)
		e.changed(seq, s.key, r)
	case recordBegin:
		e.applyBegin(p, seq)
	case recordAccept:
		err = e.applyAccept(seglog.Position(seq), p)
	default:
		return 0, errShape
	}
	return bytes, errors.Join(err, p.err)
}

// changed notes a change.
func (e *Engine) changed(seq uint64, k series.Key, in market.Range) {
	e.last = seq
	e.recent.note(seq, k, in)
}

// next returns the entry of the key that stands next.
func (e *Engine) next(p *parser) *entry {
	b := p.keyBytes()
	if s := e.byKey[string(b)]; s != nil {
		return s
	}
	q := &parser{b: b}
	s := e.entry(q.key())
	if p.err == nil {
		e.byKey[string(b)] = s
	}
	return s
}

// Fold yields [errors.ErrUnsupported]: the store folds what Read yields.
func (e *Engine) Fold(context.Context, series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) { yield(nil, errors.ErrUnsupported) }
}

// Close writes what is in memory to a segment, so that the next process opens
// quickly, and closes the files.
func (e *Engine) Close() error {
	if e.closed.Swap(true) {
		e.ended.Wait()
		return nil
	}
	close(e.closing)
	e.ended.Wait()
	e.bulks.Lock() // and those that come see that it is closed
	defer e.bulks.Unlock()
	err := e.flush()
	e.flushing.Lock()
	e.gone = true
	e.flushing.Unlock()
	err = errors.Join(err, e.log.Close(), e.closeFiles())
	if e.unlock != nil {
		err = errors.Join(err, e.unlock())
	}
	return err
}

func (e *Engine) closeFiles() error {
	var errs []error
	for _, s := range append(e.segments, e.unlisted...) {
		errs = append(errs, s.release()) // those who read it go on
	}
	return errors.Join(errs...)
}
