"""Nothing grows without bound and nothing lasts for ever, whatever the peers do (contract 4, 9, 14, 15)."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from gateway.config.model import ListenerLimits
from gateway.http1.head import parse_response_head
from gateway.policy.model import Paths, SiteLimits, Timeouts
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection, State
from gateway.relay.connection import LONGEST_LAST_HEAD_OCTETS
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import Rig, RigMaker, TlsContexts
from tests.relay.peers import Peer, Script, answers, until
from tests.relay.policies import ADDIN, SITE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"
PREFLIGHT = (
    b"OPTIONS /p HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n"
    b"Access-Control-Request-Method: POST\r\n\r\n"
)
MIB = 1024 * 1024
HELD = 5 * 65_536 + 1024
"""Most octets a transport may hold: its write limit, and one read of the largest size over it."""


@pytest.fixture(params=["plain", "tls"])
def trusting(request: pytest.FixtureRequest) -> TlsContexts | None:
    return request.getfixturevalue("tls_contexts") if request.param == "tls" else None


async def the_client(made: Rig) -> ClientConnection:
    """Return the one client connection, once it is there."""
    await until(lambda: any(isinstance(one, ClientConnection) for one in made.gateway.clients))
    (client,) = [one for one in made.gateway.clients if isinstance(one, ClientConnection)]
    return client


async def the_upstream(made: Rig) -> UpstreamConnection:
    """Return the one upstream connection, once it is there."""
    await until(lambda: any(isinstance(one, UpstreamConnection) for one in made.gateway.upstreams))
    (upstream,) = [one for one in made.gateway.upstreams if isinstance(one, UpstreamConnection)]
    return upstream


def held(connection: ClientConnection | UpstreamConnection) -> int:
    """Return how many octets wait to be written."""
    return connection.transport.get_write_buffer_size() if connection.transport is not None else 0


async def test_who_asks_on_and_on_and_reads_no_answer_is_not_read_any_more(
    rig: RigMaker, trusting: TlsContexts | None
) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(write_stall_seconds=60), trusting=trusting)
    client = await made.client()
    await client.send(PREFLIGHT)
    await client.head()
    client.read_on(wanted=False)
    connection = await the_client(made)
    sender = asyncio.create_task(flood(client, PREFLIGHT * 1000, 400))
    most = 0
    while not connection.stalled or connection.reading:
        most = max(most, held(connection))
        await asyncio.sleep(0)
    assert max(most, held(connection)) < HELD
    assert not sender.done()
    made.sweep(59)
    assert connection.is_open
    made.sweep(61)
    await until(lambda: not made.gateway.clients)
    sender.cancel()


async def flood(client: Peer, octets: bytes, times: int) -> None:
    with contextlib.suppress(ConnectionError):
        for _ in range(times):
            await client.send(octets)


async def test_who_reads_the_answers_late_gets_all_of_them(rig: RigMaker, trusting: TlsContexts | None) -> None:
    made = await rig(answers(*[OK] * 10_000), trusting=trusting)
    client = await made.client()
    sender = asyncio.create_task(flood(client, (PREFLIGHT * 9 + GET) * 100, 10))
    connection = await the_client(made)
    client.read_on(wanted=False)
    for _ in range(200):
        await asyncio.sleep(0)
    client.read_on(wanted=True)
    statuses = [(await client.response(method=b"OPTIONS" if at % 10 < 9 else b"GET")).status for at in range(10_000)]
    assert statuses == ([204] * 9 + [200]) * 1000
    await sender
    assert connection.state is State.HEAD


async def test_a_200_mib_answer_to_a_slow_reader_is_held_back(rig: RigMaker, trusting: TlsContexts | None) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(200):
            await peer.send(b"100000\r\n" + bytes([number]) * MIB + b"\r\n")
        await peer.send(b"0\r\n\r\n")
        await peer.gone()

    made = await rig(script, trusting=trusting)
    client = await made.client()
    await client.send(GET)
    await client.head()
    connection = await the_client(made)
    client.read_on(wanted=False)
    await until(lambda: connection.stalled)
    assert not (await the_upstream(made)).reading
    client.read_on(wanted=True)
    most = held(connection)
    got = 0
    while True:
        size = int(await client.read_until(b"\r\n"), 16)
        if not size:
            break
        got += len(await client.exactly(size))
        assert await client.exactly(2) == b"\r\n"
        most = max(most, held(connection))
    assert got == 200 * MIB
    assert most < HELD
    assert (await made.record()).reason is Reason.ALLOWED


async def test_an_upload_to_a_stalled_upstream_is_held_back_and_ended_in_time(
    rig: RigMaker, trusting: TlsContexts | None
) -> None:
    async def script(peer: Peer) -> None:
        peer.read_on(wanted=False)
        await asyncio.Event().wait()

    made = await rig(
        script,
        site=replace(SITE, limits=SiteLimits(request_body=300 * MIB)),
        timeouts=Timeouts(idle=60),
        trusting=trusting,
    )
    client = await made.client()
    await client.send(
        b"PUT /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: "
        + ADDIN
        + b"\r\nContent-Length: %d\r\n\r\n" % (200 * MIB)
    )
    sender = asyncio.create_task(flood(client, bytes(MIB), 200))
    connection, upstream = await the_client(made), await the_upstream(made)
    await until(lambda: upstream.stalled and not connection.reading)
    assert held(upstream) < HELD
    made.sweep(59)
    assert connection.exchange is not None
    made.sweep(61)
    assert (await made.record()).reason is Reason.UPSTREAM_TIMEOUT
    sender.cancel()


@pytest.mark.parametrize("tunnel", [False, True])
async def test_who_goes_on_sending_and_does_not_read_is_cut_off_at_the_same_time(rig: RigMaker, tunnel: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(
            b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            if tunnel
            else b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
        )
        reader = asyncio.create_task(peer.gone())
        with contextlib.suppress(ConnectionError):
            await peer.send(bytes(100_000_000))
        await reader

    made = await rig(
        script,
        site=replace(SITE, websocket=Paths(everything=True)) if tunnel else SITE,
        limits=ListenerLimits(write_stall_seconds=60),
    )
    client = await made.client()
    client.read_on(wanted=False)
    await client.send(
        GET[:-2] + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
        if tunnel
        else b"POST /a HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: 1000\r\n\r\n"
    )
    connection = await the_client(made)
    await until(lambda: connection.stalled)
    due = connection.due
    for _ in range(5):
        await client.send(b"x")
        for _ in range(20):
            await asyncio.sleep(0)
    assert connection.due == due == connection.stalled_since + 60
    made.sweep(61)
    assert (await made.record()).reason is Reason.CLIENT_STALLED


async def test_a_client_that_stalls_its_upload_is_to_blame_though_the_answer_has_begun(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await peer.gone()

    made = await rig(script, limits=ListenerLimits(body_idle_seconds=30), timeouts=Timeouts(idle=60))
    client = await made.client()
    await client.send(b"POST /a HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: 1000\r\n\r\n")
    await client.head()
    made.sweep(31)
    assert (await made.record()).reason is Reason.BODY_TIMEOUT


async def test_an_upstream_that_stops_is_not_saved_by_a_client_that_goes_on_sending(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await peer.exactly(10)
        arrived.set()
        await peer.gone()

    arrived = asyncio.Event()
    made = await rig(script, timeouts=Timeouts(idle=60))
    client = await made.client()
    await client.send(b"POST /a HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: 1000\r\n\r\n")
    await client.head()
    await client.exactly(3)
    upstream = await the_upstream(made)
    due = upstream.due
    await client.send(b"x" * 10)
    await arrived.wait()
    assert upstream.due == due


def slow_to_read(octets: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(octets)
        peer.close()

    return script


async def test_a_slow_reader_gets_the_end_of_an_answer_that_closes(rig: RigMaker, trusting: TlsContexts | None) -> None:
    size = 4 * MIB
    made = await rig(
        slow_to_read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size), trusting=trusting
    )
    client = await made.client()
    await client.send(GET[:-2] + b"Connection: close\r\n\r\n")
    connection = await the_client(made)
    got = b""
    while connection.state is State.HEAD or connection.exchange is not None:
        got += await client.some()
    client.read_on(wanted=False)
    made.sweep(10)  # longer than a close may take that has nothing to send
    for _ in range(20):
        await asyncio.sleep(0)
    client.read_on(wanted=True)
    got += await client.rest()
    assert len(got.partition(b"\r\n\r\n")[2]) == size


async def test_octets_behind_the_last_request_do_not_reset_its_answer(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET[:-2] + b"Connection: close\r\n\r\n" + GET)
    assert (await client.response()).body == b"ok"
    assert await client.some() == b""
    await client.send(GET * 100)  # no reset: what is behind the last request is read, and dropped
    (record,) = [await made.record()]
    assert record.status == 200
    client.close()
    await until(lambda: not made.gateway.clients)
    assert made.records.empty()
    assert made.upstream.connections == 1


async def test_who_does_not_close_after_the_last_answer_is_closed(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET[:-2] + b"Connection: close\r\n\r\n")
    assert (await client.response()).body == b"ok"
    made.sweep(3)
    await until(lambda: not made.gateway.clients)


@pytest.mark.parametrize(
    ("more", "held"),
    [
        pytest.param(b"Authorization: Basic YTpi\r\n", True, id="usual"),
        pytest.param(b"Expect: 100-continue\r\n", False, id="with-a-rare-field"),
        pytest.param(b"A: " + b"a" * LONGEST_LAST_HEAD_OCTETS + b"\r\n", False, id="long"),
    ],
)
async def test_of_a_head_nothing_is_held_behind_the_next_sweep(rig: RigMaker, more: bytes, held: bool) -> None:
    asked: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            asked.append((await peer.head()).partition(b" HTTP/")[0])
            await peer.send(OK)

    made = await rig(script)
    client = await made.client()
    connection = await the_client(made)
    was_held = was_decided = False
    targets = [b"/a", b"/a", b"/b?c"] * 3  # the gateway's own sweep may come behind one of them
    for target in targets:
        await client.send(GET.replace(b"/a", target, 1).replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n"))
        assert (await client.response()).body == b"ok"
        was_held = was_held or connection.last_head is not None
        assert (connection.last_decision is not None) <= (connection.last_head is not None)
        was_decided = was_decided or connection.last_decision is not None
        assert not was_held or len(asked) > 1  # of who asks once nothing is held
    assert asked == [b"GET " + target for target in targets]
    assert (was_held, was_decided) == (held, held)
    made.sweep(0)
    assert (connection.last_head, connection.last_decision) == (None, None)
    client.close()


@pytest.mark.parametrize(
    ("more", "held"),
    [
        pytest.param(b"Set-Cookie: a=b\r\n", True, id="usual"),
        pytest.param(b"A: " + b"a" * LONGEST_LAST_HEAD_OCTETS + b"\r\n", False, id="long"),
    ],
)
async def test_of_an_answers_head_nothing_is_held_behind_the_next_sweep(rig: RigMaker, more: bytes, held: bool) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.head()
            await peer.send(OK.replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n"))

    made = await rig(script)
    client = await made.client()
    (served,) = {(await the_upstream_of(made, client)).pool}
    was_held = False
    for _ in range(9):  # the gateway's own sweep may come behind one of them
        await client.send(GET)
        assert (await client.response()).body == b"ok"
        assert (served.last_usual is not None) <= (served.last_head is not None)
        was_held = was_held or served.last_usual is not None
    assert was_held is held
    made.sweep(0)
    assert (served.last_head, served.last_usual) == (None, None)
    client.close()


async def the_upstream_of(made: Rig, client: Peer) -> UpstreamConnection:
    """Ask once; return the connection on which that was answered."""
    await client.send(GET)
    await client.response()
    return await the_upstream(made)


async def test_a_pool_that_is_used_no_more_holds_no_head(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.head()
            await peer.send(OK)

    made = await rig(script)
    client = await made.client()
    former = (await the_upstream_of(made, client)).pool
    made.gateway.stop()
    assert former.last_head is None
    former.remember(OK[:-2], b"GET", parse_response_head(OK[:-2], b"GET"))
    assert (former.last_head, former.last_usual) == (None, None)
    client.close()
