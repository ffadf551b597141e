"""Runs one case: a raw client, the gateway, a raw upstream; then compares everything that was seen."""

import asyncio
import json
import re
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

import pytest

from gateway.policy.model import Timeouts, UpstreamTls
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection, State
from gateway.relay.decrypted import TlsClientConnection, TlsUpstreamConnection
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import Rig, RigMaker, TlsContexts, stopped
from tests.relay.peers import Peer, RawResponse, ScriptedUpstream, until
from tests.relay.policies import ADDIN
from tests.relay.wire.case import FIELDS, HOST, Case, End, Got, Leave, Reply, Then

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY: Final = b"GET /canary HTTP/1.1\r\n" + HOST + b"\r\n"
"""Asked behind a case, on its connection and on another: whoever asks it gets what belongs to it, and nothing else."""
SINGS: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary"

_ID: Final = re.compile(rb"(?<=\r\nX-Request-Id: )[0-9a-f]{20}(?=\r\n)")
_DATE_LINE: Final = re.compile(rb"^Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} 20[0-9]{2} [0-9:]{8} GMT$")
_CHUNK_LINE: Final = re.compile(rb"[0-9a-f]+\r\n")


@dataclass(frozen=True, slots=True)
class Mode:
    """How a case is run."""

    client_tls: bool = False
    upstream_tls: bool = False
    drip: bool = False
    """Each octet of the client by itself."""

    @property
    def scheme(self) -> bytes:
        """What the upstream is told of the client's connection."""
        return b"https" if self.client_tls else b"http"


@dataclass
class Actor:
    """The upstream of one case: it answers the canary, and everything else with the next reply."""

    replies: list[Reply]
    taken: "Taken"
    asked: list[bytes] = field(default_factory=list[bytes])
    partial: list[bytes] = field(default_factory=list[bytes])
    peer: Peer | None = None
    """The connection of the last request but the canary."""

    async def script(self, peer: Peer) -> None:
        """Serve one connection."""
        while True:
            try:
                head = await peer.head()
            except asyncio.IncompleteReadError as error:
                self.partial += [error.partial] if error.partial else []
                return
            except ConnectionError:
                return
            if head.partition(b"\r\n")[0].endswith(b"/canary HTTP/1.1"):
                await peer.send(SINGS)
                continue
            self.peer = peer
            reply = self.replies.pop(0) if self.replies else None
            if reply is not None and reply.early:
                await self._send(peer, reply)
            try:
                body = await request_body(peer, head)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.partial.append(head)
                return
            self.asked.append(head + body)
            if reply is None:
                peer.close()
                return
            if not reply.early:
                await self._send(peer, reply)
            if reply.then is not Then.STAY:
                return

    async def _send(self, peer: Peer, reply: Reply) -> None:
        first, *further = (reply.octets,) if isinstance(reply.octets, bytes) else reply.octets
        await peer.send(first)
        for piece in further:
            await self.taken.all_of_upstream(len(first))
            await peer.send(piece)
            first += piece
        if reply.then is Then.CLOSE:
            peer.close()
        elif reply.then is Then.RESET:
            await self.taken.all_of_upstream(len(first))
            peer.cut()


async def request_body(peer: Peer, head: bytes) -> bytes:
    """Read the body of a request, with nothing allowed but what the gateway may write (RFC 9112, 6 and 7.1)."""
    names = [line.partition(b":")[0].lower() for line in head[:-4].split(b"\r\n")[1:]]
    framings = [name for name in names if name in {b"content-length", b"transfer-encoding"}]
    assert len(framings) < 2, framings
    if not framings:
        return b""
    if framings == [b"content-length"]:
        length = re.search(rb"\r\nContent-Length: (0|[1-9][0-9]*)\r\n", head)
        assert length, head
        return await peer.exactly(int(length[1]))
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    body = b""
    while True:
        line = await peer.read_until(b"\r\n")
        assert _CHUNK_LINE.fullmatch(line), line
        size = int(line, 16)
        body += await peer.exactly(size)
        assert await peer.exactly(2) == b"\r\n"
        if not size:
            return body


