package servers

import (
	"context"
	"errors"
	"fmt"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// A PostgreSQLCluster is a primary and a replica that streams from it. The
// fields keep their names when the roles change.
type PostgreSQLCluster struct {
	// Primary takes writes. Once Replica has been promoted, a Primary that
	// starts again knows nothing of it and would take writes too.
	Primary *Server

	// Replica refuses writes, and may lag: what Primary has acknowledged
	// arrives later. Its password is Primary's.
	Replica *Server

	t T
}

// PostgreSQLReplicas returns a PostgreSQL primary with a streaming replica,
// which are t's alone. Replication is asynchronous, as shipped; the primary
// keeps in a slot what the replica has not received.
func PostgreSQLReplicas(t T) *PostgreSQLCluster {
	t.Helper()
	primary := own(t, postgres{})
	replica := own(t, postgresReplica{primary: primary.Access})
	return &PostgreSQLCluster{Primary: primary, Replica: replica, t: t}
}

// Promote makes the replica a primary, as an operator does whose primary is
// gone, and waits until it takes writes.
func (c *PostgreSQLCluster) Promote() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), startLimit)
	defer cancel()
	if err := promote(ctx, c.Replica.Access); err != nil {
		c.t.Errorf("servers: promote PostgreSQL: %v", err)
	}
}

func promote(ctx context.Context, a Access) error {
	conn, err := openPostgres(ctx, a, "")
	if err != nil {
		return err
	}
	var done bool
	err = conn.QueryRow(ctx, "SELECT pg_promote(wait => true)").Scan(&done)
	if err == nil && !done {
		err = errors.New("it did not become a primary in time")
	}
	return errors.Join(err, conn.Close(ctx))
}

// replicaSlot is what the primary calls its replica.
const replicaSlot = "replica"

// A postgresReplica begins as a copy of its running primary.
type postgresReplica struct {
	postgres
	primary Access
}

func (r postgresReplica) engine() engines.Engine { return engines.PostgreSQL }

func (r postgresReplica) prepare(ctx context.Context, n *node) error {
	var err error
	if n.access.Addr, err = n.newPort(); err != nil {
		return err
	}
	n.access.User, n.access.Password = r.primary.User, r.primary.Password
	if err := n.makeDir(dataFolder, postgresUser); err != nil {
		return err
	}
	host, port := hostPort(r.primary.Addr)
	const secrets = "primary.pgpass"
	line := fmt.Sprintf("%s:%d:*:%s:%s\n", host, port, r.primary.User, r.primary.Password)
	if err := n.write(secrets, line, postgresUser); err != nil {
		return err
	}
	return n.run(ctx, process{name: "pg_basebackup", user: postgresUser, env: []string{"PGPASSFILE=" + n.path(secrets)}, args: []string{
		"--pgdata=" + n.path(dataFolder), "--checkpoint=fast", "--wal-method=stream", "--no-sync",
		"--create-slot", "--slot=" + replicaSlot, "--write-recovery-conf",
		"--dbname=" + fmt.Sprintf("host=%s port=%d user=%s application_name=%s", host, port, r.primary.User, replicaSlot),
	}})
}

// settle leaves the password alone, which is the primary's and cannot be
// written here.
func (postgresReplica) settle(context.Context, *node) error { return nil }
