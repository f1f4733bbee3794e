package sqlitepool

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheGateLetsOneIn(t *testing.T) {
	g := &gate{}
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

func TestTheGateKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		enter(t, g)
		var order []int
		for i := range 5 {
			go func() {
				enter(t, g)
				order = append(order, i)
				g.leave()
			}()
			synctest.Wait()
		}
		g.leave()
		enter(t, g) // behind them all
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			t.Errorf("got the order %v", order)
		}
		g.leave()
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

// TestAGateThatIsGivenToWhoGivesUp goes on to the next one.
func TestAGateThatIsGivenToWhoGivesUp(t *testing.T) {
	gaveUp := 0
	for range 200 {
		g := &gate{}
		enter(t, g)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- g.enter(ctx) }()
		for waits := false; !waits; runtime.Gosched() {
			g.mu.Lock()
			waits = g.waiting.Len() == 1
			g.mu.Unlock()
		}
		g.mu.Lock()
		cancel()
		g.leaveLocked()
		g.mu.Unlock()
		if <-done != nil {
			gaveUp++
		} else {
			g.leave()
		}
		if g.held || g.waiting.Len() != 0 {
			t.Fatalf("held %v, %d waiting", g.held, g.waiting.Len())
		}
	}
	if gaveUp == 0 {
		t.Error("nobody gave up")
	}
}

func enter(t *testing.T, g *gate) {
	if err := g.enter(t.Context()); err != nil {
		t.Error(err)
	}
}
