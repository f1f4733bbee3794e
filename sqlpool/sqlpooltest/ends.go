package sqlpooltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// endRules are about how connections end, and pools.
var endRules = []rule{
	{name: "lifetimes end, and no call fails for it", because: "servers and balancers cut what is old",
		limits: func(s *sqlpool.Source) { s.MaxLifetime = 30 * time.Millisecond }, check: lifetimesEnd},
	{name: "lifetimes do not end all at once", because: "hundreds of log-ins at once are an attack",
		limits: func(s *sqlpool.Source) { s.MinIdle, s.MaxOpen, s.MaxLifetime = 8, 8, 2*time.Second }, check: lifetimesHaveJitter},
	{name: "what is idle for long is closed, but for MinIdle", because: "a server's connections are few",
		limits: func(s *sqlpool.Source) { s.MinIdle, s.MaxIdleTime = 1, 50*time.Millisecond },
		check: func(t tb, r *rig) {
			eventually(t, "one idle connection", func() bool { return r.Stats().Idle == 1 })
			var all []*sql.Conn
			for i := range 4 {
				all = append(all, r.conn(t, fmt.Sprint(i)))
			}
			release(t, all...)
			if !within(2*patience, func() bool { return r.Stats().Idle == 1 }) {
				t.Errorf("%d are idle still, want 1", r.Stats().Idle)
			}
		}},
	{name: "a connection to a server that became read-only is not lent again", because: "each write would fail, and pings would not tell",
		limits: func(s *sqlpool.Source) { s.ProbeEvery = 20 * time.Millisecond }, check: oldGeneration},
	{name: "a source that may be read-only is lent from", because: "replicas are read",
		limits: func(s *sqlpool.Source) { s.ReadOnly, s.ProbeEvery = true, 20*time.Millisecond },
		check: func(t tb, r *rig) {
			r.engine.readOnly.Store(true)
			eventually(t, "the probe", func() bool { return r.Stats().Server.ReadOnly != "" })
			ask[int](t, r.DB(), "SELECT 1")
			if s := r.Stats(); s.Evictions != 0 {
				t.Errorf("%d evictions", s.Evictions)
			}
		}},
	{name: "Close waits for those who work", because: "work that was begun is to be finished",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 2 }, check: closeWaits},
	{name: "Close fails those who wait", because: "nobody will serve them",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 1 }, check: closeFailsWaiters},
	{name: "Close names those who do not end", because: "it has to end, and somebody has to look for them",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 1 }, check: closeNamesHolders},
	{name: "after Close everything is closed", because: "a program that goes on must be told", check: afterClose},
	{name: "Close while everything is going on leaves nothing", because: "a deployment comes at any moment",
		limits: func(s *sqlpool.Source) { s.MinIdle = 2 }, check: closeInTheMidst},
}

func lifetimesEnd(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.beside, r.put(table, 1, 0))
	for n := range 5 {
		pause(35 * time.Millisecond) // it reaches its age while it lies idle
		if err := somethingOf(t.Context(), r, n, table); err != nil {
			t.Errorf("a call failed: %v", err)
		}
	}
	over := time.Now().Add(400 * time.Millisecond)
	var calls atomic.Int64
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := 0; time.Now().Before(over); n++ {
				if err := somethingOf(t.Context(), r, n+i, table); err != nil {
					t.Errorf("a call failed: %v", err)
					return
				}
				calls.Add(1)
			}
		})
	}
	all.Wait()
	if s := r.Stats(); s.Expired < 4 || s.Lost != 0 {
		t.Errorf("%d connections expired and %d were lost in %d calls, want some and none", s.Expired, s.Lost, calls.Load())
	}
}

// lifetimesHaveJitter looks when the connections that were made together end.
func lifetimesHaveJitter(t tb, r *rig) {
	eventually(t, "eight connections", func() bool { return r.Stats().Idle == 8 })
	var all []*sql.Conn
	for i := range 8 {
		all = append(all, r.conn(t, fmt.Sprint(i)))
	}
	made := r.engine.made.Load()
	ends := make(map[time.Duration]bool)
	release(t, all...)
	began := time.Now()
	for len(ends) < 3 && time.Since(began) < patience {
		before := r.Stats().Expired
		// Only who lends them finds out that they are over.
		c, err := r.DB().Conn(t.Context())
		if err != nil {
			t.Fatalf("take a connection: %v", err)
		}
		release(t, c)
		if r.Stats().Expired > before {
			ends[time.Since(began).Round(5*time.Millisecond)] = true
		}
		pause(time.Millisecond)
	}
	if len(ends) < 3 {
		t.Errorf("%d connections ended at %d different times", r.engine.made.Load()-made, len(ends))
	}
}

// pause lets others go on for d.
func pause(d time.Duration) { within(d, func() bool { return false }) }

