"""The web servers of the two pages: the add-in's, whose origin is listed, and a foreign one, whose origin is not."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from aiohttp import web

from gateway.demo.replay import replay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from importlib.resources.abc import Traversable

    from gateway.demo.calls import Call
    from gateway.demo.configuration import Places
    from gateway.demo.process import GatewayProcess

FILES: Final = files("gateway.demo") / "page"

TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Show:
    """What the pages show."""

    places: Places
    calls: tuple[Call, ...]
    own: bool
    """Whether the CRM is somebody's own."""

    configuration: str
    configuration_file: str
    log_file: str
    gateway: GatewayProcess

    @property
    def bases(self) -> dict[str, dict[str, str]]:
        """Return where each site is found, by site and way."""
        places = self.places
        bases = {"crm": {"direct": places.crm, "gateway": places.gateway}}
        if places.off is not None:
            bases["off"] = {"direct": places.off, "gateway": places.gateway_off}
        return bases

    def plan(self) -> dict[str, object]:
        """Return what the pages' scripts need to know."""
        return {
            "own": self.own,
            "page": self.places.page,
            "foreign": self.places.foreign,
            "bases": self.bases,
            "calls": [call.as_json() for call in self.calls],
            "configuration": self.configuration,
            "configuration_file": self.configuration_file,
            "log_file": self.log_file,
        }


def addin_application(show: Show) -> web.Application:
    """Return the server of the add-in page."""
    policy = _policy(show, frames=show.places.foreign, framed_by="'none'")
    return _application(show, "index.html", policy)


def foreign_application(show: Show) -> web.Application:
    """Return the server of the foreign page, which the add-in page shows in a frame."""
    policy = _policy(show, frames="'none'", framed_by=show.places.page)
    return _application(show, "foreign.html", policy)


def _policy(show: Show, *, frames: str, framed_by: str) -> str:
    """Return the pages' Content-Security-Policy: nothing from elsewhere, and calls to CRM and gateway alone."""
    called = sorted({_origin(base) for ways in show.bases.values() for base in ways.values()})
    directives = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        f"connect-src 'self' {' '.join(called)}",
        f"frame-src {frames}",
        f"frame-ancestors {framed_by}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
    return "; ".join(directives)


def _origin(base: str) -> str:
    return "/".join(base.split("/", 3)[:3])


def _application(show: Show, first: str, policy: str) -> web.Application:
    calls = {call.id: call for call in show.calls}

    async def send_plan(_request: web.Request) -> web.Response:
        return web.json_response(show.plan())

    async def send_replay(request: web.Request) -> web.Response:
        call = calls.get(request.match_info["id"])
        way = request.match_info["way"]
        if call is None or way not in {"direct", "gateway"}:
            raise web.HTTPNotFound
        origin = show.places.foreign if call.foreign else show.places.page
        replayed = await replay(call, show.bases[call.site][way], origin)
        log = await show.gateway.log_of(replayed.request_ids) if way == "gateway" else []
        return web.json_response({**replayed.as_json(), "log": log})

    async def harden(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"

    app = web.Application()
    app.on_response_prepare.append(harden)
    app.router.add_get("/api/plan", send_plan)
    app.router.add_get("/api/replay/{id}/{way}", send_replay)
    app.router.add_get("/", _file(FILES / first))
    for file in FILES.iterdir():
        if not file.name.endswith(".html"):
            app.router.add_get(f"/{file.name}", _file(file))
    return app


def _file(file: Traversable) -> Callable[[web.Request], Awaitable[web.Response]]:
    body = file.read_bytes()
    content_type = TYPES[file.name[file.name.rindex(".") :]]

    async def send_file(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return send_file
