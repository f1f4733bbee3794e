package marketfile

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// rows are rows of a file as the store has them, those that can be kept.
type rows struct {
	lines []int64
	raw   [][]byte
	keys  []series.Key // of each row, or one of all
	time  []market.Time
	seq   []uint32 // nil if the file has none
	cols  []values
	read  int // rows there were, refused ones too
	bytes int // of text that raw holds
	bad   []reject

	outside int  // rows that the range does not want
	remarks bool // lines that are no rows were passed over
}

// values are those of one column of the store.
type values struct {
	series.BaseColumn
	floats []float64
	ints   []int64
	texts  [][]byte
	valid  []bool // nil: all; only of extra columns
}

func (r *rows) key(i int) series.Key {
	if len(r.keys) == 1 {
		return r.keys[0]
	}
	return r.keys[i]
}

// A converter makes rows of tables. It is no good for several goroutines.
type converter struct {
	layout
	t   *table
	out *rows
	why []error // of each row, why it is refused

	grids map[market.Exchange]*grid
	ends  map[series.Key]*barEnd

	sessions map[series.Key]*market.Windows // of symbols whose calendar is known, else nil
	bar      []int                          // which targets are the fields of a bar, in their order; none for lacking
}

func newConverter(l *layout) *converter {
	c := &converter{layout: *l, grids: map[market.Exchange]*grid{}, ends: map[series.Key]*barEnd{}, sessions: map[series.Key]*market.Windows{}}
	for _, base := range series.BaseColumns(series.Bars) {
		c.bar = append(c.bar, slices.IndexFunc(l.targets, func(t target) bool { return t.column == base }))
	}
	return c
}

// rows returns the rows of a table.
func (c *converter) rows(t *table) *rows {
	n := t.len()
	c.t, c.why = t, make([]error, n)
	c.out = &rows{lines: t.lines, raw: t.raw, time: make([]market.Time, n), read: n + len(t.bad), bytes: t.bytes, bad: t.bad, remarks: t.remarks}
	c.findKeys()
	c.findTimes()
	if c.seqAt != none {
		c.findSeq()
	}
	for _, target := range c.targets {
		if v, ok := c.same(target); ok {
			c.out.cols = append(c.out.cols, v)
			continue
		}
		c.fill(target)
	}
	if c.kind == series.Ticks {
		c.findDepth()
	}
	if c.kind == series.Bars {
		c.shift()
	}
	if !c.suspect {
		c.judge()
	}
	c.drop()
	return c.out
}

func (c *converter) refuse(i int, err error) {
	if c.why[i] == nil {
		c.why[i] = err
	}
}

// findKeys finds the series of each row.
func (c *converter) findKeys() {
	if c.symbolAt == none && c.exchangeAt == none && c.intervalAt == none {
		c.out.keys = []series.Key{c.key(c.symbol, c.interval)}
		return
	}
	n := c.t.len()
	var last [3][]byte
	var key series.Key
	var err error
	for i := range n {
		now := [3][]byte{c.cell(c.symbolAt, i), c.cell(c.exchangeAt, i), c.cell(c.intervalAt, i)}
		if i == 0 || !bytes.Equal(now[0], last[0]) || !bytes.Equal(now[1], last[1]) || !bytes.Equal(now[2], last[2]) {
			before := key
			key, err = c.keyOf(now)
			last = now
			if i > 0 && c.out.keys == nil { // until here all had one
				c.out.keys = slices.Concat(slices.Repeat([]series.Key{before}, i), make([]series.Key, n-i))
			}
		}
		if c.out.keys != nil {
			c.out.keys[i] = key
		}
		if err != nil {
			c.refuse(i, err)
		}
	}
	if c.out.keys == nil {
		c.out.keys = []series.Key{key}
	}
}

func (c *converter) key(y market.Symbol, v market.Interval) series.Key {
	if c.kind == series.Ticks {
		return series.TickKey(y)
	}
	return series.BarKey(y, v)
}

// cell returns a value as text, nil if there is no such column.
func (c *converter) cell(at, row int) []byte {
	if at == none {
		return nil
	}
	return c.t.cells[at].text(row)
}

