package marketfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"golang.org/x/sync/errgroup"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// writeParquet writes rows of the given columns into a file, and returns its path.
func writeParquet(t testing.TB, columns []parquetField, rows []parquet.Row, opts ...parquet.WriterOption) string {
	t.Helper()
	g := &orderedGroup{Group: parquet.Group{}}
	for _, c := range columns {
		g.add(c.name, c.node)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[any](&b, append(opts, parquet.NewSchema("test", g))...)
	_, err := w.WriteRows(rows)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.parquet")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type parquetField struct {
	name string
	node parquet.Node
}

// openParquet opens a file as an import does.
func openParquet(t testing.TB, path string) (reader, error) {
	t.Helper()
	in, err := openInput(t.Context(), path, path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.close() })
	return readerOf(in)
}

func readerOf(in *input) (reader, error) {
	switch in.form {
	case formParquet:
		return newParquet(in)
	case formArrow:
		return newArrow(in)
	}
	return nil, fault.FileForm.Errorf("it is %s", in.form)
}

// A column of one file holds three values, or two and a null between them.
func TestEveryTypeOfColumnIsRead(t *testing.T) {
	a, b := parquet.Int64Value(-1500000001), parquet.Int64Value(1700000000123)
	fixed := func(bytes ...byte) parquet.Value { return parquet.FixedLenByteArrayValue(bytes) }
	text := func(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }
	instant := func(unit time.Duration) cellType { return cellType{cellInstant, unit} }
	wall := func(unit time.Duration) cellType { return cellType{cellWall, unit} }
	whole, number, words := cellType{kind: cellInt}, cellType{kind: cellFloat}, cellType{}
	f := func(name string, node parquet.Node, first, last parquet.Value, typed cellType, want any) {
		t.Helper()
		nodes := []parquet.Node{node, parquet.Optional(node)}
		if k := node.Type().Kind(); k != parquet.Boolean {
			nodes = append(nodes, parquet.Encoded(node, &parquet.RLEDictionary), parquet.Optional(parquet.Encoded(node, &parquet.RLEDictionary)))
		}
		for i, n := range nodes {
			for version := 1; version <= 2; version++ {
				middle, level := first, 0
				if n.Optional() {
					middle, level = parquet.NullValue(), 1
				}
				rows := []parquet.Row{{first.Level(0, level, 0)}, {middle.Level(0, 0, 0)}, {last.Level(0, level, 0)}}
				path := writeParquet(t, []parquetField{{"x", n}}, rows, parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(version))
				wantCells(t, fmt.Sprintf("%s, %d, pages of version %d", name, i, version), path, typed, want, n.Optional())
			}
		}
	}
	f("double", parquet.Leaf(parquet.DoubleType), parquet.DoubleValue(1e-300), parquet.DoubleValue(-0.1), number, []float64{1e-300, -0.1})
	f("float", parquet.Leaf(parquet.FloatType), parquet.FloatValue(0.1), parquet.FloatValue(3512.4), number, []float64{0.1, 3512.4})
	f("int64", parquet.Leaf(parquet.Int64Type), parquet.Int64Value(math.MinInt64), parquet.Int64Value(math.MaxInt64), whole, []int64{math.MinInt64, math.MaxInt64})
	f("int8", parquet.Int(8), parquet.Int32Value(-128), parquet.Int32Value(127), whole, []int64{-128, 127})
	f("int32", parquet.Int(32), parquet.Int32Value(math.MinInt32), parquet.Int32Value(5), whole, []int64{math.MinInt32, 5})
	f("uint32", parquet.Uint(32), parquet.Int32Value(-1), parquet.Int32Value(5), whole, []int64{math.MaxUint32, 5})
	f("uint64", parquet.Uint(64), parquet.Int64Value(-1), parquet.Int64Value(5), whole, []string{"18446744073709551615", "5"})
	f("decimal32", parquet.Decimal(2, 9, parquet.Int32Type), parquet.Int32Value(-351240), parquet.Int32Value(1), number, []float64{-3512.4, 0.01})
	f("decimal64", parquet.Decimal(3, 18, parquet.Int64Type), parquet.Int64Value(123456789012345678), parquet.Int64Value(-1), number, []float64{123456789012345.678, -0.001})
	f("decimal128", parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(12)), fixed(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 133), fixed(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), number, []float64{-1.23, 184467440737095516.16})
	f("decimal24", parquet.Decimal(1, 6, parquet.FixedLenByteArrayType(3)), fixed(255, 255, 246), fixed(0, 1, 0), number, []float64{-1, 25.6})
	f("binary decimal", parquet.Decimal(2, 9, parquet.ByteArrayType), text("\x04\xd2"), text("\xff"), number, []float64{12.34, -0.01})
	f("string", parquet.String(), text("螺纹钢"), text(""), words, []string{"螺纹钢", ""})
	f("binary", parquet.Leaf(parquet.ByteArrayType), text("a"), text("b"), words, []string{"a", "b"})
	f("enum", parquet.Enum(), text("a"), text("b"), words, []string{"a", "b"})
	f("JSON", parquet.JSON(), text("{}"), text("1"), words, []string{"{}", "1"})
	f("boolean", parquet.Leaf(parquet.BooleanType), parquet.BooleanValue(true), parquet.BooleanValue(false), words, []string{"true", "false"})
	f("date", parquet.Date(), parquet.Int32Value(-1), parquet.Int32Value(20000), wall(24*time.Hour), []int64{-1, 20000})
	f("ms", parquet.Timestamp(parquet.Millisecond), a, b, instant(time.Millisecond), []int64{-1500000001, 1700000000123})
	f("us", parquet.Timestamp(parquet.Microsecond), a, b, instant(time.Microsecond), []int64{-1500000001, 1700000000123})
	f("ns", parquet.Timestamp(parquet.Nanosecond), a, b, instant(1), []int64{-1500000001, 1700000000123})
	f("wall ms", parquet.TimestampAdjusted(parquet.Millisecond, false), a, b, wall(time.Millisecond), []int64{-1500000001, 1700000000123})
	f("wall ns", parquet.TimestampAdjusted(parquet.Nanosecond, false), a, b, wall(1), []int64{-1500000001, 1700000000123})
	f("time", parquet.TimeAdjusted(parquet.Millisecond, false), parquet.Int32Value(34200000), parquet.Int32Value(54000500), words, []string{"09:30:00", "15:00:00.5"})
	f("int96", parquet.Leaf(parquet.Int96Type), int96(2440588, 5), int96(2460311, uint64(12*time.Hour)), instant(1), []int64{5, 1704110400e9})
	f("int96 of no time", parquet.Leaf(parquet.Int96Type), int96(1, 0), int96(2440587, 1), instant(1), []int64{math.MaxInt64, -86400e9 + 1})
}

