package redfire

import (
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/mysqlpool"
	"github.com/redfire-quant/redfire/sqlpool/postgrespool"
	"github.com/redfire-quant/redfire/sqlpool/sqlitepool"
)

// OpenSQL returns the engine of a source, by the kind that its address names:
// mysql, postgres or sqlite. It needs no server. [sqlpool.New] takes it for the
// sources of a program and for those that are added later.
func OpenSQL(source sqlpool.Source) (sqlpool.Engine, error) {
	switch scheme, _, _ := strings.Cut(source.URL, ":"); scheme {
	case "mysql":
		return opened(mysqlpool.NewEngine(source))
	case "postgres":
		return opened(postgrespool.NewEngine(source))
	case "sqlite":
		return opened(sqlitepool.NewEngine(source))
	default:
		return nil, fault.SQLSource.Errorf("there is no SQL database %q; there are mysql, postgres and sqlite", scheme)
	}
}

// opened returns no engine where there is an error: not one of a kind that is nil.
func opened[E sqlpool.Engine](engine E, err error) (sqlpool.Engine, error) {
	if err != nil {
		return nil, err
	}
	return engine, nil
}
