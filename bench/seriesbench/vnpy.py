"""Answers the bench's calls with vn.py's own database for SQLite.

A call is a line of JSON on standard input, an answer one on standard output.
Rows stand in a file: time and Seq as integers, then the numbers, of 8 bytes
each. An answer tells how many seconds vn.py took; making the objects that it is
given, and looking at those that it returns, does not count.
"""

import json
import os
import struct
import sys
from datetime import datetime, timedelta, timezone
from time import perf_counter

# What vn.py prints must not get in between the answers.
answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import vnpy_sqlite  # noqa: E402
from vnpy.trader.constant import Exchange, Interval  # noqa: E402
from vnpy.trader.object import BarData, TickData  # noqa: E402

BAR = struct.Struct("<qq7d")
TICK = struct.Struct("<qq2d")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST, LAST = datetime(1971, 1, 1), datetime(2200, 1, 1)

database = None


def open_database(_):
    global database
    began = perf_counter()
    database = vnpy_sqlite.Database()
    return perf_counter() - began, 0


def write_bars(call):
    rows = rows_of(call, BAR)
    parts = []
    for part in call["parts"]:
        parts.append([
            BarData(
                gateway_name="DB", symbol=part["symbol"], exchange=Exchange.LOCAL, interval=Interval.MINUTE,
                datetime=EPOCH + timedelta(microseconds=t // 1000), open_price=o, high_price=h, low_price=low,
                close_price=c, volume=v, turnover=turnover, open_interest=interest,
            )
            for t, _, o, h, low, c, v, turnover, interest in (next(rows) for _ in range(part["rows"]))
        ])
    began = perf_counter()
    for bars in parts:
        database.save_bar_data(bars, stream=call.get("stream", False))
    return perf_counter() - began, 0


def write_ticks(call):
    rows = rows_of(call, TICK)
    (part,) = call["parts"]
    # vn.py tells ticks apart by their time alone. Those of this bench have whole
    # milliseconds, so that there is room for Seq behind them.
    ticks = [
        TickData(
            gateway_name="DB", symbol=part["symbol"], exchange=Exchange.LOCAL,
            datetime=EPOCH + timedelta(microseconds=t // 1000 + seq), last_price=price, last_volume=volume,
        )
        for t, seq, price, volume in (next(rows) for _ in range(part["rows"]))
    ]
    began = perf_counter()
    database.save_tick_data(ticks)
    return perf_counter() - began, 0


def read_bars(call):
    (part,) = call["parts"]
    began = perf_counter()
    bars = database.load_bar_data(part["symbol"], Exchange.LOCAL, Interval.MINUTE, FIRST, LAST)
    spent = perf_counter() - began
    with open(call["file"], "wb") as f:
        for b in bars:
            f.write(BAR.pack(
                1000 * micros(b), 0, b.open_price, b.high_price, b.low_price, b.close_price,
                b.volume, b.turnover, b.open_interest,
            ))
    return spent, len(bars)


def read_ticks(call):
    (part,) = call["parts"]
    began = perf_counter()
    ticks = database.load_tick_data(part["symbol"], Exchange.LOCAL, FIRST, LAST)
    spent = perf_counter() - began
    with open(call["file"], "wb") as f:
        for t in ticks:
            at = micros(t)
            f.write(TICK.pack((at - at % 1000) * 1000, at % 1000, t.last_price, t.last_volume))
    return spent, len(ticks)


def rows_of(call, form):
    with open(call["file"], "rb") as f:
        return form.iter_unpack(f.read())


def micros(row):
    return (row.datetime - EPOCH) // timedelta(microseconds=1)


CALLS = {
    "open": open_database,
    "write_bars": write_bars,
    "write_ticks": write_ticks,
    "read_bars": read_bars,
    "read_ticks": read_ticks,
}

for line in sys.stdin:
    call = json.loads(line)
    try:
        spent, rows = CALLS[call["do"]](call)
        answer = {"spent": spent, "rows": rows}
    except Exception as e:
        answer = {"error": f"{type(e).__name__}: {e}"}
    print(json.dumps(answer), file=answers)
