package localseries

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	goparser "go/parser"
	"go/token"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/internal/disk"
	"github.com/redfire-quant/redfire/internal/seglog"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// formatPages are the pages that define the format.
var formatPages = []string{"../../docs/en/format.md", "../../docs/zh/format.md"}

// A definition is a part of the source that the pages repeat.
type definition struct {
	file, from string // the comment, and the text before what is repeated
	headings   map[string]string
	to         string // the heading behind it on the pages
}

var definitions = []definition{
	{"codec/doc.go", "# Format\n", map[string]string{"en": "\n## Packed columns\n", "zh": "\n## 打包的列\n"}, "\n## "},
	{"../../internal/seglog/format.go", "", map[string]string{"en": "\n## Log\n", "zh": "\n## 日志\n"}, "\n### "},
}

func TestThePagesOfTheFormatSayWhatTheSourceSays(t *testing.T) {
	for _, d := range definitions {
		source := d.ofSource(t)
		for _, page := range formatPages {
			text := readText(t, page)
			for _, wrong := range d.unlike(source, page, text) {
				t.Errorf("%s: %s", page, wrong)
			}
			wantFound(t, &d, source, page, text)
		}
	}
}

// wantFound fails if a page may have another byte in the code of d.
func wantFound(t *testing.T, d *definition, source []string, page, text string) {
	t.Helper()
	for _, p := range source {
		code, ok := strings.CutPrefix(p, "\t")
		if !ok {
			continue
		}
		spoilt := strings.Replace(text, code, code[:len(code)-1]+"#", 1)
		if d.unlike(source, page, spoilt) == nil {
			t.Errorf("%s: another byte at the end of this was not found:\n%s", page, code)
		}
	}
}

// ofSource returns the paragraphs of the comment, code with a tab before it.
func (d *definition) ofSource(t *testing.T) []string {
	t.Helper()
	f, err := goparser.ParseFile(token.NewFileSet(), d.file, nil, goparser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for _, c := range f.Comments {
		if text = c.Text(); strings.Contains(text, "\n\t") {
			break
		}
	}
	_, text, found := strings.Cut(text, d.from)
	var parts []string
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if code, ok := strings.CutPrefix(p, "\t"); ok {
			parts = append(parts, "\t"+strings.ReplaceAll(code, "\n\t", "\n"))
		} else {
			parts = append(parts, oneLine(regexp.MustCompile(` \(\[\w+\]\)`).ReplaceAllString(p, "")))
		}
	}
	if !found || len(parts) < 10 {
		t.Fatalf("%s: got %d paragraphs, want the definition", d.file, len(parts))
	}
	return parts
}

// unlike returns what a page says otherwise. One in another language repeats the
// code alone.
func (d *definition) unlike(source []string, page, text string) (wrong []string) {
	language := filepath.Base(filepath.Dir(page))
	_, text, found := strings.Cut(text, d.headings[language])
	text, _, ended := strings.Cut(text+"\n## ", d.to)
	if !found || !ended {
		return []string{"there is no part" + strings.TrimRight(d.headings[language], "\n")}
	}
	var parts []string
	for i, between := range strings.Split(text, "```\n") {
		for p := range strings.SplitSeq(strings.TrimRight(between, "\n"), "\n\n") {
			switch {
			case i%2 == 1:
				parts = append(parts, "\t"+p)
			case p != "" && language == "en":
				parts = append(parts, oneLine(p))
			}
		}
	}
	if language != "en" {
		source = slices.DeleteFunc(slices.Clone(source), func(p string) bool { return p[0] != '\t' })
	}
	for i := range max(len(parts), len(source)) {
		if got, want := nth(parts, i), nth(source, i); got != want {
			wrong = append(wrong, fmt.Sprintf("got\n%s\nwant, from %s,\n%s", got, d.file, want))
		}
	}
	return wrong
}

