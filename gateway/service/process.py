"""One process that serves: its listeners, and how it goes over to another configuration, and ends."""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import structlog

from gateway.config.model import ConfigError
from gateway.service.admin import AdminServer
from gateway.service.certificates import Follower
from gateway.service.changed_files import ChangedFiles
from gateway.service.changes import changes
from gateway.service.events import unresolved
from gateway.service.following import each_second
from gateway.service.listening import Listening, Place
from gateway.service.prepare import Prepared, StartError, prepare, why_not_bound

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Sequence

    from gateway.config.load import Loaded
    from gateway.config.model import Address, Config
    from gateway.relay.gateway import Gateway
    from gateway.service.events import Events
    from gateway.service.systemd import Notifier

FIRST_NAMES_SECONDS: Final = 2.0
"""How long the start waits for the upstreams' names; a name that does not resolve is no reason not to start."""
REMINDER_SECONDS: Final = 3600.0
"""How often it is told again that the files on disk cannot be used: the next start would find out."""


NO_FILE: Final = "start with -c PATH: what the command line says stays"
"""Why nothing is read anew."""


class Reloaded(NamedTuple):
    """What came of a reload."""

    changes: tuple[str, ...]
    broken: str
    """Why the configuration on disk cannot be used; empty where it is in force now."""


class Log(Protocol):
    """What is told to the log, and how that changes."""

    def configured(self, config: "Config") -> None:
        """Go by what another configuration says of the log."""


