package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/wire"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var rb = market.Symbol{Code: "rb 2601.x", Exchange: "SHFE"}

// examples are frames of every kind, type and emptiness.
func examples() []series.Frame {
	bars := func(n int) series.Frame {
		f := series.Frame{Key: series.BarKey(rb, market.Minute)}
		open := series.Column{Name: "open", Floats: []float64{}}
		for i := range n {
			f.Time = append(f.Time, market.Time(int64(i+1)*60e9))
			open.Floats = append(open.Floats, float64(i)/3)
		}
		f.Cols = []series.Column{open}
		return f
	}
	ticks := series.Frame{
		Key: series.TickKey(rb), Time: []market.Time{1, 1}, Seq: []uint32{0, 7},
		Cols: []series.Column{
			{Name: "depth", Ints: []int64{0, 5}},
			{Name: "time", Floats: []float64{math.Copysign(0, -1), math.MaxFloat64}, Valid: []bool{false, true}},
			{Name: "venue", Texts: &series.Texts{Dict: []string{"", "中金所"}, Index: []uint32{1, 0}}, Valid: []bool{true, true}},
		},
	}
	more := ticks
	more.Cols = []series.Column{{Name: "venue", Texts: &series.Texts{Dict: []string{"another"}, Index: []uint32{0, 0}}}}
	marked := series.Frame{Key: series.TickKey(rb), Attrs: map[string]string{"zone": "Asia/Shanghai"}, Seq: []uint32{}}
	cleared := series.Frame{Key: series.BarKey(rb, market.Day), Attrs: map[string]string{}}
	indicator := series.Frame{
		Key:  series.Key{Kind: series.Indicator, Symbol: rb, Interval: market.Hour, Name: "rsi(14)"},
		Time: []market.Time{3600e9}, Cols: []series.Column{{Name: "value", Ints: []int64{math.MinInt64}}},
	}
	return []series.Frame{bars(1), bars(5000), ticks, more, marked, cleared, indicator, bars(2)}
}

func encode(t testing.TB, frames []series.Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w := wire.NewWriter(&b)
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(r io.Reader, most int64) (all []series.Frame, err error) {
	for f, err := range wire.Read(r, most) {
		if err != nil {
			return all, err
		}
		all = append(all, *f)
	}
	return all, nil
}

func TestFramesComeAsTheyWere(t *testing.T) {
	want := examples()
	got, err := decode(bytes.NewReader(encode(t, want)), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got %d frames, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Key != want[i].Key || !reflect.DeepEqual(got[i].Attrs, want[i].Attrs) || !slices.Equal(got[i].Time, want[i].Time) || !slices.Equal(got[i].Seq, want[i].Seq) || (got[i].Seq == nil) != (want[i].Seq == nil) {
			t.Errorf("frame %d: got %v, want %v", i, got[i], want[i])
		}
		for j := range want[i].Cols {
			if want[i].Len() > 0 && !reflect.DeepEqual(got[i].Cols[j], want[i].Cols[j]) {
				t.Errorf("frame %d: got %v, want %v", i, got[i].Cols[j], want[i].Cols[j])
			}
		}
	}
}

func TestNoFramesAreAMessageToo(t *testing.T) {
	if got, err := decode(bytes.NewReader(encode(t, nil)), 1<<20); len(got) != 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAMessageThatIsCutOffIsAnError(t *testing.T) {
	whole := encode(t, examples())
	for n := range whole {
		if n > 20000 && n%97 != 0 {
			continue
		}
		if _, err := decode(bytes.NewReader(whole[:n]), 1<<30); err == nil {
			t.Fatalf("cut after %d of %d bytes: no error", n, len(whole))
		}
	}
}

func TestDamagedBytesAreAnErrorOrOtherFramesAndNeverAPanic(t *testing.T) {
	whole := encode(t, examples()[2:])
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		b := slices.Clone(whole)
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		frames, err := decode(bytes.NewReader(b), 1<<20)
		for i := range frames {
			_ = frames[i].Validate() // reads all of it
		}
		if err != nil && fault.KindOf(err) == "" && !errors.Is(err, io.ErrUnexpectedEOF) && err.Error() == "" {
			t.Fatalf("an error without a text: %#v", err)
		}
	}
}

func TestAMessageOfMoreThanItMayHoldIsRefused(t *testing.T) {
	_, err := decode(bytes.NewReader(encode(t, examples())), 10000)
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v, want fault.Invalid", err)
	}
}

func TestFramesWithoutRowsAreBoundedToo(t *testing.T) {
	header := `{"kind":"bars","symbol":"A.X","interval":"1m","columns":[]}`
	body := "H" + string(rune(len(header))) + header + strings.Repeat("R\x00", 100_000) + "E"
	if all, err := decode(strings.NewReader(body), 1<<20); !errors.Is(err, fault.Invalid) || len(all) > 1024 {
		t.Errorf("got %d frames, %v", len(all), err)
	}
	long := "H\x80\x80\x80\x01" + strings.Repeat(" ", 2<<20)
	if _, err := decode(strings.NewReader(long), 1<<30); !errors.Is(err, fault.Invalid) {
		t.Errorf("a header of two megabytes: got %v", err)
	}
}

func TestWhatIsNoMessageIsRefused(t *testing.T) {
	f := func(body string, kind error) {
		t.Helper()
		if _, err := decode(bytes.NewReader([]byte(body)), 1<<20); !errors.Is(err, kind) {
			t.Errorf("%q: got %v, want %v", body, err, kind)
		}
	}
	f("", io.ErrUnexpectedEOF)
	f("{}", fault.Invalid)
	f("R", fault.Invalid)
	f("H", io.ErrUnexpectedEOF)
	f("H\x02{}", fault.Invalid)
	f("H\xff\xff\xff\xff\xff\xff\x01", fault.Invalid)
}

func TestReadingMayStopEarly(t *testing.T) {
	n := 0
	for _, err := range wire.Read(bytes.NewReader(encode(t, examples())), 1<<30) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("got %d frames, want to stop after 2", n)
	}
}

func TestAPanicOfTheReceiverIsItsOwn(t *testing.T) {
	defer func() {
		if p := recover(); p != "mine" {
			t.Errorf("got %v", p)
		}
	}()
	for _, err := range wire.Read(bytes.NewReader(encode(t, examples())), 1<<30) {
		if err != nil {
			t.Fatal(err)
		}
		panic("mine")
	}
}

func TestAWriterThatFailsSaysSo(t *testing.T) {
	for most := range len(encode(t, examples()[2:])) {
		w := wire.NewWriter(&failing{left: most})
		var err error
		for _, f := range examples()[2:] {
			if err = w.Write(&f); err != nil {
				break
			}
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			t.Fatalf("after %d bytes: no error", most)
		}
	}
}

type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

func BenchmarkOneFrame(b *testing.B) {
	f := series.Frame{Key: series.BarKey(rb, market.Minute), Time: make([]market.Time, 2000)}
	for _, c := range series.BaseColumns(series.Bars) {
		f.Cols = append(f.Cols, series.Column{Name: c.Name, Floats: make([]float64, 2000)})
	}
	b.SetBytes(2000 * 64)
	for b.Loop() {
		w := wire.NewWriter(io.Discard)
		if err := w.Write(&f); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
