package sqlpool

import (
	"container/list"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/redfire-quant/redfire/fault"
)

// A Pool is the connections to one source. It is safe for concurrent use.
type Pool struct {
	source  Source
	engine  Engine
	log     *slog.Logger
	db      *sql.DB
	opened  time.Time // the pool's clock counts from here
	limiter *rate.Limiter
	tasks   sync.WaitGroup // all goroutines of the pool
	stop    context.CancelFunc
	over    <-chan struct{} // closed by stop

	// What each lending looks at.
	generation atomic.Uint64 // sessions of another one are not lent any more
	suspicion  atomic.Uint64 // raised when the server may be gone
	waiting    atomic.Int64  // how many are in the queue
	stacks     atomic.Bool   // keep the stack of every holder
	findsLeaks bool

	// To the goroutines.
	wake    chan struct{} // tend has something to do
	doubt   chan struct{} // watch has something to do
	drained chan struct{} // the last connection was closed, after close began
	probes  chan chan<- error
	cancels *semaphore.Weighted

	statements statements
	createTime histogram
	waitTime   histogram
	useTime    histogram
	counts     counts
	keys       keyTable

	mu       sync.Mutex // guards the fields below
	sessions map[*session]struct{}
	reserve  []*session // idle, and not with the DB; the last is lent first
	queue    list.List  // of *waiter, first come first served
	open     int        // connections, with those that are being made
	dialling int
	live     int // sessions of this generation
	made     uint64
	server   Server // as it was last seen
	outage   *outage
	pace     *backoff.ExponentialBackOff // between attempts in an outage
	stacksTo time.Duration               // until when all stacks are kept
	closing  bool                        // nobody gets a connection any more
	closed   bool                        // nor is there a goroutine for anything
}

// An outage is why no connections can be made.
type outage struct {
	since    time.Time
	err      error
	attempts int
	next     time.Duration // when the next attempt may be made, by the pool's clock
	trying   bool
}

// A waiter is a caller who waits for a connection.
type waiter struct {
	ready chan handed // buffered: whoever serves it does not wait
	since time.Duration
	label string
}

type handed struct {
	session *session
	err     error
}

// maxWaiting is how many callers may wait for a connection; the next one fails at
// once.
const maxWaiting = 10_000

// newPool returns the pool of source, which goes on by itself until it is closed.
// It is in charge of closing engine.
func newPool(source Source, engine Engine, o *Options) *Pool {
	ctx, stop := context.WithCancel(context.Background())
	p := &Pool{
		source: source, engine: engine, log: o.Log.With("pool", source.Name), opened: time.Now(), stop: stop, over: ctx.Done(),
		limiter: rate.NewLimiter(rate.Limit(source.MaxDials), max(source.MaxOpen, source.MaxDials)),
		wake:    make(chan struct{}, 1), doubt: make(chan struct{}, 1), drained: make(chan struct{}, 1),
		probes: make(chan chan<- error), cancels: semaphore.NewWeighted(cancelsAtOnce),
		statements: statements{dialect: engine.Dialect()}, sessions: make(map[*session]struct{}), pace: newPace(),
		findsLeaks: source.LeakAfter != neverComes,
	}
	p.db = o.OpenDB(connector{p})
	p.db.SetMaxIdleConns(source.MaxOpen)
	// What the DB has not used for a while comes to the reserve, where it is kept
	// up and, in the end, closed.
	p.db.SetConnMaxIdleTime(parkTime)
	p.tasks.Go(func() { p.tend(ctx) })
	p.tasks.Go(func() { p.watch(ctx) })
	return p
}

// parkTime is how long the DB keeps a connection that nobody uses.
const parkTime = 5 * time.Second

// DB returns the pool as database/sql knows it. It is the same one for the
// pool's whole life, and closing it is the pool's affair.
func (p *Pool) DB() *sql.DB { return p.db }

// Name returns the source's name.
func (p *Pool) Name() string { return p.source.Name }

// Dialect returns the kind of SQL that the database speaks.
func (p *Pool) Dialect() Dialect { return p.engine.Dialect() }

