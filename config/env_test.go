package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
)

func TestAVariableOverridesTheFile(t *testing.T) {
	text := "data: file\nserver: { listen: 'file:1' }\nsql: { main: { url: 'mysql://file/a', max_open: 20 } }\ncache: { memory: 1GiB }\njournal: { retention: { debug: 1d } }\n"
	c := accepted(t, text, "REDFIRE_DATA=variable", "REDFIRE_SERVER__LISTEN=variable:1", "REDFIRE_SQL__MAIN__URL=postgres://variable/a",
		"REDFIRE_SQL__MAIN__MAX_OPEN=21", "REDFIRE_CACHE__MEMORY=2GiB", "REDFIRE_JOURNAL__RETENTION__DEBUG=2d")
	f := func(key string, got any, want string) {
		t.Helper()
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", key, got, want)
		}
	}
	f("data", c.Data, "variable")
	f("server.listen", c.Server.Listen, "variable:1")
	f("sql.main.url", c.SQL["main"].URL, "postgres://variable/a")
	f("sql.main.max_open", c.SQL["main"].MaxOpen, "21")
	f("cache.memory", c.Cache.Memory, "2GiB")
	f("journal.retention.debug", c.Journal.Retention.Debug, "2d")
}

func TestAVariableRepairsTheFile(t *testing.T) {
	c := accepted(t, "server: { listen: wrong }\ncache: { redis: wrong }\n", "REDFIRE_SERVER__LISTEN=a:1", "REDFIRE_CACHE__REDIS=redis://a")
	if c.Server.Listen != "a:1" || c.Cache.Redis != "redis://a" {
		t.Errorf("got %+v", c)
	}
}

func TestAVariableMakesANamedSection(t *testing.T) {
	c := accepted(t, "", "REDFIRE_SQL__REPORTS__MAX_OPEN=20", "REDFIRE_CACHE__NAMESPACES__USER_DATA__TTL=90s")
	if got := c.SQL["reports"]; got.MaxOpen != 20 || got.MinIdle != 1 || len(c.SQL) != 2 {
		t.Errorf("sql: got %+v, want reports with max_open 20, beside main", c.SQL)
	}
	if got := c.Cache.Namespaces["user_data"].TTL.String(); got != "1m30s" {
		t.Errorf("cache.namespaces.user_data.ttl: got %s, want 1m30s", got)
	}
}

func TestAnEmptyVariableTakesATextAway(t *testing.T) {
	text := "sql: { main: { url: 'mysql://a/b', password_file: absent, replicas: ['mysql://c/d'] } }\nseries: { url: 'influx://a' }\n"
	c := accepted(t, text, "REDFIRE_SQL__MAIN__URL=", "REDFIRE_SQL__MAIN__PASSWORD_FILE=", "REDFIRE_SQL__MAIN__REPLICAS=", "REDFIRE_SERIES__URL=", "REDFIRE_SERIES__TOKEN=")
	if got := c.SQL["main"]; got.URL != "" || got.PasswordFile != "" || len(got.Replicas) != 0 || c.Series.URL != "" || c.Series.Token != "" {
		t.Errorf("got %+v and %+v, want nothing left", got, c.Series)
	}
}

func TestAnEmptyVariableIsNoNumberDurationOrAddress(t *testing.T) {
	for _, name := range []string{"REDFIRE_DATA", "REDFIRE_SERVER__LISTEN", "REDFIRE_SQL__MAIN__MIN_IDLE", "REDFIRE_CACHE__MEMORY", "REDFIRE_CACHE__NAMESPACES__A__TTL"} {
		_, err := load(t, "", name+"=")
		if got := fault.CodeOf(err); got != fault.ConfigValue {
			t.Errorf("%s=: got %v, want %s", name, err, fault.ConfigValue)
		}
	}
}

func TestAListInAVariableIsWrittenAsInTheFile(t *testing.T) {
	f := func(text string, want ...config.URL) {
		t.Helper()
		c := accepted(t, "sql: { main: { url: 'mysql://a/b', replicas: ['mysql://file/a'] } }", "REDFIRE_SQL__MAIN__REPLICAS="+text)
		if got := c.SQL["main"].Replicas; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	f("")
	f("[]")
	f("mysql://c/d", "mysql://c/d")
	f("[mysql://c/d]", "mysql://c/d")
	f(`[mysql://c/d, "mysql://e,f/g", 'mysql://h/i']`, "mysql://c/d", "mysql://e,f/g", "mysql://h/i")
	f("[\n  mysql://c/d,\n]", "mysql://c/d")
}

func TestAListThatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{"[mysql://c/d", "[mysql://c/d]]", "mysql://c/d,mysql://e/f", "mysql://c/d mysql://e/f", "[[mysql://c/d]]", "[{a: b}]", "[~]", "[&a mysql://c/d, *b]"} {
		_, err := load(t, "sql: { main: { url: 'mysql://a/b' } }", "REDFIRE_SQL__MAIN__REPLICAS="+text)
		if got := fault.CodeOf(err); got != fault.ConfigURL {
			t.Errorf("%s: got %v, want %s", text, err, fault.ConfigURL)
		}
	}
}

