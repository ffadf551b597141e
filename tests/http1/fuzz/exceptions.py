"""In what an oracle may differ from us, and why.

An exception names the one thing in a message that the oracle does not take or tells in another form, as a change that
puts something uncontroversial in its place. It excuses a difference only if nothing differs any more once it has been
made: whatever else is odd about the case still shows.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp.http_parser import SINGLETON_HEADERS

from tests.http1.fuzz.message import Case


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One thing that an oracle and we read differently."""

    reason: str
    cure: Callable[[Case], bytes]
    """The octets of the case without it; the same octets where it is not there."""


LLHTTP_METHODS: Final = frozenset(
    b"DELETE GET HEAD POST PUT OPTIONS COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL "
    b"REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK "
    b"UNLINK QUERY SOURCE".split()
)

_SINGLETONS: Final = frozenset(str(name).lower().encode() for name in SINGLETON_HEADERS)


def _known_method(case: Case) -> bytes:
    method, space, rest = case.octets.removeprefix(b"\r\n").partition(b" ")
    known = case.side == "response" or method in LLHTTP_METHODS
    return case.octets if known else b"GET" + space + rest


def _origin_form(case: Case) -> bytes:
    def reduced(match: re.Match[bytes]) -> bytes:
        method, rest = match.groups()
        if rest.startswith(b"/"):
            return method + b" " + rest + b" "
        return method + (b" * " if method == b"OPTIONS" and not rest else b" /" + rest + b" ")

    absolute = rb"\A((?:\r\n)?[!-~]+) [Hh][Tt][Tt][Pp][Ss]?://[^/? ]*([^ ]*) "
    return re.sub(absolute, reduced, case.octets) if case.side == "request" else case.octets


def _single_lines(case: Case) -> bytes:
    if case.side == "response":
        return case.octets
    seen: set[bytes] = set()
    lines: list[bytes] = []
    head, end, behind = case.octets.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name = line.partition(b":")[0].lower()
        if name not in seen:
            lines.append(line)
        if name in _SINGLETONS:
            seen.add(name)
    return b"\r\n".join(lines) + end + behind


def _plain_trailers(case: Case) -> bytes:
    head, end, behind = case.octets.partition(b"\r\n\r\n")
    names = b"|".join(map(re.escape, sorted({b"content-length", b"transfer-encoding"} | _SINGLETONS)))
    # As long as it was, since this may stand in a chunk's data.
    return head + end + re.sub(rb"(?i)(?<=\r\n)(?:%b)(?=:)" % names, lambda match: b"x" * len(match[0]), behind)


def _without(pattern: bytes, replacement: bytes) -> Callable[[Case], bytes]:
    """Return the cure that replaces what matches `pattern`."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda case: compiled.sub(replacement, case.octets)


_ORIGIN_FORM: Final = Exceptional(
    "we tell the origin-form of an absolute-form target, as an origin server sees it (RFC 9112, 3.2.2)", _origin_form
)

_TRAILERS_OF_A_HEAD: Final = Exceptional(
    "fields of a head are refused in a trailer section; we drop trailers (RFC 9110, 6.5.1)", _plain_trailers
)
_UNFINISHED_TRAILER: Final = Exceptional(
    "the beginning of a trailer is refused; we look at one when its line has ended (RFC 9112, 7.1.2)",
    _without(rb"(?<=\r\n)[^\r\n]+\r?\Z", b""),
)

_BAD_WHITE_SPACE: Final = Exceptional(
    "white space around a chunk extension is refused; a recipient has to take it (RFC 9112, 7.1.1)",
    _without(rb"(?<=\r\n)([0-9a-f]+)[ \t]*;[^\r]*", rb"\1"),
)

EXCEPTIONS: Final[Mapping[str, tuple[Exceptional, ...]]] = {
    "aiohttp": (
        Exceptional("llhttp knows a list of methods; any token is one (RFC 9110, 9.1)", _known_method),
        _ORIGIN_FORM,
        Exceptional("aiohttp refuses some fields that stand twice; they frame nothing (RFC 9110, 5.3)", _single_lines),
        Exceptional(
            "aiohttp refuses the key of a WebSocket draft; it is a field like any other (RFC 9110, 5.1)",
            _without(rb"(?<=\r\n)sec-websocket-key1(?=:)", b"X-WebSocket-Key1"),
        ),
        Exceptional(
            "llhttp takes a tab behind a transfer-coding for a part of it; it is none of a value (RFC 9110, 5.5)",
            _without(rb"(?<=\r\ntransfer-encoding:)([ \t]*chunked)[ \t]+(?=\r\n)", rb"\1"),
        ),
        _TRAILERS_OF_A_HEAD,
        _UNFINISHED_TRAILER,
        _BAD_WHITE_SPACE,
    ),
    "h11": (
        _ORIGIN_FORM,
        _TRAILERS_OF_A_HEAD,
        _UNFINISHED_TRAILER,
        Exceptional(
            "h11 takes no empty line before a request line; RFC 9112, 2.2 has one skipped", _without(rb"\A\r\n", b"")
        ),
        Exceptional(
            "h11 tells a transfer-coding in lower case; its name has none (RFC 9112, 7)",
            _without(rb"(?<=\r\ntransfer-encoding:)([ \t]*)chunked", rb"\1chunked"),
        ),
        _BAD_WHITE_SPACE,
    ),
}
