// Package memseries keeps series in memory, for tests, and as the oracle of the
// other engines: it is written to be plainly right, not to be fast. A write
// copies the series that it changes. Nothing survives the process.
package memseries

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// keptChanges is how many changes are known; older ones are forgotten.
const keptChanges = 1 << 16

// Open returns an empty store in memory. A nil opts is the same as a pointer to
// the zero Options.
func Open(opts *series.Options) *series.Store { return series.New(NewEngine(), opts) }

// NewEngine returns an empty engine.
func NewEngine() series.Engine {
	return &engine{kept: map[series.Key]*stored{}}
}

type engine struct {
	mu      sync.RWMutex // guards the fields below
	kept    map[series.Key]*stored
	changes []series.Change
	seq     uint64 // of the last change
	closed  bool
}

// A stored is what is kept of one series. It is replaced, never changed, so
// that readers need no lock.
type stored struct {
	rows  *series.Frame
	attrs map[string]string
	extra map[string]series.Type
}

var errClosed = fault.SeriesClosed.Errorf("the store is closed")

// begin reports whether a call may go on.
func (e *engine) begin(ctx context.Context) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return errClosed
	}
	return ctx.Err()
}

// lock begins a call that changes something. Without an error the lock is held.
func (e *engine) lock(ctx context.Context) error {
	e.mu.Lock()
	err := ctx.Err()
	if e.closed {
		err = errClosed
	}
	if err != nil {
		e.mu.Unlock()
	}
	return err
}

func (e *engine) Write(ctx context.Context, frames []series.Frame) error {
	if err := e.lock(ctx); err != nil {
		return err
	}
	defer e.mu.Unlock()
	for i := range frames {
		f := &frames[i]
		old := e.of(f.Key)
		e.keep(f, merge(old.rows, f))
		e.noteLocked(f.Key, rangeOf(f))
	}
	return nil
}

func (e *engine) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	if err := e.lock(ctx); err != nil {
		return err
	}
	defer e.mu.Unlock()
	old := e.of(f.Key)
	e.keep(&f, merge(without(old.rows, r), &f))
	e.noteLocked(f.Key, r)
	return nil
}

func (e *engine) Delete(ctx context.Context, k series.Key, r market.Range) error {
	if err := e.lock(ctx); err != nil {
		return err
	}
	defer e.mu.Unlock()
	old, ok := e.kept[k]
	if !ok {
		return nil
	}
	if r == (market.Range{}) {
		delete(e.kept, k)
	} else {
		e.kept[k] = &stored{without(old.rows, r), old.attrs, old.extra}
	}
	e.noteLocked(k, r)
	return nil
}

// of returns what is kept of k, an empty series if nothing is.
func (e *engine) of(k series.Key) *stored {
	if s, ok := e.kept[k]; ok {
		return s
	}
	return &stored{rows: &series.Frame{Key: k}}
}

// keep puts rows in the place of the rows of f.Key, and the attributes and
// column types of f beside it.
func (e *engine) keep(f, rows *series.Frame) {
	old := e.of(f.Key)
	s := &stored{rows, old.attrs, maps.Clone(old.extra)}
	if f.Attrs != nil {
		s.attrs = maps.Clone(f.Attrs)
	}
	if len(s.attrs) == 0 {
		s.attrs = nil // an empty map takes all of them away
	}
	for i := range f.Cols {
		if c := &f.Cols[i]; isExtra(f.Key.Kind, c.Name) && hasValue(c) {
			if s.extra == nil {
				s.extra = map[string]series.Type{}
			}
			s.extra[c.Name] = c.Type()
		}
	}
	e.kept[f.Key] = s
}

func (e *engine) noteLocked(k series.Key, r market.Range) {
	e.seq++
	e.changes = append(e.changes, series.Change{Seq: e.seq, Key: k, Range: r})
	if len(e.changes) > keptChanges {
		e.changes = slices.Clone(e.changes[len(e.changes)-keptChanges/2:])
	}
}

