package seriestest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A recorder is a tb that may fail without failing the test.
type recorder struct {
	ctx      context.Context //nolint:containedctx // it is what Context returns, as in testing.T
	mu       sync.Mutex      // guards failures
	failures []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

// failing runs check and returns what it complained of. A panic is a complaint.
func failing(ctx context.Context, check func(t tb)) []string {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		check(r)
	}()
	<-done
	return r.failures
}

// A broken is an engine that is wrong in one way.
type broken struct {
	series.Engine
	write    func(ctx context.Context, frames []series.Frame) error
	replace  func(ctx context.Context, r market.Range, f series.Frame) error
	read     func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error]
	fold     func(ctx context.Context, q series.FoldQuery) iter.Seq2[*series.Frame, error]
	remove   func(ctx context.Context, k series.Key, r market.Range) error
	overview func(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error]
	changes  func(ctx context.Context, since uint64) iter.Seq2[series.Change, error]
	closing  func() error
}

func (b *broken) Write(ctx context.Context, frames []series.Frame) error {
	if b.write != nil {
		return b.write(ctx, frames)
	}
	return b.Engine.Write(ctx, frames)
}

func (b *broken) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	if b.replace != nil {
		return b.replace(ctx, r, f)
	}
	return b.Engine.Replace(ctx, r, f)
}

func (b *broken) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	if b.read != nil {
		return b.read(ctx, q)
	}
	return b.Engine.Read(ctx, q)
}

func (b *broken) Fold(ctx context.Context, q series.FoldQuery) iter.Seq2[*series.Frame, error] {
	if b.fold != nil {
		return b.fold(ctx, q)
	}
	return b.Engine.Fold(ctx, q)
}

func (b *broken) Delete(ctx context.Context, k series.Key, r market.Range) error {
	if b.remove != nil {
		return b.remove(ctx, k, r)
	}
	return b.Engine.Delete(ctx, k, r)
}

func (b *broken) Overview(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error] {
	if b.overview != nil {
		return b.overview(ctx, f)
	}
	return b.Engine.Overview(ctx, f)
}

func (b *broken) Changes(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
	if b.changes != nil {
		return b.changes(ctx, since)
	}
	return b.Engine.Changes(ctx, since)
}

func (b *broken) Close() error {
	if b.closing != nil {
		return b.closing()
	}
	return b.Engine.Close()
}

// writing spoils what is written and what replaces.
func writing(spoil func(f *series.Frame)) func(e series.Engine) series.Engine {
	return func(e series.Engine) series.Engine {
		copied := func(f *series.Frame) series.Frame {
			g := *f.Clone()
			spoil(&g)
			return g
		}
		return &broken{Engine: e, write: func(ctx context.Context, frames []series.Frame) error {
			var all []series.Frame
			for i := range frames {
				all = append(all, copied(&frames[i]))
			}
			return e.Write(ctx, all)
		}, replace: func(ctx context.Context, r market.Range, f series.Frame) error {
			return e.Replace(ctx, r, copied(&f))
		}}
	}
}

// asking spoils queries.
func asking(spoil func(q *series.Query)) func(e series.Engine) series.Engine {
	return func(e series.Engine) series.Engine {
		return &broken{Engine: e, read: func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
			q.Keys = slices.Clone(q.Keys)
			spoil(&q)
			return e.Read(ctx, q)
		}}
	}
}

// answering spoils frames that are read.
func answering(spoil func(f *series.Frame, q series.Query)) func(e series.Engine) series.Engine {
	return func(e series.Engine) series.Engine {
		return &broken{Engine: e, read: func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
			return func(yield func(*series.Frame, error) bool) {
				for f, err := range e.Read(ctx, q) {
					if f != nil {
						f = f.Clone()
						spoil(f, q)
					}
					if !yield(f, err) {
						return
					}
				}
			}
		}}
	}
}

// changing spoils an engine by setting methods of its own.
func changing(spoil func(e series.Engine, b *broken)) func(e series.Engine) series.Engine {
	return func(e series.Engine) series.Engine {
		b := &broken{Engine: e}
		spoil(e, b)
		return b
	}
}

// telling spoils lines of an overview.
func telling(spoil func(o *series.Overview)) func(e series.Engine) series.Engine {
	return changing(func(e series.Engine, b *broken) {
		b.overview = func(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error] {
			return func(yield func(series.Overview, error) bool) {
				for o, err := range e.Overview(ctx, f) {
					spoil(&o)
					if !yield(o, err) {
						return
					}
				}
			}
		}
	})
}

