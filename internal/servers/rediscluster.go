package servers

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// downAfter is how long a node of a cluster is silent before the others call
// it down. The defaults of 15 and 30 seconds are for wide networks.
const downAfter = time.Second

// RedisCluster returns the nodes of a Redis Cluster, which is the test's alone:
// three primaries, and three replicas, one of each primary in the same order.
// They have one password. A primary that is killed or frozen is replaced by its
// replica within seconds.
func RedisCluster(t T) []*Server {
	t.Helper()
	one := redisServer{cluster: true, password: newPassword()}
	nodes := ownAll(t, one, one, one, one, one, one)
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	if err := joinCluster(ctx, nodes); err != nil {
		t.Fatalf("servers: make a Redis cluster: %v", err)
	}
	return nodes
}

// joinCluster makes the nodes one cluster.
func joinCluster(ctx context.Context, nodes []*Server) error {
	const slots = 16384
	const primaries = 3
	clients := make([]*redis.Client, len(nodes))
	for i, s := range nodes {
		clients[i] = redisClient(s.Access)
	}
	defer closeAll(clients)
	ids := make([]string, len(nodes))
	for i, c := range clients {
		if i < primaries {
			if err := c.ClusterAddSlotsRange(ctx, i*slots/primaries, (i+1)*slots/primaries-1).Err(); err != nil {
				return err
			}
		}
		var err error
		if ids[i], err = c.ClusterMyID(ctx).Result(); err != nil {
			return err
		}
		bus := nodes[i].node.ports[1].number
		if err := clients[0].Do(ctx, "cluster", "meet", "127.0.0.1", portOf(nodes[i].Addr), bus).Err(); err != nil {
			return err
		}
	}
	for i := primaries; i < len(nodes); i++ {
		// A node has to have heard of its primary first.
		if err := poll(ctx, func(ctx context.Context) error {
			return clients[i].ClusterReplicate(ctx, ids[i-primaries]).Err()
		}); err != nil {
			return err
		}
	}
	for i, c := range clients {
		if err := poll(ctx, func(ctx context.Context) error {
			return cmp.Or(clusterIsWhole(ctx, c, len(nodes)-primaries), nodes[i].follows(ctx))
		}); err != nil {
			return err
		}
	}
	return nil
}

// clusterIsWhole is an error unless the node that c asks sees all slots served
// and so many replicas that follow.
func clusterIsWhole(ctx context.Context, c *redis.Client, replicas int) error {
	info, err := c.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, "cluster_state:ok") {
		return fmt.Errorf("cluster: %s", strings.Join(strings.Fields(info), " "))
	}
	all, err := c.ClusterNodes(ctx).Result()
	if err != nil {
		return err
	}
	if strings.Count(all, "slave") != replicas {
		return fmt.Errorf("want %d replicas: %s", replicas, all)
	}
	return nil
}

// follows is an error while a Redis is a replica without its primary.
func (s *Server) follows(ctx context.Context) error {
	c := redisClient(s.Access)
	defer closeAll([]*redis.Client{c})
	info, err := c.Info(ctx, "replication").Result()
	if err != nil {
		return err
	}
	if strings.Contains(info, "master_link_status:down") {
		return fmt.Errorf("a replica does not follow yet: %s", info)
	}
	return nil
}

// A RedisSentinels is a Redis with replicas, and sentinels that watch them. It
// is one test's alone. All have one password.
type RedisSentinels struct {
	// Name is what the sentinels call the primary.
	Name string

	// Servers are the primary, as it is at first, and its two replicas.
	Servers []*Server

	// Sentinels are three, of whom two decide that the primary is down.
	Sentinels []*Server
}

// RedisSentinel starts a Redis with two replicas and three sentinels. A primary
// that is killed or frozen is replaced by a replica within seconds; when it
// comes back, it becomes a replica.
func RedisSentinel(t T) *RedisSentinels {
	t.Helper()
	const name = "main"
	password := newPassword()
	primary := own(t, redisServer{password: password})
	at := fmt.Sprintf("127.0.0.1 %d", portOf(primary.Addr))
	replica := redisServer{password: password, lines: []string{"replicaof " + at}}
	replicas := ownAll(t, replica, replica)
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	for _, s := range replicas {
		// A sentinel that finds no replicas at first looks again after ten seconds.
		if err := poll(ctx, func(ctx context.Context) error { return s.follows(ctx) }); err != nil {
			t.Fatalf("servers: make Redis replicas: %v", err)
		}
	}
	sentinel := redisServer{password: password, sentinel: true, lines: []string{
		fmt.Sprintf("sentinel monitor %s %s 2", name, at),
		fmt.Sprintf("sentinel auth-pass %s %s", name, password),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", name, downAfter.Milliseconds()),
		fmt.Sprintf("sentinel failover-timeout %s %d", name, (5 * downAfter).Milliseconds()),
		"sentinel sentinel-pass " + password,
	}}
	all := &RedisSentinels{name, append([]*Server{primary}, replicas...), ownAll(t, sentinel, sentinel, sentinel)}
	for _, s := range all.Sentinels {
		if err := poll(ctx, func(ctx context.Context) error { return knowsAll(ctx, s, all) }); err != nil {
			t.Fatalf("servers: make Redis sentinels: %v", err)
		}
	}
	return all
}

// knowsAll is an error until sentinel s knows the replicas and other sentinels.
func knowsAll(ctx context.Context, s *Server, all *RedisSentinels) error {
	c := redis.NewSentinelClient(&redis.Options{Addr: s.Addr, Password: s.Password, MaxRetries: -1})
	defer func() { _ = c.Close() }() // it keeps nothing
	// The defaults of up to ten seconds are how long a test would wait.
	if err := c.Process(ctx, redis.NewCmd(ctx, "sentinel", "debug", "info-period", 500, "publish-period", 500)); err != nil {
		return err
	}
	state, err := c.Master(ctx, all.Name).Result()
	if err != nil {
		return err
	}
	others, replicas := fmt.Sprint(len(all.Sentinels)-1), fmt.Sprint(len(all.Servers)-1)
	if state["num-other-sentinels"] != others || state["num-slaves"] != replicas || state["flags"] != "master" {
		return fmt.Errorf("a sentinel knows only %v", state)
	}
	following, err := c.Replicas(ctx, all.Name).Result()
	if err != nil {
		return err
	}
	for _, r := range following {
		if r["master-link-status"] != "ok" || r["flags"] != "slave" {
			return fmt.Errorf("a replica does not follow yet: %v", r)
		}
	}
	return nil
}
