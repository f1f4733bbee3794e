package marketfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"pgregory.net/rapid"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// importable are names of files of all forms that Import takes.
var importable = []string{"rows.csv", "rows.csv.gz", "rows.CSV.zst", "rows.ndjson", "rows.jsonl.gz", "rows.parquet", "rows.arrow"}

// keepsAttributes reports whether a form holds the attributes of series.
func keepsAttributes(name string) bool {
	return strings.HasSuffix(name, ".parquet") || strings.HasSuffix(name, ".arrow")
}

func newStore(t testing.TB) *series.Store {
	t.Helper()
	s := memseries.Open(nil)
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t testing.TB, s *series.Store, frames ...series.Frame) {
	t.Helper()
	if _, err := s.Write(context.WithoutCancel(t.Context()), frames, nil); err != nil {
		t.Fatal(err)
	}
}

// everything selects all series of a kind.
func everything(t testing.TB, s *series.Store, kind series.Kind) marketfile.Selection {
	t.Helper()
	what := marketfile.Selection{Kind: kind}
	for o, err := range s.Overview(t.Context(), series.Filter{Kind: kind}) {
		if err != nil {
			t.Fatal(err)
		}
		what.Keys = append(what.Keys, o.Key)
	}
	return what
}

// rowsOf returns all rows of a series in one frame.
func rowsOf(t testing.TB, s *series.Store, k series.Key) *series.Frame {
	t.Helper()
	all := []*series.Frame{}
	for f, err := range s.Read(t.Context(), series.Query{Keys: []series.Key{k}}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Clone())
	}
	if len(all) != 1 {
		t.Fatalf("%s is in %d frames", k, len(all))
	}
	return all[0]
}

// wantSame wants two stores to hold the same rows of a kind.
func wantSame(t testing.TB, name string, got, want *series.Store, kind series.Kind) {
	t.Helper()
	keys, wanted := everything(t, got, kind).Keys, everything(t, want, kind).Keys
	if !slices.Equal(keys, wanted) {
		t.Fatalf("%s: got %v, want %v", name, keys, wanted)
	}
	for _, k := range keys {
		f, g := rowsOf(t, got, k), rowsOf(t, want, k)
		if f.Len() != g.Len() {
			t.Fatalf("%s: %s has %d rows, want %d", name, k, f.Len(), g.Len())
		}
		for i := range f.Len() {
			if f.ComparePlace(i, g, i) != 0 || !f.SameRow(i, g, i) {
				t.Fatalf("%s: %s: row %d is %+v, want %+v", name, k, i, f.Slice(i, i+1), g.Slice(i, i+1))
			}
		}
	}
}

func attrsOf(t testing.TB, s *series.Store, kind series.Kind) map[series.Key]map[string]string {
	t.Helper()
	all := map[series.Key]map[string]string{}
	for o, err := range s.Overview(t.Context(), series.Filter{Kind: kind}) {
		if err != nil {
			t.Fatal(err)
		}
		all[o.Key] = o.Attrs
	}
	return all
}

// roundTrip exports all of a kind and imports it into another store.
func roundTrip(t testing.TB, name string, s *series.Store, kind series.Kind, opts *marketfile.ExportOptions) *series.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rows, err := marketfile.ExportFile(t.Context(), s, path, everything(t, s, kind), opts)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	back := newStore(t)
	report, err := marketfile.Import(t.Context(), back, kind, []string{path}, nil)
	if err != nil || report.New != rows || report.Refused != 0 {
		text, _ := os.ReadFile(path + ".rejects.csv")
		t.Fatalf("%s: %d rows came back as %+v, %v\n%.2000s", name, rows, report, err, text)
	}
	return back
}

// wantRoundTrips wants all forms to give back what they were given.
func wantRoundTrips(t testing.TB, s *series.Store, kind series.Kind) {
	t.Helper()
	shanghai, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range importable {
		for _, zone := range []*time.Location{nil, shanghai} {
			back := roundTrip(t, name, s, kind, &marketfile.ExportOptions{Zone: zone})
			wantSame(t, name, back, s, kind)
			if got, want := attrsOf(t, back, kind), attrsOf(t, s, kind); keepsAttributes(name) && !maps.EqualFunc(got, want, maps.Equal) {
				t.Errorf("%s: got attributes %v, want %v", name, got, want)
			}
		}
	}
}

