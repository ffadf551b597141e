"""Where a body ends: its framing (RFC 9112, 6), and readers that find that end in octets as they arrive."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from gateway.http1.errors import HeadTooLargeError, MalformedError
from gateway.http1.grammar import TOKEN, is_field_line


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

MAX_CHUNK_LINE_OCTETS: Final = 1024
"""Longest line before a chunk, its CRLF included: 15 digits, and room for signatures that servers put into extensions.

Without a bound a sender could make us read for ever and relay nothing (the same in Go: CVE-2023-39326).
"""

_SIZE: Final = rb"([0-9A-Fa-f]{1,15}+)"
"""chunk-size; 15 digits, leading zeros included, are less than 2**60 and overflow nowhere (RFC 9112, 7.1)."""

_QUOTED: Final = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSION: Final = rb"[ \t]*+;[ \t]*+" + TOKEN + rb"(?:[ \t]*+=[ \t]*+(?:" + TOKEN + rb"|" + _QUOTED + rb"))?"
"""chunk-ext with the white space a recipient has to take (RFC 9112, 7.1.1)."""

_plain_size_line: Final = re.compile(_SIZE + rb"\r\n").match
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


def body_reader(framing: Framing, *, extensions: bool, max_trailer_octets: int = 32_768) -> BodyReader:
    """Return the reader for one body. UNTIL_CLOSE never gets done by itself: EOF ends it.

    `extensions`: take chunk extensions and drop them (responses), or refuse them (requests).
    """
    if framing.kind is Kind.CHUNKED:
        return _ChunkedReader(extensions=extensions, max_trailer_octets=max_trailer_octets)
    if framing.kind is Kind.UNTIL_CLOSE:
        return _UntilCloseReader()
    return _SizedReader(framing.length if framing.kind is Kind.SIZED else 0)


def chunk(octets: bytes) -> bytes:
    """Return `octets`, not empty, as one chunk: hex digits, CRLF, data, CRLF (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(octets), octets)


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
        return data[:left], data[left:]


class _UntilCloseReader:
    """Reads a body that EOF ends."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return all of `data`."""
        return data, b""


class _Part(Enum):
    """Which line of a chunked body comes next, behind the data that may be left."""

    SIZE = auto()
    DATA_END = auto()
    TRAILER = auto()


class _ChunkedReader:
    """Reads a chunked body (RFC 9112, 7.1). Held is nothing but an unfinished line."""

    __slots__ = ("_extensions", "_left", "_line", "_part", "_trailer_left", "done")

    def __init__(self, *, extensions: bool, max_trailer_octets: int) -> None:
        self._extensions = extensions
        self._trailer_left = max_trailer_octets
        self._part = _Part.SIZE
        self._left = 0
        self._line = bytearray()
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the chunks' data in `data` and the octets behind the trailer section."""
        pieces: list[bytes] = []
        size = len(data)
        at = 0
        while at < size and not self.done:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                continue
            if self._part is _Part.SIZE and not self._line and (match := _plain_size_line(data, at)):
                self._begin_chunk(match[1])
                at = match.end()
                continue
            if self._part is _Part.DATA_END and data.startswith(b"\r\n", at):
                self._part = _Part.SIZE
                at += 2
                continue
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

    def _begin_chunk(self, digits: bytes) -> None:
        self._left = int(digits, 16)
        self._part = _Part.DATA_END if self._left else _Part.TRAILER

    def _end_line(self, line: bytes) -> None:
        """Act on a line that is whole, its LF included."""
        if self._part is _Part.TRAILER:
            self._count_trailer(line)
            self._trailer_left -= len(line)
            if line == b"\r\n":
                self.done = True
            elif not (line.endswith(b"\r\n") and is_field_line(line, 0, len(line) - 2)):
                raise MalformedError("a trailer is not name, colon, value")
            return
        if self._part is _Part.DATA_END:
            if line != b"\r\n":
                raise _broken_chunk_end()
            self._part = _Part.SIZE
            return
        is_size_line = _is_extended_size_line if self._extensions else _is_plain_size_line
        match = is_size_line(line) if len(line) <= MAX_CHUNK_LINE_OCTETS else None
        if match is None:
            raise _broken_size_line()
        self._begin_chunk(match[1])

    def _hold(self, octets: bytes) -> None:
        """Keep the beginning of a line; refuse what cannot become one, not only when the peer at last ends it."""
        line = self._line
        if line.endswith(b"\r") or b"\r" in octets[:-1]:
            raise MalformedError("a CR that is no CRLF")
        line += octets
        if self._part is _Part.TRAILER:
            self._count_trailer(line)
        elif self._part is _Part.DATA_END:
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
