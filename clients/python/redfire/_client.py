"""The client."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union, overload

import pyarrow as pa

from . import _rows
from ._errors import RefusedRow, local, refused_rows
from ._http import Request, Transport, json_list, may_read_again
from ._rows import Frame, Output
from ._stream import Event, stream
from ._times import Time, Zone, moment, zone_name

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from typing_extensions import Unpack

Symbols = Union[str, Sequence[str]]
"""A symbol as ``rb2601.SHFE``, a pattern with ``*`` and ``?``, or several."""

DEFAULT_SERVER = "http://127.0.0.1:8600"


class Span(TypedDict, total=False):
    """From when to when: start is part of it, and end is not."""

    start: Time | None
    end: Time | None
    tz: Zone | None


class RowOptions(Span, total=False):
    """Which rows, and what of them."""

    columns: Sequence[str] | None
    limit: int | None
    reverse: bool


class FoldOptions(Span, total=False):
    """How bars are made."""

    calendar: str | None
    tick_volume: Literal["traded", "cumulative"] | None
    columns: Sequence[str] | None


class ExpectedOptions(Span, total=False):
    """Which bars are expected."""

    calendar: str | None


class ListOptions(TypedDict, total=False):
    """Which series."""

    kind: Literal["bars", "ticks", "indicator"] | None
    exchange: str | None
    interval: str | None
    name: str | None
    tz: Zone | None


@dataclass(frozen=True)
class WriteResult:
    """What a write did. The rows are durable."""

    read: int
    """Rows that were sent."""
    new: int
    """Rows that had none in their place."""
    unchanged: int
    """Rows that were stored already, as they are."""
    replaced: int
    """Rows that took the place of others."""
    refused: int = 0
    """Rows that were not kept, with ``partial=True``."""
    refused_rows: list[RefusedRow] = field(default_factory=list)
    """The first of them."""
    reasons: dict[str, int] = field(default_factory=dict)
    """How many were refused for which code."""
    series: int = 0
    """How many series were written."""
    notes: list[str] = field(default_factory=list)
    """Remarks."""


class Client:
    """A client of one server. It is safe for concurrent use.

    ``url`` and ``token`` are by default what the environment has as REDFIRE_SERIES__URL and
    REDFIRE_SERIES__TOKEN. ``lang`` is the language of errors, "en" or "zh", by default that of
    the environment. ``timeout`` is how many seconds may pass without a byte, and
    ``retries`` how often a read that failed is asked for again. ``compress`` is for
    slow lines.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = 60.0,
        connect_timeout: float = 5.0,
        retries: int = 4,
        connections: int = 8,
        compress: bool = False,
        lang: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._lang = _language() if lang is None else _either(lang)
        if url is None:
            url = os.environ.get("REDFIRE_SERIES__URL") or DEFAULT_SERVER
        if token is None:
            token = (os.environ.get("REDFIRE_SERIES__TOKEN") or "").strip() or None
        self._transport = Transport(
            url,
            token,
            timeout=timeout,
            connect_timeout=connect_timeout,
            retries=retries,
            connections=connections,
            compress=compress,
            lang=self._lang,
            ssl_context=ssl_context,
        )

    def __repr__(self) -> str:
        return f"redfire.Client({self._transport.url!r})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connections. Calls behind it raise Closed."""
        self._transport.close()

    # Rows.

    @overload
    def bars(
        self, symbols: Symbols, interval: str, *, output: Literal["pandas"] = "pandas", **options: Unpack[RowOptions]
    ) -> pd.DataFrame: ...
    @overload
    def bars(
        self, symbols: Symbols, interval: str, *, output: Literal["polars"], **options: Unpack[RowOptions]
    ) -> pl.DataFrame: ...
    @overload
    def bars(
        self, symbols: Symbols, interval: str, *, output: Literal["arrow"], **options: Unpack[RowOptions]
    ) -> pa.Table: ...
    def bars(
        self,
        symbols: Symbols,
        interval: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        reverse: bool = False,
        output: Output = "pandas",
    ) -> Any:
        """Return bars of one interval, symbol by symbol, each oldest first.

        ``tz`` is the zone of times without one, and that in which times are returned;
        without it they are in UTC. ``columns`` are those beside symbol, interval and
        time. ``limit`` counts for each symbol, and with ``reverse`` from the end.
        """
        p = self._asked(symbols, interval, start, end, tz, columns, limit, reverse)
        return self._table("/v1/bars", p, tz, output)

    @overload
    def ticks(
        self, symbols: Symbols, *, output: Literal["pandas"] = "pandas", **options: Unpack[RowOptions]
    ) -> pd.DataFrame: ...
    @overload
    def ticks(self, symbols: Symbols, *, output: Literal["polars"], **options: Unpack[RowOptions]) -> pl.DataFrame: ...
    @overload
    def ticks(self, symbols: Symbols, *, output: Literal["arrow"], **options: Unpack[RowOptions]) -> pa.Table: ...
    def ticks(
        self,
        symbols: Symbols,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        reverse: bool = False,
        output: Output = "pandas",
    ) -> Any:
        """Return ticks, symbol by symbol, each in the order of their arrival. The
        arguments are those of `bars`."""
        p = self._asked(symbols, None, start, end, tz, columns, limit, reverse)
        return self._table("/v1/ticks", p, tz, output)

    @overload
    def indicators(
        self,
        symbols: Symbols,
        interval: str,
        name: str,
        *,
        output: Literal["pandas"] = "pandas",
        **options: Unpack[RowOptions],
    ) -> pd.DataFrame: ...
    @overload
    def indicators(
        self, symbols: Symbols, interval: str, name: str, *, output: Literal["polars"], **options: Unpack[RowOptions]
    ) -> pl.DataFrame: ...
    @overload
    def indicators(
        self, symbols: Symbols, interval: str, name: str, *, output: Literal["arrow"], **options: Unpack[RowOptions]
    ) -> pa.Table: ...
    def indicators(
        self,
        symbols: Symbols,
        interval: str,
        name: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        reverse: bool = False,
        output: Output = "pandas",
    ) -> Any:
        """Return rows of an indicator, such as ``rsi(14)``. The other arguments are
        those of `bars`."""
        p = self._asked(symbols, interval, start, end, tz, columns, limit, reverse)
        return self._table("/v1/indicators", [*p, ("name", name)], tz, output)

    def batches(
        self,
        symbols: Symbols,
        interval: str | None = None,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Yield bars as Arrow record batches, in little memory whatever their number;
        without an interval ticks. The other arguments are those of `bars`.

        A read that breaks raises Unavailable and does not begin again, since rows were
        given away already: those that came are right, and more were to come.
        """
        p = self._asked(symbols, interval, start, end, tz, columns, limit, reverse)
        return self._batches("/v1/ticks" if interval is None else "/v1/bars", p, tz)

    def _batches(self, path: str, params: list[tuple[str, str]], tz: Zone | None) -> Iterator[pa.RecordBatch]:
        zone = zone_name(tz, self._lang)
        q = Request("GET", path, params, {"Accept": _rows.STREAM})

        def begin() -> tuple[ExitStack, Iterator[pa.RecordBatch]]:
            with ExitStack() as stack:
                rows = _rows.batches(stack.enter_context(self._transport.send(q)))
                next(rows)
                return stack.pop_all(), rows

        # Until there are rows it is asked again as any read is.
        stack, rows = self._transport.repeat(begin, may_read_again)
        with stack:
            for batch in rows:
                yield _rows.in_zone(batch, zone)

    # What is made of rows.

    @overload
    def resample(
        self,
        symbol: str,
        interval: str | None,
        to: str,
        *,
        output: Literal["pandas"] = "pandas",
        **options: Unpack[FoldOptions],
    ) -> pd.DataFrame: ...
    @overload
    def resample(
        self, symbol: str, interval: str | None, to: str, *, output: Literal["polars"], **options: Unpack[FoldOptions]
    ) -> pl.DataFrame: ...
    @overload
    def resample(
        self, symbol: str, interval: str | None, to: str, *, output: Literal["arrow"], **options: Unpack[FoldOptions]
    ) -> pa.Table: ...
    def resample(
        self,
        symbol: str,
        interval: str | None,
        to: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        calendar: str | None = None,
        tick_volume: Literal["traded", "cumulative"] | None = None,
        columns: Sequence[str] | None = None,
        output: Output = "pandas",
    ) -> Any:
        """Make bars of the interval ``to`` out of those of ``interval``, or out of ticks
        if that is None. Nothing is stored.

        ``calendar`` is the name of a trading calendar, ``auto`` for that of the symbol or
        ``none`` for the clock. Days are counted in ``tz``.
        """
        p = self._asked(symbol, interval, start, end, tz, columns, None, False)
        p += _given(to_interval=to, calendar=calendar, tick_volume=tick_volume)
        return self._table("/v1/ticks/bars" if interval is None else "/v1/bars/resample", p, tz, output)

    @overload
    def gaps(
        self,
        symbols: Symbols,
        interval: str,
        *,
        output: Literal["pandas"] = "pandas",
        **options: Unpack[ExpectedOptions],
    ) -> pd.DataFrame: ...
    @overload
    def gaps(
        self, symbols: Symbols, interval: str, *, output: Literal["polars"], **options: Unpack[ExpectedOptions]
    ) -> pl.DataFrame: ...
    @overload
    def gaps(
        self, symbols: Symbols, interval: str, *, output: Literal["arrow"], **options: Unpack[ExpectedOptions]
    ) -> pa.Table: ...
    def gaps(
        self,
        symbols: Symbols,
        interval: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        calendar: str | None = None,
        output: Output = "pandas",
    ) -> Any:
        """Return what is wrong with stored bars: those that are missing by a trading
        calendar, those that it does not expect, and those that contradict themselves."""
        p = self._asked(symbols, interval, start, end, tz, None, None, False)
        return self._list("/v1/bars/gaps", p + _given(calendar=calendar), _rows.DEFECTS, tz, output)

    @overload
    def coverage(
        self,
        symbols: Symbols,
        interval: str,
        *,
        output: Literal["pandas"] = "pandas",
        **options: Unpack[ExpectedOptions],
    ) -> pd.DataFrame: ...
    @overload
    def coverage(
        self, symbols: Symbols, interval: str, *, output: Literal["polars"], **options: Unpack[ExpectedOptions]
    ) -> pl.DataFrame: ...
    @overload
    def coverage(
        self, symbols: Symbols, interval: str, *, output: Literal["arrow"], **options: Unpack[ExpectedOptions]
    ) -> pa.Table: ...
    def coverage(
        self,
        symbols: Symbols,
        interval: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        calendar: str | None = None,
        output: Output = "pandas",
    ) -> Any:
        """Return how many bars a trading calendar expects on each trading day, and how
        many are stored."""
        p = self._asked(symbols, interval, start, end, tz, None, None, False)
        return self._list("/v1/bars/coverage", p + _given(calendar=calendar), _rows.DAYS, tz, output)

    @overload
    def profile(
        self, symbol: str, interval: str, step: float, *, output: Literal["pandas"] = "pandas", **options: Unpack[Span]
    ) -> pd.DataFrame: ...
    @overload
    def profile(
        self, symbol: str, interval: str, step: float, *, output: Literal["polars"], **options: Unpack[Span]
    ) -> pl.DataFrame: ...
    @overload
    def profile(
        self, symbol: str, interval: str, step: float, *, output: Literal["arrow"], **options: Unpack[Span]
    ) -> pa.Table: ...
    def profile(
        self,
        symbol: str,
        interval: str,
        step: float,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        output: Output = "pandas",
    ) -> Any:
        """Return what was traded in each step of price."""
        p = self._asked(symbol, interval, start, end, tz, None, None, False)
        return self._list("/v1/bars/profile", p + _given(step=step), _rows.LEVELS, tz, output)

    @overload
    def symbols(
        self, symbol: str | None = None, *, output: Literal["pandas"] = "pandas", **options: Unpack[ListOptions]
    ) -> pd.DataFrame: ...
    @overload
    def symbols(
        self, symbol: str | None = None, *, output: Literal["polars"], **options: Unpack[ListOptions]
    ) -> pl.DataFrame: ...
    @overload
    def symbols(
        self, symbol: str | None = None, *, output: Literal["arrow"], **options: Unpack[ListOptions]
    ) -> pa.Table: ...
    def symbols(
        self,
        symbol: str | None = None,
        *,
        kind: Literal["bars", "ticks", "indicator"] | None = None,
        exchange: str | None = None,
        interval: str | None = None,
        name: str | None = None,
        tz: Zone | None = None,
        output: Output = "pandas",
    ) -> Any:
        """Return what is stored: each series with its number of rows, first and last
        time, attributes and extra columns. ``symbol`` may be a pattern."""
        p = _given(symbol=symbol, kind=kind, exchange=exchange, interval=interval, name=name)
        return self._list("/v1/symbols", p, _rows.SERIES, tz, output)

    def changes(self, since: int = 0) -> pa.Table:
        """Return what was written and deleted behind a number, as an Arrow table. A
        number that is too old or too new raises Conflict."""
        return self._list("/v1/changes", _given(since=since), _rows.CHANGES, None, "arrow")

    # Writing.

    def write_bars(
        self,
        frame: Frame,
        *,
        symbol: str | None = None,
        interval: str | None = None,
        tz: Zone | None = None,
        bar_time: Literal["start", "end"] | None = None,
        exchange: str | None = None,
        calendar: str | None = None,
        replace: bool = False,
        accept_suspect: bool = False,
        partial: bool = False,
        date_order: Literal["mdy", "dmy"] | None = None,
        time_unit: Literal["s", "ms", "us", "ns"] | None = None,
        columns: Mapping[str, str] | None = None,
        keep: Sequence[str] = (),
    ) -> WriteResult:
        """Write bars. They replace those stored for the same symbol, interval and time.

        The server knows columns by their names: those of vn.py, of Chinese terminals
        and the usual ones; a DatetimeIndex is the time. What the rows do not say has to
        be said, and is not guessed: ``symbol``, ``interval``, ``tz`` for times without a
        zone, and ``bar_time``, whether bars are stamped at their start (as vn.py does) or
        their end.

        All rows are durable when it returns, or it raises and none is kept. With
        ``partial`` the good rows are kept, and the result lists the others. Unknown
        means that the connection broke: write the same rows again. The server takes 64 MB
        of values at once, about a million bars.

        ``columns`` names the column of a field that its name does not tell,
        ``{"open": "OpeningPx"}``; ``keep`` names columns to keep beside the usual ones,
        with their type perhaps, ``["settle:float"]``.
        """
        p = _given(interval=interval, bar_time=bar_time)
        p += self._import(symbol, tz, exchange, calendar, replace, accept_suspect, partial, date_order, time_unit)
        return self._write("/v1/bars", p + _columns(columns, keep), frame)

    def write_ticks(
        self,
        frame: Frame,
        *,
        symbol: str | None = None,
        tz: Zone | None = None,
        tick_volume: Literal["traded", "cumulative"] | None = None,
        exchange: str | None = None,
        calendar: str | None = None,
        replace: bool = False,
        accept_suspect: bool = False,
        partial: bool = False,
        date_order: Literal["mdy", "dmy"] | None = None,
        time_unit: Literal["s", "ms", "us", "ns"] | None = None,
        columns: Mapping[str, str] | None = None,
        keep: Sequence[str] = (),
    ) -> WriteResult:
        """Write ticks, in the order of the rows. ``tick_volume`` tells whether their
        volume was traded in the tick or since the day began (as vn.py has it). A tick
        that differs from the one stored in its place is refused, unless ``replace``. The
        other arguments are those of `write_bars`."""
        p = _given(tick_volume=tick_volume)
        p += self._import(symbol, tz, exchange, calendar, replace, accept_suspect, partial, date_order, time_unit)
        return self._write("/v1/ticks", p + _columns(columns, keep), frame)

    def delete_bars(
        self,
        symbol: str,
        interval: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        all: bool = False,
    ) -> int:
        """Delete bars and return their number. Without start and end it takes
        ``all=True``, and the whole series with its attributes is gone."""
        p = self._asked(symbol, interval, start, end, tz, None, None, False)
        return self._delete("/v1/bars", p, all)

    def delete_ticks(
        self,
        symbol: str,
        *,
        start: Time | None = None,
        end: Time | None = None,
        tz: Zone | None = None,
        all: bool = False,
    ) -> int:
        """Delete ticks, as `delete_bars` does bars."""
        p = self._asked(symbol, None, start, end, tz, None, None, False)
        return self._delete("/v1/ticks", p, all)

    # Live data.

    def stream(
        self,
        symbols: Symbols | None = None,
        kinds: Sequence[str] | None = None,
        *,
        last_id: str = "",
        silence: float = 45.0,
        patience: float = 300.0,
    ) -> Iterator[Event]:
        """Yield what happens on the server, until the caller has enough.

        A connection that breaks, or says nothing for ``silence`` seconds, is made again
        and goes on behind the last event (``last_id`` begins there). Unavailable is
        raised when that has failed for ``patience`` seconds.
        """
        p = [("symbol", s) for s in _several(symbols or ())]
        p += [("kind", k) for k in _several(kinds or ())]
        return stream(self._transport, p, last_id, silence, patience)

    # What the above have in common.

    def _asked(
        self,
        symbols: Symbols,
        interval: str | None,
        start: Time | None,
        end: Time | None,
        tz: Zone | None,
        columns: Sequence[str] | None,
        limit: int | None,
        reverse: bool,
    ) -> list[tuple[str, str]]:
        zone = zone_name(tz, self._lang)
        p = [("symbol", s) for s in _several(symbols)]
        return p + _given(
            **{
                "interval": interval,
                "from": moment(start, zone, "start", self._lang),
                "to": moment(end, zone, "end", self._lang),
                "tz": zone or None,
                "columns": ",".join(_several(columns)) if columns else None,
                "limit": limit,
                "reverse": reverse,
            }
        )

    def _table(self, path: str, params: list[tuple[str, str]], tz: Zone | None, output: str) -> Any:
        _rows.check_output(output, self._lang)
        q = Request("GET", path, params, {"Accept": _rows.STREAM})
        t = self._transport.read(q, _rows.table)
        return _rows.returned(_rows.in_zone(t, zone_name(tz, self._lang)), output)

    def _list(
        self, path: str, params: list[tuple[str, str]], schema: pa.Schema, tz: Zone | None, output: str
    ) -> Any:
        _rows.check_output(output, self._lang)
        q = Request("GET", path, params, {"Accept": "application/json"})
        t = _rows.listed(self._transport.read(q, json_list), schema)
        return _rows.returned(_rows.in_zone(t, zone_name(tz, self._lang)), output)

    def _import(
        self,
        symbol: str | None,
        tz: Zone | None,
        exchange: str | None,
        calendar: str | None,
        replace: bool,
        accept_suspect: bool,
        partial: bool,
        date_order: str | None,
        time_unit: str | None,
    ) -> list[tuple[str, str]]:
        return _given(
            symbol=symbol,
            tz=zone_name(tz, self._lang) or None,
            exchange=exchange,
            calendar=calendar,
            replace=replace,
            accept_suspect=accept_suspect,
            partial=partial,
            date_order=date_order,
            time_unit=time_unit,
        )

    def _write(self, path: str, params: list[tuple[str, str]], frame: Any) -> WriteResult:
        t = _rows.from_frame(frame, self._lang)
        if t.num_rows == 0:
            return WriteResult(0, 0, 0, 0)
        q = Request("POST", path, params, {"Content-Type": _rows.STREAM}, _rows.streamed(t))
        d = self._transport.write(q)
        try:
            return _result(d)
        except KeyError as e:
            raise local("RF-API-021", f"no {e}", self._lang) from None

    def _delete(self, path: str, params: list[tuple[str, str]], all: bool) -> int:
        d = self._transport.write(Request("DELETE", path, params + _given(all=all)))
        return int(d.get("deleted", 0))


def _result(d: Mapping[str, Any]) -> WriteResult:
    return WriteResult(
        read=d["read"],
        new=d["new"],
        unchanged=d["unchanged"],
        replaced=d["replaced"],
        refused=d.get("refused", 0),
        refused_rows=refused_rows(d),
        reasons=dict(d.get("reasons") or {}),
        series=d.get("series", 0),
        notes=list(d.get("notes") or ()),
    )


def _several(names: Symbols) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _columns(columns: Mapping[str, str] | None, keep: Sequence[str]) -> list[tuple[str, str]]:
    """The parameters that say what the columns of a frame are."""
    return [("map", f"{field}={name}") for field, name in (columns or {}).items()] + [("keep", name) for name in keep]


def _given(**params: object) -> list[tuple[str, str]]:
    """The parameters that say something."""
    return [
        (name, "true" if value is True else str(value))
        for name, value in params.items()
        if value is not None and value is not False
    ]


def _language() -> str:
    """The language that the environment asks for, as gettext reads it."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return _either(value)
    return "en"


def _either(lang: str) -> str:
    """One of the two languages that errors have."""
    return "zh" if lang.lower().startswith("zh") else "en"
