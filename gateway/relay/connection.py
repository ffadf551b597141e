"""What both sides of the gateway have in common: a transport, back-pressure, one deadline."""

import asyncio
import contextlib
import math
import socket
import struct
from typing import TYPE_CHECKING, Final, cast

from gateway.config.windows import WINDOWS

if TYPE_CHECKING:
    from gateway.relay.exchange import Exchange

WRITE_BUFFER_OCTETS: Final = 65_536
"""High-water mark of every transport's write buffer: what one slow reader can make us hold (contract item 14)."""

MAX_PIECES: Final = 256
"""Most writes, after which something waited, that a transport may hold; so many and the limit is reached, too.

Event loops keep an object or more for each write, a kilobyte in uvloop: octets that come one at a time would otherwise
cost nine hundred times what the limit counts.
"""

CLOSE_SECONDS: Final = 2.0
"""How long an orderly close may take before it is cut (contract item 19)."""

KEEP_ALIVE: Final = tuple(
    (getattr(socket, name), value)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
    if hasattr(socket, name)  # not on every system
)
"""After a minute of silence a peer is asked four times, every 15 s, whether it is still there: two minutes, where Linux
by itself takes over two hours. It also keeps an open stream in the tables of the firewalls on its way."""

LOOKS_BEFORE_KEEP_ALIVE: Final = 120
"""Sweeps, four a second, after which `KEEP_ALIVE` is set: in time before it would first ask."""

LONGEST_LAST_HEAD_OCTETS: Final = 2048
"""Longest head that the next one is held against: twice what browsers send without cookies, or applications answer."""

NEVER: Final = math.inf
"""A deadline that does not come."""

_RESET: Final = struct.pack("HH" if WINDOWS else "ii", 1, 0)
"""SO_LINGER with no time: closing discards what is unsent, and sends RST instead of FIN. Its two numbers are shorter on
Windows (`LINGER` of winsock.h)."""


