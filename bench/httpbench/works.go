package httpbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// What we set ourselves.
const (
	goalArrow    = 100 // milliseconds for the large series
	goalJSON     = 2.5 // times as fast as encoding/json
	goalUncached = 0.3 // of the requests a second of a static file
	goalKept     = 0.5
	goalTexts    = 0.12
	goalPosted   = 2e6 // rows a second
)

// bigSymbol is the number of the symbol of the one large series: it is behind those
// of the many.
func (r *runner) bigSymbol() market.Symbol { return r.tapes.Bars(0).Symbol(r.plan.symbols * 2) }

// bars returns bars of the i-th symbol.
func (r *runner) bars(i, n int) []market.Bar {
	t := r.tapes.Bars(i)
	all := make([]market.Bar, n)
	for j := range all {
		all[j] = t.Bar(i, j)
	}
	return all
}

// prepare writes the rows that are read.
func (r *runner) prepare(ctx context.Context) (err error) {
	r.opts.Progress("writing what is read")
	if err := os.MkdirAll(r.static(), 0o755); err != nil {
		return err
	}
	s, err := localseries.Open(filepath.Join(r.dir, "data", "series"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for i := range r.plan.symbols {
		if err := s.WriteBars(ctx, r.tapes.Bars(i).Symbol(i), market.Minute, r.bars(i, r.plan.each)); err != nil {
			return err
		}
	}
	return s.WriteBars(ctx, r.bigSymbol(), market.Minute, r.bars(r.plan.symbols*2, r.plan.big))
}

// keep writes an answer of our server to a file, and remembers its length.
func (r *runner) keep(ctx context.Context, s *server, a *ask, form string) error {
	text, err := s.whole(ctx, s.Ours+a.path(form))
	if err != nil {
		return err
	}
	a.bytes = int64(len(text))
	return os.WriteFile(filepath.Join(r.static(), a.static), text, 0o644)
}

// about says of a work that nothing is kept decoded.
func (s *server) about(work string) string {
	if s.kept == keepNothing {
		return work + ", uncached"
	}
	return work
}

// measureReads measures reading.
func (r *runner) measureReads(ctx context.Context, s *server) error {
	big := &ask{symbol: r.bigSymbol(), static: "big"}
	if err := errors.Join(r.checkBig(ctx, s, big), r.bigArrow(ctx, s, big)); err != nil {
		return err
	}
	if s.kept == keepNothing {
		if err := r.bigJSON(ctx, s, big); err != nil {
			return err
		}
	}
	for _, l := range loads {
		if l.kept != s.kept {
			continue
		}
		if err := r.load(ctx, s, l); err != nil {
			return err
		}
	}
	return nil
}

// checkBig holds what comes against what was written.
func (r *runner) checkBig(ctx context.Context, s *server, big *ask) (err error) {
	far, err := client.Open(s.Ours, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, far.Close()) }()
	want, n := r.bars(r.plan.symbols*2, r.plan.big), 0
	for b, err := range far.Bars(ctx, big.symbol, market.Minute, market.Range{}) {
		if err != nil {
			return err
		}
		if n == len(want) || b != want[n] {
			return fmt.Errorf("check: row %d is %+v", n, b)
		}
		n++
	}
	if n != len(want) {
		return fmt.Errorf("check: %d rows came, and not %d", n, len(want))
	}
	return nil
}

// bigArrow reads the large series as columns: as Arrow, and as the Go client does.
func (r *runner) bigArrow(ctx context.Context, s *server, big *ask) (err error) {
	rows := fmt.Sprintf("%d bars", r.plan.big)
	arrow := r.result(report.Result{Work: s.about(rows + " as Arrow"), Unit: "ms", Less: true, Goal: goalArrow})
	frames := r.result(report.Result{Work: s.about(rows + " to the Go client"), Unit: "ms", Less: true, Goal: goalArrow})
	if err := r.keep(ctx, s, big, "arrow"); err != nil {
		return err
	}
	far, err := client.Open(s.Ours, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, far.Close()) }()
	a := &measure{name: ours, run: s.timed(s.Ours+big.path("arrow"), big.bytes)}
	l := &measure{name: "static", run: s.timed(s.Plain+"/static/big", big.bytes)}
	f := &measure{name: "client", run: func(ctx context.Context) (float64, error) {
		began, n := time.Now(), 0
		for f, err := range far.Read(ctx, series.Query{Keys: []series.Key{series.BarKey(big.symbol, market.Minute)}}) {
			if err != nil {
				return 0, err
			}
			n += f.Len()
		}
		if n != r.plan.big {
			return 0, fmt.Errorf("check: %d rows came", n)
		}
		return milliseconds(time.Since(began)), nil
	}}
	if err := r.byTurns(ctx, a, l, f); err != nil {
		return err
	}
	for result, m := range map[*report.Result]*measure{arrow: a, frames: f} {
		result.Put(ours, m.median(), r.plan.big)
		result.Bound(staticFile, l.median())
	}
	return nil
}

const staticFile = "a file of the same bytes as Arrow, or JSON, served by net/http"

// bigJSON reads the large series as JSON, and has encoding/json write it too.
func (r *runner) bigJSON(ctx context.Context, s *server, big *ask) error {
	rows := fmt.Sprintf("%d bars", r.plan.big)
	took := r.result(report.Result{Work: s.about(rows + " as JSON"), Unit: "ms", Less: true})
	times := r.result(report.Result{Work: rows + " as JSON, by encoding/json", Unit: "times", Goal: goalJSON})
	if err := r.keep(ctx, s, big, "json"); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(r.static(), big.static))
	if err != nil {
		return err
	}
	text = lineless(text)
	o := &measure{name: ours, run: s.timed(s.Ours+big.path("json"), big.bytes)}
	l := &measure{name: "static", run: s.timed(s.Plain+"/static/big", big.bytes)}
	all := []*measure{o, l}
	for way := range plainWays {
		address := s.Plain + big.plain(way)
		other, err := s.whole(ctx, address)
		if err != nil {
			return err
		}
		if !bytes.Equal(lineless(other), text) {
			return fmt.Errorf("check: %s writes another text", way)
		}
		all = append(all, &measure{name: way, run: s.timed(address, int64(len(other)))})
	}
	if err := r.byTurns(ctx, all...); err != nil {
		return err
	}
	best := slices.MinFunc(all[2:], func(a, b *measure) int { return compare(a.median(), b.median()) })
	took.Put(ours, o.median(), r.plan.big)
	took.Put(plain, best.median(), r.plan.big)
	took.Bound(staticFile, l.median())
	times.Put(ours, best.median()/o.median(), r.plan.big)
	r.opts.Progress("the fastest of encoding/json: " + best.name)
	return nil
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// lineless returns a text without what divides its lines.
func lineless(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), nil) }

// asks returns requests for some bars of one of the many series each, which are the
// same in every run.
func (r *runner) asks(form string) []*ask {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // it is to be the same in every run
	all := make([]*ask, r.plan.asks)
	for n := range all {
		i, from := random.IntN(r.plan.symbols), random.IntN(r.plan.each-r.plan.bars+1)
		t := r.tapes.Bars(i)
		all[n] = &ask{
			symbol: t.Symbol(i), static: form + strconv.Itoa(n),
			in: market.Range{From: t.Bar(i, from).Time, To: t.Bar(i, from+r.plan.bars-1).Time + 1e9},
		}
	}
	return all
}
