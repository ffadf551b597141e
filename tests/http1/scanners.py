"""The scanners of `gateway.http1`, those in Python and those in C, for the tests that take both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.http1 import framing, head, outgoing, target
from gateway.http1.framing import BodyReader, ScanChunks
from gateway.http1.head import RequestHead, ResponseHead
from gateway.relay import scanners

BUILD: Final = ("gcc", "libc6-dev", "python3-dev")
"""Packages that building those in C needs."""


@dataclass(frozen=True, slots=True)
class Scanners:
    """One kind of them, under the names that the modules of `gateway.http1` give them."""

    parse_request_head: Callable[..., RequestHead]
    parse_response_head: Callable[..., ResponseHead]
    begin_request: Callable[..., tuple[RequestHead, bytes] | None]
    begin_response: Callable[..., tuple[ResponseHead, bytes] | None]
    request_octets: Callable[..., bytes]
    response_octets: Callable[..., bytes]
    body_reader: Callable[..., BodyReader]
    scan_chunks: ScanChunks
    path_of: Callable[[bytes], bytes]


PYTHON: Final = Scanners(
    head.parse_request_head,
    head.parse_response_head,
    head.begin_request,
    head.begin_response,
    outgoing.request_octets,
    outgoing.response_octets,
    framing.body_reader,
    framing.scan_chunks,
    target.path_of,
)

IN_USE: Final = Scanners(
    scanners.parse_request_head,
    scanners.parse_response_head,
    scanners.begin_request,
    scanners.begin_response,
    scanners.request_octets,
    scanners.response_octets,
    scanners.body_reader,
    scanners.scan_chunks,
    scanners.path_of,
)

COMPILED: Final = IN_USE if scanners.SCANNERS == "compiled" else None
"""None where they were not built, or are not wanted."""
