package localseries

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var (
	programs = flag.Uint64("programs", 200, "how many random programs run on a disk that fails; 3000 at night")
	oneSeed  = flag.Int64("program", -1, "the seed of the random program that is run alone")
)

// TestProgramsOnADiskThatFails runs random programs of everything that a store
// can do, while single operations of the disk fail, processes are killed and the
// power goes. Whatever was acknowledged or shown is there, and nothing else: for
// who reads, who follows the changes, in backups, and in what is salvaged.
//
// In every second program segments are written and merged where it says so, and
// it is the same each time; the others leave that to the engine.
func TestProgramsOnADiskThatFails(t *testing.T) {
	from, to := uint64(0), *programs
	if *oneSeed >= 0 {
		from, to = uint64(*oneSeed), uint64(*oneSeed)+1
	}
	for seed := from; seed < to; seed += uint64(fewer.Step(7)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { newProgram(t, seed).run() })
	}
}

// A program is a random one, and what is known of the store that it is run on.
type program struct {
	t       *testing.T
	seed    uint64
	random  *rand.Rand
	opts    *Options
	byHand  bool // segments are written and merged by steps alone
	disk    *disktest.Disk
	ail     *ailment
	engine  *Engine
	typed   *typed
	calls   int
	stopAt  int      // the operation at which the power goes, 0 for never
	may     [][]step // what may have been done, more than one if calls failed as fault.Unknown
	held    *heldCall
	backup  *kept
	follows follower
	notes   []string
}

// A heldCall is a bulk write that waits to create its segment.
type heldCall struct {
	step    step
	release chan struct{}
	done    chan error
}

// A kept is a backup, and what it may hold.
type kept struct {
	disk *disktest.Disk
	may  [][]step
}

func newProgram(t *testing.T, seed uint64) *program {
	r := rand.New(rand.NewPCG(seed, 77))
	p := &program{t: t, seed: seed, random: r, disk: disktest.New(seed), byHand: seed%2 == 0, may: [][]step{nil}}
	p.opts = &Options{sizes: sizes{bulk: 8 + r.IntN(8), chunk: 3 + r.IntN(4), merge: 1000, eager: true}, Cache: 4000 * int64(seed%3)}
	if p.byHand {
		return p
	}
	p.opts.sizes.log = int64(500 + r.IntN(5000))
	if r.IntN(2) == 0 {
		p.opts.Memory = int64(200 + r.IntN(3000))
	}
	if r.IntN(2) == 0 {
		p.opts.sizes.merge = 2 + r.IntN(3)
	}
	return p
}

func (p *program) run() {
	p.open(false)
	if p.random.IntN(4) == 0 {
		p.leave(p.nextStep()) // while there is nothing yet
	}
	for range 70 {
		if p.step(); p.powerless() || len(p.may) > 8 {
			p.end(false)
		}
	}
	p.release()
	p.look("in the end")
	p.end(true)
	p.calmly(p.follow)
	if err := p.engine.Close(); err != nil {
		p.note("close: %v", err)
	}
}

// step does something at random.
func (p *program) step() {
	switch x := p.random.IntN(40); {
	case x < 19:
		p.call(p.nextStep())
	case x < 22:
		p.note("flush: %v", p.engine.flush())
	case x < 25:
		p.merge(2 + p.random.IntN(2))
	case x < 28:
		p.calmly(p.follow)
	case x < 30:
		p.hold(p.plainStep())
	case x < 33:
		p.release()
	case x == 33:
		p.cancel(p.nextStep())
	case x == 34:
		p.leave(p.nextStep())
	case x < 37:
		p.end(false)
	case x == 37:
		p.copy()
	case x == 38 && p.backup != nil && p.random.IntN(2) == 0:
		p.restore()
	default:
		p.look("live")
	}
}

func (p *program) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

func (p *program) fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("seed %d, -program %[1]d runs it again:\n\t%s\n%s", p.seed, strings.Join(p.notes, "\n\t"), fmt.Sprintf(format, args...))
}

// nextStep returns a call of frames whose column id changes its type from time to
// time, which the store lets through if it has no values of the other.
func (p *program) nextStep() step {
	p.calls++
	return p.stepOf(p.calls, p.calls/25%2 > 0)
}

