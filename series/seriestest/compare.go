package seriestest

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// lines returns each row of f as a line of text that holds all of it, bit for
// bit. Two frames that mean the same give the same lines: a base column that is
// 0 is left out, and so is what has no value.
func lines(f *series.Frame) []string {
	base := series.BaseColumns(f.Key.Kind)
	text := make([]string, f.Len())
	for row := range text {
		var cells []string
		for i := range f.Cols {
			if s := cell(&f.Cols[i], base, row); s != "" {
				cells = append(cells, s)
			}
		}
		slices.Sort(cells)
		place := fmt.Sprintf("%q %d", f.Key, int64(f.Time[row]))
		if f.Seq != nil {
			place += fmt.Sprintf(" seq %d", f.Seq[row])
		}
		text[row] = place + " " + strings.Join(cells, " ")
	}
	return text
}

// cell returns name and value of a row's column, "" if it says nothing.
func cell(c *series.Column, base []series.BaseColumn, row int) string {
	if c.Valid != nil && !c.Valid[row] {
		return ""
	}
	var value string
	switch c.Type() {
	case series.Float64:
		value = strconv.FormatFloat(c.Floats[row], 'g', -1, 64)
	case series.Int64:
		value = strconv.FormatInt(c.Ints[row], 10)
	case series.Text:
		value = strconv.Quote(c.Texts.Dict[c.Texts.Index[row]])
	}
	i := slices.IndexFunc(base, func(b series.BaseColumn) bool { return b.Name == c.Name })
	if i >= 0 && (value == "0" || value == `""`) {
		return ""
	}
	return c.Name + ":" + c.Type().String() + "=" + value
}

// write stores frames.
func write(t tb, e series.Engine, frames ...series.Frame) {
	t.Helper()
	if err := e.Write(t.Context(), frames); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func replace(t tb, e series.Engine, r market.Range, f series.Frame) {
	t.Helper()
	if err := e.Replace(t.Context(), r, f); err != nil {
		t.Fatalf("replace %s: %v", r, err)
	}
}

func remove(t tb, e series.Engine, k series.Key, r market.Range) {
	t.Helper()
	if err := e.Delete(t.Context(), k, r); err != nil {
		t.Fatalf("delete %s %s: %v", k, r, err)
	}
}

// of asks for everything in the series.
func of(keys ...series.Key) series.Query { return series.Query{Keys: keys} }

// in asks for a range of the series.
func in(r market.Range, keys ...series.Key) series.Query { return series.Query{Keys: keys, Range: r} }

// read returns the lines of the rows that q asks for.
func read(t tb, e series.Engine, q series.Query) []string {
	t.Helper()
	got, err := tryRead(t.Context(), e, q)
	if err != nil {
		t.Fatalf("read %+v: %v", q, err)
	}
	return got
}

// tryRead returns the lines of the rows that q asks for, up to an error, which
// may be that a frame is not well formed.
func tryRead(ctx context.Context, e series.Engine, q series.Query) ([]string, error) {
	var got []string
	var failed error
	for f, err := range e.Read(ctx, q) {
		switch {
		case failed != nil:
			return got, fmt.Errorf("goes on after the error %w", failed)
		case err != nil:
			failed = err
			continue
		}
		if err := wellFormed(f, q); err != nil {
			return got, err
		}
		got = append(got, lines(f)...)
	}
	return got, failed
}

// wellFormed returns an error if f cannot be an answer to q, whatever is stored.
func wellFormed(f *series.Frame, q series.Query) error {
	if f == nil || f.Len() == 0 {
		return fmt.Errorf("a frame without rows was yielded")
	}
	if err := storable(f, q).Validate(); err != nil {
		return fmt.Errorf("a frame that was yielded is not valid: %w", err)
	}
	for i := range f.Cols {
		if q.Columns != nil && !slices.Contains(q.Columns, f.Cols[i].Name) {
			return fmt.Errorf("column %s was not asked for", f.Cols[i].Name)
		}
	}
	return nil
}

// storable returns f without what cannot be checked because of the columns that
// were not asked for: the book, where nothing tells its depth.
func storable(f *series.Frame, q series.Query) *series.Frame {
	if q.Columns == nil || slices.Contains(q.Columns, "depth") {
		return f
	}
	g := *f
	g.Cols = slices.DeleteFunc(slices.Clone(f.Cols), func(c series.Column) bool { return levelColumn.MatchString(c.Name) })
	return &g
}

var levelColumn = regexp.MustCompile(`^(bid|ask)_(price|volume)_[1-5]$`)

// wantRows checks that q is answered by the rows of these frames in this order.
func wantRows(t tb, e series.Engine, q series.Query, frames ...series.Frame) {
	t.Helper()
	wantLines(t, fmt.Sprintf("read %+v", q), read(t, e, q), linesOf(frames...))
}

// linesOf returns the lines of all frames.
func linesOf(frames ...series.Frame) []string {
	var all []string
	for i := range frames {
		all = append(all, lines(&frames[i])...)
	}
	return all
}

func wantLines(t tb, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot\n%s\nwant\n%s", what, list(got), list(want))
	}
}

// list returns the first of the lines, and how many more there are.
func list(lines []string) string {
	const most = 12
	if len(lines) == 0 {
		return "\tnothing"
	}
	more := ""
	if len(lines) > most {
		more = fmt.Sprintf("\n\tand %d more", len(lines)-most)
	}
	return "\t" + strings.Join(lines[:min(len(lines), most)], "\n\t") + more
}

// overview returns what the engine tells of its series, in its order.
func overview(t tb, e series.Engine, f series.Filter) []series.Overview {
	t.Helper()
	var all []series.Overview
	for o, err := range e.Overview(t.Context(), f) {
		if err != nil {
			t.Fatalf("overview %+v: %v", f, err)
		}
		all = append(all, o)
	}
	return all
}

// wantOverview compares all of an overview but its extra columns.
func wantOverview(t tb, e series.Engine, f series.Filter, want ...series.Overview) {
	t.Helper()
	text := func(all []series.Overview) []string {
		var lines []string
		for _, o := range all {
			lines = append(lines, fmt.Sprintf("%q: %d rows from %d to %d, %s", o.Key, o.Count, int64(o.First), int64(o.Last), attrText(o.Attrs)))
		}
		return lines
	}
	wantLines(t, fmt.Sprintf("overview %+v", f), text(overview(t, e, f)), text(want))
}

func attrText(attrs map[string]string) string {
	if attrs == nil {
		return "no attributes"
	}
	text := "attributes"
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		text += fmt.Sprintf(" %s=%q", name, attrs[name])
	}
	return text
}

// summary returns the overview of a series that consists of the rows of f.
func summary(f series.Frame) series.Overview {
	o := series.Overview{Key: f.Key, Count: int64(f.Len()), Attrs: f.Attrs}
	if f.Len() > 0 {
		o.First, o.Last = f.Time[0], f.Time[f.Len()-1]
	}
	return o
}
