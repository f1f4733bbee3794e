package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
	"github.com/redfire-quant/redfire/series/memseries"
)

var (
	rebar  = market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	silver = market.Symbol{Code: "ag2602", Exchange: market.SHFE}
)

// minute is the time of the i-th minute after 2026-01-05T01:00:00Z.
func minute(i int) market.Time { return market.Time(1767574800+60*i) * 1e9 }

func barOf(i int, price float64) market.Bar {
	return market.Bar{Time: minute(i), Open: price, High: price + 2, Low: price - 2, Close: price + 1, Volume: 10}
}

func putBar(t *testing.T, s *series.Store, y market.Symbol, i int, price float64) {
	t.Helper()
	if err := s.WriteBars(t.Context(), y, market.Minute, []market.Bar{barOf(i, price)}); err != nil {
		t.Fatal(err)
	}
}

func putTick(t *testing.T, s *series.Store, y market.Symbol, i int) {
	t.Helper()
	if err := s.WriteTicks(t.Context(), y, []market.Tick{{Time: minute(i), LastPrice: 7}}); err != nil {
		t.Fatal(err)
	}
}

func removeBars(t *testing.T, s *series.Store, y market.Symbol, in market.Range) {
	t.Helper()
	if _, err := s.Delete(t.Context(), series.BarKey(y, market.Minute), in); err != nil {
		t.Fatal(err)
	}
}

func lastOf(t *testing.T, s *series.Store) uint64 {
	t.Helper()
	last, err := s.LastChange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// An event is one that a client was sent, with its number. A remark has no name.
type event struct {
	id   uint64
	name string
	told told
}

// A told is the data of an event.
type told struct {
	Symbol    market.Symbol     `json:"symbol"`
	Interval  market.Interval   `json:"interval"`
	From      market.Time       `json:"from"`
	To        market.Time       `json:"to"`
	Rows      []json.RawMessage `json:"rows"`
	Read      string            `json:"read"`
	Changes   int               `json:"changes"`
	Conflated bool              `json:"conflated"`
	Last      uint64            `json:"last"`
	Code      string            `json:"code"`
}

// A client reads a stream, as a browser does.
type client struct {
	body   io.ReadCloser
	lines  *bufio.Scanner
	id     uint64 // the last event's
	remark int    // how many heartbeats there were
}

// ask sends a request for a stream.
func ask(t *testing.T, c *http.Client, address string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// connect begins to read a stream, up to the number from which it goes on.
func connect(t *testing.T, c *http.Client, address string, header ...string) *client {
	t.Helper()
	answer := ask(t, c, address, header...) //nolint:bodyclose // the client closes it
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the answer is %s, %s", answer.Status, answer.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 8<<20)
	s := &client{body: answer.Body, lines: lines}
	if e, err := s.next(); err != nil || e.name != "" {
		t.Fatalf("the stream begins with %+v, %v", e, err)
	}
	return s
}

// next returns what comes next, also a remark, or the error that ends the stream.
func (c *client) next() (event, error) {
	var e event
	for c.lines.Scan() {
		name, value, _ := strings.Cut(c.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case c.lines.Text() == "":
			e.id = c.id
			return e, nil
		case name == "":
			c.remark++
		case name == "id":
			id, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				return e, err
			}
			c.id = id
		case name == "event":
			e.name = value
		case name == "data":
			if err := json.Unmarshal([]byte(value), &e.told); err != nil {
				return e, fmt.Errorf("%s: %w", value, err)
			}
		}
	}
	if err := c.lines.Err(); err != nil {
		return e, err
	}
	return e, io.EOF
}

// want returns the next event, which must have a name.
func (c *client) want(t *testing.T, name string) event {
	t.Helper()
	e, err := c.next()
	for err == nil && e.name == "" {
		e, err = c.next()
	}
	if err != nil || e.name != name {
		t.Fatalf("got %+v, %v, want %s", e, err, name)
	}
	return e
}

func (c *client) close(t *testing.T) {
	t.Helper()
	if err := c.body.Close(); err != nil {
		t.Error(err)
	}
}

// serve returns the address of a server of the stream.
func serve(t *testing.T, s *stream) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		s.stop()
		server.Close()
	})
	return server.URL
}

