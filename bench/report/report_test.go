package report_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/redfire-quant/redfire/bench/report"
)

// some is a report of two works: of a rate, and of a time that ours lacks.
func some() *report.Report {
	rate := &report.Result{
		Work: "write bars", Unit: "rows/s",
		Limits: []report.Limit{{Name: "raw bytes", Value: 8e6}, {Name: "the codec alone", Value: 5e6}},
	}
	rate.Put("us", 4e6, 2000)
	rate.Put("fast", 2e6, 2000)
	rate.Put("slow", 25_600, 100)
	opening := &report.Result{Work: "open", Unit: "ms", Less: true}
	opening.Put("fast", 3.25, 2000)
	opening.Miss("us", "it keeps nothing on disk")
	opening.Miss("slow", "FAILED: row 7 is another")
	return &report.Report{
		Us: "us", Peers: []string{"fast", "slow", "absent"}, Results: []*report.Result{rate, opening},
		NotRun: []report.Gap{{Engine: "absent", Why: "no Python"}},
		Notes:  []report.Gap{{Engine: "fast", Why: "synced"}},
	}
}

func TestARatioIsAboveOneWhereWeAreBetter(t *testing.T) {
	f := func(less bool, ours, theirs, want float64) {
		t.Helper()
		r := report.Result{Less: less}
		if got, ok := r.Ratio(ours, theirs); !ok || got != want {
			t.Errorf("less is better %v, ours %v, theirs %v: got %v, %v, want %v", less, ours, theirs, got, ok, want)
		}
	}
	f(false, 4e6, 2e6, 2)  // twice the rows a second
	f(false, 1e6, 2e6, .5) // half of them
	f(true, 5, 20, 4)      // a quarter of the time
	f(true, 20, 5, .25)    // four times the bytes
	f(true, 5, 0, 0)       // they take no time at all
	for _, less := range []bool{false, true} {
		r := report.Result{Less: less}
		if got, ok := r.Ratio(0, 0); ok {
			t.Errorf("0 by 0 is a ratio: %v", got)
		}
		if got, ok := r.Ratio(math.NaN(), 1); ok {
			t.Errorf("NaN by 1 is a ratio: %v", got)
		}
	}
}

func TestOfSeveralValuesTheBestCounts(t *testing.T) {
	f := func(less bool, want float64) {
		t.Helper()
		r := &report.Result{Work: "w", Less: less}
		for _, v := range []float64{5, 7, 6} {
			r.Put("us", v, 10)
			r.Put("breaks", v, 10)
			r.Bound("raw bytes", v)
		}
		r.Miss("breaks", "FAILED")
		r.Miss("breaks", "FAILED")
		r.Put("breaks", 9, 10)
		var out strings.Builder
		if err := (&report.Report{Us: "us", Peers: []string{"breaks"}, Results: []*report.Result{r}}).JSON(&out); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Us, Limit float64
			Peers     map[string]float64
		}
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Fatal(err)
		}
		if got.Us != want || got.Limit != want || len(got.Peers) > 0 || len(r.Gaps()) != 1 || len(r.Limits) != 1 {
			t.Errorf("less is better %v: got %+v, gaps %v, want %v", less, got, r.Gaps(), want)
		}
	}
	f(false, 7)
	f(true, 5)
}

func TestJSONIsAnObjectALine(t *testing.T) {
	var out strings.Builder
	if err := some().JSON(&out); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"work":"write bars","unit":"rows/s","less_is_better":false,"us":4000000,"peers":{"fast":2000000,"slow":25600},` +
			`"limit":8000000,"limits":[{"name":"raw bytes","value":8000000},{"name":"the codec alone","value":5000000}],` +
			`"ratios":{"fast":2,"limit":0.5,"slow":156.25},"rows":{"fast":2000,"slow":100,"us":2000},"not_run":{"absent":"no Python"}}`,
		`{"work":"open","unit":"ms","less_is_better":true,"us":null,"peers":{"fast":3.25},` +
			`"limit":null,"limits":[],"ratios":{},"rows":{"fast":2000},` +
			`"not_run":{"absent":"no Python","slow":"FAILED: row 7 is another","us":"it keeps nothing on disk"}}`,
	}
	if got := strings.Split(strings.TrimSpace(out.String()), "\n"); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheTableHasValuesRatiosAndWhatIsMissing(t *testing.T) {
	var out strings.Builder
	if err := some().Table(&out); err != nil {
		t.Fatal(err)
	}
	const want = `
