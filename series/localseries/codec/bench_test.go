package codec_test

import (
	"testing"

	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/series/localseries/codec"
)

// barsOf returns the first whole chunk of bars of a symbol.
func barsOf(b *testing.B, symbol string) *chunk {
	b.Helper()
	for _, set := range realdata.Open(b).Bars {
		if set.Symbol.String() == symbol {
			return barChunks(b, set)[0]
		}
	}
	b.Fatalf("there are no bars of %s", symbol)
	return nil
}

func perSecond(b *testing.B, count int, unit string) {
	b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds()/1e6, unit)
}

var symbols = []string{"SPY.NYSE", "BTCUSD.COINBASE", "BTCUSDT.BYBIT", "SPX.CBOE"}

func BenchmarkPackBars(b *testing.B) {
	for _, symbol := range symbols {
		b.Run(symbol, func(b *testing.B) {
			c := barsOf(b, symbol)
			p := packed{floats: make([][]byte, 1)}
			b.ReportAllocs()
			for b.Loop() {
				c.pack(&p)
			}
			perSecond(b, c.rows(), "Mbars/s")
		})
	}
}

func BenchmarkUnpackBars(b *testing.B) {
	for _, symbol := range symbols {
		b.Run(symbol, func(b *testing.B) {
			c := barsOf(b, symbol)
			p := packed{floats: make([][]byte, 1)}
			c.pack(&p)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.unpack(&p); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, c.rows(), "Mbars/s")
		})
	}
}

func BenchmarkUnpackTrades(b *testing.B) {
	for _, set := range realdata.Open(b).Ticks {
		b.Run(set.Symbol.String(), func(b *testing.B) {
			c := tickChunks(b, set)[0]
			p := packed{floats: make([][]byte, 2)}
			c.pack(&p)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.unpack(&p); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, c.rows(), "Mtrades/s")
		})
	}
}

func BenchmarkColumn(b *testing.B) {
	c := barsOf(b, "BTCUSD.COINBASE")
	volumes := make([]int64, c.rows())
	for i, x := range c.floats[0] {
		volumes[i] = int64(x * 1e4)
	}
	unpack := func(name string, v []int64) {
		block := codec.AppendInts(nil, v)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := codec.Ints(v, block); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b, len(v), "Mvalues/s")
		})
	}
	unpack("time", c.time)
	unpack("volume", volumes)
	block := codec.AppendFloats(nil, c.prices[3])
	b.Run("price", func(b *testing.B) {
		for b.Loop() {
			if err := codec.Floats(c.prices[3], block); err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b, c.rows(), "Mvalues/s")
	})
}
