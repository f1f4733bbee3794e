package postgrespool

import (
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/sqlpooltest"
)

// harness gives the suite databases of a server.
func harness() sqlpooltest.Harness {
	return sqlpooltest.Harness{
		Source: func(t testing.TB) sqlpool.Source {
			return database(t, servers.PostgreSQL(t), "suite_"+strings.ToLower(t.Name()))
		},
		Open:   func(s sqlpool.Source) (sqlpool.Engine, error) { return NewEngine(s) },
		Server: servers.PostgreSQL,
	}
}

func TestSuitePostgreSQL(t *testing.T) { sqlpooltest.Run(t, harness()) }

func TestBadDaysPostgreSQL(t *testing.T) { sqlpooltest.RunBadDays(t, harness()) }