func TestAVariableThatStandsForNoKeyIsRefused(t *testing.T) {
	f := func(name, says string) {
		t.Helper()
		_, err := load(t, "", name+"=x")
		if p, _ := fault.PlaceOf(err); fault.CodeOf(err) != fault.ConfigUnknownVariable || p.File != name || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%s: got %v, want %s and %q", name, err, fault.ConfigUnknownVariable, says)
		}
	}
	f("REDFIRE_", "the keys here are")
	f("REDFIRE_DATTA", `did you mean "data"?`)
	f("REDFIRE_SQL__MAIN__URI", `did you mean "url"?`)
	f("REDFIRE_SQL__MAIN__PORT", "the keys here are")
	f("REDFIRE_SQL__MAIN__SERVICE_HOST", "the keys here are")
	f("REDFIRE_SQL__MAIN__CONFIG", "the keys here are")
	f("REDFIRE_SQL_MAIN_URL", "unknown key")
	f("REDFIRE_SQL___MAIN__URL", `"_main" is not a name`)
	f("REDFIRE_SQL__MAIN__URL__", "url is a value and has no keys below it")
	f("REDFIRE_DATA__X", "data is a value and has no keys below it")
	f("REDFIRE_URL", "it stands at sql.NAME.url")
	f("REDFIRE_TESTS", "unknown key")
	f("REDFIRE_CONFIG_", "unknown key")
	f("REDFIRE_data", "write it in capitals: REDFIRE_DATA")
	f("REDFIRE_SQL__Main__url", "write it in capitals: REDFIRE_SQL__MAIN__URL")
	f("REDFIRE_SQL", "as in REDFIRE_SQL__NAME__URL")
	f("REDFIRE_SQL__MAIN", "sql.main is a section")
	f("REDFIRE_SQL__MAIN__TLS", "sql.main.tls is a section")
	f("REDFIRE_SERVER", "as in REDFIRE_SERVER__LISTEN")
	f("REDFIRE_数据", "unknown key")
}

func TestVariablesThatAreNotOursAreLeftAlone(t *testing.T) {
	wantConfig(t, "variables", accepted(t, "", "PATH=x", "redfire_data=x", "RedFire_Data=x", "REDFIRE=x", "MY_REDFIRE_DATA=x", "=C:=C:\\x", "REDFIRE_DATA", "",
		"REDFIRE_LANG=zh", "REDFIRE_ENGINES=all", "REDFIRE_TEST_DATA=x", "REDFIRE_TEST_REDIS=x",
		// What Kubernetes sets for the services redfire, redfire-server and redfire-sql.
		"REDFIRE_SERVICE_HOST=10.0.0.1", "REDFIRE_SERVICE_PORT=8600", "REDFIRE_SERVICE_PORT_HTTP=8600", "REDFIRE_PORT=tcp://10.0.0.1:8600",
		"REDFIRE_PORT_8600_TCP=tcp://10.0.0.1:8600", "REDFIRE_PORT_8600_TCP_PROTO=tcp", "REDFIRE_PORT_8600_TCP_PORT=8600", "REDFIRE_PORT_8600_TCP_ADDR=10.0.0.1",
		"REDFIRE_SERVER_SERVICE_HOST=10.0.0.1", "REDFIRE_SERVER_PORT=tcp://10.0.0.1:8600", "REDFIRE_SQL_PORT_3306_UDP_ADDR=10.0.0.1"), defaults())
}

func TestTheLastOfTwoVariablesCounts(t *testing.T) {
	if got := accepted(t, "", "REDFIRE_DATA=a", "REDFIRE_DATA=b=c").Data; got != "b=c" {
		t.Errorf("got %s, want b=c", got)
	}
}

func TestEveryVariableSetsItsKey(t *testing.T) {
	values := map[config.Type]string{
		config.TextPath: "x", config.TextAddress: "x:1", config.Number: "16", config.TextDuration: "2h", config.TextSize: "3MiB",
		config.TextURL: "sqlite:x", config.ListOfURLs: "[]", config.TextSecret: "x",
		config.TextSwitch: "true", config.TextLabel: "x", config.ListOfStatements: "[]",
		config.TextCalendar: "24x7", config.TextZone: "UTC", config.TextWeekdays: "mon", config.TextDates: "2026-01-05..",
		config.ListOfDates: "[]", config.ListOfHours: "[]", config.ListOfPatterns: "[]",
	}
	for _, k := range config.Keys() {
		if k.Variable == "" {
			continue
		}
		value := values[k.Type]
		if k.Type == config.TextWord {
			value = k.Words[1]
		}
		if k.Max == "1h" {
			value = "30m"
		}
		l, err := config.Read(options(write(t, "calendars: { a: { like: 24x7 } }"), strings.Replace(k.Variable, "__NAME__", "__A__", 1)+"="+value))
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Explain(strings.Replace(k.Path, ".NAME.", ".a.", 1))
		if err != nil || len(got) != 1 || got[0].Origin.File != got[0].Variable || got[0].Value == "" {
			t.Errorf("%s: got %+v, %v, want the value from the variable", k.Variable, got, err)
		}
		if _, err := l.Config(); err != nil && fault.CodeOf(err) != fault.ConfigURL && fault.CodeOf(err) != fault.ConfigSecretFile {
			t.Errorf("%s: got %v", k.Variable, err)
		}
	}
}
