"""How exchanges end: what a leaving peer sees, and what a cut-off looks like (contract 10, 12, 13, 19; R4, R5, R14)."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, replace
from typing import Self

import pytest

from gateway.policy.model import Paths, SiteLimits, UpstreamTls
from gateway.policy.reason import Reason
from gateway.relay.client import MAX_DISCARDED_OCTETS, ClientConnection, State
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import Rig, RigMaker, TlsContexts
from tests.relay.peers import Peer, ScriptedUpstream, answers, until
from tests.relay.policies import SITE
from tests.relay.test_tunnel import ASKED, SWITCHED

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"
UPLOAD = b"POST /p HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: 50000000\r\n\r\n"


async def the_upstream(made: Rig) -> UpstreamConnection:
    """Return the one upstream connection, once it is there."""
    await until(lambda: any(isinstance(one, UpstreamConnection) for one in made.gateway.upstreams))
    (upstream,) = [one for one in made.gateway.upstreams if isinstance(one, UpstreamConnection)]
    return upstream


@pytest.mark.parametrize("how", ["reset", "end", "end-of-tls"])
async def test_who_leaves_while_the_upload_is_held_back_is_noticed(
    rig: RigMaker, tls_contexts: TlsContexts, how: str
) -> None:
    async def never(peer: Peer) -> None:
        await peer.gone()

    made = await rig(never, trusting=tls_contexts if how == "end-of-tls" else None)
    client = await made.client()
    await client.send(UPLOAD + bytes(1000))
    upstream = await the_upstream(made)
    await until(lambda: upstream.exchange)
    upstream.pause_writing()  # so that the client is not read, and its end not met
    await client.send(bytes(1000))
    if how == "reset":
        client.cut()
    elif how == "end":
        client.close()
    else:
        client.writer.transport.abort()  # with no close_notify before its FIN, as of a process that was killed
    assert (await made.record()).reason is Reason.CLIENT_GONE  # with no deadline passed
    await until(lambda: not made.gateway.upstreams and not made.gateway.clients)


class ByHand:
    """TLS over a raw connection: the loop's own does not tell how it ended."""

    def __init__(self, peer: Peer, context: ssl.SSLContext, *, server_side: bool) -> None:
        self._peer = peer
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = None if server_side else "crm.customer.example"
        self._tls = context.wrap_bio(self._in, self._out, server_side=server_side, server_hostname=name)

    async def shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                self._in.write(await self._peer.some())
            else:
                return await self._flush()

    async def send(self, octets: bytes) -> None:
        self._tls.write(octets)
        await self._flush()

    async def read_until(self, mark: bytes) -> None:
        """Read, and drop, up to `mark`."""
        got = b""
        while mark not in got:
            try:
                got += self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._in.write(await self._peer.some())

    async def ended_by_close_notify(self) -> bool:
        """Read to the end, whichever it is."""
        with contextlib.suppress(ConnectionError):
            while True:
                try:
                    if not self._tls.read(65536):
                        return True
                except ssl.SSLWantReadError:
                    if not (octets := await self._peer.some()):
                        break
                    self._in.write(octets)
        return False

    async def _flush(self) -> None:
        await self._peer.send(self._out.read())


@dataclass
class TlsByHand(ScriptedUpstream):
    """An https upstream whose scripts see what TLS is made of."""

    async def __aenter__(self) -> Self:
        tls, self.tls = self.tls, None
        await super().__aenter__()
        self.tls = tls
        return self


async def test_an_early_answer_to_an_upload_that_was_held_back_has_it_read_on(rig: RigMaker) -> None:
    stalled = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.read_on(wanted=False)
        await stalled.wait()
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await asyncio.Event().wait()

    made = await rig(script)
    client = await made.client()
    sender = asyncio.create_task(client.send(UPLOAD + bytes(50_000_000)))
    upstream = await the_upstream(made)
    await until(lambda: upstream.stalled)
    stalled.set()
    assert (await client.response()).status == 413
    assert await client.some() == b""
    await sender  # all of it is taken, and no reset comes


