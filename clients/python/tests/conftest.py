"""A real server, and a line to it that breaks where a test says."""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import redfire

BARS = "rb2601.SHFE"


class Server:
    """A server over a folder."""

    def __init__(self, folder: Path, *, listen: str = "127.0.0.1:0", tokens: dict[str, str] | None = None, **env: str):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        if tokens:
            lines = [
                f"{name} {'writer' if name == 'writer' else 'reader'} {hashlib.sha256(t.encode()).hexdigest()} 2026-01-05T01:00:00Z\n"
                for name, t in tokens.items()
            ]
            (folder / "tokens").write_text("".join(lines))
            (folder / "tokens").chmod(0o600)
        command = json.loads(os.environ["PYTHON_TEST_SERVER"])
        self.process = subprocess.Popen(
            [*command, "--data", str(folder), "--listen", listen],
            stdout=subprocess.PIPE,
            env={**os.environ, **env},
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.removeprefix("listening on ").strip()
        self.address = self.url.removeprefix("http://")

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.wait()

    def wait(self) -> None:
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDFIRE_SERIES__URL", "REDFIRE_SERIES__TOKEN", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of all tests; each writes symbols of its own."""
    s = Server(tmp_path_factory.mktemp("shared") / "data")
    yield s
    s.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of one test alone."""
    all: list[Server] = []

    def start(name: str = "data", **options: object) -> Server:
        all.append(Server(tmp_path / name, **options))  # type: ignore[arg-type]
        return all[-1]

    yield start
    for s in all:
        if s.process.poll() is None:
            s.stop()


@pytest.fixture
def client(shared: Server) -> Iterator[redfire.Client]:
    with redfire.Client(shared.url) as c:
        yield c


def minutes(n: int, start: str = "2026-01-05 09:00", tz: str | None = "Asia/Shanghai") -> pd.DataFrame:
    """Bars of n minutes, as vn.py has them."""
    times = pd.date_range(start, periods=n, freq="min", tz=tz, unit="us")
    price: Any = pd.Series(range(n), dtype="float64") % 100 + 3000
    frame: pd.DataFrame = pd.DataFrame(
        {
            "datetime": times,
            "open": price,
            "high": price + 2,
            "low": price - 1,
            "close": price + 1,
            "volume": 10.0,
            "turnover": 0.5,
            "open_interest": 7.0,
        }
    )
    return frame


class Line:
    """A TCP proxy. Each connection takes what ``cuts`` has next: it breaks when so many
    bytes of the answer went through, and None never does."""

    def __init__(self, to: str, cuts: list[int | None]) -> None:
        host, port = to.split(":")
        self._to = (host, int(port))
        self.cuts = cuts
        self.sent: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self._open: list[socket.socket] = []

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            cut = self.cuts.pop(0) if self.cuts else None
            t = threading.Thread(target=self._carry, args=(near, cut), daemon=True)
            self._threads.append(t)
            t.start()

    def _carry(self, near: socket.socket, cut: int | None) -> None:
        self.sent.append(0)
        mine = len(self.sent) - 1
        with near, socket.create_connection(self._to) as far, selectors.DefaultSelector() as ready:
            self._open += [near, far]
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in ready.select():
                    to = key.data
                    try:
                        part = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                        if to is near and cut is not None:
                            part = part[: cut - self.sent[mine]]
                        if not part:
                            return
                        if to is near:
                            self.sent[mine] += len(part)
                        to.sendall(part)
                        if to is near and self.sent[mine] == cut:
                            return
                    except OSError:
                        return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for s in self._open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for t in self._threads:
            t.join(10)


@pytest.fixture
def line(shared: Server) -> Iterator[Callable[..., Line]]:
    all: list[Line] = []

    def start(*cuts: int | None, to: str = shared.address) -> Line:
        all.append(Line(to, list(cuts)))
        return all[-1]

    yield start
    for one in all:
        one.close()


def quick(url: str, **options: object) -> redfire.Client:
    """A client that waits for nothing between its attempts."""
    c = redfire.Client(url, **options)  # type: ignore[arg-type]
    c._transport.sleep = lambda _: None
    return c
