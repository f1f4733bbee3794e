package postgrespool_test

import (
	"context"
	"fmt"

	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/postgrespool"
)

func ExampleNewEngine() {
	engine, err := postgrespool.NewEngine(sqlpool.Source{
		Name:     "main",
		URL:      "postgres://me@localhost:5432/vnpy?TimeZone=Asia%2FShanghai",
		Password: func(context.Context) (string, error) { return "secret", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	fmt.Println(engine.Dialect(), engine.Overrides())
	// Output: postgresql [TimeZone]
}