// Engine returns what the pool's connections are made by, for what only one kind
// of database can do.
func (p *Pool) Engine() Engine { return p.engine }

// Classify returns err, which may have come from the DB, with a kind and a code,
// if the engine knows what it means: [fault.KindOf] then tells what to do. An
// error of the context stays as it is, and so does one that nobody knows.
func (p *Pool) Classify(err error) error {
	if err == nil {
		return nil
	}
	// Package database/sql has no value for this one.
	if fault.KindOf(err) == "" && err.Error() == "sql: database is closed" {
		return fault.SQLClosed.Errorf("%w", err)
	}
	return p.engine.Classify(err).coded(err)
}

// ClassOf returns what err means.
func (p *Pool) ClassOf(err error) Class { return p.engine.Classify(err) }

// now is the pool's clock: it goes on evenly, whatever is done to the machine's.
func (p *Pool) now() time.Duration { return time.Since(p.opened) }

// connector is the pool as package database/sql sees it.
type connector struct{ *Pool }

// errNobody is that no conn lies idle with the DB.
var errNobody = errors.New("no connection is idle")

// Connect returns a conn for the DB, which has none idle.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	t := tagOf(ctx)
	if t != nil && t.pull {
		return nil, errNobody
	}
	for {
		s, err := c.obtain(ctx, t)
		if err != nil {
			return nil, err
		}
		now := c.now()
		fit := s.fit(now)
		if fit && s.sound(ctx, now) {
			s.lend(now, t)
			return &conn{session: s}, nil
		}
		c.takeBack(s)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// Driver is what a driver.Connector must have. Nobody can open more by it.
func (c connector) Driver() driver.Driver { return noDriver{} }

type noDriver struct{}

func (noDriver) Open(string) (driver.Conn, error) {
	return nil, fault.SQLNotSupported.Errorf("a pool's driver opens no connections by a name")
}

// obtain returns a session from the reserve, or the first that becomes free or
// is made.
func (p *Pool) obtain(ctx context.Context, t *tag) (*session, error) {
	p.mu.Lock()
	if err := p.refusalLocked(); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	if s := p.fromReserveLocked(); s != nil {
		p.mu.Unlock()
		return s, nil
	}
	w := &waiter{ready: make(chan handed, 1), since: p.now()}
	if t != nil {
		w.label = t.label
	}
	place := p.queue.PushBack(w)
	p.waiting.Store(int64(p.queue.Len()))
	p.mu.Unlock()
	p.signal(p.wake)

	patience := time.NewTimer(p.source.WaitTimeout)
	defer patience.Stop()
	p.pull(ctx, w)
	select {
	case got := <-w.ready:
		p.waitTime.observe(p.now() - w.since)
		return got.session, got.err
	case <-ctx.Done():
		p.leave(place, w)
		return nil, ctx.Err()
	case <-patience.C:
		return p.giveUp(place, w)
	}
}

// refusalLocked returns why nobody need wait for a connection.
func (p *Pool) refusalLocked() error {
	switch {
	case p.closing:
		return p.closedError()
	case p.outage != nil && p.live == 0:
		return p.outageErrorLocked()
	case p.queue.Len() >= maxWaiting:
		p.counts.timeouts.Add(1)
		return p.exhaustedLocked(0)
	}
	return nil
}

func (p *Pool) closedError() error {
	return fault.SQLClosed.Errorf("sqlpool: connect to %s: the pool is closed", p.source.Name)
}

func (p *Pool) outageErrorLocked() error {
	class := p.engine.Classify(p.outage.err)
	if fault.KindOf(p.outage.err) == "" && class == Other || class == LostAfter || class == LostBefore {
		class = Unreachable // what was lost was a log-in, or a probe: nothing of the caller's
	}
	return fmt.Errorf("sqlpool: connect to %s: %w", p.source.Name, class.coded(p.outage.err))
}

func (p *Pool) fromReserveLocked() *session {
	last := len(p.reserve) - 1
	if last < 0 {
		return nil
	}
	s := p.reserve[last]
	p.reserve = p.reserve[:last]
	return s
}

// pull takes a conn that lies idle with the DB for w, which has joined the queue:
// it may have been parked while nobody seemed to wait.
func (p *Pool) pull(ctx context.Context, w *waiter) {
	ctx, cancel := context.WithTimeout(ctx, p.source.WaitTimeout)
	defer cancel()
	pulling := context.WithValue(ctx, tagKey{}, &tag{pull: true})
	for tries := 0; p.parked() && len(w.ready) == 0 && ctx.Err() == nil; tries++ {
		idle, err := p.db.Conn(pulling)
		if err == nil {
			// Somebody waits, so that this hands the session on.
			err = idle.Close()
		}
		if err != nil || tries > 0 {
			// One that is about to be parked, or to be lent, is there in a moment.
			pause(ctx, min(time.Duration(tries)*time.Microsecond, time.Millisecond))
		}
	}
}

// parked reports whether the DB keeps a conn idle, or is about to.
func (p *Pool) parked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.parkedLocked() > 0
}

