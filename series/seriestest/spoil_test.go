package seriestest

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// TestSuiteCatchesSpoiltEngines breaks an engine in one way after another. The
// rule that is about it must see it: another might do so by chance.
func TestSuiteCatchesSpoiltEngines(t *testing.T) {
	h := Harness{KeptChanges: 1 << 16}
	for _, s := range slices.Concat(wrongRows, wrongPlaces, wrongReads, wrongSeries, wrongEnds) {
		rules := h.rules()
		i := slices.IndexFunc(rules, func(r rule) bool { return r.name == s.rule })
		if i < 0 {
			t.Fatalf("there is no rule %q", s.rule)
		}
		e := s.spoil(memseries.NewEngine())
		if len(failing(t.Context(), func(t tb) { rules[i].check(t, e) })) == 0 {
			t.Errorf("MISSED by %q: an engine that %s", s.rule, s.name)
			continue
		}
		t.Logf("caught by %q: an engine that %s", s.rule, s.name)
	}
}

func TestSuitePassesWhatIsNotSpoilt(t *testing.T) {
	h := Harness{}
	for _, r := range h.rules() {
		e := changing(func(series.Engine, *broken) {})(memseries.NewEngine())
		for _, failure := range failing(t.Context(), func(t tb) { r.check(t, e) }) {
			t.Errorf("%s: %s", r.name, failure)
		}
	}
}

// turn reverses the rows of f.
func turn(f *series.Frame) {
	slices.Reverse(f.Time)
	slices.Reverse(f.Seq)
	for i := range f.Cols {
		c := &f.Cols[i]
		slices.Reverse(c.Floats)
		slices.Reverse(c.Ints)
		slices.Reverse(c.Valid)
		if c.Texts != nil {
			slices.Reverse(c.Texts.Index)
		}
	}
}

// dedupe drops rows that stand in the place of the one before, so that f stays
// a frame that an engine may be given.
func dedupe(f *series.Frame) {
	e := memseries.NewEngine()
	defer e.Close()
	for i := range f.Len() {
		_ = e.Write(context.Background(), []series.Frame{f.Slice(i, i+1)})
	}
	if f.Len() > 0 {
		attrs := f.Attrs
		*f = *stored(e, f.Key)
		f.Attrs = attrs
	}
}

// attrsOf returns the attributes of k.
func attrsOf(e series.Engine, k series.Key) map[string]string {
	f := series.Filter{Kind: k.Kind, Symbol: k.Symbol, Interval: k.Interval, Name: k.Name}
	for o, err := range e.Overview(context.Background(), f) {
		if err == nil {
			return o.Attrs
		}
	}
	return nil
}

