package sqlpool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/redfire-quant/redfire/fault"
)

// Of the pool's keeping.
const (
	// tendEvery is how often the pool looks after itself when nobody asks it to.
	tendEvery = 500 * time.Millisecond

	// Between the attempts of an outage.
	firstPause  = 50 * time.Millisecond
	longPause   = 500 * time.Millisecond
	deniedPause = 5 * time.Second // a server may lock out who is refused too often
)

func newPace() *backoff.ExponentialBackOff {
	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval, pace.MaxInterval, pace.Multiplier, pace.RandomizationFactor = firstPause, longPause, 2, 0.2
	return pace
}

// tend makes and ends connections until ctx ends.
func (p *Pool) tend(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	leaks := time.NewTicker(tendEvery)
	defer leaks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		case <-leaks.C:
			p.findLeaks()
			p.purgeKeys(ctx)
		}
		ended, dials, wait := p.balance()
		for _, s := range ended {
			p.counts.expired.Add(1)
			p.end(s)
		}
		for range dials {
			p.tasks.Go(func() { p.dial(ctx) })
		}
		timer.Reset(wait)
	}
}

// balance takes what is too old out of the reserve, and tells how many
// connections are to be made now and when to look again.
func (p *Pool) balance() (ended []*session, dials int, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	idle := p.parkedLocked() + len(p.reserve)
	p.reserve = slices.DeleteFunc(p.reserve, func(s *session) bool {
		// The first of the reserve are those that were idle for longest.
		old := !s.fit(now) || now-s.idleSince > p.source.MaxIdleTime && idle-len(ended) > p.source.MinIdle
		if old {
			ended = append(ended, s)
		}
		return old
	})
	idle -= len(ended)
	room := p.source.MaxOpen - p.open
	if p.closing {
		return ended, 0, tendEvery
	}
	if out := p.outage; out != nil {
		if out.trying || room <= 0 {
			return ended, 0, tendEvery
		}
		if now < out.next {
			return ended, 0, min(out.next-now, tendEvery)
		}
		out.trying = true
		dials = 1
	} else {
		dials = min(max(p.queue.Len(), p.source.MinIdle-idle)-p.dialling, room)
	}
	dials = max(dials, 0)
	p.dialling += dials
	p.open += dials
	return ended, dials, tendEvery
}

// dial makes one connection and gives it to whoever waits.
func (p *Pool) dial(ctx context.Context) {
	// What happens while it is made counts: it may lead to what is no more.
	generation, suspicion := p.generation.Load(), p.suspicion.Load()
	s, server, err := p.connect(ctx)
	now := p.now()
	p.mu.Lock()
	p.dialling--
	if err != nil {
		p.closedOneLocked()
		if ctx.Err() == nil {
			p.failedLocked(err)
		}
		p.mu.Unlock()
		p.signal(p.wake) // to look when the next attempt is
		return
	}
	p.made++
	s.number = p.made
	s.generation, s.trusted, s.idleSince, s.dies = generation, suspicion, now, now+lifetime(p.source.MaxLifetime)
	p.sessions[s] = struct{}{}
	if s.fit(now) && !p.closing {
		p.live++
		p.succeededLocked(server)
	} else {
		s.gone, s.away = true, true
		if p.outage != nil {
			p.outage.trying = false
		}
	}
	p.mu.Unlock()
	p.give(s, now)
	p.signal(p.wake)
}

// connect makes a connection and sees whether the server is one for this pool.
func (p *Pool) connect(ctx context.Context) (*session, Server, error) {
	if err := p.limiter.Wait(ctx); err != nil {
		return nil, Server{}, err
	}
	began := p.now()
	ctx, cancel := context.WithTimeout(ctx, p.source.ConnectTimeout)
	defer cancel()
	raw, err := p.engine.Connect(ctx)
	if err != nil {
		return nil, Server{}, p.dialError(ctx, err)
	}
	s := &session{pool: p, raw: raw, known: make(map[string]*statement)}
	var server Server
	if s.parts, err = partsOf(raw); err == nil {
		if server, err = p.engine.Inspect(ctx, raw); err == nil {
			err = p.fence(server)
		}
	}
	if err != nil {
		return nil, Server{}, errors.Join(p.dialError(ctx, err), raw.Close())
	}
	p.createTime.observe(p.now() - began)
	p.counts.opened.Add(1)
	return s, server, nil
}

// dialError says of an error that ctx was the limit for connecting.
func (p *Pool) dialError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && p.engine.Classify(err) == Other {
		return fault.SQLUnreachable.Errorf("the server did not answer within %s", p.source.ConnectTimeout)
	}
	return err
}

// fence returns an error if server is not one for this pool.
func (p *Pool) fence(server Server) error {
	if server.ReadOnly != "" && !p.source.ReadOnly {
		return fault.SQLReadOnly.Errorf("the server takes no writes: %s", server.ReadOnly)
	}
	return nil
}

// failedLocked notes that no connection can be made.
func (p *Pool) failedLocked(err error) {
	now := p.now()
	out := p.outage
	if out != nil && !out.trying && now < out.next {
		return // one of several that were made at once
	}
	if p.dialling > 0 && p.engine.Classify(err) == TooManyConnections {
		return // others were let in before it, and are about to be there
	}
	if out == nil {
		out = &outage{since: time.Now()}
		p.outage = out
		p.pace = newPace()
		p.counts.outages.Add(1)
	}
	if out.err == nil || out.err.Error() != err.Error() {
		p.log.Warn("no connection can be made", "error", err)
	}
	out.err, out.trying = err, false
	out.attempts++
	switch p.engine.Classify(err) {
	case AccessDenied, NoDatabase:
		p.pace.MaxInterval = deniedPause
	default:
		p.pace.MaxInterval = longPause
	}
	out.next = now + p.pace.NextBackOff()
	p.tellWaitersLocked()
}

// succeededLocked notes that the server is there.
func (p *Pool) succeededLocked(server Server) {
	p.server = server
	if p.outage != nil {
		p.log.Info("connections can be made again", "after", time.Since(p.outage.since).Round(time.Millisecond), "attempts", p.outage.attempts)
		p.outage = nil
	}
}

// evict has no session that there is lent any more. Those that are idle are
// closed now, the others when they come back.
func (p *Pool) evict(why error) {
	p.mu.Lock()
	p.generation.Add(1)
	p.live = 0
	reserve := p.reserve
	p.reserve = nil
	p.mu.Unlock()
	p.counts.evictions.Add(1)
	p.log.Warn("all connections are replaced", "error", why)
	for _, s := range reserve {
		p.end(s)
	}
	p.unpark()
	p.signal(p.wake)
}

// unpark has the DB give back all that it keeps idle.
func (p *Pool) unpark() {
	p.db.SetMaxIdleConns(-1)
	p.db.SetMaxIdleConns(p.source.MaxOpen)
}

// suspect has each idle connection asked before it is lent again, and the server
// asked now: it may be gone.
func (p *Pool) suspect() {
	p.suspicion.Add(1)
	p.signal(p.doubt)
}

// suspectRole is suspect after a write was refused: no connection that there is
// can be relied on, wherever it leads. At most once a second, as a program may
// have made its sessions read-only itself.
func (p *Pool) suspectRole() {
	now := int64(p.now())
	last := p.counts.lastFence.Load()
	if last != 0 && now-last < int64(time.Second) || !p.counts.lastFence.CompareAndSwap(last, now) {
		return
	}
	p.spawn(func() {
		p.evict(fault.SQLReadOnly.Errorf("a write was refused: the server is read-only"))
		p.signal(p.doubt)
	})
}
