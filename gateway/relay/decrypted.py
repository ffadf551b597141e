"""Connections by TLS: what uvloop has decrypted comes by way of one buffer for all of them.

Else it has Python allocate 256 KiB for each read, and give back all but what has come. Blocks as large are mapped each
by itself (`service/memory.py:map_large_blocks`): that would take a mapping for each read. asyncio does not know this
way, and calls `data_received`. Both kinds of connection have the same two methods: a compiled class has one base only.
"""

from typing import Final

from gateway.relay.client import ClientConnection
from gateway.relay.upstream import UpstreamConnection

STEP_OCTETS: Final = 65_536
"""The buffer is so long, or so many times that: four records of TLS (RFC 8446, 5.1)."""


class Room:
    """Where a TLS transport puts what it has decrypted; it is taken from there before another one puts anything."""

    __slots__ = ("_octets",)

    def __init__(self) -> None:
        """Begin with none: there may be no TLS."""
        self._octets = memoryview(b"")

    def of(self, octets: int) -> memoryview:
        """Return all of it, which is as much as is asked for, or more.

        What found no room uvloop would take in its next pass, and never where the peer's FIN comes before.
        """
        if len(self._octets) < octets:
            self._octets = memoryview(bytearray(-(-octets // STEP_OCTETS) * STEP_OCTETS))
        return self._octets

    def first(self, octets: int) -> bytes:
        """Return a copy of so many that were put there."""
        return bytes(self._octets[:octets])


ROOM: Final = Room()
"""For all connections of this process."""


class TlsClientConnection(ClientConnection):
    """A client's connection by TLS."""

    __slots__ = ()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where octets may be put (`asyncio.BufferedProtocol`)."""
        return ROOM.of(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Take so many from there."""
        self.data_received(ROOM.first(nbytes))


class TlsUpstreamConnection(UpstreamConnection):
    """A connection to an upstream by TLS."""

    __slots__ = ()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where octets may be put (`asyncio.BufferedProtocol`)."""
        return ROOM.of(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Take so many from there."""
        self.data_received(ROOM.first(nbytes))
