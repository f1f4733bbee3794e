package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// What a line of "coverage" is about.
const (
	byDay    = "day"
	bySeries = "series"
)

func (p *program) coverageCommand() *cobra.Command {
	e := &expecting{}
	c := &cobra.Command{
		Use:     "coverage SYMBOL [INTERVAL]",
		Short:   p.say(coverageShort),
		Long:    p.say(coverageLong),
		Example: "  redfire bars coverage rb2601.SHFE 1m\n  redfire bars coverage '*' 1m --by series -o csv",
		Args:    between(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			e.args = args
			if err := e.check(c); err != nil {
				return err
			}
			return p.withSeries(c.Context(), func(o *opened) error { return p.coverage(c.Context(), o, e) })
		},
	}
	p.expectingFlags(c, e)
	e.by = byDay
	c.Flags().Var(&choice{&e.by, []string{byDay, bySeries}}, "by", p.say(flagBy))
	p.completeChoice(c, "by", []string{byDay, bySeries})
	return c
}

var (
	dayColumns = []column{
		{"symbol", colSymbol}, {"interval", colInterval}, {"day", colDay}, {"expected", colExpected}, {"present", colPresent},
		{"percent", colPercent}, {"outside", colOutside}, {"calendar", message{}},
	}
	totalColumns = []column{
		{"symbol", colSymbol}, {"interval", colInterval}, {"first_day", colFirst}, {"last_day", colLast}, {"days", colDays}, {"complete_days", colComplete},
		{"expected", colExpected}, {"present", colPresent}, {"percent", colPercent}, {"outside", colOutside}, {"calendar", message{}},
	}
)

// coverage prints how many of the expected bars there are.
func (p *program) coverage(ctx context.Context, o *opened, e *expecting) error {
	found, left, err := p.watch(ctx, o, e)
	if err != nil {
		return err
	}
	columns, show := dayColumns, p.coverageOfDays
	if e.by == bySeries {
		columns, show = totalColumns, p.coverageOfSeries
	}
	out, err := p.stream(columns, nil)
	if err != nil {
		return err
	}
	most := e.most(p)
	for _, q := range inOneGo(found) {
		for c, err := range o.Coverage(ctx, q) {
			if err == nil {
				err = show(out, c, most)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if p.format == formatTable && most > 0 && out.count >= most {
		p.note(moreCoverage, out.count)
	}
	return left
}

// inOneGo returns queries of as many series as have the same range each.
func inOneGo(found []watched) []series.ExpectedQuery {
	var all []series.ExpectedQuery
	calendars := map[market.Symbol]*market.Calendar{}
	for _, w := range found {
		calendars[w.about.Key.Symbol] = w.calendar
		i := slices.IndexFunc(all, func(q series.ExpectedQuery) bool { return q.Range == w.query.Range })
		if i < 0 {
			i = len(all)
			all = append(all, series.ExpectedQuery{Range: w.query.Range, Calendar: func(y market.Symbol) (*market.Calendar, error) {
				return calendars[y], nil
			}})
		}
		all[i].Keys = append(all[i].Keys, w.about.Key)
	}
	return all
}

func (p *program) coverageOfDays(out *stream, c *series.Coverage, most int) error {
	symbol, interval := c.Key.Symbol.String(), c.Key.Interval.String()
	for _, d := range c.Days {
		if most > 0 && out.count >= most {
			return nil
		}
		err := out.row([]any{
			symbol, interval, d.Day.String(), int64(d.Expected), int64(d.Present), share(int64(d.Present), int64(d.Expected)), int64(d.Outside), c.Calendar,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *program) coverageOfSeries(out *stream, c *series.Coverage, most int) error {
	if most > 0 && out.count >= most {
		return nil
	}
	complete := int64(0)
	var first, last any
	for i, d := range c.Days {
		if i == 0 {
			first = d.Day.String()
		}
		if d.Present == d.Expected {
			complete++
		}
		last = d.Day.String()
	}
	expected, present, outside := c.Total()
	return out.row([]any{
		c.Key.Symbol.String(), c.Key.Interval.String(), first, last, int64(len(c.Days)), complete,
		expected, present, share(present, expected), outside, c.Calendar,
	})
}

// share returns part of all in percent, to two places and rounded down, so that
// 100 is said of what is whole alone. It is nil of nothing.
func share(part, all int64) any {
	if all == 0 {
		return nil
	}
	return decimal(float64(part*10_000/all) / 100)
}
