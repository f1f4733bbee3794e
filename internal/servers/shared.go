package servers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// binary is what this process has started. It has to outlive the tests that
// ask, so it cannot be theirs.
var binary = struct {
	mu      sync.Mutex
	inRun   bool
	engines map[string]*sharedNode
	running map[*node]bool // shared ones and those of clusters
}{engines: map[string]*sharedNode{}, running: map[*node]bool{}}

// A sharedNode is started once, by whoever comes first.
type sharedNode struct {
	once sync.Once
	node *node
	err  error
}

// Run runs m, ends the servers that its tests started and returns the exit code.
// A package whose tests use servers calls it from TestMain; m is a *testing.M
// there.
func Run(m interface{ Run() int }) (exit int) {
	if os.Getenv(keeperVariable) != "" {
		return keep(os.Stdin, os.Stdout)
	}
	binary.mu.Lock()
	binary.inRun = true
	binary.mu.Unlock()
	code := m.Run()
	if err := endAll(); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		code = max(code, 1)
	}
	return code
}

// endAll ends all that this process started.
func endAll() error {
	binary.mu.Lock()
	defer binary.mu.Unlock()
	var errs []error
	for n := range binary.running {
		errs = append(errs, n.end())
	}
	clear(binary.running)
	return errors.Join(errs...)
}

// shared returns the binary's server of r's engine for test t.
func shared(t T, r recipe) *Server {
	t.Helper()
	engine := r.engine()
	if address := os.Getenv(engine.Variable); address != "" {
		return elsewhere(t, r, address)
	}
	requireRun(t)
	binary.mu.Lock()
	s := binary.engines[engine.Name]
	if s == nil {
		s = &sharedNode{}
		binary.engines[engine.Name] = s
	}
	binary.mu.Unlock()
	// The server outlives this test, so it does not end with the test's context.
	s.once.Do(func() { s.node, s.err = start(context.WithoutCancel(t.Context()), r) })
	return use(t, s.node, s.err)
}

// own returns a server that is t's alone and ends with it.
func own(t T, r recipe) *Server { t.Helper(); return ownAll(t, r)[0] }

// ownAll is own for several, which start at once.
func ownAll(t T, recipes ...recipe) []*Server {
	t.Helper()
	requireRun(t)
	nodes := make([]*node, len(recipes))
	errs := make([]error, len(recipes))
	var starts sync.WaitGroup
	for i, r := range recipes {
		starts.Go(func() { nodes[i], errs[i] = start(t.Context(), r) })
	}
	starts.Wait()
	t.Cleanup(func() {
		for _, n := range nodes {
			if err := endOwn(n); err != nil {
				t.Errorf("servers: end %s: %v", n.recipe.engine().Name, err)
			}
		}
	})
	all := make([]*Server, len(nodes))
	for i, n := range nodes {
		all[i] = view(t, n, errs[i])
	}
	all[0].tell()
	return all
}

// endOwn ends what one test had alone; one that did not start has ended.
func endOwn(n *node) error {
	if n == nil {
		return nil
	}
	binary.mu.Lock()
	delete(binary.running, n)
	binary.mu.Unlock()
	return n.end()
}

// requireRun ends a test of a binary that could not end its servers.
func requireRun(t T) {
	t.Helper()
	binary.mu.Lock()
	defer binary.mu.Unlock()
	if !binary.inRun {
		t.Fatalf("servers: the package's tests need: func TestMain(m *testing.M) { os.Exit(servers.Run(m)) }")
	}
}

// use is view for a server that others use too: it has to be found as it was.
func use(t T, n *node, err error) *Server {
	t.Helper()
	s := view(t, n, err)
	s.tell()
	release := n.usedBy(t.Name())
	t.Cleanup(func() {
		defer release()
		if err := n.bringBack(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("servers: %s: %v", s.Engine.Name, err)
		}
	})
	return s
}

// view is node n as test t sees it, or the end of the test.
func view(t T, n *node, err error) *Server {
	t.Helper()
	var missing *engines.Missing
	switch {
	case errors.As(err, &missing):
		t.Skipf("%v", missing)
	case err != nil:
		t.Fatalf("servers: %v", err)
	}
	n.mu.Lock() // it may be starting again
	defer n.mu.Unlock()
	return &Server{Access: n.access, Engine: n.recipe.engine(), Version: n.version, t: t, node: n}
}

// tell notes what the test runs against, for whoever reads all tests' output.
func (s *Server) tell() {
	s.t.Helper()
	s.t.Logf("engine %s: %s", s.Engine.Name, s.Version)
}

// elsewhere is a server that runs already, at address.
func elsewhere(t T, r recipe, address string) *Server {
	t.Helper()
	engine := r.engine()
	access, err := parseAddress(engine, address)
	if err != nil {
		t.Fatalf("servers: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	version, err := r.answers(ctx, access)
	if err == nil && version != "" && engine.TooOld(version) {
		err = fmt.Errorf("version %s is too old: %s or later is needed", version, engine.AtLeast)
	}
	if err != nil {
		t.Fatalf("servers: the %s that %s names: %v", engine.Name, engine.Variable, err)
	}
	told := cmp.Or(version, "unknown") // some builds were not told their own
	t.Logf("engine %s: %s at %s (%s)", engine.Name, told, access.Addr, engine.Variable)
	return &Server{Access: access, Engine: engine, Version: version, t: t}
}

// schemes are the addresses' in RedFire's configuration.
var schemes = map[string]string{
	engines.MariaDB.Name:    "mysql",
	engines.MySQL.Name:      "mysql",
	engines.PostgreSQL.Name: "postgres",
	engines.Redis.Name:      "redis",
	engines.InfluxDB2.Name:  "influx",
	engines.InfluxDB1.Name:  "influx",
	engines.MongoDB.Name:    "mongodb",
}

// parseAddress reads the value of an engine's variable. What is wrong with it
// is told without repeating it, since it holds a password.
func parseAddress(e engines.Engine, address string) (Access, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != schemes[e.Name] || u.Port() == "" {
		return Access{}, fmt.Errorf("%s: want %s://USER:PASSWORD@HOST:PORT", e.Variable, schemes[e.Name])
	}
	password, _ := u.User.Password()
	query := u.Query()
	return Access{
		Addr: u.Host, User: u.User.Username(), Password: password,
		Org: query.Get("org"), Bucket: query.Get("bucket"), Token: query.Get("token"),
	}, nil
}
