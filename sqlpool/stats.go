package sqlpool

import (
	"sync/atomic"
	"time"
)

// buckets are the upper bounds of a Histogram's.
var buckets = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// A Histogram is how long something took, and how often.
type Histogram struct {
	// Count is how often, Sum how long altogether.
	Count int64
	Sum   time.Duration

	// Buckets are how often it took as long as the upper bound or less.
	Buckets []Bucket
}

// A Bucket is part of a Histogram. It counts in the buckets before it.
type Bucket struct {
	UpTo  time.Duration
	Count int64
}

type histogram struct {
	counts [len(buckets) + 1]atomic.Int64
	sum    atomic.Int64
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(buckets) && d > buckets[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) read() Histogram {
	all := Histogram{Sum: time.Duration(h.sum.Load()), Buckets: make([]Bucket, len(buckets))}
	for i, upTo := range buckets {
		all.Count += h.counts[i].Load()
		all.Buckets[i] = Bucket{UpTo: upTo, Count: all.Count}
	}
	all.Count += h.counts[len(buckets)].Load()
	return all
}

// counts are what a pool counts.
type counts struct {
	opened, closed, expired, lost, abandoned, resets atomic.Int64
	timeouts, outages, evictions, leaks              atomic.Int64
	repeated, uncertain                              atomic.Int64
	lastFence                                        atomic.Int64 // when a refused write last replaced all connections
}

// Stats are a pool's figures. Counts are since it was opened.
type Stats struct {
	// Name is the source's, Dialect its kind of SQL.
	Name    string
	Dialect Dialect

	// Server is what was last seen of the server; its System is "" until then.
	Server Server

	// MinIdle and MaxOpen are the limits.
	MinIdle, MaxOpen int

	// Idle, InUse and Dialling are connections at present; Waiting is how many
	// callers wait for one.
	Idle, InUse, Dialling, Waiting int

	// Uses is how often a connection was lent.
	Uses int64

	// Opened is how many connections were made, Closed how many ended. Of these,
	// Expired had reached their age or were of an earlier generation, Lost were
	// found broken, and Abandoned were given up by their holder in the midst of a
	// statement.
	Opened, Closed, Expired, Lost, Abandoned int64

	// Resets is how often a session had to be made as new.
	Resets int64

	// Timeouts is how often a caller waited in vain, Leaks how often one held a
	// connection for too long.
	Timeouts, Leaks int64

	// Outages is how often no connection could be made, Evictions how often all
	// connections were replaced.
	Outages, Evictions int64

	// Repeated is how often a transaction was run again, Uncertain of how many it
	// is not known whether they were committed.
	Repeated, Uncertain int64

	// Create, Wait and Use are how long making a connection took, waiting for one,
	// and how long they were lent.
	Create, Wait, Use Histogram

	// Outage is why no connection can be made at present; nil if there is no such
	// reason.
	Outage *Outage
}

// An Outage is a time in which no connection can be made.
type Outage struct {
	// Since is when the first attempt failed.
	Since time.Time

	// Err is why the last one failed.
	Err error

	// Attempts is how many there were.
	Attempts int
}

// Stats returns the pool's figures.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		Name: p.source.Name, Dialect: p.engine.Dialect(), Server: p.server, MinIdle: p.source.MinIdle, MaxOpen: p.source.MaxOpen,
		Dialling: p.dialling, Waiting: p.queue.Len(),
		Opened: p.counts.opened.Load(), Closed: p.counts.closed.Load(), Expired: p.counts.expired.Load(),
		Lost: p.counts.lost.Load(), Abandoned: p.counts.abandoned.Load(), Resets: p.counts.resets.Load(),
		Timeouts: p.counts.timeouts.Load(), Leaks: p.counts.leaks.Load(), Outages: p.counts.outages.Load(),
		Evictions: p.counts.evictions.Load(), Repeated: p.counts.repeated.Load(), Uncertain: p.counts.uncertain.Load(),
		Create: p.createTime.read(), Wait: p.waitTime.read(), Use: p.useTime.read(),
	}
	for one := range p.sessions {
		if one.since.Load() != 0 {
			s.InUse++
		}
	}
	s.Idle = len(p.sessions) - s.InUse
	s.Uses = s.Use.Count + int64(s.InUse)
	if p.outage != nil {
		s.Outage = &Outage{Since: p.outage.since, Err: p.outageErrorLocked(), Attempts: p.outage.attempts}
	}
	return s
}

// Slowest returns the n statements that took longest in all, and the sum of those
// that were forgotten since there were too many.
func (p *Pool) Slowest(n int) (all []Statement, forgotten Statement) { return p.statements.top(n) }