// stepOf returns a call of which the column id has one type or the other.
func (p *program) stepOf(n int, other bool) step {
	s := randomStepOf(p.seed, n, func(f *series.Frame) {
		id := &f.Cols[1]
		if other == (f.Key.Kind == series.Indicator) {
			return
		}
		id.Floats = make([]float64, len(id.Ints))
		for i, v := range id.Ints {
			id.Floats[i] = float64(v) + 0.5
		}
		id.Ints = nil
	})
	s.name = fmt.Sprintf("%d: %s, other %v", n, s.name, other)
	return s
}

// plainStep returns a call of frames without the column that changes its type.
func (p *program) plainStep() step {
	p.calls++
	s := randomStepOf(p.seed, p.calls, func(f *series.Frame) { f.Cols = f.Cols[:1] })
	s.name = fmt.Sprint(p.calls, ": ", s.name, " without id")
	return s
}

// typed is an engine that lets through what a store does.
type typed struct {
	series.Engine
	store *series.Store
}

func (e *typed) Write(ctx context.Context, frames []series.Frame) error {
	_, err := e.store.Write(ctx, frames, nil)
	return err
}

func (e *typed) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	_, err := e.store.Replace(ctx, r, f, nil)
	return err
}

func (e *typed) Delete(ctx context.Context, k series.Key, r market.Range) error {
	return e.Engine.Delete(ctx, k, r) // the store would read first, to count the rows
}

// call does a step, and often does it again until it is known that it was done.
func (p *program) call(s step) {
	unsure := p.called(s, s.do(p.t.Context(), p.typed))
	again := p.random.IntN(2) == 0
	for n := 0; unsure && again && !p.powerless(); n++ {
		err := s.do(p.t.Context(), p.typed)
		if p.called(s, err); n == 20 {
			p.fail("it is never known whether it was done")
		}
		unsure = err != nil
	}
}

// called notes how a call ended, and reports whether it may have been done.
func (p *program) called(s step, err error) (unsure bool) {
	p.note("%s: %v", s.name, err)
	unsure = errors.Is(err, fault.Unknown)
	if err != nil && !unsure {
		return false
	}
	var with [][]step
	for _, m := range p.may {
		with = append(with, append(slices.Clip(m), s))
	}
	if unsure {
		with = append(with, p.may...)
	}
	p.may = with
	return unsure
}

// cancel does a step and leaves it at one of the operations of the disk.
func (p *program) cancel(s step) {
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	var left atomic.Int64
	left.Store(1 + p.random.Int64N(8))
	p.ail.tell(func(string, string) {
		if left.Add(-1) == 0 {
			cancel()
		}
	})
	p.note("is cancelled:")
	p.called(s, s.do(ctx, p.typed))
	p.ail.tell(nil)
}

