package seriestest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// TestContractFitsInfluxDB runs the suite on a sketch of an engine that speaks
// line protocol to a server.
func TestContractFitsInfluxDB(t *testing.T) {
	Run(t, Harness{
		Name: "InfluxDB sketch",
		Open: func(t testing.TB) series.Engine {
			s := newLineServer(t)
			return &lineEngine{url: s.URL, client: s.Client(), lane: make(chan struct{}, 1)}
		},
		leftOut:     []string{"Replace takes more rows than Write"}, // the server keeps maps
		NoWholeRows: true, NoWholeFrames: true, NoAtomicReplace: true,
	})
}

type lineEngine struct {
	url    string
	client *http.Client
	lane   chan struct{}  // held by a write until its answer: order decides who wins
	work   sync.WaitGroup // writes that go on though their caller left
	mu     sync.Mutex     // guards closed
	closed bool
}

// commit runs do to its end. A caller whose context ends meanwhile is told that
// the outcome is unknown.
func (e *lineEngine) commit(ctx context.Context, do func(ctx context.Context) error) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	// The caller takes the lane, not the work: what is accepted first is written
	// first, also if its caller went away.
	select {
	case e.lane <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error, 1)
	if !e.start(func() { done <- do(context.WithoutCancel(ctx)) }) {
		return fault.Closed
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", fault.Unknown, ctx.Err())
	}
}

// start runs work, which gives the lane back, unless the engine is closed: Close
// waits for all that was started.
func (e *lineEngine) start(work func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		<-e.lane
		return false
	}
	e.work.Go(func() {
		defer func() { <-e.lane }()
		work()
	})
	return true
}

func (e *lineEngine) begin(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fault.Closed
	}
	return ctx.Err()
}

// send makes a request; r counts for deletes and reads, its To inclusively.
func (e *lineEngine) send(ctx context.Context, path string, from, to int64, body string) ([]*point, error) {
	url := fmt.Sprintf("%s%s?from=%d&to=%d", e.url, path, from, to)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := e.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	var all []*point
	for rest := string(text); rest != "" && err == nil; {
		var p *point
		p, rest = parseLine(rest)
		all = append(all, p)
	}
	return all, err
}

// like returns the point that chooses those of k: of rows, or of meta.
func like(measurement string, k series.Key) *point {
	p := &point{measurement: measurement, tags: map[string]string{"symbol": k.Symbol.Code, "exchange": string(k.Symbol.Exchange)}, fields: map[string]any{"f": 0.0}}
	if k.Interval != 0 {
		p.tags["interval"] = k.Interval.String()
	}
	if k.Name != "" {
		p.tags["name"] = k.Name
	}
	if measurement == "meta" {
		p.tags["kind"] = k.Kind.String()
	}
	return p
}

// nanoseconds returns the times as they are stored that lie in r, both included.
func nanoseconds(k series.Kind, r market.Range) (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if r.From != 0 {
		from = int64(r.From)
	}
	if r.To != 0 {
		to = int64(r.To) - 1
	}
	if k == series.Ticks && r.From != 0 {
		from = r.From.Micro() * 1000
	}
	if k == series.Ticks && r.To != 0 {
		to = r.To.Micro()*1000 - 1
	}
	return from, to
}

// extras is the JSON in the field x: extra columns of a row by type and name.
type extras struct {
	F map[string]float64 `json:",omitempty"`
	I map[string]int64   `json:",omitempty"`
	S map[string]string  `json:",omitempty"`
}

// pointOf returns row i of f.
func pointOf(f *series.Frame, i int) *point {
	p := like(f.Key.Kind.String(), f.Key)
	p.ns, p.fields = int64(f.Time[i]), map[string]any{}
	for _, b := range series.BaseColumns(f.Key.Kind) {
		p.fields[b.Name] = map[series.Type]any{series.Float64: 0.0, series.Int64: int64(0), series.Text: ""}[b.Type]
	}
	x := extras{map[string]float64{}, map[string]int64{}, map[string]string{}}
	for c := range slices.Values(f.Cols) {
		if c.Valid != nil && !c.Valid[i] {
			continue
		}
		switch base := series.IsBase(f.Key.Kind, c.Name); {
		case base && c.Floats != nil:
			p.fields[c.Name] = c.Floats[i]
		case base && c.Ints != nil:
			p.fields[c.Name] = c.Ints[i]
		case base:
			p.fields[c.Name] = c.Texts.Dict[c.Texts.Index[i]]
		case c.Floats != nil:
			x.F[c.Name] = c.Floats[i]
		case c.Ints != nil:
			x.I[c.Name] = c.Ints[i]
		default:
			x.S[c.Name] = c.Texts.Dict[c.Texts.Index[i]]
		}
	}
	text, _ := json.Marshal(x)
	p.fields["x"] = string(text)
	if f.Seq != nil {
		p.ns = f.Time[i].Micro()*1000 + int64(f.Seq[i]%1000)
		p.tags["o"] = fmt.Sprint(f.Seq[i] / 1000)
		p.fields["t"] = int64(f.Time[i])
	}
	return p
}

