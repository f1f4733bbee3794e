package main

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// An exporting is what the flags of an export say.
type exporting struct {
	kind              series.Kind
	interval, columns string
	span              *span
	force             bool
}

func (p *program) exportCommand(k series.Kind) *cobra.Command {
	ex := &exporting{kind: k}
	c := &cobra.Command{
		Use:     "export FILE [SYMBOL...]",
		Short:   p.say(ticksExportShort),
		Long:    p.say(exportLong),
		Example: "  redfire ticks export rb2601.parquet rb2601.SHFE\n  redfire ticks export all.csv.zst --since 2026-01-05 --until 2026-01-06 --tz Asia/Shanghai",
		Args:    between(1, 1<<20),
		RunE: func(c *cobra.Command, args []string) error {
			return p.withSeries(c.Context(), func(o *opened) error { return p.export(c.Context(), o, ex, args) })
		},
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return p.completeSeries(k)(c, nil, word)
		},
	}
	if k == series.Bars {
		c.Short = p.say(barsExportShort)
		c.Example = "  redfire bars export rb.csv rb2601.SHFE -i 1m\n  redfire bars export all.parquet 'rb*.SHFE' --since 2026-01-05 --tz Asia/Shanghai\n  redfire bars export all.arrow"
		c.Flags().VarP(&given{&ex.interval, "INTERVAL"}, "interval", "i", p.say(flagExportInterval))
	}
	ex.span = p.spanFlags(c)
	c.Flags().Var(&given{&ex.columns, "NAMES"}, "columns", p.say(flagExportColumns))
	c.Flags().BoolVar(&ex.force, "force", false, p.say(flagForce))
	return c
}

func (p *program) export(ctx context.Context, o *opened, ex *exporting, args []string) error {
	opts := &marketfile.ExportOptions{Force: ex.force}
	if ex.span.tz != "" {
		var err error
		if opts.Zone, err = loadZone("--tz", ex.span.tz); err != nil {
			return err
		}
	}
	if ex.columns != "" {
		opts.Columns = strings.Split(ex.columns, ",")
	}
	found, err := o.chosen(ctx, ex, args[1:])
	if err != nil {
		return err
	}
	what := marketfile.Selection{Kind: ex.kind}
	if what.Range, err = ex.span.boundsOfAll(found); err != nil {
		return err
	}
	for _, about := range found {
		what.Keys = append(what.Keys, about.Key)
	}
	bar := p.newProgress()
	opts.Progress = bar.exported
	begin := time.Now()
	rows, err := marketfile.ExportFile(ctx, o.Store, args[0], what, opts)
	bar.end()
	if err != nil {
		return err
	}
	took := time.Since(begin)
	return p.print(result{
		columns: []column{{"file", message{}}, {"series", message{}}, {"rows", message{}}, {"seconds", message{}}},
		rows:    [][]any{{args[0], len(what.Keys), rows, took.Seconds()}},
		single:  true,
		prose:   p.say(exported, rows, len(what.Keys), args[0], took.Seconds(), perSecond(rows, took)),
	})
}

// boundsOfAll returns the range that the flags say, which has to be the same in
// the zones of all series.
func (s *span) boundsOfAll(found []series.Overview) (in market.Range, err error) {
	for i, about := range found {
		zone, err := shown(s.tz, about)
		if err != nil {
			return in, err
		}
		r, err := s.bounds(zone)
		if err != nil {
			return in, err
		}
		if i > 0 && r != in {
			return in, fault.CommandUsage.Errorf("--since and --until are other times for %s than for %s; name their time zone with --tz", about.Key, found[0].Key)
		}
		in = r
	}
	return in, nil
}

// chosen returns the series that patterns of symbols name, all if there are none.
func (o *opened) chosen(ctx context.Context, ex *exporting, patterns []string) ([]series.Overview, error) {
	f := series.Filter{Kind: ex.kind}
	if ex.interval != "" {
		var err error
		if f.Interval, err = market.ParseInterval(ex.interval); err != nil {
			return nil, fault.At(fault.Place{Field: "--interval"}, err)
		}
	}
	every, err := o.all(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	var found []series.Overview
	for _, pattern := range patterns {
		before := len(found)
		for _, about := range every {
			fits, err := path.Match(pattern, strings.ReplaceAll(about.Key.Symbol.String(), "/", "\x00"))
			if err != nil {
				return nil, fault.CommandUsage.Errorf("the pattern %q is not one: %w", pattern, err)
			}
			known := slices.ContainsFunc(found, func(f series.Overview) bool { return f.Key == about.Key })
			if (fits || pattern == about.Key.Symbol.String()) && !known {
				found = append(found, about)
			}
		}
		if len(found) == before {
			return nil, fault.CommandNoSeries.Errorf("no series fits %q", pattern)
		}
	}
	return found, nil
}
