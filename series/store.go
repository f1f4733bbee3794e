package series

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// Options tune a Store. The zero value is ready to use.
type Options struct {
	// KnownChanges is how many changes a store remembers over an engine that
	// keeps no record of them; 0 means 4096. Older ones are forgotten.
	KnownChanges int

	// LookAgain is how often Watch looks for what was not changed through the
	// store, but by others, or by a call that was left while it went on; 0 means
	// 1s.
	LookAgain time.Duration
}

// A Store writes and reads series. It checks and orders what it is given, so
// that an engine need not. It is safe for concurrent use.
type Store struct {
	engine    Engine
	ring      ring
	bell      bell
	guard     *guard
	lookAgain time.Duration
	closed    atomic.Bool
	stats     stats
}

// New returns a Store over e and takes charge of closing it: an engine has one
// store. A nil opts is the same as a pointer to the zero Options.
func New(e Engine, opts *Options) *Store {
	s := &Store{engine: e, ring: newRing(4096), guard: newGuard(), lookAgain: time.Second}
	if opts != nil && opts.KnownChanges > 0 {
		s.ring.most = opts.KnownChanges
	}
	if opts != nil && opts.LookAgain > 0 {
		s.lookAgain = opts.LookAgain
	}
	return s
}

// WriteOptions tune one write. The zero value overwrites and does not count.
type WriteOptions struct {
	// Count tells that the result should say how many rows were new, unchanged
	// and replaced. The store then reads what it is about to overwrite, and does
	// not write a frame again of which every row is stored as it is. The figures
	// are exact while nobody else writes the same rows.
	Count bool

	// RefuseDifferent makes a row that differs from the one stored in its place
	// an error, fault.SeriesDiffers, and nothing of the call is written. Two
	// such calls do not get in between each other; rows that others write
	// without it in the meantime may be overwritten. It implies Count.
	RefuseDifferent bool
}

// Counts are what a write did to the rows of a store.
type Counts struct {
	// New rows had no row in their place, Unchanged ones an equal row, and
	// Replaced ones another.
	New, Unchanged, Replaced int64

	// Deleted rows are gone.
	Deleted int64
}

// Write stores frames, whose rows may be in any order. If anything in one is
// invalid, nothing is stored. Of two rows of bars or indicators in the same
// place the later one counts; two ticks in the same place that differ are
// fault.SeriesSamePlace, since one of them was not numbered. A nil opts is the
// same as a pointer to the zero WriteOptions.
//
// The rows of one series are given to the engine as one frame, or in several if
// they are more than [MaxRows] or [MaxBytes]. If it fails when some are stored
// and others not, the error is fault.SeriesPartly, and of kind [fault.Unknown]:
// the same call may be repeated.
//
// The frames are the caller's again when Write returns, and are not changed.
func (s *Store) Write(ctx context.Context, frames []Frame, opts *WriteOptions) (Counts, error) {
	var o WriteOptions
	if opts != nil {
		o = *opts
	}
	counts, err := s.write(ctx, frames, o)
	s.stats.wrote(rowsIn(frames), err)
	if err != nil {
		return Counts{}, fmt.Errorf("series: write: %w", err)
	}
	return counts, nil
}

func (s *Store) write(ctx context.Context, frames []Frame, o WriteOptions) (counts Counts, err error) {
	if err := s.begin(ctx); err != nil {
		return Counts{}, err
	}
	ready, err := prepare(frames)
	if err != nil {
		return Counts{}, err
	}
	if far, ok := s.engine.(Remote); ok {
		return s.writeRemote(ctx, far, ready, o)
	}
	held, err := s.hold(ctx, ready, o.RefuseDifferent)
	if err != nil {
		return Counts{}, err
	}
	defer func() { held.end(err == nil || errors.Is(err, fault.Unknown)) }()
	if o.Count || o.RefuseDifferent {
		if counts, ready, err = s.compareAll(ctx, ready, o.RefuseDifferent); err != nil {
			return Counts{}, err
		}
	}
	return counts, s.eachCall(ready, func(call []Frame) error { return s.engine.Write(ctx, call) })
}

// eachCall gives prepared frames to write, as many at once as an engine takes.
func (s *Store) eachCall(frames []*Frame, write func([]Frame) error) error {
	stored := 0
	for call := range calls(frames) {
		err := write(call)
		rows := 0
		for i := range call {
			s.note(err, call[i].Key, rangeOf(&call[i]))
			rows += call[i].Len()
		}
		s.bell.ring()
		if err != nil && stored > 0 {
			return errPartly(stored, rows, err)
		}
		if err != nil {
			return err
		}
		stored += rows
	}
	return nil
}

