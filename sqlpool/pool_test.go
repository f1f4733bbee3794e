package sqlpool

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// inPool runs f in a bubble whose time is that of the test, with a pool over a
// fake, and closes the pool.
func inPool(t *testing.T, source Source, f func(*testing.T, *Pool, *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		source.Name, source.URL = "main", "fake:"
		pools, err := New([]Source{source}, func(Source) (Engine, error) { return engine, nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pools.Pool("main")
		if err != nil {
			t.Fatal(err)
		}
		f(t, p, engine)
		if err := pools.Close(); err != nil {
			t.Error(err)
		}
		if open := see(engine, func(f *fake) int { return f.open }); open != 0 {
			t.Errorf("%d connections are open after Close", open)
		}
	})
}

// hold takes a connection and returns what gives it back.
func hold(t *testing.T, p *Pool, label string) *sql.Conn {
	t.Helper()
	c, err := p.DB().Conn(WithLabel(t.Context(), label))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func release(t *testing.T, c *sql.Conn) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestMinIdleConnectionsAreKeptOpen(t *testing.T) {
	inPool(t, Source{MinIdle: 3, MaxOpen: 5}, func(t *testing.T, p *Pool, f *fake) {
		synctest.Wait()
		if s := p.Stats(); s.Idle != 3 || s.InUse != 0 {
			t.Errorf("after the start: %d idle, %d in use, want 3 and 0", s.Idle, s.InUse)
		}
		var held []*sql.Conn
		for range 5 {
			held = append(held, hold(t, p, ""))
		}
		for _, c := range held {
			release(t, c)
		}
		synctest.Wait()
		if s := p.Stats(); s.Idle != 5 {
			t.Errorf("after five were used: %d idle, want 5", s.Idle)
		}
		time.Sleep(11 * time.Minute)
		if s := p.Stats(); s.Idle != 3 {
			t.Errorf("after 11 minutes without use: %d idle, want 3", s.Idle)
		}
		// The probe has a connection of its own.
		if most := see(f, func(f *fake) int { return f.most }); most > 6 {
			t.Errorf("%d connections were open at once", most)
		}
	})
}

func TestWhoWaitsIsServedInOrder(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 1}, func(t *testing.T, p *Pool, _ *fake) {
		first := hold(t, p, "")
		var mu sync.Mutex
		var order []int
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				c := hold(t, p, "")
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				release(t, c)
			})
			synctest.Wait()
		}
		release(t, first)
		all.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("served in the order %v", order)
			}
		}
	})
}

func TestWhoWaitsInVainIsToldByWhom(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 2, WaitTimeout: time.Second}, func(t *testing.T, p *Pool, _ *fake) {
		a, b := hold(t, p, "orders"), hold(t, p, "reports")
		if _, err := a.ExecContext(t.Context(), "UPDATE account SET password = 'secret' WHERE id = 7"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := p.DB().ExecContext(t.Context(), "SELECT 1")
		if took := time.Since(began); took != time.Second {
			t.Errorf("it waited for %s, want 1s", took)
		}
		if !errors.Is(err, fault.Exhausted) || fault.CodeOf(err) != fault.SQLExhausted {
			t.Errorf("got %v, want fault.Exhausted", err)
		}
		for _, want := range []string{"orders for 1s: UPDATE account SET password = ? WHERE id = ?", "reports for 1s"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not hold %q: %v", want, err)
			}
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells a value: %v", err)
		}
		release(t, a)
		release(t, b)
	})
}

func TestACallerWhoGivesUpWaitingLeavesNothing(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 1}, func(t *testing.T, p *Pool, _ *fake) {
		c := hold(t, p, "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := p.DB().Conn(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		release(t, c)
		release(t, hold(t, p, ""))
	})
}
