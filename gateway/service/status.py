"""What the gateway says of itself: one value, that the status command, /status and the metrics tell."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from gateway import __version__
from gateway.policy.model import UpstreamUrl
from gateway.relay.record import Oddity

if TYPE_CHECKING:
    from gateway.config.model import Listener
    from gateway.policy.model import Site
    from gateway.service.process import Process
    from gateway.service.tls import Identity

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
class WorkerStatus:
    """One process that serves."""

    pid: int
    started: str
    draining: bool
    """It serves what is under way, and ends."""
    connections: int
    """Clients connected to it."""


@dataclass(frozen=True, slots=True)
class Status:
    """The whole."""

    version: str
    started: str
    serving: bool
    """Every listener accepts."""
    draining: bool
    workers: tuple[WorkerStatus, ...]
    replaced: int
    """Workers that ended unasked, or did not go on."""
    broken: str
    """Why the configuration on disk cannot be used; empty where it can."""
    restart_helps: bool
    """It can be, after a restart."""
    reloads: int
    failed_reloads: int
    outcomes: dict[str, int]
    """How often connections that never came to a request of a site ended for which reason."""
    refusals: tuple[RefusalStatus, ...]
    """The last requests that came to no site."""
    listeners: tuple[ListenerStatus, ...]
    sites: tuple[SiteStatus, ...]


def status_of(process: "Process") -> Status:
    """Return how a process is doing.

    A worker tells it each second. So tuples are made of lists: one that is made of a generator leaves memory behind in
    Python's free lists, ten blocks a second here and 14,000 before these are full, which was 1 MB in each worker.
    """
    gateway, standing = process.gateway, process.standing
    started = iso(standing.started)
    outcomes, oddities = _outcomes_by_site(process), process.gateway.oddities()
    return Status(
        version=__version__,
        started=started,
        serving=process.is_serving,
        draining=gateway.leaving,
        workers=(WorkerStatus(os.getpid(), started, gateway.draining, len(gateway.clients)),),
        replaced=0,
        broken=standing.broken,
        restart_helps=standing.restart_helps,
        reloads=standing.reloads,
        failed_reloads=standing.failed_reloads,
        outcomes=dict(sorted(outcomes.get(None, {}).items())),
        refusals=_refusals(process, None),
        listeners=tuple(
            [
                listener_status(
                    each.listener,
                    each.identity,
                    process.certificates.broken.get(place, ""),
                    each.admission.connected,
                    each.listener.limits.connections,
                )
                for place, each in process.listening.items()
            ]
        ),
        sites=tuple([_site(process, site, outcomes.get(site.name, {}), oddities) for site in gateway.config.sites]),
    )


def listener_status(
    listener: "Listener", identity: "Identity | None", broken: str, connections: int = 0, limit: int = 0
) -> ListenerStatus:
    """Return how one listener is, with what it shows to clients."""
    certificates = identity.certificates if identity is not None else ()
    return ListenerStatus(
        address=listener.url,
        connections=connections,
        limit=limit,
        certificates=tuple(
            [
                CertificateStatus(
                    each.pair.chain,
                    each.ends.isoformat(),
                    (each.ends - datetime.now(UTC)).total_seconds() / DAY_SECONDS,
                )
                for each in certificates
            ]
        ),
        broken=broken,
    )


def _site(
    process: "Process", site: "Site", outcomes: dict[str, int], oddities: dict[tuple[str | None, Oddity], int]
) -> SiteStatus:
    pool = process.gateway.pool(site.upstream)
    return SiteStatus(
        name=site.name,
        in_flight=pool.in_flight.mine,
        streams=pool.streams.mine,
        servers=tuple([ServerStatus(written(url), pool.servers.is_up(url)) for url in site.upstream.urls]),
        outcomes=dict(sorted(outcomes.items())),
        oddities={odd: oddities[site.name, odd] for odd in Oddity if (site.name, odd) in oddities},
        refusals=_refusals(process, site.name),
    )


def _refusals(process: "Process", site: str | None) -> tuple[RefusalStatus, ...]:
    refusals = process.gateway.refusals(site)
    return tuple([RefusalStatus(iso(each.time), each.reason, each.remedy) for each in refusals])


def _outcomes_by_site(process: "Process") -> dict[str | None, dict[str, int]]:
    """Return how often each reason was the end, in one pass however many sites there are."""
    found: dict[str | None, dict[str, int]] = {}
    for (site, reason, _), count in process.gateway.outcomes().items():
        of_site = found.setdefault(site, {})
        of_site[reason] = of_site.get(reason, 0) + count
    return found


def written(url: UpstreamUrl) -> str:
    """Return an upstream's address as the configuration has it."""
    return f"{url.scheme}://{url.authority}{url.prefix.decode('ascii')}"


def iso(seconds: float) -> str:
    """Return a time in seconds since 1970 as ISO 8601 has it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
