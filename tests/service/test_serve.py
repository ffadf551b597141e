"""`cors-gateway serve` as a process: what it says when it cannot start, what it relays, how it ends."""

import asyncio
import contextlib
import hashlib
import io
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from gateway import extensions
from gateway.relay.scanners import SCANNERS
from tests.relay.peers import PATIENCE_SECONDS, Peer, ScriptedUpstream, answers, connected
from tests.service.running import Running, ended, free_port, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MIB = 1024 * 1024


def written(folder: Path, text: str) -> str:
    """Write a configuration file."""
    file = folder / "gateway.yaml"
    file.write_text(text)
    return str(file)


def yaml(upstream: str, listener: str, *, extra: str = "") -> str:
    return f"""
workers: 1
listeners:
  - {listener}
{extra}
sites:
  - names: [crm.customer.example]
    upstream: {upstream}
    preset: vtenext
    paths: everything
    origins: [https://addin.vendor.example]
"""


# Starting.


async def test_a_port_in_use_is_told_with_its_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = written(tmp_path, yaml("http://127.0.0.1:9", f"address: 127.0.0.1:{port}"))
        status, _, errors = await ended("serve", "-c", file)
    assert status == 3  # after which systemd tries again
    assert f"cannot listen on 127.0.0.1:{port}: the port is in use" in errors
    assert f"sport = :{port}" in errors
    assert "Traceback" not in errors


async def test_a_certificate_that_does_not_match_its_key_is_told(tmp_path: Path) -> None:
    ca = trustme.CA()
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    ca.issue_cert("crm.customer.example").cert_chain_pems[0].write_to_path(str(chain))
    ca.issue_cert("crm.customer.example").private_key_pem.write_to_path(str(key))
    listener = f"{{address: '127.0.0.1:0', certificates: [{{chain: {chain}, key: {key}}}]}}"
    status, _, errors = await ended("serve", "-c", written(tmp_path, yaml("http://127.0.0.1:9", listener)))
    assert status == 1
    assert str(key) in errors
    assert "Traceback" not in errors


async def test_a_name_that_does_not_resolve_is_a_warning(tmp_path: Path) -> None:
    port = free_port()
    file = written(tmp_path, yaml("http://crm.invalid:8080", f"address: 127.0.0.1:{port}"))
    async with serving("-c", file) as gateway, connected(port) as client:
        (warning,) = [event for event in gateway.events if event["event"] == "upstream.name_unresolved"]
        assert (warning["host"], warning["level"]) == ("crm.invalid", "warning")
        await client.send(
            b"GET / HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: https://addin.vendor.example\r\n\r\n"
        )
        response = await client.response()
        assert response.status == 502
        assert b"upstream-name-unresolved" in response.body
        assert response.values(b"access-control-allow-origin") == [b"https://addin.vendor.example"]


