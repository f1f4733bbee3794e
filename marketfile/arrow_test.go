package marketfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// jsonArray returns an Arrow array of what a text of JSON holds.
func jsonArray(t testing.TB, typ arrow.DataType, text string) arrow.Array {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s of %s: %v", text, typ, err)
	}
	return a
}

// batchOf returns a batch of columns whose values are texts of JSON.
func batchOf(t testing.TB, fields []arrow.Field, columns ...string) arrow.RecordBatch {
	t.Helper()
	arrays := make([]arrow.Array, len(fields))
	for i, f := range fields {
		arrays[i] = jsonArray(t, f.Type, columns[i])
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(arrays[0].Len()))
}

// arrowBytes writes batches as a file or a stream.
func arrowBytes(t testing.TB, file bool, batches []arrow.RecordBatch, opts ...ipc.Option) []byte {
	t.Helper()
	var b bytes.Buffer
	var w interface {
		Write(arrow.RecordBatch) error
		Close() error
	}
	opts = append(opts, ipc.WithSchema(batches[0].Schema()))
	w = ipc.NewWriter(&b, opts...)
	if file {
		b.Reset()
		var err error
		if w, err = ipc.NewFileWriter(&b, opts...); err != nil {
			t.Fatal(err)
		}
	}
	for _, batch := range batches {
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A column of one file holds three values, or two and a null between them.
func TestEveryTypeOfArrowColumnIsRead(t *testing.T) {
	whole, number, words := cellType{kind: cellInt}, cellType{kind: cellFloat}, cellType{}
	forms := 0
	f := func(typ arrow.DataType, first, last string, typed cellType, want any) {
		t.Helper()
		types := []arrow.DataType{typ}
		if arrow.IsInteger(typ.ID()) || typ.ID() == arrow.FLOAT64 || typ.ID() == arrow.STRING {
			for _, index := range []arrow.DataType{arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64} {
				types = append(types, &arrow.DictionaryType{IndexType: index, ValueType: typ})
			}
		}
		for _, typ := range types {
			for i, opts := range [][]ipc.Option{nil, {ipc.WithZstd()}, {ipc.WithLZ4()}} {
				for j, middle := range []string{first, "null"} {
					batch := batchOf(t, []arrow.Field{{Name: "x", Type: typ, Nullable: true}}, fmt.Sprintf("[%s,%s,%s]", first, middle, last))
					path := write(t, "a", string(arrowBytes(t, (i+j)%2 == 0, []arrow.RecordBatch{batch}, opts...)))
					wantCells(t, fmt.Sprintf("%s, %d, %s", typ, i, middle), path, typed, want, j == 1)
					forms++
				}
			}
		}
	}
	f(arrow.PrimitiveTypes.Int8, "-128", "127", whole, []int64{-128, 127})
	f(arrow.PrimitiveTypes.Int16, "-32768", "5", whole, []int64{-32768, 5})
	f(arrow.PrimitiveTypes.Int32, "-2147483648", "5", whole, []int64{-2147483648, 5})
	f(arrow.PrimitiveTypes.Int64, "-5", "123456789", whole, []int64{-5, 123456789})
	f(arrow.PrimitiveTypes.Uint8, "255", "1", whole, []int64{255, 1})
	f(arrow.PrimitiveTypes.Uint16, "65535", "1", whole, []int64{65535, 1})
	f(arrow.PrimitiveTypes.Uint32, "4294967295", "1", whole, []int64{4294967295, 1})
	f(arrow.PrimitiveTypes.Uint64, "7", "8", whole, []int64{7, 8})
	f(arrow.PrimitiveTypes.Float32, "0.1", "3512.4", number, []float64{0.1, 3512.4})
	f(arrow.PrimitiveTypes.Float64, "1e-300", "-0.1", number, []float64{1e-300, -0.1})
	f(&arrow.Decimal32Type{Precision: 7, Scale: 1}, `"3512.4"`, `"-0.1"`, number, []float64{3512.4, -0.1})
	f(&arrow.Decimal64Type{Precision: 18, Scale: 3}, `"123456789012345.678"`, `"-0.001"`, number, []float64{123456789012345.678, -0.001})
	f(&arrow.Decimal128Type{Precision: 38, Scale: 2}, `"-1.23"`, `"12345678.16"`, number, []float64{-1.23, 12345678.16})
	f(&arrow.Decimal256Type{Precision: 50, Scale: 2}, `"12.34"`, `"99.99"`, number, []float64{12.34, 99.99})
	f(arrow.BinaryTypes.String, `"螺纹钢"`, `""`, words, []string{"螺纹钢", ""})
	f(arrow.BinaryTypes.LargeString, `"螺纹钢"`, `""`, words, []string{"螺纹钢", ""})
	f(arrow.BinaryTypes.StringView, `"more than twelve bytes"`, `"a"`, words, []string{"more than twelve bytes", "a"})
	f(arrow.BinaryTypes.Binary, `"YQ=="`, `"Yg=="`, words, []string{"a", "b"})
	f(arrow.BinaryTypes.LargeBinary, `"YQ=="`, `"Yg=="`, words, []string{"a", "b"})
	f(arrow.BinaryTypes.BinaryView, `"YQ=="`, `"Yg=="`, words, []string{"a", "b"})
	f(arrow.FixedWidthTypes.Boolean, "true", "false", words, []string{"true", "false"})
	f(arrow.FixedWidthTypes.Date32, `"1969-12-31"`, `"2024-10-04"`, cellType{cellWall, 24 * time.Hour}, []int64{-1, 20000})
	f(arrow.FixedWidthTypes.Date64, `"1969-12-31"`, `"2024-10-04"`, cellType{cellWall, 24 * time.Hour}, []int64{-1, 20000})
	f(arrow.FixedWidthTypes.Time32ms, `"09:30:00"`, `"15:00:00.5"`, words, []string{"09:30:00", "15:00:00.5"})
	f(arrow.FixedWidthTypes.Time64us, `"09:30:00"`, `"15:00:00.000005"`, words, []string{"09:30:00", "15:00:00.000005"})
	for unit, length := range map[arrow.TimeUnit]time.Duration{arrow.Second: time.Second, arrow.Millisecond: time.Millisecond, arrow.Microsecond: time.Microsecond, arrow.Nanosecond: 1} {
		n := int64(time.Second / length)
		for zone, kind := range map[string]cellKind{"": cellWall, "UTC": cellInstant, "Asia/Shanghai": cellInstant} {
			typ := &arrow.TimestampType{Unit: unit, TimeZone: zone}
			f(typ, fmt.Sprint(-15*n), fmt.Sprint(1700000000*n), cellType{kind, length}, []int64{-15 * n, 1700000000 * n})
		}
	}
	if forms < 300 {
		t.Errorf("only %d columns were read", forms)
	}
}

// On 32 bits the library can neither read nor write those of more than 64.
func TestWideDecimalsAreTheNearestNumber(t *testing.T) {
	const all = 1<<64 - 1
	f := func(want float64, parts ...uint64) {
		t.Helper()
		if got := wideDecimal(2, parts...); got != want {
			t.Errorf("%x: got %v, want %v", parts, got, want)
		}
	}
	f(0.05, 5, 0)
	f(-0.05, all-4, all, all, all)
	f(184467440737095516.16, 0, 1)
	f(184467440737095516.15, all, 0, 0, 0)
	f(-184467440737095516.17, all, all-1, all, all)
	f(3.402823669209384634e36, 0, 0, 1, 0)
}

// One that is too large for the store is refused by itself, not with its column.
func TestTheLargestWholeNumbersAreTexts(t *testing.T) {
	b := array.NewUint64Builder(memory.DefaultAllocator)
	b.AppendValues([]uint64{1<<64 - 1, 5, 5}, nil)
	batch := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.PrimitiveTypes.Uint64}}, nil), []arrow.Array{b.NewArray()}, 3)
	wantCells(t, "uint64", write(t, "a", string(arrowBytes(t, true, []arrow.RecordBatch{batch}))), cellType{kind: cellInt}, []string{"18446744073709551615", "5"}, false)
}

