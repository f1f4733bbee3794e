package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func (p *program) calendarCommand() *cobra.Command {
	c := p.group("calendar", calendarShort)
	c.Long = p.say(calendarLong)
	c.AddCommand(p.calendarShowCommand(), p.calendarCheckCommand())
	return c
}

// moment is what flags say of the time for which a calendar is shown.
type moment struct{ at, tz string }

func (p *program) calendarShowCommand() *cobra.Command {
	var m moment
	c := &cobra.Command{
		Use:     "show [NAME|SYMBOL]",
		Short:   p.say(calendarShowShort),
		Long:    p.say(calendarShowLong),
		Example: "  redfire calendar show\n  redfire calendar show rb2601.SHFE\n  redfire calendar show shfe_rb --at '2026-01-05 21:30'",
		Args:    between(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			cs, err := p.calendars()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return p.calendarList(cs, m)
			}
			return p.calendarShow(cs, args[0], m)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return p.completeCalendars(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().Var(&given{&m.at, "TIME"}, "at", p.say(flagAt))
	p.completeNothing(c, "at")
	p.zoneFlag(c, &m.tz, flagCalendarZone)
	return c
}

// in returns the instant and the zone that the flags say, for a calendar whose
// clock shows own.
func (m moment) in(own *time.Location) (at market.Time, zone *time.Location, err error) {
	zone = own
	if m.tz != "" {
		if zone, err = loadZone("--tz", m.tz); err != nil {
			return 0, nil, err
		}
	}
	if m.at == "" {
		return market.Time(time.Now().UnixNano()), zone, nil
	}
	at, err = market.ParseTime(m.at, zone)
	return at, zone, fault.At(fault.Place{Field: "--at"}, err)
}

// calendarOf returns the calendar that an argument names, itself or by a symbol.
func calendarOf(cs *market.Calendars, arg string) (*market.Calendar, error) {
	if !strings.Contains(arg, ".") {
		return cs.Named(strings.ToLower(arg)) // as all names are written
	}
	y, err := market.ParseSymbol(arg)
	if err != nil {
		return nil, err
	}
	return cs.Of(y)
}

var calendarColumns = []column{
	{"name", colName}, {"like", message{}}, {"symbols", colOwners}, {"zone", colZone}, {"known", colKnown},
	{"configured", message{}}, {"open", message{}}, {"trading_day", colDay}, {"sessions", colSessions},
}

// calendarList lists the calendars: all of them, with the sessions of a day.
func (p *program) calendarList(cs *market.Calendars, m moment) error {
	r := result{columns: calendarColumns}
	for _, name := range cs.Names() {
		c, err := cs.Named(name)
		if err != nil {
			return err
		}
		at, zone, err := m.in(c.Zone())
		if err != nil {
			return err
		}
		owners := ownersOf(cs, c)
		cells := []any{name, c.Spec().Like, owners, c.Zone().String(), c.Known().String(), slices.Contains(p.configured, name)}
		if p.format == formatTable {
			cells[2] = someOf(owners)
		}
		r.rows = append(r.rows, append(cells, p.dayCells(c, at, zone)...))
	}
	return p.print(r)
}

// someOf returns the first words of a list, for a table.
func someOf(all []string) string {
	const most = 6
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s, … (%d)", strings.Join(all[:most-1], ", "), len(all))
}

// dayCells returns whether there is trading at an instant, its trading day and the
// sessions of that. If the instant is not known, it is the last day that is, or
// the first one.
func (p *program) dayCells(c *market.Calendar, at market.Time, zone *time.Location) []any {
	open := false
	day, err := c.TradingDay(at)
	if err != nil {
		for d := range c.TradingDays(c.Known()) {
			day = d
			if at.Date(c.Zone()) < d {
				break
			}
		}
	} else if _, now, err := c.Session(at); err == nil {
		open = now
	}
	sessions, err := c.Sessions(day)
	if err != nil {
		sessions = nil // it is a day that is known
	}
	if p.format == formatTable {
		return []any{open, day.String(), sessionsText(sessions, zone)}
	}
	return []any{open, day.String(), sessionCells(sessions, zone)}
}

// sessionCell is the JSON form of a session.
type sessionCell struct {
	From  stamp `json:"from"`
	To    stamp `json:"to"`
	Night bool  `json:"night"`
}

func sessionCells(all []market.Session, zone *time.Location) []sessionCell {
	cells := []sessionCell{}
	for _, s := range all {
		cells = append(cells, sessionCell{stamp{s.From, zone}, stamp{s.To, zone}, s.Night})
	}
	return cells
}
