package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/problem"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A stream answers GET /v1/stream: it tells what changes in a store, by
// Server-Sent Events, for as long as the client reads.
//
// An event names a series and a range of time, and has the rows that are stored
// there now. Who replaces its own rows in that range by them is right, after
// deletes too, and however often it is told. So nothing is queued for anybody: the
// next changes are asked for when the last event was written, and those of one
// series that came meanwhile are told as one.
//
// The id of an event is a number up to which every change was told. A client that
// connects again with it, as browsers do by themselves, is told all that it has
// missed, and maybe some of it twice. If that is not known any more the event is
// "reset": the client reads everything again, and is told what comes after that.
type stream struct {
	store *series.Store

	heartbeat time.Duration // how long it is silent at most
	patience  time.Duration // how long a client may take to read an event
	most      int           // how many rows an event has at most

	// still, if it is not nil, says from time to time whether the client may go
	// on: its token may have been revoked.
	still func(*http.Request) error

	// failed, if it is not nil, is told of what went wrong with the store.
	failed func(*http.Request, error)

	mu      sync.Mutex // guards the fields below
	ends    map[uint64]context.CancelFunc
	streams uint64 // how many there were
	stopped bool
}

func newStream(store *series.Store) *stream {
	return &stream{
		store: store, heartbeat: 15 * time.Second, patience: 30 * time.Second, most: 1000,
		ends: map[uint64]context.CancelFunc{},
	}
}

// stop ends all streams, and those that come: a server that shuts down waits for
// them. It is for [http.Server.RegisterOnShutdown].
func (s *stream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for _, end := range s.ends {
		end()
	}
}

// enter returns a context that ends with ctx or by stop.
func (s *stream) enter(ctx context.Context) (inner context.Context, leave func()) {
	inner, end := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams++
	n := s.streams
	s.ends[n] = end
	if s.stopped {
		end()
	}
	return inner, func() {
		end()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.ends, n)
	}
}

// ServeHTTP tells what changes until the client goes or the server stops.
func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, leave := s.enter(r.Context())
	defer leave()
	values := r.URL.Query()
	want, err := parseWanted(values)
	if err != nil {
		refuseStream(w, r, err)
		return
	}
	since, err := s.start(ctx, r.Header.Get("Last-Event-ID"), values)
	if err != nil {
		refuseStream(w, r, err)
		return
	}
	out := &eventWriter{w: w, control: http.NewResponseController(w), patience: s.patience}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back
	if r.ProtoMajor == 1 {
		h.Set("Connection", "close") // the last deadline stays with the connection
	}
	if err = out.begin(since); errors.Is(err, errors.ErrUnsupported) {
		refuseStream(w, r, err) // the server is put together wrongly
		return
	}
	if err == nil {
		err = s.follow(ctx, r, out, follower{want, since})
	}
	if ctx.Err() == nil && !errors.Is(err, errGone) && !errors.Is(err, fault.Closed) {
		if s.failed != nil {
			s.failed(r, err)
		}
		_ = out.failure(err) // the stream ends with it
	}
	_ = out.control.SetWriteDeadline(time.Now().Add(s.patience)) // for what the server writes at the end
}

// refuseStream answers a request that is no stream.
func refuseStream(w http.ResponseWriter, r *http.Request, err error) {
	(&call{ResponseWriter: w}).fail(r, err)
}

// A follower is where a client is.
type follower struct {
	want  *wanted
	since uint64 // it was told of all changes up to this
}

// start returns the number after which a client is told of changes: the one it
// was told of last, or that of the last change.
func (s *stream) start(ctx context.Context, header string, values url.Values) (uint64, error) {
	text := header
	if text == "" {
		text = values.Get("since")
	}
	if text == "" {
		return s.store.LastChange(ctx)
	}
	since, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fault.APIParameter.Errorf("%q is not the number of a change", text)
	}
	return since, nil
}

