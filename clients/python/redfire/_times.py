"""Times as the server reads them. The zone of this machine is never asked for."""

from __future__ import annotations

from datetime import date, datetime, timezone, tzinfo
from typing import Union

from ._errors import local

Time = Union[str, date, datetime]
"""A time: one with a zone, or one without beside ``tz``. A pandas Timestamp is a
datetime; a text is as in ``2026-01-05T09:30:00+08:00``, ``2026-01-05 09:30`` or
``2026-01-05``."""

Zone = Union[str, tzinfo]
"""A time zone: ``"Asia/Shanghai"``, or an object of zoneinfo or pytz."""


def zone_name(tz: Zone | None, lang: str) -> str:
    """The name of a zone, "" for none."""
    if tz is None:
        return ""
    if isinstance(tz, str):
        return tz
    name = getattr(tz, "key", None) or getattr(tz, "zone", None)
    if name:
        return str(name)
    if tz is timezone.utc:
        return "UTC"
    raise local("RF-API-007", f"{tz!r}: a zone with a name: Asia/Shanghai, UTC", lang, field="tz")


def moment(value: Time | None, tz: str, field: str, lang: str) -> str | None:
    """A time as the server reads it. One without a zone goes as it is beside tz: the
    server knows which wall-clock times a zone skipped or had twice."""
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, date):
        raise local("RF-API-007", f"{value!r}: a datetime, date or text", lang, field=field)
    text = value.isoformat()
    if text == "NaT":
        raise local("RF-API-007", "NaT", lang, field=field)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    if not tz:
        raise local("RF-MKT-006", text, lang, field=field)
    return text
