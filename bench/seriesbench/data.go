package seriesbench

import (
	"time"

	"github.com/redfire-quant/redfire/bench/tape"
	"github.com/redfire-quant/redfire/market"
)

const (
	callRows   = 100_000 // rows of a call in bulk
	batchRows  = 5_000   // rows of a batch out of many symbols
	batchParts = 50      // the symbols of a batch
	allSymbols = 5_000   // those of which a bar is written at once
)

// tapes make the rows of all engines.
type tapes struct{ *tape.Tapes }

// makeBars makes rows one-minute bars of each of so many symbols.
func (a *tapes) makeBars(symbols, rows int) []bars {
	all := make([]bars, symbols)
	for i := range all {
		t := a.Bars(i)
		all[i] = bars{t.Symbol(i), make([]market.Bar, rows)}
		for j := range rows {
			all[i].rows[j] = t.Bar(i, j)
		}
	}
	return all
}

// makeTicks makes rows trades of each of so many symbols.
func (a *tapes) makeTicks(symbols, rows int) []ticks {
	t := a.Ticks()
	all := make([]ticks, symbols)
	for i := range all {
		all[i] = ticks{t.Symbol(i), make([]market.Tick, rows)}
		for j := range rows {
			all[i].rows[j] = t.Tick(i, j)
		}
	}
	return all
}

func symbolsOf(all []bars) []market.Symbol {
	symbols := make([]market.Symbol, len(all))
	for i := range all {
		symbols[i] = all[i].symbol
	}
	return symbols
}

func symbolsOfTicks(all []ticks) []market.Symbol {
	symbols := make([]market.Symbol, len(all))
	for i := range all {
		symbols[i] = all[i].symbol
	}
	return symbols
}

func countBars(all []bars) int {
	n := 0
	for i := range all {
		n += len(all[i].rows)
	}
	return n
}

func countTicks(all []ticks) int {
	n := 0
	for i := range all {
		n += len(all[i].rows)
	}
	return n
}

// hours makes the coarser bars that engines are to make of all.
func hours(all []bars, yield func(market.Bar) error) error {
	const hour = market.Time(time.Hour)
	for i := range all {
		var h market.Bar
		for j := range all[i].rows {
			b := &all[i].rows[j]
			// All rows are after 1970, so that dividing rounds down.
			if start := b.Time / hour * hour; start == h.Time {
				h.High, h.Low, h.Close = max(h.High, b.High), min(h.Low, b.Low), b.Close
				h.Volume += b.Volume
				continue
			}
			if err := yieldHour(h, yield); err != nil {
				return err
			}
			h = market.Bar{Time: b.Time / hour * hour, Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume}
		}
		if err := yieldHour(h, yield); err != nil {
			return err
		}
	}
	return nil
}

// days counts the bars of each day of UTC, symbol by symbol.
func days(all []bars) []int {
	const day = market.Time(24 * time.Hour)
	var counts []int
	for i := range all {
		last := market.Time(-1)
		for j := range all[i].rows {
			// All rows are after 1970, so that dividing rounds down.
			if d := all[i].rows[j].Time / day; d != last {
				counts, last = append(counts, 0), d
			}
			counts[len(counts)-1]++
		}
	}
	return counts
}

func yieldHour(h market.Bar, yield func(market.Bar) error) error {
	if h.Time == 0 {
		return nil
	}
	return yield(h)
}
