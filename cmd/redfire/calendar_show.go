package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/redfire-quant/redfire/market"
)

// someStretches is how many of what lies ahead are shown.
const someStretches = 5

// A calendarView is a calendar as it is at an instant.
type calendarView struct {
	*market.Calendar
	asked    string // by the user, for it
	owners   []string
	changed  bool // it is of the configuration
	at       market.Time
	zone     *time.Location
	standing market.Standing
	day      market.Date
	sessions []market.Session // of the day
	session  market.Session   // that holds the instant, or the next one
	next     bool
	periods  []period
}

func (p *program) calendarShow(cs *market.Calendars, arg string, m moment) error {
	c, err := calendarOf(cs, arg)
	if err != nil {
		return err
	}
	at, zone, err := m.in(c.Zone())
	if err != nil {
		return err
	}
	if _, err := c.TradingDay(at); err != nil && m.at == "" {
		at = lastSession(c)
	}
	v := &calendarView{
		Calendar: c, asked: arg, owners: ownersOf(cs, c), changed: slices.Contains(p.configured, c.Name()),
		at: at, zone: zone, periods: periods(c),
	}
	if err := v.look(); err != nil {
		return err
	}
	if err := p.print(result{columns: viewColumns, rows: [][]any{v.cells()}, single: true, prose: p.viewText(v)}); err != nil {
		return err
	}
	if last := c.Known().Last; p.format == formatTable && last-v.day < endsSoon {
		p.note(calendarEnds, last, rootOf(cs, c))
	}
	return nil
}

// rootOf returns the name of the calendar from which c has the days it knows.
func rootOf(cs *market.Calendars, c *market.Calendar) string {
	for c.Spec().Like != "" {
		like, err := cs.Named(c.Spec().Like)
		if err != nil || like.Known().Last != c.Known().Last {
			break
		}
		c = like
	}
	return c.Name()
}

// lastSession returns when the last session that is known begins: what there is to
// show where today is not known.
func lastSession(c *market.Calendar) market.Time {
	var begin market.Time
	for d := range c.TradingDays(c.Known()) {
		if sessions, err := c.Sessions(d); err == nil {
			begin = sessions[len(sessions)-1].From
		}
	}
	return begin
}

// endsSoon is within how many days of its end a calendar says so.
const endsSoon = 60

// look finds out how the calendar is at its instant.
func (v *calendarView) look() (err error) {
	if v.day, err = v.TradingDay(v.at); err != nil {
		return err
	}
	if v.sessions, err = v.Sessions(v.day); err != nil {
		return err
	}
	_, _, v.standing = v.Windows(market.Minute).At(v.at)
	s, open, err := v.Session(v.at)
	v.session, v.next = s, !open
	if err != nil && v.standing == market.JustClosed {
		v.session = v.sessions[len(v.sessions)-1] // none is known that follows
		return nil
	}
	return err
}

// usual returns the hours that are in force on the trading day.
func (v *calendarView) usual() string {
	for _, p := range v.periods {
		if p.Days.Contains(v.day) {
			return p.Hours
		}
	}
	return ""
}

// holidays returns the next stretches of days on which there would be trading by
// the day of the week and is none. Other days without trading may lie between.
func (v *calendarView) holidays() []market.Dates {
	all := []market.Dates{}
	for d := range v.Holidays(market.Dates{First: v.at.Date(v.Zone())}) {
		n := len(all)
		if n > 0 && !v.trades(market.Dates{First: all[n-1].Last, Last: d}) {
			all[n-1].Last = d
			continue
		}
		if n == someStretches {
			break
		}
		all = append(all, market.Dates{First: d, Last: d})
	}
	return all
}

// trades reports whether one of some days is a trading day.
func (v *calendarView) trades(ds market.Dates) bool {
	for range v.TradingDays(ds) {
		return true
	}
	return false
}

// oddDays returns the next stretches of trading days that have other sessions than
// those in force.
func (v *calendarView) oddDays() []period {
	all, usual := []period{}, v.usual()
	before := market.Date(0) // the trading day before, if it is odd
	for d := range v.TradingDays(market.Dates{First: v.day}) {
		sessions, err := v.Sessions(d)
		text := sessionsText(sessions, v.Zone())
		if err != nil || text == usual {
			before = 0
			continue
		}
		n := len(all)
		if before != 0 && all[n-1].Hours == text {
			all[n-1].Days.Last, before = d, d
			continue
		}
		if n == someStretches {
			break
		}
		all, before = append(all, period{market.Dates{First: d, Last: d}, text}), d
	}
	return all
}

