package sqlitepool

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/redfire-quant/redfire/sqlpool"
)

// Check reads the whole file, while others read and write, and yields what is damaged
// in it, in SQLite's words, and rows that refer to none. If it yields nothing, the
// file is sound. SQLite has no checksums: a value that turned into another one is not
// found. After yielding an error it stops.
func (e *Engine) Check(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		c, err := e.open(ctx)
		if err != nil {
			yield("", err)
			return
		}
		defer c.Close()
		goOn := e.findings(ctx, c, fmt.Sprintf("PRAGMA integrity_check(%d)", math.MaxInt32), yield, func(row []driver.Value) string {
			if text := fmt.Sprint(row[0]); text != "ok" {
				return text
			}
			return ""
		})
		if !goOn {
			return
		}
		e.findings(ctx, c, "PRAGMA foreign_key_check", yield, func(row []driver.Value) string {
			return fmt.Sprintf("row %v of table %v refers to a row of %v that does not exist", row[1], row[0], row[2])
		})
	}
}

// findings yields what text makes of each row of a query, unless that is "". It
// reports whether to go on.
func (e *Engine) findings(ctx context.Context, c *conn, query string, yield func(string, error) bool, text func([]driver.Value) string) bool {
	rows, err := c.QueryContext(ctx, query, nil)
	if err != nil {
		return e.stopped(err, yield)
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return e.stopped(err, yield)
		}
		if found := text(row); found != "" && !yield(found, nil) {
			return false
		}
	}
}

// stopped yields an error of checking. It may be what was looked for: some damage
// keeps SQLite from going on.
func (e *Engine) stopped(err error, yield func(string, error) bool) bool {
	if e.Classify(err) == sqlpool.Damaged {
		return yield(err.Error(), nil)
	}
	yield("", fmt.Errorf("sqlitepool: check %s: %w", e.address.path, err))
	return false
}
