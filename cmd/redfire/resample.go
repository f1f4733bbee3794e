package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"github.com/spf13/cobra"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/marketfile"
	"github.com/redfire-quant/redfire/series"
)

// partRows is how many bars are stored at once: few enough to be held, and many
// enough that storing them costs little.
const partRows = 1 << 16

// A resampling is what is asked of "bars resample" and "ticks bars".
type resampling struct {
	args   []string // of the series that is read
	to     string
	rows   choiceOfRows
	dry    bool
	volume string // how ticks count

	calendar string // by whose sessions windows are counted
}

func (p *program) barsResampleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "resample SYMBOL FROM TO",
		Short:   p.say(resampleShort),
		Long:    p.say(resampleLong),
		Example: "  redfire bars resample rb2601.SHFE 1m 1h\n  redfire bars resample rb2601.SHFE 1m d --calendar auto\n  redfire bars resample btcusdt.LOCAL 1m d --tz UTC --dry-run",
		Args:    between(3, 3),

		ValidArgsFunction: p.completeResample,
	}
	return p.resampling(c, &resampling{}, func(r *resampling, args []string) { r.args, r.to = args[:2], args[2] })
}

func (p *program) ticksBarsCommand() *cobra.Command {
	r := &resampling{}
	c := &cobra.Command{
		Use:     "bars SYMBOL TO",
		Short:   p.say(ticksBarsShort),
		Long:    p.say(ticksBarsLong),
		Example: "  redfire ticks bars rb2601.SHFE 1m\n  redfire ticks bars SPY.NYSE 5m --tick-volume traded --dry-run",
		Args:    between(2, 2),

		ValidArgsFunction: p.completeResample,
	}
	volumes := []string{string(market.Traded), string(market.Cumulative)}
	c.Flags().Var(&choice{&r.volume, volumes}, "tick-volume", p.say(flagTickVolume))
	p.completeChoice(c, "tick-volume", volumes)
	return p.resampling(c, r, func(r *resampling, args []string) { r.args, r.to = args[:1], args[1] })
}

// resampling makes c the command that does r, with the arguments that take finds.
func (p *program) resampling(c *cobra.Command, r *resampling, take func(r *resampling, args []string)) *cobra.Command {
	r.rows.span = p.spanFlags(c)
	p.calendarFlag(c, &r.calendar, flagResampleCalendar)
	c.Flags().BoolVar(&r.dry, "dry-run", false, p.say(flagDryRun))
	p.limitFlag(c, &r.rows.limit)
	c.Flags().Lookup("limit").Usage = p.say(flagLimitDry)
	c.RunE = func(c *cobra.Command, args []string) error {
		take(r, args)
		if err := r.rows.check(c); err != nil {
			return err
		}
		return p.withSeries(c.Context(), func(o *opened) error { return p.resample(c.Context(), o, r) })
	}
	return c
}

// A plan is a resampling of which it is known what will be read and replaced.
type plan struct {
	from, to series.Overview // to has a key and perhaps nothing else
	query    series.FoldQuery
	calendar string // whose sessions or days count, "" for the clock

	outside      int64       // rows in no session
	firstOutside market.Time // of them
}

// calendarName returns the name of the calendar, nil without one.
func (m *plan) calendarName() any {
	if m.calendar == "" {
		return nil
	}
	return m.calendar
}

// outsideNote tells of the rows that went into no bar.
func (p *program) outsideNote(m *plan) {
	if m.outside > 0 {
		p.note(outsideNote, m.outside, m.calendar, clock(m.firstOutside, m.query.Zone, false))
	}
}

func (p *program) resample(ctx context.Context, o *opened, r *resampling) error {
	made, err := p.plan(ctx, o, r)
	if err != nil {
		return err
	}
	if r.dry {
		if err := p.showBars(ctx, o, made, r.rows); err != nil {
			return err
		}
		p.outsideNote(made)
		return nil
	}
	counts, err := o.storeBars(ctx, made)
	if err != nil {
		return err
	}
	p.outsideNote(made)
	in, zone := made.query.Range, made.query.Zone
	return p.print(result{
		columns: []column{
			{"series", colSeries}, {"zone", colZone}, {"from", message{}}, {"to", message{}},
			{"new", colNew}, {"unchanged", colUnchanged}, {"replaced", colReplaced}, {"deleted", colDeleted},
			{"calendar", message{}}, {"outside", colOutside},
		},
		rows: [][]any{{
			made.to.Key.String(), zone.String(), stamp{in.From, zone}, stamp{in.To, zone},
			counts.New, counts.Unchanged, counts.Replaced, counts.Deleted,
			made.calendarName(), made.outside,
		}},
		single: true,
		prose:  p.say(resampled, made.to.Key, counts.New, counts.Unchanged, counts.Replaced, counts.Deleted, zone),
	})
}

