"""The attributes of cookies that `cookies: relay` passes on to a page (RFC 6265, 4.1, and its revision)."""

from collections.abc import Iterator, Sequence

from gateway.policy.location import outside_path
from gateway.policy.model import CookieRewrite


def rewrite_cookie(value: bytes, rewrite: CookieRewrite, prefixes: Sequence[bytes]) -> bytes:
    """Return a Set-Cookie value with the attributes that `rewrite` names; all others, name and value as they came.

    A Path that begins with one of the upstream's `prefixes` loses it, as paths outside have none: a browser would never
    send the cookie back.
    """
    pair, *attributes = value.split(b";")
    named = frozenset(_named(rewrite))
    kept = [_mapped(attribute, prefixes) for attribute in attributes if _name(attribute) not in named]
    return b";".join((pair, *kept, *_written(rewrite)))


def _name(attribute: bytes) -> bytes:
    """Return an attribute's name, lower-case."""
    return attribute.partition(b"=")[0].strip(b" \t").lower()


def _named(rewrite: CookieRewrite) -> Iterator[bytes]:
    """Yield the names of the attributes that do not stay as they came."""
    if rewrite.domain is not None:
        yield b"domain"
    if rewrite.secure is not None:
        yield b"secure"
    if rewrite.same_site is not None:
        yield b"samesite"
    if rewrite.partitioned is not None:
        yield b"partitioned"


def _written(rewrite: CookieRewrite) -> Iterator[bytes]:
    """Yield the attributes to write instead."""
    if rewrite.domain:
        yield b" Domain=" + rewrite.domain.encode()
    if rewrite.secure:
        yield b" Secure"
    if rewrite.same_site:
        yield b" SameSite=" + rewrite.same_site.encode()
    if rewrite.partitioned:
        yield b" Partitioned"


def _mapped(attribute: bytes, prefixes: Sequence[bytes]) -> bytes:
    """Return an attribute, a Path as it is outside."""
    if _name(attribute) != b"path":
        return attribute
    path = attribute.partition(b"=")[2].strip(b" \t")
    outside = outside_path(path, prefixes)
    return attribute if outside is None or outside == path else b" Path=" + outside
