"""Who listens at the admin address before and after somebody has asked there."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import pytest

from gateway.config.model import Address
from gateway.service import admin_server
from gateway.service.acceptor import listening_socket
from gateway.service.admin_server import AdminServer
from gateway.service.events import EVENTS
from gateway.service.library import LibraryError
from gateway.service.snapshot import Snapshot
from gateway.service.standing import Reloaded
from tests.relay.peers import connected, until
from tests.service.running import free_port


class Silent:
    """Knows nothing of how the gateway is: nobody asks here."""

    async def snapshot(self) -> Snapshot:
        raise NotImplementedError

    async def reload(self) -> Reloaded:
        raise NotImplementedError


@asynccontextmanager
async def listening(*ports: int) -> AsyncGenerator[AdminServer]:
    """Listen at one port after the other."""
    server = AdminServer(Silent())
    try:
        for port in ports:
            await server.listen(Address("127.0.0.1", port), listening_socket("127.0.0.1", port))
        yield server
    finally:
        await server.close()


async def alive(port: int) -> bytes:
    """Return the answer."""
    async with connected(port) as client:
        await client.send(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        return (await client.rest()).rpartition(b"\r\n\r\n")[2]


async def turned_away(port: int) -> bool:
    """Tell that whoever comes is sent away."""
    async with connected(port) as client:
        return await client.gone()


async def test_an_address_that_changes_before_somebody_has_asked() -> None:
    first, second = free_port(), free_port()
    async with listening(first, second):
        with pytest.raises(ConnectionRefusedError):
            await alive(first)
        assert [*await asyncio.gather(alive(second), alive(second))] == [b"alive\n"] * 2
    with pytest.raises(ConnectionRefusedError):
        await alive(second)


async def test_an_address_that_changes_while_somebody_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, release = threading.Event(), threading.Event()

    def slow() -> None:
        asked.set()
        release.wait()

    monkeypatch.setattr(admin_server, "load_aiohttp", slow)
    first, second = free_port(), free_port()
    async with listening(first) as server, connected(first) as waiting:
        await until(asked.is_set)
        changing = asyncio.create_task(
            server.listen(Address("127.0.0.1", second), listening_socket("127.0.0.1", second))
        )
        release.set()
        await changing
        assert await waiting.gone()
        with pytest.raises(ConnectionRefusedError):
            await alive(first)
        assert await alive(second) == b"alive\n"


async def test_what_cannot_be_loaded_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, object]] = []

    def keep(event: str, details: Mapping[str, object]) -> None:
        told.append((event, details["error"]))

    def fail() -> None:
        raise LibraryError("there is none")

    monkeypatch.setattr(admin_server, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(EVENTS, "_take", keep)
    monkeypatch.setattr(EVENTS, "_levels", ("error",))
    port = free_port()
    async with listening(port):
        with monkeypatch.context() as broken:
            broken.setattr(admin_server, "load_aiohttp", fail)
            assert await turned_away(port)
        ((event, error),) = told
        assert event == "admin.failed"
        assert str(error).endswith(": there is none")
        assert await alive(port) == b"alive\n"


async def test_closed_before_and_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise LibraryError("there is none")

    monkeypatch.setattr(admin_server, "load_aiohttp", fail)
    port = free_port()
    async with listening(port):
        assert await turned_away(port)
    with pytest.raises(ConnectionRefusedError):
        await alive(port)
