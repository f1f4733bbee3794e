package marketfile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// zoned returns a time zone.
func zoned(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := market.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// readTime reads the only time of a file: that of one cell, or with a bar
// between date and time of the day of two.
func readTime(c clock, text string) (market.Time, error) {
	date, tod, two := strings.Cut(text, "|")
	b := []byte(tod)
	if !two {
		b = nil
	}
	r, err := c.read([]byte(date), b)
	if err != nil {
		return 0, err
	}
	c.form, c.width = r.form, r.width
	return c.time([]byte(date), b)
}

func TestEveryFormOfTimeIsTheInstantThatItMeans(t *testing.T) {
	shanghai := zoned(t, "Asia/Shanghai")
	f := func(text, want string) {
		t.Helper()
		got, err := readTime(clock{zone: shanghai}, text)
		if err != nil || got.String() != want {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
	// With an offset the zone is not used.
	f("2026-01-05T01:30:00Z", "2026-01-05T01:30:00Z")
	f("2026-01-05 09:30:00+08:00", "2026-01-05T01:30:00Z")
	f("2026-01-05 09:30:00.123456789+08:00", "2026-01-05T01:30:00.123456789Z")
	f("2026-01-05T09:30:00 +0800", "2026-01-05T01:30:00Z")
	f("2026-01-05 09:30:00+08", "2026-01-05T01:30:00Z")
	f("2026-01-04 20:00:00-05:30", "2026-01-05T01:30:00Z")
	f("2026-01-05 01:30 UTC", "2026-01-05T01:30:00Z")
	f("20260105 013000Z", "2026-01-05T01:30:00Z")
	// The zone's clock.
	for _, same := range []string{
		"2026-01-05 09:30", "2026-01-05T09:30:00", "2026-1-5 9:30:00", "2026/1/5 09:30", "2026.01.05 09:30:00.000",
		"2026年1月5日 09:30", "2026-01-05 星期一 09:30", "2026-01-05 星期一09:30:00", "2026/01/05 Mon 9:30", "2026-01-05 周一, 09:30",
		"20260105 09:30:00", "20260105-09:30:00", "202601050930", "20260105093000", "20260105093000.000", "20260105093000000", "20260105 0930",
		"20260105T093000", "2026-01-05 9:30 AM", "2026-01-05 09:30:00am", "2026-01-05 09:30:00,000",
		// In two columns.
		"2026-01-05|09:30:00", "2026/1/5 星期一|09:30:00", "2026-01-05 Mon|9:30", "20260105|930", "20260105|0930", "20260105|93000", "20260105|093000", "20260105|93000000",
		"20260105|093000.0", "2026-01-05|T09:30:00", "20260105|9:30:00 AM",
	} {
		f(same, "2026-01-05T01:30:00Z")
	}
	f("20260105|210000500", "2026-01-05T13:00:00.5Z")
	f("20260105093000123", "2026-01-05T01:30:00.123Z")
	f("20260105093000.123456789", "2026-01-05T01:30:00.123456789Z")
	f("2026-01-05 09:30:00.5", "2026-01-05T01:30:00.5Z")
	f("2026-01-05", "2026-01-04T16:00:00Z")
	f("20260105", "2026-01-04T16:00:00Z")
	f("2026-01-05 星期一", "2026-01-04T16:00:00Z")
	f("2026-01-05 12:00 AM", "2026-01-04T16:00:00Z")
	f("2026-01-05 12:30 PM", "2026-01-05T04:30:00Z")
	f("2026-01-05 9:30 PM", "2026-01-05T13:30:00Z")
	f("2024-02-29", "2024-02-28T16:00:00Z")
	f("2000-02-29", "2000-02-28T16:00:00Z")
	f("1678-01-02", "1678-01-01T15:54:17Z") // local mean time
	f("2261-12-31 23:59:59.999999999+00:00", "2261-12-31T23:59:59.999999999Z")
	f("1678-01-01 00:00:00Z", "1678-01-01T00:00:00Z")
}

func TestNumbersSince1970HaveTheUnitOfTheirDigits(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got, err := readTime(clock{}, text)
		if err != nil || got.String() != want {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
	f("1475798400", "2016-10-07T00:00:00Z")
	f("1475798400000", "2016-10-07T00:00:00Z")
	f("1475798400000.0", "2016-10-07T00:00:00Z") // as pandas writes a column with gaps
	f("1475798400.0", "2016-10-07T00:00:00Z")
	f("1475798400.", "2016-10-07T00:00:00Z")
	f("1475798400.123456789", "2016-10-07T00:00:00.123456789Z")
	f("1475798400.1234567890", "2016-10-07T00:00:00.123456789Z")
	f("1475798400123", "2016-10-07T00:00:00.123Z")
	f("1475798400123.4", "2016-10-07T00:00:00.1234Z")
	f("1475798400123456", "2016-10-07T00:00:00.123456Z")
	f("1475798400123456.789", "2016-10-07T00:00:00.123456789Z")
	f("1475798400123456789", "2016-10-07T00:00:00.123456789Z")
	f("999999999", "2001-09-09T01:46:39Z")
	f("946684800000", "2000-01-01T00:00:00Z")
	f("9214646399", "2261-12-31T23:59:59Z")
	f("-1475798400", "1923-03-28T00:00:00Z")
	f("-1475798400.5", "1923-03-27T23:59:59.5Z")
	g := func(unit time.Duration, text, want string) {
		t.Helper()
		got, err := readTime(clock{unit: unit}, text)
		if err != nil || got.String() != want {
			t.Errorf("%q in %s: got %s, %v, want %s", text, unit, got, err, want)
		}
	}
	g(time.Second, "1", "1970-01-01T00:00:01Z")
	g(time.Second, "20260105", "1970-08-23T11:48:25Z")
	g(time.Millisecond, "1500", "1970-01-01T00:00:01.5Z")
	g(time.Microsecond, "-1", "1969-12-31T23:59:59.999999Z")
	g(1, "14757984000", "1970-01-01T00:00:14.757984Z")
}

func TestATimeThatCannotBeKnownIsRefused(t *testing.T) {
	berlin := zoned(t, "Europe/Berlin")
	f := func(c clock, text string, want fault.Code) {
		t.Helper()
		got, err := readTime(c, text)
		if !errors.Is(err, want) || got != 0 {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
	wall := clock{zone: berlin}
	for _, text := range []string{
		"x", "2026", "2026-01", "2026-13-05", "2026-00-05", "2026-01-00", "2026-01-32", "2026-02-29", "1900-02-29", "2026-01-0005", "26-01-05", "126-01-05", "2026-001-05",
		"2026-01-05 24:00:00", "2026-01-05 25:00", "2026-01-05 09:60", "2026-01-05 09:30:60", "2026-01-05 9:3", "2026-01-05 9", "2026-01-05 09:30:00.", "2026-01-05 09:30:00.1234567890",
		"2026-01-05 13:00 PM", "2026-01-05 0:30 AM", "2026-01-05 9:30 XM", "2026-01-05 09:30 CET", "2026-01-05 09:30+8", "2026-01-05 09:30+080", "2026-01-05 09:30+24:00", "2026-01-05 09:30+08:60",
		"2026-01-05 09:30:00 x", "2026-01-05+08:00", "20260105.5", "2026010", "20260105093", "２０２６-01-05", "2026-01-05\x00",
		"2026-01-05|x", "2026-01-05|25:00:00", "2026-01-05|12", "2026-01-05|240000", "2026-01-05|1234567", "2026-01-05 09:30|09:30", "2026-01-05|0",
		"1.4757984e+12", "0x57f6e4c0", "--1475798400", "-", ".", "1475798400.1234567891", "1475798400123456.7891", "14757984000", "99999999999999999999", "1e9", "+1475798400",
	} {
		f(wall, text, fault.MarketTime)
	}
	f(wall, "", fault.MarketNoTime)
	f(wall, "|09:30", fault.MarketNoTime)
	f(clock{}, "2026-01-05 09:30", fault.MarketNoZone)
	f(clock{}, "2026-01-05", fault.MarketNoZone)
	f(wall, "1/4/1999", fault.MarketTime)         // nobody said which is the month
	f(wall, "31/12/1999 09:30", fault.MarketTime) // not even where it could be seen
	f(wall, "2026-03-29 02:30", fault.MarketSkipped)
	f(wall, "2026-10-25 02:30", fault.MarketRepeated)
	f(wall, "1677-12-31 23:00", fault.MarketTimeRange)
	f(wall, "2262-01-02", fault.MarketTimeRange)
	f(wall, "9999-12-31", fault.MarketTimeRange)
	f(wall, "9300000000", fault.MarketTimeRange)
	f(clock{unit: time.Second}, "9223372036854775799", fault.MarketTimeRange)
	f(clock{unit: time.Second}, "9999999999999999999", fault.MarketTime)
	f(clock{unit: time.Second}, "0", fault.MarketNoTime) // the instant that stands for none
	f(clock{unit: 1}, "0.0", fault.MarketNoTime)
	f(clock{unit: 1}, "1.5", fault.MarketTime)
	f(clock{unit: time.Second}, "2026-01-05", fault.MarketTime)
}

func TestMonthAndDayAreInTheOrderThatIsSaid(t *testing.T) {
	f := func(order DateOrder, text, want string) {
		t.Helper()
		got, err := readTime(clock{zone: time.UTC, order: order}, text)
		if got.String() != want || (err == nil) != (want != "") {
			t.Errorf("%s %q: got %s, %v, want %q", order, text, got, err, want)
		}
	}
	f(MonthDayYear, "1/4/1999", "1999-01-04T00:00:00Z")
	f(DayMonthYear, "1/4/1999", "1999-04-01T00:00:00Z")
	f(MonthDayYear, "12/31/1999 16:00", "1999-12-31T16:00:00Z")
	f(DayMonthYear, "31.12.1999 16:00:00", "1999-12-31T16:00:00Z")
	f(DayMonthYear, "31-12-1999|16:00", "1999-12-31T16:00:00Z")
	f(MonthDayYear, "31/12/1999", "")
	f(DayMonthYear, "12/31/1999", "")
	f(DayMonthYear, "30/2/2000", "")
	f(MonthDayYear, "1/4/99", "") // of which century
	f(MonthDayYear, "2026-01-05", "2026-01-05T00:00:00Z")
}

func TestAllTimesOfAFileHaveTheFormOfItsFirst(t *testing.T) {
	f := func(first, second string, same bool) {
		t.Helper()
		c := clock{zone: time.UTC}
		date, tod, two := strings.Cut(first, "|")
		r, err := c.read([]byte(date), map[bool][]byte{true: []byte(tod)}[two])
		if err != nil {
			t.Fatal(first, err)
		}
		c.form, c.width = r.form, r.width
		date, tod, two = strings.Cut(second, "|")
		if _, err = c.time([]byte(date), map[bool][]byte{true: []byte(tod)}[two]); (err == nil) != same {
			t.Errorf("%q below %q: got %v", second, first, err)
		}
	}
	f("2026-01-05 09:30", "2026-01-05 09:31:00.5", true)
	f("2026-01-05 09:30", "20260105 09:31", true)
	f("2026-01-05 09:30", "2026-01-05 09:30Z", false)
	f("2026-01-05 09:30Z", "2026-01-05 09:30", false)
	f("2026-01-05 09:30Z", "2026-01-05 09:30+08:00", true)
	f("2026-01-05", "1475798400", false)
	f("1475798400", "2026-01-05", false)
	f("1475798400", "20260105", false)
	f("999999999", "1475798400", true)
	// 1500 is three o'clock, or a quarter past midnight without its zeros.
	f("20260105|210000", "20260106|1500", false)
	f("20260105|2100", "20260106|093000", false)
	f("20260105|210000500", "20260106|1500500", false)
	f("20260105|210000", "20260106|93000", true)
	f("20260105|2100", "20260106|930", true)
}

// The hour that a clock remembers must never be another one's: in zones of all
// kinds, around every change of their clocks.
func TestTheRememberedHourIsAlwaysRight(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	f := func(zone *time.Location, at time.Time) {
		c := clock{zone: zone, form: formWall}
		for range fewer.Of(400) {
			// Most times of a file are near each other.
			wall := at.Add(time.Duration(random.Int64N(int64(6*time.Hour))) - 3*time.Hour).In(zone)
			if random.IntN(4) > 0 {
				wall = wall.Truncate(time.Second)
			}
			text := wall.Format("2006-01-02T15:04:05.999999999")
			if random.IntN(8) == 0 { // one that may not exist
				text = fmt.Sprintf("%s%02d:%02d:%02d", wall.Format("2006-01-02T"), wall.Hour(), random.IntN(60), random.IntN(60))
			}
			want, wrong := market.ParseTime(text, zone)
			got, err := c.time([]byte(text), nil)
			if got != want || fault.CodeOf(err) != fault.CodeOf(wrong) {
				t.Fatalf("%s %s: got %s, %v, want %s, %v", zone, text, got, err, want, wrong)
			}
		}
	}
	for _, name := range []string{
		"UTC", "Asia/Shanghai", "America/New_York", "Europe/London", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Monrovia",
		"America/St_Johns", "Pacific/Apia", "Pacific/Chatham", "Africa/Casablanca", "Europe/Amsterdam", "Antarctica/Troll", "America/Caracas",
	} {
		zone := zoned(t, name)
		begin := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
		for range 60 {
			_, end := begin.In(zone).ZoneBounds()
			if end.IsZero() || end.Year() > 2040 {
				break
			}
			f(zone, end)
			begin = end
		}
		for range 20 {
			f(zone, time.Unix(random.Int64N(9e9)-4e9, 0))
		}
		f(zone, time.Unix(0, 0))
	}
}

func TestParquetTimesOfAClockAreReadAsThoseOfTexts(t *testing.T) {
	c := clock{zone: zoned(t, "Asia/Shanghai")}
	f := func(n int64, unit time.Duration, want string) {
		t.Helper()
		if got, err := c.onUnits(n, unit); err != nil || got.String() != want {
			t.Errorf("%d %s: got %s, %v, want %s", n, unit, got, err, want)
		}
	}
	f(20458, 24*time.Hour, "2026-01-04T16:00:00Z")
	f(1767605400, time.Second, "2026-01-05T01:30:00Z")
	f(1767605400123, time.Millisecond, "2026-01-05T01:30:00.123Z")
	f(-1, time.Millisecond, "1969-12-31T15:59:59.999Z")
	f(-1500, time.Millisecond, "1969-12-31T15:59:58.5Z")
	if _, err := c.onUnits(1<<62, time.Second); err == nil {
		t.Error("a time out of bounds is read")
	}
	if got, err := c.at(-1, time.Millisecond); err != nil || got != -1e6 {
		t.Errorf("got %d, %v", got, err)
	}
}

// What a program says of a day is not the time of its ticks.
func TestTicksOfCTP(t *testing.T) {
	text := "TradingDay,InstrumentID,ExchangeID,LastPrice,Volume,UpdateTime,UpdateMillisec,BidPrice1,BidPrice2,ActionDay,UpperLimitPrice\n" +
		"20260106,rb2605,SHFE,3500,7,21:00:01,500,3499,1.7976931348623157e+308,20260105,1.7976931348623157e+308\n" +
		"20260106,rb2605,SHFE,3501,9,21:00:02,0,3500,0,20260105,0\n" +
		"20260106,rb2605,SHFE,3501,9,21:00:02,1000,3500,0,20260105,0\n" +
		"20260106,rb2605,SHFE,1.7976931348623157e+308,9,21:00:03,,3500,0,20260105,0\n"
	o := ticksIn(t)
	o.Symbol, o.TickVolume = market.Symbol{}, market.Cumulative
	s := emptyStore(t)
	r, err := imports(t, s, series.Ticks, o, write(t, "a.csv", text))
	want := "ticks rb2605.SHFE 2026-01-05T13:00:01.5Z#0 bid_price_1=3499 depth=1 last_price=3500 volume=7\n" +
		"ticks rb2605.SHFE 2026-01-05T13:00:02Z#0 bid_price_1=3500 depth=1 last_price=3501 volume=9\n"
	if got := stored(t, s); err != nil || got != want || r.Reasons[fault.MarketTime] != 1 || r.Reasons[fault.FileCell] != 1 {
		t.Errorf("got %s%s %v, %v, want %s", got, counts(r), r.Reasons, err, want)
	}
	// A fraction that is there already stays.
	s = emptyStore(t)
	_, err = imports(t, s, series.Ticks, ticksIn(t), write(t, "a.csv", "time,millisecond,last,qty\n2026-01-05 09:30:00.5,500,1,1\n"))
	if got := stored(t, s); err != nil || !strings.Contains(got, "01:30:00.5Z#0") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestDatesAloneAreNoTimesOfTicksAndMinutes(t *testing.T) {
	f := func(kind series.Kind, o *Options, header, rows string, refused bool) {
		t.Helper()
		r, err := imports(t, emptyStore(t), kind, o, write(t, "a.csv", header+"\n"+rows))
		if !refused {
			if err != nil || r.Refused > 0 {
				t.Errorf("%s: got %s, %v", rows, counts(r), err)
			}
			return
		}
		if wantFault(t, err, fault.FileColumns, "without a time of the day", "--map time=COLUMN"); r.Read > 0 {
			t.Errorf("%s: got %s", rows, counts(r))
		}
	}
	const ohlc = "date,open,high,low,close"
	f(series.Bars, barsIn(t), ohlc, "20260105,1,1,1,1\n20260106,1,1,1,1\n", true)
	f(series.Bars, barsIn(t), ohlc, "2026-01-05,1,1,1,1\n", true)
	f(series.Bars, barsIn(t), ohlc, "2026-01-05,1,1,1,1\n2026-01-05 00:01,1,1,1,1\n", false) // midnight of a workbook
	f(series.Bars, barsIn(t), ohlc, "2026-01-05 00:00,1,1,1,1\n", false)
	f(series.Ticks, ticksIn(t), "ActionDay,last,qty", "20260105,1,1\n20260105,2,1\n", true)
	f(series.Bars, barsIn(t), "interval,"+ohlc, "d,20260105,1,1,1,1\n", true) // of minutes, it was said
	daily := barsIn(t)
	daily.Interval = market.Day
	f(series.Bars, daily, ohlc, "20260105,1,1,1,1\n", false)
	daily.Interval = 0
	f(series.Bars, daily, "interval,"+ohlc, "d,20260105,1,1,1,1\n", false)
	r, err := imports(t, emptyStore(t), series.Ticks, ticksIn(t), write(t, "a.csv", "date,time,last,qty\n20260105,,1,1\n20260105,093000,2,1\n"))
	if err != nil || r.New != 1 || r.Refused != 1 {
		t.Errorf("got %s, %v", counts(r), err)
	}
}

func TestADateMayStandOnceMoreBesideTheTime(t *testing.T) {
	f := func(rows, want string) {
		t.Helper()
		got, r, err := barsOf(t, "date,time,open,high,low,close,volume\n"+rows, barsIn(t))
		if err != nil || got != want {
			t.Errorf("%s: got %s%s, %v, want %s", rows, got, counts(r), err, want)
		}
	}
	f("2026-01-05,20260105093000000,1,4,0.5,2,7\n2026-01-05,20260105093100000,2,3,1,3,0\n", kept2) // BaoStock
	f("20260105,2026-01-05 09:30:00,1,4,0.5,2,7\n20260105,2026-01-05 09:31:00,2,3,1,3,0\n", kept2)
	f("20260106,2026-01-05 21:00:00,1,4,0.5,2,7\n", "") // the trading day of a night is another
}
