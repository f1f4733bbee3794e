package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// imported returns what the server tells of a body that it kept.
func (a answer) imported(t testing.TB) answers.Imported {
	t.Helper()
	var got answers.Imported
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != http.StatusOK {
		t.Fatalf("got %d %s: %v", a.status, a.body, err)
	}
	return got
}

// file returns stored series as a file of a form.
func (s *site) file(t testing.TB, k series.Key, f marketfile.Format) string {
	t.Helper()
	var b bytes.Buffer
	e, err := marketfile.NewEncoder(&b, k.Kind, []series.Overview{{Key: k}}, &marketfile.EncodeOptions{Format: f})
	if err != nil {
		t.Fatal(err)
	}
	for f, err := range s.data.Series.Read(t.Context(), series.Query{Keys: []series.Key{k}}) {
		if err == nil {
			err = e.Write(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var bodyForms = map[marketfile.Format]string{
	marketfile.CSV: "text/csv", marketfile.NDJSON: "application/x-ndjson", marketfile.JSON: "application/json", marketfile.Parquet: "application/vnd.apache.parquet",
	marketfile.Arrow: "application/vnd.apache.arrow.file", marketfile.ArrowStream: "application/vnd.apache.arrow.stream",
}

func TestRowsAreWrittenInEveryForm(t *testing.T) {
	from := stocked(t, nil)
	y := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	for form, mediaType := range bodyForms {
		to := serve(t, t.TempDir(), nil)
		got := to.post(t, "/v1/bars", mediaType, from.file(t, series.BarKey(y, market.Minute), form)).imported(t)
		if got.Read != 3 || got.New != 3 || got.Series != 1 || len(got.Keys) != 1 || got.Keys[0].Symbol != y {
			t.Errorf("bars in %s: got %+v", form, got)
		}
		got = to.post(t, "/v1/ticks", mediaType+"; charset=utf-8", from.file(t, series.TickKey(y), form)).imported(t)
		if got.New != 3 {
			t.Errorf("ticks in %s: got %+v", form, got)
		}
		for _, path := range []string{barsPath, ticksPath} {
			if a, b := from.do(t, http.MethodGet, path, "").body, to.do(t, http.MethodGet, path, "").body; a != b {
				t.Errorf("%s by %s: got %s, want %s", path, form, b, a)
			}
		}
	}
}

func TestWhatIsReadCanBeWrittenAsItIs(t *testing.T) {
	from := stocked(t, nil)
	for _, form := range []string{"json", "ndjson", "csv", "arrow"} {
		to := serve(t, t.TempDir(), nil)
		for _, kind := range []string{"bars?interval=1m&", "ticks?"} {
			got := from.do(t, http.MethodGet, "/v1/"+kind+"symbol=rb2601.SHFE&format="+form, "")
			path, _, _ := strings.Cut("/v1/"+kind, "?")
			if n := to.post(t, path, got.header.Get("Content-Type"), got.body).imported(t).New; n != 3 {
				t.Errorf("%s in %s: %d rows are new", path, form, n)
			}
		}
	}
}

func TestBodiesArePacked(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	for i, packing := range []string{"gzip", "zstd", "GZIP", "identity"} {
		body := strings.ReplaceAll(threeBars, "rb2601", fmt.Sprint("rb260", i))
		got := s.do(t, http.MethodPost, "/v1/bars", packed(t, packing, body), "Content-Type: application/x-ndjson", "Content-Encoding: "+packing).imported(t)
		if got.New != 3 {
			t.Errorf("%s: got %+v", packing, got)
		}
	}
	f := func(want refusal, packing, body string) {
		t.Helper()
		s.problem(t, want, http.MethodPost, "/v1/bars", body, "Content-Type: application/x-ndjson", "Content-Encoding: "+packing)
	}
	f(refusal{http.StatusUnsupportedMediaType, fault.APIForm, ""}, "br", threeBars)
	for _, packing := range []string{"gzip", "zstd"} {
		whole := packed(t, packing, strings.Repeat(threeBars, 20))
		f(refusal{http.StatusBadRequest, fault.APIBody, ""}, packing, threeBars)
		f(refusal{http.StatusBadRequest, fault.APIBody, ""}, packing, whole[:len(whole)-3])
		f(refusal{http.StatusBadRequest, fault.APIBody, ""}, packing, "")
	}
	s.wantNoBodies(t)
}

// packed returns a body that is packed.
func packed(t testing.TB, packing, body string) string {
	t.Helper()
	var b bytes.Buffer
	var z io.WriteCloser
	switch strings.ToLower(packing) {
	case "gzip":
		z = gzip.NewWriter(&b)
	case "zstd":
		w, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		z = w
	default:
		return body
	}
	if _, err := io.WriteString(z, body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// wantNoBodies wants that nothing is left of bodies.
func (s *site) wantNoBodies(t testing.TB) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(s.data.Folder(), "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("%d bodies are left", len(left))
	}
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) { c.Server.MaxBody = 64 << 10 })
	tooLarge := refusal{http.StatusRequestEntityTooLarge, fault.APITooLarge, ""}
	long := strings.Repeat(threeBars, 1000)
	for _, packing := range []string{"identity", "gzip", "zstd"} {
		// Packed they are small: it is what they unpack to that counts.
		d := s.problem(t, tooLarge, http.MethodPost, "/v1/bars", packed(t, packing, long), "Content-Type: application/x-ndjson", "Content-Encoding: "+packing)
		if !strings.Contains(d.Detail, "65536 bytes") {
			t.Errorf("%s: the limit is not told: %q", packing, d.Detail)
		}
	}
	s.problem(t, tooLarge, http.MethodPost, "/v1/frames", strings.Repeat("H\xff\xff\x7f", 100), "Content-Type: application/vnd.redfire.frames")
	s.problem(t, refusal{http.StatusRequestEntityTooLarge, fault.APITooLarge, ""}, http.MethodPost, "/v1/frames/read", strings.Repeat(" ", 9<<20), "Content-Type: application/json")
	if got := s.do(t, http.MethodGet, "/v1/symbols", "").rows(t); len(got) > 0 {
		t.Errorf("something was kept: %v", got)
	}
	s.wantNoBodies(t)
}

// TestABombIsRefusedBeforeItFillsTheDisk sends a gigabyte in a small body.
func TestABombIsRefusedBeforeItFillsTheDisk(t *testing.T) {
	s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) { c.Server.MaxBody = 1 << 20 })
	for _, packing := range []string{"gzip", "zstd"} {
		var b bytes.Buffer
		var z io.WriteCloser = gzip.NewWriter(&b)
		if packing == "zstd" {
			w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
			if err != nil {
				t.Fatal(err)
			}
			z = w
		}
		zeros := make([]byte, 1<<20)
		for range 200 {
			if _, err := z.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		s.problem(t, refusal{http.StatusRequestEntityTooLarge, fault.APITooLarge, ""}, http.MethodPost, "/v1/ticks", b.String(), "Content-Type: text/csv", "Content-Encoding: "+packing)
	}
	s.wantNoBodies(t)
}

func TestABodyIsOfATypeThatIsRead(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	for _, mediaType := range []string{"", "text/html", "application/octet-stream", "multipart/form-data; boundary=x", "text", "text/csv; x"} {
		s.problem(t, refusal{http.StatusUnsupportedMediaType, fault.APIForm, ""}, http.MethodPost, "/v1/bars", threeBars, "Content-Type: "+mediaType)
	}
	for mediaType := range bodyTypes() {
		s.problem(t, refusal{http.StatusBadRequest, fault.APIBody, ""}, http.MethodPost, "/v1/bars", "", "Content-Type: "+mediaType)
		got := s.do(t, http.MethodPost, "/v1/bars", "\x00\x01rubbish\xff", "Content-Type: "+mediaType)
		if got.status != http.StatusBadRequest && got.status != http.StatusUnprocessableEntity {
			t.Errorf("rubbish of %s: got %d %s", mediaType, got.status, got.body)
		}
		if strings.Contains(got.body, s.data.Folder()) || strings.Contains(got.body, "body-") {
			t.Errorf("rubbish of %s: %s tells of a file of the server", mediaType, got.body)
		}
	}
	s.wantNoBodies(t)
}

func bodyTypes() map[string]bool {
	all := map[string]bool{}
	for _, mediaType := range bodyForms {
		all[mediaType] = true
	}
	return all
}

func TestABodyThatIsCutKeepsNothing(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/v1/bars", pr)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	done := make(chan error, 1)
	go func() {
		answer, err := s.Client().Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		done <- err
	}()
	if _, err := io.WriteString(pw, threeBars); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := pw.CloseWithError(context.Canceled); err != nil { // the transport waits for it
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	s.Close() // it waits for the request
	if n := s.data.Series.Stats().RowsWritten; n != 0 {
		t.Errorf("%d rows of a body that was cut are kept", n)
	}
	s.wantNoBodies(t)
}

const badCSV = `datetime,symbol,exchange,open,high,low,close,volume
2026-01-05 09:00:00,rb2601,SHFE,1,2,1,2,10
2026-01-05 09:01:00,rb2601,SHFE,1,0.5,1,2,10
2026-01-05 09:02:00,rb2601,SHFE,1,2,1,2,10
never,rb2601,SHFE,1,2,1,2,10
2026-01-05 09:04:00,rb2601,SHFE,x,2,1,2,10
`

const badPath = "/v1/bars?interval=1m&tz=Asia/Shanghai&bar_time=start"

func TestABodyIsKeptWholeOrNotAtAll(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	got := s.do(t, http.MethodPost, badPath, badCSV, "Content-Type: text/csv")
	var d struct {
		Code    fault.Code
		Refused int64
		Rows    []struct {
			Line         int64
			Code         fault.Code
			Detail, Text string
		} `json:"refused_rows"`
	}
	if err := json.Unmarshal([]byte(got.body), &d); err != nil {
		t.Fatal(err)
	}
	if got.status != http.StatusUnprocessableEntity || d.Code == "" || d.Refused != 3 || len(d.Rows) != 3 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	for i, line := range []int64{3, 5, 6} {
		row := d.Rows[i]
		if row.Line != line || row.Code == "" || row.Detail == "" || row.Text != strings.Split(badCSV, "\n")[line-1] {
			t.Errorf("refused row %d is told as %+v", line, row)
		}
	}
	if strings.Contains(got.body, s.data.Folder()) || strings.Contains(got.body, "body-") {
		t.Errorf("%s tells of a file of the server", got.body)
	}
	if n := s.data.Series.Stats().RowsWritten; n != 0 {
		t.Errorf("%d rows are kept", n)
	}
	s.wantNoBodies(t)
}

func TestOfABodyInPartWhatIsGoodIsKept(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	got := s.post(t, badPath+"&partial=true", "text/csv", badCSV).imported(t)
	if got.Read != 5 || got.New != 2 || got.Refused != 3 || len(got.RefusedRows) != 3 || len(got.Reasons) == 0 {
		t.Errorf("got %+v", got)
	}
	sum := int64(0)
	for _, n := range got.Reasons {
		sum += n
	}
	if sum != 3 || got.RefusedRows[1].Line != 5 {
		t.Errorf("reasons are %v, rows %+v", got.Reasons, got.RefusedRows)
	}
	if got := told(s.do(t, http.MethodGet, barsPath, "").rows(t), "time"); got != "2026-01-05T01:00:00Z; 2026-01-05T01:02:00Z" {
		t.Errorf("kept are %s", got)
	}
	got = s.post(t, badPath+"&partial=true&accept_suspect=true", "text/csv", badCSV).imported(t)
	if got.New != 1 || got.Unchanged != 2 || got.Refused != 2 {
		t.Errorf("with what contradicts itself: got %+v", got)
	}
}

func TestOnlyTheFirstOfManyRefusedRowsAreListed(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	body := "datetime,symbol,open,high,low,close,volume\n2026-01-05 09:00:00,rb2601.SHFE,1,1,1,1,1\n" + strings.Repeat("x,rb2601.SHFE,1,1,1,1,1\n", 5000)
	got := s.post(t, badPath+"&partial=true", "text/csv", body).imported(t)
	if got.Refused != 5000 || len(got.RefusedRows) != 1000 || got.New != 1 {
		t.Errorf("got %d refused, %d listed, %d new", got.Refused, len(got.RefusedRows), got.New)
	}
}

func TestTicksThatDifferAreRefusedUnlessTheyReplace(t *testing.T) {
	s := stocked(t, nil)
	const path = "/v1/ticks?tick_volume=traded"
	if got := s.post(t, path, "application/x-ndjson", threeTicks).imported(t); got.Unchanged != 3 || got.New != 0 {
		t.Errorf("the same again: got %+v", got)
	}
	other := strings.Replace(threeTicks, `"last_price":7`, `"last_price":8`, 1)
	got := s.do(t, http.MethodPost, path, other, "Content-Type: application/x-ndjson")
	if got.status != http.StatusUnprocessableEntity && got.status != http.StatusConflict {
		t.Errorf("one that differs: got %d %s", got.status, got.body)
	}
	if prices := told(s.do(t, http.MethodGet, ticksPath, "").rows(t), "last_price"); prices != "5; 6; 7" {
		t.Errorf("then there are %s", prices)
	}
	if got := s.post(t, path+"&replace=true", "application/x-ndjson", other).imported(t); got.Replaced != 1 || got.Unchanged != 2 {
		t.Errorf("with replace: got %+v", got)
	}
}

func TestParametersOfABodyThatAreWrongAreNamed(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	f := func(status int, code fault.Code, field, params string) {
		t.Helper()
		s.problem(t, refusal{status, code, field}, http.MethodPost, "/v1/bars?"+params, threeBars, "Content-Type: application/x-ndjson")
	}
	f(http.StatusBadRequest, fault.MarketInterval, "interval", "interval=x")
	f(http.StatusBadRequest, fault.MarketSymbol, "symbol", "symbol=x")
	f(http.StatusBadRequest, fault.MarketZone, "tz", "tz=CST")
	f(http.StatusBadRequest, fault.APIParameter, "exchange", "symbol=a.SHFE&exchange=DCE")
	f(http.StatusUnprocessableEntity, fault.APIParameter, "bar_time", "bar_time=middle")
	f(http.StatusUnprocessableEntity, fault.APIParameter, "time_unit", "time_unit=days")
	f(http.StatusUnprocessableEntity, fault.APIParameter, "date_order", "date_order=ymd")
	f(http.StatusUnprocessableEntity, fault.APIParameter, "partial", "partial=maybe")
	f(http.StatusUnprocessableEntity, fault.APIParameter, "tick_volume", "tick_volume=traded")
	s.problem(t, refusal{http.StatusBadRequest, fault.FileNeeds, ""}, http.MethodPost, "/v1/bars?interval=1m&symbol=a.SHFE&tz=UTC", "datetime,open,high,low,close\n2026-01-05 09:00:00,1,1,1,1\n", "Content-Type: text/csv")
	s.wantNoBodies(t)
}

func TestDeletingNamesWhatIsDeleted(t *testing.T) {
	s := stocked(t, nil)
	s.keep(t, indicator("rsi(14)", 1, 2))
	f := func(path string, want int64) {
		t.Helper()
		got := s.do(t, http.MethodDelete, path, "")
		var n answers.Written
		if err := json.Unmarshal([]byte(got.body), &n); err != nil || got.status != http.StatusOK || n.Deleted != want {
			t.Errorf("%s: got %d %s, want %d deleted", path, got.status, got.body, want)
		}
	}
	refused := refusal{http.StatusBadRequest, fault.APIParameter, "all"}
	s.problem(t, refused, http.MethodDelete, barsPath, "")
	s.problem(t, refused, http.MethodDelete, barsPath+"&all=true&to=2026-01-05T01:01:00Z", "")
	s.problem(t, refused, http.MethodDelete, ticksPath, "")
	s.problem(t, refusal{http.StatusUnprocessableEntity, fault.APIParameter, "interval"}, http.MethodDelete, ticksPath+"&interval=1m&all=true", "")
	s.problem(t, refusal{http.StatusBadRequest, fault.MarketNoZone, "to"}, http.MethodDelete, barsPath+"&to=2026-01-05", "")
	s.problem(t, refusal{http.StatusBadRequest, fault.MarketSymbol, "symbol"}, http.MethodDelete, "/v1/bars?symbol=x&interval=1m&all=true", "")
	s.problem(t, refusal{http.StatusBadRequest, fault.MarketInterval, "interval"}, http.MethodDelete, "/v1/bars?symbol=x.SHFE&interval=x&all=true", "")

	f(barsPath+"&to=2026-01-05T01:01:00Z", 1)
	f(barsPath+"&tz=Asia/Shanghai&from=2026-01-05+09:02:00", 1)
	f(barsPath+"&from=2027-01-01T00:00:00Z", 0)
	f(barsPath+"&all=true", 1)
	f(barsPath+"&all=true", 0)
	f(ticksPath+"&from=2026-01-05T01:00:00Z&to=2026-01-05T01:00:01Z", 2)
	f(ticksPath+"&all=true", 1)
	f("/v1/indicators?symbol=rb2601.SHFE&interval=1m&name=rsi(14)&all=true", 2)
	if got := told(s.do(t, http.MethodGet, "/v1/symbols", "").rows(t), "symbol"); got != "ag2602.SHFE" {
		t.Errorf("left are %s", got)
	}
}

func TestWhatAServerThatWasKilledLeftIsRemoved(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := func(name string) string { return filepath.Join(folder, "tmp", name) }
	for _, name := range []string{"redfire-body-1", "redfire-body-2", "thesis.txt"} {
		if err := os.WriteFile(file(name), []byte("left"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-24 * time.Hour)
	if err := errors.Join(os.Chtimes(file("redfire-body-1"), old, old), os.Chtimes(file("thesis.txt"), old, old)); err != nil {
		t.Fatal(err)
	}
	serve(t, folder, nil)
	left, err := os.ReadDir(filepath.Join(folder, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	// What is young may be another server's at work, and the rest is somebody's own.
	if len(left) != 2 || left[0].Name() != "redfire-body-2" || left[1].Name() != "thesis.txt" {
		t.Errorf("left are %v", left)
	}
}

func TestParametersDoNotContradictTheRows(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	f := func(params, body string) {
		t.Helper()
		got := s.do(t, http.MethodPost, "/v1/bars?bar_time=start&"+params, body, "Content-Type: text/csv")
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, "leave out") {
			t.Errorf("%s: got %d %s", params, got.status, got.body)
		}
	}
	rows := "symbol,interval,time,open,high,low,close,volume\nB.X,5m,2026-01-05T01:00:00Z,1,1,1,1,1\n"
	f("symbol=A.X", rows)
	f("interval=1m", rows)
	f("symbol=A.X&interval=1m", rows)
}

func TestAParameterThatCountsOnceIsGivenOnce(t *testing.T) {
	s := stocked(t, nil)
	f := func(method, path string) {
		t.Helper()
		if got := s.do(t, method, path, ""); got.status != http.StatusBadRequest || !strings.Contains(got.body, "2 times") {
			t.Errorf("%s %s: got %d %s", method, path, got.status, got.body)
		}
	}
	f(http.MethodDelete, "/v1/bars?symbol=rb2601.SHFE&symbol=ag2602.SHFE&interval=1m&all=true")
	f(http.MethodDelete, barsPath+"&from=2026-01-05T01:00:00Z&from=2027-01-05T01:00:00Z")
	f(http.MethodGet, barsPath+"&interval=5m")
	f(http.MethodGet, barsPath+"&limit=1&limit=2")
	s.problem(t, refusal{http.StatusNotFound, fault.APINoSeries, ""}, http.MethodDelete, "/v1/bars?symbol=rb*.SHFE&interval=1m&all=true", "")
	if got := len(s.do(t, http.MethodGet, barsPath, "").rows(t)); got != 3 {
		t.Errorf("%d rows are left of 3", got)
	}
}

func TestADamagedBodyIsTheClients(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	for _, body := range []string{"[" + strings.TrimSuffix(strings.ReplaceAll(threeBars, "}\n", "},"), ","), "[{]garbage"} {
		got := s.do(t, http.MethodPost, "/v1/bars", body, "Content-Type: application/json")
		if got.status != http.StatusBadRequest && got.status != http.StatusUnprocessableEntity {
			t.Errorf("%.40q: got %d %s", body, got.status, got.body)
		}
	}
}

func TestABodyBeginsAsItsMediaTypeDoes(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	f := func(mediaType, body string) {
		t.Helper()
		got := s.do(t, http.MethodPost, "/v1/bars?symbol=rb2601.SHFE&interval=1m&bar_time=start", body, "Content-Type: "+mediaType)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, string(fault.APIBody)) {
			t.Errorf("%q as %s: got %d %s", body, mediaType, got.status, got.body)
		}
	}
	csv := "time,open,high,low,close,volume\n"
	f("application/vnd.apache.arrow.stream", csv)
	f("application/vnd.apache.parquet", csv)
	f("application/json", csv)
	f("application/x-ndjson", "\uFEFF "+csv)
	f("text/csv", threeBars)
	f("text/csv", "\x1f\x8b\x08packed")
	f("text/csv", "PK\x03\x04packed")
	f("application/x-ndjson", "\x28\xb5\x2f\xfdpacked")
}

func TestErrorsOfABodyNameParametersAndNotFlags(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	for _, lang := range []string{"en", "zh-CN,zh;q=0.9,en;q=0.1"} {
		got := s.do(t, http.MethodPost, "/v1/bars", "time,open,high,low,close,volume\n2026-01-05 09:00,1,1,1,1,1\n", "Content-Type: text/csv", "Accept-Language: "+lang)
		if got.status != http.StatusBadRequest || strings.Contains(got.body, "--") || !strings.Contains(got.body, "bar_time start") {
			t.Errorf("%s: got %d %s", lang, got.status, got.body)
		}
	}
}

func TestTheLanguageThatIsWantedMostIsSpoken(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	f := func(accept string, chinese bool) {
		t.Helper()
		got := s.do(t, http.MethodGet, "/nothing", "", "Accept-Language: "+accept)
		if strings.Contains(got.body, "没有路径") != chinese {
			t.Errorf("%q: got %s", accept, got.body)
		}
	}
	f("", false)
	f("zh", true)
	f("zh-Hant-TW", true)
	f("en;q=0.1, zh-CN", true)
	f("en, zh;q=0.9", false)
	f("fr, zh;q=0.5, en;q=0.4", true)
	f("zh;q=0, en", false)
}

func TestManyBodiesAtOnceWaitForEachOther(t *testing.T) {
	s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) { c.Server.MaxBody = config.Size(len(threeBars)) })
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			body := strings.ReplaceAll(threeBars, "rb2601", fmt.Sprintf("rb%04d", 2000+i))
			if got := s.do(t, http.MethodPost, "/v1/bars", body, "Content-Type: application/x-ndjson"); got.status != http.StatusOK {
				t.Errorf("body %d: got %d %s", i, got.status, got.body)
			}
		})
	}
	all.Wait()
	if got := len(s.do(t, http.MethodGet, "/v1/symbols", "").rows(t)); got != 40 {
		t.Errorf("%d series are stored, want 40", got)
	}
}
