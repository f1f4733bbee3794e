package seriesbench

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // for the script
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redfire-quant/redfire/bench/venv"
	"github.com/redfire-quant/redfire/market"
)

// vnpyScript answers the calls of vnpyEngine.
//
//go:embed vnpy.py
var vnpyScript []byte

func vnpyEntry() entry {
	e := &vnpySetup{}
	return entry{
		name:    "vnpy_sqlite",
		note:    venv.VNPy + ", " + venv.SQLite + " as they come, timed by Python itself without the making of its objects; stream=True where bars of many symbols arrive; Seq goes into the microseconds, or it would lose ticks",
		new:     func() engine { return &vnpyEngine{setup: e} },
		prepare: e.prepare,
		plan:    plan{1, callRows, 3, 3, 250, 1, 20_000},
		quick:   plan{1, 10_000, 1, 1, 25, 1, 5_000},
	}
}

// vnpySetup knows the Python to use once it is prepared.
type vnpySetup struct{ python string }

// prepare finds Python, or makes it.
func (s *vnpySetup) prepare(ctx context.Context, progress func(string)) (err error) {
	s.python, err = venv.Python(ctx, progress)
	return err
}

// vnpyEngine is a Python process that holds vn.py's database. Rows go to it and
// come back in a file, so that pipes are not measured.
type vnpyEngine struct {
	setup *vnpySetup
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	said  bytes.Buffer // standard error
	file  string       // where rows are exchanged
	spent time.Duration
}

// vnpyPart is how many rows of the file belong to a symbol.
type vnpyPart struct {
	Symbol string `json:"symbol"`
	Rows   int    `json:"rows"`
}

type vnpyCall struct {
	Do     string     `json:"do"`
	File   string     `json:"file"`
	Parts  []vnpyPart `json:"parts,omitempty"`
	Stream bool       `json:"stream,omitempty"`
}

type vnpyAnswer struct {
	Spent float64 `json:"spent"` // seconds
	Rows  int     `json:"rows"`
	Error string  `json:"error"`
}

// Spent is the time that vn.py took by Python's own clock.
func (e *vnpyEngine) Spent() time.Duration { return e.spent }

// Open starts Python in dir, where vn.py finds its folder, as it does in a
// trader's. Of this only the making of the database object is timed.
func (e *vnpyEngine) Open(ctx context.Context, dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, ".vntrader"), 0o755); err != nil {
		return err
	}
	e.file = dir + ".rows"
	e.said.Reset()
	e.cmd = exec.CommandContext(ctx, e.setup.python, "-c", string(vnpyScript))
	e.cmd.Dir = dir
	e.cmd.Env = append(os.Environ(), "TZ=UTC", "PYTHONUNBUFFERED=1")
	e.cmd.Stderr = &e.said
	e.cmd.WaitDelay = time.Second
	in, err := e.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.cmd.Start(); err != nil {
		e.cmd = nil
		return err
	}
	e.in, e.out = in, bufio.NewReader(out)
	_, err = e.call(vnpyCall{Do: "open"})
	return err
}

// WriteBars saves symbol by symbol: a call of vn.py takes bars of one.
func (e *vnpyEngine) WriteBars(_ context.Context, parts []bars) error {
	call := vnpyCall{Do: "write_bars", Stream: len(parts) > 1}
	var rows []byte
	for i := range parts {
		call.Parts = append(call.Parts, vnpyPart{parts[i].symbol.Code, len(parts[i].rows)})
		for j := range parts[i].rows {
			b := &parts[i].rows[j]
			rows = appendRow(rows, int64(b.Time), 0, b.Open, b.High, b.Low, b.Close, b.Volume, b.Turnover, b.OpenInterest)
		}
	}
	if err := os.WriteFile(e.file, rows, 0o644); err != nil {
		return err
	}
	_, err := e.call(call)
	return err
}

// ReadColumns makes columns of rows: vn.py loads nothing else.
func (e *vnpyEngine) ReadColumns(ctx context.Context, symbols []market.Symbol, yield func(*columns) error) error {
	return columnsOfRows(ctx, e, symbols, yield)
}

