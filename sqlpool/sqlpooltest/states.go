package sqlpooltest

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// An admin is what is said to a server about a user of its own, suite_app, whose
// password is firstWord.
type admin struct {
	drop, create []string
	reword       string // gives it the password secondWord
	few, many    []string
	readOnly     []string
	writable     []string
}

const (
	user       = "suite_app"
	firstWord  = "one_Word_1"
	secondWord = "another_Word_2"
	fewOpen    = 6 // connections of the user, where they are few
)

// admins are by the server's System, since MariaDB has not all that MySQL has.
var admins = map[string]admin{
	"mysql": {
		drop:   []string{"DROP USER IF EXISTS suite_app@'%'"},
		create: []string{"CREATE USER suite_app@'%' IDENTIFIED BY 'one_Word_1'", "GRANT ALL ON *.* TO suite_app@'%'", "REVOKE SUPER, CONNECTION_ADMIN ON *.* FROM suite_app@'%'"},
		reword: "ALTER USER suite_app@'%' IDENTIFIED BY 'another_Word_2'",
		few:    []string{"ALTER USER suite_app@'%' WITH MAX_USER_CONNECTIONS 6"}, many: []string{"ALTER USER suite_app@'%' WITH MAX_USER_CONNECTIONS 0"},
		readOnly: []string{"SET GLOBAL super_read_only = 1"}, writable: []string{"SET GLOBAL super_read_only = 0", "SET GLOBAL read_only = 0"},
	},
	"mariadb": {
		drop:   []string{"DROP USER IF EXISTS suite_app@'%'"},
		create: []string{"CREATE USER suite_app@'%' IDENTIFIED BY 'one_Word_1'", "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON *.* TO suite_app@'%'"},
		reword: "ALTER USER suite_app@'%' IDENTIFIED BY 'another_Word_2'",
		few:    []string{"ALTER USER suite_app@'%' WITH MAX_USER_CONNECTIONS 6"}, many: []string{"ALTER USER suite_app@'%' WITH MAX_USER_CONNECTIONS 0"},
		readOnly: []string{"SET GLOBAL read_only = 1"}, writable: []string{"SET GLOBAL read_only = 0"},
	},
	"postgresql": {
		drop:   []string{"DROP OWNED BY suite_app", "DROP ROLE suite_app"},
		create: []string{"CREATE ROLE suite_app LOGIN PASSWORD 'one_Word_1'", "GRANT ALL ON SCHEMA public TO suite_app", "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO suite_app"},
		reword: "ALTER ROLE suite_app PASSWORD 'another_Word_2'",
		few:    []string{"ALTER ROLE suite_app CONNECTION LIMIT 6"}, many: []string{"ALTER ROLE suite_app CONNECTION LIMIT -1"},
		readOnly: []string{"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"},
		writable: []string{"ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"},
	},
}

// A secret is a password that may change.
type secret struct {
	mu   sync.Mutex // guards word
	word string
}

func (s *secret) set(word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.word = word
}

func (s *secret) get(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.word, nil
}

// app opens a pool of the suite's own user, with connections of the source's user
// beside it.
func (h *Harness) app(t *testing.T, source sqlpool.Source) (*rig, admin, *secret) {
	t.Helper()
	u, err := url.Parse(source.URL)
	if err != nil {
		t.Fatalf("the address: %v", err)
	}
	u.User = url.User(user)
	a := h.admin(t, source)
	word := &secret{word: firstWord}
	own := source
	own.URL, own.Password = u.String(), word.get
	return h.newRigBeside(t, own, source), a, word
}

// admin makes the suite's user, before anybody calls by its name.
func (h *Harness) admin(t *testing.T, source sqlpool.Source) admin {
	t.Helper()
	e, err := h.Open(source)
	if err != nil {
		t.Fatalf("open the engine: %v", err)
	}
	raw, err := e.Connect(t.Context())
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	server, err := e.Inspect(t.Context(), raw)
	if err := errors.Join(err, raw.Close()); err != nil {
		t.Fatalf("inspect: %v", err)
	}
	a := admins[server.System]
	db := sql.OpenDB(plain{e})
	for _, statement := range a.drop {
		_, _ = db.ExecContext(t.Context(), statement) // it may not be there
	}
	for _, statement := range a.create {
		exec(t, db, statement)
	}
	if err := errors.Join(db.Close(), e.Close()); err != nil {
		t.Fatalf("close: %v", err)
	}
	return a
}

