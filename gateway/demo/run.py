"""The demonstration as a whole: CRM, pages and gateway on loopback, and what to tell whoever started it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.demo import process, sockets
from gateway.demo.calls import DEMO_CALLS, OWN_CALLS
from gateway.demo.configuration import Places, demo_configuration, own_configuration
from gateway.demo.crm import DemoCrm
from gateway.demo.pages import Show, addin_application, foreign_application
from gateway.demo.story import demo_story, own_story
from gateway.service.signals import STOPS, heed

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, Callable, Sequence

PAGE_PORT: Final = 9910
"""The first of four: add-in page, foreign page, CRM, and the CRM that is switched off."""

GATEWAY_PORT: Final = 9900
"""Where the gateway listens by default."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the demonstration was asked for."""

    crm: str | None = None
    """A CRM of one's own; none for the one that misbehaves."""

    origin: str | None = None
    """The add-in's origin, beside that of the demonstration's page."""

    port: int = PAGE_PORT
    """The port of the add-in page, if it is free; the next three follow. 0: any, for all of them."""

    gateway_port: int = GATEWAY_PORT
    """The gateway's port, if it is free. 0: any."""

    command: Sequence[str] = process.COMMAND
    """How the gateway is called."""


@contextlib.asynccontextmanager
async def running(options: Options) -> AsyncGenerator[Show, None]:
    """Start everything, and end it when the block is left.

    Raises:
        GatewayEndedError: the gateway does not come up.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cors-gateway-demo-")))
        first, second, third, fourth = (options.port and options.port + number for number in range(4))
        page = sockets.listen(first, also_ipv6=True)
        foreign = sockets.listen(second)
        page_origin = f"http://localhost:{sockets.port_of(page[0])}"
        crm, off = options.crm, None
        if crm is None:
            listening = sockets.listen(third)
            await _serve(stack, web.ServerRunner(DemoCrm(page_origin).server()), listening)
            crm = _origin(listening[0])
            off = _origin(stack.enter_context(sockets.closed(fourth)))
        places = Places(
            page=page_origin,
            foreign=_origin(foreign[0]),
            gateway_port=sockets.free_port(options.gateway_port),
            crm=crm.rstrip("/"),
            off=off,
        )
        text = demo_configuration(places) if off is not None else own_configuration(places, options.origin)
        file, log = folder / "gateway.yaml", folder / "gateway.log"
        file.write_text(text, encoding="utf-8")
        gateway = process.GatewayProcess(file, log, places.gateway_port, options.command)
        show = Show(
            places=places,
            calls=OWN_CALLS if off is None else DEMO_CALLS,
            own=off is None,
            configuration=text,
            configuration_file=str(file),
            log_file=str(log),
            gateway=await stack.enter_async_context(gateway),
        )
        await _serve(stack, web.AppRunner(addin_application(show), access_log=None), page)
        await _serve(stack, web.AppRunner(foreign_application(show), access_log=None), foreign)
        yield show


async def run_demo(options: Options, say: Callable[[str], None]) -> None:
    """Run the demonstration until SIGINT or SIGTERM.

    Raises:
        GatewayEndedError: the gateway does not come up, or ends before it is asked to.
    """
    asked_to_stop = asyncio.Event()
    for number in STOPS:
        heed(number, asked_to_stop.set)
    async with running(options) as show:
        say(own_story(show, options.origin) if show.own else demo_story(show))
        waiting = asyncio.create_task(asked_to_stop.wait())
        ending = asyncio.create_task(show.gateway.wait())
        done, pending = await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        # Ctrl-C in a terminal reaches the gateway as well: that it ended is then no news.
        if waiting not in done:
            await ending


def _origin(bound: socket.socket) -> str:
    return f"http://127.0.0.1:{sockets.port_of(bound)}"


async def _serve(stack: contextlib.AsyncExitStack, runner: web.BaseRunner, listening: list[socket.socket]) -> None:
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for each in listening:
        await web.SockSite(runner, each).start()
