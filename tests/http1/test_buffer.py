import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.buffer import DEFAULT_HEAD_LIMITS, HEAD_END, HeadBuffer, HeadLimits, Scan
from gateway.http1.errors import HeadTooLargeError, Http1Error, MalformedError, TargetTooLongError
from tests.http1.build import DRIPS, OCTETS, outcome, parted

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LIMITS = HeadLimits(octets=60, line=20, target=10, lines=2)


def one_by_one(octets: bytes) -> list[bytes]:
    return [octets[at : at + 1] for at in range(len(octets))]


def first_head(buffer: HeadBuffer, *pieces: bytes) -> tuple[bytes, bytes] | None:
    """Return the first head in pieces and all octets behind it, checked as the parsers check a head."""
    for index, piece in enumerate(pieces):
        result = buffer.feed(piece)
        if result is not None:
            head, behind = result
            Scan(LIMITS).read(head)
            return head, behind + b"".join(pieces[index + 1 :])
    return None


def refused_at(octets: bytes) -> tuple[int, type[Http1Error]] | None:
    """Return how many octets were taken before one was refused, and how."""
    buffer = HeadBuffer(LIMITS)
    for at, octet in enumerate(one_by_one(octets)):
        try:
            buffer.feed(octet)
        except Http1Error as error:
            return at, type(error)
    return None


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(GET, (GET, b""), id="one-head"),
        pytest.param(GET + b"hello", (GET, b"hello"), id="octets-behind-it"),
        pytest.param(GET + GET, (GET, GET), id="two-heads"),
        pytest.param(b"\r\n" + GET + b"hello", (GET, b"hello"), id="an-empty-line-before-it-rfc-9112-2.2"),
        pytest.param(b"HTTP/1.1 200 \r\n\r\nhello", (b"HTTP/1.1 200 \r\n\r\n", b"hello"), id="response"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"\r", None, id="half-an-empty-line"),
        pytest.param(b"\r\n", None, id="an-empty-line"),
        pytest.param(b"\r\nHTTP", None, id="what-may-still-become-a-method"),
        pytest.param(GET[:-1], None, id="without-its-last-octet"),
        pytest.param(GET[:-2], None, id="without-its-empty-line"),
    ],
)
def test_a_head_and_what_is_behind_it(octets: bytes, expected: tuple[bytes, bytes] | None) -> None:
    assert first_head(HeadBuffer(LIMITS), octets) == expected
    assert first_head(HeadBuffer(LIMITS), *one_by_one(octets)) == expected


@pytest.mark.parametrize(
    ("octets", "taken"),
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.2p1\r\n", 0, id="another-protocol"),
        pytest.param(b"HTTQ/1.1 200 ", 3, id="one-octet-wrong"),
        pytest.param(b"\r\nHTTP/1.1 200 ", 0, id="an-empty-line"),
    ],
)
def test_what_does_not_begin_as_every_response_is_refused_at_once(octets: bytes, taken: int) -> None:
    with pytest.raises(MalformedError, match=r"^the first octets begin no head$"):
        HeadBuffer(LIMITS, begins=b"HTTP/").feed(octets)
    buffer = HeadBuffer(LIMITS, begins=b"HTTP/")
    for octet in one_by_one(octets[:taken]):
        assert buffer.feed(octet) is None
    with pytest.raises(MalformedError, match=r"^the first octets begin no head$"):
        buffer.feed(octets[taken : taken + 1])


def test_what_begins_as_every_response_is_taken() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    for pieces in ([head], one_by_one(head)):
        buffer = HeadBuffer(LIMITS, begins=b"HTTP/")
        assert [buffer.feed(piece) for piece in pieces][-1] == (head, b"")


def test_a_head_in_one_read_is_not_copied_but_for_its_slices() -> None:
    buffer = HeadBuffer()
    whole = buffer.feed(GET)
    assert whole is not None
    assert whole[0] is GET


