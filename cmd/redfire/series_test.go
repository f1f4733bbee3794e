package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

func symbol(code string, e market.Exchange) market.Symbol {
	return market.Symbol{Code: code, Exchange: e}
}

// instant reads a time of Shanghai.
func instant(text string) market.Time {
	zone, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	t, err := market.ParseTime(text, zone)
	if err != nil {
		panic(err)
	}
	return t
}

const (
	rowsOfDay = 225
	days      = 10
)

// bars returns minutes of ten trading days of a contract: prices on a grid, one
// session of 225 minutes a day.
func bars(from string) []market.Bar {
	var all []market.Bar
	day, price := instant(from), 3100.0
	for range days {
		for i := range rowsOfDay {
			next := price + float64((len(all)*7919)%11-5)
			volume := float64(100 + (len(all)*31)%500)
			all = append(all, market.Bar{
				Time: day + market.Time(i)*market.Time(time.Minute),
				Open: price, High: max(price, next) + 1, Low: min(price, next) - 1, Close: next,
				Volume: volume, OpenInterest: 1_500_000 + float64(len(all)),
			})
			price = next
		}
		day += market.Time(24 * time.Hour)
	}
	return all
}

// ticks returns two a second, the volume counted since the day began, of which
// each fifth has a twin in its microsecond.
func ticks(n int) []market.Tick {
	var all []market.Tick
	begin := instant("2026-01-05 09:00")
	for i := range n {
		price := 3100 + float64((i*7919)%11-5)
		t := market.Tick{
			Time: begin + market.Time(i)*market.Time(500*time.Millisecond), Depth: 1, Name: "螺纹钢2601",
			LastPrice: price, LastVolume: 2, Volume: float64(2 * (i + 1)), Turnover: float64(20 * (i + 1)),
			Local: begin + market.Time(i)*market.Time(500*time.Millisecond) + 1_234_567,
		}
		t.Bids[0], t.Asks[0] = market.Level{Price: price - 1, Volume: 7}, market.Level{Price: price + 1, Volume: 9}
		all = append(all, t)
		if i%5 == 0 {
			t.Seq, t.LastPrice = 1, price+1
			all = append(all, t)
		}
	}
	return all
}

// write fills the data folder: minutes of two contracts, one of them with an extra
// column, days, and ticks.
func write(ctx context.Context, data string) error {
	s, err := localseries.Open(filepath.Join(data, "series"), nil)
	if err != nil {
		return err
	}
	rb, steel := symbol("rb2601", market.SHFE), symbol("螺纹钢主力", market.SHFE)
	minutes := series.FrameOfBars(rb, market.Minute, bars("2026-01-05 09:00"))
	minutes.Attrs = map[string]string{series.AttrPriceTick: "1", series.AttrSource: "a test"}
	settled := series.Column{Name: "settle", Floats: make([]float64, minutes.Len()), Valid: make([]bool, minutes.Len())}
	for i := range settled.Floats {
		settled.Floats[i], settled.Valid[i] = 3100.5, i%rowsOfDay == rowsOfDay-1
	}
	minutes.Cols = append(minutes.Cols, settled)
	var daily []market.Bar
	for i := range 5 {
		daily = append(daily, market.Bar{
			Time: instant("2026-01-05") + market.Time(i)*market.Time(24*time.Hour),
			Open: 3100, High: 3120.5, Low: 3090, Close: 3110.1, Volume: 1e6 + float64(i),
		})
	}
	counted := series.FrameOfTicks(rb, ticks(100))
	counted.Attrs = map[string]string{series.AttrTickVolume: string(market.Cumulative)}
	frames := []series.Frame{
		minutes,
		series.FrameOfBars(steel, 5*market.Minute, bars("2026-02-02 21:00")[:10]),
		series.FrameOfBars(rb, market.Day, daily),
		series.FrameOfBars(symbol("btcusdt", market.LOCAL), market.Minute, bars("2026-01-05 00:00")[:100]),
		counted,
		series.FrameOfTicks(symbol("SPY", market.NYSE), ticks(20)),
	}
	if _, err := s.Write(ctx, frames, nil); err != nil {
		return err
	}
	return s.Close()
}

// filled returns a data folder with rows in it.
func filled(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if err := write(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	return data
}

// fill makes a store with rows in a data folder:
//
//	fill redfire-data
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fill DATA")
	}
	ts.Check(write(context.Background(), ts.MkAbs(args[0])))
}

// hold opens the store of a data folder until the script ends.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold DATA")
	}
	s, err := localseries.Open(filepath.Join(ts.MkAbs(args[0]), "series"), nil)
	ts.Check(err)
	ts.Defer(func() { ts.Check(s.Close()) })
}

// damage changes a byte in the middle of the first segment of a store.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage DATA")
	}
	ts.Check(damageStore(ts.MkAbs(args[0])))
}

func damageStore(data string) error {
	found, err := filepath.Glob(filepath.Join(data, "series", "segment-*"))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errors.New("there are no segments")
	}
	slices.Sort(found)
	text, err := os.ReadFile(found[0])
	if err != nil {
		return err
	}
	text[len(text)/4] ^= 0x10
	return os.WriteFile(found[0], text, 0o640)
}
