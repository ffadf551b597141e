"""One case, done: a gateway between clients and upstreams in memory."""

import asyncio
import hashlib
import math
import re
from base64 import b64encode
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from unittest.mock import patch

import aiohappyeyeballs

from gateway.config.model import Config, Listener, ListenerLimits
from gateway.http1.head import HeadLimits, parse_request_head, parse_response_head
from gateway.policy.model import Paths, Policy, SiteLimits, Upstream, UpstreamTls, UpstreamUrl
from gateway.relay import client as client_module
from gateway.relay import connection as connection_module
from gateway.relay import exchange as exchange_module
from gateway.relay import readable as readable_module
from gateway.relay import tls as tls_module
from gateway.relay import upstream as upstream_module
from gateway.relay.admission import Admission
from gateway.relay.client import ClientConnection, State
from gateway.relay.door import Door
from gateway.relay.gateway import Gateway
from gateway.relay.upstream import UpstreamConnection
from tests.relay.fuzz.case import ACCEPT_MARK, MARK, PUSH, Case, Script
from tests.relay.fuzz.loop import (
    HIGH_WATER,
    End,
    MemoryOs,
    MemorySelect,
    MemorySocket,
    MemoryTransport,
    Side,
    Sign,
    SteppedLoop,
    new_transport,
    start_connection,
)
from tests.relay.policies import HOST, SITE

if TYPE_CHECKING:
    from gateway.relay.handshake import Handshake
    from gateway.relay.record import Record

LIMITS: Final = ListenerLimits(head=HeadLimits(octets=1024, line=400, target=100, lines=20))
_SITE: Final = replace(
    SITE, websocket=Paths(subtrees=(PUSH,)), limits=SiteLimits(request_body=400, in_flight=2, streams=1)
)


def _config(scheme: str) -> Config:
    site = replace(_SITE, upstream=Upstream((UpstreamUrl(scheme, "127.0.0.1", 1),)))
    return Config(policy=Policy({HOST: site}, None), listeners=(Listener("127.0.0.1", 0, limits=LIMITS),))


CONFIG: Final = _config("http")
"""Limits so low that cases of a few hundred octets reach them."""
TLS_CONFIG: Final = _config("https")
"""The same, before an upstream that speaks TLS."""

LOOP_NAME: Final = b"cors-gateway-0123456789ab"
"""What the gateway leaves in CDN-Loop, in every case alike."""

TUNNEL_IDLE_SECONDS: Final = 3600.0
"""How long a WebSocket may be silent (contract item 20)."""

TIMES: Final = (0.25, 1.0, 3.0, 5.0, 12.0, 31.0, 61.0)
"""Seconds that a sweep comes after the last."""

_TOKEN: Final = re.compile(rb"/(c[0-9]r[0-9])")
_ID: Final = re.compile(rb"\r\nX-Request-Id: ([0-9a-f]+)\r\n")
_KEY: Final = re.compile(rb"(?i)\r\nsec-websocket-key:[ \t]*([^\r]*?)[ \t]*\r\n")
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LENGTH: Final = re.compile(rb"\r\nContent-Length: ([0-9]+)\r\n")


request_head: Final = lru_cache(8192)(parse_request_head)
"""Parsed once, and not by the relay and by the model; a head cannot be changed."""
response_head: Final = lru_cache(8192)(parse_response_head)


def _end_of_chunks(octets: bytearray, at: int) -> int | None:
    """Return where the chunks that begin at `at` end, as the gateway writes them; None while the last is not there."""
    while (end := octets.find(b"\r\n", at)) >= 0:
        size = int(octets[at:end], 16)
        at = end + 2 + size + 2
        if not size:
            return at if len(octets) >= at else None
    return None


def accept_of(key: bytes) -> bytes:
    """Return what answers a key (RFC 6455, 1.3)."""
    return b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


class DoneHandshake:
    """A handshake with a client that came to a good end."""

    def __init__(self, address: str) -> None:
        self.door = Door(address, address, by_tls=True)

    def done(self) -> None:
        """Be told so."""


