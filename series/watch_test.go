package series_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
	"github.com/redfire-quant/redfire/series/memseries"
)

// lastOf returns the number of the last change of s.
func lastOf(t *testing.T, s *series.Store) uint64 {
	t.Helper()
	last, err := s.LastChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return last
}

func TestLastChangeIsTheNumberOfTheLastChange(t *testing.T) {
	for name, s := range map[string]*series.Store{
		"an engine that keeps a record": memseries.Open(nil),
		"one that keeps none":           series.New(forgetful{memseries.NewEngine()}, nil),
	} {
		base := lastOf(t, s)
		if got := collect(t, s.Changes(t.Context(), base)); len(got) != 0 {
			t.Errorf("%s: after the last change: got %v, want none", name, got)
		}
		for i := range 3 {
			writeBars(t, s, bar(i, 1))
			if got, want := lastOf(t, s), base+uint64(i+1); got != want {
				t.Errorf("%s: got %d, want %d", name, got, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.LastChange(t.Context()); !errors.Is(err, fault.Closed) {
			t.Errorf("%s: after Close: got %v, want fault.Closed", name, err)
		}
	}
}

// scripted is an engine whose record of changes is made up.
type scripted struct {
	series.Engine
	changes func(since uint64) iter.Seq2[series.Change, error]
}

func (s scripted) Changes(_ context.Context, since uint64) iter.Seq2[series.Change, error] {
	return s.changes(since)
}

func TestLastChangeOfAnEngineThatDoesNotSayIsAnError(t *testing.T) {
	broken := errors.New("broken")
	f := func(want error, tell func(yield func(series.Change, error) bool)) {
		t.Helper()
		s := series.New(scripted{still{}, func(uint64) iter.Seq2[series.Change, error] { return tell }}, nil)
		if last, err := s.LastChange(t.Context()); !errors.Is(err, want) {
			t.Errorf("got %d, %v, want %v", last, err, want)
		}
	}
	f(fault.SeriesChanges, func(func(series.Change, error) bool) {})
	f(broken, func(yield func(series.Change, error) bool) { yield(series.Change{}, broken) })
}

// A follower watches a store in a goroutine.
type follower struct {
	told chan series.Change
	err  chan error // why it ended
}

func follow(ctx context.Context, s *series.Store, since uint64) *follower {
	f := &follower{make(chan series.Change, 100), make(chan error, 1)}
	go func() {
		for c, err := range s.Watch(ctx, since) {
			if err != nil {
				f.err <- err
				return
			}
			f.told <- c
		}
		f.err <- nil
	}()
	return f
}

// wantTold wants the follower, which has come to rest, to have been told so many
// changes more.
func (f *follower) wantTold(t *testing.T, what string, n int) {
	t.Helper()
	if len(f.told) != n {
		t.Errorf("%s: %d changes were told, want %d", what, len(f.told), n)
	}
	for len(f.told) > 0 {
		<-f.told
	}
}

func (f *follower) wantEnd(t *testing.T, want error) {
	t.Helper()
	select {
	case err := <-f.err:
		if !errors.Is(err, want) {
			t.Errorf("it ended with %v, want %v", err, want)
		}
	default:
		t.Errorf("it goes on, and should end with %v", want)
	}
}

func TestWatchTellsWhatWasAndWhatIsChangedAtOnce(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		t.Run(fmt.Sprint("record=", keeps), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := memseries.NewEngine()
				if !keeps {
					e = forgetful{e}
				}
				s := series.New(e, nil)
				since := lastOf(t, s)
				writeBars(t, s, bar(0, 1))
				f := follow(t.Context(), s, since)
				begun := time.Now()
				step := func(what string, want int) {
					t.Helper()
					synctest.Wait()
					f.wantTold(t, what, want)
				}
				step("what was there", 1)
				writeBars(t, s, bar(1, 1))
				step("a write", 1)
				_, err := s.Replace(t.Context(), market.Range{}, series.FrameOfBars(rebar, market.Minute, nil), nil)
				step("a replace", 1)
				_, deleted := s.Delete(t.Context(), bars, market.Range{})
				step("a delete", 1)
				if err := errors.Join(err, deleted); err != nil {
					t.Error(err)
				}
				if passed := time.Since(begun); passed != 0 {
					t.Errorf("it took %s to be told", passed)
				}
				<-time.After(time.Hour)
				step("an hour in which nothing happens", 0)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				synctest.Wait()
				f.wantEnd(t, fault.Closed)
			})
		})
	}
}

func TestWatchLooksAgainForWhatOthersChange(t *testing.T) {
	for _, every := range []time.Duration{0, 20 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			e := memseries.NewEngine()
			s := series.New(e, &series.Options{LookAgain: every})
			defer s.Close()
			f := follow(t.Context(), s, 0)
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			other := series.New(e, nil)
			if err := other.WriteBars(ctx, rebar, market.Minute, []market.Bar{bar(0, 1)}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			f.wantTold(t, "before it looks again", 0)
			<-time.After(max(every, 20*time.Millisecond))
			synctest.Wait()
			if every == 0 {
				f.wantTold(t, "after 20ms, where 1s is the default", 0)
				<-time.After(time.Second)
				synctest.Wait()
			}
			f.wantTold(t, "when it has looked again", 1)
			if err := other.WriteBars(ctx, rebar, market.Minute, []market.Bar{bar(1, 1)}); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
			synctest.Wait()
			f.wantTold(t, "when it has looked for the second time", 1)
		})
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memseries.Open(nil)
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		f := follow(ctx, s, 0)
		synctest.Wait()
		cancel()
		synctest.Wait()
		f.wantEnd(t, context.Canceled)
		late, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		f = follow(late, s, 0)
		<-time.After(time.Minute)
		synctest.Wait()
		f.wantEnd(t, context.DeadlineExceeded)
		f = follow(ctx, s, 0)
		synctest.Wait()
		f.wantEnd(t, context.Canceled) // which had ended before
	})
}

