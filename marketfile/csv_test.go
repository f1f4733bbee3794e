package marketfile

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// refusals returns the lines of a file of rejects as line, code and text.
func refusals(t testing.TB, r *Report) string {
	t.Helper()
	var all strings.Builder
	for _, name := range r.Rejects {
		for i, line := range strings.Split(strings.TrimSuffix(read(t, name), "\n"), "\n") {
			if i == 0 {
				continue
			}
			number, rest, _ := strings.Cut(line, ",")
			_, rest, _ = strings.Cut(rest, "[")
			code, rest, _ := strings.Cut(rest, "]")
			fmt.Fprintf(&all, "%s %s%s\n", number, code, strings.TrimPrefix(rest, `"`))
		}
	}
	return all.String()
}

func TestABadRowIsRefusedWithItsLineAndTheRestIsKept(t *testing.T) {
	f := func(row string, want fault.Code) {
		t.Helper()
		got, r, err := barsOf(t, head+strings.Replace(rows2, "\n", "\n"+row+"\n", 1), barsIn(t))
		if err != nil || got != kept2 || r.Refused != 1 {
			t.Errorf("%q: got %s%s %v", row, got, counts(r), err)
		}
		if got, want := refusals(t, r), fmt.Sprintf("3 %s,%s\n", want, row); got != want {
			t.Errorf("%q: refused are %q, want %q", row, got, want)
		}
	}
	f("x", fault.FileRow)
	f("2026-01-05 09:32,1,2,1,1", fault.FileRow)
	f("2026-01-05 09:32,1,2,1,1,5,6", fault.FileRow)
	f("2026-01-05 09:32,1,2,1,1,5,,", fault.FileRow)
	f(",,,,,", fault.MarketNoTime)
	f(strings.TrimSuffix(head, "\n"), fault.FileRow)
	f(`2026-01-05 09:32,1,"2,1,1,5`, fault.FileRow)
	f(`2026-01-05 09:32,1,2"",1,1,5`, fault.FileRow)
	for _, price := range []string{"x", "", "1,", "l", "1.2.3", "1 2", "１２", "0x10", "0x1p4", "1_000", "1e", "--1", "1-", "$5", "5%", "1e999", "1\u200b", "true", "-", "+", ".", "−1", "1d"} {
		if price != "1," && price != "" {
			f("2026-01-05 09:32,1,2,1,"+price+",5", fault.FileCell)
			f("2026-01-05 09:32,1,2,1,1,"+price, fault.FileCell)
		}
	}
	f("2026-01-05 09:32,1,2,1,,5", fault.FileCell)
	f(`2026-01-05 09:32,1,"2,000",1,1,5`, fault.FileCell)
	for _, price := range []string{"NaN", "nan", "Inf", "-inf", "+Infinity", "infinity"} {
		f("2026-01-05 09:32,1,2,1,"+price+",5", fault.MarketNotFinite)
	}
	f("2026-02-30 09:32,1,2,1,1,5", fault.MarketTime)
	f("2026-01-05T01:32:00Z,1,2,1,1,5", fault.MarketTime)
	f("1767576720,1,2,1,1,5", fault.MarketTime)
	f("1677-01-01,1,2,1,1,5", fault.MarketTimeRange)
	f("2026-01-05 09:32:00.5,1,2,1,1,5", fault.MarketSubsecond)
	f("2026-01-05 09:32:30,1,2,1,1,5", fault.FileSuspect)
	f("2026-01-05 09:32,1,2,1,1,-5", fault.FileSuspect)
	f("2026-01-05 09:32,1,2,3,1,5", fault.FileSuspect)
	f("2026-01-05 09:32,3,2,1,1,5", fault.FileSuspect)
	f("2026-01-05 09:32,-1,2,-1,1,5", fault.FileSuspect)
	f("2026-01-05 09:30,1,4,0.5,2,8", fault.FileTwice)
}

