package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

const (
	influxUser   = "redfire"
	influxOrg    = "redfire"
	influxBucket = "market"
)

// influxDB2 is an InfluxDB 2 with one organisation, a bucket that keeps all for
// ever, and a token that may do everything.
type influxDB2 struct{}

func (influxDB2) engine() engines.Engine { return engines.InfluxDB2 }

func (influxDB2) prepare(_ context.Context, n *node) error {
	var err error
	if n.access.Addr, err = n.newPort(); err != nil {
		return err
	}
	return n.makeDir("data", "")
}

// processes has no user but ours: the engines' folder may be one that nobody
// else may enter, and influxd needs no right of root's.
func (influxDB2) processes(_ context.Context, n *node) ([]process, error) {
	return []process{{name: "influxd", args: []string{
		"--http-bind-address", n.access.Addr,
		"--bolt-path", n.path("data/influxd.bolt"),
		"--sqlite-path", n.path("data/influxd.sqlite"),
		"--engine-path", n.path("data/engine"),
		"--reporting-disabled", // it would call its makers
	}}}, nil
}

func (influxDB2) settle(ctx context.Context, n *node) error {
	password, token := newPassword(), newPassword()
	body, err := json.Marshal(map[string]any{
		"username": influxUser, "password": password,
		"org": influxOrg, "bucket": influxBucket, "retentionPeriodSeconds": 0,
		"token": token,
	})
	if err != nil {
		return err
	}
	if _, err := influxDo(ctx, n.access, influxRequest{method: http.MethodPost, path: "/api/v2/setup", body: body}); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	n.access.User, n.access.Password = influxUser, password
	n.access.Org, n.access.Bucket, n.access.Token = influxOrg, influxBucket, token
	return nil
}

// answers finds a bucket with the token. A server that has not been set up has
// no token yet, and says so itself.
func (influxDB2) answers(ctx context.Context, a Access) (version string, err error) {
	if a.Token == "" {
		return unsettled(ctx, a)
	}
	query := url.Values{"org": {a.Org}, "limit": {"1"}}
	if a.Bucket != "" {
		query.Set("name", a.Bucket)
	}
	r, err := influxDo(ctx, a, influxRequest{path: "/api/v2/buckets", query: query})
	if err != nil {
		return "", err
	}
	var found struct{ Buckets []struct{ Name string } }
	if err := json.Unmarshal(r.body, &found); err != nil {
		return "", err
	}
	if len(found.Buckets) == 0 {
		return "", fmt.Errorf("org %s has no bucket %s", a.Org, a.Bucket)
	}
	return r.version(), nil
}

// unsettled succeeds on a server that waits to be set up.
func unsettled(ctx context.Context, a Access) (version string, err error) {
	r, err := influxDo(ctx, a, influxRequest{path: "/api/v2/setup"})
	if err != nil {
		return "", err
	}
	var setup struct{ Allowed bool }
	if err := json.Unmarshal(r.body, &setup); err != nil {
		return "", err
	}
	if !setup.Allowed {
		return "", errors.New("it is set up, and needs a token")
	}
	return r.version(), nil
}

// influxDB1 is an InfluxDB 1.8 with an administrator and a database.
type influxDB1 struct {
	flux bool
}

func (influxDB1) engine() engines.Engine { return engines.InfluxDB1 }

func (r influxDB1) prepare(_ context.Context, n *node) error {
	var err error
	if n.access.Addr, err = n.newPort(); err != nil {
		return err
	}
	// Backups are made through a port of their own, which cannot be turned off.
	backups, err := n.newPort()
	if err != nil {
		return err
	}
	if err := n.makeDir("data", ""); err != nil {
		return err
	}
	config := fmt.Sprintf(`reporting-disabled = true
bind-address = %q

[meta]
dir = %q

[data]
dir = %q
wal-dir = %q

[http]
bind-address = %q
auth-enabled = true
flux-enabled = %v
`, backups, n.path("data/meta"), n.path("data/data"), n.path("data/wal"), n.access.Addr, r.flux)
	return n.write("data/influxdb.conf", config, "")
}

