"""Addresses that are listened on: each as long as the configuration has it, whatever else of it changes."""

import socket
import ssl
from typing import TYPE_CHECKING, TypeAlias

from gateway.relay.admission import Admission
from gateway.relay.client import ClientConnection
from gateway.service.acceptor import HandshakeAcceptor, accepting
from gateway.service.tls import Identity

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from gateway.config.model import Listener
    from gateway.relay.gateway import Gateway

Place: TypeAlias = tuple[str, int, int]
"""Address, port, and which of several with these: port 0 stands for any that is free."""


def places(listeners: "Iterable[Listener]") -> "dict[Place, Listener]":
    """Return listeners by where they listen."""
    found: dict[Place, Listener] = {}
    for listener in listeners:
        nth = 0
        while (listener.host, listener.port, nth) in found:
            nth += 1
        found[listener.host, listener.port, nth] = listener
    return found


class Listening:
    """One address, and whoever accepts there now.

    The listening socket stays the same, so that nobody who has connected is lost when something else of the listener
    changes: those who wait in it are accepted by whoever accepts next.
    """

    def __init__(self, gateway: "Gateway", listener: "Listener", sock: socket.socket) -> None:
        """Take a bound socket; nothing is accepted yet."""
        self._gateway = gateway
        self._sock = sock
        self.admission = Admission(listener)
        self.identity: Identity | None = None
        """What clients are shown, in TLS."""
        self._acceptor: asyncio.AbstractServer | HandshakeAcceptor | None = None

    @property
    def listener(self) -> "Listener":
        """What the configuration says of it."""
        return self.admission.listener

    async def start(self, identity: Identity | None) -> None:
        """Begin to accept."""
        self.identity = identity
        self._acceptor = await accepting(self._gateway, self.admission, self._sock.dup(), _context(identity))

    async def change(self, listener: "Listener", identity: Identity | None) -> None:
        """Go by another listener at the same address; connections that are there end by the one they began with."""
        if _begins_alike(listener, self.listener):
            self.admission.listener = listener
            self.renew(identity)
            return
        former = self.admission, self._acceptor
        self.admission = Admission(listener)
        await self.start(identity)
        self._end(*former)

    def renew(self, identity: Identity | None) -> None:
        """Show other certificates from now on."""
        self.identity = identity
        if isinstance(self._acceptor, HandshakeAcceptor):
            self._acceptor.renew(_context(identity))

    def stop(self) -> None:
        """Accept no more, and let go of the address. Whoever is connected is served one more request."""
        self._end(self.admission, self._acceptor)
        self._sock.close()

    def let_go(self) -> None:
        """Accept no more, and let go of the address, or the kernel would go on taking connections for us."""
        self._sock.close()
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None

    def _end(self, admission: Admission, acceptor: "asyncio.AbstractServer | HandshakeAcceptor | None") -> None:
        if acceptor is not None:
            acceptor.close()
        admission.draining = True
        for client in tuple(self._gateway.clients):
            if isinstance(client, ClientConnection) and client.admission is admission:
                client.drain()


def _context(identity: Identity | None) -> ssl.SSLContext | None:
    return None if identity is None else identity.context


def _begins_alike(one: "Listener", other: "Listener") -> bool:
    """Tell whether connections to two listeners begin in the same way: with TLS, a PROXY header, or a request."""
    return (bool(one.certificates), one.proxy_protocol) == (bool(other.certificates), other.proxy_protocol)
