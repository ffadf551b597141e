"""How a process that is told to go does so (contract 21; R17)."""

import asyncio

from gateway.service.process import drained
from tests.relay.conftest import RigMaker
from tests.relay.peers import Peer, answers, until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"


async def test_what_is_under_way_is_waited_for_and_no_longer(rig: RigMaker) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await release.wait()
        await peer.send(OK)

    made = await rig(slow)
    client = await made.client()
    await client.send(GET)
    await asked.wait()
    done = asyncio.create_task(drained(made.gateway))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not done.done()
    release.set()
    response = await client.response()
    assert (response.body, response.values(b"connection")) == (b"ok", [b"close"])
    client.close()
    await done


async def test_an_answer_of_our_own_says_close_too(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await until(lambda: made.gateway.clients)
    made.gateway.drain()
    await client.send(GET.replace(b"crm.", b"other."))
    response = await client.response()
    assert (response.status, response.values(b"connection")) == (421, [b"close"])
    assert await client.rest() == b""


async def test_stopping_cuts_what_is_parked(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    assert made.gateway.upstreams
    made.gateway.stop()
    await until(lambda: not made.gateway.upstreams and not made.gateway.clients)
