"""What both sides of the gateway have in common: a transport, back-pressure, one deadline."""

import asyncio
import math
from typing import Final, cast

WRITE_BUFFER_OCTETS: Final = 65_536
"""High-water mark of every transport's write buffer: what one slow reader can make us hold (contract item 14)."""

CLOSE_SECONDS: Final = 2.0
"""How long an orderly close may take before it is cut (contract item 19)."""

NEVER: Final = math.inf
"""A deadline that does not come."""


class Connection(asyncio.Protocol):
    """One transport with its back-pressure and its deadline; the sweep calls `expire` once `due` has passed."""

    __slots__ = ("due", "loop", "reading", "stalled", "transport")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the transport."""
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.reading = True
        self.stalled = False
        """The transport's write buffer is full: whoever fills it must pause."""
        self.due = NEVER
        """Loop time of the one deadline in force."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport and set our own write limit on it."""
        # Not asserted: uvloop's transports do not derive from asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_OCTETS)

    def write(self, octets: bytes) -> None:
        """Write immutable octets; nothing once the transport is gone."""
        if self.transport is not None:
            self.transport.write(octets)

    def set_reading(self, *, wanted: bool) -> None:
        """Read on, or pause; the one place that does it, whatever was asked before (contract item 14)."""
        if wanted is self.reading or self.transport is None or self.transport.is_closing():
            return
        self.reading = wanted
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def end(self, flush_seconds: float = CLOSE_SECONDS) -> None:
        """Close in order: what is written goes out first, if the peer takes it in `flush_seconds`.

        With nothing to write, the close itself gets `CLOSE_SECONDS` before it is cut (contract item 19).
        """
        if self.transport is not None:
            seconds = flush_seconds if self.transport.get_write_buffer_size() else CLOSE_SECONDS
            self.due = self.loop.time() + seconds
            self.transport.close()

    def abort(self) -> None:
        """Cut off, without a clean TLS end, so that nothing cut off looks whole (contract item 19)."""
        if self.transport is not None:
            self.transport.abort()

    def expire(self) -> None:
        """Act on the deadline that passed. Called by the sweep only."""
        raise NotImplementedError
