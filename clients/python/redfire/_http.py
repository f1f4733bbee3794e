"""Requests to one server: connections that are kept, retries where they are safe,
and answers that are known to be whole."""

from __future__ import annotations

import http.client
import json
import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from ._errors import RedFireError, closed, from_problem, local

T = TypeVar("T")

ROWS = "Redfire-Rows"
BUSY = "RF-API-013"
SLOW = "RF-API-014"


@dataclass
class Request:
    """A request. ``body`` makes the body anew for each time that it is sent."""

    method: str
    path: str
    params: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: Callable[[], Iterable[bytes]] | None = None

    @property
    def writes(self) -> bool:
        return self.method != "GET"


class Answer:
    """An answer that is being read."""

    def __init__(self, raw: BaseHTTPResponse, transport: Transport) -> None:
        self.raw = raw
        self.closed = False
        self.lang = transport.lang
        self._tail = b""

    def read(self, size: int | None = -1) -> bytes:
        """Read size bytes, or fewer at the end."""
        try:
            got = self.raw.read(None if size is None or size < 0 else size)
        except (HTTPError, OSError, http.client.HTTPException, ValueError) as e:
            raise self.cut(_reason(e)) from None
        if got:
            self._tail = (self._tail + got[-8:])[-8:]
        return got

    def cut(self, why: object) -> RedFireError:
        return local("RF-API-020", why, self.lang)

    def ends_with(self, tail: bytes) -> bool:
        """Whether what was read ends with these bytes, 8 at most."""
        return self._tail.endswith(tail)

    def check_rows(self, rows: int) -> None:
        """Raise if the answer told in its head that it has another number of rows. That
        it came to its end is known by what stands there: the trailer with the number, of
        longer answers, is lost by many a proxy."""
        said = self.raw.headers.get(ROWS)
        if said is not None and said != str(rows):
            raise self.cut(f"{rows} rows of {said}")

    def close(self) -> None:
        """Give the connection back if all was read, and end it otherwise."""
        if not self.closed:
            self.closed = True
            self.raw.close()
            self.raw.release_conn()

    # What pyarrow asks of a file.
    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False


def _reason(e: BaseException) -> str:
    """What an error of the connection says, in a word or two."""
    while isinstance(e, HTTPError):
        inner = e.__cause__ or next((a for a in e.args if isinstance(a, BaseException)), None)
        if inner is None:
            break
        e = inner
    if isinstance(e, http.client.IncompleteRead):
        return "IncompleteRead"
    return f"{type(e).__name__}: {e}".replace("\n", " ")[:200]


