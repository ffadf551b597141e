"""Who is let in: so many at a time, so many from an address, and some more to be told that there is no room."""

import asyncio
import socket
from dataclasses import replace
from ipaddress import ip_network

import pytest

from gateway.config.model import Listener, ListenerLimits
from gateway.policy.reason import Reason
from gateway.relay.admission import TOLD_CONNECTIONS, TOLD_PER_ADDRESS, Admission, Entry, network_of
from gateway.relay.client import ClientConnection
from gateway.relay.handshake import Handshake
from gateway.relay.record import Oddity, Outcome
from tests.relay.conftest import Rig, RigMaker
from tests.relay.peers import Peer, answers, until
from tests.relay.policies import ADDIN, SITE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"
PREFLIGHT = GET.replace(b"GET", b"OPTIONS").replace(b"\r\n\r\n", b"\r\nAccess-Control-Request-Method: PUT\r\n\r\n")
LISTENER = Listener("127.0.0.1", 0)


class Member(Handshake):
    """Somebody who is connected, as far as admission is concerned."""

    __slots__ = ("cut",)

    def __init__(self) -> None:  # a connection without a loop: nothing of it is used but its identity
        self.cut = False

    def abort(self) -> None:
        self.cut = True


def admission_of(connections: int, per_address: int) -> Admission:
    limits = ListenerLimits(connections=connections, connections_per_address=per_address)
    return Admission(replace(LISTENER, limits=limits))


def enter(admission: Admission, *addresses: str | None) -> list[Member]:
    """Let somebody in from each address, and hold that there was room."""
    members = [Member() for _ in addresses]
    for member, address in zip(members, addresses, strict=True):
        assert admission.enter(member, address) is Entry.SERVED
    return members


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("2001:db8:1:2::", "20010db800010002"),
        ("2001:db8:1:3::", "20010db800010003"),
        ("", ""),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_an_address_that_has_too_many_lets_go_its_own_that_is_idle_longest() -> None:
    admission = admission_of(10, 2)
    other, first, second = enter(admission, "192.0.2.1", "192.0.2.7", "192.0.2.7")
    admission.busy(first)
    (third,) = enter(admission, "192.0.2.7")
    assert (other.cut, first.cut, second.cut) == (False, False, True)
    admission.leave(second)
    admission.busy(third)
    assert admission.enter(Member(), "192.0.2.7") is Entry.TOLD
    (further,) = enter(admission, "192.0.2.8")
    assert admission.connected == 4
    admission.idle(third)
    enter(admission, "192.0.2.7")
    assert third.cut
    assert not further.cut


def test_all_that_share_a_proxy_are_not_counted_by_its_address() -> None:
    admission = admission_of(10, 1)
    enter(admission, None, None, None)
    assert admission.addresses == 0


def test_of_a_full_listener_the_longest_idle_goes_whatever_its_address() -> None:
    admission = admission_of(2, 2)
    oldest, older = enter(admission, "192.0.2.1", "192.0.2.2")
    admission.busy(oldest)
    enter(admission, "192.0.2.3")
    assert (oldest.cut, older.cut) == (False, True)


def test_nothing_is_kept_of_who_has_left() -> None:
    admission = admission_of(2, 1)
    members = enter(admission, "192.0.2.1", "2001:db8::1")
    for member in members:
        admission.busy(member)
    told = [Member() for _ in range(TOLD_CONNECTIONS)]
    for number, member in enumerate(told):
        assert admission.enter(member, f"198.51.100.{number}") is Entry.TOLD
    cut = Member()
    assert admission.enter(cut, "203.0.113.1") is Entry.CUT
    assert admission.addresses == 2
    for member in (*members, cut, *told, told[0]):
        admission.leave(member)
    assert (admission.connected, admission.addresses) == (0, 0)
    assert admission.enter(Member(), "198.51.100.1") is Entry.SERVED


def test_no_address_takes_all_the_room_there_is_to_be_told() -> None:
    admission = admission_of(1, 1)
    (served,) = enter(admission, "192.0.2.1")
    admission.busy(served)
    entries = [admission.enter(Member(), "192.0.2.1") for _ in range(TOLD_PER_ADDRESS + 1)]
    assert entries == [Entry.TOLD] * TOLD_PER_ADDRESS + [Entry.CUT]
    assert admission.enter(Member(), "192.0.2.2") is Entry.TOLD


