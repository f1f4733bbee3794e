package marketfile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// none is the place of a column that is not there.
const none = -1

// A layout says what the columns of a file mean, and all else that its rows do
// not say themselves.
type layout struct {
	kind     series.Kind
	symbol   market.Symbol // of all rows; without a code there is a column
	interval market.Interval

	// Which of the wanted columns they are, none if there is no such.
	date, tod, symbolAt, exchangeAt, intervalAt, seqAt, millisAt int

	wanted  []int // columns of the file
	targets []target
	clock   clock
	zone    *time.Location // in which days are counted
	zoned   bool           // that was said, or is that of the exchange
	end     bool           // bars are stamped at their end
	volume  market.TickVolume
	suspect bool                         // keep what contradicts itself
	own     bool                         // the file was written by Export
	attrs   map[string]map[string]string // of series by their keys, as such a file tells them
	ignored []string

	calendars *market.Calendars
	calendar  string       // which of them counts: as in Options
	within    market.Range // rows that are kept
}

// A target is a column of the store that is filled from one of the file.
type target struct {
	from   int // which of the wanted columns
	column series.BaseColumn
	needed bool // an empty cell is refused
	extra  bool
}

// A resolver finds the layout of a file.
type resolver struct {
	kind   series.Kind
	opts   *Options
	preset *preset
	head   *header
	byName map[string]int // column of a field
	needs  []error
	first  market.Symbol // of the first row, if it names its exchange
	layout *layout
}

// resolve finds the layout of a file that begins with some rows. What it does not
// find out is in a list of [Need].
func resolve(name string, kind series.Kind, head *header, first func(wanted []int) (*table, error), opts *Options) (*layout, error) {
	r := &resolver{kind: kind, opts: opts, head: head, byName: map[string]int{}, preset: presetOf(kind, opts.Preset)}
	if r.preset == nil {
		r.preset = r.ownPreset()
	}
	if r.preset == nil {
		r.preset = &preset{}
	}
	own := r.preset.name == ownName
	r.layout = &layout{
		kind: kind, zone: time.UTC, interval: opts.Interval,
		own: own, suspect: opts.AcceptSuspect || own && !opts.CheckOwn, // what was stored was accepted once
		calendars: opts.Calendars, calendar: opts.Calendar, within: opts.Range,
	}
	if err := r.findFields(); err != nil {
		return nil, err
	}
	if err := r.fromPath(name); err != nil {
		return nil, err
	}
	if err := r.want(); err != nil {
		return nil, err
	}
	sample, err := first(r.layout.wanted)
	if err != nil {
		return nil, err
	}
	r.findKey(sample)
	r.findClock(sample)
	r.findVolume()
	r.findEnd()
	if len(r.needs) > 0 {
		return nil, fault.List(r.needs).Err()
	}
	return r.layout, nil
}

// need notes what has to be said by an option.
func (r *resolver) need(option string, err error) {
	r.needs = append(r.needs, &Need{Option: option, err: err})
}

// ownPreset returns that of files which Export wrote.
func (r *resolver) ownPreset() *preset {
	if !isOwn(r.kind, r.head.columns) {
		return nil
	}
	return presetOf(r.kind, ownName)
}

// findFields finds the column of each field.
func (r *resolver) findFields() error {
	for _, field := range fields(r.kind) {
		column, err := r.columnOf(field)
		if err != nil {
			return err
		}
		if column != none {
			r.byName[field] = column
		}
	}
	_, timed := r.byName[fieldTime]
	_, dated := r.byName[fieldDate]
	if !timed && !dated {
		return r.missing(fieldTime)
	}
	for _, field := range needed[r.kind] {
		if _, ok := r.byName[field]; !ok {
			return r.missing(field)
		}
	}
	return r.saidTwice()
}

// saidTwice returns an error if an option says for all rows what they say
// themselves, and must not.
func (r *resolver) saidTwice() error {
	_, symbols := r.byName[fieldSymbol]
	_, intervals := r.byName[fieldInterval]
	switch {
	case !r.opts.OnlyMissing:
	case symbols && r.opts.Symbol.Code != "":
		return fault.FileOption.Errorf("the rows say their symbol themselves: leave out --symbol")
	case intervals && r.opts.Interval != 0:
		return fault.FileOption.Errorf("the rows say their interval themselves: leave out --interval")
	}
	return nil
}