// leave does a step, leaves it while the log is synced, and has another one come
// meanwhile: any, one of the same rows in a column of another type, or a delete.
func (p *program) leave(s step) {
	next := p.nextStep()
	switch p.random.IntN(3) {
	case 0:
		next = p.stepOf(p.calls-1, p.random.IntN(2) == 0)
	case 1:
		k := crashKeys[p.random.IntN(len(crashKeys))]
		next = step{fmt.Sprint(p.calls, ": delete all of ", k), func(ctx context.Context, e series.Engine) error { return e.Delete(ctx, k, market.Range{}) }}
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p.ail.tell(func(op, path string) {
		if op == "sync" && strings.HasSuffix(path, ".log") {
			once.Do(func() { close(reached); <-goOn })
		}
	})
	p.note("is left, and does not wait:")
	start := func(ctx context.Context, s step) chan error {
		done := make(chan error, 1)
		go func() { done <- s.do(ctx, p.typed) }()
		return done
	}
	left := start(ctx, s)
	select {
	case <-reached:
	case err := <-left:
		left <- err
	}
	cancel()
	others()
	done := start(p.t.Context(), next)
	others()
	close(goOn)
	p.called(s, <-left)
	p.called(next, <-done)
	p.ail.tell(nil)
}

// others lets other goroutines go on, as far as they can soon.
func others() {
	for range 100 {
		runtime.Gosched()
	}
}

// hold does a step, which if it is a bulk write stops before it creates its segment.
func (p *program) hold(s step) {
	if p.held != nil || !p.byHand {
		return
	}
	h := &heldCall{s, make(chan struct{}), make(chan error, 1)}
	reached := make(chan struct{})
	var once sync.Once
	p.ail.tell(func(op, path string) {
		if op == "create" && strings.HasPrefix(path, "data/"+segmentPrefix) {
			once.Do(func() { close(reached); <-h.release })
		}
	})
	e := p.engine // the store would have others wait that write the same series
	go func() { h.done <- s.do(context.WithoutCancel(p.t.Context()), e) }()
	select {
	case <-reached:
		p.called(s, fault.Unknown)
		p.held = h
	case err := <-h.done:
		p.called(s, err)
	}
	p.ail.tell(nil)
}

// release lets the call go on that is held. It counts from when it began.
func (p *program) release() {
	h := p.held
	if h == nil {
		return
	}
	close(h.release)
	err := <-h.done
	p.note("%s, which was held: %v", h.step.name, err)
	if !errors.Is(err, fault.Unknown) {
		p.may = h.apart(p.may, err == nil)
	}
	p.held = nil
}

// apart returns the runs of steps in which the call was done, or those in which it
// was not. A nil h is no call.
func (h *heldCall) apart(may [][]step, done bool) [][]step {
	return slices.DeleteFunc(slices.Clone(may), func(m []step) bool {
		return h != nil && done != slices.ContainsFunc(m, func(s step) bool { return s.name == h.step.name })
	})
}

// merge merges segments, n at a time, where nothing else does.
func (p *program) merge(n int) {
	if !p.byHand {
		return
	}
	p.awaitFirstMerge()
	p.engine.sizes.merge = n
	defer func() { p.engine.sizes.merge = 1000 }()
	for merged := true; merged; {
		var err error
		merged, err = p.engine.mergeOnce()
		p.note("merge %d: %v, %v", n, merged, err)
		merged = merged && err == nil
	}
}

// awaitFirstMerge waits until the engine has looked for something to merge, as it
// does when it is opened.
func (p *program) awaitFirstMerge() {
	m := &p.engine.memory
	for done := false; !done; runtime.Gosched() {
		m.Lock()
		done = m.merged.tries > 0
		m.Unlock()
	}
}

// end ends the process, and has the next one open the store. It is asked of a disk
// that is well, or may fail.
func (p *program) end(well bool) {
	if !p.powerless() && p.random.IntN(3) == 0 {
		p.release()
		p.note("close: %v", p.engine.Close())
	}
	e := p.engine
	p.restart()
	p.release()
	_ = e.Close()
	all, before := filesOf(p.t, p.disk), p.may
	p.open(well)
	for name, damaged := range all.withoutEachRoot(p.t) {
		_ = p.openCopy("without "+name, damaged, before).Close()
	}
	if p.random.IntN(3) == 0 {
		p.salvage(all, before)
	}
}

// restart gives the disk to the next process, or the next one after the power went.
func (p *program) restart() {
	p.note("%s", p.ail)
	if p.random.IntN(2) == 0 {
		p.note("killed")
		p.disk = p.disk.Kill()
		return
	}
	p.note("the power goes")
	p.disk = p.disk.Crash()
}

// open opens the store, which may fail a few times, and wants to see there what
// may be there. What is seen is known from then on.
func (p *program) open(well bool) {
	for n := 0; ; n++ {
		well = well || n == 4
		p.sicken(well)
		e, err := newEngine(p.disk.Folder("data"), p.disk.Folder("log"), p.opts)
		if err != nil && (well || errors.Is(err, fault.Corrupt)) {
			p.fail("open, %s: %v", p.ail, err)
		}
		if err == nil {
			p.engine, p.typed = e, &typed{e, series.New(e, nil)}
			if p.calmly(func() { p.may = p.compare("opened"); p.verify(e) }) {
				return
			}
			_ = e.Close()
		}
		if p.note("open: %v", err); p.powerless() {
			p.restart()
		}
	}
}

// sicken decides what will fail in this process.
func (p *program) sicken(well bool) {
	p.ail, p.stopAt = &ailment{}, 0
	if !well && p.random.IntN(3) > 0 {
		p.ail.from = 1 + p.random.IntN(400)
		p.ail.to = p.ail.from + 1 + p.random.IntN(6)
		p.ail.late = p.random.IntN(2) == 0
	}
	if !well && p.random.IntN(4) == 0 {
		p.stopAt = p.disk.Done() + 1 + p.random.IntN(400)
	}
	p.disk.StopAt(p.stopAt)
	ail := p.ail
	for _, folder := range folders {
		p.disk.Ask(folder, func(op, name string) error { return ail.asked(op, folder+"/"+name) })
	}
}

// powerless reports whether the power went.
func (p *program) powerless() bool {
	_, err := p.disk.Folder("log").List()
	return errors.Is(err, disktest.ErrStopped)
}

// calmly does something while the disk is well and every call has ended that was
// left. It reports whether there was power for it.
func (p *program) calmly(do func()) bool {
	p.ail.calm(true)
	defer p.ail.calm(false)
	p.disk.StopAt(0)
	if p.powerless() {
		return false
	}
	if err := p.engine.Delete(p.t.Context(), series.Key{Kind: series.Bars, Symbol: market.Symbol{Code: "none", Exchange: "X"}, Interval: market.Day}, market.Range{}); err != nil {
		p.fail("a delete on a disk that is well again: %v", err)
	}
	do()
	if p.stopAt > 0 {
		p.stopAt = max(p.stopAt, p.disk.Done()+1)
		p.disk.StopAt(p.stopAt)
	}
	return true
}

// look wants to see what may be there.
func (p *program) look(what string) { p.calmly(func() { p.compare(what) }) }

// compare wants to see what may be there, and returns by which steps it may have
// come.
func (p *program) compare(what string) [][]step {
	p.t.Helper()
	return p.wantOneOf(what, p.engine, p.held.apart(p.may, false))
}

func (p *program) wantOneOf(what string, e *Engine, may [][]step) [][]step {
	p.t.Helper()
	got, err := tryContents(p.t.Context(), e)
	if err != nil {
		p.fail("%s: %v", what, err)
	}
	var wants []string
	for _, m := range may {
		want := outcomeOf(p.t, m)
		if got == want {
			return [][]step{m}
		}
		wants = append(wants, want)
	}
	p.fail("%s: got\n%s\nwant\n%s", what, got, strings.Join(wants, "\nor\n"))
	return nil
}

// outcomeOf returns what an oracle holds after steps. It ends where a column has
// two types: an engine would not have let that through, so not all of the steps
// were done.
func outcomeOf(t *testing.T, steps []step) (want string) {
	defer func() {
		if at := recover(); at != nil {
			want = fmt.Sprint("nothing that can be: ", at)
		}
	}()
	return after(t, steps)
}

func (p *program) verify(e *Engine) {
	p.t.Helper()
	for d, err := range e.Verify(p.t.Context()) {
		p.fail("verify: %v, %v", d.Err, err)
	}
}

// openCopy opens a store on a disk that is well, and wants it to be sound and to
// hold what it may.
func (p *program) openCopy(what string, d *disktest.Disk, may [][]step) *Engine {
	p.t.Helper()
	e, err := newEngine(d.Folder("data"), d.Folder("log"), p.opts)
	if err != nil {
		p.fail("%s: %v", what, err)
	}
	p.wantOneOf(what, e, may)
	p.verify(e)
	return e
}

// salvage salvages the files, and may go on with what comes of it. That something
// is lost may be said of what was never acknowledged.
func (p *program) salvage(all files, may [][]step) {
	from, to := all.with(p.t, "", nil), disktest.New(p.random.Uint64())
	s := &salvage{ctx: p.t.Context(), data: from.Folder("data"), log: from.Folder("log")}
	err := s.whatCounts()
	if err == nil {
		err = s.copyTo(to.Folder("data"), to.Folder("log"))
	}
	if p.note("salvage: lost %v", s.found.Lost); err != nil {
		p.fail("salvage: %v", err)
	}
	to = to.Crash()
	_ = p.openCopy("salvaged", to, may).Close()
	if to = to.Kill(); p.random.IntN(2) == 0 {
		p.goOn(to, may)
	}
}

// goOn goes on with a copy of the store.
func (p *program) goOn(copied *disktest.Disk, may [][]step) {
	p.note("goes on with the copy")
	p.disk.Kill()
	p.release()
	_ = p.engine.Close()
	p.disk, p.may, p.follows.moved = copied, may, true
	p.open(false)
}

// copy makes a backup.
func (p *program) copy() {
	to := disktest.New(p.random.Uint64())
	err := p.engine.copyTo(p.t.Context(), to.Folder("data"), to.Folder("log"))
	if p.note("backup: %v", err); err != nil {
		return
	}
	p.backup = &kept{to.Crash(), p.held.apart(p.may, false)}
}

// restore goes on with the backup.
func (p *program) restore() {
	p.note("restore")
	to := disktest.New(p.random.Uint64())
	e := p.openCopy("the backup", p.backup.disk, p.backup.may)
	if err := e.copyTo(p.t.Context(), to.Folder("data"), to.Folder("log")); err != nil {
		p.fail("restore: %v", err)
	}
	_ = e.Close()
	p.backup.disk = p.backup.disk.Kill()
	p.goOn(to.Crash(), p.backup.may)
}

// An ailment is which operations of a disk fail, one after another.
type ailment struct {
	from, to int
	late     bool // they happen, and fail all the same

	mu    sync.Mutex // guards the fields below
	well  bool       // for the moment
	asks  int        // how many operations there were, but for those when it was well
	fails []string
	told  func(op, path string)
}

var errAiling = errors.New("the disk is ailing")

// asked is asked whether an operation fails.
func (a *ailment) asked(op, path string) (err error) {
	a.mu.Lock()
	told := a.told
	if !a.well {
		a.asks++
		if a.from <= a.asks && a.asks < a.to {
			err = errAiling
			a.fails = append(a.fails, op+" "+path)
		}
	}
	a.mu.Unlock()
	if told != nil {
		told(op, path)
	}
	if err != nil && a.late {
		return &disktest.Late{Err: err}
	}
	return err
}

func (a *ailment) calm(well bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.well = well
}

// tell has f be told of each operation; nil tells nobody.
func (a *ailment) tell(f func(op, path string)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = f
}

// String tells what has failed.
func (a *ailment) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return fmt.Sprintf("failed so far: %q, late %v", a.fails, a.late)
}

