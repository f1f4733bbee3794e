package marketfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

// heads are beginnings of real files.
var heads = []string{
	head + rows2,
	"date,open,high,low,close,volume\n1/4/1999,1229.23,1248.81,1219.1,1228.1,877000000\n1/5/1999,1228.1,1246.11,1228.1,1244.78,775000000\n",
	"date,open,high,low,close,volume\n1998-01-02,13.63,16.25,13.5,16.25,6411700\n",
	"datetime,open,high,low,close,volume\n2013-10-04 04:06:00,168.22,168.22,168.22,168.22,200\n2013-11-03 01:30:00,168.22,168.22,168.22,168.22,200\n",
	"open_time,open,high,low,close,volume\n1475798400000,611.01,611.09,611.0,611.08,2.72\n1475798460000.0,611.08,611.09,611.08,611.08,3.57\n",
	"<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>\n2019/7/31 星期三,21:05:00,3888,3897,3882,3897,118432\n",
	"epoch_s,last_price,last_volume\n1385337600,800.01,0.1\n1385337600,800.01,0.1\n1385337601,800.02,0.05\n",
	"datetime,last_price,last_volume,venue\n2013-10-08T08:00:17.034Z,167.27,100,P\n2013-10-08T08:00:17.034Z,167.27,100,P\n2013-10-08T08:00:17.033Z,167.27,100,P\n",
	"symbol;time;seq;price;bid;depth\nrb2601.SHFE;2026-01-05T01:30:00Z;0;1;-0;1\nrb2601.SHFE;2026-01-05T01:30:00Z;0;1;2;1\n",
	"symbol,interval,time,open,high,low,close,n:int64,note:text\nrb2601.SHFE,d,2026-01-04T16:00:00Z,1,1,1,1,5,\"\"\nx.Y,1m,2026-01-04T16:00:00Z,1,1,1,1,,a\n",
	`{"time":"2026-01-05 09:30","open":1,"high":4,"low":0.5,"close":2,"volume":7}` + "\n" + `{"time":"2026-01-05 09:31","open":1,"high":4,"low":0.5,"close":null}`,
	`{"symbol":"a.B","time":1385337600,"price":"1.5","seq":1}` + "\n{}\nx\n",
	"a\r\n\"b\nc\"\r\n",
	"\xff\xfea\x00,\x00b\x00\n\x00",
	"\xca\xb1\xbc\xe4,\xbf\xaa\xc5\xcc\xbc\xdb,\xd7\xee\xb8\xdf\xbc\xdb,\xd7\xee\xb5\xcd\xbc\xdb,\xca\xd5\xc5\xcc\xbc\xdb\n2026-01-05 09:30,1,1,1,1\n",
}

// fuzzOptions answer all that may be asked, in ways that the bits choose.
func fuzzOptions(t testing.TB, bits uint8) Options {
	o := Options{Symbol: rb, Interval: market.Minute, Zone: time.UTC, BarTime: Start, DateOrder: MonthDayYear, TickVolume: market.Traded, Scratch: scratchIn(t)}
	if bits&1 > 0 {
		o.BarTime, o.DateOrder, o.Zone = End, DayMonthYear, zoned(t, "America/New_York")
	}
	if bits&2 > 0 {
		o.AcceptSuspect = true
	}
	if bits&4 > 0 {
		o.Symbol.Code, o.Interval = "", market.Day
	}
	if bits&8 > 0 {
		o.TimeUnit = "ms"
	}
	if bits&16 > 0 {
		o.Symbol, o.Interval = market.Symbol{}, 0
	}
	if bits&32 > 0 {
		o.Columns = []string{"time", "open", "high", "low", "close", "volume"}
	}
	if bits&64 > 0 {
		o.Replace = true
	}
	return o
}

// importTwice imports a file twice and checks what must hold whatever is in it:
// every row is kept or refused, what is kept can be stored, and the second time
// changes nothing.
func importTwice(t *testing.T, text []byte, bits uint8) {
	kind := series.Bars
	if bits&128 > 0 {
		kind = series.Ticks
	}
	o := fuzzOptions(t, bits)
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	s := memseries.Open(nil)
	defer s.Close()
	first, err := imports(t, s, kind, &o, path)
	if code := fault.CodeOf(err); strings.HasPrefix(string(code), "RF-SER") {
		t.Fatalf("the store was given what it does not take: %v", err)
	}
	before := stored(t, s)
	if rows := strings.Count(before, "\n"); int64(rows) != first.New {
		t.Fatalf("%d rows are stored, %s", rows, counts(first))
	}
	if n := rowsIn(text, &o); err == nil && n >= 0 && len(first.Notes) == 0 && first.Read != n {
		t.Fatalf("there are %d rows: %s", n, counts(first))
	}
	again, wrong := imports(t, s, kind, &o, path)
	if (wrong == nil) != (err == nil) || stored(t, s) != before {
		t.Fatalf("the second import changed something: %v, and then %v", err, wrong)
	}
	if again.New != 0 || again.Replaced != 0 || again.Read != first.Read || again.Refused != first.Refused {
		t.Fatalf("got %s, and then %s", counts(first), counts(again))
	}
	g, wrong := Preview(t.Context(), kind, path, 1000, &o)
	if err == nil && wrong != nil {
		t.Fatalf("no preview: %v", wrong)
	}
	for i := 0; wrong == nil && i < len(g.Frames); i++ {
		f := &g.Frames[i]
		if unsound := f.Validate(); unsound != nil {
			t.Fatal(unsound)
		}
	}
}

