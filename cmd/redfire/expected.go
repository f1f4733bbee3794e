package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// An expecting is what "gaps" and "coverage" are asked for.
type expecting struct {
	args     []string // symbol or pattern, and perhaps an interval
	span     *span
	calendar string
	limit    int
	limited  bool   // by a flag
	by       string // what a line of "coverage" is about, "" of "gaps"
}

// expectingFlags gives c the flags of both.
func (p *program) expectingFlags(c *cobra.Command, e *expecting) {
	e.span = p.spanFlags(c)
	c.Flags().Lookup("tz").Usage = p.say(flagCalendarZone)
	p.calendarFlag(c, &e.calendar, flagCalendarOf)
	p.limitFlag(c, &e.limit)
	c.ValidArgsFunction = p.completeSeries(series.Bars)
}

// check returns an error if the flags cannot be followed.
func (e *expecting) check(c *cobra.Command) error {
	if e.limited = c.Flags().Changed("limit"); e.limit < 0 {
		return fault.CommandUsage.Errorf("%s: %s is %d, and at least %d", c.CommandPath(), "--limit", e.limit, 0)
	}
	if e.calendar == marketfile.CalendarNone {
		return fault.CommandUsage.Errorf("%s: without a calendar no bar is expected; name one with --calendar", c.CommandPath())
	}
	return nil
}

// most returns how many rows are shown, 0 for all.
func (e *expecting) most(p *program) int {
	if !e.limited && p.format == formatTable {
		return tableRows
	}
	return e.limit
}

// calendarFlag gives c the flag --calendar.
func (p *program) calendarFlag(c *cobra.Command, value *string, use message) {
	c.Flags().Var(&given{value, "NAME"}, "calendar", p.say(use))
	err := c.RegisterFlagCompletionFunc("calendar", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return append([]string{marketfile.CalendarAuto, marketfile.CalendarNone}, p.completeCalendars()...), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag was defined just above
	}
}

// calendarNamed returns the calendar of a name, that of the symbol for "auto" or
// no name, and nil for "none".
func (p *program) calendarNamed(name string, y market.Symbol) (*market.Calendar, error) {
	cs, err := p.calendars()
	if err != nil || name == marketfile.CalendarNone {
		return nil, err
	}
	if name == "" || name == marketfile.CalendarAuto {
		return cs.Of(y)
	}
	c, err := cs.Named(strings.ToLower(name))
	if err != nil {
		return nil, fault.At(fault.Place{Field: "--calendar"}, err)
	}
	return c, nil
}

// A watched is a series of which it is known when its bars are expected.
type watched struct {
	about    series.Overview
	calendar *market.Calendar
	zone     *time.Location // in which times are read and shown
	query    series.ExpectedQuery
}

// watch finds the series that are asked for. Those of a pattern whose symbol has
// no calendar are left out, and told in the error beside the others.
func (p *program) watch(ctx context.Context, o *opened, e *expecting) (found []watched, left error, err error) {
	all, several, err := o.matching(ctx, e.args)
	if err != nil {
		return nil, nil, err
	}
	var without fault.List
	for _, about := range all {
		c, err := p.calendarNamed(e.calendar, about.Key.Symbol)
		if err != nil && several && e.calendar == "" {
			without = append(without, err)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		zone := c.Zone()
		if e.span.tz != "" {
			if zone, err = loadZone("--tz", e.span.tz); err != nil {
				return nil, nil, err
			}
		}
		r, err := e.bounds(c, zone, about.Key.Interval)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, watched{about, c, zone, series.ExpectedQuery{
			Keys: []series.Key{about.Key}, Range: r,
			Calendar: func(market.Symbol) (*market.Calendar, error) { return c, nil },
		}})
	}
	return found, without.Err(), nil
}

// bounds returns the range that the flags say. Of gaps between bars that are
// shorter than a day, a date alone is a trading day: it begins with its night.
func (e *expecting) bounds(c *market.Calendar, zone *time.Location, v market.Interval) (market.Range, error) {
	r, err := e.span.bounds(zone)
	if err != nil || e.by != "" || v.Daily() {
		return r, err
	}
	if day, err := market.ParseDate(e.span.since); err == nil {
		r.From = begin(c, day, r.From)
	}
	if day, err := market.ParseDate(e.span.until); err == nil {
		r.To = begin(c, day, r.To)
	}
	return r, nil
}

// begin returns when the first trading day from day on begins, which is after the
// one before has closed.
func begin(c *market.Calendar, day market.Date, midnight market.Time) market.Time {
	if span, ok := c.Span(market.Dates{First: day}); ok && day > c.Known().First {
		return span.From
	}
	return midnight
}

// matching returns the series of bars that arguments name, a pattern perhaps, and
// whether that could be several symbols.
func (o *opened) matching(ctx context.Context, args []string) (all []series.Overview, several bool, err error) {
	if !strings.ContainsAny(args[0], "*?") {
		all, err = o.find(ctx, series.Bars, args)
		return all, false, err
	}
	f := series.Filter{Kind: series.Bars}
	if len(args) > 1 {
		if f.Interval, err = market.ParseInterval(args[1]); err != nil {
			return nil, true, err
		}
	}
	matches, err := market.SymbolsLike(args[0])
	if err != nil {
		return nil, true, err
	}
	if all, err = o.all(ctx, f); err != nil {
		return nil, true, err
	}
	all = slices.DeleteFunc(all, func(about series.Overview) bool { return !matches(about.Key.Symbol) })
	if len(all) == 0 {
		return nil, true, fault.CommandNoSeries.Errorf("there are no bars of %s", args[0])
	}
	return all, true, nil
}
