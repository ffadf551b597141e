"""The gateway in a Python that lacks what it lacks on Windows (`like_windows.py`, which says how far that goes)."""

import asyncio
import signal
import socket
import ssl
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from tests.relay.peers import Peer, RawResponse, ScriptedUpstream, answers, connected
from tests.service.like_windows import SIGBREAK
from tests.service.running import START_SECONDS, Running, free_port, ready, started

LIKE_WINDOWS = (sys.executable, "-m", "tests.service.like_windows")
ADDIN = "https://addin.vendor.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def serving(*arguments: str, **environ: str) -> AsyncGenerator[Running]:
    """Run `cors-gateway serve` so, ready to be called, until the block ends."""
    async with ready(Running(await started(*LIKE_WINDOWS, "serve", *arguments, environ=environ))) as running:
        yield running


async def ended(*arguments: str, **environ: str) -> tuple[int, str, str]:
    """Run `cors-gateway` so to its end; return its exit status, standard output and error."""
    process = await started(*LIKE_WINDOWS, *arguments, environ=environ)
    async with asyncio.timeout(START_SECONDS):
        out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


def text_of(upstream: int, *listeners: str, name: str = "crm.example", extra: str = "") -> str:
    told = "".join(f"  - {{{each}}}\n" for each in listeners)
    site = f"{{names: [{name}], upstream: 'http://127.0.0.1:{upstream}', paths: everything, origins: ['{ADDIN}']}}"
    return f"{extra}listeners:\n{told}sites:\n  - {site}\n"


async def ask(client: Peer, method: str = "GET", *lines: str, host: str = "crm.example") -> RawResponse:
    head = "".join(f"{line}\r\n" for line in (f"{method} /api HTTP/1.1", f"Host: {host}", f"Origin: {ADDIN}", *lines))
    await client.send(f"{head}\r\n".encode())
    return await client.response()


async def test_it_serves_reloads_what_has_changed_and_stops_in_order(tmp_path: Path) -> None:
    authority, folder = trustme.CA(), tmp_path / "cors-gateway"
    tls = folder / "tls" / "crm"
    tls.mkdir(parents=True)
    issued = authority.issue_cert("crm.example")
    issued.private_key_pem.write_to_path(tls / "privkey.pem")
    (tls / "privkey.pem").chmod(0o644)  # a mode says nothing there
    (tls / "fullchain.pem").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    trusting = ssl.create_default_context()
    trusting.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    secure, announced = free_port(), free_port()
    listeners = (
        f"address: '127.0.0.1:{secure}', certificates: {folder / 'tls'}, limits: {{connections: 40}}",
        f"address: '127.0.0.1:{announced}', proxy_protocol: true, limits: {{connections: 40}}",
    )
    extra = "reload_on_change: true\ntrusted_proxies: [127.0.0.1]\nworkers: auto\n"
    heads: list[bytes] = []

    async def answer_two(peer: Peer) -> None:
        for _ in range(2):
            heads.append(await peer.head())
            await peer.send(OK)
        peer.close()  # while the gateway keeps it for the next request

    async with ScriptedUpstream([answer_two]) as upstream:
        file = folder / "crm.yaml"
        file.write_text(text_of(upstream.port, *listeners, extra=extra))
        status, said, errors = await ended("check", PROGRAMDATA=str(tmp_path))
        assert (status, errors) == (0, "")
        assert "warning" not in said
        async with serving(PROGRAMDATA=str(tmp_path)) as running:
            assert running.events[-1]["loop"] == "asyncio"
            async with connected(secure, trusting, "crm.example") as client:
                preflight = await ask(client, "OPTIONS", "Access-Control-Request-Method: POST")
                assert (preflight.status, preflight.values(b"Access-Control-Allow-Origin")) == (204, [ADDIN.encode()])
                for _ in range(3):
                    got = await ask(client)
                    assert (got.status, got.body) == (200, b"ok")
                    assert got.values(b"Access-Control-Allow-Origin") == [ADDIN.encode()]
                assert upstream.connections == 2
            async with connected(announced) as proxy:
                await proxy.send(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n")
                assert (await ask(proxy)).status == 200
            assert b"X-Forwarded-For: 192.0.2.7\r\n" in heads[-1]
            file.write_text(text_of(upstream.port, *listeners, name="new.example", extra=extra))
            changes = (await running.event("config.reloaded"))["changes"]
            assert changes == "site crm.example removed; site new.example added"
            async with connected(secure, trusting, "crm.example") as client:
                assert (await ask(client, host="new.example")).status == 200
                running.process.send_signal(signal.SIGTERM)
                await running.event("gateway.draining")
                assert (await ask(client, host="new.example")).status == 200
            await running.event("gateway.stopped")
            assert await running.process.wait() == 0
            assert await running.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, SIGBREAK], ids=["ctrl-c", "ctrl-break"])
