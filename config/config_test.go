package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

// designExample is the example of DESIGN.md, section Configuration.
const designExample = `data: ./redfire-data            # embedded engines and spools live here
server: { listen: 127.0.0.1:8600 }
sql:
  main:
    url: mysql://root@localhost:3306/vnpy       # hosts by comma; postgres://, sqlite:path
    password_file: secrets/mysql
    replicas: []                                # urls
    min_idle: 15
    max_open: 30
    tls: { ca_file: "" }
cache:
  redis: redis://localhost:6379/0               # redis+sentinel://h1,h2/name/0, redis+cluster://h1,h2, rediss...
  memory: 256MiB
  namespaces: { user_data: { ttl: 1h } }
series: { url: influx://localhost:8086?org=redfire&bucket=market, token_file: secrets/influx }
journal:
  url: mongodb://localhost:27017/redfire
  retention: { debug: 7d, info: 30d, warn: 180d, error: 365d }
`

// write puts text into a file of a folder of its own and returns its path.
func write(t testing.TB, text string) string {
	t.Helper()
	return writeIn(t, t.TempDir(), "redfire.yaml", text)
}

func writeIn(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a file that holds text, and the variables env alone.
func load(t testing.TB, text string, env ...string) (*config.Config, error) {
	t.Helper()
	return config.Load(options(write(t, text), env...))
}

// options never let the environment of the test in, as a nil Env would.
func options(file string, env ...string) *config.Options {
	return &config.Options{File: file, Env: append([]string{}, env...)}
}

// accepted is load for settings that are right.
func accepted(t testing.TB, text string, env ...string) *config.Config {
	t.Helper()
	c, err := load(t, text, env...)
	if err != nil {
		t.Fatalf("%q, %q:\ngot %v\nwant no error", text, env, err)
	}
	return c
}

// all returns the failures that err consists of.
func all(err error) []error {
	if list, ok := errors.AsType[fault.List](err); ok {
		return list
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// faults returns for each failure "line:column code field", or "variable code
// field" where it is not in the file.
func faults(err error) []string {
	var found []string
	for _, e := range all(err) {
		p, _ := fault.PlaceOf(e)
		at := fmt.Sprintf("%d:%d", p.Line, p.Column)
		if p.Line == 0 {
			at = filepath.Base(p.File)
		}
		found = append(found, strings.TrimSpace(fmt.Sprintf("%s %s %s", at, fault.CodeOf(e), p.Field)))
	}
	return found
}

// wantFaults loads text and env and compares the failures with want.
func wantFaults(t testing.TB, text string, env []string, want ...string) {
	t.Helper()
	_, err := load(t, text, env...)
	if got := faults(err); !slices.Equal(got, want) {
		t.Errorf("%q, %q:\ngot  %q (%v)\nwant %q", text, env, got, err, want)
	}
}

func defaults() *config.Config {
	day := config.Duration(24 * time.Hour)
	return &config.Config{
		Data:    "redfire-data",
		Server:  config.Server{Listen: "127.0.0.1:8600", MaxBody: 256 << 20, MaxRequests: 256, MaxStreams: 1000, Timeout: config.Duration(10 * time.Minute)},
		SQL:     map[string]config.SQL{"main": defaultSQL("", 1)},
		Cache:   config.Cache{Memory: 256 << 20, Namespaces: map[string]config.Namespace{}},
		Series:  config.Series{Cache: 64 << 20},
		Journal: config.Journal{Retention: config.Retention{Debug: 7 * day, Info: 30 * day, Warn: 180 * day, Error: 365 * day}},

		Calendars: map[string]config.Calendar{},
	}
}

// defaultSQL is a source at url with its defaults.
func defaultSQL(url config.URL, minIdle int) config.SQL {
	return config.SQL{
		URL: url, MinIdle: minIdle, MaxOpen: 30, WaitTimeout: 5e9, ConnectTimeout: 3e9, MaxLifetime: 1800e9, MaxIdleTime: 600e9,
		MaxDials: 100, Prepare: "cached", Reset: "changed", Application: "redfire", Slow: 500e6, LeakAfter: 60e9,
	}
}

func wantConfig(t *testing.T, name string, got, want *config.Config) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
	}
}

func TestTheExampleOfTheDesignIsAcceptedAndGivesItsValues(t *testing.T) {
	dir := t.TempDir()
	file := writeIn(t, dir, "redfire.yaml", designExample)
	writeIn(t, dir, "secrets/mysql", "vnpy-password\n")
	writeIn(t, dir, "secrets/influx", "influx-token\n")
	got, err := config.Load(options(file))
	if err != nil {
		t.Fatalf("got %v, want no error", err)
	}
	want := defaults()
	want.Data = config.Path(filepath.Join(dir, "redfire-data"))
	main := defaultSQL("mysql://root@localhost:3306/vnpy", 15)
	main.Password, main.PasswordFile = "vnpy-password", config.Path(filepath.Join(dir, "secrets", "mysql"))
	want.SQL["main"] = main
	want.Cache.Redis = "redis://localhost:6379/0"
	want.Cache.Namespaces["user_data"] = config.Namespace{TTL: config.Duration(time.Hour)}
	want.Series = config.Series{
		URL: "influx://localhost:8086?org=redfire&bucket=market", Token: "influx-token",
		TokenFile: config.Path(filepath.Join(dir, "secrets", "influx")), Cache: 64 << 20,
	}
	want.Journal.URL = "mongodb://localhost:27017/redfire"
	wantConfig(t, "the example", got, want)
}

func TestAFileThatGivesNothingIsTheDefaults(t *testing.T) {
	for _, text := range []string{
		"", "\n", "# nothing\n", "---\n", "---\n# nothing\n...\n", "\ufeff", "{}", "null", "~\n",
		"sql:\n", "sql: {}\ncache: ~\n", "sql:\n  main:\n", "data:\nserver:\n  listen: null\n", "journal:\n  retention:\n    debug: ~\n",
		"sql: {main: {url: '', password_file: '', replicas: []}}\n",
	} {
		wantConfig(t, fmt.Sprintf("%q", text), accepted(t, text), defaults())
	}
}

func TestEveryKeyHasADefaultOrMayBeAbsent(t *testing.T) {
	want := map[config.Type]bool{
		config.TextAddress: true, config.Number: true, config.TextDuration: true, config.TextSize: true,
		config.TextSwitch: true, config.TextWord: true, config.TextLabel: true, config.ListOfStatements: false, config.TextURL: false, config.ListOfURLs: false, config.TextSecret: false, config.Section: false, config.NamedSection: false,
	}
	for _, k := range config.Keys() {
		// What a calendar does not say is as in the one it is like.
		if has, ok := want[k.Type]; ok && !strings.HasPrefix(k.Path, "calendars.") && has != (k.Default != "") {
			t.Errorf("%s is a %s: got default %q, want one: %v", k.Path, k.Type, k.Default, has)
		}
	}
}

func TestNothingOfACalendarHasADefault(t *testing.T) {
	for _, k := range config.Keys() {
		if strings.HasPrefix(k.Path, "calendars.") && (k.Default != "" || k.Example == "") {
			t.Errorf("%s: got default %q and example %q, want an example alone", k.Path, k.Default, k.Example)
		}
	}
}

func TestEveryKeyIsDescribedInBothLanguages(t *testing.T) {
	for _, k := range config.Keys() {
		if k.Doc.En == "" || k.Doc.Zh == "" {
			t.Errorf("%s: got %+v, want both languages", k.Path, k.Doc)
		}
	}
}

func TestNoFileAndNoVariablesAreTheDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	got, err := config.Load(options(""))
	if err != nil {
		t.Fatal(err)
	}
	wantConfig(t, "no file", got, defaults())
}