// keyOf returns the series that cells of symbol, exchange and interval name.
func (c *converter) keyOf(cells [3][]byte) (series.Key, error) {
	y, v := c.symbol, c.interval
	if c.exchangeAt != none {
		y.Exchange = exchangeOf(string(cells[1]))
	}
	if c.symbolAt != none {
		y.Code = string(cells[0])
		whole, err := c.readSymbol(y.Code)
		switch {
		case err != nil: // a code, perhaps with a dot: BRK.B
		case y.Exchange == "" || y.Exchange == whole.Exchange:
			y = whole
		case c.grid(whole.Exchange).listed:
			return series.Key{}, fault.FileCell.Errorf("the symbol %s is not of the exchange %s", whole, y.Exchange)
		}
	}
	if err := y.Validate(); err != nil {
		return series.Key{}, err
	}
	if err := checkExchange(y); err != nil && !c.own {
		return series.Key{}, err
	}
	if c.intervalAt != none {
		var err error
		if v, err = intervalOf(string(cells[2])); err != nil {
			return series.Key{}, err
		}
	}
	k := c.key(y, v)
	if v.Daily() && !c.grid(y.Exchange).known && !c.own {
		return series.Key{}, fault.FileNeeds.Errorf("the file does not say in which time zone its exchange counts days (--tz Asia/Shanghai)")
	}
	return k, nil
}

// findTimes reads the time of each row.
func (c *converter) findTimes() {
	dates := &c.t.cells[c.date]
	for i := range c.t.len() {
		t, err := c.timeAt(dates, i)
		if err == nil && c.millisAt != none {
			t, err = c.withMillis(t, i)
		}
		if err != nil {
			c.refuse(i, err)
		}
		c.out.time[i] = t
	}
}

func (c *converter) timeAt(dates *cells, i int) (market.Time, error) {
	typed := dates.typed.kind == cellInstant || dates.typed.kind == cellWall
	switch {
	case typed && dates.empty(i):
		return 0, fault.MarketNoTime.Errorf("there is no time")
	case c.tod != none: // a date of any type, and the time of the day beside it
	case dates.typed.kind == cellInstant:
		return c.clock.at(dates.ints[i], dates.typed.unit)
	case dates.typed.kind == cellWall:
		return c.clock.onUnits(dates.ints[i], dates.typed.unit)
	}
	var tod []byte
	if c.tod != none {
		if tod = c.t.cells[c.tod].text(i); len(tod) == 0 {
			return 0, fault.MarketNoTime.Errorf("there is no time of the day")
		}
	}
	return c.clock.time(dates.text(i), tod)
}

// withMillis adds the milliseconds of row i to a time in whole seconds.
func (c *converter) withMillis(t market.Time, i int) (market.Time, error) {
	cells := &c.t.cells[c.millisAt]
	if cells.empty(i) || t%1e9 != 0 {
		return t, nil
	}
	ms, err := cells.int(i)
	if err != nil || ms < 0 || ms > 999 {
		return 0, fault.MarketTime.Errorf("%q is no number of milliseconds", shown(cells.text(i)))
	}
	return t + market.Time(ms*1e6), nil
}

func (c *converter) findSeq() {
	cells := &c.t.cells[c.seqAt]
	c.out.seq = make([]uint32, c.t.len())
	for i := range c.out.seq {
		n, err := cells.int(i)
		if err != nil || n < 0 || n > math.MaxUint32 {
			c.refuse(i, fault.FileCell.Errorf("%q is no place among the ticks of an instant", shown(cells.text(i))))
			continue
		}
		c.out.seq[i] = uint32(n)
	}
}

// fill fills a column of the store.
func (c *converter) fill(t target) {
	cells, n := &c.t.cells[t.from], c.t.len()
	v := values{BaseColumn: t.column}
	switch {
	case t.column.Name == "localtime":
		v.ints = make([]int64, n)
		c.fillLocal(&v, cells)
		c.out.cols = append(c.out.cols, v)
		return
	case t.column.Type == series.Float64:
		v.floats = make([]float64, n)
	case t.column.Type == series.Int64:
		v.ints = make([]int64, n)
	default:
		v.texts = make([][]byte, n)
	}
	if t.extra {
		v.valid = make([]bool, n)
	}
	absent := cells.empty
	if t.extra && t.column.Type == series.Text && (c.own || cells.exact) {
		absent = cells.absent
	}
	for i := range n {
		if absent(i) {
			if t.needed {
				c.refuse(i, fault.FileCell.Errorf("%s is empty", t.column.Name))
			}
			continue
		}
		if err := v.set(i, cells); err != nil {
			c.refuse(i, fault.At(fault.Place{Field: t.column.Name}, err))
			continue
		}
		if v.floats != nil && v.floats[i] == math.MaxFloat64 && !t.extra && !c.own { // CTP's way to say that there is none
			if v.floats[i] = 0; t.needed {
				c.refuse(i, fault.FileCell.Errorf("%s is empty", t.column.Name))
			}
		}
		if v.valid != nil {
			v.valid[i] = true
		}
	}
	c.out.cols = append(c.out.cols, v)
}

