"""The admin application before several workers: a process of its own, so that whoever asks delays no request."""

import asyncio
import json
import signal
import socket
from collections import deque
from typing import TYPE_CHECKING

from gateway.service import link
from gateway.service.admin_server import AdminServer
from gateway.service.events import EVENTS
from gateway.service.link import Word
from gateway.service.log import ServiceLog, renderer
from gateway.service.output import LogWriter
from gateway.service.snapshot import decode
from gateway.service.standing import Reloaded
from gateway.service.worker import BEAT_SECONDS

if TYPE_CHECKING:
    from gateway.config.model import Config
    from gateway.service.snapshot import Snapshot
    from gateway.service.worker import Common


def answer(sock: socket.socket, config: "Config", admin: socket.socket, common: "Common") -> None:
    """Answer at the admin address, with a socket bound to it, until told to stop; `sock` leads to the supervisor."""
    asyncio.run(_answer(sock, config, admin, common))


class SupervisorTeller:
    """Asks the supervisor; it answers questions of a kind in their order."""

    def __init__(self, supervisor: asyncio.StreamWriter) -> None:
        """Ask nothing yet."""
        self._supervisor = supervisor
        self._asked: dict[Word, deque[asyncio.Future[bytes]]] = {Word.TOLD: deque(), Word.RELOAD: deque()}

    async def snapshot(self) -> "Snapshot":
        """Return how the gateway is."""
        return decode(await self._ask(Word.ASK, Word.TOLD))

    async def reload(self) -> Reloaded:
        """Have the supervisor go over to the configuration on disk."""
        changes, broken = json.loads(await self._ask(Word.RELOAD, Word.RELOAD))
        return Reloaded(tuple(changes), broken)

    def heard(self, word: Word, octets: bytes) -> None:
        """Hand an answer to who asked."""
        asked = self._asked[word].popleft()
        if not asked.done():
            asked.set_result(octets)

    async def _ask(self, word: Word, expected: Word) -> bytes:
        asked = asyncio.get_running_loop().create_future()
        self._asked[expected].append(asked)
        link.say(self._supervisor, word)
        octets: bytes = await asked
        return octets


def reloaded_octets(reloaded: Reloaded) -> bytes:
    """Return what came of a reload, as the supervisor answers it."""
    return json.dumps([reloaded.changes, reloaded.broken]).encode()


async def _answer(sock: socket.socket, config: "Config", admin: socket.socket, common: "Common") -> None:
    writer = LogWriter(common.stream, renderer(config.log, common.stream), common.turns.turn)
    ServiceLog(common.stream, writer, config)
    reader, supervisor = await asyncio.open_connection(sock=sock)
    teller = SupervisorTeller(supervisor)
    server = AdminServer(teller)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await server.listen(config.admin, admin)
    link.say(supervisor, Word.READY)
    hearing = asyncio.create_task(_hear(reader, teller, stop))
    beating = asyncio.create_task(_beat(supervisor))
    await stop.wait()
    await server.close()  # what was asked before is answered
    for task in (hearing, beating):
        task.cancel()
    writer.close()
    supervisor.close()


async def _beat(supervisor: asyncio.StreamWriter) -> None:
    while True:
        link.say(supervisor, Word.ALIVE)
        await asyncio.sleep(BEAT_SECONDS)


async def _hear(reader: asyncio.StreamReader, teller: SupervisorTeller, stop: asyncio.Event) -> None:
    try:
        async for word, octets in link.heard(reader):
            match word:
                case Word.DRAIN:
                    stop.set()
                case Word.TOLD | Word.RELOAD:
                    teller.heard(word, octets)
                case _:
                    EVENTS.error("internal.error", error=link.fault_of(word, "supervisor"))
    finally:
        stop.set()
