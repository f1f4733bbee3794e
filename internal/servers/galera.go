package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// A GaleraCluster is three MariaDB servers that keep the same data: each takes
// writes, and what one has acknowledged the others have received. Two of them
// go on without the third.
type GaleraCluster struct {
	// Nodes have one password. Restart has a node join those that run and
	// waits until it has what they have; without them it fails.
	Nodes []*Server

	t T
}

// Galera returns a MariaDB Galera cluster that is t's alone, with all nodes
// synced. It is as shipped: it takes the nodes five seconds and more to find that
// one does not answer, and a read may miss what another node has just
// acknowledged, unless wsrep_sync_wait is set.
func Galera(t T) *GaleraCluster {
	t.Helper()
	library, err := galeraLibrary(t.Context())
	nodes, err := galeraNodes(library, err)
	var missing *engines.Missing
	switch {
	case errors.As(err, &missing):
		t.Skipf("%v", missing)
	case err != nil:
		t.Fatalf("servers: plan a Galera cluster: %v", err)
	}
	c := &GaleraCluster{t: t}
	// The first one is the cluster that the others join, one by one: two at once
	// are slower, since each interrupts the other.
	for _, r := range nodes {
		c.Nodes = append(c.Nodes, own(t, r))
	}
	return c
}

// Bootstrap starts a cluster none of whose nodes runs, as an operator does: the
// one that has all that any of them acknowledged begins, the others join it.
func (c *GaleraCluster) Bootstrap() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), startLimit)
	defer cancel()
	first, highest := 0, int64(-1)
	for i, s := range c.Nodes {
		position, err := galeraPosition(ctx, s.node)
		if err != nil {
			c.t.Errorf("servers: bootstrap Galera: %v", err)
			return
		}
		if position.number > highest {
			first, highest = i, position.number
		}
	}
	begins := c.Nodes[first]
	if err := safeToBootstrap(begins.node); err != nil {
		c.t.Errorf("servers: bootstrap Galera: %v", err)
		return
	}
	r, ok := begins.node.recipe.(*galeraNode)
	if !ok {
		c.t.Errorf("servers: bootstrap Galera: its node is a %T", begins.node.recipe)
		return
	}
	r.begins = true
	begins.Restart()
	r.begins = false
	for i, s := range c.Nodes {
		if i != first {
			s.Restart()
		}
	}
}

// A galeraNode is a MariaDB in a cluster. Its ports are known to all before the
// first starts.
type galeraNode struct {
	mariaDB
	begins             bool // it is the cluster, and joins nobody
	password           string
	client, group      port
	increment, transit port // what it missed comes here, or all that there is
}

// galeraNodes plans three.
func galeraNodes(library string, err error) ([]*galeraNode, error) {
	if err != nil {
		return nil, err
	}
	password := newPassword()
	nodes := make([]*galeraNode, 3)
	var addresses []string
	for i := range nodes {
		r := &galeraNode{begins: i == 0, password: password}
		nodes[i] = r
		for _, p := range []*port{&r.client, &r.group, &r.increment, &r.transit} {
			taken, err := takePort()
			if err != nil {
				return nil, err
			}
			*p = taken
		}
		addresses = append(addresses, r.group.addr())
	}
	for i, r := range nodes {
		r.lines = []string{
			"wsrep-on=ON",
			"wsrep-provider=" + library,
			"wsrep-cluster-name=redfire-" + strconv.Itoa(nodes[0].group.number),
			"wsrep-cluster-address=gcomm://" + strings.Join(addresses, ","),
			fmt.Sprintf("wsrep-node-name=node%d", i),
			"wsrep-node-address=" + r.group.addr(),
			"wsrep-node-incoming-address=" + r.client.addr(),
			"wsrep-sst-method=rsync",
			"wsrep-sst-receive-address=" + r.transit.addr(),
			"wsrep-provider-options=" + strings.Join([]string{
				"gmcast.listen_addr=tcp://" + r.group.addr(),
				"ist.recv_addr=tcp://" + r.increment.addr(),
				"gcache.size=32M",
			}, ";"),
			"binlog-format=ROW",
			"innodb-autoinc-lock-mode=2",
			"gtid-strict-mode=OFF", // each node counts what its own clients write
		}
	}
	return nodes, nil
}

// galeraLibrary finds Galera in the MariaDB of this machine.
func galeraLibrary(ctx context.Context) (string, error) {
	program, err := engines.Find(ctx, engines.MariaDB)
	if err != nil {
		return "", err
	}
	if program.Root != "" && !mayMount() {
		return "", &engines.Missing{Engine: engines.MariaDB, Why: "Galera needs a /proc in " + program.Root + ", and mounting is not allowed"}
	}
	for _, dir := range []string{"usr/lib/galera", "usr/lib64/galera-4", "usr/lib64/galera", "usr/lib"} {
		name := filepath.Join("/", dir, "libgalera_smm.so")
		if _, err := os.Stat(filepath.Join(program.Root, name)); err == nil {
			return name, nil
		}
	}
	return "", &engines.Missing{Engine: engines.MariaDB, Why: "Galera is not installed beside it"}
}