// note remembers a change, unless the engine says that it did not happen.
func (s *Store) note(err error, k Key, r market.Range) {
	if err == nil || errors.Is(err, fault.Unknown) {
		s.ring.note(k, r)
	}
}

var errClosed = fault.SeriesClosed.Errorf("the store is closed")

// begin reports whether a call may go on.
func (s *Store) begin(ctx context.Context) error {
	if s.closed.Load() {
		return errClosed
	}
	return ctx.Err()
}

// WriteBars stores bars of y with interval v, as Write does.
func (s *Store) WriteBars(ctx context.Context, y market.Symbol, v market.Interval, bars []market.Bar) error {
	_, err := s.Write(ctx, []Frame{FrameOfBars(y, v, bars)}, nil)
	return err
}

// WriteTicks stores ticks of y, as Write does. One that is not valid by
// [market.Tick.Validate] is an error, and nothing is stored.
func (s *Store) WriteTicks(ctx context.Context, y market.Symbol, ticks []market.Tick) error {
	_, err := s.Write(ctx, []Frame{FrameOfTicks(y, ticks)}, nil)
	return err
}

// Replace exchanges the rows of f.Key in r for those of f, which may be in any
// order and must lie in r: of what lies in r, f is all that is left. f may have
// any number of rows, and is still exchanged at once where the engine promises
// that. The result counts the rows that were new, unchanged, replaced and
// deleted if opts asks for it.
func (s *Store) Replace(ctx context.Context, r market.Range, f Frame, opts *WriteOptions) (Counts, error) {
	var o WriteOptions
	if opts != nil {
		o = *opts
	}
	counts, err := s.replace(ctx, r, f, o)
	s.stats.wrote(f.Len(), err)
	if err != nil {
		return Counts{}, fmt.Errorf("series: replace %s %s: %w", f.Key, r, err)
	}
	return counts, nil
}

func (s *Store) replace(ctx context.Context, r market.Range, f Frame, o WriteOptions) (counts Counts, err error) {
	if err := s.begin(ctx); err != nil {
		return Counts{}, err
	}
	if err := validRange(f.Key.Kind, r); err != nil {
		return Counts{}, err
	}
	ready, err := prepare([]Frame{f})
	if err != nil {
		return Counts{}, err
	}
	g := ready[0]
	if from, to := g.Find(r); from != 0 || to != g.Len() {
		return Counts{}, fault.SeriesOutside.Errorf("%d of the rows lie outside the range", g.Len()-(to-from))
	}
	if far, ok := s.engine.(Remote); ok {
		counts, err = far.ReplaceCounted(ctx, r, *g, o)
		s.note(err, f.Key, r)
		s.bell.ring()
		return counts, err
	}
	held, err := s.hold(ctx, ready, o.RefuseDifferent)
	if err != nil {
		return Counts{}, err
	}
	defer func() { held.end(err == nil || errors.Is(err, fault.Unknown)) }()
	if o.Count || o.RefuseDifferent {
		if counts, err = s.compare(ctx, g, r, o.RefuseDifferent); err != nil {
			return Counts{}, err
		}
	}
	err = s.engine.Replace(ctx, r, *g)
	s.note(err, f.Key, r)
	s.bell.ring()
	return counts, err
}

// Delete removes the rows of k in r, and its attributes and the types of its
// extra columns too if r is open at both ends. It returns how many rows there
// were.
func (s *Store) Delete(ctx context.Context, k Key, r market.Range) (Counts, error) {
	counts, err := s.delete(ctx, k, r)
	s.stats.wrote(0, err)
	if err != nil {
		return Counts{}, fmt.Errorf("series: delete %s %s: %w", k, r, err)
	}
	return counts, nil
}

func (s *Store) delete(ctx context.Context, k Key, r market.Range) (counts Counts, err error) {
	if err := s.begin(ctx); err != nil {
		return Counts{}, err
	}
	if err := k.Validate(); err != nil {
		return Counts{}, err
	}
	if err := validRange(k.Kind, r); err != nil {
		return Counts{}, err
	}
	if far, ok := s.engine.(Remote); ok {
		return s.deleteRemote(ctx, far, k, r)
	}
	unlock, err := s.guard.lock(ctx, k, alone)
	if err != nil {
		return Counts{}, err
	}
	defer unlock()
	for f, err := range s.engine.Read(ctx, Query{Keys: []Key{k}, Range: r, Columns: []string{}}) {
		if err != nil {
			return Counts{}, err
		}
		counts.Deleted += int64(f.Len())
	}
	err = s.engine.Delete(ctx, k, r)
	s.guard.set(k, nil)
	s.note(err, k, r)
	s.bell.ring()
	return counts, err
}

