package redfire_test

import (
	"context"
	"fmt"
	"os"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/market"
)

// An empty configuration is an embedded store in a folder.
func ExampleOpen() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	c, err := config.Load(&config.Options{})
	if err != nil {
		panic(err)
	}
	c.Data = config.Path(folder)

	ctx := context.Background()
	data, err := redfire.Open(ctx, c, nil)
	if err != nil {
		panic(err)
	}
	symbol := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	bar := market.Bar{Time: 1767574800e9, Open: 3100, High: 3104, Low: 3098, Close: 3101, Volume: 12}
	if err := data.Series.WriteBars(ctx, symbol, market.Minute, []market.Bar{bar}); err != nil {
		panic(err)
	}
	for b, err := range data.Series.Bars(ctx, symbol, market.Minute, market.Range{}) {
		fmt.Println(b.Time, b.Close, err)
	}
	for _, s := range data.Sources(ctx) {
		fmt.Println(s.Name, s.Engine, s.State)
	}
	fmt.Println(data.Close())
	// Output:
	// 2026-01-05T01:00:00Z 3101 <nil>
	// series localseries ok
	// sql.main sqlitepool ok
	// <nil>
}
