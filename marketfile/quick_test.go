package marketfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
)

func TestQuick(t *testing.T) {
	root := "../../shared/data"
	s, err := localseries.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f := func(kind series.Kind, o *Options, names ...string) {
		t.Helper()
		for i := range names {
			names[i] = filepath.Join(root, names[i])
		}
		files, err := Files(names)
		if err != nil {
			t.Error(err)
		}
		o.Rejects = os.TempDir()
		for range 2 {
			begin := time.Now()
			r, err := Import(t.Context(), s, kind, files, o)
			t.Logf("%s: %+v %v %s", names[0], r, err, time.Since(begin))
		}
	}
	ny, _ := market.LoadZone("America/New_York")
	sh, _ := market.LoadZone("Asia/Shanghai")
	f(series.Bars, &Options{Path: "{symbol}/{interval}.csv"}, "ship/bars")
	f(series.Bars, &Options{Path: "{symbol}/{interval}.csv", DateOrder: MonthDayYear}, "ship/bars")
	f(series.Bars, &Options{Path: "{symbol}/{interval}.csv"}, "bars/AAPL.NASDAQ")
	f(series.Bars, &Options{Path: "{symbol}/{interval}_*.csv"}, "bars/SPY.NYSE")
	f(series.Bars, &Options{Path: "{symbol}/{interval}_*.csv", Zone: ny, BarTime: Start}, "bars/SPY.NYSE")
	f(series.Bars, &Options{Path: "{symbol}/{interval}_*.csv"}, "bars/BTCUSD.COINBASE", "bars/BTCUSDT.BYBIT")
	f(series.Bars, &Options{Path: "{symbol}/{interval}_*.csv", Zone: sh, BarTime: End}, "bars/rb.SHFE")
	f(series.Ticks, &Options{Path: "{symbol}/*"}, "ship/ticks")
	f(series.Ticks, &Options{Path: "{symbol}/*", Keep: []Kept{{Column: "venue"}}}, "ticks")
}
