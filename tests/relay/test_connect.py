"""New connections to an upstream: how they are begun, and that they end with who waits for them (contract 18; R13)."""

import asyncio
import errno
import socket
from dataclasses import replace
from typing import Any

import pytest

from gateway.policy.model import Policy, Timeouts, Upstream, UpstreamUrl
from gateway.policy.reason import Reason
from gateway.relay.attempt import Attempt
from gateway.relay.connection import NEVER
from gateway.relay.names import Names
from gateway.relay.upstream import UpstreamConnection
from tests.relay.conftest import RigMaker
from tests.relay.peers import answers, connect_by, never, refusing, until
from tests.relay.policies import HOST, SITE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BOTH = ((socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1"))
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"


def resolve_to(monkeypatch: pytest.MonkeyPatch, addresses: tuple[tuple[socket.AddressFamily, str], ...]) -> None:
    """Have every name lead to these addresses."""

    def resolved(_: Names, __: str) -> tuple[tuple[socket.AddressFamily, str], ...]:
        return addresses

    monkeypatch.setattr(Names, "addresses", resolved)


async def test_the_first_address_family_has_a_head_start_and_no_more(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {}

    async def refused(*_: object, **given: object) -> socket.socket:
        options.update(given)
        raise ConnectionRefusedError

    monkeypatch.setattr("aiohappyeyeballs.start_connection", refused)
    resolve_to(monkeypatch, BOTH)
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).status == 502
    assert (await made.record()).reason is Reason.UPSTREAM_REFUSED
    assert options["happy_eyeballs_delay"] == 0.25  # RFC 8305, 5


@pytest.mark.parametrize("addresses", [BOTH[1:], BOTH], ids=["one-address", "a-choice"])
async def test_who_leaves_ends_the_attempt(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch, addresses: tuple[tuple[socket.AddressFamily, str], ...]
) -> None:
    cancelled = asyncio.Event()

    async def long(*_: object, **__: object) -> None:
        try:
            await never()
        finally:
            cancelled.set()

    resolve_to(monkeypatch, addresses)
    made = await rig(answers(OK), timeouts=Timeouts(connect=1000))  # by which no attempt ends here
    connect_by(monkeypatch, made.upstream.port, long)
    monkeypatch.setattr("aiohappyeyeballs.start_connection", long)
    client = await made.client()
    await client.send(GET)
    await until(lambda: any(isinstance(one, Attempt) for one in made.gateway.upstreams))
    client.close()
    await until(cancelled.is_set)
    assert (await made.record()).reason is Reason.CLIENT_GONE
    assert made.gateway.upstreams == set()


@pytest.mark.parametrize("addresses", [((socket.AF_INET, "127.0.0.1"),), BOTH], ids=["one-address", "a-choice"])
async def test_who_leaves_while_the_connection_is_being_handed_over_ends_it(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch, addresses: tuple[tuple[socket.AddressFamily, str], ...]
) -> None:
    resolve_to(monkeypatch, addresses)
    made_at_once = UpstreamConnection.connection_made
    made = await rig(answers(OK))
    client = await made.client()

    def left_meanwhile(self: UpstreamConnection, transport: asyncio.BaseTransport) -> None:
        made_at_once(self, transport)
        for served in tuple(made.gateway.clients):
            served.abort()
        (attempt,) = (each for each in made.gateway.upstreams if isinstance(each, Attempt))
        attempt.abort()

    monkeypatch.setattr(UpstreamConnection, "connection_made", left_meanwhile)
    await client.send(GET)
    await until(lambda: made.upstream.peers and made.upstream.peers[0].reader.at_eof())
    assert (await made.record()).reason is Reason.CLIENT_GONE
    assert made.gateway.upstreams == set()


async def test_what_fails_at_once_is_told_once_the_exchange_knows_of_its_attempt(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    made = await rig(answers(OK))
    connect_by(monkeypatch, made.upstream.port, fails)
    client = await made.client()
    for _ in range(2):
        await client.send(GET)
        assert (await client.response()).status == 502
    assert (await made.record()).reason is Reason.UPSTREAM_UNREACHABLE
    assert made.gateway.upstreams == set()
    (served,) = made.gateway.clients
    assert served.due < NEVER  # what waits for its next request is not kept for ever


async def at_once() -> None:
    pass


async def test_one_attempt_for_a_new_connection_and_none_for_a_parked_one(
    rig: RigMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await rig(answers(OK, OK))
    times = connect_by(monkeypatch, made.upstream.port, at_once)
    client = await made.client()
    for _ in range(2):
        await client.send(GET)
        assert (await client.response()).body == b"ok"
    assert len(times) == 1


async def test_each_upstream_has_its_turn_and_the_next_one_is_tried_where_it_refuses(rig: RigMaker) -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    made = await rig(answers(closing))
    with refusing() as port:
        urls = tuple(UpstreamUrl("http", "127.0.0.1", number) for number in (port, made.upstream.port))
        made.adopt(Policy({HOST: replace(SITE, upstream=Upstream(urls))}))
        client = await made.client()
        for number in range(1, 5):
            await client.send(GET)
            assert (await client.response()).body == b"ok"
            assert made.upstream.connections == number
