"""Where a body ends: its framing (RFC 9112, 6), and readers that find that end in octets as they arrive."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol


class Kind(Enum):
    """How the end of a body is known."""

    NONE = auto()
    SIZED = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


@dataclass(frozen=True, slots=True)
class Framing:
    """How one body is framed; `length` in octets counts for SIZED only."""

    kind: Kind
    length: int = 0


NO_BODY: Final = Framing(Kind.NONE)
CHUNKED: Final = Framing(Kind.CHUNKED)
UNTIL_CLOSE: Final = Framing(Kind.UNTIL_CLOSE)

LAST_CHUNK: Final = b"0\r\n\r\n"
"""Ends a chunked body; we never send trailers (RFC 9112, 7.1)."""


class BodyReader(Protocol):
    """Takes octets as they arrive and tells body from what stands behind it."""

    done: bool
    """The body has ended; octets fed from now on are not its own."""

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the body's octets in `data` (decoded from chunks) and the octets behind its end.

        Raises:
            MalformedError: the chunked coding is broken.
            HeadTooLargeError: the trailer section is over the head limit.
        """
        ...


def body_reader(framing: Framing, *, extensions: bool, max_trailer_octets: int = 32_768) -> BodyReader:
    """Return the reader for one body. UNTIL_CLOSE never gets done by itself: EOF ends it.

    `extensions`: take chunk extensions and drop them (responses), or refuse them (requests).
    """
    raise NotImplementedError


def chunk(octets: bytes) -> bytes:
    """Return `octets`, not empty, as one chunk: hex digits, CRLF, data, CRLF (RFC 9112, 7.1)."""
    raise NotImplementedError
