package sqlpooltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/sqlpool"
)

// lendingRules are about who gets a connection and when.
var lendingRules = []rule{
	{name: "never more than MaxOpen", because: "servers have limits, and other users",
		check: neverMoreThanMaxOpen},
	{name: "MinIdle are open before anybody asks", because: "the first calls of a day must not wait for log-ins",
		limits: func(s *sqlpool.Source) { s.MinIdle, s.MaxOpen = 3, 5 },
		check: func(t tb, r *rig) {
			eventually(t, "three idle connections", func() bool { return r.Stats().Idle == 3 })
			if s := r.Stats(); s.Uses != 0 {
				t.Errorf("they were used %d times", s.Uses)
			}
			if r.others != "" {
				eventually(t, "three sessions at the server", func() bool {
					return ask[int](t, r.beside, r.others) >= 3
				})
			}
		}},
	{name: "MinIdle are open again after they were used up", because: "what was warm once must stay so",
		limits: func(s *sqlpool.Source) { s.MinIdle, s.MaxOpen = 2, 5 },
		check: func(t tb, r *rig) {
			a, b := r.conn(t, "a"), r.conn(t, "b")
			eventually(t, "two idle ones beside those in use", func() bool { s := r.Stats(); return s.Idle == 2 && s.InUse == 2 })
			release(t, a, b)
		}},
	{name: "a connection is one caller's alone", because: "a session has one transaction",
		check: oneHolderEach},
	{name: "who waits is served", because: "a connection that comes back is for whoever waits",
		limits: func(s *sqlpool.Source) { s.MaxOpen, s.WaitTimeout = 1, time.Second },
		check: func(t tb, r *rig) {
			for range 50 {
				first := r.conn(t, "first")
				got := make(chan error, 1)
				go func() { got <- takeAndGive(t.Context(), r.DB()) }()
				eventually(t, "a waiter", func() bool { return r.Stats().Waiting == 1 })
				release(t, first)
				if err := <-got; err != nil {
					t.Fatalf("who waited: %v", err)
				}
			}
		}},
	{name: "first come, first served", because: "nobody may starve",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 1 }, check: firstComeFirstServed},
	{name: "no wake-up is lost", because: "a caller must not wait for a connection that lies idle",
		limits: func(s *sqlpool.Source) { s.MaxOpen, s.WaitTimeout = 2, 2*time.Second }, check: noWakeUpIsLost},
	{name: "no wake-up is lost when nobody else comes", because: "then nobody repairs it by chance",
		limits: func(s *sqlpool.Source) { s.MaxOpen, s.WaitTimeout = 1, 2*time.Second }, check: noWakeUpIsLostForTwo},
	{name: "who waits in vain is told by whom, without values", because: "values are secrets, and a limit reached at night must be explained",
		limits: func(s *sqlpool.Source) { s.MaxOpen, s.WaitTimeout = 1, 500*time.Millisecond }, check: exhaustedNamesHolders},
	{name: "who gives up waiting leaves nothing", because: "a cancelled request must not cost a connection",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 2 }, check: giveUpWaiting},
	{name: "connections are used again", because: "a log-in costs a hundred times what a select does",
		check: func(t tb, r *rig) {
			for range 100 {
				ask[int](t, r.DB(), "SELECT 1")
			}
			if s := r.Stats(); s.Opened != 1 || s.Uses != 100 {
				t.Errorf("100 calls one after the other: %d connections opened, %d uses", s.Opened, s.Uses)
			}
		}},
}

// takeAndGive uses a connection.
func takeAndGive(ctx context.Context, db *sql.DB) error {
	var one int
	return db.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// neverMoreThanMaxOpen counts at the server, where there is one. The pool's probe
// has one more.
func neverMoreThanMaxOpen(t tb, r *rig) {
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range fewer.Of(16) {
				if _, err := r.DB().ExecContext(t.Context(), r.doze); err != nil {
					t.Errorf("%s: %v", r.doze, err)
				}
			}
		})
	}
	most := int64(0)
	if r.others != "" {
		r.beside.SetMaxOpenConns(1)
		for range 10 {
			most = max(most, ask[int64](t, r.beside, r.others))
			ask[sql.NullString](t, r.beside, r.doze)
		}
	}
	all.Wait()
	if made := r.engine.most.Load(); made > 4+1 || most > 4+1 {
		t.Errorf("%d were open at once, and %d at the server, want 4 and one for the probe", made, most)
	}
	if made := r.engine.most.Load(); made < 4 {
		t.Errorf("%d were open at once though 16 wanted one, want 4", made)
	}
	if s := r.Stats(); s.Wait.Count == 0 {
		t.Errorf("nobody waited")
	}
}

// oneHolderEach has many hold a connection, by its number: two at once would see
// each other.
func oneHolderEach(t tb, r *rig) {
	var holders [64]atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range fewer.Of(50) {
				label := fmt.Sprintf("%d/%d", i, n)
				c, err := r.DB().Conn(sqlpool.WithLabel(t.Context(), label))
				if err != nil {
					t.Errorf("take a connection: %v", err)
					return
				}
				number := physical(t, c)
				if number == 0 {
					t.Errorf("the connection is unknown")
				}
				if there := holders[number%64].Add(1); there != 1 {
					t.Errorf("%d hold connection %d", there, number)
				}
				pause(time.Millisecond)
				_, err = c.ExecContext(t.Context(), "SELECT 1")
				holders[number%64].Add(-1)
				if err := errors.Join(err, c.Close()); err != nil {
					t.Errorf("use a connection: %v", err)
				}
			}
		})
	}
	all.Wait()
}