func wantRows(t *testing.T, e event, rows ...any) {
	t.Helper()
	var want []string
	for _, row := range rows {
		text, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, string(text))
	}
	var got []string
	for _, row := range e.told.Rows {
		got = append(got, string(row))
	}
	if !slices.Equal(got, want) || e.told.Rows == nil {
		t.Errorf("event %d: got rows %v, want %v", e.id, got, want)
	}
}

func TestStreamTellsWhatIsWrittenAndDeletedFromNowOn(t *testing.T) {
	s := memseries.Open(nil)
	defer s.Close()
	putBar(t, s, rebar, 0, 1)
	c := connect(t, http.DefaultClient, serve(t, newStream(s)))
	defer c.close(t)
	if c.id != lastOf(t, s) {
		t.Errorf("it begins at %d, not at %d", c.id, lastOf(t, s))
	}
	putBar(t, s, rebar, 1, 2)
	e := c.want(t, "bars")
	wantRows(t, e, barOf(1, 2))
	if e.id != 2 || e.told.Symbol != rebar || e.told.Interval != market.Minute || e.told.From != minute(1) || e.told.To != minute(1)+1 || e.told.Changes != 1 || e.told.Conflated {
		t.Errorf("got %+v", e)
	}
	putTick(t, s, silver, 3)
	e = c.want(t, "ticks")
	wantRows(t, e, market.Tick{Time: minute(3), LastPrice: 7})
	if e.told.Symbol != silver || e.told.Interval != 0 {
		t.Errorf("got %+v", e)
	}
	removeBars(t, s, rebar, market.Range{From: minute(1), To: minute(2)})
	e = c.want(t, "bars")
	wantRows(t, e)
	if e.told.From != minute(1) || e.told.To != minute(2) {
		t.Errorf("got %+v", e)
	}
	removeBars(t, s, rebar, market.Range{})
	if e = c.want(t, "bars"); e.told.From != 0 || e.told.To != 0 || e.id != 5 {
		t.Errorf("everything was deleted: got %+v", e)
	}
}

func TestStreamGoesOnWhereTheClientWas(t *testing.T) {
	s := memseries.Open(nil)
	defer s.Close()
	for i := range 4 {
		putBar(t, s, market.Symbol{Code: fmt.Sprint("s", i), Exchange: "X"}, i, 1)
	}
	address := serve(t, newStream(s))
	f := func(first string, query string, header ...string) {
		t.Helper()
		c := connect(t, http.DefaultClient, address+query, header...)
		defer c.close(t)
		if e := c.want(t, "bars"); e.told.Symbol.Code != first {
			t.Errorf("%s %v: got %+v, want %s", query, header, e, first)
		}
	}
	f("s0", "?since=0")
	f("s2", "?since=2")
	f("s3", "?since=0", "Last-Event-ID", "3") // as a browser asks again
	f("s1", "", "Last-Event-ID", "1")
}

func TestStreamSaysThatTheClientHasToReadAnew(t *testing.T) {
	s := memseries.Open(nil)
	defer s.Close()
	putBar(t, s, rebar, 0, 1)
	c := connect(t, http.DefaultClient, serve(t, newStream(s))+"?since=99")
	defer c.close(t)
	if e := c.want(t, "reset"); e.id != 1 || e.told.Last != 1 {
		t.Errorf("got %+v, want 1", e)
	}
	putBar(t, s, rebar, 1, 2)
	wantRows(t, c.want(t, "bars"), barOf(1, 2))
}

