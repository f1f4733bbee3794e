package sqlpooltest

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// keyRules are about transactions that are applied once.
var keyRules = []rule{
	{name: "a key is applied once, however often and by how many at once", because: "an order is filled once",
		check: appliedOnce},
	{name: "a key whose transaction failed may come again", because: "it was not applied",
		check: func(t tb, r *rig) {
			table := r.table(t)
			mine := errors.New("mine")
			o := &sqlpool.TxOptions{Key: newKey("again", table)}
			if _, err := r.InTx(t.Context(), o, func(*sql.Tx) error { return mine }); !errors.Is(err, mine) {
				t.Errorf("got %v", err)
			}
			for want := range 2 {
				token, err := r.InTx(t.Context(), o, func(tx *sql.Tx) error {
					_, err := tx.ExecContext(t.Context(), r.put(table, 1, 1))
					return err
				})
				if err != nil || token.Repeated != (want == 1) {
					t.Errorf("call %d: %+v, %v", want, token, err)
				}
			}
		}},
	{name: "keys differ by each character", because: "two orders are two",
		check: func(t tb, r *rig) {
			table := r.table(t)
			same := unique()
			for i, key := range []string{"a", "A", "a ", "ä", "Ä", "", "单 1", "单 2", strings.Repeat("单", 190-60)} {
				if key != "" {
					key += " " + same
				}
				token, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: key}, func(tx *sql.Tx) error {
					_, err := tx.ExecContext(t.Context(), r.put(table, int64(i), 1))
					return err
				})
				if err != nil || token.Repeated {
					t.Errorf("key %q: %+v, %v", key, token, err)
				}
			}
		}},
	{name: "a key that cannot be kept is refused", because: "a key that is cut is another one",
		check: func(t tb, r *rig) {
			for _, key := range []string{strings.Repeat("k", 191), "\xff"} {
				if _, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: key}, nothing); !errors.Is(err, fault.Invalid) {
					t.Errorf("a key of %d bytes: %v, want fault.Invalid", len(key), err)
				}
			}
			if _, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: "k", ReadOnly: true}, nothing); !errors.Is(err, fault.Invalid) {
				t.Errorf("a key to a transaction that only reads: %v, want fault.Invalid", err)
			}
		}},
	{name: "the table of keys may be dropped", because: "somebody tidies up",
		check: func(t tb, r *rig) {
			table := r.table(t)
			if _, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: newKey("one", table)}, nothing); err != nil {
				t.Errorf("the first: %v", err)
			}
			exec(t, r.beside, "DROP TABLE redfire_keys")
			// Of those that follow one may fail, which tells that it is gone.
			_, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: newKey("two", table)}, nothing)
			if err != nil && fault.CodeOf(err) != fault.SQLNoObject {
				t.Errorf("the second: %v", err)
			}
			if _, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: newKey("three", table)}, nothing); err != nil {
				t.Errorf("the third: %v", err)
			}
		}},
	{name: "keys older than a week are deleted", because: "the table would grow for ever", check: oldKeysGo},
}

// oldKeysGo has keys lie there from before the pool is opened.
func oldKeysGo(t tb, r *rig) {
	if _, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: newKey("made", "")}, nothing); err != nil {
		t.Errorf("make the table: %v", err)
	}
	before := map[sqlpool.Dialect]string{
		sqlpool.MySQL:      "NOW(6) - INTERVAL %d HOUR",
		sqlpool.PostgreSQL: "now() - INTERVAL '%d hours'",
		sqlpool.SQLite:     "unixepoch() - 3600 * %d",
	}[r.Dialect()]
	stored := func(key string, hours int) {
		at := fmt.Sprintf(before, hours)
		exec(t, r.beside, fmt.Sprintf("INSERT INTO redfire_keys (id, at) VALUES ('%s', %s)", key, at))
	}
	old, young := newKey("old", ""), newKey("young", "")
	for i := range 3 {
		stored(fmt.Sprint(old, i), 7*24+1)
		stored(fmt.Sprint(young, i), 7*24-1)
	}
	count := func(key string) int64 {
		return ask[int64](t, r.beside, "SELECT count(*) FROM redfire_keys WHERE id LIKE '"+key+"%'")
	}
	other := r.again(t)
	defer other.end(t)
	if _, err := other.InTx(t.Context(), &sqlpool.TxOptions{Key: newKey("first", "")}, nothing); err != nil {
		t.Errorf("the first of the other pool: %v", err)
	}
	eventually(t, "the old keys to be gone", func() bool { return count(old) == 0 })
	if n := count(young); n != 3 {
		t.Errorf("%d of 3 keys are there that are less than a week old", n)
	}
}

// newKey is a key that nobody else uses.
func newKey(name, table string) string { return name + " " + table + " " + unique() }

func appliedOnce(t tb, r *rig) {
	table := r.twoRows(t)
	o := &sqlpool.TxOptions{Key: newKey("order", table)}
	var first, repeated atomic.Int64
	run := func() {
		token, err := r.InTx(t.Context(), o, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), add(table, 1))
			return err
		})
		switch {
		case err != nil:
			t.Errorf("a repeated call: %v", err)
		case token.Repeated:
			repeated.Add(1)
		default:
			first.Add(1)
		}
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(run)
	}
	all.Wait()
	for range 3 {
		run()
	}
	if first.Load() != 1 || repeated.Load() != 22 {
		t.Errorf("%d calls applied it and %d found it applied, want 1 and 22", first.Load(), repeated.Load())
	}
	if n := ask[int64](t, r.beside, "SELECT n FROM "+table+" WHERE id = 1"); n != 1 {
		t.Errorf("it was applied %d times", n)
	}
}