func TestNumbersAreReadAsTheyAreWritten(t *testing.T) {
	f := func(text string, want float64) {
		t.Helper()
		got, err := number([]byte(text))
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	f("0", 0)
	f("+5", 5)
	f("-5", -5)
	f(".5", 0.5)
	f("5.", 5)
	f("1e5", 1e5)
	f("1E-5", 1e-5)
	f("007", 7)
	f("3905.123456789012", 3905.123456789012)
	f("0.1", 0.1)
	f("5e-324", 5e-324)
	got, _, err := barsOf(t, head+"2026-01-05 09:30,+1,4e0,.5,2.,-0\n", barsIn(t))
	if want := "2026-01-05T01:30:00Z close=2 high=4 low=0.5 open=1\n"; err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestWholeNumbersAreWhole(t *testing.T) {
	f := func(text string, want int64, ok bool) {
		t.Helper()
		c := cells{texts: [][]byte{[]byte(text)}}
		if got, err := c.int(0); got != want || (err == nil) != ok {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
	f("5", 5, true)
	f("-5", -5, true)
	f("5.0", 5, true)
	f("1e3", 1000, true)
	f("9223372036854775807", 9223372036854775807, true)
	f("9007199254740993.0", 9007199254740992, true) // as a float it is that number
	f("5.5", 0, false)
	f("1e300", 0, false)
	f("0x10", 0, false)
	f("0x1p4", 0, false)
	f("NaN", 0, false)
	f("Inf", 0, false)
	f("", 0, false)
}

func TestContradictionsAreKeptWhenAsked(t *testing.T) {
	o := barsIn(t)
	o.AcceptSuspect = true
	got, r, err := barsOf(t, head+"2026-01-05 09:30:01,3,1,2,-1,-5\n", o)
	if want := "2026-01-05T01:30:01Z close=-1 high=1 low=2 open=3 volume=-5\n"; err != nil || got != want || r.Refused != 0 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
}

func TestHoursThatDoNotExistOrExistTwiceAreRefused(t *testing.T) {
	o := barsIn(t)
	o.Zone, o.Symbol = zoned(t, "America/New_York"), market.Symbol{Code: "SPY", Exchange: market.NYSE}
	text := head
	for _, clock := range []string{"2013-03-10 01:59", "2013-03-10 02:00", "2013-03-10 02:59", "2013-03-10 03:00", "2013-11-03 00:59", "2013-11-03 01:00", "2013-11-03 01:59", "2013-11-03 02:00"} {
		text += clock + ",1,1,1,1,1\n"
	}
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, o, write(t, "a.csv", text))
	if err != nil || r.Reasons[fault.MarketSkipped] != 2 || r.Reasons[fault.MarketRepeated] != 2 || r.New != 4 {
		t.Errorf("got %s %v, %v", counts(r), r.Reasons, err)
	}
	want := "06:59 07:00 04:59 07:00 "
	var got strings.Builder
	for b, err := range s.Bars(t.Context(), o.Symbol, market.Minute, market.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(b.Time.UTC().Format("15:04 "))
	}
	if got.String() != want {
		t.Errorf("got %s, want %s", got.String(), want)
	}
}

func TestAFileThatIsNoneIsToldSo(t *testing.T) {
	f := func(name, text string, want fault.Code, says ...string) {
		t.Helper()
		path := write(t, name, text)
		for _, kind := range []series.Kind{series.Bars, series.Ticks} {
			o := &Options{Symbol: rb, Zone: time.UTC}
			r, err := imports(t, emptyStore(t), kind, o, path)
			wantFault(t, err, want, append(says, path)...)
			if r.Read != 0 || len(r.Rejects) != 0 {
				t.Errorf("%s: got %s, %v", name, counts(r), r.Rejects)
			}
		}
	}
	f("empty.csv", "", fault.FileEmpty)
	f("empty.csv.gz", packed(t, ""), fault.FileEmpty)
	f("blank.csv", "\n\n \n", fault.FileEmpty)
	f("mark.csv", mark, fault.FileEmpty)
	f("binary.csv", "a,b\x00,c\n", fault.FileForm, "byte 4 is 0")
	f("picture.csv", "\x89PNG\r\n\x1a\n\x00\x00", fault.FileForm)
	f("latin.csv", "caf\xe9 ,\xff\xff\n", fault.FileForm, "neither UTF-8 nor GBK")
	f("cut.zip", "PK\x03\x04........", fault.FileDamaged, "zip")
	f("book.xlsx", zipped(t, "[Content_Types].xml", "x", "xl/workbook.xml", "y"), fault.FileForm, "Excel", "CSV")
	f("two.zip", zipped(t, "a.csv", "x", "b.csv", "y"), fault.FileForm, "2 files")
	f("none.zip", zipped(t, "folder/", ""), fault.FileForm, "0 files")
	f("zip.zip", zipped(t, "a.zip", zipped(t, "a.csv", "x")), fault.FileForm, "within another")
	f("empty.zip", zipped(t, "a.csv", ""), fault.FileEmpty)
	f("old.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", fault.FileForm, "Excel")
	f("db.csv", "SQLite format 3\x00", fault.FileForm, "SQLite")
	f("a.h5", "\x89HDF\r\n\x1a\n", fault.FileForm, "HDF5")
	f("a.csv.bz2", "BZh91AY&SY", fault.FileForm, "bzip2")
	f("a.csv.xz", "\xfd7zXZ\x00\x00\x00", fault.FileForm, "xz")
	f("a.feather", "FEA1\x00\x00\x00\x00", fault.FileForm, "version 1")
	f("a.arrow", "ARROW1\x00\x00", fault.FileDamaged, "cut off")
	f("page.csv", "<!DOCTYPE html><HTML><body>", fault.FileForm, "web page")
	f("array.json", "[]", fault.FileEmpty)
	f("array.json", "[1,2]", fault.FileForm, "JSON object")
	f("bad.csv.gz", "\x1f\x8b\x07\x00garbage", fault.FileDamaged, "gzip")
	f("bad.csv.zst", "\x28\xb5\x2f\xfd\x00\x00", fault.FileDamaged)
	f("none.csv", "a,b,c\n1,2,3\n", fault.FileColumns, "--map")
	f("one.csv", "a\n1\n2\n", fault.FileColumns, `"a"`)
	f("long.csv", strings.Repeat("x", 3<<20), fault.FileRow, "3145728 bytes")
	f("objects.ndjson", "{x}\n{y}\n", fault.FileForm, "JSON object")
}

func TestAFolderAndAMissingFileAreTold(t *testing.T) {
	folder := t.TempDir()
	_, err := imports(t, emptyStore(t), series.Bars, barsIn(t), folder)
	wantFault(t, err, fault.FileForm, "folder", folder)
	missing := filepath.Join(folder, "a.csv")
	_, err = imports(t, emptyStore(t), series.Bars, barsIn(t), missing)
	wantFault(t, err, fault.FileMissing, missing)
	if os.Getuid() == 0 {
		return // may read everything
	}
	denied := write(t, "a.csv", head)
	if err := os.Chmod(denied, 0); err != nil {
		t.Fatal(err)
	}
	_, err = imports(t, emptyStore(t), series.Bars, barsIn(t), denied)
	wantFault(t, err, fault.FileDenied, denied)
}

// manyBars returns n rows of bars below head.
func manyBars(n int) string {
	var b strings.Builder
	b.WriteString(head)
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for i := range n {
		fmt.Fprintf(&b, "%s,%d,%d,%d,%d,%d\n", at.Add(time.Duration(i)*time.Minute).Format("2006-01-02 15:04"), i+2, i+3, i+1, i+2, i)
	}
	return b.String()
}

func TestOfAFileThatWasCutOffWholeRowsAreKept(t *testing.T) {
	text := manyBars(30_000)
	f := func(name, whole string) {
		t.Helper()
		s := emptyStore(t)
		o := barsIn(t)
		path := write(t, name, whole[:len(whole)*9/10])
		r, err := imports(t, s, series.Bars, o, path)
		wantFault(t, err, fault.FileDamaged, path+":", "cut off")
		if r.New < 10_000 || r.Refused != 0 || r.Files != 0 {
			t.Errorf("%s: got %s", name, counts(r))
		}
		// The whole file goes on from there.
		again, err := imports(t, s, series.Bars, o, write(t, name, whole))
		if err != nil || again.Unchanged != r.New || again.New != 30_000-r.New {
			t.Errorf("%s: got %s after %s, %v", name, counts(again), counts(r), err)
		}
	}
	f("a.csv.gz", packed(t, text))
	f("a.csv.zst", zstandard(t, text))
	wrong := []byte(packed(t, text))
	wrong[len(wrong)-6]++ // the checksum
	_, err := imports(t, emptyStore(t), series.Bars, barsIn(t), write(t, "a.csv.gz", string(wrong)))
	wantFault(t, err, fault.FileDamaged)
}

// A stream of one line must not be held in memory.
func TestALineOfAnyLengthIsRefusedInBoundedMemory(t *testing.T) {
	const size = 200 << 20
	path := filepath.Join(t.TempDir(), "a.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, head+rows2); err != nil {
		t.Fatal(err)
	}
	chunk := strings.Repeat("9", 1<<20)
	for range size >> 20 {
		if _, err := io.WriteString(f, chunk); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(f, "\n2026-01-05 09:32,1,1,1,1,1\n"); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, barsIn(t), path)
	runtime.ReadMemStats(&after)
	if err != nil || counts(r) != "4 read: 3 new, 0 unchanged, 0 replaced, 1 refused" || r.Reasons[fault.FileRow] != 1 {
		t.Errorf("got %s, %v", counts(r), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d MB were allocated", used>>20)
	}
	text := read(t, r.Rejects[0])
	if !strings.Contains(text, "209715200 bytes") || len(text) > 4096 {
		t.Errorf("got rejects of %d bytes: %.200s", len(text), text)
	}
}

func TestQuotedLineBreaksAreRefusedNotJoined(t *testing.T) {
	got, r, err := barsOf(t, "datetime,open,high,low,close,volume,note\n2026-01-05 09:30,1,4,0.5,2,7,\"a\nb\"\n2026-01-05 09:31,2,3,1,3,0,c\n", barsIn(t))
	if err != nil || r.Refused != 2 || r.Read != 3 || !strings.HasPrefix(kept2[strings.Index(kept2, "\n")+1:], got) {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
}

func TestTextInAnotherEncodingIsToldRowByRow(t *testing.T) {
	// The first 64 KB are GBK, what comes behind is not.
	long := "时间,开盘价,最高价,最低价,收盘价,成交量\n"
	gbk := "\xca\xb1\xbc\xe4,\xbf\xaa\xc5\xcc\xbc\xdb,\xd7\xee\xb8\xdf\xbc\xdb,\xd7\xee\xb5\xcd\xbc\xdb,\xca\xd5\xc5\xcc\xbc\xdb,\xb3\xc9\xbd\xbb\xc1\xbf,note\n"
	body := strings.TrimPrefix(strings.ReplaceAll(manyBars(3000), "\n", ",x\n"), strings.ReplaceAll(head, "\n", ",x\n"))
	bad := "2027-01-05 09:30,1,4,0.5,2,7,\xff\xff\n"
	o := barsIn(t)
	o.Keep = []Kept{{Column: "note"}}
	r, err := imports(t, emptyStore(t), series.Bars, o, write(t, "a.csv", gbk+body+bad))
	if err != nil || r.New != 3000 || r.Reasons[fault.FileRow] != 1 {
		t.Errorf("got %s %v, %v", counts(r), r.Reasons, err)
	}
	r, err = imports(t, emptyStore(t), series.Bars, o, write(t, "a.csv", strings.TrimSuffix(long, "\n")+",note\n"+body+bad))
	if err != nil || r.New != 3000 || r.Reasons[fault.MarketText] != 1 {
		t.Errorf("got %s %v, %v", counts(r), r.Reasons, err)
	}
	o.Encoding = "latin-1"
	_, err = imports(t, emptyStore(t), series.Bars, o, write(t, "a.csv", head+rows2))
	wantFault(t, err, fault.FileOption, "latin-1")
}

func TestEmptyLinesDoNotFillTheMemory(t *testing.T) {
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprintf("x%d", i)
	}
	o := barsIn(t)
	for _, name := range names {
		o.Keep = append(o.Keep, Kept{Column: name})
	}
	o.Keep = o.Keep[:60]
	text := strings.TrimSuffix(head, "\n") + "," + strings.Join(names, ",") + "\n" + strings.Repeat("\n", 8<<20)
	path := write(t, "a.csv", text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := imports(t, emptyStore(t), series.Bars, o, path)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err != nil || r.Read != 0 || used > 300<<20 {
		t.Errorf("got %s, %v, and %d MB were allocated", counts(r), err, used>>20)
	}
}

func TestTerminalsWriteRemarksAndDaysOfTheWeek(t *testing.T) {
	f := func(text string) {
		t.Helper()
		got, r, err := barsOf(t, text, barsIn(t))
		if err != nil || got != kept2 || r.Read != 2 || r.Refused != 0 {
			t.Errorf("%s: got %s%s, %v", text, got, counts(r), err)
		}
	}
	f(head + rows2 + "数据来源:通达信\n")
	f(head + rows2 + "#数据来源:通达信\r\n")
	f(head + "# a remark\n" + rows2)
	f(strings.NewReplacer(",", "\t", "2026-01-05 ", "2026-01-05,一 ").Replace(head + rows2))
	// What is no row and no remark is refused.
	_, r, err := barsOf(t, head+rows2+"2026-01\n", barsIn(t))
	if err != nil || r.Refused != 1 {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

func TestARemarkOnManyFilesIsMadeOnce(t *testing.T) {
	text := "a title\n" + head[:len(head)-1] + ",x\n2026-01-05 09:30,1,1,1,1,1,y\n# the end\n"
	r, err := imports(t, emptyStore(t), series.Bars, barsIn(t), write(t, "a.csv", text), write(t, "b.csv", text))
	if err != nil || len(r.Notes) != 3 || r.Refused != 0 {
		t.Errorf("got %v, %s, %v", r.Notes, counts(r), err)
	}
}