// addTo adds p as a row to f.
func (p *point) addTo(f *series.Frame, values map[string][]any) {
	row := f.Len()
	f.Time = append(f.Time, market.Time(p.ns))
	if f.Key.Kind == series.Ticks {
		seq := uint64(0)
		_, _ = fmt.Sscan(p.tags["o"], &seq)
		f.Time[row] = market.Time(p.fields["t"].(int64))
		f.Seq = append(f.Seq, uint32(seq*1000+uint64(p.ns-f.Time[row].Micro()*1000)))
	}
	set := func(name string, v any) {
		values[name] = append(values[name], make([]any, row+1-len(values[name]))...)
		values[name][row] = v
	}
	for _, b := range series.BaseColumns(f.Key.Kind) {
		set(b.Name, p.fields[b.Name])
	}
	var x extras
	_ = json.Unmarshal([]byte(p.fields["x"].(string)), &x)
	for name, v := range x.F {
		set(name, v)
	}
	for name, v := range x.I {
		set(name, v)
	}
	for name, v := range x.S {
		set(name, v)
	}
}

// writeFrame sends rows, then attributes and the types of extra columns.
func (e *lineEngine) writeFrame(ctx context.Context, f *series.Frame) error {
	var body strings.Builder
	meta := like("meta", f.Key)
	meta.fields = map[string]any{}
	if f.Attrs != nil {
		text, _ := json.Marshal(f.Attrs)
		meta.fields["attrs"] = string(text)
	}
	for i := range f.Cols {
		if c := &f.Cols[i]; !series.IsBase(f.Key.Kind, c.Name) && c.HasValue() {
			meta.fields["extra_"+c.Name] = int64(c.Type())
		}
	}
	for i := range f.Len() {
		fmt.Fprintln(&body, pointOf(f, i))
	}
	if len(meta.fields) > 0 {
		fmt.Fprintln(&body, meta)
	}
	if body.Len() == 0 {
		return nil
	}
	_, err := e.send(ctx, "/write", 0, 0, body.String())
	return err
}

func (e *lineEngine) remove(ctx context.Context, k series.Key, r market.Range) error {
	from, to := nanoseconds(k.Kind, r)
	_, err := e.send(ctx, "/delete", from, to, like(k.Kind.String(), k).String())
	return err
}

