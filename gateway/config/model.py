"""The configuration as the gateway uses it: units resolved, defaults filled in, sites compiled into a policy."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from gateway.config.stamps import Sources
from gateway.http1.head import DEFAULT_HEAD_LIMITS, HeadLimits
from gateway.policy.model import Policy, Site

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """Two PEM files: the chain, leaf first, and its key."""

    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """Bounds and deadlines towards clients; seconds and octets (facts: docs/design.md, limits)."""

    connections: int = 4096
    """Of the whole gateway on this listener; when full the longest-idle connection goes first."""
    connections_per_address: int = 1024
    """Of these, from one IPv4 address or one IPv6 /64; those of `trusted_proxies` are not counted."""
    handshake_seconds: float = 10.0
    head_seconds: float = 10.0
    """For a whole head, from accept or its first octet; never extended by octets."""
    head: HeadLimits = DEFAULT_HEAD_LIMITS
    keep_alive_seconds: float = 65.0
    """Idle between requests."""
    body_idle_seconds: float = 30.0
    body_rate: int = 500
    """Least octets a second of a request body, once 30 s have passed."""
    write_stall_seconds: float = 60.0
    linger_seconds: float = 30.0
    """For reading on after an answer that came before the body ended."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One address the gateway accepts on."""

    host: str
    """An IP address, without brackets."""
    port: int
    certificates: tuple[CertificatePair, ...] = ()
    """None: plain HTTP. Chosen by SNI; the first is the default."""
    certificate_folder: str | None = None
    """The folder in whose sub-folders they were found, and are looked for; None where each is named."""
    redirect_to_https: bool = False
    proxy_protocol: bool = False
    health: str | None = None
    limits: ListenerLimits = field(default_factory=ListenerLimits)

    @property
    def authority(self) -> str:
        """Address and port, as a URL has them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"{'https' if self.certificates else 'http'}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Log:
    """How the log is written."""

    format: str | None = None
    """`json` or `text`; None: text on a terminal, else json."""
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address and a port."""

    host: str
    port: int


LOOPBACK_LISTENER = Listener("127.0.0.1", 9900)
"""Used where no listener is configured: plain HTTP for the web server on the same machine, which is then trusted."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the gateway was told."""

    policy: Policy
    listeners: tuple[Listener, ...] = (LOOPBACK_LISTENER,)
    admin: Address | None = None
    trusted_proxies: tuple[Network, ...] = ()
    """The proxies themselves. Loopback is in it when `listeners` is not configured."""
    workers: int | None = None
    """None: as many as cores."""
    reload_on_change: bool = False
    drain_delay_seconds: float = 0.0
    drain_seconds: float = 30.0
    log: Log = field(default_factory=Log)

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every site once, however many names it has."""
        sites = (*self.policy.sites.values(), *filter(None, [self.policy.any_host]))
        return tuple({id(site): site for site in sites}.values())


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said about one place of the configuration."""

    file: str
    line: int
    """From 1; 0 when the file as a whole, or an option, is meant."""
    column: int
    path: str
    """`sites[0].origins[1].max_agee`, or empty."""
    text: str
    """The value as given, what is wrong with it, and what to write instead."""

    def __str__(self) -> str:
        """Return `customer.yaml:6:9: sites[0].origins[0]: 'https://addin.example.com/' is not an origin: write https://addin.example.com`."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.text) if part)


@dataclass(frozen=True, slots=True)
class Mistake(Remark):
    """Something wrong."""


@dataclass(frozen=True, slots=True)
class ConfigWarning(Remark):
    """Something allowed, and unwise."""

    id: str
    """Its section in docs/warnings.md."""


NO_SOURCES = Sources()
"""Of what was not read from files."""


class ConfigError(Exception):
    """The configuration cannot be used."""

    def __init__(self, mistakes: tuple[Mistake, ...], sources: Sources = NO_SOURCES) -> None:
        """Keep all `mistakes`, in the order of files and lines, and what they were found in."""
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes
        self.sources = sources
