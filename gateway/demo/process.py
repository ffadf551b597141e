"""The gateway as a process of its own, started as a person starts it, and its log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import deque
from typing import TYPE_CHECKING, Final, Self, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

COMMAND: Final = (sys.executable, "-m", "gateway")

START_SECONDS: Final = 30.0
"""How long the gateway may take until it accepts connections; on a small machine Python alone takes seconds."""

STOP_SECONDS: Final = 8.0
"""How long it may take to finish what is under way: its `drain` is one second."""

LOG_SECONDS: Final = 3.0
"""How long to wait for a line of the log: it is written behind the answer's back."""

LINE_LIMIT: Final = 1_048_576
"""Octets of one line of the log: far more than a request's head, which is the most a line can repeat."""

KEPT_LINES: Final = 2000
TOLD_LINES: Final = 25
"""Last lines of the log that are shown when the gateway ends by itself."""

POLL_SECONDS: Final = 0.05


class GatewayEndedError(Exception):
    """The gateway ended, or never came up; the message is the end of its log."""


class GatewayProcess:
    """A running `cors-gateway serve`, ended when the block it is used in is left."""

    def __init__(self, configuration: Path, log: Path, port: int, command: Sequence[str] = COMMAND) -> None:
        """Take the file it reads, the file its log is copied to, and the port it is going to listen on."""
        self._command = (*command, "serve", "-c", str(configuration))
        self._log = log
        self._port = port
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start it, and wait until it listens.

        Raises:
            GatewayEndedError: it does not.
        """
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_LIMIT,
        )
        self._reading = asyncio.create_task(self._read(self._process))
        try:
            await self._until_it_listens(self._process)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        await self._end()

    async def wait(self) -> None:
        """Wait until it ends by itself.

        Raises:
            GatewayEndedError: always, since nobody asked it to.
        """
        await asyncio.shield(_present(self._reading))
        raise GatewayEndedError(self._story("The gateway has ended."))

    async def log_of(self, request_ids: Sequence[str]) -> list[dict[str, object]]:
        """Return what the log says about these requests, in their order: two workers write when each of them likes."""
        found: dict[object, dict[str, object]] = {}

        def all_found() -> bool:
            found.update((entry.get("request_id"), entry) for entry in map(_entry, self._lines))
            return all(request_id in found for request_id in request_ids)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOG_SECONDS), self._news:
                await self._news.wait_for(all_found)
        return [found[request_id] for request_id in request_ids if request_id in found]

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:  # never: it was asked for
            return
        with self._log.open("wb") as copy:
            async for line in process.stdout:
                copy.write(line)
                copy.flush()
                async with self._news:
                    self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                    self._news.notify_all()
        await process.wait()

    async def _until_it_listens(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await _listens(self._port):
                    if process.returncode is not None:
                        await asyncio.wait([_present(self._reading)])
                        raise GatewayEndedError(self._story("The gateway did not start."))
                    # Nothing tells from outside when another process begins to listen, but asking it.
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise GatewayEndedError(self._story(f"The gateway did not listen within {START_SECONDS:.0f} s.")) from error

    async def _end(self) -> None:
        process, reading = self._process, self._reading
        if process is None or reading is None:
            return
        self._signal(process.terminate)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.shield(reading)
        except TimeoutError:
            self._signal(process.kill)
            await reading

    @staticmethod
    def _signal(send: Callable[[], None]) -> None:
        with contextlib.suppress(ProcessLookupError):
            send()

    def _story(self, what: str) -> str:
        command = " ".join(self._command)
        return "\n".join((f"{what} It was started with: {command}", *list(self._lines)[-TOLD_LINES:]))


def _present(task: asyncio.Task[None] | None) -> asyncio.Task[None]:
    assert task is not None  # noqa: S101 (it is made before anybody waits)
    return task


def _entry(line: str) -> dict[str, object]:
    """Return a line of the log as the values in it; none when it is not one of the JSON lines."""
    try:
        entry: object = json.loads(line)
    except ValueError:
        return {}
    return cast("dict[str, object]", entry) if isinstance(entry, dict) else {}


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