class Client:
    """One client."""

    def __init__(self, world: "World", number: int, pieces: tuple[bytes, ...]) -> None:
        self.address = f"192.0.2.{number + 1}"
        side = world.case.sides[0]
        handshake = None if side is Side.PLAIN else cast("Handshake", DoneHandshake(self.address))
        self.connection = ClientConnection(world.gateway, world.admission, handshake)
        self.transport = new_transport(side, world.loop, self.connection, MemorySocket(), self.address)
        # But in a tunnel, a client that has left is gone, whatever it said before (contract item 10).
        self.transport.is_heard_out = lambda: self.connection.state is State.TUNNEL
        self.pieces = list(pieces)
        self.left = False
        """It sent its end, or RST, of its own accord."""
        self.end = End.OPEN
        """How the gateway's octets had ended before the client did with all done."""
        self._has_ended = False
        self.connection.connection_made(self.transport)

    def send(self) -> bool:
        if self.transport.lost:
            self.pieces.clear()
        if self.pieces and not self._has_ended:
            self.transport.say(self.pieces.pop(0))
        return self.transport.deliver()

    def leave(self, sign: Sign) -> None:
        """End, or reset, in the middle of what happens."""
        self.left = self.left or not self._has_ended
        self._end(sign)

    def part(self) -> bool:
        """End, now that all is said, or that the gateway has ended; tell if that was left to do."""
        return self._end(Sign.NOTIFY)

    def _end(self, sign: Sign) -> bool:
        ends = not self._has_ended
        if ends:
            self._has_ended = True
            self.pieces.clear()
            self.transport.say(sign)
        self.transport.deliver()
        return ends

    @property
    def is_served(self) -> bool:
        """There is a connection, and it is not ending."""
        return not (self.transport.lost or self.transport.is_closing() or self.transport.end is not End.OPEN)


class Asked:
    """A request as it came to an upstream, found by its outline; `judge` has it read by parsers."""

    def __init__(self, head: bytes, script: Script) -> None:
        self.method = head.partition(b" ")[0]
        token = _TOKEN.search(head)
        self.token = token[1] if token else b"????"
        found = _ID.search(head)
        self.id = found[1].decode() if found else ""
        key = _KEY.search(head) if b"\r\nUpgrade: websocket\r\n" in head else None
        self.key = key[1] if key else None
        """Of a request that opens a WebSocket."""
        self.script = script
        self.delivered = bytearray()
        """What of its response the gateway has read."""
        self.end: Sign | None = None
        """The end that the gateway has read behind it."""
        self.answered = False
        """All of the response has been sent."""
        self.switches = False
        """The response is a 101: what comes behind the request is not HTTP."""
        self.ahead: int | None = None
        """How much of the response the gateway had read when it first had written more than the head."""


