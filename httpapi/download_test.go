package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var downloads = flag.Int("downloads", 50, "how many random reads TestADownloadThatIsCutGoesOn does")

// A cutter is a way to a server that ends answers before their end.
type cutter struct {
	to http.RoundTripper

	mu     sync.Mutex // guards the fields below
	random *rand.Rand
	cuts   int // how many are still to come
	most   int // how far into an answer
	made   int // how many were made
}

// next decides where an answer ends, -1 for nowhere, and how.
func (c *cutter) next() (at, how int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cuts == 0 {
		return -1, 0
	}
	c.cuts--
	c.made++
	return c.random.IntN(c.most), c.random.IntN(4)
}

var errReset = errors.New("the connection was reset")

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.to.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	at, how := c.next()
	if at < 0 {
		return answer, nil
	}
	switch how {
	case 0:
		answer.Body = &cutBody{answer.Body, at, errReset}
	case 1:
		answer.Body = &cutBody{answer.Body, at, io.ErrUnexpectedEOF}
	case 2: // as of a proxy that takes what came for all
		answer.Body = &cutBody{answer.Body, at, io.EOF}
		answer.Trailer = nil
	default:
		answer.Body = &cutBody{answer.Body, at, &net.OpError{Op: "read", Err: errReset}}
	}
	return answer, nil
}

