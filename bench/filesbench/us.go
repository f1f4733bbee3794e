package filesbench

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/redfire-quant/redfire/bench/raw"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// runOurs imports into a new store, as the redfire command does.
func runOurs(ctx context.Context, j *job) (time.Duration, error) {
	dir := filepath.Join(j.dir, "store")
	began := time.Now()
	store, err := localseries.Open(dir, nil)
	if err != nil {
		return 0, err
	}
	done, err := marketfile.Import(ctx, store, j.files.kind, j.files.names(), importOptions())
	err = errors.Join(err, store.Close())
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	if want := int64(j.files.rows()); done.New != want {
		return 0, fmt.Errorf("check: %d rows are new of %d, refused were %d", done.New, want, done.Refused)
	}
	if j.stored, err = raw.Size(dir); err != nil {
		return 0, err
	}
	return took, checkOurs(ctx, dir, j.files)
}

// importOptions are what the files do not say themselves.
func importOptions() *marketfile.Options {
	return &marketfile.Options{Path: "{symbol}/{interval}.*", Zone: time.UTC, BarTime: marketfile.Start}
}

// checkOurs reads the store and holds each row against the one that was written.
func checkOurs(ctx context.Context, dir string, s *set) (err error) {
	store, err := localseries.Open(dir, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for i := range s.all {
		f := &s.all[i]
		if s.kind == series.Bars {
			err = same(store.Bars(ctx, f.symbol, market.Minute, market.Range{}), s.each, func(n int) market.Bar { return f.tape.Bar(f.number, n) })
		} else {
			err = same(store.Ticks(ctx, f.symbol, market.Range{}), s.each, tickOf(f))
		}
		if err != nil {
			return fmt.Errorf("check: %s: %w", f.symbol, err)
		}
	}
	return nil
}

// tickOf returns the ticks of a file as they are stored: an import numbers them
// anew, from 0 within each instant.
func tickOf(f *file) func(n int) market.Tick {
	var last market.Tick
	return func(n int) market.Tick {
		t := f.tape.Tick(f.number, n)
		t.Seq = 0
		if n > 0 && t.Time == last.Time {
			t.Seq = last.Seq + 1
		}
		last = t
		return t
	}
}

// same tells the first of the rows that is not the one wanted.
func same[T comparable](got iter.Seq2[T, error], want int, row func(n int) T) error {
	n := 0
	for g, err := range got {
		if err != nil {
			return err
		}
		if n == want {
			return fmt.Errorf("there are more than the %d rows that were written", want)
		}
		if w := row(n); g != w {
			return fmt.Errorf("row %d is %+v, written was %+v", n, g, w)
		}
		n++
	}
	if n != want {
		return fmt.Errorf("there are %d rows, written were %d", n, want)
	}
	return nil
}
