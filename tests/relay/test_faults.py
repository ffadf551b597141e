"""Faults and deadlines: whose they are, what the page reads; nothing cut off looks whole (contract 6, 10, 14 to 19)."""

import asyncio
import contextlib
import json
import os
import socket
import ssl
from dataclasses import replace
from typing import cast

import pytest
import trustme

from gateway.config.model import ListenerLimits
from gateway.policy.model import SiteLimits, Timeouts, UpstreamTls
from gateway.policy.reason import Reason
from gateway.relay.attempt import Attempt
from gateway.relay.client import ClientConnection
from gateway.relay.connection import LOOKS_BEFORE_KEEP_ALIVE, NEVER
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import Rig, RigMaker
from tests.relay.peers import Peer, Script, ScriptedUpstream, answers, connect_by, never, until
from tests.relay.policies import ADDIN, SITE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\nContent-Length: 3\r\n\r\nabc"


def sends(octets: bytes, *, cut: bool = False) -> Script:
    """Return a script that answers with octets and ends."""

    async def script(peer: Peer) -> None:
        await peer.head()
        if octets:
            await peer.send(octets)
        if cut:
            peer.cut()
        else:
            peer.close()

    return script


async def silent(peer: Peer) -> None:
    await peer.gone()


async def problem(made: Rig, request: bytes = GET) -> tuple[int, str]:
    """Return status and reason as an add-in's page reads them."""
    client = await made.client()
    await client.send(request)
    response = await client.response()
    assert response.values(b"access-control-allow-origin") == [ADDIN]
    assert response.values(b"content-type") == [b"application/problem+json"]
    assert response.values(b"cache-control") == [b"no-store"]
    assert response.values(b"x-content-type-options") == [b"nosniff"]
    assert len(response.values(b"date")) == 1
    body = json.loads(response.body)
    record = await made.record()
    assert body["request_id"] == record.request_id == response.values(b"x-request-id")[0].decode()
    assert (body["status"], body["reason"]) == (record.status, record.reason)
    assert response.status == record.status
    return response.status, record.reason


async def test_a_stopped_upstream_is_refused_and_back_at_once_when_it_returns(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    port = made.upstream.port
    await made.upstream.__aexit__(None, None, None)
    assert await problem(made) == (502, Reason.UPSTREAM_REFUSED)
    preflight = b"OPTIONS /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n"
    client = await made.client()
    await client.send(preflight + b"Access-Control-Request-Method: PUT\r\n\r\n")
    assert (await client.response(method=b"OPTIONS")).status == 204
    async with ScriptedUpstream([answers(OK)], port=port):
        await client.send(GET)
        assert (await client.response()).body == b"ok"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", id="sized"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", id="chunked"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", id="before-the-last-chunk"),
    ],
)
async def test_an_answer_that_is_cut_off_is_cut_off_for_the_client_too(rig: RigMaker, sent: bytes) -> None:
    made = await rig(sends(sent))
    client = await made.client()
    await client.send(GET)
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 200")
    got = b""
    with contextlib.suppress(ConnectionError):
        while piece := await client.some():
            got += piece
    assert got in {b"abc", b"3\r\nabc\r\n"}  # less than was announced, and no last chunk
    assert (await made.record()).reason in {Reason.UPSTREAM_CUT_OFF, Reason.UPSTREAM_MALFORMED}


