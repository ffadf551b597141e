"""Calls made line by line to the demonstration's CRM come to what a browser makes of them."""

import asyncio

import pytest

from gateway.demo.calls import DEMO_CALLS, Call
from gateway.demo.replay import replay
from tests.demo.conftest import ADDIN, Crm

STRANGER = "https://stranger.example"
RULES = {
    "challenge": "no page is named in the answer",
    "rest": None,
    "rest-credentials": "preflight: * on a call with cookies",
    "touch-login": None,
    "touch-records": None,
    "fixed-twice": "preflight: two answers to one question",
    "download": None,
    "login-redirect": "no page is named in the answer",
    "error-500": "no page is named in the answer",
    "off": "no page is named in the answer",
    "origin": None,
    "header": "x-impersonate is not listed in the answer to the preflight",
    "method": "DELETE is not listed in the answer to the preflight",
    "path": "no page is named in the answer",
}


@pytest.mark.parametrize("call", DEMO_CALLS, ids=lambda call: call.id)
async def test_what_the_add_in_reads_directly(crm: Crm, call: Call) -> None:
    replayed = await replay(call, crm.base, ADDIN)

    assert (replayed.refusal and replayed.refusal.rule) == RULES[call.id]


async def test_a_call_is_not_made_after_a_refused_preflight(crm: Crm) -> None:
    call = Call("x", "", "", "POST", "/restapi/v1/vtews/query", headers=(("X-Other", "1"),), body="{}")
    replayed = await replay(call, crm.base, ADDIN)

    assert [exchange.request.start_line.split()[0] for exchange in replayed.exchanges] == ["OPTIONS"]
    assert ("Access-Control-Request-Headers", "x-other") in replayed.exchanges[0].request.lines
    assert replayed.as_json()["refusal"] is not None


async def test_a_call_that_may_be_made_is_made(crm: Crm) -> None:
    call = next(call for call in DEMO_CALLS if call.id == "rest")
    replayed = await replay(call, crm.base, STRANGER)

    assert [exchange.request.start_line.split()[0] for exchange in replayed.exchanges] == ["OPTIONS", "POST"]
    assert replayed.as_json()["refusal"] is None


async def redirecting(locations: list[str], call: Call) -> list[list[str]]:
    """Return the requests of a call whose answers redirect it, one after the other."""
    requests: list[list[str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        requests.append(head.split("\r\n")[:-2])
        first = f"HTTP/1.1 302 Found\r\nLocation: {locations.pop(0)}\r\n" if locations else "HTTP/1.1 200 OK\r\n"
        writer.write(f"{first}Access-Control-Allow-Origin: *\r\nX-Request-Id: r{len(requests)}\r\n\r\n".encode())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        locations[:] = [location.replace("PORT", str(port)) for location in locations]
        replayed = await replay(call, f"http://127.0.0.1:{port}", ADDIN)
    if replayed.refusal is None:
        assert replayed.request_ids == [f"r{number + 1}" for number in range(len(requests))]
    else:
        assert replayed.refusal.console.endswith("net::ERR_TOO_MANY_REDIRECTS")
    return requests


async def test_a_redirect_is_followed_and_a_post_becomes_a_get() -> None:
    call = Call("x", "", "", "POST", "/a", headers=(("Content-Type", "text/plain"),), body="x")
    first, second = await redirecting(["/b"], call)

    assert (first[0], second[0]) == ("POST /a HTTP/1.1", "GET /b HTTP/1.1")
    assert f"Origin: {ADDIN}" in second


async def test_a_redirect_to_another_origin_comes_from_nobody() -> None:
    _, second = await redirecting(["http://localhost:PORT/b"], Call("x", "", "", "GET", "/a"))

    assert "Origin: null" in second


async def test_a_circle_of_redirects_ends() -> None:
    assert len(await redirecting(["/a"] * 9, Call("x", "", "", "GET", "/a"))) == 5


async def test_nobody_answers() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        replayed = await replay(Call("x", "", "", "GET", "/a"), base, ADDIN)

    assert replayed.refusal is not None
    assert replayed.refusal.rule == "no answer"
    assert replayed.as_json()["exchanges"] == [
        {
            "request": replayed.exchanges[0].request.as_lines(),
            "response": None,
            "body": "",
            "failure": "the connection was closed without an answer",
        }
    ]