func int96(day uint32, nanos uint64) parquet.Value {
	return parquet.Int96Value(deprecated.Int96{uint32(nanos), uint32(nanos >> 32), day})
}

// wantCells wants a file to hold the first of two values, the first again or
// nothing, and the second.
func wantCells(t *testing.T, name, path string, typed cellType, want any, null bool) {
	t.Helper()
	r, err := openParquet(t, path)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got := r.header().columns[0]; got.name != "x" || got.typed != typed {
		t.Errorf("%s: header is %+v, want %+v", name, got, typed)
	}
	p, err := r.next()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	table, err := p.table([]int{0})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	c := &table.cells[0]
	var got any
	switch {
	case c.floats != nil:
		got = []float64{c.floats[0], c.floats[2]}
	case c.ints != nil:
		got = []int64{c.ints[0], c.ints[2]}
	default:
		got = []string{string(c.texts[0]), string(c.texts[2])}
	}
	if !reflect.DeepEqual(got, want) || table.len() != 3 || c.count() != 3 || c.empty(1) != null || c.typed != typed {
		t.Errorf("%s: got %v of %d, want %v; the middle is empty: %v", name, got, table.len(), want, c.empty(1))
	}
	if table.lines[0] != 1 || table.lines[2] != 3 {
		t.Errorf("%s: got lines %v", name, table.lines)
	}
	if _, err := r.next(); !errors.Is(err, io.EOF) {
		t.Errorf("%s: got %v after the last piece, want io.EOF", name, err)
	}
}

