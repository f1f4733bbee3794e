package seriesbench

import (
	"context"
	"path/filepath"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/redfire-quant/redfire/market"
)

// sqliteEngine keeps rows in one file, by the number of the symbol and time.
type sqliteEngine struct {
	conn *sqlite.Conn
	ids  map[market.Symbol]int64
}

const sqliteSchema = `
PRAGMA synchronous = FULL;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 16384;
CREATE TABLE IF NOT EXISTS symbols (id INTEGER PRIMARY KEY, code TEXT NOT NULL, exchange TEXT NOT NULL, UNIQUE (code, exchange));
CREATE TABLE IF NOT EXISTS bars (
	symbol INTEGER NOT NULL, time INTEGER NOT NULL,
	open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL,
	volume REAL NOT NULL, turnover REAL NOT NULL, open_interest REAL NOT NULL,
	PRIMARY KEY (symbol, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ticks (
	symbol INTEGER NOT NULL, time INTEGER NOT NULL, seq INTEGER NOT NULL,
	price REAL NOT NULL, volume REAL NOT NULL,
	PRIMARY KEY (symbol, time, seq)) WITHOUT ROWID;`

const sqliteHours = `
WITH h AS (
	SELECT min(time) AS a, max(time) AS z, max(high) AS high, min(low) AS low, sum(volume) AS volume
	FROM bars WHERE symbol = ?1 GROUP BY time / 3600000000000)
SELECT a / 3600000000000 * 3600000000000,
	(SELECT open FROM bars WHERE symbol = ?1 AND time = a), high, low,
	(SELECT close FROM bars WHERE symbol = ?1 AND time = z), volume
FROM h ORDER BY a`

// Open opens the file.
func (e *sqliteEngine) Open(ctx context.Context, dir string) error {
	conn, err := sqlite.OpenConn(filepath.Join(dir, "series.db"), sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenWAL)
	if err != nil {
		return err
	}
	e.conn, e.ids = conn, map[market.Symbol]int64{}
	conn.SetInterrupt(ctx.Done())
	for sql := range strings.SplitSeq(sqliteSchema, ";\n") {
		if err := sqlitex.ExecuteTransient(conn, sql, nil); err != nil {
			return err
		}
	}
	return sqlitex.Execute(conn, `SELECT id, code, exchange FROM symbols`, &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error {
			e.ids[market.Symbol{Code: s.ColumnText(1), Exchange: market.Exchange(s.ColumnText(2))}] = s.ColumnInt64(0)
			return nil
		},
	})
}

// WriteBars is one transaction.
func (e *sqliteEngine) WriteBars(_ context.Context, parts []bars) error {
	in, err := e.begin("bars", 9)
	if err != nil {
		return err
	}
	for i := range parts {
		id, err := e.id(parts[i].symbol)
		if err != nil {
			return in.end(err)
		}
		for j := range parts[i].rows {
			b := &parts[i].rows[j]
			in.rows = append(in.rows, sqliteRow{id, int64(b.Time), 0, [7]float64{
				b.Open, b.High, b.Low, b.Close, b.Volume, b.Turnover, b.OpenInterest,
			}})
			if err := in.full(); err != nil {
				return in.end(err)
			}
		}
	}
	return in.end(nil)
}

