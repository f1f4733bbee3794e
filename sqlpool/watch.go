package sqlpool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// probeTime is how long the server may take to say what it is.
const probeTime = 2 * time.Second

// watch asks the server what it is, again and again, by a connection beside the
// pool, until ctx ends.
func (p *Pool) watch(ctx context.Context) {
	w := watcher{pool: p}
	defer w.hangUp()
	timer := time.NewTimer(p.source.ProbeEvery)
	defer timer.Stop()
	for {
		var asked []chan<- error
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-p.doubt:
		case who := <-p.probes:
			asked = append(asked, who)
		}
		err := w.probe(ctx)
		for more := true; more; {
			select {
			case who := <-p.probes:
				asked = append(asked, who)
			default:
				more = false
			}
		}
		for _, who := range asked {
			who <- err
		}
		timer.Reset(lifetime(p.source.ProbeEvery))
	}
}

// Ping asks the server whether it is there and takes writes, by a connection
// beside the pool: one that is busy is not broken. It takes two seconds at most.
func (p *Pool) Ping(ctx context.Context) error {
	answer := make(chan error, 1)
	ctx, cancel := context.WithTimeout(ctx, 2*probeTime)
	defer cancel()
	select {
	case p.probes <- answer:
	case <-p.over:
		return p.closedError()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-p.over:
		return p.closedError()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A watcher asks the server what it is, by a connection of its own.
type watcher struct {
	pool   *Pool
	raw    driver.Conn // nil if there is none
	silent int         // how many probes in a row had no answer in time
}

// silences is how many probes in a row the server may leave without an answer
// before its connections are given up: it may just be busy.
const silences = 2

// probe asks the server once and draws the conclusions.
func (w *watcher) probe(ctx context.Context) error {
	p := w.pool
	asking, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	server, fresh, err := w.ask(asking)
	if ctx.Err() != nil {
		return p.closedError()
	}
	if err == nil {
		w.silent = 0
		return w.found(server, fresh)
	}
	p.suspicion.Add(1)
	late := asking.Err() != nil
	if late {
		w.silent++
		err = fault.SQLUnreachable.Errorf("the server did not answer within %s", probeTime)
	}
	if late && w.silent >= silences || !late && p.engine.Classify(err) == Unreachable {
		p.evictLive(err)
	}
	return w.fail(err)
}

// found draws the conclusions from what the server says of itself.
func (w *watcher) found(server Server, fresh bool) error {
	p := w.pool
	if err := p.fence(server); err != nil {
		p.evictLive(err)
		return w.fail(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if fresh {
		p.succeededLocked(server)
	}
	p.server = server
	return nil
}

// fail notes that no connection is to be had, for the reason err.
func (w *watcher) fail(err error) error {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	w.pool.failedLocked(err)
	if w.pool.outage == nil { // others are being let in
		return fmt.Errorf("sqlpool: connect to %s: %w", w.pool.source.Name, w.pool.engine.Classify(err).coded(err))
	}
	return w.pool.outageErrorLocked()
}

// evictLive is evict, if there is anything to evict.
func (p *Pool) evictLive(why error) {
	p.mu.Lock()
	live := p.live
	p.mu.Unlock()
	if live > 0 {
		p.evict(why)
	}
}

// ask asks the server by the connection that there is, or a fresh one.
func (w *watcher) ask(ctx context.Context) (server Server, fresh bool, err error) {
	if w.raw != nil {
		if server, err = w.pool.engine.Inspect(ctx, w.raw); err == nil {
			return server, false, nil
		}
		w.hangUp()
		w.pool.suspicion.Add(1) // what it has lost, others may have lost
		if ctx.Err() != nil {
			return server, false, err
		}
	}
	raw, err := w.pool.engine.Connect(ctx)
	if err != nil {
		return server, false, err
	}
	w.raw = raw
	if server, err = w.pool.engine.Inspect(ctx, raw); err != nil {
		w.hangUp()
	}
	return server, true, err
}

// hangUp closes the connection of the watcher, if it has one.
func (w *watcher) hangUp() {
	raw := w.raw
	if raw == nil {
		return
	}
	w.raw = nil
	w.pool.spawn(func() {
		if err := raw.Close(); err != nil && !errors.Is(err, driver.ErrBadConn) {
			w.pool.log.Debug("a connection did not close in order", "error", err)
		}
	})
}
