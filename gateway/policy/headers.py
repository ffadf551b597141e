"""Which header fields a page may send, by what its preflight asks for."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from gateway.cors.preflight import (
    REQUEST_HEADERS_OCTETS,
    SAFELISTED_REQUEST_HEADERS,
    RequestHeadersError,
    is_forbidden,
    parse_request_headers,
)
from gateway.http1.outgoing import FORWARDING, is_forwarding

OVERRIDES: Final = frozenset(
    {
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
        b"x-original-url",
        b"x-rewrite-url",
    }
)
"""With these a request is served as another than it was judged as: by method (vtenext's REST API is one that does it),
or by path (IIS, Symfony)."""

NEVER_BY_ANY: Final = OVERRIDES | FORWARDING
"""Lower-case names that `headers: any` does not cover: they are allowed only where a rule lists them by name.

So is every x-forwarded-*.
"""


def is_never_by_any(name: bytes) -> bool:
    """Tell whether `headers: any` leaves out the field with this lower-case name."""
    return name in OVERRIDES or is_forwarding(name)


class AskedHeaders(NamedTuple):
    """What became of the names a preflight asked for."""

    allowed: tuple[bytes, ...] | None
    """The answer's whole list; None for the rule's own, as compiled."""
    refused: bytes | None = None
    """The first name that is not allowed, as the client wrote it; empty where the list could not be read."""


RULES_OWN: Final = AskedHeaders(None)
UNREADABLE: Final = AskedHeaders(None, b"")


def judge_listed(
    asked: Sequence[bytes], listed: AbstractSet[bytes], max_octets: int = REQUEST_HEADERS_OCTETS
) -> AskedHeaders | None:
    """Return that all names are allowed, where browsers ask for what a rule lists: in lower case, without spaces.

    Of anything else nothing is said: `judge_headers` has to look at it.
    """
    if len(asked) == 1 and len(asked[0]) <= max_octets and listed >= set(asked[0].split(b",")):
        return RULES_OWN
    return None


def judge_headers(
    asked: Sequence[bytes],
    listed: Mapping[bytes, None],
    *,
    any_header: bool,
    everything: bool,
    max_octets: int = REQUEST_HEADERS_OCTETS,
) -> AskedHeaders:
    """Return which of the names in `asked`, the values of Access-Control-Request-Headers, a page may send.

    The answer lists what was asked and allowed, in the client's spelling (classic Outlook's runtime once compared
    octets, microsoft/react-native-windows#11511), and behind it the rest of what the rule lists, so that one preflight
    fills the cache.

    Names that no page can set are never refused, and are listed: that runtime asks for `Content-Length`. `everything`:
    the client asks for all it is going to send, not only for what needs asking; a list with such a name says the same.
    Then safelisted names are not refused either. Of a browser they are: it asks for `content-type` only where its value
    is none a form could send.
    """
    at_once = judge_listed(asked, listed.keys(), max_octets)
    if at_once is not None:
        return at_once
    try:
        names = parse_request_headers(asked, max_octets)
    except RequestHeadersError:
        return UNREADABLE
    spelt = {name.lower(): name for name in names}
    refused = [name for name in spelt if name not in listed and (not any_header or is_never_by_any(name))]
    if refused:
        everything = everything or any(map(is_forbidden, spelt))
        harmless = SAFELISTED_REQUEST_HEADERS if everything else frozenset[bytes]()
        refused = [name for name in refused if not is_forbidden(name) and name not in harmless]
    refused_first = spelt[refused[0]] if refused else None
    for name in refused:
        del spelt[name]
    return AskedHeaders((*spelt.values(), *(name for name in listed if name not in spelt)) or None, refused_first)