func TestNestedColumnsAreReadByNobody(t *testing.T) {
	path := writeParquet(t, []parquetField{
		{"list", parquet.Repeated(parquet.Int(64))},
		{"record", parquet.Group{"a": parquet.Int(64), "b": parquet.String()}},
		{"x", parquet.Int(64)},
	}, []parquet.Row{{parquet.Int64Value(1).Level(0, 1, 0), parquet.Int64Value(2).Level(0, 0, 1), parquet.ByteArrayValue(nil).Level(0, 0, 2), parquet.Int64Value(7).Level(0, 0, 3)}})
	r, err := openParquet(t, path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range r.header().columns[:2] {
		if _, err := p.table([]int{i}); c.typed.kind != cellOther || !errors.Is(err, fault.FileColumns) {
			t.Errorf("%s: got %+v, %v, want fault.FileColumns", c.name, c.typed, err)
		}
	}
	table, err := p.table([]int{2})
	if err != nil || table.cells[0].ints[0] != 7 {
		t.Errorf("got %+v, %v, want 7", table, err)
	}
}

// manyRows writes a file of several row groups with pages of different lengths:
// numbers from 0, each seventh absent, as plain values and in a dictionary.
func manyRows(t testing.TB, rows int, opts ...parquet.WriterOption) string {
	t.Helper()
	all := make([]parquet.Row, rows)
	for i := range all {
		v, level := parquet.Int64Value(int64(i)), 1
		w := parquet.ByteArrayValue([]byte(strconv.Itoa(i % 1000)))
		if i%7 == 0 {
			v, w, level = parquet.NullValue(), parquet.NullValue(), 0
		}
		all[i] = parquet.Row{v.Level(0, level, 0), w.Level(0, level, 1), parquet.DoubleValue(float64(i)).Level(0, 0, 2)}
	}
	return writeParquet(t, []parquetField{
		{"a", parquet.Optional(parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked))},
		{"b", parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))},
		{"c", parquet.Leaf(parquet.DoubleType)},
	}, all, append([]parquet.WriterOption{parquet.MaxRowsPerRowGroup(100_000), parquet.PageBufferSize(40_000)}, opts...)...)
}

func TestPiecesAreTheRowsInOrder(t *testing.T) {
	wantPieces(t, 250_001, parquet.Compression(&parquet.Zstd))
}

// Pages of 64 kB fit into the buffers of the library to the byte.
func TestPagesOfEveryPackingAreRead(t *testing.T) {
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Brotli, &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			wantPieces(t, 40_000, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(64<<10))
		}
	}
}

func wantPieces(t *testing.T, rows int, opts ...parquet.WriterOption) {
	t.Helper()
	r, err := openParquet(t, manyRows(t, rows, opts...))
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for {
		p, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range [][]int{{1, 0}, {2}, {0, 1, 2}} { // the first is what the reader expects
			table, err := p.table(wanted)
			if err != nil {
				t.Fatal(err)
			}
			for j, c := range wanted {
				wantManyRows(t, table, j, c, at)
			}
		}
		table, _ := p.table([]int{2})
		at += table.len()
	}
	if taken := r.(*parquetReader).in.taken.Load(); at != rows || taken != r.(*parquetReader).in.size {
		t.Errorf("got %d rows of %d, and %d bytes", at, rows, taken)
	}
}

// wantManyRows wants the j-th column of a table to be a column of manyRows, from
// a row on.
func wantManyRows(t *testing.T, got *table, j, column, from int) {
	t.Helper()
	c := &got.cells[j]
	for i, line := range got.lines {
		want := from + i
		if int(line) != want+1 {
			t.Fatalf("row %d has the number %d", want+1, line)
		}
		if column != 2 && c.empty(i) != (want%7 == 0) {
			t.Fatalf("column %d, row %d: empty is %v", column, want, c.empty(i))
		}
		switch {
		case column == 2 && c.floats[i] != float64(want), column == 0 && want%7 != 0 && c.ints[i] != int64(want),
			column == 1 && want%7 != 0 && string(c.texts[i]) != strconv.Itoa(want%1000):
			t.Fatalf("column %d, row %d: got %q", column, want, c.text(i))
		}
	}
}

