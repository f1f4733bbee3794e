package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// viewAt returns how a calendar is at a time of its clock.
func viewAt(t *testing.T, c *market.Calendar, at string) (*calendarView, error) {
	t.Helper()
	instant, err := market.ParseTime(at, c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	v := &calendarView{Calendar: c, asked: c.Name(), at: instant, zone: c.Zone(), periods: periods(c)}
	return v, v.look()
}

func TestACalendarIsSeenAtATime(t *testing.T) {
	spec := plainSpec(t, "a", "night 21:00-23:00 day 09:00-10:15 10:30-11:30")
	spec.Auction, spec.Closing = 5*time.Minute, time.Minute
	c := namedCalendar(t, calendarsWith(t, spec), "a")
	f := func(at, standing, day, session string) {
		t.Helper()
		v, err := viewAt(t, c, at)
		if err != nil {
			t.Errorf("%s: %v", at, err)
			return
		}
		got := fmt.Sprint(standings[v.standing].key, " ", v.day, " ", v.session.From.In(c.Zone()).Format("01-02 15:04"))
		if want := standing + " " + day + " " + session; got != want || v.next == (standing == "open") {
			t.Errorf("%s: got %s (next: %v), want %s", at, got, v.next, want)
		}
	}
	f("2026-03-04 09:00", "open", "2026-03-04", "03-04 09:00")
	f("2026-03-04 10:20", "closed", "2026-03-04", "03-04 10:30")
	f("2026-03-04 10:15:30", "just_closed", "2026-03-04", "03-04 10:30")
	f("2026-03-04 11:30:59", "just_closed", "2026-03-04", "03-04 21:00")
	f("2026-03-04 11:31", "closed", "2026-03-05", "03-04 21:00")
	f("2026-03-04 20:55", "auction", "2026-03-05", "03-04 21:00")
	f("2026-03-04 20:54:59", "closed", "2026-03-05", "03-04 21:00")
	f("2026-03-04 22:59:59", "open", "2026-03-05", "03-04 21:00")
	f("2026-03-06 22:00", "open", "2026-03-09", "03-06 21:00")
	f("2026-03-07 12:00", "closed", "2026-03-09", "03-09 09:00")
	f("2026-01-01 00:00", "closed", "2026-01-01", "01-01 09:00")
	// After the last session nothing follows, but what was traded is still told.
	f("2026-12-31 11:30:30", "just_closed", "2026-12-31", "12-31 10:30")
	for _, at := range []string{"2026-12-31 11:31", "2027-01-04 09:30", "2025-12-31 09:30"} {
		if _, err := viewAt(t, c, at); fault.CodeOf(err) != fault.MarketBeyond {
			t.Errorf("%s: got %v, want %s", at, err, fault.MarketBeyond)
		}
	}
}

func TestOutsideOfWhatIsKnownTheListHasTheNearestDay(t *testing.T) {
	c := namedCalendar(t, calendarsWith(t, plainSpec(t, "a", "09:00-10:00")), "a")
	p, _, _ := newProgram()
	p.format = formatTable
	f := func(at, want string) {
		t.Helper()
		instant, err := market.ParseTime(at, c.Zone())
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(fmt.Sprintln(p.dayCells(c, instant, c.Zone())...)); got != want {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
	f("1700-01-01", "false 2026-01-01 09:00-10:00")
	f("2026-03-04 09:30", "true 2026-03-04 09:00-10:00")
	f("2026-03-04 10:30", "false 2026-03-05 09:00-10:00")
	f("2026-12-31 10:30", "false 2026-12-31 09:00-10:00")
	f("2200-01-01", "false 2026-12-31 09:00-10:00")
}

func TestEveryStandingHasItsWords(t *testing.T) {
	seen := map[string]bool{}
	for s := market.OutOfCalendar; s <= market.JustClosed; s++ {
		w := standings[s]
		if w.key == "" || w.say.en == "" || w.say.zh == "" || seen[w.key] {
			t.Errorf("%d: got %+v", s, w)
		}
		seen[w.key] = true
	}
}

func TestHolidaysAreJoinedOverWeekends(t *testing.T) {
	spec := plainSpec(t, "a", "09:00-10:00")
	for _, days := range []string{
		"2026-02-16..2026-02-23", "2026-04-06", "2026-05-01", "2026-05-04", "2026-06-01", "2026-06-03",
		"2026-09-25..2026-09-27", "2026-10-01..2026-10-08", "2026-12-25",
	} {
		spec.Closed = append(spec.Closed, daysIn(t, days))
	}
	spec.Open = []market.Dates{daysIn(t, "2026-02-14"), daysIn(t, "2026-05-02")}
	c := namedCalendar(t, calendarsWith(t, spec), "a")
	f := func(at string, want ...string) {
		t.Helper()
		v, err := viewAt(t, c, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := datesLines(v.holidays()); !slices.Equal(got, want) {
			t.Errorf("from %s:\ngot  %q\nwant %q", at, got, want)
		}
	}
	// 2026-05-02 is a Saturday with trading and divides two holidays.
	f("2026-01-05 09:30", "2026-02-16..2026-02-23", "2026-04-06", "2026-05-01", "2026-05-04", "2026-06-01")
	f("2026-05-05 09:30", "2026-06-01", "2026-06-03", "2026-09-25", "2026-10-01..2026-10-08", "2026-12-25")
	f("2026-10-05 12:00", "2026-10-05..2026-10-08", "2026-12-25")
	f("2026-12-28 09:30")
}

func TestOddDaysAreThoseWithOtherSessionsThanUsual(t *testing.T) {
	spec := plainSpec(t, "a", "night 21:00-23:00 day 09:00-10:00", "2026-06-01..2026-06-03 09:00-09:45", "2026-11-02.. night 21:00-24:00 day 09:00-10:00", "2026-12-24 09:00-09:30")
	spec.Closed = []market.Dates{daysIn(t, "2026-05-01"), daysIn(t, "2026-10-01..2026-10-07")}
	spec.NoNight = []market.Dates{daysIn(t, "2026-02-02..2026-02-06")}
	c := namedCalendar(t, calendarsWith(t, spec), "a")
	f := func(at string, want ...string) {
		t.Helper()
		v, err := viewAt(t, c, at)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range v.oddDays() {
			got = append(got, p.Days.String()+" "+p.Hours)
		}
		if !slices.Equal(got, want) {
			t.Errorf("from %s:\ngot  %q\nwant %q", at, got, want)
		}
	}
	f("2026-01-05 09:30", "2026-02-02..2026-02-06 09:00-10:00", "2026-05-04 09:00-10:00", "2026-06-01..2026-06-03 09:00-09:45",
		"2026-10-08 09:00-10:00", "2026-11-02..2026-12-23 night 21:00-24:00 day 09:00-10:00")
	f("2026-06-02 09:30", "2026-06-04..2026-09-30 night 21:00-23:00 day 09:00-10:00", "2026-10-08 09:00-10:00",
		"2026-10-09..2026-10-30 night 21:00-23:00 day 09:00-10:00", "2026-11-02..2026-12-23 night 21:00-24:00 day 09:00-10:00", "2026-12-24 09:00-09:30")
	f("2026-11-10 09:30", "2026-12-24 09:00-09:30")
	f("2026-12-28 09:30")
}

func TestTheMomentIsReadInTheZoneOfTheCalendarOrTheFlag(t *testing.T) {
	shanghai, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	f := func(at, tz, want, zone string) {
		t.Helper()
		got, shown, err := moment{at, tz}.in(shanghai)
		if err != nil || got.String() != want || shown.String() != zone {
			t.Errorf("%q, %q: got %s in %s, %v, want %s in %s", at, tz, got, shown, err, want, zone)
		}
	}
	f("2026-01-05 09:30", "", "2026-01-05T01:30:00Z", "Asia/Shanghai")
	f("2026-01-05 09:30", "UTC", "2026-01-05T09:30:00Z", "UTC")
	f("2026-01-05T09:30:00+09:00", "UTC", "2026-01-05T00:30:00Z", "UTC")
	f("2026-01-05", "+08:00", "2026-01-04T16:00:00Z", "+08:00")
	before := time.Now()
	got, _, err := moment{}.in(shanghai)
	if now := got.UTC(); err != nil || now.Before(before.Truncate(time.Microsecond)) || now.After(time.Now()) {
		t.Errorf("without --at: got %s, %v, want now", now, err)
	}
}

// change returns of changes "days before -> after (count)".
func changeTexts(all []dayChange) []string {
	p, _, _ := newProgram()
	p.lang = "en"
	var texts []string
	for _, c := range all {
		texts = append(texts, p.changeText(c))
	}
	return texts
}

func TestChangesOfDaysAreJoinedWhereTheyAreTheSame(t *testing.T) {
	before := namedCalendar(t, calendarsWith(t, plainSpec(t, "a", "night 21:00-23:00 day 09:00-10:00")), "a")
	f := func(name string, change func(*market.CalendarSpec), want ...string) {
		t.Helper()
		spec := plainSpec(t, "a", "night 21:00-23:00 day 09:00-10:00")
		change(&spec)
		after := namedCalendar(t, calendarsWith(t, spec), "a")
		if got := changeTexts(daysChanged(before, after)); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, want)
		}
	}
	const usual = "night 21:00-23:00 day 09:00-10:00"
	f("nothing", func(*market.CalendarSpec) {})
	f("what no session shows", func(s *market.CalendarSpec) { s.Auction, s.Symbols = time.Minute, []string{"*.X"} })
	f("closed", func(s *market.CalendarSpec) { s.Closed = []market.Dates{daysIn(t, "2026-03-04")} },
		"2026-03-04  "+usual+" -> no trading", "2026-03-05  "+usual+" -> 09:00-10:00")
	f("closed over a weekend", func(s *market.CalendarSpec) { s.Closed = []market.Dates{daysIn(t, "2026-03-05..2026-03-10")} },
		"2026-03-05..2026-03-10  "+usual+" -> no trading", "2026-03-11  "+usual+" -> 09:00-10:00")
	f("open", func(s *market.CalendarSpec) { s.Open = []market.Dates{daysIn(t, "2026-03-07")} },
		"2026-03-07  no trading -> "+usual, "2026-03-09  "+usual+" (2026-03-06) -> "+usual+" (2026-03-07)")
	f("hours", func(s *market.CalendarSpec) { s.Hours = append(s.Hours, hoursIn(t, "2026-12-01.. 10:00-11:00")...) },
		"2026-12-01..2026-12-31  "+usual+" -> 10:00-11:00 (23 trading days)")
	f("nights", func(s *market.CalendarSpec) {
		s.NoNight = []market.Dates{daysIn(t, "2026-03-04"), daysIn(t, "2026-03-06..2026-03-09")}
	},
		"2026-03-04  "+usual+" -> 09:00-10:00", "2026-03-06..2026-03-09  "+usual+" -> 09:00-10:00 (2 trading days)")
	f("zone", func(s *market.CalendarSpec) { s.Zone = "Asia/Tokyo" },
		"2026-01-01  09:00-10:00 (Asia/Shanghai) -> 09:00-10:00 (Asia/Tokyo)",
		"2026-01-02..2026-12-31  "+usual+" (Asia/Shanghai) -> "+usual+" (Asia/Tokyo) (260 trading days)")
	f("a zone with the same clock", func(s *market.CalendarSpec) { s.Zone = "+08:00" })
	f("more is known", func(s *market.CalendarSpec) { s.Known = daysIn(t, "2025-12-30..2027-01-10") },
		"2025-12-30..2025-12-31  not known -> known (2 trading days)", "2026-01-01  09:00-10:00 -> "+usual,
		"2027-01-01..2027-01-10  not known -> known (6 trading days)")
	f("less is known", func(s *market.CalendarSpec) { s.Known = daysIn(t, "2026-01-01..2026-12-29") },
		"2026-12-30..2026-12-31  known -> not known")
	f("weekdays", func(s *market.CalendarSpec) { s.Weekdays &^= 1 << time.Friday },
		changeTexts(fridaysClosed(t, before))...)
}

// fridaysClosed returns what closing all Fridays changes of a calendar from Monday
// to Friday: these, and the nights before Mondays, which are a day earlier.
func fridaysClosed(t *testing.T, c *market.Calendar) []dayChange {
	t.Helper()
	var all []dayChange
	for d := range c.TradingDays(c.Known()) {
		state := stateOn(c, d)
		change := dayChange{Days: market.Dates{First: d, Last: d}, Before: state, After: dayState{known: true}}
		switch {
		case d.Weekday() == time.Friday:
		case d.Weekday() == time.Monday:
			change.Before.sessions += fmt.Sprintf(" (%s)", d-3)
			change.After.sessions = state.sessions + fmt.Sprintf(" (%s)", d-4)
		default:
			continue
		}
		all = append(all, change)
	}
	return all
}

// Whatever changes, the stretches say of every day what the calendars say.
func TestChangesOfDaysAgreeWithTheCalendars(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func() market.Dates {
		first := daysIn(t, "2026-01-02").First + market.Date(r.IntN(350))
		return market.Dates{First: first, Last: first + market.Date(r.IntN(6))}
	}
	before := namedCalendar(t, calendarsWith(t, plainSpec(t, "a", "night 21:00-23:00 day 09:00-10:00")), "a")
	for range 60 {
		spec := plainSpec(t, "a", "night 21:00-23:00 day 09:00-10:00")
		spec.Known.Last += market.Date(r.IntN(60) - 30)
		for range r.IntN(4) {
			spec.Closed = append(spec.Closed, some())
			spec.NoNight = append(spec.NoNight, some())
			h := hoursIn(t, []string{"09:00-10:00", "09:30-10:00", "night 21:00-23:00 day 09:00-10:00"}[r.IntN(3)])[0]
			h.Days = some()
			spec.Hours = append(spec.Hours, h)
		}
		after := namedCalendar(t, calendarsWith(t, spec), "a")
		wantChanges(t, before, after, daysChanged(before, after))
	}
}

func wantChanges(t *testing.T, before, after *market.Calendar, got []dayChange) {
	t.Helper()
	next := 0
	for d := before.Known().First; d <= max(before.Known().Last, after.Known().Last); d++ {
		for next < len(got) && got[next].Days.Last < d {
			next++
		}
		sb, _ := before.Sessions(d)
		sa, _ := after.Sessions(d)
		b, a := stateOn(before, d), stateOn(after, d)
		differs := b.known != a.known || !slices.EqualFunc(sb, sa, sameTime)
		within := next < len(got) && got[next].Days.Contains(d)
		switch {
		case differs && !within:
			t.Fatalf("%s: %v became %v, and is in no change", d, b, a)
		case differs && b.known == a.known && !strings.HasPrefix(got[next].After.sessions, a.sessions):
			t.Fatalf("%s: became %v, and the change %v says other", d, a, got[next])
		case !differs && within && len(sb) > 0:
			t.Fatalf("%s: stayed %v, and is in the change %v", d, b, got[next])
		}
	}
}

func TestFollowersAreAllThatStandOnACalendar(t *testing.T) {
	cs := calendarsWith(t)
	f := func(name string, want ...string) {
		t.Helper()
		if got, err := likesOf(cs, name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	f("china")
	f("24x7")
	f("china_stocks", "china")
	f("shfe_rb", "china_futures", "china")
	if _, err := likesOf(cs, "none"); fault.CodeOf(err) != fault.MarketUnlisted {
		t.Errorf("none: got %v", err)
	}
}

func TestLabelsGiveWayToSpaceOfTheirWidth(t *testing.T) {
	f := func(lang string, label message, want string) {
		t.Helper()
		p, _, _ := newProgram()
		p.lang = lang
		var b strings.Builder
		p.labelled(&b, label, []string{"x", "y"})
		if b.String() != want {
			t.Errorf("%s: got %q, want %q", lang, b.String(), want)
		}
	}
	f("en", labelZone, "  zone:         x\n                y\n")
	f("zh", labelZone, "  时区：　　　x\n  　　　　　　y\n")
}

func TestLabelsAreOfOneWidth(t *testing.T) {
	for _, m := range []message{
		labelLike, labelOwners, labelZone, labelKnown, labelWeekdays, labelAuction, labelClosing, labelHours, labelAt, labelDay,
		labelSession, labelNext, labelSessions, labelHolidays, labelOdd, labelDays, labelFollowers,
	} {
		if en, zh := len(m.en), len([]rune(m.zh)); en != 14 || zh != 6 {
			t.Errorf("%q and %q: got widths %d and %d, want 14 and 6", m.en, m.zh, en, zh)
		}
	}
}
