package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// ready returns what /readyz tells.
func (s *site) ready(t testing.TB) (int, answers.Ready) {
	t.Helper()
	got := s.do(t, http.MethodGet, "/readyz", "")
	var about answers.Ready
	if err := json.Unmarshal([]byte(got.body), &about); err != nil {
		t.Fatalf("got %s: %v", got.body, err)
	}
	return got.status, about
}

func TestReadyTellsHowEachSourceIs(t *testing.T) {
	s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) {
		c.SQL = map[string]config.SQL{"main": {URL: "oracle://root:hunter2@db.example:3306/vnpy"}}
		c.Cache.Redis = "redis://:hunter2@cache.example:6379/0"
		c.Journal.URL = "mongodb://u:hunter2@mongo.example/redfire"
	})
	status, about := s.ready(t)
	if status != http.StatusOK || about.Status != "ok" {
		t.Errorf("sources that are not critical are down: got %d %s", status, about.Status)
	}
	var names []string
	for _, source := range about.Sources {
		names = append(names, source.Name+" "+source.State)
		if source.State == "down" && (source.Error == nil || source.Error.Kind != fault.Unsupported || source.Critical) {
			t.Errorf("%s: got %+v", source.Name, source)
		}
	}
	if !slices.Equal(names, []string{"cache down", "journal down", "series ok", "sql.main down"}) {
		t.Errorf("sources are %q", names)
	}
	if body := s.do(t, http.MethodGet, "/readyz", "").body; strings.Contains(body, "hunter2") {
		t.Errorf("a password is told: %s", body)
	}
	s.post(t, "/v1/bars", "application/x-ndjson", threeBars) // the rest goes on
}

func TestSeriesWithoutAnEngineAreDownAndNothingElseInTheirStead(t *testing.T) {
	folder := t.TempDir()
	s := serve(t, folder, func(c *config.Config, _ *httpapi.Options) {
		c.Series.URL = "influx://u:hunter2@localhost:8086?org=a&bucket=b"
	})
	status, about := s.ready(t)
	if status != http.StatusServiceUnavailable || about.Status != "down" || len(about.Sources) != 1 || !about.Sources[0].Critical {
		t.Errorf("got %d %+v", status, about)
	}
	f := func(method, path, body string, header ...string) {
		t.Helper()
		d := s.problem(t, refusal{http.StatusNotImplemented, fault.CommandNoEngine, "series"}, method, path, body, header...)
		if d.Kind != fault.Unsupported || strings.Contains(d.Detail, "hunter2") {
			t.Errorf("%s %s: got %+v", method, path, d)
		}
	}
	f(http.MethodGet, barsPath, "")
	f(http.MethodGet, "/v1/symbols", "")
	f(http.MethodGet, "/v1/verify", "")
	f(http.MethodGet, resamplePath+"&to_interval=5m", "")
	f(http.MethodDelete, barsPath+"&all=true", "")
	f(http.MethodPost, "/v1/bars", threeBars, "Content-Type: application/x-ndjson")
	if got := s.do(t, http.MethodGet, "/v1/changes", ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("changes: got %d %s", got.status, got.body)
	}
	for _, path := range []string{"/livez", "/metrics", "/openapi.json"} {
		if got := s.do(t, http.MethodGet, path, ""); got.status != http.StatusOK {
			t.Errorf("%s: got %d", path, got.status)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "series")); err == nil {
		t.Error("an embedded store was made")
	}
}

func TestAServerThatStopsSaysThatItIsNotReady(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	s.api.Stop()
	s.api.Stop()
	if status, about := s.ready(t); status != http.StatusServiceUnavailable || about.Status != "stopping" {
		t.Errorf("got %d %s", status, about.Status)
	}
	if got := s.do(t, http.MethodGet, "/livez", ""); got.status != http.StatusOK || got.body != "{\"status\":\"ok\"}\n" {
		t.Errorf("/livez: got %d %s", got.status, got.body)
	}
}

