import pytest
from hypothesis import given

import gateway.http1.head as head_module
from gateway.http1.errors import HeadTooLargeError, Http1Error, MalformedError, VersionNotSupportedError
from gateway.http1.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, Framing, Kind
from gateway.http1.head import HeadLimits, ResponseHead, begin_response, parse_response_head
from tests.http1.build import OCTETS, fields, head, outcome

OK = b"HTTP/1.1 200 OK"
TE = b"Transfer-Encoding: chunked"


def response(
    *lines: bytes,
    minor: int = 1,
    status: int = 200,
    phrase: bytes = b"OK",
    body: Framing = UNTIL_CLOSE,
    persistent: bool = True,
) -> ResponseHead:
    return ResponseHead(minor, status, phrase, fields(*lines), body, persistent)


KEPT = b"Connection: keep-alive"
CLOSE = b"Connection: close"
EMPTY = b"Content-Length: 0"
FIVE = b"Content-Length: 5"
SIZED = Framing(Kind.SIZED, 5)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([OK], response(persistent=False), id="until-close"),
        pytest.param([OK, KEPT], response(KEPT, persistent=False), id="until-close-is-not-kept"),
        pytest.param([b"HTTP/1.0 200 OK"], response(minor=0, persistent=False), id="1.0-until-close-mod-php"),
        pytest.param([OK, EMPTY], response(EMPTY, body=Framing(Kind.SIZED, 0)), id="length-0"),
        pytest.param([OK, FIVE], response(FIVE, body=SIZED), id="length"),
        pytest.param([OK, TE], response(TE, body=CHUNKED), id="chunked"),
        pytest.param([OK, TE, CLOSE], response(TE, CLOSE, body=CHUNKED, persistent=False), id="chunked-and-close"),
        pytest.param([b"HTTP/1.0 200 OK", FIVE], response(FIVE, minor=0, body=SIZED, persistent=False), id="1.0"),
        pytest.param([b"HTTP/1.0 200 OK", FIVE, KEPT], response(FIVE, KEPT, minor=0, body=SIZED), id="1.0-kept"),
        pytest.param(
            [OK, b"Content-Type: a/b", b"Content-Type: c/d", b"Host: a", b"Host: b", FIVE],
            response(b"Content-Type: a/b", b"Content-Type: c/d", b"Host: a", b"Host: b", FIVE, body=SIZED),
            id="repeated-content-type-is-the-upstream-s-own-affair",
        ),
        pytest.param(
            [b"HTTP/1.1 404 Not\tFound \xe9"],
            response(status=404, phrase=b"Not\tFound \xe9", persistent=False),
            id="phrase-with-obs-text",
        ),
        pytest.param([b"HTTP/1.1 200 "], response(phrase=b"", persistent=False), id="no-phrase-rfc-9112-4"),
        pytest.param([b"HTTP/1.1 599  "], response(status=599, phrase=b" ", persistent=False), id="phrase-of-a-space"),
    ],
)
def test_heads(lines: list[bytes], expected: ResponseHead) -> None:
    assert parse_response_head(head(*lines), b"GET") == expected


@pytest.mark.parametrize("status", [100, 101, 103, 199, 204, 304])
@pytest.mark.parametrize(
    ("lines", "persistent"),
    [
        pytest.param([], True, id="no-length"),
        pytest.param([b"Content-Length: 5"], True, id="length"),
        pytest.param([TE], True, id="chunked"),
        pytest.param([b"Connection: close"], False, id="close"),
    ],
)
def test_statuses_without_a_body(status: int, lines: list[bytes], *, persistent: bool) -> None:
    # RFC 9112, 6.3
    octets = head(b"HTTP/1.1 %d OK" % status, *lines)
    expected = response(*lines, status=status, body=NO_BODY, persistent=persistent)
    assert parse_response_head(octets, b"GET") == expected


@pytest.mark.parametrize("status", [200, 205, 206, 303, 305, 404, 500])
@pytest.mark.parametrize("lines", [[], [b"Content-Length: 5"], [TE]])
def test_head_has_no_body_and_other_methods_have(status: int, lines: list[bytes]) -> None:
    octets = head(b"HTTP/1.1 %d OK" % status, *lines)
    assert parse_response_head(octets, b"HEAD") == response(*lines, status=status, body=NO_BODY)
    for method in (b"GET", b"head", b"POST"):
        assert parse_response_head(octets, method).body != NO_BODY


