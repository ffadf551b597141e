"""How a server is asked whether it is up: by aiohttp's client, which is loaded only where that is configured."""

import socket
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from gateway.relay.names import Names
    from gateway.relay.pool import Pool
    from gateway.relay.route import Route

CHECK_SECONDS: Final = 10.0
"""How long a check may take."""
GOOD_BELOW: Final = 500
"""A status from here on is a failed check (RFC 9110, 15.6): a redirect, 401 or 404 comes from a server that is up."""


async def what_is_wrong(pool: "Pool", route: "Route", path: bytes, host: str) -> str | None:
    """Ask a server of a pool once; return what is wrong, None if nothing is. `host` is the Host that is sent."""
    url = route.url
    target = (url.prefix + path).decode("ascii")
    connector = aiohttp.TCPConnector(
        resolver=_WatchedNames(pool.gateway.names), force_close=True, ssl=pool.context or True
    )
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=CHECK_SECONDS),
                auto_decompress=False,
            ) as session,
            session.get(
                f"{url.scheme}://{url.authority}{target}",
                headers={"Host": host, "User-Agent": "cors-gateway health check"},
                allow_redirects=False,
                server_hostname=route.tls_name or None,
            ) as response,
        ):
            return None if response.status < GOOD_BELOW else f"the check was answered {response.status}"
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return str(error) or type(error).__name__


class _WatchedNames(AbstractResolver):
    """Gives a check the addresses that requests have."""

    def __init__(self, names: "Names") -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the last good addresses of a name.

        Raises:
            OSError: it has none.
        """
        found: list[ResolveResult] = [
            {"hostname": host, "host": address, "port": port, "family": kind, "proto": 0, "flags": 0}
            for kind, address in self._names.addresses(host)
            if family in {socket.AF_UNSPEC, kind}
        ]
        if not found:
            raise OSError(self._names.error(host))
        return found

    async def close(self) -> None:
        """Keep nothing."""
