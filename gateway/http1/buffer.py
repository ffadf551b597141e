"""Octets that are to become a head, collected as they arrive and bounded before anything is parsed (RFC 9112, 2.2)."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.http1.errors import HeadTooLargeError, Http1Error, MalformedError, TargetTooLongError
from gateway.http1.grammar import TOKEN_OCTETS

HEAD_END: Final = b"\r\n\r\n"
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

    __slots__ = ("_bound", "_limits", "_lines", "_start", "seen")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._start = 0
        """Where the present line begins."""
        self._lines = 0
        """How many lines stand before it."""
        self._bound = min(limits.line, limits.target)
        """An octet of the present line here or behind may be one too many."""
        self.seen = 0
        """The present line has no CR and no LF before this."""

    def read(self, octets: bytes | bytearray) -> None:
        """Go on where the last call stopped; `octets` are the same as then, with more behind them.

        Raises:
            MalformedError, HeadTooLargeError, TargetTooLongError: the octets are no head.
        """
        if not self.seen and octets and octets[0] not in TOKEN_OCTETS:
            raise MalformedError("the first octet begins no head")
        stop = min(len(octets), self._limits.octets)
        while True:
            end = octets.find(b"\r\n", self.seen, stop)
            # A CR that is the last octet of all may still become a CRLF.
            last = end if end >= 0 else stop - octets.endswith(b"\r", self.seen, stop)
            bare = _find_cr_or_lf(octets, self.seen, last)
            reach = bare.start() if bare else last
            while reach > self._bound:
                self._bound = self._next_bound(octets, reach)
            if bare:
                raise MalformedError(f"a CR or LF that is no CRLF, in line {self._lines + 1}")
            self.seen = last
            if end == self._start:
                return
            if end < 0:
                break
            self._begin_line(end + 2)
        if len(octets) >= self._limits.octets:
            raise HeadTooLargeError(f"a head of more than {self._limits.octets} octets")

    def _begin_line(self, start: int) -> None:
        self._start = self.seen = start
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
        if octets.startswith(b"HTTP/"):
            return _bound_of_part(0, reach, limits.line, _line_too_long(limits))
        method_end = octets.find(b" ", 0, reach)
        if method_end < 0:
            bound = _bound_of_part(0, reach, limits.line, _line_too_long(limits))
            return min(bound, reach + limits.target)
        _bound_of_part(0, method_end, limits.line, _line_too_long(limits))
        target_end = octets.find(b" ", method_end + 1, reach)
        too_long = TargetTooLongError(f"a target of more than {limits.target} octets")
        if target_end < 0:
            bound = _bound_of_part(method_end + 1, reach, limits.target, too_long)
            return min(bound, reach + limits.line)
        _bound_of_part(method_end + 1, target_end, limits.target, too_long)
        return _bound_of_part(target_end + 1, reach, limits.line, _line_too_long(limits))


def _bound_of_part(start: int, end: int, limit: int, error: Http1Error) -> int:
    """Return where the part of a start line from `start` gets too long; raise `error` if it is so already at `end`."""
    if end > start + limit:
        raise error
    return start + limit


def _line_too_long(limits: HeadLimits) -> HeadTooLargeError:
    return HeadTooLargeError(f"a line of more than {limits.line} octets")


class HeadBuffer:
    """Collects octets until a whole head is there. Linear: a scan goes on where the last one stopped."""

    __slots__ = ("_held", "_limits", "_scan", "_skipped")

    def __init__(self, limits: HeadLimits = DEFAULT_HEAD_LIMITS) -> None:
        """Start with nothing."""
        self._limits = limits
        self._start()

    def __len__(self) -> int:
        """Return how many octets are held of a head that is not whole yet."""
        return len(self._held)

    @property
    def octets(self) -> bytes:
        """The octets of a head that is not whole (to `salvage` from, when it is refused)."""
        return bytes(self._held)

    def feed(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Return (head with its empty line, octets behind it) once the head is whole, and forget it; None before.

        The common case, a whole head in one read, is one search and no copy but the two slices. One empty line before a
        request line is skipped (RFC 9112, 2.2); before a status line it is malformed. A buffer that refused its octets
        takes no more.

        Raises:
            HeadTooLargeError, TargetTooLongError: the head goes over a limit, told as soon as that is certain.
            MalformedError: a bare LF or CR, or a first octet that begins no head: told at once, not at the deadline. A
                whole head that came in one read is looked at by `parse_request_head` and `parse_response_head` only.
        """
        if not self._held and not self._skipped:
            end = data.find(HEAD_END) + len(HEAD_END)
            if len(HEAD_END) <= end <= self._limits.octets and data[0] != _CR:
                return data[:end], data[end:]
        self._held += data
        return self._collect()

    def _start(self) -> None:
        self._held = bytearray()
        self._scan = Scan(self._limits)
        self._skipped = False

    def _collect(self) -> tuple[bytes, bytes] | None:
        held = self._held
        if not self._skipped:
            if bytes(held[:2]) == b"\r":
                return None
            if held.startswith(b"\r\n"):
                del held[:2]
                self._skipped = True
        if self._skipped and held.startswith(b"HTTP/"):
            raise MalformedError("an empty line before a status line")
        end = held.find(HEAD_END, max(self._scan.seen - 2, 0), self._limits.octets) + len(HEAD_END)
        if end < len(HEAD_END):
            self._scan.read(held)
            return None
        whole = bytes(held)
        self._start()
        return whole[:end], whole[end:]
