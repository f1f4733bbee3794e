package redfire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	started "github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

func TestMain(m *testing.M) { os.Exit(started.Run(m)) }

// A logged is what was told to a log.
type logged struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit, again := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-limit:
			t.Fatalf("it did not happen: %s", what)
		case <-again.C:
		}
	}
}

// logging opens the stores of a folder of its own and returns what they log.
func logging(t *testing.T, change func(*config.Config)) (*redfire.Data, *logged) {
	t.Helper()
	log := &logged{}
	d, err := redfire.Open(t.Context(), settings(t, t.TempDir(), change), &redfire.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, log
}

// serverSQL is the configuration of a source on a server.
func serverSQL(s *started.Server, database string) config.SQL {
	return config.SQL{URL: config.URL(s.URL() + "/" + database), Password: config.Secret(s.Password), MinIdle: 1, MaxOpen: 4}
}

func TestEachSchemeHasItsEngine(t *testing.T) {
	f := func(url string, want sqlpool.Dialect) {
		t.Helper()
		e, err := redfire.OpenSQL(sqlpool.Source{Name: "main", URL: url})
		if err != nil || e.Dialect() != want {
			t.Errorf("%s: got %v, %v, want %s", url, e, err, want)
		}
	}
	f("mysql://root@localhost:3306/vnpy", sqlpool.MySQL)
	f("postgres://postgres@localhost/vnpy", sqlpool.PostgreSQL)
	f("postgresql://postgres@localhost/vnpy", sqlpool.PostgreSQL)
	f("sqlite:x.db", sqlpool.SQLite)
	for url, code := range map[string]fault.Code{"oracle://h/x": fault.CommandNoEngine, "mysql://h/x?nothing=1": "", "mysql://h/a/b": fault.SQLSource, "sqlite:": fault.SQLSource} {
		e, err := redfire.OpenSQL(sqlpool.Source{Name: "main", URL: url})
		if code == "" && err == nil {
			continue // a variable of the session, which only the server knows
		}
		if fault.CodeOf(err) != code || e != nil {
			t.Errorf("%s: got %v, %v, want %s", url, e, err, code)
		}
	}
}

func TestSourcesAreAsTheConfigurationSays(t *testing.T) {
	c := settings(t, filepath.Join("data", "a?b=c"), func(c *config.Config) {
		c.SQL["all"] = config.SQL{
			URL: "mysql://root:p%40ss@db1:3307/vnpy?charset=utf8", ReadOnly: true, MinIdle: 2, MaxOpen: 7, WaitTimeout: 1, ConnectTimeout: 2,
			MaxLifetime: 3, MaxIdleTime: 4, MaxDials: 5, Prepare: "none", Reset: "always", OnConnect: []config.Statement{"SET a = 1"},
			Application: "柜台", Slow: 6, LeakAfter: 7, TLS: config.TLS{CAFile: "ca.pem"},
		}
		c.SQL["least"] = config.SQL{URL: "postgres://u:@h/x"}
	})
	all := redfire.SQLSources(c)
	if len(all) != 3 || all[0].Name != "all" || all[1].Name != "least" || all[2].Name != "main" {
		t.Fatalf("got %+v", all)
	}
	password, err := all[0].Password(t.Context())
	if err != nil || password != "p@ss" {
		t.Errorf("the password: got %q, %v", password, err)
	}
	for i := range all {
		if (all[i].Password != nil) != (i == 0) {
			t.Errorf("%s: there is a password: %v", all[i].Name, all[i].Password != nil)
		}
		all[i].Password = nil
	}
	want := sqlpool.Source{
		Name: "all", URL: "mysql://root@db1:3307/vnpy?charset=utf8", ReadOnly: true, MinIdle: 2, MaxOpen: 7, WaitTimeout: 1, ConnectTimeout: 2,
		MaxLifetime: 3, MaxIdleTime: 4, MaxDials: 5, Unprepared: true, ResetAlways: true, OnConnect: []string{"SET a = 1"},
		Application: "柜台", Slow: 6, LeakAfter: 7, CAFile: "ca.pem",
	}
	if !reflect.DeepEqual(all[0], want) {
		t.Errorf("got %+v, want %+v", all[0], want)
	}
	if least := all[1]; least.URL != "postgres://u@h/x" || least.MinIdle != -1 || least.Slow != -1 || least.LeakAfter != -1 {
		t.Errorf("what is 0 is none: got %+v", least)
	}
	if main := all[2]; main.URL != "sqlite:"+filepath.Join("data", "a?b=c", "sql", "main.db")+"?" || main.MinIdle != 1 || main.Slow != 500*time.Millisecond {
		t.Errorf("the embedded one: got %+v", main)
	}
}

func TestAFileOfAPasswordIsReadForEachConnection(t *testing.T) {
	server := started.MariaDB(t)
	file := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong")
	d, log := logging(t, func(c *config.Config) {
		s := serverSQL(server, "")
		s.Password, s.PasswordFile = "wrong", config.Path(file)
		c.SQL["main"] = s
	})
	await(t, "it is down", func() bool {
		main := d.Sources(t.Context())[1]
		return main.State == redfire.Down && errors.Is(main.Err, fault.Denied)
	})
	write(server.Password)
	await(t, "it is back without a restart", func() bool { return d.Sources(t.Context())[1].State == redfire.OK })
	if strings.Contains(log.String(), server.Password) {
		t.Error("the log holds the password")
	}
}

func TestASourceThatCanNeverWorkIsAnError(t *testing.T) {
	f := func(change func(*config.SQL), want fault.Code) {
		t.Helper()
		d, err := redfire.Open(t.Context(), settings(t, t.TempDir(), func(c *config.Config) {
			s := config.SQL{URL: "mysql://root@127.0.0.1:1/vnpy"}
			change(&s)
			c.SQL["main"] = s
		}), nil)
		if fault.CodeOf(err) != want || d != nil || !strings.Contains(fmt.Sprint(err), "main") {
			t.Errorf("got %v, %v, want %s", d, err, want)
		}
	}
	f(func(s *config.SQL) { s.MaxOpen = -1 }, fault.SQLSource)
	f(func(s *config.SQL) { s.URL += "?allowAllFiles=true" }, fault.SQLSource)
	f(func(s *config.SQL) { s.TLS.CAFile = "nowhere.pem" }, fault.SQLSource)
}

func TestWhatAnOperatorShouldKnowOfASourceIsLogged(t *testing.T) {
	server := started.MariaDB(t)
	d, log := logging(t, func(c *config.Config) {
		for _, name := range []string{"main", "reports"} {
			s := serverSQL(server, "?loc=Local")
			s.MaxOpen, s.Replicas = 70, []config.URL{s.URL}
			c.SQL[name] = s
		}
	})
	await(t, "the load is told", func() bool { return strings.Contains(log.String(), "more than 80 %") })
	for _, want := range []string{"max_open=142", "max_connections=151", "[main reports]", "override what RedFire sets", "loc", "the replicas are not used yet", "source=sql.reports"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not hold %q:\n%s", want, log)
		}
	}
	loads := redfire.SQLLoads(redfire.SQLSources(d.Config()), d.SQL)
	if len(loads) != 1 || !loads[0].TooMuch() || loads[0].String() != "main, reports: 142 of 151" {
		t.Errorf("got %v", loads)
	}
	if (redfire.SQLLoad{MaxOpen: 80, MaxConnections: 100}).TooMuch() || !(redfire.SQLLoad{MaxOpen: 81, MaxConnections: 100}).TooMuch() {
		t.Error("80 of 100 is too much, or 81 is not")
	}
}

