package sqlitepool

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// turn is how long those who come may pass those who wait. Who writes again at once
// finds its connection's pages still right, and the line without a pause; who waits
// gets in after a turn for each place before it.
const turn = time.Millisecond

// A gate lets one in at a time, those who wait in the order in which they came.
type gate struct {
	turn time.Duration

	mu      sync.Mutex // guards the fields below
	held    bool
	since   time.Time // when the line last moved
	waiting list.List // of *waiter
}

// A waiter is one in the line.
type waiter struct {
	call  chan struct{} // tells it to look, and never blocks who calls
	given bool          // it holds the gate already
}

// enter waits until the caller is let in.
func (g *gate) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.takeLocked(nil) {
		return nil
	}
	w := &waiter{call: make(chan struct{}, 1)}
	place := g.waiting.PushBack(w)
	for {
		g.mu.Unlock()
		var err error
		select {
		case <-w.call:
		case <-ctx.Done():
			err = ctx.Err()
		}
		g.mu.Lock()
		switch {
		case err == nil && (w.given || g.takeLocked(place)):
			return nil
		case err != nil && w.given:
			g.leaveLocked()
			return err
		case err != nil:
			g.waiting.Remove(place)
			g.callLocked() // it may have been called in vain
			return err
		}
	}
}

// takeLocked takes the gate if it is free. place is that of a waiter, or nil for
// one who comes.
func (g *gate) takeLocked(place *list.Element) bool {
	if g.held {
		return false
	}
	g.held = true
	if place != nil {
		g.waiting.Remove(place)
	}
	if place != nil || g.waiting.Len() == 0 {
		g.since = time.Now()
	}
	return true
}

// leave lets the next one in.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaveLocked()
}

func (g *gate) leaveLocked() {
	first := g.waiting.Front()
	if first == nil || time.Since(g.since) < g.turn {
		g.held = false
		g.callLocked()
		return
	}
	w := g.waiting.Remove(first).(*waiter)
	w.given = true
	g.since = time.Now()
	w.wake()
}

// callLocked tells the first in line to look, if there is something to see.
func (g *gate) callLocked() {
	if first := g.waiting.Front(); first != nil && !g.held {
		first.Value.(*waiter).wake()
	}
}

func (w *waiter) wake() {
	select {
	case w.call <- struct{}{}:
	default: // it has not looked since it was last called
	}
}
