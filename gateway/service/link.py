"""What a supervisor and the processes it has forked say to one another: a word, and what goes with it."""

import selectors
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from enum import IntEnum
from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

RECEIVED_OCTETS: Final = 65_536
"""Read at once."""
HEADER: Final = Struct("!BI")
"""A word, and the length of what follows."""


class Word(IntEnum):
    """What is said."""

    UNKNOWN = 0
    """None of these."""
    READY = 1
    """By a child: it serves."""
    FAILED = 2
    """By a child: it cannot start; with the reason."""
    TOLD = 3
    """How a worker is, or all of them are: a snapshot. A worker says so each second: that is its heartbeat."""
    ASK = 4
    """How is it now? To a worker: with a question's number."""
    RELOAD = 5
    """By the admin process: go over to the configuration on disk. To it: what came of that."""
    LEAVE = 6
    """To a worker: tell load balancers to turn away."""
    DRAIN = 7
    """To a child: serve what is under way, and end."""
    CUT = 8
    """To a worker: end now."""
    ALIVE = 9
    """By the admin process, each second."""
    ANSWERED = 10
    """By a worker: what it told last is how it was once it was asked; with the question's number."""

    @classmethod
    def _missing_(cls, value: object) -> "Word":  # noqa: ARG003 - the base class names it
        return cls.UNKNOWN


def fault_of(word: Word, speaker: str) -> str:
    """Return what is told where somebody says what nobody says to whoever heard it."""
    return f"the {speaker} said {word.name}, which means nothing here"


class Link:
    """The supervisor's end: never waits."""

    def __init__(
        self, selector: selectors.BaseSelector, sock: socket.socket, hear: Callable[[Word, bytes], None]
    ) -> None:
        """Tell `hear` of each word that comes."""
        self._selector = selector
        self._sock = sock
        self._hear = hear
        self._received = bytearray()
        self._unsent = bytearray()
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        selector.register(sock, selectors.EVENT_READ, self._ready)

    def say(self, word: Word, octets: bytes = b"") -> None:
        """Say something; whoever has ended does not hear it."""
        self._unsent += frame(word, octets)
        self._flush()

    def read(self) -> bool:
        """Read what is there; tell whether there may be more later."""
        if self._sock.fileno() < 0:
            return False
        try:
            while octets := self._sock.recv(RECEIVED_OCTETS):
                self._received += octets
        except BlockingIOError:
            open_still = True
        except ConnectionError:
            open_still = False
        else:
            open_still = False
        for word, what in _frames(self._received):
            self._hear(word, what)
        return open_still

    def close(self) -> None:
        """Say and hear nothing more."""
        if self._sock.fileno() >= 0:
            self._selector.unregister(self._sock)
            self._sock.close()
            self._hear = _nobody  # or who listened, and holds this, would never be free

    def leave(self) -> None:
        """Close it in a process that was forked, and that has nothing to do with the selector."""
        self._sock.close()

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush()
        if events & selectors.EVENT_READ and not self.read():
            self.close()

    def _flush(self) -> None:
        if self._sock.fileno() < 0:
            return
        try:
            while self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._unsent.clear()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._sock, events, self._ready)


def _nobody(_word: Word, _octets: bytes) -> None:
    """Hear nothing any more."""


def frame(word: Word, octets: bytes) -> bytes:
    """Return a word, and what goes with it, as it is sent."""
    return HEADER.pack(word, len(octets)) + octets


def _frames(received: bytearray) -> Iterator[tuple[Word, bytes]]:
    """Take each whole frame from the beginning of what was received."""
    while len(received) >= HEADER.size:
        word, length = HEADER.unpack_from(received)
        if len(received) < HEADER.size + length:
            return
        octets = bytes(received[HEADER.size : HEADER.size + length])
        del received[: HEADER.size + length]
        yield Word(word), octets


def say(writer: "asyncio.StreamWriter", word: Word, octets: bytes = b"") -> None:
    """Say something from a child's end, if the supervisor is there: uvloop raises where asyncio drops."""
    if not writer.is_closing():
        writer.write(frame(word, octets))


async def heard(reader: "asyncio.StreamReader") -> AsyncIterator[tuple[Word, bytes]]:
    """Yield what is said to a child, until the supervisor has ended."""
    received = bytearray()
    with suppress(ConnectionError):  # killed, with something unread
        while octets := await reader.read(RECEIVED_OCTETS):
            received += octets
            for each in _frames(received):
                yield each
