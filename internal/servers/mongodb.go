package servers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

// mongoDB is FerretDB, which speaks MongoDB's protocol, and PostgreSQL with the
// DocumentDB extension, which keeps the documents. PostgreSQL's administrator is
// MongoDB's too: FerretDB has DocumentDB check the SCRAM proof of a client against
// PostgreSQL's users.
type mongoDB struct{}

const (
	mongoUser     = "redfire"
	postgresOwner = "postgres" // of the data; it may not be root
	mongoData     = "data"

	// mongoPasswords is for DocumentDB, which logs in to its own PostgreSQL to
	// make a collection.
	mongoPasswords = "passwords"
)

func (mongoDB) engine() engines.Engine { return engines.MongoDB }

// owner finds PostgreSQL, which lies in a root that only root may enter.
func (mongoDB) owner() (*engines.Program, error) {
	return engines.FindRoot(engines.MongoDB, engines.RootDocumentDB, "postgres")
}

// prepare makes the database with PostgreSQL alone: FerretDB starts without the
// extension, but fails each request.
func (m mongoDB) prepare(ctx context.Context, n *node) error {
	postgres, err := m.owner()
	if err != nil {
		return err
	}
	if n.access.Addr, err = n.newPort(); err != nil {
		return err
	}
	if _, err := n.newPort(); err != nil { // PostgreSQL's
		return err
	}
	n.access.User, n.access.Password = mongoUser, newPassword()
	if err := n.makeDir(mongoData, postgresOwner); err != nil {
		return err
	}
	if err := n.makeDir("state", ""); err != nil {
		return err
	}
	if err := n.write(mongoPasswords, fmt.Sprintf("*:*:*:%s:%s\n", mongoUser, n.access.Password), postgresOwner); err != nil {
		return err
	}
	const password = "password"
	if err := n.write(password, n.access.Password, postgresOwner); err != nil {
		return err
	}
	err = n.run(ctx, process{program: postgres, name: "initdb", user: postgresOwner, args: []string{
		"--pgdata", n.path(mongoData), "--encoding", "UTF8", "--auth", "scram-sha-256",
		"--username", mongoUser, "--pwfile", n.path(password),
		"--no-sync", // it is too early for a loss to matter
	}})
	if err := errors.Join(err, os.Remove(filepath.Join(n.folder, password))); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.launchLocked(ctx, []process{m.postgres(n, postgres)}); err != nil {
		return err
	}
	return errors.Join(m.extend(ctx, n), n.stopLocked(ctx))
}

// extend makes PostgreSQL a database of documents.
func (m mongoDB) extend(ctx context.Context, n *node) error {
	conn, err := pgx.Connect(ctx, m.postgresURL(n))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, statement := range []string{
		`CREATE EXTENSION documentdb CASCADE`,
		// Documents are looked for that have expired once a minute, as MongoDB
		// does. A test that waits for one to be deleted need not wait that long.
		`SELECT cron.alter_job(jobid, schedule := '5 seconds') FROM cron.job WHERE jobname = 'documentdb_ttl_task'`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func (m mongoDB) processes(n *node) ([]process, error) {
	postgres, err := m.owner()
	if err != nil {
		return nil, err
	}
	ferret := process{
		name: "ferretdb",
		args: []string{
			"--listen-addr", n.access.Addr, "--debug-addr", "-",
			"--state-dir", filepath.Join(n.folder, "state"), // FerretDB is in no root
			"--telemetry", "disable",
		},
		// Everybody sees arguments, and only its user a process's environment.
		env: []string{"FERRETDB_POSTGRESQL_URL=" + m.postgresURL(n)},
	}
	return []process{m.postgres(n, postgres), ferret}, nil
}

// postgres is the process that keeps the documents, as durably as it is shipped.
func (m mongoDB) postgres(n *node, program *engines.Program) process {
	host, port := hostPort(n.postgresAddr())
	settings := []string{
		"listen_addresses=" + host,
		fmt.Sprintf("port=%d", port),
		"unix_socket_directories=",
		"shared_preload_libraries=pg_cron,pg_documentdb_core,pg_documentdb",
		"cron.database_name=postgres",
		// Otherwise its jobs, which delete what has expired and build indexes,
		// log in as clients do: a connection every second.
		"cron.use_background_workers=on",
		"max_worker_processes=32", // each job that runs is one
		"max_connections=200",     // FerretDB takes many
		// The root has no /dev/shm of its own.
		"dynamic_shared_memory_type=mmap",
	}
	args := []string{"-D", n.path(mongoData)}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return process{
		program: program, name: "postgres", args: args, user: postgresOwner,
		env: []string{"PGPASSFILE=" + n.path(mongoPasswords)},
		ready: func(ctx context.Context) error {
			conn, err := pgx.Connect(ctx, m.postgresURL(n))
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(ctx))
			return conn.Ping(ctx)
		},
	}
}

// postgresAddr is where the PostgreSQL below FerretDB listens: the second port
// that was taken.
func (n *node) postgresAddr() string { return n.ports[1].addr() }

func (mongoDB) postgresURL(n *node) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(n.access.User, n.access.Password),
		Host: n.postgresAddr(), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (mongoDB) settle(context.Context, *node) error { return nil }

// answers lists databases, which takes both servers and, where the server knows
// users, one of them.
func (mongoDB) answers(ctx context.Context, a Access) (version string, err error) {
	client, err := mongo.Connect(mongoOptions(a))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, client.Disconnect(context.WithoutCancel(ctx))) }()
	if _, err := client.ListDatabaseNames(ctx, bson.D{}); err != nil {
		return "", err
	}
	var build struct {
		Version  string
		Ferretdb struct{ Version string }
	}
	err = client.Database("admin").RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&build)
	if err != nil {
		return "", err
	}
	if own := build.Ferretdb.Version; own != "" {
		return fmt.Sprintf("%s (FerretDB %s)", build.Version, strings.TrimPrefix(own, "v")), nil
	}
	return build.Version, nil
}

// mongoOptions are of a client that does not try again by itself, and gives up
// soon.
func mongoOptions(a Access) *options.ClientOptions {
	o := options.Client().SetHosts([]string{a.Addr}).SetDirect(true).
		SetServerSelectionTimeout(2 * time.Second).SetTimeout(10 * time.Second).
		SetRetryReads(false).SetRetryWrites(false)
	if a.User != "" {
		o.SetAuth(options.Credential{AuthMechanism: "SCRAM-SHA-256", Username: a.User, Password: a.Password})
	}
	return o
}
