package seriesbench

import (
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

// openOurs opens the store that is measured as ours, as a user would open it: an
// acknowledgement follows the sync. Nothing else in this package knows which
// engine it stands on.
func openOurs(dir string) (*series.Store, error) { return localseries.Open(dir, nil) }