func TestNestedArrowColumnsAreReadByNobody(t *testing.T) {
	batch := batchOf(t, []arrow.Field{
		{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)},
		{Name: "record", Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int64})},
		{Name: "half", Type: arrow.FixedWidthTypes.Float16},
		{Name: "fixed", Type: &arrow.FixedSizeBinaryType{ByteWidth: 2}},
		{Name: "nothing", Type: arrow.Null},
		{Name: "x", Type: arrow.PrimitiveTypes.Int64},
	}, "[[1,2]]", `[{"a":1}]`, "[1.5]", `["YWE="]`, "[null]", "[7]")
	r, err := openParquet(t, write(t, "a", string(arrowBytes(t, false, []arrow.RecordBatch{batch}))))
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range r.header().columns[:4] {
		if _, err := p.table([]int{i}); c.typed.kind != cellOther || !errors.Is(err, fault.FileColumns) {
			t.Errorf("%s: got %+v, %v, want fault.FileColumns", c.name, c.typed, err)
		}
	}
	table, err := p.table([]int{5, 4})
	if err != nil || table.cells[0].ints[0] != 7 || !table.cells[1].empty(0) {
		t.Errorf("got %+v, %v, want 7 and nothing", table, err)
	}
}

// numberBatches returns batches of these lengths whose rows count from 0, each
// seventh without a text.
func numberBatches(lengths ...int) (all []arrow.RecordBatch) {
	fields := []arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int64},
		{Name: "text", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, Nullable: true},
	}
	schema, next := arrow.NewSchema(fields, nil), 0
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, length := range lengths {
		for range length {
			b.Field(0).(*array.Int64Builder).Append(int64(next))
			d := b.Field(1).(*array.BinaryDictionaryBuilder)
			if next%7 == 0 {
				d.AppendNull()
			} else if err := d.AppendString(fmt.Sprint(next % 1000)); err != nil {
				panic(err)
			}
			next++
		}
		all = append(all, b.NewRecordBatch())
	}
	return all
}