// Files as pandas, Spark and polars write them.
func TestFilesOfOthersBecomeBars(t *testing.T) {
	shanghai, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	const wall = (9*3600 + 30*60) * 1000 // 09:30
	text := func(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }
	prices := []parquetField{
		{"open", parquet.Leaf(parquet.FloatType)}, {"high", parquet.Decimal(1, 9, parquet.Int32Type)},
		{"low", parquet.Leaf(parquet.DoubleType)}, {"close", parquet.Int(64)}, {"volume", parquet.Optional(parquet.Uint(64))},
	}
	values := []parquet.Value{parquet.FloatValue(3512.4), parquet.Int32Value(35130), parquet.DoubleValue(3500.2), parquet.Int64Value(3511), parquet.Int64Value(77)}
	f := func(opts Options, columns []parquetField, want string, first ...parquet.Value) {
		t.Helper()
		row := parquet.Row{}
		for i, v := range append(first, values...) {
			level := 0
			if i == len(first)+len(values)-1 {
				level = 1
			}
			row = append(row, v.Level(0, level, i))
		}
		path := writeParquet(t, append(columns, prices...), []parquet.Row{row})
		s := memseries.Open(nil)
		defer s.Close()
		opts.Symbol = market.Symbol{Code: "rb2601", Exchange: "SHFE"}
		if opts.Interval == 0 {
			opts.Interval, opts.BarTime = market.Minute, Start
		}
		report, err := Import(t.Context(), s, series.Bars, []string{path}, &opts)
		if err != nil || report.New != 1 {
			t.Errorf("%v: got %+v, %v", columns, report, err)
			return
		}
		for got, err := range s.Bars(t.Context(), opts.Symbol, opts.Interval, market.Range{}) {
			want := market.Bar{Time: got.Time, Open: 3512.4, High: 3513, Low: 3500.2, Close: 3511, Volume: 77}
			if err != nil || got != want {
				t.Errorf("%v: got %+v, %v, want %+v", columns, got, err, want)
			}
		}
		for o, err := range s.Overview(t.Context(), series.Filter{}) {
			if err != nil || o.First.String() != want {
				t.Errorf("%v: got %s, %v, want %s", columns, o.First, err, want)
			}
		}
	}
	index := map[string]string{"time": "__index_level_0__"}
	nanos := parquet.TimestampAdjusted(parquet.Nanosecond, false)
	f(Options{Map: index, Zone: shanghai}, []parquetField{{"__index_level_0__", nanos}}, "2024-01-02T01:30:00Z", parquet.Int64Value(1704187800e9))
	f(Options{Map: map[string]string{"time": "index"}}, []parquetField{{"index", parquet.Timestamp(parquet.Microsecond)}}, "2024-01-02T09:30:00Z", parquet.Int64Value(1704187800e6))
	f(Options{}, []parquetField{{"datetime", parquet.Leaf(parquet.Int96Type)}}, "2024-01-02T09:30:00Z", int96(2460312, wall*1e6))
	f(Options{}, []parquetField{{"open_time", parquet.Int(64)}}, "2024-01-02T09:30:00Z", parquet.Int64Value(1704187800e3))
	f(Options{Interval: market.Day}, []parquetField{{"date", parquet.Date()}}, "2024-01-01T16:00:00Z", parquet.Int32Value(19724))
	f(Options{Zone: shanghai}, []parquetField{{"date", parquet.Date()}, {"time", parquet.TimeAdjusted(parquet.Millisecond, false)}},
		"2024-01-02T01:30:00Z", parquet.Int32Value(19724), parquet.Int32Value(wall))
	f(Options{Zone: shanghai}, []parquetField{{"date", nanos}, {"time", parquet.String()}},
		"2024-01-02T01:30:00Z", parquet.Int64Value(19724*86400e9), text("09:30"))
	f(Options{Zone: shanghai}, []parquetField{{"trade_date", parquet.Int(32)}, {"time", parquet.String()}},
		"2024-01-02T01:30:00Z", parquet.Int32Value(20240102), text("09:30:00"))
}

