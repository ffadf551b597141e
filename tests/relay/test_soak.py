"""A storm of good and bad clients and upstreams through one gateway: no answer is another's, and nothing is left."""

import asyncio
import contextlib
import os
import random
import secrets
from dataclasses import dataclass, replace

import pytest

from gateway.config.model import ListenerLimits
from gateway.policy.model import Paths, Timeouts
from gateway.relay.upstream import State, UpstreamConnection
from tests.relay.conftest import Rig, RigMaker, TlsContexts
from tests.relay.peers import Peer, until
from tests.relay.policies import ADDIN, SITE

CLIENTS = 60
WAVES = 2
"""Of one, chance has left as few whole answers as there are clients."""
REQUESTS = 8
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
CUTS = (ConnectionError, asyncio.IncompleteReadError)


@dataclass
class Storm:
    """What chance decides, and what is counted of it."""

    random: random.Random
    whole: int = 0
    cut: int = 0
    numbers: int = 0

    def token(self) -> bytes:
        """Return a word that no other request of the storm has."""
        self.numbers += 1
        return b"t%dt" % self.numbers


def body_of(token: bytes, size: int) -> bytes:
    """Return a body that carries its request's word from its first octet to its last."""
    return (token * (size // len(token) + 1))[:size]


async def upstream(peer: Peer, storm: Storm) -> None:  # noqa: C901, PLR0912 - a case each way to answer
    """Answer requests as the path asks for: `/token/how/size`."""
    chance = storm.random
    while True:
        head = await peer.head()
        method, target, _ = head.split(b" ", 2)
        _, token, how, size = target.split(b"/")[:4]
        sent = body_of(token, int(size))
        mine = b"X-Token: " + token + b"\r\n"
        if how == b"tunnel":
            await peer.send(
                b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n%b\r\n"
                % (ACCEPT, mine)
            )
            await peer.send(token)
            while octets := await peer.some():
                await peer.send(octets)
            return
        if how == b"early":
            await peer.send(b"HTTP/1.1 413 No\r\nConnection: close\r\n%bContent-Length: %d\r\n\r\n" % (mine, len(sent)))
            await peer.send(sent)
            await peer.gone()
            return
        if b"\r\nTransfer-Encoding: chunked\r\n" in head:
            got = b""
            while length := int(await peer.read_until(b"\r\n"), 16):
                got += await peer.exactly(length)
                assert await peer.exactly(2) == b"\r\n"
            assert await peer.exactly(2) == b"\r\n"
            assert got == body_of(token, len(got))
        elif (at := head.lower().find(b"\r\ncontent-length: ")) >= 0:
            length = int(head[at + 18 :].split(b"\r\n")[0])
            assert await peer.exactly(length) == body_of(token, length)
        if how == b"chunked":
            half = len(sent) // 2
            framed = b"".join(b"%x;e=1\r\n%b\r\n" % (len(part), part) for part in (sent[:half], sent[half:]) if part)
            answer = b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n%b0\r\nX: y\r\n\r\n" % (mine, framed)
        elif how == b"untilclose":
            answer = b"HTTP/1.0 200 OK\r\n%b\r\n%b" % (mine, sent)
        elif how == b"notmodified":
            answer = b"HTTP/1.1 304 Not Modified\r\n%b\r\n" % mine
        else:
            answer = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (mine, len(sent), sent)
        if method == b"HEAD":
            answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        if how == b"cut":
            await peer.send(answer[: chance.randrange(len(answer))])
            (peer.cut if chance.random() < 0.5 else peer.close)()
            return
        while answer:
            size_of_piece = chance.choice([1, 7, 1000, 100_000, len(answer)])
            await peer.send(answer[:size_of_piece])
            answer = answer[size_of_piece:]
        if how == b"untilclose" or chance.random() < 0.1:
            peer.close()
            return
        if how == b"poison":  # for whoever comes next on this connection
            await peer.send(b"HTTP/1.1 200 OK\r\nX-Token: poison\r\nContent-Length: 6\r\n\r\npoison")


HOWS = (b"sized", b"sized", b"sized", b"chunked", b"untilclose", b"notmodified", b"cut", b"poison")


async def client(made: Rig, storm: Storm) -> None:  # noqa: C901, PLR0912 - a case each way to ask
    """Send requests, some badly, and judge each answer that comes whole."""
    chance = storm.random
    peer = await made.client()
    with contextlib.suppress(*CUTS):
        for _ in range(REQUESTS):
            kind = chance.choice(
                ["plain", "plain", "pipelined", "upload", "early", "tunnel", "old", "leaves", "nonsense"]
            )
            if kind == "nonsense":
                await peer.send(b"\0" + chance.randbytes(chance.randrange(200)))
                assert b" 400 " in await peer.head()
                peer.close()
                return
            if kind == "tunnel":
                await in_a_tunnel(peer, storm)
                return
            if kind == "early":
                await uploads_too_much(peer, storm)
                return
            if kind == "leaves":
                token = storm.token()
                octets = request(b"POST", token, b"sized", 1000, b"Content-Length: 5000\r\n") + body_of(token, 5000)
                await peer.send(octets[: chance.randrange(len(octets))])
                (peer.cut if chance.random() < 0.5 else peer.close)()
                return
            if kind == "upload":
                if await uploads(peer, storm):
                    continue
                return
            old = kind == "old"
            asked: list[tuple[bytes, bytes, bytes, int]] = []
            for _ in range(chance.randrange(2, 6) if kind == "pipelined" else 1):
                method = b"HEAD" if chance.random() < 0.2 else b"GET"
                token, how, size = storm.token(), chance.choice(HOWS), chance.choice([0, 10, 3000, 300_000])
                asked.append((method, token, how, size))
            await peer.send(b"".join(request(*one, version=b"1.0" if old else b"1.1") for one in asked))
            if chance.random() < 0.3:
                for _ in range(chance.randrange(200)):
                    await asyncio.sleep(0)
            for method, token, how, size in asked:
                response = await peer.response(method=method)
                judge(storm, method, token, how, size, response.status, response.values(b"x-token"), response.body)
                if response.values(b"connection") == [b"close"]:
                    return
            if old:
                return
        return
    storm.cut += 1


def request(
    method: bytes, token: bytes, how: bytes, size: int, fields: bytes = b"", *, version: bytes = b"1.1"
) -> bytes:
    return b"%b /%b/%b/%d HTTP/%b\r\nHost: crm.customer.example\r\nOrigin: %b\r\n%b\r\n" % (
        *(method, token, how, size, version, ADDIN),
        fields,
    )


def judge(  # noqa: PLR0917 - what was asked, and what came
    storm: Storm, method: bytes, token: bytes, how: bytes, size: int, status: int, tokens: list[bytes], body: bytes
) -> None:
    """Hold that an answer belongs to its request, and is whole."""
    if status in {200, 304, 413}:
        assert tokens == [token]
        assert body == (b"" if method == b"HEAD" or how == b"notmodified" else body_of(token, size))
        storm.whole += 1
    else:
        assert status == 502, (status, body)
        assert not tokens
        assert how == b"cut" or b"upstream-closed" in body or method == b"HEAD" or b"upstream-malformed" in body, body


async def uploads(peer: Peer, storm: Storm) -> bool:
    """Send a body; tell whether the connection may be used again: not if the answer came before its end."""
    token, size = storm.token(), storm.random.choice([1, 5000, 400_000])
    body = body_of(token, size)
    if storm.random.random() < 0.5:
        await peer.send(request(b"PUT", token, b"sized", 77, b"Content-Length: %d\r\n" % size))
        await peer.send(body)
    else:
        half = size // 2 + 1
        await peer.send(request(b"PUT", token, b"sized", 77, b"Transfer-Encoding: chunked\r\n"))
        for part in (body[:half], body[half:]):
            if part:
                await peer.send(b"%x\r\n%b\r\n" % (len(part), part))
        await peer.send(b"0\r\n\r\n")
    response = await peer.response()
    judge(storm, b"PUT", token, b"sized", 77, response.status, response.values(b"x-token"), response.body)
    return response.values(b"connection") != [b"close"]


async def uploads_too_much(peer: Peer, storm: Storm) -> None:
    token = storm.token()
    await peer.send(request(b"PUT", token, b"early", 2000, b"Content-Length: 3000000\r\n"))
    sender = asyncio.create_task(peer.send(bytes(1_000_000)))
    response = await peer.response()
    judge(storm, b"PUT", token, b"early", 2000, response.status, response.values(b"x-token"), response.body)
    with contextlib.suppress(ConnectionError):
        await sender
    peer.close()


async def in_a_tunnel(peer: Peer, storm: Storm) -> None:
    token = storm.token()
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY
    early = token * storm.random.randrange(3)
    await peer.send(request(b"GET", token, b"tunnel", 0, upgrade + b"\r\n") + early)
    head = await peer.head()
    assert b" 101 " in head
    assert b"X-Token: " + token + b"\r\n" in head
    assert await peer.exactly(len(token) + len(early)) == token + early
    said = token * 10_000
    await peer.send(said)
    assert await peer.exactly(len(said)) == said
    storm.whole += 1
    (peer.cut if storm.random.random() < 0.5 else peer.close)()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_in_a_storm_each_answer_is_its_own_requests_and_nothing_is_left(
    rig: RigMaker, tls_contexts: TlsContexts, tls: bool
) -> None:
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbits(32))
    print(f"SOAK_SEED={seed}")  # noqa: T201 - what pytest shows of a failed test
    storm = Storm(random.Random(seed))  # noqa: S311 - to be repeated, not to be secret

    async def script(peer: Peer) -> None:
        await upstream(peer, storm)

    made = await rig(
        script,
        site=replace(SITE, websocket=Paths(everything=True)),
        timeouts=Timeouts(keep_alive=4),
        limits=ListenerLimits(connections=CLIENTS * 2),
        trusting=tls_contexts if tls else None,
    )
    async with asyncio.timeout(60):
        for _ in range(WAVES):
            await asyncio.gather(*(client(made, storm) for _ in range(CLIENTS)))
    assert storm.whole > CLIENTS
    assert [hint for hint in made.hints if hint[0] == "internal.error"] == []
    pool = made.gateway.pool(made.gateway.policy.sites[b"crm.customer.example"].upstream)
    await until(lambda: pool.in_flight.mine == pool.streams.mine == 0)
    parked = [one for one in made.gateway.upstreams if isinstance(one, UpstreamConnection) and one.state is State.IDLE]
    assert all(one.exchange is None and one.due <= made.gateway.loop.time() + 4 for one in parked)
    for seconds in (70, 140, 210):  # idle, lingering, closing
        made.sweep(seconds)
        for _ in range(50):
            await asyncio.sleep(0)
    await until(lambda: not made.gateway.clients and not made.gateway.upstreams)
    assert made.admission.connected == 0
    assert made.gateway.empty.is_set()
    assert pool.take(pool.routes(b"crm.customer.example")[0]) is None
