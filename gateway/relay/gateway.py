"""What all connections of one process share: the policy in force, pools, deadlines, counts."""

import asyncio
import secrets
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from gateway.http1.date import imf_fixdate
from gateway.policy.often import Often
from gateway.policy.reason import Reason
from gateway.relay.door import Door
from gateway.relay.fault import where
from gateway.relay.names import Names
from gateway.relay.pool import Pool
from gateway.relay.record import Counts, Oddity, Refusal
from gateway.relay.tally import Tallies
from gateway.relay.tls import upstream_contexts

if TYPE_CHECKING:
    from gateway.config.model import Config, Listener
    from gateway.policy.model import Policy, Upstream
    from gateway.relay.attempt import Attempt
    from gateway.relay.client import ClientConnection
    from gateway.relay.handshake import Handshake
    from gateway.relay.record import Record
    from gateway.relay.tls import UpstreamContexts
    from gateway.relay.upstream import UpstreamConnection

SWEEP_SECONDS: Final = 0.25
"""How often deadlines are looked at: the error of every deadline (contract item 15)."""

TWO_DIGITS: Final = tuple([f"{number:02x}" for number in range(256)])
"""Each octet in hex: the end of an id, without formatting a number for each request."""

REFUSALS_REMEMBERED: Final = 20
"""Of each site, for its status: a few hundred octets each. Those of no site take nobody's room."""
EVENTS_REMEMBERED: Final = 64
"""Details of each event that are kept, so that a hint is told once and nothing grows."""
ADDRESSES_REMEMBERED: Final = 4096
"""Of peers: a fifth of a kilobyte each."""


def _no_refusals() -> "deque[Refusal]":
    return deque(maxlen=REFUSALS_REMEMBERED)


