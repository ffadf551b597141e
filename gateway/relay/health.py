"""Which servers of an upstream are up: seen on the requests' way, and asked for where the configuration says so."""

import asyncio
from typing import TYPE_CHECKING, Final

from gateway.policy.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.policy.model import UpstreamUrl
    from gateway.relay.pool import Pool
    from gateway.relay.route import Route

PASSED_OVER_SECONDS: Final = 4.0
"""How long a server that could not be connected to is passed over where nobody asks after it: back within 5 s (R13)."""
FAILED_CHECKS: Final = 2
"""Checks in a row that have to fail: one may be lost to a restart of the server's workers."""


class Servers:
    """The servers of one upstream that are passed over for the time being."""

    def __init__(self, pool: "Pool") -> None:
        """Take all for up."""
        self._pool = pool
        self._down: dict[UpstreamUrl, float] = {}
        """Until when, in loop time, each is passed over."""
        self._tasks: list[asyncio.Task[None]] = []

    def in_turn(self, urls: "Iterable[UpstreamUrl]") -> "tuple[UpstreamUrl, ...]":
        """Return `urls` with those last that are passed over: with no other left, they are tried all the same."""
        if not self._down:
            return tuple(urls)
        return tuple(sorted(urls, key=lambda url: not self.is_up(url)))

    def is_up(self, url: "UpstreamUrl") -> bool:
        """Tell whether nothing speaks against a server."""
        return url not in self._down or self._down[url] <= self._now

    @property
    def _now(self) -> float:
        return self._pool.gateway.loop.time()

    def failed(self, url: "UpstreamUrl", reason: Reason, detail: str) -> None:
        """Pass over a server that could not be connected to, until a check says otherwise, or for a while."""
        if not self._tasks and len(self._pool.upstream.urls) == 1:
            return  # there is no other to go to
        if url not in self._down:
            self._pool.gateway.tell("upstream.down", upstream=url.authority, reason=reason, detail=detail)
        seconds = float("inf") if self._tasks else PASSED_OVER_SECONDS
        self._down[url] = self._now + seconds

    def connected(self, url: "UpstreamUrl") -> None:
        """Take a server for up that could be connected to; where there are checks, these decide alone."""
        if self._down and not self._tasks:
            self._is_back(url)

    def _is_back(self, url: "UpstreamUrl") -> None:
        if self._down.pop(url, None) is not None:
            self._pool.gateway.tell("upstream.up", upstream=url.authority)

    def watch(self, routes: "Iterable[Route]", host: str) -> None:
        """Ask after each server from now on, as the configuration says; `host` is the Host that is sent."""
        if not self._tasks:
            loop = self._pool.gateway.loop
            self._tasks = [loop.create_task(self._ask_after(route, host)) for route in routes]

    def stop(self) -> None:
        """Ask no more."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def _ask_after(self, route: "Route", host: str) -> None:
        from gateway.relay.checks import what_is_wrong  # noqa: PLC0415 - aiohttp comes with it

        health = self._pool.upstream.health
        assert health is not None  # noqa: S101 - or nobody would have begun
        failures = 0
        while True:
            wrong = await what_is_wrong(self._pool, route, health.path, host)
            if wrong is None:
                failures = 0
                self._is_back(route.url)
            else:
                failures += 1
                if failures >= FAILED_CHECKS:
                    self.failed(route.url, Reason.UPSTREAM_UNHEALTHY, wrong)
            await asyncio.sleep(health.every)
