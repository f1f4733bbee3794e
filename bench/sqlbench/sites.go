package sqlbench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A site is a database to measure by.
type site struct {
	name  string
	start func(*bed, string) (address, error)

	selects, updates string
	create           []string
}

// An address is how contenders reach a site.
type address struct {
	source sqlpool.Source
	plain  driver.Connector // as database/sql has it without us
	tuned  driver.Connector // as who knows the driver has it
	direct string           // for pgxpool; "" where there is none
}

const database = "bench"

func sites() []site {
	const table = "CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, cash DOUBLE PRECISION NOT NULL)"
	questions := site{selects: "SELECT name, cash FROM account WHERE id = ?", updates: "UPDATE account SET cash = cash + 1 WHERE id = ?", create: []string{table}}
	of := func(name string, start func(*bed, string) (address, error)) site {
		s := questions
		s.name, s.start = name, start
		return s
	}
	pg := of("PostgreSQL", startPostgres)
	pg.selects, pg.updates = "SELECT name, cash FROM account WHERE id = $1", "UPDATE account SET cash = cash + 1 WHERE id = $1"
	return []site{of("SQLite", startSQLite), pg, of("MariaDB", startMariaDB), of("MySQL", startMySQL)}
}

func startMariaDB(b *bed, _ string) (address, error) { return startMySQLLike(servers.MariaDB(b)) }
func startMySQL(b *bed, _ string) (address, error)   { return startMySQLLike(servers.MySQL(b)) }

func startMySQLLike(s *servers.Server) (address, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.ParseTime = "tcp", s.Addr, s.User, s.Password, true
	config.Logger = &mysql.NopLogger{}
	admin, err := mysql.NewConnector(config)
	if err != nil {
		return address{}, err
	}
	if err := execute(sql.OpenDB(admin), "DROP DATABASE IF EXISTS "+database, "CREATE DATABASE "+database); err != nil {
		return address{}, err
	}
	config = config.Clone()
	config.DBName = database
	plain, err := mysql.NewConnector(config)
	if err != nil {
		return address{}, err
	}
	// One round trip to a statement, not three.
	config = config.Clone()
	config.InterpolateParams = true
	tuned, err := mysql.NewConnector(config)
	return address{source: source("mysql://"+s.User+"@"+s.Addr+"/"+database, s.Password), plain: plain, tuned: tuned}, err
}

func startPostgres(b *bed, _ string) (address, error) {
	s := servers.PostgreSQL(b)
	of := func(name string) string {
		return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", s.User, s.Password, s.Addr, name)
	}
	admin, err := pgx.ParseConfig(of("postgres"))
	if err != nil {
		return address{}, err
	}
	// The contenders together keep more than the 100 connections that it lets in.
	if err := execute(stdlib.OpenDB(*admin), "DROP DATABASE IF EXISTS "+database, "CREATE DATABASE "+database, "ALTER SYSTEM SET max_connections = 200"); err != nil {
		return address{}, err
	}
	s.Restart()
	config, err := pgx.ParseConfig(of(database))
	if err != nil {
		return address{}, err
	}
	url := "postgres://" + s.User + "@" + s.Addr + "/" + database + "?sslmode=disable"
	plain := stdlib.GetConnector(*config)
	return address{source: source(url, s.Password), plain: plain, tuned: plain, direct: of(database)}, nil
}

func startSQLite(_ *bed, dir string) (address, error) {
	file := filepath.Join(dir, "bench.db")
	dsn := "file:" + file + "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	plain := named{&sqlite.Driver{}, dsn}
	return address{source: source("sqlite:"+file, ""), plain: plain, tuned: plain}, nil
}

// source is a source of defaults.
func source(url, password string) sqlpool.Source {
	return sqlpool.Source{Name: "bench", URL: url, Password: func(context.Context) (string, error) { return password, nil }}
}

