"""What clients send and are not let through with: refused, answered, closed (contract 1, 4; R2, R9, R10)."""

import ipaddress
import socket

import pytest

from gateway.config.model import Listener, ListenerLimits
from gateway.http1.head import HeadLimits
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection
from tests.relay.conftest import RigMaker, TlsContexts
from tests.relay.peers import Peer, answers, until
from tests.relay.policies import ADDIN

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HOST = b"Host: crm.customer.example\r\n"
ORIGIN = b"Origin: " + ADDIN + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "reason", "shared"),
    [
        pytest.param(b"GET / HTTP/1.1\n" + HOST + b"\r\n", 400, Reason.REQUEST_MALFORMED, False, id="bare-lf-9112-2.2"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + ORIGIN + b"X : 1\r\n\r\n",
            400,
            Reason.REQUEST_MALFORMED,
            True,
            id="blank-before-colon-9112-5.1",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + ORIGIN + b"X: a\r\n b\r\n\r\n",
            400,
            Reason.REQUEST_MALFORMED,
            True,
            id="obs-fold-9112-5.2",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400, Reason.REQUEST_MALFORMED, False, id="nul-9110-5.5"
        ),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, Reason.REQUEST_MALFORMED, False, id="no-host-9112-3.2"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + HOST + ORIGIN + b"\r\n",
            400,
            Reason.REQUEST_MALFORMED,
            False,
            id="two-hosts-9112-3.2",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + ORIGIN + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            Reason.REQUEST_MALFORMED,
            True,
            id="cl-te-9112-6.1",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n",
            400,
            Reason.REQUEST_MALFORMED,
            False,
            id="te-unknown-9112-6.1",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
            400,
            Reason.REQUEST_MALFORMED,
            False,
            id="cl-twice-9112-6.3",
        ),
        pytest.param(b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n", 405, Reason.METHOD_NOT_SERVED, False, id="trace"),
        pytest.param(
            b"CONNECT crm:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405, Reason.METHOD_NOT_SERVED, False, id="connect"
        ),
        pytest.param(
            b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505, Reason.VERSION_NOT_SUPPORTED, False, id="http-2-9110-15.6.6"
        ),
        pytest.param(
            b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
            414,
            Reason.TARGET_TOO_LONG,
            False,
            id="target-9110-15.5.15",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + ORIGIN + b"X: " + b"a" * 40_000,
            431,
            Reason.HEAD_TOO_LARGE,
            True,
            id="head-6585-5",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + ORIGIN + b"X: 1\r\n" * 200 + b"\r\n",
            431,
            Reason.HEAD_TOO_LARGE,
            True,
            id="lines-6585-5",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + ORIGIN + b"Expect: magic\r\nContent-Length: 1\r\n\r\n",
            417,
            Reason.EXPECTATION_FAILED,
            True,
            id="expect-9110-10.1.1",
        ),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, Reason.REQUEST_MALFORMED, False, id="tls-on-a-plain-port"),
    ],
)
async def test_what_is_no_request_is_refused_and_the_connection_closed(
    rig: RigMaker, sent: bytes, status: int, reason: Reason, shared: bool
) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(sent)
    response = await client.response()
    assert (response.status, response.values(b"connection")) == (status, [b"close"])
    assert response.values(b"access-control-allow-origin") == ([ADDIN] if shared else [])
    assert response.values(b"server") == []
    assert await client.some() == b""
    record = await made.record()
    assert (record.reason, record.status) == (reason, status)
    assert made.upstream.connections == 0
    assert made.hints == []


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        pytest.param(b"Host: other.example\r\n" + ORIGIN, 421, Reason.HOST_UNKNOWN, id="host-unknown"),
        pytest.param(HOST + ORIGIN + ORIGIN, 400, Reason.ORIGIN_REPEATED, id="G9-two-origins"),
        pytest.param(
            HOST + b"Origin: https://evil.example\r\n", 403, Reason.ORIGIN_NOT_ALLOWED, id="E20-simple-request"
        ),
        pytest.param(HOST + b"Origin: null\r\n", 403, Reason.ORIGIN_NOT_ALLOWED, id="E2-null"),
        pytest.param(
            HOST + b"Origin: https://evil.example\r\nConnection: Upgrade, origin\r\nUpgrade: websocket\r\n",
            403,
            Reason.ORIGIN_NOT_ALLOWED,
            id="G48-websocket",
        ),
    ],
)
async def test_what_is_not_allowed_never_reaches_the_upstream(
    rig: RigMaker, head: bytes, status: int, reason: Reason
) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(b"POST /a HTTP/1.1\r\n" + head + b"Content-Length: 3\r\n\r\nabc")
    response = await client.response()
    assert response.status == status
    assert not any(line.lower().startswith(b"access-control-") for line in response.lines)
    record = await made.record()
    assert (record.reason, record.status) == (reason, status)
    assert made.upstream.connections == 0
    assert (b"Vary: Origin" in response.lines) is (status != 421)


