"""Connections before the first request: a PROXY header, then TLS; counted from the accept on (contract item 1)."""

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Final

from gateway.http1.errors import MalformedError
from gateway.http1.proxy_protocol import Announced, ProxyHeader
from gateway.policy.reason import Reason
from gateway.relay.admission import Entry
from gateway.relay.client import ClientConnection
from gateway.relay.connection import NEVER
from gateway.relay.decrypted import TlsClientConnection
from gateway.relay.door import Door

if TYPE_CHECKING:
    import asyncio

    from gateway.relay.admission import Admission
    from gateway.relay.gateway import Gateway

PEEKED_OCTETS: Final = 1024
"""Looked at once while a PROXY header is read; one of more octets takes several looks."""


class Handshake:
    """A client's connection before it is a `ClientConnection`. Whatever ends it goes through `done`, once."""

    __slots__ = ("_admission", "_context", "_done", "_gateway", "_peer", "_sock", "_task", "announced", "due")

    def __init__(
        self,
        gateway: "Gateway",
        admission: "Admission",
        sock: socket.socket,
        peer: str,
        context: ssl.SSLContext | None,
    ) -> None:
        """Begin, if the listener has room; `sock` has just been accepted from `peer`. Without `context`: plain HTTP."""
        self._gateway = gateway
        self._admission = admission
        self._sock = sock
        self._peer = peer
        self._context = context
        self._done = False
        self._task: asyncio.Task[None] | None = None
        self.announced: Announced | None = None
        """What a PROXY header said."""
        self.due = gateway.loop.time() + admission.listener.limits.handshake_seconds
        if admission.enter(self, gateway.counted_address(peer)) is Entry.CUT:
            gateway.listener_full(admission.listener)
            gateway.count(Reason.GATEWAY_BUSY)
            sock.close()
            return
        gateway.joined(self)
        self._task = gateway.loop.create_task(self._run())

    @property
    def door(self) -> Door:
        """By what way the client came in."""
        by_tls = self._context is not None
        if self.announced is None:
            return Door(self._peer, self._gateway.counted_address(self._peer), by_tls=by_tls)
        address = self.announced.address
        counts_as = self._gateway.counted_address(self._peer) if address is None else address
        return Door(address or self._peer, counts_as, by_tls=by_tls or self.announced.tls, announced=True)

    def done(self) -> None:
        """Count out: a `ClientConnection` takes the place, or nobody."""
        if not self._done:
            self._done = True
            self.due = NEVER
            self._gateway.left(self)
            self._admission.leave(self)

    def abort(self) -> None:
        """Give up: whoever reads or writes meets the end of the connection, and the loop lets go of it."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def expire(self) -> None:
        """Give up for lack of time."""
        self.due = NEVER
        self._gateway.count(Reason.HANDSHAKE_TIMEOUT)
        self.abort()

    def look(self) -> None:
        """Do nothing: a handshake is always read, which shows who leaves."""

    def drain(self) -> None:
        """Go on: who is at the door is served one request."""

    shut_down = abort

    async def _run(self) -> None:
        limits = self._admission.listener.limits
        try:
            if not await self._is_introduced():
                return
            kind = TlsClientConnection if self._context else ClientConnection
            await self._gateway.loop.connect_accepted_socket(
                lambda: kind(self._gateway, self._admission, self),
                self._sock,
                ssl=self._context,
                # The loops' own deadlines come after ours, which the sweep looks to.
                ssl_handshake_timeout=limits.handshake_seconds * 2 if self._context else None,
                ssl_shutdown_timeout=limits.write_stall_seconds * 2 if self._context else None,
            )
        except ssl.SSLError as error:
            self._gateway.tls_failed(error)
        except OSError:
            pass  # the client left, or took too long
        finally:
            self.done()

    async def _is_introduced(self) -> bool:
        """Take the PROXY header of a proxy that has to send one; close the connection of one that does not."""
        if not (self._admission.listener.proxy_protocol and self._gateway.is_trusted(self._peer)):
            return True
        try:
            self.announced = await self._proxy_header()
        except MalformedError as error:
            self._gateway.not_announced(self._peer, error)
        except OSError:
            pass  # it left, or took too long
        if self.announced is None:
            self._sock.close()
            return False
        return True

    async def _proxy_header(self) -> Announced:
        """Take the PROXY header off the socket, and no octet behind it: TLS may begin there.

        Raises:
            MalformedError: there is none.
            OSError: the connection ended before it was whole.
        """
        header = ProxyHeader()
        while header.announced is None:
            try:
                seen = self._sock.recv(PEEKED_OCTETS, socket.MSG_PEEK)
            except (BlockingIOError, InterruptedError):
                await self._readable()
                continue
            if not seen:
                raise ConnectionAbortedError
            self._sock.recv(header.feed(seen))
        return header.announced

    async def _readable(self) -> None:
        loop, descriptor = self._gateway.loop, self._sock.fileno()
        readable: asyncio.Future[None] = loop.create_future()

        def arrived() -> None:
            loop.remove_reader(descriptor)
            readable.set_result(None)

        loop.add_reader(descriptor, arrived)
        await readable
