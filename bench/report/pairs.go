package report

import (
	"fmt"
	"slices"
)

// An Interval is the median of ratios of pairs, and where the median of all such
// pairs lies with 95 in 100 or more.
type Interval struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// String is x2.13 (2.08 to 2.2).
func (i Interval) String() string {
	return fmt.Sprintf("x%s (%s to %s)", short(i.Median), short(i.Low), short(i.High))
}

// Pair notes values of ours and of a peer that were measured in pairs, one after
// the other: their ratio is the median of the pairs'.
func (r *Result) Pair(peer string, ours, theirs []float64) {
	ratios := make([]float64, 0, len(ours))
	for i := range min(len(ours), len(theirs)) {
		if ratio, ok := r.Ratio(ours[i], theirs[i]); ok {
			ratios = append(ratios, ratio)
		}
	}
	if len(ratios) == 0 {
		return
	}
	if r.pairs == nil {
		r.pairs = map[string]Interval{}
	}
	slices.Sort(ratios)
	k := rank(len(ratios))
	r.pairs[peer] = Interval{Median: Median(ratios), Low: ratios[k], High: ratios[len(ratios)-1-k]}
}

// rank returns how many of n values, at each end, lie outside the interval of
// order statistics that covers the median with 95 in 100 or more: by the binomial
// distribution, since each value is below the median as likely as above.
// (Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2.)
func rank(n int) int {
	chance := 1.0 // of none below
	for range n {
		chance /= 2
	}
	below, k := 0.0, 0
	for ; k < n/2; k++ {
		below += chance
		if below > 0.025 {
			break
		}
		chance = chance * float64(n-k) / float64(k+1)
	}
	return max(k-1, 0)
}

// Median returns the middle of values, 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// ratioGoals tells which ratios to peers we reached. One that is missed by its
// median alone, but not by its interval, may be the machine's noise.
func (r *Result) ratioGoals(peers []string) []string {
	var lines []string
	for _, peer := range peers {
		goal, ok := r.RatioGoals[peer]
		if !ok {
			continue
		}
		got, reached := "not measured", "MISSED"
		if of, ok := r.pairs[peer]; ok {
			got = of.String()
			switch {
			case of.Median >= goal:
				reached = "met"
			case of.High >= goal:
				reached = "missed within the interval"
			}
		}
		lines = append(lines, fmt.Sprintf("%s: at least x%s of %s: %s: %s", r.Work, short(goal), peer, got, reached))
	}
	return lines
}
