package seriestest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Random runs random programs on an engine and on the oracle, and wants the
// same answers. A program that fails is made as short as it can be and printed.
//
// "go test -rapid.checks=10000" runs more of them.
func Random(t *testing.T, h Harness, oracle func() series.Engine) {
	rapid.Check(t, randomly(func() series.Engine { return h.Open(t) }, oracle))
}

// randomly returns the check of one random program.
func randomly(engine, oracle func() series.Engine) func(*rapid.T) {
	return func(t *rapid.T) {
		p := &program{t: t, engine: engine(), oracle: oracle()}
		defer p.engine.Close()
		defer p.oracle.Close()
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			p.step()
			p.compare()
		}
	}
}

// A program is a run of random calls.
type program struct {
	t              *rapid.T
	engine, oracle series.Engine
	done           []string
}

// The series of a program are few, and so are their places, so that its calls
// meet.
var randomKeys = []series.Key{
	series.BarKey(market.Symbol{Code: "a", Exchange: "X"}, market.Minute),
	series.BarKey(market.Symbol{Code: "a", Exchange: "X"}, market.Hour),
	series.TickKey(market.Symbol{Code: "a", Exchange: "X"}),
	{Kind: series.Indicator, Symbol: market.Symbol{Code: "a", Exchange: "X"}, Interval: market.Minute, Name: "v(1)"},
}

// randomPlaces is how many places a series has: minutes of bars, and three
// ticks in each of some microseconds.
const randomPlaces = 8

func (p *program) step() {
	k := rapid.SampledFrom(randomKeys).Draw(p.t, "key")
	switch rapid.SampledFrom([]string{"write", "write", "write", "replace", "delete"}).Draw(p.t, "call") {
	case "write":
		frames := []series.Frame{p.frame(k, market.Range{})}
		if rapid.Bool().Draw(p.t, "two frames") {
			frames = append(frames, p.frame(rapid.SampledFrom(randomKeys).Draw(p.t, "key"), market.Range{}))
		}
		p.note("write %s", linesOf(frames...))
		p.same("write", p.engine.Write(p.t.Context(), frames), p.oracle.Write(p.t.Context(), frames))
	case "replace":
		r := p.randomRange()
		f := p.frame(k, r)
		p.note("replace %s %s by %s", k, r, linesOf(f))
		p.same("replace", p.engine.Replace(p.t.Context(), r, f), p.oracle.Replace(p.t.Context(), r, f))
	case "delete":
		r := p.randomRange()
		p.note("delete %s %s", k, r)
		p.same("delete", p.engine.Delete(p.t.Context(), k, r), p.oracle.Delete(p.t.Context(), k, r))
	}
}

func (p *program) note(format string, args ...any) {
	p.done = append(p.done, fmt.Sprintf(format, args...))
}

// same wants both engines to fail, or neither.
func (p *program) same(what string, got, want error) {
	if (got == nil) != (want == nil) {
		p.fail("%s: got error %v, want %v", what, got, want)
	}
}

func (p *program) fail(format string, args ...any) {
	p.t.Fatalf("%s\nafter\n\t%s", fmt.Sprintf(format, args...), strings.Join(p.done, "\n\t"))
}

// randomTime returns the time of a place, the beginning of a minute for bars
// and a microsecond for ticks alike.
func randomTime(place int) market.Time { return market.Time(place-2) * 60e9 }

func (p *program) randomRange() market.Range {
	end := func(name string) market.Time {
		place := rapid.IntRange(0, randomPlaces).Draw(p.t, name)
		if place == 0 {
			return 0
		}
		// In 1970 itself an end is a nanosecond, since 0 is open.
		return max(randomTime(place), market.Time(min(place, 2)/2)) // place 2 is 0
	}
	r := market.Range{From: end("from"), To: end("to")}
	if r.From != 0 && r.To != 0 && r.From > r.To {
		r.From, r.To = r.To, r.From
	}
	return r
}

// frame returns random rows of k that lie in r.
func (p *program) frame(k series.Key, r market.Range) series.Frame {
	f := series.Frame{Key: k}
	if rapid.IntRange(0, 3).Draw(p.t, "attributes") == 0 {
		f.Attrs = rapid.MapOfN(rapid.SampledFrom([]string{"zone", "source"}), rapid.SampledFrom([]string{"", "x", "中"}), 0, 2).Draw(p.t, "attrs")
	}
	for place := range randomPlaces {
		at := randomTime(place)
		if at == 0 || !r.Contains(at) || !rapid.Bool().Draw(p.t, "row") {
			continue
		}
		if k.Kind != series.Ticks {
			f.Time = append(f.Time, at)
			continue
		}
		for seq := range rapid.Uint32Range(1, 3).Draw(p.t, "ticks") {
			f.Time = append(f.Time, at+market.Time(rapid.IntRange(0, 999).Draw(p.t, "ns")))
			f.Seq = append(f.Seq, seq)
		}
	}
	if k.Kind == series.Ticks && f.Seq == nil {
		f.Seq = []uint32{}
	}
	if f.Len() > 0 {
		f.Cols = p.columns(k.Kind, f.Len())
	}
	return f
}

