package tape

import (
	"testing"
	"time"

	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
)

func realTapes(t *testing.T) *Tapes {
	t.Helper()
	realdata.Open(t)
	all, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBarsAreInOrderAndLookReal(t *testing.T) {
	const symbols, each = 4, 20_000
	seen := map[market.Bar]bool{}
	all := realTapes(t)
	for y := range symbols {
		last := market.Bar{}
		for i := range each {
			row := all.Bars(y).Bar(y, i)
			if found := row.Findings(market.Minute, time.UTC); row.Time <= last.Time || len(found) > 0 {
				t.Fatalf("symbol %d: row %d is %+v, the one before %+v: %v", y, i, row, last, found)
			}
			last, seen[row] = row, true
		}
	}
	if len(seen) < symbols*each*999/1000 {
		t.Errorf("of %d bars only %d are unlike each other", symbols*each, len(seen))
	}
}

func TestTicksAreInOrder(t *testing.T) {
	all := realTapes(t).Ticks()
	for y := range 2 {
		last := market.Tick{}
		for i := range 20_000 {
			row := all.Tick(y, i)
			if row.Time < last.Time || row.Time == last.Time && row.Seq <= last.Seq {
				t.Fatalf("symbol %d: tick %d is at %s %d, the one before at %s %d", y, i, row.Time, row.Seq, last.Time, last.Seq)
			}
			last = row
		}
	}
}

func TestSymbolsHaveNamesOfTheirOwn(t *testing.T) {
	all := realTapes(t)
	seen := map[market.Symbol]bool{}
	for i := range 10 {
		seen[all.Bars(i).Symbol(i)] = true
	}
	if len(seen) != 10 {
		t.Errorf("10 symbols have the names %v", seen)
	}
}

func TestMovingKeepsTheDecimals(t *testing.T) {
	f := func(g grid, v float64, n int64, want float64) {
		t.Helper()
		if got := g.move(v, n); got != want {
			t.Errorf("%v moved by %d on %+v: got %v, want %v", v, n, g, got, want)
		}
	}
	f(grid{2, 1}, 167.65, 7, 167.72)
	f(grid{2, 1}, 0.1, 20, 0.3)
	f(grid{0, 100}, 20_000, 3, 20_300)
	f(grid{8, 1000}, 1.13872, 1, 1.13873)
	f(grid{2, 1}, 1.0/3, 5, 1.0/3) // on no grid
	f(grid{}, 7, 5, 7)             // not to be moved
}
