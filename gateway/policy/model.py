"""Sites and rules as the data path uses them: compiled once, read only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gateway.cors.origin import Origin, OriginTable
from gateway.cors.preflight import REQUEST_HEADERS_OCTETS
from gateway.policy.octets import CompiledRule, compile_rule


@dataclass(frozen=True, slots=True)
class Paths:
    """A set of paths: whole ones, and subtrees, which end in `/`."""

    exact: frozenset[bytes] = frozenset()
    subtrees: tuple[bytes, ...] = ()
    everything: bool = False

    def __contains__(self, path: bytes) -> bool:
        """Tell whether `path`, as sent and without its query, is in the set; case counts."""
        return self.everything or path in self.exact or path.startswith(self.subtrees)


EVERYTHING: Final = Paths(everything=True)
NOTHING: Final = Paths()


class CookieHandling(Enum):
    """What becomes of cookies on requests that a rule matched."""

    DROP = "drop"
    RELAY = "relay"


class UnlistedOrigins(Enum):
    """What becomes of an actual request whose origin has no rule."""

    REFUSE = "refuse"
    RELAY = "relay"


class LocationHandling(Enum):
    """What becomes of redirects on requests that a rule allowed."""

    REWRITE = "rewrite"
    """The upstream's own absolute URLs are made true outside, another origin's refused (502 `upstream-redirect`)."""
    KEEP = "keep"


class LoginRedirect(Enum):
    """What becomes of a redirect to a login page on an add-in's call."""

    KEEP = "keep"
    UNAUTHORIZED = "401"


class Challenges(Enum):
    """What becomes of WWW-Authenticate on answers shared with a page; Firefox opens a dialog for some of them."""

    DROP = "drop"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class CookieRewrite:
    """Attributes that `cookies: relay` sets on each Set-Cookie line; None leaves an attribute as it came."""

    secure: bool | None = None
    same_site: str | None = None
    """`None`, `Lax` or `Strict`."""
    partitioned: bool | None = None
    domain: str | None = None
    """A domain to write; the empty string removes the attribute."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What is changed in responses to a site's add-in calls."""

    location: LocationHandling = LocationHandling.REWRITE
    login_redirect: LoginRedirect = LoginRedirect.KEEP
    challenges: Challenges = Challenges.DROP
    cookies: CookieRewrite | None = None
    """None: `keep`, cookies that are relayed keep their attributes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one origin may do on a site."""

    origin: Origin
    methods: frozenset[bytes]
    """HEAD is in it when GET is."""
    headers: frozenset[bytes]
    """Lower-case names a page may send besides the safelisted ones, each by name."""
    any_header: bool = False
    """`headers: any`: every name that is asked for is answered by its name, but never `NEVER_BY_ANY` (headers.py)."""
    expose: tuple[bytes, ...] = ()
    credentials: bool = False
    cookies: CookieHandling = CookieHandling.DROP
    max_age_seconds: int = 600
    paths: Paths = EVERYTHING
    place: str = ""
    """Where it stands, for remedies: `sites[0].origins[0], customer.yaml:6`."""
    compiled: CompiledRule = field(init=False, repr=False, compare=False)
    """What follows from the rest, and is not worked out again for each request."""

    def __post_init__(self) -> None:
        compiled = compile_rule(
            methods=self.methods,
            headers=self.headers,
            any_header=self.any_header,
            expose=self.expose,
            credentials=self.credentials,
            cookies=self.cookies is CookieHandling.RELAY,
            max_age_seconds=self.max_age_seconds,
        )
        object.__setattr__(self, "compiled", compiled)


@dataclass(frozen=True, slots=True)
class UpstreamUrl:
    """One address of an upstream."""

    scheme: str
    """`http` or `https`."""
    host: str
    """A name, or an IP address without brackets."""
    port: int
    prefix: bytes = b""
    """Path put before every target, without a trailing slash."""

    @property
    def authority(self) -> str:
        """Host and port, as a URL has them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """How an https upstream is verified."""

    ca: str | None = None
    """Path of a PEM file; None for the system's."""
    name: str | None = None
    """Name to verify and to send as SNI; None for the Host sent."""
    client_chain: str | None = None
    client_key: str | None = None
    pin: str | None = None
    """`sha256/BASE64` of the certificate's public key."""
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Deadlines towards an upstream, in seconds."""

    connect: float = 5.0
    response_head: float = 60.0
    idle: float = 60.0
    keep_alive: float = 4.0
    stream: float = 3600.0
    """Silence in a WebSocket or an event stream."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the gateway asks an upstream for, to know that it is up."""

    path: bytes = b"/"
    every: float = 10.0


@dataclass(frozen=True, slots=True)
class Upstream:
    """The server behind a site."""

    urls: tuple[UpstreamUrl, ...]
    host: bytes | None = None
    """Host to send: None preserves the client's."""
    tls: UpstreamTls = field(default_factory=UpstreamTls)
    timeouts: Timeouts = field(default_factory=Timeouts)
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """Bounds of one site."""

    request_body: int = 64 * 1024 * 1024
    """Octets."""
    in_flight: int = 128
    streams: int = 256
    """WebSockets and event streams."""
    access_control_request_headers: int = REQUEST_HEADERS_OCTETS
    """Octets a preflight may ask for header fields in."""


@dataclass(frozen=True, slots=True)
class Site:
    """What one set of host names leads to."""

    names: tuple[str, ...]
    """Lower-case; empty for the one site that takes any Host (`serve --upstream` without a name)."""
    upstream: Upstream
    paths: Paths
    rules: OriginTable[Rule]
    form_posts: Paths = NOTHING
    websocket: Paths = NOTHING
    unlisted: UnlistedOrigins = UnlistedOrigins.REFUSE
    rewrite: Rewrite = field(default_factory=Rewrite)
    limits: SiteLimits = field(default_factory=SiteLimits)
    place: str = ""
    """Where it stands, for remedies: `sites[0], customer.yaml:2`."""
    name: str = field(init=False, repr=False, compare=False)
    """The name in logs: its first host name, or `*`."""
    reads_paths: bool = field(init=False, repr=False)
    """What becomes of a request depends on its path, so that a path must have one reading only."""

    def __post_init__(self) -> None:
        reads_paths = (
            not self.paths.everything
            or any(url.prefix for url in self.upstream.urls)
            or any(paths not in (NOTHING, EVERYTHING) for paths in (self.form_posts, self.websocket))
        )
        object.__setattr__(self, "name", self.names[0] if self.names else "*")
        object.__setattr__(self, "reads_paths", reads_paths)


@dataclass(frozen=True, slots=True)
class Policy:
    """All sites and their rules."""

    sites: Mapping[bytes, Site]
    """Lower-case host name without port → its site. An IPv6 literal keeps its brackets."""
    any_host: Site | None = None
    """The site for a Host that none names."""

    def site_for(self, host: bytes | None) -> Site | None:
        """Return the site of a validated, lower-case Host value; its port does not count."""
        if host is None:
            return self.any_host
        site = self.sites.get(host)
        if site is None:
            # Of an IPv6 address without a port this leaves `[:`, which names no site either.
            site = self.sites.get(host.rpartition(b":")[0], self.any_host)
        return site