// readWhole reads all columns of a file, whatever is in it. It returns the first
// error.
func readWhole(t testing.TB, path string) error {
	t.Helper()
	_, err := countWhole(t, path)
	return err
}

// countWhole returns how many rows were read besides.
func countWhole(t testing.TB, path string) (rows int, err error) {
	t.Helper()
	in, err := openInput(t.Context(), path, path, "")
	if err != nil {
		return 0, err
	}
	defer func() { _ = in.close() }()
	r, err := readerOf(in)
	if err != nil {
		return 0, err
	}
	wanted := []int{}
	for i, c := range r.header().columns {
		if c.typed.kind != cellOther {
			wanted = append(wanted, i)
		}
	}
	const most = 1000 // pieces: a damaged file may claim any number of rows
	for range most {
		p, err := r.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		table, err := p.table(wanted)
		if err != nil {
			return rows, err
		}
		rows += table.len()
		for i := range table.cells {
			if c := &table.cells[i]; c.count() != table.len() {
				t.Fatalf("column %d has %d values for %d rows", i, c.count(), table.len())
			}
		}
	}
	return rows, nil
}

// appendPages appends the pages of a column without checksums, and notes in m
// where they are.
func appendPages(t testing.TB, out []byte, in io.ReaderAt, m *format.ColumnMetaData) []byte {
	t.Helper()
	begin := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		begin = m.DictionaryPageOffset
	}
	var protocol thrift.CompactProtocol
	r := bufio.NewReader(io.NewSectionReader(in, begin, m.TotalCompressedSize))
	start := int64(len(out))
	m.DictionaryPageOffset = 0
	for {
		h := format.PageHeader{}
		if err := thrift.NewDecoder(protocol.NewReader(r)).Decode(&h); err != nil {
			m.TotalCompressedSize = int64(len(out)) - start
			return out
		}
		page := make([]byte, h.CompressedPageSize)
		if _, err := io.ReadFull(r, page); err != nil {
			t.Fatal(err)
		}
		m.DataPageOffset, h.CRC = start, 0
		header, err := thrift.Marshal(&protocol, &h)
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, header...), page...)
	}
}

// withoutChecksums returns a file whose pages have no checksums, as most writers
// leave them out.
func withoutChecksums(t testing.TB, file []byte) []byte {
	t.Helper()
	in := bytes.NewReader(file)
	meta, err := readFooter(in, in.Size())
	if err != nil {
		t.Fatal(err)
	}
	out := []byte(parquetMark)
	var protocol thrift.CompactProtocol
	for _, g := range meta.RowGroups {
		for i := range g.Columns {
			out = appendPages(t, out, in, &g.Columns[i].MetaData)
		}
	}
	footer, err := thrift.Marshal(&protocol, meta)
	if err != nil {
		t.Fatal(err)
	}
	out = binary.LittleEndian.AppendUint32(append(out, footer...), uint32(len(footer)))
	return append(out, parquetMark...)
}

func TestADamagedParquetFileIsAnErrorWithItsPlace(t *testing.T) {
	for _, opts := range [][]parquet.WriterOption{
		{parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1)},
		{parquet.Compression(&parquet.Zstd)},
		{parquet.Compression(&parquet.Lz4Raw), parquet.DataPageVersion(1)},
		{parquet.Compression(&parquet.Gzip)},
		{parquet.Compression(&parquet.Brotli)},
		{},
	} {
		path := manyRows(t, 700, opts...)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole = withoutChecksums(t, whole)
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readWhole(t, path); err != nil {
			t.Fatal(err)
		}
		f := func(what string, content []byte, must bool) {
			t.Helper()
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			err := readWhole(t, path)
			if err == nil && !must {
				return // the damage is in a value, or in what nobody reads
			}
			if !errors.Is(err, fault.FileDamaged) && !errors.Is(err, fault.FileForm) && !errors.Is(err, fault.FileEmpty) {
				t.Errorf("%s: got %v, want fault.FileDamaged", what, err)
			}
		}
		for _, n := range []int{0, 3, 4, 8, 100, len(whole) / 2, len(whole) - 9, len(whole) - 1} {
			f(fmt.Sprintf("the first %d bytes", n), whole[:n], true)
		}
		step := max(1, len(whole)/fewer.Of(80))
		for i := 0; i < len(whole); i += step {
			for _, x := range []byte{0x01, 0x80, 0xff} {
				damaged := bytes.Clone(whole)
				damaged[i] ^= x
				f(fmt.Sprintf("byte %d of %d with %02x", i, len(whole), x), damaged, false)
			}
		}
		cut := append(bytes.Clone(whole[:len(whole)/3]), whole[len(whole)/2:]...)
		f("without its middle", cut, true)
	}
}

