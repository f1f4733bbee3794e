// Package servers starts real servers for tests and benchmarks: a promise
// about what happens when a server is killed, frozen or cut off is only kept
// when a real one was.
//
//	func TestMain(m *testing.M) { os.Exit(servers.Run(m)) }
//
//	func TestOurs(t *testing.T) {
//		redis := servers.Redis(t)
//		... redis.Addr, redis.Password ...
//		redis.Kill()
//		redis.Restart()
//	}
//
// A server is a child process on a free port of 127.0.0.1, with its data in a
// temporary folder and durable as its makers ship it. It starts when a test
// first asks for it and serves all tests of the binary; [Run] ends it. When the
// binary panics or is killed instead, its keeper ends it: a process between the
// two that kills the server, and all that the server started, as soon as the
// binary is gone. Clusters are not shared: each belongs to the test that asks.
//
// Tests share a server, so each names its databases, keys and buckets for
// itself. A test that stops, kills or freezes one must not run in parallel with
// others that use it; when it ends, or a part of it that asked for the server
// too, the server is brought back with its data.
//
// A server that the machine has not makes the test skip, with the reason; the
// command internal/servers/install gets what is missing. The environment
// variable of an engine points the tests at a server that runs elsewhere:
//
//	REDFIRE_TEST_MARIADB=mysql://root:secret@127.0.0.1:3306
//	REDFIRE_TEST_MYSQL=mysql://root:secret@127.0.0.1:3307
//	REDFIRE_TEST_POSTGRES=postgres://postgres:secret@127.0.0.1:5432
//	REDFIRE_TEST_REDIS=redis://:secret@127.0.0.1:6379
//	REDFIRE_TEST_INFLUXDB2=influx://127.0.0.1:8086?org=redfire&bucket=market&token=...
//	REDFIRE_TEST_INFLUXDB1=influx://user:secret@127.0.0.1:8087?bucket=market
//	REDFIRE_TEST_MONGODB=mongodb://user:secret@127.0.0.1:27017
//
// Tests that have to kill such a server, or freeze it, skip.
package servers

import (
	"context"
	"net/url"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// T is what a test or a benchmark is to this package; *testing.T, *testing.B
// and *testing.F are.
type T interface {
	// Helper marks the caller as one whose line is not the one to name.
	Helper()
	// Name is the test's; a slash begins the name of a part.
	Name() string
	// Context ends before the clean-ups begin.
	Context() context.Context
	// Cleanup has a function run when the test has ended, last first.
	Cleanup(f func())
	// Logf notes what is only to be told with the rest.
	Logf(format string, args ...any)
	// Errorf fails the test, which goes on.
	Errorf(format string, args ...any)
	// Fatalf fails the test and ends it.
	Fatalf(format string, args ...any)
	// Skipf ends the test as one that did not run.
	Skipf(format string, args ...any)
}

// Access is how a client reaches a server.
type Access struct {
	// Addr is the host and port that it listens on.
	Addr string

	// User and Password are of an account that may do everything. Redis's has
	// no name. InfluxDB 2 has a Token beside them, which is what clients use.
	User, Password string

	// Org, Bucket and Token are InfluxDB 2's. InfluxDB 1 calls the Bucket a
	// database.
	Org, Bucket, Token string
}

// A Server is a real server, as one test sees it. What its methods cannot do
// fails the test, without ending it: they may be called from any goroutine.
type Server struct {
	Access

	// Engine is its kind, Version what it says of itself.
	Engine  engines.Engine
	Version string

	t    T
	node *node // nil where it runs elsewhere
}

// MariaDB returns a MariaDB; its user is root.
func MariaDB(t T) *Server { t.Helper(); return shared(t, mariaDB{}) }

// MySQL returns a MySQL of at least version 9; its user is root.
func MySQL(t T) *Server { t.Helper(); return shared(t, mySQL{}) }

// PostgreSQL returns a PostgreSQL; its user is postgres.
func PostgreSQL(t T) *Server { t.Helper(); return shared(t, postgres{}) }

// Redis returns a single Redis that appends every write to a file and syncs it
// before it answers.
func Redis(t T) *Server { t.Helper(); return shared(t, redisServer{}) }

// InfluxDB2 returns an InfluxDB 2.7 with an organisation and a bucket.
func InfluxDB2(t T) *Server { t.Helper(); return shared(t, influxDB2{}) }

// InfluxDB1 returns an InfluxDB 1.8 with a database, without Flux, as it is
// shipped.
func InfluxDB1(t T) *Server { t.Helper(); return shared(t, influxDB1{}) }

// InfluxDB1Flux returns an InfluxDB 1.8 with Flux enabled, which makes its start
// and restart some twenty times as long. It is the test's alone.
func InfluxDB1Flux(t T) *Server { t.Helper(); return own(t, influxDB1{flux: true}) }

// MongoDB returns a server of MongoDB's protocol: FerretDB over PostgreSQL with
// the DocumentDB extension. Killing and freezing mean both.
func MongoDB(t T) *Server { t.Helper(); return shared(t, mongoDB{}) }

// URL is the server's address as RedFire's configuration has it, with the user,
// without secrets.
func (s *Server) URL() string { return s.urlWith(nil) }

// urlWith is URL with the user as given: with the password too, for instance.
func (s *Server) urlWith(user *url.Userinfo) string {
	u := url.URL{Scheme: schemes[s.Engine.Name], User: user, Host: s.Addr}
	if user == nil && s.User != "" {
		u.User = url.User(s.User)
	}
	query := url.Values{}
	if s.Org != "" {
		query.Set("org", s.Org)
	}
	if s.Bucket != "" {
		query.Set("bucket", s.Bucket)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// Stop asks the server to end, as an operator does, and waits for it. A frozen
// one is thawed first.
func (s *Server) Stop() { s.t.Helper(); s.do("stop", (*node).stop) }

// Kill ends the server and all its processes with SIGKILL and waits for it.
func (s *Server) Kill() { s.t.Helper(); s.do("kill", (*node).kill) }

// Freeze stops all processes of the server with SIGSTOP. Its port still takes
// connections, as the system does that, and nothing answers. One that does not
// run cannot be frozen.
func (s *Server) Freeze() { s.t.Helper(); s.do("freeze", (*node).freeze) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.t.Helper(); s.do("thaw", (*node).thaw) }

// Restart starts the server again on the same port with the data that it had,
// and waits until it answers. One that runs is stopped first.
func (s *Server) Restart() { s.t.Helper(); s.do("restart", (*node).restart) }

func (s *Server) do(what string, f func(*node, context.Context) error) {
	s.t.Helper()
	if s.node == nil {
		s.t.Skipf("engine %s: NOT RUN: cannot %s the server that %s names", s.Engine.Name, what, s.Engine.Variable)
		return
	}
	if other := s.node.otherUser(s.t.Name()); other != "" {
		s.t.Errorf("servers: %s %s: %s uses it too: a test that stops a server cannot be parallel", what, s.Engine.Name, other)
		return
	}
	// Restarting is what a test's clean-up does, when its own context has ended.
	if err := f(s.node, context.WithoutCancel(s.t.Context())); err != nil {
		s.t.Errorf("servers: %s %s: %v", what, s.Engine.Name, err)
	}
}
