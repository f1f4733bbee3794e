package localseries

import (
	"flag"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

var coverage = flag.Int("coverage", 20, "of how many symbols TestCoverageOfAYear has a year of one-minute bars: 5000 take two minutes to write")

// TestCoverageOfAYear counts the bars of a year day by day, and prints what it
// took. One minute is missing of each symbol, another one each time.
func TestCoverageOfAYear(t *testing.T) {
	s, err := Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := market.NewCalendars()
	if err != nil {
		t.Fatal(err)
	}
	c, err := calendars.Named("shfe_rb")
	if err != nil {
		t.Fatal(err)
	}
	year := market.Range{From: market.DateOf(2019, 1, 1).In(c.Zone()), To: market.DateOf(2020, 1, 1).In(c.Zone())}
	times := minutesOf(t, c, year)
	values := walk(0, len(times))
	for i := range values {
		values[i].Time = times[i]
	}
	all := symbols(*coverage)
	var keys []series.Key
	for i, y := range all {
		keys = append(keys, series.BarKey(y, market.Minute))
		f := series.FrameOfBars(y, market.Minute, values)
		missing := 1 + i*17%(f.Len()-2)
		for part := range 2 {
			rows := f.Slice(0, missing)
			if part == 1 {
				rows = f.Slice(missing+1, f.Len())
			}
			if _, err := s.Write(t.Context(), []series.Frame{rows}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows := int64(len(all)) * int64(len(times)-1)
	began := time.Now()
	read := int64(0)
	for f, err := range s.Read(t.Context(), series.Query{Keys: keys, Columns: []string{}}) {
		if err != nil {
			t.Fatal(err)
		}
		read += int64(f.Len())
	}
	t.Logf("reading the times of %d bars by one goroutine took %v", read, time.Since(began))
	q := series.ExpectedQuery{Keys: keys, Calendar: func(market.Symbol) (*market.Calendar, error) { return c, nil }}
	for range 2 {
		began = time.Now()
		present := countPresent(t, s, q, int64(len(times)))
		took := time.Since(began)
		t.Logf("coverage of %d symbols, %d bars, took %v: %.0fM bars/s", len(all), present, took, float64(present)/took.Seconds()/1e6)
		if present != rows {
			t.Errorf("%d bars are there, want %d", present, rows)
		}
		// The goal is 3 seconds for 5,000 symbols.
		if limit := time.Duration(10*3*len(all)/5000+30) * time.Second; took > limit {
			t.Errorf("it took %v, more than ten times the goal", took)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// minutesOf returns the times of the bars of a minute that a calendar expects.
func minutesOf(t *testing.T, c *market.Calendar, r market.Range) []market.Time {
	runs, err := c.Bars(market.Minute, r)
	if err != nil {
		t.Fatal(err)
	}
	var times []market.Time
	for run := range runs {
		for i := range run.N {
			times = append(times, run.First+market.Time(i)*run.Step)
		}
	}
	return times
}

// countPresent returns how many bars there are, of series each of which lacks one.
func countPresent(t *testing.T, s *series.Store, q series.ExpectedQuery, each int64) (all int64) {
	for c, err := range s.Coverage(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		expected, present, outside := c.Total()
		if expected != each || present != each-1 || outside != 0 {
			t.Fatalf("%s: %d of %d bars are there, %d outside", c.Key, present, expected, outside)
		}
		all += present
	}
	return all
}
