package marketfile_test

import (
	"context"
	"fmt"
	"os"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

func ExampleExport() {
	store := memseries.Open(nil)
	defer store.Close()
	ctx, y := context.Background(), market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	start, err := market.ParseTime("2026-01-05T09:00:00+08:00", nil)
	if err != nil {
		panic(err)
	}
	bar := market.Bar{Time: start, Open: 3512, High: 3515, Low: 3510, Close: 3514, Volume: 1200}
	if err := store.WriteBars(ctx, y, market.Minute, []market.Bar{bar}); err != nil {
		panic(err)
	}

	what := marketfile.Selection{Kind: series.Bars, Keys: []series.Key{series.BarKey(y, market.Minute)}}
	zone, err := market.SHFE.Zone()
	if err != nil {
		panic(err)
	}
	rows, err := marketfile.Export(ctx, store, os.Stdout, what, &marketfile.ExportOptions{Zone: zone, Columns: []string{"open", "close", "volume"}})
	fmt.Println(rows, err)
	// Output:
	// symbol,interval,time,open,close,volume
	// rb2601.SHFE,1m,2026-01-05T09:00:00+08:00,3512,3514,1200
	// 1 <nil>
}

func ExampleNewEncoder() {
	store := memseries.Open(nil)
	defer store.Close()
	ctx, y := context.Background(), market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	bars := []market.Bar{{Time: 1767574800e9, Open: 3512, Close: 3514.5}, {Time: 1767574860e9, Open: 3514.5, Close: 3513}}
	if err := store.WriteBars(ctx, y, market.Minute, bars); err != nil {
		panic(err)
	}

	key := series.BarKey(y, market.Minute)
	opts := &marketfile.EncodeOptions{Format: marketfile.JSON, Columns: []string{"open", "close"}}
	e, err := marketfile.NewEncoder(os.Stdout, series.Bars, []series.Overview{{Key: key}}, opts)
	if err != nil {
		panic(err)
	}
	for f, err := range store.Read(ctx, series.Query{Keys: []series.Key{key}, Reverse: true}) {
		if err == nil {
			err = e.Write(f)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := e.Close(); err != nil {
		panic(err)
	}
	// Output:
	// [{"symbol":"rb2601.SHFE","interval":"1m","time":"2026-01-05T01:01:00Z","open":3514.5,"close":3513},
	// {"symbol":"rb2601.SHFE","interval":"1m","time":"2026-01-05T01:00:00Z","open":3512,"close":3514.5}]
}
