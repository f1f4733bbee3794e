package market

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	minute = time.Minute
	hour   = time.Hour
)

// futuresExchanges are those whose products have calendars of their own.
var futuresExchanges = []Exchange{CFFEX, SHFE, CZCE, DCE, INE, GFEX}

// chinaDays are the trading days of the Chinese exchanges: the calendar file of
// the Python package akshare, MIT.
//
//go:embed calendardata/china_trading_days.csv
var chinaDays string

// chinaHours are the sessions of Chinese futures, by product and the first trading
// day that has them. calendardata/README.md tells where they are from.
//
//go:embed calendardata/china_futures_hours.csv
var chinaHours string

// chinaSpecs are the calendars of China. They are read once: the files are in the
// program, and what is wrong in them is a mistake in it.
var chinaSpecs = sync.OnceValue(func() []CalendarSpec {
	days := chinaTable()
	first, last := days[0], days[len(days)-1]
	specs := []CalendarSpec{{
		Name: china, Zone: "Asia/Shanghai", Weekdays: MondayToFriday, Known: Dates{first, last}, Table: days,
		Hours: []Hours{mustHours("09:30-11:30 13:00-15:00")},
	}, {
		// The call auction in which stocks open takes orders from 09:15 on, and
		// trades at 09:25.
		Name: stocks, Like: china, Auction: 15 * minute, Closing: minute,
	}, {
		Name: futures, Like: china, Auction: 5 * minute, Closing: minute,
		Hours: []Hours{mustHours("09:00-10:15 10:30-11:30 13:30-15:00")},
		NoNight: []Dates{
			// The Sunday of this weekend was the Mid-Autumn Festival: the one
			// holiday of 2013 to 2026 that fell on nothing but a weekend.
			{DateOf(2015, 9, 28), DateOf(2015, 9, 28)},
			// Nights were not held because of the epidemic until the one of
			// Wednesday 2020-05-06.
			{DateOf(2020, 2, 3), DateOf(2020, 5, 6)},
		},
	}}
	return append(specs, productSpecs()...)
})

func chinaCalendars() []CalendarSpec { return slices.Clone(chinaSpecs()) }

func mustHours(s string) Hours {
	h, err := ParseHours(s)
	if err != nil {
		panic(err)
	}
	return h
}

func chinaTable() []Date {
	var days []Date
	for i, line := range strings.Split(strings.TrimSpace(chinaDays), "\n") {
		if i == 0 {
			continue // the head
		}
		d, err := ParseDate(strings.TrimSpace(line))
		if err != nil {
			panic(fmt.Sprintf("market: the trading days of China, line %d: %v", i+1, err))
		}
		days = append(days, d)
	}
	return days
}

// productSpecs returns the calendars of products. Lines of one product stand
// together, the earliest first.
func productSpecs() []CalendarSpec {
	lines, err := csv.NewReader(strings.NewReader(chinaHours)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("market: the sessions of China: %v", err))
	}
	var specs []CalendarSpec
	for _, l := range lines[1:] {
		name := productCalendar(Exchange(l[0]), l[1])
		if len(specs) == 0 || specs[len(specs)-1].Name != name {
			specs = append(specs, CalendarSpec{Name: name, Like: futures, exchange: Exchange(l[0]), product: l[1]})
		}
		text := l[2] + ".. "
		if l[4] != "" {
			text += "night " + l[4] + " "
		}
		s := &specs[len(specs)-1]
		s.Hours = append(s.Hours, mustHours(text+"day "+l[3]))
	}
	return specs
}

// productCalendar returns the name that the calendar of a product has.
func productCalendar(e Exchange, product string) string {
	return strings.ToLower(string(e) + "_" + product)
}
