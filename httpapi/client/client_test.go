package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/httpapi/wire"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var key = series.BarKey(market.Symbol{Code: "rb2601", Exchange: market.SHFE}, market.Minute)

// serve starts a server that does what answer does.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}

func open(t *testing.T, address string, o *client.Options) *client.Client {
	t.Helper()
	c, err := client.New(address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// calls are all that an engine is asked.
func calls(c *client.Client) map[string]func(context.Context) error {
	frame := series.FrameOfBars(key.Symbol, key.Interval, []market.Bar{{Time: 60e9, Open: 1, High: 1, Low: 1, Close: 1}})
	return map[string]func(context.Context) error{
		"write":   func(ctx context.Context) error { return c.Write(ctx, []series.Frame{frame}) },
		"replace": func(ctx context.Context) error { return c.Replace(ctx, market.Range{}, frame) },
		"delete":  func(ctx context.Context) error { return c.Delete(ctx, key, market.Range{}) },
		"ping":    c.Ping,
		"read": func(ctx context.Context) error {
			return last(c.Read(ctx, series.Query{Keys: []series.Key{key}}))
		},
		"fold": func(ctx context.Context) error {
			return last(c.Fold(ctx, series.FoldQuery{Keys: []series.Key{key}, Interval: market.Hour, Zone: time.UTC}))
		},
		"overview": func(ctx context.Context) error { return last(c.Overview(ctx, series.Filter{})) },
		"changes":  func(ctx context.Context) error { return last(c.Changes(ctx, 0)) },
		"verify":   func(ctx context.Context) error { return last(c.Verify(ctx)) },
	}
}

// last returns the error that a sequence ends with.
func last[T any](seq func(func(T, error) bool)) (err error) {
	seq(func(_ T, e error) bool {
		err = e
		return true
	})
	return err
}

var writes = []string{"write", "replace", "delete"}

// wantAll wants an error of each call, another one of those that write.
func wantAll(t *testing.T, c *client.Client, write, read error) {
	t.Helper()
	for name, call := range calls(c) {
		want := read
		if slices.Contains(writes, name) {
			want = write
		}
		if err := call(t.Context()); !errors.Is(err, want) {
			t.Errorf("%s: got %v of %s, want %v", name, err, fault.CodeOf(err), want)
		}
	}
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:8600", "localhost", "ftp://a", "http://", "http://user:hunter2@a:1", "http://a/path", "http://a?x=1", "http://a#x", "http://u:hunter2@a b"} {
		_, err := client.Open(address, nil)
		if !errors.Is(err, fault.APIParameter) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v", address, err)
		}
	}
	for _, address := range []string{"http://127.0.0.1:8600", "https://a.example/", "http://[::1]:80"} {
		store, err := client.Open(address, nil)
		if err != nil {
			t.Errorf("%s: got %v", address, err)
			continue
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAServerThatIsAwayIsUnavailableAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	wantAll(t, open(t, address, nil), fault.APIUnreachable, fault.APIUnreachable)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestWhatIsNoRedFireIsSaidToBeNone(t *testing.T) {
	page := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>sign in</html>")
		}
	}
	wantAll(t, open(t, serve(t, page(404)), nil), fault.APIStrange, fault.APIStrange)
	wantAll(t, open(t, serve(t, page(403)), nil), fault.APIStrange, fault.APIStrange)
	wantAll(t, open(t, serve(t, page(200)), nil), fault.APIUncertain, fault.APIStrange)
	wantAll(t, open(t, serve(t, page(500)), nil), fault.APIUncertain, fault.APIStrange)
	for _, status := range []int{502, 503, 504} { // of a balancer
		wantAll(t, open(t, serve(t, page(status)), nil), fault.APIUncertain, fault.APIUnreachable)
	}
}

func TestATokenGoesToItsServerAlone(t *testing.T) {
	var elsewhere atomic.Int64
	other := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	var wrong atomic.Int64
	for _, status := range []int{301, 302, 303, 307, 308} {
		own := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer rf_secret" || r.Header.Get("Accept-Language") != "zh" {
				wrong.Add(1)
			}
			http.Redirect(w, r, other+r.URL.Path, status)
		})
		wantAll(t, open(t, own, &client.Options{Token: "rf_secret", Lang: "zh"}), fault.APIStrange, fault.APIStrange)
	}
	if elsewhere.Load() != 0 || wrong.Load() != 0 {
		t.Errorf("%d requests went elsewhere, %d without the token", elsewhere.Load(), wrong.Load())
	}
}

