package marketfile

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
	"github.com/redfire-quant/redfire/series"
)

// needed returns the options that an error asks for.
func neededBy(t testing.TB, err error) (options []string) {
	t.Helper()
	for _, e := range split(err) {
		var need *Need
		if !errors.As(e, &need) {
			t.Errorf("got %v, want a Need", e)
			return nil
		}
		if !errors.Is(e, fault.FileNeeds) || !strings.Contains(need.Error(), "--"+need.Option) {
			t.Errorf("got %v, want it to name --%s", e, need.Option)
		}
		options = append(options, need.Option)
	}
	return options
}

func TestWhatAFileDoesNotSayIsAskedForAtOnce(t *testing.T) {
	f := func(kind series.Kind, text string, o *Options, want ...string) {
		t.Helper()
		path := write(t, "a.csv", text)
		r, err := imports(t, emptyStore(t), kind, o, path)
		if got := neededBy(t, err); !slices.Equal(got, want) || r.Read != 0 {
			t.Errorf("%s: got %v %s, want %v", text, err, counts(r), want)
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want it to name %s", err, path)
		}
	}
	wall := head + rows2
	f(series.Bars, wall, &Options{}, "symbol", "interval", "tz", "bar-time")
	f(series.Bars, wall, &Options{Symbol: rb}, "interval", "tz", "bar-time")
	f(series.Bars, wall, &Options{Symbol: market.Symbol{Code: "rb2601"}, Interval: market.Minute}, "exchange", "tz", "bar-time")
	f(series.Bars, wall, &Options{Symbol: rb, Interval: market.Minute, Zone: time.UTC}, "bar-time")
	f(series.Bars, wall, &Options{Symbol: rb, Interval: market.Minute, BarTime: Start}, "tz")
	f(series.Bars, strings.ReplaceAll(wall, "2026-01-05", "1/5/2026"), barsIn(t), "date-order")
	f(series.Bars, strings.ReplaceAll(wall, "2026-01-05", "31/12/2026"), &Options{Symbol: rb, Interval: market.Minute}, "date-order", "tz", "bar-time")
	offset := strings.ReplaceAll(wall, " 09:3", "T09:30:0")
	offset = strings.ReplaceAll(strings.ReplaceAll(offset, "00,", "00Z,"), "01,", "01Z,")
	f(series.Bars, offset, &Options{Symbol: rb, Interval: market.Second}, "bar-time")
	f(series.Bars, "date,open,high,low,close\n1/4/1999,1,1,1,1\n", &Options{Symbol: market.Symbol{Code: "SPX", Exchange: market.CBOE}, Interval: market.Day}, "date-order")
	f(series.Bars, "date,open,high,low,close\n1999-01-04,1,1,1,1\n", &Options{Symbol: market.Symbol{Code: "X", Exchange: "NOWHERE"}, Interval: market.Day}, "tz", "tz")
	f(series.Bars, "epoch_ms,open,high,low,close\n915408000000,1,1,1,1\n", &Options{Symbol: market.Symbol{Code: "X", Exchange: "NOWHERE"}, Interval: market.Day}, "tz", "bar-time")
	f(series.Bars, "symbol,time,open,high,low,close\nrb2601,2026-01-05 09:30,1,1,1,1\n", &Options{Interval: market.Minute, Zone: time.UTC, BarTime: Start}, "exchange")
	ticks := "time,last_price,last_volume,volume\n2026-01-05 09:30:00Z,1,2,3\n"
	f(series.Ticks, ticks, &Options{}, "symbol", "tick-volume")
	f(series.Ticks, strings.ReplaceAll(ticks, "Z", ""), &Options{Symbol: rb}, "tz", "tick-volume")
	f(series.Ticks, strings.ReplaceAll(ticks, "volume", "x"), &Options{}, "symbol")
}

func TestTheZoneOfTheMachineIsNeverUsed(t *testing.T) {
	f := func(text string, o *Options, want string) {
		t.Helper()
		s := emptyStore(t)
		r, err := imports(t, s, series.Bars, o, write(t, "a.csv", text))
		if got := stored(t, s); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: got %s%s %v, want %s", text, got, counts(r), err, want)
		}
	}
	spx := &Options{Symbol: market.Symbol{Code: "SPX", Exchange: market.CBOE}, Interval: market.Day}
	dates := "date,open,high,low,close\n1999-01-04,1,1,1,1\n"
	f(dates, spx, "1999-01-04T06:00:00Z") // days of an exchange that is known
	tokyo := *spx
	tokyo.Zone = zoned(t, "Asia/Tokyo")
	f(dates, &tokyo, "1999-01-03T15:00:00Z")
	spx.BarTime = Start
	f("time,open,high,low,close\n1999-01-04T00:00:00-06:00,1,1,1,1\n", spx, "1999-01-04T06:00:00Z")
	_, err := imports(t, emptyStore(t), series.Bars, spx, write(t, "a.csv", "time,open,high,low,close\n1999-01-04 00:00:00,1,1,1,1\n"))
	if got := neededBy(t, err); !slices.Equal(got, []string{"tz"}) {
		t.Errorf("got %v", err)
	}
}

