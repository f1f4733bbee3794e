package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

const (
	barsPath  = "/v1/bars?symbol=rb2601.SHFE&interval=1m"
	ticksPath = "/v1/ticks?symbol=rb2601.SHFE"
)

// keep writes frames to the store below a server.
func (s *site) keep(t testing.TB, frames ...series.Frame) {
	t.Helper()
	if _, err := s.data.Series.Write(t.Context(), frames, nil); err != nil {
		t.Fatal(err)
	}
}

// indicator returns rows of an indicator of rb2601.SHFE.
func indicator(name string, values ...float64) series.Frame {
	y := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	f := series.Frame{Key: series.Key{Kind: series.Indicator, Symbol: y, Interval: market.Minute, Name: name}}
	for i := range values {
		f.Time = append(f.Time, market.Time(1767574800+60*i)*1e9)
	}
	f.Cols = []series.Column{{Name: "value", Floats: values}}
	return f
}

func TestTheFormOfRowsIsThatOfAccept(t *testing.T) {
	s := stocked(t, nil)
	f := func(accept, want string) {
		t.Helper()
		got := s.do(t, http.MethodGet, barsPath, "", "Accept: "+accept)
		if mediaType := got.header.Get("Content-Type"); got.status != http.StatusOK || mediaType != want {
			t.Errorf("%q: got %d %s, want %s", accept, got.status, mediaType, want)
		}
	}
	const csvType = "text/csv; charset=utf-8"
	f("", "application/json")
	f("*/*", "application/json")
	f("text/csv", csvType)
	f("TEXT/CSV", csvType)
	f("text/*", csvType)
	f("application/*", "application/json")
	f("application/x-ndjson", "application/x-ndjson")
	f("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream")
	f("text/html, text/csv;q=0.5", csvType)
	f("application/json;q=0.2, text/csv;q=0.9", csvType)
	f("application/json;q=0.9, text/csv;q=0.2", "application/json")
	f("*/*, application/json;q=0", "application/x-ndjson")
	f("*/*;q=0.1, text/csv", csvType)
	f("not a type, text/csv", csvType)

	for _, accept := range []string{"text/html", "image/*", "application/json;q=0", "text/csv;q=0.0", "rubbish"} {
		s.problem(t, refusal{http.StatusNotAcceptable, fault.APIForm, "Accept"}, http.MethodGet, barsPath, "", "Accept: "+accept)
	}
}

func TestTheParameterFormatCountsMoreThanAccept(t *testing.T) {
	s := stocked(t, nil)
	for format, want := range map[string]string{"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8", "arrow": "application/vnd.apache.arrow.stream"} {
		got := s.do(t, http.MethodGet, barsPath+"&format="+format, "", "Accept: text/html")
		if mediaType := got.header.Get("Content-Type"); got.status != http.StatusOK || mediaType != want {
			t.Errorf("format=%s: got %d %s", format, got.status, mediaType)
		}
	}
	s.problem(t, refusal{http.StatusUnprocessableEntity, fault.APIParameter, "format"}, http.MethodGet, barsPath+"&format=xml", "")
	s.problem(t, refusal{http.StatusUnprocessableEntity, fault.APIParameter, "format"}, http.MethodGet, "/v1/symbols?format=csv", "")
	s.problem(t, refusal{http.StatusNotAcceptable, fault.APIForm, "Accept"}, http.MethodGet, "/v1/symbols", "", "Accept: text/csv")
}

