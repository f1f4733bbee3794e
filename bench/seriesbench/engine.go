package seriesbench

import (
	"context"
	"errors"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/redfire-quant/redfire/market"
)

// An engine is one of the things that are measured: ours or a peer. It is used
// by one goroutine. What it cannot do is errors.ErrUnsupported, with the reason,
// and is left out of that work.
type engine interface {
	// Open opens what dir, which exists, holds.
	Open(ctx context.Context, dir string) error

	// WriteBars makes the bars durable before it returns. No symbol stands in
	// parts twice, and the bars of each are in order and not there yet.
	WriteBars(ctx context.Context, parts []bars) error

	// ReadColumns yields time, open, high, low, close and volume of all bars of
	// symbols, symbol by symbol, oldest first. What is yielded is valid until
	// the next step.
	ReadColumns(ctx context.Context, symbols []market.Symbol, yield func(*columns) error) error

	// ReadRows yields the same bars one by one, with all their fields.
	ReadRows(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error

	// WriteTicks makes the ticks of a symbol durable before it returns.
	WriteTicks(ctx context.Context, y market.Symbol, all []market.Tick) error

	// ReadTicks yields all ticks of symbols as ReadColumns yields bars.
	ReadTicks(ctx context.Context, symbols []market.Symbol, yield func(*tickColumns) error) error

	// Hours yields the bars of symbols made coarser: hours of UTC, of which the
	// turnover and the open interest do not matter.
	Hours(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error

	// Close leaves on disk what Open opens again. A second Close does nothing.
	Close() error
}

// A counting engine counts bars without handing them out.
type counting interface {
	// Days yields how many bars there are of each day of UTC that has one, symbol by
	// symbol.
	Days(ctx context.Context, symbols []market.Symbol, yield func(bars int) error) error
}

// A clocked engine works in another process and tells how long it took itself,
// so that what it costs to talk to it is not held against it.
type clocked interface {
	// Spent is the time that its calls took so far.
	Spent() time.Duration
}

// bars are rows of one symbol.
type bars struct {
	symbol market.Symbol
	rows   []market.Bar
}

// ticks are rows of one symbol.
type ticks struct {
	symbol market.Symbol
	rows   []market.Tick
}

// columns are those of bars that are read, all of one length.
type columns struct {
	time                           []market.Time
	open, high, low, close, volume []float64
}

// clear empties c and keeps its memory.
func (c *columns) clear() {
	c.time = c.time[:0]
	c.open, c.high, c.low, c.close, c.volume = c.open[:0], c.high[:0], c.low[:0], c.close[:0], c.volume[:0]
}

func (c *columns) add(b *market.Bar) {
	c.time = append(c.time, b.Time)
	c.open = append(c.open, b.Open)
	c.high = append(c.high, b.High)
	c.low = append(c.low, b.Low)
	c.close = append(c.close, b.Close)
	c.volume = append(c.volume, b.Volume)
}

// tickColumns are those of ticks that are read, all of one length.
type tickColumns struct {
	time          []market.Time
	seq           []uint32
	price, volume []float64
}

func (c *tickColumns) clear() {
	c.time, c.seq, c.price, c.volume = c.time[:0], c.seq[:0], c.price[:0], c.volume[:0]
}

func (c *tickColumns) add(t market.Time, seq uint32, price, volume float64) {
	c.time = append(c.time, t)
	c.seq = append(c.seq, seq)
	c.price = append(c.price, price)
	c.volume = append(c.volume, volume)
}

// unsupported is the error of an engine that lacks something: why it does.
type unsupported string

// Error returns the reason.
func (u unsupported) Error() string { return string(u) }

// Is makes it an errors.ErrUnsupported.
func (u unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

// An entry is an engine that may be measured.
type entry struct {
	name string
	note string // how it is set up
	new  func() engine

	// prepare gets what the engine needs; its error is why it does not run. nil
	// if nothing is needed.
	prepare func(ctx context.Context, progress func(string)) error

	// noOpen says why the time to open it means nothing, "" if it does.
	noOpen string

	plan, quick plan
}

// A plan is how many rows an engine is given: a slow one gets fewer, since
// rates are compared.
type plan struct {
	barSymbols, barRows   int // bulk: symbols, and rows of each
	batches               int // of batchRows rows
	instants              int // how often a bar of each symbol at once is written
	instantSymbols        int // if not allSymbols, the time is scaled
	tickSymbols, tickRows int // ticks: symbols, and rows of each
}

var (
	wholePlan = plan{20, callRows, 100, 10, allSymbols, 10, callRows}
	quickPlan = plan{4, callRows, 10, 3, allSymbols, 2, callRows}
)

// ours is the name of what the others are compared with.
const ours = "us"

// entries are ours, first, and the peers.
func entries() []entry {
	return []entry{
		{
			name: ours, note: "series.Store over what ours.go opens",
			new: func() engine { return &us{} }, plan: wholePlan, quick: quickPlan,
		},
		vnpyEntry(),
		{
			name: "SQLite", note: "zombiezen over modernc; WAL, synchronous=FULL, one transaction a call, prepared upserts of 100 rows, WITHOUT ROWID by (symbol, time)",
			new:  func() engine { return &sqliteEngine{} },
			plan: plan{8, callRows, 40, 10, allSymbols, 6, callRows}, quick: plan{2, callRows, 5, 3, allSymbols, 1, callRows},
		},
		duckEntry("DuckDB", true),
		duckEntry("DuckDB keyless", false),
		{
			name: "Pebble", note: "key symbol and time, value 56 bytes (16 of a tick); one batch a call, synced; newest format, memtable 64 MiB, cache 256 MiB; flushed by Close",
			new: func() engine { return &pebbleEngine{} }, plan: wholePlan, quick: quickPlan,
		},
		parquetEntry("Parquet", &parquet.Snappy),
		parquetEntry("Parquet zstd", &parquet.Zstd),
	}
}
