package seriesbench

import (
	"errors"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/bench/tape"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
)

// small are plans over which a test takes a moment.
var small = plan{barSymbols: 2, barRows: 1000, batches: 2, instants: 2, instantSymbols: 20, tickSymbols: 2, tickRows: 1000}

func realTapes(t *testing.T) *tapes {
	t.Helper()
	realdata.Open(t)
	data, err := tape.Read()
	if err != nil {
		t.Fatal(err)
	}
	return &tapes{data}
}

// eachEngine runs a test on every engine that can run here, empty and open.
func eachEngine(t *testing.T, test func(t *testing.T, s *session)) {
	data := realTapes(t)
	for _, e := range entries() {
		t.Run(e.name, func(t *testing.T) {
			if e.prepare != nil && testing.Short() {
				t.Skip("it may have to be installed: not in a short run")
			}
			if e.prepare != nil {
				if err := e.prepare(t.Context(), func(line string) { t.Log(line) }); err != nil {
					t.Skip(err)
				}
			}
			s := &session{entry: &e, engine: e.new(), dir: t.TempDir() + "/store", plan: small, data: data}
			if err := s.open(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := errors.Join(s.engine.Close(), s.engine.Close()); err != nil {
					t.Errorf("close, and again: %v", err)
				}
			}()
			test(t, s)
		})
	}
}

func TestEveryEngineReadsBackTheBarsThatItWrote(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *session) {
		s.bars = s.data.makeBars(2, 1000)
		for i := range s.bars {
			if err := s.engine.WriteBars(t.Context(), s.bars[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if s.lasts() == nil {
			if err := s.reopen(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.checkColumns(t.Context(), s.bars); err != nil {
			t.Error("columns:", err)
		}
		backwards := slices.Clone(s.bars)
		slices.Reverse(backwards)
		check := checkBars(backwards, differentBar)
		if err := s.engine.ReadRows(t.Context(), symbolsOf(backwards), func(b market.Bar) error { return check.next(&b) }); err != nil {
			t.Fatal("rows:", err)
		}
		if err := check.end(); err != nil {
			t.Error("rows:", err)
		}
		if _, err := makeHours(t.Context(), s); !errors.Is(err, errors.ErrUnsupported) {
			t.Error("hours of too few minutes:", err)
		}
		if _, err := countDays(t.Context(), s); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Error("days:", err)
		}
	})
}

func TestEveryEngineReadsBackTheTicksThatItWrote(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *session) {
		if _, err := writeTicks(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if m, err := readTicks(t.Context(), s); err != nil || m.rows != 2000 || m.value <= 0 {
			t.Errorf("got %+v, error %v", m, err)
		}
	})
}

func TestEveryEngineAddsBarsOfManySymbols(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *session) {
		m, err := writeBatches(t.Context(), s)
		if errors.Is(err, errors.ErrUnsupported) {
			t.Log(err) // and so the table says
			return
		}
		if err != nil || m.rows != 2*batchRows || m.value <= 0 {
			t.Errorf("got %+v, error %v", m, err)
		}
	})
}

func TestAnEngineThatLastsKnowsItsSymbolsAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *session) {
		all := s.data.makeBars(3, 20)
		part := func(from, to int) (parts []bars) {
			for _, b := range all {
				parts = append(parts, bars{b.symbol, b.rows[from:to]})
			}
			return parts
		}
		err := s.engine.WriteBars(t.Context(), part(0, 10))
		if errors.Is(err, errors.ErrUnsupported) || s.lasts() != nil {
			t.Log(err, s.lasts())
			return
		}
		err = errors.Join(err, s.reopen(t.Context()), s.engine.WriteBars(t.Context(), part(10, 20)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.checkColumns(t.Context(), all); err != nil {
			t.Error(err)
		}
	})
}

func TestEveryEngineKeepsWhatTheTableSaysOnDisk(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *session) {
		if _, err := writeBulk(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := s.lasts(); err != nil {
			t.Log(err)
			return
		}
		if m, err := sizeOnDisk(t.Context(), s); err != nil || m.value < 4 {
			t.Errorf("got %+v, error %v", m, err)
		}
		if err := s.checkColumns(t.Context(), s.bars); err != nil {
			t.Error(err)
		}
	})
}
