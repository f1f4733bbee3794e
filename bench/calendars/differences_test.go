package calendars

import "strings"

// A difference is one between a calendar of ours and that of a package, on one day
// or on several.
type difference struct {
	pack string

	// days has all the days, first..last or one by one.
	days string

	// n is how many of the days differ so.
	n int

	// ours and theirs are the sessions by the clock of the exchange: closed if there
	// are none, unknown if we do not know the day.
	ours, theirs string

	// because says who is right and how that is known.
	because string
}

// has reports whether the difference is to be on a day.
func (d *difference) has(day string) bool {
	if first, last, several := strings.Cut(d.days, ".."); several {
		return first <= day && day <= last
	}
	return strings.Contains(d.days, day)
}

// Reasons that several differences have.
const (
	listed = "we: NYSE's own list of special closings has it, from which pandas_market_calendars has it too; exchange_calendars " +
		"has whole days and a few short ones of that list only"
	paperwork = listed + "; TIME of 1968-01-26 tells of it"
	period    = "we: the Los Angeles Times of 1985-07-12 says that NYSE, the American Stock Exchange and Nasdaq will begin at 09:30 from " +
		"1985-09-30 on, and have ended at 16:00 since 1974-10-01"
	always = period + "; until 1974 at 15:30, as pandas_market_calendars has it too. exchange_calendars has today's hours for all years"
	eve    = "we: of the Christmas Eves before 1993 NYSE's list has those of 1974, 1975 and 1990 to 1992, as pandas_market_calendars does, " +
		"for which no other was short; exchange_calendars has 14:00 for all of them by a rule"
	rules = "we: exchange_calendars has no holidays by rule before 1970, the first year of pandas' AbstractHolidayCalendar; " +
		"pandas_market_calendars has these"
	alone = "both: NYSE's list has it, for a fault of machines, a fire or a drill of NYSE; nothing says that the other exchanges stood still, and " +
		"the calendar is theirs too"
	silent = "both: NYSE's list has minutes of silence; orders waited for them, but bars are counted from 09:30 as on other days"
)

