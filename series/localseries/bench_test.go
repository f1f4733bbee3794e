package localseries

import (
	"fmt"
	"iter"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func openTemp(b *testing.B) *series.Store {
	s, err := Open(b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func symbols(n int) []market.Symbol {
	all := make([]market.Symbol, n)
	for i := range all {
		all[i] = market.Symbol{Code: fmt.Sprintf("s%05d", i), Exchange: "X"}
	}
	return all
}

// walk returns minutes of a price that wanders in hundredths.
func walk(from, n int) []market.Bar {
	all := make([]market.Bar, n)
	price, state := 10000, uint32(from+1)
	for i := range all {
		step := func() int {
			state = state*1664525 + 1013904223
			return int(state>>16) % 7
		}
		open := price + step() - 3
		price = open + step() - 3
		high, low := max(open, price)+step()/2, min(open, price)-step()/2
		all[i] = market.Bar{
			Time: market.Time(from+i+1) * 60e9, Open: float64(open) / 100, High: float64(high) / 100, Low: float64(low) / 100,
			Close: float64(price) / 100, Volume: float64(100 * (step()*step() + 1)),
		}
	}
	return all
}

func perSecond(b *testing.B, rows int) {
	b.ReportMetric(float64(b.N)*float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkWrite(b *testing.B) {
	b.Run("100,000 rows of a symbol", func(b *testing.B) {
		s, n := openTemp(b), 0
		all := symbols(1000)
		bars := walk(0, 100_000)
		f := series.FrameOfBars(all[0], market.Minute, bars)
		for b.Loop() {
			f.Key.Symbol = all[n%1000]
			if _, err := s.Write(b.Context(), []series.Frame{f}, nil); err != nil {
				b.Fatal(err)
			}
			n++
		}
		perSecond(b, 100_000)
	})
	b.Run("100,000 ticks", func(b *testing.B) {
		s, n := openTemp(b), 0
		all, ticks := symbols(1000), make([]market.Tick, 100_000)
		for i, x := range walk(0, len(ticks)) {
			ticks[i] = market.Tick{Time: market.Time(i+1) * 1e8, LastPrice: x.Close, LastVolume: x.Volume}
		}
		for b.Loop() {
			if err := s.WriteTicks(b.Context(), all[n%1000], ticks); err != nil {
				b.Fatal(err)
			}
			n++
		}
		perSecond(b, len(ticks))
	})
	b.Run("5,000 rows of 50 symbols", func(b *testing.B) { writeBatches(b, 50, 100, 0) })
	b.Run("5,000 rows of 50 symbols, 1 % of them late", func(b *testing.B) { writeBatches(b, 50, 100, 1) })
	b.Run("5,000 rows of 5,000 symbols", func(b *testing.B) { writeBatches(b, 5000, 1, 0) })
}

// writeBatches writes calls of some rows of many symbols. Of the rows of each, so
// many are hours late.
func writeBatches(b *testing.B, many, rows, late int) {
	s, n := openTemp(b), 0
	all := symbols(many)
	frames := make([]series.Frame, many)
	for b.Loop() {
		b.StopTimer()
		bars := walk(n*rows, rows)
		for i := range frames {
			for j := range late {
				bars[j*rows/late].Time -= 60e9 * market.Time(min(600, n*rows)*(i%7+1)/8)
			}
			frames[i] = series.FrameOfBars(all[i], market.Minute, bars)
		}
		n++
		b.StartTimer()
		if _, err := s.Write(b.Context(), frames, nil); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, many*rows)
}

func BenchmarkRead(b *testing.B) {
	s := openTemp(b)
	all := symbols(10)
	const rows = 200_000
	for _, y := range all {
		if err := s.WriteBars(b.Context(), y, market.Minute, walk(0, rows)); err != nil {
			b.Fatal(err)
		}
	}
	var keys []series.Key
	for _, y := range all {
		keys = append(keys, series.BarKey(y, market.Minute))
	}
	b.Run("columns", func(b *testing.B) {
		q := series.Query{Keys: keys, Columns: []string{"open", "high", "low", "close", "volume"}}
		for b.Loop() {
			if n := countRows(b, s.Read(b.Context(), q), (*series.Frame).Len); n != rows*len(all) {
				b.Fatal(n)
			}
		}
		perSecond(b, rows*len(all))
	})
	b.Run("rows", func(b *testing.B) {
		for b.Loop() {
			for _, y := range all {
				countRows(b, s.Bars(b.Context(), y, market.Minute, market.Range{}), func(market.Bar) int { return 1 })
			}
		}
		perSecond(b, rows*len(all))
	})
}

func countRows[T any](b *testing.B, seq iter.Seq2[T, error], rows func(T) int) (n int) {
	for v, err := range seq {
		if err != nil {
			b.Fatal(err)
		}
		n += rows(v)
	}
	return n
}