func (r *resolver) missing(field string) error {
	return fault.FileColumns.Errorf("no column is known to be %s (--map %s=COLUMN); there are %s", field, field, r.columnNames())
}

func (r *resolver) columnNames() string {
	names := make([]string, 0, len(r.head.columns))
	for i, c := range r.head.columns {
		names = append(names, cmp.Or(shown([]byte(c.name)), fmt.Sprintf("#%d", i+1))) // as it is called if it has no name
	}
	return quoted(names)
}

// quoted returns names in quotation marks, the first of them.
func quoted(names []string) string {
	const most = 40
	var all []string
	for _, name := range names[:min(most, len(names))] {
		all = append(all, strconv.Quote(name))
	}
	if len(names) > most {
		all = append(all, "…")
	}
	return strings.Join(all, ", ")
}

// columnOf returns the column of a field, none if there is none.
func (r *resolver) columnOf(field string) (int, error) {
	if name := cmp.Or(r.opts.Map[field], r.preset.fields[field]); name != "" {
		i := r.head.index(name)
		if i < 0 {
			return none, fault.FileColumns.Errorf("there is no column %q for %s; there are %s", name, field, r.columnNames())
		}
		return i, r.onlyOne(name)
	}
	if r.preset.name == ownName {
		return r.ownColumnOf(field), nil
	}
	var found []int
	for _, name := range known[r.kind][field] {
		for i, c := range r.head.columns {
			if plain(c.name) == name && !r.taken(i) {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			break // names are in the order in which they count
		}
	}
	switch {
	case len(found) == 0:
		return none, nil
	case len(found) > 1:
		return none, fault.FileColumns.Errorf("%d columns are called %q: say which is %s (--map %s=COLUMN), after giving them other names", len(found), r.head.columns[found[0]].name, field, field)
	}
	return found[0], nil
}

// onlyOne returns an error if several columns have a name.
func (r *resolver) onlyOne(name string) error {
	n := 0
	for _, c := range r.head.columns {
		if c.name == name {
			n++
		}
	}
	if n > 1 {
		return fault.FileColumns.Errorf("%d columns are called %q: give them other names", n, name)
	}
	return nil
}

// taken reports whether a column was said to be some field, or to be kept.
func (r *resolver) taken(column int) bool {
	for _, name := range r.opts.Map {
		if r.head.index(name) == column {
			return true
		}
	}
	return slices.ContainsFunc(r.opts.Keep, func(k Kept) bool { return r.head.index(k.Column) == column })
}

// fromPath takes symbol and interval from the path of a file, unless they are
// said or stand in the file.
func (r *resolver) fromPath(name string) error {
	l := r.layout
	l.symbol = r.keep(r.opts.Symbol)
	if r.opts.Path == "" {
		return checkExchange(l.symbol)
	}
	symbol, interval, err := parsePath(name, r.opts.Path)
	if err != nil {
		return err
	}
	l.interval = cmp.Or(l.interval, interval)
	if l.symbol.Code == "" || l.symbol.Exchange == "" {
		symbol = r.keep(symbol)
	}
	if said := l.symbol; said.Code == "" && said.Exchange != "" && symbol.Exchange != "" && said.Exchange != symbol.Exchange {
		return fault.FileOption.Errorf("the symbol %s is not of the exchange %s", symbol, said.Exchange)
	}
	l.symbol = market.Symbol{Code: cmp.Or(l.symbol.Code, symbol.Code), Exchange: cmp.Or(l.symbol.Exchange, symbol.Exchange)}
	return checkExchange(l.symbol)
}

// keep returns the symbol as which y is kept, and notes it if it is another.
func (r *resolver) keep(y market.Symbol) market.Symbol {
	to := folded(y)
	if note := renamed(y, to); note != nil {
		r.head.notes = append(r.head.notes, note)
	}
	return to
}

// want lists the columns of the file that are needed.
func (r *resolver) want() error {
	l := r.layout
	l.date, l.tod = r.wantField(fieldDate), r.wantField(fieldTime)
	if l.date == none {
		l.date, l.tod = l.tod, none
	}
	l.symbolAt, l.exchangeAt, l.intervalAt, l.seqAt = none, none, none, none
	if l.symbol.Code == "" {
		l.symbolAt = r.wantField(fieldSymbol)
	}
	if l.symbol.Exchange == "" {
		l.exchangeAt = r.wantField(fieldExchange)
	}
	if l.interval == 0 {
		l.intervalAt = r.wantField(fieldInterval)
	}
	l.seqAt, l.millisAt = r.wantField(fieldSeq), r.wantField(fieldMillis)
	for _, c := range series.BaseColumns(r.kind) {
		if _, ok := r.byName[c.Name]; ok {
			must := slices.Contains(needed[r.kind], c.Name)
			l.targets = append(l.targets, target{from: r.wantField(c.Name), column: c, needed: must})
		}
	}
	return r.wantKept()
}

// wantField wants the column of a field, and returns its place, none if there is
// no such column.
func (r *resolver) wantField(field string) int {
	column, ok := r.byName[field]
	if !ok {
		return none
	}
	return r.wantColumn(column)
}

func (r *resolver) wantColumn(column int) int {
	l := r.layout
	if i := slices.Index(l.wanted, column); i >= 0 {
		return i
	}
	l.wanted = append(l.wanted, column)
	return len(l.wanted) - 1
}

// wantKept wants the columns that are kept beside the base columns, and notes
// those that are not.
func (r *resolver) wantKept() error {
	l := r.layout
	if l.own {
		r.wantOwnExtras()
	}
	for _, k := range r.opts.Keep {
		i := r.head.index(k.Column)
		if i < 0 {
			return fault.FileColumns.Errorf("there is no column %q to keep; there are %s", k.Column, r.columnNames())
		}
		if err := r.onlyOne(k.Column); err != nil {
			return err
		}
		c := series.BaseColumn{Name: extraName(k.Column), Type: cmp.Or(k.Type, typeOf(r.head.columns[i].typed))}
		if c.Name == "" || series.IsBase(r.kind, c.Name) || isField(r.kind, c.Name) {
			return fault.FileOption.Errorf("the column %q cannot be kept as %q: give it another name in the file", k.Column, c.Name)
		}
		l.targets = append(l.targets, target{from: r.wantColumn(i), column: c, extra: true})
	}
	seen := map[string]bool{}
	for _, t := range l.targets {
		if seen[t.column.Name] {
			return fault.FileOption.Errorf("two columns would be kept as %q: give one of them another name in the file", t.column.Name)
		}
		seen[t.column.Name] = true
	}
	for i, c := range r.head.columns {
		if !slices.Contains(l.wanted, i) && c.name != "" && c.name != rejectLine && c.name != rejectReason {
			l.ignored = append(l.ignored, c.name)
		}
	}
	return nil
}

// ownColumnOf returns the column of a field of a file that Export wrote. Any
// other column is an extra one, whatever its name.
func (r *resolver) ownColumnOf(field string) int {
	if field == fieldDate || field == fieldExchange {
		return none
	}
	return r.head.index(field)
}

// wantOwnExtras wants the extra columns of a file that Export wrote: all that are
// no fields and are not kept by another name.
func (r *resolver) wantOwnExtras() {
	for i, c := range r.head.columns {
		name, typed, _ := strings.Cut(c.name, ":")
		if c.name == "" || name == rejectLine || name == rejectReason || r.ownColumnOf(c.name) == i && isField(r.kind, c.name) || r.taken(i) {
			continue
		}
		column := series.BaseColumn{Name: name, Type: cmp.Or(typeNamed(typed), typeOf(c.typed))}
		r.layout.targets = append(r.layout.targets, target{from: r.wantColumn(i), column: column, extra: true})
	}
}

// typeNamed returns the type of a name, 0 if there is no such.
func typeNamed(name string) series.Type {
	for _, t := range []series.Type{series.Float64, series.Int64, series.Text} {
		if t.String() == name {
			return t
		}
	}
	return 0
}

// typeOf returns the type that values of a file have in the store.
func typeOf(t cellType) series.Type {
	switch t.kind {
	case cellFloat:
		return series.Float64
	case cellInt, cellInstant, cellWall:
		return series.Int64
	}
	return series.Text
}

// findKey finds out which symbol and interval the rows have.
func (r *resolver) findKey(sample *table) {
	l := r.layout
	if l.symbol.Code == "" && l.symbolAt == none {
		r.need("symbol", fault.FileNeeds.Errorf("the file does not say of which symbol it is (--symbol rb2601.SHFE, or --path for its place in the path)"))
	} else if !r.findExchange(sample) {
		r.need("exchange", fault.FileNeeds.Errorf("the file does not say of which exchange its symbols are (--exchange SHFE)"))
	}
	if r.kind == series.Bars && l.interval == 0 && l.intervalAt == none {
		r.need("interval", fault.FileNeeds.Errorf("the file does not say of which interval its bars are (--interval 1m)"))
	}
}

// findExchange reports whether the first row says of which exchange it is, or an
// option does. It notes how a symbol is kept that is written in another way.
func (r *resolver) findExchange(sample *table) bool {
	l := r.layout
	if sample.len() == 0 || l.symbolAt == none && l.exchangeAt == none {
		return l.symbol.Exchange != "" || l.symbolAt != none || l.exchangeAt != none
	}
	var from, to market.Symbol
	if l.exchangeAt != none {
		from.Exchange = market.Exchange(sample.cells[l.exchangeAt].text(0))
		to.Exchange = exchangeOf(string(from.Exchange))
	}
	if l.symbolAt != none {
		text := string(sample.cells[l.symbolAt].text(0))
		if whole, err := l.readSymbol(text); err == nil {
			to = whole
			if from, err = market.ParseSymbol(text); err != nil {
				from = market.Symbol{Code: text, Exchange: whole.Exchange}
			}
		}
	}
	if note := renamed(from, to); note != nil {
		r.head.notes = append(r.head.notes, note)
	}
	r.first = to
	if err := checkExchange(to); err != nil && !l.own {
		r.needs = append(r.needs, err)
	}
	return cmp.Or(l.symbol.Exchange, to.Exchange) != ""
}

// findClock finds out how times are written, and what they mean.
func (r *resolver) findClock(sample *table) {
	l := r.layout
	column := r.head.columns[l.wanted[l.date]]
	l.clock = clock{zone: r.opts.Zone, order: r.opts.DateOrder, unit: unitOf(cmp.Or(r.opts.TimeUnit, unitNames[plain(column.name)]))}
	daily := l.interval.Daily()
	wall, dates := r.look(sample, column)
	if dates && !daily {
		r.wantTimes(sample, column)
	}
	exchange, known := l.zoneOfExchange()
	if l.clock.zone == nil && daily && dates {
		l.clock.zone = r.zoneOfDays() // a trading day is one of the exchange
	}
	if wall && l.clock.zone == nil {
		r.need("tz", fault.FileNeeds.Errorf("the file does not say in which time zone its times are (--tz Asia/Shanghai)"))
	}
	switch {
	case daily && r.opts.Zone != nil:
		l.zone = r.opts.Zone
	case daily && known:
		l.zone = exchange
	case daily && l.symbol.Exchange != "":
		r.need("tz", fault.FileNeeds.Errorf("the file does not say in which time zone its exchange counts days (--tz Asia/Shanghai)"))
	case r.opts.Zone != nil:
		l.zone = r.opts.Zone
	case known:
		l.zone = exchange
	}
	l.zoned = known || r.opts.Zone != nil
	if r.kind == series.Bars && !(daily && dates) {
		r.findBarTime(column)
	}
}

// look finds the form of the first time that can be read. It tells whether times
// need a zone, and whether they are dates alone.
func (r *resolver) look(sample *table, column headed) (wall, dates bool) {
	l := r.layout
	switch column.typed.kind {
	case cellInstant:
		l.clock.form = formNumber
		return false, false
	case cellWall:
		l.clock.form = formWall
		return true, column.typed.unit == 24*time.Hour && l.tod == none
	}
	got, date := l.firstTime(sample)
	if got.monthFirst {
		r.need("date-order", fault.FileNeeds.Errorf("the file does not say whether %q begins with the month or the day (--date-order mdy or dmy)", shown(date)))
	}
	l.clock.form = got.form
	if got.form == formNone {
		l.clock.form = formWall // each row will be refused by itself
	}
	return got.form == formWall, got.form == formWall && got.midnight
}

// wantTimes notes that no row has a time of the day, though its series is not one
// of days.
func (r *resolver) wantTimes(sample *table, column headed) {
	l := r.layout
	if l.tod != none || r.kind == series.Bars && l.interval == 0 {
		return // there is one, or each row says whether it needs one
	}
	for i := range sample.len() {
		if column.typed.kind == cellWall {
			break
		}
		if got, err := l.clock.read(sample.cells[l.date].text(i), nil); err == nil && !got.midnight {
			return
		}
	}
	r.needs = append(r.needs, fault.FileColumns.Errorf("the column %q holds dates without a time of the day: say which column has that (--map time=COLUMN), or, of daily bars, --interval d; there are %s", column.name, r.columnNames()))
}

// firstTime returns the first time that can be read, and the text of its date.
// The clock gets the most digits of those that have no colons.
func (l *layout) firstTime(sample *table) (first reading, date []byte) {
	for i := range sample.len() {
		var tod []byte
		if l.tod != none {
			tod = sample.cells[l.tod].text(i)
		}
		got, err := l.clock.read(sample.cells[l.date].text(i), tod)
		if err != nil {
			continue
		}
		if first.form == formNone {
			first, date = got, sample.cells[l.date].text(i)
		}
		if l.clock.width = max(l.clock.width, got.width); got.width == gluedNot {
			break
		}
	}
	return first, date
}

func unitOf(name string) time.Duration {
	return map[string]time.Duration{"s": time.Second, "ms": time.Millisecond, "us": time.Microsecond, "ns": 1}[name]
}

// zoneOfExchange returns the zone of the exchange, if all rows are of one that is
// known.
func (l *layout) zoneOfExchange() (*time.Location, bool) {
	if l.symbol.Exchange == "" {
		return nil, false
	}
	zone, err := l.symbol.Exchange.Zone()
	return zone, err == nil
}

// zoneOf returns the zone in which the bars of an exchange count days, and
// whether that was said or is the exchange's own.
func (l *layout) zoneOf(e market.Exchange) (zone *time.Location, known bool) {
	if l.zoned || l.symbol.Exchange != "" {
		return l.zone, l.zoned
	}
	if zone, err := e.Zone(); err == nil {
		return zone, true
	}
	return l.zone, false
}

// zoneOfDays returns the zone of the exchange of all rows, or else that of the
// first: a row whose days begin at another time is refused, since no bar begins
// then. It is nil if there is none that is known.
func (r *resolver) zoneOfDays() *time.Location {
	exchange := r.layout.symbol.Exchange
	if exchange == "" && !r.layout.suspect {
		exchange = r.first.Exchange
	}
	if zone, err := exchange.Zone(); err == nil {
		return zone
	}
	return nil
}

// findBarTime finds out whether bars are stamped at their start or their end.
func (r *resolver) findBarTime(column headed) {
	barTime := cmp.Or(r.opts.BarTime, r.preset.barTime)
	if barTime == "" && slices.Contains(startNames, plain(column.name)) {
		barTime = Start
	}
	switch barTime {
	case "":
		r.need("bar-time", fault.FileNeeds.Errorf("the file does not say whether its bars are stamped at their start or their end (--bar-time start or end)"))
	case End:
		r.layout.end = true
	}
}

// findVolume finds out how the volume of ticks counts.
func (r *resolver) findVolume() {
	if r.kind != series.Ticks {
		return
	}
	_, total := r.byName["volume"]
	_, last := r.byName["last_volume"]
	l := r.layout
	l.volume = cmp.Or(r.opts.TickVolume, r.preset.volume)
	switch {
	case l.volume == market.Traded && total && !last && !l.own:
		r.takeAsTraded()
	case l.volume != "" || l.own:
	case total && (last || plain(r.head.columns[r.byName["volume"]].name) != totalName):
		r.need("tick-volume", fault.FileNeeds.Errorf("the file does not say whether the volume of a tick was traded in it or since the day began (--tick-volume traded or cumulative)"))
	case total:
		l.volume = market.Cumulative
	case last:
		l.volume = market.Traded
	}
}

// takeAsTraded takes the one volume of a file for that of each tick, since it was
// said to be.
func (r *resolver) takeAsTraded() {
	base := series.BaseColumns(series.Ticks)
	traded := base[slices.IndexFunc(base, func(c series.BaseColumn) bool { return c.Name == "last_volume" })]
	for i := range r.layout.targets {
		if t := &r.layout.targets[i]; t.column.Name == "volume" && !t.extra {
			t.column = traded
		}
	}
}

// findEnd finds out whether the start of a bar can be told from its end, by the
// first symbol.
func (r *resolver) findEnd() {
	l := r.layout
	y := market.Symbol{Code: cmp.Or(l.symbol.Code, r.first.Code), Exchange: cmp.Or(l.symbol.Exchange, r.first.Exchange)}
	if !l.end || l.interval == 0 || y.Code == "" || y.Exchange == "" || len(r.needs) > 0 {
		return // each row is asked, if there is nothing else to say
	}
	if _, err := l.newBarEnd(y, l.interval); err != nil {
		r.need("calendar", err)
	}
}