// say runs statements beside the pool, also when the test is over.
func (r *rig) say(t tb, statements []string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := r.beside.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// becomesReadOnly: a ping does not see it, and each write would fail.
func (h *Harness) becomesReadOnly(t *testing.T, source sqlpool.Source) {
	source.MinIdle, source.MaxOpen = 2, 4
	r, a, _ := h.app(t, source)
	defer r.end(t)
	table := r.newTable(t)
	exec(t, r.DB(), r.put(table, 0, 1))
	eventually(t, "idle connections", func() bool { return r.Stats().Idle >= 2 })
	r.say(t, a.readOnly)
	defer r.say(t, a.writable)
	// PostgreSQL's sessions learn of it in a moment.
	refused := 0
	var first error
	eventually(t, "a write that is refused", func() bool {
		_, first = r.DB().ExecContext(t.Context(), r.put(table, 1, 1))
		return first != nil
	})
	if !errors.Is(r.Classify(first), fault.Unavailable) || fault.CodeOf(r.Classify(first)) != fault.SQLReadOnly {
		t.Errorf("the first write got %v", r.Classify(first))
	}
	eventually(t, "that no connection is there", func() bool { s := r.Stats(); return s.Evictions > 0 && s.Outage != nil })
	opened := r.Stats().Opened
	for range 50 {
		_, err := r.DB().ExecContext(t.Context(), r.put(table, 2, 1))
		if fault.CodeOf(err) != fault.SQLReadOnly { // the driver's own error has no code
			refused++
			t.Errorf("a write after that: %v", err)
		}
		pause(5 * time.Millisecond)
	}
	t.Logf("%d writes reached the server after the first that it refused; %d connections lent meanwhile", refused, r.Stats().Opened-opened)
	r.say(t, a.writable)
	back := time.Now()
	eventually(t, "a write", func() bool {
		_, err := r.DB().ExecContext(t.Context(), r.put(table, 3, 1))
		return err == nil
	})
	t.Logf("first write %s after the server took writes again", time.Since(back).Round(time.Millisecond))
}

// wrongPassword: the password is asked for each connection, so that the right one
// helps without a restart.
func (h *Harness) wrongPassword(t *testing.T, source sqlpool.Source) {
	source.MinIdle, source.MaxOpen, source.MaxLifetime = 1, 4, 200*time.Millisecond
	r, a, word := h.app(t, source)
	defer r.end(t)
	ask[int](t, r.DB(), "SELECT 1")
	exec(t, r.beside, a.reword) // those that are open stay so, until their time is over
	var err error
	if !within(patience, func() bool {
		err = takeAndGive(t.Context(), r.DB())
		return err != nil
	}) {
		t.Fatalf("nothing failed with the old password")
	}
	if !errors.Is(err, fault.Denied) || fault.CodeOf(err) != fault.SQLDenied {
		t.Errorf("with the old password: %v, want fault.Denied", err)
	}
	began := time.Now()
	if err := takeAndGive(t.Context(), r.DB()); !errors.Is(err, fault.Denied) || time.Since(began) > time.Second {
		t.Errorf("again, after %s: %v, want fault.Denied at once", time.Since(began), err)
	}
	pause(time.Second)
	attempts := r.Stats().Outage.Attempts
	if attempts > 15 {
		t.Errorf("%d attempts with the old password: a server may lock out who is refused so often", attempts)
	}
	word.set(secondWord)
	right := time.Now()
	eventually(t, "a call with the new password", func() bool { return takeAndGive(t.Context(), r.DB()) == nil })
	t.Logf("first success %s after the password was right, after %d attempts with the wrong one", time.Since(right).Round(time.Millisecond), attempts)
}

// serverFull has the server let in fewer than the pool may open.
func (h *Harness) serverFull(t *testing.T, source sqlpool.Source) {
	source.MinIdle, source.MaxOpen = -1, pooled
	r, a, _ := h.app(t, source)
	defer r.end(t)
	r.say(t, a.few)
	defer r.say(t, a.many)
	var all sync.WaitGroup
	var failed atomic.Int64
	for range 40 {
		all.Go(func() {
			for range 10 {
				var v sql.NullString
				if err := r.DB().QueryRowContext(t.Context(), r.doze).Scan(&v); err != nil && failed.Add(1) < 5 {
					t.Errorf("while %d are let in: %v", fewOpen, r.Classify(err))
				}
			}
		})
	}
	all.Wait()
	s := r.Stats()
	t.Logf("40 callers shared the connections that there were: %d opened, %d outages, worst wait below %s", s.Opened, s.Outages, worstWait(s.Wait))
	r.say(t, a.many)
	eventually(t, "all connections", func() bool {
		for range pooled {
			all.Go(func() { _, _ = r.DB().ExecContext(t.Context(), r.doze) }) // it is to be busy
		}
		all.Wait()
		return r.Stats().Opened-r.Stats().Closed > 2*fewOpen
	})
	wantIdle(t, r)
}

// worstWait is the upper bound of the longest in a histogram.
func worstWait(h sqlpool.Histogram) time.Duration {
	for _, b := range h.Buckets {
		if b.Count == h.Count {
			return b.UpTo
		}
	}
	return 0
}
