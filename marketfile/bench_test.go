package marketfile_test

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

const benchRows = 1 << 20

// walk fills a store with bars whose prices go up and down by ticks.
func walk(b *testing.B) *series.Store {
	b.Helper()
	s := newStore(b)
	bars := make([]market.Bar, benchRows)
	price, seed := 3500.0, uint64(1)
	for i := range bars {
		seed = seed*6364136223846793005 + 1442695040888963407
		price += float64(int(seed>>33)%5 - 2)
		bars[i] = market.Bar{
			Time: market.Time(1262304000e9 + int64(i)*60e9), Open: price, High: price + 2, Low: price - 3, Close: price + 1,
			Volume: float64(seed >> 40 % 5000), Turnover: price * float64(seed>>40%5000), OpenInterest: float64(1500000 + i%1000),
		}
	}
	put(b, s, series.FrameOfBars(market.Symbol{Code: "rb2601", Exchange: "SHFE"}, market.Minute, bars))
	return s
}

func rate(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkExport(b *testing.B) {
	s := walk(b)
	for _, f := range []marketfile.Format{marketfile.CSV, marketfile.NDJSON, marketfile.Parquet, marketfile.Arrow} {
		b.Run(string(f), func(b *testing.B) {
			what := marketfile.Selection{Kind: series.Bars, Keys: []series.Key{series.BarKey(market.Symbol{Code: "rb2601", Exchange: "SHFE"}, market.Minute)}}
			for b.Loop() {
				if _, err := marketfile.Export(b.Context(), s, io.Discard, what, &marketfile.ExportOptions{Format: f}); err != nil {
					b.Fatal(err)
				}
			}
			rate(b, benchRows)
		})
	}
}

func BenchmarkImportParquet(b *testing.B) {
	s := walk(b)
	path := filepath.Join(b.TempDir(), "bars.parquet")
	what := marketfile.Selection{Kind: series.Bars, Keys: []series.Key{series.BarKey(market.Symbol{Code: "rb2601", Exchange: "SHFE"}, market.Minute)}}
	if _, err := marketfile.ExportFile(b.Context(), s, path, what, nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		back := newStore(b)
		if _, err := marketfile.Import(b.Context(), back, series.Bars, []string{path}, nil); err != nil {
			b.Fatal(err)
		}
	}
	rate(b, benchRows)
}
