package sqlpool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

func exec(t *testing.T, p *Pool, query string) {
	t.Helper()
	if _, err := p.DB().ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func TestASessionIsMadeAsNewOnceAndWhereItMust(t *testing.T) {
	f := func(source Source, want int, use func(*testing.T, *Pool)) {
		t.Helper()
		source.MinIdle, source.MaxOpen = 1, 1
		inPool(t, source, func(t *testing.T, p *Pool, f *fake) {
			use(t, p)
			exec(t, p, "SELECT 1")
			exec(t, p, "SELECT 1")
			synctest.Wait()
			if got := see(f, func(f *fake) int { return f.resets }); got != want {
				t.Errorf("it was made as new %d times, want %d", got, want)
			}
		})
	}
	f(Source{}, 1, func(t *testing.T, p *Pool) { exec(t, p, "SET a = 1") })
	f(Source{}, 1, func(t *testing.T, p *Pool) {
		c := hold(t, p, "")
		if err := Raw(c, func(driverConn any) error {
			if _, ok := driverConn.(*fakeConn); !ok {
				return fmt.Errorf("got a %T, want the driver's", driverConn)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		release(t, c)
	})
	f(Source{}, 0, func(t *testing.T, p *Pool) { exec(t, p, "UPDATE a SET b = 1") })
	f(Source{ResetAlways: true}, 2, func(*testing.T, *Pool) {})
}

func TestAFailedCommitLeavesNoSessionInDoubt(t *testing.T) {
	inPool(t, Source{MinIdle: 1, MaxOpen: 1}, func(t *testing.T, p *Pool, f *fake) {
		odd := errors.New("odd")
		f.set(func(f *fake) {
			f.fail = func(query string) error {
				if query == "COMMIT" {
					return odd
				}
				return nil
			}
		})
		if _, err := p.InTx(t.Context(), nil, write(t.Context())); !errors.Is(err, odd) {
			t.Errorf("got %v, want odd", err)
		}
		exec(t, p, "SELECT 1")
		if got := see(f, func(f *fake) int { return f.resets }); got != 1 {
			t.Errorf("it was made as new %d times, want once", got)
		}
	})
}

func TestABrokenConnectionIsNotKept(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 3}, func(t *testing.T, p *Pool, f *fake) {
		f.set(func(f *fake) {
			f.fail = func(query string) error {
				if query == "CUT" {
					return errCut
				}
				return nil
			}
		})
		_, _ = p.DB().ExecContext(t.Context(), "CUT") // it fails
		synctest.Wait()
		if s := p.Stats(); s.Lost != 1 || s.Idle != 0 {
			t.Errorf("%d lost, %d idle, want 1 and 0", s.Lost, s.Idle)
		}
	})
}

func TestAfterALossEachConnectionIsAskedOnce(t *testing.T) {
	inPool(t, Source{MinIdle: 1, MaxOpen: 1, ProbeEvery: time.Hour}, func(t *testing.T, p *Pool, f *fake) {
		exec(t, p, "SELECT 1")
		pings := 0
		f.set(func(f *fake) {
			f.fail = func(query string) error {
				if query == "PING" {
					pings++
				}
				return nil
			}
		})
		exec(t, p, "SELECT 1")
		if pings != 0 {
			t.Errorf("one that was just used was asked %d times", pings)
		}
		p.suspicion.Add(1)
		exec(t, p, "SELECT 1")
		exec(t, p, "SELECT 1")
		if pings != 1 {
			t.Errorf("after a loss it was asked %d times, want once", pings)
		}
		let(29 * time.Second)
		exec(t, p, "SELECT 1")
		if pings != 1 {
			t.Error("after 29 seconds without use it was asked")
		}
		let(31 * time.Second)
		exec(t, p, "SELECT 1")
		if pings != 2 {
			t.Error("after 31 seconds without use it was not asked")
		}
	})
}

func TestAskingASilentServerTakesASecond(t *testing.T) {
	inPool(t, Source{MinIdle: 1, MaxOpen: 1, ProbeEvery: time.Hour, ConnectTimeout: time.Second}, func(t *testing.T, p *Pool, f *fake) {
		exec(t, p, "SELECT 1")
		let(time.Minute)
		f.set(func(f *fake) { f.silent = true })
		began := time.Now()
		_, err := p.DB().ExecContext(t.Context(), "SELECT 1")
		if took := time.Since(began); took > 3*time.Second || !errors.Is(err, fault.Unavailable) {
			t.Errorf("after %s: %v", took, err)
		}
		f.set(func(f *fake) { f.silent = false })
	})
}

func TestARefusedWriteReplacesConnectionsOnceASecondAtMost(t *testing.T) {
	f := func(want int64, use func(*testing.T, *Pool)) {
		t.Helper()
		inPool(t, Source{MinIdle: 2, MaxOpen: 2}, func(t *testing.T, p *Pool, f *fake) {
			let(time.Second) // the clock of a pool begins at 0
			f.set(func(f *fake) {
				f.fail = func(query string) error {
					if query == "WRITE" {
						return errNoWrites
					}
					return nil
				}
			})
			for range 10 {
				use(t, p)
				let(50 * time.Millisecond)
			}
			if got := p.Stats().Evictions; got != want {
				t.Errorf("connections were replaced %d times, want %d", got, want)
			}
		})
	}
	f(1, func(t *testing.T, p *Pool) { _, _ = p.DB().ExecContext(t.Context(), "WRITE") })
	// Who says himself that he only reads is refused for that.
	f(0, func(t *testing.T, p *Pool) {
		_, _ = p.InTx(t.Context(), &TxOptions{ReadOnly: true}, write(t.Context()))
	})
	f(0, func(t *testing.T, p *Pool) {
		c := hold(t, p, "")
		_, _ = c.ExecContext(t.Context(), "SET TRANSACTION READ ONLY")
		_, _ = c.ExecContext(t.Context(), "WRITE")
		release(t, c)
	})
}

func TestASwallowedConflictIsRepeated(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		failed := false
		f.set(func(f *fake) {
			f.fail = func(query string) error {
				switch {
				case query == "WRITE" && !failed:
					failed = true
					return errDeadlock
				case query == "COMMIT" && failed:
					failed = false
					f.mu.Lock()
					f.fail = nil
					f.mu.Unlock()
					return errors.New("commit unexpectedly resulted in rollback")
				}
				return nil
			}
		})
		token, err := p.InTx(t.Context(), nil, func(tx *sql.Tx) error {
			_ = write(t.Context())(tx) // the mistake of a caller
			return nil
		})
		if err != nil || token.Attempts != 2 {
			t.Errorf("got %v, %v", token, err)
		}
	})
}

