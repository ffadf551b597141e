"""Several servers, and which of them are up: turns, failover, checks, and a site that is down slows no other (R13)."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import trustme

from gateway.policy.model import Health, Policy, SiteLimits, Timeouts, Upstream, UpstreamTls, UpstreamUrl
from gateway.policy.reason import Reason
from gateway.relay.health import Servers
from tests.relay.conftest import Rig, RigMaker
from tests.relay.peers import Peer, ScriptedUpstream, connect_by, never, until
from tests.relay.policies import ADDIN, HOST, SITE

GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"


class Server:
    """Answers every request with its name, and each check as it is told to."""

    def __init__(self, name: bytes, *, check: int = 200, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.check = check
        self.checks: list[bytes] = []
        self.upstream = ScriptedUpstream([self.serve], tls=tls)

    @property
    def url(self) -> UpstreamUrl:
        return UpstreamUrl("http", "127.0.0.1", self.upstream.port)

    async def serve(self, peer: Peer) -> None:
        while True:
            head = await peer.head()
            if b"/up HTTP/1.1" in head:
                self.checks.append(head)
                await peer.send(b"HTTP/1.1 %d X\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n" % self.check)
            else:
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + self.name)


@pytest.fixture
async def second() -> AsyncIterator[Server]:
    server = Server(b"2")
    async with server.upstream:
        yield server


async def ask(made: Rig) -> bytes:
    """Return who answered a request, or the status of our own answer."""
    client = await made.client()
    await client.send(GET)
    response = await client.response()
    client.close()
    return response.body if response.status == 200 else str(response.status).encode()


def servers_of(made: Rig) -> Servers:
    return made.gateway.pool(made.gateway.policy.sites[HOST].upstream).servers


async def stop(upstream: ScriptedUpstream) -> None:
    """End a server with its connections; it may be started again on its port."""
    await upstream.__aexit__(None, None, None)


def news(made: Rig) -> list[str]:
    return [event for event, _ in made.hints if event.startswith("upstream.")]


async def test_servers_take_turns(rig: RigMaker, second: Server) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, others=(second.url,))
    assert sorted([await ask(made) for _ in range(6)]) == [b"1"] * 3 + [b"2"] * 3
    assert (first.upstream.connections, second.upstream.connections) == (1, 1)  # each kept, and used again


async def test_one_that_is_down_is_passed_over_and_back_within_its_time(
    rig: RigMaker, second: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, others=(second.url,))
    assert {await ask(made) for _ in range(2)} == {b"1", b"2"}
    await stop(second.upstream)
    await until(lambda: len(made.gateway.upstreams) == 1)
    assert [await ask(made) for _ in range(4)] == [b"1"] * 4
    assert news(made) == ["upstream.down"]
    assert made.hints[0][1]["reason"] == Reason.UPSTREAM_REFUSED
    assert not servers_of(made).is_up(second.url)
    assert servers_of(made).in_turn((second.url, first.url)) == (first.url, second.url)
    now = made.gateway.loop.time()
    monkeypatch.setattr(Servers, "_now", property(lambda _: now + 4.1))
    assert servers_of(made).is_up(second.url)
    async with ScriptedUpstream([second.serve], port=second.upstream.port):
        assert {await ask(made) for _ in range(2)} == {b"1", b"2"}
        assert news(made) == ["upstream.down", "upstream.up"]


async def test_with_none_up_each_is_tried_all_the_same(rig: RigMaker, second: Server) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, others=(second.url,))
    await stop(second.upstream)
    port = first.upstream.port
    await stop(first.upstream)
    assert [await ask(made) for _ in range(3)] == [b"502"] * 3
    assert (await made.record()).reason is Reason.UPSTREAM_REFUSED
    async with ScriptedUpstream([first.serve], port=port):
        assert [await ask(made) for _ in range(3)] == [b"1"] * 3


async def test_one_that_swallows_packets_leaves_time_to_the_next(
    rig: RigMaker, second: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, others=(second.url,), timeouts=Timeouts(connect=0.4))
    connect_by(monkeypatch, second.upstream.port, never)  # what swallows packets is nowhere to be had
    assert [await ask(made) for _ in range(4)] == [b"1"] * 4
    assert [details["reason"] for _, details in made.hints] == [Reason.UPSTREAM_CONNECT_TIMEOUT]


async def test_a_name_without_an_address_is_passed_over(rig: RigMaker) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, others=(UpstreamUrl("http", "crm.invalid", 80),))
    assert [await ask(made) for _ in range(3)] == [b"1"] * 3
    assert [details["reason"] for _, details in made.hints] == [Reason.UPSTREAM_NAME_UNRESOLVED]


async def test_the_only_server_is_never_passed_over(rig: RigMaker) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream)
    port = first.upstream.port
    await stop(first.upstream)
    assert await ask(made) == b"502"
    assert made.hints == []
    async with ScriptedUpstream([first.serve], port=port):
        assert await ask(made) == b"1"


@pytest.mark.parametrize("status", [500, 503])
async def test_one_that_fails_its_checks_gets_no_requests_until_it_passes_one(
    rig: RigMaker, second: Server, status: int
) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, others=(second.url,), health=Health(b"/up", 0.01))
    await until(lambda: first.checks and second.checks)
    assert {await ask(made) for _ in range(2)} == {b"1", b"2"}
    second.check = status
    await until(lambda: not servers_of(made).is_up(second.url))
    assert [await ask(made) for _ in range(4)] == [b"1"] * 4
    assert made.hints[0] == (
        "upstream.down",
        {
            "upstream": f"127.0.0.1:{second.upstream.port}",
            "reason": Reason.UPSTREAM_UNHEALTHY,
            "detail": f"the check was answered {status}",
        },
    )
    second.check = 302  # to a login page, mostly: it is up
    await until(lambda: servers_of(made).is_up(second.url))
    assert {await ask(made) for _ in range(2)} == {b"1", b"2"}
    assert news(made) == ["upstream.down", "upstream.up"]


async def test_where_there_are_checks_a_connection_alone_brings_nobody_back(rig: RigMaker, second: Server) -> None:
    first = Server(b"1", check=503)
    second.check = 503
    made = await rig(upstream=first.upstream, others=(second.url,), health=Health(b"/up", 0.01))
    await until(lambda: not servers_of(made).is_up(first.url) and not servers_of(made).is_up(second.url))
    assert {await ask(made) for _ in range(4)} == {b"1", b"2"}  # with none up, all are tried
    assert news(made) == ["upstream.down"] * 2


async def test_a_client_that_leaves_while_tls_is_agreed_upon_speaks_against_no_server(rig: RigMaker) -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with ScriptedUpstream([silent]) as one, ScriptedUpstream([silent]) as other:
        urls = [UpstreamUrl("https", "127.0.0.1", each.port) for each in (one, other)]
        made = await rig(silent)
        site = replace(SITE, upstream=Upstream(tuple(urls)))
        made.adopt(Policy({HOST: site}))
        client = await made.client()
        await client.send(GET)
        await until(lambda: one.connections or other.connections)
        client.cut()
        assert (await made.record()).reason is Reason.CLIENT_GONE
        for _ in range(100):
            await asyncio.sleep(0)
        assert one.connections + other.connections == 1
        assert made.hints == []
        assert all(servers_of(made).is_up(url) for url in urls)


async def test_tls_that_hangs_leaves_time_to_the_next_and_is_told_as_such(rig: RigMaker, second: Server) -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with ScriptedUpstream([silent]) as hanging:
        made = await rig(upstream=Server(b"1").upstream)
        urls = (UpstreamUrl("https", "127.0.0.1", hanging.port), second.url)
        made.adopt(Policy({HOST: replace(SITE, upstream=Upstream(urls, timeouts=Timeouts(connect=2)))}))
        assert [await ask(made) for _ in range(3)] == [b"2"] * 3
        assert [details["reason"] for _, details in made.hints] == [Reason.UPSTREAM_CONNECT_TIMEOUT]


async def test_one_failed_check_is_none(rig: RigMaker, second: Server) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, others=(second.url,), health=Health(b"/up", 0.01))

    async def fails_every_other(peer: Peer) -> None:
        while True:
            second.checks.append(await peer.head())
            status = 500 if len(second.checks) % 2 else 200
            await peer.send(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)

    second.upstream.scripts[0] = fails_every_other
    second.checks.clear()
    await until(lambda: len(second.checks) > 6)
    assert made.hints == []


async def test_a_check_finds_a_server_that_has_gone_and_is_back(rig: RigMaker) -> None:
    first = Server(b"1")
    made = await rig(upstream=first.upstream, health=Health(b"/up", 0.01))
    port, url = first.upstream.port, first.url
    await until(lambda: first.checks)
    await stop(first.upstream)
    await until(lambda: not servers_of(made).is_up(url))
    assert await ask(made) == b"502"  # the only one there is is tried all the same
    async with ScriptedUpstream([first.serve], port=port):
        await until(lambda: servers_of(made).is_up(url))
        assert await ask(made) == b"1"


async def test_a_check_is_a_get_that_names_the_site_and_follows_nothing(rig: RigMaker) -> None:
    first = Server(b"1", check=302)
    made = await rig(upstream=first.upstream, health=Health(b"/up", 0.01), prefix=b"/crm")
    await until(lambda: len(first.checks) > 1)
    for check in first.checks:
        assert check.startswith(b"GET /crm/up HTTP/1.1\r\nHost: crm.customer.example\r\n")
        assert b"\r\nCookie:" not in check
    assert made.hints == []
    made.gateway.stop()
    checks = len(first.checks)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(first.checks) - checks <= 1


async def test_an_https_server_is_verified_in_checks_too(
    rig: RigMaker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("crm.lan").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    names: list[str | None] = []
    context.sni_callback = lambda _ssl, name, _context: names.append(name)
    ca = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    for tls, up in ((UpstreamTls(ca=str(ca), name="crm.lan"), True), (UpstreamTls(name="crm.lan"), False)):
        first = Server(b"1", tls=context)
        made = await rig(upstream=first.upstream, tls=tls, health=Health(b"/up", 0.01))
        url = UpstreamUrl("https", "127.0.0.1", first.upstream.port)
        await until(lambda: bool(first.checks) if up else not servers_of(made).is_up(url))  # noqa: B023 - asked at once
        assert bool(first.checks) is up
        made.gateway.stop()
    assert set(names) == {"crm.lan"}


async def test_a_slow_site_slows_no_other(rig: RigMaker, second: Server) -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    made = await rig(silent, site=replace(SITE, limits=SiteLimits(in_flight=50)))
    slow = made.gateway.policy.sites[HOST]
    quick = replace(slow, names=("quick.example",), upstream=Upstream((second.url,)))
    made.adopt(Policy({HOST: slow, b"quick.example": quick}))
    for _ in range(60):
        with contextlib.suppress(ConnectionError):
            await (await made.client()).send(GET)
    await until(lambda: made.upstream.connections == 50)
    client = await made.client()
    for _ in range(20):
        await client.send(GET.replace(HOST, b"quick.example"))
        assert (await client.response()).body == b"2"