// execute runs statements and closes db.
func execute(db *sql.DB, statements ...string) (err error) {
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// named is a driver with a name to open.
type named struct {
	driver driver.Driver
	dsn    string
}

func (n named) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.dsn) }
func (n named) Driver() driver.Driver                        { return n.driver }

// counted counts the connections that are made.
type counted struct {
	driver.Connector
	made *atomic.Int64
}

func (c counted) Connect(ctx context.Context) (driver.Conn, error) {
	c.made.Add(1)
	return c.Connector.Connect(ctx)
}

// A contender answers calls.
type contender struct {
	name   string
	read   func(ctx context.Context, id int) error
	write  func(ctx context.Context, id int) error
	opened func() int64
	close  func() error
}

// contenders returns all who can be measured at an address.
func contenders(ctx context.Context, s site, at address) (all []contender, err error) {
	pools, err := sqlpool.New([]sqlpool.Source{at.source}, redfire.OpenSQL, nil)
	if err != nil {
		return nil, err
	}
	pool, err := pools.Pool(at.source.Name)
	if err != nil {
		return nil, errors.Join(err, pools.Close())
	}
	us := byDB(ours, s, pool.DB())
	us.opened, us.close = func() int64 { return pool.Stats().Opened }, pools.Close

	plain := bySQL(untouched, s, at.plain, func(*sql.DB) {})
	set := bySQL(tuned, s, at.tuned, func(db *sql.DB) {
		db.SetMaxOpenConns(tunedOpen)
		db.SetMaxIdleConns(tunedOpen)
	})
	each := contender{name: perCall, opened: func() int64 { return 0 }, close: func() error { return nil }}
	once := func(do func(contender, context.Context, int) error) func(context.Context, int) error {
		return func(ctx context.Context, id int) error {
			db := sql.OpenDB(at.plain)
			return errors.Join(do(byDB(perCall, s, db), ctx, id), db.Close())
		}
	}
	each.read = once(func(c contender, ctx context.Context, id int) error { return c.read(ctx, id) })
	each.write = once(func(c contender, ctx context.Context, id int) error { return c.write(ctx, id) })
	all = []contender{us, plain, each, set}
	if at.direct == "" {
		return all, nil
	}
	config, err := pgxpool.ParseConfig(at.direct)
	if err != nil {
		return all, err
	}
	config.MaxConns, config.MinIdleConns = tunedOpen, 15
	pgx, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return all, err
	}
	return append(all, byPgx(s, pgx)), nil
}

// tunedOpen is how many connections those have whose pool is set by hand.
const tunedOpen = 30

// bySQL makes calls by a database/sql without us.
func bySQL(name string, s site, connector driver.Connector, set func(*sql.DB)) contender {
	made := new(atomic.Int64)
	db := sql.OpenDB(counted{connector, made})
	set(db)
	c := byDB(name, s, db)
	c.opened, c.close = made.Load, db.Close
	return c
}

// byDB makes calls by database/sql.
func byDB(name string, s site, db *sql.DB) contender {
	return contender{
		name: name,
		read: func(ctx context.Context, id int) error {
			var text string
			var cash float64
			return db.QueryRowContext(ctx, s.selects, id).Scan(&text, &cash)
		},
		write: func(ctx context.Context, id int) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, s.updates, id); err != nil {
				return errors.Join(err, tx.Rollback())
			}
			return tx.Commit()
		},
	}
}

// byPgx makes calls by pgxpool.
func byPgx(s site, pool *pgxpool.Pool) contender {
	return contender{
		name: direct,
		read: func(ctx context.Context, id int) error {
			var text string
			var cash float64
			return pool.QueryRow(ctx, s.selects, id).Scan(&text, &cash)
		},
		write: func(ctx context.Context, id int) error {
			tx, err := pool.Begin(ctx)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, s.updates, id); err != nil {
				return errors.Join(err, tx.Rollback(ctx))
			}
			return tx.Commit(ctx)
		},
		opened: func() int64 { return pool.Stat().NewConnsCount() },
		close:  func() error { pool.Close(); return nil },
	}
}
