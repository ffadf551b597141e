"""The log: a line for each request and event, written by a thread: a blocked output never blocks the relay."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Final

import structlog

from gateway.policy.reason import EXPLANATIONS

if TYPE_CHECKING:
    from gateway.config.model import Log
    from gateway.relay.record import Record

MAX_WAITING_OCTETS: Final = 8 * 1024 * 1024
"""Held for a standard output that does not take them; further lines are dropped and counted."""
BATCH_LINES: Final = 512
"""Lines written at once at the most."""
LIBRARY_LINES_A_SECOND: Final = 10
"""Lines of libraries that are written; further ones are counted. They say one thing for each of a thousand peers."""
MAX_LOGGED_PATH: Final = 2048
"""Octets of a path that reach the log; a target may have eight times as many."""
MAX_LOGGED_METHOD: Final = 32
"""Octets of a method that reach the log: twice the longest that is registered."""

Render = Callable[[str, Mapping[str, object]], str]
"""(event, keys) → one line without its end."""


class LogWriter:
    """Takes lines at any speed and writes them at the stream's; drops when too many wait, and says how many."""

    def __init__(self, stream: IO[bytes], render: Render) -> None:
        """Start the writing thread."""
        self._stream = stream
        self._render = render
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._put = self._taken = self._dropped = 0
        """Octets handed to the thread, octets it took, lines dropped; each is written by one thread only."""
        self._told = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Hand a line to the thread, or drop it. Never waits."""
        if self._put - self._taken > MAX_WAITING_OCTETS:
            self._dropped += 1
        else:
            self._put += len(line)
            self._lines.put(line)

    def close(self, seconds: float = 2.0) -> None:
        """Write what waits, as far as the stream takes it in `seconds`."""
        self._lines.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        more = True
        while more:
            batch = [self._lines.get()]
            while len(batch) < BATCH_LINES and not self._lines.empty():
                batch.append(self._lines.get())
            more = None not in batch
            lines = [line for line in batch if line is not None]
            size = sum(map(len, lines))
            dropped = self._dropped
            if dropped > self._told:
                keys = {"lines": dropped - self._told, "remedy": "read standard output faster, or log less"}
                lines.append(self._render("log.dropped", keys))
                self._told = dropped
            octets = memoryview("".join(line + "\n" for line in lines).encode("utf-8", "backslashreplace"))
            try:
                while octets:  # an unbuffered stream may take a part
                    octets = octets[self._stream.write(octets) :]
                self._stream.flush()
            except (OSError, ValueError):  # the reader is gone: the gateway serves on without a log
                return
            self._taken += size


def json_line(event: str, keys: Mapping[str, object]) -> str:
    """Render one line as JSON; control characters are escaped by it."""
    return json.dumps(
        {"time": _timestamp(), "event": event, **keys}, ensure_ascii=False, separators=(",", ":"), default=str
    )


def text_line(event: str, keys: Mapping[str, object]) -> str:
    """Render one line for a person: `request.done client=192.0.2.7 status=403`; a value with blanks is quoted."""
    return " ".join((_timestamp(), event, *(f"{key}={_quoted(value)}" for key, value in keys.items())))


def _timestamp() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and text and not any(mark in text for mark in ' "=\\')
    return text if plain else json.dumps(text)


class RequestLog:
    """Turns records into lines."""

    def __init__(self, writer: LogWriter, render: Render, level: str) -> None:
        """Write to `writer`; `level` `warning` leaves out what went well."""
        self._writer = writer
        self._render = render
        self._all = level in {"debug", "info"}

    def __call__(self, record: "Record") -> None:
        """Write one line for one request."""
        failed = EXPLANATIONS[record.reason].remedy != ""
        if not (self._all or failed):
            return
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
        self._writer.write(self._render("request.done", keys))


MAX_LOGGED_ORIGIN: Final = 320
"""Octets of an Origin value that reach the log: the longest a rule can match."""


def renderer(log: "Log", stream: IO[bytes]) -> Render:
    """Return how lines are rendered: as configured, else text on a terminal and JSON elsewhere."""
    kind = log.format or ("text" if stream.isatty() else "json")
    return text_line if kind == "text" else json_line


def configure_events(writer: LogWriter, render: Render, level: str) -> None:
    """Send the events of structlog, and the warnings of asyncio and aiohttp, to the same log."""

    def finish(_logger: object, _method: str, event: Mapping[str, object]) -> str:
        keys = dict(event)
        return render(str(keys.pop("event", "")), keys)

    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info, finish],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _LineLogger(writer),
        cache_logger_on_first_use=False,
    )
    library = _LibraryHandler(writer, render)
    library.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[library], level=logging.WARNING, force=True)


class _LineLogger:
    """What structlog hands finished lines to."""

    def __init__(self, writer: LogWriter) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.msg = writer.write


class _LibraryHandler(logging.Handler):
    """Takes what libraries log, without tracebacks of peers' faults, and some a second only."""

    def __init__(self, writer: LogWriter, render: Render) -> None:
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


def standard_output() -> IO[bytes]:
    """Return the octet stream of standard output.

    Unbuffered, and ours alone: a thread that is blocked in writing to `sys.stdout` holds its lock, and the interpreter
    would wait for that, or die of it, when it exits; what a broken pipe did not take, it would try again.
    """
    os.set_blocking(STANDARD_OUTPUT, True)
    return os.fdopen(os.dup(STANDARD_OUTPUT), "wb", buffering=0)


STANDARD_OUTPUT: Final = 1
"""Its file descriptor."""