// parkedLocked returns how many sessions are neither held nor with the pool.
func (p *Pool) parkedLocked() int {
	n := -len(p.reserve)
	for s := range p.sessions {
		if s.since.Load() == 0 && !s.away {
			n++
		}
	}
	return n
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// leave takes w from the queue. If it was served in the meantime the session goes
// to the next.
func (p *Pool) leave(place *list.Element, w *waiter) {
	p.mu.Lock()
	if len(w.ready) == 0 {
		p.removeLocked(place)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if got := <-w.ready; got.session != nil {
		p.takeBack(got.session)
	}
}

// giveUp ends the waiting of w when its time is over.
func (p *Pool) giveUp(place *list.Element, w *waiter) (*session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(w.ready) > 0 { // served at the last moment
		got := <-w.ready
		return got.session, got.err
	}
	p.removeLocked(place)
	p.counts.timeouts.Add(1)
	if p.outage != nil {
		return nil, p.outageErrorLocked()
	}
	return nil, p.exhaustedLocked(p.now() - w.since)
}

func (p *Pool) removeLocked(place *list.Element) {
	p.queue.Remove(place)
	p.waiting.Store(int64(p.queue.Len()))
}

// serveLocked gives got to whoever waits longest.
func (p *Pool) serveLocked(got handed) (served bool) {
	first := p.queue.Front()
	if first == nil {
		return false
	}
	p.removeLocked(first)
	first.Value.(*waiter).ready <- got
	return true
}

// takeBack receives a session that nobody has any more.
func (p *Pool) takeBack(s *session) {
	now := p.now()
	usable := s.usable()
	switch {
	case !usable && s.abandoned():
		p.counts.abandoned.Add(1)
		p.bury(s)
		p.spawn(func() { p.cancel(s) })
	case !usable:
		p.counts.lost.Add(1)
		p.suspect()
		p.end(s)
	case !s.fit(now):
		p.counts.expired.Add(1)
		p.end(s)
	case s.lasting || s.inTx || p.source.ResetAlways:
		p.mu.Lock()
		s.away = true
		p.mu.Unlock()
		p.spawn(func() { p.cleanse(s) })
	default:
		p.give(s, now)
	}
}

// give hands a session to whoever waits, or keeps it.
func (p *Pool) give(s *session, now time.Duration) {
	p.mu.Lock()
	s.away = false
	if p.closing || !s.fit(now) {
		p.mu.Unlock()
		p.end(s)
		return
	}
	if !p.serveLocked(handed{session: s}) {
		p.reserve = append(p.reserve, s)
	}
	p.mu.Unlock()
}

// Of what the pool does by itself.
const (
	// resetTime is how long making a session as new may take; then it is closed.
	resetTime = 2 * time.Second

	// cancelTime is how long ending a statement at the server may take.
	cancelTime = 5 * time.Second

	// cancelsAtOnce is how many are ended at a time. The others wait, within
	// cancelTime.
	cancelsAtOnce = 4
)

// cleanse makes a session as new, or ends it.
func (p *Pool) cleanse(s *session) {
	ctx, cancel := context.WithTimeout(context.Background(), resetTime)
	defer cancel()
	p.counts.resets.Add(1)
	if err := p.engine.Reset(ctx, s.raw); err != nil || !s.usable() {
		if err != nil && !errors.Is(err, driver.ErrBadConn) {
			p.log.Debug("a session could not be made as new", "error", err)
		}
		p.end(s)
		return
	}
	s.lasting, s.inTx, s.reading, s.doomed, s.conflict = false, false, false, nil, nil
	now := p.now()
	s.idleSince = now
	p.give(s, now)
}

// cancel ends at the server what the holder of s has given up.
func (p *Pool) cancel(s *session) {
	ctx, cancel := context.WithTimeout(context.Background(), cancelTime)
	defer cancel()
	err := p.cancels.Acquire(ctx, 1)
	if err == nil {
		err = p.engine.Cancel(ctx, s.raw)
		p.cancels.Release(1)
	}
	if err != nil {
		p.log.Warn("a statement that was given up may still run at the server", "statement", lastOf(s), "error", err)
	}
	p.end(s)
}

func lastOf(s *session) string {
	if last := s.last.Load(); last != nil {
		return last.text
	}
	return ""
}

// bury has a session not counted as live any more, and fails those who wait if it
// was the last.
func (p *Pool) bury(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.gone {
		return
	}
	s.gone, s.away = true, true
	if s.generation == p.generation.Load() {
		p.live--
	}
	p.tellWaitersLocked()
}

// end closes a session. That may take its time, so somebody else does it.
func (p *Pool) end(s *session) {
	p.bury(s)
	p.spawn(func() {
		if err := s.raw.Close(); err != nil {
			p.log.Debug("a connection did not close in order", "error", err)
		}
		p.mu.Lock()
		delete(p.sessions, s)
		p.closedOneLocked()
		p.mu.Unlock()
		p.counts.closed.Add(1)
		p.signal(p.wake)
	})
}

// closedOneLocked notes that a connection is no more.
func (p *Pool) closedOneLocked() {
	p.open--
	if p.closing && p.open == 0 {
		p.signal(p.drained)
	}
}

// tellWaitersLocked fails those who wait when there is nothing to wait for.
func (p *Pool) tellWaitersLocked() {
	if p.outage == nil || p.live > 0 {
		return
	}
	for p.serveLocked(handed{err: p.outageErrorLocked()}) {
		continue
	}
}

// spawn runs f in a goroutine of the pool, or at once when the pool is closed.
func (p *Pool) spawn(f func()) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		f()
		return
	}
	p.tasks.Go(f)
	p.mu.Unlock()
}

