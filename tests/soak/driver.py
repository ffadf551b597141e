"""The load, in a process of its own: `python -m tests.soak.driver SETTINGS`, the settings as JSON.

It offers so many requests a second whether they are answered or not, on kept connections, judges every answer, and
prints what it has met as a line of JSON, again and again. On standard input it is told `trouble on` (problems that
say that the CRM is away are no fault from now on), `trouble off`, and `no more connections`; at its end it ends.

A request is *lost* where its connection ended, or could not be had, before its whole answer. It is asked again, as any
client may, only where the answer before had said `Connection: close`: without that word nobody has to reckon with it.
A connection that ends so between two requests is told, too.
"""

import asyncio
import json
import os
import random
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.soak.asking import REQUESTS_A_TURN, Answer, Asked, take, trouble, turn, wrong

TICK_SECONDS: Final = 0.01
TELL_SECONDS: Final = 0.1
SILENT_SECONDS: Final = 4.0
"""A connection that was silent for less is not closed without a word: a gateway that drains waits for 5 s."""
UNANSWERED_SECONDS: Final = 30.0
"""After which a request counts as lost."""
MAX_WAITING: Final = 4000
"""Turns that wait for a connection: of more none is offered, which is told."""
LIVES: Final = (50, 400)
"""After how many requests a connection is closed by its client: others are made all the time."""
TOLD: Final = 2000
"""Faults that are told one by one."""


@dataclass
class Settings:
    """What is wanted."""

    port: int
    host: str
    rate: float
    connections: int = 64
    authority: str = ""
    """A file with the authority of the gateway's certificate; empty for plain HTTP."""
    seed: int = 0
    trouble_is_right: bool = False
    """Problems that say that the CRM is away are no fault, until `trouble off` is told."""


@dataclass
class Lost:
    """A request without an answer."""

    number: int
    kind: str
    why: str
    client_port: int
    """0 where there was no connection."""
    at: float


@dataclass
class Met:
    """What the load has met so far. Times are those of the system's monotonic clock, in seconds."""

    sent: int = 0
    good: int = 0
    trouble: dict[str, int] = field(default_factory=dict[str, int])
    """Answers that said, in words a page can read, that the CRM is away, while that was no fault."""
    again: int = 0
    """Asked again, behind a `Connection: close`."""
    lost: int = 0
    wrong: int = 0
    unasked: int = 0
    """Of these, octets that are no answer to a request."""
    refused: int = 0
    """Connections that were refused; what was to be asked is lost, too."""
    withheld: int = 0
    """Turns that were due and not offered, since too many waited."""
    connected: int = 0
    """Connections made."""
    kept: int = 0
    """Connections now."""
    unannounced: int = 0
    """Connections that ended between two requests, not long after an answer that had not said so: the next request
    would have been lost, but for luck."""
    losses: list[Lost] = field(default_factory=list[Lost])
    closures: list[Lost] = field(default_factory=list[Lost])
    """Those that were not announced."""
    errors: list[str] = field(default_factory=list[str])
    """What was wrong."""
    slowest_seconds: float = 0.0
    slowest_trouble_seconds: float = 0.0
    trouble_at: float = 0.0
    """When the CRM was said to be away last."""
    back_at: float = 0.0
    """When it first answered since."""
    since: int = 0
    """How often it has answered since."""
    is_last: bool = False
    """No further connection is made."""
    ended: bool = False


@dataclass
class Sent:
    """A request under way."""

    asked: Asked
    due: float
    at: float = 0.0


