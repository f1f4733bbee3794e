"""The Python client of RedFire.

    import redfire

    client = redfire.Client("http://127.0.0.1:8600")
    df = client.bars("BTCUSD.BITSTAMP", "1h", start="2013-11-30", tz="UTC")

Rows come as frames of pandas or Polars or as Arrow tables, whole or not at all.
Errors are `RedFireError`, one subclass for each kind.
"""

from ._client import Client, WriteResult
from ._errors import (
    Closed,
    Conflict,
    Corrupt,
    Denied,
    Exhausted,
    Invalid,
    NotFound,
    Place,
    RedFireError,
    RefusedRow,
    Unavailable,
    Unknown,
    Unsupported,
)
from ._stream import Event

__all__ = [
    "Client",
    "Closed",
    "Conflict",
    "Corrupt",
    "Denied",
    "Event",
    "Exhausted",
    "Invalid",
    "NotFound",
    "Place",
    "RedFireError",
    "RefusedRow",
    "Unavailable",
    "Unknown",
    "Unsupported",
    "WriteResult",
]
