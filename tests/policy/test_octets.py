import pytest

from gateway.http1.outgoing import Change
from gateway.policy.headers import NEVER_BY_ANY
from gateway.policy.octets import COOKIE, CompiledRule, compile_rule

ORIGIN = b"https://addin.example/"


def compiled(
    *,
    headers: frozenset[bytes] = frozenset({b"x-b", b"x-a"}),
    any_header: bool = False,
    credentials: bool = False,
    cookies: bool = False,
) -> CompiledRule:
    return compile_rule(
        methods={b"POST", b"GET", b"HEAD"},
        headers=headers,
        any_header=any_header,
        expose=(b"etag",),
        credentials=credentials,
        cookies=cookies,
        max_age_seconds=600,
    )


def test_share() -> None:
    assert compiled().share(ORIGIN) == (
        b"Access-Control-Allow-Origin: https://addin.example/\r\n"
        b"Access-Control-Expose-Headers: etag, retry-after, x-request-id\r\n"
    )
    assert compiled(credentials=True).share(ORIGIN) == (
        b"Access-Control-Allow-Origin: https://addin.example/\r\n"
        b"Access-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Expose-Headers: etag, retry-after, x-request-id\r\n"
    )


BEFORE = (
    b"Access-Control-Allow-Origin: https://addin.example/\r\n"
    b"Access-Control-Allow-Credentials: true\r\n"
    b"Access-Control-Allow-Methods: GET, HEAD, POST\r\n"
)
BEHIND = (
    b"Access-Control-Max-Age: 600\r\nVary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"
)


@pytest.mark.parametrize(
    ("own", "asked", "line"),
    [
        pytest.param({b"x-b", b"x-a"}, None, b"Access-Control-Allow-Headers: x-a, x-b\r\n", id="its-own-list"),
        pytest.param({b"x-b"}, (b"X-B", b"y"), b"Access-Control-Allow-Headers: X-B, y\r\n", id="what-was-asked"),
        pytest.param(set[bytes](), None, b"", id="none"),
        pytest.param(set[bytes](), (b"Content-Length",), b"Access-Control-Allow-Headers: Content-Length\r\n", id="one"),
    ],
)
def test_answer_preflight(own: set[bytes], asked: tuple[bytes, ...] | None, line: bytes) -> None:
    rule = compiled(headers=frozenset(own), credentials=True)
    assert rule.answer_preflight(ORIGIN, asked) == BEFORE + line + BEHIND


def test_what_is_listed() -> None:
    assert list(compiled().listed) == [b"x-a", b"x-b"]
    assert list(compiled(any_header=True).listed) == [b"authorization", b"content-type", b"x-a", b"x-b"]


def test_allow() -> None:
    assert compiled().allow == b"Allow: GET, HEAD, POST\r\n"


@pytest.mark.parametrize(
    ("headers", "cookies", "dropped"),
    [
        pytest.param(frozenset[bytes](), False, NEVER_BY_ANY | {b"cookie", b"cookie2"}, id="drop"),
        pytest.param(frozenset[bytes](), True, NEVER_BY_ANY, id="relay"),
        pytest.param(
            frozenset({b"x-http-method-override", b"x-a"}),
            True,
            NEVER_BY_ANY - {b"x-http-method-override"},
            id="listed",
        ),
    ],
)
def test_what_a_request_loses(headers: frozenset[bytes], cookies: bool, dropped: frozenset[bytes]) -> None:
    assert compiled(headers=headers, cookies=cookies).request_change == Change(dropped=dropped)
    assert {b"cookie", b"cookie2"} == COOKIE
