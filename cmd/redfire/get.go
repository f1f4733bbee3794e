package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// tableRows is how many rows a table has unless a flag says more.
const tableRows = 1000

// A choiceOfRows is what flags say of the rows of a series to show.
type choiceOfRows struct {
	span  *span
	last  int
	limit int
	all   bool // there is no limit, or one that a flag says
}

func (p *program) getCommand(k series.Kind) *cobra.Command {
	var rows choiceOfRows
	c := &cobra.Command{
		Use:     "get SYMBOL",
		Short:   p.say(ticksGetShort),
		Long:    p.say(ticksGetLong),
		Example: "  redfire ticks get rb2601.SHFE --last 20\n  redfire ticks get rb2601.SHFE --since '2026-01-05 09:00' --until '2026-01-05 09:05' --tz Asia/Shanghai -o csv",
		Args:    between(1, 1),

		ValidArgsFunction: p.completeSeries(k),
	}
	if k == series.Bars {
		c.Use, c.Args = "get SYMBOL [INTERVAL]", between(1, 2)
		c.Short, c.Long = p.say(barsGetShort), p.say(barsGetLong)
		c.Example = "  redfire bars get rb2601.SHFE 1m --last 20\n  redfire bars get rb2601.SHFE 1m --since 2026-01-05 --until 2026-01-06 --tz Asia/Shanghai -o csv"
	}
	rows.span = p.spanFlags(c)
	c.Flags().IntVar(&rows.last, "last", 0, p.say(flagLast))
	p.limitFlag(c, &rows.limit)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := rows.check(c); err != nil {
			return err
		}
		return p.withSeries(c.Context(), func(o *opened) error {
			about, err := o.findOne(c.Context(), k, args)
			if err != nil {
				return err
			}
			return p.get(c.Context(), o, about, rows)
		})
	}
	return c
}

func (p *program) limitFlag(c *cobra.Command, limit *int) {
	c.Flags().IntVar(limit, "limit", 0, p.say(flagLimit))
	p.completeNothing(c, "limit")
}

// check returns an error if the flags cannot be followed, and notes whether they
// say how many rows there are to be.
func (r *choiceOfRows) check(c *cobra.Command) error {
	last, limit := c.Flags().Changed("last"), c.Flags().Changed("limit")
	switch {
	case last && limit:
		return fault.CommandUsage.Errorf("%s: --last and --limit exclude each other", c.CommandPath())
	case last && r.last < 1:
		return fault.CommandUsage.Errorf("%s: %s is %d, and at least %d", c.CommandPath(), "--last", r.last, 1)
	case r.limit < 0:
		return fault.CommandUsage.Errorf("%s: %s is %d, and at least %d", c.CommandPath(), "--limit", r.limit, 0)
	}
	r.all = last || limit
	return nil
}

func (p *program) get(ctx context.Context, o *opened, about series.Overview, rows choiceOfRows) error {
	zone, err := shown(rows.span.tz, about)
	if err != nil {
		return err
	}
	r, err := rows.span.bounds(zone)
	if err != nil {
		return err
	}
	sheet := p.newSheet(about, zone)
	q := series.Query{Keys: []series.Key{about.Key}, Range: r, Limit: rows.limit}
	first := place{}
	if rows.last > 0 {
		if first, err = o.newest(ctx, q, rows.last); err != nil {
			return err
		}
	}
	if first.t != 0 {
		q.Range.From = first.from(about.Key.Kind)
	}
	out, err := p.streamRows(sheet, rows)
	if err != nil {
		return err
	}
	for f, err := range o.Read(ctx, out.query(q)) {
		if err != nil {
			return err
		}
		part := f.Slice(first.skip(f), f.Len())
		if goOn, err := out.frame(&part); err != nil || !goOn {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if out.count == 0 && about.Count > 0 && p.format == formatTable {
		p.note(noRowsThere, about.Key, clock(about.First, zone, sheet.daily), clock(about.Last, zone, sheet.daily), zone)
	}
	return nil
}

// A place is where the newest rows of a series begin.
type place struct {
	t   market.Time // 0 for nowhere
	seq uint32
}

// newest returns the place of the first of the newest n rows that q asks for.
func (o *opened) newest(ctx context.Context, q series.Query, n int) (first place, err error) {
	q.Columns, q.Reverse, q.Limit = []string{}, true, n
	for f, err := range o.Read(ctx, q) {
		if err != nil {
			return first, err
		}
		last := f.Len() - 1
		if first.t = f.Time[last]; f.Seq != nil {
			first.seq = f.Seq[last]
		}
	}
	return first, nil
}

// from returns the least beginning of a range that has the place.
func (l place) from(k series.Kind) market.Time {
	if k == series.Ticks {
		return cmp.Or(market.Time(l.t.Micro()*1000), 1)
	}
	return l.t
}

// skip returns how many rows of a frame are before the place: ticks of the same
// microsecond.
func (l place) skip(f *series.Frame) int {
	n := 0
	for n < len(f.Seq) && f.Time[n].Micro() == l.t.Micro() && f.Seq[n] < l.seq {
		n++
	}
	return n
}

// A rowStream is a stream of the rows of a series, of which a table has only some
// unless it is asked for more.
type rowStream struct {
	*stream
	sheet *sheet
	most  int // 0 for all
}

func (p *program) streamRows(s *sheet, rows choiceOfRows) (*rowStream, error) {
	out, err := p.stream(s.columns, s.empty)
	r := &rowStream{stream: out, sheet: s}
	if !rows.all && p.format == formatTable {
		r.most = tableRows
	}
	return r, err
}

// query returns q for one row more than is shown, to know whether there are more.
func (r *rowStream) query(q series.Query) series.Query {
	if r.most > 0 {
		q.Limit = r.most + 1
	}
	return q
}

// frame writes the rows of a frame, and tells whether there may be more. If not,
// the result is at its end.
func (r *rowStream) frame(f *series.Frame) (goOn bool, err error) {
	for cells := range r.sheet.rows(f) {
		if r.most > 0 && r.count == r.most {
			err := r.end()
			r.p.note(moreRows, r.most)
			return false, err
		}
		if err := r.row(cells); err != nil {
			return false, err
		}
	}
	return true, nil
}
