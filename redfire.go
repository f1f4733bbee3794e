// Package redfire opens the data back end of a quant-trading system as its
// configuration describes it.
//
// [Open] builds every store that exists and owns them: a program takes what it
// needs from the [Data] and closes that once. Without a server in the
// configuration a store is embedded; with one it is that server, and never
// something else in its stead. A store that cannot be had is down: the others go
// on, [Data.Sources] lists it, and each of its calls fails with the reason.
//
//	cfg, err := config.Load(nil)
//	data, err := redfire.Open(ctx, cfg, nil)
//	defer data.Close()
//	for bar, err := range data.Series.Bars(ctx, symbol, market.Minute, market.Range{}) {
//	pool, err := data.SQL.Pool("main")
//	rows, err := pool.DB().QueryContext(ctx, "SELECT name FROM account")
//
// There is one logger, and one Prometheus registry: [Data.Metrics] serves it.
package redfire

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
	"github.com/redfire-quant/redfire/sqlpool"
)

// Options tune Open. The zero value is ready to use.
type Options struct {
	// Log is told what an operator should know; nil means nobody.
	Log *slog.Logger

	// OpenSQLDB makes the DB of a pool of SQL; nil means [sql.OpenDB]. What looks at
	// each statement, such as tracing, stands between the two.
	OpenSQLDB func(driver.Connector) *sql.DB

	// Lang is the language in which a server is asked for errors: "zh" for
	// Chinese, else English.
	Lang string
}

// Data is all stores of a configuration. It is safe for concurrent use.
type Data struct {
	// Series keeps bars, ticks and indicators. It is never nil: if it is down, its
	// calls say why.
	Series *series.Store

	// SQL are the pools of connections to SQL databases. It is never nil. A source
	// of SQL that is not among them is down for good: Sources tells why.
	SQL *sqlpool.Pools

	// Log is the logger of everything that was opened.
	Log *slog.Logger

	config  *config.Config
	local   *localseries.Engine // nil if the series are elsewhere, or down
	far     *client.Client      // nil if the series are not on another server
	sources []source
	metrics *metrics

	tasks        sync.WaitGroup
	stopWatching context.CancelFunc

	calendars func() (*market.Calendars, error)
}

// Open builds the stores that c describes. That a server is away is no error, nor
// that there is no engine for it yet; that the data folder cannot be used is one.
// A nil opts is the same as a pointer to the zero Options.
func Open(ctx context.Context, c *config.Config, opts *Options) (*Data, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := &Data{config: c, Log: cmp.Or(o.Log, slog.New(slog.DiscardHandler))}
	d.calendars = sync.OnceValues(func() (*market.Calendars, error) { return market.NewCalendars(c.CalendarSpecs()...) })

	// The start order; Close goes backwards.
	d.metrics = newMetrics()
	d.addMissing()
	if err := d.openSQL(&o); err != nil {
		return nil, fmt.Errorf("redfire: open: %w", errors.Join(err, d.closeSQL()))
	}
	if err := d.openSeries(&o); err != nil {
		return nil, fmt.Errorf("redfire: open: %w", errors.Join(err, d.closeSQL()))
	}
	d.metrics.observe(d)
	return d, nil
}

// Close makes everything that was accepted durable and closes all stores. Calls
// after it fail with [fault.Closed]; a second Close does nothing.
func (d *Data) Close() error {
	return errors.Join(d.Series.Close(), d.closeSQL())
}

// openSeries opens the store of series.
func (d *Data) openSeries(o *Options) error {
	switch address := d.config.Series.URL; address.Scheme() {
	case "":
		engine, err := localseries.NewEngine(d.SeriesFolder(), &localseries.Options{Cache: cacheOf(d.config)})
		if err != nil {
			return err
		}
		for _, t := range engine.Torn() {
			d.Log.Warn("the end of a file was torn: writing was interrupted, and nothing acknowledged is lost", "file", t.File, "bytes", t.Bytes)
		}
		d.local, d.Series = engine, series.New(engine, nil)
		d.add(source{name: "series", engine: "localseries", probe: d.probeLocal})
	case "http", "https":
		far, err := client.New(string(address), &client.Options{Token: string(d.config.Series.Token), Lang: o.Lang})
		if err != nil {
			return err
		}
		d.far, d.Series = far, series.New(far, nil)
		d.add(source{name: "series", engine: "redfire", probe: far.Ping})
	default:
		err := noEngine("series", address)
		d.Series = series.New(downEngine{err}, nil)
		d.addDown("series", err)
	}
	return nil
}

// cacheOf returns how much an engine may keep unpacked; to it 0 is its own default.
func cacheOf(c *config.Config) int64 {
	if c.Series.Cache == 0 {
		return -1
	}
	return int64(c.Series.Cache)
}

// probeLocal reports whether the embedded store can be read.
func (d *Data) probeLocal(ctx context.Context) error {
	for _, err := range d.Series.Overview(ctx, series.Filter{Kind: series.Indicator, Name: "probe", Brief: true}) {
		return err
	}
	return nil
}

// SeriesFolder returns where the embedded store of series is, or would be.
func (d *Data) SeriesFolder() string { return SeriesFolder(d.config) }

// SeriesFolder returns where the embedded store of series of c is, or would be.
func SeriesFolder(c *config.Config) string { return filepath.Join(string(c.Data), "series") }

// Folder returns the data folder.
func (d *Data) Folder() string { return string(d.config.Data) }

// Config returns the configuration. It must not be changed.
func (d *Data) Config() *config.Config { return d.config }

// Calendars returns RedFire's calendars with what the configuration changes and
// adds. They are built when they are first asked for.
func (d *Data) Calendars() (*market.Calendars, error) { return d.calendars() }

// LocalSeries returns the embedded engine of series, nil if they are elsewhere.
func (d *Data) LocalSeries() *localseries.Engine { return d.local }

// Verify reads every byte of the stored series, and yields what is damaged.
func (d *Data) Verify(ctx context.Context) iter.Seq2[series.Damage, error] {
	switch {
	case d.local != nil:
		return d.local.Verify(ctx)
	case d.far != nil:
		return d.far.Verify(ctx)
	}
	return func(yield func(series.Damage, error) bool) {
		yield(series.Damage{}, noEngine("series", d.config.Series.URL))
	}
}
