package market_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestParseTimeReadsTheFormsOfRFC3339(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		got, err := market.ParseTime(s, nil)
		if err != nil || got != at(t, want) {
			t.Errorf("%q: got %s, %v, want %s", s, got, err, want)
		}
		// An offset is enough: the zone beside it is not used.
		if got, err := market.ParseTime(s, zone(t, "America/New_York")); err != nil || got != at(t, want) {
			t.Errorf("%q with a zone: got %s, %v, want %s", s, got, err, want)
		}
	}
	f("2026-01-05T01:30:00Z", "2026-01-05T01:30:00Z")
	f("2026-01-05T09:30:00+08:00", "2026-01-05T01:30:00Z")
	f("2026-01-05 09:30:00.123456789+08:00", "2026-01-05T01:30:00.123456789Z")
	f("2026-01-05T09:30:00.5-05:30", "2026-01-05T15:00:00.5Z")
	f("2026-01-05T01:30:00-00:00", "2026-01-05T01:30:00Z")
	f("2026-01-05T23:59:59+23:59", "2026-01-05T00:00:59Z")
	f("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z")
	f("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z")
	f("1678-01-01T00:00:00Z", "1678-01-01T00:00:00Z")
	f("2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59.999999999Z")
}

func TestParseTimeReadsAWallClockInTheGivenZone(t *testing.T) {
	f := func(s, name, want string) {
		t.Helper()
		got, err := market.ParseTime(s, zone(t, name))
		if err != nil || got != at(t, want) {
			t.Errorf("%q in %s: got %s, %v, want %s", s, name, got, err, want)
		}
	}
	f("2026-01-05T09:30:00.5", "Asia/Shanghai", "2026-01-05T01:30:00.5Z")
	f("2026-01-05 09:30", "Asia/Shanghai", "2026-01-05T01:30:00Z")
	f("2026-01-05T09:30", "Asia/Shanghai", "2026-01-05T01:30:00Z")
	f("2026-01-05", "Asia/Shanghai", "2026-01-04T16:00:00Z")
	f("1986-07-01", "Asia/Shanghai", "1986-06-30T15:00:00Z")
	f("1900-01-01 00:00:00", "Asia/Shanghai", "1899-12-31T15:54:17Z")
	f("2026-07-01 09:30:00", "America/New_York", "2026-07-01T13:30:00Z")
	f("2026-01-05 09:30:00", "Asia/Kathmandu", "2026-01-05T03:45:00Z")
	f("2026-01-05 09:30:00", "UTC", "2026-01-05T09:30:00Z")
	// One second on either side of what the clock skipped and repeated.
	f("2025-03-09 01:59:59", "America/New_York", "2025-03-09T06:59:59Z")
	f("2025-03-09 03:00:00", "America/New_York", "2025-03-09T07:00:00Z")
	f("2025-11-02 00:59:59", "America/New_York", "2025-11-02T04:59:59Z")
	f("2025-11-02 02:00:00", "America/New_York", "2025-11-02T07:00:00Z")
}

func TestParseTimeRefusesAnotherForm(t *testing.T) {
	for _, s := range []string{
		"", " ", "x", "2026", "2026-01", "20260105", "2026/01/05", "2026-1-5", " 2026-01-05", "2026-01-05 ",
		"2026-01-05T", "2026-01-05T09", "2026-01-05T9:30:00Z", "2026-01-05t09:30:00Z", "2026-01-05T09:30:00z",
		"2026-01-05  09:30:00Z", "2026-01-05T09:30:00,5Z", "2026-01-05T09:30:00.Z", "2026-01-05T09:30:00.5.5Z",
		"2026-01-05T09:30:00.1234567890Z", "2026-01-05T09:30:00.1234567891", "2026-01-05T09:30.5", "2026-01-05T09:30Z",
		"2026-01-05Z", "2026-01-05+08:00", "2026-01-05T09:30:00+08", "2026-01-05T09:30:00+0800", "2026-01-05T09:30:00 +08:00",
		"2026-01-05T09:30:00+08:00Z", "2026-01-05T09:30:00ZZ", "2026-01-05T09:30:00Z\n", "2026-01-05T09:30:00 CST",
		"-2026-01-05T09:30:00Z", "12026-01-05T09:30:00Z", "1767576600", "1767576600000", "２０２６-01-05", "2026-01-05T09:30:00Z\x00",
		"\xff", strings.Repeat("0", 1000),
	} {
		_, err := market.ParseTime(s, time.UTC)
		wantFault(t, s, err, fault.MarketTime, "")
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%.20q...: the message has %d bytes", s, len(err.Error()))
		}
	}
}

