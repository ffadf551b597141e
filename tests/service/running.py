"""The gateway as users run it: its own process, from a YAML file."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.real.processes import Ports

START_SECONDS = 20.0
"""How long a start may take on a busy machine."""


def free_port() -> int:
    """Return a port that nobody else is given as long as the tests run, and that a server may listen on."""
    return _PORTS.take()


_PORTS: Final = Ports()


@dataclass
class Running:
    """A gateway's process and its log so far."""

    process: asyncio.subprocess.Process
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def event(self, name: str) -> dict[str, Any]:
        """Return the next log line with this event, reading on until it comes."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                line = await self.stdout.readline()
                if not line:
                    errors = await self.stderr.read()
                    raise AssertionError(f"the gateway ended before {name}: {errors.decode()}")
                event: dict[str, Any] = json.loads(line)
                self.events.append(event)
                if event["event"] == name:
                    return event

    @property
    def stdout(self) -> asyncio.StreamReader:
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def stderr(self) -> asyncio.StreamReader:
        assert self.process.stderr is not None
        return self.process.stderr

    def resident_octets(self) -> int:
        """Return the process's resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


async def start(*arguments: str, environ: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """Start `cors-gateway` with these arguments."""
    return await started(sys.executable, "-m", "gateway", *arguments, environ=environ)


async def started(*command: str, environ: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """Start a command, whose output is read."""
    return await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environ or {})},
    )


async def ended(*arguments: str) -> tuple[int, str, str]:
    """Run `cors-gateway` to its end; return its exit status, standard output and error."""
    process = await start(*arguments)
    async with asyncio.timeout(START_SECONDS):
        out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


@asynccontextmanager
async def serving(*arguments: str) -> AsyncGenerator[Running]:
    """Run `cors-gateway serve`, ready to be called, until the block ends."""
    async with ready(Running(await start("serve", *arguments))) as running:
        yield running


@asynccontextmanager
async def ready(running: Running) -> AsyncGenerator[Running]:
    """Wait until a gateway that was started is ready to be called; it ends with the block."""
    try:
        await running.event("gateway.ready")
        yield running
    finally:
        if running.process.returncode is None:
            running.process.kill()
        await running.process.communicate()  # reads what is left, so that the pipes are closed
