package market_test

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// goodBar returns a bar without a fault or a finding.
func goodBar() market.Bar {
	return market.Bar{Time: 1767576600e9, Open: 3100, High: 3120.5, Low: 3090, Close: 3105, Volume: 1200, Turnover: 37e6, OpenInterest: 9e5}
}

// barFields gives a way to each number of a bar, by its name in JSON.
var barFields = map[string]func(*market.Bar) *float64{
	"open": func(b *market.Bar) *float64 { return &b.Open }, "high": func(b *market.Bar) *float64 { return &b.High },
	"low": func(b *market.Bar) *float64 { return &b.Low }, "close": func(b *market.Bar) *float64 { return &b.Close },
	"volume": func(b *market.Bar) *float64 { return &b.Volume }, "turnover": func(b *market.Bar) *float64 { return &b.Turnover },
	"open_interest": func(b *market.Bar) *float64 { return &b.OpenInterest },
}

// numbers are float64 values whose text is easily got wrong.
var numbers = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, 0.30000000000000004, 1.0 / 3, 123456789012345, 0.000000000000123456789012345,
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 2.2250738585072014e-308, 2.225073858507201e-308,
	math.MaxFloat64, -math.MaxFloat64, 1 << 53, 1<<53 + 2, 1e21, 1e-7, 9007199254740993, 5e-324, 17976931348623157e292,
}

func TestABarIsRefusedByTheNameOfItsField(t *testing.T) {
	b := goodBar()
	if err := b.Validate(); err != nil {
		t.Fatalf("%+v: got %v", b, err)
	}
	for name, field := range barFields {
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			b := goodBar()
			*field(&b) = x
			wantFault(t, name, b.Validate(), fault.MarketNotFinite, name)
		}
	}
	f := func(x market.Time, code fault.Code) {
		t.Helper()
		b := goodBar()
		b.Time = x
		wantFault(t, int64(x), b.Validate(), code, "time")
	}
	f(0, fault.MarketNoTime)
	f(1, fault.MarketSubsecond)
	f(-1, fault.MarketSubsecond)
	f(1767576599999000000, fault.MarketSubsecond)
	f(market.MinTime-1e9, fault.MarketTimeRange)
	f(market.MaxTime+1, fault.MarketTimeRange)
	f(math.MinInt64, fault.MarketTimeRange)
}

func TestABarWithStrangeButFiniteNumbersIsStored(t *testing.T) {
	for _, x := range numbers {
		b := market.Bar{Time: -1e9, Open: x, High: -x, Low: x, Close: x, Volume: x, Turnover: -x, OpenInterest: x}
		if err := b.Validate(); err != nil {
			t.Errorf("%v: got %v", x, err)
		}
	}
	for _, x := range []market.Time{market.MinTime, 1e9, 9214646399e9} {
		if err := (&market.Bar{Time: x}).Validate(); err != nil {
			t.Errorf("a bar of zeros at %s: got %v", x, err)
		}
	}
}

