package series

import (
	"iter"
	"math"

	"github.com/redfire-quant/redfire/market"
)

// FrameOfBars returns a frame of the given bars of y with interval v. It keeps
// nothing of bars.
func FrameOfBars(y market.Symbol, v market.Interval, bars []market.Bar) Frame {
	f := Frame{Key: BarKey(y, v), Time: make([]market.Time, len(bars))}
	values := make([]float64, len(barColumns)*len(bars))
	column := func(i int) []float64 { return values[i*len(bars) : (i+1)*len(bars) : (i+1)*len(bars)] }
	open, high, low, closing, volume, turnover, interest := column(0), column(1), column(2), column(3), column(4), column(5), column(6)
	for i := range bars {
		b := &bars[i]
		f.Time[i] = b.Time
		open[i], high[i], low[i], closing[i] = b.Open, b.High, b.Low, b.Close
		volume[i], turnover[i], interest[i] = b.Volume, b.Turnover, b.OpenInterest
	}
	for i, c := range barColumns {
		f.Cols = append(f.Cols, Column{Name: c.Name, Floats: column(i)})
	}
	return f
}

// Bars yields the rows of a frame of bars. Columns that f lacks are 0.
func (f *Frame) Bars() iter.Seq[market.Bar] {
	return func(yield func(market.Bar) bool) {
		f.eachBar(func(b market.Bar, _ error) bool { return yield(b) })
	}
}

// eachBar gives each row to yield, with no error, until that returns false; it
// tells whether all went.
func (f *Frame) eachBar(yield func(market.Bar, error) bool) bool {
	times := f.Time
	column := func(name string) []float64 {
		if c := f.Column(name); c != nil {
			return c.Floats
		}
		return make([]float64, len(times))
	}
	// Cut to the length of times, no index below needs a check.
	open, high, low, closing := column("open")[:len(times)], column("high")[:len(times)], column("low")[:len(times)], column("close")[:len(times)]
	volume, turnover, interest := column("volume")[:len(times)], column("turnover")[:len(times)], column("open_interest")[:len(times)]
	for i := range times {
		b := market.Bar{
			Time: times[i], Open: open[i], High: high[i], Low: low[i], Close: closing[i],
			Volume: volume[i], Turnover: turnover[i], OpenInterest: interest[i],
		}
		if !yield(b, nil) {
			return false
		}
	}
	return true
}

// tickField is a float64 field of a tick and its column.
type tickField struct {
	name string
	of   func(*market.Tick) *float64
}

// tickFields are the fields that every tick has; those of the book's levels
// follow, four to a level.
var tickFields = append([]tickField{
	{"last_price", func(t *market.Tick) *float64 { return &t.LastPrice }},
	{"last_volume", func(t *market.Tick) *float64 { return &t.LastVolume }},
	{"volume", func(t *market.Tick) *float64 { return &t.Volume }},
	{"turnover", func(t *market.Tick) *float64 { return &t.Turnover }},
	{"open_interest", func(t *market.Tick) *float64 { return &t.OpenInterest }},
	{"limit_up", func(t *market.Tick) *float64 { return &t.LimitUp }},
	{"limit_down", func(t *market.Tick) *float64 { return &t.LimitDown }},
	{"open_price", func(t *market.Tick) *float64 { return &t.Open }},
	{"high_price", func(t *market.Tick) *float64 { return &t.High }},
	{"low_price", func(t *market.Tick) *float64 { return &t.Low }},
	{"pre_close", func(t *market.Tick) *float64 { return &t.PreClose }},
}, levelFields()...)

func levelFields() []tickField {
	var fields []tickField
	for level := range 5 {
		n := string(rune('1' + level))
		fields = append(fields,
			tickField{"bid_price_" + n, func(t *market.Tick) *float64 { return &t.Bids[level].Price }},
			tickField{"bid_volume_" + n, func(t *market.Tick) *float64 { return &t.Bids[level].Volume }},
			tickField{"ask_price_" + n, func(t *market.Tick) *float64 { return &t.Asks[level].Price }},
			tickField{"ask_volume_" + n, func(t *market.Tick) *float64 { return &t.Asks[level].Volume }})
	}
	return fields
}