func TestParseTimeRefusesWhatNoCalendarHas(t *testing.T) {
	for _, s := range []string{
		"2026-00-05T09:30:00Z", "2026-13-05T09:30:00Z", "2026-01-00T09:30:00Z", "2026-01-32T09:30:00Z", "2026-02-29T09:30:00Z",
		"1900-02-29T09:30:00Z", "2026-04-31", "2026-01-05T24:00:00Z", "2026-01-05T09:60:00Z", "2026-12-31T23:59:60Z",
		"2026-01-05T09:30:00+24:00", "2026-01-05T09:30:00-24:30", "2026-01-05T09:30:00+08:60", "2026-01-05T09:30:00+99:99",
	} {
		_, err := market.ParseTime(s, time.UTC)
		wantFault(t, s, err, fault.MarketTime, "")
	}
}

func TestParseTimeRefusesWhatCannotBeStored(t *testing.T) {
	for _, s := range []string{
		"1970-01-01T00:00:00Z", "1970-01-01T08:00:00+08:00", "1970-01-01",
		"0001-01-01T00:00:00Z", "0001-01-01", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
		"1677-12-31T23:59:59.999999999Z", "1678-01-01T00:00:00+00:01", "2262-01-01T00:00:00Z", "2261-12-31T23:59:59-00:01",
	} {
		got, err := market.ParseTime(s, time.UTC)
		wantFault(t, s, err, fault.MarketTimeRange, "")
		if got != 0 {
			t.Errorf("%q: got %d beside an error", s, got)
		}
	}
}

func TestParseTimeNeverGuessesAZone(t *testing.T) {
	for _, s := range []string{"2026-01-05", "2026-01-05 09:30", "2026-01-05T09:30:00", "2026-01-05T09:30:00.5"} {
		_, err := market.ParseTime(s, nil)
		wantFault(t, s, err, fault.MarketNoZone, "")
	}
}

func TestParseTimeRefusesAWallClockThatWasSkippedOrRepeated(t *testing.T) {
	f := func(s, name string, code fault.Code, words ...string) {
		t.Helper()
		_, err := market.ParseTime(s, zone(t, name))
		wantFault(t, s+" "+name, err, code, "")
		for _, w := range append(words, name) {
			if err != nil && !strings.Contains(err.Error(), w) {
				t.Errorf("%q in %s: got %q, want it to name %q", s, name, err, w)
			}
		}
	}
	f("2025-03-09 02:00:00", "America/New_York", fault.MarketSkipped)
	f("2025-03-09 02:59:59.999999999", "America/New_York", fault.MarketSkipped)
	f("2025-11-02 01:00:00", "America/New_York", fault.MarketRepeated, "-04:00 and -05:00")
	f("2025-11-02 01:59:59.999999999", "America/New_York", fault.MarketRepeated)
	f("1986-05-04 02:30", "Asia/Shanghai", fault.MarketSkipped)
	f("1986-09-14 01:30", "Asia/Shanghai", fault.MarketRepeated, "+09:00 and +08:00")
	f("1900-12-31 23:54:20", "Asia/Shanghai", fault.MarketRepeated, "+08:05:43 and +08:00")
	f("2021-03-28", "Asia/Beirut", fault.MarketSkipped)
	f("2018-11-04", "America/Sao_Paulo", fault.MarketSkipped)
	f("2020-11-01", "America/Havana", fault.MarketRepeated)
	f("2009-11-01", "America/St_Johns", fault.MarketRepeated)
	f("2011-12-30", "Pacific/Apia", fault.MarketSkipped)
	f("2011-12-30 23:59:59", "Pacific/Apia", fault.MarketSkipped)
	f("2016-03-27 01:30", "Antarctica/Troll", fault.MarketSkipped)
	f("2016-03-27 02:30", "Antarctica/Troll", fault.MarketSkipped)
	f("2020-04-05 01:30", "Australia/Lord_Howe", fault.MarketRepeated, "+11:00 and +10:30")
	f("1986-01-01 00:10", "Asia/Kathmandu", fault.MarketSkipped)
}

