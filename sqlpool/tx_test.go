package sqlpool

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
)

// ran are the statements that a fake was given since it was last asked.
type ran struct {
	mu  sync.Mutex // guards all
	all []string
}

// note has f note its statements, and fail as fail says.
func (r *ran) note(f *fake, fail func(query string) error) {
	f.set(func(f *fake) {
		f.fail = func(query string) error {
			r.mu.Lock()
			r.all = append(r.all, query)
			r.mu.Unlock()
			if fail == nil {
				return nil
			}
			return fail(query)
		}
	})
}

func (r *ran) want(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	got := slices.DeleteFunc(slices.Clone(r.all), func(q string) bool { return q == "PING" })
	if !slices.Equal(got, want) {
		t.Errorf("the database was given %q, want %q", got, want)
	}
}

func write(ctx context.Context) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "WRITE")
		return err
	}
}

func TestInTxCommitsWhatReturnsNil(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		var r ran
		r.note(f, nil)
		token, err := p.InTx(t.Context(), nil, write(t.Context()))
		if err != nil || token != (Token{Attempts: 1}) {
			t.Errorf("got %v, %v", token, err)
		}
		r.want(t, "BEGIN", "WRITE", "COMMIT")
	})
}

func TestInTxRollsBackWhatFailsOrPanics(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		var r ran
		r.note(f, nil)
		mine := errors.New("mine")
		if _, err := p.InTx(t.Context(), nil, func(*sql.Tx) error { return mine }); !errors.Is(err, mine) || fault.KindOf(err) != "" {
			t.Errorf("got %v, want mine without a kind", err)
		}
		func() {
			defer func() {
				if got := recover(); got != "panic" {
					t.Errorf("recovered %v", got)
				}
			}()
			_, _ = p.InTx(t.Context(), nil, func(*sql.Tx) error { panic("panic") }) // it does not return
		}()
		r.want(t, "BEGIN", "ROLLBACK", "BEGIN", "ROLLBACK")
		if s := p.Stats(); s.InUse != 0 {
			t.Errorf("%d connections are in use", s.InUse)
		}
	})
}

func TestInTxRepeatsWhatTheDatabaseRolledBack(t *testing.T) {
	f := func(attempts, fails, want int, succeeds bool) {
		t.Helper()
		inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
			var r ran
			r.note(f, func(query string) error {
				if query == "WRITE" && fails > 0 {
					fails--
					return errDeadlock
				}
				return nil
			})
			token, err := p.InTx(t.Context(), &TxOptions{Attempts: attempts}, write(t.Context()))
			if token.Attempts != want {
				t.Errorf("it was run %d times, want %d", token.Attempts, want)
			}
			switch {
			case !succeeds && (!errors.Is(err, errDeadlock) || fault.CodeOf(err) != fault.SQLDeadlock):
				t.Errorf("got %v, want a deadlock", err)
			case succeeds && err != nil:
				t.Error(err)
			}
			if got := p.Stats().Repeated; got != int64(want-1) {
				t.Errorf("%d repetitions are counted", got)
			}
		})
	}
	f(0, 1, 2, true)
	f(0, 4, 5, true)
	f(0, 9, 5, false)
	f(2, 9, 2, false)
	f(1, 1, 1, false)
}

func TestACommitThatIsCutIsUnknown(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		var r ran
		r.note(f, func(query string) error {
			if query == "COMMIT" {
				return errCut
			}
			return nil
		})
		_, err := p.InTx(t.Context(), nil, write(t.Context()))
		if !errors.Is(err, fault.Unknown) || fault.CodeOf(err) != fault.SQLUncertain {
			t.Errorf("got %v, want fault.Unknown", err)
		}
		if got := p.Stats().Uncertain; got != 1 {
			t.Errorf("%d are counted", got)
		}
		r.want(t, "BEGIN", "WRITE", "COMMIT")
	})
}

func TestWhatIsCutBeforeItsCommitIsNotUnknown(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		var r ran
		r.note(f, func(query string) error {
			if query == "WRITE" {
				return errCut
			}
			return nil
		})
		if _, err := p.InTx(t.Context(), nil, write(t.Context())); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("got %v, want fault.Unavailable", err)
		}
	})
}

func TestAContextThatEndsBeforeTheCommitIsNotUnknown(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		var r ran
		r.note(f, nil)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := p.InTx(ctx, nil, func(*sql.Tx) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) || fault.KindOf(err) != "" {
			t.Errorf("got %v, want Canceled without a kind", err)
		}
		synctest.Wait()
		r.want(t, "BEGIN", "ROLLBACK")
	})
}

func TestAKeyHasACutCommitRepeatedUntilItIsKnown(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		var r ran
		commits := 0
		errTaken := errors.New("taken")
		f.set(func(f *fake) { f.classes[errTaken] = UniqueViolation })
		r.note(f, func(query string) error {
			switch {
			case query == "COMMIT":
				commits++
				return errCut // it was committed all the same
			case commits > 0 && query == keySQLs[SQLite].put:
				return errTaken
			}
			return nil
		})
		token, err := p.InTx(t.Context(), &TxOptions{Key: "fill 4711"}, write(t.Context()))
		if err != nil || token != (Token{Attempts: 2, Repeated: true}) || commits != 1 {
			t.Errorf("got %v, %v after %d commits", token, err, commits)
		}
	})
}

func TestAKeyDoesNotMakeTheUnknownUnavailable(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		var r ran
		r.note(f, func(query string) error {
			if query == "COMMIT" {
				f.mu.Lock()
				f.dialErr = errRefused // the server is gone for good
				f.mu.Unlock()
				return errCut
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.InTx(ctx, &TxOptions{Key: "fill 4711"}, write(ctx)); !errors.Is(err, fault.Unknown) {
			t.Errorf("got %v, want fault.Unknown: an earlier attempt may have been committed", err)
		}
	})
}

func TestKeysThatCannotBeAreRefused(t *testing.T) {
	inPool(t, Source{}, func(t *testing.T, p *Pool, f *fake) {
		for _, o := range []TxOptions{{Key: "a", ReadOnly: true}, {Key: "\xff"}, {Key: string(make([]byte, 191))}} {
			if _, err := p.InTx(t.Context(), &o, write(t.Context())); !errors.Is(err, fault.Invalid) {
				t.Errorf("%q: got %v, want fault.Invalid", o.Key, err)
			}
		}
	})
}

// mysqlFake is a fake that speaks MySQL's SQL.
type mysqlFake struct{ *fake }

func (mysqlFake) Dialect() Dialect { return MySQL }

func TestATransactionThatMySQLRolledBackIsNotCommittedByHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := newFake()
		pools, err := New([]Source{{Name: "main", URL: "fake:"}}, func(Source) (Engine, error) { return mysqlFake{engine}, nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer pools.Close()
		p, err := pools.Pool("main")
		if err != nil {
			t.Fatal(err)
		}
		var r ran
		r.note(engine, func(query string) error {
			if query == "FIRST" {
				return errDeadlock
			}
			return nil
		})
		_, err = p.InTx(t.Context(), &TxOptions{Attempts: 1}, func(tx *sql.Tx) error {
			_, _ = tx.ExecContext(t.Context(), "FIRST") // the mistake of a caller
			_, err := tx.ExecContext(t.Context(), "SECOND")
			if !errors.Is(err, errDeadlock) {
				t.Errorf("the second statement: got %v, want the deadlock", err)
			}
			return nil
		})
		if !errors.Is(err, errDeadlock) {
			t.Errorf("got %v, want the deadlock", err)
		}
		r.want(t, "BEGIN", "FIRST", "ROLLBACK")
	})
}
