package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// insertNumber may be tried again when the outcome is not known.
const insertNumber = "INSERT IGNORE INTO numbers VALUES (?)"

// acknowledged tries until the number is; each try is short.
func acknowledged(t *testing.T, what string, db *sql.DB, number int) {
	t.Helper()
	eventually(t, what, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_, err := db.ExecContext(ctx, insertNumber, number)
		return err
	})
}

// TestGalera does with one cluster all that a cluster is for, since its start
// is slow.
func TestGalera(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c := Galera(t)
	t.Logf("three nodes after %v", time.Since(began).Round(time.Millisecond))
	d := mariaDialect()
	first, name := d.database(t, c.Nodes[0])
	execute(t, first, "CREATE TABLE numbers (number INT PRIMARY KEY)")
	dbs := []*sql.DB{first, d.connect(t, c.Nodes[1], name), d.connect(t, c.Nodes[2], name)}
	// wantNumbers holds that each node has all the numbers up to n.
	wantNumbers := func(t *testing.T, n int) {
		t.Helper()
		for i, db := range dbs {
			eventually(t, fmt.Sprintf("node %d has %d rows", i, n), func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
				defer cancel()
				var rows, highest int
				err := db.QueryRowContext(ctx, "SELECT count(*), max(number) FROM numbers").Scan(&rows, &highest)
				if err == nil && (rows != n || highest != n) {
					err = fmt.Errorf("%d rows up to %d", rows, highest)
				}
				return err
			})
		}
	}
	t.Run("each node has what another acknowledged", func(t *testing.T) {
		for i, db := range dbs {
			acknowledged(t, fmt.Sprintf("node %d acknowledges", i), db, i+1)
		}
		wantNumbers(t, 3)
		if size := ask[string](t, first, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_cluster_size'"); size != "3" {
			t.Errorf("the cluster has %s nodes", size)
		}
	})
	t.Run("two go on without a killed one, which joins again", func(t *testing.T) {
		c.Nodes[2].Kill()
		acknowledged(t, "the others acknowledge after a kill", dbs[0], 4)
		c.Nodes[2].Restart()
		wantNumbers(t, 4)
	})
	t.Run("two go on without a frozen one, which joins again", func(t *testing.T) {
		c.Nodes[1].Freeze()
		acknowledged(t, "the others acknowledge after a freeze", dbs[0], 5)
		c.Nodes[1].Thaw()
		wantNumbers(t, 5)
	})
	t.Run("one alone refuses", func(t *testing.T) {
		c.Nodes[1].Kill()
		c.Nodes[2].Kill()
		eventually(t, "the last one refuses", func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if _, err := dbs[0].ExecContext(ctx, insertNumber, 5); err == nil || errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("it does not: %w", err)
			}
			return nil
		})
	})
	t.Run("all begin again after all were killed", func(t *testing.T) {
		c.Nodes[0].Kill()
		began := time.Now()
		c.Bootstrap()
		t.Logf("three nodes after %v", time.Since(began).Round(time.Millisecond))
		wantNumbers(t, 5)
		acknowledged(t, "the last one acknowledges", dbs[2], 6)
		wantNumbers(t, 6)
	})
	t.Run("a node that has lost its data gets all of it", func(t *testing.T) {
		c.Nodes[1].Stop()
		if err := os.Remove(filepath.Join(c.Nodes[1].node.folder, stateFile)); err != nil {
			t.Fatal(err)
		}
		c.Nodes[1].Restart()
		wantNumbers(t, 6)
	})
}