// same returns a column of the store that is one of the file as it stands there:
// of the type of numbers, with all that there may be, and each can be stored.
func (c *converter) same(t target) (v values, ok bool) {
	cells := &c.t.cells[t.from]
	v.BaseColumn = t.column
	switch {
	case cells.texts != nil || cells.null != nil || t.column.Name == "localtime":
		return v, false
	case t.column.Type == series.Int64 && cells.floats == nil:
		v.ints = cells.ints
	case t.column.Type == series.Float64 && cells.floats != nil:
		for _, x := range cells.floats {
			if x-x != 0 || x == math.MaxFloat64 { // infinite, no number, or CTP's way to say that there is none
				return v, false
			}
		}
		v.floats = cells.floats
	default:
		return v, false
	}
	if t.extra {
		v.valid = make([]bool, c.t.len())
		for i := range v.valid {
			v.valid[i] = true
		}
	}
	return v, true
}

// maxText is the length of a text that is stored.
const maxText = 1024

func (v *values) set(i int, cells *cells) (err error) {
	switch v.Type {
	case series.Float64:
		v.floats[i], err = cells.float(i)
	case series.Int64:
		v.ints[i], err = cells.int(i)
	default:
		if v.texts[i] = cells.text(i); !utf8.Valid(v.texts[i]) {
			return fault.MarketText.Errorf("%q is not UTF-8 (--encoding gbk, if the file is)", shown(v.texts[i]))
		}
		if len(v.texts[i]) > maxText {
			return fault.FileCell.Errorf("the text has %d bytes, at most %d are kept", len(v.texts[i]), maxText)
		}
	}
	return err
}

// fillLocal reads the times at which ticks were received, in whatever form.
func (c *converter) fillLocal(v *values, cells *cells) {
	local := c.clock
	local.unit, local.width = 0, gluedNot // those are of the times of the rows
	for i := range c.t.len() {
		if cells.empty(i) {
			continue
		}
		var t market.Time
		var err error
		switch cells.typed.kind {
		case cellInstant:
			t, err = local.at(cells.ints[i], cells.typed.unit)
		case cellWall:
			t, err = local.onUnits(cells.ints[i], cells.typed.unit)
		default:
			var r reading
			if r, err = local.read(cells.text(i), nil); err == nil {
				local.form = r.form
				t, err = local.time(cells.text(i), nil)
			}
		}
		if err != nil {
			c.refuse(i, fault.At(fault.Place{Field: v.Name}, err))
		}
		v.ints[i] = int64(t)
	}
}

// findDepth sets how many levels of the book ticks have: the highest of which
// anything is given.
func (c *converter) findDepth() {
	given := slices.IndexFunc(c.out.cols, func(v values) bool { return v.Name == "depth" })
	depth := make([]int64, c.t.len())
	levels := false
	for _, v := range c.out.cols {
		level := levelOf(v.Name)
		if level == 0 {
			continue
		}
		levels = true
		for i, x := range v.floats {
			if math.Float64bits(x) != 0 { // -0 is something
				depth[i] = max(depth[i], level)
			}
		}
	}
	if given < 0 {
		if levels {
			c.out.cols = append(c.out.cols, values{BaseColumn: series.BaseColumn{Name: "depth", Type: series.Int64}, ints: depth})
		}
		return
	}
	for i, d := range c.out.cols[given].ints {
		if d < depth[i] || d > 5 {
			c.refuse(i, fault.MarketDepth.Errorf("depth is %d, and there is something in level %d of the book", d, depth[i]))
		}
	}
}

// levelOf returns the level of the book of which a column is, 0 for none.
func levelOf(name string) int64 {
	if !strings.HasPrefix(name, "bid_") && !strings.HasPrefix(name, "ask_") {
		return 0
	}
	level, err := strconv.ParseInt(name[len(name)-1:], 10, 64)
	if err != nil {
		return 0
	}
	return level
}

