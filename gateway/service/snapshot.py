"""What a process has to tell at one moment; those of several workers are put together, and sent as JSON."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from gateway import __version__
from gateway.policy.reason import Reason
from gateway.relay.gateway import REFUSALS_REMEMBERED
from gateway.relay.record import Outcome
from gateway.service.status import (
    ListenerStatus,
    RefusalStatus,
    ServerStatus,
    SiteStatus,
    Status,
    iso,
    listener_status,
    status_of,
    written,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from gateway.service.listening import Place
    from gateway.service.prepare import Prepared
    from gateway.service.process import Process
    from gateway.service.standing import Standing


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The status, and what is counted more finely than that."""

    status: Status
    outcomes: dict[Outcome, int]


def snapshot_of(process: "Process") -> Snapshot:
    """Return what a process has to tell now."""
    outcomes = {Outcome(*key): count for key, count in process.gateway.outcomes().items()}
    return Snapshot(status_of(process), outcomes)


# ------------------------------------------------------------------------------------------------- of several workers


def frame_of(prepared: "Prepared", standing: "Standing", broken: Mapping["Place", str]) -> Status:
    """Return the status of a gateway of which no worker has told anything: its listeners and sites, and no figures.

    `broken` are the listeners whose certificate files on disk cannot be used, and why.
    """
    return Status(
        version=__version__,
        started=iso(standing.started),
        serving=False,
        draining=False,
        workers=(),
        replaced=0,
        broken=standing.broken,
        restart_helps=standing.restart_helps,
        reloads=standing.reloads,
        failed_reloads=standing.failed_reloads,
        outcomes={},
        refusals=(),
        listeners=tuple(
            listener_status(listener, prepared.identities[place], broken.get(place, ""))
            for place, listener in prepared.listeners.items()
        ),
        sites=tuple(
            _blank(site.name, tuple(ServerStatus(written(url), up=True) for url in site.upstream.urls))
            for site in prepared.config.sites
        ),
    )


def merged(frame: Status, parts: Sequence[Snapshot]) -> Snapshot:
    """Return one snapshot for several processes; there are the listeners and sites that there are in `frame`.

    What is counted is added up, what is under way too. The limits of workers that drain are nobody's any more.
    """
    statuses = [part.status for part in parts]
    return Snapshot(
        replace(
            frame,
            workers=tuple(chain.from_iterable(status.workers for status in statuses)),
            outcomes=added(status.outcomes for status in statuses),
            refusals=_latest(status.refusals for status in statuses),
            listeners=tuple(_listener(each, statuses) for each in frame.listeners),
            sites=tuple(_site(each, statuses) for each in frame.sites),
        ),
        added(part.outcomes for part in parts),
    )


def past(parts: Sequence[Snapshot], sites: Collection[str]) -> Snapshot:
    """Return what stays true of processes that have ended: what they counted of these sites, and what they refused."""
    frame = replace(parts[-1].status, listeners=(), sites=tuple(map(_blank, sites)))
    whole = merged(frame, parts)
    counted = tuple(replace(site, in_flight=0, streams=0) for site in whole.status.sites)
    outcomes = {key: count for key, count in whole.outcomes.items() if key.site is None or key.site in sites}
    return Snapshot(replace(whole.status, workers=(), sites=counted), outcomes)


def _blank(name: str, servers: tuple[ServerStatus, ...] = ()) -> SiteStatus:
    """Return a site of which nothing is known."""
    return SiteStatus(name, in_flight=0, streams=0, servers=servers, outcomes={}, oddities={}, refusals=())


Key = TypeVar("Key")


def added(counts: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    """Return the sums."""
    found: dict[Key, int] = {}
    for each in counts:
        for key, count in each.items():
            found[key] = found.get(key, 0) + count
    return found


def _listener(frame: ListenerStatus, statuses: Sequence[Status]) -> ListenerStatus:
    same = [
        (each, status.draining) for status in statuses for each in status.listeners if each.address == frame.address
    ]
    return replace(
        frame,
        connections=sum(each.connections for each, _ in same),
        limit=sum(each.limit for each, draining in same if not draining),
    )


def _site(frame: SiteStatus, statuses: Sequence[Status]) -> SiteStatus:
    same = [(each, status.draining) for status in statuses for each in status.sites if each.name == frame.name]
    every = [each for each, _ in same]
    asking = [server for each, draining in same if not draining for server in each.servers]
    return replace(
        frame,
        in_flight=sum(each.in_flight for each in every),
        streams=sum(each.streams for each in every),
        servers=tuple(_server(server, asking) for server in frame.servers),
        outcomes=dict(sorted(added(each.outcomes for each in every).items())),
        oddities=added(each.oddities for each in every),
        refusals=_latest(each.refusals for each in every),
    )


def _server(frame: ServerStatus, asking: Iterable[ServerStatus]) -> ServerStatus:
    """Return whether a server is up: it is down where every worker that asks after it passes it over."""
    found = [each.up for each in asking if each.url == frame.url]
    return replace(frame, up=any(found) or not found)


def _latest(refusals: Iterable[tuple[RefusalStatus, ...]]) -> tuple[RefusalStatus, ...]:
    every = sorted(chain.from_iterable(refusals), key=lambda refusal: refusal.time, reverse=True)
    return tuple(every[:REFUSALS_REMEMBERED])


# ------------------------------------------------------------------------------------------------------------- as JSON


def encode(snapshot: Snapshot) -> bytes:
    """Return a snapshot as JSON."""
    outcomes = [(*key, count) for key, count in snapshot.outcomes.items()]
    return json.dumps({"status": snapshot.status, "outcomes": outcomes}, default=_plain).encode()


def decode(octets: bytes) -> Snapshot:
    """Return the snapshot that `encode` wrote."""
    found = json.loads(octets)
    outcomes = {Outcome(site, Reason(reason), status): count for site, reason, status, count in found["outcomes"]}
    return Snapshot(_STATUS(found["status"]), outcomes)


def _plain(value: "DataclassInstance") -> dict[str, object]:
    """Return a dataclass as JSON has it, one level deep: what is below comes here by itself."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}  # `fields` makes a tuple: `status_of`


Read = Callable[[Any], Any]
"""From what JSON has for a value to the value."""


@cache
def _reader(kind: Any) -> Read:  # noqa: ANN401 - a type as annotations have them
    """Return what reads values of a type: dataclasses, tuples of one kind of value, and all else as it is."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        readers = [(field.name, _reader(hints[field.name])) for field in fields(kind)]
        return lambda found: kind(*(read(found[name]) for name, read in readers))
    if get_origin(kind) is tuple:
        item = _reader(get_args(kind)[0])
        return lambda found: tuple(map(item, found))
    return lambda found: found


_STATUS: Final = _reader(Status)