func TestMicroRoundsDown(t *testing.T) {
	f := func(ns market.Time, want int64) {
		t.Helper()
		if got := ns.Micro(); got != want {
			t.Errorf("%d ns: got %d us, want %d", int64(ns), got, want)
		}
	}
	f(0, 0)
	f(1, 0)
	f(999, 0)
	f(1000, 1)
	f(-1, -1)
	f(-999, -1)
	f(-1000, -1)
	f(-1001, -2)
	f(market.MinTime, int64(market.MinTime)/1000)
	f(market.MaxTime, 9214646399999999)
	f(math.MaxInt64, 9223372036854775)
	f(math.MinInt64, -9223372036854776)
}

func TestTimeOf(t *testing.T) {
	f := func(x time.Time, want market.Time) {
		t.Helper()
		if got, err := market.TimeOf(x); err != nil || got != want {
			t.Errorf("%v: got %d, %v, want %d", x, got, err, want)
		}
	}
	f(time.Time{}, 0)
	f(time.Time{}.In(zone(t, "Asia/Shanghai")), 0)
	f(time.Unix(0, 1), 1)
	f(time.Unix(0, -1), -1)
	f(time.Date(2026, 1, 5, 9, 30, 0, 7, zone(t, "Asia/Shanghai")), at(t, "2026-01-05T01:30:00.000000007Z"))
	f(time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), market.MinTime)
	f(time.Date(2262, 1, 1, 0, 0, 0, -1, time.UTC), market.MaxTime)
	for _, x := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 0).In(zone(t, "Asia/Shanghai")), time.Time{}.Add(1),
		time.Date(1678, 1, 1, 0, 0, 0, -1, time.UTC), time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Unix(math.MaxInt64/1_000_000_000+1, 0),
	} {
		_, err := market.TimeOf(x)
		wantFault(t, x, err, fault.MarketTimeRange, "")
	}
}

func TestTimeOutOfBoundsIsInvalid(t *testing.T) {
	for _, x := range []market.Time{market.MinTime, market.MinTime + 1, -1, 1, market.MaxTime} {
		if err := x.Validate(); err != nil {
			t.Errorf("%d: got %v", int64(x), err)
		}
	}
	for _, x := range []market.Time{market.MinTime - 1, market.MaxTime + 1, math.MinInt64, math.MaxInt64} {
		wantFault(t, int64(x), x.Validate(), fault.MarketTimeRange, "")
	}
	wantFault(t, 0, market.Time(0).Validate(), fault.MarketNoTime, "")
}

func TestTimeAsAStandardTimeAndBack(t *testing.T) {
	if x := market.Time(0); !x.UTC().IsZero() || !x.In(zone(t, "Asia/Shanghai")).IsZero() {
		t.Errorf("0: got %v, want the zero time", x.UTC())
	}
	for _, x := range []market.Time{market.MinTime, -1, 1, 1767576600123456789, market.MaxTime} {
		if got, err := market.TimeOf(x.In(zone(t, "America/New_York"))); err != nil || got != x {
			t.Errorf("%d by New York: got %d, %v", int64(x), int64(got), err)
		}
		if x.UTC().Location() != time.UTC {
			t.Errorf("%d: UTC is in %v", int64(x), x.UTC().Location())
		}
	}
}