// signal wakes one of the pool's goroutines, unless that was done already.
func (p *Pool) signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// close ends the pool: nobody gets a connection any more, and those that are lent
// are closed when they come back. It waits for them until ctx ends.
func (p *Pool) close(ctx context.Context) error {
	p.mu.Lock()
	if p.closing {
		p.mu.Unlock()
		return nil
	}
	p.closing = true
	p.stop()
	p.generation.Add(1) // whoever holds one now gives it back to be closed
	p.live = 0
	for p.serveLocked(handed{err: p.closedError()}) {
		continue
	}
	reserve := p.reserve
	p.reserve = nil
	p.mu.Unlock()

	err := p.db.Close()
	for _, s := range reserve {
		p.end(s)
	}
	held := p.awaitHolders(ctx)
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.tasks.Wait()
	return errors.Join(err, held, p.engine.Close())
}

// awaitHolders waits until no connection is open, and names those who hold one
// when ctx ends.
func (p *Pool) awaitHolders(ctx context.Context) error {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	if open == 0 {
		return nil
	}
	select {
	case <-p.drained:
		return nil
	case <-ctx.Done():
		return fault.SQLHeld.Errorf("sqlpool: close %s: connections are in use still:%s", p.source.Name, holdersText(p.Holders()))
	}
}

// lifetime returns how long a session may be used, by chance a tenth less than
// allowed, so that those made together do not end together.
func lifetime(longest time.Duration) time.Duration {
	return longest - rand.N(longest/10+1)
}