def test_what_is_held_is_told_and_forgotten_with_the_head() -> None:
    buffer = HeadBuffer()
    assert (len(buffer.held), buffer.octets) == (0, b"")
    assert buffer.feed(b"\r\nGET /") is None
    assert (len(buffer.held), buffer.octets) == (5, b"GET /")
    assert buffer.feed(b" HTTP/1.1\r\n\r\nhello") == (b"GET / HTTP/1.1\r\n\r\n", b"hello")
    assert (len(buffer.held), buffer.octets) == (0, b"")
    for _ in range(2):  # the next head has an empty line and a start line of its own
        assert buffer.feed(b"\r") is None
        assert buffer.feed(b"\n") is None
        assert (len(buffer.held), buffer.octets) == (0, b"")
        assert buffer.feed(GET + b"!") == (GET, b"!")


def test_what_one_holds_no_other_does() -> None:
    one, other = HeadBuffer(), HeadBuffer()
    assert one.feed(b"POST /secret") is None
    assert (other.octets, HeadBuffer().octets) == (b"", b"")
    assert other.feed(GET[:4]) is None
    assert other.feed(GET[4:]) == (GET, b"")
    assert (one.octets, other.octets) == (b"POST /secret", b"")


def test_what_was_refused_is_kept_to_salvage_from() -> None:
    buffer = HeadBuffer(LIMITS)
    octets = b"GET / HTTP/1.1\r\nOrigin: https://a\r\nB: " + b"c" * 99
    with pytest.raises(HeadTooLargeError):
        buffer.feed(octets)
    assert buffer.octets == octets


@pytest.mark.parametrize(
    ("octets", "at", "error"),
    [
        pytest.param(b"\x16\x03\x01", 0, MalformedError, id="tls-on-a-plain-port"),
        pytest.param(b" GET / HTTP/1.1", 0, MalformedError, id="space-first-rfc-9112-2.2"),
        pytest.param(b"\nGET / HTTP/1.1", 0, MalformedError, id="bare-lf-first"),
        pytest.param(b"\rGET / HTTP/1.1", 1, MalformedError, id="bare-cr-first"),
        pytest.param(b"\rX", 1, MalformedError, id="bare-cr-and-a-letter"),
        pytest.param(b"\rX", 1, MalformedError, id="bare-cr-first-and-then-a-method"),
        pytest.param(b"\0", 0, MalformedError, id="nul-first"),
        pytest.param(b"\r\n\r\n\0\r\nQUIT\n", 2, MalformedError, id="proxy-protocol-v2"),
        pytest.param(b"\r\n\r\nGET / HTTP/1.1", 2, MalformedError, id="two-empty-lines"),
        pytest.param(b"\r\n\r", 2, MalformedError, id="half-a-second-empty-line"),
        pytest.param(b"\r\nHTTP/1.1 200 OK", 6, MalformedError, id="an-empty-line-before-a-status-line-rfc-9112-4"),
        pytest.param(b"GET / HTTP/1.1\nHost: a", 14, MalformedError, id="bare-lf-in-the-first-line-rfc-9112-2.2"),
        pytest.param(b"GET / HTTP/1.1\rHost: a", 15, MalformedError, id="bare-cr-in-the-first-line-rfc-9112-2.2"),
        pytest.param(b"GET / HTTP/1.1\r\r\n", 15, MalformedError, id="cr-cr-lf"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\n\r\n", 20, MalformedError, id="bare-lf-in-a-field-line"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\r\n\n", 22, MalformedError, id="bare-lf-for-the-empty-line"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b\r\n\rC", 23, MalformedError, id="cr-at-the-beginning-of-a-line"),
        pytest.param(b"GET /0123456789 HTTP/1.1", 14, TargetTooLongError, id="target-rfc-9110-15.5.15"),
        pytest.param(b"G\r\nA\n", 4, MalformedError, id="bare-lf-behind-a-first-line-of-one-octet"),
        pytest.param(b"GET /0123456\n", 12, MalformedError, id="lf-before-the-target-is-too-long"),
        pytest.param(b"GET /012345678\n", 14, MalformedError, id="lf-where-the-target-would-be-too-long"),
        pytest.param(b"GET /0123456789\n", 14, TargetTooLongError, id="lf-behind-a-target-that-is-too-long"),
        pytest.param(b"M" * 21 + b" / HTTP/1.1", 20, HeadTooLargeError, id="method"),
        pytest.param(b"GET / " + b"H" * 21, 26, HeadTooLargeError, id="what-follows-the-target"),
        pytest.param(b"GET /01234567 " + b"H" * 21, 34, HeadTooLargeError, id="what-follows-a-long-target"),
        pytest.param(b"GET  " + b"H" * 21, 25, HeadTooLargeError, id="what-follows-an-empty-target"),
        pytest.param(b"HTTP/1.1 200 " + b"a" * 8, 20, HeadTooLargeError, id="status-line"),
        pytest.param(b"GET / HTTP/1.1\r\nA:" + b"b" * 19, 36, HeadTooLargeError, id="field-line-rfc-6585-5"),
        pytest.param(b"G / H\r\nA:\r\nB:\r\nC:\r\n", 15, HeadTooLargeError, id="lines-rfc-6585-5"),
        pytest.param(b"G / H\r\nA:\r\nB:\r\n\rC", 16, MalformedError, id="a-bare-cr-where-a-line-too-many-would-be"),
        pytest.param(
            b"GET / HTTP/1.1\r\nA:" + b"b" * 18 + b"\r\nB:" + b"c" * 18 + b"\r\n\r", 59, HeadTooLargeError, id="octets"
        ),
    ],
)
def test_what_is_no_head_is_refused_at_the_octet_that_makes_it_certain(
    octets: bytes, at: int, error: type[Http1Error]
) -> None:
    assert refused_at(octets) == (at, error)
    for more in (b"", b"\r\n\r\n"):
        buffer = HeadBuffer(LIMITS)
        assert outcome(first_head, buffer, octets + more) is error


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"M" * 20 + b" /012345678 " + b"H" * 20 + b"\r\n\r\n", id="each-part-of-the-first-line"),
        pytest.param(b"HTTP/1.1 200 1234567\r\n\r\n", id="status-line"),
        pytest.param(b"GET / HTTP/1.1\r\nA:" + b"b" * 18 + b"\r\nB:" + b"c" * 16 + b"\r\n\r\n", id="octets-and-lines"),
    ],
)
def test_limits_are_inclusive(octets: bytes) -> None:
    assert len(octets) <= LIMITS.octets
    assert first_head(HeadBuffer(LIMITS), octets) == (octets, b"")
    assert first_head(HeadBuffer(LIMITS), *one_by_one(octets)) == (octets, b"")


