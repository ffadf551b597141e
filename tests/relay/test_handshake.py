"""TLS towards clients: counted before it is agreed upon, held to a deadline, quiet when it fails (contract item 1)."""

import asyncio
import contextlib
import logging
import socket
import ssl

import pytest

from gateway.config.model import ListenerLimits
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection
from gateway.relay.handshake import Handshake
from gateway.service import acceptor
from tests.relay.conftest import Rig, RigMaker, TlsContexts
from tests.relay.peers import Peer, answers, connected, until
from tests.relay.policies import ADDIN

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"


def handshakes(made: Rig) -> int:
    return sum(isinstance(one, Handshake) for one in made.gateway.clients)


async def test_a_request_that_comes_with_the_end_of_the_handshake_is_served(
    rig: RigMaker, tls_contexts: TlsContexts
) -> None:
    made = await rig(answers(OK, OK), trusting=tls_contexts)
    client = await made.client()
    await client.send(GET + GET)
    assert [(await client.response()).body for _ in range(2)] == [b"ok", b"ok"]
    assert made.admission.connected == 1
    client.close()
    await until(lambda: made.admission.connected == 0)
    assert made.gateway.clients == set()


async def test_the_upstream_is_told_https(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(OK)

    made = await rig(script, trusting=tls_contexts)
    client = await made.client()
    await client.send(GET)
    await client.response()
    assert b"\r\nX-Forwarded-Proto: https\r\n" in heads[0]


async def test_who_is_silent_is_counted_and_closed_at_the_handshakes_deadline(
    rig: RigMaker, tls_contexts: TlsContexts
) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(handshake_seconds=10), trusting=tls_contexts)
    silent = await made.raw_client()
    await until(lambda: handshakes(made))
    assert made.admission.connected == 1
    assert not made.gateway.empty.is_set()
    made.sweep(9)
    await silent.send(b"\x16")  # puts nothing off
    made.sweep(11)
    assert await silent.gone()
    await until(lambda: made.admission.connected == 0)
    assert made.gateway.clients == set()


async def test_a_full_listener_lets_the_longest_handshake_go_first(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(connections=2), trusting=tls_contexts)
    oldest = await made.raw_client()
    await until(lambda: handshakes(made) == 1)
    older = await made.raw_client()
    await until(lambda: handshakes(made) == 2)
    newest = await made.client()
    assert await oldest.gone()
    await newest.send(GET)
    assert (await newest.response()).body == b"ok"
    await until(lambda: made.admission.connected == 2)
    older.cut()
    await until(lambda: made.admission.connected == 1)


async def test_a_full_listener_that_is_busy_tells_so_by_tls_too(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    async def never(peer: Peer) -> None:
        await peer.gone()

    made = await rig(never, limits=ListenerLimits(connections=1), trusting=tls_contexts)
    client = await made.client()
    await client.send(GET)
    await until(lambda: made.upstream.connections)
    told = await made.client()
    await told.send(GET)
    response = await told.response()
    assert (response.status, response.values(b"access-control-allow-origin")) == (503, [ADDIN])
    assert (await made.record()).reason is Reason.GATEWAY_BUSY
    assert made.admission.connected == 1
    assert [event for event, _ in made.hints] == ["listener.full"]


async def test_handshakes_that_fail_are_counted_out_and_hardly_told(
    rig: RigMaker, tls_contexts: TlsContexts, caplog: pytest.LogCaptureFixture
) -> None:
    made = await rig(answers(OK), trusting=tls_contexts)
    for _ in range(20):
        plain = await made.raw_client()
        await plain.send(GET)
        assert await plain.gone()
        distrusting = ssl.create_default_context()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connected(made.port, distrusting, "crm.customer.example").__aenter__()
        cut = await made.raw_client()
        await cut.send(b"\x16\x03\x01")
        cut.cut()
    await until(lambda: made.admission.connected == 0)
    assert made.gateway.clients == set()
    assert {event for event, _ in made.hints} == {"tls.failed"}
    assert len(made.hints) <= 4
    assert "HTTP_REQUEST" in [details["error"] for _, details in made.hints]
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_an_answer_that_is_cut_off_has_no_close_notify(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await read.wait()
        peer.close()

    read = asyncio.Event()
    made = await rig(script, trusting=tls_contexts)
    sock_client = await made.client()
    await sock_client.send(b"GET / HTTP/1.0\r\nHost: crm.customer.example\r\n\r\n")
    await sock_client.head()
    assert await sock_client.exactly(3) == b"abc"
    read.set()
    with pytest.raises(ConnectionError):
        await sock_client.rest()
    assert (await made.record()).reason is Reason.UPSTREAM_CUT_OFF


async def test_a_connection_that_is_closed_twice_can_still_be_cut(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    made = await rig(answers(OK), trusting=tls_contexts)
    client = await made.client()
    await client.send(GET)
    await client.response()
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    client.read_on(wanted=False)  # so that it does not answer our close_notify
    connection.finish_connection()
    connection.eof_received()
    made.sweep(61)
    await until(lambda: not made.gateway.clients)


async def test_stopping_ends_handshakes_too(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    made = await rig(answers(OK), trusting=tls_contexts)
    silent = await made.raw_client()
    await until(lambda: handshakes(made))
    made.gateway.drain()
    made.gateway.stop()
    assert await silent.gone()
    await until(lambda: not made.gateway.clients)


class Full(socket.socket):
    """A listening socket for whose connections the kernel has no room at first."""

    refused = 0
    has_room = False

    def accept(self) -> tuple[socket.socket, object]:
        if self.has_room:
            return super().accept()
        self.refused += 1
        raise OSError(24, "Too many open files")


async def test_the_kernel_having_no_room_is_told_once_and_accepting_goes_on(
    rig: RigMaker, tls_contexts: TlsContexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await rig(answers(OK))
    monkeypatch.setattr(acceptor, "NO_FILES_SECONDS", 0.0)
    full = Full(fileno=acceptor.listening_socket("127.0.0.1", 0).detach())
    accepts = acceptor.HandshakeAcceptor(made.gateway, made.admission, full, tls_contexts[0])
    with contextlib.closing(accepts):
        connecting = asyncio.create_task(exchanged(full.getsockname()[1], tls_contexts[1]))
        await until(lambda: full.refused > 1)
        assert made.hints == [("listener.no_files", {"error": "Too many open files"})]
        full.has_room = True
        assert await connecting == b"ok"


async def exchanged(port: int, context: ssl.SSLContext) -> bytes:
    """Return the body of an answer."""
    async with connected(port, context, "crm.customer.example") as client:
        await client.send(GET)
        return (await client.response()).body