// A follower has a copy of the store, which it keeps by its changes.
type follower struct {
	since uint64
	moved bool // to a copy of the store, which has other numbers
	rows  map[series.Key]map[market.Time]string
	attrs map[series.Key]string
}

// follow lets the follower catch up, which has then what the store has.
func (p *program) follow() {
	f := &p.follows
	if f.rows == nil {
		f.copyAll(p, 0)
	}
	page := p.random.IntN(3) // 0 for all at once
	for f.catchUp(p, page) {
		continue
	}
	fresh := follower{}
	fresh.copyAll(p, f.since)
	if got, want := fmt.Sprint(f.rows, f.attrs), fmt.Sprint(fresh.rows, fresh.attrs); got != want {
		p.fail("who follows has\n%s\nwant\n%s", got, want)
	}
}

// catchUp takes some changes, and reports whether there are more.
func (f *follower) catchUp(p *program, page int) (more bool) {
	n := 0
	for c, err := range p.engine.Changes(p.t.Context(), f.since) {
		if forgotten := (*series.Forgotten)(nil); errors.As(err, &forgotten) {
			if f.since > forgotten.Last && !f.moved {
				p.fail("the last change has number %d, after %d", forgotten.Last, f.since)
			}
			f.copyAll(p, forgotten.Last)
			return true
		}
		if err != nil || c.Seq <= f.since && n == 0 {
			p.fail("changes after %d: %v, %v", f.since, c, err)
		}
		f.copy(p, c.Key, c.Range)
		f.since = c.Seq
		if n++; n == page {
			return true
		}
	}
	return false
}