// Read yields the rows that q asks for, as [Engine.Read] does. A frame is valid
// until the next step.
func (s *Store) Read(ctx context.Context, q Query) iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		err := s.begin(ctx)
		if err == nil {
			err = q.validate()
		}
		var rows int64
		defer func() { s.stats.read(rows, err) }()
		if err != nil {
			yield(nil, fmt.Errorf("series: read: %w", err))
			return
		}
		var f *Frame
		for f, err = range s.engine.Read(ctx, q) {
			if err != nil {
				yield(nil, fmt.Errorf("series: read: %w", err))
				return
			}
			rows += int64(f.Len())
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Bars yields the bars of y with interval v in r, oldest first.
func (s *Store) Bars(ctx context.Context, y market.Symbol, v market.Interval, r market.Range) iter.Seq2[market.Bar, error] {
	q := Query{Keys: []Key{BarKey(y, v)}, Range: r, Columns: names(barColumns)}
	return rowsOf(s.Read(ctx, q), (*Frame).eachBar)
}

// Ticks yields the ticks of y in r, oldest first.
func (s *Store) Ticks(ctx context.Context, y market.Symbol, r market.Range) iter.Seq2[market.Tick, error] {
	q := Query{Keys: []Key{TickKey(y)}, Range: r, Columns: names(tickColumns)}
	return rowsOf(s.Read(ctx, q), (*Frame).eachTick)
}

// rowsOf yields the rows of frames one by one: each gives those of a frame to
// yield, and tells whether all went.
func rowsOf[T any](frames iter.Seq2[*Frame, error], each func(*Frame, func(T, error) bool) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for f, err := range frames {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if !each(f, yield) {
				return
			}
		}
	}
}

// Latest yields the last row of each key that has one, in the order of keys.
func (s *Store) Latest(ctx context.Context, keys ...Key) iter.Seq2[*Frame, error] {
	return s.Read(ctx, Query{Keys: keys, Reverse: true, Limit: 1})
}

// Overview yields what is known of each series that f lets through, in the
// order of [Key.Compare].
func (s *Store) Overview(ctx context.Context, f Filter) iter.Seq2[Overview, error] {
	return wrapped("series: overview", func(yield func(Overview, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(Overview{}, err)
			return
		}
		s.engine.Overview(ctx, f)(yield)
	})
}

// Changes yields what was accepted after the sequence number since, in order.
// A number that is older than what is known, or newer, is a [Forgotten], which
// tells the number to go on from once everything was read again. Over an engine
// that keeps no record these are the changes made through this store since it
// was opened, and its numbers begin with the microseconds since 1970, so that
// those of an earlier store are not taken for its own.
func (s *Store) Changes(ctx context.Context, since uint64) iter.Seq2[Change, error] {
	return wrapped("series: changes", s.changes(ctx, since))
}

func (s *Store) changes(ctx context.Context, since uint64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(Change{}, err)
			return
		}
		if !orUnsupported(s.engine.Changes(ctx, since), yield) {
			s.ring.after(since)(yield)
		}
	}
}

// orUnsupported yields what seq does, but for an error that says that it cannot:
// then it returns false, and nothing was yielded.
func orUnsupported[T any](seq iter.Seq2[T, error], yield func(T, error) bool) (supported bool) {
	begun := false
	for v, err := range seq {
		if !begun && errors.Is(err, errors.ErrUnsupported) {
			return false
		}
		if begun = true; !yield(v, err) || err != nil {
			return true
		}
	}
	return true
}

// wrapped says in the errors of seq what was being done.
func wrapped[T any](doing string, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if err != nil {
				err = fmt.Errorf("%s: %w", doing, err)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// Close makes everything that was accepted durable and closes the engine. Calls
// after it fail with [fault.Closed], and those who watch are told so at once; a
// second Close does nothing.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.bell.ring()
	if err := s.engine.Close(); err != nil {
		return fmt.Errorf("series: close: %w", err)
	}
	return nil
}

func (q Query) validate() error {
	if len(q.Keys) == 0 {
		return fault.SeriesQuery.Errorf("no key is named")
	}
	if q.Limit < 0 {
		return fault.SeriesQuery.Errorf("the limit %d is below zero", q.Limit)
	}
	seen := make(map[Key]bool, len(q.Keys))
	for _, k := range q.Keys {
		if err := k.Validate(); err != nil {
			return err
		}
		if seen[k] {
			return fault.SeriesQuery.Errorf("key %s is named twice", k)
		}
		seen[k] = true
		if err := validRange(k.Kind, q.Range); err != nil {
			return err
		}
	}
	return nil
}

func validRange(k Kind, r market.Range) error {
	if k == Ticks {
		return r.ValidateTicks()
	}
	return r.Validate()
}

func names(columns []BaseColumn) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return all
}
