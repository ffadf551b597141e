import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.errors import (
    ExpectationError,
    HeadTooLargeError,
    Http1Error,
    MalformedError,
    MethodNotServedError,
    TargetTooLongError,
    VersionNotSupportedError,
)
from gateway.http1.framing import CHUNKED, NO_BODY, Framing, Kind
from gateway.http1.head import HeadBuffer, HeadLimits, RequestHead, begin_request, parse_request_head
from tests.http1.build import DRIPS, OCTETS, fields, head, is_plain, outcome, parted

HOST = b"Host: a"
POST = b"POST / HTTP/1.1"
TE = b"Transfer-Encoding: chunked"


def request(
    *lines: bytes,
    method: bytes = b"GET",
    target: bytes = b"/",
    minor: int = 1,
    host: bytes | None = b"a",
    body: Framing = NO_BODY,
    persistent: bool = True,
    expects_continue: bool = False,
    origin: bytes | None = None,
) -> RequestHead:
    return RequestHead(
        method, target, minor, fields(*lines), host, body, persistent, expects_continue, origin, is_plain(*lines)
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([b"GET / HTTP/1.1", HOST], request(HOST), id="least"),
        pytest.param([b"G!#$%&'*+-.^_`|~ET / HTTP/1.1", HOST], request(HOST, method=b"G!#$%&'*+-.^_`|~ET"), id="token"),
        pytest.param([b"get / HTTP/1.1", HOST], request(HOST, method=b"get"), id="method-case-rfc-9110-9.1"),
        pytest.param([b"trace / HTTP/1.1", HOST], request(HOST, method=b"trace"), id="another-method-than-trace"),
        pytest.param(
            [b"GET / HTTP/1.1", b"hOST:\t A.Example:80 "],
            request(b"hOST:\t A.Example:80 ", host=b"a.example:80"),
            id="host",
        ),
        pytest.param([b"GET / HTTP/1.1", b"Host: [::1]"], request(b"Host: [::1]", host=b"[::1]"), id="host-ipv6"),
        pytest.param([b"GET / HTTP/1.1", HOST, b"A: \xff\xe9"], request(HOST, b"A: \xff\xe9"), id="obs-text"),
        pytest.param(
            [b"GET / HTTP/1.1", HOST, b"Origin: a", b"Origin: b"],
            request(HOST, b"Origin: a", b"Origin: b", origin=b"a"),
            id="what-may-be-repeated-as-far-as-framing-goes",
        ),
        pytest.param([b"GET / HTTP/1.1", HOST, b"oRIGIN:"], request(HOST, b"oRIGIN:", origin=b""), id="empty-origin"),
        pytest.param(
            [b"GET / HTTP/1.1", HOST, b"ORIGIN: \tHttps://A\xff, b \t"],
            request(HOST, b"ORIGIN: \tHttps://A\xff, b \t", origin=b"Https://A\xff, b"),
            id="an-origin-is-told-as-it-came",
        ),
        pytest.param([b"GET / HTTP/1.0"], request(minor=0, host=None, persistent=False), id="1.0-without-host"),
        pytest.param([b"GET / HTTP/1.0", HOST], request(HOST, minor=0, persistent=False), id="1.0-with-host"),
    ],
)
def test_heads(lines: list[bytes], expected: RequestHead) -> None:
    assert parse_request_head(head(*lines)) == expected


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(b"/a/b.php?operation=query&x=1", id="usual"),
        pytest.param(b"//x/../%2e%2e/%41?a=%2F|b", id="not-normalised-r8"),
        pytest.param(bytes(octet for octet in b"/" + bytes(range(0x21, 0x7F)) if octet != ord("#")), id="every-octet"),
        pytest.param(b"/?", id="empty-query"),
        pytest.param(b"/http://b/", id="a-url-in-the-path"),
        pytest.param(b"/%", id="a-percent-sign-alone"),
    ],
)
def test_targets_pass_octet_for_octet(target: bytes) -> None:
    assert parse_request_head(head(b"GET " + target + b" HTTP/1.1", HOST)) == request(HOST, target=target)


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        pytest.param(b"OPTIONS", b"*", b"*", id="asterisk-form-rfc-9112-3.2.4"),
        pytest.param(b"GET", b"http://a/b?c", b"/b?c", id="absolute-form-rfc-9112-3.2.2"),
        pytest.param(b"GET", b"HTTPS://A//b", b"//b", id="scheme-and-host-in-any-case"),
        pytest.param(b"GET", b"http://a", b"/", id="empty-path-rfc-9112-3.2.1"),
        pytest.param(b"GET", b"http://a?b/c", b"/?b/c", id="empty-path-with-query"),
        pytest.param(b"OPTIONS", b"http://a", b"*", id="empty-path-with-options-rfc-9112-3.2.4"),
        pytest.param(b"OPTIONS", b"http://a?b", b"/?b", id="empty-path-with-options-and-query"),
        pytest.param(b"OPTIONS", b"http://a/", b"/", id="path-with-options"),
    ],
)
def test_other_forms_of_a_target(method: bytes, target: bytes, expected: bytes) -> None:
    octets = head(method + b" " + target + b" HTTP/1.1", HOST)
    assert parse_request_head(octets) == request(HOST, method=method, target=expected)


