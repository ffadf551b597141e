"""What TLS connections are read by way of: one buffer, which has room for all there is."""

import pytest

from gateway.policy.model import UpstreamTls
from gateway.relay.decrypted import ROOM, STEP_OCTETS, Room
from tests.relay.conftest import RigMaker, TlsContexts
from tests.relay.peers import Peer, ScriptedUpstream
from tests.relay.policies import ADDIN

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n\r\n"


@pytest.mark.parametrize("octets", [1, STEP_OCTETS, STEP_OCTETS + 1, 290_000])
def test_there_is_room_for_as_much_as_is_asked_for(octets: int) -> None:
    room = Room()
    assert len(room.of(1)) == STEP_OCTETS
    assert octets <= len(room.of(octets)) < octets + STEP_OCTETS


def test_it_does_not_get_smaller_or_another_one_for_less() -> None:
    room = Room()
    large = room.of(STEP_OCTETS + 1)
    assert room.of(1) is large


def test_what_is_taken_is_so_many_octets_and_stays_as_it_was() -> None:
    room = Room()
    room.of(100)[:6] = b"first "
    taken = room.first(5)
    room.of(100)[:6] = b"second"
    assert taken == b"first"


async def test_uvloop_uses_it_on_both_sides_and_asyncio_does_without(rig: RigMaker, tls_contexts: TlsContexts) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        came.append(ROOM.first(len(GET)))
        await peer.send(OK)

    came: list[bytes] = []
    ROOM.of(len(GET))[: len(GET)] = bytes(len(GET))
    upstream = ScriptedUpstream([script], tls=tls_contexts[0])
    made = await rig(upstream=upstream, tls=UpstreamTls(verify=False), trusting=tls_contexts)
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    by_uvloop = type(made.gateway.loop).__module__ == "uvloop"
    assert (came == [GET], ROOM.first(len(OK)) == OK) == (by_uvloop, by_uvloop)