class Connection(asyncio.Protocol):
    """One connection, with what was asked on it in order."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.life = load.random.randrange(*LIVES)
        self.buffer = bytearray()
        self.waiting: deque[Sent] = deque()
        self.closing = False
        """No further answer comes: the last one said so."""
        self.port = 0
        self.answered = 0.0
        """When the last answer came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]
        self.load.met.connected += 1
        self.load.connections.add(self)

    def ask(self, turn: Sequence[Sent]) -> None:
        """Send requests in one write."""
        now = time.monotonic()
        for sent in turn:
            sent.at = now
        self.life -= len(turn)
        self.waiting.extend(turn)
        self.transport.write(b"".join(sent.asked.octets for sent in turn))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        try:
            self._read()
        except ValueError as error:
            self.load.met.unasked += 1
            self.load.is_wrong(f"port {self.port}: {error} in {bytes(self.buffer[:200])!r}")
            self.transport.abort()

    def _read(self) -> None:
        while self.buffer:
            if not self.waiting or self.closing:
                raise ValueError("octets that nobody asked for")
            sent = self.waiting[0]
            answer = take(self.buffer)
            if answer is None:
                return
            self.waiting.popleft()
            self.closing = answer.values(b"connection") == [b"close"]
            self.answered = time.monotonic()
            self.load.answered(sent, answer)
        if self.closing:
            self._leave()
        elif not self.waiting:
            self.load.is_idle(self)

    def _leave(self) -> None:
        self.load.left(self)
        self.load.ask_again(tuple(self.waiting))
        self.waiting.clear()
        self.transport.close()

    def retire(self) -> None:
        """Close, with nothing under way."""
        self.load.left(self)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self.load.connections and not self.waiting and time.monotonic() < self.answered + SILENT_SECONDS:
            self.load.is_unannounced(self.port)
        self.load.left(self)
        for sent in self.waiting:
            where = "in the middle of its answer" if self.buffer and sent is self.waiting[0] else "before its answer"
            self.load.is_lost(sent, f"the connection ended {where}: {exc or 'closed'}", self.port)
        self.waiting.clear()


