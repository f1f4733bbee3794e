package servers

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// arrived waits until the replica has n rows, in a database that it may not have
// yet.
func (d dialect) arrived(t *testing.T, replica *Server, name string, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the replica has %d rows", n), func(ctx context.Context) error {
		db, err := d.open(replica.Access, name)
		if err != nil {
			return err
		}
		var rows int
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM written").Scan(&rows)
		if err == nil && rows != n {
			err = fmt.Errorf("%d rows", rows)
		}
		return errors.Join(err, db.Close())
	})
}

func TestPostgreSQLReplicas(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c := PostgreSQLReplicas(t)
	t.Logf("a primary and a replica after %v", time.Since(began).Round(time.Millisecond))
	d := postgresDialect()
	primary, name := d.database(t, c.Primary)
	execute(t, primary, "INSERT INTO written (writer, number) VALUES (0, 1)")
	d.arrived(t, c.Replica, name, 1)
	replica := d.connect(t, c.Replica, name)
	var refusal *pgconn.PgError
	_, err := replica.ExecContext(t.Context(), d.insert, 0, 2)
	if !errors.As(err, &refusal) || refusal.Code != "25006" {
		t.Errorf("the replica takes a write: got %v, want 25006", err)
	}
	if !ask[bool](t, replica, "SELECT pg_is_in_recovery()") {
		t.Error("the replica believes that it is a primary")
	}

	c.Replica.Kill()
	execute(t, primary, "INSERT INTO written (writer, number) VALUES (0, 2)")
	c.Replica.Restart()
	d.arrived(t, c.Replica, name, 2)

	c.Primary.Kill()
	c.Promote()
	replica = d.connect(t, c.Replica, name)
	execute(t, replica, "INSERT INTO written (writer, number) VALUES (0, 3)")
	if ask[bool](t, replica, "SELECT pg_is_in_recovery()") {
		t.Error("what was promoted believes that it is a replica")
	}
	c.Replica.Kill()
	c.Replica.Restart()
	wantWritten(t, d.connect(t, c.Replica, name), []int{3})
}

func TestMySQLReplicas(t *testing.T) {
	c := MySQLReplicas(t)
	d := mysqlDialect()
	primary, name := d.database(t, c.Primary)
	execute(t, primary, "INSERT INTO written (writer, number) VALUES (0, 1)")
	d.arrived(t, c.Replica, name, 1)
	c.Replica.Kill()
	execute(t, primary, "INSERT INTO written (writer, number) VALUES (0, 2)")
	c.Replica.Restart()
	d.arrived(t, c.Replica, name, 2)
	replica := d.connect(t, c.Replica, name)
	var refusal *mysql.MySQLError
	_, err := replica.ExecContext(t.Context(), d.insert, 0, 3)
	if !errors.As(err, &refusal) || refusal.Number != 1290 {
		t.Errorf("the replica takes a write: got %v, want 1290", err)
	}

	c.Primary.Kill()
	c.Promote()
	execute(t, replica, "INSERT INTO written (writer, number) VALUES (0, 3)")
	c.Replica.Restart()
	replica = d.connect(t, c.Replica, name)
	execute(t, replica, "INSERT INTO written (writer, number) VALUES (0, 4)")
	wantWritten(t, replica, []int{4})
}
