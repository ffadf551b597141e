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
from gateway.config.windows import FOLDER as CONFIG_FOLDER
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


def _quantity(wants: str, example: str, units: Mapping[str, float], least: str, most: str) -> Value[float]:
    """Return a reader of a number with a unit, one as in `example` where it was forgotten."""
    usual = example.lstrip("0123456789")

    def parse(text: str) -> float:
        match = _QUANTITY.fullmatch(text)
        if not match:
            raise Wrong
        number, unit = match.groups()
        if not unit:
            raise Wrong("has no unit", f"write {number}{usual} if that is meant")
        if unit not in units:
            raise Wrong(meant=number + _MEANT.get(unit.lower(), ""))
        value = int(number) * units[unit]
        if value < in_units(least):
            raise Wrong(f"is less than {least}", f"write {least} or more")
        if value > in_units(most):
            raise Wrong(f"is more than {most}", f"write {most} or less")
        return value

    def in_units(bound: str) -> float:
        number = bound.rstrip("BGKMadhims")
        return int(number) * units[bound.removeprefix(number)]

    return Value(wants, example, parse, {"type": "string", "pattern": f"^[0-9]{{1,9}} ?({'|'.join(units)})$"}, _NUMERIC)


def duration(least: str = "1ms", most: str = "7d") -> Value[float]:
    """Return a reader of a duration, in seconds."""
    return _quantity("a duration", "30s", _SECONDS, least, most)


def size(least: str = "1B", most: str = "64GiB") -> Value[float]:
    """Return a reader of a size, in octets."""
    return _quantity("a size", "64MiB", _OCTETS, least, most)


def integer(least: int, most: int) -> Value[int]:
    """Return a reader of a whole number."""
    return Value(
        f"a number from {least} to {most}",
        "",
        lambda text: _integer(text, least, most),
        {"type": "integer", "minimum": least, "maximum": most},
        frozenset({Kind.INTEGER}),
    )


