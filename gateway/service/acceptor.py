"""Listeners as aiohttp's runner drives them: it accepts, hands each connection to the relay, and shuts down."""

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Final, cast

from aiohttp import web

from gateway.relay.admission import Admission
from gateway.relay.client import ClientConnection
from gateway.relay.door import address_of_peer
from gateway.relay.handshake import Handshake

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from gateway.config.model import Listener
    from gateway.relay.gateway import Gateway

BACKLOG: Final = 1024
"""Connections the kernel holds for us between two passes of the loop."""
ACCEPTS_A_PASS: Final = 16
"""Connections taken at once: handshakes are work, and those under way have their turn between."""
NOBODY_ELSES: Final[int] = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
"""An address that is had again at once after a restart, and by nobody else meanwhile. On Windows SO_REUSEADDR would let
any process take it from us (https://learn.microsoft.com/windows/win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse)."""
NO_FILES_SECONDS: Final = 1.0
"""How long nothing is accepted after the kernel had no file descriptor or memory for a connection."""


class RelayServer(web.Server):
    """aiohttp's connection factory, handing out the relay's own protocol."""

    def __init__(self, gateway: "Gateway", listener: "Listener") -> None:
        """Accept for `listener`."""
        super().__init__(_no_handler)
        self._gateway = gateway
        self.admission = Admission(listener)

    def __call__(self) -> ClientConnection:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - the very point
        """Return the protocol for one connection."""
        return ClientConnection(self._gateway, self.admission)

    @property
    def expects_a_proxy_header(self) -> bool:
        """Whether proxies in front have to say first whose connection it is."""
        return self.admission.listener.proxy_protocol

    def shake_hands(self, sock: socket.socket, peer: str, context: "ssl.SSLContext | None") -> None:
        """Take a connection that was just accepted, and that begins with TLS or a PROXY header."""
        Handshake(self._gateway, self.admission, sock, peer, context)

    def cannot_accept(self, error: OSError) -> None:
        """Tell that the kernel has no room for another connection."""
        self._gateway.hint("listener.no_files", error.strerror or "", error=error.strerror or str(error))

    def pre_shutdown(self) -> None:
        """Begin to drain."""
        self._gateway.drain()

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109, ARG002 - aiohttp's signature
        """Wait for what is under way, as long as the configuration in force says."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._gateway.config.drain_seconds):
                while self._gateway.clients:  # whoever was at the door may have come in meanwhile
                    await self._gateway.empty.wait()


async def _no_handler(_request: web.BaseRequest) -> web.StreamResponse:
    raise web.HTTPInternalServerError  # never called: no request handler is ever made


class HandshakeAcceptor:
    """Accepts connections that do not begin with a request: the loops' own servers tell of them too late."""

    def __init__(self, sock: socket.socket, server: RelayServer, context: "ssl.SSLContext | None") -> None:
        """Begin to accept on `sock`, which is bound."""
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._server = server
        self._context = context
        self._pause: asyncio.TimerHandle | None = None
        sock.listen(BACKLOG)
        self._resume()

    def renew(self, context: "ssl.SSLContext | None") -> None:
        """Shake hands with another context from now on."""
        self._context = context

    @property
    def sockets(self) -> "Iterable[socket.socket]":
        """The listening socket."""
        return (self._sock,)

    def close(self) -> None:
        """Accept no more."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _resume(self) -> None:
        self._loop.add_reader(self._sock.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_A_PASS):
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:  # left before we came to it
                continue
            except OSError as error:
                self._loop.remove_reader(self._sock.fileno())
                self._pause = self._loop.call_later(NO_FILES_SECONDS, self._resume)
                self._server.cannot_accept(error)
                return
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            self._server.shake_hands(sock, address_of_peer(peer), self._context)


class ListenerSite(web.SockSite):
    """A listening socket of the relay's."""

    def __init__(self, runner: web.ServerRunner, sock: socket.socket, context: "ssl.SSLContext | None") -> None:
        """Serve `sock`."""
        super().__init__(runner, sock, ssl_context=context)

    def renew(self, context: "ssl.SSLContext | None") -> None:
        """Shake hands with another context from now on."""
        if isinstance(self._server, HandshakeAcceptor):
            self._server.renew(context)

    async def start(self) -> None:
        """Begin to accept."""
        await web.BaseSite.start(self)
        server = self._runner.server
        assert isinstance(server, RelayServer)  # noqa: S101 - the runner was set up with one
        if self._ssl_context is not None or server.expects_a_proxy_header:
            acceptor = HandshakeAcceptor(self._sock, server, self._ssl_context)
            self._server = cast("asyncio.AbstractServer", acceptor)  # as far as aiohttp uses one
        else:
            # A task for each accepted connection would cost as much again as all of uvloop's accepting.
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(server, sock=self._sock, backlog=ACCEPTS_A_PASS)
            self._sock.listen(BACKLOG)  # asyncio takes as many at once as its backlog is


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a non-blocking socket for an address, which takes connections from now on.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Told that it is TCP, asyncio sets TCP_NODELAY on what is accepted: without, the second write of an answer waits.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, NOBODY_ELSES, 1)
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)  # now: of two that have bound an address, one learns of it only here
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    except OSError:
        sock.close()
        raise
    return sock
