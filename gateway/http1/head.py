"""Request and response heads: octets in, values out (RFC 9112, 2 to 6)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias

from gateway.http1.buffer import DEFAULT_HEAD_LIMITS, HEAD_END, HEAD_END_OCTETS, HeadBuffer, HeadLimits, Scan
from gateway.http1.errors import (
    ExpectationError,
    Http1Error,
    MalformedError,
    MethodNotServedError,
    VersionNotSupportedError,
)
from gateway.http1.fields import Fields, index_fields
from gateway.http1.framing import CHUNKED, IN_CHUNKS, NO_BODY, SIZED, UNTIL_CLOSE, Framing
from gateway.http1.grammar import TOKEN, VALUE, find_names, is_field_line
from gateway.http1.salvage import Salvaged, salvage
from gateway.http1.target import lower_host

__all__ = [
    "DEFAULT_HEAD_LIMITS",
    "HeadBuffer",
    "HeadLimits",
    "LastHead",
    "RequestHead",
    "ResponseHead",
    "Salvaged",
    "begin_request",
    "begin_response",
    "parse_request_head",
    "parse_response_head",
    "salvage",
]

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

_begins_request: Final = re.compile(_REQUEST_LINE + rb"\r(?=\n)").match
_begins_response: Final = re.compile(_STATUS_LINE + rb"\r(?=\n)").match
_is_request_line: Final = re.compile(_REQUEST_LINE).fullmatch
_is_status_line: Final = re.compile(_STATUS_LINE).fullmatch
_is_length: Final = re.compile(rb"[0-9]{1,18}+").fullmatch
"""Content-Length of at most 18 digits: less than 2**63, so that it overflows in no server behind us (RFC 9110, 8.6)."""
_is_absolute_form: Final = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?+://([^/?]*+)(.*+)").fullmatch

_MINOR: Final = {b"1.1": 1, b"1.0": 0}
_NOT_SERVED: Final = frozenset({b"CONNECT", b"TRACE"})
_ONCE_IN_A_REQUEST: Final = frozenset({b"content-length", b"content-type", b"host", b"transfer-encoding"})
_ONCE_IN_A_RESPONSE: Final = frozenset({b"content-length", b"transfer-encoding"})
_USUAL_CREDENTIALS: Final = frozenset({b"basic", b"bearer"})
_BODYLESS: Final = frozenset({*range(100, 200), 204, 304})
_STATUSES: Final = range(100, 600)


@dataclass(slots=True, unsafe_hash=True)
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
    origin: bytes | None = None
    """The value of the first Origin line, as it came."""
    plain: bool = False
    """Nothing in it calls for a second look.

    No name stands on two lines, has `_` in it or is one of `RARE`; Origin has neither a comma nor a slash at its end;
    and Authorization, if any, is of the scheme Basic or Bearer.
    """


@dataclass(slots=True, unsafe_hash=True)
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
    match = _begins_request(octets)
    fields = None if match is None else _fields_of(octets, match.end(), limits)
    if match is None or fields is None:
        _refuse(octets, limits, _is_request_line)
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
    origin = fields.value(b"origin") if b"origin" in fields.first else None
    return RequestHead(
        method,
        target,
        minor,
        fields,
        host,
        NO_BODY if body is None else body,
        _is_persistent(fields, minor),
        expects and minor == 1 and body is not None and (body.kind is IN_CHUNKS or body.length > 0),
        origin,
        _is_plain(fields, origin),
    )


def parse_response_head(octets: bytes, method: bytes, limits: HeadLimits = DEFAULT_HEAD_LIMITS) -> ResponseHead:
    """Parse one whole response head, its empty line included, to a request with `method`.

    As strict as requests. Status 100 to 599. Several equal Content-Length values are refused too. Content-Length with
    Transfer-Encoding, a coding but `chunked`, Transfer-Encoding in HTTP/1.0: malformed, whether or not there is a body.

    Raises:
        MalformedError, HeadTooLargeError, VersionNotSupportedError
    """
    match = _begins_response(octets)
    fields = None if match is None else _fields_of(octets, match.end(), limits)
    if match is None or fields is None:
        _refuse(octets, limits, _is_status_line)
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


LastHead: TypeAlias = tuple[bytes, RequestHead]
"""A head that was taken: its octets from the LF of the request line on, and what the whole says."""


def begin_request(data: bytes, limits: HeadLimits, last: LastHead | None = None) -> tuple[RequestHead, bytes] | None:
    """Return the head of a request that `data` begins with, and what stands behind it: the short way for most.

    None: it is not whole, begins with an empty line, or is none. What then becomes of it a `HeadBuffer` says. `last`
    changes nothing but the time it takes: where the same lines follow, whatever the target, they say the same again.
    The head may be that of `last` itself: nobody sets a part of one.
    """
    again = None if last is None else _head_again(data, limits, last)
    if again is not None:
        return again
    end = data.find(HEAD_END) + HEAD_END_OCTETS
    if end < HEAD_END_OCTETS:
        return None
    try:
        return parse_request_head(data[:end], limits), data[end:]
    except Http1Error:
        return None


def begin_response(data: bytes, method: bytes, limits: HeadLimits) -> tuple[ResponseHead, bytes] | None:
    """Return the head of a response to `method` that `data` begins with, as `begin_request` does."""
    end = data.find(HEAD_END) + HEAD_END_OCTETS
    if end < HEAD_END_OCTETS:
        return None
    try:
        return parse_response_head(data[:end], method, limits), data[end:]
    except Http1Error:
        return None


def _head_again(data: bytes, limits: HeadLimits, last: LastHead) -> tuple[RequestHead, bytes] | None:
    """Return what `begin_request` does where `data` begins as `last` did but for the target, else None."""
    lines, head = last
    at = data.find(b"\n")
    end = at + len(lines)
    if not data.startswith(lines, at) or end > limits.octets or end > limits.line or end > limits.target:
        return None
    match = _begins_request(data)
    if match is None:
        return None
    method, target, version = match.groups()
    if method != head.method or _MINOR.get(version) != head.minor or not target.startswith(b"/"):
        return None
    if len(head.fields.lines) > limits.lines:
        return None
    if target == head.target:
        return head, data[end:]
    again = RequestHead(  # each by its place: of a tuple it would take twice as long
        method,
        target,
        head.minor,
        head.fields,
        head.host,
        head.body,
        head.persistent,
        head.expects_continue,
        head.origin,
        head.plain,
    )
    return again, data[end:]


def _fields_of(octets: bytes, at: int, limits: HeadLimits) -> Fields | None:
    """Return the fields of a head whose first line ends with the LF at `at`; None where its lines are no field lines.

    Raises:
        HeadTooLargeError, TargetTooLongError: the head goes over a limit.
    """
    spelt = find_names(octets, at)
    # Of all LF those of the last line and of the empty one have no field line behind them.
    if len(spelt) != octets.count(b"\n") - 2 or not octets.endswith(HEAD_END):
        return None
    lines = octets.split(b"\r\n")[1:-2]
    size = len(octets)
    if size > limits.line or size > limits.target or size > limits.octets or len(lines) > limits.lines:
        Scan(limits).read(octets)
    return index_fields(lines, spelt)


def _refuse(octets: bytes, limits: HeadLimits, is_start_line: Callable[[bytes], re.Match[bytes] | None]) -> NoReturn:
    """Say what is wrong with octets that do not match the grammar of a head.

    Raises:
        MalformedError, HeadTooLargeError, TargetTooLongError: always one of them; no octet is quoted in it.
    """
    Scan(limits).read(octets)
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
    return None if value is None else lower_host(value)


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
    first = fields.first
    length = fields.value(b"content-length") if b"content-length" in first else None
    coding = fields.value(b"transfer-encoding") if b"transfer-encoding" in first else None
    if coding is None:
        if length is None:
            return None
        if _is_length(length) is None:
            raise MalformedError("content-length is not 1 to 18 digits")
        return Framing(SIZED, int(length))
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
    value = fields.value(b"connection")
    if value == b"keep-alive" and not fields.repeated:
        return True
    options = [option.lower() for option in fields.items(b"connection")]
    return b"close" not in options and (minor == 1 or b"keep-alive" in options)


def _is_plain(fields: Fields, origin: bytes | None) -> bool:
    """Tell whether nothing in a request calls for a second look (`RequestHead.plain`)."""
    if not fields.usual:
        return False
    if origin is not None and (origin.find(b",") >= 0 or origin[-1:] == b"/"):
        return False
    credentials = fields.value(b"authorization") if b"authorization" in fields.first else None
    return credentials is None or credentials.partition(b" ")[0].lower() in _USUAL_CREDENTIALS


def _expects_continue(fields: Fields) -> bool:
    """Tell whether Expect holds `100-continue`.

    Raises:
        ExpectationError: it holds anything else (RFC 9110, 10.1.1).
    """
    expectations = {expectation.lower() for expectation in fields.items(b"expect")}
    if not expectations <= {b"100-continue"}:
        raise ExpectationError("an expectation other than 100-continue")
    return bool(expectations)
