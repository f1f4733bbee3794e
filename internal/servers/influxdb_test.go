package servers

import (
	"context"
	"crypto/rand"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// influxTest is a server with what a test asks of it.
type influxTest struct {
	*Server
	t      *testing.T
	client *http.Client
	suffix string // of measurements
}

func openInflux(t *testing.T, s *Server) *influxTest {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	return &influxTest{s, t, &http.Client{Transport: transport}, "_" + rand.Text()}
}

// name is a measurement that is the test's alone.
func (i *influxTest) name(measurement string) string { return measurement + i.suffix }

func (i *influxTest) do(ctx context.Context, r influxRequest) (*influxReply, error) {
	r.client = i.client
	return influxDo(ctx, i.Access, r)
}

// must is do for a request that has to succeed.
func (i *influxTest) must(r influxRequest) []byte {
	i.t.Helper()
	reply, err := i.do(i.t.Context(), r)
	if err != nil {
		i.t.Fatal(err)
	}
	return reply.body
}

// write sends line protocol to the way of writing that both versions have.
func (i *influxTest) write(ctx context.Context, precision, lines string) error {
	query := url.Values{"bucket": {i.Bucket}, "precision": {precision}}
	if i.Org != "" {
		query.Set("org", i.Org)
	}
	_, err := i.do(ctx, influxRequest{
		method: http.MethodPost, path: "/api/v2/write", query: query,
		contentType: "text/plain; charset=utf-8", body: []byte(lines),
	})
	return err
}

// fluxRequest is a query with its values in extern, an AST of Flux that
// precedes it.
func (i *influxTest) fluxRequest(text string, extern any) influxRequest {
	i.t.Helper()
	body, err := json.Marshal(map[string]any{
		"query": text, "extern": extern, "type": "flux",
		"dialect": map[string]any{"header": true, "delimiter": ",", "annotations": []string{}},
	})
	if err != nil {
		i.t.Fatal(err)
	}
	return influxRequest{
		method: http.MethodPost, path: "/api/v2/query", body: body,
		query: url.Values{"org": {i.Org}}, contentType: "application/json",
	}
}

// flux returns the rows of a query, by column.
func (i *influxTest) flux(text string, extern any) []map[string]string {
	i.t.Helper()
	return csvRows(i.t, string(i.must(i.fluxRequest(text, extern))))
}

// csvRows reads tables that are parted by an empty line, each with a header.
func csvRows(t *testing.T, text string) []map[string]string {
	t.Helper()
	var rows []map[string]string
	for table := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		records, err := csv.NewReader(strings.NewReader(table)).ReadAll()
		if err != nil {
			t.Fatalf("%v in %q", err, table)
		}
		for _, record := range records[min(1, len(records)):] {
			row := map[string]string{}
			for c, name := range records[0] {
				row[name] = record[c]
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// influxQL returns the rows of a query's only series.
func (i *influxTest) influxQL(text string, params map[string]any) [][]any {
	i.t.Helper()
	bound, err := json.Marshal(params)
	if err != nil {
		i.t.Fatal(err)
	}
	form := url.Values{"db": {i.Bucket}, "epoch": {"ns"}, "q": {text}, "params": {string(bound)}}
	return influxSeries(i.t, i.must(influxForm(form)))
}

func influxSeries(t *testing.T, body []byte) [][]any {
	t.Helper()
	var answer struct {
		Results []struct{ Series []struct{ Values [][]any } }
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Results) != 1 || len(answer.Results[0].Series) > 1 {
		t.Fatalf("got %s, want one series", body)
	}
	if len(answer.Results[0].Series) == 0 {
		return nil
	}
	return answer.Results[0].Series[0].Values
}

// numbers returns the field n of all rows of a measurement.
func (i *influxTest) numbers(measurement string) []int {
	i.t.Helper()
	var numbers []int
	for _, row := range i.influxQL(fmt.Sprintf(`SELECT n FROM %q`, measurement), nil) {
		n, err := strconv.Atoi(fmt.Sprint(row[1]))
		if err != nil {
			i.t.Fatal(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

func TestKillInfluxDB2(t *testing.T) { killInflux(t, InfluxDB2(t)) }

func TestKillInfluxDB1(t *testing.T) { killInflux(t, InfluxDB1(t)) }

func killInflux(t *testing.T, s *Server) {
	t.Helper()
	i := openInflux(t, s)
	w := killAmidWrites(t, s, func(ctx context.Context, number int) error {
		return i.write(ctx, "s", fmt.Sprintf("%s n=%di %d\n", i.name("killed"), number, 1_700_000_000+number))
	})
	w.check(t, i.numbers(i.name("killed")))
}

func TestFreezeInfluxDB2(t *testing.T) { freezeInflux(t, InfluxDB2(t)) }

func TestFreezeInfluxDB1(t *testing.T) { freezeInflux(t, InfluxDB1(t)) }

func freezeInflux(t *testing.T, s *Server) {
	t.Helper()
	i := openInflux(t, s)
	n := 0
	freezeAndThaw(t, s, func(ctx context.Context) error {
		n++
		return i.write(ctx, "s", fmt.Sprintf("%s n=%di %d\n", i.name("frozen"), n, 1_700_000_000+n))
	})
	if got := i.numbers(i.name("frozen")); len(got) < 2 {
		t.Errorf("got %v, want what was written before and after", got)
	}
}

func TestInfluxDB2AsksForTheToken(t *testing.T) {
	s := InfluxDB2(t)
	for _, token := range []string{"", s.Token + "x"} {
		a := s.Access
		a.Token = token
		if version, err := (influxDB2{}).answers(t.Context(), a); err == nil {
			t.Errorf("token %q: got version %s, want an error", token, version)
		}
	}
	a := s.Access
	a.Bucket = "another"
	if _, err := (influxDB2{}).answers(t.Context(), a); err == nil {
		t.Error("answers with a bucket that is not there")
	}
}

func TestInfluxDB1AsksForThePassword(t *testing.T) {
	s := InfluxDB1(t)
	for _, a := range []Access{{Addr: s.Addr}, {Addr: s.Addr, User: s.User, Password: s.Password + "x"}} {
		if version, err := (influxDB1{}).answers(t.Context(), a); err == nil {
			t.Errorf("user %q: got version %s, want an error", a.User, version)
		}
	}
}

func TestInfluxDB2TakesEveryPrecision(t *testing.T) { takesEveryPrecision(t, InfluxDB2(t)) }

func TestInfluxDB1TakesEveryPrecision(t *testing.T) { takesEveryPrecision(t, InfluxDB1(t)) }

func takesEveryPrecision(t *testing.T, s *Server) {
	t.Helper()
	i := openInflux(t, s)
	at := time.Unix(1_700_000_000, 123_456_789)
	for precision, unit := range map[string]time.Duration{
		"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second,
	} {
		measurement := i.name(precision)
		if err := i.write(t.Context(), precision, fmt.Sprintf("%s v=1.5 %d\n", measurement, at.UnixNano()/int64(unit))); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint(at.UnixNano() / int64(unit) * int64(unit))
		rows := i.influxQL(fmt.Sprintf(`SELECT v FROM %q`, measurement), nil)
		if len(rows) != 1 || fmt.Sprint(rows[0][0]) != want {
			t.Errorf("precision %s: got %v, want a row at %s", precision, rows, want)
		}
	}
}

// hostile are values that break out of a query if they are pasted into it.
var hostile = []string{
	`x" or 1 == 1 or r._measurement == "`,
	`') OR ('1'='1`,
	`back\slash "double" 'single' ${p.bucket} $s`,
	"新浪, 逗号=等号",
	"two\nlines",
}

// writeHostile writes a row for each hostile value, as tag and as field. A line
// break cannot be part of a tag, so the tag has a space there.
func writeHostile(t *testing.T, i *influxTest, measurement string) {
	t.Helper()
	tag := strings.NewReplacer(`,`, `\,`, `=`, `\=`, ` `, `\ `, "\n", `\ `)
	field := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var lines strings.Builder
	for n, value := range hostile {
		fmt.Fprintf(&lines, "%s,symbol=%s n=%di,text=\"%s\" %d\n", measurement, tag.Replace(value), n, field.Replace(value), 1_700_000_000+n)
	}
	if err := i.write(t.Context(), "s", lines.String()); err != nil {
		t.Fatal(err)
	}
}

// assign is `name = {...}` as Flux's AST has it.
func assign(name string, values map[string]any) map[string]any {
	properties := make([]any, 0, len(values))
	for key, value := range values {
		kind := "StringLiteral"
		if at, isTime := value.(time.Time); isTime {
			kind, value = "DateTimeLiteral", at.UTC().Format(time.RFC3339Nano)
		}
		properties = append(properties, map[string]any{
			"type": "Property", "key": map[string]any{"type": "Identifier", "name": key},
			"value": map[string]any{"type": kind, "value": value},
		})
	}
	return map[string]any{
		"type": "File", "package": nil, "imports": nil,
		"body": []any{map[string]any{
			"type": "VariableAssignment", "id": map[string]any{"type": "Identifier", "name": name},
			"init": map[string]any{"type": "ObjectExpression", "properties": properties},
		}},
	}
}

func TestInfluxDB2TakesFluxValuesInExtern(t *testing.T) {
	i := openInflux(t, InfluxDB2(t))
	writeHostile(t, i, i.name("extern"))
	const text = `from(bucket: p.bucket) |> range(start: p.start, stop: p.stop)
|> filter(fn: (r) => r._measurement == p.measurement and r.symbol == p.symbol)
|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
|> filter(fn: (r) => r.text == p.text)`
	for n, value := range hostile {
		rows := i.flux(text, assign("p", map[string]any{
			"bucket": i.Bucket, "measurement": i.name("extern"), "symbol": strings.ReplaceAll(value, "\n", " "), "text": value,
			"start": time.Unix(1_700_000_000, 0), "stop": time.Unix(1_700_000_100, 0),
		}))
		if len(rows) != 1 || rows[0]["n"] != strconv.Itoa(n) {
			t.Errorf("%q: got %v, want row %d alone", value, rows, n)
		}
	}
}

func TestInfluxDB2BindsInfluxQLParams(t *testing.T) { bindsInfluxQLParams(t, InfluxDB2(t)) }

func TestInfluxDB1BindsInfluxQLParams(t *testing.T) { bindsInfluxQLParams(t, InfluxDB1(t)) }

func bindsInfluxQLParams(t *testing.T, s *Server) {
	t.Helper()
	i := openInflux(t, s)
	writeHostile(t, i, i.name("params"))
	for n, value := range hostile {
		rows := i.influxQL(`SELECT n FROM `+i.name("params")+` WHERE symbol = $symbol AND text = $text AND time >= $start`, map[string]any{
			"symbol": strings.ReplaceAll(value, "\n", " "), "text": value,
			"start": time.Unix(1_700_000_000, 0).UTC().Format(time.RFC3339Nano),
		})
		if len(rows) != 1 || fmt.Sprint(rows[0][1]) != strconv.Itoa(n) {
			t.Errorf("%q: got %v, want row %d alone", value, rows, n)
		}
	}
}

func TestInfluxDB2DeletesInclusively(t *testing.T) {
	i := openInflux(t, InfluxDB2(t))
	var buckets struct{ Buckets []struct{ Name string } }
	if err := json.Unmarshal(i.must(influxRequest{path: "/api/v2/buckets"}), &buckets); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, b := range buckets.Buckets {
		found = found || b.Name == i.Bucket
	}
	if !found {
		t.Errorf("buckets %v have no %s", buckets, i.Bucket)
	}
	if err := i.write(t.Context(), "s", strings.ReplaceAll("m n=0i 1700000000\nm n=1i 1700000001\nm n=2i 1700000002\n", "m", i.name("deleted"))); err != nil {
		t.Fatal(err)
	}
	i.must(influxRequest{
		method: http.MethodPost, path: "/api/v2/delete", query: url.Values{"org": {i.Org}, "bucket": {i.Bucket}},
		body: fmt.Appendf(nil, `{"start": "2023-11-14T22:13:20Z", "stop": "2023-11-14T22:13:21Z", "predicate": "_measurement=%s"}`, i.name("deleted")),
	})
	if got := i.numbers(i.name("deleted")); len(got) != 1 || got[0] != 2 {
		t.Errorf("got rows %v, want row 2 alone: stop is part of what is deleted", got)
	}
}

func TestInfluxDB1HasAPartOfTheNewerInterface(t *testing.T) {
	t.Parallel()
	i := openInflux(t, InfluxDB1Flux(t))
	if err := i.write(t.Context(), "s", i.name("part")+" n=7i 1700000000\n"); err != nil {
		t.Fatal(err)
	}
	rows := i.flux(fmt.Sprintf(`from(bucket: %q) |> range(start: 2023-01-01T00:00:00Z, stop: 2024-01-01T00:00:00Z)
|> filter(fn: (r) => r._measurement == %q)`, i.Bucket, i.name("part")), nil)
	if len(rows) != 1 || rows[0]["_value"] != "7" {
		t.Errorf("Flux: got %v, want one row", rows)
	}
	for _, r := range []influxRequest{
		{path: "/api/v2/buckets"},
		{method: http.MethodPost, path: "/api/v2/delete", query: url.Values{"bucket": {i.Bucket}}, body: []byte(`{}`)},
	} {
		if reply, err := i.do(t.Context(), r); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("%s: got %v and %v, want 404", r.path, reply, err)
		}
	}
}
