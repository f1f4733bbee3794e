package market_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// plain is a spec that can be made; tests change it.
func plain(t testing.TB, name string) market.CalendarSpec {
	t.Helper()
	return market.CalendarSpec{
		Name: name, Zone: "Asia/Shanghai", Known: datesOf(t, "2026-01-05..2026-01-18"), Weekdays: market.MondayToFriday,
		Hours: hoursOf(t, "night 21:00-23:00 day 09:00-11:00"),
	}
}

// sessionsText returns the sessions of all days of c, a day a line, by its clock.
func sessionsText(t testing.TB, c *market.Calendar) string {
	t.Helper()
	var b strings.Builder
	for _, s := range sessionsOf(t, c) {
		fmt.Fprintf(&b, "%s %s-%s", s.Day.String()[8:], s.From.In(c.Zone()).Format("02T15:04"), s.To.In(c.Zone()).Format("02T15:04"))
		if s.Night {
			b.WriteString(" night")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// wantSessions fails unless a calendar of the spec, changed by spoil, has
// sessions on these days, with + where there is a night.
func wantSessions(t *testing.T, want string, change func(*market.CalendarSpec)) {
	t.Helper()
	s := plain(t, "x")
	change(&s)
	c, err := market.NewCalendar(s)
	if err != nil {
		t.Errorf("want %s: %v", want, err)
		return
	}
	var days []string
	for d := range c.TradingDays(market.Dates{}) {
		sessions, err := c.Sessions(d)
		if err != nil || len(sessions) == 0 {
			t.Errorf("%s: got %v, %v", d, sessions, err)
			continue
		}
		text := d.String()[8:]
		if sessions[0].Night {
			text += "+"
		}
		if !sessions[len(sessions)-1].Night && sessions[len(sessions)-1].To.In(c.Zone()).Hour() != 11 {
			text += "'"
		}
		days = append(days, text)
	}
	if got := strings.Join(days, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSpecsMakeDays(t *testing.T) {
	type spec = *market.CalendarSpec
	days := func(texts ...string) (all []market.Dates) {
		for _, s := range texts {
			all = append(all, datesOf(t, s))
		}
		return all
	}
	wantSessions(t, "05 06+ 07+ 08+ 09+ 12+ 13+ 14+ 15+ 16+", func(spec) {})
	wantSessions(t, "05 06+ 08 09+ 12+ 13+ 14+ 15+ 16+", func(s spec) { s.Closed = days("2026-01-07") })
	wantSessions(t, "05 06+ 07+ 08+ 13 14+ 15+ 16+", func(s spec) { s.Closed = days("2026-01-09..2026-01-12") })
	wantSessions(t, "06 07+ 08+ 09+ 12+ 13+ 14+ 15+", func(s spec) { s.Closed = days("2025-12-01..2026-01-05", "2026-01-16..2026-02-01") })
	wantSessions(t, "05 06+ 07+ 08+ 09+ 10+ 12+ 13+ 14+ 15+ 16+ 18+", func(s spec) { s.Open = days("2026-01-10", "2026-01-18", "2026-01-19") })
	wantSessions(t, "05 06+ 07+ 08+ 09+ 12+ 13 14 15+ 16+", func(s spec) { s.NoNight = days("2026-01-13..2026-01-14") })
	wantSessions(t, "05 06 07 08 09 12 13+ 14+ 15+ 16+", func(s spec) { s.NoNight = days("..2026-01-12") })
	wantSessions(t, "05 06+ 07+ 08+ 09+ 12+' 13 14+ 15+ 16+", func(s spec) {
		s.Hours = append(s.Hours, hoursOf(t, "2026-01-12 night 21:00-22:00 day 09:00-10:00", "2026-01-13 09:00-11:00")...)
	})
	wantSessions(t, "05 06+ 07+ 08+ 09+ 12 13 14 15 16", func(s spec) { s.Hours = append(s.Hours, hoursOf(t, "2026-01-10.. 10:00-11:00")...) })
	// A table counts from its first day to its last.
	wantSessions(t, "05 06+ 07+ 08+ 10 13 14+ 15+ 16+", func(s spec) {
		for _, d := range []string{"2026-01-08", "2026-01-10", "2026-01-13"} {
			s.Table = append(s.Table, datesOf(t, d).First)
		}
	})
	wantSessions(t, "07", func(s spec) { s.Known = datesOf(t, "2026-01-07") })
	wantSessions(t, "16", func(s spec) {
		s.Known, s.Hours = datesOf(t, "1678-01-01..2261-12-31"), hoursOf(t, "09:00-11:00")
		s.Table = []market.Date{datesOf(t, "1678-01-01").First, datesOf(t, "2026-01-16").First, datesOf(t, "2261-12-31").First}
		s.Closed = days("1678-01-01", "2261-12-31")
	})
}

func TestSpecsThatSayTooLittleOrTooMuch(t *testing.T) {
	f := func(words string, spoil func(*market.CalendarSpec)) {
		t.Helper()
		s := plain(t, "odd one")
		spoil(&s)
		c, err := market.NewCalendar(s)
		if c != nil || !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "odd one") {
			t.Errorf("got %v, %v, want an error of %q", c, err, words)
		}
	}
	type spec = *market.CalendarSpec
	day, other := datesOf(t, "2026-01-07"), datesOf(t, "2026-01-08")
	f("which only a set of calendars knows", func(s spec) { s.Like = "china" })
	f("time zone", func(s spec) { s.Zone = "" })
	f("days of the week", func(s spec) { s.Weekdays = 0 })
	f("say its sessions", func(s spec) { s.Hours = nil })
	for _, known := range []market.Dates{{}, {First: day.First}, {Last: day.First}, {First: other.First, Last: day.First}, {First: 1, Last: day.First}, {First: day.First, Last: 1 << 30}} {
		f("for which days it is known", func(s spec) { s.Known = known })
	}
	f("less than nothing", func(s spec) { s.Auction = -1 })
	f("less than nothing", func(s spec) { s.Closing = -1 })
	f("more than an hour", func(s spec) { s.Auction = time.Hour + 1 })
	f("more than an hour", func(s spec) { s.Closing = time.Hour + 1 })
	f("name the first and the last", func(s spec) { s.Closed = []market.Dates{{First: day.First}} })
	f("name the first and the last", func(s spec) { s.Closed = []market.Dates{{Last: day.First}} })
	f("name the first and the last", func(s spec) { s.Open = []market.Dates{{First: day.First}} })
	f("name the first and the last", func(s spec) { s.Open = []market.Dates{{Last: day.First}} })
	f("is open, and closed by", func(s spec) {
		s.Open, s.Closed = []market.Dates{other}, []market.Dates{day, {First: day.First, Last: other.First}}
	})
	f("is open, and closed by", func(s spec) {
		s.Open, s.Closed = []market.Dates{{First: day.First, Last: other.First}}, []market.Dates{other}
	})
	f("end before they begin", func(s spec) { s.Closed = []market.Dates{{First: other.First, Last: day.First}} })
	f("end before they begin", func(s spec) { s.NoNight = []market.Dates{{First: other.First, Last: day.First}} })
	f("end before they begin", func(s spec) { s.Hours[0].Days = market.Dates{First: other.First, Last: day.First} })
	f("do not ascend", func(s spec) { s.Table = []market.Date{other.First, day.First} })
	f("is no session", func(s spec) { s.Hours[0].Day[0].To = 0 })
	f("is no session", func(s spec) { s.Hours[0].Night[0].From = 0; s.Hours[0].Night[0].To = 49 * time.Hour })
	f("is no session", func(s spec) { s.Hours[0].Day[0].From = -time.Hour })
	f("2026-01-05 has no sessions; say them", func(s spec) { s.Hours[0].Days = day })
	f("2026-01-07 has no sessions but", func(s spec) {
		s.Hours = hoursOf(t, "09:00-10:00", "2026-01-07 night 21:00-22:00")
		s.NoNight = []market.Dates{day}
	})
	f("no day has a session", func(s spec) { s.Closed = []market.Dates{s.Known} })
	f("begins before another ends", func(s spec) { s.Hours = hoursOf(t, "09:00-34:00") })
	f("begins before another ends", func(s spec) { s.Hours = hoursOf(t, "night 21:00-34:00 day 09:00-10:00") })
	f("begins before another ends", func(s spec) { s.Hours = hoursOf(t, "eve 17:00-25:00 day 00:30-10:00") })
	f("begins before another ends", func(s spec) { s.Hours = []market.Hours{{Day: []market.Span{{From: 2, To: 3}, {From: 1, To: 2}}}} })
}

func TestSessionsThatMeetAreOneButNotANightAndADay(t *testing.T) {
	f := func(hours, want string) {
		t.Helper()
		s := plain(t, "x")
		s.Hours, s.Known = hoursOf(t, hours), datesOf(t, "2026-01-06..2026-01-07")
		c, err := market.NewCalendar(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := sessionsText(t, c); got != want {
			t.Errorf("%s: got\n%swant\n%s", hours, got, want)
		}
	}
	f("09:00-10:00 10:00-11:00", "06 06T09:00-06T11:00\n07 07T09:00-07T11:00\n")
	f("eve 17:00-24:00 day 00:00-16:00", "06 05T17:00-06T16:00\n07 06T17:00-07T16:00\n")
	f("00:00-24:00", "06 06T00:00-07T00:00\n07 07T00:00-08T00:00\n")
	f("night 21:00-33:00 day 09:00-10:00", "06 06T09:00-06T10:00\n07 06T21:00-07T09:00 night\n07 07T09:00-07T10:00\n")
}

func TestHolidaysAreDaysOfTheWeekWithoutTrading(t *testing.T) {
	s := plain(t, "x")
	s.Closed, s.Open = []market.Dates{datesOf(t, "2026-01-05..2026-01-06"), datesOf(t, "2026-01-16..2026-01-18")}, []market.Dates{datesOf(t, "2026-01-10")}
	c, err := market.NewCalendar(s)
	if err != nil {
		t.Fatal(err)
	}
	f := func(ds, want string) {
		t.Helper()
		var got []string
		for d := range c.Holidays(datesOf(t, ds)) {
			got = append(got, d.String()[8:])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %s, want %s", ds, got, want)
		}
		for range c.Holidays(datesOf(t, ds)) {
			break
		}
	}
	f("..", "05 06 16")
	f("2026-01-06..2026-01-16", "06 16")
	f("2026-01-07..2026-01-15", "")
	f("2025-01-07..2026-01-05", "05")
	f("2026-01-16..2027-01-05", "16")
	for ds, want := range map[string]int{"..": 8, "2026-01-07": 1, "2026-01-10": 1, "2026-01-11": 0, "2026-01-08..2026-01-12": 4, "..2026-01-06": 0, "2026-01-15..": 1} {
		if got := len(slices.Collect(c.TradingDays(datesOf(t, ds)))); got != want {
			t.Errorf("%s: got %d trading days, want %d", ds, got, want)
		}
	}
	for _, d := range []market.Date{c.Known().First - 1, c.Known().Last + 1, 0} {
		if _, err := c.Sessions(d); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: got %v, want that it is not known", d, err)
		}
	}
}

func calendarsWith(t testing.TB, specs ...market.CalendarSpec) *market.Calendars {
	t.Helper()
	cs, err := market.NewCalendars(specs...)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

func named(t testing.TB, cs *market.Calendars, name string) *market.Calendar {
	t.Helper()
	c, err := cs.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACalendarHasWhatItDoesNotSayFromTheOneItIsLike(t *testing.T) {
	base := plain(t, "base")
	base.Auction, base.Closing, base.Symbols = time.Minute, time.Second, []string{"*.BASE"}
	base.Closed = []market.Dates{datesOf(t, "2026-01-07..2026-01-08")}
	base.NoNight = []market.Dates{datesOf(t, "2026-01-14")}
	child := market.CalendarSpec{
		Name: "child", Like: "base", Open: []market.Dates{datesOf(t, "2026-01-08")}, Closing: time.Minute,
		Hours: hoursOf(t, "2026-01-09 10:00-11:00"), NoNight: []market.Dates{datesOf(t, "2026-01-13")}, Known: market.Dates{Last: base.Known.Last - 3},
	}
	cs := calendarsWith(t, child, market.CalendarSpec{Name: "grandchild", Like: "child", Closed: []market.Dates{datesOf(t, "2026-01-08")}}, base)
	c := named(t, cs, "child")
	s := c.Spec()
	if c.Name() != "child" || s.Like != "base" || s.Symbols != nil || s.Zone != base.Zone || s.Auction != time.Minute || s.Closing != time.Minute || len(s.Hours) != 2 || c.Known().String() != "2026-01-05..2026-01-15" {
		t.Errorf("got %+v", s)
	}
	days := func(name string) string {
		var b strings.Builder
		for d := range named(t, cs, name).TradingDays(market.Dates{}) {
			b.WriteString(d.String()[8:])
		}
		return b.String()
	}
	for name, want := range map[string]string{"base": "0506091213141516", "child": "0506080912131415", "grandchild": "050609121314" + "15"} {
		if got := days(name); got != want {
			t.Errorf("%s: got the days %s, want %s", name, got, want)
		}
	}
	for d := range c.TradingDays(market.Dates{}) {
		sessions, err := c.Sessions(d)
		// 07 is closed, and the 13th and the 14th have no night by one spec each.
		if night := d.String() == "2026-01-06" || d.String() == "2026-01-12" || d.String() == "2026-01-15"; err != nil || sessions[0].Night != night {
			t.Errorf("%s: got %v, %v, want a night: %t", d, sessions, err, night)
		}
	}
	if got := cs.Names(); !slices.IsSorted(got) || !slices.Contains(got, "grandchild") || !slices.Contains(got, "shfe_rb") {
		t.Errorf("got %v", got)
	}
}

func TestACalendarOfRedFiresIsChangedUnderThoseThatAreLikeIt(t *testing.T) {
	day := datesOf(t, "2026-03-04")
	cs := calendarsWith(t, market.CalendarSpec{Name: "china", Closed: []market.Dates{day}}, market.CalendarSpec{Name: "shfe_au", Like: "24x7"}, market.CalendarSpec{Name: "china_stocks", Closing: time.Second})
	for name, want := range map[string]int{"china": 0, "china_stocks": 0, "china_futures": 0, "shfe_rb": 0, "us_stocks": 1, "shfe_au": 1} {
		if s, err := named(t, cs, name).Sessions(day.First); err != nil || len(s) != want {
			t.Errorf("%s: got %v, %v, want %d sessions", name, s, err, want)
		}
	}
	if c := named(t, cs, "shfe_au"); c.Zone() != time.UTC && c.Zone().String() != "UTC" || len(c.Spec().Hours) != 1 || c.Spec().Like != "24x7" {
		t.Errorf("a calendar that says what it is like has still %+v", c.Spec())
	}
	if c := named(t, cs, "china"); c.Spec().Like != "" || len(c.Spec().Table) == 0 {
		t.Errorf("got %+v", c.Spec().Like)
	}
	if c := named(t, cs, "china_stocks"); c.Spec().Like != "china" {
		t.Errorf("got %+v", c.Spec().Like)
	}
	s, err := named(t, calendarsWith(t), "china").Sessions(day.First)
	if err != nil || len(s) != 2 {
		t.Errorf("another set has %v, %v", s, err)
	}
}

func TestCalendarsThatCannotBeMade(t *testing.T) {
	f := func(kind error, words string, specs ...market.CalendarSpec) {
		t.Helper()
		if _, err := market.NewCalendars(specs...); !errors.Is(err, kind) || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %q", err, words)
		}
	}
	f(fault.Invalid, "no name", market.CalendarSpec{})
	f(fault.Invalid, "two calendars have the name x", plain(t, "x"), plain(t, "x"))
	f(fault.NotFound, `no calendar "y"`, market.CalendarSpec{Name: "x", Like: "y"})
	f(fault.Invalid, "like itself", market.CalendarSpec{Name: "x", Like: "x"})
	f(fault.Invalid, "like itself", market.CalendarSpec{Name: "x", Like: "y"}, market.CalendarSpec{Name: "y", Like: "x"})
	f(fault.Invalid, "like itself", market.CalendarSpec{Name: "china", Like: "china_stocks"})
	f(fault.Invalid, "like itself", market.CalendarSpec{Name: "china", Like: "china"})
	f(fault.Invalid, "less than nothing", market.CalendarSpec{Name: "x", Like: "china", Auction: -1})
	f(fault.Invalid, "time zone", market.CalendarSpec{Name: "x", Like: "china", Zone: "Local"})
	chain := []market.CalendarSpec{plain(t, "c0")}
	for i := range 16 {
		chain = append(chain, market.CalendarSpec{Name: fmt.Sprint("c", i+1), Like: fmt.Sprint("c", i)})
	}
	calendarsWith(t, chain...)
	f(fault.Invalid, "like itself", append(chain, market.CalendarSpec{Name: "c17", Like: "c16"})...)
	cs := calendarsWith(t, plain(t, "mine"))
	for name, words := range map[string]string{"shfe_rbb": "shfe_rb,", "chin": "mine", "": "china", "_x": "24x7", "cffex_": "cffex_if"} {
		if c, err := cs.Named(name); c != nil || !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error()+",", words) {
			t.Errorf("%q: got %v, %v, want that there is %s", name, c, err, words)
		}
	}
	if _, err := cs.Named("chin"); strings.Contains(err.Error(), "shfe_rb") {
		t.Errorf("all products are named: %v", err)
	}
}

func TestCalendarsHaveNamesThatCanBeAskedFor(t *testing.T) {
	for _, name := range []string{"", "auto", "none"} {
		if _, err := market.NewCalendars(market.CalendarSpec{Name: name, Like: "24x7"}); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestSymbolsHaveTheCalendarOfTheirProduct(t *testing.T) {
	cs := calendarsWith(t)
	f := func(code string, e market.Exchange, want string) {
		t.Helper()
		y := market.Symbol{Code: code, Exchange: e}
		name, err := cs.NameOf(y)
		if name != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: got %q, %v, want %q", y, name, err, want)
		}
		if c, err := cs.Of(y); want != "" && (err != nil || c.Name() != want) || want == "" && err == nil {
			t.Errorf("%s: got %v, want %q", y, err, want)
		}
	}
	f("rb2601", market.SHFE, "shfe_rb")
	f("RB2601", market.SHFE, "shfe_rb")
	f("rb888", market.SHFE, "shfe_rb")
	f("rb2601C3500", market.SHFE, "shfe_rb")
	f("TA605", market.CZCE, "czce_ta")
	f("TA605C5000", market.CZCE, "czce_ta")
	f("m2601-C-3000", market.DCE, "dce_m")
	f("SP m2601&m2605", market.DCE, "dce_m")
	f("SPC a2601&m2601", market.DCE, "dce_a")
	f("IF2601", market.CFFEX, "cffex_if")
	f("sc2601", market.INE, "ine_sc")
	f("IO2601-C-4000", market.CFFEX, "cffex_io")
	f("rbL8", market.SHFE, "shfe_rb")
	f("AUL9", market.SHFE, "shfe_au")
	f("APJQ00", market.CZCE, "czce_ap")
	f("sctas2601", market.INE, "ine_sc")
	f("bz2601", market.DCE, "dce_bz") // and not dce_b
	f("L8", market.SHFE, "")
	f("rbL7", market.SHFE, "")
	f("2601", market.SHFE, "")
	f("rb2601 C 3500", market.SHFE, "")
	f("zz2601", market.SHFE, "")
	f("rb2601", market.DCE, "")
	f("600000", market.SSE, "china_stocks")
	f("000001", market.SZSE, "china_stocks")
	f("430047", market.BSE, "china_stocks")
	f("SPY", market.ARCA, "us_stocks")
	f("BTCUSDT", "BINANCE", "24x7")
	f("rb2601", market.LOCAL, "")
	f("ES", market.CME, "")
	for code, want := range map[string]string{"rb": "rb", "": "", "rb2601": "rb", "SP m2601&m2605": "m", "SP ": "", "螺纹2601": "", "a螺": "a", "Zz[": "Zz", "az{": "az", "@a": "", "`": ""} {
		if got := (market.Symbol{Code: code}).Product(); got != want {
			t.Errorf("%q: got the product %q, want %q", code, got, want)
		}
	}
}

func TestSymbolsHaveTheCalendarWhosePatternTheyMatch(t *testing.T) {
	f := func(pattern, symbols, not string) {
		t.Helper()
		s := plain(t, "mine")
		s.Symbols = []string{"nothing.X", pattern}
		cs := calendarsWith(t, s)
		for i, all := range []string{symbols, not} {
			for text := range strings.FieldsSeq(all) {
				y, err := market.ParseSymbol(text)
				if err != nil {
					t.Fatal(err)
				}
				if name, err := cs.NameOf(y); (name == "mine") != (i == 0) {
					t.Errorf("%q, %s: got %q, %v", pattern, y, name, err)
				}
			}
		}
	}
	f("rb*.SHFE", "rb2601.SHFE rb.SHFE rbx.y.SHFE", "hc2601.SHFE rb2601.DCE RB2601.SHFE arb.SHFE rb.SHFEX")
	f("*.LOCAL", "a.LOCAL 螺纹钢.LOCAL a.b.LOCAL", "a.LOCALX LOCAL.X")
	f("*", "a.X", "")
	f("rb????.SHFE", "rb2601.SHFE rb螺纹26.SHFE", "rb261.SHFE rb26011.SHFE")
	f("*a*b.X", "ab.X aab.X abab.X xaxbxb.X", "ba.X aba.X a.X")
	f("**a**.X**", "a.X ba.XY", "b.X")
	f("a.X", "a.X", "aa.X a.XX")
	f("?.X", "a.X 螺.X", "aa.X")
	f("", "", "a.X")
	a, b := plain(t, "a"), plain(t, "b")
	a.Symbols, b.Symbols = []string{"rb*.SHFE", "*26*"}, []string{"rb2601.*"}
	cs := calendarsWith(t, a, b)
	_, err := cs.Of(market.Symbol{Code: "rb2601", Exchange: market.SHFE})
	if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "calendars a and b") {
		t.Errorf("two patterns match: got %v", err)
	}
	for y, want := range map[market.Symbol]string{{Code: "rb2602", Exchange: market.SHFE}: "a", {Code: "rb2601", Exchange: "Y"}: "b", {Code: "hc2510", Exchange: market.SHFE}: "shfe_hc"} {
		if name, _ := cs.NameOf(y); name != want {
			t.Errorf("%s: got %q, want %q", y, name, want)
		}
	}
	own := calendarsWith(t, plain(t, "shfe_zz"))
	if name, err := own.NameOf(market.Symbol{Code: "zz2601", Exchange: market.SHFE}); name != "shfe_zz" {
		t.Errorf("the user's own product: got %q, %v", name, err)
	}
}

func TestCalendarsAreMadeOnceForAll(t *testing.T) {
	cs := calendarsWith(t)
	var wait sync.WaitGroup
	made := make([]*market.Calendar, 16)
	for i := range made {
		wait.Go(func() {
			c, err := cs.Of(market.Symbol{Code: "rb2601", Exchange: market.SHFE})
			if err != nil {
				t.Error(err)
				return
			}
			made[i] = c
			for range c.TradingDays(market.Dates{}) {
				break
			}
			c.Windows(market.Hour).At(at(t, "2024-01-05T01:30:00Z"))
		})
	}
	wait.Wait()
	if slices.ContainsFunc(made, func(c *market.Calendar) bool { return c != made[0] }) {
		t.Error("two calendars were made of one spec")
	}
}

func TestWindowsAreFoundWithoutAllocating(t *testing.T) {
	c := named(t, calendarsWith(t), "shfe_au")
	begin := at(t, "2024-03-04T00:00:00Z")
	for _, v := range []market.Interval{market.Minute, market.Hour, market.Day} {
		w, x := c.Windows(v), begin
		if n := testing.AllocsPerRun(1000, func() {
			w.At(x)
			x += 1e9 * 500
		}); n > 0 {
			t.Errorf("%s: %v allocations", v, n)
		}
	}
}

func BenchmarkWindowsAt(b *testing.B) {
	c := named(b, calendarsWith(b), "shfe_au")
	for _, v := range []market.Interval{market.Minute, market.Day, market.Week} {
		b.Run(v.String(), func(b *testing.B) {
			w, begin := c.Windows(v), at(b, "2024-03-04T00:00:00Z")
			x := begin
			for b.Loop() {
				w.At(x)
				if x += 5e8; x > begin+100*86400e9 {
					x = begin
				}
			}
		})
	}
}
