package servers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

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
	mongoUser = "redfire"

	// mongoPasswords is a file for DocumentDB, which logs in to its own
	// PostgreSQL to make a collection.
	mongoPasswords = "passwords"
)

func (mongoDB) engine() engines.Engine { return engines.MongoDB }

// owner finds PostgreSQL, which lies in a root that only root may enter.
func (mongoDB) owner() (*engines.Program, error) {
	return engines.FindRoot(engines.MongoDB, engines.RootDocumentDB, "postgres")
}

func (m mongoDB) prepare(ctx context.Context, n *node) error {
	program, err := m.owner()
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
	if err := n.makeDir("state", ""); err != nil {
		return err
	}
	if err := n.write(mongoPasswords, fmt.Sprintf("*:*:*:%s:%s\n", mongoUser, n.access.Password), postgresUser); err != nil {
		return err
	}
	first := newPassword()
	if err := n.write(firstPassword, first+"\n", postgresUser); err != nil {
		return err
	}
	return n.makeData(ctx, process{program: program, name: "initdb", user: postgresUser, args: []string{
		"--pgdata=" + n.path(dataFolder), "--username=" + mongoUser, "--pwfile=" + n.path(firstPassword),
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
		"--no-sync", // the template is synced as a whole
		"--no-instructions",
	}}, func(folder string) error {
		return errors.Join(
			m.extend(ctx, n, first),
			os.Rename(filepath.Join(n.folder, firstPassword), filepath.Join(folder, firstPassword)))
	})
}

// extend makes PostgreSQL a database of documents. It runs alone meanwhile:
// FerretDB starts without the extension, but fails each request.
func (m mongoDB) extend(ctx context.Context, n *node, password string) error {
	program, err := m.owner()
	if err != nil {
		return err
	}
	alone, err := m.postgres(n, program)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.launchLocked(ctx, []process{alone}); err != nil {
		return err
	}
	return errors.Join(m.execute(ctx, n, password, `CREATE EXTENSION documentdb CASCADE`), n.stopLocked(ctx))
}

// execute runs statements in the PostgreSQL below FerretDB.
func (mongoDB) execute(ctx context.Context, n *node, password string, statements ...string) error {
	conn, err := openPostgres(ctx, Access{Addr: n.postgresAddr(), User: mongoUser, Password: password}, "postgres")
	if err != nil {
		return err
	}
	var errs []error
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, conn.Close(ctx))...)
}

func (m mongoDB) processes(_ context.Context, n *node) ([]process, error) {
	program, err := m.owner()
	if err != nil {
		return nil, err
	}
	below, err := m.postgres(n, program)
	if err != nil {
		return nil, err
	}
	running := below.ready
	below.ready = func(ctx context.Context) error {
		if err := running(ctx); err != nil {
			return err
		}
		return m.makeOwn(ctx, n)
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
	return []process{below, ferret}, nil
}

// postgres is the process that keeps the documents, as durably as it is shipped.
func (mongoDB) postgres(n *node, program *engines.Program) (process, error) {
	data := filepath.Join(n.folder, dataFolder)
	// What a killed server left here would be taken for the new one's.
	if err := os.RemoveAll(filepath.Join(data, postmasterFile)); err != nil {
		return process{}, err
	}
	args := []string{"-D", n.path(dataFolder)}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1",
		fmt.Sprintf("port=%d", n.ports[1].number),
		"unix_socket_directories=",
		"shared_preload_libraries=pg_cron,pg_documentdb_core,pg_documentdb",
		"cron.database_name=postgres",
		// Otherwise its jobs, which delete what has expired and build indexes,
		// log in as clients do: a connection every second.
		"cron.use_background_workers=on",
		"max_worker_processes=32", // each job that runs is one
		"max_connections=200",     // FerretDB takes many
		"timezone=UTC",
		"log_timezone=UTC",
		"dynamic_shared_memory_type=mmap", // other kinds outlive a server that is killed
	} {
		args = append(args, "-c", setting)
	}
	return process{
		program: program, name: "postgres", args: args, user: postgresUser,
		env:   []string{"PGPASSFILE=" + n.path(mongoPasswords)},
		ready: func(context.Context) error { return forgetSegment(data) },
	}, nil
}

// makeOwn gives the copy of a template its own password and settings, before
// FerretDB logs in.
func (m mongoDB) makeOwn(ctx context.Context, n *node) error {
	path := filepath.Join(n.folder, dataFolder, firstPassword)
	first, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = m.execute(ctx, n, strings.TrimSpace(string(first)),
		// Documents that have expired are looked for once a minute, as MongoDB
		// does. A test that waits for one to be deleted need not wait that long.
		`SELECT cron.alter_job(jobid, schedule := '5 seconds') FROM cron.job WHERE jobname = 'documentdb_ttl_task'`,
		`ALTER ROLE `+mongoUser+` PASSWORD '`+n.access.Password+`'`)
	if err != nil {
		return err
	}
	return os.Remove(path)
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
