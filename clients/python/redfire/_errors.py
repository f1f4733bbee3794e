"""Errors by kind, as the server tells them in the body of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where bad input stands: a parameter or column, or a line of what was sent."""

    field: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class RefusedRow:
    """A row that was not kept."""

    line: int
    """Its number, from 1."""
    code: str
    """The code of the reason."""
    detail: str
    """Why it was refused."""
    text: str
    """The row as it came."""


class RedFireError(Exception):
    """What went wrong, and what to do about it.

    The subclass is the kind, by which a program decides; ``code`` is stable and is
    what ``redfire explain`` takes.
    """

    kind: str = ""

    def __init__(
        self,
        detail: str,
        *,
        code: str = "",
        kind: str = "",
        title: str = "",
        cure: str = "",
        place: Place | None = None,
        status: int = 0,
        refused: int = 0,
        refused_rows: Sequence[RefusedRow] = (),
        errors: Sequence[RedFireError] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.kind = kind or type(self).kind
        self.title = title
        self.cure = cure
        self.place = place
        self.status = status
        """The status of HTTP, 0 if the server did not answer."""
        self.refused = refused
        """How many rows were refused."""
        self.refused_rows = list(refused_rows)
        """The first of them."""
        self.errors = list(errors)
        """All failures, if there are several; the other fields are of the first."""
        self.retry_after = 0
        """After how many seconds the server asks to be asked again."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An error of a worker process travels to its parent with all it says.
        return (_again, (type(self), self.detail), self.__dict__)

    def __str__(self) -> str:
        said = self.detail or self.title
        if self.place is not None and self.place.field:
            said = f"{self.place.field}: {said}"
        if self.code:
            said = f"{self.code}: {said}"
        said += "".join(f"\n  row {r.line}: {r.detail}" for r in self.refused_rows[:3])
        said += "".join(f"\n  {e.detail}" for e in self.errors[1:4])
        return f"{said}\n  {self.cure}" if self.cure else said


def _again(cls: type[RedFireError], detail: str) -> RedFireError:
    return cls(detail)


class Invalid(RedFireError, ValueError):
    """The request can never succeed as it stands."""

    kind = "invalid"


class Denied(RedFireError):
    """The caller may not do this: the token is missing, wrong, or for reading."""

    kind = "denied"


class NotFound(RedFireError, LookupError):
    """What is asked for does not exist."""

    kind = "not found"


class Conflict(RedFireError):
    """What is stored is not what the caller relied on."""

    kind = "conflict"


class Exhausted(RedFireError):
    """A limit was reached; the same may succeed later."""

    kind = "exhausted"


class Unavailable(RedFireError, ConnectionError):
    """The server or its store could not be reached, and nothing was changed."""

    kind = "unavailable"


class Unknown(RedFireError):
    """A write may or may not have happened. Sending the same rows again is safe:
    those that are stored already are counted as unchanged."""

    kind = "outcome unknown"


class Corrupt(RedFireError):
    """Stored bytes fail their check, and nothing was returned."""

    kind = "corrupt"


class Unsupported(RedFireError):
    """This server, or what stores the rows, cannot do it."""

    kind = "unsupported"


class Closed(RedFireError):
    """The client or the store was closed."""

    kind = "closed"


_KINDS: dict[str, type[RedFireError]] = {
    c.kind: c
    for c in (
        Invalid, Denied, NotFound, Conflict, Exhausted,
        Unavailable, Unknown, Corrupt, Unsupported, Closed,
    )
}  # fmt: skip


def refused_rows(of: Mapping[str, Any]) -> list[RefusedRow]:
    """The refused rows that an answer lists."""
    return [
        RefusedRow(r.get("line", 0), r.get("code", ""), r.get("detail", ""), r.get("text", ""))
        for r in of.get("refused_rows") or ()
    ]


def from_problem(d: Mapping[str, Any], status: int) -> RedFireError:
    """The error of problem details (RFC 9457). Its class goes by the kind in them,
    since proxies change what a status means."""
    kind = str(d.get("kind") or "")
    at = d.get("place") or {}
    place = Place(at.get("field", ""), at.get("line", 0), at.get("column", 0)) if at else None
    return _KINDS.get(kind, RedFireError)(
        str(d.get("detail") or d.get("title") or ""),
        code=str(d.get("code") or ""),
        kind=kind,
        title=str(d.get("title") or ""),
        cure=str(d.get("cure") or ""),
        place=place,
        status=status,
        refused=int(d.get("refused") or 0),
        refused_rows=refused_rows(d),
        errors=[from_problem(e, int(e.get("status") or status)) for e in d.get("errors") or ()],
    )


# What the client says by itself, as the codes of the server say it: the detail, then
# the cure, each in English and Chinese.
_LOCAL: dict[str, tuple[type[RedFireError], tuple[str, str], tuple[str, str]]] = {
    "RF-MKT-006": (
        Invalid,
        ("{what} has no time zone", "{what} 没有时区"),
        ('Give a time with a zone, or say tz="Asia/Shanghai". Nothing is guessed.',
         '请给出带时区的时间，或写明 tz="Asia/Shanghai"。RedFire 不会猜测。'),
    ),
    "RF-API-007": (
        Invalid,
        ("{what}", "{what}"),
        ("Mend the argument that the message names.", "请修正错误信息所指出的参数。"),
    ),
    "RF-API-019": (
        Unavailable,
        ("the server at {what} could not be reached", "无法连接服务器 {what}"),
        ('Is "redfire serve" running at that address? Nothing was changed.',
         '该地址上是否正在运行 "redfire serve"？没有任何改动。'),
    ),
    "RF-API-020": (
        Unavailable,
        ("the answer of the server was cut off: {what}", "服务器的应答中途断开：{what}"),
        ("Ask again: what came is not whole, and was not taken for it.",
         "请重新请求：收到的内容不完整，也没有被当作完整数据。"),
    ),
    "RF-API-021": (
        Unsupported,
        ("the answer is not that of a RedFire server: {what}", "应答不是来自 RedFire 服务器：{what}"),
        ("Look at the address, at proxies between, and at the version of the server.",
         "请检查地址、中间的代理以及服务器的版本。"),
    ),
    "RF-API-022": (
        Unknown,
        ("the connection broke before the server said whether it wrote: {what}",
         "连接在服务器确认写入之前断开：{what}"),
        ("Send the same request again: rows that are stored already are counted as unchanged.",
         "重新发送同一请求即可：已存储的行会计为未变。"),
    ),
}  # fmt: skip


def local(code: str, what: object, lang: str, *, status: int = 0, field: str = "") -> RedFireError:
    """An error that the client finds by itself."""
    cls, detail, cure = _LOCAL[code]
    i = 1 if lang == "zh" else 0
    return cls(
        detail[i].format(what=what),
        code=code,
        cure=cure[i],
        status=status,
        place=Place(field) if field else None,
    )


def closed(lang: str) -> Closed:
    """The error of a client that was closed."""
    return Closed("客户端已关闭" if lang == "zh" else "the client is closed")
