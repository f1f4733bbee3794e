package sqlpool

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
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

// let lets d pass by the bubble's clock, in which nobody else has anything to do.
func let(d time.Duration) { <-time.After(d) }

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
		let(11 * time.Minute)
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

func TestWhileTheServerIsAwayCallsFailAtOnceAndThePoolComesBack(t *testing.T) {
	inPool(t, Source{MinIdle: 2, MaxOpen: 4}, func(t *testing.T, p *Pool, f *fake) {
		synctest.Wait()
		f.set(func(f *fake) {
			f.dialErr = errRefused
			f.fail = func(string) error { return errCut }
		})
		if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); !errors.Is(err, errCut) {
			t.Errorf("got %v, want that the connection was cut", err)
		}
		synctest.Wait()
		began := time.Now()
		_, err := p.DB().ExecContext(t.Context(), "SELECT 1")
		if !errors.Is(err, fault.Unavailable) || fault.CodeOf(err) != fault.SQLUnreachable {
			t.Errorf("got %v, want fault.Unavailable", err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %s to fail", took)
		}
		if out := p.Stats().Outage; out == nil || !errors.Is(out.Err, errRefused) {
			t.Errorf("the outage is %v", out)
		}
		let(time.Hour)
		dials := see(f, func(f *fake) int { return f.dials })
		if dials < 3600 || dials > 3600*5 {
			t.Errorf("%d attempts in an hour", dials)
		}
		f.set(func(f *fake) { f.dialErr, f.fail = nil, nil })
		let(time.Second)
		if s := p.Stats(); s.Outage != nil || s.Idle != 2 {
			t.Errorf("a second after it was back: outage %v, %d idle", s.Outage, s.Idle)
		}
		if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoWaitsIsToldWhenTheLastConnectionIsLost(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 1, WaitTimeout: time.Minute}, func(t *testing.T, p *Pool, f *fake) {
		c := hold(t, p, "")
		failed := make(chan error)
		go func() {
			_, err := p.DB().ExecContext(t.Context(), "SELECT 1")
			failed <- err
		}()
		synctest.Wait()
		f.set(func(f *fake) {
			f.dialErr = errRefused
			f.fail = func(string) error { return errCut }
		})
		_, _ = c.ExecContext(t.Context(), "SELECT 1") // that it fails is the purpose
		began := time.Now()
		_ = c.Close()
		if err := <-failed; !errors.Is(err, fault.Unavailable) {
			t.Errorf("got %v, want fault.Unavailable", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it was told after %s", took)
		}
	})
}

func TestAFullServerLetsCallersShareWhatThereIs(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 8}, func(t *testing.T, p *Pool, f *fake) {
		a, b := hold(t, p, ""), hold(t, p, "")
		f.set(func(f *fake) { f.dialErr = errFull })
		got := make(chan error)
		go func() {
			_, err := p.DB().ExecContext(t.Context(), "SELECT 1")
			got <- err
		}()
		let(time.Second)
		release(t, a)
		if err := <-got; err != nil {
			t.Errorf("a connection was free, and the error is %v", err)
		}
		release(t, b)
	})
}