func TestTheNextHolderIsNotNamedWithTheLastOnesStatement(t *testing.T) {
	inPool(t, Source{MinIdle: 1, MaxOpen: 1}, func(t *testing.T, p *Pool, _ *fake) {
		exec(t, p, "SELECT 1")
		c := hold(t, p, "second")
		if all := p.Holders(); len(all) != 1 || all[0].Statement != "" || all[0].Label != "second" {
			t.Errorf("the holders are %v", all)
		}
		release(t, c)
	})
}

func TestTextsAndFingerprintsAreBounded(t *testing.T) {
	inPool(t, Source{MinIdle: 1, MaxOpen: 1}, func(t *testing.T, p *Pool, _ *fake) {
		const many = 3000
		for i := range many / 3 {
			exec(t, p, fmt.Sprintf("SELECT a%d FROM b", i))
			// Of the same fingerprint, but what a comment hides may last.
			exec(t, p, fmt.Sprintf("SELECT a%d /*! INTO @b */ FROM b", i))
			exec(t, p, fmt.Sprintf("SELECT a%d FROM b", i))
		}
		p.mu.Lock()
		for s := range p.sessions {
			if len(s.known) > maxTexts {
				t.Errorf("a session knows %d texts", len(s.known))
			}
		}
		p.mu.Unlock()
		all, forgotten := p.Slowest(many)
		calls := forgotten.Calls
		for _, one := range all {
			calls += one.Calls
		}
		if len(all) > maxFingerprints || calls != many {
			t.Errorf("%d statements with %d calls in all, want at most %d with %d", len(all), calls, maxFingerprints, many)
		}
	})
}