func TestFiveFaultsInOneFileAreFiveErrorsEachWithItsPlace(t *testing.T) {
	wantFaults(t, `# 配置
datta: x
server: { 监听: 1, listen: 乙 }
sql:
  main:
    min_idle: many
    url: mysql://root:hunter2@localhost/vnpy
`, nil,
		"2:1 RF-CFG-003 datta",
		"3:11 RF-CFG-003 server.监听",
		"3:26 RF-CFG-007 server.listen",
		"6:15 RF-CFG-007 sql.main.min_idle",
		"7:10 RF-CFG-009 sql.main.url")
}

func TestErrorsStandInTheOrderOfTheFileAndThenOfTheVariables(t *testing.T) {
	text := `journal: { retention: { debug: 1 } }
sql:
  zulu: { min_idle: 9, max_open: 8 }
  alfa: { password_file: absent, url: "mysql:x" }
  main:
    replicas: [redis://a, mysql://b/c, "mysql://d:x"]
cache: { memory: 1 }
data: ""
`
	env := []string{
		"REDFIRE_SQL__YANKEE__MIN_IDLE=99", "REDFIRE_SQL__BRAVO__MIN_IDLE=99", "REDFIRE_UNHEARD=1",
		"REDFIRE_SERVER__LISTEN=x", "REDFIRE_CACHE__REDIS=x",
	}
	for range 20 { // the order of a map would change
		wantFaults(t, text, env,
			"1:32 RF-CFG-007 journal.retention.debug",
			"3:34 RF-CFG-008 sql.zulu.max_open",
			"4:26 RF-CFG-010 sql.alfa.password_file",
			"4:39 RF-CFG-016 sql.alfa.url",
			"6:16 RF-CFG-016 sql.main.replicas",
			"6:40 RF-CFG-016 sql.main.replicas",
			"7:18 RF-CFG-007 cache.memory",
			"8:7 RF-CFG-007 data",
			"REDFIRE_CACHE__REDIS RF-CFG-016 cache.redis",
			"REDFIRE_SERVER__LISTEN RF-CFG-007 server.listen",
			"REDFIRE_SQL__BRAVO__MIN_IDLE RF-CFG-008 sql.bravo.min_idle",
			"REDFIRE_SQL__YANKEE__MIN_IDLE RF-CFG-008 sql.yankee.min_idle",
			"REDFIRE_UNHEARD RF-CFG-012")
	}
}

