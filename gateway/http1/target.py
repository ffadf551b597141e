"""Request targets and authorities (RFC 3986, 3; RFC 9110, 7.2)."""

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from gateway.http1.errors import MalformedError

_AMBIGUOUS: Final = re.compile(
    rb"//"  # an empty segment: some servers merge it
    rb"|\\"  # WHATWG URL and IIS read it as "/"
    rb"|/\.\.?(?:[/;]|\Z)"  # a dot-segment; "/..;x/" is one for Java servers, which cut parameters off first
    rb"|%(?:"
    rb"00|2[Ff]|5[Cc]|25"  # NUL, "/", "\", "%"
    rb"|2[DdEe]|5[Ff]|7[Ee]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])"  # "-" "." "_" "~", digits, letters
)

_AUTHORITY: Final = re.compile(rb"([0-9A-Za-z._-]++|\[([0-9A-Fa-f:.]++)\])(?::([0-9]{0,5}+))?")
"""uri-host [":" port]; the name is made of what DNS names and addresses are made of.

RFC 3986 (3.2.2) has sub-delims and percent-encoding in names too: no such name can be resolved, and a comma would be
two names to readers of X-Forwarded-Host. A port may be empty (RFC 3986, 3.2.3).
"""

_is_plain_host: Final = re.compile(rb"[0-9A-Za-z._-]++").fullmatch

_LAST_PORT: Final = 65_535


def path_of(target: bytes) -> bytes:
    """Return the target's path, as sent, without the query."""
    at = target.find(b"?")
    return target if at < 0 else target[:at]


def is_ambiguous(path: bytes) -> bool:
    r"""Tell whether servers could read `path` in more than one way.

    Dot-segments, empty segments (`//`), a backslash, and percent-encoded NUL, `/`, `\`, `%` or unreserved octets (RFC
    3986, 6.2.2): with any of these a path rule could be got around by a spelling.
    """
    return _AMBIGUOUS.search(path) is not None


def split_host(authority: bytes) -> tuple[bytes, int | None]:
    """Return (host, lower-case, an IPv6 literal in its brackets; port or None) of a valid `uri-host [":" port]`.

    Raises:
        MalformedError: it is not one.
    """
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise MalformedError("not a host with an optional port")
    host, literal, digits = match.groups()
    if literal is not None:
        try:
            IPv6Address(literal.decode("ascii"))
        except AddressValueError as error:
            raise MalformedError("not an IPv6 address in the brackets") from error
    port = int(digits) if digits else None
    if port is not None and port > _LAST_PORT:
        raise MalformedError("a port above 65535")
    return host.lower(), port


def lower_host(value: bytes) -> bytes:
    """Return a Host value in lower case.

    Raises:
        MalformedError: it is not `uri-host [":" port]`.
    """
    if _is_plain_host(value) is None:
        split_host(value)
    return value.lower()
