package seriesbench

import (
	"context"
	"encoding/binary"
	"errors"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/redfire-quant/redfire/market"
)

// pebbleEngine keeps a row a key: what kind it is, the symbol, the time and, of
// a tick, Seq, so that rows lie in order.
type pebbleEngine struct {
	db  *pebble.DB
	key []byte
}

const (
	pebbleBars  = 'b'
	pebbleTicks = 't'
)

// quiet keeps Pebble's own messages from standard error.
type quiet struct{}

// Infof says nothing.
func (quiet) Infof(string, ...any) {}

// Errorf says nothing: what matters comes back as an error.
func (quiet) Errorf(string, ...any) {}

// Fatalf ends the program, as Pebble expects of it.
func (quiet) Fatalf(format string, args ...any) { pebble.DefaultLogger.Fatalf(format, args...) }

// Open opens the database.
func (e *pebbleEngine) Open(_ context.Context, dir string) (err error) {
	e.db, err = pebble.Open(dir, &pebble.Options{
		FormatMajorVersion: pebble.FormatNewest,
		MemTableSize:       64 << 20,
		CacheSize:          256 << 20,
		Logger:             quiet{},
	})
	return err
}

// WriteBars commits one batch and syncs it.
func (e *pebbleEngine) WriteBars(_ context.Context, parts []bars) error {
	batch := e.db.NewBatch()
	defer batch.Close()
	for i := range parts {
		prefix := e.prefix(pebbleBars, parts[i].symbol)
		for j := range parts[i].rows {
			b := &parts[i].rows[j]
			op := batch.SetDeferred(len(prefix)+8, 56)
			copy(op.Key, prefix)
			binary.BigEndian.PutUint64(op.Key[len(prefix):], uint64(b.Time))
			for k, v := range [7]float64{b.Open, b.High, b.Low, b.Close, b.Volume, b.Turnover, b.OpenInterest} {
				binary.LittleEndian.PutUint64(op.Value[8*k:], math.Float64bits(v))
			}
			if err := op.Finish(); err != nil {
				return err
			}
		}
	}
	return batch.Commit(pebble.Sync)
}

// ReadColumns makes columns of rows, 4,096 at a time.
func (e *pebbleEngine) ReadColumns(ctx context.Context, symbols []market.Symbol, yield func(*columns) error) error {
	return columnsOfRows(ctx, e, symbols, yield)
}

// ReadRows iterates over the keys of each symbol.
func (e *pebbleEngine) ReadRows(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	return e.each(ctx, pebbleBars, symbols, func(at, value []byte) error {
		float := func(k int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(value[8*k:])) }
		return yield(market.Bar{
			Time: market.Time(binary.BigEndian.Uint64(at)),
			Open: float(0), High: float(1), Low: float(2), Close: float(3),
			Volume: float(4), Turnover: float(5), OpenInterest: float(6),
		})
	})
}

// WriteTicks commits one batch and syncs it.
func (e *pebbleEngine) WriteTicks(_ context.Context, y market.Symbol, all []market.Tick) error {
	batch := e.db.NewBatch()
	defer batch.Close()
	prefix := e.prefix(pebbleTicks, y)
	for i := range all {
		t := &all[i]
		op := batch.SetDeferred(len(prefix)+12, 16)
		copy(op.Key, prefix)
		binary.BigEndian.PutUint64(op.Key[len(prefix):], uint64(t.Time))
		binary.BigEndian.PutUint32(op.Key[len(prefix)+8:], t.Seq)
		binary.LittleEndian.PutUint64(op.Value, math.Float64bits(t.LastPrice))
		binary.LittleEndian.PutUint64(op.Value[8:], math.Float64bits(t.LastVolume))
		if err := op.Finish(); err != nil {
			return err
		}
	}
	return batch.Commit(pebble.Sync)
}

// ReadTicks makes columns of rows, 4,096 at a time.
func (e *pebbleEngine) ReadTicks(ctx context.Context, symbols []market.Symbol, yield func(*tickColumns) error) error {
	var c tickColumns
	err := e.each(ctx, pebbleTicks, symbols, func(at, value []byte) error {
		c.add(market.Time(binary.BigEndian.Uint64(at)), binary.BigEndian.Uint32(at[8:]),
			math.Float64frombits(binary.LittleEndian.Uint64(value)), math.Float64frombits(binary.LittleEndian.Uint64(value[8:])))
		if len(c.time) < stretch {
			return nil
		}
		err := yield(&c)
		c.clear()
		return err
	})
	if err != nil {
		return err
	}
	return yield(&c)
}

// Hours is nothing that Pebble has.
func (e *pebbleEngine) Hours(context.Context, []market.Symbol, func(market.Bar) error) error {
	return unsupported("it has no queries")
}

// Close flushes first, so that what is counted and opened again are its tables.
func (e *pebbleEngine) Close() error {
	if e.db == nil {
		return nil
	}
	db := e.db
	e.db = nil
	return errors.Join(db.Flush(), db.Close())
}

// prefix returns what the keys of a symbol begin with. It is valid until the
// next call.
func (e *pebbleEngine) prefix(kind byte, y market.Symbol) []byte {
	e.key = append(e.key[:0], kind)
	e.key = append(e.key, y.Code...)
	e.key = append(e.key, '.')
	e.key = append(e.key, y.Exchange...)
	e.key = append(e.key, 0)
	return e.key
}

// each yields the rest of each key, and its value.
func (e *pebbleEngine) each(ctx context.Context, kind byte, symbols []market.Symbol, yield func(at, value []byte) error) error {
	for _, y := range symbols {
		lower := append([]byte(nil), e.prefix(kind, y)...)
		upper := append([]byte(nil), lower...)
		upper[len(upper)-1] = 1
		it, err := e.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if err != nil {
			return err
		}
		for ok := it.First(); ok && err == nil; ok = it.Next() {
			err = yield(it.Key()[len(lower):], it.Value())
		}
		if err := errors.Join(err, it.Error(), it.Close()); err != nil {
			return err
		}
	}
	return nil
}

// stretch is how many rows of an engine without columns are made into columns
// at a time.
const stretch = 4096

// columnsOfRows reads columns from an engine that has rows.
func columnsOfRows(ctx context.Context, e engine, symbols []market.Symbol, yield func(*columns) error) error {
	var c columns
	err := e.ReadRows(ctx, symbols, func(b market.Bar) error {
		c.add(&b)
		if len(c.time) < stretch {
			return nil
		}
		err := yield(&c)
		c.clear()
		return err
	})
	if err != nil {
		return err
	}
	return yield(&c)
}
