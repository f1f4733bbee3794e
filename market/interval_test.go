package market_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestParseIntervalReducesToTheCanonicalForm(t *testing.T) {
	f := func(s string, want market.Interval, text string) {
		t.Helper()
		got, err := market.ParseInterval(s)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q: got %d, %q, %v, want %d, %q", s, int(got), got, err, int(want), text)
		}
	}
	f("1s", market.Second, "1s")
	f("30s", 30*market.Second, "30s")
	f("60s", market.Minute, "1m")
	f("61s", 61*market.Second, "61s")
	f("1m", market.Minute, "1m")
	f("60m", market.Hour, "1h")
	f("90m", 90*market.Minute, "90m")
	f("3600s", market.Hour, "1h")
	f("4h", 4*market.Hour, "4h")
	f("24h", 24*market.Hour, "24h")
	f("1440m", 24*market.Hour, "24h")
	f("86400s", 24*market.Hour, "24h")
	f("d", market.Day, "d")
	f("1d", market.Day, "d")
	f("w", market.Week, "w")
	f("1w", market.Week, "w")
}

func TestADayIsNot24Hours(t *testing.T) {
	if market.Day == 24*market.Hour || market.Week == 7*market.Day || market.Week == 168*market.Hour {
		t.Errorf("day %d, week %d, hour %d", int(market.Day), int(market.Week), int(market.Hour))
	}
	for n := range market.Interval(200_000) {
		for _, unit := range []market.Interval{market.Minute, market.Hour, market.Day, market.Week} {
			if v := n * unit; n != 1 && (v == market.Day || v == market.Week) {
				t.Errorf("%d times %d is %s", int(n), int(unit), v)
			}
		}
	}
}

func TestDaysAndWeeksAloneAreDaily(t *testing.T) {
	for v, want := range map[market.Interval]bool{
		0: false, market.Second: false, market.Minute: false, 24 * market.Hour: false, market.Day: true, market.Week: true, -1: false,
	} {
		if got := v.Daily(); got != want {
			t.Errorf("%s: %t", v, got)
		}
	}
}

func TestParseIntervalRefusesOtherForms(t *testing.T) {
	for _, s := range []string{
		"", " ", "m", "h", "s", "0m", "0d", "00s", "01m", "-1m", "+1m", "1", "1M", "1H", "1D", "D", "W", "1min", "m1",
		"1.5h", "1h30m", "1m ", " 1m", "1m\n", "1_0m", "1e1m", "１m", "1ｍ", "2d", "7d", "2w", "25h", "1441m", "86401s",
		"1000000s", "999999h", "2147483648s", "99999999999999999999s", "mo", "1mo", "3mo", "y", "tick", "Interval(0)", "\xff",
		strings.Repeat("9", 1000) + "s",
	} {
		got, err := market.ParseInterval(s)
		wantFault(t, s, err, fault.MarketInterval, "")
		if got != 0 {
			t.Errorf("%q: got %d beside an error", s, int(got))
		}
	}
}

func TestParseIntervalSaysWhyNot(t *testing.T) {
	for s, word := range map[string]string{"mo": "month", "3mo": "month", "tick": "ticks", "2d": "24h", "25h": "24h", "1H": "1h"} {
		if _, err := market.ParseInterval(s); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: got %v, want the word %q", s, err, word)
		}
	}
}

func TestIntervalValidate(t *testing.T) {
	for _, v := range []market.Interval{1, 59, 86399, 24 * market.Hour, market.Day, market.Week} {
		if err := v.Validate(); err != nil {
			t.Errorf("%d: got %v", int(v), err)
		}
	}
	for _, v := range []market.Interval{0, -1, 24*market.Hour + 1, 2 * market.Day, 7 * market.Day, market.Day + 1, math.MaxInt32, math.MinInt32} {
		wantFault(t, v, v.Validate(), fault.MarketInterval, "")
		if text, err := v.MarshalText(); v != 0 && (err == nil || text != nil) {
			t.Errorf("%d: got text %q, %v, want an error", int(v), text, err)
		}
	}
}

func TestIntervalDuration(t *testing.T) {
	f := func(v market.Interval, want time.Duration) {
		t.Helper()
		if got := v.Duration(); got != want {
			t.Errorf("%s: got %v, want %v", v, got, want)
		}
	}
	f(0, 0)
	f(market.Second, time.Second)
	f(90*market.Minute, 90*time.Minute)
	f(24*market.Hour, 24*time.Hour)
	f(market.Day, 0)
	f(market.Week, 0)
}

func TestEachIntervalRoundTrips(t *testing.T) {
	all := []market.Interval{0, market.Day, market.Week}
	for v := market.Second; v <= 24*market.Hour; v++ {
		all = append(all, v)
	}
	seen := make(map[string]bool, len(all))
	for _, v := range all {
		text, err := v.MarshalText()
		if err != nil || seen[string(text)] {
			t.Fatalf("%d: got text %q, %v; used before: %v", int(v), text, err, seen[string(text)])
		}
		seen[string(text)] = true
		back := market.Interval(7)
		if err := back.UnmarshalText(text); err != nil || back != v {
			t.Fatalf("%q: got %d, %v, want %d", text, int(back), err, int(v))
		}
	}
}

func TestIntervalInJSON(t *testing.T) {
	got := market.Hour
	for text, want := range map[string]market.Interval{`"1m"`: market.Minute, `"24h"`: 24 * market.Hour, `"d"`: market.Day, `""`: 0, `null`: 0} {
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	got = market.Hour
	for text, code := range map[string]fault.Code{
		`60`: fault.MarketForm, `true`: fault.MarketForm, `{}`: fault.MarketForm, `"mo"`: fault.MarketInterval, "\"\xff\"": fault.MarketText,
	} {
		wantFault(t, text, json.Unmarshal([]byte(text), &got), code, "")
	}
	if got != market.Hour {
		t.Errorf("an error changed the interval to %s", got)
	}
	if text, err := json.Marshal(map[market.Interval]market.Interval{market.Week: 60 * market.Minute}); err != nil || string(text) != `{"w":"1h"}` {
		t.Errorf("as a key and a value: got %s, %v", text, err)
	}
}
