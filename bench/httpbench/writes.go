package httpbench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/redfire-quant/redfire/bench/raw"
	"github.com/redfire-quant/redfire/bench/report"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// postedSymbols are how many series one request writes.
const postedSymbols = 5

// A batch is bars that are written at once, each time under symbols of their own.
type batch struct {
	bars  [postedSymbols][]market.Bar
	times int // that it was written
}

// frames returns the bars under the next symbols.
func (b *batch) frames() []series.Frame {
	b.times++
	all := make([]series.Frame, len(b.bars))
	for i, bars := range b.bars {
		symbol := market.Symbol{Code: fmt.Sprintf("POST%04d%d", b.times, i), Exchange: market.LOCAL}
		all[i] = series.FrameOfBars(symbol, market.Minute, bars)
	}
	return all
}

// arrow returns frames as an Arrow stream.
func arrow(frames []series.Frame) ([]byte, error) {
	about := make([]series.Overview, len(frames))
	for i := range frames {
		about[i].Key = frames[i].Key
	}
	var b bytes.Buffer
	e, err := marketfile.NewEncoder(&b, series.Bars, about, &marketfile.EncodeOptions{Format: marketfile.ArrowStream, Columns: []string{"open", "high", "low", "close", "volume"}})
	if err != nil {
		return nil, err
	}
	for i := range frames {
		if err := e.Write(&frames[i]); err != nil {
			return nil, err
		}
	}
	err = e.Close()
	return b.Bytes(), err
}

// measureWrites measures writing: rows are acknowledged when they are durable.
func (r *runner) measureWrites(ctx context.Context, s *server) (err error) {
	posted := r.result(report.Result{Work: fmt.Sprintf("POST %d bars as Arrow", r.plan.posted), Unit: "rows/s", Goal: goalPosted})
	framed := r.result(report.Result{Work: fmt.Sprintf("write %d bars by the Go client", r.plan.posted), Unit: "rows/s"})
	b := &batch{}
	for i := range b.bars {
		b.bars[i] = r.bars(i, r.plan.posted/postedSymbols)
	}
	body, err := arrow(b.frames())
	if err != nil {
		return err
	}
	local, err := localseries.Open(filepath.Join(r.dir, "local"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	far, err := client.Open(s.Ours, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, far.Close()) }()
	rate := func(write func(context.Context) (time.Duration, error)) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			took, err := write(ctx)
			return float64(r.plan.posted) / took.Seconds(), err
		}
	}
	toStore := func(to *series.Store) func(context.Context) (time.Duration, error) {
		return func(ctx context.Context) (time.Duration, error) {
			frames := b.frames()
			began := time.Now()
			_, err := to.Write(ctx, frames, nil)
			return time.Since(began), err
		}
	}
	o := &measure{name: ours, run: rate(func(ctx context.Context) (time.Duration, error) {
		text, err := arrow(b.frames())
		if err != nil {
			return 0, err
		}
		return s.post(ctx, text, r.plan.posted)
	})}
	c := &measure{name: "client", run: rate(toStore(far))}
	w := &measure{name: store, run: rate(toStore(local))}
	d := &measure{name: "disk", run: rate(func(context.Context) (time.Duration, error) { return r.writeRaw(body) })}
	if err := r.byTurns(ctx, o, w, c, d); err != nil {
		return err
	}
	for result, m := range map[*report.Result]*measure{posted: o, framed: c} {
		result.Put(ours, m.median(), r.plan.posted)
		result.Put(store, w.median(), r.plan.posted)
		result.Bound("the bytes of the body, written to a file and synced", d.median())
	}
	return nil
}

// post writes rows by HTTP, and returns how long that took.
func (s *server) post(ctx context.Context, body []byte, rows int) (time.Duration, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Ours+"/v1/bars", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	q.Header.Set("Content-Type", "application/vnd.apache.arrow.stream")
	began := time.Now()
	answer, err := s.http.Do(q)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	var done struct {
		New int `json:"new"`
	}
	if err := json.Unmarshal(text, &done); err != nil || answer.StatusCode != http.StatusOK || done.New != rows {
		return 0, errors.Join(fmt.Errorf("check: the answer is %s %s", answer.Status, text), err)
	}
	return took, nil
}

// writeRaw writes bytes to a new file, and makes them durable.
func (r *runner) writeRaw(b []byte) (time.Duration, error) {
	name := filepath.Join(r.dir, "raw")
	began := time.Now()
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	err = errors.Join(raw.WriteSynced(f, b), f.Close())
	return time.Since(began), errors.Join(err, os.Remove(name))
}