class Connection(asyncio.BaseProtocol):
    """One transport with its back-pressure and its deadline; the sweep calls `expire` once `due` has passed.

    Not an `asyncio.Protocol`: uvloop would not use the buffer of those that have one (`decrypted.py`).
    """

    __slots__ = (
        "_looks",
        "_pieces",
        "due",
        "exchange",
        "flowing_since",
        "loop",
        "reading",
        "stalled",
        "stalled_since",
        "transport",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the transport."""
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        """Whose octets the connection carries right now."""
        self.reading = True
        self.stalled = False
        """The transport's write buffer is full: whoever fills it must pause."""
        self.stalled_since = -NEVER
        """Loop time when it last got full."""
        self.flowing_since = -NEVER
        """Loop time when it last had room again."""
        self.due = NEVER
        """Loop time of the one deadline in force."""
        self._pieces = 0
        """Writes since everything was sent."""
        self._looks = 0
        """How many sweeps it has lived through, up to `LOOKS_BEFORE_KEEP_ALIVE`."""

    # What the loop and the sweep call. Whatever fails there ends the connection and what it carries (contract item 22).

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        try:
            self._made(transport)
        except Exception as error:  # noqa: BLE001 - contract item 22
            self.broken(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever uses the connection."""
        try:
            self._lost(exc)
        except Exception as error:  # noqa: BLE001 - contract item 22
            self.broken(error)

    def eof_received(self) -> None:
        """Take the end of the peer's octets."""
        try:
            self._ended()
        except Exception as error:  # noqa: BLE001 - contract item 22
            self.broken(error)

    def expire(self) -> None:
        """Act on the deadline that passed. Called by the sweep only."""
        self.due = NEVER
        try:
            self._expired()
        except Exception as error:  # noqa: BLE001 - contract item 22
            self.broken(error)

    def look(self) -> None:
        """Notice what no loop tells of. Called by each sweep."""
        try:
            self._look()
        except Exception as error:  # noqa: BLE001 - contract item 22
            self.broken(error)

    def _made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, and set our own write limit on it."""
        # Not asserted: uvloop's transports do not derive from asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_OCTETS)

    def _take_little(self) -> None:
        """Have a TLS transport keep no octets; others keep none."""
        limit_reading = getattr(self.transport, "set_read_buffer_limits", None)
        if limit_reading is not None:
            # What is taken off the socket while we have paused, uvloop forgets when the peer's FIN comes: take little.
            limit_reading(high=1, low=0)

    @property
    def is_open(self) -> bool:
        """Whether octets written now have a way to the peer."""
        return self.transport is not None and not self.transport.is_closing()

    def write(self, octets: bytes) -> None:
        """Write immutable octets; nothing once the transport is closing or gone."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        transport.write(octets)
        if not transport.get_write_buffer_size():
            self._pieces = 0
            return
        self._pieces += 1
        if self._pieces >= MAX_PIECES and not self.stalled:
            transport.set_write_buffer_limits(high=0)  # which pauses at once, until everything is sent

    def set_reading(self, *, wanted: bool) -> None:
        """Read on, or pause; the one place that does it, whatever was asked before (contract item 14)."""
        if wanted is self.reading or self.transport is None or self.transport.is_closing():
            return
        self.reading = wanted
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def pause_writing(self) -> None:
        """Note that the peer does not keep up."""
        self.stalled = True
        self.stalled_since = self.loop.time()
        self._flow_changed()

    def resume_writing(self) -> None:
        """Note that it does again."""
        self.stalled = False
        if self._pieces >= MAX_PIECES and self.transport is not None:
            self.transport.set_write_buffer_limits(high=WRITE_BUFFER_OCTETS)
        self._pieces = 0
        self.flowing_since = self.loop.time()
        self._flow_changed()

    def _flow_changed(self) -> None:
        try:
            self.flow_changed()
        except Exception as error:  # noqa: BLE001 - contract item 22
            self.broken(error)

    def flow_changed(self) -> None:
        """Have the other side pause or read on, now that `stalled` has changed."""
        if self.exchange is not None:
            self.exchange.balance()

    def end(self, seconds: float = CLOSE_SECONDS) -> None:
        """Close in order: what is written goes out first; after `seconds` the rest is cut (contract item 19)."""
        if self.transport is not None:
            self.due = self.loop.time() + seconds
            if not self.transport.is_closing():  # asyncio's TLS transports cannot be aborted once closed twice
                self.transport.close()

    def abort(self) -> None:
        """Cut off, without a clean TLS end, so that nothing cut off looks whole (contract item 19)."""
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        """Cut off with RST, where a FIN would look like an end."""
        if self.transport is not None:
            sock = self.transport.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):  # reset by the peer already
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()

    def _lost(self, exc: Exception | None) -> None:
        raise NotImplementedError

    def _ended(self) -> None:
        raise NotImplementedError

    def _expired(self) -> None:
        raise NotImplementedError

    def _look(self) -> None:
        """See to it that a peer that vanishes is noticed, once the connection is older than most ever get.

        On a connection that carries one request, as an upstream like PHP's gets them, it is not worth its while: with
        it such a request made 23 system calls, and makes 13.
        """
        if self._looks == LOOKS_BEFORE_KEEP_ALIVE or self.transport is None:
            return
        self._looks += 1
        if self._looks == LOOKS_BEFORE_KEEP_ALIVE:
            sock = self.transport.get_extra_info("socket")
            if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
                with contextlib.suppress(OSError, ValueError):  # the peer is gone already, and the loop will say so
                    _ask_whether_it_is_there(sock)

    def broken(self, error: Exception) -> None:
        """End after a fault of our own: both sides aborted, one line in the log (contract item 22)."""
        raise NotImplementedError


def _ask_whether_it_is_there(sock: socket.socket) -> None:
    """Set `KEEP_ALIVE` on a socket, or on what an event loop has instead of it.

    uvloop's makes a socket of its descriptor for each option that is set: it is made once here.

    Raises:
        OSError, ValueError: the connection has ended.
    """
    same = socket.socket(sock.family, sock.type, sock.proto, fileno=sock.fileno())
    try:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE:
            same.setsockopt(socket.IPPROTO_TCP, option, value)
    finally:
        same.detach()  # the loop's to close