// plan finds out what is to be read and replaced: the windows in which the series
// that is read has rows, as far as the flags say. What is stored of the other one
// before and behind them was made of something else, and stays.
func (p *program) plan(ctx context.Context, o *opened, r *resampling) (*plan, error) {
	v, err := market.ParseInterval(r.to)
	if err != nil {
		return nil, err
	}
	kind := series.Ticks
	if len(r.args) > 1 {
		kind = series.Bars
	}
	made := &plan{}
	if made.from, err = o.findOne(ctx, kind, r.args); err != nil {
		return nil, err
	}
	if kind == series.Ticks && r.volume == "" && made.from.Attrs[series.AttrTickVolume] == "" {
		return nil, fault.CommandUsage.Errorf("%s has no attribute tick_volume; say how its volume counts with --tick-volume: traded, or cumulative since the day began", made.from.Key)
	}
	made.query = series.FoldQuery{Keys: []series.Key{made.from.Key}, Interval: v, Volume: market.TickVolume(r.volume)}
	if err := p.planSessions(made, r); err != nil {
		return nil, err
	}
	if made.query.Zone == nil {
		if made.query.Zone, err = counting(r.rows.span.tz, made.from); err != nil {
			return nil, err
		}
	}
	zone := made.query.Zone
	asked, err := r.rows.span.bounds(zone)
	if err != nil {
		return nil, err
	}
	made.query.Range = made.windows(asked)
	if in := made.query.Range; made.from.Count == 0 || in.From >= in.To {
		return nil, fault.CommandNoSeries.Errorf("%s has no rows from %s to %s", made.from.Key, end(asked.From, zone), end(asked.To, zone))
	}
	if err := o.target(ctx, made); err != nil {
		return nil, err
	}
	return made, cmp.Or(sameDays(made.from, zone), sameDays(made.to, zone), made.sameSessions())
}

// planSessions finds the calendar by which windows are counted. Without a word
// they are counted by the clock, but for days that begin with a night session:
// those of the clock would be wrong and look right.
func (p *program) planSessions(made *plan, r *resampling) error {
	made.query.Outside = func(_ series.Key, t market.Time) {
		made.outside++
		made.firstOutside = cmp.Or(made.firstOutside, t)
	}
	daily, source := made.query.Interval.Daily(), made.from.Key.Interval
	if source.Daily() {
		made.calendar = made.from.Attrs[series.AttrCalendar] // by which its days were made
	}
	if r.calendar == marketfile.CalendarNone || r.calendar == "" && (!daily || source.Daily()) {
		return p.markClock(made)
	}
	c, err := p.calendarNamed(r.calendar, made.from.Key.Symbol)
	switch {
	case r.calendar == "" && errors.Is(err, fault.NotFound):
		return p.daysByClock(made, r, err)
	case err != nil:
		return err
	case r.calendar == "" && c.ByClock(made.query.Interval):
		return nil
	case r.calendar == "":
		return fault.CommandUsage.Errorf("days of %s begin with the session of the evening before, by the calendar %s: say --calendar auto, or --calendar none for days from midnight", made.from.Key.Symbol, c.Name())
	}
	made.calendar, made.query.Zone = c.Name(), c.Zone()
	if !source.Daily() { // days are those of the calendar already
		made.query.Calendar = c
	}
	if r.rows.span.tz != "" && r.rows.span.tz != c.Zone().String() {
		return fault.CommandUsage.Errorf("the calendar %s counts in %s, not in %s", c.Name(), c.Zone(), r.rows.span.tz)
	}
	return nil
}