// writingBeside spoils what is written in the light of what is stored.
func writingBeside(spoil func(e series.Engine, f *series.Frame)) func(e series.Engine) series.Engine {
	return changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i := range frames {
				f := *frames[i].Clone()
				spoil(e, &f)
				if err := e.Write(ctx, []series.Frame{f}); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// oneDictionary reads texts by the last dictionary that was written.
func oneDictionary(e series.Engine) series.Engine {
	dicts := map[string][]string{}
	write := writing(func(f *series.Frame) {
		for i := range f.Cols {
			if c := &f.Cols[i]; c.Texts != nil {
				dict := slices.Clone(c.Texts.Dict)
				old := dicts[c.Name]
				if len(old) > len(dict) {
					dict = append(dict, old[len(dict):]...)
				}
				dicts[c.Name] = dict
			}
		}
	})(e).(*broken)
	read := answering(func(f *series.Frame, _ series.Query) {
		for i := range f.Cols {
			if c := &f.Cols[i]; c.Texts != nil {
				copy(c.Texts.Dict, dicts[c.Name])
			}
		}
	})(e).(*broken)
	write.read = read.read
	return write
}

func keepOldExtras(e series.Engine, b *broken) {
	keepOld(e, b, func(k series.Kind, c string) bool { return !series.IsBase(k, c) })
}

func keepOldLevels(e series.Engine, b *broken) {
	keepOld(e, b, func(_ series.Kind, c string) bool { return levelColumn.MatchString(c) })
}

// keepOld leaves values of the row before where the new row has none.
func keepOld(e series.Engine, b *broken, which func(series.Kind, string) bool) {
	b.write = func(ctx context.Context, frames []series.Frame) error {
		for i := range frames {
			f, old := frames[i], stored(e, frames[i].Key)
			part := old.Slice(0, min(f.Len(), old.Len()))
			for _, c := range part.Cols {
				if c.Len() == f.Len() && which(f.Key.Kind, c.Name) && f.Column(c.Name) == nil {
					f = with(f, c)
				}
			}
			if err := e.Write(ctx, []series.Frame{f}); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

func keepFirst(e series.Engine, b *broken) {
	b.write = func(ctx context.Context, frames []series.Frame) error {
		for i := range frames {
			old := stored(e, frames[i].Key)
			if err := e.Write(ctx, []series.Frame{frames[i], *old}); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

func keepCallers(e series.Engine, b *broken) {
	kept := map[series.Key]series.Frame{}
	b.write = func(ctx context.Context, frames []series.Frame) error {
		for _, f := range frames {
			kept[f.Key] = f
		}
		return e.Write(ctx, frames)
	}
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			for f, err := range e.Read(ctx, q) {
				if f != nil && len(kept[f.Key].Time) == f.Len() {
					g := kept[f.Key]
					f = f.Clone()
					copy(f.Time, g.Time)
				}
				if !yield(f, err) {
					return
				}
			}
		}
	}
}

func keepCallersAttrs(e series.Engine, b *broken) {
	kept := map[series.Key]map[string]string{}
	b.write = func(ctx context.Context, frames []series.Frame) error {
		for _, f := range frames {
			if f.Attrs != nil {
				kept[f.Key] = f.Attrs
			}
		}
		return e.Write(ctx, frames)
	}
	b.overview = telling(func(o *series.Overview) {
		if o.Attrs != nil {
			o.Attrs = kept[o.Key]
		}
	})(e).Overview
}

// merging reads and writes keys that were made the same; memory tells it which
// key the caller meant.
func merging(merge func(k *series.Key)) func(e series.Engine) series.Engine {
	return changing(func(e series.Engine, b *broken) {
		b.write = func(ctx context.Context, frames []series.Frame) error {
			frames = slices.Clone(frames)
			for i := range frames {
				merge(&frames[i].Key)
			}
			return e.Write(ctx, frames)
		}
		b.remove = func(ctx context.Context, k series.Key, r market.Range) error {
			merge(&k)
			return e.Delete(ctx, k, r)
		}
		b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
			return func(yield func(*series.Frame, error) bool) {
				for _, k := range q.Keys {
					part := q
					part.Keys = []series.Key{k}
					merge(&part.Keys[0])
					for f, err := range e.Read(ctx, part) {
						if f != nil {
							f = f.Clone()
							f.Key = k
						}
						if !yield(f, err) || err != nil {
							return
						}
					}
				}
			}
		}
	})
}

func limitOverAll(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			left := q.Limit
			for f, err := range e.Read(ctx, q) {
				if f != nil && q.Limit > 0 {
					g := f.Slice(0, min(left, f.Len()))
					left -= g.Len()
					f = &g
				}
				if f != nil && f.Len() == 0 || !yield(f, err) {
					return
				}
			}
		}
	}
}

func firstRows(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		back := q.Reverse && q.Limit > 0
		if back {
			q.Reverse = false
		}
		return answering(func(f *series.Frame, _ series.Query) {
			if back {
				turn(f)
			}
		})(e).Read(ctx, q)
	}
}

// onlyWithValue passes over the first rows without a value, as a store of
// columns does that looks for the values alone.
func onlyWithValue(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		n := q.Limit
		if len(q.Columns) == 1 {
			q.Limit = 0
		}
		return answering(func(f *series.Frame, q series.Query) {
			if c := f.Column(q.Columns[0]); len(q.Columns) == 1 && c != nil && c.Valid != nil {
				from := max(slices.Index(c.Valid, true), 0)
				cut(f, from, min(from+n, f.Len()))
			}
		})(e).Read(ctx, q)
	}
}

func emptyFrames(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			for _, k := range q.Keys {
				part := q
				part.Keys = []series.Key{k}
				found := false
				for f, err := range e.Read(ctx, part) {
					if found = true; !yield(f, err) || err != nil {
						return
					}
				}
				if f := about(k, nil); !found && !yield(&f, nil) {
					return
				}
			}
		}
	}
}

func oneFrame(e series.Engine, b *broken) {
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			var all []*series.Frame
			for f, err := range e.Read(ctx, q) {
				if err != nil {
					yield(nil, err)
					return
				}
				all = append(all, f)
			}
			for range all {
				if !yield(all[len(all)-1], nil) {
					return
				}
			}
		}
	}
}

// sharedFrame yields what later writes change.
func sharedFrame(e series.Engine, b *broken) {
	var last *series.Frame
	b.write = func(ctx context.Context, frames []series.Frame) error {
		if last != nil {
			spoil(last)
		}
		return e.Write(ctx, frames)
	}
	b.read = answering(func(f *series.Frame, _ series.Query) { last = f })(e).Read
}

