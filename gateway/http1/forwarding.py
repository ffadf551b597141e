"""Who the client is, told to the upstream (RFC 7239) and taken from proxies in front that are trusted."""

from collections.abc import Callable, Sequence

from gateway.http1.fields import Fields


def forwarding_lines(*, client: str, scheme: str, host: bytes) -> bytes:
    """Return `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` lines, each ended by CRLF, with exactly one address: `client`.

    An IPv6 address stands bare in X-Forwarded-For, bracketed and quoted in Forwarded.
    """
    raise NotImplementedError


def client_address(peer: str, fields: Fields, is_trusted: Callable[[str], bool]) -> str:
    """Return the client's address: the peer's own, or, if the peer is trusted, the right-most address it vouches for that is not trusted.

    Read from all X-Forwarded-For lines in order. Anything in the list that is not an IP address (with an optional port) ends the
    walk: the last good address counts. Only `is_trusted(peer)` makes the field count at all.
    """
    raise NotImplementedError


def client_scheme(scheme: str, fields: Fields, *, trusted: bool) -> str:
    """Return `http` or `https`: a trusted peer's single X-Forwarded-Proto if it is one of these, else the connection's own `scheme`."""
    raise NotImplementedError
