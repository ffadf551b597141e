"""Where a body ends: its framing (RFC 9112, 6), and readers that find that end in octets as they arrive."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

from gateway.http1.buffer import CRLF
from gateway.http1.errors import HeadTooLargeError, MalformedError
from gateway.http1.grammar import TOKEN, is_field_line
from gateway.http1.remembered import Remembered


class Kind(Enum):
    """How the end of a body is known."""

    NONE = auto()
    SIZED = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


@dataclass(slots=True, unsafe_hash=True)
class Framing:
    """How one body is framed; `length` in octets counts for SIZED only."""

    kind: Kind
    length: int = 0


NONE: Final = Kind.NONE
SIZED: Final = Kind.SIZED
UNTIL_CLOSED: Final = Kind.UNTIL_CLOSE
IN_CHUNKS: Final = Kind.CHUNKED
"""By names of the module's own: a member of an enumeration takes long to look up."""

NO_BODY: Final = Framing(Kind.NONE)
CHUNKED: Final = Framing(Kind.CHUNKED)
UNTIL_CLOSE: Final = Framing(Kind.UNTIL_CLOSE)

LAST_CHUNK: Final = b"0\r\n\r\n"
"""Ends a chunked body; we never send trailers (RFC 9112, 7.1)."""

MAX_CHUNK_LINE_OCTETS: Final = 1024
"""Longest line before a chunk, its CRLF included: 15 digits, and room for signatures that servers put into extensions.

Without a bound a sender could make us read for ever and relay nothing (the same in Go: CVE-2023-39326).
"""

ScanChunks: TypeAlias = Callable[[bytes, int, int], tuple[bytes, int, int]]
"""`scan_chunks`, or what does the same."""

_SIZE: Final = rb"([0-9A-Fa-f]{1,15}+)"
"""chunk-size; 15 digits, leading zeros included, are less than 2**60 and overflow nowhere (RFC 9112, 7.1)."""

_QUOTED: Final = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSION: Final = rb"[ \t]*+;[ \t]*+" + TOKEN + rb"(?:[ \t]*+=[ \t]*+(?:" + TOKEN + rb"|" + _QUOTED + rb"))?"
"""chunk-ext with the white space a recipient has to take (RFC 9112, 7.1.1)."""

_LONGEST_SIZE_LINE: Final = 15 + len(CRLF)
_is_size: Final = re.compile(_SIZE).fullmatch
_is_plain_size_line: Final = re.compile(_SIZE + rb"\r\n").fullmatch
_is_extended_size_line: Final = re.compile(_SIZE + rb"(?:" + _EXTENSION + rb")*\r\n").fullmatch
_begins_plain_size_line: Final = re.compile(_SIZE + rb"\r?+").fullmatch
_begins_extended_size_line: Final = re.compile(_SIZE + rb"(?:\r?+\Z|[ \t;])").match


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


def body_reader(
    framing: Framing, *, extensions: bool, max_trailer_octets: int = 32_768, scan: ScanChunks | None = None
) -> BodyReader:
    """Return the reader for one body. UNTIL_CLOSE never gets done by itself: EOF ends it.

    `extensions`: take chunk extensions and drop them (responses), or refuse them (requests). `scan` stands in for
    `scan_chunks`.
    """
    kind = framing.kind
    if kind is NONE:
        return NOTHING_TO_READ
    if kind is SIZED:
        return _SizedReader(framing.length)
    if kind is UNTIL_CLOSED:
        return _UntilCloseReader()
    return _ChunkedReader(extensions=extensions, max_trailer_octets=max_trailer_octets, scan=scan or scan_chunks)


def chunk(octets: bytes, *, before: bytes = b"", last: bool = False) -> bytes:
    """Return `octets` as one chunk, none if they are none: hex digits, CRLF, data, CRLF (RFC 9112, 7.1).

    `before` is written before it, the end of the body behind it if it is the `last`: what is long is copied once.
    """
    size, end = (b"%x\r\n" % len(octets), CRLF) if octets else (b"", b"")
    return b"".join((before, size, octets, end, LAST_CHUNK if last else b""))


class _SizedReader:
    """Reads a body of known length."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return as much of `data` as is left to come, and the rest."""
        left = self._left
        size = len(data)
        if size < left:
            self._left = left - size
            return data, b""
        self._left = 0
        self.done = True
        return (data, b"") if size == left else (data[:left], data[left:])


NOTHING_TO_READ: Final = _SizedReader(0)
"""Does for every message without a body: it has nothing left that could change."""


class _UntilCloseReader:
    """Reads a body that EOF ends."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return all of `data`."""
        return data, b""


