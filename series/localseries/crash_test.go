package localseries

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// crashing makes everything happen soon.
var crashing = &Options{Memory: 2000, sizes: sizes{bulk: 12, chunk: 5, log: 4000, merge: 3}}

// A step is a call that changes an engine.
type step struct {
	name string
	do   func(ctx context.Context, e series.Engine) error
}

var crashKeys = []series.Key{
	series.BarKey(market.Symbol{Code: "rb2601", Exchange: market.SHFE}, market.Minute),
	series.TickKey(market.Symbol{Code: "螺纹", Exchange: market.SHFE}),
	{Kind: series.Indicator, Symbol: market.Symbol{Code: "a", Exchange: "X"}, Interval: market.Hour, Name: "rsi(14)"},
}

// randomSteps returns calls that meet: few series, few places.
func randomSteps(seed uint64, n int) []step {
	steps := make([]step, n)
	for i := range steps {
		steps[i] = randomStep(seed, i)
	}
	return steps
}

func randomStep(seed uint64, i int) step { return randomStepOf(seed, i, func(*series.Frame) {}) }

// randomStepOf returns the i-th of the calls, with other frames.
func randomStepOf(seed uint64, i int, change func(*series.Frame)) step {
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	k := crashKeys[r.IntN(len(crashKeys))]
	in := market.Range{From: 60e9 * market.Time(1+r.IntN(20))}
	in.To = in.From + 60e9*market.Time(r.IntN(10))
	switch r.IntN(8) {
	case 0:
		return step{fmt.Sprint("delete ", k, in), func(ctx context.Context, e series.Engine) error { return e.Delete(ctx, k, in) }}
	case 1:
		return step{fmt.Sprint("delete all of ", k), func(ctx context.Context, e series.Engine) error { return e.Delete(ctx, k, market.Range{}) }}
	case 2:
		f := randomFrame(r, k, in, i)
		change(&f)
		return step{fmt.Sprint("replace ", k, in), func(ctx context.Context, e series.Engine) error { return e.Replace(ctx, in, f) }}
	}
	frames := []series.Frame{randomFrame(r, k, market.Range{}, i), randomFrame(r, crashKeys[r.IntN(len(crashKeys))], market.Range{}, i)}
	change(&frames[0])
	change(&frames[1])
	return step{fmt.Sprint("write ", k, frames[1].Key), func(ctx context.Context, e series.Engine) error { return e.Write(ctx, frames) }}
}

// randomFrame returns rows of k in a range, of version i.
func randomFrame(r *rand.Rand, k series.Key, in market.Range, i int) series.Frame {
	f := series.Frame{Key: k, Time: []market.Time{}}
	if r.IntN(4) == 0 {
		f.Attrs = map[string]string{"source": fmt.Sprint(i)}
	}
	price, id := series.Column{Name: "v", Floats: []float64{}}, series.Column{Name: "id", Ints: []int64{}, Valid: []bool{}}
	if k.Kind != series.Indicator {
		price.Name = series.BaseColumns(k.Kind)[0].Name
	}
	for m := range 30 {
		if t := 60e9 * market.Time(1+m); in.Contains(t) && r.IntN(3) == 0 {
			f.Time = append(f.Time, t)
			price.Floats = append(price.Floats, float64(i)+float64(m+1)/100)
			id.Ints = append(id.Ints, int64(i))
			id.Valid = append(id.Valid, r.IntN(2) == 0)
		}
	}
	if f.Cols = []series.Column{price, id}; k.Kind == series.Ticks {
		f.Seq = make([]uint32, f.Len())
	}
	return f
}

