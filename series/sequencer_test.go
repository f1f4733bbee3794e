package series_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// wantSeq numbers a tick of rebar at the given microsecond.
func wantSeq(t *testing.T, q *series.Sequencer, us int64, want uint32) {
	t.Helper()
	x := tick(us, 99, 1)
	if err := q.Number(rebar, &x); err != nil || x.Seq != want {
		t.Errorf("tick at %d us: got Seq %d, %v, want %d", us, x.Seq, err, want)
	}
}

func TestTicksAreNumberedWithinTheirMicrosecond(t *testing.T) {
	q := series.NewSequencer()
	for i, us := range []int64{1, 1, 2, 1, 2, 5, 3, 1} {
		wantSeq(t, q, us, []uint32{0, 1, 0, 2, 1, 0, 0, 3}[i])
	}
	other := tick(1, 0, 1)
	if err := q.Number(market.Symbol{Code: "cu2601", Exchange: market.SHFE}, &other); err != nil || other.Seq != 0 {
		t.Errorf("another symbol: got Seq %d, %v, want 0", other.Seq, err)
	}
	a, b := market.Tick{Time: minute(0) + 1}, market.Tick{Time: minute(0) + 999}
	q = series.NewSequencer()
	if err := errors.Join(q.Number(rebar, &a), q.Number(rebar, &b)); err != nil || a.Seq != 0 || b.Seq != 1 {
		t.Errorf("two nanoseconds of a microsecond: got Seq %d and %d, %v, want 0 and 1", a.Seq, b.Seq, err)
	}
}

func TestATickThatIsTooLateIsNotNumbered(t *testing.T) {
	q := series.NewSequencer()
	for us := range int64(65) { // one more than is remembered
		wantSeq(t, q, us, 0)
	}
	wantSeq(t, q, 1, 1)
	x := tick(0, 7, 1)
	if err := q.Number(rebar, &x); !errors.Is(err, fault.SeriesLate) || x.Seq != 7 {
		t.Errorf("got Seq %d, %v, want 7 as before and fault.SeriesLate", x.Seq, err)
	}
}

func TestASequencerGoesOnBehindTheStoredTicks(t *testing.T) {
	s := open(t)
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{tick(1, 0, 1), tick(5, 0, 1), tick(5, 1, 2)}); err != nil {
		t.Fatal(err)
	}
	q, err := s.Sequencer(t.Context(), rebar, market.Symbol{Code: "new", Exchange: market.DCE})
	if err != nil {
		t.Fatal(err)
	}
	wantSeq(t, q, 5, 2)
	wantSeq(t, q, 6, 0)
	x := tick(4, 0, 1)
	if err := q.Number(rebar, &x); !errors.Is(err, fault.SeriesLate) {
		t.Errorf("before the stored ticks: got %v, want fault.SeriesLate", err)
	}
	// A queue that was not stored yet knows more.
	q.Resume(rebar, minute(0)+6e3, 9)
	wantSeq(t, q, 6, 10)
	q.Resume(rebar, minute(0)+5e3, 50) // older than what is known
	wantSeq(t, q, 6, 11)
	wantSeq(t, q, 7, 0)
	if q, err := s.Sequencer(t.Context()); err != nil || q == nil {
		t.Errorf("without symbols: got %v, %v", q, err)
	}
}

func TestASequencerStopsAtTheLastNumber(t *testing.T) {
	q := series.NewSequencer()
	q.Resume(rebar, minute(0), math.MaxUint32-1)
	wantSeq(t, q, 0, math.MaxUint32)
	x := tick(0, 0, 1)
	if err := q.Number(rebar, &x); !errors.Is(err, fault.SeriesLate) {
		t.Errorf("after the last number: got %v, want fault.SeriesLate", err)
	}
}