func TestStreamTellsWhatTheClientWants(t *testing.T) {
	f := func(query string, want ...string) {
		t.Helper()
		s := memseries.Open(nil)
		defer s.Close()
		c := connect(t, http.DefaultClient, serve(t, newStream(s))+"?"+query)
		defer c.close(t)
		putBar(t, s, rebar, 0, 1)
		putTick(t, s, rebar, 0)
		putBar(t, s, silver, 0, 1)
		about := series.Frame{Key: series.BarKey(rebar, market.Minute), Attrs: map[string]string{"source": "x"}}
		hourly := series.FrameOfBars(rebar, market.Hour, []market.Bar{barOf(0, 1)})
		indicator := series.Frame{
			Key:  series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Hour, Name: "rsi"},
			Time: []market.Time{minute(0)}, Cols: []series.Column{{Name: "value", Floats: []float64{1}}},
		}
		end := series.FrameOfBars(market.Symbol{Code: "END", Exchange: "X"}, market.Minute, []market.Bar{barOf(0, 1)})
		if _, err := s.Write(t.Context(), []series.Frame{about, hourly, indicator}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(t.Context(), []series.Frame{end}, nil); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for e := c.want(t, "bars"); e.told.Symbol.Code != "END"; {
			got[strings.TrimSpace(fmt.Sprint(e.name, " ", e.told.Symbol.Code, " ", e.told.Interval))] = true
			var err error
			if e, err = c.next(); err != nil {
				t.Fatal(err)
			}
		}
		if all := slices.Sorted(maps.Keys(got)); !slices.Equal(all, want) {
			t.Errorf("%s: got %q, want %q", query, all, want)
		}
	}
	none := "ticks rb2601 " + market.Interval(0).String()
	tick := strings.TrimSpace(none)
	f("", "bars ag2602 1m", "bars rb2601 1h", "bars rb2601 1m", tick)
	f("kind=bars", "bars ag2602 1m", "bars rb2601 1h", "bars rb2601 1m")
	f("symbol=rb*&symbol=END.X", "bars rb2601 1h", "bars rb2601 1m", tick)
	f("symbol=RB????.shfe&symbol=END.X&interval=1m", "bars rb2601 1m", tick)
	f("symbol=ag2602.SHFE&symbol=END.X&interval=1h&interval=1m", "bars ag2602 1m")
	f("symbol=*.SHFE&symbol=e?d&kind=bars&kind=ticks", "bars ag2602 1m", "bars rb2601 1h", "bars rb2601 1m", tick)
}

func TestStreamRefusesWhatItDoesNotUnderstand(t *testing.T) {
	s := memseries.Open(nil)
	defer s.Close()
	address := serve(t, newStream(s))
	f := func(query string, header ...string) {
		t.Helper()
		answer := ask(t, http.DefaultClient, address+"?"+query, header...)
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%.50s: got %s, want 400", query, answer.Status)
		}
	}
	f("since=x")
	f("since=-1")
	f("", "Last-Event-ID", "x")
	f("kind=indicators")
	f("interval=7x")
	f("symbol=rb2601")
	f("symbol=")
	f("symbols=rb*")
	f("symbol=*" + strings.Repeat("x", longestPattern))
	f(strings.Repeat("symbol=a*&", mostPatterns+1))
	f(strings.Repeat("symbol=a.X&", mostSymbols+1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	answer := ask(t, http.DefaultClient, address)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("of a store that is closed: got %s, want 503", answer.Status)
	}
}