func TestEveryFormHoldsTheSameRows(t *testing.T) {
	s := stocked(t, nil)
	want := "2026-01-05T01:00:00Z 2; 2026-01-05T01:01:00Z 3; 2026-01-05T01:02:00Z 4.5"
	if got := told(s.do(t, http.MethodGet, barsPath, "").rows(t), "time", "close"); got != want {
		t.Errorf("JSON: got %s", got)
	}
	var rows []map[string]any
	for line := range strings.Lines(s.do(t, http.MethodGet, barsPath+"&format=ndjson", "").body) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if got := told(rows, "time", "close"); got != want {
		t.Errorf("NDJSON: got %s", got)
	}
	table, err := csv.NewReader(strings.NewReader(s.do(t, http.MethodGet, barsPath+"&format=csv", "").body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = nil
	for _, line := range table[1:] {
		row := map[string]any{}
		for i, name := range table[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	if got := told(rows, "time", "close"); got != want {
		t.Errorf("CSV: got %s", got)
	}
	in, err := ipc.NewReader(strings.NewReader(s.do(t, http.MethodGet, barsPath+"&format=arrow", "").body))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	n := int64(0)
	for in.Next() {
		n += in.RecordBatch().NumRows()
	}
	if n != 3 || in.Err() != nil || len(in.Schema().FieldIndices("close")) != 1 {
		t.Errorf("Arrow: got %d rows, %v, of %s", n, in.Err(), in.Schema())
	}
}

func TestAnswersArePackedAsTheClientAccepts(t *testing.T) {
	s := stocked(t, nil)
	plain := s.do(t, http.MethodGet, barsPath, "", "Accept-Encoding: identity").body
	f := func(accept, want string) {
		t.Helper()
		got := s.do(t, http.MethodGet, barsPath, "", "Accept-Encoding: "+accept)
		packing := got.header.Get("Content-Encoding")
		text := got.body
		switch packing {
		case "gzip":
			text = gunzip(t, text)
		case "zstd":
			text = unzstd(t, text)
		}
		if packing != want || text != plain || got.header.Get("Redfire-Rows") != "3" || !strings.Contains(got.header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%q: got %q %v", accept, packing, got.header)
		}
	}
	f("gzip", "gzip")
	f("zstd", "zstd")
	f("gzip, deflate, br, zstd", "zstd")
	f("GZIP", "gzip")
	f("br", "")
	f("zstd;q=0, gzip", "gzip")
	f("zstd;q=0.0, gzip;q=0.000", "")
	f("gzip; q=0.1", "gzip")

	// A problem is never packed.
	s.problem(t, refusal{http.StatusNotFound, fault.APINoSeries, ""}, http.MethodGet, "/v1/bars?symbol=no.SHFE&interval=1m", "", "Accept-Encoding: gzip")
	s.problem(t, refusal{http.StatusBadRequest, fault.FileColumns, ""}, http.MethodGet, barsPath+"&columns=nothing", "", "Accept-Encoding: zstd")
}

func gunzip(t testing.TB, text string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unzstd(t testing.TB, text string) string {
	t.Helper()
	z, err := zstd.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReadingTellsTheRowsThatAreAskedFor(t *testing.T) {
	s := stocked(t, nil)
	f := func(params, want string) {
		t.Helper()
		if got := told(s.do(t, http.MethodGet, "/v1/bars?"+params, "").rows(t), "symbol", "close"); got != want {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
	const rb, ag = "rb2601.SHFE 2; rb2601.SHFE 3; rb2601.SHFE 4.5", "ag2602.SHFE 2; ag2602.SHFE 3; ag2602.SHFE 4.5"
	one := "symbol=rb2601.SHFE&interval=1m"
	f(one, rb)
	f(one+"&limit=2", "rb2601.SHFE 2; rb2601.SHFE 3")
	f(one+"&reverse=true", "rb2601.SHFE 4.5; rb2601.SHFE 3; rb2601.SHFE 2")
	f(one+"&reverse=true&limit=1", "rb2601.SHFE 4.5")
	f(one+"&from=2026-01-05T01:01:00Z", "rb2601.SHFE 3; rb2601.SHFE 4.5")
	f(one+"&to=2026-01-05T01:01:00Z", "rb2601.SHFE 2")
	f(one+"&from=2026-01-05T09:01:00%2B08:00&to=2026-01-05T09:02:00%2B08:00", "rb2601.SHFE 3")
	f(one+"&tz=Asia/Shanghai&from=2026-01-05+09:02:00", "rb2601.SHFE 4.5")
	f(one+"&from=2027-01-01T00:00:00Z", "")
	f(one+"&symbol=ag2602.SHFE", rb+"; "+ag)
	f("symbol=ag2602.SHFE&"+one, ag+"; "+rb)
	f("symbol=*.SHFE&interval=1m", ag+"; "+rb)
	f("symbol=??2601.SHFE&interval=1m", rb)
	f("symbol=*&interval=1m&limit=1", "ag2602.SHFE 2; rb2601.SHFE 2")
	f("symbol=rb2601.SHFE&symbol=*&symbol=rb2601.SHFE&interval=1m&limit=1", "rb2601.SHFE 2; ag2602.SHFE 2")
	// One that is not stored must not be missed in an answer that looks whole.
	s.problem(t, refusal{http.StatusNotFound, fault.APINoSeries, ""}, http.MethodGet, "/v1/bars?symbol=rb2601.SHFE&symbol=no.SHFE&interval=1m&limit=1", "")
}

func TestAPatternThatIsNotUTF8IsRefused(t *testing.T) {
	s := stocked(t, nil)
	for _, path := range []string{"/v1/bars?symbol=%ff*&interval=1m", "/v1/symbols?symbol=%ff*", "/v1/stream?symbol=%ff*"} {
		s.problem(t, refusal{http.StatusBadRequest, fault.MarketSymbol, "symbol"}, http.MethodGet, path, "")
	}
}

func TestColumnsAreThoseThatAreAskedFor(t *testing.T) {
	s := stocked(t, nil)
	f := func(path, want string) {
		t.Helper()
		head, _, _ := strings.Cut(s.do(t, http.MethodGet, path+"&format=csv", "").body, "\n")
		if head != want {
			t.Errorf("%s: got %s, want %s", path, head, want)
		}
	}
	f(barsPath, "symbol,interval,time,open,high,low,close,volume,turnover,open_interest")
	f(barsPath+"&columns=close", "symbol,interval,time,close")
	f(barsPath+"&columns=volume,close", "symbol,interval,time,close,volume")
	f(ticksPath+"&columns=last_price", "symbol,time,seq,last_price")
	got := s.do(t, http.MethodGet, barsPath+"&columns=close&tz=Asia/Shanghai&limit=1&format=csv", "").body
	if _, rows, _ := strings.Cut(got, "\n"); rows != "rb2601.SHFE,1m,2026-01-05T09:00:00+08:00,2\n" {
		t.Errorf("times of a zone that is named are %s", rows)
	}
}

func TestExtraColumnsAndIndicatorsAreRead(t *testing.T) {
	s := stocked(t, nil)
	f := indicator("rsi(14)", 30, 70)
	s.keep(t, f)
	bars := series.FrameOfBars(f.Key.Symbol, market.Hour, []market.Bar{{Time: f.Time[0], Open: 1, High: 2, Low: 1, Close: 2}, {Time: f.Time[0] + 3600e9, Open: 1, High: 2, Low: 1, Close: 2}})
	bars.Cols = append(bars.Cols,
		series.Column{Name: "trades", Ints: []int64{7, 8}, Valid: []bool{true, false}},
		series.Column{Name: "mood", Texts: &series.Texts{Dict: []string{"up \"and\" away", ""}, Index: []uint32{0, 1}}})
	s.keep(t, bars)

	got := told(s.do(t, http.MethodGet, "/v1/indicators?symbol=rb2601.SHFE&interval=1m&name="+url.QueryEscape("rsi(14)"), "").rows(t), "time", "value:float64")
	if got != "2026-01-05T01:00:00Z 30; 2026-01-05T01:01:00Z 70" {
		t.Errorf("the indicator is %s", got)
	}
	got = told(s.do(t, http.MethodGet, "/v1/bars?symbol=rb2601.SHFE&interval=1h", "").rows(t), "close", "trades:int64", "mood:text")
	if got != `2 7 up "and" away; 2 <nil> ` {
		t.Errorf("extra columns are %q", got)
	}
	text := s.do(t, http.MethodGet, "/v1/bars?symbol=rb2601.SHFE&interval=1h&format=csv&columns=mood,trades", "").body
	if !strings.HasSuffix(text, "\"up \"\"and\"\" away\",7\nrb2601.SHFE,1h,2026-01-05T02:00:00Z,\"\",\n") {
		t.Errorf("extra columns in CSV are %q", text)
	}
}

func TestTicksOfAMicrosecondKeepTheirOrder(t *testing.T) {
	s := stocked(t, nil)
	if got := told(s.do(t, http.MethodGet, ticksPath, "").rows(t), "time", "seq", "last_price"); got != "2026-01-05T01:00:00Z 0 5; 2026-01-05T01:00:00Z 1 6; 2026-01-05T01:01:30Z 0 7" {
		t.Errorf("got %s", got)
	}
	if got := told(s.do(t, http.MethodGet, ticksPath+"&reverse=true&limit=2&columns=last_price", "").rows(t), "last_price"); got != "7; 6" {
		t.Errorf("backwards: got %s", got)
	}
}

func TestASeriesThatIsNotThereIsNamedWithThatWhichIs(t *testing.T) {
	s := stocked(t, nil)
	none := refusal{http.StatusNotFound, fault.APINoSeries, ""}
	d := s.problem(t, none, http.MethodGet, "/v1/bars?symbol=RB2601.SHFE&interval=1m", "")
	if !strings.Contains(d.Detail, "there is bars rb2601.SHFE 1m") || d.Kind != fault.NotFound {
		t.Errorf("got %q of kind %q", d.Detail, d.Kind)
	}
	s.problem(t, none, http.MethodGet, "/v1/bars?symbol=no.SHFE&interval=1m", "")
	s.problem(t, none, http.MethodGet, "/v1/bars?symbol=no*&interval=1m", "")
	s.problem(t, none, http.MethodGet, "/v1/bars?symbol=rb2601.SHFE&interval=2m", "")
	s.problem(t, none, http.MethodGet, "/v1/ticks?symbol=ag2602.SHFE", "")
	s.problem(t, none, http.MethodGet, "/v1/indicators?symbol=rb2601.SHFE&interval=1m&name=x", "")
	s.problem(t, none, http.MethodGet, "/v1/bars/gaps?symbol=no.SHFE&interval=1m", "")
	s.problem(t, none, http.MethodGet, "/v1/bars/coverage?symbol=no.SHFE&interval=1m", "")
	s.problem(t, none, http.MethodGet, "/v1/bars/profile?symbol=no.SHFE&interval=1m&step=1", "")
	s.problem(t, none, http.MethodGet, "/v1/bars/resample?symbol=no.SHFE&interval=1m&to_interval=5m", "")
	s.problem(t, none, http.MethodGet, "/v1/ticks/bars?symbol=ag2602.SHFE&to_interval=5m", "")
}

func TestParametersThatAreWrongAreNamed(t *testing.T) {
	s := stocked(t, nil)
	f := func(status int, code fault.Code, field, path string) {
		t.Helper()
		s.problem(t, refusal{status, code, field}, http.MethodGet, path, "")
	}
	const unprocessable, bad = http.StatusUnprocessableEntity, http.StatusBadRequest
	f(unprocessable, fault.APIParameter, "symbol", "/v1/bars?interval=1m")
	f(unprocessable, fault.APIParameter, "interval", "/v1/bars?symbol=rb2601.SHFE")
	f(unprocessable, fault.APIParameter, "nope", barsPath+"&nope=1")
	f(unprocessable, fault.APIParameter, "limit", barsPath+"&limit=-1")
	f(unprocessable, fault.APIParameter, "limit", barsPath+"&limit=many")
	f(unprocessable, fault.APIParameter, "reverse", barsPath+"&reverse=perhaps")
	f(unprocessable, fault.APIParameter, "symbol", "/v1/bars?interval=1m"+strings.Repeat("&symbol=a.SHFE", 1001))
	f(unprocessable, fault.APIParameter, "name", "/v1/indicators?symbol=rb2601.SHFE&interval=1m")
	f(unprocessable, fault.APIParameter, "step", "/v1/bars/profile?symbol=rb2601.SHFE&interval=1m")
	f(unprocessable, fault.APIParameter, "step", "/v1/bars/profile?symbol=rb2601.SHFE&interval=1m&step=0")
	f(unprocessable, fault.APIParameter, "kind", "/v1/symbols?kind=coins")
	f(unprocessable, fault.APIParameter, "since", "/v1/changes?since=-1")
	f(bad, fault.MarketInterval, "interval", "/v1/bars?symbol=rb2601.SHFE&interval=7q")
	f(bad, fault.MarketSymbol, "symbol", "/v1/bars?symbol=rb2601&interval=1m")
	f(bad, fault.MarketSymbol, "symbol", "/v1/symbols?symbol=rb")
	f(bad, fault.MarketInterval, "interval", "/v1/symbols?interval=0m")
	f(bad, fault.MarketTime, "from", barsPath+"&from=yesterday")
	f(bad, fault.MarketTime, "to", barsPath+"&to=2026-13-01T00:00:00Z")
	f(bad, fault.MarketZone, "tz", barsPath+"&tz=Mars/Base")
	f(bad, fault.MarketRange, "from", barsPath+"&from=2026-01-06T00:00:00Z&to=2026-01-05T00:00:00Z")
	f(bad, fault.FileColumns, "", barsPath+"&columns=nothing")

	d := s.problem(t, refusal{unprocessable, fault.APIParameter, "symbol"}, http.MethodGet, "/v1/bars", "")
	var fields []string
	for _, e := range d.Errors {
		fields = append(fields, e.Place.Field)
	}
	slices.Sort(fields)
	if !slices.Equal(fields, []string{"interval", "symbol"}) {
		t.Errorf("of several parameters that are wrong, %q are named", fields)
	}
}

func TestWhatHasNoPathOrNoSuchMethodIsAProblem(t *testing.T) {
	s := stocked(t, nil)
	f := func(method, path string, status int, allow string) {
		t.Helper()
		got := s.do(t, method, path, "")
		if got.status != status || got.header.Get("Allow") != allow {
			t.Errorf("%s %s: got %d, Allow %q, want %d, %q", method, path, got.status, got.header.Get("Allow"), status, allow)
		}
		if method != http.MethodHead && !strings.Contains(got.body, string(fault.APINoPath)) {
			t.Errorf("%s %s: got %s", method, path, got.body)
		}
	}
	f(http.MethodGet, "/v1/bar", http.StatusNotFound, "")
	f(http.MethodGet, "/v1/bars/", http.StatusNotFound, "")
	f(http.MethodGet, "/V1/BARS", http.StatusNotFound, "")
	f(http.MethodPost, "/docs", http.StatusNotFound, "")
	f(http.MethodPatch, "/v1/bars", http.StatusMethodNotAllowed, "GET, HEAD, POST, DELETE")
	f(http.MethodOptions, "/v1/bars", http.StatusMethodNotAllowed, "GET, HEAD, POST, DELETE")
	f(http.MethodPut, "/v1/symbols", http.StatusMethodNotAllowed, "GET, HEAD")
	f(http.MethodGet, "/v1/frames", http.StatusMethodNotAllowed, "POST, PUT")
	f(http.MethodHead, "/v1/frames/read", http.StatusMethodNotAllowed, "POST")
	f("BREW", "/livez", http.StatusMethodNotAllowed, "GET, HEAD")
}

func TestHeadTellsWhatGetWouldWithoutABody(t *testing.T) {
	s := stocked(t, nil)
	for path, status := range map[string]int{barsPath: 200, "/v1/symbols": 200, "/livez": 200, "/v1/bars": 422, "/v1/bars?symbol=no.SHFE&interval=1m": 404} {
		got := s.do(t, http.MethodHead, path, "")
		same := s.do(t, http.MethodGet, path, "")
		if got.status != status || got.body != "" || got.header.Get("Content-Type") != same.header.Get("Content-Type") {
			t.Errorf("HEAD %s: got %d %v %q", path, got.status, got.header, got.body)
		}
	}
}

func TestProblemsAreToldInTheLanguageOfTheClient(t *testing.T) {
	s := stocked(t, nil)
	f := func(accept string, chinese bool) {
		t.Helper()
		for _, path := range []string{"/nothing", "/v1/bars?symbol=no.SHFE&interval=1m", "/v1/bars", barsPath + "&from=x"} {
			got := s.do(t, http.MethodGet, path, "", "Accept-Language: "+accept)
			var d map[string]any
			if err := json.Unmarshal([]byte(got.body), &d); err != nil {
				t.Fatal(err)
			}
			for _, field := range []string{"title", "cure"} {
				text, _ := d[field].(string)
				if has := strings.ContainsFunc(text, func(r rune) bool { return r >= 0x4e00 && r < 0xa000 }); has != chinese {
					t.Errorf("%q: %s of %s is %q", accept, field, path, text)
				}
			}
		}
	}
	f("", false)
	f("en-US,en;q=0.9", false)
	f("zh", true)
	f("zh-CN,zh;q=0.9,en;q=0.8", true)
	f("ZH-Hans", true)
}

func TestListsAreJSONOrNDJSON(t *testing.T) {
	s := stocked(t, nil)
	for _, path := range []string{"/v1/symbols", "/v1/changes", "/v1/verify", "/v1/bars/gaps?symbol=rb2601.SHFE&interval=1m", "/v1/bars/coverage?symbol=rb2601.SHFE&interval=1m", "/v1/bars/profile?symbol=rb2601.SHFE&interval=1m&step=1"} {
		all := s.do(t, http.MethodGet, path, "").rows(t)
		got := s.do(t, http.MethodGet, path, "", "Accept: application/x-ndjson", "Accept-Encoding: gzip")
		lines := 0
		for line := range strings.Lines(gunzip(t, got.body)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: %q is no JSON", path, line)
			}
			lines++
		}
		if lines != len(all) || got.header.Get("Redfire-Rows") != strconv.Itoa(lines) || got.header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%s: got %d lines, %v; want %d", path, lines, got.header, len(all))
		}
	}
}

func TestSymbolsListsWhatThereIs(t *testing.T) {
	s := stocked(t, nil)
	s.keep(t, indicator("rsi(14)", 1))
	f := func(params, want string) {
		t.Helper()
		if got := told(s.do(t, http.MethodGet, "/v1/symbols"+params, "").rows(t), "kind", "symbol", "rows"); got != want {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
	const ag, rb, ticks, rsi = "bars ag2602.SHFE 3", "bars rb2601.SHFE 3", "ticks rb2601.SHFE 3", "indicator rb2601.SHFE 1"
	f("", ag+"; "+rb+"; "+ticks+"; "+rsi)
	f("?kind=bars", ag+"; "+rb)
	f("?symbol=rb*", rb+"; "+ticks+"; "+rsi)
	f("?symbol=rb2601.SHFE&kind=ticks", ticks)
	f("?exchange=SHFE&interval=1m", ag+"; "+rb+"; "+rsi)
	f("?exchange=DCE", "")
	f("?name=rsi(14)", rsi)
	f("?interval=5m", "")
	if got := s.do(t, http.MethodGet, "/v1/symbols?brief=true", "").rows(t); len(got) < 2 {
		t.Errorf("in brief there are %v", got)
	}
}

func TestChangesGoOnBehindANumber(t *testing.T) {
	s := stocked(t, nil)
	all := s.do(t, http.MethodGet, "/v1/changes", "").rows(t)
	if told(all, "kind", "symbol") != "bars rb2601.SHFE; bars ag2602.SHFE; ticks rb2601.SHFE" || all[0]["from"] != "2026-01-05T01:00:00Z" {
		t.Fatalf("changes are %v", all)
	}
	second, _ := all[1]["seq"].(float64)
	rest := s.do(t, http.MethodGet, "/v1/changes?since="+strconv.Itoa(int(second)), "").rows(t)
	if told(rest, "kind") != "ticks" {
		t.Errorf("behind the second there are %v", rest)
	}
	d := s.problem(t, refusal{http.StatusConflict, fault.SeriesChanges, ""}, http.MethodGet, "/v1/changes?since=9999999", "")
	if last, _ := all[2]["seq"].(float64); d.Last == nil || *d.Last < uint64(last) {
		t.Errorf("the last one is told as %v, want %v at least", d.Last, last)
	}
}

func TestRowsOfManyFramesAreOneAnswer(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	y := market.Symbol{Code: "many", Exchange: market.SHFE}
	bars := make([]market.Bar, 50_000)
	for i := range bars {
		bars[i] = market.Bar{Time: market.Time(1767574800+60*i) * 1e9, Open: 1, High: 2, Low: 1, Close: float64(i)/1e5 + 1}
	}
	s.keep(t, series.FrameOfBars(y, market.Minute, bars))
	got := s.do(t, http.MethodGet, "/v1/bars?symbol=many.SHFE&interval=1m&format=csv&columns=close", "")
	if n := bytes.Count([]byte(got.body), []byte("\n")); n != len(bars)+1 || got.header.Get("Redfire-Rows") != "50000" {
		t.Errorf("got %d lines, %v", n, got.header)
	}
}
