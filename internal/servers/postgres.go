package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

const (
	postgresUser = "postgres"

	// firstPassword is a file in the data folder with the password that the
	// data was made with, until the server has one of its own.
	firstPassword = "redfire-first-password"

	// postmasterFile is where a server that runs tells about itself.
	postmasterFile = "postmaster.pid"
)

// postgres is a PostgreSQL, which syncs each commit as it is shipped. More
// settings make it one that replicates.
type postgres struct {
	settings []string
}

func (postgres) engine() engines.Engine { return engines.PostgreSQL }

func (postgres) prepare(ctx context.Context, n *node) error {
	var err error
	if n.access.Addr, err = n.newPort(); err != nil {
		return err
	}
	if err := n.write(firstPassword, newPassword()+"\n", postgresUser); err != nil {
		return err
	}
	err = n.makeData(ctx, process{name: "initdb", user: postgresUser, args: []string{
		"--pgdata=" + n.path(dataFolder), "--username=" + postgresUser, "--pwfile=" + n.path(firstPassword),
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
		"--no-sync", // the template is synced as a whole
		"--no-instructions",
	}}, func(folder string) error {
		return os.Rename(filepath.Join(n.folder, firstPassword), filepath.Join(folder, firstPassword))
	})
	if err != nil {
		return err
	}
	password, err := os.ReadFile(filepath.Join(n.folder, dataFolder, firstPassword))
	n.access.User, n.access.Password = postgresUser, strings.TrimSpace(string(password))
	return err
}

func (p postgres) processes(_ context.Context, n *node) ([]process, error) {
	data := filepath.Join(n.folder, dataFolder)
	// What a killed server left here would be taken for the new one's.
	if err := os.RemoveAll(filepath.Join(data, postmasterFile)); err != nil {
		return nil, err
	}
	host, port := hostPort(n.access.Addr)
	args := []string{"-D", n.path(dataFolder)}
	for _, setting := range append([]string{
		"listen_addresses=" + host,
		fmt.Sprintf("port=%d", port),
		"unix_socket_directories=", // the path could be longer than a socket's may be
		"timezone=UTC",
		"log_timezone=UTC",
		"shared_buffers=32MB",
		"dynamic_shared_memory_type=mmap", // other kinds outlive a server that is killed
	}, p.settings...) {
		args = append(args, "-c", setting)
	}
	return []process{{name: "postgres", args: args, user: postgresUser, ready: func(context.Context) error {
		return forgetSegment(data)
	}}}, nil
}

// settle gives the server a password of its own.
func (postgres) settle(ctx context.Context, n *node) error {
	conn, err := openPostgres(ctx, n.access, "")
	if err != nil {
		return err
	}
	password := newPassword()
	_, err = conn.Exec(ctx, "ALTER ROLE "+postgresUser+" PASSWORD '"+password+"'")
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	n.access.Password = password
	return os.Remove(filepath.Join(n.folder, dataFolder, firstPassword))
}

func (postgres) answers(ctx context.Context, a Access) (version string, err error) {
	conn, err := openPostgres(ctx, a, "")
	if err != nil {
		return "", err
	}
	err = conn.QueryRow(ctx, "SHOW server_version").Scan(&version)
	return version, errors.Join(err, conn.Close(ctx))
}

// openPostgres is a connection to database name of the PostgreSQL that a
// reaches, "" for the user's own.
func openPostgres(ctx context.Context, a Access, name string) (*pgx.Conn, error) {
	c, err := postgresConfig(a, name)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, c)
}

func postgresConfig(a Access, name string) (*pgx.ConnConfig, error) {
	// What is set here is not looked for in the environment.
	c, err := pgx.ParseConfig("sslmode=disable host=127.0.0.1 port=1 user=" + postgresUser)
	if err != nil {
		return nil, err
	}
	host, port := hostPort(a.Addr)
	c.Host, c.User, c.Password, c.Database = host, a.User, a.Password, name
	c.Port = uint16(port) //nolint:gosec // a port
	c.Fallbacks = nil
	return c, nil
}

// forgetSegment has the system remove the shared memory of the server in data
// when its last process ends. PostgreSQL itself removes it only when it stops
// in good order, so that thousands of tests that kill would leave the machine
// without any. A server that is not ready yet is an error.
func forgetSegment(data string) error {
	const segmentLine, statusLine = 6, 7
	b, err := os.ReadFile(filepath.Join(data, postmasterFile))
	if err != nil {
		return err
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) <= segmentLine {
		return fmt.Errorf("it starts: %d lines in %s", len(lines), postmasterFile)
	}
	var key, id int
	if _, err := fmt.Sscan(lines[segmentLine], &key, &id); err != nil {
		return fmt.Errorf("the line of its segment is %q: %w", lines[segmentLine], err)
	}
	// It may be killed before it is ready.
	if err := removeSegment(id); err != nil {
		return err
	}
	if len(lines) <= statusLine {
		return errors.New("it starts")
	}
	if status := strings.TrimSpace(lines[statusLine]); status != "ready" && status != "standby" {
		return fmt.Errorf("it is %s", status)
	}
	return nil
}
