package filesbench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/klauspost/compress/gzip"

	"github.com/redfire-quant/redfire/bench/tape"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A file holds the rows of a symbol, from the first of its tape on.
type file struct {
	path   string
	symbol market.Symbol
	number int // of the symbol
	tape   *tape.Tape
}

// A set is files of one kind and form.
type set struct {
	kind series.Kind
	form form
	all  []file
	each int     // rows of each file
	sum  float64 // of the closes, or of the last prices
}

func (s *set) rows() int { return s.each * len(s.all) }

func (s *set) names() []string {
	names := make([]string, len(s.all))
	for i := range s.all {
		names[i] = s.all[i].path
	}
	return names
}

// price is the one that sum adds up.
func (s *set) price(f *file, row int) float64 {
	if s.kind == series.Bars {
		return f.tape.Bar(f.number, row).Close
	}
	return f.tape.Tick(f.number, row).LastPrice
}

type setKey struct {
	kind series.Kind
	form form
	size size
}

// A library makes sets of files, each once.
type library struct {
	dir   string
	tapes *tape.Tapes
	sets  map[setKey]*set
}

// set returns the files that a contender of some size is given at a work.
func (l *library) set(ctx context.Context, w *work, sz size) (*set, error) {
	key := setKey{w.kind, w.form, sz}
	if s := l.sets[key]; s != nil {
		return s, nil
	}
	s, err := l.write(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("write files to import: %w", err)
	}
	l.sets[key] = s
	return s, nil
}

func (l *library) write(ctx context.Context, key setKey) (*set, error) {
	s := &set{kind: key.kind, form: key.form, each: key.size.rows}
	for i := range key.size.files {
		t := l.tapes.Ticks()
		if s.kind == series.Bars {
			t = l.tapes.Bars(i)
		}
		dir := filepath.Join(l.dir, fmt.Sprintf("%d-%s", s.each, s.kind), t.Symbol(i).String())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		f := file{path: filepath.Join(dir, "1m"+string(s.form)), symbol: t.Symbol(i), number: i, tape: t}
		if err := errors.Join(ctx.Err(), s.write(ctx, &f)); err != nil {
			return nil, err
		}
		for row := range s.each {
			s.sum += s.price(&f, row)
		}
		s.all = append(s.all, f)
	}
	return s, nil
}

// write writes a file and syncs it: what the system has yet to write would
// disturb whoever is measured next.
func (s *set) write(ctx context.Context, f *file) (err error) {
	if s.form == parquet {
		return s.writeParquet(ctx, f)
	}
	out, err := os.Create(f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Sync(), out.Close()) }()
	if s.form == gzipped {
		z := gzip.NewWriter(out)
		return errors.Join(s.writeText(z, f), z.Close())
	}
	return s.writeText(out, f)
}

// writeParquet has DuckDB write what a plain file holds.
func (s *set) writeParquet(ctx context.Context, f *file) (err error) {
	text := *f
	text.path += plainSuffix
	defer func() { err = errors.Join(err, os.Remove(text.path)) }()
	if err := (&set{kind: s.kind, form: plain, each: s.each}).write(ctx, &text); err != nil {
		return err
	}
	return csvToParquet(ctx, s.kind, text.path, f.path)
}

const plainSuffix = string(plain)

// The headers of files. Times are those of UTC, without an offset, as pandas and
// most others write them.
const (
	barHeader  = "datetime,open,high,low,close,volume\n"
	tickHeader = "datetime,last_price,last_volume\n"
	secondText = "2006-01-02 15:04:05"
	milliText  = "2006-01-02 15:04:05.000"
)

func (s *set) writeText(w io.Writer, f *file) error {
	b := bufio.NewWriterSize(w, 256<<10)
	header := barHeader
	if s.kind == series.Ticks {
		header = tickHeader
	}
	line := []byte(header)
	for row := range s.each {
		_, _ = b.Write(line) // Flush tells
		if s.kind == series.Bars {
			line = appendBar(line[:0], f.tape.Bar(f.number, row))
		} else {
			line = appendTick(line[:0], f.tape.Tick(f.number, row))
		}
	}
	_, _ = b.Write(line)
	return b.Flush()
}

func appendBar(line []byte, b market.Bar) []byte {
	line = b.Time.UTC().AppendFormat(line, secondText)
	return append(appendFloats(line, b.Open, b.High, b.Low, b.Close, b.Volume), '\n')
}

func appendTick(line []byte, t market.Tick) []byte {
	line = t.Time.UTC().AppendFormat(line, milliText)
	return append(appendFloats(line, t.LastPrice, t.LastVolume), '\n')
}

func appendFloats(line []byte, values ...float64) []byte {
	for _, v := range values {
		line = strconv.AppendFloat(append(line, ','), v, 'f', -1, 64)
	}
	return line
}
