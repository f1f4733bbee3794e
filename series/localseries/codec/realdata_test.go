package codec_test

import (
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series/localseries/codec"
)

// chunkRows is how many rows an engine packs together.
const chunkRows = 4096

// A chunk is some columns of one series.
type chunk struct {
	time   []int64
	prices [4][]float64 // of bars
	floats [][]float64  // the others
}

// A packed chunk is its blocks.
type packed struct {
	time   []byte
	prices [4][]byte
	floats [][]byte
}

func (c *chunk) rows() int { return len(c.time) }

func (c *chunk) pack(p *packed) {
	p.time = codec.AppendInts(p.time[:0], c.time)
	if c.prices[0] != nil {
		for i := range p.prices {
			p.prices[i] = p.prices[i][:0]
		}
		p.prices = codec.AppendBars(p.prices, c.prices[0], c.prices[1], c.prices[2], c.prices[3])
	}
	for i, v := range c.floats {
		p.floats[i] = codec.AppendFloats(p.floats[i][:0], v)
	}
}

func (c *chunk) unpack(p *packed) error {
	if err := codec.Ints(c.time, p.time); err != nil {
		return err
	}
	if c.prices[0] != nil {
		if err := codec.Bars(c.prices, p.prices); err != nil {
			return err
		}
	}
	for i, v := range c.floats {
		if err := codec.Floats(v, p.floats[i]); err != nil {
			return err
		}
	}
	return nil
}

// like returns a chunk of the same columns, all zero.
func (c *chunk) like() *chunk {
	n := c.rows()
	d := &chunk{time: make([]int64, n)}
	if c.prices[0] != nil {
		for i := range d.prices {
			d.prices[i] = make([]float64, n)
		}
	}
	for range c.floats {
		d.floats = append(d.floats, make([]float64, n))
	}
	return d
}

// columns returns the blocks in the order of the table.
func (p *packed) columns() [][]byte {
	all := [][]byte{p.time}
	if p.prices[0] != nil {
		all = append(all, p.prices[:]...)
	}
	return append(all, p.floats...)
}

func barChunks(tb testing.TB, set realdata.Bars) []*chunk {
	tb.Helper()
	var rows []market.Bar
	for b, err := range set.Rows() {
		if err != nil {
			tb.Fatal(err)
		}
		rows = append(rows, b)
	}
	var all []*chunk
	for part := range slices.Chunk(rows, chunkRows) {
		c := &chunk{floats: make([][]float64, 1)}
		for _, b := range part {
			c.time = append(c.time, int64(b.Time))
			for i, x := range [4]float64{b.Open, b.High, b.Low, b.Close} {
				c.prices[i] = append(c.prices[i], x)
			}
			c.floats[0] = append(c.floats[0], b.Volume)
		}
		all = append(all, c)
	}
	return all
}

func tickChunks(tb testing.TB, set realdata.Ticks) []*chunk {
	tb.Helper()
	var rows []market.Tick
	for t, err := range set.Rows() {
		if err != nil {
			tb.Fatal(err)
		}
		rows = append(rows, t.Tick)
	}
	var all []*chunk
	for part := range slices.Chunk(rows, chunkRows) {
		c := &chunk{floats: make([][]float64, 2)}
		for _, t := range part {
			c.time = append(c.time, int64(t.Time))
			c.floats[0] = append(c.floats[0], t.LastPrice)
			c.floats[1] = append(c.floats[1], t.LastVolume)
		}
		all = append(all, c)
	}
	return all
}

// A row of the table of facts/series.md: bits of a value by column, bytes of a
// row. Some files are not in it.
type row struct {
	name  string
	bits  []float64
	bytes float64
}

var known = map[string]row{
	"SPY.NYSE":               {"SPY 1m", []float64{4.3, 4.0, 4.9, 4.6, 5.5, 13}, 5.4},
	"BTCUSD.COINBASE":        {"BTCUSD 1m", []float64{1.2, 8.6, 8.5, 8.8, 10.4, 32.5}, 8.7},
	"BTCUSDT.BYBIT":          {"BTCUSDT 1m", []float64{0.2, 10.2, 12.3, 11.9, 12.8, 25.1}, 9.1},
	"SPX.CBOE":               {"SPX daily", []float64{19.2, 16.6, 25.6, 25.9, 26.9, 32.6}, 18.4},
	"COMP.NASDAQ":            {name: "COMP daily"},
	"AAPL.NASDAQ":            {name: "AAPL daily"},
	"rb.SHFE":                {name: "rb 5m"},
	"SPY.NYSE trades":        {"SPY trades", []float64{11.0, 2.5, 11.9}, 3.2},
	"IBM.NYSE trades":        {"IBM trades", []float64{14.9, 4.2, 10.2}, 3.7},
	"BTCUSD.BITSTAMP trades": {"BTCUSD trades", []float64{6.7, 10.6, 31.5}, 6.1},
}

// TestSizesOfRealData holds what the columns of real files take against what
// was measured when the scheme was chosen.
func TestSizesOfRealData(t *testing.T) {
	data := realdata.Open(t)
	for _, set := range fewer.Some(data.Bars) {
		logSizes(t, known[set.Symbol.String()], barChunks(t, set))
	}
	for _, set := range fewer.Some(data.Ticks) {
		logSizes(t, known[set.Symbol.String()+" trades"], tickChunks(t, set))
	}
}

func logSizes(t *testing.T, want row, chunks []*chunk) {
	t.Helper()
	var sizes []int
	rows := 0
	for _, c := range chunks {
		p := packed{floats: make([][]byte, len(c.floats))}
		c.pack(&p)
		blocks := p.columns()
		sizes = append(sizes, make([]int, len(blocks)-len(sizes))...)
		for i, b := range blocks {
			sizes[i] += len(b)
		}
		rows += c.rows()
		wantSame(t, c, &p)
	}
	total := 0
	bits := make([]float64, len(sizes))
	for i, n := range sizes {
		bits[i] = 8 * float64(n) / float64(rows)
		total += n
	}
	bytes := float64(total) / float64(rows)
	t.Logf("%-13s %6d rows: %5.1f bits, %5.2f bytes a row; known %5.1f, %5.1f", want.name, rows, bits, bytes, want.bits, want.bytes)
	if want.bytes > 0 && bytes > 1.05*want.bytes {
		t.Errorf("%s: got %.2f bytes a row, want %.2f at most", want.name, bytes, 1.05*want.bytes)
	}
}

func wantSame(t *testing.T, c *chunk, p *packed) {
	t.Helper()
	d := c.like()
	if err := d.unpack(p); err != nil {
		t.Fatal(err)
	}
	same := slices.Equal(d.time, c.time)
	for i := range c.prices {
		same = same && slices.EqualFunc(d.prices[i], c.prices[i], sameBits)
	}
	for i := range c.floats {
		same = same && slices.EqualFunc(d.floats[i], c.floats[i], sameBits)
	}
	if !same {
		t.Error("a chunk comes back changed")
	}
}
