import asyncio
import socket
import ssl
from dataclasses import replace
from ipaddress import ip_network
from typing import NoReturn, Self

import pytest

from gateway.config.model import Config, Listener
from gateway.cors.origin import OriginTable
from gateway.policy.model import Policy, Timeouts, Upstream, UpstreamUrl
from gateway.policy.often import Often
from gateway.policy.reason import Reason
from gateway.relay.attempt import why_not_connected
from gateway.relay.connection import KEEP_ALIVE, LOOKS_BEFORE_KEEP_ALIVE, Connection
from gateway.relay.door import address_of_peer
from gateway.relay.gateway import EVENTS_REMEMBERED, Gateway
from tests.relay.conftest import RigMaker
from tests.relay.peers import Peer, ScriptedUpstream, answers, connected, refusing, until
from tests.relay.policies import ADDIN, HOST, SITE
from tests.service.running import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"


async def test_a_loop_through_several_gateways_ends(rig: RigMaker) -> None:
    second_port = free_port()
    first = await rig(upstream=Elsewhere(second_port))
    second = await rig(upstream=Elsewhere(first.port), listener=Listener("127.0.0.1", second_port))
    client = await first.client()
    await client.send(GET)
    response = await client.response()
    assert (response.status, response.values(b"access-control-allow-origin")) == (508, [ADDIN])
    assert (await first.record()).reason is Reason.LOOP_DETECTED
    assert (await second.record()).reason is Reason.ALLOWED  # as far as it can see


