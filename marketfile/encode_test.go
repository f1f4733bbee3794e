package marketfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

var allFormats = []marketfile.Format{
	marketfile.CSV, marketfile.NDJSON, marketfile.JSON, marketfile.Parquet, marketfile.Arrow, marketfile.ArrowStream,
}

// told returns what an encoder has to know of the series of frames.
func told(frames ...*series.Frame) (about []series.Overview) {
	at := map[series.Key]int{}
	for _, f := range frames {
		i, ok := at[f.Key]
		if !ok {
			i = len(about)
			at[f.Key] = i
			about = append(about, series.Overview{Key: f.Key, Attrs: f.Attrs, Extra: map[string]series.Type{}})
		}
		for j := range f.Cols {
			if c := &f.Cols[j]; !series.IsBase(f.Key.Kind, c.Name) {
				about[i].Extra[c.Name] = c.Type()
			}
		}
	}
	return about
}

// encode writes frames to w, to their end.
func encode(t testing.TB, w io.Writer, kind series.Kind, opts *marketfile.EncodeOptions, frames ...*series.Frame) {
	t.Helper()
	e, err := marketfile.NewEncoder(w, kind, told(frames...), opts)
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	for _, f := range frames {
		if err := e.Write(f); err != nil {
			t.Fatal(err)
		}
		rows += int64(f.Len())
	}
	if err := e.Close(); err != nil || e.Rows() != rows {
		t.Fatalf("got %d rows of %d, %v", e.Rows(), rows, err)
	}
}

// encoded returns frames in a form.
func encoded(t testing.TB, format marketfile.Format, kind series.Kind, frames ...*series.Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	encode(t, &b, kind, &marketfile.EncodeOptions{Format: format}, frames...)
	return b.Bytes()
}

// turned returns the rows of a frame in descending order.
func turned(f *series.Frame) *series.Frame {
	g := f.Clone()
	slices.Reverse(g.Time)
	slices.Reverse(g.Seq)
	for i := range g.Cols {
		c := &g.Cols[i]
		slices.Reverse(c.Floats)
		slices.Reverse(c.Ints)
		slices.Reverse(c.Valid)
		if c.Texts != nil {
			slices.Reverse(c.Texts.Index)
		}
	}
	return g
}

// scattered returns the rows of frames in pieces of 0 to most rows, those of
// several frames among each other.
func scattered(r *rand.Rand, most int, frames ...*series.Frame) (pieces []*series.Frame) {
	at := make([]int, len(frames))
	for left := len(frames); left > 0; {
		i := r.IntN(len(frames))
		if at[i] == frames[i].Len() {
			continue
		}
		to := min(at[i]+r.IntN(most+1), frames[i].Len())
		g := frames[i].Slice(at[i], to)
		pieces = append(pieces, &g)
		if at[i] = to; to == frames[i].Len() {
			left--
		}
	}
	return pieces
}

// manyBars returns frames of several series, with different extra columns.
func manyBars() []*series.Frame {
	a, b := extremeBars("rb2601.SHFE", market.Minute), extremeBars("BRK.B.NYSE", market.Hour)
	a.Attrs = map[string]string{series.AttrSource: "a \"test\", 测试"}
	b.Cols = b.Cols[:20]
	c := series.FrameOfBars(market.Symbol{Code: "螺纹, \"主力\"", Exchange: "LOCAL"}, market.Minute, []market.Bar{{Time: 60e9, Open: 1, High: 1, Low: 1, Close: 1}})
	c.Cols = append(c.Cols, series.Column{Name: "extra_1_", Ints: []int64{7}})
	d := series.Frame{Key: series.BarKey(c.Key.Symbol, market.Hour), Time: []market.Time{3600e9}} // no column at all
	return []*series.Frame{&a, &b, &c, &d}
}

func TestFramesInAnyOrderComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	frames := manyBars()
	s := newStore(t)
	var descending []*series.Frame
	for _, f := range frames {
		put(t, s, *f)
		descending = append(descending, turned(f))
	}
	for _, name := range []string{"rows.csv", "rows.ndjson", "rows.parquet"} {
		format := marketfile.Format(strings.TrimPrefix(name, "rows."))
		for _, given := range [][]*series.Frame{frames, descending} {
			back := imported(t, name, encoded(t, format, series.Bars, scattered(r, 5, given...)...))
			wantSame(t, name, back, s, series.Bars)
			if got, want := attrsOf(t, back, series.Bars), attrsOf(t, s, series.Bars); keepsAttributes(name) && !maps.EqualFunc(got, want, maps.Equal) {
				t.Errorf("%s: got attributes %v, want %v", name, got, want)
			}
		}
	}
}

// imported returns a store that holds the bars of a file.
func imported(t *testing.T, name string, file []byte) *series.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newStore(t)
	report, err := marketfile.Import(t.Context(), s, series.Bars, []string{path}, nil)
	if err != nil || report.Refused != 0 {
		t.Fatalf("%s: %+v, %v", name, report, err)
	}
	return s
}

func TestAnExportIsWhatAnEncoderWrites(t *testing.T) {
	s := newStore(t)
	frames := manyBars()
	for _, f := range frames {
		put(t, s, *f)
	}
	what := everything(t, s, series.Bars)
	frames = frames[:0]
	for _, k := range what.Keys {
		frames = append(frames, rowsOf(t, s, k))
	}
	frames[slices.IndexFunc(frames, func(f *series.Frame) bool { return f.Key.Symbol.Code == "rb2601" })].Attrs = map[string]string{series.AttrSource: "a \"test\", 测试"}
	for _, format := range allFormats {
		var b bytes.Buffer
		rows, err := marketfile.Export(t.Context(), s, &b, what, &marketfile.ExportOptions{Format: format})
		if err != nil || rows != 34 || !bytes.Equal(b.Bytes(), encoded(t, format, series.Bars, frames...)) {
			t.Errorf("%s: got %d rows, %v", format, rows, err)
		}
	}
}

func TestJSONIsAnArrayOfTheObjectsOfNDJSON(t *testing.T) {
	frames := manyBars()
	for range 10 { // more than is written at once
		frames = append(frames, frames[0])
	}
	lines := strings.TrimSuffix(string(encoded(t, marketfile.NDJSON, series.Bars, frames...)), "\n")
	want := "[" + strings.ReplaceAll(lines, "\n", ",\n") + "]\n"
	if got := string(encoded(t, marketfile.JSON, series.Bars, frames...)); got != want || !json.Valid([]byte(got)) {
		t.Errorf("got %.300s\nwant %.300s", got, want)
	}
	if got := string(encoded(t, marketfile.JSON, series.Ticks)); got != "[]\n" {
		t.Errorf("got %s of no rows, want []", got)
	}
	for _, n := range []int{0, 1, 3, 1000} {
		var b bytes.Buffer
		e, err := marketfile.NewEncoder(&b, series.Bars, told(frames...), &marketfile.EncodeOptions{Format: marketfile.JSON})
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			if err := e.Write(frames[0]); err != nil {
				t.Fatal(err)
			}
		}
		if json.Valid(b.Bytes()) {
			t.Errorf("%d frames, and not closed: it is valid: %.300s", n, b.String())
		}
	}
}

func TestRealBarsAreJSONAsEncodingJSONWritesIt(t *testing.T) {
	frames := realFrames(t)
	for i := range frames {
		f := &frames[i]
		lines := bytes.Split(encoded(t, marketfile.NDJSON, series.Bars, f), []byte("\n"))
		for j, row := range plainBars(f) {
			want, err := json.Marshal(row)
			if err != nil || !bytes.Equal(lines[j], want) {
				t.Fatalf("%s: got %s, want %s, %v", f.Key, lines[j], want, err)
			}
		}
		if rows := len(lines) - 1; rows != f.Len() {
			t.Errorf("%s: got %d rows of %d", f.Key, rows, f.Len())
		}
	}
}

