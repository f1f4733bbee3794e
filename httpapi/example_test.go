package httpapi_test

import (
	"context"
	"fmt"
	"os"

	"github.com/redfire-quant/redfire"
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/httpapi"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
)

// A program serves its stores, and another one uses them as its own.
func ExampleNew() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	c, err := config.Load(&config.Options{})
	if err != nil {
		panic(err)
	}
	c.Data, c.SQL = config.Path(folder), nil
	ctx, stop := context.WithCancel(context.Background())
	data, err := redfire.Open(ctx, c, nil)
	if err != nil {
		panic(err)
	}
	server, err := httpapi.New(data, nil)
	if err != nil {
		panic(err)
	}
	listener, err := httpapi.Listen(ctx, "127.0.0.1:0", nil)
	if err != nil {
		panic(err)
	}
	served := make(chan error)
	go func() { served <- server.Serve(ctx, listener) }()

	store, err := client.Open("http://"+listener.Addr().String(), nil)
	if err != nil {
		panic(err)
	}
	symbol := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	bar := market.Bar{Time: 1767574800e9, Open: 3100, High: 3104, Low: 3098, Close: 3101, Volume: 12}
	fmt.Println(store.WriteBars(ctx, symbol, market.Minute, []market.Bar{bar}))
	for b, err := range store.Bars(ctx, symbol, market.Minute, market.Range{}) {
		fmt.Println(b.Time, b.Close, err)
	}
	fmt.Println(store.Close())
	stop()
	fmt.Println(<-served, data.Close())
	// Output:
	// <nil>
	// 2026-01-05T01:00:00Z 3101 <nil>
	// <nil>
	// <nil> <nil>
}
