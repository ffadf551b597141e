"""Upstream names, resolved in the background: never on a request's way."""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final

RESOLVE_SECONDS: Final = 10.0
"""How often each name is looked up again."""
RETRY_SECONDS: Final = 2.0
"""How often a name that never resolved is tried, so that a site recovers soon after its DNS does."""

AddressInfo = tuple[
    socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
]
SocketAddress = tuple[socket.AddressFamily, str]


def literal(host: str) -> tuple[SocketAddress, ...] | None:
    """Return the one address that `host` spells, or None if it is a name."""
    try:
        version = ip_address(host).version
    except ValueError:
        return None
    return ((socket.AF_INET if version == 4 else socket.AF_INET6, host),)  # noqa: PLR2004 - the protocol's own number


class Names:
    """The last good addresses of each name that is watched."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch nothing yet."""
        self._loop = loop
        self._addresses: dict[str, tuple[SocketAddress, ...]] = {}
        self._errors: dict[str, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._first: dict[str, asyncio.Future[None]] = {}

    def watch(self, hosts: Iterable[str]) -> None:
        """Look up each of `hosts` now and from time to time; addresses need no looking up. Others are forgotten."""
        wanted = set(hosts)
        for host in self._tasks.keys() - wanted:
            self._tasks.pop(host).cancel()
            self._first.pop(host).cancel()
            self._addresses.pop(host, None)
            self._errors.pop(host, None)
        for host in wanted:
            addresses = literal(host)
            if addresses is not None:
                self._addresses[host] = addresses
            elif host not in self._tasks:
                self._first[host] = self._loop.create_future()
                self._tasks[host] = self._loop.create_task(self._follow(host))

    def stop(self) -> None:
        """Look nothing up any more."""
        self.watch(())

    def addresses(self, host: str) -> tuple[SocketAddress, ...]:
        """Return the last good addresses of a watched host; none if it never resolved."""
        return self._addresses.get(host, ())

    def error(self, host: str) -> str:
        """Return the resolver's words for a host that has no address."""
        return self._errors.get(host, "not looked up yet")

    def unresolved(self) -> tuple[str, ...]:
        """Return the watched names without an address."""
        return tuple(sorted(host for host in self._tasks if host not in self._addresses))

    async def first_answers(self, seconds: float) -> None:
        """Wait until each watched name was looked up once, `seconds` at most."""
        if self._first:
            await asyncio.wait(self._first.values(), timeout=seconds)

    async def _follow(self, host: str) -> None:
        while True:
            try:
                answers = await self._look_up(host)
            except (OSError, UnicodeError) as error:  # the latter: no name at all, a label over 63 octets
                self._errors[host] = str(error)
            else:
                self._addresses[host] = tuple(
                    dict.fromkeys((family, str(sockaddr[0])) for family, _, _, _, sockaddr in answers)
                )
                self._errors.pop(host, None)
            if not self._first[host].done():
                self._first[host].set_result(None)
            await asyncio.sleep(RESOLVE_SECONDS if host in self._addresses else RETRY_SECONDS)

    async def _look_up(self, host: str) -> Sequence[AddressInfo]:
        return await self._loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
