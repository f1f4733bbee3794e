package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/answers"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/sqlpool"
)

// withSQL serves an SQLite file, main, and a server that is away, away.
func withSQL(t *testing.T) (*site, *sqlpool.Pool) {
	t.Helper()
	s := serve(t, t.TempDir(), func(c *config.Config, _ *httpapi.Options) {
		c.SQL = map[string]config.SQL{"main": {MinIdle: 1, MaxOpen: 3, Slow: 1}, "away": {URL: "mysql://root:hunter2@127.0.0.1:1/vnpy", MinIdle: 1}}
	})
	pool, err := s.data.SQL.Pool("main")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"CREATE TABLE 合约 (代码 TEXT, 价 REAL)", "INSERT INTO 合约 VALUES ('rb2601', 3100)", "INSERT INTO 合约 VALUES ('secret', 3101)"} {
		if _, err := pool.DB().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s, pool
}

// asked returns what a client is told when it holds.
func asked[V any](t *testing.T, ask func() (V, error), holds func(V) bool) V {
	t.Helper()
	limit, again := time.After(10*time.Second), time.NewTicker(10*time.Millisecond)
	defer again.Stop()
	for {
		v, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		if holds(v) {
			return v
		}
		select {
		case <-limit:
			t.Fatalf("got %+v", v)
		case <-again.C:
		}
	}
}

func TestPoolsAreListedWithWhoHoldsTheirConnections(t *testing.T) {
	s, pool := withSQL(t)
	held, err := pool.DB().Conn(sqlpool.WithLabel(t.Context(), "orders"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := held.ExecContext(t.Context(), "UPDATE 合约 SET 价 = 3102 WHERE 代码 = 'secret'"); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all := asked(t, func() ([]answers.SQLPool, error) { return c.SQLPools(t.Context()) }, func(all []answers.SQLPool) bool {
		return len(all) == 2 && all[0].Outage != nil
	})
	wantPools(t, all[0], all[1])
	one, err := c.SQLPool(t.Context(), "main")
	if err != nil || one.Name != "main" || one.InUse != 1 {
		t.Errorf("got %+v, %v", one, err)
	}
	for _, path := range []string{"/v1/sql/pools", "/v1/sql/pools/main", "/v1/sql/pools/main/statements", "/readyz"} {
		if body := s.do(t, http.MethodGet, path, "").body; strings.Contains(body, "hunter2") || strings.Contains(body, "secret") {
			t.Errorf("%s tells a secret: %s", path, body)
		}
	}
	if got := s.do(t, http.MethodGet, "/v1/sql/pools?format=ndjson", ""); strings.Count(got.body, "\n") != 2 {
		t.Errorf("as NDJSON: got %q", got.body)
	}
}

// wantPools looks at the answers of the two pools.
func wantPools(t *testing.T, away, main answers.SQLPool) {
	t.Helper()
	if away.Name != "away" || away.Engine != "mysqlpool" || away.State != "down" || away.Outage.Attempts < 1 || away.Outage.Error.Code != fault.SQLUnreachable || away.Server != nil {
		t.Errorf("got %+v", away)
	}
	if main.Name != "main" || main.Engine != "sqlitepool" || main.State != "ok" || main.Server.System != "sqlite" || main.InUse != 1 || main.MaxOpen != 3 || main.Use.Count < 3 {
		t.Errorf("got %+v", main)
	}
	if len(main.Holders) != 1 || main.Holders[0].Label != "orders" || main.Holders[0].Statement != "UPDATE 合约 SET 价 = ? WHERE 代码 = ?" || main.Holders[0].Held <= 0 {
		t.Errorf("the holders: got %+v", main.Holders)
	}
}

func TestStatementsAreListedByTheirTime(t *testing.T) {
	s, _ := withSQL(t)
	c, err := client.New(s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all, err := c.SQLStatements(t.Context(), "main", 10)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %+v, %v", all, err)
	}
	share := 0.0
	for i, one := range all {
		share += one.Share
		if i > 0 && one.Total > all[i-1].Total || one.ID == "" || one.Mean > one.Longest || one.Slow != one.Calls {
			t.Errorf("got %+v", all)
		}
		if strings.HasPrefix(one.Statement, "INSERT") && (one.Statement != "INSERT INTO 合约 VALUES (?)" || one.Calls != 2) {
			t.Errorf("got %+v", one)
		}
	}
	if share < 0.999 || share > 1.001 {
		t.Errorf("the shares are %v in all", share)
	}
	if all, err := c.SQLStatements(t.Context(), "main", 1); err != nil || len(all) != 1 {
		t.Errorf("of one: got %+v, %v", all, err)
	}
}

func TestWhatIsAskedOfPoolsThatAreNotThereIsRefused(t *testing.T) {
	s, _ := withSQL(t)
	s.problem(t, refusal{http.StatusNotFound, fault.SQLNoPool, ""}, http.MethodGet, "/v1/sql/pools/mein", "")
	s.problem(t, refusal{http.StatusNotFound, fault.SQLNoPool, ""}, http.MethodGet, "/v1/sql/pools/mein/statements", "")
	for _, limit := range []string{"0", "-1", "1001", "x"} {
		d := s.problem(t, refusal{http.StatusUnprocessableEntity, fault.APIParameter, "limit"}, http.MethodGet, "/v1/sql/pools/main/statements?limit="+limit, "")
		if d.Detail == "" {
			t.Errorf("limit %s: got %+v", limit, d)
		}
	}
	if got := s.do(t, http.MethodPost, "/v1/sql/pools", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d", got.status)
	}
}

func TestReadersSeeThePools(t *testing.T) {
	g := guard(t)
	for token, want := range map[string]int{g.reader: http.StatusOK, "": http.StatusUnauthorized} {
		header := []string{}
		if token != "" {
			header = append(header, "Authorization: Bearer "+token)
		}
		if got := g.do(t, http.MethodGet, "/v1/sql/pools", "", header...); got.status != want {
			t.Errorf("got %d %s, want %d", got.status, got.body, want)
		}
	}
}

func TestReadinessListsPools(t *testing.T) {
	s, _ := withSQL(t)
	status, about := s.ready(t)
	text, err := json.Marshal(about)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK || !strings.Contains(string(text), `"name":"sql.main","engine":"sqlitepool","state":"ok","critical":false`) || !strings.Contains(string(text), `"name":"sql.away","engine":"mysqlpool","state":"down"`) {
		t.Errorf("got %d %s", status, text)
	}
}
