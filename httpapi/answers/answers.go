// Package answers is the JSON of what the server answers beside rows and errors,
// for the server and its Go client.
package answers

import (
	"strings"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/httpapi/problem"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A Key names a series.
type Key struct {
	Kind     string          `json:"kind" enum:"bars,ticks,indicator" doc:"What its rows are."`
	Symbol   market.Symbol   `json:"symbol" doc:"Code and exchange; the last dot divides them." example:"rb2601.SHFE"`
	Interval market.Interval `json:"interval,omitzero" doc:"The interval of bars and indicators." example:"1m"`
	Name     string          `json:"name,omitempty" doc:"The name of an indicator with its parameters."`
}

// OfKey returns the JSON of a key.
func OfKey(k series.Key) Key {
	return Key{k.Kind.String(), k.Symbol, k.Interval, k.Name}
}

// Key returns the key, whose kind is 0 if it has none that is known.
func (k Key) Key() series.Key {
	return series.Key{Kind: series.KindNamed(k.Kind), Symbol: k.Symbol, Interval: k.Interval, Name: k.Name}
}

// A Series is what is known of a series.
type Series struct {
	Key
	Rows  int64             `json:"rows" doc:"How many rows there are."`
	First market.Time       `json:"first,omitzero" doc:"The time of the first row."`
	Last  market.Time       `json:"last,omitzero" doc:"The time of the last row."`
	Attrs map[string]string `json:"attributes,omitempty" doc:"Attributes of the whole: its time zone, its source, how its volume counts."`
	Extra map[string]string `json:"extra_columns,omitempty" doc:"Columns beside those that every bar or tick has, and their types."`
}

// OfOverview returns the JSON of an overview.
func OfOverview(o series.Overview) *Series {
	s := &Series{Key: OfKey(o.Key), Rows: o.Count, First: o.First, Last: o.Last, Attrs: o.Attrs}
	for name, t := range o.Extra {
		if s.Extra == nil {
			s.Extra = map[string]string{}
		}
		s.Extra[name] = t.String()
	}
	return s
}

// Overview returns what the JSON tells.
func (s *Series) Overview() series.Overview {
	o := series.Overview{Key: s.Key.Key(), Count: s.Rows, First: s.First, Last: s.Last, Attrs: s.Attrs}
	for name, text := range s.Extra {
		if o.Extra == nil {
			o.Extra = map[string]series.Type{}
		}
		if t := series.TypeNamed(text); t != 0 {
			o.Extra[name] = t
		}
	}
	return o
}

// A Span is a range of time; an end that is open is left out.
type Span struct {
	From market.Time `json:"from,omitzero" doc:"The beginning; left out: none."`
	To   market.Time `json:"to,omitzero" doc:"The end, which is not part of it; left out: none."`
}

// A Change is one that was accepted.
type Change struct {
	Seq uint64 `json:"seq" doc:"Its number; numbers ascend."`
	Key
	Span
}

// OfChange returns the JSON of a change.
func OfChange(c series.Change) *Change {
	return &Change{Seq: c.Seq, Key: OfKey(c.Key), Span: Span{c.Range.From, c.Range.To}}
}

// Change returns what the JSON tells.
func (c *Change) Change() series.Change {
	return series.Change{Seq: c.Seq, Key: c.Key.Key(), Range: market.Range{From: c.From, To: c.To}}
}

// A Damage is a place whose bytes fail their check.
type Damage struct {
	File   string          `json:"file" doc:"The file."`
	Offset int64           `json:"offset" doc:"Where in it."`
	Key    *Key            `json:"series,omitempty" doc:"The series whose rows stand there, if that is known."`
	Span   Span            `json:"range" doc:"The times of these rows."`
	Error  problem.Details `json:"error" doc:"What is wrong."`
}

// OfDamage returns the JSON of a damage in the language lang.
func OfDamage(d series.Damage, lang string) *Damage {
	j := &Damage{File: d.File, Offset: d.Offset, Span: Span{d.Range.From, d.Range.To}, Error: *problem.Of(d.Err, lang)}
	if d.Key.Kind != 0 {
		k := OfKey(d.Key)
		j.Key = &k
	}
	return j
}

// Hide takes paths that begin with one of the folders for those in it.
func (d *Damage) Hide(folders []string) {
	for _, folder := range folders {
		d.File = strings.TrimPrefix(d.File, folder)
	}
	d.Error.Hide(folders)
}

// Damage returns what the JSON tells.
func (d *Damage) Damage() series.Damage {
	s := series.Damage{File: d.File, Offset: d.Offset, Range: market.Range{From: d.Span.From, To: d.Span.To}, Err: d.Error.Err(0)}
	if d.Key != nil {
		s.Key = d.Key.Key()
	}
	return s
}

// A Written is what a write did.
type Written struct {
	New       int64 `json:"new" doc:"Rows that had none in their place."`
	Unchanged int64 `json:"unchanged" doc:"Rows that were stored already, as they are."`
	Replaced  int64 `json:"replaced" doc:"Rows that took the place of others."`
	Deleted   int64 `json:"deleted,omitempty" doc:"Rows that are gone."`
}

// OfCounts returns the JSON of counts.
func OfCounts(c series.Counts) Written { return Written{c.New, c.Unchanged, c.Replaced, c.Deleted} }

// Counts returns what the JSON tells.
func (w Written) Counts() series.Counts {
	return series.Counts{New: w.New, Unchanged: w.Unchanged, Replaced: w.Replaced, Deleted: w.Deleted}
}

// An Imported is what a body of rows did.
type Imported struct {
	Read int64 `json:"read" doc:"Rows that were in the body."`
	Written
	Refused     int64                `json:"refused" doc:"Rows that were not kept."`
	RefusedRows []problem.Refused    `json:"refused_rows,omitempty" doc:"The first of them."`
	Reasons     map[fault.Code]int64 `json:"reasons,omitempty" doc:"How many were refused for which code."`
	Series      int                  `json:"series" doc:"How many series were written."`
	Keys        []Key                `json:"keys,omitempty" doc:"The first of them."`
	Notes       []string             `json:"notes,omitempty" doc:"Remarks."`
}

// A Defect is something wrong with stored bars.
type Defect struct {
	Key
	Defect   series.DefectKind `json:"defect" enum:"gap,outside,off-grid,duplicate,contradiction" doc:"What is wrong."`
	From     market.Time       `json:"from" doc:"The time of the first bar."`
	To       market.Time       `json:"to" doc:"Behind the time of the last bar; of a gap the end of the last bar that is missing."`
	Bars     int               `json:"bars" doc:"How many bars are missing, or wrong."`
	Findings []market.Finding  `json:"findings,omitempty" doc:"The contradictions of a bar."`
}

// A Day tells how many of the bars of a trading day there are.
type Day struct {
	Key
	Calendar string      `json:"calendar" doc:"The calendar that expects them."`
	Day      market.Date `json:"day" doc:"The trading day." example:"2026-01-05"`
	Expected int         `json:"expected" doc:"How many bars are expected."`
	Present  int         `json:"present" doc:"How many of them are stored."`
	Outside  int         `json:"outside" doc:"How many are stored that are not expected."`
}

// A Level is a step of price and what was traded in it.
type Level struct {
	Price  float64 `json:"price" doc:"The lower end of the step."`
	Volume float64 `json:"volume" doc:"The sum of the volumes."`
}

// A Source is a store or server, and how it is.
type Source struct {
	Name     string           `json:"name" doc:"Its name in the configuration."`
	Engine   string           `json:"engine,omitempty" doc:"What keeps it."`
	State    string           `json:"state" enum:"ok,down" doc:"How it is."`
	Critical bool             `json:"critical" doc:"Whether nothing works without it."`
	Error    *problem.Details `json:"error,omitempty" doc:"Why it is down."`
}

// A Ready tells whether a server answers requests.
type Ready struct {
	Status  string   `json:"status" enum:"ok,down,stopping" doc:"ok if it does."`
	Sources []Source `json:"sources" doc:"Each store and server, in the order of their names."`
}