var extremes = []float64{
	0, math.Copysign(0, -1), 1e-300, 5e-324, math.MaxFloat64, -1e21, 1e21, 1e-7, 0.1, 1.0 / 3, 2.5,
	12345678901234567, 0.12345678901234567, 3512, 1000000, -0.000001,
}

// extremeBars returns bars with values that are easily lost, and 64 extra columns.
func extremeBars(symbol string, v market.Interval) series.Frame {
	code, exchange := symbol[:strings.LastIndex(symbol, ".")], symbol[strings.LastIndex(symbol, ".")+1:]
	var bars []market.Bar
	for i := range extremes {
		x := func(n int) float64 { return extremes[(i+n)%len(extremes)] }
		bars = append(bars, market.Bar{
			Time: market.Time(1704067200e9 + int64(i)*60e9), Open: x(0), High: x(1), Low: x(2), Close: x(3),
			Volume: x(4), Turnover: x(5), OpenInterest: x(6),
		})
	}
	f := series.FrameOfBars(market.Symbol{Code: code, Exchange: market.Exchange(exchange)}, v, bars)
	n := len(bars)
	for i := range 64 {
		c := series.Column{Name: fmt.Sprintf("extra_%d_", i)}
		for row := range n {
			c.Valid = append(c.Valid, i < 3 || row%(i+1) != 0)
		}
		switch i % 3 {
		case 0:
			for row := range n {
				c.Floats = append(c.Floats, extremes[row])
			}
		case 1:
			for row := range n {
				c.Ints = append(c.Ints, []int64{math.MaxInt64, math.MinInt64, 1<<53 + 1, 0, -1}[row%5])
			}
		default:
			c.Texts = &series.Texts{Dict: []string{"", "螺纹钢", "a,b", `say "no"`, " blank ", `\ "`, "null", "1.0", "tab\there"}}
			for row := range n {
				c.Texts.Index = append(c.Texts.Index, uint32(row%len(c.Texts.Dict)))
			}
		}
		f.Cols = append(f.Cols, c)
	}
	for i, name := range []string{"x__9_", "date", "exchange", "symbol", "interval"} {
		f.Cols[len(f.Cols)-1-i].Name = name
	}
	return f
}

func TestBarsComeBackFromEveryForm(t *testing.T) {
	s := newStore(t)
	f := extremeBars("rb2601.SHFE", market.Minute)
	f.Attrs = map[string]string{series.AttrSource: "a \"test\", 测试", series.AttrPriceTick: "1"}
	put(t, s, f, extremeBars("BRK.B.NYSE", 90*market.Minute), extremeBars("螺纹, \"主力\".LOCAL", 5*market.Minute),
		extremeBars("rb2601.SHFE", 30*market.Second))
	wantRoundTrips(t, s, series.Bars)
}

func TestBarsOfDaysComeBackWithTheirZone(t *testing.T) {
	s := newStore(t)
	bar := func(t string) market.Bar {
		at, err := market.ParseTime(t, nil)
		if err != nil {
			panic(err)
		}
		return market.Bar{Time: at, Open: 2, High: 1, Low: 3, Close: 2}
	}
	shanghai := series.FrameOfBars(market.Symbol{Code: "rb2601", Exchange: "SHFE"}, market.Day, []market.Bar{bar("2026-01-04T16:00:00Z"), bar("1890-01-04T15:54:17Z")})
	shanghai.Attrs = map[string]string{series.AttrZone: "Asia/Shanghai"}
	york := series.FrameOfBars(market.Symbol{Code: "AAPL", Exchange: "NASDAQ"}, market.Week, []market.Bar{bar("2026-01-05T05:00:00Z")})
	york.Attrs = map[string]string{series.AttrZone: "America/New_York"}
	put(t, s, shanghai, york)
	wantRoundTrips(t, s, series.Bars)
	for _, name := range importable { // all forms: the exchanges' zones are known
		back := roundTrip(t, name, s, series.Bars, nil)
		if got, want := attrsOf(t, back, series.Bars), attrsOf(t, s, series.Bars); !maps.EqualFunc(got, want, maps.Equal) {
			t.Errorf("%s: got attributes %v, want %v", name, got, want)
		}
	}
}

