package seriestest

import (
	"context"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// TestContractFitsColumns runs the suite on a sketch of an engine of immutable
// chunks and tombstones.
func TestContractFitsColumns(t *testing.T) {
	Run(t, Harness{Name: "columnar sketch", Open: func(testing.TB) series.Engine {
		return &columnar{kept: map[series.Key]*chunks{}}
	}})
}

// A columnar keeps what it was given as it came and resolves it when it reads:
// of rows in one place the one with the highest sequence number counts, and a
// tombstone removes what has a lower one.
type columnar struct {
	mu      sync.Mutex // guards the fields below, and is not held while yielding
	kept    map[series.Key]*chunks
	changes []series.Change
	seq     uint64
	closed  bool
}

// chunks are those of one series. Both slices only grow, so that a reader may
// keep them as they were.
type chunks struct {
	all   []chunk
	tombs []tomb
	attrs map[string]string
	extra map[string]series.Type
}

type chunk struct {
	seq  uint64
	rows *series.Frame
}

type tomb struct {
	seq uint64
	r   market.Range
}

// commit runs do under the lock, if the call may go on.
func (e *columnar) commit(ctx context.Context, do func()) error {
	if err := ctx.Err(); err != nil && !e.isClosed() {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fault.Closed
	}
	do()
	return nil
}

func (e *columnar) isClosed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

func (e *columnar) Write(ctx context.Context, frames []series.Frame) error {
	return e.commit(ctx, func() {
		for i := range frames {
			e.seq++
			e.keepLocked(&frames[i])
			e.changes = append(e.changes, series.Change{Seq: e.seq, Key: frames[i].Key, Range: covering(&frames[i])})
		}
	})
}

// covering returns a range that holds f's rows.
func covering(f *series.Frame) market.Range {
	if f.Len() == 0 {
		return market.Range{From: 1, To: 1}
	}
	return market.Range{From: min(f.Time[0]-1000, -1), To: max(f.Time[f.Len()-1]+1000, 1)}
}

func (e *columnar) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	return e.commit(ctx, func() {
		e.seq++
		e.keepLocked(&f)
		c := e.kept[f.Key]
		c.tombs = append(c.tombs, tomb{e.seq, r})
		e.changes = append(e.changes, series.Change{Seq: e.seq, Key: f.Key, Range: r})
	})
}

func (e *columnar) Delete(ctx context.Context, k series.Key, r market.Range) error {
	return e.commit(ctx, func() {
		e.seq++
		e.changes = append(e.changes, series.Change{Seq: e.seq, Key: k, Range: r})
		if c := e.kept[k]; c != nil && r == (market.Range{}) {
			delete(e.kept, k)
		} else if c != nil {
			c.tombs = append(c.tombs, tomb{e.seq, r})
		}
	})
}

// keepLocked adds a chunk. The copy of the columns is the only one.
func (e *columnar) keepLocked(f *series.Frame) {
	c := e.kept[f.Key]
	if c == nil {
		c = &chunks{extra: map[string]series.Type{}}
		e.kept[f.Key] = c
	}
	if f.Attrs != nil {
		c.attrs = maps.Clone(f.Attrs)
	}
	if f.Len() == 0 {
		return
	}
	c.all = append(c.all, chunk{e.seq, f.Clone()})
	for i := range f.Cols {
		if col := &f.Cols[i]; !series.IsBase(f.Key.Kind, col.Name) && col.HasValue() {
			c.extra[col.Name] = col.Type()
		}
	}
}

// A run is consecutive rows of one chunk.
type run struct {
	chunk    chunk
	from, to int
}

// resolve returns the rows that count, in order, as runs.
func (c *chunks) resolve(r market.Range) []run {
	var rows []run // of one row each, by chunk
	for _, ch := range c.all {
		from, to := ch.rows.Find(r)
		for i := from; i < to; i++ {
			rows = append(rows, run{ch, i, i + 1})
		}
	}
	slices.SortStableFunc(rows, func(a, b run) int { return a.chunk.rows.ComparePlace(a.from, b.chunk.rows, b.from) })
	var runs []run
	for i, row := range rows {
		overwritten := i+1 < len(rows) && row.chunk.rows.ComparePlace(row.from, rows[i+1].chunk.rows, rows[i+1].from) == 0
		if overwritten || c.buried(row) {
			continue
		}
		if n := len(runs) - 1; n >= 0 && runs[n].chunk.rows == row.chunk.rows && runs[n].to == row.from {
			runs[n].to++
			continue
		}
		runs = append(runs, row)
	}
	return runs
}

