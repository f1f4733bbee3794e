package series_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/fewer"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

func profile(t *testing.T, s *series.Store, k series.Key, step float64) []series.ProfileLevel {
	t.Helper()
	levels, err := s.Profile(t.Context(), k, market.Range{}, step)
	if err != nil {
		t.Fatal(err)
	}
	return levels
}

func TestAPriceLiesInTheStepThatItsDecimalSays(t *testing.T) {
	f := func(step float64, prices []float64, want ...float64) {
		t.Helper()
		s := open(t)
		var rows []market.Tick
		for i, p := range prices {
			rows = append(rows, market.Tick{Time: minute(i), LastPrice: p, LastVolume: 1})
		}
		writeTicks(t, s, rebar, market.Traded, rows...)
		var got []float64
		for _, l := range profile(t, s, ticks, step) {
			got = append(got, l.Price)
		}
		if !slices.Equal(got, want) {
			t.Errorf("prices %v in steps of %v: got %v, want %v", prices, step, got, want)
		}
	}
	f(0.1, []float64{0.3, 0.7, 1.1}, 0.3, 0.7, 1.1) // 0.3/0.1 < 3 in floats
	f(0.01, []float64{1.15, 0.29, 167.42}, 0.29, 1.15, 167.42)
	f(0.05, []float64{0.15, 0.149999999, 0.2}, 0.1, 0.15, 0.2)
	f(0.25, []float64{-0.25, -0.26, -0.1}, -0.5, -0.25)
	f(5, []float64{3102, 3105, 3104.9999}, 3100, 3105)
	f(1e-9, []float64{1e-9, 2.5e-9}, 1e-9, 2e-9)
	f(1.0/3, []float64{1}, 0.9999999999999999) // 3 × 0.3333333333333333, as decimals
	f(0.1, []float64{123456789012.3, 0}, 123456789012.3)
}

func TestAProfileOfRealTradesIsExact(t *testing.T) {
	for _, set := range fewer.Some(realdata.Open(t).Ticks) {
		s := open(t)
		rows := all(t, set.Rows(), func(x realdata.Trade) market.Tick { return x.Tick })
		rows = rows[:min(len(rows), 100_000)]
		writeTicks(t, s, set.Symbol, market.Traded, rows...)
		wrong, want := 0, map[string]float64{}
		for _, x := range rows {
			// The definition, in exact arithmetic: the price in whole hundredths.
			n := new(big.Rat).SetInt64(int64(math.Round(x.LastPrice * 1e6)))
			n.Quo(n, big.NewRat(1e4, 1))
			bin := new(big.Int).Div(n.Num(), n.Denom())
			want[new(big.Rat).SetFrac(bin, big.NewInt(100)).FloatString(2)] += x.LastVolume
			if float64(bin.Int64()) != math.Floor(x.LastPrice/0.01) {
				wrong++
			}
		}
		got := profile(t, s, series.TickKey(set.Symbol), 0.01)
		for _, l := range got {
			if price := new(big.Rat).SetFloat64(l.Price).FloatString(2); want[price] != l.Volume {
				t.Errorf("%s: %v: got volume %v, want %v", set.Symbol, l.Price, l.Volume, want[price])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: got %d levels, want %d", set.Symbol, len(got), len(want))
		}
		t.Logf("%s: floor(price/0.01) in floats is wrong for %d of %d prices", set.Symbol, wrong, len(rows))
	}
}

func TestAProfileOfTicksThatCountCumulativeIsOfWhatEachAdds(t *testing.T) {
	s := open(t)
	rows := []market.Tick{
		{Time: minute(0), LastPrice: 10, Volume: 100, LastVolume: 7},
		{Time: minute(1), LastPrice: 10, Volume: 103},
		{Time: minute(2), LastPrice: 11, Volume: 103},
		{Time: minute(3), LastPrice: 12, Volume: 110},
		{Time: minute(4), LastPrice: 12, Volume: 4}, // the next day
	}
	writeTicks(t, s, rebar, market.Cumulative, rows...)
	want := []series.ProfileLevel{{Price: 10, Volume: 3}, {Price: 12, Volume: 11}}
	if got := profile(t, s, ticks, 1); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got, err := s.Profile(t.Context(), ticks, market.Range{From: minute(3)}, 1)
	if want := want[1:]; err != nil || !slices.Equal(got, want) {
		t.Errorf("from the fourth on: got %v, %v, want %v", got, err, want)
	}
}

func TestAProfileOfTooManyStepsIsRefused(t *testing.T) {
	s := open(t)
	f := manyRows(bars, 1<<20+1, 5) // the columns are one slice: every close has its own volume
	values := f.Cols[4].Floats
	for i := range values {
		values[i] = float64(i + 1)
	}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Profile(t.Context(), bars, market.Range{}, 1); !errors.Is(err, fault.SeriesQuery) {
		t.Errorf("got %v, want fault.SeriesQuery", err)
	}
	if got := profile(t, s, bars, 2); len(got) != 1<<19+1 {
		t.Errorf("in steps of 2: got %d levels, want %d", len(got), 1<<19+1)
	}
}

func TestAProfileLeavesOutStepsWithoutTrade(t *testing.T) {
	s := open(t)
	idle := bar(0, 10)
	idle.Volume = 0
	writeBars(t, s, idle, bar(1, 12))
	if got, want := profile(t, s, bars, 1), []series.ProfileLevel{{Price: 13, Volume: 10}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAProfileOfBarsCountsTheirVolumeAtTheClose(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 10), bar(1, 10), bar(2, 12))
	want := []series.ProfileLevel{{Price: 10, Volume: 20}, {Price: 12.5, Volume: 10}}
	if got := profile(t, s, bars, 2.5); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAProfileThatMakesNoSenseIsRefused(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 1e300))
	for _, step := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-9} {
		if _, err := s.Profile(t.Context(), bars, market.Range{}, step); !errors.Is(err, fault.SeriesQuery) {
			t.Errorf("step %v: got %v, want fault.SeriesQuery", step, err)
		}
	}
	k := series.Key{Kind: series.Indicator, Symbol: rebar, Interval: market.Minute, Name: "rsi"}
	if _, err := s.Profile(t.Context(), k, market.Range{}, 1); !errors.Is(err, fault.SeriesQuery) {
		t.Errorf("an indicator: got %v, want fault.SeriesQuery", err)
	}
}

