"""From a loaded configuration to exit: what has to be there, the event loop, signals."""

import asyncio
import os
import signal
import sys
from typing import IO, TYPE_CHECKING, Final

import aiohttp
from aiohttp import http_parser

from gateway.relay.gateway import Gateway
from gateway.service.events import hinter, ready
from gateway.service.log import LogWriter, RequestLog, configure_events, renderer, standard_output
from gateway.service.prepare import StartError
from gateway.service.process import Process
from gateway.service.systemd import Notifier, inherited_sockets

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config.load import Loaded
    from gateway.config.model import Config

AIOHTTP_NEEDED: Final = (3, 14, 5)
"""Older ones have published holes (R1 in docs/design.md); the C build of the parser is the one kept safe and fast."""
AIOHTTP_NEEDED_TEXT: Final = ".".join(map(str, AIOHTTP_NEEDED))


def run(loaded: "Loaded", again: "Callable[[], Loaded] | None" = None) -> int:
    """Serve until told to stop; `again` reads the configuration anew, for SIGHUP.

    Return the exit status: 0 after an orderly stop, 1 if it could not start.
    """
    try:
        check_aiohttp(
            aiohttp.__version__, has_c_parser=http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
        )
        open_standard_streams()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(loaded, again))
    except StartError as error:
        print(f"cors-gateway cannot start: {error}", file=sys.stderr)  # noqa: T201 - the log may not be up yet
        return 1
    return 0


def check_aiohttp(version: str, *, has_c_parser: bool) -> None:
    """Refuse an aiohttp that is too old or built without its C parser (R1 in docs/design.md).

    Raises:
        StartError
    """
    found = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    if found < AIOHTTP_NEEDED:
        raise StartError(
            f"aiohttp {version} is installed, {AIOHTTP_NEEDED_TEXT} or newer is needed: pip install -U aiohttp"
        )
    if not has_c_parser:
        raise StartError(
            "aiohttp has no C extensions: unset AIOHTTP_NO_EXTENSIONS, or install a wheel for this platform"
        )


def open_standard_streams() -> None:
    """Give descriptors 0 to 2 to /dev/null where they are closed: other files would get them, and what is printed."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= STANDARD_ERROR:
        descriptor = os.dup(descriptor)
    os.close(descriptor)


STANDARD_ERROR: Final = 2
"""Its file descriptor."""


def loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Return uvloop's loop where it is installed; None means asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - optional: there is none for Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


UNUSED_SOCKET: Final = "have ListenStream of the socket unit and address of a listener be the same"
"""For a socket that systemd keeps, and nobody accepts on."""


class ServiceLog:
    """The log on standard output, as the configuration in force has it."""

    def __init__(self, stream: IO[bytes], config: "Config") -> None:
        """Begin to write."""
        self._stream = stream
        self._writer = LogWriter(stream, renderer(config.log, stream))
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

    def close(self) -> None:
        """Write what waits."""
        self._writer.close()


async def _serve(loaded: "Loaded", again: "Callable[[], Loaded] | None") -> None:
    log = ServiceLog(standard_output(), loaded.config)
    notifier, inherited = Notifier(os.environ), inherited_sockets(os.environ)
    try:
        gateway = log.gateway = Gateway(loaded.config, done=log.requests, hint=hinter())
        process = Process(gateway, again, log, notifier)
        stop, cut = _signalled(process)
        prepared = await process.start(loaded, inherited)
        for sock in inherited:
            if sock not in prepared.sockets.values():
                process.events.warning("socket.unused", address=str(sock.getsockname()), remedy=UNUSED_SOCKET)
                sock.close()
        ready(loaded.config, process.events)
        await stop.wait()
        await process.drain(cut)
        process.events.info("gateway.stopped")
        await asyncio.sleep(0)  # the sockets that were cut just now are closed in the loop's next pass
    finally:
        log.close()


async def _reload(process: Process) -> None:
    await process.reload()


def _signalled(process: Process) -> tuple[asyncio.Event, asyncio.Event]:
    """Return what the first signal to stop sets, and what the second does; SIGHUP reloads."""
    loop = asyncio.get_running_loop()
    stop, cut = asyncio.Event(), asyncio.Event()
    reloads: set[asyncio.Task[None]] = set()

    def signalled() -> None:
        (cut if stop.is_set() else stop).set()

    def reload() -> None:
        task = loop.create_task(_reload(process))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    loop.add_signal_handler(signal.SIGHUP, reload)
    return stop, cut
