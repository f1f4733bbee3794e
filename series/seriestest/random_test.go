package seriestest

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

func TestRandomProgramsFindNoDifferenceBetweenEqualEngines(t *testing.T) {
	Random(t, Harness{Open: func(testing.TB) series.Engine { return memseries.NewEngine() }}, memseries.NewEngine)
}

// A quiet is a rapid.TB that keeps a failure to itself.
type quiet struct {
	*testing.T
	failed bool
	said   strings.Builder
}

func (q *quiet) Errorf(format string, args ...any) {
	q.failed = true
	fmt.Fprintf(&q.said, format, args...)
}

func (q *quiet) Fatalf(format string, args ...any) {
	q.Errorf(format, args...)
	runtime.Goexit()
}

func (q *quiet) Logf(format string, args ...any) { fmt.Fprintf(&q.said, format+"\n", args...) }

func (q *quiet) FailNow()     { q.failed = true; runtime.Goexit() }
func (q *quiet) Fail()        { q.failed = true }
func (q *quiet) Failed() bool { return q.failed }

// set sets flags for the time of the test.
func set(t *testing.T, flags map[string]string) {
	t.Helper()
	for name, value := range flags {
		old := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := flag.Set(name, old); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRandomProgramsFindSpoiltEngines breaks engines in ways that show only
// where several calls meet.
func TestRandomProgramsFindSpoiltEngines(t *testing.T) {
	// Always the same programs, and enough of them: that each engine is caught
	// must not be a matter of luck.
	set(t, map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "300ms", "rapid.checks": "5000", "rapid.seed": "1"})
	for name, spoil := range map[string]func(e series.Engine) series.Engine{
		"forgets the attributes on a replace": func(e series.Engine) series.Engine {
			return &broken{Engine: e, replace: func(ctx context.Context, r market.Range, f series.Frame) error {
				f.Attrs = nil
				return e.Replace(ctx, r, f)
			}}
		},
		"does not replace by a frame without rows": func(e series.Engine) series.Engine {
			return &broken{Engine: e, replace: func(ctx context.Context, r market.Range, f series.Frame) error {
				if f.Len() == 0 {
					return nil
				}
				return e.Replace(ctx, r, f)
			}}
		},
		"deletes by an end that is included": func(e series.Engine) series.Engine {
			return &broken{Engine: e, remove: func(ctx context.Context, k series.Key, r market.Range) error {
				if r.To != 0 {
					r.To++
				}
				return e.Delete(ctx, k, r)
			}}
		},
		"folds with windows of UTC whatever the zone": func(e series.Engine) series.Engine {
			return &broken{Engine: e, fold: func(ctx context.Context, q series.FoldQuery) iter.Seq2[*series.Frame, error] {
				q.Zone = time.UTC
				return series.New(e, nil).Resample(ctx, q)
			}}
		},
		"folds ticks that count cumulatively as if they did not": func(e series.Engine) series.Engine {
			return &broken{Engine: e, fold: func(ctx context.Context, q series.FoldQuery) iter.Seq2[*series.Frame, error] {
				q.Volume = market.Traded
				return series.New(e, nil).Resample(ctx, q)
			}}
		},
		"loses the second frame of a call": func(e series.Engine) series.Engine {
			return &broken{Engine: e, write: func(ctx context.Context, frames []series.Frame) error {
				return e.Write(ctx, frames[:1])
			}}
		},
	} {
		q := &quiet{T: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			rapid.Check(q, randomly(func() series.Engine { return spoil(memseries.NewEngine()) }, memseries.NewEngine))
		}()
		<-done
		if !q.failed || !strings.Contains(q.said.String(), "after\n") {
			t.Errorf("MISSED by random programs: an engine that %s (%s)", name, q.said.String())
			continue
		}
		t.Logf("caught by random programs: an engine that %s", name)
	}
}
