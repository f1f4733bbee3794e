package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/redfire-quant/redfire/config"
)

// schema returns the compiled JSON Schema. Compiling checks it against the
// schema of schemas.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("redfire.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("redfire.schema.json")
	if err != nil {
		t.Fatalf("got %v, want a valid schema", err)
	}
	return s
}

// validate holds a YAML text against s, as an editor does.
func validate(t testing.TB, s *jsonschema.Schema, text string) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s.Validate(doc)
}

func TestTheSchemaAcceptsTheExampleOfTheDesignAndWhatIsWritten(t *testing.T) {
	s := schema(t)
	for name, text := range map[string]string{
		"design": designExample, "en": written(t, "en", nil) + "{}\n", "stack, en": written(t, "en", config.Stack()), "stack, zh": written(t, "zh", config.Stack()),
		"all keys": commentedKey.ReplaceAllString(written(t, "en", nil), "$1$2"),
	} {
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: got %v, want it accepted", name, err)
		}
	}
}

func TestTheSchemaRefusesAMisspeltKey(t *testing.T) {
	s := schema(t)
	for _, text := range []string{
		strings.Replace(designExample, "min_idle", "min_idel", 1), strings.Replace(designExample, "journal:", "jurnal:", 1),
		strings.Replace(designExample, "ttl", "tll", 1), strings.Replace(designExample, "ca_file", "cafile", 1),
	} {
		if err := validate(t, s, text); err == nil {
			t.Errorf("got no error for\n%s", text)
		}
	}
}

func TestTheSchemaAgreesWithLoad(t *testing.T) {
	s := schema(t)
	f := func(text string, good bool) {
		t.Helper()
		_, loaded := load(t, text)
		validated := validate(t, s, text)
		if (loaded == nil) != good || (validated == nil) != good {
			t.Errorf("%s: got %v from Load and %v from the schema, want good: %v", text, loaded, validated, good)
		}
	}
	f("{}", true)
	f("data: x", true)
	f("data: ''", false)
	f(`data: "a\nb"`, false)
	f("data: [x]", false)
	f("data: ~", true)
	f("server: ~", true)
	f("server: x", false)
	f("server: { listen: 'a:1' }", true)
	f("server: { listen: ':1' }", true)
	f("server: { listen: a }", false)
	f("server: { listen: 'a:' }", false)
	f("server: { listen: 'a:x' }", false)
	f("server: { listen: ~ }", true)
	f("sql: { a_1: { } }", true)
	f("sql: { A: { } }", false)
	f("sql: { a__b: { } }", false)
	f("sql: { a-b: { } }", false)
	f("sql: { "+strings.Repeat("a", 63)+": { } }", true)
	f("sql: { "+strings.Repeat("a", 64)+": { } }", false)
	f("sql: { main: ~ }", true)
	f("sql: { main: { url: ~, replicas: ~, max_open: ~, tls: ~ } }", true)
	f("sql: { main: { url: '' } }", true)
	f("sql: { main: { url: 'mysql://h/x' } }", true)
	f("sql: { main: { url: 'postgres://h/x' } }", true)
	f("sql: { main: { url: 'sqlite:x' } }", true)
	f("sql: { main: { url: 'redis://h' } }", false)
	f("sql: { main: { url: 'mysql' } }", false)
	f("sql: { main: { url: 'mysql:' } }", false)
	f("sql: { main: { url: 'xmysql://h' } }", false)
	f("sql: { main: { password: x } }", false)
	f("sql: { main: { url: 'mysql://h/x', replicas: ['mysql://i/x'] } }", true)
	f("sql: { main: { url: 'mysql://h/x', replicas: 'mysql://i/x' } }", false)
	f("sql: { main: { url: 'mysql://h/x', replicas: [x] } }", false)
	f("sql: { main: { url: 'sqlite:x', replicas: ['sqlite:y'] } }", false)
	f("sql: { main: { min_idle: 0, max_open: 1 } }", true)
	f("sql: { main: { read_only: true, prepare: none, reset: always, application: 柜台, on_connect: [SELECT 1] } }", true)
	f("sql: { main: { read_only: 1 } }", false)
	f("sql: { main: { prepare: never } }", false)
	f("sql: { main: { application: '' } }", false)
	f("sql: { main: { on_connect: [''] } }", false)
	f("sql: { main: { on_connect: SELECT 1 } }", false)
	f("sql: { main: { slow: 0s, leak_after: 0s, max_dials: 0 } }", false)
	f("sql: { main: { min_idle: -1 } }", false)
	f("sql: { main: { min_idle: 10001 } }", false)
	f("sql: { main: { min_idle: 0, max_open: 0 } }", false)
	f("sql: { main: { min_idle: 1.5 } }", false)
	f("sql: { main: { min_idle: x } }", false)
	f("cache: { redis: 'redis+sentinel://h/name/0' }", true)
	f("cache: { redis: 'rediss+cluster://h' }", true)
	f("cache: { redis: 'redisssentinel://h' }", false)
	f("cache: { memory: 1MiB }", true)
	f("cache: { memory: 1.5 GiB }", true)
	f("cache: { memory: 1MB }", false)
	f("cache: { memory: 1 }", false)
	f("cache: { memory: '' }", false)
	f("cache: { namespaces: { a: { ttl: 1w2d3h4m5.5s } } }", true)
	f("cache: { namespaces: { a: { ttl: .5s } } }", true)
	f("cache: { namespaces: { a: { ttl: 3d } } }", true)
	f("cache: { namespaces: { a: { ttl: 3h1d } } }", false)
	f("cache: { namespaces: { a: { ttl: 3 } } }", false)
	f("cache: { namespaces: { a: { ttl: '' } } }", false)
	f("cache: { namespaces: { a: { ttl: -1h } } }", false)
	f("cache: { namespaces: [a] }", false)
	f("series: { token: x }", false)
	f("series: { url: 'influxs://h?org=a&bucket=b' }", true)
	f("journal: { url: 'mongodb+srv://h/x', retention: { debug: 1d, info: 2d, warn: 3d, error: 4d } }", true)
	f("journal: { retention: { fatal: 1d } }", false)
	f("x: 1", false)
	f("[]", false)
}