func nth(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "nothing"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Git may check text out with CRLF.
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func TestThePagesOfTheFormatHaveTheBaseColumns(t *testing.T) {
	for _, page := range formatPages {
		_, text, _ := strings.Cut(readText(t, page), "```\nbars ")
		text, _, _ = strings.Cut(text, "```")
		bars, ticks, _ := strings.Cut(text, "\nticks ")
		for kind, got := range map[series.Kind]string{series.Bars: bars, series.Ticks: ticks} {
			var want []string
			for _, c := range series.BaseColumns(kind) {
				want = append(want, c.Name)
			}
			if !slices.Equal(strings.Fields(got), want) {
				t.Errorf("%s: got %s of %q, want %q", page, kind, strings.Fields(got), want)
			}
		}
	}
}

// A pythonFrame is rows as somebody reads them who knows docs/en/format.md, and
// nothing of this package.
type pythonFrame struct {
	Key        []any                      `json:"key"`
	Change     uint64                     `json:"change"` // in the log
	Changes    []uint64                   `json:"changes"`
	Attributes map[string]string          `json:"attributes"`
	Rows       int                        `json:"rows"`
	Range      []int64                    `json:"range"` // of a tombstone
	Columns    map[string]json.RawMessage `json:"columns"`
}

// python returns what a script prints.
func python(t *testing.T, script, path string) *json.Decoder {
	t.Helper()
	program, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("NOT RUN: %v", err)
		}
		t.Skipf("NOT RUN: %v", err)
	}
	c := exec.CommandContext(t.Context(), program, "-B", filepath.Join("testdata", script), path)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return json.NewDecoder(bytes.NewReader(out))
}

// next reads one thing that a script has printed, and reports whether there was
// one.
func next(t *testing.T, from *json.Decoder, to any) bool {
	t.Helper()
	err := from.Decode(to)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return err == nil
}

// keyAsJSON returns a key as the scripts print it.
func keyAsJSON(k series.Key) []any {
	return []any{float64(k.Kind), float64(k.Interval), k.Symbol.Code, string(k.Symbol.Exchange), k.Name}
}

func rangeAsJSON(r market.Range) []int64 { return []int64{int64(r.From), int64(r.To)} }

// wantRows compares what was read with all rows of f.
func wantRows(t *testing.T, where string, f *series.Frame, got pythonFrame) {
	t.Helper()
	if want := keyAsJSON(f.Key); !slices.Equal(got.Key, want) || got.Rows != f.Len() {
		t.Fatalf("%s: got %d rows of %v, want %d of %v", where, got.Rows, got.Key, f.Len(), want)
	}
	times, seqs := make([]int64, f.Len()), make([]int64, len(f.Seq))
	for i := range times {
		times[i] = int64(f.Time[i])
	}
	for i := range seqs {
		seqs[i] = int64(f.Seq[i])
	}
	columns := append([]series.Column{{Name: "time", Ints: times}}, f.Cols...)
	if f.Seq != nil {
		columns = append(columns, series.Column{Name: "seq", Ints: seqs})
	}
	for i := range columns {
		c, raw := &columns[i], got.Columns[columns[i].Name]
		if raw == nil && !series.IsBase(f.Key.Kind, c.Name) && c.HasValue() {
			t.Errorf("%s: %s: got no column", where, c.Name)
		} else if wrong := unlikeColumn(c, raw); wrong != "" {
			t.Errorf("%s: %s: %s", where, c.Name, wrong)
		}
		delete(got.Columns, c.Name)
	}
	for name := range got.Columns {
		t.Errorf("%s: got a column %s", where, name)
	}
}

