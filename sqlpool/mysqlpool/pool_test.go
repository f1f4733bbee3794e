package mysqlpool

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// TestPool has a pool end at the server what its callers have given up, and run a
// transaction again.
func TestPool(t *testing.T) {
	onEach(t, func(t *testing.T, s *servers.Server) {
		source := database(t, s, "pool")
		root := open(t, source)
		exec(t, root, "CREATE TABLE parent (id INT PRIMARY KEY, size INT)")
		exec(t, root, "INSERT INTO parent VALUES (1, 0), (2, 0)")
		pools, err := sqlpool.New([]sqlpool.Source{source}, func(s sqlpool.Source) (sqlpool.Engine, error) { return NewEngine(s) }, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := pools.Close(); err != nil {
				t.Error(err)
			}
		}()
		pool, err := pools.Pool("main")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := pool.DB().ExecContext(ctx, "DO SLEEP(?)", 60); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		began := time.Now()
		waitFor(t, "the statement to end", func() bool { return len(running(t, root, "SLEEP(")) == 0 })
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		// Two that wait for each other.
		var both sync.WaitGroup
		both.Add(2)
		done := make(chan error, 2)
		for i := range 2 {
			var arrive sync.Once // it may be run again
			go func() {
				_, err := pool.InTx(t.Context(), nil, func(tx *sql.Tx) error {
					if _, err := tx.ExecContext(t.Context(), "UPDATE parent SET size = size + 1 WHERE id = ?", 1+i); err != nil {
						return err
					}
					arrive.Do(both.Done)
					both.Wait()
					_, err := tx.ExecContext(t.Context(), "UPDATE parent SET size = size + 1 WHERE id = ?", 2-i)
					return err
				})
				done <- err
			}()
		}
		if err := errors.Join(<-done, <-done); err != nil {
			t.Fatal(err)
		}
		if got := ask[int](t, root, "SELECT SUM(size) FROM parent"); got != 4 {
			t.Errorf("the sum is %d, want 4", got)
		}
	})
}
