package seriestest

import (
	"slices"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var (
	rebar  = market.Symbol{Code: "rb2601", Exchange: market.SHFE}
	silver = market.Symbol{Code: "ag2602", Exchange: market.SHFE}

	rebarBars   = series.BarKey(rebar, market.Minute)
	silverBars  = series.BarKey(silver, market.Minute)
	rebarTicks  = series.TickKey(rebar)
	silverTicks = series.TickKey(silver)
	rebarRSI    = series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "rsi(14)"}
)

// at returns the instant that many seconds after 1970.
func at(seconds int64) market.Time { return market.Time(seconds * 1e9) }

// between returns the range of bars from one second up to another.
func between(from, to int64) market.Range { return market.Range{From: at(from), To: at(to)} }

// bars returns bars, or values of an indicator, at the given seconds. Every
// column of every row has a value of its own, and another one in each version.
func bars(k series.Key, version int, seconds ...int64) series.Frame {
	f := series.Frame{Key: k}
	for _, s := range seconds {
		f.Time = append(f.Time, at(s))
	}
	names := []string{"v"}
	if k.Kind == series.Bars {
		names = nil
		for _, b := range series.BaseColumns(k.Kind) {
			names = append(names, b.Name)
		}
	}
	for i, name := range names {
		c := series.Column{Name: name, Floats: make([]float64, len(seconds))}
		for j, s := range seconds {
			c.Floats[j] = float64(s)*1000 + float64(version)*10 + float64(i) + 0.5
		}
		f.Cols = append(f.Cols, c)
	}
	return f
}

// A place is where a tick stands.
type place struct {
	ns  market.Time
	seq uint32
}

// ticks returns ticks with one level of the book at the given places.
func ticks(k series.Key, version int, places ...place) series.Frame {
	n := len(places)
	f := series.Frame{Key: k, Time: make([]market.Time, n), Seq: make([]uint32, n)}
	price, size := make([]float64, n), make([]float64, n)
	depth, local := make([]int64, n), make([]int64, n)
	name := &series.Texts{Dict: []string{"螺纹", "x, \"y\"\n"}, Index: make([]uint32, n)}
	for i, p := range places {
		f.Time[i], f.Seq[i] = p.ns, p.seq
		price[i], size[i] = float64(1000*i+version)+0.5, float64(10*i+version)
		depth[i], local[i] = 1, int64(min(p.ns+market.Time(version), market.MaxTime))
		name.Index[i] = uint32((i + version) % 2)
	}
	f.Cols = []series.Column{
		{Name: "last_price", Floats: price},
		{Name: "bid_volume_1", Floats: size},
		{Name: "depth", Ints: depth},
		{Name: "localtime", Ints: local},
		{Name: "name", Texts: name},
	}
	return f
}

// column returns a column of float64, int64 or string values; nil stands for a
// row without one.
func column(name string, values ...any) series.Column {
	c := series.Column{Name: name}
	valid := make([]bool, len(values))
	for i, v := range values {
		valid[i] = v != nil
		switch v := v.(type) {
		case float64:
			c.Floats = slices.Grow(c.Floats, len(values))[:len(values)]
			c.Floats[i] = v
		case int64:
			c.Ints = slices.Grow(c.Ints, len(values))[:len(values)]
			c.Ints[i] = v
		case string:
			if c.Texts == nil {
				c.Texts = &series.Texts{Index: make([]uint32, len(values))}
			}
			c.Texts.Index[i] = enter(c.Texts, v)
		}
	}
	if c.Type() == 0 {
		c.Floats = make([]float64, len(values))
	}
	if slices.Contains(valid, false) {
		c.Valid = valid
	}
	return c
}

// enter returns the place of s in the dictionary, which it may add to.
func enter(t *series.Texts, s string) uint32 {
	if i := slices.Index(t.Dict, s); i >= 0 {
		return uint32(i)
	}
	t.Dict = append(t.Dict, s)
	return uint32(len(t.Dict) - 1)
}

// with returns f with columns added, or put in the place of those of their name.
func with(f series.Frame, columns ...series.Column) series.Frame {
	g := f
	g.Cols = slices.DeleteFunc(slices.Clone(f.Cols), func(c series.Column) bool {
		return slices.ContainsFunc(columns, func(d series.Column) bool { return c.Name == d.Name })
	})
	g.Cols = append(g.Cols, columns...)
	return g
}

// about returns a frame of attributes without rows.
func about(k series.Key, attrs map[string]string) series.Frame {
	f := series.Frame{Key: k, Attrs: attrs, Time: []market.Time{}}
	if k.Kind == series.Ticks {
		f.Seq = []uint32{}
	}
	return f
}

// spoil writes over everything that f holds.
func spoil(f *series.Frame) {
	for name := range f.Attrs {
		f.Attrs[name] = "spoilt"
	}
	if f.Attrs != nil {
		f.Attrs["spoilt"] = "spoilt"
	}
	for i := range f.Time {
		f.Time[i] = at(7)
	}
	for i := range f.Seq {
		f.Seq[i] = 7
	}
	for i := range f.Cols {
		spoilColumn(&f.Cols[i])
	}
	clear(f.Cols)
}

func spoilColumn(c *series.Column) {
	for i := range c.Floats {
		c.Floats[i] = -7
	}
	for i := range c.Ints {
		c.Ints[i] = -7
	}
	for i := range c.Valid {
		c.Valid[i] = !c.Valid[i]
	}
	if c.Texts != nil {
		for i := range c.Texts.Dict {
			c.Texts.Dict[i] = "spoilt"
		}
		clear(c.Texts.Index)
	}
}
