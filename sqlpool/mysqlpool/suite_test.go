package mysqlpool

import (
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/servers"
	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/sqlpooltest"
)

// harness gives the suite databases of a server.
func harness(start func(servers.T) *servers.Server) sqlpooltest.Harness {
	return sqlpooltest.Harness{
		Source: func(t testing.TB) sqlpool.Source {
			return database(t, start(t), "suite_"+strings.ToLower(t.Name()))
		},
		Open:   func(s sqlpool.Source) (sqlpool.Engine, error) { return NewEngine(s) },
		Server: start,
	}
}

func TestSuiteMariaDB(t *testing.T) { sqlpooltest.Run(t, harness(servers.MariaDB)) }

func TestSuiteMySQL(t *testing.T) { sqlpooltest.Run(t, harness(servers.MySQL)) }

func TestBadDaysMariaDB(t *testing.T) { sqlpooltest.RunBadDays(t, harness(servers.MariaDB)) }

func TestBadDaysMySQL(t *testing.T) { sqlpooltest.RunBadDays(t, harness(servers.MySQL)) }
