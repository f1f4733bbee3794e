package seriestest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// changeRules are about the record of what was accepted.
var changeRules = []rule{
	{"changes are told in their order", "a follower reads what they name", changesInOrder},
	{"changes since a number are those after it", "a follower goes on where it stopped", changesSince},
	{"changes since a number of the future are refused", "the follower knows another store: it must read everything again", changesAhead},
}

// endRules are about contexts that end and engines that are closed.
var endRules = []rule{
	{"a context that ended stops every method", "its error stands alone, since nothing was done", endedContext},
	{"a write stopped anywhere is done, not done or unknown", "an error must tell the truth", stoppedWrite},
	{"a replace or delete stopped anywhere is done, not done or unknown", "an error must tell the truth", stoppedChange},
	{"a read stopped anywhere says so", "half an answer must not look like a whole one", stoppedRead},
	{"a stopped read leaves nothing behind", "a server reads for weeks", stoppedReadsLeaveNothing},
	{"after Close every method fails with Closed", "an empty answer would be believed", closed},
	{"a second Close does nothing", "owners close in defers", closeTwice},
}

// unsupported reports whether the engine leaves a method to the store.
func unsupported(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// changes returns what was accepted after since; ok is false if the engine
// keeps no record.
func changes(t tb, e series.Engine, since uint64) (all []series.Change, ok bool) {
	t.Helper()
	for c, err := range e.Changes(t.Context(), since) {
		if unsupported(err) && all == nil {
			return nil, false
		}
		if err != nil {
			t.Fatalf("changes since %d: %v", since, err)
		}
		if c.Seq <= since || len(all) > 0 && c.Seq <= all[len(all)-1].Seq {
			t.Errorf("changes since %d: number %d after %v", since, c.Seq, all)
		}
		all = append(all, c)
	}
	return all, true
}

// wantChange checks that the changes tell of one of k that covers r.
func wantChange(t tb, all []series.Change, k series.Key, r market.Range) {
	t.Helper()
	covers := func(c series.Change) bool {
		return c.Key == k && (c.Range.From == 0 || r.From != 0 && c.Range.From <= r.From) && (c.Range.To == 0 || r.To != 0 && c.Range.To >= r.To)
	}
	if !slices.ContainsFunc(all, covers) {
		t.Errorf("no change of %s covers %s: %+v", k, r, all)
	}
}

func changesInOrder(t tb, e series.Engine) {
	write(t, e, bars(rebarBars, 1, 60, 120), bars(silverBars, 1, 180))
	all, ok := changes(t, e, 0)
	if !ok {
		return
	}
	wantChange(t, all, rebarBars, between(60, 120))
	wantChange(t, all, silverBars, market.Range{From: at(180), To: at(180) + 1})
	last := all[len(all)-1].Seq
	step := func(k series.Key, r market.Range) {
		t.Helper()
		news, _ := changes(t, e, last)
		wantChange(t, news, k, r)
		if len(news) > 0 {
			last = news[len(news)-1].Seq
		}
	}
	remove(t, e, rebarBars, between(60, 90))
	step(rebarBars, between(60, 90))
	replace(t, e, between(0, 500), bars(rebarBars, 1, 300))
	step(rebarBars, between(0, 500))
	remove(t, e, silverBars, market.Range{})
	step(silverBars, market.Range{})
	write(t, e, ticks(rebarTicks, 1, place{-1001, 0}, place{-1, 3}))
	step(rebarTicks, market.Range{From: -2000, To: 1})
	write(t, e, about(rebarBars, map[string]string{"source": "x"}))
	news, _ := changes(t, e, last)
	empty := func(c series.Change) bool {
		return c.Key == rebarBars && c.Range.From != 0 && c.Range.From == c.Range.To
	}
	if !slices.ContainsFunc(news, empty) {
		t.Errorf("attributes changed, but no change has an empty range: %+v", news)
	}
}

func changesSince(t tb, e series.Engine) {
	for i := range 5 {
		write(t, e, bars(rebarBars, i, int64(60*i+60)))
		write(t, e, bars(silverBars, i, int64(60*i+60)))
	}
	all, ok := changes(t, e, 0)
	if !ok {
		return
	}
	last := all[len(all)-1].Seq
	if news, _ := changes(t, e, last); len(news) > 0 {
		t.Errorf("changes since the last: %+v", news)
	}
	if len(all) < 2 {
		t.Fatalf("ten changes of two series are told as %+v", all)
	}
	since := all[len(all)-2].Seq
	// Those that are told as one may cover less than before.
	last = all[len(all)-1].Seq
	if news, _ := changes(t, e, since); len(news) == 0 || news[len(news)-1].Seq != last || news[len(news)-1].Key != all[len(all)-1].Key {
		t.Errorf("changes since %d: got %+v, want %+v last", since, news, all[len(all)-1])
	}
}

func changesAhead(t tb, e series.Engine) {
	var empty *series.Forgotten
	err := firstError(e.Changes(t.Context(), math.MaxUint64))
	if unsupported(err) {
		return
	}
	if !errors.As(err, &empty) {
		t.Errorf("changes of an engine that has had none, since the highest number: got %v, want a series.Forgotten", err)
		return
	}
	if news, _ := changes(t, e, empty.Last); len(news) > 0 {
		t.Errorf("changes since %d, the last of an engine that has had none: %+v", empty.Last, news)
	}
	write(t, e, bars(rebarBars, 1, 60))
	if news, _ := changes(t, e, empty.Last); len(news) != 1 {
		t.Errorf("changes since %d, before the first one: %+v", empty.Last, news)
	}
	all, ok := changes(t, e, 0)
	if !ok {
		return
	}
	for _, since := range []uint64{all[len(all)-1].Seq + 1, math.MaxUint64} {
		var forgotten *series.Forgotten
		err := firstError(e.Changes(t.Context(), since))
		if !errors.Is(err, fault.Conflict) || !errors.As(err, &forgotten) || forgotten.Last != all[len(all)-1].Seq {
			t.Errorf("changes since %d, which is to come: got %v, want a series.Forgotten with %d", since, err, all[len(all)-1].Seq)
		}
	}
}

// forgottenChanges is a rule for an engine that knows the last kept changes.
func forgottenChanges(kept int) rule {
	return rule{"changes that were forgotten are refused", "a follower that missed some must read everything again", func(t tb, e series.Engine) {
		frames := make([]series.Frame, 1000)
		for i := range frames {
			k := series.BarKey(market.Symbol{Code: fmt.Sprint(i), Exchange: "X"}, market.Minute)
			frames[i] = about(k, map[string]string{"source": "x"})
		}
		for range kept/len(frames) + 1 {
			write(t, e, frames...)
		}
		var forgotten *series.Forgotten
		if err := firstError(e.Changes(t.Context(), 0)); !errors.Is(err, fault.Conflict) || !errors.As(err, &forgotten) {
			t.Errorf("changes since 0 after more than %d: got %v, want a series.Forgotten", kept, err)
		}
	}}
}

// firstError returns the error that ends a sequence.
func firstError[T any](all func(func(T, error) bool)) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// methods calls each method of an engine and returns its error.
func methods(ctx context.Context, e series.Engine) map[string]error {
	return map[string]error{
		"Write":    e.Write(ctx, []series.Frame{bars(rebarBars, 9, 60, 600)}),
		"Replace":  e.Replace(ctx, market.Range{}, bars(rebarBars, 9, 60)),
		"Delete":   e.Delete(ctx, rebarBars, market.Range{}),
		"Read":     firstError(e.Read(ctx, of(rebarBars))),
		"Overview": firstError(e.Overview(ctx, series.Filter{})),
		"Fold":     firstError(e.Fold(ctx, series.FoldQuery{Keys: []series.Key{rebarBars}, Interval: market.Hour})),
		"Changes":  firstError(e.Changes(ctx, 0)),
	}
}

// mayBeUnsupported are the methods that an engine may leave to the store.
var mayBeUnsupported = []string{"Fold", "Changes"}

func endedContext(t tb, e series.Engine) {
	f := bars(rebarBars, 1, 60, 120)
	write(t, e, f)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for ctx, want := range map[context.Context]error{ctx: context.Canceled, late: context.DeadlineExceeded} {
		for name, err := range methods(ctx, e) {
			if unsupported(err) && slices.Contains(mayBeUnsupported, name) {
				continue
			}
			if !errors.Is(err, want) || errors.Is(err, fault.Unknown) {
				t.Errorf("%s: got %v, want %v alone", name, err, want)
			}
		}
	}
	wantRows(t, e, of(rebarBars), f)
}

// A fuse is a context that ends when it is looked at for the n-th time: it
// stops a call at any point at which the engine looks.
type fuse struct {
	context.Context //nolint:containedctx // it is one
	cancel          context.CancelFunc
	left            *looks
}

// A looks counts down; it may be shared.
type looks struct {
	mu sync.Mutex // guards n
	n  int
}

// last reports whether the count is used up.
func (l *looks) last() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n--
	return l.n < 0
}

