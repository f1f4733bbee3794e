//go:build !(cgo && (linux || darwin) && (amd64 || arm64))

package seriesbench

import (
	"context"
	"errors"
)

// duckEntry says why DuckDB does not run in this build.
func duckEntry(name string, _ bool) entry {
	return entry{name: name, note: "not in this build", prepare: func(context.Context, func(string)) error {
		return errors.New("built without it: it needs cgo (CGO_ENABLED=1, a C compiler) on Linux or macOS, amd64 or arm64")
	}}
}