func (r *galeraNode) prepare(ctx context.Context, n *node) error {
	n.ports = append(n.ports, r.client, r.group, r.increment, r.transit)
	n.access = Access{Addr: r.client.addr(), User: "root", Password: r.password}
	if r.begins {
		return r.mariaDB.prepare(ctx, n)
	}
	// All that it has comes from the others, accounts too.
	if err := n.makeDir(dataFolder, mysqlUser); err != nil {
		return err
	}
	return r.configure(n)
}

func (r *galeraNode) processes(ctx context.Context, n *node) ([]process, error) {
	var args []string
	position, err := galeraPosition(ctx, n)
	switch {
	case err != nil:
		return nil, err
	case position.cluster != "":
		args = append(args, fmt.Sprintf("--wsrep-start-position=%s:%d", position.cluster, position.number))
	}
	if r.begins {
		args = append(args, "--wsrep-new-cluster")
	}
	processes, err := mysqlProcesses(n, "mariadbd", args)
	for i := range processes {
		processes[i].proc = true // the scripts by which the nodes copy each other do
	}
	return processes, err
}

func (r *galeraNode) settle(_ context.Context, n *node) error {
	if !r.begins {
		return nil
	}
	r.begins = false
	return forgetFirstSQL(n)
}

// answers wants a node that is a part of a cluster that may write, and has what
// the cluster has.
func (r *galeraNode) answers(ctx context.Context, a Access) (version string, err error) {
	db, err := openMySQL(a, "")
	if err != nil {
		return "", err
	}
	version, err = galeraVersion(ctx, db)
	return version, errors.Join(err, db.Close())
}

func galeraVersion(ctx context.Context, db *sql.DB) (version string, err error) {
	for status, want := range map[string]string{"wsrep_ready": "ON", "wsrep_local_state_comment": "Synced"} {
		var name, value string
		if err := db.QueryRowContext(ctx, "SHOW STATUS LIKE '"+status+"'").Scan(&name, &value); err != nil {
			return "", err
		}
		if value != want {
			return "", fmt.Errorf("%s is %s", status, value)
		}
	}
	err = db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	return version, err
}

// A galeraPoint is up to where a node has the writes of a cluster.
type galeraPoint struct {
	cluster string // "" of a node that was in none
	number  int64
}

// stateFile is where a node notes its point, when it stops in good order.
const stateFile = dataFolder + "/grastate.dat"

// galeraPosition is where n, which does not run, has got to. After a crash the
// tables themselves are asked.
func galeraPosition(ctx context.Context, n *node) (galeraPoint, error) {
	b, err := os.ReadFile(filepath.Join(n.folder, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return galeraPoint{}, nil
	}
	if err != nil {
		return galeraPoint{}, err
	}
	noted := regexp.MustCompile(`(?s)uuid:\s+([-0-9a-f]+).*seqno:\s+(-?\d+)`)
	point, err := pointIn(noted, b)
	if err != nil || point.number >= 0 {
		return point, err
	}
	log := filepath.Join(dataFolder, "recovered.log")
	if err := os.RemoveAll(filepath.Join(n.folder, log)); err != nil {
		return galeraPoint{}, err
	}
	err = n.run(ctx, process{name: "mariadbd", user: mysqlUser, args: []string{
		"--defaults-file=" + n.path("my.cnf"), "--wsrep-recover", "--log-error=" + n.path(log),
	}})
	if err != nil {
		return galeraPoint{}, err
	}
	if b, err = os.ReadFile(filepath.Join(n.folder, log)); err != nil {
		return galeraPoint{}, err
	}
	return pointIn(regexp.MustCompile(`Recovered position:? ([-0-9a-f]+):(-?\d+)`), b)
}

func pointIn(r *regexp.Regexp, b []byte) (galeraPoint, error) {
	found := r.FindSubmatch(b)
	if found == nil {
		return galeraPoint{}, fmt.Errorf("no position of the cluster in %q", b)
	}
	number, err := strconv.ParseInt(string(found[2]), 10, 64)
	return galeraPoint{string(found[1]), number}, err
}

// safeToBootstrap lets n begin the cluster again. Galera refuses to let a node
// begin that was not the last to stop, or that crashed, unless an operator says
// that it has everything.
func safeToBootstrap(n *node) error {
	path := filepath.Join(n.folder, stateFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b = []byte(strings.Replace(string(b), "safe_to_bootstrap: 0", "safe_to_bootstrap: 1", 1))
	// Its owner stays.
	return os.WriteFile(path, b, 0o600)
}