func newFuse(ctx context.Context, n int) fuse {
	ctx, cancel := context.WithCancel(ctx)
	return fuse{ctx, cancel, &looks{n: n}}
}

func (f fuse) Err() error {
	f.look()
	return f.Context.Err()
}

func (f fuse) Done() <-chan struct{} {
	f.look()
	return f.Context.Done()
}

func (f fuse) look() {
	if f.left.last() {
		f.cancel()
	}
}

// points is at how many looks at its context a call is stopped, one by one.
const points = 24

// stop calls do with contexts that end at every point and checks the error; it
// calls check with whether the call was done, maybe done, or not done.
func stop(t tb, do func(ctx context.Context) error, check func(done, notDone bool)) {
	t.Helper()
	for n := range points {
		ctx := newFuse(t.Context(), n)
		err := do(ctx)
		ctx.cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("stopped at look %d: got %v, want %v", n, err, context.Canceled)
		}
		check(err == nil, err != nil && !errors.Is(err, fault.Unknown))
		if t.Failed() {
			return
		}
	}
}

// wantEither checks that the rows are those after a call that was done, or those
// before one that was not. Of one that is unknown half may be there.
func wantEither(t tb, e series.Engine, done, notDone bool, before, after []string) {
	t.Helper()
	if done {
		wantLines(t, "after a call that was done", read(t, e, of(rebarBars)), after)
	}
	if notDone {
		wantLines(t, "after a call that was not done", read(t, e, of(rebarBars)), before)
	}
}