// eachFloat changes every float, those of absent rows too.
func eachFloat(f *series.Frame, change func(x float64) float64) {
	for i := range f.Cols {
		for j, x := range f.Cols[i].Floats {
			f.Cols[i].Floats[j] = change(x)
		}
	}
}

// cut leaves rows from up to to.
func cut(f *series.Frame, from, to int) { *f = f.Slice(from, to) }

// stored returns all rows of k.
func stored(e series.Engine, k series.Key) *series.Frame {
	for f, err := range e.Read(context.Background(), of(k)) {
		if err == nil {
			return f
		}
	}
	return &series.Frame{Key: k}
}

// A spoiling is one way to be wrong, and the rule that must see it.
type spoiling struct {
	name  string
	rule  string
	spoil func(e series.Engine) series.Engine
}

// wrongRows are wrong about what is in a row.
var wrongRows = []spoiling{
	{"loses the last row of a frame", "what was written is read", writing(func(f *series.Frame) { cut(f, 0, max(0, f.Len()-1)) })},
	{"loses the first row of a large frame", "a large frame comes back whole", writing(func(f *series.Frame) { cut(f, f.Len()/10000, f.Len()) })},
	{"drops extra columns", "extra columns have any of three types", writing(func(f *series.Frame) {
		f.Cols = slices.DeleteFunc(f.Cols, func(c series.Column) bool {
			return !series.IsBase(f.Key.Kind, c.Name) && f.Key.Kind != series.Indicator
		})
	})},
	{"makes absent values 0", "extra columns are absent by row and by frame", writing(func(f *series.Frame) {
		for i := range f.Cols {
			if c := &f.Cols[i]; c.Valid != nil && c.Texts == nil {
				c.Valid = nil
			}
		}
	})},
	{"makes absent texts empty", "extra columns have any of three types", writing(func(f *series.Frame) {
		for i := range f.Cols {
			if c := &f.Cols[i]; c.Valid != nil && c.Texts != nil {
				for j, ok := range c.Valid {
					if !ok {
						c.Texts.Index[j] = enter(c.Texts, "")
					}
				}
				c.Valid = nil
			}
		}
	})},
	{"makes 0 of extra columns absent", "extra columns are absent by row and by frame", writing(func(f *series.Frame) {
		for i := range f.Cols {
			if c := &f.Cols[i]; !series.IsBase(f.Key.Kind, c.Name) && c.Floats != nil {
				if c.Valid == nil {
					c.Valid = slices.Repeat([]bool{true}, f.Len())
				}
				for j, x := range c.Floats {
					c.Valid[j] = c.Valid[j] && x != 0
				}
			}
		}
	})},
	{"makes -0 0", "floats come back bit for bit", writing(func(f *series.Frame) { eachFloat(f, func(x float64) float64 { return x + 0 }) })},
	{"flushes denormals to 0", "floats come back bit for bit", writing(func(f *series.Frame) {
		eachFloat(f, func(x float64) float64 {
			if math.Abs(x) < 0x1p-1022 {
				return math.Copysign(0, x)
			}
			return x
		})
	})},
	{"rounds to 15 digits", "floats come back bit for bit", writing(func(f *series.Frame) {
		eachFloat(f, func(x float64) float64 {
			var y float64
			_, _ = fmt.Sscan(fmt.Sprintf("%.15g", x), &y)
			return y
		})
	})},
	{"keeps floats as float32", "floats come back bit for bit", writing(func(f *series.Frame) {
		eachFloat(f, func(x float64) float64 {
			if y := float64(float32(x)); !math.IsInf(y, 0) {
				return y
			}
			return x
		})
	})},
	{"passes integers through floats", "integers and texts come back as they were", writing(func(f *series.Frame) {
		for i := range f.Cols {
			for j, x := range f.Cols[i].Ints {
				f.Cols[i].Ints[j] = int64(float64(x) / 2 * 2)
			}
		}
	})},
	{"trims texts", "integers and texts come back as they were", writing(func(f *series.Frame) {
		for i := range f.Cols {
			if x := f.Cols[i].Texts; x != nil {
				trimmed := &series.Texts{Index: slices.Clone(x.Index)}
				for j, code := range x.Index {
					trimmed.Index[j] = enter(trimmed, strings.TrimSpace(x.Dict[code]))
				}
				f.Cols[i].Texts = trimmed
			}
		}
	})},
	{"ends texts at a NUL", "integers and texts come back as they were", writing(func(f *series.Frame) {
		for i := range f.Cols {
			if x := f.Cols[i].Texts; x != nil {
				for j, s := range x.Dict {
					x.Dict[j], _, _ = strings.Cut(s, "\x00")
				}
			}
		}
	})},
	{"keeps one dictionary a name", "dictionaries may differ between frames", oneDictionary},
	{"keeps old extra columns on upsert", "a row replaces extra columns too", changing(keepOldExtras)},
	{"keeps old levels of the book on upsert", "levels of a book go with their tick", changing(keepOldLevels)},
	{"keeps the first version", "a row replaces the whole row in its place", changing(keepFirst)},
	{"writes frames in reverse order", "the frames of a call count in their order", changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			frames = slices.Clone(frames)
			slices.Reverse(frames)
			return e.Write(ctx, frames)
		}
	})},
	{"writes the first frame of a call only", "many keys are read in one call", changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			return e.Write(ctx, frames[:min(1, len(frames))])
		}
	})},
	{"changes the caller's frames", "the frames are the caller's again", changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			err := e.Write(ctx, frames)
			for i := range frames {
				clear(frames[i].Seq)
			}
			return err
		}
	})},
	{"keeps the caller's columns", "the frames are the caller's again", changing(keepCallers)},
	{"keeps the caller's attributes", "the frames are the caller's again", changing(keepCallersAttrs)},
}

