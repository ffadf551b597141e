"""Which connection to an upstream may carry another request, and what may be sent twice (contract 16 and 17)."""

import asyncio
from dataclasses import replace

import pytest

from gateway.policy.model import Timeouts, UpstreamUrl
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection
from gateway.relay.route import Route
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import Rig, RigMaker
from tests.relay.peers import Peer, Script, answers, until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"


def parked(made: Rig) -> list[UpstreamConnection]:
    """Return the connections that nobody uses."""
    return [one for one in made.gateway.upstreams if isinstance(one, UpstreamConnection) and one.exchange is None]


def answering(octets: bytes, times: int = 9) -> Script:
    """Return a script that answers each request with the same octets, and closes nothing."""
    return answers(*[octets] * times)


@pytest.mark.parametrize(
    "framed",
    [
        pytest.param(b"Content-Length: 2\r\n\r\nok", id="sized"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", id="chunked"),
    ],
)
async def test_a_connection_that_the_upstream_will_close_is_not_used_again(rig: RigMaker, framed: bytes) -> None:
    made = await rig(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + framed))
    client = await made.client()
    for connections in (1, 2):
        await client.send(GET)
        assert (await client.response()).body == b"ok"
        assert made.upstream.connections == connections


async def test_the_connection_parked_last_is_used_first(rig: RigMaker) -> None:
    def named(name: bytes) -> Script:
        async def script(peer: Peer) -> None:
            for _ in range(2):
                await peer.head()
                await may_answer[name].wait()
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + name)
            await peer.gone()

        return script

    may_answer = {b"1": asyncio.Event(), b"2": asyncio.Event()}
    made = await rig(named(b"1"), named(b"2"))
    first, second = await made.client(), await made.client()
    await first.send(GET)
    await until(lambda: made.upstream.connections == 1)
    await second.send(GET)
    await until(lambda: made.upstream.connections == 2)
    for client, name in ((first, b"1"), (second, b"2")):
        may_answer[name].set()
        assert (await client.response()).body == name
    await first.send(GET)
    assert (await first.response()).body == b"2"


async def test_a_parked_connection_is_closed_before_the_upstream_would(rig: RigMaker) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        assert await peer.some() == b""
        closed.set()

    made = await rig(script, timeouts=Timeouts(keep_alive=4))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    made.sweep(3)
    assert len(parked(made)) == 1
    made.sweep(5)
    await closed.wait()
    await until(lambda: not made.gateway.upstreams)


async def test_a_connection_is_parked_reading_though_its_client_has_stalled(rig: RigMaker) -> None:
    size = 8 * 1024 * 1024
    released = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        await released.wait()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        await peer.gone()

    made = await rig(script, timeouts=Timeouts(keep_alive=1000))  # so that nothing else ends it
    client = await made.client()
    await client.send(GET)
    await client.head()
    client.read_on(wanted=False)
    (upstream,) = [one for one in made.gateway.upstreams if isinstance(one, UpstreamConnection)]
    upstream.data_received(bytes(size))  # in one read, so that the answer's end and the client's stall are one
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    assert connection.stalled
    assert parked(made) == [upstream]
    released.set()
    await until(lambda: not made.gateway.upstreams)


async def test_an_idle_connection_that_the_upstream_ends_is_forgotten(rig: RigMaker) -> None:
    made = await rig(answering(OK, 1), answering(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    pool = made.gateway.pool(made.gateway.policy.sites[b"crm.customer.example"].upstream)
    assert pool.idle_routes == 1
    made.upstream.peers[0].cut()
    await until(lambda: not made.gateway.upstreams)
    assert pool.idle_routes == 0


async def dies_on_the_second(peer: Peer) -> None:
    await peer.head()
    await peer.send(OK)
    await peer.head()
    peer.cut()


@pytest.mark.parametrize(
    "request_octets",
    [
        pytest.param(GET.replace(b"GET", b"DELETE"), id="delete"),
        pytest.param(GET.replace(b"GET", b"OPTIONS"), id="options"),
        pytest.param(GET[:-2] + b"Content-Length: 3\r\n\r\nabc", id="get-with-a-body"),
        pytest.param(GET.replace(b"GET", b"POST")[:-2] + b"Content-Length: 0\r\n\r\n", id="post-without-octets"),
    ],
)
async def test_only_what_is_safe_is_sent_again(rig: RigMaker, request_octets: bytes) -> None:
    made = await rig(dies_on_the_second, answering(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    await client.send(request_octets)
    assert (await client.response()).status == 502
    assert made.upstream.connections == 1


async def test_a_request_that_ends_a_new_connection_is_not_sent_again(rig: RigMaker) -> None:
    async def dies(peer: Peer) -> None:
        await peer.head()
        peer.cut()

    made = await rig(dies, answering(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).status == 502
    assert (await made.record()).reason is Reason.UPSTREAM_CLOSED
    assert made.upstream.connections == 1


async def test_a_request_that_was_answered_in_part_is_not_sent_again(rig: RigMaker) -> None:
    async def dies_in_its_second_head(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Le")
        peer.close()

    made = await rig(dies_in_its_second_head, answering(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    await client.send(GET)
    assert (await client.response()).status == 502
    assert made.upstream.connections == 1


async def test_each_request_may_have_its_interim_answers(rig: RigMaker) -> None:
    made = await rig(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 8 + OK))
    client = await made.client()
    for _ in range(3):
        await client.send(GET)
        assert (await client.response()).body == b"ok"
    assert made.upstream.connections == 1


def test_a_connection_is_parked_for_its_own_route_alone() -> None:
    url = UpstreamUrl("https", "crm.lan", 443, b"/a")
    others = (
        replace(url, scheme="http"),
        replace(url, host="other.lan"),
        replace(url, port=8443),
        replace(url, prefix=b""),
    )
    routes = (Route(url, "crm.lan"), Route(url, "other.lan"), *(Route(other, "crm.lan") for other in others))
    assert len({route.key for route in routes}) == len(routes)
    assert Route(replace(url), "crm.lan").key == routes[0].key


async def test_nothing_is_kept_of_a_route_whose_last_connection_is_in_use(rig: RigMaker) -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await peer.head()
        asked.set()
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    pool = made.gateway.pool(made.gateway.policy.sites[b"crm.customer.example"].upstream)
    assert pool.idle_routes == 1
    await client.send(GET)
    await asked.wait()
    assert pool.idle_routes == 0
