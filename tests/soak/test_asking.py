from collections.abc import Callable

import pytest

from tests.load.clients import ADDIN
from tests.soak.asking import KINDS, Answer, Asked, get, pattern, post, preflight, take, trouble, turn, upload, wrong

HOST = b"crm.customer.example"
ONE_SET = (
    *(b"Vary: Origin", b"Access-Control-Allow-Origin: " + ADDIN),
    b"Access-Control-Expose-Headers: retry-after, x-request-id",
)
ASKED = get(5, HOST)
RIGHT = Answer(200, (*ONE_SET, b"Date: today"), ASKED.body)


def test_a_hundred_turns_have_each_kind_as_often_as_it_should_be() -> None:
    first = [turn(number, HOST)[0].kind for number in range(100)]
    assert first.count("upload") == KINDS.count("upload")
    assert sum(len(turn(number, HOST)) == 3 for number in range(100)) == KINDS.count("pipelined")


@pytest.mark.parametrize("make", [get, post, preflight, upload])
def test_two_requests_of_a_kind_differ(make: Callable[[int, bytes], Asked]) -> None:
    one, other = make(16, HOST), make(17, HOST)
    assert (one.body, one.octets) != (other.body, other.octets) or one.kind == "preflight"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        pytest.param((b"Content-Length: 5",), b"hello", id="sized"),
        pytest.param((b"Transfer-Encoding: chunked",), b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", id="chunked"),
    ],
)
def test_a_response_is_taken_whole_or_not_at_all(lines: tuple[bytes, ...], body: bytes) -> None:
    octets = b"\r\n".join((b"HTTP/1.1 200 OK", *lines)) + b"\r\n\r\n" + body
    for end in range(len(octets)):
        unfinished = bytearray(octets[:end])
        assert take(unfinished) is None
        assert unfinished == octets[:end]
    buffer = bytearray(octets + b"HTTP/1.1 204")
    assert take(buffer) == Answer(200, lines, b"hello")
    assert buffer == b"HTTP/1.1 204"


def test_the_right_answer_is_right() -> None:
    assert wrong(ASKED, RIGHT) == ""


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(502, RIGHT.lines, RIGHT.body), "status 502", id="status"),
        pytest.param(Answer(200, RIGHT.lines, pattern(6, len(RIGHT.body))), "a body of", id="another-request's-body"),
        pytest.param(Answer(200, RIGHT.lines, RIGHT.body[:-1]), "a body of", id="body-cut-off"),
        pytest.param(Answer(200, RIGHT.lines[1:], RIGHT.body), "fields", id="no-vary"),
        pytest.param(Answer(200, (*RIGHT.lines, RIGHT.lines[1]), RIGHT.body), "fields", id="a-field-twice"),
        pytest.param(
            Answer(200, (*RIGHT.lines, b"access-control-allow-ORIGIN: *"), RIGHT.body), "fields", id="the-crm's-own-too"
        ),
    ],
)
def test_anything_else_is_wrong(answer: Answer, error: str) -> None:
    assert wrong(ASKED, answer).startswith(error)


@pytest.mark.parametrize(
    ("status", "reason", "lines", "expected"),
    [
        pytest.param(502, "upstream-refused", ONE_SET, "upstream-refused", id="readable"),
        pytest.param(502, "upstream-refused", ONE_SET[1:], "", id="without-vary"),
        pytest.param(502, "internal", ONE_SET, "", id="another-reason"),
        pytest.param(503, "upstream-refused", ONE_SET, "", id="another-status"),
    ],
)
def test_a_problem_says_that_the_crm_is_away(status: int, reason: str, lines: tuple[bytes, ...], expected: str) -> None:
    body = b'{"reason": "%b"}' % reason.encode()
    assert trouble(Answer(status, (*lines, b"Content-Type: application/problem+json"), body)) == expected
    assert trouble(Answer(status, lines, body)) == ""