// FrameOfTicks returns a frame of the given ticks of y. Columns that are 0 in
// every tick are left out. It keeps nothing of ticks.
func FrameOfTicks(y market.Symbol, ticks []market.Tick) Frame {
	f := Frame{Key: TickKey(y), Time: make([]market.Time, len(ticks)), Seq: make([]uint32, len(ticks))}
	for i := range ticks {
		f.Time[i], f.Seq[i] = ticks[i].Time, ticks[i].Seq
	}
	for i, isUsed := range usedFields(ticks) {
		if isUsed {
			f.Cols = append(f.Cols, fieldColumn(ticks, tickFields[i]))
		}
	}
	depth := intColumn("depth", ticks, func(t *market.Tick) int64 { return int64(t.Depth) })
	local := intColumn("localtime", ticks, func(t *market.Tick) int64 { return int64(t.Local) })
	f.Cols = append(f.Cols, depth...)
	f.Cols = append(f.Cols, local...)
	f.Cols = append(f.Cols, nameColumn(ticks)...)
	return f
}

func fieldColumn(ticks []market.Tick, field tickField) Column {
	c := Column{Name: field.name, Floats: make([]float64, len(ticks))}
	for i := range ticks {
		c.Floats[i] = *field.of(&ticks[i])
	}
	return c
}

// usedFields tells of each of tickFields whether a tick has a value in it. Ticks
// are large, and most of their fields are 0 as a rule: it goes over them once.
func usedFields(ticks []market.Tick) (used [31]bool) {
	var bits [31]uint64
	or := func(i int, x float64) { bits[i] |= math.Float64bits(x) }
	for i := range ticks {
		t := &ticks[i]
		or(0, t.LastPrice)
		or(1, t.LastVolume)
		or(2, t.Volume)
		or(3, t.Turnover)
		or(4, t.OpenInterest)
		or(5, t.LimitUp)
		or(6, t.LimitDown)
		or(7, t.Open)
		or(8, t.High)
		or(9, t.Low)
		or(10, t.PreClose)
		for level := range t.Bids {
			or(11+4*level, t.Bids[level].Price)
			or(12+4*level, t.Bids[level].Volume)
			or(13+4*level, t.Asks[level].Price)
			or(14+4*level, t.Asks[level].Volume)
		}
	}
	for i, b := range bits {
		used[i] = b != 0
	}
	return used
}

func intColumn(name string, ticks []market.Tick, of func(*market.Tick) int64) []Column {
	c := Column{Name: name, Ints: make([]int64, len(ticks))}
	used := false
	for i := range ticks {
		c.Ints[i] = of(&ticks[i])
		used = used || c.Ints[i] != 0
	}
	if !used {
		return nil
	}
	return []Column{c}
}

func nameColumn(ticks []market.Tick) []Column {
	texts := &Texts{Index: make([]uint32, len(ticks))}
	codes := map[string]uint32{}
	for i := range ticks {
		texts.Index[i] = texts.code(codes, ticks[i].Name)
	}
	if len(texts.Dict) == 0 || len(texts.Dict) == 1 && texts.Dict[0] == "" {
		return nil
	}
	return []Column{{Name: "name", Texts: texts}}
}

// code returns the place of s in the dictionary, which it may add to. codes
// holds the places that are known.
func (t *Texts) code(codes map[string]uint32, s string) uint32 {
	n, ok := codes[s]
	if !ok {
		n = uint32(len(t.Dict))
		codes[s] = n
		t.Dict = append(t.Dict, s)
	}
	return n
}

// Ticks yields the rows of a frame of ticks. Columns that f lacks are 0.
func (f *Frame) Ticks() iter.Seq[market.Tick] {
	return func(yield func(market.Tick) bool) {
		f.eachTick(func(t market.Tick, _ error) bool { return yield(t) })
	}
}

// eachTick is eachBar for ticks.
func (f *Frame) eachTick(yield func(market.Tick, error) bool) bool {
	type source struct {
		column *Column
		of     func(*market.Tick) *float64
	}
	var sources []source
	for _, field := range tickFields {
		if c := f.Column(field.name); c != nil {
			sources = append(sources, source{c, field.of})
		}
	}
	depth, local, name := f.Column("depth"), f.Column("localtime"), f.Column("name")
	for i := range f.Time {
		t := market.Tick{Time: f.Time[i], Seq: f.Seq[i]}
		for _, s := range sources {
			*s.of(&t) = s.column.Floats[i]
		}
		if depth != nil {
			t.Depth = uint8(depth.Ints[i])
		}
		if local != nil {
			t.Local = market.Time(local.Ints[i])
		}
		if name != nil {
			t.Name = name.Texts.Dict[name.Texts.Index[i]]
		}
		if !yield(t, nil) {
			return false
		}
	}
	return true
}
