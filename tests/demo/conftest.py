"""The demonstration's CRM on a port of its own, and its answers as they are on the wire."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from gateway.demo.crm import DemoCrm

ADDIN = "https://addin.vendor.example"


class Crm:
    """A demonstration CRM that listens."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    async def ask(self, method: str, target: str, *lines: str, body: str = "") -> "Answer":
        """Send one request and read until the CRM closes."""
        sized = (f"Content-Length: {len(body)}",) if body else ()
        head = "\r\n".join((f"{method} {target} HTTP/1.1", "Host: crm.example", *lines, *sized, "Connection: close"))
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{head}\r\n\r\n{body}".encode())
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
        return Answer(received)


class Answer:
    """A response with each of its field lines: most clients merge them, and that hides what is wrong."""

    def __init__(self, octets: bytes) -> None:
        head, _, body = octets.partition(b"\r\n\r\n")
        self.status_line, *self.lines = head.decode().split("\r\n")
        self.body = body.decode()

    def lines_of(self, beginning: str) -> list[str]:
        """Return the field lines whose names begin so, in their order."""
        return [line for line in self.lines if line.lower().startswith(beginning.lower())]

    @property
    def cors(self) -> list[str]:
        """Return what the answer says about who may read it."""
        return self.lines_of("Access-Control-")


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    runner = web.ServerRunner(DemoCrm(ADDIN).server())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    yield Crm(port)
    await runner.cleanup()
