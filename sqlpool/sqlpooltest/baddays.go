package sqlpooltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// Of the bad days.
const (
	workers  = 64
	pooled   = 30
	deadline = 2 * time.Second // of each call
	trouble  = 3 * time.Second // how long a day is bad
	slack    = time.Second     // how much later than its deadline a call may end
	recovery = 10 * time.Second
)

// A strike is what happens to a server. It returns when the server can answer
// again.
type strike struct {
	name string
	hit  func(s *servers.Server, p *servers.Proxy)
}

var strikes = []strike{
	{"killed and started again", func(s *servers.Server, _ *servers.Proxy) { s.Kill(); pause(trouble / 3); s.Restart() }},
	{"stopped and started again", func(s *servers.Server, _ *servers.Proxy) { s.Stop(); s.Restart() }},
	{"frozen for a while", func(s *servers.Server, _ *servers.Proxy) { s.Freeze(); pause(trouble); s.Thaw() }},
	{"all connections reset", func(_ *servers.Server, p *servers.Proxy) { p.Reset() }},
	{"cut off for a while", func(_ *servers.Server, p *servers.Proxy) { p.Cut(); pause(trouble); p.Heal() }},
	{"what is sent to it vanishes", func(_ *servers.Server, p *servers.Proxy) { p.BlackHole(servers.ToServer); pause(trouble); p.Heal() }},
	{"what it answers vanishes", func(_ *servers.Server, p *servers.Proxy) { p.BlackHole(servers.ToClient); pause(trouble); p.Heal() }},
}

// RunBadDays has a program work with the server while it is killed, frozen, cut
// off and filled. Nothing that was acknowledged may be lost or doubled, each call
// ends within its own time, and the pool comes back by itself. It stops the
// server: no other test may use it at the same time.
func RunBadDays(t *testing.T, h Harness) {
	source := h.Source(t)
	for _, strike := range fewer.Some(strikes) {
		t.Run(strike.name, func(t *testing.T) { h.badDay(t, source, strike) })
	}
	t.Run("connections are cut at the commit", func(t *testing.T) { h.cutCommits(t, source) })
	t.Run("the server becomes read-only", func(t *testing.T) { h.becomesReadOnly(t, source) })
	t.Run("the password is wrong for a while", func(t *testing.T) { h.wrongPassword(t, source) })
	t.Run("the server lets nobody in any more", func(t *testing.T) { h.serverFull(t, source) })
}

// through returns source by way of a proxy.
func through(t testing.TB, source sqlpool.Source, addr string) sqlpool.Source {
	t.Helper()
	u, err := url.Parse(source.URL)
	if err != nil {
		t.Fatalf("the address: %v", err)
	}
	u.Host = addr
	source.URL = u.String()
	return source
}

// A program is what goes on all day: transactions that write, each of one row,
// and selects.
type program struct {
	rig   *rig
	table string
	keys  string // what its keys begin with
	next  atomic.Int64
	worst atomic.Int64 // how much later than its deadline a call ended, in ns

	mu       sync.Mutex // guards the fields below
	outcomes map[int64]error
	selects  map[fault.Kind]int
	first    time.Time // when a call succeeded that began after back
	back     time.Time
}

// newTable makes a table that takes a row twice.
func (r *rig) newTable(t tb) string {
	t.Helper()
	r.tables++
	name := fmt.Sprintf("day%d", r.tables)
	exec(t, r.beside, "DROP TABLE IF EXISTS "+name)
	exec(t, r.beside, "CREATE TABLE "+name+" (id BIGINT NOT NULL, n BIGINT NOT NULL)"+r.tableEnd)
	return name
}

func newProgram(t tb, r *rig) *program {
	return &program{rig: r, table: r.newTable(t), keys: unique(), outcomes: map[int64]error{}, selects: map[fault.Kind]int{}}
}

// work goes on until ctx ends.
func (p *program) work(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		if n%3 == 2 {
			p.read(context.WithoutCancel(ctx))
		} else {
			p.write(context.WithoutCancel(ctx))
		}
		if n%4 == 0 {
			pause(time.Millisecond)
		}
	}
}

// write writes one row, every second time with a key.
func (p *program) write(ctx context.Context) {
	id := p.next.Add(1)
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	err := p.put(ctx, id)
	p.ended(began, err)
	p.mu.Lock()
	p.outcomes[id] = err
	p.mu.Unlock()
}

