"""The log: what goes to it, and how it is configured."""

import logging
from typing import IO, TYPE_CHECKING, Final

from gateway.service.events import EVENTS
from gateway.service.lines import RequestLog, json_line, text_line
from gateway.service.output import Render, Writer

if TYPE_CHECKING:
    from gateway.config.model import Config, Log
    from gateway.relay.gateway import Gateway

LIBRARY_LINES_A_SECOND: Final = 10
"""Lines of libraries that are written; further ones are counted. They say one thing for each of a thousand peers."""


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
