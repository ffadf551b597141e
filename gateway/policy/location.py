"""Where a redirect leads, as it is seen from outside: `Location` and `Refresh` (RFC 9110, 10.2.2)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.http1.target import split_host
from gateway.policy.model import Upstream

_ABSOLUTE: Final = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*+):(.*)", re.DOTALL)
"""RFC 3986, 3.1. What a browser does not read so is relative."""

_AUTHORITY: Final = re.compile(rb"//([^/?#]*+)(.*)", re.DOTALL)

_AS_BROWSERS_READ: Final = bytes.maketrans(b"\\", b"/")
_NOT_READ: Final = b"\t\n\r"
"""Browsers leave these out of a URL, and take a backslash for a slash (https://url.spec.whatwg.org/#url-parsing)."""

_BEHIND_PATH: Final = re.compile(rb"[?#].*", re.DOTALL)

_REFRESH: Final = re.compile(rb"([^;,]*+[;,][ \t]*+url[ \t]*+=[ \t]*+[\"']?+)([^\"']*+)(.*)", re.DOTALL | re.IGNORECASE)
"""Seconds, then a URL in quotes or not (https://html.spec.whatwg.org/#shared-declarative-refresh-steps)."""

_DEFAULT_PORTS: Final = {b"http": b":80", b"https": b":443"}

_LOGIN: Final = re.compile(
    rb"log[_-]?[io]n|sign[_-]?[io]n|authori[sz]e|openid|saml|(?<![a-z])(?:sso|oauth2?|adfs|cas)(?![a-z])", re.IGNORECASE
)
"""Words in the paths and queries of login pages: vtenext's is `index.php?module=Users&action=Login`."""


@dataclass(frozen=True, slots=True)
class Outside:
    """How a site's own URLs look on the upstream's side, and how outside."""

    base: bytes
    """`https://crm.customer.example`, the scheme and host that the client uses; empty where it named no host."""
    own: frozenset[bytes]
    """Lower-case authorities that are the site itself, without default ports."""
    public: bytes
    """That of them which the client uses."""
    prefixes: tuple[bytes, ...]
    """What the upstream's paths begin with, and those outside do not; longest first."""


def outside_of(upstream: Upstream, host: bytes | None, scheme: str) -> Outside:
    """Return how URLs of a site look for a client that asked for `host` by `scheme`.

    The upstream may know itself by its own address, by the Host that is sent to it, or by the client's; and it may
    write its own port behind any of them, or none.
    """
    ports = {b""}
    names: set[bytes] = set()
    for url in upstream.urls:
        names.add(b"[%b]" % url.host.encode() if ":" in url.host else url.host.encode())
        ports.add(b":%d" % url.port)
    for authority in filter(None, (host, upstream.host)):
        name, port = split_host(authority)
        names.add(name)
        ports.add(b":%d" % port if port else b"")
    return Outside(
        b"%b://%b" % (scheme.encode(), host) if host else b"",
        frozenset(name.lower() + port for name in names for port in ports),
        _without_default_port(scheme.encode(), host or b""),
        tuple(sorted({url.prefix for url in upstream.urls}, key=len, reverse=True)),
    )


def outside_path(path: bytes, prefixes: Iterable[bytes]) -> bytes | None:
    """Return a path of the upstream as it is outside; None where no prefix begins it, so that nothing leads there."""
    for prefix in prefixes:
        if path == prefix or path.startswith(prefix + b"/"):
            return path[len(prefix) :] or b"/"
    return None


def true_outside(location: bytes, outside: Outside) -> bytes | None:
    r"""Return where a redirect of the upstream leads as it is written outside; None where it leads to another origin.

    Read as browsers read it, since it is them it would lead astray: `/\evil.example` is no path. Whatever is not
    plainly the site's own counts as another origin's, `https:path` and other schemes too. Relative references stay as
    they are; but a path that begins with the upstream's prefix loses it.
    """
    read = location.translate(_AS_BROWSERS_READ, _NOT_READ)
    absolute = _ABSOLUTE.fullmatch(read)
    scheme, rest = (absolute[1].lower(), absolute[2]) if absolute else (b"", read)
    authority = _AUTHORITY.fullmatch(rest)
    if not authority:
        return None if absolute else _relative(location, read, outside)
    name = _without_default_port(scheme, authority[1].lower())
    if (absolute and scheme not in _DEFAULT_PORTS) or name not in outside.own:
        return None
    path, tail = _split(authority[2])
    mapped = outside_path(path, outside.prefixes)
    if mapped is None:
        if name != outside.public:
            return None
        mapped = path or b"/"  # It knows its name outside, and so its paths there.
    return (outside.base + mapped if outside.base else _no_authority(mapped)) + tail


def refresh_outside(value: bytes, outside: Outside) -> bytes:
    """Return a Refresh value with the upstream's own URL as it is outside; any other value as it came.

    A page's call follows no Refresh, so that another origin's needs no refusing.
    """
    found = _REFRESH.fullmatch(value)
    mapped = true_outside(found[2], outside) if found else None
    return value if not found or mapped is None else found[1] + mapped + found[3]


def looks_like_login(location: bytes) -> bool:
    """Tell whether a redirect leads to a login page, by the words in its path and query."""
    read = _AUTHORITY.search(location)
    return bool(_LOGIN.search(read[2] if read else location))


def _relative(location: bytes, read: bytes, outside: Outside) -> bytes:
    """Return a relative reference as it is outside."""
    path, tail = _split(read)
    mapped = outside_path(path, outside.prefixes) if path.startswith(b"/") else None
    return location if mapped is None or mapped == path else _no_authority(mapped) + tail


def _no_authority(path: bytes) -> bytes:
    """Return a path as it can stand alone: what begins with `//` would be read as a host (RFC 3986, 4.2)."""
    return b"/." + path if path.startswith(b"//") else path


def _split(rest: bytes) -> tuple[bytes, bytes]:
    """Return a path, and the query and fragment behind it."""
    path = _BEHIND_PATH.sub(b"", rest)
    return path, rest[len(path) :]


def _without_default_port(scheme: bytes, authority: bytes) -> bytes:
    """Return an authority without the port that its scheme implies."""
    return authority.removesuffix(_DEFAULT_PORTS.get(scheme, b""))
