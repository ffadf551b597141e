"""What puts a deadline off and what does not, and who is read while the other does not take (contract 14 and 15)."""

import asyncio

from gateway.config.model import ListenerLimits
from gateway.policy.model import Timeouts, UpstreamTls
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection, State
from gateway.relay.connection import NEVER
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import Rig, RigMaker, TlsContexts
from tests.relay.peers import Peer, ScriptedUpstream, answers, until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"
UPLOAD = b"POST /p HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: 1000\r\n\r\n"


async def both(made: Rig) -> tuple[ClientConnection, UpstreamConnection]:
    """Return the two connections of the one exchange, once the upstream has its head."""
    await until(lambda: any(isinstance(one, UpstreamConnection) and one.exchange for one in made.gateway.upstreams))
    (client,), (upstream,) = made.gateway.clients, made.gateway.upstreams
    assert isinstance(client, ClientConnection)
    assert isinstance(upstream, UpstreamConnection)
    return client, upstream


async def turns() -> None:
    """Let what is on its way between two sockets of this loop arrive."""
    for _ in range(20):
        await asyncio.sleep(0)


async def a_while() -> None:
    """Let the loop's clock go on, of which uvloop has milliseconds."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    await until(lambda: loop.time() > now)


async def never(peer: Peer) -> None:
    await peer.gone()


async def test_no_octet_of_a_head_puts_its_deadline_off(rig: RigMaker) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(head_seconds=10))
    client = await made.client()
    await client.send(GET[:5])
    await until(lambda: made.gateway.clients)
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    await until(lambda: connection.holds_part_of_a_head)
    due = connection.due
    await a_while()
    for at in range(5, len(GET) - 1):
        await client.send(GET[at : at + 1])
        await turns()
    assert connection.due == due
    made.sweep(11)
    assert (await client.response()).status == 408
    assert (await made.record()).reason is Reason.HEAD_TIMEOUT


async def test_who_connects_and_says_nothing_is_closed_without_a_word(rig: RigMaker) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(head_seconds=10))
    client = await made.client()
    await until(lambda: made.gateway.clients)
    made.sweep(9)
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    assert connection.state is State.HEAD
    made.sweep(11)
    assert await client.rest() == b""
    assert made.records.empty()


async def test_a_body_that_stops_is_a_408_though_its_rate_was_good(rig: RigMaker) -> None:
    made = await rig(never, limits=ListenerLimits(body_idle_seconds=10, body_rate=1))
    client = await made.client()
    await client.send(UPLOAD + bytes(999))
    connection, _ = await both(made)
    made.sweep(9)
    assert connection.exchange is not None
    made.sweep(11)
    assert (await client.response()).status == 408
    assert (await made.record()).reason is Reason.BODY_TIMEOUT


async def test_the_head_of_an_answer_is_waited_for_from_the_requests_last_octets(rig: RigMaker) -> None:
    made = await rig(never, timeouts=Timeouts(response_head=60), limits=ListenerLimits(body_idle_seconds=30))
    client = await made.client()
    await client.send(UPLOAD)
    connection, upstream = await both(made)
    assert upstream.due == NEVER  # the client is waited for
    due = connection.due
    await a_while()
    await client.send(bytes(999))
    await until(lambda: connection.due > due)
    assert upstream.due == NEVER
    due = connection.due
    await client.send(b"x")
    await until(lambda: upstream.due < NEVER)
    assert connection.due == NEVER
    assert upstream.due > due + 29


async def test_an_interim_answer_puts_the_deadline_of_the_answer_not_off(rig: RigMaker) -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await asked.wait()
        await peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    await client.send(GET)
    _, upstream = await both(made)
    due = upstream.due
    assert due < NEVER
    await a_while()
    asked.set()
    await until(lambda: upstream.interim)
    assert upstream.due == due


async def test_time_in_which_the_client_did_not_read_is_not_the_upstreams(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await peer.gone()

    made = await rig(script, timeouts=Timeouts(idle=60), limits=ListenerLimits(write_stall_seconds=60))
    client = await made.client()
    await client.send(GET)
    await client.read_until(b"abc")
    connection, upstream = await both(made)
    due = upstream.due
    connection.pause_writing()
    assert (upstream.due, connection.due) == (NEVER, connection.stalled_since + 60)
    await a_while()
    connection.resume_writing()
    assert (upstream.due, connection.due) == (connection.flowing_since + 60, NEVER)
    assert upstream.due > due


async def test_time_in_which_the_upstream_did_not_read_is_not_the_clients(rig: RigMaker) -> None:
    made = await rig(never, timeouts=Timeouts(idle=60), limits=ListenerLimits(body_idle_seconds=10))
    client = await made.client()
    await client.send(UPLOAD)
    connection, upstream = await both(made)
    due = connection.due
    upstream.pause_writing()
    assert (connection.due, upstream.due) == (NEVER, upstream.stalled_since + 60)
    await a_while()
    upstream.resume_writing()
    assert connection.due == upstream.flowing_since + 10
    assert connection.due > due


async def test_time_in_which_the_upstream_did_not_read_makes_no_slow_client(rig: RigMaker) -> None:
    made = await rig(never, limits=ListenerLimits(body_idle_seconds=1000, body_rate=500))
    client = await made.client()
    await client.send(UPLOAD)
    connection, upstream = await both(made)
    due = connection.due
    upstream.pause_writing()
    await a_while()
    upstream.resume_writing()
    assert due < connection.due < due + made.gateway.loop.time() - upstream.stalled_since + 1


async def test_each_side_is_read_only_while_the_other_takes(rig: RigMaker) -> None:
    made = await rig(never)
    client = await made.client()
    await client.send(UPLOAD)
    connection, upstream = await both(made)
    assert (connection.reading, upstream.reading) == (True, True)
    upstream.pause_writing()
    assert (connection.reading, upstream.reading) == (False, True)
    upstream.resume_writing()
    connection.pause_writing()
    assert (connection.reading, upstream.reading) == (True, False)
    connection.resume_writing()
    assert (connection.reading, upstream.reading) == (True, True)


async def test_a_body_waits_for_its_upstream_in_no_more_than_a_write_buffer(rig: RigMaker) -> None:
    made = await rig(never)
    client = await made.client()
    await until(lambda: made.gateway.clients)
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    connection.data_received(UPLOAD.replace(b"1000", b"1000000"))
    connection.data_received(bytes(65_535))
    assert connection.reading
    connection.data_received(b"x")
    assert not connection.reading
    await both(made)
    assert connection.reading
    client.close()


async def test_every_transport_has_our_write_limit(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    upstream = ScriptedUpstream([never], tls=tls_contexts[0])
    made = await rig(upstream=upstream, tls=UpstreamTls(verify=False), trusting=tls_contexts)
    client = await made.client()
    await client.send(UPLOAD)
    for connection in await both(made):
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_limits()[1] == 65_536
