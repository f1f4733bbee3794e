"""The stream of live data: server-sent events, gone on with where they broke."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import HTTPError

from ._errors import RedFireError, local
from ._http import Answer, Request, Transport, backoff, may_read_again

PATH = "/v1/stream"

# A line that is longer is none.
LONGEST = 64 << 20


@dataclass(frozen=True)
class Event:
    """What happened."""

    kind: str
    """The name of the event."""
    data: Any
    """What it tells: JSON as Python has it, or else the text."""
    id: str = ""
    """Its id, behind which a stream goes on."""


class _Parser:
    """Server-sent events, by the standard of HTML."""

    def __init__(self, last_id: str) -> None:
        self.last_id = last_id
        self.retry: float | None = None
        self.left = b""
        self._cr = False
        self._first = True
        self._kind = ""
        self._data: list[str] = []
        self._id = last_id

    def feed(self, part: bytes) -> Iterator[Event]:
        text = self.left + part
        if self._cr and text.startswith(b"\n"):
            text = text[1:]
        self._cr = text.endswith(b"\r")
        *lines, self.left = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            event = self._line(line.decode("utf-8", "replace"))
            if event is not None:
                yield event

    def _line(self, line: str) -> Event | None:
        if self._first:
            self._first = False
            line = line.removeprefix("\ufeff")
        if not line:
            return self._event()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value) / 1000
        return None

    def _event(self) -> Event | None:
        kind, data = self._kind or "message", "\n".join(self._data)
        had = bool(self._data)
        self._kind, self._data = "", []
        self.last_id = self._id
        if not had:
            return None
        try:
            told = json.loads(data)
        except ValueError:
            told = data
        return Event(kind, told, self.last_id)


def _parts(a: Answer) -> Iterator[bytes]:
    """What comes, as it comes."""
    kind = a.raw.headers.get("Content-Type", "")
    if not kind.startswith("text/event-stream"):
        raise local("RF-API-021", kind, a.lang)
    while True:
        try:
            part: bytes = a.raw.read1(1 << 16)
        except (HTTPError, OSError) as e:
            raise a.cut(type(e).__name__) from None
        if not part:
            return
        yield part


def stream(
    transport: Transport, params: list[tuple[str, str]], last_id: str, silence: float, patience: float
) -> Iterator[Event]:
    """Yield events. A stream that ends or breaks is asked for again, behind the last
    event that was seen; the error is raised when that failed for as long as patience.
    A connection that says nothing for as long as silence is broken."""
    failed_since: float | None = None
    times = 0
    retry: float | None = None
    while True:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        error: RedFireError | None = None
        try:
            with transport.send(Request("GET", PATH, params, headers), silence) as a:
                parser = _Parser(last_id)
                for part in _parts(a):
                    failed_since, times = None, 0
                    for event in parser.feed(part):
                        yield event
                    last_id, retry = parser.last_id, parser.retry or retry
                    if len(parser.left) > LONGEST:
                        raise local("RF-API-021", "a line without an end", a.lang)
        except RedFireError as e:
            if not may_read_again(e):
                raise
            error = e
        now = time.monotonic()
        failed_since = failed_since or now
        if error is not None and now - failed_since > patience:
            raise error
        asked = error.retry_after if error is not None else 0
        transport.sleep(max(backoff(times), retry or 0, asked))
        times = min(times + 1, 10)
