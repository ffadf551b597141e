"""Request and response heads: octets in, values out (RFC 9112, 2 to 6)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from gateway.http1.errors import (
    ExpectationError,
    HeadTooLargeError,
    Http1Error,
    MalformedError,
    MethodNotServedError,
    TargetTooLongError,
    VersionNotSupportedError,
)
from gateway.http1.fields import Fields, index_fields
from gateway.http1.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, Framing, Kind
from gateway.http1.grammar import FIELD_LINES, TOKEN, TOKEN_OCTETS, VALUE, is_field_line, is_token
from gateway.http1.target import split_host

_HEAD_END: Final = b"\r\n\r\n"
_CR: Final = 0x0D

_REQUEST_LINE: Final = rb"(" + TOKEN + rb""") ([!"$-~]++) HTTP/([0-9]\.[0-9])"""
r"""method SP request-target SP HTTP-version (RFC 9112, 3), the target of any visible octets but `#`.

RFC 3986 (appendix A) has neither `" < > [ \ ] ^ { | }` and the backquote nor a lone `%` in a path or query. WHATWG URL
(https://url.spec.whatwg.org/#path-percent-encode-set, #query-percent-encode-set) leaves `[ ] | %` in paths, and in
queries `\ ^ { }` and the backquote besides, as they were typed, so browsers send them; `" < >` come from scripts on
servers. A target is relayed octet for octet, and none of these can end it: only controls, space, DEL and what is not
ASCII could, and `#` begins a fragment, which is never sent (RFC 9110, 7.1).
"""

_STATUS_LINE: Final = rb"HTTP/([0-9]\.[0-9]) ([0-9]{3}) (" + VALUE + rb")"
"""HTTP-version SP status-code SP [reason-phrase], the second space also where there is no phrase (RFC 9112, 4)."""

_is_request_head: Final = re.compile(_REQUEST_LINE + rb"\r\n" + FIELD_LINES + rb"\r\n").fullmatch
_is_response_head: Final = re.compile(_STATUS_LINE + rb"\r\n" + FIELD_LINES + rb"\r\n").fullmatch
_is_request_line: Final = re.compile(_REQUEST_LINE).fullmatch
_is_status_line: Final = re.compile(_STATUS_LINE).fullmatch
_find_cr_or_lf: Final = re.compile(rb"[\r\n]").search
_is_length: Final = re.compile(rb"[0-9]{1,18}+").fullmatch
"""Content-Length of at most 18 digits: less than 2**63, so that it overflows in no server behind us (RFC 9110, 8.6)."""
_is_plain_host: Final = re.compile(rb"[0-9A-Za-z._-]++").fullmatch
_is_absolute_form: Final = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?+://([^/?]*+)(.*+)").fullmatch

_WHOLE_LINE: Final = {
    name: re.compile(rb"\r\n" + name + rb":(" + VALUE + rb")(?=\r\n(?![ \t]))", re.IGNORECASE)
    for name in (b"host", b"origin")
}
_CLAIMED_LINE: Final = {
    name: re.compile(rb"[\r\n][ \t]*+" + name + rb"(?![0-9A-Za-z_-])", re.IGNORECASE) for name in (b"host", b"origin")
}

_MINOR: Final = {b"1.1": 1, b"1.0": 0}
_NOT_SERVED: Final = frozenset({b"CONNECT", b"TRACE"})
_ONCE_IN_A_REQUEST: Final = frozenset({b"content-length", b"content-type", b"host", b"transfer-encoding"})
_ONCE_IN_A_RESPONSE: Final = frozenset({b"content-length", b"transfer-encoding"})
_BODYLESS: Final = frozenset({*range(100, 200), 204, 304})
_STATUSES: Final = range(100, 600)


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


class _Scan:
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
            end = data.find(_HEAD_END) + len(_HEAD_END)
            if len(_HEAD_END) <= end <= self._limits.octets and data[0] != _CR:
                return data[:end], data[end:]
        self._held += data
        return self._collect()

    def _start(self) -> None:
        self._held = bytearray()
        self._scan = _Scan(self._limits)
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
        end = held.find(_HEAD_END, max(self._scan.seen - 2, 0), self._limits.octets) + len(_HEAD_END)
        if end < len(_HEAD_END):
            self._scan.read(held)
            return None
        whole = bytes(held)
        self._start()
        return whole[:end], whole[end:]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request head that obeys the grammar and does not contradict itself."""

    method: bytes
    target: bytes
    """Origin-form as it was sent, octet for octet, or `*`.

    An absolute-form target (RFC 9112, 3.2.2) whose authority equals Host is reduced to its origin-form; another
    authority is malformed.
    """
    minor: int
    """0 for HTTP/1.0, 1 for HTTP/1.1."""
    fields: Fields
    host: bytes | None
    """The Host value, lower-case, as `uri-host [":" port]`; None only in HTTP/1.0 without the field."""
    body: Framing
    """NONE, SIZED or CHUNKED."""
    persistent: bool
    """The client lets the connection be kept (RFC 9112, 9.3)."""
    expects_continue: bool
    """HTTP/1.1 with `Expect: 100-continue` and a body."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A response head that obeys the grammar and does not contradict itself."""

    minor: int
    status: int
    phrase: bytes
    """Reason phrase as it came."""
    fields: Fields
    body: Framing
    """Given the request's method: NONE for HEAD, 1xx, 204, 304 (RFC 9112, 6.3)."""
    persistent: bool
    """The upstream lets the connection be used again; never after a body that ends by closing it."""


def parse_request_head(octets: bytes, limits: HeadLimits = DEFAULT_HEAD_LIMITS) -> RequestHead:
    """Parse one whole request head, its empty line included.

    Refused besides what the grammar does not allow: Content-Length with Transfer-Encoding, any coding but exactly one
    `chunked`, any Transfer-Encoding in HTTP/1.0, Content-Length that is not digits, or repeated (even equal), or a
    list; no Host in 1.1, more than one, or a value that is not `uri-host [":" port]`; `*` for a method other than
    OPTIONS; fragments and octets outside 0x21 to 0x7E in the target; more than one Content-Type line.

    Raises:
        MalformedError, MethodNotServedError, TargetTooLongError, HeadTooLargeError, VersionNotSupportedError,
        ExpectationError
    """
    match = _is_request_head(octets)
    if match is None:
        _refuse(octets, limits, _is_request_line)
    fields = _fields_of(octets, limits)
    method, target, version = match.groups()
    minor = _minor(version)
    if method in _NOT_SERVED:
        raise MethodNotServedError("CONNECT and TRACE are not served")
    if fields.repeated and not _ONCE_IN_A_REQUEST.isdisjoint(fields.repeated):
        raise _repeated(fields.repeated & _ONCE_IN_A_REQUEST)
    host = _host(fields, minor)
    if not target.startswith(b"/"):
        target = _reduced(target, method, host)
    body = _framing(fields, minor)
    expects = b"expect" in fields.first and _expects_continue(fields)
    return RequestHead(
        method,
        target,
        minor,
        fields,
        host,
        NO_BODY if body is None else body,
        _is_persistent(fields, minor),
        expects and minor == 1 and body is not None and (body.kind is Kind.CHUNKED or body.length > 0),
    )


def parse_response_head(octets: bytes, method: bytes, limits: HeadLimits = DEFAULT_HEAD_LIMITS) -> ResponseHead:
    """Parse one whole response head, its empty line included, to a request with `method`.

    As strict as requests. Status 100 to 599. Several equal Content-Length values are refused too. Content-Length with
    Transfer-Encoding, a coding but `chunked`, Transfer-Encoding in HTTP/1.0: malformed, whether or not there is a body.

    Raises:
        MalformedError, HeadTooLargeError, VersionNotSupportedError
    """
    match = _is_response_head(octets)
    if match is None:
        _refuse(octets, limits, _is_status_line)
    fields = _fields_of(octets, limits)
    version, digits, phrase = match.groups()
    minor = _minor(version)
    status = int(digits)
    if status not in _STATUSES:
        raise MalformedError("a status outside 100-599")
    if fields.repeated and not _ONCE_IN_A_RESPONSE.isdisjoint(fields.repeated):
        raise _repeated(fields.repeated & _ONCE_IN_A_RESPONSE)
    body = _framing(fields, minor)
    if status in _BODYLESS or method == b"HEAD":
        body = NO_BODY
    elif body is None:
        return ResponseHead(minor, status, phrase, fields, UNTIL_CLOSE, persistent=False)
    return ResponseHead(minor, status, phrase, fields, body, _is_persistent(fields, minor))


def _fields_of(octets: bytes, limits: HeadLimits) -> Fields:
    """Return the fields of a head that matches the grammar.

    Raises:
        HeadTooLargeError, TargetTooLongError: the head goes over a limit.
    """
    lines = octets.split(b"\r\n")[1:-2]
    size = len(octets)
    if size > limits.line or size > limits.target or size > limits.octets or len(lines) > limits.lines:
        _Scan(limits).read(octets)
    return index_fields(lines)


def _refuse(octets: bytes, limits: HeadLimits, is_start_line: Callable[[bytes], re.Match[bytes] | None]) -> NoReturn:
    """Say what is wrong with octets that do not match the grammar of a head.

    Raises:
        MalformedError, HeadTooLargeError, TargetTooLongError: always one of them; no octet is quoted in it.
    """
    _Scan(limits).read(octets)
    start_line, *lines = octets.split(b"\r\n")
    if is_start_line(start_line) is None:
        raise MalformedError("line 1 is no request line or status line")
    for number, line in enumerate(lines, 2):
        if is_field_line(line) is None:
            raise MalformedError(f"line {number} is not name, colon, value")
    raise MalformedError("no empty line")


def _minor(version: bytes) -> int:
    minor = _MINOR.get(version)
    if minor is None:
        raise VersionNotSupportedError("neither HTTP/1.0 nor HTTP/1.1")
    return minor


def _repeated(names: frozenset[bytes]) -> MalformedError:
    return MalformedError(f"{min(names).decode('ascii')} on more than one line")


def _host(fields: Fields, minor: int) -> bytes | None:
    """Return the Host value in lower case.

    Raises:
        MalformedError: there is none in HTTP/1.1, or it is not `uri-host [":" port]` (RFC 9112, 3.2).
    """
    value = fields.value(b"host")
    if value is None and minor:
        raise MalformedError("HTTP/1.1 without Host")
    return _lower_host(value)


def _lower_host(value: bytes | None) -> bytes | None:
    """Return a Host value, if there is one, in lower case.

    Raises:
        MalformedError: it is not `uri-host [":" port]`.
    """
    if value is None:
        return None
    if _is_plain_host(value) is None:
        split_host(value)
    return value.lower()


def _reduced(target: bytes, method: bytes, host: bytes | None) -> bytes:
    """Return a target that is not in origin-form as one (RFC 9112, 3.2.2), or `*` (3.2.4).

    Raises:
        MalformedError: another form, `*` for a method other than OPTIONS, or an authority other than `host`. RFC 9112
            would have the authority take precedence; two names in one request are a contradiction that no client in
            good faith sends.
    """
    if target == b"*":
        if method == b"OPTIONS":
            return target
        raise MalformedError("target * with a method other than OPTIONS")
    match = _is_absolute_form(target)
    if match is None:
        raise MalformedError("the target has neither origin-form nor absolute-form")
    authority, rest = match.groups()
    if authority.lower() != host:
        raise MalformedError("the target names another authority than Host")
    if rest.startswith(b"/"):
        return rest
    # An empty path is "*" for OPTIONS (RFC 9112, 3.2.4) and "/" elsewhere (3.2.1).
    return b"*" if method == b"OPTIONS" and not rest else b"/" + rest


def _framing(fields: Fields, minor: int) -> Framing | None:
    """Return the framing that Content-Length or Transfer-Encoding name; None where neither stands.

    Raises:
        MalformedError: both, a length that is not digits, a coding but `chunked`, or a coding in HTTP/1.0 (RFC 9112,
            6.1 to 6.3).
    """
    coding = fields.value(b"transfer-encoding")
    length = fields.value(b"content-length")
    if coding is None:
        if length is None:
            return None
        if _is_length(length) is None:
            raise MalformedError("content-length is not 1 to 18 digits")
        return Framing(Kind.SIZED, int(length))
    if length is not None:
        raise MalformedError("content-length and transfer-encoding")
    if minor == 0:
        raise MalformedError("transfer-encoding in HTTP/1.0")
    if coding.lower() != b"chunked":
        raise MalformedError("a transfer-encoding other than chunked")
    return CHUNKED


def _is_persistent(fields: Fields, minor: int) -> bool:
    """Tell whether the connection stays open (RFC 9112, 9.3): `close` wins over `keep-alive`."""
    if b"connection" not in fields.first:
        return minor == 1
    options = [option.lower() for option in fields.items(b"connection")]
    return b"close" not in options and (minor == 1 or b"keep-alive" in options)


def _expects_continue(fields: Fields) -> bool:
    """Tell whether Expect holds `100-continue`.

    Raises:
        ExpectationError: it holds anything else (RFC 9110, 10.1.1).
    """
    expectations = {expectation.lower() for expectation in fields.items(b"expect")}
    if not expectations <= {b"100-continue"}:
        raise ExpectationError("an expectation other than 100-continue")
    return bool(expectations)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What can still be read of a request head that was refused."""

    method: bytes | None
    host: bytes | None
    """As in a RequestHead, when exactly one whole line has it."""
    origin: bytes | None
    """The Origin value when exactly one whole line has it."""


def salvage(octets: bytes) -> Salvaged:
    """Read Host and a single Origin from a refused or unfinished head, only from whole, well-formed lines.

    Never raises. So that a page of an allowed origin can read even a 431 or a 408.
    """
    head, empty_line, _ = octets.removeprefix(b"\r\n").partition(_HEAD_END)
    head += empty_line[:2]
    start_line, line_end, _ = head.partition(b"\r\n")
    method = start_line.partition(b" ")[0]
    try:
        host = _lower_host(_single_value(head, b"host"))
    except MalformedError:
        host = None
    return Salvaged(method if line_end and is_token(method) else None, host, _single_value(head, b"origin"))


def _single_value(head: bytes, name: bytes) -> bytes | None:
    """Return the value of `name` if exactly one line has it, and that line is whole and well-formed.

    Behind a bare CR or LF, after white space, or with white space before the colon a name counts as another one.
    """
    match = _WHOLE_LINE[name].search(head)
    if match is None or len(_CLAIMED_LINE[name].findall(head)) != 1:
        return None
    value: bytes = match[1]
    return value.strip(b" \t")