var viewColumns = []column{
	{"name", message{}}, {"like", message{}}, {"symbols", message{}}, {"configured", message{}}, {"zone", message{}}, {"known", message{}},
	{"weekdays", message{}}, {"auction", message{}}, {"closing", message{}}, {"hours", message{}}, {"hours_in_force", message{}},
	{"at", message{}}, {"standing", message{}}, {"open", message{}}, {"trading_day", message{}},
	{"session", message{}}, {"sessions", message{}}, {"holidays", message{}}, {"odd_days", message{}},
}

func (v *calendarView) cells() []any {
	s := v.Spec()
	return []any{
		v.Name(), s.Like, v.owners, v.changed, v.Zone().String(), v.Known(),
		s.Weekdays, short(s.Auction), short(s.Closing), v.periods, v.usual(),
		stamp{v.at, v.zone}, standings[v.standing].key, !v.next, v.day,
		sessionCells([]market.Session{v.session}, v.zone)[0], sessionCells(v.sessions, v.zone), v.holidays(), v.oddDays(),
	}
}

// standings are the words for how an instant stands to the sessions.
var standings = map[market.Standing]struct {
	key string
	say message
}{
	market.OutOfCalendar: {"unknown", stateUnknown},
	market.OutOfSession:  {"closed", standsClosed},
	market.InSession:     {"open", standsOpen},
	market.InAuction:     {"auction", standsAuction},
	market.JustClosed:    {"just_closed", standsJustClosed},
}

// viewText is what people read of a calendar.
func (p *program) viewText(v *calendarView) string {
	var b strings.Builder
	head, s := v.Name(), v.Spec()
	if !strings.EqualFold(v.asked, head) {
		head = p.say(viewOf, v.asked, head)
	}
	if v.changed {
		head += p.say(viewConfigured)
	}
	fmt.Fprintln(&b, head)
	line := func(label message, lines ...string) { p.labelled(&b, label, lines) }
	if s.Like != "" {
		line(labelLike, s.Like)
	}
	if len(v.owners) > 0 {
		line(labelOwners, strings.Join(v.owners, ", "))
	}
	line(labelZone, v.Zone().String())
	line(labelKnown, v.Known().String())
	line(labelWeekdays, s.Weekdays.String())
	if s.Auction > 0 {
		line(labelAuction, short(s.Auction))
	}
	if s.Closing > 0 {
		line(labelClosing, short(s.Closing))
	}
	long, few := lasting(v.periods)
	hours := periodLines(long)
	if few > 0 {
		hours = append(hours, p.say(fewPeriods, few))
	}
	line(labelHours, hours...)
	fmt.Fprintln(&b)
	line(labelAt, fmt.Sprintf("%s (%s): %s", clock(v.at, v.zone, false), v.zone, p.say(standings[v.standing].say)))
	line(labelDay, v.day.String())
	label := labelSession
	if v.next {
		label = labelNext
	}
	line(label, p.sessionLine(v.session, v.zone))
	var lines []string
	for _, s := range v.sessions {
		lines = append(lines, p.sessionLine(s, v.zone))
	}
	line(labelSessions, lines...)
	fmt.Fprintln(&b)
	line(labelHolidays, p.orNone(datesLines(v.holidays()))...)
	line(labelOdd, p.orNone(periodLines(v.oddDays()))...)
	return b.String()
}

// labelled writes lines with a label in front of the first.
func (p *program) labelled(b *strings.Builder, label message, lines []string) {
	text := p.say(label)
	for i, line := range lines {
		if i > 0 {
			text = strings.Map(blank, text)
		}
		fmt.Fprintf(b, "  %s%s\n", text, line)
	}
}

// blank returns the space that is as wide as r.
func blank(r rune) rune {
	if r > unicode.MaxLatin1 {
		return '\u3000'
	}
	return ' '
}

// orNone returns lines, or the word for there being none.
func (p *program) orNone(lines []string) []string {
	if len(lines) == 0 {
		return []string{p.say(valueNone)}
	}
	return lines
}

func datesLines(all []market.Dates) []string {
	var lines []string
	for _, d := range all {
		lines = append(lines, d.String())
	}
	return lines
}

// periodLines returns a line for each period, the hours below each other.
func periodLines(all []period) []string {
	wide := 0
	for _, p := range all {
		wide = max(wide, len(p.Days.String()))
	}
	var lines []string
	for _, p := range all {
		lines = append(lines, fmt.Sprintf("%-*s  %s", wide, p.Days, p.Hours))
	}
	return lines
}

// sessionLine returns a session for people: 2026-01-05 21:00 - 23:00, night.
func (p *program) sessionLine(s market.Session, zone *time.Location) string {
	from, to := s.From.In(zone), s.To.In(zone)
	end := "15:04"
	if s.From.Date(zone) != s.To.Date(zone) {
		end = "2006-01-02 15:04"
	}
	text := from.Format("2006-01-02 15:04") + " - " + to.Format(end)
	if s.Night {
		text += p.say(sessionNight)
	}
	return text
}