func TestFindingsOfABar(t *testing.T) {
	f := func(name string, spoil func(*market.Bar), want ...string) {
		t.Helper()
		b := goodBar()
		spoil(&b)
		var got []string
		for _, x := range b.Findings(market.Minute, time.UTC) {
			got = append(got, x.Field+" "+string(x.Rule))
			if x.Text == "" || !strings.Contains(x.Text, " ") {
				t.Errorf("%s: finding %+v says nothing", name, x)
			}
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if err := b.Validate(); err != nil {
			t.Errorf("%s: what is found must be stored all the same: %v", name, err)
		}
	}
	f("nothing", func(*market.Bar) {})
	f("all zero", func(b *market.Bar) { *b = market.Bar{Time: b.Time} })
	f("minus zero", func(b *market.Bar) { b.Volume = math.Copysign(0, -1) })
	f("high below low", func(b *market.Bar) { b.High = 3089 }, "high high-below-low")
	f("open above high", func(b *market.Bar) { b.Open = 3121 }, "open outside-high-low")
	f("open below low", func(b *market.Bar) { b.Open = 3089 }, "open outside-high-low")
	f("close above high", func(b *market.Bar) { b.Close = 3121 }, "close outside-high-low")
	f("close below low", func(b *market.Bar) { b.Close = 3089 }, "close outside-high-low")
	f("both", func(b *market.Bar) { b.Open, b.Close = 3089, 3121 }, "open outside-high-low", "close outside-high-low")
	f("a Chinese contract without a trade", func(b *market.Bar) { *b = market.Bar{Time: b.Time, Close: 3105} }, "close outside-high-low")
	f("oil in April 2020", func(b *market.Bar) { b.Open, b.High, b.Low, b.Close = 10, 11, -40, -37.63 }, "low negative-price", "close negative-price")
	f("amounts", func(b *market.Bar) { b.Volume, b.Turnover, b.OpenInterest = -1, -2, -3 },
		"volume negative-amount", "turnover negative-amount", "open_interest negative-amount")
	f("off the grid", func(b *market.Bar) { b.Time += 1e9 }, "time off-grid")
	f("before 1970, off the grid", func(b *market.Bar) { b.Time = -1e9 }, "time off-grid")
	f("before 1970, on the grid", func(b *market.Bar) { b.Time = -60e9 })
}

func TestTheGridOfDaysIsThatOfTheExchange(t *testing.T) {
	f := func(v market.Interval, name, x string, want int) {
		t.Helper()
		b := goodBar()
		b.Time = at(t, x)
		if got := b.Findings(v, zone(t, name)); len(got) != want {
			t.Errorf("bar of %s at %s in %s: got %v, want %d findings", v, x, name, got, want)
		}
	}
	f(market.Day, "Asia/Shanghai", "2026-01-04T16:00:00Z", 0)
	f(market.Day, "Asia/Shanghai", "2026-01-05T00:00:00Z", 1)
	f(market.Day, "UTC", "2026-01-05T00:00:00Z", 0)
	f(market.Week, "Asia/Shanghai", "2026-01-04T16:00:00Z", 0)
	f(market.Week, "Asia/Shanghai", "2026-01-05T16:00:00Z", 1)
	f(market.Hour, "Asia/Kathmandu", "2026-01-05T00:15:00Z", 0)
	f(market.Hour, "Asia/Kathmandu", "2026-01-05T00:00:00Z", 1)
}

func TestABarInJSON(t *testing.T) {
	b := market.Bar{Time: 1767576600e9, Open: 3100, High: 3120.5, Low: 3090.25, Close: 3105, Volume: 1200, Turnover: 37260000, OpenInterest: 900000}
	const want = `{"time":"2026-01-05T01:30:00Z","open":3100,"high":3120.5,"low":3090.25,"close":3105,"volume":1200,"turnover":37260000,"open_interest":900000}`
	got, err := json.Marshal(b)
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	back := market.Bar{Open: 7, OpenInterest: 7}
	if err := json.Unmarshal([]byte(want), &back); err != nil || back != b {
		t.Errorf("got %+v, %v, want %+v", back, err, b)
	}
	back = goodBar()
	if err := json.Unmarshal([]byte(` { "close" : 1 , "open":2,"high":3,"low":4} `), &back); err != nil || back != (market.Bar{Open: 2, High: 3, Low: 4, Close: 1}) {
		t.Errorf("fields left out: got %+v, %v, want 0 in them", back, err)
	}
	for _, price := range []string{"open", "high", "low", "close"} {
		text := strings.Replace(want, `"`+price+`":`, `"volume2":`, 1)
		text = regexp.MustCompile(`"volume2":[0-9.]+,`).ReplaceAllString(text, "")
		err := json.Unmarshal([]byte(text), &back)
		if place, _ := fault.PlaceOf(err); !errors.Is(err, fault.MarketForm) || place.Field != price {
			t.Errorf("%s left out: got %v, want the error that it is missing", price, err)
		}
	}
}

func TestEachNumberOfABarComesBackBitForBit(t *testing.T) {
	for name, field := range barFields {
		for _, x := range numbers {
			b := goodBar()
			*field(&b) = x
			text, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			var back market.Bar
			err = json.Unmarshal(text, &back)
			if got := *field(&back); err != nil || math.Float64bits(got) != math.Float64bits(x) {
				t.Errorf("%s %v: got %v, %v by %s", name, x, got, err, text)
			}
		}
	}
	// The contract: up to 15 digits come back as they were written.
	for _, s := range []string{"0.1", "3105.25", "123456789012345", "0.123456789012345", "999999999999999", "1.00000000000001"} {
		var b market.Bar
		if err := json.Unmarshal([]byte(`{"high":0,"low":0,"close":0,"open":`+s+`}`), &b); err != nil || strconv.FormatFloat(b.Open, 'f', -1, 64) != s {
			t.Errorf("%s: got %v, %v", s, b.Open, err)
		}
	}
}