// extremeTicks returns ticks of few microseconds with a book.
func extremeTicks() []market.Tick {
	var ticks []market.Tick
	for i := range 40 {
		k := market.Tick{
			Time: market.Time(1704067200123456789 + int64(i/4)*1000 - int64(i/8)), Seq: uint32(i%4) * 7,
			Depth: uint8(i % 6), LastPrice: extremes[i%len(extremes)], LastVolume: float64(i), Volume: 1e15 + float64(i),
			Turnover: 0.1 * float64(i), OpenInterest: 3, LimitUp: 4, LimitDown: 1, Open: 2, High: 1, Low: 3, PreClose: -1,
		}
		if i%3 == 0 {
			k.Local, k.Name = k.Time+market.Time(i)+1, "螺纹钢2601"
		}
		for level := range int(k.Depth) {
			k.Bids[level] = market.Level{Price: float64(100 - level), Volume: extremes[level+2]}
			k.Asks[level] = market.Level{Price: 100.1 + float64(level), Volume: 1 / float64(3+level)}
		}
		ticks = append(ticks, k)
	}
	ticks[len(ticks)-1].Seq = math.MaxUint32
	return ticks
}

func TestTicksComeBackFromEveryForm(t *testing.T) {
	s := newStore(t)
	for i, symbol := range []market.Symbol{{Code: "rb2601", Exchange: "SHFE"}, {Code: "IO2601-C-4000", Exchange: "CFFEX"}, {Code: "a.b", Exchange: "LOCAL"}} {
		f := series.FrameOfTicks(symbol, extremeTicks())
		f.Attrs = map[string]string{series.AttrTickVolume: string([]market.TickVolume{market.Traded, market.Cumulative, market.Traded}[i])}
		venue := series.Column{Name: "venue", Texts: &series.Texts{Dict: []string{"Q", ""}}}
		id := series.Column{Name: "trade_id"}
		for row := range f.Len() {
			venue.Texts.Index = append(venue.Texts.Index, uint32(row%2))
			venue.Valid = append(venue.Valid, row%3 != 0)
			id.Ints = append(id.Ints, math.MaxInt64-int64(row))
		}
		if i > 0 {
			f.Cols = append(f.Cols, venue, id)
		}
		put(t, s, f)
	}
	wantRoundTrips(t, s, series.Ticks)
}

func TestAttributesOfAnotherVolumeAreAConflict(t *testing.T) {
	s, y := newStore(t), market.Symbol{Code: "rb2601", Exchange: "SHFE"}
	f := series.FrameOfTicks(y, extremeTicks())
	f.Attrs = map[string]string{series.AttrTickVolume: string(market.Traded)}
	put(t, s, f)
	for _, name := range importable {
		path := filepath.Join(t.TempDir(), name)
		if _, err := marketfile.ExportFile(t.Context(), s, path, everything(t, s, series.Ticks), nil); err != nil {
			t.Fatal(err)
		}
		said := &marketfile.Options{TickVolume: market.Traded} // what a text does not hold
		back := newStore(t)
		if _, err := marketfile.Import(t.Context(), back, series.Ticks, []string{path}, said); err != nil {
			t.Fatal(err)
		}
		if got := attrsOf(t, back, series.Ticks)[f.Key]; !maps.Equal(got, f.Attrs) {
			t.Errorf("%s: got attributes %v, want %v", name, got, f.Attrs)
		}
		put(t, back, series.Frame{Key: f.Key, Attrs: map[string]string{series.AttrTickVolume: string(market.Cumulative)}, Seq: []uint32{}})
		_, err := marketfile.Import(t.Context(), back, series.Ticks, []string{path}, said)
		if !errors.Is(err, fault.FileConflict) {
			t.Errorf("%s: got %v, want fault.FileConflict", name, err)
		}
	}
}

func TestAnythingThatIsStoredComesBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newStore(t)
		put(t, s, anyFrames(r)...)
		name := rapid.SampledFrom(importable).Draw(r, "form")
		for _, kind := range []series.Kind{series.Bars, series.Ticks} {
			if len(everything(t, s, kind).Keys) == 0 {
				continue
			}
			wantSame(t, name, roundTrip(t, name, s, kind, nil), s, kind)
		}
	})
}

