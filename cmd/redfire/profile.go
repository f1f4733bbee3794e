package main

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/series"
)

// barWidth is how many characters the longest bar of a profile has.
const barWidth = 40

func (p *program) profileCommand(k series.Kind) *cobra.Command {
	var step string
	c := &cobra.Command{
		Use:     "profile SYMBOL",
		Short:   p.say(profileShort),
		Long:    p.say(profileLong),
		Example: "  redfire ticks profile rb2601.SHFE --step 1",
		Args:    between(1, 1),

		ValidArgsFunction: p.completeSeries(k),
	}
	if k == series.Bars {
		c.Use, c.Args = "profile SYMBOL [INTERVAL]", between(1, 2)
		c.Example = "  redfire bars profile rb2601.SHFE 1m --step 5 --since 2026-01-05 --tz Asia/Shanghai"
	}
	s := p.spanFlags(c)
	c.Flags().Var(&given{&step, "PRICE"}, "step", p.say(flagStep))
	p.completeNothing(c, "step")
	c.RunE = func(c *cobra.Command, args []string) error {
		return p.withSeries(c.Context(), func(o *opened) error {
			about, err := o.findOne(c.Context(), k, args)
			if err != nil {
				return err
			}
			return p.profile(c.Context(), o, about, s, step)
		})
	}
	return c
}

func (p *program) profile(ctx context.Context, o *opened, about series.Overview, s *span, step string) error {
	zone, err := shown(s.tz, about)
	if err != nil {
		return err
	}
	in, err := s.bounds(zone)
	if err != nil {
		return err
	}
	width, err := stepOf(step, about)
	if err != nil {
		return err
	}
	levels, err := o.Profile(ctx, about.Key, in, width)
	if err != nil {
		return err
	}
	var most, sum float64
	for _, l := range levels {
		most, sum = max(most, l.Volume), sum+l.Volume
	}
	columns := []column{{"price", colPrice}, {"volume", colVolume}, {"percent", colPercent}}
	if p.format == formatTable {
		columns = append(columns, column{"bar", colBar})
	}
	out, err := p.stream(columns, nil)
	if err != nil {
		return err
	}
	for _, l := range levels {
		cells := []any{decimal(l.Price), decimal(l.Volume), percent(l.Volume, sum)}
		if p.format == formatTable {
			cells = append(cells, drawn(l.Volume, most))
		}
		if err := out.row(cells); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if len(levels) == 0 && p.format == formatTable {
		p.note(nothingTraded, about.Key)
	}
	return nil
}

// stepOf returns the width of a level: that of the flag, or else the smallest
// step of the series' prices.
func stepOf(flag string, about series.Overview) (float64, error) {
	text, field := flag, "--step"
	if text == "" {
		text, field = about.Attrs[series.AttrPriceTick], about.Key.String()+": "+series.AttrPriceTick
	}
	if text == "" {
		return 0, fault.CommandUsage.Errorf("%s has no attribute price_tick; name the width of a level with --step", about.Key)
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x > 0) || math.IsInf(x, 0) {
		return 0, fault.At(fault.Place{Field: field}, fault.CommandUsage.Errorf("%q is not a number above 0", text))
	}
	return x, nil
}

// percent returns part of sum in percent, to two places, nil where that is no
// number.
func percent(part, sum float64) any {
	x := math.Round(part/sum*1e4) / 1e2
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return decimal(x)
}

// drawn returns a bar as long as volume is beside the most.
func drawn(volume, most float64) string {
	n := math.Round(volume / most * barWidth)
	if !(volume > 0) || !(n >= 0) {
		return ""
	}
	if n == 0 {
		return "▏"
	}
	return strings.Repeat("█", int(min(n, barWidth)))
}
