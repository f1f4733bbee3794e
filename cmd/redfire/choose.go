package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A span is what the flags say of time: a part of a series, and a zone.
type span struct{ since, until, tz string }

func (p *program) spanFlags(c *cobra.Command) *span {
	s := &span{}
	c.Flags().Var(&given{&s.since, "TIME"}, "since", p.say(flagSince))
	c.Flags().Var(&given{&s.until, "TIME"}, "until", p.say(flagUntil))
	p.zoneFlag(c, &s.tz, flagZone)
	p.completeNothing(c, "since")
	p.completeNothing(c, "until")
	return s
}

func (p *program) zoneFlag(c *cobra.Command, value *string, use message) {
	c.Flags().Var(&given{value, "ZONE"}, "tz", p.say(use))
	p.completeChoice(c, "tz", []string{
		"UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Tokyo",
		"Europe/London", "Europe/Berlin", "America/Chicago", "America/New_York",
	})
}

func (p *program) completeNothing(c *cobra.Command, flag string) { p.completeChoice(c, flag, nil) }

// bounds returns the range that the flags say, naive times being those of zone.
func (s *span) bounds(zone *time.Location) (market.Range, error) {
	for _, end := range []struct{ flag, text string }{{"--since", s.since}, {"--until", s.until}} {
		if end.text == "" || end.text == ".." {
			continue
		}
		if _, err := market.ParseTime(end.text, zone); err != nil {
			return market.Range{}, fault.At(fault.Place{Field: end.flag}, err)
		}
	}
	return market.ParseRange(s.since, s.until, zone)
}

func (s *span) isEmpty() bool { return s.since == "" && s.until == "" }

// shown returns the zone in which times of a series are shown, and read where
// they name none: that of --tz, else for days and weeks, which begin at midnight
// there, the series' own, else UTC.
func shown(tz string, about series.Overview) (*time.Location, error) {
	if tz != "" {
		return loadZone("--tz", tz)
	}
	if !about.Key.Interval.Daily() {
		return time.UTC, nil
	}
	zone, err := ownZone(about)
	if err != nil && about.Attrs[series.AttrZone] == "" {
		return time.UTC, nil // an exchange in several places has none
	}
	return zone, err
}

// counting returns the zone by which days of a series are counted. There is no
// default: bars of a wrong day look right.
func counting(tz string, about series.Overview) (*time.Location, error) {
	if tz != "" {
		return loadZone("--tz", tz)
	}
	zone, err := ownZone(about)
	if err != nil {
		return nil, fault.CommandUsage.Errorf("name the time zone with --tz: %w", err)
	}
	return zone, nil
}

// ownZone returns the zone that a series says, or else its exchange.
func ownZone(about series.Overview) (*time.Location, error) {
	if name := about.Attrs[series.AttrZone]; name != "" {
		return loadZone(about.Key.String()+": "+series.AttrZone, name)
	}
	return about.Key.Symbol.Exchange.Zone()
}

func loadZone(field, name string) (*time.Location, error) {
	zone, err := market.LoadZone(name)
	if err != nil {
		return nil, fault.At(fault.Place{Field: field}, err)
	}
	return zone, nil
}

// all returns the series that a filter lets through.
func (o *opened) all(ctx context.Context, f series.Filter) ([]series.Overview, error) {
	var all []series.Overview
	for about, err := range o.Overview(ctx, f) {
		if err != nil {
			return nil, err
		}
		all = append(all, about)
	}
	return all, nil
}

// find returns the series that arguments name: of bars, those of all intervals
// if they name none. There is at least one.
func (o *opened) find(ctx context.Context, k series.Kind, args []string) ([]series.Overview, error) {
	key := series.Key{Kind: k}
	var err error
	if key.Symbol, err = market.ParseSymbol(args[0]); err != nil {
		return nil, err
	}
	if len(args) > 1 {
		if key.Interval, err = market.ParseInterval(args[1]); err != nil {
			return nil, err
		}
	}
	every, err := o.all(ctx, series.Filter{Kind: k, Symbol: key.Symbol})
	if err != nil {
		return nil, err
	}
	var found []series.Overview
	for _, about := range every {
		if key.Interval == 0 || key.Interval == about.Key.Interval {
			found = append(found, about)
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if len(every) > 0 {
		return nil, fault.CommandNoSeries.Errorf("there is no series %s; there is %s", key, intervals(every))
	}
	return nil, o.missing(ctx, key)
}

// findOne returns the one series that arguments name.
func (o *opened) findOne(ctx context.Context, k series.Kind, args []string) (series.Overview, error) {
	found, err := o.find(ctx, k, args)
	if err != nil {
		return series.Overview{}, err
	}
	if len(found) > 1 {
		return series.Overview{}, fault.CommandUsage.Errorf("%s has bars of several intervals, name one of them: %s", found[0].Key.Symbol, intervals(found))
	}
	return found[0], nil
}

func intervals(all []series.Overview) string {
	names := make([]string, len(all))
	for i, about := range all {
		names[i] = about.Key.Interval.String()
	}
	return strings.Join(names, ", ")
}

// missing says that there are no series of a symbol, and which it may have meant:
// letters are capitals at one exchange and not at the next.
func (o *opened) missing(ctx context.Context, key series.Key) error {
	every, err := o.all(ctx, series.Filter{Kind: key.Kind})
	if err != nil {
		return err
	}
	near := slices.IndexFunc(every, func(about series.Overview) bool {
		return strings.EqualFold(about.Key.Symbol.Code, key.Symbol.Code)
	})
	if near >= 0 {
		return fault.CommandNoSeries.Errorf("there is no series %s; did you mean %s?", key, every[near].Key.Symbol)
	}
	return fault.CommandNoSeries.Errorf("there is no series %s", key)
}
