"""The admin application: how the gateway is, told on an address of its own (R19)."""

import socket
from dataclasses import asdict
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from gateway.service.admin_server import Teller

SHUTDOWN_SECONDS: Final = 1.0
"""How long a request to a former address may take, once it is left."""
TELLER: Final = web.AppKey["Teller"]("teller")
ASKED_FOR: Final = "X-Cors-Gateway"
"""Header field that asks for a reload: no page of a browser can send it here unasked (Fetch, CORS-preflight)."""


def admin_application(teller: "Teller") -> web.Application:
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


async def answering(teller: "Teller", sock: socket.socket) -> web.AppRunner:
    """Answer at a socket that listens, until what is returned is cleaned up."""
    # Nobody waits long for whoever reads: it may be the very request that asked for the reload.
    runner = web.AppRunner(admin_application(teller), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    return runner


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