func TestEveryErrorHasAKindACodeAndTheFile(t *testing.T) {
	file := write(t, "datta: 1\nserver: 1\nsql: {main: {url: x, min_idle: -1, password: y}, A: {}}\ndata: &a b\ndata: c\n")
	_, err := config.Load(options(file, "REDFIRE_X=1"))
	if got := len(all(err)); got != 9 {
		t.Errorf("got %d errors, want 9: %v", got, err)
	}
	for _, e := range all(err) {
		p, _ := fault.PlaceOf(e)
		if fault.KindOf(e) != fault.Invalid || fault.CodeOf(e) == "" || p.File != file && p.File != "REDFIRE_X" {
			t.Errorf("%v: got kind %q, code %q, file %q", e, fault.KindOf(e), fault.CodeOf(e), p.File)
		}
	}
}

func TestBoundsAreChecked(t *testing.T) {
	f := func(key, value string, good bool) {
		t.Helper()
		// Each part of the key is a flow map of its own.
		text := "{" + strings.ReplaceAll(key, ".", ": {") + ": " + value + strings.Repeat("}", strings.Count(key, ".")+1)
		_, err := load(t, text, "REDFIRE_SQL__MAIN__MAX_OPEN=10000", "REDFIRE_SQL__OTHER__MIN_IDLE=0")
		if got := fault.CodeOf(err); good != (err == nil) || !good && got != fault.ConfigRange {
			t.Errorf("%s: got %v, want good: %v", text, err, good)
		}
	}
	f("sql.main.min_idle", "0", true)
	f("sql.main.min_idle", "-1", false)
	f("sql.main.min_idle", "10000", true)
	f("sql.main.min_idle", "10001", false)
	f("sql.other.max_open", "1", true)
	f("sql.other.max_open", "0", false)
	f("sql.other.max_open", "10001", false)
	f("cache.memory", "1MiB", true)
	f("cache.memory", "1048575B", false)
	f("series.cache", "0B", true)
	f("cache.namespaces.a.ttl", "1ms", true)
	f("cache.namespaces.a.ttl", "999us", false)
	f("cache.namespaces.a.ttl", "52w", true)
	f("cache.namespaces.a.ttl", "52w1ns", false)
	f("journal.retention.debug", "1h", true)
	f("journal.retention.debug", "59m59s", false)
	f("journal.retention.error", "0", false)
}

func TestNumbersAreWrittenInOneWay(t *testing.T) {
	f := func(value string, good bool) {
		t.Helper()
		_, err := load(t, "sql: { main: { min_idle: "+value+" } }")
		if good != (err == nil) || !good && fault.CodeOf(err) != fault.ConfigValue {
			t.Errorf("min_idle: %s: got %v, want good: %v", value, err, good)
		}
	}
	f("7", true)
	f("'7'", true)
	f("010", false) // 8 for YAML 1.1, 10 for YAML 1.2
	f("+7", false)
	f("-0", false)
	f("0x7", false)
	f("0o7", false)
	f("1_0", false)
	f("1e1", false)
	f("7.0", false)
	f("true", false)
	f("七", false)
	f("\uff17", false) // a full-width 7
	f("99999999999999999999", false)
	f("''", false)
}

