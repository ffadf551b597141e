"""The admin application: how the gateway is, told on an address of its own (R19)."""

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.service.metrics import CONTENT_TYPE, metrics_of
from gateway.service.status import status_of

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from gateway.config.model import Address
    from gateway.service.process import Process

PROCESS: Final = web.AppKey["Process"]("process")
ASKED_FOR: Final = "X-Cors-Gateway"
"""Header field that asks for a reload: no page of a browser can send it here unasked (Fetch, CORS-preflight)."""


def admin_application(process: "Process") -> web.Application:
    """Return the application."""
    application = web.Application(middlewares=[_no_pages])
    application[PROCESS] = process
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

    def __init__(self, process: "Process") -> None:
        """Listen nowhere yet."""
        self._process = process
        self._address: Address | None = None
        self._runner: web.AppRunner | None = None

    async def listen(self, address: "Address | None") -> None:
        """Listen at another address from now on, or nowhere.

        Raises:
            OSError: the address cannot be had; it is as before.
        """
        if address == self._address:
            return
        runner = None
        if address is not None:
            runner = web.AppRunner(admin_application(self._process), access_log=None)
            await runner.setup()
            try:
                await web.TCPSite(runner, address.host, address.port).start()
            except OSError:
                await runner.cleanup()
                raise
        await self.close()
        self._runner, self._address = runner, address

    async def close(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


@web.middleware
async def _no_pages(request: web.Request, handler: "Handler") -> web.StreamResponse:
    """Refuse what a page in a browser sends, by whatever name it reached this address: it has no business here."""
    if "Origin" in request.headers or request.headers.get("Sec-Fetch-Site", "none") != "none":
        raise web.HTTPForbidden(text="not for pages\n")
    return await handler(request)


async def _name_no_version(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "cors-gateway"


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="alive\n")


async def _ready(request: web.Request) -> web.Response:
    if request.app[PROCESS].gateway.draining:
        return web.Response(text="draining\n", status=HTTPStatus.SERVICE_UNAVAILABLE)
    return web.Response(text="ready\n")


async def _status(request: web.Request) -> web.Response:
    return web.json_response(asdict(status_of(request.app[PROCESS])))


async def _metrics(request: web.Request) -> web.Response:
    process = request.app[PROCESS]
    octets = metrics_of(status_of(process), process.gateway.outcomes)
    return web.Response(body=octets, headers={"Content-Type": CONTENT_TYPE})


async def _reload(request: web.Request) -> web.Response:
    if request.headers.get(ASKED_FOR) != "reload":
        raise web.HTTPForbidden(text=f"send {ASKED_FOR}: reload\n")
    process = request.app[PROCESS]
    told = await process.reload()
    return web.json_response({"changes": told.changes, "broken": told.broken})