// wrongPlaces are wrong about where rows stand.
var wrongPlaces = []spoiling{
	{"reads To inclusively", "ranges are half-open", asking(func(q *series.Query) {
		if q.Range.To != 0 {
			q.Range.To++
			if q.Keys[0].Kind == series.Ticks {
				q.Range.To += 999
			}
		}
	})},
	{"reads From exclusively", "ranges are half-open", asking(func(q *series.Query) {
		if q.Range.From != 0 {
			q.Range.From++
		}
	})},
	{"reads ranges by whole seconds", "an end of a range may lie between rows", asking(func(q *series.Query) { q.Range.To -= q.Range.To % 1e9 })},
	{"takes an open From for 1970", "an end of a range that is 0 is open", asking(func(q *series.Query) { q.Range.From = cmp.Or(q.Range.From, 1) })},
	{"takes an open To for 2100", "the first and the last time can be stored", asking(func(q *series.Query) { q.Range.To = cmp.Or(q.Range.To, at(4102444800)) })},
	{"takes an open To for now", "an end of a range that is 0 is open", asking(func(q *series.Query) { q.Range.To = cmp.Or(q.Range.To, at(1_800_000_000)) })},
	{"ignores the range of ticks", "a range of ticks holds whole microseconds", asking(func(q *series.Query) {
		if q.Keys[0].Kind == series.Ticks {
			q.Range = market.Range{}
		}
	})},
	{"ignores Seq", "a tick's place is its microsecond and its Seq", writing(func(f *series.Frame) { clear(f.Seq); dedupe(f) })},
	{"keeps Seq in 16 bits", "Seq goes from 0 to its maximum", writing(func(f *series.Frame) {
		for i := range f.Seq {
			f.Seq[i] %= 1 << 16
		}
		dedupe(f)
	})},
	{"keeps Seq as a signed number", "Seq goes from 0 to its maximum", answering(func(f *series.Frame, _ series.Query) {
		for i, s := range f.Seq {
			if s > math.MaxInt32 {
				f.Seq[i] = 0
			}
		}
	})},
	{"truncates nanoseconds to microseconds", "a tick keeps its nanoseconds", writing(func(f *series.Frame) {
		for i, t := range f.Time {
			if f.Time[i] = market.Time(t.Micro() * 1000); f.Time[i] == 0 {
				f.Time[i] = 1
			}
		}
	})},
	{"rounds microseconds towards 1970", "microseconds around 1970 are told apart", writing(func(f *series.Frame) {
		for i, t := range f.Time {
			if t < 0 && f.Key.Kind == series.Ticks {
				f.Time[i] = min(t/1000*1000, -1)
			}
		}
		dedupe(f)
	})},
	{"orders ticks by nanoseconds", "ticks of one microsecond stand in the order of Seq", answering(func(f *series.Frame, q series.Query) {
		if f.Key.Kind == series.Ticks && f.Len() == 4 && !q.Reverse && f.Time[0].Micro() == f.Time[1].Micro() && f.Time[1] < f.Time[0] {
			f.Time[0], f.Time[1], f.Seq[0], f.Seq[1] = f.Time[1], f.Time[0], f.Seq[1], f.Seq[0]
		}
	})},
	{"drops rows that equal the one before", "a tick's place is its microsecond and its Seq", writing(func(f *series.Frame) {
		for i := f.Len() - 1; i > 0; i-- {
			a, b := f.Slice(i-1, i), f.Slice(i, i+1)
			a.Time, a.Seq = b.Time, b.Seq
			if slices.Equal(lines(&a), lines(&b)) && i == f.Len()-1 && f.Key.Kind == series.Ticks {
				cut(f, 0, i)
			}
		}
	})},
	{"drops times before 1900", "the first and the last time can be stored", writing(func(f *series.Frame) {
		n, _ := f.Find(market.Range{From: at(-2208988800)})
		cut(f, n, f.Len())
	})},
}