func TestMoreIdleThanOpenIsToldOnceAndWhereItWasGiven(t *testing.T) {
	wantFaults(t, "sql:\n  main:\n    min_idle: 40\n", nil, "3:15 RF-CFG-008 sql.main.min_idle")
	// The default follows, what is said does not.
	if s := accepted(t, "sql:\n  main:\n    url: mysql://h/x\n    max_open: 10\n").SQL["main"]; s.MinIdle != 10 || s.MaxOpen != 10 {
		t.Errorf("max_open: 10 alone: got min_idle %d, max_open %d, want 10 and 10", s.MinIdle, s.MaxOpen)
	}
	wantFaults(t, "sql:\n  main:\n    max_open: 10\n    min_idle: 15\n", nil, "3:15 RF-CFG-008 sql.main.max_open")
	wantFaults(t, "sql:\n  main:\n    max_open: 10\n    min_idle: 11\n", nil, "3:15 RF-CFG-008 sql.main.max_open")
	wantFaults(t, "sql:\n  main:\n    min_idle: 11\n", []string{"REDFIRE_SQL__MAIN__MAX_OPEN=10"}, "REDFIRE_SQL__MAIN__MAX_OPEN RF-CFG-008 sql.main.max_open")
	wantFaults(t, "sql:\n  main:\n    max_open: x\n    min_idle: 99\n", nil, "3:15 RF-CFG-007 sql.main.max_open")
}

func TestSQLiteKeepsOneConnectionUnlessToldOtherwise(t *testing.T) {
	f := func(text string, want int) {
		t.Helper()
		if got := accepted(t, "sql: { main: "+text+" }").SQL["main"].MinIdle; got != want {
			t.Errorf("%s: got min_idle %d, want %d", text, got, want)
		}
	}
	f("{}", 1)
	f("{ url: 'sqlite:x.db' }", 1)
	f("{ url: 'sqlite:x.db', min_idle: 15 }", 15)
	f("{ min_idle: 0 }", 0)
	f("{ url: 'postgres://h/x' }", 15)
	f("{ url: 'postgresql://h/x', max_open: 4 }", 4)
}

func TestWordsSwitchesLabelsAndStatementsAreRead(t *testing.T) {
	f := func(text string, good bool) {
		t.Helper()
		c, err := load(t, "sql: { main: { "+text+" } }")
		if (err == nil) != good || err != nil && fault.CodeOf(err) != fault.ConfigValue {
			t.Errorf("%s: got %+v, %v, want good: %v", text, c, err, good)
		}
	}
	f("prepare: cached", true)
	f("prepare: none", true)
	f("prepare: sometimes", false)
	f("prepare: ''", false)
	f("reset: always", true)
	f("reset: none", false)
	f("read_only: true", true)
	f("read_only: false", true)
	f("read_only: yes", false)
	f("read_only: 1", false)
	f("application: 柜台", true)
	f("application: ''", false)
	f(`application: "a\tb"`, false)
	f("application: "+strings.Repeat("x", 64), false)
	f("on_connect: [SET a = 1]", true)
	f("on_connect: ['']", false)
	f("on_connect: [' ']", false)
	c := accepted(t, "", "REDFIRE_SQL__MAIN__ON_CONNECT=[SET a = 1, SET b = 2]", "REDFIRE_SQL__MAIN__READ_ONLY=true").SQL["main"]
	if want := []config.Statement{"SET a = 1", "SET b = 2"}; !slices.Equal(c.OnConnect, want) || !bool(c.ReadOnly) {
		t.Errorf("by variables: got %q, %v, want %q, true", c.OnConnect, c.ReadOnly, want)
	}
}