async def test_an_answer_whose_chunks_break_is_cut_off(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await relayed.wait()
        await peer.send(b"Z\r\n")
        assert await peer.gone()

    relayed = asyncio.Event()
    made = await rig(script)
    client = await made.client()
    await client.send(GET)
    await client.head()
    assert await client.exactly(8) == b"3\r\nabc\r\n"
    relayed.set()
    with contextlib.suppress(ConnectionError):
        assert await client.rest() == b""
    assert (await made.record()).reason is Reason.UPSTREAM_MALFORMED


async def test_an_until_close_answer_that_is_reset_gets_no_last_chunk(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.0 200 OK\r\n\r\nabc")
        await relayed.wait()
        peer.cut()

    relayed = asyncio.Event()
    made = await rig(script)
    client = await made.client()
    await client.send(GET)
    assert b"chunked" in await client.head()
    assert await client.exactly(8) == b"3\r\nabc\r\n"
    relayed.set()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await client.exactly(1)
    assert (await made.record()).reason is Reason.UPSTREAM_CUT_OFF


async def test_a_get_on_a_connection_that_died_idle_is_sent_again_once_and_a_post_never(rig: RigMaker) -> None:
    async def dies_on_the_second(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await peer.head()
        peer.cut()

    made = await rig(dies_on_the_second, answers(OK), dies_on_the_second)
    client = await made.client()
    for _ in range(2):
        await client.send(GET)
        assert (await client.response()).body == b"ok"
    assert made.upstream.connections == 2
    made = await rig(dies_on_the_second, answers(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    assert await problem(made_after_first(made), POST) == (502, Reason.UPSTREAM_CLOSED)
    assert made.upstream.connections == 1


def made_after_first(made: Rig) -> Rig:
    """Return the rig with the first request's record taken off."""
    made.records.get_nowait()
    return made


async def test_a_get_is_not_sent_a_third_time(rig: RigMaker) -> None:
    async def dies_on_the_second(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await peer.head()
        peer.cut()

    made = await rig(dies_on_the_second, sends(b""))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    assert await problem(made_after_first(made)) == (502, Reason.UPSTREAM_CLOSED)
    assert made.upstream.connections == 2


async def test_a_silent_upstream_is_a_504_at_its_deadline(rig: RigMaker) -> None:
    made = await rig(silent, timeouts=Timeouts(response_head=60))
    asked = asyncio.create_task(problem(made))
    await until(lambda: any(isinstance(one, UpstreamConnection) and one.due < NEVER for one in made.gateway.upstreams))
    made.sweep(59)
    assert not asked.done()
    made.sweep(61)
    assert await asked == (504, Reason.UPSTREAM_TIMEOUT)


async def test_an_answer_that_stops_is_cut_off_at_the_idle_deadline(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await peer.gone()

    made = await rig(script, timeouts=Timeouts(idle=60))
    client = await made.client()
    await client.send(GET)
    await client.head()
    await client.exactly(3)
    made.sweep(61)
    assert await client.gone()
    assert (await made.record()).reason is Reason.UPSTREAM_TIMEOUT


async def test_a_connection_that_takes_too_long_is_a_504(rig: RigMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await rig(silent, timeouts=Timeouts(connect=5))
    connect_by(monkeypatch, made.upstream.port, never)
    asked = asyncio.create_task(problem(made))
    await until(lambda: any(isinstance(one, Attempt) for one in made.gateway.upstreams))
    made.sweep(4)
    assert not asked.done()
    made.sweep(6)
    assert await asked == (504, Reason.UPSTREAM_CONNECT_TIMEOUT)
    await until(lambda: not made.gateway.upstreams)


async def test_a_head_that_drips_is_a_408_with_fields_where_host_and_origin_had_come(rig: RigMaker) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(head_seconds=10))
    client = await made.client()
    await client.send(GET[:-2])
    connection = await only_client(made)
    await until(lambda: connection.holds_part_of_a_head)
    made.sweep(11)
    response = await client.response()
    assert (response.status, response.values(b"access-control-allow-origin")) == (408, [ADDIN])
    assert (await made.record()).reason is Reason.HEAD_TIMEOUT


async def only_client(made: Rig) -> ClientConnection:
    """Return the one client connection, once it is there."""
    await until(lambda: made.gateway.clients)
    (client,) = made.gateway.clients
    assert isinstance(client, ClientConnection)
    return client


async def test_an_idle_connection_is_closed_without_a_word(rig: RigMaker) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(keep_alive_seconds=65))
    client = await made.client()
    await client.send(GET)
    await client.response()
    await made.record()
    made.sweep(64)
    await client.send(GET)
    await client.response()
    made.sweep(66)
    assert await client.rest() == b""


async def test_a_body_that_stops_is_a_408(rig: RigMaker) -> None:
    made = await rig(silent, limits=ListenerLimits(body_idle_seconds=30))
    asked = asyncio.create_task(problem(made, POST[:-1]))
    await until(lambda: made.upstream.connections)
    await asyncio.sleep(0)
    made.sweep(29)
    assert not asked.done()
    made.sweep(31)
    assert await asked == (408, Reason.BODY_TIMEOUT)


async def test_a_body_that_drips_below_the_least_rate_is_a_408(rig: RigMaker) -> None:
    made = await rig(silent, limits=ListenerLimits(body_idle_seconds=1000, body_rate=500))
    request = POST[:-5].replace(b"Length: 3", b"Length: 9000") + b"\r\n\r\n" + b"x" * 1000
    asked = asyncio.create_task(problem(made, request))
    await until(lambda: made.upstream.connections)
    await asyncio.sleep(0)
    made.sweep(31)
    assert not asked.done()
    made.sweep(33)
    assert await asked == (408, Reason.BODY_TIMEOUT)


async def test_a_client_that_stops_reading_is_cut_off_and_holds_no_more_than_the_write_limit(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            await peer.send(bytes(100_000))

    made = await rig(script, limits=ListenerLimits(write_stall_seconds=60))
    client = await made.client()
    await client.send(GET)
    connection = await only_client(made)
    await until(lambda: connection.stalled)
    assert connection.transport is not None
    assert connection.transport.get_write_buffer_size() < 65_536 + 262_144 + 1024  # the limit, and one read over it
    made.sweep(61)
    assert (await made.record()).reason is Reason.CLIENT_STALLED


async def test_draining_says_close_and_lets_an_idle_connection_bring_one_more(rig: RigMaker) -> None:
    made = await rig(answers(OK, OK))
    idle = await made.client()
    await idle.send(GET)
    assert (await idle.response()).values(b"connection") == []
    made.gateway.drain()
    await idle.send(GET)
    assert (await idle.response()).values(b"connection") == [b"close"]
    assert await idle.rest() == b""


async def test_draining_closes_what_stays_silent(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    idle = await made.client()
    await only_client(made)
    made.gateway.drain()
    made.sweep(6)
    assert await idle.rest() == b""


async def test_more_requests_than_the_site_may_have_in_flight_are_told_to_come_back(rig: RigMaker) -> None:
    made = await rig(silent, site=replace(SITE, limits=SiteLimits(in_flight=1)))
    first = await made.client()
    await first.send(GET)
    await until(lambda: made.upstream.connections)
    client = await made.client()
    await client.send(GET)
    response = await client.response()
    assert (response.status, response.values(b"retry-after")) == (503, [b"1"])
    assert (await made.record()).reason is Reason.SITE_BUSY
    await client.send(POST)
    response = await client.response()
    assert (response.status, response.values(b"connection")) == (503, [])  # its body has come whole
    assert (await made.record()).reason is Reason.SITE_BUSY
    first.close()
    assert (await made.record()).reason is Reason.CLIENT_GONE
    asked = asyncio.create_task(problem(made, POST[:-1]))
    await until(lambda: not (made.upstream.connections < 2))
    asked.cancel()


# TLS to the upstream.


class Authority:
    """A private CA and an upstream's certificate."""

    def __init__(self, name: str = "crm.lan") -> None:
        self.ca = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name).configure_cert(self.context)  # pyright: ignore[reportUnknownMemberType]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


async def test_a_tls_upstream_is_verified_by_its_name_and_gets_that_name_as_sni(
    rig: RigMaker, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked: list[str | None] = []
    authority.context.sni_callback = lambda _ssl, name, _context: asked.append(name)
    ca = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.ca.cert_pem.write_to_path(str(ca))
    upstream = ScriptedUpstream([answers(OK)], tls=authority.context)
    made = await rig(upstream=upstream, tls=UpstreamTls(ca=str(ca), name="crm.lan"))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    assert asked == ["crm.lan"]


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        pytest.param(UpstreamTls(name="crm.lan"), Reason.UPSTREAM_CERTIFICATE, id="unknown-ca"),
        pytest.param(
            UpstreamTls(verify=False, pin="sha256/AAAA"), Reason.UPSTREAM_CERTIFICATE, id="other-key-than-pinned"
        ),
    ],
)
async def test_an_upstream_that_is_not_who_it_should_be_is_not_talked_to(
    rig: RigMaker, authority: Authority, tls: UpstreamTls, reason: Reason
) -> None:
    async def never(peer: Peer) -> None:
        assert not await peer.some()

    made = await rig(upstream=ScriptedUpstream([never], tls=authority.context), tls=tls)
    assert await problem(made) == (502, reason)


@pytest.mark.parametrize("clean", [True, False])
async def test_the_end_of_an_until_close_answer_on_tls_is_close_notify_and_not_a_bare_fin(
    rig: RigMaker, authority: Authority, clean: bool
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.0 200 OK\r\n\r\nabc")
        await relayed.wait()
        if clean:
            peer.close()
        else:
            sock = peer.writer.get_extra_info("socket")

            plain = socket.socket(fileno=sock.fileno())
            plain.shutdown(socket.SHUT_WR)
            plain.detach()

    relayed = asyncio.Event()
    made = await rig(upstream=ScriptedUpstream([script], tls=authority.context), tls=UpstreamTls(verify=False))
    client = await made.client()
    await client.send(GET)
    await client.head()
    assert await client.exactly(8) == b"3\r\nabc\r\n"
    relayed.set()
    if clean:
        assert await client.exactly(5) == b"0\r\n\r\n"
    else:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.exactly(1)
    assert (await made.record()).reason is (Reason.ALLOWED if clean else Reason.UPSTREAM_CUT_OFF)


async def test_what_a_slow_client_has_not_taken_is_not_lost_when_a_tls_upstream_ends(
    rig: RigMaker, authority: Authority
) -> None:
    paused, said = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nab")
        await paused.wait()
        await peer.send(b"cdef")
        plain = socket.socket(fileno=peer.writer.get_extra_info("socket").fileno())
        plain.shutdown(socket.SHUT_WR)
        plain.detach()
        said.set()

    made = await rig(upstream=ScriptedUpstream([script], tls=authority.context), tls=UpstreamTls(verify=False))
    client = await made.client()
    await client.send(GET)
    await client.head()
    assert await client.exactly(2) == b"ab"
    (upstream,) = made.gateway.upstreams
    assert isinstance(upstream, UpstreamConnection)
    upstream.set_reading(wanted=False)  # as for a client that does not keep up
    paused.set()
    await said.wait()
    other = await made.client()  # which takes the loop more passes than it needs for the upstream's octets and its end
    await other.send(b"GET / HTTP/1.1\r\nHost: unknown.example\r\n\r\n")
    assert (await other.response()).status == 421
    upstream.set_reading(wanted=True)
    assert await client.exactly(4) == b"cdef"


# What looks whole must be whole, and what is parked must be fit.


async def test_an_until_close_answer_that_is_cut_off_for_an_http_1_0_client_ends_in_a_reset(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await relayed.wait()
        peer.close()

    relayed = asyncio.Event()
    made = await rig(script)
    client = await made.client()
    await client.send(b"GET / HTTP/1.0\r\nHost: crm.customer.example\r\n\r\n")
    await client.head()
    assert await client.exactly(3) == b"abc"
    relayed.set()
    with pytest.raises(ConnectionResetError):  # a FIN would be the body's end
        await client.rest()
    assert (await made.record()).reason is Reason.UPSTREAM_CUT_OFF


@pytest.mark.parametrize(
    "framing",
    [pytest.param(b"Content-Length: 6", id="sized"), pytest.param(b"Transfer-Encoding: chunked", id="chunked")],
)
@pytest.mark.parametrize("reset", [False, True])
async def test_an_upload_that_the_client_cuts_off_never_looks_whole(rig: RigMaker, framing: bytes, reset: bool) -> None:
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        await peer.head()
        octets = b""
        with contextlib.suppress(ConnectionError):
            while piece := await peer.some():
                octets += piece
        got.set_result(octets)

    made = await rig(script)
    client = await made.client()
    await client.send(
        b"PUT /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: "
        + ADDIN
        + b"\r\n"
        + framing
        + b"\r\n\r\n"
        + (b"abc" if framing.startswith(b"C") else b"3\r\nabc\r\n")
    )
    await until(lambda: made.upstream.connections)
    if reset:
        client.cut()
    else:
        client.finish_sending()
    assert await got in {b"", b"abc", b"3\r\nabc\r\n"}
    assert (await made.record()).reason is Reason.CLIENT_GONE


async def test_the_upstreams_end_is_seen_at_once_though_it_has_not_taken_the_upload(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        peer.read_on(wanted=False)
        await stalled.wait()
        peer.finish_sending()
        await asyncio.Event().wait()

    stalled = asyncio.Event()
    made = await rig(script)
    client = await made.client()
    await client.send(POST[:-3].replace(b"Length: 3", b"Length: 50000000"))
    sender = asyncio.create_task(client.send(bytes(50_000_000)))
    await until(lambda: any(isinstance(one, UpstreamConnection) and one.stalled for one in made.gateway.upstreams))
    stalled.set()
    response = await client.response()  # with no deadline passed
    assert (response.status, (await made.record()).reason) == (502, Reason.UPSTREAM_CLOSED)
    sender.cancel()


async def test_an_upstream_that_answers_before_it_has_read_all_is_not_used_again(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        peer.read_on(wanted=False)
        await sent.wait()
        await peer.send(OK)
        await asyncio.Event().wait()

    sent = asyncio.Event()
    made = await rig(script, answers(OK))
    client = await made.client()
    await client.send(POST[:-3].replace(b"Length: 3", b"Length: 50000000"))
    await until(lambda: any(isinstance(one, UpstreamConnection) and one.exchange for one in made.gateway.upstreams))
    (upstream,) = [one for one in made.gateway.upstreams if isinstance(one, UpstreamConnection)]
    sender = asyncio.create_task(client.send(bytes(50_000_000)))
    await until(lambda: upstream.stalled)
    assert upstream.exchange is not None
    upstream.exchange.request_done = True  # as if what the kernel holds had been all
    sent.set()
    assert (await client.response()).body == b"ok"
    sender.cancel()
    other = await made.client()
    await other.send(GET)
    assert (await other.response()).body == b"ok"
    assert made.upstream.connections == 2


@pytest.mark.parametrize("size", [2, 20_000])
async def test_an_early_answer_is_not_lost_in_the_reset_behind_it(rig: RigMaker, size: int) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.exactly(100_000)
        peer.read_on(wanted=False)
        sock = peer.writer.get_extra_info("socket")
        os.write(sock.fileno(), b"HTTP/1.1 413 No\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        peer.cut()

    made = await rig(script)
    client = await made.client()
    await client.send(POST[:-3].replace(b"Length: 3", b"Length: 40000000"))
    sender = asyncio.create_task(client.send(bytes(40_000_000)))
    response = await client.response()
    assert (response.status, response.body) == (413, b"x" * size)
    assert (await made.record()).reason is Reason.ALLOWED
    sender.cancel()


async def test_octets_that_are_there_when_a_parked_connection_is_wanted_end_it(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await release.wait()
        sock = peer.writer.get_extra_info("socket")
        os.write(
            sock.fileno(), b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
        )  # now, not in the loop's next pass
        pool = made.gateway.pool(made.gateway.policy.sites[b"crm.customer.example"].upstream)
        taken.set_result(pool.take(pool.routes(b"crm.customer.example")[0]))
        await peer.gone()

    release = asyncio.Event()
    taken: asyncio.Future[UpstreamConnection | None] = asyncio.get_running_loop().create_future()
    made = await rig(script, answers(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    release.set()
    assert await taken is None
    await until(lambda: not made.gateway.upstreams)


async def test_a_fault_while_an_exchange_ends_counts_it_once(rig: RigMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await rig(silent, answers(OK))
    pool = made.gateway.pool(made.gateway.policy.sites[b"crm.customer.example"].upstream)

    def broken(*_: object) -> None:
        raise KeyError("a bug")

    other = await made.client()
    await other.send(GET)
    await until(lambda: pool.in_flight.mine)
    await until(lambda: made.upstream.connections)
    client = await made.client()
    with monkeypatch.context() as patched:
        patched.setattr(made.gateway, "done", broken)
        await client.send(GET)
        await client.gone()
    assert (pool.in_flight.mine, pool.streams.mine) == (1, 0)  # the other's
    other.close()
    assert (await made.record()).reason is Reason.CLIENT_GONE
    assert pool.in_flight.mine == 0
    assert [event for event, _ in made.hints] == ["internal.error"]
    assert made.hints[0][1]["error"].startswith("KeyError at test_faults.py:")


def broken_once(transport: asyncio.Transport | None, method: str) -> asyncio.Transport:
    """Return a transport that fails the first time a method of it is called."""

    class Broken:
        broken = False

        def __getattr__(self, name: str) -> object:
            if name == method and not self.broken:
                self.broken = True
                raise KeyError("a bug")
            return getattr(transport, name)

    return cast("asyncio.Transport", Broken())


@pytest.mark.parametrize("method", ["expire", "eof_received", "look", "flow_changed"])
async def test_a_fault_in_any_callback_ends_both_sides(rig: RigMaker, method: str) -> None:
    made = await rig(silent)
    client = await made.client()
    await client.send(GET)
    await until(lambda: made.upstream.connections)
    if method == "expire":
        connection = await only_client(made)
        connection.transport = broken_once(connection.transport, "write")
        made.sweep(1000)
    elif method == "eof_received":
        connection = await only_client(made)
        connection.transport = broken_once(connection.transport, "abort")
        client.close()
    elif method == "look":
        connection = await only_client(made)
        connection.transport = broken_once(connection.transport, "get_extra_info")
        for _ in range(LOOKS_BEFORE_KEEP_ALIVE):
            made.sweep(0)
    else:
        (upstream,) = (each for each in made.gateway.upstreams if isinstance(each, UpstreamConnection))
        upstream.transport = broken_once(upstream.transport, "pause_reading")
        (await only_client(made)).pause_writing()
    assert (await made.record()).reason is Reason.INTERNAL
    await until(lambda: not made.gateway.clients and not made.gateway.upstreams)
    assert [event for event, _ in made.hints] == ["internal.error"]


async def test_a_client_that_leaves_at_any_step_of_connecting_leaves_nothing(rig: RigMaker) -> None:
    made = await rig(silent)
    for steps in range(30):
        client = await made.client()
        await client.send(GET)
        await until(lambda: made.gateway.upstreams)
        for _ in range(steps):
            await asyncio.sleep(0)
        connection = await only_client(made)
        assert connection.exchange is not None
        connection.exchange.client_gone()
        assert (await made.record()).reason is Reason.CLIENT_GONE
        await until(lambda: not made.gateway.clients and not made.gateway.upstreams)


async def test_what_is_cut_when_the_gateway_stops_is_told_so(rig: RigMaker) -> None:
    made = await rig(silent)
    client = await made.client()
    await client.send(GET)
    await until(lambda: made.upstream.connections)
    made.gateway.stop()
    assert made.records.get_nowait().reason is Reason.SHUTDOWN  # before anything else has a turn: the log closes next
    assert await client.gone()


async def test_an_answer_of_a_tls_upstream_that_closes_at_once_is_whole(rig: RigMaker, authority: Authority) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        peer.close()  # the loop finds the close_notify while we close, and tells of it within our call

    made = await rig(upstream=ScriptedUpstream([script], tls=authority.context), tls=UpstreamTls(verify=False))
    client = await made.client()
    for _ in range(2):
        await client.send(GET)
        assert (await client.response()).body == b"ok"
        assert (await made.record()).reason is Reason.ALLOWED
    assert made.hints == []
