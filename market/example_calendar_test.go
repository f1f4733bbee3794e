package market_test

import (
	"fmt"
	"time"

	"github.com/redfire-quant/redfire/market"
)

// The calendar of a symbol tells its trading days and sessions.
func ExampleCalendars_Of() {
	calendars, err := market.NewCalendars()
	if err != nil {
		fmt.Println(err)
		return
	}
	calendar, err := calendars.Of(market.Symbol{Code: "rb2601", Exchange: market.SHFE})
	if err != nil {
		fmt.Println(err)
		return
	}
	evening := time.Date(2019, time.May, 10, 21, 30, 0, 0, calendar.Zone())
	at, err := market.TimeOf(evening)
	if err != nil {
		fmt.Println(err)
		return
	}
	day, err := calendar.TradingDay(at)
	fmt.Println(calendar.Name(), "Friday evening is of", day, err)
	sessions, err := calendar.Sessions(day)
	for _, s := range sessions {
		fmt.Println(s.From.In(calendar.Zone()).Format("Mon 15:04"), "-", s.To.In(calendar.Zone()).Format("15:04"), s.Night)
	}
	fmt.Println(err)
	// Output:
	// shfe_rb Friday evening is of 2019-05-13 <nil>
	// Fri 21:00 - 23:00 true
	// Mon 09:00 - 10:15 false
	// Mon 10:30 - 11:30 false
	// Mon 13:30 - 15:00 false
	// <nil>
}

// A calendar of one's own may be like one of RedFire's.
func ExampleNewCalendars() {
	holiday, err := market.ParseDates("2026-03-04")
	if err != nil {
		fmt.Println(err)
		return
	}
	calendars, err := market.NewCalendars(market.CalendarSpec{
		Name: "office", Like: "china_stocks", Closed: []market.Dates{holiday}, Symbols: []string{"*.LOCAL"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	name, err := calendars.NameOf(market.Symbol{Code: "basket", Exchange: market.LOCAL})
	fmt.Println(name, err)
	_, err = calendars.NameOf(market.Symbol{Code: "ES", Exchange: market.CME})
	fmt.Println(err)
	// Output:
	// office <nil>
	// no calendar is known for ES.CME; name one with --calendar, or in the configuration
}

// Windows count trading time: an hour goes on over the breaks.
func ExampleCalendar_Windows() {
	calendars, err := market.NewCalendars()
	if err != nil {
		fmt.Println(err)
		return
	}
	calendar, err := calendars.Named("shfe_rb")
	if err != nil {
		fmt.Println(err)
		return
	}
	clock := func(t market.Time) string { return t.In(calendar.Zone()).Format("15:04") }
	windows := calendar.Windows(market.Hour)
	for _, text := range []string{"08:57", "10:20", "10:40", "14:59", "15:00"} {
		at, err := market.ParseTime("2019-05-08 "+text, calendar.Zone())
		if err != nil {
			fmt.Println(err)
			return
		}
		if window, _, standing := windows.At(at); standing.Trades() {
			fmt.Printf("%s is in the bar of %s, which ends at %s\n", text, clock(window.Time), clock(window.To))
		} else {
			fmt.Println(text, "is in none")
		}
	}
	// Output:
	// 08:57 is in the bar of 09:00, which ends at 10:00
	// 10:20 is in none
	// 10:40 is in the bar of 10:00, which ends at 11:15
	// 14:59 is in the bar of 14:15, which ends at 15:00
	// 15:00 is in the bar of 14:15, which ends at 15:00
}

// The bars that are missing are those that are expected and not there.
func ExampleCalendar_Bars() {
	calendars, err := market.NewCalendars()
	if err != nil {
		fmt.Println(err)
		return
	}
	calendar, err := calendars.Named("china_stocks")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := market.ParseRange("2026-01-05 11:00", "2026-01-05 14:00", calendar.Zone())
	if err != nil {
		fmt.Println(err)
		return
	}
	runs, err := calendar.Bars(15*market.Minute, r)
	if err != nil {
		fmt.Println(err)
		return
	}
	for run := range runs {
		fmt.Println(run.Day, run.N, "bars from", run.First, "to", run.Last())
	}
	// Output:
	// 2026-01-05 2 bars from 2026-01-05T03:00:00Z to 2026-01-05T03:15:00Z
	// 2026-01-05 4 bars from 2026-01-05T05:00:00Z to 2026-01-05T05:45:00Z
}

// The last bar of a session is closed by the clock: no tick comes after it.
func ExampleBarCloser() {
	calendars, err := market.NewCalendars()
	if err != nil {
		fmt.Println(err)
		return
	}
	calendar, err := calendars.Named("shfe_rb")
	if err != nil {
		fmt.Println(err)
		return
	}
	clock := time.Date(2019, time.May, 8, 14, 58, 59, 0, calendar.Zone())
	closer := market.BarCloser{Calendar: calendar, Interval: market.Minute, Now: func() time.Time { return clock }}
	for _, tick := range []market.Tick{
		{LastPrice: 3582, Volume: 3250000}, {LastPrice: 3584, Volume: 3251100}, {LastPrice: 3583, Volume: 3251118},
	} {
		tick.Time = market.Time(clock.UnixNano())
		bar, closed, err := closer.Add(&tick)
		fmt.Println(clock.Format("15:04:05"), bar.Time, bar.Close, bar.Volume, closed, err)
		clock = clock.Add(30 * time.Second)
	}
	if due, forming := closer.Due(); forming {
		clock = due.In(calendar.Zone())
	}
	bar, closed := closer.Expire()
	fmt.Println(clock.Format("15:04:05"), bar.Time, bar.High, bar.Volume, closed)
	// Output:
	// 14:58:59  0 0 false <nil>
	// 14:59:29 2019-05-08T06:58:00Z 3582 0 true <nil>
	// 14:59:59  0 0 false <nil>
	// 15:00:05 2019-05-08T06:59:00Z 3584 1118 true
}

func ExampleParseHours() {
	hours, err := market.ParseHours("2016-05-03.. night 21:00-23:00 day 09:00-10:15 10:30-11:30 13:30-15:00")
	fmt.Println(hours.Days, "has", hours.Sessions(), err)
	_, err = market.ParseHours("09:00-10:15 10:00-11:30")
	fmt.Println(err)
	// Output:
	// 2016-05-03.. has night 21:00-23:00 day 09:00-10:15 10:30-11:30 13:30-15:00 <nil>
	// session 10:00-11:30 begins before the one in front of it ends, 09:00-10:15
}
