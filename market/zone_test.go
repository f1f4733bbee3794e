package market_test

import (
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestLoadZoneKnowsTheIANADatabaseAndFixedOffsets(t *testing.T) {
	f := func(name string, offset time.Duration) {
		t.Helper()
		z, err := market.LoadZone(name)
		if err != nil {
			t.Errorf("%q: got %v", name, err)
			return
		}
		if _, got := time.Date(2026, 1, 5, 0, 0, 0, 0, z).Zone(); time.Duration(got)*time.Second != offset {
			t.Errorf("%q: got offset %d s, want %v", name, got, offset)
		}
		if z.String() != name {
			t.Errorf("%q: got name %q; it must load the same zone again", name, z)
		}
	}
	f("UTC", 0)
	f("Asia/Shanghai", 8*time.Hour)
	f("America/New_York", -5*time.Hour)
	f("America/Argentina/Buenos_Aires", -3*time.Hour)
	f("Asia/Kathmandu", 5*time.Hour+45*time.Minute)
	f("+00:00", 0)
	f("+08:00", 8*time.Hour)
	f("-03:30", -3*time.Hour-30*time.Minute)
	f("+23:59", 23*time.Hour+59*time.Minute)
}

func TestLoadZoneRefusesWhatMeansSomethingElseOnAnotherMachine(t *testing.T) {
	for _, name := range []string{
		"", "Local", "Local/x", "localtime", "./localtime", "posixrules", "./posixrules", "Factory",
		"right/Asia/Shanghai", "./right/Asia/Shanghai", "posix/Asia/Shanghai", "Asia/./Shanghai",
		"Asia//Shanghai", "./Asia/Shanghai", "Asia/Shanghai/", "/Asia/Shanghai", "Asia/../Local", "../localtime", `Asia\Shanghai`,
		"Asia", "CST", "BJT", "GMT+8", "UTC+8", "+8", "+0800", "08:00", "+24:00", "-24:00", "+08:60", "+08:00:00", "Z",
		" UTC", "UTC ", "UTC\n", "UTC\x00", "Asia/Nowhere", "中国", "\xff", "zone.tab", "tzdata.zi",
	} {
		z, err := market.LoadZone(name)
		wantFault(t, name, err, fault.MarketZone, "")
		if z != nil {
			t.Errorf("%q: got zone %v beside an error", name, z)
		}
	}
}

// Go 1.26 says of this day that the zone's offset ended before it began
// (golang/go#81583); 2040 shows it with every form of the zone files, 2024
// where they hold rules in the place of years to come.
func TestTheLastDayOfALeapYearIsADay(t *testing.T) {
	f := func(name, date string) {
		t.Helper()
		z := zone(t, name)
		day, err := market.ParseTime(date, z)
		if err != nil || day.In(z).Format("2006-01-02 15:04") != date+" 00:00" {
			t.Errorf("%s in %s: got %s, %v", date, name, day, err)
		}
		for h := range market.Time(24) {
			if from, to := market.Day.Window(day+h*3600e9, z); from != day || to != day+86400e9 {
				t.Errorf("day of %s in %s: got %s to %s, want it to begin at %s", day+h*3600e9, name, from, to, day)
			}
		}
	}
	for _, date := range []string{"2024-12-31", "2028-12-31", "2040-12-31", "2260-12-31"} {
		f("America/New_York", date)
		f("America/Chicago", date)
		f("Europe/London", date)
		f("Australia/Sydney", date)
		f("Africa/Cairo", date)
	}
}

// Every wall clock around a change is found by trying all offsets near it.
func TestParseTimeFindsTheInstantsOfAWallClockByBruteForce(t *testing.T) {
	for _, c := range changes(t) {
		offsets := map[int]bool{}
		for x := c.around.Add(-60 * time.Hour); x.Before(c.around.Add(60 * time.Hour)); x = x.Add(10 * time.Minute) {
			_, o := x.In(c.zone).Zone()
			offsets[o] = true
		}
		y, m, d := c.around.Add(-30 * time.Hour).In(c.zone).Date()
		for clock := time.Date(y, m, d, 0, 0, 1, 0, time.UTC); clock.Before(c.around.Add(30 * time.Hour)); clock = clock.Add(7 * time.Minute) {
			wantInstants(t, clock, c.zone, offsets)
		}
	}
}

// wantInstants fails unless ParseTime finds of clock, a wall clock in z, what
// one of the offsets makes of it.
func wantInstants(t *testing.T, clock time.Time, z *time.Location, offsets map[int]bool) {
	t.Helper()
	s := clock.Format("2006-01-02 15:04:05")
	var found []time.Time
	for o := range offsets {
		if x := clock.Add(-time.Duration(o) * time.Second); x.In(z).Format("2006-01-02 15:04:05") == s {
			found = append(found, x)
		}
	}
	got, err := market.ParseTime(s, z)
	switch {
	case len(found) == 1 && (err != nil || got != market.Time(found[0].UnixNano())):
		t.Errorf("%s in %s: got %s, %v, want %s", s, z, got, err, found[0])
	case len(found) == 0 && fault.CodeOf(err) != fault.MarketSkipped:
		t.Errorf("%s in %s: got %s, %v, want none", s, z, got, err)
	case len(found) > 1 && fault.CodeOf(err) != fault.MarketRepeated:
		t.Errorf("%s in %s: got %s, %v, want %v", s, z, got, err, found)
	}
}
