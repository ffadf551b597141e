"""Clients: who is let in, what is answered here, what stays open (contract 1, 4; R4, R10).

Single messages that are refused are in the table, `wire/`.
"""

import ipaddress
import socket
from dataclasses import replace

import pytest

from gateway.config.model import Listener, ListenerLimits
from gateway.http1.head import HeadLimits
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection
from tests.relay.conftest import RigMaker, TlsContexts
from tests.relay.peers import Peer, Script, answers, until
from tests.relay.policies import ADDIN, SITE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HOST = b"Host: crm.customer.example\r\n"
ORIGIN = b"Origin: " + ADDIN + b"\r\n"


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


async def test_a_trusted_proxy_speaks_for_many_clients_by_one_connection(rig: RigMaker) -> None:
    seen: list[bytes] = []
    made = await rig(telling(seen), trusted_proxies=(ipaddress.ip_network("127.0.0.1"),))
    proxy = await made.client()
    for address, scheme in ((b"192.0.2.9", b"https"), (b"192.0.2.10", b"http")):
        told = b"X-Forwarded-For: " + address + b"\r\nX-Forwarded-Proto: " + scheme + b"\r\n"
        await proxy.send(b"GET / HTTP/1.1\r\n" + HOST + told + b"\r\n")
        assert (await proxy.response()).status == 200
        assert b"\r\n" + told in seen[-1]
        assert (await made.record()).client == address.decode()


async def test_each_request_of_a_connection_tells_the_host_it_was_sent_to(rig: RigMaker) -> None:
    seen: list[bytes] = []
    names = ("crm.customer.example", "[2001:db8::1]", "old.customer.example")
    made = await rig(telling(seen), site=replace(SITE, names=names))
    client = await made.client()
    for name in (*names, names[0]):
        await client.send(b"GET / HTTP/1.1\r\nHost: " + name.encode() + b"\r\n\r\n")
        assert (await client.response()).status == 200
        assert b"\r\nX-Forwarded-Host: " + name.encode() + b"\r\n" in seen[-1]
        assert b';host="' + name.encode() + b'";' in seen[-1]


async def test_a_preflight_of_an_old_client_says_that_the_connection_is_kept(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    asked = b"OPTIONS /a HTTP/1.0\r\nConnection: keep-alive\r\nAccess-Control-Request-Method: PUT\r\n"
    for _ in range(2):
        await client.send(asked + HOST + ORIGIN + b"\r\n")
        response = await client.response()
        assert (response.status, response.values(b"connection")) == (204, [b"keep-alive"])


def telling(seen: list[bytes]) -> Script:
    """Return a script that keeps the heads it answers."""

    async def script(peer: Peer) -> None:
        while True:
            seen.append(await peer.head())
            await peer.send(OK)

    return script


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


@pytest.mark.parametrize(
    ("listener", "sent", "reason"),
    [
        pytest.param(Listener("127.0.0.1", 0, redirect_to_https=True), b"GET /a HTTP/1.1\r\n", Reason.PLAIN_HTTP),
        pytest.param(Listener("127.0.0.1", 0, health="/health"), b"GET /health HTTP/1.1\r\n", Reason.HEALTH),
    ],
    ids=["to-https", "health"],
)
async def test_a_listener_is_asked_first_whatever_of_it_is_set(
    rig: RigMaker, listener: Listener, sent: bytes, reason: Reason
) -> None:
    made = await rig(answers(OK), listener=listener)
    client = await made.client()
    await client.send(sent + HOST + b"\r\n")
    await client.response()
    assert (await made.record()).reason is reason
    assert made.upstream.connections == 0


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