// follow tells what changes until something ends it.
func (s *stream) follow(ctx context.Context, r *http.Request, out *eventWriter, f follower) error {
	checked := time.Now()
	for {
		err := s.step(ctx, out, &f)
		if err != nil {
			return err
		}
		if s.still == nil || time.Since(checked) < min(s.heartbeat, time.Second) {
			continue
		}
		if err := s.still(r); err != nil {
			return err
		}
		checked = time.Now()
	}
}

// step tells what has changed, and waits until there is more or the client has to
// be told that there is not.
func (s *stream) step(ctx context.Context, out *eventWriter, f *follower) error {
	told, last, err := s.news(ctx, f)
	if forgotten := (*series.Forgotten)(nil); errors.As(err, &forgotten) {
		f.since = forgotten.Last
		return out.reset(f.since)
	}
	if err != nil {
		return err
	}
	for i, c := range told {
		// A client that goes on from here is told of what comes below again.
		through := last
		if i+1 < len(told) {
			through = told[i+1].first - 1
		}
		if err := s.tell(ctx, out, c, through); err != nil {
			return err
		}
	}
	f.since = last
	return s.await(ctx, out, f)
}

// A conflation is all that has changed of a series, as one.
type conflation struct {
	key     series.Key
	in      market.Range
	changes int
	first   uint64 // number of a change
}

// news returns what the client is to be told, in the order of first numbers, and
// the number of the last change.
func (s *stream) news(ctx context.Context, f *follower) (told []*conflation, last uint64, err error) {
	last = f.since
	byKey := map[series.Key]*conflation{}
	for c, err := range s.store.Changes(ctx, f.since) {
		if err != nil {
			return nil, 0, err
		}
		last = c.Seq
		if !f.want.change(c) {
			continue
		}
		old := byKey[c.Key]
		if old == nil {
			old = &conflation{key: c.Key, in: c.Range, first: c.Seq}
			byKey[c.Key] = old
			told = append(told, old)
		}
		old.in = covering(old.in, c.Range)
		old.changes++
	}
	return told, last, nil
}

// covering returns the least range that holds two.
func covering(a, b market.Range) market.Range {
	if a.From != 0 && (b.From == 0 || b.From < a.From) {
		a.From = b.From
	}
	if a.To != 0 && (b.To == 0 || b.To > a.To) {
		a.To = b.To
	}
	return a
}

// await waits for a change that the client is to be told of. If none comes for
// long, it shows that it is there.
func (s *stream) await(ctx context.Context, out *eventWriter, f *follower) error {
	ctx, cancel := context.WithDeadline(ctx, out.written.Add(s.heartbeat))
	defer cancel()
	for c, err := range s.store.Watch(ctx, f.since) {
		switch {
		case errors.Is(err, fault.SeriesChanges):
			return nil // as the next step will see
		case errors.Is(err, context.DeadlineExceeded):
			return out.beat(f.since)
		case err != nil:
			return err
		case f.want.change(c):
			return nil
		}
		f.since = c.Seq
	}
	return nil
}

// tell writes an event with the rows that are stored now.
func (s *stream) tell(ctx context.Context, out *eventWriter, c *conflation, through uint64) error {
	b, err := appendHead(out.event(through, c.key.Kind.String()), c)
	if err != nil {
		return err
	}
	whole := false
	if c.key.Kind == series.Bars {
		b, whole, err = appendRows(b, s.store.Bars(ctx, c.key.Symbol, c.key.Interval, c.in), s.most)
	} else {
		b, whole, err = appendRows(b, s.store.Ticks(ctx, c.key.Symbol, c.in), s.most)
	}
	if err == nil && !whole {
		b, err = appendRead(b, c)
	}
	if err != nil {
		return err
	}
	b = append(b, `,"changes":`...)
	b = strconv.AppendInt(b, int64(c.changes), 10)
	b = append(b, `,"conflated":`...)
	b = strconv.AppendBool(b, c.changes > 1)
	return out.send(append(b, "}\n\n"...))
}

