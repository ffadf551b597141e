"""The log: how a line for each request and event reads."""

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Final

from gateway.policy.reason import EXPLANATIONS, Reason
from gateway.service.events import EVENTS
from gateway.service.output import Render, Writer

if TYPE_CHECKING:
    from gateway.config.model import Config, Log
    from gateway.relay.gateway import Gateway
    from gateway.relay.record import Record

LIBRARY_LINES_A_SECOND: Final = 10
"""Lines of libraries that are written; further ones are counted. They say one thing for each of a thousand peers."""
MAX_LOGGED_PATH: Final = 2048
"""Octets of a path that reach the log; a target may have eight times as many."""
MAX_LOGGED_METHOD: Final = 32
"""Octets of a method that reach the log: twice the longest that is registered."""


def json_line(event: str, keys: Mapping[str, object]) -> str:
    """Render one line as JSON; control characters are escaped by it."""
    return json.dumps(
        {"time": _timestamp(), "event": event, **keys}, ensure_ascii=False, separators=(",", ":"), default=str
    )


def text_line(event: str, keys: Mapping[str, object]) -> str:
    """Render one line for a person: `request.done client=192.0.2.7 status=403`; a value with blanks is quoted."""
    return " ".join((_timestamp(), event, *(f"{key}={_quoted(value)}" for key, value in keys.items())))


def _timestamp() -> str:
    return _iso(int(time.time()))


@lru_cache(maxsize=1)
def _iso(second: int) -> str:
    """Return a second since 1970 as ISO 8601 has it; the lines of one second share it."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and text and not any(mark in text for mark in ' "=\\')
    return text if plain else json.dumps(text)


class RequestLog:
    """Turns records into lines."""

    def __init__(self, writer: Writer, render: Render, level: str) -> None:
        """Write to `writer`; `level` `warning` leaves out what went well."""
        self._writer = writer
        self._render = render
        self._all = level in {"debug", "info"}

    def __call__(self, record: "Record") -> None:
        """Write one line for one request."""
        if not (self._all or EXPLANATIONS[record.reason].remedy):
            return
        if self._render is json_line:
            self._writer.write(request_as_json(record))
        else:
            self._writer.write(self._render("request.done", keys_of(record)))


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
    keys["duration_ms"] = round(record.duration_ms, 1)
    return keys


def request_as_json(record: "Record") -> str:
    """Return the line that `json_line` makes of `keys_of`, in under a third of the time: each request has one."""
    origin = record.origin
    until_path, behind_path = _frame(
        record.client,
        record.site or "-",
        record.method[:MAX_LOGGED_METHOD],
        record.status or '"-"',
        None if origin is None else origin[:MAX_LOGGED_ORIGIN],
        record.reason,
    )
    path = _string(record.path[:MAX_LOGGED_PATH].decode("ascii", "backslashreplace") or "-")
    if record.detail:
        behind_path += f',"detail":{_string(record.detail)}'
    if record.remedy:
        behind_path += f',"remedy":{_string(record.remedy)}'
    return (
        f'{{"time":"{_timestamp()}{until_path}{path}{behind_path},"request_id":"{record.request_id}"'
        f',"duration_ms":{record.duration_ms:.1f}}}'
    )


@lru_cache(maxsize=1024)
def _frame(  # noqa: PLR0913, PLR0917 - what a line has that the next one mostly has too
    client: str, site: str, method: bytes, status: int | str, origin: bytes | None, reason: Reason
) -> tuple[str, str]:
    """Return what stands before and behind the path: mostly the same in the next line."""
    until_path = (
        f'","event":"request.done","client":{_string(client)},"site":{_string(site)},"method":'
        f'{_string(method.decode("ascii", "backslashreplace") or "-")},"path":'
    )
    shown = "" if origin is None else f',"origin":{_string(origin.decode("ascii", "backslashreplace"))}'
    return until_path, f',"status":{status}{shown},"reason":"{reason.value}"'


_string: Final = json.encoder.encode_basestring
"""A string as JSON has it, but for what ASCII has not."""

MAX_LOGGED_ORIGIN: Final = 320
"""Octets of an Origin value that reach the log: the longest a rule can match."""


def renderer(log: "Log", stream: IO[bytes]) -> Render:
    """Return how lines are rendered: as configured, else text on a terminal and JSON elsewhere."""
    kind = log.format or ("text" if stream.isatty() else "json")
    return text_line if kind == "text" else json_line


def configure_events(writer: Writer, render: Render, level: str) -> None:
    """Send our events, and the warnings of asyncio and aiohttp, to the same log."""
    EVENTS.go_to(lambda event, keys: writer.write(render(event, keys)), level)
    library = _LibraryHandler(writer, render)
    library.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[library], level=logging.WARNING, force=True)


class _LibraryHandler(logging.Handler):
    """Takes what libraries log, without tracebacks of peers' faults, and some a second only."""

    def __init__(self, writer: Writer, render: Render) -> None:
        super().__init__()
        self._writer = writer
        self._render_line = render
        self._second = 0
        self._lines = 0
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, or count it."""
        second = int(record.created)
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > LIBRARY_LINES_A_SECOND:
            self._dropped += 1
            return
        error = f"{record.exc_info[1]!r}" if record.exc_info else ""
        keys: dict[str, object] = {
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "error": error,
        }
        if self._dropped:
            keys["dropped_before"], self._dropped = self._dropped, 0
        self._writer.write(self._render_line("library.message", keys))


class ServiceLog:
    """The log, as the configuration in force has it."""

    def __init__(self, stream: IO[bytes], writer: Writer, config: "Config") -> None:
        """Write by `writer` from now on; lines are as fits its stream."""
        self._stream = stream
        self._writer = writer
        self.gateway: Gateway | None = None
        """Whose requests are logged, once there is one."""
        self.configured(config)

    def configured(self, config: "Config") -> None:
        """Go by what a configuration says of the log."""
        render = renderer(config.log, self._stream)
        configure_events(self._writer, render, config.log.level)
        self.requests = RequestLog(self._writer, render, config.log.level)
        if self.gateway is not None:
            self.gateway.done = self.requests
