"""One process that serves: from a loaded configuration to exit."""

import asyncio
import errno
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Final

import aiohttp
import structlog
from aiohttp import http_parser, web

from gateway import __version__
from gateway.relay.admission import TOLD_CONNECTIONS
from gateway.relay.gateway import Gateway
from gateway.service.acceptor import ListenerSite, RelayServer, listening_socket
from gateway.service.log import LogWriter, RequestLog, configure_events, renderer, standard_output
from gateway.service.tls import server_context

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping

    from gateway.config.load import Loaded
    from gateway.config.model import Config, Listener

AIOHTTP_NEEDED: Final = (3, 14, 5)
"""Older ones have published holes (R1 in docs/design.md); the C build of the parser is the one kept safe and fast."""
AIOHTTP_NEEDED_TEXT: Final = ".".join(map(str, AIOHTTP_NEEDED))
FIRST_NAMES_SECONDS: Final = 2.0
"""How long the start waits for the upstreams' names; a name that does not resolve is no reason not to start."""

FILES_BESIDES: Final = 64
"""Open files besides connections: libraries, the log, listeners, look-ups of names."""

HINTS: Final["Mapping[str, str]"] = {
    "listener.no_files": "raise the limit of open files: LimitNOFILE in the service unit, `ulimit -n` in a shell",
    "tls.failed": "HTTP_REQUEST: a client speaks plain http to this port; UNKNOWN_CA, CERTIFICATE_UNKNOWN: it does not"
    " trust the certificate, or the chain lacks an intermediate one",
    "listener.full": "no connection is idle: raise limits.connections of the listener, or, where many share an address,"
    " limits.connections_per_address, or look who holds them",
    "proxy.header": "have {peer} send a PROXY header (HAProxy: send-proxy-v2 and check-send-proxy; nginx:"
    " proxy_protocol on), or take proxy_protocol out of the listener",
    "upstream.down": "start {upstream}, or look at the way to it; its requests go to the others meanwhile",
    "proxy.untrusted": "its X-Forwarded-For is not believed: if it is your proxy, put {peer} into trusted_proxies",
}


GOOD_NEWS: Final = frozenset({"upstream.up"})
"""Events that ask nobody to do anything."""

Events = structlog.typing.FilteringBoundLogger
"""Where events are told."""


class StartError(Exception):
    """The gateway cannot start; the message says why, and what to do."""


def run(loaded: "Loaded") -> int:
    """Serve until told to stop. Return the exit status: 0 after an orderly stop, 1 if it could not start."""
    try:
        check_aiohttp(
            aiohttp.__version__, has_c_parser=http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
        )
        open_standard_streams()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_serve(loaded))
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