// wantNumbers wants a file to hold so many rows of numberBatches.
func wantNumbers(t *testing.T, name, path string, rows int) {
	t.Helper()
	r, err := openParquet(t, path)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	at, most := 0, 0
	texts := make([]string, 1000) // to print one for every row takes most of the time
	for i := range texts {
		texts[i] = fmt.Sprint(i)
	}
	for {
		p, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		table, err := p.table([]int{1, 0})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		most = max(most, table.len())
		for i, line := range table.lines {
			text := ""
			if at%7 > 0 {
				text = texts[at%1000]
			}
			if table.cells[1].ints[i] != int64(at) || int(line) != at+1 || string(table.cells[0].text(i)) != text || table.cells[0].absent(i) != (at%7 == 0) {
				t.Fatalf("%s: row %d has the number %d and is %d, %q", name, at, line, table.cells[1].ints[i], table.cells[0].text(i))
			}
			at++
		}
	}
	if at != rows || most > pieceRows {
		t.Errorf("%s: got %d rows of %d, %d at once", name, at, rows, most)
	}
}

func TestBatchesAreTheRowsInOrder(t *testing.T) {
	lengths := []int{3, 0, 200_001, 1, 65_536, 7}
	for _, opts := range [][]ipc.Option{nil, {ipc.WithZstd()}, {ipc.WithLZ4()}, {ipc.WithDictionaryDeltas(true)}} {
		for _, file := range []bool{false, true} {
			path := write(t, "a", string(arrowBytes(t, file, []arrow.RecordBatch{numberBatches(265_548)[0]}, opts...)))
			wantNumbers(t, "one batch", path, 265_548)
			if file {
				continue // a file has each dictionary once
			}
			wantNumbers(t, "many batches", write(t, "a", string(arrowBytes(t, file, numberBatches(lengths...), opts...))), 265_548)
		}
	}
}

// A stream is read as it comes; a file from its end.
func TestAStreamMayBePacked(t *testing.T) {
	batches := numberBatches(1000, 500)
	stream := arrowBytes(t, false, batches)
	wantNumbers(t, "gzip", write(t, "a.gz", packed(t, string(stream))), 1500)
	wantNumbers(t, "zip", write(t, "a.zip", zipped(t, "a.arrow", string(stream))), 1500)
	_, err := openParquet(t, write(t, "a.gz", packed(t, string(arrowBytes(t, true, batches[:1])))))
	wantFault(t, err, fault.FileForm, "unpack it")
	var cut bytes.Buffer
	z := gzip.NewWriter(&cut)
	if _, err := z.Write(stream[:len(stream)-8]); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if rows, err := countWhole(t, write(t, "a.gz", cut.String())); !errors.Is(err, fault.FileDamaged) || rows != 1500 {
		t.Errorf("got %d rows, %v", rows, err)
	}
}

