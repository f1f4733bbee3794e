package series_test

import (
	"errors"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
	"github.com/redfire-quant/redfire/series/memseries"
)

func TestStatsCountCallsRowsAndFailures(t *testing.T) {
	s := memseries.Open(nil)
	defer s.Close()
	y := market.Symbol{Code: "rb2601", Exchange: "SHFE"}
	bars := []market.Bar{{Time: 60e9, Open: 1, High: 1, Low: 1, Close: 1}, {Time: 120e9, Open: 2, High: 2, Low: 2, Close: 2}}
	if err := s.WriteBars(t.Context(), y, market.Minute, bars); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Bars(t.Context(), y, market.Minute, market.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Delete(t.Context(), series.BarKey(y, market.Minute), market.Range{To: 90e9}); err != nil {
		t.Fatal(err)
	}
	bad := series.Frame{Key: series.BarKey(y, market.Minute), Time: []market.Time{0}}
	if _, err := s.Write(t.Context(), []series.Frame{bad}, nil); !errors.Is(err, fault.Invalid) {
		t.Fatalf("a bar without a time: got %v, want fault.Invalid", err)
	}
	want := series.Stats{Writes: 3, RowsWritten: 2, Reads: 1, RowsRead: 2, Failures: 1}
	if got := s.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