class Transport:
    """Requests to one server. It is safe for concurrent use, and in a process that
    was forked."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        timeout: float,
        connect_timeout: float,
        retries: int,
        connections: int,
        compress: bool,
        lang: str,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self.lang = lang
        self.retries = retries
        self.connect_timeout = connect_timeout
        self.timeout = timeout
        self.sleep: Callable[[float], None] = time.sleep
        at = self._parse(url)
        self.host, self._scheme = at.host or "", at.scheme or ""
        self.port = at.port or {"http": 80, "https": 443}[self._scheme]
        self.prefix = (at.path or "").rstrip("/")
        self.url = f"{self._scheme}://{at.netloc}{self.prefix}"
        self._connections = connections
        self._ssl_context = ssl_context
        # http.client would show the token in its own error of one with a line break.
        if token is not None and (not token or not token.isascii() or not token.isprintable() or " " in token):
            raise local("RF-API-007", "it has characters that no token has", lang, field="token")
        self._headers = {"Accept-Language": lang, "User-Agent": "redfire-python"}
        if compress:
            self._headers["Accept-Encoding"] = urllib3.util.make_headers(accept_encoding=True)["accept-encoding"]
        if token is not None:
            self._headers["Authorization"] = "Bearer " + token
        self._lock = threading.Lock()  # guards the fields below
        self._closed = False
        self._pid = 0
        self._pool: urllib3.HTTPConnectionPool | None = None

    def _parse(self, url: str) -> urllib3.util.Url:
        try:
            at = urllib3.util.parse_url(url)
        except HTTPError:
            at = urllib3.util.Url()
        if at.scheme not in ("http", "https") or not at.host or at.query or at.fragment:
            raise local("RF-API-007", "an address as http://127.0.0.1:8600", self.lang, field="url")
        if at.auth:
            # An address is shown in errors.
            raise local("RF-API-007", "an address without a user: give token=", self.lang, field="url")
        return at

    def pool(self) -> urllib3.HTTPConnectionPool:
        with self._lock:
            if self._closed:
                raise closed(self.lang)
            if self._pool is None or self._pid != os.getpid():
                # The connections of the process that this one was forked from are its own.
                self._pid = os.getpid()
                self._pool = self._new_pool()
            return self._pool

    def _new_pool(self) -> urllib3.HTTPConnectionPool:
        host = self.host.strip("[]")
        if self._scheme == "http":
            return urllib3.HTTPConnectionPool(host, self.port, maxsize=self._connections)
        context = self._ssl_context or ssl.create_default_context()
        return urllib3.HTTPSConnectionPool(host, self.port, maxsize=self._connections, ssl_context=context)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._pool is not None and self._pid == os.getpid():
                self._pool.close()
            self._pool = None

    @contextmanager
    def send(self, q: Request, timeout: float | None = None) -> Iterator[Answer]:
        """Send a request once, and give its answer if that is no error."""
        path = self.prefix + q.path
        if q.params:
            path += "?" + urlencode(q.params)
        pool = self.pool()
        try:
            raw = pool.urlopen(
                q.method,
                path,
                body=None if q.body is None else q.body(),
                headers={**self._headers, **q.headers},
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=self.connect_timeout, read=timeout or self.timeout),
            )
        except (HTTPError, OSError, http.client.HTTPException) as e:
            raise self._unsent(q, e) from None
        a = Answer(raw, self)
        try:
            if raw.status != 200:
                raise self._refusal(q, a)
            yield a
        finally:
            a.close()

    def _unsent(self, q: Request, e: Exception) -> RedFireError:
        """The error of a request without an answer."""
        inner = e.__cause__ or (e.args[0] if e.args else None)
        if isinstance(e, (NewConnectionError, ConnectTimeoutError)):
            return local("RF-API-019", self.url, self.lang)
        if isinstance(e, SSLError) and isinstance(inner, ssl.SSLCertVerificationError):
            return local("RF-API-021", _reason(e), self.lang)
        return local("RF-API-022" if q.writes else "RF-API-020", _reason(e), self.lang)

    def _refusal(self, q: Request, a: Answer) -> RedFireError:
        """The error that an answer tells."""
        status, kind = a.raw.status, a.raw.headers.get("Content-Type", "")
        try:
            text = a.read(16 << 20)
            details = json.loads(text) if kind.startswith("application/problem+json") else None
        except (RedFireError, ValueError):
            details = None
        if isinstance(details, dict):
            e = from_problem(details, status)
            after = a.raw.headers.get("Retry-After", "")
            e.retry_after = min(int(after), 30) if after.isascii() and after.isdigit() else 0
            return e
        # A proxy answered, or what it asked did not.
        if status >= 500:
            code = "RF-API-022" if q.writes else "RF-API-020"
        else:
            code = "RF-API-021"
        return local(code, f"HTTP {status}, {kind}", self.lang, status=status)

    def read(self, q: Request, take: Callable[[Answer], T]) -> T:
        """Ask, and again from the start if that failed and may not the next time."""

        def once() -> T:
            with self.send(q) as a:
                return take(a)

        return self.repeat(once, may_read_again)

    def write(self, q: Request) -> dict[str, Any]:
        """Send what changes something. It is sent again only if it was not heard."""

        def once() -> dict[str, Any]:
            with self.send(q) as a:
                try:
                    d = json.loads(a.read())
                except (RedFireError, ValueError):
                    raise local("RF-API-022", "half an answer", self.lang, status=a.raw.status) from None
                if not isinstance(d, dict):
                    raise local("RF-API-021", "JSON", self.lang)
                return d

        return self.repeat(once, may_write_again)

    def repeat(self, once: Callable[[], T], may: Callable[[RedFireError], bool]) -> T:
        for times in range(self.retries):
            try:
                return once()
            except RedFireError as e:
                if not may(e):
                    raise
                wait = e.retry_after
            self.sleep(wait + backoff(times))
        return once()


def backoff(times: int) -> float:
    """How long to wait behind so many failures: with chance, so that many clients do
    not come back at once."""
    return min(0.1 * 2.0**times, 5.0) * random.uniform(0.5, 1.5)


def may_read_again(e: RedFireError) -> bool:
    if e.code == SLOW:
        return False  # it took minutes, and would again
    return e.code in ("RF-API-019", "RF-API-020") or e.status in (429, 503)


def may_write_again(e: RedFireError) -> bool:
    return e.code == "RF-API-019" or e.status == 429 and e.code != SLOW


def json_list(a: Answer) -> list[Mapping[str, Any]]:
    """The list of an answer, if it is whole."""
    text = a.read()
    try:
        rows = json.loads(text)
    except ValueError:
        raise a.cut("half a list") from None
    if not isinstance(rows, list):
        raise a.cut("no list")
    a.check_rows(len(rows))
    return rows
