"""Connections to an upstream: one request at a time, idle ones watched."""

import asyncio
import contextlib
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from gateway.http1.errors import Http1Error
from gateway.http1.framing import SIZED
from gateway.http1.head import HeadBuffer, HeadLimits
from gateway.policy.reason import Reason
from gateway.relay.connection import CLOSE_SECONDS, NEVER, WRITE_BUFFER_OCTETS, Connection
from gateway.relay.readable import Look, read, watch
from gateway.relay.route import Route
from gateway.relay.scanners import begin_response, body_reader, parse_response_head
from gateway.relay.tls import ended_by_close_notify

if TYPE_CHECKING:
    from gateway.http1.framing import BodyReader
    from gateway.http1.head import ResponseHead
    from gateway.relay.exchange import Exchange
    from gateway.relay.pool import Pool

RESPONSE_HEAD_LIMITS: Final = HeadLimits()
"""The same bounds as for requests (R11 of docs/design.md)."""
MAX_INTERIM: Final = 8
"""1xx responses dropped in one exchange before the upstream counts as broken (contract item 11)."""
LAST_READS: Final = 4
"""How often a connection that was reset is read still, a write buffer each: its answer was an early one, and short."""


class State(Enum):
    """What an upstream connection is doing."""

    BUSY = auto()
    TUNNEL = auto()
    IDLE = auto()
    CLOSED = auto()


BUSY: Final = State.BUSY
TUNNEL: Final = State.TUNNEL
IDLE: Final = State.IDLE


