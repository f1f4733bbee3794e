package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// calendarsWith returns RedFire's calendars with those of specs.
func calendarsWith(t *testing.T, specs ...market.CalendarSpec) *market.Calendars {
	t.Helper()
	cs, err := market.NewCalendars(specs...)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

func namedCalendar(t *testing.T, cs *market.Calendars, name string) *market.Calendar {
	t.Helper()
	c, err := cs.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hoursIn(t *testing.T, texts ...string) []market.Hours {
	t.Helper()
	var all []market.Hours
	for _, text := range texts {
		h, err := market.ParseHours(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	return all
}

func daysIn(t *testing.T, text string) market.Dates {
	t.Helper()
	ds, err := market.ParseDates(text)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// plainSpec is a calendar from Monday to Friday in 2026.
func plainSpec(t *testing.T, name string, hours ...string) market.CalendarSpec {
	t.Helper()
	return market.CalendarSpec{
		Name: name, Zone: "Asia/Shanghai", Weekdays: market.MondayToFriday,
		Known: daysIn(t, "2026-01-01..2026-12-31"), Hours: hoursIn(t, hours...),
	}
}

func TestPeriodsAreTheHoursThatCount(t *testing.T) {
	f := func(want []string, hours ...string) {
		t.Helper()
		c := namedCalendar(t, calendarsWith(t, plainSpec(t, "a", hours...)), "a")
		if got := periodLines(periods(c)); !slices.Equal(got, want) {
			t.Errorf("%q:\ngot  %q\nwant %q", hours, got, want)
		}
	}
	f([]string{"2026-01-01..2026-12-31  09:00-10:00"}, "09:00-10:00")
	f([]string{"2026-01-01..2026-12-31  09:00-10:00"}, "2020-01-01.. 09:00-10:00")
	f([]string{"2026-01-01..2026-12-31  10:00-11:00"}, "2026-06-01.. 09:00-10:00", "10:00-11:00")
	f([]string{"2026-01-01..2026-05-31  09:00-10:00", "2026-06-01..2026-12-31  10:00-11:00"},
		"09:00-10:00", "2026-06-01.. 10:00-11:00")
	f([]string{"2026-01-01..2026-05-31  09:00-10:00", "2026-06-01              10:00-11:00", "2026-06-02..2026-12-31  09:00-10:00"},
		"09:00-10:00", "2026-06-01 10:00-11:00")
	f([]string{"2026-01-01..2026-06-30  10:00-11:00", "2026-07-01..2026-12-31  09:00-10:00"},
		"09:00-10:00", "..2026-06-30 10:00-11:00", "2027-01-01.. 12:00-13:00")
	// What says the same again is no other period.
	f([]string{"2026-01-01..2026-12-31  09:00-10:00"}, "09:00-10:00", "2026-06-01.. 09:00-10:00", "2026-07-01..2026-07-31 09:00-09:30 09:30-10:00")
}

func TestSessionsThatTouchAreOne(t *testing.T) {
	f := func(hours, want string) {
		t.Helper()
		if got := joined(hoursIn(t, hours)[0]).Sessions(); got != want {
			t.Errorf("%s: got %q, want %q", hours, got, want)
		}
	}
	f("09:00-10:00", "09:00-10:00")
	f("09:00-10:00 10:00-11:00 11:30-12:00", "09:00-11:00 11:30-12:00")
	f("night 21:00-23:00 23:00-26:30 day 09:00-10:00", "night 21:00-26:30 day 09:00-10:00")
	f("eve 17:00-24:00 day 00:00-16:00", "eve 17:00-40:00")
	f("eve 17:00-24:00 day 00:30-16:00", "eve 17:00-24:00 day 00:30-16:00")
	f("eve 17:00-18:00 18:00-24:00 day 00:00-01:00 02:00-03:00", "eve 17:00-25:00 day 02:00-03:00")
	f("night 21:00-24:00 day 00:00-02:00", "night 21:00-24:00 day 00:00-02:00")
}

func TestSessionsAreShownAsTheConfigurationWritesThem(t *testing.T) {
	f := func(hours, day, zone, want string) {
		t.Helper()
		c := namedCalendar(t, calendarsWith(t, plainSpec(t, "a", hours)), "a")
		sessions, err := c.Sessions(daysIn(t, day).First)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := market.LoadZone(zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := sessionsText(sessions, shown); got != want {
			t.Errorf("%s on %s in %s: got %q, want %q", hours, day, zone, got, want)
		}
	}
	f("09:00-10:15 10:30-11:30", "2026-03-04", "Asia/Shanghai", "09:00-10:15 10:30-11:30")
	f("night 21:00-26:30 day 09:00-10:15", "2026-03-04", "Asia/Shanghai", "night 21:00-26:30 day 09:00-10:15")
	f("night 21:00-26:30 day 09:00-10:15", "2026-03-09", "Asia/Shanghai", "night 21:00-26:30 day 09:00-10:15")
	f("night 21:00-26:30 day 09:00-10:15", "2026-03-08", "Asia/Shanghai", "")
	f("night 21:00-26:30 day 09:00-10:15", "2026-01-01", "Asia/Shanghai", "09:00-10:15") // the first day
	f("eve 17:00-24:00 day 00:00-16:00", "2026-03-09", "Asia/Shanghai", "eve 17:00-40:00")
	f("eve 17:00-18:00 day 00:00-16:00", "2026-03-09", "Asia/Shanghai", "eve 17:00-18:00 day 00:00-16:00")
	f("night 21:00-23:00 day 09:00-10:15", "2026-03-04", "UTC", "night 13:00-15:00 day 01:00-02:15")
	f("09:00-10:15", "2026-03-04", "America/New_York", "eve 20:00-21:15")
	f("09:00-10:15", "2026-07-01", "America/New_York", "eve 21:00-22:15")
	f("23:00-24:00", "2026-03-04", "Pacific/Auckland", "28:00-29:00")
}

// On every ordinary day the sessions are those of the period; a night may be
// missing.
func TestPeriodsAgreeWithTheDays(t *testing.T) {
	cs := calendarsWith(t)
	for _, name := range []string{"china", "china_stocks", "china_futures", "shfe_au", "shfe_rb", "czce_ap", "cffex_t", "us_stocks"} {
		c := namedCalendar(t, cs, name)
		all := periods(c)
		if all[0].Days.First != c.Known().First || all[len(all)-1].Days.Last != c.Known().Last {
			t.Errorf("%s: periods from %s to %s, known %s", name, all[0].Days, all[len(all)-1].Days, c.Known())
		}
		for i, p := range all {
			if i > 0 && p.Days.First != all[i-1].Days.Last+1 {
				t.Errorf("%s: %s does not follow on %s", name, p.Days, all[i-1].Days)
			}
			wantHours(t, c, p)
		}
	}
}

func wantHours(t *testing.T, c *market.Calendar, p period) {
	t.Helper()
	_, day, night := strings.Cut(p.Hours, " day ")
	for d := range c.TradingDays(p.Days) {
		sessions, err := c.Sessions(d)
		got := sessionsText(sessions, c.Zone())
		if err != nil || got != p.Hours && (!night || got != day) {
			t.Errorf("%s: %s has %q, %v, its period %q", c.Name(), d, got, err, p.Hours)
			return
		}
	}
}

func TestOwnersHaveTheCalendarsThatTheyAreListedWith(t *testing.T) {
	cs := calendarsWith(t)
	all := map[string][]string{}
	for _, name := range cs.Names() {
		all[name] = ownersOf(cs, namedCalendar(t, cs, name))
	}
	for name, having := range all {
		for _, who := range having {
			exchange, product, _ := strings.Cut(who, " ")
			y := market.Symbol{Code: product + "2601", Exchange: market.Exchange(exchange)}
			if got, err := cs.NameOf(y); err != nil || got != name {
				t.Errorf("%s: %s has %q, %v", name, y, got, err)
			}
		}
	}
	without := []string{"china", "china_futures"} // others are like them
	for _, name := range cs.Names() {
		if has := len(all[name]) > 0; has == slices.Contains(without, name) {
			t.Errorf("%s: owners %q", name, all[name])
		}
	}
	f := func(name, want string) {
		t.Helper()
		if got := strings.Join(all[name], ", "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	f("china_stocks", "BSE, SSE, SZSE")
	f("shfe_rb", "SHFE rb")
	f("czce_ap", "CZCE AP")
	f("cffex_if", "CFFEX IF")
	f("dce_m", "DCE m")
}

func TestHoursOfAFewDaysAreCountedAndNotListed(t *testing.T) {
	cs := calendarsWith(t)
	all := periods(namedCalendar(t, cs, "us_stocks"))
	long, few := lasting(all)
	if len(long) > 8 || few < 100 || long[len(long)-1].Hours != "09:30-16:00" || long[len(long)-1].Days.First.String() != "1985-09-30" {
		t.Errorf("got %v and %d more of %d", long, few, len(all))
	}
	if long, few := lasting(periods(namedCalendar(t, cs, "shfe_rb"))); len(long) != 3 || few != 0 {
		t.Errorf("of shfe_rb: got %v, %d", long, few)
	}
}

func TestPatternsStandBesideTheOwners(t *testing.T) {
	cs := calendarsWith(t, market.CalendarSpec{Name: "shfe_rb", Symbols: []string{"RB*.LOCAL"}}, market.CalendarSpec{Name: "x", Like: "24x7", Symbols: []string{"*.X"}})
	f := func(name string, want ...string) {
		t.Helper()
		if got := ownersOf(cs, namedCalendar(t, cs, name)); !slices.Equal(got, want) || got == nil {
			t.Errorf("%s: got %#v, want %q", name, got, want)
		}
	}
	f("shfe_rb", "SHFE rb", "RB*.LOCAL")
	f("x", "*.X")
	f("china")
	f("shfe_rb", "SHFE rb", "RB*.LOCAL") // asking changes nothing
}

func TestLengthsOfTimeAreShort(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := short(d); got != want {
			t.Errorf("short(%s) = %q, want %q", d, got, want)
		}
	}
	f(0, "0s")
	f(time.Second, "1s")
	f(90*time.Second, "1m30s")
	f(5*time.Minute, "5m")
	f(10*time.Minute, "10m")
	f(time.Hour, "1h")
	f(time.Hour+10*time.Minute, "1h10m")
	f(time.Millisecond, "1ms")
}

func TestListsAreCutForATable(t *testing.T) {
	f := func(want string, all ...string) {
		t.Helper()
		if got := someOf(all); got != want {
			t.Errorf("%q: got %q, want %q", all, got, want)
		}
	}
	f("")
	f("a", "a")
	f("a, b, c, d, e, f", "a", "b", "c", "d", "e", "f")
	f("a, b, c, d, e, … (7)", "a", "b", "c", "d", "e", "f", "g")
}

func TestCalendarsAreMadeOnceAndNamesComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "redfire.yaml", []byte("calendars: { mine: { like: 24x7, symbols: ['*.MINE'] } }\n"))
	p, _, _ := newProgram()
	first, err := p.calendars()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "redfire.yaml", []byte("calendars: x\n"))
	again, err := p.calendars()
	if err != nil || first != again {
		t.Errorf("got %p and %p, %v, want the same", first, again, err)
	}
	if names := p.completeCalendars(); !slices.Contains(names, "mine") || !slices.Contains(names, "shfe_rb") {
		t.Errorf("got %q", names)
	}
	if !slices.Equal(p.configured, []string{"mine"}) {
		t.Errorf("configured: got %q", p.configured)
	}
	p, _, _ = newProgram()
	if cs, err := p.calendars(); cs != nil || err == nil || !strings.Contains(fmt.Sprint(err), "redfire.yaml:1:12") {
		t.Errorf("got %v, %v, want the error of the file", cs, err)
	}
	if names := p.completeCalendars(); names != nil {
		t.Errorf("with a wrong file: got %q", names)
	}
}