// anyFrames draws frames with extra columns of the same types in all of them.
func anyFrames(r *rapid.T) []series.Frame {
	var frames []series.Frame
	text := rapid.StringOfN(rapid.RuneFrom([]rune("abc\r,;\"'\\ \t|螺é€😀{}[]:#0")), 0, 8, 1024)
	number := rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64)
	for _, kind := range rapid.SliceOfN(rapid.SampledFrom([]series.Kind{series.Bars, series.Ticks}), 1, 3).Draw(r, "kinds") {
		symbol := market.Symbol{Code: rapid.StringMatching(`[a-zA-Z0-9.螺,"'-]{1,6}`).Draw(r, "code"), Exchange: "SHFE"}
		n := rapid.IntRange(1, 20).Draw(r, "rows")
		f := series.Frame{Key: series.TickKey(symbol)}
		if kind == series.Bars {
			f.Key = series.BarKey(symbol, rapid.SampledFrom([]market.Interval{market.Second, market.Minute, market.Day}).Draw(r, "interval"))
		}
		at := rapid.OneOf(rapid.Int64Range(int64(market.MinTime/1e9)+1, -1000), rapid.Int64Range(1, int64(market.MaxTime/1e9)-1000)).Draw(r, "time")
		for i := range n {
			at := (at+int64(i))*1e9 + 1e9
			if kind == series.Ticks {
				at += rapid.Int64Range(0, 1e9-1).Draw(r, "nanoseconds")
				f.Seq = append(f.Seq, rapid.Uint32().Draw(r, "seq"))
			}
			f.Time = append(f.Time, market.Time(at))
		}
		column := func(name string, t series.Type) series.Column {
			c := series.Column{Name: name}
			switch t {
			case series.Float64:
				c.Floats = rapid.SliceOfN(number, n, n).Draw(r, name)
			case series.Int64:
				c.Ints = rapid.SliceOfN(rapid.Int64(), n, n).Draw(r, name)
			default:
				c.Texts = &series.Texts{Dict: rapid.SliceOfNDistinct(text, 1, 5, rapid.ID).Draw(r, name)}
				c.Texts.Index = rapid.SliceOfN(rapid.Uint32Range(0, uint32(len(c.Texts.Dict))-1), n, n).Draw(r, name)
			}
			return c
		}
		for _, base := range series.BaseColumns(kind) {
			if base.Type == series.Float64 && !strings.Contains(base.Name, "_price_") && !strings.Contains(base.Name, "_volume_") && rapid.Bool().Draw(r, "has") {
				f.Cols = append(f.Cols, column(base.Name, base.Type))
			}
		}
		for i, name := range []string{"f", "date", "t"} {
			c := column(name, series.Type(i+1))
			c.Valid = rapid.SliceOfN(rapid.Bool(), n, n).Draw(r, "valid")
			f.Cols = append(f.Cols, c)
		}
		frames = append(frames, f)
	}
	return frames
}

func TestRealDataComesBackFromEveryForm(t *testing.T) {
	data := realdata.Open(t)
	s := newStore(t)
	for _, set := range fewer.Some(data.Bars) {
		var bars []market.Bar
		for b, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			bars = append(bars, b)
		}
		put(t, s, series.FrameOfBars(set.Symbol, set.Interval, bars))
	}
	for _, name := range importable {
		wantSame(t, name, roundTrip(t, name, s, series.Bars, nil), s, series.Bars)
	}
	s = newStore(t)
	for _, set := range data.Ticks[:1] {
		var ticks []market.Tick
		for x, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			ticks = append(ticks, x.Tick)
		}
		put(t, s, series.FrameOfTicks(set.Symbol, ticks))
	}
	for _, name := range []string{"rows.csv.gz", "rows.ndjson.zst", "rows.parquet"} {
		wantSame(t, name, roundTrip(t, name, s, series.Ticks, nil), s, series.Ticks)
	}
}

// allForms are the names of files of all forms.
var allForms = importable

