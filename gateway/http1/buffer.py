"""Octets that are to become a head, collected as they arrive and bounded before anything is parsed (RFC 9112, 2.2)."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.http1.errors import HeadTooLargeError, Http1Error, MalformedError, TargetTooLongError
from gateway.http1.grammar import TOKEN_OCTETS

CRLF: Final = b"\r\n"
HEAD_END: Final = b"\r\n\r\n"
HEAD_END_OCTETS: Final = len(HEAD_END)
_CR: Final = 0x0D

_find_cr_or_lf: Final = re.compile(rb"[\r\n]").search


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """Bounds on one head, counted in octets and lines before anything is parsed."""

    octets: int = 32_768
    """The whole head, its empty line included."""
    line: int = 16_384
    """One field line or a status line, without its CRLF; a method."""
    target: int = 16_384
    lines: int = 128
    """Field lines."""


DEFAULT_HEAD_LIMITS = HeadLimits()


class Scan:
    """Looks for the first octet at which it is certain that octets are no head, or go over a limit.

    Each octet is looked at once however they arrive, and the same octets give the same error whichever way they were
    parted.
    """

    __slots__ = ("_bound", "_limits", "_lines", "_seen", "_start")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._start = 0
        """Where the present line begins."""
        self._lines = 0
        """How many lines stand before it."""
        self._bound = min(limits.line, limits.target)
        """An octet of the present line here or behind may be one too many."""
        self._seen = 0
        """The present line has no CR and no LF before this."""

    def read(self, octets: bytes | bytearray) -> int | None:
        """Return how long the head at the beginning of `octets` is, its empty line included; None if it is not whole.

        A further call goes on where the last one stopped; `octets` are the same as then, with more behind them.

        Raises:
            MalformedError, HeadTooLargeError, TargetTooLongError: the octets are no head.
        """
        if not self._seen and octets and octets[0] not in TOKEN_OCTETS:
            raise MalformedError("the first octet begins no head")
        stop = min(len(octets), self._limits.octets)
        while True:
            end = octets.find(CRLF, self._seen, stop)
            # A CR that is the last octet of all may still become a CRLF.
            last = end if end != -1 else stop - octets.endswith(b"\r", self._seen, stop)
            bare = _find_cr_or_lf(octets, self._seen, last)
            reach = bare.start() if bare else last
            while reach > self._bound:
                self._bound = self._next_bound(octets, reach)
            if bare:
                raise MalformedError(f"a CR or LF that is no CRLF, in line {self._lines + 1}")
            self._seen = last
            if end == self._start:
                return end + len(CRLF)
            if end == -1:
                break
            self._begin_line(end + len(CRLF))
        if len(octets) >= self._limits.octets:
            raise HeadTooLargeError(f"a head of more than {self._limits.octets} octets")
        return None

    def _begin_line(self, start: int) -> None:
        self._start = self._seen = start
        self._lines += 1
        too_many = self._lines > self._limits.lines
        self._bound = start + (0 if too_many else self._limits.line)

    def _next_bound(self, octets: bytes | bytearray, reach: int) -> int:
        """Return the next place where the line, which reaches up to `reach`, may be too long.

        Raises:
            HeadTooLargeError, TargetTooLongError: it is already.
        """
        limits = self._limits
        if self._lines > limits.lines:
            raise HeadTooLargeError(f"more than {limits.lines} field lines")
        if self._lines:
            raise _line_too_long(limits)
        line = bytes(octets[:reach])
        if line.startswith(b"HTTP/"):
            _check_length(line, limits.line, _line_too_long(limits))
            return limits.line
        # Each of the three parts counts alone. What is not there yet may begin with the next octet.
        method, method_end, behind = line.partition(b" ")
        target, target_end, rest = behind.partition(b" ")
        _check_length(method, limits.line, _line_too_long(limits))
        _check_length(target, limits.target, TargetTooLongError(f"a target of more than {limits.target} octets"))
        _check_length(rest, limits.line, _line_too_long(limits))
        if not method_end:
            return min(limits.line, reach + limits.target)
        if not target_end:
            return min(reach - len(target) + limits.target, reach + limits.line)
        return reach - len(rest) + limits.line


def _check_length(part: bytes, limit: int, error: Http1Error) -> None:
    if len(part) > limit:
        raise error


def _line_too_long(limits: HeadLimits) -> HeadTooLargeError:
    return HeadTooLargeError(f"a line of more than {limits.line} octets")


NOTHING_HELD: Final = bytearray()
"""Held by every buffer that waits for a head, which mostly comes whole; never added to."""


class HeadBuffer:
    """Collects octets until a whole head is there. Linear: a scan goes on where the last one stopped."""

    __slots__ = ("_begins", "_limits", "_most", "_scan", "_skipped", "held")

    def __init__(self, limits: HeadLimits = DEFAULT_HEAD_LIMITS, *, begins: bytes = b"") -> None:
        """Start with nothing; `begins` is what every head begins with, where that is known."""
        self._limits = limits
        self._most = limits.octets
        self._begins = begins
        self.held = NOTHING_HELD
        """Octets of a head that is not whole yet."""
        self._scan: Scan | None = None
        """Made with the first of them."""
        self._skipped = False

    @property
    def octets(self) -> bytes:
        """The octets of a head that is not whole (to `salvage` from, when it is refused)."""
        return bytes(self.held)

    def feed(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Return (head with its empty line, octets behind it) once the head is whole, and forget it; None before.

        The common case, a whole head in one read, is one search and no copy but the two slices. One empty line before a
        request line is skipped (RFC 9112, 2.2); before a status line it is malformed. A buffer that refused its octets
        takes no more.

        Raises:
            HeadTooLargeError, TargetTooLongError: the head goes over a limit, told as soon as that is certain.
            MalformedError: a bare LF or CR, or first octets that begin no head: told at once, not at the deadline. A
                whole head that came in one read is looked at by `parse_request_head` and `parse_response_head` only.
        """
        if not (self.held or self._skipped):
            end = data.find(HEAD_END) + HEAD_END_OCTETS
            if HEAD_END_OCTETS <= end <= self._most and data[0] != _CR:
                return (data, b"") if end == len(data) else (data[:end], data[end:])
        if self._scan is None:
            self._scan, self.held = Scan(self._limits), bytearray()
        self.held += data
        return self._collect(self._scan)

    def _collect(self, scan: Scan) -> tuple[bytes, bytes] | None:
        held = self.held
        if not self._begins.startswith(held[: len(self._begins)]):
            raise MalformedError("the first octets begin no head")
        if not self._skipped:
            if b"\r".startswith(held):
                return None
            if held.startswith(CRLF):
                del held[: len(CRLF)]
                self._skipped = True
        if self._skipped and held.startswith(b"HTTP/"):
            raise MalformedError("an empty line before a status line")
        end = scan.read(held)
        if end is None:
            return None
        whole = bytes(held)
        self.held, self._scan, self._skipped = NOTHING_HELD, None, False
        return whole[:end], whole[end:]