// A cutBody ends with an error after some bytes.
type cutBody struct {
	io.ReadCloser
	left int
	err  error
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// cutKeys are the series that are downloaded: bars from before 1970 and after, ticks
// of which many share a microsecond, an indicator.
var cutKeys = []series.Key{
	series.BarKey(market.Symbol{Code: "old", Exchange: "LOCAL"}, market.Hour),
	series.TickKey(market.Symbol{Code: "fast", Exchange: "LOCAL"}),
	{Kind: series.Indicator, Symbol: market.Symbol{Code: "old", Exchange: "LOCAL"}, Interval: market.Hour, Name: "x"},
	series.BarKey(market.Symbol{Code: "none", Exchange: "LOCAL"}, market.Hour),
	series.TickKey(market.Symbol{Code: "early", Exchange: "LOCAL"}),
}

// cutSite starts a server over these series. They come from files, in many frames:
// what is in memory comes in one.
func cutSite(t testing.TB) *site {
	t.Helper()
	folder := t.TempDir()
	s := serve(t, folder, nil)
	fillCut(t, s)
	if err := s.data.Close(); err != nil {
		t.Fatal(err)
	}
	return serve(t, folder, nil)
}

func fillCut(t testing.TB, s *site) {
	t.Helper()
	const n = 40_000
	random := rand.New(rand.NewPCG(9, 9))
	bars := make([]market.Bar, n)
	x := series.Frame{Key: cutKeys[2], Cols: []series.Column{{Name: "v", Ints: make([]int64, n)}}}
	for i := range bars {
		at := market.Time(3600*(i-n/2)) * 1e9 // around 1970
		if at == 0 {
			at = market.Time(3600*n) * 1e9 // 1970 itself is no time
		}
		bars[i] = market.Bar{Time: at, Open: 1, High: 9, Low: 1, Close: float64(i%8) + 1}
		x.Time = append(x.Time, market.Time(1767574800+3600*i)*1e9)
		x.Cols[0].Ints[i] = int64(i)
	}
	s.keep(t, series.FrameOfBars(cutKeys[0].Symbol, market.Hour, bars), x)
	for i, k := range []series.Key{cutKeys[1], cutKeys[4]} {
		ticks := make([]market.Tick, n)
		at := market.Time(1767574800e9)
		if i == 1 {
			at = -1500 * 1000
		}
		for j := range ticks {
			if random.IntN(40) == 0 {
				at += market.Time(random.IntN(3000) + 1)
			}
			ticks[j] = market.Tick{Time: at, LastPrice: float64(j)}
			if at == 0 {
				ticks[j].Time = 1
			}
		}
		s.keepTicks(t, k.Symbol, ticks)
	}
}

// keepTicks numbers ticks within their microsecond and keeps them.
func (s *site) keepTicks(t testing.TB, y market.Symbol, ticks []market.Tick) {
	t.Helper()
	for i := range ticks {
		if i > 0 && ticks[i].Time.Micro() == ticks[i-1].Time.Micro() {
			ticks[i].Seq = ticks[i-1].Seq + 1
		}
	}
	if err := s.data.Series.WriteTicks(t.Context(), y, ticks); err != nil {
		t.Fatal(err)
	}
}

// text returns every value of what a read yields.
func text(ctx context.Context, s *series.Store, q series.Query) (string, error) {
	var b strings.Builder
	var line []byte
	for f, err := range s.Read(ctx, q) {
		if err != nil {
			return b.String(), err
		}
		for i := range f.Len() {
			line = append(append(line[:0], f.Key.String()...), ' ')
			line = append(strconv.AppendInt(line, int64(f.Time[i]), 10), ' ')
			if f.Seq != nil {
				line = append(strconv.AppendUint(line, uint64(f.Seq[i]), 10), ' ')
			}
			for _, c := range f.Cols {
				line = append(appendValue(line, &c, i), ' ')
			}
			b.Write(append(line, '\n'))
		}
	}
	return b.String(), nil
}

// appendValue appends the number of a row.
func appendValue(b []byte, c *series.Column, row int) []byte {
	switch {
	case c.Floats != nil:
		return strconv.AppendFloat(b, c.Floats[row], 'g', -1, 64)
	case c.Ints != nil:
		return strconv.AppendInt(b, c.Ints[row], 10)
	}
	return b
}

// randomQuery returns a read of some of the series.
func randomQuery(random *rand.Rand) series.Query {
	q := series.Query{Reverse: random.IntN(2) == 0}
	for _, i := range random.Perm(len(cutKeys))[:1+random.IntN(len(cutKeys))] {
		q.Keys = append(q.Keys, cutKeys[i])
	}
	if random.IntN(2) == 0 {
		q.Limit = 1 + random.IntN(45_000)
	}
	// Ends at whole seconds suit all kinds.
	if random.IntN(3) == 0 {
		q.Range.From = market.Time(random.IntN(3600*1000)-3600*500) * 1e9
	}
	if random.IntN(3) == 0 {
		q.Range.To = market.Time(random.IntN(1767574800+3600*1000)+3600*500) * 1e9
	}
	return q
}

func TestADownloadThatIsCutGoesOn(t *testing.T) {
	s := cutSite(t)
	var made, none atomic.Int64
	var running sync.WaitGroup
	turns := make(chan struct{}, 20) // most of the time they wait
	for seed := range *downloads {
		turns <- struct{}{}
		running.Go(func() {
			defer func() { <-turns }()
			random := rand.New(rand.NewPCG(uint64(seed), 1))
			c := &cutter{to: s.Client().Transport, random: random, cuts: 1 + random.IntN(6), most: 1 << (15 + random.IntN(8))}
			store, err := client.Open(s.URL, &client.Options{Transport: c})
			if err != nil {
				t.Error(err)
				return
			}
			defer store.Close()
			q := randomQuery(random)
			want, err := text(t.Context(), s.data.Series, q)
			if err != nil {
				t.Error(err)
				return
			}
			got, err := text(t.Context(), store, q)
			made.Add(int64(c.made))
			if errors.Is(err, fault.Unavailable) && got == "" {
				none.Add(1) // nothing came before: it may give up
				return
			}
			if err != nil || got != want {
				t.Errorf("seed %d, %+v: got %d bytes, %v, want %d; they differ at %s", seed, q, len(got), err, len(want), difference(got, want))
			}
		})
	}
	running.Wait()
	t.Logf("%d reads were cut %d times, %d before the first row", *downloads, made.Load(), none.Load())
}

// difference returns where two texts differ.
func difference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return fmt.Sprintf("%d: %.80q, %.80q", i, a[i:], b[i:])
}