def test_an_absolute_form_names_the_port_as_host_does() -> None:
    octets = head(b"GET http://[::1]:80/b HTTP/1.0", b"Host: [::1]:80")
    expected = request(b"Host: [::1]:80", target=b"/b", minor=0, host=b"[::1]:80", persistent=False)
    assert parse_request_head(octets) == expected


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        pytest.param([b"Content-Length: 0"], Framing(Kind.SIZED, 0), id="length-0"),
        pytest.param([b"content-length:\t5 "], Framing(Kind.SIZED, 5), id="length-with-ows"),
        pytest.param([b"Content-Length: 007"], Framing(Kind.SIZED, 7), id="length-with-zeros-rfc-9110-8.6"),
        pytest.param([b"Content-Length: " + b"9" * 18], Framing(Kind.SIZED, 10**18 - 1), id="length-of-18-digits"),
        pytest.param([TE], CHUNKED, id="chunked"),
        pytest.param([b"transfer-encoding:ChunKed"], CHUNKED, id="chunked-in-another-case-rfc-9112-7"),
        pytest.param([b"Content_Length: 5", b"Transfer_Encoding: chunked"], NO_BODY, id="underscores-frame-nothing"),
    ],
)
def test_framing(lines: list[bytes], body: Framing) -> None:
    assert parse_request_head(head(POST, HOST, *lines)) == request(HOST, *lines, method=b"POST", body=body)


@pytest.mark.parametrize(
    ("lines", "kept_in_1_1", "kept_in_1_0"),
    [
        pytest.param([], True, False, id="none-rfc-9112-9.3"),
        pytest.param([b"Connection: keep-alive"], True, True, id="keep-alive"),
        pytest.param([b"Connection: Keep-Alive"], True, True, id="keep-alive-in-another-case"),
        pytest.param([b"Connection: close"], False, False, id="close"),
        pytest.param([b"connection:CLOSE"], False, False, id="close-in-another-case"),
        pytest.param([b"Connection: close, keep-alive"], False, False, id="close-wins"),
        pytest.param([b"Connection: keep-alive", b"Connection: x, ,close"], False, False, id="close-on-another-line"),
        pytest.param([b"Connection: keep-alive", b"A: b", b"A: c"], True, True, id="another-field-repeated"),
        pytest.param([b"Connection: upgrade"], True, False, id="something-else"),
        pytest.param([b"Connection: closed"], True, False, id="a-longer-word"),
        pytest.param([b"Proxy-Connection: close"], True, False, id="proxy-connection-counts-nothing-rfc-9112-c.2.2"),
    ],
)
def test_persistence(lines: list[bytes], *, kept_in_1_1: bool, kept_in_1_0: bool) -> None:
    assert parse_request_head(head(b"GET / HTTP/1.1", HOST, *lines)) == request(HOST, *lines, persistent=kept_in_1_1)
    expected = request(HOST, *lines, minor=0, persistent=kept_in_1_0)
    assert parse_request_head(head(b"GET / HTTP/1.0", HOST, *lines)) == expected


