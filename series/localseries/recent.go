package localseries

import (
	"slices"
	"sort"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// keptRecent is how many changes are known one by one, at least: a follower that
// keeps up is told of each what it changed, without a look at every series. Of
// older ones the entries know the last, and the ranges of the pieces and chunks
// that its rows are in now.
const keptRecent = 4096

// A recent knows the last changes. The zero value knows that there were none.
type recent struct {
	after   uint64          // it knows all changes with higher numbers
	changes []series.Change // in the order of their numbers
}

// forget makes it know what comes after the change number last, and nothing else.
func (r *recent) forget(last uint64) { *r = recent{after: last} }

func (r *recent) note(seq uint64, k series.Key, in market.Range) {
	if len(r.changes) == 2*keptRecent {
		r.after = r.changes[keptRecent-1].Seq
		r.changes = append(r.changes[:0], r.changes[keptRecent:]...)
	}
	r.changes = append(r.changes, series.Change{Seq: seq, Key: k, Range: in})
}

// since returns the changes after a number, if it knows all of them.
func (r *recent) since(seq uint64) (changes []series.Change, ok bool) {
	if seq < r.after {
		return nil, false
	}
	i := sort.Search(len(r.changes), func(i int) bool { return r.changes[i].Seq > seq })
	return slices.Clone(r.changes[i:]), true
}

// rangeOfRows returns the range of the rows of f, an empty one for none.
func rangeOfRows(f *series.Frame) market.Range {
	if f.Len() == 0 {
		return nothing
	}
	return series.RangeOf(f.Key.Kind, f.Time[0], f.Time[f.Len()-1])
}
