package filesbench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
)

// A contender gets files into a store, or only reads them.
type contender struct {
	name string
	note string // how it is set up

	// prepare gets what the contender needs; its error is why it does not run.
	// nil if nothing is needed.
	prepare func(ctx context.Context, progress func(string)) error

	// run does the work and returns how long that took. What it cannot do is
	// errors.ErrUnsupported.
	run func(ctx context.Context, j *job) (time.Duration, error)

	size, quick size
}

// A size is how many files there are, and rows in each: a slow contender gets
// fewer, since rates are compared.
type size struct{ files, rows int }

var (
	wholeSize = size{10, 200_000}
	quickSize = size{2, 100_000}
)

// A job is a work to be done by one contender.
type job struct {
	dir    string // empty, on the disk that is measured
	files  *set
	stored int64 // set by ours: the bytes of the store
}

// check holds what a contender found in its store, or in the files, against what
// was written.
func (j *job) check(rows int64, sum float64) error {
	if want := int64(j.files.rows()); rows != want {
		return fmt.Errorf("check: it has %d rows, written were %d", rows, want)
	}
	if want := j.files.sum; !(math.Abs(sum-want) <= 1e-9*math.Abs(want)) {
		return fmt.Errorf("check: its prices add up to %v, those written to %v", sum, want)
	}
	return nil
}

// unsupported is the error of a contender that lacks something: why it does.
type unsupported string

// Error returns the reason.
func (u unsupported) Error() string { return string(u) }

// Is makes it an errors.ErrUnsupported.
func (u unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

// ours is the name of what the others are compared with.
const ours = "us"

// contenders are ours, first, and the others.
func contenders() []contender {
	vnpy, pandas := pythonContenders()
	return []contender{
		{
			name: ours, note: fmt.Sprintf("marketfile.Import into a new localseries store, with its Open and Close; %d threads", runtime.GOMAXPROCS(0)),
			run: runOurs, size: wholeSize, quick: quickSize,
		},
		vnpy,
		duckContender("DuckDB", "INSERT FROM read_csv or read_parquet of all files at once, with delimiter and types given, into a table with PRIMARY KEY (symbol, time), of ticks with seq numbered by row_number(); CHECKPOINT; with opening and closing; as many threads as Go has", insertKeyed),
		duckContender("DuckDB keyless", "the same without a key, which keeps a row twice that is written twice; ticks without seq", insertKeyless),
		duckContender("DuckDB scan", "stores nothing: it adds up each column of what read_csv or read_parquet reads", scan),
		pandas,
	}
}
