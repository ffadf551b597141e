"""Origins: how a rule writes them, and how a request's `Origin` is matched.

RFC 6454, 6; https://fetch.spec.whatwg.org/#origin-header.
"""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Final, Generic, TypeVar, cast

T = TypeVar("T")

DEFAULT_PORTS: Final = {"https": 443, "http": 80}
"""What a browser leaves out of an origin (https://url.spec.whatwg.org/#default-port)."""

MAX_ORIGIN_OCTETS: Final = 320
"""Longest Origin value looked at: a scheme, a host of 253 octets and a port, with room to spare."""

_MAX_HOST_OCTETS: Final = 253
"""RFC 1035, 2.3.4, written as text without the final dot."""

_MAX_PORT: Final = 65_535

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""A label of a host name: letters, digits and inner hyphens, up to 63 octets (RFC 1123, 2.1).

Browsers send `_` too; but no certificate is given for it, and `good.example_.evil.net` feeds on lenient readers.
"""

_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LABEL_OCTETS: Final = re.compile(_LABEL.encode())
_ENDS_IN_A_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A host that browsers take for an IPv4 address (https://url.spec.whatwg.org/#ends-in-a-number-checker)."""
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_AUTHORITY: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{0,5}))?")
_LENIENT: Final = re.compile(r"^/*(?:[^/?#@]*@)?([^/?#]*).*", re.DOTALL)
_FULL_STOPS: Final = str.maketrans(dict.fromkeys("\u3002\uff0e\uff61", "."))
"""What browsers read as the dot between labels (https://www.unicode.org/reports/tr46/, 4)."""


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
        if self == NULL:
            return "null"
        star = "*." if self.wildcard else ""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{star}{self.host}{port}"


NULL: Final = Origin("null", "")
"""What sandboxed frames and redirected requests send, which is to say: any page that wants to."""


def parse_origin(text: str) -> Origin:
    """Return the origin that `text` serializes, `https://*.example.com` and `null` included.

    At least as strict as jub0bs/cors: no path, trailing slash, query, userinfo, upper case, Unicode (the punycode form
    is named in the message), percent-encoding, default port, port 0, trailing dot; IPv4 as dotted quad; IPv6
    compressed, without zone, not IPv4-mapped; labels 1 to 63 octets, host up to 253; `*` only as the whole leading
    label, never with an IP address, never alone. In one thing more lenient: `--` may stand third in a label, as in the
    names that hosters give to branches (`qa--addin.hoster.example`); browsers have no objection.

    Raises:
        OriginError: with the remedy, `write https://addin.example.com` where it can be told.
    """
    try:
        return _parse(text)
    except OriginError as error:
        spelt = _respelt(text)
        try:
            _parse(spelt)
        except OriginError:
            raise error from None
        raise OriginError(f"write {spelt}") from None


def _parse(text: str) -> Origin:
    """Return the origin that `text` serializes, or raise what is wrong with it."""
    if text == "null":
        return NULL
    if text == "*":
        raise OriginError("name each origin: `*` is never sent, and https://*.example.com stands for one label only")
    scheme, _, rest = text.partition("://")
    if scheme not in DEFAULT_PORTS:
        raise OriginError("an origin begins with https://")
    authority = _AUTHORITY.fullmatch(rest)
    if not authority:
        raise OriginError("an origin is a scheme, a host and perhaps a port, as in https://addin.example.com:8443")
    host: str = authority[1]
    wildcard = host.startswith("*.")
    _check_host(host.removeprefix("*."), room=_MAX_HOST_OCTETS - 2 * wildcard, address=not wildcard)
    return Origin(scheme, host.removeprefix("*."), _port(authority[2], DEFAULT_PORTS[scheme]), wildcard)


def _port(digits: str | None, default: int) -> int | None:
    """Return the port, None where it is left out, as it is when it is the default."""
    if digits is None:
        return None
    if not _PORT.fullmatch(digits) or int(digits) > _MAX_PORT:
        raise OriginError("a port is a number from 1 to 65535")
    port = int(digits)
    if port == default:
        raise OriginError(f"browsers leave out the default port {default}")
    return port


def _check_host(host: str, *, room: int, address: bool) -> None:
    """Raise what is wrong with a host of at most `room` octets, that may be an IP address or not."""
    if host.startswith("[") or _ENDS_IN_A_NUMBER.fullmatch(host):
        if not address:
            raise OriginError("an IP address has no names below it: write it without `*.`")
        _check_address(host)
    elif "*" in host:
        raise OriginError("`*` stands only for the whole first label, as in https://*.example.com")
    elif not _NAME.fullmatch(host):
        raise OriginError("a host name is made of labels of 1 to 63 letters, digits and inner hyphens")
    elif len(host) > room:
        raise OriginError(f"a host name has at most {_MAX_HOST_OCTETS} characters")
    elif not all(map(_is_canonical, host.split("."))):
        raise OriginError("a label that begins with xn-- is not the punycode of any that browsers know")


