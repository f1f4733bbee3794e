from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import minutes

import redfire


def test_frames_of_all_kinds_are_understood(client: redfire.Client) -> None:
    df = minutes(5)
    table = pa.Table.from_pandas(df, preserve_index=False)
    for i, frame in enumerate(
        [
            df,
            df.set_index("datetime"),
            df.set_index(df["datetime"]),
            df.set_index(pd.DatetimeIndex(df["datetime"], name=None)).drop(columns="datetime"),
            df.iloc[::-1],
            df.rename(columns={"datetime": "时间", "open": "开盘", "high": "最高", "low": "最低", "close": "收盘", "volume": "成交量"}),
            pl.from_pandas(df),
            table,
            table.to_batches()[0],
            table.slice(0, 5),
            df.astype({"open": "float32", "volume": "int32"}),
        ]
    ):
        symbol = f"kind{i}.SHFE"
        r = client.write_bars(frame, symbol=symbol, interval="1m", bar_time="start")
        assert (r.read, r.new) == (5, 5), i
        got = client.bars(symbol, "1m")
        assert (got["time"] == df["datetime"]).all(), i
        assert (got["close"] == df["close"]).all(), i


def test_rows_that_were_read_are_written_back(client: redfire.Client) -> None:
    client.write_bars(minutes(3), symbol="back.SHFE", interval="1m", bar_time="start")
    table = client.bars("back.SHFE", "1m", output="arrow")
    assert client.write_bars(table).unchanged == 3, "an Arrow table tells all about itself"
    for frame in (client.bars("back.SHFE", "1m"), client.bars("back.SHFE", "1m", output="polars")):
        assert client.write_bars(frame, bar_time="start").unchanged == 3


def test_symbols_and_intervals_may_stand_in_the_rows(client: redfire.Client) -> None:
    df = pd.concat([minutes(2).assign(vt_symbol=s, interval="1m") for s in ("in1.SHFE", "in2.SHFE")])
    r = client.write_bars(df.set_index(["vt_symbol", "datetime"]), bar_time="start")
    assert (r.new, r.series) == (4, 2)


def test_times_without_a_zone_need_one(client: redfire.Client) -> None:
    df = minutes(2, tz=None)
    for frame in (df, df.set_index("datetime"), pl.from_pandas(df), pa.Table.from_pandas(df)):
        with pytest.raises(redfire.Invalid) as e:
            client.write_bars(frame, symbol="naive.SHFE", interval="1m", bar_time="start")
        assert e.value.code == "RF-FIL-009"
        with pytest.raises(redfire.NotFound):
            client.bars("naive.SHFE", "1m")
    client.write_bars(df, symbol="naive.SHFE", interval="1m", bar_time="start", tz="Asia/Shanghai")
    assert str(client.bars("naive.SHFE", "1m")["time"][0]) == "2026-01-05 01:00:00+00:00"


def test_refused_rows_refuse_all_unless_partial_is_said(client: redfire.Client) -> None:
    df = minutes(4)
    df.loc[2, "high"] = 1.0
    with pytest.raises(redfire.Invalid) as e:
        client.write_bars(df, symbol="bad.SHFE", interval="1m", bar_time="start")
    assert e.value.refused == 1 and e.value.status == 422
    assert e.value.refused_rows[0].line == 3 and e.value.refused_rows[0].code == "RF-FIL-013"
    assert "row 3" in str(e.value)
    with pytest.raises(redfire.NotFound):
        client.bars("bad.SHFE", "1m")
    r = client.write_bars(df, symbol="bad.SHFE", interval="1m", bar_time="start", partial=True)
    assert (r.new, r.refused, r.reasons) == (3, 1, {"RF-FIL-013": 1})
    assert r.refused_rows[0].line == 3
    assert len(client.bars("bad.SHFE", "1m")) == 3
    assert client.write_bars(df, symbol="bad.SHFE", interval="1m", bar_time="start", accept_suspect=True).new == 1


