package httpbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
)

// A load is what many clients ask at once.
type load struct {
	form string
	kept string
	goal float64 // of the requests a second of a static file
}

var loads = []load{
	{"arrow", keepNothing, goalUncached},
	{"arrow", keepDefault, goalKept},
	{"json", keepDefault, goalTexts},
}

const mebibyte = 1 << 20

// A tally is what came of many clients.
type tally struct {
	rate float64 // requests a second
	late float64 // milliseconds that one of a hundred requests takes longer than
}

// load has many clients ask our server, and by turns for files of the same bytes.
func (r *runner) load(ctx context.Context, s *server, l load) error {
	work := s.about(fmt.Sprintf("%d clients, %d bars each as %s", r.plan.clients, r.plan.bars, l.form))
	rate := r.result(report.Result{Work: work, Unit: "requests/s"})
	share := r.result(report.Result{Work: work + ", of a file", Unit: "share", Goal: l.goal})
	late := r.result(report.Result{Work: work + ", p99", Unit: "ms", Less: true})
	asks := r.asks(l.form)
	for _, a := range asks {
		if err := r.keep(ctx, s, a, l.form); err != nil {
			return err
		}
	}
	turn := func(address func(*ask) string, all *[]tally) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			t, err := r.rush(ctx, s, asks, address)
			*all = append(*all, t)
			return t.rate, err
		}
	}
	var tallies, statics []tally
	o := &measure{name: ours, run: turn(func(a *ask) string { return s.Ours + a.path(l.form) }, &tallies)}
	f := &measure{name: "static", run: turn(func(a *ask) string { return s.Plain + "/static/" + a.static }, &statics)}
	before, err := s.memory(ctx, true)
	if err != nil {
		return err
	}
	watch := watchMemory(ctx, s)
	err = r.byTurns(ctx, o, f)
	first, second, failed := watch()
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	after, err := s.memory(ctx, true)
	if err != nil {
		return err
	}
	rows := int(o.median()*r.plan.span.Seconds()) * r.plan.bars
	rate.Put(ours, o.median(), rows)
	rate.Bound(staticFile, f.median())
	shares := make([]float64, len(o.took))
	for i := range shares {
		shares[i] = o.took[i] / f.took[i]
	}
	share.Put(ours, median(shares), rows)
	late.Put(ours, medianLate(tallies), rows)
	late.Bound(staticFile, medianLate(statics))
	r.report.Notes = append(r.report.Notes, report.Gap{Engine: "memory of the server, " + work, Why: fmt.Sprintf(
		"resident %.0f MiB before, at most %.0f MiB in the first half of the time and %.0f MiB in the second, %.0f MiB when garbage was given back; the heap %.0f, %.0f, %.0f and %.0f MiB; %d requests",
		mib(before.Resident), mib(first.Resident), mib(second.Resident), mib(after.Resident),
		mib(before.Heap), mib(first.Heap), mib(second.Heap), mib(after.Heap), int(sum(o.took)*r.plan.span.Seconds()))})
	return nil
}

func mib(bytes int64) float64 { return float64(bytes) / mebibyte }

func sum(all []float64) (s float64) {
	for _, v := range all {
		s += v
	}
	return s
}

// medianLate returns the median of those that count: the first does not.
func medianLate(all []tally) float64 {
	var late []float64
	for _, t := range all[1:] {
		late = append(late, t.late)
	}
	return median(late)
}

// rush has all clients ask for a while, each the next when it has an answer.
func (r *runner) rush(ctx context.Context, s *server, asks []*ask, address func(*ask) string) (tally, error) {
	addresses := make([]string, len(asks))
	for i, a := range asks {
		addresses[i] = address(a)
	}
	var clients sync.WaitGroup
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	began := time.Now()
	for i := range r.plan.clients {
		clients.Go(func() {
			took, err := r.client(ctx, s, asks, addresses, uint64(i))
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, took...), errors.Join(failed, err)
		})
	}
	clients.Wait()
	spent := time.Since(began)
	if failed != nil || len(all) == 0 {
		return tally{}, failed
	}
	slices.Sort(all)
	return tally{float64(len(all)) / spent.Seconds(), milliseconds(all[len(all)*99/100])}, nil
}

// client asks one time after the other, and returns how long each answer took.
func (r *runner) client(ctx context.Context, s *server, asks []*ask, addresses []string, seed uint64) (all []time.Duration, err error) {
	random := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // it is to be the same in every run
	buffer := make([]byte, bufferBytes)
	for end := time.Now().Add(r.plan.span); time.Now().Before(end); {
		i := random.IntN(len(asks))
		began := time.Now()
		n, err := s.get(ctx, addresses[i], buffer, io.Discard)
		all = append(all, time.Since(began))
		if err == nil && n != asks[i].bytes {
			err = fmt.Errorf("check: %s: %d bytes came, and not %d", addresses[i], n, asks[i].bytes)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// watchMemory looks at the memory of the server from time to time, until the
// function that it returns is called, which tells the most of the first half of the
// time, and of the second.
func watchMemory(ctx context.Context, s *server) func() (first, second Memory, err error) {
	ctx, stop := context.WithCancel(ctx)
	var all []Memory
	var failed error
	var watching sync.WaitGroup
	watching.Go(func() {
		every := time.NewTicker(200 * time.Millisecond)
		defer every.Stop()
		for failed == nil {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			m, err := s.memory(ctx, false)
			if ctx.Err() != nil {
				return
			}
			all, failed = append(all, m), err
		}
	})
	return func() (first, second Memory, err error) {
		stop()
		watching.Wait()
		return most(all[:len(all)/2]), most(all[len(all)/2:]), failed
	}
}

// most returns the most of each.
func most(all []Memory) (m Memory) {
	for _, x := range all {
		m.Resident, m.Heap = max(m.Resident, x.Resident), max(m.Heap, x.Heap)
	}
	return m
}