func TestManyRowsAreToldByWhereToReadThem(t *testing.T) {
	s := memseries.Open(nil)
	defer s.Close()
	h := newStream(s)
	h.most = 3
	c := connect(t, http.DefaultClient, serve(t, h))
	defer c.close(t)
	write := func(n int) event {
		t.Helper()
		var rows []market.Bar
		for i := range n {
			rows = append(rows, barOf(i, 1))
		}
		if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
			t.Fatal(err)
		}
		return c.want(t, "bars")
	}
	wantRows(t, write(3), barOf(0, 1), barOf(1, 1), barOf(2, 1))
	e := write(4)
	want := "/v1/bars?" + url.Values{"symbol": {rebar.String()}, "interval": {"1m"}, "from": {minute(0).String()}, "to": {(minute(3) + 1).String()}}.Encode()
	if e.told.Rows != nil || e.told.Read != want || e.told.To != minute(3)+1 {
		t.Errorf("got %+v, want %s", e, want)
	}
	ticks := []market.Tick{{Time: minute(0)}, {Time: minute(1)}, {Time: minute(2)}, {Time: minute(3)}}
	if err := s.WriteTicks(t.Context(), rebar, ticks); err != nil {
		t.Fatal(err)
	}
	if e := c.want(t, "ticks"); e.told.Rows != nil || !strings.HasPrefix(e.told.Read, "/v1/ticks?from=") {
		t.Errorf("got %+v", e)
	}
}

// A mirror is what a client knows by what it was told.
type mirror map[series.Key]map[market.Time]string

// take does what an event says. It reads what it is told to read.
func (m mirror) take(t *testing.T, s *series.Store, e event) {
	t.Helper()
	k := series.TickKey(e.told.Symbol)
	switch e.name {
	case "reset":
		clear(m)
		maps.Copy(m, stored(t, s))
		return
	case "bars":
		k = series.BarKey(e.told.Symbol, e.told.Interval)
	case "ticks":
	default:
		t.Fatalf("got %+v", e)
	}
	if m[k] == nil {
		m[k] = map[market.Time]string{}
	}
	in := market.Range{From: e.told.From, To: e.told.To}
	maps.DeleteFunc(m[k], func(at market.Time, _ string) bool { return in.Contains(at) })
	rows := map[market.Time]string{}
	if e.told.Rows == nil {
		rows = storedIn(t, s, k, in)
	}
	for _, text := range e.told.Rows {
		var row struct {
			Time market.Time `json:"time"`
		}
		if err := json.Unmarshal(text, &row); err != nil {
			t.Fatal(err)
		}
		if !in.Contains(row.Time) {
			t.Errorf("event %d: a row of %s is not within %s", e.id, row.Time, in)
		}
		rows[row.Time] = string(text)
	}
	maps.Copy(m[k], rows)
}

// storedIn returns the rows of a series, as JSON.
func storedIn(t *testing.T, s *series.Store, k series.Key, in market.Range) map[market.Time]string {
	t.Helper()
	rows := map[market.Time]string{}
	note := func(at market.Time, row any, err error) {
		t.Helper()
		text, bad := json.Marshal(row)
		if err := errors.Join(err, bad); err != nil {
			t.Fatal(err)
		}
		rows[at] = string(text)
	}
	if k.Kind == series.Ticks {
		for row, err := range s.Ticks(t.Context(), k.Symbol, in) {
			note(row.Time, row, err)
		}
		return rows
	}
	for row, err := range s.Bars(t.Context(), k.Symbol, k.Interval, in) {
		note(row.Time, row, err)
	}
	return rows
}

func stored(t *testing.T, s *series.Store) mirror {
	t.Helper()
	m := mirror{}
	for o, err := range s.Overview(t.Context(), series.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		m[o.Key] = storedIn(t, s, o.Key, market.Range{})
	}
	return m
}

// wantSame wants the mirror to have what is stored, and nothing else.
func (m mirror) wantSame(t *testing.T, s *series.Store) {
	t.Helper()
	empty := func(_ series.Key, rows map[market.Time]string) bool { return len(rows) == 0 }
	want := stored(t, s)
	maps.DeleteFunc(want, empty)
	maps.DeleteFunc(m, empty)
	if !maps.EqualFunc(m, want, maps.Equal[map[market.Time]string]) {
		t.Errorf("the client has\n%v\nand stored is\n%v", m, want)
	}
}

// forgetful is an engine that keeps no record of changes.
type forgetful struct{ series.Engine }

func (forgetful) Changes(context.Context, uint64) iter.Seq2[series.Change, error] {
	return func(yield func(series.Change, error) bool) { yield(series.Change{}, errors.ErrUnsupported) }
}