// ReadColumns asks for no more than the columns.
func (e *sqliteEngine) ReadColumns(_ context.Context, symbols []market.Symbol, yield func(*columns) error) error {
	var c columns
	err := e.query(`SELECT time, open, high, low, close, volume FROM bars WHERE symbol = ? ORDER BY time`, symbols, func(s *sqlite.Stmt) error {
		b := sqliteBar(s)
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

// ReadRows asks for all fields.
func (e *sqliteEngine) ReadRows(_ context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	const all = `SELECT time, open, high, low, close, volume, turnover, open_interest FROM bars WHERE symbol = ? ORDER BY time`
	return e.query(all, symbols, func(s *sqlite.Stmt) error {
		b := sqliteBar(s)
		b.Turnover, b.OpenInterest = s.ColumnFloat(6), s.ColumnFloat(7)
		return yield(b)
	})
}

// WriteTicks is one transaction.
func (e *sqliteEngine) WriteTicks(_ context.Context, y market.Symbol, all []market.Tick) error {
	in, err := e.begin("ticks", 5)
	if err != nil {
		return err
	}
	id, err := e.id(y)
	if err != nil {
		return in.end(err)
	}
	for i := range all {
		t := &all[i]
		in.rows = append(in.rows, sqliteRow{id, int64(t.Time), int64(t.Seq), [7]float64{t.LastPrice, t.LastVolume}})
		if err := in.full(); err != nil {
			return in.end(err)
		}
	}
	return in.end(nil)
}

// ReadTicks asks for the four columns.
func (e *sqliteEngine) ReadTicks(_ context.Context, symbols []market.Symbol, yield func(*tickColumns) error) error {
	var c tickColumns
	err := e.query(`SELECT time, seq, price, volume FROM ticks WHERE symbol = ? ORDER BY time, seq`, symbols, func(s *sqlite.Stmt) error {
		c.add(market.Time(s.ColumnInt64(0)), uint32(s.ColumnInt64(1)), s.ColumnFloat(2), s.ColumnFloat(3))
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

// Hours groups, and looks the first and the last row of each hour up.
func (e *sqliteEngine) Hours(_ context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	return e.query(sqliteHours, symbols, func(s *sqlite.Stmt) error { return yield(sqliteBar(s)) })
}

// Days groups.
func (e *sqliteEngine) Days(_ context.Context, symbols []market.Symbol, yield func(int) error) error {
	const sql = `SELECT count(*) FROM bars WHERE symbol = ?1 GROUP BY time / 86400000000000 ORDER BY time / 86400000000000`
	return e.query(sql, symbols, func(s *sqlite.Stmt) error { return yield(s.ColumnInt(0)) })
}

// Close closes the file, which takes the log into it.
func (e *sqliteEngine) Close() error {
	if e.conn == nil {
		return nil
	}
	conn := e.conn
	e.conn = nil
	conn.SetInterrupt(nil)
	return conn.Close()
}

// id returns the number of y, a new one if it has none.
func (e *sqliteEngine) id(y market.Symbol) (int64, error) {
	if id, ok := e.ids[y]; ok {
		return id, nil
	}
	err := sqlitex.Execute(e.conn, `INSERT INTO symbols (code, exchange) VALUES (?, ?)`,
		&sqlitex.ExecOptions{Args: []any{y.Code, string(y.Exchange)}})
	if err != nil {
		return 0, err
	}
	e.ids[y] = e.conn.LastInsertRowID()
	return e.ids[y], nil
}

// query gives each row of each symbol to row.
func (e *sqliteEngine) query(sql string, symbols []market.Symbol, row func(*sqlite.Stmt) error) error {
	for _, y := range symbols {
		id, ok := e.ids[y]
		if !ok {
			continue
		}
		if err := sqlitex.Execute(e.conn, sql, &sqlitex.ExecOptions{Args: []any{id}, ResultFunc: row}); err != nil {
			return err
		}
	}
	return nil
}

// sqliteBar returns the bar of a row of time, prices and volume.
func sqliteBar(s *sqlite.Stmt) market.Bar {
	return market.Bar{
		Time: market.Time(s.ColumnInt64(0)),
		Open: s.ColumnFloat(1), High: s.ColumnFloat(2), Low: s.ColumnFloat(3), Close: s.ColumnFloat(4),
		Volume: s.ColumnFloat(5),
	}
}

// sqliteRows is how many rows a statement inserts: 100 are 1.7 times as fast as
// one, and more are no faster.
const sqliteRows = 100

// A sqliteRow is a bar or a tick.
type sqliteRow struct {
	symbol, time, seq int64
	values            [7]float64
}

// A sqliteInsert is a transaction that fills a table.
type sqliteInsert struct {
	many, one *sqlite.Stmt
	width     int // columns: 9 of bars, 5 of ticks
	rows      []sqliteRow
	finish    func(*error)
}

func (e *sqliteEngine) begin(table string, width int) (*sqliteInsert, error) {
	row := "(" + strings.Repeat("?, ", width-1) + "?)"
	sql := "INSERT OR REPLACE INTO " + table + " VALUES " + row
	one, err := e.conn.Prepare(sql)
	if err != nil {
		return nil, err
	}
	many, err := e.conn.Prepare(sql + strings.Repeat(", "+row, sqliteRows-1))
	if err != nil {
		return nil, err
	}
	finish, err := sqlitex.ImmediateTransaction(e.conn)
	return &sqliteInsert{many: many, one: one, width: width, finish: finish}, err
}

// full inserts the rows if they are enough for a statement.
func (in *sqliteInsert) full() error {
	if len(in.rows) < sqliteRows {
		return nil
	}
	for i := range in.rows {
		in.bind(in.many, i*in.width, &in.rows[i])
	}
	in.rows = in.rows[:0]
	return step(in.many)
}

// end inserts what is left and commits, or rolls back if err says so.
func (in *sqliteInsert) end(err error) error {
	for i := range in.rows {
		if err != nil {
			break
		}
		in.bind(in.one, 0, &in.rows[i])
		err = step(in.one)
	}
	in.finish(&err)
	return err
}

// bind sets the parameters of a row behind those of so many others.
func (in *sqliteInsert) bind(to *sqlite.Stmt, behind int, row *sqliteRow) {
	to.BindInt64(behind+1, row.symbol)
	to.BindInt64(behind+2, row.time)
	at, values := behind+3, row.values[:]
	if in.width == 5 {
		to.BindInt64(at, row.seq)
		at, values = at+1, values[:2]
	}
	for i, v := range values {
		to.BindFloat(at+i, v)
	}
}

// step runs a statement that has no rows.
func step(s *sqlite.Stmt) error {
	if _, err := s.Step(); err != nil {
		return err
	}
	return s.Reset()
}
