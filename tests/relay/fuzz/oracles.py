"""What aiohttp's C parser and h11 read in all that was written on one connection."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import h11
from aiohttp import http_parser
from aiohttp.base_protocol import BaseProtocol
from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.http_exceptions import HttpProcessingError

from tests.http1.fuzz.exceptions import LLHTTP_METHODS
from tests.relay.fuzz.loop import SteppedLoop

ENOUGH: Final = 1 << 24
"""Each limit of aiohttp's parser: none is to be reached."""
REMEMBERED: Final = 32_768
"""Messages that are not read again when another case has the same octets: ids and tokens are those of any case."""

if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
    raise RuntimeError("without its C parser aiohttp is another oracle")

_LOOP: Final = SteppedLoop().as_loop
_PROTOCOL: Final = BaseProtocol(_LOOP)
_CONTINUE: Final = b"HTTP/1.1 100 "
_ASKED_ALL: Final = h11.EndOfMessage()
_BODYLESS: Final = frozenset({204, 304})
_OPENING: Final = h11.Request(
    method=b"GET", target=b"/", headers=[(b"Host", b"a"), (b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")]
)


@dataclass(frozen=True, slots=True)
class Read:
    """One message."""

    start: tuple[bytes, bytes]
    """Method and target, or status and no more."""
    fields: tuple[tuple[bytes, bytes], ...]
    """Lower-case names and values."""
    body: bytes
    whole: bool
    octets: int
    """How many it has, as far as they are there."""
    interim: tuple[int, ...] = ()
    """Statuses of the interim responses before it."""

    def values(self, name: bytes) -> list[bytes]:
        return [value for at, value in self.fields if at == name]


class OracleError(Exception):
    """Octets that are no message, or that the two do not read alike."""


def request(octets: bytes) -> Read | None:
    """Return the first request in `octets`, or None while its head is not whole.

    Raises:
        OracleError: it is none for one of them, or another.
    """
    end = _likely_end(octets)
    if end:
        read = _request(octets[:end])
        if read is not None and read.whole and read.octets == end:
            return read
    return _request.__wrapped__(octets)


def _likely_end(octets: bytes) -> int:
    """Return where the first message seems to end. The parsers say if it does; what is behind tells them nothing."""
    end = octets.find(b"\r\n\r\n") + 4
    if octets.startswith(_CONTINUE):
        end = octets.find(b"\r\n\r\n", end) + 4
    length = octets.find(b"\r\nContent-Length: ", 0, end)
    if length >= 0:
        digits = octets[length + 18 : octets.find(b"\r", length + 18)]
        return end + int(digits) if digits.isdigit() else 0
    if octets.find(b"\r\nTransfer-Encoding: ", 0, end) >= 0:
        return octets.find(b"\n0\r\n\r\n", end - 1) + 6
    return end


@lru_cache(REMEMBERED)
def _request(octets: bytes) -> Read | None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=ENOUGH)
    try:
        connection.receive_data(octets)
        head = connection.next_event()
        if not isinstance(head, h11.Request):
            return None
        body, whole = _body(connection)
    except h11.RemoteProtocolError as error:
        raise OracleError(f"h11: {error}: {octets!r}") from error
    length = len(octets) - len(connection.trailing_data[0]) if whole else len(octets)
    read = Read((head.method, head.target), tuple(head.headers), body, whole, length)
    parser = http_parser.HttpRequestParser(
        _PROTOCOL, _LOOP, ENOUGH, max_line_size=ENOUGH, max_field_size=ENOUGH, max_headers=ENOUGH, auto_decompress=False
    )
    octets = octets[:length]
    if read.start[0] in LLHTTP_METHODS:
        _compare(parser, octets, read)
    else:  # the one exception: it knows no others, which RFC 9110 (9.1) does not ask of it
        _compare(parser, b"GET" + octets[len(head.method) :], replace(read, start=(b"GET", head.target)))
    return read


def response(octets: bytes, method: bytes, *, fin: bool) -> Read | None:
    """Return the first final response in `octets`, as to `method`; None while its head is not whole.

    `fin`: an orderly end stands behind the octets.

    Raises:
        OracleError: it is none for one of them, or another.
    """
    end = _likely_end(octets)
    if end:
        read = _response(octets[:end], method, fin=False)
        if read is not None and read.whole and read.octets == end:
            return read
    return _response.__wrapped__(octets, method, fin=fin)


@lru_cache(256)
def _asked(method: bytes) -> h11.Request:
    return h11.Request(method=method, target=b"/", headers=[(b"Host", b"a")])


@lru_cache(REMEMBERED)
def _response(octets: bytes, method: bytes, *, fin: bool) -> Read | None:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=ENOUGH)
    connection.send(_asked(method or b"GET"))
    connection.send(_ASKED_ALL)
    interim: list[int] = []
    try:
        connection.receive_data(octets)
        while isinstance(head := connection.next_event(), h11.InformationalResponse):
            interim.append(head.status_code)
        if not isinstance(head, h11.Response):
            if interim:
                return Read((b"", b""), (), b"", whole=False, octets=len(octets), interim=tuple(interim))
            return None
        body, whole = _body(connection)
    except h11.RemoteProtocolError as error:
        raise OracleError(f"h11: {error}: {octets!r}") from error
    fields = tuple(head.headers)
    names = {name for name, _ in fields}
    bodyless = method == b"HEAD" or head.status_code in _BODYLESS
    until_close = not (bodyless or names & {b"content-length", b"transfer-encoding"})
    whole = whole or (until_close and fin)
    length = len(octets) - len(connection.trailing_data[0]) if whole and not until_close else len(octets)
    read = Read((b"%d" % head.status_code, b""), fields, body, whole, length, tuple(interim))
    _compare(_response_parser(method), octets[:length], read, fin=fin and until_close)
    return read