func TestBarsStampedAtTheirEndBeginEarlier(t *testing.T) {
	o := barsIn(t)
	o.BarTime = End
	got, r, err := barsOf(t, head+rows2, o)
	if want := strings.NewReplacer("01:30", "01:29", "01:31", "01:30").Replace(kept2); err != nil || got != want {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	// Where the interval is that of each row, so is the refusal.
	s := emptyStore(t)
	o.Interval = 0
	text := "interval," + head + "1m,2026-01-05 09:30,1,1,1,1,1\n1h,2026-01-05 10:00,1,1,1,1,1\nd,2026-01-05 15:00,1,1,1,1,1\n1x,2026-01-05 15:00,1,1,1,1,1\n"
	r, err = imports(t, s, series.Bars, o, write(t, "a.csv", text))
	if err != nil || r.New != 2 || r.Reasons[fault.FileNeeds] != 1 || r.Refused != 2 {
		t.Errorf("got %s %v, %v", counts(r), r.Reasons, err)
	}
	// The start of this one is no time that can be stored.
	o = &Options{Symbol: rb, Interval: market.Minute, BarTime: End}
	text = "time,open,high,low,close\n1970-01-01T00:01:00Z,1,1,1,1\n1678-01-01T00:00:00Z,1,1,1,1\n1970-01-01T00:02:00Z,1,1,1,1\n"
	r, err = imports(t, emptyStore(t), series.Bars, o, write(t, "a.csv", text))
	if err != nil || r.New != 1 || r.Refused != 2 {
		t.Errorf("got %s %v, %v", counts(r), r.Reasons, err)
	}
}

func TestLongBarsStampedAtTheirEndBeginWithTheirWindow(t *testing.T) {
	f := func(code string, v market.Interval, calendar, ends, want string, reasons ...fault.Code) {
		t.Helper()
		text := "time,open,high,low,close\n"
		for end := range strings.SplitSeq(ends, " ") {
			text += "2026-01-" + strings.ReplaceAll(end, "_", " ") + ",1,1,1,1\n"
		}
		y, err := market.ParseSymbol(code)
		if err != nil {
			t.Fatal(err)
		}
		o := &Options{Symbol: y, Interval: v, BarTime: End, Zone: zoned(t, "Asia/Shanghai"), Calendar: calendar}
		s := emptyStore(t)
		r, err := imports(t, s, series.Bars, o, write(t, "a.csv", text))
		if want == "" {
			if got := neededBy(t, err); !slices.Equal(got, []string{"calendar"}) {
				t.Errorf("%s %s %q: got %v, want that a calendar is needed", code, v, calendar, err)
			}
			return
		}
		var got []string
		for b, err := range s.Bars(t.Context(), y, v, market.Range{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b.Time.In(zoned(t, "Asia/Shanghai")).Format("02_15:04"))
		}
		if err != nil || strings.Join(got, " ") != want || int(r.Refused) != len(reasons) || len(reasons) > 0 && r.Reasons[reasons[0]] == 0 {
			t.Errorf("%s %s %q: got %s, %v; %v, %s, want %s", code, v, calendar, got, err, r.Reasons, counts(r), want)
		}
	}
	const hours = "06_22:00 06_23:00 07_10:00 07_11:15 07_14:15 07_15:00"
	const starts = "06_21:00 06_22:00 07_09:00 07_10:00 07_11:15 07_14:15"
	f("rb2605.SHFE", market.Hour, "auto", hours, starts)
	f("rb2605.SHFE", market.Hour, "shfe_rb", hours, starts)
	f("rb2605.SHFE", market.Hour, "", hours, "")
	f("rb2605.SHFE", 30*market.Minute, "", hours, "")
	f("rb2605.SHFE", 30*market.Minute, "auto", "07_10:45 07_11:15 07_13:45 07_15:00", "07_10:00 07_10:45 07_11:15 07_14:45")
	// By the clock, as other terminals count.
	f("rb2605.SHFE", market.Hour, "none", "07_10:00 07_11:00 07_11:30 07_14:00 07_15:00", "07_09:00 07_10:00 07_11:00 07_13:00 07_14:00")
	f("rb2605.SHFE", market.Hour, "auto", "07_10:00 07_11:00 07_15:00", "07_09:00 07_14:15", fault.FileCalendar)
	f("rb2605.SHFE", market.Hour, "auto", "07_10:00 10_10:00", "07_09:00", fault.FileCalendar) // a Saturday
	// Both ways to count agree here.
	f("rb2605.SHFE", 15*market.Minute, "", "06_21:15 07_10:15 07_10:45", "06_21:00 07_10:00 07_10:30")
	f("600000.SSE", 30*market.Minute, "", "07_10:00 07_13:30", "07_09:30 07_13:00")
	f("600000.SSE", market.Hour, "auto", "07_10:30 07_11:30 07_14:00 07_15:00", "07_09:30 07_10:30 07_13:00 07_14:00")
	f("BTCUSDT.BINANCE", 4*market.Hour, "", "07_12:00", "07_08:00")
	// A day ends with its last session, and begins the evening before.
	f("rb2605.SHFE", market.Day, "", "07_15:00 08_15:00", "07_00:00 08_00:00")
	f("rb2605.SHFE", market.Day, "", "07_15:00 08_16:00", "07_00:00", fault.FileCalendar)
	f("rb2605.SHFE", market.Week, "", "09_15:00", "05_00:00")
	f("rb2605.SHFE", market.Day, "none", "07_16:00", "07_00:00")
	// Nobody knows when this one trades.
	f("XAU.LOCAL", market.Hour, "", "07_10:00", "")
	f("XAU.LOCAL", market.Hour, "auto", "07_10:00", "")
	f("XAU.LOCAL", 5*market.Minute, "auto", "07_10:00", "")
	f("XAU.LOCAL", 5*market.Minute, "", "07_10:00", "07_09:55")
	f("XAU.LOCAL", market.Hour, "shfe_au", "07_10:00", "07_09:00")
	f("XAU.LOCAL", market.Hour, "none", "07_10:00", "07_09:00")
	_, err := imports(t, emptyStore(t), series.Bars, &Options{Calendar: "shfe_xx"}, write(t, "a.csv", "time\n"))
	wantFault(t, err, fault.MarketUnlisted, "shfe_rb")
}

func TestBarsOfSessionsAreOnTheGrid(t *testing.T) {
	o := barsIn(t)
	o.Interval = market.Hour
	text := head + "2026-01-07 10:00,1,1,1,1,1\n2026-01-07 11:15,1,1,1,1,1\n2026-01-07 11:20,1,1,1,1,1\n"
	got, r, err := barsOf(t, text, o)
	if err != nil || r.New != 2 || r.Reasons[fault.FileSuspect] != 1 || !strings.Contains(got, "2026-01-07T03:15:00Z") {
		t.Errorf("got %s%s %v, %v", got, counts(r), r.Reasons, err)
	}
}

func TestSymbolsAndIntervalsOfRows(t *testing.T) {
	f := func(o *Options, text, want string) {
		t.Helper()
		s := emptyStore(t)
		o.BarTime = Start
		_, err := imports(t, s, series.Bars, o, write(t, "a.csv", text))
		var keys []string
		for o, err := range s.Overview(t.Context(), series.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, strings.TrimPrefix(o.Key.String(), "bars "))
		}
		if got := strings.Join(keys, ", "); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	minute := &Options{Interval: market.Minute}
	row := ",2026-01-05T01:30:00Z,1,1,1,1\n"
	f(minute, "symbol,time,open,high,low,close\nrb2601.SHFE"+row+"BRK.B.NYSE"+row+"rb2605.SHFE"+row, "BRK.B.NYSE 1m, rb2601.SHFE 1m, rb2605.SHFE 1m")
	f(minute, "vt_symbol,time,open,high,low,close\nrb2601.SHFE"+row+row+"rb2605"+row+"a.b"+row, "rb2601.SHFE 1m")
	f(minute, "code,exchange,time,open,high,low,close\nrb2601,SHFE"+row+"BRK.B,NYSE"+row+"rb2605.SHFE,SHFE"+row+"m.SHFE,"+row, "BRK.B.NYSE 1m, m.SHFE 1m, rb2601.SHFE 1m, rb2605.SHFE 1m")
	f(minute, "code,exchange,time,open,high,low,close\nrb2601,SHFE"+row+"rb2605.SHFE,DCE"+row, "rb2601.SHFE 1m") // a contradiction
	f(&Options{Symbol: market.Symbol{Exchange: market.SHFE}}, "合约,周期,time,open,high,low,close\nrb2601,5m"+row+"rb2605.SHFE,1m"+row+"x,0m"+row, "rb2601.SHFE 5m, rb2605.SHFE 1m")
	f(&Options{Symbol: market.Symbol{Exchange: market.NYSE}, Interval: market.Minute}, "ticker,time,open,high,low,close\nBRK.B"+row+"AAPL.NASDAQ"+row, "BRK.B.NYSE 1m")
	f(&Options{Symbol: rb, Interval: market.Minute}, "symbol,interval,time,open,high,low,close\nx.Y,5m"+row, "rb2601.SHFE 1m")
}

// Of a file with rows of many exchanges each day is one of its own.
func TestDaysAreThoseOfEachExchange(t *testing.T) {
	text := "interval,symbol,time,open,high,low,close\n" +
		"d,rb2601.SHFE,2026-01-04T16:00:00Z,1,1,1,1\n" +
		"d,rb2601.SHFE,2026-01-05T00:00:00Z,1,1,1,1\n" + // no day of Shanghai
		"d,AAPL.NASDAQ,2026-01-05T05:00:00Z,1,1,1,1\n" +
		"d,x.NOWHERE,2026-01-05T00:00:00Z,1,1,1,1\n" +
		"1m,x.NOWHERE,2026-01-05T00:00:00Z,1,1,1,1\n"
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, &Options{BarTime: Start}, write(t, "a.csv", text))
	if err != nil || r.New != 3 || r.Reasons[fault.FileSuspect] != 1 || r.Reasons[fault.FileNeeds] != 1 {
		t.Errorf("got %s %v, %v", counts(r), r.Reasons, err)
	}
	want := map[string]string{"bars rb2601.SHFE d": "Asia/Shanghai", "bars AAPL.NASDAQ d": "America/New_York", "bars x.NOWHERE 1m": ""}
	for o, err := range s.Overview(t.Context(), series.Filter{}) {
		if err != nil || o.Attrs[series.AttrZone] != want[o.Key.String()] {
			t.Errorf("%s: got %v, %v", o.Key, o.Attrs, err)
		}
	}
	// What Export wrote needs no words.
	own := "symbol,interval,time,open,high,low,close,note,n:int64\nrb2601.SHFE,d,2026-01-04T16:00:00Z,1,1,1,1,a,5\nx.NOWHERE,d,2026-01-05T00:00:00Z,1,1,1,1,,\n"
	mine := emptyStore(t)
	_, err = imports(t, mine, series.Bars, nil, write(t, "own.csv", own))
	if got := stored(t, mine); err != nil || strings.Count(got, "\n") != 2 || !strings.Contains(got, ` n=5 note="a"`) {
		t.Errorf("got %s, %v", got, err)
	}
	wrong := "symbol,interval,time,open,high,low,close,n:text,n:int64\n"
	_, err = imports(t, mine, series.Bars, nil, write(t, "own.csv", wrong))
	wantFault(t, err, fault.FileOption, `"n"`)
	// The days of a series stay in one zone.
	o := &Options{Symbol: rb, Interval: market.Day, Zone: time.UTC, BarTime: Start}
	path := write(t, "b.csv", "time,open,high,low,close\n2026-01-06,1,1,1,1\n")
	_, err = imports(t, s, series.Bars, o, path)
	wantFault(t, err, fault.FileConflict, "Asia/Shanghai", "UTC", path)
}

