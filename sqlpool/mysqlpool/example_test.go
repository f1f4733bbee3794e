package mysqlpool_test

import (
	"context"
	"fmt"

	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/mysqlpool"
)

func ExampleNewEngine() {
	engine, err := mysqlpool.NewEngine(sqlpool.Source{
		Name:     "main",
		URL:      "mysql://root@localhost:3306/vnpy?time_zone='%2B08:00'",
		Password: func(context.Context) (string, error) { return "secret", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	fmt.Println(engine.Dialect(), engine.Overrides())
	// Output: mysql [time_zone]
}
