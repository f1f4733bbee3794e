package main

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// demoData is what the demo imports; its README says where it comes from.
//
//go:embed demodata
var demoData embed.FS

// The series of the demo of which candles are drawn, and the day: that on which
// bitcoin was first traded above 1,150 dollars.
var (
	demoTrades = market.Symbol{Code: "BTCUSD", Exchange: "BITSTAMP"}
	demoDay    = "2013-11-30"
)

func (p *program) demoCommand() *cobra.Command {
	var once bool
	c := &cobra.Command{
		Use:   "demo",
		Short: p.say(demoShort),
		Long:  p.say(demoLong),
		Args:  between(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return p.demo(c.Context(), once) },
	}
	c.Flags().Var(&given{&p.data, "DIR"}, "data", p.say(flagDemoData))
	c.Flags().BoolVar(&once, "once", false, p.say(flagOnce))
	return c
}

func (p *program) demo(ctx context.Context, once bool) error {
	begin := time.Now()
	p.data = cmp.Or(p.data, "redfire-demo")
	files := filepath.Join(p.data, "files")
	if err := wantFolder(p.data); err != nil {
		return err
	}
	if err := unpackDemo(files); err != nil {
		return err
	}
	store, err := p.openSeries(ctx, false)
	if err != nil {
		return err
	}
	d := &demonstration{program: p, store: store, files: files}
	err = d.run(ctx)
	if err == nil && once {
		err = d.show(p.say(demoTry, time.Since(begin).Seconds(), p.data, files))
	} else if err == nil {
		err = d.serve(ctx, begin)
	}
	return together(err, store.Close())
}

// show prints what was done, and what to try.
func (d *demonstration) show(try string) error {
	return d.print(result{columns: demoColumns, rows: d.rows, prose: d.text.String() + try})
}

// serve serves what was imported, until ctx ends. If something else listens on the
// usual port, any other will do.
func (d *demonstration) serve(ctx context.Context, begin time.Time) error {
	granted, err := tokensOf(d.store.data.Config())
	if err != nil {
		return err
	}
	listener, err := httpapi.Listen(ctx, string(d.store.data.Config().Server.Listen), granted)
	if err != nil {
		listener, err = httpapi.Listen(ctx, "127.0.0.1:0", granted)
	}
	if err != nil {
		return err
	}
	return d.serveOn(ctx, d.store.data, listening{listener, granted}, func(address string) error {
		if err := d.show(d.say(demoServes, time.Since(begin).Seconds(), address)); err != nil {
			return err
		}
		return d.stdout.Flush()
	})
}

// unpackDemo writes the files of the demo below a folder, where they are not
// there already.
func unpackDemo(folder string) error {
	err := fs.WalkDir(demoData, "demodata", func(path string, f fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(path, "demodata")))
		if f.IsDir() {
			return os.MkdirAll(to, 0o777)
		}
		b, err := demoData.ReadFile(path)
		if err != nil {
			return err
		}
		if have, err := os.ReadFile(to); err == nil && string(have) == string(b) {
			return nil
		}
		return os.WriteFile(to, b, 0o666)
	})
	if err != nil {
		return fault.FileUnwritable.Errorf("%w", err)
	}
	return nil
}

var demoColumns = []column{{"step", message{}}, {"series", message{}}, {"rows", message{}}, {"seconds", message{}}}

// A demonstration is a run of the demo.
type demonstration struct {
	*program
	store *opened
	files string
	text  strings.Builder
	rows  [][]any
}

func (d *demonstration) run(ctx context.Context) error {
	if err := d.imports(ctx, series.Bars, "bars", &marketfile.Options{Path: "{symbol}/1d.csv", Interval: market.Day, DateOrder: marketfile.MonthDayYear}); err != nil {
		return err
	}
	if err := d.imports(ctx, series.Ticks, "ticks", &marketfile.Options{Path: "{symbol}/*.csv.gz", Zone: time.UTC}); err != nil {
		return err
	}
	for _, v := range []market.Interval{market.Minute, market.Hour} {
		if err := d.build(ctx, v); err != nil {
			return err
		}
	}
	return d.draw(ctx)
}

// did notes a step for machines.
func (d *demonstration) did(step string, k series.Key, rows int64, took time.Duration) {
	d.rows = append(d.rows, []any{step, k.String(), rows, took.Seconds()})
}

// tell notes something for people.
func (d *demonstration) tell(m message, args ...any) { fmt.Fprintln(&d.text, d.say(m, args...)) }

func (d *demonstration) imports(ctx context.Context, k series.Kind, folder string, o *marketfile.Options) error {
	files, err := marketfile.Files([]string{filepath.Join(d.files, folder)})
	if err != nil {
		return err
	}
	begin := time.Now()
	r, err := marketfile.Import(ctx, d.store.Store, k, files, o)
	if err != nil {
		return err
	}
	took := time.Since(begin)
	for _, key := range r.Keys {
		about, err := d.store.findOne(ctx, k, keyArgs(key))
		if err != nil {
			return err
		}
		zone, err := shown("", about)
		if err != nil {
			return err
		}
		daily := key.Interval.Daily()
		d.did("import", key, about.Count, took)
		d.tell(demoImported, about.Count, key, clock(about.First, zone, daily), clock(about.Last, zone, daily), zone)
	}
	d.tell(demoKept, r.Read, r.New, r.Unchanged, took.Seconds(), perSecond(r.Read, took))
	return nil
}

func keyArgs(k series.Key) []string {
	if k.Kind == series.Ticks {
		return []string{k.Symbol.String()}
	}
	return []string{k.Symbol.String(), k.Interval.String()}
}

// build makes bars of the trades.
func (d *demonstration) build(ctx context.Context, v market.Interval) error {
	begin := time.Now()
	made, err := d.plan(ctx, d.store, &resampling{args: []string{demoTrades.String()}, to: v.String(), rows: choiceOfRows{span: &span{}}})
	if err != nil {
		return err
	}
	counts, err := d.store.storeBars(ctx, made)
	if err != nil {
		return err
	}
	rows, took := counts.New+counts.Unchanged+counts.Replaced, time.Since(begin)
	d.did("build", made.to.Key, rows, took)
	d.tell(demoBuilt, rows, made.to.Key, took.Seconds())
	return nil
}

// draw shows the hours of a day.
func (d *demonstration) draw(ctx context.Context) error {
	day, err := market.ParseTime(demoDay, time.UTC)
	if err != nil {
		return err
	}
	var bars []market.Bar
	for b, err := range d.store.Bars(ctx, demoTrades, market.Hour, market.Range{From: day, To: day + market.Time(24*time.Hour)}) {
		if err != nil {
			return err
		}
		bars = append(bars, b)
	}
	if len(bars) == 0 {
		return fault.CommandNoSeries.Errorf("there is no series %s", series.BarKey(demoTrades, market.Hour))
	}
	d.text.WriteByte('\n')
	d.tell(demoDrawn, demoTrades, demoDay)
	if d.isDrawn() {
		drawCandles(&d.text, bars, d.palette())
		return nil
	}
	for _, b := range bars {
		d.tell(demoBar, b.Time.UTC().Format("15:04"), b.Open, b.High, b.Low, b.Close, b.Volume)
	}
	return nil
}
