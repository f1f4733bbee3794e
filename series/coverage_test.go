package series_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/internal/realdata"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// by returns a query of keys with one calendar.
func by(c *market.Calendar, r market.Range, keys ...series.Key) series.ExpectedQuery {
	return series.ExpectedQuery{Keys: keys, Range: r, Calendar: func(market.Symbol) (*market.Calendar, error) { return c, nil }}
}

// flat returns bars at times, all of one price.
func flat(times ...market.Time) []market.Bar {
	var all []market.Bar
	for _, t := range times {
		all = append(all, market.Bar{Time: t, Open: 1, High: 1, Low: 1, Close: 1, Volume: 1})
	}
	return all
}

// expectedTimes returns the times at which c expects bars, by windows alone.
func expectedTimes(c *market.Calendar, v market.Interval, r market.Range) []market.Time {
	w, step := c.Windows(v), market.Time(v.Duration())
	var all []market.Time
	for t := r.From; t < r.To; t += min(step, 60e9) {
		win, _, standing := w.At(t)
		if standing == market.InSession && r.Contains(win.Time) && (len(all) == 0 || all[len(all)-1] < win.Time) {
			all = append(all, win.Time)
		}
	}
	return all
}

func TestGapsAndCoverageAreThoseOfEachBar(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		c := calendarNamed(t, []string{"shfe_au", "china_stocks", "us_stocks", "24x7"}[seed%4])
		v := []market.Interval{market.Minute, 5 * market.Minute, 30 * market.Minute, market.Hour}[rnd.IntN(4)]
		whole, ok := c.Span(market.Dates{First: market.DateOf(2019, 4, 29), Last: market.DateOf(2019, 5, 8)})
		if !ok {
			t.Fatal("no trading days")
		}
		wanted := expectedTimes(c, v, whole)
		var have []market.Time
		present := map[market.Time]bool{}
		on := true
		for _, w := range wanted {
			if rnd.IntN(20) == 0 {
				on = !on
			}
			if on {
				have, present[w] = append(have, w), true
			}
		}
		k := series.BarKey(rebar, v)
		s := open(t)
		if err := s.WriteBars(t.Context(), rebar, v, flat(have...)); err != nil {
			t.Fatal(err)
		}
		wantGaps(t, fmt.Sprintf("seed %d, %s %s", seed, c.Name(), v), collect(t, s.Gaps(t.Context(), by(c, whole, k))), wanted, present)

		// Bars that nobody expects.
		w := c.Windows(v)
		stray := map[market.Time]bool{}
		for range 50 {
			at := (whole.From + market.Time(rnd.Int64N(int64(whole.To-whole.From)))) / 1e9 * 1e9
			if win, _, standing := w.At(at); standing != market.InSession || win.Time != at {
				stray[at] = true
			}
		}
		for at := range stray {
			have = append(have, at)
		}
		if err := s.WriteBars(t.Context(), rebar, v, flat(have...)); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, d := range collect(t, s.Gaps(t.Context(), by(c, whole, k))) {
			if d.Kind == series.Gap {
				continue
			}
			found += d.Bars
			if d.Kind == series.Outside {
				continue
			}
			win, _, standing := w.At(d.Range.From)
			if standing != market.InSession || !stray[d.Range.From] || present[win.Time] && d.Kind != series.Duplicate {
				t.Errorf("seed %d: %s at %s, window %s present %t", seed, d.Kind, d.Range.From, win.Time, present[win.Time])
			}
		}
		if found != len(stray) {
			t.Errorf("seed %d: found %d bars that nobody expects, want %d", seed, found, len(stray))
		}
		wantCoverage(t, s, c, k, whole, wanted, present, stray)
	}
}

// wantGaps wants the gaps of bars of which some are present.
func wantGaps(t *testing.T, name string, got []series.Defect, wanted []market.Time, present map[market.Time]bool) {
	t.Helper()
	type gap struct {
		from market.Time
		bars int
	}
	var want, have []gap
	for i, w := range wanted {
		if present[w] {
			continue
		}
		if i == 0 || present[wanted[i-1]] {
			want = append(want, gap{from: w})
		}
		want[len(want)-1].bars++
	}
	for _, d := range got {
		if d.Kind != series.Gap || d.Range.To <= d.Range.From {
			t.Errorf("%s: %+v", name, d)
		}
		have = append(have, gap{d.Range.From, d.Bars})
	}
	if !slices.Equal(have, want) {
		t.Errorf("%s: got %v, want %v", name, have, want)
	}
}

