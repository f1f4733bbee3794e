package sqlpooltest

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// watchRules are about what an operator is told.
var watchRules = []rule{
	{name: "rows that nobody closes are found and named", because: "a leak is found where it is, not where connections run out",
		limits: func(s *sqlpool.Source) { s.LeakAfter = 50 * time.Millisecond }, check: leakedRows},
	{name: "a transaction left open is found and named", because: "it holds locks",
		limits: func(s *sqlpool.Source) { s.LeakAfter = 50 * time.Millisecond }, check: leakedTransaction},
	{name: "holders are named by their labels", because: "a connection number says nothing",
		check: func(t tb, r *rig) {
			a, b := r.conn(t, "orders"), r.conn(t, "reports")
			exec(t, b, "SELECT 4711")
			held := map[string]string{}
			for _, h := range r.Holders() {
				held[h.Label] = h.Statement
			}
			if len(held) != 2 || held["orders"] != "" || held["reports"] != "SELECT ?" {
				t.Errorf("the holders are %v", held)
			}
			release(t, b)
			c := r.conn(t, "")
			if got := r.Holders(); len(got) != 2 {
				t.Errorf("the holders are %v", got)
			}
			for _, h := range r.Holders() {
				if h.Label == "reports" || h.Statement != "" {
					t.Errorf("a new holder has the label or the statement of the last one: %v", h)
				}
			}
			release(t, a, c)
		}},
	{name: "figures add up", because: "who looks at them in the night must be able to trust them", check: figuresAddUp},
	{name: "statements are counted by their form", because: "a thousand values are one statement",
		limits: func(s *sqlpool.Source) { s.Slow = time.Millisecond }, check: countsStatements},
	{name: "Ping tells of the server, not of the pool", because: "busy is not broken",
		limits: func(s *sqlpool.Source) { s.MaxOpen = 1 },
		check: func(t tb, r *rig) {
			holder := r.conn(t, "holder")
			if err := r.Ping(t.Context()); err != nil {
				t.Errorf("while all connections are in use: %v", err)
			}
			r.engine.readOnly.Store(true)
			if err := r.Ping(t.Context()); fault.CodeOf(err) != fault.SQLReadOnly {
				t.Errorf("while the server is read-only: %v", err)
			}
			r.engine.readOnly.Store(false)
			if err := r.Ping(t.Context()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			release(t, holder)
		}},
}

func leakedRows(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.beside, "INSERT INTO "+table+" (id, n) VALUES (1, 1), (2, 2)")
	ctx := sqlpool.WithLabel(t.Context(), "leaky reader")
	found, err := r.DB().QueryContext(ctx, "SELECT id FROM "+table+" WHERE n < 4711")
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	wantLeak(t, r, "leaky reader", "SELECT id FROM "+table+" WHERE n < ?")
	//nolint:sqlclosecheck // that they were not closed until now is what this is about
	if err := errors.Join(found.Err(), found.Close()); err != nil {
		t.Errorf("close the rows: %v", err)
	}
	if !within(patience, func() bool { return r.log.find("came back") != "" }) {
		t.Errorf("the log does not tell that the connection came back")
	}
	// From now on all stacks are kept: a log that says where is worth most.
	c := r.conn(t, "next")
	release(t, c)
	c = r.conn(t, "next but one")
	if held := r.Holders(); len(held) != 1 || !strings.Contains(strings.Join(held[0].Stack, " "), "sqlpooltest") {
		t.Errorf("after a leak a holder's stack is %v", held)
	}
	release(t, c)
}

// wantLeak holds that the log names a leak, once.
func wantLeak(t tb, r *rig, label, statement string) {
	t.Helper()
	if !within(patience/3, func() bool { return r.log.find("held for long", label, statement) != "" }) {
		t.Errorf("the log does not name %s and %s: %s", label, statement, r.log.find("held for long"))
	}
	if line := r.log.find("4711"); line != "" {
		t.Errorf("the log tells a value: %s", line)
	}
	if s := r.Stats(); s.Leaks != 1 || s.InUse != 1 {
		t.Errorf("%d leaks and %d in use, want one each", s.Leaks, s.InUse)
	}
}

