package marketfile

import "github.com/redfire-quant/redfire/series"

// exportedNames are the first columns of files that Export writes.
func exportedNames(kind series.Kind) []string {
	if kind == series.Bars {
		return []string{"symbol", "interval", "time", "open", "high", "low", "close"}
	}
	return []string{"symbol", "time", "seq", "last_price", "last_volume"}
}