class Taken:
    """Counts the octets that the gateway has read, so that pieces can be kept apart without sleeping."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = 0
        self.upstream = 0
        of_client, of_upstream = ClientConnection.data_received, UpstreamConnection.data_received

        def from_client(connection: ClientConnection, data: bytes) -> None:
            of_client(connection, data)
            self.client += len(data)

        def from_upstream(connection: UpstreamConnection, data: bytes) -> None:
            of_upstream(connection, data)
            self.upstream += len(data)

        # A compiled class does not ask itself what its methods are: TLS by uvloop comes in without `data_received`.
        tls_of_client, tls_of_upstream = TlsClientConnection.buffer_updated, TlsUpstreamConnection.buffer_updated

        def by_tls_from_client(connection: TlsClientConnection, nbytes: int) -> None:
            client = self.client
            tls_of_client(connection, nbytes)
            self.client = client + nbytes

        def by_tls_from_upstream(connection: TlsUpstreamConnection, nbytes: int) -> None:
            upstream = self.upstream
            tls_of_upstream(connection, nbytes)
            self.upstream = upstream + nbytes

        monkeypatch.setattr(ClientConnection, "data_received", from_client)
        monkeypatch.setattr(UpstreamConnection, "data_received", from_upstream)
        monkeypatch.setattr(TlsClientConnection, "buffer_updated", by_tls_from_client)
        monkeypatch.setattr(TlsUpstreamConnection, "buffer_updated", by_tls_from_upstream)
        self._nobody_reads: Callable[[], bool] = lambda: False

    def start(self, made: Rig) -> None:
        """Count from here on."""
        self.client = self.upstream = 0
        self._nobody_reads = lambda: not made.gateway.clients

    async def all_of_client(self, count: int) -> None:
        """Wait until `count` octets of the client were read, or nobody reads them any more."""
        await until(lambda: self.client >= count or self._nobody_reads())

    async def all_of_upstream(self, count: int) -> None:
        """Wait until `count` octets of the upstream were read."""
        await until(lambda: self.upstream >= count)


@dataclass(frozen=True, slots=True)
class Certified:
    """What TLS on both sides needs: contexts, and the file of the authority that vouches for the upstream."""

    client_side: TlsContexts
    upstream_side: ssl.SSLContext
    ca: str


async def run(case: Case, mode: Mode, rig: RigMaker, certified: Certified, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `case` and compare all that was seen."""
    actor = Actor(list(case.replies), Taken(monkeypatch))
    upstream = ScriptedUpstream([actor.script], tls=certified.upstream_side if mode.upstream_tls else None)
    made = await rig(
        upstream=upstream,
        site=case.site,
        prefix=case.prefix,
        trusting=certified.client_side if mode.client_tls else None,
        tls=UpstreamTls(ca=certified.ca) if mode.upstream_tls else None,
        timeouts=Timeouts(keep_alive=1000),  # so that no idle connection ends by itself while a test waits for its end
        **({"trusted_proxies": (ip_network("127.0.0.1"),)} if case.trusted else {}),
    )
    if case.warm:
        await sings(await made.client())
        await made.record()
    client = await made.client()
    actor.taken.start(made)
    pieces = [bytes([octet]) for octet in b"".join(case.pieces)] if mode.drip else case.pieces
    await send(client, pieces, actor.taken)
    if case.leave is not Leave.STAY:
        await actor.taken.all_of_client(sum(map(len, pieces)))
        client.cut() if case.leave is Leave.RESET else leave(client, tls=mode.client_tls)
    for number, got in enumerate(case.got, 1):
        await check_answer(client, got, made, last=number == len(case.got), end=case.end)
    if case.leave is not Leave.STAY:
        assert (await made.record()).reason is Reason.CLIENT_GONE
    if case.unasked:
        assert actor.peer is not None
        await actor.peer.send(case.unasked)
        await until(lambda: not made.gateway.upstreams)
    connections = upstream.connections
    await check_end(client, case, made, tls=mode.client_tls)
    await sings(await made.client())
    if case.reused is not None:
        assert (upstream.connections == connections) is case.reused
    assert not [hint for hint in made.hints if hint[0] == "internal.error"]
    await stopped(made.gateway)
    await until(lambda: not upstream.busy)
    check_asked(case, actor, made, mode.scheme)


async def send(client: Peer, pieces: tuple[bytes, ...] | list[bytes], taken: Taken) -> None:
    """Send pieces, each when the gateway has read the one before; it may have ended the connection meanwhile."""
    sent = 0
    for number, piece in enumerate(pieces, 1):
        try:
            await client.send(piece)
        except ConnectionError:
            return
        sent += len(piece)
        if number < len(pieces):
            await taken.all_of_client(sent)


def leave(client: Peer, *, tls: bool) -> None:
    """Send FIN, on TLS behind a close_notify."""
    if tls:
        client.close()
    else:
        client.finish_sending()


async def sings(client: Peer) -> None:
    """Ask for the canary."""
    await client.send(CANARY)
    response = await client.response()
    assert (response.status, response.body) == (200, b"canary")


