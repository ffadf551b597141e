"""Octets that come a few at a time cost no more memory than others: limits count octets, and objects have a size."""

import asyncio
import socket
import tracemalloc

import pytest

from gateway.relay.attempt import Attempt
from gateway.relay.client import ClientConnection
from gateway.relay.connection import MAX_PIECES, WRITE_BUFFER_OCTETS, Connection
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import Rig, RigMaker
from tests.relay.peers import Peer, connect_by, never, until
from tests.relay.test_bounds import PREFLIGHT, held, the_client, the_upstream

MIB = 1024 * 1024
UPLOAD = b"PUT /a HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: %d\r\n\r\n"
MANY = 8 * MAX_PIECES
"""More pieces than are to be held; each test sends so many at most."""


def narrow(connection: Connection) -> None:
    """Have the kernel take little of what is written to a connection."""
    assert connection.transport is not None
    sock = connection.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)


async def test_an_upload_in_small_pieces_is_not_read_on_while_the_upstream_takes_nothing(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        peer.read_on(wanted=False)
        await asyncio.Event().wait()

    made = await rig(script)
    client = await made.client()
    await client.send(UPLOAD % (64 * MIB))
    connection, upstream = await the_client(made), await the_upstream(made)
    narrow(upstream)
    sent = await drip_to(client, upstream, connection)
    assert not connection.reading
    assert held(upstream) < WRITE_BUFFER_OCTETS
    await until(lambda: made.upstream.peers)
    made.upstream.peers[0].read_on(wanted=True)
    await made.upstream.peers[0].head()
    assert await made.upstream.peers[0].exactly(len(sent)) == sent
    await until(lambda: connection.reading)
    await client.send(b"w" * MIB)
    assert await made.upstream.peers[0].exactly(MIB) == b"w" * MIB


async def test_the_limit_is_what_it_was_once_everything_is_sent() -> None:
    here, there = socket.socketpair()
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
    here.setblocking(False)  # noqa: FBT003 - the standard library's signature
    there.setblocking(False)  # noqa: FBT003 - the standard library's signature
    loop = asyncio.get_running_loop()
    transport, connection = await loop.create_unix_connection(lambda: Connection(loop), sock=here)
    connection.write(b"x" * 16_384)
    while not connection.stalled:
        connection.write(b"x")
        await asyncio.sleep(0)
    assert transport.get_write_buffer_size() < WRITE_BUFFER_OCTETS // 2
    while connection.stalled:
        await loop.sock_recv(there, 65_536)
    connection.write(b"x" * 16_384)
    for _ in range(5):
        await asyncio.sleep(0)
    assert transport.get_write_buffer_size()
    assert not connection.stalled
    transport.abort()
    there.close()
    await asyncio.sleep(0)


async def test_an_answer_in_small_pieces_is_not_read_on_while_the_client_takes_nothing(rig: RigMaker) -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
        asked.set()
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    await client.send(b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n")
    await client.head()
    await asked.wait()
    client.read_on(wanted=False)
    connection, upstream = await the_client(made), await the_upstream(made)
    narrow(connection)
    peer = made.upstream.peers[0]
    await drip_to(peer, connection, upstream)
    assert not upstream.reading
    client.read_on(wanted=True)
    await until(lambda: upstream.reading)


async def test_a_body_in_small_pieces_that_waits_for_a_connection_costs_what_its_octets_do(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await rig()
    connect_by(monkeypatch, made.upstream.port, never)
    client = await made.client()
    await client.send(UPLOAD % MIB)
    await until(lambda: any(isinstance(one, Attempt) for one in made.gateway.upstreams))
    await drip(made, client, 200)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await drip(made, client, 4000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 8 * 4000 * 2


async def drip_to(
    peer: Peer, holds: ClientConnection | UpstreamConnection, read: ClientConnection | UpstreamConnection
) -> bytes:
    """Send octets one at a time while more wait than the kernel takes, until no more is read, `MANY` at most."""
    sent = bytearray()
    pieces = 0
    while read.reading and pieces < MANY and len(sent) < 16 * MIB:
        if held(holds):
            octets = b"z"
            pieces += 1
        else:  # the kernel has taken all there was: later than now, perhaps
            octets = b"y" * 4096
            pieces = 0
        sent += octets
        await piece(peer, octets)
    return bytes(sent)


async def piece(peer: Peer, octets: bytes) -> None:
    """Send octets, and let the loop have them at the other end of the gateway."""
    await peer.send(octets)
    for _ in range(5):
        await asyncio.sleep(0)


async def drip(made: Rig, client: Peer, pieces: int) -> None:
    """Send pieces of two octets, each of which is a read of its own at the other end."""
    other = await made.client()
    for _ in range(pieces):
        await client.send(b"yy")
        await other.send(PREFLIGHT)  # whose answer comes in a later pass of the loop
        await other.head()
        await made.record()
    other.close()