class UpstreamConnection(Connection):
    """One connection to an upstream. `exchange` is whose request it carries, while BUSY."""

    __slots__ = ("_buffer", "_has_come", "interim", "pool", "reader", "reused", "route", "silent", "state")

    def __init__(self, pool: "Pool", route: Route) -> None:
        """Wait for the transport, for an exchange to begin."""
        super().__init__(pool.gateway.loop)
        self.pool = pool
        self.route = route
        self.state = State.IDLE
        self._buffer: HeadBuffer | None = None
        """Of a head that comes in parts."""
        self.reader: BodyReader | None = None
        """Reader of the response body; None before its head is whole."""
        self.interim = 0
        self.reused = False
        self.silent = True
        """No octet of the response has come yet."""
        self._has_come: Look | None = None
        """Tells whether octets, or the end, have come that the loop has not told of; once it was asked for."""

    def itself(self) -> "UpstreamConnection":
        """Return this connection, to a loop that asks for one to be made: it is there already."""
        return self

    def _made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; whoever connected will begin."""
        super()._made(transport)
        if self.route.tls_name:  # asked of another one, it would be an error raised for each connection
            self._take_little()

    def _lost(self, exc: Exception | None) -> None:
        """Tell whoever uses the connection."""
        if isinstance(exc, ConnectionError) and self.exchange is not None:
            self._take_what_had_come()
        self.transport = None
        state, self.state = self.state, State.CLOSED
        self.pool.gateway.upstreams.discard(self)
        if state is State.IDLE:
            self.pool.forget(self)
        elif self.exchange is not None:
            exchange, self.exchange = self.exchange, None
            exchange.upstream_lost(self, str(exc) if exc else "")

    def _take_what_had_come(self) -> None:
        """Read what the kernel still holds: an answer that came before an upload ended, with a reset right behind it.

        asyncio meets the reset in writing, and reads no more; uvloop reads first. Of TLS it would be no use.
        """
        sock = self.transport.get_extra_info("socket") if self.transport is not None else None
        if sock is None or self.route.tls_name:
            return
        with contextlib.suppress(OSError):  # nothing is left, or the descriptor is closed already
            for _ in range(LAST_READS):
                data = read(sock.fileno(), WRITE_BUFFER_OCTETS)
                if not data or self.exchange is None:
                    return
                self.data_received(data)

    def begin(self, exchange: "Exchange") -> None:
        """Carry the request of `exchange` from now on."""
        self.state = BUSY
        self.exchange = exchange
        self.due = NEVER
        self.interim = 0
        self.silent = True
        self.reader = None

    def open_tunnel(self) -> None:
        """Relay octets as they come from now on."""
        self.state = State.TUNNEL

    def release(self, *, reusable: bool, now: float) -> None:
        """Be done with an exchange whose both sides are, at loop time `now`: park, or close.

        Not parked while octets of the request wait to be sent: the upstream has answered without reading them.
        """
        self.exchange = None
        pool = self.pool
        if reusable and not pool.retired and self._has_sent_all():
            self.state = IDLE
            self.reused = True
            if not self.reading:
                self.set_reading(wanted=True)
            self.due = now + pool.upstream.timeouts.keep_alive
            pool.park(self)
        else:
            self.state = State.CLOSED
            self.end()

    def _has_sent_all(self) -> bool:
        transport = self.transport
        return transport is not None and not transport.is_closing() and not transport.get_write_buffer_size()

    def is_quiet(self) -> bool:
        """Tell whether a parked connection is still fit for a request.

        Asked of the kernel: the upstream's end, or octets that would be taken for the answer, may have come already in
        this pass of the loop, which tells us of them in the next.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            return False
        if self._has_come is None:  # the socket of a transport that is open stays the same
            sock = transport.get_extra_info("socket")
            if sock is None:
                return True
            self._has_come = watch(sock.fileno())
        return not self._has_come()

    def drop(self) -> None:
        """Cut off a connection that is of no use any more; nobody waits for what it says."""
        self.exchange = None
        if self.state is State.IDLE:
            self.pool.forget(self)
        self.state = State.CLOSED
        self.abort()

    def _drop_unless_closing(self) -> None:
        """Cut off an idle connection that did anything.

        One that is being closed is left to it: both loops' TLS tells of what it finds while it closes, within our call
        of `close`, which fails if the connection is aborted meanwhile.
        """
        if self.is_open:
            self.drop()

    def end(self, seconds: float = CLOSE_SECONDS) -> None:
        """Close in order a connection that nobody uses."""
        if self.state is State.IDLE:
            self.pool.forget(self)
            self.state = State.CLOSED
        super().end(seconds)

    def data_received(self, data: bytes) -> None:
        """Take octets of the response; octets that nobody asked for end the connection."""
        exchange = self.exchange
        if exchange is None:
            self._drop_unless_closing()
            return
        try:
            if self.state is TUNNEL:
                exchange.tunnel_down(data)
            else:
                self._octets(exchange, data)
        except Http1Error as error:
            exchange.failed(Reason.UPSTREAM_MALFORMED, str(error))
        except Exception as error:  # noqa: BLE001 - contract item 22: any exception aborts both sides and logs one line
            exchange.broken(error)
            self.drop()

    def broken(self, error: Exception) -> None:
        """End after a fault of our own (contract item 22)."""
        if self.exchange is not None:
            self.exchange.broken(error)
        else:
            self.pool.gateway.fault(error, "")
        self.drop()

    def _octets(self, exchange: "Exchange", data: bytes) -> None:
        self.silent = False
        while self.reader is None:
            method = exchange.head.method
            begun = self._begun(data, method) if self._buffer is None else None
            if begun is not None:
                head, data = begun
            else:
                if self._buffer is None:
                    self._buffer = HeadBuffer(RESPONSE_HEAD_LIMITS, begins=b"HTTP/")
                found = self._buffer.feed(data)
                if found is None:
                    return
                self._buffer = None
                octets, data = found
                head = parse_response_head(octets, method, RESPONSE_HEAD_LIMITS)
            if head.status >= 200:  # noqa: PLR2004 - 1xx are interim (RFC 9110, 15.2)
                framing = head.body
                if framing.kind is SIZED and framing.length == len(data):  # all there is, and at once
                    exchange.response(self, head, data, ended=True, over=False)
                    return
                self.reader = reader = body_reader(framing, extensions=True)
                body, rest = reader.feed(data)
                exchange.response(self, head, body, ended=reader.done, over=bool(rest))
                return
            if head.status == 101 and exchange.switched(self, head, data):  # noqa: PLR2004 - Switching Protocols
                return
            self.interim += 1
            if head.status == 101 or self.interim > MAX_INTERIM:  # noqa: PLR2004 - Switching Protocols, which nobody asked for
                exchange.failed(
                    Reason.UPSTREAM_MALFORMED, f"the upstream answered {head.status} unasked, or too many 1xx"
                )
                return
            if not data:
                return
        body, rest = self.reader.feed(data)
        exchange.response_body(self, body, ended=self.reader.done, over=bool(rest))

    def _begun(self, data: bytes, method: bytes) -> "tuple[ResponseHead, bytes] | None":
        """Return the head that `data` begins with, and what stands behind it; None where it comes in parts, or is none.

        Where the octets are those of the last one to the same method, they say the same again.
        """
        pool = self.pool
        last = pool.last_head
        if last is not None:
            octets, answered, head = last
            if data.startswith(octets) and method == answered:
                return head, data[len(octets) :]
        begun = begin_response(data, method, RESPONSE_HEAD_LIMITS)
        if begun is not None:
            head, behind = begun
            pool.remember(data[: len(data) - len(behind)], method, head)
        return begun

    def _ended(self) -> None:
        """Take the upstream's end: the end of an until-close body, or a cut-off (contract items 6 and 10)."""
        exchange = self.exchange
        if exchange is None:
            self._drop_unless_closing()
        elif self.state is State.TUNNEL:
            exchange.tunnel_ended()
        elif self.reader is not None and exchange.until_close and self._ended_cleanly():
            exchange.response_body(self, b"", ended=True, over=False)
        else:  # now, and not once the loop has sent what of the request the upstream does not take any more
            self.exchange = None
            exchange.upstream_lost(self, "")
            self.drop()

    def _expired(self) -> None:
        """End an idle connection; fail the exchange of a busy one; cut one that does not get closed."""
        if self.state is State.IDLE:
            self.end()
        elif self.exchange is not None:
            self.exchange.upstream_expired()
        else:
            self.abort()

    def _ended_cleanly(self) -> bool:
        ssl_object = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        return ssl_object is None or ended_by_close_notify(ssl_object)