class Server:
    """One connection to the upstream, as the upstream sees it."""

    def __init__(self, world: "World", transport: MemoryTransport) -> None:
        self.world = world
        self.transport = transport
        self.asked: list[Asked] = []
        self.spoilt_after: int | None = None
        """How many requests it had when it first sent what nobody had asked for, or ended."""
        self._at = 0
        self._left: int | None = None
        """Octets of the present request's body that are still to come; -1: chunks."""
        self._pieces: list[bytes | Sign] = []
        self.has_ended = False
        """It has sent FIN or RST."""
        self._late: list[bytes] = []
        transport.on_delivered = self._delivered

    def look(self) -> None:
        """Look at what has come, and have ready what is to be said to it."""
        if self._is_overtaken:
            # For the gateway the response was whole. What it could not know of when it sent the next one is left out.
            self._pieces = [piece for piece in self._pieces if isinstance(piece, Sign)]
            self._answered()
        while not self.has_ended and (self._has_body() if self._left is not None else self._has_head()):
            pass

    def _has_head(self) -> bool:
        """Take the head of the next request, if it has come and the one before is answered."""
        if self.asked and (not self.asked[-1].answered or self.asked[-1].switches):
            return False
        sent = self.transport.sent
        end = sent.find(b"\r\n\r\n", self._at)
        if end < 0:
            return False
        head = bytes(sent[self._at : end + 4])
        self._at = end + 4
        asked = Asked(head, self.world.next_script())
        self.asked.append(asked)
        self._late.clear()
        length = _LENGTH.search(head)
        self._left = -1 if b"\r\nTransfer-Encoding:" in head else int(length[1]) if length else 0
        if asked.script.early:
            self._answer(asked)
        return True

    def _has_body(self) -> bool:
        """Take the body of the request, if all of it has come."""
        sent = self.transport.sent
        if self._left == -1:
            end = _end_of_chunks(sent, self._at)
            if end is None:
                return False
            self._at = end
        else:
            if len(sent) < self._at + (self._left or 0):
                return False
            self._at += self._left or 0
        self._left = None
        asked = self.asked[-1]
        if not asked.script.early:
            self._answer(asked)
        self._answered()
        return True

    @property
    def _is_overtaken(self) -> bool:
        """The gateway has sent another request, and perhaps the upstream has not yet taken it."""
        exchange = cast("UpstreamConnection", self.transport.protocol).exchange
        return bool(self.asked) and exchange is not None and exchange.request_id != self.asked[-1].id

    def _answer(self, asked: Asked) -> None:
        script = asked.script
        octets = script.head
        if asked.method != b"HEAD" or script.careless:
            octets += script.body
        octets = (octets + script.stray).replace(MARK, asked.token)
        if b"HTTP/1.1 101" in script.head:
            asked.switches = True
            octets = octets.replace(ACCEPT_MARK, accept_of(asked.key or b""))
        at = sorted(cut % (len(octets) + 1) for cut in script.cuts)
        pieces = (octets[start:end] for start, end in zip((0, *at), (*at, len(octets)), strict=True))
        self._pieces += filter(None, pieces)
        if script.then:
            self._pieces.append(Sign(script.then))
        elif script.late:
            self._late.append(script.late)
        self._answered()

    def _answered(self) -> None:
        """Note whether all is said to the present request; the end of the connection may still be to come."""
        if self.asked and self._left is None and not any(isinstance(piece, bytes) for piece in self._pieces):
            self.asked[-1].answered = True

    def send(self) -> bool:
        """Send the next piece, and have the gateway read; tell if anything happened."""
        self.say()
        return self.transport.deliver()

    def say(self) -> None:
        """Send the next piece; the gateway does not see it yet, but can ask whether there is any."""
        self.look()
        if not (self._pieces or self._late):
            return
        transport = self.transport
        if self.spoilt_after is None and self.world.is_idle(transport.protocol) and not transport.is_closing():
            self.spoilt_after = len(self.asked)
        if self._pieces:
            piece = self._pieces.pop(0)
            transport.say(piece)
            if isinstance(piece, Sign):
                self._pieces.clear()
                self.has_ended = True
            self._answered()
        elif self._late and not transport.incoming and self.world.is_idle(transport.protocol):
            transport.say(self._late.pop())

    def end_too(self) -> bool:
        """Answer the gateway's end with one's own; tell if that was left to do."""
        if self.has_ended or self.transport.lost or self.transport.end is not End.FIN:
            return False
        self.has_ended = True
        self._pieces.clear()
        self.transport.say(Sign.NOTIFY)
        return True

    def _delivered(self, piece: bytes | Sign) -> None:
        self.look()
        if self.asked and not self.world.is_idle(self.transport.protocol) and not self._is_overtaken:
            asked = self.asked[-1]
            if asked.key is not None and asked.ahead is None and self.transport.written > self._at:
                asked.ahead = len(asked.delivered)
            if isinstance(piece, bytes):
                asked.delivered += piece
            else:
                asked.end = piece


class Ended(NamedTuple):
    """How things were when a request ended."""

    at: float
    read: int
    """Octets of its client."""
    stalled: bool
    """The client took nothing."""


