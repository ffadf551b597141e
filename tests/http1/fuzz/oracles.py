"""The two parsers that judge ours: aiohttp's, which is llhttp in C, and h11, which is regular expressions in Python."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import h11
from aiohttp.base_protocol import BaseProtocol
from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import (
    HttpRequestParser,
    HttpRequestParserPy,
    HttpResponseParser,
    HttpResponseParserPy,
    RawRequestMessage,
    RawResponseMessage,
)

from tests.http1.fuzz.message import Case, Message, Nothing, Reading

ENOUGH: Final = 1 << 24
"""Each limit of an oracle: none is to be reached, since ours are lower and tested elsewhere."""

if HttpRequestParser is HttpRequestParserPy or HttpResponseParser is HttpResponseParserPy:
    raise RuntimeError("without its C parser aiohttp is another oracle")

_LOOP: Final = asyncio.new_event_loop()
_PROTOCOL: Final = BaseProtocol(_LOOP)
"""Whom aiohttp's parser would tell to pause, which it does not below its limits. The loop never runs."""


def read_with_aiohttp(case: Case, octets: bytes, *, eof: bool = False) -> Reading:
    """Read the first message in `octets`, which are all of the case's, or their beginning."""
    parser: HttpRequestParser | HttpResponseParser
    if case.side == "request":
        parser = HttpRequestParser(
            _PROTOCOL,
            _LOOP,
            ENOUGH,
            max_line_size=ENOUGH,
            max_field_size=ENOUGH,
            max_headers=ENOUGH,
            auto_decompress=False,
        )
    else:
        parser = HttpResponseParser(
            _PROTOCOL,
            _LOOP,
            ENOUGH,
            max_line_size=ENOUGH,
            max_field_size=ENOUGH,
            max_headers=ENOUGH,
            auto_decompress=False,
            read_until_eof=True,
            response_with_body=case.method != b"HEAD",
        )
    try:
        messages, _, tail = parser.feed_data(octets)
        if eof:
            parser.feed_eof()
    except (HttpProcessingError, ClientPayloadError):
        return Nothing.REFUSED
    if not messages:
        return Nothing.UNFINISHED
    head, payload = messages[0]
    whole = payload.is_eof()
    return Message(
        start=_start(head),
        fields=tuple((name.lower(), value.strip(b" \t")) for name, value in head.raw_headers),
        body=payload.read_nowait(-1),
        whole=whole,
        alone=not whole or (len(messages) == 1 and not tail),
    )


def _start(head: RawRequestMessage | RawResponseMessage) -> tuple[bytes, bytes]:
    if isinstance(head, RawRequestMessage):
        return head.method.encode("ascii"), (head.path or "").encode("utf-8", "surrogateescape")
    return b"%d" % head.code, head.reason.encode("utf-8", "surrogateescape")


def read_with_h11(case: Case, octets: bytes, *, eof: bool = False) -> Reading:
    """Read the first message in `octets`, which are all of the case's, or their beginning."""
    connection = h11.Connection(h11.SERVER if case.side == "request" else h11.CLIENT, max_incomplete_event_size=ENOUGH)
    if case.side == "response":
        connection.send(
            h11.Request(
                method=case.method, target="/", headers=[("Host", "a"), ("Connection", "upgrade"), ("Upgrade", "a")]
            )
        )
        connection.send(h11.EndOfMessage())
    try:
        connection.receive_data(octets)
        if eof:
            connection.receive_data(b"")
        head = connection.next_event()
        if not isinstance(head, h11.Request | h11.InformationalResponse | h11.Response):
            return Nothing.UNFINISHED
        start = (head.method, head.target) if isinstance(head, h11.Request) else (b"%d" % head.status_code, head.reason)
        body: list[bytes] = []
        whole = isinstance(head, h11.InformationalResponse)
        while not whole and (event := connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Data):
                body.append(bytes(event.data))
            else:
                whole = isinstance(event, h11.EndOfMessage)
                break
    except h11.RemoteProtocolError:
        return Nothing.REFUSED
    return Message(
        start=start,
        fields=tuple((name, value) for name, value in head.headers),
        body=b"".join(body),
        whole=whole,
        alone=not whole or not connection.trailing_data[0],
    )


Oracle = Callable[..., Reading]

ORACLES: Final[Mapping[str, Oracle]] = {"aiohttp": read_with_aiohttp, "h11": read_with_h11}