func unlikeColumn(c *series.Column, raw json.RawMessage) string {
	switch c.Type() {
	case series.Float64:
		return unlike(raw, c.Floats, c.Valid, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
	case series.Int64:
		return unlike(raw, c.Ints, c.Valid, func(x, y int64) bool { return x == y })
	}
	texts := make([]string, c.Len())
	for i, n := range c.Texts.Index {
		if c.Valid == nil || c.Valid[i] {
			texts[i] = c.Texts.Dict[n]
		}
	}
	return unlike(raw, texts, c.Valid, func(x, y string) bool { return x == y })
}

// unlike says which value is not the one wanted. None at all are as many zeros.
func unlike[T any](raw json.RawMessage, want []T, valid []bool, same func(x, y T) bool) string {
	got := make([]*T, len(want))
	if raw == nil {
		for i := range got {
			got[i] = new(T)
		}
	} else if err := json.Unmarshal(raw, &got); err != nil || len(got) != len(want) {
		return fmt.Sprintf("got %d values, %v, want %d", len(got), err, len(want))
	}
	for i, x := range got {
		switch has := valid == nil || valid[i]; {
		case raw == nil && !has:
		case has != (x != nil):
			return fmt.Sprintf("row %d: got a value: %v, want one: %v", i, x != nil, has)
		case has && !same(*x, want[i]):
			return fmt.Sprintf("row %d: got %v, want %v", i, *x, want[i])
		}
	}
	return ""
}

// variousFrames returns frames in which there is all that the format has.
func variousFrames(n int) []series.Frame {
	f := series.FrameOfBars(market.Symbol{Code: "螺纹钢", Exchange: market.SHFE}, market.Minute, walk(0, n))
	f.Attrs = map[string]string{series.AttrZone: "Asia/Shanghai"}
	f.Cols[4].Floats[7] = math.Pi
	f.Cols[5].Floats[9] = -1e300 // no decimal form
	f.Cols[6].Floats[3] = math.Copysign(0, -1)
	g := series.FrameOfBars(market.Symbol{Code: "IF2601", Exchange: market.CFFEX}, market.Day, walk(3, n))
	g.Cols[1].Floats[n/2] = 1e300 // these prices are packed one by one
	ticks := make([]market.Tick, n)
	for i := range ticks {
		x := float64(i % 97)
		ticks[i] = market.Tick{
			Time: market.Time(1.7e18) + market.Time(i/3*1000+i%3), Seq: uint32(i % 3), Depth: 5, Local: market.Time(1.7e18) + market.Time(i*i),
			Name: []string{"甲", "", "N"}[i/50%3], LastPrice: 3000 + x/10, Volume: float64(i * 7), PreClose: 2999.5,
		}
		ticks[i].Bids[4], ticks[i].Asks[0] = market.Level{Price: 2999 - x, Volume: x}, market.Level{Price: 3001 + x/5, Volume: 1}
	}
	h := series.FrameOfTicks(market.Symbol{Code: "rb2601", Exchange: market.SHFE}, ticks)
	i := series.Frame{Key: series.Key{Kind: series.Indicator, Symbol: f.Key.Symbol, Interval: market.Week, Name: "rsi(14)"}, Time: f.Time, Attrs: map[string]string{}}
	i.Cols = variousColumns(n)
	h.Cols = append(h.Cols, variousColumns(n)...)
	return []series.Frame{f, g, h, i}
}

// variousColumns returns extra columns of all the forms that packing has.
func variousColumns(n int) []series.Column {
	r := rand.New(rand.NewPCG(1, 2))
	texts := &series.Texts{Dict: []string{"甲", "N"}}
	columns := []series.Column{{Name: "venue", Texts: texts}}
	for i := range n {
		texts.Index = append(texts.Index, uint32(i/7%2))
	}
	ints := func(name string, f func(i int) int64) {
		c := series.Column{Name: name}
		for i := range n {
			c.Ints = append(c.Ints, f(i))
		}
		columns = append(columns, c)
	}
	floats := func(name string, f func(i int) float64, valid func(i int) bool) {
		c := series.Column{Name: name}
		for i := range n {
			c.Floats = append(c.Floats, f(i))
			if valid != nil {
				c.Valid = append(c.Valid, valid(i))
			}
		}
		columns = append(columns, c)
	}
	var value, slope int64
	jump := func(i int) int64 { return r.Int64N(5) - 2 + (r.Int64N(3)-1)*int64(i%61/60)<<40 }
	ints("flat", func(int) int64 { return -7 })
	ints("line", func(i int) int64 { return int64(i)*3 - 1e9 })
	ints("bent", func(i int) int64 { return int64(i*i*i) - 1e9 })
	ints("steps", func(int) int64 { return 1000 * r.Int64N(50) })
	ints("jumps", jump)
	ints("walk", func(i int) int64 { value += jump(i); return value })
	ints("curve", func(i int) int64 { slope += jump(i); value += slope; return value })
	ints("extreme", func(i int) int64 { return []int64{math.MinInt64, math.MaxInt64, 0}[i%3] })
	ints("wide", func(int) int64 { return int64(r.Uint64()) })
	floats("noise", func(int) float64 { return r.NormFloat64() }, nil)
	eighth := func(i int) float64 { return float64(i) / 8 }
	floats("early", eighth, func(i int) bool { return i < n/2 })
	floats("late", eighth, func(i int) bool { return i > n/3 })
	floats("some", eighth, func(int) bool { return r.IntN(2) == 0 })
	return columns
}

func TestSomebodyElseCanReadASegment(t *testing.T) {
	folder := t.TempDir()
	e, err := NewEngine(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	frames := variousFrames(5000)
	if err := e.Write(t.Context(), frames); err != nil {
		t.Fatal(err)
	}
	gone := market.Range{From: frames[1].Time[4000]}
	if err := e.Delete(t.Context(), frames[1].Key, gone); err != nil {
		t.Fatal(err)
	}
	frames[1] = frames[1].Slice(0, 4000)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, segmentName(1))
	wantAllForms(t, folder)
	read := map[string]int{} // rows of each series, and tombstones and attributes
	out := python(t, "read_segment.py", path)
	for c := (pythonFrame{}); next(t, out, &c); c = (pythonFrame{}) {
		i := slices.IndexFunc(frames, func(f series.Frame) bool { return slices.Equal(keyAsJSON(f.Key), c.Key) })
		if i < 0 || len(c.Changes) != 3 || c.Changes[0] == 0 || c.Changes[0] > c.Changes[1] {
			t.Fatalf("got changes %v of %v", c.Changes, c.Key)
		}
		k := frames[i].Key.String()
		switch {
		case c.Range != nil:
			if read["tombstones"]++; i != 1 || !slices.Equal(c.Range, rangeAsJSON(gone)) {
				t.Errorf("got a tombstone %v of %s, want %v", c.Range, k, gone)
			}
		case c.Attributes != nil:
			if read["attributes"]++; !maps.Equal(c.Attributes, frames[i].Attrs) {
				t.Errorf("got attributes %v of %s, want %v", c.Attributes, k, frames[i].Attrs)
			}
		default:
			part := frames[i].Slice(read[k], read[k]+c.Rows)
			wantRows(t, fmt.Sprintf("%s from row %d on", k, read[k]), &part, c)
			read[k] += c.Rows
		}
	}
	want := map[string]int{"tombstones": 1, "attributes": 2}
	for _, f := range frames {
		want[f.Key.String()] = f.Len()
	}
	if !maps.Equal(read, want) {
		t.Errorf("got %v, want %v", read, want)
	}
}

// wantAllForms fails if a form of blocks is not in the segment of a folder: what
// is not written is not proved to be readable.
func wantAllForms(t *testing.T, folder string) {
	t.Helper()
	d, err := disk.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := readManifest(d)
	if err != nil {
		t.Fatal(err)
	}
	s, chunks, err := openSegment(d, m.segments[0])
	if err != nil {
		t.Fatal(err)
	}
	defer s.file.Close()
	missing := map[byte]bool{}
	for _, kind := range []byte{0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x10, 0x11, 0x12, 0x18, 0x19, 0x1a, 0x1b, 0x20, 0x21, 0x22} {
		missing[kind] = true
	}
	for _, h := range chunks {
		if h.chunk == nil {
			continue
		}
		for _, b := range h.chunk.blocks {
			first, err := s.read(h.chunk.at+b.offset, 1)
			if err != nil {
				t.Fatal(err)
			}
			delete(missing, first[0])
		}
	}
	if len(missing) > 0 {
		t.Errorf("got no blocks of the kinds %v", slices.Sorted(maps.Keys(missing)))
	}
}

// A pythonRecord is a record of the log.
type pythonRecord struct {
	At      uint64        `json:"at"`
	Write   []pythonFrame `json:"write"`
	Replace *pythonFrame  `json:"replace"`
	Delete  []any         `json:"delete"`
	Range   []int64       `json:"range"`
	Begin   [][]any       `json:"begin"`
	Accept  []uint64      `json:"accept"`
	Series  int           `json:"series"`
}

func TestSomebodyElseCanReadTheLog(t *testing.T) {
	folder := t.TempDir()
	frames := variousFrames(200)
	open := func() *Engine {
		e, err := NewEngine(folder, &Options{sizes: sizes{bulk: 5000}})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open()
	if err := errors.Join(e.Write(t.Context(), frames[:1]), e.Close()); err != nil {
		t.Fatal(err) // what is in a segment is before the floor
	}
	e = open()
	defer e.Close()
	r := market.Range{From: frames[0].Time[50], To: frames[0].Time[60]}
	with := frames[0].Slice(52, 57)
	with.Attrs = nil
	bulk := series.FrameOfBars(market.Symbol{Code: "au2602", Exchange: market.SHFE}, market.Hour, walk(1, 6000))
	if err := errors.Join(e.Write(t.Context(), frames), e.Replace(t.Context(), r, with),
		e.Delete(t.Context(), frames[2].Key, market.Range{}), e.Write(t.Context(), []series.Frame{bulk})); err != nil {
		t.Fatal(err)
	}
	want := recordsOf(t, e)
	logs := logsOf(t, folder)
	tear(t, logs[len(logs)-1], logs[len(logs)-1])
	got := recordsByPython(t, folder, want)
	if len(got) != 5 {
		t.Fatalf("got %d records, want 5", len(got))
	}
	wantWritten(t, frames, got[0])
	wantRows(t, "replaced", &with, *got[1].Replace)
	if !slices.Equal(got[1].Range, rangeAsJSON(r)) || got[1].Replace.Change != got[1].At {
		t.Errorf("got range %v and change %d replaced, want %v and %d", got[1].Range, got[1].Replace.Change, r, got[1].At)
	}
	if !slices.Equal(got[2].Delete, keyAsJSON(frames[2].Key)) || !slices.Equal(got[2].Range, []int64{0, 0}) {
		t.Errorf("got %v of %v deleted, want all of %s", got[2].Range, got[2].Delete, frames[2].Key)
	}
	if len(got[3].Begin) != 1 || !slices.Equal(got[3].Begin[0], keyAsJSON(bulk.Key)) {
		t.Errorf("got %v begun, want %s", got[3].Begin, bulk.Key)
	}
	if s := e.unlisted[0]; !slices.Equal(got[4].Accept, []uint64{s.number, uint64(s.size), s.sum}) || got[4].Series != 1 {
		t.Errorf("got segment %v of %d series accepted, want %d of %d bytes", got[4].Accept, got[4].Series, s.number, s.size)
	}
}

// wantWritten compares a record with the frames of which it is.
func wantWritten(t *testing.T, frames []series.Frame, got pythonRecord) {
	t.Helper()
	if len(got.Write) != len(frames) {
		t.Fatalf("got %d frames written, want %d", len(got.Write), len(frames))
	}
	for i := range frames {
		k, g := frames[i].Key.String(), got.Write[i]
		said := (g.Attributes == nil) == (frames[i].Attrs == nil) && maps.Equal(g.Attributes, frames[i].Attrs)
		if g.Change != got.At+uint64(i) || !said {
			t.Errorf("%s: got change %d and attributes %v, want %d and %v", k, g.Change, g.Attributes, got.At+uint64(i), frames[i].Attrs)
		}
		wantRows(t, k, &frames[i], g)
	}
}

// recordsOf returns where the records stand that are in no segment.
func recordsOf(t *testing.T, e *Engine) (all []uint64) {
	t.Helper()
	if e.floor == 0 {
		t.Error("the log counts from 0 on: want something before it")
	}
	for r, err := range e.log.Read(t.Context(), e.floor) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, uint64(r.At))
	}
	return all
}

