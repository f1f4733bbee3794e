"""The stream of live data, against a small server of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import quick

import redfire
from redfire._stream import _Parser


class Events(ThreadingHTTPServer):
    """Answers each request with what comes next, and then ends it; None leaves it open
    until the test is over."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answers: list[list[bytes | None]] = []
        self.status = 200
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.over = threading.Event()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        s = self.server
        assert isinstance(s, Events)
        s.asked.append((self.path, self.headers["Last-Event-ID"], self.headers["Accept"]))
        answer = s.answers.pop(0) if s.answers else []
        if s.status != 200:
            body = b'{"kind":"denied","code":"RF-API-001","detail":"no"}'
            self.send_response(s.status)
            self.send_header("Content-Type", "application/problem+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in answer:
            if part is None:
                s.over.wait(30)
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if answer and answer[-1] == b": broken\n":
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def events() -> Iterator[Events]:
    s = Events()
    t = threading.Thread(target=s.serve_forever, args=(0.01,))
    t.start()
    yield s
    s.over.set()
    s.shutdown()
    t.join()
    s.server_close()


def at(s: Events) -> str:
    return "http://127.0.0.1:%d" % s.server_address[1]


def test_events_come_as_they_are_sent(events: Events) -> None:
    # In pieces that end anywhere, with all three ends of lines, and bytes of half a letter.
    text = 'id: 1\nevent: bars\ndata: {"symbol": "沪铜.SHFE",\ndata: "close": 1.5}\n\n: heartbeat\n\nid: 2\r\ndata: plain\r\n\r\nid:3\rdata:7\r\r'
    body = text.encode()
    events.answers = [[body[i : i + 3] for i in range(0, len(body), 3)] + [None]]
    with quick(at(events)) as c:
        got = c.stream(symbols=["rb*", "cu*"], kinds=["bars"])
        assert next(got) == redfire.Event("bars", {"symbol": "沪铜.SHFE", "close": 1.5}, "1")
        assert next(got) == redfire.Event("message", "plain", "2")
        assert next(got) == redfire.Event("message", 7, "3")
        got.close()  # type: ignore[attr-defined]
    assert events.asked == [("/v1/stream?symbol=rb%2A&symbol=cu%2A&kind=bars", None, "text/event-stream")]


def test_a_stream_goes_on_behind_the_last_event(events: Events) -> None:
    events.answers = [
        [b"retry: 20\nid: 1\ndata: 1\n\n", b"id: 2\nda"],  # ends in an event, which then is none
        [],
        [b"id: 2\ndata: 2\n\n", b": broken\n"],
        [b"id: 3\ndata: 3\n\n", None],
    ]
    waits: list[float] = []
    with quick(at(events)) as c:
        c._transport.sleep = waits.append
        got = c.stream(last_id="0")
        assert [next(got).data for _ in range(3)] == [1, 2, 3]
        got.close()  # type: ignore[attr-defined]
    assert [last for _, last, _ in events.asked] == ["0", "1", "1", "2"]
    assert len(waits) == 3 and all(w >= 0.02 for w in waits)


def test_a_silent_stream_is_made_again(events: Events) -> None:
    events.answers = [[b"id: 1\ndata: 1\n\n", None], [b"id: 2\ndata: 2\n\n", None]]
    with quick(at(events)) as c:
        got = c.stream(silence=0.1)
        assert [next(got).data, next(got).data] == [1, 2]
        got.close()  # type: ignore[attr-defined]


def test_a_stream_that_is_refused_is_an_error(events: Events) -> None:
    events.status = 401
    with quick(at(events)) as c, pytest.raises(redfire.Denied):
        next(c.stream())
    assert len(events.asked) == 1


def test_a_line_without_an_end_is_an_error(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redfire._stream.LONGEST", 1000)
    events.answers = [[b"data: 1\n\n", b"x" * 600, b"x" * 600, None]]
    with quick(at(events)) as c:
        got = c.stream()
        assert next(got).data == 1
        with pytest.raises(redfire.Unsupported):
            next(got)


def test_what_is_no_stream_is_an_error(client: redfire.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redfire._stream.PATH", "/livez")
    with pytest.raises(redfire.Unsupported):
        next(client.stream())


def test_a_stream_of_a_server_that_is_gone_is_an_error_behind_its_patience() -> None:
    with quick("http://127.0.0.1:1") as c, pytest.raises(redfire.Unavailable):
        next(c.stream(patience=0.05))


def test_the_end_of_a_stream_does_not_count_as_failure_for_ever(events: Events) -> None:
    events.answers = [[] for _ in range(50)] + [[b"data: 1\n\n"]]
    with quick(at(events)) as c:
        assert next(c.stream(patience=0)).data == 1


def test_fields_of_events() -> None:
    p = _Parser("9")
    assert list(p.feed(b"\xef\xbb\xbfdata:  two spaces\nunknown: x\nretry: soon\nid: a\0b\n\n")) == [redfire.Event("message", " two spaces", "9")]
    assert p.retry is None
    assert list(p.feed(b"data\n\nevent: none\n\nid\ndata: x\r")) == [redfire.Event("message", "", "9")]
    assert list(p.feed(b"\n\r\n")) == [redfire.Event("message", "x", "")]