class Gateway:
    """The shared state of one process's data path. Bounded by the configuration and the open connections."""

    def __init__(
        self,
        config: "Config",
        *,
        done: "Callable[[Record], None]",
        hint: Callable[[str, dict[str, str]], None],
        loop_name: bytes | None = None,
        shared: "tuple[Tallies, int] | None" = None,
    ) -> None:
        """Take the configuration; `done` hears of each request, `hint` of (event, details) worth telling a sysadmin.

        `loop_name` is what several processes leave in CDN-Loop alike, `shared` where they count what is under way, and
        which of them this one is.
        """
        self.config = config
        self.policy: Policy = config.policy
        self.often = Often(config.policy)
        self.done = done
        self.loop = asyncio.get_running_loop()
        self.names = Names(self.loop)
        self.clients: set[ClientConnection | Handshake] = set()
        self.upstreams: set[UpstreamConnection | Attempt] = set()
        self._outcomes: Counts[Reason] = Counts()
        self._oddities: Counts[Oddity] = Counts()
        self._refusals: defaultdict[str | None, deque[Refusal]] = defaultdict(_no_refusals)
        """By site, the last requests that something should be done about."""
        self.leaving = False
        """Load balancers are told to turn away; everybody is served as before, until it drains."""
        self.draining = False
        self.empty = asyncio.Event()
        """Set while there is no client connection."""
        self.empty.set()
        self.is_trusted = lru_cache(maxsize=ADDRESSES_REMEMBERED)(self._is_trusted)
        self.door = lru_cache(maxsize=ADDRESSES_REMEMBERED)(self._door)
        """Returns by what way whoever connects from an address came in: the same object for all of them."""
        self._hint = hint
        self._hinted: defaultdict[str, set[str]] = defaultdict(set)
        self._pools: dict[int, Pool] = {}
        self._id_prefix = secrets.token_hex(6)
        self._shared = shared
        self.loop_name = loop_name or new_loop_name()
        """What is left in CDN-Loop: a request that comes round again meets it sooner or later."""
        self.loop_line = b"CDN-Loop: %b\r\n" % self.loop_name
        """What that is of a request which comes round for the first time."""
        self._last_id = 0
        self._id_beginning = ""
        """Of 256 ids in a row."""
        self._date_second = 0
        self._date = b""
        self._sweeper: asyncio.TimerHandle | None = None

    def start(self, contexts: "UpstreamContexts | None" = None) -> None:
        """Begin the sweep, the background resolution of the upstreams' names and their checks, and make the pools.

        Raises:
            OSError, ValueError: a certificate file of an upstream cannot be read or used.
        """
        self.adopt(self.config, upstream_contexts(self.config.sites) if contexts is None else contexts)
        self._sweep_again()

    def look_up(self, config: "Config") -> None:
        """Look up the names of a configuration's upstreams, and the former ones': requests under way may connect."""
        former = (pool.upstream for pool in self._pools.values())
        self.names.watch(
            {url.host for each in (*former, *(site.upstream for site in config.sites)) for url in each.urls}
        )

    def adopt(self, config: "Config", contexts: "UpstreamContexts") -> None:
        """Go by another configuration from now on; requests under way end by the one they began with.

        `contexts` are those of its https upstreams. A present pool stays where a site and its upstream do.
        """
        self.look_up(config)
        before = set(self._pools.values())
        present = {(pool.names, pool.upstream): pool for pool in before}
        pools: dict[int, Pool] = {}
        tallies, process = self._shared or (Tallies(len(config.sites)), 0)
        for nth, site in enumerate(config.sites):
            upstream = site.upstream
            context = contexts.get(upstream.tls)
            kept = present.get((site.names, upstream))
            pools[id(upstream)] = (
                Pool(self, upstream, site.names, context, tallies.of(nth, process))
                if kept is None
                else kept.renewed(upstream, context)
            )
        names = {site.name for site in config.sites}
        for gone in [site for site in self._refusals if site is not None and site not in names]:
            del self._refusals[gone]
        self.config, self.policy, self._pools = config, config.policy, pools
        self.often = Often(config.policy)
        self.is_trusted.cache_clear()
        self.door.cache_clear()
        for pool in pools.values():
            pool.watch()
        for pool in before.difference(pools.values()):
            pool.retire()

    def stop(self) -> None:
        """End what `start` began, and cut every connection that is left."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.names.stop()
        for pool in self._pools.values():
            pool.retire()
        for client in tuple(self.clients):
            client.shut_down()
        for upstream in tuple(self.upstreams):
            upstream.abort()

    def leave(self) -> None:
        """Tell load balancers that there will be a drain."""
        self.leaving = True

    def drain(self) -> None:
        """Serve what is under way; idle connections get one more request, then go after some silence (contract 21)."""
        self.leaving = self.draining = True
        for client in tuple(self.clients):
            client.drain()

    def sweep(self, now: float) -> None:
        """Expire every connection whose deadline has passed at loop time `now`, and see who has gone unread."""
        for pool in self._pools.values():
            pool.forget_last()
        for connection in tuple(self.clients):
            if connection.due <= now:
                connection.expire()
            else:
                connection.look()
        for upstream in tuple(self.upstreams):
            if upstream.due <= now:
                upstream.expire()
            else:
                upstream.look()

    def joined(self, client: "ClientConnection | Handshake") -> None:
        """Count a client connection in."""
        self.clients.add(client)
        self.empty.clear()

    def left(self, client: "ClientConnection | Handshake") -> None:
        """Count a client connection out."""
        self.clients.discard(client)
        if not self.clients:
            self.empty.set()

    def pool(self, upstream: "Upstream") -> Pool:
        """Return the pool of an upstream of the policy in force."""
        return self._pools[id(upstream)]

    def request_id(self) -> str:
        """Return an id that no other request of this or another process has."""
        self._last_id = number = self._last_id + 1
        last = number & 0xFF
        if not (last and self._id_beginning):
            self._id_beginning = f"{self._id_prefix}{number >> 8:06x}"
        return self._id_beginning + TWO_DIGITS[last]

    def date(self) -> bytes:
        """Return the IMF-fixdate of this second (RFC 9110, 5.6.7)."""
        second = int(time.time())
        if second != self._date_second:
            self._date_second = second
            self._date = imf_fixdate(second)
        return self._date

    def hint(self, event: str, about: str, **details: str) -> None:
        """Tell something a sysadmin should know, once for each `about`; none of them takes another event's room."""
        told = self._hinted[event]
        if about not in told and len(told) < EVENTS_REMEMBERED:
            told.add(about)
            self._hint(event, details)

    def tell(self, event: str, **details: str) -> None:
        """Tell a sysadmin what has changed, each time it does: of what changes no oftener than every few seconds."""
        self._hint(event, details)

    def fault(self, error: BaseException, request_id: str) -> None:
        """Tell a fault of our own, once for each place; the request's record has its reason `internal`."""
        self.hint("internal.error", where(error), error=where(error), request_id=request_id)

    def count(self, reason: Reason) -> None:
        """Count an outcome: of a request, or of a connection that never came to one."""
        self._outcomes.more(None, reason)

    def finished(self, record: "Record") -> None:
        """Count a request that has ended, and have it logged."""
        self._outcomes.more(record.site, record.reason, (record.status or 0) // 100)
        if record.remedy:
            self._refusals[record.site].append(Refusal(time.time(), record.reason, record.remedy))
        self.done(record)

    def odd(self, site: str, oddity: Oddity) -> None:
        """Count a request of a site that came, or was answered, in an odd way."""
        self._oddities.more(site, oddity)

    def outcomes(self) -> dict[tuple[str | None, Reason, int], int]:
        """Return how often each was the end of a request, or of a connection without one, by the parts of `Outcome`."""
        return {(each.site, each.what, each.status_class): each.times for each in self._outcomes.each()}

    def oddities(self) -> dict[tuple[str | None, Oddity], int]:
        """Return how often requests of a site came, or were answered, in an odd way."""
        return {(each.site, each.what): each.times for each in self._oddities.each()}

    def refusals(self, site: str | None) -> tuple[Refusal, ...]:
        """Return the last requests of a site, or of none, that something should be done about, the latest first."""
        return tuple([*self._refusals.get(site, ())][::-1])

    def counted_address(self, address: str) -> str | None:
        """Return what a connection from `address` is counted under; None for a proxy in front: it has many clients."""
        return None if self.is_trusted(address) else address

    def _door(self, address: str) -> Door:
        return Door(address, self.counted_address(address))

    def listener_full(self, listener: "Listener") -> None:
        """Tell once that there was no room for a client."""
        self.hint("listener.full", listener.authority, listener=listener.authority)

    def tls_failed(self, error: ssl.SSLError) -> None:
        """Count TLS with a client that came to nothing, and tell of each cause once."""
        self.count(Reason.HANDSHAKE_FAILED)
        self.hint("tls.failed", error.reason or "", error=error.reason or str(error))

    def not_announced(self, peer: str, error: Exception) -> None:
        """Count a connection of a proxy whose PROXY header was none, and tell of each proxy once."""
        self.count(Reason.PROXY_HEADER_MALFORMED)
        self.hint("proxy.header", peer, peer=peer, error=str(error))

    def _is_trusted(self, address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.config.trusted_proxies)

    def _sweep_again(self) -> None:
        self._sweeper = self.loop.call_later(SWEEP_SECONDS, self._sweep_again)
        self.sweep(self.loop.time())


def new_loop_name() -> bytes:
    """Return a name for CDN-Loop that no other gateway has (RFC 8586, 2)."""
    return f"cors-gateway-{secrets.token_hex(6)}".encode()