// recordsByPython returns the records that count in a folder.
func recordsByPython(t *testing.T, folder string, want []uint64) (all []pythonRecord) {
	t.Helper()
	out := python(t, "read_log.py", folder)
	var got []uint64
	for x := (pythonRecord{}); next(t, out, &x); x = (pythonRecord{}) {
		all, got = append(all, x), append(got, x.At)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got records at %d, want %d", got, want)
	}
	return all
}

func logsOf(t *testing.T, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "log", "*.log"))
	if err != nil || len(names) == 0 {
		t.Fatalf("got logs %q, %v, want some", names, err)
	}
	return names
}

// tear adds the groups of one file of a log to another, where they do not count:
// in the last one because they have another position, in the others because what
// a sync has failed for was written again.
func tear(t *testing.T, to, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b[64:])
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestSomebodyElseCanReadALogOfManyFiles(t *testing.T) {
	folder := t.TempDir()
	data, err := disk.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := disk.Open(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := seglog.Open(logs, &seglog.Options{SegmentBytes: 500})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	k := series.Key{Kind: series.Indicator, Symbol: market.Symbol{Code: "y", Exchange: market.DCE}, Interval: market.Day, Name: "ma(5)"}
	var want []uint64
	for i := range 30 {
		record := deleteRecord(k, market.Range{From: market.Time(i)})
		at, err := l.Append(t.Context(), record, record)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, uint64(at), uint64(at+seglog.Size(record)))
	}
	m := &manifest{generation: 1, next: 1, floor: seglog.Position(want[1])}
	if err := m.publish(data); err != nil {
		t.Fatal(err)
	}
	names := logsOf(t, folder)
	if len(names) < 3 {
		t.Fatalf("got %d files, want some", len(names))
	}
	tear(t, names[0], names[1])
	tear(t, names[len(names)-1], names[0])
	got := recordsByPython(t, folder, want[1:])
	for i, x := range got {
		if !slices.Equal(x.Delete, keyAsJSON(k)) || !slices.Equal(x.Range, []int64{int64((i + 1) / 2), 0}) {
			t.Errorf("record %d: got %v of %v", i+1, x.Range, x.Delete)
		}
	}
}
