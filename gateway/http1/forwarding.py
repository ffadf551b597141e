"""Who the client is, told to the upstream (RFC 7239) and taken from proxies in front that are trusted."""

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from gateway.http1.fields import Fields

_SCHEMES: Final = {b"http": "http", b"https": "https"}

_is_ipv4_with_port: Final = re.compile(r"([0-9.]++):[0-9]{1,5}+").fullmatch
_is_bracketed_ipv6: Final = re.compile(r"\[([0-9A-Fa-f:.]++)\](?::[0-9]{1,5}+)?").fullmatch


def forwarding_lines(client: str, scheme: str, host: bytes) -> bytes:
    """Return `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` lines, each ended by CRLF.

    They hold exactly one address: `client`. An IPv6 address stands bare in X-Forwarded-For, bracketed and quoted in
    Forwarded. A zone (`%eth0`) means something on this machine only and is left out.
    """
    return _often(client, scheme, host) if len(host) <= REMEMBERED_HOST_OCTETS else _written(client, scheme, host)


REMEMBERED_HOST_OCTETS: Final = 262
"""The longest name there is in the DNS, and a port. Clients choose the Host: longer ones are not remembered."""


def _written(client: str, scheme: str, host: bytes) -> bytes:
    address = client.partition("%")[0]
    proto = scheme.encode("ascii")
    node = f'"[{address}]"' if ":" in address else address
    return (
        b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n"
        b'Forwarded: for=%b;host="%b";proto=%b\r\n'
    ) % (address.encode("ascii"), proto, host, node.encode("ascii"), host, proto)


_often: Final = lru_cache(maxsize=512)(_written)
"""The same for who asks again and again: at most half a megabyte."""


def client_address(peer: str, fields: Fields, is_trusted: Callable[[str], bool]) -> str:
    """Return the client's address: the peer's own, or, if the peer is trusted, the one it vouches for.

    That is the right-most address which is not trusted itself. Read from all X-Forwarded-For lines in order. Anything
    in the list that is not an IP address (with an optional port) ends the walk: the last good address counts. Only
    `is_trusted(peer)` makes the field count at all.
    """
    address = peer
    if not is_trusted(address):
        return address
    for member in reversed(fields.items(b"x-forwarded-for")):
        vouched_for = _address(member)
        if vouched_for is None:
            break
        address = vouched_for
        if not is_trusted(address):
            break
    return address


def client_scheme(scheme: str, fields: Fields, *, trusted: bool) -> str:
    """Return `http` or `https`: a trusted peer's single X-Forwarded-Proto if it is one of these, else `scheme`.

    `scheme` is the connection's own.
    """
    values = fields.values(b"x-forwarded-proto") if trusted else ()
    return _SCHEMES.get(values[0].lower(), scheme) if len(values) == 1 else scheme


def _address(member: bytes) -> str | None:
    """Return the IP address in one member of X-Forwarded-For, an IPv4-mapped one as IPv4; None if it is none."""
    # Octets outside ASCII become characters that no address has.
    text = member.decode("latin-1")
    try:
        if bracketed := _is_bracketed_ipv6(text):
            address: IPv4Address | IPv6Address = IPv6Address(bracketed[1])
        else:
            with_port = _is_ipv4_with_port(text)
            address = ip_address(with_port[1] if with_port else text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        # A front end listening on both families names IPv4 clients this way; rules and lock-outs know them as IPv4.
        address = address.ipv4_mapped or address
    return str(address)