func wantCoverage(t *testing.T, s *series.Store, c *market.Calendar, k series.Key, whole market.Range, wanted []market.Time, present, stray map[market.Time]bool) {
	t.Helper()
	days := map[market.Date]series.DayCoverage{}
	add := func(at market.Time, d series.DayCoverage) {
		day, err := c.TradingDay(at)
		if err != nil {
			t.Fatal(err)
		}
		of := days[day]
		days[day] = series.DayCoverage{Day: day, Expected: of.Expected + d.Expected, Present: of.Present + d.Present, Outside: of.Outside + d.Outside}
	}
	for _, w := range wanted {
		d := series.DayCoverage{Expected: 1}
		if present[w] {
			d.Present = 1
		}
		add(w, d)
	}
	for at := range stray {
		day := at.Date(c.Zone())
		own, err := c.Sessions(day)
		next, open, err2 := c.Session(at)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if !open && len(own) > 0 && next.Day > day && next.From.Date(c.Zone()) > day {
			of := days[day]
			of.Day, of.Outside = day, of.Outside+1
			days[day] = of
			continue
		}
		add(at, series.DayCoverage{Outside: 1})
	}
	var want []series.DayCoverage
	for _, d := range days {
		want = append(want, d)
	}
	slices.SortFunc(want, func(a, b series.DayCoverage) int { return cmp.Compare(a.Day, b.Day) })
	first, last := market.DateOf(2019, 4, 29), market.DateOf(2019, 5, 8)
	want = slices.DeleteFunc(want, func(d series.DayCoverage) bool { return d.Day < first || d.Day > last })
	asked := market.Range{From: first.In(c.Zone()), To: (last + 1).In(c.Zone())}
	got := collect(t, s.Coverage(t.Context(), by(c, asked, k)))
	if len(got) != 1 || !slices.Equal(got[0].Days, want) {
		t.Errorf("%s %s: got %v\nwant %v", c.Name(), k, got[0].Days, want)
	}
}

func TestCoverageCountsWholeTradingDays(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	// It begins on Friday night and ends on Tuesday morning.
	times := []market.Time{at(t, "2019-05-10 22:00"), at(t, "2019-05-10 22:01"), at(t, "2019-05-14 09:00")}
	if err := s.WriteBars(t.Context(), rebar, market.Minute, flat(times...)); err != nil {
		t.Fatal(err)
	}
	empty := series.BarKey(market.Symbol{Code: "rb2602", Exchange: market.SHFE}, market.Minute)
	got := collect(t, s.Coverage(t.Context(), by(c, market.Range{}, bars1m, empty)))
	want := []series.DayCoverage{{Day: market.DateOf(2019, 5, 13), Expected: 345, Present: 2}, {Day: market.DateOf(2019, 5, 14), Expected: 345, Present: 1}}
	if len(got) != 2 || got[0].Calendar != "shfe_rb" || !slices.Equal(got[0].Days, want) || len(got[1].Days) != 0 {
		t.Errorf("got %+v", got)
	}
	if expected, present, outside := got[0].Total(); expected != 690 || present != 3 || outside != 0 {
		t.Errorf("got %d, %d, %d in all", expected, present, outside)
	}
	asked := market.Range{From: at(t, "2019-05-13"), To: at(t, "2019-05-16")}
	got = collect(t, s.Coverage(t.Context(), by(c, asked, bars1m, empty)))
	if len(got) != 2 || len(got[0].Days) != 3 || len(got[1].Days) != 3 || got[1].Days[0].Expected != 345 {
		t.Errorf("of three days: got %+v", got)
	}
}

