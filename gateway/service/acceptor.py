"""Listeners as aiohttp's runner drives them: it accepts, hands each connection to the relay, and shuts down."""

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.relay.admission import Admission
from gateway.relay.client import ClientConnection

if TYPE_CHECKING:
    import ssl

    from gateway.config.model import Listener
    from gateway.relay.gateway import Gateway

BACKLOG: Final = 1024
"""Connections the kernel holds for us between two passes of the loop."""


class RelayServer(web.Server):
    """aiohttp's connection factory, handing out the relay's own protocol."""

    def __init__(self, gateway: "Gateway", listener: "Listener") -> None:
        """Accept for `listener`."""
        super().__init__(_no_handler)
        self._gateway = gateway
        self._admission = Admission(listener)

    def __call__(self) -> ClientConnection:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - the very point
        """Return the protocol for one connection."""
        return ClientConnection(self._gateway, self._admission)

    def pre_shutdown(self) -> None:
        """Begin to drain."""
        self._gateway.drain()

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - aiohttp's signature
        """Wait for what is under way, `timeout` seconds at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._gateway.empty.wait(), timeout)


async def _no_handler(_request: web.BaseRequest) -> web.StreamResponse:
    raise web.HTTPInternalServerError  # never called: no request handler is ever made


class ListenerSite(web.SockSite):
    """A listening socket with a deadline for TLS handshakes, which aiohttp's sites cannot set."""

    def __init__(
        self, runner: web.ServerRunner, sock: socket.socket, listener: "Listener", context: "ssl.SSLContext | None"
    ) -> None:
        """Serve `sock`."""
        super().__init__(runner, sock, ssl_context=context, backlog=BACKLOG)
        self._handshake_seconds = listener.limits.handshake_seconds

    async def start(self) -> None:
        """Begin to accept."""
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None  # noqa: S101 - the runner was set up
        handshake_seconds = self._handshake_seconds if self._ssl_context is not None else None
        self._server = await asyncio.get_running_loop().create_server(
            server,
            sock=self._sock,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=handshake_seconds,
        )


def listening_socket(listener: "Listener") -> socket.socket:
    """Return a bound, non-blocking socket for a listener.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if listener.host == "::" else 1)
        sock.bind((listener.host, listener.port))
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    except OSError:
        sock.close()
        raise
    return sock