// change does something to the store, by chance.
func change(ctx context.Context, s *series.Store, random *rand.Rand) error {
	y := market.Symbol{Code: fmt.Sprint("s", random.IntN(3)), Exchange: "X"}
	from, n := random.IntN(30), 1+random.IntN(6)
	in := market.Range{From: minute(from), To: minute(from + n)}
	k := series.BarKey(y, market.Minute)
	var rows []market.Bar
	var ticks []market.Tick
	for i := range n {
		rows = append(rows, barOf(from+i, float64(random.IntN(1000))))
		ticks = append(ticks, market.Tick{Time: minute(from + i), LastPrice: float64(random.IntN(1000))})
	}
	switch random.IntN(8) {
	case 0:
		_, err := s.Delete(ctx, k, in)
		return err
	case 1:
		_, err := s.Replace(ctx, in, series.FrameOfBars(y, market.Minute, rows[:n/2]), nil)
		return err
	case 2:
		_, err := s.Delete(ctx, series.TickKey(y), market.Range{})
		return err
	case 3, 4:
		return s.WriteTicks(ctx, y, ticks)
	}
	return s.WriteBars(ctx, y, market.Minute, rows)
}

// Under random changes and with connections that break, the client has in the end
// what is stored.
func TestAClientThatComesAgainLosesAndDoublesNothing(t *testing.T) {
	few := &series.Options{KnownChanges: 8}
	for name, open := range map[string]func() (*series.Store, error){
		"memseries":   func() (*series.Store, error) { return memseries.Open(nil), nil },
		"ring":        func() (*series.Store, error) { return series.New(forgetful{memseries.NewEngine()}, few), nil },
		"localseries": func() (*series.Store, error) { return localseries.Open(t.TempDir(), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			replay(t, s)
		})
	}
}

func replay(t *testing.T, s *series.Store) {
	h := newStream(s)
	h.most, h.heartbeat = 5, 5*time.Millisecond
	address := serve(t, h)
	id := lastOf(t, s)
	random := rand.New(rand.NewPCG(1, uint64(len(t.Name())))) //nolint:gosec // chance that can be repeated
	turns := make(chan int, 20)
	var writing sync.WaitGroup
	writing.Go(func() {
		for range turns {
			if err := change(t.Context(), s, random); err != nil {
				t.Error(err)
			}
		}
	})
	know, events, conflated, resets := mirror{}, 0, 0, 0
	read := func(c *client) {
		e, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if id = e.id; e.name == "" {
			return
		}
		know.take(t, s, e)
		events++
		if e.told.Conflated {
			conflated++
		}
		if e.name == "reset" {
			resets++
		}
	}
	choose := rand.New(rand.NewPCG(2, 2)) //nolint:gosec // as above
	for range 60 {
		for range choose.IntN(20) {
			turns <- 0
		}
		c := connect(t, http.DefaultClient, address, "Last-Event-ID", fmt.Sprint(id))
		for range choose.IntN(6) {
			read(c)
		}
		c.close(t)
	}
	close(turns)
	writing.Wait()
	c := connect(t, http.DefaultClient, address, "Last-Event-ID", fmt.Sprint(id))
	defer c.close(t)
	for last := lastOf(t, s); id < last; {
		read(c)
	}
	know.wantSame(t, s)
	t.Logf("%d changes, %d events, %d of them conflated, %d resets", lastOf(t, s), events, conflated, resets)
	if events == 0 || conflated == 0 {
		t.Error("the test tests nothing")
	}
}

// A pipes is a listener whose connections hold nothing back: what is written
// waits for its reader.
type pipes struct {
	made chan net.Conn
	end  chan struct{}
	once sync.Once
}