@pytest.mark.parametrize(
    ("lines", "body", "expects"),
    [
        pytest.param([b"Expect: 100-continue", TE], CHUNKED, True, id="chunked"),
        pytest.param([b"Expect: 100-Continue", b"Content-Length: 1"], Framing(Kind.SIZED, 1), True, id="other-case"),
        pytest.param([b"Expect: 100-continue", b"Content-Length: 0"], Framing(Kind.SIZED, 0), False, id="empty-body"),
        pytest.param([b"Expect: 100-continue"], NO_BODY, False, id="no-body-rfc-9110-10.1.1"),
        pytest.param([b"Expect: 100-continue,, 100-continue", TE], CHUNKED, True, id="twice"),
        pytest.param([b"Expect: ", TE], CHUNKED, False, id="nothing"),
        pytest.param([TE], CHUNKED, False, id="none"),
    ],
)
def test_expectations(lines: list[bytes], body: Framing, *, expects: bool) -> None:
    octets = head(POST, HOST, *lines)
    assert parse_request_head(octets) == request(HOST, *lines, method=b"POST", body=body, expects_continue=expects)


def test_an_expectation_in_http_1_0_is_ignored() -> None:
    # RFC 9110, 10.1.1
    lines = (b"Content-Length: 5", b"Expect: 100-continue")
    expected = request(*lines, minor=0, host=None, body=Framing(Kind.SIZED, 5), persistent=False)
    assert parse_request_head(head(b"GET / HTTP/1.0", *lines)) == expected