func TestACancelledExportLeavesNothing(t *testing.T) {
	s := newStore(t)
	var ticks []market.Tick
	for i := range 200_000 {
		ticks = append(ticks, market.Tick{Time: market.Time(1704067200e9 + int64(i)*1e6), LastPrice: float64(i)})
	}
	put(t, s, series.FrameOfTicks(market.Symbol{Code: "rb2601", Exchange: "SHFE"}, ticks))
	for _, name := range allForms {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		opts := &marketfile.ExportOptions{Progress: func(int64) { cancel() }}
		rows, err := marketfile.ExportFile(ctx, s, filepath.Join(dir, name), everything(t, s, series.Ticks), opts)
		if !errors.Is(err, context.Canceled) || rows == 0 || rows == int64(len(ticks)) {
			t.Errorf("%s: got %d rows and %v", name, rows, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}

// A fullDisk takes so many bytes.
type fullDisk struct{ room int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(b []byte) (int, error) {
	if len(b) > d.room {
		return 0, errFull
	}
	d.room -= len(b)
	return len(b), nil
}

func TestAFullDiskIsAnError(t *testing.T) {
	s := newStore(t)
	put(t, s, extremeBars("rb2601.SHFE", market.Minute))
	for _, f := range allFormats {
		var whole bytes.Buffer
		opts := &marketfile.ExportOptions{Format: f}
		if _, err := marketfile.Export(t.Context(), s, &whole, everything(t, s, series.Bars), opts); err != nil {
			t.Fatal(err)
		}
		for _, room := range []int{0, 1, whole.Len() / 2, whole.Len() - 1} {
			_, err := marketfile.Export(t.Context(), s, &fullDisk{room}, everything(t, s, series.Bars), opts)
			if !errors.Is(err, fault.FileUnwritable) || !errors.Is(err, errFull) {
				t.Errorf("%s, %d bytes: got %v, want fault.FileUnwritable", f, room, err)
			}
		}
	}
}

func TestAFileThatExistsIsReplacedByForceAlone(t *testing.T) {
	s := newStore(t)
	put(t, s, extremeBars("rb2601.SHFE", market.Minute))
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	what := everything(t, s, series.Bars)
	_, err := marketfile.ExportFile(t.Context(), s, path, what, nil)
	place, _ := fault.PlaceOf(err)
	if text, _ := os.ReadFile(path); !errors.Is(err, fault.FileExists) || place.File != path || string(text) != "precious" {
		t.Errorf("got %v, and the file holds %q", err, text)
	}
	rows, err := marketfile.ExportFile(t.Context(), s, path, what, &marketfile.ExportOptions{Force: true})
	if text, _ := os.ReadFile(path); err != nil || rows != 16 || bytes.Contains(text, []byte("precious")) {
		t.Errorf("got %d rows, %v", rows, err)
	}
	if _, err := marketfile.ExportFile(t.Context(), s, filepath.Dir(path), what, &marketfile.ExportOptions{Force: true, Format: marketfile.CSV}); !errors.Is(err, fault.FileExists) {
		t.Errorf("a folder: got %v, want fault.FileExists", err)
	}
	nowhere := filepath.Join(filepath.Dir(path), "none", "rows.csv")
	if _, err := marketfile.ExportFile(t.Context(), s, nowhere, what, nil); !errors.Is(err, fault.FileUnwritable) {
		t.Errorf("no folder: got %v, want fault.FileUnwritable", err)
	}
}

func TestWhatCannotBeExportedIsAnError(t *testing.T) {
	s := newStore(t)
	put(t, s, extremeBars("rb2601.SHFE", market.Minute))
	odd := extremeBars("rb2605.SHFE", market.Minute)
	odd.Cols[7].Name, odd.Cols[8].Name = odd.Cols[8].Name, odd.Cols[7].Name
	put(t, s, odd)
	bars, dir := everything(t, s, series.Bars), t.TempDir()
	f := func(name string, what marketfile.Selection, opts *marketfile.ExportOptions, code fault.Code, says string) {
		t.Helper()
		_, err := marketfile.ExportFile(t.Context(), s, filepath.Join(dir, name), what, opts)
		if !errors.Is(err, code) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s, %+v: got %v, want %s that says %q", name, opts, err, code, says)
		}
	}
	one := marketfile.Selection{Kind: series.Bars, Keys: bars.Keys[:1]}
	f("a.csv", bars, nil, fault.FileColumns, `extra_0_`)
	f("a.xlsx", one, nil, fault.FileOption, `"a.xlsx" says no form`)
	f("a.parquet.gz", one, nil, fault.FileOption, "packed inside")
	f("a.csv", one, &marketfile.ExportOptions{Format: "xml"}, fault.FileOption, `"xml"`)
	f("a.csv", one, &marketfile.ExportOptions{Columns: []string{"open", "volum"}}, fault.FileColumns, `"volum"`)
	f("a.csv", marketfile.Selection{Kind: series.Indicator}, nil, fault.FileOption, "indicator")
	f("a.csv", marketfile.Selection{Kind: series.Ticks, Keys: bars.Keys}, nil, fault.FileOption, "ticks are to be exported")
}

func TestATextWithALineBreakIsExportedBesideCSV(t *testing.T) {
	s := newStore(t)
	f := series.FrameOfBars(market.Symbol{Code: "rb2601", Exchange: market.SHFE}, market.Minute, []market.Bar{{Time: 60e9, Open: 1}, {Time: 120e9, Open: 1}, {Time: 180e9, Open: 1}})
	f.Cols = append(f.Cols, series.Column{Name: "note", Texts: &series.Texts{Dict: []string{"x\n2", "y"}, Index: []uint32{1, 0, 1}}, Valid: []bool{true, false, true}})
	put(t, s, f)
	what, path := everything(t, s, series.Bars), filepath.Join(t.TempDir(), "a.csv")
	if _, err := marketfile.ExportFile(t.Context(), s, path, what, nil); err != nil {
		t.Errorf("a text that no row has: got %v", err)
	}
	f.Cols[len(f.Cols)-1].Valid[1] = true
	put(t, s, f)
	force := &marketfile.ExportOptions{Force: true}
	_, err := marketfile.ExportFile(t.Context(), s, path, what, force)
	if !errors.Is(err, fault.FileOption) || !strings.Contains(err.Error(), "note of bars rb2601.SHFE 1m at 1970-01-01T00:02:00Z") {
		t.Errorf("got %v, want fault.FileOption with its place", err)
	}
	if _, err := marketfile.ExportFile(t.Context(), s, strings.TrimSuffix(path, "csv")+"ndjson", what, force); err != nil {
		t.Errorf("NDJSON: got %v", err)
	}
}

func TestColumnsAndRangeAreChosen(t *testing.T) {
	s := newStore(t)
	put(t, s, extremeBars("rb2601.SHFE", market.Minute))
	what := everything(t, s, series.Bars)
	what.Range = market.Range{From: 1704067200e9 + 2*60e9, To: 1704067200e9 + 4*60e9}
	f := func(opts marketfile.ExportOptions, want string) {
		t.Helper()
		var b bytes.Buffer
		rows, err := marketfile.Export(t.Context(), s, &b, what, &opts)
		if err != nil || rows != 2 || b.String() != want {
			t.Errorf("%+v: got %d rows, %v:\n%swant:\n%s", opts, rows, err, b.String(), want)
		}
	}
	columns := []string{"extra_2_", "volume", "open"}
	shanghai, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	f(marketfile.ExportOptions{Columns: columns}, `symbol,interval,time,open,volume,extra_2_:text
rb2601.SHFE,1m,2024-01-01T00:02:00Z,1e-300,1e+21,"a,b"
rb2601.SHFE,1m,2024-01-01T00:03:00Z,5e-324,1e-7,"say ""no"""
`)
	f(marketfile.ExportOptions{Columns: columns, Format: marketfile.NDJSON, Zone: shanghai}, `{"symbol":"rb2601.SHFE","interval":"1m","time":"2024-01-01T08:02:00+08:00","open":1e-300,"volume":1e+21,"extra_2_:text":"a,b"}
{"symbol":"rb2601.SHFE","interval":"1m","time":"2024-01-01T08:03:00+08:00","open":5e-324,"volume":1e-7,"extra_2_:text":"say \"no\""}
`)
}

// arrowCell returns a value of an Arrow file as Go has it, nil for none.
func arrowCell(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Dictionary:
		return arrowCell(a.Dictionary(), a.GetValueIndex(i))
	case *array.String:
		return a.Value(i)
	case *array.Float64:
		return math.Float64bits(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Uint32:
		return a.Value(i)
	case *array.Timestamp:
		return int64(a.Value(i))
	}
	return fmt.Sprintf("%T", a)
}

// frameCell returns the same of a column of a frame.
func frameCell(c *series.Column, i int) any {
	switch {
	case c.Valid != nil && !c.Valid[i], c.Name == "localtime" && c.Ints[i] == 0:
		return nil
	case c.Floats != nil:
		return math.Float64bits(c.Floats[i])
	case c.Ints != nil:
		return c.Ints[i]
	}
	return c.Texts.Dict[c.Texts.Index[i]]
}

func TestAnArrowFileHoldsAllThatIsStored(t *testing.T) {
	s := newStore(t)
	bars := extremeBars("rb2601.SHFE", market.Minute)
	bars.Attrs = map[string]string{series.AttrSource: "测试"}
	ticks := series.FrameOfTicks(market.Symbol{Code: "螺纹", Exchange: "LOCAL"}, extremeTicks())
	put(t, s, bars, extremeBars("BRK.B.NYSE", market.Hour), ticks)
	for _, kind := range []series.Kind{series.Bars, series.Ticks} {
		what := everything(t, s, kind)
		var b bytes.Buffer
		if _, err := marketfile.Export(t.Context(), s, &b, what, &marketfile.ExportOptions{Format: marketfile.Arrow}); err != nil {
			t.Fatal(err)
		}
		r, err := ipc.NewFileReader(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := r.Schema().Metadata().GetValue("redfire.attributes"); kind == series.Bars && text != `{"bars rb2601.SHFE 1m":{"source":"测试"}}` {
			t.Errorf("got attributes %s", text)
		}
		batch, err := r.RecordBatch(0)
		if err != nil || r.NumRecords() != 1 {
			t.Fatalf("got %d batches, %v", r.NumRecords(), err)
		}
		at := 0
		for _, k := range what.Keys {
			f := rowsOf(t, s, k)
			for i := range f.Len() {
				wantArrowRow(t, batch, at, f, i)
				at++
			}
		}
		if int64(at) != batch.NumRows() {
			t.Errorf("%s: got %d rows, want %d", kind, batch.NumRows(), at)
		}
	}
}

func TestManyRowsAreManyBatches(t *testing.T) {
	const rows = 150_000
	s := newStore(t)
	ticks := make([]market.Tick, rows)
	for i := range ticks {
		ticks[i] = market.Tick{Time: market.Time(1704067200e9 + int64(i)*1e6), LastPrice: float64(i), Name: "螺纹钢"}
	}
	for _, code := range []string{"a", "b", "c"} {
		put(t, s, series.FrameOfTicks(market.Symbol{Code: code, Exchange: "LOCAL"}, ticks[:rows/3]))
	}
	what := everything(t, s, series.Ticks)
	slices.Reverse(what.Keys)
	var b bytes.Buffer
	if _, err := marketfile.Export(t.Context(), s, &b, what, &marketfile.ExportOptions{Format: marketfile.Arrow}); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewFileReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for i := range r.NumRecords() {
		batch, err := r.RecordBatch(i)
		if err != nil {
			t.Fatal(err)
		}
		for row := range int(batch.NumRows()) {
			symbol, price := arrowCell(batch.Column(0), row), arrowCell(batch.Column(3), row)
			if symbol != what.Keys[at/(rows/3)].Symbol.String() || price != math.Float64bits(float64(at%(rows/3))) {
				t.Fatalf("row %d: got %v of %v", at, price, symbol)
			}
			at++
		}
	}
	if at != rows || r.NumRecords() < 2 {
		t.Errorf("got %d rows in %d batches", at, r.NumRecords())
	}
	wantSame(t, "rows.parquet", roundTrip(t, "rows.parquet", s, series.Ticks, nil), s, series.Ticks)
}

func wantArrowRow(t *testing.T, batch arrow.RecordBatch, at int, f *series.Frame, i int) {
	t.Helper()
	want := map[string]any{"symbol": f.Key.Symbol.String(), "time": int64(f.Time[i])}
	switch f.Key.Kind {
	case series.Ticks:
		want["seq"] = f.Seq[i]
	case series.Indicator:
		want["name"] = f.Key.Name
		fallthrough
	default:
		want["interval"] = f.Key.Interval.String()
	}
	for j := range f.Cols {
		c := &f.Cols[j]
		name := c.Name
		if !series.IsBase(f.Key.Kind, name) && want[name] != nil {
			name += ":" + c.Type().String()
		}
		want[name] = frameCell(c, i)
	}
	for j, field := range batch.Schema().Fields() {
		w, ok := want[field.Name]
		if got := arrowCell(batch.Column(j), at); ok && got != w {
			t.Fatalf("%s, row %d: %s is %v, want %v", f.Key, i, field.Name, got, w)
		}
		delete(want, field.Name)
	}
	if len(want) > 0 {
		t.Fatalf("%s: the file lacks %v", f.Key, want)
	}
}

func TestNothingIsAnEmptyFile(t *testing.T) {
	s := newStore(t)
	for _, f := range allFormats {
		for _, kind := range []series.Kind{series.Bars, series.Ticks} {
			rows, err := marketfile.Export(t.Context(), s, io.Discard, marketfile.Selection{Kind: kind}, &marketfile.ExportOptions{Format: f})
			if rows != 0 || err != nil {
				t.Errorf("%s of %s: got %d rows, %v", f, kind, rows, err)
			}
		}
	}
}