// rsi returns an indicator.
func rsi(symbol, name string) *series.Frame {
	return &series.Frame{
		Key:  series.Key{Kind: series.Indicator, Symbol: market.Symbol{Code: symbol, Exchange: "SHFE"}, Interval: market.Minute, Name: name},
		Time: []market.Time{1767607260e9, 1767607200e9},
		Cols: []series.Column{
			{Name: "value", Floats: []float64{55.25, 1e-7}, Valid: []bool{true, false}},
			{Name: "name", Texts: &series.Texts{Dict: []string{"up"}, Index: []uint32{0, 0}}},
		},
	}
}

func TestIndicatorsAreWritten(t *testing.T) {
	frames := []*series.Frame{rsi("rb2601", "rsi(14)"), rsi("hc2601", "rsi(6,2)")}
	frames[1].Cols = frames[1].Cols[:1]
	want := map[marketfile.Format]string{
		marketfile.CSV: `symbol,interval,name,time,name:text,value:float64
rb2601.SHFE,1m,rsi(14),2026-01-05T10:01:00Z,up,55.25
rb2601.SHFE,1m,rsi(14),2026-01-05T10:00:00Z,up,
hc2601.SHFE,1m,"rsi(6,2)",2026-01-05T10:01:00Z,,55.25
hc2601.SHFE,1m,"rsi(6,2)",2026-01-05T10:00:00Z,,
`,
		marketfile.NDJSON: `{"symbol":"rb2601.SHFE","interval":"1m","name":"rsi(14)","time":"2026-01-05T10:01:00Z","name:text":"up","value:float64":55.25}
{"symbol":"rb2601.SHFE","interval":"1m","name":"rsi(14)","time":"2026-01-05T10:00:00Z","name:text":"up","value:float64":null}
{"symbol":"hc2601.SHFE","interval":"1m","name":"rsi(6,2)","time":"2026-01-05T10:01:00Z","name:text":null,"value:float64":55.25}
{"symbol":"hc2601.SHFE","interval":"1m","name":"rsi(6,2)","time":"2026-01-05T10:00:00Z","name:text":null,"value:float64":null}
`,
	}
	for format, want := range want {
		if got := string(encoded(t, format, series.Indicator, frames...)); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		var b bytes.Buffer
		encode(t, &b, series.Indicator, &marketfile.EncodeOptions{Format: format, Plain: true}, frames...)
		if got, want := b.String(), strings.ReplaceAll(want, ":float64", ""); got != want {
			t.Errorf("plain: got\n%swant\n%s", got, want)
		}
	}
	wantStream(t, encoded(t, marketfile.ArrowStream, series.Indicator, frames...), frames...)
	for _, format := range allFormats {
		if len(encoded(t, format, series.Indicator, frames...)) == 0 || len(encoded(t, format, series.Indicator)) == 0 && format != marketfile.NDJSON {
			t.Errorf("%s: nothing was written", format)
		}
	}
}

// nullsOf counts the rows without a value.
func nullsOf(a arrow.Array) (n int) {
	for i := range a.Len() {
		if a.IsNull(i) {
			n++
		}
	}
	return n
}

// wantStream wants an Arrow stream to hold the rows of frames. It returns how many
// batches there are.
func wantStream(t *testing.T, stream []byte, frames ...*series.Frame) (batches int) {
	t.Helper()
	r, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	next, row := 0, 0
	for r.Next() {
		batches++
		batch := r.RecordBatch()
		for i, c := range batch.Columns() {
			if nulls := nullsOf(c); c.NullN() != nulls {
				t.Errorf("%s has %d rows without a value, and tells of %d", batch.ColumnName(i), nulls, c.NullN())
			}
		}
		for at := range int(batch.NumRows()) {
			for next < len(frames) && row == frames[next].Len() {
				next, row = next+1, 0
			}
			if next == len(frames) {
				t.Fatal("there are more rows than were written")
			}
			wantArrowRow(t, batch, at, frames[next], row)
			row++
		}
	}
	for next < len(frames) && row == frames[next].Len() {
		next, row = next+1, 0
	}
	if r.Err() != nil || next < len(frames) {
		t.Errorf("the stream ended in frame %d of %d, row %d: %v", next, len(frames), row, r.Err())
	}
	return batches
}

