package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
)

// A question is a statement and how it is to be run.
type question struct {
	source  string
	text    string
	args    []string
	write   bool
	limit   int
	timeout time.Duration
}

func (p *program) sqlQueryCommand() *cobra.Command {
	q := question{limit: 1000, timeout: 30 * time.Second}
	c := &cobra.Command{
		Use:     "query STATEMENT [ARG...]",
		Short:   p.say(sqlQueryShort),
		Long:    p.say(sqlQueryLong),
		Example: "  redfire sql query 'SELECT * FROM account'\n  redfire sql query --source reports 'SELECT * FROM orders WHERE id = ?' 4711\n  redfire sql query --write - < change.sql",
		Args:    between(1, 1000),
		RunE: func(c *cobra.Command, args []string) error {
			if err := p.notByServer(); err != nil {
				return err
			}
			q.text, q.args = args[0], args[1:]
			if q.limit < 1 || q.timeout <= 0 {
				return fault.CommandUsage.Errorf("--limit and --timeout are more than 0")
			}
			return p.sqlQuery(c.Context(), q)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	p.sourceFlag(c, &q.source)
	c.Flags().BoolVar(&q.write, "write", false, p.say(flagWrite))
	c.Flags().IntVar(&q.limit, "limit", q.limit, p.say(flagSQLLimit))
	c.Flags().DurationVar(&q.timeout, "timeout", q.timeout, p.say(flagSQLTimeout))
	p.completeNothing(c, "limit")
	p.completeNothing(c, "timeout")
	return c
}

// maxStatement is more than any statement that a person writes.
const maxStatement = 16 << 20

func (p *program) sqlQuery(ctx context.Context, q question) (err error) {
	if q.text == "-" {
		text, err := io.ReadAll(io.LimitReader(p.in, maxStatement))
		if err != nil {
			return fault.CommandUsage.Errorf("the statement could not be read: %w", err)
		}
		q.text = string(text)
	}
	pools, sources, err := p.openSQL([]string{q.source}, func(s *sqlpool.Source) { s.MinIdle, s.MaxOpen = -1, 1 })
	if err != nil {
		return err
	}
	defer func() { err = together(err, pools.Close()) }()
	pool, err := pools.Pool(q.source)
	if err != nil {
		return err
	}
	u := understand(q.text, pool.Dialect())
	if !q.write {
		if err := u.refuseWrites(pool.Dialect()); err != nil {
			return err
		}
		if err := wantFile(sources[0]); err != nil {
			return err
		}
	} else if u.first == "" || u.several && u.first != "CREATE" { // a trigger or function has several in it
		return fault.CommandUsage.Errorf("one statement at a time is run")
	}
	limited, cancel := context.WithTimeout(sqlpool.WithLabel(ctx, "redfire sql query"), q.timeout)
	defer cancel()
	err = p.runSQL(limited, cancel, pool, u, q)
	if errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil && err != nil {
		if q.write {
			return fault.SQLLost.Errorf("the statement took longer than %s, and was given up", q.timeout)
		}
		return fault.SQLTimeout.Errorf("the statement took longer than %s, and was ended", q.timeout)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && !q.write && pool.ClassOf(err) == sqlpool.ReadOnlyServer {
		return fault.SQLWrites.Errorf("%w", err)
	}
	return pool.Classify(err)
}

// runSQL runs the statement and shows what comes back.
func (p *program) runSQL(ctx context.Context, cancel func(), pool *sqlpool.Pool, u statementText, q question) error {
	args := sqlArgs(q.args, pool.Dialect())
	if q.write {
		if !u.returnsRows(pool.Dialect()) {
			return p.execSQL(ctx, pool.DB(), q.text, args)
		}
		rows, err := pool.DB().QueryContext(ctx, q.text, args...)
		if err != nil {
			return err
		}
		_, err = p.showRows(rows, q.limit)
		return err
	}
	tx, err := pool.DB().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, q.text, args...)
	if err != nil {
		return errors.Join(err, undo(tx))
	}
	more, err := p.showRows(rows, q.limit)
	if more {
		// The rest is not read, which drivers would do: the statement is given up.
		cancel()
		return nil
	}
	return errors.Join(err, undo(tx))
}

// undo ends a transaction that read.
func undo(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// sqlArgs returns arguments as a driver wants them. Servers know what they compare
// with and convert texts; SQLite compares a number with a text as different.
func sqlArgs(texts []string, dialect sqlpool.Dialect) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
		if dialect != sqlpool.SQLite {
			continue
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
			all[i] = n
		} else if f, err := strconv.ParseFloat(text, 64); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == text {
			all[i] = f
		}
	}
	return all
}

func (p *program) execSQL(ctx context.Context, db *sql.DB, text string, args []any) error {
	done, err := db.ExecContext(ctx, text, args...)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err != nil {
		n = 0 // there is no such number for this statement
	}
	return p.print(result{columns: []column{{"rows_affected", colRowsAffected}}, rows: [][]any{{n}}, single: true, prose: p.say(sqlChanged, n)})
}

// showRows shows the rows, limit at most, and reports whether there are more.
func (p *program) showRows(rows *sql.Rows, limit int) (more bool, err error) {
	defer func() {
		if !more {
			err = errors.Join(err, rows.Close())
		}
	}()
	types, err := rows.ColumnTypes()
	if err != nil {
		return false, err
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name()
	}
	out, err := p.stream(p.sqlColumns(names), nil)
	if err != nil {
		return false, err
	}
	values, cells := make([]any, len(types)), make([]any, len(types))
	to := make([]any, len(types))
	for i := range values {
		to[i] = &values[i]
	}
	for rows.Next() {
		if out.count == limit {
			more = true
			break
		}
		if err := rows.Scan(to...); err != nil {
			return false, err
		}
		for i, v := range values {
			cells[i] = p.sqlCell(v, types[i])
		}
		if err := out.row(cells); err != nil {
			return false, err
		}
	}
	if !more && rows.Err() != nil {
		return false, rows.Err()
	}
	if err := out.end(); err != nil {
		return more, err
	}
	if more {
		p.note(sqlMoreRows, limit)
	}
	return more, nil
}

// sqlFile returns the path of the file of an SQLite source, "" for another one.
func sqlFile(s sqlpool.Source) string {
	path, ok := strings.CutPrefix(s.URL, "sqlite:")
	if !ok {
		return ""
	}
	if at := strings.LastIndexByte(path, '?'); at >= 0 && (at == len(path)-1 || strings.Contains(path[at:], "=")) {
		path = path[:at]
	}
	return path
}