func TestReplicasFollowAnAddressOfTheirKind(t *testing.T) {
	c := accepted(t, "sql: { main: { url: 'mysql://a/x', replicas: ['mysql://b/x', 'mysql://c,d/x'] } }")
	if got, want := c.SQL["main"].Replicas, []config.URL{"mysql://b/x", "mysql://c,d/x"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	wantFaults(t, "sql: { main: { replicas: ['mysql://b/x'] } }", nil, "1:26 RF-CFG-008 sql.main.replicas")
	wantFaults(t, "sql: { main: { url: 'mysql://a/x', replicas: ['mysql://b/x', 'postgres://c/x'] } }", nil, "1:62 RF-CFG-008 sql.main.replicas")
	wantFaults(t, "sql: { main: { url: 'sqlite:x', replicas: ['mysql://b/x'] } }", nil, "1:44 RF-CFG-008 sql.main.replicas")
	wantFaults(t, "sql: { main: { url: 'mysqll://a/x', replicas: ['mysql://b/x'] } }", nil, "1:21 RF-CFG-016 sql.main.url")
}

func TestRelativePathsCountFromTheFolderOfWhatHoldsThem(t *testing.T) {
	dir := t.TempDir()
	absolute := filepath.Join(dir, "absolute")
	file := writeIn(t, dir, "etc/redfire.yaml", "data: ../数据\nsql: { main: { url: 'sqlite:db/../main.db?_pragma=x(//)' } }\ncache: { redis: 'redis://h' }\n")
	f := func(name string, got, want config.Path) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	c, err := config.Load(options(file, "REDFIRE_SQL__MAIN__TLS__CA_FILE=certs/ca.pem", "REDFIRE_SQL__OTHER__TLS__CA_FILE="+absolute, "REDFIRE_SQL__OTHER__URL=sqlite:x.db"))
	if err != nil {
		t.Fatal(err)
	}
	f("in the file", c.Data, config.Path(filepath.Join(dir, "数据")))
	f("of an address", config.Path(c.SQL["main"].URL), config.Path("sqlite:"+filepath.Join(dir, "etc", "main.db")+"?_pragma=x(//)"))
	f("in a variable", c.SQL["main"].TLS.CAFile, "certs/ca.pem")
	f("absolute", c.SQL["other"].TLS.CAFile, config.Path(absolute))
	f("of an address in a variable", config.Path(c.SQL["other"].URL), "sqlite:x.db")
	f("default", accepted(t, "").Data, "redfire-data")
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	dir := t.TempDir()
	f := func(name, path string, code fault.Code, kind fault.Kind, says string) {
		t.Helper()
		c, err := config.Load(options(path))
		if c != nil || fault.CodeOf(err) != code || fault.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%s: got %v (%s, %s), want %s, %s and %q", name, err, fault.CodeOf(err), fault.KindOf(err), code, kind, says)
		}
		if p, _ := fault.PlaceOf(err); p.File != path {
			t.Errorf("%s: got file %q, want %q", name, p.File, path)
		}
	}
	f("missing", filepath.Join(dir, "none.yaml"), fault.ConfigMissing, fault.NotFound, "none.yaml")
	f("folder", dir, fault.ConfigUnreadable, fault.Denied, "config: read")
	f("larger than 1 MiB", writeIn(t, dir, "big.yaml", "#"+strings.Repeat("x", 1<<20)), fault.ConfigUnreadable, fault.Denied, "1048576")
	if _, err := config.Load(options(writeIn(t, dir, "full.yaml", "#"+strings.Repeat("x", 1<<20-1)))); err != nil {
		t.Errorf("1 MiB: got %v, want no error", err)
	}
}

func TestTheFileIsTheOneNamedOrTheVariablesOrTheDefault(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	named := writeIn(t, dir, "named.yaml", "server: { listen: 'named:1' }")
	writeIn(t, dir, "variable.yaml", "server: { listen: 'variable:1' }")
	f := func(file, env, want, from string) {
		t.Helper()
		l, err := config.Read(options(file, env))
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Config()
		if err != nil {
			t.Fatal(err)
		}
		if string(c.Server.Listen) != want || l.File() != from {
			t.Errorf("file %q, %q: got %s from %q, want %s from %q", file, env, c.Server.Listen, l.File(), want, from)
		}
	}
	f("", "", "127.0.0.1:8600", "")
	f("", "REDFIRE_CONFIG=", "127.0.0.1:8600", "")
	writeIn(t, dir, config.DefaultFile, "server: { listen: 'default:1' }")
	f("", "", "default:1", config.DefaultFile)
	f("", "REDFIRE_CONFIG=variable.yaml", "variable:1", "variable.yaml")
	f(named, "REDFIRE_CONFIG=variable.yaml", "named:1", named)
	if _, err := config.Read(options("", "REDFIRE_CONFIG=none.yaml")); fault.CodeOf(err) != fault.ConfigMissing {
		t.Errorf("REDFIRE_CONFIG=none.yaml: got %v, want %s", err, fault.ConfigMissing)
	}
}

