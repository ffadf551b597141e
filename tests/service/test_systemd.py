"""As a service of systemd: it says when it serves, and takes the sockets that are kept for it over restarts."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.service.systemd import Notifier, inherited_sockets
from tests.docs.markdown import ROOT
from tests.relay.peers import connected
from tests.service.running import Running, free_port, start
from tests.service.test_reload import ADDIN, Crm, get, reloaded, text_of
from tests.system import needs, path_of

PATIENCE_SECONDS = 20.0


class Systemd:
    """What a service tells."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(self.path)
        self._sock.setblocking(False)  # noqa: FBT003 - the standard library's signature

    async def told(self) -> dict[str, str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            octets = await asyncio.get_running_loop().sock_recv(self._sock, 4096)
        pairs = (line.partition("=") for line in octets.decode().splitlines())
        return {name: value for name, _, value in pairs}

    async def until(self, name: str) -> dict[str, str]:
        while name not in (told := await self.told()):
            pass
        return told

    def close(self) -> None:
        self._sock.close()


async def test_it_says_that_it_serves_reloads_and_stops(tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "c.yaml"
    text = text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": 9})
    file.write_text(text)
    systemd = Systemd(tmp_path)
    environ = {"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "200000"}
    running = Running(await start("serve", "-c", str(file), environ=environ))
    try:
        assert await systemd.told() == {"READY": "1", "STATUS": "serving 1 sites"}
        for _ in range(3):
            assert await systemd.told() == {"WATCHDOG": "1"}
        await reloaded(running, file, text.replace("origins", "orgins"))
        assert (await systemd.until("RELOADING"))["MONOTONIC_USEC"].isdigit()
        assert "CANNOT BE USED" in (await systemd.until("READY"))["STATUS"]
        running.process.terminate()
        await systemd.until("STOPPING")
        assert await running.process.wait() == 0
    finally:
        systemd.close()
        await running.process.communicate()


@asynccontextmanager
async def activated(file: Path, *sockets: socket.socket) -> AsyncGenerator[Running]:
    """Run the gateway with sockets handed over as systemd does, from descriptor 3 on."""
    moved = "".join(f" {3 + number}<&{sock.fileno()}" for number, sock in enumerate(sockets))
    shell = f'exec{moved}; LISTEN_FDS={len(sockets)} LISTEN_PID=$$ exec "$0" -m gateway serve -c "$1"'
    process = await asyncio.create_subprocess_exec(
        *("/bin/bash", "-c", shell, sys.executable, str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=[sock.fileno() for sock in sockets],
    )
    running = Running(process)
    try:
        await running.event("gateway.ready")
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def bound() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(128)
    return sock


async def test_a_socket_that_fits_no_listener_is_told(tmp_path: Path) -> None:
    file, port = tmp_path / "c.yaml", free_port()
    file.write_text(text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": 9}))
    with bound() as sock:
        async with activated(file, sock) as running:
            assert [event["event"] for event in running.events if event["event"] == "socket.unused"]
            assert await get(port, "crm.example") == b"502"


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_kept_socket_is_used_again_once_a_listener_is_there_again(tmp_path: Path, workers: int) -> None:
    file, crm, port = tmp_path / "c.yaml", Crm(b"crm"), free_port()
    with bound() as first, bound() as second:
        kept = [sock.getsockname()[1] for sock in (first, second)]
        async with crm.upstream:

            def text(*ports: int) -> str:
                listeners = (f"address: 127.0.0.1:{each}" for each in ports)
                return text_of(*listeners, sites={"crm.example": crm.upstream.port}, workers=workers)

            file.write_text(text(port, kept[0]))
            async with activated(file, first, second) as running:
                assert [event["address"] for event in running.events if event["event"] == "socket.unused"] == [
                    f"('127.0.0.1', {kept[1]})"
                ]
                for ports in ((port,), (port, kept[0]), (port, *kept)):
                    assert (await reloaded(running, file, text(*ports)))["event"] == "config.reloaded"
                    for each in ports:
                        assert await get(each, "crm.example") == b"crm"


async def test_nobody_is_refused_while_it_is_restarted_behind_a_kept_socket(tmp_path: Path) -> None:
    file, crm = tmp_path / "c.yaml", Crm(b"crm")
    answered = [0, 0]
    stop = asyncio.Event()

    async def ask_on(port: int, number: int) -> None:
        """Ask on connections that are kept as long as they may be."""
        request = f"GET / HTTP/1.1\r\nHost: crm.example\r\nOrigin: {ADDIN}\r\n\r\n".encode()
        while not stop.is_set():
            async with connected(port) as client:
                closing: list[bytes] = []
                while not closing and not stop.is_set():
                    await client.send(request)
                    response = await client.response()
                    assert response.body == b"crm"
                    answered[number] += 1
                    closing = response.values(b"connection")
                    await asyncio.sleep(0.002)  # nobody reads the log meanwhile: it has to fit into its pipe

    with bound() as sock:
        port = sock.getsockname()[1]
        async with crm.upstream:
            file.write_text(text_of(f"address: 127.0.0.1:{port}", sites={"crm.example": crm.upstream.port}))
            async with asyncio.TaskGroup() as group:
                for number in range(2):
                    group.create_task(ask_on(port, number))
                for _ in range(3):
                    async with activated(file, sock) as running:
                        before = list(answered)
                        while answered[0] < before[0] + 5 or answered[1] < before[1] + 5:  # noqa: ASYNC110 - what is counted has no event
                            await asyncio.sleep(0)
                        running.process.terminate()
                        assert await running.process.wait() == 0
                stop.set()
                async with activated(file, sock):  # whoever is waiting by now
                    pass
        assert min(answered) >= 15


@needs("systemd")
def test_the_unit_is_hardened() -> None:
    """Hold the exposure that systemd reckons to 2.0 of 10 at the most, for ports below 1024 the capability included."""
    unit = ROOT / "deploy" / "systemd" / "cors-gateway.service"
    told = subprocess.run(
        (path_of("systemd"), "security", "--offline=true", "--no-pager", unit),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"LC_ALL": "C"},
    )
    found = re.search(r"exposure level for .*: ([0-9.]+)", told.stdout)
    assert found is not None, told.stderr
    assert float(found[1]) <= 2.0, told.stdout


def test_what_is_handed_over_is_taken_once() -> None:
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a", "NOTIFY_SOCKET": "@none", "PATH": "/"}
    assert inherited_sockets(environ) == []  # another process's
    Notifier(environ).ready("nobody listens, and nothing fails")
    assert environ == {"PATH": "/"}