// plainTicks returns n ticks, of which some lack values.
func plainTicks(code string, n int) *series.Frame {
	ticks := make([]market.Tick, n)
	for i := range ticks {
		ticks[i] = market.Tick{Time: market.Time(1767607200e9 + int64(i)*1e5), Seq: uint32(i % 3), LastPrice: float64(i) / 4, Name: []string{"螺纹钢", ""}[i/2%2]}
		if i%7 > 0 {
			ticks[i].Local = ticks[i].Time + 1
		}
	}
	f := series.FrameOfTicks(market.Symbol{Code: code, Exchange: "LOCAL"}, ticks)
	venue, id := series.Column{Name: "venue", Texts: &series.Texts{Dict: []string{"Q", "", "NYSE"}}}, series.Column{Name: "id"}
	for i := range n {
		venue.Texts.Index, venue.Valid = append(venue.Texts.Index, uint32(i%3)), append(venue.Valid, i%5 > 0)
		id.Ints, id.Valid = append(id.Ints, int64(i)<<40), append(id.Valid, i < n/2)
		if i%5 == 0 {
			venue.Texts.Index[i] = 1 << 31 // means nothing: there is no value
		}
	}
	if code != "b" {
		f.Cols = append(f.Cols, venue, id)
	}
	return &f
}

func TestAnArrowStreamHoldsAllRows(t *testing.T) {
	frames := manyBars()
	wantStream(t, encoded(t, marketfile.ArrowStream, series.Bars, frames...), frames...)
	for i := range frames {
		frames[i] = turned(frames[i])
	}
	wantStream(t, encoded(t, marketfile.ArrowStream, series.Bars, frames...), frames...)
	r := rand.New(rand.NewPCG(7, 8))
	ticks := []*series.Frame{plainTicks("c", 5000), plainTicks("b", 3000), turned(plainTicks("a", 9000))}
	for _, most := range []int{7, 300, 1500, 5000} { // small ones, and large ones among them
		pieces := scattered(r, most, ticks...)
		batches := wantStream(t, encoded(t, marketfile.ArrowStream, series.Ticks, pieces...), pieces...)
		if batches < 2 || batches > 17 {
			t.Errorf("pieces of %d rows: got %d batches", most, batches)
		}
		var b bytes.Buffer
		encode(t, &b, series.Ticks, &marketfile.EncodeOptions{Format: marketfile.ArrowStream, Compress: true}, pieces...)
		wantStream(t, b.Bytes(), pieces...)
		if plain := len(encoded(t, marketfile.ArrowStream, series.Ticks, pieces...)); b.Len() > plain/2 {
			t.Errorf("packed: %d bytes, else %d", b.Len(), plain)
		}
	}
	long := plainTicks("a", 70_000)
	if batches := wantStream(t, encoded(t, marketfile.ArrowStream, series.Ticks, long), long); batches != 2 {
		t.Errorf("got %d batches, want 2", batches)
	}
}

func TestAnArrowStreamHasTheSchemaOfAFile(t *testing.T) {
	for kind, frames := range map[series.Kind][]*series.Frame{
		series.Bars: manyBars(), series.Ticks: {plainTicks("a", 3)}, series.Indicator: {rsi("rb2601", "rsi(14)")},
	} {
		stream, err := ipc.NewReader(bytes.NewReader(encoded(t, marketfile.ArrowStream, kind, frames...)))
		if err != nil {
			t.Fatal(err)
		}
		file, err := ipc.NewFileReader(bytes.NewReader(encoded(t, marketfile.Arrow, kind, frames...)))
		if err != nil {
			t.Fatal(err)
		}
		meta, want := stream.Schema().Metadata(), file.Schema().Metadata()
		if !stream.Schema().Equal(file.Schema()) || !meta.Equal(want) {
			t.Errorf("%s: got %v, want %v", kind, stream.Schema(), file.Schema())
		}
		if text, _ := meta.GetValue("redfire.attributes"); kind == series.Bars && !strings.Contains(text, "测试") {
			t.Errorf("got attributes %s", text)
		}
		empty, err := ipc.NewReader(bytes.NewReader(encoded(t, marketfile.ArrowStream, kind)))
		if err != nil || empty.Next() || empty.Err() != nil {
			t.Errorf("%s without rows: got %v", kind, err)
		}
	}
}

