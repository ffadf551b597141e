"""What a preflight asks for (https://fetch.spec.whatwg.org/#cors-preflight-fetch)."""

import re
from collections.abc import Sequence
from typing import Final

REQUEST_HEADERS_OCTETS: Final = 4096
"""Usual bound on Access-Control-Request-Headers over all its lines: preflights are anonymous input."""
OCTETS_A_NAME: Final = 64
"""There may be one name for so many octets of the bound: each costs work, and a browser sends those a script set."""

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110, 5.6.2."""


class RequestHeadersError(ValueError):
    """Access-Control-Request-Headers is over a bound, or holds what is no field name."""


def parse_request_headers(values: Sequence[bytes], max_octets: int = REQUEST_HEADERS_OCTETS) -> tuple[bytes, ...]:
    """Return the names asked for, in the client's order and spelling.

    Repeats (whatever the case) and empty elements are left out. Any case, order and white space, several lines: classic
    Outlook's runtime sends `authorization, Content-Length, Content-Type` (OfficeDev/office-js#3907).

    Raises:
        RequestHeadersError: over a bound, or a name that is no token.
    """
    if sum(map(len, values)) > max_octets:
        raise RequestHeadersError("too long")
    names: dict[bytes, bytes] = {}
    for value in values:
        for element in value.split(b","):
            name = element.strip(b" \t")
            if not name:
                continue
            if not _TOKEN.fullmatch(name):
                raise RequestHeadersError("not a field name")
            names.setdefault(name.lower(), name)
    if len(names) > max_octets // OCTETS_A_NAME:
        raise RequestHeadersError("too many names")
    return tuple(names.values())


FORBIDDEN_REQUEST_HEADERS: Final = frozenset(
    {
        b"accept-charset",
        b"accept-encoding",
        b"access-control-request-headers",
        b"access-control-request-method",
        b"connection",
        b"content-length",
        b"cookie",
        b"cookie2",
        b"date",
        b"dnt",
        b"expect",
        b"host",
        b"keep-alive",
        b"origin",
        b"referer",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"via",
    }
)
"""Lower-case names a page may never set, so that asking for them is not held against a client
(https://fetch.spec.whatwg.org/#forbidden-request-header); `is_forbidden` adds `proxy-` and `sec-`."""

SAFELISTED_REQUEST_HEADERS: Final = frozenset({b"accept", b"accept-language", b"content-language", b"content-type"})
"""Lower-case names a page may set without asking, as long as the value is harmless
(https://fetch.spec.whatwg.org/#cors-safelisted-request-header). `range` is left out: classic Outlook's runtime, the one
client that asks for safelisted names, does not count it among them."""


def is_forbidden(name: bytes) -> bool:
    """Tell whether a page may never set the field with this lower-case name."""
    return name in FORBIDDEN_REQUEST_HEADERS or name.startswith((b"proxy-", b"sec-"))
