package config_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

func read(t testing.TB, text string, env ...string) *config.Layers {
	t.Helper()
	l, err := config.Read(options(write(t, text), env...))
	if err != nil {
		t.Fatalf("%q, %q: got %v, want no error", text, env, err)
	}
	return l
}

// told returns of each explanation "path = value (origin) < value (origin)".
func told(t testing.TB, l *config.Layers, key string) []string {
	t.Helper()
	explained, err := l.Explain(key)
	if err != nil {
		t.Fatalf("%s: got %v, want no error", key, err)
	}
	var all []string
	for _, e := range explained {
		text := fmt.Sprintf("%s = %s (%s)", e.Path, e.Value, origin(e.Origin))
		for _, g := range e.Overrode {
			text += fmt.Sprintf(" < %s (%s)", g.Value, origin(g.Origin))
		}
		all = append(all, text)
	}
	return all
}

func origin(p fault.Place) string {
	if p.File == "" {
		return "default"
	}
	p.File = filepath.Base(p.File)
	return p.String()
}

func wantTold(t *testing.T, l *config.Layers, key string, want ...string) {
	t.Helper()
	if got := told(t, l, key); !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", key, got, want)
	}
}

func TestAnExplanationTellsValueOriginAndWhatWasOverridden(t *testing.T) {
	l := read(t, "server:\n  listen: file:1\nsql: { main: { url: 'mysql://root:x@file/a', replicas: ['mysql://u:x@r/a', mysql://s/a], password: x } }\n",
		"REDFIRE_SERVER__LISTEN=variable:1", "REDFIRE_SQL__MAIN__URL=mysql://root:y@variable/a", "REDFIRE_SQL__MAIN__REPLICAS=", "REDFIRE_SQL__MAIN__PASSWORD=y", "REDFIRE_DATA=")
	wantTold(t, l, "server.listen", "server.listen = variable:1 (REDFIRE_SERVER__LISTEN) < file:1 (redfire.yaml:2:11) < 127.0.0.1:8600 (default)")
	wantTold(t, l, "sql.main.url", "sql.main.url = mysql://root:[redacted]@variable/a (REDFIRE_SQL__MAIN__URL) < mysql://root:[redacted]@file/a (redfire.yaml:3:21) <  (default)")
	wantTold(t, l, "sql.main.replicas", "sql.main.replicas = [] (REDFIRE_SQL__MAIN__REPLICAS) < [mysql://u:[redacted]@r/a, mysql://s/a] (redfire.yaml:3:56) <  (default)")
	wantTold(t, l, "sql.main.password", "sql.main.password = [redacted] (REDFIRE_SQL__MAIN__PASSWORD) < [redacted] (redfire.yaml:3:100) <  (default)")
	wantTold(t, l, "sql.main.max_open", "sql.main.max_open = 30 (default)")
	wantTold(t, l, "data", "data =  (REDFIRE_DATA) < redfire-data (default)")
}

func TestValuesAreExplainedAsTheyWereWritten(t *testing.T) {
	l := read(t, "cache: { memory: 1024KiB, namespaces: { a: { ttl: 60m } } }\njournal: { retention: { debug: wrong } }\ndata: ./x\n")
	wantTold(t, l, "cache.memory", "cache.memory = 1024KiB (redfire.yaml:1:18) < 256MiB (default)")
	wantTold(t, l, "cache.namespaces.a.ttl", "cache.namespaces.a.ttl = 60m (redfire.yaml:1:51) < 1h (default)")
	wantTold(t, l, "journal.retention.debug", "journal.retention.debug = wrong (redfire.yaml:2:32) < 7d (default)")
	wantTold(t, l, "data", "data = ./x (redfire.yaml:3:7) < redfire-data (default)")
}