// scribble overwrites a frame.
func scribble(f *series.Frame) {
	for i := range f.Time {
		f.Time[i] = 1
	}
	clear(f.Seq)
	for i := range f.Cols {
		c := &f.Cols[i]
		clear(c.Floats)
		clear(c.Ints)
		clear(c.Valid)
		if c.Texts != nil {
			clear(c.Texts.Dict)
			clear(c.Texts.Index)
		}
	}
}

func TestAFrameIsNeitherChangedNorKept(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	pieces := scattered(r, 1500, plainTicks("a", 5000), plainTicks("b", 100))
	for _, format := range allFormats {
		want := encoded(t, format, series.Ticks, pieces...)
		var b bytes.Buffer
		e, err := marketfile.NewEncoder(&b, series.Ticks, told(pieces...), &marketfile.EncodeOptions{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range pieces {
			g := f.Clone()
			if err := e.Write(g); err != nil {
				t.Fatal(err)
			}
			scribble(g)
		}
		if err := e.Close(); err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s: got %v, and %d bytes for %d", format, err, b.Len(), len(want))
		}
	}
}

func TestWhatCannotBeEncodedIsAnError(t *testing.T) {
	good := manyBars()[0]
	about := told(good)
	f := func(name string, code fault.Code, says string, spoil func(f *series.Frame)) {
		t.Helper()
		for _, format := range allFormats {
			var b bytes.Buffer
			e, err := marketfile.NewEncoder(&b, series.Bars, about, &marketfile.EncodeOptions{Format: format})
			if err != nil {
				t.Fatal(err)
			}
			bad := good.Clone()
			spoil(bad)
			if err := e.Write(bad); !errors.Is(err, code) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, %s: got %v, want %s that says %q", format, name, err, code, says)
			}
			written := b.Len()
			again, closed := e.Write(good), e.Close()
			if again == nil || closed == nil || b.Len() != written || e.Rows() != 0 {
				t.Errorf("%s, %s: then got %v and %v, and %d rows", format, name, again, closed, e.Rows())
			}
		}
	}
	f("another series", fault.FileOption, "was not told of bars rb2605.SHFE 1m", func(f *series.Frame) { f.Key.Symbol.Code = "rb2605" })
	f("another kind", fault.FileOption, "was not told of", func(f *series.Frame) { f.Key = series.TickKey(f.Key.Symbol) })
	f("another type", fault.FileColumns, `"extra_1_" of bars rb2601.SHFE 1m is of type float64`, func(f *series.Frame) {
		f.Column("extra_1_").Floats, f.Column("extra_1_").Ints = make([]float64, f.Len()), nil
	})
	f("a short column", fault.SeriesFrame, "15 values for 16 rows", func(f *series.Frame) { f.Cols[2].Floats = f.Cols[2].Floats[1:] })
	f("a short Valid", fault.SeriesFrame, "Valid has 15 values", func(f *series.Frame) { c := f.Column("extra_1_"); c.Valid = c.Valid[1:] })

	g := func(kind series.Kind, about []series.Overview, opts *marketfile.EncodeOptions, code fault.Code, says string) {
		t.Helper()
		e, err := marketfile.NewEncoder(io.Discard, kind, about, opts)
		if e != nil || !errors.Is(err, code) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s, %+v: got %v, want %s that says %q", kind, opts, err, code, says)
		}
	}
	g(series.Bars, about, &marketfile.EncodeOptions{Format: "xml"}, fault.FileOption, `"xml"`)
	g(series.Bars, about, &marketfile.EncodeOptions{Columns: []string{"opne"}}, fault.FileColumns, `"opne"`)
	g(series.Ticks, about, nil, fault.FileOption, "ticks are to be exported")
	g(0, nil, nil, fault.FileOption, "no kind")
	odd := slices.Concat(about, []series.Overview{{Key: series.BarKey(good.Key.Symbol, market.Hour), Extra: map[string]series.Type{"extra_1_": series.Text}}})
	g(series.Bars, odd, nil, fault.FileColumns, `"extra_1_"`)
}

