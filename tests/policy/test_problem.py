import json
from html import escape

import pytest

from gateway.policy.decide import Answer
from gateway.policy.problem import PAGE_POLICY, answer_octets, is_navigation, no_content_octets
from gateway.policy.reason import EXPLANATIONS, PUBLIC_REMEDIES, Reason
from tests.policy.examples import SHARED, SITE, VARY

DATE = b"Mon, 23 Nov 2026 12:00:00 GMT"
REFUSED = Answer(
    Reason.ORIGIN_NOT_ALLOWED, 403, VARY, SITE, "add https://evil.net to origins of sites[0], customer.yaml:2"
)
PREFLIGHT = Answer(Reason.PREFLIGHT_ALLOWED, 204, SHARED, SITE)


def octets(
    answer: Answer = REFUSED,
    *,
    close: bool = False,
    minor: int = 1,
    head_only: bool = False,
    navigation: bool = False,
    retry_after: int | None = None,
    request_id: str = "6f1c",
) -> bytes:
    return answer_octets(
        answer,
        request_id=request_id,
        date=DATE,
        close=close,
        minor=minor,
        head_only=head_only,
        navigation=navigation,
        retry_after=retry_after,
    )


PROBLEM = (
    b'{"type": "about:blank", "title": "Forbidden", "status": 403,'
    b' "detail": "The page\'s origin has no rule on this site.",'
    b' "reason": "origin-not-allowed", "request_id": "6f1c",'
    b' "remedy": "add the page\'s origin to origins of the site in the configuration"}\n'
)


def test_a_problem() -> None:
    assert (
        octets()
        == (
            b"HTTP/1.1 403 Forbidden\r\n"
            b"Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
            b"Vary: Origin\r\n"
            b"X-Request-Id: 6f1c\r\n"
            b"Cache-Control: no-store\r\n"
            b"Content-Type: application/problem+json\r\n"
            b"X-Content-Type-Options: nosniff\r\n"
            b"Content-Length: %d\r\n"
            b"\r\n" % len(PROBLEM)
        )
        + PROBLEM
    )


def test_a_204_has_no_body() -> None:
    for navigation in (False, True):
        assert octets(PREFLIGHT, navigation=navigation) == (
            b"HTTP/1.1 204 No Content\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
            + SHARED
            + b"X-Request-Id: 6f1c\r\nCache-Control: no-store\r\n\r\n"
        )


def test_a_page() -> None:
    head, _, body = octets(navigation=True).partition(b"\r\n\r\n")
    assert body.decode() == (
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>403 Forbidden</title>\n'
        "<h1>403 Forbidden</h1>\n"
        "<p>The page&#x27;s origin has no rule on this site.</p>\n"
        "<p>What would change it: add the page&#x27;s origin to origins of the site in the configuration.</p>\n"
        "<p>Reason: <code>origin-not-allowed</code>. Request: <code>6f1c</code>.</p>\n</html>\n"
    )
    assert head + b"\r\n" == (
        b"HTTP/1.1 403 Forbidden\r\n"
        b"Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
        b"Vary: Origin\r\n"
        b"X-Request-Id: 6f1c\r\n"
        b"Cache-Control: no-store\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n"
        b"Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
        b"X-Content-Type-Options: nosniff\r\n"
        b"Content-Length: %d\r\n" % len(body)
    )
    assert PAGE_POLICY in head


@pytest.mark.parametrize("navigation", [False, True])
def test_head_has_the_length_and_not_the_body(navigation: bool) -> None:
    head, _, body = octets(navigation=navigation).partition(b"\r\n\r\n")
    assert body
    assert octets(navigation=navigation, head_only=True) == head + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("close", "minor", "line"),
    [
        (False, 1, b""),
        (False, 0, b"Connection: keep-alive\r\n"),
        (True, 1, b"Connection: close\r\n"),
        (True, 0, b"Connection: close\r\n"),
    ],
)
def test_connection(close: bool, minor: int, line: bytes) -> None:
    assert octets(PREFLIGHT, close=close, minor=minor).endswith(b"Cache-Control: no-store\r\n" + line + b"\r\n")


def test_retry_after() -> None:
    assert b"no-store\r\nRetry-After: 0\r\nContent-Type:" in octets(retry_after=0)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("navigation", [False, True])
def test_every_reason_can_be_answered(reason: Reason, navigation: bool) -> None:
    status = EXPLANATIONS[reason].status or 500
    answer = Answer(reason, status, b"", SITE, "secret place, customer.yaml:2")
    head, _, body = octets(answer, navigation=navigation).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"customer.yaml" not in head + body
    assert b"\r\nRemedy" not in head
    if status == 204:
        assert not body
    elif status < 400:
        assert body.decode() == EXPLANATIONS[reason].sentence + "\n"
        assert b"\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n" in head
    elif navigation:
        assert escape(PUBLIC_REMEDIES[reason]) in body.decode()
    else:
        problem = json.loads(body)
        assert problem.get("remedy", "") == PUBLIC_REMEDIES[reason]
        assert (problem["reason"], problem["status"], problem["detail"]) == (
            reason,
            status,
            EXPLANATIONS[reason].sentence,
        )


def test_a_request_id_cannot_leave_its_place() -> None:
    assert b"<code>&lt;b&gt;</code>" in octets(navigation=True, request_id="<b>")
    assert json.loads(octets(request_id='"').partition(b"\r\n\r\n")[2])["request_id"] == '"'


@pytest.mark.parametrize(
    ("accept", "mode", "navigation"),
    [
        (None, b"navigate", True),
        (b"*/*", b"navigate", True),
        (b"text/html", b"cors", False),
        (b"text/html", b"", False),
        (b"text/html,application/xhtml+xml,*/*;q=0.8", None, True),
        (b"application/xml, Text/HTML", None, True),
        (b"*/*", None, False),
        (None, None, False),
    ],
)
def test_is_navigation(accept: bytes | None, mode: bytes | None, navigation: bool) -> None:
    assert is_navigation(accept, mode) == navigation


def test_a_preflights_answer_is_the_same_either_way() -> None:
    assert no_content_octets(PREFLIGHT.block, "6f1c", DATE) == octets(PREFLIGHT)
