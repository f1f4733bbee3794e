package market_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

func TestARangeHoldsItsFirstTimeAndNotItsLast(t *testing.T) {
	f := func(r market.Range, x market.Time, want bool) {
		t.Helper()
		if got := r.Contains(x); got != want {
			t.Errorf("%s contains %d: got %v, want %v", r, int64(x), got, want)
		}
	}
	r := market.Range{From: 10, To: 20}
	f(r, 9, false)
	f(r, 10, true)
	f(r, 19, true)
	f(r, 20, false)
	f(market.Range{From: 10}, 9, false)
	f(market.Range{From: 10}, math.MaxInt64, true)
	f(market.Range{To: 20}, math.MinInt64, true)
	f(market.Range{To: 20}, 20, false)
	f(market.Range{}, market.MinTime, true)
	f(market.Range{}, market.MaxTime, true)
	f(market.Range{From: 10, To: 10}, 10, false)
	f(market.Range{From: -10, To: 10}, -1, true)
	// 0 is no time, so nothing holds it.
	f(market.Range{From: -10, To: 10}, 0, false)
	f(market.Range{}, 0, false)
}

func TestParseRange(t *testing.T) {
	f := func(from, to, want string) {
		t.Helper()
		got, err := market.ParseRange(from, to, zone(t, "Asia/Shanghai"))
		if err != nil || got.String() != want {
			t.Errorf("%q, %q: got %s, %v, want %s", from, to, got, err, want)
		}
	}
	f("", "", "../..")
	f("..", "..", "../..")
	f("2026-01-05", "", "2026-01-04T16:00:00Z/..")
	f("", "2026-01-05", "../2026-01-04T16:00:00Z")
	f("2026-01-05", "2026-01-06", "2026-01-04T16:00:00Z/2026-01-05T16:00:00Z")
	f("2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z/2026-01-05T00:00:00Z")
	f("1678-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z", "1678-01-01T00:00:00Z/2261-12-31T23:59:59.999999999Z")
}

func TestAnEndIn1970IsANanosecondLaterLestItBeOpen(t *testing.T) {
	f := func(from, to string, zone *time.Location, want market.Range) {
		t.Helper()
		got, err := market.ParseRange(from, to, zone)
		if err != nil || got != want {
			t.Errorf("%q, %q: got %#v, %v, want %#v", from, to, got, err, want)
		}
		if err := got.ValidateTicks(); err != nil {
			t.Errorf("%s for ticks: %v", got, err)
		}
	}
	f("", "1970-01-01T00:00:00Z", nil, market.Range{To: 1})
	f("1970-01-01T00:00:00Z", "", nil, market.Range{From: 1})
	f("1970-01-01", "1970-01-01", time.UTC, market.Range{From: 1, To: 1})
	f("1970-01-01T08:00:00+08:00", "1970-01-01T00:00:01Z", nil, market.Range{From: 1, To: 1e9})
}

func TestParseRangeNamesTheEndThatIsWrong(t *testing.T) {
	f := func(from, to string, code fault.Code, field string) {
		t.Helper()
		got, err := market.ParseRange(from, to, zone(t, "America/New_York"))
		wantFault(t, from+" "+to, err, code, field)
		if got != (market.Range{}) {
			t.Errorf("%q, %q: got %s beside an error", from, to, got)
		}
	}
	f("x", "", fault.MarketTime, "from")
	f("", "x", fault.MarketTime, "to")
	f(" ", "", fault.MarketTime, "from")
	f("...", "", fault.MarketTime, "from")
	f("0001-01-01T00:00:00Z", "", fault.MarketTimeRange, "from")
	f("", "2262-01-01T00:00:00Z", fault.MarketTimeRange, "to")
	f("2025-03-09 02:30", "", fault.MarketSkipped, "from")
	f("", "2025-11-02 01:30", fault.MarketRepeated, "to")
	f("2026-01-06", "2026-01-05", fault.MarketRange, "")
	_, err := market.ParseRange("2026-01-05", "", nil)
	wantFault(t, "no zone", err, fault.MarketNoZone, "from")
}

func TestRangeValidate(t *testing.T) {
	for _, r := range []market.Range{{}, {From: 5}, {To: 5}, {From: 5, To: 5}, {From: -5, To: 5}, {From: market.MinTime, To: market.MaxTime}} {
		if err := r.Validate(); err != nil {
			t.Errorf("%s: got %v", r, err)
		}
	}
	wantFault(t, "backwards", market.Range{From: 6, To: 5}.Validate(), fault.MarketRange, "")
	wantFault(t, "before 1678", market.Range{From: market.MinTime - 1}.Validate(), fault.MarketTimeRange, "from")
	wantFault(t, "after 2261", market.Range{To: market.MaxTime + 1}.Validate(), fault.MarketTimeRange, "to")
}

