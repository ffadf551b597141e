"""What Chromium says of an answer; tests/demo/test_page.py holds it against Chromium itself."""

import pytest

from gateway.demo.browser import check, check_preflight, no_answer
from gateway.demo.calls import Call
from gateway.demo.wire import Message

PAGE = "https://addin.vendor.example"
ORIGIN = ("Access-Control-Allow-Origin", PAGE)
ANYBODY = ("Access-Control-Allow-Origin", "*")
CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
METHODS = ("Access-Control-Allow-Methods", "GET, DELETE")
HEADERS = ("Access-Control-Allow-Headers", "Authorization, content-type")

Lines = tuple[tuple[str, str], ...]


def answer(*lines: tuple[str, str], status: int = 200) -> Message:
    return Message(f"HTTP/1.1 {status} Anything", lines)


@pytest.mark.parametrize(
    ("lines", "credentials", "rule"),
    [
        pytest.param((ORIGIN,), False, None, id="named"),
        pytest.param((ANYBODY,), False, None, id="everybody"),
        pytest.param((ORIGIN, CREDENTIALS), True, None, id="named-with-cookies"),
        pytest.param((), False, "no page is named in the answer", id="nobody"),
        pytest.param((ORIGIN, ORIGIN), False, "two answers to one question", id="twice"),
        pytest.param((ORIGIN, ANYBODY), False, "two answers to one question", id="named-and-everybody"),
        pytest.param((ANYBODY, CREDENTIALS), True, "* on a call with cookies", id="everybody-with-cookies"),
        pytest.param(
            (("Access-Control-Allow-Origin", f"{PAGE}/"),), False, "another page is named in the answer", id="slash"
        ),
        pytest.param((ORIGIN,), True, "cookies are not allowed for in the answer", id="no-credentials"),
        pytest.param(
            (ORIGIN, CREDENTIALS, CREDENTIALS), True, "cookies are not allowed for in the answer", id="true-twice"
        ),
    ],
)
def test_check(lines: Lines, credentials: bool, rule: str | None) -> None:
    refusal = check(answer(*lines), PAGE, credentials=credentials)

    assert (refusal and refusal.rule) == rule


@pytest.mark.parametrize(
    ("lines", "status", "method", "credentials", "rule"),
    [
        pytest.param((ORIGIN, METHODS, HEADERS), 204, "DELETE", False, None, id="listed"),
        pytest.param((ORIGIN, HEADERS), 204, "POST", False, None, id="post-need-not-be-listed"),
        pytest.param((ORIGIN, METHODS, HEADERS), 302, "POST", False, "the preflight was redirected", id="redirect"),
        pytest.param((), 401, "POST", False, "preflight: no page is named in the answer", id="nobody"),
        pytest.param((ORIGIN, METHODS, HEADERS), 500, "POST", False, "the preflight met an error", id="error"),
        pytest.param(
            (ORIGIN, METHODS, HEADERS), 200, "PUT", False, "PUT is not listed in the answer to the preflight", id="put"
        ),
        pytest.param(
            (ORIGIN, METHODS),
            200,
            "POST",
            False,
            "authorization is not listed in the answer to the preflight",
            id="no-headers",
        ),
        pytest.param(
            (ORIGIN, ("Access-Control-Allow-Headers", "*"), ("Access-Control-Allow-Methods", "*")),
            200,
            "PUT",
            False,
            None,
            id="stars",
        ),
        pytest.param(
            (ORIGIN, CREDENTIALS, ("Access-Control-Allow-Headers", "*")),
            200,
            "POST",
            True,
            "authorization is not listed in the answer to the preflight",
            id="a-star-with-cookies-is-a-name",
        ),
    ],
)
def test_check_preflight(lines: Lines, status: int, method: str, credentials: bool, rule: str | None) -> None:
    headers = (("Authorization", "Bearer x"),)
    call = Call("x", "", "", method, "/", headers=headers, credentials=credentials)
    refusal = check_preflight(answer(*lines, status=status), PAGE, call, method)

    assert (refusal and refusal.rule) == rule


def test_the_sentence_in_the_console_names_the_call_and_the_page() -> None:
    refusal = check(answer(), PAGE, credentials=False)

    assert refusal is not None
    assert refusal.of("'https://crm.example/x'", PAGE).console == (
        "Access to fetch at 'https://crm.example/x' from origin 'https://addin.vendor.example' has been blocked by "
        "CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource."
    )


def test_no_answer_is_told_as_the_network_s() -> None:
    said = no_answer("GET", "https://crm.example/x", "net::ERR_CONNECTION_REFUSED").console

    assert said == "GET https://crm.example/x net::ERR_CONNECTION_REFUSED"
