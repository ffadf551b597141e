"""The PROXY header: a proxy in front says whose connection it passes on, before the first octet of it.

Versions 1 and 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, 2.1 and 2.2). Whether there is one is
never guessed: a peer that sends it always does.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from gateway.http1.errors import MalformedError

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
"""The first octets of version 2: no request begins so."""

MAX_LINE_OCTETS: Final = 107
"""Longest header of version 1, its CRLF included (2.1)."""

MAX_BLOCK_OCTETS: Final = 4096
"""Longest part of version 2 behind its first 16 octets that is taken. Addresses are 36, the rest is extensions: names,
and what a proxy says of a client's certificate. The format would allow 64 KiB, before anybody is known."""

_FIXED: Final = 16
"""Octets of version 2 that each header has: signature, version and command, family, length."""

_is_line: Final = re.compile(
    rb"PROXY (?:UNKNOWN(?: [ -~]*+)?|(TCP[46]) ([0-9A-Fa-f:.]++) ([0-9A-Fa-f:.]++) ([0-9]{1,5}+) ([0-9]{1,5}+))\r\n"
).fullmatch

_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_ADDRESSES: Final = {0x11: 4, 0x21: 16}
"""Family and protocol → octets of an address: TCP over IPv4 and IPv6. Each header has two, and two ports."""
_UNSAID: Final = frozenset({0x00, 0x31})
"""Unspecified and a stream of a Unix socket: there is no address to be told."""
_TLS: Final = 0x20
"""Type of the extension on TLS between the client and the proxy (2.2.6)."""
_BY_TLS: Final = 0x01
"""The bit in its first octet that says there was any."""
_LAST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Announced:
    """What a PROXY header says."""

    address: str | None = None
    """The client's, an IPv4-mapped one as IPv4; None where the connection is the proxy's own, as for its health checks,
    or it does not know."""
    tls: bool = False
    """The client came to the proxy by TLS. Version 2 says so where it is told to (HAProxy: send-proxy-v2-ssl)."""


class ProxyHeader:
    """Reads a PROXY header in octets as they arrive. Held is no more than the header itself."""

    __slots__ = ("_held", "announced")

    def __init__(self) -> None:
        """Start with nothing."""
        self._held = b""
        self.announced: Announced | None = None
        """What it says, once it is whole."""

    def feed(self, data: bytes) -> int:
        """Take the octets of the header that are in `data`; return how many these are.

        Raises:
            MalformedError: it is none, or longer than any that is taken.
        """
        before = len(self._held)
        held = self._held + data
        whole = _length(held)
        if whole is None:
            self._held = held
            return len(data)
        octets = held[:whole]
        self.announced = _line(octets) if octets.startswith(b"P") else _block(octets)
        return whole - before


def _length(octets: bytes) -> int | None:
    """Return how long the header at the beginning of `octets` is, None where that is not known yet or it is not whole.

    Raises:
        MalformedError: there is none, or it is too long.
    """
    if octets.startswith(SIGNATURE):
        if len(octets) < _FIXED:
            return None
        length = int.from_bytes(octets[_FIXED - 2 : _FIXED])
        if length > MAX_BLOCK_OCTETS:
            raise MalformedError("a PROXY header with more extensions than are taken")
        return _FIXED + length if len(octets) >= _FIXED + length else None
    if octets.startswith(b"PROXY "):
        end = octets.find(b"\n", 0, MAX_LINE_OCTETS) + 1
        if not end and len(octets) >= MAX_LINE_OCTETS:
            raise MalformedError("a PROXY header without an end")
        return end or None
    if SIGNATURE.startswith(octets) or b"PROXY ".startswith(octets):
        return None
    raise MalformedError("no PROXY header")


def _line(octets: bytes) -> Announced:
    """Return what a header of version 1 says."""
    match = _is_line(octets)
    if match is None:
        raise MalformedError("a broken PROXY header")
    family, source, destination, *ports = match.groups()
    if family is None:
        return Announced()
    if any(int(port) > _LAST_PORT for port in ports):
        raise MalformedError("a PROXY header with a port above 65535")
    kind = IPv4Address if family == b"TCP4" else IPv6Address
    try:
        kind(destination.decode("ascii"))
        return Announced(_text(kind(source.decode("ascii"))))
    except ValueError as error:
        raise MalformedError("a PROXY header with what is no address") from error


def _block(octets: bytes) -> Announced:
    """Return what a header of version 2 says."""
    command, family = octets[_FIXED - 4], octets[_FIXED - 3]
    if command == _LOCAL:
        return Announced()
    if command != _PROXY:
        raise MalformedError("a PROXY header of an unknown version or command")
    if family in _UNSAID:
        return Announced()
    if family not in _ADDRESSES:
        raise MalformedError("a PROXY header for another protocol than TCP")
    size = _ADDRESSES[family]
    behind = _FIXED + 2 * size + 4
    if len(octets) < behind:
        raise MalformedError("a PROXY header too short for its addresses")
    return Announced(_text(ip_address(octets[_FIXED : _FIXED + size])), _came_by_tls(octets[behind:]))


def _text(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _came_by_tls(extensions: bytes) -> bool:
    """Tell whether the extensions say that the client came by TLS.

    Raises:
        MalformedError: one is longer than what is left.
    """
    by_tls = False
    while extensions:
        kind, length = extensions[0], int.from_bytes(extensions[1:3])
        if len(extensions) < 3 + length:  # its type, its length, and that many octets
            raise MalformedError("a PROXY header with a broken extension")
        by_tls = by_tls or (kind == _TLS and length > 0 and bool(extensions[3] & _BY_TLS))
        extensions = extensions[3 + length :]
    return by_tls
