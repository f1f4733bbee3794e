//go:build cgo && (linux || darwin) && (amd64 || arm64)

package seriesbench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/redfire-quant/redfire/market"
)

// duckEntry measures DuckDB with a primary key, as a store that keeps a row
// once must have, or without one.
func duckEntry(name string, keyed bool) entry {
	key := "PRIMARY KEY (symbol, time)"
	if !keyed {
		key = "no key: it keeps a row twice that is written twice"
	}
	return entry{
		name: name, note: key + "; a transaction and an appender a call, filled by the chunk; results read by the chunk, without copying; as many threads as Go has",
		new:  func() engine { return &duckEngine{keyed: keyed} },
		plan: wholePlan, quick: quickPlan,
	}
}

// duckEngine talks to DuckDB by its C interface as the Go driver maps it:
// database/sql would cost more than DuckDB itself.
type duckEngine struct {
	keyed bool
	db    mapping.Database
	conn  mapping.Connection
	open  bool
	ids   map[market.Symbol]int32
}

// Open opens the file.
func (e *duckEngine) Open(_ context.Context, dir string) error {
	var config mapping.Config
	if mapping.CreateConfig(&config) == mapping.StateError {
		return errors.New("duckdb: no configuration")
	}
	defer mapping.DestroyConfig(&config)
	mapping.SetConfig(config, "memory_limit", "4GB")
	mapping.SetConfig(config, "threads", strconv.Itoa(runtime.GOMAXPROCS(0)))
	var said string
	if mapping.OpenExt(filepath.Join(dir, "series.duckdb"), &e.db, config, &said) == mapping.StateError {
		return fmt.Errorf("duckdb: %s", said)
	}
	if mapping.Connect(e.db, &e.conn) == mapping.StateError {
		mapping.Close(&e.db)
		return errors.New("duckdb: no connection")
	}
	e.open, e.ids = true, map[market.Symbol]int32{}
	return errors.Join(e.createTables(), e.readSymbols())
}

func (e *duckEngine) createTables() error {
	barKey, tickKey := "", ""
	if e.keyed {
		barKey, tickKey = ", PRIMARY KEY (symbol, time)", ", PRIMARY KEY (symbol, time, seq)"
	}
	return errors.Join(
		e.exec(`CREATE TABLE IF NOT EXISTS symbols (id INTEGER, code VARCHAR, exchange VARCHAR)`),
		e.exec(`CREATE TABLE IF NOT EXISTS bars (symbol INTEGER NOT NULL, time BIGINT NOT NULL,
			open DOUBLE NOT NULL, high DOUBLE NOT NULL, low DOUBLE NOT NULL, close DOUBLE NOT NULL,
			volume DOUBLE NOT NULL, turnover DOUBLE NOT NULL, open_interest DOUBLE NOT NULL`+barKey+`)`),
		e.exec(`CREATE TABLE IF NOT EXISTS ticks (symbol INTEGER NOT NULL, time BIGINT NOT NULL, seq UINTEGER NOT NULL,
			price DOUBLE NOT NULL, volume DOUBLE NOT NULL`+tickKey+`)`))
}

func (e *duckEngine) readSymbols() error {
	return e.query(`SELECT id, code || '.' || exchange FROM symbols ORDER BY id`, func(chunk *mapping.DataChunk, n int) error {
		ids := vector[int32](chunk, 0, n)
		names := vector[mapping.StringT](chunk, 1, n)
		for i := range n {
			y, err := market.ParseSymbol(mapping.StringTData(&names[i]))
			if err != nil {
				return err
			}
			e.ids[y] = ids[i]
		}
		return nil
	})
}

