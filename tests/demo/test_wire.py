import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from yarl import URL

from gateway.demo import wire
from gateway.demo.wire import Message, WireError, parse, request, send


def test_a_request_is_sent_as_it_is_shown() -> None:
    message = request("POST", URL("http://crm.example:81/a%20b?c=d%2Be", encoded=True), [("Origin", "null")], b"{}")

    assert message.as_lines() == [
        "POST /a%20b?c=d%2Be HTTP/1.1",
        "Host: crm.example:81",
        "Connection: close",
        "Origin: null",
        "Content-Length: 2",
    ]
    assert message.as_octets() == ("\r\n".join(message.as_lines()) + "\r\n\r\n{}").encode()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://crm.example/", "crm.example"),
        ("http://crm.example:443/", "crm.example:443"),
        ("http://[::1]:81/", "[::1]:81"),
    ],
)
def test_a_default_port_is_not_sent(url: str, host: str) -> None:
    assert request("GET", URL(url), [], None).values("Host") == [host]


def test_each_field_line_is_kept() -> None:
    response = parse(b"HTTP/1.0 200 OK\r\nVary: a\r\nvary:b \r\n\r\nbody")

    assert response == Message("HTTP/1.0 200 OK", (("Vary", "a"), ("vary", "b")), b"body")
    assert response.values("VARY") == ["a", "b"]
    assert response.status == 200


@pytest.mark.parametrize(
    ("octets", "body"),
    [
        pytest.param(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde", id="whole"),
        pytest.param(b"3\r\nabc\r\n9\r\nde", b"abcde", id="cut-off"),
        pytest.param(b"3\r\nabc\r\n", b"abc", id="without-an-end"),
        pytest.param(b"3\r\nabc\r\n?\r\nde", b"abc", id="broken"),
    ],
)
def test_chunks_are_joined(octets: bytes, body: bytes) -> None:
    assert parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + octets).body == body


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "the connection was closed without an answer"),
        (b"SSH-2.0-x\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 ok\r\n\r\n", "the answer is not HTTP"),
    ],
)
def test_what_is_no_answer(octets: bytes, message: str) -> None:
    with pytest.raises(WireError, match=message):
        parse(octets)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def exchange(serve: Serve) -> Message:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = URL.build(scheme="http", host="127.0.0.1", port=server.sockets[0].getsockname()[1], path="/")
        return await send(url, request("GET", url, [], None))


async def test_an_answer_is_read_to_its_end() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nbo")
        await writer.drain()
        writer.write(b"dy")
        writer.close()
        await writer.wait_closed()

    assert (await exchange(serve)).body == b"body"


async def test_an_answer_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TIMEOUT_SECONDS", 0.01)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()

    with pytest.raises(WireError, match="no answer within 0 s"):
        await exchange(serve)


async def test_nobody_listens() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        url = URL.build(scheme="http", host="127.0.0.1", port=holder.getsockname()[1], path="/")
        with pytest.raises(WireError, match="nobody listens") as caught:
            await send(url, request("GET", url, [], None))

    assert caught.value.console == "net::ERR_CONNECTION_REFUSED"


@pytest.mark.parametrize(
    ("error", "console"),
    [
        (socket.gaierror(-2, "Name or service not known"), "net::ERR_NAME_NOT_RESOLVED"),
        (OSError(113, "No route to host"), "net::ERR_CONNECTION_FAILED"),
    ],
)
async def test_why_there_is_no_connection(monkeypatch: pytest.MonkeyPatch, error: OSError, console: str) -> None:
    async def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(asyncio, "open_connection", fail)
    url = URL("https://crm.example/")
    with pytest.raises(WireError) as caught:
        await send(url, request("GET", url, [], None))

    assert caught.value.console == console