class Elsewhere(ScriptedUpstream):
    """An upstream that somebody else serves, on a port that is given."""

    def __init__(self, port: int) -> None:
        super().__init__([], port=port)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave it to whoever serves it."""


async def test_a_peer_that_vanishes_is_noticed_on_both_sides(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET)
    await client.response()
    connections = [*made.gateway.clients, *made.gateway.upstreams]
    assert len(connections) == 2
    for _ in range(LOOKS_BEFORE_KEEP_ALIVE):
        made.gateway.sweep(made.gateway.loop.time())
    for connection in connections:
        assert isinstance(connection, Connection)
        assert connection.transport is not None
        sock = connection.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert KEEP_ALIVE
        for option, value in KEEP_ALIVE:
            assert sock.getsockopt(socket.IPPROTO_TCP, option) == value


@pytest.mark.parametrize(
    ("peername", "address"),
    [
        (("192.0.2.7", 4711), "192.0.2.7"),
        (("::ffff:192.0.2.7", 4711, 0, 0), "192.0.2.7"),
        (("fe80::1%eth0", 4711, 0, 2), "fe80::1"),
        (("2001:db8::ffff:1", 4711, 0, 0), "2001:db8::ffff:1"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_address_of_a_peer(peername: object, address: str) -> None:
    assert address_of_peer(peername) == address


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_an_ipv4_client_of_a_listener_for_both_families_has_an_ipv4_address(rig: RigMaker, address: str) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(OK)

    made = await rig(script, listener=Listener("::", 0))
    async with connected(made.port, host=address) as client:
        await client.send(GET)
        assert (await client.response()).body == b"ok"
    assert b"\r\nX-Forwarded-For: %b\r\n" % address.encode() in heads[0]
    assert (await made.record()).client == address


@pytest.fixture
async def gateway() -> Gateway:
    config = Config(
        policy=Policy({}, SITE),
        trusted_proxies=(ip_network("10.0.0.0/24"), ip_network("2001:db8::/32")),
    )
    return Gateway(config, done=lambda _: None, hint=lambda event, _: heard.append(event))


heard: list[str] = []


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.0.0.5", True),
        ("2001:db8::1", True),
        ("10.0.1.5", False),
        ("127.0.0.1", False),
        ("", False),
        ("unix:", False),
    ],
)
async def test_who_is_trusted(gateway: Gateway, address: str, trusted: bool) -> None:
    assert gateway.is_trusted(address) is trusted


async def test_who_is_a_proxy_in_front_is_asked_anew_after_a_reload(gateway: Gateway) -> None:
    proxy, client = gateway.door("10.0.0.5"), gateway.door("10.0.1.5")
    assert (proxy.address, proxy.counts_as, proxy.is_of_proxy) == ("10.0.0.5", None, True)
    assert (client.address, client.counts_as, client.is_of_proxy) == ("10.0.1.5", "10.0.1.5", False)
    assert gateway.door("10.0.1.5") is client
    gateway.adopt(replace(gateway.config, trusted_proxies=(ip_network("10.0.1.0/24"),)), {})
    assert gateway.door("10.0.0.5").counts_as == "10.0.0.5"
    assert gateway.door("10.0.1.5").counts_as is None


async def test_no_two_requests_have_the_same_id(gateway: Gateway) -> None:
    other = Gateway(gateway.config, done=lambda _: None, hint=lambda event, _: heard.append(event))
    ids = [one.request_id() for one in (gateway, other) for _ in range(1000)]
    assert len(set(ids)) == 2000


async def test_the_date_is_of_this_second(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.relay.gateway.time.time", lambda: 784_111_777.9)
    assert gateway.date() == b"Sun, 06 Nov 1994 08:49:37 GMT"  # RFC 9110, 5.6.7
    monkeypatch.setattr("gateway.relay.gateway.time.time", lambda: 784_111_778.0)
    assert gateway.date() == b"Sun, 06 Nov 1994 08:49:38 GMT"


async def test_a_hint_is_told_once_and_hints_are_bounded(gateway: Gateway) -> None:
    heard.clear()
    for _ in range(2):
        for number in range(EVENTS_REMEMBERED * 2):
            gateway.hint("proxy.untrusted", str(number))
    assert heard == ["proxy.untrusted"] * EVENTS_REMEMBERED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(111, "refused"), Reason.UPSTREAM_REFUSED),
        (ssl.SSLCertVerificationError("self-signed"), Reason.UPSTREAM_CERTIFICATE),
        (ssl.SSLError("wrong version number"), Reason.UPSTREAM_TLS),
        (ConnectionResetError(104, "reset"), Reason.UPSTREAM_CLOSED),
        (TimeoutError(110, "timed out"), Reason.UPSTREAM_CONNECT_TIMEOUT),
        (OSError(113, "no route to host"), Reason.UPSTREAM_UNREACHABLE),
        (ValueError("?"), Reason.INTERNAL),
    ],
)
def test_why_not_connected(error: Exception, reason: Reason) -> None:
    assert why_not_connected(error) is reason


async def test_a_request_keeps_the_policy_it_began_with(rig: RigMaker) -> None:
    """G49: each request sees one consistent snapshot."""
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await release.wait()
        await peer.send(OK)
        await peer.gone()

    made = await rig(slow)
    client = await made.client()
    await client.send(GET)
    await asked.wait()
    made.adopt(Policy({}))
    release.set()
    response = await client.response()
    assert (response.status, response.values(b"access-control-allow-origin")) == (200, [ADDIN])
    await client.send(GET)
    assert (await client.response()).status == 421


async def test_what_was_allowed_before_a_reload_is_judged_anew(rig: RigMaker) -> None:
    made = await rig(answers(*[OK] * 3))
    client = await made.client()
    actual = GET[:-2] + b"Sec-Fetch-Site: cross-site\r\n\r\n"
    preflight = GET.replace(b"GET", b"OPTIONS")[:-2] + b"Access-Control-Request-Method: PUT\r\n\r\n"
    await client.send((actual + preflight) * 2)
    for status in (200, 204) * 2:
        assert (await client.response()).status == status
    (site,) = made.gateway.config.policy.sites.values()
    made.adopt(Policy({HOST: replace(site, rules=OriginTable([]))}))
    await client.send(actual + preflight + GET.replace(b"1.1", b"9.9"))
    for status in (403, 403, 505):
        response = await client.response()
        assert (response.status, response.values(b"access-control-allow-origin")) == (status, [])


@pytest.mark.parametrize(
    ("request_line", "more", "status"),
    [
        pytest.param(b"GET", b"Sec-Fetch-Site: cross-site\r\n", 200, id="actual"),
        pytest.param(b"OPTIONS", b"Access-Control-Request-Method: PUT\r\n", 204, id="preflight"),
    ],
)
async def test_who_asks_the_same_again_is_judged_by_the_rules_of_now(
    rig: RigMaker, request_line: bytes, more: bytes, status: int
) -> None:
    made = await rig(answers(*[OK] * 6))
    client = await made.client()
    again = GET.replace(b"GET", request_line)[:-2] + more + b"\r\n"
    for _ in range(6):
        await client.send(again)
        assert (await client.response()).status == status
    (site,) = made.gateway.config.policy.sites.values()
    made.adopt(Policy({HOST: replace(site, rules=OriginTable([]))}))
    await client.send(again)
    response = await client.response()
    assert (response.status, response.values(b"access-control-allow-origin")) == (403, [])


async def test_a_second_address_is_tried_where_the_first_refuses(rig: RigMaker) -> None:
    made = await rig(answers(OK, OK))
    there = UpstreamUrl("http", "127.0.0.1", made.upstream.port, b"/vtenext")
    with refusing() as port:
        upstream = Upstream((UpstreamUrl("http", "127.0.0.1", port), there), timeouts=Timeouts())
        made.adopt(Policy({HOST: replace(SITE, upstream=upstream)}))
        for _ in range(2):
            client = await made.client()
            await client.send(GET)
            assert (await client.response()).body == b"ok"
            client.close()


async def test_the_upstreams_prefix_and_host_are_put_before_the_path(rig: RigMaker) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(b"HTTP/1.1 302 Found\r\nLocation: http://crm.lan/vtenext/b?c\r\nContent-Length: 0\r\n\r\n")

    made = await rig(script, prefix=b"/vtenext", host=b"crm.lan")
    client = await made.client()
    await client.send(GET)
    response = await client.response()
    assert heads[0].startswith(b"GET /vtenext/a HTTP/1.1\r\nHost: crm.lan\r\n")
    assert b"\r\nX-Forwarded-Host: crm.customer.example\r\n" in heads[0]
    assert response.values(b"location") == [b"http://crm.customer.example/b?c"]


async def test_a_fault_of_our_own_cuts_both_sides_and_says_internal(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise KeyError("a bug")

    monkeypatch.setattr("gateway.relay.exchange.response_octets", broken)
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET)
    assert await client.gone()
    assert (await made.record()).reason is Reason.INTERNAL
    assert [event for event, _ in made.hints] == ["internal.error"]
    assert made.gateway.upstreams == set()
    made.gateway.often = Often(made.gateway.policy, broken)
    client = await made.client()
    await client.send(GET)
    assert await client.gone()
    assert made.gateway.clients == set()


async def test_nothing_is_kept_of_hosts_that_were_asked_for(rig: RigMaker) -> None:
    made = await rig(answers(OK, OK, OK))
    made.adopt(Policy({}, any_host=made.gateway.policy.site_for(HOST)))
    site = made.gateway.policy.any_host
    assert site is not None
    pool = made.gateway.pool(site.upstream)
    for number in range(3):
        client = await made.client()
        await client.send(GET.replace(HOST, b"host%d.example" % number))
        assert (await client.response()).body == b"ok"
    assert pool.idle_routes <= 1
    for connection in tuple(made.gateway.upstreams):
        connection.abort()
    await until(lambda: pool.idle_routes == 0)
