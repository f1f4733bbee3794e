package realdata_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
)

// The literals below are what zcat, head, tail and wc say of the files; their
// times were brought to UTC by hand.

func at(t *testing.T, s string) market.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return market.Time(when.UnixNano())
}

func TestBarsAreThoseOfTheFiles(t *testing.T) {
	sets := realdata.Open(t).Bars
	f := func(symbol, interval, file string, rows int, first, last string, firstBar, lastBar market.Bar) {
		t.Helper()
		set := sets[0]
		sets = sets[1:]
		if set.Symbol.String() != symbol || set.Interval.String() != interval || !strings.HasSuffix(set.File, filepath.FromSlash(file)) {
			t.Errorf("got %s %s in %s, want %s %s in %s", set.Symbol, set.Interval, set.File, symbol, interval, file)
		}
		zone, err := set.Symbol.Exchange.Zone()
		if err != nil {
			t.Fatal(err)
		}
		firstBar.Time, lastBar.Time = at(t, first), at(t, last)
		var bars []market.Bar
		for b, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Validate(); err != nil {
				t.Errorf("%s: row %d: %v", symbol, len(bars), err)
			}
			if found := b.Findings(set.Interval, zone); len(found) > 0 {
				t.Errorf("%s: row %d: %v", symbol, len(bars), found)
			}
			bars = append(bars, b)
		}
		if len(bars) != rows {
			t.Fatalf("%s: got %d rows, want %d", symbol, len(bars), rows)
		}
		if got := bars[0]; got != firstBar {
			t.Errorf("%s: first row: got %v, want %v", symbol, got, firstBar)
		}
		if got := bars[rows-1]; got != lastBar {
			t.Errorf("%s: last row: got %v, want %v", symbol, got, lastBar)
		}
		for i := range rows - 1 {
			if bars[i].Time >= bars[i+1].Time {
				t.Errorf("%s: row %d: %s does not come before %s", symbol, i, bars[i].Time, bars[i+1].Time)
			}
		}
	}
	f("SPX.CBOE", "d", "ship/bars/SPX.CBOE/1d.csv", 5031, "1999-01-04T06:00:00Z", "2018-12-31T06:00:00Z",
		market.Bar{Open: 1229.22998, High: 1248.810059, Low: 1219.099976, Close: 1228.099976, Volume: 877000000},
		market.Bar{Open: 2498.939941, High: 2509.23999, Low: 2482.820068, Close: 2506.850098, Volume: 3442870000})
	f("COMP.NASDAQ", "d", "ship/bars/COMP.NASDAQ/1d.csv", 5031, "1999-01-04T05:00:00Z", "2018-12-31T05:00:00Z",
		market.Bar{Open: 2207.540039, High: 2233.570068, Low: 2192.679932, Close: 2208.050049, Volume: 936660000},
		market.Bar{Open: 6649.52002, High: 6659.959961, Low: 6570.060059, Close: 6635.279785, Volume: 2098560000})
	f("AAPL.NASDAQ", "d", "bars/AAPL.NASDAQ/1d.csv", 5849, "1998-01-02T05:00:00Z", "2021-03-31T04:00:00Z",
		market.Bar{Open: 13.63, High: 16.25, Low: 13.5, Close: 16.25, Volume: 6315000},
		market.Bar{Open: 121.65, High: 123.54, Low: 121.15, Close: 122.15, Volume: 109019052})
	f("SPY.NYSE", "1m", "bars/SPY.NYSE/1m_new_york_wall_clock.csv", 4839, "2013-10-04T08:06:00Z", "2013-10-11T23:59:00Z",
		market.Bar{Open: 167.65, High: 167.65, Low: 167.65, Close: 167.65, Volume: 20000},
		market.Bar{Open: 170.41, High: 170.41, Low: 170.41, Close: 170.41, Volume: 525})
	f("BTCUSD.COINBASE", "1m", "bars/BTCUSD.COINBASE/1m_epoch_ms.csv", 10983, "2016-10-07T00:00:00Z", "2018-04-06T23:59:00Z",
		market.Bar{Open: 611.78, High: 611.91, Low: 611.78, Close: 611.9, Volume: 1.13872},
		market.Bar{Open: 6621.01, High: 6621.2, Low: 6619.01, Close: 6619.01, Volume: 1.93391536})
	f("BTCUSDT.BYBIT", "1m", "bars/BTCUSDT.BYBIT/1m_epoch_ms.csv", 1440, "2022-12-13T00:00:00Z", "2022-12-13T23:59:00Z",
		market.Bar{Open: 17208.86, High: 17212.99, Low: 17205, Close: 17205, Volume: 1.549151},
		market.Bar{Open: 17780.5, High: 17783.69, Low: 17777.2, Close: 17778.49, Volume: 0.617669})
	f("rb.SHFE", "5m", "bars/rb.SHFE/5m_shanghai_bar_end.csv", 93, "2019-07-31T13:00:00Z", "2019-08-01T14:55:00Z",
		market.Bar{Open: 3888, High: 3897, Low: 3882, Close: 3897, Volume: 118432},
		market.Bar{Open: 3816, High: 3816, Low: 3803, Close: 3807, Volume: 106014})
	if len(sets) > 0 {
		t.Errorf("%d sets are not looked at", len(sets))
	}
}

