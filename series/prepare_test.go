package series_test

import (
	"testing"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

func TestChangesAtTheEndsOfTimeCanBeRead(t *testing.T) {
	for _, at := range []market.Time{market.MinTime, -1000, -999, 1, 999, 1000, market.MaxTime} {
		e := memseries.NewEngine()
		for _, e := range []series.Engine{e, forgetful{e}} {
			s := series.New(e, nil)
			var since uint64
			if _, ok := e.(forgetful); ok {
				since = lastChange(t, s)
			}
			row := market.Tick{Time: at, LastPrice: 1}
			counts, err := s.Write(t.Context(), []series.Frame{series.FrameOfTicks(rebar, []market.Tick{row})}, &series.WriteOptions{Count: true})
			if err != nil || counts.New+counts.Unchanged != 1 || counts.Deleted != 0 {
				t.Errorf("%d: got %+v, %v, want one row", at, counts, err)
			}
			changed := collect(t, s.Changes(t.Context(), since))
			got := collect(t, s.Ticks(t.Context(), rebar, changed[0].Range))
			if len(got) != 1 || got[0] != row {
				t.Errorf("%d: in %s: got %v, want %v", at, changed[0].Range, got, row)
			}
		}
	}
}
