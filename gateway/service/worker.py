"""A worker: one of several processes that serve, forked by a supervisor from what it had loaded."""

import asyncio
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Final

from gateway.relay.gateway import Gateway
from gateway.service import link
from gateway.service.events import EVENTS, hinter, unresolved
from gateway.service.link import Word
from gateway.service.listening import places
from gateway.service.log import ServiceLog, renderer
from gateway.service.loops import loop_factory
from gateway.service.output import LogWriter
from gateway.service.process import Process
from gateway.service.share import share_of
from gateway.service.snapshot import encode
from gateway.service.systemd import Notifier

if TYPE_CHECKING:
    from gateway.relay.tally import Tallies
    from gateway.service.prepare import Prepared
    from gateway.service.turns import Turns

LAST_SECONDS: Final = 1.0
"""How long the last word waits for a supervisor that does not hear it."""
BEAT_SECONDS: Final = 1.0
"""How often a worker tells how it is, and thereby that its loop turns."""


@dataclass(frozen=True, slots=True)
class Common:
    """What all workers have alike."""

    stream: IO[bytes]
    """Where the log goes."""
    turns: "Turns"
    """At that."""
    loop_name: bytes
    """What they leave in CDN-Loop."""


def work(sock: socket.socket, prepared: "Prepared", seat: tuple[int, int], tallies: "Tallies", common: Common) -> None:
    """Serve until told to stop; `sock` leads to the supervisor, `seat` is which of how many workers this one is."""
    config = share_of(prepared.config, *seat)
    mine = replace(prepared, config=config, listeners=places(config.listeners), admin=None, inherited=())
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_work(sock, mine, (tallies, seat[0]), common))


async def _work(sock: socket.socket, prepared: "Prepared", shared: "tuple[Tallies, int]", common: Common) -> None:
    config, stream = prepared.config, common.stream
    writer = LogWriter(stream, renderer(config.log, stream), common.turns.turn)
    log = ServiceLog(stream, writer, config)
    gateway = log.gateway = Gateway(config, done=log.requests, hint=hinter(), loop_name=common.loop_name, shared=shared)
    process = Process(gateway, None, log, Notifier({}), tells=False)
    reader, supervisor = await asyncio.open_connection(sock=sock)
    stop, cut = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    try:
        await process.start(prepared)
        if shared[1] == 0:  # the others see the same
            unresolved(gateway)
        link.say(supervisor, Word.READY)
        hearing = asyncio.create_task(_hear(reader, supervisor, process, stop, cut))
        beating = asyncio.create_task(_beat(supervisor, process))
        beating.add_done_callback(lambda _: stop.set())
        await stop.wait()
        await process.let_go()
        await _tell(supervisor, process)
        await process.drain(cut)
        for task in (hearing, beating):
            if task.done():
                task.result()  # a fault of ours is told, and another worker takes the place
            task.cancel()
        await _tell(supervisor, process)
    finally:
        writer.close()
        supervisor.close()
        with suppress(OSError, TimeoutError):  # what was counted last is to be heard
            async with asyncio.timeout(LAST_SECONDS):
                await supervisor.wait_closed()


async def _hear(
    reader: asyncio.StreamReader,
    supervisor: asyncio.StreamWriter,
    process: Process,
    stop: asyncio.Event,
    cut: asyncio.Event,
) -> None:
    """Do what the supervisor says. Where it has ended nobody starts or stops anything any more: end in order."""
    try:
        async for word, octets in link.heard(reader):
            match word:
                case Word.ASK:
                    await _tell(supervisor, process)
                    link.say(supervisor, Word.ANSWERED, octets)
                case Word.LEAVE:
                    process.gateway.leave()
                case Word.CUT:
                    stop.set()
                    cut.set()
                case Word.DRAIN:
                    stop.set()
                case _:
                    EVENTS.error("internal.error", error=link.fault_of(word, "supervisor"))
    finally:
        stop.set()


async def _beat(supervisor: asyncio.StreamWriter, process: Process) -> None:
    while True:
        await _tell(supervisor, process)
        await asyncio.sleep(BEAT_SECONDS)


async def _tell(supervisor: asyncio.StreamWriter, process: Process) -> None:
    link.say(supervisor, Word.TOLD, encode(await process.snapshot()))