func TestTradesAreThoseOfTheFiles(t *testing.T) {
	sets := realdata.Open(t).Ticks
	f := func(set realdata.Ticks, symbol string, rows int, first, last string, firstTrade, lastTrade realdata.Trade) {
		t.Helper()
		if set.Symbol.String() != symbol {
			t.Errorf("got %s, want %s", set.Symbol, symbol)
		}
		firstTrade.Tick.Time, lastTrade.Tick.Time = at(t, first), at(t, last)
		n := 0
		var trade realdata.Trade
		for row, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 && row != firstTrade {
				t.Errorf("%s: first row: got %v, want %v", symbol, row, firstTrade)
			}
			trade, n = row, n+1
		}
		if n != rows {
			t.Errorf("%s: got %d rows, want %d", symbol, n, rows)
		}
		if trade != lastTrade {
			t.Errorf("%s: last row: got %v, want %v", symbol, trade, lastTrade)
		}
	}
	row := func(price, volume float64, venue string) realdata.Trade {
		return realdata.Trade{Tick: market.Tick{LastPrice: price, LastVolume: volume}, Venue: venue}
	}
	last := row(999, 1.2926331, "") // the second of its second
	last.Tick.Seq = 1
	f(sets[0], "BTCUSD.BITSTAMP", 100000, "2013-11-25T00:00:00Z", "2013-12-01T16:02:05Z", row(800.01, 0.1, ""), last)
	f(sets[1], "SPY.NYSE", 451545, "2013-10-08T08:00:17.034Z", "2013-10-08T23:59:58.962Z", row(167.42, 210, "Q"), row(165.95, 100, "P"))
	day := func(i int) realdata.Ticks {
		set := sets[2]
		set.Files = set.Files[i : i+1]
		return set
	}
	f(day(0), "IBM.NYSE", 24293, "2013-10-07T08:00:30.27Z", "2013-10-07T23:26:07.55Z", row(181.52, 283, "P"), row(181.99, 200, "P"))
	f(day(1), "IBM.NYSE", 33381, "2013-10-08T12:47:49.457Z", "2013-10-08T23:23:56.822Z", row(182.1, 300, "P"), row(179.55, 200, "K"))
	f(day(2), "IBM.NYSE", 27042, "2013-10-09T13:12:36.32Z", "2013-10-09T23:31:35.155Z", row(179.05, 200, "P"), row(180.85, 465, "P"))
	f(day(3), "IBM.NYSE", 22415, "2013-10-10T11:13:28.739Z", "2013-10-10T22:20:07.626Z", row(182.91, 100, "P"), row(184.12, 500, "P"))
	f(day(4), "IBM.NYSE", 19264, "2013-10-11T12:11:15.725Z", "2013-10-11T23:52:28.922Z", row(184.99, 100, "P"), row(186.19, 200, "P"))
	if len(sets) != 3 || len(sets[2].Files) != 5 {
		t.Errorf("got %d sets, %d files of IBM, want 3 and 5", len(sets), len(sets[2].Files))
	}
}

func TestTradesAreToldApartByInstantAndSeq(t *testing.T) {
	sets := realdata.Open(t).Ticks
	f := func(set realdata.Ticks, rows, sameInstant, repeated int, maxSeq uint32) {
		t.Helper()
		var instant []realdata.Trade // those so far, as they are without Seq
		var last market.Tick
		n, same, equal, highest := 0, 0, 0, uint32(0)
		for row, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			k := row.Tick
			if err := k.Validate(); err != nil {
				t.Errorf("%s: row %d: %v", set.Symbol, n, err)
			}
			first := k.Time.Micro() > last.Time.Micro() && k.Seq == 0
			next := k.Time.Micro() == last.Time.Micro() && k.Seq == last.Seq+1
			switch {
			case first:
				instant = instant[:0]
			case next:
				same++
			default:
				t.Fatalf("%s: row %d: key %s %d after %s %d", set.Symbol, n, k.Time, k.Seq, last.Time, last.Seq)
			}
			row.Tick.Seq = 0
			if slices.Contains(instant, row) {
				equal++
			}
			instant = append(instant, row)
			highest = max(highest, k.Seq)
			last, n = k, n+1
		}
		if n != rows || same != sameInstant || equal != repeated || highest != maxSeq {
			t.Errorf("%s: got %d rows, %d in the instant of the one before, %d equal to an earlier one, Seq up to %d; want %d, %d, %d, %d",
				set.Symbol, n, same, equal, highest, rows, sameInstant, repeated, maxSeq)
		}
	}
	f(sets[0], 100000, 41301, 2173, 14)
	f(sets[1], 451545, 242738, 83450, 27)
	f(sets[2], 126395, 27352, 8152, 19)
}