// Runs of booleans end anywhere, as in files of pyarrow, not with a byte as in
// those of the library.
func TestBooleansInRunsAreRead(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		runs, want := randomRuns(rng)
		body := append(binary.LittleEndian.AppendUint32(nil, uint32(len(runs))), runs...)
		for _, h := range []format.PageHeader{
			{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{NumValues: int32(len(want)), Encoding: format.RLE})},
			{Type: format.DataPageV2, DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{NumValues: int32(len(want)), Encoding: format.RLE})},
		} {
			if got := truthsOfPage(t, h, body, len(want)); !bytes.Equal(got, want) {
				t.Fatalf("page %s: runs % x became %v, want %v", h.Type, runs, got, want)
			}
		}
	}
}

// randomRuns returns runs of booleans, as they are written, and a byte for each.
func randomRuns(rng *rand.Rand) (runs, values []byte) {
	for range rng.IntN(9) {
		if rng.IntN(2) == 0 {
			n, bit := 1+rng.IntN(40), byte(rng.IntN(2))
			runs, values = append(binary.AppendUvarint(runs, uint64(n)<<1), bit), append(values, bytes.Repeat([]byte{bit}, n)...)
			continue
		}
		n := 1 + rng.IntN(3)
		runs = binary.AppendUvarint(runs, uint64(n)<<1|1)
		for range n {
			packed := byte(rng.Uint32())
			runs = append(runs, packed)
			values = appendEach(values, packed)
		}
	}
	return runs, values
}

func appendEach(values []byte, packed byte) []byte {
	for bit := range 8 {
		values = append(values, packed>>bit&1)
	}
	return values
}

// truthsOfPage returns the values of a page, a byte for each, as the library is
// given them.
func truthsOfPage(t *testing.T, h format.PageHeader, body []byte, n int) (values []byte) {
	t.Helper()
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(body)), int32(len(body))
	header, err := thrift.Marshal(new(thrift.CompactProtocol), &h)
	if err != nil {
		t.Fatal(err)
	}
	file := append(header, body...)
	// A value more than the page has: a column without any has no pages.
	meta := format.ColumnMetaData{Type: format.Boolean, NumValues: int64(n) + 1, TotalCompressedSize: int64(len(file))}
	s, err := newPageStream(bytes.NewReader(file), int64(len(file)), &meta, nil)
	if err == nil {
		err = s.turn()
	}
	if err != nil {
		t.Fatal(err)
	}
	rest := bytes.NewReader(s.rest)
	if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(rest)).Decode(&h); err != nil {
		t.Fatal(err)
	}
	if e := h.DataPageHeader.V.Encoding; e != format.Plain || h.DataPageHeaderV2.V.Encoding != format.Plain || int(h.CompressedPageSize) != rest.Len() {
		t.Fatalf("got %+v before %d bytes", h, rest.Len())
	}
	bits := s.rest[len(s.rest)-rest.Len():]
	for i := range n {
		values = append(values, bits[i/8]>>(i%8)&1)
	}
	return values
}

func TestAFileWithoutRowsIsRead(t *testing.T) {
	path := writeParquet(t, []parquetField{{"x", parquet.Int(64)}}, nil)
	if err := readWhole(t, path); err != nil {
		t.Error(err)
	}
}

func TestARowGroupWithoutAnyValueIsRead(t *testing.T) {
	for version := 1; version <= 2; version++ {
		for _, node := range []parquet.Node{parquet.Int(64), parquet.Leaf(parquet.DoubleType), parquet.String(), parquet.Leaf(parquet.Int96Type)} {
			path := writeParquet(t, []parquetField{{"x", parquet.Optional(parquet.Encoded(node, &parquet.RLEDictionary))}},
				[]parquet.Row{{parquet.NullValue()}, {parquet.NullValue()}}, parquet.DataPageVersion(version))
			if err := readWhole(t, path); err != nil {
				t.Errorf("%s, pages of version %d: %v", node.Type(), version, err)
			}
		}
	}
}