// A cuttingProxy passes connections on, and ends each after some bytes of answer.
type cuttingProxy struct {
	net.Listener
	to string

	mu    sync.Mutex // guards the fields below
	after int        // bytes; below 0 for no end
	open  sync.WaitGroup
}

func newProxy(t *testing.T, s *site, after int) *cuttingProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed below
	if err != nil {
		t.Fatal(err)
	}
	p := &cuttingProxy{Listener: l, to: s.Listener.Addr().String(), after: after}
	p.open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.open.Go(func() { p.pass(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.open.Wait()
	})
	return p
}

func (p *cuttingProxy) url() string { return "http://" + p.Addr().String() }

func (p *cuttingProxy) set(after int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.after = after
}

func (p *cuttingProxy) pass(c net.Conn) {
	defer c.Close()
	far, err := net.Dial("tcp", p.to) //nolint:noctx // the proxy ends with the test
	if err != nil {
		return
	}
	defer far.Close()
	p.mu.Lock()
	after := p.after
	p.mu.Unlock()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_, _ = io.Copy(far, c)
	}()
	if after < 0 {
		_, _ = io.Copy(c, far)
	} else {
		_, _ = io.CopyN(c, far, int64(after))
	}
	_ = c.Close()
	_ = far.Close()
	<-asked
}

