"""The tunnel of a WebSocket (contract item 20; RFC 6455, 4)."""

import asyncio
from dataclasses import replace

import pytest

from gateway.policy.model import Paths, SiteLimits
from gateway.policy.reason import Reason
from gateway.relay.connection import Connection
from tests.relay.conftest import Rig, RigMaker
from tests.relay.peers import Peer, Script, until
from tests.relay.policies import ADDIN, SITE

WITH_PUSH = replace(SITE, websocket=Paths(subtrees=(b"/push/",)))
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
ASKED = (
    b"GET /push/1 HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: chat\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
)


async def echo(peer: Peer) -> None:
    """Open a WebSocket and say everything back."""
    head = await peer.head()
    assert head.count(b"\r\nConnection: Upgrade\r\n") == 1
    assert head.count(b"\r\nUpgrade: websocket\r\n") == 1
    await peer.send(SWITCHED + b"hello")
    while octets := await peer.some():
        await peer.send(octets)
    peer.close()


async def opened(made: Rig) -> Peer:
    """Return a client whose WebSocket is open."""
    client = await made.client()
    await client.send(ASKED + b"early")
    response = await client.response()
    assert response.status == 101
    assert sorted(response.lines)[:4] == [
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + ACCEPT,
        b"Sec-WebSocket-Protocol: chat",
        b"Upgrade: websocket",
    ]
    assert not any(line.lower().startswith(b"access-control-") for line in response.lines)
    assert await client.exactly(10) == b"helloearly"
    return client


async def test_octets_pass_both_ways_until_the_client_leaves(rig: RigMaker) -> None:
    made = await rig(echo, site=WITH_PUSH)
    client = await opened(made)
    await client.send(b"\x81\x03abc" * 50_000)
    assert await client.exactly(250_000) == b"\x81\x03abc" * 50_000
    client.close()
    record = await made.record()
    assert (record.reason, record.status) == (Reason.ALLOWED, 101)
    await until(lambda: not made.gateway.upstreams and not made.gateway.clients)


async def test_the_upstreams_end_reaches_the_client_behind_what_it_said(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCHED + b"hello")
        await peer.exactly(5)
        await peer.send(b"early" + b"x" * 200_000)
        peer.close()

    made = await rig(script, site=WITH_PUSH)
    client = await opened(made)
    assert await client.rest() == b"x" * 200_000
    assert (await made.record()).status == 101


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(SWITCHED.replace(ACCEPT, b"wrong"), id="wrong-accept"),
        pytest.param(SWITCHED.replace(b"Upgrade: websocket", b"Upgrade: h2c"), id="another-protocol"),
    ],
)
async def test_a_101_that_is_no_answer_to_the_key_opens_nothing(rig: RigMaker, answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)
        await peer.gone()

    made = await rig(script, site=WITH_PUSH)
    client = await made.client()
    await client.send(ASKED)
    assert (await client.response()).status == 502
    assert (await made.record()).reason is Reason.UPSTREAM_MALFORMED


@pytest.mark.parametrize(
    ("request_octets", "site"),
    [
        pytest.param(ASKED, SITE, id="no-websocket-in-yaml"),
        pytest.param(ASKED.replace(b"/push/", b"/pull/"), WITH_PUSH, id="another-path"),
        pytest.param(ASKED.replace(b"Upgrade: websocket", b"Upgrade: h2c"), WITH_PUSH, id="h2c"),
    ],
)
async def test_any_other_upgrade_is_an_ordinary_request(rig: RigMaker, request_octets: bytes, site: object) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")

    made = await rig(script, site=site)
    client = await made.client()
    await client.send(request_octets)
    assert (await client.response()).status == 426
    assert b"\r\nupgrade:" not in heads[0].lower()
    assert b"\r\nconnection:" not in heads[0].lower()


