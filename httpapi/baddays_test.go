package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// dial opens a connection to a server and sends what it is given.
func (s *site) dial(t testing.TB, send string) net.Conn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	return c
}

// long puts a series of n bars into the store.
func (s *site) long(t testing.TB, n int) {
	t.Helper()
	const part = 100_000
	y := market.Symbol{Code: "long", Exchange: market.SHFE}
	for from := 0; from < n; from += part {
		bars := make([]market.Bar, min(part, n-from))
		for i := range bars {
			bars[i] = market.Bar{Time: market.Time(-1577923200+60*(from+i)) * 1e9, Open: 1, High: 9, Low: 1, Close: float64(i%7) + 1}
		}
		s.keep(t, series.FrameOfBars(y, market.Minute, bars))
	}
}

const longPath = "/v1/bars?symbol=long.SHFE&interval=1m"

func TestAnAnswerThatFailsInTheMiddleNeverLooksWhole(t *testing.T) {
	s, all := damaged(t, nil)
	for _, params := range []string{"", "&format=csv", "&format=ndjson", "&format=arrow"} {
		for _, packing := range []string{"identity", "gzip", "zstd"} {
			if params != "&format=csv" && packing != "identity" {
				continue
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+barsPath+params, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept-Encoding", packing)
			got, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(io.Discard, got.Body)
			if closed := got.Body.Close(); closed != nil {
				t.Error(closed)
			}
			if got.StatusCode != http.StatusOK || n == 0 || !errors.Is(err, io.ErrUnexpectedEOF) || got.Trailer.Get("Redfire-Rows") != "" {
				t.Errorf("%s %s: got %d, %d bytes, %v, %v", params, packing, got.StatusCode, n, err, got.Trailer)
			}
		}
	}
	// What lies before the damage is answered, and what meets it at once is a problem.
	if n := len(s.do(t, http.MethodGet, barsPath+"&limit=1000", "").rows(t)); n != 1000 {
		t.Errorf("%d rows before the damage", n)
	}
	const f = "2006-01-02T15:04:05Z"
	from := time.Unix(1700000040+60*int64(all)*6/10, 0).UTC().Format(f)
	d := s.problem(t, refusal{http.StatusInternalServerError, fault.DiskDamaged, ""}, http.MethodGet, barsPath+"&limit=10&from="+from, "")
	if d.Kind != fault.Corrupt {
		t.Errorf("got %+v", d)
	}
	metrics := s.do(t, http.MethodGet, "/metrics", "").body
	if !strings.Contains(metrics, `redfire_http_request_duration_seconds_count{method="GET",route="/v1/bars",status="broken"} 6`) {
		t.Error("the metrics do not tell of what was broken off")
	}
}

func TestOnTheWireAnAnswerThatFailsHasNoEnd(t *testing.T) {
	s, _ := damaged(t, nil)
	c := s.dial(t, "GET "+barsPath+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	all, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Logf("the connection ends with %v", err)
	}
	if !bytes.HasPrefix(all, []byte("HTTP/1.1 200 OK\r\n")) || bytes.Contains(all, []byte("\r\n0\r\n")) || bytes.Contains(all, []byte("Redfire-Rows: ")) {
		t.Errorf("%d bytes that end with %q", len(all), all[max(0, len(all)-60):])
	}
}

func TestCurlFailsWhereAnAnswerDoes(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	s, _ := damaged(t, nil)
	curl := func(path string) int {
		c := exec.CommandContext(t.Context(), "curl", "--fail", "--silent", "--output", "-", s.URL+path)
		err := c.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return c.ProcessState.ExitCode()
	}
	if got := curl(barsPath); got != 18 { // transferred a partial file
		t.Errorf("curl exits with %d", got)
	}
	if got := curl("/v1/bars?symbol=no.SHFE&interval=1m"); got != 22 {
		t.Errorf("of a series that is not there curl exits with %d", got)
	}
	if got := curl(barsPath + "&limit=10"); got != 0 {
		t.Errorf("of ten rows curl exits with %d", got)
	}
}

// impatient is a server that waits for 200 ms.
func impatient(t *testing.T) *site {
	t.Helper()
	return serve(t, t.TempDir(), func(_ *config.Config, o *httpapi.Options) { o.Patience = 200 * time.Millisecond })
}

// idle wants that the server answers no request but the one that asks.
func (s *site) idle(t *testing.T) {
	t.Helper()
	within(t, 10*time.Second, "idle", func() bool {
		return strings.Contains(s.do(t, http.MethodGet, "/metrics", "").body, "redfire_http_requests_in_flight 1\n")
	})
}

func TestAClientThatDoesNotReadIsLeft(t *testing.T) {
	s := impatient(t)
	s.long(t, 300_000)
	for range 5 {
		s.dial(t, "GET "+longPath+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	within(t, 10*time.Second, "left", func() bool {
		return strings.Contains(s.do(t, http.MethodGet, "/metrics", "").body, `route="/v1/bars",status="broken"} 5`)
	})
	s.idle(t)
}

func TestAClientThatDoesNotSendItsBodyIsLeft(t *testing.T) {
	s := impatient(t)
	const head = " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
	for _, send := range []string{
		"POST /v1/bars" + head + "Content-Type: text/csv\r\n\r\ntime,",
		"POST /v1/bars" + head + "Content-Type: text/html\r\n\r\n", // refused before it is read
		"POST /v1/frames" + head + "Content-Type: application/vnd.redfire.frames\r\n\r\nH",
		"POST /v1/frames/read" + head + "Content-Type: application/json\r\n\r\n{",
		"POST /nothing" + head + "\r\n",
		"GET /v1/symbols" + head + "\r\n",
		"GET /livez" + head + "\r\n",
	} {
		c := s.dial(t, send)
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%q: %v", send, err)
			continue
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Errorf("%q: the connection stays: %v", send, err)
		}
	}
	s.idle(t)
	s.wantNoBodies(t)
}

// TestPatienceIsForThoseWhoWaitAlone reads and writes slowly, but goes on, for
// several times as long as the patience.
func TestPatienceIsForThoseWhoWaitAlone(t *testing.T) {
	s := impatient(t)
	s.long(t, 200_000)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()

	const question = `{"keys":[{"kind":"bars","symbol":"long.SHFE","interval":"1m"}],"range":{}}`
	for _, send := range []string{
		"GET " + longPath + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		fmt.Sprintf("POST /v1/frames/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(question), question),
	} {
		answer, err := http.ReadResponse(bufio.NewReader(s.dial(t, send)), nil)
		if err != nil {
			t.Fatal(err)
		}
		for b := make([]byte, 1<<20); err == nil; <-tick.C {
			_, err = io.ReadFull(answer.Body, b)
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || answer.Trailer.Get("Redfire-Rows") != "200000" {
			t.Errorf("%.30q: got %v, %v", send, err, answer.Trailer)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}

	pr, pw := io.Pipe()
	go func() {
		for line := range strings.Lines(threeBars + strings.ReplaceAll(threeBars, "rb", "ag") + strings.ReplaceAll(threeBars, "rb", "au")) {
			<-tick.C
			if _, err := io.WriteString(pw, line); err != nil {
				t.Error(err)
			}
		}
		if err := pw.Close(); err != nil {
			t.Error(err)
		}
	}()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/bars", pr)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("a slow body: got %s", answer.Status)
	}
}

// TestAConnectionLivesOnBehindARequest sends one request after the other through
// one connection, with pauses longer than the patience.
func TestAConnectionLivesOnBehindARequest(t *testing.T) {
	s := impatient(t)
	s.post(t, "/v1/bars", "application/x-ndjson", threeBars)
	c := s.dial(t, "")
	in := bufio.NewReader(c)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for _, line := range []string{"GET " + barsPath, "GET /livez", "HEAD " + barsPath, "POST /v1/bars", "GET /readyz", "GET /nothing", "GET /v1/symbols"} {
		body := ""
		if strings.HasPrefix(line, "POST") {
			body = threeBars
		}
		if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%s", line, len(body), body); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		method, _, _ := strings.Cut(line, " ")
		answer, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		<-tick.C
	}
}

func TestAThousandIdleConnectionsCostLittle(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	goroutines, before := runtime.NumGoroutine(), heap()
	var open []net.Conn
	for range 1000 {
		c := s.dial(t, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		open = append(open, c)
	}
	for _, c := range open {
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	used := heap() - before
	t.Logf("1,000 connections use %d KiB each", used/1000>>10)
	if limit := int64(64 << 20); used > limit {
		t.Errorf("1,000 connections use %d MiB", used>>20)
	}
	if got := s.do(t, http.MethodGet, "/livez", ""); got.status != http.StatusOK {
		t.Errorf("another one: got %d", got.status)
	}
	for _, c := range open {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	within(t, 10*time.Second, "their goroutines gone", func() bool { return runtime.NumGoroutine() < goroutines+20 })
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func TestMoreRequestsThanMayBeAreAskedToComeAgain(t *testing.T) {
	s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) { c.Server.MaxRequests, c.Server.MaxStreams = 2, 1 })
	const hold = "POST /v1/bars HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 10\r\n\r\n"
	a, b := s.dial(t, hold), s.dial(t, hold)
	// Asking for anything else could take the place of one of the two.
	within(t, 5*time.Second, "both and this one to begin", func() bool {
		return strings.Contains(s.do(t, http.MethodGet, "/metrics", "").body, "redfire_http_requests_in_flight 3\n")
	})
	d := s.problem(t, refusal{http.StatusTooManyRequests, fault.APIBusy, ""}, http.MethodGet, barsPath, "")
	if d.Kind != fault.Exhausted {
		t.Errorf("got %+v", d)
	}
	if got := s.do(t, http.MethodGet, barsPath, ""); got.header.Get("Retry-After") == "" {
		t.Errorf("got %v", got.header)
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		if got := s.do(t, http.MethodGet, path, ""); got.status != http.StatusOK {
			t.Errorf("%s: got %d", path, got.status)
		}
	}
	for _, c := range []net.Conn{a, b} { // these are answered all the same
		if _, err := io.WriteString(c, "0123456789"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode != http.StatusBadRequest {
			t.Fatalf("got %v, %v", answer, err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	within(t, 5*time.Second, "free", func() bool { return s.do(t, http.MethodGet, "/v1/symbols", "").status == http.StatusOK })

	stream := s.dial(t, "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(stream), nil); err != nil { //nolint:bodyclose // the connection is closed
		t.Fatal(err)
	}
	s.problem(t, refusal{http.StatusTooManyRequests, fault.APIBusy, ""}, http.MethodGet, "/v1/stream", "")
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "a stream free", func() bool {
		return strings.Contains(s.do(t, http.MethodGet, "/metrics", "").body, "redfire_http_streams 0\n")
	})
}

func TestARequestEndsWithItsTime(t *testing.T) {
	s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) {
		c.Server.Timeout = config.Duration(300 * time.Millisecond)
	})
	s.long(t, 300_000)
	c := s.dial(t, "GET "+longPath+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	s.idleBut(t, 1) // it waits for the reader, who begins too late
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	b := make([]byte, 64<<10)
	for err == nil {
		<-tick.C
		_, err = io.ReadFull(answer.Body, b)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || answer.Trailer.Get("Redfire-Rows") != "" {
		t.Errorf("got %v, %v", err, answer.Trailer)
	}
	// Before the first byte it is a problem.
	expired, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-expired.Done()
	w := &recorder{header: http.Header{}}
	r, err := http.NewRequestWithContext(expired, http.MethodGet, "http://localhost"+longPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.api.ServeHTTP(w, r)
	if w.status != http.StatusTooManyRequests || !strings.Contains(w.body.String(), string(fault.APISlow)) {
		t.Errorf("got %d %s", w.status, &w.body)
	}
}

// A recorder is the simplest writer of an answer that there is.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// idleBut waits until so many requests are being answered beside the one that asks.
func (s *site) idleBut(t *testing.T, n int) {
	t.Helper()
	within(t, 10*time.Second, "as many", func() bool {
		return strings.Contains(s.do(t, http.MethodGet, "/metrics", "").body, fmt.Sprintf("redfire_http_requests_in_flight %d\n", n+1))
	})
}

func TestAHundredYearsAreSentInLittleMemory(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	const n = 400_000
	s.long(t, n)
	for _, path := range []string{longPath + "&from=1900-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&format=csv", longPath + "&format=arrow", longPath + "&reverse=true&format=ndjson"} {
		before := heap()
		got, err := s.Client().Get(s.URL + path) //nolint:noctx // the test ends with it
		if err != nil {
			t.Fatal(err)
		}
		most, b := int64(0), make([]byte, 4<<20)
		for err == nil {
			_, err = io.ReadFull(got.Body, b)
			most = max(most, heap()-before)
		}
		if got.Trailer.Get("Redfire-Rows") != "400000" {
			t.Errorf("%s: got %v, %v", path, err, got.Trailer)
		}
		if err := got.Body.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("%s: %d KiB more at most", path, most>>10)
		if most > 48<<20 {
			t.Errorf("%s: %d MiB of memory", path, most>>20)
		}
	}
}

func TestMoreSymbolsThanARequestMayNameAreRefused(t *testing.T) {
	s := stocked(t, nil)
	names := strings.Repeat("&symbol=a.SHFE", 2000)
	s.problem(t, refusal{http.StatusUnprocessableEntity, fault.APIParameter, "symbol"}, http.MethodGet, "/v1/bars?interval=1m"+names, "")
	got := s.do(t, http.MethodGet, "/v1/bars?interval=1m"+strings.Repeat(names, 5), "")
	if got.status != http.StatusUnprocessableEntity && got.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("10,000: got %d %.200s", got.status, got.body)
	}
	var many []series.Frame
	for i := range 1001 {
		y := market.Symbol{Code: fmt.Sprint("m", i), Exchange: "LOCAL"}
		many = append(many, series.FrameOfBars(y, market.Minute, []market.Bar{{Time: 1767574800e9, Open: 1, High: 1, Low: 1, Close: 1}}))
	}
	s.keep(t, many...)
	s.problem(t, refusal{http.StatusRequestEntityTooLarge, fault.APITooLarge, ""}, http.MethodGet, "/v1/bars?symbol=m*.LOCAL&interval=1m", "")
	if n := len(s.do(t, http.MethodGet, "/v1/bars?symbol=m1*.LOCAL&interval=1m&columns=close", "").rows(t)); n != 112 {
		t.Errorf("of those that a request may name there are %d", n)
	}
}