def _response_parser(method: bytes) -> http_parser.HttpResponseParser:
    return http_parser.HttpResponseParser(
        _PROTOCOL,
        _LOOP,
        ENOUGH,
        max_line_size=ENOUGH,
        max_field_size=ENOUGH,
        max_headers=ENOUGH,
        auto_decompress=False,
        read_until_eof=True,
        response_with_body=method != b"HEAD",
    )


def _fields(raw_headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple([(name.lower(), value.strip(b" \t")) for name, value in raw_headers])


def switch(octets: bytes) -> Read | None:
    """Return the 101 that `octets` begin with; None while its head is not whole.

    Raises:
        OracleError: it is none for one of them, or another.
    """
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=ENOUGH)
    connection.send(_OPENING)
    connection.send(_ASKED_ALL)
    try:
        connection.receive_data(octets)
        head = connection.next_event()
        if head is h11.NEED_DATA:
            return None
        if not isinstance(head, h11.InformationalResponse) or connection.next_event() is not h11.PAUSED:
            raise OracleError(f"h11 reads {head}, and no switch, in {octets!r}")
    except h11.RemoteProtocolError as error:
        raise OracleError(f"h11: {error}: {octets!r}") from error
    rest = connection.trailing_data[0]
    parser = _response_parser(b"GET")
    try:
        messages, upgraded, tail = parser.feed_data(octets)
    except HttpProcessingError as error:
        raise OracleError(f"aiohttp: {error}: {octets!r}") from error
    fields = tuple(head.headers)
    theirs = [(message.code, _fields(message.raw_headers)) for message, _ in messages]
    if theirs != [(101, fields)] or not upgraded or tail != rest:
        raise OracleError(f"aiohttp reads {messages} and {tail!r}, h11 {head} and {rest!r} in {octets!r}")
    return Read((b"%d" % head.status_code, b""), fields, b"", whole=True, octets=len(octets) - len(rest))


def _body(connection: h11.Connection) -> tuple[bytes, bool]:
    body: list[bytes] = []
    while isinstance(event := connection.next_event(), h11.Data):
        body.append(bytes(event.data))
    return b"".join(body), isinstance(event, h11.EndOfMessage)


def _compare(
    parser: http_parser.HttpRequestParser | http_parser.HttpResponseParser,
    octets: bytes,
    read: Read,
    *,
    fin: bool = False,
) -> None:
    """Have aiohttp read the same octets.

    Raises:
        OracleError: it reads something else.
    """
    try:
        messages, _, tail = parser.feed_data(octets)
        if fin:
            parser.feed_eof()
    except (HttpProcessingError, ClientPayloadError) as error:
        raise OracleError(f"aiohttp: {error}: {octets!r}") from error
    if len(messages) != 1 + len(read.interim) or tail:
        raise OracleError(f"aiohttp reads {len(messages)} messages and {tail!r} in {octets!r}")
    head, payload = messages[-1]
    if isinstance(head, http_parser.RawRequestMessage):
        start = head.method.encode("ascii"), head.path.encode("utf-8", "surrogateescape")
    else:
        start = b"%d" % head.code, b""
    body = payload.read_nowait(-1)
    theirs = start, _fields(head.raw_headers), body, payload.is_eof()
    if theirs != (read.start, read.fields, read.body, read.whole):
        raise OracleError(f"aiohttp reads {theirs}, h11 {read} in {octets!r}")