func TestOneSlowStatementIsToldEveryTenSeconds(t *testing.T) {
	var log safeBuffer
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		engine.fail = func(query string) error {
			if query != "PING" {
				let(time.Second)
			}
			return nil
		}
		pools, err := New([]Source{{Name: "main", URL: "fake:"}}, func(Source) (Engine, error) { return engine, nil }, &Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer pools.Close()
		p, err := pools.Pool("main")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			exec(t, p, fmt.Sprintf("UPDATE a SET b = 'secret' WHERE c = %d", i))
		}
		all, _ := p.Slowest(10)
		if len(all) != 1 || all[0].Calls != 20 || all[0].Slow != 20 || all[0].Total != 20*time.Second || all[0].Longest != time.Second {
			t.Errorf("the slowest are %+v", all)
		}
	})
	if n := strings.Count(log.String(), "a statement was slow"); n != 2 {
		t.Errorf("it was told %d times in 20 seconds, want twice", n)
	}
	if !strings.Contains(log.String(), "UPDATE a SET b = ? WHERE c = ?") || strings.Contains(log.String(), "secret") {
		t.Errorf("the log has %s", &log)
	}
}

func TestCancellingAndServingAtOnceLosesNothing(t *testing.T) {
	inPool(t, Source{MinIdle: -1, MaxOpen: 1}, func(t *testing.T, p *Pool, _ *fake) {
		for range 300 {
			c := hold(t, p, "")
			ctx, cancel := context.WithCancel(t.Context())
			var both sync.WaitGroup
			both.Go(func() {
				if got, err := p.DB().Conn(ctx); err == nil {
					release(t, got)
				}
			})
			synctest.Wait()
			both.Go(cancel)
			both.Go(func() { release(t, c) })
			both.Wait()
		}
		if s := p.Stats(); s.InUse != 0 || s.Waiting != 0 {
			t.Errorf("%d in use, %d waiting", s.InUse, s.Waiting)
		}
		exec(t, p, "SELECT 1")
	})
}

func TestFingerprintsHoldNoValue(t *testing.T) {
	f := func(text, want string, dialect Dialect) {
		t.Helper()
		got := Fingerprint(text, dialect)
		if got != want {
			t.Errorf("%s: %q: got %q, want %q", dialect, text, got, want)
		}
	}
	f("select * from `账户` where a = 'secret''s' and b in (1, 2,3) -- secret", "SELECT * FROM `账户` WHERE a = ? AND b IN (?)", MySQL)
	f(`update a set b = "secret"`, "UPDATE a SET b = ?", MySQL)
	f(`select "col" from a where b = $1 and c = E'secret'`, `SELECT "col" FROM a WHERE b = ? AND c = E ?`, PostgreSQL)
	f("select $tag$ secret $tag$", "SELECT ?", PostgreSQL)
	f("insert into a (b, c) values (?, ?), (?, ?),  (?, ?)", "INSERT INTO a (b, c) VALUES (?), ...", SQLite)
	f("alter user root identified by 'secret'", "ALTER user root identified BY ?", MySQL)
	long := Fingerprint("insert into a values ("+strings.Repeat("'secret', ", 10_000)+"1)", SQLite)
	if len(long) > 2*maxText || strings.Contains(long, "secret") || !strings.HasSuffix(long, "...") {
		t.Errorf("a long one: %d bytes: %.100s", len(long), long)
	}
	f("", " ...", SQLite)
	f("/*secret*/", " ...", SQLite)
}
