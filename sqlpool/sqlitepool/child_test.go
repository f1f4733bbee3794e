package sqlitepool

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/sqlpool"
)

// The environment of another process: what it does, with which file.
const (
	childDoes = "REDFIRE_TEST_SQLITE_CHILD"
	childURL  = "REDFIRE_TEST_SQLITE_URL"
)

// TestMain is the other process, if it is told so.
func TestMain(m *testing.M) {
	flag.Parse()
	does := os.Getenv(childDoes)
	if does == "" {
		os.Exit(m.Run())
	}
	if err := child(does, os.Getenv(childURL)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(does, url string) error {
	e, err := NewEngine(sqlpool.Source{Name: "child", URL: url})
	if err != nil {
		return err
	}
	db := sql.OpenDB(opener{e})
	defer db.Close()
	ctx := context.Background()
	switch does {
	case "add":
		done, locked, err := add(ctx, e, db, 8, adds)
		fmt.Println(done, locked)
		return err
	case "insert":
		return insert(ctx, db)
	case "rights":
		return rights(ctx, e, db)
	}
	return errors.New("the child does not know what to do")
}

// add has workers add one to a counter, so often each. It returns how often that was
// done and how often the file was locked; any other error is returned.
func add(ctx context.Context, e *Engine, db *sql.DB, workers, times int) (done, locked int, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range times {
				failed := addOne(ctx, db, w, i)
				mu.Lock()
				switch {
				case failed == nil:
					done++
				case e.Classify(failed) == sqlpool.Locked:
					locked++
				default:
					err = errors.Join(err, failed)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return done, locked, err
}

// addOne adds one, in one of four ways.
func addOne(ctx context.Context, db *sql.DB, w, i int) error {
	const update = "UPDATE counter SET n = n + 1"
	switch (w + i) % 4 {
	case 0:
		_, err := db.ExecContext(ctx, update)
		return err
	case 1:
		var n int
		return db.QueryRowContext(ctx, update+" RETURNING n").Scan(&n)
	case 2:
		return rawAdd(ctx, db, update)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT n FROM counter").Scan(&n); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE counter SET n = ?", n+1); err != nil {
		return err
	}
	return tx.Commit()
}

// rawAdd adds one in a transaction that is begun by SQL.
func rawAdd(ctx context.Context, db *sql.DB, update string) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, query := range []string{"BEGIN IMMEDIATE", update, "SAVEPOINT s", "RELEASE s", "COMMIT"} {
		if _, err := c.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// insert inserts rows, and says of each that it is there, until it is killed.
func insert(ctx context.Context, db *sql.DB) error {
	var all sync.WaitGroup
	failed := make(chan error, 4)
	for range cap(failed) {
		all.Go(func() {
			for {
				var id int64
				if err := db.QueryRowContext(ctx, "INSERT INTO t (at) VALUES (?) RETURNING id", time.Now()).Scan(&id); err != nil {
					failed <- err
					return
				}
				fmt.Println(id)
			}
		})
	}
	all.Wait()
	return <-failed
}

// rights says what a file is of which only reading is allowed.
func rights(ctx context.Context, e *Engine, db *sql.DB) error {
	c, err := e.Connect(ctx)
	if err != nil {
		fmt.Println("connect:", e.Classify(err))
		return nil
	}
	defer c.Close()
	server, err := e.Inspect(ctx, c)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE counter SET n = 1")
	fmt.Printf("%s/%s\n", server.ReadOnly, e.Classify(err))
	return nil
}

// start starts another process.
func start(t testing.TB, does, url string, change func(*osexec.Cmd)) (*osexec.Cmd, *bufio.Scanner) {
	t.Helper()
	c := osexec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childDoes+"="+does, childURL+"="+url)
	c.Stderr = os.Stderr
	if change != nil {
		change(c)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewScanner(out)
}

// finish returns what another process said.
func finish(t testing.TB, c *osexec.Cmd, lines *bufio.Scanner) string {
	t.Helper()
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	if err := errors.Join(lines.Err(), c.Wait()); err != nil {
		t.Fatalf("the other process: %v, after %q", err, said)
	}
	return strings.Join(said, "\n")
}
