"""What aiohttp's C parser and h11 read in all that was written on one connection."""

from dataclasses import dataclass, replace
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

if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
    raise RuntimeError("without its C parser aiohttp is another oracle")

_LOOP: Final = SteppedLoop().as_loop
_PROTOCOL: Final = BaseProtocol(_LOOP)
_BODYLESS: Final = frozenset({204, 304})


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
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=ENOUGH)
    connection.send(h11.Request(method=method or b"GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
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
    parser = http_parser.HttpResponseParser(
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
    _compare(parser, octets[:length], read, fin=fin and until_close)
    return read


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
    fields = tuple((name.lower(), value.strip(b" \t")) for name, value in head.raw_headers)
    theirs = start, fields, body, payload.is_eof()
    if theirs != (read.start, read.fields, read.body, read.whole):
        raise OracleError(f"aiohttp reads {theirs}, h11 {read} in {octets!r}")
