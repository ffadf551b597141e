"""Who listens at the admin address; what answers there is loaded when somebody asks first."""

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from gateway.relay.fault import where
from gateway.service.events import EVENTS
from gateway.service.library import load_aiohttp

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine

    from aiohttp import web

    from gateway.config.model import Address
    from gateway.service.snapshot import Snapshot
    from gateway.service.standing import Reloaded

AGAIN_SECONDS: Final = 1.0
"""How long after a failure nobody is heard: what lacks may be open files, and then nobody can be turned away either."""
FAILED: Final = "nobody is told how the gateway is, and it serves as before: restart it"
"""For what answers at the admin address and cannot be loaded, when its files have been replaced since the start."""


class Teller(Protocol):
    """Whoever knows how the gateway is: the process that serves, or who has several of them."""

    async def snapshot(self) -> "Snapshot":
        """Return how it is."""
        ...

    async def reload(self) -> "Reloaded":
        """Go over to the configuration on disk."""
        ...


class AdminServer:
    """The application on its address."""

    def __init__(self, teller: Teller) -> None:
        """Listen nowhere yet."""
        self._teller = teller
        self.address: Address | None = None
        """Where it listens."""
        self._door: AdminDoor | None = None
        self._closing: set[asyncio.Task[None]] = set()
        """Those at former addresses, whose last requests end."""

    async def listen(self, address: "Address | None", sock: "socket.socket | None" = None) -> None:
        """Listen at another address from now on, with a socket that is bound to it, or nowhere."""
        if address == self.address:
            return
        former, self._door, self.address = self._door, None, address
        if sock is not None:
            self._door = AdminDoor(self._teller, sock)
        if former is not None:
            await former.shut()
            closing = asyncio.get_running_loop().create_task(former.finish())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Listen no more."""
        await self.listen(None)
        if self._closing:
            await asyncio.wait(self._closing)


class AdminDoor:
    """A socket that listens, so that the kernel takes connections, and who answers them once there is one."""

    def __init__(self, teller: Teller, sock: "socket.socket") -> None:
        """Wait for the first connection."""
        self._loop = asyncio.get_running_loop()
        self._teller = teller
        self._sock = sock
        self._is_shut = False
        self._opening: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._wait()

    async def shut(self) -> None:
        """Accept no more; who still waits for what answers is turned away with the address."""
        self._is_shut = True
        if self._opening is not None:
            await self._opening
        if self._runner is None:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
        else:
            for site in tuple(self._runner.sites):
                await site.stop()

    async def finish(self) -> None:
        """Answer what was asked before."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _wait(self) -> None:
        if not self._is_shut:
            self._loop.add_reader(self._sock.fileno(), self._knocked)

    def _knocked(self) -> None:
        self._loop.remove_reader(self._sock.fileno())
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        """Answer from now on. Where that cannot be, turn away who is there, and try again with the next."""
        try:
            answering = await asyncio.to_thread(_loaded)
            if not self._is_shut:
                self._runner = await answering(self._teller, self._sock)
        except Exception as error:  # noqa: BLE001 - whatever it is, clients are served as before
            EVENTS.error("admin.failed", error=f"{where(error)}: {error}", remedy=FAILED)
            while (turned_away := self._accepted()) is not None:
                turned_away.close()
            self._loop.call_later(AGAIN_SECONDS, self._wait)

    def _accepted(self) -> "socket.socket | None":
        try:
            return self._sock.accept()[0]
        except OSError:
            return None


def _loaded() -> "Callable[[Teller, socket.socket], Coroutine[None, None, web.AppRunner]]":
    """Return what answers, with all it takes: half a second of work, during which clients are served."""
    load_aiohttp()
    from gateway.service.admin import answering  # noqa: PLC0415 - the very point

    return answering