// copyAll copies everything, of which the last change has number last.
func (f *follower) copyAll(p *program, last uint64) {
	*f = follower{since: last, rows: map[series.Key]map[market.Time]string{}, attrs: map[series.Key]string{}}
	for _, k := range crashKeys {
		f.rows[k] = map[market.Time]string{}
		f.copy(p, k, market.Range{})
	}
}

// copy copies the rows of a series in a range, and its attributes.
func (f *follower) copy(p *program, k series.Key, in market.Range) {
	rows := f.rows[k]
	for at := range rows {
		if in.Contains(at) {
			delete(rows, at)
		}
	}
	for g, err := range p.engine.Read(p.t.Context(), series.Query{Keys: []series.Key{k}, Range: in}) {
		if err != nil {
			p.fail("read: %v", err)
		}
		for i := range g.Len() {
			rows[g.Time[i]] = fmt.Sprint(cells(g, i))
		}
	}
	delete(f.attrs, k)
	for o, err := range p.engine.Overview(p.t.Context(), series.Filter{Kind: k.Kind, Symbol: k.Symbol, Interval: k.Interval, Name: k.Name}) {
		if err != nil {
			p.fail("overview: %v", err)
		}
		if o.Key == k && len(o.Attrs) > 0 {
			f.attrs[k] = fmt.Sprint(o.Attrs)
		}
	}
}