// lockWhileYielding would hang the suite if it waited: it fails instead.
func lockWhileYielding(e series.Engine, b *broken) {
	var mu sync.RWMutex
	b.write = func(ctx context.Context, frames []series.Frame) error {
		if !mu.TryLock() {
			return context.DeadlineExceeded
		}
		defer mu.Unlock()
		return e.Write(ctx, frames)
	}
	b.read = func(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			mu.RLock()
			defer mu.RUnlock()
			e.Read(ctx, q)(yield)
		}
	}
}

// foldByParts adds the last two of three first.
func foldByParts(e series.Engine, b *broken) {
	b.fold = func(ctx context.Context, q series.FoldQuery) iter.Seq2[*series.Frame, error] {
		return func(yield func(*series.Frame, error) bool) {
			for f, err := range e.Read(ctx, series.Query{Keys: q.Keys}) {
				if err != nil || f.Len() != 6 {
					yield(nil, err)
					return
				}
				want := with(bars(rebarBars, 1, 3600, 7200, 14400),
					gatherFloats(*f, "open", 0, 3, 4), gatherFloats(*f, "high", 2, 3, 5), gatherFloats(*f, "low", 0, 3, 4), gatherFloats(*f, "close", 2, 3, 5),
					column("volume", 0.1+sum(0.2, 0.3), 1e17, sum(1.0, 0.7)), column("turnover", 1e16+sum(1.0, -1e16), 5.5, sum(0.1, 0.2)),
					gatherFloats(*f, "open_interest", 2, 3, 5))
				want.Key.Interval = q.Interval
				yield(&want, nil)
			}
		}
	}
}

func deleting(spoil func(r *market.Range)) func(e series.Engine) series.Engine {
	return changing(func(e series.Engine, b *broken) {
		b.remove = func(ctx context.Context, k series.Key, r market.Range) error {
			spoil(&r)
			return e.Delete(ctx, k, r)
		}
	})
}

func keepAttrs(e series.Engine, b *broken) {
	b.remove = func(ctx context.Context, k series.Key, r market.Range) error {
		attrs := attrsOf(e, k)
		if err := e.Delete(ctx, k, r); err != nil || attrs == nil {
			return err
		}
		return e.Write(ctx, []series.Frame{about(k, attrs)})
	}
}

// countAgain counts what is written, not what is there.
func countAgain(e series.Engine, b *broken) {
	var mu sync.Mutex
	again := map[series.Key]int64{}
	b.write = func(ctx context.Context, frames []series.Frame) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range frames {
			before := stored(e, frames[i].Key).Len()
			if err := e.Write(ctx, frames[i:i+1]); err != nil {
				return err
			}
			again[frames[i].Key] += int64(before + frames[i].Len() - stored(e, frames[i].Key).Len())
		}
		return ctx.Err()
	}
	b.overview = telling(func(o *series.Overview) { o.Count += again[o.Key] })(e).Overview
}

// retell changes the lines of an overview all at once.
func retell(e series.Engine, change func(all []series.Overview) []series.Overview) func(context.Context, series.Filter) iter.Seq2[series.Overview, error] {
	return func(ctx context.Context, f series.Filter) iter.Seq2[series.Overview, error] {
		return func(yield func(series.Overview, error) bool) {
			var all []series.Overview
			for o, err := range e.Overview(ctx, f) {
				if err != nil {
					yield(o, err)
					return
				}
				all = append(all, o)
			}
			for _, o := range change(all) {
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

func orderByText(e series.Engine, b *broken) {
	b.overview = retell(e, func(all []series.Overview) []series.Overview {
		slices.SortFunc(all, func(a, b series.Overview) int { return slices.Compare([]byte(a.Key.String()), []byte(b.Key.String())) })
		return all
	})
}

func tellEmpty(e series.Engine, b *broken) {
	seen := map[series.Key]bool{}
	var mu sync.Mutex
	b.write = func(ctx context.Context, frames []series.Frame) error {
		mu.Lock()
		defer mu.Unlock()
		for _, f := range frames {
			seen[f.Key] = true
		}
		return e.Write(ctx, frames)
	}
	b.overview = retell(e, func(all []series.Overview) []series.Overview {
		there := maps.Clone(seen)
		for _, o := range all {
			delete(there, o.Key)
		}
		for k := range there {
			all = append(all, series.Overview{Key: k})
		}
		slices.SortFunc(all, func(a, b series.Overview) int { return a.Key.Compare(b.Key) })
		return all
	})
}