func TestAStoreThatIsClosedIsDown(t *testing.T) {
	s := stocked(t, nil)
	if err := s.data.Close(); err != nil {
		t.Fatal(err)
	}
	if status, about := s.ready(t); status != http.StatusServiceUnavailable || about.Sources[0].Error.Kind != fault.Closed {
		t.Errorf("got %d %+v", status, about)
	}
	s.problem(t, refusal{http.StatusServiceUnavailable, fault.SeriesClosed, ""}, http.MethodGet, barsPath, "")
	s.problem(t, refusal{http.StatusServiceUnavailable, fault.SeriesClosed, ""}, http.MethodPost, "/v1/bars", threeBars, "Content-Type: application/x-ndjson")
}

func TestMetricsCountRequestsByTheirRoute(t *testing.T) {
	s := stocked(t, nil)
	s.do(t, http.MethodGet, barsPath, "")
	s.do(t, http.MethodGet, "/v1/bars?symbol=no.SHFE&interval=1m", "")
	s.do(t, http.MethodGet, "/made/up/by/a/stranger", "")
	s.do(t, "BREW", "/v1/bars", "")
	got := s.do(t, http.MethodGet, "/metrics", "").body
	for _, want := range []string{
		`redfire_http_request_duration_seconds_count{method="GET",route="/v1/bars",status="200"} 1`,
		`redfire_http_request_duration_seconds_count{method="GET",route="/v1/bars",status="404"} 1`,
		`redfire_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1`,
		`redfire_http_request_duration_seconds_count{method="other",route="none",status="405"} 1`,
		`redfire_http_request_duration_seconds_count{method="POST",route="/v1/bars",status="200"} 2`,
		`redfire_http_requests_in_flight 1`,
		`redfire_series_rows_written_total 9`,
		`redfire_source_up{engine="localseries",source="series"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
	if strings.Contains(got, "stranger") || strings.Contains(got, "BREW") {
		t.Error("strangers make up labels")
	}
}

// damaged starts a server over a store of which a byte is wrong, in the middle of a
// long series. It returns how many rows that has.
func damaged(t *testing.T, change func(*config.Config, *httpapi.Options)) (*site, int) {
	t.Helper()
	folder := t.TempDir()
	s := serve(t, folder, nil)
	const n = 400_000
	bars := make([]market.Bar, n)
	for i := range bars {
		price := float64(i*7919%100_003) / 7
		bars[i] = market.Bar{Time: market.Time(1700000040+60*i) * 1e9, Open: price, High: price + 2, Low: price - 1, Close: price + 1, Volume: float64(i % 977)}
	}
	y := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	s.keep(t, series.FrameOfBars(y, market.Minute, bars))
	if err := s.data.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "series", "segment-*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("segments are %v, %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)*6/10] ^= 0x10
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return serve(t, folder, change), n
}

func TestVerifyListsWhatIsDamaged(t *testing.T) {
	s, _ := damaged(t, nil)
	got := s.do(t, http.MethodGet, "/v1/verify", "")
	var all []answers.Damage
	if err := json.Unmarshal([]byte(got.body), &all); err != nil || got.status != http.StatusOK {
		t.Fatalf("got %d %s: %v", got.status, got.body, err)
	}
	if len(all) == 0 || all[0].Key == nil || all[0].Key.Symbol.Code != "rb2601" || all[0].Error.Kind != fault.Corrupt || all[0].File == "" || all[0].Span.From == 0 {
		t.Errorf("got %s", got.body)
	}
	if strings.Contains(got.body, s.data.Folder()) {
		t.Errorf("%s tells where the server keeps its data", got.body)
	}
	chinese := s.do(t, http.MethodGet, "/v1/verify", "", "Accept-Language: zh").body
	if chinese == got.body {
		t.Error("in Chinese it is the same")
	}
	clean := stocked(t, nil)
	if got := clean.do(t, http.MethodGet, "/v1/verify", "").rows(t); len(got) != 0 {
		t.Errorf("of a store that is whole: %v", got)
	}
}

// A described is a request as /openapi.json describes it.
type described struct {
	OperationID string `json:"operationId"`
	Summary     string
	Tags        []string
	Parameters  []struct{ Name, In, Description string }
	RequestBody *struct {
		Required bool
		Content  map[string]any
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string
		Content     map[string]any
	}
}

// A description is what /openapi.json has.
type description struct {
	OpenAPI    string
	Info       struct{ Title, Version, Description string }
	Paths      map[string]map[string]described
	Components struct{ Schemas map[string]any }
}

// check reports what is missing in the description of a request.
func (d *described) check(t *testing.T, request string) {
	t.Helper()
	if d.OperationID == "" || d.Summary == "" || len(d.Tags) != 1 {
		t.Errorf("%s: %+v", request, d)
	}
	if _, ok := d.Responses["default"].Content["application/problem+json"]; !ok || len(d.Responses["200"].Content) == 0 {
		t.Errorf("%s: answers are %v", request, d.Responses)
	}
	for _, p := range d.Parameters {
		if p.Description == "" && p.In == "query" {
			t.Errorf("%s: nothing is said of %s", request, p.Name)
		}
	}
	if takes := strings.HasPrefix(request, "post") || strings.HasPrefix(request, "put"); takes != (d.RequestBody != nil) {
		t.Errorf("%s: body %v", request, d.RequestBody)
	}
}

func TestTheDescriptionListsEveryRequestWithItsProblems(t *testing.T) {
	s := serve(t, t.TempDir(), func(_ *config.Config, o *httpapi.Options) { o.Version = "1.2.3" })
	text := s.do(t, http.MethodGet, "/openapi.json", "").body
	own, err := s.api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	if !sameJSON(t, text, string(own)) {
		t.Error("OpenAPI returns something else")
	}
	var d description
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.OpenAPI, "3.1.") || d.Info.Version != "1.2.3" || d.Info.Description == "" {
		t.Errorf("it begins with %s, %+v", d.OpenAPI, d.Info)
	}
	ids := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if ids[op.OperationID] {
				t.Errorf("%s %s: another request is called %s too", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
			op.check(t, method+" "+path)
			// What is described is answered.
			if got := s.do(t, strings.ToUpper(method), path+"?no_such_parameter=1", ""); got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed {
				t.Errorf("%s %s: got %d", method, path, got.status)
			}
		}
	}
	for _, path := range []string{"/v1/bars", "/v1/ticks", "/v1/indicators", "/v1/symbols", "/v1/changes", "/v1/stream", "/v1/verify", "/v1/bars/resample", "/v1/bars/gaps", "/v1/bars/coverage", "/v1/bars/profile", "/v1/ticks/bars", "/v1/frames", "/livez", "/readyz"} {
		if _, ok := d.Paths[path]; !ok {
			t.Errorf("%s is not described", path)
		}
	}
	for ref := range refs(text) {
		if name := strings.TrimPrefix(ref, "#/components/schemas/"); d.Components.Schemas[name] == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	}
}

// refs yields the references of a description.
func refs(text string) map[string]bool {
	all := map[string]bool{}
	for _, part := range strings.Split(text, `"$ref":"`)[1:] {
		ref, _, _ := strings.Cut(part, `"`)
		all[ref] = true
	}
	return all
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var texts []string
	for _, text := range []string{a, b} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(plain))
	}
	return texts[0] == texts[1]
}

func TestTheDescriptionOfAServerWithTokensSaysSo(t *testing.T) {
	g := guard(t)
	got := g.do(t, http.MethodGet, "/openapi.json", "", bearer(g.reader)).body
	if !strings.Contains(got, `"bearer"`) || !strings.Contains(got, `"security"`) {
		t.Error("the description does not tell of tokens")
	}
}

func TestAServerIsAHandlerLikeOthers(t *testing.T) {
	s := stocked(t, nil)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, barsPath, nil)
	r.Host = "localhost"
	s.api.ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Redfire-Rows") != "3" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}