func TestRealTradesAreNumberedAsTheirFilesAre(t *testing.T) {
	for _, set := range realdata.Open(t).Ticks {
		q := series.NewSequencer()
		for x, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			want := x.Tick.Seq
			if err := q.Number(set.Symbol, &x.Tick); err != nil || x.Tick.Seq != want {
				t.Fatalf("%s %s: got Seq %d, %v, want %d", set.Symbol, x.Tick.Time, x.Tick.Seq, err, want)
			}
		}
	}
}

// A recorder numbers ticks as they arrive, two of one instant here.
func ExampleSequencer() {
	q := series.NewSequencer()
	rebar := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	for _, price := range []float64{3100, 3101} {
		t := market.Tick{Time: 1767574800e9, LastPrice: price}
		if err := q.Number(rebar, &t); err != nil {
			panic(err)
		}
		fmt.Println(t.Time, t.Seq, t.LastPrice)
	}
	// Output:
	// 2026-01-05T01:00:00Z 0 3100
	// 2026-01-05T01:00:00Z 1 3101
}

func BenchmarkSequencer(b *testing.B) {
	q := series.NewSequencer()
	t := market.Tick{Time: minute(0)}
	b.ReportAllocs()
	for b.Loop() {
		t.Time += 500
		if err := q.Number(rebar, &t); err != nil {
			b.Fatal(err)
		}
	}
}

// wantLate wants a tick of rebar at the given microsecond not to be numbered.
func wantLate(t *testing.T, q *series.Sequencer, us int64) {
	t.Helper()
	x := tick(us, 7, 1)
	if err := q.Number(rebar, &x); !errors.Is(err, fault.SeriesLate) || x.Seq != 7 {
		t.Errorf("tick at %d us: got Seq %d, %v, want fault.SeriesLate", us, x.Seq, err)
	}
}

func TestATickBetweenTheInstantsThatAreRememberedIsNumbered(t *testing.T) {
	q := series.NewSequencer()
	for i := range int64(65) {
		wantSeq(t, q, 10*i, 0)
	}
	wantSeq(t, q, 5, 0) // after the one that was forgotten
	wantLate(t, q, 5)   // and forgotten at once, since it is the oldest
	wantSeq(t, q, 10, 1)
}

func TestResumeNeverTakesBackWhatIsKnown(t *testing.T) {
	q := series.NewSequencer()
	q.Resume(rebar, minute(0)+9e3, 4)
	q.Resume(rebar, minute(0)+9e3, 1) // fewer than are known
	wantSeq(t, q, 9, 5)
	q.Resume(rebar, minute(0)+3e3, 8) // older than what is known
	wantLate(t, q, 3)
	wantLate(t, q, 8)
	wantSeq(t, q, 9, 6)
}

func TestWhatResumeForgotIsNotKnownAgain(t *testing.T) {
	q := series.NewSequencer()
	for us := range int64(64) {
		wantSeq(t, q, us, 0)
	}
	q.Resume(rebar, minute(0)+1000e3, 0)
	wantSeq(t, q, 1001, 0)
	wantSeq(t, q, 1002, 0)
	wantLate(t, q, 500)
	wantLate(t, q, 63)
	wantSeq(t, q, 1000, 1)
}

func TestASequencerOverAStoreThatCannotReadIsNone(t *testing.T) {
	s := memseries.Open(nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if q, err := s.Sequencer(t.Context(), rebar); q != nil || !errors.Is(err, fault.Closed) {
		t.Errorf("got %v, %v, want fault.Closed", q, err)
	}
}

func TestSymbolsAreNumberedAtOnce(t *testing.T) {
	q := series.NewSequencer()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 2000 {
				y := market.Symbol{Code: fmt.Sprintf("s%d-%d", i, n/4), Exchange: market.SHFE}
				x := tick(1, 0, 1)
				if err := q.Number(y, &x); err != nil || x.Seq != uint32(n%4) {
					t.Errorf("%s: got Seq %d, %v, want %d", y, x.Seq, err, n%4)
				}
			}
		})
	}
	all.Wait()
}
