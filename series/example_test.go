package series_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// A store is made over an engine, and closes it.
func Example() {
	ctx := context.Background()
	store := series.New(memseries.NewEngine(), nil)
	defer store.Close()

	rebar := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	open := market.Time(time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC).UnixNano())
	err := store.WriteBars(ctx, rebar, market.Minute, []market.Bar{
		{Time: open, Open: 3100, High: 3104, Low: 3099, Close: 3102, Volume: 1200},
		{Time: open + 60e9, Open: 3102, High: 3103, Low: 3098, Close: 3098, Volume: 900},
	})
	if err != nil {
		panic(err)
	}
	for bar, err := range store.Bars(ctx, rebar, market.Minute, market.Range{From: open}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(bar.Time, bar.Close, bar.Volume)
	}
	// Output:
	// 2026-01-05T01:00:00Z 3102 1200
	// 2026-01-05T01:01:00Z 3098 900
}

// Columns are what is stored; rows are a view of them. An extra column is a
// series' own.
func ExampleStore_Write() {
	ctx := context.Background()
	store := memseries.Open(nil)
	defer store.Close()

	spy := market.Symbol{Code: "SPY", Exchange: market.NYSE}
	at := market.Time(time.Date(2013, 10, 8, 13, 30, 0, 0, time.UTC).UnixNano())
	trades := series.Frame{
		Key:   series.TickKey(spy),
		Attrs: map[string]string{series.AttrTickVolume: string(market.Traded)},
		Time:  []market.Time{at, at, at + 5e6},
		Seq:   []uint32{0, 1, 0},
		Cols: []series.Column{
			{Name: "last_price", Floats: []float64{167.42, 167.42, 167.43}},
			{Name: "last_volume", Floats: []float64{100, 100, 300}},
			{Name: "venue", Texts: &series.Texts{Dict: []string{"P", "D"}, Index: []uint32{0, 0, 1}}},
		},
	}
	for range 2 { // the second time changes nothing
		counts, err := store.Write(ctx, []series.Frame{trades}, &series.WriteOptions{Count: true})
		if err != nil {
			panic(err)
		}
		fmt.Printf("%+v\n", counts)
	}
	for f, err := range store.Read(ctx, series.Query{Keys: []series.Key{trades.Key}, Columns: []string{"venue"}, Reverse: true, Limit: 1}) {
		if err != nil {
			panic(err)
		}
		venue := f.Column("venue").Texts
		fmt.Println(f.Time[0], venue.Dict[venue.Index[0]])
	}
	// Output:
	// {New:3 Unchanged:0 Replaced:0 Deleted:0}
	// {New:0 Unchanged:3 Replaced:0 Deleted:0}
	// 2013-10-08T13:30:00.005Z D
}

// What cannot be stored is refused whole, and says where it stands.
func ExampleStore_WriteBars() {
	store := memseries.Open(nil)
	defer store.Close()
	rebar := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	err := store.WriteBars(context.Background(), rebar, market.Minute, []market.Bar{{Open: 3100}})
	fmt.Println(err)
	fmt.Println(errors.Is(err, fault.Invalid), fault.CodeOf(err))
	// Output:
	// series: write: time: row 0: no time
	// true RF-SER-002
}

// Bars of a day begin at midnight in the zone that is named.
func ExampleStore_Resample() {
	ctx := context.Background()
	store := memseries.Open(nil)
	defer store.Close()
	btc := market.Symbol{Code: "BTCUSD", Exchange: "BITSTAMP"}
	begin := time.Date(2026, 1, 5, 15, 58, 0, 0, time.UTC) // 23:58 in Shanghai
	var minutes []market.Bar
	for i := range 4 {
		price := 90_000 + float64(i)
		minutes = append(minutes, market.Bar{
			Time: market.Time(begin.Add(time.Duration(i) * time.Minute).UnixNano()),
			Open: price, High: price + 5, Low: price - 5, Close: price, Volume: 1,
		})
	}
	if err := store.WriteBars(ctx, btc, market.Minute, minutes); err != nil {
		panic(err)
	}
	shanghai, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	days := series.FoldQuery{Keys: []series.Key{series.BarKey(btc, market.Minute)}, Interval: market.Day, Zone: shanghai}
	for f, err := range store.Resample(ctx, days) {
		if err != nil {
			panic(err)
		}
		for bar := range f.Bars() {
			fmt.Println(bar.Time.In(shanghai).Format(time.DateOnly), bar.Open, bar.High, bar.Low, bar.Close, bar.Volume)
		}
	}
	// Output:
	// 2026-01-05 90000 90006 89995 90001 2
	// 2026-01-06 90002 90008 89997 90003 2
}
