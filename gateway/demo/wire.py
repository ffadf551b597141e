"""One HTTP exchange with nothing between the octets and the reader: clients merge lines, and hide the fault."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yarl import URL

BODY_LIMIT: Final = 65_536
"""Octets of a body that are kept, enough to show what it is."""

TIMEOUT_SECONDS: Final = 15.0
"""How long an answer may take: a CRM's slowest calls are longer, those made here are not."""


class WireError(Exception):
    """There was no answer; `console` is what Chromium calls that."""

    def __init__(self, message: str, console: str = "net::ERR_INVALID_HTTP_RESPONSE") -> None:
        super().__init__(message)
        self.console = console


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response as it was on the wire."""

    start_line: str
    lines: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status(self) -> int:
        """Return the status of a response."""
        return int(self.start_line.split(" ", 2)[1])

    def values(self, name: str) -> list[str]:
        """Return the value of each field line of that name, repeated ones too."""
        return [value for each, value in self.lines if each.lower() == name.lower()]

    def as_octets(self) -> bytes:
        """Return the message to be sent."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.lines)
        return f"{self.start_line}\r\n{head}\r\n".encode() + self.body

    def as_lines(self) -> list[str]:
        """Return the head for a reader."""
        return [self.start_line, *(f"{name}: {value}" for name, value in self.lines)]


def request(method: str, url: URL, lines: Sequence[tuple[str, str]], body: bytes | None) -> Message:
    """Return a request that asks for the connection to be closed: the end of the answer is then its end."""
    framing = [] if body is None else [("Content-Length", str(len(body)))]
    everything = (("Host", url.host_port_subcomponent or ""), ("Connection", "close"), *lines, *framing)
    return Message(f"{method} {url.raw_path_qs} HTTP/1.1", everything, body or b"")


async def send(url: URL, message: Message) -> Message:
    """Return the answer to a request.

    Raises:
        WireError: nobody answered, or not in HTTP.
    """
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            octets = await _send(url, message.as_octets())
    except TimeoutError as error:
        raise WireError(f"no answer within {TIMEOUT_SECONDS:.0f} s", "net::ERR_TIMED_OUT") from error
    except ConnectionRefusedError as error:
        raise WireError("connection refused: nobody listens there", "net::ERR_CONNECTION_REFUSED") from error
    except socket.gaierror as error:
        raise WireError(f"{url.host} is not a known name", "net::ERR_NAME_NOT_RESOLVED") from error
    except OSError as error:
        raise WireError(error.strerror or str(error), "net::ERR_CONNECTION_FAILED") from error
    return parse(octets)


async def _send(url: URL, octets: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(url.host, url.port, ssl=_tls(url))
    try:
        writer.write(octets)
        received = bytearray()
        while len(received) < BODY_LIMIT and (more := await reader.read(BODY_LIMIT)):
            received += more
        return bytes(received)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _tls(url: URL) -> ssl.SSLContext | None:
    """Return how TLS is spoken: whom the certificate names does not matter for what is shown here."""
    if url.scheme != "https":
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def parse(octets: bytes) -> Message:
    """Return the response these octets are.

    Raises:
        WireError: they are none.
    """
    head, _, body = octets.partition(b"\r\n\r\n")
    start_line, *lines = head.decode("utf-8", "replace").split("\r\n")
    parts = start_line.split(" ", 2)
    if not parts[0].startswith("HTTP/") or len(parts) < 2 or not parts[1].isdigit():  # noqa: PLR2004 (version, status)
        if not octets:
            raise WireError("the connection was closed without an answer", "net::ERR_EMPTY_RESPONSE")
        raise WireError("the answer is not HTTP")
    fields = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    response = Message(start_line, fields, body)
    chunked = "chunked" in response.values("Transfer-Encoding")
    return Message(start_line, fields, _joined(body) if chunked else body)


def _joined(body: bytes) -> bytes:
    """Return the octets in the chunks of a body, as far as they came."""
    joined = bytearray()
    while body:
        line, _, rest = body.partition(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            break
        if not size:
            break
        joined += rest[:size]
        body = rest[size + 2 :]
    return bytes(joined)