// daysByClock returns an error if nobody said that the days of a symbol without a
// calendar are those of the clock: an exchange that is known may begin them on the
// evening before.
func (p *program) daysByClock(made *plan, r *resampling, unknown error) error {
	y := made.from.Key.Symbol
	if zone, _ := y.Exchange.Zone(); zone == nil || r.rows.span.tz != "" {
		return nil
	}
	return fault.CommandUsage.Errorf("days of %s may begin on the evening before: name its calendar with --calendar, or --calendar none for days from midnight: %w", y, unknown)
}

// windows returns the times of the bars that are asked for and that rows go into,
// nothing if there are no such rows. Those of a day may lie on the evening before.
func (m *plan) windows(asked market.Range) market.Range {
	v, c, zone := m.query.Interval, m.query.Calendar, m.query.Zone
	bars, rows := asked, asked
	if c != nil {
		bars, rows = c.Rows(v, asked)
	}
	first, last := m.from.First, m.from.Last
	if rows.From != 0 {
		first = max(first, rows.From)
	}
	if rows.To != 0 {
		last = min(last, rows.To-1)
	}
	switch {
	case first > last:
		return market.Range{}
	case c == nil:
		return market.Range{From: windowOf(v, first, zone).From, To: windowOf(v, last, zone).To}
	}
	r := m.sessionWindows(first, last)
	if bars.From != 0 {
		r.From = max(r.From, bars.From)
	}
	if bars.To != 0 {
		r.To = min(r.To, bars.To)
	}
	r.To += (1e9 - r.To%1e9) % 1e9 // bars begin with a second
	return r
}

// sessionWindows returns the times of the bars by the calendar that rows from first
// to last go into.
func (m *plan) sessionWindows(first, last market.Time) market.Range {
	v, c := m.query.Interval, m.query.Calendar
	r := market.Range{From: first, To: last + 1}
	w, length := c.Windows(v), market.Time(m.from.Key.Interval.Duration())
	begin, next, standing := w.At(first)
	if !standing.Trades() { // what comes next goes into a window that may have begun
		begin, _, standing = w.At(next)
	}
	if standing.Trades() {
		r.From = min(first, begin.Time)
	}
	final, next, standing := w.At(last)
	if standing == market.OutOfSession && next < last+length {
		final, _, standing = w.At(next) // a bar of the clock reaches into it
	}
	ends := standing.Trades()
	if standing == market.OutOfSession { // a day that began with the night before has its bar after it
		final, ends = w.Begun(last)
	}
	if ends {
		r.To = max(r.To, final.Time+1e9)
		if !v.Daily() {
			r.To = max(r.To, final.To)
		}
	}
	return r
}

// markClock notes that bars are made by the clock, if those of the sessions of the
// symbol would be others.
func (p *program) markClock(made *plan) error {
	if made.from.Key.Interval.Daily() {
		return nil // they are made of days as these are
	}
	c, err := p.calendarNamed("", made.from.Key.Symbol)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case !c.ByClock(made.query.Interval):
		made.calendar = marketfile.CalendarNone
	}
	return nil
}

// replaces reports whether no bar of a series stays that is not made anew.
func (m *plan) replaces(about series.Overview) bool {
	return about.Key == m.to.Key && m.query.Range.From <= about.First && about.Last < m.query.Range.To
}

// sameSessions returns an error if the bars that are stored were made by a
// calendar, and those of m are made by another or by the clock: two ways to count
// would stand in one series. Of stored bars without the attribute nobody knows.
func (m *plan) sameSessions() error {
	now := m.calendar
	for _, about := range []series.Overview{m.to, m.from} {
		was := about.Attrs[series.AttrCalendar]
		switch {
		case about.Count == 0 || was == "" || was == now || m.replaces(about) || about.Key == m.from.Key && !about.Key.Interval.Daily():
		case was == marketfile.CalendarNone:
			return fault.CommandUsage.Errorf("%s was made by the clock, and is replaced in part: give --calendar none, or make all of it anew", about.Key)
		default:
			return fault.CommandUsage.Errorf("%s was made by the sessions of the calendar %s, and is replaced in part: give --calendar that name, or make all of it anew", about.Key, was)
		}
	}
	return nil
}

// sameDays returns an error if the days of a series are not those of zone: parts
// of two days would go into one bar, or be in two.
func sameDays(about series.Overview, zone *time.Location) error {
	if own := about.Attrs[series.AttrZone]; about.Key.Interval.Daily() && own != "" && own != zone.String() {
		return fault.CommandUsage.Errorf("the days of %s are those of %s, not of %s: give --tz that zone, or delete the series first", about.Key, own, zone)
	}
	return nil
}

