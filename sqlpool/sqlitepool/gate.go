package sqlitepool

import (
	"container/list"
	"context"
	"sync"
)

// A gate lets one in at a time, in the order in which they came. Letting those who
// come pass those who wait, for up to 10 ms, was 1.03 times as fast, within what two
// measurements differ by, and had the slowest of 30 wait for 250 ms instead of 6.
type gate struct {
	mu      sync.Mutex // guards the fields below
	held    bool
	waiting list.List // of chan struct{}, which are closed when it is their turn
}

// enter waits until the caller is let in.
func (g *gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if !g.held {
		g.held = true
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	place := g.waiting.PushBack(turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-turn: // it came at the same moment
		g.leaveLocked()
	default:
		g.waiting.Remove(place)
	}
	return ctx.Err()
}

// leave lets the next one in.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaveLocked()
}

func (g *gate) leaveLocked() {
	first := g.waiting.Front()
	if first == nil {
		g.held = false
		return
	}
	close(g.waiting.Remove(first).(chan struct{}))
}
