"""What happens on bad days: nothing is lost, doubled, or taken for whole."""

from __future__ import annotations

import multiprocessing
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from conftest import Line, Server, minutes, quick

import redfire

ROWS = 20_000
SYMBOL = "day.SHFE"


@pytest.fixture(scope="module")
def whole(shared: Server) -> pd.DataFrame:
    with redfire.Client(shared.url) as c:
        c.write_bars(minutes(ROWS), symbol=SYMBOL, interval="1m", bar_time="start")
        return c.bars(SYMBOL, "1m")


def answer_bytes(line: Callable[..., Line]) -> int:
    """How many bytes the answer with all rows has, with its head."""
    through = line()
    with quick(through.url) as c:
        c.bars(SYMBOL, "1m")
    return through.sent[0]


def test_a_read_that_breaks_anywhere_is_asked_for_again(whole: pd.DataFrame, line: Callable[..., Line]) -> None:
    n = answer_bytes(line)
    # The head, the schema, batches, the end of the stream.
    for cut in [*range(0, 300, 6), 350, 1000, n // 3, n // 2, n - 1000, *range(n - 40, n)]:
        through = line(cut)
        with quick(through.url) as c:
            assert c.bars(SYMBOL, "1m").equals(whole), cut
        # Behind the end of the Arrow stream nothing is missed.
        assert len(through.sent) == 2 and through.sent[0] <= cut or cut > n - 60


def test_a_read_that_always_breaks_is_an_error(whole: pd.DataFrame, line: Callable[..., Line]) -> None:
    n = answer_bytes(line)
    for cut in (0, 100, n // 2, n - 60):
        through = line(*[cut] * 20)
        with quick(through.url, retries=2) as c:
            with pytest.raises(redfire.Unavailable) as e:
                c.bars(SYMBOL, "1m")
            assert e.value.code == "RF-API-020" and len(through.sent) == 3


def test_batches_that_break_in_the_middle_are_an_error(whole: pd.DataFrame, line: Callable[..., Line]) -> None:
    n = answer_bytes(line)
    for cut in (n // 2, n - 60):
        came = 0
        with quick(line(cut).url) as c, pytest.raises(redfire.Unavailable):
            for batch in c.batches(SYMBOL, "1m"):
                assert batch["close"].to_pylist() == whole["close"][came : came + batch.num_rows].to_list()
                came += batch.num_rows
        assert came < ROWS or cut > n // 2
    with quick(line(100).url) as c:
        assert sum(b.num_rows for b in c.batches(SYMBOL, "1m")) == ROWS, "before the first row it is asked again"


def test_lists_that_break_are_asked_for_again(whole: pd.DataFrame, line: Callable[..., Line]) -> None:
    for cut in range(0, 500, 10):
        with quick(line(cut).url) as c:
            assert c.symbols(SYMBOL).loc[0, "rows"] == ROWS


def test_a_server_that_is_killed_in_the_middle(server: Callable[..., Server], line: Callable[..., Line]) -> None:
    n = 600_000
    first = server()
    with redfire.Client(first.url) as c:
        for at in ("2019-01-01", "2022-01-01"):
            c.write_bars(minutes(n, at), symbol="kill.SHFE", interval="1m", bar_time="start")
    with quick(first.url, retries=0) as c:
        rows = c.batches("kill.SHFE", "1m")
        next(rows)
        first.kill()
        with pytest.raises(redfire.Unavailable):
            list(rows)
        with pytest.raises(redfire.Unavailable) as e:
            c.bars("kill.SHFE", "1m")
        assert e.value.code == "RF-API-019"
    second = server(listen=first.address)
    with redfire.Client(second.url) as c:
        assert sum(b.num_rows for b in c.batches("kill.SHFE", "1m", columns=["close"])) == 2 * n


def test_a_client_waits_for_a_server_that_starts_again(server: Callable[..., Server]) -> None:
    first = server()
    with redfire.Client(first.url) as c:
        c.write_bars(minutes(3), symbol="a.SHFE", interval="1m", bar_time="start")
        first.kill()
        waits = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                server(listen=first.address)

        c._transport.sleep = sleep
        assert len(c.bars("a.SHFE", "1m")) == 3
        assert c.write_bars(minutes(3), symbol="a.SHFE", interval="1m", bar_time="start").unchanged == 3
    assert len(waits) == 2 and all(0 < w < 1 for w in waits)


def test_a_write_whose_answer_is_lost_is_unknown_and_may_be_sent_again(
    client: redfire.Client, line: Callable[..., Line]
) -> None:
    options: dict[str, Any] = {"symbol": "lost.SHFE", "interval": "1m", "bar_time": "start"}
    through = line(0, 20, 200)
    with quick(through.url) as c:
        for _ in range(3):
            with pytest.raises(redfire.Unknown) as e:
                c.write_bars(minutes(10), **options)
            assert e.value.code == "RF-API-022"
        assert len(through.sent) == 3, "it was not sent again by itself"
        assert c.write_bars(minutes(10), **options).unchanged == 10
        through.cuts.append(0)
        c._transport.close()
    with quick(through.url) as c, pytest.raises(redfire.Unknown):
        c.delete_bars("lost.SHFE", "1m", all=True)
    with pytest.raises(redfire.NotFound):
        client.bars("lost.SHFE", "1m")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    with quick(f"http://127.0.0.1:{port}") as c:
        with pytest.raises(redfire.Unavailable) as e:
            c.bars("a.SHFE", "1m")
        assert e.value.code == "RF-API-019" and str(port) in str(e.value) and e.value.status == 0
        with pytest.raises(redfire.Unavailable):
            c.write_bars(minutes(1), symbol="a.SHFE", interval="1m")
    with quick("http://no.such.host.invalid", retries=0) as c, pytest.raises(redfire.Unavailable):
        c.symbols()


def test_a_server_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as s:
        with quick("http://127.0.0.1:%d" % s.getsockname()[1], timeout=0.05, retries=1) as c:
            with pytest.raises(redfire.Unavailable):
                c.symbols()
            with pytest.raises(redfire.Unknown):
                c.delete_bars("a.SHFE", "1m", all=True)


# A server of which a test says what it answers.


class Fake(ThreadingHTTPServer):
    daemon_threads = True
    answers: list[tuple[int, dict[str, str], bytes]]
    asked: list[tuple[str, str, dict[str, str]]]


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        s = self.server
        assert isinstance(s, Fake)
        s.asked.append((self.command, self.path, dict(self.headers)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while int(size := self.rfile.readline(), 16):
                self.rfile.read(int(size, 16) + 2)
            self.rfile.readline()
        status, headers, body = s.answers.pop(0) if len(s.answers) > 1 else s.answers[0]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def fake() -> Iterator[Fake]:
    s = Fake(("127.0.0.1", 0), Answers)
    s.answers, s.asked = [], []
    t = threading.Thread(target=s.serve_forever, args=(0.01,))
    t.start()
    yield s
    s.shutdown()
    t.join()
    s.server_close()


def at(s: Fake) -> str:
    return "http://127.0.0.1:%d" % s.server_address[1]


ARROW = {"Content-Type": "application/vnd.apache.arrow.stream", "Transfer-Encoding": "chunked"}


def chunked(*parts: bytes, trailer: str = "") -> bytes:
    text = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)
    return text + b"0\r\n" + trailer.encode() + b"\r\n"


def arrow_stream() -> tuple[bytes, int]:
    """A stream of 3 batches with 6 rows, and where the third batch begins."""
    sink = pa.BufferOutputStream()
    batch = pa.RecordBatch.from_pydict({"symbol": ["a", "b"], "close": [1.0, 2.0]})
    with pa.ipc.new_stream(sink, batch.schema) as w:
        w.write_batch(batch)
        w.write_batch(batch)
        two = sink.tell()
        w.write_batch(batch)
    return sink.getvalue().to_pybytes(), two


def test_an_answer_is_whole_only_with_its_end(fake: Fake) -> None:
    text, two = arrow_stream()
    good = chunked(text, trailer="Redfire-Rows: 6\r\n")
    fake.answers = [(200, ARROW, good)]
    with quick(at(fake), retries=0) as c:
        assert c.bars("a.X", "1m", output="arrow").num_rows == 6
        assert len(pa.ipc.open_stream(text[:two]).read_all()) == 4, "pyarrow takes this for whole"
        for bad in (
            chunked(text[:two], trailer="Redfire-Rows: 4\r\n"),
            chunked(text[:two], trailer="Redfire-Rows: 6\r\n"),
            chunked(text[:-4], trailer="Redfire-Rows: 6\r\n"),
            chunked(text[:-8], trailer="Redfire-Rows: 6\r\n"),
            chunked(text + b"more", trailer="Redfire-Rows: 6\r\n"),
            chunked(b"nonsense", trailer="Redfire-Rows: 0\r\n"),
            chunked(trailer="Redfire-Rows: 0\r\n"),
            chunked(b"\xff\xff\xff\xff\xff\xff\xff\x7f" * 8),
        ):
            fake.answers = [(200, {**ARROW, "Connection": "close"}, bad)]
            with pytest.raises(redfire.Unavailable) as e:
                c.bars("a.X", "1m", output="arrow")
            assert e.value.code == "RF-API-020", bad
        # A proxy may drop the trailer; a head with another number is believed.
        fake.answers = [(200, ARROW, chunked(text))]
        assert c.bars("a.X", "1m", output="arrow").num_rows == 6
        fake.answers = [(200, {**ARROW, "Redfire-Rows": "5", "Connection": "close"}, good)]
        with pytest.raises(redfire.Unavailable):
            c.bars("a.X", "1m", output="arrow")
    # In many chunks, that end anywhere, on a connection that is used again.
    fake.answers = [(200, ARROW, chunked(*(text[i : i + 7] for i in range(0, len(text), 7)), trailer="Redfire-Rows: 6\r\n"))]
    with quick(at(fake), retries=0) as c:
        for _ in range(3):
            assert c.bars("a.X", "1m", output="arrow").num_rows == 6


def test_half_a_list_is_an_error(fake: Fake) -> None:
    json = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", "Connection": "close"}
    with quick(at(fake), retries=0) as c:
        for bad in (chunked(b"[", trailer="Redfire-Rows: 0\r\n"), chunked(b"{}", trailer="Redfire-Rows: 0\r\n")):
            fake.answers = [(200, json, bad)]
            with pytest.raises(redfire.Unavailable):
                c.symbols()


PROBLEM = {"Content-Type": "application/problem+json", "Retry-After": "1"}
BUSY = (429, PROBLEM, b'{"code":"RF-API-013","kind":"exhausted","detail":"busy","status":429}')
DOWN = (503, PROBLEM, b'{"code":"RF-SER-001","kind":"unavailable","detail":"down","status":503}')
SLOW = (429, PROBLEM, b'{"code":"RF-API-014","kind":"exhausted","detail":"slow","status":429}')
GOOD = (200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}, chunked(b"[]", trailer="Redfire-Rows: 0\r\n"))
WROTE = (200, {"Content-Type": "application/json"}, b'{"read":1,"new":1,"unchanged":0,"replaced":0,"refused":0,"series":1}')


def test_what_is_asked_again_and_what_is_not(fake: Fake) -> None:
    def write() -> object:
        return c.write_bars(minutes(1), symbol="a.X", interval="1m")

    with quick(at(fake)) as c:
        cases: list[tuple[Any, list[Any], Any, int]] = [
            (c.symbols, [BUSY, DOWN, BUSY, GOOD], None, 4),
            (c.symbols, [BUSY], redfire.Exhausted, 5),
            (c.symbols, [DOWN], redfire.Unavailable, 5),
            (c.symbols, [SLOW], redfire.Exhausted, 1),
            (c.symbols, [(502, {}, b"<html>"), GOOD], None, 2),
            (c.symbols, [(404, {}, b"<html>")], redfire.Unsupported, 1),
            (c.symbols, [(302, {"Location": "http://127.0.0.1:1/"}, b"")], redfire.Unsupported, 1),
            (write, [BUSY, BUSY, WROTE], None, 3),
            (write, [DOWN, WROTE], redfire.Unavailable, 1),
            (write, [SLOW, WROTE], redfire.Exhausted, 1),
            (write, [(502, {}, b"<html>"), WROTE], redfire.Unknown, 1),
            (write, [(503, {}, b"<html>"), WROTE], redfire.Unknown, 1),
            (write, [(200, {}, b'{"read":'), WROTE], redfire.Unknown, 1),
            (write, [(200, {}, b"{}"), WROTE], redfire.Unsupported, 1),
        ]
        for ask, answers, error, times in cases:
            fake.answers, fake.asked = list(answers), []
            if error is None:
                ask()
            else:
                with pytest.raises(error):
                    ask()
            assert len(fake.asked) == times, answers


def test_the_wait_is_what_the_server_asks_for_and_a_little_more(fake: Fake) -> None:
    waits: list[float] = []
    with quick(at(fake), lang="zh_CN") as c:
        c._transport.sleep = waits.append
        fake.answers = [BUSY, (502, {}, b""), (502, {}, b""), (429, {**PROBLEM, "Retry-After": "900"}, b"{}"), GOOD]
        c.symbols()
        assert fake.asked[0][2]["Accept-Language"] == "zh"
    assert 1 < waits[0] < 1.2 and 0 < waits[1] < 0.31 and 0 < waits[2] < 0.61 and 30 < waits[3] < 32


def test_the_kind_counts_and_not_the_status(fake: Fake) -> None:
    kinds = {
        "invalid": redfire.Invalid, "denied": redfire.Denied, "not found": redfire.NotFound, "conflict": redfire.Conflict,
        "exhausted": redfire.Exhausted, "unavailable": redfire.Unavailable, "outcome unknown": redfire.Unknown,
        "corrupt": redfire.Corrupt, "unsupported": redfire.Unsupported, "closed": redfire.Closed, "": redfire.RedFireError,
        "new": redfire.RedFireError,
    }  # fmt: skip
    with quick(at(fake)) as c:
        for kind, cls in kinds.items():
            body = '{"kind":"%s","code":"RF-X-001","detail":"细节","cure":"办法","title":"t","place":{"field":"f"},"errors":[{"kind":"invalid","detail":"one"},{"detail":"two"}]}'
            fake.answers = [(418, PROBLEM, (body % kind).encode())]
            with pytest.raises(redfire.RedFireError) as caught:
                c.symbols()
            e = caught.value
            assert type(e) is cls
            assert (e.kind, e.code, e.detail, e.cure, e.title, e.status) == (kind, "RF-X-001", "细节", "办法", "t", 418)
            assert e.place == redfire.Place("f") and [x.detail for x in e.errors] == ["one", "two"]
            again = pickle.loads(pickle.dumps(e))
            assert type(again) is cls and str(again) == str(e) and again.place == e.place


def test_tokens(server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"writer": "rf_" + "w" * 43, "reader": "rf_" + "r" * 43}
    s = server(tokens=secrets)
    with redfire.Client(s.url, secrets["writer"]) as c:
        c.write_bars(minutes(1), symbol="a.SHFE", interval="1m", bar_time="start")
    monkeypatch.setenv("REDFIRE_SERIES__URL", s.url)
    monkeypatch.setenv("REDFIRE_SERIES__TOKEN", secrets["reader"] + "\n")
    with redfire.Client() as c:
        assert len(c.bars("a.SHFE", "1m")) == 1
        with pytest.raises(redfire.Denied) as e:
            c.write_bars(minutes(1), symbol="a.SHFE", interval="1m", bar_time="start")
        assert e.value.code == "RF-API-016" and e.value.status == 403
        assert secrets["reader"] not in repr(c) + str(c) + str(e.value) + repr(e.value)
    monkeypatch.delenv("REDFIRE_SERIES__TOKEN")
    for token in (None, "rf_" + "x" * 43):
        with redfire.Client(token=token) as c, pytest.raises(redfire.Denied) as e:
            c.symbols()
        assert e.value.code == "RF-API-001" and e.value.status == 401
    for token in ("rf_secret\r\nHost: x", "rf_secret x", "rf_sécret", ""):
        with pytest.raises(redfire.Invalid) as bad:
            redfire.Client(s.url, token)
        assert "secret" not in str(bad.value)


def test_addresses() -> None:
    for url in ("ftp://a", "127.0.0.1:8600", "", "http://", "http://user:secret@a", "http://a?b", "http://[::1"):
        with pytest.raises(redfire.Invalid) as e:
            redfire.Client(url)
        assert "secret" not in str(e.value) and e.value.place == redfire.Place("url")
    assert "https://a:8443/x" in repr(redfire.Client("https://a:8443/x/"))


def test_unknown_symbols_and_chinese_texts(shared: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for lang, env, want in [("zh", "", "没有序列"), ("zh-CN", "C", "没有序列"), (None, "zh_CN.UTF-8", "没有序列"), ("en", "zh_CN.UTF-8", "there is no series"), (None, "C", "there is no series")]:
        monkeypatch.setenv("LANG", env)
        with redfire.Client(shared.url, lang=lang) as c, pytest.raises(redfire.NotFound) as e:
            c.bars("沪镍.SHFE", "1m")
        assert want in e.value.detail and "沪镍.SHFE" in str(e.value) and e.value.code == "RF-API-011" and e.value.cure
    with redfire.Client(shared.url, lang="zh", retries=0) as c:
        with pytest.raises(redfire.Invalid, match="没有时区"):
            c.bars("a.SHFE", "1m", start=pd.Timestamp("2026-01-05"))
    with redfire.Client("http://127.0.0.1:1", lang="zh", retries=0) as c, pytest.raises(redfire.Unavailable, match="无法连接"):
        c.symbols()


def test_a_client_that_was_closed(shared: Server) -> None:
    c = redfire.Client(shared.url)
    c.symbols()
    c.close()
    c.close()
    with pytest.raises(redfire.Closed):
        c.symbols()


def test_many_threads_share_a_client(client: redfire.Client, whole: pd.DataFrame) -> None:
    with ThreadPoolExecutor(16) as pool:
        for got in pool.map(lambda _: client.bars(SYMBOL, "1m"), range(64)):
            assert got.equals(whole)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(client: redfire.Client, whole: pd.DataFrame) -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    client.symbols()
    rows = client.batches(SYMBOL, "1m")
    came = next(rows).num_rows
    idle = client._transport.pool()

    def child() -> None:
        q.put((client._transport.pool() is idle, client.symbols(SYMBOL)["rows"].to_list()))

    q = multiprocessing.get_context("fork").Queue()
    p = multiprocessing.get_context("fork").Process(target=child)
    p.start()
    assert q.get(timeout=30) == (False, [ROWS])
    p.join(30)
    assert client._transport.pool() is idle
    assert came + sum(b.num_rows for b in rows) == ROWS


def test_a_busy_server(server: Callable[..., Server], line: Callable[..., Line]) -> None:
    s = server(REDFIRE_SERVER__MAX_REQUESTS="1")
    with redfire.Client(s.url) as c:
        for at_ in ("2019-01-01", "2022-01-01"):
            c.write_bars(minutes(600_000, at_), symbol="busy.SHFE", interval="1m", bar_time="start")
        rows = c.batches("busy.SHFE", "1m")
        next(rows)  # the server has more to say than the connection holds
        with quick(s.url, retries=1) as other, pytest.raises(redfire.Exhausted) as e:
            other.bars("busy.SHFE", "1m", limit=1)
        assert e.value.code == "RF-API-013"
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            rows.close()  # type: ignore[attr-defined]

        with redfire.Client(s.url, retries=100) as other:
            other._transport.sleep = sleep
            assert len(other.bars("busy.SHFE", "1m", limit=1)) == 1
        assert waits


def test_a_body_that_is_too_large(server: Callable[..., Server]) -> None:
    s = server(REDFIRE_SERVER__MAX_BODY="1MiB")
    with redfire.Client(s.url) as c, pytest.raises(redfire.Invalid) as e:
        c.write_bars(minutes(300_000), symbol="large.SHFE", interval="1m", bar_time="start")
    assert e.value.code == "RF-API-009" and e.value.status == 413
