package sqlitepool

import (
	"path/filepath"
	"testing"

	"github.com/redfire-quant/redfire/sqlpool"
	"github.com/redfire-quant/redfire/sqlpool/sqlpooltest"
)

// harness gives the suite files.
func harness() sqlpooltest.Harness {
	return sqlpooltest.Harness{
		Source: func(t testing.TB) sqlpool.Source {
			return sqlpool.Source{Name: "main", URL: "sqlite:" + filepath.Join(t.TempDir(), "suite.db")}
		},
		Open: func(s sqlpool.Source) (sqlpool.Engine, error) { return NewEngine(s) },
	}
}

func TestSuiteSQLite(t *testing.T) { sqlpooltest.Run(t, harness()) }

func TestBadDaysSQLite(t *testing.T) { sqlpooltest.RunBadDaysOfFiles(t, harness()) }
