"""What is in the files of listeners' certificates now, and what of it clients are to be shown: looks, and no loop."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from gateway.config.certificates import none_in, pairs_in
from gateway.config.files import unreadable
from gateway.config.stamps import Stamp
from gateway.relay.fault import where
from gateway.service.events import EVENTS
from gateway.service.prepare import BAD_CERTIFICATE
from gateway.service.tls import Certificate, Identity, certificate_of, identity_of, stamp_of_pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.config.model import CertificatePair, Listener
    from gateway.service.listening import Place

LOOKS: Final = 5
"""Looks at the same files before they are told to be unusable, and for a folder that is gone before its certificate is
shown no more: chain and key may be copied one after the other, and a folder may be replaced in two steps."""
WARN_DAYS: Final = (1, 7, 14, 30)
"""Days left at which an end is told of, each once. Let's Encrypt's are renewed 30 days before."""

BROKEN: Final = "put chain and key of one certificate there; clients are shown the former one meanwhile"
"""What to do about files that cannot be used."""
NEW_AND_BROKEN: Final = "put chain and key of one certificate there; clients are shown the others meanwhile"
"""The same for one of which nothing was shown before."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A listener, and what its clients are shown; None for plain HTTP."""

    listener: "Listener"
    identity: Identity | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell."""

    name: str
    level: Literal["info", "warning", "error"]
    details: "Mapping[str, object]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look came to."""

    renewed: "Mapping[Place, Identity]"
    """What clients are to be shown from now on, where that has changed."""
    events: tuple[Event, ...]
    """What is to be told once they are; of several processes that look, one tells."""


@dataclass(slots=True)
class _Files:
    """What was seen of the files of one certificate that are not as those shown are."""

    stamp: tuple[Stamp, Stamp]
    looks: int = 0
    """How often they were looked at, and could not be used, as they are."""
    error: str = ""
    """Why; told once it is `LOOKS` looks old."""


@dataclass(slots=True)
class _Place:
    """What was seen at one listener."""

    listener: "Listener"
    """As long as it is this one."""
    files: "dict[CertificatePair, _Files]" = field(default_factory=dict["CertificatePair", _Files])
    gone: "dict[CertificatePair, int]" = field(default_factory=dict["CertificatePair", int])
    """Certificates that are shown and whose sub-folder is no more, and how often it was looked for."""
    error: str = ""
    """Why there is none at all."""


class Renewal:
    """Looks at the files of every listener's certificates, each time it is told to."""

    def __init__(self) -> None:
        """Have seen nothing yet."""
        self.broken: Mapping[Place, str] = {}
        """Listeners of whose files on disk some cannot be used, and why: clients are shown the former ones."""
        self._places: dict[Place, _Place] = {}
        self._warned: dict[tuple[str, datetime], int] = {}
        """Which of `WARN_DAYS` was told last, of each certificate that is near its end."""

    def look(self, shown: "Mapping[Place, Shown]", now: datetime) -> Outcome:
        """Look at all files once; whoever calls it shows what is new, then tells."""
        events: list[Event] = []
        renewed: dict[Place, Identity] = {}
        for place in self._places.keys() - shown.keys():
            del self._places[place]
        for place, each in shown.items():
            if each.identity is None:
                self._places.pop(place, None)
                continue
            seen = self._places.get(place)
            if seen is None or seen.listener is not each.listener:
                seen = self._places[place] = _Place(each.listener)
            try:
                identity = _look(seen, each.identity, events)
            except Exception as error:  # noqa: BLE001 - one listener's files must not keep the others from being followed
                events.append(Event("internal.error", "error", {"error": where(error)}))
                continue
            if identity is not None:
                renewed[place] = identity
        self.broken = {place: why for place, seen in self._places.items() if (why := _why_broken(seen))}
        identities = [renewed.get(place) or each.identity for place, each in shown.items()]
        events.extend(self._ends_soon(identities, now))
        return Outcome(renewed, tuple(events))

    def _ends_soon(self, shown: "Iterable[Identity | None]", now: datetime) -> list[Event]:
        """Return what is to be told of certificates that are shown and near their end."""
        events: list[Event] = []
        warned: dict[tuple[str, datetime], int] = {}
        for each in itertools.chain.from_iterable(identity.certificates for identity in shown if identity is not None):
            left = each.ends - now
            days = next((days for days in WARN_DAYS if left <= timedelta(days=days)), None)
            known = each.pair.chain, each.ends
            if days is None or known in warned:
                continue
            warned[known] = days
            if self._warned.get(known) != days:
                details = {"chain": each.pair.chain, "ends": each.ends.isoformat(), "days_left": left.days}
                remedy = "renew it, and put it into the same files: they are followed"
                events.append(Event("certificate.expires", "warning", {**details, "remedy": remedy}))
        self._warned = warned
        return events