def _check_address(host: str) -> None:
    """Raise what is wrong with an IP address."""
    if not host.startswith("["):
        if not _IPV4.fullmatch(host):
            raise OriginError("an IPv4 address is four numbers from 0 to 255, without leading zeros")
        return
    try:
        address = IPv6Address(host[1:-1])
    except AddressValueError:
        raise OriginError("this is not an IPv6 address") from None
    if address.scope_id is not None:
        raise OriginError("an origin has no IPv6 zone")
    if address.ipv4_mapped is not None:
        raise OriginError(f"write the IPv4 address itself, {address.ipv4_mapped}")
    if address.compressed != host[1:-1]:
        raise OriginError(f"browsers write this address as [{address.compressed}]")


def _is_canonical(label: str) -> bool:
    """Tell whether a browser could have written this label: any in ASCII, and those in punycode it would encode so."""
    if not label.startswith("xn--"):
        return True
    decoded = _decoded(label)
    return not decoded.isascii() and _encoded(unicodedata.normalize("NFKC", decoded.lower())) == label


def _decoded(label: str) -> str:
    """Return what a label in punycode stands for; the label itself where it is none."""
    try:
        return label.removeprefix("xn--").encode().decode("punycode")
    except UnicodeError:
        return label


def _encoded(label: str) -> str:
    """Return the label as it stands in the DNS (RFC 3492)."""
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _respelt(text: str) -> str:
    """Return what was probably meant by `text`; whoever offers it has to parse it first."""
    lowered = unicodedata.normalize("NFKC", text.strip().translate(_FULL_STOPS)).lower()
    if lowered == "null":
        return lowered
    scheme, separator, rest = lowered.replace("\\", "/").partition(":/")
    if not separator:
        scheme, rest = "https", scheme
    authority = _AUTHORITY.fullmatch(_LENIENT.sub(r"\1", rest))
    if scheme not in DEFAULT_PORTS or not authority:
        return text
    host = ".".join(map(_encoded, authority[1].removesuffix(".").split(".")))
    if host.startswith("["):
        with suppress(AddressValueError):
            host = f"[{IPv6Address(host[1:-1]).compressed}]"
    port = int(authority[2] or DEFAULT_PORTS[scheme])
    return f"{scheme}://{host}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """What an `Origin` value led to."""

    entry: T
    origin: bytes
    """What to write into Access-Control-Allow-Origin: the entry's own serialization, with the slash if there was one.

    For a wildcard it is the value that was matched, which the grammar of one label allowed octet for octet."""
    slash: bool
    """The client sent one trailing slash (classic Outlook's event runtime, OfficeDev/office-js#4144)."""


class OriginTable(Generic[T]):
    """Origins of one site, each with its entry; looked up by octets, an exact one before a wildcard."""

    __slots__ = ("_below", "_exact", "entries")

    def __init__(self, entries: Iterable[tuple[Origin, T]]) -> None:
        """Compile `entries`; no two may have the same origin."""
        self.entries = tuple(entries)
        """As they were given."""
        self._exact: dict[bytes, Match[T]] = {}
        self._below: dict[bytes, T] = {}
        for origin, entry in self.entries:
            text = origin.text.encode()
            if text in self._exact or text in self._below:
                raise ValueError(f"{origin.text} is there twice")
            if origin.wildcard:
                self._below[text] = entry
            else:
                self._exact[text] = Match(entry, text, slash=False)
                if origin != NULL:
                    self._exact[text + b"/"] = Match(entry, text + b"/", slash=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OriginTable) and self.entries == cast("OriginTable[object]", other).entries

    def __hash__(self) -> int:
        return hash(self.entries)

    def __repr__(self) -> str:
        return f"OriginTable({self.entries!r})"

    def match(self, value: bytes) -> Match[T] | None:
        """Return the entry for an Origin field value, compared octet for octet; None when there is none.

        Values over 320 octets, with octets outside 0x21 to 0x7E, never match.
        """
        found = self._exact.get(value)
        if found is not None or not self._below or len(value) > MAX_ORIGIN_OCTETS:
            return found
        return self._match_below(value)

    def _match_below(self, value: bytes) -> Match[T] | None:
        """Return the entry of the wildcard that `value` is one label below."""
        scheme, _, host = value.partition(b"://")
        label, _, parent = host.partition(b".")
        slash = parent.endswith(b"/")
        wildcard = b"%b://*.%b" % (scheme, parent[:-1] if slash else parent)
        if wildcard not in self._below or not _LABEL_OCTETS.fullmatch(label):
            return None
        return Match(self._below[wildcard], value, slash)
