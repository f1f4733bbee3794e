package seriesbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/redfire-quant/redfire/bench/raw"
	"github.com/redfire-quant/redfire/market"
)

// parquetEngine keeps a file a symbol. A file cannot be added to: a symbol is
// written once, as those do who archive by day or by contract.
type parquetEngine struct {
	codec compress.Codec
	dir   string
}

// parquetEntry measures Parquet with snappy, its usual codec, or with zstd,
// which is smaller and slower. Of 400,000 bars plain numbers and snappy took
// 16.9 B a row, written at 6.2M a second, plain and zstd 12.6 B and 3.5M; with
// the encoding "split" both were larger and slower, and so was "dict".
func parquetEntry(name string, codec compress.Codec) entry {
	return entry{
		name: name,
		note: "a file a symbol, written aside, fsynced, renamed, folder fsynced; times delta, numbers plain, all " + strings.ToLower(codec.String()),
		new:  func() engine { return &parquetEngine{codec: codec} },
		plan: wholePlan, quick: quickPlan,
		noOpen: "plain files are not opened before they are read",
	}
}

// barRow is a row of a file of bars.
type barRow struct {
	Time         int64   `parquet:"time,delta"`
	Open         float64 `parquet:"open"`
	High         float64 `parquet:"high"`
	Low          float64 `parquet:"low"`
	Close        float64 `parquet:"close"`
	Volume       float64 `parquet:"volume"`
	Turnover     float64 `parquet:"turnover"`
	OpenInterest float64 `parquet:"open_interest"`
}

// tickRow is a row of a file of ticks.
type tickRow struct {
	Time   int64   `parquet:"time,delta"`
	Seq    int32   `parquet:"seq,delta"`
	Price  float64 `parquet:"price"`
	Volume float64 `parquet:"volume"`
}

// Open takes the folder.
func (e *parquetEngine) Open(_ context.Context, dir string) error {
	e.dir = dir
	return nil
}

// WriteBars writes the file of one symbol.
func (e *parquetEngine) WriteBars(_ context.Context, parts []bars) error {
	if len(parts) != 1 {
		return unsupported("rows cannot be added to its files")
	}
	all := parts[0].rows
	return writeParquet(e, "bars", parts[0].symbol, len(all), func(i int) barRow {
		b := &all[i]
		return barRow{int64(b.Time), b.Open, b.High, b.Low, b.Close, b.Volume, b.Turnover, b.OpenInterest}
	})
}

