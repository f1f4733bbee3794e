package localseries

import (
	"testing"

	"github.com/redfire-quant/redfire/internal/disk/disktest"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
	"github.com/redfire-quant/redfire/series/seriestest"
)

// onDisk opens engines on a disk of the test's.
type onDisk struct {
	disk *disktest.Disk
	opts *Options
}

func (d *onDisk) open(t testing.TB) series.Engine {
	e, err := newEngine(d.disk.Folder("data"), d.disk.Folder("log"), d.opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func harness(name string, opts *Options) seriestest.Harness {
	var d *onDisk
	return seriestest.Harness{
		Name: name,
		Open: func(t testing.TB) series.Engine {
			d = &onDisk{disktest.New(1), opts}
			return d.open(t)
		},
		Reopen: func(t testing.TB) series.Engine { return d.open(t) },
		Crash: func(t testing.TB) series.Engine {
			d.disk = d.disk.Crash()
			return d.open(t)
		},
	}
}

func TestEngine(t *testing.T) {
	seriestest.Run(t, harness("localseries", nil))
}

func TestEngineThatWritesASegmentForEveryRow(t *testing.T) {
	seriestest.Run(t, harness("localseries of small segments", &Options{Memory: 1}))
}

func TestEngineThatWritesASegmentForEveryCall(t *testing.T) {
	seriestest.Run(t, harness("localseries of bulk segments", &Options{sizes: sizes{bulk: 2, chunk: 50, merge: 2}}))
}

func TestRandomProgramsOnBulkSegments(t *testing.T) {
	seriestest.Random(t, harness("localseries of bulk segments", &Options{Memory: 300, sizes: sizes{bulk: 3, chunk: 2, merge: 2}}), memseries.NewEngine)
}

func TestRandomPrograms(t *testing.T) {
	seriestest.Random(t, harness("localseries", nil), memseries.NewEngine)
}

func TestRandomProgramsOnSmallSegments(t *testing.T) {
	seriestest.Random(t, harness("localseries of small segments", &Options{Memory: 1}), memseries.NewEngine)
}

// A tiny cache keeps a few chunks, which drive each other out.
func TestEngineWithATinyCache(t *testing.T) {
	seriestest.Run(t, harness("localseries with a tiny cache", &Options{Cache: 10_000, sizes: sizes{bulk: 2, chunk: 10, merge: 2, eager: true}}))
}

func TestRandomProgramsWithATinyCache(t *testing.T) {
	seriestest.Random(t, harness("localseries with a tiny cache", &Options{Memory: 300, Cache: 5000, sizes: sizes{bulk: 3, chunk: 2, merge: 2, eager: true}}), memseries.NewEngine)
}