// windowOf returns the window that holds t, without open ends.
func windowOf(v market.Interval, t market.Time, zone *time.Location) market.Range {
	from, to := v.Window(t, zone)
	return market.Range{From: cmp.Or(from, 1), To: cmp.Or(to, 1)}
}

// target notes what is known of the series that is written.
func (o *opened) target(ctx context.Context, made *plan) error {
	made.to.Key = series.BarKey(made.from.Key.Symbol, made.query.Interval)
	found, err := o.all(ctx, series.Filter{Kind: series.Bars, Symbol: made.to.Key.Symbol, Interval: made.to.Key.Interval})
	if len(found) > 0 {
		made.to = found[0]
	}
	return err
}

// attrs returns the attributes that the series that is written gets: its own, the
// zone in which its days were counted, and what still holds of the other's.
func (m *plan) attrs() map[string]string {
	attrs := map[string]string{}
	for _, name := range []string{series.AttrPriceTick, series.AttrSource} {
		if value := m.from.Attrs[name]; value != "" {
			attrs[name] = value
		}
	}
	maps.Copy(attrs, m.to.Attrs)
	attrs[series.AttrZone] = m.query.Zone.String()
	delete(attrs, series.AttrCalendar)
	if m.calendar != "" {
		attrs[series.AttrCalendar] = m.calendar
	}
	return attrs
}

// showBars prints the bars that would be stored.
func (p *program) showBars(ctx context.Context, o *opened, made *plan, rows choiceOfRows) error {
	zone := made.query.Zone
	out, err := p.streamRows(p.newSheet(series.Overview{Key: made.to.Key}, zone), rows)
	if err != nil {
		return err
	}
	for f, err := range o.Resample(ctx, made.query) {
		if err == nil {
			err = f.Validate()
		}
		if err != nil {
			return err
		}
		part := *f
		if rows.limit > 0 {
			part = f.Slice(0, min(f.Len(), rows.limit-out.count))
		}
		goOn, err := out.frame(&part)
		if err != nil || !goOn {
			return err
		}
		if rows.limit > 0 && out.count == rows.limit {
			break
		}
	}
	return out.end()
}

// storeBars stores the bars, part by part: each takes the place of what stands in
// its windows and in those without bars before them.
func (o *opened) storeBars(ctx context.Context, made *plan) (series.Counts, error) {
	w := &partWriter{o: o, at: made.query.Range.From, part: series.Frame{Key: made.to.Key, Attrs: made.attrs()}}
	for f, err := range o.Resample(ctx, made.query) {
		if err != nil {
			return w.counts, err
		}
		w.add(f)
		if w.part.Len() < partRows {
			continue
		}
		if err := w.write(ctx, f.Time[f.Len()-1]+1e9); err != nil {
			return w.counts, err
		}
	}
	return w.counts, w.write(ctx, made.query.Range.To)
}

// A partWriter stores bars in parts.
type partWriter struct {
	o      *opened
	at     market.Time // before it, all is stored
	part   series.Frame
	counts series.Counts
}

// add takes the bars of a frame, which all have the same columns.
func (w *partWriter) add(f *series.Frame) {
	if w.part.Cols == nil {
		attrs := w.part.Attrs
		w.part = *f.Clone()
		w.part.Attrs = attrs
		return
	}
	w.part.Time = append(w.part.Time, f.Time...)
	for i, c := range f.Cols {
		w.part.Cols[i].Floats = append(w.part.Cols[i].Floats, c.Floats...)
	}
}

// write stores what there is, up to the end of a window.
func (w *partWriter) write(ctx context.Context, end market.Time) error {
	if w.at == end {
		return nil
	}
	counts, err := w.o.Replace(ctx, market.Range{From: w.at, To: end}, w.part, &series.WriteOptions{Count: true})
	if err != nil {
		return err
	}
	w.counts.New += counts.New
	w.counts.Unchanged += counts.Unchanged
	w.counts.Replaced += counts.Replaced
	w.counts.Deleted += counts.Deleted
	w.at, w.part = end, series.Frame{Key: w.part.Key}
	return nil
}
