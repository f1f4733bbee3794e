package market

// newYork returns the calendar of stocks in New York.
func newYork() CalendarSpec {
	return CalendarSpec{
		Name: usStock, Zone: "America/New_York", Weekdays: MondayToFriday,
		Known: Dates{DateOf(1960, 1, 1), DateOf(2050, 12, 31)},
		Hours: []Hours{mustHours("09:30-16:00")},
	}
}
