package servers

import (
	"context"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

func TestKillRedis(t *testing.T) {
	s := Redis(t)
	c := redisClient(s.Access)
	defer c.Close()
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := c.Get(t.Context(), "k").Err(); err == nil {
		t.Fatal("answers")
	}
	s.Restart()
	if v, err := c.Get(t.Context(), "k").Result(); v != "v" {
		t.Fatal(v, err)
	}
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := c.Get(ctx, "k").Err(); err == nil {
		t.Fatal("answers")
	}
	s.Thaw()
	if v, err := c.Get(t.Context(), "k").Result(); v != "v" {
		t.Fatal(v, err)
	}
}