func TestWatchOfWhatIsForgottenEnds(t *testing.T) {
	s, base := changed(t, 2, 10)
	var forgotten *series.Forgotten
	for _, since := range []uint64{base, base + 11} {
		n := 0
		for _, err := range s.Watch(t.Context(), since) {
			if n++; !errors.As(err, &forgotten) || forgotten.Last != base+10 || n > 1 {
				t.Errorf("step %d: got %v, want a series.Forgotten with %d", n, err, base+10)
			}
		}
	}
}

func TestAWatcherThatLagsBehindIsToldSo(t *testing.T) {
	s, base := changed(t, 2, 1)
	n := 0
	for _, err := range s.Watch(t.Context(), base) {
		if n++; n == 1 {
			for range 9 {
				writeBars(t, s, bar(0, 1))
			}
			continue
		}
		if !errors.Is(err, fault.SeriesChanges) {
			t.Fatalf("got %v, want fault.SeriesChanges", err)
		}
	}
	if n != 2 {
		t.Errorf("it went %d steps, want 2", n)
	}
}

func TestAWatchMayBeLeftAndBegunAgain(t *testing.T) {
	s, base := changed(t, 10, 3)
	before := runtime.NumGoroutine()
	watch := s.Watch(t.Context(), base)
	for range 50 {
		for c, err := range watch {
			if err != nil || c.Seq != base+1 {
				t.Errorf("the first step: got %v, %v", c, err)
			}
			break
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("there are %d goroutines, and were %d", after, before)
	}
}

// A call that was left may be done later: Watch looks for it.
func TestAWatcherIsToldOfACallThatWasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Bool
		told := series.Change{Seq: 1, Key: bars, Range: market.Range{From: 1, To: 2}}
		s := series.New(scripted{memseries.NewEngine(), func(since uint64) iter.Seq2[series.Change, error] {
			return func(yield func(series.Change, error) bool) {
				if done.Load() && since == 0 {
					yield(told, nil)
				}
			}
		}}, nil)
		f := follow(t.Context(), s, 0)
		writeBars(t, s, bar(0, 1))
		synctest.Wait()
		f.wantTold(t, "before it is done", 0)
		done.Store(true)
		<-time.After(time.Second)
		synctest.Wait()
		f.wantTold(t, "when it is done", 1)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Writers and watchers at once: what each watcher has of every series, read when
// it is told of it, is in the end what is stored.
func TestWatchersOfWritersMissNothing(t *testing.T) {
	local, err := localseries.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	hour := &series.Options{LookAgain: time.Hour, KnownChanges: 1 << 16} // a bell that is missed is not made up for
	for name, s := range map[string]*series.Store{
		"memseries": memseries.Open(hour), "ring": series.New(forgetful{memseries.NewEngine()}, hour), "localseries": local,
	} {
		t.Run(name, func(t *testing.T) {
			defer s.Close()
			race(t, s)
		})
	}
}

const racers, raceRows = 4, 150

// racing is the series of a writer, and end the bar after which it writes none.
func racing(w int) market.Symbol { return market.Symbol{Code: fmt.Sprint("s", w), Exchange: "X"} }

func race(t *testing.T, s *series.Store) {
	since := lastOf(t, s)
	var all sync.WaitGroup
	for range racers {
		all.Go(func() { watchRace(t, s, since) })
	}
	for w := range racers {
		all.Go(func() {
			for i := range raceRows {
				if err := s.WriteBars(t.Context(), racing(w), market.Minute, []market.Bar{bar(i%10, float64(i))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// watchRace reads each series when it is told that it was changed, until it has
// read the last bar of every writer. If it is not told, the test hangs until its
// time is over, and says so.
func watchRace(t *testing.T, s *series.Store, since uint64) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := map[series.Key]bool{}
	for c, err := range s.Watch(ctx, since) {
		if err != nil {
			t.Errorf("of %d writers %d are seen to end: %v", racers, len(ended), err)
			return
		}
		for b, err := range s.Bars(ctx, c.Key.Symbol, c.Key.Interval, c.Range) {
			if err != nil {
				t.Error(err)
				return
			}
			ended[c.Key] = ended[c.Key] || b.Open == raceRows-1
		}
		if len(ended) == racers && allTrue(ended) {
			return
		}
	}
}

func allTrue(m map[series.Key]bool) bool {
	for _, ok := range m {
		if !ok {
			return false
		}
	}
	return true
}

func TestClosingWakesAllWhoWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memseries.Open(nil)
		var all []*follower
		for range 1000 {
			all = append(all, follow(t.Context(), s, 0))
		}
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		for _, f := range all {
			f.wantEnd(t, fault.Closed)
		}
	})
}

// What those who watch cost: those who write, and by their number.
func BenchmarkWriteWhileWatched(b *testing.B) {
	for _, watchers := range []int{0, 1, 100, 1000} {
		b.Run(fmt.Sprint("watchers=", watchers), func(b *testing.B) {
			s, err := localseries.Open(b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			var all sync.WaitGroup
			var told atomic.Int64
			for range watchers {
				all.Go(func() {
					for _, err := range s.Watch(ctx, 0) {
						if err != nil {
							return
						}
						told.Add(1)
					}
				})
			}
			rows := []market.Bar{bar(0, 1)}
			for b.Loop() {
				if err := s.WriteBars(ctx, rebar, market.Minute, rows); err != nil {
					b.Fatal(err)
				}
			}
			cancel()
			all.Wait()
			b.ReportMetric(float64(told.Load())/float64(b.N), "told/op")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
