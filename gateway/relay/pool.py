"""Connections to one upstream: idle ones to use again, and how a new one is made (contract items 16 and 18)."""

from typing import TYPE_CHECKING, TypeAlias

from gateway.http1.head import ResponseHead
from gateway.http1.outgoing import Change
from gateway.http1.target import split_host
from gateway.policy.decide import Relay
from gateway.policy.respond import usual_change
from gateway.relay.attempt import Attempt
from gateway.relay.connection import LONGEST_LAST_HEAD_OCTETS
from gateway.relay.health import Servers
from gateway.relay.route import Route
from gateway.relay.tally import Tally
from gateway.relay.upstream import UpstreamConnection

if TYPE_CHECKING:
    import ssl

    from gateway.policy.model import Upstream
    from gateway.relay.exchange import Exchange
    from gateway.relay.gateway import Gateway


LastAnswer: TypeAlias = tuple[bytes, bytes, ResponseHead]
"""The octets of a head that was taken, its empty line included, the method it answered, and what it says."""

Usual: TypeAlias = tuple[Change | None, bool, bool]
"""What `usual_change` says; whether the upstream shares its answer by itself; whether it says what time it was."""

LastUsual: TypeAlias = tuple[Relay, ResponseHead, Usual]
"""What was decided of a request, the head that answered it, and what is to be known of both."""


class Pool:
    """The connections to one upstream that nobody uses right now, last in first out, kept apart by route."""

    def __init__(
        self,
        gateway: "Gateway",
        upstream: "Upstream",
        names: tuple[str, ...],
        context: "ssl.SSLContext | None",
        tallies: tuple[Tally, Tally],
    ) -> None:
        """Hold no connection yet. `names` are those of the site; `context` is for its https servers."""
        self.gateway = gateway
        self.upstream = upstream
        self.names = names
        self.retired = False
        """No request will use it any more: what comes back is not parked."""
        self.context = context
        self.in_flight, self.streams = tallies
        """Requests under way on this upstream; WebSockets and event streams, which are no longer in flight."""
        self.servers = Servers(self)
        self.last_head: LastAnswer | None = None
        """The last head that was short and came whole, of any connection, until the next sweep."""
        self.last_usual: LastUsual | None = None
        """What is to be known of it, until the next sweep."""
        self._idle: dict[str, list[UpstreamConnection]] = {}
        """By the key of their route."""
        self._turn = 0
        urls = upstream.urls
        self._plain = (Route(urls[0], ""),) if len(urls) == 1 and urls[0].scheme == "http" else None
        """The one way there is, for most."""

    def routes(self, host: bytes) -> tuple[Route, ...]:
        """Return the ways to the upstream for a request that will carry `host`.

        The one whose turn it is comes first, those that are down last.
        """
        if self._plain is not None:
            return self._plain
        urls = self.upstream.urls
        self._turn = (self._turn + 1) % len(urls)
        name = self.upstream.tls.name or (split_host(host)[0].decode("ascii").strip("[]") if host else "")
        ordered = self.servers.in_turn(urls[self._turn :] + urls[: self._turn])
        return tuple(Route(url, (name or url.host) if url.scheme == "https" else "") for url in ordered)

    def take(self, route: Route) -> UpstreamConnection | None:
        """Return an idle connection of `route` if there is one, the last parked first."""
        while idle := self._idle.get(route.key):
            connection = idle.pop()
            if not idle:
                del self._idle[route.key]  # or a Host that is asked for once would be remembered for ever
            if connection.is_quiet():
                return connection
            connection.drop()
        return None

    def remember(self, octets: bytes, method: bytes, head: ResponseHead) -> None:
        """Keep a head until the next sweep: an application that is asked the same by many says the same to all."""
        short = len(octets) <= LONGEST_LAST_HEAD_OCTETS and not self.retired
        self.last_head = (octets, method, head) if short else None

    def usual(self, relay: Relay, head: ResponseHead) -> Usual:
        """Return what is to be known of an answer; of the very same decision and head as the last time, the same."""
        last = self.last_usual
        if last is not None and last[0] is relay and last[1] is head:
            return last[2]
        fields = head.fields
        usual = usual_change(relay, head), b"access-control-allow-origin" in fields, b"date" in fields
        self.last_usual = (relay, head, usual) if self.last_head is not None and self.last_head[2] is head else None
        return usual

    def forget_last(self) -> None:
        """Keep nothing of the last answer."""
        self.last_head = self.last_usual = None

    def park(self, connection: UpstreamConnection) -> None:
        """Keep a connection on which both sides are done, for a short while."""
        self._idle.setdefault(connection.route.key, []).append(connection)

    @property
    def idle_routes(self) -> int:
        """How many routes have parked connections: nothing is kept of the others."""
        return len(self._idle)

    def forget(self, connection: UpstreamConnection) -> None:
        """Drop a parked connection that has ended."""
        idle = self._idle.get(connection.route.key, [])
        if connection in idle:
            idle.remove(connection)
            if not idle:
                del self._idle[connection.route.key]

    def connect(self, exchange: "Exchange", routes: tuple[Route, ...]) -> Attempt:
        """Begin a new connection for `exchange`; it is told of the end by `connected` or `failed`."""
        return Attempt(self, exchange, routes)

    def watch(self) -> None:
        """Ask after the servers where the configuration says so, if nobody does yet."""
        if self.upstream.health is not None:
            host = self.upstream.host or (self.names[0].encode() if self.names else b"localhost")
            self.servers.watch(self.routes(host), host.decode("ascii"))

    def renewed(self, upstream: "Upstream", context: "ssl.SSLContext | None") -> "Pool":
        """Return this pool for an upstream that is equal to its own but for what files hold."""
        self.upstream, self.context = upstream, context
        return self

    def retire(self) -> None:
        """Ask after nobody any more, and end every parked connection now, every other one once it is done with."""
        self.retired = True
        self.forget_last()
        self.servers.stop()
        for idle in tuple(self._idle.values()):
            for connection in tuple(idle):
                connection.end()
