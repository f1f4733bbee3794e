package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/config"
	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func (p *program) calendarCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check [FILE]",
		Short:   p.say(calendarCheckShort),
		Long:    p.say(calendarCheckLong),
		Example: "  redfire calendar check\n  redfire calendar check new.yaml -o json",
		Args:    between(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				if p.config != "" {
					return fault.CommandUsage.Errorf("%s: name the file once, behind the command or with --config", c.CommandPath())
				}
				p.config = args[0]
			}
			return p.calendarCheck()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
}

// A comparison tells what a calendar of the configuration is beside RedFire's.
type comparison struct {
	name      string
	before    *market.Calendar // RedFire's own of that name, nil if there is none
	after     *market.Calendar
	settings  []setting
	days      []dayChange
	followers []string // RedFire's own that are like it
}

// A setting is what a calendar has for all its days.
type setting struct {
	Key    string `json:"key"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// A dayChange is a stretch of days whose sessions were others, or unknown.
type dayChange struct {
	Days   market.Dates `json:"days"`
	Count  int          `json:"trading_days"` // after
	Before dayState     `json:"before"`
	After  dayState     `json:"after"`
}

// A dayState is what a calendar says of a day.
type dayState struct {
	known    bool
	sessions string // "" for no trading
	various  bool   // the sessions are not the same on all days of a stretch
}

// MarshalJSON writes what is not known, and what is not one thing, as null.
func (s dayState) MarshalJSON() ([]byte, error) {
	var sessions any
	if s.known && !s.various {
		sessions = s.sessions
	}
	return fields{{"known", s.known}, {"sessions", sessions}}.MarshalJSON()
}

var checkColumns = []column{
	{"name", message{}}, {"status", message{}}, {"like", message{}}, {"symbols", message{}},
	{"settings", message{}}, {"days", message{}}, {"changed_by_it", message{}},
}

func (p *program) calendarCheck() error {
	layers, err := config.Read(p.options())
	if err != nil {
		return err
	}
	c, err := layers.Config()
	if err != nil {
		return err
	}
	specs := c.CalendarSpecs()
	stock, err := market.NewCalendars()
	if err != nil {
		return err
	}
	own, err := market.NewCalendars(specs...)
	if err != nil {
		return err
	}
	followers, err := followersOf(own, stock, c, layers.File())
	if err != nil {
		return err
	}
	r := result{columns: checkColumns, rows: [][]any{}}
	var texts []string
	for _, s := range specs {
		d, err := compare(s.Name, stock, own)
		if err != nil {
			return err
		}
		d.followers = followers[s.Name]
		r.rows = append(r.rows, d.cells())
		texts = append(texts, p.comparisonText(d))
	}
	r.prose = p.checkText(layers.File(), texts)
	return p.print(r)
}

func (p *program) checkText(file string, texts []string) string {
	switch {
	case len(texts) == 0 && file == "":
		return p.say(checkNoFile)
	case len(texts) == 0:
		return p.say(calendarCheckNone, file)
	case file == "":
		return strings.Join(texts, "\n")
	}
	return p.say(checkOK, file) + "\n\n" + strings.Join(texts, "\n")
}

// followersOf returns by the name of each calendar of a configuration those of
// RedFire's own that are like it, or like one that is. All of them can be made, or
// the error tells which cannot.
func followersOf(own, stock *market.Calendars, c *config.Config, file string) (map[string][]string, error) {
	all := map[string][]string{}
	if !slices.ContainsFunc(stock.Names(), func(name string) bool { _, changed := c.Calendars[name]; return changed }) {
		return all, nil
	}
	var problems fault.List
	for _, name := range stock.Names() {
		if _, configured := c.Calendars[name]; configured {
			continue
		}
		likes, err := likesOf(own, name)
		if err != nil {
			problems = append(problems, fault.At(fault.Place{File: file}, err))
		}
		for _, like := range likes {
			all[like] = append(all[like], name)
		}
	}
	return all, problems.Err()
}

// likesOf returns the names of the calendars on which one stands.
func likesOf(cs *market.Calendars, name string) ([]string, error) {
	var all []string
	for {
		c, err := cs.Named(name)
		if err != nil || c.Spec().Like == "" {
			return all, err
		}
		name = c.Spec().Like
		all = append(all, name)
	}
}

// compare holds a calendar of the configuration against RedFire's own of the name.
func compare(name string, stock, own *market.Calendars) (*comparison, error) {
	after, err := own.Named(name)
	if err != nil || !slices.Contains(stock.Names(), name) {
		return &comparison{name: name, after: after}, err
	}
	before, err := stock.Named(name)
	if err != nil {
		return nil, err
	}
	d := &comparison{name: name, before: before, after: after}
	b, a := before.Spec(), after.Spec()
	for _, s := range []setting{
		{"like", b.Like, a.Like},
		{"zone", before.Zone().String(), after.Zone().String()},
		{"known", b.Known.String(), a.Known.String()},
		{"weekdays", b.Weekdays.String(), a.Weekdays.String()},
		{"auction", short(b.Auction), short(a.Auction)},
		{"closing", short(b.Closing), short(a.Closing)},
	} {
		if s.Before != s.After {
			d.settings = append(d.settings, s)
		}
	}
	d.days = daysChanged(before, after)
	return d, nil
}

// daysChanged returns the days of which one calendar says something else than the
// other, joined where it is the same: days without trading in both do not divide
// a stretch, and days that only one of them knows are one.
func daysChanged(before, after *market.Calendar) []dayChange {
	all := []dayChange{}
	goesOn := false // the days between the last change and this one are none
	for d := min(before.Known().First, after.Known().First); d <= max(before.Known().Last, after.Known().Last); d++ {
		sb, errB := before.Sessions(d)
		sa, errA := after.Sessions(d)
		if (errB == nil) == (errA == nil) && slices.EqualFunc(sb, sa, sameTime) {
			goesOn = goesOn && len(sb) == 0
			continue
		}
		b, a := stateOn(before, d), stateOn(after, d)
		switch {
		case b.known != a.known:
			b, a = dayState{known: b.known, various: true}, dayState{known: a.known, various: true}
		case before.Zone().String() != after.Zone().String():
			b.sessions, a.sessions = beside(b.sessions, before.Zone().String()), beside(a.sessions, after.Zone().String())
		case b.sessions == a.sessions: // the night is that of another date
			b.sessions, a.sessions = beside(b.sessions, sb[0].From.Date(before.Zone()).String()), beside(a.sessions, sa[0].From.Date(after.Zone()).String())
		}
		n := len(all)
		if !goesOn || all[n-1].Before != b || all[n-1].After != a {
			all = append(all, dayChange{Days: market.Dates{First: d}, Before: b, After: a})
			n++
		}
		last := &all[n-1]
		last.Days.Last, goesOn = d, true
		if len(sa) > 0 {
			last.Count++
		}
	}
	return all
}

// beside returns sessions, if there are any, with what they cannot do without.
func beside(sessions, what string) string {
	if sessions == "" {
		return ""
	}
	return sessions + " (" + what + ")"
}

func sameTime(a, b market.Session) bool {
	return a.From == b.From && a.To == b.To && a.Night == b.Night
}

func stateOn(c *market.Calendar, d market.Date) dayState {
	all, err := c.Sessions(d)
	if err != nil {
		return dayState{}
	}
	return dayState{known: true, sessions: sessionsText(all, c.Zone())}
}

func (d *comparison) status() string {
	if d.before == nil {
		return "new"
	}
	return "changed"
}

func (d *comparison) cells() []any {
	s := d.after.Spec()
	return []any{
		d.name, d.status(), s.Like, append([]string{}, s.Symbols...),
		append([]setting{}, d.settings...), append([]dayChange{}, d.days...), append([]string{}, d.followers...),
	}
}

// someChanges is how many changes of days people read of one calendar.
const someChanges = 20

// comparisonText is what people read of one calendar.
func (p *program) comparisonText(d *comparison) string {
	var b strings.Builder
	line := func(label message, lines ...string) { p.labelled(&b, label, lines) }
	s := d.after.Spec()
	if d.before == nil {
		fmt.Fprintln(&b, p.say(checkNew, d.name))
		if s.Like != "" {
			line(labelLike, s.Like)
		}
		line(labelZone, d.after.Zone().String())
		line(labelKnown, s.Known.String())
	} else {
		fmt.Fprintln(&b, p.say(checkChanged, d.name))
		for _, c := range d.settings {
			fmt.Fprintf(&b, "  %-14s%s -> %s\n", c.Key+":", p.shown(c.Before), p.shown(c.After))
		}
	}
	switch {
	case len(s.Symbols) > 0:
		line(labelOwners, strings.Join(s.Symbols, ", "))
	case d.before == nil:
		line(labelOwners, p.say(checkNoSymbols))
	}
	if d.before != nil {
		line(labelDays, p.changeLines(d.days)...)
	}
	if len(d.followers) > 0 {
		line(labelFollowers, someOf(d.followers))
	}
	return b.String()
}

// changeLines returns a line for each of some changes of days.
func (p *program) changeLines(all []dayChange) []string {
	if len(all) == 0 {
		return []string{p.say(checkSameDays)}
	}
	var lines []string
	for _, c := range all[:min(len(all), someChanges)] {
		lines = append(lines, p.changeText(c))
	}
	if more := len(all) - someChanges; more > 0 {
		lines = append(lines, p.say(checkMore, more))
	}
	return lines
}

func (p *program) changeText(c dayChange) string {
	state := func(s dayState, other dayState) string {
		switch {
		case !s.known:
			return p.say(stateUnknown)
		case !other.known:
			return p.say(stateKnown)
		}
		if s.sessions == "" {
			return p.say(stateNone)
		}
		return s.sessions
	}
	text := fmt.Sprintf("%s  %s -> %s", c.Days, state(c.Before, c.After), state(c.After, c.Before))
	if c.Days.First != c.Days.Last && c.Count > 0 {
		text += p.say(stateCount, c.Count)
	}
	return text
}