def _integer(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise Wrong
    return int(text)


_MAX_WORKERS: Final = 256


def _workers(text: str) -> int | None:
    return None if text == "auto" else _integer(text, 1, _MAX_WORKERS)


WORKERS: Final = Value(
    f"auto, or a number from 1 to {_MAX_WORKERS}",
    "auto",
    _workers,
    {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": _MAX_WORKERS}]},
    frozenset({Kind.TEXT, Kind.INTEGER}),
)

# ------------------------------------------------------------------------------------------------- names and addresses

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
"""A label of a host name; `_` too, which no public name has and many a LAN's."""
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_LENIENT: Final = re.compile(r"(?:https?:/*|[a-z]+://+)?(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(:[0-9]*)?.*", re.DOTALL)
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
    host, port = _LENIENT.findall(unicodedata.normalize("NFKC", text).strip().lower())[0]
    labels = host.removesuffix(".").split(".")
    host = ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
    if ":" in host and host.startswith("["):
        with suppress(ValueError):
            host = f"[{ip_address(host.strip('[]'))}]"
    return host, port.removesuffix(":")


def _host(text: str) -> str:
    if is_host(text):
        return text
    if "*" in text:
        raise Wrong("", "write out each name")
    raise Wrong(meant=_respelt(text)[0])


HOST: Final = Value(
    "a host name",
    "crm.customer.example",
    _host,
    {"type": "string", "pattern": r"^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)$"},
)


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
    raise Wrong(meant="".join(_respelt(text)))


def _split_literal(text: str) -> tuple[str, str, str]:
    host, bracket, rest = text.partition("]")
    return host + bracket, rest[:1], rest[1:]


def _is_port(text: str, least: int = 1) -> bool:
    return bool(re.fullmatch(r"0|[1-9][0-9]{0,4}", text, re.ASCII)) and least <= int(text) <= MAX_PORT


HOST_SENT: Final = Value(
    "upstream, preserve, or a host name",
    "crm.lan",
    _host_sent,
    {"type": "string", "examples": ["upstream", "preserve", "crm.lan"]},
)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not _is_port(port, least=0):
        raise Wrong
    try:
        address = ip_address(_MEANT_ADDRESSES.get(host, host.strip("[]")))
    except ValueError:
        raise Wrong from None
    spelt = f"[{address}]:{port}" if isinstance(address, IPv6Address) else f"{address}:{port}"
    if spelt != text:
        raise Wrong(meant=spelt)
    return Address(str(address), int(port))


_MEANT_ADDRESSES: Final = {"": "0.0.0.0", "*": "0.0.0.0", "localhost": "127.0.0.1"}  # noqa: S104 - offered as a correction
"""What people write for addresses elsewhere."""

ADDRESS: Final = Value(
    "an IP address and a port",
    "127.0.0.1:9900",
    _address,
    {"type": "string", "pattern": r"^([0-9.]+|\[[0-9a-f:.]+\]):[0-9]{1,5}$"},
)

_MIN_TRUSTED_BITS: Final = 8
"""Shortest prefix that can be trusted: 10.0.0.0/8 is the largest private network."""


def _network(text: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise Wrong from None
    if network.prefixlen < _MIN_TRUSTED_BITS:
        raise Wrong("is a part of the internet: anyone could forge addresses", "write the proxy's own, as in 10.0.0.5")
    host = text.partition("/")[0]
    if ip_address(host) != network.network_address:
        raise Wrong("is no network", f"write {host} for the proxy itself, {network} for the network it is in")
    return network


PROXY: Final = Value(
    "an IP address or network",
    "10.0.0.5",
    _network,
    {"type": "string", "pattern": r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"},
)

# -------------------------------------------------------------------------------------------------- URLs, paths, files

MAX_PORT: Final = 65_535

_URL: Final = re.compile(r"(https?)://(\[[^\]]*\]|[^:/?#@]*)(?::([0-9]+))?(/[^?#]*)?", re.ASCII)


def _upstream_url(text: str) -> UpstreamUrl:
    if text.startswith("unix:"):
        raise Wrong("is a socket file, which cannot be an upstream here", "let it listen on 127.0.0.1")
    match = _URL.fullmatch(text)
    if not match or not is_host(match[2]) or not (match[3] is None or _is_port(match[3])):
        host, port = _respelt(text)
        scheme = "https" if text.lower().startswith("https") else "http"
        path = match[4] or "" if match else ""
        raise Wrong(meant=f"{scheme}://{host}{port}{path}")
    scheme, host, port, path = match.groups()
    prefix = (path or "").removesuffix("/")
    if prefix:
        _path(prefix)
    return UpstreamUrl(scheme, host.strip("[]"), int(port or DEFAULT_PORTS[scheme]), prefix.encode())


UPSTREAM_URL: Final = Value(
    "the URL of an upstream",
    "http://127.0.0.1:8080",
    _upstream_url,
    {"type": "string", "pattern": r"^https?://[^/?#@]+(/[^?#]*)?$"},
)

_AS_SENT: Final = "!$&'()*+,;=:@/-._~%"
"""Characters of a path that are sent as they are (RFC 3986, 3.3), and the percent sign of the others."""


def _path(text: str) -> bytes:
    if not text.startswith("/"):
        path = text.partition("://")[2].partition("/")[2] if "://" in text else text
        raise Wrong(meant=f"/{quote(path, safe=_AS_SENT)}")
    if "?" in text or "#" in text:
        raise Wrong("is more than a path, and queries are not looked at", meant=re.split("[?#]", text)[0])
    if "*" in text:
        raise Wrong("has a *, and what ends in / stands for all below it", meant=text.partition("*")[0])
    if quote(text, safe=_AS_SENT) != text:
        raise Wrong("is not as it is sent", meant=quote(text, safe=_AS_SENT))
    octets = text.encode()
    if is_ambiguous(octets):
        raise Wrong("has more than one reading, and requests for it are refused", "write it without //, dots and %")
    return octets


PATH: Final = Value("a path", "/restapi/", _path, {"type": "string", "pattern": "^/[^?#*]*$"})


def _file(text: str) -> str:
    if not Path(text).is_absolute():
        meant = "" if "\\" in text else f"{CONFIG_FOLDER}/{Path(text).name}"
        raise Wrong("is not a path from the root", meant=meant)
    return text


_ROOTED: Final[Schema] = {"type": "string", "pattern": r"^([A-Za-z]:)?[/\\]"}
"""What begins at a root, here or on Windows: the schema is the same everywhere."""

FILE: Final = Value("a file", f"{CONFIG_FOLDER}/ca.pem", _file, _ROOTED)
FOLDER: Final = Value("a folder", f"{CONFIG_FOLDER}/tls", _file, _ROOTED)

_SHA256_OCTETS: Final = 32


def _pin(text: str) -> str:
    algorithm, _, digest = text.partition("/")
    with suppress(ValueError):
        if algorithm == "sha256" and len(b64decode(digest, validate=True)) == _SHA256_OCTETS:
            return text
    raise Wrong("", "write sha256/ and the 44 characters of the SHA-256 of its public key in Base64")


PIN: Final = Value("a pin", "sha256/…", _pin, {"type": "string", "pattern": "^sha256/[A-Za-z0-9+/]{43}=$"})


def _cookie_domain(text: str) -> str:
    if text and not is_host(text.removeprefix(".")):
        raise Wrong
    return text


COOKIE_DOMAIN: Final = Value("a domain, or ''", "customer.example", _cookie_domain, {"type": "string"})

# ------------------------------------------------------------------------------------------- what a rule is made of


def _origin(text: str) -> Origin:
    try:
        return parse_origin(text)
    except OriginError as error:
        raise Wrong("", str(error)) from None


ORIGIN: Final = Value(
    "an origin",
    "https://addin.vendor.example",
    _origin,
    {"type": "string", "pattern": r"^(https?://[^/?#@]+|null)$"},
)

_USUAL_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FORBIDDEN_METHODS: Final = frozenset({"CONNECT", "TRACE", "TRACK"})
"""https://fetch.spec.whatwg.org/#forbidden-method."""


def _method(text: str) -> bytes:
    if text == "*":
        raise Wrong("is not a method, and `*` is never sent", "name each, as in [GET, POST]")
    if text.upper() in _FORBIDDEN_METHODS:
        raise Wrong("is a method that no browser sends", "take it out")
    if text.upper() in _USUAL_METHODS and text != text.upper():
        raise Wrong("is not a method, for case counts", meant=text.upper())
    return _token(text)


def _token(text: str) -> bytes:
    """Return a token (RFC 9110, 5.6.2)."""
    if not text.isascii() or not is_token(text.encode()):
        raise Wrong
    return text.encode()


METHOD: Final = Value("a method", "POST", _method, {"type": "string", "pattern": "^[!#$%&'+.^_`|~0-9A-Za-z-]+$"})


def _request_header(text: str) -> bytes:
    if text == "any":
        raise Wrong("stands for all headers only by itself", "write headers: any")
    if text == "*":
        raise Wrong("is not a header, and `*` is never sent", "name each, or write headers: any")
    name = _token(text.lower())
    if is_forbidden(name):
        raise Wrong("is set by the browser, never by a page", _WHY_NOT.get(name, "take it out"))
    if name.startswith(CORS_PREFIX):
        raise Wrong("is a header of answers, and the gateway writes it", "take it out")
    return name


_WHY_NOT: Final = {
    b"content-length": "take it out: classic Outlook asks for it in preflights, which is not held against it",
    b"cookie": "take it out: cookies: relay lets cookies pass",
}

REQUEST_HEADER: Final = Value("a header", "content-type", _request_header, METHOD.shape)


def _response_header(text: str) -> bytes:
    if text == "*":
        raise Wrong("is not a header, and `*` is never sent", "name each, as in [content-disposition]")
    name = _token(text.lower())
    if name in {b"set-cookie", b"set-cookie2"}:
        raise Wrong("is never shown to a page", "take it out: cookies: relay lets cookies pass")
    if name.startswith(CORS_PREFIX) or name == b"origin":
        raise Wrong("belongs to CORS, and is not for a page to read", "take it out")
    return name


RESPONSE_HEADER: Final = Value("a header", "content-disposition", _response_header, METHOD.shape)
