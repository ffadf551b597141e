"""Event streams: they flow at once and for hours, and are no requests in flight (contract items 6, 15, 20, 21)."""

import asyncio
from dataclasses import replace

import pytest

from gateway.policy.model import SiteLimits, Timeouts
from gateway.policy.reason import Reason
from tests.relay.conftest import Rig, RigMaker, TlsContexts
from tests.relay.peers import Peer, answers, until
from tests.relay.policies import ADDIN, HOST, SITE

GET = b"GET /events HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Events:
    """An upstream that sends events as it is told to."""

    def __init__(self, head: bytes = STREAM) -> None:
        self.head = head
        self.peers: list[Peer] = []

    async def __call__(self, peer: Peer) -> None:
        while not (await peer.head()).startswith(b"GET /events"):
            await peer.send(OK)
        await peer.send(self.head)
        self.peers.append(peer)
        await peer.gone()

    async def say(self, event: bytes) -> None:
        for peer in self.peers:
            octets = b"data: " + event + b"\n\n"
            await peer.send(b"%x\r\n%b\r\n" % (len(octets), octets) if b"chunked" in self.head else octets)


def counts(made: Rig) -> tuple[int, int]:
    """Return how many requests are in flight, and how many streams there are."""
    pool = made.gateway.pool(made.gateway.policy.sites[HOST].upstream)
    return pool.in_flight.mine, pool.streams.mine


async def listening(made: Rig) -> Peer:
    client = await made.client()
    await client.send(GET)
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 200 ")
    assert head.count(b"\r\nAccess-Control-Allow-Origin: " + ADDIN + b"\r\n") == 1
    return client


async def heard(client: Peer, event: bytes) -> bool:
    octets = b"data: " + event + b"\n\n"
    chunk = b"%x\r\n%b\r\n" % (len(octets), octets)
    return await client.exactly(len(chunk)) == chunk


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    "head",
    [
        pytest.param(STREAM, id="chunked"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Type: Text/Event-Stream;charset=utf-8\r\n\r\n", id="until-close"),
    ],
)
async def test_each_event_is_there_before_the_next_is_sent_and_silence_lasts_an_hour(
    rig: RigMaker, tls_contexts: TlsContexts, tls: bool, head: bytes
) -> None:
    events = Events(head)
    made = await rig(events, timeouts=Timeouts(idle=60, stream=3600), trusting=tls_contexts if tls else None)
    client = await listening(made)
    assert counts(made) == (0, 1)
    for number in range(3):
        await events.say(b"%d" % number)
        assert await heard(client, b"%d" % number)
        made.sweep(3599)
    client.close()
    record = await made.record()
    assert (record.status, record.reason) == (200, Reason.CLIENT_GONE)
    assert counts(made) == (0, 0)


async def test_a_stream_that_is_silent_for_longer_is_cut_off(rig: RigMaker) -> None:
    made = await rig(Events(), timeouts=Timeouts(idle=60, stream=100))
    client = await listening(made)
    made.sweep(99)
    assert counts(made) == (0, 1)
    made.sweep(101)
    assert await client.gone()
    assert (await made.record()).reason is Reason.UPSTREAM_TIMEOUT
    assert counts(made) == (0, 0)


async def test_streams_take_no_requests_place_and_have_a_bound_of_their_own(rig: RigMaker) -> None:
    events = Events()
    made = await rig(events, site=replace(SITE, limits=SiteLimits(in_flight=1, streams=2)))
    first, _second = await listening(made), await listening(made)
    third = await made.client()
    await third.send(GET)
    response = await third.response()
    assert (response.status, response.values(b"retry-after")) == (503, [b"1"])
    assert response.values(b"access-control-allow-origin") == [ADDIN]
    assert (await made.record()).reason is Reason.SITE_BUSY
    await third.send(GET.replace(b"/events", b"/a"))
    assert (await third.response()).body == b"ok"
    first.close()
    await until(lambda: counts(made) == (0, 1))
    await listening(made)


async def test_a_stream_that_has_ended_when_it_begins_is_none(rig: RigMaker) -> None:
    made = await rig(
        answers(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: a\n\n"),
        site=replace(SITE, limits=SiteLimits(streams=0)),
    )
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"data: a\n\n"
    assert counts(made) == (0, 0)


async def test_draining_lets_a_stream_go_on_and_then_cuts_it_so_that_the_page_comes_again(rig: RigMaker) -> None:
    events = Events()
    made = await rig(events)
    client, idle = await listening(made), await made.client()
    await until(lambda: len(made.gateway.clients) == 2)
    made.gateway.drain()
    await events.say(b"still")
    assert await heard(client, b"still")
    # Whoever is still connected is served: there is no 503 as long as there is a connection.
    await idle.send(GET)
    response = await idle.head()
    assert response.startswith(b"HTTP/1.1 200 ")
    made.gateway.stop()
    for cut in (client, idle):
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await cut.exactly(1)  # no last chunk: an EventSource connects anew
    assert [(await made.record()).reason for _ in range(2)] == [Reason.SHUTDOWN] * 2
