package realdata_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
)

func compress(t *testing.T, text string) string {
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

// wantPlace checks kind and place of an error.
func wantPlace(t *testing.T, err error, kind fault.Kind, file string, line int) {
	t.Helper()
	place, _ := fault.PlaceOf(err)
	if !errors.Is(err, kind) || place.File != file || place.Line != line {
		t.Errorf("got error %v, want kind %q at %s, line %d", err, kind, file, line)
	}
}

func TestABadRowOfBarsEndsTheReadingWithItsLine(t *testing.T) {
	const (
		us    = "date,open,high,low,close,volume\n"
		clock = "datetime,open,high,low,close,volume\n"
		epoch = "open_time,open,high,low,close,volume\n"
		china = "<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>\n"
	)
	f := func(set int, text string, line int, kind error, says string) {
		t.Helper()
		bars := realdata.In(t.TempDir()).Bars[set]
		write(t, bars.File, text)
		var failed error
		rows := 0
		for _, err := range bars.Rows() {
			if failed != nil {
				t.Errorf("%q: a row comes after the error", text)
			}
			if failed = err; err == nil {
				rows++
			}
		}
		wantPlace(t, failed, fault.Invalid, bars.File, line)
		if !errors.Is(failed, kind) || !strings.Contains(failed.Error(), says) {
			t.Errorf("%q: got %v, want %v that says %q", text, failed, kind, says)
		}
		if rows != max(line-2, 0) {
			t.Errorf("%q: got %d rows before the error in line %d", text, rows, line)
		}
	}
	f(0, "", 1, fault.MarketForm, `the header is ""`)
	f(0, clock, 1, fault.MarketForm, `not "date,open,high,low,close,volume"`)
	f(0, us+"1/4/1999,1,2,1,1,5\n1/5/1999,1,2,1,1\n", 3, fault.MarketForm, "the line has 5 fields, the header 6")
	f(0, us+"1/4/1999,1,2,1,1,5\n\n", 3, fault.MarketForm, "the line has 1 fields")
	f(0, us+"1/4/1999,1,2,1,1,5,6\n", 2, fault.MarketForm, "the line has 7 fields")
	f(0, us+"1/4/1999,1,2,1,x,5\n", 2, fault.MarketForm, `"x" is not a number`)
	f(0, us+"1/4/1999,1,,1,1,5\n", 2, fault.MarketForm, `"" is not a number`)
	f(0, us+"1/4/1999,1,2,1,1,5\n1/5/1999,1,2,1,l,5\n1/6/1999,1,2,1,1,5\n", 3, fault.MarketForm, `"l" is not a number`)
	f(0, us+"1/4/1999,1,NaN,1,1,5\n", 2, fault.MarketNotFinite, "high")
	f(0, us+"1/4/1999,1,2,1,1,1e999\n", 2, fault.MarketForm, "1e999")
	f(0, us+"13/4/1999,1,2,1,1,5\n", 2, fault.MarketTime, "13/4/1999")
	f(0, us+"2/29/1999,1,2,1,1,5\n", 2, fault.MarketTime, "2/29/1999")
	f(0, us+"1/4/1500,1,2,1,1,5\n", 2, fault.MarketTimeRange, "1500")
	f(2, us+"1998-01-02,1,2,1,1,5\n1998-1-5,1,2,1,1,5\n", 3, fault.MarketTime, "1998-1-5")
	f(3, clock+"2013-03-10 01:59:00,1,2,1,1,5\n2013-03-10 02:30:00,1,2,1,1,5\n", 3, fault.MarketSkipped, "02:30")
	f(3, clock+"2013-11-03 01:30:00,1,2,1,1,5\n", 2, fault.MarketRepeated, "01:30")
	f(3, clock+"2013-10-04 04:06:00.5,1,2,1,1,5\n", 2, fault.MarketSubsecond, "time")
	f(4, epoch+"1475798400000,1,2,1,1,5\n147579846x000,1,2,1,1,5\n", 3, fault.MarketTime, "147579846x000")
	f(4, epoch+"14757984000000000,1,2,1,1,5\n", 2, fault.MarketTimeRange, "")
	f(4, epoch+"1475798400001,1,2,1,1,5\n", 2, fault.MarketSubsecond, "time")
	f(6, china+"2019/7/31 星期三,21:05:00,1,2,1,1,5\n2019/7/32 星期四,21:05:00,1,2,1,1,5\n", 3, fault.MarketTime, "2019/7/32")
	f(6, china+"2019/7/31 星期三,25:05:00,1,2,1,1,5\n", 2, fault.MarketTime, "25:05:00")
}

func TestABadTradeEndsTheReadingWithItsFileAndLine(t *testing.T) {
	const header = "datetime,last_price,last_volume,venue\n"
	const good = header + "2013-10-08T08:00:17.034Z,1,2,Q\n"
	f := func(text string, line int, kind error, says string) {
		t.Helper()
		ibm := realdata.In(t.TempDir()).Ticks[2]
		write(t, ibm.Files[0], compress(t, good))
		write(t, ibm.Files[1], compress(t, text))
		var failed error
		for _, err := range ibm.Rows() {
			failed = err
		}
		wantPlace(t, failed, fault.Invalid, ibm.Files[1], line)
		if !errors.Is(failed, kind) || !strings.Contains(failed.Error(), says) {
			t.Errorf("%q: got %v, want %v that says %q", text, failed, kind, says)
		}
	}
	f("epoch_s,last_price,last_volume\n", 1, fault.MarketForm, `the header is "epoch_s`)
	f(good+"2013-10-08T08:00:17.034Z,1,2\n", 3, fault.MarketForm, "the line has 3 fields, the header 4")
	f(good+"2013-10-08T08:00:17.034Z,1,two,Q\n", 3, fault.MarketForm, `"two" is not a number`)
	f(good+"2013-10-08T08:00:17.034Z,+Inf,2,Q\n", 3, fault.MarketNotFinite, "last_price")
	f(good+"2013-10-08T08:00:17.034,1,2,Q\n", 3, fault.MarketNoZone, "2013-10-08T08:00:17.034")
	f(good+"2013-10-08T08:00:17.033Z,1,2,Q\n", 3, fault.MarketForm, "is before 2013-10-08T08:00:17.034Z")
	f(header+"2013-10-08T08:00:17.033Z,1,2,Q\n", 2, fault.MarketForm, "is before") // than the other file's last
}

func TestSeqGoesOnFromOneFileToTheNext(t *testing.T) {
	const header = "datetime,last_price,last_volume,venue\n"
	ibm := realdata.In(t.TempDir()).Ticks[2]
	ibm.Files = ibm.Files[:2]
	write(t, ibm.Files[0], compress(t, header+"2013-10-08T08:00:17.034Z,1,2,Q\n2013-10-08T08:00:17.034Z,1,2,Q\n"))
	write(t, ibm.Files[1], compress(t, header+"2013-10-08T08:00:17.034Z,1,2,Q\r\n2013-10-08T08:00:17.035Z,1,2,Q"))
	var seqs []uint32
	for row, err := range ibm.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if row.Venue != "Q" {
			t.Errorf("got venue %q, want Q", row.Venue)
		}
		seqs = append(seqs, row.Tick.Seq)
	}
	if want := []uint32{0, 1, 2, 0}; !slices.Equal(seqs, want) {
		t.Errorf("got Seq %v, want %v", seqs, want)
	}
}