async def test_what_a_console_or_a_wrapper_stops_it_with(tmp_path: Path, number: int) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text_of(9, f"address: '127.0.0.1:{free_port()}'"))
    async with serving("-c", str(file)) as running:
        running.process.send_signal(number)
        await running.event("gateway.stopped")
        assert await running.process.wait() == 0


async def test_the_second_signal_cuts_what_is_under_way(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    async with ScriptedUpstream([answers()]) as upstream:
        file.write_text(text_of(upstream.port, f"address: '127.0.0.1:{port}'"))
        async with serving("-c", str(file)) as running, connected(port) as client:
            await client.send(f"GET /api HTTP/1.1\r\nHost: crm.example\r\nOrigin: {ADDIN}\r\n\r\n".encode())
            await upstream_reached(upstream)
            running.process.send_signal(signal.SIGINT)
            await running.event("gateway.draining")
            running.process.send_signal(signal.SIGINT)
            await running.event("gateway.stopped")
            assert await running.process.wait() == 0


async def test_what_is_cut_off_ends_with_a_reset_where_an_end_would_look_whole(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"

    async def answer_half(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await peer.head()

    async with ScriptedUpstream([answer_half]) as upstream:
        file.write_text(text_of(upstream.port, f"address: '127.0.0.1:{port}'"))
        async with serving("-c", str(file)), connected(port) as client:
            await client.send(f"GET /api HTTP/1.0\r\nHost: crm.example\r\nOrigin: {ADDIN}\r\n\r\n".encode())
            await client.read_until(b"half")
            upstream.peers[0].cut()
            with pytest.raises(ConnectionResetError):
                await client.rest()


async def upstream_reached(upstream: ScriptedUpstream) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not upstream.busy:  # noqa: ASYNC110 - a peer's state, which has no event
            await asyncio.sleep(0.01)


async def test_reload_by_the_admin_address_and_what_to_do_without_one(tmp_path: Path) -> None:
    file, admin, listener = tmp_path / "c.yaml", free_port(), f"address: '127.0.0.1:{free_port()}'"
    file.write_text(text_of(9, listener))
    status, _, errors = await ended("reload", "-c", str(file))
    assert status == 1
    assert "write admin: {address: 127.0.0.1:9901}, or reload_on_change: true" in errors
    extra = f"admin: {{address: '127.0.0.1:{admin}'}}\n"
    file.write_text(text_of(9, listener, extra=extra))
    async with serving("-c", str(file)):
        file.write_text(text_of(9, listener, name="new.example", extra=extra))
        status, said, _ = await ended("reload", "-c", str(file))
        assert (status, said) == (0, "site crm.example removed\nsite new.example added\n")
    status, _, errors = await ended("reload", "-c", str(file))
    assert status == 1
    assert errors.endswith("`sc.exe query corsgateway` tells whether it runs\n")


async def test_it_is_one_process_however_many_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text_of(9, f"address: '127.0.0.1:{free_port()}'", extra="workers: 4\n"))
    async with serving("-c", str(file)) as running:
        (warning,) = [each for each in running.events if each["event"] == "config.warning"]
        assert warning["id"] == "workers-windows"
        assert "one process serves on Windows: write 1, or leave it out" in warning["text"]


async def test_more_connections_than_its_loop_can_wait_for_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text_of(9, f"address: '127.0.0.1:{free_port()}', limits: {{connections: 400}}"))
    status, _, errors = await ended("serve", "-c", str(file))
    assert (status, errors.split(":")[0]) == (1, "cors-gateway cannot start")
    assert "Windows lets one process wait for 512: lower limits.connections of the listeners" in errors


async def test_an_address_that_another_process_has_stays_its_own(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        file.write_text(text_of(9, f"address: '127.0.0.1:{other.getsockname()[1]}'"))
        status, _, errors = await ended("serve", "-c", str(file))
    assert (status, "netstat -ano" in errors) == (3, True)
