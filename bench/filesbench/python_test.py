"""Runs pieces of code over real rows and files, for python_test.go.

The job is JSON in the first argument. "rows" names the binary files that the
frames bars, days and ticks are made of, with times of UTC without a zone. Of
each of "tasks" the code is run, which finds these frames, path, and the modules;
"out" is where the rows go that it leaves in got, a frame.
"""

import json
import struct  # noqa: F401
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # noqa: F401
import pyarrow.csv  # noqa: F401
import pyarrow.feather  # noqa: F401
import pyarrow.json  # noqa: F401
import pyarrow.parquet as pq  # noqa: F401

COLUMNS = {
    "bars": ["open", "high", "low", "close", "volume"],
    "days": ["open", "high", "low", "close", "volume"],
    "ticks": ["seq", "last_price", "last_volume"],
}


def load(kind, path):
    names = COLUMNS[kind]
    raw = np.fromfile(path, dtype=[("datetime", "<i8")] + [(n, "<f8") for n in names])
    frame = pd.DataFrame({n: raw[n] for n in names})
    frame.insert(0, "datetime", raw["datetime"].astype("datetime64[ns]"))
    return frame.drop(columns="seq", errors="ignore")


def save(kind, got, path, symbol):
    """Writes the rows of a frame that some library read."""
    if isinstance(got, pa.Table):
        got = got.to_pandas()
    if isinstance(got, pl.DataFrame):
        got = got.to_pandas()
    # What is text is parsed, and what has a zone is moved to UTC.
    times = pd.to_datetime(got["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    if list(got["symbol"].astype(str).unique()) != [symbol]:
        raise ValueError(f"symbols are {got['symbol'].unique()}, not {symbol}")
    names = COLUMNS[kind]
    rows = np.empty(len(got), dtype=[("time", "<i8")] + [(n, "<f8") for n in names])
    rows["time"] = times.astype("int64")
    for n in names:
        rows[n] = got[n].astype("float64")
    rows.tofile(path)


job = json.loads(open(sys.argv[1]).read())
frames = {kind: load(kind, path) for kind, path in job["rows"].items()}
for task in job["tasks"]:
    place = {**globals(), **{k: f.copy() for k, f in frames.items()}, "path": task["path"]}
    try:
        exec(task["code"], place)
        if task.get("out"):
            save(task["kind"], place["got"], task["out"], task["symbol"])
    except Exception as e:
        sys.exit(f"{task['path']}: {task['code']}: {type(e).__name__}: {e}")