def test_a_head_of_exactly_the_limit_is_taken_and_one_more_octet_is_not() -> None:
    head = b"GET / HTTP/1.1\r\nA:" + b"b" * 18 + b"\r\nB:" + b"c" * 16 + b"\r\n\r\n"
    assert len(head) == LIMITS.octets
    assert HeadBuffer(LIMITS).feed(head + b"!") == (head, b"!")
    for pieces in ([head], [head[:30], head[30:]]):
        smaller = HeadBuffer(HeadLimits(octets=59, line=20, target=10, lines=2))
        with pytest.raises(HeadTooLargeError):
            first_head(smaller, *pieces)


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        pytest.param(b"M" * 21, "a line of more than 20 octets", id="method"),
        pytest.param(b"HTTP/1.1 200 " + b"a" * 8, "a line of more than 20 octets", id="status-line"),
        pytest.param(b"GET /0123456789", "a target of more than 10 octets", id="target"),
        pytest.param(b"G\r\nA: " + b"b" * 19, "a line of more than 20 octets", id="line-behind-a-first-without-target"),
        pytest.param(b"G / H\r\nA:" + b"b" * 19, "a line of more than 20 octets", id="first-field-line"),
        pytest.param(b"G / H\r\nA:\r\nB:" + b"b" * 19, "a line of more than 20 octets", id="last-field-line"),
        pytest.param(b"G / H\r\nA:\r\nB:\r\nC", "more than 2 field lines", id="lines"),
        pytest.param(
            b"G / H\r\nA:" + b"b" * 18 + b"\r\nB:" + b"c" * 30, "a line of more than 20 octets", id="line-first"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nA:" + b"b" * 18 + b"\r\nB:" + b"c" * 18 + b"\r\n\r",
            "a head of more than 60 octets",
            id="octets",
        ),
    ],
)
def test_the_limit_is_told(octets: bytes, message: str) -> None:
    with pytest.raises(Http1Error) as raised:
        HeadBuffer(LIMITS).feed(octets)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"GET / 01234567890 H", id="what-follows-the-target-has-spaces"),
        pytest.param(b"GET /012345678 " + b"H" * 20, id="what-follows-the-target-is-as-long-as-it-may-be"),
        pytest.param(b"M" * 20 + b" /012345678", id="a-long-method-and-a-long-target"),
    ],
)
def test_what_may_still_become_a_request_line_is_waited_for(octets: bytes) -> None:
    assert refused_at(octets) is None


