package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/tokens"
)

// guarded is a server that needs tokens, with one of each role, and what it logs.
type guarded struct {
	*site
	file           *tokens.File
	path           string
	reader, writer string
	log            *lockedBuffer
}

// A lockedBuffer may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func guard(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{path: filepath.Join(t.TempDir(), "tokens"), log: &lockedBuffer{}}
	g.file = tokens.Open(g.path)
	g.reader = g.token(t, "watcher", tokens.Reader)
	g.writer = g.token(t, "keeper", tokens.Writer)
	c, err := config.Load(&config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.SQL = config.Path(t.TempDir()), nil
	log := slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	data, err := redfire.Open(t.Context(), c, &redfire.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	api, err := httpapi.New(data, &httpapi.Options{Tokens: g.file, Heartbeat: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	g.site = &site{data, api, httptest.NewServer(api)}
	t.Cleanup(func() {
		api.Stop()
		g.Close()
		if err := data.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *guarded) token(t *testing.T, name string, role tokens.Role) string {
	t.Helper()
	token, err := g.file.New(t.Context(), name, role)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func bearer(token string) string { return "Authorization: Bearer " + token }

func TestNobodyIsAnsweredWithoutAToken(t *testing.T) {
	g := guard(t)
	missing := refusal{http.StatusUnauthorized, fault.APIToken, ""}
	for _, path := range []string{"/v1/symbols", barsPath, "/v1/stream", "/metrics", "/openapi.json", "/nothing", "/v1/verify"} {
		g.problem(t, missing, http.MethodGet, path, "")
	}
	g.problem(t, missing, http.MethodPost, "/v1/bars", threeBars, "Content-Type: application/x-ndjson")
	g.problem(t, missing, http.MethodPost, "/v1/frames/read", "{}")
	g.problem(t, missing, http.MethodDelete, barsPath+"&all=true", "")
	for _, header := range []string{bearer("wrong"), bearer(g.reader + "x"), bearer(g.reader[:len(g.reader)-1]), bearer(""), "Authorization: Basic " + g.reader, "Authorization: " + g.reader, "X-Token: " + g.reader} {
		g.problem(t, missing, http.MethodGet, "/v1/symbols", "", header)
	}
	if got := g.do(t, http.MethodGet, "/v1/symbols?token="+g.reader, ""); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("a token in the address: got %d %v", got.status, got.header)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if got := g.do(t, http.MethodGet, path, ""); got.status != http.StatusOK {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
}

func TestReadersReadAndWritersWrite(t *testing.T) {
	g := guard(t)
	f := func(token string, status int, method, path, body string) {
		t.Helper()
		got := g.do(t, method, path, body, bearer(token), "Content-Type: application/x-ndjson")
		if got.status != status {
			t.Errorf("%s %s: got %d %s, want %d", method, path, got.status, got.body, status)
		}
	}
	f(g.writer, 200, http.MethodPost, "/v1/bars", threeBars)
	for _, token := range []string{g.reader, g.writer} {
		f(token, 200, http.MethodGet, barsPath, "")
		f(token, 200, http.MethodHead, barsPath, "")
		f(token, 200, http.MethodGet, "/metrics", "")
		f(token, 200, http.MethodGet, "/openapi.json", "")
		f(token, 404, http.MethodGet, "/nothing", "")
		f(token, 200, http.MethodPost, "/v1/frames/read", `{"keys":[{"kind":"bars","symbol":"rb2601.SHFE","interval":"1m"}],"range":{}}`)
	}
	d := g.problem(t, refusal{http.StatusForbidden, fault.APIRole, ""}, http.MethodPost, "/v1/bars", threeBars, bearer(g.reader))
	if !strings.Contains(d.Detail, "watcher") {
		t.Errorf("the problem does not name the token: %q", d.Detail)
	}
	for _, path := range []string{"/v1/bars", "/v1/ticks", "/v1/frames", "/v1/frames/other", "//v1/frames/../bars"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			got := g.do(t, method, path, "x", bearer(g.reader))
			if got.status < 400 {
				t.Errorf("%s %s by a reader: got %d", method, path, got.status)
			}
		}
	}
	f(g.reader, 403, http.MethodDelete, barsPath+"&all=true", "")
	f(g.writer, 200, http.MethodDelete, barsPath+"&all=true", "")
}

// within asks again until done says that it is, for so long at most.
func within(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("within %v not: %s", limit, what)
		}
	}
}

func TestATokenThatIsRevokedEndsWithinSeconds(t *testing.T) {
	g := guard(t)
	if got := g.do(t, http.MethodGet, "/v1/symbols", "", bearer(g.reader)); got.status != http.StatusOK {
		t.Fatalf("got %d", got.status)
	}
	live, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	live.Header.Set("Authorization", "Bearer "+g.reader)
	stream, err := g.Client().Do(live)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if err := tokens.Open(g.path).Revoke(t.Context(), "watcher"); err != nil { // as another process would
		t.Fatal(err)
	}
	within(t, 3*time.Second, "refused", func() bool {
		return g.do(t, http.MethodGet, "/v1/symbols", "", bearer(g.reader)).status == http.StatusUnauthorized
	})
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(stream.Body); err != nil {
		t.Errorf("the stream ends with %v", err)
	}
	if got := g.do(t, http.MethodGet, "/v1/symbols", "", bearer(g.writer)); got.status != http.StatusOK {
		t.Errorf("the other token: got %d", got.status)
	}
}

func TestADamagedFileOfTokensLetsNobodyInAndTellsTheOperatorAlone(t *testing.T) {
	g := guard(t)
	if err := os.WriteFile(g.path, []byte("rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	within(t, 3*time.Second, "refused", func() bool {
		return g.do(t, http.MethodGet, "/v1/symbols", "", bearer(g.writer)).status == http.StatusUnauthorized
	})
	got := g.do(t, http.MethodGet, "/v1/symbols", "", bearer(g.writer))
	if strings.Contains(got.body, g.path) || strings.Contains(got.body, "line") {
		t.Errorf("the client is told %s", got.body)
	}
	if !strings.Contains(g.log.String(), "nobody is let in") {
		t.Errorf("the operator is told %s", g.log.String())
	}
}

func TestNoTokenIsLogged(t *testing.T) {
	g := guard(t)
	secrets := []string{g.reader, g.writer, "rf_wrongwrongwrong"}
	for _, token := range secrets {
		for _, path := range []string{"/v1/symbols", "/nothing", "/v1/symbols?token=" + token, barsPath + "&from=" + token} {
			g.do(t, http.MethodGet, path, "", bearer(token))
		}
		g.do(t, http.MethodPost, "/v1/bars", token, bearer(token), "Content-Type: text/csv")
	}
	for _, token := range secrets {
		if log := g.log.String(); strings.Contains(log, token) || !strings.Contains(log, "/v1/symbols") {
			t.Errorf("the log is %s", log)
		}
		if got := g.do(t, http.MethodGet, "/metrics", "", bearer(g.reader)).body; strings.Contains(got, token) {
			t.Errorf("the metrics tell of a token")
		}
	}
}

func TestWithoutTokensOnlyThisMachineIsAnswered(t *testing.T) {
	s := stocked(t, nil)
	f := func(status int, method string, header ...string) {
		t.Helper()
		got := s.do(t, method, "/v1/bars?symbol=rb2601.SHFE&interval=1m", "", header...)
		if got.status != status || status == http.StatusForbidden && !strings.Contains(got.body, string(fault.APIForeign)) {
			t.Errorf("%s with %q: got %d %s, want %d", method, header, got.status, got.body, status)
		}
	}
	for _, host := range []string{"localhost", "localhost:8600", "127.0.0.1", "127.9.9.9:80", "[::1]:8600"} {
		f(200, http.MethodGet, "Host: "+host)
	}
	// A name that a stranger made to mean this machine.
	for _, host := range []string{"evil.example", "evil.example:8600", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5", "0.0.0.0", "[fe80::1]", "localhost:x:y"} {
		f(403, http.MethodGet, "Host: "+host)
	}
	own := "Origin: " + s.URL
	f(200, http.MethodGet, own)
	f(200, http.MethodGet, own, "Sec-Fetch-Site: same-origin")
	f(200, http.MethodGet, "Sec-Fetch-Site: none")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodPost} {
		status := 403
		got := s.do(t, method, barsPath, "", "Origin: https://evil.example")
		other := s.do(t, method, barsPath, "", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")
		if got.status != status || other.status != status {
			t.Errorf("%s of a page of another site: got %d, %d", method, got.status, other.status)
		}
	}
	f(200, http.MethodGet, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate") // a link
	f(403, http.MethodDelete, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate")
	if n := len(s.do(t, http.MethodGet, barsPath, "").rows(t)); n != 3 {
		t.Errorf("%d bars are left", n)
	}
}

func TestAnAddressThatOthersReachNeedsTokens(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	for _, address := range []string{"0.0.0.0:0", ":0"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.api.Serve(t.Context(), l); !errors.Is(err, fault.APINeedsToken) {
			t.Errorf("%s: got %v", address, err)
		}
		if _, err := httpapi.Listen(t.Context(), address, nil); !errors.Is(err, fault.APINeedsToken) {
			t.Errorf("%s: listening: got %v", address, err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: it still listens: %v", address, err)
		}
	}
	g := guard(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.api.Serve(ctx, l); err != nil {
		t.Errorf("with tokens: got %v", err)
	}
}

func TestAnAddressThatIsTakenIsSaidToBe(t *testing.T) {
	l, err := httpapi.Listen(t.Context(), "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, address := range []string{l.Addr().String(), "127.0.0.1:99999", "no.such.host.invalid:1"} {
		if _, err := httpapi.Listen(t.Context(), address, nil); !errors.Is(err, fault.APIListen) || !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: got %v", address, err)
		}
	}
}
