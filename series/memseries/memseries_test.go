package memseries_test

import (
	"context"
	"errors"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
	"github.com/redfire-quant/redfire/series/seriestest"
)

func TestEngine(t *testing.T) {
	seriestest.Run(t, seriestest.Harness{
		Name:        "memseries",
		Open:        func(testing.TB) series.Engine { return memseries.NewEngine() },
		KeptChanges: 1 << 16,
		// No Reopen: memory forgets.
	})
}

var rebar = market.Symbol{Code: "rb2601", Exchange: market.SHFE}

func TestTheAttributesOfAnOverviewAreTheCallersOwn(t *testing.T) {
	s := memseries.Open(nil)
	f := series.Frame{Key: series.TickKey(rebar), Seq: []uint32{}, Attrs: map[string]string{"source": "x"}}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for o, err := range s.Overview(t.Context(), series.Filter{}) {
			if err != nil || o.Attrs["source"] != "x" {
				t.Errorf("got %v, %v, want the source x", o.Attrs, err)
			}
			o.Attrs["source"] = "spoilt"
		}
	}
}

func TestAChangeThatEndsWith1969HasNoOpenEnd(t *testing.T) {
	s := memseries.Open(nil)
	if err := s.WriteTicks(t.Context(), rebar, []market.Tick{{Time: -500, LastPrice: 1}}); err != nil {
		t.Fatal(err)
	}
	want := market.Range{From: -1000, To: 1}
	for c, err := range s.Changes(t.Context(), 0) {
		if err != nil || c.Range != want {
			t.Errorf("got %v, %v, want the range %v", c, err, want)
		}
	}
}

func TestACancelledCallAfterCloseIsClosed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := memseries.NewEngine()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Delete(ctx, series.TickKey(rebar), market.Range{}); !errors.Is(err, fault.Closed) {
		t.Errorf("delete: got %v, want fault.Closed", err)
	}
	for _, err := range e.Overview(ctx, series.Filter{}) {
		if !errors.Is(err, fault.Closed) {
			t.Errorf("overview: got %v, want fault.Closed", err)
		}
	}
}
