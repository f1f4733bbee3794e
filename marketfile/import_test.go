package marketfile

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/localseries"
	"github.com/redfire-quant/redfire/series/memseries"
)

// rb is the symbol of most tests.
var rb = market.Symbol{Code: "rb2601", Exchange: market.SHFE}

// write writes a file into a folder of its own and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns what a file holds.
func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// barsIn returns options for bars of rb, of a minute, stamped at the start.
func barsIn(t testing.TB) *Options {
	return &Options{Symbol: rb, Interval: market.Minute, Zone: zoned(t, "Asia/Shanghai"), BarTime: Start}
}

func ticksIn(t testing.TB) *Options {
	return &Options{Symbol: rb, Zone: zoned(t, "Asia/Shanghai")}
}

// emptyStore opens an empty store.
func emptyStore(t testing.TB) *series.Store {
	s := memseries.Open(nil)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// imports imports files, and checks that the report accounts for every row.
func imports(t testing.TB, s *series.Store, kind series.Kind, o *Options, files ...string) (*Report, error) {
	t.Helper()
	return importsUntil(t.Context(), t, s, kind, o, files...)
}

func importsUntil(ctx context.Context, t testing.TB, s *series.Store, kind series.Kind, o *Options, files ...string) (*Report, error) {
	t.Helper()
	r, err := Import(ctx, s, kind, files, o)
	if r.Read != r.New+r.Unchanged+r.Replaced+r.Refused+r.Outside {
		t.Errorf("of %d rows %d are new, %d unchanged, %d replaced, %d refused, %d outside", r.Read, r.New, r.Unchanged, r.Replaced, r.Refused, r.Outside)
	}
	reasons := int64(0)
	for _, n := range r.Reasons {
		reasons += n
	}
	if reasons != r.Refused {
		t.Errorf("%d rows are refused for %v", r.Refused, r.Reasons)
	}
	return r, err
}

// counts writes the figures of a report.
func counts(r *Report) string {
	return fmt.Sprintf("%d read: %d new, %d unchanged, %d replaced, %d refused", r.Read, r.New, r.Unchanged, r.Replaced, r.Refused)
}

// stored returns all rows of a store, one a line: the series where it changes,
// then the time, and of ticks the Seq, and all columns that are not 0.
func stored(t testing.TB, s *series.Store) string {
	t.Helper()
	var b strings.Builder
	var keys []series.Key
	for o, err := range s.Overview(t.Context(), series.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	if len(keys) == 0 {
		return ""
	}
	for f, err := range s.Read(t.Context(), series.Query{Keys: keys}) {
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(f.Cols, func(a, b series.Column) int { return strings.Compare(a.Name, b.Name) })
		for i := range f.Len() {
			fmt.Fprintf(&b, "%s %s%s\n", f.Key, f.Time[i], rowOf(f, i))
		}
	}
	return b.String()
}

func rowOf(f *series.Frame, i int) string {
	var b strings.Builder
	if f.Seq != nil {
		fmt.Fprintf(&b, "#%d", f.Seq[i])
	}
	for _, c := range f.Cols {
		base := series.IsBase(f.Key.Kind, c.Name)
		switch {
		case c.Valid != nil && !c.Valid[i]:
		case c.Floats != nil && (c.Floats[i] != 0 || !base):
			fmt.Fprintf(&b, " %s=%v", c.Name, c.Floats[i])
		case c.Ints != nil && (c.Ints[i] != 0 || !base):
			fmt.Fprintf(&b, " %s=%d", c.Name, c.Ints[i])
		case c.Texts != nil && (c.Texts.Dict[c.Texts.Index[i]] != "" || !base):
			fmt.Fprintf(&b, " %s=%q", c.Name, c.Texts.Dict[c.Texts.Index[i]])
		}
	}
	return b.String()
}

// barsOf imports a text of bars and returns what is stored, without the series.
func barsOf(t testing.TB, text string, o *Options) (string, *Report, error) {
	t.Helper()
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, o, write(t, "bars.csv", text))
	return strings.ReplaceAll(stored(t, s), "bars rb2601.SHFE 1m ", ""), r, err
}

const head = "datetime,open,high,low,close,volume\n"

// rows are two good rows below head, and how they are stored.
const (
	rows2 = "2026-01-05 09:30,1,4,0.5,2,7\n2026-01-05 09:31,2,3,1,3,0\n"
	kept2 = "2026-01-05T01:30:00Z close=2 high=4 low=0.5 open=1 volume=7\n2026-01-05T01:31:00Z close=3 high=3 low=1 open=2\n"
)

func TestTheSameBarsComeOutOfEveryFormOfFile(t *testing.T) {
	f := func(name, text string) {
		t.Helper()
		got, r, err := barsOf(t, text, barsIn(t))
		if err != nil || got != kept2 || r.New != 2 || r.Refused != 0 {
			t.Errorf("%s: got %s%s %v", name, got, counts(r), err)
		}
	}
	plain := head + rows2
	f("commas", plain)
	f("semicolons", strings.ReplaceAll(plain, ",", ";"))
	f("tabs", strings.ReplaceAll(plain, ",", "\t"))
	f("bars", strings.ReplaceAll(plain, ",", "|"))
	f("Windows", strings.ReplaceAll(plain, "\n", "\r\n"))
	f("old Macs", strings.ReplaceAll(plain, "\n", "\r"))
	f("no end of line", strings.TrimSuffix(plain, "\n"))
	f("blanks", strings.ReplaceAll(plain, ",", " ,  "))
	f("ideographic blanks", strings.ReplaceAll(plain, ",", "\u3000,\u00a0"))
	f("empty lines", "\n\n"+strings.ReplaceAll(plain, "\n", "\n\n \n"))
	f("quotes", `"datetime","open","high","low","close","volume"`+"\n\"2026-01-05 09:30\",\"1\",4,0.5,2,\"7\"\n2026-01-05 09:31,2,3,1,3,0\n")
	f("tabs and quotes", strings.ReplaceAll(head, ",", "\tx\t")+"2026-01-05 09:30\t\t1\t\"\"\t4\t\t0.5\t\t2\t\t7\n2026-01-05 09:31\t\t2\t\t3\t\t1\t\"y\"\t3\t\t0\n")
	f("a mark", mark+plain)
	f("UTF-16", "\xff\xfe"+strings.Join(strings.Split(plain, ""), "\x00")+"\x00")
	f("UTF-16 the other way", "\xfe\xff\x00"+strings.Join(strings.Split(plain, ""), "\x00"))
	f("GBK", "\xca\xb1\xbc\xe4,\xbf\xaa\xc5\xcc\xbc\xdb,\xd7\xee\xb8\xdf\xbc\xdb,\xd7\xee\xb5\xcd\xbc\xdb,\xca\xd5\xc5\xcc\xbc\xdb,\xb3\xc9\xbd\xbb\xc1\xbf\n"+rows2)
	f("a comma behind", strings.ReplaceAll(head+strings.ReplaceAll(rows2, "\n", ",\n"), "x", "x"))
	f("a title above", "螺纹钢2601 1分钟\n2026 ,\n"+plain)
	f("no volume", "datetime,open,high,low,close,vol\n"+rows2)
	f("an index of pandas", ",datetime,open,high,low,close,volume\n0,2026-01-05 09:30,1,4,0.5,2,7\n1,2026-01-05 09:31,2,3,1,3,0\n")
	f("gzip", packed(t, plain))
	f("two gzips", packed(t, plain[:40])+packed(t, plain[40:]))
	f("Zstandard", zstandard(t, plain))
	f("zip", zipped(t, "klines/", "", "klines/a.csv", plain))
	f("NDJSON", `{"datetime":"2026-01-05 09:30","open":1,"high":4,"low":0.5,"close":"2","volume":7}`+"\n\n"+`{"open":2,"high":3,"low":1,"close":3,"datetime":"2026-01-05T09:31:00","volume":null}`)
	f("NDJSON, packed", packed(t, `{"datetime":1767576600,"open":1,"high":4,"low":0.5,"close":"2","volume":7}`+"\r\n"+`{"open":2,"high":3,"low":1,"close":3,"datetime":1767576660}`))
}

func packed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zipped returns an archive of files: a name, what is in it, and so on.
func zipped(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestADamagedArchiveIsAnErrorAndNotHalfAFile(t *testing.T) {
	text := zipped(t, "a.csv", "datetime,open,high,low,close\n2026-01-05 09:30,1,4,0.5,2\n")
	data := strings.LastIndex(text, "a.csv") // in the table at the end
	spoilt := []byte(text)
	spoilt[data-30] ^= 1 // its checksum
	o := barsIn(t)
	if _, r, err := barsOf(t, string(spoilt), o); !errors.Is(err, fault.FileDamaged) {
		t.Errorf("got %s, %v, want fault.FileDamaged", counts(r), err)
	}
}

func zstandard(t testing.TB, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func TestHeadersOfManySourcesAreKnown(t *testing.T) {
	f := func(header string) {
		t.Helper()
		row := func(time, prices string) string {
			if strings.Count(header, ",") == 6 {
				time = strings.Replace(time, " ", ",", 1)
			}
			return time + prices + "\n"
		}
		got, r, err := barsOf(t, header+"\n"+row("2026-01-05 09:30", ",1,4,0.5,2,7")+row("2026-01-05 09:31", ",2,3,1,3,0"), barsIn(t))
		if err != nil || got != kept2 {
			t.Errorf("%s: got %s%s %v", header, got, counts(r), err)
		}
	}
	f("datetime,open_price,high_price,low_price,close_price,volume") // vn.py
	f("时间,开盘价,最高价,最低价,收盘价,成交量")
	f("日期,时间,开盘,最高,最低,收盘,成交量(手)")
	f("交易日期,时间,开盘价（元）,最高价,最低价,收盘价,总手")
	f("<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>")
	f("<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>")
	f("Date,Time,Open,High,Low,Close,Vol.")
	f("Timestamp,Open,High,Low,Close,Volume (BTC)")
	f("[Date],[Open],[High],[Low],[Close],[Volume]")
	f("ts,o,h,l,c,v")
	f("Trade Time,Open Price,HIGH,low,Close,VOLUME")
}

func TestImportingTwiceChangesNothing(t *testing.T) {
	local, err := localseries.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	good, bad := head+rows2, "2026-01-05 09:33,1,2,3,4,5\n2026-01-05 09:30,1,4,0.5,2,8\n2026-01-05 09:31,2,3,1,3,0\nx\n"
	ticks := "time,last_price,last_volume\n2026-01-05 09:30:00,1,1\n2026-01-05 09:30:00,1,1\n2026-01-05 09:30:01,2,2\n2026-01-05 09:30:00,3,3\n"
	for _, s := range []*series.Store{emptyStore(t), local} {
		o := barsIn(t)
		file := write(t, "a.csv", good+bad)
		f := func(kind series.Kind, want string) {
			t.Helper()
			r, err := imports(t, s, kind, o, file)
			if got := counts(r); err != nil || got != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		}
		f(series.Bars, "6 read: 2 new, 1 unchanged, 0 replaced, 3 refused")
		before := stored(t, s)
		f(series.Bars, "6 read: 0 new, 3 unchanged, 0 replaced, 3 refused")
		if stored(t, s) != before {
			t.Error("a second import changed the store")
		}
		if rejects, _ := filepath.Glob(file + ".rejects*"); len(rejects) != 1 {
			t.Errorf("got %s", rejects)
		}
		o, file = ticksIn(t), write(t, "b.csv", ticks)
		o.Scratch = scratchIn(t)
		f(series.Ticks, "4 read: 4 new, 0 unchanged, 0 replaced, 0 refused")
		before = stored(t, s)
		f(series.Ticks, "4 read: 0 new, 4 unchanged, 0 replaced, 0 refused")
		if stored(t, s) != before {
			t.Error("a second import changed the store")
		}
	}
}

// scratchIn returns what opens a store for sorting in memory.
func scratchIn(t testing.TB) func() (*Scratch, error) {
	return func() (*Scratch, error) {
		removed := false
		t.Cleanup(func() {
			if !removed {
				t.Error("the store for sorting is left")
			}
		})
		return &Scratch{
			Store: memseries.Open(nil), Folder: "memory",
			Free:   func() (int64, error) { return 1 << 40, nil },
			Remove: func() error { removed = true; return nil },
		}, nil
	}
}

// wantFault checks that an error has a code, and says something.
func wantFault(t testing.TB, err error, code fault.Code, says ...string) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want it to say %q", err, part)
		}
	}
}