func TestAFastLookAtABarAgreesWithItsFindings(t *testing.T) {
	f := func(zone string, v market.Interval) {
		t.Helper()
		g := &grid{zone: zoned(t, zone)}
		at := market.Time(1380000000e9)
		for i := range 9000 {
			at += 256e9
			x := at - at%[]market.Time{1e9, 60e9, 3600e9}[i%3]
			if from, _ := v.Window(x, g.zone); g.has(x, v) && from != x {
				t.Fatalf("%s %s: bars of it begin at %s", zone, x, from)
			}
		}
	}
	for _, zone := range []string{"UTC", "Asia/Shanghai", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"} {
		for _, v := range []market.Interval{1, 7, 60, 300, 420, 3600, 4 * 3600, 5 * 3600, market.Day, market.Week} {
			f(zone, v)
		}
	}
}

func TestColumnsThatCannotBeToldApartAreRefused(t *testing.T) {
	f := func(header string, change func(*Options), code fault.Code, says ...string) {
		t.Helper()
		o := barsIn(t)
		if change != nil {
			change(o)
		}
		_, r, err := barsOf(t, header+"\n"+strings.Repeat("1,", strings.Count(header, ","))+"1\n", o)
		wantFault(t, err, code, says...)
		if r.Read != 0 {
			t.Errorf("%s: got %s", header, counts(r))
		}
	}
	f("time,open,high,low,close,close", nil, fault.FileColumns, "2 columns", "--map close=")
	f("time,open,high,low,close,Volume (BTC),Volume (USD)", nil, fault.FileColumns, "2 columns", "--map volume=")
	f("time,a,a,high,low,close", func(o *Options) { o.Map = map[string]string{"open": "a"} }, fault.FileColumns, `2 columns are called "a"`)
	f("time,open,high,low,close,a,a", func(o *Options) { o.Keep = []Kept{{Column: "a"}} }, fault.FileColumns, `2 columns are called "a"`)
	f("time,open,high,low,close,A b,a_b", func(o *Options) { o.Keep = []Kept{{Column: "A b"}, {Column: "a_b"}} }, fault.FileOption, `"a_b"`)
	f("time,open,high,low,close,a", func(o *Options) { o.Keep = []Kept{{Column: "a"}, {Column: "a"}} }, fault.FileOption, `"a"`)
	f("time,open,high,low,close,营业部", func(o *Options) { o.Keep = []Kept{{Column: "营业部"}} }, fault.FileOption, "营业部")
	f("time,open,high,low,close,Volume", func(o *Options) { o.Keep = []Kept{{Column: "Volume"}} }, fault.FileOption, "Volume")
	f("time,open,high,low,close", func(o *Options) { o.Keep = []Kept{{Column: "x"}} }, fault.FileColumns, `"x" to keep`)
	f("time,open,high,low,close", func(o *Options) { o.Map = map[string]string{"volume": "x"} }, fault.FileColumns, `"x" for volume`)
	f("open,high,low,close", nil, fault.FileColumns, "--map time=")
	f("time,open,high,close", nil, fault.FileColumns, "--map low=", `"high"`)
	f("time,open,high,low,close", func(o *Options) { o.Map = map[string]string{"opne": "x"} }, fault.FileOption, "opne")
	f("time,open,high,low,close", func(o *Options) { o.Preset = "x" }, fault.FileOption, "vnpy, binance, wtpy, redfire")
	f("time,open,high,low,close", func(o *Options) { o.TimeUnit = "h" }, fault.FileOption, "--time-unit")
	f("time,open,high,low,close", func(o *Options) { o.BarTime = "middle" }, fault.FileOption, "--bar-time")
	f("time,open,high,low,close", func(o *Options) { o.DateOrder = "ydm" }, fault.FileOption, "--date-order")
	f("time,open,high,low,close", func(o *Options) { o.Interval = -7 }, fault.MarketInterval)
	f("time,open,high,low,close", func(o *Options) { o.Symbol.Exchange = "shfe" }, fault.MarketSymbol, "SHFE")
	f("time,open,high,low,close", func(o *Options) { o.Symbol = market.Symbol{Exchange: "shfe"} }, fault.MarketSymbol, "SHFE")
	_, err := Import(t.Context(), emptyStore(t), series.Indicator, nil, nil)
	wantFault(t, err, fault.FileOption)
}

