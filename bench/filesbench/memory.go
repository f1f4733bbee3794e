package filesbench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/bench/tape"
	"github.com/redfire-quant/redfire/bench/venv"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

const (
	mebibyte    = 1 << 20
	memoryGoal  = 512     // mebibytes
	memoryRows  = 200_000 // of each symbol
	peakMissing = unsupported("only Linux tells how much memory a process had at most")
)

// Imported is what ImportPipe did.
type Imported struct {
	Rows int64 `json:"rows"`
	Peak int64 `json:"peak"` // bytes that the process had at most, 0 if not known
}

// ImportPipe imports what comes out of standard input, CSV of one-minute bars with
// the times of UTC and a column of symbols, into a store in dir. It writes an
// Imported to out, as JSON.
func ImportPipe(ctx context.Context, dir string, out io.Writer) error {
	store, err := localseries.Open(dir, nil)
	if err != nil {
		return err
	}
	opts := &marketfile.Options{Interval: market.Minute, Zone: time.UTC, BarTime: marketfile.Start, Rejects: dir}
	done, err := marketfile.Import(ctx, store, series.Bars, []string{"/dev/stdin"}, opts)
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(Imported{done.New, peak})
}

// peakMemory returns the most that this process had in memory, 0 where the
// system does not tell.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return 0, err
}

// measureMemory imports so many gigabytes in another process.
func (r *runner) measureMemory(ctx context.Context) error {
	result := &report.Result{Work: fmt.Sprintf("memory to import %g GB of CSV", r.opts.GB), Unit: "MiB", Less: true, Goal: memoryGoal}
	r.report.Results = append(r.report.Results, result)
	r.opts.Progress(ours + ": " + result.Work)
	rows, peak, err := r.pipe(ctx)
	if err == nil && peak == 0 {
		err = peakMissing
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		result.Miss(ours, err.Error())
	case err != nil:
		result.Miss(ours, "FAILED: "+err.Error())
	default:
		result.Put(ours, float64(peak)/mebibyte, rows)
	}
	return nil
}

// pipe starts the importer and writes rows to its standard input.
func (r *runner) pipe(ctx context.Context) (rows int, peak int64, err error) {
	if len(r.opts.Importer) == 0 {
		return 0, 0, unsupported("there is no process to import")
	}
	var out, said bytes.Buffer
	c := exec.CommandContext(ctx, r.opts.Importer[0], append(r.opts.Importer[1:len(r.opts.Importer):len(r.opts.Importer)], filepath.Join(r.dir, "pipe"))...)
	c.Stdout, c.Stderr, c.WaitDelay = &out, &said, time.Second
	in, err := c.StdinPipe()
	if err != nil {
		return 0, 0, err
	}
	if err := c.Start(); err != nil {
		return 0, 0, err
	}
	rows, err = writeRows(in, r.files.tapes, int64(r.opts.GB*1e9))
	err = errors.Join(err, in.Close())
	if failed := c.Wait(); failed != nil {
		return 0, 0, fmt.Errorf("%w: %s", failed, venv.LastLine(said.Bytes()))
	}
	if err != nil {
		return 0, 0, err
	}
	var done Imported
	if err := json.Unmarshal(out.Bytes(), &done); err != nil {
		return 0, 0, err
	}
	if done.Rows != int64(rows) {
		return 0, 0, fmt.Errorf("check: %d rows are new of %d", done.Rows, rows)
	}
	return rows, done.Peak, nil
}

// writeRows writes bars of one symbol after the other until there are so many
// bytes.
func writeRows(w io.Writer, tapes *tape.Tapes, bytes int64) (rows int, err error) {
	b := bufio.NewWriterSize(w, 256<<10)
	line := []byte("symbol," + barHeader)
	for ; ; rows++ {
		n, err := b.Write(line)
		if err != nil {
			return rows, err
		}
		if bytes -= int64(n); bytes <= 0 && rows > 0 {
			return rows, b.Flush()
		}
		i := rows / memoryRows
		t := tapes.Bars(i)
		line = append(append(line[:0], t.Symbol(i).String()...), ',')
		line = appendBar(line, t.Bar(i, rows%memoryRows))
	}
}
