package seriesbench

import (
	"context"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// us is our own store, as a Go program uses it.
type us struct {
	store     *series.Store
	calendars *market.Calendars
	frames    []series.Frame
}

// Open opens the store in dir.
func (e *us) Open(_ context.Context, dir string) (err error) {
	if e.calendars, err = market.NewCalendars(); err != nil {
		return err
	}
	e.store, err = openOurs(dir)
	return err
}

// WriteBars writes one symbol by rows and several as frames of one call.
func (e *us) WriteBars(ctx context.Context, parts []bars) error {
	if len(parts) == 1 {
		return e.store.WriteBars(ctx, parts[0].symbol, market.Minute, parts[0].rows)
	}
	e.frames = e.frames[:0]
	for i := range parts {
		e.frames = append(e.frames, series.FrameOfBars(parts[i].symbol, market.Minute, parts[i].rows))
	}
	_, err := e.store.Write(ctx, e.frames, nil)
	return err
}

// ReadColumns asks for all symbols at once.
func (e *us) ReadColumns(ctx context.Context, symbols []market.Symbol, yield func(*columns) error) error {
	q := series.Query{Keys: barKeys(symbols), Columns: []string{"open", "high", "low", "close", "volume"}}
	var c columns
	for f, err := range e.store.Read(ctx, q) {
		if err != nil {
			return err
		}
		c = columns{
			f.Time, f.Column("open").Floats, f.Column("high").Floats, f.Column("low").Floats,
			f.Column("close").Floats, f.Column("volume").Floats,
		}
		if err := yield(&c); err != nil {
			return err
		}
	}
	return nil
}

// ReadRows iterates over the bars of one symbol after the other.
func (e *us) ReadRows(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	for _, y := range symbols {
		for b, err := range e.store.Bars(ctx, y, market.Minute, market.Range{}) {
			if err != nil {
				return err
			}
			if err := yield(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteTicks writes rows.
func (e *us) WriteTicks(ctx context.Context, y market.Symbol, all []market.Tick) error {
	return e.store.WriteTicks(ctx, y, all)
}

// ReadTicks asks for all symbols at once.
func (e *us) ReadTicks(ctx context.Context, symbols []market.Symbol, yield func(*tickColumns) error) error {
	q := series.Query{Columns: []string{"last_price", "last_volume"}}
	for _, y := range symbols {
		q.Keys = append(q.Keys, series.TickKey(y))
	}
	var c tickColumns
	for f, err := range e.store.Read(ctx, q) {
		if err != nil {
			return err
		}
		c = tickColumns{f.Time, f.Seq, f.Column("last_price").Floats, f.Column("last_volume").Floats}
		if err := yield(&c); err != nil {
			return err
		}
	}
	return nil
}

// Hours has the store fold.
func (e *us) Hours(ctx context.Context, symbols []market.Symbol, yield func(market.Bar) error) error {
	q := series.FoldQuery{Keys: barKeys(symbols), Interval: market.Hour, Zone: time.UTC}
	for f, err := range e.store.Resample(ctx, q) {
		if err != nil {
			return err
		}
		for b := range f.Bars() {
			if err := yield(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Days has the store hold the bars against the calendar that never closes.
func (e *us) Days(ctx context.Context, symbols []market.Symbol, yield func(int) error) error {
	q := series.ExpectedQuery{Keys: barKeys(symbols), Calendar: func(market.Symbol) (*market.Calendar, error) {
		return e.calendars.Named("24x7")
	}}
	for c, err := range e.store.Coverage(ctx, q) {
		if err != nil {
			return err
		}
		for _, d := range c.Days {
			if d.Present == 0 {
				continue
			}
			if err := yield(d.Present); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close closes the store.
func (e *us) Close() error {
	if e.store == nil {
		return nil
	}
	return e.store.Close()
}

func barKeys(symbols []market.Symbol) []series.Key {
	keys := make([]series.Key, len(symbols))
	for i, y := range symbols {
		keys[i] = series.BarKey(y, market.Minute)
	}
	return keys
}