// wrongReads are wrong about queries.
var wrongReads = []spoiling{
	{"reads keys in their own order", "keys are read in the order of the query", asking(func(q *series.Query) { slices.SortFunc(q.Keys, series.Key.Compare) })},
	{"merges keys that differ by interval", "keys that differ in one part are different series", merging(func(k *series.Key) {
		if k.Kind == series.Bars {
			k.Interval = market.Minute
		}
	})},
	{"merges keys that differ by exchange", "keys that differ in one part are different series", merging(func(k *series.Key) { k.Symbol.Exchange = "X" })},
	{"merges keys that differ by case", "keys that differ in one part are different series", merging(func(k *series.Key) { k.Symbol.Code = strings.ToLower(k.Symbol.Code) })},
	{"merges keys that differ by name", "keys that differ in one part are different series", merging(func(k *series.Key) { k.Name = k.Name[:min(3, len(k.Name))] })},
	{"merges day and 24h", "keys that differ in one part are different series", merging(func(k *series.Key) {
		if k.Interval == market.Day {
			k.Interval = 24 * market.Hour
		}
	})},
	{"takes symbols for paths", "symbols and names may hold anything that is valid", merging(func(k *series.Key) { k.Symbol.Code = strings.ReplaceAll(k.Symbol.Code, "/", ".") })},
	{"cuts symbols at 127 bytes", "symbols and names may hold anything that is valid", merging(func(k *series.Key) { k.Symbol.Code = k.Symbol.Code[:min(127, len(k.Symbol.Code))] })},
	{"unescapes symbols", "symbols and names may hold anything that is valid", merging(func(k *series.Key) { k.Symbol.Code = strings.ReplaceAll(k.Symbol.Code, `\,`, ",") })},
	{"normalizes symbols", "symbols and names may hold anything that is valid", merging(func(k *series.Key) { k.Symbol.Code = strings.ReplaceAll(k.Symbol.Code, "e\u0301", "é") })},
	{"reads the first key only", "keys are read in the order of the query", asking(func(q *series.Query) { q.Keys = q.Keys[:1] })},
	{"reads at most 100 keys", "many keys are read in one call", asking(func(q *series.Query) { q.Keys = q.Keys[:min(100, len(q.Keys))] })},
	{"ignores Reverse", "Reverse turns the rows round, not the keys", asking(func(q *series.Query) { q.Reverse = false })},
	{"reverses keys, not rows", "Reverse turns the rows round, not the keys", asking(func(q *series.Query) {
		if q.Reverse {
			slices.Reverse(q.Keys)
			q.Reverse = false
		}
	})},
	{"reverses frames, not rows", "Reverse turns the rows round, not the keys", answering(func(f *series.Frame, q series.Query) {
		if q.Reverse {
			turn(f)
		}
	})},
	{"ignores Limit", "Limit counts per key", asking(func(q *series.Query) { q.Limit = 0 })},
	{"counts Limit over all keys", "Limit counts per key", changing(limitOverAll)},
	{"takes the first rows of a reversed limit", "Limit with Reverse yields the last rows", changing(firstRows)},
	{"ignores Columns", "Columns chooses columns", asking(func(q *series.Query) { q.Columns = nil })},
	{"takes no columns for all", "Columns chooses columns", asking(func(q *series.Query) {
		if len(q.Columns) == 0 {
			q.Columns = nil
		}
	})},
	{"yields rows only that have a value", "a read does not count what it does not yield", changing(onlyWithValue)},
	{"yields empty frames", "an empty engine holds nothing", changing(emptyFrames)},
	{"yields one frame again and again", "keys are read in the order of the query", changing(oneFrame)},
	{"yields a frame that a write changes", "a frame is valid until the next step", changing(sharedFrame)},
	{"holds a lock while it yields", "a frame is valid until the next step", changing(lockWhileYielding)},
	{"folds by parts", "what folds yields what the rows give", changing(foldByParts)},
}