@pytest.mark.parametrize(
    "start_line",
    [
        pytest.param(b"GET / HTTP/1.1 ", id="space-behind-rfc-9112-3"),
        pytest.param(b"GET  / HTTP/1.1", id="two-spaces"),
        pytest.param(b"GET\t/ HTTP/1.1", id="tab"),
        pytest.param(b"GET /a b HTTP/1.1", id="space-in-the-target-rfc-9112-3.2"),
        pytest.param(b"GET /", id="http-0.9"),
        pytest.param(b"GET", id="method-only"),
        pytest.param(b"GET / http/1.1", id="lower-case-version-rfc-9112-2.3"),
        pytest.param(b"GET / HTTP/1", id="version-without-minor"),
        pytest.param(b"GET / HTTP/1.10", id="version-with-two-digits"),
        pytest.param(b"GET / HTTP/01.1", id="version-with-zero"),
        pytest.param(b"GET / HTTP/1,1", id="version-with-comma"),
        pytest.param(b"GET / HTTPS/1.1", id="another-protocol"),
        pytest.param("GET / HTTP/1.\N{ARABIC-INDIC DIGIT ONE}".encode(), id="version-in-other-digits-cve-2025-69225"),
        pytest.param(b"G(T / HTTP/1.1", id="method-that-is-no-token-rfc-9110-9.1"),
        pytest.param(b"G\xc9T / HTTP/1.1", id="method-beyond-ascii"),
        pytest.param(b"GET a HTTP/1.1", id="target-without-slash"),
        pytest.param(b"GET a:80 HTTP/1.1", id="authority-form-without-connect-rfc-9112-3.2.3"),
        pytest.param(b"GET /a#b HTTP/1.1", id="fragment-rfc-9110-7.1"),
        pytest.param(b"GET /?a#b HTTP/1.1", id="fragment-behind-a-query"),
        pytest.param(b"GET /\xc3\xa9 HTTP/1.1", id="target-beyond-ascii"),
        pytest.param(b"GET /\x7f HTTP/1.1", id="del-in-the-target"),
        pytest.param(b"GET /\0 HTTP/1.1", id="nul-in-the-target"),
        pytest.param(b"GET /\x0b HTTP/1.1", id="vertical-tab-in-the-target"),
        pytest.param(b"GET * HTTP/1.1", id="asterisk-with-another-method-rfc-9112-3.2.4"),
        pytest.param(b"options * HTTP/1.1", id="asterisk-with-options-in-lower-case"),
        pytest.param(b"OPTIONS *a HTTP/1.1", id="asterisk-and-more"),
        pytest.param(b"GET http://b/ HTTP/1.1", id="absolute-form-with-another-authority"),
        pytest.param(b"GET http://a:80/ HTTP/1.1", id="absolute-form-with-a-port-that-host-has-not"),
        pytest.param(b"GET http://u@a/ HTTP/1.1", id="absolute-form-with-userinfo-rfc-9110-4.2.4"),
        pytest.param(b"GET http:///b HTTP/1.1", id="absolute-form-without-authority-rfc-9110-4.2.1"),
        pytest.param(b"GET http:/a HTTP/1.1", id="absolute-form-with-one-slash"),
        pytest.param(b"GET ftp://a/ HTTP/1.1", id="absolute-form-with-another-scheme"),
        pytest.param(b"GET http://a\\@b/ HTTP/1.1", id="absolute-form-with-backslash"),
        pytest.param(b" / HTTP/1.1", id="no-method"),
        pytest.param(b"", id="nothing-but-fields"),
        pytest.param(b"HTTP/1.1 200 OK", id="a-response"),
    ],
)
def test_a_malformed_request_line_is_refused(start_line: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_request_head(head(start_line, HOST))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="no-host-rfc-9112-3.2"),
        pytest.param([HOST, HOST], id="host-twice-rfc-9112-3.2-cve-2026-34525"),
        pytest.param([HOST, b"host: b"], id="host-twice-in-another-case"),
        pytest.param([b"Host:"], id="empty-host"),
        pytest.param([b"Host: a,b"], id="two-hosts-in-one-line"),
        pytest.param([b"Host: a/b"], id="host-with-path"),
        pytest.param([b"Host: u@a"], id="host-with-userinfo"),
        pytest.param([b"Host: a b"], id="host-with-space"),
        pytest.param([HOST, b"Content-Length: 5", TE], id="cl.te-rfc-9112-6.1"),
        pytest.param([HOST, TE, b"Content-Length: 5"], id="te.cl-rfc-9112-6.1"),
        pytest.param([HOST, TE, TE], id="chunked-twice-rfc-9112-6.1"),
        pytest.param([HOST, TE, b"Transfer-encoding: identity"], id="te.te-with-identity"),
        pytest.param([HOST, TE, b"Transfer-encoding: cow"], id="te.te-portswigger"),
        pytest.param([HOST, b"Transfer-Encoding: gzip, chunked"], id="another-coding-besides"),
        pytest.param([HOST, b"Transfer-Encoding: chunked, gzip"], id="chunked-not-last-rfc-9112-6.3"),
        pytest.param([HOST, b"Transfer-Encoding: chunked, chunked"], id="chunked-twice-in-one-line"),
        pytest.param([HOST, b"Transfer-Encoding: chunked,"], id="chunked-and-an-empty-member"),
        pytest.param([HOST, b"Transfer-Encoding: , chunked"], id="an-empty-member-first"),
        pytest.param([HOST, b"Transfer-Encoding: identity"], id="identity-rfc-9112-7"),
        pytest.param([HOST, b"Transfer-Encoding: xchunked"], id="xchunked-portswigger"),
        pytest.param([HOST, b"Transfer-Encoding: chunkedx"], id="chunkedx"),
        pytest.param([HOST, b"Transfer-Encoding: chunked;a=b"], id="chunked-with-parameter"),
        pytest.param([HOST, b'Transfer-Encoding: "chunked"'], id="chunked-in-quotes"),
        pytest.param([HOST, b"Transfer-Encoding:"], id="no-coding"),
        pytest.param([HOST, "Transfer-Encoding: chun\N{KELVIN SIGN}ed".encode()], id="kelvin-sign-cve-2025-69224"),
        pytest.param([HOST, b"Transfer-Encoding: \x0bchunked"], id="vertical-tab-before-chunked-portswigger"),
        pytest.param([HOST, b"Transfer-Encoding : chunked"], id="space-before-the-colon-rfc-9112-5.1"),
        pytest.param([HOST, b" Transfer-Encoding: chunked"], id="space-before-the-name"),
        pytest.param([HOST, b"X: y\nTransfer-Encoding: chunked"], id="coding-behind-a-bare-lf-portswigger"),
        pytest.param([HOST, b"Transfer-Encoding", b" : chunked"], id="colon-on-the-next-line-portswigger"),
        pytest.param([HOST, b"Transfer-Encoding:", b" chunked"], id="folded-coding-rfc-9112-5.2"),
        pytest.param([HOST, b"Content-Length: 5", b"Content-Length: 5"], id="length-twice-equal"),
        pytest.param([HOST, b"Content-Length: 5", b"content-length: 6"], id="length-twice-rfc-9112-6.3"),
        pytest.param([HOST, b"Content-Length: 5, 5"], id="length-as-a-list-rfc-9110-8.6"),
        pytest.param([HOST, b"Content-Length: 5,"], id="length-with-comma"),
        pytest.param([HOST, b"Content-Length:"], id="no-length"),
        pytest.param([HOST, b"Content-Length: +5"], id="length-with-plus-cve-2023-47627"),
        pytest.param([HOST, b"Content-Length: -5"], id="length-with-minus"),
        pytest.param([HOST, b"Content-Length: 0x5"], id="length-in-hex"),
        pytest.param([HOST, b"Content-Length: 5_0"], id="length-with-underscore-cve-2023-47627"),
        pytest.param([HOST, b"Content-Length: 5 0"], id="length-with-space-inside"),
        pytest.param([HOST, b"Content-Length: 5.0"], id="length-with-point"),
        pytest.param([HOST, b"Content-Length: 5\x0c"], id="length-with-form-feed"),
        pytest.param([HOST, "Content-Length: \N{ARABIC-INDIC DIGIT FIVE}".encode()], id="length-in-other-digits"),
        pytest.param([HOST, b"Content-Length: " + b"0" * 18 + b"5"], id="length-of-19-digits"),
        pytest.param([HOST, b"Content-Length: 18446744073709551621"], id="length-beyond-2-to-64"),
        pytest.param([HOST, b"Content-Type: a/b", b"content-type: c/d"], id="content-type-twice-cors-e23"),
        pytest.param([HOST, b"A : b"], id="space-before-a-colon"),
        pytest.param([HOST, b"A: b", b"\tc"], id="obs-fold-rfc-9112-5.2"),
        pytest.param([HOST, b": b"], id="empty-name"),
        pytest.param([HOST, b"A"], id="no-colon"),
        pytest.param([HOST, b"A: \0"], id="nul-rfc-9110-5.5"),
        pytest.param([HOST, b"A: \x01"], id="another-control"),
        pytest.param([HOST, b"A: b\rc"], id="bare-cr-rfc-9112-2.2"),
        pytest.param([HOST, b"A: b\nc"], id="bare-lf-rfc-9112-2.2"),
        pytest.param([HOST, b"A\xa0: b"], id="no-break-space-in-a-name"),
        pytest.param([HOST, b"", b"A: b"], id="octets-behind-the-empty-line"),
    ],
)
def test_malformed_fields_are_refused(lines: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        parse_request_head(head(POST, *lines))


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        pytest.param([b"CONNECT a:443 HTTP/1.1", HOST], MethodNotServedError, id="connect-rfc-9110-9.3.6"),
        pytest.param([b"CONNECT / HTTP/1.1", HOST], MethodNotServedError, id="connect-with-a-path"),
        pytest.param([b"TRACE / HTTP/1.1", HOST], MethodNotServedError, id="trace-rfc-9110-9.3.8"),
        pytest.param([b"PRI * HTTP/2.0"], VersionNotSupportedError, id="http-2-preface-rfc-9113-3.4"),
        pytest.param([b"GET / HTTP/2.0", HOST], VersionNotSupportedError, id="2.0-rfc-9110-15.6.6"),
        pytest.param([b"GET / HTTP/1.2", HOST], VersionNotSupportedError, id="1.2"),
        pytest.param([b"GET / HTTP/0.9", HOST], VersionNotSupportedError, id="0.9"),
        pytest.param([b"TRACE / HTTP/1.2", HOST], VersionNotSupportedError, id="the-version-before-the-method"),
        pytest.param([POST, HOST, b"Expect: 200-ok"], ExpectationError, id="another-expectation-rfc-9110-10.1.1"),
        pytest.param([POST, HOST, b"Expect: 100-continue, a"], ExpectationError, id="one-expectation-more"),
        pytest.param([POST, HOST, b"Expect: 100-continue;a"], ExpectationError, id="an-expectation-with-parameter"),
        pytest.param([b"GET / HTTP/1.0", TE], MalformedError, id="chunked-in-1.0-rfc-9112-6.1-cve-2026-2835"),
        pytest.param([b"GET / HTTP/1.0", HOST, HOST], MalformedError, id="host-twice-in-1.0"),
        pytest.param([b"GET / HTTP/1.0", b"Host: a/"], MalformedError, id="malformed-host-in-1.0"),
        pytest.param([b"GET http://a/ HTTP/1.0"], MalformedError, id="absolute-form-without-host-in-1.0"),
        pytest.param([POST, HOST, TE, b"Content-Length: x"], MalformedError, id="both-and-one-malformed"),
        pytest.param([b"GET http://a/ HTTP/1.1", b"Host: A", b"Expect: x"], ExpectationError, id="host-in-upper-case"),
    ],
)
def test_what_is_not_served_is_refused(lines: list[bytes], error: type[Http1Error]) -> None:
    with pytest.raises(error):
        parse_request_head(head(*lines))


