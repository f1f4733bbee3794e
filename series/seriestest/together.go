package seriestest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Rules that an engine may be excused from.
const (
	wholeRows     = "rows are seen whole"
	wholeFrames   = "frames are seen whole"
	atomicReplace = "nobody sees half of a Replace"
)

// togetherRules are about calls at the same time.
var togetherRules = []rule{
	{"writers do not lose each other's rows", "several feeds write at once", writersTogether},
	{"a read sees every write that returned before it began", "who was told that it is stored must find it", readYourWrites},
	{wholeRows, "a price and a volume of two different bars make a third", rowsSeenWhole},
	{wholeFrames, "a batch is one fact", framesSeenWhole},
	{atomicReplace, "a reader between delete and write would believe a gap", replaceSeenWhole},
	{"a follower misses no change that is made while it reads", "a change with a lower number than one that was told is never asked for", followTogether},
	{"Close may come while others work", "a server is told to stop at any time", closeMeanwhile},
}

func writersTogether(t tb, e series.Engine) {
	const writers, rows = 4, 25
	ctx := t.Context()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			own := series.BarKey(market.Symbol{Code: fmt.Sprint(w), Exchange: "X"}, market.Minute)
			for i := range rows {
				frames := []series.Frame{bars(rebarBars, 1, int64(60*(i*writers+w)+60)), bars(own, 1, int64(60*i+60))}
				if err := e.Write(ctx, frames); err != nil {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	wg.Wait()
	var seconds []int64
	for i := range writers * rows {
		seconds = append(seconds, int64(60*i+60))
	}
	wantRows(t, e, of(rebarBars), bars(rebarBars, 1, seconds...))
	for w := range writers {
		k := series.BarKey(market.Symbol{Code: fmt.Sprint(w), Exchange: "X"}, market.Minute)
		wantRows(t, e, of(k), bars(k, 1, seconds[:rows]...))
	}
}

func readYourWrites(t tb, e series.Engine) {
	const rows = 100
	ctx := t.Context()
	var acknowledged atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		defer acknowledged.Store(rows)
		for i := range int64(rows) {
			if err := e.Write(ctx, []series.Frame{bars(rebarBars, 1, i+1)}); err != nil {
				t.Errorf("write: %v", err)
				return
			}
			acknowledged.Store(i + 1)
		}
	})
	for n := int64(0); n < rows && !t.Failed(); {
		n = acknowledged.Load()
		got, err := tryRead(ctx, e, of(rebarBars))
		if err != nil || int64(len(got)) < n {
			t.Errorf("read after %d writes: %d rows, error %v", n, len(got), err)
		}
	}
}

// A sight is what a reader must see whole: values of the column close, by time.
type sight func(closes map[market.Time]float64, complain func(format string, args ...any))

