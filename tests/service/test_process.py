"""Reload and admin in this process, where a fault in the code is seen (R17, R19); as users run it: test_reload.py."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.config.load import Loaded, load
from gateway.config.model import Config
from gateway.relay.gateway import Gateway
from gateway.relay.record import Record
from gateway.service.prepare import prepare
from gateway.service.process import Process
from gateway.service.snapshot import encode
from gateway.service.systemd import Notifier
from tests.relay.peers import Peer, RawResponse, connected, until
from tests.service.running import free_port
from tests.service.test_reload import ADDIN, Crm, asked, text_of


class NoLog:
    """What is told the configuration of the log."""

    def __init__(self) -> None:
        self.configurations: list[Config] = []

    def configured(self, config: Config) -> None:
        self.configurations.append(config)


@asynccontextmanager
async def serving(file: Path) -> AsyncGenerator[Process]:
    """Serve a configuration in this process until the block ends."""

    def read() -> Loaded:
        return load([file], {})

    loaded = await asyncio.to_thread(read)
    log = NoLog()
    gateway = Gateway(loaded.config, done=_forget, hint=lambda _event, _details: None)
    process = Process(gateway, read, log, Notifier({}))
    await process.start(await asyncio.to_thread(prepare, loaded.config))
    cut = asyncio.Event()
    try:
        yield process
    finally:
        cut.set()
        await process.stop(cut)


def _forget(_: Record) -> None:
    """Keep no record."""


async def ask(port: int, *lines: str) -> RawResponse:
    async with connected(port) as client:
        await client.send(("\r\n".join((*lines, "", ""))).encode())
        return await client.response()


async def cross(client: Peer, host: str) -> int:
    """Return the status that another origin than the listed one gets."""
    await client.send(f"GET / HTTP/1.1\r\nHost: {host}\r\nOrigin: https://other.example\r\n\r\n".encode())
    return (await client.response()).status


async def test_a_reload_swaps_rules_on_connections_that_are_kept_and_a_broken_one_swaps_nothing(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    crm = Crm(b"crm")
    async with crm.upstream:
        text = text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port})
        file.write_text(text)
        async with serving(file) as process, connected(port) as client:
            assert await cross(client, "crm.example") == 403
            file.write_text(text.replace("orig", "oorig"))
            broken = await process.reload()
            assert "did you mean origins?" in broken.broken == process.standing.broken
            assert (await asked(client, "crm.example"), await cross(client, "crm.example")) == (b"crm", 403)
            file.write_text(text.replace(f"[{ADDIN}]", f"[{ADDIN}, https://other.example]"))
            assert await process.reload() == (("site crm.example changed",), "")
            assert process.standing.broken == ""
            assert (await asked(client, "crm.example"), await cross(client, "crm.example")) == (b"crm", 200)
            assert (process.standing.reloads, process.standing.failed_reloads) == (1, 1)


async def test_a_reload_while_it_drains_changes_nothing(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    file.write_text(text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": 9}))
    async with serving(file) as process:
        process.gateway.drain()
        file.write_text(text_of(f"address: 127.0.0.1:{free_port()}", sites={"crm.example": 9}))
        assert await process.reload() == ((), "the gateway stops")


async def test_load_balancers_hear_first_that_it_goes_and_everybody_is_served_as_before(tmp_path: Path) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    crm, cut = Crm(b"crm"), asyncio.Event()
    async with crm.upstream:
        extra = f"admin: {{address: '127.0.0.1:{admin}'}}\ndrain_delay: 1h\n"
        listener = f"{{address: '127.0.0.1:{port}', health: /up}}"
        file.write_text(text_of(listener, sites={"crm.example": crm.upstream.port}, extra=extra))
        async with serving(file) as process, connected(port) as kept:
            probes = (port, "GET /up HTTP/1.1"), (admin, "GET /readyz HTTP/1.1")
            assert [(await ask(*probe, "Host: 127.0.0.1")).status for probe in probes] == [200, 200]
            draining = asyncio.create_task(process.stop(cut))
            await until(lambda: process.gateway.leaving)
            assert [(await ask(*probe, "Host: 127.0.0.1")).status for probe in probes] == [503, 503]
            for client in (kept, kept):
                await client.send(b"GET / HTTP/1.1\r\nHost: crm.example\r\n\r\n")
                response = await client.response()
                assert (response.body, response.values(b"connection")) == (b"crm", [])
            async with connected(port) as late:
                assert await asked(late, "crm.example") == b"crm"
            assert await process.reload() == ((), "the gateway stops")
            cut.set()
            await draining
            assert process.gateway.draining


async def test_the_admin_address_tells_those_who_are_no_pages_and_reloads_when_asked_as_it_wants(
    tmp_path: Path,
) -> None:
    port, admin, file = free_port(), free_port(), tmp_path / "c.yaml"
    extra = f"admin: {{address: '127.0.0.1:{admin}'}}\n"
    file.write_text(text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": 9}, extra=extra))
    host = f"Host: 127.0.0.1:{admin}"
    async with serving(file) as process, connected(port) as client:
        assert await cross(client, "crm.example") == 403
        found = json.loads((await ask(admin, "GET /status HTTP/1.1", host)).body)
        assert found["sites"][0]["outcomes"] == {"origin-not-allowed": 1}
        metrics = (await ask(admin, "GET /metrics HTTP/1.1", host)).body
        said = b'cors_gateway_requests_total{reason="origin-not-allowed",site="crm.example",status_class="4"} 1.0'
        assert said in metrics
        for lines in (
            ("GET /status HTTP/1.1", host, f"Origin: {ADDIN}"),
            ("GET /status HTTP/1.1", "Host: evil.example"),
            ("POST /reload HTTP/1.1", host, "Content-Length: 0"),
        ):
            assert (await ask(admin, *lines)).status == 403
        assert process.standing.reloads == 0
        response = await ask(admin, "POST /reload HTTP/1.1", host, "Content-Length: 0", "X-Cors-Gateway: reload")
        assert (json.loads(response.body), process.standing.reloads) == ({"changes": [], "broken": ""}, 1)
        assert (await ask(admin, "GET /readyz HTTP/1.1", host)).status == 200
        process.gateway.drain()
        assert (await ask(admin, "GET /readyz HTTP/1.1", host)).status == 503


async def test_what_is_told_each_second_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text_of(f"address: 127.0.0.1:{free_port()}", sites={"crm.example": free_port()}))
    async with serving(file) as process:
        for _ in range(50):
            encode(await process.snapshot())
        before = sys.getallocatedblocks()
        for _ in range(500):
            encode(await process.snapshot())
        assert sys.getallocatedblocks() - before < 500, "free lists count, too: Python gives nothing of them back"
