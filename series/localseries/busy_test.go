package localseries

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func TestManyWriteAndReadOneSeriesAtOnce(t *testing.T) {
	d := &onDisk{disktest.New(1), &Options{Memory: 20_000, sizes: sizes{bulk: 40, chunk: 16, merge: 2}}}
	s := series.New(d.open(t), nil)
	k := crashKeys[0]
	const writers, calls = 32, 20
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range calls {
				// Each has minutes of its own, and writes some of them again.
				var rows []market.Bar
				for i := range 1 + (w+n)%50 {
					rows = append(rows, market.Bar{Time: market.Time(w+writers*i+1) * 60e9, Close: float64(n)})
				}
				if err := s.WriteBars(t.Context(), k.Symbol, k.Interval, rows); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			seen := map[market.Time]float64{}
			for range calls {
				for b, err := range s.Bars(t.Context(), k.Symbol, k.Interval, market.Range{}) {
					if err != nil {
						t.Error(err)
					}
					if int64(b.Time/60e9-1)%writers == int64(w) && b.Close < seen[b.Time] {
						t.Errorf("%s: version %v after %v", b.Time, b.Close, seen[b.Time])
					}
					seen[b.Time] = b.Close
				}
			}
		})
	}
	all.Wait()
	want := map[market.Time]float64{}
	for w := range writers {
		for n := range calls {
			for i := range 1 + (w+n)%50 {
				want[market.Time(w+writers*i+1)*60e9] = float64(n)
			}
		}
	}
	check := func(s *series.Store) {
		t.Helper()
		rows := 0
		for b, err := range s.Bars(t.Context(), k.Symbol, k.Interval, market.Range{}) {
			if rows++; err != nil || b.Close != want[b.Time] {
				t.Fatalf("%s: got %v, %v, want %v", b.Time, b.Close, err, want[b.Time])
			}
		}
		if rows != len(want) {
			t.Errorf("got %d rows, want %d", rows, len(want))
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = series.New(d.open(t), nil)
	defer s.Close()
	check(s)
}

func TestAFullDiskRefusesAndReadingGoesOn(t *testing.T) {
	for _, bulk := range []int{10, 1000} {
		d := &onDisk{disktest.New(1), &Options{Memory: 4000, Floor: 1, sizes: sizes{bulk: bulk, chunk: 16, merge: 3}}}
		e := d.open(t)
		var steps []step
		d.disk.Limit(25_000)
		refused := 0
		for i := range 400 {
			s := randomStep(21, i)
			err := s.do(t.Context(), e)
			switch {
			case err == nil:
				steps = append(steps, s)
			case !errors.Is(err, fault.DiskFull) || errors.Is(err, fault.Unknown):
				t.Fatalf("bulk %d, call %d: got %v, want fault.DiskFull", bulk, i, err)
			default:
				refused++
			}
			if refused == 5 {
				break
			}
		}
		if refused == 0 {
			t.Fatalf("bulk %d: the disk never was full", bulk)
		}
		if got, want := contents(t, e), after(t, steps); got != want {
			t.Fatalf("bulk %d: full: got\n%s\nwant\n%s", bulk, got, want)
		}
		d.disk.Limit(0)
		for i := range 40 {
			s := randomStep(22, i)
			do(t, e, s)
			steps = append(steps, s)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = d.open(t)
		if got, want := contents(t, e), after(t, steps); got != want {
			t.Fatalf("bulk %d: with room again: got\n%s\nwant\n%s", bulk, got, want)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFailedSyncLosesNothing(t *testing.T) {
	steps := randomSteps(31, 30)
	for n := range 150 {
		d := &onDisk{disktest.New(uint64(n)), crashing}
		e := d.open(t)
		d.disk.FailSync(n)
		var done []step
		var unsure []int
		for i, s := range steps {
			if err := s.do(t.Context(), e); err != nil {
				unsure = append(unsure, i)
				continue
			}
			done = append(done, s)
		}
		_ = e.Close() // it may say what failed
		d.disk = d.disk.Crash()
		e = d.open(t)
		// What failed may have happened, or not.
		possible := []string{after(t, done)}
		for _, i := range unsure {
			all := slices.Clone(done)
			possible = append(possible, after(t, slices.Insert(all, i, steps[i])))
		}
		if got := contents(t, e); !slices.Contains(possible, got) {
			t.Fatalf("sync %d failed, calls %v with it: got\n%s\nwant one of %d", n, unsure, got, len(possible))
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
