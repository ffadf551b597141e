"""The values a configuration is made of: durations, sizes, names, addresses, URLs, paths, origins. One reader each."""

import re
import unicodedata
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import quote

from gateway.config.model import Address, Network
from gateway.config.node import Kind
from gateway.config.notes import Wrong
from gateway.config.reader import Schema, Value
from gateway.cors.fields import CORS_PREFIX
from gateway.cors.origin import DEFAULT_PORTS, Origin, OriginError, parse_origin
from gateway.cors.preflight import is_forbidden
from gateway.http1.grammar import is_token
from gateway.http1.target import is_ambiguous
from gateway.policy.model import UpstreamUrl

_NUMERIC: Final = frozenset({Kind.TEXT, Kind.INTEGER, Kind.NUMBER})
"""Of values that read the same whether YAML takes them for text or for a number."""

# ------------------------------------------------------------------------------------------- durations, sizes, numbers

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_OCTETS: Final = {"B": 1.0, "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3}
_MEANT: Final = {"sec": "s", "min": "m", "hours": "h", "days": "d", "k": "KiB", "kb": "KiB", "mb": "MiB", "gb": "GiB"}
"""Units as people write them elsewhere."""
_QUANTITY: Final = re.compile(r"([0-9]{1,9}) ?([A-Za-z]*)", re.ASCII)


def _quantity(kind: str, units: Mapping[str, float], least: str, most: str) -> Value[float]:
    """Return a reader of a number with a unit, `kind` being "a duration such as 10m"."""

    def parse(text: str) -> float:
        number, unit, value = split(text)
        if value is None:
            meant = _MEANT.get(unit.lower(), "")
            example = number + meant if meant in units else kind.rpartition(" ")[2]
            raise Wrong("has no unit" if number and not unit else f"is not {kind}", f"write {example}")
        for bound, fits in ((least, value >= lowest), (most, value <= highest)):
            if not fits:
                raise Wrong(f"is not between {least} and {most}", f"write {bound}")
        return value

    def split(text: str) -> tuple[str, str, float | None]:
        match = _QUANTITY.fullmatch(text)
        number, unit = match.groups() if match else ("", "")
        return number, unit, int(number) * units[unit] if unit in units else None

    lowest, highest = (split(bound)[2] or 0.0 for bound in (least, most))
    return Value(kind, parse, {"type": "string", "pattern": f"^[0-9]{{1,9}} ?({'|'.join(units)})$"}, _NUMERIC)


def duration(least: str = "1ms", most: str = "7d") -> Value[float]:
    """Return a reader of a duration, in seconds."""
    return _quantity("a duration such as 10m", _SECONDS, least, most)


def size(least: str = "1B", most: str = "64GiB") -> Value[float]:
    """Return a reader of a size, in octets."""
    return _quantity("a size such as 64MiB", _OCTETS, least, most)


def integer(least: int, most: int) -> Value[int]:
    """Return a reader of a whole number."""
    return Value(
        f"a number from {least} to {most}",
        lambda text: _integer(text, least, most),
        {"type": "integer", "minimum": least, "maximum": most},
        frozenset({Kind.INTEGER}),
    )


def _integer(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise Wrong(f"is not a number from {least} to {most}")
    return int(text)


def _workers(text: str) -> int | None:
    return None if text == "auto" else _integer(text, 1, 256)


WORKERS: Final = Value(
    "auto, or a number from 1 to 256",
    _workers,
    {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 256}]},
    frozenset({Kind.TEXT, Kind.INTEGER}),
)

# ------------------------------------------------------------------------------------------------- names and addresses

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
"""A label of a host name; `_` too, which no public name has and many a LAN's."""
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_LENIENT: Final = re.compile(r"(?:[A-Za-z]+:/*)?(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(:[0-9]*)?.*", re.DOTALL)
"""A host, a port, and what people put round them."""


def is_host(text: str) -> bool:
    """Tell whether `text` is a host name in lower case, an IPv4 address, or an IPv6 address in brackets."""
    if text.startswith("[") or re.fullmatch(r"(?:.*\.)?[0-9]+", text):
        try:
            address = ip_address(text.strip("[]"))
        except ValueError:
            return False
        return str(address) == text.strip("[]") and (address.version == 6) == text.startswith("[")  # noqa: PLR2004 - IPv6
    return _NAME.fullmatch(text) is not None


def _respelt(text: str) -> tuple[str, str]:
    """Return the host and the port, with its colon, that were probably meant by `text`."""
    match = _LENIENT.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    assert match is not None
    labels = match[1].removesuffix(".").split(".")
    host = ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
    if ":" in host and host.startswith("["):
        with suppress(ValueError):
            host = f"[{ip_address(host.strip('[]'))}]"
    return host, match[2] or ""


def _site_name(text: str) -> str:
    if is_host(text):
        return text
    if "*" in text:
        raise Wrong("is not a host name", "write out each name")
    host, _ = _respelt(text)
    raise Wrong("is not a host name", f"write {host}" if is_host(host) else "write it as in crm.customer.example")


_HOST_SCHEMA: Final[Schema] = {"type": "string", "pattern": r"^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)$"}

