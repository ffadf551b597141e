"""Two gateways behind a load balancer, restarted one after the other, with the configuration of docs/scaling.md."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.docs.markdown import ROOT, blocks
from tests.relay.peers import connected
from tests.service.running import Running, free_port
from tests.service.test_reload import ADDIN, Crm, text_of
from tests.system import needs, path_of

SCALING: Final = ROOT / "docs" / "scaling.md"


async def serve(file: Path) -> Running:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "serve", "-c", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    running = Running(process)
    await running.event("gateway.ready")
    return running


def balancer(outer: int, inner: list[int]) -> str:
    """Return the page's configuration of HAProxy with these ports."""
    (text,) = [block.text for block in blocks(SCALING) if block.language == "haproxy"]
    for address, port in (("10.0.0.20:9900", inner[0]), ("10.0.0.21:9900", inner[1])):
        text = text.replace(address, f"127.0.0.1:{port}")
    return text.replace("bind :80", f"bind 127.0.0.1:{outer}").replace("inter 1s", "inter 100ms")


class Crowd:
    """Clients that ask on and on, on connections that are kept as long as they may be."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stop = asyncio.Event()
        self.answered = [0, 0, 0]

    async def ask_on(self, number: int, method: bytes, body: bytes) -> None:
        head = b"%b / HTTP/1.1\r\nHost: crm.example\r\nOrigin: %b\r\n" % (method, ADDIN.encode())
        preflight = b"Access-Control-Request-Method: POST\r\n" if method == b"OPTIONS" else b""
        request = head + preflight + (b"Content-Length: %d\r\n\r\n" % len(body) if body else b"\r\n") + body
        while not self.stop.is_set():
            async with connected(self.port) as client:
                closing: list[bytes] = []
                while not closing and not self.stop.is_set():
                    await client.send(request)
                    response = await client.response(method=method)
                    assert response.status == (204 if method == b"OPTIONS" else 200), response
                    assert response.values(b"access-control-allow-origin") == [ADDIN.encode()]
                    self.answered[number] += 1
                    closing = response.values(b"connection")

    async def more(self) -> None:
        """Wait until each kind of request was answered a few times more."""
        before = list(self.answered)
        while any(now < then + 20 for now, then in zip(self.answered, before, strict=True)):  # noqa: ASYNC110 - what is counted has no event
            await asyncio.sleep(0)


@asynccontextmanager
async def balanced(folder: Path, outer: int, inner: list[int]) -> AsyncGenerator[None]:
    """Run HAProxy, which listens when this begins."""
    file = folder / "haproxy.cfg"
    await asyncio.to_thread(file.write_text, balancer(outer, inner))
    haproxy = await asyncio.create_subprocess_exec(
        *(path_of("haproxy"), "-db", "-f", file), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        while True:
            try:
                async with connected(outer):
                    break
            except ConnectionRefusedError:
                await asyncio.sleep(0)
        yield
    finally:
        haproxy.terminate()
        await haproxy.wait()


@needs("haproxy")
async def test_no_request_is_lost_in_a_rolling_restart_behind_haproxy(tmp_path: Path) -> None:
    outer, inner = free_port(), [free_port(), free_port()]
    crm, crowd = Crm(b"crm"), Crowd(outer)
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    running: list[Running] = []
    try:
        async with crm.upstream:
            for file, port in zip(files, inner, strict=True):
                listener = f"{{address: '127.0.0.1:{port}', health: /healthz}}"
                extra = "trusted_proxies: [127.0.0.1]\ndrain: 3s\n"
                file.write_text(text_of(listener, sites={"crm.example": crm.upstream.port}, extra=extra))
                running.append(await serve(file))
            async with balanced(tmp_path, outer, inner), asyncio.TaskGroup() as group:
                for number, (method, size) in enumerate(((b"GET", 0), (b"OPTIONS", 0), (b"POST", 1 << 20))):
                    group.create_task(crowd.ask_on(number, method, bytes(size)))
                for nth in (0, 1):
                    await crowd.more()
                    running[nth].process.terminate()
                    await running[nth].process.communicate()  # which reads its log, that it may end
                    assert running[nth].process.returncode == 0
                    await crowd.more()
                    running[nth] = await serve(files[nth])
                await crowd.more()
                crowd.stop.set()
    finally:
        for each in running:
            if each.process.returncode is None:
                each.process.kill()
            await each.process.communicate()


@pytest.mark.parametrize("needed", ["X-Forwarded-For", "Host", "timeout server"])
def test_the_page_says_what_a_balancer_has_to_pass_on(needed: str) -> None:
    assert needed in SCALING.read_text("utf-8")
