// Package tape makes the rows that benchmarks are run over: real ones, repeated
// to any number.
//
// A [Tape] is the rows of a symbol, again and again, each time moved on in time.
// With each repetition the prices move by some ticks and the volumes by some
// lots: bit for bit the same rows would flatter whoever compresses with a
// dictionary, and no market repeats itself. Every run makes the same rows.
package tape

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
)

// A Tape is real rows to repeat. It has bars or ticks.
type Tape struct {
	name          string
	bars          []market.Bar
	ticks         []market.Tick
	period        market.Time
	price, volume grid
}

// Tapes are what all data is made of.
type Tapes struct {
	bars  []*Tape
	ticks *Tape
}

// Read reads the real files.
func Read() (*Tapes, error) {
	dir, err := realdata.Dir()
	if errors.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("tape: %w; set REDFIRE_TEST_DATA to the folder of the real data", err)
	}
	if err != nil {
		return nil, fmt.Errorf("tape: %w", err)
	}
	all := &Tapes{}
	if err := errors.Join(all.readBars(dir), all.readTicks(dir)); err != nil {
		return nil, fmt.Errorf("tape: %w", err)
	}
	return all, nil
}

func (a *Tapes) readBars(dir string) error {
	for _, set := range realdata.In(dir).Bars {
		var t Tape
		switch set.Symbol.String() {
		case "SPY.NYSE":
			t = Tape{name: "SPY", price: grid{2, 1}, volume: grid{0, 100}}
		case "BTCUSD.COINBASE":
			t = Tape{name: "BTC", price: grid{2, 1}, volume: grid{8, 1000}}
		default:
			continue
		}
		for b, err := range set.Rows() {
			if err != nil {
				return err
			}
			t.bars = append(t.bars, b)
		}
		t.period = period(t.bars[0].Time, t.bars[len(t.bars)-1].Time, 7*24*time.Hour)
		a.bars = append(a.bars, &t)
	}
	return nil
}

func (a *Tapes) readTicks(dir string) error {
	for _, set := range realdata.In(dir).Ticks {
		if set.Symbol.String() != "SPY.NYSE" {
			continue
		}
		a.ticks = &Tape{name: "SPY", price: grid{2, 1}}
		for trade, err := range set.Rows() {
			if err != nil {
				return err
			}
			a.ticks.ticks = append(a.ticks.ticks, trade.Tick)
		}
		rows := a.ticks.ticks
		a.ticks.period = period(rows[0].Time, rows[len(rows)-1].Time, 24*time.Hour)
	}
	return nil
}

// Bars returns the tape of bars that the i-th symbol is made of.
func (a *Tapes) Bars(i int) *Tape { return a.bars[i%len(a.bars)] }

// Ticks returns the tape of ticks.
func (a *Tapes) Ticks() *Tape { return a.ticks }

// period returns the least multiple of unit that is longer than from first to
// last, so that days stay days and weeks weeks.
func period(first, last market.Time, unit time.Duration) market.Time {
	u := market.Time(unit)
	return ((last-first)/u + 1) * u
}

// Symbol names the i-th symbol. vn.py knows the exchange LOCAL too.
func (t *Tape) Symbol(i int) market.Symbol {
	return market.Symbol{Code: fmt.Sprintf("%s%04d", t.name, i), Exchange: market.LOCAL}
}

// Bar returns the n-th one-minute bar of the i-th symbol. Symbols begin at
// different places of the tape.
func (t *Tape) Bar(i, n int) market.Bar {
	n += i * 997 % len(t.bars)
	lap := n / len(t.bars)
	b := t.bars[n%len(t.bars)]
	b.Time += market.Time(lap) * t.period
	prices, volumes := drift(i, lap)
	b.Open, b.High = t.price.move(b.Open, prices), t.price.move(b.High, prices)
	b.Low, b.Close = t.price.move(b.Low, prices), t.price.move(b.Close, prices)
	b.Volume = t.volume.move(b.Volume, volumes)
	return b
}

// Tick returns the n-th trade of the i-th symbol.
func (t *Tape) Tick(i, n int) market.Tick {
	n += i * 45_007 % len(t.ticks)
	lap := n / len(t.ticks)
	row := t.ticks[n%len(t.ticks)]
	row.Time += market.Time(lap) * t.period
	prices, _ := drift(i, lap)
	row.LastPrice = t.price.move(row.LastPrice, prices)
	return row
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

// drift says by how many lots the prices and the volumes of a repetition move:
// any numbers that look nothing like each other and are the same in each run.
func drift(symbol, lap int) (prices, volumes int64) {
	x := uint64(symbol)*0x9E3779B97F4A7C15 + uint64(lap)*0xBF58476D1CE4E5B9
	x ^= x >> 29
	x *= 0x94D049BB133111EB
	x ^= x >> 32
	return int64(x % 1500), int64(x >> 32 % 50)
}
