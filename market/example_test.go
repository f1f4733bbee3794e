package market_test

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/redfire-quant/redfire/fault"
	"github.com/redfire-quant/redfire/market"
)

// A row of a file becomes a bar: the importer says in which zone the file's
// clock was read, and what is wrong is told with its place.
func Example() {
	symbol, err := market.ParseSymbol("rb2601.SHFE")
	if err != nil {
		fmt.Println(err)
		return
	}
	zone, err := symbol.Exchange.Zone()
	if err != nil {
		fmt.Println(err)
		return
	}
	start, err := market.ParseTime("2026-01-05 09:30:00", zone)
	if err != nil {
		fmt.Println(err)
		return
	}
	bar := market.Bar{Time: start, Open: 3100, High: 3120, Low: 3090, Close: 3125, Volume: 1200}
	fmt.Println(symbol, bar.Time, bar.Validate())
	for _, f := range bar.Findings(market.Minute, zone) {
		fmt.Println(f.Field, f.Rule)
	}
	// Output:
	// rb2601.SHFE 2026-01-05T01:30:00Z <nil>
	// close outside-high-low
}

func ExampleParseSymbol() {
	symbol, err := market.ParseSymbol("BRK.B.NYSE")
	fmt.Println(symbol.Code, symbol.Exchange, err)
	_, err = market.ParseSymbol("rb2601.shfe")
	fmt.Println(err)
	// Output:
	// BRK.B NYSE <nil>
	// symbol "rb2601.shfe": the exchange is written in capitals: SHFE
}

func ExampleParseInterval() {
	for _, s := range []string{"60m", "24h", "1d", "2d"} {
		v, err := market.ParseInterval(s)
		fmt.Println(v, err)
	}
	// Output:
	// 1h <nil>
	// 24h <nil>
	// d <nil>
	//  interval "2d" is longer than 24h: beyond that there are d and w alone
}

func ExampleParseTime() {
	zone, err := market.LoadZone("America/New_York")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range []string{"2025-11-02 00:30", "2025-11-02 01:30", "2025-11-02T01:30:00-05:00"} {
		t, err := market.ParseTime(s, zone)
		fmt.Println(t, err)
	}
	// Output:
	// 2025-11-02T04:30:00Z <nil>
	//  2025-11-02T01:30:00 exists 2 times in America/New_York, with the offsets -04:00 and -05:00
	// 2025-11-02T06:30:00Z <nil>
}

func ExampleTimeOf() {
	t, err := market.TimeOf(time.Date(2026, 1, 5, 9, 30, 0, 123456789, time.FixedZone("", 8*3600)))
	fmt.Println(t, t.Micro(), err)
	// Output: 2026-01-05T01:30:00.123456789Z 1767576600123456 <nil>
}

func ExampleParseRange() {
	zone, err := market.LoadZone("Asia/Shanghai")
	if err != nil {
		fmt.Println(err)
		return
	}
	// The fifth of January, and all that is later.
	day, err := market.ParseRange("2026-01-05", "2026-01-06", zone)
	fmt.Println(day, err)
	later, err := market.ParseRange("2026-01-06", "", zone)
	fmt.Println(later, err)
	fmt.Println(day.Contains(day.To), later.Contains(day.To))
	// Output:
	// 2026-01-04T16:00:00Z/2026-01-05T16:00:00Z <nil>
	// 2026-01-05T16:00:00Z/.. <nil>
	// false true
}

func ExampleLoadZone() {
	for _, name := range []string{"Asia/Shanghai", "+05:45", "Local"} {
		zone, err := market.LoadZone(name)
		if err != nil {
			fmt.Println(fault.CodeOf(err), err)
			continue
		}
		fmt.Println(zone)
	}
	// Output:
	// Asia/Shanghai
	// +05:45
	// RF-MKT-005 time zone "Local" is not one that means the same on every machine
}

func ExampleExchange_Zone() {
	zone, err := market.EUREX.Zone()
	fmt.Println(zone, err)
	_, err = market.SMART.Zone()
	fmt.Println(fault.KindOf(err))
	// Output:
	// Europe/Berlin <nil>
	// not found
}

// On the day on which the clocks are put back, a day has 25 hours.
func ExampleInterval_Window() {
	zone, err := market.CME.Zone()
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := market.ParseTime("2025-11-02 12:00", zone)
	if err != nil {
		fmt.Println(err)
		return
	}
	from, to := market.Day.Window(t, zone)
	fmt.Println(from, to, time.Duration(to-from))
	// Output: 2025-11-02T05:00:00Z 2025-11-03T06:00:00Z 25h0m0s
}

func ExampleBar_Validate() {
	bar := market.Bar{Time: 1767576600e9, Close: math.NaN()}
	err := bar.Validate()
	place, _ := fault.PlaceOf(err)
	fmt.Println(err)
	fmt.Println(fault.KindOf(err), fault.CodeOf(err) == fault.MarketNotFinite, place.Field)
	// Output:
	// close: NaN is not a finite number
	// invalid true close
}

func ExampleTick_MarshalJSON() {
	tick := market.Tick{Time: 1767576600500000000, LastPrice: 3105, Depth: 1}
	tick.Bids[0] = market.Level{Price: 3104, Volume: 12}
	tick.Asks[0] = market.Level{Price: 3105, Volume: 7}
	text, err := json.Marshal(tick)
	if err != nil {
		fmt.Println(err)
		return
	}
	var back market.Tick
	err = json.Unmarshal(text, &back)
	fmt.Println(back == tick, err)
	fmt.Println(string(text[len(text)-73:]))
	// Output:
	// true <nil>
	// "bid_price_1":3104,"bid_volume_1":12,"ask_price_1":3105,"ask_volume_1":7}
}