// shift takes bars that are stamped at their end to their start, and sees to it
// that all are whole seconds.
func (c *converter) shift() {
	for i, t := range c.out.time {
		if c.why[i] != nil {
			continue
		}
		if c.end {
			start, err := c.startOf(c.out.key(i), t)
			if err == nil {
				err = start.Validate()
			}
			if err != nil {
				c.refuse(i, err)
				continue
			}
			t = start
			c.out.time[i] = t
		}
		if t%1e9 != 0 {
			c.refuse(i, fault.MarketSubsecond.Errorf("%s is not a whole second", t))
		}
	}
}

// startOf returns the time of the bar of a series that ends at t.
func (c *converter) startOf(k series.Key, t market.Time) (market.Time, error) {
	end := c.ends[k]
	if end == nil {
		var err error
		if end, err = c.newBarEnd(k.Symbol, k.Interval); err != nil {
			return 0, err
		}
		c.ends[k] = end
	}
	return end.start(t)
}

// inSession reports whether a bar of a series begins at t by its calendar.
func (c *converter) inSession(k series.Key, t market.Time) bool {
	w, known := c.sessions[k]
	if !known {
		if calendar, err := c.calendarOf(k.Symbol); err == nil {
			w = calendar.Windows(k.Interval)
		}
		c.sessions[k] = w
	}
	if w == nil {
		return false
	}
	win, _, standing := w.At(t)
	return standing == market.InSession && win.Time == t
}

// judge refuses rows that contradict themselves.
func (c *converter) judge() {
	for i := range c.t.len() {
		if c.why[i] != nil {
			continue
		}
		var found []market.Finding
		if c.kind == series.Bars {
			found = c.judgeBar(i)
		} else {
			found = c.judgeTick(i)
		}
		if len(found) > 0 {
			c.refuse(i, fault.At(fault.Place{Field: found[0].Field}, suspicion(found[0])))
		}
	}
}

func (c *converter) judgeBar(i int) []market.Finding {
	v := func(field int) float64 {
		if c.bar[field] == none {
			return 0
		}
		return c.out.cols[c.bar[field]].floats[i]
	}
	b := market.Bar{Time: c.out.time[i], Open: v(0), High: v(1), Low: v(2), Close: v(3), Volume: v(4), Turnover: v(5), OpenInterest: v(6)}
	k := c.out.key(i)
	g := c.grid(k.Symbol.Exchange)
	inside := b.Low >= 0 && b.Low <= min(b.Open, b.Close) && max(b.Open, b.Close) <= b.High
	if inside && min(b.Volume, b.Turnover, b.OpenInterest) >= 0 && g.has(b.Time, k.Interval) {
		return nil
	}
	found := b.Findings(k.Interval, g.zone)
	if c.inSession(k, b.Time) {
		found = slices.DeleteFunc(found, func(f market.Finding) bool { return f.Rule == market.OffGrid })
	}
	return found
}

// A grid knows the times at which bars begin. It remembers the day it was asked
// for last.
type grid struct {
	zone     *time.Location
	known    bool        // the zone was said, or is that of the exchange
	listed   bool        // the exchange is one whose zone is known
	from, to market.Time // of the day
}

// grid returns that of an exchange.
func (c *converter) grid(e market.Exchange) *grid {
	g := c.grids[e]
	if g == nil {
		_, err := e.Zone()
		g = &grid{listed: err == nil}
		g.zone, g.known = c.zoneOf(e)
		c.grids[e] = g
	}
	return g
}

// has reports whether bars of v surely begin at t; those of a week are not known.
func (g *grid) has(t market.Time, v market.Interval) bool {
	if t < g.from || t >= g.to {
		g.from, g.to = market.Day.Window(t, g.zone)
	}
	if v == market.Day {
		return t == g.from
	}
	length := market.Time(v.Duration())
	return length > 0 && (t-g.from)%length == 0
}

func (c *converter) judgeTick(i int) []market.Finding {
	suspect := false
	for _, v := range c.out.cols {
		if v.floats != nil && v.valid == nil && v.floats[i] < 0 {
			suspect = true
		}
	}
	if !suspect && !c.hasDay() {
		return nil
	}
	for tick := range c.frame(i).Ticks() {
		return tick.Findings()
	}
	return nil
}

