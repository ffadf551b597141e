"""Messages through the relay, octet for octet: heads, bodies, framing, connections (contract 3, 5 to 9, 11 to 13)."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from gateway.cors.origin import OriginTable
from gateway.policy.model import Paths, Policy, Timeouts
from gateway.policy.reason import Reason
from gateway.relay.client import ClientConnection
from gateway.relay.record import Oddity
from tests.relay.conftest import RigMaker
from tests.relay.peers import Peer, answers, until
from tests.relay.policies import ADDIN, HOST, RULE, SITE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /a HTTP/1.1\r\nHost: crm.customer.example\r\n\r\n"
CROSS = b"Origin: " + ADDIN + b"\r\nSec-Fetch-Site: cross-site\r\n"


def post(framing: bytes, body: bytes = b"", extra: bytes = b"") -> bytes:
    return b"POST /p HTTP/1.1\r\nHost: crm.customer.example\r\n" + extra + framing + b"\r\n\r\n" + body


async def test_a_request_goes_up_with_its_own_octets_and_our_forwarding_fields(rig: RigMaker) -> None:
    seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        seen.set_result(await peer.head())
        await peer.send(OK)
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    target = b"/x/%7Ey/?a=%2F|b&c=+%20;'"
    await client.send(
        b"GET "
        + target
        + b" HTTP/1.1\r\nHost: CRM.customer.example\r\naUTHOrization:Basic  eA==\t\r\nX-Name: caf\xe9\r\n"
        b"X-Forwarded-For: 6.6.6.6\r\nClient-IP: 6.6.6.6\r\nClient_IP: 6.6.6.6\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n"
    )
    response = await client.response()
    record = await made.record()
    assert response.status == 200
    assert await seen == (
        b"GET "
        + target
        + b" HTTP/1.1\r\nHost: crm.customer.example\r\naUTHOrization:Basic  eA==\t\r\nX-Name: caf\xe9\r\n"
        b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: crm.customer.example\r\n"
        b'Forwarded: for=127.0.0.1;host="crm.customer.example";proto=http\r\n'
        b"X-Request-Id: " + record.request_id.encode() + b"\r\n"
        b"CDN-Loop: " + made.gateway.loop_name + b"\r\n\r\n"
    )
    assert (record.reason, record.path, record.status) == (Reason.NOT_CORS, b"/x/%7Ey/", 200)


async def test_a_response_comes_back_with_one_set_of_cors_fields_and_all_else_as_it_was(rig: RigMaker) -> None:
    made = await rig(
        answers(
            b"HTTP/1.1 418 I'm a teapot\r\nACCESS-control-allow-ORIGIN: *\r\nAccess-Control-Allow-Origin: *\r\n"
            b"Access-Control-Allow-Credentials: true\r\nAccess-Control-Whatever: 1\r\nVary: Accept-Encoding\r\n"
            b"X-Odd:caf\xe9 \r\nTouch-Session-Id: t\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 3\r\n"
            b'Alt-Svc: h3=":443"\r\n\r\nabc'
        )
    )
    client = await made.client()
    await client.send(GET[:-2] + CROSS + b"\r\n")
    response = await client.response()
    record = await made.record()
    assert response.status_line == b"HTTP/1.1 418 I'm a teapot"
    assert sorted(response.lines) == sorted(
        [
            b"X-Odd:caf\xe9 ",
            b"Touch-Session-Id: t",
            b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
            b"Content-Length: 3",
            b"Vary: Accept-Encoding, Origin",
            b"Access-Control-Allow-Origin: https://addin.vendor.example",
            b"Access-Control-Allow-Credentials: true",
            b"Access-Control-Expose-Headers: touch-session-id, retry-after, x-request-id",
            b"X-Request-Id: " + record.request_id.encode(),
        ]
    )
    assert response.body == b"abc"
    assert record.reason is Reason.ALLOWED


async def test_a_sized_body_goes_up_as_it_comes(rig: RigMaker) -> None:
    got: list[bytes] = []

    async def script(peer: Peer) -> None:
        assert b"\r\nContent-Length: 10\r\n" in await peer.head()
        got.append(await peer.exactly(4))
        got.append(await peer.exactly(6))
        await peer.send(OK)

    made = await rig(script)
    client = await made.client()
    await client.send(post(b"Content-Length: 10", b"abcd"))
    await until(lambda: got)
    await client.send(b"efghij")
    assert (await client.response()).body == b"ok"
    assert got == [b"abcd", b"efghij"]


async def test_a_chunked_body_goes_up_chunked_in_our_own_framing_without_trailers(rig: RigMaker) -> None:
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(peer: Peer) -> None:
        assert b"\r\nTransfer-Encoding: chunked\r\n" in await peer.head()
        got.set_result(await peer.read_until(b"0\r\n\r\n"))
        await peer.send(OK)

    made = await rig(script)
    client = await made.client()
    await client.send(post(b"Transfer-Encoding: chunked", b"003\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"))
    assert (await client.response()).body == b"ok"
    assert await got == b"5\r\nabcde\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "framing", "body"),
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
            [b"chunked"],
            b"abc",
            id="chunked-stays-chunked",
        ),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nabc", [b"chunked"], b"abc", id="until-close-gets-chunked"
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", [], b"abc", id="http-1.0-sized"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", [], b"abc", id="closing"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, [], b"ok", id="1xx-go"
        ),
    ],
)
async def test_whatever_the_upstream_says_of_its_connection_the_clients_stays(
    rig: RigMaker, sent: bytes, framing: list[bytes], body: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(sent)
        peer.close()

    made = await rig(script)
    client = await made.client()
    for _ in range(2):
        await client.send(GET)
        response = await client.response()
        assert (response.status_line[:12], response.body) == (b"HTTP/1.1 200", body)
        assert response.values(b"transfer-encoding") == framing
        assert response.values(b"connection") == []


async def test_one_upstream_connection_serves_request_after_request(rig: RigMaker) -> None:
    made = await rig(answers(OK, OK, OK))
    client, other = await made.client(), await made.client()
    for peer in (client, client, other):
        await peer.send(GET)
        assert (await peer.response()).body == b"ok"
    assert made.upstream.connections == 1


HEADS_IN_TURN = (
    pytest.param([(b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok")] * 3, id="the-same"),
    pytest.param(
        [
            (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok"),
            (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b""),
        ]
        * 2,
        id="the-same-without-its-body",
    ),
    pytest.param(
        [
            (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok"),
            (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", b"o" * 20),
            (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\n", b"ok"),
            (b"GET", b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n", b"no"),
        ]
        * 2,
        id="others",
    ),
)


@pytest.mark.parametrize("turns", HEADS_IN_TURN)
async def test_each_answer_has_its_own_head_whatever_went_before(
    rig: RigMaker, turns: list[tuple[bytes, bytes, bytes]]
) -> None:
    pending = iter(turns)

    async def script(peer: Peer) -> None:  # behind an answer to HEAD comes another connection
        while True:
            await peer.head()
            _, head, body = next(pending)
            await peer.send(head + body)

    made = await rig(script)
    client = await made.client()
    for method, head, body in turns:
        await client.send(GET.replace(b"GET", method, 1))
        response = await client.response(method=method)
        assert response.status_line == head.partition(b"\r\n")[0]
        assert response.body == body
        assert response.values(b"content-length") == [b"20" if len(body) == 20 else b"2"]
        assert response.values(b"a") == ([b"b"] if b"A: b" in head else [])
    client.close()


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
async def test_a_bodyless_answer_with_octets_behind_it_ends_that_upstream_connection(
    rig: RigMaker, method: bytes
) -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" if method == b"HEAD" else b"HTTP/1.1 304 Not Modified\r\n\r\n"
    )
    made = await rig(answers(answer + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"), answers(OK))
    client = await made.client()
    await client.send(GET.replace(b"GET", method))
    response = await client.response(method=method)
    assert response.values(b"content-length") == ([b"5"] if method == b"HEAD" else [])
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    assert made.upstream.connections == 2


async def test_octets_on_an_idle_upstream_connection_end_it(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await released.wait()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        assert await peer.gone()
        ended.set()

    released, ended = asyncio.Event(), asyncio.Event()
    made = await rig(script, answers(OK))
    client = await made.client()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    released.set()
    await ended.wait()
    await client.send(GET)
    assert (await client.response()).body == b"ok"
    assert made.upstream.connections == 2


async def test_pipelined_requests_are_answered_one_after_the_other(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        for number in (b"1", b"2", b"3"):
            head = await peer.head()
            assert head.startswith(b"GET /" + number)
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + number)
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    await client.send(b"".join(GET.replace(b"/a", b"/" + number) for number in (b"1", b"2", b"3")))
    assert [(await client.response()).body for _ in range(3)] == [b"1", b"2", b"3"]


async def test_a_thousand_pipelined_preflights_are_answered_without_recursion(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    preflight = (
        b"OPTIONS /p HTTP/1.1\r\nHost: crm.customer.example\r\nOrigin: " + ADDIN + b"\r\n"
        b"Access-Control-Request-Method: POST\r\n\r\n"
    )
    await client.send(preflight * 2000)
    for _ in range(2000):
        assert (await client.response(method=b"OPTIONS")).status == 204
    assert made.upstream.connections == 0


async def test_reading_pauses_when_a_head_limit_of_octets_waits(rig: RigMaker) -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    await client.send(GET)
    await asked.wait()
    (connection,) = made.gateway.clients
    assert isinstance(connection, ClientConnection)
    client.writer.write(GET * 4000)
    await until(lambda: not (connection.reading))
    assert connection.reading is False


async def test_expect_is_answered_here_and_does_not_go_up(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        assert b"expect" not in (await peer.head()).lower()
        await peer.exactly(3)
        await peer.send(OK)

    made = await rig(script)
    client = await made.client()
    await client.send(post(b"Content-Length: 3", extra=b"Expect: 100-continue\r\n"))
    assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    await client.send(b"abc")
    assert (await client.response()).body == b"ok"


async def test_an_early_answer_is_relayed_at_once_and_the_client_reads_it_while_it_still_sends(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        assert await peer.gone()
        gone.set()

    gone = asyncio.Event()
    made = await rig(script, timeouts=Timeouts(keep_alive=1000))  # by which no connection ends here
    client = await made.client()
    await client.send(post(b"Content-Length: 1000000", b"x" * 1000))
    response = await client.response()
    assert (response.status, response.body, response.values(b"connection")) == (413, b"big", [b"close"])
    await gone.wait()
    assert await client.some() == b""  # our FIN, not a reset, though octets are still to come
    await client.send(b"x" * 99_000)
    client.finish_sending()
    assert await client.gone()


async def test_a_body_over_the_limit_is_answered_before_the_upstream_is_touched(rig: RigMaker) -> None:
    made = await rig(answers(OK))
    client = await made.client()
    await client.send(post(b"Content-Length: 67108865", b"x", CROSS))
    response = await client.response()
    assert response.status == 413
    assert response.values(b"access-control-allow-origin") == [ADDIN]
    assert b'"reason": "body-too-large"' in response.body or b'"reason":"body-too-large"' in response.body
    assert made.upstream.connections == 0
    assert (await made.record()).reason is Reason.BODY_TOO_LARGE


async def test_octets_that_come_after_the_client_left_are_not_waited_for(rig: RigMaker) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        asked.set()
        assert await peer.gone()
        gone.set()

    asked, gone = asyncio.Event(), asyncio.Event()
    made = await rig(script)
    client = await made.client()
    await client.send(GET)
    await asked.wait()
    client.close()
    await gone.wait()
    record = await made.record()
    assert (record.reason, record.status) == (Reason.CLIENT_GONE, None)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        pytest.param(b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", id="head"),
        pytest.param(b"HEAD", b"HTTP/1.1 200 OK\r\n\r\n", id="head-without-a-length"),
        pytest.param(b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", id="304-with-a-length"),
        pytest.param(b"GET", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", id="304-chunked"),
        pytest.param(b"GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", id="204-with-a-length"),
    ],
)
async def test_a_body_that_comes_late_where_none_may_be_is_nobodys_answer(
    rig: RigMaker, method: bytes, head: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(head)
        await answered.wait()
        with contextlib.suppress(ConnectionError):
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")

    answered = asyncio.Event()
    made = await rig(script, answers(OK))
    client = await made.client()
    await client.send(GET.replace(b"GET", method))
    await client.response(method=method)
    await client.send(GET)
    answered.set()
    assert (await client.response()).body == b"ok"
    assert made.upstream.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 304 Not Modified\r\n\r\n", id="304"),
        pytest.param(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", id="204-as-php-has-it"),
    ],
)
async def test_a_connection_is_used_again_after_an_answer_that_promises_no_body(rig: RigMaker, answer: bytes) -> None:
    made = await rig(answers(answer, OK))
    client = await made.client()
    await client.send(GET + GET)
    await client.response()
    assert (await client.response()).body == b"ok"
    assert made.upstream.connections == 1


async def test_what_became_of_the_last_answer_says_nothing_of_another_request_or_answer(rig: RigMaker) -> None:
    cross = GET[:-2] + CROSS + b"\r\n"
    login = OK.replace(b"200 OK", b"401 No").replace(b"\r\n\r\n", b"\r\nWWW-Authenticate: Basic\r\n\r\n")
    vary = OK.replace(b"\r\n\r\n", b"\r\nVary: A\r\nDate: then\r\nAccess-Control-Allow-Origin: *\r\n\r\n")
    asked = [(request, answer) for answer in (OK, vary, login) for request in (cross, GET, cross, cross, GET, GET)]
    asked += [(request, answer) for request in (cross, GET) for answer in (OK, vary, vary, login, OK, login, vary)]

    async def script(peer: Peer) -> None:
        for _, answer in asked:
            await peer.head()
            await peer.send(answer)
        await peer.gone()

    made = await rig(script)
    client = await made.client()
    for request, answer in asked:
        await client.send(request)
        response = await client.response()
        allowed = request is cross
        assert response.values(b"access-control-allow-origin") == ([ADDIN] if allowed else [])
        assert response.values(b"vary") == [b"A, Origin" if answer is vary else b"Origin"]
        assert len(response.values(b"date")) == 1
        assert (response.values(b"date") == [b"then"]) is (answer is vary)
        assert bool(response.values(b"www-authenticate")) is (answer is login and not allowed)
    shared = sum(answer is vary for _, answer in asked)
    assert made.gateway.oddities() == {(HOST.decode(), Oddity.UPSTREAM_SHARES): shared}


async def test_what_was_decided_last_says_nothing_of_other_lines_or_of_another_path(rig: RigMaker) -> None:
    made = await rig(answers(*[OK] * 125))
    rule = replace(RULE, paths=Paths(frozenset({b"/a"})))
    other = replace(SITE, names=("other.example",), rules=OriginTable([(rule.origin, rule)]))
    (site,) = made.gateway.config.policy.sites.values()
    made.adopt(Policy({HOST: site, b"other.example": replace(other, upstream=site.upstream)}))
    allowed = GET[:-2] + CROSS + b"\r\n"
    in_paths = allowed.replace(HOST, b"other.example")
    refused = allowed.replace(ADDIN, b"https://evil.example")
    outside = in_paths.replace(b"/a", b"/b", 1)
    deleting = allowed.replace(b"GET", b"DELETE")
    client = await made.client()
    statuses = {allowed: 200, in_paths: 200, refused: 403, outside: 403, deleting: 405}
    for first in statuses:
        for then in statuses:
            for request in (first, first, first, then, first):
                await client.send(request)
                assert (await client.response()).status == statuses[request]
