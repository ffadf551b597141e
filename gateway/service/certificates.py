"""Certificates of listeners, followed: what is put into their files is shown to clients, without a reload."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.service.renewal import Renewal, Shown, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.service.listening import Listening, Place


class Follower:
    """Looks at the files of every listener's certificates."""

    def __init__(self, listening: "Mapping[Place, Listening]", *, tells: bool = True) -> None:
        """Follow nothing yet; `tells` is false where another process tells of what is found."""
        self._listening = listening
        self._renewal = Renewal()
        self._tells = tells

    @property
    def broken(self) -> "Mapping[Place, str]":
        """Listeners of whose files on disk some cannot be used, and why."""
        return self._renewal.broken

    async def look(self) -> None:
        """Look once; the loop goes on meanwhile."""
        shown = {place: Shown(each.listener, each.identity) for place, each in self._listening.items()}
        found = await asyncio.to_thread(self._renewal.look, shown, datetime.now(UTC))
        for place, identity in found.renewed.items():
            each = self._listening.get(place)
            if each is not None and each.listener is shown[place].listener:  # else a reload came between, and read them
                each.renew(identity)
        if self._tells:
            tell(found.events)