class Load:
    """All of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.host = settings.host.encode()
        self.met = Met()
        self.random = random.Random(settings.seed)  # noqa: S311 - no secret
        self.connections: set[Connection] = set()
        self.idle: deque[Connection] = deque()
        self.queue: deque[tuple[Sent, ...]] = deque()
        self.connecting: set[asyncio.Task[None]] = set()
        self.trouble_is_right, self.is_last = settings.trouble_is_right, False
        self.number = settings.seed * 1_000_000_000 + 1
        self.loop = asyncio.get_running_loop()
        self.end = asyncio.Event()
        self.tls = ssl.create_default_context(cafile=settings.authority) if settings.authority else None

    async def run(self) -> None:
        """Ask until the end is told, wait for what is under way, and leave."""
        self.loop.add_reader(0, self._told)
        began, turns = time.monotonic(), 0
        told, looked = 0.0, began
        a_second = self.settings.rate / REQUESTS_A_TURN
        ending = 0.0
        while True:
            now = time.monotonic()
            while not self.end.is_set() and turns < (now - began) * a_second:
                self._offer(began + turns / a_second)
                turns += 1
            if self.queue and self._may_connect():
                self._give(self.queue.popleft())
            if now - told > TELL_SECONDS:
                told = now
                self._tell()
            if now - looked > 1.0:
                looked = now
                self._look(now)
            if self.end.is_set():
                ending = ending or now
                under_way = self.queue or self.connecting or any(each.waiting for each in self.connections)
                if not under_way or now > ending + 2 * UNANSWERED_SECONDS:
                    break
            await asyncio.sleep(TICK_SECONDS)
        for connection in tuple(self.connections):
            connection.retire()
        await asyncio.sleep(TICK_SECONDS)  # in which they are closed
        self.met.ended = True
        self._tell()

    def _told(self) -> None:
        for line in os.read(0, 4096).decode().splitlines() or ["end"]:
            match line:
                case "trouble on" | "trouble off":
                    self.trouble_is_right = line == "trouble on"
                case "no more connections":
                    self.is_last = True
                case _:
                    self.loop.remove_reader(0)
                    self.end.set()

    def _may_connect(self) -> bool:
        return len(self.connections) + len(self.connecting) < self.settings.connections and not self.is_last

    def _tell(self) -> None:
        self.met.is_last = self.is_last and not self.connecting
        self.met.kept = len(self.connections) + len(self.connecting)
        print(json.dumps(asdict(self.met)), flush=True)  # noqa: T201 - what is read

    def _offer(self, due: float) -> None:
        if len(self.queue) >= MAX_WAITING:
            self.met.withheld += 1
            return
        asked = turn(self.number, self.host)
        self.number += len(asked)
        self._give(tuple(Sent(each, due) for each in asked))

    def _give(self, turn: tuple[Sent, ...]) -> None:
        if self._may_connect():
            task = self.loop.create_task(self._connect(turn))
            self.connecting.add(task)
            task.add_done_callback(self.connecting.discard)
            return
        while self.idle:
            connection = self.idle.popleft()
            if connection in self.connections:
                self.met.sent += len(turn)
                connection.ask(turn)
                return
        if self.connections or not self.is_last:
            self.queue.append(turn)

    async def _connect(self, turn: tuple[Sent, ...]) -> None:
        name = self.settings.host if self.tls else None
        self.met.sent += len(turn)
        sock, port = socket.socket(), 0
        sock.settimeout(0)
        try:
            async with asyncio.timeout(UNANSWERED_SECONDS):
                await self.loop.sock_connect(sock, ("127.0.0.1", self.settings.port))
                port = sock.getsockname()[1]  # told of what is lost in the handshake, too: a worker may have died in it
                _, connection = await self.loop.create_connection(
                    lambda: Connection(self), sock=sock, ssl=self.tls, server_hostname=name
                )
        except (OSError, TimeoutError) as error:
            sock.close()
            self.met.refused += isinstance(error, ConnectionRefusedError)
            for sent in turn:
                self.is_lost(sent, f"no connection: {error!r}", port)
            return
        if connection.transport.is_closing():
            for sent in turn:
                self.is_lost(sent, "the connection ended at once", connection.port)
            return
        connection.ask(turn)

    def is_idle(self, connection: Connection) -> None:
        """Ask what waits, or keep the connection."""
        if connection.life <= 0 and not self.is_last:
            connection.retire()
        elif self.queue:
            turn = self.queue.popleft()
            self.met.sent += len(turn)
            connection.ask(turn)
        else:
            self.idle.append(connection)

    def left(self, connection: Connection) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        if self.is_last and not self.connections:
            self.queue.clear()

    def ask_again(self, turn: tuple[Sent, ...]) -> None:
        """Ask what a connection that was told to close has not answered."""
        if turn:
            self.met.again += len(turn)
            self.met.sent -= len(turn)
            self._give(turn)

    def answered(self, sent: Sent, answer: Answer) -> None:
        """Judge an answer."""
        now = time.monotonic()
        met, error = self.met, wrong(sent.asked, answer)
        met.slowest_seconds = max(met.slowest_seconds, now - sent.due)
        if not error:
            met.good += 1
            if sent.asked.kind != "preflight" and met.trouble_at:
                met.back_at = met.back_at or now
                met.since += 1
        elif self.trouble_is_right and (reason := trouble(answer)):
            met.trouble[reason] = met.trouble.get(reason, 0) + 1
            met.slowest_trouble_seconds = max(met.slowest_trouble_seconds, now - sent.at)
            met.trouble_at, met.back_at, met.since = now, 0.0, 0
        else:
            self.is_wrong(f"{sent.asked.kind} {sent.asked.number}: {error}")

    def is_wrong(self, error: str) -> None:
        """Count what should not have come."""
        self.met.wrong += 1
        if len(self.met.errors) < TOLD:
            self.met.errors.append(error)

    def is_lost(self, sent: Sent, why: str, client_port: int) -> None:
        """Count a request without an answer."""
        self.met.lost += 1
        if len(self.met.losses) < TOLD:
            self.met.losses.append(Lost(sent.asked.number, sent.asked.kind, why, client_port, time.monotonic()))

    def is_unannounced(self, client_port: int) -> None:
        """Count a connection that ended without a word."""
        self.met.unannounced += 1
        if len(self.met.closures) < TOLD:
            self.met.closures.append(Lost(0, "none", "closed without a word", client_port, time.monotonic()))

    def _look(self, now: float) -> None:
        """Give up on what is not answered."""
        for connection in tuple(self.connections):
            if connection.waiting and connection.waiting[0].at < now - UNANSWERED_SECONDS:
                connection.transport.abort()


async def _main(settings: dict[str, Any]) -> None:
    await Load(Settings(**settings)).run()


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