func (p *program) put(ctx context.Context, id int64) error {
	var o sqlpool.TxOptions
	if id%2 == 0 {
		o.Key = fmt.Sprintf("%s %d", p.keys, id)
	}
	_, err := p.rig.InTx(ctx, &o, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, p.rig.put(p.table, id, 1))
		return err
	})
	return err
}

func (p *program) read(ctx context.Context) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	err := p.rig.Classify(takeAndGive(ctx, p.rig.DB()))
	p.ended(began, err)
	p.mu.Lock()
	p.selects[kindOf(err)]++
	p.mu.Unlock()
}

// ended notes how a call ended that began when it did.
func (p *program) ended(began time.Time, err error) {
	now := time.Now()
	over := int64(now.Sub(began) - deadline)
	for old := p.worst.Load(); over > old && !p.worst.CompareAndSwap(old, over); old = p.worst.Load() {
		continue
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && p.first.IsZero() && !p.back.IsZero() && began.After(p.back) {
		p.first = now
	}
}

// kindOf is the kind of an error, with those of contexts.
func kindOf(err error) fault.Kind {
	switch kind := fault.KindOf(err); {
	case err == nil:
		return "done"
	case kind != "":
		return kind
	case errors.Is(err, context.DeadlineExceeded):
		return "deadline"
	}
	return "driver's"
}

// badDay has the program work while the server is struck.
func (h *Harness) badDay(t *testing.T, source sqlpool.Source, strike strike) {
	before := goroutines()
	server := h.Server(t)
	proxy := server.Proxy()
	source.MinIdle, source.MaxOpen, source.ProbeEvery = 15, pooled, time.Second
	var p *program
	func() {
		r := h.newRigBeside(t, through(t, source, proxy.Addr), source)
		defer r.end(t)
		p = newProgram(t, r)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var all sync.WaitGroup
		for range workers {
			all.Go(func() { p.work(ctx) })
		}
		eventually(t, "some work", func() bool { return p.next.Load() > 500 })
		strike.hit(server, proxy)
		p.mu.Lock()
		p.back = time.Now()
		p.mu.Unlock()
		recovered := within(recovery, func() bool { p.mu.Lock(); defer p.mu.Unlock(); return !p.first.IsZero() })
		if !recovered {
			t.Errorf("nothing succeeded within %s after the server was back: %v", recovery, r.Stats().Outage)
		}
		pause(300 * time.Millisecond)
		stop()
		all.Wait()
		p.report(t, strike.name)
		p.repeatUnknown(t)
		p.count(t)
		wantIdle(t, r)
	}()
	proxy.Cut() // its goroutines are none of the pool's
	wantGoroutines(t, before+4)
}

// wantIdle holds that no connection is in use, and that there are not too many.
func wantIdle(t tb, r *rig) {
	t.Helper()
	eventually(t, "nothing is in use", func() bool { s := r.Stats(); return s.InUse == 0 && s.Waiting == 0 && s.Dialling == 0 })
	s := r.Stats()
	if open := s.Opened - s.Closed; open > pooled || s.Outage != nil {
		t.Errorf("%d connections are open of %d, and the outage is %v", open, pooled, s.Outage)
	}
	r.beside.SetMaxOpenConns(1)
	// The server may need a while to see that a session has gone.
	if !within(patience, func() bool { return ask[int](t, r.beside, r.others) <= pooled+1 }) {
		t.Errorf("%d sessions at the server, of %d and one for the probe", ask[int](t, r.beside, r.others), pooled)
	}
}

// report prints what came of the day, and holds that each call ended in time.
func (p *program) report(t tb, name string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	writes := map[fault.Kind]int{}
	for _, err := range p.outcomes {
		writes[kindOf(err)]++
	}
	t.Logf("%s: writes %s; selects %s; worst overrun of a deadline %s; first success %s after it was back",
		name, list(writes), list(p.selects), time.Duration(max(p.worst.Load(), 0)).Round(time.Millisecond), p.first.Sub(p.back).Round(time.Millisecond))
	if over := time.Duration(p.worst.Load()); over > slack {
		t.Errorf("a call ended %s after its deadline", over)
	}
	if n := p.selects["driver's"] + writes["driver's"]; n > 0 {
		t.Errorf("%d errors of no kind, such as %v", n, p.unkind())
	}
	if p.selects[fault.Conflict]+p.selects[fault.Invalid]+writes[fault.Conflict]+writes[fault.Invalid]+writes[fault.NotFound] > 0 {
		t.Errorf("errors that are none of the server's going away: %s, %s", list(writes), list(p.selects))
	}
}

// unkind is an error of no kind.
func (p *program) unkind() error {
	for _, err := range p.outcomes {
		if kindOf(err) == "driver's" {
			return err
		}
	}
	return nil
}

// list is a map in text, in order.
func list(counts map[fault.Kind]int) string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d", kind, counts[kind]))
	}
	return strings.Join(all, ", ")
}