async def test_a_refused_upgrade_is_relayed_as_an_answer(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    made = await rig(script, site=WITH_PUSH)
    client = await made.client()
    await client.send(ASKED)
    response = await client.response()
    assert (response.status, response.body) == (403, b"no")
    assert response.values(b"access-control-allow-origin") == [ADDIN]


async def test_more_websockets_than_the_site_may_have_are_refused_and_others_served(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        while not (await peer.head()).startswith(b"GET /push/"):
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await peer.send(SWITCHED + b"hello")
        await peer.send(await peer.exactly(5))
        await peer.gone()

    made = await rig(script, site=replace(WITH_PUSH, limits=SiteLimits(in_flight=1, streams=1)))
    first = await opened(made)
    second = await made.client()
    await second.send(ASKED)
    assert (await second.response()).status == 503
    assert (await made.record()).reason is Reason.SITE_BUSY
    await second.send(b"GET / HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n")
    assert (await second.response()).body == b"ok"
    await made.record()
    first.close()
    assert (await made.record()).status == 101
    third = await made.client()
    await third.send(ASKED + b"early")
    assert (await third.response()).status == 101
    assert made.upstream.connections == 2  # and who was refused had none


async def test_websockets_that_are_asked_for_at_once_are_no_more_than_the_site_may_have(rig: RigMaker) -> None:
    asked = 0

    async def script(peer: Peer) -> None:
        nonlocal asked
        await peer.head()
        asked += 1
        await until(lambda: asked == 2)
        await peer.send(SWITCHED)
        await peer.gone()

    made = await rig(script, site=replace(WITH_PUSH, limits=SiteLimits(streams=1)))
    clients = [await made.client(), await made.client()]
    for client in clients:
        await client.send(ASKED)
    assert sorted([(await client.response()).status for client in clients]) == [101, 503]
    assert (await made.record()).reason is Reason.SITE_BUSY


async def test_a_silent_tunnel_is_closed_after_an_hour(rig: RigMaker) -> None:
    made = await rig(echo, site=WITH_PUSH)
    client = await opened(made)
    made.sweep(3599)
    await client.send(b"still")
    assert await client.exactly(5) == b"still"
    made.sweep(3601)
    assert await client.rest() == b""
    assert (await made.record()).status == 101


async def test_each_side_of_a_tunnel_is_read_only_while_the_other_takes(rig: RigMaker) -> None:
    made = await rig(echo, site=WITH_PUSH)
    await opened(made)
    (client,), (upstream,) = made.gateway.clients, made.gateway.upstreams
    assert isinstance(client, Connection)
    assert isinstance(upstream, Connection)
    for pauses, held in ((upstream, client), (client, upstream)):
        pauses.pause_writing()
        assert (held.reading, pauses.reading) == (False, True)
        pauses.resume_writing()
        assert (held.reading, pauses.reading) == (True, True)


@pytest.mark.parametrize("stalls", ["client", "upstream"])
async def test_back_pressure_holds_in_a_tunnel(rig: RigMaker, stalls: str) -> None:
    release = asyncio.Event()

    def script_of(stalls: str) -> Script:
        async def script(peer: Peer) -> None:
            await peer.head()
            await peer.send(SWITCHED + b"hello")
            await peer.send(await peer.exactly(5))
            if stalls == "client":
                peer.writer.write(b"x" * 20_000_000)
            await release.wait()
            if stalls == "upstream":
                await peer.exactly(20_000_000)
                await peer.send(b"got it")

        return script

    made = await rig(script_of(stalls), site=WITH_PUSH)
    client = await opened(made)
    if stalls == "upstream":
        client.writer.write(b"x" * 20_000_000)
    sides = (*made.gateway.clients, *made.gateway.upstreams)
    await until(lambda: any(isinstance(side, Connection) and side.stalled for side in sides))
    release.set()
    if stalls == "client":
        assert len(await client.exactly(20_000_000)) == 20_000_000
    else:
        assert await client.exactly(6) == b"got it"