// newYorkDifferences are those of us_stocks. pandas_market_calendars has the same
// class for NYSE and NASDAQ.
var newYorkDifferences = []difference{
	{Exchange, "1960-01-01..1969-12-25", 87, "closed", "09:30-16:00", rules},
	{Exchange, "1960-01-04..1974-09-30", 3298, "10:00-15:30", "09:30-16:00", always},
	{Exchange, "1974-10-01..1985-09-26", 2765, "10:00-16:00", "09:30-16:00", always},

	{Exchange, "1962-12-24 1963-12-24 1964-12-24 1968-12-24 1970-12-24 1973-12-24", 6, "10:00-15:30", "09:30-14:00", eve},
	{Exchange, "1969-12-24", 1, "10:00-15:00", "09:30-14:00", eve},
	{Exchange, "1979-12-24 1980-12-24 1981-12-24 1984-12-24", 4, "10:00-16:00", "09:30-14:00", eve},
	{Exchange, "1985-12-24 1986-12-24 1987-12-24", 3, "09:30-16:00", "09:30-14:00", eve},
	{Exchange, "1974-12-24 1975-12-24", 2, "10:00-14:00", "09:30-14:00", always},

	{Exchange, "1966-01-06..1966-01-14", 7, "10:00-14:00", "09:30-16:00", listed},
	{Exchange, "1967-08-08..1967-08-18", 9, "10:00-14:00", "09:30-16:00", paperwork},
	{Exchange, "1968-01-22..1968-03-01", 28, "10:00-14:00", "09:30-16:00", paperwork},
	{Exchange, "1969-01-02..1969-07-03", 124, "10:00-14:00", "09:30-16:00", listed},
	{Exchange, "1969-07-07..1969-09-26", 58, "10:00-14:30", "09:30-16:00", listed},
	{Exchange, "1969-09-29..1970-05-01", 149, "10:00-15:00", "09:30-16:00", listed},
	{Exchange, "1987-10-23..1987-10-30", 6, "09:30-14:00", "09:30-16:00", listed + "; the Chicago Tribune of 1987-10-23"},
	{Exchange, "1987-11-02..1987-11-04", 3, "09:30-14:30", "09:30-16:00", listed},
	{Exchange, "1987-11-05..1987-11-06", 2, "09:30-15:00", "09:30-16:00", listed},
	{Exchange, "1987-11-09..1987-11-11", 3, "09:30-15:30", "09:30-16:00", listed},

	{Exchange, "1960-12-12 1973-12-17", 2, "11:00-15:30", "09:30-16:00", listed},
	{Exchange, "1963-11-22", 1, "10:00-14:07", "09:30-16:00", listed},
	{Exchange, "1964-10-23 1978-02-06", 2, "10:00-14:00", "09:30-16:00", listed},
	{Exchange, "1965-11-10", 1, "11:05-15:30", "09:30-16:00", listed},
	{Exchange, "1967-02-07", 1, "10:15-14:00", "09:30-16:00", listed},
	{Exchange, "1969-02-11 1996-01-08", 2, "11:00-14:00", "09:30-16:00", listed},
	{Exchange, "1969-06-02", 1, "10:45-14:00", "09:30-16:00", listed},
	{Exchange, "1975-02-12", 1, "10:00-14:30", "09:30-16:00", listed},
	{Exchange, "1976-02-02", 1, "11:15-16:00", "09:30-16:00", listed},
	{Exchange, "1976-08-09", 1, "10:00-15:00", "09:30-16:00", listed},
	{Exchange, "1978-01-20 2002-09-11", 2, "12:00-16:00", "09:30-16:00", listed},
	{Exchange, "1978-02-07", 1, "11:00-16:00", "09:30-16:00", listed},
	{Exchange, "1981-03-30", 1, "10:00-15:17", "09:30-16:00", listed},
	{Exchange, "1981-09-09", 1, "10:00-15:28", "09:30-16:00", listed},
	{Exchange, "1994-02-11", 1, "09:30-14:30", "09:30-16:00", listed},
	{Exchange, "1997-10-27", 1, "09:30-15:30", "09:30-16:00", listed},

	{Market, "1974-01-02..1974-09-30", 188, "10:00-15:30", "10:00-16:00", period + "; the package has the year, and no day"},
	{Market, "1985-01-02..1985-09-26", 187, "10:00-16:00", "09:30-16:00", period + "; the package has the year, and no day"},
	{
		Market, "1967-08-08", 1, "10:00-14:00", "10:00-15:30",
		"we: nine short days, says TIME of 1968-01-26, and so says NYSE's list in the package's own documentation; its code begins a day later",
	},
	{
		Market, "1999-12-31", 1, "09:30-13:00", "09:30-16:00",
		"we: exchange_calendars has it, it was reported (Benzinga, 2021-12-31), and the volume was two thirds of the day before's; " +
			"NYSE's list lacks it, which the package calls disputed",
	},
	{Market, "1974-01-16", 1, "10:00-15:30", "10:15-16:00", alone + "; and " + period},
	{Market, "1974-11-22", 1, "10:00-16:00", "10:15-16:00", alone},
	{Market, "1976-06-08", 1, "10:00-16:00", "10:15-16:00", alone + "; the package made up the time, which is not known"},
	{Market, "1989-11-10", 1, "09:30-16:00", "11:00-16:00", alone},
	{
		Market, "1990-12-27", 1, "09:30-16:00", "09:31-16:00",
		alone + "; the package contradicts itself: its documentation, from NYSE's list, has 11:00",
	},
	{Market, "1995-12-18", 1, "09:30-16:00", "10:30-16:00", alone},
	{Market, "2005-06-01", 1, "09:30-16:00", "09:30-15:56", alone},
	{Market, "1991-01-17 1991-02-25 2001-10-08", 3, "09:30-16:00", "09:31-16:00", silent},
	{Market, "2003-03-20 2004-06-07 2006-12-27", 3, "09:30-16:00", "09:32-16:00", silent},
	{Market, "2001-09-17", 1, "09:30-16:00", "09:33-16:00", silent},
}

// chinaDifferences are those of china_stocks.
var chinaDifferences = []difference{
	{
		Exchange, "1990-12-03..1990-12-18", 12, "unknown", "09:30-11:30 13:00-15:00",
		"we: the exchange of Shanghai opened on 1990-12-19, with which akshare's list and pandas_market_calendars begin",
	},
	{Exchange, "1990-12-08 1990-12-09 1990-12-15 1990-12-16", 4, "unknown", "closed", "both: weekends of that time"},
}