// buried reports whether a tombstone that is younger than the row covers it.
func (c *chunks) buried(row run) bool {
	f := row.chunk.rows.Slice(row.from, row.to)
	return slices.ContainsFunc(c.tombs, func(t tomb) bool {
		from, to := f.Find(t.r)
		return t.seq > row.chunk.seq && from < to
	})
}

// snapshot returns the chunks of the keys as they are at one moment.
func (e *columnar) snapshot(ctx context.Context, keys []series.Key) (all []chunks, err error) {
	err = e.commit(ctx, func() {
		for _, k := range keys {
			c := e.kept[k]
			if c == nil {
				c = &chunks{}
			}
			all = append(all, chunks{slices.Clip(c.all), slices.Clip(c.tombs), maps.Clone(c.attrs), maps.Clone(c.extra)})
		}
	})
	return all, err
}

func (e *columnar) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		all, err := e.snapshot(ctx, q.Keys)
		for i := range all {
			if err = ctx.Err(); err != nil {
				break
			}
			if !answerRuns(all[i].resolve(q.Range), q, yield) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// answerRuns yields a slice of a chunk for each run: read forwards, no row is
// copied.
func answerRuns(runs []run, q series.Query, yield func(*series.Frame, error) bool) bool {
	left := q.Limit
	if left == 0 {
		left = math.MaxInt
	}
	if q.Reverse {
		slices.Reverse(runs)
	}
	for _, r := range runs {
		n := min(left, r.to-r.from)
		if left -= n; n == 0 {
			return true
		}
		f := r.chunk.rows.Slice(r.from, r.from+n)
		if q.Reverse {
			f = r.chunk.rows.Slice(r.to-n, r.to)
			f = *f.Clone()
			turn(&f)
		}
		if f.Attrs = nil; q.Columns != nil {
			f = only(f, q.Columns...)
		}
		if !yield(&f, nil) {
			return false
		}
	}
	return true
}

func (e *columnar) Fold(context.Context, series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) { yield(nil, errors.ErrUnsupported) }
}

func (e *columnar) Overview(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error] {
	return func(yield func(series.Overview, error) bool) {
		var keys []series.Key
		err := e.commit(ctx, func() { keys = slices.SortedFunc(maps.Keys(e.kept), series.Key.Compare) })
		all, err2 := e.snapshot(ctx, keys)
		if err = errors.Join(err, err2); err != nil {
			yield(series.Overview{}, err)
			return
		}
		for i, k := range keys {
			if o := all[i].overview(k); f.Match(k) && (o.Count > 0 || o.Attrs != nil) && !yield(o, nil) {
				return
			}
		}
	}
}

func (c *chunks) overview(k series.Key) series.Overview {
	o := series.Overview{Key: k, Extra: c.extra}
	if len(c.attrs) > 0 {
		o.Attrs = c.attrs
	}
	for _, r := range c.resolve(market.Range{}) {
		if o.Count == 0 {
			o.First = r.chunk.rows.Time[r.from]
		}
		o.Last = r.chunk.rows.Time[r.to-1]
		o.Count += int64(r.to - r.from)
	}
	return o
}

func (e *columnar) Changes(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
	return func(yield func(series.Change, error) bool) {
		var all []series.Change
		var last uint64
		if err := e.commit(ctx, func() { all, last = slices.Clip(e.changes), e.seq }); err != nil {
			yield(series.Change{}, err)
			return
		}
		if since > last {
			yield(series.Change{}, series.Forget(since, last))
			return
		}
		for _, c := range all {
			if c.Seq > since && !yield(c, nil) {
				return
			}
		}
	}
}

func (e *columnar) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}
