// Package realdata reads the real market data that tests and benchmarks stand
// on: the files of the folder ../shared/data, which its README.md describes.
//
// Every row of every file under ship/, bars/ and ticks/ comes back in the
// order of the file, its time in UTC and fit to be stored. A row that cannot
// be read ends the reading with an error that names file and line; nothing is
// left out or mended. The package knows these files and no others: it is a
// second opinion, and shares no code with the importers that it is held
// against.
//
// A test begins with [Open], which skips it where the data is not; what is no
// test asks [Dir] and takes the files by [In].
package realdata

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

const (
	variable = "REDFIRE_TEST_DATA"
	module   = "github.com/redfire-quant/redfire"
)

// Data lists the sets of the folder, in the order of its README.
type Data struct {
	Bars  []Bars
	Ticks []Ticks
}

// Bars is a file of bars.
type Bars struct {
	Symbol   market.Symbol
	Interval market.Interval
	File     string // its path

	header string
	clock  clock
}

// Ticks are the trades of a symbol in one or several files. Each goes on where
// the one before it ends.
type Ticks struct {
	Symbol market.Symbol
	Files  []string // their paths

	header string
	clock  clock
}

// A Trade is a tick with what market.Tick has no field for. Of the tick itself
// Time, Seq, LastPrice and LastVolume are given.
type Trade struct {
	Tick  market.Tick
	Venue string // a letter; empty if the file has none
}

// Dir returns the folder of the data: what REDFIRE_TEST_DATA names, else
// ../shared/data, either as seen from the root of RedFire's module. The error
// is fault.NotFound if there is no such folder.
func Dir() (string, error) {
	dir := os.Getenv(variable)
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	if !filepath.IsAbs(dir) {
		root, err := moduleRoot()
		if err != nil {
			return "", fmt.Errorf("realdata: find the data: %w", err)
		}
		dir = filepath.Join(root, dir)
	}
	if _, err := os.ReadDir(dir); err != nil {
		return "", fmt.Errorf("realdata: find the data: %w: %w", fault.NotFound, err)
	}
	return dir, nil
}

// moduleRoot returns the folder of RedFire's go.mod, at or above the working
// directory. It passes over those of modules within, such as bench.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, _ := os.ReadFile(filepath.Join(dir, "go.mod"))
		if words := strings.Fields(string(text)); len(words) > 1 && words[1] == module {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%w: no go.mod of %s in this folder or above it", fault.NotFound, module)
		}
		dir = parent
	}
}

// Open returns the data. Where there is none it skips the test.
func Open(tb testing.TB) *Data {
	tb.Helper()
	dir, err := Dir()
	if err != nil {
		tb.Skip("test data is not here: set " + variable)
	}
	return In(dir)
}

// In returns the data of the folder dir. It does not look whether the files
// are there: reading one that is missing yields fault.NotFound.
func In(dir string) *Data {
	const prices = ",open,high,low,close,volume"
	const trades = ",last_price,last_volume"
	of := func(code string, exchange market.Exchange) market.Symbol {
		return market.Symbol{Code: code, Exchange: exchange}
	}
	below := func(file string) string { return filepath.Join(dir, filepath.FromSlash(file)) }
	ibm := make([]string, 5)
	for i := range ibm {
		ibm[i] = below(fmt.Sprintf("ticks/IBM.NYSE/201310%02d.csv.gz", 7+i))
	}
	return &Data{
		Bars: []Bars{
			{of("SPX", market.CBOE), market.Day, below("ship/bars/SPX.CBOE/1d.csv"), "date" + prices, monthDayYear},
			{of("COMP", market.NASDAQ), market.Day, below("ship/bars/COMP.NASDAQ/1d.csv"), "date" + prices, monthDayYear},
			{of("AAPL", market.NASDAQ), market.Day, below("bars/AAPL.NASDAQ/1d.csv"), "date" + prices, wallClock},
			{of("SPY", market.NYSE), market.Minute, below("bars/SPY.NYSE/1m_new_york_wall_clock.csv"), "datetime" + prices, wallClock},
			{of("BTCUSD", "COINBASE"), market.Minute, below("bars/BTCUSD.COINBASE/1m_epoch_ms.csv"), "open_time" + prices, epochMilliseconds},
			{of("BTCUSDT", "BYBIT"), market.Minute, below("bars/BTCUSDT.BYBIT/1m_epoch_ms.csv"), "open_time" + prices, epochMilliseconds},
			{of("rb", market.SHFE), 5 * market.Minute, below("bars/rb.SHFE/5m_shanghai_bar_end.csv"), "<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>", fiveMinutesEarlier},
		},
		Ticks: []Ticks{
			{of("BTCUSD", "BITSTAMP"), []string{below("ship/ticks/BTCUSD.BITSTAMP/20131125_20131201.csv.gz")}, "epoch_s" + trades, epochSeconds},
			{of("SPY", market.NYSE), []string{below("ticks/SPY.NYSE/20131008.csv.gz")}, "datetime" + trades + ",venue", utc},
			{of("IBM", market.NYSE), ibm, "datetime" + trades + ",venue", utc},
		},
	}
}
