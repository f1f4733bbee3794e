"""Reads files by pandas and, if told to, saves them by vn.py's database.

The call is JSON in the first argument, the answer JSON on standard output. It
tells how many seconds that took, without the imports, and how many rows there
are and what their prices add up to: of those that vn.py loads again, if it saved
them.
"""

import json
import os
import sys
from datetime import datetime
from time import perf_counter

# What vn.py prints must not get in between the answer.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import pandas as pd  # noqa: E402
import pyarrow.parquet  # noqa: E402, F401
import vnpy_sqlite  # noqa: E402
from vnpy.trader.constant import Exchange, Interval  # noqa: E402
from vnpy.trader.object import BarData, TickData  # noqa: E402

FIRST, LAST = datetime(1971, 1, 1), datetime(2200, 1, 1)


def read(path):
    if path.endswith(".parquet"):
        return pd.read_parquet(path)
    return pd.read_csv(path, parse_dates=["datetime"])


def bars(frame, symbol):
    times = frame["datetime"].dt.tz_localize("UTC").dt.to_pydatetime()
    columns = (frame[name].tolist() for name in ("open", "high", "low", "close", "volume"))
    return [
        BarData(
            gateway_name="DB", symbol=symbol, exchange=Exchange.LOCAL, interval=Interval.MINUTE, datetime=t,
            open_price=o, high_price=h, low_price=low, close_price=c, volume=v,
        )
        for t, o, h, low, c, v in zip(times, *columns)
    ]


def ticks(frame, symbol):
    # vn.py tells ticks apart by their time alone, and these have whole
    # milliseconds.
    seq = pd.to_timedelta(frame.groupby("datetime").cumcount(), unit="us")
    times = (frame["datetime"] + seq).dt.tz_localize("UTC").dt.to_pydatetime()
    return [
        TickData(gateway_name="DB", symbol=symbol, exchange=Exchange.LOCAL, datetime=t, last_price=p, last_volume=v)
        for t, p, v in zip(times, frame["last_price"].tolist(), frame["last_volume"].tolist())
    ]


def run(call):
    isbars = call["kind"] == "bars"
    price = "close" if isbars else "last_price"
    began = perf_counter()
    if call["do"] == "read":
        frames = [read(f["path"]) for f in call["files"]]
        spent = perf_counter() - began
        return spent, sum(len(f) for f in frames), sum(float(f[price].sum()) for f in frames)
    database = vnpy_sqlite.Database()
    for f in call["files"]:
        frame = read(f["path"])
        if isbars:
            database.save_bar_data(bars(frame, f["symbol"]))
        else:
            database.save_tick_data(ticks(frame, f["symbol"]))
    spent = perf_counter() - began
    rows, total = 0, 0.0
    for f in call["files"]:
        if isbars:
            prices = [b.close_price for b in database.load_bar_data(f["symbol"], Exchange.LOCAL, Interval.MINUTE, FIRST, LAST)]
        else:
            prices = [t.last_price for t in database.load_tick_data(f["symbol"], Exchange.LOCAL, FIRST, LAST)]
        rows, total = rows + len(prices), total + sum(prices)
    return spent, rows, total


spent, rows, total = run(json.loads(sys.argv[1]))
print(json.dumps({"spent": spent, "rows": rows, "sum": total}), file=answers, flush=True)