func TestDatesFollowTheClockOfTheExchange(t *testing.T) {
	sets := realdata.Open(t).Bars
	f := func(set realdata.Bars, line int, open float64, want string) {
		t.Helper()
		n := 1
		for b, err := range set.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == line && (b.Open != open || b.Time != at(t, want)) {
				t.Errorf("%s, line %d: got %s, open %v; want %s, %v", set.Symbol, line, b.Time, b.Open, want, open)
			}
		}
	}
	f(sets[0], 125, 1351.449951, "1999-06-30T05:00:00Z") // Chicago, in summer an hour less behind
	f(sets[1], 125, 2639.790039, "1999-06-30T04:00:00Z") // New York
	f(sets[2], 126, 28.88, "1998-07-01T04:00:00Z")
	f(sets[6], 40, 3877, "2019-08-01T02:10:00Z") // the last before the break, stamped 10:15 in Shanghai
}

func TestBarsOfAChineseDayBeginInItsSessions(t *testing.T) {
	rb := realdata.Open(t).Bars[6]
	shanghai := time.FixedZone("", 8*60*60)
	var clock []string
	for b, err := range rb.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		clock = append(clock, b.Time.In(shanghai).Format("02 15:04"))
	}
	var want []string
	session := func(from, to string) {
		begin, _ := time.Parse("02 15:04", from)
		end, _ := time.Parse("02 15:04", to)
		for ; begin.Before(end); begin = begin.Add(5 * time.Minute) {
			want = append(want, begin.Format("02 15:04"))
		}
	}
	session("31 21:00", "31 23:00")
	session("01 09:00", "01 10:15")
	session("01 10:30", "01 11:30")
	session("01 13:30", "01 15:00")
	session("01 21:00", "01 23:00")
	if !slices.Equal(clock, want) {
		t.Errorf("got bars at %v, want %v", clock, want)
	}
}

func TestEveryFileOfTheFolderIsInASet(t *testing.T) {
	data := realdata.Open(t)
	var listed []string
	for _, set := range data.Bars {
		listed = append(listed, set.File)
	}
	for _, set := range data.Ticks {
		listed = append(listed, set.Files...)
	}
	dir, err := realdata.Dir()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"ship", "bars", "ticks"} {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !slices.Contains(listed, path) {
				t.Errorf("%s is in no set", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestAReaderMayStopAndBeginAgain(t *testing.T) {
	data := realdata.Open(t)
	ibm := data.Ticks[2].Rows()
	for range 2 {
		n := 0
		for row, err := range ibm {
			if err != nil || n == 0 && (row.Tick.Seq != 0 || row.Tick.LastPrice != 181.52) {
				t.Fatalf("row %d: got %v, error %v", n, row, err)
			}
			if n++; n == 3 {
				break
			}
		}
	}
	for _, err := range data.Bars[0].Rows() {
		if err != nil {
			t.Error(err)
		}
		break
	}
}

// A stub is a test that notes why it was skipped.
type stub struct {
	testing.TB
	reason string
}

func (s *stub) Helper() {}

func (s *stub) Skip(args ...any) {
	s.reason = args[0].(string)
	runtime.Goexit()
}

func TestOpenSkipsTheTestWhereThereIsNoData(t *testing.T) {
	t.Setenv("REDFIRE_TEST_DATA", filepath.Join(t.TempDir(), "absent"))
	s := &stub{TB: t}
	done := make(chan bool)
	go func() {
		defer close(done)
		realdata.Open(s)
		t.Error("Open returned")
	}()
	<-done
	if want := "test data is not here: set REDFIRE_TEST_DATA"; s.reason != want {
		t.Errorf("got reason %q, want %q", s.reason, want)
	}
}

func TestDirIsFoundFromAnyFolderOfTheProject(t *testing.T) {
	f := func(variable, from, want string) {
		t.Helper()
		t.Setenv("REDFIRE_TEST_DATA", variable)
		t.Chdir(from)
		got, err := realdata.Dir()
		switch {
		case want == "" && !errors.Is(err, fault.NotFound):
			t.Errorf("%q from %s: got %q, error %v; want fault.NotFound", variable, from, got, err)
		case want != "" && (err != nil || got != want):
			t.Errorf("%q from %s: got %q, error %v; want %q", variable, from, got, err, want)
		}
	}
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(top, "redfire")
	inner := filepath.Join(root, "bench", "inner")
	elsewhere := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module github.com/redfire-quant/redfire\n\ngo 1.26.0\n")
	write(t, filepath.Join(root, "bench", "go.mod"), "module github.com/redfire-quant/redfire/bench\n")
	write(t, filepath.Join(inner, "a.go"), "package inner\n")
	f("", root, "")
	write(t, filepath.Join(top, "shared", "data", "README.md"), "")
	data := filepath.Join(top, "shared", "data")
	f("", root, data)
	f("", inner, data)
	f("", elsewhere, "")
	f(data, elsewhere, data)
	f("../shared", inner, filepath.Join(top, "shared"))
	f(filepath.Join(data, "absent"), root, "")
	f(filepath.Join(data, "README.md"), root, "")
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