// ReadRows loads symbol by symbol.
func (e *vnpyEngine) ReadRows(_ context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	return e.read("read_bars", symbols, 7, func(t market.Time, _ uint32, v []float64) error {
		return yield(market.Bar{
			Time: t, Open: v[0], High: v[1], Low: v[2], Close: v[3], Volume: v[4], Turnover: v[5], OpenInterest: v[6],
		})
	})
}

// WriteTicks saves the ticks of one symbol.
func (e *vnpyEngine) WriteTicks(_ context.Context, y market.Symbol, all []market.Tick) error {
	var rows []byte
	for i := range all {
		rows = appendRow(rows, int64(all[i].Time), int64(all[i].Seq), all[i].LastPrice, all[i].LastVolume)
	}
	if err := os.WriteFile(e.file, rows, 0o644); err != nil {
		return err
	}
	_, err := e.call(vnpyCall{Do: "write_ticks", Parts: []vnpyPart{{y.Code, len(all)}}})
	return err
}

// ReadTicks loads symbol by symbol.
func (e *vnpyEngine) ReadTicks(_ context.Context, symbols []market.Symbol, yield func(*tickColumns) error) error {
	var c tickColumns
	err := e.read("read_ticks", symbols, 2, func(t market.Time, seq uint32, v []float64) error {
		c.add(t, seq, v[0], v[1])
		return nil
	})
	if err != nil {
		return err
	}
	return yield(&c)
}

// Hours is nothing that its database has.
func (e *vnpyEngine) Hours(context.Context, []market.Symbol, func(market.Bar) error) error {
	return unsupported("its database makes no coarser bars")
}

// Close ends the process.
func (e *vnpyEngine) Close() error {
	if e.cmd == nil {
		return nil
	}
	cmd := e.cmd
	e.cmd = nil
	err := errors.Join(e.in.Close(), cmd.Wait())
	if rm := os.Remove(e.file); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// call asks Python and adds to what it spent.
func (e *vnpyEngine) call(c vnpyCall) (vnpyAnswer, error) {
	var a vnpyAnswer
	c.File = e.file
	question, err := json.Marshal(c)
	if err != nil {
		return a, err
	}
	if _, err := e.in.Write(append(question, '\n')); err != nil {
		return a, e.died(err)
	}
	line, err := e.out.ReadBytes('\n')
	if err != nil {
		return a, e.died(err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("python answered %q: %w", line, err)
	}
	if a.Error != "" {
		return a, errors.New("python: " + a.Error)
	}
	e.spent += time.Duration(a.Spent * float64(time.Second))
	return a, nil
}

// died tells why the process is gone, which its standard error knows.
func (e *vnpyEngine) died(err error) error {
	err = errors.Join(err, e.Close())
	return fmt.Errorf("python ended: %w: %s", err, venv.LastLine(e.said.Bytes()))
}

// read has Python load each symbol and yields what it put into the file: time
// and Seq, and so many numbers.
func (e *vnpyEngine) read(do string, symbols []market.Symbol, values int, yield func(market.Time, uint32, []float64) error) error {
	v := make([]float64, values)
	for _, y := range symbols {
		a, err := e.call(vnpyCall{Do: do, Parts: []vnpyPart{{Symbol: y.Code}}})
		if err != nil {
			return err
		}
		rows, err := os.ReadFile(e.file)
		if err != nil {
			return err
		}
		size := 16 + 8*values
		if len(rows) != a.Rows*size {
			return fmt.Errorf("python wrote %d bytes for %d rows of %d", len(rows), a.Rows, size)
		}
		for ; len(rows) > 0; rows = rows[size:] {
			for i := range v {
				v[i] = math.Float64frombits(binary.LittleEndian.Uint64(rows[16+8*i:]))
			}
			at, seq := binary.LittleEndian.Uint64(rows), binary.LittleEndian.Uint64(rows[8:])
			if err := yield(market.Time(at), uint32(seq), v); err != nil {
				return err
			}
		}
	}
	return nil
}

func appendRow(rows []byte, t, seq int64, values ...float64) []byte {
	rows = binary.LittleEndian.AppendUint64(rows, uint64(t))
	rows = binary.LittleEndian.AppendUint64(rows, uint64(seq))
	for _, v := range values {
		rows = binary.LittleEndian.AppendUint64(rows, math.Float64bits(v))
	}
	return rows
}