func TestBarsAfterTheCloseAreOfNoLaterDay(t *testing.T) {
	c := calendarNamed(t, "us_stocks")
	newYork := func(s string) market.Time {
		at, err := market.ParseTime(s, c.Zone())
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	s := open(t)
	// On a Friday before the open, in the session and after the close; and on Saturday.
	rows := flat(newYork("2013-10-11 04:00"), newYork("2013-10-11 09:30"), newYork("2013-10-11 19:59"), newYork("2013-10-12 10:00"))
	if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
		t.Fatal(err)
	}
	got := collect(t, s.Coverage(t.Context(), by(c, market.Range{}, bars1m)))
	want := []series.DayCoverage{{Day: market.DateOf(2013, 10, 11), Expected: 390, Present: 1, Outside: 2}, {Day: market.DateOf(2013, 10, 14), Outside: 1}}
	if !slices.Equal(got[0].Days, want) {
		t.Errorf("got %v, want %v", got[0].Days, want)
	}
}

func TestDaysAreOneLineEachWhateverStandsBetweenTheirSessions(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	f := func(name string, v market.Interval, times []string, want ...series.DayCoverage) {
		t.Helper()
		s := open(t)
		var all []market.Time
		for _, text := range times {
			all = append(all, at(t, text))
		}
		if err := s.WriteBars(t.Context(), rebar, v, flat(all...)); err != nil {
			t.Fatal(err)
		}
		got := collect(t, s.Coverage(t.Context(), by(c, market.Range{}, series.BarKey(rebar, v))))
		if !slices.Equal(got[0].Days, want) {
			t.Errorf("%s: got %v, want %v", name, got[0].Days, want)
		}
	}
	monday, tuesday := market.DateOf(2019, 5, 13), market.DateOf(2019, 5, 14)
	f("a bar at the end of the night", market.Minute, []string{"2019-05-10 22:59", "2019-05-10 23:00", "2019-05-13 09:00"},
		series.DayCoverage{Day: monday, Expected: 345, Present: 2, Outside: 1})
	f("the last one off the grid", market.Minute, []string{"2019-05-13 14:59", "2019-05-13 21:10:30"},
		series.DayCoverage{Day: monday, Expected: 345, Present: 1}, series.DayCoverage{Day: tuesday, Expected: 345, Outside: 1})
	f("the first one after the close, before a holiday", market.Minute, []string{"2019-04-30 15:30", "2019-05-06 09:00"},
		series.DayCoverage{Day: market.DateOf(2019, 4, 30), Expected: 345, Outside: 1}, series.DayCoverage{Day: monday - 7, Expected: 225, Present: 1})
	f("a week that begins with a stray bar", market.Week, []string{"2019-05-15", "2019-05-20"},
		series.DayCoverage{Day: monday, Expected: 1, Outside: 1}, series.DayCoverage{Day: monday + 7, Expected: 1, Present: 1})
}

func TestBarsAfterTheLastCloseThatIsKnownAreCounted(t *testing.T) {
	c := calendarNamed(t, "china_stocks")
	s := open(t)
	if err := s.WriteBars(t.Context(), rebar, market.Minute, flat(at(t, "2026-12-31 14:59"), at(t, "2026-12-31 15:30"))); err != nil {
		t.Fatal(err)
	}
	got := collect(t, s.Coverage(t.Context(), by(c, market.Range{}, bars1m)))
	want := []series.DayCoverage{{Day: market.DateOf(2026, 12, 31), Expected: 240, Present: 1, Outside: 1}}
	if !slices.Equal(got[0].Days, want) {
		t.Errorf("got %v, want %v", got[0].Days, want)
	}
}

