package sqlitepool

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

func TestTheGateLetsOneIn(t *testing.T) {
	for _, turn := range []time.Duration{0, 50 * time.Microsecond, time.Hour} {
		letsOneIn(t, &gate{turn: turn})
	}
}

func letsOneIn(t *testing.T, g *gate) {
	inside, count := 0, 0
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 500 {
				if err := g.enter(t.Context()); err != nil {
					t.Error(err)
					return
				}
				if inside++; inside != 1 {
					t.Error("two are inside")
				}
				count++
				inside--
				g.leave()
			}
		})
	}
	all.Wait()
	if count != 32*500 || g.held || g.waiting.Len() != 0 {
		t.Errorf("got %d of %d, held %v, %d waiting", count, 32*500, g.held, g.waiting.Len())
	}
}

// TestNobodyIsPassedForLong has one come again and again, while others wait: they get
// in one after the other, after a turn each.
func TestNobodyIsPassedForLong(t *testing.T) {
	for _, turn := range []time.Duration{0, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{turn: turn}
			enter(t, g)
			got := make(chan int, 5)
			for i := range cap(got) {
				go func() {
					enter(t, g)
					got <- i
					g.leave()
				}()
				synctest.Wait()
			}
			work := time.NewTicker(turn/10 + 1)
			defer work.Stop()
			began := time.Now()
			for len(got) < cap(got) && time.Since(began) < 20*turn+1 {
				<-work.C
				g.leave()
				enter(t, g) // at once: a waiter that was only called is too late
				synctest.Wait()
			}
			if took := time.Since(began); len(got) != 5 || took > 6*turn+10 {
				t.Errorf("turn %v: %d are in after %v", turn, len(got), took)
			}
			for want := range len(got) {
				if i := <-got; i != want {
					t.Errorf("turn %v: got %d, want %d", turn, i, want)
				}
			}
			g.leave()
		})
	}
}

// TestAFreeGateIsTaken by whoever waits, when nobody comes.
func TestAFreeGateIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{turn: time.Hour}
		enter(t, g)
		in := 0
		for range 3 {
			go func() {
				enter(t, g)
				in++
				g.leave()
			}()
		}
		synctest.Wait()
		g.leave()
		synctest.Wait()
		if in != 3 || g.held || g.waiting.Len() != 0 {
			t.Errorf("got %d in, held %v, %d waiting", in, g.held, g.waiting.Len())
		}
	})
}

func TestWaitingAtTheGateObeysItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		enter(t, g)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := make(chan error, 2)
		go func() { got <- g.enter(ctx) }()
		synctest.Wait()
		go func() { got <- g.enter(t.Context()) }()
		if err := <-got; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		g.leave()
		if err := <-got; err != nil {
			t.Error(err)
		}
		g.leave()
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if err := g.enter(canceled); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want Canceled", err)
		}
		if g.held || g.waiting.Len() != 0 {
			t.Error("the gate is not as it was")
		}
	})
}

// TestWhoGivesUpLosesNothing gives up at the very moment at which the gate is handed
// over, many times.
func TestWhoGivesUpLosesNothing(t *testing.T) {
	g := &gate{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 300 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Microsecond)
				if g.enter(ctx) == nil {
					g.leave()
				}
				cancel()
			}
		})
	}
	all.Wait()
	if g.held || g.waiting.Len() != 0 {
		t.Errorf("held %v, %d waiting", g.held, g.waiting.Len())
	}
	enter(t, g)
	g.leave()
}

// TestAGateThatIsGivenToWhoGivesUp goes on to the next one, whether it was handed over
// or only free.
func TestAGateThatIsGivenToWhoGivesUp(t *testing.T) {
	gaveUp := 0
	for i := range 400 {
		g := &gate{turn: time.Duration(i%2) * time.Hour}
		enter(t, g)
		ctx, cancel := context.WithCancel(t.Context())
		first, second := waits(ctx, g, 1), waits(t.Context(), g, 2)
		g.mu.Lock()
		cancel()
		g.leaveLocked()
		g.mu.Unlock()
		if <-first != nil {
			gaveUp++
		}
		select {
		case err := <-second:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the next one was forgotten")
		}
		if g.held || g.waiting.Len() != 0 {
			t.Fatalf("held %v, %d waiting", g.held, g.waiting.Len())
		}
	}
	if gaveUp == 0 {
		t.Error("nobody gave up")
	}
}

// waits returns when somebody stands in line, as the last of so many. What it returns
// tells when he has been in and left, or with which error he gave up.
func waits(ctx context.Context, g *gate, last int) <-chan error {
	done := make(chan error, 1)
	go func() {
		err := g.enter(ctx)
		if err == nil {
			g.leave()
		}
		done <- err
	}()
	for length := 0; length < last; runtime.Gosched() {
		g.mu.Lock()
		length = g.waiting.Len()
		g.mu.Unlock()
	}
	return done
}

func enter(t *testing.T, g *gate) {
	if err := g.enter(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWaitingAtTheGateHasALimit leaves the gate held, and has one wait without any
// context that ends.
func TestWaitingAtTheGateHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{turn: turn}
		enter(t, g)
		began := time.Now()
		if err := g.enter(t.Context()); fault.CodeOf(err) != fault.SQLLocked || time.Since(began) != gateTime {
			t.Errorf("after %s: got %v, want %s after %s", time.Since(began), err, fault.SQLLocked, gateTime)
		}
		g.leave()
		enter(t, g)
		g.leave()
	})
}