func TestAPageThatClaimsMoreThanItHoldsIsDamaged(t *testing.T) {
	lengths := func(all ...int32) []byte {
		b, err := new(delta.BinaryPackedEncoding).EncodeInt32(nil, all)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	f := func(what string, values int32, e format.Encoding, levels, rest []byte, sound bool) {
		t.Helper()
		v1 := format.PageHeader{DataPageHeader: thrift.New(format.DataPageHeader{NumValues: values, Encoding: e, DefinitionLevelEncoding: format.RLE})}
		v2 := format.PageHeader{DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{NumValues: values, Encoding: e, DefinitionLevelsByteLength: int32(len(levels))})}
		optional, front := levels != nil, []byte(nil)
		if optional {
			front = append(binary.LittleEndian.AppendUint32(nil, uint32(len(levels))), levels...)
		}
		for i, err := range []error{
			checkPage(&v1, append(front, rest...), 0, optional),
			checkPage(&v2, append(bytes.Clone(levels), rest...), int32(len(levels)), optional),
		} {
			if sound && err != nil || !sound && !errors.Is(err, fault.FileDamaged) {
				t.Errorf("%s, version %d: got %v", what, i+1, err)
			}
		}
	}
	huge := binary.AppendUvarint(nil, 1<<32)   // a run of 2^31 values
	bits := binary.AppendUvarint(nil, 1<<32|1) // 2^34 values, packed
	text := append(lengths(1, 2), "abc"...)    // texts behind their lengths
	claim := append(lengths(1, 9), "abc"...)   // more text than there is
	repeat := append(lengths(0, 1), text...)   // a, abc
	before := append(lengths(2, 1), text...)   // more of the text before than it has
	many := binary.AppendUvarint([]byte{128, 1, 4}, 1<<30)
	f("levels", 9, format.Plain, append(huge, 1), nil, false)
	f("sound levels", 9, format.Plain, []byte{18, 1}, nil, true)
	f("a part of levels", 9, format.Plain, []byte{18 << 1}, nil, false)
	f("indexes", 9, format.RLEDictionary, nil, append([]byte{7}, bits...), false)
	f("indexes in a run", 9, format.RLEDictionary, nil, append(append([]byte{7}, huge...), 1), false)
	f("indexes of 40 bits", 9, format.RLEDictionary, nil, []byte{40, 18, 1}, false)
	f("sound indexes", 9, format.RLEDictionary, nil, []byte{7, 18, 1}, true)
	f("truths", 9, format.RLE, nil, append([]byte{6, 0, 0, 0}, append(huge, 1)...), false)
	f("sound truths", 9, format.RLE, nil, []byte{2, 0, 0, 0, 18, 1}, true)
	f("differences", 9, format.DeltaBinaryPacked, nil, append(many, 0, 0), false)
	f("sound differences", 2, format.DeltaBinaryPacked, nil, lengths(5, 6), true)
	f("texts", 2, format.DeltaLengthByteArray, nil, claim, false)
	f("negative lengths", 2, format.DeltaLengthByteArray, nil, append(lengths(-1, 2), "abc"...), false)
	f("sound texts", 2, format.DeltaLengthByteArray, nil, text, true)
	f("repeating texts", 2, format.DeltaByteArray, nil, before, false)
	f("sound repeating texts", 2, format.DeltaByteArray, nil, repeat, true)
	f("values", 1<<30, format.Plain, nil, nil, false)
}