func TestADamagedFileIsCorruptAndYieldsNoHalfRow(t *testing.T) {
	text := "epoch_s,last_price,last_volume\n" + strings.Repeat("1385337600,800.01,0.1\n", 5000)
	whole := compress(t, text)
	f := func(name, content string) {
		t.Helper()
		btc := realdata.In(t.TempDir()).Ticks[0]
		write(t, btc.Files[0], content)
		rows := 0
		var failed error
		for row, err := range btc.Rows() {
			if failed = err; err != nil {
				continue
			}
			rows++
			if row.Tick.LastPrice != 800.01 || row.Tick.LastVolume != 0.1 {
				t.Errorf("%s: got %v", name, row)
			}
		}
		if !errors.Is(failed, fault.Corrupt) {
			t.Errorf("%s: got %d rows and error %v, want fault.Corrupt", name, rows, failed)
		}
		if place, _ := fault.PlaceOf(failed); place.File != btc.Files[0] {
			t.Errorf("%s: got place %v, want that of %s", name, place, btc.Files[0])
		}
	}
	f("no gzip", text)
	f("empty", "")
	for _, kept := range []int{5, 12, len(whole) / 3, len(whole) / 2, len(whole) - 9, len(whole) - 1} {
		f("cut off", whole[:kept])
	}
	f("wrong checksum", whole[:len(whole)-8]+"\x00\x00\x00\x00"+whole[len(whole)-4:])
	f("a line without end", compress(t, text+strings.Repeat("9", 100_000)))
}

func TestAMissingFileIsNotFound(t *testing.T) {
	data := realdata.In(t.TempDir())
	for _, set := range data.Bars {
		for b, err := range set.Rows() {
			wantPlace(t, err, fault.NotFound, set.File, 0)
			if b != (market.Bar{}) || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: got %v, error %v", set.Symbol, b, err)
			}
		}
	}
	for _, set := range data.Ticks {
		n := 0
		for _, err := range set.Rows() {
			wantPlace(t, err, fault.NotFound, set.Files[0], 0)
			n++
		}
		if n != 1 {
			t.Errorf("%s: got %d rows, want the error alone", set.Symbol, n)
		}
	}
	unknown := data.Bars[0]
	unknown.Symbol.Exchange = "NOWHERE"
	for _, err := range unknown.Rows() {
		if !errors.Is(err, fault.MarketExchange) {
			t.Errorf("got %v, want fault.MarketExchange", err)
		}
	}
}

func TestErrorsAreSaidInChinese(t *testing.T) {
	bars := realdata.In(t.TempDir()).Bars[0]
	write(t, bars.File, "date,open\n")
	for _, err := range bars.Rows() {
		want := bars.File + `:1: 表头是 "date,open"，应为 "date,open,high,low,close,volume"`
		if got := fault.Message(err, "zh"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
