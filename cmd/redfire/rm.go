package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func (p *program) rmCommand(k series.Kind) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:     "rm SYMBOL",
		Short:   p.say(ticksRmShort),
		Long:    p.say(ticksRmLong),
		Example: "  redfire ticks rm rb2601.SHFE --until 2026-01-01 --tz Asia/Shanghai",
		Args:    between(1, 1),

		ValidArgsFunction: p.completeSeries(k),
	}
	if k == series.Bars {
		c.Use, c.Args = "rm SYMBOL [INTERVAL]", between(1, 2)
		c.Short, c.Long = p.say(barsRmShort), p.say(barsRmLong)
		c.Example = "  redfire bars rm rb2601.SHFE 1m --until 2026-01-01 --tz Asia/Shanghai\n  redfire bars rm rb2601.SHFE --yes"
	}
	s := p.spanFlags(c)
	c.Flags().BoolVarP(&yes, "yes", "y", false, p.say(flagYes))
	c.RunE = func(c *cobra.Command, args []string) error {
		return p.withSeries(c.Context(), func(o *opened) error {
			found, err := o.find(c.Context(), k, args)
			if err != nil {
				return err
			}
			return p.rm(c.Context(), o, found, s, yes)
		})
	}
	return c
}

// A doomed is what is to be deleted of a series.
type doomed struct {
	key   series.Key
	in    market.Range
	zone  *time.Location // of the ends of in
	count int64
}

// end returns the end of a range for people.
func end(t market.Time, zone *time.Location) string {
	if t == 0 {
		return ".."
	}
	return stamp{t, zone}.String()
}

func (p *program) rm(ctx context.Context, o *opened, found []series.Overview, s *span, yes bool) error {
	var all []doomed
	for _, about := range found {
		d, err := o.doomed(ctx, about, s)
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	isThere := func(d doomed) bool { return d.count > 0 || d.in == market.Range{} }
	if !yes && slices.ContainsFunc(all, isThere) {
		if goOn, err := p.confirm(ctx, all); err != nil || !goOn {
			return err
		}
	}
	r := result{columns: []column{{"series", colSeries}, {"deleted", colDeleted}}}
	for _, d := range all {
		counts, err := o.Delete(ctx, d.key, d.in)
		if err != nil {
			return err
		}
		r.rows = append(r.rows, []any{d.key.String(), counts.Deleted})
	}
	return p.print(r)
}

// doomed returns what there is of a series to delete.
func (o *opened) doomed(ctx context.Context, about series.Overview, s *span) (doomed, error) {
	d := doomed{key: about.Key, count: about.Count}
	if s.isEmpty() {
		return d, nil
	}
	var err error
	if d.zone, err = shown(s.tz, about); err != nil {
		return d, err
	}
	if d.in, err = s.bounds(d.zone); err != nil {
		return d, err
	}
	d.count = 0
	for f, err := range o.Read(ctx, series.Query{Keys: []series.Key{d.key}, Range: d.in, Columns: []string{}}) {
		if err != nil {
			return d, err
		}
		d.count += int64(f.Len())
	}
	return d, nil
}

// confirm asks, where there is somebody to ask, whether to delete.
func (p *program) confirm(ctx context.Context, all []doomed) (bool, error) {
	var parts []string
	for _, d := range all {
		part := p.say(rmPart, d.count, d.key)
		if d.in != (market.Range{}) {
			part = p.say(rmPartIn, d.count, d.key, end(d.in.From, d.zone), end(d.in.To, d.zone))
		}
		parts = append(parts, part)
	}
	what := strings.Join(parts, "; ")
	if !isTerminal(p.in) {
		return false, fault.CommandUsage.Errorf("this would delete %s; say so with --yes", what)
	}
	answer, err := p.ask(ctx, p.say(rmAsk, what))
	if err != nil {
		return false, err
	}
	if goOn := slices.Contains([]string{"y", "yes", "是"}, strings.ToLower(answer)); goOn {
		return true, nil
	}
	p.note(rmLeft)
	return false, nil
}

// ask returns the answer to a question, or an error when ctx ends. Reading cannot
// be interrupted: it ends with the process.
func (p *program) ask(ctx context.Context, question string) (string, error) {
	p.question(question)
	answers := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(p.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answers <- strings.TrimSpace(line)
	}()
	select {
	case answer := <-answers:
		return answer, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