func TestARangeOfTicksHasWholeMicroseconds(t *testing.T) {
	for _, r := range []market.Range{{}, {From: 1000}, {To: 1000}, {From: -1000, To: 1}, {From: 1, To: 5000}} {
		if err := r.ValidateTicks(); err != nil {
			t.Errorf("%s: got %v", r, err)
		}
	}
	wantFault(t, "from", market.Range{From: 1001}.ValidateTicks(), fault.MarketRange, "from")
	wantFault(t, "to", market.Range{From: 1000, To: 1500}.ValidateTicks(), fault.MarketRange, "to")
	wantFault(t, "negative", market.Range{From: -1}.ValidateTicks(), fault.MarketRange, "from")
	wantFault(t, "backwards", market.Range{From: 2000, To: 1000}.ValidateTicks(), fault.MarketRange, "")
}

func TestRangeRoundTrips(t *testing.T) {
	for _, r := range []market.Range{
		{}, {From: 1}, {To: 1}, {From: 1e9, To: 1e9}, {From: -1, To: 1}, {From: market.MinTime, To: market.MaxTime}, {To: 1767576600123456789},
	} {
		text, err := r.MarshalText()
		if err != nil {
			t.Errorf("%s: %v", r, err)
		}
		back := market.Range{From: 7, To: 8}
		if err := back.UnmarshalText(text); err != nil || back != r {
			t.Errorf("%q: got %s, %v", text, back, err)
		}
		object, err := json.Marshal(r)
		if err != nil {
			t.Errorf("%s: %v", r, err)
		}
		back = market.Range{From: 7, To: 8}
		if err := json.Unmarshal(object, &back); err != nil || back != r {
			t.Errorf("%s: got %s, %v", object, back, err)
		}
	}
}

func TestRangeInText(t *testing.T) {
	f := func(text string, code fault.Code, field string) {
		t.Helper()
		r := market.Range{From: 7, To: 8}
		wantFault(t, text, r.UnmarshalText([]byte(text)), code, field)
		if r != (market.Range{From: 7, To: 8}) {
			t.Errorf("%q: an error changed the range to %s", text, r)
		}
	}
	f("", fault.MarketRange, "")
	f("2026-01-05T00:00:00Z", fault.MarketRange, "")
	f("2026-01-05T00:00:00Z/2026-01-06T00:00:00Z/..", fault.MarketTime, "to")
	f("2026-01-05/..", fault.MarketNoZone, "from")
	f("../x", fault.MarketTime, "to")
	f("2026-01-06T00:00:00Z/2026-01-05T00:00:00Z", fault.MarketRange, "")
	r := market.Range{From: 7}
	if err := r.UnmarshalText([]byte("/")); err != nil || r != (market.Range{}) {
		t.Errorf("%q: got %s, %v", "/", r, err)
	}
}

func TestRangeInJSON(t *testing.T) {
	f := func(text string, want market.Range) {
		t.Helper()
		got := market.Range{From: 7, To: 8}
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	f(`{}`, market.Range{})
	f(`{"from":null,"to":null}`, market.Range{})
	f(`{"from":"","to":".."}`, market.Range{})
	f(`{"to":"1970-01-01T00:00:01Z"}`, market.Range{To: 1e9})
	f(`{"to":"1970-01-01T00:00:00Z"}`, market.Range{To: 1})
	if got, err := json.Marshal(market.Range{To: 1e9}); err != nil || string(got) != `{"to":"1970-01-01T00:00:01Z"}` {
		t.Errorf("an open end in JSON: got %s, %v", got, err)
	}
	bad := func(text string, code fault.Code, field string) {
		t.Helper()
		wantFault(t, text, json.Unmarshal([]byte(text), new(market.Range)), code, field)
	}
	bad(`null`, fault.MarketForm, "")
	bad(`"../.."`, fault.MarketForm, "")
	bad(`{"from":0}`, fault.MarketForm, "from")
	bad(`{"From":"..","to":".."}`, fault.MarketForm, "From")
	bad(`{"to":"..","to":".."}`, fault.MarketForm, "to")
	bad(`{"from":"2026-01-05"}`, fault.MarketNoZone, "from")
	bad(`{"from":"2026-01-06T00:00:00Z","to":"2026-01-05T00:00:00Z"}`, fault.MarketRange, "")
}
