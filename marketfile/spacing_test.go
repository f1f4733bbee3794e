package marketfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// Neither is wrong by itself, so it is kept.
func TestBarsOfALongerIntervalAreNoted(t *testing.T) {
	f := func(apart []int, v market.Interval, want string) {
		t.Helper()
		var text strings.Builder
		text.WriteString(head)
		at := 0
		for _, a := range apart {
			at += a
			fmt.Fprintf(&text, "2026-01-05 %02d:%02d,1,1,1,1,1\n", at/60, at%60)
		}
		o := barsIn(t)
		o.Interval = v
		path := write(t, "a.csv", text.String())
		r, err := imports(t, emptyStore(t), series.Bars, o, path)
		g, err2 := Preview(t.Context(), series.Bars, path, 1, o)
		if err != nil || err2 != nil || r.Refused > 0 || len(r.Notes) != len(g.Notes) {
			t.Fatalf("%v: got %s, %v, %v, notes %v and %v", apart, counts(r), err, err2, r.Notes, g.Notes)
		}
		if want == "" && len(r.Notes) > 0 || want != "" && (len(r.Notes) != 1 || !strings.Contains(r.Notes[0].Text.Error(), want)) {
			t.Errorf("%v: got %v, want %q", apart, r.Notes, want)
		}
	}
	five := slices.Repeat([]int{5}, 12)
	f(five, market.Minute, "stand 5m apart")
	f(five, 5*market.Minute, "")
	f(five[:10], market.Minute, "") // too few to tell
	f(append(slices.Clone(five), 7), market.Minute, "")
	f(append(slices.Clone(five), 90, 10), market.Minute, "stand 5m apart")
	f(slices.Repeat([]int{60}, 12), market.Minute, "stand 1h apart")
	backwards := []int{600}
	f(append(backwards, slices.Repeat([]int{-15}, 12)...), market.Minute, "stand 15m apart")
}
