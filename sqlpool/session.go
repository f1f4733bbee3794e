package sqlpool

import (
	"context"
	"database/sql/driver"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A session is a connection to the server, whoever has it at present: the holder
// of the conn that was made for it, the DB, or the pool's reserve.
type session struct {
	pool   *Pool
	raw    driver.Conn
	parts  parts
	number uint64 // counts from 1

	// Guarded by the pool's mu.
	away bool // it is made as new, or closed
	gone bool // it is not counted as live any more

	generation uint64        // that of the pool when it was made
	dies       time.Duration // when it is not lent any more, by the pool's clock

	// Of whoever has it.
	uses      uint64
	idleSince time.Duration
	trusted   uint64 // the pool's suspicion when it was last known to be sound
	broken    bool   // it was found dead
	lasting   bool   // its holder may have left something behind
	reading   bool   // in a read-only transaction
	inTx      bool
	doomed    error           // why the server has rolled back the transaction, and takes what follows for others
	conflict  error           // why it refuses what follows
	gaveUp    <-chan struct{} // closed when the holder of the last call gives up
	began     time.Duration   // when the query whose rows are being read was sent
	reads     *statement      // that query
	known     map[string]*statement

	// Of whoever asks who has it.
	since atomic.Int64 // when it was lent, by the pool's clock; 0 when it is not
	label atomic.Pointer[string]
	last  atomic.Pointer[statement]
	named atomic.Bool // its holder was named in the log

	stack struct {
		mu    sync.Mutex // guards the fields below
		calls [32]uintptr
		depth int
	}
}

// parts are what a driver's connection can do, found out once.
type parts struct {
	exec    driver.ExecerContext
	query   driver.QueryerContext
	prepare driver.ConnPrepareContext
	begin   driver.ConnBeginTx
	ping    driver.Pinger
	values  driver.NamedValueChecker
	reset   driver.SessionResetter
	valid   driver.Validator
}

// errPoor is a driver's connection that lacks what an Engine promises.
var errPoor = errors.New("the driver's connection has not all that a pool needs")

func partsOf(c driver.Conn) (p parts, err error) {
	var ok [5]bool
	p.exec, ok[0] = c.(driver.ExecerContext)
	p.query, ok[1] = c.(driver.QueryerContext)
	p.prepare, ok[2] = c.(driver.ConnPrepareContext)
	p.begin, ok[3] = c.(driver.ConnBeginTx)
	p.ping, ok[4] = c.(driver.Pinger)
	p.values, _ = c.(driver.NamedValueChecker)
	p.reset, _ = c.(driver.SessionResetter)
	p.valid, _ = c.(driver.Validator)
	if ok != [5]bool{true, true, true, true, true} {
		return p, errPoor
	}
	return p, nil
}

// Of the checks of connections before they are lent again.
const (
	// lookAfter is how long one lies idle before its socket is looked at, which
	// costs a microsecond.
	lookAfter = 100 * time.Millisecond

	// askAfter is how long it lies idle before the server is asked.
	askAfter = 30 * time.Second

	// askTime is how long that may take.
	askTime = time.Second
)

// fit reports whether s may be lent at now, without asking anybody.
func (s *session) fit(now time.Duration) bool {
	return s.generation == s.pool.generation.Load() && now < s.dies
}

// sound reports whether the connection stands, as far as it was idle or the
// server is suspected.
func (s *session) sound(ctx context.Context, now time.Duration) bool {
	suspicion := s.pool.suspicion.Load()
	idle := now - s.idleSince
	if idle < lookAfter && s.trusted == suspicion {
		return true
	}
	if s.parts.reset != nil && s.parts.reset.ResetSession(ctx) != nil {
		s.broken = true
		return false
	}
	if idle < askAfter && s.trusted == suspicion {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if s.parts.ping.Ping(ctx) != nil {
		s.broken = true
		return false
	}
	s.trusted = suspicion
	return true
}

// stacksEvery is how many uses of a session there are to one whose stack is kept.
const stacksEvery = 64

// lend notes that s has a holder from now on.
func (s *session) lend(now time.Duration, t *tag) {
	if t != nil && t.label != "" {
		s.label.Store(&t.label)
	} else if s.label.Load() != nil {
		s.label.Store(nil)
	}
	if s.last.Load() != nil {
		s.last.Store(nil)
	}
	s.gaveUp = nil
	s.uses++
	if n := s.uses % stacksEvery; n == 1 && s.pool.findsLeaks || s.pool.stacks.Load() {
		s.keepStack()
	} else if n == 2 {
		s.stack.mu.Lock()
		s.stack.depth = 0
		s.stack.mu.Unlock()
	}
	s.since.Store(int64(max(now, 1)))
}

func (s *session) keepStack() {
	s.stack.mu.Lock()
	s.stack.depth = runtime.Callers(4, s.stack.calls[:])
	s.stack.mu.Unlock()
}

// returned notes that s has no holder any more.
func (s *session) returned(now time.Duration) {
	since := time.Duration(s.since.Swap(0))
	if since == 0 {
		return
	}
	s.idleSince = now
	if s.reads != nil {
		s.ran(s.reads, s.began, now, nil)
		s.reads = nil
	}
	s.pool.useTime.observe(now - since)
	if s.named.Load() {
		s.named.Store(false)
		s.pool.tellReturned(s, now-since)
	}
}

// usable reports whether the connection can be used still, as far as the driver
// knows.
func (s *session) usable() bool {
	switch {
	case s.broken:
		return false
	case s.parts.valid != nil:
		return s.parts.valid.IsValid()
	case s.parts.reset != nil:
		return s.parts.reset.ResetSession(context.Background()) == nil
	}
	return true
}

// abandoned reports whether the context of its last call has ended.
func (s *session) abandoned() bool {
	select {
	case <-s.gaveUp:
		return true
	default:
		return false
	}
}

// statement returns the statement in text.
func (s *session) statement(text string) *statement {
	if known, ok := s.known[text]; ok {
		return known
	}
	found := s.pool.statements.of(text)
	if len(text) > maxText {
		return found // a text as long as that seldom comes again
	}
	if len(s.known) >= maxTexts {
		clear(s.known)
	}
	s.known[text] = found
	return found
}

// begins notes that a statement is given to the server, and returns when.
func (s *session) begins(ctx context.Context, about *statement) time.Duration {
	now := s.pool.now()
	if s.reads != nil {
		s.ran(s.reads, s.began, now, nil)
		s.reads = nil
	}
	s.last.Store(about)
	s.lasting = s.lasting || about.lasting
	s.gaveUp = ctx.Done()
	return now
}

// ends notes how a statement that began at began has ended.
func (s *session) ends(about *statement, began time.Duration, err error) {
	s.ran(about, began, s.pool.now(), err)
	if err != nil {
		s.failed(err)
	}
}

// ran counts a statement, and tells the log if it was slow.
func (s *session) ran(about *statement, began, now time.Duration, err error) {
	if about.count(now, now-began, err, s.pool.source.Slow) {
		s.pool.tellSlow(s, about, now, now-began)
	}
}

// failed draws the conclusions from a statement's error.
func (s *session) failed(err error) {
	switch class := s.pool.engine.Classify(err); {
	case class == ReadOnlyServer && !s.reading && !s.lasting && !s.pool.source.ReadOnly:
		s.pool.suspectRole()
	case class.repeatable() && s.inTx && s.pool.engine.Dialect() == MySQL:
		s.doomed = err
	case class.repeatable() && s.inTx:
		// PostgreSQL can go back to a savepoint; else its commit will fail.
		s.conflict = err
	}
}
