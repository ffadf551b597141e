"""PROXY headers: read first of all from proxies that are trusted, and from nobody else (contract item 1)."""

import ssl
from ipaddress import ip_network

import pytest

from gateway.config.model import Listener, ListenerLimits
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection
from gateway.relay.record import Outcome
from tests.http1.test_proxy_protocol import V1, extension, v2
from tests.relay.conftest import Rig, RigMaker, TlsContexts
from tests.relay.peers import Peer, until
from tests.relay.policies import ADDIN

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n"
LISTENER = Listener("127.0.0.1", 0, proxy_protocol=True)
PROXY = ip_network("127.0.0.1")


class Upstream:
    """Keeps the heads of requests, and answers each."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def __call__(self, peer: Peer) -> None:
        while True:
            self.heads.append(await peer.head())
            await peer.send(OK)


async def made_by(rig: RigMaker, upstream: Upstream, trusting: TlsContexts | None = None) -> Rig:
    return await rig(upstream, listener=LISTENER, trusted_proxies=(PROXY,), trusting=trusting)


async def introduced(made: Rig, header: bytes, trusting: TlsContexts | None) -> Peer:
    """Return a client behind a proxy that has sent `header`, and has then shaken hands."""
    client = await made.raw_client()
    if trusting is None:
        client.writer.write(header)
        return client
    await client.send(header)
    await client.writer.start_tls(trusting[1], server_hostname="crm.customer.example")
    return client


@pytest.fixture(params=["plain", "tls"])
def trusting(request: pytest.FixtureRequest) -> TlsContexts | None:
    return request.getfixturevalue("tls_contexts") if request.param == "tls" else None


@pytest.mark.parametrize(
    ("header", "address"),
    [
        pytest.param(V1, "192.0.2.7", id="v1"),
        pytest.param(v2("192.0.2.7", "198.51.100.1"), "192.0.2.7", id="v2"),
        pytest.param(v2("2001:db8::7", "2001:db8::1"), "2001:db8::7", id="v2-ipv6"),
        pytest.param(
            v2("192.0.2.7", "198.51.100.1", extension(0x04, bytes(4000))), "192.0.2.7", id="v2-longer-than-a-look"
        ),
        pytest.param(V1.replace(b"192.0.2.7", b"127.0.0.1"), "127.0.0.1", id="v1-an-address-that-is-trusted"),
        pytest.param(b"PROXY UNKNOWN\r\n", "127.0.0.1", id="v1-unknown"),
        pytest.param(v2("192.0.2.7", "198.51.100.1", command=0x20), "127.0.0.1", id="v2-local"),
    ],
)
async def test_a_trusted_proxy_says_whose_connection_it_is(
    rig: RigMaker, trusting: TlsContexts | None, header: bytes, address: str
) -> None:
    upstream = Upstream()
    made = await made_by(rig, upstream, trusting)
    client = await introduced(made, header, trusting)
    # Nobody who is announced is trusted, not even whoever the proxy does not know: what it says of itself is nothing.
    spoofed = b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
    await client.send((GET + spoofed + b"\r\n") * 2)
    for _ in range(2):
        assert (await client.response()).body == b"ok"
        assert (await made.record()).client == address
    for head in upstream.heads:
        assert b"\r\nX-Forwarded-For: %b\r\n" % address.encode() in head
        assert (b"\r\nX-Forwarded-Proto: https\r\n" in head) is (trusting is not None)


async def test_a_header_may_come_octet_by_octet_with_the_request_behind_it(rig: RigMaker) -> None:
    upstream = Upstream()
    made = await made_by(rig, upstream)
    client = await made.raw_client()
    for octet in v2("192.0.2.7", "198.51.100.1") + GET + b"\r\n":
        await client.send(bytes([octet]))
    assert (await client.response()).body == b"ok"
    assert (await made.record()).client == "192.0.2.7"


async def test_a_proxy_that_ended_tls_says_that_it_did(rig: RigMaker) -> None:
    upstream = Upstream()
    made = await made_by(rig, upstream)
    client = await made.raw_client()
    await client.send(v2("192.0.2.7", "198.51.100.1", extension(0x20, b"\x01" + bytes(4))) + GET + b"\r\n")
    assert (await client.response()).body == b"ok"
    assert b"\r\nX-Forwarded-Proto: https\r\n" in upstream.heads[0]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(GET + b"\r\n", id="a-request"),
        pytest.param(b"PROXY TCP4 192.0.2.7\r\n" + GET + b"\r\n", id="a-broken-header"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="tls"),
    ],
)
async def test_a_trusted_proxy_that_sends_no_header_is_closed_told_and_counted(rig: RigMaker, sent: bytes) -> None:
    made = await made_by(rig, Upstream())
    for _ in range(3):
        client = await made.raw_client()
        await client.send(sent)
        assert await client.gone()
    await until(lambda: not made.gateway.clients)
    assert made.gateway.outcomes() == {Outcome(None, Reason.PROXY_HEADER_MALFORMED, 0): 3}
    assert [(event, details["peer"]) for event, details in made.hints] == [("proxy.header", "127.0.0.1")]
    assert made.upstream.connections == 0
    assert made.admission.connected == 0


async def test_nobody_else_can_announce_anybody(rig: RigMaker) -> None:
    upstream = Upstream()
    made = await rig(upstream, listener=LISTENER, trusted_proxies=(ip_network("192.0.2.0/24"),))
    liar = await made.raw_client()
    await liar.send(V1 + GET + b"\r\n")
    assert (await liar.response()).status == 400
    assert (await made.record()).client == "127.0.0.1"
    honest = await made.raw_client()
    await honest.send(GET + b"\r\n")
    assert (await honest.response()).body == b"ok"
    assert b"\r\nX-Forwarded-For: 127.0.0.1\r\n" in upstream.heads[0]


async def test_without_the_key_a_header_is_no_request(rig: RigMaker) -> None:
    made = await rig(Upstream(), trusted_proxies=(PROXY,))
    client = await made.raw_client()
    await client.send(V1 + GET + b"\r\n")
    assert (await client.response()).status == 400


async def test_a_header_that_does_not_end_is_waited_for_as_long_as_a_handshake(rig: RigMaker) -> None:
    made = await made_by(rig, Upstream())
    silent, dripping, leaving = [await made.raw_client() for _ in range(3)]
    await dripping.send(b"PROXY")
    await leaving.send(b"PROXY")
    await until(lambda: len(made.gateway.clients) == 3)
    leaving.close()
    await until(lambda: len(made.gateway.clients) == 2)
    made.sweep(9)
    await dripping.send(b" TCP4")  # puts nothing off
    made.sweep(11)
    assert await silent.gone()
    assert await dripping.gone()
    await until(lambda: not made.gateway.clients)
    assert made.gateway.outcomes() == {Outcome(None, Reason.HANDSHAKE_TIMEOUT, 0): 2}
    assert made.admission.connected == 0


async def test_connections_are_counted_by_the_address_that_is_announced(rig: RigMaker) -> None:
    listener = Listener(
        "127.0.0.1", 0, proxy_protocol=True, limits=ListenerLimits(connections_per_address=1, handshake_seconds=10)
    )
    made = await rig(Upstream(), listener=listener, trusted_proxies=(PROXY,))
    first = await introduced(made, V1, None)
    other = await introduced(made, v2("192.0.2.8", "198.51.100.1"), None)
    await until(lambda: sum(isinstance(one, ClientConnection) for one in made.gateway.clients) == 2)
    second = await introduced(made, V1, None)
    assert await first.gone()  # it was idle, and there may be one of that address
    for client in (other, second):
        await client.send(GET + b"\r\n")
        assert (await client.response()).body == b"ok"


async def test_octets_behind_the_header_are_left_to_tls(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    made = await made_by(rig, Upstream(), tls_contexts)
    client = await made.raw_client()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = tls_contexts[1].wrap_bio(incoming, outgoing, server_hostname="crm.customer.example")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    await client.send(V1 + outgoing.read())  # in one piece
    incoming.write(await client.some())
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            incoming.write(await client.some())
    tls.write(GET + b"\r\n")
    await client.send(outgoing.read())
    assert (await made.record()).client == "192.0.2.7"
