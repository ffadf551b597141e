"""How a line of the log reads, for each request and event; the one for a request is made quickly."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from gateway.http1.remembered import Remembered
from gateway.policy.reason import EXPLANATIONS
from gateway.service.output import Render, Writer

if TYPE_CHECKING:
    from gateway.relay.record import Record

MAX_LOGGED_PATH: Final = 2048
"""Octets of a path that reach the log; a target may have eight times as many."""
MAX_LOGGED_METHOD: Final = 32
"""Octets of a method that reach the log: twice the longest that is registered."""
MAX_LOGGED_ORIGIN: Final = 320
"""Octets of an Origin value that reach the log: the longest a rule can match."""


def json_line(event: str, keys: Mapping[str, object]) -> str:
    """Render one line as JSON; control characters are escaped by it."""
    return json.dumps(
        {"time": _CLOCK.now(), "event": event, **keys}, ensure_ascii=False, separators=(",", ":"), default=str
    )


def text_line(event: str, keys: Mapping[str, object]) -> str:
    """Render one line for a person: `request.done client=192.0.2.7 status=403`; a value with blanks is quoted."""
    return " ".join((_CLOCK.now(), event, *(f"{key}={_quoted(value)}" for key, value in keys.items())))


class _Clock:
    """The time as ISO 8601 has it, worked out once for all lines of a second."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = (-1, "")
        """A second since 1970, and its text: both at once, since threads ask."""

    def now(self) -> str:
        second = int(time.time())
        last = self._last
        if second != last[0]:
            self._last = last = (second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        return last[1]


_CLOCK: Final = _Clock()


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and text and not any(mark in text for mark in ' "=\\')
    return text if plain else json.dumps(text)


class RequestLog:
    """Turns records into lines."""

    def __init__(self, writer: Writer, render: Render, level: str) -> None:
        """Write to `writer`; `level` `warning` leaves out what went well."""
        self._write = writer.write
        self._render = render
        self._is_json = render is json_line
        self._all = level in {"debug", "info"}

    def __call__(self, record: "Record") -> None:
        """Write one line for one request."""
        if not (self._all or EXPLANATIONS[record.reason].remedy):
            return
        self._write(request_as_json(record) if self._is_json else self._render("request.done", keys_of(record)))


def keys_of(record: "Record") -> dict[str, object]:
    """Return what a line for a request has."""
    keys: dict[str, object] = {
        "client": record.client,
        "site": record.site or "-",
        "method": record.method[:MAX_LOGGED_METHOD].decode("ascii", "backslashreplace") or "-",
        "path": record.path[:MAX_LOGGED_PATH].decode("ascii", "backslashreplace") or "-",
        "status": record.status or "-",
    }
    if record.origin is not None:
        keys["origin"] = record.origin[:MAX_LOGGED_ORIGIN].decode("ascii", "backslashreplace")
    keys["reason"] = record.reason.value
    if record.detail:
        keys["detail"] = record.detail
    if record.remedy:
        keys["remedy"] = record.remedy
    keys["request_id"] = record.request_id
    keys["duration_ms"] = _tenths(record.duration_ms) / 10
    return keys


def _tenths(number: float) -> int:
    """Return a number that is not negative, in tenths: Python's ways to round one take longer than all the rest."""
    return int(number * 10 + 0.5)


def request_as_json(record: "Record") -> str:
    """Return the line that `json_line` makes of `keys_of`, in under a third of the time: each request has one."""
    method, path, origin = record.method, record.path, record.origin
    asked = (record.site, method, record.status, origin, record.reason)
    frame = _FRAMES.get(asked)
    if frame is None:
        frame = _frame(record)
        _FRAMES.keep(asked, frame, (method, origin))
    until_path, behind_path = frame
    if record.detail:
        behind_path += f',"detail":{_string(record.detail)}'
    if record.remedy:
        behind_path += f',"remedy":{_string(record.remedy)}'
    if len(path) > MAX_LOGGED_PATH:
        path = path[:MAX_LOGGED_PATH]
    shown = _string(path.decode("ascii", "backslashreplace") or "-")
    tenths = _tenths(record.duration_ms)
    return (
        f'{{"time":"{_CLOCK.now()}","event":"request.done","client":{_string(record.client)}{until_path}{shown}'
        f'{behind_path},"request_id":"{record.request_id}","duration_ms":{tenths // 10}.{tenths % 10}}}'
    )


_FRAMES: Final[Remembered[tuple[object, ...], tuple[str, str]]] = Remembered()
"""By what stands in one line after another. A client that chooses ever new methods or origins has it begin anew."""


def _frame(record: "Record") -> tuple[str, str]:
    """Return what stands before and behind the path: mostly the same in the next line."""
    method = record.method[:MAX_LOGGED_METHOD].decode("ascii", "backslashreplace") or "-"
    until_path = f',"site":{_string(record.site or "-")},"method":{_string(method)},"path":'
    shown = ""
    if record.origin is not None:
        shown = f',"origin":{_string(record.origin[:MAX_LOGGED_ORIGIN].decode("ascii", "backslashreplace"))}'
    status = record.status or '"-"'
    return until_path, f',"status":{status}{shown},"reason":"{record.reason.value}"'


_string: Final = json.encoder.encode_basestring
"""A string as JSON has it, but for what ASCII has not."""