func (e *lineEngine) Write(ctx context.Context, frames []series.Frame) error {
	own := make([]*series.Frame, len(frames)) // the work may outlive the call
	for i := range frames {
		own[i] = frames[i].Clone()
	}
	return e.commit(ctx, func(ctx context.Context) error {
		for _, f := range own {
			if err := e.writeFrame(ctx, f); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *lineEngine) Replace(ctx context.Context, r market.Range, f series.Frame) error {
	f = *f.Clone()
	return e.commit(ctx, func(ctx context.Context) error {
		return cmp.Or(e.remove(ctx, f.Key, r), e.writeFrame(ctx, &f))
	})
}

func (e *lineEngine) Delete(ctx context.Context, k series.Key, r market.Range) error {
	return e.commit(ctx, func(ctx context.Context) error {
		err := e.remove(ctx, k, r)
		if err == nil && r == (market.Range{}) {
			_, err = e.send(ctx, "/delete", math.MinInt64, math.MaxInt64, like("meta", k).String())
		}
		return err
	})
}

func (e *lineEngine) Read(ctx context.Context, q series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		for _, k := range q.Keys {
			f, err := e.readKey(ctx, k, q)
			if err != nil {
				yield(nil, err)
				return
			}
			if f.Len() > 0 && !yield(f, nil) {
				return
			}
		}
	}
}

func (e *lineEngine) readKey(ctx context.Context, k series.Key, q series.Query) (*series.Frame, error) {
	if err := e.begin(ctx); err != nil {
		return nil, err
	}
	from, to := nanoseconds(k.Kind, q.Range)
	all, err := e.send(ctx, "/read", from, to, like(k.Kind.String(), k).String())
	f := frameOf(k, all)
	n := f.Len()
	if q.Limit > 0 {
		n = min(n, q.Limit)
	}
	if q.Reverse {
		turn(&f)
	}
	if f = f.Slice(0, n); q.Columns != nil {
		f = only(f, q.Columns...)
	}
	return &f, err
}

// frameOf returns points of k as a frame. The order of times is not that of
// Seq: that which is over 999 stands in a tag.
func frameOf(k series.Key, all []*point) series.Frame {
	slices.SortFunc(all, func(a, b *point) int {
		return cmp.Or(cmp.Compare(market.Time(a.ns).Micro(), market.Time(b.ns).Micro()),
			cmp.Compare(len(a.tags["o"]), len(b.tags["o"])), cmp.Compare(a.tags["o"], b.tags["o"]), cmp.Compare(a.ns, b.ns))
	})
	f, values := series.Frame{Key: k}, map[string][]any{}
	for _, p := range all {
		p.addTo(&f, values)
	}
	for name, v := range values {
		f.Cols = append(f.Cols, column(name, append(v, make([]any, len(all)-len(v))...)...))
	}
	return f
}

func (e *lineEngine) Fold(context.Context, series.FoldQuery) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) { yield(nil, errors.ErrUnsupported) }
}

func (e *lineEngine) Changes(context.Context, uint64) iter.Seq2[series.Change, error] {
	return func(yield func(series.Change, error) bool) { yield(series.Change{}, errors.ErrUnsupported) }
}

func (e *lineEngine) Overview(ctx context.Context, filter series.Filter) iter.Seq2[series.Overview, error] {
	return func(yield func(series.Overview, error) bool) {
		found, err := map[series.Key]*series.Overview{}, e.begin(ctx)
		for _, m := range []string{"bars", "ticks", "indicator", "meta"} {
			var all []*point
			if err == nil && (!filter.Brief || m == "meta") {
				all, err = e.send(ctx, "/read", math.MinInt64, math.MaxInt64, m+" f=0 0")
			}
			count(found, m, all)
		}
		if err != nil {
			yield(series.Overview{}, err)
			return
		}
		for _, k := range slices.SortedFunc(maps.Keys(found), series.Key.Compare) {
			if o := found[k]; filter.Match(k) && (o.Count > 0 || o.Attrs != nil || filter.Brief) && !yield(*o, nil) {
				return
			}
		}
	}
}

// key returns the series of p.
func (p *point) key() series.Key {
	kinds := map[string]series.Kind{"bars": series.Bars, "ticks": series.Ticks, "indicator": series.Indicator}
	k := series.Key{Kind: kinds[cmp.Or(p.tags["kind"], p.measurement)], Name: p.tags["name"]}
	k.Symbol = market.Symbol{Code: p.tags["symbol"], Exchange: market.Exchange(p.tags["exchange"])}
	_ = k.Interval.UnmarshalText([]byte(p.tags["interval"]))
	return k
}

// count adds the points of a measurement to the overviews of their series.
func count(found map[series.Key]*series.Overview, measurement string, all []*point) {
	rows := map[series.Key][]*point{}
	for _, p := range all {
		k := p.key()
		if rows[k] = append(rows[k], p); found[k] == nil {
			found[k] = &series.Overview{Key: k, Extra: map[string]series.Type{}}
		}
	}
	for k, points := range rows {
		if o := found[k]; measurement != "meta" {
			f := frameOf(k, points)
			o.Count, o.First, o.Last = int64(f.Len()), f.Time[0], f.Time[f.Len()-1]
		} else {
			points[0].describe(o)
		}
	}
}

// describe adds to o what a point of meta says.
func (p *point) describe(o *series.Overview) {
	for name, v := range p.fields {
		if column, ok := strings.CutPrefix(name, "extra_"); ok {
			o.Extra[column] = series.Type(v.(int64))
		}
	}
	if text, _ := p.fields["attrs"].(string); text != "" && text != "{}" {
		_ = json.Unmarshal([]byte(text), &o.Attrs)
	}
}

func (e *lineEngine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.work.Wait()
	e.client.CloseIdleConnections()
	return nil
}
