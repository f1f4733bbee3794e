package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/problem"
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
	c.Data, c.SQL = config.Path(folder), nil
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
{"symbol":"rb2601.SHFE","interval":"1m","time":"2026-01-05T01:02:00Z","open":3,"high":5,"low":3,"close":4.5,"volume":30}
`

// problem sends a request and wants a problem of it.
func (s *site) problem(t testing.TB, want refusal, method, path, body string, header ...string) *problem.Details {
	t.Helper()
	got := s.do(t, method, path, body, header...)
	d := &problem.Details{}
	if err := json.Unmarshal([]byte(got.body), d); err != nil {
		t.Errorf("%s %s: got %d %s: %v", method, path, got.status, got.body, err)
		return d
	}
	field := ""
	if d.Place != nil {
		field = d.Place.Field
	}
	mediaType := got.header.Get("Content-Type")
	if got.status != want.status || d.Status != want.status || d.Code != want.code || field != want.field || mediaType != problem.MediaType {
		t.Errorf("%s %s: got %d %s with %s at %q, %q; want %d %s at %q", method, path, got.status, mediaType, d.Code, field, d.Detail, want.status, want.code, want.field)
	}
	if d.Title == "" || d.Cure == "" || d.Type != "urn:redfire:"+string(d.Code) {
		t.Errorf("%s %s: got %s, want a title, a cure and the code as the type", method, path, got.body)
	}
	if folder := s.data.Folder(); strings.Contains(got.body, folder) {
		t.Errorf("%s %s: %s tells where the server keeps its data", method, path, got.body)
	}
	return d
}

// A refusal is how a problem is told from others.
type refusal struct {
	status int
	code   fault.Code
	field  string
}

// rows returns the rows of an answer in JSON, and wants their number in the trailer.
func (a answer) rows(t testing.TB) (rows []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &rows); err != nil || a.status != http.StatusOK {
		t.Fatalf("got %d %s: %v", a.status, a.body, err)
	}
	if got := a.header.Get("Redfire-Rows"); got != strconv.Itoa(len(rows)) {
		t.Errorf("the trailer tells of %s rows, and there are %d", got, len(rows))
	}
	return rows
}

// told returns what the fields of rows are, a row after the other.
func told(rows []map[string]any, fields ...string) string {
	var b strings.Builder
	for i, row := range rows {
		if i > 0 {
			b.WriteString("; ")
		}
		for j, field := range fields {
			if j > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprint(&b, row[field])
		}
	}
	return b.String()
}

// stocked starts a server with the bars and ticks that most tests read.
func stocked(t testing.TB, change func(*config.Config, *httpapi.Options)) *site {
	t.Helper()
	s := serve(t, t.TempDir(), change)
	s.post(t, "/v1/bars", "application/x-ndjson", threeBars)
	s.post(t, "/v1/bars", "application/x-ndjson", strings.ReplaceAll(threeBars, "rb2601", "ag2602"))
	s.post(t, "/v1/ticks?tick_volume=traded", "application/x-ndjson", threeTicks)
	return s
}

const threeTicks = `{"symbol":"rb2601.SHFE","time":"2026-01-05T01:00:00Z","last_price":5,"last_volume":1}
{"symbol":"rb2601.SHFE","time":"2026-01-05T01:00:00Z","last_price":6,"last_volume":2}
{"symbol":"rb2601.SHFE","time":"2026-01-05T01:01:30Z","last_price":7,"last_volume":4}
`