LIMITS = HeadLimits(octets=80, line=20, target=12, lines=2)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(
            head(b"GET /01234567890 HTTP/1.1", b"Host:  a." + b"b" * 11, b"A:" + b"b" * 18),
            request(b"Host:  a." + b"b" * 11, b"A:" + b"b" * 18, target=b"/01234567890", host=b"a." + b"b" * 11),
            id="as-large-as-it-may-be",
        ),
        pytest.param(head(b"GET /012345678901 HTTP/1.1", HOST), TargetTooLongError, id="target"),
        pytest.param(head(b"M" * 21 + b" / HTTP/1.1", HOST), HeadTooLargeError, id="method"),
        pytest.param(head(b"GET / HTTP/1.1", HOST, b"A:" + b"b" * 19), HeadTooLargeError, id="line"),
        pytest.param(head(b"GET / HTTP/1.1", HOST, b"A:", b"B:"), HeadTooLargeError, id="lines"),
        pytest.param(
            head(b"GET /01234567890 HTTP/1.1", HOST, b"A:" + b"b" * 50), HeadTooLargeError, id="line-of-a-large-head"
        ),
        pytest.param(head(b"GET / HTTP/1.1", HOST, b"A:", b"B:", b"C D"), HeadTooLargeError, id="lines-then-malformed"),
        pytest.param(head(b"GET / HTTP/1.1", HOST, b"A B", b"B:", b"C:"), HeadTooLargeError, id="malformed-then-lines"),
        pytest.param(head(b"GET / HTTP/1.1", HOST, b"A\nB", b"B:", b"C:"), MalformedError, id="bare-lf-and-then-lines"),
    ],
)
def test_limits(octets: bytes, expected: RequestHead | type[Http1Error]) -> None:
    assert outcome(parse_request_head, octets, LIMITS) == expected


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        pytest.param(HeadLimits(octets=100, line=66, target=15, lines=1), None, id="each-just-enough"),
        pytest.param(HeadLimits(octets=99, line=999, target=999, lines=9), HeadTooLargeError, id="octets"),
        pytest.param(HeadLimits(octets=999, line=65, target=999, lines=9), HeadTooLargeError, id="line"),
        pytest.param(HeadLimits(octets=999, line=999, target=14, lines=9), TargetTooLongError, id="target"),
        pytest.param(HeadLimits(octets=999, line=999, target=999, lines=0), HeadTooLargeError, id="lines"),
    ],
)
def test_each_limit_counts_alone(limits: HeadLimits, error: type[Http1Error] | None) -> None:
    octets = head(b"GET /" + b"b" * 14 + b" HTTP/1.1", b"Host: " + b"a" * 60)
    assert len(octets) == 100
    parsed = outcome(parse_request_head, octets, limits)
    assert (None if isinstance(parsed, RequestHead) else parsed) is error


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nA: b\r\nC\r\n\r\n", "line 3 is not name, colon, value", id="field-line"),
        pytest.param(b"GET /\r\nA: b\r\n\r\n", "line 1 is no request line or status line", id="request-line"),
        pytest.param(b"GET / HTTP/1.1\r\nA: b", "no empty line", id="no-empty-line"),
        pytest.param(b"GET / HTTP/1.1\r\nA\nb\r\n\r\n", "a CR or LF that is no CRLF, in line 2", id="bare-lf"),
        pytest.param(head(b"GET * HTTP/1.1", HOST), "target * with a method other than OPTIONS", id="asterisk"),
        pytest.param(head(POST, HOST, b"Content-Length: x"), "content-length is not 1 to 18 digits", id="length"),
        pytest.param(head(POST, HOST, HOST, TE, TE), "host on more than one line", id="first-by-name"),
    ],
)
def test_what_is_wrong_is_told_without_quoting_it(octets: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as raised:
        parse_request_head(octets)
    assert str(raised.value) == message


@pytest.mark.fuzz
@given(OCTETS)
def test_nothing_but_its_errors_is_raised_and_no_octet_is_lost(octets: bytes) -> None:
    parsed = outcome(parse_request_head, octets)
    if isinstance(parsed, RequestHead):
        assert octets.partition(b"\r\n")[2] == head(*parsed.fields.lines)


@pytest.mark.fuzz
@given(OCTETS, DRIPS)
def test_a_head_in_pieces_is_read_and_refused_as_in_one(octets: bytes, drips: list[int]) -> None:
    def read(pieces: list[bytes]) -> RequestHead | None:
        buffer = HeadBuffer(LIMITS)
        for piece in pieces:
            whole = buffer.feed(piece)
            if whole is not None:
                return parse_request_head(whole[0], LIMITS)
        return None

    octets = b"GET / HTTP/1.1\r\n" + octets if len(drips) % 2 else octets
    assert outcome(lambda: read(parted(octets, drips))) == outcome(read, [octets])


GRAMMAR = re.compile(
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!\"$-~]+ HTTP/[0-9]\.[0-9]\r\n"
    rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*\r\n)*\r\n"
)
"""request-line *( field-line CRLF ) CRLF (RFC 9112, 2.1), as it stands there."""