func TestDailyBarsAreExpectedOnTradingDays(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	var times []market.Time
	for _, day := range []string{"2019-04-29", "2019-05-01", "2019-05-06", "2019-05-06 09:00", "2019-05-08"} {
		times = append(times, at(t, day))
	}
	if err := s.WriteBars(t.Context(), rebar, market.Day, flat(times...)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range collect(t, s.Gaps(t.Context(), by(c, market.Range{}, series.BarKey(rebar, market.Day)))) {
		got = append(got, fmt.Sprintf("%s %s %s %d", d.Kind, d.Range.From.Date(c.Zone()), d.Range.To.Date(c.Zone()), d.Bars))
	}
	want := []string{
		"gap 2019-04-30 2019-05-01 1", "outside 2019-05-01 2019-05-01 1",
		"duplicate 2019-05-06 2019-05-06 1", "gap 2019-05-07 2019-05-08 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	weeks := flat(at(t, "2019-04-29"), at(t, "2019-05-13"), at(t, "2019-05-14"))
	if err := s.WriteBars(t.Context(), rebar, market.Week, weeks); err != nil {
		t.Fatal(err)
	}
	k := series.BarKey(rebar, market.Week)
	found := collect(t, s.Gaps(t.Context(), by(c, market.Range{}, k)))
	if len(found) != 2 || found[0].Kind != series.Gap || found[0].Range.From != at(t, "2019-05-06") || found[1].Kind != series.Duplicate {
		t.Errorf("of weeks: %+v", found)
	}
	covered := collect(t, s.Coverage(t.Context(), by(c, market.Range{}, k)))
	if expected, present, outside := covered[0].Total(); expected != 3 || present != 2 || outside != 1 {
		t.Errorf("of weeks: %d, %d, %d", expected, present, outside)
	}
}

func TestGapsTellContradictions(t *testing.T) {
	s := open(t)
	rows := flat(at(t, "2019-05-08 09:00"), at(t, "2019-05-08 09:01"))
	rows[1].High, rows[1].Volume = 0.5, -3
	if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
		t.Fatal(err)
	}
	found := collect(t, s.Gaps(t.Context(), by(calendarNamed(t, "shfe_rb"), market.Range{}, bars1m)))
	if len(found) != 1 || found[0].Kind != series.Contradiction || len(found[0].Findings) != 2 || found[0].Range.From != rows[1].Time {
		t.Errorf("got %+v", found)
	}
}

func TestWhatNoCalendarKnowsIsSaid(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	if err := s.WriteBars(t.Context(), rebar, market.Minute, flat(at(t, "2031-05-08 09:00"))); err != nil {
		t.Fatal(err)
	}
	later := market.Range{From: at(t, "2031-01-01"), To: at(t, "2031-01-02")}
	for _, r := range []market.Range{{}, later, {From: later.From}} {
		if err := failure(s.Gaps(t.Context(), by(c, r, bars1m))); !errors.Is(err, fault.NotFound) {
			t.Errorf("gaps in %s: got %v", r, err)
		}
		if err := failure(s.Coverage(t.Context(), by(c, r, bars1m))); !errors.Is(err, fault.NotFound) {
			t.Errorf("coverage in %s: got %v", r, err)
		}
	}
	unlisted := errors.New("no calendar")
	q := by(c, market.Range{}, bars1m)
	q.Calendar = func(market.Symbol) (*market.Calendar, error) { return nil, unlisted }
	if err := failure(s.Gaps(t.Context(), q)); !errors.Is(err, unlisted) {
		t.Errorf("gaps: got %v", err)
	}
	if err := failure(s.Coverage(t.Context(), q)); !errors.Is(err, unlisted) {
		t.Errorf("coverage: got %v", err)
	}
	q.Calendar = nil
	if err := failure(s.Coverage(t.Context(), q)); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a calendar: got %v", err)
	}
	if err := failure(s.Gaps(t.Context(), by(c, market.Range{}, ticks))); !errors.Is(err, fault.Invalid) {
		t.Errorf("of ticks: got %v", err)
	}
}