// rangeOf returns the range that holds the rows of f, an empty one for none.
func rangeOf(f *series.Frame) market.Range {
	if f.Len() == 0 {
		return market.Range{From: 1, To: 1}
	}
	first, last := f.Time[0], f.Time[f.Len()-1]
	if f.Key.Kind == series.Ticks {
		first, last = market.Time(first.Micro()*1000), market.Time(last.Micro()*1000+999)
	}
	r := market.Range{From: first, To: last + 1}
	// An end that is 0 would be open; 1 ns later lies no other row.
	if r.From == 0 {
		r.From = 1
	}
	if r.To == 0 {
		r.To = 1
	}
	if r.To > market.MaxTime {
		r.To = 0
	}
	return r
}

func (e *engine) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		if err := e.begin(ctx); err != nil {
			yield(nil, err)
			return
		}
		for _, rows := range e.rowsOf(q.Keys) {
			if rows == nil {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			f := answer(rows, q)
			if f.Len() > 0 && !yield(f, nil) {
				return
			}
		}
	}
}

// rowsOf returns the rows of every key as they are at one moment.
func (e *engine) rowsOf(keys []series.Key) []*series.Frame {
	e.mu.RLock()
	defer e.mu.RUnlock()
	rows := make([]*series.Frame, len(keys))
	for i, k := range keys {
		rows[i] = e.of(k).rows
	}
	return rows
}

// answer returns the rows and columns of rows that q asks for.
func answer(rows *series.Frame, q series.Query) *series.Frame {
	from, to := rows.Find(q.Range)
	n := to - from
	if q.Limit > 0 {
		n = min(n, q.Limit)
	}
	if q.Reverse {
		from = to - n
	}
	f := rows.Slice(from, from+n)
	if q.Columns != nil {
		f.Cols = slices.DeleteFunc(f.Cols, func(c series.Column) bool { return !slices.Contains(q.Columns, c.Name) })
	}
	if !q.Reverse {
		return &f
	}
	order := make([]pick, n)
	for i := range order {
		order[i] = pick{&f, n - 1 - i}
	}
	return gather(f.Key, order)
}

func (e *engine) Fold(context.Context, series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) { yield(nil, errors.ErrUnsupported) }
}

func (e *engine) Overview(ctx context.Context, filter series.Filter) iter.Seq2[series.Overview, error] {
	return func(yield func(series.Overview, error) bool) {
		if err := e.begin(ctx); err != nil {
			yield(series.Overview{}, err)
			return
		}
		for _, o := range e.overviews(filter) {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (e *engine) overviews(filter series.Filter) []series.Overview {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var all []series.Overview
	for k, s := range e.kept {
		n := s.rows.Len()
		if !filter.Match(k) || n == 0 && s.attrs == nil {
			continue
		}
		o := series.Overview{Key: k, Count: int64(n), Attrs: maps.Clone(s.attrs), Extra: maps.Clone(s.extra)}
		if n > 0 {
			o.First, o.Last = s.rows.Time[0], s.rows.Time[n-1]
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b series.Overview) int { return a.Key.Compare(b.Key) })
	return all
}

func (e *engine) Changes(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
	return func(yield func(series.Change, error) bool) {
		changes, err := e.changesAfter(ctx, since)
		if err != nil {
			yield(series.Change{}, err)
			return
		}
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (e *engine) changesAfter(ctx context.Context, since uint64) ([]series.Change, error) {
	if err := e.begin(ctx); err != nil {
		return nil, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if len(e.changes) > 0 && since+1 < e.changes[0].Seq || since > e.seq {
		return nil, series.Forget(since, e.seq)
	}
	n := int(e.seq - since) // the numbers are without gaps
	return slices.Clone(e.changes[len(e.changes)-n:]), nil
}

func (e *engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed, e.kept = true, nil
	return nil
}