func TestAnAnswerThatIsCutIsNotTakenForWhole(t *testing.T) {
	body := func(accept string) string {
		if accept == wire.MediaType {
			return "H\x05"
		}
		return `{"new":`
	}
	answers := map[string]http.HandlerFunc{
		"a length that does not come": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, body(r.Header.Get("Accept")))
		},
		"no end": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, body(r.Header.Get("Accept")))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		"an end too soon": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, body(r.Header.Get("Accept")))
		},
		"nothing": func(http.ResponseWriter, *http.Request) {},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			c := open(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				mediaType := r.Header.Get("Accept")
				if mediaType == "" {
					mediaType = "application/json"
				}
				w.Header().Set("Content-Type", mediaType)
				answer(w, r)
			}), &client.Options{Patience: 50 * time.Millisecond})
			wantAll(t, c, fault.APIUncertain, fault.APICut)
		})
	}
}

func TestAProblemIsTheErrorOfTheServer(t *testing.T) {
	c := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"status":403,"detail":"no","code":"RF-API-016","kind":"denied"}`)
	}), nil)
	wantAll(t, c, fault.APIRole, fault.Denied)
	broken := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"status":`)
	}), &client.Options{Patience: 50 * time.Millisecond})
	wantAll(t, broken, fault.APIUncertain, fault.APICut)
}

func TestABusyServerIsAskedAgain(t *testing.T) {
	var asked atomic.Int64
	c := open(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"status":429,"detail":"busy","code":"RF-API-013","kind":"exhausted"}`)
			return
		}
		w.Header().Set("Content-Type", wire.MediaType)
		w.Header().Set("Trailer", "Redfire-Rows")
		_, _ = io.WriteString(w, "E")
		w.Header().Set("Redfire-Rows", "0")
	}), nil)
	if err := last(c.Read(t.Context(), series.Query{Keys: []series.Key{key}})); err != nil || asked.Load() != 3 {
		t.Errorf("got %v after %d requests", err, asked.Load())
	}
}

func TestAContextThatEndsEndsACall(t *testing.T) {
	hold := make(chan struct{})
	stages := map[string]http.HandlerFunc{
		"before the answer": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-hold
		},
		"within it": func(w http.ResponseWriter, r *http.Request) {
			mediaType := r.Header.Get("Accept")
			if mediaType == "" {
				mediaType = "application/json"
			}
			w.Header().Set("Content-Type", mediaType)
			_ = http.NewResponseController(w).Flush()
			<-hold
		},
	}
	for stage, answer := range stages {
		c := open(t, serve(t, answer), nil)
		for name, call := range calls(c) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			err := call(ctx)
			cancel()
			if unknown := slices.Contains(writes, name); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fault.Unknown) != unknown {
				t.Errorf("%s, %s: got %v", name, stage, err)
			}
		}
	}
	close(hold)
	c := open(t, "http://127.0.0.1:1", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(c) {
		if err := call(ctx); !errors.Is(err, context.Canceled) || fault.KindOf(err) != "" {
			t.Errorf("%s before it began: got %v", name, err)
		}
	}
}

func TestAClientThatIsClosedAsksNobody(t *testing.T) {
	var asked atomic.Int64
	c := open(t, serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) }), nil)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wantAll(t, c, fault.Closed, fault.Closed)
	if asked.Load() != 0 {
		t.Errorf("%d requests were sent", asked.Load())
	}
}

func TestFoldsThatTheServerCannotDoAreUnsupported(t *testing.T) {
	c := open(t, "http://127.0.0.1:1", nil)
	for _, q := range []series.FoldQuery{{}, {Zone: time.FixedZone("nowhere", 3600)}, {Zone: time.UTC, Calendar: &market.Calendar{}}} {
		if err := last(c.Fold(t.Context(), q)); !errors.Is(err, fault.Unsupported) {
			t.Errorf("%+v: got %v", q, err)
		}
	}
}

func TestNoGoroutineStays(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Accept"))
		_, _ = fmt.Fprintln(w, `[{"seq":1},`)
		_, _ = fmt.Fprintln(w, `{"seq":2}]`)
	})
	before := runtime.NumGoroutine()
	for range 20 {
		c, err := client.New(address, &client.Options{Patience: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls(c) {
			_ = call(t.Context())
		}
		for _, err := range c.Changes(t.Context(), 0) {
			if err != nil {
				t.Error(err)
			}
			break // who has enough
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+10; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("there are %d goroutines, and were %d", runtime.NumGoroutine(), before)
		}
	}
}
