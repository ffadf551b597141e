"""One process that serves: its listeners, and how it goes over to another configuration, and ends."""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gateway.config.model import ConfigError
from gateway.service.admin_server import AdminServer
from gateway.service.certificates import Follower
from gateway.service.cores import workers_of
from gateway.service.events import EVENTS, unresolved, unused
from gateway.service.following import each_second
from gateway.service.listening import Listening, Place
from gateway.service.loops import loop_name
from gateway.service.memory import give_back_again_and_again, look_less_often, map_large_blocks
from gateway.service.prepare import Prepared, RestartError, StartError, prepare
from gateway.service.snapshot import Snapshot, snapshot_of
from gateway.service.standing import STOPS, Log, Reloaded, Standing, no_file

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from gateway.config.load import Loaded
    from gateway.config.model import Config
    from gateway.relay.gateway import Gateway
    from gateway.service.systemd import Notifier

FIRST_NAMES_SECONDS: Final = 2.0
"""How long the start waits for the upstreams' names; a name that does not resolve is no reason not to start."""
RESTART: Final = "workers: from one process to several it takes a restart"
LOOK_SECONDS: Final = 0.5
"""How often it is seen whether something has to be told again."""


class Process:
    """The gateway in this process."""

    def __init__(
        self,
        gateway: "Gateway",
        again: "Callable[[], Loaded] | None",
        log: Log,
        notifier: "Notifier",
        *,
        tells: bool = True,
    ) -> None:
        """Serve nobody yet; `again` reads the configuration anew, where there are files.

        `tells` false: another process tells of what both see.
        """
        self.gateway = gateway
        self.listening: dict[Place, Listening] = {}
        self.certificates = Follower(self.listening, tells=tells)
        self.standing = Standing()
        self._again = again
        self._log = log
        self._notifier = notifier
        self._tells = tells
        self._admin = AdminServer(self)
        self.is_serving = False
        """Every listener accepts."""
        self._turn = asyncio.Lock()
        """A start, a reload and the begin of a drain come one after the other."""
        self._inherited: Sequence[socket.socket] = ()
        """Those that systemd keeps: a later configuration may listen there."""
        self._following: list[asyncio.Task[None]] = []
        """What looks at files and the time, and gives memory back; the watchdog is told until the end."""

    async def start(self, prepared: Prepared) -> None:
        """Begin to serve with what was had for a configuration."""
        async with self._turn:
            self._inherited = prepared.inherited
            await self._admin.listen(prepared.config.admin, prepared.admin)
            self.gateway.look_up(prepared.config)
            await self.gateway.names.first_answers(FIRST_NAMES_SECONDS)
            self.gateway.start(prepared.contexts)
            look_less_often()
            if loop_name() == "uvloop":  # asyncio's TLS has a block as large for each read
                map_large_blocks()
            if self._tells:
                unresolved(self.gateway)
                unused(prepared)
            await self._listen(prepared)
            self.is_serving = True
            looks = (self.certificates.look, self._look_at_files)
            self._following = [self.gateway.loop.create_task(each_second(look)) for look in looks]
            others = (self._look(), give_back_again_and_again())
            self._following += [self.gateway.loop.create_task(each) for each in others]
            self._say_ready()

    async def snapshot(self) -> Snapshot:
        """Return how this process is doing."""
        return snapshot_of(self)

    async def reload(self) -> Reloaded:
        """Go over to the configuration as it stands on disk; on any mistake stay with the one in force, and say so."""
        if self._again is None:
            return no_file()
        async with self._turn:
            if self.gateway.leaving:
                return Reloaded((), STOPS)
            self._notifier.reloading()
            try:
                loaded = await asyncio.to_thread(self._again)
                self.standing.files.were_read(loaded.sources)
                before = self.gateway.config
                await self._adopt(loaded.config)
                return self._alone(self.standing.adopted(before, loaded))
            except ConfigError as error:
                self.standing.files.were_read(error.sources)
                return self.standing.failed("\n".join(map(str, error.mistakes)))
            except StartError as error:
                return self.standing.failed(str(error), restart_helps=isinstance(error, RestartError))
            finally:
                self._say_ready()

    async def _look_at_files(self) -> None:
        """Reload once the files have changed, where the configuration in force wants that."""
        if self.gateway.config.reload_on_change and await asyncio.to_thread(self.standing.files.look):
            await self.reload()

    def _alone(self, came: Reloaded) -> Reloaded:
        """Say so where several processes are asked for: one that serves alone cannot become several."""
        if workers_of(self.gateway.config) == 1:
            return came
        EVENTS.warning("workers.restart", remedy=RESTART)
        return came._replace(changes=(*came.changes, RESTART))

    async def _adopt(self, config: "Config") -> None:
        """Go over to a configuration.

        Raises:
            StartError: something of it cannot be had; nothing has changed.
        """
        present = tuple(self.listening)
        prepared = await asyncio.to_thread(prepare, config, present, self._admin.address, self._inherited)
        await self._admin.listen(config.admin, prepared.admin)
        self.gateway.look_up(config)
        await self.gateway.names.first_answers(FIRST_NAMES_SECONDS)
        self._log.configured(config)
        self.gateway.adopt(config, prepared.contexts)
        unresolved(self.gateway)
        unused(prepared)
        await self._listen(prepared)

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
            self.listening.pop(place).stop()

    def _say_ready(self) -> None:
        """Have `systemctl status` say in a line how it is."""
        self._notifier.ready(self.standing.line(len(self.gateway.config.sites)))

    async def _look(self) -> None:
        while True:
            now = time.monotonic()
            self._notifier.alive(now)
            self.standing.remind(now)
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self, cut: asyncio.Event) -> None:
        """Serve what is under way, and end: in three steps, of which `cut` ends the first and the last."""
        await self.leave(cut)
        await self.let_go()
        EVENTS.info("gateway.draining", seconds=self.gateway.config.drain_seconds)
        await self.drain(cut)

    async def leave(self, cut: asyncio.Event) -> None:
        """Let load balancers turn away for as long as the configuration says, or until `cut` is set."""
        async with self._turn:
            self._notifier.stopping()
            self.gateway.leave()
        if delay := self.gateway.config.drain_delay_seconds:
            EVENTS.info("gateway.leaving", seconds=delay)
            with suppress(TimeoutError):
                await asyncio.wait_for(cut.wait(), delay)

    async def let_go(self) -> None:
        """Accept no more, and serve whoever is connected one more request."""
        async with self._turn:
            self.gateway.drain()
            for each in self.listening.values():
                each.let_go()
            for sock in self._inherited:
                sock.close()
            self.is_serving = False

    async def drain(self, cut: asyncio.Event) -> None:
        """Serve what is under way, and end; at once when `cut` is set, and at the drain's deadline."""
        waiting = [self.gateway.loop.create_task(each) for each in (drained(self.gateway), cut.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        self.gateway.stop()
        await self._admin.close()
        for running in (*waiting, *self._following):
            running.cancel()


async def drained(gateway: "Gateway") -> None:
    """Wait until whoever is connected has gone, as long as the configuration in force says."""
    await asyncio.sleep(0)  # whoever was accepted last has come in then
    gateway.drain()
    with suppress(TimeoutError):
        async with asyncio.timeout(gateway.config.drain_seconds):
            while gateway.clients:  # whoever was at the door may have come in meanwhile
                await gateway.empty.wait()