func TestTicksWithoutNumbersAndRowsAfterTheEndAreErrors(t *testing.T) {
	f := plainTicks("a", 3)
	for _, format := range allFormats {
		var b bytes.Buffer
		e, err := marketfile.NewEncoder(&b, series.Ticks, told(f), &marketfile.EncodeOptions{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(e.Write(f), e.Close(), e.Close()); err != nil || !bytes.Equal(b.Bytes(), encoded(t, format, series.Ticks, f)) {
			t.Errorf("%s: a second Close: got %v, and %d bytes", format, err, b.Len())
		}
		if err := e.Write(f); err == nil || !strings.Contains(err.Error(), "closed") || e.Rows() != 3 {
			t.Errorf("%s: after the end: got %d rows, %v", format, e.Rows(), err)
		}
		if e, err = marketfile.NewEncoder(io.Discard, series.Ticks, told(f), &marketfile.EncodeOptions{Format: format}); err != nil {
			t.Fatal(err)
		}
		bare := *f
		bare.Seq = nil
		if err := e.Write(&bare); !errors.Is(err, fault.SeriesFrame) {
			t.Errorf("%s: no Seq: got %v", format, err)
		}
	}
}

func TestColumnsThatAboutDoesNotTellOfAreLeftOut(t *testing.T) {
	f := plainTicks("a", 3)
	about := told(f)
	delete(about[0].Extra, "venue")
	e, err := marketfile.NewEncoder(io.Discard, series.Ticks, about, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	opts := &marketfile.EncodeOptions{Columns: []string{"id", "last_price"}}
	encode(t, &b, series.Ticks, opts, f)
	const want = `symbol,time,seq,last_price,id:int64
a.LOCAL,2026-01-05T10:00:00Z,0,0,0
a.LOCAL,2026-01-05T10:00:00.0001Z,1,0.25,
a.LOCAL,2026-01-05T10:00:00.0002Z,2,0.5,
`
	if err := errors.Join(e.Write(f), e.Close()); err != nil || b.String() != want {
		t.Errorf("got %v, and\n%swant\n%s", err, b.String(), want)
	}
}

// A stuckPipe takes fewer bytes than it is given, and says nothing.
type stuckPipe struct{}

func (stuckPipe) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestErrorsOfWritingSurface(t *testing.T) {
	pieces := []*series.Frame{plainTicks("a", 3000), plainTicks("a", 10), plainTicks("b", 3000)}
	run := func(w io.Writer, format marketfile.Format) error {
		e, err := marketfile.NewEncoder(w, series.Ticks, told(pieces...), &marketfile.EncodeOptions{Format: format})
		if err != nil {
			return err
		}
		for _, f := range pieces {
			if err := e.Write(f); err != nil {
				if closed := e.Close(); closed == nil || closed.Error() != err.Error() {
					t.Errorf("%s: Close after %v gave %v", format, err, closed)
				}
				return err
			}
		}
		return e.Close()
	}
	for _, format := range allFormats {
		whole := len(encoded(t, format, series.Ticks, pieces...))
		for _, room := range []int{0, 1, whole / 3, whole / 2, whole - 1} {
			if err := run(&fullDisk{room}, format); !errors.Is(err, fault.FileUnwritable) || !errors.Is(err, errFull) {
				t.Errorf("%s, %d bytes: got %v, want fault.FileUnwritable", format, room, err)
			}
		}
		if err := run(&fullDisk{whole}, format); err != nil {
			t.Errorf("%s: got %v", format, err)
		}
		if err := run(stuckPipe{}, format); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: got %v, want io.ErrShortWrite", format, err)
		}
	}
}
