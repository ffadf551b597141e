"""Certificates of listeners, followed: what is put into their files is shown to clients, without a reload."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from cryptography import x509

from gateway.service.prepare import StartError, identity_for
from gateway.service.tls import Stamp, stamp_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.config.model import CertificatePair
    from gateway.service.events import Events
    from gateway.service.listening import Listening, Place

LOOK_SECONDS: Final = 1.0
"""How often the files are looked at: their times, not what they hold."""
LOOKS: Final = 5
"""Looks at the same files before they are told to be unusable: chain and key may be copied one after the other."""
WARN_DAYS: Final = (1, 7, 14, 30)
"""Days left at which an end is told of, each once. Let's Encrypt's are renewed 30 days before."""
EXPIRY_SECONDS: Final = 3600.0
"""How often the days left are counted."""


class Follower:
    """Looks at the files of every listener's certificates."""

    def __init__(self, listening: "Mapping[Place, Listening]") -> None:
        """Follow nothing yet."""
        self._listening = listening
        self._useless: dict[Place, tuple[Stamp, int]] = {}
        """Files that could not be used, and how often they were looked at."""
        self._told: set[tuple[str, datetime, int]] = set()
        self.broken: dict[Place, str] = {}
        """Listeners whose files on disk cannot be used, and why: clients are shown the former ones."""

    async def run(self) -> None:
        """Look again and again."""
        counted = -EXPIRY_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            for place, each in tuple(self._listening.items()):
                await self._look(place, each)
            if loop.time() - counted >= EXPIRY_SECONDS:
                counted = loop.time()
                await asyncio.to_thread(self._count_days)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, place: "Place", each: "Listening") -> None:
        """Show clients what is in a listener's files now, if that has changed and can be used."""
        listener, identity = each.listener, each.identity
        if identity is None:
            return
        stamp = await asyncio.to_thread(stamp_of, listener.certificates)
        if stamp == identity.stamp:
            self._useless.pop(place, None)
            self.broken.pop(place, None)
            return
        former, looks = self._useless.get(place, (stamp, 0))
        looks = looks + 1 if former == stamp else 1
        if looks > LOOKS:
            return
        events: Events = structlog.get_logger()
        address = f"{listener.host}:{listener.port}"
        try:
            renewed = await asyncio.to_thread(identity_for, listener)
        except StartError as error:
            self._useless[place] = stamp, looks
            if looks == LOOKS:
                self.broken[place] = str(error)
                remedy = "put chain and key of one certificate there; clients are shown the former one meanwhile"
                events.error("certificate.broken", listener=address, error=str(error), remedy=remedy)
            return
        if each.listener is listener:  # else a reload came between, and has read them
            each.renew(renewed)
            ends = min(end_of(pair.chain) for pair in listener.certificates)
            events.info("certificate.renewed", listener=address, ends=ends.isoformat())

    def _count_days(self) -> None:
        for each in tuple(self._listening.values()):
            for pair in each.listener.certificates:
                with contextlib.suppress(OSError, ValueError):  # told by `_use`
                    self._warn(pair, end_of(pair.chain))

    def _warn(self, pair: "CertificatePair", end: datetime) -> None:
        left = end - datetime.now(UTC)
        days = next((days for days in WARN_DAYS if left <= timedelta(days=days)), None)
        if days is None or (pair.chain, end, days) in self._told:
            return
        self._told = {told for told in self._told if told[:2] != (pair.chain, end)} | {(pair.chain, end, days)}
        events: Events = structlog.get_logger()
        events.warning(
            "certificate.expires",
            chain=pair.chain,
            ends=end.isoformat(),
            days_left=left.days,
            remedy="renew it, and put it into the same files: they are followed",
        )


def end_of(chain: str) -> datetime:
    """Return when a certificate ends.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    return x509.load_pem_x509_certificates(Path(chain).read_bytes())[0].not_valid_after_utc
