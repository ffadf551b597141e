"""What an upstream wants to be told who the client is by: `WWW-Authenticate` and `Authorization` (RFC 9110, 11)."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

CONNECTION_BOUND: Final = frozenset({b"ntlm", b"negotiate"})
"""Lower-case schemes that log in a connection instead of a request (RFC 4559, 6).

Connections to the upstream are shared: the next client's requests on it would be answered as the first one's.
"""

OPENS_A_DIALOG: Final = CONNECTION_BOUND | {b"basic", b"digest"}
"""Lower-case schemes for which browsers may ask the user by themselves; Firefox does so also on a page's calls."""

_LOGS_IN_A_CONNECTION: Final = tuple(CONNECTION_BOUND)
_LONGEST: Final = max(map(len, CONNECTION_BOUND))

_ELEMENT: Final = re.compile(rb'(?:[^",]|"(?:[^"\\]|\\.)*"?)+', re.DOTALL)
"""An element of a list, in which a comma between quotes ends nothing."""

_SCHEME: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++)(?:[ \t]++(?!=)|\Z)")
"""An element that begins a challenge: all others are parameters of the one before."""


def challenges(value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (lower-case scheme, whole challenge) for each challenge in one WWW-Authenticate value."""
    scheme, parts = b"", list[bytes]()
    for element in _ELEMENT.findall(value):
        part = element.strip(b" \t")
        begins = _SCHEME.match(part)
        if begins and parts:
            yield scheme, b", ".join(parts)
            parts = []
        if begins:
            scheme = begins[1].lower()
        if part:
            parts.append(part)
    if parts:
        yield scheme, b", ".join(parts)


def without(values: Iterable[bytes], schemes: AbstractSet[bytes]) -> tuple[bytes, ...]:
    """Return the values of WWW-Authenticate without challenges of these lower-case schemes, the others as they came."""
    kept: list[bytes] = []
    for value in values:
        found = tuple(challenges(value))
        others = [challenge for scheme, challenge in found if scheme not in schemes]
        if len(others) == len(found):
            kept.append(value)
        else:
            kept.extend(others)
    return tuple(kept)


def is_connection_bound(credentials: bytes) -> bool:
    """Tell whether a value of `Authorization` logs in a connection."""
    return credentials[:_LONGEST].lower().startswith(_LOGS_IN_A_CONNECTION)