class World:
    """A gateway and its peers."""

    def __init__(self, case: Case, loop: SteppedLoop) -> None:
        self.case = case
        self.loop = loop
        self.loop.on_connected = self._connected
        self.servers: list[Server] = []
        self.records: list[Record] = []
        self.faults: list[str] = self.loop.faults
        self.elapsed = 0.0
        """Seconds that passed."""
        self.rested_at = 0.0
        """How many had passed when all was done."""
        self.ended: dict[str, Ended] = {}
        """Id of a request → how things were when it ended."""
        self._scripts = 0
        self._dialled = 0
        self._checked = -1
        self.loop.upstream_side = case.sides[1]
        self.config = CONFIG if case.sides[1] is Side.PLAIN else TLS_CONFIG
        self.gateway = Gateway(self.config, done=self._done, hint=self._hinted, loop_name=LOOP_NAME)
        self.admission = Admission(self.config.listeners[0])
        self.site = self.config.policy.sites[HOST]
        self.gateway.start()
        self.pool = self.gateway.pool(self.site.upstream)
        self.clients = [Client(self, number, pieces) for number, pieces in enumerate(case.clients)]
        self.loop.run()

    def _done(self, record: "Record") -> None:
        self.records.append(record)
        transport = next((client.transport for client in self.clients if client.address == record.client), None)
        if transport is not None:
            self.ended[record.request_id] = Ended(self.loop.now, len(transport.delivered), transport.is_paused_by_us)

    def _hinted(self, event: str, details: dict[str, str]) -> None:
        if event.startswith("internal"):
            self.faults.append(f"{event} {details}")

    def _connected(self, transport: MemoryTransport) -> None:
        self.servers.append(Server(self, transport))

    def next_script(self) -> Script:
        self._scripts += 1
        return self.case.scripts[(self._scripts - 1) % len(self.case.scripts)]

    @staticmethod
    def is_idle(protocol: object) -> bool:
        return isinstance(protocol, UpstreamConnection) and protocol.exchange is None

    # What happens.

    def do(self, letter: str, number: int) -> None:
        """Do what a letter of `case.LETTERS` stands for."""
        client = self.clients[number % len(self.clients)]
        match letter:
            case "c" | "-" | "+" | "e" | "f" | "r":
                self._of_client(letter, client, leaves=not client.pieces or number < 3)
            case "u" | "p" | "q" | "<" | ">" if self.servers:
                live = [server for server in self.servers if not server.transport.lost] or self.servers
                self._of_server(letter, live[number % len(live)])
            case "k":
                self._connect()
            case "n":
                self.loop.run(1 + number % 3)
            case "t":
                self._pass(TIMES[0])
            case "T":
                self._pass(TIMES[number % len(TIMES)])
            case "d" if number < 5:
                self.gateway.drain()
            case _:
                pass

    def _of_client(self, letter: str, client: Client, *, leaves: bool) -> None:
        match letter:
            case "c":
                client.send()
            case "-":
                client.transport.taking = False
            case "+":
                client.transport.take()
            case "e" if leaves:
                client.leave(Sign.NOTIFY)
            case "f" if leaves:
                client.leave(Sign.FIN)
            case "r" if leaves:
                client.leave(Sign.RESET)
            case _:
                pass

    def _of_server(self, letter: str, server: Server) -> None:
        match letter:
            case "u":
                server.send()
            case "q":
                server.say()
            case "p":
                while server.send():
                    pass
            case "<":
                server.transport.taking = False
            case _:
                server.transport.take()

    def _connect(self) -> bool:
        dialled = self.loop.dialled
        if not dialled:
            return False
        outcome = self.case.connects[self._dialled % len(self.case.connects)]
        self._dialled += 1
        future = dialled.popleft()
        if not future.done():
            if outcome in {"ok", "slow"}:
                future.set_result(MemorySocket(slow=outcome == "slow"))
            elif outcome == "refused":
                future.set_exception(ConnectionRefusedError(111, "refused"))
        return True

    def _pass(self, seconds: float) -> None:
        self.loop.now += seconds
        self.elapsed += seconds
        self.loop.turns += 1
        self.gateway.sweep(self.loop.now)

    # All of it.

    def run(self) -> None:
        """Do the steps, then all that is left, then have everyone leave."""
        for letter, number in self.case.steps:
            self.do(letter[0], number)
            if len(letter) == 1 and letter != "n":
                self.loop.run()
                self.check()
            if self.faults:
                return
        self.loop.run()
        self.check()
        self._stall()
        self._rest()
        if not self.faults:
            self._settled()
        self.rested_at = self.elapsed
        for client in self.clients:
            client.end = client.transport.end
            client.part()
        self._rest()
        self._jump(lambda: bool(self.gateway.clients or self.gateway.upstreams))
        self._empty()

    def _stall(self) -> None:
        """In every other case, have clients or upstreams take nothing for long while the others send all they have."""
        clients, upstreams = self._stubborn
        peers: list[Client | Server] = [*self.clients, *self.servers]
        for peer in peers:
            peer.transport.taking &= not (clients if isinstance(peer, Client) else upstreams)
        for peer in peers:
            while (clients or upstreams) and not self.faults and peer.send():
                self.loop.run()
        if any(peer.transport.is_paused_by_us for peer in peers):
            self._pass(61.0)
            self.loop.run()
        self.check()

    @property
    def _stubborn(self) -> tuple[bool, bool]:
        """Whether clients take nothing once the steps are done, and whether upstreams do."""
        return len(self.case.steps) % 4 == 1, len(self.case.steps) % 4 == 3

    def _rest(self) -> None:
        """Have everything that is left sent, taken and waited for; two in three WebSockets end in less than an hour."""
        self._flow()
        for number, client in enumerate(self.clients):
            if client.connection.state is State.TUNNEL and (len(self.case.steps) + number) % 3:
                client.leave(Sign.NOTIFY)
                self._flow()
        self._jump(lambda: any(client.connection.exchange for client in self.clients))

    def _flow(self) -> None:
        loop = self.loop
        for _ in range(500):
            before = loop.turns
            loop.run()
            happened = self._connect()
            peers: list[Client | Server] = [*self.clients, *self.servers]
            for peer in peers:
                peer.transport.take()
                loop.run()
                happened |= peer.send()
                loop.run()
            self.check()
            if self.faults:
                return
            for client in self.clients:
                if client.transport.end is not End.OPEN:
                    happened |= client.part()
            for server in self.servers:
                happened |= server.end_too()
            if not (happened or loop.ready or loop.turns != before):
                return
        self.faults.append("it does not come to rest")

    def _jump(self, unsettled: Callable[[], bool]) -> None:
        """Let one deadline after the other pass, as long as that is needed."""
        for _ in range(40):
            if self.faults or not unsettled():
                return
            everyone = (*self.gateway.clients, *self.gateway.upstreams)
            due = min((connection.due for connection in everyone), default=math.inf)
            if due == math.inf:
                return
            self._pass(max(0.0, due - self.loop.now))
            self.loop.run()
            self._flow()

    def dismantle(self) -> None:
        """Undo rings of references, so that most goes at once, and no collector need look for it."""
        peers: list[Client | Server] = [*self.clients, *self.servers]
        for peer in peers:
            vars(peer.transport).clear()
        for thing in (self.loop, self):
            vars(thing).clear()

    # What always holds.

    def check(self) -> None:
        """Look for a connection that nothing would ever end, and for one that reads what it may not."""
        if self._checked == self.loop.turns or self.loop.ready:
            return
        self._checked = self.loop.turns
        dues = {upstream.exchange: upstream.due for upstream in self.gateway.upstreams if upstream.exchange is not None}
        states: list[State] = []
        for peer in self.clients:
            client = peer.connection
            if client.transport is None:
                continue
            exchange, state = client.exchange, client.state
            states.append(state)
            if client.due == math.inf and (exchange is None or dues.get(exchange, math.inf) == math.inf):
                self.faults.append(f"a client in {state} has no deadline")
            if (exchange is None) is (state is State.EXCHANGE or state is State.TUNNEL):
                self.faults.append(f"a client in {state} has the exchange {exchange}")
            if exchange is not None:
                self._check_flow(peer)
        if self.pool.streams.mine > self.site.limits.streams:
            self.faults.append(f"{self.pool.streams.mine} streams are open")
        counted = self.pool.in_flight.mine, self.pool.streams.mine
        if counted != (states.count(State.EXCHANGE), states.count(State.TUNNEL)):
            self.faults.append(f"{counted} are counted in flight and as streams, and the clients are in {states}")
        self._check_upstreams()

    def _check_upstreams(self) -> None:
        for upstream in self.gateway.upstreams:
            exchange = upstream.exchange
            if upstream.due == math.inf and (exchange is None or exchange.client.due == math.inf):
                self.faults.append("an upstream connection has no deadline")
            if exchange is None and isinstance(upstream, UpstreamConnection) and not self._reads(upstream):
                self.faults.append("an idle upstream connection is not read from")
            if exchange is not None and exchange.client.exchange is not exchange:
                self.faults.append("an upstream connection carries an exchange that has ended")

    @staticmethod
    def _reads(upstream: UpstreamConnection) -> bool:
        transport = upstream.transport
        return not isinstance(transport, MemoryTransport) or transport.is_reading() or transport.is_closing()

    def _check_flow(self, client: Client) -> None:
        """Each side is read from exactly while the other takes what it is given (contract item 14)."""
        exchange = client.connection.exchange
        if exchange is None or exchange.upstream is None:
            return
        up = exchange.upstream.transport
        if not isinstance(up, MemoryTransport) or up.is_closing() or client.transport.is_closing():
            return
        if up.is_reading() is client.transport.is_paused_by_us:
            self.faults.append(f"upstream read: {up.is_reading()}, client full: {client.transport.is_paused_by_us}")
        tunnel = client.connection.state is State.TUNNEL
        if up.is_paused_by_us and client.transport.is_reading() and (tunnel or not exchange.request_done):
            self.faults.append("octets are read that the upstream does not take")
        if tunnel and not (up.is_paused_by_us or client.transport.is_paused_by_us):
            silent_since = max(client.transport.delivered_at, up.delivered_at)
            if not silent_since + TUNNEL_IDLE_SECONDS <= client.connection.due <= self.loop.now + TUNNEL_IDLE_SECONDS:
                since, due = self.loop.now - silent_since, client.connection.due - self.loop.now
                self.faults.append(f"a WebSocket that was silent for {since} s is closed in {due} s")

    def _settled(self) -> None:
        """Everything was sent and answered: who is still connected has nothing left to wait for."""
        if self.pool.in_flight.mine or self.pool.streams.mine:
            self.faults.append(f"{self.pool.in_flight.mine} in flight, {self.pool.streams.mine} tunnels at rest")
        for client in self.clients:
            if client.connection.exchange is not None:
                self.faults.append("an exchange does not end")
            elif client.is_served and (client.pieces or client.transport.has_unread):
                self.faults.append(f"octets of a client are not read in {client.connection.state}")

    def _empty(self) -> None:
        """Everyone has left: nothing is left behind."""
        gateway, pool = self.gateway, self.pool
        left = [
            f"{len(found)} {name}"
            for name, found in (("clients", gateway.clients), ("upstreams", gateway.upstreams))
            if found
        ]
        left += [
            f"{count} {name}"
            for name, count in (("in flight", pool.in_flight.mine), ("tunnels", pool.streams.mine))
            if count
        ]
        if pool.idle_routes or pool.take(pool.routes(HOST)[0]) is not None:
            left.append("an idle connection")
        if self.admission.connected:
            left.append(f"{self.admission.connected} admitted")
        if left and not self.faults:
            self.faults.append(f"left behind: {', '.join(left)}")


