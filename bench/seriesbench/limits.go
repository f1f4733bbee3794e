package seriesbench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/redfire-quant/redfire/bench/raw"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries/codec"
)

const (
	barBytes    = 64 // a bar as it lies in memory
	columnBytes = 48 // of it time, prices and volume
	tickBytes   = 28 // time, Seq, price and volume
)

// A machine finds out what it could do at most. Its rows are as many as those
// of our plan.
type machine struct {
	dir  string
	plan plan
	data *tapes
}

// A limit is what no engine is expected to beat. A work may have several; the
// first is the one that the table shows.
type limit struct {
	name string
	run  func(ctx context.Context, m *machine) (float64, error)
}

// rawWrite writes calls times the raw bytes of rows into one file, each time
// with an fdatasync, as a call that is acknowledged needs. It returns rows a
// second.
func rawWrite(rowsOf func(plan) (calls, rows int), size int) limit {
	return limit{"raw bytes, written and synced call by call", func(ctx context.Context, m *machine) (float64, error) {
		calls, rows := rowsOf(m.plan)
		took, err := m.write(ctx, calls, rows*size)
		return float64(calls*rows) / took.Seconds(), err
	}}
}

// rawRead reads the raw bytes of rows out of the page cache. It returns rows a
// second.
func rawRead(rowsOf func(plan) (calls, rows int), size int) limit {
	return limit{"raw bytes, read from the page cache", func(ctx context.Context, m *machine) (float64, error) {
		calls, rows := rowsOf(m.plan)
		name := filepath.Join(m.dir, "raw")
		if err := os.WriteFile(name, make([]byte, calls*rows*size), 0o644); err != nil {
			return 0, err
		}
		took, err := repeat(ctx, readBudget, wall, func() error { return raw.Read(name) })
		// Gone before the system writes it to the disk, it disturbs nobody.
		return float64(calls*rows) / took.Seconds(), errors.Join(err, os.Remove(name))
	}}
}

// oneSync writes the raw bytes of one call and syncs once. It returns
// milliseconds.
func oneSync(bytes int) limit {
	return limit{"raw bytes, written and synced once", func(ctx context.Context, m *machine) (float64, error) {
		took, err := repeat(ctx, readBudget, wall, func() error {
			_, err := m.write(ctx, 1, bytes)
			return err
		})
		return milliseconds(took), err
	}}
}

// foldAlone makes hours of bars that are in memory. It returns milliseconds.
var foldAlone = limit{"the fold alone, over rows in memory", func(ctx context.Context, m *machine) (float64, error) {
	all := m.data.makeBars(hourSymbols, callRows)
	took, err := repeat(ctx, readBudget, wall, func() error {
		return hours(all, func(market.Bar) error { return nil })
	})
	return milliseconds(took), err
}}

// write makes a file of calls times so many bytes and returns how long writing
// and syncing them took.
func (m *machine) write(ctx context.Context, calls, bytes int) (time.Duration, error) {
	all := raw.Bytes(bytes)
	f, err := os.Create(filepath.Join(m.dir, "raw"))
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for range calls {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = raw.WriteSynced(f, all)
		}
	}
	took := time.Since(began)
	return took, errors.Join(err, f.Close(), os.Remove(f.Name()))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// codecAlone unpacks chunks that are in memory into time, prices and volume. It
// returns rows a second.
var codecAlone = limit{"our codec alone, over chunks in memory, one core", func(ctx context.Context, m *machine) (float64, error) {
	const rows = 4096
	all := m.data.makeBars(1, 16*rows)[0].rows
	var chunks []packedBars
	for from := 0; from < len(all); from += rows {
		chunks = append(chunks, pack(all[from:from+rows]))
	}
	times, volume := make([]int64, rows), make([]float64, rows)
	prices := [4][]float64{make([]float64, rows), make([]float64, rows), make([]float64, rows), make([]float64, rows)}
	took, err := repeat(ctx, readBudget, wall, func() error {
		for i := range chunks {
			c := &chunks[i]
			if err := errors.Join(codec.Ints(times, c.time), codec.Bars(prices, c.prices), codec.Floats(volume, c.volume)); err != nil {
				return err
			}
		}
		return nil
	})
	return float64(len(all)) / took.Seconds(), err
}}

// timesAlone unpacks the times of chunks that are in memory. It returns rows a
// second.
var timesAlone = limit{"our codec alone, over times in memory, one core", func(ctx context.Context, m *machine) (float64, error) {
	const rows = 4096
	all := m.data.makeBars(1, 16*rows)[0].rows
	var chunks [][]byte
	for from := 0; from < len(all); from += rows {
		chunks = append(chunks, pack(all[from:from+rows]).time)
	}
	times := make([]int64, rows)
	took, err := repeat(ctx, readBudget, wall, func() error {
		for _, c := range chunks {
			if err := codec.Ints(times, c); err != nil {
				return err
			}
		}
		return nil
	})
	return float64(len(all)) / took.Seconds(), err
}}

// packedBars are the blocks of a chunk.
type packedBars struct {
	time, volume []byte
	prices       [4][]byte
}

func pack(rows []market.Bar) packedBars {
	f := series.FrameOfBars(market.Symbol{Code: "s", Exchange: "X"}, market.Minute, rows)
	times := make([]int64, len(rows))
	for i, t := range f.Time {
		times[i] = int64(t)
	}
	floats := func(name string) []float64 { return f.Column(name).Floats }
	return packedBars{
		codec.AppendInts(nil, times), codec.AppendFloats(nil, floats("volume")),
		codec.AppendBars([4][]byte{}, floats("open"), floats("high"), floats("low"), floats("close")),
	}
}