func newPipes() *pipes { return &pipes{made: make(chan net.Conn), end: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.made:
		return c, nil
	case <-p.end:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.end) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.made <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A timedWriter is a server in a bubble of synctest, where time passes at once.
type timedWriter struct {
	*stream
	store  *series.Store
	server *http.Server
	client *http.Client
}

// inTime runs f with a server over pipes, and shuts that down.
func inTime(t *testing.T, f func(t *testing.T, s *timedWriter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &timedWriter{store: memseries.Open(nil)}
		s.stream = newStream(s.store)
		p := newPipes()
		transport := &http.Transport{DialContext: p.dial}
		s.server, s.client = &http.Server{Handler: s}, &http.Client{Transport: transport} //nolint:gosec // it has no strangers
		s.server.RegisterOnShutdown(s.stop)
		served := make(chan error, 1)
		go func() { served <- s.server.Serve(p) }()
		f(t, s)
		if err := s.server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		transport.CloseIdleConnections()
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// open returns how many streams are open, once all have come to rest.
func (s *timedWriter) open() int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ends)
}

const anywhere = "http://pipe/v1/stream"

func TestASlowReaderIsToldOfManyChangesAsOne(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		c := connect(t, s.client, anywhere)
		defer c.close(t)
		for i := range 100 {
			putBar(t, s.store, rebar, i, float64(i))
			putBar(t, s.store, silver, 0, float64(i))
			synctest.Wait()
		}
		know, changes, events, last := mirror{}, 0, 0, lastOf(t, s.store)
		for c.id < last {
			e := c.want(t, "bars")
			know.take(t, s.store, e)
			events++
			changes += e.told.Changes
			if e.told.Conflated != (e.told.Changes > 1) {
				t.Errorf("got %+v", e)
			}
		}
		if changes != 200 || events > 60 {
			t.Errorf("%d changes are told by %d events, want 200 by few", changes, events)
		}
		know.wantSame(t, s.store)
		t.Logf("%d changes, %d events", changes, events)
	})
}

func TestAReaderThatDoesNotReadIsDropped(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		c := connect(t, s.client, anywhere)
		defer c.close(t)
		for i := range 100 {
			putBar(t, s.store, rebar, i, 1)
			synctest.Wait()
		}
		<-time.After(29 * time.Second)
		if n := s.open(); n != 1 {
			t.Errorf("after 29s there are %d streams, want 1", n)
		}
		<-time.After(2 * time.Second)
		if n := s.open(); n != 0 {
			t.Errorf("after 31s there are %d streams, want 0", n)
		}
		for {
			if _, err := c.next(); err != nil {
				return
			}
		}
	})
}

func TestAStreamInWhichNothingHappensBeats(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		c := connect(t, s.client, anywhere+"?symbol=cu*")
		defer c.close(t)
		begun := time.Now()
		for i := range 5 {
			putBar(t, s.store, rebar, i, 1) // which it does not want, and whose number it is told
			e, err := c.next()
			if err != nil || e.name != "" || c.remark != i+1 || e.id != lastOf(t, s.store) || time.Since(begun) != time.Duration(i+1)*15*time.Second {
				t.Errorf("after %s: got %+v, %v, %d remarks", time.Since(begun), e, err, c.remark)
			}
		}
		<-time.After(5 * time.Minute) // and it reads nothing
		if n := s.open(); n != 0 {
			t.Errorf("the client is gone, and there are %d streams", n)
		}
	})
}

func TestAStreamBeatsThoughWhatOthersWantComesAllTheTime(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		c := connect(t, s.client, anywhere+"?symbol=cu*")
		defer c.close(t)
		beat := make(chan error, 1)
		go func() {
			_, err := c.next()
			beat <- err
		}()
		for i := range 160 {
			<-time.After(100 * time.Millisecond)
			putBar(t, s.store, rebar, i, 1)
		}
		synctest.Wait()
		if len(beat) != 1 {
			t.Error("16s have passed without a beat")
		}
	})
}

func TestAClientThatGoesFreesItsStream(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		var all []*client
		for range 20 {
			all = append(all, connect(t, s.client, anywhere))
		}
		if n := s.open(); n != 20 {
			t.Errorf("there are %d streams, want 20", n)
		}
		for _, c := range all {
			c.close(t)
		}
		if n := s.open(); n != 0 {
			t.Errorf("there are %d streams, want 0", n)
		}
	})
}