def _context(_: UpstreamTls) -> str:
    """Stand for `upstream_context`."""
    return "a context"


def _unasked(_: object) -> None:
    """Stand for `_ask_whether_it_is_there`: there is no kernel to do it."""


@contextmanager
def small_world() -> Generator[None]:
    """Have the relay connect in memory, and its bound on what waits for that as low as that of the transports here."""
    with (
        patch.object(exchange_module, "WRITE_BUFFER_OCTETS", HIGH_WATER),
        patch.object(aiohappyeyeballs, "start_connection", start_connection),
        patch.object(connection_module, "_ask_whether_it_is_there", _unasked),
        patch.object(readable_module, "select", MemorySelect),
        patch.object(readable_module, "HAS_COME", None),
        patch.object(readable_module, "os", MemoryOs),
        patch.object(client_module, "parse_request_head", request_head),
        patch.object(upstream_module, "parse_response_head", response_head),
        patch.object(tls_module, "upstream_context", _context),
    ):
        yield


def done(case: Case) -> World:
    """Return the world after a case, in a `small_world`."""
    loop = SteppedLoop()
    asyncio._set_running_loop(loop.as_loop)  # noqa: SLF001 - what event loops are to call
    try:
        world = World(case, loop)
        world.run()
    finally:
        asyncio._set_running_loop(None)  # noqa: SLF001
    return world
