package filesbench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/redfire-quant/redfire/bench/raw"
	"github.com/redfire-quant/redfire/series"
)

// A form is how files are written: it is the end of their names.
type form string

const (
	plain   form = ".csv"
	gzipped form = ".csv.gz"
	parquet form = ".parquet"
)

// A work is a kind of files to get into a store.
type work struct {
	name   string
	kind   series.Kind
	form   form
	goal   float64 // rows a second that we set ourselves, 0 for none
	limits []limit
}

// works are all that is measured.
func works() []work {
	return []work{
		{"import bars, CSV", series.Bars, plain, 1e6, []limit{move}},
		{"import bars, CSV, gzip", series.Bars, gzipped, 0, []limit{unpack, move}},
		{"import ticks, CSV", series.Ticks, plain, 1e6, []limit{move}},
		{"import bars, Parquet zstd", series.Bars, parquet, 2e6, []limit{move}},
	}
}

// A limit is what nobody is expected to beat.
type limit struct {
	name string
	run  func(ctx context.Context, j *job) (time.Duration, error)
}

// move reads the files and writes as much as our store holds.
var move = limit{"the files read from the page cache, and the bytes of our store written and synced once", func(ctx context.Context, j *job) (time.Duration, error) {
	return moved(ctx, j, raw.Read)
}}

// unpack does the same, with the files unpacked as they are read. A gzip file has
// no second place to begin at, so that one core is all there is for it.
var unpack = limit{"the files unpacked on one core, and the bytes of our store written and synced once", func(ctx context.Context, j *job) (time.Duration, error) {
	return moved(ctx, j, unpackFile)
}}

func moved(ctx context.Context, j *job, read func(name string) error) (_ time.Duration, err error) {
	bytes := raw.Bytes(int(j.stored))
	f, err := os.Create(filepath.Join(j.dir, "raw"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	began := time.Now()
	for i := range j.files.all {
		if err := errors.Join(ctx.Err(), read(j.files.all[i].path)); err != nil {
			return 0, err
		}
	}
	err = raw.WriteSynced(f, bytes)
	return time.Since(began), err
}

func unpackFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, z)
	return err
}
