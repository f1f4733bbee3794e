package seriesbench

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
)

const (
	callRows   = 100_000 // rows of a call in bulk
	batchRows  = 5_000   // rows of a batch out of many symbols
	batchParts = 50      // the symbols of a batch
	allSymbols = 5_000   // those of which a bar is written at once
)

// A tape is real rows to repeat: those of a symbol, again and again, each time
// moved on by period. With each repetition the prices move by some ticks and
// the volumes by some lots: bit for bit the same rows would flatter whoever
// compresses with a dictionary, and no market repeats itself.
type tape struct {
	name          string
	bars          []market.Bar
	ticks         []market.Tick
	period        market.Time
	price, volume grid
}

// A grid are the numbers with so many decimals, of which lot is the step by
// which they are moved.
type grid struct {
	decimals int
	lot      int64
}

// move returns v moved by n lots, as the decimal number it would be written as.
// What is not on the grid stays as it is.
func (g grid) move(v float64, n int64) float64 {
	scale := math.Pow10(g.decimals)
	units := math.Round(v * scale)
	if units/scale != v {
		return v
	}
	return (units + float64(n*g.lot)) / scale
}

// tapes are what all data is made of.
type tapes struct {
	bars  []tape
	ticks tape
}

// readTapes reads the real files.
func readTapes() (*tapes, error) {
	dir, err := realdata.Dir()
	if errors.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("%w; set REDFIRE_TEST_DATA to the folder of the real data", err)
	}
	if err != nil {
		return nil, err
	}
	all := &tapes{}
	for _, set := range realdata.In(dir).Bars {
		t, wanted := tape{}, true
		switch set.Symbol.String() {
		case "SPY.NYSE":
			t = tape{name: "SPY", price: grid{2, 1}, volume: grid{0, 100}}
		case "BTCUSD.COINBASE":
			t = tape{name: "BTC", price: grid{2, 1}, volume: grid{8, 1000}}
		default:
			wanted = false
		}
		if !wanted {
			continue
		}
		for b, err := range set.Rows() {
			if err != nil {
				return nil, err
			}
			t.bars = append(t.bars, b)
		}
		t.period = period(t.bars[0].Time, t.bars[len(t.bars)-1].Time, 7*24*time.Hour)
		all.bars = append(all.bars, t)
	}
	for _, set := range realdata.In(dir).Ticks {
		if set.Symbol.String() != "SPY.NYSE" {
			continue
		}
		all.ticks = tape{name: "SPY", price: grid{2, 1}}
		for trade, err := range set.Rows() {
			if err != nil {
				return nil, err
			}
			all.ticks.ticks = append(all.ticks.ticks, trade.Tick)
		}
		rows := all.ticks.ticks
		all.ticks.period = period(rows[0].Time, rows[len(rows)-1].Time, 24*time.Hour)
	}
	return all, nil
}

// period returns the least multiple of unit that is longer than from first to
// last, so that days stay days and weeks weeks.
func period(first, last market.Time, unit time.Duration) market.Time {
	u := market.Time(unit)
	return ((last-first)/u + 1) * u
}

// makeBars makes rows one-minute bars of each of so many symbols.
func (a *tapes) makeBars(symbols, rows int) []bars {
	all := make([]bars, symbols)
	for i := range all {
		t := &a.bars[i%len(a.bars)]
		all[i] = bars{symbolOf(t.name, i), make([]market.Bar, rows)}
		for j := range rows {
			// Symbols begin at different places of the tape.
			n := i*997%len(t.bars) + j
			lap := n / len(t.bars)
			b := t.bars[n%len(t.bars)]
			b.Time += market.Time(lap) * t.period
			prices, volumes := drift(i, lap)
			b.Open, b.High = t.price.move(b.Open, prices), t.price.move(b.High, prices)
			b.Low, b.Close = t.price.move(b.Low, prices), t.price.move(b.Close, prices)
			b.Volume = t.volume.move(b.Volume, volumes)
			all[i].rows[j] = b
		}
	}
	return all
}

// makeTicks makes rows trades of each of so many symbols.
func (a *tapes) makeTicks(symbols, rows int) []ticks {
	t := &a.ticks
	all := make([]ticks, symbols)
	for i := range all {
		all[i] = ticks{symbolOf(t.name, i), make([]market.Tick, rows)}
		for j := range rows {
			n := i*45_007%len(t.ticks) + j
			lap := n / len(t.ticks)
			row := t.ticks[n%len(t.ticks)]
			row.Time += market.Time(lap) * t.period
			prices, _ := drift(i, lap)
			row.LastPrice = t.price.move(row.LastPrice, prices)
			all[i].rows[j] = row
		}
	}
	return all
}

// drift says by how many lots the prices and the volumes of a repetition move:
// any numbers that look nothing like each other and are the same in each run.
func drift(symbol, lap int) (prices, volumes int64) {
	x := uint64(symbol)*0x9E3779B97F4A7C15 + uint64(lap)*0xBF58476D1CE4E5B9
	x ^= x >> 29
	x *= 0x94D049BB133111EB
	x ^= x >> 32
	return int64(x % 1500), int64(x >> 32 % 50)
}

// symbolOf names the i-th symbol. vn.py knows the exchange LOCAL too.
func symbolOf(name string, i int) market.Symbol {
	return market.Symbol{Code: fmt.Sprintf("%s%04d", name, i), Exchange: market.LOCAL}
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

func yieldHour(h market.Bar, yield func(market.Bar) error) error {
	if h.Time == 0 {
		return nil
	}
	return yield(h)
}