// Before version 0.15 nothing stood in front of the length of a message, and
// Polars writes no length before the schema of a file.
func TestOldStreamsAndFilesOfPolarsAreRead(t *testing.T) {
	stream := arrowBytes(t, false, numberBatches(20))
	var old []byte
	for rest := stream; len(rest) > 0; {
		length := u32(rest, 4)
		old = append(old, rest[4:8+length]...)
		size := 0
		if length > 0 {
			size = int(flatRoot(rest[8 : 8+length]).int64(3))
			old = append(old, rest[8+length:8+length+size]...)
		}
		rest = rest[8+length+size:]
	}
	wantNumbers(t, "old", write(t, "a", string(old)), 20)

	file := arrowBytes(t, true, numberBatches(20))
	f, err := readArrowFooter(io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := f.next()
	for i := 8; i < int(b.from); i++ {
		file[i] = 0x55
	}
	wantNumbers(t, "Polars", write(t, "a", string(file)), 20)
}

// Files as pandas, pyarrow and Polars write them.
func TestArrowFilesOfOthersBecomeBars(t *testing.T) {
	const values = 5
	prices := []arrow.Field{
		{Name: "open", Type: arrow.PrimitiveTypes.Float32}, {Name: "high", Type: &arrow.Decimal128Type{Precision: 9, Scale: 1}},
		{Name: "low", Type: arrow.PrimitiveTypes.Float64}, {Name: "close", Type: arrow.PrimitiveTypes.Int16}, {Name: "volume", Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
	}
	columns := []string{"[3512.4]", `["3513.0"]`, "[3500.2]", "[3511]", "[77]"}
	f := func(o Options, want string, fields []arrow.Field, first ...string) {
		t.Helper()
		batch := batchOf(t, append(fields, prices...), append(first, columns[:values]...)...)
		for _, file := range []bool{true, false} {
			s := emptyStore(t)
			if o.Interval == 0 {
				o.Interval, o.BarTime = market.Minute, Start
			}
			r, err := imports(t, s, series.Bars, &o, write(t, "a.arrow", string(arrowBytes(t, file, []arrow.RecordBatch{batch}))))
			if got := stored(t, s); err != nil || r.New != 1 || got != want+" close=3511 high=3513 low=3500.2 open=3512.4 volume=77\n" {
				t.Errorf("%v: got %s%s, %v", fields, got, counts(r), err)
			}
		}
	}
	instant := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	wall := &arrow.TimestampType{Unit: arrow.Microsecond}
	shanghai := zoned(t, "Asia/Shanghai")
	const at = "bars rb2601.SHFE 1m 2024-01-02T01:30:00Z"
	f(Options{Symbol: rb}, at, []arrow.Field{{Name: "datetime", Type: instant}}, `["2024-01-02T01:30:00Z"]`)
	f(Options{Symbol: rb, Zone: shanghai, Map: map[string]string{"time": "__index_level_0__"}}, at, []arrow.Field{{Name: "__index_level_0__", Type: wall}}, `["2024-01-02T09:30:00"]`)
	f(Options{}, at, []arrow.Field{{Name: "vt_symbol", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}}, {Name: "datetime", Type: instant}},
		`["rb2601.SHFE"]`, `["2024-01-02T01:30:00Z"]`)
	f(Options{Zone: shanghai}, at, []arrow.Field{{Name: "symbol", Type: arrow.BinaryTypes.StringView}, {Name: "exchange", Type: arrow.BinaryTypes.LargeString}, {Name: "date", Type: arrow.FixedWidthTypes.Date32}, {Name: "time", Type: arrow.FixedWidthTypes.Time64ns}},
		`["rb2601"]`, `["SHFE"]`, `["2024-01-02"]`, `["09:30:00"]`)
	f(Options{Symbol: rb, Interval: market.Day}, "bars rb2601.SHFE d 2024-01-01T16:00:00Z", []arrow.Field{{Name: "date", Type: arrow.FixedWidthTypes.Date64}}, `["2024-01-02"]`)
}

// What stands in a row that is refused is told, and others are kept.
func TestRowsOfAnArrowFileAreRefusedByThemselves(t *testing.T) {
	fields := []arrow.Field{{Name: "time", Type: &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, Nullable: true}}
	for _, name := range []string{"open", "high", "low", "close"} {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: true})
	}
	f := func(prices, want string) {
		t.Helper()
		batch := batchOf(t, fields, "[1704187800,null,1704187920,1704187980]", prices, "[5,5,5,5]", "[1,1,1,1]", "[2,2,2,2]")
		path := write(t, "a.arrow", string(arrowBytes(t, false, []arrow.RecordBatch{batch})))
		s := emptyStore(t)
		r, err := imports(t, s, series.Bars, barsIn(t), path)
		if err != nil || counts(r) != "4 read: 2 new, 0 unchanged, 0 replaced, 2 refused" {
			t.Fatalf("got %s, %v", counts(r), err)
		}
		if got := read(t, r.Rejects[0]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := stored(t, s); strings.Count(got, "open=2") != 1 || strings.Count(got, "open=4") != 1 {
			t.Errorf("got %s", got)
		}
	}
	const head = "reject_line,reject_reason,time,open,high,low,close\n2,there is no time [RF-MKT-011],,3,5,1,2\n"
	f("[2,3,null,4]", head+"3,open is empty [RF-FIL-012],1704187920,,5,1,2\n")
	f("[2,3,1e300,4]", head+"3,open: a price is above the high or below the low: open 1e+300 is above high 5 [RF-FIL-013],1704187920,1e+300,5,1,2\n")
}