def raise_file_limit() -> int | None:
    """Raise the limit of open files as far as one may without being root; return what it is then, None for none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS: more than the kernel's own limit
            return soft
    return None if hard == resource.RLIM_INFINITY else hard


def loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Return uvloop's loop where it is installed; None means asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - optional: there is none for Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(loaded: "Loaded") -> None:
    config = loaded.config
    stream = standard_output()
    render = renderer(config.log, stream)
    writer = LogWriter(stream, render)
    configure_events(writer, render, config.log.level)
    log = structlog.get_logger()
    try:
        _check_files(config)
        gateway = Gateway(config, done=RequestLog(writer, render, config.log.level), hint=_hinter(log))
        sockets = [(listener, *_prepare(listener)) for listener in config.listeners]
        for warning in loaded.warnings:
            log.warning("config.warning", id=warning.id, text=str(warning))
        try:
            gateway.start()
        except (OSError, ValueError) as error:
            raise StartError(f"the certificate files of an upstream cannot be used: {error}") from error
        await gateway.names.first_answers(FIRST_NAMES_SECONDS)
        _warn_of_unresolved(gateway, log)
        stop, cut = _signalled()
        runners = [await _listen(gateway, *prepared) for prepared in sockets]
        _say_ready(config, log)
        await stop.wait()
        await _drain(log, gateway, runners, cut)
        gateway.stop()
        log.info("gateway.stopped")
        await asyncio.sleep(0)  # the sockets that were cut just now are closed in the loop's next pass
    finally:
        writer.close()


def _prepare(listener: "Listener") -> "tuple[socket.socket, ssl.SSLContext | None]":
    place = f"{listener.host}:{listener.port}"
    try:
        context = server_context(listener.certificates) if listener.certificates else None
    except (OSError, ValueError) as error:
        files = ", ".join(f"{pair.chain} and {pair.key}" for pair in listener.certificates)
        raise StartError(f"the certificates of {place} cannot be used ({files}): {error}") from error
    try:
        return listening_socket(listener), context
    except OSError as error:
        raise StartError(f"cannot listen on {place}: {why_not_bound(error, listener.port)}") from error


def why_not_bound(error: OSError, port: int) -> str:
    """Return what an error of `bind` means, and what to do."""
    match error.errno:
        case errno.EADDRINUSE:
            return f"the port is in use: `ss -ltnp 'sport = :{port}'` names its owner; or choose another in listeners"
        case errno.EACCES:
            return "a port below 1024 needs AmbientCapabilities=CAP_NET_BIND_SERVICE in the service unit"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address: see `ip address`"
        case _:
            return error.strerror or str(error)


async def _listen(
    gateway: Gateway, listener: "Listener", sock: "socket.socket", context: "ssl.SSLContext | None"
) -> web.ServerRunner:
    runner = web.ServerRunner(RelayServer(gateway, listener), shutdown_timeout=gateway.config.drain_seconds)
    await runner.setup()
    await ListenerSite(runner, sock, context).start()
    return runner


def _hinter(log: Events) -> "Callable[[str, dict[str, str]], None]":
    def hint(event: str, details: dict[str, str]) -> None:
        text = HINTS.get(event)
        if event in GOOD_NEWS:
            log.info(event, **details)
        elif text is None:
            log.error(event, **details)
        else:
            log.warning(event, **details, remedy=text.format(**details))

    return hint


def _warn_of_unresolved(gateway: Gateway, log: Events) -> None:
    for host in gateway.names.unresolved():
        log.warning(
            "upstream.name_unresolved",
            host=host,
            error=gateway.names.error(host),
            remedy="correct the name in upstream, or the DNS; its sites answer 502 until it resolves",
        )


def _say_ready(config: "Config", log: Events) -> None:
    trusted = ", ".join(map(str, config.trusted_proxies)) or "nobody"
    for listener in config.listeners:
        scheme = "https" if listener.certificates else "http"
        host = f"[{listener.host}]" if ":" in listener.host else listener.host
        log.info("listener.ready", address=f"{scheme}://{host}:{listener.port}", trusted_proxies=trusted)
    names = sorted({site.name for site in config.policy.sites.values()}) or ["*"]
    log.info(
        "gateway.ready", version=__version__, sites=", ".join(names), loop=type(asyncio.get_running_loop()).__module__
    )


def files_needed(config: "Config") -> int:
    """Return how many files may be open at a time: connections of clients, those to upstreams, and what is besides.

    A connection to an upstream is for a request in flight or a stream, whose number each site bounds; one that is
    parked was for such a one, and is the next's.
    """
    clients = sum(listener.limits.connections for listener in config.listeners)
    upstreams = sum(site.limits.in_flight + site.limits.streams for site in config.sites)
    return clients + TOLD_CONNECTIONS * len(config.listeners) + min(clients, upstreams) + FILES_BESIDES


def _check_files(config: "Config") -> None:
    """Raise the limit of open files, and refuse to start where that is not enough: better now than on a busy morning.

    Raises:
        StartError
    """
    files, needed = raise_file_limit(), files_needed(config)
    if files is not None and files < needed:
        raise StartError(
            f"{needed} files may be open at a time, and {files} are allowed: set LimitNOFILE={needed} in the service"
            f" unit (`ulimit -Hn {needed}` in root's shell), or lower limits.connections of the listeners"
        )


def _signalled() -> tuple[asyncio.Event, asyncio.Event]:
    """Return what the first signal sets, and what the second does."""
    loop = asyncio.get_running_loop()
    stop, cut = asyncio.Event(), asyncio.Event()

    def signalled() -> None:
        (cut if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    return stop, cut


async def _drain(log: Events, gateway: Gateway, runners: list[web.ServerRunner], cut: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    gateway.drain()
    log.info("gateway.draining", seconds=gateway.config.drain_seconds)
    drains = [loop.create_task(runner.cleanup()) for runner in runners]
    cutting = loop.create_task(cut.wait())
    cutting.add_done_callback(lambda _: [drain.cancel() for drain in drains])
    await asyncio.gather(*drains, return_exceptions=True)
    cutting.cancel()