def scan_chunks(data: bytes, at: int, left: int) -> tuple[bytes, int, int]:
    """Return the data of chunks in `data` from `at` on, where that ends, and what is then left.

    `left`: how many octets are still to come of the chunk that is under way, its CRLF included; 0 between chunks. It
    ends at the last chunk, and at each line that is not plain or not whole: those are the reader's.
    """
    pieces: list[bytes] = []
    if left > len(CRLF):
        end = at + left - len(CRLF)
        piece = data if not at and end >= len(data) else data[at:end]
        pieces.append(piece)
        at += len(piece)
        left -= len(piece)
    if left:
        if left > len(CRLF) or not data.startswith(CRLF, at):
            return b"".join(pieces), at, left
        at += len(CRLF)
    while True:
        end = data.find(CRLF, at, at + _LONGEST_SIZE_LINE)
        size = 0 if end < 0 else _size(data[at:end])
        if not size:
            return b"".join(pieces), at, 0
        between = CRLF + data[at : end + len(CRLF)]  # where the next chunk is of the same size, as most are
        at = end + len(CRLF)
        end = at + size
        while data.startswith(between, end):
            pieces.append(data[at:end])
            at = end + len(between)
            end = at + size
        piece = data[at:end]
        pieces.append(piece)
        if data[end : end + len(CRLF)] != CRLF:
            return b"".join(pieces), at + len(piece), size - len(piece) + len(CRLF)
        at = end + len(CRLF)


_SIZES: Final[Remembered[bytes, int]] = Remembered()
"""By their digits: a sender's chunks are mostly of one size."""


def _size(digits: bytes) -> int:
    """Return how long a chunk is that begins with this line; 0: it is the last one, or the line is not plain."""
    size = _SIZES.get(digits)
    if size is None:
        if not _is_size(digits):
            return 0
        size = int(digits, 16)
        _SIZES.keep(digits, size, (digits,))
    return size


class _ChunkedReader:
    """Reads a chunked body (RFC 9112, 7.1). Held is nothing but an unfinished line."""

    __slots__ = ("_extensions", "_in_trailers", "_left", "_line", "_scan", "_trailer_left", "done")

    def __init__(self, *, extensions: bool, max_trailer_octets: int, scan: ScanChunks) -> None:
        self._extensions = extensions
        self._trailer_left = max_trailer_octets
        self._scan = scan
        self._in_trailers = False
        """The last chunk has come."""
        self._left = 0
        """How many octets are to come of the present chunk, its CRLF included; 0: a size line comes next."""
        self._line = bytearray()
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the chunks' data in `data` and the octets behind the trailer section."""
        pieces: list[bytes] = []
        size = len(data)
        at = 0
        while at < size and not self.done:
            if not (self._line or self._in_trailers):
                piece, at, self._left = self._scan(data, at, self._left)
                pieces.append(piece)
                if at == size:
                    break
            # Any LF ends a line: whether a CR stands before it is for the line's grammar to say.
            end = data.find(b"\n", at) + 1
            if end:
                line = bytes(self._line) + data[at:end]
                self._line.clear()
                self._end_line(line)
            else:
                self._hold(data[at:])
            at = end or size
        return b"".join(pieces), data[at:]

    def _end_line(self, line: bytes) -> None:
        """Act on a line that is whole, its LF included."""
        if self._in_trailers:
            self._count_trailer(line)
            self._trailer_left -= len(line)
            if line == CRLF:
                self.done = True
            elif not (line.endswith(CRLF) and is_field_line(line, 0, len(line) - 2)):
                raise MalformedError("a trailer is not name, colon, value")
            return
        if self._left:
            if line != CRLF:
                raise _broken_chunk_end()
            self._left = 0
            return
        is_size_line = _is_extended_size_line if self._extensions else _is_plain_size_line
        match = is_size_line(line) if len(line) <= MAX_CHUNK_LINE_OCTETS else None
        if match is None:
            raise _broken_size_line()
        size = int(match[1], 16)
        self._left = size + len(CRLF) if size else 0
        self._in_trailers = not size

    def _hold(self, octets: bytes) -> None:
        """Keep the beginning of a line; refuse what cannot become one, not only when the peer at last ends it."""
        line = self._line
        if line.endswith(b"\r") or b"\r" in octets[:-1]:
            raise MalformedError("a CR that is no CRLF")
        line += octets
        if self._in_trailers:
            self._count_trailer(line)
        elif self._left:
            if bytes(line) != b"\r":
                raise _broken_chunk_end()
        else:
            begins = _begins_extended_size_line if self._extensions else _begins_plain_size_line
            if begins(line) is None or len(line) >= MAX_CHUNK_LINE_OCTETS:
                raise _broken_size_line()

    def _count_trailer(self, line: bytes | bytearray) -> None:
        if len(line) > self._trailer_left:
            raise HeadTooLargeError("the trailer section is too large")


def _broken_chunk_end() -> MalformedError:
    return MalformedError("no CRLF behind a chunk's data")


def _broken_size_line() -> MalformedError:
    return MalformedError("a chunk does not begin with its size")
