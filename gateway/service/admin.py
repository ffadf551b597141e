"""The admin application: how the gateway is, told on an address of its own (R19)."""

import asyncio
import socket
from dataclasses import asdict
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from gateway.config.model import Address
    from gateway.service.snapshot import Snapshot
    from gateway.service.standing import Reloaded

SHUTDOWN_SECONDS: Final = 1.0
"""How long a request to a former address may take, once it is left."""
TELLER: Final = web.AppKey["Teller"]("teller")
ASKED_FOR: Final = "X-Cors-Gateway"
"""Header field that asks for a reload: no page of a browser can send it here unasked (Fetch, CORS-preflight)."""


class Teller(Protocol):
    """Whoever knows how the gateway is: the process that serves, or who has several of them."""

    async def snapshot(self) -> "Snapshot":
        """Return how it is."""
        ...

    async def reload(self) -> "Reloaded":
        """Go over to the configuration on disk."""
        ...


def admin_application(teller: Teller) -> web.Application:
    """Return the application."""
    application = web.Application(middlewares=[_no_pages])
    application[TELLER] = teller
    application.on_response_prepare.append(_name_no_version)
    application.add_routes(
        [
            web.get("/healthz", _alive),
            web.get("/readyz", _ready),
            web.get("/status", _status),
            web.get("/metrics", _metrics),
            web.post("/reload", _reload),
        ]
    )
    return application


class AdminServer:
    """The application on its address."""

    def __init__(self, teller: Teller) -> None:
        """Listen nowhere yet."""
        self._teller = teller
        self.address: Address | None = None
        """Where it listens."""
        self._runner: web.AppRunner | None = None
        self._closing: set[asyncio.Task[None]] = set()
        """Those at former addresses, whose last requests end."""

    async def listen(self, address: "Address | None", sock: socket.socket | None = None) -> None:
        """Listen at another address from now on, with a socket that is bound to it, or nowhere."""
        if address == self.address:
            return
        former, self._runner, self.address = self._runner, None, address
        if sock is not None:
            # Nobody waits long for whoever reads: it may be the very request that asked for the reload.
            application = admin_application(self._teller)
            self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
            await self._runner.setup()
            await web.SockSite(self._runner, sock).start()
        if former is not None:
            for site in tuple(former.sites):
                await site.stop()
            closing = asyncio.get_running_loop().create_task(former.cleanup())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Listen no more."""
        await self.listen(None)
        if self._closing:
            await asyncio.wait(self._closing)


@web.middleware
async def _no_pages(request: web.Request, handler: "Handler") -> web.StreamResponse:
    """Refuse what a page in a browser sends: it has no business here.

    A page whose own name was made to lead here tells nothing of itself in a GET by plain http but that name.
    """
    if "Origin" in request.headers or request.headers.get("Sec-Fetch-Site", "none") != "none":
        raise web.HTTPForbidden(text="not for pages\n")
    if not _is_address(request.url.host or ""):
        raise web.HTTPForbidden(text="ask by IP address, or localhost\n")
    return await handler(request)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


async def _name_no_version(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "cors-gateway"


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _ready(request: web.Request) -> web.Response:
    """Answer 200 where clients are served; with `?upstreams` only where no site is without a server, too."""
    status = (await request.app[TELLER].snapshot()).status
    down = [site.name for site in status.sites if not any(server.up for server in site.servers)]
    if status.draining:
        said = "draining"
    elif not status.serving:
        said = "starting"
    elif "upstreams" in request.query and down:
        said = f"down: {', '.join(down)}"
    else:
        return web.Response(text="ready\n")
    return web.Response(text=f"{said}\n", status=HTTPStatus.SERVICE_UNAVAILABLE)


async def _status(request: web.Request) -> web.Response:
    return web.json_response(asdict((await request.app[TELLER].snapshot()).status))


async def _metrics(request: web.Request) -> web.Response:
    from gateway.service.metrics import CONTENT_TYPE, metrics_of  # noqa: PLC0415 - a megabyte, where nobody asks

    octets = metrics_of(await request.app[TELLER].snapshot())
    return web.Response(body=octets, headers={"Content-Type": CONTENT_TYPE})


async def _reload(request: web.Request) -> web.Response:
    if request.headers.get(ASKED_FOR) != "reload":
        raise web.HTTPForbidden(text=f"send {ASKED_FOR}: reload\n")
    told = await request.app[TELLER].reload()
    return web.json_response({"changes": told.changes, "broken": told.broken})
