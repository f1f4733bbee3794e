package sqlitepool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/sqlitepool"
)

// A pool over one file, which is made with its folder. Its backup is a file like it.
func ExampleNewEngine() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// rb2601.SHFE 2026-01-05 01:30:00 +0000 UTC
	// the backup is sound
}

func run(ctx context.Context) (err error) {
	home, err := os.MkdirTemp("", "redfire")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	source := sqlpool.Source{Name: "main", URL: "sqlite:" + filepath.Join(home, "数据", "main.db") + "?busy_timeout=3s"}
	engine, err := sqlitepool.NewEngine(source)
	if err != nil {
		return err
	}
	pools, err := sqlpool.New([]sqlpool.Source{source}, func(sqlpool.Source) (sqlpool.Engine, error) { return engine, nil }, nil)
	if err != nil {
		return err
	}
	defer pools.Close()
	pool, err := pools.Pool("main")
	if err != nil {
		return err
	}
	db := pool.DB()
	if _, err := db.ExecContext(ctx, "CREATE TABLE trade (symbol TEXT, at DATETIME)"); err != nil {
		return err
	}
	at := time.Date(2026, 1, 5, 9, 30, 0, 0, time.FixedZone("CST", 8*3600))
	if _, err := db.ExecContext(ctx, "INSERT INTO trade VALUES (?, ?)", "rb2601.SHFE", at); err != nil {
		return err
	}
	var symbol string
	if err := db.QueryRowContext(ctx, "SELECT symbol, at FROM trade").Scan(&symbol, &at); err != nil {
		return err
	}
	fmt.Println(symbol, at)

	backup := filepath.Join(home, "backup.db")
	if err := engine.Backup(ctx, backup, nil); err != nil {
		return err
	}
	copied, err := sqlitepool.NewEngine(sqlpool.Source{Name: "copy", URL: "sqlite:" + backup})
	if err != nil {
		return err
	}
	for found, err := range copied.Check(ctx) {
		return fmt.Errorf("damaged: %s, %w", found, err)
	}
	fmt.Println("the backup is sound")
	return nil
}
