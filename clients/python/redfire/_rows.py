"""Rows as Arrow, and from and to the frames of pandas and Polars."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Union

import pyarrow as pa

from ._errors import local
from ._http import Answer

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Output = Literal["pandas", "polars", "arrow"]
"""What rows are returned as."""

Frame = Union["pd.DataFrame", "pl.DataFrame", pa.Table, pa.RecordBatch]
"""Rows to write: a pandas or Polars frame, or an Arrow table."""

STREAM = "application/vnd.apache.arrow.stream"

# What ends an Arrow stream. Without it pyarrow takes one that was cut between two
# batches for whole.
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"

_TIME = pa.timestamp("ns", "UTC")
_TEXTS = pa.map_(pa.string(), pa.string())
_KEY = [("kind", pa.string()), ("symbol", pa.string()), ("interval", pa.string()), ("name", pa.string())]
_SPAN = [("from", _TIME), ("to", _TIME)]

SERIES = pa.schema(
    [*_KEY, ("rows", pa.int64()), ("first", _TIME), ("last", _TIME), ("attributes", _TEXTS), ("extra_columns", _TEXTS)]
)
DEFECTS = pa.schema([*_KEY, ("defect", pa.string()), *_SPAN, ("bars", pa.int64()), ("findings", pa.list_(pa.string()))])
DAYS = pa.schema(
    [*_KEY, ("calendar", pa.string()), ("day", pa.date32()),
     ("expected", pa.int64()), ("present", pa.int64()), ("outside", pa.int64())]
)  # fmt: skip
LEVELS = pa.schema([("price", pa.float64()), ("volume", pa.float64())])
CHANGES = pa.schema([("seq", pa.uint64()), *_KEY, *_SPAN])


def batches(a: Answer) -> Iterator[pa.RecordBatch]:
    """The batches of an answer, the first one without rows. That the answer is whole is
    known when they end."""
    kind = a.raw.headers.get("Content-Type", "")
    if STREAM.startswith(kind.strip()) and kind.strip() != STREAM:
        raise a.cut("half a head")
    if not kind.startswith(STREAM):
        raise local("RF-API-021", kind, a.lang)
    rows = 0
    try:
        with pa.ipc.open_stream(pa.PythonFile(a, mode="r")) as reader:
            yield pa.RecordBatch.from_pylist([], schema=reader.schema)
            for batch in reader:
                rows += batch.num_rows
                yield batch
    except (pa.ArrowException, EOFError, OSError) as e:
        if isinstance(e, ConnectionError):
            raise
        raise a.cut(str(e)[:200]) from None
    if not a.ends_with(_END) or a.read():
        raise a.cut("no end of the Arrow stream")
    a.check_rows(rows)


def table(a: Answer) -> pa.Table:
    """All rows of an answer."""
    return pa.Table.from_batches(list(batches(a)))


def listed(rows: list[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A list of the server as a table."""
    columns = []
    for f in schema:
        values: list[Any] = [r.get(f.name) for r in rows]
        if pa.types.is_map(f.type):
            columns.append(pa.array([list((v or {}).items()) for v in values], f.type))
        elif pa.types.is_list(f.type):
            columns.append(pa.array([[str(x) for x in v or ()] for v in values], f.type))
        elif pa.types.is_timestamp(f.type) or pa.types.is_date(f.type):
            # Arrow reads nanoseconds, which datetime does not hold.
            columns.append(pa.array(values, pa.string()).cast(f.type))
        else:
            columns.append(pa.array(values, f.type))
    return pa.Table.from_arrays(columns, schema=schema)


def in_zone(t: Any, tz: str) -> Any:
    """A table or batch with its times shown in a zone; the instants stay."""
    if not tz:
        return t
    schema = t.schema
    for i, f in enumerate(schema):
        if pa.types.is_timestamp(f.type) and f.type.tz:
            schema = schema.set(i, f.with_type(pa.timestamp(f.type.unit, tz)))
    return t.cast(schema)


def to_pandas(t: Any) -> pd.DataFrame:
    """A table as a frame of pandas."""
    frame: pd.DataFrame = t.to_pandas(maps_as_pydicts="strict")
    return frame


def to_polars(t: Any) -> pl.DataFrame:
    """A table as a frame of Polars."""
    import polars

    frame = polars.from_arrow(t)
    assert isinstance(frame, polars.DataFrame)
    return frame


def check_output(output: str, lang: str) -> None:
    """Raise before anything is asked for, if the rows could not be returned."""
    if output not in ("pandas", "polars", "arrow"):
        raise local("RF-API-007", f"{output!r}: pandas, polars or arrow", lang, field="output")
    if output != "arrow":
        __import__(output)


def returned(t: Any, output: str) -> Any:
    """A table as what was asked for."""
    if output == "pandas":
        return to_pandas(t)
    return to_polars(t) if output == "polars" else t


def from_frame(frame: Any, lang: str) -> pa.Table:
    """A frame as a table. No library is imported for it: who has a frame of pandas
    has pandas."""
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    module = type(frame).__module__.partition(".")[0]
    if module == "pandas" and hasattr(frame, "columns"):
        return _from_pandas(frame, lang)
    if module == "polars" and hasattr(frame, "to_arrow"):
        if hasattr(frame, "to_frame"):
            frame = frame.to_frame()
        return frame.to_arrow()
    what = f"{type(frame).__name__}: a frame of pandas or Polars, or an Arrow table"
    raise local("RF-API-007", what, lang, field="frame")


def _from_pandas(frame: pd.DataFrame, lang: str) -> pa.Table:
    """A frame of pandas as a table. An index of times is the column of times; one
    with a name is a column; another is the numbers of the rows."""
    import pandas

    index = frame.index
    if not all(isinstance(c, str) for c in frame.columns):
        raise local("RF-API-007", "columns need names that are texts", lang, field="frame")
    if isinstance(index, pandas.DatetimeIndex):
        name = index.name if isinstance(index.name, str) and index.name else "time"
        if name in frame.columns:
            if not _same(frame[name], index):
                raise local("RF-API-007", f"the index and the column {name} differ", lang, field="frame")
        else:
            frame = frame.copy(deep=False)
            frame.insert(0, name, index)
    elif any(n is not None for n in index.names):
        frame = frame.reset_index()
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except pa.ArrowException as e:
        raise local("RF-API-007", e, lang, field="frame") from None


def _same(column: Any, index: Any) -> bool:
    try:
        return bool((column.array == index.array).all())
    except TypeError:  # one has a zone and the other none
        return False


class _Taken(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(self._parts[-1])

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


# So many rows are turned into bytes at once.
_AT_ONCE = 1 << 16


def streamed(t: pa.Table) -> Callable[[], Iterable[bytes]]:
    """What makes an Arrow stream of a table, batch by batch."""
    # The description that pandas adds is of no use to the server.
    kept = {k: v for k, v in (t.schema.metadata or {}).items() if k != b"pandas"}
    t = t.replace_schema_metadata(kept or None)

    def parts() -> Iterator[bytes]:
        to = _Taken()
        with pa.ipc.new_stream(pa.PythonFile(to, mode="w"), t.schema) as writer:
            yield to.take()
            for batch in t.to_batches(max_chunksize=_AT_ONCE):
                writer.write_batch(batch)
                yield to.take()
        yield to.take()

    return parts
