"""Addresses that are listened on: each as long as the configuration has it, whatever else of it changes."""

import socket
import ssl
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web

from gateway.relay.client import ClientConnection
from gateway.service.acceptor import ListenerSite, RelayServer
from gateway.service.tls import Identity

if TYPE_CHECKING:
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
        self.listener = listener
        self._gateway = gateway
        self._sock = sock
        self.server = RelayServer(gateway, listener)
        self.identity: Identity | None = None
        """What clients are shown, in TLS."""
        self._site: ListenerSite | None = None
        self.runner: web.ServerRunner | None = None

    async def start(self, identity: Identity | None) -> None:
        """Begin to accept."""
        self.identity = identity
        self.runner = web.ServerRunner(self.server)
        await self.runner.setup()
        self._site = ListenerSite(self.runner, self._sock.dup(), _context(identity))
        await self._site.start()

    async def change(self, listener: "Listener", identity: Identity | None) -> None:
        """Go by another listener at the same address; connections that are there end by the one they began with."""
        if _begins_alike(listener, self.listener):
            self.listener = self.server.admission.listener = listener
            self.renew(identity)
            return
        former = self.server, self._site
        self.listener = listener
        self.server = RelayServer(self._gateway, listener)
        await self.start(identity)
        await self._end(*former)

    def renew(self, identity: Identity | None) -> None:
        """Show other certificates from now on."""
        self.identity = identity
        if self._site is not None:
            self._site.renew(_context(identity))

    async def stop(self) -> None:
        """Accept no more, and let go of the address. Whoever is connected is served one more request."""
        await self._end(self.server, self._site)
        self._sock.close()

    async def let_go(self) -> None:
        """Accept no more, and let go of the address, or the kernel would go on taking connections for us."""
        self._sock.close()
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def drain(self) -> None:
        """Wait for whoever is connected."""
        if self.runner is not None:
            await self.runner.cleanup()

    async def _end(self, server: RelayServer, site: ListenerSite | None) -> None:
        if site is not None:
            await site.stop()
        server.admission.draining = True
        for client in tuple(self._gateway.clients):
            if isinstance(client, ClientConnection) and client.admission is server.admission:
                client.drain()


def _context(identity: Identity | None) -> ssl.SSLContext | None:
    return None if identity is None else identity.context


def _begins_alike(one: "Listener", other: "Listener") -> bool:
    """Tell whether connections to two listeners begin in the same way: with TLS, a PROXY header, or a request."""
    return (bool(one.certificates), one.proxy_protocol) == (bool(other.certificates), other.proxy_protocol)
