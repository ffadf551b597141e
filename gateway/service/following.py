"""Files that are followed by looking at them."""

import asyncio
from typing import TYPE_CHECKING, Final

from gateway.relay.fault import where
from gateway.service.events import EVENTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LOOK_SECONDS: Final = 1.0
"""How often files are looked at: their times, not what they hold."""


async def each_second(look: "Callable[[], Awaitable[None]]") -> None:
    """Look again and again, whatever comes of it."""
    while True:
        try:
            await look()
        except Exception as error:  # noqa: BLE001 - nobody would notice that files are not followed any more
            EVENTS.error("internal.error", error=where(error))
        await asyncio.sleep(LOOK_SECONDS)
