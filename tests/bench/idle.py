"""Connections that ask once and are kept open, as those of people who have the add-in open and do nothing."""

import resource
import socket
import ssl
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.real.processes import LOOPBACK

ANSWERED_WITHIN_SECONDS: Final = 30.0
FILES: Final = 20_000
"""Open files that the comparison needs: of the system with the most connections, twice as many and some."""


def raise_file_limit() -> None:
    """Let this process and those it starts open enough files.

    Raises:
        ValueError: only root may.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, max(hard, FILES)))


@contextmanager
def kept(port: int, request: bytes, count: int, *, tls: bool) -> Generator[None]:
    """Open so many connections one after the other, ask on each, read the answer, and keep all until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if tls else None
    if context is not None:  # what is measured is the other side's memory: nobody has to be believed
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with ExitStack() as stack:
        for _ in range(count):
            plain = socket.create_connection((LOOPBACK, port), timeout=ANSWERED_WITHIN_SECONDS)
            sock = stack.enter_context(plain if context is None else context.wrap_socket(plain))
            ask(sock, request)
        yield


def ask(sock: socket.socket, request: bytes) -> bytes:
    """Send a request; return the answer, which has a `Content-Length`.

    Raises:
        ConnectionError: the connection was closed before the answer's end.
    """
    sock.sendall(request)
    octets = b""
    while not _is_whole(octets):
        more = sock.recv(65_536)
        if not more:
            raise ConnectionError(f"the connection was closed behind {octets!r}")
        octets += more
    return octets


def _is_whole(octets: bytes) -> bool:
    head, end, body = octets.partition(b"\r\n\r\n")
    _, _, behind = head.lower().partition(b"\r\ncontent-length:")
    return bool(end) and len(body) >= int(behind.partition(b"\r\n")[0] or 0)
