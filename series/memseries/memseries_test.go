package memseries_test

import (
	"testing"

	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
	"github.com/redfire-quant/redfire/series/seriestest"
)

func TestEngine(t *testing.T) {
	seriestest.Run(t, seriestest.Harness{
		Name:        "memseries",
		Open:        func(testing.TB) series.Engine { return memseries.NewEngine() },
		KeptChanges: 1 << 16,
		// No Reopen: memory forgets.
	})
}
