// Package report shows what a benchmark measured: ours, the peers and the limit
// of the machine, as a table for people or as a JSON object a line.
//
// Values are in the unit of their work. A ratio is that of us to somebody else
// and is above 1 where we are better, whatever the unit: of rates it is ours by
// theirs, of times and sizes theirs by ours.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// A Report is all that a run measured.
type Report struct {
	Us      string   // what we are called among the engines
	Peers   []string // in the order of the table
	Results []*Result

	// NotRun are engines that were not measured at all; Notes say how the others
	// were set up.
	NotRun, Notes []Gap
}

// A Gap is something that is to be said of an engine.
type Gap struct{ Engine, Why string }

// A Result is what came of one work.
type Result struct {
	Work, Unit string
	Less       bool // less is better

	// Limits are what the machine could do at most; the first stands in the
	// table.
	Limits []Limit

	// Goal is what we set ourselves, 0 for nothing.
	Goal float64

	// RatioGoals are the ratios to peers that we set ourselves.
	RatioGoals map[string]float64

	values map[string]float64
	pairs  map[string]Interval
	rows   map[string]int
	gaps   []Gap
}

// A Limit is what the machine could do at most, if it did what Name says.
type Limit struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Put notes the value of an engine and over how many rows it was taken. Of
// several the best counts: what else the machine does only makes it worse. One
// that was missed once stays without.
func (r *Result) Put(engine string, value float64, rows int) {
	if slices.ContainsFunc(r.gaps, func(g Gap) bool { return g.Engine == engine }) {
		return
	}
	if r.values == nil {
		r.values, r.rows = map[string]float64{}, map[string]int{}
	}
	if had, ok := r.values[engine]; ok {
		value = r.better(had, value)
	}
	r.values[engine], r.rows[engine] = value, rows
}

// Bound notes a limit. Of several of one name the best counts.
func (r *Result) Bound(name string, value float64) {
	for i := range r.Limits {
		if l := &r.Limits[i]; l.Name == name {
			l.Value = r.better(l.Value, value)
			return
		}
	}
	r.Limits = append(r.Limits, Limit{name, value})
}

// Miss notes why an engine has no value. One that it had is gone.
func (r *Result) Miss(engine, why string) {
	delete(r.values, engine)
	delete(r.rows, engine)
	if g := (Gap{engine, why}); !slices.Contains(r.gaps, g) {
		r.gaps = append(r.gaps, g)
	}
}

func (r *Result) better(a, b float64) float64 {
	if r.Less {
		return min(a, b)
	}
	return max(a, b)
}

// Rows returns over how many rows each engine that has a value was measured.
func (r *Result) Rows() map[string]int { return maps.Clone(r.rows) }

// Gaps returns which engines have no value, and why.
func (r *Result) Gaps() []Gap { return slices.Clone(r.gaps) }

// Ratio returns how much better ours is than theirs, above 1 if it is. It is
// false where there is no such number.
func (r *Result) Ratio(ours, theirs float64) (float64, bool) {
	ratio := ours / theirs
	if r.Less {
		ratio = theirs / ours
	}
	return ratio, !math.IsNaN(ratio) && !math.IsInf(ratio, 0)
}

// met reports whether we reached our goal; it is false where we have no value.
func (r *Result) met(us string) bool {
	ours, measured := r.values[us]
	return measured && r.better(ours, r.Goal) == ours
}

// line is a result as JSON.
type line struct {
	Work   string             `json:"work"`
	Unit   string             `json:"unit"`
	Less   bool               `json:"less_is_better"`
	Us     *float64           `json:"us"`
	Peers  map[string]float64 `json:"peers"`
	Limit  *float64           `json:"limit"`
	Limits []Limit            `json:"limits"`
	Ratios map[string]float64 `json:"ratios"` // of us to each peer and to "limit"
	Goal   *float64           `json:"goal,omitempty"`
	// Intervals are those of the ratios that are medians of pairs.
	Intervals map[string]Interval `json:"intervals,omitempty"`
	Goals     map[string]float64  `json:"ratio_goals,omitempty"`
	Met       *bool               `json:"met,omitempty"`
	Rows      map[string]int      `json:"rows"`
	NotRun    map[string]string   `json:"not_run,omitempty"`
}