def test_the_first_of_two_heads_in_the_second_read_is_told() -> None:
    buffer = HeadBuffer(LIMITS)
    assert buffer.feed(GET[:5]) is None
    assert buffer.feed(GET[5:] + GET) == (GET, GET)


def test_the_default_limits() -> None:
    assert HeadLimits(octets=32_768, line=16_384, target=16_384, lines=128) == DEFAULT_HEAD_LIMITS


def test_a_target_may_be_longer_than_a_line_and_a_line_longer_than_a_target() -> None:
    octets = b"GET /" + b"a" * 29 + b" HTTP/1.1\r\nA:" + b"b" * 8 + b"\r\n\r\n"
    limits = HeadLimits(octets=99, line=10, target=30, lines=1)
    assert HeadBuffer(limits).feed(octets[:40]) is None
    Scan(limits).read(octets)
    with pytest.raises(TargetTooLongError):
        Scan(HeadLimits(octets=99, line=30, target=29, lines=1)).read(octets)
    with pytest.raises(HeadTooLargeError):
        Scan(HeadLimits(octets=99, line=9, target=30, lines=1)).read(octets)


@pytest.mark.parametrize(
    ("octets", "line"),
    [pytest.param(b"A\n", "line 1", id="first"), pytest.param(b"GET / HTTP/1.1\r\nA: b\r\nC\n", "line 3", id="third")],
)
def test_the_line_of_a_bare_lf_is_told(octets: bytes, line: str) -> None:
    with pytest.raises(MalformedError, match=f"^a CR or LF that is no CRLF, in {line}$"):
        Scan(LIMITS).read(octets)


@pytest.mark.fuzz
@given(OCTETS, DRIPS)
def test_how_octets_are_parted_makes_no_difference(octets: bytes, drips: list[int]) -> None:
    whole = outcome(first_head, HeadBuffer(LIMITS), octets)
    assert outcome(lambda: first_head(HeadBuffer(LIMITS), *parted(octets, drips))) == whole


@pytest.mark.fuzz
@given(OCTETS, st.integers(1, 60), st.integers(1, 30), st.integers(1, 30), st.integers(0, 3))
def test_an_error_is_told_at_the_first_octet_that_makes_it_certain(
    octets: bytes, most: int, line: int, target: int, lines: int
) -> None:
    limits = HeadLimits(octets=most, line=line, target=target, lines=lines)
    expected = outcome(Scan(limits).read, octets.partition(HEAD_END)[0] + HEAD_END)
    scan = Scan(limits)
    seen = b""
    for octet in one_by_one(octets.partition(HEAD_END)[0] + HEAD_END):
        seen += octet
        found = outcome(scan.read, seen)
        if found is not None:
            assert found is expected
            return
    assert expected is None


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"M" * 200_000, id="method"),
        pytest.param(b"GET /" + b"a" * 200_000, id="target"),
        pytest.param(b"GET / HTTP/1.1\r\nA:" + b"b" * 200_000, id="one-long-line"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A:\r\n" * 50_000, id="many-lines"),
    ],
)
def test_octets_that_drip_cost_no_more_each_when_there_are_many(octets: bytes) -> None:
    buffer = HeadBuffer(HeadLimits(octets=1_000_000, line=300_000, target=300_000, lines=60_000))
    seconds = [time.process_time()]
    for at, octet in enumerate(one_by_one(octets), 1):
        buffer.feed(octet)
        if at % (len(octets) // 4) == 0:
            seconds.append(time.process_time())
    quarters = [end - start for start, end in pairwise(seconds)]
    # A quadratic buffer takes seven times as long for the last quarter as for the first.
    assert quarters[-1] < 4 * min(quarters) + 0.05
