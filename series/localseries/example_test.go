package localseries_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series/localseries"
)

// A store in a folder: what WriteBars has acknowledged is there when the folder is
// opened again.
func Example() {
	ctx := context.Background()
	home, err := os.MkdirTemp("", "redfire")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	folder := filepath.Join(home, "series")

	rebar := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	open := market.Time(time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC).UnixNano())
	store, err := localseries.Open(folder, nil)
	if err != nil {
		panic(err)
	}
	err = store.WriteBars(ctx, rebar, market.Minute, []market.Bar{{Time: open, Open: 3100, High: 3104, Low: 3099, Close: 3102, Volume: 1200}})
	if err != nil {
		panic(err)
	}
	if err := store.Close(); err != nil {
		panic(err)
	}

	if store, err = localseries.Open(folder, nil); err != nil {
		panic(err)
	}
	defer store.Close()
	for bar, err := range store.Bars(ctx, rebar, market.Minute, market.Range{}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(bar.Time, bar.Close)
	}
	// Output:
	// 2026-01-05T01:00:00Z 3102
}

// A backup is made while others write, and is a store itself.
func ExampleEngine_Backup() {
	ctx := context.Background()
	home, err := os.MkdirTemp("", "redfire")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(home) }()
	engine, err := localseries.NewEngine(filepath.Join(home, "series"), nil)
	if err != nil {
		panic(err)
	}
	defer engine.Close()
	if err := engine.Backup(ctx, filepath.Join(home, "backup")); err != nil {
		panic(err)
	}
	for damage, err := range engine.Verify(ctx) {
		fmt.Println(damage, err)
	}
	fmt.Println("sound")
	// Output:
	// sound
}
