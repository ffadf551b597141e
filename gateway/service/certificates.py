"""Certificates of listeners, followed: what is put into their files is shown to clients, without a reload."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from gateway.relay.fault import where
from gateway.service.prepare import StartError, identity_for
from gateway.service.tls import Stamp, stamp_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.service.events import Events
    from gateway.service.listening import Listening, Place

LOOK_SECONDS: Final = 1.0
"""How often the files are looked at: their times, not what they hold."""
LOOKS: Final = 5
"""Looks at the same files before they are told to be unusable: chain and key may be copied one after the other."""
WARN_DAYS: Final = (1, 7, 14, 30)
"""Days left at which an end is told of, each once. Let's Encrypt's are renewed 30 days before."""


class Follower:
    """Looks at the files of every listener's certificates."""

    def __init__(self, listening: "Mapping[Place, Listening]") -> None:
        """Follow nothing yet."""
        self._listening = listening
        self._useless: dict[Place, tuple[Stamp, int]] = {}
        """Files that could not be used, and how often they were looked at."""
        self._warned: dict[tuple[str, datetime], int] = {}
        """Which of `WARN_DAYS` was told last, of each certificate that is near its end."""
        self.broken: dict[Place, str] = {}
        """Listeners whose files on disk cannot be used, and why: clients are shown the former ones."""

    async def run(self) -> None:
        """Look again and again."""
        while True:
            for place in (self._useless.keys() | self.broken.keys()) - self._listening.keys():
                self._forget(place)
            for place, each in tuple(self._listening.items()):
                try:
                    await self._look(place, each)
                except Exception as error:  # noqa: BLE001 - one listener's files must not keep the others from being followed
                    _events().error("internal.error", error=where(error))
            self._warn()
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, place: "Place", each: "Listening") -> None:
        """Show clients what is in a listener's files now, if that has changed and can be used."""
        listener, identity = each.listener, each.identity
        stamp = () if identity is None else await asyncio.to_thread(stamp_of, listener.certificates)
        if identity is None or stamp == identity.stamp:
            self._forget(place)
            return
        former, looks = self._useless.get(place, (stamp, 0))
        looks = looks + 1 if former == stamp else 1
        if looks > LOOKS:
            return
        try:
            renewed = await asyncio.to_thread(identity_for, listener)
        except StartError as error:
            self._useless[place] = stamp, looks
            if looks == LOOKS:
                self.broken[place] = str(error)
                remedy = "put chain and key of one certificate there; clients are shown the former one meanwhile"
                _events().error("certificate.broken", listener=listener.authority, error=str(error), remedy=remedy)
            return
        if each.listener is listener and renewed is not None:  # else a reload came between, and has read them
            each.renew(renewed)
            ends = min(renewed.ends).isoformat()
            _events().info("certificate.renewed", listener=listener.authority, ends=ends)

    def _forget(self, place: "Place") -> None:
        self._useless.pop(place, None)
        self.broken.pop(place, None)

    def _warn(self) -> None:
        """Tell of certificates that are shown and near their end."""
        shown = {
            (pair.chain, ends)
            for each in self._listening.values()
            if each.identity is not None
            for pair, ends in zip(each.listener.certificates, each.identity.ends, strict=True)
        }
        warned: dict[tuple[str, datetime], int] = {}
        for chain, ends in shown:
            left = ends - datetime.now(UTC)
            days = next((days for days in WARN_DAYS if left <= timedelta(days=days)), None)
            if days is None:
                continue
            warned[chain, ends] = days
            if self._warned.get((chain, ends)) != days:
                _events().warning(
                    "certificate.expires",
                    chain=chain,
                    ends=ends.isoformat(),
                    days_left=left.days,
                    remedy="renew it, and put it into the same files: they are followed",
                )
        self._warned = warned


def _events() -> "Events":
    events: Events = structlog.get_logger()
    return events