func stoppedWrite(t tb, e series.Engine) {
	before, version := bars(rebarBars, 1, 60, 120), 2
	write(t, e, before)
	var f series.Frame
	stop(t, func(ctx context.Context) error {
		f = bars(rebarBars, version, 60, 120)
		version++
		return e.Write(ctx, []series.Frame{f})
	}, func(done, notDone bool) {
		wantEither(t, e, done, notDone, lines(&before), lines(&f))
		write(t, e, before)
	})
}

func stoppedChange(t tb, e series.Engine) {
	before, after := bars(rebarBars, 1, 60, 120), bars(rebarBars, 2, 90)
	write(t, e, before)
	stop(t, func(ctx context.Context) error { return e.Delete(ctx, rebarBars, market.Range{}) }, func(done, notDone bool) {
		wantEither(t, e, done, notDone, lines(&before), nil)
		write(t, e, before)
	})
	stop(t, func(ctx context.Context) error { return e.Replace(ctx, market.Range{}, after) }, func(done, notDone bool) {
		wantEither(t, e, done, notDone, lines(&before), lines(&after))
		replace(t, e, market.Range{}, before)
	})
}

func stoppedRead(t tb, e series.Engine) {
	frames := []series.Frame{bars(rebarBars, 1, 60, 120), bars(silverBars, 1, 60), ticks(rebarTicks, 1, place{at(60), 0})}
	write(t, e, frames...)
	keys := []series.Key{rebarBars, silverBars, rebarTicks}
	all := linesOf(frames...)
	var got []string
	stop(t, func(ctx context.Context) (err error) {
		got, err = tryRead(ctx, e, of(keys...))
		return err
	}, func(done, _ bool) {
		if done && !slices.Equal(got, all) || len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
			t.Errorf("done %v:\ngot\n%s\nwant\n%s", done, list(got), list(all))
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var err error
	for _, err = range e.Read(ctx, of(keys...)) {
		cancel()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a read of three series whose context ended in the first: got %v, want %v", err, context.Canceled)
	}
}

func stoppedReadsLeaveNothing(t tb, e series.Engine) {
	write(t, e, bars(rebarBars, 1, 60, 120), bars(silverBars, 1, 60))
	read(t, e, of(rebarBars))
	before := goroutines()
	for i := range 50 {
		ctx := newFuse(t.Context(), 1+i%5)
		_, _ = tryRead(ctx, e, of(rebarBars, silverBars))
		ctx.cancel()
	}
	wantGoroutines(t, before, 50)
}

func goroutines() int { return runtime.NumGoroutine() }

// wantGoroutines checks that n calls have not left a goroutine each behind.
func wantGoroutines(t tb, before, n int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Second)
	for goroutines() > before+n/2 && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if after := goroutines(); after > before+n/2 {
		t.Errorf("%d calls left %d goroutines behind", n, after-before)
	}
}

func closed(t tb, e series.Engine) {
	write(t, e, bars(rebarBars, 1, 60))
	if err := e.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	for name, err := range methods(t.Context(), e) {
		if unsupported(err) && slices.Contains(mayBeUnsupported, name) {
			continue
		}
		if !errors.Is(err, fault.Closed) {
			t.Errorf("%s after Close: got %v, want Closed", name, err)
		}
	}
}

func closeTwice(t tb, e series.Engine) {
	write(t, e, bars(rebarBars, 1, 60))
	for i := range 3 {
		if err := e.Close(); err != nil {
			t.Errorf("close %d: %v", i+1, err)
		}
	}
}
