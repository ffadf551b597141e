"""New connections to an upstream: one attempt each, that ends with its client (contract item 18)."""

import asyncio
import contextlib
import math
import socket
import ssl
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import aiohappyeyeballs

from gateway.policy.reason import Reason
from gateway.relay.decrypted import TlsUpstreamConnection
from gateway.relay.fault import where
from gateway.relay.route import Route
from gateway.relay.tls import public_key_pin
from gateway.relay.upstream import UpstreamConnection

if TYPE_CHECKING:
    from gateway.relay.exchange import Exchange
    from gateway.relay.names import SocketAddress
    from gateway.relay.pool import Pool

EYEBALLS_SECONDS: Final = 0.25
"""Head start of the first address family (RFC 8305, 5)."""

_AT_ITS_END: Final[Any] = object()
"""What stands for the next future of a coroutine that has none left."""

Made: TypeAlias = tuple[asyncio.BaseTransport, UpstreamConnection]


class Attempt:
    """A new connection being made for one exchange; it ends with its client (contract item 18)."""

    __slots__ = ("_connecting", "_connection", "_route", "_sock", "_waits_for", "due", "exchange", "pool")

    def __init__(self, pool: "Pool", exchange: "Exchange", routes: tuple[Route, ...]) -> None:
        """Begin."""
        self.pool = pool
        self.exchange: Exchange | None = exchange
        self.due = pool.gateway.loop.time() + pool.upstream.timeouts.connect
        self._sock: socket.socket | None = None
        """Of a TCP connection that is there, and that the loop is about to make a transport of."""
        pool.gateway.upstreams.add(self)
        self._waits_for: asyncio.Future[Any] | None = None
        """What is cancelled with us: what the loop's coroutine waits for, or the task; None before its first step."""
        self._connection: UpstreamConnection | None = None
        """What is being connected by the only way there is, or is connected."""
        self._route = route = routes[0]
        addresses = pool.gateway.names.addresses(route.url.host)
        if len(routes) == len(addresses) == 1 and not route.tls_name:
            self._connecting = self._connect_at_once(route, addresses[0]).__await__()
            self._go_on()
        else:
            self._waits_for = pool.gateway.loop.create_task(self._run(routes))

    def abort(self) -> None:
        """Give up: nobody waits any more."""
        self.exchange = None
        self.pool.gateway.upstreams.discard(self)  # A task that is cancelled before its first step never runs.
        if self._sock is None:
            if self._waits_for is not None:
                self._waits_for.cancel()
        else:  # Cancelled now, uvloop would close the socket behind our back, and tell nobody of the connection's end.
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)

    def look(self) -> None:
        """Do nothing: there is no connection yet."""

    def expire(self) -> None:
        """Give up for lack of time."""
        self.due = math.inf
        exchange = self.exchange
        self.abort()
        if exchange is not None:
            seconds = self.pool.upstream.timeouts.connect
            try:
                exchange.failed(Reason.UPSTREAM_CONNECT_TIMEOUT, f"no connection within {seconds:g} s")
            except Exception as error:  # noqa: BLE001 - contract item 22
                exchange.broken(error)

    async def _run(self, routes: tuple[Route, ...]) -> None:
        try:
            connection, reason, detail = await self._first_that_answers(routes)
        finally:
            self.pool.gateway.upstreams.discard(self)
        self._hand_over(connection, reason, detail)

    def _go_on(self, _: object = None) -> None:
        """Have the loop connect, as a task would, until it waits for something or is done.

        A task for each connection would take its place among all tasks, and leave it, and coroutines of our own in it
        would be gone through at each step.
        """
        try:
            waits_for: Any = next(self._connecting, _AT_ITS_END)  # not `send`, which tells of it by an exception
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - all is told as one of our reasons
            self._done(error)
            return
        if waits_for is _AT_ITS_END:
            self._done(None)
            return
        waits_for._asyncio_future_blocking = False  # noqa: SLF001 - which says that it was waited for, as it asks to
        waits_for.add_done_callback(self._go_on)
        self._waits_for = waits_for

    def _done(self, error: BaseException | None) -> None:
        """Go on with what came of the only way there is."""
        if self._waits_for is None:  # at once: whoever wants the connection does not know of us yet
            self.pool.gateway.loop.call_soon(self._made_at_once, error)
        else:
            self._waits_for = None
            self._made_at_once(error)

    def _made_at_once(self, error: BaseException | None) -> None:
        self.pool.gateway.upstreams.discard(self)
        if error is None:
            self.pool.servers.connected(self._route.url)
            self._hand_over(self._connection, Reason.INTERNAL, "")
        elif self.exchange is not None:  # given up, it would say nothing of the server
            reason, detail = _told(error, self._route)
            self.pool.servers.failed(self._route.url, reason, detail)
            self._hand_over(None, reason, detail)

    def _hand_over(self, connection: UpstreamConnection | None, reason: Reason, detail: str) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            if connection is not None:
                connection.drop()
            return
        try:
            if connection is None:
                exchange.failed(reason, detail)
            elif connection.is_open:
                self.pool.gateway.upstreams.add(connection)
                exchange.connected(connection)
            else:
                exchange.failed(Reason.UPSTREAM_CLOSED, "the upstream closed the connection before it was asked")
        except Exception as error:  # noqa: BLE001 - contract item 22
            exchange.broken(error)

    async def _first_that_answers(self, routes: tuple[Route, ...]) -> tuple[UpstreamConnection | None, Reason, str]:
        reason, detail = Reason.UPSTREAM_NAME_UNRESOLVED, ""
        # Each has its share of the time: one that swallows packets must leave some to the next.
        share = self.pool.upstream.timeouts.connect / len(routes) if len(routes) > 1 else None
        loop = self.pool.gateway.loop
        for route in routes:
            began = loop.time()
            addresses = self.pool.gateway.names.addresses(route.url.host)
            if not addresses:
                reason = Reason.UPSTREAM_NAME_UNRESOLVED
                detail = f"{route.url.host}: {self.pool.gateway.names.error(route.url.host)}"
            else:
                try:
                    connection = await self._connect(route, addresses, share)
                except Exception as error:  # noqa: BLE001 - whatever it fails with is told as one of our reasons
                    reason, detail = _told(error, route)
                    if share is not None and loop.time() - began >= share:  # which a loop's own words do not tell
                        reason = Reason.UPSTREAM_CONNECT_TIMEOUT
                        detail = f"{route.url.authority}: no connection within {share:g} s"
                else:
                    self.pool.servers.connected(route.url)
                    return connection, reason, detail
            if self.exchange is None:  # given up: what failed says nothing of the server, and nobody wants the next
                break
            self.pool.servers.failed(route.url, reason, detail)
        return None, reason, detail

    async def _connect(
        self, route: Route, addresses: "tuple[SocketAddress, ...]", share: float | None
    ) -> UpstreamConnection:
        if len(addresses) == 1 and not route.tls_name:
            async with asyncio.timeout(share):
                _, connection = await self._connect_at_once(route, addresses[0])
                return connection
        loop = self.pool.gateway.loop
        began = loop.time()
        infos = [
            (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, route.url.port)) for family, host in addresses
        ]
        async with asyncio.timeout(share):
            sock = await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType] - a bare tuple
                infos, happy_eyeballs_delay=EYEBALLS_SECONDS, loop=loop
            )
        self._sock = sock
        kind = TlsUpstreamConnection if route.tls_name else UpstreamConnection
        try:
            _, connection = await loop.create_connection(
                lambda: kind(self.pool, route),
                sock=sock,
                ssl=self.pool.context if route.tls_name else None,
                server_hostname=route.tls_name or None,
                ssl_handshake_timeout=max(share - loop.time() + began, 0.001) if share and route.tls_name else None,
            )
        except BaseException:
            with contextlib.suppress(OSError):  # closed by the loop already
                sock.close()
            raise
        finally:
            self._sock = None
        pin = self.pool.upstream.tls.pin
        if route.tls_name and pin is not None:
            self._check_pin(connection, pin)
        return connection

    def _connect_at_once(self, route: Route, address: "SocketAddress") -> Coroutine[Any, Any, Made]:
        """Connect where there is no choice of addresses: in a third of the time, since the loop does it all.

        Every request takes this way where the upstream closes after each answer, as PHP's does.
        """
        connection = self._connection = UpstreamConnection(self.pool, route)
        create_connection = self.pool.gateway.loop.create_connection
        family, host = address
        return create_connection(connection.itself, host, route.url.port, family=family)

    def _check_pin(self, connection: UpstreamConnection, pin: str) -> None:
        ssl_object = connection.transport.get_extra_info("ssl_object") if connection.transport is not None else None
        certificate = ssl_object.getpeercert(binary_form=True) if ssl_object is not None else None
        found = public_key_pin(certificate) if certificate else "no certificate"
        if found != pin:
            connection.drop()
            message = f"the certificate's public key is {found}, not the one pinned"
            raise ssl.SSLCertVerificationError(1, message)


def _told(error: BaseException, route: Route) -> tuple[Reason, str]:
    reason = why_not_connected(error)
    words = where(error) if reason is Reason.INTERNAL else str(error)
    return reason, f"{route.url.authority}: {words}"


def why_not_connected(error: BaseException) -> Reason:
    """Return the reason for what connecting failed with; the one place that knows a library's exceptions."""
    match error:
        case ConnectionRefusedError():
            return Reason.UPSTREAM_REFUSED
        case ssl.SSLCertVerificationError():
            return Reason.UPSTREAM_CERTIFICATE
        case ssl.SSLError() | ConnectionError():
            return Reason.UPSTREAM_TLS if isinstance(error, ssl.SSLError) else Reason.UPSTREAM_CLOSED
        case TimeoutError():
            return Reason.UPSTREAM_CONNECT_TIMEOUT
        case OSError():
            return Reason.UPSTREAM_UNREACHABLE
        case _:
            return Reason.INTERNAL
