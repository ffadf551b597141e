"""A scripted raw client and a scripted raw upstream: both see octets, and send any."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

import pytest

PATIENCE_SECONDS = 10.0
"""How long a test waits for anything before it fails; nothing sleeps."""


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for is the state of the code under test, which has no event
            await asyncio.sleep(0)


class Peer:
    """One raw connection, ours to script."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def read_until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.readuntil(mark)

    async def head(self) -> bytes:
        return await self.read_until(b"\r\n\r\n")

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.readexactly(count)

    async def some(self) -> bytes:
        """Return what comes next; nothing at the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.read(65536)

    async def rest(self) -> bytes:
        """Return all until the peer's orderly end.

        Raises:
            ConnectionError: it was cut off.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.read(-1)

    async def gone(self) -> bool:
        """Wait until the other side ended or cut the connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass
        return True

    def finish_sending(self) -> None:
        """Send FIN, and go on reading."""
        self.writer.write_eof()

    def read_on(self, *, wanted: bool) -> None:
        """Stop taking octets from the kernel, or go on."""
        transport = cast("asyncio.Transport", self.writer.transport)
        (transport.resume_reading if wanted else transport.pause_reading)()

    def close(self) -> None:
        self.writer.close()

    def cut(self) -> None:
        """Send RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(_SOL_SOCKET, _SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.writer.transport.abort()

    async def ended(self) -> None:
        """Cut the connection, and wait until the loop has let go of it."""
        with contextlib.suppress(AttributeError):  # asyncio's, of a transport whose close had to wait, and is over
            self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def response(self, *, method: bytes = b"GET") -> "RawResponse":
        """Read one response, framed as it says itself, bodies decoded by nobody."""
        head = await self.head()
        lines = head[:-4].split(b"\r\n")
        status = int(lines[0].split(b" ")[1])
        response = RawResponse(status, lines[0], lines[1:])
        length = response.values(b"content-length")
        if method == b"HEAD" or status in {204, 304} or status < 200:
            return response
        if b"chunked" in response.values(b"transfer-encoding"):
            while size := int(await self.read_until(b"\r\n"), 16):
                response.body += await self.exactly(size)
                assert await self.exactly(2) == b"\r\n"
            assert await self.exactly(2) == b"\r\n"
        elif length:
            response.body = await self.exactly(int(length[0]))
        else:
            response.body = await self.rest()
        return response


_SOL_SOCKET, _SO_LINGER = 1, 13


@dataclass
class RawResponse:
    """A response as raw field lines: nothing merged, nothing renamed."""

    status: int
    status_line: bytes
    lines: list[bytes]
    body: bytes = b""

    def values(self, name: bytes) -> list[bytes]:
        """Return the value of each line with this name, whatever its case."""
        return [
            line.partition(b":")[2].strip(b" \t")
            for line in self.lines
            if line.partition(b":")[0].lower() == name.lower()
        ]


Script = Callable[[Peer], Awaitable[None]]


def connect_by(monkeypatch: pytest.MonkeyPatch, port: int, way: Callable[[], Awaitable[None]]) -> list[int]:
    """Have the loop go `way` first where it is to connect to `port`, an upstream's; return a list with each time."""
    loop = asyncio.get_running_loop()
    real: Any = loop.create_connection
    times: list[int] = []

    async def create_connection(factory: object, host: str, to: int, **options: object) -> object:
        if to == port:
            times.append(to)
            await way()
        return await real(factory, host, to, **options)

    monkeypatch.setattr(loop, "create_connection", create_connection)
    return times


async def never() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


@contextmanager
def refusing() -> Generator[int]:
    """Give a port on which every connection is refused: it is taken, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@dataclass
class ScriptedUpstream:
    """A server whose every connection is handled by the script of its number, the last one for all further."""

    scripts: list[Script]
    tls: ssl.SSLContext | None = None
    port: int = 0
    connections: int = 0
    peers: list[Peer] = field(default_factory=list[Peer])
    errors: list[BaseException] = field(default_factory=list[BaseException])
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def busy(self) -> bool:
        """Whether a script is still under way."""
        return bool(self._tasks)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        for peer in self.peers:
            await peer.ended()
        if error is None and self.errors:
            raise self.errors[0]

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.peers.append(peer)
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await script(peer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - told when the test ends
            self.errors.append(error)
        finally:
            self._tasks.discard(task)


@contextlib.asynccontextmanager
async def connected(
    port: int, tls: ssl.SSLContext | None = None, name: str | None = None, *, host: str = "127.0.0.1"
) -> AsyncGenerator[Peer]:
    """Connect a raw client."""
    reader, writer = await asyncio.open_connection(
        host, port, ssl=tls, server_hostname=name if tls is not None else None, limit=2**20
    )
    peer = Peer(reader, writer)
    try:
        yield peer
    finally:
        await peer.ended()


def answers(*responses: bytes) -> Script:
    """Return a script that reads a request without a body and sends the next of `responses`, until they are used up."""

    async def script(peer: Peer) -> None:
        for response in responses:
            await peer.head()
            await peer.send(response)
        await peer.gone()

    return script