// watch reads a series again and again while it is changed: once or twice for
// each read, so that a slow reader does not let it grow without end.
func watch(t tb, e series.Engine, change func(ctx context.Context, version int) error, check sight) {
	t.Helper()
	const reads = 150
	ctx := t.Context()
	if err := change(ctx, 0); err != nil {
		t.Fatalf("change: %v", err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	turns := make(chan int, 2)
	defer close(turns)
	wg.Go(func() {
		for v := range turns {
			if err := change(ctx, v); err != nil {
				t.Errorf("change: %v", err)
			}
		}
	})
	for v := 1; v <= reads && !t.Failed(); v++ {
		turns <- v
		runtime.Gosched()
		closes := map[market.Time]float64{}
		for f, err := range e.Read(ctx, of(rebarBars)) {
			if err != nil {
				t.Errorf("read: %v", err)
				break
			}
			see(f, closes)
		}
		check(closes, t.Errorf)
	}
}

// see notes the column close.
func see(f *series.Frame, closes map[market.Time]float64) {
	c := f.Column("close")
	if c == nil {
		return
	}
	for i, tm := range f.Time {
		closes[tm] = c.Floats[i]
	}
}

// level returns 64 bars of which every column is v.
func level(v int, from int64) series.Frame {
	f := series.Frame{Key: rebarBars}
	values := make([]float64, 64)
	for i := range values {
		values[i] = float64(v) + 0.5
		f.Time = append(f.Time, at(from+int64(i)))
	}
	for _, b := range series.BaseColumns(series.Bars) {
		f.Cols = append(f.Cols, series.Column{Name: b.Name, Floats: slices.Clone(values)})
	}
	return f
}

func rowsSeenWhole(t tb, e series.Engine) {
	change := func(ctx context.Context, v int) error { return e.Write(ctx, []series.Frame{level(v, 60)}) }
	watch(t, e, change, func(_ map[market.Time]float64, complain func(string, ...any)) {
		for f, err := range e.Read(t.Context(), of(rebarBars)) {
			if err != nil {
				complain("read: %v", err)
				return
			}
			first := f.Column("open")
			for i := range f.Cols {
				if first == nil || !slices.Equal(f.Cols[i].Floats, first.Floats) {
					complain("rows hold columns of two versions: %v", list(lines(f)))
					return
				}
			}
		}
	})
}

func framesSeenWhole(t tb, e series.Engine) {
	change := func(ctx context.Context, v int) error { return e.Write(ctx, []series.Frame{level(v, 60)}) }
	watch(t, e, change, wantOneVersion)
}

func wantOneVersion(closes map[market.Time]float64, complain func(string, ...any)) {
	versions := map[float64]int{}
	for _, v := range closes {
		versions[v]++
	}
	if len(versions) != 1 || len(closes) != 64 {
		complain("%d rows of %d versions are seen at once", len(closes), len(versions))
	}
}

func replaceSeenWhole(t tb, e series.Engine) {
	change := func(ctx context.Context, v int) error {
		return e.Replace(ctx, market.Range{}, level(v, int64(60+v%2*1000)))
	}
	watch(t, e, change, wantOneVersion)
}

func followTogether(t tb, e series.Engine) {
	const writers, rows = 4, 200
	ctx := t.Context()
	row := func(i int) series.Frame {
		k := series.BarKey(market.Symbol{Code: fmt.Sprint(i % 7), Exchange: "X"}, market.Minute)
		return bars(k, 1, int64(60*i+60))
	}
	told, last := map[series.Key][]market.Range{}, uint64(0)
	follow := func() {
		news, _ := changes(t, e, last)
		for _, c := range news {
			told[c.Key] = append(told[c.Key], c.Range)
			last = c.Seq
		}
	}
	// A row for each look, so that it looks while some are being written.
	turns := make(chan int, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range turns {
				if err := e.Write(ctx, []series.Frame{row(i)}); err != nil {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	for i := range rows {
		turns <- i
		follow()
	}
	close(turns)
	wg.Wait()
	if _, ok := changes(t, e, last); !ok {
		return
	}
	follow()
	for i := range rows {
		f := row(i)
		if !slices.ContainsFunc(told[f.Key], func(r market.Range) bool { return r.Contains(f.Time[0]) }) {
			t.Errorf("the bar of %s of %s was never told", f.Time[0], f.Key)
			return
		}
	}
}

func closeMeanwhile(t tb, e series.Engine) {
	ctx := t.Context()
	write(t, e, bars(rebarBars, 1, 60, 120))
	var wg sync.WaitGroup
	started := make(chan struct{}, 4)
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				err := e.Write(ctx, []series.Frame{bars(rebarBars, w, int64(60*i%6000)+60)})
				if err == nil {
					_, err = tryRead(ctx, e, of(rebarBars, silverBars))
				}
				if i == 0 {
					started <- struct{}{}
				}
				if err == nil {
					continue
				}
				if !errors.Is(err, fault.Closed) {
					t.Errorf("at the time of Close: got %v, want Closed", err)
				}
				return
			}
		})
	}
	for range 4 {
		<-started
	}
	if err := e.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wg.Wait()
}
