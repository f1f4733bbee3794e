package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func (p *program) gapsCommand() *cobra.Command {
	e := &expecting{}
	c := &cobra.Command{
		Use:     "gaps SYMBOL [INTERVAL]",
		Short:   p.say(gapsShort),
		Long:    p.say(gapsLong),
		Example: "  redfire bars gaps rb2601.SHFE 1m\n  redfire bars gaps '*.SHFE' 1m --since 2026-01-05 --until 2026-01-10 -o json",
		Args:    between(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			e.args = args
			if err := e.check(c); err != nil {
				return err
			}
			return p.withSeries(c.Context(), func(o *opened) error { return p.gaps(c.Context(), o, e) })
		},
	}
	p.expectingFlags(c, e)
	return c
}

// defects are what kinds of defects are called.
var defects = map[series.DefectKind]message{
	series.Gap:           {"gap", "缺口"},
	series.Outside:       {"outside", "时段外"},
	series.OffGrid:       {"off-grid", "非起点"},
	series.Duplicate:     {"duplicate", "重复"},
	series.Contradiction: {"contradiction", "矛盾"},
}

var gapColumns = []column{
	{"symbol", colSymbol}, {"interval", colInterval}, {"kind", colDefect}, {"from", colFrom}, {"until", colUntil}, {"bars", colBars},
	{"text", colText}, {"calendar", message{}}, {"command", message{}},
}

// gaps prints what is wrong with bars.
func (p *program) gaps(ctx context.Context, o *opened, e *expecting) error {
	found, left, err := p.watch(ctx, o, e)
	if err != nil {
		return err
	}
	out, err := p.stream(gapColumns, []bool{false, false, false, false, false, false, true, true, true})
	if err != nil {
		return err
	}
	most := e.most(p)
	totals := map[series.DefectKind]int64{}
	for _, w := range found {
		for d, err := range o.Gaps(ctx, w.query) {
			if err != nil {
				return err
			}
			totals[d.Kind] += int64(d.Bars)
			if most > 0 && out.count >= most {
				continue // it is counted
			}
			kind := string(d.Kind)
			if p.format == formatTable {
				kind = p.say(defects[d.Kind])
			}
			daily := d.Key.Interval.Daily()
			err := out.row([]any{
				d.Key.Symbol.String(), d.Key.Interval.String(), kind, p.timeCell(d.Range.From, w.zone, daily), p.timeCell(d.Range.To, w.zone, daily),
				int64(d.Bars), findingsText(d.Findings), w.calendar.Name(), p.repair(d),
			})
			if err != nil {
				return err
			}
		}
	}
	if out.count > 0 || p.format != formatTable {
		if err := out.end(); err != nil {
			return err
		}
	}
	p.gapsNote(found, totals, out.count, most)
	return left
}

// gapsNote tells people what was found in all.
func (p *program) gapsNote(found []watched, totals map[series.DefectKind]int64, rows, most int) {
	if p.format != formatTable {
		return
	}
	if most > 0 && rows >= most {
		p.note(moreDefects, rows)
	}
	if len(totals) == 0 {
		p.note(noDefects, len(found))
		return
	}
	var parts []string
	for _, kind := range []series.DefectKind{series.Gap, series.Outside, series.OffGrid, series.Duplicate, series.Contradiction} {
		if n := totals[kind]; n > 0 {
			parts = append(parts, p.say(defectTotals[kind], n))
		}
	}
	p.question(strings.Join(parts, "; ") + "\n")
}

// findingsText returns contradictions in one line.
func findingsText(all []market.Finding) string {
	var texts []string
	for _, f := range all {
		texts = append(texts, f.Text)
	}
	return strings.Join(texts, "; ")
}

// repair returns the command that imports what is missing, "" where nothing is. It
// cannot know FILE, and what the file does not say.
func (p *program) repair(d series.Defect) string {
	if d.Kind != series.Gap {
		return ""
	}
	command := fmt.Sprintf("redfire bars import FILE --symbol %s --interval %s --since %s --until %s", quoted(d.Key.Symbol.String()), d.Key.Interval, d.Range.From, d.Range.To)
	if p.config != "" {
		command += " --config " + quoted(p.config)
	}
	if p.data != "" {
		command += " --data " + quoted(p.data)
	}
	return command
}

// quoted returns s as a shell takes it for one word.
func quoted(s string) string {
	if !strings.ContainsAny(s, " '\"$&;|<>()*?\\`#~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
