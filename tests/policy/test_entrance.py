import pytest

from gateway.cors.origin import OriginTable, parse_origin
from gateway.http1.head import parse_request_head
from gateway.policy.decide import Answer
from gateway.policy.entrance import health, loop_detected, to_https
from gateway.policy.model import EVERYTHING, Policy, Rule, Site, Upstream, UpstreamUrl
from gateway.policy.reason import Reason, remedy_for

ADDIN = "https://addin.vendor.example"
RULE = Rule(parse_origin(ADDIN), frozenset({b"GET"}), frozenset())
SITE = Site(
    ("crm.customer.example",),
    Upstream((UpstreamUrl("http", "127.0.0.1", 8080),)),
    EVERYTHING,
    OriginTable([(RULE.origin, RULE)]),
)
POLICY = Policy({b"crm.customer.example": SITE})
SHARED = RULE.compiled.share(ADDIN.encode())
VARY = b"Vary: Origin\r\n"
REMEDY = remedy_for(Reason.PLAIN_HTTP)


def ask(method: str, target: str, *lines: str, host: str = "crm.customer.example:8080") -> Answer:
    head = "\r\n".join((f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", ""))
    return to_https(POLICY, parse_request_head(head.encode()))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_person_is_led_to_https(method: str) -> None:
    location = b"Location: https://crm.customer.example/a?b=%2F\r\n"
    assert ask(method, "/a?b=%2F") == Answer(Reason.PLAIN_HTTP, 308, VARY + location, SITE)


@pytest.mark.parametrize(
    ("method", "lines", "fields"),
    [
        pytest.param("GET", [f"Origin: {ADDIN}"], SHARED, id="add-in"),
        pytest.param("GET", ["Origin: https://other.example"], b"", id="other-origin"),
        pytest.param("OPTIONS", [f"Origin: {ADDIN}", "Access-Control-Request-Method: POST"], SHARED, id="preflight"),
        pytest.param("POST", [], b"", id="post"),
    ],
)
def test_everything_else_is_refused_and_never_redirected(method: str, lines: list[str], fields: bytes) -> None:
    assert ask(method, "/a", *lines) == Answer(Reason.PLAIN_HTTP, 403, fields + VARY, SITE, REMEDY)


def test_an_unknown_host_is_led_nowhere() -> None:
    answer = ask("GET", "/", host="evil.example")
    assert (answer.reason, answer.status, answer.block) == (Reason.HOST_UNKNOWN, 421, b"")


def test_a_client_without_host_is_led_nowhere() -> None:
    head = parse_request_head(b"GET / HTTP/1.0\r\n\r\n")
    assert to_https(Policy({}, SITE), head) == Answer(Reason.PLAIN_HTTP, 403, VARY, SITE, REMEDY)


@pytest.mark.parametrize(
    ("request_line", "draining", "expected"),
    [
        pytest.param(b"GET /health HTTP/1.0", False, Answer(Reason.HEALTH, 200, b""), id="up"),
        pytest.param(b"HEAD /health?x HTTP/1.0", False, Answer(Reason.HEALTH, 200, b""), id="head"),
        pytest.param(b"GET /health HTTP/1.0", True, Answer(Reason.SHUTDOWN, 503, b""), id="draining"),
        pytest.param(b"POST /health HTTP/1.0", False, None, id="post"),
        pytest.param(b"GET /healthy HTTP/1.0", False, None, id="other-path"),
    ],
)
def test_health(request_line: bytes, draining: bool, expected: Answer | None) -> None:
    assert health(parse_request_head(request_line + b"\r\n\r\n"), b"/health", draining=draining) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], None, id="first-time"),
        pytest.param(["CDN-Loop: another"], None, id="another's"),
        pytest.param(["CDN-Loop: ours"], (VARY, SITE), id="again"),
        pytest.param([f"Origin: {ADDIN}", "CDN-Loop: a, ours"], (SHARED + VARY, SITE), id="again-and-readable"),
        pytest.param(["CDN-Loop: ours", "Host: other.example"], (b"", None), id="again-for-nobody"),
    ],
)
def test_a_loop_is_found(lines: list[str], expected: tuple[bytes, Site | None] | None) -> None:
    host = [] if any(line.startswith("Host") for line in lines) else ["Host: crm.customer.example"]
    head = parse_request_head("\r\n".join(("GET / HTTP/1.1", *host, *lines, "", "")).encode())
    answer = loop_detected(POLICY, head, b"ours")
    if expected is None:
        assert answer is None
    else:
        block, site = expected
        assert answer == Answer(Reason.LOOP_DETECTED, 508, block, site, remedy_for(Reason.LOOP_DETECTED))
