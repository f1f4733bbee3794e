"""Prints the sessions of a calendar of exchange_calendars or pandas_market_calendars.

Arguments are the package, the name of the calendar, and its first and last day. A
line is a trading day: its date, and the open, the close, and the beginning and the
end of the break as seconds of UTC since 1970, or "-" where there is no break.
"""

import sys

import pandas as pd


def schedule(package, name, first, last):
    if package == "exchange_calendars":
        import exchange_calendars

        days = exchange_calendars.get_calendar(name, start=first, end=last).schedule
        columns = ["open", "close", "break_start", "break_end"]
    else:
        import pandas_market_calendars

        days = pandas_market_calendars.get_calendar(name).schedule(start_date=first, end_date=last, tz="UTC")
        columns = ["market_open", "market_close", "break_start", "break_end"]
    return days.reindex(columns=columns)


def seconds(time):
    return "-" if pd.isna(time) else str(int(time.timestamp()))


for day, times in schedule(*sys.argv[1:]).iterrows():
    print(day.date(), *map(seconds, times))