// appendHead appends the beginning of an event's data.
func appendHead(b []byte, c *conflation) ([]byte, error) {
	symbol, err := json.Marshal(c.key.Symbol)
	if err != nil {
		return b, err
	}
	b = append(append(b, `{"symbol":`...), symbol...)
	if c.key.Kind == series.Bars {
		b = strconv.AppendQuote(append(b, `,"interval":`...), c.key.Interval.String())
	}
	for _, end := range []struct {
		name string
		at   market.Time
	}{{`,"from":`, c.in.From}, {`,"to":`, c.in.To}} {
		text, err := end.at.MarshalJSON()
		if err != nil {
			return b, err
		}
		b = append(append(b, end.name...), text...)
	}
	return b, nil
}

// appendRows appends rows, or nothing if they are more than most.
func appendRows[T market.Bar | market.Tick](b []byte, rows iter.Seq2[T, error], most int) (all []byte, whole bool, err error) {
	all, n := append(b, `,"rows":[`...), 0
	for row, err := range rows {
		if err != nil {
			return b, false, err
		}
		if n++; n > most {
			return b, false, nil
		}
		if n > 1 {
			all = append(all, ',')
		}
		if all, err = appendRow(all, row); err != nil {
			return b, false, err
		}
	}
	return append(all, ']'), true, nil
}

// appendRow appends a row as JSON.
func appendRow[T market.Bar | market.Tick](b []byte, row T) ([]byte, error) {
	text, err := json.Marshal(row)
	return append(b, text...), err
}

// appendRead appends where to read rows that are too many for an event.
func appendRead(b []byte, c *conflation) ([]byte, error) {
	values := url.Values{"symbol": {c.key.Symbol.String()}}
	if c.key.Kind == series.Bars {
		values.Set("interval", c.key.Interval.String())
	}
	if c.in.From != 0 {
		values.Set("from", c.in.From.String())
	}
	if c.in.To != 0 {
		values.Set("to", c.in.To.String())
	}
	text, err := json.Marshal("/v1/" + c.key.Kind.String() + "?" + values.Encode())
	return append(append(b, `,"rows":null,"read":`...), text...), err
}

// errGone is the error of writing to a client that went, or does not read.
var errGone = errors.New("the client does not read")

// An eventWriter writes events to a client, each within its time.
type eventWriter struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration

	id      uint64    // that the client knows
	written time.Time // when something was written last
	space   []byte
}

// begin says how soon to come again, and from where.
func (o *eventWriter) begin(since uint64) error {
	o.id = since
	return o.send(fmt.Appendf(o.space[:0], "retry: 2000\nid: %d\n\n", since))
}

// event returns the beginning of an event: the data and an empty line follow.
func (o *eventWriter) event(id uint64, name string) []byte {
	o.id = id
	return fmt.Appendf(o.space[:0], "id: %d\nevent: %s\ndata: ", id, name)
}

func (o *eventWriter) reset(last uint64) error {
	return o.send(fmt.Appendf(o.event(last, "reset"), "{\"last\":%d}\n\n", last))
}

// beat writes a remark. What the client did not want to be told of has moved the
// id, which it is told without an event: its number would be forgotten else.
func (o *eventWriter) beat(since uint64) error {
	b := append(o.space[:0], ":\n"...)
	if since != o.id {
		b = fmt.Appendf(b, "id: %d\n", since)
		o.id = since
	}
	return o.send(append(b, '\n'))
}

// failure says why the stream ends: by the code alone, since the text may name
// files of the server.
func (o *eventWriter) failure(err error) error {
	b := append(o.space[:0], "event: failure\ndata: {\"status\":"...)
	b = strconv.AppendInt(b, int64(problem.Status(err)), 10)
	b = strconv.AppendQuote(append(b, `,"code":`...), string(fault.CodeOf(err)))
	return o.send(append(b, "}\n\n"...))
}