// writeTicks stores ticks and says how their volume counts.
func writeTicks(t *testing.T, s *series.Store, y market.Symbol, v market.TickVolume, rows ...market.Tick) {
	t.Helper()
	f := series.FrameOfTicks(y, rows)
	f.Attrs = map[string]string{series.AttrTickVolume: string(v)}
	if _, err := s.Write(t.Context(), []series.Frame{f}, nil); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkProfile(b *testing.B) {
	f := series.FrameOfBars(rebar, market.Minute, manyBars(4096))
	s := series.New(still{frame: &f}, nil)
	for b.Loop() {
		if _, err := s.Profile(b.Context(), bars, market.Range{}, 0.2); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, 4096)
}

func TestAProfileCountsWhatLiesInItsRange(t *testing.T) {
	s := open(t)
	writeBars(t, s, bar(0, 10), bar(1, 20), bar(2, 30), bar(3, -1)) // that closes at 0
	got, err := s.Profile(t.Context(), bars, market.Range{From: minute(1)}, 1)
	want := []series.ProfileLevel{{Price: 0, Volume: 10}, {Price: 21, Volume: 10}, {Price: 31, Volume: 10}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := s.Profile(t.Context(), bars, market.Range{From: minute(2), To: minute(1)}, 1); !errors.Is(err, fault.MarketRange) {
		t.Errorf("a range backwards: got %v, want fault.MarketRange", err)
	}
}

func TestAProfileOfTicksSumsTheirLastVolume(t *testing.T) {
	s := open(t)
	a, b := tick(1, 0, 5), tick(2, 0, 5)
	a.LastVolume, a.Volume, b.LastVolume, b.Volume = 2, 100, 3, 103
	writeTicks(t, s, rebar, market.Traded, a, b)
	if got, want := profile(t, s, ticks, 1), []series.ProfileLevel{{Price: 5, Volume: 5}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAStepOfMorePlacesThanAFloatCanCountIsExact(t *testing.T) {
	s := open(t)
	writeBars(t, s, market.Bar{Time: minute(0), Close: 3e-22, Volume: 1}, market.Bar{Time: minute(1), Close: 4.5e-22, Volume: 2})
	want := []series.ProfileLevel{{Price: 3e-22, Volume: 1}, {Price: 4.5e-22, Volume: 2}}
	if got := profile(t, s, bars, 1.5e-22); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAPriceThatNoIntegerCountsIsRefusedOrExact(t *testing.T) {
	s := open(t)
	writeBars(t, s, market.Bar{Time: minute(0), Close: 1e300, Volume: 1})
	for _, step := range []float64{1, 0.5, 1000} {
		if _, err := s.Profile(t.Context(), bars, market.Range{}, step); !errors.Is(err, fault.SeriesQuery) {
			t.Errorf("step %v: got %v, want fault.SeriesQuery", step, err)
		}
	}
	if got, want := profile(t, s, bars, 4e299), []series.ProfileLevel{{Price: 8e299, Volume: 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAPriceBelow0ThatIsAWholeMultipleBeginsItsStep(t *testing.T) {
	s := open(t)
	writeBars(t, s, market.Bar{Time: minute(0), Close: -0.5, Volume: 1}, market.Bar{Time: minute(1), Close: -0.375, Volume: 2})
	want := []series.ProfileLevel{{Price: -0.5, Volume: 3}}
	if got := profile(t, s, bars, 0.25); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