// wrongSeries are wrong about whole series and about ends.
var wrongSeries = []spoiling{
	{"deletes To inclusively", "Delete removes the rows of a half-open range", deleting(func(r *market.Range) {
		if r.To != 0 {
			r.To++
		}
	})},
	{"ignores the range of a delete", "Delete removes the rows of a half-open range", deleting(func(r *market.Range) { *r = market.Range{} })},
	{"ignores an open end of a delete", "Delete removes the rows of a half-open range", deleting(func(r *market.Range) {
		if (r.From == 0) != (r.To == 0) {
			*r = market.Range{}
		}
	})},
	{"keeps attributes of a deleted series", "attributes go with the whole series only", changing(keepAttrs)},
	{"complains of deleting nothing", "Delete twice, and of nothing, is no error", changing(func(e series.Engine, b *broken) {
		b.remove = func(ctx context.Context, k series.Key, r market.Range) error {
			if stored(e, k).Len() == 0 {
				return errors.New("nothing there")
			}
			return e.Delete(ctx, k, r)
		}
	})},
	{"writes without removing in Replace", "Replace exchanges the rows of a range", changing(func(e series.Engine, b *broken) {
		b.replace = func(ctx context.Context, _ market.Range, f series.Frame) error {
			return e.Write(ctx, []series.Frame{f})
		}
	})},
	{"removes everything in Replace", "Replace exchanges the rows of a range", changing(func(e series.Engine, b *broken) {
		b.replace = func(ctx context.Context, _ market.Range, f series.Frame) error {
			return e.Replace(ctx, market.Range{}, f)
		}
	})},
	{"replaces nothing by an empty frame", "Replace by nothing removes the rows", changing(func(e series.Engine, b *broken) {
		b.replace = func(ctx context.Context, r market.Range, f series.Frame) error {
			if f.Len() == 0 {
				return e.Write(ctx, []series.Frame{f})
			}
			return e.Replace(ctx, r, f)
		}
	})},
	{"loses what a Replace has above a Write", "Replace takes more rows than Write", changing(func(e series.Engine, b *broken) {
		b.replace = func(ctx context.Context, r market.Range, f series.Frame) error {
			return e.Replace(ctx, r, f.Slice(0, min(f.Len(), series.MaxRows)))
		}
	})},
	{"deletes, then writes in Replace", "nobody sees half of a Replace", changing(func(e series.Engine, b *broken) {
		b.replace = func(ctx context.Context, r market.Range, f series.Frame) error {
			attrs := attrsOf(e, f.Key)
			if f.Attrs == nil {
				f.Attrs = attrs
			}
			if err := e.Delete(ctx, f.Key, r); err != nil {
				return err
			}
			runtime.Gosched()
			return e.Write(ctx, []series.Frame{f})
		}
	})},
	{"merges attributes", "attributes are replaced all at once or left", writingBeside(func(e series.Engine, f *series.Frame) {
		if f.Attrs != nil {
			attrs := maps.Clone(attrsOf(e, f.Key))
			if attrs == nil {
				attrs = map[string]string{}
			}
			maps.Copy(attrs, f.Attrs)
			f.Attrs = attrs
		}
	})},
	{"takes nil attributes for none", "attributes are replaced all at once or left", writing(func(f *series.Frame) {
		if f.Attrs == nil {
			f.Attrs = map[string]string{}
		}
	})},
	{"takes an empty map of attributes for nil", "attributes are replaced all at once or left", writing(func(f *series.Frame) {
		if len(f.Attrs) == 0 {
			f.Attrs = nil
		}
	})},
	{"drops frames without rows", "a frame of attributes needs no rows", changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			return e.Write(ctx, slices.DeleteFunc(slices.Clone(frames), func(f series.Frame) bool { return f.Len() == 0 }))
		}
	})},
	{"drops empty attributes", "attributes are replaced all at once or left", writing(func(f *series.Frame) {
		maps.DeleteFunc(f.Attrs, func(_, value string) bool { return value == "" })
	})},
	{"counts overwritten rows again", "Overview counts exactly", changing(countAgain)},
	{"does not know a last time", "Overview counts exactly", telling(func(o *series.Overview) { o.Last = o.First })},
	{"tells First by time, not by place", "ticks of one microsecond stand in the order of Seq", telling(func(o *series.Overview) {
		if o.Key.Kind == series.Ticks && o.Count > 1 {
			o.First, o.Last = market.Time(o.First.Micro()*1000), market.Time(o.Last.Micro()*1000)
		}
	})},
	{"forgets extra columns in Overview", "Overview tells extra columns and their types", telling(func(o *series.Overview) { o.Extra = nil })},
	{"tells wrong types in Overview", "Overview tells extra columns and their types", telling(func(o *series.Overview) {
		for name := range o.Extra {
			o.Extra[name] = series.Float64
		}
	})},
	{"ignores the filter", "Overview is in the order of keys and filtered", changing(func(e series.Engine, b *broken) {
		b.overview = func(ctx context.Context, _ series.Filter) iter.Seq2[series.Overview, error] {
			return e.Overview(ctx, series.Filter{})
		}
	})},
	{"orders intervals as texts", "Overview is in the order of keys and filtered", changing(orderByText)},
	{"tells empty series in Overview", "nothing is written by no frames and no rows", changing(tellEmpty)},
}