// keptSpace is how large the space for events may be that is kept for the next.
const keptSpace = 64 << 10

// send writes what stands in b. A client that has not taken it in time is gone.
func (o *eventWriter) send(b []byte) error {
	o.space = b[:0]
	if cap(b) > keptSpace {
		o.space = nil
	}
	err := o.control.SetWriteDeadline(time.Now().Add(o.patience))
	if err == nil {
		_, err = o.w.Write(b)
	}
	if err == nil {
		err = o.control.Flush()
	}
	if err == nil {
		err = o.control.SetWriteDeadline(time.Time{}) // to be silent is no offence
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	o.written = time.Now()
	return nil
}

// wanted is what a client wants to be told of.
type wanted struct {
	kinds     []series.Kind // empty for both
	intervals []market.Interval
	exact     map[market.Symbol]bool
	patterns  []func(market.Symbol) bool
}

// How many symbols and patterns a client may name, and how long a pattern is.
const (
	mostSymbols    = 5000
	mostPatterns   = 100
	longestPattern = 256
)

func parseWanted(values url.Values) (*wanted, error) {
	w := &wanted{exact: map[market.Symbol]bool{}}
	for name := range values {
		if !slices.Contains([]string{"symbol", "kind", "interval", "since"}, name) {
			return nil, fault.At(fault.Place{Field: name}, fault.APIParameter.Errorf("there is no such parameter; there are %s", "symbol, kind, interval, since"))
		}
	}
	for _, text := range values["kind"] {
		switch text {
		case series.Bars.String():
			w.kinds = append(w.kinds, series.Bars)
		case series.Ticks.String():
			w.kinds = append(w.kinds, series.Ticks)
		default:
			return nil, fault.At(fault.Place{Field: "kind"}, fault.APIParameter.Errorf("%q is not one of %s", text, "bars, ticks"))
		}
	}
	for _, text := range values["interval"] {
		v, err := market.ParseInterval(text)
		if err != nil {
			return nil, fault.At(fault.Place{Field: "interval"}, err)
		}
		w.intervals = append(w.intervals, v)
	}
	if err := w.addSymbols(values["symbol"]); err != nil {
		return nil, fault.At(fault.Place{Field: "symbol"}, err)
	}
	return w, nil
}

// addSymbols adds symbols, and patterns of symbols or codes.
func (w *wanted) addSymbols(all []string) error {
	if len(all) > mostSymbols {
		return fault.APIParameter.Errorf("there are %d, and may be %d", len(all), mostSymbols)
	}
	for _, text := range all {
		if strings.ContainsAny(text, "*?") && len(text) <= longestPattern {
			like, err := market.SymbolsLike(text)
			if err != nil {
				return err
			}
			w.patterns = append(w.patterns, like)
			continue
		}
		y, err := market.ParseSymbol(text)
		if err != nil {
			return err
		}
		w.exact[y] = true
	}
	if len(w.patterns) > mostPatterns {
		return fault.APIParameter.Errorf("there are %d patterns, and may be %d", len(w.patterns), mostPatterns)
	}
	return nil
}

// change reports whether the client wants to be told of c. Attributes alone are
// no rows.
func (w *wanted) change(c series.Change) bool {
	k := c.Key
	switch {
	case k.Kind != series.Bars && k.Kind != series.Ticks || c.Range.From != 0 && c.Range.From == c.Range.To:
		return false
	case len(w.kinds) > 0 && !slices.Contains(w.kinds, k.Kind):
		return false
	case k.Kind == series.Bars && len(w.intervals) > 0 && !slices.Contains(w.intervals, k.Interval):
		return false
	case len(w.exact) == 0 && len(w.patterns) == 0 || w.exact[k.Symbol]:
		return true
	}
	return slices.ContainsFunc(w.patterns, func(like func(market.Symbol) bool) bool { return like(k.Symbol) })
}
