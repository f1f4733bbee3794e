package marketfile

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
	"github.com/redfire-quant/redfire/series/memseries"
)

// A countdown is a context that ends after it was asked so often: at every moment
// of an import in turn.
type countdown struct {
	context.Context //nolint:containedctx // it is a context itself
	cancel          context.CancelFunc
	left            chan struct{}
}

func newCountdown(t testing.TB, n int) countdown {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	c := countdown{ctx, cancel, make(chan struct{}, n)}
	for range n {
		c.left <- struct{}{}
	}
	return c
}

func (c countdown) Err() error {
	select {
	case <-c.left:
	default:
		c.cancel()
	}
	return c.Context.Err()
}

func TestACancelledImportIsCompletedByTheNext(t *testing.T) {
	all := trades(9000, 0)
	disordered := append(trades(9000, 0), trades(10, 0)...)
	var bars strings.Builder
	bars.WriteString(strings.Replace(manyBars(9000), "\n", "\nbad\n", 1))
	f := func(kind series.Kind, o *Options, files []string) {
		t.Helper()
		whole := emptyStore(t)
		want, err := imports(t, whole, kind, o, files...)
		if err != nil {
			t.Fatal(err)
		}
		goroutines := runtime.NumGoroutine()
		for n, stopped := 0, true; stopped; n += 1 + n/2 {
			s := emptyStore(t)
			first, err := importsUntil(newCountdown(t, n), t, s, kind, o, files...)
			if stopped = err != nil; stopped && !errors.Is(err, context.Canceled) {
				t.Fatalf("stopped after %d: %v", n, err)
			}
			r, err := imports(t, s, kind, o, files...)
			if err != nil || r.Read != want.Read || r.Refused != want.Refused || r.Unchanged != want.Unchanged+first.New {
				t.Fatalf("stopped after %d: got %s, %v, after %s", n, counts(r), err, counts(first))
			}
			if stored(t, s) != stored(t, whole) {
				t.Fatalf("stopped after %d: something else is stored", n)
			}
			for i, name := range r.Rejects {
				if name != want.Rejects[i] {
					t.Errorf("stopped after %d: got rejects %s", n, name)
				}
			}
		}
		for n := 0; runtime.NumGoroutine() > goroutines+2; n++ {
			if runtime.Gosched(); n > 1e6 {
				t.Fatalf("%d goroutines are left of %d", runtime.NumGoroutine(), goroutines)
			}
		}
	}
	f(series.Bars, barsIn(t), []string{write(t, "a.csv", bars.String()), write(t, "b.csv.gz", packed(t, head+rows2+"bad\n"))})
	f(series.Ticks, &Options{}, filesOfTrades(t, all, 2))
	f(series.Ticks, &Options{Scratch: scratchIn(t)}, filesOfTrades(t, disordered, 2))
}

func TestAStoreThatFailsEndsTheImport(t *testing.T) {
	o := barsIn(t)
	s := emptyStore(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := imports(t, s, series.Bars, o, write(t, "a.csv", manyBars(100)))
	if err == nil || r.Read != 0 {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

// A broken engine does not write.
type broken struct{ series.Engine }

var errBroken = fault.SeriesPartly.Errorf("the disk is gone")

func (broken) Write(context.Context, []series.Frame) error { return errBroken }

func TestAWriteThatFailsIsTheErrorAlsoWhereTicksAreOutOfOrder(t *testing.T) {
	f := func(kind series.Kind, o *Options, text string) {
		t.Helper()
		s := series.New(broken{memseries.NewEngine()}, nil)
		defer s.Close()
		r, err := imports(t, s, kind, o, write(t, "a.csv", text))
		if !errors.Is(err, errBroken) || r.New != 0 {
			t.Errorf("got %s, %v", counts(r), err)
		}
	}
	o := ticksIn(t)
	o.Scratch = func() (*Scratch, error) { return nil, errors.New("sorting began") }
	ticks := "time,price,qty\n" + strings.Repeat("2026-01-05 09:30:01,1,1\n", 50_000)
	f(series.Ticks, o, ticks)
	f(series.Ticks, o, ticks+"2026-01-05 09:30:00,1,1\n")
	f(series.Bars, barsIn(t), head+rows2+"bad\n")
}

// Ten thousand symbols in turn, and one after the other.
func TestManySymbols(t *testing.T) {
	const symbols, each = 10_000, 3
	var turns, blocks strings.Builder
	turns.WriteString(tickHead)
	blocks.WriteString(tickHead)
	for i := range each {
		for y := range symbols {
			fmt.Fprint(&turns, trade{fmt.Sprintf("s%d.SHFE", y), 1475798400e6 + int64(i), y}.row())
		}
	}
	for y := range symbols {
		for i := range each {
			fmt.Fprint(&blocks, trade{fmt.Sprintf("s%d.SHFE", y), 1475798400e6 + int64(i), y}.row())
		}
	}
	s, err := localseries.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, text := range []string{turns.String(), blocks.String()} {
		r, err := imports(t, s, series.Ticks, nil, write(t, "a.csv", text))
		want := []string{"30000 read: 30000 new, 0 unchanged, 0 replaced, 0 refused", "30000 read: 0 new, 30000 unchanged, 0 replaced, 0 refused"}[i]
		if err != nil || counts(r) != want || r.Series != symbols || len(r.Keys) != 1000 {
			t.Errorf("got %s of %d, %v", counts(r), r.Series, err)
		}
	}
}

// The memory of a series that had many rows is not kept for each.
func TestBuildersDoNotKeepTheMemoryOfEverySeries(t *testing.T) {
	m := newImport(nil, series.Bars, nil, Options{})
	for i := range 10 {
		y := rb
		y.Code = fmt.Sprint(i)
		b := m.builderOf(series.BarKey(y, 60))
		r := &rows{keys: []series.Key{b.frame.Key}, time: manyTimes(batchRows), lines: make([]int64, batchRows)}
		b.add(r, 0, batchRows, 0)
		m.forget()
	}
	kept := 0
	for _, b := range m.builders {
		kept += cap(b.frame.Time)
	}
	if kept > 3*batchRows {
		t.Errorf("memory for %d rows is kept", kept)
	}
}

func manyTimes(n int) (times []market.Time) {
	for i := range n {
		times = append(times, market.Time(i+1)*60e9)
	}
	return times
}
