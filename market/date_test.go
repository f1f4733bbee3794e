package market_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestDatesCountDays(t *testing.T) {
	day := time.Date(1677, time.December, 31, 12, 0, 0, 0, time.UTC)
	d := market.DateOf(day.Date())
	for ; day.Year() < 2262; day, d = day.AddDate(0, 0, 1), d+1 {
		y, m, n := d.Date()
		if got := market.DateOf(day.Date()); got != d || d.Weekday() != day.Weekday() || d.String() != day.Format(time.DateOnly) {
			t.Fatalf("%s: got %d, want %d, a %s, %s", day, got, d, d.Weekday(), d)
		}
		if y != day.Year() || m != day.Month() || n != day.Day() {
			t.Fatalf("%s: got %d, %s, %d", d, y, m, n)
		}
	}
	for _, c := range []struct{ got, want market.Date }{
		{market.DateOf(1, time.January, 1), 1}, {market.DateOf(1, time.January, 0), 0}, {market.DateOf(2026, 13, 32), market.DateOf(2027, time.February, 1)},
		{market.DateOf(2024, time.February, 30), market.DateOf(2024, time.March, 1)},
	} {
		if c.got != c.want {
			t.Errorf("got %d, want %d", c.got, c.want)
		}
	}
}

func TestParseDate(t *testing.T) {
	for _, s := range []string{"1678-01-01", "1969-12-31", "2024-02-29", "2261-12-31"} {
		if d, err := market.ParseDate(s); err != nil || d.String() != s {
			t.Errorf("%q: got %s, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "1677-12-31", "2262-01-01", "2023-02-29", "2026-1-5", "20260105", "2026-01-05T00:00:00Z", " 2026-01-05", "2026-00-10", "0001-01-01", "-2026-01-05"} {
		d, err := market.ParseDate(s)
		if d != 0 {
			t.Errorf("%q: got %s", s, d)
		}
		wantFault(t, s, err, fault.MarketHours, "")
	}
}

func TestDatesBeginWhereTheClockSaysSo(t *testing.T) {
	f := func(date, name, want string) {
		t.Helper()
		d, err := market.ParseDate(date)
		if err != nil {
			t.Fatal(err)
		}
		z := zone(t, name)
		begin := d.In(z)
		if begin != at(t, want) {
			t.Errorf("%s begins in %s at %s, want %s", date, name, begin, want)
		}
		if before := (begin - 1).Date(z); before >= d {
			t.Errorf("%s: before its begin in %s it is %s", date, name, before)
		}
	}
	f("2026-01-05", "UTC", "2026-01-05T00:00:00Z")
	f("1970-01-01", "UTC", "1970-01-01T00:00:00Z")
	f("1969-12-31", "Asia/Shanghai", "1969-12-30T16:00:00Z")
	f("2020-03-08", "America/Havana", "2020-03-08T05:00:00Z") // no midnight
	f("2020-11-01", "America/Havana", "2020-11-01T04:00:00Z") // two of them
	f("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z")   // no such day
	f("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00Z")
	if d := market.Time(0).Date(zone(t, "America/New_York")); d.String() != "1969-12-31" {
		t.Errorf("got %s", d)
	}
	if d := market.Time(-1).Date(time.UTC); d.String() != "1969-12-31" {
		t.Errorf("got %s", d)
	}
}

func TestParseDates(t *testing.T) {
	f := func(s string, holds, not string) {
		t.Helper()
		ds, err := market.ParseDates(s)
		if err != nil || ds.String() != s {
			t.Errorf("%q: got %s, %v", s, ds, err)
		}
		for d := range strings.FieldsSeq(holds) {
			if !ds.Contains(datesOf(t, d).First) {
				t.Errorf("%s does not contain %s", ds, d)
			}
		}
		for d := range strings.FieldsSeq(not) {
			if ds.Contains(datesOf(t, d).First) {
				t.Errorf("%s contains %s", ds, d)
			}
		}
	}
	f("2026-10-01", "2026-10-01", "2026-09-30 2026-10-02")
	f("2026-10-01..2026-10-08", "2026-10-01 2026-10-08", "2026-09-30 2026-10-09")
	f("2026-10-01..", "2026-10-01 2261-12-31", "2026-09-30")
	f("..2026-10-01", "1678-01-01 2026-10-01", "2026-10-02")
	f("..", "1678-01-01 2261-12-31", "")
	if ds := datesOf(t, "2026-10-01..2026-10-01"); ds.String() != "2026-10-01" {
		t.Errorf("got %s", ds)
	}
	for s, code := range map[string]fault.Code{
		"": fault.MarketHours, "2026-10-02..2026-10-01": fault.MarketHours, "2026-10-01...": fault.MarketHours, "x..2026-10-01": fault.MarketHours,
		"2026-10-01..x": fault.MarketHours, "2026-10-01/2026-10-08": fault.MarketHours,
	} {
		ds, err := market.ParseDates(s)
		if ds != (market.Dates{}) {
			t.Errorf("%q: got %s", s, ds)
		}
		wantFault(t, s, err, code, "")
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"", "2026-01-05", "1678-01-01", "2261-12-31", "2262-01-01", "2023-02-29", "0000-01-01", "2026-1-5", "\xff"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(4))
	}
	f.Fuzz(func(t *testing.T, s string, place uint8) {
		d, err := market.ParseDate(s)
		if err != nil {
			wantInvalid(t, s, err)
			return
		}
		if d.String() != s || market.DateOf(d.Date()) != d {
			t.Errorf("%q: got %s", s, d)
		}
		wantRoundTrip(t, d)
		z := fuzzZone(t, place)
		if begin := d.In(z); begin.Date(z) < d || (begin-1).Date(z) >= d {
			t.Errorf("%s begins in %s at %s", d, z, begin)
		}
	})
}

func FuzzParseDates(f *testing.F) {
	for _, s := range []string{"", "..", "2026-10-01", "2026-10-01..2026-10-08", "2026-10-01..", "..2026-10-01", "2026-10-08..2026-10-01", "2026-10-01..2026-10-01", "....", "\xff.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ds, err := market.ParseDates(s)
		if err != nil {
			wantInvalid(t, s, err)
			return
		}
		wantRoundTrip(t, ds)
		for _, d := range slices.DeleteFunc([]market.Date{ds.First, ds.Last}, func(d market.Date) bool { return d == 0 }) {
			if !ds.Contains(d) {
				t.Errorf("%s does not contain %s", ds, d)
			}
		}
	})
}

func TestMondayOfAWeek(t *testing.T) {
	for d, want := range map[string]string{"2026-01-05": "2026-01-05", "2026-01-07": "2026-01-05", "2026-01-11": "2026-01-05", "2026-01-12": "2026-01-12", "2026-01-01": "2025-12-29"} {
		got, err := market.ParseDate(d)
		if err != nil || got.Monday().String() != want {
			t.Errorf("%s: got %s, %v, want %s", d, got.Monday(), err, want)
		}
	}
}