func TestADownloadGoesOnThroughAProxyThatCuts(t *testing.T) {
	s := cutSite(t)
	p := newProxy(t, s, 1_000_000)
	store, err := client.Open(p.url(), &client.Options{Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	q := series.Query{Keys: cutKeys}
	want, err := text(t.Context(), s.data.Series, q)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := text(t.Context(), store, q); err != nil || got != want {
		t.Errorf("got %d bytes, %v, want %d: %s", len(got), err, len(want), difference(got, want))
	}
}

func TestADownloadIsGivenUpAfterThePatience(t *testing.T) {
	s := cutSite(t)
	p := newProxy(t, s, 1_000_000)
	store, err := client.Open(p.url(), &client.Options{Patience: 300 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	rows, began := 0, time.Now()
	for f, err := range store.Read(t.Context(), series.Query{Keys: cutKeys}) {
		if err != nil {
			if !errors.Is(err, fault.Unavailable) || rows == 0 {
				t.Errorf("after %d rows: got %v", rows, err)
			}
			if took := time.Since(began); took < 300*time.Millisecond || took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			return
		}
		rows += f.Len()
		p.set(0)
		began = time.Now()
	}
	t.Error("all rows came")
}

func TestAWriteWhoseAnswerIsCutIsUnknownAndMayBeRepeated(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	y := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	bars := []market.Bar{{Time: 1767574800e9, Open: 1, High: 1, Low: 1, Close: 1}}
	for _, after := range []int{1, 10, 150} {
		p := newProxy(t, s, after)
		store, err := client.Open(p.url(), &client.Options{Transport: &http.Transport{DisableKeepAlives: true}})
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func() error{
			"write": func() error { return store.WriteBars(t.Context(), y, market.Minute, bars) },
			"replace": func() error {
				_, err := store.Replace(t.Context(), market.Range{}, series.FrameOfBars(y, market.Minute, bars), nil)
				return err
			},
			"delete": func() error {
				_, err := store.Delete(t.Context(), series.BarKey(y, market.Minute), market.Range{})
				return err
			},
		} {
			p.set(after)
			if err := change(); !errors.Is(err, fault.APIUncertain) || !errors.Is(err, fault.Unknown) {
				t.Errorf("%s, cut after %d bytes: got %v", name, after, err)
			}
			p.set(-1)
			if err := change(); err != nil {
				t.Errorf("%s, repeated: got %v", name, err)
			}
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheClientOfAServerWithTokensNeedsOne(t *testing.T) {
	g := guard(t)
	y := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	bars := []market.Bar{{Time: 1767574800e9, Open: 1, High: 1, Low: 1, Close: 1}}
	for _, token := range []string{"", "rf_wrong", g.reader} {
		c, err := client.New(g.URL, &client.Options{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		store := series.New(c, nil)
		if err := store.WriteBars(t.Context(), y, market.Minute, bars); !errors.Is(err, fault.Denied) {
			t.Errorf("a write with %q: got %v", token, err)
		}
		if err := c.Ping(t.Context()); (err == nil) != (token == g.reader) || err != nil && !errors.Is(err, fault.APIToken) {
			t.Errorf("Ping with %q: got %v", token, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	store, err := client.Open(g.URL, &client.Options{Token: g.writer})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.WriteBars(t.Context(), y, market.Minute, bars); err != nil {
		t.Errorf("a writer: got %v", err)
	}
}

func TestTheClientIsToldOfErrorsAsOfAStoreOfItsOwn(t *testing.T) {
	s, _ := damaged(t, nil)
	store, err := client.Open(s.URL, &client.Options{Patience: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	key := series.BarKey(market.Symbol{Code: "rb2601", Exchange: market.SHFE}, market.Minute)
	for _, q := range []series.Query{{Keys: []series.Key{key}}, {Keys: []series.Key{key}, Reverse: true}} {
		var own, far error
		for _, own = range s.data.Series.Read(t.Context(), q) {
		}
		for _, far = range store.Read(t.Context(), q) {
		}
		if !errors.Is(own, fault.Corrupt) || !errors.Is(far, fault.Corrupt) || !errors.Is(far, fault.DiskDamaged) {
			t.Errorf("a read of what is damaged: got %v, and the store itself %v", far, own)
		}
	}
	c, err := client.New(s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for d, err := range c.Verify(t.Context()) {
		if err != nil || !errors.Is(d.Err, fault.Corrupt) || d.Key != key {
			t.Errorf("got %+v, %v", d, err)
		}
		n++
	}
	if n == 0 {
		t.Error("nothing is damaged")
	}
	var forgotten *series.Forgotten
	for _, err := range c.Changes(t.Context(), 1<<62) {
		if !errors.As(err, &forgotten) || !errors.Is(err, fault.SeriesChanges) {
			t.Errorf("changes since the future: got %v", err)
		}
	}
}

func TestWhatTheServerReadsOfAnotherIsTheSame(t *testing.T) {
	far := stocked(t, nil)
	near := serveOver(t, far.URL)
	for _, path := range []string{barsPath, barsPath + "&format=csv", ticksPath, "/v1/symbols", "/v1/bars?symbol=*&interval=1m", resamplePath + "&to_interval=5m", "/v1/verify"} {
		if a, b := far.do(t, http.MethodGet, path, ""), near.do(t, http.MethodGet, path, ""); a.status != b.status || a.body != b.body {
			t.Errorf("%s: got %d %s, want %d %s", path, b.status, b.body, a.status, a.body)
		}
	}
	if status, about := near.ready(t); status != http.StatusOK || about.Sources[0].Engine != "redfire" {
		t.Errorf("got %d %+v", status, about)
	}
	far.CloseClientConnections()
	far.Close()
	if status, about := near.ready(t); status != http.StatusServiceUnavailable || about.Sources[0].Error.Code != fault.APIUnreachable {
		t.Errorf("when the other is gone: got %d %+v", status, about)
	}
	near.problem(t, refusal{http.StatusServiceUnavailable, fault.APIUnreachable, ""}, http.MethodGet, barsPath, "")
	if got := near.do(t, http.MethodPost, "/v1/bars", threeBars, "Content-Type: application/x-ndjson"); got.status != http.StatusServiceUnavailable || !bytes.Contains([]byte(got.body), []byte(fault.APIUnreachable)) {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// serveOver starts a server over the series of another.
func serveOver(t *testing.T, address string) *site {
	t.Helper()
	return serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) { c.Series.URL = config.URL(address) })
}