func TestAWrongPasswordIsDeniedUntilItIsRight(t *testing.T) {
	inPool(t, Source{MinIdle: 1, MaxOpen: 2}, func(t *testing.T, p *Pool, f *fake) {
		f.set(func(f *fake) { f.dialErr = errPassword })
		p.evict(errPassword)
		let(time.Hour)
		if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); !errors.Is(err, fault.Denied) {
			t.Errorf("got %v, want fault.Denied", err)
		}
		if dials := see(f, func(f *fake) int { return f.dials }); dials > 3600 {
			t.Errorf("%d attempts with a wrong password in an hour: the server may lock the user out", dials)
		}
		f.set(func(f *fake) { f.dialErr = nil })
		let(7 * time.Second)
		if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
}

func TestAServerThatBecameReadOnlyIsLeftAtOnce(t *testing.T) {
	inPool(t, Source{MinIdle: 3, MaxOpen: 5}, func(t *testing.T, p *Pool, f *fake) {
		held := hold(t, p, "")
		synctest.Wait()
		f.set(func(f *fake) {
			f.readOnly = "@@read_only"
			f.fail = func(query string) error {
				if query == "PING" {
					return nil
				}
				return errNoWrites
			}
		})
		if _, err := p.DB().ExecContext(t.Context(), "UPDATE a SET b = 1"); !errors.Is(err, errNoWrites) {
			t.Errorf("got %v, want that of the server", err)
		}
		synctest.Wait()
		if _, err := p.DB().ExecContext(t.Context(), "UPDATE a SET b = 1"); fault.CodeOf(err) != fault.SQLReadOnly {
			t.Errorf("got %v, want that the server takes no writes", err)
		}
		if err := p.Ping(t.Context()); fault.CodeOf(err) != fault.SQLReadOnly {
			t.Errorf("Ping says %v", err)
		}
		release(t, held)
		synctest.Wait()
		if s := p.Stats(); s.Idle+s.InUse != 0 || s.Evictions != 1 {
			t.Errorf("%d connections are left, %d evictions", s.Idle+s.InUse, s.Evictions)
		}
		f.set(func(f *fake) { f.readOnly, f.fail = "", nil })
		let(time.Second)
		if _, err := p.DB().ExecContext(t.Context(), "UPDATE a SET b = 1"); err != nil {
			t.Error(err)
		}
	})
}

func TestTheProbeSeesAReadOnlyServerWithoutAWrite(t *testing.T) {
	inPool(t, Source{MinIdle: 3, MaxOpen: 5}, func(t *testing.T, p *Pool, f *fake) {
		synctest.Wait()
		f.set(func(f *fake) { f.readOnly = "pg_is_in_recovery()" })
		let(6 * time.Second)
		if s := p.Stats(); s.Idle != 0 || s.Outage == nil {
			t.Errorf("%d idle, outage %v", s.Idle, s.Outage)
		}
	})
}

func TestASourceThatMayBeReadOnlyIsUsed(t *testing.T) {
	inPool(t, Source{MinIdle: 1, MaxOpen: 5, ReadOnly: true}, func(t *testing.T, p *Pool, f *fake) {
		f.set(func(f *fake) { f.readOnly = "pg_is_in_recovery()" })
		let(time.Minute)
		if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
}

func TestAFrozenServerIsGivenUpAndFound(t *testing.T) {
	inPool(t, Source{MinIdle: 2, MaxOpen: 4}, func(t *testing.T, p *Pool, f *fake) {
		synctest.Wait()
		f.set(func(f *fake) { f.silent = true })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := p.DB().ExecContext(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		if took := time.Since(began); took > 110*time.Millisecond {
			t.Errorf("its context allowed 100ms, and it took %s", took)
		}
		let(15 * time.Second)
		if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); !errors.Is(err, fault.Unavailable) {
			t.Errorf("got %v, want fault.Unavailable", err)
		}
		f.set(func(f *fake) { f.silent = false })
		let(time.Second)
		if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Error(err)
		}
		if cancels := see(f, func(f *fake) int { return f.cancels }); cancels != 1 {
			t.Errorf("the server was asked %d times to end what was given up, want once", cancels)
		}
	})
}

func TestLifetimesEndApart(t *testing.T) {
	inPool(t, Source{MinIdle: 30, MaxOpen: 30, MaxIdleTime: time.Hour}, func(t *testing.T, p *Pool, f *fake) {
		synctest.Wait()
		ended := map[int64]bool{}
		for range 40 * 60 {
			let(time.Second)
			ended[p.Stats().Closed] = true
			if p.Stats().Idle < 20 {
				t.Fatalf("%d of 30 connections are left", p.Stats().Idle)
			}
		}
		if len(ended) < 15 {
			t.Errorf("30 connections ended at %d different moments", len(ended)-1)
		}
	})
}

func TestALeakIsFoundNamedAndToldWhenItIsOver(t *testing.T) {
	var log safeBuffer
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		pools, err := New([]Source{{Name: "main", URL: "fake:"}}, func(Source) (Engine, error) { return engine, nil },
			&Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer pools.Close()
		p, err := pools.Pool("main")
		if err != nil {
			t.Fatal(err)
		}
		tx, err := p.DB().BeginTx(WithLabel(t.Context(), "orders"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "UPDATE a SET b = 'secret'"); err != nil {
			t.Fatal(err)
		}
		let(10 * time.Minute)
		if n := strings.Count(log.String(), "a connection is held for long"); n != 1 {
			t.Errorf("it was told %d times", n)
		}
		for _, want := range []string{"label=orders", "UPDATE a SET b = ?", "TestALeakIsFoundNamedAndToldWhenItIsOver"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not hold %q: %s", want, &log)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(log.String(), "came back") {
			t.Error("it was not told that the connection came back")
		}
		if s := p.Stats(); s.Leaks != 1 {
			t.Errorf("%d leaks are counted", s.Leaks)
		}
	})
	if strings.Contains(log.String(), "secret") {
		t.Error("the log tells a value")
	}
}

func TestWhatAHolderLeavesIsCleanedUp(t *testing.T) {
	f := func(statement string, resets int) {
		t.Helper()
		inPool(t, Source{MinIdle: 1, MaxOpen: 1}, func(t *testing.T, p *Pool, f *fake) {
			c := hold(t, p, "")
			if _, err := c.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			release(t, c)
			release(t, hold(t, p, ""))
			if got := see(f, func(f *fake) int { return f.resets }); got != resets {
				t.Errorf("after %q the session was made as new %d times, want %d", statement, got, resets)
			}
		})
	}
	for _, statement := range []string{
		"SET search_path = a", "set @x = 1", "BEGIN", "  /* why */ begin", "LISTEN a", "LOCK TABLES a READ", "CREATE TEMPORARY TABLE a (b INT)",
		"create temp view a as select 1", "SELECT GET_LOCK('a', 1)", "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock_shared(1)",
		"SELECT set_config('a.b', 'c', false)", "SELECT 1 INTO @a", "SELECT @a := 1", "SELECT 1; SET x = 1", "USE other", "PRAGMA foreign_keys = 0",
		"SELECT 1 INTO TEMP a", "-- a\nSAVEPOINT a",
		"XA START 'a'", "CALL p()", "-- name: Make :exec\nCREATE TEMPORARY TABLE k (a INT)", "/* c */ CREATE TEMP TABLE k (a INT)",
		"/*!40101 SET autocommit=0 */", "SET@x=1", "BACKUP STAGE START", "SELECT GET_LOCK/**/('a', 1)", "SELECT pg_advisory_lock /**/ (1)",
		`SELECT "set_config"('a', 'b', false)`, "EXPLAIN ANALYZE CREATE TEMP TABLE k AS SELECT 1", "UPDATE pg_settings SET setting = 'b'", "GET DIAGNOSTICS @a = NUMBER",
		"SELECT '" + strings.Repeat("a", maxText) + "'; SET a = 1", "DO $$ BEGIN END $$", "EXECUTE IMMEDIATE 'SET @a = 1'", "CREATE TABLE pg_temp.a (b INT)", `CREATE TABLE "temp".a (b INT)`,
	} {
		f(statement, 1)
	}
	for _, statement := range []string{"SELECT 1", "INSERT INTO settings (set_config) VALUES (1)", "UPDATE a SET b = 'BEGIN; SET x'", "SELECT 1;", "DELETE FROM a"} {
		f(statement, 0)
	}
}

// safeBuffer is a buffer for several goroutines.
type safeBuffer struct {
	mu  sync.Mutex // guards buf
	buf strings.Builder
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestCallersShareWhatAFullServerLetsIn(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 10}, func(t *testing.T, p *Pool, f *fake) {
		// Who is refused is told before those who are let in have been asked who
		// they are.
		f.set(func(f *fake) { f.room, f.dialTime = 3, 100*time.Millisecond })
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); err != nil {
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if s := p.Stats(); s.Opened != 3 {
			t.Errorf("%d connections were opened, want 3", s.Opened)
		}
	})
}

func TestALogInThatIsCutOffLeavesNothingUnknown(t *testing.T) {
	inPool(t, Source{MinIdle: -1}, func(t *testing.T, p *Pool, f *fake) {
		f.set(func(f *fake) { f.dialErr = errCut })
		for range 2 { // who waits, and who comes later
			if _, err := p.DB().ExecContext(t.Context(), "SELECT 1"); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("got %v of kind %q, want fault.Unavailable", err, fault.KindOf(err))
			}
		}
	})
}

func TestTheProbeMeetsAFullServerWhileOthersAreLetIn(t *testing.T) {
	inPool(t, Source{MinIdle: 2, MaxOpen: 2}, func(t *testing.T, p *Pool, f *fake) {
		f.set(func(f *fake) { f.dialTime, f.room = 2*time.Second, 2 })
		let(time.Second) // two are being let in
		if err := p.Ping(t.Context()); fault.CodeOf(err) != fault.SQLServerFull {
			t.Errorf("got %v, want that the server is full", err)
		}
		let(5 * time.Second)
		exec(t, p, "SELECT 1")
	})
}