SITE_NAME: Final = Value("a host name such as crm.customer.example", _site_name, _HOST_SCHEMA)


class HostSent(Enum):
    """Which Host an upstream is sent, besides a fixed one."""

    UPSTREAM = "upstream"
    PRESERVE = "preserve"


def _host_sent(text: str) -> HostSent | str:
    if text in {"upstream", "preserve"}:
        return HostSent(text)
    host, colon, port = text.partition(":") if not text.startswith("[") else _split_literal(text)
    if is_host(host) and (not colon or _is_port(port)):
        return text
    host, port = _respelt(text)
    remedy = f"write {host}{port}" if is_host(host) else "write a name such as crm.lan"
    raise Wrong("is not upstream, preserve, or a host name", remedy)


def _split_literal(text: str) -> tuple[str, str, str]:
    host, bracket, rest = text.partition("]")
    return host + bracket, rest[:1], rest[1:]


def _is_port(text: str, least: int = 1) -> bool:
    return bool(re.fullmatch(r"0|[1-9][0-9]{0,4}", text, re.ASCII)) and least <= int(text) <= MAX_PORT


HOST_SENT: Final = Value(
    "upstream, preserve, or a host name",
    _host_sent,
    {"type": "string", "examples": ["upstream", "preserve", "crm.lan"]},
)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not _is_port(port, least=0):
        raise Wrong("is not an address and a port", "write it as in 127.0.0.1:9900")
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        remedy = {"": "0.0.0.0", "*": "0.0.0.0", "localhost": "127.0.0.1"}.get(host)
        raise Wrong(
            "is not an IP address and a port", f"write {remedy}:{port}" if remedy else "write it as in 127.0.0.1:9900"
        ) from None
    bracketed = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    if host != bracketed:
        raise Wrong("is not an IP address and a port", f"write '{bracketed}:{port}'")
    return Address(str(address), int(port))


ADDRESS: Final = Value(
    "an IP address and a port such as 127.0.0.1:9900",
    _address,
    {"type": "string", "pattern": r"^([0-9.]+|\[[0-9a-f:.]+\]):[0-9]{1,5}$"},
)