// The attributes of a series, the numbers of ticks, absent values and nanoseconds.
func TestAStreamOfOurOwnComesBackAsTheFileDoes(t *testing.T) {
	s := emptyStore(t)
	extra := []string{"", "a", "b"}
	ticks := series.Frame{
		Key: series.TickKey(rb), Time: []market.Time{1704187800000000001, 1704187800000000001, 1704187800000000999}, Seq: []uint32{0, 7, 9},
		Attrs: map[string]string{series.AttrTickVolume: "cumulative", "origin": "ctp"},
		Cols: []series.Column{
			{Name: "last_price", Floats: []float64{1, 2.5, 3}}, {Name: "localtime", Ints: []int64{0, 1704187800000000005, 0}},
			{Name: "venue", Texts: &series.Texts{Dict: extra, Index: []uint32{0, 1, 2}}, Valid: []bool{true, false, true}},
		},
	}
	if _, err := s.Write(t.Context(), []series.Frame{ticks}, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.arrow")
	if _, err := ExportFile(t.Context(), s, path, Selection{Kind: series.Ticks, Keys: []series.Key{series.TickKey(rb)}}, nil); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, asStream(t, path)} {
		for _, whole := range []bool{false, true} {
			back := emptyStore(t)
			r, err := imports(t, back, series.Ticks, &Options{Whole: whole}, path)
			if err != nil || r.New != 3 || stored(t, back) != stored(t, s) {
				t.Errorf("got %s, %v: %s, want %s", counts(r), err, stored(t, back), stored(t, s))
			}
			wantAttrs(t, back, "cumulative", "ctp")
		}
		g, err := Preview(t.Context(), series.Ticks, path, 10, nil)
		if err != nil || len(g.Frames) != 1 || !slices.Equal(g.Frames[0].Seq, ticks.Seq) {
			t.Errorf("got %+v, %v", g, err)
		}
	}
}

// wantAttrs wants all series to have these attributes.
func wantAttrs(t *testing.T, s *series.Store, volume, origin string) {
	t.Helper()
	for o, err := range s.Overview(t.Context(), series.Filter{}) {
		if err != nil || o.Attrs["origin"] != origin || o.Attrs[series.AttrTickVolume] != volume {
			t.Errorf("got %v, %v", o.Attrs, err)
		}
	}
}

func TestAnArrowFileWithoutRowsIsRead(t *testing.T) {
	fields := []arrow.Field{{Name: "time", Type: arrow.FixedWidthTypes.Timestamp_ns}}
	for _, name := range []string{"open", "high", "low", "close"} {
		fields = append(fields, arrow.Field{Name: name, Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Float64}})
	}
	batch := batchOf(t, fields, "[]", "[]", "[]", "[]", "[]")
	for _, file := range []bool{false, true} {
		for n := range 3 {
			empty := arrowBytes(t, file, slices.Repeat([]arrow.RecordBatch{batch}, max(1, n)))
			if n == 0 {
				empty = withoutBatches(t, file, batch.Schema())
			}
			r, err := imports(t, emptyStore(t), series.Bars, barsIn(t), write(t, "a.arrow", string(empty)))
			if err != nil || r.Read != 0 || r.Files != 1 {
				t.Errorf("file %v of %d batches: got %s, %v", file, n, counts(r), err)
			}
		}
	}
}

// withoutBatches returns a file or a stream that has a schema alone.
func withoutBatches(t *testing.T, file bool, schema *arrow.Schema) []byte {
	t.Helper()
	var b bytes.Buffer
	if !file {
		if err := ipc.NewWriter(&b, ipc.WithSchema(schema)).Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	w, err := ipc.NewFileWriter(&b, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFileOfAFewBytesIsNoArrowFile(t *testing.T) {
	for _, text := range []string{"ARROW1", "ARROW1\x00\x00\x00", "\xff\xff\xff\xff", "\xff\xff\xff\xff\x08\x00\x00\x00", "\xff\xff\xff\xff\x00\x00\x00\x00"} {
		if _, err := countWhole(t, write(t, "a", text)); !errors.Is(err, fault.FileDamaged) && !errors.Is(err, fault.FileForm) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
