"""A client that hides nothing: a request as bytes, an answer as the lines that came."""

import gzip
import select
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from tests.real.processes import LOOPBACK

ANSWERED_WITHIN_SECONDS: Final = 30

PIECE: Final = bytes(1_000_000)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back."""

    version: str
    status: int
    lines: tuple[tuple[str, str], ...]
    """Field lines in their order, names as they were written, none merged."""
    body: bytes
    """Without framing and without coding."""

    def values(self, name: str) -> list[str]:
        """Return the value of each line of that name."""
        return [value for each, value in self.lines if each.lower() == name]


def fetch(port: int, method: str, target: str, fields: Iterable[tuple[str, str]], body: bytes = b"") -> RawAnswer:
    """Ask for something on a connection of its own, and read the answer to its end."""
    with _connection(port) as connection:
        connection.sendall(_head(method, target, fields, len(body)) + body)
        with connection.makefile("rb") as stream:
            return _read(stream)


def upload(
    port: int, target: str, fields: Iterable[tuple[str, str]], pieces: int, tls: ssl.SSLContext | None
) -> RawAnswer:
    """Post so many `PIECE`s, all but the first only when the answer is there, and read it when all are sent.

    Raises:
        ConnectionResetError: the connection was closed while octets of the body were on their way. On systems other
            than Linux the answer is then lost, whether it had come or not.
    """
    plain = _connection(port)
    with plain if tls is None else tls.wrap_socket(plain) as connection:
        connection.sendall(_head("POST", target, fields, pieces * len(PIECE)) + PIECE)
        ready, _, _ = select.select([connection], [], [], ANSWERED_WITHIN_SECONDS)
        if not ready:
            raise TimeoutError("no answer before the body's end")
        for _ in range(pieces - 1):
            connection.sendall(PIECE)
        with connection.makefile("rb") as stream:
            return _read(stream)


def _connection(port: int) -> socket.socket:
    return socket.create_connection((LOOPBACK, port), timeout=ANSWERED_WITHIN_SECONDS)


def _head(method: str, target: str, fields: Iterable[tuple[str, str]], length: int) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    if length:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _read(stream: BinaryIO) -> RawAnswer:
    version, status, *_ = stream.readline().decode("latin-1").split()
    lines: list[tuple[str, str]] = []
    while (line := stream.readline().rstrip(b"\r\n")) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        lines.append((name, value.strip(" \t")))
    answer = RawAnswer(version, int(status), tuple(lines), b"")
    octets = b""
    if answer.values("transfer-encoding") == ["chunked"]:
        while (size := int(stream.readline(), 16)) > 0:
            octets += stream.read(size)
            stream.readline()
        stream.readline()
    elif lengths := answer.values("content-length"):
        octets = stream.read(int(lengths[0]))
    else:
        octets = stream.read()
    if answer.values("content-encoding") == ["gzip"]:
        octets = gzip.decompress(octets)
    return replace(answer, body=octets)