func TestASectionIsExplainedKeyByKeyInTheOrderOfTheReference(t *testing.T) {
	l := read(t, "sql: { other: { max_open: 20 } }\n", "REDFIRE_SQL__ALFA__MAX_OPEN=21")
	paths := func(key string) string {
		t.Helper()
		var paths []string
		for _, text := range told(t, l, key) {
			path, _, _ := strings.Cut(text, " ")
			paths = append(paths, path)
		}
		return strings.Join(paths, " ")
	}
	f := func(key, want string) {
		t.Helper()
		if got := paths(key); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", key, got, want)
		}
	}
	source := func(name string) string {
		var keys []string
		for _, key := range []string{"url", "password", "password_file", "replicas", "read_only", "min_idle", "max_open", "wait_timeout", "connect_timeout", "max_lifetime", "max_idle_time", "max_dials", "prepare", "reset", "on_connect", "application", "slow", "leak_after", "tls.ca_file"} {
			keys = append(keys, "sql."+name+"."+key)
		}
		return strings.Join(keys, " ")
	}
	server := "server.listen server.max_body server.max_requests server.max_streams server.timeout server.tokens"
	f("server", server)
	f("server.", server)
	f("sql.main.tls", "sql.main.tls.ca_file")
	f("sql.other", source("other"))
	f("sql", source("alfa")+" "+source("main")+" "+source("other"))
	f("cache.namespaces", "")
	f("cache", "cache.redis cache.password cache.password_file cache.memory")
	f("journal.retention", "journal.retention.debug journal.retention.info journal.retention.warn journal.retention.error")
	f("", strings.Join([]string{paths("data"), paths("server"), paths("sql"), paths("cache"), paths("series"), paths("journal")}, " "))
}

func TestEveryKeyCanBeExplained(t *testing.T) {
	l := read(t, "cache: { namespaces: { main: { } } }\ncalendars: { main: { } }\n")
	for _, k := range config.Keys() {
		path := strings.Replace(k.Path, ".NAME", ".main", 1)
		explained, err := l.Explain(path)
		if err != nil || len(explained) == 0 {
			t.Errorf("%s: got %v, %v, want an explanation", path, explained, err)
			continue
		}
		if e := explained[0]; k.Variable != "" && (e.Path != path || e.Value != k.Default || e.Doc != k.Doc || e.Variable != "REDFIRE_"+strings.ToUpper(strings.ReplaceAll(path, ".", "__"))) {
			t.Errorf("%s: got %+v, want what Keys says", path, e)
		}
	}
}

func TestAKeyThatDoesNotExistIsNotFoundAndTheNearestIsNamed(t *testing.T) {
	l := read(t, "sql: { other: { } }\n")
	f := func(key, says string) {
		t.Helper()
		got, err := l.Explain(key)
		if got != nil || fault.KindOf(err) != fault.NotFound || fault.CodeOf(err) != fault.ConfigNoKey || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: got %v, %v (%s), want %s and %q", key, got, err, fault.KindOf(err), fault.ConfigNoKey, says)
		}
	}
	f("sql.main.urll", `did you mean "url"?`)
	f("SQL.main.url", `did you mean "sql"?`)
	f("sql.mian.url", `there is no sql called "mian"; there are: main, other`)
	f("sql.mian", `there is no sql called "mian"`)
	f("sql.NAME.url", `"NAME" is not a name`)
	f("sql..url", `"" is not a name`)
	f("cache.namespaces.a", `there is no cache.namespaces called "a", nor by any other name`)
	f("url", "it stands at sql.NAME.url")
	f("data.x", "data is a value and has no keys below it")
	f(".data", `unknown key ""`)
	f("数据", "the keys here are")
	f(strings.Repeat("x", 5000), "… (5000 bytes)")
	if _, err := l.Explain(strings.Repeat("x", 5000)); len(err.Error()) > 1000 {
		t.Errorf("a key of 5000 bytes: got a message of %d", len(err.Error()))
	}
}

func TestWhatIsWrongCanBeExplainedAllTheSame(t *testing.T) {
	l := read(t, "datta: 1\ndata: [1]\nserver: { listen: wrong, lissten: 1 }\n", "REDFIRE_X=1")
	wantTold(t, l, "server.listen", "server.listen = wrong (redfire.yaml:3:19) < 127.0.0.1:8600 (default)")
	wantTold(t, l, "data", "data = redfire-data (default)")
}