// rowsIn returns how many lines of a text are rows, -1 where that is not plain to
// see.
func rowsIn(text []byte, o *Options) int64 {
	if !utf8.Valid(text) || bytes.ContainsAny(text, "\r\x00{") || bytes.HasPrefix(text, []byte(mark)) {
		return -1
	}
	n := int64(0)
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	if len(o.Columns) > 0 {
		return n
	}
	return n - 1
}

func FuzzCSV(f *testing.F) {
	for _, text := range heads {
		for _, bits := range []uint8{0, 1, 6, 16, 32, 128, 128 + 16 + 2, 128 + 64} {
			f.Add([]byte(text), bits)
		}
	}
	f.Fuzz(importTwice)
}

func FuzzNDJSON(f *testing.F) {
	for _, text := range heads {
		if text[0] == '{' {
			f.Add([]byte(text), uint8(0))
			f.Add([]byte(text), uint8(128+16))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, bits uint8) {
		if len(text) == 0 || text[0] != '{' {
			t.Skip("no object")
		}
		importTwice(t, text, bits)
	})
}

// plainObject is what the standard library makes of an object.
func plainObject(text []byte) (fields []string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') || !utf8.Valid(text) || !json.Valid(text) {
		return nil, false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, false
		}
		s := string(value)
		if value[0] == '"' && json.Unmarshal(value, &s) != nil {
			return nil, false
		}
		if value[0] != '{' && value[0] != '[' { // those are written anew
			fields = append(fields, fmt.Sprint(name, "=", s))
		}
	}
	return fields, true
}

// Objects are what the standard library takes them for.
func FuzzObjects(f *testing.F) {
	for _, text := range heads {
		f.Add([]byte(text))
	}
	for _, text := range []string{
		`{"a":01}`, `{"a":.5}`, `{"a":+1}`, `{"a":NaN}`, `{"a":1.}`, `{"a":1e}`, `{"a":-}`, `{"a":1E+05}`, `{"a":-0}`, `{"a":"\ud800"}`, `{"a":"\ud83d\ude00"}`, `{"a":"\x"}`, `{"a":"\u00e"}`,
		`{"a":"\u0000"}`, `{"\u0061":1,"a":2}`, `{"a":12345678901234567890.123456789}`, `{"a":1}x`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{"a":tru}`, `{"a":true,"b":false,"c":null}`, `{"a":{"b":[1,{}]}}`, `[1]`, `""`, `{`, "{\"a\":\"\x01\"}", "{\"a\":\"\\t\t\"}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got []string
		var o objects
		err := o.read(text, func(name, value []byte) error {
			if value == nil {
				value = []byte("null")
			}
			if len(value) == 0 || value[0] != '{' && value[0] != '[' {
				got = append(got, fmt.Sprint(string(name), "=", string(value)))
			}
			return nil
		})
		want, ok := plainObject(text)
		if strings.Contains(string(text), "[[[[[[[[[[") || strings.Contains(string(text), `"[`) || strings.Contains(string(text), `"{`) {
			return // deeper than anything needs to be, or a text that looks like a list
		}
		if strings.Contains(strings.Join(want, ""), "\uFFFD") {
			return // half of a character, which stays as it is escaped
		}
		if ok != (err == nil) || ok && !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, %v, want %q, %v", text, got, err, want, ok)
		}
	})
}

// A time that is read is one that can be stored, is the same in parts and as a
// whole, and the one that market.ParseTime reads where it reads it.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2026-01-05 09:30", "2026/1/5 星期一|21:05:00", "20260105093000123", "1475798400000.0", "1/4/1999", "2013-11-03 01:30:00", "2026-01-05T01:30:00.5+08:00", "20260105|93000", "-1.5", "2026年1月5日 9:30 PM"} {
		for bits := range uint8(4) {
			f.Add(text, bits)
		}
	}
	zones := []*time.Location{nil, time.UTC, zoned(f, "America/New_York"), zoned(f, "Australia/Lord_Howe")}
	f.Fuzz(func(t *testing.T, text string, bits uint8) {
		c := clock{zone: zones[bits&3], order: []DateOrder{"", MonthDayYear, DayMonthYear}[bits>>2%3]}
		got, err := readTime(c, text)
		if (err == nil) != (got != 0) || err == nil && got.Validate() != nil {
			t.Fatalf("%q: got %s, %v", text, got, err)
		}
		if want, wrong := market.ParseTime(text, c.zone); wrong == nil && got != want {
			t.Fatalf("%q: got %s, %v, want %s", text, got, err, want)
		}
		if again, err := readTime(clock{}, got.String()); got != 0 && (err != nil || again != got) {
			t.Fatalf("%q: got %s, which reads as %s, %v", text, got, again, err)
		}
	})
}

// What a path names can be stored, and stands in it.
func FuzzPath(f *testing.F) {
	f.Add("/data/rb2601.SHFE/1m.csv", "{symbol}/{interval}.csv")
	f.Add("SHFE/rb2601_2026_01.csv.gz", "{exchange}/{code}_*.csv.gz")
	f.Add("螺纹/100%.csv", "./{code}/*.csv")
	f.Fuzz(func(t *testing.T, path, pattern string) {
		y, v, err := parsePath(path, pattern)
		if err != nil {
			return
		}
		if y.Code != "" && market.ValidateCode(y.Code) != nil || !strings.Contains(path, y.Code) && !strings.Contains(filepath.Clean(path), y.Code) && filepath.IsAbs(path) {
			t.Errorf("%q by %q: got %v", path, pattern, y)
		}
		if y.Exchange != "" && (market.Symbol{Code: "x", Exchange: y.Exchange}).Validate() != nil || v != 0 && v.Validate() != nil {
			t.Errorf("%q by %q: got %v %v", path, pattern, y, v)
		}
	})
}
