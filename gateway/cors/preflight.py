"""What a preflight asks for (https://fetch.spec.whatwg.org/#cors-preflight-fetch)."""

from collections.abc import Sequence
from typing import Final

MAX_REQUEST_HEADERS_OCTETS: Final = 4096
"""Bound on Access-Control-Request-Headers over all its lines: preflights are anonymous input."""
MAX_REQUEST_HEADERS_NAMES: Final = 64
"""Bound on the names asked for; a browser sends those a script set."""


class RequestHeadersError(ValueError):
    """Access-Control-Request-Headers is over a bound, or holds what is no field name."""


def parse_request_headers(values: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the names asked for, in the client's order and spelling, repeats (whatever the case) and empty elements left out.

    Any case, order and white space, several lines: classic Outlook's runtime sends `authorization, Content-Length, Content-Type`
    (OfficeDev/office-js#3907).

    Raises:
        RequestHeadersError: over a bound, or a name that is no token.
    """
    raise NotImplementedError


FORBIDDEN_REQUEST_HEADERS: frozenset[bytes] = frozenset()
"""Lower-case names a page may never set, so that asking for them is not held against a client
(https://fetch.spec.whatwg.org/#forbidden-request-header); `is_forbidden` adds `proxy-` and `sec-`."""


def is_forbidden(name: bytes) -> bool:
    """Tell whether a page may never set the field with this lower-case name."""
    raise NotImplementedError
