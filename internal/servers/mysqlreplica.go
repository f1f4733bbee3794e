package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A MySQLCluster is a primary and a replica that follows it by GTID. The fields
// keep their names when the roles change.
type MySQLCluster struct {
	// Primary takes writes. Once Replica has been promoted, a Primary that
	// starts again knows nothing of it and would take writes too.
	Primary *Server

	// Replica refuses writes, root's too, by super_read_only, and may lag. Its
	// accounts and passwords are its own.
	Replica *Server

	t T
}

// MySQLReplicas returns a MySQL primary with a replica, which are t's alone.
// Replication is asynchronous, as shipped.
func MySQLReplicas(t T) *MySQLCluster {
	t.Helper()
	c := &MySQLCluster{Primary: own(t, mySQL{}), Replica: own(t, mySQL{}), t: t}
	host, port := hostPort(c.Primary.Addr)
	c.become("replica", "ON",
		fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '%s', SOURCE_PORT = %d, SOURCE_USER = '%s', SOURCE_PASSWORD = '%s', "+
			"SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 1000",
			host, port, c.Primary.User, c.Primary.Password),
		"START REPLICA",
		"SET GLOBAL super_read_only = ON")
	return c
}

// Promote makes the replica a primary, as an operator does whose primary is
// gone: it applies all that it has received, and takes writes.
func (c *MySQLCluster) Promote() {
	c.t.Helper()
	c.become("primary", "OFF",
		"STOP REPLICA IO_THREAD",
		waitForReceived,
		"STOP REPLICA",
		"RESET REPLICA ALL",
		"SET GLOBAL super_read_only = OFF",
		"SET GLOBAL read_only = OFF")
}

// waitForReceived stands for the wait until all that was received is applied.
const waitForReceived = "wait"

// become runs statements on the replica and has it keep readOnly when it starts
// again.
func (c *MySQLCluster) become(role, readOnly string, statements ...string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), startLimit)
	defer cancel()
	db, err := openMySQL(c.Replica.Access, "")
	for i := 0; err == nil && i < len(statements); i++ {
		if statements[i] == waitForReceived {
			err = applyReceived(ctx, db)
			continue
		}
		_, err = db.ExecContext(ctx, statements[i])
	}
	if db != nil {
		err = errors.Join(err, db.Close())
	}
	err = errors.Join(err, appendTo(filepath.Join(c.Replica.node.folder, "my.cnf"), "super-read-only="+readOnly+"\nread-only="+readOnly+"\n"))
	if err != nil {
		// Statements hold the password, so they are not told.
		c.t.Errorf("servers: make a MySQL a %s: %v", role, err)
	}
}

// applyReceived waits until a replica has applied all that it has received.
func applyReceived(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SHOW REPLICA STATUS")
	if err != nil {
		return err
	}
	defer rows.Close()
	received, err := columnOf(rows, "Retrieved_Gtid_Set")
	if err != nil {
		return err
	}
	var late bool
	const seconds = 60
	set := strings.ReplaceAll(received, "\n", "")
	if err := db.QueryRowContext(ctx, "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)", set, seconds).Scan(&late); err != nil {
		return err
	}
	if late {
		return fmt.Errorf("it has not applied %s in %d s", set, seconds)
	}
	return nil
}

// columnOf is the text of one column of the only row.
func columnOf(rows *sql.Rows, name string) (string, error) {
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	if !rows.Next() {
		return "", errors.Join(rows.Err(), errors.New("no row"))
	}
	var found sql.NullString
	targets := make([]any, len(columns))
	for i, column := range columns {
		targets[i] = new(sql.RawBytes)
		if column == name {
			targets[i] = &found
		}
	}
	err = rows.Scan(targets...)
	return found.String, err
}

// appendTo adds to a file, whose owner stays.
func appendTo(path, more string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(more)
	return errors.Join(err, f.Close())
}
