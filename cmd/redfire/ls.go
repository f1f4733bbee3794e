package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// listing is what "ls" is asked for.
type listing struct{ pattern, exchange, interval, tz string }

func (p *program) lsCommand(k series.Kind) *cobra.Command {
	var l listing
	c := &cobra.Command{
		Use:     "ls [PATTERN]",
		Short:   p.say(ticksLsShort),
		Long:    p.say(ticksLsLong),
		Example: "  redfire ticks ls\n  redfire ticks ls 'rb*' --exchange SHFE",
		Args:    between(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			l.pattern = strings.Join(args, "")
			return p.withSeries(c.Context(), func(o *opened) error { return p.ls(c.Context(), o, k, l) })
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return p.stored(c.Context(), k, nil), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().Var(&given{&l.exchange, "EXCHANGE"}, "exchange", p.say(flagExchange))
	p.completeChoice(c, "exchange", []string{"SHFE", "DCE", "CZCE", "CFFEX", "INE", "GFEX", "SSE", "SZSE", "SEHK", "NYSE", "NASDAQ", "CME"})
	p.zoneFlag(c, &l.tz, flagZoneShown)
	if k == series.Bars {
		c.Short, c.Long = p.say(barsLsShort), p.say(barsLsLong)
		c.Example = "  redfire bars ls\n  redfire bars ls 'rb*' --exchange SHFE --interval 1m"
		c.Flags().Var(&given{&l.interval, "INTERVAL"}, "interval", p.say(flagInterval))
		p.completeChoice(c, "interval", usualIntervals)
	}
	return c
}

var usualIntervals = []string{"1m", "5m", "15m", "30m", "1h", "4h", "d", "w"}

func (p *program) ls(ctx context.Context, o *opened, k series.Kind, l listing) error {
	f := series.Filter{Kind: k, Exchange: market.Exchange(strings.ToUpper(l.exchange))}
	if l.interval != "" {
		v, err := market.ParseInterval(l.interval)
		if err != nil {
			return fault.At(fault.Place{Field: "--interval"}, err)
		}
		f.Interval = v
	}
	matches, err := market.SymbolsLike(l.pattern)
	if err != nil {
		return err
	}
	out := result{columns: lsColumns}
	for about, err := range o.Overview(ctx, f) {
		if err != nil {
			return err
		}
		if !matches(about.Key.Symbol) {
			continue
		}
		cells, err := p.lsRow(about, l.tz)
		if err != nil {
			return err
		}
		out.rows = append(out.rows, cells)
	}
	if k == series.Ticks {
		out = out.without("interval")
	}
	if err := p.print(out); err != nil {
		return err
	}
	if len(out.rows) == 0 && p.format == formatTable {
		p.note(nothingListed, o.path)
	}
	return nil
}

var lsColumns = []column{
	{"symbol", colSymbol}, {"interval", colInterval}, {"rows", colRows}, {"first", colFirst}, {"last", colLast},
	{"zone", colZone}, {"attributes", colAttributes}, {"extra_columns", colExtra},
}

// without returns r without a column.
func (r result) without(key string) result {
	i := slices.IndexFunc(r.columns, func(c column) bool { return c.key == key })
	r.columns = slices.Delete(slices.Clone(r.columns), i, i+1)
	for at, row := range r.rows {
		r.rows[at] = slices.Delete(row, i, i+1)
	}
	return r
}

func (p *program) lsRow(about series.Overview, tz string) ([]any, error) {
	zone, err := shown(tz, about)
	if err != nil {
		return nil, err
	}
	extra := map[string]string{}
	for name, t := range about.Extra {
		extra[name] = t.String()
	}
	attrs := about.Attrs
	if attrs == nil {
		attrs = map[string]string{}
	}
	daily := about.Key.Interval.Daily()
	cells := []any{
		about.Key.Symbol.String(), about.Key.Interval.String(), about.Count,
		p.timeCell(about.First, zone, daily), p.timeCell(about.Last, zone, daily), zone.String(), attrs, extra,
	}
	if p.format == formatTable {
		cells[6], cells[7] = pairs(attrs), strings.Join(slices.Sorted(maps.Keys(extra)), " ")
	}
	return cells, nil
}

// pairs returns attributes for people.
func pairs(attrs map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		value := attrs[name]
		if strings.Contains(value, " ") {
			value = fmt.Sprintf("%q", value)
		}
		all = append(all, name+"="+value)
	}
	return strings.Join(all, " ")
}