@pytest.mark.parametrize(
    "start_line",
    [
        pytest.param(b"HTTP/1.1 200", id="no-second-space-rfc-9112-4"),
        pytest.param(b"HTTP/1.1  200 OK", id="two-spaces"),
        pytest.param(b"HTTP/1.1\t200 OK", id="tab"),
        pytest.param(b"HTTP/1.1 20 OK", id="two-digits"),
        pytest.param(b"HTTP/1.1 2000 OK", id="four-digits"),
        pytest.param(b"HTTP/1.1 +20 OK", id="sign"),
        pytest.param("HTTP/1.1 20\N{SUPERSCRIPT TWO} OK".encode("latin-1"), id="other-digits"),
        pytest.param(b"HTTP/1.1 099 OK", id="status-below-100-rfc-9110-15"),
        pytest.param(b"HTTP/1.1 000 OK", id="status-0"),
        pytest.param(b"HTTP/1.1 600 OK", id="status-above-599"),
        pytest.param(b"HTTP/1.1 999 OK", id="status-999"),
        pytest.param(b"HTTP/1.1 OK", id="no-status"),
        pytest.param(b"HTTP/1 200 OK", id="version-without-minor"),
        pytest.param(b"http/1.1 200 OK", id="lower-case-version"),
        pytest.param(b"ICY 200 OK", id="another-protocol"),
        pytest.param(b"HTTP/1.1 200 O\0K", id="nul-in-the-phrase-cve-2026-34520"),
        pytest.param(b"HTTP/1.1 200 O\x7fK", id="del-in-the-phrase"),
        pytest.param(b"HTTP/1.1 200 O\rK", id="bare-cr-in-the-phrase"),
        pytest.param(b"HTTP/1.1 200 O\nK", id="bare-lf-in-the-phrase"),
        pytest.param(b" HTTP/1.1 200 OK", id="space-first"),
        pytest.param(b"", id="nothing-but-fields"),
        pytest.param(b"GET / HTTP/1.1", id="a-request"),
        pytest.param(b"Status: 200 OK", id="cgi"),
    ],
)
def test_a_malformed_status_line_is_refused(start_line: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_response_head(head(start_line, b"Content-Length: 0"), b"GET")


@pytest.mark.parametrize("status", [b"200", b"101", b"204", b"304"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([b"Content-Length: 5", TE], id="length-and-coding-rfc-9112-6.3"),
        pytest.param([TE, TE], id="chunked-twice"),
        pytest.param([b"Transfer-Encoding: gzip, chunked"], id="another-coding"),
        pytest.param([b"Transfer-Encoding: gzip"], id="another-coding-alone"),
        pytest.param([b"Content-Length: 5", b"Content-Length: 5"], id="length-twice-equal"),
        pytest.param([b"Content-Length: 5", b"Content-Length: 6"], id="length-twice-cve-2026-2833"),
        pytest.param([b"Content-Length: 5, 5"], id="length-as-a-list"),
        pytest.param([b"Content-Length: +5"], id="length-with-sign"),
        pytest.param([b"Content-Length: " + b"1" * 19], id="length-of-19-digits"),
        pytest.param([b"A: b", b" c"], id="obs-fold-rfc-9112-5.2"),
        pytest.param([b"A : b"], id="space-before-the-colon-rfc-9112-5.1"),
        pytest.param([b"A: b\0"], id="nul-rfc-9110-5.5"),
        pytest.param([b"A: b\nSet-Cookie: c"], id="response-splitting-with-lf"),
        pytest.param([b"A: b\rSet-Cookie: c"], id="response-splitting-with-cr"),
        pytest.param([b"PHP Warning:  in x.php"], id="php-warning-before-the-body"),
    ],
)
def test_malformed_fields_are_refused_with_and_without_a_body(lines: list[bytes], status: bytes, method: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_response_head(head(b"HTTP/1.1 " + status + b" OK", *lines), method)


def test_what_is_repeated_is_told() -> None:
    with pytest.raises(MalformedError, match=r"^content-length on more than one line$"):
        parse_response_head(head(OK, b"Allow: a", b"Allow: b", FIVE, FIVE, b"Z: a", b"Z: b"), b"GET")


def test_what_head_hands_out_is_there() -> None:
    assert [name for name in head_module.__all__ if not hasattr(head_module, name)] == []


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_a_coding_in_http_1_0_is_refused(method: bytes) -> None:
    # RFC 9112, 6.1
    with pytest.raises(MalformedError):
        parse_response_head(head(b"HTTP/1.0 200 OK", TE), method)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        pytest.param([b"HTTP/1.2 200 OK"], VersionNotSupportedError, id="1.2"),
        pytest.param([b"HTTP/2.0 200 OK"], VersionNotSupportedError, id="2.0"),
        pytest.param([b"HTTP/0.9 200 OK"], VersionNotSupportedError, id="0.9"),
        pytest.param([b"HTTP/1.1 200 12345678"], HeadTooLargeError, id="status-line"),
        pytest.param([b"HTTP/1.1 200 1234567", b"A:" + b"b" * 18], None, id="as-long-as-lines-may-be"),
        pytest.param([OK, b"A:" + b"b" * 19], HeadTooLargeError, id="line"),
        pytest.param([OK, b"A:", b"B:", b"C:"], HeadTooLargeError, id="lines"),
        pytest.param([OK, b"A:" + b"b" * 18, b"A:" + b"b" * 18], HeadTooLargeError, id="octets"),
    ],
)
def test_what_goes_over_a_limit_or_is_not_spoken_is_refused(lines: list[bytes], error: type[Http1Error] | None) -> None:
    limits = HeadLimits(octets=60, line=20, target=1, lines=2)
    parsed = outcome(parse_response_head, head(*lines), b"GET", limits)
    assert (None if isinstance(parsed, ResponseHead) else parsed) is error


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(WHOLE, b"", id="alone"),
        pytest.param(WHOLE + b"ok", b"ok", id="with-what-stands-behind"),
        pytest.param(WHOLE[:-1], None, id="not-whole"),
        pytest.param(b"\r\n" + WHOLE, None, id="an-empty-line-first"),
        pytest.param(WHOLE.replace(b"2\r", b"+2\r"), None, id="malformed"),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_the_short_way_takes_a_head_that_is_whole_and_in_order(
    data: bytes, expected: bytes | None, method: bytes
) -> None:
    begun = begin_response(data, method, HeadLimits())
    assert begun == (None if expected is None else (parse_response_head(WHOLE, method), expected))


@pytest.mark.fuzz
@given(OCTETS)
def test_nothing_but_its_errors_is_raised_and_no_octet_is_lost(octets: bytes) -> None:
    for method in (b"GET", b"HEAD"):
        for candidate in (octets, b"HTTP/1.1 200 OK\r\n" + octets):
            parsed = outcome(parse_response_head, candidate, method)
            if isinstance(parsed, ResponseHead):
                assert candidate.partition(b"\r\n")[2] == head(*parsed.fields.lines)
