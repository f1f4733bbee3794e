package redfire_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// opened opens the stores of a folder, with what change makes of the configuration.
func opened(t *testing.T, folder string, change func(*config.Config)) *redfire.Data {
	t.Helper()
	d, err := redfire.Open(t.Context(), settings(t, folder, change), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func settings(t *testing.T, folder string, change func(*config.Config)) *config.Config {
	t.Helper()
	c, err := config.Load(&config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Data = config.Path(folder)
	if change != nil {
		change(c)
	}
	return c
}

var (
	rebar   = market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	oneBar  = []market.Bar{{Time: 1767574800e9, Open: 1, High: 2, Low: 1, Close: 2}}
	rebarOf = series.BarKey(rebar, market.Minute)
)

// bars counts the bars that are stored.
func bars(t *testing.T, d *redfire.Data) (n int) {
	t.Helper()
	for _, err := range d.Series.Bars(t.Context(), rebar, market.Minute, market.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestWhatIsWrittenIsThereWhenItIsOpenedAgain(t *testing.T) {
	folder := t.TempDir()
	d := opened(t, folder, nil)
	if err := d.Series.WriteBars(t.Context(), rebar, market.Minute, oneBar); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second Close does nothing
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Series.WriteBars(t.Context(), rebar, market.Minute, oneBar); !errors.Is(err, fault.Closed) {
		t.Errorf("after Close: got %v", err)
	}
	if n := bars(t, opened(t, folder, nil)); n != 1 {
		t.Errorf("there are %d bars", n)
	}
}

func TestTheDataFolderIsHeldByOne(t *testing.T) {
	folder := t.TempDir()
	opened(t, folder, nil)
	if _, err := redfire.Open(t.Context(), settings(t, folder, nil), nil); !errors.Is(err, fault.DiskHeld) {
		t.Errorf("a second one: got %v", err)
	}
}

func TestADataFolderThatCannotBeUsedIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := redfire.Open(t.Context(), settings(t, file, nil), nil); err == nil || d != nil {
		t.Errorf("got %v, %v", d, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := redfire.Open(ctx, settings(t, t.TempDir(), nil), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("of a context that ended: got %v", err)
	}
	if _, err := redfire.Open(t.Context(), settings(t, t.TempDir(), func(c *config.Config) { c.Series.URL = "http://a:1/path" }), nil); !errors.Is(err, fault.APIParameter) {
		t.Errorf("of an address that is none: got %v", err)
	}
}

func TestSourcesWithoutAnEngineAreDown(t *testing.T) {
	d := opened(t, t.TempDir(), func(c *config.Config) {
		c.SQL = map[string]config.SQL{"main": {URL: "oracle://root:hunter2@localhost/vnpy"}, "own": {}}
		c.Cache.Redis = "redis://localhost:6379/0"
		c.Journal.URL = "mongodb://localhost/redfire"
	})
	var got []string
	for _, s := range d.Sources(t.Context()) {
		got = append(got, s.Name+" "+string(s.State))
		if (s.State == redfire.Down) != (s.Err != nil) || s.Critical != (s.Name == "series") {
			t.Errorf("got %+v", s)
		}
		if s.Err != nil && (!errors.Is(s.Err, fault.Unsupported) || !errors.Is(s.Err, fault.CommandNoEngine) || strings.Contains(s.Err.Error(), "hunter2")) {
			t.Errorf("%s is down: %v", s.Name, s.Err)
		}
	}
	if all := strings.Join(got, ", "); all != "cache down, journal down, series ok, sql.main down, sql.own ok" {
		t.Errorf("got %s", all)
	}
	if err := d.Series.WriteBars(t.Context(), rebar, market.Minute, oneBar); err != nil {
		t.Errorf("the series: %v", err)
	}
}

func TestSeriesThatAreDownSayWhy(t *testing.T) {
	folder := t.TempDir()
	d := opened(t, folder, func(c *config.Config) { c.Series.URL = "influx://localhost:8086?org=a&bucket=b" })
	var read, overview, fold, verify, changes error
	for _, read = range d.Series.Read(t.Context(), series.Query{Keys: []series.Key{rebarOf}}) {
	}
	for _, overview = range d.Series.Overview(t.Context(), series.Filter{}) {
	}
	for _, fold = range d.Series.Resample(t.Context(), series.FoldQuery{Keys: []series.Key{rebarOf}, Interval: market.Hour, Zone: market.Time(1).UTC().Location()}) {
	}
	for _, verify = range d.Verify(t.Context()) {
	}
	for _, changes = range d.Series.Changes(t.Context(), 0) {
	}
	_, deleted := d.Series.Delete(t.Context(), rebarOf, market.Range{})
	_, replaced := d.Series.Replace(t.Context(), market.Range{}, series.FrameOfBars(rebar, market.Minute, oneBar), nil)
	written := d.Series.WriteBars(t.Context(), rebar, market.Minute, oneBar)
	for name, err := range map[string]error{"read": read, "overview": overview, "fold": fold, "verify": verify, "delete": deleted, "replace": replaced, "write": written} {
		if !errors.Is(err, fault.CommandNoEngine) || !errors.Is(err, fault.Unsupported) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if changes == nil || errors.Is(changes, fault.Conflict) {
		t.Errorf("changes: got %v", changes)
	}
	if d.LocalSeries() != nil {
		t.Error("there is an embedded engine in its stead")
	}
	if _, err := os.Stat(d.SeriesFolder()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an embedded store was made: %v", err)
	}
}

func TestAServerThatIsAwayIsDownAndOpensAllTheSame(t *testing.T) {
	d := opened(t, t.TempDir(), func(c *config.Config) { c.Series.URL, c.SQL = "http://127.0.0.1:1", nil })
	all := d.Sources(t.Context())
	if len(all) != 1 || all[0].State != redfire.Down || all[0].Engine != "redfire" || !errors.Is(all[0].Err, fault.APIUnreachable) {
		t.Errorf("got %+v", all)
	}
	for _, err := range d.Verify(t.Context()) {
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("Verify: got %v", err)
		}
	}
}

func TestAServerThatDoesNotAnswerIsDownInTime(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold }))
	defer s.Close()
	defer close(hold)
	d := opened(t, t.TempDir(), func(c *config.Config) { c.Series.URL, c.SQL = config.URL(s.URL), nil })
	if all := d.Sources(t.Context()); all[0].State != redfire.Down || !errors.Is(all[0].Err, fault.APIUnreachable) {
		t.Errorf("got %+v", all)
	}
}

func TestFoldersAndCalendarsAreThoseOfTheConfiguration(t *testing.T) {
	folder := t.TempDir()
	d := opened(t, folder, nil)
	if d.Folder() != folder || d.SeriesFolder() != filepath.Join(folder, "series") || string(d.Config().Data) != folder || d.LocalSeries() == nil || d.Log == nil {
		t.Errorf("got %s, %s", d.Folder(), d.SeriesFolder())
	}
	c, err := d.Calendars()
	if err != nil {
		t.Fatal(err)
	}
	if of, err := c.Of(rebar); err != nil || of.Name() != "shfe_rb" {
		t.Errorf("got %v, %v", of, err)
	}
}

func TestMetricsAreAsPrometheusWantsThem(t *testing.T) {
	d := opened(t, t.TempDir(), func(c *config.Config) { c.Cache.Redis = "redis://localhost:6379/0" })
	if err := d.Series.WriteBars(t.Context(), rebar, market.Minute, oneBar); err != nil {
		t.Fatal(err)
	}
	bars(t, d)
	ends := d.RequestBegins()
	ends(redfire.Request{Method: "GET", Route: "/v1/bars", Status: "200", Took: 7e6, Bytes: 100})
	defer d.StreamBegins()()
	own := prometheus.NewCounter(prometheus.CounterOpts{Name: "mine_total", Help: "Mine."})
	d.Registry().MustRegister(own)

	w := httptest.NewRecorder()
	d.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	problems, err := promlint.New(strings.NewReader(w.Body.String())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if p.Metric == "db_client_connection_count" {
			continue // the name is OpenTelemetry's
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, name := range []string{
		"mine_total 0", "go_goroutines", "redfire_series_rows_read_total 1\n", "redfire_series_rows_written_total 1\n", "redfire_http_streams 1\n",
		"redfire_http_response_bytes_total 100\n", `redfire_source_up{engine="",source="cache"} 0`, `redfire_source_up{engine="localseries",source="series"} 1`,
		`redfire_http_request_duration_seconds_bucket{method="GET",route="/v1/bars",status="200",le="0.01"} 1`,
	} {
		if !strings.Contains(w.Body.String(), name) {
			t.Errorf("there is no %s", name)
		}
	}
}