func TestAnImportOfADamagedParquetFileTellsWhere(t *testing.T) {
	path := manyRows(t, 250_000)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(whole[len(whole)*2/3 : len(whole)*2/3+1000])
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	opts := &Options{
		Symbol: market.Symbol{Code: "rb2601", Exchange: "SHFE"}, Interval: market.Second, BarTime: Start, TimeUnit: "s", AcceptSuspect: true,
		Map: map[string]string{"time": "c", "open": "c", "high": "c", "low": "b", "close": "c"},
	}
	s := memseries.Open(nil)
	defer s.Close()
	report, err := Import(t.Context(), s, series.Bars, []string{path}, opts)
	place, _ := fault.PlaceOf(err)
	if !errors.Is(err, fault.FileDamaged) || place.File != path || place.Line < 100_000 || report.New == 0 {
		t.Errorf("got %+v, %v at %+v", report, err, place)
	}
	if strings.Count(err.Error(), path) != 1 {
		t.Errorf("the path stands not once: %v", err)
	}
}

func FuzzParquet(f *testing.F) {
	for _, opts := range [][]parquet.WriterOption{{parquet.Compression(&parquet.Snappy), parquet.DataPageVersion(1)}, {}} {
		seed, err := os.ReadFile(manyRows(f, 30, opts...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
		f.Add(withoutChecksums(f, seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "fuzz.parquet")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readWhole(t, path); err != nil && fault.CodeOf(err) == "" {
			t.Errorf("an error without a code: %v", err)
		}
	})
}

func TestSinglesBecomeTheDecimalsTheyAreWrittenAs(t *testing.T) {
	f := func(x float32) {
		t.Helper()
		want, err := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := widen(x); math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%b: got %v, want %v", x, got, want)
		}
	}
	for _, x := range []float32{0, float32(math.Copysign(0, -1)), 0.1, -0.3, 3512.4, 1e-3, 9.9e-4, 1 << 23, 1<<24 + 2, math.MaxFloat32, math.SmallestNonzeroFloat32, 8388607.5} {
		f(x)
	}
	bits := uint32(1)
	for range 2_000_000 {
		bits = bits*1664525 + 1013904223
		if x := math.Float32frombits(bits); x-x == 0 {
			f(x)
		}
	}
}

// benchBar is a row as pandas writes it: time and OHLCV.
type benchBar struct {
	Time   int64   `parquet:"time,timestamp(nanosecond)"`
	Open   float64 `parquet:"open,optional"`
	High   float64 `parquet:"high,optional"`
	Low    float64 `parquet:"low,optional"`
	Close  float64 `parquet:"close,optional"`
	Volume float64 `parquet:"volume,optional"`
}

func BenchmarkReadParquet(b *testing.B) {
	const rows = 1 << 20
	for _, codec := range []compress.Codec{&parquet.Snappy, &parquet.Zstd} {
		path := filepath.Join(b.TempDir(), "bars.parquet")
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		w := parquet.NewGenericWriter[benchBar](f, parquet.Compression(codec))
		price, seed := 3500.0, uint64(1)
		for i := range rows {
			seed = seed*6364136223846793005 + 1442695040888963407
			price += float64(int(seed>>33)%5 - 2)
			x := benchBar{1262304000e9 + int64(i)*60e9, price, price + 2, price - 3, price + 1, float64(1 + seed>>40%5000)}
			if _, err := w.Write([]benchBar{x}); err != nil {
				b.Fatal(err)
			}
		}
		if err := errors.Join(w.Close(), f.Close()); err != nil {
			b.Fatal(err)
		}
		b.Run(codec.String(), func(b *testing.B) {
			for b.Loop() {
				if got := convertAll(b, path); got != rows {
					b.Fatalf("got %d rows, want %d", got, rows)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// convertAll reads a file up to where rows would be collected.
func convertAll(b *testing.B, path string) (rows int) {
	b.Helper()
	opts := &Options{Symbol: market.Symbol{Code: "rb2601", Exchange: "SHFE"}, Interval: market.Minute, BarTime: Start}
	s, err := openSource(b.Context(), path, series.Bars, opts)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.close() }()
	jobs, counts := make(chan piece), make(chan int, 1<<10)
	var g errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		c := newConverter(s.layout)
		g.Go(func() error {
			for p := range jobs {
				t, err := p.table(c.wanted)
				if err != nil {
					return err
				}
				counts <- len(c.rows(t).time)
			}
			return nil
		})
	}
	for {
		p, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		jobs <- p
	}
	close(jobs)
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	close(counts)
	for n := range counts {
		rows += n
	}
	return rows
}
