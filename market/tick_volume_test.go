package market_test

import (
	"testing"

	"github.com/redfire-quant/redfire/market"
)

func TestTicksWithoutAPriceMayTellOfANewDay(t *testing.T) {
	var c market.TickCounter
	if c.Known() {
		t.Error("a counter that has seen nothing knows something")
	}
	f := func(volume, turnover, wantVolume, wantTurnover float64) {
		t.Helper()
		if got := c.Since(market.Counted{Volume: volume, Turnover: turnover}); got != (market.Counted{Volume: wantVolume, Turnover: wantTurnover}) || !c.Known() {
			t.Errorf("%v, %v: got %v, want %v, %v", volume, turnover, got, wantVolume, wantTurnover)
		}
	}
	f(100, 1000, 0, 0)
	f(110, 1100, 10, 100)
	f(110, 1100, 0, 0)
	c.Pass(market.Counted{Volume: 500, Turnover: 5000}) // no more than was counted
	f(120, 1200, 10, 100)
	c.Pass(market.Counted{}) // a day has begun
	f(130, 1300, 130, 1300)
	f(7, 70, 7, 70)
	c.NewDay()
	f(9, 90, 9, 90)
}

func TestDaysAreCountedFromTheirAuctionOn(t *testing.T) {
	c := named(t, calendarsWith(t), "shfe_rb").DayCounter()
	f := func(at string, volume, want float64, counts bool) {
		t.Helper()
		got, ok := c.SinceAt(shanghaiTime(t, at), market.Counted{Volume: volume, Turnover: 10 * volume})
		if ok != counts || got != (market.Counted{Volume: want, Turnover: 10 * want}) {
			t.Errorf("%s: got %v, %t, want %v, %t", at, got, ok, want, counts)
		}
	}
	f("2019-05-07 14:59:59", 900, 0, true) // nothing to count from
	f("2019-05-07 15:00:30", 905, 5, true)
	f("2019-05-07 15:01:00", 906, 0, false)
	f("2019-05-07 20:54:59", 906, 0, false)
	f("2019-05-07 20:55:00", 0, 0, true)
	f("2019-05-07 20:59:00", 50, 50, true)
	f("2019-05-07 21:00:00", 60, 10, true)
	f("2019-05-08 08:59:00", 70, 10, true) // the auction of the same day
	f("2019-05-08 09:00:00", 71, 1, true)
	f("2019-05-08 21:00:00", 80, 80, true) // more than the day before, and yet all
	f("2019-05-09 21:00:00", 90, 90, true)

	c = named(t, calendarsWith(t), "shfe_rb").DayCounter()
	f("2019-05-07 20:59:00", 50, 50, true) // the auction with which a day opens
	c = named(t, calendarsWith(t), "shfe_rb").DayCounter()
	f("2019-05-08 08:59:00", 50, 0, true) // not one within it
	c = named(t, calendarsWith(t), "24x7").DayCounter()
	f("2019-05-08 07:59:59", 50, 0, true)
	f("2019-05-08 08:00:00", 60, 60, true)
}
