"""What a user's type checker sees: mypy --strict reads this file, and nothing runs it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pandas as pd
import polars as pl
from typing_extensions import assert_type

import redfire


def reads(c: redfire.Client) -> None:
    assert_type(c.bars("a.X", "1m"), pd.DataFrame)
    assert_type(c.bars(["a.X"], "1m", start=datetime(2026, 1, 1), tz="UTC", output="pandas"), pd.DataFrame)
    assert_type(c.bars("a.X", "1m", columns=["close"], limit=3, reverse=True, output="polars"), pl.DataFrame)
    assert_type(c.ticks("a.X", output="polars"), pl.DataFrame)
    assert_type(c.symbols(kind="bars"), pd.DataFrame)
    assert_type(c.gaps("a.X", "1m", calendar="auto", output="polars"), pl.DataFrame)
    assert_type(c.coverage("a.X", "1m"), pd.DataFrame)
    assert_type(c.profile("a.X", "1m", 10, output="polars"), pl.DataFrame)
    assert_type(c.resample("a.X", "1m", "1h", calendar="none"), pd.DataFrame)
    assert_type(c.indicators("a.X", "1m", "rsi(14)"), pd.DataFrame)
    assert_type(c.stream(["rb*"], kinds=["bars"]), Iterator[redfire.Event])
    c.bars("a.X", "1m", ouput="polars")  # type: ignore[call-overload]
    c.bars("a.X", "1m", output="excel")  # type: ignore[call-overload]
    c.bars("a.X", "1m", start=5)  # type: ignore[call-overload]


def writes(c: redfire.Client, df: pd.DataFrame, other: pl.DataFrame) -> None:
    assert_type(c.write_bars(df, symbol="a.X", interval="1m", tz="Asia/Shanghai", bar_time="start"), redfire.WriteResult)
    assert_type(c.write_ticks(other, tick_volume="cumulative").refused_rows, list[redfire.RefusedRow])
    assert_type(c.delete_bars("a.X", "1m", all=True), int)
    c.write_bars(df, bar_time="open")  # type: ignore[arg-type]
