package filesbench

import (
	"bytes"
	"context"
	_ "embed" // for the script
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redfire-quant/redfire/bench/venv"
)

// peersScript does a call of callPython.
//
//go:embed peers.py
var peersScript string

// pythonSetup knows the Python to use once it is prepared.
type pythonSetup struct{ python string }

func (s *pythonSetup) prepare(ctx context.Context, progress func(string)) (err error) {
	s.python, err = venv.Python(ctx, progress)
	return err
}

// pythonContenders are vn.py's database for SQLite, filled by pandas, and pandas
// alone.
func pythonContenders() (vnpy, pandas contender) {
	s := &pythonSetup{}
	vnpy = contender{
		name: "vnpy_sqlite",
		note: venv.Pandas + " read_csv or read_parquet, a BarData or TickData of each row, then save_bar_data or save_tick_data of " + venv.VNPy + ", " + venv.SQLite + "; timed by Python itself without starting; ticks of an instant are moved by microseconds, or it would lose them",
		run:  s.doing("save"), size: size{1, 100_000}, quick: size{1, 20_000}, prepare: s.prepare,
	}
	pandas = contender{
		name: "pandas alone",
		note: "stores nothing: " + venv.Pandas + " read_csv with times, or read_parquet by " + venv.Arrow + "; timed by Python itself without starting",
		run:  s.doing("read"), size: wholeSize, quick: quickSize, prepare: s.prepare,
	}
	return vnpy, pandas
}

// A pythonCall is what the script is to do.
type pythonCall struct {
	Do    string       `json:"do"`
	Kind  string       `json:"kind"`
	Files []pythonFile `json:"files"`
}

type pythonFile struct {
	Path   string `json:"path"`
	Symbol string `json:"symbol"`
}

// A pythonAnswer is what the script found, and in how many seconds.
type pythonAnswer struct {
	Spent float64 `json:"spent"`
	Rows  int64   `json:"rows"`
	Sum   float64 `json:"sum"`
}

func (s *pythonSetup) doing(what string) func(context.Context, *job) (time.Duration, error) {
	return func(ctx context.Context, j *job) (time.Duration, error) {
		call := pythonCall{Do: what, Kind: j.files.kind.String()}
		for _, f := range j.files.all {
			call.Files = append(call.Files, pythonFile{f.path, f.symbol.Code})
		}
		a, err := s.call(ctx, j.dir, call)
		if err != nil {
			return 0, err
		}
		return time.Duration(a.Spent * float64(time.Second)), j.check(a.Rows, a.Sum)
	}
}

// call runs the script in dir, where vn.py finds its folder, as it does in a
// trader's.
func (s *pythonSetup) call(ctx context.Context, dir string, call pythonCall) (a pythonAnswer, err error) {
	question, err := json.Marshal(call)
	if err != nil {
		return a, err
	}
	if err := os.Mkdir(filepath.Join(dir, ".vntrader"), 0o755); err != nil {
		return a, err
	}
	var said bytes.Buffer
	c := exec.CommandContext(ctx, s.python, "-c", peersScript, string(question))
	c.Dir, c.Stderr, c.WaitDelay = dir, &said, time.Second
	c.Env = append(os.Environ(), "TZ=UTC")
	out, err := c.Output()
	if err != nil {
		return a, fmt.Errorf("python: %w: %s", err, venv.LastLine(said.Bytes()))
	}
	if err := json.Unmarshal(out, &a); err != nil {
		return a, errors.Join(fmt.Errorf("python answered %q", out), err)
	}
	return a, nil
}