// WriteBars is one transaction.
func (e *duckEngine) WriteBars(_ context.Context, parts []bars) error {
	return e.write("bars", []mapping.Type{
		mapping.TypeInteger, mapping.TypeBigInt, mapping.TypeDouble, mapping.TypeDouble, mapping.TypeDouble,
		mapping.TypeDouble, mapping.TypeDouble, mapping.TypeDouble, mapping.TypeDouble,
	}, func(a *appender) error {
		for i := range parts {
			id, err := e.id(parts[i].symbol)
			if err != nil {
				return err
			}
			if err := a.bars(id, parts[i].rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// bars appends the bars of a symbol, as many as fit into the chunk at a time.
func (a *appender) bars(id int32, all []market.Bar) error {
	for len(all) > 0 {
		n := min(len(all), a.room())
		symbol, at := space[int32](a, 0, n), space[int64](a, 1, n)
		open, high, low, closing := space[float64](a, 2, n), space[float64](a, 3, n), space[float64](a, 4, n), space[float64](a, 5, n)
		volume, turnover, interest := space[float64](a, 6, n), space[float64](a, 7, n), space[float64](a, 8, n)
		for i := range n {
			b := &all[i]
			symbol[i], at[i] = id, int64(b.Time)
			open[i], high[i], low[i], closing[i] = b.Open, b.High, b.Low, b.Close
			volume[i], turnover[i], interest[i] = b.Volume, b.Turnover, b.OpenInterest
		}
		all = all[n:]
		if err := a.added(n); err != nil {
			return err
		}
	}
	return nil
}

// ReadColumns reads symbol by symbol.
func (e *duckEngine) ReadColumns(ctx context.Context, symbols []market.Symbol, yield func(*columns) error) error {
	const sql = `SELECT time, open, high, low, close, volume FROM bars WHERE symbol = %d ORDER BY time`
	var c columns
	return e.eachSymbol(ctx, sql, symbols, func(chunk *mapping.DataChunk, n int) error {
		c = duckColumns(chunk, n)
		return yield(&c)
	})
}

// ReadRows makes rows of the same chunks, with two columns more.
func (e *duckEngine) ReadRows(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	const sql = `SELECT time, open, high, low, close, volume, turnover, open_interest FROM bars WHERE symbol = %d ORDER BY time`
	return e.eachSymbol(ctx, sql, symbols, func(chunk *mapping.DataChunk, n int) error {
		c := duckColumns(chunk, n)
		turnover, interest := vector[float64](chunk, 6, n), vector[float64](chunk, 7, n)
		for i := range n {
			b := market.Bar{
				Time: c.time[i], Open: c.open[i], High: c.high[i], Low: c.low[i], Close: c.close[i],
				Volume: c.volume[i], Turnover: turnover[i], OpenInterest: interest[i],
			}
			if err := yield(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteTicks is one transaction.
func (e *duckEngine) WriteTicks(_ context.Context, y market.Symbol, all []market.Tick) error {
	return e.write("ticks", []mapping.Type{
		mapping.TypeInteger, mapping.TypeBigInt, mapping.TypeUInteger, mapping.TypeDouble, mapping.TypeDouble,
	}, func(a *appender) error {
		id, err := e.id(y)
		for len(all) > 0 && err == nil {
			n := min(len(all), a.room())
			symbol, at, seq := space[int32](a, 0, n), space[int64](a, 1, n), space[uint32](a, 2, n)
			price, volume := space[float64](a, 3, n), space[float64](a, 4, n)
			for i := range n {
				t := &all[i]
				symbol[i], at[i], seq[i], price[i], volume[i] = id, int64(t.Time), t.Seq, t.LastPrice, t.LastVolume
			}
			all = all[n:]
			err = a.added(n)
		}
		return err
	})
}

// ReadTicks reads symbol by symbol.
func (e *duckEngine) ReadTicks(ctx context.Context, symbols []market.Symbol, yield func(*tickColumns) error) error {
	const sql = `SELECT time, seq, price, volume FROM ticks WHERE symbol = %d ORDER BY time, seq`
	var c tickColumns
	return e.eachSymbol(ctx, sql, symbols, func(chunk *mapping.DataChunk, n int) error {
		c = tickColumns{
			vector[market.Time](chunk, 0, n), vector[uint32](chunk, 1, n),
			vector[float64](chunk, 2, n), vector[float64](chunk, 3, n),
		}
		return yield(&c)
	})
}

// Hours groups.
func (e *duckEngine) Hours(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	const sql = `SELECT time // 3600000000000 * 3600000000000 AS hour, arg_min(open, time), max(high), min(low), arg_max(close, time), sum(volume)
		FROM bars WHERE symbol = %d GROUP BY hour ORDER BY hour`
	return e.eachSymbol(ctx, sql, symbols, func(chunk *mapping.DataChunk, n int) error {
		c := duckColumns(chunk, n)
		return c.each(func(b *market.Bar) error { return yield(*b) })
	})
}

// Days groups.
func (e *duckEngine) Days(ctx context.Context, symbols []market.Symbol, yield func(int) error) error {
	const sql = `SELECT count(*) FROM bars WHERE symbol = %d GROUP BY time // 86400000000000 ORDER BY time // 86400000000000`
	return e.eachSymbol(ctx, sql, symbols, func(chunk *mapping.DataChunk, n int) error {
		for _, bars := range vector[int64](chunk, 0, n) {
			if err := yield(int(bars)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close closes the file, which takes the log into it.
func (e *duckEngine) Close() error {
	if e.open {
		mapping.Disconnect(&e.conn)
		mapping.Close(&e.db)
		e.open = false
	}
	return nil
}

// id returns the number of y, a new one if it has none.
func (e *duckEngine) id(y market.Symbol) (int32, error) {
	if id, ok := e.ids[y]; ok {
		return id, nil
	}
	id := int32(len(e.ids) + 1)
	if err := e.exec(fmt.Sprintf(`INSERT INTO symbols VALUES (%d, '%s', '%s')`, id, y.Code, y.Exchange)); err != nil {
		return 0, err
	}
	e.ids[y] = id
	return id, nil
}

// An appender fills a chunk of DuckDB's memory and hands it over when it is full.
type appender struct {
	to    mapping.Appender
	chunk mapping.DataChunk
	rows  int
}

// room is how many rows the chunk still has place for.
func (a *appender) room() int { return int(mapping.VectorSize()) - a.rows }

// space returns the place for the next n values of a column.
func space[T any](a *appender, column, n int) []T {
	v := mapping.DataChunkGetVector(a.chunk, mapping.IdxT(column))
	return unsafe.Slice((*T)(mapping.VectorGetData(v)), a.rows+n)[a.rows:]
}

// added takes that n rows stand in the chunk.
func (a *appender) added(n int) error {
	if a.rows += n; a.room() == 0 {
		return a.flush()
	}
	return nil
}

func (a *appender) flush() error {
	if a.rows == 0 {
		return nil
	}
	mapping.DataChunkSetSize(a.chunk, mapping.IdxT(a.rows))
	if mapping.AppendDataChunk(a.to, a.chunk) == mapping.StateError {
		return fmt.Errorf("duckdb: append: %s", mapping.AppenderError(a.to))
	}
	a.rows = 0
	mapping.DataChunkReset(a.chunk)
	return nil
}

// write fills a table in one transaction.
func (e *duckEngine) write(table string, types []mapping.Type, fill func(*appender) error) (err error) {
	if err := e.exec(`BEGIN`); err != nil {
		return err
	}
	if err := e.append(table, types, fill); err != nil {
		return errors.Join(err, e.exec(`ROLLBACK`))
	}
	return e.exec(`COMMIT`)
}

func (e *duckEngine) append(table string, types []mapping.Type, fill func(*appender) error) error {
	var a appender
	if mapping.AppenderCreate(e.conn, "", table, &a.to) == mapping.StateError {
		defer mapping.AppenderDestroy(&a.to)
		return fmt.Errorf("duckdb: %s", mapping.AppenderError(a.to))
	}
	defer mapping.AppenderDestroy(&a.to)
	logical := make([]mapping.LogicalType, len(types))
	for i, t := range types {
		logical[i] = mapping.CreateLogicalType(t)
	}
	a.chunk = mapping.CreateDataChunk(logical)
	defer mapping.DestroyDataChunk(&a.chunk)
	for i := range logical {
		mapping.DestroyLogicalType(&logical[i])
	}
	if err := fill(&a); err != nil {
		return err
	}
	if err := a.flush(); err != nil {
		return err
	}
	if mapping.AppenderClose(a.to) == mapping.StateError {
		return fmt.Errorf("duckdb: append: %s", mapping.AppenderError(a.to))
	}
	return nil
}

func (e *duckEngine) exec(sql string) error {
	return e.query(sql, func(*mapping.DataChunk, int) error { return nil })
}

// eachSymbol asks sql of one symbol after the other.
func (e *duckEngine) eachSymbol(ctx context.Context, sql string, symbols []market.Symbol, read func(*mapping.DataChunk, int) error) error {
	for _, y := range symbols {
		if err := ctx.Err(); err != nil {
			return err
		}
		id, ok := e.ids[y]
		if !ok {
			continue
		}
		if err := e.query(fmt.Sprintf(sql, id), read); err != nil {
			return err
		}
	}
	return nil
}

// query gives each chunk of the result to read.
func (e *duckEngine) query(sql string, read func(chunk *mapping.DataChunk, rows int) error) error {
	var result mapping.Result
	state := mapping.Query(e.conn, sql, &result)
	defer mapping.DestroyResult(&result)
	if state == mapping.StateError {
		return fmt.Errorf("duckdb: %s", mapping.ResultError(&result))
	}
	for {
		chunk := mapping.FetchChunk(result)
		if chunk.Ptr == nil {
			return nil
		}
		err := read(&chunk, int(mapping.DataChunkGetSize(chunk)))
		mapping.DestroyDataChunk(&chunk)
		if err != nil {
			return err
		}
	}
}

func duckColumns(chunk *mapping.DataChunk, n int) columns {
	float := func(i int) []float64 { return vector[float64](chunk, i, n) }
	return columns{vector[market.Time](chunk, 0, n), float(1), float(2), float(3), float(4), float(5)}
}

// vector returns the values of a column, which are DuckDB's: they are gone with
// the chunk. No column of ours has NULLs.
func vector[T any](chunk *mapping.DataChunk, column, n int) []T {
	v := mapping.DataChunkGetVector(*chunk, mapping.IdxT(column))
	return unsafe.Slice((*T)(mapping.VectorGetData(v)), n)
}