func firstComeFirstServed(t tb, r *rig) {
	const callers = 20
	first := r.conn(t, "first")
	var mu sync.Mutex // guards order
	var order []int
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			c, err := r.DB().Conn(t.Context())
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
				return
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			if err := c.Close(); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
		if !within(patience, func() bool { return r.Stats().Waiting == i+1 }) {
			t.Errorf("caller %d does not wait", i)
		}
	}
	release(t, first)
	all.Wait()
	for i, who := range order {
		if who != i {
			t.Fatalf("served in the order %v", order)
		}
	}
}

// A lender takes connections and gives them back, and notes how long it waited.
type lender struct {
	worst, uses atomic.Int64
}

func (l *lender) take(t tb, r *rig) {
	began := time.Now()
	c, err := r.DB().Conn(t.Context())
	if err != nil {
		t.Errorf("take a connection: %v", err)
		return
	}
	l.uses.Add(1)
	waited := int64(time.Since(began))
	for old := l.worst.Load(); waited > old && !l.worst.CompareAndSwap(old, waited); old = l.worst.Load() {
		continue
	}
	runtime.Gosched() // so that somebody may begin to wait
	if err := c.Close(); err != nil {
		t.Errorf("give it back: %v", err)
	}
}

// want holds that nobody waited for long, and that there were so many connections.
func (l *lender) want(t tb, r *rig, connections int64) {
	t.Logf("%d lendings: nobody waited longer than %s", l.uses.Load(), time.Duration(l.worst.Load()))
	if l.worst.Load() > int64(time.Second) {
		t.Errorf("somebody waited %s", time.Duration(l.worst.Load()))
	}
	if s := r.Stats(); s.Uses != l.uses.Load() || s.Timeouts != 0 || s.Opened > connections {
		t.Errorf("%d uses of %d, %d waited in vain, %d connections opened, not %d", s.Uses, l.uses.Load(), s.Timeouts, s.Opened, connections)
	}
}

// noWakeUpIsLost: a connection may be parked at the moment at which somebody
// begins to wait.
func noWakeUpIsLost(t tb, r *rig) {
	var l lender
	var all sync.WaitGroup
	const callers = 64
	for range callers {
		all.Go(func() {
			for range fewer.Of(60_000) / callers {
				l.take(t, r)
			}
		})
	}
	all.Wait()
	l.want(t, r, 2)
}

func noWakeUpIsLostForTwo(t tb, r *rig) {
	var l lender
	var all sync.WaitGroup
	for range fewer.Of(20_000) {
		all.Go(func() { l.take(t, r) })
		l.take(t, r)
		all.Wait()
		if t.Failed() {
			return
		}
	}
	l.want(t, r, 1)
}

func exhaustedNamesHolders(t tb, r *rig) {
	table := r.table(t)
	holder := r.conn(t, "orders")
	exec(t, holder, "UPDATE "+table+" SET n = 4711 WHERE id = 815 OR 'secret' = 'word'")
	began := time.Now()
	_, err := r.DB().ExecContext(t.Context(), "SELECT 1")
	took := time.Since(began)
	if !errors.Is(err, fault.Exhausted) || fault.CodeOf(err) != fault.SQLExhausted {
		t.Errorf("who waited in vain got %v, want fault.Exhausted", err)
	} else {
		for _, want := range []string{"orders", "UPDATE " + table + " SET n = ?"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("it does not say %q: %v", want, err)
			}
		}
		for _, value := range []string{"4711", "815", "secret"} {
			if strings.Contains(err.Error(), value) {
				t.Errorf("it tells the value %s: %v", value, err)
			}
		}
	}
	if took < 500*time.Millisecond || took > 5*time.Second {
		t.Errorf("it waited %s, not 500 ms", took)
	}
	if s := r.Stats(); s.Timeouts != 1 || s.Waiting != 0 {
		t.Errorf("%d waited in vain and %d wait, want 1 and 0", s.Timeouts, s.Waiting)
	}
	if _, err := r.InTx(t.Context(), nil, nothing); !errors.Is(err, fault.Exhausted) {
		t.Errorf("a transaction that waited in vain got %v, want fault.Exhausted", err)
	}
	release(t, holder)
	ask[int](t, r.DB(), "SELECT 1")
}

// nothing is a transaction that does nothing.
func nothing(*sql.Tx) error { return nil }

// giveUpWaiting gives up at all moments: while it waits, while it is served,
// while a connection is made.
func giveUpWaiting(t tb, r *rig) {
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for n := range fewer.Of(200) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((n*7+i)%40*25)*time.Microsecond)
				c, err := r.DB().Conn(ctx)
				switch {
				case err == nil:
					err = c.Close()
				case ctx.Err() != nil && errors.Is(err, ctx.Err()):
					err = nil
				}
				if err != nil {
					t.Errorf("who gives up got %v", err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	eventually(t, "nobody waits and nothing is in use", func() bool { s := r.Stats(); return s.Waiting == 0 && s.InUse == 0 && s.Dialling == 0 })
	a, b := r.conn(t, "a"), r.conn(t, "b") // all of them are there still
	if s := r.Stats(); s.Opened-s.Closed != 2 {
		t.Errorf("%d opened and %d closed, want 2 open", s.Opened, s.Closed)
	}
	release(t, a, b)
}
