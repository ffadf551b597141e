"""Where a message ends on the wire, however its octets are parted, and what is behind it (contract 2, 3, 5, 9; R2)."""

import asyncio

import pytest

from gateway.policy.reason import Reason
from tests.cost.exchanges import Bench
from tests.relay.conftest import RigMaker
from tests.relay.peers import Peer, answers, until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"
CHUNKED = b"POST /p HTTP/1.1\r\nHost: crm.customer.example\r\nTransfer-Encoding: chunked\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: 4\r\n\r\n"
REFUSED = CHUNKED.replace(b"\r\n\r\n", b"\r\nOrigin: https://evil.example\r\n\r\n")


async def pieces(peer: Peer, *octets: bytes) -> None:
    """Send octets so that each of them is read by itself: both ends are on this loop."""
    for piece in octets:
        await peer.send(piece)
        for _ in range(20):
            await asyncio.sleep(0)


async def test_chunk_lines_in_pieces_end_no_body_on_its_way_up(rig: RigMaker) -> None:
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        await peer.head()
        got.set_result(await peer.read_until(b"0\r\n\r\n"))
        await peer.send(OK)

    made = await rig(script)
    client = await made.client()
    await pieces(client, CHUNKED, b"3", b"\r", b"\nabc", b"\r\n", b"2\r\nde\r\n0", b"\r\n", b"\r\n")
    assert (await client.response()).body == b"ok"
    assert await got == b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


async def test_chunk_lines_in_pieces_end_no_body_on_its_way_down(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        await pieces(peer, head, b"3", b"\r", b"\nabc", b"\r\n", b"2\r\nde\r\n0", b"\r\n", b"\r\n")

    made = await rig(script)
    client = await made.client()
    await client.send(GET)
    await client.head()
    assert await client.read_until(b"0\r\n\r\n") == b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert (await made.record()).reason is Reason.NOT_CORS


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"x" + GET, id="no-size"),
        pytest.param(b"3\r\nabcd" + GET, id="more-than-its-size"),
        pytest.param(b"3;a=b\r\nabc\r\n0\r\n\r\n" + GET, id="extension"),
    ],
)
async def test_a_refusal_whose_body_breaks_its_coding_is_the_last_answer(rig: RigMaker, body: bytes) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(REFUSED + body)
    response = await client.response()
    assert (response.status, response.values(b"connection")) == (403, [b"close"])
    assert await client.rest() == b""
    assert made.upstream.connections == 0


async def test_what_follows_the_last_answer_is_no_request(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(b"GET / HTTP/9.9\r\n\r\n")
    assert (await client.response()).status == 505
    assert await client.some() == b""  # our FIN: we read on
    await pieces(client, GET, GET)
    client.finish_sending()
    await until(lambda: not made.gateway.clients)
    assert (await made.record()).status == 505
    assert made.records.empty()
    assert made.upstream.connections == 0


async def test_what_comes_with_the_end_of_a_head_in_parts_is_not_lost(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        assert (await peer.head()).startswith(b"POST ")
        body = await peer.exactly(3)
        await peer.send(OK.replace(b": 2", b": 3")[:-2] + body)
        await peer.head()
        await pieces(peer, OK[:10], OK[10:])
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    asked = b"POST /p HTTP/1.1\r\nHost: crm.customer.example\r\nContent-Length: 3\r\n\r\nabc"
    await pieces(client, asked[:9], asked[9:] + GET)
    assert [(await client.response()).body for _ in range(2)] == [b"abc", b"ok"]


async def test_a_part_of_a_request_that_looks_like_one_is_none(rig: RigMaker) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            heads.append(await peer.head())
            await peer.send(OK)

    made = await rig(script)
    client = await made.client()
    inner = b"GET /admin HTTP/1.0\r\n\r\n"
    for _ in range(2):
        await pieces(client, GET[:-2] + b"X-Told: ", inner)
        assert (await client.response()).body == b"ok"
    assert [head.split(b" ")[1] for head in heads] == [b"/a", b"/a"]
    assert all(b"\r\nX-Told: GET /admin HTTP/1.0\r\n" in head for head in heads)


async def test_a_part_of_an_answer_that_looks_like_one_is_none(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.head()
            await pieces(peer, OK[:-4] + b"X-Told: ", b"HTTP/1.1 204 No Content\r\n\r\n", b"ok")
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    for _ in range(2):
        await client.send(GET)
        response = await client.response()
        assert (response.status, response.body) == (200, b"ok")
        assert response.values(b"x-told") == [b"HTTP/1.1 204 No Content"]
    assert made.upstream.connections == 1


async def test_an_empty_line_before_each_request_is_passed_over(rig: RigMaker) -> None:
    made = await rig(answers(OK, OK, OK))
    client = await made.client()
    for _ in range(3):
        await pieces(client, b"\r\n", GET)
        assert (await client.response()).body == b"ok"


async def test_octets_behind_a_sized_answer_are_nobodys(rig: RigMaker) -> None:
    made = await rig(answers(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"), answers(OK))
    client = await made.client()
    for connections in (1, 2):
        await client.send(GET)
        assert (await client.response()).body == b"ok"
        assert made.upstream.connections == connections


async def test_a_sized_answer_that_comes_in_parts_is_whole_with_the_last_of_them(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.head()
            await pieces(peer, OK[:-2], b"o", b"k")
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    for _ in range(2):
        await client.send(GET)
        assert (await client.response()).body == b"ok"
    assert made.upstream.connections == 1


async def test_an_old_client_that_would_be_kept_is_closed_where_that_is_the_answers_end(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
        peer.close()

    made = await rig(script)
    client = await made.client()
    await client.send(b"GET /a HTTP/1.0\r\nHost: crm.customer.example\r\nConnection: keep-alive\r\n\r\n")
    response = await client.response()
    assert (response.body, response.values(b"connection")) == (b"abc", [b"close"])


async def test_what_waited_of_one_body_goes_up_with_it_alone(rig: RigMaker) -> None:
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        assert (await peer.head()).startswith(b"POST ")
        got.append(await peer.exactly(4))
        await until(lambda: len(got) == 3)
        await peer.send(OK)

    made = await rig(script)
    clients = [await made.client() for _ in range(3)]
    bodies = [b"aaaa", b"bbbb", b"cccc"]
    for client, body in zip(clients, bodies, strict=True):
        await client.send(POST + body)
    for client in clients:
        assert (await client.response()).body == b"ok"
    assert sorted(got) == bodies


async def test_a_body_that_comes_with_its_head_goes_up_in_one_write_and_what_is_behind_it_is_the_next_request() -> None:
    bench = Bench()
    request = POST + b"a" * 4
    bench.client.data_received(request + POST + b"b" * 3)
    first = bench.up.written
    assert (first[:8], first[-8:]) == (b"POST /p ", b"\r\n\r\naaaa")
    bench.upstream.data_received(OK)
    assert bench.up.written == b"b" * 3
    bench.client.data_received(b"b")
    assert bench.up.written == b"b"
    bench.upstream.data_received(OK)
    assert bench.down.written.endswith(b"ok")


async def test_requests_that_come_one_by_one_while_another_is_served_are_all_answered(rig: RigMaker) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        for number in (b"1", b"2", b"3", b"4"):
            assert (await peer.head()).startswith(b"GET /" + number)
            asked.set()
            await release.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + number)
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    await client.send(GET.replace(b"/a", b"/1"))
    await asked.wait()
    await pieces(client, *(GET.replace(b"/a", b"/" + number) for number in (b"2", b"3", b"4")))
    release.set()
    assert [(await client.response()).body for _ in range(4)] == [b"1", b"2", b"3", b"4"]