func oldGeneration(t tb, r *rig) {
	holder := r.conn(t, "holder")
	old := map[uint64]bool{physical(t, holder): true}
	var more []*sql.Conn
	for i := range 3 {
		c := r.conn(t, fmt.Sprint(i))
		old[physical(t, c)] = true
		more = append(more, c)
	}
	release(t, more...) // these lie idle, and the holder's is in use
	eventually(t, "the server as it is", func() bool { return r.Stats().Server.System != "" })
	r.engine.readOnly.Store(true)
	eventually(t, "an eviction", func() bool { return r.Stats().Evictions > 0 })
	_, err := r.DB().ExecContext(t.Context(), "SELECT 1")
	if !errors.Is(err, fault.Unavailable) || fault.CodeOf(err) != fault.SQLReadOnly {
		t.Errorf("while the server is read-only a caller gets %v, want fault.Unavailable and that it is", err)
	}
	if out := r.Stats().Outage; out == nil || out.Attempts == 0 {
		t.Errorf("the outage is %+v", out)
	}
	r.engine.readOnly.Store(false)
	eventually(t, "a call that succeeds", func() bool { return takeAndGive(t.Context(), r.DB()) == nil })
	release(t, holder)
	var all []*sql.Conn
	for i := range 4 {
		c := r.conn(t, fmt.Sprint(i))
		if number := physical(t, c); old[number] || number == 0 {
			t.Errorf("connection %d was lent again", number)
		}
		all = append(all, c)
	}
	release(t, all...)
	if s := r.Stats(); s.Outage != nil || s.Outages == 0 {
		t.Errorf("the outage is %+v, and there were %d", s.Outage, s.Outages)
	}
}

// closing closes the pools in the background.
func closing(r *rig) chan error {
	r.ended = true
	done := make(chan error, 1)
	go func() { done <- r.pools.Close() }()
	return done
}

func closeWaits(t tb, r *rig) {
	table := r.table(t)
	tx, err := r.DB().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	exec(t, tx, r.put(table, 1, 1))
	done := closing(r)
	eventually(t, "the end of lending", func() bool { return takeAndGive(t.Context(), r.DB()) != nil })
	pause(50 * time.Millisecond)
	select {
	case err := <-done:
		t.Errorf("it did not wait: %v", err)
	default:
	}
	exec(t, tx, r.put(table, 2, 1))
	if err := tx.Commit(); err != nil {
		t.Errorf("commit: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("close: %v", err)
	}
	if n := rows(t, r.beside, table); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	wantEnded(t, r)
}

// wantEnded holds that nothing is open.
func wantEnded(t tb, r *rig) {
	t.Helper()
	if open := r.engine.open.Load(); open != 0 || !r.engine.closed.Load() {
		t.Errorf("%d connections are open after Close, and that the engine is closed is %v", open, r.engine.closed.Load())
	}
}

func closeFailsWaiters(t tb, r *rig) {
	holder := r.conn(t, "holder")
	got := make(chan error, 1)
	go func() { got <- takeAndGive(t.Context(), r.DB()) }()
	eventually(t, "a waiter", func() bool { return r.Stats().Waiting == 1 })
	done := closing(r)
	if err := <-got; !errors.Is(err, fault.Closed) {
		t.Errorf("who waited got %v, want fault.Closed", err)
	}
	release(t, holder)
	if err := <-done; err != nil {
		t.Errorf("close: %v", err)
	}
	wantEnded(t, r)
}

func closeNamesHolders(t tb, r *rig) {
	holder := r.conn(t, "orders")
	exec(t, holder, "SELECT 4711")
	began := time.Now()
	err := <-closing(r)
	took := time.Since(began)
	if err == nil || !strings.Contains(err.Error(), "orders") || !strings.Contains(err.Error(), "SELECT ?") || strings.Contains(err.Error(), "4711") {
		t.Errorf("close: %v, want who holds a connection, without values", err)
	}
	if took < closeTime || took > patience {
		t.Errorf("it took %s, want what Options say", took)
	}
	release(t, holder)
	eventually(t, "the end of the last connection", func() bool { return r.engine.open.Load() == 0 })
}

func afterClose(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.DB(), r.put(table, 1, 1))
	if err := <-closing(r); err != nil {
		t.Errorf("close: %v", err)
	}
	wantEnded(t, r)
	if err := r.pools.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	f := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, fault.Closed) {
			t.Errorf("%s: got %v, want fault.Closed", what, err)
		}
	}
	_, err := r.InTx(t.Context(), nil, nothing)
	f("InTx", err)
	_, err = r.InTx(t.Context(), &sqlpool.TxOptions{Key: "after"}, nothing)
	f("InTx with a key", err)
	f("Ping", r.Ping(t.Context()))
	_, err = r.pools.Pool(r.Name())
	f("Pool", err)
	f("Add", r.pools.Add(sqlpool.Source{Name: "more", URL: "x:"}))
	f("Remove", r.pools.Remove(r.Name()))
	_, err = r.DB().ExecContext(t.Context(), "SELECT 1")
	f("a statement, classified", r.Classify(err))
}

// closeInTheMidst closes while connections are lent, waited for and made.
func closeInTheMidst(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.beside, r.put(table, 1, 0))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			// The first that fails is told that the pool is closed.
			for n := 0; somethingOf(ctx, r, n+i, table) == nil; n++ {
				continue
			}
		})
	}
	eventually(t, "some calls", func() bool { return r.Stats().Uses > 50 })
	began := time.Now()
	if err := <-closing(r); err != nil {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("close took %s", took)
	}
	all.Wait()
	if ctx.Err() != nil {
		t.Errorf("somebody was never told")
	}
	wantEnded(t, r)
}
