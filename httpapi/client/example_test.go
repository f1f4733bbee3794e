package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/client"
	"github.com/redfire-quant/redfire/market"
)

// A server is a store like others, also in its errors.
func ExampleOpen() {
	store, err := client.Open("http://127.0.0.1:1", &client.Options{Token: "rf_..."})
	if err != nil {
		panic(err)
	}
	symbol := market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	for _, err := range store.Bars(context.Background(), symbol, market.Minute, market.Range{}) {
		fmt.Println(errors.Is(err, fault.Unavailable), fault.CodeOf(err))
	}
	fmt.Println(store.Close())
	// Output:
	// true RF-API-019
	// <nil>
}
