"""Connections are accepted here, and handed to the relay."""

import socket
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.relay.client import ClientConnection
from gateway.relay.door import address_of_peer
from gateway.relay.handshake import Handshake

if TYPE_CHECKING:
    import asyncio
    import ssl

    from gateway.relay.admission import Admission
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


class HandshakeAcceptor:
    """Accepts connections that do not begin with a request: the loops' own servers tell of them too late."""

    def __init__(
        self, gateway: "Gateway", admission: "Admission", sock: socket.socket, context: "ssl.SSLContext | None"
    ) -> None:
        """Begin to accept on `sock`, which is bound."""
        self._gateway = gateway
        self._admission = admission
        self._sock = sock
        self._context = context
        self._pause: asyncio.TimerHandle | None = None
        sock.listen(BACKLOG)
        self._resume()

    def renew(self, context: "ssl.SSLContext | None") -> None:
        """Shake hands with another context from now on."""
        self._context = context

    def close(self) -> None:
        """Accept no more."""
        if self._pause is not None:
            self._pause.cancel()
        self._gateway.loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _resume(self) -> None:
        self._gateway.loop.add_reader(self._sock.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_A_PASS):
            try:
                sock, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:  # left before we came to it
                continue
            except OSError as error:
                self._gateway.loop.remove_reader(self._sock.fileno())
                self._pause = self._gateway.loop.call_later(NO_FILES_SECONDS, self._resume)
                self._gateway.hint("listener.no_files", error.strerror or "", error=error.strerror or str(error))
                return
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            Handshake(self._gateway, self._admission, sock, address_of_peer(peer), self._context)


async def accepting(
    gateway: "Gateway", admission: "Admission", sock: socket.socket, context: "ssl.SSLContext | None"
) -> "asyncio.AbstractServer | HandshakeAcceptor":
    """Accept on `sock`, which is bound, until what is returned is closed, and it with that."""
    if context is not None or admission.listener.proxy_protocol:
        return HandshakeAcceptor(gateway, admission, sock, context)
    # A task for each accepted connection would cost as much again as all of uvloop's accepting.
    connection = partial(ClientConnection, gateway, admission)
    server = await gateway.loop.create_server(connection, sock=sock, backlog=ACCEPTS_A_PASS)
    sock.listen(BACKLOG)  # asyncio takes as many at once as its backlog is
    return server


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
