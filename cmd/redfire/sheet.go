package main

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A sheet makes rows of a result out of the frames of a series.
type sheet struct {
	p       *program
	kind    series.Kind
	zone    *time.Location
	daily   bool
	columns []column
	empty   []bool // see stream
	absent  []any  // what rows have in columns that their frame lacks
	levels  []int  // of the book, 0 for columns that tell of none
	cells   []any
}

// newSheet returns a sheet of what is known of a series, with the times in zone.
func (p *program) newSheet(about series.Overview, zone *time.Location) *sheet {
	s := &sheet{p: p, kind: about.Key.Kind, zone: zone, daily: about.Key.Interval.Daily()}
	s.add(column{"time", words(p.say(colTimeIn, zone))}, nil, 0)
	if s.kind == series.Ticks {
		s.add(column{"seq", colSeq}, nil, 0)
	}
	for _, c := range series.BaseColumns(s.kind) {
		s.add(column{c.Name, baseTitles[c.Name]}, zero(c), levelOf(c.Name))
	}
	for _, name := range slices.Sorted(maps.Keys(about.Extra)) {
		s.add(column{name, words(name)}, nil, 0)
	}
	s.cells = make([]any, len(s.columns))
	return s
}

// neverHidden are the columns that a table has even if all is 0 in them.
var neverHidden = []string{"time", "open", "high", "low", "close", "volume", "last_price", "last_volume"}

func (s *sheet) add(c column, absent any, level int) {
	s.columns = append(s.columns, c)
	s.empty = append(s.empty, !slices.Contains(neverHidden, c.key))
	s.absent = append(s.absent, absent)
	s.levels = append(s.levels, level)
}

// words returns a message that is the same in every language: a name.
func words(text string) (m message) {
	m.en, m.zh = text, text
	return m
}

// rows yields the rows of a frame. Each is valid until the next one.
func (s *sheet) rows(f *series.Frame) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		given := make([]*series.Column, len(s.columns))
		for at, c := range s.columns {
			given[at] = f.Column(c.key)
		}
		depth := f.Column("depth")
		for i := range f.Len() {
			deepest := 0
			if depth != nil {
				deepest = int(depth.Ints[i])
			}
			for at := range s.columns {
				s.cells[at] = s.cell(f, i, at, given[at])
				if s.levels[at] > deepest {
					s.cells[at] = nil
				}
			}
			if !yield(s.cells) {
				return
			}
		}
	}
}

// cell returns what row i has in a column, which the frame may lack.
func (s *sheet) cell(f *series.Frame, i, at int, c *series.Column) any {
	name := s.columns[at].key
	switch {
	case name == "time":
		return s.p.timeCell(f.Time[i], s.zone, s.daily)
	case name == "seq":
		return int64(f.Seq[i])
	case c == nil:
		return s.absent[at]
	case c.Valid != nil && !c.Valid[i]:
		return nil
	case name == "localtime" && s.kind == series.Ticks:
		return s.p.timeCell(market.Time(c.Ints[i]), s.zone, false)
	case c.Floats != nil:
		return decimal(c.Floats[i])
	case c.Ints != nil:
		return c.Ints[i]
	}
	return c.Texts.Dict[c.Texts.Index[i]]
}

// zero returns what a row has in a base column that its frame lacks.
func zero(c series.BaseColumn) any {
	switch {
	case c.Name == "localtime":
		return nil
	case c.Type == series.Float64:
		return decimal(0)
	case c.Type == series.Int64:
		return int64(0)
	}
	return ""
}

// levelOf returns the level of a tick's book that a base column tells of, 0 for
// none.
func levelOf(name string) int {
	if last := name[len(name)-1]; last >= '1' && last <= '5' {
		return int(last - '0')
	}
	return 0
}