// repeatUnknown does again, with its key, what may have been done.
func (p *program) repeatUnknown(t tb) {
	t.Helper()
	for id, err := range p.outcomes {
		if id%2 == 0 && kindOf(err) == fault.Unknown {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			p.outcomes[id] = p.put(ctx, id)
			cancel()
			if p.outcomes[id] != nil {
				t.Errorf("what is unknown cannot be repeated with its key: %v", p.outcomes[id])
			}
		}
	}
}

// count compares what is stored with what was said of it.
func (p *program) count(t tb) {
	t.Helper()
	stored := map[int64]int{}
	found, err := p.rig.beside.QueryContext(t.Context(), "SELECT id FROM "+p.table) //nolint:rowserrcheck // closeRows asks
	if err != nil {
		t.Fatalf("count: %v", err)
	}
	defer closeRows(t, found)
	for found.Next() {
		var id int64
		if err := found.Scan(&id); err != nil {
			t.Errorf("count: %v", err)
		}
		stored[id]++
	}
	var lost, doubled, wrong []int64
	var unknownThere, unknown int
	for id, err := range p.outcomes {
		n := stored[id]
		switch kind := kindOf(err); {
		case n > 1:
			doubled = append(doubled, id)
		case kind == "done" && n == 0:
			lost = append(lost, id)
		case kind == fault.Unknown:
			unknown++
			unknownThere += n
		case kind != "done" && n > 0:
			wrong = append(wrong, id)
			t.Errorf("row %d is there, but its writer was told: %v", id, err)
		}
	}
	t.Logf("%d rows stored; of %d that are unknown still, %d are there", len(stored), unknown, unknownThere)
	if len(lost)+len(doubled)+len(wrong) > 0 {
		t.Errorf("lost %v, doubled %v, there though said not to be %v", lost, doubled, wrong)
	}
}

// cutCommits cuts connections exactly at the commit.
func (h *Harness) cutCommits(t *testing.T, source sqlpool.Source) {
	proxy := h.Server(t).Proxy()
	source.MinIdle, source.MaxOpen, source.MaxDials = 2, 4, 1000
	r := h.newRigBeside(t, through(t, source, proxy.Addr), source)
	defer r.end(t)
	p := newProgram(t, r)
	kinds := map[bool]map[fault.Kind]int{true: {}, false: {}}
	for range fewer.Of(200) {
		id := p.next.Add(1)
		keyed, whole := id%2 == 0, id%4 < 2
		if keyed { // the table of keys is made without being cut
			if _, err := r.InTx(t.Context(), &sqlpool.TxOptions{Key: fmt.Sprintf("%s before %d", p.keys, id)}, nothing); err != nil {
				t.Errorf("before it is cut: %v", err)
			}
		}
		proxy.CutNext(servers.ToServer, r.commit, whole)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := p.put(ctx, id)
		cancel()
		p.outcomes[id] = err
		kinds[keyed][kindOf(err)]++
		if keyed && err != nil {
			t.Errorf("with a key: %v", err)
		}
		if !keyed && err == nil {
			t.Errorf("a commit that was cut off (behind the server's reading it: %v) succeeded", whole)
		}
	}
	t.Logf("cut at the commit: without a key %s; with one %s", list(kinds[false]), list(kinds[true]))
	if n := kinds[false][fault.Unknown]; int64(n) != r.Stats().Uncertain {
		t.Errorf("%d are unknown, and the figures tell of %d", n, r.Stats().Uncertain)
	}
	wantIdle(t, r)
	p.count(t)
}
