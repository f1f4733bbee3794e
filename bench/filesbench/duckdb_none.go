//go:build !(cgo && (linux || darwin) && (amd64 || arm64))

package filesbench

import (
	"context"

	"github.com/redfire-quant/redfire/series"
)

const noDuck = unsupported("built without DuckDB: it needs cgo (CGO_ENABLED=1, a C compiler) on Linux or macOS, amd64 or arm64")

type duckWork int

const insertKeyed, insertKeyless, scan duckWork = 0, 0, 0

// duckContender says why DuckDB does not run in this build.
func duckContender(name, _ string, _ duckWork) contender {
	return contender{name: name, note: "not in this build", prepare: func(context.Context, func(string)) error { return noDuck }}
}

// csvToParquet cannot: it is DuckDB that writes the Parquet files.
func csvToParquet(context.Context, series.Kind, string, string) error { return noDuck }