class Process:
    """The gateway in this process."""

    def __init__(
        self, gateway: "Gateway", again: "Callable[[], Loaded] | None", log: Log, notifier: "Notifier"
    ) -> None:
        """Serve nobody yet; `again` reads the configuration anew, where there are files."""
        self.gateway = gateway
        self.listening: dict[Place, Listening] = {}
        self.certificates = Follower(self.listening)
        self.started = time.time()
        """In seconds since 1970."""
        self.reloads = self.failed_reloads = 0
        self.broken = ""
        """Why the configuration on disk cannot be used, as the last reload found; empty where it can."""
        self._again = again
        self._log = log
        self._notifier = notifier
        self._admin = AdminServer(self)
        self.is_serving = False
        """Every listener accepts."""
        self._turn = asyncio.Lock()
        """A start, a reload and the begin of a drain come one after the other."""
        self._reminder: asyncio.TimerHandle | None = None
        self._files = ChangedFiles()
        self._following: list[asyncio.Task[None]] = []

    @property
    def events(self) -> "Events":
        """Where events are told."""
        events: Events = structlog.get_logger()
        return events

    async def start(self, loaded: "Loaded", inherited: "Sequence[socket.socket]" = ()) -> Prepared:
        """Begin to serve; return what was had for it.

        Raises:
            StartError: something that the configuration needs cannot be had.
        """
        async with self._turn:
            prepared = prepare(self.gateway, loaded.config, inherited=inherited)
            self._warn(loaded)
            await self._admin_at(loaded.config.admin)
            self.gateway.look_up(prepared.pools)
            await self.gateway.names.first_answers(FIRST_NAMES_SECONDS)
            self.gateway.start(prepared.pools)
            unresolved(self.gateway, self.events)
            await self._listen(prepared)
            self.is_serving = True
            self._files.were_read(loaded.sources)
            looks = (self.certificates.look, self._look_at_files)
            self._following = [self.gateway.loop.create_task(each_second(look)) for look in looks]
            self._say_ready()
        return prepared

    async def reload(self) -> Reloaded:
        """Go over to the configuration as it stands on disk; on any mistake stay with the one in force, and say so."""
        if self._again is None:
            self.events.warning("config.no_file", remedy=NO_FILE)
            return Reloaded((), NO_FILE)
        async with self._turn:
            if self.gateway.leaving:
                return Reloaded((), "the gateway stops")
            self._notifier.reloading()
            try:
                loaded = await asyncio.to_thread(self._again)
                self._files.were_read(loaded.sources)
                return Reloaded(await self._adopt(loaded), "")
            except ConfigError as error:
                self._files.were_read(error.sources)
                self._is_broken("\n".join(map(str, error.mistakes)))
            except StartError as error:
                self._is_broken(str(error))
            finally:
                self._say_ready()
            return Reloaded((), self.broken)

    async def _look_at_files(self) -> None:
        """Reload once the files have changed, where the configuration in force wants that."""
        if self.gateway.config.reload_on_change and await asyncio.to_thread(self._files.look):
            await self.reload()

    async def _adopt(self, loaded: "Loaded") -> tuple[str, ...]:
        """Go over to a configuration; return what has changed.

        Raises:
            StartError: something of it cannot be had; nothing has changed.
        """
        before = self.gateway.config
        prepared = await asyncio.to_thread(prepare, self.gateway, loaded.config, tuple(self.listening))
        try:
            await self._admin_at(loaded.config.admin)
        except StartError:
            prepared.close()
            raise
        self.gateway.look_up(prepared.pools)
        await self.gateway.names.first_answers(FIRST_NAMES_SECONDS)
        self._log.configured(loaded.config)
        self.gateway.adopt(loaded.config, prepared.pools)
        unresolved(self.gateway, self.events)
        await self._listen(prepared)
        self.broken = ""
        self.reloads += 1
        self._remind()
        self._warn(loaded)
        changed = changes(before, loaded.config)
        self.events.info("config.reloaded", changes="; ".join(changed) or "nothing changed")
        return changed

    def _warn(self, loaded: "Loaded") -> None:
        for warning in loaded.warnings:
            self.events.warning("config.warning", id=warning.id, text=str(warning))

    async def _admin_at(self, address: "Address | None") -> None:
        """Have the admin application listen there.

        Raises:
            StartError: the address cannot be had.
        """
        try:
            await self._admin.listen(address)
        except OSError as error:
            assert address is not None  # noqa: S101 - nowhere can always be had
            why = why_not_bound(error, address.port)
            raise StartError(f"cannot listen on {address.host}:{address.port} for admin: {why}") from error

    async def _listen(self, prepared: Prepared) -> None:
        """Listen where a configuration says, and nowhere else; what is new comes first, so that nobody is refused."""
        for place, listener in prepared.listeners.items():
            if place in self.listening:
                await self.listening[place].change(listener, prepared.identities[place])
            else:
                listening = Listening(self.gateway, listener, prepared.sockets[place])
                await listening.start(prepared.identities[place])
                self.listening[place] = listening
        for place in self.listening.keys() - prepared.listeners.keys():
            await self.listening.pop(place).stop()

    def _say_ready(self) -> None:
        """Have `systemctl status` say in a line how it is."""
        broken = "; THE CONFIGURATION ON DISK CANNOT BE USED, a restart would fail" if self.broken else ""
        self._notifier.ready(f"serving {len(self.gateway.config.sites)} sites{broken}")

    def _is_broken(self, why: str) -> None:
        self.broken = why
        self.failed_reloads += 1
        self._tell_broken()

    def _tell_broken(self) -> None:
        self.events.error(
            "config.broken",
            text=self.broken,
            remedy="the former configuration stays in force: correct this, and reload again; a restart would fail",
        )
        self._remind()

    def _remind(self) -> None:
        """Tell again later that the files are broken, as long as they are."""
        if self._reminder is not None:
            self._reminder.cancel()
        self._reminder = self.gateway.loop.call_later(REMINDER_SECONDS, self._tell_broken) if self.broken else None

    async def drain(self, cut: asyncio.Event) -> None:
        """Let load balancers turn away, serve what is under way, and end; at once when `cut` is set."""
        async with self._turn:
            for running in (self._reminder, *self._following):
                if running is not None:
                    running.cancel()
            self._notifier.stopping()
            self.gateway.leave()
        if delay := self.gateway.config.drain_delay_seconds:
            self.events.info("gateway.leaving", seconds=delay)
            with suppress(TimeoutError):
                await asyncio.wait_for(cut.wait(), delay)
        self.gateway.drain()
        self.events.info("gateway.draining", seconds=self.gateway.config.drain_seconds)
        loop = asyncio.get_running_loop()
        drains = [loop.create_task(each.drain()) for each in self.listening.values()]
        cutting = loop.create_task(cut.wait())
        cutting.add_done_callback(lambda _: _cancel(drains))
        await asyncio.gather(*drains, return_exceptions=True)
        cutting.cancel()
        self.gateway.stop()
        await self._admin.close()
        self._notifier.close()


def _cancel(tasks: "Iterable[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