// contents returns all that an engine holds, as text.
func contents(t testing.TB, e series.Engine) string {
	t.Helper()
	all, err := tryContents(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func tryContents(ctx context.Context, e series.Engine) (string, error) {
	var b strings.Builder
	for o, err := range e.Overview(ctx, series.Filter{}) {
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&b, o.Key, o.Count, o.First, o.Last, o.Attrs)
	}
	for f, err := range e.Read(ctx, series.Query{Keys: crashKeys}) {
		if err != nil {
			return "", err
		}
		for i := range f.Len() {
			fmt.Fprintln(&b, f.Key, f.Time[i], cells(f, i))
		}
	}
	return b.String(), nil
}

// cells returns the values of a row, by name.
func cells(f *series.Frame, row int) []string {
	var all []string
	for _, c := range f.Cols {
		switch {
		case c.Valid != nil && !c.Valid[row]:
		case c.Floats != nil:
			all = append(all, fmt.Sprint(c.Name, "=", c.Floats[row]))
		default:
			all = append(all, fmt.Sprint(c.Name, "=", c.Ints[row]))
		}
	}
	slices.Sort(all)
	return all
}

// after returns what an oracle holds after steps.
func after(t testing.TB, steps []step) string {
	t.Helper()
	oracle := memseries.NewEngine()
	for _, s := range steps {
		if err := s.do(t.Context(), oracle); err != nil {
			t.Fatal(err)
		}
	}
	return contents(t, oracle)
}

// crashAt runs steps on a disk whose power goes at an operation, and checks what
// is there when it is back, and that writing goes on.
func crashAt(t *testing.T, seed uint64, op int, steps []step, left func(*disktest.Disk) *disktest.Disk) {
	t.Helper()
	d := &onDisk{disktest.New(seed), crashing}
	d.disk.StopAt(op)
	acked := 0
	e, err := newEngine(d.disk.Folder("data"), d.disk.Folder("log"), d.opts)
	if err == nil {
		for _, s := range steps {
			if s.do(t.Context(), e) != nil {
				break
			}
			acked++
		}
		_ = e.Close()
	}
	d.disk = left(d.disk)
	again := d.open(t)
	got := contents(t, again)
	sure, perhaps := after(t, steps[:acked]), after(t, steps[:min(acked+1, len(steps))])
	if got != sure && got != perhaps {
		t.Fatalf("seed %d, power gone at operation %d: after %d calls got\n%s\nwant\n%s\nor, with %s,\n%s", seed, op, acked, got, sure, steps[min(acked, len(steps)-1)].name, perhaps)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	again = d.open(t)
	defer again.Close()
	if now := contents(t, again); now != got {
		t.Fatalf("seed %d, operation %d: opened a third time got\n%s\nwant\n%s", seed, op, now, got)
	}
}

func TestNothingAcknowledgedIsLostWhenThePowerGoes(t *testing.T) {
	steps := randomSteps(1, 40)
	whole := &onDisk{disktest.New(0), crashing}
	e := whole.open(t)
	for _, s := range steps {
		if err := s.do(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	operations := whole.disk.Done()
	for op := 1; op <= operations; op += fewer.Step(7) {
		crashAt(t, uint64(op), op, steps, (*disktest.Disk).Crash)
		if op%4 == 0 {
			crashAt(t, uint64(op), op, steps, (*disktest.Disk).Kill)
		}
	}
	t.Logf("power gone at each of %d operations", operations)
}

// TestWhatAKilledProcessLeftIsDurableOnceItIsShown kills a process at each
// operation. The next one shows what it finds, and then the power goes: at once, or
// while it opens the store.
func TestWhatAKilledProcessLeftIsDurableOnceItIsShown(t *testing.T) {
	steps := randomSteps(1, 40)
	for n := 3; ; n += fewer.Step(7) {
		op := n / 3
		d := disktest.New(uint64(n))
		d.StopAt(op)
		h := history{seed: 1, abrupt: n%3 > 0}
		h.live(t, "new", d, len(steps), false)
		if d.Done() < op {
			t.Logf("killed at each of %d operations", op-1)
			return
		}
		d = d.Kill()
		if n%2 == 0 {
			d.StopAt(1 + n/2%40)
		}
		what := fmt.Sprintf("killed at operation %d, seed %d", op, n)
		h.live(t, what, d, 0, false)
		d = d.Crash()
		h.eachRootSuffices(t, what, d)
		h.live(t, what+", and then the power went", d, 0, true)
	}
}

// eachRootSuffices wants of a store of which there are two roots that it does with
// each of them.
func (h *history) eachRootSuffices(t *testing.T, what string, d *disktest.Disk) {
	t.Helper()
	for name, damaged := range filesOf(t, d).withoutEachRoot(t) {
		left := *h
		left.live(t, what+", and then the power, and "+name, damaged, 0, true)
	}
}

// withoutEachRoot yields disks of which one root is damaged, and its name, if there
// are two.
func (f files) withoutEachRoot(t *testing.T) iter.Seq2[string, *disktest.Disk] {
	return func(yield func(string, *disktest.Disk) bool) {
		if f["data/"+rootNames[0]] == nil || f["data/"+rootNames[1]] == nil {
			return
		}
		for _, name := range rootNames {
			root := slices.Clone(f["data/"+name])
			root[9] ^= 1
			if !yield(name, f.with(t, "data/"+name, root)) {
				return
			}
		}
	}
}

// A history is what the processes that had a store know of it, one after another.
type history struct {
	seed   uint64
	sure   []step // were acknowledged, or seen when the store was opened
	unsure []step // the one that was under way, if any
	next   int    // the number of the next step
	abrupt bool   // the power goes, or the process is killed, before it closes the store
}

// live opens the store, wants there what is known of it, and goes on until the
// power goes. Opening may fail, unless the disk is well, but not for damage.
func (h *history) live(t *testing.T, what string, d *disktest.Disk, steps int, well bool) {
	t.Helper()
	e, err := newEngine(d.Folder("data"), d.Folder("log"), crashing)
	if err != nil && (well || errors.Is(err, fault.Corrupt)) {
		t.Fatalf("%s: %v", what, err)
	}
	if err != nil {
		return
	}
	defer func() { _ = e.Close() }()
	got, err := tryContents(t.Context(), e)
	if err != nil && (well || !errors.Is(err, disktest.ErrStopped)) {
		t.Fatalf("%s: %v", what, err)
	}
	if err != nil {
		return
	}
	if want := after(t, h.sure); got != want {
		perhaps := after(t, slices.Concat(h.sure, h.unsure))
		if got != perhaps {
			t.Fatalf("%s: after %d calls got\n%s\nwant\n%s\nor, with %v,\n%s", what, len(h.sure), got, want, h.unsure, perhaps)
		}
		h.sure = slices.Concat(h.sure, h.unsure)
	}
	h.unsure = nil
	if h.abrupt {
		defer func() { d.StopAt(d.Done() + 1) }()
	}
	for range steps {
		s := randomStep(h.seed, h.next)
		h.next++
		err := s.do(t.Context(), e)
		switch {
		case err == nil:
			h.sure = append(h.sure, s)
		case errors.Is(err, fault.Unknown) || errors.Is(err, disktest.ErrStopped):
			h.unsure = []step{s}
			return
		}
	}
}