func TestCoverageKeepsTheOrderOfItsKeysAndStops(t *testing.T) {
	s := open(t)
	var keys []series.Key
	for i := range 100 {
		y := market.Symbol{Code: fmt.Sprintf("rb%04d", (i*37)%100), Exchange: market.SHFE}
		keys = append(keys, series.BarKey(y, market.Minute))
		if err := s.WriteBars(t.Context(), y, market.Minute, flat(at(t, "2019-05-08 09:00"))); err != nil {
			t.Fatal(err)
		}
	}
	q := by(calendarNamed(t, "shfe_rb"), market.Range{}, keys...)
	for i, c := range collect(t, s.Coverage(t.Context(), q)) {
		if c.Key != keys[i] {
			t.Fatalf("series %d is %s, want %s", i, c.Key, keys[i])
		}
	}
	for _, err := range s.Coverage(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := failure(s.Coverage(ctx, q)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestGapsOfRealFiles(t *testing.T) {
	cs, err := market.NewCalendars()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range realdata.Open(t).Bars {
		c, err := cs.Of(file.Symbol)
		if err != nil || file.Interval == market.Day {
			continue // indexes have no calendar; days are another test's
		}
		s := open(t)
		rows := collect(t, file.Rows())
		if err := s.WriteBars(t.Context(), file.Symbol, file.Interval, rows); err != nil {
			t.Fatal(err)
		}
		gaps, outside := 0, 0
		var missing []market.Range
		for _, d := range collect(t, s.Gaps(t.Context(), by(c, market.Range{}, series.BarKey(file.Symbol, file.Interval)))) {
			switch d.Kind {
			case series.Gap:
				missing = append(missing, d.Range)
				gaps += d.Bars
			case series.Outside:
				outside += d.Bars
			default:
				t.Errorf("%s: %+v", file.Symbol, d)
			}
		}
		t.Logf("%s: %d bars missing in %d gaps, %d outside of sessions", file.Symbol, gaps, len(missing), outside)
		switch file.Symbol.Exchange {
		case "COINBASE":
			wantEveryHole(t, rows, missing)
		case market.NYSE: // before the open and after the close
			if gaps != 0 || outside != len(rows)-6*390 {
				t.Errorf("%d bars are missing and %d outside of the six sessions, of %d", gaps, outside, len(rows))
			}
		default:
			if gaps+outside != 0 {
				t.Errorf("%s: %d bars are missing, %d outside", file.Symbol, gaps, outside)
			}
		}
	}
}

// wantEveryHole wants the stretches of time between bars of a minute that never
// close.
func wantEveryHole(t *testing.T, rows []market.Bar, got []market.Range) {
	t.Helper()
	var want []market.Range
	for i := range rows[1:] {
		if before, after := rows[i].Time+60e9, rows[i+1].Time; before < after {
			want = append(want, market.Range{From: before, To: after})
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got the gaps %v, want %v", got, want)
	}
}

func TestDefectsAreInTheOrderOfTime(t *testing.T) {
	s := open(t)
	// More than a frame of bars in one stretch outside of sessions, the tenth of
	// which contradicts itself.
	rows := minutesFrom(t, "2019-05-01 00:00", "2019-05-05 00:00")
	rows[10].Volume = -1
	if err := s.WriteBars(t.Context(), rebar, market.Minute, rows); err != nil {
		t.Fatal(err)
	}
	found := collect(t, s.Gaps(t.Context(), by(calendarNamed(t, "shfe_rb"), market.Range{}, bars1m)))
	if len(found) != 2 || found[0].Kind != series.Outside || found[0].Bars != len(rows) || found[1].Kind != series.Contradiction {
		t.Errorf("got %+v", found)
	}
}

func TestCoverageOfWeeksIsOfTheirFirstDays(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	k := series.BarKey(rebar, market.Week)
	// The Monday of the second week is no trading day, nor is a day of the last.
	times := []market.Time{
		at(t, "2019-03-25"), at(t, "2019-03-27"), at(t, "2019-04-01"), at(t, "2019-04-08 09:00"), at(t, "2019-04-09"),
		at(t, "2019-06-03"), at(t, "2019-06-10 10:00"),
	}
	if err := s.WriteBars(t.Context(), rebar, market.Week, flat(times...)); err != nil {
		t.Fatal(err)
	}
	asked := market.Range{From: at(t, "2019-03-25"), To: at(t, "2019-04-15")}
	got := collect(t, s.Coverage(t.Context(), by(c, asked, k)))
	want := []series.DayCoverage{
		{Day: market.DateOf(2019, 3, 25), Expected: 1, Present: 1, Outside: 1},
		{Day: market.DateOf(2019, 4, 1), Expected: 1, Present: 1},
		{Day: market.DateOf(2019, 4, 8), Expected: 1, Outside: 2},
	}
	if !slices.Equal(got[0].Days, want) {
		t.Errorf("got %v, want %v", got[0].Days, want)
	}
	// The week from 2019-05-06 has its bar on a Monday; that of 2019-09-30 too,
	// and no other trading day. In 2019-02-04 there is none at all.
	s = open(t)
	if err := s.WriteBars(t.Context(), rebar, market.Week, flat(at(t, "2019-02-06"))); err != nil {
		t.Fatal(err)
	}
	got = collect(t, s.Coverage(t.Context(), by(c, market.Range{}, k)))
	if want := []series.DayCoverage{{Day: market.DateOf(2019, 2, 4), Outside: 1}}; !slices.Equal(got[0].Days, want) {
		t.Errorf("a week of holidays: got %v, want %v", got[0].Days, want)
	}
	// Memorial Day is a Monday: a range that ends with it has the bar of its week.
	memorial := market.Range{From: at(t, "2019-05-20 13:00"), To: at(t, "2019-05-28 11:00")}
	got = collect(t, s.Coverage(t.Context(), by(calendarNamed(t, "us_stocks"), memorial, k)))
	if expected, _, _ := got[0].Total(); expected != 2 {
		t.Errorf("up to a holiday: got %v", got[0].Days)
	}
}

func TestDaysBeyondTheCalendarAreSaid(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	for _, v := range []market.Interval{market.Day, market.Week} {
		if err := s.WriteBars(t.Context(), rebar, v, flat(at(t, "2019-05-13"), at(t, "2031-05-12"))); err != nil {
			t.Fatal(err)
		}
		q := by(c, market.Range{}, series.BarKey(rebar, v))
		if err := failure(s.Coverage(t.Context(), q)); !errors.Is(err, fault.NotFound) {
			t.Errorf("coverage of %s: got %v", v, err)
		}
		if err := failure(s.Gaps(t.Context(), q)); !errors.Is(err, fault.NotFound) {
			t.Errorf("gaps of %s: got %v", v, err)
		}
	}
}

func TestTheEndsOfWhatIsExpected(t *testing.T) {
	c := calendarNamed(t, "shfe_rb")
	s := open(t)
	hours := series.BarKey(rebar, market.Hour)
	rows := flat(at(t, "2019-05-13 11:15"), at(t, "2019-05-13 14:20"), at(t, "2019-05-13 14:30"), at(t, "2019-05-13 22:00"))
	rows[0].Volume = -1
	if err := s.WriteBars(t.Context(), rebar, market.Hour, rows); err != nil {
		t.Fatal(err)
	}
	told := func(r market.Range, k series.Key) (all []string) {
		for _, d := range collect(t, s.Gaps(t.Context(), by(c, r, k))) {
			all = append(all, fmt.Sprintf("%s %s %d %d", d.Kind, d.Range.From.In(c.Zone()).Format("02T15:04"), d.Bars, len(d.Findings)))
		}
		return all
	}
	// The bar of 11:15 is off the grid of the clock, which is no contradiction.
	want := []string{
		"gap 13T09:00 2 0", "contradiction 13T11:15 1 1", "gap 13T14:15 1 0",
		"off-grid 13T14:20 1 0", "duplicate 13T14:30 1 0", "gap 13T21:00 1 0",
	}
	if got := told(market.Range{From: at(t, "2019-05-13 09:00")}, hours); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	asked := market.Range{From: at(t, "2019-05-13 11:00"), To: at(t, "2019-05-13 11:00")}
	if got := told(asked, hours); len(got) != 0 {
		t.Errorf("nothing was asked for, got %q", got)
	}
	if got := collect(t, s.Coverage(t.Context(), by(c, asked, hours))); len(got[0].Days) != 0 {
		t.Errorf("nothing was asked for, got %v", got[0].Days)
	}
	asked.To = at(t, "2019-05-13 11:30") // means the whole day, from the night before
	day := []series.DayCoverage{{Day: market.DateOf(2019, 5, 13), Expected: 6, Present: 1, Outside: 2}}
	if got := collect(t, s.Coverage(t.Context(), by(c, asked, hours))); !slices.Equal(got[0].Days, day) {
		t.Errorf("got %v, want %v", got[0].Days, day)
	}
	weeks := series.BarKey(rebar, market.Week)
	if err := s.WriteBars(t.Context(), rebar, market.Week, flat(at(t, "2019-05-13"), at(t, "2019-05-27"))); err != nil {
		t.Fatal(err)
	}
	found := collect(t, s.Gaps(t.Context(), by(c, market.Range{}, weeks)))
	if len(found) != 1 || found[0].Range != (market.Range{From: at(t, "2019-05-20"), To: at(t, "2019-05-27")}) {
		t.Errorf("of weeks: got %v", found)
	}
}