func leakedTransaction(t tb, r *rig) {
	table := r.table(t)
	tx, err := r.DB().BeginTx(sqlpool.WithLabel(t.Context(), "forgetful"), nil)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	exec(t, tx, r.put(table, 1, 4711))
	wantLeak(t, r, "forgetful", "INSERT INTO "+table)
	if err := tx.Rollback(); err != nil {
		t.Errorf("roll back: %v", err)
	}
}

func figuresAddUp(t tb, r *rig) {
	table := r.table(t)
	exec(t, r.beside, r.put(table, 1, 0))
	before := r.Stats()
	if before.Uses != 0 || before.InUse != 0 || before.MaxOpen != 4 || before.Name != r.Name() || before.Dialect != r.Dialect() {
		t.Errorf("before any use the figures are %+v", before)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				if err := takeAndGive(t.Context(), r.DB()); err != nil {
					t.Errorf("use a connection: %v", err)
				}
			}
		})
	}
	all.Wait()
	eventually(t, "the last connection", func() bool { return r.Stats().InUse == 0 })
	a := r.conn(t, "a")
	s := r.Stats()
	if s.Uses != 201 || s.InUse != 1 || s.Use.Count != 200 || s.Waiting != 0 {
		t.Errorf("%d uses, %d in use, %d timed, %d waiting, want 201, 1, 200 and 0", s.Uses, s.InUse, s.Use.Count, s.Waiting)
	}
	if open := s.Opened - s.Closed; int(open) != s.Idle+s.InUse || s.Opened != s.Create.Count || s.Opened > 4 {
		t.Errorf("%d opened of which %d were timed, %d closed, %d idle, %d in use", s.Opened, s.Create.Count, s.Closed, s.Idle, s.InUse)
	}
	for _, h := range []sqlpool.Histogram{s.Create, s.Wait, s.Use} {
		wantHistogram(t, h)
	}
	release(t, a)
}

// wantHistogram holds that each bucket counts in those before it.
func wantHistogram(t tb, h sqlpool.Histogram) {
	t.Helper()
	last := int64(0)
	for _, b := range h.Buckets {
		if b.Count < last || b.Count > h.Count {
			t.Errorf("the buckets are no histogram: %v of %d", h.Buckets, h.Count)
		}
		last = b.Count
	}
	if h.Count > 0 && h.Sum <= 0 {
		t.Errorf("%d took %s", h.Count, h.Sum)
	}
}

func countsStatements(t tb, r *rig) {
	table := r.table(t)
	for i := range int64(5) {
		exec(t, r.DB(), r.put(table, i, i*1000))
	}
	if _, err := r.DB().ExecContext(t.Context(), r.put(table, 1, 1)); r.ClassOf(err) != sqlpool.UniqueViolation {
		t.Errorf("a row twice: %v", err)
	}
	ask[sql.NullString](t, r.DB(), r.doze)
	if !within(patience, func() bool { return r.log.find("was slow") != "" }) {
		t.Errorf("the log does not tell of a slow statement")
	}
	all, forgotten := r.Slowest(10)
	if forgotten.Calls != 0 {
		t.Errorf("%d calls are forgotten", forgotten.Calls)
	}
	var text strings.Builder
	for _, s := range all {
		fmt.Fprintf(&text, "%s %s: %d calls, %d failed, %d slow, %s, %s\n", s.ID, s.Fingerprint, s.Calls, s.Failed, s.Slow, s.Total, s.Longest)
		if strings.HasPrefix(s.Fingerprint, "SELECT") && (s.Calls != 1 || s.Slow != 1) {
			t.Errorf("a slow statement: %+v", s)
		}
		if strings.HasPrefix(s.Fingerprint, "INSERT") && (s.Calls != 6 || s.Failed != 1 || s.Total <= 0 || s.Longest > s.Total) {
			t.Errorf("6 inserts of which one failed: %+v", s)
		}
	}
	if len(all) != 2 || !strings.Contains(text.String(), "INSERT INTO "+table+" (id, n) VALUES (?") {
		t.Errorf("two forms of statements are\n%s", text.String())
	}
}