BEGIN = b"GET / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    "octets",
    [
        *(BEGIN + line + b"\r\n\r\n" for line in (b"A : b", b" A: b", b"A", b": b", b"A: \0", b"A:b\rC:d", b"\tA: b")),
        *(BEGIN + end for end in (b"\r\n", b"", b"\r", b"\n", b"\n\n", b"\r\n\r\n", b"A: b\r\n", b"A: b\n\r\n")),
        *(BEGIN + b"A: b" + end for end in (b"\r\n\n", b"\r\n\r\nA: b\r\n", b"\r\n\rX\n", b"\r\n \r\n", b"\r\nX\r\n")),
        BEGIN + b"A: b\nC: d\r\n\r\n",
        *(b"GET / HTTP/1.1" + end for end in (b"\r\n\r\n", b"\n\r\n", b"\r\n", b"", b"\rHost: a\r\n\r\n")),
    ],
)
def test_a_head_is_taken_where_the_whole_grammar_matches(octets: bytes) -> None:
    octets = octets.replace(b" HTTP/1.1", b" HTTP/1.0")  # which may have no Host
    taken = isinstance(outcome(parse_request_head, octets), RequestHead)
    assert taken is (GRAMMAR.fullmatch(octets) is not None)


@pytest.mark.fuzz
@given(OCTETS, st.booleans())
def test_no_head_is_taken_where_the_whole_grammar_does_not_match(octets: bytes, begun: bool) -> None:
    octets = BEGIN + octets if begun else octets
    if isinstance(outcome(parse_request_head, octets), RequestHead):
        assert GRAMMAR.fullmatch(octets)


WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(WHOLE, b"", id="alone"),
        pytest.param(WHOLE + b"GET", b"GET", id="with-what-stands-behind"),
        pytest.param(WHOLE[:-1], None, id="not-whole"),
        pytest.param(b"\r\n" + WHOLE, None, id="an-empty-line-first"),
        pytest.param(WHOLE.replace(b"a", b"a b"), None, id="malformed"),
        pytest.param(b"\r\n\r\n", None, id="nothing-but-the-end-of-a-head"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 400 + b"\r\n\r\n", None, id="over-a-limit"),
    ],
)
def test_the_short_way_takes_a_head_that_is_whole_and_in_order(data: bytes, expected: bytes | None) -> None:
    begun = begin_request(data, HeadLimits(line=300))
    assert begun == (None if expected is None else (parse_request_head(WHOLE), expected))


@pytest.mark.parametrize(
    ("data", "same"),
    [
        pytest.param(WHOLE + b"GET", True, id="octet-for-octet"),
        pytest.param(WHOLE.replace(b"/ ", b"/b?c ", 1), True, id="another-target"),
        pytest.param(WHOLE.replace(b"GET", b"PUT"), False, id="another-method"),
        pytest.param(WHOLE.replace(b"1.1", b"1.0"), False, id="another-version"),
        pytest.param(WHOLE.replace(b"/ ", b"http://a/b ", 1), False, id="another-form-of-target"),
        pytest.param(WHOLE.replace(b"/ ", b"* ", 1), None, id="a-target-for-another-method"),
        pytest.param(WHOLE.replace(b"/ ", b"/# ", 1), None, id="no-target"),
        pytest.param(WHOLE.replace(b"1.1", b"2.0"), None, id="no-version"),
        pytest.param(WHOLE.replace(b"GET", b"TRACE"), None, id="a-method-that-is-not-served"),
        pytest.param(WHOLE.replace(b"Host: a", b"Host: b"), False, id="another-value"),
        pytest.param(WHOLE.replace(b"\r\n\r\n", b"\r\nA: b\r\n\r\n"), False, id="one-more-line"),
        pytest.param(WHOLE.replace(b" HTTP/1.1\r\n", b" HTTP/1.1\n"), None, id="a-bare-lf"),
        pytest.param(WHOLE.replace(b"/ ", b"/%b " % (b"b" * 300), 1), None, id="a-target-over-the-limit"),
        pytest.param(WHOLE[:-1], None, id="not-whole"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_lines_that_are_repeated_say_what_they_said(data: bytes, same: bool | None) -> None:
    limits = HeadLimits(target=300)
    before = (WHOLE[WHOLE.find(b"\n") :], parse_request_head(WHOLE))
    begun = begin_request(data, limits, before)
    assert begun == begin_request(data, limits)
    assert same is (None if begun is None else begun[0].fields is before[1].fields)
    if begun is not None and same:
        assert begun[0] == replace(before[1], target=begun[0].target)
        assert (begun[0] is before[1]) is data.startswith(WHOLE)


@pytest.mark.parametrize("lines", [1, 0])
def test_lines_that_are_repeated_are_counted_again(lines: int) -> None:
    before = (WHOLE[WHOLE.find(b"\n") :], parse_request_head(WHOLE))
    begun = begin_request(WHOLE, HeadLimits(lines=lines), before)
    assert (begun is not None) is (lines > 0)


@pytest.mark.parametrize(
    ("lines", "plain"),
    [
        pytest.param([], True, id="least"),
        pytest.param([b"Origin: https://a", b"Authorization: basic x"], True, id="as-an-add-in-asks"),
        pytest.param([b"AUTHORIZATION: Bearer x", b"Cookie: a_b"], True, id="a-token"),
        pytest.param([b"Authorization: NTLM x"], False, id="another-scheme"),
        pytest.param([b"Authorization: basically"], False, id="a-scheme-that-begins-alike"),
        pytest.param([b"Origin: https://a/"], False, id="a-slash-behind-the-origin"),
        pytest.param([b"Origin: https://a, https://b"], False, id="a-comma-in-the-origin"),
        pytest.param([b"A: 1", b"a: 2"], False, id="a-name-twice"),
        pytest.param([b"Cookie: 1", b"COOKIE: 2"], False, id="a-usual-name-twice"),
        pytest.param([b"A_B: 1"], False, id="an-underscore"),
        *(pytest.param([line + b": 1"], False, id=line.decode()) for line in (b"CDN-Loop", b"X-Forwarded-For")),
        *(pytest.param([line + b": 1"], False, id=line.decode()) for line in (b"Upgrade",)),
        pytest.param([b"Expect: 100-continue"], False, id="expect"),
    ],
)
def test_what_calls_for_a_second_look(lines: list[bytes], plain: bool) -> None:
    assert parse_request_head(head(b"GET / HTTP/1.1", HOST, *lines)).plain is plain