def _network(text: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise Wrong("is not an IP address", "write the address of the proxy itself, such as 10.0.0.5") from None
    if network.prefixlen < MIN_TRUSTED_BITS:
        raise Wrong("is half the internet", "write the address of the proxy itself, such as 10.0.0.5")
    if "/" in text and str(network) != text:
        host = text.partition("/")[0]
        raise Wrong("is not a network", f"write {host} for the one address, {network} for the network")
    return network


MIN_TRUSTED_BITS: Final = 8
"""Shortest prefix that can be trusted: 10.0.0.0/8 is the largest private network."""

PROXY: Final = Value(
    "an IP address such as 10.0.0.5, or a network such as 10.0.0.4/30",
    _network,
    {"type": "string", "pattern": r"^[0-9a-f:.]+(/[0-9]{1,3})?$"},
)

# -------------------------------------------------------------------------------------------------- URLs, paths, files

MAX_PORT: Final = 65_535

_URL: Final = re.compile(r"(https?)://(\[[^\]]*\]|[^:/?#@]*)(?::([0-9]+))?(/.*)?", re.ASCII)


def _upstream_url(text: str) -> UpstreamUrl:
    says = "is not the URL of an upstream"
    match = _URL.fullmatch(text)
    if match is None or "?" in text or "#" in text:
        host, port = _respelt(text)
        scheme = "https" if text.lower().startswith("https:") else "http"
        raise Wrong(says, f"write {scheme}://{host}{port}" if is_host(host) else "write it as in http://127.0.0.1:8080")
    scheme, host, port, path = match.groups()
    if not is_host(host):
        respelt, _ = _respelt(host)
        port = f":{port}" if port else ""
        remedy = (
            f"write {scheme}://{respelt}{port}{path or ''}"
            if is_host(respelt)
            else "write it as in http://127.0.0.1:8080"
        )
        raise Wrong(says, remedy)
    if port and not _is_port(port):
        raise Wrong(says, f"a port is a number from 1 to {MAX_PORT}")
    prefix = (path or "").removesuffix("/")
    if prefix:
        _path(prefix)
    return UpstreamUrl(scheme, host.strip("[]"), int(port or DEFAULT_PORTS[scheme]), prefix.encode())


UPSTREAM_URL: Final = Value(
    "a URL such as http://127.0.0.1:8080",
    _upstream_url,
    {"type": "string", "pattern": r"^https?://[^/?#@]+(/[^?#]*)?$"},
)

_VISIBLE: Final = "!$&'()*+,;=:@/-._~%"
"""Octets of a path that stay as they are (RFC 3986, 3.3)."""


def _path(text: str) -> bytes:
    says = "is not a path"
    if not text.startswith("/"):
        path = "/" + text.partition("://")[2].partition("/")[2] if "://" in text else f"/{text}"
        raise Wrong(says, f"write {quote(path, safe=_VISIBLE)}")
    if "*" in text:
        raise Wrong("has a *, which stands for nothing here", f"write {text.partition('*')[0]} for all below it")
    if "?" in text or "#" in text:
        raise Wrong(says, f"write {re.split('[?#]', text)[0]}: queries are not looked at")
    if quote(text, safe=_VISIBLE) != text:
        raise Wrong(says, f"write it as it is sent, {quote(text, safe=_VISIBLE)}")
    path = text.encode()
    if is_ambiguous(path):
        raise Wrong(
            "could be read in more than one way, and such requests are refused", r"write it without //, /../, \ and %"
        )
    return path


PATH: Final = Value("a path such as /restapi/", _path, {"type": "string", "pattern": "^/[^?#*]*$"})


def _file(text: str) -> str:
    if not Path(text).is_absolute():
        raise Wrong("is not a path from the root", f"write it as in /etc/cors-gateway/{Path(text).name or 'tls'}")
    return text


FILE: Final = Value("a file such as /etc/cors-gateway/internal-ca.pem", _file, {"type": "string", "pattern": "^/"})
FOLDER: Final = Value("a folder such as /etc/cors-gateway/tls", _file, {"type": "string", "pattern": "^/"})

_SHA256_OCTETS: Final = 32


def _pin(text: str) -> str:
    algorithm, _, digest = text.partition("/")
    with suppress(ValueError):
        if algorithm == "sha256" and len(b64decode(digest, validate=True)) == _SHA256_OCTETS:
            return text
    raise Wrong("is not a pin", "write sha256/ and the 44 characters of the public key's SHA-256 in Base64")


PIN: Final = Value(
    "a pin, sha256/ and 44 characters", _pin, {"type": "string", "pattern": "^sha256/[A-Za-z0-9+/]{43}=$"}
)


def _cookie_domain(text: str) -> str:
    if not text or is_host(text.removeprefix(".")):
        return text
    raise Wrong("is not a domain", "write it as in customer.example, or '' to remove the attribute")


COOKIE_DOMAIN: Final = Value(
    "a domain such as customer.example, or '' to remove it", _cookie_domain, {"type": "string"}
)

# ------------------------------------------------------------------------------------------- what a rule is made of


def _origin(text: str) -> Origin:
    try:
        return parse_origin(text)
    except OriginError as error:
        raise Wrong("is not an origin", str(error)) from None


ORIGIN: Final = Value(
    "an origin such as https://addin.vendor.example",
    _origin,
    {"type": "string", "pattern": r"^(https?://[^/?#@]+|null)$"},
)

_USUAL_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FORBIDDEN_METHODS: Final = frozenset({"CONNECT", "TRACE", "TRACK"})
"""https://fetch.spec.whatwg.org/#forbidden-method."""


def _method(text: str) -> bytes:
    if text == "*":
        raise Wrong("is not a method: `*` is never sent", "name each, such as [GET, POST]")
    if text.upper() in _FORBIDDEN_METHODS:
        raise Wrong("is a method that no browser sends", "take it out")
    if text.upper() in _USUAL_METHODS and text != text.upper():
        raise Wrong("is not a method: case counts", f"write {text.upper()}")
    if not is_token(text.encode("ascii", "replace")) or not text.isascii():
        raise Wrong("is not a method", "write it as in POST")
    return text.encode()


METHOD: Final = Value("a method such as POST", _method, {"type": "string", "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"})


def _field_name(text: str, *, any_remedy: str) -> bytes:
    """Return a field name in lower case."""
    if text == "*":
        raise Wrong("is not a header: `*` is never sent", any_remedy)
    name = text.lower().encode("ascii", "replace")
    if not text.isascii() or not is_token(name):
        raise Wrong("is not a header", "write only its name, such as content-type")
    return name


def _request_header(text: str) -> bytes:
    if text == "any":
        raise Wrong("stands for all headers only by itself", "write headers: any")
    name = _field_name(text, any_remedy="name each, or write headers: any")
    if name == b"content-length":
        raise Wrong(
            "is set by the browser, never by a page",
            "take it out: classic Outlook asks for it in preflights, and that is not held against it",
        )
    if name == b"cookie":
        raise Wrong("is set by the browser, never by a page", "take it out: cookies: relay lets cookies pass")
    if is_forbidden(name):
        raise Wrong("is set by the browser, never by a page", "take it out")
    if name.startswith(CORS_PREFIX):
        raise Wrong("is a header of answers, which the gateway writes", "take it out")
    return name


REQUEST_HEADER: Final = Value(
    "a header such as content-type", _request_header, {"type": "string", "pattern": "^[!#$%&'+.^_`|~0-9A-Za-z-]+$"}
)


def _response_header(text: str) -> bytes:
    name = _field_name(text, any_remedy="name each, such as content-disposition")
    if name in {b"set-cookie", b"set-cookie2"}:
        raise Wrong("is never shown to a page", "take it out: cookies: relay lets cookies pass")
    if name.startswith(CORS_PREFIX) or name == b"origin":
        raise Wrong("belongs to CORS itself, and is no page's to read", "take it out")
    return name


RESPONSE_HEADER: Final = Value("a header such as content-disposition", _response_header, REQUEST_HEADER.shape)