async def test_not_more_than_so_much_is_read_on(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(UPLOAD.replace(b"\r\n\r\n", b"\r\nOrigin: https://evil.example\r\n\r\n"))
    assert (await client.response()).status == 403
    with contextlib.suppress(ConnectionError):
        await client.send(bytes(MAX_DISCARDED_OCTETS + 20_000_000))
    await until(lambda: not made.gateway.clients)


async def test_not_longer_than_so_long_is_read_on(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(UPLOAD.replace(b"\r\n\r\n", b"\r\nOrigin: https://evil.example\r\n\r\n"))
    assert (await client.response()).status == 403
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    assert connection.state is State.LINGER
    due = connection.due
    for _ in range(5):
        await client.send(b"x" * 1000)
        for _ in range(20):
            await asyncio.sleep(0)
    await until(lambda: made.gateway.loop.time() > due - 30)
    assert connection.due == due
    made.sweep(29)
    assert connection.state is State.LINGER
    made.sweep(31)
    await until(lambda: not made.gateway.clients)


@pytest.mark.parametrize(
    "framing",
    [
        pytest.param(b"Content-Length: 6\r\n\r\nabc", id="sized"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", id="chunked"),
    ],
)
async def test_an_answer_that_is_cut_off_never_ends_by_close_notify(
    rig: RigMaker, tls_contexts: TlsContexts, framing: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n" + framing)
        await read.wait()
        peer.close()

    read = asyncio.Event()
    made = await rig(script, trusting=tls_contexts)
    client = ByHand(await made.raw_client(), tls_contexts[1], server_side=False)
    await client.shake_hands()
    await client.send(GET)
    await client.read_until(b"abc")
    read.set()
    assert not await client.ended_by_close_notify()
    assert (await made.record()).reason is Reason.UPSTREAM_CUT_OFF


async def test_an_answer_that_closes_ends_by_close_notify(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    made = await rig(answers(OK), trusting=tls_contexts)
    client = ByHand(await made.raw_client(), tls_contexts[1], server_side=False)
    await client.shake_hands()
    await client.send(GET.replace(b"1.1", b"1.0"))
    assert await client.ended_by_close_notify()


async def test_an_upload_that_is_cut_off_never_ends_by_close_notify(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        upstream = ByHand(peer, tls_contexts[0], server_side=True)
        await upstream.shake_hands()
        await upstream.read_until(b"abc")
        arrived.set()
        ended.set_result(await upstream.ended_by_close_notify())

    arrived = asyncio.Event()
    made = await rig(upstream=TlsByHand([script], tls=tls_contexts[0]), tls=UpstreamTls(verify=False))
    client = await made.client()
    await client.send(UPLOAD + b"abc")
    await arrived.wait()
    client.finish_sending()
    assert not await ended
    assert (await made.record()).reason is Reason.CLIENT_GONE


async def test_what_a_client_said_last_in_a_tunnel_reaches_an_upstream_that_reads_late(rig: RigMaker) -> None:
    size = 8_000_000
    left = asyncio.Event()
    got: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCHED)
        peer.read_on(wanted=False)
        await left.wait()
        peer.read_on(wanted=True)
        got.set_result(len(await peer.rest()))

    made = await rig(script, site=replace(SITE, websocket=Paths(everything=True)))
    client = await made.client()
    await client.send(ASKED)
    await client.head()
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    upstream = await the_upstream(made)
    connection.data_received(bytes(size))  # in one read, and the end in the next
    assert upstream.stalled
    connection.eof_received()
    left.set()
    assert await got == size


async def test_the_answer_to_a_head_that_is_too_large_is_read_while_the_client_still_sends(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET[:-2] + b"X: " + b"x" * 10_000_000)  # all of it, and no reset comes
    assert (await client.response()).status == 431
    assert await client.rest() == b""


async def test_a_chunked_body_that_goes_over_the_limit_is_refused_and_never_looks_whole(rig: RigMaker) -> None:
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        await peer.head()
        octets = b""
        with contextlib.suppress(ConnectionError):
            while piece := await peer.some():
                octets += piece
        got.set_result(octets)

    made = await rig(script, site=replace(SITE, limits=SiteLimits(request_body=1000)))
    client = await made.client()
    await client.send(UPLOAD.replace(b"Content-Length: 50000000", b"Transfer-Encoding: chunked"))
    for _ in range(3):
        await client.send(b"190\r\n" + b"x" * 400 + b"\r\n")
        await the_upstream(made)
        for _ in range(20):
            await asyncio.sleep(0)
    await client.send(b"0\r\n\r\n")
    response = await client.response()
    assert (response.status, response.values(b"connection")) == (413, [b"close"])
    assert (await made.record()).reason is Reason.BODY_TOO_LARGE
    assert (await got).count(b"x") <= 800
    assert b"0\r\n\r\n" not in await got
