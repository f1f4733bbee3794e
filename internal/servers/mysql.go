package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/redfire-quant/redfire/internal/servers/engines"
)

const (
	mysqlUser = "mysql"

	// firstSQL holds the password, and is there until it has been run once.
	firstSQL = "first.sql"

	// saysMariaDB is a part of the version of MariaDB alone, which speaks the
	// protocol of MySQL.
	saysMariaDB = "MariaDB"
)

// mariaDB is a MariaDB that syncs each commit to its own log and to the binary
// one. More lines of configuration make it a replica or a node of a cluster.
type mariaDB struct {
	lines []string
}

func (mariaDB) engine() engines.Engine { return engines.MariaDB }

func (m mariaDB) prepare(ctx context.Context, n *node) error {
	err := n.makeData(ctx, process{name: "mariadb-install-db", user: mysqlUser, args: []string{
		"--no-defaults", "--datadir=" + n.path(dataFolder), "--skip-test-db", "--skip-name-resolve",
		"--auth-root-authentication-method=normal",
		"--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M",
		// The template is synced as a whole.
		"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
	}}, func(string) error { return nil })
	if err != nil {
		return err
	}
	// Accounts of before have no password, and those of other hosts no use.
	err = writeFirstSQL(n,
		"DELETE FROM mysql.global_priv WHERE User IN ('', 'root');",
		"FLUSH PRIVILEGES;",
		"CREATE USER root@'%' IDENTIFIED BY '"+password(n)+"';",
		"GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION;")
	return errors.Join(err, m.configure(n))
}

func (m mariaDB) configure(n *node) error {
	return configureMySQL(n, append([]string{
		"innodb-log-file-size=16M",
		"sync-binlog=1", // 0 is what it ships: a crash of the machine then forgets commits
		"gtid-strict-mode=ON",
		"log-slave-updates=ON",
	}, m.lines...))
}

func (mariaDB) processes(_ context.Context, n *node) ([]process, error) {
	return mysqlProcesses(n, "mariadbd", nil)
}

func (mariaDB) settle(_ context.Context, n *node) error { return forgetFirstSQL(n) }

func (mariaDB) answers(ctx context.Context, a Access) (version string, err error) {
	version, err = mysqlVersion(ctx, a)
	if err == nil && !strings.Contains(version, saysMariaDB) {
		err = fmt.Errorf("it is MySQL %s", version)
	}
	return version, err
}

// mySQL is a MySQL, which syncs each commit as it is shipped.
type mySQL struct {
	lines []string
}

func (mySQL) engine() engines.Engine { return engines.MySQL }

func (m mySQL) prepare(ctx context.Context, n *node) error {
	err := n.makeData(ctx, process{name: "mysqld", user: mysqlUser, args: []string{
		"--no-defaults", "--initialize-insecure", "--datadir=" + n.path(dataFolder),
		"--innodb-redo-log-capacity=32M", "--innodb-buffer-pool-size=64M",
		// The template is synced as a whole.
		"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
	}}, func(folder string) error {
		return os.Remove(filepath.Join(folder, "auto.cnf")) // the server's id
	})
	if err != nil {
		return err
	}
	err = writeFirstSQL(n,
		"RENAME USER root@localhost TO root@'%';",
		"ALTER USER root@'%' IDENTIFIED WITH caching_sha2_password BY '"+password(n)+"';")
	return errors.Join(err, configureMySQL(n, append([]string{
		"mysqlx=OFF",
		// These two take 300 MB of memory between them.
		"performance-schema=OFF",
		"innodb-log-buffer-size=1M",
		"innodb-redo-log-capacity=32M",
		"gtid-mode=ON",
		"enforce-gtid-consistency=ON",
	}, m.lines...)))
}

func (mySQL) processes(_ context.Context, n *node) ([]process, error) {
	return mysqlProcesses(n, "mysqld", nil)
}

func (mySQL) settle(_ context.Context, n *node) error { return forgetFirstSQL(n) }

func (mySQL) answers(ctx context.Context, a Access) (version string, err error) {
	version, err = mysqlVersion(ctx, a)
	if err == nil && strings.Contains(version, saysMariaDB) {
		err = fmt.Errorf("it is MariaDB %s", version)
	}
	return version, err
}

// password is n's, made when first asked for. Nodes of a cluster have theirs
// before.
func password(n *node) string {
	if n.access.Password == "" {
		n.access.Password = newPassword()
	}
	return n.access.Password
}

// writeFirstSQL keeps statements for the first start of a MySQL or a MariaDB.
func writeFirstSQL(n *node, statements ...string) error {
	// Replicas have accounts of their own.
	statements = append([]string{"SET SESSION sql_log_bin=0;"}, statements...)
	return n.write(firstSQL, strings.Join(statements, "\n")+"\n", mysqlUser)
}

// configureMySQL writes the configuration of a MySQL or a MariaDB.
func configureMySQL(n *node, lines []string) error {
	if n.access.Addr == "" {
		var err error
		if n.access.Addr, err = n.newPort(); err != nil {
			return err
		}
	}
	n.access.User = "root"
	host, port := hostPort(n.access.Addr)
	all := append([]string{
		"[mysqld]",
		"datadir=" + n.path(dataFolder),
		"pid-file=" + n.path(dataFolder+"/pid"),
		"bind-address=" + host,
		fmt.Sprintf("port=%d", port),
		"socket=", // its path could be longer than a socket's may be
		"skip-name-resolve",
		"character-set-server=utf8mb4",
		"default-time-zone=+00:00",
		"innodb-buffer-pool-size=64M",
		"log-bin=binlog",
		fmt.Sprintf("server-id=%d", port), // replicas need different ones
	}, lines...)
	return n.write("my.cnf", strings.Join(all, "\n")+"\n", mysqlUser)
}

func mysqlProcesses(n *node, server string, args []string) ([]process, error) {
	all := []string{"--defaults-file=" + n.path("my.cnf")}
	if _, err := os.Stat(filepath.Join(n.folder, firstSQL)); err == nil {
		all = append(all, "--init-file="+n.path(firstSQL))
	}
	return []process{{name: server, args: append(all, args...), user: mysqlUser}}, nil
}

func forgetFirstSQL(n *node) error { return os.Remove(filepath.Join(n.folder, firstSQL)) }

// mysqlVersion asks over a connection of its own.
func mysqlVersion(ctx context.Context, a Access) (version string, err error) {
	db, err := openMySQL(a, "")
	if err != nil {
		return "", err
	}
	err = db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	return version, errors.Join(err, db.Close())
}

// openMySQL is database name of the MySQL or MariaDB that a reaches.
func openMySQL(a Access, name string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", a.Addr, a.User, a.Password, name
	c.Logger = &mysql.NopLogger{} // that a server does not answer is what is asked
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
