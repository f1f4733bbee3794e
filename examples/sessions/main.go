// Command sessions shows what becomes of a program that kept its databases by
// add_database("main", url) and took sessions by get_session("main"):
//
//	add_database(name, url)   a sqlpool.Source, in the configuration or by Pools.Add
//	get_session(name)         Pools.Pool(name), and its DB or InTx
//	session.commit()          InTx returns without an error
//	session.rollback()        the function given to InTx returns one
//	session.close()           nothing: connections go back by themselves
//
//	go run ./examples/sessions
//	go run ./examples/sessions mysql://root@localhost:3306/vnpy
//
// Without an address it keeps its databases in files of a temporary folder. With
// one it makes the tables sessions_account and sessions_fill there, and drops them
// in the end; the password is taken from REDFIRE_PASSWORD.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sessions:", err)
		os.Exit(fault.ExitCode(err))
	}
}

// run is the program.
func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "sessions-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	source := sqlpool.Source{Name: "main", URL: "sqlite:" + filepath.Join(folder, "main.db"), Password: password}
	if len(args) > 0 {
		source.URL = args[0]
	}
	// add_database, for what is known when the program starts.
	pools, err := sqlpool.New([]sqlpool.Source{source}, redfire.OpenSQL, &sqlpool.Options{
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pools.Close()) }()

	// get_session.
	main, err := pools.Pool("main")
	if err != nil {
		return err
	}
	if err := prepare(ctx, main); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop(main)) }()
	if err := fill(ctx, main, out); err != nil {
		return err
	}
	if err := show(ctx, main, out); err != nil {
		return err
	}
	return reports(ctx, pools, folder, out)
}

func password(context.Context) (string, error) { return os.Getenv("REDFIRE_PASSWORD"), nil }

// prepare makes the tables. Statements without placeholders are the same for all
// three kinds of database.
func prepare(ctx context.Context, pool *sqlpool.Pool) error {
	for _, statement := range []string{
		"CREATE TABLE sessions_account (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, cash DECIMAL(20, 2) NOT NULL)",
		"CREATE TABLE sessions_fill (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, cash DECIMAL(20, 2) NOT NULL)",
		"INSERT INTO sessions_account (id, name, cash) VALUES (1, '主账户', 1000000)",
	} {
		if _, err := pool.DB().ExecContext(ctx, statement); err != nil {
			return pool.Classify(err)
		}
	}
	return nil
}

// drop removes the tables, also if ctx has ended.
func drop(pool *sqlpool.Pool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var failed []error
	for _, table := range []string{"sessions_account", "sessions_fill"} {
		_, err := pool.DB().ExecContext(ctx, "DROP TABLE "+table)
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// fill books the same fill twice, as a gateway does that reports it again after a
// reconnect. Its key has it applied once.
func fill(ctx context.Context, pool *sqlpool.Pool, out io.Writer) error {
	ctx = sqlpool.WithLabel(ctx, "fills") // who holds a connection, in the log
	for range 2 {
		token, err := pool.InTx(ctx, &sqlpool.TxOptions{Key: "sessions: fill 4711"}, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO sessions_fill (id, account, cash) VALUES (4711, 1, -3650.50)"); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "UPDATE sessions_account SET cash = cash - 3650.50 WHERE id = 1")
			return err
		})
		switch {
		case errors.Is(err, fault.Unknown):
			return fmt.Errorf("look before it is booked again: %w", err)
		case err != nil:
			return err
		case token.Repeated:
			fmt.Fprintln(out, "fill 4711 was booked already")
		default:
			fmt.Fprintln(out, "fill 4711 is booked")
		}
	}
	return nil
}

// show reads by the ordinary *sql.DB, as sqlc, sqlx, bun and gorm do.
func show(ctx context.Context, pool *sqlpool.Pool, out io.Writer) (err error) {
	rows, err := pool.DB().QueryContext(ctx, "SELECT name, cash FROM sessions_account ORDER BY id")
	if err != nil {
		return pool.Classify(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		var cash float64
		if err := rows.Scan(&name, &cash); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %.2f\n", name, cash)
	}
	return pool.Classify(rows.Err())
}

// reports is add_database for what comes later, and what a wrong name says.
func reports(ctx context.Context, pools *sqlpool.Pools, folder string, out io.Writer) error {
	if err := pools.Add(sqlpool.Source{Name: "reports", URL: "sqlite:" + filepath.Join(folder, "reports.db"), MinIdle: 1}); err != nil {
		return err
	}
	for _, pool := range pools.All() {
		if err := pool.Ping(ctx); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %s\n", pool.Name(), pool.Dialect())
	}
	if _, err := pools.Pool("report"); errors.Is(err, fault.NotFound) {
		fmt.Fprintln(out, err)
	}
	return pools.Remove("reports")
}
