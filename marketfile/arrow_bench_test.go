package marketfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
	"github.com/redfire-quant/redfire/series/memseries"
)

// benchBars are as many as a strategy asks for at once.
const benchBars = 500_000

// walkArrow writes bars whose prices go up and down by ticks, as Export does.
func walkArrow(t testing.TB, n int) (path string) {
	t.Helper()
	s := memseries.Open(nil)
	defer s.Close()
	bars := make([]market.Bar, n)
	price, seed := 3500.0, uint64(1)
	for i := range bars {
		seed = seed*6364136223846793005 + 1442695040888963407
		price += float64(int(seed>>33)%5 - 2)
		bars[i] = market.Bar{
			Time: market.Time(1262304000e9 + int64(i)*60e9), Open: price, High: price + 2, Low: price - 3, Close: price + 1,
			Volume: float64(seed >> 40 % 5000), Turnover: price * float64(seed>>40%5000), OpenInterest: float64(1500000 + i%1000),
		}
	}
	if err := s.WriteBars(t.Context(), rb, market.Minute, bars); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "bars.arrow")
	what := Selection{Kind: series.Bars, Keys: []series.Key{series.BarKey(rb, market.Minute)}}
	if _, err := ExportFile(t.Context(), s, path, what, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// asStream writes an Arrow file as a stream that is not packed.
func asStream(t testing.TB, path string) string {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := ipc.NewFileReader(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "a.stream"))
	if err != nil {
		t.Fatal(err)
	}
	w := ipc.NewWriter(out, ipc.WithSchema(r.Schema()))
	for i := range r.NumRecords() {
		batch, err := r.RecordBatch(i)
		if err = errors.Join(err, w.Write(batch)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Name()
}

func reportRows(b *testing.B) {
	b.ReportMetric(float64(benchBars)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// Reading by one goroutine, without keeping.
func BenchmarkParseArrow(b *testing.B) {
	f := func(name, path string) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s, err := openSource(b.Context(), path, series.Bars, &Options{})
				if err != nil {
					b.Fatal(err)
				}
				c, n := newConverter(s.layout), 0
				for {
					p, err := s.next()
					if errors.Is(err, io.EOF) {
						break
					}
					t, err := p.table(s.layout.wanted)
					if err != nil {
						b.Fatal(err)
					}
					n += len(c.rows(t).time)
				}
				if err := s.close(); err != nil || n != benchBars {
					b.Fatal(n, err)
				}
			}
			reportRows(b)
		})
	}
	path := walkArrow(b, benchBars)
	f("packed file", path)
	f("stream", asStream(b, path))
}

// Into a new store on a disk, until it is durable.
func BenchmarkImportArrow(b *testing.B) {
	f := func(name, path string, o *Options) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s, err := localseries.Open(b.TempDir(), nil)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := Import(b.Context(), s, series.Bars, []string{path}, o); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			reportRows(b)
		})
	}
	path := walkArrow(b, benchBars)
	stream := asStream(b, path)
	f("packed file", path, nil)
	f("stream", stream, nil)
	f("stream whole", stream, &Options{Whole: true})
}