async def busy_rig(rig: RigMaker, limits: ListenerLimits) -> Rig:
    """Return a rig whose upstream answers nothing, with one request under way."""

    async def never(peer: Peer) -> None:
        await peer.gone()

    made = await rig(never, limits=limits)
    await (await made.client()).send(GET)
    await until(lambda: made.upstream.connections)
    return made


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param(ListenerLimits(connections=1), id="whole"),
        pytest.param(ListenerLimits(connections_per_address=1), id="by-address"),
    ],
)
async def test_who_finds_no_room_gets_its_preflight_and_a_503_that_it_can_read(
    rig: RigMaker, limits: ListenerLimits
) -> None:
    made = await busy_rig(rig, limits)
    for request, status, retry_after in ((PREFLIGHT, 204, []), (GET, 503, [b"1"])):
        client = await made.client()
        await client.send(request + request)
        response = await client.response(method=request.split(b" ")[0])
        assert (response.status, response.values(b"connection")) == (status, [b"close"])
        assert response.values(b"access-control-allow-origin") == [ADDIN]
        assert response.values(b"retry-after") == retry_after
        assert await client.rest() == b""  # the second request is for nobody
    assert [(await made.record()).reason for _ in range(2)] == [Reason.PREFLIGHT_ALLOWED, Reason.GATEWAY_BUSY]
    assert made.upstream.connections == 1
    assert made.hints == [("listener.full", {"listener": "127.0.0.1:0"})]


async def test_when_there_is_no_room_to_tell_it_either_the_connection_is_cut_and_counted(rig: RigMaker) -> None:
    made = await busy_rig(rig, ListenerLimits(connections=1))
    told = [await made.client() for _ in range(TOLD_PER_ADDRESS)]
    await until(lambda: len(made.gateway.clients) == 1 + TOLD_PER_ADDRESS)
    assert await (await made.client()).gone()
    assert made.gateway.outcomes() == {Outcome(None, Reason.GATEWAY_BUSY, 0): 1}
    told[0].close()
    await until(lambda: len(made.gateway.clients) == TOLD_PER_ADDRESS)
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).status == 503


async def test_who_has_not_taken_all_of_its_answer_is_not_idle(rig: RigMaker) -> None:
    body = bytes(60_000)  # less than what we hold for a client, and more than its socket and ours take here
    made = await rig(
        answers(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body),
        limits=ListenerLimits(connections=1),
    )
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", made.port))
    reader = Peer(*await asyncio.open_connection(sock=sock))
    reader.read_on(wanted=False)
    await until(lambda: made.gateway.clients)
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    assert connection.transport is not None
    ours = connection.transport.get_extra_info("socket")
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    await reader.send(GET)
    assert (await made.record()).status == 200
    assert connection.transport.get_write_buffer_size()
    other = await made.client()
    await other.send(GET)
    assert (await other.response()).status == 503
    reader.read_on(wanted=True)
    assert (await reader.response()).body == body
    made.sweep(1)
    last = await made.client()
    assert await reader.gone()  # it is idle now
    await last.send(PREFLIGHT)
    assert (await last.response(method=b"OPTIONS")).status == 204
    await reader.ended()


async def test_who_is_only_told_is_held_to_the_deadline_of_a_head(rig: RigMaker) -> None:
    made = await busy_rig(rig, ListenerLimits(connections=1, head_seconds=10))
    client = await made.client()
    await until(lambda: len(made.gateway.clients) == 2)
    made.sweep(11)
    assert await client.rest() == b""


async def test_connections_of_a_trusted_proxy_are_not_counted_by_address(rig: RigMaker) -> None:
    made = await rig(
        answers(OK, OK, OK),
        limits=ListenerLimits(connections_per_address=1),
        trusted_proxies=(ip_network("127.0.0.1"),),
    )
    clients = [await made.client() for _ in range(3)]
    for client in clients:
        await client.send(GET)
        assert (await client.response()).body == b"ok"


async def test_what_is_odd_and_taken_is_counted(rig: RigMaker) -> None:
    made = await rig(answers(OK, OK.replace(b"\r\n\r\n", b"\r\naccess-control-allow-origin: *\r\n\r\n"), OK))
    client = await made.client()
    await client.send(GET.replace(ADDIN, ADDIN + b"/") + GET.replace(b"\r\n\r\n", b"\r\nX_Real_IP: a\r\n\r\n") + GET)
    for _ in range(3):
        assert (await client.response()).body == b"ok"
    assert made.gateway.oddities() == {(SITE.name, oddity): 1 for oddity in Oddity}


async def test_every_outcome_is_counted(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET + PREFLIGHT + PREFLIGHT)
    await client.response()
    for _ in range(2):
        await client.response(method=b"OPTIONS")
    name = SITE.name
    assert made.gateway.outcomes() == {
        Outcome(name, Reason.ALLOWED, 2): 1,
        Outcome(name, Reason.PREFLIGHT_ALLOWED, 2): 2,
    }
