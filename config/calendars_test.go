package config_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

const calendarsExample = `calendars:
  my_metals:
    like: shfe_au
    symbols: ["XAU*.LOCAL"]
    zone: Asia/Shanghai
    weekdays: mon-fri
    hours: ["2020-01-01.. night 21:00-25:00 day 09:00-10:15 10:30-11:30 13:30-15:00"]
    no_night: [2020-02-03..2020-05-06]
    auction: 5m
    closing: 1m
  china:
    closed: [2027-01-04]
    open: [2027-01-09]
    known: ..2027-12-31
`

// date reads a date that is one.
func date(t testing.TB, text string) market.Date {
	t.Helper()
	d, err := market.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCalendarsAreSpecsInTheOrderOfTheirNames(t *testing.T) {
	hours, err := market.ParseHours("2020-01-01.. night 21:00-25:00 day 09:00-10:15 10:30-11:30 13:30-15:00")
	if err != nil {
		t.Fatal(err)
	}
	one := func(text string) []market.Dates {
		d := date(t, text)
		return []market.Dates{{First: d, Last: d}}
	}
	want := []market.CalendarSpec{
		{Name: "china", Closed: one("2027-01-04"), Open: one("2027-01-09"), Known: market.Dates{Last: date(t, "2027-12-31")}},
		{
			Name: "my_metals", Like: "shfe_au", Symbols: []string{"XAU*.LOCAL"}, Zone: "Asia/Shanghai", Weekdays: market.MondayToFriday,
			Hours: []market.Hours{hours}, NoNight: []market.Dates{{First: date(t, "2020-02-03"), Last: date(t, "2020-05-06")}},
			Auction: 5 * time.Minute, Closing: time.Minute,
		},
	}
	got := accepted(t, calendarsExample).CalendarSpecs()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got\n%+v\nwant\n%+v", got, want)
	}
	cs, err := market.NewCalendars(got...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cs.Of(market.Symbol{Code: "XAUUSD", Exchange: "LOCAL"})
	if err != nil || c.Name() != "my_metals" || c.Known().Last != date(t, "2027-12-31") {
		t.Errorf("got %v, %v, want my_metals, which knows what china does", c, err)
	}
	if s := accepted(t, "").CalendarSpecs(); s != nil {
		t.Errorf("without calendars: got %v", s)
	}
}

func TestWhatCannotBeReadOfACalendarIsToldWhereItStands(t *testing.T) {
	wantFaults(t, `calendars:
  a:
    like: 24x7
    symbols:
      - ok.LOCAL
      - nothing
      - [x]
    zone: CST
    weekdays: workdays
    known: 2027
    auction: 0s
    closing: 61m
  b:
    like: china_futures
    closed: [2026-10-01..2026-10-08, 2026-13-01, 2026-10-08..2026-10-01, '..2026-01-01']
    open: [ 2026-02-30 ]
    hours:
      - 09:00-10:00
      - 9:00-10:00
      - "2020-01-01.. night 25:00-26:00"
      - 09:00-10:00 09:30-11:00
    no_night: [never]
    opens: 09:00
  24x7: { zone: UTC }
  c: { hours: 09:00-10:00 }
`, nil,
		"7:9 RF-CFG-006 calendars.a.symbols",
		"8:11 RF-MKT-005 calendars.a.zone",
		"9:15 RF-MKT-017 calendars.a.weekdays",
		"10:12 RF-MKT-017 calendars.a.known",
		"11:14 RF-CFG-008 calendars.a.auction",
		"12:14 RF-CFG-008 calendars.a.closing",
		"15:38 RF-MKT-017 calendars.b.closed",
		"15:50 RF-MKT-017 calendars.b.closed",
		"16:13 RF-MKT-017 calendars.b.open",
		"19:9 RF-MKT-017 calendars.b.hours",
		"20:9 RF-MKT-017 calendars.b.hours",
		"21:9 RF-MKT-017 calendars.b.hours",
		"22:16 RF-MKT-017 calendars.b.no_night",
		"23:5 RF-CFG-003 calendars.b.opens",
		"24:3 RF-CFG-013 calendars.24x7",
		"25:15 RF-CFG-006 calendars.c.hours")
	wantFaults(t, "calendars: { a: { like: 24x7, symbols: [ok.LOCAL, nothing, 'a.b'] } }", nil,
		"1:51 RF-MKT-001 calendars.a.symbols", "1:60 RF-MKT-001 calendars.a.symbols")
}

func TestDaysThatContradictEachOtherAreToldWhereTheyStand(t *testing.T) {
	wantFaults(t, `calendars:
  china:
    closed: [2026-10-08, ..2026-01-01]
    open: [2026-10-10, 2026-10-01..2026-10-08, 2026-11-01..]
`, nil,
		"3:26 RF-MKT-018 calendars.china.closed",
		"4:24 RF-MKT-018 calendars.china.open",
		"4:48 RF-MKT-018 calendars.china.open")
}

// wantFault loads text and wants one failure, at a place and with words in it.
func wantFault(t *testing.T, text, at, says string) {
	t.Helper()
	_, err := load(t, text)
	if got := faults(err); !slices.Equal(got, []string{at}) || !strings.Contains(fmt.Sprint(err), says) {
		t.Errorf("%s: got %q (%v), want %s and %q", text, got, err, at, says)
	}
	if k := fault.KindOf(err); k != fault.Invalid {
		t.Errorf("%s: got kind %s, want invalid", text, k)
	}
}

func TestACalendarThatCannotBeMadeIsToldOnceWhereItStands(t *testing.T) {
	f := func(text, at, says string) {
		t.Helper()
		wantFault(t, text, at, says)
	}
	f("calendars: { a: { like: shfe_rbb } }", "1:25 RF-MKT-018 calendars.a.like", `there is no calendar "shfe_rbb"; did you mean "shfe_rb"?`)
	f("calendars: { a: { like: nothing_like_it } }", "1:25 RF-MKT-018 calendars.a.like", `"redfire calendar show" lists`)
	f("calendars: { my_metals: { like: shfe_au }, a: { like: my_metal } }", "1:55 RF-MKT-018 calendars.a.like", `did you mean "my_metals"?`)
	f("calendars: { a: { like: a } }", "1:25 RF-MKT-018 calendars.a.like", "like itself: a -> a")
	f("calendars: { a: { like: b }, b: { like: a }, c: { like: a } }", "1:41 RF-MKT-018 calendars.b.like", "like itself: a -> b -> a")
	f("calendars: { china: { like: shfe_rb } }", "1:29 RF-MKT-018 calendars.china.like", "china -> shfe_rb -> china_futures -> china")
	f("calendars: { z: { }, b: { like: z }, a: { like: b } }", "1:14 RF-MKT-018 calendars.z", "needs zone, weekdays, known, hours")
	f("calendars: { z: { zone: UTC, known: '2020-01-01..', hours: ['09:00-10:00'] } }", "1:14 RF-MKT-018 calendars.z", "needs weekdays, known")
	f("calendars: { a: { like: china, hours: ['09:00-10:00', '2026-01-01.. night 08:00-10:00 eve 22:00-34:00 day 09:00-10:00'] } }", "1:14 RF-MKT-018 calendars.a", "begins before another ends")
	f("calendars: { a: { like: china, known: 1990-01-01.., hours: ['night 21:00-23:00'], closed: ['1990-01-01..1990-12-18'] } }", "1:14 RF-MKT-018 calendars.a", "no sessions but a night")
	f("calendars: { china: { known: 2020-01-01..2019-01-01 } }", "1:30 RF-MKT-017 calendars.china.known", "end before they begin")
	f("calendars: { a: { like: china, known: 2030-01-01.. } }", "1:14 RF-MKT-018 calendars.a", "say for which days it is known")
	// What is misspelt may be what is missing.
	f("calendars: { a: { lik: china } }", "1:19 RF-CFG-003 calendars.a.lik", `did you mean "like"?`)
	f("calendars: { a: { zone: Mars }, b: { like: a } }", "1:25 RF-MKT-005 calendars.a.zone", "Mars")
}

func TestTwoCalendarsWithTheSamePatternAreRefused(t *testing.T) {
	wantFault(t, "calendars:\n  a: { like: shfe_au, symbols: ['*.LOCAL', 'b*.LOCAL'] }\n  b: { like: 24x7, symbols: ['c*.LOCAL', '*.LOCAL'] }\n",
		"3:42 RF-MKT-018 calendars.b.symbols", `the symbols "*.LOCAL" have the calendar a too (`)
	accepted(t, "calendars: { a: { like: shfe_au, symbols: ['*.LOCAL', '*.LOCAL'] }, b: { like: 24x7, symbols: ['b*.LOCAL'] } }")
}

func TestVariablesGiveCalendarsTheirLists(t *testing.T) {
	c := accepted(t, calendarsExample,
		"REDFIRE_CALENDARS__CHINA__CLOSED=[2027-01-05, 2027-02-01..2027-02-12]",
		"REDFIRE_CALENDARS__MY_METALS__HOURS=2020-01-01.. 09:00-10:00 10:30-11:00",
		"REDFIRE_CALENDARS__MY_METALS__SYMBOLS=*.LOCAL",
		"REDFIRE_CALENDARS__MY_METALS__NO_NIGHT=",
		"REDFIRE_CALENDARS__B__LIKE=24x7")
	if got := fmt.Sprint(c.Calendars["china"].Closed); got != "[2027-01-05 2027-02-01..2027-02-12]" {
		t.Errorf("closed: got %s", got)
	}
	m := c.Calendars["my_metals"]
	if len(m.Hours) != 1 || m.Hours[0].String() != "2020-01-01.. 09:00-10:00 10:30-11:00" || m.NoNight != nil || !slices.Equal(m.Symbols, []config.Pattern{"*.LOCAL"}) {
		t.Errorf("got %+v", m)
	}
	if c.Calendars["b"].Like != "24x7" {
		t.Errorf("got %+v, want a calendar b like 24x7", c.Calendars)
	}
	wantFaults(t, calendarsExample, []string{"REDFIRE_CALENDARS__CHINA__CLOSED=[2027-01-05, x]", "REDFIRE_CALENDARS__B__ZONE=UTC", "REDFIRE_CALENDARS__C__LIKE=d"},
		"REDFIRE_CALENDARS__B__ZONE RF-MKT-018 calendars.b",
		"REDFIRE_CALENDARS__CHINA__CLOSED RF-MKT-017 calendars.china.closed",
		"REDFIRE_CALENDARS__C__LIKE RF-MKT-018 calendars.c.like")
}

func TestCalendarsAreExplained(t *testing.T) {
	l := read(t, calendarsExample, "REDFIRE_CALENDARS__CHINA__CLOSED=2027-01-05")
	wantTold(t, l, "calendars.china.closed", "calendars.china.closed = [2027-01-05] (REDFIRE_CALENDARS__CHINA__CLOSED) < [2027-01-04] (redfire.yaml:12:13) <  (default)")
	wantTold(t, l, "calendars.my_metals.symbols", "calendars.my_metals.symbols = [XAU*.LOCAL] (redfire.yaml:4:14) <  (default)")
	wantTold(t, l, "calendars.my_metals.auction", "calendars.my_metals.auction = 5m (redfire.yaml:9:14) <  (default)")
	if got := len(told(t, l, "calendars")); got != 22 {
		t.Errorf("got %d keys of two calendars, want 22", got)
	}
}
