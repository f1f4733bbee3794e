package market

// newYorkClosed are the days on which New York was closed for once.
var newYorkClosed = []string{
	"1961-05-29", // before Memorial Day
	"1963-11-25", // funeral of President Kennedy
	"1968-02-12", // Lincoln's birthday, for the paperwork
	"1968-04-09", // mourning for Martin Luther King
	"1968-07-05", // after Independence Day, for the paperwork
	"1968-11-11", // Veterans Day, for the paperwork
	"1969-02-10", // snow
	"1969-03-31", // funeral of President Eisenhower
	"1969-07-21", // first men on the moon
	"1972-12-28", // funeral of President Truman
	"1973-01-25", // funeral of President Johnson
	"1977-07-14", // no electricity
	"1985-09-27", // hurricane Gloria
	"1994-04-27", // funeral of President Nixon
	"2001-09-11", // the attacks
	"2001-09-12",
	"2001-09-13",
	"2001-09-14",
	"2004-06-11", // funeral of President Reagan
	"2007-01-02", // mourning for President Ford
	"2012-10-29", // hurricane Sandy
	"2012-10-30",
	"2018-12-05", // mourning for the elder President Bush
	"2025-01-09", // mourning for President Carter
}

// newYorkHours are the hours of periods. The dates of 1974 and 1985 are from the
// Los Angeles Times of 1985-07-12.
var newYorkHours = []string{
	"..1974-09-30 10:00-15:30",
	"1974-10-01..1985-09-29 10:00-16:00",
	"1985-09-30.. 09:30-16:00",
	"1966-01-06..1966-01-14 10:00-14:00", // strike of subways and buses
	"1967-08-08..1967-08-18 10:00-14:00", // paperwork; nine days, as TIME of 1968-01-26 says
	"1968-01-22..1968-03-01 10:00-14:00", // paperwork, as up to 1970
	"1969-01-02..1969-07-03 10:00-14:00",
	"1969-07-07..1969-09-26 10:00-14:30",
	"1969-09-29..1970-05-01 10:00-15:00",
	"1987-10-23..1987-10-30 09:30-14:00", // paperwork after the crash
	"1987-11-02..1987-11-04 09:30-14:30",
	"1987-11-05..1987-11-06 09:30-15:00",
	"1987-11-09..1987-11-11 09:30-15:30",
}

// newYorkOddHours are the hours of days that were late or short for once.
var newYorkOddHours = []string{
	"1960-12-12 11:00-15:30", // snow
	"1963-11-22 10:00-14:07", // President Kennedy shot
	"1964-10-23 10:00-14:00", // funeral of President Hoover
	"1965-11-10 11:05-15:30", // no electricity
	"1967-02-07 10:15-14:00", // snow
	"1969-02-11 11:00-14:00", // snow
	"1969-06-02 10:45-14:00", // storm
	"1973-12-17 11:00-15:30", // ice
	"1974-12-24 10:00-14:00", // Christmas Eve
	"1975-02-12 10:00-14:30", // snow
	"1975-12-24 10:00-14:00", // Christmas Eve
	"1976-02-02 11:15-16:00", // storm
	"1976-08-09 10:00-15:00", // hurricane Belle
	"1978-01-20 12:00-16:00", // snow
	"1978-02-06 10:00-14:00", // snow
	"1978-02-07 11:00-16:00", // snow
	"1981-03-30 10:00-15:17", // President Reagan shot
	"1981-09-09 10:00-15:28", // no electricity
	"1990-12-24 09:30-14:00", // Christmas Eve
	"1991-12-24 09:30-14:00", // Christmas Eve
	"1992-11-27 09:30-14:00", // after Thanksgiving
	"1992-12-24 09:30-14:00", // Christmas Eve
	"1994-02-11 09:30-14:30", // snow
	"1996-01-08 11:00-14:00", // snow
	"1997-10-27 09:30-15:30", // fall of prices, the breaker of all exchanges
	"1997-12-26 09:30-13:00", // after Christmas
	"1999-12-31 09:30-13:00", // before the year 2000
	"2002-09-11 12:00-16:00", // a year after the attacks
	"2003-12-26 09:30-13:00", // after Christmas
}
