package redfire

import (
	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/mysqlpool"
	"github.com/redfire-quant/redfire/sqlpool/postgrespool"
	"github.com/redfire-quant/redfire/sqlpool/sqlitepool"
)

// OpenSQL returns the engine of a source, by the kind that its address names:
// mysql, postgres (or postgresql) or sqlite. It needs no server. [sqlpool.New] takes it for the
// sources of a program and for those that are added later.
func OpenSQL(source sqlpool.Source) (sqlpool.Engine, error) {
	switch address := config.URL(source.URL); address.Scheme() {
	case "mysql":
		return opened(mysqlpool.NewEngine(source))
	case "postgres", "postgresql":
		return opened(postgrespool.NewEngine(source))
	case "sqlite":
		return opened(sqlitepool.NewEngine(source))
	default:
		return nil, noEngine("sql."+source.Name+".url", address)
	}
}

// opened returns no engine where there is an error: not one of a kind that is nil.
func opened[E sqlpool.Engine](engine E, err error) (sqlpool.Engine, error) {
	if err != nil {
		return nil, err
	}
	return engine, nil
}