// columns returns some of the columns that a series of the kind can have.
func (p *program) columns(kind series.Kind, rows int) []series.Column {
	choices := []series.BaseColumn{{Name: "venue", Type: series.Text}, {Name: "flag", Type: series.Int64}, {Name: "v0", Type: series.Float64}}
	extras := len(choices)
	for _, b := range series.BaseColumns(kind) {
		if slices.Contains([]string{"open", "close", "last_price", "last_volume", "volume", "bid_price_2", "depth", "name"}, b.Name) {
			choices = append(choices, b)
		}
	}
	var columns []series.Column
	for i, choice := range choices {
		if rapid.Bool().Draw(p.t, choice.Name) {
			columns = append(columns, p.column(choice, rows, i < extras))
		}
	}
	return withBook(columns, rows)
}

// withBook returns columns with a depth that is one, and nothing beyond it.
func withBook(columns []series.Column, rows int) []series.Column {
	depth := make([]int64, rows)
	for _, c := range columns {
		if c.Name != "depth" {
			continue
		}
		for i := range c.Ints {
			c.Ints[i] &= 3
		}
		depth = c.Ints
	}
	for _, c := range columns {
		if c.Name != "bid_price_2" {
			continue
		}
		for i := range c.Floats {
			if depth[i] < 2 {
				c.Floats[i] = 0
			}
		}
	}
	return columns
}

func (p *program) column(of series.BaseColumn, rows int, mayBeAbsent bool) series.Column {
	c := series.Column{Name: of.Name}
	switch of.Type {
	case series.Float64:
		c.Floats = rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1, -2.5, 5e-324, 0.1234567890123456}), rows, rows).Draw(p.t, "floats")
	case series.Int64:
		c.Ints = rapid.SliceOfN(rapid.SampledFrom([]int64{0, 1, -1 << 63, 1<<63 - 1}), rows, rows).Draw(p.t, "ints")
	case series.Text:
		dict := rapid.Permutation([]string{"", "N", "中"}).Draw(p.t, "dictionary")
		c.Texts = &series.Texts{Dict: dict, Index: rapid.SliceOfN(rapid.Uint32Range(0, 2), rows, rows).Draw(p.t, "texts")}
	}
	if mayBeAbsent && rapid.Bool().Draw(p.t, "absent") {
		c.Valid = rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(p.t, "valid")
	}
	return c
}

// compare asks both engines the same questions.
func (p *program) compare() {
	keys := rapid.Permutation(randomKeys).Draw(p.t, "keys")
	q := series.Query{
		Keys:    keys[:rapid.IntRange(1, len(keys)).Draw(p.t, "how many keys")],
		Range:   p.randomRange(),
		Reverse: rapid.Bool().Draw(p.t, "reverse"),
		Limit:   rapid.IntRange(0, 4).Draw(p.t, "limit"),
	}
	if rapid.Bool().Draw(p.t, "some columns") {
		q.Columns = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"venue", "open", "last_price", "v0", "none"}), rapid.ID).Draw(p.t, "columns")
	}
	got, err := tryRead(p.t.Context(), p.engine, q)
	want, oracleErr := tryRead(p.t.Context(), p.oracle, q)
	if err != nil || oracleErr != nil || !slices.Equal(got, want) {
		p.fail("read %+v:\ngot (%v)\n%s\nwant (%v)\n%s", q, err, list(got), oracleErr, list(want))
	}
	p.compareFold()
	if got, want := p.overviews(p.engine), p.overviews(p.oracle); !slices.Equal(got, want) {
		p.fail("overview:\ngot\n%s\nwant\n%s", list(got), list(want))
	}
}

// compareFold wants an engine that folds to make the bars that a store makes,
// bit for bit.
func (p *program) compareFold() {
	q := series.FoldQuery{
		Keys:     []series.Key{rapid.SampledFrom([]series.Key{randomKeys[0], randomKeys[2]}).Draw(p.t, "folded")},
		Interval: rapid.SampledFrom([]market.Interval{3 * market.Minute, market.Hour, market.Day}).Draw(p.t, "interval"),
		Zone:     rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("+05:45", 20700)}).Draw(p.t, "zone"),
		Volume:   rapid.SampledFrom([]market.TickVolume{market.Traded, market.Cumulative}).Draw(p.t, "volume"),
	}
	got, err := foldLines(p.engine.Fold(p.t.Context(), q))
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	want, storeErr := foldLines(series.New(p.oracle, nil).Resample(p.t.Context(), q))
	if err != nil || storeErr != nil || !slices.Equal(got, want) {
		p.fail("fold %+v:\ngot (%v)\n%s\nwant (%v)\n%s", q, err, list(got), storeErr, list(want))
	}
}

func foldLines(frames iter.Seq2[*series.Frame, error]) ([]string, error) {
	var all []string
	for f, err := range frames {
		if err != nil {
			return all, err
		}
		all = append(all, lines(f)...)
	}
	return all, nil
}

// overviews returns what an engine tells of its series, without the extra
// columns: those that no row has any more may be told or not.
func (p *program) overviews(e series.Engine) []string {
	var all []string
	for o, err := range e.Overview(p.t.Context(), series.Filter{}) {
		if err != nil {
			p.fail("overview: %v", err)
		}
		all = append(all, fmt.Sprintf("%s: %d rows from %s to %s, attributes %v", o.Key, o.Count, o.First, o.Last, o.Attrs))
	}
	return all
}