func TestTheSchemaAgreesWithLoadOnCalendars(t *testing.T) {
	s := schema(t)
	f := func(keys string, good bool) {
		t.Helper()
		text := "calendars: { a: { like: china_futures, " + keys + " } }"
		if strings.HasPrefix(keys, "like:") {
			text = "calendars: { a: { " + keys + " } }"
		}
		_, loaded := load(t, text)
		validated := validate(t, s, text)
		if (loaded == nil) != good || (validated == nil) != good {
			t.Errorf("%s: got %v from Load and %v from the schema, want good: %v", text, loaded, validated, good)
		}
	}
	f("zone: ~, closed: ~, hours: ~, auction: ~", true)
	f("zone: '', known: '', weekdays: '', auction: ''", true)
	f("like: 24x7", true)
	f("like: shfe_rb", true)
	f("like: SHFE_rb", false)
	f("like: [a]", false)
	f("symbols: ['XAU*.LOCAL', '*.*', 'm ?.LOCAL', '螺纹.A_?']", true)
	f("symbols: []", true)
	f("symbols: a.B", false)
	f("symbols: [a]", false)
	f("symbols: ['*']", false)
	f("symbols: [a.]", false)
	f("symbols: [.B]", false)
	f("symbols: [a.b]", false)
	f("zone: Asia/Tokyo", true)
	f("zone: Etc/GMT+8", true)
	f("zone: '+08:00'", true)
	f("zone: +8", false)
	f("zone: /etc", false)
	f("weekdays: mon-fri", true)
	f("weekdays: 'mon,wed-fri,sun'", true)
	f("weekdays: Mon", false)
	f("weekdays: 'mon,'", false)
	f("weekdays: mon-", false)
	f("known: 2000-01-01..2030-12-31", true)
	f("known: 2000-01-01..", true)
	f("known: ..", true)
	f("known: 2000-01-01...", false)
	f("known: 2000-1-1..", false)
	f("closed: [2027-01-04, 2026-10-01..2026-10-08]", true)
	f("closed: [2027-13-04]", false)
	f("closed: [2027-01-32]", false)
	f("closed: ['']", false)
	f("closed: 2027-01-04", false)
	f("open: [2026-01-03]", true)
	f("no_night: ['..2026-01-03', 2026-02-01..]", true)
	f("hours: ['09:00-10:00']", true)
	f("hours: ['2026-01-05 09:00-10:00', '2026-02-01..  night 21:00-26:30  day 09:00-10:15 10:30-15:00', '..2026-01-03 eve 23:59-24:00 ']", true)
	f("hours: [night]", false)
	f("hours: ['2026-01-05..']", false)
	f("hours: ['9:00-10:00']", false)
	f("hours: ['24:00-25:00']", false)
	f("hours: ['09:00-48:01']", false)
	f("hours: ['09:60-10:00']", false)
	f("hours: ['09:00-10:00,10:30-11:00']", false)
	f("hours: ['evening 19:00-20:00']", false)
	f("auction: 5m", true)
	f("closing: 5", false)
	f("sessions: []", false)
}

func TestTheSchemaKnowsEveryKeyButSecrets(t *testing.T) {
	text, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.Keys() {
		name := `"` + k.Path[strings.LastIndexByte(k.Path, '.')+1:] + `": {`
		if has := strings.Contains(string(text), name); has == (k.Type == config.TextSecret) {
			t.Errorf("%s: in the schema: %v", k.Path, has)
		}
		if doc := strings.ReplaceAll(k.Doc.En, "\n", " "); k.Type != config.TextSecret && !strings.Contains(string(text), strings.ReplaceAll(doc, `"`, `\"`)) {
			t.Errorf("%s: the schema does not describe it", k.Path)
		}
	}
}
