from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import minutes

import redfire

ROWS = 5000


@pytest.fixture(scope="module")
def filled(shared: object) -> str:
    with redfire.Client(shared.url) as c:  # type: ignore[attr-defined]
        for symbol in ("read1.SHFE", "read2.SHFE"):
            r = c.write_bars(minutes(ROWS, tz="UTC"), symbol=symbol, interval="1m", bar_time="start")
            assert (r.read, r.new, r.refused, r.series) == (ROWS, ROWS, 0, 1)
    return "read1.SHFE"


def test_bars_come_back_as_they_were_written(client: redfire.Client, filled: str) -> None:
    got = client.bars(filled, "1m")
    want = minutes(ROWS, tz="UTC")
    assert list(got.columns)[:7] == ["symbol", "interval", "time", "open", "high", "low", "close"]
    assert (got["symbol"] == filled).all()
    assert str(got["time"].dtype) == "datetime64[ns, UTC]"
    assert (got["time"] == want["datetime"]).all()
    for name in ("open", "high", "low", "close", "volume", "turnover", "open_interest"):
        assert (got[name] == want[name]).all(), name


def test_the_three_outputs_have_the_same_rows(client: redfire.Client, filled: str) -> None:
    arrow = client.bars(filled, "1m", output="arrow")
    polars = client.bars(filled, "1m", output="polars")
    pandas = client.bars(filled, "1m", output="pandas")
    assert isinstance(arrow, pa.Table) and isinstance(polars, pl.DataFrame) and isinstance(pandas, pd.DataFrame)
    assert arrow.num_rows == polars.height == len(pandas) == ROWS
    assert arrow["close"].to_pylist() == polars["close"].to_list() == pandas["close"].to_list()
    assert polars["time"].dtype == pl.Datetime("ns", "UTC")


def test_the_end_is_not_part_of_a_range(client: redfire.Client, filled: str) -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    for start, end, tz in [
        ("2026-01-05T09:01:00Z", "2026-01-05T09:03:00Z", None),
        ("2026-01-05 17:01", "2026-01-05 17:03", "Asia/Shanghai"),
        ("2026-01-05 17:01", "2026-01-05 17:03", shanghai),
        (datetime(2026, 1, 5, 9, 1, tzinfo=timezone.utc), datetime(2026, 1, 5, 17, 3, tzinfo=shanghai), None),
        (datetime(2026, 1, 5, 9, 1), datetime(2026, 1, 5, 9, 3), timezone.utc),
        (pd.Timestamp("2026-01-05 17:01", tz="Asia/Shanghai"), pd.Timestamp("2026-01-05 09:02:00.000000001", tz="UTC"), None),
    ]:
        got = client.bars(filled, "1m", start=start, end=end, tz=tz)
        assert got["time"].dt.tz_convert("UTC").dt.strftime("%H:%M").to_list() == ["09:01", "09:02"], (start, end, tz)
    assert len(client.bars(filled, "1m", start=date(2026, 1, 6), end=date(2026, 1, 7), tz="UTC")) == 1440


def test_times_are_shown_in_the_zone_that_is_asked_for(client: redfire.Client, filled: str) -> None:
    got = client.bars(filled, "1m", tz="Asia/Shanghai", limit=1)
    assert str(got["time"][0]) == "2026-01-05 17:00:00+08:00"
    assert client.bars(filled, "1m", tz="Asia/Shanghai", limit=1, output="polars")["time"].dtype == pl.Datetime("ns", "Asia/Shanghai")
    (batch,) = client.batches(filled, "1m", tz="Asia/Shanghai", limit=1)
    assert batch.schema.field("time").type == pa.timestamp("ns", "Asia/Shanghai")


@pytest.mark.parametrize("value", [datetime(2026, 1, 5), pd.Timestamp("2026-01-05"), date(2026, 1, 5), "2026-01-05"])
def test_a_time_without_a_zone_is_refused(client: redfire.Client, filled: str, value: Any) -> None:
    for ask in (client.bars, client.batches):
        with pytest.raises(redfire.Invalid) as e:
            list(ask(filled, "1m", start=value))
        assert e.value.code == "RF-MKT-006"
        assert e.value.place is not None and e.value.place.field in ("start", "from")


