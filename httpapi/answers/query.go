package answers

import (
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// A Query is a [series.Query] of the Go client.
type Query struct {
	Keys    []Key    `json:"keys"`
	Span    Span     `json:"range"`
	Columns []string `json:"columns"` // null for all
	Reverse bool     `json:"reverse,omitempty"`
	Limit   int      `json:"limit,omitempty"`
}

// OfQuery returns the JSON of a query.
func OfQuery(q series.Query) *Query {
	return &Query{ofKeys(q.Keys), Span{q.Range.From, q.Range.To}, q.Columns, q.Reverse, q.Limit}
}

// Query returns what the JSON tells.
func (q *Query) Query() series.Query {
	return series.Query{Keys: keys(q.Keys), Range: market.Range{From: q.Span.From, To: q.Span.To}, Columns: q.Columns, Reverse: q.Reverse, Limit: q.Limit}
}

// A FoldQuery is a [series.FoldQuery] of the Go client, without a calendar.
type FoldQuery struct {
	Keys     []Key             `json:"keys"`
	Span     Span              `json:"range"`
	Interval market.Interval   `json:"interval"`
	Zone     string            `json:"zone"`
	Volume   market.TickVolume `json:"tick_volume,omitempty"`
}

// OfFoldQuery returns the JSON of a query.
func OfFoldQuery(q series.FoldQuery) *FoldQuery {
	return &FoldQuery{ofKeys(q.Keys), Span{q.Range.From, q.Range.To}, q.Interval, q.Zone.String(), q.Volume}
}

// Query returns what the JSON tells.
func (q *FoldQuery) Query() (series.FoldQuery, error) {
	zone, err := market.LoadZone(q.Zone)
	return series.FoldQuery{
		Keys: keys(q.Keys), Range: market.Range{From: q.Span.From, To: q.Span.To}, Interval: q.Interval, Zone: zone, Volume: q.Volume,
	}, err
}

func ofKeys(all []series.Key) []Key {
	j := make([]Key, len(all))
	for i, k := range all {
		j[i] = OfKey(k)
	}
	return j
}

func keys(all []Key) []series.Key {
	k := make([]series.Key, len(all))
	for i, j := range all {
		k[i] = j.Key()
	}
	return k
}
