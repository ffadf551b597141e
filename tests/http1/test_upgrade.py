import pytest

from gateway.http1.head import parse_request_head, parse_response_head
from gateway.http1.upgrade import UPGRADE_LINES, accepts_websocket, websocket_key

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, 1.3
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
ASKED = [
    b"Host: crm.customer.example",
    b"Upgrade: WebSocket",
    b"Connection: keep-alive, Upgrade",
    b"Sec-WebSocket-Key: " + KEY,
    b"Sec-WebSocket-Version: 13",
]


def request(lines: list[bytes], line: bytes = b"GET /push HTTP/1.1") -> bytes | None:
    return websocket_key(parse_request_head(b"\r\n".join((line, *lines, b"", b""))))


def without(name: bytes, *instead: bytes) -> list[bytes]:
    return [line for line in ASKED if not line.startswith(name + b":")] + list(instead)


def test_what_is_written_to_switch() -> None:
    assert UPGRADE_LINES == b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


def test_a_request_that_opens_a_websocket() -> None:
    assert request(ASKED) == KEY


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        pytest.param(ASKED, b"POST /push HTTP/1.1", id="post"),
        pytest.param(ASKED, b"GET /push HTTP/1.0", id="http-1.0"),
        pytest.param([*ASKED, b"Content-Length: 1"], b"GET /push HTTP/1.1", id="a-body"),
        pytest.param(without(b"Upgrade"), b"GET /push HTTP/1.1", id="no-upgrade"),
        pytest.param(without(b"Upgrade", b"Upgrade: h2c"), b"GET /push HTTP/1.1", id="h2c"),
        pytest.param(without(b"Connection"), b"GET /push HTTP/1.1", id="not-named-in-connection"),
        pytest.param(without(b"Sec-WebSocket-Key"), b"GET /push HTTP/1.1", id="no-key"),
        pytest.param([*ASKED, b"Sec-WebSocket-Key: " + KEY], b"GET /push HTTP/1.1", id="two-keys"),
        pytest.param(
            without(b"Sec-WebSocket-Key", b"Sec-WebSocket-Key: c2hvcnQ="), b"GET /push HTTP/1.1", id="short-key"
        ),
        pytest.param(without(b"Sec-WebSocket-Key", b"Sec-WebSocket-Key: ~"), b"GET /push HTTP/1.1", id="no-base64"),
        pytest.param(
            without(b"Sec-WebSocket-Key", b"Sec-WebSocket-Key: ~" + KEY), b"GET /push HTTP/1.1", id="not-only-base64"
        ),
        pytest.param(
            without(b"Sec-WebSocket-Version", b"Sec-WebSocket-Version: 8"), b"GET /push HTTP/1.1", id="old-version"
        ),
    ],
)
def test_a_request_that_does_not(lines: list[bytes], line: bytes) -> None:
    assert request(lines, line) is None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [b"Upgrade: websocket", b"Connection: upgrade", b"Sec-WebSocket-Accept: " + ACCEPT], True, id="right"
        ),
        pytest.param([b"Connection: upgrade", b"Sec-WebSocket-Accept: " + ACCEPT], False, id="no-upgrade"),
        pytest.param([b"Upgrade: websocket", b"Sec-WebSocket-Accept: " + ACCEPT], False, id="no-connection"),
        pytest.param([b"Upgrade: websocket", b"Connection: upgrade"], False, id="no-accept"),
        pytest.param(
            [b"Upgrade: websocket", b"Connection: upgrade", b"Sec-WebSocket-Accept: " + KEY], False, id="wrong-accept"
        ),
    ],
)
def test_an_answer_to_it(lines: list[bytes], expected: bool) -> None:
    head = parse_response_head(b"\r\n".join((b"HTTP/1.1 101 Switching Protocols", *lines, b"", b"")), b"GET")
    assert accepts_websocket(head, KEY) is expected


def test_http_1_0_switches_to_nothing() -> None:
    lines = [b"Upgrade: websocket", b"Connection: upgrade", b"Sec-WebSocket-Accept: " + ACCEPT]
    head = parse_response_head(b"\r\n".join((b"HTTP/1.0 101 Switching Protocols", *lines, b"", b"")), b"GET")
    assert accepts_websocket(head, KEY) is False
