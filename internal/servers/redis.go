package servers

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// redisServer is a single Redis. More lines of configuration make it a node of
// a cluster, a replica or a sentinel.
type redisServer struct {
	password string // "" for one of its own
	lines    []string
	cluster  bool
	sentinel bool
}

func (redisServer) engine() engines.Engine { return engines.Redis }

// prepare writes the configuration, where the password is seen by nobody else.
func (r redisServer) prepare(_ context.Context, n *node) error {
	var err error
	if n.access.Addr, err = n.newPort(); err != nil {
		return err
	}
	n.access.Password = cmp.Or(r.password, newPassword())
	if err := n.makeDir("data", "redis"); err != nil {
		return err
	}
	lines := []string{
		"bind 127.0.0.1",
		"port " + strconv.Itoa(portOf(n.access.Addr)),
		"dir " + n.path("data"),
		"requirepass " + n.access.Password,
	}
	if !r.sentinel {
		lines = append(lines, "masterauth "+n.access.Password, "appendonly yes", "appendfsync always", `save ""`)
	}
	if r.cluster {
		bus, err := n.newPort()
		if err != nil {
			return err
		}
		lines = append(lines, "cluster-enabled yes", "cluster-config-file nodes.conf",
			"cluster-port "+strconv.Itoa(portOf(bus)), "cluster-node-timeout "+strconv.FormatInt(downAfter.Milliseconds(), 10))
	}
	lines = append(lines, r.lines...)
	return n.write("data/redis.conf", strings.Join(lines, "\n")+"\n", "redis")
}

func (r redisServer) processes(_ context.Context, n *node) ([]process, error) {
	args := []string{n.path("data/redis.conf")}
	if r.sentinel {
		args = append(args, "--sentinel")
	}
	return []process{{name: "redis-server", args: args, user: "redis"}}, nil
}

func (redisServer) settle(context.Context, *node) error { return nil }

func (redisServer) answers(ctx context.Context, a Access) (version string, err error) {
	client := redisClient(a)
	defer closeAll([]*redis.Client{client})
	info, err := client.Info(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(info) {
		if version, found := strings.CutPrefix(line, "redis_version:"); found {
			return strings.TrimSpace(version), nil
		}
	}
	return "", fmt.Errorf("no version in %q", info)
}

// closeAll closes clients, which keep nothing that could be lost.
func closeAll(clients []*redis.Client) {
	for _, c := range clients {
		_ = c.Close()
	}
}

// redisClient is a client that does not try again by itself: who waits for a
// server does.
func redisClient(a Access) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: a.Addr, Username: a.User, Password: a.Password,
		MaxRetries: -1, ContextTimeoutEnabled: true,
	})
}