async def check_answer(client: Peer, got: Got, made: Rig, *, last: bool, end: End) -> None:
    """Compare the next answer."""
    if got.whole:
        response = await client.response(method=b"HEAD" if got.head_only else b"GET")
    else:
        response = await cut_response(client)
    assert response.status == got.status, response
    if got.reason is None:
        assert (response.lines, response.body) == ([], b"")
        return
    record = await made.record()
    assert (record.reason, record.status) == (got.reason, got.status), record
    closes = last and end is End.CLOSED
    assert not got.whole or (b"close" in response.values(b"connection")) is closes, response
    assert response.values(b"x-request-id") == [record.request_id.encode()]
    own = response.values(b"content-type") == [b"application/problem+json"] and not got.head_only
    if own:
        problem = json.loads(response.body)
        assert (problem["status"], problem["reason"], problem["request_id"]) == (
            got.status,
            got.reason,
            record.request_id,
        )
        assert (response.values(b"cache-control"), response.values(b"x-content-type-options")) == (
            [b"no-store"],
            [b"nosniff"],
        )
        assert len(response.values(b"date")) == 1
        assert not response.values(b"server")
    check_fields(response, got)
    if got.phrase is not None:
        assert response.status_line == b"HTTP/1.1 %d %b" % (got.status, got.phrase)
    if got.lines is not None:
        assert by_name(map(starred, response.lines)) == by_name(got.lines)
    if got.body is not None and got.whole:
        assert response.body == got.body
    if not got.whole:
        assert got.body is not None
        assert got.body.startswith(response.body)


def check_fields(response: RawResponse, got: Got) -> None:
    """Compare the CORS fields: the gateway's one set, or none; and `Vary`."""
    fields = [line for line in response.lines if line.lower().startswith(b"access-control-")]
    if not got.shared:
        assert not fields
    elif response.status == 204 and got.reason is not Reason.ALLOWED:  # a preflight's
        assert response.values(b"access-control-allow-origin") == [got.origin]
    else:
        assert fields == [line.replace(ADDIN, got.origin) for line in FIELDS]
    varies = b", ".join(response.values(b"vary"))
    assert (b"origin" in varies.lower() or varies == b"*") is got.vary


async def cut_response(client: Peer) -> RawResponse:
    """Read an answer that is cut off; `body` is what came of it, without the framing.

    Raises:
        AssertionError: it looks whole.
    """
    head = await client.head()
    lines = head[:-4].split(b"\r\n")
    response = RawResponse(int(lines[0].split(b" ")[1]), lines[0], lines[1:])
    octets, reset = b"", False
    try:
        while piece := await client.some():
            octets += piece
    except ConnectionError:
        reset = True
    if response.values(b"transfer-encoding"):
        assert not octets.endswith(b"0\r\n\r\n")
        response.body = b"".join(re.findall(rb"[0-9a-f]+\r\n(.*?)\r\n", octets, re.DOTALL))
    elif length := response.values(b"content-length"):
        assert len(octets) < int(length[0])
        response.body = octets
    else:
        assert reset  # FIN would be the body's end
        response.body = octets
    return response


async def check_end(client: Peer, case: Case, made: Rig, *, tls: bool) -> None:
    """Compare what becomes of the client's connection."""
    match case.end:
        case End.KEPT if case.leave is Leave.STAY:
            await sings(client)
        case End.CLOSED:
            if tls:  # There is no half-close: a client that still sends is read until it goes, or for `linger`.
                await until(lambda: not made.gateway.clients or lingers(made))
                if lingers(made):
                    made.sweep(100)
            assert await client.rest() == b""
        case _:
            assert await client.gone()


def lingers(made: Rig) -> bool:
    """Tell whether a client connection is read on after its last answer."""
    return any(isinstance(one, ClientConnection) and one.state is State.LINGER for one in made.gateway.clients)


def check_asked(case: Case, actor: Actor, made: Rig, scheme: bytes) -> None:
    """Compare what the upstream saw."""
    name = made.gateway.loop_name
    asked = [_ID.sub(b"*", octets).replace(name + b"\r\n", b"*\r\n") for octets in actor.asked]
    if case.asked is None:
        assert len(asked) == len(case.replies)
    else:
        assert asked == [one.octets(scheme) for one in case.asked]
    assert case.partial or not actor.partial, actor.partial


def starred(line: bytes) -> bytes:
    """Return a line with `*` for what differs from request to request."""
    if _DATE_LINE.fullmatch(line):
        return b"Date: *"
    return _ID.sub(b"*", b"\r\n" + line + b"\r\n")[2:-2]


def by_name(lines: "tuple[bytes, ...] | map[bytes]") -> list[bytes]:
    """Return lines by name, those of one name in their order."""
    return sorted(lines, key=lambda line: line.partition(b":")[0].lower())
