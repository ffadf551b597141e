"""Origins: how they are written in a rule, and how a request's `Origin` is matched (RFC 6454, 6; Fetch, origin-header)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class OriginError(ValueError):
    """A text is not an origin a browser could send; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Origin:
    """An exact origin, or one with a wildcard for exactly one leading label (as in a certificate, RFC 6125, 6.4.3)."""

    scheme: str
    """`https` or `http`, or `null` for the opaque origin."""
    host: str
    """Lower-case, punycode; an IPv6 literal in brackets; without the `*.` of a wildcard."""
    port: int | None = None
    """None for the scheme's default port."""
    wildcard: bool = False

    @property
    def text(self) -> str:
        """The serialization, as browsers send it; with `*.` before the host of a wildcard."""
        raise NotImplementedError


def parse_origin(text: str) -> Origin:
    """Return the origin that `text` serializes, `https://*.example.com` and `null` included.

    At least as strict as jub0bs/cors: no path, trailing slash, query, userinfo, upper case, Unicode (the punycode form is named in the
    message), percent-encoding, default port, port 0, trailing dot; IPv4 as dotted quad; IPv6 compressed, without zone, not IPv4-mapped;
    labels 1–63 octets, host up to 253; `*` only as the whole leading label, never with an IP address, never alone.

    Raises:
        OriginError: with the remedy, `write https://addin.example.com` where it can be told.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """What an `Origin` value led to."""

    entry: T
    origin: bytes
    """What to write into Access-Control-Allow-Origin: the entry's own serialization, with the trailing slash if the client sent one.

    For a wildcard it is the value that was matched, which the grammar of one label allowed octet for octet."""
    slash: bool
    """The client sent one trailing slash (classic Outlook's event runtime, OfficeDev/office-js#4144)."""


class OriginTable(Generic[T]):
    """Origins of one site, each with its entry; looked up by octets, an exact one before a wildcard."""

    def __init__(self, entries: Iterable[tuple[Origin, T]]) -> None:
        """Compile `entries`; no two may have the same origin."""
        raise NotImplementedError

    def match(self, value: bytes) -> Match[T] | None:
        """Return the entry for an Origin field value, compared octet for octet; None when there is none.

        Values over 320 octets, with octets outside 0x21–0x7E, never match.
        """
        raise NotImplementedError
