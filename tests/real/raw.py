"""A client that hides nothing: a request as bytes, an answer as the lines that came."""

import gzip
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.real.processes import LOOPBACK

ANSWERED_WITHIN_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back."""

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
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    if body:
        head.append(f"Content-Length: {len(body)}")
    with socket.create_connection((LOOPBACK, port), timeout=ANSWERED_WITHIN_SECONDS) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        with connection.makefile("rb") as stream:
            status = int(stream.readline().split()[1])
            lines: list[tuple[str, str]] = []
            while (line := stream.readline().rstrip(b"\r\n")) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                lines.append((name, value.strip(" \t")))
            answer = RawAnswer(status, tuple(lines), b"")
            octets = b""
            if answer.values("transfer-encoding") == ["chunked"]:
                while (size := int(stream.readline(), 16)) > 0:
                    octets += stream.read(size)
                    stream.readline()
            elif lengths := answer.values("content-length"):
                octets = stream.read(int(lengths[0]))
            else:
                octets = stream.read()
    if answer.values("content-encoding") == ["gzip"]:
        octets = gzip.decompress(octets)
    return RawAnswer(status, answer.lines, octets)
