"""The proxy that everybody writes with aiohttp: a route that takes everything, and a ClientSession behind it.

    python naive.py PLAIN-PORT TLS-PORT UPSTREAM-PORT CHAIN KEY [LOG]

It is the measuring rod for what an own data path is worth, and frozen: do not make it faster. It is written as well as
such a proxy is in practice: it streams, strips the hop-by-hop fields and the upstream's CORS fields, and answers
preflights. It stands by itself and imports nothing of the gateway.
"""

import asyncio
import logging
import ssl
import sys
from collections.abc import Iterable
from typing import Final

from aiohttp import ClientError, ClientSession, DummyCookieJar, web
from multidict import CIMultiDict

ORIGINS: Final = {"https://addin.vendor.example", "https://addin2.vendor.example"}
HOP_BY_HOP: Final = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
SESSION: Final = web.AppKey("session", ClientSession)
UPSTREAM: Final = web.AppKey("upstream", str)


def end_to_end(fields: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    """Return the fields that pass."""
    return CIMultiDict((name, value) for name, value in fields if name.lower() not in HOP_BY_HOP)


def add_cors(fields: CIMultiDict[str], origin: str | None) -> None:
    """Put our CORS fields in the place of others."""
    for name in [name for name in fields if name.lower().startswith("access-control-")]:
        fields.popall(name, None)
    if origin in ORIGINS:
        fields["Access-Control-Allow-Origin"] = origin
        fields["Access-Control-Allow-Credentials"] = "true"
        fields["Access-Control-Expose-Headers"] = "Content-Disposition"
    fields.add("Vary", "Origin")


def preflight(origin: str | None) -> web.Response:
    """Answer a preflight."""
    fields = CIMultiDict[str]()
    add_cors(fields, origin)
    if origin in ORIGINS:
        fields["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        fields["Access-Control-Allow-Headers"] = "Authorization, Content-Type, X-Requested-With"
        fields["Access-Control-Max-Age"] = "600"
    return web.Response(status=204, headers=fields)


async def handle(request: web.Request) -> web.StreamResponse:
    """Relay one request."""
    origin = request.headers.get("Origin")
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return preflight(origin)
    fields = end_to_end(request.headers.items())
    fields["X-Forwarded-For"] = request.remote or ""
    fields["X-Forwarded-Host"] = request.host
    fields["X-Forwarded-Proto"] = request.scheme
    try:
        async with request.app[SESSION].request(
            request.method,
            request.app[UPSTREAM] + request.raw_path,
            headers=fields,
            data=request.content if request.can_read_body else None,
            allow_redirects=False,
        ) as upstream:
            down = end_to_end(upstream.headers.items())
            add_cors(down, origin)
            response = web.StreamResponse(status=upstream.status, reason=upstream.reason, headers=down)
            await response.prepare(request)
            async for data in upstream.content.iter_any():
                await response.write(data)
            await response.write_eof()
            return response
    except ClientError:
        down = CIMultiDict[str]()
        add_cors(down, origin)
        return web.Response(status=502, headers=down)


async def serve(arguments: list[str]) -> None:
    """Serve until killed."""
    plain, tls, upstream, chain, key, *log = arguments
    if log:
        logging.basicConfig(filename=log[0], level=logging.INFO, format="%(message)s")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app[UPSTREAM] = f"http://127.0.0.1:{upstream}"
    app.router.add_route("*", "/{path:.*}", handle)
    async with ClientSession(auto_decompress=False, cookie_jar=DummyCookieJar()) as session:
        app[SESSION] = session
        runner = web.AppRunner(app, access_log=logging.getLogger("aiohttp.access") if log else None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(plain), backlog=4096).start()
        await web.TCPSite(runner, "127.0.0.1", int(tls), backlog=4096, ssl_context=context).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1:]))