async def test_a_connection_is_kept_after_a_refusal_whose_body_had_come(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    refused = b"POST /a HTTP/1.1\r\n" + HOST + b"Origin: https://evil.example\r\nContent-Length: 3\r\n\r\nabc"
    await client.send(refused + refused + b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n")
    for status in (403, 403, 200):
        response = await client.response()
        assert (response.status, response.values(b"connection")) == (status, [])


async def test_a_refusal_before_the_bodys_end_closes_after_reading_on(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    head = b"POST /a HTTP/1.1\r\n" + HOST + b"Origin: https://evil.example\r\nContent-Length: 1000000\r\n\r\n"
    await client.send(head)
    response = await client.response()
    assert (response.status, response.values(b"connection")) == (403, [b"close"])
    for _ in range(10):
        await client.send(b"x" * 100_000)  # no reset
    assert await client.some() == b""


@pytest.mark.parametrize("trusted", [False, True])
async def test_only_a_trusted_proxy_says_who_the_client_is(rig: RigMaker, trusted: bool) -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.head())
        await peer.send(OK)

    networks = (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("10.0.0.0/24")) if trusted else ()
    made = await rig(script, trusted_proxies=networks)
    client = await made.client()
    await client.send(
        b"GET / HTTP/1.1\r\n"
        + HOST
        + b"X-Forwarded-For: 6.6.6.6, 192.0.2.9, 10.0.0.7\r\nX-Forwarded-Proto: https\r\n\r\n"
    )
    assert (await client.response()).status == 200
    address = b"192.0.2.9" if trusted else b"127.0.0.1"
    scheme = b"https" if trusted else b"http"
    assert b"\r\nX-Forwarded-For: " + address + b"\r\n" in seen[0]
    assert b"\r\nX-Forwarded-Proto: " + scheme + b"\r\n" in seen[0]
    assert seen[0].lower().count(b"\r\nx-forwarded-for:") == 1
    assert (await made.record()).client == address.decode()
    assert made.hints == ([] if trusted else [("proxy.untrusted", {"peer": "127.0.0.1"})])


async def test_limits_are_those_of_the_listener(rig: RigMaker) -> None:
    made = await rig(answers(OK), limits=ListenerLimits(head=HeadLimits(octets=200)))
    client = await made.client()
    await client.send(b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200)
    assert (await client.response()).status == 431


async def test_a_head_may_come_octet_by_octet(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    for octet in b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n":
        await client.send(bytes([octet]))
    assert (await client.response()).body == b"ok"


async def test_a_client_that_leaves_before_its_head_is_whole_leaves_nothing(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(b"GET /a HTTP/1.1\r\nHost")
    await until(lambda: made.gateway.clients)
    client.close()
    await until(lambda: not made.gateway.clients)
    assert made.records.empty()


async def test_a_listener_that_leads_to_https_relays_nothing(rig: RigMaker) -> None:
    listener = Listener("127.0.0.1", 0, redirect_to_https=True, health="/health")
    made = await rig(answers(OK), listener=listener)
    client = await made.client()
    await client.send(b"GET /health HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\nGET /a?b HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await client.response()).status == 200
    response = await client.response()
    assert (response.status, response.values(b"location")) == (308, [b"https://crm.customer.example/a?b"])
    await client.send(b"POST /a HTTP/1.1\r\n" + HOST + ORIGIN + b"Content-Length: 0\r\n\r\n")
    response = await client.response()
    assert (response.status, response.values(b"access-control-allow-origin")) == (403, [ADDIN])
    assert made.upstream.connections == 0
    assert [(await made.record()).reason for _ in range(3)] == [Reason.HEALTH, Reason.PLAIN_HTTP, Reason.PLAIN_HTTP]


async def test_a_full_listener_lets_the_longest_idle_go_first_and_then_nobody_in(rig: RigMaker) -> None:
    async def never(peer: Peer) -> None:
        await peer.gone()

    made = await rig(never, limits=ListenerLimits(connections=2))
    oldest, older = await made.client(), await made.client()
    await until(lambda: len(made.gateway.clients) == 2)
    newer = await made.client()
    assert await oldest.rest() == b""  # closed in order, for it was idle longest
    request = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
    await older.send(request)
    await newer.send(request)
    await until(lambda: len(made.gateway.upstreams) == 2)
    told = await made.client()
    await told.send(request.replace(b"\r\n\r\n", b"\r\n" + ORIGIN + b"\r\n"))
    response = await told.response()
    assert (response.status, response.values(b"retry-after")) == (503, [b"1"])
    assert response.values(b"access-control-allow-origin") == [ADDIN]
    assert response.values(b"connection") == [b"close"]
    assert await told.rest() == b""
    assert (await made.record()).reason is Reason.GATEWAY_BUSY
    assert [event for event, _ in made.hints] == ["listener.full"]
    told.close()
    older.close()
    assert (await made.record()).reason is Reason.CLIENT_GONE
    last = await made.client()
    await last.send(b"GET /a HTTP/1.1\r\n\r\n")
    assert (await last.response()).status == 400


async def test_a_request_that_comes_round_again_is_told_so(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(b"GET /a HTTP/1.1\r\n" + HOST + ORIGIN + b"CDN-Loop: x, " + made.gateway.loop_name + b"\r\n\r\n")
    response = await client.response()
    assert (response.status, response.values(b"access-control-allow-origin")) == (508, [ADDIN])
    assert (await made.record()).reason is Reason.LOOP_DETECTED
    assert made.upstream.connections == 0


@pytest.mark.parametrize("tls", [False, True])
async def test_no_octets_wait_until_the_client_has_acknowledged_earlier_ones(
    rig: RigMaker, tls_contexts: TlsContexts, tls: bool
) -> None:
    made = await rig(answers(OK), trusting=tls_contexts if tls else None)
    client = await made.client()
    await client.send(b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await client.response()).body == b"ok"
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    assert connection.transport is not None
    # By Nagle's algorithm a small write waits for what was written before: 40 ms, by the client's delayed ACK.
    assert connection.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
