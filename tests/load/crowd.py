"""Clients that hold connections and are slow, in a process of their own: `python -m tests.load.crowd PORT HEADS …`.

It prints `IN_PLACE` once all are there, and at SIGTERM one JSON line of what became of them. Whom the gateway closes
comes again, as somebody would who means it.
"""

import asyncio
import contextlib
import json
import random
import signal
import ssl
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from tests.load.clients import NAME, PREFLIGHT, get
from tests.load.place import Place, trusting
from tests.real.processes import running

IN_PLACE: Final = "all in place"
OCTET_SECONDS: Final = 1.0
"""Between two octets of a slow head."""
READ_SECONDS: Final = 0.5
"""Between two reads of a slow reader, of a kilobyte each."""
ANSWER_OCTETS: Final = 64 * 1024 * 1024
"""What a slow reader asks for: more than is read in an hour."""
AT_ONCE: Final = 64
"""Connections begun at a time."""


@dataclass
class Crowd:
    """How many there are to be, of each kind, and what they met."""

    port: int
    tls: ssl.SSLContext | None
    wanted: Counter[str]
    present: Counter[str] = field(default_factory=Counter[str])
    closed: Counter[str] = field(default_factory=Counter[str])
    """How often the gateway closed one of a kind."""
    refused: Counter[str] = field(default_factory=Counter[str])
    """How often one of a kind was answered otherwise than it should be."""
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Come, and stay until the process is told to end."""
        kinds: dict[str, Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]] = {
            "heads": self._slow_head,
            "readers": self._slow_reader,
            "idle": self._idle,
        }
        end = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
        tasks = [asyncio.create_task(self._again(kind, kinds[kind])) for kind in self.wanted.elements()]
        await self.complete.wait()
        print(IN_PLACE, flush=True)  # noqa: T201 - what is waited for
        await end.wait()
        met = {"present": self.present, "closed": self.closed, "refused": self.refused}
        print(json.dumps(met), flush=True)  # noqa: T201 - what is read
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _again(
        self, kind: str, behave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
    ) -> None:
        while True:
            async with self.gate:
                name = NAME if self.tls else None
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, limit=2048, ssl=self.tls, server_hostname=name
                )
            try:
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                    await behave(reader, writer)
            finally:
                writer.transport.abort()
            self.present[kind] -= 1
            self.closed[kind] += 1

    def _there(self, kind: str) -> None:
        self.present[kind] += 1
        if self.present == self.wanted:
            self.complete.set()

    async def _slow_head(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nX: ")
        self._there("heads")
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"x")
            await asyncio.wait([answer], timeout=OCTET_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        if b" 408 " not in answer.result()[:16]:
            self.refused["heads"] += 1

    async def _slow_reader(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get(b"/big/%d" % ANSWER_OCTETS))
        if b" 200 " not in await reader.readuntil(b"\r\n\r\n"):
            self.refused["readers"] += 1
        self._there("readers")
        while await reader.read(1024):  # noqa: ASYNC110 - no event tells a slow reader when to go on
            await asyncio.sleep(READ_SECONDS)

    async def _idle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(PREFLIGHT)
        if b" 204 " not in await reader.readuntil(b"\r\n\r\n"):
            self.refused["idle"] += 1
        self._there("idle")
        await reader.read()


@contextmanager
def crowd(place: Place, *, heads: int, readers: int, idle: int) -> Generator[dict[str, dict[str, int]]]:
    """Have a crowd in place while the block runs; what became of it is in the mapping behind its end."""
    log = place.folder / "crowd.log"
    log.write_bytes(b"")
    trust = str(place.folder) if place.tls else "-"
    command = [sys.executable, "-m", "tests.load.crowd", str(place.port), trust, str(heads), str(readers), str(idle)]
    met: dict[str, dict[str, int]] = {}
    with running(command, log, lambda: IN_PLACE in log.read_text()):
        yield met
    met.update(cast("dict[str, dict[str, int]]", json.loads(log.read_text().splitlines()[-1])))


if __name__ == "__main__":
    at, trust_in, *numbers = sys.argv[1:]
    counts: Counter[str] = Counter(dict[str, int](zip(("heads", "readers", "idle"), map(int, numbers), strict=True)))
    asyncio.run(Crowd(int(at), None if trust_in == "-" else trusting(Path(trust_in)), counts).run())