func TestPoolsTellTheirFigures(t *testing.T) {
	d := opened(t, t.TempDir(), func(c *config.Config) {
		c.SQL["away"] = config.SQL{URL: "mysql://root@127.0.0.1:1/vnpy", MinIdle: 2, MaxOpen: 3}
	})
	pool, err := d.SQL.Pool("main")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.DB().ExecContext(t.Context(), "CREATE TABLE 合约 (代码 TEXT)"); err != nil {
		t.Fatal(err)
	}
	held, err := pool.DB().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	text := ""
	await(t, "the one that is away is known to be", func() bool {
		w := httptest.NewRecorder()
		d.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		text = w.Body.String()
		return strings.Contains(text, `redfire_source_up{engine="mysqlpool",source="sql.away"} 0`)
	})
	const main = `db_client_connection_pool_name="main",db_system_name="sqlite"`
	for _, want := range []string{
		"db_client_connection_count{" + main + `,state="used"} 1`, "db_client_connection_idle_min{" + main + "} 1", "db_client_connection_idle_max{" + main + "} 30",
		"db_client_connection_max{" + main + "} 30", "db_client_connection_pending_requests{" + main + "} 0", "db_client_connection_timeouts_total{" + main + "} 0",
		"db_client_connection_create_time_seconds_bucket{" + main + `,le="+Inf"}`, "db_client_connection_wait_time_seconds_count{" + main + "}",
		"db_client_connection_use_time_seconds_sum{" + main + "}", "redfire_sql_connections_lost_total{" + main + "} 0", "redfire_sql_leaks_total{" + main + "} 0",
		`redfire_sql_outages_total{db_client_connection_pool_name="away",db_system_name="mysql"} 1`, `redfire_source_up{engine="sqlitepool",source="sql.main"} 1`,
		"redfire_sql_evictions_total{", "redfire_sql_resets_total{", "redfire_sql_transactions_repeated_total{", "redfire_sql_transactions_uncertain_total{",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestFiguresAskNoServer(t *testing.T) {
	server := started.MariaDB(t)
	d := opened(t, t.TempDir(), func(c *config.Config) { c.SQL["main"] = serverSQL(server, "") })
	await(t, "it is there", func() bool { return d.Sources(t.Context())[1].State == redfire.OK })
	server.Freeze()
	defer server.Thaw()
	began := time.Now()
	w := httptest.NewRecorder()
	d.Metrics().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if took := time.Since(began); took > time.Second {
		t.Errorf("with a server that does not answer it took %s", took)
	}
	if _, err := io.Copy(io.Discard, w.Body); err != nil {
		t.Error(err)
	}
}

func TestEachServerIsASourceThatIsAsked(t *testing.T) {
	f := func(server *started.Server, engine string) {
		t.Helper()
		d := opened(t, t.TempDir(), func(c *config.Config) {
			database := ""
			if engine == "postgrespool" {
				database = "postgres"
			}
			c.SQL["main"] = serverSQL(server, database)
		})
		await(t, engine+" is there", func() bool { return d.Sources(t.Context())[1].State == redfire.OK })
		if got := d.Sources(t.Context())[1]; got.Name != "sql.main" || got.Engine != engine || got.Critical {
			t.Errorf("got %+v", got)
		}
	}
	f(started.MariaDB(t), "mysqlpool")
	f(started.PostgreSQL(t), "postgrespool")
}

func TestClosingClosesThePools(t *testing.T) {
	d := opened(t, t.TempDir(), nil)
	pool, err := d.SQL.Pool("main")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Close(), d.Close()); err != nil {
		t.Error(err)
	}
	if err := pool.DB().PingContext(t.Context()); err == nil {
		t.Error("a pool is open after Close")
	}
	if _, err := d.SQL.Pool("main"); !errors.Is(err, fault.Closed) {
		t.Errorf("got %v", err)
	}
}
