//go:build cgo && (linux || darwin) && (amd64 || arm64)

package filesbench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // its driver for database/sql's driver

	"github.com/redfire-quant/redfire/series"
)

func duckContender(name, note string, work duckWork) contender {
	return contender{
		name: name, note: note, size: wholeSize, quick: quickSize,
		run: func(ctx context.Context, j *job) (time.Duration, error) { return runDuck(ctx, j, work) },
	}
}

// The tables, and the columns of the files in their order.
var (
	duckTables = map[series.Kind]string{
		series.Bars: `CREATE TABLE rows (symbol VARCHAR NOT NULL, time TIMESTAMP NOT NULL, open DOUBLE NOT NULL,
			high DOUBLE NOT NULL, low DOUBLE NOT NULL, price DOUBLE NOT NULL, volume DOUBLE NOT NULL%s)`,
		series.Ticks: `CREATE TABLE rows (symbol VARCHAR NOT NULL, time TIMESTAMP NOT NULL,
			price DOUBLE NOT NULL, volume DOUBLE NOT NULL%s)`,
	}
	duckColumns = map[series.Kind]string{
		series.Bars:  `{'datetime': 'TIMESTAMP', 'open': 'DOUBLE', 'high': 'DOUBLE', 'low': 'DOUBLE', 'close': 'DOUBLE', 'volume': 'DOUBLE'}`,
		series.Ticks: `{'datetime': 'TIMESTAMP', 'last_price': 'DOUBLE', 'last_volume': 'DOUBLE'}`,
	}
	duckSums = map[series.Kind]string{
		series.Bars:  `count(*), sum(close), max(datetime), sum(open), sum(high), sum(low), sum(volume)`,
		series.Ticks: `count(*), sum(last_price), max(datetime), sum(last_volume)`,
	}
)

// source is the table function that reads files. It reads several at once if all
// are named, and tells each row's file.
func source(s *set, paths ...string) string {
	list := strings.Join(paths, "', '")
	if s.form == parquet {
		return fmt.Sprintf(`read_parquet(['%s'], filename = true)`, list)
	}
	return fmt.Sprintf(`read_csv(['%s'], filename = true, auto_detect = false, delim = ',', header = true, columns = %s)`, list, duckColumns[s.kind])
}

// csvToParquet writes the Parquet files that all import.
func csvToParquet(ctx context.Context, kind series.Kind, from, to string) (err error) {
	db, err := openDuck("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	text := &set{kind: kind, form: plain}
	_, err = db.ExecContext(ctx, fmt.Sprintf(`COPY (SELECT * EXCLUDE (filename) FROM %s) TO '%s' (FORMAT parquet, COMPRESSION zstd)`, source(text, from), to))
	return err
}

// openDuck opens a database, one in memory if path is empty.
func openDuck(path string) (*sql.DB, error) {
	return sql.Open("duckdb", fmt.Sprintf("%s?threads=%d&memory_limit=4GB", path, runtime.GOMAXPROCS(0)))
}

// runDuck times work with opening and closing, and checks then.
func runDuck(ctx context.Context, j *job, work duckWork) (_ time.Duration, err error) {
	path := filepath.Join(j.dir, "rows.duckdb")
	began := time.Now()
	db, err := openDuck(path)
	if err != nil {
		return 0, err
	}
	found, err := work(ctx, db, j.files)
	if err = errors.Join(err, db.Close()); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if found == nil {
		if found, err = storedSums(ctx, path); err != nil {
			return 0, err
		}
	}
	return took, j.check(found.rows, found.prices)
}

// duckSum is what adding up rows gave.
type duckSum struct {
	rows   int64
	prices float64
}

// A duckWork does something with files. It returns what it found, nil if it
// stored the rows.
type duckWork func(ctx context.Context, db *sql.DB, s *set) (*duckSum, error)

// The folder of a file is named as its symbol.
const symbolColumn = `parse_path(filename)[-2]`

func insertKeyed(ctx context.Context, db *sql.DB, s *set) (*duckSum, error) {
	n := insertion{`, PRIMARY KEY (symbol, time)`, `* EXCLUDE (filename)`, source(s, s.names()...)}
	if s.kind == series.Ticks {
		// Files have no number of a row, but DuckDB reads them in order.
		n.more = `, seq BIGINT NOT NULL, PRIMARY KEY (symbol, time, seq)`
		n.columns = `* EXCLUDE (filename, row), row_number() OVER (PARTITION BY filename, datetime ORDER BY row) - 1`
		n.source = fmt.Sprintf(`(SELECT *, row_number() OVER () AS row FROM %s)`, n.source)
	}
	return nil, n.run(ctx, db, s.kind)
}

func insertKeyless(ctx context.Context, db *sql.DB, s *set) (*duckSum, error) {
	n := insertion{``, `* EXCLUDE (filename)`, source(s, s.names()...)}
	return nil, n.run(ctx, db, s.kind)
}

// An insertion puts columns of a source into the table, which has some more
// columns than the files.
type insertion struct{ more, columns, source string }

func (n insertion) run(ctx context.Context, db *sql.DB, kind series.Kind) error {
	for _, statement := range []string{
		fmt.Sprintf(duckTables[kind], n.more),
		fmt.Sprintf(`INSERT INTO rows SELECT %s, %s FROM %s`, symbolColumn, n.columns, n.source),
		`CHECKPOINT`,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func scan(ctx context.Context, db *sql.DB, s *set) (*duckSum, error) {
	all := &duckSum{}
	var other any
	found := []any{&all.rows, &all.prices}
	for range strings.Count(duckSums[s.kind], "(") - len(found) {
		found = append(found, &other)
	}
	query := fmt.Sprintf(`SELECT %s FROM %s`, duckSums[s.kind], source(s, s.names()...))
	return all, db.QueryRowContext(ctx, query).Scan(found...)
}

func storedSums(ctx context.Context, path string) (_ *duckSum, err error) {
	db, err := openDuck(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	all := &duckSum{}
	return all, db.QueryRowContext(ctx, `SELECT count(*), sum(price) FROM rows`).Scan(&all.rows, &all.prices)
}