// ReadColumns reads the pages of six columns.
func (e *parquetEngine) ReadColumns(ctx context.Context, symbols []market.Symbol, yield func(*columns) error) error {
	var c columns
	for _, y := range symbols {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := readParquet(e.dir, "bars", y, func(group parquet.RowGroup) error {
			n, chunks := int(group.NumRows()), group.ColumnChunks()
			c.time = resized(c.time, n)
			floats := []*[]float64{&c.open, &c.high, &c.low, &c.close, &c.volume}
			if err := readPages(chunks[0], n, int64s(c.time)); err != nil {
				return err
			}
			for i, f := range floats {
				*f = resized(*f, n)
				if err := readPages(chunks[i+1], n, doubles(*f)); err != nil {
					return err
				}
			}
			return yield(&c)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ReadRows reads rows as the library's generic reader makes them.
func (e *parquetEngine) ReadRows(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	buf := make([]barRow, stretch)
	for _, y := range symbols {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := readParquet(e.dir, "bars", y, func(group parquet.RowGroup) error {
			r := parquet.NewGenericRowGroupReader[barRow](group)
			defer r.Close()
			return eachRow(r, buf, func(b *barRow) error {
				return yield(market.Bar{
					Time: market.Time(b.Time), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close,
					Volume: b.Volume, Turnover: b.Turnover, OpenInterest: b.OpenInterest,
				})
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// WriteTicks writes the file of one symbol.
func (e *parquetEngine) WriteTicks(_ context.Context, y market.Symbol, all []market.Tick) error {
	return writeParquet(e, "ticks", y, len(all), func(i int) tickRow {
		t := &all[i]
		return tickRow{int64(t.Time), int32(t.Seq), t.LastPrice, t.LastVolume}
	})
}

// ReadTicks reads the pages of four columns.
func (e *parquetEngine) ReadTicks(ctx context.Context, symbols []market.Symbol, yield func(*tickColumns) error) error {
	var c tickColumns
	for _, y := range symbols {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := readParquet(e.dir, "ticks", y, func(group parquet.RowGroup) error {
			n, chunks := int(group.NumRows()), group.ColumnChunks()
			c.time, c.seq = resized(c.time, n), resized(c.seq, n)
			c.price, c.volume = resized(c.price, n), resized(c.volume, n)
			err := errors.Join(
				readPages(chunks[0], n, int64s(c.time)), readPages(chunks[1], n, int32s(c.seq)),
				readPages(chunks[2], n, doubles(c.price)), readPages(chunks[3], n, doubles(c.volume)))
			if err != nil {
				return err
			}
			return yield(&c)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Hours is nothing that files have.
func (e *parquetEngine) Hours(context.Context, []market.Symbol, func(market.Bar) error) error {
	return unsupported("files have no queries")
}

// Close has nothing to do.
func (e *parquetEngine) Close() error { return nil }

func parquetFile(dir, kind string, y market.Symbol) string {
	return filepath.Join(dir, kind+"-"+y.String()+".parquet")
}

// writeParquet writes a file aside, syncs it, and gives it its name.
func writeParquet[T any](e *parquetEngine, kind string, y market.Symbol, rows int, row func(int) T) (err error) {
	name := parquetFile(e.dir, kind, y)
	if _, err := os.Lstat(name); err == nil {
		return unsupported("rows cannot be added to its files")
	}
	f, err := os.Create(name + ".tmp")
	if err != nil {
		return err
	}
	defer f.Close()
	w := parquet.NewGenericWriter[T](f, parquet.Compression(e.codec))
	buf := make([]T, 0, stretch)
	for i := range rows {
		buf = append(buf, row(i))
		if len(buf) < cap(buf) && i < rows-1 {
			continue
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		buf = buf[:0]
	}
	if err := errors.Join(w.Close(), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		return err
	}
	return raw.SyncDir(e.dir)
}

// readParquet gives each row group of a file to read.
func readParquet(dir, kind string, y market.Symbol, read func(parquet.RowGroup) error) error {
	f, err := os.Open(parquetFile(dir, kind, y))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(256<<10))
	if err != nil {
		return err
	}
	for _, group := range file.RowGroups() {
		if err := read(group); err != nil {
			return err
		}
	}
	return nil
}

// readPages reads the n values of a column with into, which takes those of a
// page to the place that it is told and returns how many there were.
func readPages(chunk parquet.ColumnChunk, n int, into func(values parquet.ValueReader, from int) (int, error)) error {
	pages := chunk.Pages()
	defer pages.Close()
	for at := 0; at < n; {
		page, err := pages.ReadPage()
		if err != nil {
			return err
		}
		read, err := into(page.Values(), at)
		parquet.Release(page)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if read == 0 {
			return fmt.Errorf("a page of column %d has no values that fit", chunk.Column())
		}
		at += read
	}
	return nil
}

func doubles(to []float64) func(parquet.ValueReader, int) (int, error) {
	return func(values parquet.ValueReader, from int) (int, error) {
		r, ok := values.(parquet.DoubleReader)
		if !ok {
			return 0, fmt.Errorf("a page holds %T, no plain numbers", values)
		}
		return r.ReadDoubles(to[from:])
	}
}

// int64s reads into times, which are such numbers by another name.
func int64s(to []market.Time) func(parquet.ValueReader, int) (int, error) {
	numbers := unsafe.Slice((*int64)(unsafe.SliceData(to)), len(to))
	return func(values parquet.ValueReader, from int) (int, error) {
		r, ok := values.(parquet.Int64Reader)
		if !ok {
			return 0, fmt.Errorf("a page holds %T, no plain numbers", values)
		}
		return r.ReadInt64s(numbers[from:])
	}
}

func int32s(to []uint32) func(parquet.ValueReader, int) (int, error) {
	numbers := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(to))), len(to))
	return func(values parquet.ValueReader, from int) (int, error) {
		r, ok := values.(parquet.Int32Reader)
		if !ok {
			return 0, fmt.Errorf("a page holds %T, no plain numbers", values)
		}
		return r.ReadInt32s(numbers[from:])
	}
}

// eachRow gives the rows of r, read into buf, to row.
func eachRow[T any](r *parquet.GenericReader[T], buf []T, row func(*T) error) error {
	for {
		n, err := r.Read(buf)
		for i := range buf[:n] {
			if err := row(&buf[i]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