┌────────────┬────────┬───────┬───────┬───────┬────────┬───────┐
│ work       │ unit   │    us │  fast │  slow │ absent │ limit │
├────────────┼────────┼───────┼───────┼───────┼────────┼───────┤
│ write bars │ rows/s │ 4.00M │ 2.00M │ 25.6k │      - │ 8.00M │
│            │        │       │ x2.00 │  x156 │        │ x0.50 │
├────────────┼────────┼───────┼───────┼───────┼────────┼───────┤
│ open       │ ms     │     - │  3.25 │     - │      - │     - │
└────────────┴────────┴───────┴───────┴───────┴────────┴───────┘
x is how much better we are: above 1 we are better, whatever the unit.

NOT RUN
  absent: no Python
  us: open: it keeps nothing on disk
  slow: open: FAILED: row 7 is another

ROWS
  write bars: 2000 (us, fast); 100 (slow)
  open: 2000 (fast)

LIMITS
  write bars: raw bytes
  write bars: the codec alone: 5.00M rows/s

SET UP
  fast: synced
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheTableWritesNumbersShort(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		r := &report.Result{Work: "w", Unit: "u"}
		r.Put("us", v, 1)
		var out strings.Builder
		if err := (&report.Report{Us: "us", Results: []*report.Result{r}}).Table(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "│ "+want+" │") {
			t.Errorf("%v: want %q in\n%s", v, want, out.String())
		}
	}
	f(0, "0.00")
	f(0.0042, "0.0042")
	f(0.0123456, "0.012")
	f(0.5, "0.50")
	f(9.99, "9.99")
	f(99.94, "99.9")
	f(141.4, "141")
	f(999.4, "999")
	f(999.9, "1.00k")
	f(25_500, "25.5k")
	f(999_900, "1.00M")
	f(2.966e6, "2.97M")
	f(3.1e9, "3.10G")
}

func TestGoalsAreToldAsMetOrMissed(t *testing.T) {
	f := func(less bool, goal, value float64, met bool) {
		t.Helper()
		r := &report.Result{Work: "w", Unit: "u", Less: less, Goal: goal}
		if value != 0 {
			r.Put("us", value, 1)
		}
		all := &report.Report{Us: "us", Results: []*report.Result{r}}
		var table, lines strings.Builder
		if err := errors.Join(all.Table(&table), all.JSON(&lines)); err != nil {
			t.Fatal(err)
		}
		var line struct {
			Goal float64
			Met  *bool
		}
		if err := json.Unmarshal([]byte(lines.String()), &line); err != nil || line.Goal != goal || line.Met == nil || *line.Met != met {
			t.Errorf("less is better %t, goal %v, value %v: got %s", less, goal, value, lines.String())
		}
		if !strings.Contains(table.String(), "GOALS\n") || strings.Contains(table.String(), ": met\n") != met || strings.Contains(table.String(), "MISSED") == met {
			t.Errorf("less is better %t, goal %v, value %v: got\n%s", less, goal, value, table.String())
		}
	}
	f(false, 1e6, 1e6, true)
	f(false, 1e6, 999e3, false)
	f(true, 512, 300, true)
	f(true, 512, 513, false)
	f(false, 1e6, 0, false)
}

func TestPairsHaveTheirMedianAndItsInterval(t *testing.T) {
	r := &report.Result{Work: "reads", RatioGoals: map[string]float64{"peer": 1, "slow": 11.5, "other": 1}}
	var us, peer, slow []float64
	for i := range 21 {
		us, peer, slow = append(us, float64(i+1)), append(peer, 10), append(slow, 1)
	}
	r.Put("us", 11, 21)
	r.Put("peer", 10, 21)
	r.Put("slow", 1, 21)
	r.Pair("peer", us, peer)
	r.Pair("slow", us, slow)
	p := &report.Report{Us: "us", Peers: []string{"peer", "slow", "other"}, Results: []*report.Result{r}}
	var out strings.Builder
	if err := p.Table(&out); err != nil {
		t.Fatal(err)
	}
	// Of 21, the 6th to the 16th cover the median with 97 in 100, the 7th to the
	// 15th with 92.
	for _, want := range []string{"x1.10 (0.60 to 1.60)", "reads: at least x1.00 of peer: x1.10 (0.60 to 1.60): met",
		"of slow: x11.0 (6.00 to 16.0): missed within the interval", "of other: not measured: MISSED"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not hold %q:\n%s", want, &out)
		}
	}
	out.Reset()
	if err := p.JSON(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"peer":{"median":1.1,"low":0.6,"high":1.6}`) {
		t.Errorf("JSON: %s", &out)
	}
}
