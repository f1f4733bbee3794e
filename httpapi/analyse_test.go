package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// sessions starts a server with rebar of a night session and of the day after it,
// a bar a minute from 21:00 to 21:04 and from 9:00 to 9:04 in Shanghai, but for one.
func sessions(t *testing.T, change func(*config.Config, *httpapi.Options)) *site {
	t.Helper()
	s := serve(t, t.TempDir(), change)
	var b strings.Builder
	b.WriteString("datetime,open,high,low,close,volume\n")
	for _, hour := range []string{"2026-01-05 21", "2026-01-06 09"} {
		for minute := range 5 {
			if hour != "2026-01-06 09" || minute != 2 {
				fmt.Fprintf(&b, "%s:%02d:00,10,12,9,%d,10\n", hour, minute, 10+minute%2)
			}
		}
	}
	s.post(t, "/v1/bars?symbol=rb2601.SHFE&interval=1m&tz=Asia/Shanghai&bar_time=start", "text/csv", b.String())
	return s
}

const resamplePath = "/v1/bars/resample?symbol=rb2601.SHFE&interval=1m"

func TestCoarserBarsAreMadeByTheClock(t *testing.T) {
	s := stocked(t, nil)
	f := func(params, want string) {
		t.Helper()
		if got := told(s.do(t, http.MethodGet, resamplePath+params, "").rows(t), "interval", "time", "open", "high", "low", "close", "volume"); got != want {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
	f("&to_interval=5m", "5m 2026-01-05T01:00:00Z 1 5 1 4.5 60")
	f("&to_interval=2m", "2m 2026-01-05T01:00:00Z 1 3 1 3 30; 2m 2026-01-05T01:02:00Z 3 5 3 4.5 30")
	f("&to_interval=2m&from=2026-01-05T01:02:00Z", "2m 2026-01-05T01:02:00Z 3 5 3 4.5 30")
	f("&to_interval=2m&to=2026-01-05T01:02:00Z", "2m 2026-01-05T01:00:00Z 1 3 1 3 30")
	f("&to_interval=1h&from=2027-01-01T00:00:00Z", "")
	if got := told(s.do(t, http.MethodGet, "/v1/ticks/bars?symbol=rb2601.SHFE&to_interval=1m", "").rows(t), "time", "open", "close", "volume"); got != "2026-01-05T01:00:00Z 5 6 3; 2026-01-05T01:01:00Z 7 7 4" {
		t.Errorf("bars of ticks are %s", got)
	}
	text := s.do(t, http.MethodGet, resamplePath+"&to_interval=5m&format=csv&columns=close&tz=Asia/Shanghai", "").body
	if text != "symbol,interval,time,close\nrb2601.SHFE,5m,2026-01-05T09:00:00+08:00,4.5\n" {
		t.Errorf("in CSV they are %q", text)
	}
}

func TestDaysWithANightSessionNeedACalendar(t *testing.T) {
	s := sessions(t, nil)
	s.problem(t, refusal{http.StatusBadRequest, fault.APIParameter, "calendar"}, http.MethodGet, resamplePath+"&to_interval=d", "")
	f := func(params, want string) {
		t.Helper()
		if got := told(s.do(t, http.MethodGet, resamplePath+params, "").rows(t), "time", "volume"); got != want {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
	// One day by the exchange, two by the clock.
	f("&to_interval=d&calendar=auto", "2026-01-05T16:00:00Z 90")
	f("&to_interval=d&calendar=shfe_rb", "2026-01-05T16:00:00Z 90")
	f("&to_interval=d&calendar=SHFE_RB&tz=Asia/Shanghai", "2026-01-06T00:00:00+08:00 90")
	f("&to_interval=d&calendar=none", "2026-01-04T16:00:00Z 50; 2026-01-05T16:00:00Z 40")
	f("&to_interval=d&calendar=none&tz=UTC", "2026-01-05T00:00:00Z 50; 2026-01-06T00:00:00Z 40")
	f("&to_interval=5m", "2026-01-05T13:00:00Z 50; 2026-01-06T01:00:00Z 40")
}

func TestResamplingRefusesWhatItCannotDo(t *testing.T) {
	s := stocked(t, nil)
	f := func(status int, code fault.Code, field, params string) {
		t.Helper()
		s.problem(t, refusal{status, code, field}, http.MethodGet, resamplePath+params, "")
	}
	const bad = http.StatusBadRequest
	f(http.StatusUnprocessableEntity, fault.APIParameter, "to_interval", "")
	f(bad, fault.MarketInterval, "to_interval", "&to_interval=7q")
	f(bad, fault.SeriesQuery, "", "&to_interval=30s")
	f(http.StatusUnprocessableEntity, fault.APIParameter, "limit", "&to_interval=5m&limit=1")
	f(http.StatusUnprocessableEntity, fault.APIParameter, "reverse", "&to_interval=5m&reverse=true")
	f(bad, fault.APIParameter, "symbol", "&symbol=ag2602.SHFE&to_interval=5m")
	f(bad, fault.APIParameter, "tz", "&to_interval=d&calendar=auto&tz=UTC")
	f(http.StatusNotFound, fault.MarketUnlisted, "calendar", "&to_interval=5m&calendar=moon")
	f(bad, fault.MarketZone, "tz", "&to_interval=5m&tz=x")
	f(bad, fault.MarketTime, "from", "&to_interval=5m&from=x")
}

func TestGapsAreWhatTheCalendarExpectsAndIsNotThere(t *testing.T) {
	s := sessions(t, nil)
	const span = "&tz=Asia/Shanghai&from=2026-01-06+09:00:00&to=2026-01-06+09:05:00"
	got := s.do(t, http.MethodGet, "/v1/bars/gaps?symbol=rb2601.SHFE&interval=1m"+span, "").rows(t)
	if told(got, "defect", "from", "to", "bars") != "gap 2026-01-06T01:02:00Z 2026-01-06T01:03:00Z 1" {
		t.Errorf("gaps are %v", got)
	}
	got = s.do(t, http.MethodGet, "/v1/bars/gaps?symbol=rb2601.SHFE&interval=1m&calendar=24x7"+span, "").rows(t)
	if told(got, "defect", "bars") != "gap 1" {
		t.Errorf("by another calendar gaps are %v", got)
	}
	s.problem(t, refusal{http.StatusBadRequest, fault.APIParameter, "calendar"}, http.MethodGet, "/v1/bars/gaps?symbol=rb2601.SHFE&interval=1m&calendar=none", "")
	s.problem(t, refusal{http.StatusNotFound, fault.MarketUnlisted, "calendar"}, http.MethodGet, "/v1/bars/gaps?symbol=rb2601.SHFE&interval=1m&calendar=moon", "")

	// What has no calendar is refused, not guessed.
	y := market.Symbol{Code: "odd", Exchange: "LOCAL"}
	s.keep(t, series.FrameOfBars(y, market.Minute, []market.Bar{{Time: 1767574800e9, Open: 1, High: 1, Low: 1, Close: 1}}))
	s.problem(t, refusal{http.StatusNotFound, fault.MarketUnlisted, ""}, http.MethodGet, "/v1/bars/gaps?symbol=odd.LOCAL&interval=1m", "")
}

func TestContradictionsAreListedWithWhatTheyAre(t *testing.T) {
	s := stocked(t, nil)
	odd := strings.Replace(threeBars, `"high":5`, `"high":4`, 1)
	got := s.do(t, http.MethodPost, "/v1/bars", odd, "Content-Type: application/x-ndjson")
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `"refused":1`) {
		t.Errorf("a bar that contradicts itself: got %d %s", got.status, got.body)
	}
	s.post(t, "/v1/bars?accept_suspect=true", "application/x-ndjson", odd)
	got = s.do(t, http.MethodGet, "/v1/bars/gaps?symbol=rb2601.SHFE&interval=1m&tz=Asia/Shanghai&from=2026-01-05+09:00:00&to=2026-01-05+09:03:00", "")
	if !strings.Contains(got.body, `"defect":"contradiction"`) || !strings.Contains(got.body, `close 4.5 is above high 4`) {
		t.Errorf("got %s", got.body)
	}
}

func TestCoverageCountsTheBarsOfEachDay(t *testing.T) {
	s := sessions(t, nil)
	got := s.do(t, http.MethodGet, "/v1/bars/coverage?symbol=rb2601.SHFE&interval=1m", "").rows(t)
	if told(got, "day", "present", "outside") != "2026-01-06 9 0" || told(got, "calendar") != "shfe_rb" {
		t.Errorf("the coverage is %v", got)
	}
	got = s.do(t, http.MethodGet, "/v1/bars/coverage?symbol=*&interval=1m&calendar=24x7", "").rows(t)
	if told(got, "day", "expected", "present") != "2026-01-05 1440 5; 2026-01-06 1440 4" {
		t.Errorf("by the clock it is %v", got)
	}
}

func TestACalendarOfTheConfigurationCounts(t *testing.T) {
	s := sessions(t, func(c *config.Config, _ *httpapi.Options) {
		var known market.Dates
		known, err := market.ParseDates("2020-01-01..2030-12-31")
		if err != nil {
			t.Fatal(err)
		}
		c.Calendars = map[string]config.Calendar{"mine": {Like: "24x7", Symbols: []config.Pattern{"rb*.SHFE"}, Known: known}}
	})
	got := s.do(t, http.MethodGet, "/v1/bars/coverage?symbol=rb2601.SHFE&interval=1m", "").rows(t)
	if told(got, "calendar", "expected") != "mine 1440; mine 1440" {
		t.Errorf("the coverage is %v", got)
	}
}

func TestTheProfileTellsWhatWasTradedAtWhichPrice(t *testing.T) {
	s := stocked(t, nil)
	const path = "/v1/bars/profile?symbol=rb2601.SHFE&interval=1m"
	if got := told(s.do(t, http.MethodGet, path+"&step=1", "").rows(t), "price", "volume"); got != "2 10; 3 20; 4 30" {
		t.Errorf("got %s", got)
	}
	if got := told(s.do(t, http.MethodGet, path+"&step=100&from=2026-01-05T01:01:00Z", "").rows(t), "price", "volume"); got != "0 50" {
		t.Errorf("got %s", got)
	}
	if got := s.do(t, http.MethodGet, path+"&step=1&from=2027-01-01T00:00:00Z", "").rows(t); len(got) != 0 {
		t.Errorf("of no bar there is a profile: %v", got)
	}
	s.problem(t, refusal{http.StatusBadRequest, fault.APIParameter, "symbol"}, http.MethodGet, path+"&symbol=ag2602.SHFE&step=1", "")
	for _, step := range []string{"NaN", "Inf", "1e-300", "-1"} {
		got := s.do(t, http.MethodGet, path+"&step="+step, "")
		if got.status < 400 || got.status >= 500 {
			t.Errorf("a step of %s: got %d %s", step, got.status, got.body)
		}
	}
}
