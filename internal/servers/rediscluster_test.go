package servers

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A universal client is of a cluster or of sentinels.
func wantFailover(t *testing.T, c redis.UniversalClient, primary *Server, end func()) {
	t.Helper()
	const keys = 100
	for i := range keys {
		if err := c.Set(t.Context(), key(i), i, 0).Err(); err != nil {
			t.Fatalf("set %s: %v", key(i), err)
		}
	}
	// A primary acknowledges before a replica has it.
	wait := redisClient(primary.Access)
	defer wait.Close()
	if err := wait.Wait(t.Context(), 1, 10*time.Second).Err(); err != nil {
		t.Fatal(err)
	}
	end()
	eventually(t, "all keys are read and written again", func(ctx context.Context) error {
		for i := range keys {
			if got, err := c.Get(ctx, key(i)).Int(); err != nil || got != i {
				return fmt.Errorf("get %s: %d, %w", key(i), got, err)
			}
			if err := c.Set(ctx, key(i), i, 0).Err(); err != nil {
				return fmt.Errorf("set %s: %w", key(i), err)
			}
		}
		return nil
	})
}

func key(i int) string { return fmt.Sprintf("key-%d", i) }

func addrs(all []*Server) []string {
	var list []string
	for _, s := range all {
		list = append(list, s.Addr)
	}
	return list
}

func TestAClusterGoesOnWithAReplica(t *testing.T) {
	t.Parallel()
	nodes := RedisCluster(t)
	c := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: addrs(nodes), Password: nodes[0].Password,
		// The default is a minute, and a dead primary alone makes no client ask
		// who has its slots now.
		ClusterStateReloadInterval: 200 * time.Millisecond,
	})
	defer c.Close()
	wantFailover(t, c, nodes[0], nodes[0].Kill)
	nodes[0].Restart()
	wantRole(t, nodes[0], "slave")
	wantFailover(t, c, nodes[1], nodes[1].Freeze)
	nodes[1].Thaw()
	wantRole(t, nodes[1], "slave")
}

func TestSentinelsPromoteAReplica(t *testing.T) {
	t.Parallel()
	all := RedisSentinel(t)
	c := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: all.Name, SentinelAddrs: addrs(all.Sentinels),
		Password: all.Servers[0].Password, SentinelPassword: all.Sentinels[0].Password,
	})
	defer c.Close()
	wantFailover(t, c, all.Servers[0], all.Servers[0].Kill)
	all.Servers[0].Restart()
	wantRole(t, all.Servers[0], "slave")
}

// wantRole waits until s says that it has the role.
func wantRole(t *testing.T, s *Server, role string) {
	t.Helper()
	c := redisClient(s.Access)
	defer c.Close()
	eventually(t, s.Addr+" is a "+role, func(ctx context.Context) error {
		got, err := c.Do(ctx, "role").Slice()
		if err == nil && got[0] != role {
			err = fmt.Errorf("it is %v", got)
		}
		return err
	})
}