func TestColumnsAreMappedKeptAndNoted(t *testing.T) {
	o := barsIn(t)
	o.Map = map[string]string{"open": "OpeningPx", "volume": "qty", "time": "when"}
	o.Keep = []Kept{{Column: "Venue Name"}, {Column: "n", Type: series.Int64}, {Column: "x%", Type: series.Float64}}
	text := "a title\nwhen,OpeningPx,high,low,close,qty,Venue Name,n,x%,other,open\n" +
		"2026-01-05 09:30,1,4,0.5,2,7,Shanghai,3.0,1e1,z,9\n2026-01-05 09:31,2,3,1,3,0,,,,z,9\n2026-01-05 09:32,2,3,1,3,0,a,1.5,,z,9\n2026-01-05 09:33,2,3,1,3,0," + strings.Repeat("v", 1025) + ",,,z,9\n"
	got, r, err := barsOf(t, text, o)
	want := `2026-01-05T01:30:00Z close=2 high=4 low=0.5 n=3 open=1 venue_name="Shanghai" volume=7 x=10` + "\n" + strings.Split(kept2, "\n")[1] + "\n"
	if err != nil || got != want || r.Reasons[fault.FileCell] != 2 {
		t.Errorf("got %s%s, %v, want %s", got, counts(r), err, want)
	}
	if len(r.Notes) != 2 || !strings.Contains(r.Notes[0].Text.Error(), "1 lines above") || !strings.Contains(r.Notes[1].Text.Error(), `: "other", "open" (`) {
		t.Errorf("got notes %v", r.Notes)
	}
}

