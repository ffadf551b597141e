"""What the gateway says of itself: one value, that the status command, /status and the metrics tell."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from gateway import __version__
from gateway.policy.model import UpstreamUrl
from gateway.relay.record import Oddity

if TYPE_CHECKING:
    from gateway.policy.model import Site
    from gateway.service.listening import Listening
    from gateway.service.process import Process

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """One certificate that clients may be shown, as it was last read."""

    chain: str
    ends: str
    """As ISO 8601 has it."""
    days_left: float


@dataclass(frozen=True, slots=True)
class ListenerStatus:
    """One address that is listened on."""

    address: str
    connections: int
    limit: int
    certificates: tuple[CertificateStatus, ...]
    broken: str
    """Why the certificate files on disk cannot be used; empty where they can."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server of an upstream."""

    url: str
    up: bool


@dataclass(frozen=True, slots=True)
class RefusalStatus:
    """A request that was refused, or failed."""

    time: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """One site."""

    name: str
    in_flight: int
    streams: int
    servers: tuple[ServerStatus, ...]
    outcomes: dict[str, int]
    """How often requests ended for which reason."""
    oddities: dict[str, int]
    """How often requests came, or were answered, in an odd way that is taken."""
    refusals: tuple[RefusalStatus, ...]
    """The last ones, the latest first."""


@dataclass(frozen=True, slots=True)
class Status:
    """The whole."""

    version: str
    started: str
    draining: bool
    broken: str
    """Why the configuration on disk cannot be used; empty where it can."""
    reloads: int
    failed_reloads: int
    outcomes: dict[str, int]
    """How often connections that never came to a request of a site ended for which reason."""
    refusals: tuple[RefusalStatus, ...]
    """The last requests that came to no site."""
    listeners: tuple[ListenerStatus, ...]
    sites: tuple[SiteStatus, ...]


def status_of(process: "Process") -> Status:
    """Return how a process is doing."""
    gateway = process.gateway
    return Status(
        version=__version__,
        started=_iso(process.started),
        draining=gateway.leaving,
        broken=process.broken,
        reloads=process.reloads,
        failed_reloads=process.failed_reloads,
        outcomes=_outcomes(process, None),
        refusals=_refusals(process, None),
        listeners=tuple(
            _listener(each, process.certificates.broken.get(place, "")) for place, each in process.listening.items()
        ),
        sites=tuple(_site(process, site) for site in gateway.config.sites),
    )


def _listener(listening: "Listening", broken: str) -> ListenerStatus:
    listener = listening.listener
    certificates = listening.identity.certificates if listening.identity is not None else ()
    return ListenerStatus(
        address=listener.url,
        connections=listening.server.admission.connected,
        limit=listener.limits.connections,
        certificates=tuple(
            CertificateStatus(
                each.pair.chain, each.ends.isoformat(), (each.ends - datetime.now(UTC)).total_seconds() / DAY_SECONDS
            )
            for each in certificates
        ),
        broken=broken,
    )


def _site(process: "Process", site: "Site") -> SiteStatus:
    gateway = process.gateway
    pool = gateway.pool(site.upstream)
    return SiteStatus(
        name=site.name,
        in_flight=pool.in_flight,
        streams=pool.streams,
        servers=tuple(ServerStatus(_written(url), pool.servers.is_up(url)) for url in site.upstream.urls),
        outcomes=_outcomes(process, site.name),
        oddities={odd: gateway.oddities[site.name, odd] for odd in Oddity if gateway.oddities[site.name, odd]},
        refusals=_refusals(process, site.name),
    )


def _refusals(process: "Process", site: str | None) -> tuple[RefusalStatus, ...]:
    return tuple(
        RefusalStatus(_iso(refusal.time), refusal.reason, refusal.remedy) for refusal in process.gateway.refusals(site)
    )


def _outcomes(process: "Process", site: str | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for (of_site, reason, _), count in process.gateway.outcomes.items():
        if of_site == site:
            found[reason] = found.get(reason, 0) + count
    return dict(sorted(found.items()))


def _written(url: UpstreamUrl) -> str:
    return f"{url.scheme}://{url.authority}{url.prefix.decode('ascii')}"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