func TestTimeTextRoundTrips(t *testing.T) {
	f := func(x market.Time, want string) {
		t.Helper()
		text, err := x.MarshalText()
		if err != nil || string(text) != want || x.String() != want {
			t.Errorf("%d: got text %q, %v and string %q, want %q", int64(x), text, err, x, want)
		}
		back := market.Time(7)
		if err := back.UnmarshalText(text); err != nil || back != x {
			t.Errorf("%q: got %d, %v, want %d", text, int64(back), err, int64(x))
		}
		if got, err := x.AppendText([]byte("t=")); err != nil || string(got) != "t="+want {
			t.Errorf("%d: appended got %q, %v", int64(x), got, err)
		}
	}
	f(0, "")
	f(1, "1970-01-01T00:00:00.000000001Z")
	f(-1, "1969-12-31T23:59:59.999999999Z")
	f(1e9, "1970-01-01T00:00:01Z")
	f(1767576600500000000, "2026-01-05T01:30:00.5Z")
	f(1767576600000001000, "2026-01-05T01:30:00.000001Z")
	f(market.MinTime, "1678-01-01T00:00:00Z")
	f(market.MaxTime, "2261-12-31T23:59:59.999999999Z")
}

func TestTimeInJSON(t *testing.T) {
	f := func(text string, want market.Time) {
		t.Helper()
		got := market.Time(7)
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, int64(got), err, int64(want))
		}
	}
	f(`null`, 0)
	f(`""`, 0)
	f(`"1970-01-01T00:00:01Z"`, 1e9)
	f(`"1970-01-01T08:00:01+08:00"`, 1e9)
	f(`"1970-01-01T00:00:01\u005a"`, 1e9)
	for x, want := range map[market.Time]string{0: `null`, 1e9: `"1970-01-01T00:00:01Z"`, -1: `"1969-12-31T23:59:59.999999999Z"`} {
		if got, err := json.Marshal(x); err != nil || string(got) != want {
			t.Errorf("%d: got %s, %v, want %s", int64(x), got, err, want)
		}
	}
}

func TestTimeInJSONRefusesNumbersAndOtherForms(t *testing.T) {
	f := func(text string, code fault.Code) {
		t.Helper()
		got := market.Time(7)
		wantFault(t, text, json.Unmarshal([]byte(text), &got), code, "")
		if got != 7 {
			t.Errorf("%s: an error changed the time to %d", text, int64(got))
		}
	}
	f(`0`, fault.MarketForm)
	f(`1767576600`, fault.MarketForm)
	f(`1767576600.5`, fault.MarketForm)
	f(`true`, fault.MarketForm)
	f(`{}`, fault.MarketForm)
	f(`["2026-01-05T01:30:00Z"]`, fault.MarketForm)
	f(`"2026-01-05T01:30:00"`, fault.MarketNoZone)
	f(`"0001-01-01T00:00:00Z"`, fault.MarketTimeRange)
	f(`"1970-01-01T00:00:00Z"`, fault.MarketTimeRange)
	f(`" "`, fault.MarketTime)
	f("\"\xff\"", fault.MarketText)
}

func TestATimeThatNoParserReadsIsNotWritten(t *testing.T) {
	for _, x := range []market.Time{market.MinTime - 1, market.MaxTime + 1} {
		for what, write := range map[string]func() ([]byte, error){
			"text":          x.MarshalText,
			"JSON":          x.MarshalJSON,
			"text of range": market.Range{From: x}.MarshalText,
			"JSON of range": market.Range{To: x}.MarshalJSON,
		} {
			if got, err := write(); !errors.Is(err, fault.MarketTimeRange) {
				t.Errorf("%s of %d: got %s, %v, want fault.MarketTimeRange", what, int64(x), got, err)
			}
		}
	}
}