func TestOptionsAreNotChangedAndMayBeNil(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "REDFIRE_") {
			continue
		}
		t.Setenv(name, "") // puts it back at the end
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("REDFIRE_SERVER__LISTEN", "nil-options:1")
	c, err := config.Load(nil)
	if err != nil || c.Server.Listen != "nil-options:1" {
		t.Errorf("nil: got %v, %v, want the process's environment", c, err)
	}
	o := config.Options{}
	if _, err := config.Load(&o); err != nil || o.Env != nil || o.File != "" {
		t.Errorf("got %+v, %v, want the zero Options as they were", o, err)
	}
}

func TestLayersGiveTheSameAgainAndShareNothing(t *testing.T) {
	l, err := config.Read(options(write(t, "datta: 1\nserver: { listen: x }\n")))
	if err != nil {
		t.Fatal(err)
	}
	_, first := l.Config()
	_, second := l.Config()
	if got, want := faults(second), faults(first); !slices.Equal(got, want) || len(want) != 2 {
		t.Errorf("got %q, then %q, want the same two twice", want, got)
	}
	l, err = config.Read(options(write(t, "sql: { main: { url: 'mysql://a/b', replicas: ['mysql://c/d'] } }")))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := l.Config()
	a.SQL["main"].Replicas[0] = "spoilt"
	a.SQL["new"] = config.SQL{}
	b, _ := l.Config()
	if len(b.SQL) != 1 || b.SQL["main"].Replicas[0] != "mysql://c/d" {
		t.Errorf("got %v after the first Config was changed, want it as given", b.SQL)
	}
}

func TestLayersMayBeUsedByManyAtOnce(t *testing.T) {
	l, err := config.Read(options(write(t, "sql: { a: { max_open: 20 }, b: { max_open: x } }\n"), "REDFIRE_DATA=x"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := l.Config(); fault.CodeOf(err) != fault.ConfigValue {
				t.Errorf("got %v, want %s", err, fault.ConfigValue)
			}
			if explained, err := l.Explain("sql"); len(explained) != 57 || err != nil {
				t.Errorf("got %d explanations, %v, want 57", len(explained), err)
			}
		})
	}
	wg.Wait()
}

func TestUnknownKeysNameTheNearest(t *testing.T) {
	f := func(text, says string) {
		t.Helper()
		_, err := load(t, text)
		if fault.CodeOf(err) != fault.ConfigUnknownKey || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: got %v, want %s and %q", text, err, fault.ConfigUnknownKey, says)
		}
	}
	f("jurnal: 1", `did you mean "journal"?`)
	f("Data: 1", `did you mean "data"?`)
	f("sql: { main: { passwd: 1 } }", `did you mean "password"?`)
	f("sql: { main: { max-open: 1 } }", `did you mean "max_open"?`)
	f("sql: { main: { MaxOpen: 1 } }", `did you mean "max_open"?`)
	f("cache: { url: x }", "it stands at sql.NAME.url")
	f("retention: 1", "it stands at journal.retention")
	f("数据: 1", "the keys here are data, server, sql, cache, series, journal")
	f("'': 1", "the keys here are")
	f(strings.Repeat("x", 1000)+": 1", "… (1000 bytes)")
}

func TestNamesAreThoseThatAVariableCanHold(t *testing.T) {
	long := "a" + strings.Repeat("b", 62)
	for _, name := range []string{"main", "a", "a1", "user_data", "a_1_b", long} {
		if c := accepted(t, "sql: { "+name+": { } }"); len(c.SQL) == 0 || c.SQL[name].MaxOpen != 30 {
			t.Errorf("%s: got %v, want a source with the defaults", name, c.SQL)
		}
	}
	for _, name := range []string{"A", "1a", "_a", "a_", "a__b", "a-b", "a.b", "数", "''", "a b", long + "c"} {
		_, err := load(t, "sql: { "+name+": { } }")
		if fault.CodeOf(err) != fault.ConfigName {
			t.Errorf("%s: got %v, want %s", name, err, fault.ConfigName)
		}
	}
}