def test_bars_are_replaced_and_deleted(client: redfire.Client) -> None:
    options = {"symbol": "gone.SHFE", "interval": "1m", "bar_time": "start"}
    client.write_bars(minutes(10), **options)  # type: ignore[arg-type]
    r = client.write_bars(minutes(10).assign(volume=11.0), **options)  # type: ignore[arg-type]
    assert (r.new, r.replaced, r.unchanged) == (0, 10, 0)
    assert client.delete_bars("gone.SHFE", "1m", start="2026-01-05 09:02", end="2026-01-05 09:04", tz="Asia/Shanghai") == 2
    with pytest.raises(redfire.Invalid):
        client.delete_bars("gone.SHFE", "1m")
    assert client.delete_bars("gone.SHFE", "1m", all=True) == 8


def test_ticks(client: redfire.Client) -> None:
    times = pd.to_datetime(["2026-01-05 09:00:00.5"] * 2 + ["2026-01-05 09:00:01.0"])
    df = pd.DataFrame({"datetime": times, "last_price": [1.0, 2.0, 3.0], "volume": [1.0, 2.0, 5.0], "name": "螺纹钢"})
    r = client.write_ticks(df, symbol="tick.SHFE", tz="Asia/Shanghai", tick_volume="cumulative")
    assert r.new == 3
    got = client.ticks("tick.SHFE", columns=["last_price", "volume", "name"])
    assert got["last_price"].to_list() == [1.0, 2.0, 3.0] and got["seq"].to_list() == [0, 1, 0]
    assert set(got["name"]) == {"螺纹钢"}
    assert sum(b.num_rows for b in client.batches("tick.SHFE")) == 3
    df.loc[0, "last_price"] = 9.0
    with pytest.raises(redfire.RedFireError):
        client.write_ticks(df, symbol="tick.SHFE", tz="Asia/Shanghai", tick_volume="cumulative")
    r = client.write_ticks(df, symbol="tick.SHFE", tz="Asia/Shanghai", tick_volume="cumulative", replace=True)
    assert r.replaced == 1
    made = client.resample("tick.SHFE", None, "1m", calendar="none")
    assert made["close"].to_list() == [3.0]
    assert client.delete_ticks("tick.SHFE", all=True) == 3


def test_chinese_symbols(client: redfire.Client) -> None:
    assert client.write_bars(minutes(2), symbol="沪铜主力.SHFE", interval="1m", bar_time="start").new == 2
    assert client.bars("沪铜主力.SHFE", "1m")["symbol"].to_list() == ["沪铜主力.SHFE"] * 2
    assert client.bars("沪铜*", "1m", output="polars").height == 2
    assert "沪铜主力.SHFE" in client.symbols()["symbol"].to_list()
    assert client.delete_bars("沪铜主力.SHFE", "1m", all=True) == 2


def test_many_rows_are_sent_in_pieces(client: redfire.Client) -> None:
    n = 200_000
    assert client.write_bars(minutes(n, "2020-01-01"), symbol="many.SHFE", interval="1m", bar_time="start").new == n
    assert sum(b.num_rows for b in client.batches("many.SHFE", "1m", columns=["close"])) == n


def test_what_is_no_frame_is_refused_before_it_is_sent() -> None:
    c = redfire.Client("http://127.0.0.1:1", retries=0)
    clash = minutes(2).set_index(pd.date_range("2020-01-01", periods=2, tz="UTC", name="datetime"))
    for frame in ([1, 2], {"a": 1}, "text", None, pd.Series([1]), pd.DataFrame({1: [2]}), clash):
        with pytest.raises(redfire.Invalid) as e:
            c.write_bars(frame, symbol="x.SHFE", interval="1m")
        assert e.value.place == redfire.Place("frame")
    assert c.write_bars(minutes(0)).read == 0


def test_columns_are_named_and_kept(client: redfire.Client) -> None:
    df = minutes(3).rename(columns={"open": "OpeningPx"}).assign(settle=[1.5, 2.5, 3.5])
    client.write_bars(df, symbol="kept.SHFE", interval="1m", bar_time="start", columns={"open": "OpeningPx"}, keep=["settle:float"])
    got = client.bars("kept.SHFE", "1m")
    assert (got["open"] == df["OpeningPx"]).all() and (got["settle"] == df["settle"]).all()