def _look(seen: _Place, identity: Identity, events: list[Event]) -> Identity | None:
    """Return what a listener's clients are to be shown, if that has changed; add what is to be told."""
    shown = {certificate.pair: certificate for certificate in identity.certificates}
    pairs, why_none = _pairs(seen.listener)
    for pair in seen.files.keys() - set(pairs):
        del seen.files[pair]
    found = (_read(seen, pair, shown.get(pair), events) or shown.get(pair) for pair in pairs)
    there = [certificate for certificate in found if certificate is not None]
    gone = [each for pair, each in shown.items() if pair not in pairs]
    seen.gone = {each.pair: seen.gone.get(each.pair, 0) + 1 for each in gone}
    # Something has to be shown: where nothing else can be, those that are gone are.
    stay = [each for each in gone if not there or seen.gone[each.pair] < LOOKS]
    details = {"listener": seen.listener.authority}
    events.extend(Event("certificate.removed", "info", {**details, **_told(each)}) for each in gone if each not in stay)
    former, seen.error = seen.error, "" if pairs or min(seen.gone.values()) < LOOKS else why_none
    if seen.error and not former:
        events.append(Event("certificate.broken", "error", {**details, "error": seen.error, "remedy": BROKEN}))
    wanted = tuple(sorted((*there, *stay), key=_folder_name) if stay else there)
    return None if wanted == identity.certificates else identity_of(wanted)


def _folder_name(certificate: Certificate) -> Path:
    return Path(certificate.pair.chain)


def _pairs(listener: "Listener") -> "tuple[Sequence[CertificatePair], str]":
    """Return which certificates a listener has now, and what is to be said if there is none."""
    if listener.certificate_folder is None:
        return listener.certificates, ""
    folder = Path(listener.certificate_folder)
    try:
        return pairs_in(folder), none_in(folder)
    except OSError as error:
        return (), f"{folder} {unreadable(folder, error)}"


def _told(certificate: Certificate) -> dict[str, str]:
    return {"chain": certificate.pair.chain, "names": ", ".join(certificate.names)}


def _read(seen: _Place, pair: "CertificatePair", former: Certificate | None, events: list[Event]) -> Certificate | None:
    """Return what is in two files, if it is other than what is shown of them, and can be used."""
    stamp = stamp_of_pair(pair)
    if former is not None and stamp == former.stamp:
        seen.files.pop(pair, None)
        return None
    files = seen.files.get(pair)
    if files is None or files.stamp != stamp:
        # Told as broken until it is good: another way to be broken is told anew, and has its time as well.
        files = seen.files[pair] = _Files(stamp, error="" if files is None else files.error)
    if files.looks >= LOOKS:
        return None
    files.looks += 1
    details = {"listener": seen.listener.authority}
    try:
        certificate = certificate_of(pair)
    except BAD_CERTIFICATE as error:
        if files.looks == LOOKS:
            files.error = f"{pair.chain} and {pair.key} cannot be used: {error}"
            details |= {"chain": pair.chain, "error": files.error, "remedy": BROKEN if former else NEW_AND_BROKEN}
            events.append(Event("certificate.broken", "error", details))
        return None
    del seen.files[pair]
    name = "certificate.renewed" if former else "certificate.added"
    events.append(Event(name, "info", {**details, **_told(certificate), "ends": certificate.ends.isoformat()}))
    return certificate


def _why_broken(seen: _Place) -> str:
    return "; ".join(error for error in (seen.error, *(files.error for files in seen.files.values())) if error)


def tell(events: "Iterable[Event]") -> None:
    """Tell of what a look came to."""
    for event in events:
        EVENTS.tell(event.level, event.name, event.details)