// JSON writes an object a line, one for each work.
func (p *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range p.Results {
		if err := enc.Encode(p.line(r)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Report) line(r *Result) line {
	l := line{
		Work: r.Work, Unit: r.Unit, Less: r.Less,
		Peers: map[string]float64{}, Limits: append([]Limit{}, r.Limits...), Ratios: map[string]float64{},
		Rows: map[string]int{}, NotRun: map[string]string{},
	}
	if ours, ok := r.values[p.Us]; ok {
		l.Us = &ours
	}
	if len(r.Limits) > 0 {
		l.Limit = &r.Limits[0].Value
	}
	if r.Goal != 0 {
		met := r.met(p.Us)
		l.Goal, l.Met = &r.Goal, &met
	}
	for engine, rows := range r.rows {
		l.Rows[engine] = rows
	}
	for _, peer := range p.Peers {
		if v, ok := r.values[peer]; ok {
			l.Peers[peer] = v
			l.putRatio(r, peer, v)
		}
	}
	if l.Limit != nil {
		l.putRatio(r, "limit", *l.Limit)
	}
	for _, g := range slices.Concat(p.NotRun, r.gaps) {
		l.NotRun[g.Engine] = g.Why
	}
	l.Intervals, l.Goals = r.pairs, r.RatioGoals
	for peer, of := range r.pairs {
		l.Ratios[peer] = of.Median
	}
	return l
}

func (l *line) putRatio(r *Result, name string, theirs float64) {
	if l.Us == nil {
		return
	}
	if ratio, ok := r.Ratio(*l.Us, theirs); ok {
		l.Ratios[name] = ratio
	}
}

// Table writes a table and below it what is to be said about it.
func (p *Report) Table(w io.Writer) error {
	t := table.NewWriter()
	header := table.Row{"work", "unit", p.Us}
	for _, name := range p.Peers {
		header = append(header, name)
	}
	t.AppendHeader(append(header, "limit"))
	for _, r := range p.Results {
		t.AppendRow(p.row(r))
	}
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options.SeparateRows = true
	t.SetStyle(style)
	var right []table.ColumnConfig
	for i := range len(p.Peers) + 2 {
		right = append(right, table.ColumnConfig{Number: i + 3, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(append(right, table.ColumnConfig{Number: 1, WidthMax: 26, WidthMaxEnforcer: text.WrapSoft}))
	_, err := fmt.Fprintf(w, "%s\n%s", t.Render(), p.below())
	return err
}

// row has of each engine its value and below it the ratio.
func (p *Report) row(r *Result) table.Row {
	ours, measured := r.values[p.Us]
	cell := func(v float64, ok bool) string {
		if !ok {
			return "-"
		}
		ratio, ok := r.Ratio(ours, v)
		if !measured || !ok {
			return short(v)
		}
		return short(v) + "\nx" + short(ratio)
	}
	row := table.Row{r.Work, r.Unit, "-"}
	if measured {
		row[2] = short(ours)
	}
	for _, peer := range p.Peers {
		v, ok := r.values[peer]
		if of, paired := r.pairs[peer]; paired && ok {
			row = append(row, short(v)+"\n"+of.String())
			continue
		}
		row = append(row, cell(v, ok))
	}
	if len(r.Limits) == 0 {
		return append(row, "-")
	}
	return append(row, cell(r.Limits[0].Value, true))
}

// below says what the table cannot.
func (p *Report) below() string {
	var b strings.Builder
	b.WriteString("x is how much better we are: above 1 we are better, whatever the unit.\n")
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(&b, "\n%s\n  %s\n", title, strings.Join(lines, "\n  "))
		}
	}
	section("GOALS", p.goals())
	section("NOT RUN", p.missing())
	section("ROWS", p.rows())
	section("LIMITS", p.limits())
	var notes []string
	for _, n := range p.Notes {
		notes = append(notes, n.Engine+": "+n.Why)
	}
	section("SET UP", notes)
	return b.String()
}

// goals tells which goals we reached.
func (p *Report) goals() []string {
	var lines []string
	for _, r := range p.Results {
		lines = append(lines, r.ratioGoals(p.Peers)...)
		if r.Goal == 0 {
			continue
		}
		bound, reached := "at least", "MISSED"
		if r.Less {
			bound = "at most"
		}
		if r.met(p.Us) {
			reached = "met"
		}
		got := "not measured"
		if ours, ok := r.values[p.Us]; ok {
			got = short(ours)
		}
		lines = append(lines, fmt.Sprintf("%s: %s %s %s: %s: %s", r.Work, bound, short(r.Goal), r.Unit, got, reached))
	}
	return lines
}

// missing tells of each engine and reason the works that it has no value for.
func (p *Report) missing() []string {
	var lines []string
	for _, g := range p.NotRun {
		lines = append(lines, fmt.Sprintf("%s: %s", g.Engine, g.Why))
	}
	works := map[Gap][]string{}
	var order []Gap
	for _, r := range p.Results {
		for _, g := range r.gaps {
			if works[g] == nil {
				order = append(order, g)
			}
			works[g] = append(works[g], r.Work)
		}
	}
	place := func(g Gap) int { return slices.Index(p.Peers, g.Engine) } // ours is first: -1
	slices.SortStableFunc(order, func(a, b Gap) int { return cmp.Compare(place(a), place(b)) })
	for _, g := range order {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", g.Engine, strings.Join(works[g], "; "), g.Why))
	}
	return lines
}

// rows tells over how many rows each value was taken.
func (p *Report) rows() []string {
	var lines []string
	for _, r := range p.Results {
		engines := map[int][]string{}
		for _, name := range append([]string{p.Us}, p.Peers...) {
			if n, ok := r.rows[name]; ok {
				engines[n] = append(engines[n], name)
			}
		}
		var parts []string
		for _, n := range slices.Backward(slices.Sorted(maps.Keys(engines))) {
			parts = append(parts, fmt.Sprintf("%d (%s)", n, strings.Join(engines[n], ", ")))
		}
		if len(parts) > 0 {
			lines = append(lines, r.Work+": "+strings.Join(parts, "; "))
		}
	}
	return lines
}

func (p *Report) limits() []string {
	var lines []string
	for _, r := range p.Results {
		for i, l := range r.Limits {
			said := fmt.Sprintf("%s: %s", r.Work, l.Name)
			if i > 0 {
				said += fmt.Sprintf(": %s %s", short(l.Value), r.Unit)
			}
			lines = append(lines, said)
		}
	}
	return lines
}

// short writes a value in three digits or so: 2.97M, 25.5k, 141, 0.94.
func short(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.size*0.9995 {
			return digits(v/unit.size) + unit.name
		}
	}
	return digits(v)
}

func digits(v float64) string {
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.0995 || v == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.2g", v)
}