// suspicion returns a finding as an error.
func suspicion(f market.Finding) error {
	switch f.Rule {
	case market.HighBelowLow:
		return fault.FileSuspect.Errorf("the high is below the low: %s", f.Text)
	case market.OutsideHighLow:
		return fault.FileSuspect.Errorf("a price is above the high or below the low: %s", f.Text)
	case market.NegativePrice:
		return fault.FileSuspect.Errorf("a price is below zero: %s", f.Text)
	case market.NegativeAmount:
		return fault.FileSuspect.Errorf("a volume is below zero: %s", f.Text)
	}
	return fault.FileSuspect.Errorf("no bar begins at this time: %s", f.Text)
}

// hasDay reports whether ticks tell of the day so far: its high and low may
// contradict each other.
func (c *converter) hasDay() bool {
	return slices.ContainsFunc(c.out.cols, func(v values) bool { return v.Name == "high_price" || v.Name == "low_price" })
}

// frame returns row i alone.
func (c *converter) frame(i int) *series.Frame {
	f := &series.Frame{Key: c.out.key(i), Time: c.out.time[i : i+1], Seq: []uint32{0}}
	for _, v := range c.out.cols {
		if v.floats != nil && v.valid == nil {
			f.Cols = append(f.Cols, series.Column{Name: v.Name, Floats: v.floats[i : i+1]})
		}
		if v.Name == "depth" { // says which levels of the book there are
			f.Cols = append(f.Cols, series.Column{Name: v.Name, Ints: v.ints[i : i+1]})
		}
	}
	return f
}

// drop takes the refused rows out.
func (c *converter) drop() {
	kept := 0
	for i, err := range c.why {
		if err != nil {
			c.out.bad = append(c.out.bad, reject{c.out.lines[i], c.t.rowText(i), err})
			continue
		}
		if !c.within.Contains(c.out.time[i]) {
			c.out.outside++
			continue
		}
		if kept != i {
			c.out.move(kept, i)
		}
		kept++
	}
	c.out.cutTo(kept)
	slices.SortStableFunc(c.out.bad, func(a, b reject) int { return cmp.Compare(a.line, b.line) })
}

func (r *rows) rawAt(i int) []byte {
	if r.raw == nil {
		return nil
	}
	return r.raw[i]
}

// move puts row from in the place of row to.
func (r *rows) move(to, from int) {
	r.lines[to], r.time[to] = r.lines[from], r.time[from]
	if r.raw != nil {
		r.raw[to] = r.raw[from]
	}
	if len(r.keys) > 1 {
		r.keys[to] = r.keys[from]
	}
	if r.seq != nil {
		r.seq[to] = r.seq[from]
	}
	for i := range r.cols {
		r.cols[i].move(to, from)
	}
}

func (v *values) move(to, from int) {
	switch {
	case v.floats != nil:
		v.floats[to] = v.floats[from]
	case v.ints != nil:
		v.ints[to] = v.ints[from]
	default:
		v.texts[to] = v.texts[from]
	}
	if v.valid != nil {
		v.valid[to] = v.valid[from]
	}
}

// cutTo keeps the first n rows.
func (r *rows) cutTo(n int) {
	r.lines, r.time = r.lines[:n], r.time[:n]
	if r.raw != nil {
		r.raw = r.raw[:n]
	}
	if r.seq != nil {
		r.seq = r.seq[:n]
	}
	if len(r.keys) > 1 {
		r.keys = r.keys[:n]
	}
	for i := range r.cols {
		v := &r.cols[i]
		switch {
		case v.floats != nil:
			v.floats = v.floats[:n]
		case v.ints != nil:
			v.ints = v.ints[:n]
		default:
			v.texts = v.texts[:n]
		}
		if v.valid != nil {
			v.valid = v.valid[:n]
		}
	}
}

// onUnits returns the instant at which the clock of the zone shows so many units
// since 1970.
func (c *clock) onUnits(n int64, unit time.Duration) (market.Time, error) {
	if unit >= time.Second {
		return c.on(n*int64(unit/time.Second), 0)
	}
	perSecond := int64(time.Second / unit)
	seconds, part := n/perSecond, n%perSecond
	if part < 0 {
		seconds, part = seconds-1, part+perSecond
	}
	return c.on(seconds, part*int64(unit))
}