func TestAColumnWithoutANameGoesByItsNumber(t *testing.T) {
	text := ",open,high,low,close\n2026-01-05 09:30,1,4,0.5,2\n"
	_, _, err := barsOf(t, text, barsIn(t))
	if !errors.Is(err, fault.FileColumns) || !strings.Contains(err.Error(), `"#1", "open"`) {
		t.Errorf("got %v, want an error that calls the column #1", err)
	}
	o := barsIn(t)
	o.Map = map[string]string{"time": "#1", "close": "#5"}
	if got, r, err := barsOf(t, text, o); err != nil || r.New != 1 || !strings.Contains(got, "close=2") {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	// A column is one thing only, by whichever name it goes.
	o.Map = map[string]string{"time": "#1", "open": "#5"}
	o.Keep = []Kept{{Column: "#2"}}
	if _, _, err := barsOf(t, strings.Replace(text, "close", "close,x", 1), o); !errors.Is(err, fault.FileColumns) || !strings.Contains(err.Error(), "--map close=") {
		t.Errorf("got %v, want an error that misses the close", err)
	}
	o.Keep = nil
	for _, none := range []string{"#0", "#6", "#x", "#"} {
		o.Map = map[string]string{"time": none}
		if _, _, err := barsOf(t, text, o); !errors.Is(err, fault.FileColumns) {
			t.Errorf("%s: got %v, want fault.FileColumns", none, err)
		}
	}
}

// Files of one series need not have the same columns, or in the same order.
func TestFilesOfOneSeriesMayHaveOtherColumns(t *testing.T) {
	a := write(t, "a.csv", "time,open,high,low,close,volume,oi\n2026-01-05 09:30,1,4,0.5,2,7,3\n2026-01-05 09:31,1,4,0.5,2,7,3\n")
	b := write(t, "b.csv", "close,time,low,open,high\n2,2026-01-05 09:32,0.5,1,4\n")
	c := write(t, "c.csv", "time,open,high,low,close,turnover,oi\n2026-01-05 09:33,1,4,0.5,2,9,3\n2026-01-05 09:29,1,4,0.5,2,9,3\n")
	want := "29:00Z close=2 high=4 low=0.5 open=1 open_interest=3 turnover=9\n30:00Z close=2 high=4 low=0.5 open=1 open_interest=3 volume=7\n" +
		"31:00Z close=2 high=4 low=0.5 open=1 open_interest=3 volume=7\n32:00Z close=2 high=4 low=0.5 open=1\n33:00Z close=2 high=4 low=0.5 open=1 open_interest=3 turnover=9\n"
	for _, files := range [][]string{{a, b, c}, {c, b, a}, {b, a, c}} {
		s := emptyStore(t)
		for _, n := range []int64{5, 0} {
			r, err := imports(t, s, series.Bars, barsIn(t), files...)
			if got := strings.ReplaceAll(stored(t, s), "bars rb2601.SHFE 1m 2026-01-05T01:", ""); err != nil || got != want || r.New != n {
				t.Errorf("got %s%s, %v", got, counts(r), err)
			}
		}
	}
	// Text and absence in extra columns, with another order of them in each file.
	tick := "symbol,time,seq,last_price,last_volume,"
	row := "rb2601.SHFE,2026-01-05T01:30:0"
	a = write(t, "a.csv", tick+"x:text,n:int64,f:float64\n"+row+"0Z,0,1,1,a,5,\n"+row+"1Z,0,1,1,,,1.5\n")
	b = write(t, "b.csv", tick+"f:float64,x:text\n"+row+"2Z,0,1,1,2.5,\"\"\n")
	c = write(t, "c.csv", tick+"n:int64\n"+row+"3Z,0,1,1,7\n")
	s := emptyStore(t)
	r, err := imports(t, s, series.Ticks, nil, a, b, c)
	got := strings.ReplaceAll(strings.ReplaceAll(stored(t, s), "ticks rb2601.SHFE 2026-01-05T01:30:0", ""), " last_price=1 last_volume=1", "")
	if want := "0Z#0 n=5 x=\"a\"\n1Z#0 f=1.5\n2Z#0 f=2.5 x=\"\"\n3Z#0 n=7\n"; err != nil || got != want {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	d := write(t, "d.csv", tick+"n:text\n"+row+"4Z,0,1,1,7\n")
	_, err = imports(t, emptyStore(t), series.Ticks, nil, a, d)
	wantFault(t, err, fault.FileColumns, d, "column n is text, and int64")
}

// The zeros in front of a time may be missing, as where a sheet had numbers.
func TestTimesWithoutTheirZerosAreRefusedWhereverTheyStand(t *testing.T) {
	text := "date,time,open,high,low,close\n20260106,1500,1,1,1,1\n20260106,0,1,1,1,1\n20260105,210000,1,1,1,1\n20260105,93000,1,1,1,1\n20260106,1600,1,1,1,1\n"
	got, r, err := barsOf(t, text, barsIn(t))
	if want := "2026-01-05T01:30:00Z close=1 high=1 low=1 open=1\n2026-01-05T13:00:00Z close=1 high=1 low=1 open=1\n"; err != nil || got != want || r.Reasons[fault.MarketTime] != 3 {
		t.Errorf("got %s%s %v, %v", got, counts(r), r.Reasons, err)
	}
}

func TestFilesWithoutAHeader(t *testing.T) {
	o := barsIn(t)
	o.Columns = []string{"close", "open", "high", "low", "time"}
	got, r, err := barsOf(t, "2;1;4;0.5;2026-01-05 09:30\nclose;open;high;low;time\nx;1;4;1;2026-01-05 09:31\n", o)
	if want := "2026-01-05T01:30:00Z close=2 high=4 low=0.5 open=1\n"; err != nil || got != want || r.Refused != 2 {
		t.Errorf("got %s%s, %v", got, counts(r), err)
	}
	// The refused rows can be mended and imported.
	mended := write(t, "mended.csv", strings.Replace(read(t, r.Rejects[0]), ";x;", ";2;", 1))
	s := emptyStore(t)
	r, err = imports(t, s, series.Bars, barsIn(t), mended)
	if want := "bars rb2601.SHFE 1m 2026-01-05T01:31:00Z close=2 high=4 low=1 open=1\n"; err != nil || stored(t, s) != want {
		t.Errorf("got %s%s, %v", stored(t, s), counts(r), err)
	}
}

func TestPresets(t *testing.T) {
	f := func(kind series.Kind, preset, text string, o Options, want string) {
		t.Helper()
		o.Preset = preset
		s := emptyStore(t)
		r, err := imports(t, s, kind, &o, write(t, "a.csv", text))
		if got := stored(t, s); err != nil || got != want {
			t.Errorf("%s %s: got %s%s, %v, want %s", preset, kind, got, counts(r), err, want)
		}
	}
	btc := market.Symbol{Code: "BTCUSDT", Exchange: "BINANCE"}
	kline := "1475798400000,1.0,4,0.5,2,7,1475798459999,14,3,1,1,0\n"
	want := "bars BTCUSDT.BINANCE 1m 2016-10-07T00:00:00Z close=2 high=4 low=0.5 open=1 turnover=14 volume=7\n"
	f(series.Bars, "binance", kline, Options{Symbol: btc, Interval: market.Minute}, want)
	f(series.Bars, "binance", "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"+kline, Options{Symbol: btc, Interval: market.Minute}, want)
	f(series.Bars, "binance", strings.ReplaceAll(kline, "1475798400000", "1475798400000000"), Options{Symbol: btc, Interval: market.Minute}, want)
	want = "ticks BTCUSDT.BINANCE 2016-10-07T00:00:00.123Z#0 last_price=2 last_volume=3 turnover=6\n"
	f(series.Ticks, "binance", "77,2,3,6,1475798400123,True,True\n", Options{Symbol: btc}, want)
	f(series.Ticks, "binance", "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match\n77,2,3,6,1475798400123,True,True\n", Options{Symbol: btc}, want)
	shanghai := zoned(t, "Asia/Shanghai")
	f(series.Bars, "vnpy", "symbol,exchange,datetime,interval,volume,turnover,open_interest,open_price,high_price,low_price,close_price\nrb2601,SHFE,2026-01-05 09:30:00,1m,7,70,5,1,4,0.5,2\n", Options{Zone: shanghai},
		"bars rb2601.SHFE 1m 2026-01-05T01:30:00Z close=2 high=4 low=0.5 open=1 open_interest=5 turnover=70 volume=7\n")
	f(series.Ticks, "vnpy", "symbol,exchange,datetime,name,volume,last_price,last_volume,bid_price_1,ask_price_2,localtime\nrb2601,SHFE,2026-01-05 09:30:00.5,螺纹,7,1,0,0.5,3,2026-01-05 09:30:01\n", Options{Zone: shanghai},
		"ticks rb2601.SHFE 2026-01-05T01:30:00.5Z#0 ask_price_2=3 bid_price_1=0.5 depth=2 last_price=1 localtime=1767576601000000000 name=\"螺纹\" volume=7\n")
	f(series.Bars, "wtpy", "<Date>, <Time>, <Open>, <High>, <Low>, <Close>, <Volume>\n2026/1/5 星期一,09:35:00,1,4,0.5,2,7\n", Options{Symbol: rb, Interval: 5 * market.Minute, Zone: shanghai},
		"bars rb2601.SHFE 5m 2026-01-05T01:30:00Z close=2 high=4 low=0.5 open=1 volume=7\n")
}

func TestHowTheVolumeOfTicksCountsComesFromTheColumns(t *testing.T) {
	f := func(header string, o *Options, want market.TickVolume) {
		t.Helper()
		s := emptyStore(t)
		if _, err := imports(t, s, series.Ticks, o, write(t, "a.csv", header+"\n2026-01-05 09:30,1,2\n")); err != nil {
			t.Errorf("%s: %v", header, err)
		}
		for v, err := range s.Overview(t.Context(), series.Filter{}) {
			if got := v.Attrs[series.AttrTickVolume]; err != nil || got != string(want) {
				t.Errorf("%s: got %v, %v, want %s", header, v.Attrs, err, want)
			}
		}
	}
	f("time,price,qty", ticksIn(t), market.Traded)
	f("time,last,总成交量", ticksIn(t), market.Cumulative)
	f("time,last,x", ticksIn(t), "")
	// A column that is called volume is this in some files, and that in others.
	volume := write(t, "a.csv", "time,price,volume\n2026-01-05 09:30,1,2\n")
	_, err := imports(t, emptyStore(t), series.Ticks, ticksIn(t), volume)
	if got := neededBy(t, err); !slices.Equal(got, []string{"tick-volume"}) {
		t.Errorf("got %v", err)
	}
	for counted, want := range map[market.TickVolume]string{market.Traded: " last_volume=2\n", market.Cumulative: " volume=2\n"} {
		o := ticksIn(t)
		o.TickVolume = counted
		f("time,last,volume", o, counted)
		s := emptyStore(t)
		if _, err := imports(t, s, series.Ticks, o, volume); err != nil || !strings.HasSuffix(stored(t, s), want) {
			t.Errorf("%s: got %s, %v, want%s", counted, stored(t, s), err, want)
		}
	}
	// A series counts in one way.
	s := emptyStore(t)
	if _, err := imports(t, s, series.Ticks, ticksIn(t), write(t, "a.csv", "time,price,qty\n2026-01-05 09:30,1,2\n")); err != nil {
		t.Fatal(err)
	}
	path := write(t, "b.csv", "time,last,总成交量\n2026-01-05 09:31,1,2\n")
	_, err = imports(t, s, series.Ticks, ticksIn(t), path)
	wantFault(t, err, fault.FileConflict, path, "traded", "cumulative")
}

func TestNamesAreComparedPlain(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := plain(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	f(" <Open> ", "open")
	f("Open_Price", "openprice")
	f("申买价１", "申买价1")
	f("成交量(手)", "成交量")
	f("成交额（元）", "成交额")
	f("Vol.", "vol")
	f("'bid-price 1'", "bidprice1")
	g := func(name, want string) {
		t.Helper()
		if got := extraName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	g("Venue", "venue")
	g("Adj Close*", "adj_close")
	g("rsi(14)", "rsi14")
	g("营业部", "")
	g("_x_", "x")
}

func TestEveryKnownNameMeansOneField(t *testing.T) {
	f := func(kind series.Kind, field string, names []string, seen map[string]string) {
		t.Helper()
		if !isField(kind, field) {
			t.Errorf("%s is no field of %s", field, kind)
		}
		for _, name := range names {
			if plain(name) != name || seen[name] != "" {
				t.Errorf("%s of %s: the name %q is %q when compared, and %q", field, kind, name, plain(name), seen[name])
			}
			seen[name] = field
		}
	}
	for kind, all := range known {
		seen := map[string]string{}
		for field, names := range all {
			f(kind, field, names, seen)
		}
	}
}

func TestRowsOutsideOfTheRangeArePassedOverAndCounted(t *testing.T) {
	o := barsIn(t)
	o.Range = market.Range{From: 1767576660e9} // 2026-01-05T01:31:00Z
	text := head + rows2 + "2026-01-05 09:32,2,1,3,1,1\n2026-01-05 09:29,2,1,3,1,1\n"
	s := emptyStore(t)
	r, err := imports(t, s, series.Bars, o, write(t, "a.csv", text))
	if err != nil || r.Read != 4 || r.New != 1 || r.Outside != 1 || r.Refused != 2 {
		t.Errorf("got %s, %d outside, %v", counts(r), r.Outside, err)
	}
	if got := stored(t, s); strings.Contains(got, "01:30:00Z") || !strings.Contains(got, "01:31:00Z") {
		t.Errorf("stored %s", got)
	}
}

func TestABarThatEndsAtTheWrongTimeIsToldWhichOneDoes(t *testing.T) {
	o := barsIn(t)
	o.BarTime, o.Interval, o.Calendar = End, market.Hour, CalendarAuto
	path := write(t, "a.csv", "time,open,high,low,close\n2026-01-05 10:30,1,1,1,1\n2026-01-05 11:10,1,1,1,1\n2026-01-05 18:00,1,1,1,1\n")
	r, err := imports(t, emptyStore(t), series.Bars, o, path)
	if err != nil || r.Refused != 3 || len(r.Rejects) != 1 {
		t.Fatalf("got %s, %v", counts(r), err)
	}
	text, err := os.ReadFile(r.Rejects[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the one that holds this time ends at 2026-01-05T03:15:00Z", "there is no trading then"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s, want %s", text, want)
		}
	}
}
