package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
)

// A site is a server over an embedded store.
type site struct {
	data *redfire.Data
	api  *httpapi.Server
	*httptest.Server
}

// serve starts a server over the store in a folder, with what change makes of the
// configuration and of the options.
func serve(t testing.TB, folder string, change func(*config.Config, *httpapi.Options)) *site {
	t.Helper()
	c, err := config.Load(&config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Data = config.Path(folder)
	o := &httpapi.Options{}
	if change != nil {
		change(c, o)
	}
	data, err := redfire.Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	api, err := httpapi.New(data, o)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{data, api, httptest.NewServer(api)}
	t.Cleanup(func() {
		api.Stop()
		s.Close()
		if err := data.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// An answer is what came of a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request; header lines are "Name: value".
func (s *site) do(t testing.TB, method, path, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	got, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range got.Trailer {
		got.Header[name] = values
	}
	return answer{got.StatusCode, got.Header, string(text)}
}

// post sends rows and wants them to be kept.
func (s *site) post(t testing.TB, path, mediaType, body string) answer {
	t.Helper()
	got := s.do(t, http.MethodPost, path, body, "Content-Type: "+mediaType)
	if got.status != http.StatusOK {
		t.Fatalf("POST %s: got %d %s", path, got.status, got.body)
	}
	return got
}

const threeBars = `{"symbol":"rb2601.SHFE","interval":"1m","time":"2026-01-05T01:00:00Z","open":1,"high":2,"low":1,"close":2,"volume":10}
{"symbol":"rb2601.SHFE","interval":"1m","time":"2026-01-05T01:01:00Z","open":2,"high":3,"low":2,"close":3,"volume":20}
{"symbol":"rb2601.SHFE","interval":"1m","time":"2026-01-05T01:02:00Z","open":3,"high":4,"low":3,"close":4.5,"volume":30}
`

func TestBarsThatAreWrittenAreRead(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	got := s.post(t, "/v1/bars", "application/x-ndjson", strings.Replace(threeBars, `"high":4`, `"high":5`, 1))
	t.Log(got.body)
	got = s.do(t, http.MethodGet, "/v1/bars?symbol=rb2601.SHFE&interval=1m", "")
	if got.status != 200 || got.header.Get("Redfire-Rows") != "3" {
		t.Fatalf("got %d, %v: %s", got.status, got.header, got.body)
	}
	t.Log(got.body)
	for _, path := range []string{"/v1/symbols", "/v1/changes", "/readyz", "/livez", "/metrics", "/openapi.json", "/v1/verify", "/v1/bars?symbol=rb2601.SHFE&interval=1m&format=csv", "/nothing", "/v1/bars", "/v1/bars?symbol=x.SHFE&interval=1m", "/v1/bars/gaps?symbol=rb2601.SHFE&interval=1m", "/v1/bars/coverage?symbol=rb2601.SHFE&interval=1m", "/v1/bars/profile?symbol=rb2601.SHFE&interval=1m&step=1", "/v1/bars/resample?symbol=rb2601.SHFE&interval=1m&to_interval=5m"} {
		got = s.do(t, http.MethodGet, path, "")
		t.Log(path, got.status, got.body[:min(len(got.body), 600)])
	}
}