func TestAServerThatStopsEndsItsStreams(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		c := connect(t, s.client, anywhere)
		defer c.close(t)
		deaf := connect(t, s.client, anywhere)
		defer deaf.close(t)
		ended := make(chan time.Time, 1)
		go func() {
			if _, err := c.next(); !errors.Is(err, io.EOF) {
				t.Errorf("got %v, want the end", err)
			}
			ended <- time.Now()
		}()
		synctest.Wait()
		begun := time.Now()
		if err := s.server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if passed := (<-ended).Sub(begun); passed > 0 {
			t.Errorf("the client that reads was told after %s", passed)
		}
		if passed := time.Since(begun); passed > 31*time.Second {
			t.Errorf("for the one that does not, it took %s", passed)
		}
		ctx, leave := s.enter(t.Context())
		defer leave()
		if ctx.Err() == nil {
			t.Error("a stream that begins later goes on")
		}
	})
}

func TestAStoreThatIsClosedEndsItsStreams(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		c := connect(t, s.client, anywhere)
		defer c.close(t)
		synctest.Wait()
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
		if e, err := c.next(); !errors.Is(err, io.EOF) {
			t.Errorf("got %+v, %v, want the end", e, err)
		}
	})
}

func TestAClientWhoseTokenIsRevokedIsSentAway(t *testing.T) {
	inTime(t, func(t *testing.T, s *timedWriter) {
		revoked := false
		s.still = func(*http.Request) error {
			if revoked {
				return fault.APIToken.Errorf("the token is missing or not accepted")
			}
			return nil
		}
		var failed error
		s.failed = func(_ *http.Request, err error) { failed = err }
		c := connect(t, s.client, anywhere)
		defer c.close(t)
		if e, err := c.next(); err != nil || e.name != "" {
			t.Errorf("got %+v, %v, want a beat", e, err)
		}
		synctest.Wait()
		revoked = true
		if e := c.want(t, "failure"); e.told.Code != string(fault.APIToken) {
			t.Errorf("got %+v, want %s", e, fault.APIToken)
		}
		if _, err := c.next(); !errors.Is(err, io.EOF) || !errors.Is(failed, fault.APIToken) {
			t.Errorf("got %v and %v, want the end and fault.APIToken", err, failed)
		}
	})
}

// unreadable is an engine that cannot read.
type unreadable struct{ series.Engine }

func (unreadable) Read(context.Context, series.Query) iter.Seq2[*series.Frame, error] {
	return func(yield func(*series.Frame, error) bool) {
		yield(nil, fault.DiskDamaged.Errorf("the file /secret/path: %w", io.ErrUnexpectedEOF))
	}
}

func TestAStoreThatFailsEndsTheStreamAndTellsTheCodeAlone(t *testing.T) {
	s := series.New(unreadable{memseries.NewEngine()}, nil)
	defer s.Close()
	h := newStream(s)
	failed := make(chan error, 1)
	h.failed = func(_ *http.Request, err error) { failed <- err }
	c := connect(t, http.DefaultClient, serve(t, h))
	defer c.close(t)
	putBar(t, s, rebar, 0, 1)
	if e := c.want(t, "failure"); e.told.Code != string(fault.DiskDamaged) {
		t.Errorf("got %+v, want %s", e, fault.DiskDamaged)
	}
	if err := <-failed; !strings.Contains(err.Error(), "/secret/path") {
		t.Errorf("the operator is told %v", err)
	}
}

func TestAServerThatCannotStreamSaysSo(t *testing.T) {
	s := memseries.Open(nil)
	defer s.Close()
	answer := httptest.NewRecorder() // which knows no deadlines
	newStream(s).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/stream", nil))
	if answer.Code != http.StatusNotImplemented {
		t.Errorf("got %d, want 501", answer.Code)
	}
}