async def test_serve_needs_no_file() -> None:
    port = free_port()
    async with ScriptedUpstream([answers(OK)]) as upstream:
        arguments = (
            "--upstream",
            f"http://127.0.0.1:{upstream.port}",
            "--allow-origin",
            "https://addin.vendor.example",
        )
        async with serving(*arguments, "--listen", f"127.0.0.1:{port}") as gateway, connected(port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: whatever.example\r\n\r\n")
            assert (await client.response()).body == b"ok"
            record = await gateway.event("request.done")
            assert (record["site"], record["reason"], record["status"]) == ("*", "not-cors", 200)


# TLS.


async def test_tls_to_clients(tmp_path: Path) -> None:
    ca = trustme.CA()
    issued = ca.issue_cert("crm.customer.example")
    folder = tmp_path / "tls" / "crm"
    folder.mkdir(parents=True)
    (folder / "fullchain.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    (folder / "privkey.pem").write_bytes(issued.private_key_pem.bytes())
    port = free_port()
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=ca.cert_pem.bytes().decode())
    async with ScriptedUpstream([answers(OK)]) as upstream:
        listener = f"{{address: '127.0.0.1:{port}', certificates: {tmp_path / 'tls'}}}"
        file = written(tmp_path, yaml(f"http://127.0.0.1:{upstream.port}", listener))
        async with serving("-c", file), connected(port, context, "crm.customer.example") as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n")
            assert (await client.response()).body == b"ok"


# Bodies.


@pytest.fixture
async def storage() -> AsyncIterator[str]:
    """Serve a CRM that takes and gives large bodies."""

    async def upload(request: web.Request) -> web.Response:
        digest = hashlib.sha256()
        async for piece in request.content.iter_any():
            digest.update(piece)
        return web.Response(text=digest.hexdigest())

    async def download(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 100 * MIB
        await response.prepare(request)
        for number in range(100):
            await response.write(bytes([number]) * MIB)
        return response

    app = web.Application(client_max_size=0)
    app.router.add_post("/up", upload)
    app.router.add_get("/down", download)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_25_mb_up_and_100_mb_down_pass_whole_and_the_process_hardly_grows(storage: str) -> None:
    port = free_port()
    arguments = (
        "--upstream",
        storage,
        "--allow-origin",
        "https://addin.vendor.example",
        "--listen",
        f"127.0.0.1:{port}",
    )
    async with serving(*arguments) as gateway, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        async with session.get(f"{url}/nothing") as response:
            await response.read()
        before = gateway.resident_octets()
        most = before
        body = os.urandom(25 * MIB)
        async with session.post(f"{url}/up", data=io.BytesIO(body)) as response:
            assert await response.text() == hashlib.sha256(body).hexdigest()
        most = max(most, gateway.resident_octets())
        digest = hashlib.sha256()
        async with session.get(f"{url}/down") as response:
            async for piece in response.content.iter_any():
                digest.update(piece)
                most = max(most, gateway.resident_octets())
    wanted = hashlib.sha256(b"".join(bytes([number]) * MIB for number in range(100)))
    assert digest.hexdigest() == wanted.hexdigest()
    assert most - before < 32 * MIB


# Ending.


async def test_sigterm_finishes_what_is_under_way(tmp_path: Path) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await release.wait()
        await peer.send(OK)

    port = free_port()
    async with ScriptedUpstream([slow]) as upstream:
        file = written(tmp_path, yaml(f"http://127.0.0.1:{upstream.port}", f"address: 127.0.0.1:{port}"))
        async with serving("-c", file) as gateway, connected(port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n")
            await asked.wait()
            gateway.process.send_signal(signal.SIGTERM)
            await gateway.event("gateway.draining")
            release.set()
            response = await client.response()
            assert (response.body, response.values(b"connection")) == (b"ok", [b"close"])
            await gateway.event("gateway.stopped")
            assert await gateway.process.wait() == 0


async def test_a_second_signal_cuts(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def never(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await peer.gone()

    port = free_port()
    async with ScriptedUpstream([never]) as upstream:
        file = written(tmp_path, yaml(f"http://127.0.0.1:{upstream.port}", f"address: 127.0.0.1:{port}"))
        async with serving("-c", file) as gateway, connected(port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n")
            await asked.wait()
            gateway.process.send_signal(signal.SIGTERM)
            await gateway.event("gateway.draining")
            gateway.process.send_signal(signal.SIGTERM)
            assert await gateway.process.wait() == 0
            assert await client.gone()


async def test_a_standard_output_that_nobody_reads_blocks_no_request(tmp_path: Path) -> None:
    port = free_port()
    async with ScriptedUpstream([answers(OK)]) as upstream:
        file = written(tmp_path, yaml(f"http://127.0.0.1:{upstream.port}", f"address: 127.0.0.1:{port}"))
        async with serving("-c", file), connected(port) as client:  # whose output is not read from here on
            preflight = (
                b"OPTIONS /p HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: https://addin.vendor.example\r\n"
                b"Access-Control-Request-Method: POST\r\n\r\n"
            )
            for _ in range(100):
                await client.send(preflight * 50)
                for _ in range(50):
                    assert (await client.response(method=b"OPTIONS")).status == 204


@pytest.mark.parametrize("output", ["blocked", "gone", "closed"])
async def test_a_standard_output_that_takes_nothing_does_not_keep_it_from_ending(tmp_path: Path, output: str) -> None:
    port = free_port()
    file = written(tmp_path, yaml("http://127.0.0.1:9", f"address: 127.0.0.1:{port}"))
    reading, writing = os.pipe()
    command = 'exec "$0" -m gateway serve -c "$1"' + (" >&-" if output == "closed" else "")
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, sys.executable, file, stdout=writing, stderr=asyncio.subprocess.PIPE
    )
    while True:
        with contextlib.suppress(ConnectionError):
            async with connected(port):
                break
    if output == "blocked":
        # Opened once more, since the gateway's own descriptor is to stay one that blocks.
        again = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while os.write(again, b"x" * 4096):
                pass
        os.close(again)
    os.close(writing)
    if output != "blocked":
        os.close(reading)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_SECONDS):
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    if output == "blocked":
        os.close(reading)


def limited(tmp_path: Path, soft: int, hard: int) -> tuple[str, ...]:
    """Return the command that serves with these limits of open files."""
    file = written(tmp_path, yaml("http://127.0.0.1:9", f"address: 127.0.0.1:{free_port()}"))
    shell = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$0" -m gateway serve -c "$1"'
    return ("/bin/sh", "-c", shell, sys.executable, str(file))


async def test_the_limit_of_open_files_is_raised_as_far_as_it_may_be(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *limited(tmp_path, 300, 4611), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    running = Running(process)
    try:
        ready = await running.event("gateway.ready")
        assert (ready["scanners"], ready["relay"]) == (SCANNERS, extensions.relay()[0])
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (4611, 4611)
    finally:
        process.kill()
        await process.communicate()


async def test_with_fewer_open_files_than_its_limits_need_it_does_not_start(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *limited(tmp_path, 300, 4610), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode() == (
        "cors-gateway cannot start: 4611 files may be open at a time, and 4610 are allowed: set LimitNOFILE=4611 in the"
        " service unit (`ulimit -Hn 4611` in root's shell), or lower limits.connections of the listeners\n"
    )