// wrongEnds are wrong about changes, contexts and Close, and about calls at the
// same time.
var wrongEnds = []spoiling{
	{"tells changes since as changes from", "changes are told in their order", changing(func(e series.Engine, b *broken) {
		b.changes = func(ctx context.Context, since uint64) iter.Seq2[series.Change, error] {
			return e.Changes(ctx, max(since, 1)-1)
		}
	})},
	{"tells nothing of the future", "changes since a number of the future are refused", changing(futureChanges)},
	{"has no last number before the first", "changes since a number of the future are refused", changing(futureOfNothing)},
	{"tells changes that others have overtaken", "a follower misses no change that is made while it reads", changing(overtaken)},
	{"tells no deletes", "changes are told in their order", changing(func(e series.Engine, b *broken) { noChangesOf(e, b) })},
	{"tells too narrow changes", "changes are told in their order", changing(narrowChanges)},
	{"ignores contexts", "a context that ended stops every method", changing(ignoreContexts)},
	{"ignores the context of a write", "a context that ended stops every method", changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			return e.Write(context.WithoutCancel(ctx), frames)
		}
	})},
	{"looks at the context of a read once", "a read stopped anywhere says so", changing(func(e series.Engine, b *broken) {
		b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
			if err := ctx.Err(); err != nil {
				return e.Read(ctx, q)
			}
			return e.Read(context.WithoutCancel(ctx), q)
		}
	})},
	{"ends a stopped read without an error", "a read stopped anywhere says so", changing(silentRead)},
	{"says not done of a write that was", "a write stopped anywhere is done, not done or unknown", changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := e.Write(context.WithoutCancel(ctx), frames); err != nil {
				return err
			}
			return ctx.Err()
		}
	})},
	{"leaves a goroutine behind each read", "iterators may be left early", changing(leaks)},
	{"goes on after Close", "after Close every method fails with Closed", changing(func(_ series.Engine, b *broken) { b.closing = func() error { return nil } })},
	{"reads nothing after Close", "after Close every method fails with Closed", changing(quietAfterClose)},
	{"fails a second Close", "a second Close does nothing", changing(func(e series.Engine, b *broken) {
		var once sync.Once
		b.closing = func() error {
			err := errors.New("closed already")
			once.Do(func() { err = e.Close() })
			return err
		}
	})},
	{"writes row by row", "frames are seen whole", changing(rowByRow)},
	{"writes column by column", "rows are seen whole", changing(columnByColumn)},
	{"acknowledges before it writes", "a read sees every write that returned before it began", changing(writeLater)},
	{"loses writes that meet", "writers do not lose each other's rows", changing(readModifyWrite)},
}
