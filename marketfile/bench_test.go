package marketfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/internal/realdata"
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
	for _, f := range allFormats {
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

// A plainBar is a bar as a program would give it to encoding/json.
type plainBar struct {
	Symbol       string      `json:"symbol"`
	Interval     string      `json:"interval"`
	Time         market.Time `json:"time"`
	Open         float64     `json:"open"`
	High         float64     `json:"high"`
	Low          float64     `json:"low"`
	Close        float64     `json:"close"`
	Volume       float64     `json:"volume"`
	Turnover     float64     `json:"turnover"`
	OpenInterest float64     `json:"open_interest"`
}

// realFrames returns the real bars, a frame a symbol.
func realFrames(t testing.TB) (frames []series.Frame) {
	t.Helper()
	for _, set := range realdata.Open(t).Bars {
		var bars []market.Bar
		for x, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			bars = append(bars, x)
		}
		frames = append(frames, series.FrameOfBars(set.Symbol, set.Interval, bars))
	}
	return frames
}

// plainBars returns the bars of a frame.
func plainBars(f *series.Frame) (rows []plainBar) {
	for x := range f.Bars() {
		rows = append(rows, plainBar{
			f.Key.Symbol.String(), f.Key.Interval.String(), x.Time, x.Open, x.High, x.Low, x.Close, x.Volume, x.Turnover, x.OpenInterest,
		})
	}
	return rows
}

// BenchmarkJSON compares bars as JSON with what encoding/json makes of them.
func BenchmarkJSON(b *testing.B) {
	frames := realFrames(b)
	for i := range frames {
		f := &frames[i]
		name := fmt.Sprintf("%s-%s", f.Key.Symbol, f.Key.Interval)
		b.Run("encoder/"+name, func(b *testing.B) {
			for b.Loop() {
				encode(b, io.Discard, series.Bars, &marketfile.EncodeOptions{Format: marketfile.JSON}, f)
			}
			rate(b, f.Len())
		})
		rows := plainBars(f)
		b.Run("stdlib/"+name, func(b *testing.B) {
			for b.Loop() {
				if err := json.NewEncoder(io.Discard).Encode(rows); err != nil {
					b.Fatal(err)
				}
			}
			rate(b, f.Len())
		})
	}
}

// A block takes bytes as a connection does: it copies them, and forgets.
type block struct {
	room [64 << 10]byte
	n    int64
}

func (w *block) Write(b []byte) (int, error) {
	w.n += int64(len(b))
	for rest := b; len(rest) > 0; {
		rest = rest[copy(w.room[:], rest):]
	}
	return len(b), nil
}

// BenchmarkArrowStream compares a stream with a copy of its bytes.
func BenchmarkArrowStream(b *testing.B) {
	s := walk(b)
	f := rowsOf(b, s, series.BarKey(market.Symbol{Code: "rb2601", Exchange: "SHFE"}, market.Minute))
	opts := &marketfile.EncodeOptions{Format: marketfile.ArrowStream}
	for _, size := range []struct{ rows, frame int }{{2000, 2000}, {500_000, 4096}} {
		var frames []*series.Frame
		for from := 0; from < size.rows; from += size.frame {
			g := f.Slice(from, min(from+size.frame, size.rows))
			frames = append(frames, &g)
		}
		name := fmt.Sprintf("%drows", size.rows)
		var whole bytes.Buffer
		encode(b, &whole, series.Bars, opts, frames...)
		b.Run("encoder/"+name, func(b *testing.B) {
			b.ReportAllocs()
			w := &block{}
			for b.Loop() {
				encode(b, w, series.Bars, opts, frames...)
			}
			b.SetBytes(int64(whole.Len()))
			rate(b, size.rows)
		})
		b.Run("copy/"+name, func(b *testing.B) {
			w := &block{}
			for b.Loop() {
				for piece := range slices.Chunk(whole.Bytes(), 8*size.frame) { // as large as a column of a frame
					n, err := w.Write(piece)
					if n != len(piece) || err != nil {
						b.Fatal(err)
					}
				}
			}
			b.SetBytes(int64(whole.Len()))
			rate(b, size.rows)
		})
	}
}