def test_what_is_no_time_or_zone_is_refused(client: redfire.Client, filled: str) -> None:
    wrong: list[dict[str, Any]] = [{"start": pd.NaT}, {"start": 5}, {"tz": timezone(pd.Timedelta("8h"))}, {"tz": "Mars/Olympus"}, {"output": "excel"}]
    for options in wrong:
        with pytest.raises(redfire.Invalid):
            client.bars(filled, "1m", **options)


def test_a_wall_clock_time_that_was_twice_is_refused(client: redfire.Client, filled: str) -> None:
    with pytest.raises(redfire.Invalid) as e:
        client.bars(filled, "1m", start=datetime(2025, 11, 2, 1, 30), tz="America/New_York")
    assert e.value.code.startswith("RF-MKT")


def test_columns_limit_and_reverse(client: redfire.Client, filled: str) -> None:
    got = client.bars([filled, "read2.SHFE"], "1m", columns=["close", "volume"], limit=2, reverse=True)
    assert list(got.columns) == ["symbol", "interval", "time", "close", "volume"]
    assert got["symbol"].to_list() == [filled, filled, "read2.SHFE", "read2.SHFE"]
    assert got["time"][0] > got["time"][1]


def test_a_huge_limit(client: redfire.Client, filled: str) -> None:
    assert len(client.bars(filled, "1m", limit=2**62)) == ROWS
    for limit in (2**70, -1):
        with pytest.raises(redfire.Invalid) as e:
            client.bars(filled, "1m", limit=limit)
        assert e.value.place == redfire.Place("limit")


def test_patterns(client: redfire.Client, filled: str) -> None:
    assert client.bars("read*", "1m", columns=["close"])["symbol"].nunique() == 2


def test_no_rows_have_the_columns(client: redfire.Client, filled: str) -> None:
    got = client.bars(filled, "1m", start="2030-01-01", tz="UTC")
    assert len(got) == 0 and "close" in got.columns
    assert client.bars(filled, "1m", start="2030-01-01", tz="UTC", output="polars").height == 0
    assert list(client.batches(filled, "1m", start="2030-01-01", tz="UTC")) == []


def test_batches_have_all_rows_and_may_be_left(client: redfire.Client, filled: str) -> None:
    assert pa.Table.from_batches(client.batches(filled, "1m")).equals(client.bars(filled, "1m", output="arrow"))
    rows = client.batches(filled, "1m")
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert len(client.bars(filled, "1m", limit=1)) == 1


def test_lists(client: redfire.Client, filled: str) -> None:
    about = client.symbols(filled)
    assert about.loc[0, "rows"] == ROWS
    assert about.loc[0, "first"] == pd.Timestamp("2026-01-05 09:00", tz="UTC")
    assert about.loc[0, "interval"] == "1m"
    assert isinstance(about.loc[0, "attributes"], dict)
    assert client.symbols("read*", kind="bars", interval="1m", output="polars").height == 2
    assert client.symbols("nothing*").empty
    assert client.profile(filled, "1m", 50.0)["volume"].sum() == ROWS * 10
    assert client.profile(filled, "1m", 50.0, output="arrow").num_rows == 3
    days = client.coverage(filled, "1m", calendar="24x7", start="2026-01-06", end="2026-01-07", tz="UTC", output="polars")
    assert days.select("day", "expected", "present").row(0) == (date(2026, 1, 6), 1440, 1440)
    gaps = client.gaps(filled, "1m", calendar="24x7", start="2026-01-05T08:58:00Z", end="2026-01-05T09:10:00Z")
    assert gaps["defect"].to_list() == ["gap"] and gaps["bars"].to_list() == [2]
    assert client.changes().num_rows > 0
    with pytest.raises(redfire.Conflict):
        client.changes(since=1 << 60)


def test_coarser_bars(client: redfire.Client, filled: str) -> None:
    got = client.resample(filled, "1m", "1h", calendar="none", tz="UTC")
    assert set(got["interval"]) == {"1h"}
    assert got["volume"].sum() == ROWS * 10
    assert client.resample(filled, "1m", "5m", calendar="none", output="polars").height == 1000


def test_packed_answers(shared: object, filled: str) -> None:
    with redfire.Client(shared.url, compress=True) as c:  # type: ignore[attr-defined]
        assert len(c.bars(filled, "1m")) == ROWS
        assert len(c.symbols(filled)) == 1