func (influxDB1) processes(_ context.Context, n *node) ([]process, error) {
	return []process{{
		name: "influxd1", args: []string{"-config", n.path("data/influxdb.conf")},
		// With Flux it checks all of Flux's library at each start, 3 s of a core,
		// a quarter of which goes into collecting what that leaves.
		env: []string{"GOGC=400"},
	}}, nil
}

func (influxDB1) settle(ctx context.Context, n *node) error {
	password := newPassword()
	err := influxQL1(ctx, n.access, fmt.Sprintf(`CREATE USER %s WITH PASSWORD '%s' WITH ALL PRIVILEGES`, influxUser, password))
	if err != nil {
		return fmt.Errorf("create the administrator: %w", err)
	}
	n.access.User, n.access.Password = influxUser, password
	if err := influxQL1(ctx, n.access, `CREATE DATABASE `+influxBucket); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	n.access.Bucket = influxBucket
	return nil
}

// influxQL1 runs a statement of which only the failure matters, sent as a form
// since an address gets into logs.
func influxQL1(ctx context.Context, a Access, statement string) error {
	_, err := influxDo(ctx, a, influxForm(url.Values{"q": {statement}}))
	return err
}

// noAdmin is what InfluxDB 1 says to whoever comes before its first user.
const noAdmin = "create admin user first"

// answers lists the databases, which only an administrator may. A server without
// any user is one that has not settled yet.
func (influxDB1) answers(ctx context.Context, a Access) (version string, err error) {
	r, err := influxDo(ctx, a, influxForm(url.Values{"q": {"SHOW DATABASES"}}))
	if err != nil && a.User == "" && r != nil && strings.Contains(string(r.body), noAdmin) {
		return r.version(), nil
	}
	if err != nil {
		return "", err
	}
	version = r.version()
	if version != "" && !strings.HasPrefix(version, "1.") { // later ones know this query too
		err = fmt.Errorf("it is InfluxDB %s", version)
	}
	return version, err
}

// An influxRequest is one of either version's. Its method is GET by default.
type influxRequest struct {
	method, path string
	query        url.Values
	body         []byte
	contentType  string // application/json by default
	client       *http.Client
}

// influxForm is an InfluxQL query.
func influxForm(form url.Values) influxRequest {
	return influxRequest{
		method: http.MethodPost, path: "/query",
		body: []byte(form.Encode()), contentType: "application/x-www-form-urlencoded",
	}
}

// An influxReply is what a server answered.
type influxReply struct {
	header http.Header
	body   []byte
}

// version is the server's own. A build that was not told its version says so in
// one of two words, and has none.
func (r *influxReply) version() string {
	version := strings.TrimPrefix(r.header.Get("X-Influxdb-Version"), "v")
	if version == "dev" || version == "unknown" {
		return ""
	}
	return version
}

// influxDo sends a request and reads the answer, which it also returns with the
// error when the server refuses.
func influxDo(ctx context.Context, a Access, r influxRequest) (*influxReply, error) {
	address := url.URL{Scheme: "http", Host: a.Addr, Path: r.path, RawQuery: r.query.Encode()}
	if r.method == "" {
		r.method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, r.method, address.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.contentType == "" {
		r.contentType = "application/json"
	}
	request.Header.Set("Content-Type", r.contentType)
	switch {
	case a.Token != "":
		request.Header.Set("Authorization", "Token "+a.Token)
	case a.User != "":
		request.SetBasicAuth(a.User, a.Password)
	}
	if r.client == nil {
		// A server that restarts must not be asked over an old connection.
		transport := &http.Transport{DisableKeepAlives: true}
		defer transport.CloseIdleConnections()
		r.client = &http.Client{Transport: transport}
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	reply := &influxReply{answer.Header, body}
	if answer.StatusCode/100 != 2 {
		return reply, fmt.Errorf("%s %s: %s: %s", r.method, r.path, answer.Status, bytes.TrimSpace(body))
	}
	// InfluxDB 1 answers 200 to a statement that failed.
	var failed struct {
		Results []struct{ Error string }
	}
	if r.path == "/query" && json.Unmarshal(body, &failed) == nil {
		for _, result := range failed.Results {
			if result.Error != "" {
				return reply, fmt.Errorf("%s %s: %s", r.method, r.path, result.Error)
			}
		}
	}
	return reply, nil
}
